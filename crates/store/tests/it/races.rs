//! Many at once, one winner.

use std::collections::BTreeMap;
use std::time::Duration;

use latchkey_core::reset::Gate;
use latchkey_core::reset::throttle::{Bucket, Verdict};
use latchkey_core::sign_in::lockout::{Rule, Verdict as TryVerdict};
use latchkey_store::{
    Db, accounts, challenges, counts, federation, history, links, lockout, methods, outbox,
    pending, rate, registration, sessions, sign_in_flows, sign_in_sessions, spent_work, throttle,
};
use latchkey_types::{ChallengeId, MethodId, PendingMethodId, Secret};

use crate::messages::message;
use crate::support::{
    ADA, CONTOSO, FABRIKAM, FLOW, Fresh, NOW, SESSION, SIGNED_IN, ada, at, at_once, flow, id,
    on_both, read, session, signed_in, tenants, user, write,
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
    one_of_many_takes_a_step_of_a_sign_in
    one_of_many_claims_a_step_of_a_sign_in
    one_of_many_renews_a_session
    one_of_many_ends_a_session
    one_of_200_uses_a_recovery_code
    one_of_many_uses_what_is_pending
    five_of_many_try_a_pending_code
    one_of_many_gets_a_credential
    one_of_many_is_bound_to_an_identity
    one_of_many_tells_of_an_expiry
    ten_of_100_tries_pass_and_one_begins_the_lock
    ten_of_100_wrong_passwords_are_compared_and_one_begins_the_lock
    the_same_wrong_password_many_times_at_once_counts_once
    of_many_put_on_their_way_at_once_one_is_left
    one_of_many_touches_a_session
    one_of_many_outlives_a_change
    one_of_many_raises_the_work_of_a_hash
    one_of_many_identities_is_bound_to_a_user
}

/// Asserts that exactly one of so many tasks did it.
macro_rules! one_winner {
    ($db:expr, $many:literal, |$tx:ident, $number:ident| $body:expr) => {
        let db: Db = $db.clone();
        let won = at_once($many, move |$number| {
            let db = db.clone();
            async move {
                let _ = $number;
                write!(db, |$tx| $body.await)
            }
        })
        .await;
        assert_eq!(won.iter().filter(|won| **won).count(), 1);
    };
}

