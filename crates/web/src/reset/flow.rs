//! What the pages of a session have in common: finding the session, checking the form, showing the
//! step, and going on to the next.

use axum::extract::{OriginalUri, State};
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use latchkey_app::reset::{self, Ended, Notice, Outcome, Page, View};
use latchkey_app::{AppError, Ctx};
use latchkey_core::reset::Deed;
use latchkey_http::{Fields, Incoming, Posted, Problem, SetCookie};
use latchkey_i18n::Texts;
use latchkey_types::Secret;

use super::{
    code, directory, end, new_password, number, passkey, questions, recovery_code, verify,
};
use crate::layout::{Alert, Hidden, Kind, Layout};
use crate::portal::Portal;

/// The cookie of a session.
pub(super) const COOKIE: &str = "reset";

/// The hidden fields of every form in a session.
const HIDDEN: [&str; 2] = ["form_token", "version"];

/// The end of a session, for a form that came after it.
const TOO_LATE: &str = "/reset/end?n=late";

/// An answer that ends a handler early.
pub(crate) enum Stop {
    /// No page.
    Problem(Problem),
    /// Another page than the one that was asked for.
    Answer(Box<Response>),
}

impl From<Problem> for Stop {
    fn from(problem: Problem) -> Self {
        Self::Problem(problem)
    }
}

impl From<AppError> for Stop {
    fn from(error: AppError) -> Self {
        Self::Problem(error.into())
    }
}

impl IntoResponse for Stop {
    fn into_response(self) -> Response {
        match self {
            Self::Problem(problem) => problem.into_response(),
            Self::Answer(response) => *response,
        }
    }
}

/// What a handler answers.
pub(crate) type Answer = Result<Response, Stop>;

/// A browser's session.
pub(super) struct Open {
    pub(super) portal: Portal,
    pub(super) incoming: Incoming,
    pub(super) cookie: Secret<String>,
    pub(super) view: View,
}

impl Open {
    /// The session of the browser's cookie, if there is one.
    pub(super) async fn find(portal: &Portal, incoming: &Incoming) -> Result<Option<Self>, Stop> {
        let Some(cookie) = incoming.cookies.get(COOKIE) else {
            return Ok(None);
        };
        let Some(view) = reset::view(portal, &incoming.ctx, &cookie).await? else {
            return Ok(None);
        };
        Ok(Some(Self::of(portal, incoming, cookie, view)))
    }

    /// The same, for the page that is about to be shown.
    pub(super) async fn shown(portal: &Portal, incoming: &Incoming) -> Result<Option<Self>, Stop> {
        let Some(cookie) = incoming.cookies.get(COOKIE) else {
            return Ok(None);
        };
        let view = reset::shown(portal, &incoming.ctx, &cookie).await?;
        Ok(view.map(|view| Self::of(portal, incoming, cookie, view)))
    }

    fn of(portal: &Portal, incoming: &Incoming, cookie: Secret<String>, view: View) -> Self {
        Self {
            portal: portal.clone(),
            incoming: incoming.clone().within(view.brand.locale),
            cookie,
            view,
        }
    }

    pub(super) const fn texts(&self) -> Texts {
        Texts::new(self.incoming.ctx.locale)
    }

    /// The frame of a page of this session.
    pub(super) fn layout(&self, heading: String, notice: Option<&Notice>) -> Layout {
        let t = self.texts();
        let view = &self.view;
        let path = path(&view.page);
        let mut l = self
            .portal
            .layout(&self.incoming, &view.brand, path, heading);
        l.hidden = Some(Hidden {
            token: reset::form_token(&self.portal, view.brand.locale, &self.cookie),
            version: Some(view.version),
        });
        l.alert = notice
            .map(|notice| explain(t, view, notice))
            .or_else(|| said(t, view));
        if matches!(view.page, Page::Ended(_)) {
            return l;
        }
        l.cancel = Some("/reset/cancel");
        let name = t.get(match view.page {
            Page::NewPassword { .. }
            | Page::Working {
                deed: Deed::Reset, ..
            } => "step-password",
            Page::Deed { .. } | Page::Working { .. } => "step-directory",
            _ => "step-prove",
        });
        let args = [
            ("step", view.step.into()),
            ("steps", view.steps.into()),
            ("name", (&name).into()),
        ];
        l.progress = Some(t.with("progress", &args));
        let left = view.expires_at.since(self.portal.clock().now());
        l.time_left = Some(t.with("time-left", &[("duration", (&t.duration(left)).into())]));
        l
    }

