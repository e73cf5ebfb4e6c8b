//! Users and groups that agents read from directories. Specification: *Password writeback and
//! synchronisation*.
//!
//! An agent sends a run as pages, in order; each is one transaction ([`page`]). A page that was applied
//! is acknowledged again and changes nothing, so a crash between any two loses nothing. Pages of one
//! domain come one after the other, wherever they arrive: the domain's row is held.
//!
//! - What cannot be applied (a name that is taken, an administrator in the way) is *held*, sealed, and
//!   tried again at the end of every run; a problem tells why. Nothing of such an object is changed.
//! - What a run finds gone is only marked. After its last page it is counted, and either the run stops
//!   and asks, or it is deleted, some objects in each transaction: users softly, for
//!   [`KEPT`], groups by losing their members for as long.

mod delete;
mod group;
mod object;
mod purge;
mod user;

pub(crate) use purge::purge;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use latchkey_core::audit::Activity;
use latchkey_core::model::{DomainKind, Tenant};
use latchkey_crypto::seal::DataKey;
use latchkey_store::sync_objects::{self, Object as Known};
use latchkey_store::sync_problems;
use latchkey_store::sync_runs::{self, Counts, Run, State, Telling};
use latchkey_store::{Tx, agents, domains};
use latchkey_types::{SyncRunId, Timestamp};
use latchkey_wire::v1::{Class, Object, Page, Stop};

use crate::audit::{Entry, record};
use crate::writeback::{Identity, ctx_of, fresh, key_of, line};
use crate::{App, AppError, Ctx};

/// How long a user or group that a directory does not have any more is kept.
pub const KEPT: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// A run that would delete more objects than this stops and asks.
pub const MOST_DELETIONS: i64 = 500;

/// A run that would delete more than one in so many of a domain's objects does so, too, ...
pub const MOST_OF: i64 = 10;

/// ... if there are at least that many: of three users, one is nobody's mistake.
pub const MOST_OF_AT_LEAST: i64 = 10;

/// For how long a run of an agent that is connected keeps others out after its last page.
const UNDER_WAY: Duration = Duration::from_secs(5 * 60);

/// Objects that are looked up at once.
const CHUNK: usize = 500;

/// Objects that are held and tried again at a time.
const HELD: i64 = 200;

/// The longest words about a problem that are kept, in characters.
const DETAIL: usize = 300;

/// Rounds of trying them again: a chain of names that each wait for the next is as long as that.
const ROUNDS: usize = 10;

const TELLING: Telling = Telling {
    others_after: Duration::from_secs(10),
    again_after: Duration::from_secs(5 * 60),
};

/// What an agent is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reply {
    /// The page is safe.
    Kept {
        /// Its number in the run.
        page: u64,
    },
    /// The run stops.
    Stop(Stop),
}

/// What applying needs, for one transaction.
struct Work<'a> {
    app: &'a App,
    ctx: &'a Ctx,
    tenant: Tenant,
    key: Arc<DataKey>,
    domain: &'a str,
    run: SyncRunId,
    now: Timestamp,
    counts: Counts,
    entries: Vec<Entry>,
    /// The tenant's verified domains, once somebody asked.
    verified: Option<Vec<String>>,
}

impl Work<'_> {
    /// Whether a domain is a verified one of the tenant.
    async fn is_verified(&mut self, tx: &mut Tx, name: &str) -> Result<bool, AppError> {
        if self.verified.is_none() {
            let known = domains::list(tx, self.tenant.id).await?;
            let names = known
                .into_iter()
                .filter(|domain| domain.kind == DomainKind::Initial || domain.verified_at.is_some())
                .map(|domain| domain.name.as_str().to_owned());
            self.verified = Some(names.collect());
        }
        let verified = self.verified.as_deref().unwrap_or_default();
        Ok(verified.iter().any(|domain| domain == name))
    }

    async fn problem(
        &mut self,
        tx: &mut Tx,
        anchor: &str,
        code: &str,
        detail: &str,
    ) -> Result<(), AppError> {
        // Names come from the directory, and may be as long as it likes.
        let detail = line(detail, DETAIL);
        let problem = (anchor, code, detail.as_str());
        sync_problems::put(tx, self.tenant.id, self.domain, problem, self.run, self.now).await?;
        Ok(())
    }

    /// Writes the events of what was done.
    async fn record(&mut self, tx: &mut Tx) -> Result<(), AppError> {
        let mut entries = std::mem::take(&mut self.entries).into_iter().peekable();
        while entries.peek().is_some() {
            let some: Vec<Entry> = entries.by_ref().take(CHUNK).collect();
            let privacy = self.tenant.settings.client_address;
            record(tx, self.app, self.ctx, self.tenant.id, privacy, some).await?;
        }
        Ok(())
    }
}

