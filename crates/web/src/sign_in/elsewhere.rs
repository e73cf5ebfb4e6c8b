//! The organisation's identity provider: the way there, and back.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use http::{StatusCode, header};
use latchkey_app::sign_in::{self, Back, Elsewhere, Notice, Outcome, Over};
use latchkey_http::{Incoming, LEADS_AWAY, Posted, Problem};
use latchkey_types::Secret;

use super::flow::{Open, over, path};
use crate::layout::{self, Layout};
use crate::portal::Portal;
use crate::reset::{Answer, see_other};

/// The longest value that is looked at; codes of some providers have more than a thousand
/// characters.
const LONGEST: usize = 4_096;

#[derive(Template)]
#[template(path = "sign_in/elsewhere.html")]
struct ElsewherePage {
    l: Layout,
    lead: String,
    user_id: String,
    button: String,
}

pub(super) fn page(
    open: &Open,
    status: StatusCode,
    notice: Option<Notice>,
) -> Result<Response, Problem> {
    let t = open.texts();
    let l = open.layout(t.get("sign-in-elsewhere-heading"), notice);
    let tenant = [("tenant", (&open.view.brand.name).into())];
    let template = ElsewherePage {
        lead: t.with("sign-in-elsewhere-lead", &tenant),
        button: t.with("sign-in-elsewhere-button", &tenant),
        user_id: open.view.user_id.clone(),
        l,
    };
    let mut response = layout::page(status, t.locale(), &template)?;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_SECURITY_POLICY, LEADS_AWAY);
    Ok(response)
}

/// Leads to the provider.
pub(super) async fn post(
    State(portal): State<Portal>,
    incoming: Incoming,
    posted: Posted,
) -> Answer {
    let (open, _, version) = Open::posted(&portal, &incoming, &posted, &[], &[]).await?;
    let outcome = sign_in::go_elsewhere(&portal, open.ctx(), &open.cookie, version).await?;
    open.go_on(outcome).await
}

/// Back from the provider. A GET that changes something, as the protocol wants it: what shows that
/// this browser asked for it is `state`.
pub(super) async fn back(State(portal): State<Portal>, incoming: Incoming) -> Answer {
    let Some(open) = Open::find(&portal, &incoming).await? else {
        return Ok(over(&incoming, Over::Gone));
    };
    let value = |name| {
        let text = incoming.query(name)?;
        (text.len() <= LONGEST).then_some(text)
    };
    let back = Back {
        state: value("state").map(Secret::new),
        code: value("code").map(Secret::new),
        iss: value("iss"),
        error: value("error"),
    };
    let outcome = sign_in::come_back(&portal, open.ctx(), &open.cookie, &back).await?;
    // No page stays under this address, which has a code in it.
    if let Some(Outcome::Page(shown)) = &outcome {
        match shown.notice {
            Some(Notice::Elsewhere(what)) => return Ok(see_other(told(what))),
            Some(Notice::OutOfDate) => return Ok(see_other(path(&shown.view.page))),
            _ => {}
        }
    }
    open.go_on(outcome).await
}

/// The page with the button, and why nobody came in.
const fn told(what: Elsewhere) -> &'static str {
    match what {
        Elsewhere::Down => "/sign-in/elsewhere?e=down",
        Elsewhere::Faulty => "/sign-in/elsewhere?e=faulty",
        Elsewhere::NotSignedIn => "/sign-in/elsewhere?e=not-signed-in",
        Elsewhere::Again => "/sign-in/elsewhere?e=again",
        Elsewhere::Refused => "/sign-in/elsewhere?e=refused",
    }
}

/// What the address says of it.
pub(super) fn notice(incoming: &Incoming) -> Option<Notice> {
    let what = match incoming.query("e")?.as_str() {
        "down" => Elsewhere::Down,
        "faulty" => Elsewhere::Faulty,
        "not-signed-in" => Elsewhere::NotSignedIn,
        "again" => Elsewhere::Again,
        "refused" => Elsewhere::Refused,
        _ => return None,
    };
    Some(Notice::Elsewhere(what))
}
