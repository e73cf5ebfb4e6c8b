//! Wrong passwords: each move of a counter in the database is the move that the rule describes.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use latchkey_core::sign_in::lockout::{self as rules, Rule, Verdict};
use latchkey_store::lockout::{self, Counter};
use latchkey_store::{Db, Engine, StoreError};
use latchkey_types::{Secret, Timestamp, UserId};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestCaseError, TestRunner};

use crate::support::{ADA, CONTOSO, FABRIKAM, Fresh, NOW, at, id, on_both, read, tenants, write};

on_both! {
    the_tenth_wrong_password_locks_for_a_minute
    each_further_lock_lasts_twice_as_long
    one_of_the_last_three_wrong_passwords_does_not_count_again
    a_right_password_forgets_the_counter_of_its_networks
    a_new_password_lifts_every_lock
    a_wrong_password_after_a_right_one_is_not_counted
    a_counter_moves_as_the_rule_says
    old_counters_are_purged_unless_they_lock
}

const RULE: Rule = Rule {
    threshold: 10,
    first: Duration::from_mins(1),
};

const ADAS: Counter = Counter {
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

async fn wrong(db: &Db, of: Counter, password: u8, now: Timestamp) -> Option<Timestamp> {
    let tag = tag(password);
    write!(db, |tx| lockout::wrong(tx, of, RULE, &tag, now).await)
}

async fn locked(db: &Db, of: Counter, now: Timestamp) -> Option<Timestamp> {
    read!(db, |tx| lockout::locked(tx, of, now).await)
}

/// So many wrong passwords, all different, each let through; what the last one began.
async fn fail(db: &Db, of: Counter, times: u8, now: Timestamp) -> Option<Timestamp> {
    let mut began = None;
    for number in 0..times {
        assert_eq!(began, None, "before the last one");
        assert_eq!(hit(db, of, now).await, Verdict::Try);
        began = wrong(db, of, number, now).await;
    }
    began
}

async fn the_tenth_wrong_password_locks_for_a_minute(Fresh { db, .. }: Fresh) {
    tenants(&db).await;
    assert_eq!(fail(&db, ADAS, 9, NOW).await, None);
    assert_eq!(locked(&db, ADAS, NOW).await, None);
    assert_eq!(hit(&db, ADAS, NOW).await, Verdict::Try);
    assert_eq!(wrong(&db, ADAS, 9, NOW).await, Some(at(60)));
    let just_before = Timestamp(at(60).0 - 1);
    for (now, until) in [
        (NOW, Some(at(60))),
        (just_before, Some(at(60))),
        (at(60), None),
    ] {
        assert_eq!(locked(&db, ADAS, now).await, until);
    }
    let verdict = hit(&db, ADAS, just_before).await;
    let (until, begins) = (at(60), false);
    assert_eq!(verdict, Verdict::Locked { until, begins });
    // Others are not concerned: other networks, other people, other tenants.
    for other in [
        Counter {
            familiar: true,
            ..ADAS
        },
        Counter {
            subject: UserId(id(2)),
            ..ADAS
        },
        Counter {
            tenant: FABRIKAM,
            ..ADAS
        },
    ] {
        assert_eq!(locked(&db, other, NOW).await, None);
        assert_eq!(hit(&db, other, NOW).await, Verdict::Try);
    }
    assert_eq!(hit(&db, ADAS, at(60)).await, Verdict::Try);
}

async fn each_further_lock_lasts_twice_as_long(Fresh { db, .. }: Fresh) {
    tenants(&db).await;
    let mut now = NOW;
    let day = 24 * 3600;
    for seconds in (0..20_u32).map(|locks| (60_i64 << locks).min(day)) {
        let until = fail(&db, ADAS, 10, now).await.unwrap();
        assert_eq!(until.0 - now.0, seconds * 1_000_000);
        now = until;
    }
}

async fn one_of_the_last_three_wrong_passwords_does_not_count_again(Fresh { db, .. }: Fresh) {
    tenants(&db).await;
    // The fourth one back counts again: 1 2 3 are remembered, 4 takes the place of 1.
    for password in [1, 2, 3, 1, 2, 3, 1, 3, 3, 3, 4, 2, 3, 4] {
        assert_eq!(hit(&db, ADAS, NOW).await, Verdict::Try);
        assert_eq!(wrong(&db, ADAS, password, NOW).await, None);
    }
    // Four have counted; five more do not lock, the sixth does.
    for password in [1, 5, 6, 7, 8] {
        assert_eq!(hit(&db, ADAS, NOW).await, Verdict::Try);
        assert_eq!(wrong(&db, ADAS, password, NOW).await, None);
    }
    assert_eq!(hit(&db, ADAS, NOW).await, Verdict::Try);
    assert_eq!(wrong(&db, ADAS, 9, NOW).await, Some(at(60)));
    // Nor do they after the lock.
    assert_eq!(hit(&db, ADAS, at(60)).await, Verdict::Try);
    assert_eq!(wrong(&db, ADAS, 9, at(60)).await, None);
    assert_eq!(fail(&db, ADAS, 10, at(60)).await, Some(at(180)));
}

async fn a_right_password_forgets_the_counter_of_its_networks(Fresh { db, .. }: Fresh) {
    tenants(&db).await;
    let familiar = Counter {
        familiar: true,
        ..ADAS
    };
    fail(&db, ADAS, 9, NOW).await;
    fail(&db, familiar, 9, NOW).await;
    assert_eq!(hit(&db, familiar, NOW).await, Verdict::Try);
    write!(db, |tx| lockout::right(tx, familiar).await);
    assert_eq!(fail(&db, familiar, 10, NOW).await, Some(at(60)));
    assert_eq!(fail(&db, ADAS, 1, NOW).await, Some(at(60)));
}

async fn a_new_password_lifts_every_lock(Fresh { db, .. }: Fresh) {
    tenants(&db).await;
    let familiar = Counter {
        familiar: true,
        ..ADAS
    };
    let clear = async |now| write!(db, |tx| lockout::clear(tx, CONTOSO, ADA, now).await);
    assert!(!clear(NOW).await);
    fail(&db, ADAS, 9, NOW).await;
    assert!(!clear(NOW).await, "there was no lock");
    fail(&db, ADAS, 10, NOW).await;
    fail(&db, familiar, 10, NOW).await;
    assert!(!write!(db, |tx| lockout::clear(tx, FABRIKAM, ADA, NOW).await));
    assert!(clear(Timestamp(at(60).0 - 1)).await);
    for of in [ADAS, familiar] {
        assert_eq!(locked(&db, of, NOW).await, None);
        // The next one is a first lock again.
        assert_eq!(fail(&db, of, 10, NOW).await, Some(at(60)));
    }
    assert!(!clear(at(60)).await, "it was over");
}

async fn a_wrong_password_after_a_right_one_is_not_counted(Fresh { db, .. }: Fresh) {
    tenants(&db).await;
    assert_eq!(hit(&db, ADAS, NOW).await, Verdict::Try);
    write!(db, |tx| lockout::right(tx, ADAS).await);
    assert_eq!(wrong(&db, ADAS, 1, NOW).await, None);
    assert_eq!(fail(&db, ADAS, 10, NOW).await, Some(at(60)));
}

/// What happens to a counter.
#[derive(Debug, Clone, Copy)]
enum Step {
    /// A try, which may be decided much later or never.
    Hit,
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
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        12 => Just(Step::Hit),
        12 => (0..8_u8).prop_map(Step::Wrong),
        1 => Just(Step::Right),
        1 => Just(Step::Clear),
        2 => any::<u8>().prop_map(Step::Wait),
        3 => any::<bool>().prop_map(|just_before| Step::ToTheEnd { just_before }),
    ]
}