    /// The page of the session's step. `typed`: what stays in its field.
    pub(super) fn page(&self, notice: Option<&Notice>, typed: &str) -> Result<Response, Problem> {
        // A page that says what to mend is an answer, not a failure: as an error, browsers would
        // write it to their console, and some would not keep what was typed.
        let status = StatusCode::OK;
        match &self.view.page {
            Page::Choose { .. } => verify::page(self, status, notice),
            Page::Number { .. } => number::page(self, status, notice, typed),
            Page::Code { .. } | Page::Authenticator => code::page(self, status, notice),
            Page::Passkey { .. } => passkey::page(self, status, notice),
            Page::RecoveryCode => recovery_code::page(self, status, notice),
            Page::Questions { .. } => questions::page(self, status, notice),
            Page::NewPassword { .. } => new_password::page(self, status, notice),
            Page::Deed { .. } => directory::what(self, status, notice),
            Page::Working { .. } => directory::working(self, status, notice),
            Page::Ended(_) => end::page(self, status, notice),
        }
    }
}

/// A posted form that is from a page of this browser's session.
pub(super) struct Form {
    portal: Portal,
    incoming: Incoming,
    pub(super) cookie: Secret<String>,
    pub(super) fields: Fields,
    /// The version of the session that its page showed.
    pub(super) version: i64,
}

