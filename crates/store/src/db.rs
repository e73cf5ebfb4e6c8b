//! The database: opening it, and running transactions.
//!
//! ```ignore
//! let granted = db
//!     .write(async |mut tx| {
//!         let tx = &mut tx;
//!         let user = accounts::get(tx, tenant, id).await?;
//!         …
//!         Ok::<_, AppError>(granted)
//!     })
//!     .await?;
//! ```
//!
//! The closure may run more than once, so it borrows what it uses and does nothing but SQL: no
//! hashing, no mail, nothing that waits for anybody else. It ends with `Ok` to commit and with `Err`
//! to undo everything.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{ConnectOptions, Connection, PgPool, Postgres, Transaction};

use tokio::sync::Notify;

use crate::{StoreError, sqlite};

/// How often a transaction is run again when PostgreSQL asks for it.
const RERUNS: u32 = 5;

/// How a database is opened.
#[derive(Debug, Clone)]
pub struct Options {
    /// Connections to PostgreSQL; on SQLite, connections that read (one more writes). At least 1.
    pub connections: u32,
    /// How long a transaction waits for a connection, or for another process that writes to the
    /// same SQLite file, before it fails as busy.
    pub wait: Duration,
    /// Whether what is committed outlives a fall of the power; only on SQLite can it be switched off,
    /// for a folder that is thrown away.
    pub durable: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            connections: 4,
            wait: Duration::from_secs(10),
            durable: true,
        }
    }
}

/// Which database it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    /// Embedded.
    Sqlite,
    /// A server.
    Postgres,
}

/// An open database. Cloning it is cheap; all clones are one.
#[derive(Clone)]
pub struct Db(Arc<Shared>);

struct Shared {
    pools: Pools,
    statements: AtomicU64,
    /// Woken when messages were committed.
    posted: Notify,
    /// Woken when something was asked of an agent.
    asked: Notify,
    /// Woken when an agent answered.
    answered: Notify,
}

enum Pools {
    Sqlite(sqlite::Pool),
    Postgres(PgPool),
}

/// A transaction. Repository functions take it, so that what they do is done together or not at all.
///
/// A closure gets it by value, because futures that borrow it from outside could not be sent between
/// threads; where it is dropped, it goes back to [`Db::write`] or [`Db::read`], which ends it.
pub struct Tx {
    /// Always there until it is dropped.
    open: Option<Open>,
    home: Home,
}

/// Where a transaction goes when the closure is done with it.
type Home = Arc<Mutex<Option<Open>>>;

struct Open {
    conn: Conn,
    shared: Arc<Shared>,
    /// A statement failed. PostgreSQL would refuse all that follows; so do we, on both.
    failed: bool,
    rerun: bool,
    /// It is committed at once, however many others there are.
    hurries: bool,
    /// There are messages in it.
    posts: bool,
    /// Something is asked of an agent in it.
    asks: bool,
    /// There is an answer of an agent in it.
    answers: bool,
}

pub(crate) enum Conn {
    Sqlite(sqlite::Transaction),
    Postgres(Transaction<'static, Postgres>),
}

/// Runs one statement: the same body, compiled for each driver. `$c` is the connection; the body is
/// a `Result<_, sqlx::Error>`.
macro_rules! on {
    ($tx:expr, |$c:ident| $body:expr) => {{
        let tx: &mut $crate::db::Tx = $tx;
        let result: sqlx::Result<_> = match tx.statement()? {
            $crate::db::Conn::Sqlite(transaction) => match transaction.session() {
                Ok($c) => $body,
                Err(error) => Err(error),
            },
            $crate::db::Conn::Postgres(transaction) => {
                let $c = &mut **transaction;
                $body
            }
        };
        result.map_err(|error| tx.failure(error))
    }};
}
pub(crate) use on;

impl Db {
    /// Opens `sqlite:PATH` (made if it is not there, readable by its owner only) or
    /// `postgres://USER@HOST/NAME`. Does not migrate.
    pub async fn open(url: &str, options: &Options) -> Result<Self, StoreError> {
        let pools = if let Some(path) = url.strip_prefix("sqlite:") {
            open_sqlite(Path::new(path.trim_start_matches("//")), options).await?
        } else if url.starts_with("postgres:") || url.starts_with("postgresql:") {
            open_postgres(url, options).await?
        } else {
            return Err(StoreError::Config(
                "the database URL begins with sqlite: or postgres:".into(),
            ));
        };
        Ok(Self(Arc::new(Shared {
            pools,
            statements: AtomicU64::new(0),
            posted: Notify::new(),
            asked: Notify::new(),
            answered: Notify::new(),
        })))
    }

    /// Which database it is.
    pub fn engine(&self) -> Engine {
        match self.0.pools {
            Pools::Sqlite(_) => Engine::Sqlite,
            Pools::Postgres(_) => Engine::Postgres,
        }
    }

