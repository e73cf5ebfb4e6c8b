use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;

const NOW: Timestamp = Timestamp::from_seconds(1_000_000);

fn rule() -> Rule {
    Rule::from(&SignInSettings::default())
}

fn tag(n: u8) -> Secret<[u8; 32]> {
    Secret::new([n; 32])
}

/// Tries a wrong password; gives the end of the lock that it began.
fn wrong(counter: Counter, rule: Rule, n: u8, now: Timestamp) -> (Counter, Option<Timestamp>) {
    let (counter, verdict) = counter.hit(rule, now);
    assert_eq!(verdict, Verdict::Try);
    counter.wrong(rule, &tag(n), now)
}

fn minutes(n: u64) -> Duration {
    Duration::from_mins(n)
}

#[test]
fn the_ninth_wrong_password_does_not_lock_and_the_tenth_locks_for_a_minute() {
    let mut counter = Counter::default();
    for n in 1..=9 {
        let began;
        (counter, began) = wrong(counter, rule(), n, NOW);
        assert_eq!(began, None, "{n}");
    }
    assert_eq!(counter.locked(NOW), None);
    let (counter, began) = wrong(counter, rule(), 10, NOW);
    let until = NOW.plus(minutes(1));
    assert_eq!(began, Some(until));
    let last = Timestamp(until.0 - 1);
    let still = Verdict::Locked {
        until,
        begins: false,
    };
    assert_eq!(counter.clone().hit(rule(), last), (counter.clone(), still));
    assert_eq!(counter.hit(rule(), until).1, Verdict::Try);
}

#[test]
fn the_threshold_is_the_tenants() {
    for threshold in [3_u8, 50] {
        let rule = Rule {
            threshold: u32::from(threshold),
            ..rule()
        };
        let mut counter = Counter::default();
        for n in 1..=threshold {
            let began;
            (counter, began) = wrong(counter, rule, n, NOW);
            assert_eq!(began.is_some(), n == threshold, "{n} of {threshold}");
        }
    }
}

#[test]
fn each_lock_lasts_twice_as_long_as_the_one_before_and_at_most_a_day() {
    let day = minutes(24 * 60);
    let table = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024].map(minutes);
    for (before, length) in (0..).zip(table) {
        assert_eq!(lock_length(minutes(1), before), length);
    }
    for before in [11, 12, 31, 32, 33, u32::MAX] {
        assert_eq!(lock_length(minutes(1), before), day, "{before}");
    }
    let hours = |n: u64| minutes(n * 60);
    for (before, length) in [(0, 1), (4, 16), (5, 24), (6, 24)] {
        assert_eq!(lock_length(hours(1), before), hours(length));
    }
    assert_eq!(lock_length(Duration::from_secs(10), 1).as_secs(), 20);
}

#[test]
fn locks_in_a_row_double_until_a_password_is_right() {
    let mut counter = Counter::default();
    let mut now = NOW;
    let mut n = 0_u8;
    for length in [1, 2, 4] {
        let mut began = None;
        for _ in 0..10 {
            n += 1;
            (counter, began) = wrong(counter, rule(), n, now);
        }
        let until = began.unwrap();
        assert_eq!(until.since(now), minutes(length));
        now = until;
    }
    assert_eq!(counter.clone().right(), Counter::default());
}

#[test]
fn one_of_the_last_three_wrong_passwords_does_not_count_again() {
    let mut counter = Counter::default();
    for n in 1..=9 {
        counter = wrong(counter, rule(), n, NOW).0;
    }
    for n in [9, 8, 7, 9, 9, 9] {
        let began;
        (counter, began) = wrong(counter, rule(), n, NOW);
        assert_eq!((began, counter.failures), (None, 9), "{n}");
    }
    // The fourth to last is forgotten.
    assert!(wrong(counter, rule(), 6, NOW).1.is_some());
}

#[test]
fn tries_at_the_same_time_are_all_counted_and_lock_before_they_are_compared() {
    let mut counter = Counter::default();
    for _ in 0..10 {
        let verdict;
        (counter, verdict) = counter.hit(rule(), NOW);
        assert_eq!(verdict, Verdict::Try);
    }
    let (counter, verdict) = counter.hit(rule(), NOW);
    let until = NOW.plus(minutes(1));
    let begins = true;
    assert_eq!(verdict, Verdict::Locked { until, begins });
    // The ten that were under way come to nothing more.
    let mut late = counter;
    for n in 1..=10 {
        let began;
        (late, began) = late.wrong(rule(), &tag(n), NOW);
        assert_eq!(began, None);
    }
    assert_eq!((late.locks, late.locked(NOW)), (1, Some(until)));
}

#[test]
fn a_network_is_familiar_for_thirty_days() {
    let since = familiar_since(NOW);
    assert_eq!(NOW.since(since).as_secs(), 30 * 86_400);
}

proptest! {
    /// However tries come and end, no more different wrong passwords are compared between two locks
    /// than the threshold says.
    #[test]
    fn no_order_of_tries_gets_more_guesses_than_the_threshold(
        moves in prop::collection::vec((any::<bool>(), 0_u8..30, 0_u64..40), 1..200),
        threshold in 3_u32..8,
    ) {
        let rule = Rule { threshold, first: minutes(1) };
        let mut counter = Counter::default();
        let mut now = NOW;
        let mut under_way = 0_u32;
        let mut guesses: BTreeSet<u8> = BTreeSet::new();
        for (begin, n, seconds) in moves {
            now = now.plus(Duration::from_secs(seconds));
            let locks = counter.locks;
            if begin {
                let was_locked = counter.locked(now).is_some();
                let verdict;
                (counter, verdict) = counter.hit(rule, now);
                match verdict {
                    Verdict::Try => { prop_assert!(!was_locked); under_way += 1; }
                    Verdict::Locked { until, .. } => prop_assert!(now < until),
                }
            } else if under_way > 0 {
                under_way -= 1;
                if !counter.wrong.contains(&Some(tag(n))) {
                    guesses.insert(n);
                }
                counter = counter.wrong(rule, &tag(n), now).0;
            }
            if counter.locks > locks {
                prop_assert_eq!(counter.locks, locks + 1);
                guesses.clear();
                // Those under way belong to the time before the lock.
                under_way = 0;
            }
            prop_assert!(counter.failures <= threshold);
            prop_assert!(guesses.len() <= threshold as usize);
        }
    }
}
