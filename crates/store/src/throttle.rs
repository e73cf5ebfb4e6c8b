//! Hits of users and decoys. What they mean is decided in [`latchkey_core::reset::throttle`].

use latchkey_core::reset::Gate;
use latchkey_core::reset::throttle::{Bucket, Hits};
use latchkey_types::{TenantId, Timestamp, UserId};

use crate::column::Row;
use crate::db::on;
use crate::{Result, Tx};

#[derive(sqlx::FromRow)]
struct Raw {
    hit_1: Option<i64>,
    hit_2: Option<i64>,
    hit_3: Option<i64>,
    hit_4: Option<i64>,
    hit_5: Option<i64>,
    hit_6: Option<i64>,
    blocked_until: Option<i64>,
}

/// Counts a hit and gives the last six, this one first. While a block lasts nothing is counted. One
/// statement, so that no two callers see the same hit as theirs.
pub async fn hit(
    tx: &mut Tx,
    tenant: TenantId,
    subject: UserId,
    bucket: Bucket,
    now: Timestamp,
) -> Result<Hits> {
    let raw: Raw = on!(tx, |c| {
        sqlx::query_as(
        "INSERT INTO throttle (tenant_id, subject_id, bucket, hit_1) VALUES ($1, $2, $3, $4)
         ON CONFLICT (tenant_id, subject_id, bucket) DO UPDATE SET
             hit_1 = CASE WHEN throttle.blocked_until > $4 THEN throttle.hit_1 ELSE $4 END,
             hit_2 = CASE WHEN throttle.blocked_until > $4 THEN throttle.hit_2 ELSE throttle.hit_1 END,
             hit_3 = CASE WHEN throttle.blocked_until > $4 THEN throttle.hit_3 ELSE throttle.hit_2 END,
             hit_4 = CASE WHEN throttle.blocked_until > $4 THEN throttle.hit_4 ELSE throttle.hit_3 END,
             hit_5 = CASE WHEN throttle.blocked_until > $4 THEN throttle.hit_5 ELSE throttle.hit_4 END,
             hit_6 = CASE WHEN throttle.blocked_until > $4 THEN throttle.hit_6 ELSE throttle.hit_5 END
         RETURNING hit_1, hit_2, hit_3, hit_4, hit_5, hit_6, blocked_until"
    )
    .bind(tenant.0)
    .bind(subject.0)
    .bind(bucket.key())
    .bind(now.0)
    .fetch_one(c)
    .await
    })?;
    let at = [
        raw.hit_1, raw.hit_2, raw.hit_3, raw.hit_4, raw.hit_5, raw.hit_6,
    ];
    Ok(Hits {
        at: at.map(|at| at.map(Timestamp)),
        blocked_until: raw.blocked_until.map(Timestamp),
    })
}

/// Takes a hit back: a success does not count. `at` is the moment it was counted with. `false`: it
/// is no longer among the last six.
pub async fn take_back(
    tx: &mut Tx,
    tenant: TenantId,
    subject: UserId,
    bucket: Bucket,
    at: Timestamp,
) -> Result<bool> {
    on!(tx, |c| sqlx::query(
        "UPDATE throttle SET
             hit_1 = CASE WHEN $4 IN (hit_1) THEN hit_2 ELSE hit_1 END,
             hit_2 = CASE WHEN $4 IN (hit_1, hit_2) THEN hit_3 ELSE hit_2 END,
             hit_3 = CASE WHEN $4 IN (hit_1, hit_2, hit_3) THEN hit_4 ELSE hit_3 END,
             hit_4 = CASE WHEN $4 IN (hit_1, hit_2, hit_3, hit_4) THEN hit_5 ELSE hit_4 END,
             hit_5 = CASE WHEN $4 IN (hit_1, hit_2, hit_3, hit_4, hit_5) THEN hit_6 ELSE hit_5 END,
             hit_6 = NULL
         WHERE tenant_id = $1 AND subject_id = $2 AND bucket = $3
             AND $4 IN (hit_1, hit_2, hit_3, hit_4, hit_5, hit_6)"
    )
    .bind(tenant.0)
    .bind(subject.0)
    .bind(bucket.key())
    .bind(at.0)
    .execute(c)
    .await
    .map(|done| done.rows_affected() == 1))
}

