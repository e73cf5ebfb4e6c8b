//! The connections: one that writes, for which transactions stand in line, and some that read.
//!
//! # One commit for many
//!
//! A commit waits for the disk, and it is the same wait for one transaction or ten. So a transaction
//! that went well does not commit: it leaves the line to the next one and waits for its *group*. The
//! first of a group calls a committer, which stands in line like anybody else; whoever came before
//! it is in the group. Nobody is answered before the group's commit has come back, and if that
//! fails, it fails for all. Where many write, a group waits a little for more, unless one of it is in a
//! hurry: a step of several for which one person waits. A transaction that goes
//! wrong undoes itself only: all but the first run in a savepoint, and a group whose first one went wrong
//! has not begun.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use sqlx::Error;
use tokio::sync::{Notify, OwnedMutexGuard, OwnedSemaphorePermit, Semaphore, watch};
use tokio::time::Instant;

use super::driver::SqliteError;
use super::session::Session;
use crate::Options;

/// The defaults of SQLite would do for most; they are named because the memory budget depends on
/// them. No mmap: its pages would count as resident. What is deleted, such as the text of a message
/// that was sent, is overwritten, and what does not fit into memory goes to no other file.
const WRITER: &str = "PRAGMA journal_mode = WAL; PRAGMA foreign_keys = ON;
    PRAGMA secure_delete = ON; PRAGMA temp_store = MEMORY; PRAGMA cache_size = -4096; PRAGMA mmap_size = 0;";
const READER: &str = "PRAGMA foreign_keys = ON; PRAGMA temp_store = MEMORY;
    PRAGMA cache_size = -2048; PRAGMA mmap_size = 0; PRAGMA query_only = ON;";

/// How long a transaction counts as a recent one, on average.
const RECENT: Duration = Duration::from_millis(50);
/// Where as many transactions as this are recent, a group waits for more of them.
const BUSY: f64 = 8.0;
/// How long it waits: a person does not notice, and the disk and the processor have less to do.
const GATHER: Duration = Duration::from_millis(5);

/// Leaves the planner what it has learned about the tables.
const FAREWELL: &str = "PRAGMA analysis_limit = 400; PRAGMA optimize;";

/// All connections to one file.
pub(crate) struct Pool {
    path: PathBuf,
    options: Options,
    line: Line,
    idle: Arc<Mutex<Vec<Session>>>,
    readers: Arc<Semaphore>,
    is_closed: AtomicBool,
}

/// Where transactions that write stand in line.
type Line = Arc<tokio::sync::Mutex<Seat>>;

/// What the transaction has whose turn it is.
#[derive(Default)]
struct Seat {
    /// `None`: closed, or lost.
    session: Option<Session>,
    /// The transactions that wait for their commit.
    group: Option<Group>,
    /// When the last transaction joined a group, and how many were recent then.
    pace: Option<(Instant, f64)>,
}

impl Seat {
    /// Counts a transaction, and says whether many are recent.
    fn is_busy(&mut self) -> bool {
        let now = Instant::now();
        let recent = self.pace.map_or(0.0, |(at, recent)| {
            let ago = now.saturating_duration_since(at);
            recent * (-ago.div_duration_f64(RECENT)).exp()
        });
        self.pace = Some((now, recent + 1.0));
        recent >= BUSY
    }
}

/// Transactions that wait for their commit.
struct Group {
    fate: watch::Sender<Fate>,
    /// It waits for no more.
    hurry: Arc<Notify>,
}

/// What became of a group.
#[derive(Clone)]
enum Fate {
    Open,
    Committed,
    Failed(SqliteError),
}

/// A transaction. Dropped without a commit, it is undone.
pub(crate) enum Transaction {
    /// One that may write.
    Writes(Turn),
    /// One that only reads.
    Reads(Reader),
}

/// A turn of the one that writes.
pub(crate) struct Turn {
    /// Until it ends.
    seat: Option<OwnedMutexGuard<Seat>>,
    line: Line,
    is_first: bool,
}

/// A connection that reads.
pub(crate) struct Reader {
    /// Until it ends.
    session: Option<Session>,
    idle: Arc<Mutex<Vec<Session>>>,
    _permit: OwnedSemaphorePermit,
}

