//! Who are you.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use latchkey_app::reset;
use latchkey_app::sign_in::{self, StartNotice, Started};
use latchkey_http::{Fields, Incoming, Posted, Problem, SetCookie};
use latchkey_i18n::Texts;
use latchkey_types::Secret;

use super::flow::{Open, busy, forget, path, remember};
use crate::layout::{Alert, Kind, Layout, page};
use crate::portal::Portal;
use crate::reset::{Answer, Home, PRE_COOKIE, fresh, see_other};
use crate::signed_in::{self, Here, Place};

#[derive(Template)]
#[template(path = "sign_in/start.html")]
struct StartPage {
    l: Layout,
    token: String,
    whr: String,
    to: &'static str,
    user_id: String,
    error: Option<String>,
}

/// The fields of the forms on this page.
pub(super) const NAMES: [&str; 5] = ["form_token", "version", "user_id", "whr", "to"];

/// A browser that has no way in yet.
pub(super) struct Fresh {
    pub(super) portal: Portal,
    pub(super) incoming: Incoming,
    pub(super) home: Home,
    pub(super) to: Place,
    /// The cookie it has, or is given.
    cookie: Secret<String>,
    has_cookie: bool,
}

impl Fresh {
    async fn find(
        portal: &Portal,
        incoming: Incoming,
        whr: Option<String>,
        to: &str,
    ) -> Result<Self, crate::reset::Stop> {
        let home = Home::find(portal, whr).await?;
        let incoming = incoming.within(home.brand.locale);
        let known = incoming.cookies.get(PRE_COOKIE);
        Ok(Self {
            has_cookie: known.is_some(),
            cookie: known.unwrap_or_else(|| fresh(portal.entropy())),
            portal: portal.clone(),
            to: Place::parse(to),
            incoming,
            home,
        })
    }

    /// The browser of a posted form; or the page again, if the form is not from a page of its own.
    pub(super) async fn posted(
        portal: &Portal,
        incoming: Incoming,
        fields: &Fields,
    ) -> Result<Self, crate::reset::Stop> {
        let whr = fields.sent("whr").map(|whr| whr.expose().clone());
        let this = Self::find(portal, incoming, whr, fields.text("to")).await?;
        let token = fields.text("form_token");
        let t = this.texts();
        let alert = if !this.has_cookie {
            Alert {
                kind: Kind::Error,
                title: t.get("no-cookies-title"),
                items: vec![t.get("sign-in-no-cookies"), t.get("no-cookies-next")],
                field: None,
            }
        } else if !reset::start_token_matches(portal, this.cookie.expose(), token) {
            Alert::info(t.get("notice-start-out-of-date"))
        } else {
            return Ok(this);
        };
        let page = this.page(StatusCode::OK, Some(alert), fields.text("user_id"))?;
        Err(crate::reset::Stop::Answer(Box::new(page)))
    }

    pub(super) const fn texts(&self) -> Texts {
        Texts::new(self.incoming.ctx.locale)
    }

    fn page(
        &self,
        status: StatusCode,
        alert: Option<Alert>,
        user_id: &str,
    ) -> Result<Response, Problem> {
        let t = self.texts();
        let path = self.home.path(self.to.sign_in());
        let heading = t.get("sign-in-heading");
        let mut l = self
            .portal
            .layout(&self.incoming, &self.home.brand, &path, heading);
        let error = alert.as_ref().and_then(|alert| alert.at("user_id"));
        l.alert = alert;
        let template = StartPage {
            l,
            token: reset::start_token(&self.portal, self.cookie.expose()),
            whr: self.home.whr.clone(),
            to: self.to.word(),
            user_id: user_id.to_owned(),
            error,
        };
        let mut response = page(status, t.locale(), &template)?;
        if !self.has_cookie {
            SetCookie {
                name: PRE_COOKIE,
                value: self.cookie.expose(),
                max_age: None,
            }
            .add(self.incoming.cookies.secure(), response.headers_mut());
        }
        Ok(response)
    }