/// The same steps on both sides, for both counters of one account; gives how many locks were begun.
async fn play(
    db: &Db,
    subject: UserId,
    rule: Rule,
    steps: &[(bool, Step)],
) -> Result<u32, TestCaseError> {
    let mut models = [None::<rules::Counter>, None];
    let (mut now, mut end, mut locks) = (NOW, NOW, 0);
    for (number, (familiar, step)) in steps.iter().enumerate() {
        let at = usize::from(*familiar);
        let of = Counter {
            tenant: CONTOSO,
            subject,
            familiar: *familiar,
        };
        match *step {
            Step::Hit => {
                let (next, expected) = models[at].take().unwrap_or_default().hit(rule, now);
                models[at] = Some(next);
                let verdict = write!(db, |tx| lockout::hit(tx, of, rule, now).await);
                prop_assert_eq!(verdict, expected, "step {}", number);
                if let Verdict::Locked { until, begins } = verdict {
                    end = until;
                    locks += u32::from(begins);
                }
            }
            Step::Wrong(password) => {
                let tag = tag(password);
                let began = write!(db, |tx| lockout::wrong(tx, of, rule, &tag, now).await);
                // What was forgotten meanwhile stays forgotten.
                let expected = models[at].take().and_then(|model| {
                    let (next, began) = model.wrong(rule, &tag, now);
                    models[at] = Some(next);
                    began
                });
                prop_assert_eq!(began, expected, "step {}", number);
                locks += u32::from(began.is_some());
                end = began.unwrap_or(end);
            }
            Step::Right => {
                models[at] = None;
                write!(db, |tx| lockout::right(tx, of).await);
            }
            Step::Clear => {
                let mut forgotten = std::mem::take(&mut models).into_iter().flatten();
                let was_locked = forgotten.any(|model| model.locked(now).is_some());
                let lifted = write!(db, |tx| lockout::clear(tx, CONTOSO, subject, now).await);
                prop_assert_eq!(lifted, was_locked, "step {}", number);
            }
            Step::Wait(seconds) => now = now.plus(Duration::from_secs(seconds.into())),
            Step::ToTheEnd { just_before } => {
                now = now.max(Timestamp(end.0 - i64::from(just_before)));
            }
        }
        let expected = models[at].as_ref().and_then(|model| model.locked(now));
        prop_assert_eq!(locked(db, of, now).await, expected, "step {}", number);
    }
    Ok(locks)
}

