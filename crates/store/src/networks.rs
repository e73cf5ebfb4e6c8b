//! Networks from which users signed in rightly: there a stranger's wrong passwords do not count
//! against the owner.

use latchkey_types::{TenantId, Timestamp, UserId};

use crate::db::on;
use crate::{Result, Tx};

/// Whether a user, or a decoy, signed in rightly from a network since a moment.
pub async fn is_familiar(
    tx: &mut Tx,
    tenant: TenantId,
    user: UserId,
    network: &[u8],
    since: Timestamp,
) -> Result<bool> {
    let found: Option<i64> = on!(tx, |c| sqlx::query_scalar(
        "SELECT used_at FROM familiar_network
         WHERE tenant_id = $1 AND user_id = $2 AND network = $3 AND used_at >= $4"
    )
    .bind(tenant.0)
    .bind(user.0)
    .bind(network)
    .bind(since.0)
    .fetch_optional(c)
    .await)?;
    Ok(found.is_some())
}

/// Remembers that a user signed in rightly from a network.
pub async fn remember(
    tx: &mut Tx,
    tenant: TenantId,
    user: UserId,
    network: &[u8],
    now: Timestamp,
) -> Result<()> {
    on!(tx, |c| sqlx::query(
        "INSERT INTO familiar_network (tenant_id, user_id, network, used_at)
         VALUES ($1, $2, $3, $4)
         ON CONFLICT (tenant_id, user_id, network) DO UPDATE SET used_at = excluded.used_at
         WHERE familiar_network.used_at < excluded.used_at"
    )
    .bind(tenant.0)
    .bind(user.0)
    .bind(network)
    .bind(now.0)
    .execute(c)
    .await
    .map(drop))
}

/// Forgets up to `limit` networks of any tenant that were last used before a moment.
pub async fn purge(tx: &mut Tx, used_before: Timestamp, limit: i64) -> Result<u64> {
    on!(tx, |c| sqlx::query(
        "DELETE FROM familiar_network WHERE (tenant_id, user_id, network) IN (
             SELECT tenant_id, user_id, network FROM familiar_network WHERE used_at < $1
             ORDER BY used_at LIMIT $2)"
    )
    .bind(used_before.0)
    .bind(limit)
    .execute(c)
    .await
    .map(|done| done.rows_affected()))
}
