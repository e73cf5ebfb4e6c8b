use std::time::Duration;

use latchkey_types::Timestamp;

use crate::model::{Managed, User};
use crate::password::{PasswordPolicy, expires_at};

const DAY: Duration = Duration::from_hours(24);

/// Why somebody who is signed in has to change their password before anything else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MustChange {
    /// An administrator gave them a temporary one, or asked for another.
    ByAdministrator,
    /// It expired.
    Expired,
}

/// Whether somebody has to change their password, and why. What an administrator asked for goes
/// before an expiry.
pub fn why_must_change(user: &User, policy: &PasswordPolicy, now: Timestamp) -> Option<MustChange> {
    if user.must_change_password && user.managed != Managed::Federated {
        return Some(MustChange::ByAdministrator);
    }
    password_expires_at(user, policy)
        .is_some_and(|expires| now >= expires)
        .then_some(MustChange::Expired)
}

/// When somebody's password expires: only one that lives here, and only if neither policy nor user
/// says never.
pub fn password_expires_at(user: &User, policy: &PasswordPolicy) -> Option<Timestamp> {
    let set_at = user
        .password_set_at
        .filter(|_| user.managed == Managed::Cloud)?;
    expires_at(policy, set_at, user.password_never_expires)
}

/// The days before an expiry on which its owner is told, most first: the first day of the notice,
/// and 7, 3 and 1 days where those are later. None, if passwords do not expire or no notice is
/// given.
pub fn notice_days(policy: &PasswordPolicy) -> Vec<u8> {
    let first = policy.notice_days;
    if policy.expires_after_days.is_none() || first == 0 {
        return Vec::new();
    }
    [first]
        .into_iter()
        .chain([7, 3, 1].into_iter().filter(|days| *days < first))
        .collect()
}

/// The notice that is due now for a password that expires then: the fewest days that are reached,
/// if its owner was not yet told of so few. None after the expiry.
pub fn notice_due(
    policy: &PasswordPolicy,
    expires: Timestamp,
    told_days: Option<i64>,
    now: Timestamp,
) -> Option<u8> {
    let reached = |days: &u8| now >= expires.minus(DAY * u32::from(*days));
    notice_days(policy)
        .into_iter()
        .filter(reached)
        .min()
        .filter(|days| now < expires && told_days.is_none_or(|told| i64::from(*days) < told))
}

/// Passwords that were set at this moment or before expire in at most so many days. None, if
/// passwords do not expire.
pub fn set_before(policy: &PasswordPolicy, days: u8, now: Timestamp) -> Option<Timestamp> {
    let kept = policy.expires_after_days?.saturating_sub(u16::from(days));
    Some(now.minus(DAY * u32::from(kept)))
}

#[cfg(test)]
#[path = "expiry_tests.rs"]
mod tests;
