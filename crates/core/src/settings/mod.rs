//! Everything that a tenant's administrators set: types, defaults, ranges. Specification: *The
//! administrators' portal*.
//!
//! The settings of a tenant are one document, so that they are saved as one, versioned as one and
//! exported as one. An unknown key is refused.

use std::collections::BTreeSet;
use std::time::Duration;

use latchkey_types::{EmailAddress, GroupId, Timestamp};
use serde::{Deserialize, Serialize};

use crate::model::Managed;
use crate::password::PasswordPolicy;
use crate::reset::Gate;

mod sign_in;

pub use sign_in::{RegistrationSettings, SignInSettings};

/// The settings of one tenant.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// Who may reset, and how.
    pub reset: ResetSettings,
    /// What a good password is.
    pub password: PasswordPolicy,
    /// How people sign in, and for how long.
    pub sign_in: SignInSettings,
    /// Who is made to register, and when again.
    pub registration: RegistrationSettings,
    /// Passwords in directories.
    pub writeback: WritebackSettings,
    /// Who is told.
    pub notifications: Notifications,
    /// Where *contact your administrator* leads.
    pub contact: Contact,
    /// Texts and calls.
    pub telephony: Telephony,
    /// What is kept about clients in the audit log.
    pub client_address: ClientAddressPrivacy,
    /// What is kept of the audit log.
    pub audit: AuditSettings,
}

/// What is kept of the audit log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AuditSettings {
    /// Days for which events are kept: 30 to 3650. Whole days (UTC) go at a time.
    pub retention_days: u16,
}

impl Default for AuditSettings {
    fn default() -> Self {
        Self {
            retention_days: 400,
        }
    }
}

impl AuditSettings {
    /// The moment before which events go: the beginning of a day.
    pub fn kept_from(self, now: Timestamp) -> Timestamp {
        const DAY_US: i64 = 24 * 60 * 60 * 1_000_000;
        let days = i64::from(self.retention_days);
        Timestamp(
            now.0
                .div_euclid(DAY_US)
                .saturating_sub(days)
                .saturating_mul(DAY_US),
        )
    }
}

/// Who may reset a password by themselves.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// Nobody: the switch is off.
    #[default]
    None,
    /// The members of these groups, directly or through groups in them.
    Selected(BTreeSet<GroupId>),
    /// Everybody.
    All,
}

/// What a stranger learns from the reset portal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(rename_all = "snake_case")]
pub enum Disclosure {
    /// Every refusal is shown, and that a user ID is unknown.
    Standard,
    /// An unknown user ID is answered like an eligible one.
    #[default]
    Private,
    /// An ineligible account too; its owner is told by mail what is missing.
    Strict,
}

/// Security questions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Questions {
    /// How many a person has to register: 3 to 5, and not fewer than `to_reset`.
    pub to_register: u8,
    /// How many are asked at a reset: 3 to 5.
    pub to_reset: u8,
    /// Whether questions may be the only gate. The portals warn: NIST SP 800-63B-4 and ASVS 6.4.2
    /// advise against questions altogether.
    pub may_be_only_gate: bool,
    /// The tenant's own questions: at most 20, each of 3 to 200 characters, not translated.
    pub own: Vec<String>,
}

impl Default for Questions {
    fn default() -> Self {
        Self {
            to_register: 5,
            to_reset: 3,
            may_be_only_gate: false,
            own: Vec::new(),
        }
    }
}

/// Who may reset, and how.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ResetSettings {
    /// For whom it is on.
    pub scope: Scope,
    /// What a stranger learns.
    pub disclosure: Disclosure,
    /// Methods required: 1 or 2.
    pub gates_required: u8,
    /// Methods available.
    pub methods: BTreeSet<Gate>,
    /// Security questions.
    pub questions: Questions,
    /// Hours for which a changed address or number cannot be used: 0 to 168.
    pub rest_hours: u16,
    /// Whether values that an administrator entered count before the person confirmed them.
    pub trust_administrator_values: bool,
    /// Whether values that came from the directory count before the person confirmed them.
    pub trust_directory_values: bool,
    /// Minutes from the first step to the end of a reset: 5 to 1440.
    pub session_minutes: u16,
    /// Hours after a reset in which security info cannot be changed without a fresh sign-in with a
    /// second factor: 0 to 168.
    pub hold_hours: u16,
    /// Whether a locked on-premises account may be unlocked and its password kept.
    pub unlock_without_reset: bool,
}

