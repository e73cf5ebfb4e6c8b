//! What a pass through the reset portal keeps: sessions, challenges, throttles, rates, links.

use std::time::Duration;

use latchkey_core::reset::Gate;
use latchkey_core::reset::throttle::{BLOCK, Bucket, Verdict};
use latchkey_store::{challenges, counts, links, rate, sessions, spent_work, throttle};
use latchkey_types::{ChallengeId, Timestamp};

use crate::support::{
    ADA, CONTOSO, FABRIKAM, Fresh, NOW, SESSION, ada, at, id, on_both, read, session, write,
};

on_both! {
    a_session_is_found_by_its_cookie_and_moves_by_its_version
    a_session_that_ended_does_not_move
    a_claimed_step_is_claimed_once
    expired_sessions_are_listed_until_they_end_and_purged_later
    a_challenge_is_spent_by_its_tag_before_its_time_is_over
    of_challenges_made_in_one_moment_the_open_one_is_the_latest
    a_new_challenge_voids_the_one_before_of_the_same_gate
    hits_shift_and_a_blocked_bucket_counts_nothing
    a_success_takes_its_own_hit_back
    a_block_is_begun_by_one_and_ends
    a_rate_is_a_burst_and_then_one_per_interval
    a_day_has_a_limit
    work_is_spent_once
    a_link_works_once_and_in_time
}

async fn a_session_is_found_by_its_cookie_and_moves_by_its_version(Fresh { db, .. }: Fresh) {
    ada(&db).await;
    session(&db).await;
    let found = read!(db, |tx| sessions::get_by_cookie(tx, b"cookie").await).unwrap();
    assert_eq!(
        (found.tenant, found.id, found.subject, found.version),
        (CONTOSO, SESSION, ADA, 1)
    );
    assert_eq!(
        (found.state.as_str(), found.name.as_slice()),
        ("{}", b"sealed name".as_slice())
    );
    assert_eq!(
        (found.created_at, found.expires_at, found.ended_at),
        (NOW, at(6300), None)
    );
    assert_eq!(
        read!(db, |tx| sessions::get(tx, CONTOSO, SESSION).await),
        Some(found)
    );
    assert_eq!(
        read!(db, |tx| sessions::get_by_cookie(tx, b"other").await),
        None
    );

    let step = sessions::Advance {
        state: "two",
        cookie_tag: Some(b"new"),
        ended: None,
    };
    assert!(!write!(db, |tx| sessions::advance(
        tx, CONTOSO, SESSION, 2, step
    )
    .await));
    assert!(write!(db, |tx| sessions::advance(
        tx, CONTOSO, SESSION, 1, step
    )
    .await));
    assert!(!write!(db, |tx| sessions::advance(
        tx, CONTOSO, SESSION, 1, step
    )
    .await));
    assert_eq!(
        read!(db, |tx| sessions::get_by_cookie(tx, b"cookie").await),
        None
    );
    // A step that gives no new cookie keeps the one there is.
    let step = sessions::Advance {
        state: "three",
        cookie_tag: None,
        ended: None,
    };
    assert!(write!(db, |tx| sessions::advance(
        tx, CONTOSO, SESSION, 2, step
    )
    .await));
    let found = read!(db, |tx| sessions::get_by_cookie(tx, b"new").await).unwrap();
    assert_eq!((found.state.as_str(), found.version), ("three", 3));
}

async fn a_session_that_ended_does_not_move(Fresh { db, .. }: Fresh) {
    ada(&db).await;
    session(&db).await;
    assert_eq!(
        read!(db, |tx| sessions::open_for_subject(tx, CONTOSO, ADA).await).len(),
        1
    );
    let end = sessions::Advance {
        state: "end",
        cookie_tag: None,
        ended: Some(("canceled.before_gates", at(5))),
    };
    assert!(write!(db, |tx| sessions::advance(
        tx, CONTOSO, SESSION, 1, end
    )
    .await));
    assert!(!write!(db, |tx| sessions::advance(
        tx, CONTOSO, SESSION, 2, end
    )
    .await));
    assert!(!write!(db, |tx| sessions::claim(tx, CONTOSO, SESSION, 2).await));
    let found = read!(db, |tx| sessions::get(tx, CONTOSO, SESSION).await).unwrap();
    assert_eq!(found.ended_at, Some(at(5)));
    assert_eq!(found.detail.as_deref(), Some("canceled.before_gates"));
    assert!(read!(db, |tx| sessions::open_for_subject(tx, CONTOSO, ADA).await).is_empty());
}

