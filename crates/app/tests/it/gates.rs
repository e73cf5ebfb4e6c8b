//! The gates that ask for what a person has registered: authenticator codes and security questions.

use std::collections::BTreeMap;
use std::time::Duration;

use latchkey_app::admin;
use latchkey_app::admin::methods::{Answer, Private};
use latchkey_app::reset::{Ended, Notice, Page, Question};
use latchkey_core::reset::{Gate, questions::PREDEFINED};
use latchkey_testkit::seed::{Organisation, open_settings};
use latchkey_testkit::{Person, TestApp, both};
use latchkey_types::{Clock, Secret};

use crate::flow::reasons;

const SECRET: &str = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP";

/// What an app shows that has this secret.
fn app_code(test: &TestApp, steps_away: i64) -> String {
    // What the text above is in base32 (RFC 4648).
    let secret = b"Hello!\xDE\xAD\xBE\xEFHello!\xDE\xAD\xBE\xEF";
    let time = test.clock.now().seconds() + steps_away * 30;
    latchkey_testkit::totp(secret, u64::try_from(time).unwrap())
}

async fn with_authenticator(test: &TestApp, upn: &str) {
    let ctx = admin::operator(&test.app);
    let secret = Secret::new(SECRET.to_owned());
    admin::methods::add_authenticator(&test.app, &ctx, upn, "phone", Some(&secret))
        .await
        .unwrap();
}

async fn with_questions(test: &TestApp, upn: &str) -> BTreeMap<String, String> {
    let ctx = admin::operator(&test.app);
    let answers: BTreeMap<String, String> = PREDEFINED
        .iter()
        .take(5)
        .enumerate()
        .map(|(n, question)| ((*question).to_owned(), format!("Answer number {n}")))
        .collect();
    let rows: Vec<Answer> = answers
        .iter()
        .map(|(question, answer)| Answer {
            question: question.clone(),
            answer: Secret::new(answer.clone()),
        })
        .collect();
    admin::methods::set_questions(&test.app, &ctx, upn, &rows)
        .await
        .unwrap();
    answers
}

