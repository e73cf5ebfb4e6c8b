//! What a person registers: on its way and on file.

use latchkey_core::model::Origin;
use latchkey_store::methods::{self, MethodKind, NewMethod};
use latchkey_store::{Db, StoreError, accounts, history, pending, sign_in_sessions};
use latchkey_types::{MethodId, PendingMethodId, SignInSessionId, Timestamp, UserId};

use crate::support::{
    ADA, CONTOSO, FABRIKAM, Fresh, NOW, SIGNED_IN, ada, at, at_once, eve, id, just_after,
    just_before, on_both, one_winner, read, sign_in_session, signed_in, user, write,
};

on_both! {
    what_is_on_its_way_comes_back_in_its_time
    a_new_one_takes_the_place_of_the_one_before_of_the_same_kind
    of_many_put_on_their_way_at_once_one_is_left
    what_is_void_is_not_used
    a_code_is_tried_five_times_in_its_time
    five_of_50_tries_at_once_are_counted
    one_of_many_uses_what_was_on_its_way
    what_was_on_its_way_is_purged_after_its_time_and_goes_with_its_session
    a_passkey_is_found_by_its_credential_alone
    a_passkey_belongs_to_one_account_of_the_deployment
    one_of_many_adds_a_passkey
    a_use_is_noted_and_changes_nothing_else
    another_authenticator_was_never_used
    a_recovery_code_works_once_and_for_its_owner
    one_of_200_uses_a_recovery_code
    a_new_sheet_of_recovery_codes_replaces_the_one_before
    all_methods_of_a_kind_are_deleted_together
    another_hash_of_the_same_password_changes_nothing_else
    one_of_many_raises_the_work_of_a_hash
    another_tenant_finds_and_changes_nothing
}

const PENDING: PendingMethodId = PendingMethodId(id(1));

fn on_its_way(id: PendingMethodId) -> pending::NewPending<'static> {
    pending::NewPending {
        id,
        session: SIGNED_IN,
        kind: "email",
        value: b"sealed",
        tag: Some(b"tag"),
        created_at: NOW,
        expires_at: at(600),
    }
}

async fn put(db: &Db, new: &pending::NewPending<'_>) {
    write!(db, |tx| pending::insert(tx, CONTOSO, new).await);
}

async fn latest(db: &Db, kind: &str, now: Timestamp) -> Option<pending::PendingRow> {
    read!(db, |tx| pending::latest(tx, CONTOSO, SIGNED_IN, kind, now)
        .await)
}

async fn count_try(db: &Db, id: PendingMethodId, now: Timestamp) -> Option<i64> {
    write!(db, |tx| pending::count_try(tx, CONTOSO, id, now).await)
}

async fn spend(db: &Db, id: PendingMethodId, now: Timestamp) -> bool {
    write!(db, |tx| pending::spend(tx, CONTOSO, id, now).await)
}

async fn what_is_on_its_way_comes_back_in_its_time(Fresh { db, .. }: Fresh) {
    signed_in(&db).await;
    assert_eq!(latest(&db, "email", NOW).await, None);
    put(&db, &on_its_way(PENDING)).await;
    let found = latest(&db, "email", just_before(at(600))).await.unwrap();
    let expected = pending::PendingRow {
        id: PENDING,
        value: b"sealed".to_vec(),
        tag: Some(b"tag".to_vec()),
        tries: 0,
        created_at: NOW,
        expires_at: at(600),
    };
    assert_eq!(found, expected);
    assert!(!format!("{found:?}").contains("tag"));
    assert_eq!(latest(&db, "email", at(600)).await, None);
    assert_eq!(latest(&db, "phone", NOW).await, None);
    let other = SignInSessionId(id(99));
    let of_other = read!(db, |tx| pending::latest(tx, CONTOSO, other, "email", NOW)
        .await);
    assert_eq!(of_other, None);
}

