//! The last step: a new password.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use latchkey_app::reset::{self, Notice, Page};
use latchkey_http::{Incoming, Posted, Problem};

use super::flow::{Answer, COOKIE, Form, Open, gone, path, see_other};
use crate::layout::{self, Layout};
use crate::portal::Portal;
use crate::rules::RuleLine;

#[derive(Template)]
#[template(path = "reset/new_password.html")]
struct NewPasswordPage {
    l: Layout,
    user_id: String,
    rules: Vec<RuleLine>,
    /// That the directory has the last word, where the password is in one.
    lead: Option<String>,
    may_unlock: bool,
    error: Option<String>,
    confirm_error: Option<String>,
}

pub(super) fn page(
    open: &Open,
    status: StatusCode,
    notice: Option<&Notice>,
) -> Result<Response, Problem> {
    let Page::NewPassword {
        user_id,
        rules,
        in_directory,
        may_unlock,
        ..
    } = &open.view.page
    else {
        return Err(Problem::Internal);
    };
    let t = open.texts();
    let l = open.layout(t.get("password-heading"), notice);
    let alert = l.alert.as_ref();
    let refused = match notice {
        Some(Notice::PasswordRefused(found)) => Some(found.as_slice()),
        _ => None,
    };
    let template = NewPasswordPage {
        user_id: user_id.clone(),
        rules: rules
            .iter()
            .map(|rule| RuleLine::new(t, *rule, refused))
            .collect(),
        lead: in_directory.then(|| t.get("password-lead-directory")),
        may_unlock: *may_unlock,
        error: alert.and_then(|alert| alert.at("new_password")),
        confirm_error: alert.and_then(|alert| alert.at("confirm_password")),
        l,
    };
    layout::page(status, t.locale(), &template)
}

/// Shows the page, and has it on record that it was shown.
pub(super) async fn get(State(portal): State<Portal>, incoming: Incoming) -> Answer {
    let Some(cookie) = incoming.cookies.get(COOKIE) else {
        return Ok(gone(&incoming));
    };
    // Its real policy, before anything is typed.
    reset::read_directory(&portal, &incoming.ctx, &cookie).await?;
    let Some(open) = Open::shown(&portal, &incoming).await? else {
        return Ok(gone(&incoming));
    };
    if !matches!(open.view.page, Page::NewPassword { .. }) {
        return Ok(see_other(path(&open.view.page)));
    }
    Ok(open.page(None, "")?)
}

/// Sets the password.
pub(super) async fn post(
    State(portal): State<Portal>,
    incoming: Incoming,
    posted: Posted,
) -> Answer {
    const PASSWORDS: [&str; 2] = ["new_password", "confirm_password"];
    let form = Form::read(&portal, &incoming, &posted, &[], &PASSWORDS).await?;
    let [new, confirm] = PASSWORDS.map(|name| form.fields.secret(name));
    let outcome = reset::password(
        &portal,
        form.ctx(),
        &form.cookie,
        form.version,
        &new,
        &confirm,
    )
    .await?;
    form.go_on(outcome, "")
}
