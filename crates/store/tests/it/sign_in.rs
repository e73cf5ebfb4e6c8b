//! What signing in keeps: flows, sessions, networks, providers.

use latchkey_store::{
    Db, StoreError, accounts, federation, networks, sign_in_flows, sign_in_sessions,
};
use latchkey_types::{FederationId, SignInFlowId, SignInSessionId, UserId};

use crate::support::{
    ADA, CONTOSO, FABRIKAM, FLOW, Fresh, NOW, SIGNED_IN, ada, at, flow, id, new_sign_in, on_both,
    read, signed_in, tenants, user, write,
};

on_both! {
    a_flow_is_found_by_its_cookie_and_moves_by_its_version
    a_flow_that_ended_does_not_move
    flows_are_purged_after_their_time
    a_session_is_found_by_its_cookie
    a_session_whose_owner_was_deleted_is_gone
    a_session_is_touched_once_a_minute
    a_renewal_replaces_the_cookie_once
    one_factor_more_does_not_take_the_second_away
    the_session_in_which_a_password_was_changed_outlives_the_others
    whoever_holds_an_account_sees_what_the_one_before_did_to_it
    putting_off_lasts_as_long_as_the_session
    a_session_is_ended_once_and_by_its_owner_only
    all_sessions_but_one_are_ended
    sessions_are_listed_newest_first_without_those_that_are_over
    sessions_are_purged_with_what_was_pending_in_them
    a_network_is_familiar_since_the_last_right_sign_in
    networks_are_purged_the_oldest_first
    a_tenant_has_one_provider
    an_identity_is_bound_once_each_way
}

async fn a_flow_is_found_by_its_cookie_and_moves_by_its_version(Fresh { db, .. }: Fresh) {
    ada(&db).await;
    flow(&db).await;
    let found = read!(db, |tx| sign_in_flows::get_by_cookie(tx, b"flow").await).unwrap();
    assert_eq!(
        (found.tenant, found.id, found.subject, found.version),
        (CONTOSO, FLOW, ADA, 1)
    );
    assert_eq!(
        (
            found.state.as_str(),
            found.name.as_slice(),
            found.secret.as_deref()
        ),
        (
            "{}",
            b"sealed name".as_slice(),
            Some(b"sealed secret".as_slice())
        )
    );
    assert_eq!(
        (found.created_at, found.expires_at, found.ended_at),
        (NOW, at(900), None)
    );
    assert!(!format!("{found:?}").contains("115"), "a secret is shown");

    let step = sign_in_flows::Advance {
        state: "two",
        cookie_tag: Some(b"new"),
        secret: None,
        ended_at: None,
    };
    assert!(!write!(db, |tx| sign_in_flows::advance(
        tx, CONTOSO, FLOW, 2, step
    )
    .await));
    assert!(write!(db, |tx| sign_in_flows::advance(
        tx, CONTOSO, FLOW, 1, step
    )
    .await));
    assert_eq!(
        read!(db, |tx| sign_in_flows::get_by_cookie(tx, b"flow").await),
        None
    );
    let found = read!(db, |tx| sign_in_flows::get_by_cookie(tx, b"new").await).unwrap();
    assert_eq!(
        (found.version, found.state.as_str(), found.secret),
        (2, "two", None)
    );
    // Without a new cookie the old one stays.
    let step = sign_in_flows::Advance {
        state: "three",
        cookie_tag: None,
        secret: Some(b"another"),
        ended_at: None,
    };
    assert!(write!(db, |tx| sign_in_flows::advance(
        tx, CONTOSO, FLOW, 2, step
    )
    .await));
    let found = read!(db, |tx| sign_in_flows::get_by_cookie(tx, b"new").await).unwrap();
    assert_eq!(
        (found.version, found.state.as_str(), found.secret.as_deref()),
        (3, "three", Some(b"another".as_slice()))
    );
    assert!(write!(db, |tx| sign_in_flows::claim(tx, CONTOSO, FLOW, 3).await));
    assert!(!write!(db, |tx| sign_in_flows::claim(tx, CONTOSO, FLOW, 3).await));
}

