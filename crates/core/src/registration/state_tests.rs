use latchkey_types::{EmailAddress, PhoneNumber};
use proptest::prelude::*;

use super::*;
use crate::model::{Managed, Origin, TRIAL};
use crate::reset::OnFile;

const NOW: Timestamp = Timestamp::from_seconds(200_000_000);

fn settings() -> Settings {
    let mut settings = Settings::default();
    settings.reset.scope = Scope::All;
    settings
}

fn on_file<T>(value: T) -> Option<OnFile<T>> {
    Some(OnFile {
        value,
        origin: Origin::Person,
        changed_at: None,
    })
}

/// A mailbox and a telephone: two of two.
fn two() -> Methods {
    Methods {
        email: on_file(EmailAddress::parse("ada@home.example").unwrap()),
        mobile: on_file(PhoneNumber::parse("+31612345678").unwrap()),
        ..Methods::default()
    }
}

fn one() -> Methods {
    Methods {
        mobile: None,
        ..two()
    }
}

pub(in crate::registration) fn facts<'a>(
    settings: &'a Settings,
    methods: &'a Methods,
) -> Facts<'a> {
    Facts {
        now: NOW,
        settings,
        tenant: TenantFacts {
            created_at: NOW.minus(TRIAL),
            has_paid_licence: false,
            has_custom_domain: true,
            has_directory_sync: false,
        },
        user: UserFacts {
            is_enabled: true,
            is_administrator: false,
            managed: Managed::Cloud,
            is_in_scope: false,
            is_licensed: true,
        },
        methods,
        created_at: NOW,
        confirmed_at: None,
        register_again_at: None,
    }
}

fn days(number: u64) -> Duration {
    Duration::from_hours(24 * number)
}

#[test]
fn registered_is_as_many_kinds_as_are_required() {
    let settings = settings();
    let (none, one, two) = (Methods::default(), one(), two());
    for (methods, done) in [(&none, 0), (&one, 1), (&two, 2)] {
        let facts = facts(&settings, methods);
        assert_eq!(progress(&facts), Progress { done, needed: 2 });
        let state = state(&facts);
        assert_eq!(state.is_registered, done == 2);
        assert_eq!(state.is_capable, done == 2);
        assert_eq!(state.must_register, done < 2);
        assert!(state.is_enabled && !state.must_reconfirm);
    }
}

#[test]
fn registered_and_capable_differ_where_somebody_is_not_enabled_or_licensed() {
    let methods = two();
    let mut settings = settings();
    let on = facts(&settings, &methods);
    let disabled = UserFacts {
        is_enabled: false,
        ..on.user
    };
    let unlicensed = UserFacts {
        is_licensed: false,
        ..on.user
    };
    for (user, is_enabled) in [(disabled, false), (unlicensed, true)] {
        let state = state(&Facts { user, ..on });
        assert!(state.is_registered && !state.is_capable);
        assert_eq!(state.is_enabled, is_enabled);
        assert!(!state.must_register && !state.must_reconfirm);
    }
    for (scope, is_in_scope, is_enabled) in [
        (Scope::None, true, false),
        (Scope::Selected([].into()), true, true),
        (Scope::Selected([].into()), false, false),
        (Scope::All, false, true),
    ] {
        settings.reset.scope = scope;
        let mut facts = facts(&settings, &methods);
        facts.user.is_in_scope = is_in_scope;
        let state = state(&facts);
        assert_eq!(
            (state.is_enabled, state.is_capable),
            (is_enabled, is_enabled)
        );
        assert!(state.is_registered);
    }
}

#[test]
fn a_value_that_rests_is_registered_though_it_cannot_reset_yet() {
    let settings = settings();
    let mut methods = two();
    if let Some(email) = &mut methods.email {
        email.changed_at = Some(NOW);
    }
    assert!(state(&facts(&settings, &methods)).is_registered);
    let usable = crate::reset::usable_gates(&methods, &settings.reset, false, 2, NOW);
    assert_eq!(usable, [Gate::Sms]);
}

#[test]
fn a_value_from_a_source_that_is_not_trusted_is_not_registered() {
    let mut settings = settings();
    settings.reset.trust_directory_values = false;
    let mut methods = two();
    if let Some(email) = &mut methods.email {
        email.origin = Origin::Directory;
    }
    assert!(!state(&facts(&settings, &methods)).is_registered);
    settings.reset.trust_directory_values = true;
    assert!(state(&facts(&settings, &methods)).is_registered);
}

