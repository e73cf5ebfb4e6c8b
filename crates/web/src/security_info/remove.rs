//! Taking a method away.

use askama::Template;
use axum::extract::State;
use http::StatusCode;
use latchkey_app::security_info::{self, Removal};
use latchkey_core::registration::{Kind, Loss};
use latchkey_http::{Incoming, Posted};

use super::{HOME, kind_name, pass, posted, require, saved};
use crate::layout::{self, Layout};
use crate::portal::Portal;
use crate::reset::{Answer, see_other};
use crate::signed_in::Here;

const PATH: &str = "/security-info/remove";

#[derive(Template)]
#[template(path = "security_info/remove.html")]
struct RemovePage {
    l: Layout,
    lead: String,
    id: String,
    /// How often it is said with this button; `None`: it cannot be removed.
    sure: Option<u8>,
    button: String,
}

/// The page has no address of its own.
pub(super) async fn get(State(portal): State<Portal>, incoming: Incoming) -> Answer {
    require(&portal, &incoming).await?;
    Ok(see_other(HOME))
}

pub(super) async fn post(State(portal): State<Portal>, incoming: Incoming, form: Posted) -> Answer {
    let (here, fields) = posted(&portal, &incoming, &form, &["id", "sure"], &[]).await?;
    let id = fields.text("id");
    let sure = match fields.text("sure") {
        "1" => 1,
        "2" => 2,
        _ => 0,
    };
    if sure == 0 {
        let found = security_info::removal(&portal, &here.cookie, id).await?;
        return match pass(found, PATH)? {
            Some(removal) => ask(&here, id, &removal, 1),
            None => Ok(see_other(HOME)),
        };
    }
    let done = security_info::remove(&portal, here.ctx(), &here.cookie, id, sure).await?;
    match pass(done, PATH)? {
        None => Ok(see_other(HOME)),
        Some(Ok(done)) => saved(&here, &done),
        Some(Err(removal)) => ask(&here, id, &removal, 2),
    }
}

fn ask(here: &Here, id: &str, removal: &Removal, sure: u8) -> Answer {
    let t = here.texts();
    let which = if removal.which.is_empty() {
        kind_name(t, removal.kind)
    } else {
        removal.which.clone()
    };
    let which = match removal.kind {
        Kind::Passkey | Kind::Authenticator => format!("\u{201c}{which}\u{201d}"),
        _ => which,
    };
    let (heading, lead, button, sure) = if !removal.loss.is_allowed() {
        ("remove-refused-heading", "remove-refused-lead", "", None)
    } else if sure > 1 && removal.loss != Loss::default() {
        (
            "remove-sure-heading",
            "remove-sure-lead",
            "remove-sure-button",
            Some(2),
        )
    } else {
        ("remove-heading", "remove-lead", "remove-button", Some(1))
    };
    let template = RemovePage {
        l: here.layout(PATH, t.get(heading)),
        lead: t.with(lead, &[("which", (&which).into())]),
        id: id.to_owned(),
        sure,
        button: if button.is_empty() {
            String::new()
        } else {
            t.get(button)
        },
    };
    Ok(layout::page(StatusCode::OK, t.locale(), &template)?)
}
