//! Changing a password that is known, and passwords that expire.

use std::time::Duration;

use latchkey_app::change::{self, Notice, Outcome, Page};
use latchkey_app::{Ctx, admin, expiry};
use latchkey_core::model::{Managed, User};
use latchkey_core::password::Violation;
use latchkey_core::settings::Settings;
use latchkey_core::sign_in::MustChange;
use latchkey_store::{StoreError, accounts};
use latchkey_testkit::seed::{Organisation, open_settings, set_password};
use latchkey_testkit::{Arrival, Person, TestApp, both};
use latchkey_types::Secret;

use crate::sign_in::{RIGHT, ada, at, events, is_signed_in, sign_in};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
const NEW: &str = "quite another Passw0rd?";

fn secret(text: &str) -> Secret<String> {
    Secret::new(text.to_owned())
}

async fn change_in(
    test: &TestApp,
    ctx: &Ctx,
    cookie: &Secret<String>,
    current: &str,
    new: &str,
) -> Option<Outcome> {
    let (current, new, confirm) = (secret(current), secret(new), secret(new));
    change::change(&test.app, ctx, cookie, &current, &new, &confirm)
        .await
        .expect("no failure")
}

async fn change(test: &TestApp, cookie: &Secret<String>, current: &str, new: &str) -> Outcome {
    let outcome = change_in(test, &test.ctx(), cookie, current, new).await;
    outcome.expect("somebody signed in")
}

fn notice(outcome: Outcome) -> Notice {
    match outcome {
        Outcome::Again(notice) => notice,
        Outcome::Changed { .. } => panic!("it was changed"),
    }
}

fn cookie(outcome: Outcome) -> Secret<String> {
    match outcome {
        Outcome::Changed { cookie, .. } => cookie,
        Outcome::Again(notice) => panic!("it was not changed: {notice:?}"),
    }
}

/// Contoso with a policy for passwords, and Ada in it.
pub(crate) async fn contoso(
    test: &TestApp,
    set: impl FnOnce(&mut Settings),
) -> (Organisation, User) {
    let mut settings = open_settings(1);
    set(&mut settings);
    let contoso = Organisation::create(test, "contoso.com", settings).await;
    let ada = contoso.person(test, "ada@contoso.com", |_| {}).await;
    set_password(test, &ada, RIGHT).await;
    (contoso, ada)
}