#[test]
fn a_pass_from_the_helpdesk_registers_nobody() {
    let mut settings = settings();
    settings.reset.methods.insert(Gate::HelpdeskCode);
    let methods = Methods {
        helpdesk_codes: 1,
        ..one()
    };
    assert!(!state(&facts(&settings, &methods)).is_registered);
}

#[test]
fn administrators_register_two_whatever_the_policy_says() {
    let mut settings = settings();
    settings.reset.gates_required = 1;
    settings.reset.methods = [Gate::Email].into();
    let (one, two) = (one(), two());
    let registered = |methods: &Methods, is_administrator: bool| {
        let mut facts = facts(&settings, methods);
        facts.user.is_administrator = is_administrator;
        state(&facts).is_registered
    };
    assert!(registered(&one, false));
    assert!(!registered(&one, true));
    assert!(registered(&two, true));
}

#[test]
fn nobody_is_asked_to_register_where_that_is_off_unless_an_administrator_asks() {
    let mut settings = settings();
    settings.registration.required_at_sign_in = false;
    let one = one();
    let off = facts(&settings, &one);
    assert!(!state(&off).must_register);
    let asked = Facts {
        register_again_at: Some(NOW),
        ..off
    };
    assert!(state(&asked).must_register);
}

#[test]
fn whoever_was_asked_again_is_asked_until_they_confirm() {
    let settings = settings();
    let methods = two();
    let asked = |confirmed_at: Option<Timestamp>| {
        let state = state(&Facts {
            confirmed_at,
            register_again_at: Some(NOW),
            ..facts(&settings, &methods)
        });
        (state.must_register, state.must_reconfirm)
    };
    assert_eq!(asked(None), (true, true));
    assert_eq!(asked(Some(Timestamp(NOW.0 - 1))), (true, true));
    assert_eq!(asked(Some(NOW)), (false, false));
    assert_eq!(asked(Some(Timestamp(NOW.0 + 1))), (false, false));
}

#[test]
fn reconfirming_is_due_on_its_day_and_never_with_0_days() {
    let methods = two();
    for (number, due_after) in [(1, Some(1)), (180, Some(180)), (730, Some(730)), (0, None)] {
        let mut settings = settings();
        settings.registration.reconfirm_days = number;
        for confirmed_at in [None, Some(NOW.plus(days(5)))] {
            let start = confirmed_at.unwrap_or(NOW);
            let due = |now: Timestamp| {
                state(&Facts {
                    now,
                    confirmed_at,
                    ..facts(&settings, &methods)
                })
                .must_reconfirm
            };
            match due_after {
                Some(after) => {
                    let end = start.plus(days(after));
                    assert!(!due(end.minus(Duration::from_secs(1))), "{number}");
                    assert!(due(end), "{number}");
                }
                None => assert!(!due(start.plus(days(100_000)))),
            }
        }
    }
}

#[test]
fn whoever_has_too_little_registers_and_does_not_confirm() {
    let settings = settings();
    let methods = one();
    let state = state(&Facts {
        now: NOW.plus(days(1_000)),
        ..facts(&settings, &methods)
    });
    assert!(state.must_register && !state.must_reconfirm);
}

proptest! {
    #[test]
    fn nobody_is_asked_who_is_not_enabled_and_licensed(
        flags in any::<[bool; 6]>(),
        which in 0_u8..3,
        confirmed in prop::option::of(-400_i64..400),
        again in prop::option::of(-400_i64..400),
        reconfirm_days in 0_u16..=730,
    ) {
        let [is_enabled, is_administrator, is_in_scope, is_licensed, required, few] = flags;
        let mut settings = settings();
        settings.reset.scope = match which {
            0 => Scope::None,
            1 => Scope::Selected([].into()),
            _ => Scope::All,
        };
        settings.registration.required_at_sign_in = required;
        settings.registration.reconfirm_days = reconfirm_days;
        let methods = if few { one() } else { two() };
        let day = |number: i64| Timestamp(NOW.0 + number * 86_400_000_000);
        let mut facts = facts(&settings, &methods);
        facts.user = UserFacts {
            is_enabled, is_administrator, is_in_scope, is_licensed, managed: Managed::Cloud,
        };
        facts.confirmed_at = confirmed.map(day);
        facts.register_again_at = again.map(day);
        let state = state(&facts);
        prop_assert_eq!(
            state.is_capable,
            state.is_registered && state.is_enabled && is_licensed
        );
        let is_asked = state.must_register || state.must_reconfirm;
        prop_assert!(!is_asked || (state.is_enabled && is_licensed && is_enabled));
        prop_assert!(!state.must_reconfirm || state.is_registered);
        prop_assert!(!(required && !state.is_registered && state.is_enabled && is_licensed)
            || state.must_register);
    }
}
