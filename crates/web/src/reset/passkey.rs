//! A passkey. The page is the same for everybody: it asks the device for any passkey of this site.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use latchkey_app::reset::{self, Notice, Page};
use latchkey_http::{Incoming, Posted, Problem};

use super::flow::{Answer, Form, Open};
use crate::layout::{self, Layout};
use crate::portal::Portal;

#[derive(Template)]
#[template(path = "reset/passkey.html")]
struct PasskeyPage {
    l: Layout,
    options: String,
}

pub(super) fn page(
    open: &Open,
    status: StatusCode,
    notice: Option<&Notice>,
) -> Result<Response, Problem> {
    let Page::Passkey { options } = &open.view.page else {
        return Err(Problem::Internal);
    };
    let t = open.texts();
    let template = PasskeyPage {
        l: open.layout(t.get("reset-passkey-heading"), notice),
        options: options.clone(),
    };
    layout::page(status, t.locale(), &template)
}

/// Takes what the device answered.
pub(super) async fn post(
    State(portal): State<Portal>,
    incoming: Incoming,
    posted: Posted,
) -> Answer {
    // As long as a password may be: an answer with its signature is longer than other fields.
    let form = Form::read(&portal, &incoming, &posted, &[], &["credential"]).await?;
    let response = form.fields.text("credential");
    let outcome = reset::passkey(&portal, form.ctx(), &form.cookie, form.version, response).await?;
    form.go_on(outcome, "")
}
