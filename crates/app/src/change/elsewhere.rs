//! A password in a directory: an agent changes it with the present one, as the person themselves, so
//! that the directory applies its own rules, and its answer is shown at once.

use std::time::Duration;

use latchkey_core::audit::Activity;
use latchkey_core::model::{Managed, User, UserType};
use latchkey_core::password::normalise;
use latchkey_core::reset::{DirectoryState, Subject, Writeback};
use latchkey_store::operations::{self, Operation};
use latchkey_store::{Tx, accounts, links, lockout, sign_in_sessions};
use latchkey_types::{OperationId, Password, Secret};
use latchkey_wire::operation::{Outcome as Came, Refusal, Verb};

use super::{Notice, Outcome, failed, notify};
use crate::audit::{Entry, Target, record_one};
use crate::reset::{Case, state_of, state_read};
use crate::sign_in::{Here, Pace, outlive};
use crate::writeback::{self, Ask, Pending, TIME_TO_BEGIN, ask, wait};
use crate::{App, AppError, Ctx};

/// How long a post waits for the directory.
const PATIENCE: Duration = Duration::from_secs(10);

/// How long the page waits for the directory's policy.
const POLICY_PATIENCE: Duration = Duration::from_secs(2);

/// Whether somebody's password is changed by an agent.
pub(super) fn is_in_directory(user: &User) -> bool {
    matches!(
        user.managed,
        Managed::PassThrough | Managed::PasswordHashSync
    ) && user.user_type != UserType::ExternalGuest
}

/// What the directory says of the account now. `None`: it does not say so in time.
pub(super) async fn read(app: &App, here: &Here) -> Result<Option<DirectoryState>, AppError> {
    let Some(user) = here.case.user.as_ref() else {
        return Ok(None);
    };
    if here.case.writeback != Writeback::Ready {
        return Ok(None);
    }
    let (tenant, operation) = (
        here.row.tenant,
        OperationId::new(app.clock(), app.entropy()),
    );
    let asked = app
        .db()
        .write(async |mut tx| {
            let (key, agents) = (&here.case.data_key, &here.case.agents);
            here.pace(&mut tx, "policy", Pace::OF_HASHES).await?;
            ask(&mut tx, app, key, agents, operation, &state_of(user)).await
        })
        .await;
    match asked {
        Ok(true) => {}
        Ok(false) | Err(AppError::Busy { .. }) => return Ok(None),
        Err(error) => return Err(error),
    }
    wait(
        app,
        tenant,
        operation,
        app.clock().now().plus(POLICY_PATIENCE),
    )
    .await?;
    app.db()
        .write(async |mut tx| {
            let tx = &mut tx;
            let Some(asked) = operations::get(tx, tenant, operation).await? else {
                return Ok(None);
            };
            let came = writeback::came(tx, &here.case.data_key, &asked).await?;
            operations::settle(tx, tenant, operation, app.clock().now()).await?;
            Ok(match came.outcome() {
                Came::State(state) => Some(state_read(&state)),
                _ => None,
            })
        })
        .await
}

