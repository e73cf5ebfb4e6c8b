//! What the pages for somebody signed in have in common: finding out who it is, leading everybody
//! else to the sign-in page, checking the form, the frame.

use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use latchkey_app::Ctx;
use latchkey_app::sign_in::{self, SignedIn, Todo};
use latchkey_http::{Fields, Incoming, Posted, SetCookie};
use latchkey_i18n::Texts;
use latchkey_types::Secret;

use crate::layout::{AccountBar, Hidden, Layout};
use crate::portal::Portal;
use crate::reset::{Stop, see_other};

/// The cookie of a session.
pub(crate) const COOKIE: &str = "session";

pub(crate) use latchkey_app::sign_in::Place;

/// Somebody who is signed in.
pub(crate) struct Here {
    pub(crate) portal: Portal,
    pub(crate) incoming: Incoming,
    pub(crate) cookie: Secret<String>,
    pub(crate) me: SignedIn,
}

impl Here {
    /// Who is signed in, if anybody is.
    pub(crate) async fn find(portal: &Portal, incoming: &Incoming) -> Result<Option<Self>, Stop> {
        let Some(cookie) = incoming.cookies.get(COOKIE) else {
            return Ok(None);
        };
        let Some(me) = sign_in::signed_in(portal, &cookie).await? else {
            return Ok(None);
        };
        let incoming = incoming.clone().within(me.brand.locale);
        Ok(Some(Self {
            portal: portal.clone(),
            incoming,
            cookie,
            me,
        }))
    }

    /// Who is signed in; everybody else goes to the sign-in page, and whoever has something to do
    /// before anything else goes there.
    pub(crate) async fn require(
        portal: &Portal,
        incoming: &Incoming,
        place: Place,
    ) -> Result<Self, Stop> {
        let Some(here) = Self::find(portal, incoming).await? else {
            return Err(lead(place.sign_in()));
        };
        match here.me.todo.map(Todo::place) {
            Some(first) if first != place => Err(lead(first.path())),
            _ => Ok(here),
        }
    }

    /// The same for a posted form. A form that is not from a page of this session leads to the page
    /// of now, and nothing else happens.
    pub(crate) async fn posted(
        portal: &Portal,
        incoming: &Incoming,
        place: Place,
        posted: &Posted,
        names: &[&'static str],
        passwords: &[&'static str],
    ) -> Result<(Self, Fields), Stop> {
        let names: Vec<&'static str> = ["form_token"].iter().chain(names).copied().collect();
        let fields = posted.fields(&names, passwords)?;
        let here = Self::require(portal, incoming, place).await?;
        if !sign_in::form_token_matches(portal, &here.cookie, fields.text("form_token")) {
            return Err(lead(place.path()));
        }
        Ok((here, fields))
    }

    pub(crate) const fn ctx(&self) -> &Ctx {
        &self.incoming.ctx
    }

    pub(crate) const fn texts(&self) -> Texts {
        Texts::new(self.incoming.ctx.locale)
    }

    /// The frame of a page. `path` is its own address.
    pub(crate) fn layout(&self, path: &str, heading: String) -> Layout {
        let brand = &self.me.brand;
        let mut l = self.portal.layout(&self.incoming, brand, path, heading);
        let token = sign_in::form_token(&self.portal, &self.cookie);
        l.account = Some(AccountBar {
            user: self.me.user_id.clone(),
            token: token.clone(),
            home: self.me.todo.is_none() && path != Place::Account.path(),
        });
        l.hidden = Some(Hidden {
            token,
            version: None,
        });
        l
    }

    /// Gives the browser another cookie for its session.
    pub(crate) fn remember(&self, cookie: &Secret<String>, response: &mut Response) {
        remember(self.incoming.cookies.secure(), cookie, response);
    }
}

/// Gives the browser its session; it lasts until the browser is closed, or the limits say so.
pub(crate) fn remember(secure: bool, cookie: &Secret<String>, response: &mut Response) {
    SetCookie {
        name: COOKIE,
        value: cookie.expose(),
        max_age: None,
    }
    .add(secure, response.headers_mut());
}

fn lead(path: &'static str) -> Stop {
    Stop::Answer(Box::new(see_other(path)))
}

/// Another answer than a page, with the address to go to.
pub(crate) fn see_other_to(path: &str) -> Response {
    HeaderValue::from_str(path).map_or_else(
        |_| StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        |path| (StatusCode::SEE_OTHER, [(header::LOCATION, path)]).into_response(),
    )
}