async fn a_counter_moves_as_the_rule_says(Fresh { db, .. }: Fresh) {
    tenants(&db).await;
    let config = Config {
        // Each step is a transaction.
        cases: if db.engine() == Engine::Sqlite {
            64
        } else {
            16
        },
        failure_persistence: None,
        ..Config::default()
    };
    // The first lock lasts some seconds, or so many that the longest is soon reached.
    let first = prop_oneof![Just(10), Just(3_600), Just(30_000)].prop_map(Duration::from_secs);
    let rule = (2..6_u32, first).prop_map(|(threshold, first)| Rule { threshold, first });
    let steps = proptest::collection::vec((any::<bool>(), step()), 1..80);
    let (games, begun) = (AtomicU32::new(0), AtomicU32::new(0));
    TestRunner::new(config)
        .run(&(rule, steps), |(rule, steps)| {
            let game = games.fetch_add(1, Ordering::Relaxed);
            let subject = UserId(id(1_000 + u128::from(game)));
            let locks = tokio::task::block_in_place(|| {
                tokio::runtime::Handle::current().block_on(play(&db, subject, rule, &steps))
            })?;
            begun.fetch_add(locks, Ordering::Relaxed);
            Ok(())
        })
        .unwrap();
    let begun = begun.into_inner();
    assert!(begun > 10, "the games were dull: {begun} locks");
}

async fn old_counters_are_purged_unless_they_lock(Fresh { db, .. }: Fresh) {
    tenants(&db).await;
    let decoy = Counter {
        subject: UserId(id(2)),
        ..ADAS
    };
    hit(&db, decoy, NOW).await;
    fail(&db, ADAS, 10, at(1)).await;
    let purge = async |before, now| {
        write!(db, |tx| {
            let gone = lockout::purge(tx, before, now).await?;
            Ok::<_, StoreError>(gone)
        })
    };
    assert_eq!(purge(NOW, at(70)).await, 0);
    assert_eq!(purge(at(60), Timestamp(at(61).0 - 1)).await, 1);
    assert_eq!(locked(&db, ADAS, at(60)).await, Some(at(61)));
    // The last try counts, not the first.
    hit(&db, ADAS, at(65)).await;
    assert_eq!(purge(at(65), at(70)).await, 0);
    assert_eq!(purge(at(66), at(70)).await, 1);
}
