use std::collections::BTreeSet;

use super::Factor;
use super::proofs::{Claimant, Proof};
use crate::model::Managed;
use latchkey_types::UserId;

/// Everything that decides whether somebody is let in.
#[derive(Debug, Clone, Copy)]
pub struct Facts {
    /// Who, on which way in, at the version of now.
    pub claimant: Claimant,
    /// Neither disabled nor frozen nor deleted, and the tenant is enabled.
    pub is_enabled: bool,
    /// Holds an administrator role.
    pub is_administrator: bool,
    /// Where the password lives.
    pub managed: Managed,
    /// An authenticator app is registered.
    pub has_authenticator: bool,
    /// A passkey is registered.
    pub has_passkey: bool,
    /// Two factors are asked for whoever it is: for security info that is held after a reset.
    pub wants_two: bool,
}

/// The right to one session. It comes from [`decide`] alone.
#[derive(Debug, PartialEq, Eq)]
pub struct Admission {
    user: UserId,
    factors: Vec<Factor>,
}

impl Admission {
    /// Who.
    pub const fn user(&self) -> UserId {
        self.user
    }

    /// What was proven.
    pub fn factors(&self) -> &[Factor] {
        &self.factors
    }

    /// Whether it was proven with two factors, or with a passkey, which is two.
    pub fn is_twice(&self) -> bool {
        is_twice(&self.factors)
    }
}

/// What is next on the way in.
#[derive(Debug, PartialEq, Eq)]
pub enum Next {
    /// A second factor, one of these, the best first.
    Second {
        /// Registered, and not proven yet.
        options: Vec<Factor>,
    },
    /// In.
    In(Admission),
    /// In, but only to register a second factor: an administrator who has none.
    ToRegister(Admission),
    /// Not in.
    Refused(Why),
}

/// Why somebody is not let in. The first two are answered with the same words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// Nothing that counts was proven.
    NotProven,
    /// The account is disabled, frozen or gone.
    NotEnabled,
    /// Two factors are asked for, and no second one is registered.
    NoSecondFactor,
}

/// Whether somebody is let in.
///
/// A password suffices, or the tenant's identity provider for those whose password is there. A
/// passkey suffices for anyone. Administrators need a second factor beside either, always, and one
/// that is registered here: what their provider asks of them is not known. An authenticator's code
/// by itself proves nothing.
pub fn decide(facts: &Facts, proofs: &[Proof]) -> Next {
    let proven: BTreeSet<Factor> = proofs
        .iter()
        .filter(|proof| proof.is_of(facts.claimant))
        .map(Proof::factor)
        .filter(|factor| match factor {
            Factor::Password => facts.managed != Managed::Federated,
            Factor::Federated => facts.managed == Managed::Federated,
            Factor::Authenticator | Factor::Passkey => true,
        })
        .collect();
    if proven.iter().all(|factor| *factor == Factor::Authenticator) {
        return Next::Refused(Why::NotProven);
    }
    if !facts.is_enabled {
        return Next::Refused(Why::NotEnabled);
    }
    let factors: Vec<Factor> = proven.into_iter().collect();
    let enough = is_twice(&factors) || !(facts.wants_two || facts.is_administrator);
    let admission = Admission {
        user: facts.claimant.user,
        factors,
    };
    if enough {
        return Next::In(admission);
    }
    let options = second_factors(facts.has_authenticator, facts.has_passkey);
    match (options.is_empty(), facts.wants_two) {
        (false, _) => Next::Second { options },
        (true, false) => Next::ToRegister(admission),
        (true, true) => Next::Refused(Why::NoSecondFactor),
    }
}

/// The second factors that somebody has registered, the best first.
pub fn second_factors(has_authenticator: bool, has_passkey: bool) -> Vec<Factor> {
    [
        has_passkey.then_some(Factor::Passkey),
        has_authenticator.then_some(Factor::Authenticator),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// What somebody who is signed in has to do about a second factor before anything else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Duty {
    /// Register one.
    Register,
    /// Prove the one that is registered: they became an administrator in this session.
    Prove,
}

/// What a session with these factors owes. Asked at each request, since roles and methods change.
pub fn second_factor_duty(
    is_administrator: bool,
    factors: &[Factor],
    has_authenticator: bool,
    has_passkey: bool,
) -> Option<Duty> {
    if !is_administrator || is_twice(factors) {
        None
    } else if has_authenticator || has_passkey {
        Some(Duty::Prove)
    } else {
        Some(Duty::Register)
    }
}

fn is_twice(factors: &[Factor]) -> bool {
    let has = |factor| factors.contains(&factor);
    has(Factor::Passkey)
        || (has(Factor::Authenticator) && (has(Factor::Password) || has(Factor::Federated)))
}

#[cfg(test)]
#[path = "decide_tests.rs"]
mod tests;
