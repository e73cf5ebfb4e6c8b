//! Agents: who is let in, who is given what, and when that is over.

use std::time::Duration;

use latchkey_app::sign_in::Notice;
use latchkey_app::writeback::{self, Refused, Shown};
use latchkey_app::{admin, reset};
use latchkey_core::model::Managed;
use latchkey_crypto::hpke::OpeningKey;
use latchkey_crypto::sign::SigningKey;
use latchkey_store::tenants;
use latchkey_testkit::agent::{Agent, WELL, connect};
use latchkey_testkit::{Seeded, TestApp, both};
use latchkey_wire::operation::{Outcome, Refusal};
use latchkey_wire::proof;
use latchkey_wire::v1::{self, DirectoryHealth};

use crate::writeback::{ANCHOR, DOMAIN, NEW, OLD, arrive, contoso, hash, proved};
use crate::writeback_faults::post_and_die;

async fn revoke(test: &TestApp, agent: &Agent) {
    let (operator, id) = (admin::operator(&test.app), agent.who.agent.to_string());
    let done = admin::agent::revoke(&test.app, &operator, "contoso", &id).await;
    assert!(done.unwrap());
}

async fn is_over(test: &TestApp, agent: &Agent) -> Option<Refused> {
    writeback::is_over(&test.app, &agent.who).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revoked_agent_is_refused_at_the_door_and_its_connection_is_over() {
    both(async |test| {
        let (_, _, agent) = contoso(&test, Managed::PassThrough, |_| {}).await;
        let person = proved(&test).await;
        post_and_die(&test, &person).await;
        assert_eq!(is_over(&test, &agent).await, None);
        revoke(&test, &agent).await;
        assert_eq!(is_over(&test, &agent).await, Some(Refused::Revoked));
        // What was sealed to it before is not handed out any more.
        assert!(agent.take(&test).await.is_empty());
        let nonce = [7; 32];
        let host = "reset.contoso.com";
        let statement = proof::connection(&nonce, host, agent.who.agent, 1);
        let signature = agent.sign.sign(&statement).unwrap();
        let shown = Shown {
            agent: agent.who.agent,
            key_number: 1,
            version: latchkey_wire::VERSION,
            nonce: &nonce,
            host,
            signature: &signature,
        };
        let let_in = writeback::connected(&test.app, "another", shown).await;
        assert!(matches!(let_in.unwrap(), Err(Refused::Revoked)));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_newer_connection_of_an_agent_counts() {
    both(async |test| {
        let (_, _, agent) = contoso(&test, Managed::PassThrough, |_| {}).await;
        let newer = connect(&test, agent.who.agent, 1, &agent.sign, 99).await;
        assert_eq!(is_over(&test, &agent).await, Some(Refused::Elsewhere));
        let over = writeback::is_over(&test.app, &newer).await.unwrap();
        assert_eq!(over, None);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_whose_directory_is_not_well_leaves_operations_to_one_whose_is() {
    both(async |test| {
        let (contoso, _, agent) = contoso(&test, Managed::PassThrough, |_| {}).await;
        let other = Agent::connect(&test, contoso.id(), DOMAIN, 2).await;
        let person = proved(&test).await;
        post_and_die(&test, &person).await;
        agent.says(&test, DirectoryHealth::Unreachable).await;
        assert!(agent.take(&test).await.is_empty());
        // Nobody else is there any more: better one that is not well than nobody.
        other.says(&test, DirectoryHealth::BindRefused).await;
        assert_eq!(agent.take(&test).await.len(), 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_is_a_minute_wrong_is_told_of() {
    let test = TestApp::sqlite().await;
    let (_, _, agent) = contoso(&test, Managed::PassThrough, |_| {}).await;
    for (clock_ahead, told) in [
        (59_999, ""),
        (
            60_000,
            ", but the clock of its host is 60 s ahead: set it right",
        ),
        (-59_999, ""),
        (
            -60_000,
            ", but the clock of its host is 60 s behind: set it right",
        ),
    ] {
        let health = v1::Health {
            clock_ahead,
            ..WELL
        };
        let heard = writeback::heard(&test.app, &agent.who, &health).await;
        assert!(heard.unwrap().is_some());
        let list = admin::agent::list(&test.app, "contoso").await.unwrap();
        assert_eq!(list[0].clock_ahead, clock_ahead);
        assert_eq!(list[0].says, format!("running{told}"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_not_sealed_to_the_other_agent_is_not_left_to_it() {
    both(async |test| {
        let (contoso, _, agent) = contoso(&test, Managed::PassThrough, |_| {}).await;
        let person = proved(&test).await;
        post_and_die(&test, &person).await;
        Agent::connect(&test, contoso.id(), DOMAIN, 2).await;
        agent.says(&test, DirectoryHealth::Unreachable).await;
        assert_eq!(agent.take(&test).await.len(), 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_first_agent_turns_writeback_on() {
    both(async |test| {
        let (contoso, ..) = contoso(&test, Managed::PassThrough, |settings| {
            settings.writeback.enabled = false;
        })
        .await;
        let enabled = async || {
            let tenant = contoso.id();
            let found = test
                .app
                .db()
                .read(async |mut tx| tenants::get(&mut tx, tenant).await)
                .await;
            found.unwrap().unwrap().settings.writeback.enabled
        };
        assert!(enabled().await, "by the first");
        let operator = admin::operator(&test.app);
        let off = [("writeback.enabled".to_owned(), "no".to_owned())];
        admin::policy::set(&test.app, &operator, "contoso", &off, false)
            .await
            .unwrap();
        Agent::connect(&test, contoso.id(), DOMAIN, 2).await;
        assert!(!enabled().await, "whoever turned it off meant it");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_that_nobody_asked_for_are_not_taken() {
    both(async |test| {
        let (_, _, agent) = contoso(&test, Managed::PassThrough, |_| {}).await;
        let entropy = Seeded::new(77);
        let sign = SigningKey::generate(&entropy).unwrap();
        let seal = OpeningKey::generate(&entropy).unwrap();
        let (public, sealing) = (sign.public().unwrap(), seal.public());
        let statement = proof::roll_over(agent.who.agent, 2, public.as_bytes(), sealing.as_bytes());
        let says = v1::Agent::NewKeys {
            key_number: 2,
            sign: (*public.as_bytes()).into(),
            seal: (*sealing.as_bytes()).into(),
            old_signature: agent.sign.sign(&statement).unwrap().into(),
            new_signature: sign.sign(&statement).unwrap().into(),
        };
        let offer = async || {
            writeback::new_keys(&test.app, &agent.who, &says)
                .await
                .unwrap()
        };
        assert_eq!(offer().await, None);
        test.clock.advance(Duration::from_secs(181 * 24 * 60 * 60));
        admin::agent::roll_over(&test.app).await.unwrap();
        assert_eq!(offer().await, Some(2));
    })
    .await;
}

/// S37: a directory counts the same wrong password as often as it comes, and so do we, or the account
/// would be locked there first.
#[tokio::test(flavor = "multi_thread")]
async fn s37_the_same_wrong_password_counts_where_the_directory_compared_it() {
    both(async |test| {
        let (_, _, agent) = contoso(&test, Managed::PassThrough, |_| {}).await;
        let _working = agent.work(&test);
        for _ in 0..9 {
            let wrong = arrive(&test, "the same wrong one").await;
            assert_eq!(wrong.notice, Some(Notice::Wrong));
        }
        for password in ["the same wrong one", OLD] {
            let locked = arrive(&test, password).await;
            assert!(
                matches!(locked.notice, Some(Notice::Locked { .. })),
                "{:?}",
                locked.notice
            );
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_that_the_directory_has_outgrown_lets_nobody_in_at_the_next_outage() {
    both(async |test| {
        let (_, ada, agent) = contoso(&test, Managed::PasswordHashSync, |_| {}).await;
        let working = agent.work(&test);
        assert!(arrive(&test, OLD).await.is_in());
        assert!(hash(&test, &ada).await.is_some());
        // Changed in the directory; then somebody tries the old one.
        agent.has(ANCHOR, NEW);
        assert!(!arrive(&test, "neither").await.is_in());
        assert!(hash(&test, &ada).await.is_some(), "nothing is known of it");
        assert!(!arrive(&test, OLD).await.is_in());
        assert_eq!(hash(&test, &ada).await, None);
        drop(working);
        agent.says(&test, DirectoryHealth::Unreachable).await;
        assert!(!arrive(&test, OLD).await.is_in());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_goes_to_the_directory_as_it_was_typed_and_not_if_no_directory_has_one_as_long()
{
    both(async |test| {
        let (_, _, agent) = contoso(&test, Managed::PassThrough, |_| {}).await;
        // Two ways to write one letter, which are one password here and two there.
        let decomposed = "Cafe\u{301}-Passw0rd-42";
        agent.has(ANCHOR, decomposed);
        let _working = agent.work(&test);
        assert!(arrive(&test, decomposed).await.is_in());
        assert!(!arrive(&test, "Caf\u{e9}-Passw0rd-42").await.is_in());
        for (length, is_in) in [(256, true), (257, false)] {
            let long = "ä".repeat(length);
            agent.has(ANCHOR, &long);
            assert_eq!(arrive(&test, &long).await.is_in(), is_in, "{length}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_that_is_out_of_order_is_as_one_that_is_away() {
    both(async |test| {
        let (_, _, agent) = contoso(&test, Managed::PasswordHashSync, |_| {}).await;
        let _working = agent.work(&test);
        assert!(arrive(&test, OLD).await.is_in());
        for why in [
            Refusal::NotConfigured,
            Refusal::NoPermission,
            Refusal::Malformed,
            Refusal::Unexpected,
        ] {
            agent.with(|directory| directory.always = Some(Outcome::Refused { why }));
            // The copy counts meanwhile.
            assert!(arrive(&test, OLD).await.is_in(), "{why:?}");
            assert!(!arrive(&test, "wrong").await.is_in(), "{why:?}");
        }
        // And a reset can be tried again.
        let mut person = proved(&test).await;
        let why = Refusal::NotConfigured;
        agent.with(|directory| directory.always = Some(Outcome::Refused { why }));
        person.password(NEW, NEW).await;
        assert!(matches!(person.view.page, reset::Page::NewPassword { .. }));
        agent.with(|directory| directory.always = None);
        person.password(NEW, NEW).await;
        assert_eq!(agent.account(ANCHOR).password, NEW);
    })
    .await;
}