/// What is to be done with a page.
enum Step {
    Answer(Reply),
    /// What is gone is still being deleted, or will be now.
    Delete,
}

/// Takes a page of a run.
pub async fn page(app: &App, who: &Identity, page: &Page) -> Result<Reply, AppError> {
    let ctx = ctx_of(app);
    let step = app
        .db()
        .write(async |mut tx| take(&mut tx, app, &ctx, who, page).await)
        .await?;
    match step {
        Step::Answer(reply) => Ok(reply),
        Step::Delete => loop {
            let left = app
                .db()
                .write(async |mut tx| delete::some(&mut tx, app, &ctx, who, page.run).await)
                .await?;
            match left {
                delete::Left::More => {}
                delete::Left::Nothing => return Ok(Reply::Kept { page: page.page }),
                delete::Left::Off => return Ok(Reply::Stop(Stop::Off)),
            }
        },
    }
}

async fn take(
    tx: &mut Tx,
    app: &App,
    ctx: &Ctx,
    who: &Identity,
    page: &Page,
) -> Result<Step, AppError> {
    let stop = |why| Ok(Step::Answer(Reply::Stop(why)));
    let run = sync_runs::hold(tx, who.tenant, &who.domain).await?;
    let Some((tenant, key)) = let_in(tx, app, who).await? else {
        return stop(Stop::Off);
    };
    let now = app.clock().now();
    let number = i64::try_from(page.page).unwrap_or(i64::MAX);
    if run.run == Some(page.run) {
        if run.agent != Some(who.agent) {
            return stop(Stop::AnotherAgent);
        }
        if run.whole != page.whole {
            return stop(Stop::OutOfOrder);
        }
        if number < run.next_page {
            // Nothing but the answer was lost, unless that was while the run deleted.
            let is_last = number + 1 == run.next_page;
            if is_last && run.state == State::Deleting {
                return Ok(Step::Delete);
            }
            return Ok(Step::Answer(Reply::Kept { page: page.page }));
        }
        if number > run.next_page || !matches!(run.state, State::Running | State::Stopped) {
            return stop(Stop::OutOfOrder);
        }
    } else {
        if is_anothers(tx, &run, who, now).await? {
            return stop(Stop::AnotherAgent);
        }
        if number != 0 {
            return stop(Stop::OutOfOrder);
        }
        let (tenant, domain) = (who.tenant, &who.domain);
        sync_objects::spare(tx, tenant, domain).await?;
        sync_runs::begin(tx, tenant, domain, page.run, who.agent, page.whole, now).await?;
    }
    let mut work = Work {
        app,
        ctx,
        tenant,
        key,
        domain: &who.domain,
        run: page.run,
        now,
        counts: Counts::default(),
        entries: Vec::new(),
        verified: None,
    };
    apply(tx, &mut work, page).await?;
    if page.last {
        finish_reading(tx, &mut work, &run, page).await
    } else {
        work.record(tx).await?;
        advance(tx, &work, number, State::Running).await?;
        Ok(Step::Answer(Reply::Kept { page: page.page }))
    }
}

/// The tenant and its key, if it synchronises, and with this agent.
async fn let_in(
    tx: &mut Tx,
    app: &App,
    who: &Identity,
) -> Result<Option<(Tenant, Arc<DataKey>)>, AppError> {
    let Some((tenant, key)) = key_of(tx, app, who.tenant).await? else {
        return Ok(None);
    };
    let agent = agents::find(tx, who.agent).await?;
    let is_its = agent.is_some_and(|agent| {
        agent.tenant == who.tenant && agent.domain == who.domain && agent.revoked_at.is_none()
    });
    Ok((tenant.settings.writeback.synchronise && is_its).then_some((tenant, key)))
}

