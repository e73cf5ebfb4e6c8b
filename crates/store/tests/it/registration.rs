//! When people registered, and whose password expires: none of it is another version of them.

use latchkey_core::model::{Managed, Source};
use latchkey_store::{Db, StoreError, accounts, groups, history, registration};
use latchkey_types::{GroupId, Timestamp, UserId};
use sqlx::{Connection as _, Row as _};

use crate::support::{
    ADA, CONTOSO, FABRIKAM, Fresh, NOW, ada, at, id, on_both, read, tenants, user, write,
};

on_both! {
    registering_and_resets_are_noted_without_another_version
    what_is_noted_survives_a_change_of_attributes
    a_user_is_asked_to_register_again
    everybody_of_one_tenant_is_asked
    a_group_is_asked_with_the_groups_in_it
    expiring_passwords_are_those_of_the_span
    only_passwords_that_expire_are_listed
    expiring_passwords_come_in_pages_the_oldest_first
    somebody_is_told_once_and_then_of_fewer_days
    a_new_password_forgets_what_was_told
    the_hash_of_the_same_password_is_replaced_and_nothing_else
}

async fn get(db: &Db, number: u128) -> latchkey_core::model::User {
    let user = UserId(id(number));
    read!(db, |tx| accounts::get(tx, CONTOSO, user).await).unwrap()
}

async fn registering_and_resets_are_noted_without_another_version(Fresh { db, .. }: Fresh) {
    ada(&db).await;
    let before = get(&db, 1).await;
    assert_eq!(
        (
            before.confirmed_at,
            before.register_again_at,
            before.reset_at
        ),
        (None, None, None)
    );
    write!(db, |tx| {
        assert!(registration::confirm(tx, CONTOSO, ADA, at(1)).await?);
        assert!(registration::require_of_user(tx, CONTOSO, ADA, at(2)).await?);
        assert!(registration::note_reset(tx, CONTOSO, ADA, at(3)).await?);
        let nobody = UserId(id(999));
        assert!(!registration::confirm(tx, CONTOSO, nobody, NOW).await?);
        assert!(!registration::require_of_user(tx, CONTOSO, nobody, NOW).await?);
        assert!(!registration::note_reset(tx, CONTOSO, nobody, NOW).await?);
        Ok::<_, StoreError>(())
    });
    let after = get(&db, 1).await;
    assert_eq!(
        (after.confirmed_at, after.register_again_at, after.reset_at),
        (Some(at(1)), Some(at(2)), Some(at(3)))
    );
    assert_eq!(after.version, before.version);
}

async fn what_is_noted_survives_a_change_of_attributes(Fresh { db, .. }: Fresh) {
    tenants(&db).await;
    let mut put = user(1, "Ada");
    put.confirmed_at = Some(at(-3));
    put.register_again_at = Some(at(-2));
    put.reset_at = Some(at(-1));
    write!(db, |tx| {
        accounts::insert(tx, &put, None).await?;
        accounts::set_attributes(tx, CONTOSO, ADA, 1, &user(1, "Countess")).await
    });
    let got = get(&db, 1).await;
    assert_eq!(
        (got.confirmed_at, got.register_again_at, got.reset_at),
        (Some(at(-3)), Some(at(-2)), Some(at(-1)))
    );
}

async fn a_user_is_asked_to_register_again(Fresh { db, .. }: Fresh) {
    ada(&db).await;
    write!(db, |tx| accounts::insert(tx, &user(2, "Bob"), None).await);
    write!(db, |tx| registration::require_of_user(
        tx,
        CONTOSO,
        ADA,
        at(1)
    )
    .await);
    write!(db, |tx| registration::require_of_user(
        tx,
        CONTOSO,
        ADA,
        at(2)
    )
    .await);
    assert_eq!(get(&db, 1).await.register_again_at, Some(at(2)));
    assert_eq!(get(&db, 2).await.register_again_at, None);
}

async fn everybody_of_one_tenant_is_asked(Fresh { db, .. }: Fresh) {
    ada(&db).await;
    let mut eve = user(20, "Eve");
    eve.tenant = FABRIKAM;
    let asked = write!(db, |tx| {
        accounts::insert(tx, &user(2, "Bob"), None).await?;
        accounts::insert(tx, &eve, None).await?;
        registration::require_of_all(tx, CONTOSO, at(1)).await
    });
    assert_eq!(asked, 2);
    for number in [1, 2] {
        let user = get(&db, number).await;
        assert_eq!((user.register_again_at, user.version), (Some(at(1)), 1));
    }
    let eve = read!(db, |tx| accounts::get(tx, FABRIKAM, eve.id).await).unwrap();
    assert_eq!(eve.register_again_at, None);
    // Whoever came at that moment was there; whoever comes later was not.
    for (number, name, seconds, asked) in [(3, "Cid", 1, Some(at(1))), (4, "Dan", 2, None)] {
        let mut late = user(number, name);
        late.created_at = at(seconds);
        write!(db, |tx| accounts::insert(tx, &late, None).await);
        assert_eq!(get(&db, number).await.register_again_at, asked, "{name}");
    }
    // The last time that somebody was asked counts, alone or with all.
    write!(db, |tx| registration::require_of_user(
        tx,
        CONTOSO,
        ADA,
        at(5)
    )
    .await);
    assert_eq!(get(&db, 1).await.register_again_at, Some(at(5)));
    write!(db, |tx| registration::require_of_all(tx, CONTOSO, at(6))
        .await);
    assert_eq!(get(&db, 1).await.register_again_at, Some(at(6)));
    assert_eq!(get(&db, 4).await.register_again_at, Some(at(6)));
}

