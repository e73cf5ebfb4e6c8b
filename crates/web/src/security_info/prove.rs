//! Confirming that it is the same person still.

use askama::Template;
use axum::extract::State;
use http::StatusCode;
use latchkey_app::security_info::{self, Proved, Ways};
use latchkey_http::{Incoming, Posted};

use super::passkey::DevicePage;
use super::{HOME, pass, posted, require, step};
use crate::layout::{self, Alert, Kind, Layout};
use crate::portal::Portal;
use crate::reset::{Answer, see_other};
use crate::signed_in::Here;

const PATH: &str = "/security-info/confirm-it-is-you";
const PASSKEY: &str = "/security-info/confirm-it-is-you/passkey";

#[derive(Template)]
#[template(path = "security_info/prove.html")]
struct ProvePage {
    l: Layout,
    lead: String,
    /// What it is for, by a word.
    step: &'static str,
    ways: Ways,
    error: Option<String>,
}

pub(super) async fn get(State(portal): State<Portal>, incoming: Incoming) -> Answer {
    let here = require(&portal, &incoming).await?;
    let word = incoming.query("for").unwrap_or_default();
    show(&portal, &here, &word, |_| None).await
}

async fn show(
    portal: &Portal,
    here: &Here,
    word: &str,
    alert: impl FnOnce(Ways) -> Option<Alert>,
) -> Answer {
    let ways = pass(security_info::ways(portal, &here.cookie).await?, HOME)?;
    let t = here.texts();
    let lead = match ways.held_until {
        Some(until) => {
            let until = t.date_time(until);
            let id = if ways.is_none() {
                "prove-impossible"
            } else {
                "prove-lead-two"
            };
            t.with(id, &[("until", (&until).into())])
        }
        None if ways.is_elsewhere => t.get("prove-elsewhere"),
        None => t.get("prove-lead"),
    };
    let mut l = here.layout(PATH, t.get("prove-heading"));
    l.alert = alert(ways);
    let template = ProvePage {
        lead,
        step: step(word).0,
        ways,
        error: l.alert.as_ref().and_then(|alert| alert.at("password")),
        l,
    };
    Ok(layout::page(StatusCode::OK, t.locale(), &template)?)
}

pub(super) async fn post(State(portal): State<Portal>, incoming: Incoming, form: Posted) -> Answer {
    let names = ["code", "for"];
    let (here, fields) = posted(&portal, &incoming, &form, &names, &["password"]).await?;
    let word = fields.text("for").to_owned();
    let password = fields.secret("password");
    let proved = security_info::prove(
        &portal,
        here.ctx(),
        &here.cookie,
        &password,
        fields.text("code"),
    )
    .await?;
    let proved = pass(proved, HOME)?;
    let t = here.texts();
    match proved {
        Proved::Yes(cookie) => {
            let mut response = see_other(step(&word).1);
            here.remember(&cookie, &mut response);
            Ok(response)
        }
        Proved::No => {
            show(&portal, &here, &word, |ways| {
                let id = if ways.code {
                    "prove-error-code"
                } else {
                    "prove-error"
                };
                Some(Alert::error(t, "password", vec![t.get(id)]))
            })
            .await
        }
        Proved::Locked { until } => {
            let until = t.date_time(until);
            let text = t.with("prove-locked", &[("until", (&until).into())]);
            show(&portal, &here, &word, |_| {
                Some(Alert::error(t, "password", vec![text]))
            })
            .await
        }
    }
}

/// The page on which the passkey is used.
pub(super) async fn passkey(State(portal): State<Portal>, incoming: Incoming) -> Answer {
    let here = require(&portal, &incoming).await?;
    let word = incoming.query("for").unwrap_or_default();
    device(&portal, &here, &word, None).await
}

async fn device(portal: &Portal, here: &Here, word: &str, alert: Option<Alert>) -> Answer {
    let found = security_info::proof_options(portal, &here.cookie).await?;
    let Some(options) = pass(found, HOME)? else {
        return show(portal, here, word, |_| alert).await;
    };
    let t = here.texts();
    let mut l = here.layout(PASSKEY, t.get("prove-passkey-heading"));
    l.alert = alert;
    let template = DevicePage {
        l,
        action: PASSKEY,
        ceremony: "get",
        options,
        lead: t.get("prove-passkey-lead"),
        button: t.get("prove-passkey"),
        back: t.get("info-cancel"),
        back_href: PATH,
    };
    Ok(layout::page(StatusCode::OK, t.locale(), &template)?)
}

/// Without an answer of a device: begins. With one: it is looked at.
pub(super) async fn post_passkey(
    State(portal): State<Portal>,
    incoming: Incoming,
    form: Posted,
) -> Answer {
    let (here, fields) = posted(&portal, &incoming, &form, &["for"], &["credential"]).await?;
    let answer = fields.text("credential");
    if answer.is_empty() {
        let begun = pass(
            security_info::begin_proof(&portal, &here.cookie).await?,
            HOME,
        )?;
        return Ok(see_other(if begun { PASSKEY } else { PATH }));
    }
    let proved = security_info::finish_proof(&portal, here.ctx(), &here.cookie, answer).await?;
    match pass(proved, HOME)? {
        Proved::Yes(cookie) => {
            let mut response = see_other("/security-info?n=proven");
            here.remember(&cookie, &mut response);
            Ok(response)
        }
        Proved::No | Proved::Locked { .. } => {
            let t = here.texts();
            show(&portal, &here, "", |_| {
                Some(Alert {
                    kind: Kind::Error,
                    title: t.get("alert-title"),
                    items: vec![t.get("prove-error-passkey")],
                    field: None,
                })
            })
            .await
        }
    }
}
