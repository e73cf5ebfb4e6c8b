use latchkey_directory::{Anchor, Breach, Failure, Verdict};
use latchkey_testdir::Samba;

use crate::support::{anchor, code, directory, password, samba, samba_settings};

const NEW: &str = "Second-Pass-2!";

#[tokio::test]
async fn a_reset_sets_the_password_and_the_old_one_is_void() {
    let Some(samba) = samba() else { return };
    let directory = directory(samba_settings(samba));
    let user = samba.user("OU=People");
    let id = anchor(&directory, &user).await;
    assert!(samba.may_sign_in(&user, &user.password));
    let done = directory.reset(&id, &password(NEW), false).await.unwrap();
    assert!(samba.may_sign_in(&user, NEW));
    assert!(!samba.may_sign_in(&user, &user.password));
    assert!(!done.was_locked && !done.must_change);
    // Samba has no policy-hints control, and that is said.
    assert_eq!(done.history_enforced, Some(false));
    assert_eq!(done.server, "dc1.corp.example:636");
}

#[tokio::test]
async fn a_reset_can_require_a_change() {
    let Some(samba) = samba() else { return };
    let directory = directory(samba_settings(samba));
    let user = samba.user("OU=People");
    let id = anchor(&directory, &user).await;
    let done = directory.reset(&id, &password(NEW), true).await.unwrap();
    assert!(done.must_change);
    assert!(directory.state(&id).await.unwrap().must_change);
    assert_eq!(
        directory.verify(&id, &password(NEW)).await,
        Ok(Verdict::RightButMustChange)
    );
}

#[tokio::test]
async fn a_reset_unlocks() {
    let Some(samba) = samba() else { return };
    let directory = directory(samba_settings(samba));
    let user = samba.user("OU=People");
    let id = anchor(&directory, &user).await;
    samba.lock(&user);
    assert!(directory.state(&id).await.unwrap().locked);
    let done = directory.reset(&id, &password(NEW), false).await.unwrap();
    assert!(done.was_locked);
    assert!(!directory.state(&id).await.unwrap().locked);
    assert!(samba.may_sign_in(&user, NEW));
}

#[tokio::test]
async fn a_refused_reset_says_which_rule_and_changes_nothing() {
    let Some(samba) = samba() else { return };
    let directory = directory(samba_settings(samba));
    let user = samba.user("OU=People");
    let id = anchor(&directory, &user).await;
    let short = directory.reset(&id, &password("Aa1!"), false).await;
    assert!(
        matches!(
            short,
            Err(Failure::Policy(Breach::TooShort { min: Some(10) }, Some(_)))
        ),
        "{short:?}"
    );
    let simple = directory
        .reset(&id, &password("onlylowercase"), false)
        .await;
    assert_eq!(code(simple), "policy/not_complex");
    assert!(samba.may_sign_in(&user, &user.password));
}

#[tokio::test]
async fn an_account_that_no_password_helps_is_refused() {
    let Some(samba) = samba() else { return };
    let directory = directory(samba_settings(samba));
    let user = samba.user("OU=People");
    let id = anchor(&directory, &user).await;
    samba.disable(&user);
    assert_eq!(
        directory.reset(&id, &password(NEW), false).await,
        Err(Failure::Disabled)
    );
    let user = samba.user("OU=People");
    let id = anchor(&directory, &user).await;
    samba.expire(&user);
    assert_eq!(
        directory.reset(&id, &password(NEW), false).await,
        Err(Failure::AccountExpired)
    );
}

#[tokio::test]
async fn without_the_right_nothing_is_done() {
    let Some(samba) = samba() else { return };
    let directory = directory(samba_settings(samba));
    let user = samba.user("OU=Outside");
    let id = anchor(&directory, &user).await;
    assert_eq!(
        code(directory.reset(&id, &password(NEW), false).await),
        "no_permission"
    );
    samba.lock(&user);
    assert_eq!(code(directory.unlock(&id).await), "no_permission");
}

#[tokio::test]
async fn what_is_out_of_scope_does_not_exist_for_any_verb() {
    let Some(samba) = samba() else { return };
    let everything = directory(samba_settings(samba));
    let mut settings = samba_settings(samba);
    settings.user_bases = vec![Samba::PEOPLE.into(), format!("OU=Wien,{}", Samba::PEOPLE)];
    let people = directory(settings.clone());
    settings.user_filter = Some("(description=enabled)".into());
    let filtered = directory(settings);
    let inside = samba.user("OU=Wien,OU=People");
    let outside = samba.user("OU=Outside");
    let outside_id = anchor(&everything, &outside).await;
    let inside_id = anchor(&people, &inside).await;
    // Found through both of the bases that overlap, and that is one object.
    assert!(people.state(&inside_id).await.is_ok());
    for (directory, id) in [(&people, outside_id), (&filtered, inside_id)] {
        let id = &id;
        let old = password(&inside.password);
        assert_eq!(
            code(directory.reset(id, &password(NEW), false).await),
            "not_found"
        );
        assert_eq!(
            code(directory.change(id, &old, &password(NEW)).await),
            "not_found"
        );
        assert_eq!(code(directory.unlock(id).await), "not_found");
        assert_eq!(code(directory.verify(id, &old).await), "not_found");
        assert_eq!(code(directory.state(id).await), "not_found");
        assert_eq!(code(directory.rights(id).await), "not_found");
    }
    assert_eq!(code(people.find(&outside.upn).await), "not_found");
    assert!(samba.may_sign_in(&outside, &outside.password));
    samba.set(&inside.dn, "description", "enabled");
    assert!(filtered.state(&inside_id).await.is_ok());
}

