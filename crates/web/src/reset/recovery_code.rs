//! One of the recovery codes.

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
#[template(path = "reset/recovery_code.html")]
struct RecoveryCodePage {
    l: Layout,
    error: Option<String>,
}

pub(super) fn page(
    open: &Open,
    status: StatusCode,
    notice: Option<&Notice>,
) -> Result<Response, Problem> {
    let Page::RecoveryCode = &open.view.page else {
        return Err(Problem::Internal);
    };
    let t = open.texts();
    let l = open.layout(t.get("recovery-code-heading"), notice);
    let template = RecoveryCodePage {
        error: l.alert.as_ref().and_then(|alert| alert.at("code")),
        l,
    };
    layout::page(status, t.locale(), &template)
}

/// Tries the code.
pub(super) async fn post(
    State(portal): State<Portal>,
    incoming: Incoming,
    posted: Posted,
) -> Answer {
    let form = Form::read(&portal, &incoming, &posted, &["code"], &[]).await?;
    let typed = form.fields.text("code");
    let (cookie, version) = (&form.cookie, form.version);
    let outcome = reset::recovery_code(&portal, form.ctx(), cookie, version, typed).await?;
    form.go_on(outcome, "")
}
