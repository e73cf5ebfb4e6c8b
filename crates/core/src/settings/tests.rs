use super::*;

fn paths(change: impl FnOnce(&mut Settings)) -> Vec<&'static str> {
    let mut settings = Settings::default();
    change(&mut settings);
    settings
        .problems()
        .into_iter()
        .map(|problem| problem.path)
        .collect()
}

#[test]
fn defaults_are_those_of_the_specification_and_in_range() {
    let settings = Settings::default();
    assert!(settings.problems().is_empty(), "{:?}", settings.problems());
    assert_eq!(settings.reset.scope, Scope::None);
    assert_eq!(settings.reset.disclosure, Disclosure::Private);
    assert_eq!(settings.reset.gates_required, 2);
    assert_eq!(
        settings.reset.methods,
        [
            Gate::Email,
            Gate::Sms,
            Gate::AuthenticatorCode,
            Gate::Passkey
        ]
        .into()
    );
    assert_eq!(
        (
            settings.reset.questions.to_register,
            settings.reset.questions.to_reset
        ),
        (5, 3)
    );
    assert_eq!(settings.reset.session_minutes, 105);
    assert_eq!(settings.reset.rest_hours, 24);
    assert!(settings.notifications.users && settings.notifications.administrators);
    assert_eq!(settings.contact, Contact::Off);
}

#[test]
fn every_range_is_held_on_both_sides() {
    for (value, ok) in [(0, false), (1, true), (2, true), (3, false)] {
        assert_eq!(
            paths(|s| s.reset.gates_required = value).is_empty(),
            ok,
            "gates {value}"
        );
    }
    for (value, ok) in [(0, true), (168, true), (169, false)] {
        assert_eq!(
            paths(|s| s.reset.rest_hours = value).is_empty(),
            ok,
            "rest {value}"
        );
        assert_eq!(
            paths(|s| s.reset.hold_hours = value).is_empty(),
            ok,
            "hold {value}"
        );
    }
    for (value, ok) in [(4, false), (5, true), (1440, true), (1441, false)] {
        assert_eq!(
            paths(|s| s.reset.session_minutes = value).is_empty(),
            ok,
            "session {value}"
        );
    }
    for (register, reset, ok) in [
        (5, 3, true),
        (3, 3, true),
        (5, 5, true),
        (2, 2, false),
        (6, 3, false),
        (5, 2, false),
        (5, 6, false),
        (3, 4, false),
    ] {
        let found = paths(|s| {
            s.reset.questions.to_register = register;
            s.reset.questions.to_reset = reset;
        });
        assert_eq!(found.is_empty(), ok, "questions {register}/{reset}");
    }
    for (count, length, ok) in [
        (20, 3, true),
        (21, 3, false),
        (1, 2, false),
        (1, 200, true),
        (1, 201, false),
    ] {
        let own = (0..count).map(|n| format!("{n:å>length$}")).collect();
        assert_eq!(
            paths(|s| s.reset.questions.own = own).is_empty(),
            ok,
            "own {count} of {length}"
        );
    }
    assert_eq!(
        paths(|s| s.reset.questions.own = vec!["Who?".into(), "Who?".into()]),
        ["reset.questions.own"]
    );
    assert_eq!(
        paths(|s| s.reset.scope = Scope::Selected(BTreeSet::new())),
        ["reset.scope"]
    );
}

#[test]
fn a_contact_link_is_https_or_a_mail_address() {
    for (url, ok) in [
        ("https://help.contoso.com/reset?x=1", true),
        ("http://help.contoso.com", false),
        ("https://", false),
        ("https:///x", false),
        ("https://user@evil.example", false),
        ("https://x.example/\"onmouseover=", false),
        ("https://x.example/a b", false),
        ("javascript:alert(1)", false),
    ] {
        assert_eq!(
            paths(|s| s.contact = Contact::Url(url.into())).is_empty(),
            ok,
            "{url}"
        );
    }
    assert!(paths(|s| s.contact = Contact::Mail("help@contoso.com".into())).is_empty());
    assert_eq!(
        paths(|s| s.contact = Contact::Mail("a@b.c\r\nBcc: x@y.z".into())),
        ["contact.mail"]
    );
}

