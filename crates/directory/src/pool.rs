use std::ops::{Deref, DerefMut};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rustls::ClientConfig;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout};

use crate::answer::Refusal;
use crate::connection::{Broken, Connection, Unanswered};
use crate::settings::Settings;
use crate::{Failure, SetupError, security};

/// The most connections at a time, those of users' sign-ins included. Directories serialise writes:
/// more would only wait there.
pub(crate) const MOST: usize = 8;

/// An idle connection is closed by then; Active Directory closes its end after 15 minutes.
const LONGEST_IDLE: Duration = Duration::from_secs(120);

/// A server that did not answer is the last choice for so long.
const SUSPECT: Duration = Duration::from_secs(30);

/// Connections to the servers, signed in as the service account.
pub(crate) struct Pool {
    pub(crate) settings: Settings,
    tls: Arc<ClientConfig>,
    idle: Mutex<Vec<Connection>>,
    suspected: Mutex<Vec<Option<Instant>>>,
    slots: Arc<Semaphore>,
}

impl Pool {
    pub(crate) fn new(settings: Settings) -> Result<Arc<Self>, SetupError> {
        let tls = security::client_config(settings.ca_pem.as_deref())?;
        let suspected = Mutex::new(vec![None; settings.servers.len()]);
        Ok(Arc::new(Self {
            settings,
            tls,
            idle: Mutex::new(Vec::new()),
            suspected,
            slots: Arc::new(Semaphore::new(MOST)),
        }))
    }

    async fn slot(&self) -> Result<OwnedSemaphorePermit, Failure> {
        let wait = self.settings.connect_timeout + self.settings.operation_timeout;
        match timeout(wait, Arc::clone(&self.slots).acquire_owned()).await {
            Ok(Ok(permit)) => Ok(permit),
            _ => Err(Failure::Unreachable("too many requests wait".into())),
        }
    }

    /// A connection of the service account: an idle one, or a new one to the first server that
    /// answers.
    pub(crate) async fn take(self: &Arc<Self>) -> Result<Lease, Failure> {
        let permit = self.slot().await?;
        while let Some(mut connection) = self.pop() {
            if !connection.is_closed() && connection.last_used.elapsed() < LONGEST_IDLE {
                return Ok(self.lease(connection, permit, true));
            }
        }
        self.connect(permit, self.order()).await
    }

    /// A new connection, whatever is idle.
    pub(crate) async fn take_new(self: &Arc<Self>) -> Result<Lease, Failure> {
        let permit = self.slot().await?;
        self.connect(permit, self.order()).await
    }

    /// A new connection to this server and no other.
    pub(crate) async fn take_from(self: &Arc<Self>, server: usize) -> Result<Lease, Failure> {
        let permit = self.slot().await?;
        self.connect(permit, vec![server]).await
    }

    async fn connect(
        self: &Arc<Self>,
        permit: OwnedSemaphorePermit,
        servers: Vec<usize>,
    ) -> Result<Lease, Failure> {
        let (mut reasons, mut is_untrusted) = (Vec::new(), false);
        for server in servers {
            match self.open(server).await {
                Ok(connection) => return Ok(self.lease(connection, permit, false)),
                Err(Unanswered::Broken(broken)) => {
                    self.suspect(server);
                    match broken {
                        Broken::Closed(reason) => reasons.push(reason),
                        Broken::Untrusted(reason) => {
                            is_untrusted = true;
                            reasons.push(reason);
                        }
                        Broken::TimedOut => reasons.push(broken.to_string()),
                    }
                }
                Err(Unanswered::Failed(failure)) => return Err(failure),
            }
        }
        let reasons = reasons.join("; ");
        Err(if is_untrusted {
            Failure::Untrusted(reasons)
        } else {
            Failure::Unreachable(reasons)
        })
    }

    /// A new connection to this server, signed in.
    async fn open(&self, server: usize) -> Result<Connection, Unanswered> {
        let settings = &self.settings;
        let mut connection = self.open_anonymous(server).await?;
        let sign_in = async {
            let password = settings.password.expose();
            let answer = connection.bind(&settings.bind_as, password, vec![]).await?;
            if answer.rc != 0 {
                let refusal = Refusal::new(&answer, &[password]);
                return Err(Unanswered::Failed(match answer.rc {
                    51 | 52 => Failure::Unreachable(refusal.text),
                    _ => Failure::NotConfigured(format!(
                        "{} refuses the service account (result {}): {}",
                        connection.label, refusal.code, refusal.text
                    )),
                }));
            }
            connection.read_root(&*settings.clock).await
        };
        match timeout(settings.connect_timeout, sign_in).await {
            Ok(Ok(())) => Ok(connection),
            Ok(Err(unanswered)) => Err(unanswered),
            Err(_) => {
                Err(Broken::Closed(format!("{}: no answer in time", connection.label)).into())
            }
        }
    }

    /// A new connection to this server, not signed in. Does not count against the limit: for callers
    /// that hold a lease.
    pub(crate) async fn open_anonymous(&self, server: usize) -> Result<Connection, Broken> {
        let Some(address) = self.settings.servers.get(server) else {
            return Err(Broken::Closed("no such server".into()));
        };
        Connection::open(&self.settings, &self.tls, server, address).await
    }

    /// The servers in the order in which to try them: as configured, those that failed lately last.
    fn order(&self) -> Vec<usize> {
        let suspected = self
            .suspected
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let mut order: Vec<usize> = (0..suspected.len()).collect();
        order.sort_by_key(|&server| {
            suspected
                .get(server)
                .copied()
                .flatten()
                .is_some_and(|since| since.elapsed() < SUSPECT)
        });
        order
    }

    fn suspect(&self, server: usize) {
        let mut suspected = self
            .suspected
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(entry) = suspected.get_mut(server) {
            *entry = Some(Instant::now());
        }
    }

    fn pop(&self) -> Option<Connection> {
        self.idle
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .pop()
    }

    fn lease(
        self: &Arc<Self>,
        connection: Connection,
        permit: OwnedSemaphorePermit,
        used_before: bool,
    ) -> Lease {
        Lease {
            connection,
            pool: Arc::clone(self),
            used_before,
            _permit: permit,
        }
    }
}

/// A connection that nobody else uses. Dropped, it is closed; what is still good is given back by
/// [`Lease::keep`].
pub(crate) struct Lease {
    connection: Connection,
    pool: Arc<Pool>,
    /// It was idle before, so the server may have closed it meanwhile.
    pub(crate) used_before: bool,
    _permit: OwnedSemaphorePermit,
}

impl Lease {
    /// Gives the connection back for the next one.
    pub(crate) fn keep(self) {
        let Self {
            connection, pool, ..
        } = self;
        pool.idle
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(connection);
    }

    /// Closes the connection. One that broke although it was new speaks against its server.
    pub(crate) fn discard(self, broken: &Broken) {
        if !self.used_before || matches!(broken, Broken::TimedOut) {
            self.pool.suspect(self.connection.server);
        }
    }
}

impl Deref for Lease {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        &self.connection
    }
}

impl DerefMut for Lease {
    fn deref_mut(&mut self) -> &mut Connection {
        &mut self.connection
    }
}
