//! The audit log: one chain of events per tenant.

use latchkey_core::audit::{Activity, ActorKind, Category, Outcome};
use latchkey_types::{EventId, RequestId, SessionId, TenantId, Timestamp, UserId};
use uuid::Uuid;

use crate::column::Row;
use crate::db::on;
use crate::{Result, StoreError, Tx};

/// A link of the chain.
pub type Hash = [u8; 32];

/// Computes an event's link from the one before it. It lives in the crate that hashes.
pub type LinkFn<'a> = dyn Fn(&Hash, &EventRow) -> Hash + Send + Sync + 'a;

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewEvent {
    /// Its id.
    pub id: EventId,
    /// When.
    pub at: Timestamp,
    /// What; the category follows from it.
    pub activity: Activity,
    /// How it went.
    pub outcome: Outcome,
    /// Why, as a code.
    pub reason: Option<String>,
    /// Who acted.
    pub actor_kind: ActorKind,
    /// Who exactly.
    pub actor_id: Option<String>,
    /// What kind of thing was acted on: `user`, `group`, `tenant`, `domain` …
    pub target_kind: Option<String>,
    /// Which.
    pub target_id: Option<Uuid>,
    /// Its name at that time.
    pub target_name: Option<String>,
    /// The request it happened in.
    pub request: RequestId,
    /// The reset session it happened in.
    pub session: Option<SessionId>,
    /// From where, as far as the tenant lets it be kept.
    pub client_address: Option<String>,
    /// What the client is, in a word or two.
    pub client_class: Option<String>,
    /// More, as JSON.
    pub details: String,
}

/// An event in its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventRow {
    /// Whose chain.
    pub tenant: TenantId,
    /// Its place: 1, 2, 3 …
    pub seq: i64,
    /// What happened.
    pub event: NewEvent,
}

/// An event with its link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredEvent {
    /// The event.
    pub row: EventRow,
    /// Its link.
    pub hash: Hash,
}

/// Begins a tenant's chain, with what its first event is linked to. Once, when it is created.
pub async fn insert_head(tx: &mut Tx, tenant: TenantId, genesis: &Hash) -> Result<()> {
    on!(tx, |c| sqlx::query(
        "INSERT INTO audit_head (tenant_id, seq, hash) VALUES ($1, 0, $2)"
    )
    .bind(tenant.0)
    .bind(genesis.as_slice())
    .execute(c)
    .await
    .map(drop))
}

/// The place and link of a tenant's last event; before the first, 0 and the genesis.
pub async fn head(tx: &mut Tx, tenant: TenantId) -> Result<Option<(i64, Hash)>> {
    let head: Option<(i64, Vec<u8>)> = on!(tx, |c| sqlx::query_as(
        "SELECT seq, hash FROM audit_head WHERE tenant_id = $1"
    )
    .bind(tenant.0)
    .fetch_optional(c)
    .await)?;
    head.map(|(seq, hash)| Ok((seq, read_hash("audit_head", tenant.0, hash)?)))
        .transpose()
}

/// Where a tenant's chain begins since older events were removed: the place and link of the last one
/// that was. `None`: at the genesis.
pub async fn base(tx: &mut Tx, tenant: TenantId) -> Result<Option<(i64, Hash)>> {
    let base: Option<(i64, Vec<u8>)> = on!(tx, |c| sqlx::query_as(
        "SELECT seq, hash FROM audit_base WHERE tenant_id = $1"
    )
    .bind(tenant.0)
    .fetch_optional(c)
    .await)?;
    base.map(|(seq, hash)| Ok((seq, read_hash("audit_base", tenant.0, hash)?)))
        .transpose()
}

/// What [`expire`] removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Expired {
    /// How many events.
    pub count: u64,
    /// The place of the last of them.
    pub seq: i64,
    /// Its link, from which the chain goes on.
    pub hash: Hash,
}

