//! Signing in with a password, on both sides of every number.

use std::time::Duration;

use latchkey_app::sign_in::{self, Notice, Over, Page, Place};
use latchkey_app::{App, Ctx};
use latchkey_core::model::{Managed, User, UserType};
use latchkey_core::settings::Disclosure;
use latchkey_store::{StoreError, accounts, audit};
use latchkey_testkit::seed::{Organisation, open_settings, set_password};
use latchkey_testkit::{Arrival, TestApp, both};
use latchkey_types::{Secret, TenantId};

pub(crate) const RIGHT: &str = "a very good Passw0rd!";

/// Contoso, and Ada in it, who has a password.
pub(crate) async fn ada(test: &TestApp) -> (Organisation, User) {
    let contoso = Organisation::create(test, "contoso.com", open_settings(1)).await;
    let ada = contoso.person(test, "ada@contoso.com", |_| {}).await;
    set_password(test, &ada, RIGHT).await;
    (contoso, ada)
}

/// The same circumstances at another address.
pub(crate) fn at(test: &TestApp, address: &str) -> Ctx {
    Ctx {
        address: address.parse().ok(),
        ..test.ctx()
    }
}

pub(crate) async fn sign_in(test: &TestApp, user_id: &str) -> Arrival {
    let mut arrival = Arrival::start(test, user_id).await;
    arrival.password(RIGHT).await;
    assert!(arrival.is_in(), "{:?}", arrival.notice);
    arrival
}

pub(crate) async fn is_signed_in(app: &App, cookie: &Secret<String>) -> bool {
    sign_in::signed_in(app, cookie).await.unwrap().is_some()
}

