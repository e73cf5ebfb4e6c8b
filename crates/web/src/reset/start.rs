//! Step 1: who are you.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use latchkey_app::reset::{self, Brand, HumanCheck, HumanProof, StartNotice, Started};
use latchkey_http::{Incoming, Posted, Problem, SetCookie};
use latchkey_i18n::Texts;
use latchkey_types::{Entropy, Secret, TenantId, random_bytes};

use super::flow::{Answer, Stop, path, remember, see_other};
use crate::layout::{Alert, Kind, Layout, page};
use crate::portal::Portal;

/// The cookie of a browser that has no session yet.
pub(crate) const PRE_COOKIE: &str = "start";

#[derive(Template)]
#[template(path = "reset/start.html")]
struct StartPage {
    l: Layout,
    check: HumanCheck,
    token: String,
    whr: String,
    user_id: String,
    error: Option<String>,
}

/// The tenant that the address names, and its name as it stays in the form.
pub(crate) struct Home {
    pub(crate) brand: Brand,
    pub(crate) tenant: Option<TenantId>,
    pub(crate) whr: String,
}

impl Home {
    /// Finds it by `?whr=`.
    pub(crate) async fn find(portal: &Portal, whr: Option<String>) -> Result<Self, Stop> {
        // Only what can be a domain gets to the database, and back into the page.
        let whr = whr.filter(|domain| {
            (1..=253).contains(&domain.len())
                && domain
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || b"-.".contains(&byte))
        });
        if let Some(whr) = whr
            && let Some((tenant, brand)) = reset::brand_by_domain(portal, &whr).await?
        {
            return Ok(Self {
                brand,
                tenant: Some(tenant),
                whr,
            });
        }
        Ok(Self {
            brand: reset::service_brand(portal),
            tenant: None,
            whr: String::new(),
        })
    }

    /// An address for this tenant.
    pub(crate) fn path(&self, path: &str) -> String {
        if self.whr.is_empty() {
            path.to_owned()
        } else {
            let separator = if path.contains('?') { '&' } else { '?' };
            format!("{path}{separator}whr={}", self.whr)
        }
    }
}

/// The tenant of `?whr=`, for pages outside a session.
pub(super) async fn brand(portal: &Portal, incoming: &Incoming) -> Result<Brand, Stop> {
    Ok(Home::find(portal, incoming.query("whr")).await?.brand)
}

/// Shows step 1. A browser without the cookie gets one.
pub(super) async fn get(State(portal): State<Portal>, incoming: Incoming) -> Answer {
    let home = Home::find(&portal, incoming.query("whr")).await?;
    let incoming = incoming.within(home.brand.locale);
    let known = incoming.cookies.get(PRE_COOKIE);
    let cookie = known.clone().unwrap_or_else(|| fresh(portal.entropy()));
    let t = Texts::new(incoming.ctx.locale);
    let is_gone = incoming.query("e").is_some_and(|note| note == "gone");
    let alert = is_gone.then(|| Alert::info(t.get("notice-gone")));
    let typed = forgotten(&portal, &incoming).await?;
    let kept = Kept {
        user_id: &typed,
        timed: None,
    };
    let mut response = show(
        &portal,
        &incoming,
        &home,
        &cookie,
        StatusCode::OK,
        alert,
        kept,
    )?;
    if known.is_none() {
        let cookie = SetCookie {
            name: PRE_COOKIE,
            value: cookie.expose(),
            max_age: None,
        };
        cookie.add(incoming.cookies.secure(), response.headers_mut());
    }
    Ok(response)
}

/// The name that was typed on the way in, where somebody said that the password is forgotten.
async fn forgotten(portal: &Portal, incoming: &Incoming) -> Result<String, Stop> {
    let Some(cookie) = incoming.cookies.get(crate::sign_in::COOKIE) else {
        return Ok(String::new());
    };
    let name = latchkey_app::sign_in::forgotten_name(portal, &cookie).await?;
    Ok(name.unwrap_or_default())
}

