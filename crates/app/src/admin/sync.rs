//! The synchronisation of directories, as an administrator sees it and steers it.

use latchkey_core::audit::Activity;
use latchkey_store::sync_runs::{self, Run};
use latchkey_store::{Tx, agents, sync_objects, sync_problems};
use latchkey_types::{TenantId, Timestamp};
use serde::Serialize;

use super::find;
use crate::audit::{Entry, record_one};
use crate::writeback::normal_domain;
use crate::{App, AppError, Ctx};

/// How many problems are shown.
const PROBLEMS: i64 = 1_000;

/// How the synchronisation of a domain is.
#[derive(Debug, Clone, Serialize)]
pub struct SyncView {
    /// The on-premises domain.
    pub domain: String,
    /// `never`, `running`, `deleting`, `stopped` or `finished`.
    pub state: &'static str,
    /// What has to be done, if anything.
    pub says: String,
    /// Whether the run reads everything.
    pub whole: bool,
    /// The agent that makes it.
    pub agent: Option<String>,
    /// When it began.
    pub begun_at: Option<String>,
    /// When it stopped or ended.
    pub ended_at: Option<String>,
    /// When a run last ended well.
    pub finished_at: Option<String>,
    /// When a run last ended well that read everything.
    pub whole_at: Option<String>,
    /// Objects that the run named.
    pub objects: i64,
    /// Of those new.
    pub created: i64,
    /// Changed.
    pub changed: i64,
    /// Back from being deleted.
    pub restored: i64,
    /// Objects that it deleted.
    pub deleted: i64,
    /// How many it would have deleted when it stopped.
    pub would_delete: i64,
    /// Synchronised users there are.
    pub users: i64,
    /// Synchronised groups.
    pub groups: i64,
    /// Users and groups that are gone from the directory and kept for 30 days.
    pub kept: i64,
    /// Objects that could not be applied.
    pub held: i64,
    /// Problems that are known.
    pub problems: i64,
    /// Members of groups that are not synchronised.
    pub unknown_members: i64,
    /// When an administrator asked for a run that has not begun.
    pub asked_at: Option<String>,
}

/// A problem as an administrator sees it.
#[derive(Debug, Clone, Serialize)]
pub struct ProblemView {
    /// The on-premises domain.
    pub domain: String,
    /// The object's immutable id; empty: of no object.
    pub anchor: String,
    /// What it is.
    pub code: String,
    /// The same in words.
    pub detail: String,
    /// Since when it is known.
    pub since: String,
    /// When it was last met.
    pub last: String,
}

/// How the synchronisation of each domain of a tenant is.
pub async fn status(app: &App, tenant: &str) -> Result<Vec<SyncView>, AppError> {
    app.db()
        .read(async |mut tx| {
            let tx = &mut tx;
            let tenant = find::tenant_in(tx, tenant).await?;
            let mut views = Vec::new();
            for run in sync_runs::list(tx, tenant.id).await? {
                views.push(view(tx, tenant.id, run).await?);
            }
            Ok::<_, AppError>(views)
        })
        .await
}

async fn view(tx: &mut Tx, tenant: TenantId, run: Run) -> Result<SyncView, AppError> {
    let tally = sync_objects::tally(tx, tenant, &run.domain).await?;
    let moment = |at: Option<Timestamp>| at.map(Timestamp::rfc3339);
    let says = match run.state {
        sync_runs::State::Never => "no agent has synchronised it".to_owned(),
        sync_runs::State::Running | sync_runs::State::Deleting => "under way".to_owned(),
        sync_runs::State::Stopped if run.approved.is_some() => {
            "approved: the agent goes on at its next run".to_owned()
        }
        sync_runs::State::Stopped => format!(
            "stopped: it would delete {} of {} objects; `latchkey sync approve-deletions` lets it",
            run.would_delete, run.of_objects
        ),
        sync_runs::State::Finished => String::new(),
    };
    Ok(SyncView {
        state: run.state.as_str(),
        says,
        whole: run.whole,
        agent: run.agent.map(|agent| agent.to_string()),
        begun_at: moment(run.begun_at),
        ended_at: moment(run.ended_at),
        finished_at: moment(run.finished_at),
        whole_at: moment(run.whole_at),
        objects: run.counts.objects,
        created: run.counts.created,
        changed: run.counts.changed,
        restored: run.counts.restored,
        deleted: run.counts.deleted,
        would_delete: if run.state == sync_runs::State::Stopped {
            run.would_delete
        } else {
            0
        },
        users: tally.users,
        groups: tally.groups,
        kept: tally.gone,
        held: tally.held,
        problems: sync_problems::count(tx, tenant, &run.domain).await?,
        unknown_members: sync_objects::count_waiting(tx, tenant, &run.domain).await?,
        asked_at: moment(run.asked_at),
        domain: run.domain,
    })
}

/// Lets a run that stopped go on, once, with as many deletions as it asked for. How many.
pub async fn approve_deletions(
    app: &App,
    ctx: &Ctx,
    tenant: &str,
    domain: &str,
) -> Result<i64, AppError> {
    let domain = normal_domain(domain);
    app.db()
        .write(async |mut tx| {
            let tx = &mut tx;
            let tenant = find::tenant_in(tx, tenant).await?;
            let Some(count) = sync_runs::approve(tx, tenant.id, &domain).await? else {
                return Err(AppError::Conflict(format!(
                    "no run of {domain} waits for an approval"
                )));
            };
            let entry = Entry::new(Activity::Synchronised)
                .because("deletions approved")
                .with("domain", domain.as_str())
                .with("would_delete", count);
            record_one(tx, app, ctx, &tenant, entry).await?;
            Ok(count)
        })
        .await
}

/// Asks for a run now, of everything or of what changed.
pub async fn now(app: &App, tenant: &str, domain: &str, whole: bool) -> Result<(), AppError> {
    let domain = normal_domain(domain);
    app.db()
        .write(async |mut tx| {
            let tx = &mut tx;
            let tenant = find::tenant_in(tx, tenant).await?;
            if !tenant.settings.writeback.synchronise {
                return Err(AppError::Conflict(
                    "synchronisation is off: see the setting writeback.synchronise".into(),
                ));
            }
            let agents = agents::list_for_domain(tx, tenant.id, &domain).await?;
            if agents.is_empty() {
                return Err(AppError::Invalid(format!(
                    "no agent was enrolled for {domain} (`latchkey agent enrol`)"
                )));
            }
            let now = app.clock().now();
            sync_runs::ask(tx, tenant.id, &domain, whole, now).await?;
            Ok(())
        })
        .await
}

/// What could not be synchronised of a tenant; the first thousand.
pub async fn problems(app: &App, tenant: &str) -> Result<Vec<ProblemView>, AppError> {
    let rows = app
        .db()
        .read(async |mut tx| {
            let tenant = find::tenant_in(&mut tx, tenant).await?;
            let first = ("", "", "");
            Ok::<_, AppError>(sync_problems::list(&mut tx, tenant.id, first, PROBLEMS).await?)
        })
        .await?;
    Ok(rows
        .into_iter()
        .map(|row| ProblemView {
            domain: row.domain,
            anchor: row.anchor,
            code: row.code,
            detail: row.detail,
            since: Timestamp(row.first_at).rfc3339(),
            last: Timestamp(row.last_at).rfc3339(),
        })
        .collect())
}