async fn a_group_is_asked_with_the_groups_in_it(Fresh { db, .. }: Fresh) {
    ada(&db).await;
    let group = |number| groups::Group {
        id: GroupId(id(number)),
        name: number.to_string(),
        source: Source::Cloud,
        created_at: NOW,
    };
    let (outer, inner, other) = (GroupId(id(10)), GroupId(id(11)), GroupId(id(12)));
    write!(db, |tx| {
        for (number, name) in [(2, "Bob"), (3, "Cid"), (4, "Dan")] {
            accounts::insert(tx, &user(number, name), None).await?;
        }
        for number in [10, 11, 12] {
            groups::insert(tx, CONTOSO, &group(number)).await?;
        }
        groups::add_group(tx, CONTOSO, outer, inner).await?;
        // A circle, and somebody who is in both.
        groups::add_group(tx, CONTOSO, inner, outer).await?;
        groups::add_group(tx, CONTOSO, other, outer).await?;
        for (group, number) in [(outer, 1), (inner, 1), (inner, 2), (other, 3)] {
            groups::add_user(tx, CONTOSO, group, UserId(id(number))).await?;
        }
        Ok::<_, StoreError>(())
    });
    let require = async |group, seconds| {
        write!(db, |tx| registration::require_of_group(
            tx,
            CONTOSO,
            group,
            at(seconds)
        )
        .await)
    };
    assert_eq!(require(outer, 1).await, 2);
    let mut asked = vec![];
    for number in 1..=4 {
        asked.push(get(&db, number).await.register_again_at);
    }
    assert_eq!(asked, [Some(at(1)), Some(at(1)), None, None]);
    assert_eq!(require(other, 2).await, 3);
    assert_eq!(require(GroupId(id(99)), 3).await, 0);
}

/// Whose passwords expire, of those that were set in a span of seconds.
async fn expiring(db: &Db, span: (i64, i64), days: i64) -> Vec<u128> {
    let span = (at(span.0), at(span.1));
    let rows = read!(db, |tx| registration::expiring(
        tx, CONTOSO, span, days, None, 99
    )
    .await);
    rows.into_iter()
        .map(|row| row.user.0.as_u128() - id(0).as_u128())
        .collect()
}

async fn with_password(db: &Db, number: u128, set_at: Timestamp) {
    let mut someone = user(number, &format!("user{number}"));
    someone.password_set_at = Some(set_at);
    write!(db, |tx| accounts::insert(tx, &someone, Some("hash")).await);
}

async fn expiring_passwords_are_those_of_the_span(Fresh { db, .. }: Fresh) {
    tenants(&db).await;
    for (number, seconds) in [(1, 10), (2, 20), (3, 20), (4, 30)] {
        with_password(&db, number, at(seconds)).await;
    }
    assert_eq!(expiring(&db, (10, 20), 14).await, [2, 3]);
    assert_eq!(expiring(&db, (9, 30), 14).await, [1, 2, 3, 4]);
    assert_eq!(expiring(&db, (20, 29), 14).await, Vec::<u128>::new());
    let all = (at(0), at(99));
    let theirs = read!(db, |tx| registration::expiring(
        tx, FABRIKAM, all, 14, None, 9
    )
    .await);
    assert_eq!(theirs, []);
}

async fn only_passwords_that_expire_are_listed(Fresh { db, .. }: Fresh) {
    ada(&db).await;
    let all = [2, 3, 4, 5, 6].map(|number| user(number, &format!("user{number}")));
    let [
        mut disabled,
        mut never,
        mut federated,
        mut elsewhere,
        mut without,
    ] = all;
    disabled.enabled = false;
    never.password_never_expires = true;
    federated.managed = Managed::Federated;
    elsewhere.managed = Managed::PasswordHashSync;
    without.password_set_at = None;
    write!(db, |tx| {
        for someone in [&disabled, &never, &federated, &elsewhere, &without] {
            let hash = someone.password_set_at.map(|_| "hash");
            accounts::insert(tx, someone, hash).await?;
        }
        Ok::<_, StoreError>(())
    });
    assert_eq!(expiring(&db, (-1, 1), 14).await, [1]);
}

