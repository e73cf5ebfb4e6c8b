//! An administrator's reset of a password that is in a directory.

use latchkey_core::model::User;
use latchkey_core::password::normalise;
use latchkey_core::reset::{Subject, Writeback};
use latchkey_store::operations;
use latchkey_types::{OperationId, Password};
use latchkey_wire::operation::{Outcome, Refusal, Verb};

use crate::audit::{Entry, record_one};
use crate::reset::Case;
use crate::writeback::{self, Ask, PATIENCE, Pending, TIME_TO_BEGIN, ask, wait};
use crate::{App, AppError, Ctx};

/// Has an agent set somebody's password, and waits: whether it has to be changed at the next sign-in.
/// `Err`: nothing was set, or it is not known yet.
pub(super) async fn set(
    app: &App,
    ctx: &Ctx,
    user: &User,
    password: &Password,
    must_change: bool,
    entry: Entry,
) -> Result<bool, AppError> {
    let (tenant, now) = (user.tenant, app.clock().now());
    let case = app
        .db()
        .read(async |mut tx| Case::gather(&mut tx, app, tenant, Subject::Known, user.id, now).await)
        .await?
        .ok_or(AppError::NotFound)?;
    let cannot = match case.writeback {
        Writeback::Ready => None,
        Writeback::Off => Some("the password is in a directory, and writeback is off for it"),
        Writeback::Unreachable | Writeback::ActionRequired => Some(
            "the directory cannot be reached now: see `latchkey agent status`. Nothing was changed",
        ),
    };
    if let Some(cannot) = cannot {
        return Err(AppError::Invalid(cannot.into()));
    }
    let hash = if case.keeps_copy() {
        let password = normalise(password);
        Some(app.hashing().hash(app.entropy(), password).await?)
    } else {
        None
    };
    let pending = Pending::of(ctx, hash, must_change);
    let operation = OperationId::new(app.clock(), app.entropy());
    let what = Ask {
        password: Some(password),
        must_change,
        pending: Some(&pending),
        ..Ask::new(Verb::ResetByAdministrator, user, TIME_TO_BEGIN)
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
    wait(
        app,
        tenant,
        operation,
        now.plus(TIME_TO_BEGIN).plus(PATIENCE),
    )
    .await?;
    let done = app
        .db()
        .write(async |mut tx| {
            let tx = &mut tx;
            let now = app.clock().now();
            let Some(asked) = operations::get(tx, tenant, operation).await? else {
                return Err(AppError::NotFound);
            };
            let came = writeback::came(tx, &case.data_key, &asked).await?;
            let done = match came.outcome() {
                Outcome::Unknown => {
                    return Err(AppError::Invalid(
                        "the directory took it and did not answer yet. What came of it is found out \
                         and will be in the audit log; until then, set nothing else"
                            .into(),
                    ));
                }
                Outcome::Done { must_change, .. } => Ok(must_change),
                Outcome::Refused { why } => Err(why),
                Outcome::State(_) => Err(Refusal::Unexpected),
            };
            if !operations::settle(tx, tenant, operation, now).await? {
                return Err(AppError::Conflict("somebody else settled it".into()));
            }
            let mut entry = entry.clone().with("operation", operation.to_string());
            if let Some(detail) = came.detail() {
                entry = entry.with("directory", detail);
            }
            match done {
                Ok(required) => {
                    writeback::done(tx, &case, what.verb, &pending, required, now).await?;
                    entry = entry.with("must_change_password", required);
                }
                Err(why) => {
                    let reason = writeback::reason(why);
                    entry = entry.failed().because(reason).with("why", why.code());
                }
            }
            record_one(tx, app, ctx, &case.tenant, entry).await?;
            Ok(done)
        })
        .await?;
    done.map_err(|why| {
        AppError::Invalid(format!(
            "the directory did not set the password: {}",
            why.code()
        ))
    })
}
