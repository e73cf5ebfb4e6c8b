use latchkey_directory::Verdict;

use crate::support::{anchor, directory, password, samba, samba_settings};

#[tokio::test]
async fn every_sign_in_has_its_verdict() {
    let Some(samba) = samba() else { return };
    let directory = directory(samba_settings(samba));
    let right = password("Initial-Pass-1!");
    let wrong = password("Wrong-Wrong-1!");

    let user = samba.user("OU=People");
    let id = anchor(&directory, &user).await;
    assert_eq!(directory.verify(&id, &right).await, Ok(Verdict::Right));
    assert_eq!(directory.verify(&id, &wrong).await, Ok(Verdict::Wrong));
    samba.must_change(&user);
    assert_eq!(
        directory.verify(&id, &right).await,
        Ok(Verdict::RightButMustChange)
    );
    assert_eq!(directory.verify(&id, &wrong).await, Ok(Verdict::Wrong));

    let user = samba.user("OU=People");
    let id = anchor(&directory, &user).await;
    samba.disable(&user);
    assert_eq!(directory.verify(&id, &right).await, Ok(Verdict::Disabled));

    let user = samba.user("OU=People");
    let id = anchor(&directory, &user).await;
    samba.expire(&user);
    assert_eq!(
        directory.verify(&id, &right).await,
        Ok(Verdict::AccountExpired)
    );

    let user = samba.user("OU=People");
    let id = anchor(&directory, &user).await;
    for _ in 0..3 {
        assert_eq!(directory.verify(&id, &wrong).await, Ok(Verdict::Wrong));
    }
    assert_eq!(directory.verify(&id, &wrong).await, Ok(Verdict::Locked));
    assert_eq!(directory.verify(&id, &right).await, Ok(Verdict::Locked));
}

#[tokio::test]
async fn a_password_that_is_too_old_is_right_but_expired() {
    let Some(samba) = samba() else { return };
    let directory = directory(samba_settings(samba));
    let user = samba.user("OU=People");
    let id = anchor(&directory, &user).await;
    // Two days; Samba takes one day for "never".
    samba.fine_grained_policy(&user, &[("msDS-MaximumPasswordAge", "-1728000000000")]);
    samba.age(&user, 200_000);
    let right = password(&user.password);
    assert_eq!(
        directory.verify(&id, &right).await,
        Ok(Verdict::RightButExpired)
    );
    let state = directory.state(&id).await.unwrap();
    assert!(state.password_expired && !state.must_change);
    directory
        .change(&id, &right, &password("Second-Pass-2!"))
        .await
        .unwrap();
    assert!(!directory.state(&id).await.unwrap().password_expired);
}