async fn a_flow_that_ended_does_not_move(Fresh { db, .. }: Fresh) {
    ada(&db).await;
    flow(&db).await;
    let mut step = sign_in_flows::Advance {
        state: "done",
        cookie_tag: None,
        secret: None,
        ended_at: Some(at(5)),
    };
    assert!(write!(db, |tx| sign_in_flows::advance(
        tx, CONTOSO, FLOW, 1, step
    )
    .await));
    step.ended_at = None;
    assert!(!write!(db, |tx| sign_in_flows::advance(
        tx, CONTOSO, FLOW, 2, step
    )
    .await));
    assert!(!write!(db, |tx| sign_in_flows::claim(tx, CONTOSO, FLOW, 2).await));
    let found = read!(db, |tx| sign_in_flows::get_by_cookie(tx, b"flow").await).unwrap();
    assert_eq!((found.version, found.ended_at), (2, Some(at(5))));
}

async fn flows_are_purged_after_their_time(Fresh { db, .. }: Fresh) {
    ada(&db).await;
    flow(&db).await;
    let later = sign_in_flows::NewFlow {
        id: SignInFlowId(id(2)),
        // Nobody: a passkey will tell who it is.
        subject: UserId(id(999)),
        cookie_tag: b"later",
        state: "{}",
        name: b"",
        secret: None,
        created_at: NOW,
        expires_at: at(901),
    };
    write!(db, |tx| sign_in_flows::insert(tx, FABRIKAM, &later).await);
    for (before, limit, deleted) in [(900, 9, 0), (902, 1, 1), (902, 9, 1), (902, 9, 0)] {
        assert_eq!(
            write!(db, |tx| sign_in_flows::purge(tx, at(before), limit).await),
            deleted
        );
    }
}

async fn a_session_is_found_by_its_cookie(Fresh { db, .. }: Fresh) {
    ada(&db).await;
    write!(db, |tx| accounts::end_sessions(tx, CONTOSO, ADA, at(-7))
        .await);
    signed_in(&db).await;
    let session = read!(db, |tx| sign_in_sessions::get_by_cookie(tx, b"signed in")
        .await)
    .unwrap();
    assert_eq!(
        (session.tenant, session.id, session.user),
        (CONTOSO, SIGNED_IN, ADA)
    );
    assert_eq!(session.factors, ["password"]);
    assert_eq!(
        (session.created_at, session.proven_at, session.used_at),
        (NOW, NOW, NOW)
    );
    assert_eq!((session.proven_twice_at, session.ended_at), (None, None));
    assert_eq!(
        (session.expires_at, session.valid_from),
        (at(12 * 3600), at(-7))
    );
    assert!(!session.put_off);
    assert_eq!(
        (
            session.client_address.as_str(),
            session.client_class.as_str()
        ),
        ("192.0.2.1", "Firefox on Linux")
    );
    for stranger in [b"other".as_slice(), b""] {
        assert!(read!(db, |tx| sign_in_sessions::get_by_cookie(tx, stranger).await).is_none());
    }
}

async fn a_session_whose_owner_was_deleted_is_gone(Fresh { db, .. }: Fresh) {
    ada(&db).await;
    signed_in(&db).await;
    assert!(write!(db, |tx| accounts::delete(tx, CONTOSO, ADA).await));
    assert!(
        read!(db, |tx| sign_in_sessions::get_by_cookie(tx, b"signed in")
            .await)
        .is_none()
    );
    assert_eq!(
        write!(db, |tx| sign_in_sessions::purge(tx, at(1_000_000), 9).await),
        0
    );
}