async fn a_claimed_step_is_claimed_once(Fresh { db, .. }: Fresh) {
    ada(&db).await;
    session(&db).await;
    assert!(write!(db, |tx| sessions::claim(tx, CONTOSO, SESSION, 1).await));
    assert!(!write!(db, |tx| sessions::claim(tx, CONTOSO, SESSION, 1).await));
    assert!(!write!(db, |tx| sessions::claim(tx, FABRIKAM, SESSION, 2).await));
    let by_cookie = async |cookie: &'static [u8], version| {
        write!(db, |tx| sessions::claim_by_cookie(tx, cookie, version)
            .await)
    };
    assert_eq!(by_cookie(b"cookie", 1).await, None);
    assert_eq!(by_cookie(b"other", 2).await, None);
    let claimed = by_cookie(b"cookie", 2).await.unwrap();
    assert_eq!(claimed.version, 3);
    assert_eq!(by_cookie(b"cookie", 2).await, None);
    let found = read!(db, |tx| sessions::get(tx, CONTOSO, SESSION).await);
    assert_eq!(found, Some(claimed));
    let end = sessions::Advance {
        state: "end",
        cookie_tag: None,
        ended: Some(("canceled.before_gates", at(5))),
    };
    write!(db, |tx| sessions::advance(tx, CONTOSO, SESSION, 3, end)
        .await);
    assert_eq!(by_cookie(b"cookie", 4).await, None);
}

async fn expired_sessions_are_listed_until_they_end_and_purged_later(Fresh { db, .. }: Fresh) {
    ada(&db).await;
    session(&db).await;
    let expired = async |now| read!(db, |tx| sessions::list_expired(tx, now, 9).await).len();
    assert_eq!(expired(at(6299)).await, 0);
    assert_eq!(expired(at(6300)).await, 1);
    let end = sessions::Advance {
        state: "end",
        cookie_tag: None,
        ended: Some(("abandoned.user_id", at(6300))),
    };
    // Open sessions are never purged.
    assert_eq!(write!(db, |tx| sessions::purge(tx, at(99_999), 9).await), 0);
    assert!(write!(db, |tx| sessions::advance(
        tx, CONTOSO, SESSION, 1, end
    )
    .await));
    assert_eq!(expired(at(6300)).await, 0);
    assert_eq!(write!(db, |tx| sessions::purge(tx, at(6300), 9).await), 0);
    assert_eq!(write!(db, |tx| sessions::purge(tx, at(6301), 9).await), 1);
    assert!(!write!(db, |tx| sessions::delete(tx, CONTOSO, SESSION).await));
}

fn challenge(number: u128, gate: Gate, created_at: Timestamp) -> challenges::NewChallenge<'static> {
    challenges::NewChallenge {
        id: ChallengeId(id(number)),
        session: SESSION,
        gate,
        tag: b"right",
        state: None,
        created_at,
        expires_at: created_at.plus(Duration::from_mins(10)),
    }
}

async fn of_challenges_made_in_one_moment_the_open_one_is_the_latest(Fresh { db, .. }: Fresh) {
    ada(&db).await;
    session(&db).await;
    // Ids in any order: the last one is not always the greatest.
    for number in [5, 9, 2, 7, 1] {
        let new = challenges::NewChallenge {
            tag: b"",
            state: Some(b"sealed"),
            ..challenge(number, Gate::Passkey, NOW)
        };
        write!(db, |tx| challenges::insert(tx, CONTOSO, &new).await);
        let latest = read!(db, |tx| challenges::latest(
            tx,
            CONTOSO,
            SESSION,
            Gate::Passkey
        )
        .await);
        let latest = latest.expect("a challenge");
        assert_eq!(latest.id, ChallengeId(id(number)));
        assert_eq!(latest.state.as_deref(), Some(&b"sealed"[..]));
    }
}

