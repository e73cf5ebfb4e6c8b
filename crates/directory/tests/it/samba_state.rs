use std::time::Duration;

use latchkey_directory::{Bind, Kind, PolicySource, Right};
use latchkey_testdir::Samba;

use crate::support::{anchor, code, directory, password, samba, samba_settings};

#[tokio::test]
async fn the_domains_policy_is_read() {
    let Some(samba) = samba() else { return };
    let directory = directory(samba_settings(samba));
    let user = samba.user("OU=People");
    let id = anchor(&directory, &user).await;
    let state = directory.state(&id).await.unwrap();
    let policy = &state.policy;
    assert_eq!(policy.source, PolicySource::Domain);
    assert_eq!(policy.min_length, Some(10));
    assert!(policy.complexity);
    assert_eq!(policy.history, Some(5));
    assert_eq!((policy.min_age, policy.max_age), (None, None));
    assert_eq!(policy.may_change_from, None);
    assert_eq!(policy.lockout_threshold, Some(3));
    assert_eq!(policy.lockout_duration, Some(Duration::from_secs(1800)));
    assert_eq!(policy.lockout_window, Some(Duration::from_secs(1800)));
    assert!(!state.locked && !state.disabled && !state.password_expired);
    assert!(!state.account_expired && !state.must_change && !state.protected);
    assert_eq!(state.dn, user.dn);
    assert!(state.password_set_at.is_some());
}

#[tokio::test]
async fn a_fine_grained_policy_goes_first() {
    let Some(samba) = samba() else { return };
    let directory = directory(samba_settings(samba));
    let user = samba.user("OU=People");
    let id = anchor(&directory, &user).await;
    samba.fine_grained_policy(
        &user,
        &[
            ("msDS-MinimumPasswordLength", "20"),
            ("msDS-PasswordHistoryLength", "7"),
            ("msDS-LockoutThreshold", "0"),
        ],
    );
    let policy = directory.state(&id).await.unwrap().policy;
    assert_eq!(policy.source, PolicySource::FineGrained);
    assert_eq!(policy.min_length, Some(20));
    assert_eq!(policy.history, Some(7));
    assert_eq!(policy.lockout_threshold, None);
    let short = directory
        .reset(&id, &password("Second-Pass-2!"), false)
        .await;
    assert_eq!(code(short), "policy/too_short");
}

#[tokio::test]
async fn an_account_that_moves_and_gets_another_name_is_still_found() {
    let Some(samba) = samba() else { return };
    let directory = directory(samba_settings(samba));
    let mut user = samba.user("OU=Berlin,OU=People");
    let id = anchor(&directory, &user).await;
    assert_eq!(id.to_string(), samba.guid(&user));
    for (name, container) in [
        (r"Umlaut Ü\, with (comma)*", "OU=Wien,OU=People"),
        ("\u{202e}rtl", "OU=People"),
    ] {
        let name = format!("{name} {}", user.name);
        samba.move_to(&mut user, &name, container);
        let state = directory.state(&id).await.unwrap();
        assert!(
            state.dn.ends_with(&format!("{container},{}", Samba::BASE)),
            "{}",
            state.dn
        );
        directory
            .reset(&id, &password("Second-Pass-2!"), false)
            .await
            .unwrap();
        assert!(samba.may_sign_in(&user, "Second-Pass-2!"));
    }
    samba.apply(&format!("dn: {}\nchangetype: delete\n", user.dn));
    assert_eq!(code(directory.state(&id).await), "not_found");
}

#[tokio::test]
async fn the_rights_of_the_service_account_are_told() {
    let Some(samba) = samba() else { return };
    let directory = directory(samba_settings(samba));
    let user = samba.user("OU=People");
    let id = anchor(&directory, &user).await;
    let rights = directory.rights(&id).await.unwrap();
    assert_eq!(rights.reset, Right::Yes);
    assert_eq!(rights.unlock, Right::Yes);
    assert_eq!(rights.must_change, Right::Yes);
    assert_eq!(rights.inheritance_off, Right::No);
    samba.protect(&user);
    let rights = directory.rights(&id).await.unwrap();
    assert_eq!(rights.reset, Right::No);
    assert_eq!(rights.unlock, Right::No);
    assert_eq!(rights.must_change, Right::No);
    assert_eq!(rights.inheritance_off, Right::Yes);
    assert!(rights.admin_count);
    let outsider = samba.user("OU=Outside");
    let id = anchor(&directory, &outsider).await;
    let rights = directory.rights(&id).await.unwrap();
    assert_eq!((rights.reset, rights.unlock), (Right::No, Right::No));
    assert_eq!(rights.inheritance_off, Right::No);
}

#[tokio::test]
async fn the_health_of_a_domain_is_told() {
    let Some(samba) = samba() else { return };
    let mut settings = samba_settings(samba);
    let health = directory(settings.clone()).health().await;
    assert!(health.is_good(), "{health:?}");
    assert_eq!(health.bind, Bind::Ok);
    assert_eq!(health.server.as_deref(), Some("dc1.corp.example:636"));
    assert!(
        health
            .server_name
            .unwrap()
            .eq_ignore_ascii_case(Samba::HOST)
    );
    assert_eq!(health.policy_hints, Some(false));
    assert!(health.clock_ahead_us.unwrap().abs() < 5_000_000);
    let expires = health.certificate_expires.unwrap();
    assert_eq!(expires.rfc3339(), "2045-01-01T00:00:00.000Z");

    settings.kind = Kind::Ldap;
    let other_kind = directory(settings.clone()).health().await;
    assert_eq!(other_kind.kind_as_configured, Some(false));
    assert!(!other_kind.is_good());

    settings.kind = Kind::ActiveDirectory;
    settings.base = "DC=other,DC=example".into();
    let other_base = directory(settings.clone()).health().await;
    assert_eq!(other_base.base_readable, Some(false));
    assert!(!other_base.is_good());

    settings.password = password("Wrong-Wrong-1!");
    // Not the shared service account: it would be locked for everybody.
    settings.bind_as = "nobody@corp.example".into();
    let refused = directory(settings).health().await;
    assert!(matches!(refused.bind, Bind::Refused(_)), "{refused:?}");
}
