//! The audit log.

use latchkey_core::audit::{Activity, ActorKind, Category, Outcome};
use latchkey_store::audit::{self, EventRow, Filter, Hash, NewEvent};
use latchkey_store::{Db, StoreError};
use latchkey_types::{EventId, RequestId, SessionId};

use crate::support::{
    ADA, CONTOSO, FABRIKAM, Fresh, at, at_once, id, on_both, read, tenants, write,
};

on_both! {
    events_come_back_as_they_were_put_linked_one_to_the_next
    each_tenant_has_a_chain_of_its_own
    events_are_filtered_and_come_in_pages
    an_event_that_is_undone_leaves_no_gap
    a_tenant_without_a_chain_cannot_be_written_to
    many_writers_make_one_chain
}

/// No hash, but it depends on all that it should.
fn link(previous: &Hash, row: &EventRow) -> Hash {
    let mut next = *previous;
    for (index, byte) in format!("{row:?}").bytes().enumerate() {
        let at = index % 32;
        next[at] = next[at].rotate_left(3).wrapping_add(byte);
    }
    next
}

pub(crate) fn event(number: u128, activity: Activity) -> NewEvent {
    NewEvent {
        id: EventId(id(number)),
        at: at(i64::try_from(number).unwrap()),
        activity,
        outcome: Outcome::Success,
        reason: None,
        actor_kind: ActorKind::System,
        actor_id: None,
        target_kind: None,
        target_id: None,
        target_name: None,
        request: RequestId(id(900)),
        session: None,
        client_address: None,
        client_class: None,
        details: "{}".into(),
    }
}

fn full(number: u128) -> NewEvent {
    NewEvent {
        outcome: Outcome::Failure,
        reason: Some("failed.unknown_user".into()),
        actor_kind: ActorKind::User,
        actor_id: Some(ADA.to_string()),
        target_kind: Some("user".into()),
        target_id: Some(ADA.0),
        target_name: Some("ada@contoso.com".into()),
        request: RequestId(id(901)),
        session: Some(SessionId(id(902))),
        client_address: Some("192.0.2.1".into()),
        client_class: Some("browser".into()),
        details: r#"{"gates":["email"]}"#.into(),
        ..event(number, Activity::ResetSelfService)
    }
}

async fn append(db: &Db, events: Vec<NewEvent>) -> i64 {
    write!(db, |tx| audit::append(tx, CONTOSO, events.clone(), &link)
        .await)
}

/// Checks the chain from its beginning and gives its length.
async fn verify(db: &Db) -> i64 {
    let (all, head) = read!(db, |tx| Ok::<_, StoreError>((
        audit::list(tx, CONTOSO, &Filter::default(), 0, 10_000).await?,
        audit::head(tx, CONTOSO).await?.unwrap(),
    )));
    let mut hash = [7; 32];
    for (seq, stored) in (1..).zip(&all) {
        assert_eq!(stored.row.seq, seq);
        hash = link(&hash, &stored.row);
        assert_eq!(stored.hash, hash);
    }
    assert_eq!(head, (i64::try_from(all.len()).unwrap(), hash));
    head.0
}

async fn events_come_back_as_they_were_put_linked_one_to_the_next(Fresh { db, .. }: Fresh) {
    tenants(&db).await;
    let head = async || read!(db, |tx| audit::head(tx, CONTOSO).await);
    assert_eq!(head().await, Some((0, [7; 32])));
    assert_eq!(append(&db, vec![]).await, 0);
    assert_eq!(head().await, Some((0, [7; 32])));
    let (first, second) = (event(1, Activity::Blocked), full(2));
    let before = db.statements();
    assert_eq!(append(&db, vec![first.clone(), second.clone()]).await, 2);
    assert_eq!(db.statements() - before, 3);
    assert_eq!(append(&db, vec![full(3)]).await, 3);
    let list = read!(db, |tx| audit::list(tx, CONTOSO, &Filter::default(), 0, 9)
        .await);
    assert_eq!((&list[0].row.event, &list[1].row.event), (&first, &second));
    assert_eq!(list[1].row.tenant, CONTOSO);
    assert_eq!(verify(&db).await, 3);
}

