//! What the messages say: one function per message, from its facts to its [`Content`].
//!
//! Every mail has the tenant's name first, then what happened, when, from where, and what to do if
//! it was not you (interface, *Words*). No subject holds a code or a token, no link does anything by
//! itself, and every message with a code says that nobody from IT will ask for it
//! (specification 20, *Approvals that cannot be talked out of people* and *Links*).

mod code;
mod letter;
mod notices;
mod security_info;

use std::time::Duration;

use latchkey_types::{Masked, Timestamp};

pub use code::{
    CodeCall, CodeMail, CodeText, LONGEST_HOST, code_call, code_mail, code_text, register_call,
    register_mail, register_text,
};
pub use notices::{
    AccountLocked, AdministratorReset, Blocked, BlockedScope, FrozenForAdministrators,
    FrozenForUser, Help, Missing, MissingReason, PasswordExpires, PasswordReset, RecoveryCodeUsed,
    SpendAlarm, account_locked, account_unlocked, administrator_reset, blocked,
    frozen_for_administrators, frozen_for_user, help, missing, password_changed, password_expires,
    password_reset, recovery_code_used, spend_alarm,
};
pub use security_info::{
    Change, ChangedMethod, SecurityInfoChanged, number_changed, security_info_changed,
};

/// When and from where something was done.
#[derive(Debug, Clone, Copy)]
pub struct Occasion<'a> {
    /// When.
    pub when: Timestamp,
    /// The client's network address; empty if unknown.
    pub address: &'a str,
    /// The class of browser and system, such as `Firefox, Windows`; empty if unknown.
    pub browser: &'a str,
}

impl Occasion<'_> {
    fn origin(&self) -> String {
        [self.address, self.browser]
            .map(str::trim)
            .into_iter()
            .filter(|s| !s.is_empty())
            .fold(String::new(), |all, part| {
                if all.is_empty() {
                    part.to_owned()
                } else {
                    format!("{all}, {part}")
                }
            })
    }
}

/// The way to say "this was not me".
#[derive(Clone, Copy)]
pub struct NotMe<'a> {
    /// The tenant's base address, without a slash at the end: `https://reset.contoso.com`.
    pub base: &'a str,
    /// The single-use token, in the fragment of the link and to be typed.
    pub token: &'a str,
    /// How long it works.
    pub valid: Duration,
}

/// Masked destinations in a row, each unbroken.
fn listed(told: &[Masked]) -> String {
    let unbroken = |mask: &Masked| mask.as_str().replace(' ', "\u{a0}");
    told.iter().map(unbroken).collect::<Vec<_>>().join(", ")
}
