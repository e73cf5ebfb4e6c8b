//! Deleting what a run found gone: some objects in each transaction.

use latchkey_core::audit::Activity;
use latchkey_store::sync_objects::{self, Class};
use latchkey_store::sync_runs::{self, Counts, State};
use latchkey_store::{Tx, accounts, sync_problems};
use latchkey_types::{SyncRunId, UserId};

use super::{KEPT, Work, group, let_in, user};
use crate::audit::Entry;
use crate::writeback::Identity;
use crate::{App, AppError, Ctx};

/// How many objects one transaction deletes.
const BATCH: i64 = 200;

/// What is left to do of a run that deletes.
pub(super) enum Left {
    More,
    Nothing,
    /// Synchronisation was turned off, or the agent revoked.
    Off,
}

/// Deletes some of what a run found gone, or ends the run.
pub(super) async fn some(
    tx: &mut Tx,
    app: &App,
    ctx: &Ctx,
    who: &Identity,
    run: SyncRunId,
) -> Result<Left, AppError> {
    let state = sync_runs::hold(tx, who.tenant, &who.domain).await?;
    let Some((tenant, key)) = let_in(tx, app, who).await? else {
        return Ok(Left::Off);
    };
    // Another process ended it, or another run began.
    if state.run != Some(run) || state.state != State::Deleting {
        return Ok(Left::Nothing);
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
        return Ok(Left::Nothing);
    }
    for known in doomed {
        one(tx, &mut work, known).await?;
    }
    let deleted = work.counts.deleted;
    sync_runs::count_deleted(tx, who.tenant, &who.domain, run, deleted).await?;
    work.record(tx).await?;
    Ok(Left::More)
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
            let is_its = accounts::get(tx, tenant, id)
                .await?
                .is_some_and(|user| user::is_of(&user, work.domain));
            if !is_its {
                // An administrator made it a cloud user, or another domain's: it is not the directory's
                // to delete.
                sync_objects::remove(tx, tenant, &known.anchor, known.gone_at).await?;
                return Ok(());
            }
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
