//! What nobody waits for any more: processes die, and people leave.

use std::time::Duration;

use latchkey_core::audit::Activity;
use latchkey_core::reset::{Deed, Subject};
use latchkey_store::operations::{self, Operation, State};
use latchkey_wire::operation::{Outcome, Verb};

use super::{Pending, came, done, reason};
use crate::audit::{Entry, Target, record_one};
use crate::reset::{Case, Settled};
use crate::{App, AppError, Ctx, change, reset};

/// How long whoever asked has to do it.
const LEFT_OVER: Duration = Duration::from_secs(15);

const BATCH: i64 = 50;

/// Takes operations away that nobody took in time, and does what follows from answers that nobody waits
/// for; how many.
pub async fn settle_left_over(app: &App, ctx: &Ctx) -> Result<usize, AppError> {
    let before = app.clock().now().minus(LEFT_OVER);
    let (mut count, mut after) = (0, None);
    loop {
        let left = app
            .db()
            .read(async |mut tx| {
                operations::list_unsettled(&mut tx, before, after, BATCH)
                    .await
                    .map_err(AppError::from)
            })
            .await?;
        let Some(last) = left.last() else {
            return Ok(count);
        };
        after = Some((last.expires_at, last.id));
        for operation in &left {
            match one(app, ctx, operation).await {
                Ok(settled) => count += usize::from(settled),
                // One that cannot be settled holds up no other.
                Err(error) => tracing::warn!(
                    operation = %operation.id, error = error.chain(), "not settled"
                ),
            }
        }
    }
}

async fn one(app: &App, ctx: &Ctx, operation: &Operation) -> Result<bool, AppError> {
    let (tenant, id) = (operation.tenant, operation.id);
    if !Verb::parse(&operation.verb).is_some_and(Verb::writes) {
        // Whoever asked waits no more, whatever came of it.
        return app
            .db()
            .write(async |mut tx| {
                operations::drop_question(&mut tx, tenant, id)
                    .await
                    .map_err(AppError::from)
            })
            .await;
    }
    if operation.state == State::Waiting {
        let expired = app
            .db()
            .write(async |mut tx| {
                let now = app.clock().now();
                operations::expire(&mut tx, tenant, id, now)
                    .await
                    .map_err(AppError::from)
            })
            .await?;
        if !expired {
            return Ok(false);
        }
    }
    if let Some(session) = operation.session {
        match reset::settle(app, ctx, tenant, session).await? {
            Settled::Here => return Ok(true),
            Settled::NotYet => return Ok(false),
            Settled::NoSession => {}
        }
    }
    late(app, ctx, operation).await
}

/// Does what follows from an answer whose session is gone, or that has none. `false`: not known yet, or
/// done.
async fn late(app: &App, ctx: &Ctx, operation: &Operation) -> Result<bool, AppError> {
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
            let came = came(tx, &case.data_key, &asked).await?;
            let outcome = came.outcome();
            if outcome == Outcome::Unknown || !operations::settle(tx, tenant, asked.id, now).await?
            {
                return Ok(false);
            }
            let verb = Verb::parse(&asked.verb)
                .ok_or_else(|| AppError::bug("an operation without a verb"))?;
            let pending = Pending::read(&case.data_key, &asked)?;
            // Whoever asked did it, though somebody else says so.
            let ctx = &pending.by(ctx);
            let mut entry = Entry::new(activity(verb))
                .on(case.user.as_ref().map(Target::user))
                .with("operation", asked.id.to_string())
                .with("late", true);
            if let Some(detail) = came.detail() {
                entry = entry.with("directory", detail);
            }
            match outcome {
                Outcome::Done { must_change, .. } => {
                    done(tx, &case, verb, &pending, must_change, now).await?;
                    let told = match verb {
                        Verb::Reset => {
                            reset::was_written(tx, app, ctx, &case, now, Deed::Reset).await?
                        }
                        Verb::Unlock => {
                            reset::was_written(tx, app, ctx, &case, now, Deed::Unlock).await?
                        }
                        Verb::Change => change::was_changed(tx, app, ctx, &case, now).await?.len(),
                        Verb::ResetByAdministrator | Verb::Verify | Verb::State => 0,
                    };
                    entry = entry.with("told", told);
                }
                Outcome::Refused { why } => {
                    entry = entry.failed().because(reason(why)).with("why", why.code());
                }
                Outcome::State(_) | Outcome::Unknown => entry = entry.failed(),
            }
            record_one(tx, app, ctx, &case.tenant, entry).await?;
            Ok(true)
        })
        .await
}

const fn activity(verb: Verb) -> Activity {
    match verb {
        Verb::ResetByAdministrator => Activity::ResetByAdmin,
        Verb::Reset => Activity::ResetSelfService,
        Verb::Unlock => Activity::Unlock,
        Verb::Change | Verb::Verify | Verb::State => Activity::ChangePassword,
    }
}
