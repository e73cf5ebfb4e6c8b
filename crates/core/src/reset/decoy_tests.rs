use std::collections::BTreeSet;

use super::*;
use crate::reset::{
    Eligible, Facts, Ineligible, TenantFacts, Writeback, decide_eligibility, gates_required,
};
use crate::settings::Scope;

fn any_seed(n: u32) -> [u8; 32] {
    // A linear congruential generator: spread is all that matters here.
    let mut state = n.wrapping_mul(2_654_435_761).wrapping_add(12_345);
    std::array::from_fn(|_| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        state.to_be_bytes()[0]
    })
}

/// A seed of somebody who is no administrator.
fn seed(n: u32) -> [u8; 32] {
    let mut seed = any_seed(n);
    seed[30] = ADMINISTRATORS;
    seed
}

/// A seed of an administrator.
fn administrator(n: u32) -> [u8; 32] {
    let mut seed = any_seed(n);
    seed[30] = ADMINISTRATORS - 1;
    seed
}

fn decide(
    seed: &[u8; 32],
    settings: &ResetSettings,
    has_custom_domain: bool,
) -> Result<Eligible, Ineligible> {
    let tenant = TenantFacts {
        created_at: Timestamp(0),
        has_paid_licence: true,
        has_custom_domain,
        has_directory_sync: false,
    };
    let now = Timestamp(0);
    let user = user(seed);
    let required = gates_required(settings, tenant, user.is_administrator, now);
    let methods = super::methods(seed, settings, required);
    decide_eligibility(&Facts {
        now,
        settings,
        tenant,
        user,
        writeback: Writeback::Off,
        methods: &methods,
    })
}

#[test]
fn a_decoy_can_always_go_on_as_far_as_choosing() {
    let every: Vec<Gate> = vec![
        Gate::Email,
        Gate::Sms,
        Gate::MobileCall,
        Gate::OfficeCall,
        Gate::AuthenticatorCode,
        Gate::Questions,
        Gate::Passkey,
        Gate::RecoveryCode,
    ];
    for required in [1, 2] {
        for bits in 0_usize..256 {
            let methods: BTreeSet<Gate> = every
                .iter()
                .enumerate()
                .filter(|(i, _)| bits & (1 << i) != 0)
                .map(|(_, g)| *g)
                .collect();
            let settings = ResetSettings {
                scope: Scope::All,
                gates_required: required,
                methods,
                ..ResetSettings::default()
            };
            let factors: BTreeSet<Factor> = settings
                .methods
                .iter()
                .filter(|gate| required == 2 || **gate != Gate::Questions)
                .map(|gate| gate.factor())
                .collect();
            for n in 0..50 {
                let possible = factors.len() >= usize::from(required);
                assert_eq!(
                    decide(&seed(n), &settings, true).is_ok(),
                    possible,
                    "{bits:08b} {required} {n}"
                );
                for attached in [true, false] {
                    let eligible = decide(&administrator(n), &settings, attached).unwrap();
                    assert_eq!(eligible.required, if attached { 2 } else { 1 });
                }
            }
        }
    }
}

#[test]
fn one_decoy_in_16_is_an_administrator() {
    let mut seed = [0; 32];
    let count = (0..=255)
        .filter(|byte| {
            seed[30] = *byte;
            user(&seed).is_administrator
        })
        .count();
    assert_eq!(count, 256 / 16);
}

#[test]
fn an_administrators_decoy_has_what_administrators_use_whatever_the_policy_says() {
    let settings = ResetSettings {
        scope: Scope::All,
        gates_required: 1,
        methods: [Gate::Questions, Gate::RecoveryCode].into(),
        ..ResetSettings::default()
    };
    let mut seen = BTreeSet::new();
    for n in 0..200 {
        let methods = methods(&administrator(n), &settings, 2);
        assert_eq!((methods.questions, methods.recovery_codes), (0, 0));
        let eligible = decide(&administrator(n), &settings, true).unwrap();
        seen.extend(eligible.gates);
    }
    let all = [
        Gate::Email,
        Gate::Sms,
        Gate::MobileCall,
        Gate::OfficeCall,
        Gate::AuthenticatorCode,
        Gate::Passkey,
    ];
    assert_eq!(seen, all.into());
}

#[test]
fn decoys_are_stable_and_differ() {
    let settings = ResetSettings::default();
    let methods = |seed: &[u8; 32]| methods(seed, &settings, 2);
    assert_eq!(methods(&seed(1)), methods(&seed(1)));
    let masks: BTreeSet<String> = (0..100)
        .filter_map(|n| methods(&seed(n)).email)
        .map(|email| email.value.masked().to_string())
        .collect();
    assert!(masks.len() > 20, "{masks:?}");
}

#[test]
fn some_decoys_have_a_passkey_or_recovery_codes_where_the_policy_enables_them() {
    let with = |gate: Gate, enabled: bool| {
        let mut settings = ResetSettings::default();
        settings.methods.remove(&gate);
        if enabled {
            settings.methods.insert(gate);
        }
        (0..1_000)
            .map(|n| methods(&seed(n), &settings, settings.gates_required))
            .filter(|methods| match gate {
                Gate::Passkey => methods.passkeys > 0,
                _ => methods.recovery_codes > 0,
            })
            .count()
    };
    for gate in [Gate::Passkey, Gate::RecoveryCode] {
        assert_eq!(with(gate, false), 0);
        let some = with(gate, true);
        assert!((100..500).contains(&some), "{gate:?}: {some} of 1000");
    }
}

#[test]
fn a_policy_with_passkeys_changes_nothing_else_about_a_decoy() {
    let with = ResetSettings::default();
    let mut without = with.clone();
    without.methods.remove(&Gate::Passkey);
    for n in 0..200 {
        let known = Methods {
            passkeys: 0,
            ..methods(&seed(n), &with, 2)
        };
        assert_eq!(known, methods(&seed(n), &without, 2));
    }
}
