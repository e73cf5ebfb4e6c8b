//! What signing in keeps: flows, sessions, familiar networks.

use latchkey_core::model::Role;
use latchkey_store::sign_in_sessions::{self, NewSession, Renewal, SessionRow};
use latchkey_store::{StoreError, accounts, networks, sign_in_flows, tenants};
use latchkey_types::{SignInFlowId, SignInSessionId, Timestamp, UserId};

use crate::support::{
    ADA, CONTOSO, FABRIKAM, Fresh, NOW, SIGNED_IN, ada, at, eve, id, just_after, just_before,
    on_both, one_winner, read, sign_in_session, signed_in, user, write,
};

on_both! {
    a_flow_is_found_by_its_cookie_and_moves_by_its_version
    a_step_forgets_the_secret_that_it_does_not_give_again
    a_flow_that_ended_does_not_move
    one_of_many_claims_a_flow
    one_of_many_takes_a_step_of_a_flow
    flows_are_purged_after_their_time_the_oldest_first
    a_session_comes_back_as_it_was_put
    a_session_is_found_with_its_owner_and_their_tenant_in_one_statement
    a_session_is_touched_once_a_minute
    what_is_proven_once_more_replaces_the_cookie
    one_of_many_renews_a_session
    one_of_many_touches_a_session
    the_session_in_which_a_password_was_changed_outlives_the_others
    one_of_many_outlives_a_change
    registering_is_put_off_in_one_session
    a_session_is_ended_once_and_by_its_owner
    all_sessions_but_one_are_ended_or_all
    the_sessions_of_a_user_are_listed_the_newest_first
    a_session_knows_since_when_sessions_of_its_account_are_good
    sessions_are_purged_after_their_time_the_oldest_first
    a_network_is_familiar_since_it_was_last_used
    networks_are_forgotten_after_their_time_the_oldest_first
    a_deleted_user_leaves_no_session_and_no_network
    another_tenant_finds_and_changes_nothing
}

const FLOW: SignInFlowId = SignInFlowId(id(1));

fn flow(id: SignInFlowId, cookie_tag: &[u8]) -> sign_in_flows::NewFlow<'_> {
    sign_in_flows::NewFlow {
        id,
        subject: ADA,
        cookie_tag,
        state: "one",
        name: b"sealed name",
        secret: Some(b"sealed secret"),
        created_at: NOW,
        expires_at: at(900),
    }
}

async fn insert_flow(db: &latchkey_store::Db) {
    crate::support::tenants(db).await;
    let new = flow(FLOW, b"cookie");
    write!(db, |tx| sign_in_flows::insert(tx, CONTOSO, &new).await);
}

const STEP: sign_in_flows::Advance<'static> = sign_in_flows::Advance {
    state: "two",
    cookie_tag: None,
    secret: None,
    ended_at: None,
};

async fn a_flow_is_found_by_its_cookie_and_moves_by_its_version(Fresh { db, .. }: Fresh) {
    // Ada is not there: the subject may be a decoy's, or nobody's.
    insert_flow(&db).await;
    let by_cookie = async |tag: &[u8]| read!(db, |tx| sign_in_flows::get_by_cookie(tx, tag).await);
    let found = by_cookie(b"cookie").await;
    let expected = sign_in_flows::FlowRow {
        tenant: CONTOSO,
        id: FLOW,
        subject: ADA,
        version: 1,
        state: "one".into(),
        name: b"sealed name".to_vec(),
        secret: Some(b"sealed secret".to_vec()),
        created_at: NOW,
        expires_at: at(900),
        ended_at: None,
    };
    assert_eq!(found.as_ref(), Some(&expected));
    assert_eq!(by_cookie(b"other").await, None);
    let told = format!("{:?}", found.unwrap());
    assert!(!told.contains("secret") && !told.contains("name"), "{told}");

    let step = sign_in_flows::Advance {
        cookie_tag: Some(b"new"),
        secret: Some(b"another"),
        ..STEP
    };
    let advance = async |version, step| {
        write!(db, |tx| sign_in_flows::advance(
            tx, CONTOSO, FLOW, version, step
        )
        .await)
    };
    assert!(!advance(2, step).await);
    assert!(!advance(0, step).await);
    assert!(advance(1, step).await);
    assert!(!advance(1, step).await);
    assert_eq!(by_cookie(b"cookie").await, None);
    let found = by_cookie(b"new").await.unwrap();
    assert_eq!((found.state.as_str(), found.version), ("two", 2));
    assert_eq!(found.secret.as_deref(), Some(b"another".as_slice()));
    // A claim moves the version alone.
    assert!(write!(db, |tx| sign_in_flows::claim(tx, CONTOSO, FLOW, 2).await));
    assert!(!write!(db, |tx| sign_in_flows::claim(tx, CONTOSO, FLOW, 2).await));
    let claimed = by_cookie(b"new").await.unwrap();
    let expected = sign_in_flows::FlowRow {
        version: 3,
        ..found
    };
    assert_eq!(claimed, expected);
}

