//! The outbox.

use std::time::Duration;

use latchkey_store::outbox::{self, Outcome};
use latchkey_types::{MessageId, Timestamp};

use crate::support::{CONTOSO, FABRIKAM, Fresh, NOW, at, id, on_both, read, tenants, write};

on_both! {
    messages_are_claimed_when_due_in_order_and_for_a_while
    what_is_done_is_emptied_and_stays_done
    a_worker_that_lost_its_lease_has_no_say
    a_message_is_tried_again_later_or_given_back
    what_there_is_to_do_is_counted_and_what_is_done_is_purged
}

const LEASE: Duration = Duration::from_mins(1);

pub(crate) fn message(number: u128, due_at: Timestamp) -> outbox::NewMessage<'static> {
    outbox::NewMessage {
        id: MessageId(id(number)),
        kind: "code",
        channel: "mail",
        payload: b"PAYLOAD",
        created_at: NOW,
        due_at,
        expires_at: at(9_000),
    }
}

async fn put(db: &latchkey_store::Db, messages: &[(u128, Timestamp)]) {
    tenants(db).await;
    for (number, due_at) in messages {
        write!(db, |tx| outbox::insert(
            tx,
            CONTOSO,
            &message(*number, *due_at)
        )
        .await);
    }
}

async fn claim(db: &latchkey_store::Db, worker: &str, now: Timestamp, limit: i64) -> Vec<u128> {
    write!(db, |tx| outbox::claim(tx, worker, now, LEASE, limit).await)
        .into_iter()
        .map(|message| message.id.0.as_u128() - id(0).as_u128())
        .collect()
}

async fn messages_are_claimed_when_due_in_order_and_for_a_while(Fresh { db, .. }: Fresh) {
    put(&db, &[(1, at(5)), (2, at(0)), (3, at(0)), (4, at(100))]).await;
    assert_eq!(claim(&db, "a", at(5), 2).await, [2, 3]);
    assert_eq!(claim(&db, "b", at(5), 2).await, [1]);
    assert_eq!(claim(&db, "b", at(5), 2).await, [0; 0]);
    // The lease of `a` is over, and of `b`.
    assert_eq!(claim(&db, "c", at(64), 9).await, [0; 0]);
    assert_eq!(claim(&db, "c", at(65), 9).await, [2, 3, 1]);
    let message = write!(db, |tx| outbox::claim(tx, "d", at(125), LEASE, 1).await).remove(0);
    assert_eq!((message.tenant, message.attempts), (CONTOSO, 3));
    assert_eq!(
        (message.kind.as_str(), message.channel.as_str()),
        ("code", "mail")
    );
    assert_eq!(message.payload, b"PAYLOAD");
    assert_eq!((message.created_at, message.expires_at), (NOW, at(9_000)));
}

async fn what_is_done_is_emptied_and_stays_done(Fresh { db, url, .. }: Fresh) {
    put(&db, &[(1, NOW), (2, NOW), (3, NOW)]).await;
    assert_eq!(claim(&db, "a", NOW, 9).await, [1, 2, 3]);
    let done = async |number| {
        let message = MessageId(id(number));
        write!(db, |tx| outbox::done(
            tx,
            CONTOSO,
            message,
            "a",
            Outcome::Sent,
            at(1)
        )
        .await)
    };
    assert!(done(1).await);
    assert!(!done(1).await);
    let rest = [
        (CONTOSO, MessageId(id(2))),
        (CONTOSO, MessageId(id(3))),
        (FABRIKAM, MessageId(id(3))),
    ];
    let many = write!(db, |tx| outbox::done_many(
        tx,
        "a",
        &rest,
        Outcome::Failed,
        at(1)
    )
    .await);
    assert_eq!(many, 2);
    assert_eq!(
        write!(db, |tx| outbox::done_many(
            tx,
            "a",
            &[],
            Outcome::Failed,
            at(1)
        )
        .await),
        0
    );
    assert_eq!(claim(&db, "b", at(8_000), 9).await, [0; 0]);
    let status = read!(db, |tx| outbox::get(tx, CONTOSO, MessageId(id(2))).await).unwrap();
    assert_eq!(
        (status.outcome.as_deref(), status.claimed_by),
        (Some("failed"), None)
    );
    db.close().await;
    if let Some(path) = url.strip_prefix("sqlite:") {
        let file = std::fs::read(path).unwrap();
        assert!(
            !file.windows(7).any(|window| window == b"PAYLOAD"),
            "a text is still in the file"
        );
    }
}

