//! Runs of the synchronisation: one row for each on-premises domain of a tenant.

use std::time::Duration;

use latchkey_types::{AgentId, SyncRunId, TenantId, Timestamp};
use uuid::Uuid;

use crate::column::Row;
use crate::db::on;
use crate::{Result, Tx};

/// How a run is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// There was none.
    Never,
    /// Pages come.
    Running,
    /// All pages came; what is gone is being deleted.
    Deleting,
    /// It would delete too much.
    Stopped,
    /// It is over.
    Finished,
}

impl State {
    /// Every case.
    pub const ALL: [Self; 5] = [
        Self::Never,
        Self::Running,
        Self::Deleting,
        Self::Stopped,
        Self::Finished,
    ];

    /// Its form in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Never => "never",
            Self::Running => "running",
            Self::Deleting => "deleting",
            Self::Stopped => "stopped",
            Self::Finished => "finished",
        }
    }

    fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == text)
    }
}

/// What a run did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Objects that were named.
    pub objects: i64,
    /// Users and groups that are new.
    pub created: i64,
    /// Users and groups that changed.
    pub changed: i64,
    /// Those that came back.
    pub restored: i64,
    /// Those that are gone.
    pub deleted: i64,
}

/// The synchronisation of a domain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    /// The on-premises domain.
    pub domain: String,
    /// Which run.
    pub run: Option<SyncRunId>,
    /// Whose it is.
    pub agent: Option<AgentId>,
    /// Whether it reads everything.
    pub whole: bool,
    /// The page that it expects.
    pub next_page: i64,
    /// How it is.
    pub state: State,
    /// When it began.
    pub begun_at: Option<Timestamp>,
    /// When its last page came.
    pub page_at: Option<Timestamp>,
    /// When it stopped or ended.
    pub ended_at: Option<Timestamp>,
    /// When a run last ended well.
    pub finished_at: Option<Timestamp>,
    /// When a run last ended well that read everything.
    pub whole_at: Option<Timestamp>,
    /// What it did.
    pub counts: Counts,
    /// How many objects it would have deleted when it stopped.
    pub would_delete: i64,
    /// Of how many.
    pub of_objects: i64,
    /// So many deletions were approved.
    pub approved: Option<i64>,
    /// When an administrator asked for a run.
    pub asked_at: Option<Timestamp>,
    /// Whether of everything.
    pub asked_whole: bool,
}

#[derive(sqlx::FromRow)]
struct Raw {
    tenant_id: Uuid,
    domain: String,
    run_id: Option<Uuid>,
    agent_id: Option<Uuid>,
    whole: bool,
    next_page: i64,
    state: String,
    begun_at: Option<i64>,
    page_at: Option<i64>,
    ended_at: Option<i64>,
    finished_at: Option<i64>,
    whole_at: Option<i64>,
    objects: i64,
    created: i64,
    changed: i64,
    restored: i64,
    deleted: i64,
    would_delete: i64,
    of_objects: i64,
    approved: Option<i64>,
    asked_at: Option<i64>,
    asked_whole: bool,
}

impl Raw {
    fn into_run(self) -> Result<Run> {
        let row = Row::new("sync_run", self.tenant_id);
        Ok(Run {
            state: row.read("state", State::parse(&self.state))?,
            domain: self.domain,
            run: self.run_id.map(SyncRunId),
            agent: self.agent_id.map(AgentId),
            whole: self.whole,
            next_page: self.next_page,
            begun_at: self.begun_at.map(Timestamp),
            page_at: self.page_at.map(Timestamp),
            ended_at: self.ended_at.map(Timestamp),
            finished_at: self.finished_at.map(Timestamp),
            whole_at: self.whole_at.map(Timestamp),
            counts: Counts {
                objects: self.objects,
                created: self.created,
                changed: self.changed,
                restored: self.restored,
                deleted: self.deleted,
            },
            would_delete: self.would_delete,
            of_objects: self.of_objects,
            approved: self.approved,
            asked_at: self.asked_at.map(Timestamp),
            asked_whole: self.asked_whole,
        })
    }
}

macro_rules! columns {
    () => {
        "tenant_id, domain, run_id, agent_id, whole, next_page, state, begun_at, page_at, ended_at,
         finished_at, whole_at, objects, created, changed, restored, deleted, would_delete,
         of_objects, approved, asked_at, asked_whole"
    };
}

/// Makes the row of a domain if it is not there.
async fn prepare(tx: &mut Tx, tenant: TenantId, domain: &str) -> Result<()> {
    on!(tx, |c| {
        sqlx::query(
        "INSERT INTO sync_run (tenant_id, domain, whole, next_page, state, objects, created, changed,
             restored, deleted, would_delete, of_objects, asked_whole)
         VALUES ($1, $2, FALSE, 0, 'never', 0, 0, 0, 0, 0, 0, 0, FALSE) ON CONFLICT DO NOTHING"
    )
    .bind(tenant.0)
    .bind(domain)
    .execute(c)
    .await
    .map(drop)
    })
}