async fn a_new_one_takes_the_place_of_the_one_before_of_the_same_kind(Fresh { db, .. }: Fresh) {
    signed_in(&db).await;
    let another = SignInSessionId(id(9));
    let signed_in_again = sign_in_session(another, b"again");
    write!(db, |tx| sign_in_sessions::insert(
        tx,
        CONTOSO,
        &signed_in_again
    )
    .await);
    put(&db, &on_its_way(PENDING)).await;
    let phone = PendingMethodId(id(2));
    let of_kind = pending::NewPending {
        kind: "phone",
        ..on_its_way(phone)
    };
    put(&db, &of_kind).await;
    let elsewhere = PendingMethodId(id(3));
    let of_session = pending::NewPending {
        session: another,
        ..on_its_way(elsewhere)
    };
    put(&db, &of_session).await;
    assert_eq!(count_try(&db, PENDING, at(1)).await, Some(1));

    let newer = PendingMethodId(id(4));
    let new = pending::NewPending {
        value: b"sealed 2",
        tag: None,
        created_at: at(30),
        expires_at: at(630),
        ..on_its_way(newer)
    };
    put(&db, &new).await;
    let expected = pending::PendingRow {
        id: newer,
        value: b"sealed 2".to_vec(),
        tag: None,
        tries: 0,
        created_at: at(30),
        expires_at: at(630),
    };
    assert_eq!(latest(&db, "email", at(31)).await, Some(expected));
    assert_eq!(count_try(&db, PENDING, at(31)).await, None);
    assert!(!spend(&db, PENDING, at(31)).await);
    // What was used stays used when another comes.
    assert!(spend(&db, newer, at(32)).await);
    assert_eq!(latest(&db, "email", at(32)).await, None);
    put(&db, &on_its_way(PendingMethodId(id(5)))).await;
    assert!(!spend(&db, newer, at(33)).await);
    // The other kind and the other session are where they were.
    assert!(spend(&db, phone, at(34)).await);
    assert!(spend(&db, elsewhere, at(34)).await);
}

async fn of_many_put_on_their_way_at_once_one_is_left(Fresh { db, .. }: Fresh) {
    signed_in(&db).await;
    let shared = db.clone();
    at_once(50, move |number| {
        let db = shared.clone();
        async move { put(&db, &on_its_way(PendingMethodId(id(100 + number as u128)))).await }
    })
    .await;
    let mut usable = 0;
    for number in 0..50 {
        if count_try(&db, PendingMethodId(id(100 + number)), at(1))
            .await
            .is_some()
        {
            usable += 1;
        }
    }
    assert_eq!(usable, 1, "more codes at a time are more tries");
}

async fn what_is_void_is_not_used(Fresh { db, .. }: Fresh) {
    signed_in(&db).await;
    put(&db, &on_its_way(PENDING)).await;
    let void = async |kind| {
        write!(db, |tx| pending::void(tx, CONTOSO, SIGNED_IN, kind, at(1))
            .await);
    };
    void("phone").await;
    assert!(latest(&db, "email", at(1)).await.is_some());
    void("email").await;
    assert_eq!(latest(&db, "email", at(1)).await, None);
    assert_eq!(count_try(&db, PENDING, at(1)).await, None);
    assert!(!spend(&db, PENDING, at(1)).await);
}

async fn a_code_is_tried_five_times_in_its_time(Fresh { db, .. }: Fresh) {
    signed_in(&db).await;
    put(&db, &on_its_way(PENDING)).await;
    assert_eq!(count_try(&db, PENDING, at(600)).await, None);
    let last = just_before(at(600));
    for number in 1..=5 {
        assert_eq!(count_try(&db, PENDING, last).await, Some(number));
    }
    assert_eq!(count_try(&db, PENDING, last).await, None);
    assert_eq!(latest(&db, "email", last).await.unwrap().tries, 5);
    assert_eq!(count_try(&db, PendingMethodId(id(2)), last).await, None);
    // The fifth may be the right one.
    assert!(!spend(&db, PENDING, at(600)).await);
    assert!(spend(&db, PENDING, last).await);
    assert!(!spend(&db, PENDING, last).await);
}

async fn five_of_50_tries_at_once_are_counted(Fresh { db, .. }: Fresh) {
    signed_in(&db).await;
    put(&db, &on_its_way(PENDING)).await;
    let shared = db.clone();
    let counted = at_once(50, move |_| {
        let db = shared.clone();
        async move { count_try(&db, PENDING, at(1)).await }
    })
    .await;
    let mut counted: Vec<i64> = counted.into_iter().flatten().collect();
    counted.sort_unstable();
    assert_eq!(counted, [1, 2, 3, 4, 5]);
}

