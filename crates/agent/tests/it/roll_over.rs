//! New keys, without losing a request.

use latchkey_agent::keys::Identity;
use latchkey_crypto::sign::VerifyingKey;
use latchkey_types::UserId;
use latchkey_wire::operation::{Context, Outcome, Refusal, Verb};
use latchkey_wire::proof;
use latchkey_wire::v1::{Agent, Denied, Service as Say};

use crate::support::*;

/// Takes the new keys, as a service does.
async fn learn(bench: &Bench, line: &mut Line<'_>, old: u32) -> u32 {
    let Some(Agent::NewKeys {
        key_number,
        sign,
        seal,
        old_signature,
        new_signature,
    }) = line.other().await
    else {
        panic!("no new keys");
    };
    let statement = proof::roll_over(AGENT, key_number, &sign.0, &seal.0);
    let (before, _) = bench.service.keys.lock().unwrap()[&old];
    for (key, signature) in [(&before[..], old_signature), (&sign.0[..], new_signature)] {
        let key = VerifyingKey::from_bytes(key).unwrap();
        assert!(key.verifies(&statement, &signature.0));
    }
    let keys = (sign.0.try_into().unwrap(), seal.0.try_into().unwrap());
    bench.service.learn(key_number, &keys);
    key_number
}

fn context(bench: &Bench, id: u128, user: u128) -> Context {
    Context {
        user: UserId(uuid::Uuid::from_u128(user)),
        ..bench.request(id, Verb::Reset, user).context
    }
}

#[tokio::test]
async fn requests_to_old_and_new_keys_are_done_before_during_and_after() {
    within(async {
        let bench = Bench::new().await;
        *bench.service.roll_over.lock().unwrap() = true;
        let agent = bench.start();
        let mut line = bench.service.accept().await;
        let number = learn(&bench, &mut line, 1).await;
        assert_eq!(number, 2);
        // Before the agent knows that the new ones are in force.
        for (id, key) in [(0, 1), (1, 2)] {
            let asked = bench.seal(context(&bench, id, id), &contents(id), key);
            line.say(&asked.operate()).await;
            assert_eq!(line.signed().await.1, 1, "still signed by the old ones");
        }
        line.say(&Say::KeysKept { key_number: 9 }).await;
        line.say(&Say::KeysKept { key_number: 2 }).await;
        line.say(&Say::KeysKept { key_number: 2 }).await;
        for (id, key) in [(2, 1), (3, 2)] {
            let asked = bench.seal(context(&bench, id, id), &contents(id), key);
            line.say(&asked.operate()).await;
            assert_eq!(line.signed().await.1, 2);
        }
        assert_eq!(bench.fake.writes(), 4);
        agent.kill().await;
        drop(line);
        let identity = Identity::load(bench.path()).unwrap();
        assert_eq!(identity.current.number, 2);
        assert!(identity.next.is_none() && identity.old.is_some());
    })
    .await;
}

#[tokio::test]
async fn new_keys_are_made_once_however_often_it_is_asked_and_dies() {
    within(async {
        let bench = Bench::new().await;
        *bench.service.roll_over.lock().unwrap() = true;
        bench.hold(Some(Hold::KeysMade));
        let agent = bench.start();
        let _line = bench.service.accept().await;
        bench.holder.held.notified().await;
        agent.kill().await;
        let made = Identity::load(bench.path())
            .unwrap()
            .next
            .unwrap()
            .public()
            .unwrap();
        bench.hold(None);
        let agent = bench.start();
        let mut line = bench.service.accept().await;
        learn(&bench, &mut line, 1).await;
        assert_eq!(bench.service.keys.lock().unwrap()[&2], made);
        let now = bench.service.now();
        line.say(&Say::Heard {
            now,
            roll_over: true,
        })
        .await;
        learn(&bench, &mut line, 1).await;
        assert_eq!(bench.service.keys.lock().unwrap()[&2], made);
        agent.kill().await;
    })
    .await;
}

#[tokio::test]
async fn keys_that_are_in_force_although_the_agent_never_heard_so_are_used() {
    within(async {
        let bench = Bench::new().await;
        *bench.service.roll_over.lock().unwrap() = true;
        let agent = bench.start();
        let mut line = bench.service.accept().await;
        learn(&bench, &mut line, 1).await;
        // The service has them; its answer is lost.
        agent.kill().await;
        drop(line);
        *bench.service.roll_over.lock().unwrap() = false;
        let agent = bench.start();
        let (mut line, number) = bench.service.hello().await;
        assert_eq!(number, 1);
        line.say(&Say::Refused { why: Denied::Proof }).await;
        let (mut line, number) = bench.service.hello().await;
        assert_eq!(number, 2);
        line.welcome().await;
        let asked = bench.seal(context(&bench, 1, 0), &contents(0), 1);
        line.say(&asked.operate()).await;
        assert_eq!(
            line.signed().await.1,
            2,
            "what was sealed to the old ones is done"
        );
        agent.kill().await;
        assert_eq!(Identity::load(bench.path()).unwrap().current.number, 2);
    })
    .await;
}

#[tokio::test]
async fn what_was_sealed_to_keys_that_are_gone_is_answered_from_the_journal_or_not_known() {
    within(async {
        let bench = Bench::new().await;
        let agent = bench.start();
        let mut line = bench.service.accept().await;
        let done = bench.request(1, Verb::Reset, 0);
        assert_eq!(line.ask(&done.operate()).await, DONE);
        line.keep(&done).await;
        bench.fake.arrived.notified().await;
        bench.fake.fault(Fault::Panics);
        let begun = bench.request(2, Verb::Reset, 1);
        line.say(&begun.operate()).await;
        bench.fake.arrived.notified().await;
        agent.kill().await;
        drop(line);
        // A long time later.
        let mut identity = Identity::load(bench.path()).unwrap();
        let entropy = latchkey_agent::system::SystemEntropy;
        identity.current = latchkey_agent::keys::KeyPair::generate(2, &entropy).unwrap();
        identity.save(bench.path()).unwrap();
        bench.service.learn(2, &identity.current.public().unwrap());
        let agent = bench.start();
        let mut line = bench.service.accept().await;
        assert_eq!(line.ask(&done.find_out()).await, DONE);
        assert_eq!(line.ask(&begun.find_out()).await, Outcome::Unknown);
        let unseen = bench.request(3, Verb::Reset, 2);
        let malformed = refused(Refusal::Malformed);
        assert_eq!(line.ask(&unseen.operate()).await, malformed);
        assert_eq!(bench.fake.writes(), 2);
        agent.kill().await;
    })
    .await;
}
