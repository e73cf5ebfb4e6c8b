//! Flow integrity: nothing but proofs of the gates that the policy of now asks for leads to a new
//! password. The names carry the numbers of the threat list in `docs/security.md`.

use std::sync::Arc;
use std::time::Duration;

use latchkey_app::reset::{self, Ended, Notice, Outcome, Page};
use latchkey_core::reset::Gate;
use latchkey_store::accounts;
use latchkey_testkit::seed::{Organisation, open_settings};
use latchkey_testkit::{Person, TestApp, both};
use latchkey_types::Secret;

use crate::flow::{reasons, stored_password};

const GOOD: &str = "a brand new Passw0rt!";

#[tokio::test(flavor = "multi_thread")]
async fn s01_no_post_out_of_order_reaches_a_password() {
    let test = TestApp::sqlite().await;
    let contoso = Organisation::create(&test, "contoso.com", open_settings(2)).await;
    let ada = contoso.person(&test, "ada@contoso.com", |_| {}).await;
    let mut person = Person::start(&test, "ada@contoso.com").await;
    // Every post there is, at every stage on the way, with what a stranger could send.
    for stage in 0..4 {
        match stage {
            1 => drop(person.choose("email").await),
            2 => {
                let code = test.code_for("ada@home.example").await;
                person.code(&code).await;
            }
            3 => drop(person.choose("sms").await),
            _ => {}
        }
        let before = format!("{:?}", person.view.page);
        person.password(GOOD, GOOD).await;
        person.recovery_code("0A1B-2C3D-4E5F-6G7H-8J9K-MNPQ").await;
        person.passkey("{}").await;
        person
            .answers(&[String::from("a"), String::from("b"), String::from("c")])
            .await;
        if stage != 3 {
            person.number("+31612345678").await;
        }
        if stage != 1 {
            person.code("000000").await;
            person.code("").await;
        }
        person.reload().await;
        assert_eq!(format!("{:?}", person.view.page), before, "stage {stage}");
    }
    assert_eq!(stored_password(&test, &ada).await, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn s01_a_proof_of_one_session_is_worth_nothing_in_another() {
    let test = TestApp::sqlite().await;
    let contoso = Organisation::create(&test, "contoso.com", open_settings(1)).await;
    contoso.person(&test, "ada@contoso.com", |_| {}).await;
    let eve = contoso.person(&test, "eve@contoso.com", |_| {}).await;
    let mut ada = Person::start(&test, "ada@contoso.com").await;
    ada.choose("email").await;
    let mut other = Person::start(&test, "eve@contoso.com").await;
    other.choose("email").await;
    let code = test.code_for("ada@home.example").await;
    other.code(&code).await;
    assert!(matches!(other.notice, Some(Notice::WrongCode { .. })));
    assert_eq!(stored_password(&test, &eve).await, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn s02_administrators_pass_two_gates_whatever_the_tenant_says() {
    let test = TestApp::sqlite().await;
    let contoso = Organisation::create(&test, "contoso.com", open_settings(1)).await;
    contoso
        .person(&test, "root@contoso.com", |user| {
            user.roles = vec![latchkey_core::model::Role::GlobalAdministrator];
        })
        .await;
    let mut person = Person::start(&test, "root@contoso.com").await;
    assert_eq!(person.view.steps, 4);
    assert!(!person.offered().contains(&"questions"));
    person.choose("email").await;
    let code = test.code_for("root@home.example").await;
    person.code(&code).await;
    assert!(matches!(person.view.page, Page::Choose { .. }));
}

#[tokio::test(flavor = "multi_thread")]
async fn s03_a_policy_raised_in_mid_flow_asks_for_the_second_gate() {
    both(async |test| {
        let contoso = Organisation::create(&test, "contoso.com", open_settings(1)).await;
        let ada = contoso.person(&test, "ada@contoso.com", |_| {}).await;
        let mut person = Person::start(&test, "ada@contoso.com").await;
        person.choose("email").await;
        let code = test.code_for("ada@home.example").await;
        person.code(&code).await;
        assert!(matches!(person.view.page, Page::NewPassword { .. }));
        contoso.set(&test, open_settings(2)).await;
        person.password(GOOD, GOOD).await;
        assert_eq!(stored_password(&test, &ada).await, None);
        person.reload().await;
        assert_eq!(person.offered(), ["sms", "mobile_call"]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn s03_a_gate_taken_out_of_the_policy_counts_no_more() {
    let test = TestApp::sqlite().await;
    let contoso = Organisation::create(&test, "contoso.com", open_settings(1)).await;
    let ada = contoso.person(&test, "ada@contoso.com", |_| {}).await;
    let mut person = Person::start(&test, "ada@contoso.com").await;
    person.choose("email").await;
    let code = test.code_for("ada@home.example").await;
    person.code(&code).await;
    let mut settings = open_settings(1);
    settings.reset.methods = [Gate::Sms].into();
    contoso.set(&test, settings).await;
    person.password(GOOD, GOOD).await;
    person.reload().await;
    assert_eq!(person.offered(), ["sms"]);
    assert_eq!(stored_password(&test, &ada).await, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn s03_an_account_disabled_or_deleted_in_mid_flow_ends_the_flow() {
    both(async |test| {
        let contoso = Organisation::create(&test, "contoso.com", open_settings(1)).await;
        for delete in [false, true] {
            let upn = if delete {
                "del@contoso.com"
            } else {
                "dis@contoso.com"
            };
            let user = contoso.person(&test, upn, |_| {}).await;
            let mut person = Person::start(&test, upn).await;
            person.choose("email").await;
            let code = test.code_for(&user.other_mails[0]).await;
            person.code(&code).await;
            let (tenant, id) = (user.tenant, user.id);
            test.app
                .db()
                .write(async |mut tx| {
                    if delete {
                        accounts::delete(&mut tx, tenant, id).await
                    } else {
                        accounts::set_enabled(&mut tx, tenant, id, false).await
                    }
                })
                .await
                .unwrap();
            let secret = || Secret::new(GOOD.to_owned());
            let version = person.view.version;
            let outcome = reset::password(
                &test.app,
                &person.ctx,
                &person.cookie,
                version,
                &secret(),
                &secret(),
            )
            .await
            .unwrap();
            match outcome {
                None => assert!(delete),
                Some(Outcome { view, .. }) => {
                    assert!(!delete);
                    assert!(
                        matches!(view.page, Page::Ended(Ended::Expired)),
                        "{:?}",
                        view.page
                    );
                }
            }
            assert_eq!(stored_password(&test, &user).await, None);
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn s04_the_cookie_changes_with_every_gate_and_the_old_one_is_dead() {
    let test = TestApp::sqlite().await;
    let contoso = Organisation::create(&test, "contoso.com", open_settings(2)).await;
    contoso.person(&test, "ada@contoso.com", |_| {}).await;
    let mut person = Person::start(&test, "ada@contoso.com").await;
    let first = person.cookie.clone();
    person.choose("email").await;
    let code = test.code_for("ada@home.example").await;
    person.code(&code).await;
    assert_ne!(first, person.cookie);
    assert!(
        reset::view(&test.app, &person.ctx, &first)
            .await
            .unwrap()
            .is_none()
    );
    let id = Secret::new(person.view.session.to_string());
    assert!(
        reset::view(&test.app, &person.ctx, &id)
            .await
            .unwrap()
            .is_none(),
        "an id is no cookie"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn s05_a_reset_changes_no_other_factor_and_signs_nobody_in() {
    let test = TestApp::sqlite().await;
    let contoso = Organisation::create(&test, "contoso.com", open_settings(1)).await;
    let before = contoso.person(&test, "ada@contoso.com", |_| {}).await;
    let mut person = Person::start(&test, "ada@contoso.com").await;
    person.choose("email").await;
    let code = test.code_for("ada@home.example").await;
    person.code(&code).await;
    let cookie = person.cookie.clone();
    person.password(GOOD, GOOD).await;
    let (tenant, id) = (before.tenant, before.id);
    let after = test
        .app
        .db()
        .read(async |mut tx| accounts::get(&mut tx, tenant, id).await)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(after.other_mails, before.other_mails);
    assert_eq!(after.mobile_phone, before.mobile_phone);
    assert_eq!(after.version, before.version + 1);
    // What is left of the session shows its end and does nothing more.
    person.cookie = cookie;
    person
        .password("another 1 For Eve", "another 1 For Eve")
        .await;
    assert!(matches!(
        person.view.page,
        Page::Ended(Ended::Succeeded { .. })
    ));
    assert_eq!(
        reasons(&test, &contoso)
            .await
            .iter()
            .filter(|r| *r == "succeeded.reset")
            .count(),
        1
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn s07_200_concurrent_submissions_of_one_right_code_give_one_success() {
    both(async |test| {
        let contoso = Organisation::create(&test, "contoso.com", open_settings(1)).await;
        contoso.person(&test, "ada@contoso.com", |_| {}).await;
        let mut person = Person::start(&test, "ada@contoso.com").await;
        person.choose("email").await;
        let code = Arc::new(test.code_for("ada@home.example").await);
        let mut tasks = tokio::task::JoinSet::new();
        for _ in 0..200 {
            let (app, ctx, cookie) = (test.app.clone(), test.ctx(), person.cookie.clone());
            let (version, code) = (person.view.version, Arc::clone(&code));
            tasks.spawn(async move { reset::code(&app, &ctx, &cookie, version, &code).await });
        }
        let mut successes = 0;
        while let Some(done) = tasks.join_next().await {
            match done.unwrap() {
                Ok(Some(Outcome {
                    cookie: Some(_),
                    notice: None,
                    ..
                })) => successes += 1,
                // The others come too late: their cookie is gone, or their page is out of date.
                Ok(
                    None
                    | Some(Outcome {
                        notice: Some(Notice::OutOfDate),
                        ..
                    }),
                ) => {}
                Ok(Some(Outcome { view, notice, .. })) => panic!("{:?} {notice:?}", view.page),
                Err(error) => panic!("{}", error.chain()),
            }
        }
        assert_eq!(successes, 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn s07_two_tabs_cannot_both_set_a_password() {
    both(async |test| {
        let contoso = Organisation::create(&test, "contoso.com", open_settings(1)).await;
        contoso.person(&test, "ada@contoso.com", |_| {}).await;
        let mut person = Person::start(&test, "ada@contoso.com").await;
        person.choose("email").await;
        let code = test.code_for("ada@home.example").await;
        person.code(&code).await;
        let mut tasks = tokio::task::JoinSet::new();
        for n in 0..20 {
            let (app, ctx, cookie) = (test.app.clone(), test.ctx(), person.cookie.clone());
            let version = person.view.version;
            tasks.spawn(async move {
                let new = Secret::new(format!("tab {n} new Passw0rt!"));
                reset::password(&app, &ctx, &cookie, version, &new, &new).await
            });
        }
        while let Some(done) = tasks.join_next().await {
            if let Err(error) = done.unwrap() {
                panic!("{}", error.chain());
            }
        }
        let reasons = reasons(&test, &contoso).await;
        assert_eq!(
            reasons
                .iter()
                .filter(|reason| *reason == "succeeded.reset")
                .count(),
            1
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn s09_a_reset_ends_every_other_session_of_the_user() {
    both(async |test| {
        let contoso = Organisation::create(&test, "contoso.com", open_settings(1)).await;
        contoso.person(&test, "ada@contoso.com", |_| {}).await;
        let mut thief = Person::start(&test, "ada@contoso.com").await;
        thief.choose("email").await;
        let stolen = test.code_for("ada@home.example").await;
        let mut ada = Person::start(&test, "ada@contoso.com").await;
        ada.choose("email").await;
        let code = test.code_for("ada@home.example").await;
        ada.code(&code).await;
        ada.password(GOOD, GOOD).await;
        assert!(matches!(
            ada.view.page,
            Page::Ended(Ended::Succeeded { .. })
        ));
        thief.code(&stolen).await;
        assert!(
            matches!(thief.view.page, Page::Ended(Ended::Expired)),
            "{:?}",
            thief.view.page
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn s09_a_stranger_who_starts_a_reset_does_not_void_the_owners_code() {
    let test = TestApp::sqlite().await;
    let contoso = Organisation::create(&test, "contoso.com", open_settings(1)).await;
    contoso.person(&test, "ada@contoso.com", |_| {}).await;
    let mut ada = Person::start(&test, "ada@contoso.com").await;
    ada.choose("email").await;
    let code = test.code_for("ada@home.example").await;
    let mut stranger = Person::start(&test, "ada@contoso.com").await;
    stranger.choose("email").await;
    test.clock.advance(Duration::from_secs(10));
    stranger.again().await;
    ada.code(&code).await;
    assert!(matches!(ada.view.page, Page::NewPassword { .. }));
}

#[tokio::test(flavor = "multi_thread")]
async fn s13_codes_tokens_and_passwords_are_nowhere_in_the_database() {
    let test = TestApp::sqlite().await;
    let contoso = Organisation::create(&test, "contoso.com", open_settings(1)).await;
    contoso.person(&test, "ada@contoso.com", |_| {}).await;
    let mut person = Person::start(&test, "ada@contoso.com").await;
    let cookie = person.cookie.clone();
    person.choose("email").await;
    let code = test.code_for("ada@home.example").await;
    person.code(&code).await;
    person.password("abc", "abc").await;
    person.password(GOOD, GOOD).await;
    let mail = test.newest_to("ada@home.example").await.unwrap();
    let token = mail.text.split("/not-me#").nth(1).unwrap();
    let token: String = token
        .chars()
        .take_while(char::is_ascii_alphanumeric)
        .collect();
    assert_eq!(token.len(), 32, "160 bits in base 32");
    let file = test.file.clone().unwrap();
    let mut stored = Vec::new();
    for name in [file.clone(), file.with_extension("db-wal")] {
        stored.extend(std::fs::read(name).unwrap_or_default());
    }
    assert!(stored.len() > 10_000);
    let contains = |needle: &str| stored.windows(needle.len()).any(|w| w == needle.as_bytes());
    assert!(
        contains("ada@contoso.com"),
        "the search finds what is there"
    );
    for secret in [cookie.expose(), person.cookie.expose(), &code, GOOD, &token] {
        assert!(!contains(secret), "{secret} is in the database");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn s14_a_code_goes_only_to_what_is_on_file() {
    let test = TestApp::sqlite().await;
    let contoso = Organisation::create(&test, "contoso.com", open_settings(1)).await;
    contoso.person(&test, "ada@contoso.com", |_| {}).await;
    let mut person = Person::start(&test, "ada@contoso.com").await;
    for hostile in [
        "eve@evil.example",
        "email,eve@evil.example",
        "",
        "passkey",
        "office_call",
    ] {
        person.choose(hostile).await;
        assert_eq!(person.notice, Some(Notice::ChooseOne), "{hostile}");
    }
    person.choose("sms").await;
    person.number("+31687654321").await;
    assert_eq!(person.notice, Some(Notice::WrongNumber { left: 4 }));
    person.number("not a number").await;
    assert_eq!(person.notice, Some(Notice::Unreadable));
    assert!(test.messages().await.is_empty());
    let refused = crate::flow::steps(&test, &contoso).await;
    let refused = refused
        .iter()
        .filter(|step| *step == "input refused")
        .count();
    assert_eq!(refused, 4, "each is on record");
    person.number("+31612345678").await;
    let sent = test.messages().await;
    assert_eq!(sent.len(), 1);
    assert_eq!(sent[0].to, "+31612345678");
}