/// Holds a domain's row until the end of the transaction, so that pages of a domain come one after
/// the other, wherever they arrive; how it is then.
pub async fn hold(tx: &mut Tx, tenant: TenantId, domain: &str) -> Result<Run> {
    prepare(tx, tenant, domain).await?;
    let raw: Raw = on!(tx, |c| {
        sqlx::query_as(concat!(
        "UPDATE sync_run SET next_page = next_page WHERE tenant_id = $1 AND domain = $2 RETURNING ",
        columns!()
    ))
    .bind(tenant.0)
    .bind(domain)
    .fetch_one(c)
    .await
    })?;
    raw.into_run()
}

/// A tenant's domains that were ever synchronised, or are asked to be.
pub async fn list(tx: &mut Tx, tenant: TenantId) -> Result<Vec<Run>> {
    let rows: Vec<Raw> = on!(tx, |c| sqlx::query_as(concat!(
        "SELECT ",
        columns!(),
        " FROM sync_run WHERE tenant_id = $1 ORDER BY domain"
    ))
    .bind(tenant.0)
    .fetch_all(c)
    .await)?;
    rows.into_iter().map(Raw::into_run).collect()
}

/// Begins a run, whatever was before it. What an administrator asked for is met by it, unless that
/// was everything and the run is not.
pub async fn begin(
    tx: &mut Tx,
    tenant: TenantId,
    domain: &str,
    run: SyncRunId,
    agent: AgentId,
    whole: bool,
    now: Timestamp,
) -> Result<()> {
    on!(tx, |c| sqlx::query(
        "UPDATE sync_run SET run_id = $3, agent_id = $4, whole = $5, next_page = 0,
             state = 'running', begun_at = $6, page_at = $6, ended_at = NULL, objects = 0,
             created = 0, changed = 0, restored = 0, deleted = 0,
             asked_at = CASE WHEN asked_whole AND NOT $5 THEN asked_at END,
             told_at = CASE WHEN asked_whole AND NOT $5 THEN told_at END,
             asked_whole = (asked_whole AND NOT $5)
         WHERE tenant_id = $1 AND domain = $2"
    )
    .bind(tenant.0)
    .bind(domain)
    .bind(run.0)
    .bind(agent.0)
    .bind(whole)
    .bind(now.0)
    .execute(c)
    .await
    .map(drop))
}

/// Counts a page as applied. `false`: it is not the next one of this run.
#[expect(clippy::too_many_arguments, reason = "all of them are the page")]
pub async fn advance(
    tx: &mut Tx,
    tenant: TenantId,
    domain: &str,
    run: SyncRunId,
    page: i64,
    state: State,
    counts: &Counts,
    now: Timestamp,
) -> Result<bool> {
    on!(tx, |c| sqlx::query(
        "UPDATE sync_run SET next_page = next_page + 1, state = $5, page_at = $6,
             objects = objects + $7, created = created + $8, changed = changed + $9,
             restored = restored + $10, deleted = deleted + $11
         WHERE tenant_id = $1 AND domain = $2 AND run_id = $3 AND next_page = $4
             AND state IN ('running', 'stopped')"
    )
    .bind(tenant.0)
    .bind(domain)
    .bind(run.0)
    .bind(page)
    .bind(state.as_str())
    .bind(now.0)
    .bind(counts.objects)
    .bind(counts.created)
    .bind(counts.changed)
    .bind(counts.restored)
    .bind(counts.deleted)
    .execute(c)
    .await
    .map(|done| done.rows_affected() == 1))
}

/// A run stops before its last page counts: it would delete so many of so many. Whatever was
/// approved was too little.
pub async fn stop(
    tx: &mut Tx,
    tenant: TenantId,
    domain: &str,
    run: SyncRunId,
    (would_delete, of_objects): (i64, i64),
    now: Timestamp,
) -> Result<bool> {
    on!(tx, |c| sqlx::query(
        "UPDATE sync_run SET state = 'stopped', ended_at = $6, page_at = $6, would_delete = $4,
             of_objects = $5, approved = NULL
         WHERE tenant_id = $1 AND domain = $2 AND run_id = $3 AND state IN ('running', 'stopped')"
    )
    .bind(tenant.0)
    .bind(domain)
    .bind(run.0)
    .bind(would_delete)
    .bind(of_objects)
    .bind(now.0)
    .execute(c)
    .await
    .map(|done| done.rows_affected() == 1))
}