/// Begins a block. `true` only for the caller who began it: while one lasts, `false`.
pub async fn block(
    tx: &mut Tx,
    tenant: TenantId,
    subject: UserId,
    bucket: Bucket,
    until: Timestamp,
    now: Timestamp,
) -> Result<bool> {
    on!(tx, |c| sqlx::query(
        "INSERT INTO throttle (tenant_id, subject_id, bucket, blocked_until)
         VALUES ($1, $2, $3, $4)
         ON CONFLICT (tenant_id, subject_id, bucket) DO UPDATE
             SET blocked_until = excluded.blocked_until
             WHERE throttle.blocked_until IS NULL OR throttle.blocked_until <= $5"
    )
    .bind(tenant.0)
    .bind(subject.0)
    .bind(bucket.key())
    .bind(until.0)
    .bind(now.0)
    .execute(c)
    .await
    .map(|done| done.rows_affected() == 1))
}

/// The buckets that are blocked now, each with the end of its block.
pub async fn blocked_buckets(
    tx: &mut Tx,
    tenant: TenantId,
    subject: UserId,
    now: Timestamp,
) -> Result<Vec<(Bucket, Timestamp)>> {
    let rows: Vec<(String, i64)> = on!(tx, |c| sqlx::query_as(
        "SELECT bucket, blocked_until FROM throttle
         WHERE tenant_id = $1 AND subject_id = $2 AND blocked_until > $3"
    )
    .bind(tenant.0)
    .bind(subject.0)
    .bind(now.0)
    .fetch_all(c)
    .await)?;
    let row = Row::new("throttle", subject);
    let mut blocked = rows
        .into_iter()
        .map(|(bucket, until)| Ok((row.read("bucket", parse(&bucket))?, Timestamp(until))))
        .collect::<Result<Vec<_>>>()?;
    blocked.sort_unstable();
    Ok(blocked)
}

/// Reads [`Bucket::key`] back.
fn parse(key: &str) -> Option<Bucket> {
    [Bucket::Attempts, Bucket::PhoneNumber, Bucket::SecondFactor]
        .into_iter()
        .chain(Gate::ALL.map(Bucket::Gate))
        .find(|bucket| bucket.key() == key)
}

/// Forgets the hits and the block of one bucket. Whether there was a block in force.
pub async fn lift(
    tx: &mut Tx,
    tenant: TenantId,
    subject: UserId,
    bucket: Bucket,
    now: Timestamp,
) -> Result<bool> {
    let ends: Option<Option<i64>> = on!(tx, |c| sqlx::query_scalar(
        "DELETE FROM throttle WHERE tenant_id = $1 AND subject_id = $2 AND bucket = $3
         RETURNING blocked_until"
    )
    .bind(tenant.0)
    .bind(subject.0)
    .bind(bucket.key())
    .fetch_optional(c)
    .await)?;
    Ok(ends.flatten().is_some_and(|until| until > now.0))
}

/// Forgets all hits and blocks of a user.
pub async fn clear(tx: &mut Tx, tenant: TenantId, subject: UserId) -> Result<u64> {
    on!(tx, |c| sqlx::query(
        "DELETE FROM throttle WHERE tenant_id = $1 AND subject_id = $2"
    )
    .bind(tenant.0)
    .bind(subject.0)
    .execute(c)
    .await
    .map(|done| done.rows_affected()))
}

/// Deletes the buckets of every tenant that were last hit before a moment and are not blocked now.
pub async fn purge(tx: &mut Tx, hit_before: Timestamp, now: Timestamp) -> Result<u64> {
    on!(tx, |c| sqlx::query(
        "DELETE FROM throttle WHERE (hit_1 IS NULL OR hit_1 < $1)
             AND (blocked_until IS NULL OR blocked_until <= $2)"
    )
    .bind(hit_before.0)
    .bind(now.0)
    .execute(c)
    .await
    .map(|done| done.rows_affected()))
}
