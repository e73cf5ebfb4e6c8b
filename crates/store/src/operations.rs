//! What agents are asked to do. A row is durable before anybody waits for it, is taken by one agent,
//! and is answered once; the passwords in it are sealed to the agents before they come here.

use std::time::Duration;

use latchkey_types::{AgentId, OperationId, SessionId, TenantId, Timestamp, UserId};
use uuid::Uuid;

use crate::db::on;
use crate::{Result, StoreError, Tx};

/// Where an operation stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// No agent has it yet.
    Waiting,
    /// An agent has it, and nobody knows yet what came of it.
    Taken,
    /// The agent answered.
    Answered,
    /// No agent took it in time: nothing was done.
    Expired,
}

impl State {
    const ALL: [Self; 4] = [Self::Waiting, Self::Taken, Self::Answered, Self::Expired];

    /// Its form in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Taken => "taken",
            Self::Answered => "answered",
            Self::Expired => "expired",
        }
    }
}

/// An operation to be.
#[derive(Clone)]
pub struct NewOperation<'a> {
    /// Its id.
    pub id: OperationId,
    /// The domain whose agents may take it, folded.
    pub domain: &'a str,
    /// Whom it is about.
    pub user: UserId,
    /// What is to be done: a name.
    pub verb: &'a str,
    /// The reset session that asks, if one does.
    pub session: Option<SessionId>,
    /// What has to be done here afterwards, sealed.
    pub pending: Option<&'a [u8]>,
    /// Now.
    pub created_at: Timestamp,
    /// Until when it may be begun.
    pub expires_at: Timestamp,
}

/// An operation.
#[derive(Clone, PartialEq, Eq)]
pub struct Operation {
    /// Whose it is.
    pub tenant: TenantId,
    /// Its id.
    pub id: OperationId,
    /// Whom it is about.
    pub user: UserId,
    /// What is to be done: a name.
    pub verb: String,
    /// The reset session that asked, if one did.
    pub session: Option<SessionId>,
    /// What has to be done here afterwards, sealed.
    pub pending: Option<Vec<u8>>,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// Until when it may be begun.
    pub expires_at: Timestamp,
    /// Where it stands.
    pub state: State,
    /// Who took it.
    pub agent: Option<AgentId>,
    /// The answer as it was signed, the number of the key, and the signature.
    pub answer: Option<Answer>,
    /// When what follows from the answer was done.
    pub settled_at: Option<Timestamp>,
}

/// A signed answer.
#[derive(Clone, PartialEq, Eq)]
pub struct Answer {
    /// Who signed.
    pub agent: AgentId,
    /// The text that was signed.
    pub text: String,
    /// With which of its keys.
    pub key_number: u32,
    /// The signature.
    pub signature: Vec<u8>,
}

/// What an agent gets.
#[derive(Clone, PartialEq, Eq)]
pub struct Handed {
    /// Its id.
    pub id: OperationId,
    /// Whom it is about.
    pub user: UserId,
    /// What is to be done: a name.
    pub verb: String,
    /// Until when it may be begun.
    pub expires_at: Timestamp,
    /// The number of the keys that it is sealed to.
    pub key_number: u32,
    /// The sealed contents.
    pub envelope: Vec<u8>,
}

#[derive(sqlx::FromRow)]
struct Raw {
    tenant_id: Uuid,
    id: Uuid,
    user_id: Uuid,
    verb: String,
    session_id: Option<Uuid>,
    pending: Option<Vec<u8>>,
    created_at: i64,
    expires_at: i64,
    state: String,
    agent_id: Option<Uuid>,
    finder_id: Option<Uuid>,
    answer: Option<String>,
    answer_key: Option<i64>,
    signature: Option<Vec<u8>>,
    settled_at: Option<i64>,
}

impl TryFrom<Raw> for Operation {
    type Error = StoreError;

    fn try_from(raw: Raw) -> Result<Self> {
        let state = State::ALL
            .into_iter()
            .find(|state| state.as_str() == raw.state)
            .ok_or_else(|| StoreError::corrupt("operation", "state", raw.id))?;
        let answer = match (raw.answer, raw.answer_key, raw.signature) {
            (Some(text), Some(key), Some(signature)) => Some(Answer {
                agent: AgentId(raw.finder_id.or(raw.agent_id).unwrap_or_default()),
                text,
                key_number: u32::try_from(key).unwrap_or_default(),
                signature,
            }),
            _ => None,
        };
        Ok(Self {
            tenant: TenantId(raw.tenant_id),
            id: OperationId(raw.id),
            user: UserId(raw.user_id),
            verb: raw.verb,
            session: raw.session_id.map(SessionId),
            pending: raw.pending,
            created_at: Timestamp(raw.created_at),
            expires_at: Timestamp(raw.expires_at),
            state,
            agent: raw.agent_id.map(AgentId),
            answer,
            settled_at: raw.settled_at.map(Timestamp),
        })
    }
}

