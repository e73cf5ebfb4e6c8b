//! Domains of tenants. A domain belongs to one tenant in the whole deployment.

use latchkey_core::model::DomainKind;
use latchkey_types::{DomainId, DomainName, TenantId, Timestamp};
use uuid::Uuid;

use crate::column::Row;
use crate::db::on;
use crate::{Result, StoreError, Tx};

/// A domain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Domain {
    /// Its id.
    pub id: DomainId,
    /// Its name, unique in the deployment.
    pub name: DomainName,
    /// The tenant's first one or one of its own.
    pub kind: DomainKind,
    /// What has to be published in DNS to show whose it is.
    pub token: String,
    /// When it was shown.
    pub verified_at: Option<Timestamp>,
    /// When it was added.
    pub created_at: Timestamp,
}

#[derive(sqlx::FromRow)]
struct DomainRow {
    tenant_id: Uuid,
    id: Uuid,
    name: String,
    kind: String,
    token: String,
    verified_at: Option<i64>,
    created_at: i64,
}

impl DomainRow {
    fn into_domain(self) -> Result<(TenantId, Domain)> {
        let row = Row::new("domain", self.id);
        let domain = Domain {
            id: DomainId(self.id),
            name: row.read("name", DomainName::parse(&self.name).ok())?,
            kind: row.read("kind", DomainKind::parse(&self.kind))?,
            token: self.token,
            verified_at: self.verified_at.map(Timestamp),
            created_at: Timestamp(self.created_at),
        };
        Ok((TenantId(self.tenant_id), domain))
    }
}

/// Adds a domain. [`StoreError::Conflict`] if any tenant has it; the transaction may go on.
pub async fn insert(tx: &mut Tx, tenant: TenantId, domain: &Domain) -> Result<()> {
    let added = on!(tx, |c| sqlx::query(
        "INSERT INTO domain (name, id, tenant_id, kind, token, verified_at, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING"
    )
    .bind(domain.name.as_str())
    .bind(domain.id.0)
    .bind(tenant.0)
    .bind(domain.kind.as_str())
    .bind(&domain.token)
    .bind(domain.verified_at.map(|at| at.0))
    .bind(domain.created_at.0)
    .execute(c)
    .await
    .map(|done| done.rows_affected() == 1))?;
    if added {
        Ok(())
    } else {
        Err(StoreError::Conflict("domain"))
    }
}

/// A domain, whosever it is.
pub async fn find(tx: &mut Tx, name: &DomainName) -> Result<Option<(TenantId, Domain)>> {
    let row: Option<DomainRow> = on!(tx, |c| sqlx::query_as(
        "SELECT tenant_id, id, name, kind, token, verified_at, created_at FROM domain
         WHERE name = $1"
    )
    .bind(name.as_str())
    .fetch_optional(c)
    .await)?;
    row.map(DomainRow::into_domain).transpose()
}

/// All domains of a tenant, by name.
pub async fn list(tx: &mut Tx, tenant: TenantId) -> Result<Vec<Domain>> {
    let rows: Vec<DomainRow> = on!(tx, |c| sqlx::query_as(
        "SELECT tenant_id, id, name, kind, token, verified_at, created_at FROM domain
         WHERE tenant_id = $1 ORDER BY name"
    )
    .bind(tenant.0)
    .fetch_all(c)
    .await)?;
    rows.into_iter()
        .map(|row| Ok(row.into_domain()?.1))
        .collect()
}

/// Marks a domain verified. `false`: it is not there, or was verified before.
pub async fn mark_verified(
    tx: &mut Tx,
    tenant: TenantId,
    name: &DomainName,
    now: Timestamp,
) -> Result<bool> {
    on!(tx, |c| sqlx::query(
        "UPDATE domain SET verified_at = $3
         WHERE tenant_id = $1 AND name = $2 AND verified_at IS NULL"
    )
    .bind(tenant.0)
    .bind(name.as_str())
    .bind(now.0)
    .execute(c)
    .await
    .map(|done| done.rows_affected() == 1))
}

/// Deletes a domain. Whether somebody's name is on it is for the caller to look at.
pub async fn delete(tx: &mut Tx, tenant: TenantId, name: &DomainName) -> Result<bool> {
    on!(tx, |c| sqlx::query(
        "DELETE FROM domain WHERE tenant_id = $1 AND name = $2"
    )
    .bind(tenant.0)
    .bind(name.as_str())
    .execute(c)
    .await
    .map(|done| done.rows_affected() == 1))
}
