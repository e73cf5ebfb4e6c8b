//! The agents beside directories, and the tokens that enrol them.

use latchkey_types::{AgentId, TenantId, Timestamp};
use uuid::Uuid;

use crate::db::on;
use crate::{Result, Tx};

/// An agent.
#[derive(Clone, PartialEq, Eq)]
pub struct Agent {
    /// Whose it is.
    pub tenant: TenantId,
    /// Never reused.
    pub id: AgentId,
    /// The on-premises domain that it answers for, folded.
    pub domain: String,
    /// The host's name.
    pub name: String,
    /// Its program's version.
    pub version: String,
    /// The number of its keys: one more with each roll-over.
    pub key_number: u32,
    /// Its public keys, sealed.
    pub keys: Vec<u8>,
    /// Those before.
    pub old_keys: Option<Vec<u8>>,
    /// When it made its keys.
    pub keys_made_at: Timestamp,
    /// Whether it has to make new ones.
    pub roll_over: bool,
    /// How its directory is: a code.
    pub health: String,
    /// The same in words.
    pub health_detail: Option<String>,
    /// Whether a reset respects the directory's history.
    pub history_on_reset: bool,
    /// By how much its clock is ahead, in milliseconds.
    pub clock_ahead: i64,
    /// When it was enrolled.
    pub enrolled_at: Timestamp,
    /// When it last said anything.
    pub last_seen_at: Option<Timestamp>,
    /// Which connection it is on; empty: none.
    pub connection: String,
    /// When it was revoked or removed.
    pub revoked_at: Option<Timestamp>,
}

impl std::fmt::Debug for Agent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Agent")
            .field("id", &self.id)
            .field("domain", &self.domain)
            .field("health", &self.health)
            .finish_non_exhaustive()
    }
}

#[derive(sqlx::FromRow)]
struct Raw {
    tenant_id: Uuid,
    id: Uuid,
    domain: String,
    name: String,
    version: String,
    key_number: i64,
    keys: Vec<u8>,
    old_keys: Option<Vec<u8>>,
    keys_made_at: i64,
    roll_over: bool,
    health: String,
    health_detail: Option<String>,
    history_on_reset: bool,
    clock_ahead: i64,
    enrolled_at: i64,
    last_seen_at: Option<i64>,
    connection: String,
    revoked_at: Option<i64>,
}

impl From<Raw> for Agent {
    fn from(raw: Raw) -> Self {
        Self {
            tenant: TenantId(raw.tenant_id),
            id: AgentId(raw.id),
            domain: raw.domain,
            name: raw.name,
            version: raw.version,
            key_number: u32::try_from(raw.key_number).unwrap_or_default(),
            keys: raw.keys,
            old_keys: raw.old_keys,
            keys_made_at: Timestamp(raw.keys_made_at),
            roll_over: raw.roll_over,
            health: raw.health,
            health_detail: raw.health_detail,
            history_on_reset: raw.history_on_reset,
            clock_ahead: raw.clock_ahead,
            enrolled_at: Timestamp(raw.enrolled_at),
            last_seen_at: raw.last_seen_at.map(Timestamp),
            connection: raw.connection,
            revoked_at: raw.revoked_at.map(Timestamp),
        }
    }
}

/// What an agent says of itself.
#[derive(Debug, Clone, Copy)]
pub struct Report<'a> {
    /// How its directory is: a code.
    pub health: &'a str,
    /// The same in words.
    pub detail: Option<&'a str>,
    /// Whether a reset respects the directory's history.
    pub history_on_reset: bool,
    /// By how much its clock is ahead, in milliseconds.
    pub clock_ahead: i64,
}

macro_rules! columns {
    () => {
        "tenant_id, id, domain, name, version, key_number, keys, old_keys, keys_made_at, roll_over,
         health, health_detail, history_on_reset, clock_ahead, enrolled_at, last_seen_at, connection,
         revoked_at"
    };
}