macro_rules! columns {
    () => {
        "tenant_id, id, user_id, verb, session_id, pending, created_at, expires_at, state, agent_id,
         finder_id, answer, answer_key, signature, settled_at"
    };
}

/// Adds an operation. When it is committed, [`crate::Db::asked`] is woken.
pub async fn insert(tx: &mut Tx, tenant: TenantId, new: &NewOperation<'_>) -> Result<()> {
    tx.asks();
    on!(tx, |c| {
        sqlx::query(
        "INSERT INTO operation (tenant_id, id, domain, user_id, verb, session_id, pending, created_at,
             expires_at, state)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 'waiting')"
    )
    .bind(tenant.0)
    .bind(new.id.0)
    .bind(new.domain)
    .bind(new.user.0)
    .bind(new.verb)
    .bind(new.session.map(|session| session.0))
    .bind(new.pending)
    .bind(new.created_at.0)
    .bind(new.expires_at.0)
    .execute(c)
    .await
    .map(drop)
    })
}

/// Adds an operation as it is sealed to one agent.
pub async fn add_envelope(
    tx: &mut Tx,
    tenant: TenantId,
    id: OperationId,
    agent: AgentId,
    key_number: u32,
    envelope: &[u8],
) -> Result<()> {
    on!(tx, |c| sqlx::query(
        "INSERT INTO operation_envelope (tenant_id, operation_id, agent_id, key_number, envelope)
         VALUES ($1, $2, $3, $4, $5)"
    )
    .bind(tenant.0)
    .bind(id.0)
    .bind(agent.0)
    .bind(i64::from(key_number))
    .bind(envelope)
    .execute(c)
    .await
    .map(drop))
}

/// An operation.
pub async fn get(tx: &mut Tx, tenant: TenantId, id: OperationId) -> Result<Option<Operation>> {
    let raw: Option<Raw> = on!(tx, |c| sqlx::query_as(concat!(
        "SELECT ",
        columns!(),
        " FROM operation WHERE tenant_id = $1 AND id = $2"
    ))
    .bind(tenant.0)
    .bind(id.0)
    .fetch_optional(c)
    .await)?;
    raw.map(Operation::try_from).transpose()
}

/// Whether an operation of a domain waits for an agent.
pub async fn is_waiting(tx: &mut Tx, tenant: TenantId, domain: &str) -> Result<bool> {
    let found: Option<i64> = on!(tx, |c| sqlx::query_scalar(
        "SELECT created_at FROM operation
         WHERE tenant_id = $1 AND domain = $2 AND state = 'waiting' AND settled_at IS NULL LIMIT 1"
    )
    .bind(tenant.0)
    .bind(domain)
    .fetch_optional(c)
    .await)?;
    Ok(found.is_some())
}

/// An agent that takes operations.
#[derive(Debug, Clone, Copy)]
pub struct Taker<'a> {
    /// The domain that it answers for, folded.
    pub domain: &'a str,
    /// Who it is.
    pub agent: AgentId,
    /// Another agent counts as there if it was heard of since then.
    pub there_since: Timestamp,
}

/// Takes operations of a domain for an agent: those that are sealed to it and can still be begun, the
/// oldest first. Nobody else gets them. If its directory is not well, it leaves those that are sealed
/// to an agent whose directory is.
pub async fn take(
    tx: &mut Tx,
    tenant: TenantId,
    taker: Taker<'_>,
    now: Timestamp,
    limit: i64,
) -> Result<Vec<Handed>> {
    tx.hurries();
    let Taker {
        domain,
        agent,
        there_since,
    } = taker;
    // The guard again outside: see `outbox::claim`.
    let ids: Vec<Uuid> = on!(tx, |c| sqlx::query_scalar(
        "UPDATE operation SET state = 'taken', agent_id = $3, taken_at = $4
         WHERE tenant_id = $1 AND id IN (
                 SELECT o.id FROM operation o
                 JOIN operation_envelope e ON e.tenant_id = o.tenant_id AND e.operation_id = o.id
                 WHERE o.tenant_id = $1 AND o.domain = $2 AND o.state = 'waiting'
                     AND o.settled_at IS NULL AND o.expires_at > $4 AND e.agent_id = $3
                     AND EXISTS (SELECT 1 FROM agent a WHERE a.id = $3 AND a.revoked_at IS NULL
                         AND (a.health = 'well' OR NOT EXISTS (
                             SELECT 1 FROM agent b
                             JOIN operation_envelope f ON f.agent_id = b.id
                                 AND f.tenant_id = o.tenant_id AND f.operation_id = o.id
                             WHERE b.tenant_id = $1 AND b.domain = $2 AND b.id <> $3
                                 AND b.revoked_at IS NULL AND b.connection <> ''
                                 AND b.health = 'well' AND b.last_seen_at > $6)))
                 ORDER BY o.created_at, o.id LIMIT $5)
             AND state = 'waiting' AND expires_at > $4
         RETURNING id"
    )
    .bind(tenant.0)
    .bind(domain)
    .bind(agent.0)
    .bind(now.0)
    .bind(limit)
    .bind(there_since.0)
    .fetch_all(c)
    .await)?;
    handed(tx, tenant, agent, ids).await
}