/// Changes the password. `None`: nobody is signed in any more.
pub(super) async fn change(
    app: &App,
    ctx: &Ctx,
    here: &Here,
    cookie: &Secret<String>,
    current: &Password,
    new: &Password,
) -> Result<Option<Outcome>, AppError> {
    if here.case.writeback != Writeback::Ready {
        return Ok(Some(Outcome::Again(Notice::DirectoryAway)));
    }
    let pending = Pending {
        hash: if here.case.keeps_copy() {
            Some(app.hashing().hash(app.entropy(), normalise(new)).await?)
        } else {
            None
        },
        must_change: false,
    };
    let (tenant, operation) = (
        here.row.tenant,
        OperationId::new(app.clock(), app.entropy()),
    );
    let asked = app
        .db()
        .write(async |mut tx| {
            let tx = &mut tx;
            here.pace(tx, "change", Pace::OF_HASHES).await?;
            let Some(user) = here.case.user.as_ref() else {
                return Ok(false);
            };
            let what = Ask {
                verb: Verb::Change,
                user,
                session: None,
                password: Some(new),
                old_password: Some(current),
                must_change: false,
                pending: Some(&pending),
                time: TIME_TO_BEGIN,
            };
            let (key, agents) = (&here.case.data_key, &here.case.agents);
            ask(tx, app, key, agents, operation, &what).await
        })
        .await?;
    if !asked {
        return Ok(Some(Outcome::Again(Notice::DirectoryAway)));
    }
    wait(app, tenant, operation, app.clock().now().plus(PATIENCE)).await?;
    app.db()
        .write(async |mut tx| {
            let tx = &mut tx;
            let Some(here) = Here::find(tx, app, cookie).await? else {
                return Ok(None);
            };
            let Some(asked) = operations::get(tx, tenant, operation).await? else {
                return Ok(Some(Outcome::Again(Notice::NotKnown)));
            };
            let came = writeback::came(tx, &here.case.data_key, &asked).await?;
            let why = match came.outcome() {
                // It will be found out, and done by `settle`.
                Came::Unknown => return Ok(Some(Outcome::Again(Notice::NotKnown))),
                Came::Done { .. } => None,
                Came::Refused { why } => Some(why),
                Came::State(_) => Some(Refusal::Unexpected),
            };
            if !operations::settle(tx, tenant, operation, here.now).await? {
                // Somebody else was faster: it is done.
                return Ok(Some(Outcome::Again(Notice::OutOfDate)));
            }
            if let Some(why) = why {
                let mut entry = failed(&here, reason(why))
                    .with("why", why.code())
                    .with("operation", operation.to_string());
                if let Some(detail) = came.detail() {
                    entry = entry.with("directory", detail);
                }
                record_one(tx, app, ctx, &here.case.tenant, entry).await?;
                return Ok(Some(Outcome::Again(match why {
                    Refusal::WrongPassword => Notice::WrongCurrent,
                    Refusal::Unreachable | Refusal::Expired => Notice::DirectoryAway,
                    why => Notice::DirectoryRefused(why),
                })));
            }
            let pending = Pending::read(&here.case.data_key, &asked)?;
            was_set(tx, &here.case, pending, here.now).await?;
            let user = here.row.user;
            sign_in_sessions::end_others(tx, tenant, user, Some(here.row.id), here.now).await?;
            let cookie = outlive(tx, app, &here, cookie).await?;
            let told = notify::was_changed(tx, app, ctx, &here.case, here.now).await?;
            let entry = Entry::new(Activity::ChangePassword)
                .on(here.target())
                .with("forced", here.must_change().is_some())
                .with("operation", operation.to_string())
                .with("told", told.len());
            record_one(tx, app, ctx, &here.case.tenant, entry).await?;
            Ok(Some(Outcome::Changed { cookie, told }))
        })
        .await
}

/// What the audit log calls it.
const fn reason(why: Refusal) -> &'static str {
    match why {
        Refusal::WrongPassword => "wrong_password",
        Refusal::Locked => "locked",
        Refusal::Unreachable | Refusal::Expired => "directory_unavailable",
        why if why.is_about_the_password() => "password_refused",
        _ => "directory_refused",
    }
}

/// Keeps here what follows from a new password in the directory.
async fn was_set(
    tx: &mut Tx,
    case: &Case,
    pending: Pending,
    now: latchkey_types::Timestamp,
) -> Result<(), AppError> {
    let (tenant, user) = (case.tenant.id, case.subject_id);
    let hash = pending.hash.filter(|_| case.keeps_copy());
    let must_change = pending.must_change;
    accounts::password_written(tx, tenant, user, hash.as_deref(), must_change, now).await?;
    links::void_for_user(tx, tenant, user, now).await?;
    lockout::clear(tx, tenant, user, now).await?;
    Ok(())
}

