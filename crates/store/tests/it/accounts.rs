//! Users, the names they answer to, their passwords and methods.

use latchkey_core::model::{Origin, Role, Source};
use latchkey_store::methods::MethodKind::{Authenticator, Email, Question};
use latchkey_store::names::{self, NameKind};
use latchkey_store::{StoreError, accounts, groups, history, methods};
use latchkey_types::{CountryCode, GroupId, Locale, MethodId, Timestamp, Upn, UserId};

use crate::support::{ADA, CONTOSO, FABRIKAM, Fresh, NOW, ada, at, id, on_both, read, user, write};

on_both! {
    a_user_comes_back_as_it_was_put
    a_taken_name_or_anchor_is_a_conflict_and_the_transaction_goes_on
    attributes_change_only_from_the_expected_version
    another_s_upn_cannot_be_taken_by_a_change
    a_password_is_set_from_the_expected_version_with_all_that_goes_with_it
    every_change_makes_the_version_grow
    roles_are_replaced
    the_history_keeps_the_last_hashes_newest_first
    a_upn_wins_over_mail_and_mail_counts_only_where_it_is_unique
    users_are_listed_by_name_in_pages_and_filtered
    a_deleted_user_leaves_nothing_behind
    methods_are_put_replaced_and_deleted
    a_time_step_is_accepted_once_and_only_forwards
}

async fn a_user_comes_back_as_it_was_put(Fresh { db, .. }: Fresh) {
    crate::support::tenants(&db).await;
    let mut put = user(1, "Ada");
    put.mail = Some("Ada.Lovelace@Contoso.com".into());
    put.other_mails = vec!["a@example.com".into(), "\"b\"@example.com".into()];
    put.mobile_phone = Some("+31 6 1".into());
    put.office_phone = Some("none of your business".into());
    put.contact_changed_at = Some(at(-5));
    put.usage_location = Some(CountryCode::parse("SE").unwrap());
    put.locale = Some(Locale::Sv);
    put.source = Source::Synchronised;
    put.anchor = Some("anchor".into());
    put.agent_domain = Some("corp.contoso.com".into());
    put.roles = vec![Role::GlobalAdministrator, Role::HelpdeskAdministrator];
    put.must_change_password = true;
    put.password_never_expires = true;
    put.frozen_at = Some(at(-1));
    put.enabled = false;
    put.version = 7;
    write!(db, |tx| accounts::insert(tx, &put, Some("hash")).await);
    let got = read!(db, |tx| accounts::get(tx, CONTOSO, ADA).await).unwrap();
    assert_eq!(format!("{got:?}"), format!("{put:?}"));
    let hash = read!(db, |tx| accounts::password(tx, CONTOSO, ADA).await);
    assert_eq!(hash.as_deref(), Some("hash"));
    let valid_from = read!(db, |tx| accounts::sessions_valid_from(tx, CONTOSO, ADA)
        .await);
    assert_eq!(valid_from, Some(NOW));

    // And one that has as little as can be.
    write!(db, |tx| accounts::insert(tx, &user(2, "Bob"), None).await);
    let got = read!(db, |tx| accounts::get(tx, CONTOSO, UserId(id(2))).await).unwrap();
    assert_eq!(format!("{got:?}"), format!("{:?}", user(2, "Bob")));
    assert_eq!(
        read!(db, |tx| accounts::password(tx, CONTOSO, UserId(id(2)))
            .await),
        None
    );
}

async fn a_taken_name_or_anchor_is_a_conflict_and_the_transaction_goes_on(Fresh { db, .. }: Fresh) {
    crate::support::tenants(&db).await;
    let mut first = user(1, "Ada");
    first.anchor = Some("anchor".into());
    let same_name = user(2, "ADA");
    let mut same_anchor = user(3, "Bob");
    same_anchor.anchor = Some("anchor".into());
    write!(db, |tx| {
        accounts::insert(tx, &first, None).await?;
        let refused = accounts::insert(tx, &same_name, None).await;
        assert!(
            matches!(refused, Err(StoreError::Conflict("upn"))),
            "{refused:?}"
        );
        let refused = accounts::insert(tx, &same_anchor, None).await;
        assert!(
            matches!(refused, Err(StoreError::Conflict("anchor"))),
            "{refused:?}"
        );
        accounts::insert(tx, &user(4, "Cid"), None).await
    });
    let all = accounts::Filter::default();
    assert_eq!(read!(db, |tx| accounts::count(tx, CONTOSO, &all).await), 2);
}

