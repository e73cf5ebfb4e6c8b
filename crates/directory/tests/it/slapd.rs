use latchkey_directory::{Anchor, Bind, Failure, PolicySource, Right, Verdict};
use latchkey_testdir::Slapd;

use crate::support::{code, directory, ldap_anchor, password, slapd, slapd_settings};

const NEW: &str = "Second-Pass-2!";

#[tokio::test]
async fn a_reset_sets_the_password_unlocks_and_can_require_a_change() {
    let Some(slapd) = slapd() else { return };
    let directory = directory(slapd_settings(slapd));
    let user = slapd.user("ou=People");
    let id = ldap_anchor(&directory, &user).await;
    let done = directory.reset(&id, &password(NEW), false).await.unwrap();
    assert!(!done.was_locked && !done.must_change);
    assert_eq!(done.history_enforced, Some(true));
    assert!(slapd.may_sign_in(&user, NEW));
    assert!(!slapd.may_sign_in(&user, &user.password));

    slapd.lock(&user);
    assert!(directory.state(&id).await.unwrap().locked);
    let done = directory
        .reset(&id, &password("Third-Pass-3!"), true)
        .await
        .unwrap();
    assert!(done.was_locked && done.must_change);
    let state = directory.state(&id).await.unwrap();
    assert!(!state.locked && state.must_change);
    assert_eq!(
        directory.verify(&id, &password("Third-Pass-3!")).await,
        Ok(Verdict::RightButMustChange)
    );
    // Who must change can.
    let third = password("Third-Pass-3!");
    directory
        .change(&id, &third, &password("Fourth-Pass-4!"))
        .await
        .unwrap();
    assert_eq!(
        directory.verify(&id, &password("Fourth-Pass-4!")).await,
        Ok(Verdict::Right)
    );
}

#[tokio::test]
async fn a_refused_password_says_which_rule() {
    let Some(slapd) = slapd() else { return };
    let directory = directory(slapd_settings(slapd));
    let user = slapd.user("ou=People");
    let id = ldap_anchor(&directory, &user).await;
    let old = password(&user.password);
    let short = directory.reset(&id, &password("short"), false).await;
    assert!(
        matches!(
            short,
            Err(Failure::Policy(
                latchkey_directory::Breach::TooShort { min: Some(10) },
                _
            ))
        ),
        "{short:?}"
    );
    let change = async |new: &str| code(directory.change(&id, &old, &password(new)).await);
    assert_eq!(change("short").await, "policy/too_short");
    assert_eq!(change(&user.password).await, "policy/used_before");
    assert_eq!(
        code(directory.reset(&id, &old, false).await),
        "policy/used_before"
    );
    let wrong = directory
        .change(&id, &password("Wrong-Old-1!"), &password(NEW))
        .await;
    assert_eq!(wrong, Err(Failure::WrongPassword));
    assert!(slapd.may_sign_in(&user, &user.password));
    directory.change(&id, &old, &password(NEW)).await.unwrap();
    assert!(slapd.may_sign_in(&user, NEW));
    let back = directory.change(&id, &password(NEW), &old).await;
    assert_eq!(code(back), "policy/used_before");
}

#[tokio::test]
async fn ages_are_obeyed() {
    let Some(slapd) = slapd() else { return };
    let directory = directory(slapd_settings(slapd));
    let young = slapd.user_with_policy("ou=People", Some("minage"));
    let id = ldap_anchor(&directory, &young).await;
    let old = password(&young.password);
    let state = directory.state(&id).await.unwrap();
    let from = state.policy.may_change_from.unwrap();
    assert_eq!(from.since(state.password_set_at.unwrap()).as_secs(), 86_400);
    assert_eq!(
        code(directory.change(&id, &old, &password(NEW)).await),
        "policy/too_young"
    );
    assert_eq!(
        code(directory.reset(&id, &password(NEW), false).await),
        "policy/too_young"
    );

    let user = slapd.user_with_policy("ou=People", Some("expire"));
    let id = ldap_anchor(&directory, &user).await;
    let old = password(&user.password);
    // The password is good for one second.
    let mut verdict = directory.verify(&id, &old).await;
    for _ in 0..2000 {
        if verdict != Ok(Verdict::Right) {
            break;
        }
        verdict = directory.verify(&id, &old).await;
    }
    assert_eq!(verdict, Ok(Verdict::RightButExpired));
    assert!(directory.state(&id).await.unwrap().password_expired);
    assert_eq!(
        directory
            .change(&id, &password("Wrong-Old-1!"), &password(NEW))
            .await,
        Err(Failure::WrongPassword)
    );
    directory.change(&id, &old, &password(NEW)).await.unwrap();
    assert!(!slapd.may_sign_in(&user, &user.password));
}

