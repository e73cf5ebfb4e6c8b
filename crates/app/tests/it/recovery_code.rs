//! The gate that takes recovery codes: each once, and each only from its owner.

use std::sync::Arc;
use std::time::Duration;

use latchkey_app::admin;
use latchkey_app::reset::{self, Ended, Notice, Page};
use latchkey_core::model::Role;
use latchkey_core::reset::Gate;
use latchkey_core::settings::Settings;
use latchkey_store::methods::{self, MethodKind};
use latchkey_testkit::seed::{Organisation, open_settings};
use latchkey_testkit::{Person, TestApp, both};
use latchkey_types::{TenantId, UserId};

use crate::flow::{decoy_that_offers, reasons, steps, stored_password};

const GOOD: &str = "a brand new Passw0rt!";

const CODES: [&str; 3] = [
    "0A1B-2C3D-4E5F-6G7H-8J9K-MNPQ",
    "QPNM-K9J8-H7G6-F5E4-D3C2-B1A0",
    "7777-7777-7777-7777-7777-7777",
];

const FOREIGN: &str = "ZZZZ-YYYY-XXXX-WWWW-VVVV-TTTT";

fn only_codes() -> Settings {
    let mut settings = open_settings(1);
    settings.reset.methods = [Gate::RecoveryCode].into();
    settings
}

async fn give(test: &TestApp, upn: &str, codes: &[&str]) {
    admin::seed::give_recovery_codes(&test.app, upn, codes)
        .await
        .unwrap();
}

async fn left(test: &TestApp, tenant: TenantId, user: UserId) -> usize {
    let rows = test
        .app
        .db()
        .read(async |mut tx| methods::list_for_user(&mut tx, tenant, user).await)
        .await
        .unwrap();
    rows.iter()
        .filter(|row| row.kind == MethodKind::RecoveryCode)
        .count()
}

