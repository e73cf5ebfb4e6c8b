//! An agent whose process dies between any two steps.

use latchkey_agent::agent::RunError;
use latchkey_wire::operation::{Refusal, Verb};

use crate::support::*;

/// After the agent died at a step of a reset, the service asks again, in either way: what it hears is
/// what the directory did, and the directory did it once at most.
async fn dies_at(hold: Hold, find_out: bool) {
    let bench = Bench::new().await;
    let asked = bench.request(1, Verb::Reset, 0);
    bench.hold(Some(hold));
    let agent = bench.start();
    let mut line = bench.service.accept().await;
    line.say(&asked.operate()).await;
    let mut first = None;
    if matches!(hold, Hold::Sent | Hold::Delivered) {
        first = Some(line.signed().await);
    }
    if hold == Hold::Delivered {
        line.keep(&asked).await;
    }
    bench.holder.held.notified().await;
    agent.kill().await;
    drop(line);
    let was_applied = bench.fake.writes() == 1;
    assert_eq!(was_applied, !matches!(hold, Hold::Opened | Hold::Begun));

    bench.hold(None);
    let agent = bench.start();
    let mut line = bench.service.accept().await;
    if matches!(hold, Hold::Recorded | Hold::Sent) {
        // Nobody has to ask.
        let again = line.signed().await;
        assert!(first.as_ref().is_none_or(|first| *first == again));
        first = Some(again);
    }
    let message = if find_out {
        asked.find_out()
    } else {
        asked.operate()
    };
    line.say(&message).await;
    let answer = line.signed().await;
    assert!(first.is_none_or(|first| first == answer), "{hold:?}");
    let is_applied = bench.fake.password(0).unwrap() == NEW;
    // What was not begun at all may be done now, if it is asked for.
    let expected = match hold {
        Hold::Opened if !find_out => true,
        _ => was_applied,
    };
    assert_eq!(is_applied, expected, "{hold:?}");
    assert_eq!(bench.fake.writes(), usize::from(expected));
    let outcome = latchkey_wire::decode::<latchkey_wire::operation::Answer>(&answer.0)
        .unwrap()
        .outcome;
    assert_eq!(
        outcome,
        if expected {
            DONE
        } else {
            refused(Refusal::Expired)
        },
        "{hold:?}"
    );
    // And from now on it stays so.
    line.say(&asked.operate()).await;
    assert_eq!(line.signed().await, answer);
    assert_eq!(bench.fake.writes(), usize::from(expected));
    agent.kill().await;
}

#[tokio::test]
async fn whenever_it_dies_nothing_is_done_twice_and_the_answer_is_true() {
    within(async {
        for hold in [
            Hold::Opened,
            Hold::Begun,
            Hold::Applied,
            Hold::Recorded,
            Hold::Sent,
            Hold::Delivered,
        ] {
            for find_out in [false, true] {
                dies_at(hold, find_out).await;
            }
        }
    })
    .await;
}

#[tokio::test]
async fn an_unlock_that_was_under_way_is_seen_in_the_state() {
    within(async {
        for (hold, is_locked) in [(Hold::Begun, true), (Hold::Applied, false)] {
            let bench = Bench::new().await;
            bench.fake.world.lock().unwrap().locked.push(anchor(0));
            let asked = bench.request(1, Verb::Unlock, 0);
            bench.hold(Some(hold));
            let agent = bench.start();
            let mut line = bench.service.accept().await;
            line.say(&asked.operate()).await;
            bench.holder.held.notified().await;
            agent.kill().await;
            drop(line);
            bench.hold(None);
            let agent = bench.start();
            let mut line = bench.service.accept().await;
            let outcome = line.ask(&asked.find_out()).await;
            if is_locked {
                assert_eq!(outcome, refused(Refusal::Expired));
            } else {
                assert!(matches!(
                    outcome,
                    latchkey_wire::operation::Outcome::Done { .. }
                ));
            }
            agent.kill().await;
        }
    })
    .await;
}

#[tokio::test]
async fn answers_that_were_not_kept_are_sent_again_with_each_connection() {
    within(async {
        let bench = Bench::new().await;
        let agent = bench.start();
        let mut line = bench.service.accept().await;
        let first = bench.request(1, Verb::Reset, 0);
        let second = bench.request(2, Verb::Reset, 1);
        line.say(&first.operate()).await;
        let answer = line.signed().await;
        assert_eq!(line.ask(&second.operate()).await, DONE);
        line.keep(&second).await;
        // The next answer says that this was heard.
        let third = bench.request(3, Verb::State, 1);
        line.ask(&third.operate()).await;
        drop(line);
        let mut line = bench.service.accept().await;
        assert_eq!(line.signed().await, answer);
        drop(line);
        let mut line = bench.service.accept().await;
        assert_eq!(line.signed().await, answer);
        line.keep(&first).await;
        let third = bench.request(4, Verb::State, 1);
        line.ask(&third.operate()).await;
        drop(line);
        let mut line = bench.service.accept().await;
        let third = bench.request(5, Verb::State, 1);
        line.ask(&third.operate()).await;
        agent.kill().await;
    })
    .await;
}

#[tokio::test]
async fn a_connection_that_breaks_does_not_end_what_is_under_way() {
    within(async {
        let bench = Bench::new().await;
        let agent = bench.start();
        let mut line = bench.service.accept().await;
        let permits = std::sync::Arc::new(tokio::sync::Semaphore::new(0));
        bench
            .fake
            .fault(Fault::Waits(std::sync::Arc::clone(&permits)));
        let asked = bench.request(1, Verb::Reset, 0);
        line.say(&asked.operate()).await;
        bench.fake.arrived.notified().await;
        drop(line);
        let mut line = bench.service.accept().await;
        // Asked again while it is under way: it is not done a second time.
        line.say(&asked.operate()).await;
        line.say(&asked.find_out()).await;
        permits.add_permits(1);
        assert_eq!(line.answer().await.outcome, DONE);
        assert_eq!(bench.fake.writes(), 1);
        agent.kill().await;
    })
    .await;
}

#[tokio::test]
async fn a_torn_journal_is_mended_and_a_damaged_one_stops_the_agent() {
    within(async {
        let bench = Bench::new().await;
        let journal = bench.path().join("journal");
        let agent = bench.start();
        let mut line = bench.service.accept().await;
        let asked = bench.request(1, Verb::Reset, 0);
        assert_eq!(line.ask(&asked.operate()).await, DONE);
        agent.kill().await;
        drop(line);
        let whole = std::fs::read(&journal).unwrap();
        let mut torn = whole.clone();
        torn.extend(&whole[..20]);
        torn.truncate(whole.len() + 9);
        std::fs::write(&journal, &torn).unwrap();
        let agent = bench.start();
        let mut line = bench.service.accept().await;
        assert_eq!(line.answer().await.outcome, DONE);
        assert_eq!(line.ask(&asked.operate()).await, DONE);
        assert_eq!(std::fs::read(&journal).unwrap(), whole);
        agent.kill().await;
        drop(line);
        let mut damaged = whole.clone();
        damaged[60] ^= 1;
        std::fs::write(&journal, &damaged).unwrap();
        let error = bench.start().task.await.unwrap().unwrap_err();
        assert!(matches!(error, RunError::Journal(_)), "{error}");
        std::fs::remove_file(&journal).unwrap();
        let error = bench.start().task.await.unwrap().unwrap_err();
        assert!(matches!(error, RunError::Journal(_)), "{error}");
        assert_eq!(bench.fake.writes(), 1);
    })
    .await;
}
