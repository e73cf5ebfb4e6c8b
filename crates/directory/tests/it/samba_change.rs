use latchkey_directory::{Failure, Verdict};

use crate::support::{anchor, code, directory, password, samba, samba_settings};

const NEW: &str = "Second-Pass-2!";

#[tokio::test]
async fn a_change_takes_the_old_password() {
    let Some(samba) = samba() else { return };
    let directory = directory(samba_settings(samba));
    let user = samba.user("OU=People");
    let id = anchor(&directory, &user).await;
    let old = password(&user.password);
    let wrong = directory
        .change(&id, &password("Wrong-Old-1!"), &password(NEW))
        .await;
    assert_eq!(wrong, Err(Failure::WrongPassword));
    assert!(samba.may_sign_in(&user, &user.password));
    let done = directory.change(&id, &old, &password(NEW)).await.unwrap();
    assert_eq!(done.history_enforced, Some(true));
    assert!(samba.may_sign_in(&user, NEW));
    assert!(!samba.may_sign_in(&user, &user.password));
}

#[tokio::test]
async fn a_change_obeys_the_policy() {
    let Some(samba) = samba() else { return };
    let directory = directory(samba_settings(samba));
    let user = samba.user("OU=People");
    let id = anchor(&directory, &user).await;
    let old = password(&user.password);
    let attempt = async |new: &str| code(directory.change(&id, &old, &password(new)).await);
    assert_eq!(attempt("Aa1!").await, "policy/too_short");
    assert_eq!(attempt("onlylowercase").await, "policy/not_complex");
    assert_eq!(attempt(&user.password).await, "policy/used_before");
    directory.change(&id, &old, &password(NEW)).await.unwrap();
    let back = directory.change(&id, &password(NEW), &old).await;
    assert_eq!(code(back), "policy/used_before");
}

#[tokio::test]
async fn a_password_that_is_too_young_stays() {
    let Some(samba) = samba() else { return };
    let directory = directory(samba_settings(samba));
    let user = samba.user("OU=People");
    let id = anchor(&directory, &user).await;
    // One day.
    samba.fine_grained_policy(&user, &[("msDS-MinimumPasswordAge", "-864000000000")]);
    let state = directory.state(&id).await.unwrap();
    let from = state.policy.may_change_from.unwrap();
    let set = state.password_set_at.unwrap();
    assert_eq!(from.since(set).as_secs(), 86_400);
    let old = password(&user.password);
    let young = directory.change(&id, &old, &password(NEW)).await;
    assert_eq!(code(young), "policy/too_young");
    // An administrator's reset does not wait.
    directory.reset(&id, &password(NEW), false).await.unwrap();
}

#[tokio::test]
async fn a_locked_account_changes_nothing_and_wrong_old_passwords_lock() {
    let Some(samba) = samba() else { return };
    let directory = directory(samba_settings(samba));
    let user = samba.user("OU=People");
    let id = anchor(&directory, &user).await;
    for _ in 0..3 {
        let wrong = directory
            .change(&id, &password("Wrong-Old-1!"), &password(NEW))
            .await;
        assert_eq!(wrong, Err(Failure::WrongPassword));
    }
    assert!(directory.state(&id).await.unwrap().locked);
    let old = password(&user.password);
    assert_eq!(
        directory.change(&id, &old, &password(NEW)).await,
        Err(Failure::Locked)
    );
    directory.unlock(&id).await.unwrap();
    assert!(samba.may_sign_in(&user, &user.password));
}

#[tokio::test]
async fn a_disabled_and_an_expired_account_change_nothing() {
    let Some(samba) = samba() else { return };
    let directory = directory(samba_settings(samba));
    let user = samba.user("OU=People");
    let id = anchor(&directory, &user).await;
    let old = password(&user.password);
    samba.disable(&user);
    assert_eq!(
        directory.change(&id, &old, &password(NEW)).await,
        Err(Failure::Disabled)
    );
    let user = samba.user("OU=People");
    let id = anchor(&directory, &user).await;
    samba.expire(&user);
    assert_eq!(
        directory.change(&id, &old, &password(NEW)).await,
        Err(Failure::AccountExpired)
    );
}

#[tokio::test]
async fn who_must_change_can() {
    let Some(samba) = samba() else { return };
    let directory = directory(samba_settings(samba));
    let user = samba.user("OU=People");
    let id = anchor(&directory, &user).await;
    samba.must_change(&user);
    assert!(directory.state(&id).await.unwrap().must_change);
    let old = password(&user.password);
    directory.change(&id, &old, &password(NEW)).await.unwrap();
    assert!(!directory.state(&id).await.unwrap().must_change);
    assert_eq!(
        directory.verify(&id, &password(NEW)).await,
        Ok(Verdict::Right)
    );
}

#[tokio::test]
async fn an_unlock_ends_a_lock_by_real_sign_ins() {
    let Some(samba) = samba() else { return };
    let directory = directory(samba_settings(samba));
    let user = samba.user("OU=People");
    let id = anchor(&directory, &user).await;
    assert!(!directory.unlock(&id).await.unwrap().was_locked);
    samba.lock(&user);
    assert!(!samba.may_sign_in(&user, &user.password));
    assert!(directory.unlock(&id).await.unwrap().was_locked);
    assert!(!directory.state(&id).await.unwrap().locked);
    assert!(samba.may_sign_in(&user, &user.password));
}
