use latchkey_core::model::{Origin, UserType};
use latchkey_core::registration::{Kind, Needs, Progress, State, progress};
use latchkey_store::methods::{self, Method, MethodKind};
use latchkey_types::{EmailAddress, Locale, PhoneNumber, Secret, Timestamp};

use super::confirm::state_of;
use super::enter::{Bar, Reply, needs, offered};
use super::remove::kind_of;
use super::settle::rests_until;
use crate::keys::open_text;
use crate::sign_in::{Here, Todo};
use crate::{App, AppError};

/// One thing on file.
#[derive(Debug, Clone)]
pub struct Item {
    /// What removes it; `None`: only an administrator or the directory can.
    pub id: Option<String>,
    /// The destination, masked, or the name that the person gave it.
    pub which: String,
    /// How many there are, of questions and recovery codes.
    pub count: Option<usize>,
    /// Who put it there.
    pub origin: Origin,
    /// Since when it is there.
    pub since: Option<Timestamp>,
    /// When it was last used.
    pub used_at: Option<Timestamp>,
    /// Until when it cannot be used for a reset.
    pub rests_until: Option<Timestamp>,
    /// Whether it can be confirmed: somebody else put it there.
    pub to_confirm: bool,
}

/// A kind of method, and what is on file of it.
#[derive(Debug, Clone)]
pub struct Section {
    /// The kind.
    pub kind: Kind,
    /// What is on file.
    pub items: Vec<Item>,
    /// Whether the policy lets the person register one.
    pub is_offered: bool,
}

/// Everything that the first page of the portal shows.
#[derive(Debug, Clone)]
pub struct Overview {
    /// Whether the identity is kept elsewhere, where its security info is too.
    pub is_elsewhere: bool,
    /// The kinds that there are for this person.
    pub sections: Vec<Section>,
    /// *1 of 2 done*.
    pub progress: Progress,
    /// How far the registration is.
    pub state: State,
    /// Whether it was put off in this session.
    pub put_off: bool,
    /// Until when security info is held after a reset.
    pub held_until: Option<Timestamp>,
    /// What has to be done before anything else.
    pub todo: Option<Todo>,
    /// The language of messages to this person.
    pub locale: Option<Locale>,
}

/// The first page of the portal.
pub async fn overview(app: &App, cookie: &Secret<String>) -> Reply<Overview> {
    let found = app
        .db()
        .read(async |mut tx| {
            let tx = &mut tx;
            let Some(here) = Here::find(tx, app, cookie).await? else {
                return Ok(None);
            };
            let rows = methods::list_for_user(tx, here.row.tenant, here.row.user).await?;
            Ok::<_, AppError>(Some((here, rows)))
        })
        .await?;
    let Some((here, rows)) = found else {
        return Ok(Err(Bar::SignIn));
    };
    let (Some(user), Some(facts), Some(state)) = (
        &here.case.user,
        here.case.registration(here.now),
        state_of(&here),
    ) else {
        return Err(AppError::bug("somebody signed in has no account"));
    };
    let is_elsewhere = user.user_type == UserType::ExternalGuest;
    let offered = if is_elsewhere {
        Vec::new()
    } else {
        offered(&here)
    };
    let sections = if is_elsewhere {
        Vec::new()
    } else {
        sections(&here, &rows, &offered)?
    };
    Ok(Ok(Overview {
        is_elsewhere,
        sections,
        progress: progress(&facts),
        state,
        put_off: here.row.put_off,
        held_until: match needs(&here) {
            Err(Needs::FreshTwice { held_until }) => Some(held_until),
            Err(Needs::Fresh) | Ok(()) => None,
        },
        todo: here.todo(),
        locale: user.locale,
    }))
}