/// Removes the events at the beginning of a tenant's chain that are all older than a moment, and
/// keeps the link of the last of them. The newest event always stays. `None`: there is nothing to
/// remove.
pub async fn expire(tx: &mut Tx, tenant: TenantId, before: Timestamp) -> Result<Option<Expired>> {
    let last: Option<(i64, Vec<u8>)> = on!(tx, |c| sqlx::query_as(
        "SELECT seq, hash FROM audit_event WHERE tenant_id = $1
             AND seq < COALESCE(
                 (SELECT MIN(seq) FROM audit_event WHERE tenant_id = $1 AND at >= $2),
                 (SELECT seq FROM audit_head WHERE tenant_id = $1))
         ORDER BY seq DESC LIMIT 1"
    )
    .bind(tenant.0)
    .bind(before.0)
    .fetch_optional(c)
    .await)?;
    let Some((seq, bytes)) = last else {
        return Ok(None);
    };
    let hash = read_hash("audit_event", tenant.0, bytes)?;
    let moved = on!(tx, |c| sqlx::query(
        "INSERT INTO audit_base (tenant_id, seq, hash) VALUES ($1, $2, $3)
         ON CONFLICT (tenant_id) DO UPDATE SET seq = excluded.seq, hash = excluded.hash
             WHERE audit_base.seq < excluded.seq"
    )
    .bind(tenant.0)
    .bind(seq)
    .bind(hash.as_slice())
    .execute(c)
    .await
    .map(|done| done.rows_affected() == 1))?;
    if !moved {
        return Ok(None);
    }
    let count = on!(tx, |c| sqlx::query(
        "DELETE FROM audit_event WHERE tenant_id = $1 AND seq <= $2"
    )
    .bind(tenant.0)
    .bind(seq)
    .execute(c)
    .await
    .map(|done| done.rows_affected()))?;
    Ok(Some(Expired { count, seq, hash }))
}

/// Appends events to a tenant's chain and gives the place of the last one. Three statements, whatever
/// the number of events. The chain is held until the transaction ends, so append last.
pub async fn append(
    tx: &mut Tx,
    tenant: TenantId,
    events: Vec<NewEvent>,
    link: &LinkFn<'_>,
) -> Result<i64> {
    let count = i64::try_from(events.len()).unwrap_or(i64::MAX);
    let head: Option<(i64, Vec<u8>)> = on!(tx, |c| sqlx::query_as(
        "UPDATE audit_head SET seq = seq + $2 WHERE tenant_id = $1 RETURNING seq, hash"
    )
    .bind(tenant.0)
    .bind(count)
    .fetch_optional(c)
    .await)?;
    let (last, hash) = head.ok_or_else(|| StoreError::bug("the tenant has no audit chain"))?;
    if events.is_empty() {
        return Ok(last);
    }
    let mut hash = read_hash("audit_head", tenant.0, hash)?;
    let mut stored = Vec::with_capacity(events.len());
    for (seq, event) in (last - count + 1..).zip(events) {
        let row = EventRow { tenant, seq, event };
        hash = link(&hash, &row);
        stored.push(StoredEvent { row, hash });
    }
    on!(tx, |c| {
        let mut query = sqlx::QueryBuilder::new(
            "INSERT INTO audit_event (tenant_id, seq, id, at, activity, category, outcome, reason,
                 actor_kind, actor_id, target_kind, target_id, target_name, request_id, session_id,
                 client_address, client_class, details, hash) ",
        );
        query.push_values(&stored, |mut values, stored| {
            let EventRow { tenant, seq, event } = &stored.row;
            values
                .push_bind(tenant.0)
                .push_bind(*seq)
                .push_bind(event.id.0)
                .push_bind(event.at.0)
                .push_bind(event.activity.name())
                .push_bind(event.activity.category().name())
                .push_bind(event.outcome.name())
                .push_bind(event.reason.as_deref())
                .push_bind(event.actor_kind.name())
                .push_bind(event.actor_id.as_deref())
                .push_bind(event.target_kind.as_deref())
                .push_bind(event.target_id)
                .push_bind(event.target_name.as_deref())
                .push_bind(event.request.0)
                .push_bind(event.session.map(|session| session.0))
                .push_bind(event.client_address.as_deref())
                .push_bind(event.client_class.as_deref())
                .push_bind(event.details.as_str())
                .push_bind(stored.hash.as_slice());
        });
        query.build().execute(c).await.map(drop)
    })?;
    on!(tx, |c| sqlx::query(
        "UPDATE audit_head SET hash = $2 WHERE tenant_id = $1"
    )
    .bind(tenant.0)
    .bind(hash.as_slice())
    .execute(c)
    .await
    .map(drop))?;
    Ok(last)
}

fn read_hash(table: &'static str, id: Uuid, bytes: Vec<u8>) -> Result<Hash> {
    Hash::try_from(bytes).map_err(|_| StoreError::corrupt(table, "hash", id))
}

/// Which events. All that is given must hold.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Of this activity.
    pub activity: Option<Activity>,
    /// Of this category.
    pub category: Option<Category>,
    /// By or about this user.
    pub user: Option<UserId>,
    /// That went so.
    pub outcome: Option<Outcome>,
    /// Not before.
    pub from: Option<Timestamp>,
    /// Before.
    pub to: Option<Timestamp>,
    /// In this request.
    pub request: Option<RequestId>,
}

