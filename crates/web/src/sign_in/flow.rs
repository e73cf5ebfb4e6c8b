//! What the pages on the way in have in common.

use axum::extract::{OriginalUri, State};
use axum::response::Response;
use http::StatusCode;
use latchkey_app::Ctx;
use latchkey_app::sign_in::{
    self, Elsewhere, Notice, Outcome, Over, Page, Place, SignedInNow, View,
};
use latchkey_http::{Fields, Incoming, Posted, Problem, SetCookie};
use latchkey_i18n::Texts;
use latchkey_types::Secret;

use super::{elsewhere, passkey, password, second};
use crate::layout::{Alert, Hidden, Kind, Layout};
use crate::portal::Portal;
use crate::reset::{Answer, Stop, see_other};
use crate::signed_in;

/// The cookie of a way in.
pub(crate) const COOKIE: &str = "sign-in";

/// How long the browser keeps it, in seconds: as long as a way in may take.
const MAX_AGE: u32 = 15 * 60;

/// The hidden fields of every form.
const HIDDEN: [&str; 2] = ["form_token", "version"];

/// A browser's way in.
pub(super) struct Open {
    pub(super) portal: Portal,
    pub(super) incoming: Incoming,
    pub(super) cookie: Secret<String>,
    pub(super) view: View,
}

impl Open {
    /// The way in of the browser's cookie, if there is one.
    pub(super) async fn find(portal: &Portal, incoming: &Incoming) -> Result<Option<Self>, Stop> {
        let Some(cookie) = incoming.cookies.get(COOKIE) else {
            return Ok(None);
        };
        let Some(view) = sign_in::view(portal, &cookie).await? else {
            return Ok(None);
        };
        let incoming = incoming.clone().within(view.brand.locale);
        Ok(Some(Self {
            portal: portal.clone(),
            incoming,
            cookie,
            view,
        }))
    }

