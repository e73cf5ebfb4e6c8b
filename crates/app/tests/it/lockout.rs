//! Smart lockout, on both sides of every number.

use std::time::Duration;

use latchkey_app::admin;
use latchkey_app::sign_in::Notice;
use latchkey_core::model::User;
use latchkey_testkit::seed::{Organisation, open_settings, set_password};
use latchkey_testkit::{Arrival, Person, TestApp, both};

use crate::sign_in::{RIGHT, ada, at, events, sign_in};

const MINUTE: Duration = Duration::from_secs(60);
const SECOND: Duration = Duration::from_secs(1);

/// An address of which Ada's network has never heard.
const STRANGER: &str = "198.51.100.9";

/// Types wrong passwords, each another one.
async fn fail(arrival: &mut Arrival, times: std::ops::Range<u32>) {
    for n in times {
        arrival.password(&format!("wrong {n}")).await;
    }
}

/// Locks a name from a network, and gives how long the lock lasts.
async fn lock(test: &TestApp, name: &str, first: u32) -> Duration {
    let mut arrival = Arrival::start(test, name).await;
    fail(&mut arrival, first..first + 10).await;
    until(test, &arrival).expect("a lock")
}

fn until(test: &TestApp, arrival: &Arrival) -> Option<Duration> {
    match arrival.notice {
        Some(Notice::Locked { until }) => Some(until.since(test.app.clock().now())),
        _ => None,
    }
}

