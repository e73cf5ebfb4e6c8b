//! Proofs of work and timed forms that were used: each counts once.

use latchkey_types::Timestamp;

use crate::db::on;
use crate::{Result, Tx};

/// Spends a proof. `false`: it was spent before. It is remembered until it would have expired.
pub async fn spend(tx: &mut Tx, id: &[u8], expires_at: Timestamp) -> Result<bool> {
    on!(tx, |c| sqlx::query(
        "INSERT INTO spent_work (id, expires_at) VALUES ($1, $2) ON CONFLICT (id) DO NOTHING"
    )
    .bind(id)
    .bind(expires_at.0)
    .execute(c)
    .await
    .map(|done| done.rows_affected() == 1))
}

/// Forgets those that have expired.
pub async fn purge(tx: &mut Tx, now: Timestamp) -> Result<u64> {
    on!(tx, |c| sqlx::query(
        "DELETE FROM spent_work WHERE expires_at <= $1"
    )
    .bind(now.0)
    .execute(c)
    .await
    .map(|done| done.rows_affected()))
}
