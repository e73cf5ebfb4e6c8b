//! The whole number, before a text or a call.

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
#[template(path = "reset/number.html")]
struct NumberPage {
    l: Layout,
    lead: String,
    destination: Option<String>,
    phone: String,
    button: String,
    error: Option<String>,
}

pub(super) fn page(
    open: &Open,
    status: StatusCode,
    notice: Option<&Notice>,
    typed: &str,
) -> Result<Response, Problem> {
    let Page::Number { gate, destination } = &open.view.page else {
        return Err(Problem::Internal);
    };
    let t = open.texts();
    let heading = t.get(match gate {
        Gate::OfficeCall => "number-heading-office",
        _ => "number-heading-mobile",
    });
    let is_text = *gate == Gate::Sms;
    let l = open.layout(heading, notice);
    let template = NumberPage {
        lead: t.get(if is_text {
            "number-lead-text"
        } else {
            "number-lead-call"
        }),
        destination: destination.as_ref().map(ToString::to_string),
        phone: typed.to_owned(),
        button: t.get(if is_text {
            "number-button-text"
        } else {
            "number-button-call"
        }),
        error: l.alert.as_ref().and_then(|alert| alert.at("phone")),
        l,
    };
    layout::page(status, t.locale(), &template)
}

/// Compares the number; if it is the one on file, a code goes there.
pub(super) async fn post(
    State(portal): State<Portal>,
    incoming: Incoming,
    posted: Posted,
) -> Answer {
    let form = Form::read(&portal, &incoming, &posted, &["phone"], &[]).await?;
    let typed = form.fields.text("phone").to_owned();
    let outcome = reset::number(&portal, form.ctx(), &form.cookie, form.version, &typed).await?;
    form.go_on(outcome, &typed)
}