/// Begins a reset.
pub(super) async fn post(
    State(portal): State<Portal>,
    incoming: Incoming,
    posted: Posted,
) -> Answer {
    const NAMES: [&str; 6] = [
        "user_id",
        "challenge",
        "nonce",
        "timed",
        "form_token",
        "whr",
    ];
    let fields = posted.fields(&NAMES, &[])?;
    let home = Home::find(&portal, fields.sent("whr").map(|whr| whr.expose().clone())).await?;
    let incoming = incoming.within(home.brand.locale);
    let t = Texts::new(incoming.ctx.locale);
    let user_id = fields.text("user_id");
    let Some(cookie) = incoming.cookies.get(PRE_COOKIE) else {
        return no_cookies(&portal, &incoming, &home, user_id).await;
    };
    let again = |status, alert, timed| {
        let kept = Kept { user_id, timed };
        show(
            &portal,
            &incoming,
            &home,
            &cookie,
            status,
            Some(alert),
            kept,
        )
    };
    if !reset::start_token_matches(&portal, cookie.expose(), fields.text("form_token")) {
        return Ok(again(
            StatusCode::OK,
            Alert::info(t.get("notice-start-out-of-date")),
            None,
        )?);
    }
    // A solution means that there was a script; a form without one had time instead.
    let proof = if fields.text("nonce").is_empty() {
        HumanProof::Time {
            token: fields.text("timed").to_owned(),
        }
    } else {
        HumanProof::Work {
            challenge: fields.text("challenge").to_owned(),
            nonce: fields.text("nonce").to_owned(),
        }
    };
    match reset::start(&portal, &incoming.ctx, user_id, proof, home.tenant).await? {
        Started::Begun(outcome) => {
            let mut response = see_other(path(&outcome.view.page));
            if let Some(cookie) = &outcome.cookie {
                remember(incoming.cookies.secure(), cookie, &mut response);
            }
            Ok(response)
        }
        Started::Again(notice) => {
            // Whoever was too fast has waited for a part of the time already: a new token would begin
            // it again, and the next press would be too fast as well.
            let timed = matches!(notice, StartNotice::TooFast).then(|| fields.text("timed"));
            let (status, alert) = explain(t, notice);
            Ok(again(status, alert, timed)?)
        }
    }
}

/// What stays in the form when the page is shown again.
#[derive(Clone, Copy, Default)]
struct Kept<'a> {
    user_id: &'a str,
    /// The timed token, while its time has not come.
    timed: Option<&'a str>,
}

/// A value for the cookie of a browser that has no session yet.
pub(crate) fn fresh(entropy: &dyn Entropy) -> Secret<String> {
    use std::fmt::Write as _;
    let mut text = String::with_capacity(64);
    for byte in random_bytes::<32>(entropy) {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    Secret::new(text)
}

fn show(
    portal: &Portal,
    incoming: &Incoming,
    home: &Home,
    cookie: &Secret<String>,
    status: StatusCode,
    alert: Option<Alert>,
    kept: Kept<'_>,
) -> Result<Response, Problem> {
    let t = Texts::new(incoming.ctx.locale);
    let mut l = portal.layout(
        incoming,
        &home.brand,
        &home.path("/reset"),
        t.get("start-heading"),
    );
    l.progress = Some(t.get("progress-first"));
    let error = alert.as_ref().and_then(|alert| alert.at("user_id"));
    l.alert = alert;
    let mut check = reset::human_check(portal);
    if let Some(timed) = kept.timed {
        timed.clone_into(&mut check.timed);
    }
    let template = StartPage {
        l,
        check,
        token: reset::start_token(portal, cookie.expose()),
        whr: home.whr.clone(),
        user_id: kept.user_id.to_owned(),
        error,
    };
    page(status, incoming.ctx.locale, &template)
}

fn explain(t: Texts, notice: StartNotice) -> (StatusCode, Alert) {
    let titled = |title: String, item: String| Alert {
        kind: Kind::Error,
        title,
        items: vec![item],
        field: None,
    };
    match notice {
        StartNotice::Unreadable => (
            StatusCode::OK,
            Alert::error(t, "user_id", vec![t.get("error-user-id")]),
        ),
        StartNotice::CheckFailed => (
            StatusCode::OK,
            titled(t.get("alert-title"), t.get("error-check-failed")),
        ),
        StartNotice::TooFast => (
            StatusCode::OK,
            titled(t.get("alert-title"), t.get("error-too-fast")),
        ),
        StartNotice::Busy { seconds } => {
            let wait = t.duration(std::time::Duration::from_secs(seconds));
            let item = t.with("error-busy", &[("duration", (&wait).into())]);
            (
                StatusCode::TOO_MANY_REQUESTS,
                titled(t.get("alert-title"), item),
            )
        }
    }
}

/// A browser that sends no cookie back cannot be bound to a session.
async fn no_cookies(portal: &Portal, incoming: &Incoming, home: &Home, user_id: &str) -> Answer {
    reset::no_cookies(portal, &incoming.ctx, user_id).await?;
    let t = Texts::new(incoming.ctx.locale);
    let cookie = fresh(portal.entropy());
    let alert = Alert {
        kind: Kind::Error,
        title: t.get("no-cookies-title"),
        items: vec![t.get("no-cookies-what"), t.get("no-cookies-next")],
        field: None,
    };
    let status = StatusCode::OK;
    let kept = Kept {
        user_id,
        timed: None,
    };
    let mut response = show(portal, incoming, home, &cookie, status, Some(alert), kept)?;
    let cookie = SetCookie {
        name: PRE_COOKIE,
        value: cookie.expose(),
        max_age: None,
    };
    cookie.add(incoming.cookies.secure(), response.headers_mut());
    Ok(response)
}
