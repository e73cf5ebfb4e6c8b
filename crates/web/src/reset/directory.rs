//! Where the password is in a directory of the organisation: choosing between unlocking and a new
//! password, and waiting for what the directory says.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use http::{HeaderValue, StatusCode, header};
use latchkey_app::reset::{self, Notice, Page};
use latchkey_core::reset::Deed;
use latchkey_http::{Incoming, Posted, Problem};

use super::flow::{Answer, COOKIE, Form, Open, gone, path, see_other};
use crate::layout::{self, Alert, Layout};
use crate::portal::Portal;

#[derive(Template)]
#[template(path = "reset/what.html")]
struct WhatPage {
    l: Layout,
    lead: String,
    error: Option<String>,
}

#[derive(Template)]
#[template(path = "reset/working.html")]
struct WorkingPage {
    l: Layout,
    paragraphs: Vec<String>,
}

/// How often the page that waits looks again, in seconds.
const LOOK_AGAIN: &str = "3";

pub(super) fn what(
    open: &Open,
    status: StatusCode,
    notice: Option<&Notice>,
) -> Result<Response, Problem> {
    let Page::Deed { locked, .. } = &open.view.page else {
        return Err(Problem::Internal);
    };
    let t = open.texts();
    let l = open.layout(t.get("what-heading"), notice);
    let template = WhatPage {
        lead: t.get(match locked {
            Some(true) => "what-lead-locked",
            Some(false) => "what-lead-not-locked",
            None => "what-lead",
        }),
        error: l.alert.as_ref().and_then(|alert: &Alert| alert.at("deed")),
        l,
    };
    layout::page(status, t.locale(), &template)
}

pub(super) fn working(
    open: &Open,
    status: StatusCode,
    notice: Option<&Notice>,
) -> Result<Response, Problem> {
    let Page::Working { deed, is_slow } = &open.view.page else {
        return Err(Problem::Internal);
    };
    let t = open.texts();
    let mut l = open.layout(t.get("working-heading"), notice);
    // It cannot be stopped any more, and it takes as long as it takes.
    l.cancel = None;
    l.help = *is_slow;
    l.time_left = None;
    let (first, slow) = match deed {
        Deed::Reset => ("working-reset", "working-slow-reset"),
        Deed::Unlock => ("working-unlock", "working-slow-unlock"),
    };
    let mut paragraphs = vec![t.get(first), t.get("working-stay")];
    if *is_slow {
        paragraphs.push(t.get(slow));
    }
    let mut response = layout::page(status, t.locale(), &WorkingPage { l, paragraphs })?;
    response
        .headers_mut()
        .insert(header::REFRESH, HeaderValue::from_static(LOOK_AGAIN));
    Ok(response)
}

/// Shows the choice. The directory is asked first whether the account is locked.
pub(super) async fn get_what(State(portal): State<Portal>, incoming: Incoming) -> Answer {
    let Some(cookie) = incoming.cookies.get(COOKIE) else {
        return Ok(gone(&incoming));
    };
    reset::read_directory(&portal, &incoming.ctx, &cookie).await?;
    let Some(open) = Open::find(&portal, &incoming).await? else {
        return Ok(gone(&incoming));
    };
    if !matches!(open.view.page, Page::Deed { .. }) {
        return Ok(see_other(path(&open.view.page)));
    }
    Ok(open.page(None, "")?)
}

/// Takes the choice.
pub(super) async fn post_what(
    State(portal): State<Portal>,
    incoming: Incoming,
    posted: Posted,
) -> Answer {
    let form = Form::read(&portal, &incoming, &posted, &["deed"], &[]).await?;
    let (ctx, cookie, version) = (form.ctx(), &form.cookie, form.version);
    let outcome = match form.fields.text("deed") {
        "unlock" => reset::unlock(&portal, ctx, cookie, version).await?,
        "reset" => reset::choose_reset(&portal, ctx, cookie, version).await?,
        _ => {
            let open = Open::find(&portal, &incoming).await?;
            return Ok(match open {
                Some(open) => open.page(Some(&Notice::ChooseOne), "")?,
                None => gone(&incoming),
            });
        }
    };
    form.go_on(outcome, "")
}

/// Shows that an agent is at it; or, when it is known what came of it, that.
pub(super) async fn get_working(State(portal): State<Portal>, incoming: Incoming) -> Answer {
    let Some(cookie) = incoming.cookies.get(COOKIE) else {
        return Ok(gone(&incoming));
    };
    if reset::working(&portal, &incoming.ctx, &cookie)
        .await?
        .is_none()
    {
        return Ok(gone(&incoming));
    }
    let Some(open) = Open::find(&portal, &incoming).await? else {
        return Ok(gone(&incoming));
    };
    if !matches!(open.view.page, Page::Working { .. }) {
        return Ok(see_other(path(&open.view.page)));
    }
    Ok(open.page(None, "")?)
}
