//! What is asked, and what comes of it.

use std::sync::Arc;
use std::time::Duration;

use latchkey_crypto::sign::SigningKey;
use latchkey_directory::{Breach, Failure, Verdict};
use latchkey_types::{TenantId, Timestamp, UserId};
use latchkey_wire::operation::{Outcome, Refusal, Verb};
use tokio::sync::Semaphore;

use crate::support::*;

#[tokio::test]
async fn every_verb_gets_the_directorys_own_answer() {
    within(async {
        let bench = Bench::new().await;
        let agent = bench.start();
        let mut line = bench.service.accept().await;
        for (number, verb) in [Verb::Reset, Verb::ResetByAdministrator, Verb::Change]
            .into_iter()
            .enumerate()
        {
            let user = number as u128;
            let asked = bench.request(user, verb, user);
            assert_eq!(line.ask(&asked.operate()).await, DONE);
            assert_eq!(bench.fake.password(user).unwrap(), NEW);
        }
        bench.fake.world.lock().unwrap().locked.push(anchor(3));
        let asked = bench.request(3, Verb::Unlock, 3);
        let outcome = line.ask(&asked.operate()).await;
        assert_eq!(
            outcome,
            Outcome::Done {
                unlocked: true,
                must_change: false
            }
        );
        let asked = bench.request(4, Verb::Verify, 4);
        assert_eq!(
            line.ask(&asked.operate()).await,
            refused(Refusal::WrongPassword)
        );
        bench
            .fake
            .world
            .lock()
            .unwrap()
            .verdicts
            .push_back(Ok(Verdict::RightButMustChange));
        let asked = bench.request(5, Verb::Verify, 4);
        let outcome = line.ask(&asked.operate()).await;
        assert_eq!(
            outcome,
            Outcome::Done {
                unlocked: false,
                must_change: true
            }
        );
        let asked = bench.request(6, Verb::State, 4);
        let Outcome::State(state) = line.ask(&asked.operate()).await else {
            panic!("no state");
        };
        assert_eq!(state.policy.min_length, Some(12));
        agent.kill().await;
    })
    .await;
}

#[tokio::test]
async fn every_refusal_keeps_its_meaning() {
    within(async {
        let bench = Bench::new().await;
        let agent = bench.start();
        let mut line = bench.service.accept().await;
        let policy = |breach| Failure::Policy(breach, Some("0000052D".into()));
        let cases = [
            (Failure::NotFound, Refusal::NotFound),
            (Failure::SeveralMatch, Refusal::SeveralMatch),
            (Failure::NoPermission(None), Refusal::NoPermission),
            (Failure::Protected, Refusal::Protected),
            (Failure::Disabled, Refusal::Disabled),
            (Failure::Locked, Refusal::Locked),
            (Failure::AccountExpired, Refusal::AccountExpired),
            (Failure::WrongPassword, Refusal::WrongPassword),
            (policy(Breach::TooShort { min: None }), Refusal::TooShort),
            (policy(Breach::NotComplex), Refusal::NotComplex),
            (policy(Breach::UsedBefore), Refusal::UsedBefore),
            (policy(Breach::TooYoung), Refusal::TooYoung),
            (policy(Breach::Unspecified), Refusal::Policy),
            (Failure::NotConfigured("x".into()), Refusal::NotConfigured),
            (Failure::Unreachable("x".into()), Refusal::Unreachable),
            (Failure::Untrusted("x".into()), Refusal::Unreachable),
            (
                Failure::Unexpected {
                    code: 80,
                    text: "x".into(),
                },
                Refusal::Unexpected,
            ),
        ];
        for (number, (failure, why)) in cases.into_iter().enumerate() {
            bench.fake.fault(Fault::Refuses(failure));
            let asked = bench.request(number as u128, Verb::Reset, 0);
            assert_eq!(line.ask(&asked.operate()).await, refused(why));
        }
        assert_eq!(bench.fake.password(0).unwrap(), OLD);
        agent.kill().await;
    })
    .await;
}

