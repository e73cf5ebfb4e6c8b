//! The code that was sent to an address or a number.

use askama::Template;
use axum::extract::State;
use http::StatusCode;
use latchkey_app::security_info::{self, By, Sent, Tried};
use latchkey_core::registration::Kind;
use latchkey_http::{Incoming, Posted};

use super::destination::no_messages;
use super::{over, pass, posted, require, saved};
use crate::layout::{self, Alert, Layout};
use crate::portal::Portal;
use crate::reset::{Answer, see_other};
use crate::signed_in::Here;

#[derive(Template)]
#[template(path = "security_info/code.html")]
struct CodePage {
    l: Layout,
    action: &'static str,
    again: &'static str,
    other: &'static str,
    lead: String,
    destination: String,
    hint: String,
    error: Option<String>,
    wait_ms: u64,
    again_text: String,
}

/// The addresses of the pages for a kind.
struct Paths {
    code: &'static str,
    again: &'static str,
    other: &'static str,
    sent: &'static str,
}

const fn paths(kind: Kind) -> Paths {
    match kind {
        Kind::Phone => Paths {
            code: "/security-info/phone/code",
            again: "/security-info/phone/again",
            other: "/security-info/phone",
            sent: "/security-info/phone/code?n=sent",
        },
        _ => Paths {
            code: "/security-info/email/code",
            again: "/security-info/email/again",
            other: "/security-info/email",
            sent: "/security-info/email/code?n=sent",
        },
    }
}

pub(super) async fn email(State(portal): State<Portal>, incoming: Incoming) -> Answer {
    get(&portal, &incoming, Kind::Email).await
}

pub(super) async fn phone(State(portal): State<Portal>, incoming: Incoming) -> Answer {
    get(&portal, &incoming, Kind::Phone).await
}

async fn get(portal: &Portal, incoming: &Incoming, kind: Kind) -> Answer {
    let here = require(portal, incoming).await?;
    let sent = incoming.query("n").is_some_and(|word| word == "sent");
    let t = here.texts();
    let alert = sent.then(|| Alert::info(t.get("notice-sent-again")));
    show(portal, &here, kind, alert).await
}

async fn show(portal: &Portal, here: &Here, kind: Kind, alert: Option<Alert>) -> Answer {
    let paths = paths(kind);
    let found = security_info::code_page(portal, &here.cookie, kind).await?;
    let Some(page) = pass(found, paths.code)? else {
        return Ok(see_other(paths.other));
    };
    let t = here.texts();
    let (heading, lead, again) = match page.by {
        None => (
            "register-code-heading-email",
            "code-lead-email-to",
            "again-button",
        ),
        Some(By::Text) => ("code-heading-text", "code-lead-text-to", "again-button"),
        Some(By::Call) => (
            "code-heading-call",
            "code-lead-call-to",
            "again-button-call",
        ),
    };
    let mut l = here.layout(paths.code, t.get(heading));
    l.alert = alert;
    let wait = page.again_from.since(portal.clock().now()).as_millis();
    let template = CodePage {
        action: paths.code,
        again: paths.again,
        other: paths.other,
        lead: t.with(lead, &[("digits", page.digits.into())]),
        destination: page.to,
        hint: t.with("code-hint", &[("tenant", (&here.me.brand.name).into())]),
        error: l.alert.as_ref().and_then(|alert| alert.at("code")),
        wait_ms: u64::try_from(wait).unwrap_or(u64::MAX),
        again_text: t.get(again),
        l,
    };
    Ok(layout::page(StatusCode::OK, t.locale(), &template)?)
}

pub(super) async fn post_email(
    State(portal): State<Portal>,
    incoming: Incoming,
    form: Posted,
) -> Answer {
    post(&portal, &incoming, &form, Kind::Email).await
}

pub(super) async fn post_phone(
    State(portal): State<Portal>,
    incoming: Incoming,
    form: Posted,
) -> Answer {
    post(&portal, &incoming, &form, Kind::Phone).await
}

async fn post(portal: &Portal, incoming: &Incoming, form: &Posted, kind: Kind) -> Answer {
    let (here, fields) = posted(portal, incoming, form, &["code"], &[]).await?;
    let typed = fields.text("code");
    let tried = security_info::code(portal, here.ctx(), &here.cookie, kind, typed).await?;
    let t = here.texts();
    let text = match pass(tried, paths(kind).code)? {
        Tried::Saved(done) => return saved(&here, &done),
        Tried::Over => return over(),
        Tried::Wrong { left } => {
            let args = [
                ("left", left.into()),
                ("tenant", (&here.me.brand.name).into()),
            ];
            t.with("register-code-error", &args)
        }
        Tried::Unreadable => {
            let digits: u8 = if kind == Kind::Email { 8 } else { 6 };
            t.with("error-code-form", &[("digits", digits.into())])
        }
    };
    let alert = Alert::error(t, "code", vec![text]);
    show(portal, &here, kind, Some(alert)).await
}

pub(super) async fn email_again(
    State(portal): State<Portal>,
    incoming: Incoming,
    form: Posted,
) -> Answer {
    again(&portal, &incoming, &form, Kind::Email).await
}

pub(super) async fn phone_again(
    State(portal): State<Portal>,
    incoming: Incoming,
    form: Posted,
) -> Answer {
    again(&portal, &incoming, &form, Kind::Phone).await
}

/// Sends another code.
async fn again(portal: &Portal, incoming: &Incoming, form: &Posted, kind: Kind) -> Answer {
    let (here, _) = posted(portal, incoming, form, &[], &[]).await?;
    let sent = security_info::code_again(portal, here.ctx(), &here.cookie, kind).await?;
    let t = here.texts();
    match pass(sent, paths(kind).code)? {
        None => over(),
        // A page that is loaded again must not send again.
        Some(Sent::Sent) => Ok(see_other(paths(kind).sent)),
        Some(Sent::TooSoon) => {
            let alert = Alert::info(t.get("notice-too-soon"));
            show(portal, &here, kind, Some(alert)).await
        }
        Some(_) => {
            let alert = no_messages(&here);
            show(portal, &here, kind, Some(alert)).await
        }
    }
}