async fn one_of_200_uses_a_code(Fresh { db, .. }: Fresh) {
    ada(&db).await;
    session(&db).await;
    let new = challenges::NewChallenge {
        id: ChallengeId(id(1)),
        session: SESSION,
        gate: Gate::Email,
        tag: b"right",
        state: None,
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

async fn one_of_many_takes_a_step_of_a_sign_in(Fresh { db, .. }: Fresh) {
    ada(&db).await;
    flow(&db).await;
    let step = sign_in_flows::Advance {
        state: "next",
        cookie_tag: None,
        secret: None,
        ended_at: None,
    };
    one_winner!(db, 50, |tx, number| sign_in_flows::advance(
        tx, CONTOSO, FLOW, 1, step
    ));
}

async fn one_of_many_claims_a_step_of_a_sign_in(Fresh { db, .. }: Fresh) {
    ada(&db).await;
    flow(&db).await;
    one_winner!(db, 50, |tx, number| sign_in_flows::claim(
        tx, CONTOSO, FLOW, 1
    ));
}

async fn one_of_many_renews_a_session(Fresh { db, .. }: Fresh) {
    ada(&db).await;
    signed_in(&db).await;
    one_winner!(db, 50, |tx, number| async {
        let new_tag = format!("new {number}");
        let renewal = sign_in_sessions::Renewal {
            old_tag: b"signed in",
            new_tag: new_tag.as_bytes(),
            factors: &["password"],
            is_twice: false,
        };
        sign_in_sessions::renew(tx, CONTOSO, SIGNED_IN, renewal, at(1)).await
    });
}

async fn one_of_many_ends_a_session(Fresh { db, .. }: Fresh) {
    ada(&db).await;
    signed_in(&db).await;
    one_winner!(db, 50, |tx, number| sign_in_sessions::end(
        tx,
        CONTOSO,
        ADA,
        SIGNED_IN,
        at(1)
    ));
}

async fn one_of_200_uses_a_recovery_code(Fresh { db, .. }: Fresh) {
    ada(&db).await;
    let codes = [(MethodId(id(1)), "slot".to_owned())];
    write!(db, |tx| methods::replace_recovery_codes(
        tx, CONTOSO, ADA, &codes, NOW
    )
    .await);
    one_winner!(db, 200, |tx, number| methods::use_recovery_code(
        tx, CONTOSO, ADA, "slot"
    ));
}

async fn one_of_many_uses_what_is_pending(Fresh { db, .. }: Fresh) {
    ada(&db).await;
    signed_in(&db).await;
    crate::security_info::pending(&db, 1, b"tag", at(900)).await;
    one_winner!(db, 50, |tx, number| pending::spend(
        tx,
        CONTOSO,
        PendingMethodId(id(1)),
        at(1)
    ));
}

async fn five_of_many_try_a_pending_code(Fresh { db, .. }: Fresh) {
    ada(&db).await;
    signed_in(&db).await;
    crate::security_info::pending(&db, 1, b"tag", at(900)).await;
    let shared = db.clone();
    let counted = at_once(50, move |_| {
        let db = shared.clone();
        async move {
            let pending = PendingMethodId(id(1));
            write!(db, |tx| pending::count_try(tx, CONTOSO, pending, at(1))
                .await)
        }
    })
    .await;
    let mut counted: Vec<i64> = counted.into_iter().flatten().collect();
    counted.sort_unstable();
    assert_eq!(counted, [1, 2, 3, 4, 5]);
}

async fn one_of_many_gets_a_credential(Fresh { db, .. }: Fresh) {
    tenants(&db).await;
    write!(db, |tx| {
        for number in 0..50 {
            let mut someone = user(number, &format!("user{number}"));
            if number % 2 == 0 {
                someone.tenant = FABRIKAM;
            }
            accounts::insert(tx, &someone, None).await?;
        }
        Ok::<_, latchkey_store::StoreError>(())
    });
    one_winner!(db, 50, |tx, number| async {
        let new = methods::NewMethod {
            id: MethodId(id(1000 + number as u128)),
            kind: methods::MethodKind::Passkey,
            slot: "credential",
            name: "",
            value: b"sealed",
            origin: latchkey_core::model::Origin::Person,
        };
        let tenant = if number % 2 == 0 { FABRIKAM } else { CONTOSO };
        let user = latchkey_types::UserId(id(number as u128));
        methods::add_passkey(tx, tenant, user, &new, NOW).await
    });
}

async fn one_of_many_is_bound_to_an_identity(Fresh { db, .. }: Fresh) {
    tenants(&db).await;
    write!(db, |tx| {
        for number in 0..50 {
            let someone = user(number, &format!("user{number}"));
            accounts::insert(tx, &someone, None).await?;
        }
        Ok::<_, latchkey_store::StoreError>(())
    });
    one_winner!(db, 50, |tx, number| federation::bind(
        tx,
        CONTOSO,
        "issuer",
        "subject",
        latchkey_types::UserId(id(number as u128)),
        NOW
    ));
}

async fn one_of_many_tells_of_an_expiry(Fresh { db, .. }: Fresh) {
    ada(&db).await;
    one_winner!(db, 50, |tx, number| registration::tell_expiry(
        tx, CONTOSO, ADA, NOW, 14
    ));
}

const LOCK: Rule = Rule {
    threshold: 10,
    first: Duration::from_mins(1),
};

fn counter(familiar: bool) -> lockout::Counter {
    lockout::Counter {
        tenant: CONTOSO,
        subject: ADA,
        familiar,
    }
}

/// Nobody's answer is known yet: the tries alone are too many (parallel checks must not beat the
/// lockout).
async fn ten_of_100_tries_pass_and_one_begins_the_lock(Fresh { db, .. }: Fresh) {
    tenants(&db).await;
    let shared = db.clone();
    let verdicts = at_once(100, move |_| {
        let db = shared.clone();
        async move { write!(db, |tx| lockout::hit(tx, counter(false), LOCK, NOW).await) }
    })
    .await;
    let count = |wanted: TryVerdict| verdicts.iter().filter(|v| **v == wanted).count();
    let until = at(60);
    assert_eq!(count(TryVerdict::Try), 10);
    let begins = true;
    assert_eq!(count(TryVerdict::Locked { until, begins }), 1);
    let begins = false;
    assert_eq!(count(TryVerdict::Locked { until, begins }), 89);
}

/// As it is in the service: each try counts in one transaction, is compared, and says in another
/// that it was wrong.
async fn ten_of_100_wrong_passwords_are_compared_and_one_begins_the_lock(Fresh { db, .. }: Fresh) {
    tenants(&db).await;
    let shared = db.clone();
    let tries = at_once(100, move |number| {
        let db = shared.clone();
        async move {
            let of = counter(true);
            match write!(db, |tx| lockout::hit(tx, of, LOCK, NOW).await) {
                TryVerdict::Try => {
                    let tag = Secret::new([u8::try_from(number).unwrap(); 32]);
                    let began = write!(db, |tx| lockout::wrong(tx, of, LOCK, &tag, NOW).await);
                    (true, began.is_some())
                }
                TryVerdict::Locked { begins, .. } => (false, begins),
            }
        }
    })
    .await;
    let compared = tries.iter().filter(|(compared, _)| *compared).count();
    assert_eq!(compared, 10);
    assert_eq!(tries.iter().filter(|(_, began)| *began).count(), 1);
    let until = read!(db, |tx| lockout::locked(tx, counter(true), NOW).await);
    assert_eq!(until, Some(at(60)));
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

async fn the_same_wrong_password_many_times_at_once_counts_once(Fresh { db, .. }: Fresh) {
    tenants(&db).await;
    let of = lockout::Counter {
        tenant: CONTOSO,
        subject: ADA,
        familiar: false,
    };
    let rule = Rule {
        threshold: 10,
        first: Duration::from_secs(60),
    };
    let tag = |number| Secret::new([number; 32]);
    let hit = async || write!(db, |tx| lockout::hit(tx, of, rule, NOW).await);
    // Again and again four are counted, then found wrong at the same time: all in all one stays.
    for _ in 0..10 {
        for _ in 0..4 {
            assert_eq!(hit().await, TryVerdict::Try);
        }
        let shared = db.clone();
        let began = at_once(4, move |_| {
            let db = shared.clone();
            async move { write!(db, |tx| lockout::wrong(tx, of, rule, &tag(7), NOW).await) }
        })
        .await;
        assert_eq!(began, [None; 4]);
    }
    for number in 11..=19 {
        assert_eq!(hit().await, TryVerdict::Try);
        let tag = tag(number);
        let began = write!(db, |tx| lockout::wrong(tx, of, rule, &tag, NOW).await);
        assert_eq!(began.is_some(), number == 19, "{number}");
    }
}

async fn of_many_put_on_their_way_at_once_one_is_left(Fresh { db, .. }: Fresh) {
    ada(&db).await;
    signed_in(&db).await;
    let shared = db.clone();
    at_once(50, move |number| {
        let db = shared.clone();
        async move { crate::security_info::pending(&db, 100 + number as u128, b"tag", at(900)).await }
    })
    .await;
    let latest = async || {
        read!(db, |tx| pending::latest(
            tx, CONTOSO, SIGNED_IN, "email", NOW
        )
        .await)
    };
    let left = latest().await.expect("the person waits for a code");
    let mut usable = vec![];
    for number in 100..150 {
        let one = PendingMethodId(id(number));
        let tried = write!(db, |tx| pending::count_try(tx, CONTOSO, one, at(1)).await);
        usable.extend(tried.map(|_| one));
    }
    assert_eq!(usable, [left.id], "another code is another five tries");
    assert!(write!(db, |tx| pending::spend(tx, CONTOSO, left.id, NOW).await));
    assert_eq!(latest().await, None);
}

async fn one_of_many_touches_a_session(Fresh { db, .. }: Fresh) {
    ada(&db).await;
    signed_in(&db).await;
    one_winner!(db, 50, |tx, number| sign_in_sessions::touch(
        tx,
        CONTOSO,
        SIGNED_IN,
        at(60)
    ));
}

async fn one_of_many_outlives_a_change(Fresh { db, .. }: Fresh) {
    ada(&db).await;
    signed_in(&db).await;
    one_winner!(db, 50, |tx, number| async {
        let new = format!("new {number}");
        let (old, new) = (b"signed in", new.as_bytes());
        sign_in_sessions::outlive(tx, CONTOSO, SIGNED_IN, old, new, at(1)).await
    });
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

async fn one_of_many_identities_is_bound_to_a_user(Fresh { db, .. }: Fresh) {
    ada(&db).await;
    one_winner!(db, 50, |tx, number| async {
        let subject = format!("subject {number}");
        federation::bind(tx, CONTOSO, "issuer", &subject, ADA, NOW).await
    });
}
