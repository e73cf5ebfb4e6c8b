//! What nobody waits for any more: processes die, and people leave.

use std::time::Duration;

use latchkey_store::operations::{self, Operation, State};
use latchkey_wire::operation::Verb;

use crate::reset::Settled;
use crate::{App, AppError, Ctx, change, reset};

/// How long whoever asked has to do it.
const LEFT_OVER: Duration = Duration::from_secs(15);

const BATCH: i64 = 50;

/// Takes operations away that nobody took in time, and does what follows from answers that nobody waits
/// for. How many there were; call it again while there are any.
pub async fn settle_left_over(app: &App, ctx: &Ctx) -> Result<usize, AppError> {
    let now = app.clock().now();
    let before = now.minus(LEFT_OVER);
    let left = app
        .db()
        .read(async |mut tx| {
            operations::list_unsettled(&mut tx, before, BATCH)
                .await
                .map_err(AppError::from)
        })
        .await?;
    let mut count = 0;
    for operation in left {
        count += usize::from(one(app, ctx, &operation).await?);
    }
    Ok(count)
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
    change::settle(app, ctx, operation).await
}