    /// Runs a transaction that may write. It begins IMMEDIATE on SQLite; on PostgreSQL it is READ
    /// COMMITTED and, where the server reports a deadlock or serialisation failure, run again up to
    /// five times.
    pub async fn write<T, E, F, Fut>(&self, mut work: F) -> std::result::Result<T, E>
    where
        F: FnMut(Tx) -> Fut,
        Fut: Future<Output = std::result::Result<T, E>>,
        E: From<StoreError>,
    {
        let mut runs = 0;
        loop {
            let (tx, home) = self.begin(true).await?;
            let result = work(tx).await;
            let open = take_back(&home)?;
            let (error, rerun) = match result {
                Ok(_) if open.failed => {
                    open.rollback().await;
                    return Err(StoreError::bug("went on after a failed statement").into());
                }
                Ok(value) => match open.commit().await {
                    Ok(()) => return Ok(value),
                    Err(error) => {
                        let rerun = error.asks_for_rerun();
                        (error.into(), rerun)
                    }
                },
                Err(error) => {
                    let rerun = open.rerun;
                    open.rollback().await;
                    (error, rerun)
                }
            };
            if !rerun || runs >= RERUNS {
                return Err(error);
            }
            runs += 1;
        }
    }

    /// Runs a transaction that only reads, on one state of the database from its first statement to
    /// its last.
    pub async fn read<T, E, F, Fut>(&self, work: F) -> std::result::Result<T, E>
    where
        F: FnOnce(Tx) -> Fut,
        Fut: Future<Output = std::result::Result<T, E>>,
        E: From<StoreError>,
    {
        let (tx, home) = self.begin(false).await?;
        let result = work(tx).await;
        take_back(&home)?.rollback().await;
        result
    }

    async fn begin(&self, write: bool) -> Result<(Tx, Home), StoreError> {
        let conn = match &self.0.pools {
            Pools::Sqlite(pool) if write => Conn::Sqlite(pool.write().await?),
            Pools::Sqlite(pool) => Conn::Sqlite(pool.read().await?),
            Pools::Postgres(pool) if write => {
                Conn::Postgres(begin_postgres(pool.clone(), "BEGIN").await?)
            }
            Pools::Postgres(pool) => {
                let statement = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
                Conn::Postgres(begin_postgres(pool.clone(), statement).await?)
            }
        };
        let open = Open {
            conn,
            shared: Arc::clone(&self.0),
            failed: false,
            rerun: false,
            posts: false,
            hurries: false,
            asks: false,
            answers: false,
        };
        let home = Home::default();
        Ok((
            Tx {
                open: Some(open),
                home: Arc::clone(&home),
            },
            home,
        ))
    }

    /// Whether the database answers.
    pub async fn ping(&self) -> Result<(), StoreError> {
        self.read(async |mut tx| {
            on!(&mut tx, |c| sqlx::query_scalar::<_, i64>(
                "SELECT CAST(1 AS BIGINT)"
            )
            .fetch_one(c)
            .await)
            .map(drop)
        })
        .await
    }

    /// Statements issued since the database was opened, without BEGIN and COMMIT. Tests compare what
    /// real and decoy paths cost.
    pub fn statements(&self) -> u64 {
        self.0.statements.load(Ordering::Relaxed)
    }

    /// Is woken when this process has committed messages: there is something to deliver.
    pub fn posted(&self) -> &Notify {
        &self.0.posted
    }

    /// Everybody who waits is woken when this process has committed something that is asked of an agent.
    pub fn asked(&self) -> &Notify {
        &self.0.asked
    }

    /// Everybody who waits is woken when this process has committed the answer of an agent.
    pub fn answered(&self) -> &Notify {
        &self.0.answered
    }

    /// Waits for running transactions and closes. Everything afterwards is refused.
    pub async fn close(&self) {
        match &self.0.pools {
            Pools::Sqlite(pool) => pool.close().await,
            Pools::Postgres(pool) => pool.close().await,
        }
    }
}

impl fmt::Debug for Db {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Db").field(&self.engine()).finish()
    }
}

/// Begins a transaction where nobody gives up half way: a future that is dropped while sqlx 0.9.0 waits
/// for the answer to `BEGIN` leaves the transaction open, for whoever gets the connection next
/// (sqlx issue 4393). A transaction that nobody waits for any more is rolled back.
async fn begin_postgres(
    pool: PgPool,
    statement: &'static str,
) -> Result<Transaction<'static, Postgres>, StoreError> {
    tokio::spawn(async move { pool.begin_with(statement).await })
        .await
        .map_err(|_| sqlx::Error::WorkerCrashed)?
        .map_err(StoreError::from)
}

fn take_back(home: &Home) -> Result<Open, StoreError> {
    home.lock()
        .unwrap_or_else(PoisonError::into_inner)
        .take()
        .ok_or_else(|| StoreError::bug("a transaction outlived its closure"))
}

impl Drop for Tx {
    fn drop(&mut self) {
        *self.home.lock().unwrap_or_else(PoisonError::into_inner) = self.open.take();
    }
}

