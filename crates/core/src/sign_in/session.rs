use std::time::Duration;

use latchkey_types::Timestamp;

use crate::settings::SignInSettings;

/// How long a proof is fresh.
pub const FRESH: Duration = Duration::from_mins(10);

/// How long a session lasts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SessionLimits {
    /// Without use.
    pub idle: Duration,
    /// In any case.
    pub absolute: Duration,
}

/// The limits for a person under a tenant's settings.
pub fn session_limits(settings: &SignInSettings, is_administrator: bool) -> SessionLimits {
    let (idle, absolute) = if is_administrator {
        (settings.admin_idle_minutes, settings.admin_absolute_minutes)
    } else {
        (settings.idle_minutes, settings.absolute_minutes)
    };
    SessionLimits {
        idle: Duration::from_mins(u64::from(idle)),
        absolute: Duration::from_mins(u64::from(absolute)),
    }
}

/// What is kept of a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SessionFacts {
    /// When it began.
    pub created_at: Timestamp,
    /// When it was last used.
    pub used_at: Timestamp,
    /// When it ends in any case.
    pub expires_at: Timestamp,
    /// When it was ended.
    pub ended_at: Option<Timestamp>,
    /// When the person last proved who they are.
    pub proven_at: Timestamp,
    /// When they last did so with two factors or a passkey.
    pub proven_twice_at: Option<Timestamp>,
}

/// What is known of the account behind a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AccountFacts {
    /// Neither disabled nor frozen nor deleted, and its tenant is enabled.
    pub is_enabled: bool,
    /// Sessions that began before this moment are over: the password was reset or changed since.
    pub sessions_valid_from: Timestamp,
}

/// Whether a session is one now. `limits` are those of now, so that whoever became an administrator
/// has an administrator's.
pub fn is_live(
    session: &SessionFacts,
    account: &AccountFacts,
    limits: SessionLimits,
    now: Timestamp,
) -> bool {
    session.ended_at.is_none()
        && account.is_enabled
        && session.created_at >= account.sessions_valid_from
        && now < session.expires_at
        && now < session.created_at.plus(limits.absolute)
        && now < session.used_at.plus(limits.idle)
}

/// Whether something proven at `at` is fresh: less than 10 minutes old.
pub fn is_fresh(at: Timestamp, now: Timestamp) -> bool {
    now < at.plus(FRESH)
}

#[cfg(test)]
#[path = "session_tests.rs"]
mod tests;