async fn a_worker_that_lost_its_lease_has_no_say(Fresh { db, .. }: Fresh) {
    put(&db, &[(1, NOW)]).await;
    let message = MessageId(id(1));
    assert_eq!(claim(&db, "a", NOW, 9).await, [1]);
    assert_eq!(claim(&db, "b", at(60), 9).await, [1]);
    let done = write!(db, |tx| outbox::done(
        tx,
        CONTOSO,
        message,
        "a",
        Outcome::Failed,
        at(61)
    )
    .await);
    assert!(!done);
    let later = write!(db, |tx| outbox::retry_later(
        tx,
        CONTOSO,
        message,
        "a",
        at(99),
        "error"
    )
    .await);
    assert!(!later);
    let done = write!(db, |tx| outbox::done(
        tx,
        CONTOSO,
        message,
        "b",
        Outcome::Sent,
        at(61)
    )
    .await);
    assert!(done);
}

async fn a_message_is_tried_again_later_or_given_back(Fresh { db, .. }: Fresh) {
    put(&db, &[(1, NOW)]).await;
    let message = MessageId(id(1));
    assert_eq!(claim(&db, "a", NOW, 9).await, [1]);
    let later = write!(db, |tx| outbox::retry_later(
        tx,
        CONTOSO,
        message,
        "a",
        at(30),
        "refused"
    )
    .await);
    assert!(later);
    assert_eq!(claim(&db, "a", at(29), 9).await, [0; 0]);
    assert_eq!(claim(&db, "a", at(30), 9).await, [1]);
    let status = read!(db, |tx| outbox::get(tx, CONTOSO, message).await).unwrap();
    assert_eq!(
        (status.attempts, status.last_error.as_deref()),
        (2, Some("refused"))
    );
    assert_eq!(status.claimed_by.as_deref(), Some("a"));
    assert_eq!(write!(db, |tx| outbox::release(tx, "b").await), 0);
    assert_eq!(write!(db, |tx| outbox::release(tx, "a").await), 1);
    let status = read!(db, |tx| outbox::get(tx, CONTOSO, message).await).unwrap();
    assert_eq!((status.attempts, status.claimed_by), (1, None));
    assert_eq!(claim(&db, "b", at(30), 9).await, [1]);
    // A lease that is renewed lasts, and only its holder renews it.
    assert_eq!(write!(db, |tx| outbox::renew(tx, "a", at(9_000)).await), 0);
    assert_eq!(write!(db, |tx| outbox::renew(tx, "b", at(9_000)).await), 1);
    assert_eq!(claim(&db, "c", at(8_999), 9).await, [0; 0]);
    assert_eq!(claim(&db, "c", at(9_000), 9).await, [1]);
}

async fn what_there_is_to_do_is_counted_and_what_is_done_is_purged(Fresh { db, .. }: Fresh) {
    put(&db, &[(1, at(3)), (2, at(1)), (3, at(2))]).await;
    assert_eq!(claim(&db, "a", at(1), 1).await, [2]);
    let counts = read!(db, |tx| outbox::counts(tx, at(1)).await);
    let expected = outbox::Counts {
        waiting: 3,
        claimed: 1,
        oldest_due: Some(at(1)),
    };
    assert_eq!(counts, expected);
    let message = MessageId(id(2));
    write!(db, |tx| outbox::done(
        tx,
        CONTOSO,
        message,
        "a",
        Outcome::Sent,
        at(4)
    )
    .await);
    let counts = read!(db, |tx| outbox::counts(tx, at(4)).await);
    let expected = outbox::Counts {
        waiting: 2,
        claimed: 0,
        oldest_due: Some(at(2)),
    };
    assert_eq!(counts, expected);
    assert_eq!(write!(db, |tx| outbox::purge(tx, at(4), 9).await), 0);
    assert_eq!(write!(db, |tx| outbox::purge(tx, at(5), 9).await), 1);
    assert_eq!(
        read!(db, |tx| outbox::get(tx, CONTOSO, message).await),
        None
    );
}