/// The activity and reason of every event of a tenant about signing in, in order.
pub(crate) async fn events(test: &TestApp, tenant: TenantId) -> Vec<(&'static str, String)> {
    let filter = audit::Filter::default();
    let events = test
        .app
        .db()
        .read(async |mut tx| audit::list(&mut tx, tenant, &filter, 0, 10_000).await)
        .await
        .unwrap();
    events
        .into_iter()
        .map(|event| event.row.event)
        .filter(|event| event.activity.category().name() == "Sign-in")
        .map(|event| (event.activity.name(), event.reason.unwrap_or_default()))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_right_password_signs_in_and_no_other_one_does() {
    both(async |test| {
        let (contoso, _) = ada(&test).await;
        let mut arrival = Arrival::start(&test, " ADA@contoso.com ").await;
        assert_eq!(arrival.view.page, Page::Password);
        for typed in ["", "wrong", &RIGHT.to_lowercase(), &format!("{RIGHT} ")] {
            arrival.password(typed).await;
            let notice = if typed.is_empty() {
                Notice::Unreadable
            } else {
                Notice::Wrong
            };
            assert_eq!(arrival.notice, Some(notice), "{typed}");
        }
        arrival.password(RIGHT).await;
        assert_eq!(arrival.place, Some(Place::Account));
        let cookie = arrival.session().clone();
        let me = sign_in::signed_in(&test.app, &cookie).await.unwrap();
        assert_eq!(me.unwrap().user_id, "ada@contoso.com");
        // The way in is over: its last form signs nobody in again.
        arrival.session = None;
        arrival.password(RIGHT).await;
        assert_eq!((arrival.is_in(), arrival.over), (false, Some(Over::Gone)));
        let events = events(&test, contoso.id()).await;
        let wrong = ("Sign in", String::from("wrong_password"));
        assert_eq!(events[..3], [wrong.clone(), wrong.clone(), wrong]);
        assert_eq!(events[3..], [("Sign in", String::new())]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_address_that_is_unique_signs_in_too() {
    let test = TestApp::sqlite().await;
    let contoso = Organisation::create(&test, "contoso.com", open_settings(1)).await;
    let ada = contoso
        .person(&test, "ada@contoso.com", |user| {
            user.mail = Some("ada.lovelace@mail.example".into());
        })
        .await;
    set_password(&test, &ada, RIGHT).await;
    sign_in(&test, "ada.lovelace@mail.example").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_way_in_lasts_to_the_last_second_of_its_quarter_of_an_hour() {
    both(async |test| {
        ada(&test).await;
        for (seconds, is_in) in [(15 * 60 - 1, true), (15 * 60, false)] {
            let mut arrival = Arrival::start(&test, "ada@contoso.com").await;
            test.clock.advance(Duration::from_secs(seconds));
            arrival.password(RIGHT).await;
            assert_eq!(arrival.is_in(), is_in, "{seconds}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_posts_of_one_form_one_counts() {
    both(async |test| {
        let (contoso, _) = ada(&test).await;
        let mut arrival = Arrival::start(&test, "ada@contoso.com").await;
        let version = arrival.view.version;
        arrival.password("wrong").await;
        arrival.view.version = version;
        arrival.password(RIGHT).await;
        assert_eq!(arrival.notice, Some(Notice::OutOfDate));
        assert!(!arrival.is_in());
        assert_eq!(events(&test, contoso.id()).await.len(), 1);
    })
    .await;
}

/// Whoever may not sign in is told the same as somebody who is not there.
#[tokio::test(flavor = "multi_thread")]
async fn nobody_else_is_let_in_with_a_right_password_and_all_are_told_the_same() {
    both(async |test| {
        type Change = fn(&mut User);
        let contoso = Organisation::create(&test, "contoso.com", open_settings(1)).await;
        let cases: [(&str, Change, &str); 5] = [
            ("disabled", |u| u.enabled = false, "disabled"),
            ("frozen", |u| u.frozen_at = Some(u.created_at), "frozen"),
            (
                "through",
                |u| u.managed = Managed::PassThrough,
                "directory_unavailable",
            ),
            ("federated", |u| u.managed = Managed::Federated, "federated"),
            (
                "guest",
                |u| u.user_type = UserType::ExternalGuest,
                "kept_elsewhere",
            ),
        ];
        for (name, change, why) in cases {
            let upn = format!("{name}@contoso.com");
            let user = contoso.person(&test, &upn, |_| {}).await;
            set_password(&test, &user, RIGHT).await;
            let (tenant, id) = (user.tenant, user.id);
            test.app
                .db()
                .write(async |mut tx| {
                    let mut user = accounts::get(&mut tx, tenant, id).await?.unwrap();
                    change(&mut user);
                    accounts::set_frozen(&mut tx, tenant, id, user.frozen_at).await?;
                    let version = accounts::get(&mut tx, tenant, id).await?.unwrap().version;
                    let set = accounts::set_attributes(&mut tx, tenant, id, version, &user);
                    assert!(set.await?);
                    Ok::<_, StoreError>(())
                })
                .await
                .unwrap();
            let mut arrival = Arrival::start(&test, &upn).await;
            assert_eq!(arrival.view.page, Page::Password, "{name}");
            arrival.password(RIGHT).await;
            assert_eq!(arrival.notice, Some(Notice::Wrong), "{name}");
            let last = events(&test, contoso.id()).await.pop().unwrap();
            assert_eq!(last, ("Sign in", why.to_owned()));
        }
        let mut nobody = Arrival::start(&test, "nobody@contoso.com").await;
        assert_eq!(nobody.view.page, Page::Password);
        nobody.password(RIGHT).await;
        assert_eq!(nobody.notice, Some(Notice::Wrong));
        let last = events(&test, contoso.id()).await.pop().unwrap();
        assert_eq!(last, ("Sign in", "unknown_user".to_owned()));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_where_names_are_told_is_it_said_that_a_directory_is_away() {
    let test = TestApp::sqlite().await;
    let mut settings = open_settings(1);
    settings.reset.disclosure = Disclosure::Standard;
    let contoso = Organisation::create(&test, "contoso.com", settings).await;
    contoso
        .person(&test, "ada@contoso.com", |user| {
            user.managed = Managed::PassThrough;
        })
        .await;
    for (name, notice) in [
        ("ada@contoso.com", Notice::Directory),
        ("nobody@contoso.com", Notice::Wrong),
    ] {
        let mut arrival = Arrival::start(&test, name).await;
        arrival.password(RIGHT).await;
        assert_eq!(arrival.notice, Some(notice), "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_that_is_replaced_while_it_is_compared_lets_nobody_in() {
    let test = TestApp::sqlite().await;
    let (_, ada) = ada(&test).await;
    let mut arrival = Arrival::start(&test, "ada@contoso.com").await;
    // The account may change after the name was typed.
    set_password(&test, &ada, "Another 0ne!").await;
    arrival.password(RIGHT).await;
    assert_eq!(arrival.notice, Some(Notice::Wrong));
    arrival.password("Another 0ne!").await;
    assert!(arrival.is_in());
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_must_change_the_password_is_led_there() {
    let test = TestApp::sqlite().await;
    let (_, _) = ada(&test).await;
    let ctx = latchkey_app::admin::operator(&test.app);
    let temporary = Secret::new(RIGHT.to_owned());
    latchkey_app::admin::user::set_password(
        &test.app,
        &ctx,
        "ada@contoso.com",
        &temporary,
        true,
        true,
    )
    .await
    .unwrap();
    assert_eq!(
        sign_in(&test, "ada@contoso.com").await.place,
        Some(Place::Change)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_hash_of_a_right_password_gets_the_work_of_now() {
    let test = TestApp::sqlite().await;
    let (_, ada) = ada(&test).await;
    let before = stored(&test, &ada).await;
    let url = format!("sqlite:{}", test.file.as_ref().unwrap().display());
    let stronger = TestApp::on(&url, |options| {
        options.hash = latchkey_app::HashParams::default();
    })
    .await;
    sign_in(&test, "ada@contoso.com").await;
    assert_eq!(stored(&test, &ada).await, before, "the same work");
    let mut wrong = Arrival::start(&stronger, "ada@contoso.com").await;
    wrong.password("wrong").await;
    assert_eq!(stored(&test, &ada).await, before, "nothing is known");
    sign_in(&stronger, "ada@contoso.com").await;
    let after = stored(&test, &ada).await;
    assert_ne!(after, before);
    sign_in(&stronger, "ada@contoso.com").await;
    assert_eq!(stored(&test, &ada).await, after);
}

async fn stored(test: &TestApp, user: &User) -> Option<String> {
    let (tenant, id) = (user.tenant, user.id);
    test.app
        .db()
        .read(async |mut tx| accounts::password(&mut tx, tenant, id).await)
        .await
        .unwrap()
}

/// S42, as far as a test can tell: nothing that an account has and a name without one lacks costs a
/// statement more or less.
#[tokio::test(flavor = "multi_thread")]
async fn s17_account_and_decoy_issue_the_same_number_of_statements_at_every_step() {
    both(async |test| {
        let (contoso, _) = ada(&test).await;
        contoso
            .person(&test, "off@contoso.com", |user| user.enabled = false)
            .await;
        let mut all = Vec::new();
        for name in ["ada@contoso.com", "nobody@contoso.com", "off@contoso.com"] {
            let mut counts = Vec::new();
            let mut before = test.app.db().statements();
            let mut count = |counts: &mut Vec<u64>| {
                let now = test.app.db().statements();
                counts.push(now - before);
                before = now;
            };
            let mut arrival = Arrival::start(&test, name).await;
            count(&mut counts);
            for typed in ["", "one", "two", "one", "three"] {
                arrival.password(typed).await;
                count(&mut counts);
            }
            all.push(counts);
        }
        assert_eq!(all[0], all[1]);
        assert_eq!(all[0], all[2]);
    })
    .await;
}