impl Default for ResetSettings {
    fn default() -> Self {
        Self {
            scope: Scope::None,
            disclosure: Disclosure::Private,
            gates_required: 2,
            methods: [
                Gate::Email,
                Gate::Sms,
                Gate::AuthenticatorCode,
                Gate::Passkey,
            ]
            .into(),
            questions: Questions::default(),
            rest_hours: 24,
            trust_administrator_values: true,
            trust_directory_values: true,
            session_minutes: 105,
            hold_hours: 24,
            unlock_without_reset: false,
        }
    }
}

impl ResetSettings {
    /// How long a changed address or number rests.
    pub fn rest(&self) -> Duration {
        Duration::from_secs(u64::from(self.rest_hours) * 60 * 60)
    }

    /// How long a reset may take.
    pub fn session_time(&self) -> Duration {
        Duration::from_secs(u64::from(self.session_minutes) * 60)
    }
}

/// Passwords that live in a directory of the organisation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct WritebackSettings {
    /// Whether passwords are written back. The first agent that is enrolled turns it on.
    pub enabled: bool,
    /// Whether the banned lists are applied before the directory is asked. Its own policy counts
    /// anyway.
    pub banned_lists: bool,
    /// Whether users and groups are read from the directories.
    pub synchronise: bool,
    /// Where the password of a user lives whom synchronisation makes.
    pub sign_in: DirectorySignIn,
}

/// Where the password of a synchronised user lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Default)]
pub enum DirectorySignIn {
    /// In the directory, with a copy of the hash here.
    #[serde(rename = "password hash sync")]
    PasswordHashSync,
    /// In the directory.
    #[default]
    #[serde(rename = "pass-through")]
    PassThrough,
}

impl DirectorySignIn {
    /// The same of a user.
    pub const fn managed(self) -> Managed {
        match self {
            Self::PasswordHashSync => Managed::PasswordHashSync,
            Self::PassThrough => Managed::PassThrough,
        }
    }
}

impl Default for WritebackSettings {
    fn default() -> Self {
        Self {
            enabled: false,
            banned_lists: true,
            synchronise: true,
            sign_in: DirectorySignIn::PassThrough,
        }
    }
}

/// Who is told of a reset.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Notifications {
    /// The person, at every address on file.
    pub users: bool,
    /// All administrators, when one of them resets their own password; never the one who did.
    pub administrators: bool,
}

impl Default for Notifications {
    fn default() -> Self {
        Self {
            users: true,
            administrators: true,
        }
    }
}

/// Where *contact your administrator* leads.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(rename_all = "snake_case")]
pub enum Contact {
    /// To a mail that Latchkey sends to the administrators.
    #[default]
    Off,
    /// To an https page, opened in a new tab.
    Url(String),
    /// To a mail that the person writes.
    Mail(String),
}

/// Limits on what texts and calls may cost.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Telephony {
    /// Country calling codes that may be texted or called; empty: all.
    pub calling_codes: BTreeSet<u16>,
    /// Texts and calls in a day (UTC) for the whole tenant: 0 to 1,000,000.
    pub per_day: u32,
    /// Texts and calls in an hour to one number: 1 to 60.
    pub per_number_hour: u32,
    /// Texts and calls in an hour to one country calling code: 1 to 100,000.
    pub per_prefix_hour: u32,
}

impl Default for Telephony {
    fn default() -> Self {
        Self {
            calling_codes: BTreeSet::new(),
            per_day: 5_000,
            per_number_hour: 5,
            per_prefix_hour: 1_000,
        }
    }
}

/// What is kept of a client's address in the audit log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(rename_all = "snake_case")]
pub enum ClientAddressPrivacy {
    /// The whole address.
    #[default]
    Full,
    /// The network: /24 of IPv4, /48 of IPv6.
    Network,
    /// Nothing.
    Nothing,
}

