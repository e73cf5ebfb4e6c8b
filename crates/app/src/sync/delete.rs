//! Deleting what a run found gone: some objects in each transaction.

use latchkey_core::audit::Activity;
use latchkey_store::sync_objects::{self, Class};
use latchkey_store::sync_runs::{self, Counts, State};
use latchkey_store::{Tx, accounts, sync_problems};
use latchkey_types::{SyncRunId, UserId};

use super::{KEPT, Work, group, user};
use crate::audit::Entry;
use crate::writeback::{Identity, key_of};
use crate::{App, AppError, Ctx};

/// How many objects one transaction deletes.
const BATCH: i64 = 200;

/// Deletes some of what a run found gone, or ends the run. Whether there is more to do.
pub(super) async fn some(
    tx: &mut Tx,
    app: &App,
    ctx: &Ctx,
    who: &Identity,
    run: SyncRunId,
) -> Result<bool, AppError> {
    let state = sync_runs::hold(tx, who.tenant, &who.domain).await?;
    let Some((tenant, key)) = key_of(tx, app, who.tenant).await? else {
        return Ok(false);
    };
    // Another process ended it, or another run began.
    if state.run != Some(run) || state.state != State::Deleting {
        return Ok(false);
    }
    let mut work = Work {
        app,
        ctx,
        tenant,
        key,
        domain: &who.domain,
        run,
        now: app.clock().now(),
        counts: Counts::default(),
        entries: Vec::new(),
        verified: None,
    };
    let doomed = sync_objects::doomed(tx, who.tenant, &who.domain, BATCH).await?;
    if doomed.is_empty() {
        finish(tx, &mut work).await?;
        return Ok(false);
    }
    for known in doomed {
        one(tx, &mut work, known).await?;
    }
    let deleted = work.counts.deleted;
    sync_runs::count_deleted(tx, who.tenant, &who.domain, run, deleted).await?;
    work.record(tx).await?;
    Ok(true)
}

async fn one(
    tx: &mut Tx,
    work: &mut Work<'_>,
    mut known: sync_objects::Object,
) -> Result<(), AppError> {
    let tenant = work.tenant.id;
    sync_problems::clear(tx, tenant, work.domain, &known.anchor).await?;
    let Some(id) = known.object else {
        // It never was here, or somebody deleted it by hand.
        sync_objects::remove(tx, tenant, &known.anchor, known.gone_at).await?;
        return Ok(());
    };
    match known.class {
        Class::User => {
            let id = UserId(id);
            if accounts::delete_softly(tx, tenant, id, work.now).await?
                && let Some(gone) = accounts::get(tx, tenant, id).await?
            {
                let entry = user::gone(&gone, "gone from the directory")
                    .with("kept_until", work.now.plus(KEPT).rfc3339());
                work.entries.push(entry);
            }
        }
        Class::Group => group::empty(tx, work, &known).await?,
    }
    known.doomed = false;
    known.held = None;
    known.applied_version = None;
    known.gone_at = Some(work.now);
    sync_objects::put(tx, tenant, &known).await?;
    work.counts.deleted += 1;
    Ok(())
}

async fn finish(tx: &mut Tx, work: &mut Work<'_>) -> Result<(), AppError> {
    let (tenant, domain) = (work.tenant.id, work.domain);
    let Some(run) = sync_runs::finish(tx, tenant, domain, work.run, work.now).await? else {
        return Ok(());
    };
    if run.whole {
        sync_problems::clear_others(tx, tenant, domain, work.run).await?;
    }
    let counts = run.counts;
    let problems = sync_problems::count(tx, tenant, domain).await?;
    let waiting = sync_objects::count_waiting(tx, tenant, domain).await?;
    work.entries.push(
        Entry::new(Activity::Synchronised)
            .with("domain", domain)
            .with("whole", run.whole)
            .with("objects", counts.objects)
            .with("created", counts.created)
            .with("changed", counts.changed)
            .with("restored", counts.restored)
            .with("deleted", counts.deleted)
            .with("problems", problems)
            .with("unknown_members", waiting),
    );
    work.record(tx).await
}
