//! The code from a mail, a text, a call or the authenticator app.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use latchkey_app::reset::{self, Notice, Page};
use latchkey_core::reset::Gate;
use latchkey_http::{Incoming, Posted, Problem};

use super::flow::{Answer, Form, Open};
use crate::layout::{self, Layout};
use crate::portal::Portal;

#[derive(Template)]
#[template(path = "reset/code.html")]
struct CodePage {
    l: Layout,
    lead: String,
    destination: Option<String>,
    hint: String,
    error: Option<String>,
    /// Milliseconds until another code may be asked for; `None` where none is sent.
    wait_ms: Option<u64>,
    again_text: String,
}

pub(super) fn page(
    open: &Open,
    status: StatusCode,
    notice: Option<&Notice>,
) -> Result<Response, Problem> {
    let t = open.texts();
    let tenant = [("tenant", (&open.view.brand.name).into())];
    let (heading, lead, hint, wait_ms, again, destination) = match &open.view.page {
        Page::Code {
            gate,
            destination,
            digits,
            again_from,
        } => {
            let (heading, somewhere, there, again) = match gate {
                Gate::Sms => (
                    "code-heading-text",
                    "code-lead-text",
                    "code-lead-text-to",
                    "again-button",
                ),
                Gate::MobileCall | Gate::OfficeCall => (
                    "code-heading-call",
                    "code-lead-call",
                    "code-lead-call-to",
                    "again-button-call",
                ),
                _ => (
                    "code-heading-email",
                    "code-lead-email",
                    "code-lead-email-to",
                    "again-button",
                ),
            };
            let lead = if destination.is_some() {
                there
            } else {
                somewhere
            };
            let lead = t.with(lead, &[("digits", (*digits).into())]);
            let wait = again_from.since(open.portal.clock().now()).as_millis() as u64;
            let hint = t.with("code-hint", &tenant);
            (
                t.get(heading),
                lead,
                hint,
                Some(wait),
                t.get(again),
                destination.as_ref(),
            )
        }
        Page::Authenticator => (
            t.get("code-heading-authenticator"),
            t.with("code-lead-authenticator", &tenant),
            t.get("code-hint-authenticator"),
            None,
            String::new(),
            None,
        ),
        _ => return Err(Problem::Internal),
    };
    let l = open.layout(heading, notice);
    let template = CodePage {
        lead,
        destination: destination.map(ToString::to_string),
        hint,
        error: l.alert.as_ref().and_then(|alert| alert.at("code")),
        wait_ms,
        again_text: again,
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
    let outcome = reset::code(&portal, form.ctx(), &form.cookie, form.version, typed).await?;
    form.go_on(outcome, "")
}

/// Sends another code.
pub(super) async fn again(
    State(portal): State<Portal>,
    incoming: Incoming,
    posted: Posted,
) -> Answer {
    let form = Form::read(&portal, &incoming, &posted, &[], &[]).await?;
    let outcome = reset::again(&portal, form.ctx(), &form.cookie, form.version).await?;
    form.go_on(outcome, "")
}