async fn told(test: &TestApp) -> usize {
    let messages = test.messages().await;
    messages
        .iter()
        .filter(|message| message.subject.contains("locked for a while"))
        .count()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_tenth_wrong_password_locks_for_a_minute_and_the_ninth_does_not() {
    both(async |test| {
        let (contoso, _) = ada(&test).await;
        let mut arrival = Arrival::start(&test, "ada@contoso.com").await;
        fail(&mut arrival, 0..9).await;
        assert_eq!(arrival.notice, Some(Notice::Wrong));
        assert_eq!(told(&test).await, 0);
        fail(&mut arrival, 9..10).await;
        assert_eq!(until(&test, &arrival), Some(MINUTE));
        // The right one is refused with the same words, to the last second.
        test.clock.advance(MINUTE - SECOND);
        arrival.password(RIGHT).await;
        assert_eq!(until(&test, &arrival), Some(SECOND));
        assert!(!arrival.is_in());
        test.clock.advance(SECOND);
        arrival.password(RIGHT).await;
        assert!(arrival.is_in());
        assert_eq!(told(&test).await, 1, "the owner is told once");
        let mail = test.newest_to("ada@home.example").await.unwrap();
        assert!(mail.text.starts_with("contoso\n"), "{}", mail.text);
        let events = events(&test, contoso.id()).await;
        let count = |activity, reason: &str| {
            let of = |event: &&(&str, String)| (event.0, event.1.as_str()) == (activity, reason);
            events.iter().filter(of).count()
        };
        assert_eq!(count("Lock account after failed sign-ins", ""), 1);
        assert_eq!(count("Sign in", "wrong_password"), 10);
        assert_eq!(count("Sign in", "locked"), 1);
        assert_eq!(count("Sign in", ""), 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nine_wrong_passwords_are_forgotten_when_one_is_right() {
    let test = TestApp::sqlite().await;
    ada(&test).await;
    let mut arrival = Arrival::start(&test, "ada@contoso.com").await;
    fail(&mut arrival, 0..9).await;
    arrival.password(RIGHT).await;
    assert!(arrival.is_in());
    let mut arrival = Arrival::start(&test, "ada@contoso.com").await;
    fail(&mut arrival, 0..9).await;
    assert_eq!(arrival.notice, Some(Notice::Wrong));
}

#[tokio::test(flavor = "multi_thread")]
async fn each_lock_lasts_twice_as_long_as_the_one_before_and_at_most_a_day() {
    both(async |test| {
        ada(&test).await;
        let day = MINUTE * 24 * 60;
        let mut length = MINUTE;
        for n in 0..13 {
            let lasts = lock(&test, "ada@contoso.com", n * 10).await;
            assert_eq!(lasts, length.min(day), "lock {n}");
            let locks = usize::try_from(n).unwrap() + 1;
            assert_eq!(told(&test).await, locks, "once for each lock");
            test.clock.advance(lasts);
            length *= 2;
        }
        // A right password begins again.
        sign_in(&test, "ada@contoso.com").await;
        assert_eq!(lock(&test, "ada@contoso.com", 500).await, MINUTE);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn threshold_and_first_lock_are_the_tenants() {
    let test = TestApp::sqlite().await;
    let mut settings = open_settings(1);
    settings.sign_in.lockout_threshold = 3;
    settings.sign_in.lockout_seconds = 10;
    let contoso = Organisation::create(&test, "contoso.com", settings).await;
    contoso.person(&test, "ada@contoso.com", |_| {}).await;
    let mut arrival = Arrival::start(&test, "ada@contoso.com").await;
    fail(&mut arrival, 0..2).await;
    assert_eq!(arrival.notice, Some(Notice::Wrong));
    fail(&mut arrival, 2..3).await;
    assert_eq!(until(&test, &arrival), Some(SECOND * 10));
}

#[tokio::test(flavor = "multi_thread")]
async fn one_of_the_last_three_wrong_passwords_does_not_count_again_and_the_fourth_does() {
    both(async |test| {
        ada(&test).await;
        let mut arrival = Arrival::start(&test, "ada@contoso.com").await;
        fail(&mut arrival, 0..9).await;
        for _ in 0..5 {
            fail(&mut arrival, 6..9).await;
        }
        assert_eq!(
            arrival.notice,
            Some(Notice::Wrong),
            "those of the last three"
        );
        fail(&mut arrival, 5..6).await;
        assert_eq!(until(&test, &arrival), Some(MINUTE), "the fourth to last");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stranger_elsewhere_locks_no_owner_out() {
    both(async |test| {
        ada(&test).await;
        // Ada has signed in from her network.
        sign_in(&test, "ada@contoso.com").await;
        let strange = at(&test, STRANGER);
        let mut stranger = Arrival::start_in(&test.app, strange.clone(), "ada@contoso.com").await;
        fail(&mut stranger, 0..10).await;
        assert_eq!(until(&test, &stranger), Some(MINUTE));
        stranger.password(RIGHT).await;
        assert!(!stranger.is_in(), "elsewhere the right one is locked too");
        sign_in(&test, "ada@contoso.com").await;
        // And a lock at home is none elsewhere.
        test.clock.advance(MINUTE);
        lock(&test, "ada@contoso.com", 100).await;
        let mut ada = Arrival::start_in(&test.app, strange, "ada@contoso.com").await;
        ada.password(RIGHT).await;
        assert!(ada.is_in());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_network_is_familiar_for_thirty_days() {
    let test = TestApp::sqlite().await;
    ada(&test).await;
    let strange = at(&test, STRANGER);
    for (days, is_familiar) in [(30, true), (31, false)] {
        sign_in(&test, "ada@contoso.com").await;
        test.clock.advance(MINUTE * 60 * 24 * days);
        let mut stranger = Arrival::start_in(&test.app, strange.clone(), "ada@contoso.com").await;
        fail(&mut stranger, 0..10).await;
        let mut owner = Arrival::start(&test, "ada@contoso.com").await;
        owner.password(RIGHT).await;
        assert_eq!(owner.is_in(), is_familiar, "{days} days");
        test.clock.advance(MINUTE * 60 * 24);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_nobody_has_is_locked_like_any_other_and_nobody_is_told() {
    both(async |test| {
        let (contoso, _) = ada(&test).await;
        for (first, length) in [(0, MINUTE), (20, MINUTE * 2)] {
            assert_eq!(lock(&test, "nobody@contoso.com", first).await, length);
            test.clock.advance(length);
        }
        assert!(test.messages().await.is_empty());
        let locked = ("Lock account after failed sign-ins", String::new());
        assert!(events(&test, contoso.id()).await.contains(&locked));
        // Another name is another counter.
        let mut other = Arrival::start(&test, "somebody@contoso.com").await;
        other.password("x").await;
        assert_eq!(other.notice, Some(Notice::Wrong));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lock_holds_on_every_process_and_tries_at_once_are_all_counted() {
    both(async |test| {
        ada(&test).await;
        let Some(url) = test.url() else { return };
        let other = test.another(&url).await;
        let mut tries = Vec::new();
        for n in 0..30 {
            let app = if n % 2 == 0 { &test.app } else { &other };
            let mut arrival = Arrival::start_in(app, test.ctx(), "ada@contoso.com").await;
            tries.push(async move {
                arrival.password(&format!("guess {n}")).await;
                arrival.notice
            });
        }
        let mut set = tokio::task::JoinSet::new();
        for each in tries {
            set.spawn(each);
        }
        let notices = set.join_all().await;
        let compared = |notice: &&Option<Notice>| **notice == Some(Notice::Wrong);
        assert!(notices.iter().filter(compared).count() <= 10, "{notices:?}");
        for app in [&test.app, &other] {
            let mut arrival = Arrival::start_in(app, test.ctx(), "ada@contoso.com").await;
            arrival.password(RIGHT).await;
            assert!(until(&test, &arrival).is_some(), "locked everywhere");
        }
        assert_eq!(told(&test).await, 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reset_a_new_password_and_the_operator_lift_a_lock() {
    both(async |test| {
        let (_, ada) = ada(&test).await;
        let name = "ada@contoso.com";
        let ctx = admin::operator(&test.app);
        lock(&test, name, 0).await;
        assert!(admin::user::unlock(&test.app, &ctx, name).await.unwrap());
        assert!(!admin::user::unlock(&test.app, &ctx, name).await.unwrap());
        sign_in(&test, name).await;

        lock(&test, name, 20).await;
        set_password(&test, &ada, RIGHT).await;
        sign_in(&test, name).await;

        lock(&test, name, 40).await;
        reset(&test, &ada, "Tall-Ships-9").await;
        let mut arrival = Arrival::start(&test, name).await;
        arrival.password("Tall-Ships-9").await;
        assert!(arrival.is_in());
    })
    .await;
}

async fn reset(test: &TestApp, user: &User, password: &str) {
    // What was sent before leaves first: messages of one moment leave in any order.
    test.messages().await;
    test.clock.advance(SECOND);
    let mut person = Person::start(test, user.upn.as_str()).await;
    person.choose("email").await;
    let code = test.code_for("ada@home.example").await;
    person.code(&code).await;
    person.password(password, password).await;
}

/// Threat S37: what is counted here is not counted there.
#[tokio::test(flavor = "multi_thread")]
async fn s37_a_lock_blocks_no_reset_and_a_blocked_reset_locks_nobody() {
    let test = TestApp::sqlite().await;
    let (_, ada) = ada(&test).await;
    lock(&test, "ada@contoso.com", 0).await;
    reset(&test, &ada, "Tall-Ships-9").await;
    for _ in 0..6 {
        Person::start(&test, "ada@contoso.com").await;
    }
    let mut arrival = Arrival::start(&test, "ada@contoso.com").await;
    arrival.password("Tall-Ships-9").await;
    assert!(arrival.is_in());
}
