use latchkey_core::audit::Activity;
use latchkey_core::registration::{self, Kind, Progress};
use latchkey_core::reset::Subject;
use latchkey_core::sign_in::Factor;
use latchkey_store::registration as store;
use latchkey_store::{Tx, methods};
use latchkey_types::{MethodId, Secret, Timestamp};

use super::notify;
use crate::audit::{Entry, record_one};
use crate::reset::Case;
use crate::sign_in::{Here, Todo, renew};
use crate::{App, AppError, Ctx};

/// What became of a method.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum How {
    /// It is new.
    Added,
    /// It took the place of another one.
    Replaced,
    /// What somebody else had put on file was proven right.
    Confirmed,
    /// It is gone.
    Removed,
}

impl How {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Replaced => "replaced",
            Self::Confirmed => "confirmed",
            Self::Removed => "removed",
        }
    }
}

/// A change, as pages, mails and the log tell of it.
#[derive(Debug, Clone)]
pub struct Change {
    /// Of what.
    pub kind: Kind,
    /// What became of it.
    pub how: How,
    /// The destination, masked, or the name of it; empty where there is none.
    pub which: String,
}

/// A change that was made.
#[derive(Debug, Clone)]
pub struct Saved {
    /// Which.
    pub change: Change,
    /// Whether the person is registered with it, and was not before.
    pub is_registered_now: bool,
    /// How far they are.
    pub progress: Progress,
    /// Until when it cannot be used for a reset.
    pub rests_until: Option<Timestamp>,
    /// The browser's next cookie, where the session gained something by this.
    pub cookie: Option<Secret<String>>,
}

/// The name of a kind in the log.
pub(super) const fn kind_name(kind: Kind) -> &'static str {
    match kind {
        Kind::Passkey => "passkey",
        Kind::Authenticator => "authenticator",
        Kind::Email => "email",
        Kind::Phone => "phone",
        Kind::OfficePhone => "office phone",
        Kind::Questions => "questions",
        Kind::RecoveryCodes => "recovery codes",
    }
}

/// Whether somebody who proves an address or a number for the first time could have used another one
/// before: then the new one rests, although nothing stands in its place.
///
/// What is added beside enough methods rests, and everything after the first registration, also what
/// is put in the place of a value that was removed in between.
pub(super) fn is_later(here: &Here) -> bool {
    let confirmed = here.case.user.as_ref().and_then(|user| user.confirmed_at);
    confirmed.is_some()
        || here
            .case
            .registration(here.now)
            .is_some_and(|facts| registration::state(&facts).is_registered)
}

/// Counts a new value as one that replaced another then, or none.
pub(super) async fn let_rest(
    tx: &mut Tx,
    here: &Here,
    id: MethodId,
    since: Option<Timestamp>,
) -> Result<(), AppError> {
    methods::let_rest(tx, here.row.tenant, id, since).await?;
    Ok(())
}

/// What follows from a change that is written: the event, the mails, the date, and the cookie.
pub(super) async fn settle(
    tx: &mut Tx,
    app: &App,
    ctx: &Ctx,
    here: &Here,
    cookie: &Secret<String>,
    change: Change,
) -> Result<Saved, AppError> {
    let (tenant, user) = (here.row.tenant, here.row.user);
    let after = Case::gather(tx, app, tenant, Subject::Known, user, here.now)
        .await?
        .ok_or(AppError::NotFound)?;
    let facts = after
        .registration(here.now)
        .ok_or(AppError::bug("somebody signed in has no account"))?;
    let was = here
        .case
        .registration(here.now)
        .is_some_and(|facts| registration::state(&facts).is_registered);
    let is_registered_now = !was && registration::state(&facts).is_registered;
    let is_destination = matches!(change.kind, Kind::Email | Kind::Phone);
    let goes_for_the_first_time =
        change.how == How::Removed && is_destination && facts.confirmed_at.is_none();
    if is_registered_now {
        store::confirm(tx, tenant, user, here.now).await?;
    } else if goes_for_the_first_time {
        // Whatever is put there from now on is not the first: see `is_later`. Nothing was found right
        // today, though, and who is told to register again still has to.
        store::confirm(tx, tenant, user, facts.created_at).await?;
    }
    record(tx, app, ctx, here, &after, &change, is_registered_now).await?;
    notify::changed(tx, app, ctx, here, &after, &change).await?;
    let gained = match (here.todo(), change.kind) {
        (Some(Todo::RegisterSecondFactor), Kind::Authenticator) => Some(Factor::Authenticator),
        (Some(Todo::RegisterSecondFactor), Kind::Passkey) => Some(Factor::Passkey),
        _ => None,
    };
    // The sign-in is fresh, and the second factor was used just now.
    let cookie = match gained {
        Some(factor) => Some(renew(tx, app, here, cookie, &[factor], true).await?),
        None => None,
    };
    Ok(Saved {
        is_registered_now,
        progress: registration::progress(&facts),
        rests_until: rests_until(&after, change.kind, here.now),
        cookie,
        change,
    })
}

/// Until when a destination on file cannot be used for a reset.
pub(super) fn rests_until(case: &Case, kind: Kind, now: Timestamp) -> Option<Timestamp> {
    let methods = &case.methods;
    let changed_at = match kind {
        Kind::Email => methods.email.as_ref()?.changed_at,
        Kind::Phone => methods.mobile.as_ref()?.changed_at,
        Kind::OfficePhone => methods.office.as_ref()?.changed_at,
        _ => None,
    }?;
    let until = changed_at.plus(case.tenant.settings.reset.rest());
    (now < until).then_some(until)
}

async fn record(
    tx: &mut Tx,
    app: &App,
    ctx: &Ctx,
    here: &Here,
    after: &Case,
    change: &Change,
    is_registered_now: bool,
) -> Result<(), AppError> {
    let activity = match change.how {
        _ if is_registered_now => Activity::Registered,
        How::Confirmed => Activity::SecurityInfoConfirmed,
        How::Added | How::Replaced | How::Removed => Activity::SecurityInfoChanged,
    };
    let mut entry = Entry::new(activity)
        .on(here.target())
        .with("method", kind_name(change.kind))
        .with("change", change.how.as_str());
    if !change.which.is_empty() {
        entry = entry.with("which", change.which.as_str());
    }
    if is_registered_now {
        entry = entry.with("registered", on_file(after));
    }
    record_one(tx, app, ctx, &here.case.tenant, entry).await
}

/// The kinds of which there is something on file.
pub(super) fn on_file(case: &Case) -> Vec<&'static str> {
    let methods = &case.methods;
    Kind::ALL
        .into_iter()
        .filter(|kind| match kind {
            Kind::Passkey => methods.passkeys > 0,
            Kind::Authenticator => methods.authenticators > 0,
            Kind::Email => methods.email.is_some(),
            Kind::Phone => methods.mobile.is_some(),
            Kind::OfficePhone => methods.office.is_some(),
            Kind::Questions => methods.questions > 0,
            Kind::RecoveryCodes => methods.recovery_codes > 0,
        })
        .map(kind_name)
        .collect()
}
