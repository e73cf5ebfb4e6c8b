//! The first page: what there is, and what is missing.

use askama::Template;
use axum::extract::State;
use axum::response::IntoResponse as _;
use http::StatusCode;
use latchkey_app::security_info::{self, Item, Overview, Section};
use latchkey_app::sign_in::Todo;
use latchkey_core::model::Origin;
use latchkey_core::registration::Kind;
use latchkey_http::Incoming;
use latchkey_i18n::Texts;
use latchkey_types::Timestamp;

use super::{HOME, kind_name, pass, require};
use crate::layout::{self, Alert, Layout};
use crate::portal::Portal;
use crate::reset::{Answer, see_other};
use crate::signed_in::Place;

#[derive(Template)]
#[template(path = "security_info/overview.html")]
struct OverviewPage {
    l: Layout,
    lead: String,
    /// *1 of 2 done*.
    progress: Option<String>,
    /// What is missing, or that nothing is.
    missing: Option<String>,
    is_enough: bool,
    notes: Vec<String>,
    sections: Vec<SectionView>,
    /// Whether to offer *not now*.
    put_off: bool,
    /// Whether to offer looking at everything and confirming it.
    check: bool,
    /// Where somebody wanted to go, in a word; and its address, if the way there is open.
    then: String,
    go_on: Option<&'static str>,
}