async fn a_step_forgets_the_secret_that_it_does_not_give_again(Fresh { db, .. }: Fresh) {
    insert_flow(&db).await;
    assert!(write!(db, |tx| sign_in_flows::advance(
        tx, CONTOSO, FLOW, 1, STEP
    )
    .await));
    // A step that gives no new cookie keeps the one there is.
    let found = read!(db, |tx| sign_in_flows::get_by_cookie(tx, b"cookie").await).unwrap();
    assert_eq!(found.secret, None);
    assert_eq!(found.ended_at, None);
    assert_eq!(found.name, b"sealed name");
}

async fn a_flow_that_ended_does_not_move(Fresh { db, .. }: Fresh) {
    insert_flow(&db).await;
    let end = sign_in_flows::Advance {
        ended_at: Some(at(5)),
        ..STEP
    };
    write!(db, |tx| {
        assert!(sign_in_flows::advance(tx, CONTOSO, FLOW, 1, end).await?);
        assert!(!sign_in_flows::advance(tx, CONTOSO, FLOW, 2, STEP).await?);
        assert!(!sign_in_flows::claim(tx, CONTOSO, FLOW, 2).await?);
        Ok::<_, StoreError>(())
    });
    let found = read!(db, |tx| sign_in_flows::get_by_cookie(tx, b"cookie").await).unwrap();
    assert_eq!((found.ended_at, found.version), (Some(at(5)), 2));
}

async fn one_of_many_claims_a_flow(Fresh { db, .. }: Fresh) {
    insert_flow(&db).await;
    one_winner!(db, 50, |tx, number| sign_in_flows::claim(
        tx, CONTOSO, FLOW, 1
    ));
}

async fn one_of_many_takes_a_step_of_a_flow(Fresh { db, .. }: Fresh) {
    insert_flow(&db).await;
    one_winner!(db, 50, |tx, number| sign_in_flows::advance(
        tx, CONTOSO, FLOW, 1, STEP
    ));
}

async fn flows_are_purged_after_their_time_the_oldest_first(Fresh { db, .. }: Fresh) {
    insert_flow(&db).await;
    let older = sign_in_flows::NewFlow {
        expires_at: at(800),
        ..flow(SignInFlowId(id(2)), b"older")
    };
    // Of another tenant: a job looks at all.
    let theirs = sign_in_flows::NewFlow {
        expires_at: at(900),
        ..flow(SignInFlowId(id(3)), b"theirs")
    };
    write!(db, |tx| {
        sign_in_flows::insert(tx, CONTOSO, &older).await?;
        sign_in_flows::insert(tx, FABRIKAM, &theirs).await
    });
    let purge =
        async |moment, limit| write!(db, |tx| sign_in_flows::purge(tx, moment, limit).await);
    let is_there =
        async |tag: &[u8]| read!(db, |tx| sign_in_flows::get_by_cookie(tx, tag).await).is_some();
    assert_eq!(purge(at(800), 9).await, 0);
    assert_eq!(purge(just_after(at(900)), 1).await, 1);
    assert!(!is_there(b"older").await);
    assert_eq!(purge(at(900), 9).await, 0);
    assert!(is_there(b"cookie").await && is_there(b"theirs").await);
    assert_eq!(purge(just_after(at(900)), 9).await, 2);
    assert!(!is_there(b"cookie").await && !is_there(b"theirs").await);
}

