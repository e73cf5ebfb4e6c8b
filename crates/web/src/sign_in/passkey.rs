//! A passkey: instead of the password, or after it.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use latchkey_app::sign_in::{self, Notice, Page};
use latchkey_http::{Incoming, Posted, Problem};

use super::flow::Open;
use super::start::{Fresh, NAMES};
use crate::layout::{self, Layout};
use crate::portal::Portal;
use crate::reset::Answer;

#[derive(Template)]
#[template(path = "sign_in/passkey.html")]
struct PasskeyPage {
    l: Layout,
    lead: String,
    options: String,
    is_second: bool,
    others: bool,
}

pub(super) fn page(
    open: &Open,
    status: StatusCode,
    notice: Option<Notice>,
) -> Result<Response, Problem> {
    let Page::Passkey {
        options,
        is_second,
        others,
    } = &open.view.page
    else {
        return Err(Problem::Internal);
    };
    let t = open.texts();
    let l = open.layout(t.get("sign-in-passkey-heading"), notice);
    let template = PasskeyPage {
        lead: t.get("sign-in-passkey-lead"),
        options: options.clone(),
        is_second: *is_second,
        others: *others,
        l,
    };
    layout::page(status, t.locale(), &template)
}

/// Begins: from the first page, or instead of the password.
pub(super) async fn begin(
    State(portal): State<Portal>,
    incoming: Incoming,
    posted: Posted,
) -> Answer {
    let fields = posted.fields(&NAMES, &[])?;
    if fields.sent("version").is_some() {
        let (open, version) = Open::checked(&portal, &incoming, &fields).await?;
        let outcome = sign_in::use_passkey(&portal, &open.cookie, version).await?;
        return open.go_on(outcome).await;
    }
    let this = Fresh::posted(&portal, incoming, &fields).await?;
    let (ctx, tenant) = (&this.incoming.ctx, this.home.tenant);
    let started = sign_in::start_with_passkey(&portal, ctx, tenant, this.to).await?;
    this.begun(started, "")
}

/// Takes what the device answered.
pub(super) async fn answer(
    State(portal): State<Portal>,
    incoming: Incoming,
    posted: Posted,
) -> Answer {
    // As long as a password may be: an answer with its signature is longer than other fields.
    let (open, fields, version) =
        Open::posted(&portal, &incoming, &posted, &[], &["credential"]).await?;
    let response = fields.text("credential");
    let outcome = sign_in::passkey(&portal, open.ctx(), &open.cookie, version, response).await?;
    open.go_on(outcome).await
}
