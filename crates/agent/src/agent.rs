//! One running agent: connects, again and again, until it is stopped.

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use latchkey_types::{Entropy, OperationId, random_bytes};
use latchkey_wire::v1::Denied;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::backend::Backend;
use crate::events::{Event, say};
pub use crate::journal_file::JournalFault;
use crate::journal_file::JournalFile;
use crate::keys::Identity;
use crate::lock;
use crate::network::{Network, ServiceUrl};
use crate::session::{self, End};
use crate::sync::{self, Synchronisation};
use crate::system::Time;
use crate::work::Shared;

/// How long things take, and how many at once. The defaults are those of the handbook.
#[derive(Debug, Clone)]
pub struct Timing {
    /// For connecting, with TLS and the handshakes.
    pub connect: Duration,
    /// The longest wait before the second attempt.
    pub backoff_first: Duration,
    /// The longest wait at all.
    pub backoff_most: Duration,
    /// A connection that lasted as long was a good one.
    pub stable: Duration,
    /// Silence that ends a connection, beyond two heartbeats.
    pub silence: Duration,
    /// For finishing what is under way when the agent is stopped.
    pub drain: Duration,
    /// For sending a message.
    pub send: Duration,
    /// Before each attempt to find out what came of a request that the directory did not answer.
    pub probe_pauses: Vec<Duration>,
    /// Operations at once.
    pub at_once: usize,
    /// Operations that may wait.
    pub waiting: usize,
}

impl Default for Timing {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(20),
            backoff_first: Duration::from_secs(1),
            backoff_most: Duration::from_secs(60),
            stable: Duration::from_secs(60),
            silence: Duration::from_secs(15),
            drain: Duration::from_secs(20),
            send: Duration::from_secs(20),
            probe_pauses: [1, 2, 4].map(Duration::from_secs).into(),
            at_once: 16,
            waiting: 256,
        }
    }
}

/// Something that an agent did, for whoever watches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// It has read its files and begins to connect.
    Ready,
    /// The service let it in.
    Welcomed,
    /// The connection is gone.
    Disconnected,
    /// An operation was opened.
    Opened(OperationId),
    /// It is in the journal; the directory has not heard of it.
    Begun(OperationId),
    /// The directory has answered; the journal does not know.
    Applied(OperationId),
    /// The answer is in the journal, and not sent.
    Recorded(OperationId),
    /// The answer was sent.
    Sent(OperationId),
    /// The service has kept it.
    Delivered(OperationId),
    /// New keys are in the key file; the service has not heard of them.
    KeysMade,
    /// New keys are in force.
    KeysSwitched,
    /// A page of the synchronisation was read, and not sent.
    PageRead(u64),
    /// It was sent.
    PageSent(u64),
    /// The service has kept it.
    PageKept(u64),
    /// All pages of a run are kept, and where the next one begins is on the disk.
    CursorKept,
    /// It was told to stop, and takes nothing more.
    Stopping,
}

/// Watches an agent. It goes on when this returns.
#[async_trait]
pub trait Watch: Send + Sync {
    /// Something was done.
    async fn at(&self, step: Step);
}

/// Nobody watches.
#[derive(Debug, Clone, Copy, Default)]
pub struct Unwatched;

#[async_trait]
impl Watch for Unwatched {
    async fn at(&self, _: Step) {}
}

/// What an agent is made of.
pub struct Parts {
    /// The folder with its keys and its journal.
    pub folder: PathBuf,
    /// The directory.
    pub backend: Arc<dyn Backend>,
    /// The way to the service. Without authorities here, those of the enrolment count.
    pub network: Network,
    /// Clocks.
    pub time: Arc<dyn Time>,
    /// Chance.
    pub entropy: Arc<dyn Entropy>,
    /// How long things take.
    pub timing: Timing,
    /// Whoever watches.
    pub watch: Arc<dyn Watch>,
    /// The synchronisation, if this agent does it.
    pub synchronisation: Option<Synchronisation>,
}

/// Why an agent stopped without being told to.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// Its files.
    #[error("{0}")]
    Setup(String),
    /// Its journal.
    #[error("{0}")]
    Journal(#[from] JournalFault),
    /// The service has revoked it: starting again does not help.
    #[error("the service has revoked this agent: enrol again")]
    Revoked,
}

/// A folder that no other process uses.
#[derive(Debug)]
pub struct Claim(#[expect(dead_code, reason = "the lock ends with the file")] File);

impl Claim {
    /// Claims it.
    pub fn of(folder: &Path) -> Result<Self, String> {
        let path = folder.join("lock");
        let failed = |error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
        let file = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path)
            .map_err(|error| failed(&error))?;
        match file.try_lock() {
            Ok(()) => Ok(Self(file)),
            Err(TryLockError::WouldBlock) => Err(format!(
                "another agent runs in {}: stop it first",
                folder.display()
            )),
            Err(TryLockError::Error(error)) => Err(failed(&error)),
        }
    }
}

/// Whether an agent runs in a folder. Claims nothing.
pub(crate) fn is_claimed(folder: &Path) -> bool {
    let shared = File::open(folder.join("lock")).map(|file| file.try_lock_shared());
    matches!(shared, Ok(Err(TryLockError::WouldBlock)))
}

