//! The main job: somebody who forgot their password gets back in.

use latchkey_app::reset::{Ended, Notice, Page};
use latchkey_core::password::Violation;
use latchkey_store::accounts;
use latchkey_testkit::seed::{Organisation, open_settings};
use latchkey_testkit::{Person, TestApp, both};

/// The details of the session events of a tenant, in order.
pub(crate) async fn reasons(test: &TestApp, organisation: &Organisation) -> Vec<String> {
    let tenant = organisation.id();
    let filter = latchkey_store::audit::Filter::default();
    test.app
        .db()
        .read(async |mut tx| latchkey_store::audit::list(&mut tx, tenant, &filter, 0, 1_000).await)
        .await
        .expect("events")
        .into_iter()
        .filter_map(|event| event.row.event.reason)
        .collect()
}

/// A name at contoso.com that nobody has, and that offers these gates.
pub(crate) async fn decoy_that_offers(test: &TestApp, gates: &[&str]) -> String {
    for n in 0..200 {
        let name = format!("nobody{n}@contoso.com");
        if Person::start(test, &name).await.offered() == gates {
            return name;
        }
    }
    panic!("no decoy among 200 names offers {gates:?}")
}

/// The steps of the progress events of a tenant, in order.
pub(crate) async fn steps(test: &TestApp, organisation: &Organisation) -> Vec<String> {
    let tenant = organisation.id();
    let filter = latchkey_store::audit::Filter::default();
    test.app
        .db()
        .read(async |mut tx| latchkey_store::audit::list(&mut tx, tenant, &filter, 0, 1_000).await)
        .await
        .expect("events")
        .into_iter()
        .filter_map(|event| {
            let details: serde_json::Value =
                serde_json::from_str(&event.row.event.details).expect("details are JSON");
            details.get("step")?.as_str().map(str::to_owned)
        })
        .collect()
}

pub(crate) async fn stored_password(
    test: &TestApp,
    user: &latchkey_core::model::User,
) -> Option<String> {
    let (tenant, id) = (user.tenant, user.id);
    test.app
        .db()
        .read(async |mut tx| accounts::password(&mut tx, tenant, id).await)
        .await
        .expect("a read")
}

