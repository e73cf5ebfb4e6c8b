//! What an account looks like that is not there.
//!
//! A decoy is derived from a secret and the name that was typed, so that it is the same each time.
//! It goes through the same rules as a real account; only no gate ever opens for it.

use latchkey_types::{EmailAddress, PhoneNumber, Timestamp};

use super::questions::PREDEFINED;
use super::{Factor, Gate, Methods, OnFile, UserFacts};
use crate::model::{Managed, Origin};
use crate::settings::ResetSettings;

/// Where people keep their private mail, most of them twice.
const MAIL_DOMAINS: [&str; 8] = [
    "gmail.com",
    "gmail.com",
    "gmail.com",
    "outlook.com",
    "outlook.com",
    "icloud.com",
    "yahoo.com",
    "hotmail.com",
];

/// Of 256 decoys, how many are administrators: one in 16.
///
/// None would be wrong: administrators pass two gates where others pass one, so that whoever is
/// asked for two would be a real one. Many would be wrong too: the rarer the real ones are among
/// accounts, the more a name that is asked for two would seem to be nobody's, and a name that is
/// asked for one somebody's. With one in 16 the latter changes the odds by a fifteenth at most.
const ADMINISTRATORS: u8 = 16;

/// A decoy's account. `seed` is the keyed hash of the name.
pub const fn user(seed: &[u8; 32]) -> UserFacts {
    let [.., rank, _] = seed;
    UserFacts {
        is_enabled: true,
        // From a byte that nothing else is drawn from.
        is_administrator: *rank < ADMINISTRATORS,
        managed: Managed::Cloud,
        is_in_scope: true,
        is_licensed: true,
    }
}

/// What a decoy has on file under these settings: enough for the gates that are required of it,
/// often one more.
pub fn methods(seed: &[u8; 32], settings: &ResetSettings, required: u8) -> Methods {
    let is_administrator = user(seed).is_administrator;
    let mut bytes = seed.iter().copied();
    let mut next = || bytes.next().unwrap_or_default();
    let enabled: Vec<Gate> = Gate::ALL
        .into_iter()
        .filter(|gate| {
            let may = if is_administrator {
                gate.is_for_administrators()
            } else {
                settings.methods.contains(gate)
            };
            may && matches!(
                gate,
                Gate::Email
                    | Gate::Sms
                    | Gate::MobileCall
                    | Gate::OfficeCall
                    | Gate::AuthenticatorCode
                    | Gate::Questions
                    | Gate::Passkey
                    | Gate::RecoveryCode
            )
        })
        .collect();
    let mut factors: Vec<Factor> = enabled.iter().map(|gate| gate.factor()).collect();
    factors.dedup();
    // Mailbox and mobile phone are what most people have: the rest is a matter of chance.
    let rare = [
        Factor::OfficePhone,
        Factor::Authenticator,
        Factor::Knowledge,
    ];
    // Drawn after everything else: what a decoy showed before there were these stays as it was.
    let late = [Factor::Passkey, Factor::RecoveryCodes];
    let required = usize::from(required);
    let mut have: Vec<Factor> = factors
        .iter()
        .copied()
        .filter(|factor| !rare.contains(factor) && !late.contains(factor))
        .collect();
    if have.len() > required && next() < 64 {
        have.truncate(required);
    }
    for factor in factors
        .iter()
        .copied()
        .filter(|factor| rare.contains(factor))
    {
        let chance = next() < 80;
        if chance || have.len() < required {
            have.push(factor);
        }
    }
    let letter = char::from(b'a'.wrapping_add(next() % 26));
    let domain = MAIL_DOMAINS
        .get(usize::from(next()) % MAIL_DOMAINS.len())
        .unwrap_or(&"gmail.com");
    let digits = u16::from(next()) % 100;
    let other = (digits + 1 + u16::from(next()) % 98) % 100;
    let alone = settings.questions.may_be_only_gate || required == 2;
    for factor in late.into_iter().filter(|late| factors.contains(late)) {
        let counted = have
            .iter()
            .filter(|had| alone || **had != Factor::Knowledge)
            .count();
        if next() < 80 || counted < required {
            have.push(factor);
        }
    }
    Methods {
        email: on_file(
            &have,
            Factor::Mailbox,
            EmailAddress::parse(&format!("{letter}@{domain}")),
        ),
        mobile: on_file(
            &have,
            Factor::MobilePhone,
            PhoneNumber::parse(&format!("+31 6 000000{digits:02}")),
        ),
        office: on_file(
            &have,
            Factor::OfficePhone,
            PhoneNumber::parse(&format!("+31 20 00000{other:02}")),
        ),
        questions: if have.contains(&Factor::Knowledge) {
            5
        } else {
            0
        },
        authenticators: usize::from(have.contains(&Factor::Authenticator)),
        passkeys: usize::from(have.contains(&Factor::Passkey)),
        recovery_codes: if have.contains(&Factor::RecoveryCodes) {
            10
        } else {
            0
        },
        ..Methods::default()
    }
}

/// The questions that a decoy has registered: as many as asked for, of the predefined ones.
pub fn questions(seed: &[u8; 32], count: usize) -> Vec<&'static str> {
    let start = usize::from(seed.last().copied().unwrap_or_default());
    PREDEFINED
        .iter()
        .cycle()
        .skip(start % PREDEFINED.len())
        .take(count)
        .copied()
        .collect()
}

fn on_file<T, E>(have: &[Factor], factor: Factor, value: Result<T, E>) -> Option<OnFile<T>> {
    let value = value.ok()?;
    let changed_at: Option<Timestamp> = None;
    have.contains(&factor).then_some(OnFile {
        value,
        origin: Origin::Person,
        changed_at,
    })
}

#[cfg(test)]
#[path = "decoy_tests.rs"]
mod tests;