async fn a_challenge_is_spent_by_its_tag_before_its_time_is_over(Fresh { db, .. }: Fresh) {
    ada(&db).await;
    session(&db).await;
    let consume = async |number, tag: &[u8], now| {
        write!(db, |tx| challenges::consume(
            tx,
            CONTOSO,
            ChallengeId(id(number)),
            tag,
            now
        )
        .await)
    };
    write!(db, |tx| challenges::insert(
        tx,
        CONTOSO,
        &challenge(1, Gate::Email, NOW)
    )
    .await);
    assert!(!consume(1, b"wrong", at(1)).await);
    assert!(!consume(1, b"right", at(600)).await);
    assert!(!consume(2, b"right", at(1)).await);
    assert!(consume(1, b"right", at(599)).await);
    assert!(!consume(1, b"right", at(599)).await);
    let last = read!(db, |tx| challenges::latest(
        tx,
        CONTOSO,
        SESSION,
        Gate::Email
    )
    .await)
    .unwrap();
    assert_eq!(
        (last.id, last.spent_at),
        (ChallengeId(id(1)), Some(at(599)))
    );
    assert_eq!(
        (last.tag.as_slice(), last.session),
        (b"right".as_slice(), SESSION)
    );
    // Void with its session.
    write!(db, |tx| challenges::insert(
        tx,
        CONTOSO,
        &challenge(3, Gate::Sms, NOW)
    )
    .await);
    let void = write!(db, |tx| challenges::void_for_session(
        tx,
        CONTOSO,
        SESSION,
        at(1)
    )
    .await);
    assert_eq!(void, 1);
    assert!(!consume(3, b"right", at(2)).await);
}

async fn a_new_challenge_voids_the_one_before_of_the_same_gate(Fresh { db, .. }: Fresh) {
    ada(&db).await;
    session(&db).await;
    let latest = async |gate| {
        let latest = read!(db, |tx| challenges::latest(tx, CONTOSO, SESSION, gate)
            .await);
        latest.map(|challenge| (challenge.id, challenge.spent_at))
    };
    assert_eq!(latest(Gate::Sms).await, None);
    write!(db, |tx| {
        challenges::insert(tx, CONTOSO, &challenge(1, Gate::Email, NOW)).await?;
        challenges::insert(tx, CONTOSO, &challenge(2, Gate::Sms, NOW)).await?;
        challenges::insert(tx, CONTOSO, &challenge(3, Gate::Email, at(30))).await
    });
    assert_eq!(latest(Gate::Sms).await, Some((ChallengeId(id(2)), None)));
    assert_eq!(latest(Gate::Email).await, Some((ChallengeId(id(3)), None)));
    let spent = write!(db, |tx| challenges::consume(
        tx,
        CONTOSO,
        ChallengeId(id(1)),
        b"right",
        at(31)
    )
    .await);
    assert!(!spent);
}

