//! Security info: what is on its way to being registered, passkeys, recovery codes.

use latchkey_core::model::Origin;
use latchkey_store::methods::{self, MethodKind, NewMethod};
use latchkey_store::{Db, StoreError, accounts, pending};
use latchkey_types::{MethodId, PendingMethodId, Timestamp, UserId};

use crate::support::{
    ADA, CONTOSO, FABRIKAM, Fresh, NOW, SIGNED_IN, ada, at, id, on_both, read, signed_in, user,
    write,
};

on_both! {
    what_is_pending_comes_back_until_its_time_is_over
    another_of_a_kind_voids_the_one_before
    a_code_has_five_tries
    nothing_is_tried_or_used_after_its_time
    what_is_pending_is_used_once
    what_is_pending_is_purged_the_oldest_first
    a_passkey_is_found_by_its_credential_alone
    a_credential_belongs_to_one_person_of_the_deployment
    putting_a_taken_credential_is_a_conflict_with_a_name
    a_use_is_noted_without_another_version
    a_value_of_somebody_else_s_is_adopted_as_it_is
    what_takes_the_place_of_a_removed_value_counts_as_changed
    a_value_rests_since_another_moment
    a_replaced_value_was_never_used
    a_recovery_code_works_once_and_for_its_owner
    a_new_sheet_of_recovery_codes_replaces_the_old_one
    all_methods_of_a_kind_are_deleted
}

/// An address of Ada's on its way.
pub(crate) async fn pending(db: &Db, number: u128, tag: &[u8], expires_at: Timestamp) {
    let new = pending::NewPending {
        id: PendingMethodId(id(number)),
        session: SIGNED_IN,
        kind: "email",
        value: b"sealed",
        tag: Some(tag),
        created_at: NOW,
        expires_at,
    };
    write!(db, |tx| pending::insert(tx, CONTOSO, &new).await);
}

async fn latest(db: &Db, kind: &'static str, now: Timestamp) -> Option<pending::PendingRow> {
    read!(db, |tx| pending::latest(tx, CONTOSO, SIGNED_IN, kind, now)
        .await)
}

async fn try_it(db: &Db, number: u128, now: Timestamp) -> Option<i64> {
    let id = PendingMethodId(id(number));
    write!(db, |tx| pending::count_try(tx, CONTOSO, id, now).await)
}

async fn spend(db: &Db, number: u128, now: Timestamp) -> bool {
    let id = PendingMethodId(id(number));
    write!(db, |tx| pending::spend(tx, CONTOSO, id, now).await)
}

async fn what_is_pending_comes_back_until_its_time_is_over(Fresh { db, .. }: Fresh) {
    ada(&db).await;
    signed_in(&db).await;
    assert_eq!(latest(&db, "email", NOW).await, None);
    pending(&db, 1, b"tag", at(900)).await;
    let found = latest(&db, "email", Timestamp(at(900).0 - 1))
        .await
        .unwrap();
    assert_eq!((found.id, found.tries), (PendingMethodId(id(1)), 0));
    assert_eq!(
        (found.value.as_slice(), found.tag.as_deref()),
        (b"sealed".as_slice(), Some(b"tag".as_slice()))
    );
    assert_eq!((found.created_at, found.expires_at), (NOW, at(900)));
    assert!(!format!("{found:?}").contains("115"), "a secret is shown");
    assert_eq!(latest(&db, "email", at(900)).await, None);
    assert_eq!(latest(&db, "phone", NOW).await, None);
}

async fn another_of_a_kind_voids_the_one_before(Fresh { db, .. }: Fresh) {
    ada(&db).await;
    signed_in(&db).await;
    pending(&db, 1, b"old", at(900)).await;
    let other_kind = pending::NewPending {
        id: PendingMethodId(id(3)),
        session: SIGNED_IN,
        kind: "authenticator",
        value: b"secret",
        tag: None,
        created_at: NOW,
        expires_at: at(900),
    };
    write!(db, |tx| pending::insert(tx, CONTOSO, &other_kind).await);
    pending(&db, 2, b"new", at(900)).await;
    let found = latest(&db, "email", NOW).await.unwrap();
    assert_eq!(found.id, PendingMethodId(id(2)));
    assert_eq!(try_it(&db, 1, at(1)).await, None);
    assert!(!spend(&db, 1, at(1)).await);
    // Other kinds are not concerned.
    let other = latest(&db, "authenticator", NOW).await.unwrap();
    assert_eq!((other.id, other.tag), (other_kind.id, None));
    write!(db, |tx| pending::void(
        tx,
        CONTOSO,
        SIGNED_IN,
        "email",
        at(2)
    )
    .await);
    assert_eq!(latest(&db, "email", at(2)).await, None);
    assert!(!spend(&db, 2, at(2)).await);
    assert!(spend(&db, 3, at(2)).await);
}