#[tokio::test]
async fn s27_no_name_and_no_anchor_finds_somebody_else() {
    let Some(samba) = samba() else { return };
    let directory = directory(samba_settings(samba));
    let user = samba.user("OU=People");
    anchor(&directory, &user).await;
    let nobody: Anchor = "00000000-0000-0000-0000-000000000000".parse().unwrap();
    assert_eq!(code(directory.state(&nobody).await), "not_found");
    for hostile in [
        "*".to_owned(),
        format!("{}*", user.name),
        format!("{})(|(objectClass=*", user.upn),
        format!("{}\0", user.upn),
        format!("{})(&", user.upn),
        r"\2a".to_owned(),
        "\u{202e}user".to_owned(),
        "x".repeat(100_000),
        String::new(),
    ] {
        let short: String = hostile.chars().take(60).collect();
        assert_eq!(
            code(directory.find(&hostile).await),
            "not_found",
            "{short:?}"
        );
    }
}

#[tokio::test]
async fn s28_an_empty_password_is_refused_and_not_counted() {
    let Some(samba) = samba() else { return };
    let directory = directory(samba_settings(samba));
    let user = samba.user("OU=People");
    let id = anchor(&directory, &user).await;
    let empty = password("");
    for _ in 0..4 {
        assert_eq!(directory.verify(&id, &empty).await, Ok(Verdict::Wrong));
        assert_eq!(
            code(directory.change(&id, &empty, &password(NEW)).await),
            "wrong_password"
        );
    }
    assert_eq!(
        code(directory.reset(&id, &empty, false).await),
        "policy/too_short"
    );
    let old = password(&user.password);
    assert_eq!(
        code(directory.change(&id, &old, &empty).await),
        "policy/too_short"
    );
    assert!(!directory.state(&id).await.unwrap().locked);
    assert!(samba.may_sign_in(&user, &user.password));
}

#[tokio::test]
async fn s29_hostile_passwords_are_set_as_they_are_or_refused() {
    let Some(samba) = samba() else { return };
    let directory = directory(samba_settings(samba));
    let user = samba.user("OU=People");
    let id = anchor(&directory, &user).await;
    for odd in [
        "quote\"Quote'1\"\"",
        "line\r\nBreak-1",
        "\u{202e}ltr-Rtl-1-\u{200f}אבג",
        "🦀🦀🦀-Emoji-1",
        "Tab\tand\u{1b}[2J-1",
        "dn: CN=x,DC=y-1A",
        "${jndi:ldap://x}-1A",
        "  leading and trailing 1A  ",
        "\u{feff}Bom-at-the-start-1",
    ] {
        let new = password(odd);
        directory.reset(&id, &new, false).await.unwrap();
        assert_eq!(
            directory.verify(&id, &new).await,
            Ok(Verdict::Right),
            "{odd:?}"
        );
    }
    let longest = format!("Aa1-{}", "ü".repeat(252));
    directory
        .reset(&id, &password(&longest), false)
        .await
        .unwrap();
    assert_eq!(
        directory.verify(&id, &password(&longest)).await,
        Ok(Verdict::Right)
    );
    for refused in ["Aa1-".repeat(64 * 1024), "Nul\0-Inside-1".into()] {
        assert_eq!(
            code(directory.reset(&id, &password(&refused), false).await),
            "policy/unspecified"
        );
        assert_eq!(
            directory.verify(&id, &password(&refused)).await,
            Ok(Verdict::Wrong)
        );
    }
    assert_eq!(
        directory.verify(&id, &password(&longest)).await,
        Ok(Verdict::Right)
    );
}

#[tokio::test]
async fn s30_protected_accounts_are_refused_before_anything_is_written() {
    let Some(samba) = samba() else { return };
    let directory = directory(samba_settings(samba));
    let direct = samba.user("OU=People");
    let nested = samba.user("OU=People");
    let operator = samba.user("OU=People");
    let marked = samba.user("OU=People");
    let admins = format!("CN=Domain Admins,CN=Users,{}", Samba::BASE);
    samba.add_member(&admins, &direct.dn);
    let group = samba.group("nested-in-admins", &[&nested.dn]);
    samba.add_member(&admins, &group);
    let operators = format!("CN=Backup Operators,CN=Builtin,{}", Samba::BASE);
    samba.add_member(&operators, &operator.dn);
    samba.protect(&marked);
    for user in [&direct, &nested, &operator, &marked] {
        let id = anchor(&directory, user).await;
        // The service account itself could: Samba takes no rights away from those in groups.
        assert_eq!(
            directory.reset(&id, &password(NEW), false).await,
            Err(Failure::Protected)
        );
        assert_eq!(directory.unlock(&id).await, Err(Failure::Protected));
        assert!(samba.may_sign_in(user, &user.password), "{}", user.name);
        assert!(directory.state(&id).await.unwrap().protected);
        assert!(directory.rights(&id).await.unwrap().protected);
        // Who knows the password may change it.
        let old = password(&user.password);
        directory.change(&id, &old, &password(NEW)).await.unwrap();
        assert!(samba.may_sign_in(user, NEW), "{}", user.name);
    }
    let usual = samba.user("OU=People");
    let id = anchor(&directory, &usual).await;
    assert!(!directory.state(&id).await.unwrap().protected);
}
