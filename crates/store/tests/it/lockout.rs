//! Counters of wrong passwords: the same as the rule of core, step by step, and right when many try
//! at once.

use std::time::Duration;

use latchkey_core::sign_in::lockout::{Counter as Model, Rule, Verdict};
use latchkey_store::Db;
use latchkey_store::lockout::{self, Counter};
use latchkey_types::{Secret, Timestamp, UserId};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestCaseResult, TestRunner};

use crate::support::{
    ADA, CONTOSO, FABRIKAM, Fresh, NOW, at, at_once, id, just_after, just_before, on_both, read,
    tenants, write,
};

on_both! {
    the_tenth_wrong_password_locks_and_the_lock_ends
    the_three_last_wrong_passwords_do_not_count_again
    a_right_password_forgets_one_counter
    a_new_password_lifts_every_lock
    of_100_tries_at_once_ten_are_compared_and_one_begins_the_lock
    of_100_wrong_passwords_at_once_one_begins_the_lock
    one_wrong_password_100_times_at_once_counts_once
    counters_are_forgotten_after_their_time_and_their_lock
    another_tenant_finds_and_changes_nothing
}

const RULE: Rule = Rule {
    threshold: 10,
    first: Duration::from_mins(1),
};

const COUNTER: Counter = Counter {
    tenant: CONTOSO,
    subject: ADA,
    familiar: false,
};

fn tag(number: u8) -> Secret<[u8; 32]> {
    Secret::new([number; 32])
}

async fn hit(db: &Db, of: Counter, now: Timestamp) -> Verdict {
    write!(db, |tx| lockout::hit(tx, of, RULE, now).await)
}

async fn wrong(db: &Db, of: Counter, number: u8, now: Timestamp) -> Option<Timestamp> {
    write!(db, |tx| lockout::wrong(tx, of, RULE, &tag(number), now)
        .await)
}

async fn locked(db: &Db, of: Counter, now: Timestamp) -> Option<Timestamp> {
    read!(db, |tx| lockout::locked(tx, of, now).await)
}

/// A try with a wrong password; gives the end of the lock that it began.
async fn fail(db: &Db, of: Counter, number: u8, now: Timestamp) -> Option<Timestamp> {
    assert_eq!(hit(db, of, now).await, Verdict::Try);
    wrong(db, of, number, now).await
}

/// Locks by ten different wrong passwords.
async fn lock(db: &Db, of: Counter, now: Timestamp) -> Timestamp {
    for number in 1..=9 {
        assert_eq!(fail(db, of, number, now).await, None, "{number}");
    }
    assert_eq!(locked(db, of, now).await, None);
    fail(db, of, 10, now).await.unwrap()
}

async fn the_tenth_wrong_password_locks_and_the_lock_ends(Fresh { db, .. }: Fresh) {
    tenants(&db).await;
    let until = lock(&db, COUNTER, NOW).await;
    assert_eq!(until, at(60));
    let last = just_before(until);
    assert_eq!(locked(&db, COUNTER, last).await, Some(until));
    let still = Verdict::Locked {
        until,
        begins: false,
    };
    assert_eq!(hit(&db, COUNTER, last).await, still);
    assert_eq!(locked(&db, COUNTER, until).await, None);
    // The next lock is twice as long, the networks of the owner are not locked.
    assert_eq!(lock(&db, COUNTER, until).await, at(60 + 120));
    let familiar = Counter {
        familiar: true,
        ..COUNTER
    };
    assert_eq!(hit(&db, familiar, until).await, Verdict::Try);
    assert_eq!(locked(&db, familiar, until).await, None);
}

async fn the_three_last_wrong_passwords_do_not_count_again(Fresh { db, .. }: Fresh) {
    tenants(&db).await;
    for _ in 0..20 {
        for number in 1..=3 {
            assert_eq!(fail(&db, COUNTER, number, NOW).await, None);
        }
    }
    // Three have counted. The fourth pushes the first out, which is the fifth when it comes again.
    assert_eq!(fail(&db, COUNTER, 4, NOW).await, None);
    assert_eq!(fail(&db, COUNTER, 1, NOW).await, None);
    for number in 11..=14 {
        assert_eq!(fail(&db, COUNTER, number, NOW).await, None, "{number}");
    }
    assert_eq!(fail(&db, COUNTER, 15, NOW).await, Some(at(60)));
}

async fn a_right_password_forgets_one_counter(Fresh { db, .. }: Fresh) {
    tenants(&db).await;
    let familiar = Counter {
        familiar: true,
        ..COUNTER
    };
    let until = lock(&db, COUNTER, NOW).await;
    for number in 1..=9 {
        assert_eq!(fail(&db, familiar, number, NOW).await, None);
    }
    write!(db, |tx| lockout::right(tx, familiar).await);
    assert_eq!(locked(&db, COUNTER, NOW).await, Some(until));
    // All ten again.
    assert_eq!(lock(&db, familiar, NOW).await, at(60));
    write!(db, |tx| lockout::right(tx, COUNTER).await);
    assert_eq!(locked(&db, COUNTER, NOW).await, None);
    // And as long as the first time.
    assert_eq!(lock(&db, COUNTER, NOW).await, at(60));
}

