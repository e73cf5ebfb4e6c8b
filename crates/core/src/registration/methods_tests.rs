use std::collections::BTreeSet;

use super::*;
use crate::settings::{Scope, Settings};

use super::super::state::tests::facts;

fn settings(gates: &[Gate]) -> Settings {
    let mut settings = Settings::default();
    settings.reset.scope = Scope::All;
    settings.reset.methods = gates.iter().copied().collect();
    settings
}

#[test]
fn a_person_registers_what_the_policy_enables() {
    let listed = |gates: &[Gate], required| registrable(&settings(gates).reset, false, required);
    assert_eq!(
        registrable(&Settings::default().reset, false, 2),
        [Kind::Passkey, Kind::Authenticator, Kind::Email, Kind::Phone]
    );
    assert_eq!(listed(&[], 2), []);
    assert_eq!(listed(&[Gate::MobileCall], 2), [Kind::Phone]);
    assert_eq!(listed(&[Gate::Sms, Gate::MobileCall], 2), [Kind::Phone]);
    assert_eq!(listed(&[Gate::OfficeCall], 2), [Kind::OfficePhone]);
    assert_eq!(listed(&[Gate::RecoveryCode], 2), [Kind::RecoveryCodes]);
    assert_eq!(
        listed(&[Gate::AuthenticatorPush, Gate::HelpdeskCode], 2),
        []
    );
    // Questions that could not be used are not asked for.
    assert_eq!(listed(&[Gate::Questions], 2), [Kind::Questions]);
    assert_eq!(listed(&[Gate::Questions], 1), []);
    assert_eq!(listed(&Gate::ALL, 2), Kind::ALL);
}

#[test]
fn an_administrator_registers_theirs_whatever_the_policy_says() {
    for gates in [&[][..], &Gate::ALL] {
        for required in [1, 2] {
            assert_eq!(
                registrable(&settings(gates).reset, true, required),
                [
                    Kind::Passkey,
                    Kind::Authenticator,
                    Kind::Email,
                    Kind::Phone,
                    Kind::OfficePhone
                ]
            );
        }
    }
}

#[test]
fn no_gate_belongs_to_two_kinds() {
    let all: Vec<Gate> = Kind::ALL
        .into_iter()
        .flat_map(|kind| kind.gates().iter().copied())
        .collect();
    let distinct: BTreeSet<Gate> = all.iter().copied().collect();
    assert_eq!(distinct.len(), all.len());
    let theirs: Vec<Kind> = Kind::ALL.into_iter().filter(|k| !k.is_theirs()).collect();
    assert_eq!(theirs, [Kind::OfficePhone]);
    let many: Vec<Kind> = Kind::ALL.into_iter().filter(|k| k.is_many()).collect();
    assert_eq!(many, [Kind::Passkey, Kind::Authenticator]);
}

#[test]
fn removing_one_of_two_ends_being_registered_and_one_of_three_does_not() {
    let settings = settings(&Gate::ALL);
    let three = Methods {
        authenticators: 1,
        passkeys: 1,
        recovery_codes: 10,
        ..Methods::default()
    };
    let two = Methods {
        recovery_codes: 0,
        ..three.clone()
    };
    let one = Methods {
        passkeys: 0,
        ..two.clone()
    };
    assert_eq!(loss(&facts(&settings, &three), &two), Loss::default());
    let lost = loss(&facts(&settings, &two), &one);
    assert!(lost.registered && lost.capable && lost.is_allowed());
    let none = Methods::default();
    assert_eq!(loss(&facts(&settings, &one), &none), Loss::default());
    let mut unlicensed = facts(&settings, &two);
    unlicensed.user.is_licensed = false;
    let lost = loss(&unlicensed, &one);
    assert!(lost.registered && !lost.capable);
}

#[test]
fn an_administrator_keeps_a_second_factor_to_sign_in_with() {
    let settings = settings(&Gate::ALL);
    let both = Methods {
        authenticators: 1,
        passkeys: 1,
        ..Methods::default()
    };
    let last = Methods {
        passkeys: 0,
        ..both.clone()
    };
    let none = Methods::default();
    let allowed = |is_administrator: bool, before: &Methods, after: &Methods| {
        let mut facts = facts(&settings, before);
        facts.user.is_administrator = is_administrator;
        loss(&facts, after).is_allowed()
    };
    assert!(allowed(true, &both, &last));
    assert!(!allowed(true, &last, &none));
    assert!(!allowed(true, &both, &none));
    assert!(allowed(false, &last, &none));
    assert!(allowed(true, &none, &none));
}
