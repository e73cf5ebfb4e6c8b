use std::time::Duration;

use latchkey_types::{EmailAddress, PhoneNumber};

use super::*;
use crate::model::Origin;
use crate::reset::OnFile;

const NOW: Timestamp = Timestamp::from_seconds(100_000_000);

fn settings() -> ResetSettings {
    ResetSettings {
        scope: Scope::All,
        ..ResetSettings::default()
    }
}

fn tenant() -> TenantFacts {
    TenantFacts {
        created_at: NOW.minus(TRIAL),
        has_paid_licence: false,
        has_custom_domain: true,
        has_directory_sync: false,
    }
}

fn user() -> UserFacts {
    UserFacts {
        is_enabled: true,
        is_administrator: false,
        managed: Managed::Cloud,
        is_in_scope: false,
        is_licensed: true,
    }
}

fn on_file<T>(value: T) -> Option<OnFile<T>> {
    Some(OnFile {
        value,
        origin: Origin::Person,
        changed_at: None,
    })
}

fn everything() -> Methods {
    Methods {
        email: on_file(EmailAddress::parse("ada@home.example").unwrap()),
        mobile: on_file(PhoneNumber::parse("+31612345678").unwrap()),
        office: on_file(PhoneNumber::parse("+31201234567").unwrap()),
        questions: 5,
        authenticators: 1,
        approvers: 1,
        passkeys: 1,
        recovery_codes: 10,
        helpdesk_codes: 1,
    }
}

fn decide(
    settings: &ResetSettings,
    tenant: TenantFacts,
    user: UserFacts,
    methods: &Methods,
) -> Result<Eligible, Ineligible> {
    let writeback = Writeback::Off;
    decide_eligibility(&Facts {
        now: NOW,
        settings,
        tenant,
        user,
        writeback,
        methods,
    })
}

#[test]
fn codes_and_names_are_those_of_the_specification() {
    let codes: Vec<(&str, &str)> = Reason::ALL
        .map(|reason| (reason.code(), reason.name()))
        .into();
    assert_eq!(
        codes,
        [
            ("SSPR_0009", "TenantSsprDisabled"),
            ("SSPR_0011", "PolicyNotDefined"),
            ("SSPR_0013", "NotMemberOfScopedGroup"),
            ("SSPR_0012", "NotLicensed"),
            ("SSPR_0010", "WritebackNotEnabled"),
            ("SSPR_0014", "NotProperlyConfigured"),
            ("SSPR_0030", "OnPremisesConnectivity"),
            ("SSPR_0029", "OnPremisesAdminActionRequired"),
            ("SSPR_0031", "AccountDisabled"),
        ]
    );
}

/// Every combination of the nine rules' causes, against the rules said again in their order.
#[test]
fn the_first_rule_that_fails_decides_in_every_combination() {
    for bits in 0_u32..1 << 9 {
        let on = |bit: u32| bits & (1 << bit) != 0;
        let mut settings = settings();
        settings.scope = match (on(0), on(1)) {
            (true, _) => Scope::None,
            (false, true) => Scope::Selected(BTreeSet::new()),
            (false, false) => Scope::All,
        };
        if on(2) {
            settings.methods.clear();
        }
        let mut user = user();
        user.is_in_scope = !on(1);
        user.is_licensed = !on(3);
        user.is_enabled = !on(4);
        user.managed = if on(5) {
            Managed::PassThrough
        } else {
            Managed::Cloud
        };
        let writeback = match (on(6), on(7)) {
            (false, false) => Writeback::Ready,
            (true, false) => Writeback::Off,
            (false, true) => Writeback::Unreachable,
            (true, true) => Writeback::ActionRequired,
        };
        let methods = if on(8) {
            Methods::default()
        } else {
            everything()
        };
        let facts = Facts {
            now: NOW,
            settings: &settings,
            tenant: tenant(),
            user,
            writeback,
            methods: &methods,
        };

        let expected = if on(0) {
            Some("SSPR_0009")
        } else if on(2) {
            Some("SSPR_0011")
        } else if on(1) {
            Some("SSPR_0013")
        } else if on(3) {
            Some("SSPR_0012")
        } else if on(5) && writeback == Writeback::Off {
            Some("SSPR_0010")
        } else if on(8) {
            Some("SSPR_0014")
        } else if on(5) && writeback == Writeback::Unreachable {
            Some("SSPR_0030")
        } else if on(5) && writeback == Writeback::ActionRequired {
            Some("SSPR_0029")
        } else if on(4) {
            Some("SSPR_0031")
        } else {
            None
        };
        let actual = decide_eligibility(&facts);
        assert_eq!(
            actual.as_ref().err().map(|no| no.deciding.code()),
            expected,
            "{bits:09b}"
        );
        if let Err(no) = actual {
            assert_eq!(no.reasons.first(), Some(&no.deciding));
            assert!(no.reasons.is_sorted());
        }
    }
}

#[test]
fn one_usable_method_is_enough_for_one_gate_and_not_for_two() {
    let mut settings = settings();
    let methods = Methods {
        email: everything().email,
        ..Methods::default()
    };
    settings.gates_required = 1;
    assert_eq!(
        decide(&settings, tenant(), user(), &methods).unwrap().gates,
        [Gate::Email]
    );
    settings.gates_required = 2;
    assert_eq!(
        decide(&settings, tenant(), user(), &methods)
            .unwrap_err()
            .deciding,
        Reason::NotProperlyConfigured
    );
}