async fn advance(tx: &mut Tx, work: &Work<'_>, page: i64, state: State) -> Result<(), AppError> {
    let (tenant, domain) = (work.tenant.id, work.domain);
    let done = sync_runs::advance(
        tx,
        tenant,
        domain,
        work.run,
        page,
        state,
        &work.counts,
        work.now,
    );
    if done.await? {
        Ok(())
    } else {
        Err(AppError::bug("a run moved while its row was held"))
    }
}

/// Whether a run of another agent is under way.
async fn is_anothers(
    tx: &mut Tx,
    run: &Run,
    who: &Identity,
    now: Timestamp,
) -> Result<bool, AppError> {
    let (Some(agent), State::Running | State::Deleting) = (run.agent, run.state) else {
        return Ok(false);
    };
    let is_recent = run.page_at.is_some_and(|at| now < at.plus(UNDER_WAY));
    if agent == who.agent || !is_recent {
        return Ok(false);
    }
    let agent = agents::find(tx, agent).await?;
    Ok(agent.is_some_and(|agent| agent.revoked_at.is_none() && fresh(&agent, now)))
}

/// Applies the objects of a page.
async fn apply(tx: &mut Tx, work: &mut Work<'_>, page: &Page) -> Result<(), AppError> {
    work.counts.objects += i64::try_from(page.objects.len()).unwrap_or(i64::MAX);
    let twice = Twice::in_page(&page.objects);
    for objects in page.objects.chunks(CHUNK) {
        let anchors: Vec<&str> = objects
            .iter()
            .map(|object| object.anchor.as_str())
            .collect();
        let found = sync_objects::find(tx, work.tenant.id, &anchors).await?;
        let mut known: HashMap<String, Known> = found
            .into_iter()
            .map(|known| (known.anchor.clone(), known))
            .collect();
        let troubled: HashSet<String> =
            sync_problems::troubled(tx, work.tenant.id, work.domain, &anchors)
                .await?
                .into_iter()
                .collect();
        let mut unchanged: Vec<&str> = Vec::new();
        for object in objects {
            // What is there twice is looked up again: the first one may have changed it.
            let known = known.remove(&object.anchor);
            let digest = object::digest(object);
            let is_same = known.as_ref().is_some_and(|known| {
                known.domain == work.domain
                    && object::is_as_before(known, &digest)
                    && known.applied_version.is_some()
                    && known.applied_version == known.version
                    && known.held.is_none()
                    && known.gone_at.is_none()
            });
            if is_same
                && !object.deleted
                && !twice.has(object)
                && !troubled.contains(&object.anchor)
            {
                unchanged.push(&object.anchor);
                continue;
            }
            object::apply(tx, work, page.whole, object, known, digest, &twice).await?;
        }
        let (tenant, domain) = (work.tenant.id, work.domain);
        sync_objects::touch(tx, tenant, domain, work.run, &unchanged).await?;
    }
    // Last, since an object that is applied has no problems of before.
    for problem in &page.problems {
        let anchor = line(problem.anchor.as_deref().unwrap_or_default(), 100);
        let (code, detail) = (line(&problem.code, 60), line(&problem.detail, DETAIL));
        work.problem(tx, &anchor, &code, &detail).await?;
    }
    Ok(())
}

/// What a page names twice, and differently.
struct Twice<'a> {
    anchors: HashSet<&'a str>,
    upns: HashSet<String>,
}

impl<'a> Twice<'a> {
    fn in_page(objects: &'a [Object]) -> Self {
        let mut first: HashMap<&str, &Object> = HashMap::new();
        let mut named: HashMap<String, &str> = HashMap::new();
        let mut twice = Self {
            anchors: HashSet::new(),
            upns: HashSet::new(),
        };
        for object in objects {
            if let Some(other) = first.insert(&object.anchor, object)
                && other != object
            {
                twice.anchors.insert(&object.anchor);
            }
            if let Some(upn) = object::upn_key(object)
                && let Some(other) = named.insert(upn.clone(), &object.anchor)
                && other != object.anchor
            {
                twice.upns.insert(upn);
            }
        }
        twice
    }

