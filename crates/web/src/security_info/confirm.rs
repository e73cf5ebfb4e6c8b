//! Looking at everything that is on file and saying that it is right; and putting that off.

use askama::Template;
use axum::extract::State;
use http::StatusCode;
use latchkey_app::security_info;
use latchkey_http::{Incoming, Posted};

use super::overview::{SectionView, sections};
use super::{HOME, pass, posted, require};
use crate::layout::{self, Layout};
use crate::portal::Portal;
use crate::reset::{Answer, see_other};
use crate::signed_in::Place;

const PATH: &str = "/security-info/confirm";

#[derive(Template)]
#[template(path = "security_info/confirm.html")]
struct ConfirmPage {
    l: Layout,
    sections: Vec<SectionView>,
    /// Whether to offer *not now*.
    put_off: bool,
}

pub(super) async fn get(State(portal): State<Portal>, incoming: Incoming) -> Answer {
    let here = require(&portal, &incoming).await?;
    let view = pass(security_info::overview(&portal, &here.cookie).await?, PATH)?;
    if !view.state.is_registered || view.todo.is_some() || view.is_elsewhere {
        // There is nothing to confirm.
        return Ok(see_other(HOME));
    }
    let t = here.texts();
    let mut shown = sections(t, &view, true);
    shown.retain(|section| !section.items.is_empty());
    let template = ConfirmPage {
        l: here.layout(PATH, t.get("confirm-heading")),
        sections: shown,
        put_off: view.state.must_reconfirm && !view.put_off,
    };
    Ok(layout::page(StatusCode::OK, t.locale(), &template)?)
}

pub(super) async fn post(State(portal): State<Portal>, incoming: Incoming, form: Posted) -> Answer {
    let (here, _) = posted(&portal, &incoming, &form, &[], &[]).await?;
    let done = security_info::confirm_all(&portal, here.ctx(), &here.cookie).await?;
    pass(done, PATH)?;
    Ok(see_other("/security-info?n=confirmed"))
}

/// *Not now*, and on to where somebody wanted to go.
pub(super) async fn not_now(
    State(portal): State<Portal>,
    incoming: Incoming,
    form: Posted,
) -> Answer {
    let (here, fields) = posted(&portal, &incoming, &form, &["then"], &[]).await?;
    pass(security_info::put_off(&portal, &here.cookie).await?, HOME)?;
    let then = match Place::parse(fields.text("then")) {
        Place::SecurityInfo => Place::Account,
        other => other,
    };
    Ok(see_other(then.path()))
}
