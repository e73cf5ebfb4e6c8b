//! How many wrong passwords lock an account, and for how long. Specification: *Smart lockout*.
//!
//! An account, or a decoy, has two counters: one for networks that its owner uses and one for all
//! others, so that a stranger cannot lock an owner out. [`Counter`] says how one moves; the store
//! does the same in single statements, so that tries at the same time are all counted.

use std::time::Duration;

use latchkey_types::{Secret, Timestamp};

use crate::settings::SignInSettings;

/// The longest lock.
pub const LONGEST_LOCK: Duration = Duration::from_hours(24);

/// How long a network stays familiar after its owner signed in rightly from it.
pub const FAMILIAR: Duration = Duration::from_hours(30 * 24);

/// How many of the last wrong passwords do not count again.
pub const REMEMBERED: usize = 3;

/// When a wrong password locks, and for how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rule {
    /// The wrong password that locks.
    pub threshold: u32,
    /// How long the first lock lasts.
    pub first: Duration,
}

impl From<&SignInSettings> for Rule {
    fn from(settings: &SignInSettings) -> Self {
        Self {
            threshold: u32::from(settings.lockout_threshold),
            first: settings.first_lock(),
        }
    }
}

/// How long a lock lasts that begins after so many others in a row: twice the one before, at most a
/// day.
pub fn lock_length(first: Duration, locks_before: u32) -> Duration {
    2_u32
        .checked_pow(locks_before)
        .and_then(|times| first.checked_mul(times))
        .map_or(LONGEST_LOCK, |length| length.min(LONGEST_LOCK))
}

/// The moment since which a right sign-in makes a network familiar.
pub fn familiar_since(now: Timestamp) -> Timestamp {
    now.minus(FAMILIAR)
}

/// One counter, as it is kept.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counter {
    /// Wrong passwords since the last lock or right password, with tries that are not decided yet.
    pub failures: u32,
    /// Locks in a row.
    pub locks: u32,
    /// The end of the last lock.
    pub locked_until: Option<Timestamp>,
    /// The keyed hashes of the last wrong passwords, newest first.
    pub wrong: [Option<Secret<[u8; 32]>>; REMEMBERED],
}

/// What a counter says to a try, before the password is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Compare; the try is counted.
    Try,
    /// Do not look at the answer: locked until then.
    Locked {
        /// The end of the lock.
        until: Timestamp,
        /// Whether this try began it, so that it is reported once.
        begins: bool,
    },
}

impl Counter {
    /// The end of the lock that is in force.
    pub fn locked(&self, now: Timestamp) -> Option<Timestamp> {
        self.locked_until.filter(|until| now < *until)
    }

    /// A try. It is counted before it is compared. So many at the same time that the threshold is
    /// passed begin a lock themselves.
    #[must_use]
    pub fn hit(mut self, rule: Rule, now: Timestamp) -> (Self, Verdict) {
        if let Some(until) = self.locked(now) {
            let begins = false;
            return (self, Verdict::Locked { until, begins });
        }
        if self.failures >= rule.threshold {
            let until = self.lock(rule, now);
            let begins = true;
            return (self, Verdict::Locked { until, begins });
        }
        self.failures += 1;
        (self, Verdict::Try)
    }

    /// The password of a counted try was wrong. One of the last three wrong ones does not count
    /// again. Gives the end of the lock, if this began one.
    #[must_use]
    pub fn wrong(
        mut self,
        rule: Rule,
        tag: &Secret<[u8; 32]>,
        now: Timestamp,
    ) -> (Self, Option<Timestamp>) {
        if self.remembers(tag) {
            self.failures = self.failures.saturating_sub(1);
            return (self, None);
        }
        self.wrong.rotate_right(1);
        if let Some(newest) = self.wrong.first_mut() {
            *newest = Some(tag.clone());
        }
        // While a lock is in force nothing is counted: it does not grow.
        let until = (self.failures >= rule.threshold).then(|| self.lock(rule, now));
        (self, until)
    }

    /// The password was right, or was replaced: all is forgotten.
    #[must_use]
    pub fn right(self) -> Self {
        Self::default()
    }

    /// Whether a password is one of the last wrong ones. All of them are looked at.
    fn remembers(&self, tag: &Secret<[u8; 32]>) -> bool {
        let known = self.wrong.iter().flatten();
        known.fold(false, |found, one| found | one.eq(tag))
    }

    fn lock(&mut self, rule: Rule, now: Timestamp) -> Timestamp {
        let until = now.plus(lock_length(rule.first, self.locks));
        self.locked_until = Some(until);
        self.locks = self.locks.saturating_add(1);
        self.failures = 0;
        until
    }
}

#[cfg(test)]
#[path = "lockout_tests.rs"]
mod tests;
