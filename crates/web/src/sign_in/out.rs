//! Signing out.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use latchkey_app::reset::{self, Brand};
use latchkey_app::sign_in;
use latchkey_http::{Incoming, Posted, Problem, SetCookie};
use latchkey_i18n::Texts;

use crate::layout::{self, Layout};
use crate::portal::Portal;
use crate::reset::{Answer, Stop};
use crate::signed_in::{self, Here};

#[derive(Template)]
#[template(path = "sign_in/out.html")]
struct OutPage {
    l: Layout,
    lead: String,
    /// The button is still to be pressed.
    asks: bool,
}

/// Shows the button. A GET signs nobody out.
pub(super) async fn get(State(portal): State<Portal>, incoming: Incoming) -> Answer {
    let Some(here) = Here::find(&portal, &incoming).await? else {
        return Ok(done(&portal, incoming, &reset::service_brand(&portal))?);
    };
    Ok(ask(&here)?)
}

fn ask(here: &Here) -> Result<Response, Problem> {
    let t = here.texts();
    let mut l = here.layout("/sign-out", t.get("sign-out-heading"));
    // The button of this page is enough.
    l.account = None;
    let user = [("user", (&here.me.user_id).into())];
    let template = OutPage {
        lead: t.with("sign-out-lead", &user),
        asks: true,
        l,
    };
    layout::page(StatusCode::OK, t.locale(), &template)
}

/// Signs out. Whatever has to be done first, this may be done always.
pub(super) async fn post(
    State(portal): State<Portal>,
    incoming: Incoming,
    posted: Posted,
) -> Answer {
    let fields = posted.fields(&["form_token"], &[])?;
    let Some(here) = Here::find(&portal, &incoming).await? else {
        return Ok(done(&portal, incoming, &reset::service_brand(&portal))?);
    };
    let token = fields.text("form_token");
    if !sign_in::form_token_matches(&portal, &here.cookie, token) {
        return Err(Stop::Answer(Box::new(ask(&here)?)));
    }
    sign_in::sign_out(&portal, here.ctx(), &here.cookie).await?;
    Ok(done(&portal, here.incoming, &here.me.brand)?)
}

/// Says that nobody is signed in here, and lets the browser forget the session.
fn done(portal: &Portal, incoming: Incoming, brand: &Brand) -> Result<Response, Problem> {
    let incoming = incoming.within(brand.locale);
    let t = Texts::new(incoming.ctx.locale);
    let l = portal.layout(&incoming, brand, "/sign-out", t.get("signed-out-heading"));
    let template = OutPage {
        lead: t.get("signed-out-lead"),
        asks: false,
        l,
    };
    let mut response = layout::page(StatusCode::OK, t.locale(), &template)?;
    SetCookie {
        name: signed_in::COOKIE,
        value: "",
        max_age: None,
    }
    .add(incoming.cookies.secure(), response.headers_mut());
    Ok(response)
}
