//! Signing in and registering, as a tenant's administrators set them.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::Problem;

/// How people sign in, and for how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SignInSettings {
    /// Wrong passwords that lock an account: 3 to 50.
    pub lockout_threshold: u16,
    /// Seconds of the first lock, which each further one doubles: 10 to 3600.
    pub lockout_seconds: u16,
    /// Minutes without use after which a session ends: 5 to 1440.
    pub idle_minutes: u16,
    /// Minutes after which a session ends in any case: 15 to 1440.
    pub absolute_minutes: u16,
    /// The same as `idle_minutes`, for administrators: 5 to 60.
    pub admin_idle_minutes: u16,
    /// The same as `absolute_minutes`, for administrators: 15 to 720.
    pub admin_absolute_minutes: u16,
}

impl Default for SignInSettings {
    fn default() -> Self {
        Self {
            lockout_threshold: 10,
            lockout_seconds: 60,
            idle_minutes: 60,
            absolute_minutes: 720,
            admin_idle_minutes: 15,
            admin_absolute_minutes: 480,
        }
    }
}

impl SignInSettings {
    /// How long the first lock lasts.
    pub fn first_lock(&self) -> Duration {
        Duration::from_secs(u64::from(self.lockout_seconds))
    }

    pub(super) fn problems(&self) -> Vec<Problem> {
        let ranges = [
            (
                self.lockout_threshold,
                3..=50,
                "sign_in.lockout_threshold",
                "3 to 50 wrong passwords",
            ),
            (
                self.lockout_seconds,
                10..=3600,
                "sign_in.lockout_seconds",
                "10 to 3600 seconds",
            ),
            (
                self.idle_minutes,
                5..=1440,
                "sign_in.idle_minutes",
                "5 to 1440 minutes",
            ),
            (
                self.absolute_minutes,
                15..=1440,
                "sign_in.absolute_minutes",
                "15 to 1440 minutes",
            ),
            (
                self.admin_idle_minutes,
                5..=60,
                "sign_in.admin_idle_minutes",
                "5 to 60 minutes",
            ),
            (
                self.admin_absolute_minutes,
                15..=720,
                "sign_in.admin_absolute_minutes",
                "15 to 720 minutes",
            ),
        ];
        ranges
            .into_iter()
            .filter(|(value, range, _, _)| !range.contains(value))
            .map(|(_, _, path, allowed)| Problem {
                path,
                allowed: allowed.to_owned(),
            })
            .collect()
    }
}

/// Who is made to register security info, and when again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RegistrationSettings {
    /// Whether whoever has too few methods is led to registering after signing in.
    pub required_at_sign_in: bool,
    /// Days after which people confirm what is on file: 0 (never) to 730.
    pub reconfirm_days: u16,
}

impl Default for RegistrationSettings {
    fn default() -> Self {
        Self {
            required_at_sign_in: true,
            reconfirm_days: 180,
        }
    }
}

impl RegistrationSettings {
    pub(super) fn problems(self) -> Vec<Problem> {
        if self.reconfirm_days <= 730 {
            return Vec::new();
        }
        vec![Problem {
            path: "registration.reconfirm_days",
            allowed: "0 (never) to 730 days".to_owned(),
        }]
    }
}
