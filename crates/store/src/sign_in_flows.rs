//! Ways to a session: from the user ID to being signed in.

use latchkey_types::{SignInFlowId, TenantId, Timestamp, UserId};
use uuid::Uuid;

use crate::db::on;
use crate::{Result, Tx};

/// A flow to be. Its version will be 1.
#[derive(Clone)]
pub struct NewFlow<'a> {
    /// Its id.
    pub id: SignInFlowId,
    /// The user, the decoy's id, or nobody's.
    pub subject: UserId,
    /// The keyed hash of its cookie.
    pub cookie_tag: &'a [u8],
    /// Where it stands, as JSON.
    pub state: &'a str,
    /// The name that was typed, sealed.
    pub name: &'a [u8],
    /// What a ceremony has to remember, sealed.
    pub secret: Option<&'a [u8]>,
    /// Now.
    pub created_at: Timestamp,
    /// The end of its time.
    pub expires_at: Timestamp,
}

/// A flow.
#[derive(Clone, PartialEq, Eq)]
pub struct FlowRow {
    /// Whose it is.
    pub tenant: TenantId,
    /// Its id.
    pub id: SignInFlowId,
    /// The user, the decoy's id, or nobody's.
    pub subject: UserId,
    /// Grows by one with every step.
    pub version: i64,
    /// Where it stands, as JSON.
    pub state: String,
    /// The name that was typed, sealed.
    pub name: Vec<u8>,
    /// What a ceremony has to remember, sealed.
    pub secret: Option<Vec<u8>>,
    /// When it began.
    pub created_at: Timestamp,
    /// The end of its time.
    pub expires_at: Timestamp,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
}

impl std::fmt::Debug for FlowRow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FlowRow")
            .field("tenant", &self.tenant)
            .field("id", &self.id)
            .field("version", &self.version)
            .finish_non_exhaustive()
    }
}

#[derive(sqlx::FromRow)]
struct Raw {
    tenant_id: Uuid,
    id: Uuid,
    subject_id: Uuid,
    version: i64,
    state: String,
    name: Vec<u8>,
    secret: Option<Vec<u8>>,
    created_at: i64,
    expires_at: i64,
    ended_at: Option<i64>,
}

impl From<Raw> for FlowRow {
    fn from(raw: Raw) -> Self {
        Self {
            tenant: TenantId(raw.tenant_id),
            id: SignInFlowId(raw.id),
            subject: UserId(raw.subject_id),
            version: raw.version,
            state: raw.state,
            name: raw.name,
            secret: raw.secret,
            created_at: Timestamp(raw.created_at),
            expires_at: Timestamp(raw.expires_at),
            ended_at: raw.ended_at.map(Timestamp),
        }
    }
}

/// Adds a flow.
pub async fn insert(tx: &mut Tx, tenant: TenantId, new: &NewFlow<'_>) -> Result<()> {
    on!(tx, |c| sqlx::query(
        "INSERT INTO sign_in_flow (tenant_id, id, subject_id, cookie_tag, version, state, name,
             secret, created_at, expires_at)
         VALUES ($1, $2, $3, $4, 1, $5, $6, $7, $8, $9)"
    )
    .bind(tenant.0)
    .bind(new.id.0)
    .bind(new.subject.0)
    .bind(new.cookie_tag)
    .bind(new.state)
    .bind(new.name)
    .bind(new.secret)
    .bind(new.created_at.0)
    .bind(new.expires_at.0)
    .execute(c)
    .await
    .map(drop))
}

/// The flow of a browser, over or not, whosever it is: whoever has the cookie may be here.
pub async fn get_by_cookie(tx: &mut Tx, cookie_tag: &[u8]) -> Result<Option<FlowRow>> {
    let row: Option<Raw> = on!(tx, |c| {
        sqlx::query_as(
        "SELECT tenant_id, id, subject_id, version, state, name, secret, created_at, expires_at,
             ended_at
         FROM sign_in_flow WHERE cookie_tag = $1"
    )
    .bind(cookie_tag)
    .fetch_optional(c)
    .await
    })?;
    Ok(row.map(FlowRow::from))
}

/// Claims the next step of a flow: its version grows by one, if it is not over and still of the
/// expected version. Of any number of requests with one form, one claims it.
pub async fn claim(
    tx: &mut Tx,
    tenant: TenantId,
    id: SignInFlowId,
    expected_version: i64,
) -> Result<bool> {
    on!(tx, |c| sqlx::query(
        "UPDATE sign_in_flow SET version = version + 1
         WHERE tenant_id = $1 AND id = $2 AND version = $3 AND ended_at IS NULL"
    )
    .bind(tenant.0)
    .bind(id.0)
    .bind(expected_version)
    .execute(c)
    .await
    .map(|done| done.rows_affected() == 1))
}

/// A step of a flow.
#[derive(Clone, Copy)]
pub struct Advance<'a> {
    /// Where it stands from now on, as JSON.
    pub state: &'a str,
    /// The keyed hash of the new cookie, if the browser gets one.
    pub cookie_tag: Option<&'a [u8]>,
    /// What a ceremony has to remember, sealed; `None`: nothing any more, so that nothing is used
    /// twice.
    pub secret: Option<&'a [u8]>,
    /// When it ended, if it did.
    pub ended_at: Option<Timestamp>,
}

/// Takes a step, if the flow is not over and still of the expected version, which grows by one.
pub async fn advance(
    tx: &mut Tx,
    tenant: TenantId,
    id: SignInFlowId,
    expected_version: i64,
    step: Advance<'_>,
) -> Result<bool> {
    on!(tx, |c| sqlx::query(
        "UPDATE sign_in_flow SET version = version + 1, state = $4,
             cookie_tag = COALESCE($5, cookie_tag), secret = $6, ended_at = $7
         WHERE tenant_id = $1 AND id = $2 AND version = $3 AND ended_at IS NULL"
    )
    .bind(tenant.0)
    .bind(id.0)
    .bind(expected_version)
    .bind(step.state)
    .bind(step.cookie_tag)
    .bind(step.secret)
    .bind(step.ended_at.map(|at| at.0))
    .execute(c)
    .await
    .map(|done| done.rows_affected() == 1))
}

/// Deletes up to `limit` flows whose time was over before a moment.
pub async fn purge(tx: &mut Tx, expired_before: Timestamp, limit: i64) -> Result<u64> {
    on!(tx, |c| sqlx::query(
        "DELETE FROM sign_in_flow WHERE (tenant_id, id) IN (
             SELECT tenant_id, id FROM sign_in_flow WHERE expires_at < $1
             ORDER BY expires_at, id LIMIT $2)"
    )
    .bind(expired_before.0)
    .bind(limit)
    .execute(c)
    .await
    .map(|done| done.rows_affected()))
}