#[tokio::test]
async fn whatever_the_service_did_not_seal_like_this_changes_nothing() {
    within(async {
        let bench = Bench::new().await;
        let agent = bench.start();
        let mut line = bench.service.accept().await;
        let good = bench.request(1, Verb::Reset, 0);
        let mut forged = Vec::new();
        // Moved to another user, verb, expiry, id, tenant; changed; cut; sealed to other keys.
        let mut moved = good.clone();
        moved.context.user = UserId(uuid::Uuid::from_u128(99));
        forged.push(moved);
        let mut moved = good.clone();
        moved.context.verb = Verb::ResetByAdministrator;
        forged.push(moved);
        let mut moved = good.clone();
        moved.context.expires_at = Timestamp(moved.context.expires_at.0 + 1);
        forged.push(moved);
        let mut moved = good.clone();
        moved.context.id = operation(50);
        forged.push(moved);
        let mut moved = good.clone();
        moved.context.tenant = TenantId(uuid::Uuid::from_u128(99));
        forged.push(moved);
        for at in [0, 1, 2_000, good.envelope.len() - 1] {
            let mut changed = good.clone();
            changed.envelope[at] ^= 1;
            forged.push(changed);
        }
        let mut cut = good.clone();
        cut.envelope.pop();
        forged.push(cut);
        let mut other = good.clone();
        other.key_number = 7;
        forged.push(other);
        // Of another tenant, though signed.
        let mut foreign = good.context.clone();
        foreign.tenant = TenantId(uuid::Uuid::from_u128(99));
        forged.push(bench.seal(foreign, &contents(0), 1));
        // One that would live for ever.
        let mut long = good.context.clone();
        long.expires_at = bench.service.now().plus(Duration::from_secs(3_600));
        forged.push(bench.seal(long, &contents(0), 1));
        for (number, asked) in forged.iter().enumerate() {
            let mut asked = asked.clone();
            if number != 3 {
                // Each by an id of its own where that is not what was forged.
                let id = operation(100 + number as u128);
                if number >= forged.len() - 2 {
                    let mut context = asked.context.clone();
                    context.id = id;
                    asked = bench.seal(context, &contents(0), 1);
                } else {
                    asked.context.id = id;
                }
            }
            for message in [asked.operate(), asked.find_out()] {
                let outcome = line.ask(&message).await;
                assert_eq!(outcome, refused(Refusal::Malformed), "{number}");
            }
        }
        // What cannot be read and was never begun, as far as is known, is not called failed.
        let mut unread = forged[0].clone();
        unread.context.id = operation(200);
        assert_eq!(line.ask(&unread.find_out()).await, Outcome::Unknown);
        assert!(bench.fake.untouched());
        // The real one, whose envelope they were made of, is done.
        assert_eq!(line.ask(&good.operate()).await, DONE);
        agent.kill().await;
    })
    .await;
}

#[tokio::test]
async fn a_service_with_another_key_is_not_obeyed() {
    within(async {
        let mut bench = Bench::new().await;
        let agent = bench.start();
        bench.service.key = SigningKey::generate(&latchkey_agent::system::SystemEntropy).unwrap();
        let asked = bench.request(1, Verb::Reset, 0);
        let mut line = bench.service.accept().await;
        let outcome = line.ask(&asked.operate()).await;
        assert_eq!(outcome, refused(Refusal::Malformed));
        assert!(bench.fake.untouched());
        agent.kill().await;
    })
    .await;
}

#[tokio::test]
async fn a_replay_gets_the_same_answer_and_is_not_done_again() {
    within(async {
        let bench = Bench::new().await;
        let agent = bench.start();
        let mut line = bench.service.accept().await;
        let asked = bench.request(1, Verb::Reset, 0);
        line.say(&asked.operate()).await;
        let first = line.signed().await;
        for message in [asked.operate(), asked.find_out(), asked.operate()] {
            line.say(&message).await;
            assert_eq!(line.signed().await, first);
        }
        line.keep(&asked).await;
        line.say(&asked.operate()).await;
        assert_eq!(line.signed().await, first, "kept, and still remembered");
        assert_eq!(bench.fake.writes(), 1);
        // A test of a password, too: each wrong one counts towards a lock.
        let asked = bench.request(2, Verb::Verify, 1);
        line.say(&asked.operate()).await;
        let first = line.signed().await;
        line.say(&asked.operate()).await;
        assert_eq!(line.signed().await, first);
        assert_eq!(bench.fake.world.lock().unwrap().reads, 1);
        agent.kill().await;
    })
    .await;
}

#[tokio::test]
async fn another_operation_with_a_used_id_is_passed_over() {
    within(async {
        let bench = Bench::new().await;
        let agent = bench.start();
        let mut line = bench.service.accept().await;
        let first = bench.request(1, Verb::Reset, 0);
        assert_eq!(line.ask(&first.operate()).await, DONE);
        let second = bench.request(1, Verb::Reset, 1);
        line.say(&second.operate()).await;
        let third = bench.request(2, Verb::Reset, 2);
        assert_eq!(line.ask(&third.operate()).await, DONE);
        assert_eq!(bench.fake.password(1).unwrap(), OLD);
        agent.kill().await;
    })
    .await;
}