async fn one_of_many_uses_what_was_on_its_way(Fresh { db, .. }: Fresh) {
    signed_in(&db).await;
    put(&db, &on_its_way(PENDING)).await;
    one_winner!(db, 50, |tx, number| pending::spend(
        tx,
        CONTOSO,
        PENDING,
        at(1)
    ));
}

async fn what_was_on_its_way_is_purged_after_its_time_and_goes_with_its_session(
    Fresh { db, .. }: Fresh,
) {
    signed_in(&db).await;
    let phone = pending::NewPending {
        kind: "phone",
        expires_at: at(500),
        ..on_its_way(PendingMethodId(id(2)))
    };
    put(&db, &on_its_way(PENDING)).await;
    put(&db, &phone).await;
    let purge = async |moment, limit| write!(db, |tx| pending::purge(tx, moment, limit).await);
    assert_eq!(purge(at(500), 9).await, 0);
    assert_eq!(purge(just_after(at(600)), 1).await, 1);
    assert_eq!(latest(&db, "phone", NOW).await, None);
    assert_eq!(purge(at(600), 9).await, 0);
    assert!(spend(&db, PENDING, NOW).await);
    // Used or not, it goes after its time.
    assert_eq!(purge(just_after(at(600)), 9).await, 1);

    put(&db, &on_its_way(PENDING)).await;
    assert_eq!(
        write!(db, |tx| sign_in_sessions::purge(tx, at(99_999), 9).await),
        1
    );
    assert_eq!(latest(&db, "email", NOW).await, None);
    assert_eq!(purge(at(99_999), 9).await, 0);
}

fn new_method(number: u128, kind: MethodKind, slot: &str) -> NewMethod<'_> {
    NewMethod {
        id: MethodId(id(number)),
        kind,
        slot,
        name: "",
        value: b"sealed",
        origin: Origin::Person,
    }
}

async fn put_method(db: &Db, user: UserId, new: &NewMethod<'_>) {
    assert!(write!(db, |tx| methods::upsert(
        tx, CONTOSO, user, new, NOW
    )
    .await));
}

async fn on_file(db: &Db) -> Vec<methods::Method> {
    read!(db, |tx| methods::list_for_user(tx, CONTOSO, ADA).await)
}

async fn version(db: &Db) -> i64 {
    read!(db, |tx| accounts::get(tx, CONTOSO, ADA).await)
        .unwrap()
        .version
}

async fn bob(db: &Db) -> UserId {
    write!(db, |tx| accounts::insert(tx, &user(2, "Bob"), None).await);
    UserId(id(2))
}

async fn a_passkey_is_found_by_its_credential_alone(Fresh { db, .. }: Fresh) {
    ada(&db).await;
    let find = async |slot: &str| read!(db, |tx| methods::find_passkey(tx, slot).await);
    assert!(find("credential").await.is_none());
    let new = NewMethod {
        name: "Blue key",
        ..new_method(1, MethodKind::Passkey, "credential")
    };
    assert!(add_passkey(&db, ADA, &new).await);
    put_method(
        &db,
        ADA,
        &new_method(2, MethodKind::Authenticator, "another"),
    )
    .await;
    let (tenant, owner, found) = find("credential").await.unwrap();
    assert_eq!((tenant, owner), (CONTOSO, ADA));
    let expected = methods::Method {
        id: MethodId(id(1)),
        kind: MethodKind::Passkey,
        slot: "credential".into(),
        name: "Blue key".into(),
        value: b"sealed".to_vec(),
        origin: Origin::Person,
        created_at: NOW,
        changed_at: None,
        last_step: None,
        used_at: None,
    };
    assert_eq!(found, expected);
    assert!(on_file(&db).await.contains(&expected));
    // Of other kinds nothing is found, and nothing that is only alike.
    assert!(find("another").await.is_none());
    assert!(find("Credential").await.is_none());
    assert!(find("").await.is_none());
}

async fn add_passkey(db: &Db, user: UserId, new: &NewMethod<'_>) -> bool {
    write!(db, |tx| methods::add_passkey(tx, CONTOSO, user, new, NOW)
        .await)
}