async fn at_gate(test: &TestApp, upn: &str) -> Person {
    let mut person = Person::start(test, upn).await;
    person.choose("recovery_code").await;
    assert!(matches!(person.view.page, Page::RecoveryCode));
    person
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_works_once_however_it_is_typed_and_its_owner_is_told() {
    both(async |test| {
        let contoso = Organisation::create(&test, "contoso.com", only_codes()).await;
        let ada = contoso
            .person(&test, "ada@contoso.com", |user| {
                user.mail = Some("ada@contoso.com".into());
            })
            .await;
        give(&test, "ada@contoso.com", &CODES).await;
        let mut person = at_gate(&test, "ada@contoso.com").await;
        // In lower case, without dashes, with what looks like a digit.
        person.recovery_code(" oa1b 2c3d4e5f - 6g7h8j9kmnpq ").await;
        assert!(matches!(person.view.page, Page::NewPassword { .. }));
        for address in ["ada@contoso.com", "ada@home.example"] {
            let mail = test.newest_to(address).await.expect("a mail to the owner");
            assert_eq!(mail.subject, "contoso: one of your recovery codes was used");
            assert!(mail.text.contains("2 recovery codes left"), "{}", mail.text);
            assert!(mail.text.contains("203.0.113.7"), "{}", mail.text);
            assert!(!mail.text.contains("0A1B"), "{}", mail.text);
        }
        person.password(GOOD, GOOD).await;
        assert!(stored_password(&test, &ada).await.is_some());
        // The same code again, in another session.
        let mut again = at_gate(&test, "ada@contoso.com").await;
        again.recovery_code(CODES[0]).await;
        assert_eq!(again.notice, Some(Notice::WrongCode { left: 4 }));
        again.recovery_code(CODES[1]).await;
        assert!(matches!(again.view.page, Page::NewPassword { .. }));
        assert_eq!(left(&test, contoso.id(), ada.id).await, 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_used_code_stays_used_when_the_reset_is_abandoned() {
    both(async |test| {
        let contoso = Organisation::create(&test, "contoso.com", only_codes()).await;
        let ada = contoso.person(&test, "ada@contoso.com", |_| {}).await;
        give(&test, "ada@contoso.com", &CODES).await;
        let mut person = at_gate(&test, "ada@contoso.com").await;
        person.recovery_code(CODES[0]).await;
        person.cancel().await;
        let mut again = at_gate(&test, "ada@contoso.com").await;
        again.recovery_code(CODES[0]).await;
        assert_eq!(again.notice, Some(Notice::WrongCode { left: 4 }));
        assert_eq!(left(&test, contoso.id(), ada.id).await, 2);
        assert_eq!(stored_password(&test, &ada).await, None);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_code_leads_to_a_new_password_and_then_the_gate_is_gone() {
    both(async |test| {
        for (name, required) in [("one.example", 1), ("two.example", 2)] {
            let mut settings = open_settings(required);
            settings.reset.methods = [Gate::Email, Gate::RecoveryCode].into();
            let tenant = Organisation::create(&test, name, settings).await;
            let upn = format!("ada@{name}");
            let ada = tenant.person(&test, &upn, |_| {}).await;
            give(&test, &upn, &CODES[..1]).await;
            let mut person = at_gate(&test, &upn).await;
            person.recovery_code(CODES[0]).await;
            let mail = test.newest_to("ada@home.example").await.expect("a mail");
            assert!(mail.text.contains("no recovery codes left"));
            if required == 2 {
                assert_eq!(person.offered(), ["email"]);
                person.choose("email").await;
                let code = test.code_for("ada@home.example").await;
                person.code(&code).await;
            }
            person.reload().await;
            assert!(matches!(person.view.page, Page::NewPassword { .. }));
            person.password(GOOD, GOOD).await;
            assert!(stored_password(&test, &ada).await.is_some(), "{name}");
            let next = Person::start(&test, &upn).await;
            assert!(!next.offered().contains(&"recovery_code"));
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn s11_the_fifth_wrong_code_blocks_the_gate_for_24_hours() {
    both(async |test| {
        let contoso = Organisation::create(&test, "contoso.com", only_codes()).await;
        let ada = contoso.person(&test, "ada@contoso.com", |_| {}).await;
        give(&test, "ada@contoso.com", &CODES).await;
        let mut person = at_gate(&test, "ada@contoso.com").await;
        for typed in ["", "0000", "12345678", "not a code at all, but as long"] {
            person.recovery_code(typed).await;
            assert_eq!(person.notice, Some(Notice::Unreadable), "{typed} is no try");
        }
        for left in [4, 3, 2, 1] {
            person.recovery_code(FOREIGN).await;
            assert_eq!(person.notice, Some(Notice::WrongCode { left }));
        }
        person.recovery_code(FOREIGN).await;
        assert!(matches!(
            person.view.page,
            Page::Ended(Ended::Blocked {
                gate: Some(Gate::RecoveryCode),
                ..
            })
        ));
        assert!(
            reasons(&test, &contoso)
                .await
                .contains(&"blocked.recovery_code".to_owned())
        );
        test.clock
            .advance(Duration::from_secs(24 * 60 * 60) - Duration::from_secs(1));
        let blocked = Person::start(&test, "ada@contoso.com").await;
        assert!(matches!(
            blocked.view.page,
            Page::Ended(Ended::Blocked { .. })
        ));
        test.clock.advance(Duration::from_secs(1));
        let mut person = at_gate(&test, "ada@contoso.com").await;
        person.recovery_code(CODES[2]).await;
        assert!(matches!(person.view.page, Page::NewPassword { .. }));
        assert_eq!(left(&test, contoso.id(), ada.id).await, 2);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn s11_four_wrong_codes_and_a_right_one_pass() {
    let test = TestApp::sqlite().await;
    let contoso = Organisation::create(&test, "contoso.com", only_codes()).await;
    contoso.person(&test, "ada@contoso.com", |_| {}).await;
    give(&test, "ada@contoso.com", &CODES).await;
    let mut person = at_gate(&test, "ada@contoso.com").await;
    for _ in 0..4 {
        person.recovery_code(FOREIGN).await;
    }
    person.recovery_code(CODES[0]).await;
    assert!(matches!(person.view.page, Page::NewPassword { .. }));
    let steps = steps(&test, &contoso).await;
    assert_eq!(
        steps.iter().filter(|step| *step == "gate failed").count(),
        4
    );
    assert_eq!(
        steps.iter().filter(|step| *step == "gate passed").count(),
        1
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn s07_of_200_submissions_of_one_code_at_once_one_passes() {
    both(async |test| {
        let contoso = Organisation::create(&test, "contoso.com", only_codes()).await;
        let ada = contoso.person(&test, "ada@contoso.com", |_| {}).await;
        give(&test, "ada@contoso.com", &CODES).await;
        // As many sessions as an hour allows, each with 40 browsers.
        let mut sessions = Vec::new();
        for _ in 0..5 {
            sessions.push(at_gate(&test, "ada@contoso.com").await);
        }
        let app = Arc::new(test.app.clone());
        let mut tasks = tokio::task::JoinSet::new();
        for n in 0..200 {
            let person = &sessions[n % 5];
            let (app, ctx) = (Arc::clone(&app), person.ctx.clone());
            let (cookie, version) = (person.cookie.clone(), person.view.version);
            tasks.spawn(async move {
                reset::recovery_code(&app, &ctx, &cookie, version, CODES[0]).await
            });
        }
        let mut passed = 0;
        while let Some(done) = tasks.join_next().await {
            if let Some(outcome) = done.unwrap().unwrap()
                && outcome.notice.is_none()
                && matches!(outcome.view.page, Page::NewPassword { .. })
            {
                passed += 1;
            }
        }
        assert_eq!(passed, 1);
        assert_eq!(left(&test, contoso.id(), ada.id).await, 2);
        let mails = test.messages().await;
        let told = mails
            .iter()
            .filter(|mail| mail.subject.contains("recovery"));
        assert_eq!(told.count(), 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_of_another_user_or_tenant_is_wrong_and_stays_unused() {
    both(async |test| {
        let contoso = Organisation::create(&test, "contoso.com", only_codes()).await;
        let fabrikam = Organisation::create(&test, "fabrikam.com", only_codes()).await;
        contoso.person(&test, "ada@contoso.com", |_| {}).await;
        let bo = contoso.person(&test, "bo@contoso.com", |_| {}).await;
        let cleo = fabrikam.person(&test, "cleo@fabrikam.com", |_| {}).await;
        give(&test, "ada@contoso.com", &CODES[..1]).await;
        give(&test, "bo@contoso.com", &CODES[1..2]).await;
        give(&test, "cleo@fabrikam.com", &CODES[2..]).await;
        let mut person = at_gate(&test, "ada@contoso.com").await;
        for (typed, left) in [(CODES[1], 4), (CODES[2], 3)] {
            person.recovery_code(typed).await;
            assert_eq!(person.notice, Some(Notice::WrongCode { left }));
        }
        assert_eq!(left(&test, contoso.id(), bo.id).await, 1);
        assert_eq!(left(&test, fabrikam.id(), cleo.id).await, 1);
        // What was stored for one is worth nothing to another, even in the same words.
        give(&test, "bo@contoso.com", &CODES[..1]).await;
        person.recovery_code(CODES[0]).await;
        assert!(matches!(person.view.page, Page::NewPassword { .. }));
        assert_eq!(left(&test, contoso.id(), bo.id).await, 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn s02_administrators_are_never_offered_recovery_codes() {
    let test = TestApp::sqlite().await;
    let mut settings = open_settings(2);
    settings.reset.methods.insert(Gate::RecoveryCode);
    let contoso = Organisation::create(&test, "contoso.com", settings).await;
    let root = contoso
        .administrator(&test, "root@contoso.com", Role::GlobalAdministrator)
        .await;
    give(&test, "root@contoso.com", &CODES).await;
    let mut person = Person::start(&test, "root@contoso.com").await;
    assert!(!person.offered().is_empty());
    assert!(!person.offered().contains(&"recovery_code"));
    person.choose("recovery_code").await;
    assert_eq!(person.notice, Some(Notice::ChooseOne));
    person.recovery_code(CODES[0]).await;
    assert_eq!(person.notice, Some(Notice::OutOfDate));
    assert_eq!(left(&test, contoso.id(), root.id).await, 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_of_the_account_or_the_policy_uses_up_no_code() {
    let test = TestApp::sqlite().await;
    let mut settings = open_settings(1);
    settings.reset.methods = [Gate::Email, Gate::RecoveryCode].into();
    let contoso = Organisation::create(&test, "contoso.com", settings.clone()).await;
    let ada = contoso.person(&test, "ada@contoso.com", |_| {}).await;
    give(&test, "ada@contoso.com", &CODES).await;
    let mut person = at_gate(&test, "ada@contoso.com").await;
    settings.reset.methods = [Gate::Email].into();
    let contoso = contoso.set(&test, settings.clone()).await;
    person.recovery_code(CODES[0]).await;
    assert_eq!(person.offered(), ["email"]);
    settings.reset.methods.insert(Gate::RecoveryCode);
    let contoso = contoso.set(&test, settings).await;
    let mut person = at_gate(&test, "ada@contoso.com").await;
    let ctx = admin::operator(&test.app);
    let values = [(admin::methods::Private::Phone, "+31612345699".to_owned())];
    admin::methods::set_private(&test.app, &ctx, "ada@contoso.com", &values)
        .await
        .unwrap();
    person.recovery_code(CODES[0]).await;
    assert!(matches!(person.view.page, Page::Ended(Ended::Expired)));
    assert_eq!(left(&test, contoso.id(), ada.id).await, 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn s17_a_decoy_is_answered_like_an_account_and_takes_no_code() {
    both(async |test| {
        let mut settings = open_settings(1);
        settings.reset.methods = [Gate::Email, Gate::RecoveryCode].into();
        let contoso = Organisation::create(&test, "contoso.com", settings).await;
        contoso.person(&test, "somebody@contoso.com", |_| {}).await;
        give(&test, "somebody@contoso.com", &CODES).await;
        let decoy = decoy_that_offers(&test, &["email", "recovery_code"]).await;
        let mut seen = Vec::new();
        for name in ["somebody@contoso.com", decoy.as_str()] {
            let mut lines = Vec::new();
            let mut before = test.app.db().statements();
            let mut note = |person: &Person| {
                let now = test.app.db().statements();
                let page = match &person.view.page {
                    // When a block ends is a matter of when it began, and masks are of different people.
                    Page::Ended(Ended::Blocked { gate, .. }) => format!("{gate:?}"),
                    Page::Choose { options, .. } => format!("{:?}", options.len()),
                    other => format!("{other:?}"),
                };
                lines.push((now - before, page, person.notice.clone()));
                before = now;
            };
            let mut person = Person::start(&test, name).await;
            note(&person);
            person.choose("recovery_code").await;
            note(&person);
            person.reload().await;
            note(&person);
            person.recovery_code("letters").await;
            note(&person);
            for _ in 0..5 {
                person.recovery_code(FOREIGN).await;
                note(&person);
            }
            assert!(matches!(
                person.view.page,
                Page::Ended(Ended::Blocked { .. })
            ));
            seen.push(lines);
        }
        assert_eq!(seen[0], seen[1]);
    })
    .await;
}