/// Runs an agent until it is told to stop, or must. What is under way then is finished, or is in the
/// journal.
pub async fn run(mut parts: Parts, stop: CancellationToken) -> Result<(), RunError> {
    let _claim = Claim::of(&parts.folder).map_err(RunError::Setup)?;
    let identity = Identity::load(&parts.folder).map_err(RunError::Setup)?;
    let url = ServiceUrl::parse(&identity.service).map_err(RunError::Setup)?;
    let journal = JournalFile::open(&parts.folder)?;
    let mut network = parts.network.clone();
    network.ca_pem = network.ca_pem.or_else(|| identity.ca_pem.clone());
    for context in journal.journal().begun() {
        tracing::warn!(operation = %context.id, "was under way when the agent ended: it will be found out, not done again");
    }
    let synchronisation = parts.synchronisation.take();
    let shared = Arc::new(Shared::new(
        parts,
        identity,
        journal,
        synchronisation.is_some(),
    ));
    say(Event::WriteBackServiceStarted, &url.to_string());
    shared.watch.at(Step::Ready).await;
    let mut tasks = JoinSet::new();
    // It ends where it is: the next one begins where the last complete run ended.
    let mut aside = JoinSet::new();
    if let Some(setup) = synchronisation {
        aside.spawn(sync::keep_up(Arc::clone(&shared), Arc::new(setup)));
    }
    let ended = connect_for_ever(&shared, &network, &url, &mut tasks, &stop).await;
    if ended.is_ok() {
        // Stopped without a connection: what is under way ends with its answer in the journal.
        let rest = async {
            while let Some(done) = tasks.join_next().await {
                reap(done)?;
            }
            Ok::<(), JournalFault>(())
        };
        let rest = tokio::time::timeout(shared.timing.drain, rest).await;
        rest.unwrap_or(Ok(()))?;
    }
    say(Event::WriteBackServiceStopped, "");
    ended
}

async fn connect_for_ever(
    shared: &Arc<Shared>,
    network: &Network,
    url: &ServiceUrl,
    tasks: &mut JoinSet<Result<(), JournalFault>>,
    stop: &CancellationToken,
) -> Result<(), RunError> {
    let mut attempt = 0;
    let mut with_next = false;
    while !stop.is_cancelled() {
        let began = shared.time.ticks();
        let end = session::run(shared, network, url, tasks, stop, with_next).await;
        shared.watch.at(Step::Disconnected).await;
        match end {
            End::Stopped => return Ok(()),
            End::Fault(fault) => {
                say(Event::ConfigurationError, &fault.to_string());
                return Err(fault.into());
            }
            End::Denied(Denied::Revoked) => {
                say(Event::AuthTokenError, "revoked");
                return Err(RunError::Revoked);
            }
            End::Denied(why) => {
                say(Event::AuthTokenError, session::denied(why));
                // A crash after the service took the new keys, and before this side knew.
                let has_next = lock(&shared.identity).next.is_some();
                with_next = why == Denied::Proof && has_next && !with_next;
            }
            End::NotReached(why) => say(Event::ServiceError, &why),
            End::Invalid(why) => say(Event::ValidationError, &why),
            End::Lost(why) => say(Event::RelayError, &why),
        }
        if shared.time.ticks().saturating_sub(began) >= shared.timing.stable {
            attempt = 0;
        }
        let wait = backoff(&shared.timing, attempt, &*shared.entropy);
        attempt = attempt.saturating_add(1);
        say(
            Event::RelayWarning,
            &format!("the next attempt is in {} ms", wait.as_millis()),
        );
        let pause = tokio::time::sleep(wait);
        tokio::pin!(pause);
        loop {
            tokio::select! {
                () = &mut pause => break,
                () = stop.cancelled() => break,
                Some(done) = tasks.join_next() => reap(done)?,
            }
        }
    }
    Ok(())
}

/// An operation ended. One that panicked stays begun in the journal, and is found out.
pub(crate) fn reap(
    done: Result<Result<(), JournalFault>, tokio::task::JoinError>,
) -> Result<(), JournalFault> {
    match done {
        Ok(result) => result,
        Err(error) => {
            say(
                Event::UnknownError,
                if error.is_panic() {
                    "an operation panicked"
                } else {
                    "an operation was dropped"
                },
            );
            Ok(())
        }
    }
}

/// Exponential, with full jitter: agents that lost the service at once do not come back at once.
fn backoff(timing: &Timing, attempt: u32, entropy: &dyn Entropy) -> Duration {
    let most = timing
        .backoff_first
        .saturating_mul(1_u32.checked_shl(attempt.min(16)).unwrap_or(u32::MAX))
        .min(timing.backoff_most);
    let share = f64::from(u32::from_be_bytes(random_bytes::<4>(entropy))) / f64::from(u32::MAX);
    most.mul_f64(share)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::system::SystemEntropy;

    struct Most;
    impl Entropy for Most {
        fn fill(&self, buffer: &mut [u8]) {
            buffer.fill(0xff);
        }
    }

    #[test]
    fn waiting_doubles_to_a_minute_and_is_spread() {
        let timing = Timing::default();
        let most: Vec<u64> = (0..9)
            .map(|attempt| backoff(&timing, attempt, &Most).as_secs())
            .collect();
        assert_eq!(most, [1, 2, 4, 8, 16, 32, 60, 60, 60]);
        assert_eq!(backoff(&timing, u32::MAX, &Most).as_secs(), 60);
        let some: Vec<Duration> = (0..20)
            .map(|_| backoff(&timing, 6, &SystemEntropy))
            .collect();
        assert!(some.windows(2).any(|two| two[0] != two[1]));
    }

    #[test]
    fn a_folder_is_one_agents() {
        let folder = tempfile::tempdir().unwrap();
        let first = Claim::of(folder.path()).unwrap();
        assert!(
            Claim::of(folder.path())
                .unwrap_err()
                .contains("stop it first")
        );
        assert!(is_claimed(folder.path()));
        drop(first);
        assert!(!is_claimed(folder.path()));
        assert!(Claim::of(folder.path()).is_ok());
    }
}
