//! Synchronisation: users and groups of the directory, page by page, to the service.
//!
//! A run reads from the directory's cursor on, or everything. Each page waits until the service has
//! kept the one before, so that no more than one page of the directory is in memory; the cursor is
//! written after the last one was kept. So whatever happens between any two steps, the next run begins
//! where the last complete one ended, and says some things again, which changes nothing.
//!
//! It is a task of its own, on a connection of its own to the directory. Answers to operations go
//! before pages, and pages are short.

mod desk;
mod dry;
mod flow;
mod pack;
mod place;

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use latchkey_directory::{Changes, Cursor, Directory, Failure, Page, SetupError, SyncSettings};
use latchkey_types::{AgentId, Clock, SyncRunId, Timestamp};
use latchkey_wire::v1::{self, Stop};
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::agent::Step;
use crate::events::{Event, say};
use crate::lock;
use crate::work::Shared;

pub(crate) use desk::{Came, Desk, Reply};
pub use dry::{Report, dry_run};
use flow::problem;
pub use flow::{Flow, TARGETS};
use pack::{Packet, pack};
pub(crate) use place::Place;

/// Where users and groups are read.
pub trait Source: Send + Sync {
    /// Begins a run. See [`Directory::changes`].
    fn changes(&self, cursor: Option<Cursor>) -> Result<Box<dyn Pages>, SetupError>;
}

/// A run. See [`Changes`].
#[async_trait]
pub trait Pages: Send {
    /// The next page; none after the one with the cursor.
    async fn next(&mut self) -> Result<Option<Page>, Failure>;
}

#[async_trait]
impl Pages for Changes {
    async fn next(&mut self) -> Result<Option<Page>, Failure> {
        Self::next(self).await
    }
}

/// A directory, and what is read there.
#[derive(Debug)]
pub struct Read {
    /// The directory. Its connections are not those of operations.
    pub directory: Directory,
    /// What.
    pub what: SyncSettings,
}

impl Source for Read {
    fn changes(&self, cursor: Option<Cursor>) -> Result<Box<dyn Pages>, SetupError> {
        Ok(Box::new(self.directory.changes(cursor, &self.what)?))
    }
}

/// What a synchronisation is made of.
pub struct Synchronisation {
    /// Where it reads.
    pub source: Arc<dyn Source>,
    /// What becomes of what it reads.
    pub flow: Flow,
    /// What tells this directory from another one: after a change everything is read again.
    pub mark: String,
    /// How long things take.
    pub timing: Timing,
}

/// How long things take. The defaults are those of the handbook.
#[derive(Debug, Clone)]
pub struct Timing {
    /// Between the end of a run and the next one.
    pub interval: Duration,
    /// Between two runs that read everything.
    pub whole: Duration,
    /// After a failure; doubled with each one that follows, up to the interval.
    pub again: Duration,
    /// How often a page that the service could not keep is sent again within a run.
    pub repeats: u32,
    /// For how long a run waits for a connection to come back.
    pub away: Duration,
    /// For how long a run waits for the answer to a page.
    pub patience: Duration,
}

impl Default for Timing {
    fn default() -> Self {
        Self {
            interval: Duration::from_mins(30),
            whole: Duration::from_hours(24),
            again: Duration::from_secs(15),
            repeats: 4,
            away: Duration::from_mins(10),
            patience: Duration::from_mins(30),
        }
    }
}

impl Timing {
    fn pause(&self, failures: u32) -> Duration {
        let times = 1_u32.checked_shl(failures.min(16)).unwrap_or(u32::MAX);
        self.again.saturating_mul(times).min(self.interval)
    }
}

/// Why a run ended before its end.
#[derive(Debug)]
enum Halt {
    /// The service wants it.
    Stopped(Stop),
    /// The service is away.
    Away,
    /// It does not answer a page over this connection.
    Unanswered(u64),
    /// The directory.
    Failed(Failure),
    /// The directory would not go on from the cursor.
    CursorRefused(Failure),
    /// The settings, or the disk.
    Fault(String),
}

/// When the next run is, and of which kind.
struct Next {
    /// `None`: when the service asks.
    due: Option<Instant>,
    /// Whether it has to be a whole one, whatever the time.
    whole: bool,
    /// Whether it begins with a page of nothing: the service did not want any.
    probe: bool,
    failures: u32,
}

/// Synchronises until it is dropped.
pub(crate) async fn keep_up(shared: Arc<Shared>, setup: Arc<Synchronisation>) {
    loop {
        // It cannot take anything else down with it.
        let mut one = JoinSet::new();
        one.spawn(run_for_ever(Arc::clone(&shared), Arc::clone(&setup)));
        one.join_next().await;
        say(Event::UnknownError, "the synchronisation panicked");
        tokio::time::sleep(setup.timing.interval).await;
    }
}