pub(super) struct SectionView {
    pub(super) id: &'static str,
    pub(super) name: String,
    pub(super) detail: String,
    pub(super) items: Vec<ItemView>,
    /// Where one is added or replaced, and what that is called.
    pub(super) add: Option<(&'static str, String)>,
}

pub(super) struct ItemView {
    pub(super) id: Option<String>,
    pub(super) which: String,
    /// Whether it is a destination, in monospace from left to right, or a name.
    pub(super) is_destination: bool,
    pub(super) notes: Vec<Note>,
    pub(super) confirm: Option<&'static str>,
    pub(super) confirm_name: String,
    pub(super) remove_name: String,
}

/// A sentence with a moment in it, or without.
pub(super) struct Note {
    pub(super) text: String,
}

pub(super) async fn get(State(portal): State<Portal>, incoming: Incoming) -> Answer {
    let here = require(&portal, &incoming).await?;
    let view = pass(security_info::overview(&portal, &here.cookie).await?, HOME)?;
    if view.todo == Some(Todo::ProveSecondFactor) {
        return Ok(see_other("/security-info/confirm-it-is-you"));
    }
    let t = here.texts();
    let word = incoming.query("n");
    let notice = match word.as_deref() {
        Some("added") => Some(Alert::info(t.get("info-done-added"))),
        Some("replaced") => Some(Alert::info(t.get("info-done-replaced"))),
        Some("removed") => Some(Alert::info(t.get("info-done-removed"))),
        Some("confirmed") => Some(Alert::info(t.get("info-done-confirmed"))),
        Some("registered") if view.state.is_registered => {
            Some(Alert::info(t.get("info-done-registered")))
        }
        Some("proven") => Some(Alert::info(t.get("info-done-proven"))),
        Some("over") => Some(Alert::info(t.get("info-over"))),
        _ => None,
    };
    let mut l = here.layout(HOME, t.get("info-heading"));
    l.alert = notice;
    l.wide = true;
    let then = incoming.query("then").unwrap_or_default();
    let template = template(t, l, &view, Place::parse(&then));
    Ok(layout::page(StatusCode::OK, t.locale(), &template)?.into_response())
}

fn template(t: Texts, l: Layout, view: &Overview, then: Place) -> OverviewPage {
    // Whoever came for this page goes on to their account.
    let then = match then {
        Place::SecurityInfo => Place::Account,
        other => other,
    };
    let offers = view
        .sections
        .iter()
        .any(|section| section.is_offered && section.kind.is_theirs());
    let counts = view.state.is_enabled && offers;
    let done = view.progress.done;
    let needed = view.progress.needed;
    let missing = needed.saturating_sub(done);
    let asked = !view.put_off
        && view.todo.is_none()
        && (view.state.must_register || view.state.must_reconfirm);
    let mut notes = Vec::new();
    if view.todo == Some(Todo::RegisterSecondFactor) {
        notes.push(t.get("info-asked-second"));
    } else if asked && !view.state.is_registered {
        notes.push(t.get("info-asked"));
    }
    if let Some(until) = view.held_until {
        let until = t.date_time(until);
        notes.push(t.with("info-held", &[("until", (&until).into())]));
    }
    if !view.is_elsewhere && !view.state.is_enabled {
        notes.push(t.get("info-off"));
    } else if !view.is_elsewhere && !offers {
        notes.push(t.get("info-nothing"));
    }
    OverviewPage {
        lead: t.get(if view.is_elsewhere {
            "info-elsewhere"
        } else {
            "info-lead"
        }),
        progress: counts.then(|| {
            t.with(
                "info-progress",
                &[("done", done.min(needed).into()), ("needed", needed.into())],
            )
        }),
        missing: counts.then(|| {
            if missing == 0 {
                t.get("info-enough")
            } else {
                t.with("info-more", &[("missing", missing.into())])
            }
        }),
        is_enough: missing == 0,
        notes,
        sections: sections(t, view, view.todo.is_none()),
        put_off: asked,
        check: view.state.must_reconfirm && view.todo.is_none(),
        go_on: (view.todo.is_none() && !asked).then(|| then.path()),
        then: then.path().trim_start_matches('/').to_owned(),
        l,
    }
}

/// What is on file, in the words of the page.
pub(super) fn sections(t: Texts, view: &Overview, all: bool) -> Vec<SectionView> {
    view.sections
        .iter()
        .filter(|section| all || matches!(section.kind, Kind::Passkey | Kind::Authenticator))
        .map(|section| section_view(t, section))
        .collect()
}

fn section_view(t: Texts, section: &Section) -> SectionView {
    let kind = section.kind;
    let has = !section.items.is_empty();
    let (id, detail, path, add) = match kind {
        Kind::Passkey => (
            "passkey",
            "method-passkey-detail",
            "/security-info/passkey",
            "add-passkey",
        ),
        Kind::Authenticator => (
            "authenticator",
            "method-authenticator-detail",
            "/security-info/authenticator",
            "add-authenticator",
        ),
        Kind::Email => (
            "email",
            "method-email-detail",
            "/security-info/email",
            if has { "change-email" } else { "add-email" },
        ),
        Kind::Phone => (
            "phone",
            "method-phone-detail",
            "/security-info/phone",
            if has { "change-phone" } else { "add-phone" },
        ),
        Kind::OfficePhone => ("office", "method-office-detail", "", ""),
        Kind::Questions => (
            "questions",
            "method-questions-detail",
            "/security-info/questions",
            if has {
                "change-questions"
            } else {
                "add-questions"
            },
        ),
        Kind::RecoveryCodes => (
            "recovery",
            "method-recovery-detail",
            "/security-info/recovery-codes",
            if has {
                "change-recovery"
            } else {
                "add-recovery"
            },
        ),
    };
    SectionView {
        id,
        name: kind_name(t, kind),
        detail: t.get(detail),
        items: section
            .items
            .iter()
            .map(|item| item_view(t, section, item, path))
            .collect(),
        add: (section.is_offered && kind.is_theirs()).then(|| (path, t.get(add))),
    }
}

fn item_view(t: Texts, section: &Section, item: &Item, path: &'static str) -> ItemView {
    let which = match (section.kind, item.count) {
        (Kind::Questions, Some(count)) => t.with("item-questions", &[("count", count.into())]),
        (_, Some(count)) => t.with("item-codes", &[("count", count.into())]),
        (_, None) => item.which.clone(),
    };
    let mut notes = Vec::new();
    let mut note = |text| notes.push(Note { text });
    match item.origin {
        Origin::Administrator => note(t.get("item-from-administrator")),
        Origin::Directory => note(t.get("item-from-directory")),
        Origin::Person => {}
    }
    let at = |moment: Timestamp| t.date_time(moment);
    if let Some(until) = item.rests_until {
        note(t.with("item-rests", &[("until", (&at(until)).into())]));
    }
    if let Some(since) = item.since.filter(|_| item.origin == Origin::Person) {
        note(t.with("item-since", &[("when", (&at(since)).into())]));
    }
    if let Some(used) = item.used_at {
        note(t.with("item-used", &[("when", (&at(used)).into())]));
    }
    let name = [("which", (&which).into())];
    ItemView {
        id: item.id.clone(),
        is_destination: matches!(section.kind, Kind::Email | Kind::Phone | Kind::OfficePhone),
        confirm: (item.to_confirm && section.is_offered).then_some(path),
        confirm_name: t.with("item-confirm-name", &name),
        remove_name: t.with("item-remove-name", &name),
        notes,
        which,
    }
}