async fn a_passkey_belongs_to_one_account_of_the_deployment(Fresh { db, .. }: Fresh) {
    ada(&db).await;
    let bob = bob(&db).await;
    let eve = eve(&db).await;
    let hers = new_method(1, MethodKind::Passkey, "credential");
    assert!(add_passkey(&db, ADA, &hers).await);
    assert_eq!(version(&db).await, 2);
    let theirs = new_method(2, MethodKind::Passkey, "credential");
    // Neither to somebody else nor to its owner once more, nor to nobody.
    for (tenant, user) in [(CONTOSO, bob), (FABRIKAM, eve), (CONTOSO, ADA)] {
        write!(db, |tx| {
            assert!(!methods::add_passkey(tx, tenant, user, &theirs, NOW).await?);
            let listed = methods::list_for_user(tx, tenant, user).await?;
            assert!(listed.iter().all(|method| method.id != theirs.id));
            let user = accounts::get(tx, tenant, user).await?.unwrap();
            assert_eq!(user.version, if user.id == ADA { 2 } else { 1 });
            Ok::<_, StoreError>(())
        });
    }
    let other = new_method(5, MethodKind::Passkey, "another");
    assert!(!add_passkey(&db, UserId(id(99)), &other).await);
    // Who puts it on file in another way does not get it either.
    let refused = db
        .write(async |mut tx| methods::upsert(&mut tx, CONTOSO, bob, &theirs, NOW).await)
        .await;
    assert!(
        matches!(refused, Err(StoreError::Conflict(_))),
        "{refused:?}"
    );
    let found = read!(db, |tx| methods::find_passkey(tx, "credential").await).unwrap();
    assert_eq!((found.0, found.1), (CONTOSO, ADA));
    assert_eq!(found.2.id, hers.id);
    // Of other kinds many have the same slot.
    let app = new_method(3, MethodKind::Authenticator, "credential");
    put_method(&db, bob, &app).await;
    let app = NewMethod {
        id: MethodId(id(4)),
        ..app
    };
    put_method(&db, ADA, &app).await;
    // Who has it no more leaves it to others.
    assert!(write!(db, |tx| methods::delete(tx, CONTOSO, ADA, hers.id).await));
    assert!(add_passkey(&db, bob, &theirs).await);
}

async fn one_of_many_adds_a_passkey(Fresh { db, .. }: Fresh) {
    ada(&db).await;
    bob(&db).await;
    one_winner!(db, 50, |tx, number| async {
        let owner = UserId(id(1 + number as u128 % 2));
        let new = new_method(100 + number as u128, MethodKind::Passkey, "credential");
        methods::add_passkey(tx, CONTOSO, owner, &new, NOW).await
    });
}

async fn a_use_is_noted_and_changes_nothing_else(Fresh { db, .. }: Fresh) {
    ada(&db).await;
    put_method(&db, ADA, &new_method(1, MethodKind::Passkey, "credential")).await;
    let before = on_file(&db).await.remove(0);
    let before_version = version(&db).await;
    let note = async |id, value, now| {
        write!(db, |tx| methods::note_use(tx, CONTOSO, id, value, now)
            .await)
    };
    assert!(note(before.id, None, at(5)).await);
    let used = methods::Method {
        used_at: Some(at(5)),
        ..before.clone()
    };
    assert_eq!(on_file(&db).await, [used]);
    assert!(note(before.id, Some(b"counted on".as_slice()), at(6)).await);
    let used = methods::Method {
        used_at: Some(at(6)),
        value: b"counted on".to_vec(),
        ..before
    };
    assert_eq!(on_file(&db).await, [used]);
    assert_eq!(version(&db).await, before_version);
    assert!(!note(MethodId(id(99)), None, at(7)).await);
}

async fn another_authenticator_was_never_used(Fresh { db, .. }: Fresh) {
    ada(&db).await;
    put_method(&db, ADA, &new_method(1, MethodKind::Authenticator, "app")).await;
    write!(db, |tx| {
        assert!(methods::advance_step(tx, CONTOSO, MethodId(id(1)), 7).await?);
        assert!(methods::note_use(tx, CONTOSO, MethodId(id(1)), None, at(5)).await?);
        Ok::<_, StoreError>(())
    });
    put_method(&db, ADA, &new_method(2, MethodKind::Authenticator, "app")).await;
    let found = on_file(&db).await.remove(0);
    assert_eq!((found.used_at, found.last_step), (None, None));
}