    /// The way in of a posted form. A form that is not from one of its pages gets the page of now,
    /// and nothing else happens.
    pub(super) async fn posted(
        portal: &Portal,
        incoming: &Incoming,
        posted: &Posted,
        names: &[&'static str],
        passwords: &[&'static str],
    ) -> Result<(Self, Fields, i64), Stop> {
        let names: Vec<&'static str> = HIDDEN.iter().chain(names).copied().collect();
        let fields = posted.fields(&names, passwords)?;
        let (open, version) = Self::checked(portal, incoming, &fields).await?;
        Ok((open, fields, version))
    }

    /// The same for fields that were read.
    pub(super) async fn checked(
        portal: &Portal,
        incoming: &Incoming,
        fields: &Fields,
    ) -> Result<(Self, i64), Stop> {
        let Some(open) = Self::find(portal, incoming).await? else {
            return Err(Stop::Answer(Box::new(over(incoming, Over::Gone))));
        };
        let token = fields.text("form_token");
        if !sign_in::flow_token_matches(portal, open.view.flow, &open.cookie, token) {
            let page = open.page(Some(Notice::OutOfDate))?;
            return Err(Stop::Answer(Box::new(page)));
        }
        // A version that is none is one that never was.
        let version = fields.number("version").unwrap_or(-1);
        Ok((open, version))
    }

    pub(super) const fn ctx(&self) -> &Ctx {
        &self.incoming.ctx
    }

    pub(super) const fn texts(&self) -> Texts {
        Texts::new(self.incoming.ctx.locale)
    }

    /// The frame of a page.
    pub(super) fn layout(&self, heading: String, notice: Option<Notice>) -> Layout {
        let t = self.texts();
        let view = &self.view;
        let path = path(&view.page);
        let mut l = self
            .portal
            .layout(&self.incoming, &view.brand, path, heading);
        l.hidden = Some(Hidden {
            token: sign_in::flow_token(&self.portal, view.flow, &self.cookie),
            version: Some(view.version),
        });
        l.alert = notice.map(|notice| self.explain(notice));
        l.cancel = Some("/sign-in/cancel");
        let left = view.expires_at.since(self.portal.clock().now());
        l.time_left = Some(t.with("time-left", &[("duration", (&t.duration(left)).into())]));
        l
    }

    /// The page of where it stands.
    pub(super) fn page(&self, notice: Option<Notice>) -> Result<Response, Problem> {
        let status = match notice {
            Some(Notice::Busy { .. }) => StatusCode::TOO_MANY_REQUESTS,
            _ => StatusCode::OK,
        };
        match &self.view.page {
            Page::Password => password::page(self, status, notice),
            Page::Choose { options } => second::choose_page(self, status, notice, options),
            Page::Code { others } => second::code_page(self, status, notice, *others),
            Page::Passkey { .. } => passkey::page(self, status, notice),
            Page::Federated => elsewhere::page(self, status, notice),
        }
    }

    /// The answer to a post.
    pub(super) async fn go_on(mut self, outcome: Option<Outcome>) -> Answer {
        let shown = match outcome {
            None => return Ok(over(&self.incoming, Over::Gone)),
            Some(Outcome::Over(why)) => return Ok(over(&self.incoming, why)),
            Some(Outcome::Away(url)) => return Ok(signed_in::see_other_to(url.expose())),
            Some(Outcome::In(now)) => return enter(&self.portal, &self.incoming, &now).await,
            Some(Outcome::Page(shown)) => shown,
        };
        self.view = shown.view;
        let secure = self.incoming.cookies.secure();
        let new = shown.cookie.clone();
        if let Some(cookie) = shown.cookie {
            self.cookie = cookie;
        }
        let mut response = match shown.notice {
            None => see_other(path(&self.view.page)),
            Some(notice) => self.page(Some(notice))?,
        };
        if let Some(cookie) = new {
            remember(secure, &cookie, &mut response);
        }
        Ok(response)
    }

    /// What a notice says, and about which field.
    fn explain(&self, notice: Notice) -> Alert {
        let t = self.texts();
        let titled = |item: String| Alert {
            kind: Kind::Error,
            title: t.get("alert-title"),
            items: vec![item],
            field: None,
        };
        match notice {
            Notice::OutOfDate => Alert::info(t.get("notice-out-of-date")),
            Notice::Unreadable => match &self.view.page {
                Page::Code { .. } => {
                    let text = t.with("error-code-form", &[("digits", 6.into())]);
                    Alert::error(t, "code", vec![text])
                }
                _ => Alert::error(t, "password", vec![t.get("error-sign-in-empty")]),
            },
            Notice::ChooseOne => Alert::error(t, "method", vec![t.get("error-choose")]),
            Notice::Wrong => Alert::error(t, "password", vec![t.get("error-sign-in")]),
            Notice::Locked { until } => {
                let left = until.since(self.portal.clock().now());
                let wait = t.duration(left);
                let text = t.with("error-sign-in-locked", &[("duration", (&wait).into())]);
                Alert::error(t, "password", vec![text])
            }
            Notice::Directory => {
                Alert::error(t, "password", vec![t.get("error-sign-in-directory")])
            }
            Notice::LockedThere => {
                Alert::error(t, "password", vec![t.get("error-sign-in-directory-locked")])
            }
            Notice::Busy { seconds } => titled(busy(t, seconds)),
            Notice::WrongCode { left } => {
                let args = [("left", left.into())];
                Alert::error(t, "code", vec![t.with("error-authenticator", &args)])
            }
            Notice::PasskeyRefused => titled(t.get("error-sign-in-passkey")),
            Notice::Elsewhere(what) => {
                let tenant = [("tenant", (&self.view.brand.name).into())];
                let text = match what {
                    Elsewhere::Down => "error-elsewhere-down",
                    Elsewhere::Faulty => "error-elsewhere-faulty",
                    Elsewhere::NotSignedIn => "error-elsewhere-not-signed-in",
                    Elsewhere::Again => "error-elsewhere-again",
                    Elsewhere::Refused => "error-elsewhere-refused",
                };
                titled(t.with(text, &tenant))
            }
        }
    }
}

/// Too many requests.
pub(super) fn busy(t: Texts, seconds: u64) -> String {
    let wait = t.duration(std::time::Duration::from_secs(seconds));
    t.with("error-busy", &[("duration", (&wait).into())])
}

/// Gives the browser its way in.
pub(super) fn remember(secure: bool, cookie: &Secret<String>, response: &mut Response) {
    SetCookie {
        name: COOKIE,
        value: cookie.expose(),
        max_age: Some(MAX_AGE),
    }
    .add(secure, response.headers_mut());
}

/// Takes it away.
pub(super) fn forget(secure: bool, response: &mut Response) {
    SetCookie {
        name: COOKIE,
        value: "",
        max_age: None,
    }
    .add(secure, response.headers_mut());
}

/// Signed in: a new session, whatever the browser brought along; what it had before ends.
async fn enter(portal: &Portal, incoming: &Incoming, now: &SignedInNow) -> Answer {
    if let Some(old) = incoming.cookies.get(signed_in::COOKIE) {
        sign_in::sign_out(portal, &incoming.ctx, &old).await?;
    }
    let secure = incoming.cookies.secure();
    // Whoever is led to registering first goes on from there.
    let mut response = see_other(match (now.place, now.wanted) {
        (Place::SecurityInfo, Place::Change) => "/security-info?then=change-password",
        (place, _) => place.path(),
    });
    forget(secure, &mut response);
    signed_in::remember(secure, &now.cookie, &mut response);
    Ok(response)
}

/// The GET of a step: its page, or the way to where the way in stands.
pub(super) async fn show(
    State(portal): State<Portal>,
    OriginalUri(uri): OriginalUri,
    incoming: Incoming,
) -> Answer {
    let Some(open) = Open::find(&portal, &incoming).await? else {
        return Ok(over(&incoming, Over::Gone));
    };
    let path = path(&open.view.page);
    if uri.path() != path {
        return Ok(see_other(path));
    }
    let notice = match open.view.page {
        Page::Federated => elsewhere::notice(&incoming),
        _ => None,
    };
    Ok(open.page(notice)?)
}

/// The address of a page.
pub(super) const fn path(page: &Page) -> &'static str {
    match page {
        Page::Password => "/sign-in/password",
        Page::Choose { .. }
        | Page::Code { .. }
        | Page::Passkey {
            is_second: true, ..
        } => "/sign-in/second",
        Page::Passkey { .. } => "/sign-in/passkey",
        Page::Federated => "/sign-in/elsewhere",
    }
}

/// Back to the beginning, with a word about it.
pub(super) fn over(incoming: &Incoming, why: Over) -> Response {
    let mut response = see_other(match why {
        Over::Gone => "/sign-in?e=gone",
        Over::TooManyCodes => "/sign-in?e=codes",
    });
    forget(incoming.cookies.secure(), &mut response);
    response
}