fn asked(person: &Person) -> Vec<String> {
    match &person.view.page {
        Page::Questions { questions } => questions
            .iter()
            .map(|question| match question {
                Question::Predefined(id) => id.clone(),
                Question::Own(text) => text.clone(),
            })
            .collect(),
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_authenticator_code_is_accepted_once_and_one_step_either_way() {
    both(async |test| {
        let mut settings = open_settings(1);
        settings.reset.methods = [Gate::AuthenticatorCode].into();
        let contoso = Organisation::create(&test, "contoso.com", settings).await;
        for (n, (away, good)) in [(0, true), (-1, true), (1, true), (-2, false), (2, false)]
            .iter()
            .enumerate()
        {
            let upn = format!("user{n}@contoso.com");
            contoso.person(&test, &upn, |_| {}).await;
            with_authenticator(&test, &upn).await;
            let mut person = Person::start(&test, &upn).await;
            person.choose("authenticator_code").await;
            person.code(&app_code(&test, *away)).await;
            assert_eq!(
                matches!(person.view.page, Page::NewPassword { .. }),
                *good,
                "{away} steps"
            );
        }
        // S12: what was used once is used, in any session.
        let mut person = Person::start(&test, "user0@contoso.com").await;
        person.choose("authenticator_code").await;
        person.code(&app_code(&test, 0)).await;
        assert_eq!(person.notice, Some(Notice::WrongCode { left: 4 }));
        test.clock.advance(Duration::from_secs(30));
        person.code(&app_code(&test, 0)).await;
        assert!(matches!(person.view.page, Page::NewPassword { .. }));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn questions_come_second_are_drawn_anew_and_must_all_be_right() {
    both(async |test| {
        let contoso = Organisation::create(&test, "contoso.com", open_settings(2)).await;
        contoso
            .person(&test, "ada@contoso.com", |user| user.mobile_phone = None)
            .await;
        let answers = with_questions(&test, "ada@contoso.com").await;
        let mut person = Person::start(&test, "ada@contoso.com").await;
        assert_eq!(person.offered(), ["email"], "questions are never first");
        person.choose("email").await;
        let code = test.code_for("ada@home.example").await;
        person.code(&code).await;
        person.choose("questions").await;
        let first = asked(&person);
        assert_eq!(first.len(), 3);
        let right = |asked: &[String]| -> Vec<String> {
            asked
                .iter()
                .map(|q| format!("  {} ", answers[q].to_uppercase()))
                .collect()
        };
        let mut typed = right(&first);
        typed[1] = "something else".into();
        person.answers(&typed).await;
        assert_eq!(person.notice, Some(Notice::WrongAnswers { left: 4 }));
        // Tried until the draw differs: with 60 ordered draws of three that is soon.
        let mut draws = vec![first];
        for _ in 0..3 {
            let now = asked(&person);
            draws.push(now.clone());
            let mut typed = right(&now);
            typed[0] = "wrong again".into();
            person.answers(&typed).await;
        }
        draws.dedup();
        assert!(draws.len() > 1, "the same questions each time");
        person.answers(&right(&asked(&person))).await;
        assert!(
            matches!(person.view.page, Page::NewPassword { .. }),
            "{:?}",
            person.notice
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_fifth_wrong_try_of_the_questions_blocks_them() {
    let test = TestApp::sqlite().await;
    let mut settings = open_settings(1);
    settings.reset.methods = [Gate::Questions].into();
    settings.reset.questions.may_be_only_gate = true;
    let contoso = Organisation::create(&test, "contoso.com", settings).await;
    contoso.person(&test, "ada@contoso.com", |_| {}).await;
    with_questions(&test, "ada@contoso.com").await;
    let mut person = Person::start(&test, "ada@contoso.com").await;
    person.choose("questions").await;
    let wrong = vec![String::from("wrong"); 3];
    person.answers(&wrong[..2]).await;
    assert_eq!(person.notice, Some(Notice::Unreadable), "not a try");
    for left in [4, 3, 2, 1] {
        person.answers(&wrong).await;
        assert_eq!(person.notice, Some(Notice::WrongAnswers { left }));
    }
    person.answers(&wrong).await;
    assert!(matches!(
        person.view.page,
        Page::Ended(Ended::Blocked { .. })
    ));
    assert!(
        reasons(&test, &contoso)
            .await
            .contains(&"blocked.questions".to_owned())
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_private_address_wins_over_the_directorys_and_rests_for_24_hours_when_it_changed() {
    let test = TestApp::sqlite().await;
    let contoso = Organisation::create(&test, "contoso.com", open_settings(1)).await;
    contoso
        .person(&test, "ada@contoso.com", |user| user.mobile_phone = None)
        .await;
    let ctx = admin::operator(&test.app);
    let set = async |to: &str| {
        let values = [(Private::Email, to.to_owned())];
        admin::methods::set_private(&test.app, &ctx, "ada@contoso.com", &values)
            .await
            .unwrap();
    };
    set("first@private.example").await;
    let mut person = Person::start(&test, "ada@contoso.com").await;
    person.choose("email").await;
    assert!(test.newest_to("first@private.example").await.is_some());
    set("second@private.example").await;
    test.clock.advance(Duration::from_secs(24 * 3600 - 1));
    let person = Person::start(&test, "ada@contoso.com").await;
    assert!(matches!(
        person.view.page,
        Page::Ended(Ended::Failed { .. })
    ));
    test.clock.advance(Duration::from_secs(1));
    let mut person = Person::start(&test, "ada@contoso.com").await;
    person.choose("email").await;
    assert!(test.newest_to("second@private.example").await.is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn removing_an_address_before_setting_another_is_no_way_around_the_rest() {
    both(async |test| {
        let contoso = Organisation::create(&test, "contoso.com", open_settings(1)).await;
        contoso
            .person(&test, "ada@contoso.com", |user| {
                user.mobile_phone = None;
                user.other_mails.clear();
            })
            .await;
        let ctx = admin::operator(&test.app);
        let set = async |private: Private, to: &str| {
            let values = [(private, to.to_owned())];
            admin::methods::set_private(&test.app, &ctx, "ada@contoso.com", &values)
                .await
                .unwrap();
        };
        let offered = async || {
            let person = Person::start(&test, "ada@contoso.com").await;
            match person.view.page {
                Page::Ended(_) => Vec::new(),
                _ => person.offered(),
            }
        };
        set(Private::Email, "first@private.example").await;
        assert_eq!(offered().await, ["email"], "the first does not rest");
        set(Private::Email, "").await;
        set(Private::Email, "second@private.example").await;
        assert_eq!(offered().await, [""; 0]);
        // What was never there before does not rest.
        set(Private::Phone, "+31612345678").await;
        assert_eq!(offered().await, ["sms", "mobile_call"]);
        test.clock.advance(Duration::from_secs(24 * 3600));
        assert_eq!(offered().await, ["email", "sms", "mobile_call"]);
    })
    .await;
}