#[test]
fn settings_are_stored_and_an_unknown_key_is_refused() {
    let mut settings = Settings::default();
    settings.reset.scope = Scope::All;
    settings.contact = Contact::Url("https://help.contoso.com".into());
    let text = serde_json::to_string(&settings).unwrap();
    assert_eq!(serde_json::from_str::<Settings>(&text).unwrap(), settings);
    assert_eq!(
        serde_json::from_str::<Settings>("{}").unwrap(),
        Settings::default()
    );
    assert!(serde_json::from_str::<Settings>(r#"{"rest":{}}"#).is_err());
}

#[test]
fn events_are_kept_for_400_whole_days_unless_the_tenant_says_30_to_3650() {
    for (days, ok) in [(29, false), (30, true), (3650, true), (3651, false)] {
        assert_eq!(
            paths(|s| s.audit.retention_days = days).is_empty(),
            ok,
            "{days}"
        );
    }
    let noon = Timestamp::parse("2026-11-21T12:00:00Z").unwrap();
    let kept = AuditSettings::default().kept_from(noon);
    assert_eq!(kept.rfc3339(), "2025-10-17T00:00:00.000Z");
}

#[test]
fn signing_in_and_registering_have_the_defaults_of_the_specification() {
    let settings = Settings::default();
    let SignInSettings {
        lockout_threshold,
        lockout_seconds,
        idle_minutes,
        absolute_minutes,
        admin_idle_minutes,
        admin_absolute_minutes,
    } = settings.sign_in;
    assert_eq!((lockout_threshold, lockout_seconds), (10, 60));
    assert_eq!((idle_minutes, absolute_minutes), (60, 12 * 60));
    assert_eq!((admin_idle_minutes, admin_absolute_minutes), (15, 8 * 60));
    assert!(settings.registration.required_at_sign_in);
    assert_eq!(settings.registration.reconfirm_days, 180);
}

#[test]
fn every_range_of_signing_in_and_registering_is_held_on_both_sides() {
    type Set = fn(&mut Settings, u16);
    let ranges: [(&str, u16, u16, Set); 7] = [
        ("sign_in.lockout_threshold", 3, 50, |s, v| {
            s.sign_in.lockout_threshold = v;
        }),
        ("sign_in.lockout_seconds", 10, 3600, |s, v| {
            s.sign_in.lockout_seconds = v;
        }),
        ("sign_in.idle_minutes", 5, 1440, |s, v| {
            s.sign_in.idle_minutes = v;
        }),
        ("sign_in.absolute_minutes", 15, 1440, |s, v| {
            s.sign_in.absolute_minutes = v;
        }),
        ("sign_in.admin_idle_minutes", 5, 60, |s, v| {
            s.sign_in.admin_idle_minutes = v;
        }),
        ("sign_in.admin_absolute_minutes", 15, 720, |s, v| {
            s.sign_in.admin_absolute_minutes = v;
        }),
        ("registration.reconfirm_days", 0, 730, |s, v| {
            s.registration.reconfirm_days = v;
        }),
    ];
    for (path, least, most, set) in ranges {
        for good in [least, most] {
            assert!(paths(|s| set(s, good)).is_empty(), "{path} {good}");
        }
        for bad in least.checked_sub(1).into_iter().chain([most + 1]) {
            assert_eq!(paths(|s| set(s, bad)), [path], "{bad}");
        }
    }
}

#[test]
fn an_unknown_key_of_signing_in_or_registering_is_refused() {
    for text in [
        r#"{"sign_in":{"lockout":3}}"#,
        r#"{"registration":{"days":3}}"#,
    ] {
        assert!(serde_json::from_str::<Settings>(text).is_err(), "{text}");
    }
    let stored: Settings =
        serde_json::from_str(r#"{"registration":{"reconfirm_days":0}}"#).unwrap();
    assert!(stored.registration.required_at_sign_in);
    assert_eq!(stored.registration.reconfirm_days, 0);
}