async fn use_code(db: &Db, user: UserId, slot: &str) -> bool {
    write!(db, |tx| methods::use_recovery_code(tx, CONTOSO, user, slot)
        .await)
}

async fn a_recovery_code_works_once_and_for_its_owner(Fresh { db, .. }: Fresh) {
    ada(&db).await;
    let bob = bob(&db).await;
    for (number, slot) in [(1, "c0de1"), (2, "c0de2")] {
        let new = NewMethod {
            value: b"",
            ..new_method(number, MethodKind::RecoveryCode, slot)
        };
        put_method(&db, ADA, &new).await;
    }
    put_method(&db, ADA, &new_method(3, MethodKind::Question, "question")).await;
    let before = version(&db).await;
    assert!(!use_code(&db, bob, "c0de1").await);
    assert!(!use_code(&db, ADA, "c0de3").await);
    // Other methods are no recovery codes.
    assert!(!use_code(&db, ADA, "question").await);
    assert!(use_code(&db, ADA, "c0de1").await);
    assert!(!use_code(&db, ADA, "c0de1").await);
    let left = on_file(&db).await;
    let left: Vec<_> = left.iter().map(|method| method.slot.as_str()).collect();
    assert_eq!(left, ["question", "c0de2"]);
    assert_eq!(version(&db).await, before);
}

async fn one_of_200_uses_a_recovery_code(Fresh { db, .. }: Fresh) {
    ada(&db).await;
    put_method(&db, ADA, &new_method(1, MethodKind::RecoveryCode, "c0de")).await;
    one_winner!(db, 200, |tx, number| methods::use_recovery_code(
        tx, CONTOSO, ADA, "c0de"
    ));
}

async fn a_new_sheet_of_recovery_codes_replaces_the_one_before(Fresh { db, .. }: Fresh) {
    ada(&db).await;
    let bob = bob(&db).await;
    let sheet = |from: u128| -> Vec<(MethodId, String)> {
        (from..from + 10)
            .map(|number| (MethodId(id(number)), format!("c0de{number}")))
            .collect()
    };
    let replace = async |user, sheet: &[(MethodId, String)]| {
        write!(db, |tx| methods::replace_recovery_codes(
            tx, CONTOSO, user, sheet, NOW
        )
        .await)
    };
    put_method(&db, ADA, &new_method(1, MethodKind::Email, "")).await;
    assert!(replace(bob, &sheet(300)).await);
    for from in [100, 200] {
        let before = version(&db).await;
        assert!(replace(ADA, &sheet(from)).await);
        assert_eq!(version(&db).await, before + 1);
    }
    let on_file = async || {
        let on_file = on_file(&db).await.into_iter();
        on_file
            .filter(|method| method.kind == MethodKind::RecoveryCode)
            .map(|method| (method.id, method.slot))
            .collect::<Vec<_>>()
    };
    assert_eq!(on_file().await, sheet(200));
    assert!(!use_code(&db, ADA, "c0de100").await);
    assert!(use_code(&db, ADA, "c0de200").await);
    assert!(!replace(UserId(id(99)), &sheet(400)).await);
    assert!(replace(ADA, &[]).await);
    assert!(on_file().await.is_empty());
    assert!(use_code(&db, bob, "c0de300").await);
}

async fn all_methods_of_a_kind_are_deleted_together(Fresh { db, .. }: Fresh) {
    ada(&db).await;
    let bob = bob(&db).await;
    for (number, slot) in [(1, "c0de1"), (2, "c0de2")] {
        put_method(
            &db,
            ADA,
            &new_method(number, MethodKind::RecoveryCode, slot),
        )
        .await;
    }
    put_method(&db, ADA, &new_method(3, MethodKind::Email, "")).await;
    put_method(&db, bob, &new_method(4, MethodKind::RecoveryCode, "c0de1")).await;
    let before = version(&db).await;
    let delete = async |kind| write!(db, |tx| methods::delete_kind(tx, CONTOSO, ADA, kind).await);
    assert_eq!(delete(MethodKind::RecoveryCode).await, 2);
    assert_eq!(version(&db).await, before + 1);
    assert_eq!(delete(MethodKind::RecoveryCode).await, 0);
    assert_eq!(version(&db).await, before + 1);
    assert_eq!(on_file(&db).await.len(), 1);
    assert!(use_code(&db, bob, "c0de1").await);
}

