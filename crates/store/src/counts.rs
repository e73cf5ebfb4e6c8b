//! How often something happened on a day: texts and calls, messages to one recipient.

use latchkey_types::TenantId;

use crate::db::on;
use crate::{Result, Tx};

/// Counts one more, unless there are `limit` already. `Some`: how many there are now, this one
/// included; `None`: the limit was reached before, and nothing was counted. `day` is any number that
/// tells the days apart.
pub async fn bump(
    tx: &mut Tx,
    tenant: TenantId,
    day: i64,
    what: &str,
    limit: i64,
) -> Result<Option<i64>> {
    if limit < 1 {
        return Ok(None);
    }
    on!(tx, |c| sqlx::query_scalar(
        "INSERT INTO daily_count (tenant_id, day, what, counted) VALUES ($1, $2, $3, 1)
         ON CONFLICT (tenant_id, day, what) DO UPDATE SET counted = daily_count.counted + 1
             WHERE daily_count.counted < $4
         RETURNING counted"
    )
    .bind(tenant.0)
    .bind(day)
    .bind(what)
    .bind(limit)
    .fetch_optional(c)
    .await)
}

/// How often it happened.
pub async fn get(tx: &mut Tx, tenant: TenantId, day: i64, what: &str) -> Result<i64> {
    let counted: Option<i64> = on!(tx, |c| sqlx::query_scalar(
        "SELECT counted FROM daily_count WHERE tenant_id = $1 AND day = $2 AND what = $3"
    )
    .bind(tenant.0)
    .bind(day)
    .bind(what)
    .fetch_optional(c)
    .await)?;
    Ok(counted.unwrap_or(0))
}

/// Deletes the counts of all days before one.
pub async fn purge(tx: &mut Tx, before_day: i64) -> Result<u64> {
    on!(tx, |c| sqlx::query(
        "DELETE FROM daily_count WHERE day < $1"
    )
    .bind(before_day)
    .execute(c)
    .await
    .map(|done| done.rows_affected()))
}
