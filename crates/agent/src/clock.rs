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

    /// The service said what time it is.
    pub(crate) fn heard(&self, now: Timestamp) {
        *lock(&self.heard) = Some((now, self.time.ticks()));
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