async fn a_session_is_touched_once_a_minute(Fresh { db, .. }: Fresh) {
    ada(&db).await;
    signed_in(&db).await;
    for (seconds, moves) in [(59, false), (60, true), (119, false), (120, true)] {
        let session = read!(db, |tx| sign_in_sessions::get_by_cookie(tx, b"signed in")
            .await)
        .unwrap();
        assert_eq!(
            sign_in_sessions::is_worth_a_touch(session.used_at, at(seconds)),
            moves
        );
        let moved = write!(db, |tx| sign_in_sessions::touch(
            tx,
            CONTOSO,
            SIGNED_IN,
            at(seconds)
        )
        .await);
        assert_eq!(moved, moves, "after {seconds} s");
    }
    let session = read!(db, |tx| sign_in_sessions::get_by_cookie(tx, b"signed in")
        .await)
    .unwrap();
    assert_eq!(session.used_at, at(120));
    // A clock that went back does not make it look older.
    assert!(!write!(db, |tx| sign_in_sessions::touch(
        tx, CONTOSO, SIGNED_IN, NOW
    )
    .await));
    write!(db, |tx| sign_in_sessions::end(
        tx,
        CONTOSO,
        ADA,
        SIGNED_IN,
        at(130)
    )
    .await);
    assert!(!write!(db, |tx| sign_in_sessions::touch(
        tx,
        CONTOSO,
        SIGNED_IN,
        at(999)
    )
    .await));
}

async fn a_renewal_replaces_the_cookie_once(Fresh { db, .. }: Fresh) {
    ada(&db).await;
    signed_in(&db).await;
    let renewal = sign_in_sessions::Renewal {
        old_tag: b"signed in",
        new_tag: b"renewed",
        factors: &["password", "authenticator"],
        is_twice: true,
    };
    assert!(write!(db, |tx| sign_in_sessions::renew(
        tx,
        CONTOSO,
        SIGNED_IN,
        renewal,
        at(700)
    )
    .await));
    assert!(!write!(db, |tx| sign_in_sessions::renew(
        tx,
        CONTOSO,
        SIGNED_IN,
        renewal,
        at(701)
    )
    .await));
    assert!(
        read!(db, |tx| sign_in_sessions::get_by_cookie(tx, b"signed in")
            .await)
        .is_none()
    );
    let session = read!(db, |tx| sign_in_sessions::get_by_cookie(tx, b"renewed")
        .await)
    .unwrap();
    assert_eq!(session.factors, ["password", "authenticator"]);
    assert_eq!(
        (session.proven_at, session.proven_twice_at, session.used_at),
        (at(700), Some(at(700)), at(700))
    );
    // It does not live longer for that.
    assert_eq!(
        (session.created_at, session.expires_at),
        (NOW, at(12 * 3600))
    );

    let another = sign_in_sessions::Renewal {
        old_tag: b"renewed",
        new_tag: b"again",
        ..renewal
    };
    write!(db, |tx| sign_in_sessions::end(
        tx,
        CONTOSO,
        ADA,
        SIGNED_IN,
        at(800)
    )
    .await);
    assert!(!write!(db, |tx| sign_in_sessions::renew(
        tx,
        CONTOSO,
        SIGNED_IN,
        another,
        at(801)
    )
    .await));
}

async fn one_factor_more_does_not_take_the_second_away(Fresh { db, .. }: Fresh) {
    ada(&db).await;
    let new = sign_in_sessions::NewSession {
        factors: &["passkey"],
        is_twice: true,
        ..new_sign_in(SIGNED_IN, b"signed in")
    };
    write!(db, |tx| sign_in_sessions::insert(tx, CONTOSO, &new).await);
    let renewal = sign_in_sessions::Renewal {
        old_tag: b"signed in",
        new_tag: b"renewed",
        factors: &["password", "passkey"],
        is_twice: false,
    };
    write!(db, |tx| sign_in_sessions::renew(
        tx,
        CONTOSO,
        SIGNED_IN,
        renewal,
        at(700)
    )
    .await);
    let session = read!(db, |tx| sign_in_sessions::get_by_cookie(tx, b"renewed")
        .await)
    .unwrap();
    assert_eq!(
        (session.proven_at, session.proven_twice_at),
        (at(700), Some(NOW))
    );
}