impl Form {
    /// Reads a form. One that is not from a page of this session gets the page of now, and nothing
    /// else happens.
    pub(super) async fn read(
        portal: &Portal,
        incoming: &Incoming,
        posted: &Posted,
        names: &[&'static str],
        passwords: &[&'static str],
    ) -> Result<Self, Stop> {
        let names: Vec<&'static str> = HIDDEN.iter().chain(names).copied().collect();
        let fields = posted.fields(&names, passwords)?;
        let Some(cookie) = incoming.cookies.get(COOKIE) else {
            return Err(Stop::Answer(Box::new(gone(incoming))));
        };
        let token = fields.text("form_token");
        let Some(locale) = reset::read_form_token(portal, &cookie, token) else {
            let page = match Open::find(portal, incoming).await? {
                Some(open) if matches!(open.view.page, Page::Ended(_)) => see_other(TOO_LATE),
                Some(open) => open.page(Some(&Notice::OutOfDate), "")?,
                None => gone(incoming),
            };
            return Err(Stop::Answer(Box::new(page)));
        };
        // A version that is none is one that never was.
        let version = fields.number("version").unwrap_or(-1);
        Ok(Self {
            portal: portal.clone(),
            incoming: incoming.clone().within(locale),
            cookie,
            fields,
            version,
        })
    }

    pub(super) const fn ctx(&self) -> &Ctx {
        &self.incoming.ctx
    }

    /// Goes on after a use case: to the next step, or to the same page with what has to be said.
    pub(super) fn go_on(self, outcome: Option<Outcome>, typed: &str) -> Answer {
        let Some(outcome) = outcome else {
            return Ok(gone(&self.incoming));
        };
        let secure = self.incoming.cookies.secure();
        let mut response = match &outcome.notice {
            None => see_other(path(&outcome.view.page)),
            // A page that is loaded again must not send again.
            Some(Notice::SentAgain) => see_other("/reset/code?n=sent"),
            // And one that is over has one address.
            Some(Notice::TooLate) => see_other(TOO_LATE),
            Some(notice) => {
                let open = Open {
                    portal: self.portal,
                    incoming: self.incoming,
                    cookie: outcome.cookie.clone().unwrap_or(self.cookie),
                    view: outcome.view,
                };
                open.page(Some(notice), typed)?
            }
        };
        if let Some(cookie) = outcome.cookie {
            remember(secure, &cookie, &mut response);
        }
        Ok(response)
    }
}

/// Gives the browser its session.
pub(super) fn remember(secure: bool, cookie: &Secret<String>, response: &mut Response) {
    let cookie = SetCookie {
        name: COOKIE,
        value: cookie.expose(),
        max_age: None,
    };
    cookie.add(secure, response.headers_mut());
}

/// The GET of a step: its page, or the way to the page of the step that the session is at.
pub(super) async fn show(
    State(portal): State<Portal>,
    OriginalUri(uri): OriginalUri,
    incoming: Incoming,
) -> Answer {
    let Some(open) = Open::find(&portal, &incoming).await? else {
        return Ok(gone(&incoming));
    };
    let path = path(&open.view.page);
    if uri.path() != path {
        return Ok(see_other(path));
    }
    let notice = match (&open.view.page, incoming.query("n").as_deref()) {
        (Page::Code { .. }, Some("sent")) => Some(&Notice::SentAgain),
        (Page::Ended(_), Some("late")) => Some(&Notice::TooLate),
        _ => None,
    };
    Ok(open.page(notice, "")?)
}

/// The address of a page.
pub(super) const fn path(page: &Page) -> &'static str {
    match page {
        Page::Choose { .. } => "/reset/verify",
        Page::Number { .. } => "/reset/number",
        Page::Code { .. } | Page::Authenticator => "/reset/code",
        Page::Passkey { .. } => "/reset/passkey",
        Page::RecoveryCode => "/reset/recovery-code",
        Page::Questions { .. } => "/reset/questions",
        Page::NewPassword { .. } => "/reset/password",
        Page::Deed { .. } => "/reset/what",
        Page::Working { .. } => "/reset/working",
        Page::Ended(_) => "/reset/end",
    }
}

/// There is no session: back to the beginning, with a word about it.
pub(super) fn gone(incoming: &Incoming) -> Response {
    let mut response = see_other("/reset?e=gone");
    let cookie = SetCookie {
        name: COOKIE,
        value: "",
        max_age: None,
    };
    cookie.add(incoming.cookies.secure(), response.headers_mut());
    response
}

/// A redirect after a form: the browser asks for the address with GET.
pub(crate) fn see_other(path: &'static str) -> Response {
    let location = [(header::LOCATION, HeaderValue::from_static(path))];
    (StatusCode::SEE_OTHER, location).into_response()
}

/// What a notice says, and about which field.
fn explain(t: Texts, view: &View, notice: &Notice) -> Alert {
    let left = |id: &str, left: usize, field| {
        let args = [("left", left.into()), ("tenant", (&view.brand.name).into())];
        Alert::error(t, field, vec![t.with(id, &args)])
    };
    match notice {
        Notice::OutOfDate => Alert::info(t.get("notice-out-of-date")),
        Notice::TooLate => Alert::info(t.get(match view.page {
            Page::Ended(Ended::Succeeded { .. }) => "notice-too-late-done",
            _ => "notice-too-late",
        })),
        Notice::SentAgain => Alert::info(t.get("notice-sent-again")),
        Notice::TooSoon => Alert::info(t.get("notice-too-soon")),
        Notice::NoMessages => Alert {
            kind: Kind::Error,
            title: t.get("notice-no-messages-title"),
            items: vec![t.get("notice-no-messages")],
            field: None,
        },
        Notice::ChooseOne if matches!(view.page, Page::Deed { .. }) => {
            Alert::error(t, "deed", vec![t.get("error-what")])
        }
        Notice::ChooseOne => Alert::error(t, "method", vec![t.get("error-choose")]),
        Notice::DirectoryAway => Alert {
            kind: Kind::Error,
            title: t.get("directory-away-title"),
            items: vec![t.get("directory-unreachable")],
            field: None,
        },
        Notice::UnderWay => Alert::info(t.get("notice-under-way")),
        Notice::WrongNumber { left: n } => left("error-number", *n, "phone"),
        Notice::WrongCode { left: n } => match view.page {
            Page::Authenticator => left("error-authenticator", *n, "code"),
            Page::Passkey { .. } => {
                pressed(t, t.with("error-reset-passkey", &[("left", (*n).into())]))
            }
            Page::RecoveryCode => left("error-recovery-code", *n, "code"),
            _ => left("error-code", *n, "code"),
        },
        Notice::PasskeyTooLate => pressed(t, t.get("error-reset-passkey-late")),
        Notice::WrongAnswers { left: n } => left("error-answers", *n, "answer_1"),
        Notice::PasswordsDiffer => {
            Alert::error(t, "confirm_password", vec![t.get("error-passwords-differ")])
        }
        Notice::PasswordRefused(violations) => {
            let items = violations
                .iter()
                .map(|found| crate::words::violation(t, *found));
            Alert::error(t, "new_password", items.collect())
        }
        Notice::Unreadable => unreadable(t, &view.page),
    }
}

/// What the directory said the last time, on the page where it can be tried again.
fn said(t: Texts, view: &View) -> Option<Alert> {
    let (field, said) = match &view.page {
        Page::NewPassword { said, .. } => ("new_password", *said),
        Page::Deed { said, .. } => ("deed", *said),
        _ => return None,
    };
    let said = said?;
    let text = crate::words::directory(t, said);
    Some(if said.is_about_the_password() {
        Alert::error(t, field, vec![text])
    } else {
        Alert {
            kind: Kind::Error,
            title: t.get("directory-away-title"),
            items: vec![text],
            field: None,
        }
    })
}

/// A fault of a page that has a button and no field.
fn pressed(t: Texts, item: String) -> Alert {
    Alert {
        kind: Kind::Error,
        title: t.get("alert-title"),
        items: vec![item],
        field: None,
    }
}

fn unreadable(t: Texts, page: &Page) -> Alert {
    let digits = |digits: u8| t.with("error-code-form", &[("digits", digits.into())]);
    let (field, text) = match page {
        Page::Choose { .. } => ("method", t.get("error-choose")),
        Page::Number { .. } => ("phone", t.get("error-number-form")),
        Page::Code { digits: count, .. } => ("code", digits(*count)),
        Page::Authenticator => ("code", digits(6)),
        Page::Passkey { .. } => return pressed(t, t.get("error-reset-passkey-form")),
        Page::RecoveryCode => ("code", t.get("error-recovery-code-form")),
        Page::Questions { .. } => ("answer_1", t.get("error-answers-form")),
        Page::NewPassword { .. } => ("new_password", t.get("error-password-form")),
        Page::Deed { .. } => ("deed", t.get("error-what")),
        Page::Working { .. } | Page::Ended(_) => {
            return Alert::info(t.get("notice-out-of-date"));
        }
    };
    Alert::error(t, field, vec![text])
}
