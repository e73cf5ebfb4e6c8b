//! Who registered and has to register again, and whose password expires.

use latchkey_core::model::{Managed, Source};
use latchkey_store::registration::{self, Expiring};
use latchkey_store::{Db, StoreError, accounts, groups};
use latchkey_types::{GroupId, Timestamp, UserId};

use crate::support::{
    ADA, CONTOSO, FABRIKAM, Fresh, NOW, ada, at, eve, id, just_after, on_both, one_winner, read,
    tenants, user, write,
};

on_both! {
    notes_about_registering_leave_the_version_alone
    members_of_a_group_in_groups_have_to_register_again
    all_of_a_tenant_have_to_register_again
    passwords_that_expire_come_in_order_and_in_pages
    passwords_that_do_not_expire_or_are_told_of_do_not_come
    one_of_many_tells_of_an_expiry
    another_tenant_finds_and_changes_nothing
}

async fn bob(db: &Db) -> UserId {
    write!(db, |tx| accounts::insert(tx, &user(2, "Bob"), None).await);
    UserId(id(2))
}

async fn notes_about_registering_leave_the_version_alone(Fresh { db, .. }: Fresh) {
    ada(&db).await;
    bob(&db).await;
    let nobody = UserId(id(99));
    write!(db, |tx| {
        assert!(registration::confirm(tx, CONTOSO, ADA, at(1)).await?);
        assert!(registration::require_of_user(tx, CONTOSO, ADA, at(2)).await?);
        assert!(registration::note_reset(tx, CONTOSO, ADA, at(3)).await?);
        assert!(registration::tell_expiry(tx, CONTOSO, ADA, NOW, 7).await?);
        assert!(!registration::confirm(tx, CONTOSO, nobody, at(1)).await?);
        assert!(!registration::require_of_user(tx, CONTOSO, nobody, at(1)).await?);
        assert!(!registration::note_reset(tx, CONTOSO, nobody, at(1)).await?);
        assert!(!registration::tell_expiry(tx, CONTOSO, nobody, NOW, 7).await?);
        Ok::<_, StoreError>(())
    });
    let mut expected = user(1, "Ada");
    expected.confirmed_at = Some(at(1));
    expected.register_again_at = Some(at(2));
    expected.reset_at = Some(at(3));
    let (ada, bob) = read!(db, |tx| {
        let ada = accounts::get(tx, CONTOSO, ADA).await?;
        Ok::<_, StoreError>((ada, accounts::get(tx, CONTOSO, UserId(id(2))).await?))
    });
    assert_eq!(format!("{:?}", ada.unwrap()), format!("{expected:?}"));
    assert_eq!(
        format!("{:?}", bob.unwrap()),
        format!("{:?}", user(2, "Bob"))
    );
    // What an administrator changes of a user leaves them alone.
    assert!(write!(db, |tx| accounts::set_attributes(
        tx,
        CONTOSO,
        ADA,
        1,
        &user(1, "Ada")
    )
    .await));
    let after = read!(db, |tx| accounts::get(tx, CONTOSO, ADA).await).unwrap();
    expected.version = 2;
    assert_eq!(format!("{after:?}"), format!("{expected:?}"));
}

/// Who was asked to register again at a moment, by number.
async fn asked(db: &Db, numbers: impl IntoIterator<Item = u128>, at: Timestamp) -> Vec<u128> {
    let mut asked = Vec::new();
    for number in numbers {
        let user = read!(db, |tx| accounts::get(tx, CONTOSO, UserId(id(number)))
            .await);
        if user.unwrap().register_again_at == Some(at) {
            asked.push(number);
        }
    }
    asked
}

/// Five users, and groups 10 > 11 > 12 > 10 in a circle, beside 13 > 12 and 14.
async fn circle(db: &Db) {
    tenants(db).await;
    write!(db, |tx| {
        for number in 1..=5 {
            accounts::insert(tx, &user(number, &format!("user{number}")), None).await?;
        }
        for number in 10..=14 {
            let group = groups::Group {
                id: GroupId(id(number)),
                name: format!("Group {number}"),
                source: Source::Cloud,
                created_at: NOW,
            };
            groups::insert(tx, CONTOSO, &group).await?;
        }
        for (outer, inner) in [(10, 11), (11, 12), (12, 10), (13, 12)] {
            let (outer, inner) = (GroupId(id(outer)), GroupId(id(inner)));
            assert!(groups::add_group(tx, CONTOSO, outer, inner).await?);
        }
        for (group, user) in [(10, 1), (11, 2), (12, 3), (12, 1), (13, 4), (14, 5)] {
            let (group, user) = (GroupId(id(group)), UserId(id(user)));
            assert!(groups::add_user(tx, CONTOSO, group, user).await?);
        }
        Ok::<_, StoreError>(())
    });
}

