//! Identity providers of tenants, and who somebody is there.

use latchkey_store::federation::{self, Federation};
use latchkey_store::{StoreError, accounts};
use latchkey_types::{FederationId, UserId};

use crate::support::{
    ADA, CONTOSO, FABRIKAM, Fresh, NOW, ada, at, eve, id, on_both, one_winner, read, tenants, user,
    write,
};

on_both! {
    a_provider_is_set_replaced_and_removed
    a_user_is_bound_to_one_subject_of_an_issuer_and_a_subject_to_one_user
    one_of_many_is_bound_to_a_subject
    a_user_is_bound_to_one_of_many_subjects
    a_deleted_user_is_bound_to_nothing
    another_tenant_finds_and_changes_nothing
}

const ISSUER: &str = "https://login.contoso.com";

fn provider() -> Federation {
    Federation {
        id: FederationId(id(1)),
        issuer: ISSUER.into(),
        client_id: "latchkey".into(),
        secret: b"sealed".to_vec(),
        name_claim: "upn".into(),
        created_at: NOW,
    }
}

async fn a_provider_is_set_replaced_and_removed(Fresh { db, .. }: Fresh) {
    tenants(&db).await;
    let get = async || read!(db, |tx| federation::get(tx, CONTOSO).await);
    let delete = async || write!(db, |tx| federation::delete(tx, CONTOSO).await);
    assert_eq!(get().await, None);
    assert!(!delete().await);
    write!(db, |tx| federation::set(tx, CONTOSO, &provider()).await);
    assert_eq!(get().await, Some(provider()));
    assert!(!format!("{:?}", provider()).contains("secret"));
    let other = Federation {
        id: FederationId(id(2)),
        issuer: "https://login.example.com".into(),
        client_id: "other".into(),
        secret: b"other".to_vec(),
        name_claim: "email".into(),
        created_at: at(1),
    };
    write!(db, |tx| federation::set(tx, CONTOSO, &other).await);
    assert_eq!(get().await, Some(other));
    assert!(delete().await);
    assert_eq!(get().await, None);
    assert!(!delete().await);
}

async fn user_of(db: &latchkey_store::Db, issuer: &str, subject: &str) -> Option<UserId> {
    read!(db, |tx| federation::user_of(tx, CONTOSO, issuer, subject)
        .await)
}

async fn bind(db: &latchkey_store::Db, issuer: &str, subject: &str, user: UserId) -> bool {
    write!(db, |tx| federation::bind(
        tx, CONTOSO, issuer, subject, user, NOW
    )
    .await)
}

async fn a_user_is_bound_to_one_subject_of_an_issuer_and_a_subject_to_one_user(
    Fresh { db, .. }: Fresh,
) {
    ada(&db).await;
    write!(db, |tx| accounts::insert(tx, &user(2, "Bob"), None).await);
    let bob = UserId(id(2));
    assert_eq!(user_of(&db, ISSUER, "a").await, None);
    assert!(bind(&db, ISSUER, "a", ADA).await);
    assert!(!bind(&db, ISSUER, "a", ADA).await);
    assert!(!bind(&db, ISSUER, "a", bob).await);
    assert!(!bind(&db, ISSUER, "b", ADA).await);
    assert_eq!(user_of(&db, ISSUER, "a").await, Some(ADA));
    assert_eq!(user_of(&db, ISSUER, "b").await, None);
    // Issuers and subjects are compared to the letter.
    assert_eq!(user_of(&db, ISSUER, "A").await, None);
    assert_eq!(user_of(&db, "https://login.contoso.com/", "a").await, None);
    assert!(bind(&db, ISSUER, "A", bob).await);
    // Another issuer's subject of the same name is somebody else's.
    assert!(bind(&db, "https://other", "a", bob).await);
    assert_eq!(user_of(&db, "https://other", "a").await, Some(bob));
    assert_eq!(user_of(&db, ISSUER, "a").await, Some(ADA));
}

async fn one_of_many_is_bound_to_a_subject(Fresh { db, .. }: Fresh) {
    tenants(&db).await;
    write!(db, |tx| {
        for number in 0..50 {
            let user = user(100 + number, &format!("user{number}"));
            accounts::insert(tx, &user, None).await?;
        }
        Ok::<_, StoreError>(())
    });
    one_winner!(db, 50, |tx, number| federation::bind(
        tx,
        CONTOSO,
        ISSUER,
        "a",
        UserId(id(100 + number as u128)),
        NOW
    ));
}

async fn a_user_is_bound_to_one_of_many_subjects(Fresh { db, .. }: Fresh) {
    ada(&db).await;
    one_winner!(db, 50, |tx, number| async {
        let subject = format!("subject {number}");
        federation::bind(tx, CONTOSO, ISSUER, &subject, ADA, NOW).await
    });
}

async fn a_deleted_user_is_bound_to_nothing(Fresh { db, .. }: Fresh) {
    ada(&db).await;
    assert!(bind(&db, ISSUER, "a", ADA).await);
    assert!(write!(db, |tx| accounts::delete(tx, CONTOSO, ADA).await));
    assert_eq!(user_of(&db, ISSUER, "a").await, None);
}

async fn another_tenant_finds_and_changes_nothing(Fresh { db, .. }: Fresh) {
    ada(&db).await;
    let eve = eve(&db).await;
    write!(db, |tx| federation::set(tx, CONTOSO, &provider()).await);
    assert!(bind(&db, ISSUER, "a", ADA).await);
    write!(db, |tx| {
        assert_eq!(federation::get(tx, FABRIKAM).await?, None);
        assert!(!federation::delete(tx, FABRIKAM).await?);
        assert_eq!(federation::user_of(tx, FABRIKAM, ISSUER, "a").await?, None);
        // The same issuer and subject may be somebody there.
        assert!(federation::bind(tx, FABRIKAM, ISSUER, "a", eve, NOW).await?);
        let theirs = Federation {
            client_id: "theirs".into(),
            ..provider()
        };
        federation::set(tx, FABRIKAM, &theirs).await
    });
    assert_eq!(user_of(&db, ISSUER, "a").await, Some(ADA));
    let ours = read!(db, |tx| federation::get(tx, CONTOSO).await);
    assert_eq!(ours, Some(provider()));
    // A user of one tenant is bound to nothing in another, and the transaction goes on.
    write!(db, |tx| {
        assert!(!federation::bind(tx, FABRIKAM, ISSUER, "b", ADA, NOW).await?);
        assert_eq!(federation::user_of(tx, FABRIKAM, ISSUER, "b").await?, None);
        Ok::<_, StoreError>(())
    });
}