    /// The answer to the beginning of a way in.
    pub(super) fn begun(&self, started: Started, user_id: &str) -> Answer {
        let t = self.texts();
        let titled = |item: String| Alert {
            kind: Kind::Error,
            title: t.get("alert-title"),
            items: vec![item],
            field: None,
        };
        let (status, alert) = match started {
            Started::Begun { view, cookie } => {
                let mut response = see_other(path(&view.page));
                remember(self.incoming.cookies.secure(), &cookie, &mut response);
                return Ok(response);
            }
            Started::Again(StartNotice::Unreadable) => (
                StatusCode::OK,
                Alert::error(t, "user_id", vec![t.get("error-user-id")]),
            ),
            Started::Again(StartNotice::Busy { seconds }) => {
                (StatusCode::TOO_MANY_REQUESTS, titled(busy(t, seconds)))
            }
            Started::Again(StartNotice::NoPasskeys) => {
                (StatusCode::OK, titled(t.get("error-sign-in-no-passkeys")))
            }
        };
        Ok(self.page(status, Some(alert), user_id)?)
    }
}

/// Shows the page. Whoever is signed in has no need of it.
pub(super) async fn get(State(portal): State<Portal>, incoming: Incoming) -> Answer {
    let to = incoming.query("to").unwrap_or_default();
    if let Some(here) = Here::find(&portal, &incoming).await? {
        let place = here.me.todo.map_or(Place::parse(&to), sign_in::Todo::place);
        return Ok(see_other(place.path()));
    }
    let whr = incoming.query("whr");
    let note = incoming.query("e");
    let this = Fresh::find(&portal, incoming, whr, &to).await?;
    let t = this.texts();
    let alert = match note.as_deref() {
        Some("gone") => Some(Alert::info(t.get("notice-sign-in-gone"))),
        Some("codes") => Some(Alert {
            kind: Kind::Error,
            title: t.get("alert-title"),
            items: vec![t.get("error-sign-in-codes")],
            field: None,
        }),
        _ => None,
    };
    Ok(this.page(StatusCode::OK, alert, "")?)
}

/// Begins a way in.
pub(super) async fn post(
    State(portal): State<Portal>,
    incoming: Incoming,
    posted: Posted,
) -> Answer {
    let fields = posted.fields(&NAMES, &[])?;
    let this = Fresh::posted(&portal, incoming, &fields).await?;
    let typed = fields.text("user_id");
    let (ctx, tenant) = (&this.incoming.ctx, this.home.tenant);
    let started = sign_in::start(&portal, ctx, typed, tenant, this.to).await?;
    this.begun(started, typed)
}

/// *Can't access your account?* The reset portal begins with the name that was typed, which is kept
/// on the server and never in an address.
pub(super) async fn forgot(
    State(portal): State<Portal>,
    incoming: Incoming,
    posted: Posted,
) -> Answer {
    // The field of the page for the password comes along, and is not looked at.
    let fields = posted.fields(&NAMES, &["password"])?;
    if fields.sent("version").is_some() {
        let (open, _) = Open::checked(&portal, &incoming, &fields).await?;
        sign_in::forgot(&portal, &open.cookie).await?;
        return Ok(see_other("/reset"));
    }
    let this = Fresh::posted(&portal, incoming, &fields).await?;
    let (ctx, tenant) = (&this.incoming.ctx, this.home.tenant);
    let typed = fields.text("user_id");
    let mut response = signed_in::see_other_to(&this.home.path("/reset"));
    if let Started::Begun { cookie, .. } =
        sign_in::start(&portal, ctx, typed, tenant, this.to).await?
    {
        sign_in::forgot(&portal, &cookie).await?;
        remember(this.incoming.cookies.secure(), &cookie, &mut response);
    }
    Ok(response)
}

/// Ends the way in, for another user ID.
pub(super) async fn cancel(
    State(portal): State<Portal>,
    incoming: Incoming,
    posted: Posted,
) -> Answer {
    let (open, _, _) = Open::posted(&portal, &incoming, &posted, &[], &[]).await?;
    sign_in::cancel(&portal, &open.cookie).await?;
    let mut response = see_other("/sign-in");
    forget(incoming.cookies.secure(), &mut response);
    Ok(response)
}