async fn a_code_has_five_tries(Fresh { db, .. }: Fresh) {
    ada(&db).await;
    signed_in(&db).await;
    pending(&db, 1, b"tag", at(900)).await;
    for count in 1..=5 {
        assert_eq!(try_it(&db, 1, at(1)).await, Some(count));
    }
    assert_eq!(try_it(&db, 1, at(1)).await, None);
    assert_eq!(latest(&db, "email", at(1)).await.unwrap().tries, 5);
    // The fifth one may be right.
    assert!(spend(&db, 1, at(1)).await);
}

async fn nothing_is_tried_or_used_after_its_time(Fresh { db, .. }: Fresh) {
    ada(&db).await;
    signed_in(&db).await;
    pending(&db, 1, b"tag", at(900)).await;
    assert_eq!(try_it(&db, 1, at(900)).await, None);
    assert!(!spend(&db, 1, at(900)).await);
    let just_before = Timestamp(at(900).0 - 1);
    assert_eq!(try_it(&db, 1, just_before).await, Some(1));
    assert!(spend(&db, 1, just_before).await);
}

async fn what_is_pending_is_used_once(Fresh { db, .. }: Fresh) {
    ada(&db).await;
    signed_in(&db).await;
    pending(&db, 1, b"tag", at(900)).await;
    assert!(spend(&db, 1, at(1)).await);
    assert!(!spend(&db, 1, at(1)).await);
    assert_eq!(try_it(&db, 1, at(1)).await, None);
    assert_eq!(latest(&db, "email", at(1)).await, None);
}

async fn what_is_pending_is_purged_the_oldest_first(Fresh { db, .. }: Fresh) {
    ada(&db).await;
    signed_in(&db).await;
    for (number, expires) in [(1, 12), (2, 10), (3, 11)] {
        pending(&db, number, b"tag", at(expires)).await;
        // Used or not, it goes after its time.
        if number != 3 {
            assert!(spend(&db, number, at(1)).await);
        }
    }
    for (before, limit, deleted) in [(10, 9, 0), (12, 1, 1), (12, 9, 1), (13, 9, 1)] {
        assert_eq!(
            write!(db, |tx| pending::purge(tx, at(before), limit).await),
            deleted
        );
    }
}

fn passkey(number: u128, credential: &str) -> NewMethod<'_> {
    NewMethod {
        id: MethodId(id(number)),
        kind: MethodKind::Passkey,
        slot: credential,
        name: "Telephone",
        value: b"sealed",
        origin: Origin::Person,
    }
}

async fn version(db: &Db, user: UserId) -> i64 {
    let user = read!(db, |tx| accounts::get(tx, CONTOSO, user).await);
    user.unwrap().version
}

async fn a_passkey_is_found_by_its_credential_alone(Fresh { db, .. }: Fresh) {
    ada(&db).await;
    let new = passkey(1, "AbC-_");
    assert!(write!(db, |tx| methods::add_passkey(
        tx, CONTOSO, ADA, &new, NOW
    )
    .await));
    assert_eq!(version(&db, ADA).await, 2);
    let (tenant, owner, method) = read!(db, |tx| methods::find_passkey(tx, "AbC-_").await).unwrap();
    assert_eq!((tenant, owner), (CONTOSO, ADA));
    assert_eq!(
        (method.kind, method.slot.as_str(), method.name.as_str()),
        (MethodKind::Passkey, "AbC-_", "Telephone")
    );
    assert_eq!(
        read!(db, |tx| methods::list_for_user(tx, CONTOSO, ADA).await),
        [method]
    );
    // Exactly this one; and an app of this name is no passkey.
    assert!(read!(db, |tx| methods::find_passkey(tx, "abc-_").await).is_none());
    let app = NewMethod {
        kind: MethodKind::Authenticator,
        slot: "app",
        ..passkey(2, "")
    };
    write!(db, |tx| methods::upsert(tx, CONTOSO, ADA, &app, NOW).await);
    assert!(read!(db, |tx| methods::find_passkey(tx, "app").await).is_none());
}