/// Counts objects that were deleted.
pub async fn count_deleted(
    tx: &mut Tx,
    tenant: TenantId,
    domain: &str,
    run: SyncRunId,
    count: i64,
) -> Result<bool> {
    on!(tx, |c| sqlx::query(
        "UPDATE sync_run SET deleted = deleted + $4
         WHERE tenant_id = $1 AND domain = $2 AND run_id = $3 AND state = 'deleting'"
    )
    .bind(tenant.0)
    .bind(domain)
    .bind(run.0)
    .bind(count)
    .execute(c)
    .await
    .map(|done| done.rows_affected() == 1))
}

/// A run is over; an approval is used up. `None`: it is over already, or not so far; else how it
/// ended.
pub async fn finish(
    tx: &mut Tx,
    tenant: TenantId,
    domain: &str,
    run: SyncRunId,
    now: Timestamp,
) -> Result<Option<Run>> {
    let raw: Option<Raw> = on!(tx, |c| sqlx::query_as(concat!(
        "UPDATE sync_run SET state = 'finished', ended_at = $4, finished_at = $4, approved = NULL,
             whole_at = CASE WHEN whole THEN $4 ELSE whole_at END
         WHERE tenant_id = $1 AND domain = $2 AND run_id = $3 AND state = 'deleting' RETURNING ",
        columns!()
    ))
    .bind(tenant.0)
    .bind(domain)
    .bind(run.0)
    .bind(now.0)
    .fetch_optional(c)
    .await)?;
    raw.map(Raw::into_run).transpose()
}

/// Approves as many deletions as a run stopped for, once. `None`: none stopped, or they are approved
/// already; else how many.
pub async fn approve(tx: &mut Tx, tenant: TenantId, domain: &str) -> Result<Option<i64>> {
    on!(tx, |c| sqlx::query_scalar(
        "UPDATE sync_run SET approved = would_delete
         WHERE tenant_id = $1 AND domain = $2 AND approved IS NULL AND state = 'stopped'
         RETURNING would_delete"
    )
    .bind(tenant.0)
    .bind(domain)
    .fetch_optional(c)
    .await)
}

/// An administrator asks for a run. When it is committed, [`crate::Db::asked`] is woken.
pub async fn ask(
    tx: &mut Tx,
    tenant: TenantId,
    domain: &str,
    whole: bool,
    now: Timestamp,
) -> Result<()> {
    tx.asks();
    prepare(tx, tenant, domain).await?;
    on!(tx, |c| sqlx::query(
        "UPDATE sync_run SET asked_at = $3, asked_whole = (asked_whole OR $4), told_at = NULL
         WHERE tenant_id = $1 AND domain = $2"
    )
    .bind(tenant.0)
    .bind(domain)
    .bind(now.0)
    .bind(whole)
    .execute(c)
    .await
    .map(drop))
}

/// How an agent is told that a run is asked for.
#[derive(Debug, Clone, Copy)]
pub struct Telling {
    /// How long the agent that made the last run is the only one that is told.
    pub others_after: Duration,
    /// After how long an agent is told again, when no run began.
    pub again_after: Duration,
}

/// Whether an agent would be told that a run is asked for.
pub async fn is_asked(
    tx: &mut Tx,
    tenant: TenantId,
    domain: &str,
    agent: AgentId,
    telling: Telling,
    now: Timestamp,
) -> Result<bool> {
    let found: Option<i64> = on!(tx, |c| {
        sqlx::query_scalar(
        "SELECT asked_at FROM sync_run WHERE tenant_id = $1 AND domain = $2 AND asked_at IS NOT NULL
             AND (agent_id IS NULL OR agent_id = $3 OR asked_at <= $4)
             AND (told_at IS NULL OR told_at <= $5)"
    )
    .bind(tenant.0)
    .bind(domain)
    .bind(agent.0)
    .bind(now.minus(telling.others_after).0)
    .bind(now.minus(telling.again_after).0)
    .fetch_optional(c)
    .await
    })?;
    Ok(found.is_some())
}

/// Takes over telling an agent that a run is asked for: nobody else tells one for a while. `None`:
/// there is nothing to tell it; else whether everything has to be read.
pub async fn tell(
    tx: &mut Tx,
    tenant: TenantId,
    domain: &str,
    agent: AgentId,
    telling: Telling,
    now: Timestamp,
) -> Result<Option<bool>> {
    on!(tx, |c| sqlx::query_scalar(
        "UPDATE sync_run SET told_at = $6
         WHERE tenant_id = $1 AND domain = $2 AND asked_at IS NOT NULL
             AND (agent_id IS NULL OR agent_id = $3 OR asked_at <= $4)
             AND (told_at IS NULL OR told_at <= $5)
         RETURNING asked_whole"
    )
    .bind(tenant.0)
    .bind(domain)
    .bind(agent.0)
    .bind(now.minus(telling.others_after).0)
    .bind(now.minus(telling.again_after).0)
    .bind(now.0)
    .fetch_optional(c)
    .await)
}