impl Tx {
    /// The connection, for one statement.
    pub(crate) fn statement(&mut self) -> Result<&mut Conn, StoreError> {
        let open = self
            .open
            .as_mut()
            .ok_or_else(|| StoreError::bug("a transaction is over"))?;
        open.shared.statements.fetch_add(1, Ordering::Relaxed);
        Ok(&mut open.conn)
    }

    /// It is one of several steps for which one person waits: it is committed at once.
    pub(crate) fn hurries(&mut self) {
        if let Some(open) = &mut self.open {
            open.hurries = true;
        }
    }

    /// Wakes whoever delivers messages when this is committed.
    pub(crate) fn posts(&mut self) {
        if let Some(open) = &mut self.open {
            open.posts = true;
        }
    }

    /// Wakes whoever hands operations to agents when this is committed.
    pub(crate) fn asks(&mut self) {
        if let Some(open) = &mut self.open {
            open.asks = true;
        }
    }

    /// Wakes whoever waits for the answer of an agent when this is committed.
    pub(crate) fn answers(&mut self) {
        if let Some(open) = &mut self.open {
            open.answers = true;
        }
    }

    pub(crate) fn engine(&self) -> Engine {
        match self.open {
            Some(Open {
                conn: Conn::Postgres(_),
                ..
            }) => Engine::Postgres,
            _ => Engine::Sqlite,
        }
    }

    /// Remembers that a statement failed.
    pub(crate) fn failure(&mut self, error: sqlx::Error) -> StoreError {
        let error = StoreError::from(error);
        if let Some(open) = &mut self.open {
            open.failed = true;
            open.rerun |= error.asks_for_rerun();
        }
        error
    }
}

impl Open {
    async fn commit(self) -> Result<(), StoreError> {
        match self.conn {
            Conn::Sqlite(transaction) => {
                let hurries = self.hurries || self.asks || self.answers;
                transaction.commit(hurries).await
            }
            Conn::Postgres(transaction) => transaction.commit().await,
        }
        .map_err(StoreError::of_commit)?;
        if self.posts {
            self.shared.posted.notify_one();
        }
        if self.asks {
            self.shared.asked.notify_waiters();
        }
        if self.answers {
            self.shared.answered.notify_waiters();
        }
        Ok(())
    }

    /// Undoes everything. A connection that cannot even do that is thrown away, which undoes it too.
    async fn rollback(self) {
        let result = match self.conn {
            Conn::Sqlite(transaction) => {
                drop(transaction);
                Ok(())
            }
            Conn::Postgres(transaction) => transaction.rollback().await,
        };
        if let Err(error) = result {
            tracing::debug!(error = %StoreError::from(error), "a transaction could not be rolled back");
        }
    }
}

impl fmt::Debug for Tx {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Tx").field(&self.engine()).finish()
    }
}

async fn open_sqlite(path: &Path, options: &Options) -> Result<Pools, StoreError> {
    // A path may be followed by options of the URL, of which we know none.
    let text = path.to_string_lossy();
    if text.is_empty() || text.contains(":memory:") || text.contains('?') {
        return Err(StoreError::Config(
            "a SQLite database is a file, without options: sqlite:/var/lib/latchkey/latchkey.db"
                .into(),
        ));
    }
    create_private(path.to_owned()).await?;
    let (path, options) = (path.to_owned(), options.clone());
    let opened = tokio::task::spawn_blocking(move || sqlite::Pool::open(path, options)).await;
    let pool = opened.map_err(|_| sqlx::Error::WorkerCrashed)??;
    Ok(Pools::Sqlite(pool))
}

/// Makes an empty file that only its owner may read; SQLite gives its log the same permissions.
async fn create_private(path: PathBuf) -> Result<(), StoreError> {
    let mut options = tokio::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    options.mode(0o600);
    match options.open(&path).await {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(sqlx::Error::Io(error).into()),
    }
}

async fn open_postgres(url: &str, options: &Options) -> Result<Pools, StoreError> {
    let connect: PgConnectOptions = url.parse()?;
    let connect = connect
        .application_name("latchkey")
        .statement_cache_capacity(256)
        .disable_statement_logging();
    // The pool would try a server that is not there until the time is over, and not say why.
    tokio::time::timeout(options.wait, connect.connect())
        .await
        .map_err(|_| StoreError::from(sqlx::Error::PoolTimedOut))??
        .close()
        .await?;
    let pool = PgPoolOptions::new()
        .max_connections(options.connections.max(1))
        .acquire_timeout(options.wait)
        .idle_timeout(Duration::from_mins(5))
        // A connection that was idle may have died; one that was just used costs no question.
        .test_before_acquire(false)
        .before_acquire(|connection, meta| {
            Box::pin(async move {
                if meta.idle_for > Duration::from_secs(5) {
                    connection.ping().await?;
                }
                Ok(true)
            })
        })
        .connect_lazy_with(connect);
    Ok(Pools::Postgres(pool))
}