async fn by_cookie(db: &latchkey_store::Db, tag: &[u8]) -> Option<SessionRow> {
    read!(db, |tx| sign_in_sessions::get_by_cookie(tx, tag).await)
}

async fn a_session_comes_back_as_it_was_put(Fresh { db, .. }: Fresh) {
    signed_in(&db).await;
    let expected = SessionRow {
        tenant: CONTOSO,
        id: SIGNED_IN,
        user: ADA,
        factors: vec!["password".into()],
        created_at: NOW,
        proven_at: NOW,
        proven_twice_at: None,
        used_at: NOW,
        expires_at: at(43_200),
        ended_at: None,
        put_off: false,
        client_address: "192.0.2.1".into(),
        client_class: "browser".into(),
        valid_from: NOW,
    };
    assert_eq!(by_cookie(&db, b"cookie").await.as_ref(), Some(&expected));
    assert_eq!(by_cookie(&db, b"other").await, None);

    let twice = NewSession {
        factors: &["password", "authenticator"],
        is_twice: true,
        created_at: at(7),
        ..sign_in_session(SignInSessionId(id(2)), b"twice")
    };
    write!(db, |tx| sign_in_sessions::insert(tx, CONTOSO, &twice).await);
    let found = by_cookie(&db, b"twice").await.unwrap();
    assert_eq!(found.factors, ["password", "authenticator"]);
    assert_eq!(found.proven_twice_at, Some(at(7)));
    assert_eq!((found.proven_at, found.used_at), (at(7), at(7)));
}

async fn a_session_is_found_with_its_owner_and_their_tenant_in_one_statement(
    Fresh { db, .. }: Fresh,
) {
    signed_in(&db).await;
    write!(db, |tx| accounts::set_roles(
        tx,
        CONTOSO,
        ADA,
        &[Role::GlobalReader]
    )
    .await);
    let find = async |tag: &[u8]| read!(db, |tx| sign_in_sessions::find(tx, tag).await);
    let before = db.statements();
    let found = find(b"cookie").await.unwrap();
    assert_eq!(db.statements() - before, 1);
    assert_eq!(Some(found.session), by_cookie(&db, b"cookie").await);
    let (user, tenant) = read!(db, |tx| {
        let user = accounts::get(tx, CONTOSO, ADA).await?.unwrap();
        let tenant = tenants::get(tx, CONTOSO).await?.unwrap();
        Ok::<_, StoreError>((user, tenant))
    });
    assert_eq!(user.roles, [Role::GlobalReader]);
    assert_eq!(format!("{:?}", found.user), format!("{user:?}"));
    assert_eq!(format!("{:?}", found.tenant), format!("{tenant:?}"));
    assert_eq!(found.data_key, b"wrapped key");
    assert!(find(b"other").await.is_none());
    // One that is over is found too.
    assert!(end(&db, SIGNED_IN, at(1)).await);
    let found = find(b"cookie").await.unwrap();
    assert_eq!(found.session.ended_at, Some(at(1)));
}

async fn a_session_is_touched_once_a_minute(Fresh { db, .. }: Fresh) {
    signed_in(&db).await;
    let touch = async |now| {
        let used_at = by_cookie(&db, b"cookie").await.unwrap().used_at;
        let expected = sign_in_sessions::is_worth_a_touch(used_at, now);
        let touched = write!(db, |tx| sign_in_sessions::touch(
            tx, CONTOSO, SIGNED_IN, now
        )
        .await);
        assert_eq!(touched, expected);
        touched
    };
    assert!(!touch(just_before(at(60))).await);
    assert!(touch(at(60)).await);
    assert!(!touch(just_before(at(120))).await);
    assert!(touch(at(500)).await);
    // A clock that went back does not move it back.
    assert!(!touch(at(60)).await);
    let found = by_cookie(&db, b"cookie").await.unwrap();
    assert_eq!((found.used_at, found.proven_at), (at(500), NOW));
    assert!(end(&db, SIGNED_IN, at(501)).await);
    let touched = write!(db, |tx| sign_in_sessions::touch(
        tx,
        CONTOSO,
        SIGNED_IN,
        at(9_999)
    )
    .await);
    assert!(!touched);
}

