use std::net::SocketAddr;
use std::time::Duration;

use latchkey_directory::{Bind, Failure, Retry, Security, Verdict};
use latchkey_testdir::{Authority, Samba, Slapd};

use crate::cable::{Cable, Cut};
use crate::support::{
    address, anchor, code, directory, ldap_anchor, password, samba, samba_settings, slapd,
    slapd_settings,
};

const NEW: &str = "Second-Pass-2!";

#[tokio::test]
async fn start_tls_does_what_ldaps_does() {
    let Some(samba) = samba() else { return };
    let mut settings = samba_settings(samba);
    settings.security = Security::StartTls;
    settings.servers = vec![address(Samba::HOST, 389, samba.address())];
    let directory = directory(settings);
    let user = samba.user("OU=People");
    let id = anchor(&directory, &user).await;
    directory.reset(&id, &password(NEW), false).await.unwrap();
    assert!(samba.may_sign_in(&user, NEW));
    assert!(directory.health().await.certificate_expires.is_some());
}

#[tokio::test]
async fn nothing_is_said_to_a_server_whose_certificate_is_not_right() {
    let Some(samba) = samba() else { return };
    let good = samba_settings(samba);
    let mut other_authority = good.clone();
    other_authority.ca_pem = Some(Authority::new("another").pem().into_bytes());
    let mut other_name = good.clone();
    other_name.servers = vec![address("dc2.corp.example", 636, samba.address())];
    let mut system = good.clone();
    system.ca_pem = None;
    for security in [Security::Ldaps, Security::StartTls] {
        for settings in [&other_authority, &other_name, &system] {
            let mut settings = settings.clone();
            settings.security = security;
            if security == Security::StartTls {
                settings.servers[0].port = 389;
            }
            let health = directory(settings).health().await;
            let Bind::Untrusted(why) = &health.bind else {
                panic!("{health:?}");
            };
            assert!(why.contains("certificate"), "{why}");
        }
    }
}

#[tokio::test]
async fn an_expired_certificate_is_refused() {
    let Some(mut slapd) = latchkey_testdir::slapd() else {
        return;
    };
    slapd.with_expired_certificate();
    let health = directory(slapd_settings(&slapd)).health().await;
    let Bind::Untrusted(why) = health.bind else {
        panic!("{health:?}");
    };
    assert!(why.contains("expired"), "{why}");
}

#[tokio::test]
async fn without_tls_the_servers_refuse() {
    let (Some(samba), Some(slapd)) = (samba(), slapd()) else {
        return;
    };
    let mut plain_samba = samba_settings(samba);
    plain_samba.security = Security::PlainTextWhereAnybodyCanReadPasswords;
    plain_samba.servers[0].port = 389;
    let mut plain_slapd = slapd_settings(slapd);
    plain_slapd.security = Security::PlainTextWhereAnybodyCanReadPasswords;
    plain_slapd.servers[0].port = slapd.plain_port();
    for settings in [plain_samba, plain_slapd] {
        assert_eq!(
            code(directory(settings).find("x@corp.example").await),
            "not_configured"
        );
    }
}

#[tokio::test]
async fn a_server_that_is_not_there_is_unreachable_until_it_is() {
    let Some(mut samba) = latchkey_testdir::samba() else {
        return;
    };
    let directory = directory(samba_settings(&samba));
    let user = samba.user("OU=People");
    let id = anchor(&directory, &user).await;
    samba.stop();
    let outcome = directory.reset(&id, &password(NEW), false).await;
    assert!(
        matches!(outcome, Err(Failure::Unreachable(_))),
        "{outcome:?}"
    );
    assert_eq!(outcome.unwrap_err().retry(), Retry::Later);
    samba.start_again();
    assert!(samba.may_sign_in(&user, &user.password));
    directory.reset(&id, &password(NEW), false).await.unwrap();
    // A restart between two requests: the idle connection is dead, and nobody notices.
    samba.kill();
    samba.start_again();
    assert_eq!(
        directory.verify(&id, &password(NEW)).await,
        Ok(Verdict::Right)
    );
    // What an administrator changes meanwhile counts at once.
    samba.policy("minPwdLength", "20");
    let policy = directory.state(&id).await.unwrap().policy;
    assert_eq!(policy.min_length, Some(20));
    let outcome = directory
        .reset(&id, &password("Third-Pass-3!"), false)
        .await;
    assert_eq!(code(outcome), "policy/too_short");
    // The certificate that it comes back with has expired, and it is not spoken to.
    samba.with_expired_certificate();
    let outcome = directory.verify(&id, &password(NEW)).await;
    assert!(
        matches!(&outcome, Err(Failure::Untrusted(why)) if why.contains("expired")),
        "{outcome:?}"
    );
}

#[tokio::test]
async fn a_frozen_server_is_unreachable_before_anything_is_sent() {
    let Some(samba) = latchkey_testdir::samba() else {
        return;
    };
    let mut settings = samba_settings(&samba);
    settings.operation_timeout = Duration::from_secs(5);
    settings.connect_timeout = Duration::from_secs(5);
    let directory = directory(settings);
    let user = samba.user("OU=People");
    let id = anchor(&directory, &user).await;
    samba.freeze();
    let outcome = directory.reset(&id, &password(NEW), false).await;
    samba.thaw();
    assert!(
        matches!(outcome, Err(Failure::Unreachable(_))),
        "{outcome:?}"
    );
    assert!(samba.may_sign_in(&user, &user.password));
    directory.reset(&id, &password(NEW), false).await.unwrap();
}

