use std::time::Duration;

use latchkey_types::{CountryCode, Locale, TenantId, Timestamp};

use crate::settings::Settings;

/// How long a tenant counts as a trial while it has no paid licence.
pub const TRIAL: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// An organisation.
#[derive(Debug, Clone)]
pub struct Tenant {
    /// Part of every key.
    pub id: TenantId,
    /// The name that people see, on pages and as the sender of mails.
    pub name: String,
    /// The directory location.
    pub country: CountryCode,
    /// The language of last resort before English.
    pub locale: Locale,
    /// When it was created; a trial begins here.
    pub created_at: Timestamp,
    /// Whether the operator lets it be used.
    pub enabled: bool,
    /// Everything that its administrators set.
    pub settings: Settings,
    /// Grows by one with every change of the settings.
    pub settings_version: i64,
    /// Whether a custom domain is verified.
    pub has_custom_domain: bool,
    /// Whether a directory is synchronised into it.
    pub has_directory_sync: bool,
}

impl Tenant {
    /// Whether its first 30 days are running. Until licences exist every tenant without one is in
    /// trial for that long.
    pub fn is_in_trial(&self, now: Timestamp) -> bool {
        now < self.created_at.plus(TRIAL)
    }
}

/// What a domain is to its tenant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DomainKind {
    /// `<name>.<service base domain>`, there from the start, verified.
    Initial,
    /// The tenant's own, unverified until shown to be.
    Custom,
}

impl DomainKind {
    /// Its form in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Initial => "initial",
            Self::Custom => "custom",
        }
    }

    /// Reads the form of the database.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Initial, Self::Custom]
            .into_iter()
            .find(|kind| kind.as_str() == text)
    }
}
