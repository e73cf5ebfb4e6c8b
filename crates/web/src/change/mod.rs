//! Changing a password that is known.

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::get;
use http::StatusCode;
use latchkey_app::change::{self, Notice, Outcome, Page, View};
use latchkey_core::password::Violation;
use latchkey_core::sign_in::MustChange;
use latchkey_http::{Incoming, Posted, Problem};
use latchkey_i18n::Texts;
use latchkey_types::{Masked, Timestamp};

use crate::layout::{Alert, Kind, Layout, page};
use crate::portal::Portal;
use crate::reset::{Answer, see_other};
use crate::rules::RuleLine;
use crate::signed_in::{Here, Place};

const PATH: &str = "/change-password";

const PASSWORDS: [&str; 3] = ["current_password", "new_password", "confirm_password"];

#[derive(Template)]
#[template(path = "change/change.html")]
struct ChangePage {
    l: Layout,
    lead: Option<String>,
    user_id: String,
    rules: Vec<RuleLine>,
    current_error: Option<String>,
    error: Option<String>,
    confirm_error: Option<String>,
}

/// A page that only says something.
#[derive(Template)]
#[template(path = "change/said.html")]
struct SaidPage {
    l: Layout,
    done: bool,
    paragraphs: Vec<String>,
    from: Option<(String, String)>,
    told: Vec<Masked>,
}

pub(crate) fn routes() -> Router<Portal> {
    Router::new()
        .route(PATH, get(show).post(post))
        // W3C, A Well-Known URL for Changing Passwords: not for good, and without signing in.
        .route(
            "/.well-known/change-password",
            get(|| async { see_other(PATH) }),
        )
}

async fn show(State(portal): State<Portal>, incoming: Incoming) -> Answer {
    let here = Here::require(&portal, &incoming, Place::Change).await?;
    let Some(view) = change::view(&portal, &here.cookie).await? else {
        return Ok(see_other(Place::Change.sign_in()));
    };
    Ok(render(&here, &view, None)?)
}

async fn post(State(portal): State<Portal>, incoming: Incoming, posted: Posted) -> Answer {
    let (here, fields) =
        Here::posted(&portal, &incoming, Place::Change, &posted, &[], &PASSWORDS).await?;
    let [current, new, confirm] = PASSWORDS.map(|name| fields.secret(name));
    let outcome =
        change::change(&portal, here.ctx(), &here.cookie, &current, &new, &confirm).await?;
    match outcome {
        None => Ok(see_other(Place::Change.sign_in())),
        Some(Outcome::Changed { cookie, told }) => {
            // The page is made for the new cookie: its way out must work.
            let here = Here { cookie, ..here };
            let mut response = done(&here, told)?;
            here.remember(&here.cookie, &mut response);
            Ok(response)
        }
        Some(Outcome::Again(notice)) => {
            let Some(view) = change::view(&portal, &here.cookie).await? else {
                return Ok(see_other(Place::Change.sign_in()));
            };
            Ok(render(&here, &view, Some(&notice))?)
        }
    }
}

fn render(here: &Here, view: &View, notice: Option<&Notice>) -> Result<Response, Problem> {
    let t = here.texts();
    let (rules, in_directory) = match &view.page {
        Page::Change {
            rules,
            in_directory,
        } => (rules, *in_directory),
        Page::TooYoung { from } => return too_young(here, *from),
        Page::Elsewhere => return elsewhere(here),
    };
    let mut l = here.layout(PATH, t.get("change-heading"));
    l.alert = notice.map(|notice| explain(t, notice));
    let refused = match notice {
        Some(Notice::Refused(found)) => Some(found.as_slice()),
        _ => None,
    };
    let at = |field: &str| l.alert.as_ref().and_then(|alert| alert.at(field));
    let template = ChangePage {
        lead: match view.why {
            Some(MustChange::ByAdministrator) => Some(t.get("change-why-administrator")),
            Some(MustChange::Expired) => Some(t.get("change-why-expired")),
            None => in_directory.then(|| t.get("password-lead-directory")),
        },
        user_id: view.user_id.clone(),
        rules: rules
            .iter()
            .map(|rule| RuleLine::new(t, *rule, refused))
            .collect(),
        current_error: at("current_password"),
        error: at("new_password"),
        confirm_error: at("confirm_password"),
        l,
    };
    page(StatusCode::OK, t.locale(), &template)
}

fn explain(t: Texts, notice: &Notice) -> Alert {
    let words = |found: &[Violation]| -> Vec<String> {
        let found = found.iter();
        found
            .map(|found| crate::words::violation(t, *found))
            .collect()
    };
    let error = |field, id| Alert::error(t, field, vec![t.get(id)]);
    match notice {
        Notice::NoCurrent => error("current_password", "error-current-form"),
        Notice::NoNew => error("new_password", "error-password-form"),
        Notice::WrongCurrent => error("current_password", "error-current"),
        Notice::Differ => error("confirm_password", "error-passwords-differ"),
        Notice::Refused(found) => Alert::error(t, "new_password", words(found)),
        Notice::Locked { until } => {
            let when = t.date_time(*until);
            Alert {
                kind: Kind::Error,
                title: t.get("change-locked-title"),
                items: vec![t.with("change-locked", &[("when", (&when).into())])],
                field: None,
            }
        }
        Notice::DirectoryRefused(said) if said.is_about_the_password() => {
            Alert::error(t, "new_password", vec![crate::words::directory(t, *said)])
        }
        Notice::DirectoryRefused(said) => {
            directory(t, "directory-away-title", crate::words::directory(t, *said))
        }
        Notice::DirectoryAway => {
            directory(t, "directory-away-title", t.get("directory-unreachable"))
        }
        Notice::NotKnown => directory(t, "directory-not-known-title", t.get("directory-not-known")),
        Notice::Not | Notice::OutOfDate => Alert::info(t.get("notice-out-of-date")),
    }
}

/// What the directory said that is about no field.
fn directory(t: Texts, title: &'static str, item: String) -> Alert {
    Alert {
        kind: Kind::Error,
        title: t.get(title),
        items: vec![item],
        field: None,
    }
}

fn done(here: &Here, told: Vec<Masked>) -> Result<Response, Problem> {
    let t = here.texts();
    let mut l = here.layout(PATH, t.get("change-done-heading"));
    if let Some(account) = &mut l.account {
        account.home = true;
    }
    let paragraphs = ["change-done-what", "change-done-devices"];
    said(t, l, true, &paragraphs, None, told)
}

fn too_young(here: &Here, from: Timestamp) -> Result<Response, Problem> {
    let t = here.texts();
    let l = here.layout(PATH, t.get("change-young-heading"));
    said(t, l, false, &["change-young-what"], Some(from), Vec::new())
}

fn elsewhere(here: &Here) -> Result<Response, Problem> {
    let t = here.texts();
    let l = here.layout(PATH, t.get("change-elsewhere-heading"));
    said(t, l, false, &["change-elsewhere-what"], None, Vec::new())
}

fn said(
    t: Texts,
    l: Layout,
    done: bool,
    paragraphs: &[&str],
    from: Option<Timestamp>,
    told: Vec<Masked>,
) -> Result<Response, Problem> {
    let template = SaidPage {
        l,
        done,
        paragraphs: paragraphs.iter().map(|id| t.get(id)).collect(),
        from: from.map(|from| (from.rfc3339(), t.date_time(from))),
        told,
    };
    page(StatusCode::OK, t.locale(), &template)
}