async fn hits_shift_and_a_blocked_bucket_counts_nothing(Fresh { db, .. }: Fresh) {
    let bucket = Bucket::Gate(Gate::Email);
    let hit = async |now| write!(db, |tx| throttle::hit(tx, CONTOSO, ADA, bucket, now).await);
    for second in 0..5 {
        let hits = hit(at(second)).await;
        let left = usize::try_from(4 - second).unwrap();
        assert_eq!(hits.verdict(at(second)), Verdict::Pass { left });
    }
    let hits = hit(at(5)).await;
    assert_eq!(hits.at, [5, 4, 3, 2, 1, 0].map(|second| Some(at(second))));
    let until = at(5).plus(BLOCK);
    assert_eq!(
        hits.verdict(at(5)),
        Verdict::Blocked {
            until,
            begins: true
        }
    );
    assert!(write!(db, |tx| throttle::block(
        tx,
        CONTOSO,
        ADA,
        bucket,
        until,
        at(5)
    )
    .await));
    let blocked = hit(at(6)).await;
    assert_eq!(blocked.at, hits.at);
    assert_eq!(
        blocked.verdict(at(6)),
        Verdict::Blocked {
            until,
            begins: false
        }
    );
    // When it is over, hits count again, and the old ones are too old.
    assert_eq!(hit(until).await.verdict(until), Verdict::Pass { left: 4 });
    // Another bucket, another user, another tenant: each for itself.
    let other = write!(db, |tx| throttle::hit(
        tx,
        CONTOSO,
        ADA,
        Bucket::Attempts,
        at(6)
    )
    .await);
    assert_eq!(other.verdict(at(6)), Verdict::Pass { left: 4 });
    let other = write!(db, |tx| throttle::hit(tx, FABRIKAM, ADA, bucket, at(6))
        .await);
    assert_eq!(other.verdict(at(6)), Verdict::Pass { left: 4 });
    assert_eq!(write!(db, |tx| throttle::clear(tx, CONTOSO, ADA).await), 2);
    assert_eq!(hit(at(7)).await.verdict(at(7)), Verdict::Pass { left: 4 });
}

async fn a_success_takes_its_own_hit_back(Fresh { db, .. }: Fresh) {
    let bucket = Bucket::Attempts;
    let back = async |second| {
        write!(db, |tx| throttle::take_back(
            tx,
            CONTOSO,
            ADA,
            bucket,
            at(second)
        )
        .await)
    };
    for second in 1..=3 {
        write!(db, |tx| throttle::hit(tx, CONTOSO, ADA, bucket, at(second))
            .await);
    }
    assert!(!back(9).await);
    assert!(back(2).await);
    assert!(!back(2).await);
    let hits = write!(db, |tx| throttle::hit(tx, CONTOSO, ADA, bucket, at(4))
        .await);
    assert_eq!(hits.at[..4], [Some(at(4)), Some(at(3)), Some(at(1)), None]);
    // Two in one instant: each takes one back.
    write!(db, |tx| throttle::hit(tx, CONTOSO, ADA, bucket, at(4))
        .await);
    assert!(back(4).await);
    let hits = write!(db, |tx| throttle::hit(tx, CONTOSO, ADA, bucket, at(5))
        .await);
    assert_eq!(
        hits.at[..5],
        [Some(at(5)), Some(at(4)), Some(at(3)), Some(at(1)), None]
    );
}

async fn a_block_is_begun_by_one_and_ends(Fresh { db, .. }: Fresh) {
    let bucket = Bucket::PhoneNumber;
    let block = async |until, now| {
        write!(db, |tx| throttle::block(
            tx, CONTOSO, ADA, bucket, until, now
        )
        .await)
    };
    let blocked = async |now| {
        read!(db, |tx| throttle::blocked_buckets(tx, CONTOSO, ADA, now)
            .await)
    };
    assert!(block(at(10), at(0)).await);
    assert!(!block(at(20), at(9)).await);
    assert_eq!(blocked(at(9)).await, [(bucket, at(10))]);
    assert!(blocked(at(10)).await.is_empty());
    assert!(block(at(20), at(10)).await);
    assert_eq!(
        write!(db, |tx| throttle::purge(tx, at(19), at(19)).await),
        0
    );
    assert_eq!(
        write!(db, |tx| throttle::purge(tx, at(20), at(20)).await),
        1
    );
}