const SELECT: &str = "SELECT seq, id, at, activity, outcome, reason, actor_kind, actor_id,
        target_kind, target_id, target_name, request_id, session_id, client_address, client_class,
        details, hash
    FROM audit_event WHERE tenant_id = ";

#[derive(sqlx::FromRow)]
struct Raw {
    seq: i64,
    id: Uuid,
    at: i64,
    activity: String,
    outcome: String,
    reason: Option<String>,
    actor_kind: String,
    actor_id: Option<String>,
    target_kind: Option<String>,
    target_id: Option<Uuid>,
    target_name: Option<String>,
    request_id: Uuid,
    session_id: Option<Uuid>,
    client_address: Option<String>,
    client_class: Option<String>,
    details: String,
    hash: Vec<u8>,
}

impl Raw {
    fn into_event(self, tenant: TenantId) -> Result<StoredEvent> {
        const ACTORS: [ActorKind; 5] = [
            ActorKind::User,
            ActorKind::Administrator,
            ActorKind::Operator,
            ActorKind::Agent,
            ActorKind::System,
        ];
        const OUTCOMES: [Outcome; 2] = [Outcome::Success, Outcome::Failure];
        let row = Row::new("audit_event", self.id);
        let outcome = OUTCOMES
            .into_iter()
            .find(|outcome| outcome.name() == self.outcome);
        let actor = ACTORS
            .into_iter()
            .find(|actor| actor.name() == self.actor_kind);
        let event = NewEvent {
            id: EventId(self.id),
            at: Timestamp(self.at),
            activity: row.read("activity", Activity::parse(&self.activity))?,
            outcome: row.read("outcome", outcome)?,
            reason: self.reason,
            actor_kind: row.read("actor_kind", actor)?,
            actor_id: self.actor_id,
            target_kind: self.target_kind,
            target_id: self.target_id,
            target_name: self.target_name,
            request: RequestId(self.request_id),
            session: self.session_id.map(SessionId),
            client_address: self.client_address,
            client_class: self.client_class,
            details: self.details,
        };
        let hash = read_hash("audit_event", self.id, self.hash)?;
        Ok(StoredEvent {
            row: EventRow {
                tenant,
                seq: self.seq,
                event,
            },
            hash,
        })
    }
}

/// The newest events about a user that are of certain activities, the newest first.
pub async fn newest_about(
    tx: &mut Tx,
    tenant: TenantId,
    user: UserId,
    activities: &[Activity],
    limit: i64,
) -> Result<Vec<StoredEvent>> {
    let rows: Vec<Raw> = on!(tx, |c| {
        let mut query = sqlx::QueryBuilder::new(SELECT);
        query
            .push_bind(tenant.0)
            .push(" AND target_id = ")
            .push_bind(user.0)
            .push(" AND activity IN (");
        let mut names = query.separated(", ");
        for activity in activities {
            names.push_bind(activity.name());
        }
        query.push(") ORDER BY seq DESC LIMIT ").push_bind(limit);
        query.build_query_as().fetch_all(c).await
    })?;
    rows.into_iter().map(|raw| raw.into_event(tenant)).collect()
}

/// Events in their order, after a place (0 for the first page).
pub async fn list(
    tx: &mut Tx,
    tenant: TenantId,
    filter: &Filter,
    after_seq: i64,
    limit: i64,
) -> Result<Vec<StoredEvent>> {
    let rows: Vec<Raw> = on!(tx, |c| {
        let mut query = sqlx::QueryBuilder::new(SELECT);
        query
            .push_bind(tenant.0)
            .push(" AND seq > ")
            .push_bind(after_seq);
        if let Some(activity) = filter.activity {
            query.push(" AND activity = ").push_bind(activity.name());
        }
        if let Some(category) = filter.category {
            query.push(" AND category = ").push_bind(category.name());
        }
        if let Some(user) = filter.user {
            query.push(" AND (target_id = ").push_bind(user.0);
            query
                .push(" OR actor_id = ")
                .push_bind(user.to_string())
                .push(")");
        }
        if let Some(outcome) = filter.outcome {
            query.push(" AND outcome = ").push_bind(outcome.name());
        }
        if let Some(from) = filter.from {
            query.push(" AND at >= ").push_bind(from.0);
        }
        if let Some(to) = filter.to {
            query.push(" AND at < ").push_bind(to.0);
        }
        if let Some(request) = filter.request {
            query.push(" AND request_id = ").push_bind(request.0);
        }
        query.push(" ORDER BY seq LIMIT ").push_bind(limit);
        query.build_query_as().fetch_all(c).await
    })?;
    rows.into_iter().map(|raw| raw.into_event(tenant)).collect()
}
