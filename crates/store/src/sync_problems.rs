//! What could not be synchronised, by object and code.

use latchkey_types::{SyncRunId, TenantId, Timestamp};

use crate::db::on;
use crate::{Result, Tx};

/// A problem.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Problem {
    /// The on-premises domain.
    pub domain: String,
    /// The object; empty: of none.
    pub anchor: String,
    /// What it is.
    pub code: String,
    /// The same in words.
    pub detail: String,
    /// Since when it is known, in microseconds.
    pub first_at: i64,
    /// When it was last met.
    pub last_at: i64,
}

/// Keeps a problem, or that it is still there.
pub async fn put(
    tx: &mut Tx,
    tenant: TenantId,
    domain: &str,
    (anchor, code, detail): (&str, &str, &str),
    run: SyncRunId,
    now: Timestamp,
) -> Result<()> {
    on!(tx, |c| {
        sqlx::query(
        "INSERT INTO sync_problem (tenant_id, domain, anchor, code, detail, run_id, first_at, last_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $7)
         ON CONFLICT (tenant_id, domain, anchor, code) DO UPDATE SET detail = excluded.detail,
             run_id = excluded.run_id, last_at = excluded.last_at"
    )
    .bind(tenant.0)
    .bind(domain)
    .bind(anchor)
    .bind(code)
    .bind(detail)
    .bind(run.0)
    .bind(now.0)
    .execute(c)
    .await
    .map(drop)
    })
}

/// Which of these objects have problems.
pub async fn troubled(
    tx: &mut Tx,
    tenant: TenantId,
    domain: &str,
    anchors: &[&str],
) -> Result<Vec<String>> {
    if anchors.is_empty() {
        return Ok(Vec::new());
    }
    on!(tx, |c| {
        let mut query =
            sqlx::QueryBuilder::new("SELECT DISTINCT anchor FROM sync_problem WHERE tenant_id = ");
        query.push_bind(tenant.0).push(" AND domain = ");
        query.push_bind(domain).push(" AND anchor IN (");
        let mut list = query.separated(", ");
        for anchor in anchors {
            list.push_bind(*anchor);
        }
        query.push(")");
        query.build_query_scalar().fetch_all(c).await
    })
}

/// Forgets the problems of an object.
pub async fn clear(tx: &mut Tx, tenant: TenantId, domain: &str, anchor: &str) -> Result<u64> {
    on!(tx, |c| sqlx::query(
        "DELETE FROM sync_problem WHERE tenant_id = $1 AND domain = $2 AND anchor = $3"
    )
    .bind(tenant.0)
    .bind(domain)
    .bind(anchor)
    .execute(c)
    .await
    .map(|done| done.rows_affected()))
}

/// Forgets the problems that a run, which read everything, did not meet.
pub async fn clear_others(
    tx: &mut Tx,
    tenant: TenantId,
    domain: &str,
    run: SyncRunId,
) -> Result<u64> {
    on!(tx, |c| sqlx::query(
        "DELETE FROM sync_problem WHERE tenant_id = $1 AND domain = $2 AND run_id <> $3"
    )
    .bind(tenant.0)
    .bind(domain)
    .bind(run.0)
    .execute(c)
    .await
    .map(|done| done.rows_affected()))
}

/// A tenant's problems, by domain, object and code, after one.
pub async fn list(
    tx: &mut Tx,
    tenant: TenantId,
    after: (&str, &str, &str),
    limit: i64,
) -> Result<Vec<Problem>> {
    on!(tx, |c| sqlx::query_as(
        "SELECT domain, anchor, code, detail, first_at, last_at FROM sync_problem
         WHERE tenant_id = $1 AND (domain, anchor, code) > ($2, $3, $4)
         ORDER BY domain, anchor, code LIMIT $5"
    )
    .bind(tenant.0)
    .bind(after.0)
    .bind(after.1)
    .bind(after.2)
    .bind(limit)
    .fetch_all(c)
    .await)
}

/// How many problems a domain has.
pub async fn count(tx: &mut Tx, tenant: TenantId, domain: &str) -> Result<i64> {
    on!(tx, |c| sqlx::query_scalar(
        "SELECT CAST(count(*) AS BIGINT) FROM sync_problem WHERE tenant_id = $1 AND domain = $2"
    )
    .bind(tenant.0)
    .bind(domain)
    .fetch_one(c)
    .await)
}