async fn end(db: &latchkey_store::Db, id: SignInSessionId, now: Timestamp) -> bool {
    write!(db, |tx| sign_in_sessions::end(tx, CONTOSO, ADA, id, now)
        .await)
}

const RENEWAL: Renewal<'static> = Renewal {
    old_tag: b"cookie",
    new_tag: b"new",
    factors: &["password", "passkey"],
    is_twice: true,
};

async fn what_is_proven_once_more_replaces_the_cookie(Fresh { db, .. }: Fresh) {
    signed_in(&db).await;
    let renew = async |renewal, now| {
        write!(db, |tx| sign_in_sessions::renew(
            tx, CONTOSO, SIGNED_IN, renewal, now
        )
        .await)
    };
    let wrong = Renewal {
        old_tag: b"wrong",
        ..RENEWAL
    };
    assert!(!renew(wrong, at(70)).await);
    assert!(renew(RENEWAL, at(70)).await);
    assert!(!renew(RENEWAL, at(70)).await);
    assert_eq!(by_cookie(&db, b"cookie").await, None);
    let found = by_cookie(&db, b"new").await.unwrap();
    assert_eq!(found.factors, ["password", "passkey"]);
    assert_eq!((found.proven_at, found.used_at), (at(70), at(70)));
    assert_eq!(found.proven_twice_at, Some(at(70)));
    assert_eq!((found.created_at, found.expires_at), (NOW, at(43_200)));
    // With one factor, when there were last two stays.
    let once = Renewal {
        old_tag: b"new",
        new_tag: b"newer",
        is_twice: false,
        ..RENEWAL
    };
    assert!(renew(once, at(90)).await);
    let found = by_cookie(&db, b"newer").await.unwrap();
    assert_eq!(
        (found.proven_at, found.proven_twice_at),
        (at(90), Some(at(70)))
    );
    assert!(end(&db, SIGNED_IN, at(91)).await);
    let late = Renewal {
        old_tag: b"newer",
        new_tag: b"newest",
        ..RENEWAL
    };
    assert!(!renew(late, at(92)).await);
}

async fn one_of_many_renews_a_session(Fresh { db, .. }: Fresh) {
    signed_in(&db).await;
    one_winner!(db, 50, |tx, number| async {
        let new = format!("new {number}");
        let renewal = Renewal {
            new_tag: new.as_bytes(),
            ..RENEWAL
        };
        sign_in_sessions::renew(tx, CONTOSO, SIGNED_IN, renewal, at(1)).await
    });
}

async fn one_of_many_touches_a_session(Fresh { db, .. }: Fresh) {
    signed_in(&db).await;
    one_winner!(db, 50, |tx, number| sign_in_sessions::touch(
        tx,
        CONTOSO,
        SIGNED_IN,
        at(60)
    ));
}

async fn outlive(db: &latchkey_store::Db, tags: (&[u8], &[u8]), now: Timestamp) -> bool {
    write!(db, |tx| sign_in_sessions::outlive(
        tx, CONTOSO, SIGNED_IN, tags.0, tags.1, now
    )
    .await)
}

async fn the_session_in_which_a_password_was_changed_outlives_the_others(Fresh { db, .. }: Fresh) {
    three_sessions(&db).await;
    assert!(write!(db, |tx| accounts::set_password(
        tx,
        CONTOSO,
        ADA,
        1,
        "hash 2",
        at(50),
        9
    )
    .await));
    assert!(!outlive(&db, (b"wrong", b"new"), at(50)).await);
    assert!(outlive(&db, (b"cookie", b"new"), at(50)).await);
    assert!(!outlive(&db, (b"cookie", b"newer"), at(50)).await);
    assert_eq!(by_cookie(&db, b"cookie").await, None);
    let found = by_cookie(&db, b"new").await.unwrap();
    assert_eq!((found.created_at, found.valid_from), (at(50), at(50)));
    assert_eq!((found.proven_at, found.used_at), (at(50), at(50)));
    assert_eq!(
        (found.proven_twice_at, found.expires_at),
        (None, at(43_200))
    );
    let other = by_cookie(&db, b"2").await.unwrap();
    assert!(other.created_at < other.valid_from);
    assert!(end(&db, SIGNED_IN, at(51)).await);
    assert!(!outlive(&db, (b"new", b"newer"), at(52)).await);
}

