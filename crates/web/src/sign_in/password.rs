//! The password.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use latchkey_app::sign_in::{self, Notice};
use latchkey_http::{Incoming, Posted, Problem};

use super::flow::Open;
use crate::layout::{self, Layout};
use crate::portal::Portal;
use crate::reset::Answer;

#[derive(Template)]
#[template(path = "sign_in/password.html")]
struct PasswordPage {
    l: Layout,
    user_id: String,
    error: Option<String>,
}

pub(super) fn page(
    open: &Open,
    status: StatusCode,
    notice: Option<Notice>,
) -> Result<Response, Problem> {
    let t = open.texts();
    let l = open.layout(t.get("sign-in-password-heading"), notice);
    let template = PasswordPage {
        user_id: open.view.user_id.clone(),
        error: l.alert.as_ref().and_then(|alert| alert.at("password")),
        l,
    };
    layout::page(status, t.locale(), &template)
}

/// Tries the password.
pub(super) async fn post(
    State(portal): State<Portal>,
    incoming: Incoming,
    posted: Posted,
) -> Answer {
    let (open, fields, version) =
        Open::posted(&portal, &incoming, &posted, &[], &["password"]).await?;
    let typed = fields.secret("password");
    let outcome = sign_in::password(&portal, open.ctx(), &open.cookie, version, &typed).await?;
    open.go_on(outcome).await
}
