//! The second factor: the choice, and the authenticator's code.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use latchkey_app::sign_in::{self, Notice, Page};
use latchkey_core::sign_in::Factor;
use latchkey_http::{Incoming, Posted, Problem};

use super::flow::Open;
use crate::layout::{self, Layout};
use crate::portal::Portal;
use crate::reset::Answer;

#[derive(Template)]
#[template(path = "sign_in/choose.html")]
struct ChoosePage {
    l: Layout,
    choices: Vec<Choice>,
    error: Option<String>,
}

struct Choice {
    value: &'static str,
    name: String,
    detail: String,
}

#[derive(Template)]
#[template(path = "sign_in/code.html")]
struct CodePage {
    l: Layout,
    lead: String,
    others: bool,
    error: Option<String>,
}

pub(super) fn choose_page(
    open: &Open,
    status: StatusCode,
    notice: Option<Notice>,
    options: &[Factor],
) -> Result<Response, Problem> {
    let t = open.texts();
    let l = open.layout(t.get("sign-in-second-heading"), notice);
    let choices = options.iter().map(|factor| {
        let (name, detail) = match factor {
            Factor::Passkey => ("gate-passkey", "gate-passkey-detail"),
            _ => ("gate-authenticator-code", "gate-authenticator-code-detail"),
        };
        Choice {
            value: factor.as_str(),
            name: t.get(name),
            detail: t.get(detail),
        }
    });
    let template = ChoosePage {
        choices: choices.collect(),
        error: l.alert.as_ref().and_then(|alert| alert.at("method")),
        l,
    };
    layout::page(status, t.locale(), &template)
}

pub(super) fn code_page(
    open: &Open,
    status: StatusCode,
    notice: Option<Notice>,
    others: bool,
) -> Result<Response, Problem> {
    let t = open.texts();
    let l = open.layout(t.get("code-heading-authenticator"), notice);
    let tenant = [("tenant", (&open.view.brand.name).into())];
    let template = CodePage {
        lead: t.with("code-lead-authenticator", &tenant),
        others,
        error: l.alert.as_ref().and_then(|alert| alert.at("code")),
        l,
    };
    layout::page(status, t.locale(), &template)
}

/// Takes the choice, or the code.
pub(super) async fn post(
    State(portal): State<Portal>,
    incoming: Incoming,
    posted: Posted,
) -> Answer {
    let names = ["method", "code"];
    let (open, fields, version) = Open::posted(&portal, &incoming, &posted, &names, &[]).await?;
    let outcome = match open.view.page {
        Page::Choose { .. } => {
            let factor = fields.text("method");
            sign_in::choose(&portal, &open.cookie, version, factor).await?
        }
        _ => {
            let code = fields.text("code");
            sign_in::second_code(&portal, open.ctx(), &open.cookie, version, code).await?
        }
    };
    open.go_on(outcome).await
}

/// Back: to the choice, or from a passkey to the password.
pub(super) async fn other(
    State(portal): State<Portal>,
    incoming: Incoming,
    posted: Posted,
) -> Answer {
    let (open, _, version) = Open::posted(&portal, &incoming, &posted, &[], &[]).await?;
    let outcome = sign_in::other(&portal, &open.cookie, version).await?;
    open.go_on(outcome).await
}
