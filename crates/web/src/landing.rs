//! The first page: what can be done here.

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::routing::get;
use http::StatusCode;
use latchkey_http::Incoming;
use latchkey_i18n::Texts;

use crate::layout::{Layout, page};
use crate::portal::Portal;
use crate::reset::{Answer, Home};
use crate::signed_in::{Here, Place};

pub(crate) fn routes() -> Router<Portal> {
    Router::new().route("/", get(show))
}

#[derive(Template)]
#[template(path = "landing.html")]
struct LandingPage {
    l: Layout,
    ways: Vec<Way>,
}

/// Something that can be done here.
struct Way {
    href: String,
    name: String,
    detail: String,
}

/// The face is that of `?whr=`, or of whoever is signed in.
async fn show(State(portal): State<Portal>, incoming: Incoming) -> Answer {
    let here = Here::find(&portal, &incoming).await?;
    let whr = incoming.query("whr");
    let home = Home::find(&portal, whr).await?;
    let incoming = match &here {
        Some(here) => here.incoming.clone(),
        None => incoming.within(home.brand.locale),
    };
    let t = Texts::new(incoming.ctx.locale);
    let heading = t.get("landing-heading");
    let l = match &here {
        Some(here) => here.layout("/", heading),
        None => portal.layout(&incoming, &home.brand, &home.path("/"), heading),
    };
    let is_in = here.is_some();
    let signed = |place: Place| {
        if is_in {
            place.path().to_owned()
        } else {
            home.path(place.sign_in())
        }
    };
    let way = |href: String, name: &str, detail: &str| Way {
        href,
        name: t.get(name),
        detail: t.get(detail),
    };
    let last = if is_in {
        ("account-link", "landing-account")
    } else {
        ("sign-in-button", "landing-sign-in")
    };
    let ways = vec![
        way(home.path("/reset"), "landing-reset", "landing-reset-detail"),
        way(
            signed(Place::SecurityInfo),
            "landing-register",
            "landing-register-detail",
        ),
        way(
            signed(Place::Change),
            "landing-change",
            "landing-change-detail",
        ),
        way(signed(Place::Account), last.0, last.1),
    ];
    Ok(page(StatusCode::OK, t.locale(), &LandingPage { l, ways })?)
}
