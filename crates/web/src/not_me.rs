//! *This was not me*: opened from a mail. Opening does nothing; the button does.

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::get;
use http::StatusCode;
use latchkey_app::not_me::{self, Deed};
use latchkey_app::reset::{self, Brand};
use latchkey_http::{Incoming, Posted, Problem};
use latchkey_i18n::Texts;

use crate::layout::{Alert, Layout, page};
use crate::portal::Portal;

#[derive(Template)]
#[template(path = "not_me.html")]
struct NotMePage {
    l: Layout,
    paragraphs: Vec<String>,
    details: Vec<Detail>,
    ask: Ask,
    error: Option<String>,
}

struct Detail {
    name: String,
    value: String,
    moment: Option<String>,
}

/// What the page asks for.
enum Ask {
    /// The code from the mail. The script takes it from the address, where it is after the `#` and
    /// is never sent.
    Code,
    /// The button.
    Confirm(String),
    /// Nothing more.
    Nothing,
}

pub(crate) fn routes() -> Router<Portal> {
    Router::new().route("/not-me", get(show).post(post))
}

async fn show(State(portal): State<Portal>, incoming: Incoming) -> Result<Response, Problem> {
    code(&portal, incoming, StatusCode::OK, |_| None)
}

/// Without `confirm`: shows what the code is for. With it: locks the account.
async fn post(
    State(portal): State<Portal>,
    incoming: Incoming,
    posted: Posted,
) -> Result<Response, Problem> {
    let fields = posted.fields(&["token", "confirm"], &[])?;
    let token = fields.text("token").trim();
    if fields.text("confirm") == "yes" {
        return match not_me::report(&portal, &incoming.ctx, token).await? {
            Some(brand) => done(&portal, incoming, &brand),
            None => refused(&portal, incoming),
        };
    }
    let Some(found) = not_me::look(&portal, &incoming.ctx, token).await? else {
        return refused(&portal, incoming);
    };
    let incoming = incoming.within(found.brand.locale);
    let t = Texts::new(incoming.ctx.locale);
    let details = vec![
        Detail {
            name: t.get("user-id-label"),
            value: found.user_id,
            moment: None,
        },
        Detail {
            name: t.get(match found.deed {
                Deed::Reset => "not-me-when",
                Deed::Change => "not-me-when-change",
                Deed::SecurityInfo => "not-me-when-info",
            }),
            value: t.date_time(found.when),
            moment: Some(found.when.rfc3339()),
        },
    ];
    let template = NotMePage {
        l: frame(
            &portal,
            &incoming,
            &found.brand,
            t.get("not-me-confirm-heading"),
        ),
        paragraphs: vec![t.get("not-me-confirm-what")],
        details,
        ask: Ask::Confirm(token.to_owned()),
        error: None,
    };
    page(StatusCode::OK, t.locale(), &template)
}

fn frame(portal: &Portal, incoming: &Incoming, brand: &Brand, heading: String) -> Layout {
    let mut l = portal.layout(incoming, brand, "/not-me", heading);
    l.help = false;
    l
}

fn code(
    portal: &Portal,
    incoming: Incoming,
    status: StatusCode,
    alert: impl FnOnce(Texts) -> Option<Alert>,
) -> Result<Response, Problem> {
    let brand = reset::service_brand(portal);
    let incoming = incoming.within(brand.locale);
    let t = Texts::new(incoming.ctx.locale);
    let mut l = frame(portal, &incoming, &brand, t.get("not-me-heading"));
    l.alert = alert(t);
    let template = NotMePage {
        error: l.alert.as_ref().and_then(|alert| alert.at("token")),
        l,
        paragraphs: vec![t.get("not-me-lead")],
        details: Vec::new(),
        ask: Ask::Code,
    };
    page(status, t.locale(), &template)
}

fn refused(portal: &Portal, incoming: Incoming) -> Result<Response, Problem> {
    code(portal, incoming, StatusCode::OK, |t| {
        Some(Alert::error(t, "token", vec![t.get("not-me-refused")]))
    })
}

fn done(portal: &Portal, incoming: Incoming, brand: &Brand) -> Result<Response, Problem> {
    let incoming = incoming.within(brand.locale);
    let t = Texts::new(incoming.ctx.locale);
    let template = NotMePage {
        l: frame(portal, &incoming, brand, t.get("not-me-done-heading")),
        paragraphs: vec![t.get("not-me-done-what"), t.get("not-me-done-next")],
        details: Vec::new(),
        ask: Ask::Nothing,
        error: None,
    };
    page(StatusCode::OK, t.locale(), &template)
}