#[tokio::test]
async fn what_comes_too_late_is_refused_for_good() {
    within(async {
        let bench = Bench::new().await;
        let agent = bench.start();
        let (mut line, _) = bench.service.hello().await;
        line.welcome_with(1).await;
        for verb in [Verb::Reset, Verb::Verify] {
            let mut context = bench.request(verb as u128, verb, 0).context;
            context.expires_at = bench.service.now().minus(Duration::from_secs(5));
            let asked = bench.seal(context, &contents(0), 1);
            assert_eq!(line.ask(&asked.operate()).await, refused(Refusal::Expired));
            assert!(bench.fake.untouched());
            // The service's clock is put back: no is no. It says the time when a heartbeat asks.
            line.heartbeat().await;
            let now = bench.service.now().minus(Duration::from_secs(60));
            line.say(&latchkey_wire::v1::Service::Heard {
                now,
                roll_over: false,
            })
            .await;
            assert_eq!(line.ask(&asked.operate()).await, refused(Refusal::Expired));
            line.heartbeat().await;
            let now = bench.service.now();
            line.say(&latchkey_wire::v1::Service::Heard {
                now,
                roll_over: false,
            })
            .await;
        }
        assert!(bench.fake.untouched());
        agent.kill().await;
    })
    .await;
}

#[tokio::test]
async fn an_empty_password_is_never_sent() {
    within(async {
        let bench = Bench::new().await;
        let agent = bench.start();
        let mut line = bench.service.accept().await;
        for (number, verb) in [Verb::Reset, Verb::Change, Verb::Verify]
            .into_iter()
            .enumerate()
        {
            let context = bench.request(number as u128, verb, 0).context;
            let mut empty = contents(0);
            empty.password = Some(latchkey_types::Secret::new(String::new()));
            let asked = bench.seal(context, &empty, 1);
            assert_eq!(
                line.ask(&asked.operate()).await,
                refused(Refusal::Malformed)
            );
        }
        assert!(bench.fake.untouched());
        agent.kill().await;
    })
    .await;
}

#[tokio::test]
async fn an_outcome_that_nobody_knows_is_found_out_and_never_guessed() {
    within(async {
        let bench = Bench::new().await;
        let agent = bench.start();
        let mut line = bench.service.accept().await;
        // It was done, it was not done.
        bench.fake.fault(Fault::DoneWithoutAnswer);
        let asked = bench.request(1, Verb::Reset, 0);
        assert_eq!(line.ask(&asked.operate()).await, DONE);
        bench.fake.fault(Fault::NothingWithoutAnswer);
        let asked = bench.request(2, Verb::Reset, 1);
        assert_eq!(
            line.ask(&asked.operate()).await,
            refused(Refusal::Unreachable)
        );
        assert_eq!(
            line.ask(&asked.operate()).await,
            refused(Refusal::Unreachable)
        );
        // Nobody can say: the directory is away, or will not tell.
        for (number, verdict) in [
            Err(Failure::Unreachable("gone".into())),
            Ok(Verdict::Locked),
            Ok(Verdict::Disabled),
            Ok(Verdict::AccountExpired),
        ]
        .into_iter()
        .enumerate()
        {
            let user = 2 + number as u128;
            let before = bench.fake.writes();
            bench.fake.fault(Fault::DoneWithoutAnswer);
            for _ in 0..4 {
                bench
                    .fake
                    .world
                    .lock()
                    .unwrap()
                    .verdicts
                    .push_back(verdict.clone());
            }
            let asked = bench.request(10 + user, Verb::Reset, user);
            assert_eq!(line.ask(&asked.operate()).await, Outcome::Unknown);
            assert_eq!(
                line.ask(&asked.operate()).await,
                Outcome::Unknown,
                "not done again"
            );
            assert_eq!(line.ask(&asked.find_out()).await, DONE);
            assert_eq!(bench.fake.writes(), before + 1);
        }
        // An unlock is seen in the state.
        bench.fake.world.lock().unwrap().locked.push(anchor(6));
        bench.fake.fault(Fault::NothingWithoutAnswer);
        let asked = bench.request(30, Verb::Unlock, 6);
        assert_eq!(
            line.ask(&asked.operate()).await,
            refused(Refusal::Unreachable)
        );
        agent.kill().await;
    })
    .await;
}