async fn a_rate_is_a_burst_and_then_one_per_interval(Fresh { db, .. }: Fresh) {
    let take = async |now| {
        write!(db, |tx| rate::take(
            tx,
            "a",
            now,
            Duration::from_secs(10),
            3
        )
        .await)
    };
    let taken = [
        take(at(0)).await,
        take(at(0)).await,
        take(at(0)).await,
        take(at(0)).await,
    ];
    assert_eq!(taken, [true, true, true, false]);
    assert!(!take(Timestamp(at(10).0 - 1)).await);
    assert!(take(at(10)).await);
    assert!(!take(at(19)).await);
    assert!(take(at(20)).await);
    // Full again after three intervals more than the last; never fuller than that.
    assert_eq!(write!(db, |tx| rate::purge(tx, at(49), 9).await), 0);
    let taken = [
        take(at(900)).await,
        take(at(900)).await,
        take(at(900)).await,
        take(at(900)).await,
    ];
    assert_eq!(taken, [true, true, true, false]);
    assert_eq!(write!(db, |tx| rate::purge(tx, at(930), 9).await), 1);
    let other = write!(db, |tx| rate::take(
        tx,
        "b",
        NOW,
        Duration::from_secs(10),
        0
    )
    .await);
    assert!(!other);
}

async fn a_day_has_a_limit(Fresh { db, .. }: Fresh) {
    let bump =
        async |day, limit| write!(db, |tx| counts::bump(tx, CONTOSO, day, "sms", limit).await);
    assert_eq!(bump(1, 2).await, Some(1));
    assert_eq!(bump(1, 2).await, Some(2));
    assert_eq!(bump(1, 2).await, None);
    assert_eq!(bump(1, 3).await, Some(3));
    assert_eq!(bump(2, 0).await, None);
    assert_eq!(bump(2, 1).await, Some(1));
    let get = async |day| read!(db, |tx| counts::get(tx, CONTOSO, day, "sms").await);
    assert_eq!((get(1).await, get(2).await, get(3).await), (3, 1, 0));
    assert_eq!(write!(db, |tx| counts::purge(tx, 2).await), 1);
    assert_eq!((get(1).await, get(2).await), (0, 1));
}

async fn work_is_spent_once(Fresh { db, .. }: Fresh) {
    let spend = async |id: &[u8]| write!(db, |tx| spent_work::spend(tx, id, at(10)).await);
    assert!(spend(b"one").await);
    assert!(!spend(b"one").await);
    assert!(spend(b"two").await);
    assert_eq!(write!(db, |tx| spent_work::purge(tx, at(9)).await), 0);
    assert_eq!(write!(db, |tx| spent_work::purge(tx, at(10)).await), 2);
}

async fn a_link_works_once_and_in_time(Fresh { db, .. }: Fresh) {
    ada(&db).await;
    let link = |number, tag: &'static [u8]| links::NewLink {
        id: id(number),
        purpose: "not_me",
        tag,
        user: ADA,
        created_at: NOW,
        expires_at: at(10),
    };
    for (number, tag) in [(1, b"one".as_slice()), (2, b"two")] {
        write!(db, |tx| links::insert(tx, CONTOSO, &link(number, tag))
            .await);
    }
    let consume = async |tag: &[u8], now| write!(db, |tx| links::consume(tx, tag, now).await);
    let seen = read!(db, |tx| links::get_by_tag(tx, b"one").await).unwrap();
    assert_eq!(
        (seen.tenant, seen.user, seen.purpose.as_str()),
        (CONTOSO, ADA, "not_me")
    );
    assert_eq!(seen.spent_at, None);
    assert_eq!(consume(b"three", NOW).await, None);
    assert_eq!(consume(b"one", at(10)).await, None);
    let used = consume(b"one", at(9)).await.unwrap();
    assert_eq!((used.id, used.spent_at), (id(1), Some(at(9))));
    assert_eq!(consume(b"one", at(9)).await, None);
    assert_eq!(
        write!(db, |tx| links::void_for_user(tx, CONTOSO, ADA, at(1)).await),
        1
    );
    assert_eq!(consume(b"two", at(2)).await, None);
    assert_eq!(write!(db, |tx| links::purge(tx, at(10)).await), 0);
    assert_eq!(write!(db, |tx| links::purge(tx, at(11)).await), 2);
}