async fn each_tenant_has_a_chain_of_its_own(Fresh { db, .. }: Fresh) {
    tenants(&db).await;
    append(&db, vec![event(1, Activity::Blocked)]).await;
    assert_eq!(
        read!(db, |tx| audit::head(tx, FABRIKAM).await),
        Some((0, [7; 32]))
    );
    let theirs = read!(db, |tx| audit::list(tx, FABRIKAM, &Filter::default(), 0, 9)
        .await);
    assert!(theirs.is_empty());
}

async fn events_are_filtered_and_come_in_pages(Fresh { db, .. }: Fresh) {
    tenants(&db).await;
    append(
        &db,
        vec![
            event(1, Activity::Blocked),
            full(2),
            event(3, Activity::UserCreated),
            NewEvent {
                actor_id: Some(ADA.to_string()),
                ..event(4, Activity::Blocked)
            },
        ],
    )
    .await;
    let list = async |filter: Filter, after, limit| {
        let list = read!(db, |tx| audit::list(tx, CONTOSO, &filter, after, limit)
            .await);
        list.into_iter()
            .map(|stored| stored.row.seq)
            .collect::<Vec<_>>()
    };
    let all = Filter::default;
    assert_eq!(list(all(), 0, 9).await, [1, 2, 3, 4]);
    assert_eq!(list(all(), 1, 2).await, [2, 3]);
    assert_eq!(
        list(
            Filter {
                activity: Some(Activity::Blocked),
                ..all()
            },
            0,
            9
        )
        .await,
        [1, 4]
    );
    let category = Some(Category::UserManagement);
    assert_eq!(list(Filter { category, ..all() }, 0, 9).await, [3]);
    assert_eq!(
        list(
            Filter {
                user: Some(ADA),
                ..all()
            },
            0,
            9
        )
        .await,
        [2, 4]
    );
    assert_eq!(
        list(
            Filter {
                outcome: Some(Outcome::Failure),
                ..all()
            },
            0,
            9
        )
        .await,
        [2]
    );
    assert_eq!(
        list(
            Filter {
                from: Some(at(2)),
                to: Some(at(4)),
                ..all()
            },
            0,
            9
        )
        .await,
        [2, 3]
    );
    let request = Some(RequestId(id(901)));
    assert_eq!(list(Filter { request, ..all() }, 0, 9).await, [2]);
    assert_eq!(list(Filter { request, ..all() }, 2, 9).await, [0; 0]);
}

async fn an_event_that_is_undone_leaves_no_gap(Fresh { db, .. }: Fresh) {
    tenants(&db).await;
    append(&db, vec![event(1, Activity::Blocked)]).await;
    let undone: Result<(), StoreError> = db
        .write(async |mut tx| {
            let events = vec![event(2, Activity::Blocked)];
            audit::append(&mut tx, CONTOSO, events, &link).await?;
            Err(StoreError::Conflict("test"))
        })
        .await;
    assert!(undone.is_err());
    assert_eq!(append(&db, vec![event(3, Activity::Blocked)]).await, 2);
    assert_eq!(verify(&db).await, 2);
}

async fn a_tenant_without_a_chain_cannot_be_written_to(Fresh { db, .. }: Fresh) {
    let result = db
        .write(async |mut tx| {
            audit::append(&mut tx, CONTOSO, vec![event(1, Activity::Blocked)], &link).await
        })
        .await;
    assert!(matches!(result, Err(StoreError::Bug(_))));
}

async fn many_writers_make_one_chain(Fresh { db, .. }: Fresh) {
    tenants(&db).await;
    let shared = db.clone();
    at_once(50, move |number| {
        let db = shared.clone();
        async move {
            let first = 1 + 2 * number as u128;
            append(&db, vec![event(first, Activity::Blocked), full(first + 1)]).await;
        }
    })
    .await;
    assert_eq!(verify(&db).await, 100);
}
