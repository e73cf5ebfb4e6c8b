//! Groups and who is in them.

use latchkey_core::model::Source;
use latchkey_store::{StoreError, accounts, groups};
use latchkey_types::{GroupId, UserId};

use crate::support::{ADA, CONTOSO, Fresh, NOW, ada, id, on_both, read, user, write};

on_both! {
    a_group_comes_back_by_id_and_by_name
    membership_goes_through_groups_in_groups_and_cycles_do_no_harm
    members_come_in_pages_and_leave
}

fn group(number: u128, name: &str) -> groups::Group {
    groups::Group {
        id: GroupId(id(number)),
        name: name.into(),
        source: Source::Cloud,
        created_at: NOW,
    }
}

async fn a_group_comes_back_by_id_and_by_name(Fresh { db, .. }: Fresh) {
    ada(&db).await;
    let staff = group(10, "Staff");
    write!(db, |tx| {
        groups::insert(tx, CONTOSO, &staff).await?;
        let refused = groups::insert(tx, CONTOSO, &group(11, "STAFF")).await;
        assert!(matches!(refused, Err(StoreError::Conflict("group"))));
        groups::insert(tx, CONTOSO, &group(12, "admins")).await
    });
    assert_eq!(
        read!(db, |tx| groups::get(tx, CONTOSO, staff.id).await),
        Some(staff.clone())
    );
    let found = read!(db, |tx| groups::find_by_name(tx, CONTOSO, " sTAFF").await);
    assert_eq!(found, Some(staff.clone()));
    let names = async |after, limit| {
        let list = read!(db, |tx| groups::list(tx, CONTOSO, after, limit).await);
        list.into_iter().map(|group| group.name).collect::<Vec<_>>()
    };
    assert_eq!(names(None, 9).await, ["admins", "Staff"]);
    assert_eq!(names(None, 1).await, ["admins"]);
    assert_eq!(names(Some("Admins"), 9).await, ["Staff"]);
    assert!(write!(db, |tx| groups::delete(tx, CONTOSO, staff.id).await));
    assert!(!write!(db, |tx| groups::delete(tx, CONTOSO, staff.id).await));
}

async fn membership_goes_through_groups_in_groups_and_cycles_do_no_harm(Fresh { db, .. }: Fresh) {
    ada(&db).await;
    let [a, b, c, other] = [10, 11, 12, 13].map(|number| group(number, &number.to_string()));
    write!(db, |tx| {
        for group in [&a, &b, &c, &other] {
            groups::insert(tx, CONTOSO, group).await?;
        }
        // Ada in a, a in b, b in c, c in a.
        assert!(groups::add_user(tx, CONTOSO, a.id, ADA).await?);
        assert!(!groups::add_user(tx, CONTOSO, a.id, ADA).await?);
        assert!(groups::add_group(tx, CONTOSO, b.id, a.id).await?);
        assert!(groups::add_group(tx, CONTOSO, c.id, b.id).await?);
        assert!(groups::add_group(tx, CONTOSO, a.id, c.id).await?);
        groups::add_group(tx, CONTOSO, other.id, other.id).await
    });
    let is_member = async |groups: &[GroupId]| {
        read!(db, |tx| groups::is_member_transitive(
            tx, CONTOSO, ADA, groups
        )
        .await)
    };
    assert!(is_member(&[a.id]).await);
    assert!(is_member(&[b.id]).await);
    assert!(is_member(&[other.id, c.id]).await);
    assert!(!is_member(&[other.id]).await);
    assert!(!is_member(&[]).await);
    assert_eq!(
        read!(db, |tx| groups::list_groups(tx, CONTOSO, c.id, None, 9)
            .await),
        [b.id]
    );
    assert!(write!(db, |tx| groups::remove_group(
        tx, CONTOSO, b.id, a.id
    )
    .await));
    assert!(!write!(db, |tx| groups::remove_group(
        tx, CONTOSO, b.id, a.id
    )
    .await));
    assert!(is_member(&[a.id]).await);
    assert!(!is_member(&[c.id]).await);
}

async fn members_come_in_pages_and_leave(Fresh { db, .. }: Fresh) {
    ada(&db).await;
    let staff = group(10, "Staff");
    let nobody = UserId(id(999));
    write!(db, |tx| {
        groups::insert(tx, CONTOSO, &staff).await?;
        groups::add_user(tx, CONTOSO, staff.id, ADA).await?;
        for number in 2..=4 {
            let user = user(number, &format!("u{number}"));
            accounts::insert(tx, &user, None).await?;
            groups::add_user(tx, CONTOSO, staff.id, user.id).await?;
        }
        // Whoever or whatever is not there is not put.
        assert!(!groups::add_user(tx, CONTOSO, staff.id, nobody).await?);
        assert!(!groups::add_user(tx, CONTOSO, GroupId(id(999)), ADA).await?);
        assert!(!groups::add_group(tx, CONTOSO, staff.id, GroupId(id(999))).await?);
        Ok::<_, StoreError>(())
    });
    let page = async |after| {
        read!(db, |tx| groups::list_users(tx, CONTOSO, staff.id, after, 3)
            .await)
    };
    assert_eq!(page(None).await, [1, 2, 3].map(|number| UserId(id(number))));
    assert_eq!(page(Some(UserId(id(3)))).await, [UserId(id(4))]);
    assert!(write!(db, |tx| groups::remove_user(
        tx, CONTOSO, staff.id, ADA
    )
    .await));
    assert!(!write!(db, |tx| groups::remove_user(
        tx, CONTOSO, staff.id, ADA
    )
    .await));
    assert_eq!(page(None).await.len(), 3);
}
