//! Many at once, one winner.

use std::collections::BTreeMap;
use std::time::Duration;

use latchkey_core::reset::Gate;
use latchkey_core::reset::throttle::{Bucket, Verdict};
use latchkey_store::{
    accounts, challenges, counts, history, links, methods, outbox, rate, sessions, spent_work,
    throttle,
};
use latchkey_types::{ChallengeId, MethodId};

use crate::messages::message;
use crate::support::{
    ADA, CONTOSO, Fresh, NOW, SESSION, ada, at, at_once, id, on_both, one_winner, read, session,
    tenants, write,
};

on_both! {
    one_of_200_uses_a_code
    one_of_many_takes_a_step
    one_of_many_claims_a_step
    one_of_many_sets_the_password
    one_of_many_uses_a_time_step
    one_of_many_uses_a_link
    one_of_many_spends_work
    five_of_many_hits_pass_and_one_begins_the_block
    a_burst_is_not_exceeded
    a_daily_limit_is_not_exceeded
    no_message_is_claimed_twice_and_none_is_forgotten
}

async fn one_of_200_uses_a_code(Fresh { db, .. }: Fresh) {
    ada(&db).await;
    session(&db).await;
    let new = challenges::NewChallenge {
        id: ChallengeId(id(1)),
        session: SESSION,
        gate: Gate::Email,
        tag: b"right",
        created_at: NOW,
        expires_at: at(600),
    };
    write!(db, |tx| challenges::insert(tx, CONTOSO, &new).await);
    one_winner!(db, 200, |tx, number| challenges::consume(
        tx,
        CONTOSO,
        ChallengeId(id(1)),
        b"right",
        at(1)
    ));
}

async fn one_of_many_takes_a_step(Fresh { db, .. }: Fresh) {
    ada(&db).await;
    session(&db).await;
    let step = sessions::Advance {
        state: "next",
        cookie_tag: None,
        ended: None,
    };
    one_winner!(db, 50, |tx, number| sessions::advance(
        tx, CONTOSO, SESSION, 1, step
    ));
}

async fn one_of_many_claims_a_step(Fresh { db, .. }: Fresh) {
    ada(&db).await;
    session(&db).await;
    one_winner!(db, 50, |tx, number| sessions::claim(
        tx, CONTOSO, SESSION, 1
    ));
}

async fn one_of_many_sets_the_password(Fresh { db, .. }: Fresh) {
    ada(&db).await;
    one_winner!(db, 50, |tx, number| accounts::set_password(
        tx,
        CONTOSO,
        ADA,
        1,
        &format!("hash of {number}"),
        at(1),
        24
    ));
    let present = read!(db, |tx| accounts::password(tx, CONTOSO, ADA).await).unwrap();
    let history = read!(db, |tx| history::list(tx, CONTOSO, ADA, 24).await);
    assert_eq!(history, [present.as_str(), "hash 1"]);
}

async fn one_of_many_uses_a_time_step(Fresh { db, .. }: Fresh) {
    ada(&db).await;
    let new = methods::NewMethod {
        id: MethodId(id(1)),
        kind: methods::MethodKind::Authenticator,
        slot: "",
        name: "",
        value: b"sealed",
        origin: latchkey_core::model::Origin::Person,
    };
    write!(db, |tx| methods::upsert(tx, CONTOSO, ADA, &new, NOW).await);
    one_winner!(db, 50, |tx, number| methods::advance_step(
        tx,
        CONTOSO,
        MethodId(id(1)),
        7
    ));
}

async fn one_of_many_uses_a_link(Fresh { db, .. }: Fresh) {
    ada(&db).await;
    let new = links::NewLink {
        id: id(1),
        purpose: "not_me",
        tag: b"tag",
        user: ADA,
        created_at: NOW,
        expires_at: at(10),
    };
    write!(db, |tx| links::insert(tx, CONTOSO, &new).await);
    one_winner!(db, 50, |tx, number| async {
        links::consume(tx, b"tag", at(1))
            .await
            .map(|link| link.is_some())
    });
}

async fn one_of_many_spends_work(Fresh { db, .. }: Fresh) {
    one_winner!(db, 50, |tx, number| spent_work::spend(tx, b"work", NOW));
}

async fn five_of_many_hits_pass_and_one_begins_the_block(Fresh { db, .. }: Fresh) {
    let bucket = Bucket::Gate(Gate::Email);
    let shared = db.clone();
    let verdicts = at_once(50, move |_| {
        let db = shared.clone();
        async move {
            write!(db, |tx| {
                let verdict = throttle::hit(tx, CONTOSO, ADA, bucket, NOW)
                    .await?
                    .verdict(NOW);
                Ok::<_, latchkey_store::StoreError>(match verdict {
                    Verdict::Pass { left } => Some(left),
                    Verdict::Blocked { until, begins } => {
                        let began = throttle::block(tx, CONTOSO, ADA, bucket, until, NOW).await?;
                        assert_eq!(began, begins);
                        began.then_some(100)
                    }
                })
            })
        }
    })
    .await;
    let mut seen: Vec<usize> = verdicts.into_iter().flatten().collect();
    seen.sort_unstable();
    assert_eq!(seen, [0, 1, 2, 3, 4, 100]);
}

async fn a_burst_is_not_exceeded(Fresh { db, .. }: Fresh) {
    let shared = db.clone();
    let taken = at_once(50, move |_| {
        let db = shared.clone();
        async move {
            write!(db, |tx| rate::take(tx, "x", NOW, Duration::from_secs(1), 7)
                .await)
        }
    })
    .await;
    assert_eq!(taken.into_iter().filter(|taken| *taken).count(), 7);
}

async fn a_daily_limit_is_not_exceeded(Fresh { db, .. }: Fresh) {
    let shared = db.clone();
    let counted = at_once(50, move |_| {
        let db = shared.clone();
        async move { write!(db, |tx| counts::bump(tx, CONTOSO, 1, "sms", 7).await) }
    })
    .await;
    let mut counted: Vec<i64> = counted.into_iter().flatten().collect();
    counted.sort_unstable();
    assert_eq!(counted, [1, 2, 3, 4, 5, 6, 7]);
}

async fn no_message_is_claimed_twice_and_none_is_forgotten(Fresh { db, .. }: Fresh) {
    tenants(&db).await;
    write!(db, |tx| {
        for number in 0..100 {
            outbox::insert(tx, CONTOSO, &message(number, NOW)).await?;
        }
        Ok::<_, latchkey_store::StoreError>(())
    });
    let shared = db.clone();
    let claims = at_once(8, move |worker| {
        let db = shared.clone();
        async move {
            let worker = worker.to_string();
            let mut mine = Vec::new();
            loop {
                let claimed = write!(db, |tx| {
                    outbox::claim(tx, &worker, NOW, Duration::from_mins(1), 5).await
                });
                // Another worker may have been faster: nothing now is not nothing left.
                let left = read!(db, |tx| outbox::counts(tx, NOW).await);
                if claimed.is_empty() && left.claimed == left.waiting {
                    return mine;
                }
                mine.extend(claimed.into_iter().map(|message| message.id));
            }
        }
    })
    .await;
    let mut times = BTreeMap::new();
    for message in claims.into_iter().flatten() {
        *times.entry(message).or_insert(0) += 1;
    }
    assert_eq!(times.len(), 100);
    assert!(times.values().all(|times| *times == 1), "{times:?}");
}