async fn whoever_holds_an_account_sees_what_the_one_before_did_to_it(Fresh { db, .. }: Fresh) {
    ada(&db).await;
    let hold = async |db: &Db| write!(db, |tx| accounts::hold(tx, CONTOSO, ADA).await);
    assert_eq!(hold(&db).await, Some(1));
    assert_eq!(
        write!(db, |tx| accounts::hold(tx, FABRIKAM, ADA).await),
        None
    );
    let waiting = write!(db, |tx| {
        accounts::set_password(tx, CONTOSO, ADA, 1, "hash 2", at(50), 9).await?;
        // On PostgreSQL it begins while this is not committed.
        let (db, (begun, is_begun)) = (db.clone(), tokio::sync::oneshot::channel());
        let waiting = tokio::spawn(async move {
            begun.send(()).unwrap();
            write!(db, |tx| accounts::hold(tx, CONTOSO, ADA).await)
        });
        is_begun.await.unwrap();
        Ok::<_, StoreError>(waiting)
    });
    assert_eq!(waiting.await.unwrap(), Some(2));
}

async fn the_session_in_which_a_password_was_changed_outlives_the_others(Fresh { db, .. }: Fresh) {
    ada(&db).await;
    signed_in(&db).await;
    let other = new_sign_in(SignInSessionId(id(2)), b"other");
    write!(db, |tx| {
        sign_in_sessions::insert(tx, CONTOSO, &other).await?;
        accounts::set_password(tx, CONTOSO, ADA, 1, "hash 2", at(50), 9).await
    });
    let outlive = async |old: &'static [u8], new: &'static [u8], seconds| {
        write!(db, |tx| sign_in_sessions::outlive(
            tx,
            CONTOSO,
            SIGNED_IN,
            old,
            new,
            at(seconds)
        )
        .await)
    };
    assert!(!outlive(b"wrong", b"new", 50).await);
    assert!(outlive(b"signed in", b"new", 50).await);
    assert!(!outlive(b"signed in", b"newer", 50).await);
    let find =
        async |tag: &'static [u8]| read!(db, |tx| sign_in_sessions::get_by_cookie(tx, tag).await);
    assert_eq!(find(b"signed in").await, None);
    let session = find(b"new").await.unwrap();
    assert_eq!((session.created_at, session.valid_from), (at(50), at(50)));
    assert_eq!(session.used_at, at(50));
    // Nothing was proven that a fresh sign-in proves, and its end stays.
    assert_eq!((session.proven_at, session.proven_twice_at), (NOW, None));
    assert_eq!(session.expires_at, at(12 * 3600));
    let other = find(b"other").await.unwrap();
    assert_eq!((other.created_at, other.valid_from), (NOW, at(50)));
    assert!(write!(db, |tx| sign_in_sessions::end(
        tx,
        CONTOSO,
        ADA,
        SIGNED_IN,
        at(51)
    )
    .await));
    assert!(!outlive(b"new", b"newer", 52).await);
}

async fn putting_off_lasts_as_long_as_the_session(Fresh { db, .. }: Fresh) {
    ada(&db).await;
    signed_in(&db).await;
    let other = new_sign_in(SignInSessionId(id(2)), b"other browser");
    write!(db, |tx| sign_in_sessions::insert(tx, CONTOSO, &other).await);
    assert!(write!(db, |tx| sign_in_sessions::put_off(
        tx, CONTOSO, SIGNED_IN
    )
    .await));
    for (cookie, put_off) in [(b"signed in".as_slice(), true), (b"other browser", false)] {
        let session = read!(db, |tx| sign_in_sessions::get_by_cookie(tx, cookie).await).unwrap();
        assert_eq!(session.put_off, put_off);
    }
    write!(db, |tx| sign_in_sessions::end(
        tx, CONTOSO, ADA, other.id, NOW
    )
    .await);
    assert!(!write!(db, |tx| sign_in_sessions::put_off(
        tx, CONTOSO, other.id
    )
    .await));
}

async fn a_session_is_ended_once_and_by_its_owner_only(Fresh { db, .. }: Fresh) {
    ada(&db).await;
    signed_in(&db).await;
    let bob = user(2, "Bob");
    write!(db, |tx| accounts::insert(tx, &bob, None).await);
    assert!(!write!(db, |tx| sign_in_sessions::end(
        tx, CONTOSO, bob.id, SIGNED_IN, NOW
    )
    .await));
    for (seconds, ended) in [(5, true), (6, false)] {
        let did = write!(db, |tx| sign_in_sessions::end(
            tx,
            CONTOSO,
            ADA,
            SIGNED_IN,
            at(seconds)
        )
        .await);
        assert_eq!(did, ended);
    }
    let session = read!(db, |tx| sign_in_sessions::get_by_cookie(tx, b"signed in")
        .await)
    .unwrap();
    assert_eq!(session.ended_at, Some(at(5)));
}