#[test]
fn a_text_and_a_call_to_one_telephone_are_one_method() {
    let mut settings = settings();
    settings.methods = [Gate::Sms, Gate::MobileCall, Gate::OfficeCall].into();
    let mobile = Methods {
        mobile: everything().mobile,
        ..Methods::default()
    };
    assert!(decide(&settings, tenant(), user(), &mobile).is_err());
    let same_twice = Methods {
        office: mobile.mobile.clone(),
        mobile: mobile.mobile.clone(),
        ..Methods::default()
    };
    assert!(decide(&settings, tenant(), user(), &same_twice).is_err());
    let two = Methods {
        office: everything().office,
        ..mobile
    };
    assert!(decide(&settings, tenant(), user(), &two).is_ok());
}

#[test]
fn a_changed_destination_rests_for_the_hours_of_the_setting() {
    for (rest_hours, ago_s, usable) in [
        (24, 24 * 3600, true),
        (24, 24 * 3600 - 1, false),
        (0, 0, true),
        (168, 168 * 3600, true),
        (168, 168 * 3600 - 1, false),
    ] {
        let settings = ResetSettings {
            rest_hours,
            gates_required: 1,
            ..settings()
        };
        let mut methods = Methods {
            email: everything().email,
            ..Methods::default()
        };
        methods.email.as_mut().unwrap().changed_at = Some(NOW.minus(Duration::from_secs(ago_s)));
        let decision = decide(&settings, tenant(), user(), &methods);
        assert_eq!(decision.is_ok(), usable, "{rest_hours} h, {ago_s} s ago");
    }
}

#[test]
fn values_that_others_filled_in_count_only_if_the_tenant_trusts_their_source() {
    for (origin, administrators, directory, usable) in [
        (Origin::Person, false, false, true),
        (Origin::Administrator, true, false, true),
        (Origin::Administrator, false, true, false),
        (Origin::Directory, false, true, true),
        (Origin::Directory, true, false, false),
    ] {
        let settings = ResetSettings {
            gates_required: 1,
            trust_administrator_values: administrators,
            trust_directory_values: directory,
            ..settings()
        };
        let mut methods = Methods {
            email: everything().email,
            ..Methods::default()
        };
        methods.email.as_mut().unwrap().origin = origin;
        assert_eq!(
            decide(&settings, tenant(), user(), &methods).is_ok(),
            usable,
            "{origin:?}"
        );
    }
}

#[test]
fn administrators_pass_two_gates_and_no_policy_weakens_that() {
    let mut settings = settings();
    settings.gates_required = 1;
    settings.methods = [Gate::Questions].into();
    settings.questions.may_be_only_gate = true;
    let administrator = UserFacts {
        is_administrator: true,
        ..user()
    };
    let eligible = decide(&settings, tenant(), administrator, &everything()).unwrap();
    assert_eq!(eligible.required, 2);
    assert_eq!(
        eligible.gates,
        [
            Gate::Passkey,
            Gate::AuthenticatorCode,
            Gate::AuthenticatorPush,
            Gate::Email,
            Gate::Sms,
            Gate::MobileCall,
            Gate::OfficeCall
        ]
    );
    let one = Methods {
        email: everything().email,
        questions: 5,
        ..Methods::default()
    };
    assert!(decide(&settings, tenant(), administrator, &one).is_err());
}

#[test]
fn one_gate_is_enough_for_an_administrator_in_a_trial_or_without_domain_and_sync() {
    let required = |tenant: TenantFacts| gates_required(&settings(), tenant, true, NOW);
    let day_30 = TenantFacts {
        created_at: Timestamp(NOW.minus(TRIAL).0 + 1),
        ..tenant()
    };
    assert_eq!(required(day_30), 1);
    assert_eq!(required(tenant()), 2);
    assert_eq!(
        required(TenantFacts {
            has_paid_licence: true,
            ..day_30
        }),
        2
    );
    let bare = TenantFacts {
        has_custom_domain: false,
        ..tenant()
    };
    assert_eq!(required(bare), 1);
    assert_eq!(
        required(TenantFacts {
            has_directory_sync: true,
            ..bare
        }),
        2
    );
}

#[test]
fn questions_and_notifications_are_never_the_only_gate_by_default() {
    let mut settings = settings();
    settings.gates_required = 1;
    settings.methods = [Gate::Questions, Gate::AuthenticatorPush].into();
    assert!(decide(&settings, tenant(), user(), &everything()).is_err());
    settings.questions.may_be_only_gate = true;
    let eligible = decide(&settings, tenant(), user(), &everything()).unwrap();
    assert_eq!(eligible.gates, [Gate::Questions]);
    assert!(eligible.questions_first);
    settings.gates_required = 2;
    let eligible = decide(&settings, tenant(), user(), &everything()).unwrap();
    assert_eq!(eligible.gates, [Gate::AuthenticatorPush, Gate::Questions]);
    assert!(!eligible.questions_first);
}

#[test]
fn fewer_questions_than_are_asked_do_not_count() {
    let mut settings = settings();
    settings.methods = [Gate::Email, Gate::Questions].into();
    let mut methods = everything();
    methods.questions = 2;
    assert!(decide(&settings, tenant(), user(), &methods).is_err());
    methods.questions = 3;
    assert!(decide(&settings, tenant(), user(), &methods).is_ok());
}