async fn attributes_change_only_from_the_expected_version(Fresh { db, .. }: Fresh) {
    ada(&db).await;
    let mut changed = user(1, "Countess");
    changed.mail = Some("ada@contoso.com".into());
    let stale = write!(db, |tx| accounts::set_attributes(
        tx, CONTOSO, ADA, 2, &changed
    )
    .await);
    assert!(!stale);
    assert!(write!(db, |tx| accounts::set_attributes(
        tx, CONTOSO, ADA, 1, &changed
    )
    .await));
    let got = read!(db, |tx| accounts::get(tx, CONTOSO, ADA).await).unwrap();
    assert_eq!((got.upn.as_str(), got.version), ("Countess@contoso.com", 2));
    // The old UPN is now only a mail address, the new one a UPN.
    let named = read!(db, |tx| names::resolve(tx, "ada@contoso.com").await);
    assert_eq!(
        named.iter().map(|n| n.kind).collect::<Vec<_>>(),
        [NameKind::Mail]
    );
    let named = read!(db, |tx| names::resolve(tx, "countess@contoso.com").await);
    assert_eq!(
        named.iter().map(|n| n.kind).collect::<Vec<_>>(),
        [NameKind::Upn]
    );
}

async fn another_s_upn_cannot_be_taken_by_a_change(Fresh { db, .. }: Fresh) {
    ada(&db).await;
    write!(db, |tx| accounts::insert(tx, &user(2, "Bob"), None).await);
    let mut bob = user(2, "Bob");
    bob.upn = Upn::parse("ADA@contoso.com").unwrap();
    let refused = db
        .write(async |mut tx| {
            accounts::set_attributes(&mut tx, CONTOSO, UserId(id(2)), 1, &bob).await
        })
        .await;
    assert!(
        matches!(refused, Err(StoreError::Conflict("upn"))),
        "{refused:?}"
    );
}

async fn a_password_is_set_from_the_expected_version_with_all_that_goes_with_it(
    Fresh { db, .. }: Fresh,
) {
    crate::support::tenants(&db).await;
    let mut put = user(1, "Ada");
    put.must_change_password = true;
    write!(db, |tx| accounts::insert(tx, &put, Some("hash 1")).await);
    let later = at(60);
    let stale = write!(db, |tx| accounts::set_password(
        tx, CONTOSO, ADA, 2, "hash 2", later, 3
    )
    .await);
    assert!(!stale);
    assert_eq!(
        read!(db, |tx| accounts::password(tx, CONTOSO, ADA).await).as_deref(),
        Some("hash 1")
    );
    assert_eq!(
        read!(db, |tx| history::list(tx, CONTOSO, ADA, 9).await),
        ["hash 1"]
    );
    assert!(write!(db, |tx| accounts::set_password(
        tx, CONTOSO, ADA, 1, "hash 2", later, 3
    )
    .await));
    let got = read!(db, |tx| accounts::get(tx, CONTOSO, ADA).await).unwrap();
    assert_eq!(got.version, 2);
    assert_eq!(got.password_set_at, Some(later));
    assert!(!got.must_change_password);
    let valid_from = read!(db, |tx| accounts::sessions_valid_from(tx, CONTOSO, ADA)
        .await);
    assert_eq!(valid_from, Some(later));
    assert_eq!(
        read!(db, |tx| accounts::password(tx, CONTOSO, ADA).await).as_deref(),
        Some("hash 2")
    );
    assert_eq!(
        read!(db, |tx| history::list(tx, CONTOSO, ADA, 9).await),
        ["hash 2", "hash 1"]
    );
    // A history of none forgets even the present one.
    assert!(write!(db, |tx| accounts::set_password(
        tx,
        CONTOSO,
        ADA,
        2,
        "hash 3",
        at(61),
        0
    )
    .await));
    assert!(read!(db, |tx| history::list(tx, CONTOSO, ADA, 9).await).is_empty());
}