async fn one_of_many_outlives_a_change(Fresh { db, .. }: Fresh) {
    signed_in(&db).await;
    one_winner!(db, 50, |tx, number| async {
        let new = format!("new {number}");
        let new = new.as_bytes();
        sign_in_sessions::outlive(tx, CONTOSO, SIGNED_IN, b"cookie", new, at(1)).await
    });
}

async fn registering_is_put_off_in_one_session(Fresh { db, .. }: Fresh) {
    signed_in(&db).await;
    let other = sign_in_session(SignInSessionId(id(2)), b"other");
    write!(db, |tx| sign_in_sessions::insert(tx, CONTOSO, &other).await);
    let put_off = async || {
        write!(db, |tx| sign_in_sessions::put_off(tx, CONTOSO, SIGNED_IN)
            .await)
    };
    assert!(put_off().await);
    assert!(by_cookie(&db, b"cookie").await.unwrap().put_off);
    assert!(!by_cookie(&db, b"other").await.unwrap().put_off);
    assert!(end(&db, SIGNED_IN, at(1)).await);
    assert!(!put_off().await);
}

async fn a_session_is_ended_once_and_by_its_owner(Fresh { db, .. }: Fresh) {
    signed_in(&db).await;
    write!(db, |tx| accounts::insert(tx, &user(2, "Bob"), None).await);
    let bob = UserId(id(2));
    let by_bob = write!(db, |tx| sign_in_sessions::end(
        tx, CONTOSO, bob, SIGNED_IN, NOW
    )
    .await);
    assert!(!by_bob);
    assert!(!end(&db, SignInSessionId(id(99)), at(1)).await);
    assert!(end(&db, SIGNED_IN, at(1)).await);
    assert!(!end(&db, SIGNED_IN, at(2)).await);
    // It is still found, so that its cookie is known to be one that is over.
    let found = by_cookie(&db, b"cookie").await.unwrap();
    assert_eq!(found.ended_at, Some(at(1)));
}

async fn three_sessions(db: &latchkey_store::Db) {
    signed_in(db).await;
    write!(db, |tx| {
        for (number, tag) in [(2, b"2"), (3, b"3")] {
            let new = NewSession {
                created_at: at(10),
                ..sign_in_session(SignInSessionId(id(number)), tag)
            };
            sign_in_sessions::insert(tx, CONTOSO, &new).await?;
        }
        Ok::<_, StoreError>(())
    });
}

async fn listed(db: &latchkey_store::Db, now: Timestamp) -> Vec<SignInSessionId> {
    let list = read!(db, |tx| sign_in_sessions::list_for_user(
        tx, CONTOSO, ADA, now
    )
    .await);
    list.iter().map(|session| session.id).collect()
}

async fn all_sessions_but_one_are_ended_or_all(Fresh { db, .. }: Fresh) {
    three_sessions(&db).await;
    write!(db, |tx| {
        accounts::insert(tx, &user(2, "Bob"), None).await?;
        let bob_s = NewSession {
            user: UserId(id(2)),
            ..sign_in_session(SignInSessionId(id(4)), b"bob")
        };
        sign_in_sessions::insert(tx, CONTOSO, &bob_s).await
    });
    let end_others = async |keep, now| {
        write!(db, |tx| sign_in_sessions::end_others(
            tx, CONTOSO, ADA, keep, now
        )
        .await)
    };
    assert_eq!(end_others(Some(SIGNED_IN), at(20)).await, 2);
    assert_eq!(listed(&db, at(21)).await, [SIGNED_IN]);
    assert_eq!(end_others(Some(SIGNED_IN), at(22)).await, 0);
    assert_eq!(end_others(None, at(23)).await, 1);
    let ended_at = async |tag: &[u8]| by_cookie(&db, tag).await.unwrap().ended_at;
    assert_eq!(ended_at(b"2").await, Some(at(20)));
    assert_eq!(ended_at(b"cookie").await, Some(at(23)));
    assert_eq!(ended_at(b"bob").await, None);
}

