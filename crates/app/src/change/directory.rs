//! A password in a directory: an agent changes it with the present one, as the person themselves, so
//! that the directory applies its own rules, and its answer is shown at once.

use latchkey_core::audit::Activity;
use latchkey_core::password::normalise;
use latchkey_core::reset::{DirectoryState, Writeback};
use latchkey_store::{operations, sign_in_sessions};
use latchkey_types::{OperationId, Password, Secret};
use latchkey_wire::operation::{Outcome as Came, Refusal, Verb};

use super::{Notice, Outcome, attempt, failed, notify};
use crate::audit::{Entry, record_one};
use crate::reset::state_read;
use crate::sign_in::{Here, Pace, outlive};
use crate::writeback::{
    self, Ask, PATIENCE, Pending, STATE_PATIENCE, TIME_TO_BEGIN, ask, question, wait,
};
use crate::{App, AppError, Ctx};

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
            let what = Ask::new(Verb::State, user, STATE_PATIENCE);
            ask(&mut tx, app, key, agents, operation, &what).await
        })
        .await;
    match asked {
        Ok(true) => {}
        Ok(false) | Err(AppError::Busy { .. }) => return Ok(None),
        Err(error) => return Err(error),
    }
    let key = &here.case.data_key;
    Ok(
        match question(app, key, tenant, operation, STATE_PATIENCE).await? {
            Came::State(state) => Some(state_read(&state)),
            _ => None,
        },
    )
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
    let hash = if here.case.keeps_copy() {
        Some(app.hashing().hash(app.entropy(), normalise(new)).await?)
    } else {
        None
    };
    let pending = Pending::of(ctx, hash, false);
    let (tenant, operation) = (
        here.row.tenant,
        OperationId::new(app.clock(), app.entropy()),
    );
    let asked = app
        .db()
        .write(async |mut tx| {
            let tx = &mut tx;
            let tried = match attempt::begin(tx, app, ctx, here, current).await? {
                Ok(tried) => tried,
                Err(until) => return Ok(Err(Notice::Locked { until })),
            };
            let Some(user) = here.case.user.as_ref() else {
                return Ok(Err(Notice::DirectoryAway));
            };
            let what = Ask {
                password: Some(new),
                old_password: Some(current),
                pending: Some(&pending),
                ..Ask::new(Verb::Change, user, TIME_TO_BEGIN)
            };
            let (key, agents) = (&here.case.data_key, &here.case.agents);
            if ask(tx, app, key, agents, operation, &what).await? {
                return Ok(Ok(tried));
            }
            let entry = failed(here, writeback::reason(Refusal::Unreachable));
            let began = tried.failed(tx, app, ctx, here, entry).await?;
            Ok::<_, AppError>(Err(
                began.map_or(Notice::DirectoryAway, |until| Notice::Locked { until })
            ))
        })
        .await?;
    let tried = match asked {
        Ok(tried) => tried,
        Err(notice) => return Ok(Some(Outcome::Again(notice))),
    };
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
                // It will be found out, and settled without us.
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
                let mut entry = failed(&here, writeback::reason(why))
                    .with("why", why.code())
                    .with("operation", operation.to_string());
                if let Some(detail) = came.detail() {
                    entry = entry.with("directory", detail);
                }
                // The directory counted a wrong one, however often it comes: so do we, or our lock would
                // not come before the directory's. With another answer it is not known to be wrong.
                let compared = (why == Refusal::WrongPassword).then(|| tried.unlike_any(app));
                let tried = compared.as_ref().unwrap_or(&tried);
                if let Some(until) = tried.failed(tx, app, ctx, &here, entry).await? {
                    return Ok(Some(Outcome::Again(Notice::Locked { until })));
                }
                return Ok(Some(Outcome::Again(match why {
                    Refusal::WrongPassword => Notice::WrongCurrent,
                    Refusal::Unreachable | Refusal::Expired => Notice::DirectoryAway,
                    why => Notice::DirectoryRefused(why),
                })));
            }
            writeback::done(tx, &here.case, Verb::Change, &pending, false, here.now).await?;
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
