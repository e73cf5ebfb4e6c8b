//! How often is too often, on both sides of every number.

use std::time::Duration;

use latchkey_app::reset::{self, Ended, Notice, Page};
use latchkey_testkit::seed::{Organisation, open_settings};
use latchkey_testkit::{Person, TestApp, both};

use crate::flow::reasons;

const HOUR: Duration = Duration::from_secs(60 * 60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

fn wrong(code: &str) -> String {
    code.chars()
        .map(|c| {
            if c == '9' {
                '0'
            } else {
                char::from(c as u8 + 1)
            }
        })
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn s11_the_fifth_wrong_code_blocks_the_gate_for_24_hours_and_tells_the_owner_once() {
    both(async |test| {
        let contoso = Organisation::create(&test, "contoso.com", open_settings(1)).await;
        contoso
            .person(&test, "ada@contoso.com", |user| user.mobile_phone = None)
            .await;
        let mut person = Person::start(&test, "ada@contoso.com").await;
        person.choose("email").await;
        let code = test.code_for("ada@home.example").await;
        for left in [4, 3, 2, 1] {
            person.code(&wrong(&code)).await;
            assert_eq!(person.notice, Some(Notice::WrongCode { left }));
        }
        person.code(&wrong(&code)).await;
        assert!(matches!(
            person.view.page,
            Page::Ended(Ended::Blocked {
                gate: Some(latchkey_core::reset::Gate::Email),
                ..
            })
        ));
        assert!(
            reasons(&test, &contoso)
                .await
                .contains(&"blocked.email".to_owned())
        );
        let told = |messages: Vec<latchkey_notify::DemoMessage>| {
            messages
                .iter()
                .filter(|m| m.subject.contains("blocked"))
                .count()
        };
        assert_eq!(told(test.messages().await), 1);
        // Another session meets the same block, and the owner is not told again.
        test.clock.advance(DAY - Duration::from_secs(1));
        let person = Person::start(&test, "ada@contoso.com").await;
        assert!(matches!(
            person.view.page,
            Page::Ended(Ended::Blocked { .. })
        ));
        assert_eq!(told(test.messages().await), 1);
        test.clock.advance(Duration::from_secs(1));
        let person = Person::start(&test, "ada@contoso.com").await;
        assert_eq!(person.offered(), ["email"]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn s11_four_wrong_codes_and_a_right_one_pass() {
    let test = TestApp::sqlite().await;
    let contoso = Organisation::create(&test, "contoso.com", open_settings(1)).await;
    contoso.person(&test, "ada@contoso.com", |_| {}).await;
    let mut person = Person::start(&test, "ada@contoso.com").await;
    person.choose("email").await;
    let code = test.code_for("ada@home.example").await;
    for _ in 0..4 {
        person.code(&wrong(&code)).await;
    }
    person.code(&code).await;
    assert!(matches!(person.view.page, Page::NewPassword { .. }));
}

#[tokio::test(flavor = "multi_thread")]
async fn s11_tries_are_shared_by_sessions_and_by_server_processes() {
    let test = TestApp::sqlite().await;
    let url = format!("sqlite:{}", test.file.clone().unwrap().display());
    let second = test.another(&url).await;
    let contoso = Organisation::create(&test, "contoso.com", open_settings(1)).await;
    contoso.person(&test, "ada@contoso.com", |_| {}).await;
    let mut one = Person::start(&test, "ada@contoso.com").await;
    one.choose("email").await;
    let code = test.code_for("ada@home.example").await;
    let mut two = Person::start_in(&second, test.ctx(), "ada@contoso.com").await;
    two.choose("email").await;
    one.code(&wrong(&code)).await;
    one.code(&wrong(&code)).await;
    two.code("00000000").await;
    assert_eq!(two.notice, Some(Notice::WrongCode { left: 2 }));
    one.code(&wrong(&code)).await;
    two.code("00000000").await;
    assert!(matches!(two.view.page, Page::Ended(Ended::Blocked { .. })));
    one.code(&code).await;
    assert!(
        matches!(one.view.page, Page::Ended(Ended::Blocked { .. })),
        "also the right code"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn five_attempts_pass_in_an_hour_and_the_sixth_blocks_for_24_hours() {
    both(async |test| {
        let contoso = Organisation::create(&test, "contoso.com", open_settings(1)).await;
        contoso.person(&test, "ada@contoso.com", |_| {}).await;
        for _ in 0..5 {
            let person = Person::start(&test, "ada@contoso.com").await;
            assert!(matches!(person.view.page, Page::Choose { .. }));
        }
        let person = Person::start(&test, "ada@contoso.com").await;
        assert!(matches!(
            person.view.page,
            Page::Ended(Ended::Blocked { gate: None, .. })
        ));
        assert!(
            reasons(&test, &contoso)
                .await
                .contains(&"blocked.attempts".to_owned())
        );
        test.clock.advance(DAY - Duration::from_secs(1));
        let person = Person::start(&test, "ada@contoso.com").await;
        assert!(matches!(
            person.view.page,
            Page::Ended(Ended::Blocked { .. })
        ));
        test.clock.advance(Duration::from_secs(1));
        let person = Person::start(&test, "ada@contoso.com").await;
        assert!(matches!(person.view.page, Page::Choose { .. }));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_can_lift_a_block() {
    let test = TestApp::sqlite().await;
    let contoso = Organisation::create(&test, "contoso.com", open_settings(1)).await;
    contoso.person(&test, "ada@contoso.com", |_| {}).await;
    for _ in 0..6 {
        Person::start(&test, "ada@contoso.com").await;
    }
    let ctx = latchkey_app::admin::operator(&test.app);
    let lift = async || {
        latchkey_app::admin::user::unblock(&test.app, &ctx, "ada@contoso.com")
            .await
            .unwrap()
    };
    assert!(lift().await);
    assert!(!lift().await, "there is no more to lift");
    let person = Person::start(&test, "ada@contoso.com").await;
    assert!(matches!(person.view.page, Page::Choose { .. }));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_window_of_attempts_slides() {
    let test = TestApp::sqlite().await;
    let contoso = Organisation::create(&test, "contoso.com", open_settings(1)).await;
    contoso.person(&test, "ada@contoso.com", |_| {}).await;
    for _ in 0..5 {
        Person::start(&test, "ada@contoso.com").await;
    }
    test.clock.advance(HOUR);
    let person = Person::start(&test, "ada@contoso.com").await;
    assert!(matches!(person.view.page, Page::Choose { .. }));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_fifth_wrong_number_blocks() {
    let test = TestApp::sqlite().await;
    let contoso = Organisation::create(&test, "contoso.com", open_settings(1)).await;
    contoso.person(&test, "ada@contoso.com", |_| {}).await;
    let mut person = Person::start(&test, "ada@contoso.com").await;
    person.choose("sms").await;
    for left in [4, 3, 2, 1] {
        person.number("+31687654321").await;
        assert_eq!(person.notice, Some(Notice::WrongNumber { left }));
    }
    person.number("+31687654321").await;
    assert!(matches!(
        person.view.page,
        Page::Ended(Ended::Blocked { .. })
    ));
    assert!(
        reasons(&test, &contoso)
            .await
            .contains(&"blocked.phone_number".to_owned())
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn s19_a_name_that_does_not_exist_is_throttled_like_one_that_does() {
    both(async |test| {
        let contoso = Organisation::create(&test, "contoso.com", open_settings(1)).await;
        contoso.person(&test, "ada@contoso.com", |_| {}).await;
        for name in ["ada@contoso.com", "nobody@contoso.com"] {
            for _ in 0..5 {
                let person = Person::start(&test, name).await;
                assert!(matches!(person.view.page, Page::Choose { .. }), "{name}");
            }
            let person = Person::start(&test, name).await;
            assert!(matches!(
                person.view.page,
                Page::Ended(Ended::Blocked { gate: None, .. })
            ));
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn s33_code_mails_to_one_mailbox_are_capped() {
    let test = TestApp::sqlite().await;
    let contoso = Organisation::create(&test, "contoso.com", open_settings(1)).await;
    contoso.person(&test, "ada@contoso.com", |_| {}).await;
    let mut person = Person::start(&test, "ada@contoso.com").await;
    person.choose("email").await;
    for _ in 0..4 {
        test.clock.advance(Duration::from_secs(10));
        person.again().await;
        assert_eq!(person.notice, Some(Notice::SentAgain));
    }
    test.clock.advance(Duration::from_secs(10));
    person.again().await;
    assert_eq!(person.notice, Some(Notice::NoMessages));
    assert_eq!(test.messages().await.len(), 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn texts_stop_at_the_days_limit_and_the_administrators_are_told_once() {
    let test = TestApp::sqlite().await;
    let mut settings = open_settings(1);
    settings.telephony.per_day = 2;
    let contoso = Organisation::create(&test, "contoso.com", settings).await;
    contoso
        .administrator(
            &test,
            "root@contoso.com",
            latchkey_core::model::Role::GlobalAdministrator,
        )
        .await;
    for (n, name) in [
        "a@contoso.com",
        "b@contoso.com",
        "c@contoso.com",
        "d@contoso.com",
    ]
    .iter()
    .enumerate()
    {
        let number = format!("+3161234567{n}");
        contoso
            .person(&test, name, |user| user.mobile_phone = Some(number.clone()))
            .await;
        let mut person = Person::start(&test, name).await;
        person.choose("sms").await;
        person.number(&number).await;
        let refused = person.notice == Some(Notice::NoMessages);
        assert_eq!(refused, n >= 2, "{name}");
    }
    let sent = test.messages().await;
    assert_eq!(sent.iter().filter(|m| m.channel == "text").count(), 2);
    assert_eq!(
        sent.iter().filter(|m| m.to == "root@contoso.com").count(),
        1
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn countries_that_are_not_allowed_get_no_texts() {
    for (code, allowed) in [(31, true), (46, false)] {
        let test = TestApp::sqlite().await;
        let mut settings = open_settings(1);
        settings.telephony.calling_codes = [code].into();
        let contoso = Organisation::create(&test, "contoso.com", settings).await;
        contoso.person(&test, "ada@contoso.com", |_| {}).await;
        let mut person = Person::start(&test, "ada@contoso.com").await;
        person.choose("sms").await;
        person.number("+31612345678").await;
        assert_eq!(person.notice == Some(Notice::NoMessages), !allowed);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn s37_failing_somebody_elses_reset_leaves_the_account_alone() {
    let test = TestApp::sqlite().await;
    let contoso = Organisation::create(&test, "contoso.com", open_settings(1)).await;
    let ada = contoso.person(&test, "ada@contoso.com", |_| {}).await;
    for _ in 0..6 {
        let mut stranger = Person::start(&test, "ada@contoso.com").await;
        if matches!(stranger.view.page, Page::Choose { .. }) {
            stranger.choose("email").await;
            stranger.code("00000000").await;
        }
    }
    let (tenant, id) = (ada.tenant, ada.id);
    let after = test
        .app
        .db()
        .read(async |mut tx| latchkey_store::accounts::get(&mut tx, tenant, id).await)
        .await
        .unwrap()
        .unwrap();
    assert!(after.enabled && after.frozen_at.is_none());
    assert_eq!(after.version, ada.version);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_solved_check_is_good_for_one_attempt() {
    let test = TestApp::sqlite().await;
    let contoso = Organisation::create(&test, "contoso.com", open_settings(1)).await;
    contoso.person(&test, "ada@contoso.com", |_| {}).await;
    let proof = latchkey_testkit::solve(&test.app);
    let ctx = test.ctx();
    let first = reset::start(&test.app, &ctx, "ada@contoso.com", proof.clone(), None)
        .await
        .unwrap();
    assert!(matches!(first, reset::Started::Begun(_)));
    let again = reset::start(&test.app, &ctx, "ada@contoso.com", proof, None)
        .await
        .unwrap();
    assert!(matches!(
        again,
        reset::Started::Again(reset::StartNotice::CheckFailed)
    ));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_without_work_has_to_have_been_on_the_screen_for_two_seconds() {
    let test = TestApp::sqlite().await;
    let contoso = Organisation::create(&test, "contoso.com", open_settings(1)).await;
    contoso.person(&test, "ada@contoso.com", |_| {}).await;
    for (millis, good) in [
        (1_999, false),
        (2_000, true),
        (599_999, true),
        (600_000, false),
    ] {
        let token = reset::human_check(&test.app).timed;
        test.clock.advance(Duration::from_millis(millis));
        let proof = reset::HumanProof::Time { token };
        let started = reset::start(&test.app, &test.ctx(), "ada@contoso.com", proof, None).await;
        assert_eq!(
            matches!(started.unwrap(), reset::Started::Begun(_)),
            good,
            "{millis} ms"
        );
    }
}
