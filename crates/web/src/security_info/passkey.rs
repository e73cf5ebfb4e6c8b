//! A passkey: its name, and what the device makes of it.

use askama::Template;
use axum::extract::State;
use http::StatusCode;
use latchkey_app::security_info::{self, Tried};
use latchkey_http::{Incoming, Posted};

use super::authenticator::{NamePage, refusal};
use super::{over, pass, posted, require, saved};
use crate::layout::{self, Alert, Layout};
use crate::portal::Portal;
use crate::reset::{Answer, see_other};
use crate::signed_in::Here;

const NAME: &str = "/security-info/passkey";
const CREATE: &str = "/security-info/passkey/create";

/// A page on which a device is asked.
#[derive(Template)]
#[template(path = "security_info/device.html")]
pub(super) struct DevicePage {
    pub(super) l: Layout,
    pub(super) action: &'static str,
    /// `create` or `get`.
    pub(super) ceremony: &'static str,
    pub(super) options: String,
    pub(super) lead: String,
    pub(super) button: String,
    pub(super) back: String,
    pub(super) back_href: &'static str,
}

pub(super) async fn get(State(portal): State<Portal>, incoming: Incoming) -> Answer {
    let here = require(&portal, &incoming).await?;
    // Asks whether it may be done, and says nothing of what is on its way.
    pass(
        security_info::passkey_options(&portal, &here.cookie).await?,
        NAME,
    )?;
    name(&here, &here.texts().get("passkey-name-default"), None)
}

fn name(here: &Here, typed: &str, alert: Option<Alert>) -> Answer {
    let t = here.texts();
    let mut l = here.layout(NAME, t.get("passkey-heading"));
    l.alert = alert;
    let template = NamePage {
        action: NAME,
        lead: t.get("passkey-lead"),
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
        security_info::begin_passkey(&portal, &here.cookie, typed).await?,
        NAME,
    )?;
    match refusal(here.texts(), named) {
        None => Ok(see_other(CREATE)),
        alert => name(&here, typed, alert),
    }
}

pub(super) async fn create(State(portal): State<Portal>, incoming: Incoming) -> Answer {
    let here = require(&portal, &incoming).await?;
    let found = security_info::passkey_options(&portal, &here.cookie).await?;
    let Some((name, options)) = pass(found, CREATE)? else {
        return Ok(see_other(NAME));
    };
    let t = here.texts();
    let heading = t.with("passkey-create-heading", &[("name", (&name).into())]);
    let template = DevicePage {
        l: here.layout(CREATE, heading),
        action: CREATE,
        ceremony: "create",
        options,
        lead: t.get("passkey-create-lead"),
        button: t.get("passkey-create-button"),
        back: t.get("info-cancel"),
        back_href: super::HOME,
    };
    Ok(layout::page(StatusCode::OK, t.locale(), &template)?)
}

pub(super) async fn post_create(
    State(portal): State<Portal>,
    incoming: Incoming,
    form: Posted,
) -> Answer {
    let (here, fields) = posted(&portal, &incoming, &form, &[], &["credential"]).await?;
    let answer = fields.text("credential");
    let tried = security_info::finish_passkey(&portal, here.ctx(), &here.cookie, answer).await?;
    match pass(tried, CREATE)? {
        Tried::Saved(done) => saved(&here, &done),
        // Without a script the page says what is missing.
        Tried::Unreadable => Ok(see_other(CREATE)),
        Tried::Wrong { .. } | Tried::Over => over(),
    }
}