/// A setting that is out of its range.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The setting, as a dotted path: `reset.gates_required`.
    pub path: &'static str,
    /// What is allowed, in words for an administrator.
    pub allowed: String,
}

impl Settings {
    /// Every setting that is out of its range; empty when all is well.
    pub fn problems(&self) -> Vec<Problem> {
        let mut found = Vec::new();
        let mut check = |ok: bool, path: &'static str, allowed: &str| {
            if !ok {
                found.push(Problem {
                    path,
                    allowed: allowed.to_owned(),
                });
            }
        };
        let reset = &self.reset;
        let questions = &reset.questions;
        check(
            (1..=2).contains(&reset.gates_required),
            "reset.gates_required",
            "1 or 2",
        );
        check(
            reset.rest_hours <= 168,
            "reset.rest_hours",
            "0 to 168 hours",
        );
        check(
            reset.hold_hours <= 168,
            "reset.hold_hours",
            "0 to 168 hours",
        );
        check(
            (5..=1440).contains(&reset.session_minutes),
            "reset.session_minutes",
            "5 to 1440 minutes",
        );
        check(
            (3..=5).contains(&questions.to_register),
            "reset.questions.to_register",
            "3 to 5",
        );
        check(
            (3..=5).contains(&questions.to_reset),
            "reset.questions.to_reset",
            "3 to 5",
        );
        check(
            questions.to_reset <= questions.to_register,
            "reset.questions.to_reset",
            "at most as many as are required to register",
        );
        check(
            questions.own.len() <= 20,
            "reset.questions.own",
            "at most 20 questions",
        );
        check(
            questions
                .own
                .iter()
                .all(|text| (3..=200).contains(&text.chars().count())),
            "reset.questions.own",
            "questions of 3 to 200 characters",
        );
        let mut distinct: Vec<&String> = questions.own.iter().collect();
        distinct.sort();
        distinct.dedup();
        check(
            distinct.len() == questions.own.len(),
            "reset.questions.own",
            "each question once",
        );
        if let Scope::Selected(groups) = &reset.scope {
            check(
                !groups.is_empty(),
                "reset.scope",
                "at least one group, or none, or all",
            );
        }
        match &self.contact {
            Contact::Off => {}
            Contact::Url(url) => check(
                is_https(url),
                "contact.url",
                "an address that begins with https://",
            ),
            Contact::Mail(mail) => {
                check(
                    EmailAddress::parse(mail).is_ok(),
                    "contact.mail",
                    "an e-mail address",
                );
            }
        }
        let phone = &self.telephony;
        check(
            phone.per_day <= 1_000_000,
            "telephony.per_day",
            "0 to 1,000,000",
        );
        check(
            (1..=60).contains(&phone.per_number_hour),
            "telephony.per_number_hour",
            "1 to 60",
        );
        check(
            (1..=100_000).contains(&phone.per_prefix_hour),
            "telephony.per_prefix_hour",
            "1 to 100,000",
        );
        check(
            phone
                .calling_codes
                .iter()
                .all(|code| (1..=999).contains(code)),
            "telephony.calling_codes",
            "country calling codes such as 31",
        );
        if !(30..=3650).contains(&self.audit.retention_days) {
            found.push(Problem {
                path: "audit.retention_days",
                allowed: "30 to 3650 days".to_owned(),
            });
        }
        found.extend(self.sign_in.problems());
        found.extend(self.registration.problems());
        found.extend(self.password.problems().into_iter().map(|problem| Problem {
            path: "password",
            allowed: problem.to_string(),
        }));
        found
    }
}

/// An https URL with a host and nothing that could break out of an attribute or a header.
fn is_https(url: &str) -> bool {
    url.len() <= 2_000
        && url.strip_prefix("https://").is_some_and(|rest| {
            rest.split(['/', '?', '#']).next().is_some_and(|host| {
                !host.is_empty() && !host.contains('@') && !host.starts_with(':')
            })
        })
        && url
            .chars()
            .all(|c| c.is_ascii_graphic() && !"\"'<>\\^`{|}".contains(c))
}

#[cfg(test)]
mod tests;
