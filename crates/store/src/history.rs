//! Password hashes that a user had, the present one among them.

use latchkey_types::{TenantId, Timestamp, UserId};

use crate::db::on;
use crate::{Result, Tx};

/// Records a hash. [`crate::accounts::set_password`] does so by itself.
pub async fn insert(
    tx: &mut Tx,
    tenant: TenantId,
    user: UserId,
    set_at: Timestamp,
    hash: &str,
) -> Result<()> {
    on!(tx, |c| sqlx::query(
        "INSERT INTO password_history (tenant_id, user_id, set_at, hash) VALUES ($1, $2, $3, $4)
         ON CONFLICT (tenant_id, user_id, set_at) DO UPDATE SET hash = excluded.hash"
    )
    .bind(tenant.0)
    .bind(user.0)
    .bind(set_at.0)
    .bind(hash)
    .execute(c)
    .await
    .map(drop))
}

/// The last hashes, newest first; the first is the present password's.
pub async fn list(tx: &mut Tx, tenant: TenantId, user: UserId, limit: i64) -> Result<Vec<String>> {
    on!(tx, |c| sqlx::query_scalar(
        "SELECT hash FROM password_history WHERE tenant_id = $1 AND user_id = $2
         ORDER BY set_at DESC LIMIT $3"
    )
    .bind(tenant.0)
    .bind(user.0)
    .bind(limit)
    .fetch_all(c)
    .await)
}

/// Forgets all but the last hashes.
pub async fn prune(tx: &mut Tx, tenant: TenantId, user: UserId, keep: i64) -> Result<u64> {
    on!(tx, |c| sqlx::query(
        "DELETE FROM password_history WHERE tenant_id = $1 AND user_id = $2 AND set_at NOT IN (
             SELECT set_at FROM password_history WHERE tenant_id = $1 AND user_id = $2
             ORDER BY set_at DESC LIMIT $3)"
    )
    .bind(tenant.0)
    .bind(user.0)
    .bind(keep)
    .execute(c)
    .await
    .map(|done| done.rows_affected()))
}

/// Replaces the hash of a password by another of the same one.
pub(crate) async fn replace(
    tx: &mut Tx,
    tenant: TenantId,
    user: UserId,
    old: &str,
    new: &str,
) -> Result<()> {
    on!(tx, |c| sqlx::query(
        "UPDATE password_history SET hash = $4
         WHERE tenant_id = $1 AND user_id = $2 AND hash = $3"
    )
    .bind(tenant.0)
    .bind(user.0)
    .bind(old)
    .bind(new)
    .execute(c)
    .await
    .map(drop))
}