async fn a_new_password_lifts_every_lock(Fresh { db, .. }: Fresh) {
    tenants(&db).await;
    let familiar = Counter {
        familiar: true,
        ..COUNTER
    };
    let clear = async |now| write!(db, |tx| lockout::clear(tx, CONTOSO, ADA, now).await);
    assert!(!clear(NOW).await);
    assert_eq!(fail(&db, COUNTER, 1, NOW).await, None);
    assert!(!clear(NOW).await);
    lock(&db, familiar, NOW).await;
    lock(&db, COUNTER, NOW).await;
    assert!(clear(just_before(at(60))).await);
    assert_eq!(locked(&db, COUNTER, NOW).await, None);
    assert_eq!(locked(&db, familiar, NOW).await, None);
    lock(&db, COUNTER, NOW).await;
    assert!(!clear(at(60)).await, "that lock was over");
}

async fn of_100_tries_at_once_ten_are_compared_and_one_begins_the_lock(Fresh { db, .. }: Fresh) {
    tenants(&db).await;
    let shared = db.clone();
    let verdicts = at_once(100, move |_| {
        let db = shared.clone();
        async move { hit(&db, COUNTER, NOW).await }
    })
    .await;
    let count = |verdict| verdicts.iter().filter(|seen| **seen == verdict).count();
    let lock = |begins| Verdict::Locked {
        until: at(60),
        begins,
    };
    assert_eq!(count(Verdict::Try), 10);
    assert_eq!(count(lock(true)), 1);
    assert_eq!(count(lock(false)), 89);
    // The ten were wrong, as it turns out: they begin no other lock, and the next is the second.
    for number in 1..=10 {
        assert_eq!(wrong(&db, COUNTER, number, NOW).await, None);
    }
    assert_eq!(locked(&db, COUNTER, NOW).await, Some(at(60)));
    for number in 11..=19 {
        assert_eq!(fail(&db, COUNTER, number, at(60)).await, None);
    }
    assert_eq!(fail(&db, COUNTER, 20, at(60)).await, Some(at(180)));
}

async fn of_100_wrong_passwords_at_once_one_begins_the_lock(Fresh { db, .. }: Fresh) {
    tenants(&db).await;
    let shared = db.clone();
    let began = at_once(100, move |number| {
        let db = shared.clone();
        async move {
            match hit(&db, COUNTER, NOW).await {
                Verdict::Try => {
                    let number = u8::try_from(number).unwrap();
                    wrong(&db, COUNTER, number, NOW).await.is_some()
                }
                Verdict::Locked { begins, .. } => begins,
            }
        }
    })
    .await;
    assert_eq!(began.iter().filter(|began| **began).count(), 1);
    assert_eq!(locked(&db, COUNTER, NOW).await, Some(at(60)));
}

async fn one_wrong_password_100_times_at_once_counts_once(Fresh { db, .. }: Fresh) {
    tenants(&db).await;
    // Again and again four are counted, then found wrong at the same time: all in all one stays.
    for wave in 0..25 {
        for _ in 0..4 {
            assert_eq!(hit(&db, COUNTER, NOW).await, Verdict::Try, "{wave}");
        }
        let shared = db.clone();
        let began = at_once(4, move |_| {
            let db = shared.clone();
            async move { wrong(&db, COUNTER, 7, NOW).await }
        })
        .await;
        assert_eq!(began, [None; 4]);
    }
    for number in 11..=18 {
        assert_eq!(fail(&db, COUNTER, number, NOW).await, None, "{number}");
    }
    assert_eq!(fail(&db, COUNTER, 19, NOW).await, Some(at(60)));
}

async fn counters_are_forgotten_after_their_time_and_their_lock(Fresh { db, .. }: Fresh) {
    tenants(&db).await;
    let decoy = Counter {
        subject: UserId(id(99)),
        ..COUNTER
    };
    // A try counts as one also while a lock is in force.
    let until = lock(&db, COUNTER, NOW).await;
    hit(&db, COUNTER, at(30)).await;
    assert_eq!(fail(&db, decoy, 1, at(20)).await, None);
    let purge = async |hit_before, now| write!(db, |tx| lockout::purge(tx, hit_before, now).await);
    assert_eq!(purge(at(20), at(999)).await, 0);
    assert_eq!(purge(just_after(at(20)), at(999)).await, 1);
    assert_eq!(purge(at(30), at(999)).await, 0);
    // A lock in force is not forgotten, however old.
    assert_eq!(purge(just_after(at(30)), just_before(until)).await, 0);
    assert_eq!(locked(&db, COUNTER, NOW).await, Some(until));
    assert_eq!(purge(just_after(at(30)), until).await, 1);
    assert_eq!(locked(&db, COUNTER, NOW).await, None);
}

