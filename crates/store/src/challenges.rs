//! Codes that were sent, and draws of questions: at most one of a gate is open in a session.

use latchkey_core::reset::Gate;
use latchkey_types::{ChallengeId, SessionId, TenantId, Timestamp};
use uuid::Uuid;

use crate::column::Row;
use crate::db::on;
use crate::{Result, Tx};

/// A challenge. Its tag is a keyed hash of what answers it.
#[derive(Clone, PartialEq, Eq)]
pub struct Challenge {
    /// Its id.
    pub id: ChallengeId,
    /// The session it was made in.
    pub session: SessionId,
    /// The gate it opens.
    pub gate: Gate,
    /// The keyed hash of the right answer.
    pub tag: Vec<u8>,
    /// What a ceremony with a passkey has to remember, sealed.
    pub state: Option<Vec<u8>>,
    /// When it was made.
    pub created_at: Timestamp,
    /// From when on it is worth nothing.
    pub expires_at: Timestamp,
    /// When it was used or replaced.
    pub spent_at: Option<Timestamp>,
}

impl std::fmt::Debug for Challenge {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Challenge")
            .field("id", &self.id)
            .field("gate", &self.gate)
            .finish_non_exhaustive()
    }
}

/// A challenge to be.
#[derive(Clone)]
pub struct NewChallenge<'a> {
    /// Its id.
    pub id: ChallengeId,
    /// The session it is made in.
    pub session: SessionId,
    /// The gate it opens.
    pub gate: Gate,
    /// The keyed hash of the right answer; for a passkey, empty.
    pub tag: &'a [u8],
    /// What a ceremony with a passkey has to remember, sealed.
    pub state: Option<&'a [u8]>,
    /// Now.
    pub created_at: Timestamp,
    /// From when on it is worth nothing.
    pub expires_at: Timestamp,
}

#[derive(sqlx::FromRow)]
struct Raw {
    id: Uuid,
    session_id: Uuid,
    gate: String,
    tag: Vec<u8>,
    state: Option<Vec<u8>>,
    created_at: i64,
    expires_at: i64,
    spent_at: Option<i64>,
}

/// Adds a challenge; earlier ones of the same session and gate become void.
pub async fn insert(tx: &mut Tx, tenant: TenantId, new: &NewChallenge<'_>) -> Result<()> {
    on!(tx, |c| sqlx::query(
        "UPDATE challenge SET spent_at = $4
         WHERE tenant_id = $1 AND session_id = $2 AND gate = $3 AND spent_at IS NULL"
    )
    .bind(tenant.0)
    .bind(new.session.0)
    .bind(new.gate.as_str())
    .bind(new.created_at.0)
    .execute(c)
    .await
    .map(drop))?;
    on!(tx, |c| sqlx::query(
        "INSERT INTO challenge
             (tenant_id, id, session_id, gate, tag, created_at, expires_at, state)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)"
    )
    .bind(tenant.0)
    .bind(new.id.0)
    .bind(new.session.0)
    .bind(new.gate.as_str())
    .bind(new.tag)
    .bind(new.created_at.0)
    .bind(new.expires_at.0)
    .bind(new.state)
    .execute(c)
    .await
    .map(drop))
}

/// The open challenge of a session and gate, of which there is at most one; else the last that was
/// spent. Two may be made in one moment, so that time alone does not tell them apart.
pub async fn latest(
    tx: &mut Tx,
    tenant: TenantId,
    session: SessionId,
    gate: Gate,
) -> Result<Option<Challenge>> {
    let raw: Option<Raw> = on!(tx, |c| {
        sqlx::query_as(
        "SELECT id, session_id, gate, tag, state, created_at, expires_at, spent_at FROM challenge
         WHERE tenant_id = $1 AND session_id = $2 AND gate = $3
         ORDER BY CASE WHEN spent_at IS NULL THEN 0 ELSE 1 END, created_at DESC, id DESC LIMIT 1"
    )
    .bind(tenant.0)
    .bind(session.0)
    .bind(gate.as_str())
    .fetch_optional(c)
    .await
    })?;
    raw.map(|raw| {
        let row = Row::new("challenge", raw.id);
        Ok(Challenge {
            id: ChallengeId(raw.id),
            session: SessionId(raw.session_id),
            gate: row.read("gate", Gate::parse(&raw.gate))?,
            tag: raw.tag,
            state: raw.state,
            created_at: Timestamp(raw.created_at),
            expires_at: Timestamp(raw.expires_at),
            spent_at: raw.spent_at.map(Timestamp),
        })
    })
    .transpose()
}

/// Spends a challenge, if it is unspent, unexpired and this is its tag. `true`: this caller did, and
/// nobody else will.
pub async fn consume(
    tx: &mut Tx,
    tenant: TenantId,
    id: ChallengeId,
    tag: &[u8],
    now: Timestamp,
) -> Result<bool> {
    on!(tx, |c| sqlx::query(
        "UPDATE challenge SET spent_at = $4
         WHERE tenant_id = $1 AND id = $2 AND tag = $3 AND spent_at IS NULL AND expires_at > $4"
    )
    .bind(tenant.0)
    .bind(id.0)
    .bind(tag)
    .bind(now.0)
    .execute(c)
    .await
    .map(|done| done.rows_affected() == 1))
}

/// Makes every open challenge of a session void.
pub async fn void_for_session(
    tx: &mut Tx,
    tenant: TenantId,
    session: SessionId,
    now: Timestamp,
) -> Result<u64> {
    on!(tx, |c| sqlx::query(
        "UPDATE challenge SET spent_at = $3
         WHERE tenant_id = $1 AND session_id = $2 AND spent_at IS NULL"
    )
    .bind(tenant.0)
    .bind(session.0)
    .bind(now.0)
    .execute(c)
    .await
    .map(|done| done.rows_affected()))
}