impl Pool {
    /// Opens a file that is there. It may wait for the disk.
    pub(crate) fn open(path: PathBuf, mut options: Options) -> Result<Self, Error> {
        options.connections = options.connections.clamp(1, 1024);
        let permits = usize::try_from(options.connections).unwrap_or(1);
        let session = Some(writer(&path, &options)?);
        Ok(Self {
            line: Arc::new(tokio::sync::Mutex::new(Seat {
                session,
                ..Seat::default()
            })),
            idle: Arc::default(),
            readers: Arc::new(Semaphore::new(permits)),
            is_closed: AtomicBool::new(false),
            path,
            options,
        })
    }

    /// Begins a transaction that reads.
    pub(crate) async fn read(&self) -> Result<Transaction, Error> {
        let permit = match Arc::clone(&self.readers).try_acquire_owned() {
            Ok(permit) => permit,
            Err(_) => {
                tokio::time::timeout(self.options.wait, Arc::clone(&self.readers).acquire_owned())
                    .await
                    .map_err(|_| Error::PoolTimedOut)?
                    .map_err(|_| Error::PoolClosed)?
            }
        };
        let kept = lock(&self.idle).pop();
        let session = match kept {
            Some(session) => session,
            None => Session::open(&self.path, self.options.wait, READER)?,
        };
        session.say("BEGIN")?;
        Ok(Transaction::Reads(Reader {
            session: Some(session),
            idle: Arc::clone(&self.idle),
            _permit: permit,
        }))
    }

    /// Waits for its turn and begins a transaction that may write.
    pub(crate) async fn write(&self) -> Result<Transaction, Error> {
        let mut seat = match Arc::clone(&self.line).try_lock_owned() {
            Ok(seat) => seat,
            Err(_) => tokio::time::timeout(self.options.wait, Arc::clone(&self.line).lock_owned())
                .await
                .map_err(|_| Error::PoolTimedOut)?,
        };
        if self.is_closed.load(Ordering::Acquire) {
            return Err(Error::PoolClosed);
        }
        let session = match seat.session.take() {
            Some(session) => session,
            None => {
                // With it went what a group had done.
                seat.group = None;
                writer(&self.path, &self.options)?
            }
        };
        let is_first = seat.group.is_none();
        seat.session = if is_first {
            Some(self.begin(session).await?)
        } else {
            session.say("SAVEPOINT one")?;
            Some(session)
        };
        Ok(Transaction::Writes(Turn {
            seat: Some(seat),
            line: Arc::clone(&self.line),
            is_first,
        }))
    }

    /// Begins the first transaction of a group.
    async fn begin(&self, session: Session) -> Result<Session, Error> {
        const BEGIN: &str = "BEGIN IMMEDIATE";
        match session.say(BEGIN) {
            Ok(()) => return Ok(session),
            Err(error) if error.is_busy() => {}
            Err(error) => return Err(error.into()),
        }
        // Another process writes.
        let wait = self.options.wait;
        let (session, begun) = aside(session, move |session| {
            session.wait(wait)?;
            session.say(BEGIN)?;
            session.wait(Duration::ZERO)
        })
        .await?;
        begun?;
        Ok(session)
    }

    /// Waits for running transactions and closes. Everything afterwards is refused.
    pub(crate) async fn close(&self) {
        if let Ok(all) = self.readers.acquire_many(self.options.connections).await {
            self.readers.close();
            drop(all);
        }
        lock(&self.idle).clear();
        let mut seat = self.line.lock().await;
        self.is_closed.store(true, Ordering::Release);
        tell(commit_group(&mut seat).await);
        // The last connection to close writes the log back into the database.
        if let Some(session) = seat.session.take() {
            let left = tokio::task::spawn_blocking(move || session.batch(FAREWELL)).await;
            if let Ok(Err(error)) = left {
                tracing::debug!(%error, "the planner's notes could not be left");
            }
        }
    }
}

/// The connection that writes. It does not wait for other processes: see [`Pool::begin`].
fn writer(path: &Path, options: &Options) -> Result<Session, SqliteError> {
    let setup = if options.durable {
        format!("PRAGMA synchronous = FULL; {WRITER}")
    } else {
        format!("PRAGMA synchronous = OFF; {WRITER}")
    };
    let session = Session::open(path, options.wait, &setup)?;
    session.wait(Duration::ZERO)?;
    Ok(session)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Does something with a connection in a thread that may wait.
async fn aside<T: Send + 'static>(
    session: Session,
    work: impl FnOnce(&Session) -> T + Send + 'static,
) -> Result<(Session, T), Error> {
    tokio::task::spawn_blocking(move || {
        let done = work(&session);
        (session, done)
    })
    .await
    .map_err(|_| Error::WorkerCrashed)
}