async fn a_credential_belongs_to_one_person_of_the_deployment(Fresh { db, .. }: Fresh) {
    ada(&db).await;
    let mut eve = user(20, "Eve");
    eve.tenant = FABRIKAM;
    write!(db, |tx| {
        accounts::insert(tx, &user(2, "Bob"), None).await?;
        accounts::insert(tx, &eve, None).await?;
        assert!(methods::add_passkey(tx, CONTOSO, ADA, &passkey(1, "c"), NOW).await?);
        for (tenant, user) in [
            (CONTOSO, ADA),
            (CONTOSO, UserId(id(2))),
            (FABRIKAM, eve.id),
            (CONTOSO, UserId(id(999))),
        ] {
            assert!(!methods::add_passkey(tx, tenant, user, &passkey(9, "c"), at(1)).await?);
        }
        assert!(!methods::add_passkey(tx, CONTOSO, UserId(id(999)), &passkey(9, "d"), NOW).await?);
        // The transaction goes on, and nobody got another version for nothing.
        assert!(methods::add_passkey(tx, FABRIKAM, eve.id, &passkey(9, "d"), NOW).await?);
        Ok::<_, StoreError>(())
    });
    assert_eq!(version(&db, ADA).await, 2);
    assert_eq!(version(&db, UserId(id(2))).await, 1);
    let found = read!(db, |tx| methods::find_passkey(tx, "c").await).unwrap();
    assert_eq!(
        (found.1, found.2.id, found.2.created_at),
        (ADA, MethodId(id(1)), NOW)
    );
    // Both may have an app that is called alike.
    let app = NewMethod {
        kind: MethodKind::Authenticator,
        ..passkey(30, "c")
    };
    assert!(write!(db, |tx| methods::upsert(
        tx, CONTOSO, ADA, &app, NOW
    )
    .await));
    assert!(write!(db, |tx| methods::upsert(
        tx, FABRIKAM, eve.id, &app, NOW
    )
    .await));
}

async fn putting_a_taken_credential_is_a_conflict_with_a_name(Fresh { db, .. }: Fresh) {
    ada(&db).await;
    let bob = user(2, "Bob");
    write!(db, |tx| {
        accounts::insert(tx, &bob, None).await?;
        methods::upsert(tx, CONTOSO, ADA, &passkey(1, "c"), NOW).await
    });
    let put = db
        .write(async |mut tx| {
            methods::upsert(&mut tx, CONTOSO, bob.id, &passkey(2, "c"), NOW).await
        })
        .await;
    assert!(
        matches!(put, Err(StoreError::Conflict("passkey"))),
        "{put:?}"
    );
    assert_eq!(version(&db, bob.id).await, 1);
    let found = read!(db, |tx| methods::find_passkey(tx, "c").await).unwrap();
    assert_eq!(found.1, ADA);
}

async fn a_use_is_noted_without_another_version(Fresh { db, .. }: Fresh) {
    ada(&db).await;
    write!(db, |tx| methods::add_passkey(
        tx,
        CONTOSO,
        ADA,
        &passkey(1, "c"),
        NOW
    )
    .await);
    let note = async |value: Option<(&'static [u8], &'static [u8])>, seconds| {
        let value = value.map(|(from, to)| methods::Move { from, to });
        write!(db, |tx| methods::note_use(
            tx,
            CONTOSO,
            MethodId(id(1)),
            value,
            at(seconds)
        )
        .await)
    };
    let found = async || {
        read!(db, |tx| methods::find_passkey(tx, "c").await)
            .unwrap()
            .2
    };
    assert_eq!(found().await.used_at, None);
    assert!(note(None, 5).await);
    let method = found().await;
    assert_eq!(
        (method.used_at, method.value.as_slice()),
        (Some(at(5)), b"sealed".as_slice())
    );
    let up: (&[u8], &[u8]) = (b"sealed", b"counter went up");
    assert!(note(Some(up), 6).await);
    assert!(!note(Some(up), 7).await, "of two, one moves it");
    let method = found().await;
    assert_eq!(
        (method.used_at, method.value.as_slice()),
        (Some(at(6)), b"counter went up".as_slice())
    );
    assert_eq!((method.changed_at, method.id), (None, MethodId(id(1))));
    assert_eq!(version(&db, ADA).await, 2);
}

/// An address that an administrator put on file, and as it is found there.
async fn from_the_helpdesk(db: &Db) -> methods::Method {
    let new = NewMethod {
        id: MethodId(id(1)),
        kind: MethodKind::Email,
        slot: "",
        name: "",
        value: b"sealed",
        origin: Origin::Administrator,
    };
    assert!(write!(db, |tx| methods::upsert(
        tx, CONTOSO, ADA, &new, NOW
    )
    .await));
    only_method(db).await
}