async fn the_sessions_of_a_user_are_listed_the_newest_first(Fresh { db, .. }: Fresh) {
    three_sessions(&db).await;
    let (two, three) = (SignInSessionId(id(2)), SignInSessionId(id(3)));
    assert_eq!(listed(&db, at(11)).await, [three, two, SIGNED_IN]);
    assert!(end(&db, three, at(12)).await);
    let last = just_before(at(43_200));
    assert_eq!(listed(&db, last).await, [two, SIGNED_IN]);
    assert!(listed(&db, at(43_200)).await.is_empty());
}

async fn a_session_knows_since_when_sessions_of_its_account_are_good(Fresh { db, .. }: Fresh) {
    signed_in(&db).await;
    let valid_from = async || by_cookie(&db, b"cookie").await.unwrap().valid_from;
    assert_eq!(valid_from().await, NOW);
    assert!(write!(db, |tx| accounts::set_password(
        tx,
        CONTOSO,
        ADA,
        1,
        "hash 2",
        at(5),
        9
    )
    .await));
    assert_eq!(valid_from().await, at(5));
    assert!(write!(db, |tx| accounts::end_sessions(
        tx,
        CONTOSO,
        ADA,
        at(9)
    )
    .await));
    assert_eq!(valid_from().await, at(9));
}

async fn sessions_are_purged_after_their_time_the_oldest_first(Fresh { db, .. }: Fresh) {
    signed_in(&db).await;
    let older = NewSession {
        expires_at: at(43_100),
        ..sign_in_session(SignInSessionId(id(2)), b"older")
    };
    write!(db, |tx| sign_in_sessions::insert(tx, CONTOSO, &older).await);
    // An end before its time does not make it go earlier: it is still a fact about a device.
    assert!(end(&db, SIGNED_IN, at(1)).await);
    let purge =
        async |moment, limit| write!(db, |tx| sign_in_sessions::purge(tx, moment, limit).await);
    assert_eq!(purge(at(43_100), 9).await, 0);
    assert_eq!(purge(just_after(at(43_200)), 1).await, 1);
    assert_eq!(by_cookie(&db, b"older").await, None);
    assert_eq!(purge(at(43_200), 9).await, 0);
    assert!(by_cookie(&db, b"cookie").await.is_some());
    assert_eq!(purge(just_after(at(43_200)), 9).await, 1);
    assert_eq!(by_cookie(&db, b"cookie").await, None);
}

async fn is_familiar(db: &latchkey_store::Db, network: &[u8], since: Timestamp) -> bool {
    read!(db, |tx| networks::is_familiar(
        tx, CONTOSO, ADA, network, since
    )
    .await)
}

async fn a_network_is_familiar_since_it_was_last_used(Fresh { db, .. }: Fresh) {
    ada(&db).await;
    let remember = async |now| {
        write!(db, |tx| networks::remember(tx, CONTOSO, ADA, b"home", now)
            .await);
    };
    assert!(!is_familiar(&db, b"home", NOW).await);
    remember(at(10)).await;
    assert!(is_familiar(&db, b"home", at(10)).await);
    assert!(!is_familiar(&db, b"home", just_after(at(10))).await);
    assert!(!is_familiar(&db, b"cafe", NOW).await);
    remember(at(20)).await;
    assert!(is_familiar(&db, b"home", at(20)).await);
    // What is noted late does not take back what was noted meanwhile.
    remember(at(15)).await;
    assert!(is_familiar(&db, b"home", at(20)).await);
    // A decoy is not there, and is asked about like anybody.
    let decoy = UserId(id(99));
    let of_decoy = read!(db, |tx| networks::is_familiar(
        tx, CONTOSO, decoy, b"home", NOW
    )
    .await);
    assert!(!of_decoy);
}

