//! What goes wrong between the queue, the agent and whoever asked; and a queue that somebody changed.

use std::time::Duration;

use latchkey_app::reset::{Notice, Page};
use latchkey_app::{admin, reset, writeback};
use latchkey_core::model::Managed;
use latchkey_core::reset::Deed;
use latchkey_store::operations::{self, Answer};
use latchkey_testkit::agent::Agent;
use latchkey_testkit::{Person, TestApp, both};
use latchkey_types::OperationId;
use latchkey_wire::operation::{Outcome, Refusal};
use tokio::task::JoinHandle;

use crate::writeback::{ANCHOR, DOMAIN, NEW, OLD, contoso, hash, proved, reasons, succeeded};

const RESET: &str = "Reset password (self-service)";

const DONE: Outcome = Outcome::Done {
    unlocked: false,
    must_change: false,
};

/// Posts the new password and gives up waiting, as a process does that is killed.
pub(crate) async fn post_and_die(test: &TestApp, person: &Person) {
    let (app, ctx) = (test.app.clone(), person.ctx.clone());
    let (cookie, version) = (person.cookie.clone(), person.view.version);
    let new = latchkey_types::Secret::new(NEW.to_owned());
    let task = tokio::spawn(async move {
        let _ = reset::password(&app, &ctx, &cookie, version, &new, &new).await;
    });
    let asked = async {
        loop {
            let view = reset::view(&test.app, &person.ctx, &person.cookie)
                .await
                .unwrap()
                .unwrap();
            if matches!(view.page, Page::Working { .. }) {
                break;
            }
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), asked)
        .await
        .expect("a directory that is asked");
    task.abort();
    let _ = task.await;
}