/// Commits what the group of now did; it is to be told. A group that is dropped untold does not know.
async fn commit_group(seat: &mut Seat) -> Option<(watch::Sender<Fate>, Fate)> {
    let (group, session) = (seat.group.take()?.fate, seat.session.take()?);
    match aside(session, |session| session.say("COMMIT")).await {
        Ok((session, Ok(()))) => {
            seat.session = Some(session);
            Some((group, Fate::Committed))
        }
        // Whatever state it is in, closing it undoes the transaction.
        Ok((session, Err(error))) => {
            drop(session);
            Some((group, Fate::Failed(error)))
        }
        Err(_) => None,
    }
}

fn tell(ended: Option<(watch::Sender<Fate>, Fate)>) {
    if let Some((group, fate)) = ended {
        group.send_replace(fate);
    }
}

impl Transaction {
    /// The connection, for one statement.
    pub(crate) fn session(&mut self) -> Result<&mut Session, Error> {
        match self {
            Self::Writes(turn) => turn.seat.as_mut().and_then(|seat| seat.session.as_mut()),
            Self::Reads(reader) => reader.session.as_mut(),
        }
        .ok_or(Error::WorkerCrashed)
    }

    /// Ends it well. What it wrote is on the disk when this returns. `hurries`: its group waits for no more.
    pub(crate) async fn commit(self, hurries: bool) -> Result<(), Error> {
        match self {
            Self::Writes(turn) => turn.commit(hurries).await,
            Self::Reads(_) => Ok(()),
        }
    }
}

impl Turn {
    async fn commit(mut self, hurries: bool) -> Result<(), Error> {
        let mut fate = self.join(hurries)?;
        let fate = fate
            .wait_for(|fate| !matches!(fate, Fate::Open))
            .await
            .map_err(|_| Error::WorkerCrashed)?
            .clone();
        match fate {
            Fate::Failed(error) => Err(error.into()),
            Fate::Open | Fate::Committed => Ok(()),
        }
    }

    /// Becomes one of the group, and leaves the line to the next.
    fn join(&mut self, hurries: bool) -> Result<watch::Receiver<Fate>, Error> {
        let seat = self.seat.as_mut().ok_or(Error::WorkerCrashed)?;
        let session = seat.session.as_ref().ok_or(Error::WorkerCrashed)?;
        if !self.is_first {
            session.say("RELEASE one")?;
        }
        let is_busy = seat.is_busy();
        let fate = match &seat.group {
            Some(group) => {
                if hurries {
                    group.hurry.notify_one();
                }
                group.fate.subscribe()
            }
            None => {
                let (told, fate) = watch::channel(Fate::Open);
                let hurry = Arc::new(Notify::new());
                seat.group = Some(Group {
                    fate: told,
                    hurry: Arc::clone(&hurry),
                });
                let line = Arc::clone(&self.line);
                tokio::spawn(async move {
                    if is_busy && !hurries {
                        // In time or not, it goes on.
                        let _ = tokio::time::timeout(GATHER, hurry.notified()).await;
                    }
                    let ended = commit_group(&mut *line.lock().await).await;
                    // The line is free again for what they do next.
                    tell(ended);
                });
                fate
            }
        };
        self.seat = None;
        Ok(fate)
    }
}

impl Drop for Turn {
    /// Undoes what was not ended well, and only that.
    fn drop(&mut self) {
        let Some(seat) = &mut self.seat else { return };
        let undone = seat.session.as_ref().map(|session| {
            if self.is_first {
                session.say("ROLLBACK")
            } else {
                session.say("ROLLBACK TO one")?;
                session.say("RELEASE one")
            }
        });
        if !matches!(undone, Some(Ok(()))) {
            // SQLite has undone all of it by itself, or cannot: closing does. The group learns that
            // nobody knows.
            tracing::debug!("a transaction could not be rolled back");
            **seat = Seat::default();
        }
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        if let Some(session) = self.session.take()
            && session.say("ROLLBACK").is_ok()
        {
            lock(&self.idle).push(session);
        }
    }
}
