//! Passwords in a directory, as a browser sees what came of them.

use std::time::Duration;

use latchkey_core::model::{Managed, Source};
use latchkey_testkit::agent::Agent;
use latchkey_testkit::seed::{Organisation, open_settings};
use latchkey_testkit::{Browser, TestApp};
use latchkey_wire::operation::{Outcome, Refusal};

use crate::support::Site;

const ADA: &str = "ada@contoso.com";
const ANCHOR: &str = "3f0c1d2e-aaaa-bbbb-cccc-000000000001";
const OLD: &str = "Sunny-Harbour-7";
const NEW: &str = "Correct horse 42 battery";

/// Somebody at the page that changes a password in a directory, and the directory's agent.
async fn at_change(site: &Site) -> (Browser, Agent) {
    let mut settings = open_settings(1);
    settings.writeback.enabled = true;
    let contoso = Organisation::create(&site.test, "contoso.com", settings).await;
    contoso
        .person(&site.test, ADA, |user| {
            user.source = Source::Synchronised;
            user.managed = Managed::PassThrough;
            user.anchor = Some(ANCHOR.into());
            user.agent_domain = Some("corp.example".into());
        })
        .await;
    let agent = Agent::connect(&site.test, contoso.id(), "corp.example", 1).await;
    agent.has(ANCHOR, OLD);
    let working = agent.work(&site.test);
    let mut browser = site.browser();
    browser.open("/sign-in?to=change-password").await;
    browser.fill("/sign-in", &[("user_id", ADA)]).await;
    let fields = [("password", OLD)];
    browser.fill("/sign-in/password", &fields).await;
    assert_eq!(browser.place(), "/change-password");
    drop(working);
    (browser, agent)
}

/// Changes the password while the directory answers like this.
async fn change(site: &Site, browser: &mut Browser, agent: &Agent, answer: Outcome) {
    agent.with(|directory| directory.always = Some(answer));
    let _working = agent.work(&site.test);
    let fields = [
        ("current_password", OLD),
        ("new_password", NEW),
        ("confirm_password", NEW),
    ];
    // Nobody waits longer than the page does.
    let waits = async {
        let post = browser.fill("/change-password", &fields);
        tokio::pin!(post);
        let tick = Duration::from_millis(20);
        while tokio::time::timeout(tick, &mut post).await.is_err() {
            site.test.clock.advance(Duration::from_secs(1));
        }
    };
    tokio::time::timeout(Duration::from_secs(30), waits)
        .await
        .expect("a page");
    assert_eq!(browser.answer.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_says_that_nothing_was_changed_only_where_that_is_known() {
    for (answer, title, words) in [
        (
            Outcome::Refused {
                why: Refusal::Locked,
            },
            "Nothing was changed",
            "Your account is locked in your organisation's directory.",
        ),
        (
            Outcome::Unknown,
            "Nobody can say yet whether it was changed",
            "Try signing in with the new password in a few minutes",
        ),
    ] {
        let site = Site::over(TestApp::sqlite().await);
        let (mut browser, agent) = at_change(&site).await;
        change(&site, &mut browser, &agent, answer).await;
        let page = browser.page().words();
        assert!(page.contains(title) && page.contains(words), "{page}");
        assert_eq!(
            page.matches("Nothing was changed").count(),
            usize::from(title.starts_with("Nothing"))
        );
    }
}