async fn settle(test: &TestApp) -> usize {
    let ctx = admin::operator(&test.app);
    writeback::settle_left_over(&test.app, &ctx).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_no_agent_takes_in_time_is_taken_away_and_can_be_tried_again() {
    both(async |test| {
        let (_, _, agent) = contoso(&test, Managed::PassThrough, |_| {}).await;
        let mut person = proved(&test).await;
        post_and_die(&test, &person).await;
        test.clock.advance(Duration::from_secs(29));
        person.working().await;
        assert!(matches!(
            person.view.page,
            Page::Working {
                deed: Deed::Reset,
                ..
            }
        ));
        test.clock.advance(Duration::from_secs(1));
        agent
            .says(&test, latchkey_wire::v1::DirectoryHealth::Well)
            .await;
        // Too late for the agent, on the same second.
        assert!(agent.take(&test).await.is_empty());
        person.working().await;
        let Page::NewPassword { said, .. } = &person.view.page else {
            panic!("{:?}", person.view.page)
        };
        assert_eq!(*said, Some(Refusal::Unreachable));
        assert_eq!(agent.account(ANCHOR).password, OLD);
        let _working = agent.work(&test);
        person.password(NEW, NEW).await;
        assert_eq!(succeeded(&person), Some(Deed::Reset));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn s31_an_answer_that_was_lost_is_found_out_and_never_a_false_failure() {
    both(async |test| {
        let (_, ada, agent) = contoso(&test, Managed::PasswordHashSync, |_| {}).await;
        let mut person = proved(&test).await;
        post_and_die(&test, &person).await;
        let handed = agent.take(&test).await;
        let [one] = handed.as_slice() else {
            panic!("{handed:?}")
        };
        let contents = agent.open(one).unwrap();
        assert_eq!(agent.operate(&one.context, &contents), DONE);
        // The connection broke before it could say so. Nobody knows, and nobody is told anything else.
        for _ in 0..3 {
            test.clock.advance(Duration::from_secs(60 * 60));
            assert_eq!(settle(&test).await, 0);
            reset::expire(&test.app, &person.ctx).await.unwrap();
            person.working().await;
            assert!(matches!(
                person.view.page,
                Page::Working { is_slow: true, .. }
            ));
            person.cancel().await;
            assert_eq!(person.notice, Some(Notice::UnderWay));
        }
        assert!(reasons(&test, &ada, RESET).await.is_empty());
        // Found out by the agent that took it.
        let found = writeback::find_out(&test.app, &agent.who).await.unwrap();
        assert_eq!(found.len(), 1);
        // And by nobody else meanwhile.
        assert!(
            writeback::find_out(&test.app, &agent.who)
                .await
                .unwrap()
                .is_empty()
        );
        agent.answer(&test, found[0].context.id, DONE).await;
        person.working().await;
        assert_eq!(succeeded(&person), Some(Deed::Reset));
        assert!(hash(&test, &ada).await.is_some());
        assert_eq!(reasons(&test, &ada, RESET).await, ["succeeded.reset"]);
        assert_eq!(agent.account(ANCHOR).sets, 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_process_that_asked_may_die_and_another_settles_it_once() {
    both(async |test| {
        let (_, ada, agent) = contoso(&test, Managed::PasswordHashSync, |_| {}).await;
        let mut person = proved(&test).await;
        post_and_die(&test, &person).await;
        let handed = agent.take(&test).await;
        let contents = agent.open(&handed[0]).unwrap();
        let outcome = agent.operate(&handed[0].context, &contents);
        agent.answer(&test, handed[0].context.id, outcome).await;
        // Whoever asked has a while.
        assert_eq!(settle(&test).await, 0);
        test.clock.advance(Duration::from_secs(45));
        let (one, other) = tokio::join!(settle(&test), settle(&test));
        assert_eq!(one + other, 1);
        assert_eq!(settle(&test).await, 0);
        assert!(hash(&test, &ada).await.is_some());
        assert_eq!(reasons(&test, &ada, RESET).await, ["succeeded.reset"]);
        person.working().await;
        assert_eq!(succeeded(&person), Some(Deed::Reset));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_agents_and_processes_one_gets_an_operation() {
    both(async |test| {
        let (contoso, _, agent) = contoso(&test, Managed::PassThrough, |_| {}).await;
        let mut agents = vec![agent];
        for seed in 2..6 {
            agents.push(Agent::connect(&test, contoso.id(), DOMAIN, seed).await);
        }
        let person = proved(&test).await;
        post_and_die(&test, &person).await;
        let mut taken = 0;
        let mut tasks = tokio::task::JoinSet::new();
        for agent in agents {
            let app = test.app.clone();
            tasks.spawn(async move { writeback::take(&app, &agent.who, 16).await.unwrap().len() });
        }
        while let Some(count) = tasks.join_next().await {
            taken += count.unwrap();
        }
        assert_eq!(taken, 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_agent_finds_out_only_when_nothing_can_be_under_way_any_more() {
    both(async |test| {
        let (contoso, _, agent) = contoso(&test, Managed::PassThrough, |_| {}).await;
        let other = Agent::connect(&test, contoso.id(), DOMAIN, 2).await;
        let person = proved(&test).await;
        post_and_die(&test, &person).await;
        assert_eq!(agent.take(&test).await.len(), 1);
        let found = async |agent: &Agent| {
            writeback::find_out(&test.app, &agent.who)
                .await
                .unwrap()
                .len()
        };
        // 30 s to begin, and 60 more; for the one that took it, 5 more.
        test.clock.advance(Duration::from_secs(34));
        assert_eq!((found(&agent).await, found(&other).await), (0, 0));
        test.clock.advance(Duration::from_secs(55));
        assert_eq!(found(&other).await, 0);
        test.clock.advance(Duration::from_secs(1));
        assert_eq!(found(&other).await, 1);
        // It is that one's for half a minute.
        assert_eq!(found(&agent).await, 0);
        test.clock.advance(Duration::from_secs(30));
        assert_eq!(found(&agent).await, 1);
    })
    .await;
}

/// Somebody who can write to the database.
async fn forge(test: &TestApp, agent: &Agent, id: OperationId, answer: &Answer) -> bool {
    test.app
        .db()
        .write(async |mut tx| {
            let now = test.app.clock().now();
            operations::answer(&mut tx, agent.who.tenant, id, answer, now).await
        })
        .await
        .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_that_somebody_wrote_into_the_queue_change_nothing() {
    both(async |test| {
        let (_, ada, agent) = contoso(&test, Managed::PasswordHashSync, |_| {}).await;
        let mut person = proved(&test).await;
        post_and_die(&test, &person).await;
        let handed = agent.take(&test).await;
        let id = handed[0].context.id;
        let signed_by = |key: &latchkey_crypto::sign::SigningKey, about: OperationId| {
            let forger = Agent {
                sign: key.clone(),
                ..agent.clone()
            };
            let (text, signature) = forger.signed(about, DONE);
            Answer {
                agent: agent.who.agent,
                text,
                key_number: 1,
                signature,
            }
        };
        // Through the gateway, an answer that is not signed is not even kept.
        let stranger =
            latchkey_crypto::sign::SigningKey::generate(&latchkey_testkit::Seeded::new(77))
                .unwrap();
        let bad = signed_by(&stranger, id);
        let kept = writeback::answer(&test.app, &agent.who, &bad.text, 1, &bad.signature).await;
        assert!(kept.unwrap().is_none());
        // Past it, one that is signed by a stranger, or of another operation, says nothing.
        let other = OperationId::new(test.app.clock(), test.app.entropy());
        let replayed = signed_by(&agent.sign, other);
        assert!(forge(&test, &agent, id, &replayed).await);
        person.working().await;
        assert!(matches!(person.view.page, Page::Working { .. }));
        test.clock.advance(Duration::from_secs(60));
        assert_eq!(settle(&test).await, 0);
        assert_eq!(hash(&test, &ada).await, None);
        assert!(reasons(&test, &ada, RESET).await.is_empty());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_handed_out_opens_for_its_agent_user_verb_and_time_alone() {
    let test = TestApp::sqlite().await;
    let (contoso, _, agent) = contoso(&test, Managed::PassThrough, |_| {}).await;
    let other = Agent::connect(&test, contoso.id(), DOMAIN, 2).await;
    let person = proved(&test).await;
    post_and_die(&test, &person).await;
    let handed = agent.take(&test).await.remove(0);
    assert!(agent.open(&handed).is_ok());
    assert!(other.open(&handed).is_err());
    let mut moved = handed.clone();
    moved.context.user = latchkey_types::UserId::new(test.app.clock(), test.app.entropy());
    assert!(agent.open(&moved).is_err());
    let mut later = handed.clone();
    later.context.expires_at = later.context.expires_at.plus(Duration::from_secs(1));
    assert!(agent.open(&later).is_err());
    let mut another = handed;
    another.context.verb = latchkey_wire::operation::Verb::ResetByAdministrator;
    assert!(agent.open(&another).is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revoked_agent_takes_nothing_and_its_answers_count_no_more() {
    both(async |test| {
        let (_, ada, agent) = contoso(&test, Managed::PassThrough, |_| {}).await;
        let person = proved(&test).await;
        post_and_die(&test, &person).await;
        let handed = agent.take(&test).await.remove(0);
        let (operator, id) = (admin::operator(&test.app), agent.who.agent.to_string());
        admin::agent::revoke(&test.app, &operator, "contoso", &id)
            .await
            .unwrap();
        let (text, signature) = agent.signed(handed.context.id, DONE);
        let kept = writeback::answer(&test.app, &agent.who, &text, 1, &signature).await;
        assert!(kept.unwrap().is_none());
        test.clock.advance(Duration::from_secs(60 * 60));
        let found = writeback::find_out(&test.app, &agent.who).await.unwrap();
        assert!(found.is_empty());
        assert!(reasons(&test, &ada, RESET).await.is_empty());
    })
    .await;
}

/// Somebody whose page asks the directory, and a question that an agent took and does not answer.
async fn unanswered(test: &TestApp) -> (Person, Agent, JoinHandle<()>) {
    let (_, _, agent) = contoso(test, Managed::PassThrough, |_| {}).await;
    let person = proved(test).await;
    let (app, ctx, cookie) = (test.app.clone(), person.ctx.clone(), person.cookie.clone());
    let asking = tokio::spawn(async move {
        reset::read_directory(&app, &ctx, &cookie).await.unwrap();
    });
    let taken = async {
        loop {
            let taken = agent.take(test).await;
            if !taken.is_empty() {
                break taken;
            }
            tokio::task::yield_now().await;
        }
    };
    let taken = tokio::time::timeout(Duration::from_secs(20), taken).await;
    assert_eq!(taken.expect("a question").len(), 1);
    (person, agent, asking)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_that_is_not_answered_keeps_nobody_and_is_forgotten() {
    both(async |test| {
        let (mut person, agent, mut asking) = unanswered(&test).await;
        // The page does without, two seconds from when it began to wait: when that was, nobody can say.
        let does_without = async {
            let tick = Duration::from_millis(50);
            while tokio::time::timeout(tick, &mut asking).await.is_err() {
                test.clock.advance(Duration::from_secs(1));
            }
        };
        tokio::time::timeout(Duration::from_secs(20), does_without)
            .await
            .expect("a page");
        person.reload().await;
        assert!(matches!(person.view.page, Page::NewPassword { .. }));
        let found = writeback::find_out(&test.app, &agent.who).await.unwrap();
        assert!(found.is_empty());
        assert_eq!(settle(&test).await, 0, "it is gone already");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_whose_process_died_is_forgotten_and_never_found_out() {
    both(async |test| {
        let (_, agent, asking) = unanswered(&test).await;
        asking.abort();
        assert!(asking.await.unwrap_err().is_cancelled());
        test.clock.advance(Duration::from_secs(5 * 60));
        let found = writeback::find_out(&test.app, &agent.who).await.unwrap();
        assert!(found.is_empty());
        assert_eq!(settle(&test).await, 1);
        assert_eq!(settle(&test).await, 0);
    })
    .await;
}
