//! An authenticator app: its name, the QR code, and the code that the app shows.

use askama::Template;
use axum::extract::State;
use http::StatusCode;
use latchkey_app::security_info::{self, Named, Tried};
use latchkey_http::{Incoming, Posted};
use latchkey_i18n::Texts;

use super::{over, pass, posted, require, saved};
use crate::layout::{self, Alert, Layout};
use crate::portal::Portal;
use crate::reset::{Answer, see_other};
use crate::signed_in::Here;

const NAME: &str = "/security-info/authenticator";
const CODE: &str = "/security-info/authenticator/code";

/// The page that asks for a name, of an app or a passkey.
#[derive(Template)]
#[template(path = "security_info/name.html")]
pub(super) struct NamePage {
    pub(super) l: Layout,
    pub(super) action: &'static str,
    pub(super) lead: String,
    pub(super) name: String,
    pub(super) error: Option<String>,
}

#[derive(Template)]
#[template(path = "security_info/scan.html")]
struct ScanPage {
    l: Layout,
    /// The picture, made by the service.
    qr: String,
    typed: String,
    error: Option<String>,
}

/// What is wrong with a name.
pub(super) fn refusal(t: Texts, named: Named) -> Option<Alert> {
    let id = match named {
        Named::Begun => return None,
        Named::Malformed => "name-error-form",
        Named::Taken => "name-error-taken",
        Named::TooMany => "name-error-many",
        Named::Impossible => "name-error-impossible",
    };
    Some(Alert::error(t, "name", vec![t.get(id)]))
}

pub(super) async fn get(State(portal): State<Portal>, incoming: Incoming) -> Answer {
    let here = require(&portal, &incoming).await?;
    // Asks whether it may be done, and says nothing of what is on its way.
    pass(
        security_info::pending_app(&portal, &here.cookie).await?,
        NAME,
    )?;
    name(&here, &here.texts().get("app-name-default"), None)
}

fn name(here: &Here, typed: &str, alert: Option<Alert>) -> Answer {
    let t = here.texts();
    let mut l = here.layout(NAME, t.get("app-heading"));
    l.alert = alert;
    let template = NamePage {
        action: NAME,
        lead: t.get("app-lead"),
        name: typed.to_owned(),
        error: l.alert.as_ref().and_then(|alert| alert.at("name")),
        l,
    };
    Ok(layout::page(StatusCode::OK, t.locale(), &template)?)
}

pub(super) async fn post(State(portal): State<Portal>, incoming: Incoming, form: Posted) -> Answer {
    let (here, fields) = posted(&portal, &incoming, &form, &["name"], &[]).await?;
    let typed = fields.text("name");
    let named = pass(
        security_info::begin_app(&portal, &here.cookie, typed).await?,
        NAME,
    )?;
    match refusal(here.texts(), named) {
        None => Ok(see_other(CODE)),
        alert => name(&here, typed, alert),
    }
}

pub(super) async fn scan(State(portal): State<Portal>, incoming: Incoming) -> Answer {
    let here = require(&portal, &incoming).await?;
    show(&portal, &here, None).await
}

async fn show(portal: &Portal, here: &Here, alert: Option<Alert>) -> Answer {
    let found = security_info::pending_app(portal, &here.cookie).await?;
    let Some(app) = pass(found, CODE)? else {
        return Ok(see_other(NAME));
    };
    let t = here.texts();
    let mut l = here.layout(CODE, t.get("app-scan-heading"));
    l.alert = alert;
    let template = ScanPage {
        qr: app.qr.expose().clone(),
        typed: app.typed.expose().clone(),
        error: l.alert.as_ref().and_then(|alert| alert.at("code")),
        l,
    };
    Ok(layout::page(StatusCode::OK, t.locale(), &template)?)
}

pub(super) async fn post_code(
    State(portal): State<Portal>,
    incoming: Incoming,
    form: Posted,
) -> Answer {
    let (here, fields) = posted(&portal, &incoming, &form, &["code"], &[]).await?;
    let typed = fields.text("code");
    let tried = security_info::confirm_app(&portal, here.ctx(), &here.cookie, typed).await?;
    let t = here.texts();
    let text = match pass(tried, CODE)? {
        Tried::Saved(done) => return saved(&here, &done),
        Tried::Over => return over(),
        Tried::Wrong { left } => t.with("app-error", &[("left", left.into())]),
        Tried::Unreadable => t.with("error-code-form", &[("digits", 6_u8.into())]),
    };
    let alert = Alert::error(t, "code", vec![text]);
    show(&portal, &here, Some(alert)).await
}
