//! Forgetting what is of no use any more.

use std::time::Duration;

use latchkey_core::audit::ActorKind;
use latchkey_core::sign_in::lockout::FAMILIAR;
use latchkey_store::{
    agents, counts, links, lockout, networks, operations, outbox, pending, rate, sessions,
    sign_in_flows, sign_in_sessions, spent_work, tenants, throttle,
};
use latchkey_types::{Locale, RequestId, TenantId};

use super::PAGE;
use crate::{App, AppError, Ctx, audit};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Resets that ended are kept so long; what the audit log says of them stays.
const SESSIONS: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// Times that somebody was signed in.
const SIGN_INS: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// Ways to a session, and methods that were not registered in the end.
const ATTEMPTS: Duration = DAY;

/// Wrong passwords: by then nobody waits for the end of a lock, and a network where they were typed
/// is not familiar any more.
const LOCKS: Duration = FAMILIAR;

/// Messages that were delivered or given up, whose contents are gone already, and links that are
/// over.
const MESSAGES: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// What agents were asked to do. Whatever was never answered by then never will be.
const OPERATIONS: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// Daily counts.
const COUNTS: Duration = Duration::from_secs(90 * 24 * 60 * 60);

/// How many rows one transaction deletes.
const BATCH: i64 = 1_000;

/// Deletes what is over and of no use; how many rows. Any number of processes may do it.
pub async fn purge(app: &App) -> Result<u64, AppError> {
    let now = app.clock().now();
    let mut total = app
        .db()
        .write(async |mut tx| {
            let tx = &mut tx;
            let today = now
                .minus(COUNTS)
                .seconds()
                .div_euclid(i64::try_from(DAY.as_secs()).unwrap_or(1));
            let mut count = throttle::purge(tx, now.minus(DAY), now).await?;
            count += lockout::purge(tx, now.minus(LOCKS), now).await?;
            count += spent_work::purge(tx, now).await?;
            count += counts::purge(tx, today).await?;
            count += links::purge(tx, now.minus(MESSAGES)).await?;
            count += agents::purge_tokens(tx, now.minus(DAY)).await?;
            count += operations::purge(tx, now.minus(OPERATIONS)).await?;
            Ok::<_, AppError>(count)
        })
        .await?;
    total += crate::sync::purge(app).await?;
    total += expire_events(app).await?;
    // One short transaction after another, so that nobody waits long.
    loop {
        let count = app
            .db()
            .write(async |mut tx| {
                let tx = &mut tx;
                let mut count = sessions::purge(tx, now.minus(SESSIONS), BATCH).await?;
                count += sign_in_flows::purge(tx, now.minus(ATTEMPTS), BATCH).await?;
                count += pending::purge(tx, now.minus(ATTEMPTS), BATCH).await?;
                count += sign_in_sessions::purge(tx, now.minus(SIGN_INS), BATCH).await?;
                count += networks::purge(tx, now.minus(FAMILIAR), BATCH).await?;
                count += outbox::purge(tx, now.minus(MESSAGES), BATCH).await?;
                count += rate::purge(tx, now, BATCH).await?;
                Ok::<_, AppError>(count)
            })
            .await?;
        total += count;
        if count == 0 {
            return Ok(total);
        }
    }
}

/// Removes events that are older than their tenant's retention.
async fn expire_events(app: &App) -> Result<u64, AppError> {
    let ctx = Ctx {
        request: RequestId::new(app.clock(), app.entropy()),
        address: None,
        browser: String::new(),
        locale: Locale::En,
        actor: ActorKind::System,
    };
    let mut total = audit::expire(app, &ctx, TenantId::SERVICE).await?;
    let mut after = None;
    loop {
        let page = app
            .db()
            .read(async |mut tx| {
                tenants::list(&mut tx, after, PAGE)
                    .await
                    .map_err(AppError::from)
            })
            .await?;
        let Some(last) = page.last() else {
            return Ok(total);
        };
        after = Some(last.id);
        for tenant in &page {
            total += audit::expire(app, &ctx, tenant.id).await?;
        }
    }
}