async fn all_sessions_but_one_are_ended(Fresh { db, .. }: Fresh) {
    ada(&db).await;
    signed_in(&db).await;
    let bob = user(2, "Bob");
    write!(db, |tx| {
        accounts::insert(tx, &bob, None).await?;
        for (number, cookie) in [(2, b"two".as_slice()), (3, b"three")] {
            let new = new_sign_in(SignInSessionId(id(number)), cookie);
            sign_in_sessions::insert(tx, CONTOSO, &new).await?;
        }
        let bobs = sign_in_sessions::NewSession {
            user: bob.id,
            ..new_sign_in(SignInSessionId(id(4)), b"four")
        };
        sign_in_sessions::insert(tx, CONTOSO, &bobs).await
    });
    let end = async |keep| {
        write!(db, |tx| sign_in_sessions::end_others(
            tx,
            CONTOSO,
            ADA,
            keep,
            at(5)
        )
        .await)
    };
    assert_eq!(end(Some(SIGNED_IN)).await, 2);
    assert_eq!(end(Some(SIGNED_IN)).await, 0);
    assert_eq!(end(None).await, 1);
    let bobs = read!(db, |tx| sign_in_sessions::get_by_cookie(tx, b"four").await).unwrap();
    assert_eq!(bobs.ended_at, None);
}

async fn sessions_are_listed_newest_first_without_those_that_are_over(Fresh { db, .. }: Fresh) {
    ada(&db).await;
    write!(db, |tx| {
        for (number, cookie, begins, expires) in [
            (1, b"oldest".as_slice(), 0, 100),
            (2, b"newest", 20, 101),
            (3, b"ended", 10, 200),
        ] {
            let new = sign_in_sessions::NewSession {
                created_at: at(begins),
                expires_at: at(expires),
                ..new_sign_in(SignInSessionId(id(number)), cookie)
            };
            sign_in_sessions::insert(tx, CONTOSO, &new).await?;
        }
        sign_in_sessions::end(tx, CONTOSO, ADA, SignInSessionId(id(3)), at(30)).await
    });
    for (seconds, expected) in [(99, vec![2, 1]), (100, vec![2]), (101, vec![])] {
        let listed = read!(db, |tx| sign_in_sessions::list_for_user(
            tx,
            CONTOSO,
            ADA,
            at(seconds)
        )
        .await);
        let listed: Vec<_> = listed.iter().map(|session| session.id.0).collect();
        assert_eq!(listed, expected.into_iter().map(id).collect::<Vec<_>>());
    }
}

async fn sessions_are_purged_with_what_was_pending_in_them(Fresh { db, .. }: Fresh) {
    ada(&db).await;
    signed_in(&db).await;
    crate::security_info::pending(&db, 1, b"tag", at(900)).await;
    let end = at(12 * 3600);
    assert_eq!(
        write!(db, |tx| sign_in_sessions::purge(tx, end, 9).await),
        0
    );
    let later = latchkey_types::Timestamp(end.0 + 1);
    assert_eq!(
        write!(db, |tx| sign_in_sessions::purge(tx, later, 9).await),
        1
    );
    assert_eq!(
        write!(db, |tx| latchkey_store::pending::purge(tx, later, 9).await),
        0
    );
}

async fn a_network_is_familiar_since_the_last_right_sign_in(Fresh { db, .. }: Fresh) {
    ada(&db).await;
    let familiar = async |network: &'static [u8], since| {
        read!(db, |tx| networks::is_familiar(
            tx,
            CONTOSO,
            ADA,
            network,
            at(since)
        )
        .await)
    };
    assert!(!familiar(b"home", 0).await);
    // A clock that went back does not make it look older.
    for seconds in [0, 50, 40] {
        write!(db, |tx| networks::remember(
            tx,
            CONTOSO,
            ADA,
            b"home",
            at(seconds)
        )
        .await);
    }
    assert!(familiar(b"home", 50).await);
    assert!(!familiar(b"home", 51).await);
    assert!(!familiar(b"cafe", 0).await);
    let decoy = UserId(id(999));
    assert!(!read!(db, |tx| networks::is_familiar(
        tx, CONTOSO, decoy, b"home", NOW
    )
    .await));
}