async fn every_change_makes_the_version_grow(Fresh { db, .. }: Fresh) {
    ada(&db).await;
    let method = methods::NewMethod {
        id: MethodId(id(50)),
        kind: methods::MethodKind::Phone,
        slot: "",
        name: "",
        value: b"sealed",
        origin: Origin::Person,
    };
    let mut expected = 1;
    macro_rules! grows {
        (|$tx:ident| $change:expr) => {
            assert!(write!(db, |$tx| $change.await));
            expected += 1;
            let got = read!(db, |tx| accounts::get(tx, CONTOSO, ADA).await).unwrap();
            assert_eq!(got.version, expected, stringify!($change));
        };
    }
    grows!(|tx| accounts::set_frozen(tx, CONTOSO, ADA, Some(NOW)));
    grows!(|tx| accounts::set_frozen(tx, CONTOSO, ADA, None));
    grows!(|tx| accounts::set_enabled(tx, CONTOSO, ADA, false));
    grows!(|tx| accounts::end_sessions(tx, CONTOSO, ADA, at(1)));
    grows!(|tx| accounts::set_roles(tx, CONTOSO, ADA, &[Role::GlobalReader]));
    grows!(|tx| methods::upsert(tx, CONTOSO, ADA, &method, NOW));
    grows!(|tx| methods::delete(tx, CONTOSO, ADA, MethodId(id(50))));
    grows!(|tx| accounts::set_password(tx, CONTOSO, ADA, expected, "hash", NOW, 1));
    let user = user(1, "Ada");
    grows!(|tx| accounts::set_attributes(tx, CONTOSO, ADA, expected, &user));
}

async fn roles_are_replaced(Fresh { db, .. }: Fresh) {
    ada(&db).await;
    let both = [
        Role::HelpdeskAdministrator,
        Role::GlobalAdministrator,
        Role::GlobalAdministrator,
    ];
    assert!(write!(db, |tx| accounts::set_roles(
        tx, CONTOSO, ADA, &both
    )
    .await));
    let roles = read!(db, |tx| accounts::get(tx, CONTOSO, ADA).await)
        .unwrap()
        .roles;
    assert_eq!(
        roles,
        [Role::GlobalAdministrator, Role::HelpdeskAdministrator]
    );
    assert!(write!(db, |tx| accounts::set_roles(tx, CONTOSO, ADA, &[]).await));
    assert!(
        read!(db, |tx| accounts::get(tx, CONTOSO, ADA).await)
            .unwrap()
            .roles
            .is_empty()
    );
}

async fn the_history_keeps_the_last_hashes_newest_first(Fresh { db, .. }: Fresh) {
    ada(&db).await;
    write!(db, |tx| {
        for number in 2..=5 {
            let hash = format!("hash {number}");
            history::insert(tx, CONTOSO, ADA, at(number), &hash).await?;
        }
        Ok::<_, StoreError>(())
    });
    let last = read!(db, |tx| history::list(tx, CONTOSO, ADA, 2).await);
    assert_eq!(last, ["hash 5", "hash 4"]);
    assert_eq!(
        write!(db, |tx| history::prune(tx, CONTOSO, ADA, 3).await),
        2
    );
    let left = read!(db, |tx| history::list(tx, CONTOSO, ADA, 24).await);
    assert_eq!(left, ["hash 5", "hash 4", "hash 3"]);
}

