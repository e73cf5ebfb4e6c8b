//! Rates of things that have no user: client addresses, domains, the whole service.

use std::time::Duration;

use latchkey_types::Timestamp;

use crate::db::on;
use crate::{Result, Tx};

/// Takes one from a bucket that fills by one every `interval` and holds `burst`. `false`: it is
/// empty, and this call changed nothing.
///
/// The generic cell rate algorithm (ITU-T I.371): what is stored is when the bucket would be full
/// again. One statement, so that the limit holds for any number of callers and processes. A bucket
/// that many use is best taken from in a transaction of its own: the row is held until its end.
pub async fn take(
    tx: &mut Tx,
    bucket: &str,
    now: Timestamp,
    interval: Duration,
    burst: u32,
) -> Result<bool> {
    let Some(tolerated) = burst.checked_sub(1) else {
        return Ok(false);
    };
    let interval = i64::try_from(interval.as_micros()).unwrap_or(i64::MAX);
    let tolerance = interval.saturating_mul(i64::from(tolerated));
    on!(tx, |c| sqlx::query(
        "INSERT INTO rate (bucket, arrival_at) VALUES ($1, $2)
         ON CONFLICT (bucket) DO UPDATE SET arrival_at =
             CASE WHEN rate.arrival_at > $3 THEN rate.arrival_at + $4 ELSE $2 END
         WHERE rate.arrival_at <= $5"
    )
    .bind(bucket)
    .bind(now.0.saturating_add(interval))
    .bind(now.0)
    .bind(interval)
    .bind(now.0.saturating_add(tolerance))
    .execute(c)
    .await
    .map(|done| done.rows_affected() == 1))
}

/// Deletes up to `limit` buckets that are full.
pub async fn purge(tx: &mut Tx, now: Timestamp, limit: i64) -> Result<u64> {
    // The guard again outside: a bucket may be taken from meanwhile.
    on!(tx, |c| sqlx::query(
        "DELETE FROM rate WHERE arrival_at <= $1 AND bucket IN (
             SELECT bucket FROM rate WHERE arrival_at <= $1 ORDER BY arrival_at LIMIT $2)"
    )
    .bind(now.0)
    .bind(limit)
    .execute(c)
    .await
    .map(|done| done.rows_affected()))
}