/// Takes over, for a while, finding out what came of operations that somebody took and nobody
/// answered. Only what changes something is found out; a question that was not answered is asked again
/// by whoever still wants to know. Whoever took one may find out `own` after its time to begin is over; any other agent of
/// the domain only `others` after, when it cannot be under way any more.
#[expect(clippy::too_many_arguments, reason = "all of them are the question")]
pub async fn find_out(
    tx: &mut Tx,
    tenant: TenantId,
    domain: &str,
    agent: AgentId,
    now: Timestamp,
    (own, others): (Duration, Duration),
    lease: Duration,
    limit: i64,
) -> Result<Vec<Handed>> {
    let ids: Vec<Uuid> = on!(tx, |c| sqlx::query_scalar(
        "UPDATE operation SET finder_id = $3, finding_until = $7
         WHERE tenant_id = $1 AND id IN (
                 SELECT o.id FROM operation o
                 JOIN operation_envelope e ON e.tenant_id = o.tenant_id AND e.operation_id = o.id
                 WHERE o.tenant_id = $1 AND o.domain = $2 AND o.state = 'taken'
                     AND o.settled_at IS NULL AND e.agent_id = $3
                     AND o.verb NOT IN ('verify', 'state')
                     AND EXISTS (SELECT 1 FROM agent a WHERE a.id = $3 AND a.revoked_at IS NULL)
                     AND (o.finding_until IS NULL OR o.finding_until <= $4)
                     AND ((o.agent_id = $3 AND o.expires_at <= $5) OR o.expires_at <= $6)
                 ORDER BY o.created_at, o.id LIMIT $8)
             AND state = 'taken' AND (finding_until IS NULL OR finding_until <= $4)
         RETURNING id"
    )
    .bind(tenant.0)
    .bind(domain)
    .bind(agent.0)
    .bind(now.0)
    .bind(now.minus(own).0)
    .bind(now.minus(others).0)
    .bind(now.plus(lease).0)
    .bind(limit)
    .fetch_all(c)
    .await)?;
    handed(tx, tenant, agent, ids).await
}

#[derive(sqlx::FromRow)]
struct RawHanded {
    id: Uuid,
    user_id: Uuid,
    verb: String,
    expires_at: i64,
    key_number: i64,
    envelope: Vec<u8>,
}

async fn handed(
    tx: &mut Tx,
    tenant: TenantId,
    agent: AgentId,
    ids: Vec<Uuid>,
) -> Result<Vec<Handed>> {
    let mut handed = Vec::with_capacity(ids.len());
    for id in ids {
        let row: RawHanded = on!(tx, |c| sqlx::query_as(
            "SELECT o.id, o.user_id, o.verb, o.expires_at, e.key_number, e.envelope
             FROM operation o
             JOIN operation_envelope e ON e.tenant_id = o.tenant_id AND e.operation_id = o.id
             WHERE o.tenant_id = $1 AND o.id = $2 AND e.agent_id = $3"
        )
        .bind(tenant.0)
        .bind(id)
        .bind(agent.0)
        .fetch_one(c)
        .await)?;
        handed.push(Handed {
            id: OperationId(row.id),
            user: UserId(row.user_id),
            verb: row.verb,
            expires_at: Timestamp(row.expires_at),
            key_number: u32::try_from(row.key_number).unwrap_or_default(),
            envelope: row.envelope,
        });
    }
    Ok(handed)
}

/// Keeps an answer, from the agent that took the operation or finds out about it. `false`: it has one
/// already, or the agent has no part in it. When it is committed, [`crate::Db::answered`] is woken.
pub async fn answer(
    tx: &mut Tx,
    tenant: TenantId,
    id: OperationId,
    answer: &Answer,
    now: Timestamp,
) -> Result<bool> {
    tx.answers();
    on!(tx, |c| {
        sqlx::query(
        "UPDATE operation SET state = 'answered', finder_id = $3, answer = $4, answer_key = $5,
             signature = $6, answered_at = $7
         WHERE tenant_id = $1 AND id = $2 AND state = 'taken' AND (agent_id = $3 OR finder_id = $3)"
    )
    .bind(tenant.0)
    .bind(id.0)
    .bind(answer.agent.0)
    .bind(&answer.text)
    .bind(i64::from(answer.key_number))
    .bind(&answer.signature)
    .bind(now.0)
    .execute(c)
    .await
    .map(|done| done.rows_affected() == 1)
    })
}