async fn a_upn_wins_over_mail_and_mail_counts_only_where_it_is_unique(Fresh { db, .. }: Fresh) {
    crate::support::tenants(&db).await;
    let with_mail = |number, name, mail: &str| {
        let mut user = user(number, name);
        user.mail = Some(mail.into());
        user
    };
    write!(db, |tx| {
        accounts::insert(tx, &user(1, "Ada"), None).await?;
        accounts::insert(tx, &with_mail(2, "Bob", "ada@contoso.com"), None).await?;
        accounts::insert(tx, &with_mail(3, "Cid", " Shared@Contoso.com "), None).await?;
        accounts::insert(tx, &with_mail(4, "Dot", "shared@contoso.com"), None).await?;
        accounts::insert(tx, &with_mail(5, "Eve", "eve.only@contoso.com"), None).await
    });
    let mean = async |name: &str| {
        let named = read!(db, |tx| names::resolve(tx, name).await);
        names::choose(&named).map(|named| named.user)
    };
    assert_eq!(mean("ada@contoso.com").await, Some(ADA));
    assert_eq!(mean("bob@contoso.com").await, Some(UserId(id(2))));
    assert_eq!(mean("shared@contoso.com").await, None);
    assert_eq!(mean("eve.only@contoso.com").await, Some(UserId(id(5))));
    assert_eq!(mean("nobody@contoso.com").await, None);
    // An account whose mail is its UPN answers once.
    write!(db, |tx| accounts::insert(
        tx,
        &with_mail(6, "Fay", "Fay@contoso.com"),
        None
    )
    .await);
    assert_eq!(mean("fay@contoso.com").await, Some(UserId(id(6))));
}

async fn users_are_listed_by_name_in_pages_and_filtered(Fresh { db, .. }: Fresh) {
    crate::support::tenants(&db).await;
    let group = groups::Group {
        id: GroupId(id(100)),
        name: "Staff".into(),
        source: Source::Cloud,
        created_at: NOW,
    };
    write!(db, |tx| {
        // Bytes, not a language, decide the order: '_' comes before letters.
        for (number, name) in [(1, "bob"), (2, "Ann"), (3, "_x"), (4, "alice"), (5, "Anna")] {
            let mut user = user(number, name);
            user.enabled = number != 4;
            if number == 1 {
                user.display_name = "ANNE Bob".into();
                user.roles = vec![Role::GlobalReader];
            }
            accounts::insert(tx, &user, None).await?;
        }
        groups::insert(tx, CONTOSO, &group).await?;
        groups::add_user(tx, CONTOSO, group.id, UserId(id(5))).await
    });
    let list = async |filter: accounts::Filter<'_>, after: Option<&str>, limit| {
        let users = read!(db, |tx| accounts::list(tx, CONTOSO, &filter, after, limit)
            .await);
        if after.is_none() && limit == 10 {
            let counted = read!(db, |tx| accounts::count(tx, CONTOSO, &filter).await);
            assert_eq!(usize::try_from(counted).unwrap(), users.len());
        }
        users
            .iter()
            .map(|user| user.upn.local().to_owned())
            .collect::<Vec<_>>()
    };
    let all = accounts::Filter::default;
    assert_eq!(
        list(all(), None, 10).await,
        ["_x", "alice", "Ann", "Anna", "bob"]
    );
    assert_eq!(list(all(), None, 2).await, ["_x", "alice"]);
    assert_eq!(
        list(all(), Some("alice@contoso.com"), 2).await,
        ["Ann", "Anna"]
    );
    assert_eq!(list(all(), Some("bob@contoso.com"), 2).await, [""; 0]);
    let prefix = |prefix| accounts::Filter {
        prefix: Some(prefix),
        ..all()
    };
    assert_eq!(list(prefix("ANN"), None, 10).await, ["Ann", "Anna", "bob"]);
    assert_eq!(list(prefix("%"), None, 10).await, [""; 0]);
    assert_eq!(list(prefix("_"), None, 10).await, ["_x"]);
    let filter = accounts::Filter {
        enabled: Some(false),
        ..all()
    };
    assert_eq!(list(filter, None, 10).await, ["alice"]);
    let filter = accounts::Filter {
        group: Some(group.id),
        ..all()
    };
    assert_eq!(list(filter, None, 10).await, ["Anna"]);
    let filter = accounts::Filter {
        role: Some(Role::GlobalReader),
        ..all()
    };
    assert_eq!(list(filter, None, 10).await, ["bob"]);
}