async fn networks_are_purged_the_oldest_first(Fresh { db, .. }: Fresh) {
    ada(&db).await;
    write!(db, |tx| {
        for (network, seconds) in [(b"b".as_slice(), 1), (b"a", 2), (b"c", 3)] {
            networks::remember(tx, CONTOSO, ADA, network, at(seconds)).await?;
        }
        Ok::<_, latchkey_store::StoreError>(())
    });
    assert_eq!(write!(db, |tx| networks::purge(tx, at(3), 1).await), 1);
    let left = async |network: &'static [u8]| {
        read!(db, |tx| networks::is_familiar(
            tx, CONTOSO, ADA, network, NOW
        )
        .await)
    };
    assert!(!left(b"b").await && left(b"a").await);
    assert_eq!(write!(db, |tx| networks::purge(tx, at(3), 9).await), 1);
    assert!(left(b"c").await);
}

async fn a_tenant_has_one_provider(Fresh { db, .. }: Fresh) {
    tenants(&db).await;
    let mut provider = federation::Federation {
        id: FederationId(id(1)),
        issuer: "https://login.contoso.com".into(),
        client_id: "latchkey".into(),
        secret: b"sealed".to_vec(),
        name_claim: "upn".into(),
        created_at: NOW,
    };
    let get = async || read!(db, |tx| federation::get(tx, CONTOSO).await);
    assert!(get().await.is_none());
    write!(db, |tx| federation::set(tx, CONTOSO, &provider).await);
    assert!(get().await == Some(provider.clone()));
    assert!(
        !format!("{provider:?}").contains("115"),
        "a secret is shown"
    );
    provider.id = FederationId(id(2));
    provider.issuer = "https://login.example.com".into();
    provider.client_id = "other".into();
    provider.secret = b"another".to_vec();
    provider.name_claim = "email".into();
    provider.created_at = at(1);
    write!(db, |tx| federation::set(tx, CONTOSO, &provider).await);
    assert!(get().await == Some(provider));
    assert!(write!(db, |tx| federation::delete(tx, CONTOSO).await));
    assert!(!write!(db, |tx| federation::delete(tx, CONTOSO).await));
    assert!(get().await.is_none());
}

async fn an_identity_is_bound_once_each_way(Fresh { db, .. }: Fresh) {
    ada(&db).await;
    let bob = user(2, "Bob");
    write!(db, |tx| accounts::insert(tx, &bob, None).await);
    let (here, there) = ("https://login.contoso.com", "https://login.example.com");
    let bind = async |issuer: &'static str, subject: &'static str, user| {
        write!(db, |tx| federation::bind(
            tx, CONTOSO, issuer, subject, user, NOW
        )
        .await)
    };
    assert!(bind(here, "a", ADA).await);
    // The subject is Ada's, and Ada is that subject.
    assert!(!bind(here, "a", bob.id).await);
    assert!(!bind(here, "b", ADA).await);
    assert!(!bind(here, "a", ADA).await);
    assert!(bind(there, "a", bob.id).await);
    assert!(!bind(here, "c", UserId(id(999))).await);
    let user_of = async |issuer: &'static str, subject: &'static str| {
        read!(db, |tx| federation::user_of(tx, CONTOSO, issuer, subject)
            .await)
    };
    assert_eq!(user_of(here, "a").await, Some(ADA));
    assert_eq!(user_of(there, "a").await, Some(bob.id));
    // Subjects are compared exactly.
    assert_eq!(user_of(here, "A").await, None);
    assert_eq!(user_of(here, "b").await, None);
    write!(db, |tx| accounts::delete(tx, CONTOSO, ADA).await);
    assert_eq!(user_of(here, "a").await, None);
}
