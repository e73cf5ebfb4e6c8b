use std::sync::{Arc, Mutex};
use std::time::Duration;

use latchkey_types::Timestamp;

use crate::lock;
use crate::system::Time;

/// The service's clock, as far as it is known from here: what it said last, and the time since.
///
/// An operation expires by the service's clock; how wrong the one of this machine is does not matter.
pub(crate) struct ServiceClock {
    time: Arc<dyn Time>,
    heard: Mutex<Option<(Timestamp, Duration)>>,
}

impl ServiceClock {
    pub(crate) fn new(time: Arc<dyn Time>) -> Self {
        Self {
            time,
            heard: Mutex::new(None),
        }
    }

    /// The time that only goes forwards, to be noted before the service is asked for its own.
    pub(crate) fn ticks(&self) -> Duration {
        self.time.ticks()
    }

    /// The service said what time it is, having been asked then. What it said may have been on its way
    /// for all the time since: it is later there than it said, and whoever holds messages back lets no
    /// operation live longer.
    pub(crate) fn heard(&self, now: Timestamp, asked: Duration) {
        *lock(&self.heard) = Some((now, asked));
    }

    /// What time it is there. Before the service said so, this machine's clock has to do.
    pub(crate) fn now(&self) -> Timestamp {
        match *lock(&self.heard) {
            Some((then, at)) => then.plus(self.time.ticks().saturating_sub(at)),
            None => self.time.now(),
        }
    }

    /// By how much this machine's clock is ahead of it, in milliseconds.
    pub(crate) fn ahead_millis(&self) -> i64 {
        self.time.now().0.saturating_sub(self.now().0) / 1_000
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicU64, Ordering};

    /// Seconds that a test lets pass.
    #[derive(Default)]
    struct Seconds(AtomicU64);

    impl latchkey_types::Clock for Seconds {
        fn now(&self) -> Timestamp {
            Timestamp(0).plus(self.ticks())
        }
    }

    impl Time for Seconds {
        fn ticks(&self) -> Duration {
            Duration::from_secs(self.0.load(Ordering::Relaxed))
        }
    }

    #[test]
    fn what_was_on_its_way_for_long_does_not_put_the_clock_back() {
        let seconds = Arc::new(Seconds::default());
        let clock = ServiceClock::new(seconds.clone());
        let at = |seconds| Timestamp(0).plus(Duration::from_secs(seconds));
        clock.heard(at(1_000), clock.ticks());
        assert_eq!(clock.now(), at(1_000));
        let asked = clock.ticks();
        // The service answers at once, and somebody holds the answer back.
        seconds.0.store(40, Ordering::Relaxed);
        clock.heard(at(1_000), asked);
        assert_eq!(clock.now(), at(1_040));
        // The service's own clock may be put back.
        clock.heard(at(500), clock.ticks());
        assert_eq!(clock.now(), at(500));
    }
}