async fn expiring_passwords_come_in_pages_the_oldest_first(Fresh { db, .. }: Fresh) {
    tenants(&db).await;
    // Some at the same moment, so that pages end among them, and ids that are not in order of time.
    for number in 1..=23_u128 {
        let seconds = [3, 1, 1, 2, 1][usize::try_from(number).unwrap() % 5];
        with_password(&db, number, at(seconds)).await;
    }
    let page = async |after, limit| {
        read!(db, |tx| registration::expiring(
            tx,
            CONTOSO,
            (NOW, at(9)),
            14,
            after,
            limit
        )
        .await)
    };
    let all = page(None, 99).await;
    assert_eq!(all.len(), 23);
    assert!(all.is_sorted_by_key(|row| (row.set_at, row.user)));
    for limit in 1..=7 {
        let mut seen = vec![];
        let mut after = None;
        loop {
            let page = page(after, limit).await;
            let Some(last) = page.last() else { break };
            after = Some((last.set_at, last.user));
            assert!(page.len() <= usize::try_from(limit).unwrap());
            seen.extend(page);
        }
        assert_eq!(seen, all, "{limit} at a time");
    }
}

async fn somebody_is_told_once_and_then_of_fewer_days(Fresh { db, .. }: Fresh) {
    ada(&db).await;
    let tell = async |set_at, days| {
        write!(db, |tx| registration::tell_expiry(
            tx, CONTOSO, ADA, set_at, days
        )
        .await)
    };
    assert!(!tell(at(1), 14).await, "of another password");
    assert!(tell(NOW, 14).await);
    assert!(!tell(NOW, 14).await);
    assert_eq!(expiring(&db, (-1, 0), 14).await, Vec::<u128>::new());
    let rows = read!(db, |tx| registration::expiring(
        tx,
        CONTOSO,
        (at(-1), NOW),
        7,
        None,
        9
    )
    .await);
    let expected = registration::Expiring {
        user: ADA,
        set_at: NOW,
        told_days: Some(14),
    };
    assert_eq!(rows, [expected]);
    assert!(tell(NOW, 1).await);
    assert!(!tell(NOW, 7).await, "that would be late");
    assert_eq!(get(&db, 1).await.version, 1);
}

async fn a_new_password_forgets_what_was_told(Fresh { db, .. }: Fresh) {
    ada(&db).await;
    write!(db, |tx| registration::tell_expiry(tx, CONTOSO, ADA, NOW, 1)
        .await);
    write!(db, |tx| accounts::set_password(
        tx,
        CONTOSO,
        ADA,
        1,
        "new",
        at(5),
        9
    )
    .await);
    assert_eq!(expiring(&db, (4, 5), 14).await, [1]);
    assert!(!write!(db, |tx| registration::tell_expiry(
        tx, CONTOSO, ADA, NOW, 0
    )
    .await));
    assert!(write!(db, |tx| registration::tell_expiry(
        tx,
        CONTOSO,
        ADA,
        at(5),
        14
    )
    .await));
}

async fn the_hash_of_the_same_password_is_replaced_and_nothing_else(Fresh { db, .. }: Fresh) {
    ada(&db).await;
    let before = format!("{:?}", get(&db, 1).await);
    let rehash = async |old: &'static str, new: &'static str| {
        write!(db, |tx| accounts::rehash(tx, CONTOSO, ADA, old, new).await)
    };
    assert!(rehash("hash 1", "stronger").await);
    assert!(!rehash("hash 1", "late").await);
    let hash = read!(db, |tx| accounts::password(tx, CONTOSO, ADA).await);
    assert_eq!(hash.as_deref(), Some("stronger"));
    assert_eq!(
        read!(db, |tx| history::list(tx, CONTOSO, ADA, 9).await),
        ["stronger"]
    );
    assert_eq!(format!("{:?}", get(&db, 1).await), before);
    let valid_from = read!(db, |tx| accounts::sessions_valid_from(tx, CONTOSO, ADA)
        .await);
    assert_eq!(valid_from, Some(NOW));
}

/// On SQLite a test beside the statement asks.
#[test]
fn on_postgres_expiring_passwords_are_read_in_the_order_of_the_index() {
    crate::support::postgres(async |fresh: Fresh| {
        let mut c = sqlx::PgConnection::connect(&fresh.url).await.unwrap();
        // In a table with nobody in it the index is no gain; the question is whether it can do.
        for statement in [
            "SET enable_seqscan = off".to_owned(),
            "SET enable_bitmapscan = off".to_owned(),
            "SET plan_cache_mode = force_generic_plan".to_owned(),
            format!("PREPARE expiring AS {}", registration::EXPIRING),
        ] {
            sqlx::raw_sql(sqlx::AssertSqlSafe(statement))
                .execute(&mut c)
                .await
                .unwrap();
        }
        let nobody = "'00000000-0000-0000-0000-000000000000'";
        let explain = format!("EXPLAIN EXECUTE expiring ({nobody}, 1, {nobody}, 9, 7, 9)");
        let rows = sqlx::query(sqlx::AssertSqlSafe(explain))
            .fetch_all(&mut c)
            .await
            .unwrap();
        let plan: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
        let plan = plan.join("\n");
        assert!(plan.contains("account_by_password_age"), "{plan}");
        assert!(!plan.contains("Sort"), "{plan}");
        let bounds = plan.lines().find(|line| line.contains("Index Cond"));
        assert!(
            bounds.is_some_and(|line| line.contains("password_set_at <= ")
                && line.contains("ROW(password_set_at, id)")),
            "{plan}"
        );
    });
}
