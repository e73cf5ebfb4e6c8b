use std::collections::BTreeSet;
use std::time::Duration;

use latchkey_types::Timestamp;

use crate::reset::{Factor, Gate, Methods, TenantFacts, UserFacts, gates_on_file, gates_required};
use crate::settings::{Scope, Settings};

/// Everything that decides how far somebody's registration is.
#[derive(Debug, Clone, Copy)]
pub struct Facts<'a> {
    /// Now.
    pub now: Timestamp,
    /// The tenant's settings.
    pub settings: &'a Settings,
    /// About the tenant.
    pub tenant: TenantFacts,
    /// About the user.
    pub user: UserFacts,
    /// What the user has on file.
    pub methods: &'a Methods,
    /// When the user was created.
    pub created_at: Timestamp,
    /// When the person last registered or confirmed.
    pub confirmed_at: Option<Timestamp>,
    /// When an administrator asked for it once more.
    pub register_again_at: Option<Timestamp>,
}

/// How far somebody's registration is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "five answers of one interface, each on its own"
)]
pub struct State {
    /// Self-service is on for them, and so is their account.
    pub is_enabled: bool,
    /// They have as many methods as gates are required.
    pub is_registered: bool,
    /// Registered, enabled and licensed.
    pub is_capable: bool,
    /// They are led to registering after they signed in.
    pub must_register: bool,
    /// They are shown what is on file, to confirm or change it.
    pub must_reconfirm: bool,
}

/// How many methods of different kinds there are, and how many are needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// On file; may be more than are needed.
    pub done: u8,
    /// Needed.
    pub needed: u8,
}

/// How far somebody is: *1 of 2 done*. A value that rests after a change counts: it is on file.
pub fn progress(facts: &Facts<'_>) -> Progress {
    let reset = &facts.settings.reset;
    let administrator = facts.user.is_administrator;
    let needed = gates_required(reset, facts.tenant, administrator, facts.now);
    let factors: BTreeSet<Factor> = gates_on_file(facts.methods, reset, administrator, needed)
        .into_iter()
        // A pass from the helpdesk is not something that a person has.
        .filter(|gate| *gate != Gate::HelpdeskCode)
        .map(Gate::factor)
        .collect();
    Progress {
        done: u8::try_from(factors.len()).unwrap_or(u8::MAX),
        needed,
    }
}

/// The state of somebody's registration now.
pub fn state(facts: &Facts<'_>) -> State {
    let registration = &facts.settings.registration;
    let is_in_scope = match facts.settings.reset.scope {
        Scope::None => false,
        Scope::Selected(_) => facts.user.is_in_scope,
        Scope::All => true,
    };
    let is_enabled = is_in_scope && facts.user.is_enabled;
    let Progress { done, needed } = progress(facts);
    let is_registered = done >= needed;
    let is_asked = is_enabled && facts.user.is_licensed;
    let is_capable = is_registered && is_asked;
    let is_forced = facts
        .register_again_at
        .is_some_and(|again| facts.confirmed_at.is_none_or(|confirmed| again > confirmed));
    let days = registration.reconfirm_days;
    let confirmed = facts.confirmed_at.unwrap_or(facts.created_at);
    let is_over =
        days > 0 && facts.now >= confirmed.plus(Duration::from_hours(24 * u64::from(days)));
    State {
        is_enabled,
        is_registered,
        is_capable,
        // What an administrator asks of somebody holds even where it is not asked of everybody.
        must_register: is_asked
            && if is_registered {
                registration.required_at_sign_in && is_forced
            } else {
                registration.required_at_sign_in || is_forced
            },
        must_reconfirm: is_capable && (is_over || is_forced),
    }
}

#[cfg(test)]
#[path = "state_tests.rs"]
pub(super) mod tests;