async fn run_for_ever(shared: Arc<Shared>, setup: Arc<Synchronisation>) {
    let timing = &setup.timing;
    let mark = mark(&shared, &setup);
    let now = shared.time.now();
    let wait = Place::load(&shared.folder)
        .filter(|place| place.mark == mark)
        .map_or(Duration::ZERO, |place| {
            left(place.ran_at, timing.interval, now)
        });
    let mut next = Next {
        due: Some(Instant::now() + wait),
        whole: false,
        probe: false,
        failures: 0,
    };
    loop {
        let asked = shared.desk.turn(next.due).await;
        let mut run = Run::begin(&shared, &setup, &mark, next.whole || asked == Some(true));
        let id = run.id;
        let ended = if next.probe && asked.is_none() {
            run.probe_and_all().await
        } else {
            run.all().await
        };
        let (whole, pages, objects, problems) = (run.whole, run.page, run.objects, run.problems);
        match ended {
            Ok(()) => {
                tracing::info!(run = %id, whole, pages, objects, problems, "synchronised");
                next = Next {
                    due: Some(Instant::now() + timing.interval),
                    whole: false,
                    probe: false,
                    failures: 0,
                };
            }
            Err(halt) => {
                tell(id, whole, &halt);
                if let Halt::Unanswered(connection) = halt {
                    // Its answer, if it comes, must not be taken for that to a page of another run.
                    shared.desk.reply(connection).await;
                }
                next.after(&halt, whole, timing);
            }
        }
    }
}

impl Next {
    /// After a run that did not come to its end. What it had to be, the next one has to be, too.
    fn after(&mut self, halt: &Halt, was_whole: bool, timing: &Timing) {
        let is_first = self.failures == 0;
        let pause = timing.pause(self.failures);
        self.failures = self.failures.saturating_add(1);
        self.whole |= was_whole;
        self.probe = matches!(halt, Halt::Stopped(Stop::Off));
        let wait = match halt {
            Halt::Stopped(Stop::TooManyDeletions) => None,
            // Nobody says that it is on again.
            Halt::Stopped(Stop::Off) => {
                self.whole = true;
                Some(timing.interval)
            }
            Halt::Stopped(Stop::AnotherAgent) => Some(timing.interval),
            Halt::Stopped(Stop::OutOfOrder) | Halt::CursorRefused(_) => {
                self.whole = true;
                Some(if is_first { Duration::ZERO } else { pause })
            }
            // The next run waits for a connection anyway.
            Halt::Away => Some(Duration::ZERO),
            Halt::Stopped(Stop::Unavailable)
            | Halt::Unanswered(_)
            | Halt::Failed(_)
            | Halt::Fault(_) => Some(pause),
        };
        self.due = wait.map(|wait| Instant::now() + wait);
    }
}

fn tell(run: SyncRunId, whole: bool, halt: &Halt) {
    match halt {
        Halt::Stopped(Stop::TooManyDeletions) => tracing::error!(
            %run, whole,
            "the synchronisation stopped: it would delete too much, and waits for an administrator"
        ),
        Halt::Stopped(Stop::Off) => {
            tracing::warn!(%run, "the synchronisation is off in the service");
        }
        Halt::Stopped(Stop::AnotherAgent) => {
            tracing::info!(%run, "another agent of the domain synchronises");
        }
        Halt::Stopped(Stop::OutOfOrder) => {
            tracing::warn!(%run, whole, "the service wants the synchronisation from its beginning");
        }
        Halt::Stopped(Stop::Unavailable) => {
            tracing::warn!(%run, whole, "the service could not keep the synchronisation: later");
        }
        Halt::Unanswered(_) => {
            tracing::warn!(%run, whole, "the service does not answer a page: later");
        }
        Halt::Away => tracing::warn!(%run, whole, "the service went away: it begins again"),
        Halt::Failed(failure) => {
            tracing::warn!(%run, whole, %failure, "the directory could not be read: later");
        }
        Halt::CursorRefused(failure) => {
            tracing::warn!(%run, %failure, "the directory refused the cursor: everything again");
        }
        Halt::Fault(error) => {
            tracing::error!(%run, whole, error, "the synchronisation cannot work: later");
        }
    }
}

/// How much of a time is left. A clock that was set back leaves nothing.
fn left(since: Timestamp, time: Duration, now: Timestamp) -> Duration {
    if since > now {
        Duration::ZERO
    } else {
        time.saturating_sub(now.since(since))
    }
}

/// What has to be the same for a cursor to be of use.
fn mark(shared: &Shared, setup: &Synchronisation) -> String {
    mark_of(lock(&shared.identity).agent, setup)
}

fn mark_of(agent: AgentId, setup: &Synchronisation) -> String {
    format!("{agent} {} {:?}", setup.mark, setup.flow)
}

/// One run.
struct Run<'a> {
    shared: &'a Shared,
    setup: &'a Synchronisation,
    mark: &'a str,
    id: SyncRunId,
    began: Timestamp,
    cursor: Option<Cursor>,
    /// When the last whole run began.
    whole_at: Timestamp,
    whole: bool,
    /// The number of the next page.
    page: u64,
    objects: usize,
    problems: usize,
}

