//! What the operating system gives: time, randomness, protection of memory.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use latchkey_types::{Clock, Entropy, Timestamp};

/// Two clocks: the one that people set, and one that only goes forwards.
pub trait Time: Clock {
    /// The time since some moment, which no setting of a clock changes.
    fn ticks(&self) -> Duration;
}

/// The system's clocks.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemTimes;

impl Clock for SystemTimes {
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the clock that everything else is given"
    )]
    fn now(&self) -> Timestamp {
        let since = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or(Duration::ZERO);
        Timestamp(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
    }
}

impl Time for SystemTimes {
    fn ticks(&self) -> Duration {
        use rustix::time::{ClockId, clock_gettime};
        // A machine that slept was not there: on Linux the clock that counts this.
        #[cfg(target_os = "linux")]
        let clock = ClockId::Boottime;
        #[cfg(not(target_os = "linux"))]
        let clock = ClockId::Monotonic;
        let now = clock_gettime(clock);
        Duration::new(
            u64::try_from(now.tv_sec).unwrap_or(0),
            u32::try_from(now.tv_nsec).unwrap_or(0),
        )
    }
}

/// The random generator of the operating system.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemEntropy;

impl Entropy for SystemEntropy {
    fn fill(&self, buffer: &mut [u8]) {
        if getrandom::fill(buffer).is_err() {
            // Weak keys would be worse than none.
            eprintln!("latchkey-agent: the system gives no random bytes");
            std::process::abort();
        }
    }
}

/// Keeps passwords and keys out of core dumps, and other processes of the same user out of memory.
pub fn harden() {
    #[cfg(target_os = "linux")]
    {
        use rustix::process::{DumpableBehavior, set_dumpable_behavior};
        if let Err(error) = set_dumpable_behavior(DumpableBehavior::NotDumpable) {
            tracing::warn!(%error, "memory can be dumped");
        }
    }
    #[cfg(unix)]
    {
        use rustix::process::{Resource, Rlimit, setrlimit};
        let none = Rlimit {
            current: Some(0),
            maximum: Some(0),
        };
        if let Err(error) = setrlimit(Resource::Core, none) {
            tracing::warn!(%error, "core dumps cannot be switched off");
        }
    }
}

/// Makes AWS-LC what every TLS connection uses. Once, before the first.
pub fn install_provider() {
    // It fails only where one is installed already, which then is this one.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
}
