//! Wrong passwords of users and decoys. What they mean is said, as one value that moves, in
//! [`latchkey_core::sign_in::lockout::Counter`]; here each move is a statement, so that tries at the
//! same time are all counted.

use latchkey_core::sign_in::lockout::{Rule, Verdict, lock_length};
use latchkey_types::{Secret, TenantId, Timestamp, UserId};

use crate::db::on;
use crate::{Result, Tx};

/// One counter: of an account or decoy, for networks that its owner uses or for all others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counter {
    /// Whose account.
    pub tenant: TenantId,
    /// The user, or the decoy's id.
    pub subject: UserId,
    /// Which of the two.
    pub familiar: bool,
}

/// The end of the lock that is in force.
pub async fn locked(tx: &mut Tx, of: Counter, now: Timestamp) -> Result<Option<Timestamp>> {
    let until: Option<i64> = on!(tx, |c| sqlx::query_scalar(
        "SELECT locked_until FROM lockout
         WHERE tenant_id = $1 AND subject_id = $2 AND familiar = $3 AND locked_until > $4"
    )
    .bind(of.tenant.0)
    .bind(of.subject.0)
    .bind(of.familiar)
    .bind(now.0)
    .fetch_optional(c)
    .await)?;
    Ok(until.map(Timestamp))
}

/// A try, before the password is compared: counted, or refused because a lock is in force. Tries
/// that are more than the threshold at the same time begin a lock themselves.
pub async fn hit(tx: &mut Tx, of: Counter, rule: Rule, now: Timestamp) -> Result<Verdict> {
    let (failures, locks, locked_until): (i64, i64, Option<i64>) = on!(tx, |c| sqlx::query_as(
        "INSERT INTO lockout (tenant_id, subject_id, familiar, failures, locks, hit_at)
         VALUES ($1, $2, $3, 1, 0, $4)
         ON CONFLICT (tenant_id, subject_id, familiar) DO UPDATE SET hit_at = excluded.hit_at,
             failures = CASE WHEN lockout.locked_until > $4 THEN lockout.failures
                 ELSE lockout.failures + 1 END
         RETURNING failures, locks, locked_until"
    )
    .bind(of.tenant.0)
    .bind(of.subject.0)
    .bind(of.familiar)
    .bind(now.0)
    .fetch_one(c)
    .await)?;
    if let Some(until) = locked_until.map(Timestamp).filter(|until| now < *until) {
        let begins = false;
        return Ok(Verdict::Locked { until, begins });
    }
    if failures <= i64::from(rule.threshold) {
        return Ok(Verdict::Try);
    }
    let until = end_of_lock(rule, locks, now);
    let begins = begin(tx, of, rule, locks, until, now).await?;
    Ok(Verdict::Locked { until, begins })
}

/// The password of a counted try was wrong; `tag` is its keyed hash. One of the last three wrong
/// ones does not count again. Gives the end of the lock, if this began one.
pub async fn wrong(
    tx: &mut Tx,
    of: Counter,
    rule: Rule,
    tag: &Secret<[u8; 32]>,
    now: Timestamp,
) -> Result<Option<Timestamp>> {
    // One statement: what is known is asked and remembered at once.
    let counted: Option<(i64, i64)> = on!(tx, |c| sqlx::query_as(
        "UPDATE lockout SET
             failures = CASE WHEN $4 IN (wrong_1, wrong_2, wrong_3) AND failures > 0
                 THEN failures - 1 ELSE failures END,
             wrong_1 = CASE WHEN $4 IN (wrong_1, wrong_2, wrong_3) THEN wrong_1 ELSE $4 END,
             wrong_2 = CASE WHEN $4 IN (wrong_1, wrong_2, wrong_3) THEN wrong_2 ELSE wrong_1 END,
             wrong_3 = CASE WHEN $4 IN (wrong_1, wrong_2, wrong_3) THEN wrong_3 ELSE wrong_2 END
         WHERE tenant_id = $1 AND subject_id = $2 AND familiar = $3 RETURNING failures, locks"
    )
    .bind(of.tenant.0)
    .bind(of.subject.0)
    .bind(of.familiar)
    .bind(tag.expose().as_slice())
    .fetch_optional(c)
    .await)?;
    // No row: somebody signed in rightly meanwhile, and all is forgotten.
    let Some((failures, locks)) = counted else {
        return Ok(None);
    };
    if failures < i64::from(rule.threshold) {
        return Ok(None);
    }
    let until = end_of_lock(rule, locks, now);
    let began = begin(tx, of, rule, locks, until, now).await?;
    Ok(began.then_some(until))
}

/// The password was right: the counter is forgotten.
pub async fn right(tx: &mut Tx, of: Counter) -> Result<()> {
    on!(tx, |c| sqlx::query(
        "DELETE FROM lockout WHERE tenant_id = $1 AND subject_id = $2 AND familiar = $3"
    )
    .bind(of.tenant.0)
    .bind(of.subject.0)
    .bind(of.familiar)
    .execute(c)
    .await
    .map(drop))
}

/// Lifts every lock of an account and forgets its counters: its password was replaced. Whether there
/// was a lock in force.
pub async fn clear(tx: &mut Tx, tenant: TenantId, subject: UserId, now: Timestamp) -> Result<bool> {
    let ends: Vec<Option<i64>> = on!(tx, |c| sqlx::query_scalar(
        "DELETE FROM lockout WHERE tenant_id = $1 AND subject_id = $2 RETURNING locked_until"
    )
    .bind(tenant.0)
    .bind(subject.0)
    .fetch_all(c)
    .await)?;
    Ok(ends.into_iter().flatten().any(|until| until > now.0))
}

/// Deletes the counters of every tenant that were last hit before a moment and do not lock now. They
/// are forgotten only when they are old: who waits for that waits longer than for any lock.
pub async fn purge(tx: &mut Tx, hit_before: Timestamp, now: Timestamp) -> Result<u64> {
    on!(tx, |c| sqlx::query(
        "DELETE FROM lockout
         WHERE hit_at < $1 AND (locked_until IS NULL OR locked_until <= $2)"
    )
    .bind(hit_before.0)
    .bind(now.0)
    .execute(c)
    .await
    .map(|done| done.rows_affected()))
}

fn end_of_lock(rule: Rule, locks: i64, now: Timestamp) -> Timestamp {
    now.plus(lock_length(
        rule.first,
        u32::try_from(locks).unwrap_or(u32::MAX),
    ))
}

/// Begins a lock: of any number of callers, one does.
async fn begin(
    tx: &mut Tx,
    of: Counter,
    rule: Rule,
    locks: i64,
    until: Timestamp,
    now: Timestamp,
) -> Result<bool> {
    on!(tx, |c| sqlx::query(
        "UPDATE lockout SET locked_until = $6, locks = locks + 1, failures = 0
         WHERE tenant_id = $1 AND subject_id = $2 AND familiar = $3 AND locks = $4
             AND failures >= $5 AND (locked_until IS NULL OR locked_until <= $7)"
    )
    .bind(of.tenant.0)
    .bind(of.subject.0)
    .bind(of.familiar)
    .bind(locks)
    .bind(i64::from(rule.threshold))
    .bind(until.0)
    .bind(now.0)
    .execute(c)
    .await
    .map(|done| done.rows_affected() == 1))
}