async fn only_method(db: &Db) -> methods::Method {
    let mut found = read!(db, |tx| methods::list_for_user(tx, CONTOSO, ADA).await);
    assert_eq!(found.len(), 1);
    found.remove(0)
}

async fn a_value_of_somebody_else_s_is_adopted_as_it_is(Fresh { db, .. }: Fresh) {
    ada(&db).await;
    let before = from_the_helpdesk(&db).await;
    let adopt = async |tenant, user, number| {
        let id = MethodId(id(number));
        write!(db, |tx| methods::adopt(tx, tenant, user, id).await)
    };
    assert!(!adopt(FABRIKAM, ADA, 1).await);
    assert!(!adopt(CONTOSO, UserId(id(2)), 1).await);
    assert!(!adopt(CONTOSO, ADA, 2).await);
    assert_eq!(only_method(&db).await, before);
    assert_eq!(version(&db, ADA).await, 2);
    assert!(adopt(CONTOSO, ADA, 1).await);
    let adopted = methods::Method {
        origin: Origin::Person,
        ..before
    };
    assert_eq!(only_method(&db).await, adopted);
    assert_eq!(version(&db, ADA).await, 3);
}

async fn what_takes_the_place_of_a_removed_value_counts_as_changed(Fresh { db, .. }: Fresh) {
    ada(&db).await;
    from_the_helpdesk(&db).await;
    let new = |number, kind| NewMethod {
        kind,
        name: "",
        ..passkey(number, "")
    };
    write!(db, |tx| {
        methods::upsert(tx, CONTOSO, ADA, &new(2, MethodKind::Question), NOW).await?;
        methods::delete(tx, FABRIKAM, ADA, MethodId(id(1))).await?;
        methods::delete(tx, CONTOSO, ADA, MethodId(id(1))).await?;
        methods::delete(tx, CONTOSO, ADA, MethodId(id(2))).await
    });
    write!(db, |tx| {
        methods::upsert(tx, CONTOSO, ADA, &new(3, MethodKind::Email), at(5)).await?;
        methods::upsert(tx, CONTOSO, ADA, &new(4, MethodKind::Phone), at(5)).await?;
        methods::upsert(tx, CONTOSO, ADA, &new(5, MethodKind::Question), at(5)).await
    });
    let all = read!(db, |tx| methods::list_for_user(tx, CONTOSO, ADA).await);
    assert_eq!(
        all.iter()
            .map(|m| (m.kind, m.changed_at))
            .collect::<Vec<_>>(),
        [
            (MethodKind::Email, Some(at(5))),
            (MethodKind::Phone, None),
            (MethodKind::Question, None)
        ]
    );
    write!(db, |tx| methods::let_rest(
        tx,
        CONTOSO,
        MethodId(id(3)),
        None
    )
    .await);
    let all = read!(db, |tx| methods::list_for_user(tx, CONTOSO, ADA).await);
    assert_eq!(all[0].changed_at, None);
}

async fn a_value_rests_since_another_moment(Fresh { db, .. }: Fresh) {
    ada(&db).await;
    let before = from_the_helpdesk(&db).await;
    let let_rest = async |tenant, number| {
        let id = MethodId(id(number));
        write!(db, |tx| methods::let_rest(tx, tenant, id, Some(at(5)))
            .await)
    };
    assert!(!let_rest(FABRIKAM, 1).await);
    assert!(!let_rest(CONTOSO, 2).await);
    assert_eq!(only_method(&db).await, before);
    assert!(let_rest(CONTOSO, 1).await);
    let resting = methods::Method {
        changed_at: Some(at(5)),
        ..before
    };
    assert_eq!(only_method(&db).await, resting);
    assert_eq!(version(&db, ADA).await, 2);
}

async fn a_replaced_value_was_never_used(Fresh { db, .. }: Fresh) {
    ada(&db).await;
    let app = |number| NewMethod {
        kind: MethodKind::Authenticator,
        name: "",
        ..passkey(number, "app")
    };
    write!(db, |tx| {
        methods::upsert(tx, CONTOSO, ADA, &app(1), NOW).await?;
        methods::note_use(tx, CONTOSO, MethodId(id(1)), None, at(1)).await?;
        methods::upsert(tx, CONTOSO, ADA, &app(2), at(2)).await
    });
    let all = read!(db, |tx| methods::list_for_user(tx, CONTOSO, ADA).await);
    assert_eq!(
        all.iter().map(|m| (m.id, m.used_at)).collect::<Vec<_>>(),
        [(MethodId(id(2)), None)]
    );
}