async fn a_deleted_user_leaves_nothing_behind(Fresh { db, .. }: Fresh) {
    ada(&db).await;
    assert!(write!(db, |tx| accounts::delete(tx, CONTOSO, ADA).await));
    assert!(!write!(db, |tx| accounts::delete(tx, CONTOSO, ADA).await));
    assert!(read!(db, |tx| accounts::get(tx, CONTOSO, ADA).await).is_none());
    assert!(read!(db, |tx| names::resolve(tx, "ada@contoso.com").await).is_empty());
    assert!(read!(db, |tx| history::list(tx, CONTOSO, ADA, 9).await).is_empty());
    // The name is free again.
    write!(db, |tx| accounts::insert(tx, &user(2, "Ada"), None).await);
}

async fn methods_are_put_replaced_and_deleted(Fresh { db, .. }: Fresh) {
    ada(&db).await;
    let method = |number, kind, slot: &'static str, value: &'static [u8]| methods::NewMethod {
        id: MethodId(id(number)),
        kind,
        slot,
        name: "",
        value,
        origin: Origin::Administrator,
    };
    let put = async |new: methods::NewMethod<'_>, now: Timestamp| {
        assert!(write!(db, |tx| methods::upsert(
            tx, CONTOSO, ADA, &new, now
        )
        .await));
    };
    put(method(10, Question, "pet", b"one"), NOW).await;
    put(method(11, Question, "car", b"two"), NOW).await;
    put(method(12, Email, "", b"mail"), NOW).await;
    put(method(13, Authenticator, "phone", b"secret"), NOW).await;
    assert!(write!(db, |tx| methods::advance_step(
        tx,
        CONTOSO,
        MethodId(id(13)),
        5
    )
    .await));
    put(method(14, Authenticator, "phone", b"another"), at(9)).await;
    let list = read!(db, |tx| methods::list_for_user(tx, CONTOSO, ADA).await);
    let seen: Vec<_> = list
        .iter()
        .map(|m| (m.kind, m.slot.as_str(), m.value.as_slice()))
        .collect();
    assert_eq!(
        seen,
        [
            (Email, "", b"mail".as_slice()),
            (Question, "car", b"two"),
            (Question, "pet", b"one"),
            (Authenticator, "phone", b"another"),
        ]
    );
    let replaced = &list[3];
    assert_eq!(replaced.id, MethodId(id(14)));
    assert_eq!(
        (replaced.created_at, replaced.changed_at),
        (NOW, Some(at(9)))
    );
    assert_eq!(replaced.last_step, None);
    assert_eq!(
        (list[0].changed_at, list[0].origin),
        (None, Origin::Administrator)
    );
    assert!(write!(db, |tx| methods::delete(
        tx,
        CONTOSO,
        ADA,
        MethodId(id(12))
    )
    .await));
    assert!(!write!(db, |tx| methods::delete(
        tx,
        CONTOSO,
        ADA,
        MethodId(id(12))
    )
    .await));
    assert_eq!(
        read!(db, |tx| methods::list_for_user(tx, CONTOSO, ADA).await).len(),
        3
    );
}

async fn a_time_step_is_accepted_once_and_only_forwards(Fresh { db, .. }: Fresh) {
    ada(&db).await;
    let new = methods::NewMethod {
        id: MethodId(id(10)),
        kind: methods::MethodKind::Authenticator,
        slot: "",
        name: "",
        value: b"secret",
        origin: Origin::Person,
    };
    write!(db, |tx| methods::upsert(tx, CONTOSO, ADA, &new, NOW).await);
    for (step, accepted) in [
        (100, true),
        (100, false),
        (99, false),
        (101, true),
        (100, false),
    ] {
        let answer = write!(db, |tx| methods::advance_step(
            tx,
            CONTOSO,
            MethodId(id(10)),
            step
        )
        .await);
        assert_eq!(answer, accepted, "{step}");
    }
    let foreign = write!(db, |tx| methods::advance_step(
        tx,
        FABRIKAM,
        MethodId(id(10)),
        200
    )
    .await);
    assert!(!foreign);
}