/// Adds an agent, which has not said anything yet.
pub async fn insert(tx: &mut Tx, new: &Agent) -> Result<()> {
    on!(tx, |c| sqlx::query(
        "INSERT INTO agent (tenant_id, id, domain, name, version, key_number, keys, keys_made_at,
             roll_over, health, history_on_reset, clock_ahead, enrolled_at, connection)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)"
    )
    .bind(new.tenant.0)
    .bind(new.id.0)
    .bind(&new.domain)
    .bind(&new.name)
    .bind(&new.version)
    .bind(i64::from(new.key_number))
    .bind(&new.keys)
    .bind(new.keys_made_at.0)
    .bind(new.roll_over)
    .bind(&new.health)
    .bind(new.history_on_reset)
    .bind(new.clock_ahead)
    .bind(new.enrolled_at.0)
    .bind(&new.connection)
    .execute(c)
    .await
    .map(drop))
}

/// The agent with an id, whosever it is: its signature has to prove the rest.
pub async fn find(tx: &mut Tx, id: AgentId) -> Result<Option<Agent>> {
    let raw: Option<Raw> = on!(tx, |c| sqlx::query_as(concat!(
        "SELECT ",
        columns!(),
        " FROM agent WHERE id = $1"
    ))
    .bind(id.0)
    .fetch_optional(c)
    .await)?;
    Ok(raw.map(Agent::from))
}

/// A tenant's agents, revoked ones too, by domain and name.
pub async fn list(tx: &mut Tx, tenant: TenantId) -> Result<Vec<Agent>> {
    let rows: Vec<Raw> = on!(tx, |c| sqlx::query_as(concat!(
        "SELECT ",
        columns!(),
        " FROM agent WHERE tenant_id = $1 ORDER BY domain, name, id"
    ))
    .bind(tenant.0)
    .fetch_all(c)
    .await)?;
    Ok(rows.into_iter().map(Agent::from).collect())
}

/// The agents that answer for a domain and were not revoked.
pub async fn list_for_domain(tx: &mut Tx, tenant: TenantId, domain: &str) -> Result<Vec<Agent>> {
    let rows: Vec<Raw> = on!(tx, |c| sqlx::query_as(concat!(
        "SELECT ",
        columns!(),
        " FROM agent WHERE tenant_id = $1 AND domain = $2 AND revoked_at IS NULL ORDER BY id"
    ))
    .bind(tenant.0)
    .bind(domain)
    .fetch_all(c)
    .await)?;
    Ok(rows.into_iter().map(Agent::from).collect())
}

/// An agent proved who it is on a connection, in place of the one it was on. `false`: it was revoked.
pub async fn connect(
    tx: &mut Tx,
    tenant: TenantId,
    id: AgentId,
    connection: &str,
    version: &str,
    now: Timestamp,
) -> Result<bool> {
    on!(tx, |c| sqlx::query(
        "UPDATE agent SET connection = $3, version = $4, last_seen_at = $5
         WHERE tenant_id = $1 AND id = $2 AND revoked_at IS NULL"
    )
    .bind(tenant.0)
    .bind(id.0)
    .bind(connection)
    .bind(version)
    .bind(now.0)
    .execute(c)
    .await
    .map(|done| done.rows_affected() == 1))
}

/// A connection ended, unless the agent is on another one by now.
pub async fn disconnect(
    tx: &mut Tx,
    tenant: TenantId,
    id: AgentId,
    connection: &str,
) -> Result<()> {
    on!(tx, |c| sqlx::query(
        "UPDATE agent SET connection = '' WHERE tenant_id = $1 AND id = $2 AND connection = $3"
    )
    .bind(tenant.0)
    .bind(id.0)
    .bind(connection)
    .execute(c)
    .await
    .map(drop))
}

/// Keeps what an agent says of itself on its connection. `None`: it was revoked, or is on another
/// connection; else whether it has to make new keys.
pub async fn report(
    tx: &mut Tx,
    tenant: TenantId,
    id: AgentId,
    connection: &str,
    report: Report<'_>,
    now: Timestamp,
) -> Result<Option<bool>> {
    on!(tx, |c| {
        sqlx::query_scalar(
        "UPDATE agent SET last_seen_at = $4, health = $5, health_detail = $6, history_on_reset = $7,
             clock_ahead = $8
         WHERE tenant_id = $1 AND id = $2 AND connection = $3 AND revoked_at IS NULL
         RETURNING roll_over"
    )
    .bind(tenant.0)
    .bind(id.0)
    .bind(connection)
    .bind(now.0)
    .bind(report.health)
    .bind(report.detail)
    .bind(report.history_on_reset)
    .bind(report.clock_ahead)
    .fetch_optional(c)
    .await
    })
}