async fn members_of_a_group_in_groups_have_to_register_again(Fresh { db, .. }: Fresh) {
    circle(&db).await;
    let require = async |group, now| {
        write!(db, |tx| registration::require_of_group(
            tx,
            CONTOSO,
            GroupId(id(group)),
            now
        )
        .await)
    };
    // User 1 is in the circle twice and counts once.
    assert_eq!(require(10, at(10)).await, 3);
    assert_eq!(asked(&db, 1..=5, at(10)).await, [1, 2, 3]);
    assert_eq!(require(12, at(12)).await, 3);
    assert_eq!(require(13, at(13)).await, 4);
    assert_eq!(asked(&db, 1..=5, at(13)).await, [1, 2, 3, 4]);
    assert_eq!(require(14, at(14)).await, 1);
    assert_eq!(asked(&db, 1..=5, at(14)).await, [5]);
    assert_eq!(require(99, at(99)).await, 0);
    let user = read!(db, |tx| accounts::get(tx, CONTOSO, ADA).await).unwrap();
    assert_eq!(user.version, 1);
}

async fn all_of_a_tenant_have_to_register_again(Fresh { db, .. }: Fresh) {
    circle(&db).await;
    let eve = eve(&db).await;
    let asked_of = write!(db, |tx| registration::require_of_all(tx, CONTOSO, at(1))
        .await);
    assert_eq!(asked_of, 5);
    assert_eq!(asked(&db, 1..=5, at(1)).await, [1, 2, 3, 4, 5]);
    let eve = read!(db, |tx| accounts::get(tx, FABRIKAM, eve).await).unwrap();
    assert_eq!(eve.register_again_at, None);
}

/// A user whose password was set at a moment.
async fn since(db: &Db, number: u128, set_at: Timestamp) {
    let mut user = user(number, &format!("user{number}"));
    user.password_set_at = Some(set_at);
    write!(db, |tx| accounts::insert(tx, &user, Some("hash")).await);
}

async fn expiring(
    db: &Db,
    span: (Timestamp, Timestamp),
    after: Option<(Timestamp, UserId)>,
    limit: i64,
) -> Vec<Expiring> {
    read!(db, |tx| registration::expiring(
        tx, CONTOSO, span, 7, after, limit
    )
    .await)
}

async fn passwords_that_expire_come_in_order_and_in_pages(Fresh { db, .. }: Fresh) {
    tenants(&db).await;
    // Many at one moment, so that pages end among them, and ids that are not in the order of time.
    for number in 1..=23_u128 {
        let seconds = [3, 1, 1, 2, 1][usize::try_from(number).unwrap() % 5];
        since(&db, number, at(seconds)).await;
    }
    since(&db, 50, at(0)).await;
    since(&db, 51, just_after(at(3))).await;
    let span = (at(0), at(3));
    let all = expiring(&db, span, None, 99).await;
    assert_eq!(all.len(), 23, "the beginning is not in it, the end is");
    assert!(all.is_sorted_by_key(|one| (one.set_at, one.user)));
    for limit in 1..=7 {
        let mut seen = Vec::new();
        let mut after = None;
        loop {
            let page = expiring(&db, span, after, limit).await;
            let Some(last) = page.last() else { break };
            after = Some((last.set_at, last.user));
            seen.extend(page);
        }
        assert_eq!(seen, all, "{limit} at a time");
    }
}

async fn passwords_that_do_not_expire_or_are_told_of_do_not_come(Fresh { db, .. }: Fresh) {
    tenants(&db).await;
    write!(db, |tx| {
        for number in 1..=10 {
            let mut user = user(number, &format!("user{number}"));
            match number {
                2 => user.enabled = false,
                3 => user.password_never_expires = true,
                4 => user.managed = Managed::PassThrough,
                9 => user.managed = Managed::Federated,
                10 => user.managed = Managed::PasswordHashSync,
                5 => user.password_set_at = None,
                _ => {}
            }
            accounts::insert(tx, &user, Some("hash")).await?;
        }
        for (number, days) in [(6, 7), (7, 8), (8, 6)] {
            let user = UserId(id(number));
            assert!(registration::tell_expiry(tx, CONTOSO, user, NOW, days).await?);
        }
        Ok::<_, StoreError>(())
    });
    let found = async || {
        let found = expiring(&db, (at(-1), at(1)), None, 99).await;
        let told = found.iter().map(|one| (one.user, one.told_days));
        told.collect::<Vec<_>>()
    };
    assert_eq!(
        found().await,
        [(ADA, None), (UserId(id(7)), Some(8))],
        "of seven days or fewer they were told"
    );
    // Of a new password nobody was told yet.
    assert!(write!(db, |tx| accounts::set_password(
        tx,
        CONTOSO,
        UserId(id(8)),
        1,
        "new",
        at(1),
        9
    )
    .await));
    assert!(found().await.contains(&(UserId(id(8)), None)));
}