async fn rehash(db: &Db, old: &str, new: &str) -> bool {
    write!(db, |tx| accounts::rehash(tx, CONTOSO, ADA, old, new).await)
}

async fn another_hash_of_the_same_password_changes_nothing_else(Fresh { db, .. }: Fresh) {
    ada(&db).await;
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
    let state = async || {
        read!(db, |tx| {
            Ok::<_, StoreError>((
                format!("{:?}", accounts::get(tx, CONTOSO, ADA).await?),
                accounts::sessions_valid_from(tx, CONTOSO, ADA).await?,
            ))
        })
    };
    let before = state().await;
    assert!(!rehash(&db, "hash 1", "dearer").await);
    assert!(rehash(&db, "hash 2", "dearer").await);
    assert!(!rehash(&db, "hash 2", "dearer").await);
    assert_eq!(state().await, before);
    let hash = read!(db, |tx| accounts::password(tx, CONTOSO, ADA).await);
    assert_eq!(hash.as_deref(), Some("dearer"));
    let history = read!(db, |tx| history::list(tx, CONTOSO, ADA, 9).await);
    assert_eq!(history, ["dearer", "hash 1"]);
}

async fn one_of_many_raises_the_work_of_a_hash(Fresh { db, .. }: Fresh) {
    ada(&db).await;
    one_winner!(db, 50, |tx, number| async {
        let new = format!("dearer {number}");
        accounts::rehash(tx, CONTOSO, ADA, "hash 1", &new).await
    });
    let hash = read!(db, |tx| accounts::password(tx, CONTOSO, ADA).await).unwrap();
    let history = read!(db, |tx| history::list(tx, CONTOSO, ADA, 9).await);
    assert_eq!(history, [hash]);
}

async fn another_tenant_finds_and_changes_nothing(Fresh { db, .. }: Fresh) {
    signed_in(&db).await;
    let eve = eve(&db).await;
    put(&db, &on_its_way(PENDING)).await;
    put_method(&db, ADA, &new_method(1, MethodKind::Passkey, "credential")).await;
    put_method(&db, ADA, &new_method(2, MethodKind::RecoveryCode, "c0de")).await;
    let everything = async || {
        read!(db, |tx| {
            Ok::<_, StoreError>((
                format!("{:?}", accounts::get(tx, CONTOSO, ADA).await?),
                accounts::password(tx, CONTOSO, ADA).await?,
                methods::list_for_user(tx, CONTOSO, ADA).await?,
                pending::latest(tx, CONTOSO, SIGNED_IN, "email", NOW).await?,
            ))
        })
    };
    let before = everything().await;
    let f = FABRIKAM;
    write!(db, |tx| {
        assert_eq!(pending::latest(tx, f, SIGNED_IN, "email", NOW).await?, None);
        assert_eq!(pending::count_try(tx, f, PENDING, NOW).await?, None);
        assert!(!pending::spend(tx, f, PENDING, NOW).await?);
        pending::void(tx, f, SIGNED_IN, "email", NOW).await?;
        let passkey = MethodId(id(1));
        let value = Some(b"theirs".as_slice());
        assert!(!methods::note_use(tx, f, passkey, value, NOW).await?);
        for user in [ADA, eve] {
            assert!(!methods::use_recovery_code(tx, f, user, "c0de").await?);
            let kind = MethodKind::RecoveryCode;
            assert_eq!(methods::delete_kind(tx, f, user, kind).await?, 0);
        }
        let codes = [(MethodId(id(3)), "theirs".to_owned())];
        assert!(!methods::replace_recovery_codes(tx, f, ADA, &codes, NOW).await?);
        let theirs = new_method(4, MethodKind::Passkey, "another");
        assert!(!methods::add_passkey(tx, f, ADA, &theirs, NOW).await?);
        assert!(!accounts::rehash(tx, f, ADA, "hash 1", "theirs").await?);
        Ok::<_, StoreError>(())
    });
    assert_eq!(everything().await, before);
    let refused = db
        .write(async |mut tx| pending::insert(&mut tx, f, &on_its_way(PENDING)).await)
        .await;
    assert!(matches!(refused, Err(StoreError::Conflict("reference"))));
}