/// Replaces an agent's keys, which had a number. `false`: they had another one, or it was revoked.
pub async fn set_keys(
    tx: &mut Tx,
    tenant: TenantId,
    id: AgentId,
    number: u32,
    keys: &[u8],
    old_keys: &[u8],
    now: Timestamp,
) -> Result<bool> {
    on!(tx, |c| sqlx::query(
        "UPDATE agent SET key_number = $3, keys = $4, old_keys = $5, keys_made_at = $6,
             roll_over = $7
         WHERE tenant_id = $1 AND id = $2 AND key_number = $8 AND revoked_at IS NULL"
    )
    .bind(tenant.0)
    .bind(id.0)
    .bind(i64::from(number))
    .bind(keys)
    .bind(old_keys)
    .bind(now.0)
    .bind(false)
    .bind(i64::from(number) - 1)
    .execute(c)
    .await
    .map(|done| done.rows_affected() == 1))
}

/// Asks agents to make new keys: those of a tenant, and whoever has keys from before a moment.
pub async fn ask_for_keys(
    tx: &mut Tx,
    tenant: Option<TenantId>,
    made_before: Timestamp,
) -> Result<u64> {
    on!(tx, |c| sqlx::query(
        "UPDATE agent SET roll_over = $3
         WHERE revoked_at IS NULL AND ($1 IS NULL OR tenant_id = $1) AND keys_made_at < $2"
    )
    .bind(tenant.map(|tenant| tenant.0))
    .bind(made_before.0)
    .bind(true)
    .execute(c)
    .await
    .map(|done| done.rows_affected()))
}

/// Revokes an agent. `false`: there is none, or it was revoked before.
pub async fn revoke(tx: &mut Tx, tenant: TenantId, id: AgentId, now: Timestamp) -> Result<bool> {
    on!(tx, |c| sqlx::query(
        "UPDATE agent SET revoked_at = $3, connection = ''
         WHERE tenant_id = $1 AND id = $2 AND revoked_at IS NULL"
    )
    .bind(tenant.0)
    .bind(id.0)
    .bind(now.0)
    .execute(c)
    .await
    .map(|done| done.rows_affected() == 1))
}

/// Adds a token that enrols one agent for a domain.
pub async fn insert_token(
    tx: &mut Tx,
    tenant: TenantId,
    domain: &str,
    tag: &[u8],
    now: Timestamp,
    expires_at: Timestamp,
) -> Result<()> {
    on!(tx, |c| sqlx::query(
        "INSERT INTO agent_token (tag, tenant_id, domain, created_at, expires_at)
         VALUES ($1, $2, $3, $4, $5)"
    )
    .bind(tag)
    .bind(tenant.0)
    .bind(domain)
    .bind(now.0)
    .bind(expires_at.0)
    .execute(c)
    .await
    .map(drop))
}

/// Uses a token: whose agent it enrols, and for which domain. `None`: there is none of this secret,
/// or it was used, or its time is over.
pub async fn consume_token(
    tx: &mut Tx,
    tag: &[u8],
    now: Timestamp,
) -> Result<Option<(TenantId, String)>> {
    let row: Option<(Uuid, String)> = on!(tx, |c| sqlx::query_as(
        "UPDATE agent_token SET spent_at = $2
         WHERE tag = $1 AND spent_at IS NULL AND expires_at > $2
         RETURNING tenant_id, domain"
    )
    .bind(tag)
    .bind(now.0)
    .fetch_optional(c)
    .await)?;
    Ok(row.map(|(tenant, domain)| (TenantId(tenant), domain)))
}

/// Deletes the tokens that expired before a moment.
pub async fn purge_tokens(tx: &mut Tx, expired_before: Timestamp) -> Result<u64> {
    on!(tx, |c| sqlx::query(
        "DELETE FROM agent_token WHERE expires_at < $1"
    )
    .bind(expired_before.0)
    .execute(c)
    .await
    .map(|done| done.rows_affected()))
}