async fn another_tenant_finds_and_changes_nothing(Fresh { db, .. }: Fresh) {
    tenants(&db).await;
    let until = lock(&db, COUNTER, NOW).await;
    let theirs = Counter {
        tenant: FABRIKAM,
        ..COUNTER
    };
    assert_eq!(locked(&db, theirs, NOW).await, None);
    assert_eq!(hit(&db, theirs, NOW).await, Verdict::Try);
    write!(db, |tx| {
        assert!(!lockout::clear(tx, FABRIKAM, ADA, NOW).await?);
        lockout::right(tx, theirs).await
    });
    assert_eq!(wrong(&db, theirs, 1, NOW).await, None);
    assert_eq!(locked(&db, COUNTER, NOW).await, Some(until));
}

/// What happens to a counter.
#[derive(Debug, Clone, Copy)]
enum Step {
    Hit,
    /// With or without a try before: a right one may come between.
    Wrong(u8),
    Right,
    /// The password was replaced.
    Clear,
    /// So many seconds go by.
    Wait(u8),
    /// Time goes on to the end of the lock that was begun last, or a microsecond before.
    ToTheEnd {
        just_before: bool,
    },
    /// The tenant's administrator sets another threshold.
    Threshold(u32),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        12 => Just(Step::Hit),
        12 => (0..8_u8).prop_map(Step::Wrong),
        1 => Just(Step::Right),
        1 => Just(Step::Clear),
        2 => any::<u8>().prop_map(Step::Wait),
        3 => any::<bool>().prop_map(|just_before| Step::ToTheEnd { just_before }),
        1 => (2..6_u32).prop_map(Step::Threshold),
    ]
}

/// The same steps for the store and for the rule of core, of both counters of one account.
async fn compare(db: &Db, subject: UserId, first: u64, steps: &[(bool, Step)]) -> TestCaseResult {
    let mut models = [Model::default(), Model::default()];
    let mut now = NOW;
    let mut rule = Rule {
        threshold: 3,
        first: Duration::from_secs(first),
    };
    let mut end = NOW;
    for (number, (familiar, step)) in steps.iter().enumerate() {
        let of = Counter {
            tenant: CONTOSO,
            subject,
            familiar: *familiar,
        };
        let model = &mut models[usize::from(*familiar)];
        let before = std::mem::take(model);
        *model = match *step {
            Step::Hit => {
                let (next, verdict) = before.hit(rule, now);
                let got = write!(db, |tx| lockout::hit(tx, of, rule, now).await);
                prop_assert_eq!(got, verdict, "step {}", number);
                if let Verdict::Locked { until, .. } = verdict {
                    end = until;
                }
                next
            }
            Step::Wrong(password) => {
                let password = tag(password);
                let (next, began) = before.wrong(rule, &password, now);
                let got = write!(db, |tx| lockout::wrong(tx, of, rule, &password, now).await);
                prop_assert_eq!(got, began, "step {}", number);
                end = began.unwrap_or(end);
                next
            }
            Step::Right => {
                write!(db, |tx| lockout::right(tx, of).await);
                before.right()
            }
            Step::Clear => {
                *model = before;
                let was_locked = models.iter().any(|model| model.locked(now).is_some());
                let got = write!(db, |tx| lockout::clear(tx, CONTOSO, subject, now).await);
                prop_assert_eq!(got, was_locked, "step {}", number);
                models = [Model::default(), Model::default()];
                continue;
            }
            Step::Wait(seconds) => {
                now = now.plus(Duration::from_secs(seconds.into()));
                before
            }
            Step::ToTheEnd { just_before } => {
                now = now.max(Timestamp(end.0 - i64::from(just_before)));
                before
            }
            Step::Threshold(threshold) => {
                rule.threshold = threshold;
                before
            }
        };
        let got = locked(db, of, now).await;
        prop_assert_eq!(
            got,
            models[usize::from(*familiar)].locked(now),
            "step {}",
            number
        );
    }
    Ok(())
}

fn the_store_counts_like_the_rule(db: &Db, cases: u32) {
    let config = Config {
        cases,
        failure_persistence: None,
        ..Config::default()
    };
    let steps = proptest::collection::vec((any::<bool>(), step()), 1..80);
    // The first lock lasts some seconds, or so many that the longest is soon reached.
    let first = prop_oneof![Just(10_u64), Just(3_600), Just(30_000)];
    let next = std::sync::atomic::AtomicU32::new(0);
    TestRunner::new(config)
        .run(&(first, steps), |(first, steps)| {
            let number = next.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            let subject = UserId(id(1_000 + u128::from(number)));
            tokio::task::block_in_place(|| {
                tokio::runtime::Handle::current().block_on(compare(db, subject, first, &steps))
            })
        })
        .unwrap();
}

#[test]
fn on_sqlite_the_store_counts_like_the_rule() {
    crate::support::sqlite(async |Fresh { db, .. }: Fresh| {
        tenants(&db).await;
        the_store_counts_like_the_rule(&db, 64);
    });
}

#[test]
fn on_postgres_the_store_counts_like_the_rule() {
    crate::support::postgres(async |fresh: Fresh| {
        tenants(&fresh.db).await;
        the_store_counts_like_the_rule(&fresh.db, 16);
    });
}
