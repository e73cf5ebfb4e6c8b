//! An address or a number, before a code is sent there.

use askama::Template;
use axum::extract::State;
use http::StatusCode;
use latchkey_app::security_info::{self, By, Destinations, Sent};
use latchkey_core::registration::Kind;
use latchkey_http::{Incoming, Posted};

use super::{pass, posted, require};
use crate::layout::{self, Alert, Kind as Loud, Layout};
use crate::portal::Portal;
use crate::reset::{Answer, see_other};
use crate::signed_in::Here;

const EMAIL: &str = "/security-info/email";
const PHONE: &str = "/security-info/phone";

#[derive(Template)]
#[template(path = "security_info/destination.html")]
struct DestinationPage {
    l: Layout,
    action: &'static str,
    lead: String,
    /// What somebody else put on file, to be confirmed.
    on_file: Option<String>,
    confirm_button: String,
    other: String,
    is_phone: bool,
    label: String,
    hint: String,
    example: &'static str,
    typed: String,
    error: Option<String>,
    /// Value and words of the ways to a phone, and which is chosen.
    ways: Vec<(&'static str, String, bool)>,
    way_error: Option<String>,
    button: String,
}

/// What was typed, and what is wrong with it.
#[derive(Default)]
struct Typed<'a> {
    text: &'a str,
    by: &'a str,
    alert: Option<Alert>,
}

pub(super) async fn email(State(portal): State<Portal>, incoming: Incoming) -> Answer {
    let here = require(&portal, &incoming).await?;
    show(&portal, &here, Kind::Email, Typed::default()).await
}

pub(super) async fn phone(State(portal): State<Portal>, incoming: Incoming) -> Answer {
    let here = require(&portal, &incoming).await?;
    show(&portal, &here, Kind::Phone, Typed::default()).await
}

async fn show(portal: &Portal, here: &Here, kind: Kind, typed: Typed<'_>) -> Answer {
    let is_phone = kind == Kind::Phone;
    let path = if is_phone { PHONE } else { EMAIL };
    let found = pass(
        security_info::destinations(portal, &here.cookie, kind).await?,
        path,
    )?;
    let t = here.texts();
    let Destinations {
        on_file,
        to_confirm,
        by,
    } = found;
    let on_file = on_file
        .filter(|_| to_confirm)
        .map(|masked| masked.to_string());
    let heading = match (is_phone, on_file.is_some()) {
        (false, false) => "email-heading",
        (false, true) => "email-confirm-heading",
        (true, false) => "phone-heading",
        (true, true) => "phone-confirm-heading",
    };
    let mut l = here.layout(path, t.get(heading));
    l.alert = typed.alert;
    let id = if is_phone { "phone" } else { "email" };
    let at = |field: &str| l.alert.as_ref().and_then(|alert| alert.at(field));
    let (error, way_error) = (at(id), at("by"));
    let template = DestinationPage {
        action: path,
        lead: t.get(if is_phone { "phone-lead" } else { "email-lead" }),
        on_file,
        confirm_button: t.get(if is_phone {
            "phone-confirm-button"
        } else {
            "email-confirm-button"
        }),
        other: t.get(if is_phone {
            "phone-other"
        } else {
            "email-other"
        }),
        label: t.get(if is_phone {
            "number-label"
        } else {
            "email-label"
        }),
        hint: t.get(if is_phone {
            "number-hint"
        } else {
            "email-hint"
        }),
        example: if is_phone {
            "+31 6 12345678"
        } else {
            "ada@example.com"
        },
        typed: typed.text.to_owned(),
        ways: if is_phone && by.len() > 1 {
            vec![
                ("text", t.get("phone-by-text"), typed.by != "call"),
                ("call", t.get("phone-by-call"), typed.by == "call"),
            ]
        } else {
            Vec::new()
        },
        button: t.get("email-button"),
        is_phone,
        error,
        way_error,
        l,
    };
    Ok(layout::page(StatusCode::OK, t.locale(), &template)?)
}

pub(super) async fn post_email(
    State(portal): State<Portal>,
    incoming: Incoming,
    form: Posted,
) -> Answer {
    let (here, fields) = posted(&portal, &incoming, &form, &["email", "on_file"], &[]).await?;
    let text = fields.text("email");
    let typed = (fields.text("on_file") != "yes").then_some(text);
    let sent = security_info::send_email(&portal, here.ctx(), &here.cookie, typed).await?;
    let sent = pass(sent, EMAIL)?;
    let t = here.texts();
    let wrong = |id: &str| Some(Alert::error(t, "email", vec![t.get(id)]));
    let alert = match sent {
        Sent::Sent => return Ok(see_other("/security-info/email/code")),
        Sent::OwnMailbox => wrong("email-error-own"),
        Sent::Known => wrong("email-error-known"),
        Sent::NoMessages | Sent::TooSoon => Some(no_messages(&here)),
        Sent::Malformed | Sent::NotThatWay => wrong("email-error-form"),
    };
    let typed = Typed {
        text,
        by: "",
        alert,
    };
    show(&portal, &here, Kind::Email, typed).await
}

pub(super) async fn post_phone(
    State(portal): State<Portal>,
    incoming: Incoming,
    form: Posted,
) -> Answer {
    let names = ["phone", "by", "on_file"];
    let (here, fields) = posted(&portal, &incoming, &form, &names, &[]).await?;
    let (text, by) = (fields.text("phone"), fields.text("by"));
    let typed = (fields.text("on_file") != "yes").then_some(text);
    let found = security_info::destinations(&portal, &here.cookie, Kind::Phone).await?;
    let found = pass(found, PHONE)?;
    // Where there is one way only, the page does not ask.
    let way = match (by, found.by.as_slice()) {
        ("call", _) | ("", [By::Call]) => By::Call,
        _ => By::Text,
    };
    let sent = security_info::send_phone(&portal, here.ctx(), &here.cookie, typed, way).await?;
    let sent = pass(sent, PHONE)?;
    let t = here.texts();
    let wrong = |field: &'static str, id: &str| Some(Alert::error(t, field, vec![t.get(id)]));
    let alert = match sent {
        Sent::Sent => return Ok(see_other("/security-info/phone/code")),
        Sent::Known => wrong("phone", "phone-error-known"),
        Sent::NotThatWay => wrong("by", "phone-error-way"),
        Sent::NoMessages | Sent::TooSoon => Some(no_messages(&here)),
        Sent::Malformed | Sent::OwnMailbox => wrong("phone", "error-number-form"),
    };
    let typed = Typed { text, by, alert };
    show(&portal, &here, Kind::Phone, typed).await
}

/// A limit was reached.
pub(super) fn no_messages(here: &Here) -> Alert {
    let t = here.texts();
    Alert {
        kind: Loud::Error,
        title: t.get("notice-no-messages-title"),
        items: vec![t.get("notice-no-messages")],
        field: None,
    }
}