/// Takes an operation away that nobody took in time: nothing was and nothing will be done. `false`:
/// somebody took it, or its time is not over.
pub async fn expire(
    tx: &mut Tx,
    tenant: TenantId,
    id: OperationId,
    now: Timestamp,
) -> Result<bool> {
    tx.answers();
    on!(tx, |c| sqlx::query(
        "UPDATE operation SET state = 'expired', answered_at = $3
         WHERE tenant_id = $1 AND id = $2 AND state = 'waiting' AND expires_at <= $3"
    )
    .bind(tenant.0)
    .bind(id.0)
    .bind(now.0)
    .execute(c)
    .await
    .map(|done| done.rows_affected() == 1))
}

/// Takes the envelopes away from a settled operation, and marks it as such. `false`: somebody else
/// settled it.
pub async fn settle(
    tx: &mut Tx,
    tenant: TenantId,
    id: OperationId,
    now: Timestamp,
) -> Result<bool> {
    tx.hurries();
    let ours = on!(tx, |c| sqlx::query(
        "UPDATE operation SET settled_at = $3, pending = NULL
         WHERE tenant_id = $1 AND id = $2 AND settled_at IS NULL
             AND state IN ('answered', 'expired')"
    )
    .bind(tenant.0)
    .bind(id.0)
    .bind(now.0)
    .execute(c)
    .await
    .map(|done| done.rows_affected() == 1))?;
    if ours {
        on!(tx, |c| sqlx::query(
            "DELETE FROM operation_envelope WHERE tenant_id = $1 AND operation_id = $2"
        )
        .bind(tenant.0)
        .bind(id.0)
        .execute(c)
        .await
        .map(drop))?;
    }
    Ok(ours)
}

/// Operations of any tenant that have an answer, or were not taken in time, since before a moment, and
/// that nobody settled: whoever waited for them is gone.
pub async fn list_unsettled(
    tx: &mut Tx,
    before: Timestamp,
    after: Option<(Timestamp, OperationId)>,
    limit: i64,
) -> Result<Vec<Operation>> {
    let (at, id) = after.unwrap_or((Timestamp(i64::MIN), OperationId(Uuid::nil())));
    let rows: Vec<Raw> = on!(tx, |c| sqlx::query_as(concat!(
        "SELECT ",
        columns!(),
        " FROM operation
         WHERE settled_at IS NULL AND expires_at <= $1
             AND (expires_at > $2 OR (expires_at = $2 AND id > $3))
             AND (state = 'waiting'
                 OR (state = 'taken' AND verb IN ('verify', 'state'))
                 OR (state IN ('answered', 'expired') AND answered_at <= $1))
         ORDER BY expires_at, id LIMIT $4"
    ))
    .bind(before.0)
    .bind(at.0)
    .bind(id.0)
    .bind(limit)
    .fetch_all(c)
    .await)?;
    rows.into_iter().map(Operation::try_from).collect()
}

/// How many operations are sealed to an agent and not settled.
pub async fn count_envelopes(tx: &mut Tx, tenant: TenantId, agent: AgentId) -> Result<i64> {
    on!(tx, |c| sqlx::query_scalar(
        "SELECT COUNT(*) FROM operation_envelope WHERE tenant_id = $1 AND agent_id = $2"
    )
    .bind(tenant.0)
    .bind(agent.0)
    .fetch_one(c)
    .await)
}

/// Deletes a question that nobody waits for any more. `false`: there is none of this id.
pub async fn drop_question(tx: &mut Tx, tenant: TenantId, id: OperationId) -> Result<bool> {
    tx.hurries();
    on!(tx, |c| sqlx::query(
        "DELETE FROM operation
         WHERE tenant_id = $1 AND id = $2 AND verb IN ('verify', 'state')"
    )
    .bind(tenant.0)
    .bind(id.0)
    .execute(c)
    .await
    .map(|done| done.rows_affected() == 1))
}

/// Deletes the operations that expired before a moment, whatever came of them.
pub async fn purge(tx: &mut Tx, before: Timestamp) -> Result<u64> {
    on!(tx, |c| sqlx::query(
        "DELETE FROM operation WHERE expires_at < $1"
    )
    .bind(before.0)
    .execute(c)
    .await
    .map(|done| done.rows_affected()))
}
