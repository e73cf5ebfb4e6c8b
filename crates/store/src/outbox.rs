//! Messages on their way out. A worker claims messages for a while, delivers them, and says how it
//! went; what a worker that died had claimed comes back when its lease is over.

use std::time::Duration;

use latchkey_types::{MessageId, TenantId, Timestamp};
use uuid::Uuid;

use crate::db::on;
use crate::{Result, Tx};

/// A message to be sent.
#[derive(Clone)]
pub struct NewMessage<'a> {
    /// Its id, also that of the mail.
    pub id: MessageId,
    /// Which message it is.
    pub kind: &'a str,
    /// How it is delivered.
    pub channel: &'a str,
    /// Recipient and text, sealed.
    pub payload: &'a [u8],
    /// Now.
    pub created_at: Timestamp,
    /// When it is delivered at the earliest.
    pub due_at: Timestamp,
    /// From when on it is of no use to anybody.
    pub expires_at: Timestamp,
}

/// A message that this worker delivers.
#[derive(Clone, PartialEq, Eq)]
pub struct ClaimedMessage {
    /// Whose it is.
    pub tenant: TenantId,
    /// Its id.
    pub id: MessageId,
    /// Which message it is.
    pub kind: String,
    /// How it is delivered.
    pub channel: String,
    /// Recipient and text, sealed.
    pub payload: Vec<u8>,
    /// When it was written.
    pub created_at: Timestamp,
    /// When it was due.
    pub due_at: Timestamp,
    /// From when on it is of no use to anybody.
    pub expires_at: Timestamp,
    /// How often it was claimed, this time included.
    pub attempts: i64,
}

impl std::fmt::Debug for ClaimedMessage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ClaimedMessage")
            .field("id", &self.id)
            .field("kind", &self.kind)
            .field("attempts", &self.attempts)
            .finish_non_exhaustive()
    }
}

/// What became of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// The relay or provider took it.
    Sent,
    /// It was given up.
    Failed,
    /// It was of no use any more.
    Expired,
    /// It was called back.
    Void,
}

impl Outcome {
    /// Its form in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Sent => "sent",
            Self::Failed => "failed",
            Self::Expired => "expired",
            Self::Void => "void",
        }
    }
}

/// What is known of a message, without its text.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Status {
    /// How often it was claimed.
    pub attempts: i64,
    /// When it is delivered at the earliest, in microseconds.
    pub due_at: i64,
    /// Who delivers it now.
    pub claimed_by: Option<String>,
    /// What became of it: [`Outcome::as_str`].
    pub outcome: Option<String>,
    /// What the last attempt failed of.
    pub last_error: Option<String>,
}

/// How much there is to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counts {
    /// Messages that are not done.
    pub waiting: i64,
    /// Those of them that are being delivered.
    pub claimed: i64,
    /// When the first of them was or is due.
    pub oldest_due: Option<Timestamp>,
}

#[derive(sqlx::FromRow)]
struct Raw {
    tenant_id: Uuid,
    id: Uuid,
    kind: String,
    channel: String,
    payload: Vec<u8>,
    created_at: i64,
    due_at: i64,
    expires_at: i64,
    attempts: i64,
}

/// Adds a message. It is durable when the transaction is; then [`crate::Db::posted`] is woken.
pub async fn insert(tx: &mut Tx, tenant: TenantId, new: &NewMessage<'_>) -> Result<()> {
    tx.posts();
    on!(tx, |c| sqlx::query(
        "INSERT INTO outbox (tenant_id, id, kind, channel, payload, created_at, due_at, expires_at,
             attempts)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 0)"
    )
    .bind(tenant.0)
    .bind(new.id.0)
    .bind(new.kind)
    .bind(new.channel)
    .bind(new.payload)
    .bind(new.created_at.0)
    .bind(new.due_at.0)
    .bind(new.expires_at.0)
    .execute(c)
    .await
    .map(drop))
}

/// Claims up to `limit` messages of any tenant that are due, for as long as the lease; those that
/// were due first come first. No message is claimed by two workers at once.
pub async fn claim(
    tx: &mut Tx,
    worker: &str,
    now: Timestamp,
    lease: Duration,
    limit: i64,
) -> Result<Vec<ClaimedMessage>> {
    // The guard again outside: PostgreSQL looks at the row anew after waiting for another worker,
    // but not at the inner query.
    let rows: Vec<Raw> = on!(tx, |c| sqlx::query_as(
        "UPDATE outbox SET claimed_by = $1, claimed_until = $3, attempts = attempts + 1
         WHERE (tenant_id, id) IN (
                 SELECT tenant_id, id FROM outbox
                 WHERE done_at IS NULL AND due_at <= $2
                     AND (claimed_until IS NULL OR claimed_until <= $2)
                 ORDER BY due_at, id LIMIT $4)
             AND done_at IS NULL AND due_at <= $2
             AND (claimed_until IS NULL OR claimed_until <= $2)
         RETURNING tenant_id, id, kind, channel, payload, created_at, due_at, expires_at, attempts"
    )
    .bind(worker)
    .bind(now.0)
    .bind(now.plus(lease).0)
    .bind(limit)
    .fetch_all(c)
    .await)?;
    let mut claimed: Vec<ClaimedMessage> = rows
        .into_iter()
        .map(|raw| ClaimedMessage {
            tenant: TenantId(raw.tenant_id),
            id: MessageId(raw.id),
            kind: raw.kind,
            channel: raw.channel,
            payload: raw.payload,
            created_at: Timestamp(raw.created_at),
            due_at: Timestamp(raw.due_at),
            expires_at: Timestamp(raw.expires_at),
            attempts: raw.attempts,
        })
        .collect();
    claimed.sort_unstable_by_key(|message| (message.due_at, message.id));
    Ok(claimed)
}