async fn networks_are_forgotten_after_their_time_the_oldest_first(Fresh { db, .. }: Fresh) {
    ada(&db).await;
    write!(db, |tx| {
        networks::remember(tx, CONTOSO, ADA, b"home", at(20)).await?;
        networks::remember(tx, CONTOSO, ADA, b"cafe", at(10)).await
    });
    let purge = async |moment, limit| write!(db, |tx| networks::purge(tx, moment, limit).await);
    assert_eq!(purge(at(10), 9).await, 0);
    assert_eq!(purge(just_after(at(20)), 1).await, 1);
    assert!(!is_familiar(&db, b"cafe", NOW).await);
    assert_eq!(purge(at(20), 9).await, 0);
    assert!(is_familiar(&db, b"home", NOW).await);
    assert_eq!(purge(just_after(at(20)), 9).await, 1);
    assert!(!is_familiar(&db, b"home", NOW).await);
}

async fn a_deleted_user_leaves_no_session_and_no_network(Fresh { db, .. }: Fresh) {
    signed_in(&db).await;
    write!(db, |tx| {
        networks::remember(tx, CONTOSO, ADA, b"home", NOW).await?;
        assert!(accounts::delete(tx, CONTOSO, ADA).await?);
        Ok::<_, StoreError>(())
    });
    assert_eq!(by_cookie(&db, b"cookie").await, None);
    assert!(!is_familiar(&db, b"home", NOW).await);
}

async fn another_tenant_finds_and_changes_nothing(Fresh { db, .. }: Fresh) {
    signed_in(&db).await;
    let eve = eve(&db).await;
    let new = flow(FLOW, b"flow");
    write!(db, |tx| {
        networks::remember(tx, CONTOSO, ADA, b"home", NOW).await?;
        sign_in_flows::insert(tx, CONTOSO, &new).await
    });
    let everything = async || {
        let flow = read!(db, |tx| sign_in_flows::get_by_cookie(tx, b"flow").await);
        let is_familiar = is_familiar(&db, b"home", NOW).await;
        (flow, by_cookie(&db, b"cookie").await, is_familiar)
    };
    let before = everything().await;
    let f = FABRIKAM;
    let end = sign_in_flows::Advance {
        ended_at: Some(at(1)),
        ..STEP
    };
    write!(db, |tx| {
        assert!(!sign_in_flows::claim(tx, f, FLOW, 1).await?);
        assert!(!sign_in_flows::advance(tx, f, FLOW, 1, end).await?);
        for user in [ADA, eve] {
            let listed = sign_in_sessions::list_for_user(tx, f, user, NOW).await?;
            assert!(listed.is_empty());
            assert!(!sign_in_sessions::end(tx, f, user, SIGNED_IN, NOW).await?);
            assert_eq!(
                sign_in_sessions::end_others(tx, f, user, None, NOW).await?,
                0
            );
            assert!(!networks::is_familiar(tx, f, user, b"home", NOW).await?);
        }
        assert!(!sign_in_sessions::end(tx, CONTOSO, eve, SIGNED_IN, NOW).await?);
        assert!(!sign_in_sessions::touch(tx, f, SIGNED_IN, at(999)).await?);
        assert!(!sign_in_sessions::renew(tx, f, SIGNED_IN, RENEWAL, at(9)).await?);
        assert!(!sign_in_sessions::put_off(tx, f, SIGNED_IN).await?);
        assert!(!sign_in_sessions::outlive(tx, f, SIGNED_IN, b"cookie", b"theirs", at(9)).await?);
        networks::remember(tx, f, eve, b"home", at(5)).await
    });
    assert_eq!(everything().await, before);
    // A user of one tenant has no session and no network in another.
    let theirs = sign_in_session(SignInSessionId(id(2)), b"2");
    let refused = db
        .write(async |mut tx| sign_in_sessions::insert(&mut tx, f, &theirs).await)
        .await;
    assert!(matches!(refused, Err(StoreError::Conflict("reference"))));
    let refused = db
        .write(async |mut tx| networks::remember(&mut tx, f, ADA, b"home", NOW).await)
        .await;
    assert!(matches!(refused, Err(StoreError::Conflict("reference"))));
}