async fn one_of_many_tells_of_an_expiry(Fresh { db, .. }: Fresh) {
    ada(&db).await;
    let tell = async |set_at, days| {
        write!(db, |tx| registration::tell_expiry(
            tx, CONTOSO, ADA, set_at, days
        )
        .await)
    };
    one_winner!(db, 50, |tx, number| registration::tell_expiry(
        tx, CONTOSO, ADA, NOW, 7
    ));
    assert!(!tell(NOW, 8).await);
    assert!(!tell(at(1), 3).await, "that is another password");
    assert!(tell(NOW, 3).await);
    assert!(!tell(NOW, 3).await);
    assert!(tell(NOW, 0).await);
}

async fn another_tenant_finds_and_changes_nothing(Fresh { db, .. }: Fresh) {
    ada(&db).await;
    let eve = eve(&db).await;
    let group = groups::Group {
        id: GroupId(id(10)),
        name: "Staff".into(),
        source: Source::Cloud,
        created_at: NOW,
    };
    let theirs = groups::Group {
        id: GroupId(id(11)),
        ..group.clone()
    };
    write!(db, |tx| {
        groups::insert(tx, CONTOSO, &group).await?;
        groups::insert(tx, FABRIKAM, &theirs).await?;
        groups::add_user(tx, CONTOSO, group.id, ADA).await
    });
    let everything = async || {
        let ada = read!(db, |tx| accounts::get(tx, CONTOSO, ADA).await);
        (
            format!("{ada:?}"),
            expiring(&db, (at(-1), at(1)), None, 9).await,
        )
    };
    let before = everything().await;
    let f = FABRIKAM;
    write!(db, |tx| {
        assert!(!registration::confirm(tx, f, ADA, NOW).await?);
        assert!(!registration::note_reset(tx, f, ADA, NOW).await?);
        assert!(!registration::require_of_user(tx, f, ADA, NOW).await?);
        assert!(!registration::tell_expiry(tx, f, ADA, NOW, 7).await?);
        for group in [group.id, theirs.id] {
            assert_eq!(registration::require_of_group(tx, f, group, NOW).await?, 0);
        }
        assert_eq!(registration::require_of_all(tx, f, NOW).await?, 1);
        let span = (at(-1), at(1));
        let found = registration::expiring(tx, f, span, 7, None, 9).await?;
        assert_eq!(found.iter().map(|one| one.user).collect::<Vec<_>>(), [eve]);
        Ok::<_, StoreError>(())
    });
    assert_eq!(everything().await, before);
}

/// What each database says of how it finds passwords that expire.
mod plan {
    use latchkey_store::registration::EXPIRING;
    use sqlx::{Connection as _, Row as _};

    use crate::support::{Fresh, postgres, sqlite};

    const INDEX: &str = "account_by_password_age";

    #[test]
    fn on_sqlite_old_passwords_are_found_by_their_index() {
        sqlite(async |fresh: Fresh| {
            let path = fresh.url.strip_prefix("sqlite:").unwrap();
            let c = rusqlite::Connection::open(path).unwrap();
            let mut explain = c
                .prepare(&format!("EXPLAIN QUERY PLAN {EXPIRING}"))
                .unwrap();
            let plan: Vec<String> = explain
                .raw_query()
                .mapped(|row| row.get("detail"))
                .map(Result::unwrap)
                .collect();
            assert_eq!(
                plan.len(),
                1,
                "found and in order, without sorting: {plan:?}"
            );
            assert!(plan[0].contains(INDEX), "{plan:?}");
            let begins = "tenant_id=? AND (password_set_at,id)>(?,?)";
            assert!(plan[0].contains(begins), "{plan:?}");
        });
    }

    #[test]
    fn on_postgres_old_passwords_are_found_by_their_index() {
        postgres(async |fresh: Fresh| {
            let mut c = sqlx::PgConnection::connect(&fresh.url).await.unwrap();
            // In a table with nobody in it the index is no gain; the question is whether it can do.
            for statement in [
                "SET enable_seqscan = off".to_owned(),
                "SET enable_bitmapscan = off".to_owned(),
                "SET enable_sort = off".to_owned(),
                "SET plan_cache_mode = force_generic_plan".to_owned(),
                format!("PREPARE expiring AS {EXPIRING}"),
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
            assert!(plan.contains(INDEX), "{plan}");
            assert!(!plan.contains("Sort"), "{plan}");
            let bounds = plan.lines().find(|line| line.contains("Index Cond"));
            assert!(
                bounds.is_some_and(|line| line.contains("password_set_at <= ")
                    && line.contains("ROW(password_set_at, id)")),
                "{plan}"
            );
        });
    }
}