#[tokio::test(flavor = "multi_thread")]
async fn one_gate_leads_to_a_new_password() {
    both(async |test| {
        let contoso = Organisation::create(&test, "contoso.com", open_settings(1)).await;
        let ada = contoso.person(&test, "ada@contoso.com", |_| {}).await;
        let mut person = Person::start(&test, "Ada@Contoso.com").await;
        assert_eq!(person.offered(), ["email", "sms", "mobile_call"]);
        assert_eq!((person.view.step, person.view.steps), (2, 3));
        person.choose("email").await;
        let code = test.code_for("ada@home.example").await;
        assert_eq!(code.len(), 8);
        person.code(&code).await;
        assert!(
            matches!(person.view.page, Page::NewPassword { .. }),
            "{:?}",
            person.view.page
        );
        person
            .password("a brand new Passw0rt!", "a brand new Passw0rt!")
            .await;
        let Page::Ended(Ended::Succeeded { told, .. }) = &person.view.page else {
            panic!("{:?} {:?}", person.view.page, person.notice);
        };
        assert_eq!(told.len(), 1);
        assert!(stored_password(&test, &ada).await.is_some());
        assert!(
            reasons(&test, &contoso)
                .await
                .contains(&"succeeded.reset".to_owned())
        );
        let verified = latchkey_app::audit::verify(&test.app, contoso.id())
            .await
            .unwrap();
        assert_eq!(verified.broken, None);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_gates_of_different_kinds_lead_to_a_new_password() {
    both(async |test| {
        let contoso = Organisation::create(&test, "contoso.com", open_settings(2)).await;
        contoso.person(&test, "ada@contoso.com", |_| {}).await;
        let mut person = Person::start(&test, "ada@contoso.com").await;
        assert_eq!((person.view.step, person.view.steps), (2, 4));
        person.choose("sms").await;
        assert!(matches!(person.view.page, Page::Number { .. }));
        person.number("06 1234 5678").await;
        let code = test.code_for("+31612345678").await;
        assert_eq!(code.len(), 6);
        person.code(&code).await;
        assert_eq!(
            person.offered(),
            ["email"],
            "a call to the same telephone is no second gate"
        );
        person.choose("email").await;
        let code = test.code_for("ada@home.example").await;
        person.code(&code).await;
        person
            .password("a brand new Passw0rt!", "a brand new Passw0rt!")
            .await;
        assert!(matches!(
            person.view.page,
            Page::Ended(Ended::Succeeded { .. })
        ));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_password_lists_every_rule_and_keeps_the_session() {
    let test = TestApp::sqlite().await;
    let contoso = Organisation::create(&test, "contoso.com", open_settings(1)).await;
    let ada = contoso
        .person(&test, "ada@contoso.com", |user| {
            user.given_name = "Lovelace".into();
        })
        .await;
    let mut person = Person::start(&test, "ada@contoso.com").await;
    person.choose("email").await;
    let code = test.code_for("ada@home.example").await;
    person.code(&code).await;
    person
        .password("good Enough 4 all", "good enough 4 all")
        .await;
    assert_eq!(person.notice, Some(Notice::PasswordsDiffer));
    person.password("abc", "abc").await;
    let Some(Notice::PasswordRefused(violations)) = &person.notice else {
        panic!()
    };
    let codes: Vec<&str> = violations.iter().map(|v| v.code()).collect();
    assert_eq!(codes, ["too-short", "too-few-classes", "banned"]);
    person.password("xX1!lovelace77", "xX1!lovelace77").await;
    let Some(Notice::PasswordRefused(violations)) = &person.notice else {
        panic!()
    };
    assert!(
        matches!(violations[..], [Violation::ContainsName { .. }]),
        "{violations:?}"
    );
    assert_eq!(stored_password(&test, &ada).await, None);
    person
        .password("good Enough 4 all", "good Enough 4 all")
        .await;
    assert!(matches!(
        person.view.page,
        Page::Ended(Ended::Succeeded { .. })
    ));
}

#[tokio::test(flavor = "multi_thread")]
async fn another_code_makes_the_one_before_void() {
    let test = TestApp::sqlite().await;
    let contoso = Organisation::create(&test, "contoso.com", open_settings(1)).await;
    contoso.person(&test, "ada@contoso.com", |_| {}).await;
    let mut person = Person::start(&test, "ada@contoso.com").await;
    person.choose("email").await;
    let first = test.code_for("ada@home.example").await;
    person.again().await;
    assert_eq!(person.notice, Some(Notice::TooSoon));
    test.clock.advance(std::time::Duration::from_secs(10));
    person.again().await;
    assert_eq!(person.notice, Some(Notice::SentAgain));
    let second = test.code_for("ada@home.example").await;
    assert_ne!(first, second);
    person.code(&first).await;
    assert_eq!(person.notice, Some(Notice::WrongCode { left: 4 }));
    person.code(&second).await;
    assert!(matches!(person.view.page, Page::NewPassword { .. }));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_is_good_for_ten_minutes() {
    for (seconds, good) in [(599, true), (600, false)] {
        let test = TestApp::sqlite().await;
        let contoso = Organisation::create(&test, "contoso.com", open_settings(1)).await;
        contoso.person(&test, "ada@contoso.com", |_| {}).await;
        let mut person = Person::start(&test, "ada@contoso.com").await;
        person.choose("email").await;
        let code = test.code_for("ada@home.example").await;
        test.clock.advance(std::time::Duration::from_secs(seconds));
        person.code(&code).await;
        assert_eq!(
            matches!(person.view.page, Page::NewPassword { .. }),
            good,
            "{seconds} s"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_lasts_105_minutes_and_is_then_abandoned_with_its_detail() {
    for (seconds, open) in [(105 * 60 - 1, true), (105 * 60, false)] {
        let test = TestApp::sqlite().await;
        let contoso = Organisation::create(&test, "contoso.com", open_settings(1)).await;
        contoso.person(&test, "ada@contoso.com", |_| {}).await;
        let mut person = Person::start(&test, "ada@contoso.com").await;
        person.choose("email").await;
        test.clock.advance(std::time::Duration::from_secs(seconds));
        latchkey_app::reset::expire(&test.app, &test.ctx())
            .await
            .unwrap();
        person.reload().await;
        assert_eq!(
            matches!(person.view.page, Page::Code { .. }),
            open,
            "{seconds} s"
        );
        let ended = reasons(&test, &contoso)
            .await
            .contains(&"abandoned.started.email".to_owned());
        assert_eq!(ended, !open);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn canceling_and_asking_for_help_have_their_results() {
    let test = TestApp::sqlite().await;
    let contoso = Organisation::create(&test, "contoso.com", open_settings(1)).await;
    contoso.person(&test, "ada@contoso.com", |_| {}).await;
    let mut person = Person::start(&test, "ada@contoso.com").await;
    person.cancel().await;
    assert!(matches!(person.view.page, Page::Ended(Ended::Canceled)));
    let mut person = Person::start(&test, "ada@contoso.com").await;
    person.choose("sms").await;
    person.contact().await;
    assert!(matches!(
        person.view.page,
        Page::Ended(Ended::Contacted { .. })
    ));
    let reasons = reasons(&test, &contoso).await;
    assert!(reasons.contains(&"canceled.before_gates".to_owned()));
    assert!(reasons.contains(&"contacted_admin.sms".to_owned()));
}