/// Does what follows from the answer to a change or to an administrator's reset, once, for whoever
/// asked and waits no more. `false`: not known yet, or done.
pub(crate) async fn settle(app: &App, ctx: &Ctx, operation: &Operation) -> Result<bool, AppError> {
    let (tenant, user) = (operation.tenant, operation.user);
    app.db()
        .write(async |mut tx| {
            let tx = &mut tx;
            let now = app.clock().now();
            let Some(asked) = operations::get(tx, tenant, operation.id).await? else {
                return Ok(false);
            };
            let Some(case) = Case::gather(tx, app, tenant, Subject::Known, user, now).await? else {
                // The account is gone.
                return Ok(operations::settle(tx, tenant, operation.id, now).await?);
            };
            let came = writeback::came(tx, &case.data_key, &asked).await?;
            let outcome = came.outcome();
            if outcome == Came::Unknown || !operations::settle(tx, tenant, asked.id, now).await? {
                return Ok(false);
            }
            let activity = match Verb::parse(&asked.verb) {
                Some(Verb::ResetByAdministrator) => Activity::ResetByAdmin,
                Some(Verb::Reset) => Activity::ResetSelfService,
                Some(Verb::Unlock) => Activity::Unlock,
                _ => Activity::ChangePassword,
            };
            let mut entry = Entry::new(activity)
                .on(case.user.as_ref().map(Target::user))
                .with("operation", asked.id.to_string())
                .with("late", true);
            if let Some(detail) = came.detail() {
                entry = entry.with("directory", detail);
            }
            match outcome {
                Came::Done { .. } if activity == Activity::Unlock => {
                    lockout::clear(tx, tenant, user, now).await?;
                }
                Came::Done { .. } => {
                    let pending = Pending::read(&case.data_key, &asked)?;
                    was_set(tx, &case, pending, now).await?;
                    if activity == Activity::ChangePassword {
                        let told = notify::was_changed(tx, app, ctx, &case, now).await?;
                        entry = entry.with("told", told.len());
                    }
                }
                Came::Refused { why } => {
                    entry = entry.failed().because(reason(why)).with("why", why.code());
                }
                Came::State(_) | Came::Unknown => entry = entry.failed(),
            }
            record_one(tx, app, ctx, &case.tenant, entry).await?;
            Ok(true)
        })
        .await
}

/// Has an agent set somebody's password for an administrator, and waits.
pub(crate) async fn by_administrator(
    app: &App,
    ctx: &Ctx,
    user: &User,
    password: &Password,
    must_change: bool,
    entry: Entry,
) -> Result<Option<Refusal>, AppError> {
    let (tenant, now) = (user.tenant, app.clock().now());
    let case = app
        .db()
        .read(async |mut tx| Case::gather(&mut tx, app, tenant, Subject::Known, user.id, now).await)
        .await?
        .ok_or(AppError::NotFound)?;
    match case.writeback {
        Writeback::Ready => {}
        Writeback::Off => {
            return Err(AppError::Invalid(
                "the password is in a directory, and writeback is off for it".into(),
            ));
        }
        Writeback::Unreachable | Writeback::ActionRequired => {
            return Err(AppError::Invalid(
                "the directory cannot be reached now: see `latchkey agent status`. Nothing was changed"
                    .into(),
            ));
        }
    }
    let hash = if case.keeps_copy() {
        Some(
            app.hashing()
                .hash(app.entropy(), normalise(password))
                .await?,
        )
    } else {
        None
    };
    let pending = Pending { hash, must_change };
    let operation = OperationId::new(app.clock(), app.entropy());
    let what = Ask {
        verb: Verb::ResetByAdministrator,
        user,
        session: None,
        password: Some(password),
        old_password: None,
        must_change,
        pending: Some(&pending),
        time: TIME_TO_BEGIN,
    };
    let asked = app
        .db()
        .write(async |mut tx| {
            ask(&mut tx, app, &case.data_key, &case.agents, operation, &what).await
        })
        .await?;
    if !asked {
        return Err(AppError::Invalid(
            "there is no agent for this user's domain".into(),
        ));
    }
    let until = now.plus(TIME_TO_BEGIN).plus(PATIENCE);
    wait(app, tenant, operation, until).await?;
    app.db()
        .write(async |mut tx| {
            let tx = &mut tx;
            let now = app.clock().now();
            let Some(asked) = operations::get(tx, tenant, operation).await? else {
                return Err(AppError::NotFound);
            };
            let came = writeback::came(tx, &case.data_key, &asked).await?;
            let outcome = came.outcome();
            if outcome == Came::Unknown {
                return Err(AppError::Invalid(
                    "the directory took it and did not answer yet. What came of it is found out and \
                     will be in the audit log; until then, set nothing else"
                        .into(),
                ));
            }
            if !operations::settle(tx, tenant, operation, now).await? {
                return Err(AppError::Conflict("somebody else settled it".into()));
            }
            let mut entry = entry.clone().with("operation", operation.to_string());
            if let Some(detail) = came.detail() {
                entry = entry.with("directory", detail);
            }
            let why = match outcome {
                Came::Done { .. } => {
                    was_set(tx, &case, Pending::read(&case.data_key, &asked)?, now).await?;
                    None
                }
                Came::Refused { why } => Some(why),
                Came::State(_) | Came::Unknown => Some(Refusal::Unexpected),
            };
            if let Some(why) = why {
                entry = entry.failed().because(reason(why)).with("why", why.code());
            }
            record_one(tx, app, ctx, &case.tenant, entry).await?;
            Ok(why)
        })
        .await
}
