//! Choosing how to prove who you are.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use latchkey_app::reset::{self, Notice, Page};
use latchkey_core::reset::Gate;
use latchkey_http::{Incoming, Posted, Problem};

use super::flow::{Answer, Form, Open};
use crate::layout::{self, Alert, Layout};
use crate::portal::Portal;
use crate::words;

#[derive(Template)]
#[template(path = "reset/verify.html")]
struct VerifyPage {
    l: Layout,
    lead: String,
    choices: Vec<Choice>,
    error: Option<String>,
}

struct Choice {
    value: &'static str,
    name: String,
    detail: String,
    destination: Option<String>,
}

pub(super) fn page(
    open: &Open,
    status: StatusCode,
    notice: Option<&Notice>,
) -> Result<Response, Problem> {
    let Page::Choose { options, passed } = &open.view.page else {
        return Err(Problem::Internal);
    };
    let t = open.texts();
    let l = open.layout(t.get("verify-heading"), notice);
    let template = VerifyPage {
        lead: t.get(if !passed.is_empty() {
            "verify-lead-next"
        } else if options.iter().any(|choice| choice.gate == Gate::Passkey) {
            "verify-lead-passkey"
        } else {
            "verify-lead"
        }),
        choices: options
            .iter()
            .map(|choice| Choice {
                value: choice.gate.as_str(),
                name: words::gate_name(t, choice.gate),
                detail: words::gate_detail(t, choice.gate),
                destination: choice.destination.as_ref().map(ToString::to_string),
            })
            .collect(),
        error: l
            .alert
            .as_ref()
            .and_then(|alert: &Alert| alert.at("method")),
        l,
    };
    layout::page(status, t.locale(), &template)
}

/// Takes the choice; where it needs a code, that is sent.
pub(super) async fn post(
    State(portal): State<Portal>,
    incoming: Incoming,
    posted: Posted,
) -> Answer {
    let form = Form::read(&portal, &incoming, &posted, &["method"], &[]).await?;
    let gate = form.fields.text("method");
    let outcome = reset::choose(&portal, form.ctx(), &form.cookie, form.version, gate).await?;
    form.go_on(outcome, "")
}

/// Back to the choice.
pub(super) async fn other(
    State(portal): State<Portal>,
    incoming: Incoming,
    posted: Posted,
) -> Answer {
    let form = Form::read(&portal, &incoming, &posted, &[], &[]).await?;
    let outcome = reset::other(&portal, form.ctx(), &form.cookie, form.version).await?;
    form.go_on(outcome, "")
}