impl<'a> Run<'a> {
    fn begin(shared: &'a Shared, setup: &'a Synchronisation, mark: &'a str, whole: bool) -> Self {
        let began = shared.time.now();
        let place = Place::load(&shared.folder)
            .filter(|place| place.mark == mark && !whole)
            .filter(|place| !left(place.whole_at, setup.timing.whole, began).is_zero());
        let cursor = place.as_ref().and_then(Place::cursor);
        let clock: &dyn Clock = &*shared.time;
        Self {
            id: SyncRunId::new(clock, &*shared.entropy),
            whole: cursor.is_none(),
            whole_at: place.map_or(began, |place| place.whole_at),
            shared,
            setup,
            mark,
            began,
            cursor,
            page: 0,
            objects: 0,
            problems: 0,
        }
    }

    /// Asks by a page of nothing whether the service wants a run, and then does it.
    async fn probe_and_all(&mut self) -> Result<(), Halt> {
        self.send(self.page_of(Packet::default(), false)).await?;
        self.page += 1;
        self.all().await
    }

    async fn all(&mut self) -> Result<(), Halt> {
        let had_cursor = self.cursor.is_some();
        let fault = |error: SetupError| Halt::Fault(error.to_string());
        let source = &self.setup.source;
        let mut pages = source.changes(self.cursor.take()).map_err(fault)?;
        let mut is_first = true;
        loop {
            let page = pages.next().await.map_err(|failure| match failure {
                Failure::Unexpected { .. } if is_first && had_cursor => {
                    Halt::CursorRefused(failure)
                }
                failure => Halt::Failed(failure),
            })?;
            let Some(page) = page else {
                return Err(Halt::Fault("the directory gave no cursor".into()));
            };
            if is_first && page.full && !self.whole {
                tracing::info!(run = %self.id, "the directory does not go on from the cursor: everything is read");
                self.whole = true;
            }
            is_first = false;
            let cursor = page.cursor.clone();
            let packets = self.pack(&page);
            self.deliver(packets, cursor.is_some()).await?;
            if let Some(cursor) = cursor {
                drop(pages);
                return self.complete(&cursor).await;
            }
        }
    }

    fn pack(&self, page: &Page) -> VecDeque<Packet> {
        let nameless = page.without_anchor.iter();
        let nameless = nameless.map(|dn| problem(None, "no_anchor", dn, "it has no immutable id"));
        let objects = page
            .objects
            .iter()
            .map(|object| self.setup.flow.map(object));
        pack(objects, nameless)
    }

    /// Sends what was read of a page of the directory, and waits until it is kept.
    async fn deliver(&mut self, mut packets: VecDeque<Packet>, is_last: bool) -> Result<(), Halt> {
        while let Some(packet) = packets.pop_front() {
            let last = is_last && packets.is_empty();
            if !last && packet.objects.is_empty() && packet.problems.is_empty() {
                continue;
            }
            let page = self.page_of(packet, last);
            self.shared.watch.at(Step::PageRead(self.page)).await;
            self.objects += page.objects.len();
            self.problems += page.problems.len();
            self.send(page).await?;
            self.shared.watch.at(Step::PageKept(self.page)).await;
            self.page += 1;
        }
        Ok(())
    }

    fn page_of(&self, packet: Packet, last: bool) -> v1::Page {
        v1::Page {
            run: self.id,
            page: self.page,
            whole: self.whole,
            last,
            objects: packet.objects,
            problems: packet.problems,
        }
    }

    /// Sends a page until the service has kept it: again over a new connection, and again after a
    /// while if it could not be kept.
    async fn send(&self, page: v1::Page) -> Result<(), Halt> {
        let (desk, timing) = (&self.shared.desk, &self.setup.timing);
        let mut repeats = 0;
        loop {
            let connection = tokio::time::timeout(timing.away, desk.connection());
            let connection = connection.await.map_err(|_| Halt::Away)?;
            desk.put(connection, page.clone());
            self.shared.news.notify_one();
            loop {
                let reply = tokio::time::timeout(timing.patience, desk.reply(connection));
                let reply = reply.await.map_err(|_| Halt::Unanswered(connection))?;
                match reply {
                    Came::Reply(Reply::Kept(number)) if number == page.page => return Ok(()),
                    // Of another one.
                    Came::Reply(Reply::Kept(_)) => {}
                    Came::Reply(Reply::Stopped(Stop::Unavailable)) if repeats < timing.repeats => {
                        tokio::time::sleep(timing.pause(repeats)).await;
                        repeats += 1;
                        break;
                    }
                    Came::Reply(Reply::Stopped(why)) => return Err(Halt::Stopped(why)),
                    Came::Lost => break,
                }
            }
        }
    }

    async fn complete(&self, cursor: &Cursor) -> Result<(), Halt> {
        let place = Place {
            mark: self.mark.to_owned(),
            cursor: cursor.to_string(),
            whole_at: if self.whole {
                self.began
            } else {
                self.whole_at
            },
            ran_at: self.shared.time.now(),
        };
        place.save(&self.shared.folder).map_err(Halt::Fault)?;
        self.shared.watch.at(Step::CursorKept).await;
        Ok(())
    }
}