#[tokio::test]
async fn a_lock_by_real_sign_ins_ends_with_an_unlock() {
    let Some(slapd) = slapd() else { return };
    let directory = directory(slapd_settings(slapd));
    let user = slapd.user("ou=People");
    let id = ldap_anchor(&directory, &user).await;
    let old = password(&user.password);
    assert!(!directory.unlock(&id).await.unwrap().was_locked);
    slapd.lock(&user);
    assert_eq!(directory.verify(&id, &old).await, Ok(Verdict::Locked));
    assert_eq!(
        directory.change(&id, &old, &password(NEW)).await,
        Err(Failure::Locked)
    );
    assert!(directory.unlock(&id).await.unwrap().was_locked);
    assert!(!directory.state(&id).await.unwrap().locked);
    assert!(slapd.may_sign_in(&user, &user.password));
}

#[tokio::test]
async fn a_disabled_account_is_not_enabled_by_any_verb() {
    let Some(slapd) = slapd() else { return };
    let directory = directory(slapd_settings(slapd));
    let user = slapd.user("ou=People");
    let id = ldap_anchor(&directory, &user).await;
    slapd.set(&user.dn, "pwdAccountLockedTime", "000001010000Z");
    assert!(directory.state(&id).await.unwrap().disabled);
    assert_eq!(
        directory.reset(&id, &password(NEW), false).await,
        Err(Failure::Disabled)
    );
    assert_eq!(directory.unlock(&id).await, Err(Failure::Disabled));
    assert!(!slapd.may_sign_in(&user, &user.password));
}

#[tokio::test]
async fn without_the_right_nothing_is_done() {
    let Some(slapd) = slapd() else { return };
    let directory = directory(slapd_settings(slapd));
    let boss = slapd.user("ou=Protected");
    let id = ldap_anchor(&directory, &boss).await;
    assert_eq!(
        code(directory.reset(&id, &password(NEW), false).await),
        "no_permission"
    );
    assert_eq!(directory.rights(&id).await.unwrap().reset, Right::Unknown);
    let safe = slapd.user_with_policy("ou=People", Some("safe"));
    let id = ldap_anchor(&directory, &safe).await;
    assert_eq!(
        code(directory.reset(&id, &password(NEW), false).await),
        "no_permission"
    );
    let fixed = slapd.user_with_policy("ou=People", Some("fixed"));
    let id = ldap_anchor(&directory, &fixed).await;
    assert!(directory.state(&id).await.unwrap().may_not_change);
    let old = password(&fixed.password);
    assert_eq!(
        code(directory.change(&id, &old, &password(NEW)).await),
        "no_permission"
    );
    let outsider = slapd.user("ou=Outside");
    let id = ldap_anchor(&directory, &outsider).await;
    slapd.lock(&outsider);
    assert_eq!(code(directory.unlock(&id).await), "no_permission");
}

#[tokio::test]
async fn the_policy_and_the_health_are_told() {
    let Some(slapd) = slapd() else { return };
    let mut settings = slapd_settings(slapd);
    let first = directory(settings.clone());
    let user = slapd.user("ou=People");
    let id = ldap_anchor(&first, &user).await;
    let policy = first.state(&id).await.unwrap().policy;
    assert_eq!(policy.source, PolicySource::Entry);
    assert_eq!(policy.min_length, Some(10));
    assert_eq!(policy.history, Some(3));
    assert_eq!(policy.lockout_threshold, Some(3));
    assert_eq!(policy.lockout_duration, None);
    let health = first.health().await;
    assert!(health.is_good() && health.bind == Bind::Ok, "{health:?}");
    assert_eq!(health.policy_hints, None);
    settings.default_policy = None;
    let unsaid = directory(settings).state(&id).await.unwrap().policy;
    assert_eq!(unsaid.source, PolicySource::Unreadable);
}

#[tokio::test]
async fn an_account_that_moves_and_gets_another_name_is_still_found() {
    let Some(slapd) = slapd() else { return };
    let directory = directory(slapd_settings(slapd));
    let mut user = slapd.user("ou=People");
    let id = ldap_anchor(&directory, &user).await;
    let shown = slapd.search(&user.dn, "(objectClass=*)", &["entryUUID"]);
    assert!(shown.contains(&format!("entryUUID: {id}\n")), "{shown}");
    slapd.move_to(&mut user, r"odd\, name (1)*", "ou=Berlin,ou=People");
    let state = directory.state(&id).await.unwrap();
    assert!(
        state.dn.ends_with("ou=Berlin,ou=People,dc=corp,dc=example"),
        "{}",
        state.dn
    );
    directory.reset(&id, &password(NEW), false).await.unwrap();
    assert_eq!(
        directory.verify(&id, &password(NEW)).await,
        Ok(Verdict::Right)
    );
    slapd.delete(&user.dn);
    assert_eq!(code(directory.state(&id).await), "not_found");
}