pub(crate) async fn update(test: &TestApp, user: &User, set: impl Fn(&mut User)) {
    test.app
        .db()
        .write(async |mut tx| {
            let tx = &mut tx;
            let mut found = accounts::get(tx, user.tenant, user.id).await?.unwrap();
            let version = found.version;
            set(&mut found);
            assert!(accounts::set_attributes(tx, user.tenant, user.id, version, &found).await?);
            Ok::<_, StoreError>(())
        })
        .await
        .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_needs_the_present_password_and_ends_every_other_session() {
    both(async |test| {
        ada(&test).await;
        let here = sign_in(&test, "ada@contoso.com").await.session().clone();
        let elsewhere = sign_in(&test, "ada@contoso.com").await.session().clone();
        assert_eq!(
            notice(change(&test, &here, "wrong", NEW).await),
            Notice::WrongCurrent
        );
        assert_eq!(
            notice(change(&test, &here, "", NEW).await),
            Notice::NoCurrent
        );
        assert_eq!(notice(change(&test, &here, RIGHT, "").await), Notice::NoNew);
        let (old, new, other) = (secret(RIGHT), secret(NEW), secret("something else"));
        let differ = change::change(&test.app, &test.ctx(), &here, &old, &new, &other).await;
        assert_eq!(notice(differ.unwrap().unwrap()), Notice::Differ);
        assert!(is_signed_in(&test.app, &elsewhere).await);

        let after = cookie(change(&test, &here, RIGHT, NEW).await);
        assert!(is_signed_in(&test.app, &after).await);
        // The cookie changed with the password (threat S4), and all others are worth nothing.
        assert!(!is_signed_in(&test.app, &here).await);
        assert!(!is_signed_in(&test.app, &elsewhere).await);
        let mut arrival = Arrival::start(&test, "ada@contoso.com").await;
        arrival.password(RIGHT).await;
        assert!(!arrival.is_in());
        arrival.password(NEW).await;
        assert!(arrival.is_in());
        // The owner is told, with the way to say that it was somebody else.
        let mail = test.newest_to("ada@home.example").await.expect("a notice");
        assert_eq!(mail.subject, "contoso: your password was changed");
        assert!(mail.text.contains("/not-me#"));
        for secret in [RIGHT, NEW] {
            assert!(!mail.text.contains(secret));
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_changes_a_password_without_a_session() {
    let test = TestApp::sqlite().await;
    ada(&test).await;
    let stranger = secret("0123456789abcdefghjkmnpqrstvwxyz");
    let outcome = change_in(&test, &test.ctx(), &stranger, RIGHT, NEW).await;
    assert!(outcome.is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn two_tabs_change_a_password_once() {
    both(async |test| {
        ada(&test).await;
        let here = sign_in(&test, "ada@contoso.com").await.session().clone();
        let ctx = test.ctx();
        let (first, second) = tokio::join!(
            change_in(&test, &ctx, &here, RIGHT, "one of the Tw0 passwords"),
            change_in(&test, &ctx, &here, RIGHT, "the other of the Tw0"),
        );
        let changed = [first, second]
            .into_iter()
            .filter(|outcome| matches!(outcome, Some(Outcome::Changed { .. })))
            .count();
        assert_eq!(changed, 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_present_passwords_count_towards_the_lock_of_signing_in() {
    both(async |test| {
        let (contoso, _) = ada(&test).await;
        let here = sign_in(&test, "ada@contoso.com").await.session().clone();
        for number in 1..10 {
            let typed = format!("wrong {number}");
            let said = notice(change(&test, &here, &typed, NEW).await);
            assert_eq!(said, Notice::WrongCurrent, "{number}");
        }
        // The same wrong one again does not count.
        let said = notice(change(&test, &here, "wrong 9", NEW).await);
        assert_eq!(said, Notice::WrongCurrent);
        let said = notice(change(&test, &here, "wrong 10", NEW).await);
        assert!(matches!(said, Notice::Locked { .. }), "{said:?}");
        // The right one is not looked at, here and at the sign-in page.
        let said = notice(change(&test, &here, RIGHT, NEW).await);
        assert!(matches!(said, Notice::Locked { .. }), "{said:?}");
        let mut arrival = Arrival::start(&test, "ada@contoso.com").await;
        arrival.password(RIGHT).await;
        assert!(!arrival.is_in());
        // From a network that the owner never used there is another counter.
        let elsewhere = at(&test, "198.51.100.9");
        let outcome = change_in(&test, &elsewhere, &here, "wrong 11", NEW).await;
        assert_eq!(notice(outcome.unwrap()), Notice::WrongCurrent);
        let locks = events(&test, contoso.id()).await;
        let locks = locks
            .iter()
            .filter(|(name, _)| *name == "Lock account after failed sign-ins");
        assert_eq!(locks.count(), 1);
        test.clock.advance(Duration::from_secs(60));
        cookie(change(&test, &here, RIGHT, NEW).await);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_present_password_may_not_be_used_again_whatever_the_history() {
    for history in [0, 1] {
        let test = TestApp::sqlite().await;
        contoso(&test, |settings| settings.password.history = history).await;
        let here = sign_in(&test, "ada@contoso.com").await.session().clone();
        let said = notice(change(&test, &here, RIGHT, RIGHT).await);
        assert!(
            matches!(&said, Notice::Refused(found) if found.iter().any(|v| matches!(v, Violation::Reused))),
            "{said:?}"
        );
        // The one before may, with so short a memory.
        let here = cookie(change(&test, &here, RIGHT, NEW).await);
        cookie(change(&test, &here, NEW, RIGHT).await);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_passwords_of_the_history_may_not_be_used_again_and_the_one_before_may() {
    let test = TestApp::sqlite().await;
    contoso(&test, |settings| settings.password.history = 3).await;
    let mut here = sign_in(&test, "ada@contoso.com").await.session().clone();
    let words = [
        "first Passw0rd of it",
        "second Passw0rd of it",
        "third Passw0rd of it",
    ];
    let mut current = RIGHT;
    for word in words {
        here = cookie(change(&test, &here, current, word).await);
        current = word;
        // Two passwords of one moment have no order.
        test.clock.advance(Duration::from_secs(1));
    }
    for word in words {
        let said = notice(change(&test, &here, current, word).await);
        assert!(matches!(said, Notice::Refused(_)), "{word}");
    }
    cookie(change(&test, &here, current, RIGHT).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_says_every_rule_at_once_and_changes_nothing() {
    let test = TestApp::sqlite().await;
    ada(&test).await;
    let here = sign_in(&test, "ada@contoso.com").await.session().clone();
    let Notice::Refused(found) = notice(change(&test, &here, RIGHT, "short").await) else {
        panic!("it was not refused")
    };
    assert!(found.len() >= 2, "{found:?}");
    assert!(is_signed_in(&test.app, &here).await);
    sign_in(&test, "ada@contoso.com").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_is_kept_for_the_minimum_age_unless_it_has_to_be_changed() {
    let test = TestApp::sqlite().await;
    let (_, ada) = contoso(&test, |settings| settings.password.min_age_days = 2).await;
    let here = sign_in(&test, "ada@contoso.com").await.session().clone();
    let view = change::view(&test.app, &here).await.unwrap().unwrap();
    assert!(matches!(view.page, Page::TooYoung { .. }));
    assert_eq!(notice(change(&test, &here, RIGHT, NEW).await), Notice::Not);
    // One microsecond before the two days are over, and then when they are.
    test.clock.advance(2 * DAY - Duration::from_micros(1));
    let here = sign_in(&test, "ada@contoso.com").await.session().clone();
    assert_eq!(notice(change(&test, &here, RIGHT, NEW).await), Notice::Not);
    test.clock.advance(Duration::from_micros(1));
    cookie(change(&test, &here, RIGHT, NEW).await);
    // A temporary password is changed at once.
    set_password(&test, &ada, RIGHT).await;
    update(&test, &ada, |user| user.must_change_password = true).await;
    let here = sign_in(&test, "ada@contoso.com").await.session().clone();
    let view = change::view(&test.app, &here).await.unwrap().unwrap();
    assert_eq!(view.why, Some(MustChange::ByAdministrator));
    cookie(change(&test, &here, RIGHT, NEW).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_that_is_kept_elsewhere_is_not_changed_here() {
    let test = TestApp::sqlite().await;
    let (_, ada) = ada(&test).await;
    let here = sign_in(&test, "ada@contoso.com").await.session().clone();
    update(&test, &ada, |user| user.managed = Managed::PassThrough).await;
    let view = change::view(&test.app, &here).await.unwrap().unwrap();
    assert!(matches!(view.page, Page::Elsewhere));
    assert_eq!(notice(change(&test, &here, RIGHT, NEW).await), Notice::Not);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_expired_password_leads_to_its_change_and_one_that_never_expires_does_not() {
    let test = TestApp::sqlite().await;
    let (_, ada) = contoso(&test, |s| s.password.expires_after_days = Some(90)).await;
    test.clock.advance(90 * DAY - Duration::from_micros(1));
    let here = sign_in(&test, "ada@contoso.com").await.session().clone();
    let why =
        async |cookie: &Secret<String>| change::view(&test.app, cookie).await.unwrap().unwrap().why;
    assert_eq!(why(&here).await, None);
    test.clock.advance(Duration::from_micros(1));
    assert_eq!(why(&here).await, Some(MustChange::Expired));
    update(&test, &ada, |user| user.password_never_expires = true).await;
    let here = sign_in(&test, "ada@contoso.com").await.session().clone();
    assert_eq!(why(&here).await, None);
    update(&test, &ada, |user| user.password_never_expires = false).await;
    assert_eq!(why(&here).await, Some(MustChange::Expired));
    let here = cookie(change(&test, &here, RIGHT, NEW).await);
    assert_eq!(why(&here).await, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn owners_are_told_on_the_first_day_and_at_7_3_and_1_days_once_each() {
    both(async |test| {
        contoso(&test, |s| s.password.expires_after_days = Some(90)).await;
        let told = async || {
            let before = expiry_mails(&test).await.len();
            expiry::tell(&test.app).await.unwrap();
            // Again, as after a restart or by another process: nobody is told twice.
            expiry::tell(&test.app).await.unwrap();
            let mails = expiry_mails(&test).await;
            (
                mails.len() - before,
                mails.first().cloned().unwrap_or_default(),
            )
        };
        let moment = Duration::from_micros(1);
        test.clock.advance(76 * DAY - moment);
        assert_eq!(told().await.0, 0);
        test.clock.advance(moment);
        let subject = "contoso: your password expires in 14 days";
        assert_eq!(told().await, (1, subject.into()));
        for (wait, days) in [(7, "7 days"), (4, "3 days"), (2, "1 day")] {
            test.clock.advance(wait * DAY - moment);
            assert_eq!(told().await.0, 0, "{days}");
            test.clock.advance(moment);
            let subject = format!("contoso: your password expires in {days}");
            assert_eq!(told().await, (1, subject));
        }
        // Expired: the sign-in page says so, no mail does.
        test.clock.advance(DAY);
        assert_eq!(told().await.0, 0);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_notice_that_was_missed_is_made_up_for_by_the_next_one_alone() {
    let test = TestApp::sqlite().await;
    contoso(&test, |s| s.password.expires_after_days = Some(90)).await;
    // Nothing ran while 14 and 7 days went by.
    test.clock.advance(88 * DAY);
    expiry::tell(&test.app).await.unwrap();
    let mails = expiry_mails(&test).await;
    assert_eq!(mails, ["contoso: your password expires in 2 days"]);
    // A new password begins anew.
    let here = sign_in(&test, "ada@contoso.com").await.session().clone();
    cookie(change(&test, &here, RIGHT, NEW).await);
    expiry::tell(&test.app).await.unwrap();
    assert_eq!(expiry_mails(&test).await.len(), 1);
    test.clock.advance(76 * DAY);
    expiry::tell(&test.app).await.unwrap();
    assert_eq!(expiry_mails(&test).await.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn processes_that_tell_at_once_tell_each_person_once() {
    both(async |test| {
        let (contoso, _) = contoso(&test, |s| s.password.expires_after_days = Some(90)).await;
        for number in 0..30 {
            let upn = format!("user{number}@contoso.com");
            let user = contoso.person(&test, &upn, |_| {}).await;
            set_password_at(&test, &user).await;
        }
        test.clock.advance(80 * DAY);
        let told = tokio::join!(
            expiry::tell(&test.app),
            expiry::tell(&test.app),
            expiry::tell(&test.app)
        );
        let told = told.0.unwrap() + told.1.unwrap() + told.2.unwrap();
        assert_eq!(told, 31);
        assert_eq!(expiry_mails(&test).await.len(), 31);
    })
    .await;
}

/// A password of now, without the work of hashing one.
async fn set_password_at(test: &TestApp, user: &User) {
    let now = test.app.clock().now();
    test.app
        .db()
        .write(async |mut tx| {
            let version = user.version;
            accounts::set_password(&mut tx, user.tenant, user.id, version, "hash", now, 1).await
        })
        .await
        .unwrap();
}

/// The subjects of the notices, the newest first.
async fn expiry_mails(test: &TestApp) -> Vec<String> {
    let messages = test.messages().await.into_iter();
    messages
        .map(|message| message.subject)
        .filter(|subject| subject.contains("expires"))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn s09_a_change_ends_resets_and_links_that_are_under_way() {
    let test = TestApp::sqlite().await;
    ada(&test).await;
    let here = sign_in(&test, "ada@contoso.com").await.session().clone();
    let mut stranger = Person::start(&test, "ada@contoso.com").await;
    stranger.choose("email").await;
    let code = test.code_for("ada@home.example").await;
    cookie(change(&test, &here, RIGHT, NEW).await);
    stranger.code(&code).await;
    assert!(
        matches!(stranger.view.page, latchkey_app::reset::Page::Ended(_)),
        "{:?}",
        stranger.view.page
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reset_lifts_the_lock_of_signing_in() {
    both(async |test| {
        ada(&test).await;
        let mut arrival = Arrival::start(&test, "ada@contoso.com").await;
        for number in 0..10 {
            arrival.password(&format!("wrong {number}")).await;
        }
        arrival.password(RIGHT).await;
        assert!(!arrival.is_in());
        // The code is newer than the mail about the lock.
        test.messages().await;
        test.clock.advance(Duration::from_secs(1));
        let mut person = Person::start(&test, "ada@contoso.com").await;
        person.choose("email").await;
        let code = test.code_for("ada@home.example").await;
        person.code(&code).await;
        person.password(NEW, NEW).await;
        let mut arrival = Arrival::start(&test, "ada@contoso.com").await;
        arrival.password(NEW).await;
        assert!(arrival.is_in(), "{:?}", arrival.notice);
        let user = admin::find_user(&test.app, "ada@contoso.com")
            .await
            .unwrap();
        assert_eq!(user.reset_at, Some(test.app.clock().now()));
    })
    .await;
}
