use std::time::Duration;

use latchkey_types::Timestamp;

use crate::sign_in::is_fresh;

/// When the person in a session proved who they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Proven {
    /// With any factor that let them in.
    pub at: Timestamp,
    /// With two factors, or a passkey.
    pub twice_at: Option<Timestamp>,
}

/// What is needed before security info may be changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Needs {
    /// To sign in once more.
    Fresh,
    /// To sign in once more with two factors or a passkey, since the password was reset.
    FreshTwice {
        /// From when once more is enough.
        held_until: Timestamp,
    },
}

/// Whether security info may be changed now: after a sign-in less than 10 minutes old, and in the
/// hours after a reset only after one with two factors (specification: *After a reset*).
pub fn may_change(
    proven: Proven,
    reset_at: Option<Timestamp>,
    hold_hours: u16,
    now: Timestamp,
) -> Result<(), Needs> {
    let hold = Duration::from_hours(u64::from(hold_hours));
    let held = reset_at
        .map(|at| (at, at.plus(hold)))
        .filter(|(_, until)| now < *until);
    match held {
        Some((reset_at, held_until)) => proven
            .twice_at
            .filter(|at| *at >= reset_at && is_fresh(*at, now))
            .map(|_| ())
            .ok_or(Needs::FreshTwice { held_until }),
        None if is_fresh(proven.at, now) => Ok(()),
        None => Err(Needs::Fresh),
    }
}

#[cfg(test)]
#[path = "change_tests.rs"]
mod tests;
