//! Links in mails that do something once, such as *this was not me*.

use latchkey_types::{TenantId, Timestamp, UserId};
use uuid::Uuid;

use crate::db::on;
use crate::{Result, Tx};

/// A link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// Whose it is.
    pub tenant: TenantId,
    /// Its id.
    pub id: Uuid,
    /// What it does.
    pub purpose: String,
    /// Whom it is about.
    pub user: UserId,
    /// When it was made.
    pub created_at: Timestamp,
    /// From when on it does nothing.
    pub expires_at: Timestamp,
    /// When it was used or became void.
    pub spent_at: Option<Timestamp>,
}

/// A link to be.
#[derive(Clone)]
pub struct NewLink<'a> {
    /// Its id.
    pub id: Uuid,
    /// What it does.
    pub purpose: &'a str,
    /// The keyed hash of its secret.
    pub tag: &'a [u8],
    /// Whom it is about.
    pub user: UserId,
    /// Now.
    pub created_at: Timestamp,
    /// From when on it does nothing.
    pub expires_at: Timestamp,
}

#[derive(sqlx::FromRow)]
struct Raw {
    tenant_id: Uuid,
    id: Uuid,
    purpose: String,
    user_id: Uuid,
    created_at: i64,
    expires_at: i64,
    spent_at: Option<i64>,
}

impl From<Raw> for Link {
    fn from(raw: Raw) -> Self {
        Self {
            tenant: TenantId(raw.tenant_id),
            id: raw.id,
            purpose: raw.purpose,
            user: UserId(raw.user_id),
            created_at: Timestamp(raw.created_at),
            expires_at: Timestamp(raw.expires_at),
            spent_at: raw.spent_at.map(Timestamp),
        }
    }
}

/// Adds a link.
pub async fn insert(tx: &mut Tx, tenant: TenantId, new: &NewLink<'_>) -> Result<()> {
    on!(tx, |c| sqlx::query(
        "INSERT INTO link_token (tenant_id, id, purpose, tag, user_id, created_at, expires_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7)"
    )
    .bind(tenant.0)
    .bind(new.id)
    .bind(new.purpose)
    .bind(new.tag)
    .bind(new.user.0)
    .bind(new.created_at.0)
    .bind(new.expires_at.0)
    .execute(c)
    .await
    .map(drop))
}

/// The link of a secret, used or not, whosever it is.
pub async fn get_by_tag(tx: &mut Tx, tag: &[u8]) -> Result<Option<Link>> {
    let raw: Option<Raw> = on!(tx, |c| sqlx::query_as(
        "SELECT tenant_id, id, purpose, user_id, created_at, expires_at, spent_at
         FROM link_token WHERE tag = $1"
    )
    .bind(tag)
    .fetch_optional(c)
    .await)?;
    Ok(raw.map(Link::from))
}

/// Uses a link. `None`: there is none of this secret, or it was used, or its time is over.
pub async fn consume(tx: &mut Tx, tag: &[u8], now: Timestamp) -> Result<Option<Link>> {
    let raw: Option<Raw> = on!(tx, |c| sqlx::query_as(
        "UPDATE link_token SET spent_at = $2
         WHERE tag = $1 AND spent_at IS NULL AND expires_at > $2
         RETURNING tenant_id, id, purpose, user_id, created_at, expires_at, spent_at"
    )
    .bind(tag)
    .bind(now.0)
    .fetch_optional(c)
    .await)?;
    Ok(raw.map(Link::from))
}

/// Makes a user's open links void.
pub async fn void_for_user(
    tx: &mut Tx,
    tenant: TenantId,
    user: UserId,
    now: Timestamp,
) -> Result<u64> {
    on!(tx, |c| sqlx::query(
        "UPDATE link_token SET spent_at = $3
         WHERE tenant_id = $1 AND user_id = $2 AND spent_at IS NULL"
    )
    .bind(tenant.0)
    .bind(user.0)
    .bind(now.0)
    .execute(c)
    .await
    .map(|done| done.rows_affected()))
}

/// Deletes the links that expired before a moment.
pub async fn purge(tx: &mut Tx, expired_before: Timestamp) -> Result<u64> {
    on!(tx, |c| sqlx::query(
        "DELETE FROM link_token WHERE expires_at < $1"
    )
    .bind(expired_before.0)
    .execute(c)
    .await
    .map(|done| done.rows_affected()))
}