    fn none() -> Self {
        Self {
            anchors: HashSet::new(),
            upns: HashSet::new(),
        }
    }

    fn has(&self, object: &Object) -> bool {
        self.anchors.contains(object.anchor.as_str())
            || (!self.upns.is_empty()
                && object::upn_key(object).is_some_and(|upn| self.upns.contains(&upn)))
    }
}

/// After the last page: tries again what is held, and stops if too much is gone.
async fn finish_reading(
    tx: &mut Tx,
    work: &mut Work<'_>,
    run: &Run,
    page: &Page,
) -> Result<Step, AppError> {
    let (tenant, domain) = (work.tenant.id, work.domain);
    if page.whole {
        sync_objects::doom_unseen(tx, tenant, domain, work.run).await?;
    }
    try_held(tx, work).await?;
    let tally = sync_objects::tally(tx, tenant, domain).await?;
    let total = tally.users + tally.groups;
    let is_too_much = tally.doomed > MOST_DELETIONS
        || (total >= MOST_OF_AT_LEAST && tally.doomed.saturating_mul(MOST_OF) > total);
    if is_too_much && run.approved.is_none_or(|approved| approved < tally.doomed) {
        let gone = (tally.doomed, total);
        sync_runs::stop(tx, tenant, domain, work.run, gone, work.now).await?;
        // Asking once is enough, however often the page comes.
        if run.run != Some(work.run) || run.state != State::Stopped {
            work.entries.push(
                Entry::new(Activity::Synchronised)
                    .failed()
                    .because("it would delete too much")
                    .with("domain", domain)
                    .with("whole", page.whole)
                    .with("would_delete", tally.doomed)
                    .with("objects", total),
            );
        }
        work.record(tx).await?;
        return Ok(Step::Answer(Reply::Stop(Stop::TooManyDeletions)));
    }
    work.record(tx).await?;
    let number = i64::try_from(page.page).unwrap_or(i64::MAX);
    advance(tx, work, number, State::Deleting).await?;
    Ok(Step::Delete)
}

/// Tries again what could not be applied, as long as some of it can be.
async fn try_held(tx: &mut Tx, work: &mut Work<'_>) -> Result<(), AppError> {
    for _ in 0..ROUNDS {
        let (mut after, mut did) = (String::new(), false);
        loop {
            let held = sync_objects::held(tx, work.tenant.id, work.domain, &after, HELD).await?;
            let Some(last) = held.last() else { break };
            after.clone_from(&last.anchor);
            for known in held {
                did |= object::retry(tx, work, known).await?;
            }
        }
        if !did {
            break;
        }
    }
    Ok(())
}

/// What an administrator asked for, for an agent on its connection: whether everything has to be read.
/// `None`: nothing.
pub async fn asked(app: &App, who: &Identity) -> Result<Option<bool>, AppError> {
    let now = app.clock().now();
    let (tenant, domain, agent) = (who.tenant, &who.domain, who.agent);
    let is_asked = app
        .db()
        .read(async |mut tx| {
            sync_runs::is_asked(&mut tx, tenant, domain, agent, TELLING, now)
                .await
                .map_err(AppError::from)
        })
        .await?;
    if !is_asked {
        return Ok(None);
    }
    app.db()
        .write(async |mut tx| {
            sync_runs::tell(&mut tx, tenant, domain, agent, TELLING, now)
                .await
                .map_err(AppError::from)
        })
        .await
}

const fn store_class(class: Class) -> sync_objects::Class {
    match class {
        Class::User => sync_objects::Class::User,
        Class::Group => sync_objects::Class::Group,
    }
}

const fn wire_class(class: sync_objects::Class) -> Class {
    match class {
        sync_objects::Class::User => Class::User,
        sync_objects::Class::Group => Class::Group,
    }
}