/// Records what became of a message and empties it. `false`: this worker no longer holds it.
pub async fn done(
    tx: &mut Tx,
    tenant: TenantId,
    id: MessageId,
    worker: &str,
    outcome: Outcome,
    now: Timestamp,
) -> Result<bool> {
    Ok(done_many(tx, worker, &[(tenant, id)], outcome, now).await? == 1)
}

/// The same for many, in one statement; how many of them this worker still held.
pub async fn done_many(
    tx: &mut Tx,
    worker: &str,
    messages: &[(TenantId, MessageId)],
    outcome: Outcome,
    now: Timestamp,
) -> Result<u64> {
    if messages.is_empty() {
        return Ok(0);
    }
    on!(tx, |c| {
        let mut query = sqlx::QueryBuilder::new("UPDATE outbox SET done_at = ");
        query
            .push_bind(now.0)
            .push(", outcome = ")
            .push_bind(outcome.as_str());
        query.push(", payload = ").push_bind(Vec::<u8>::new());
        query.push(", claimed_by = NULL, claimed_until = NULL WHERE done_at IS NULL");
        query
            .push(" AND claimed_by = ")
            .push_bind(worker)
            .push(" AND (tenant_id, id) IN (VALUES ");
        for (index, (tenant, id)) in messages.iter().enumerate() {
            query.push(if index == 0 { "(" } else { ", (" });
            query
                .push_bind(tenant.0)
                .push(", ")
                .push_bind(id.0)
                .push(")");
        }
        query.push(")");
        query
            .build()
            .execute(c)
            .await
            .map(|done| done.rows_affected())
    })
}

/// Gives a message back, to be tried again later. `error` is for the operator and holds nothing of
/// the message. `false`: this worker no longer holds it.
pub async fn retry_later(
    tx: &mut Tx,
    tenant: TenantId,
    id: MessageId,
    worker: &str,
    due_at: Timestamp,
    error: &str,
) -> Result<bool> {
    on!(tx, |c| sqlx::query(
        "UPDATE outbox SET due_at = $4, last_error = $5, claimed_by = NULL, claimed_until = NULL
         WHERE tenant_id = $1 AND id = $2 AND claimed_by = $3 AND done_at IS NULL"
    )
    .bind(tenant.0)
    .bind(id.0)
    .bind(worker)
    .bind(due_at.0)
    .bind(error)
    .execute(c)
    .await
    .map(|done| done.rows_affected() == 1))
}

/// Renews the lease of everything that a worker holds; how much that is.
pub async fn renew(tx: &mut Tx, worker: &str, until: Timestamp) -> Result<u64> {
    on!(tx, |c| sqlx::query(
        "UPDATE outbox SET claimed_until = $2 WHERE claimed_by = $1 AND done_at IS NULL"
    )
    .bind(worker)
    .bind(until.0)
    .execute(c)
    .await
    .map(|done| done.rows_affected()))
}

/// Gives back everything that a worker holds and has not begun with, as if it had not been claimed:
/// for a graceful stop.
pub async fn release(tx: &mut Tx, worker: &str) -> Result<u64> {
    on!(tx, |c| sqlx::query(
        "UPDATE outbox SET attempts = attempts - 1, claimed_by = NULL, claimed_until = NULL
         WHERE claimed_by = $1 AND done_at IS NULL"
    )
    .bind(worker)
    .execute(c)
    .await
    .map(|done| done.rows_affected()))
}

/// What is known of a message.
pub async fn get(tx: &mut Tx, tenant: TenantId, id: MessageId) -> Result<Option<Status>> {
    on!(tx, |c| sqlx::query_as(
        "SELECT attempts, due_at, claimed_by, outcome, last_error FROM outbox
         WHERE tenant_id = $1 AND id = $2"
    )
    .bind(tenant.0)
    .bind(id.0)
    .fetch_optional(c)
    .await)
}

/// How much there is to do, over all tenants.
pub async fn counts(tx: &mut Tx, now: Timestamp) -> Result<Counts> {
    let (waiting, claimed, oldest): (i64, i64, Option<i64>) = on!(tx, |c| sqlx::query_as(
        "SELECT CAST(count(*) AS BIGINT),
             CAST(count(*) FILTER (WHERE claimed_until > $1) AS BIGINT),
             min(due_at)
         FROM outbox WHERE done_at IS NULL"
    )
    .bind(now.0)
    .fetch_one(c)
    .await)?;
    Ok(Counts {
        waiting,
        claimed,
        oldest_due: oldest.map(Timestamp),
    })
}

/// Deletes up to `limit` messages that were done before a moment.
pub async fn purge(tx: &mut Tx, done_before: Timestamp, limit: i64) -> Result<u64> {
    on!(tx, |c| sqlx::query(
        "DELETE FROM outbox WHERE (tenant_id, id) IN (
             SELECT tenant_id, id FROM outbox WHERE done_at < $1 ORDER BY done_at, id LIMIT $2)"
    )
    .bind(done_before.0)
    .bind(limit)
    .execute(c)
    .await
    .map(|done| done.rows_affected()))
}
