//! Who is told, and the way out for somebody whose password was reset by somebody else.

use std::time::Duration;

use latchkey_app::reset::{Ended, Page};
use latchkey_app::{admin, not_me};
use latchkey_core::model::Role;
use latchkey_core::reset::Reason;
use latchkey_store::accounts;
use latchkey_testkit::seed::{Organisation, open_settings};
use latchkey_testkit::{Person, TestApp, both};
use latchkey_types::Secret;

use crate::flow::reasons;

const GOOD: &str = "a brand new Passw0rt!";

async fn reset(test: &TestApp, upn: &str, mailbox: &str) {
    let mut person = Person::start(test, upn).await;
    person.choose("email").await;
    let code = test.code_for(mailbox).await;
    person.code(&code).await;
    if matches!(person.view.page, Page::Choose { .. }) {
        person.choose("sms").await;
        person.number("+31612345678").await;
        let code = test.code_for("+31612345678").await;
        person.code(&code).await;
    }
    person.password(GOOD, GOOD).await;
    assert!(matches!(
        person.view.page,
        Page::Ended(Ended::Succeeded { .. })
    ));
}

async fn token(test: &TestApp, mailbox: &str) -> String {
    let mail = test.newest_to(mailbox).await.expect("a notice");
    let token = mail.text.split("/not-me#").nth(1).expect("a link");
    token
        .chars()
        .take_while(char::is_ascii_alphanumeric)
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_owner_is_told_at_every_address() {
    let test = TestApp::sqlite().await;
    let contoso = Organisation::create(&test, "contoso.com", open_settings(1)).await;
    contoso
        .person(&test, "ada@contoso.com", |user| {
            user.mail = Some("ada@contoso.com".into());
            user.other_mails.push("second@home.example".into());
            user.other_mails.push("not an address".into());
        })
        .await;
    reset(&test, "ada@contoso.com", "ada@home.example").await;
    let mut told: Vec<String> = test
        .messages()
        .await
        .into_iter()
        .filter(|message| message.text.contains("/not-me#"))
        .map(|message| message.to)
        .collect();
    told.sort();
    assert_eq!(
        told,
        ["ada@contoso.com", "ada@home.example", "second@home.example"]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn administrators_hear_of_each_others_resets_but_not_of_their_own() {
    let test = TestApp::sqlite().await;
    let contoso = Organisation::create(&test, "contoso.com", open_settings(1)).await;
    contoso
        .administrator(&test, "root@contoso.com", Role::GlobalAdministrator)
        .await;
    contoso
        .administrator(&test, "help@contoso.com", Role::HelpdeskAdministrator)
        .await;
    contoso
        .administrator(&test, "reader@contoso.com", Role::ReportsReader)
        .await;
    reset(&test, "root@contoso.com", "root@home.example").await;
    let messages = test.messages().await;
    let told = |to: &str| {
        messages
            .iter()
            .filter(|m| m.to == to && !m.text.contains("/not-me#"))
            .count()
    };
    assert_eq!(told("help@contoso.com"), 1);
    assert_eq!(told("root@contoso.com"), 0);
    assert_eq!(told("reader@contoso.com"), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_told_if_the_tenant_does_not_want_it() {
    let test = TestApp::sqlite().await;
    let mut settings = open_settings(1);
    settings.notifications.users = false;
    settings.notifications.administrators = false;
    let contoso = Organisation::create(&test, "contoso.com", settings).await;
    contoso
        .administrator(&test, "root@contoso.com", Role::GlobalAdministrator)
        .await;
    contoso.person(&test, "ada@contoso.com", |_| {}).await;
    reset(&test, "ada@contoso.com", "ada@home.example").await;
    assert_eq!(test.messages().await.len(), 1, "only the code");
}

#[tokio::test(flavor = "multi_thread")]
async fn s08_looking_at_the_link_changes_nothing_and_the_button_works_once() {
    both(async |test| {
        let contoso = Organisation::create(&test, "contoso.com", open_settings(1)).await;
        contoso
            .administrator(&test, "root@contoso.com", Role::GlobalAdministrator)
            .await;
        let ada = contoso.person(&test, "ada@contoso.com", |_| {}).await;
        reset(&test, "ada@contoso.com", "ada@home.example").await;
        let token = token(&test, "ada@home.example").await;
        let ctx = test.ctx();
        for _ in 0..3 {
            let view = not_me::look(&test.app, &ctx, &token)
                .await
                .unwrap()
                .expect("a good link");
            assert_eq!(view.user_id, "ada@contoso.com");
        }
        let user = async || {
            let (tenant, id) = (ada.tenant, ada.id);
            let read = test
                .app
                .db()
                .read(async |mut tx| accounts::get(&mut tx, tenant, id).await);
            read.await.unwrap().unwrap()
        };
        assert!(user().await.frozen_at.is_none());
        let typed = token.to_lowercase().replace('1', "l");
        assert!(
            not_me::report(&test.app, &ctx, &typed)
                .await
                .unwrap()
                .is_some()
        );
        assert!(user().await.frozen_at.is_some());
        assert!(
            not_me::report(&test.app, &ctx, &token)
                .await
                .unwrap()
                .is_none(),
            "used"
        );
        assert!(
            not_me::look(&test.app, &ctx, &token)
                .await
                .unwrap()
                .is_none()
        );
        // Self-service is frozen, and everybody who must know knows.
        let person = Person::start(&test, "ada@contoso.com").await;
        assert!(matches!(
            person.view.page,
            Page::Ended(Ended::Failed {
                reason: Reason::AccountDisabled,
                ..
            })
        ));
        assert!(test.newest_to("root@contoso.com").await.is_some());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_link_works_for_72_hours() {
    for (seconds, good) in [(72 * 3600 - 1, true), (72 * 3600, false)] {
        let test = TestApp::sqlite().await;
        let contoso = Organisation::create(&test, "contoso.com", open_settings(1)).await;
        contoso.person(&test, "ada@contoso.com", |_| {}).await;
        reset(&test, "ada@contoso.com", "ada@home.example").await;
        let token = token(&test, "ada@home.example").await;
        test.clock.advance(Duration::from_secs(seconds));
        let done = not_me::report(&test.app, &test.ctx(), &token)
            .await
            .unwrap();
        assert_eq!(done.is_some(), good, "{seconds} s");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn s09_a_link_of_an_older_reset_is_dead_once_an_administrator_has_set_the_password() {
    both(async |test| {
        let contoso = Organisation::create(&test, "contoso.com", open_settings(1)).await;
        contoso.person(&test, "ada@contoso.com", |_| {}).await;
        reset(&test, "ada@contoso.com", "ada@home.example").await;
        let token = token(&test, "ada@home.example").await;
        let looked = not_me::look(&test.app, &test.ctx(), &token).await.unwrap();
        assert!(looked.is_some());
        let operator = admin::operator(&test.app);
        let new = Secret::new("Quarrel-Lantern-84".to_owned());
        let set =
            admin::user::set_password(&test.app, &operator, "ada@contoso.com", &new, false, false);
        set.await.unwrap();
        let looked = not_me::look(&test.app, &test.ctx(), &token).await.unwrap();
        assert!(looked.is_none());
        let done = not_me::report(&test.app, &test.ctx(), &token).await;
        assert!(done.unwrap().is_none());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn help_is_asked_of_the_right_administrators_once_an_hour() {
    let test = TestApp::sqlite().await;
    let contoso = Organisation::create(&test, "contoso.com", open_settings(1)).await;
    contoso
        .administrator(&test, "root@contoso.com", Role::GlobalAdministrator)
        .await;
    contoso.person(&test, "ada@contoso.com", |_| {}).await;
    let ask = async || {
        let mut person = Person::start(&test, "ada@contoso.com").await;
        person.contact().await;
        test.messages().await
    };
    let sent = ask().await;
    assert_eq!(sent.len(), 1);
    assert_eq!(sent[0].to, "root@contoso.com", "nobody closer is there");
    assert!(sent[0].text.contains("ada@contoso.com"));
    assert!(!sent[0].text.contains("/not-me") && !sent[0].text.contains("contoso.com/reset"));
    contoso
        .administrator(&test, "pass@contoso.com", Role::PasswordAdministrator)
        .await;
    test.clock.advance(Duration::from_secs(3599));
    assert_eq!(ask().await.len(), 1, "once an hour");
    test.clock.advance(Duration::from_secs(1));
    let sent = ask().await;
    assert_eq!(sent.len(), 2);
    assert_eq!(sent[0].to, "pass@contoso.com");
    assert!(
        reasons(&test, &contoso)
            .await
            .contains(&"contacted_admin.user_id".to_owned())
    );
}
