//! The identity providers of tenants, and who somebody is there.

use latchkey_types::{FederationId, TenantId, Timestamp, UserId};
use uuid::Uuid;

use crate::db::on;
use crate::{Result, Tx};

/// A tenant's identity provider (OpenID Connect).
#[derive(Clone, PartialEq, Eq)]
pub struct Federation {
    /// Another one each time it is set, because the secret is sealed to it.
    pub id: FederationId,
    /// The issuer's address, exactly as its tokens have it.
    pub issuer: String,
    /// Who we are to it.
    pub client_id: String,
    /// The client's secret, sealed.
    pub secret: Vec<u8>,
    /// The claim that holds the user principal name at the first sign-in.
    pub name_claim: String,
    /// When it was set.
    pub created_at: Timestamp,
}

impl std::fmt::Debug for Federation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Federation")
            .field("issuer", &self.issuer)
            .field("client_id", &self.client_id)
            .finish_non_exhaustive()
    }
}

#[derive(sqlx::FromRow)]
struct Raw {
    id: Uuid,
    issuer: String,
    client_id: String,
    secret: Vec<u8>,
    name_claim: String,
    created_at: i64,
}

/// A tenant's provider.
pub async fn get(tx: &mut Tx, tenant: TenantId) -> Result<Option<Federation>> {
    let row: Option<Raw> = on!(tx, |c| sqlx::query_as(
        "SELECT id, issuer, client_id, secret, name_claim, created_at FROM federation
         WHERE tenant_id = $1"
    )
    .bind(tenant.0)
    .fetch_optional(c)
    .await)?;
    Ok(row.map(|raw| Federation {
        id: FederationId(raw.id),
        issuer: raw.issuer,
        client_id: raw.client_id,
        secret: raw.secret,
        name_claim: raw.name_claim,
        created_at: Timestamp(raw.created_at),
    }))
}

/// Sets a tenant's provider, in place of the one that was there.
pub async fn set(tx: &mut Tx, tenant: TenantId, new: &Federation) -> Result<()> {
    on!(tx, |c| sqlx::query(
        "INSERT INTO federation (tenant_id, id, issuer, client_id, secret, name_claim, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7)
         ON CONFLICT (tenant_id) DO UPDATE SET id = excluded.id, issuer = excluded.issuer,
             client_id = excluded.client_id, secret = excluded.secret,
             name_claim = excluded.name_claim, created_at = excluded.created_at"
    )
    .bind(tenant.0)
    .bind(new.id.0)
    .bind(&new.issuer)
    .bind(&new.client_id)
    .bind(&new.secret)
    .bind(&new.name_claim)
    .bind(new.created_at.0)
    .execute(c)
    .await
    .map(drop))
}

/// Removes a tenant's provider. `false`: there was none.
pub async fn delete(tx: &mut Tx, tenant: TenantId) -> Result<bool> {
    on!(tx, |c| sqlx::query(
        "DELETE FROM federation WHERE tenant_id = $1"
    )
    .bind(tenant.0)
    .execute(c)
    .await
    .map(|done| done.rows_affected() == 1))
}

/// The user behind an issuer's subject, if one was bound to it.
pub async fn user_of(
    tx: &mut Tx,
    tenant: TenantId,
    issuer: &str,
    subject: &str,
) -> Result<Option<UserId>> {
    let user: Option<Uuid> = on!(tx, |c| sqlx::query_scalar(
        "SELECT user_id FROM federated_identity
         WHERE tenant_id = $1 AND issuer = $2 AND subject = $3"
    )
    .bind(tenant.0)
    .bind(issuer)
    .bind(subject)
    .fetch_optional(c)
    .await)?;
    Ok(user.map(UserId))
}

/// Binds a user to an issuer's subject. `false`: one of the two is bound already, and stays so, or
/// there is no such user.
pub async fn bind(
    tx: &mut Tx,
    tenant: TenantId,
    issuer: &str,
    subject: &str,
    user: UserId,
    now: Timestamp,
) -> Result<bool> {
    on!(tx, |c| sqlx::query(
        "INSERT INTO federated_identity (tenant_id, issuer, subject, user_id, created_at)
         SELECT tenant_id, $2, $3, id, $5 FROM account WHERE tenant_id = $1 AND id = $4
         ON CONFLICT DO NOTHING"
    )
    .bind(tenant.0)
    .bind(issuer)
    .bind(subject)
    .bind(user.0)
    .bind(now.0)
    .execute(c)
    .await
    .map(|done| done.rows_affected() == 1))
}