fn sheet(first: u128) -> Vec<(MethodId, String)> {
    (first..first + 10)
        .map(|number| (MethodId(id(number)), format!("{number:064x}")))
        .collect()
}

async fn codes_of(db: &Db, user: UserId) -> Vec<String> {
    let all = read!(db, |tx| methods::list_for_user(tx, CONTOSO, user).await);
    all.into_iter()
        .filter(|method| method.kind == MethodKind::RecoveryCode)
        .map(|method| method.slot)
        .collect()
}

async fn a_recovery_code_works_once_and_for_its_owner(Fresh { db, .. }: Fresh) {
    ada(&db).await;
    let bob = user(2, "Bob");
    let codes = sheet(100);
    write!(db, |tx| {
        accounts::insert(tx, &bob, None).await?;
        methods::replace_recovery_codes(tx, CONTOSO, ADA, &codes, NOW).await?;
        // A question and a passkey of the same slot are no codes.
        let slot = codes[1].1.as_str();
        let question = NewMethod {
            kind: MethodKind::Question,
            ..passkey(50, slot)
        };
        methods::upsert(tx, CONTOSO, bob.id, &question, NOW).await?;
        methods::add_passkey(tx, CONTOSO, bob.id, &passkey(51, slot), NOW).await
    });
    let before = version(&db, ADA).await;
    let slot = codes[0].1.as_str();
    let bobs = codes[1].1.as_str();
    for (owner, slot, works) in [
        (bob.id, slot, false),
        (bob.id, bobs, false),
        (ADA, "", false),
        (ADA, slot, true),
        (ADA, slot, false),
    ] {
        let used = write!(db, |tx| methods::use_recovery_code(
            tx, CONTOSO, owner, slot
        )
        .await);
        assert_eq!(used, works, "{slot}");
    }
    // A reset that goes on with it must not end because of it.
    assert_eq!(version(&db, ADA).await, before);
    let left: Vec<String> = codes[1..].iter().map(|(_, slot)| slot.clone()).collect();
    assert_eq!(codes_of(&db, ADA).await, left);
    let bobs = read!(db, |tx| methods::list_for_user(tx, CONTOSO, bob.id).await);
    assert_eq!(bobs.len(), 2);
}

async fn a_new_sheet_of_recovery_codes_replaces_the_old_one(Fresh { db, .. }: Fresh) {
    ada(&db).await;
    write!(db, |tx| methods::add_passkey(
        tx,
        CONTOSO,
        ADA,
        &passkey(1, "c"),
        NOW
    )
    .await);
    let replace = async |codes: Vec<(MethodId, String)>, user| {
        write!(db, |tx| methods::replace_recovery_codes(
            tx, CONTOSO, user, &codes, NOW
        )
        .await)
    };
    assert!(replace(sheet(100), ADA).await);
    assert!(replace(sheet(200), ADA).await);
    assert_eq!(version(&db, ADA).await, 4);
    let expected: Vec<String> = sheet(200).into_iter().map(|(_, slot)| slot).collect();
    assert_eq!(codes_of(&db, ADA).await, expected);
    let old = sheet(100)[0].1.clone();
    assert!(!write!(db, |tx| methods::use_recovery_code(
        tx, CONTOSO, ADA, &old
    )
    .await));
    assert!(!replace(sheet(300), UserId(id(999))).await);
    assert!(replace(vec![], ADA).await);
    assert_eq!(codes_of(&db, ADA).await, Vec::<String>::new());
    // The passkey is still there.
    assert!(read!(db, |tx| methods::find_passkey(tx, "c").await).is_some());
}

async fn all_methods_of_a_kind_are_deleted(Fresh { db, .. }: Fresh) {
    ada(&db).await;
    write!(db, |tx| {
        methods::add_passkey(tx, CONTOSO, ADA, &passkey(1, "c"), NOW).await?;
        methods::add_passkey(tx, CONTOSO, ADA, &passkey(2, "d"), NOW).await?;
        methods::replace_recovery_codes(tx, CONTOSO, ADA, &sheet(100), NOW).await
    });
    let delete = async |kind| write!(db, |tx| methods::delete_kind(tx, CONTOSO, ADA, kind).await);
    assert_eq!(delete(MethodKind::Passkey).await, 2);
    assert_eq!(version(&db, ADA).await, 5);
    assert_eq!(delete(MethodKind::Passkey).await, 0);
    assert_eq!(version(&db, ADA).await, 5, "nothing changed");
    assert_eq!(codes_of(&db, ADA).await.len(), 10);
}
