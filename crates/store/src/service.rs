//! Facts about the deployment itself, such as the fingerprint of the keys that it was made with.

use crate::db::on;
use crate::{Result, Tx};

/// A fact.
pub async fn get(tx: &mut Tx, name: &str) -> Result<Option<String>> {
    on!(tx, |c| sqlx::query_scalar(
        "SELECT value FROM service WHERE name = $1"
    )
    .bind(name)
    .fetch_optional(c)
    .await)
}

/// Records a fact unless it is there already. `true`: this caller recorded it.
pub async fn insert(tx: &mut Tx, name: &str, value: &str) -> Result<bool> {
    on!(tx, |c| sqlx::query(
        "INSERT INTO service (name, value) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING"
    )
    .bind(name)
    .bind(value)
    .execute(c)
    .await
    .map(|done| done.rows_affected() == 1))
}

/// Records a fact, whatever it was before.
pub async fn set(tx: &mut Tx, name: &str, value: &str) -> Result<()> {
    on!(tx, |c| sqlx::query(
        "INSERT INTO service (name, value) VALUES ($1, $2)
         ON CONFLICT (name) DO UPDATE SET value = excluded.value"
    )
    .bind(name)
    .bind(value)
    .execute(c)
    .await
    .map(drop))
}