#[tokio::test]
async fn an_answer_that_is_lost_after_the_write_is_an_unknown_outcome() {
    let Some(samba) = samba() else { return };
    for cut in [Cut::Silence, Cut::End] {
        let real = SocketAddr::from((samba.address(), 636));
        let cable = Cable::to(real, cut).await;
        let mut settings = samba_settings(samba);
        settings.servers = vec![address(Samba::HOST, cable.port, [127, 0, 0, 1])];
        settings.operation_timeout = Duration::from_secs(8);
        let directory = directory(settings);
        let user = samba.user("OU=People");
        let id = anchor(&directory, &user).await;
        cable.turns();
        directory
            .reset(&id, &password("First-Pass-1!"), false)
            .await
            .unwrap();
        let turns = cable.turns();
        assert!(turns >= 2, "{turns}");

        cable.cut_at(turns);
        let outcome = directory.reset(&id, &password(NEW), false).await;
        cable.cut_at(usize::MAX);
        assert!(
            matches!(outcome, Err(Failure::OutcomeUnknown(_))),
            "{cut:?} {outcome:?}"
        );
        assert_eq!(outcome.unwrap_err().retry(), Retry::Unknown);
        // It was done, and this is how to find out.
        assert_eq!(
            directory.verify(&id, &password(NEW)).await,
            Ok(Verdict::Right)
        );
    }
}

#[tokio::test]
async fn an_answer_that_is_lost_before_the_write_changes_nothing() {
    let Some(slapd) = slapd() else { return };
    let real = SocketAddr::from(([127, 0, 0, 1], slapd.tls_port()));
    let cable = Cable::to(real, Cut::Silence).await;
    let mut settings = slapd_settings(slapd);
    settings.servers = vec![address("localhost", cable.port, [127, 0, 0, 1])];
    settings.operation_timeout = Duration::from_secs(4);
    settings.connect_timeout = Duration::from_secs(4);
    let directory = directory(settings);
    let user = slapd.user("ou=People");
    let id = ldap_anchor(&directory, &user).await;
    cable.cut_at(1);
    let outcome = directory.reset(&id, &password(NEW), false).await;
    cable.cut_at(usize::MAX);
    assert!(
        matches!(outcome, Err(Failure::Unreachable(_))),
        "{outcome:?}"
    );
    assert!(slapd.may_sign_in(&user, &user.password));
    cable.turns();
    directory
        .reset(&id, &password("First-Pass-1!"), false)
        .await
        .unwrap();
    cable.turns();
    directory.reset(&id, &password(NEW), false).await.unwrap();
    let turns = cable.turns();
    cable.cut_at(turns);
    let outcome = directory
        .reset(&id, &password("Third-Pass-3!"), false)
        .await;
    assert!(
        matches!(outcome, Err(Failure::OutcomeUnknown(_))),
        "{outcome:?}"
    );
    assert!(slapd.may_sign_in(&user, "Third-Pass-3!"));
}

#[tokio::test]
async fn another_server_takes_over() {
    let (Some(gone), Some(slapd)) = (latchkey_testdir::slapd(), slapd()) else {
        return;
    };
    // As far as this is concerned both have the same data.
    let mut settings = slapd_settings(slapd);
    let mut both = gone.authority();
    both.extend(slapd.authority());
    settings.ca_pem = Some(both);
    settings.servers = vec![
        address("localhost", gone.tls_port(), [127, 0, 0, 1]),
        address("localhost", slapd.tls_port(), [127, 0, 0, 1]),
    ];
    let directory = directory(settings);
    let mut gone = gone;
    let first = directory.health().await;
    assert_eq!(first.server, Some(format!("localhost:{}", gone.tls_port())));
    gone.stop();
    let user = slapd.user("ou=People");
    let id = ldap_anchor(&directory, &user).await;
    let done = directory.reset(&id, &password(NEW), false).await.unwrap();
    assert_eq!(done.server, format!("localhost:{}", slapd.tls_port()));
    let each = directory.health_of_each().await;
    let good: Vec<bool> = each.iter().map(|(_, health)| health.is_good()).collect();
    assert_eq!(good, [false, true]);
}

#[tokio::test]
async fn no_password_is_in_what_is_printed() {
    let Some(slapd) = slapd() else { return };
    let settings = slapd_settings(slapd);
    let directory = directory(settings.clone());
    let user = slapd.user("ou=People");
    let id = ldap_anchor(&directory, &user).await;
    let done = directory.reset(&id, &password(NEW), false).await;
    let refused = directory
        .change(&id, &password("Wrong-Old-1!"), &password(NEW))
        .await;
    let printed = format!(
        "{settings:?} {directory:?} {done:?} {refused:?} {:?}",
        directory.health().await
    );
    for secret in [Slapd::SERVICE_PASSWORD, NEW, "Wrong-Old-1!"] {
        assert!(!printed.contains(secret), "{printed}");
    }
}