#[tokio::test]
async fn what_was_never_seen_is_found_out_and_never_done_afterwards() {
    within(async {
        let bench = Bench::new().await;
        let agent = bench.start();
        let mut line = bench.service.accept().await;
        let asked = bench.request(1, Verb::Reset, 0);
        assert_eq!(line.ask(&asked.find_out()).await, refused(Refusal::Expired));
        assert_eq!(line.ask(&asked.operate()).await, refused(Refusal::Expired));
        assert_eq!(bench.fake.writes(), 0);
        // Another agent of the domain did it.
        bench
            .fake
            .world
            .lock()
            .unwrap()
            .passwords
            .insert(anchor(1), NEW.into());
        let asked = bench.request(2, Verb::Reset, 1);
        assert_eq!(line.ask(&asked.find_out()).await, DONE);
        agent.kill().await;
    })
    .await;
}

#[tokio::test]
async fn one_account_at_a_time_and_several_accounts_at_once() {
    within(async {
        let bench = Bench::new().await;
        let agent = bench.start();
        let mut line = bench.service.accept().await;
        let permits = Arc::new(Semaphore::new(0));
        bench.fake.fault(Fault::Waits(Arc::clone(&permits)));
        let first = bench.request(1, Verb::Reset, 0);
        line.say(&first.operate()).await;
        bench.fake.arrived.notified().await;
        let second = bench.request(2, Verb::Reset, 0);
        line.say(&second.operate()).await;
        // Somebody else does not wait, and comes after both.
        let third = bench.request(3, Verb::Reset, 1);
        assert_eq!(line.ask(&third.operate()).await, DONE);
        assert_eq!(bench.fake.writes(), 1, "the second waits for the first");
        permits.add_permits(1);
        assert_eq!(line.answer().await.id, first.context.id);
        assert_eq!(line.answer().await.id, second.context.id);
        agent.kill().await;
    })
    .await;
}

#[tokio::test]
async fn a_driver_that_panics_is_found_out_after() {
    within(async {
        let bench = Bench::new().await;
        let agent = bench.start();
        let mut line = bench.service.accept().await;
        bench.fake.fault(Fault::Panics);
        let asked = bench.request(1, Verb::Reset, 0);
        line.say(&asked.operate()).await;
        bench.fake.arrived.notified().await;
        let other = bench.request(2, Verb::Reset, 1);
        assert_eq!(line.ask(&other.operate()).await, DONE);
        assert_eq!(line.ask(&asked.operate()).await, DONE);
        assert_eq!(bench.fake.writes(), 2);
        agent.kill().await;
    })
    .await;
}

#[tokio::test]
async fn no_password_is_in_the_log_at_any_level_or_in_any_file() {
    within(async {
        let bench = Bench::new().await;
        let agent = bench.start();
        let mut line = bench.service.accept().await;
        let asked = bench.request(0xfeed, Verb::Change, 0);
        assert_eq!(line.ask(&asked.operate()).await, DONE);
        bench.fake.fault(Fault::DoneWithoutAnswer);
        let asked = bench.request(2, Verb::Reset, 1);
        assert_eq!(line.ask(&asked.operate()).await, DONE);
        let asked = bench.request(3, Verb::Verify, 1);
        assert_eq!(line.ask(&asked.operate()).await, DONE);
        let mut broken = bench.request(4, Verb::Reset, 1);
        broken.envelope[9] ^= 1;
        assert_eq!(
            line.ask(&broken.operate()).await,
            refused(Refusal::Malformed)
        );
        agent.kill().await;
        // Of every test that has run so far.
        let log = logged();
        let files = bytes_of(bench.path());
        let files = String::from_utf8_lossy(&files);
        for secret in [OLD, NEW, "hunter1", "hunter2"] {
            assert!(!log.contains(secret) && !files.contains(secret));
        }
        // Base64 of it, whichever byte it begins at, has these in it.
        for part in ["aHVudGVy", "h1bnRlc", "odW50ZX"] {
            assert!(!log.contains(part) && !files.contains(part));
        }
        // What is there: each event by its code and name, with its operation and its user.
        let id = operation(0xfeed).to_string();
        let event = log
            .lines()
            .find(|line| line.contains("\"code\":31007") && line.contains(&id))
            .unwrap_or_else(|| panic!("{log}"));
        for part in [
            "ChangePasswordSuccess",
            "user0@corp.example",
            "\"operation\":\"",
            "\"INFO\"",
        ] {
            assert!(event.contains(part), "{event}");
        }
        assert!(log.contains("32003") && log.contains("33001"), "{log}");
    })
    .await;
}