/// Every kind that can be registered, and every other one of which there is something to remove.
fn sections(here: &Here, rows: &[Method], offered: &[Kind]) -> Result<Vec<Section>, AppError> {
    let mut sections = Vec::new();
    for kind in Kind::ALL {
        let is_offered = offered.contains(&kind);
        let mut items = items(here, rows, kind)?;
        if !is_offered {
            items.retain(|item| item.id.is_some());
        }
        if !(is_offered && kind.is_theirs()) && items.is_empty() {
            continue;
        }
        sections.push(Section {
            kind,
            items,
            is_offered,
        });
    }
    Ok(sections)
}

fn items(here: &Here, rows: &[Method], kind: Kind) -> Result<Vec<Item>, AppError> {
    let of_kind = || rows.iter().filter(|row| kind_of(row.kind) == kind);
    match kind {
        Kind::Questions => {
            let count = here.case.methods.questions;
            Ok(counted(of_kind(), count, "questions"))
        }
        Kind::RecoveryCodes => {
            let count = here.case.methods.recovery_codes;
            Ok(counted(of_kind(), count, "recovery-codes"))
        }
        _ => {
            let mut items = Vec::new();
            if !of_kind().any(|row| row.kind != MethodKind::AlternatePhone) {
                items.extend(from_elsewhere(here, kind));
            }
            for row in of_kind() {
                items.push(item(here, row)?);
            }
            Ok(items)
        }
    }
}

/// What the directory or an administrator has in the account itself.
fn from_elsewhere(here: &Here, kind: Kind) -> Option<Item> {
    let methods = &here.case.methods;
    let (which, origin) = match kind {
        Kind::Email => methods
            .email
            .as_ref()
            .map(|on| (on.value.masked(), on.origin)),
        Kind::Phone => methods
            .mobile
            .as_ref()
            .map(|on| (on.value.masked(), on.origin)),
        Kind::OfficePhone => methods
            .office
            .as_ref()
            .map(|on| (on.value.masked(), on.origin)),
        _ => None,
    }?;
    Some(Item {
        id: None,
        which: which.to_string(),
        count: None,
        origin,
        since: None,
        used_at: None,
        rests_until: rests_until(&here.case, kind, here.now),
        to_confirm: kind != Kind::OfficePhone,
    })
}

fn item(here: &Here, row: &Method) -> Result<Item, AppError> {
    let kind = kind_of(row.kind);
    let is_main = matches!(row.kind, MethodKind::Email | MethodKind::Phone);
    Ok(Item {
        id: Some(row.id.to_string()),
        which: which(here, row)?,
        count: None,
        origin: row.origin,
        since: Some(row.changed_at.unwrap_or(row.created_at)),
        used_at: row.used_at,
        rests_until: if is_main {
            rests_until(&here.case, kind, here.now)
        } else {
            None
        },
        to_confirm: is_main && row.origin != Origin::Person,
    })
}

fn counted<'a>(rows: impl Iterator<Item = &'a Method>, count: usize, id: &str) -> Vec<Item> {
    let newest = rows.max_by_key(|row| row.created_at);
    newest
        .map(|newest| Item {
            id: Some(id.to_owned()),
            which: String::new(),
            count: Some(count),
            origin: newest.origin,
            since: Some(newest.created_at),
            used_at: None,
            rests_until: None,
            to_confirm: false,
        })
        .into_iter()
        .collect()
}

/// The destination, masked, or the name that tells one method from another.
pub(super) fn which(here: &Here, row: &Method) -> Result<String, AppError> {
    let text = || {
        let key = &here.case.data_key;
        open_text(key, "method", "value", row.id.0, &row.value)
    };
    Ok(match row.kind {
        MethodKind::Email => EmailAddress::parse(text()?.expose())
            .map(|address| address.masked().to_string())
            .unwrap_or_default(),
        MethodKind::Phone | MethodKind::AlternatePhone => PhoneNumber::parse(text()?.expose())
            .map(|number| number.masked().to_string())
            .unwrap_or_default(),
        MethodKind::Authenticator => row.slot.clone(),
        MethodKind::Passkey => row.name.clone(),
        MethodKind::Question | MethodKind::RecoveryCode => String::new(),
    })
}
