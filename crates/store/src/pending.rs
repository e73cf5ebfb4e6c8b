//! Methods on their way to being registered: nothing counts before it is proven.

use latchkey_types::{PendingMethodId, SignInSessionId, TenantId, Timestamp};
use uuid::Uuid;

use crate::db::on;
use crate::{Result, Tx};

/// How often a code may be tried.
pub const TRIES: i64 = 5;

/// Something to be proven.
#[derive(Clone)]
pub struct NewPending<'a> {
    /// Its id, to which the value is sealed.
    pub id: PendingMethodId,
    /// The session that it belongs to.
    pub session: SignInSessionId,
    /// What it is, in a word; one of a kind is on its way in a session.
    pub kind: &'a str,
    /// Sealed.
    pub value: &'a [u8],
    /// The keyed hash of the code that was sent.
    pub tag: Option<&'a [u8]>,
    /// Now.
    pub created_at: Timestamp,
    /// The end of its time.
    pub expires_at: Timestamp,
}

/// Something on its way.
#[derive(Clone, PartialEq, Eq)]
pub struct PendingRow {
    /// Its id.
    pub id: PendingMethodId,
    /// Sealed.
    pub value: Vec<u8>,
    /// The keyed hash of the code that was sent.
    pub tag: Option<Vec<u8>>,
    /// Tries so far.
    pub tries: i64,
    /// When it began.
    pub created_at: Timestamp,
    /// The end of its time.
    pub expires_at: Timestamp,
}

impl std::fmt::Debug for PendingRow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PendingRow")
            .field("id", &self.id)
            .field("tries", &self.tries)
            .finish_non_exhaustive()
    }
}

#[derive(sqlx::FromRow)]
struct Raw {
    id: Uuid,
    value: Vec<u8>,
    tag: Option<Vec<u8>>,
    tries: i64,
    created_at: i64,
    expires_at: i64,
    spent_at: Option<i64>,
}

/// Puts something on its way; what was there of the same kind in this session is void.
pub async fn insert(tx: &mut Tx, tenant: TenantId, new: &NewPending<'_>) -> Result<()> {
    void(tx, tenant, new.session, new.kind, new.created_at).await?;
    on!(tx, |c| sqlx::query(
        "INSERT INTO pending_method (tenant_id, id, session_id, kind, value, tag, tries,
             created_at, expires_at)
         VALUES ($1, $2, $3, $4, $5, $6, 0, $7, $8)"
    )
    .bind(tenant.0)
    .bind(new.id.0)
    .bind(new.session.0)
    .bind(new.kind)
    .bind(new.value)
    .bind(new.tag)
    .bind(new.created_at.0)
    .bind(new.expires_at.0)
    .execute(c)
    .await
    .map(drop))
}

/// Voids what is on its way of a kind.
pub async fn void(
    tx: &mut Tx,
    tenant: TenantId,
    session: SignInSessionId,
    kind: &str,
    now: Timestamp,
) -> Result<()> {
    on!(tx, |c| sqlx::query(
        "UPDATE pending_method SET spent_at = $4
         WHERE tenant_id = $1 AND session_id = $2 AND kind = $3 AND spent_at IS NULL"
    )
    .bind(tenant.0)
    .bind(session.0)
    .bind(kind)
    .bind(now.0)
    .execute(c)
    .await
    .map(drop))
}

/// What is on its way of a kind: the last one, if it is not used up and its time is not over. One
/// that was there before it never comes back.
pub async fn latest(
    tx: &mut Tx,
    tenant: TenantId,
    session: SignInSessionId,
    kind: &str,
    now: Timestamp,
) -> Result<Option<PendingRow>> {
    let row: Option<Raw> = on!(tx, |c| sqlx::query_as(
        "SELECT id, value, tag, tries, created_at, expires_at, spent_at FROM pending_method
         WHERE tenant_id = $1 AND session_id = $2 AND kind = $3
         ORDER BY created_at DESC, CASE WHEN spent_at IS NULL THEN 0 ELSE 1 END, id DESC
         LIMIT 1"
    )
    .bind(tenant.0)
    .bind(session.0)
    .bind(kind)
    .fetch_optional(c)
    .await)?;
    Ok(row
        .filter(|raw| raw.spent_at.is_none() && raw.expires_at > now.0)
        .map(|raw| PendingRow {
            id: PendingMethodId(raw.id),
            value: raw.value,
            tag: raw.tag,
            tries: raw.tries,
            created_at: Timestamp(raw.created_at),
            expires_at: Timestamp(raw.expires_at),
        }))
}

/// Counts a try, before it is compared; how many there were with this one. `None`: no more tries,
/// used, or its time is over.
pub async fn count_try(
    tx: &mut Tx,
    tenant: TenantId,
    id: PendingMethodId,
    now: Timestamp,
) -> Result<Option<i64>> {
    on!(tx, |c| sqlx::query_scalar(
        "UPDATE pending_method SET tries = tries + 1
         WHERE tenant_id = $1 AND id = $2 AND tries < $3 AND spent_at IS NULL AND expires_at > $4
         RETURNING tries"
    )
    .bind(tenant.0)
    .bind(id.0)
    .bind(TRIES)
    .bind(now.0)
    .fetch_optional(c)
    .await)
}

/// Uses it up: of any number of callers, one does.
pub async fn spend(
    tx: &mut Tx,
    tenant: TenantId,
    id: PendingMethodId,
    now: Timestamp,
) -> Result<bool> {
    on!(tx, |c| sqlx::query(
        "UPDATE pending_method SET spent_at = $3
         WHERE tenant_id = $1 AND id = $2 AND spent_at IS NULL AND expires_at > $3"
    )
    .bind(tenant.0)
    .bind(id.0)
    .bind(now.0)
    .execute(c)
    .await
    .map(|done| done.rows_affected() == 1))
}

/// Deletes up to `limit` whose time was over before a moment.
pub async fn purge(tx: &mut Tx, expired_before: Timestamp, limit: i64) -> Result<u64> {
    on!(tx, |c| sqlx::query(
        "DELETE FROM pending_method WHERE (tenant_id, id) IN (
             SELECT tenant_id, id FROM pending_method WHERE expires_at < $1
             ORDER BY expires_at, id LIMIT $2)"
    )
    .bind(expired_before.0)
    .bind(limit)
    .execute(c)
    .await
    .map(|done| done.rows_affected()))
}