#[tokio::test]
async fn s27_no_name_and_no_anchor_finds_somebody_else() {
    let Some(slapd) = slapd() else { return };
    let mut settings = slapd_settings(slapd);
    settings.user_bases = vec![format!("ou=People,{}", Slapd::BASE)];
    let directory = directory(settings);
    let user = slapd.user("ou=People");
    let outsider = slapd.user("ou=Outside");
    ldap_anchor(&directory, &user).await;
    let nobody: Anchor = "00000000-0000-0000-0000-000000000000".parse().unwrap();
    assert_eq!(code(directory.state(&nobody).await), "not_found");
    for hostile in [
        "*",
        "*)(uid=*",
        "user*",
        "user\0",
        r"\2a",
        "\u{202e}",
        &outsider.mail,
    ] {
        assert_eq!(
            code(directory.find(hostile).await),
            "not_found",
            "{hostile:?}"
        );
    }
}

#[tokio::test]
async fn two_that_match_are_neither() {
    let Some(slapd) = slapd() else { return };
    let directory = directory(slapd_settings(slapd));
    let one = slapd.user("ou=People");
    let two = slapd.user("ou=People");
    slapd.set(&two.dn, "mail", &one.mail);
    assert_eq!(directory.find(&one.mail).await, Err(Failure::SeveralMatch));
}

#[tokio::test]
async fn s28_an_empty_password_is_refused_and_not_counted() {
    let Some(slapd) = slapd() else { return };
    let directory = directory(slapd_settings(slapd));
    let user = slapd.user("ou=People");
    let id = ldap_anchor(&directory, &user).await;
    for _ in 0..4 {
        assert_eq!(
            directory.verify(&id, &password("")).await,
            Ok(Verdict::Wrong)
        );
    }
    assert_eq!(
        code(directory.reset(&id, &password(""), false).await),
        "policy/too_short"
    );
    assert_eq!(
        directory.verify(&id, &password(&user.password)).await,
        Ok(Verdict::Right)
    );
}

#[tokio::test]
async fn s29_hostile_passwords_are_set_as_they_are_or_refused() {
    let Some(slapd) = slapd() else { return };
    let directory = directory(slapd_settings(slapd));
    let user = slapd.user("ou=People");
    let id = ldap_anchor(&directory, &user).await;
    for odd in [
        "quote\"Quote'1\"\"",
        "line\r\nBreak-1",
        "\u{202e}ltr-Rtl-1-\u{200f}אבג",
        "🦀🦀🦀-Emoji-1",
        "{SSHA}not-a-hash",
        "  leading and trailing 1A  ",
    ] {
        let new = password(odd);
        match directory.reset(&id, &new, false).await {
            Ok(_) => assert_eq!(
                directory.verify(&id, &new).await,
                Ok(Verdict::Right),
                "{odd:?}"
            ),
            // What looks like a hash is not taken for one.
            refused => {
                assert_eq!(code(refused), "policy/not_complex", "{odd:?}");
                assert_eq!(odd, "{SSHA}not-a-hash");
            }
        }
    }
    for refused in ["Aa1-".repeat(64 * 1024), "Nul\0-Inside-1".into()] {
        assert_eq!(
            code(directory.reset(&id, &password(&refused), false).await),
            "policy/unspecified"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn many_at_once_wait_for_their_turn() {
    let Some(slapd) = slapd() else { return };
    let directory = directory(slapd_settings(slapd));
    let mut tasks = Vec::new();
    for number in 0..20 {
        let user = slapd.user("ou=People");
        let directory = directory.clone();
        tasks.push(tokio::spawn(async move {
            let id = ldap_anchor(&directory, &user).await;
            let new = password(&format!("Second-Pass-{number}!"));
            directory.reset(&id, &new, false).await.unwrap();
            let newer = password(&format!("Third-Pass-{number}!"));
            directory.change(&id, &new, &newer).await.unwrap();
            assert_eq!(directory.verify(&id, &new).await, Ok(Verdict::Wrong));
            assert_eq!(directory.verify(&id, &newer).await, Ok(Verdict::Right));
            assert!(!directory.state(&id).await.unwrap().locked);
            directory.unlock(&id).await.unwrap();
            directory.rights(&id).await.unwrap();
            assert!(directory.health().await.is_good());
            assert_eq!(directory.health_of_each().await.len(), 1);
        }));
    }
    for task in tasks {
        task.await.unwrap();
    }
}
