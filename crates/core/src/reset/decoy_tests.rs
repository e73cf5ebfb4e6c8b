use std::collections::BTreeSet;

use super::*;
use crate::reset::{Facts, TenantFacts, Writeback, decide_eligibility};
use crate::settings::Scope;

fn seed(n: u32) -> [u8; 32] {
    // A linear congruential generator: spread is all that matters here.
    let mut state = n.wrapping_mul(2_654_435_761).wrapping_add(12_345);
    std::array::from_fn(|_| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        state.to_be_bytes()[0]
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
                let methods = super::methods(&seed(n), &settings);
                let facts = Facts {
                    now: Timestamp(0),
                    settings: &settings,
                    tenant: TenantFacts {
                        created_at: Timestamp(0),
                        has_paid_licence: true,
                        has_custom_domain: true,
                        has_directory_sync: false,
                    },
                    user: USER,
                    writeback: Writeback::Off,
                    methods: &methods,
                };
                let possible = factors.len() >= usize::from(required);
                assert_eq!(
                    decide_eligibility(&facts).is_ok(),
                    possible,
                    "{bits:08b} {required} {n}"
                );
            }
        }
    }
}

#[test]
fn decoys_are_stable_and_differ() {
    let settings = ResetSettings::default();
    assert_eq!(methods(&seed(1), &settings), methods(&seed(1), &settings));
    let masks: BTreeSet<String> = (0..100)
        .filter_map(|n| methods(&seed(n), &settings).email)
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
            .map(|n| methods(&seed(n), &settings))
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
            ..methods(&seed(n), &with)
        };
        assert_eq!(known, methods(&seed(n), &without));
    }
}
