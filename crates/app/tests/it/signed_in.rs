//! Being signed in: how long, where, and what ends it.

use std::time::Duration;

use latchkey_app::account::{self, Which};
use latchkey_app::{App, admin, sign_in as pages};
use latchkey_core::audit::Activity;
use latchkey_core::model::{Role, User};
use latchkey_core::registration::Kind;
use latchkey_store::{StoreError, accounts};
use latchkey_testkit::seed::{Organisation, open_settings, set_password};
use latchkey_testkit::{Arrival, Person, TestApp, both};
use latchkey_types::Secret;

use crate::sign_in::{RIGHT, ada, at, events, is_signed_in, sign_in};

const MINUTE: Duration = Duration::from_secs(60);
const SECOND: Duration = Duration::from_secs(1);

/// An administrator who signed in with a password alone, to register a second factor.
async fn root(test: &TestApp) -> User {
    let contoso = Organisation::create(test, "contoso.com", open_settings(1)).await;
    let root = contoso
        .administrator(test, "root@contoso.com", Role::GlobalAdministrator)
        .await;
    set_password(test, &root, RIGHT).await;
    root
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_is_not_used_ends_after_an_hour_and_an_administrators_after_a_quarter() {
    both(async |test| {
        for administrator in [false, true] {
            let (name, idle) = if administrator {
                root_in(&test).await;
                ("root@fabrikam.com", MINUTE * 15)
            } else {
                ada(&test).await;
                ("ada@contoso.com", MINUTE * 60)
            };
            let session = sign_in(&test, name).await.session().clone();
            test.clock.advance(idle - SECOND);
            assert!(is_signed_in(&test.app, &session).await, "{name}");
            // Being looked at counts as use.
            test.clock.advance(idle - SECOND);
            assert!(is_signed_in(&test.app, &session).await, "{name}");
            test.clock.advance(idle);
            assert!(!is_signed_in(&test.app, &session).await, "{name}");
        }
    })
    .await;
}

async fn root_in(test: &TestApp) -> User {
    let fabrikam = Organisation::create(test, "fabrikam.com", open_settings(1)).await;
    let root = fabrikam
        .administrator(test, "root@fabrikam.com", Role::GlobalAdministrator)
        .await;
    set_password(test, &root, RIGHT).await;
    root
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_in_use_ends_after_twelve_hours_and_an_administrators_after_eight() {
    let test = TestApp::sqlite().await;
    ada(&test).await;
    root_in(&test).await;
    for (name, absolute) in [
        ("ada@contoso.com", MINUTE * 60 * 12),
        ("root@fabrikam.com", MINUTE * 60 * 8),
    ] {
        let session = sign_in(&test, name).await.session().clone();
        let mut passed = Duration::ZERO;
        let step = MINUTE * 10;
        while passed + step < absolute {
            test.clock.advance(step);
            passed += step;
            assert!(is_signed_in(&test.app, &session).await, "{name} {passed:?}");
        }
        test.clock.advance(absolute - passed - SECOND);
        assert!(is_signed_in(&test.app, &session).await, "{name}");
        test.clock.advance(SECOND);
        assert!(!is_signed_in(&test.app, &session).await, "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_becomes_an_administrator_has_an_administrators_limits_at_once() {
    let test = TestApp::sqlite().await;
    let (_, ada) = ada(&test).await;
    let session = sign_in(&test, "ada@contoso.com").await.session().clone();
    let (tenant, id) = (ada.tenant, ada.id);
    test.app
        .db()
        .write(async |mut tx| {
            accounts::set_roles(&mut tx, tenant, id, &[Role::GlobalAdministrator]).await
        })
        .await
        .unwrap();
    let me = pages::signed_in(&test.app, &session)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(me.todo, Some(pages::Todo::RegisterSecondFactor));
    test.clock.advance(MINUTE * 15);
    assert!(!is_signed_in(&test.app, &session).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_done_on_one_process_holds_on_the_other() {
    both(async |test| {
        ada(&test).await;
        let Some(url) = test.url() else { return };
        let other = test.another(&url).await;
        let session = sign_in(&test, "ada@contoso.com").await.session().clone();
        assert!(is_signed_in(&other, &session).await);
        pages::sign_out(&other, &test.ctx(), &session)
            .await
            .unwrap();
        assert!(!is_signed_in(&test.app, &session).await);
        // A way in that begins on one goes on on the other.
        let mut arrival = Arrival::start(&test, "ada@contoso.com").await.on(&other);
        arrival.password(RIGHT).await;
        assert!(is_signed_in(&test.app, arrival.session()).await);
    })
    .await;
}

type Act = fn(&mut User);

#[tokio::test(flavor = "multi_thread")]
async fn a_session_ends_when_its_account_is_disabled_frozen_or_deleted() {
    both(async |test| {
        let (contoso, _) = ada(&test).await;
        let acts: [(&str, Option<Act>); 3] = [
            ("disabled", Some(|user| user.enabled = false)),
            (
                "frozen",
                Some(|user| user.frozen_at = Some(user.created_at)),
            ),
            ("deleted", None),
        ];
        for (name, act) in acts {
            let upn = format!("{name}@contoso.com");
            let user = contoso.person(&test, &upn, |_| {}).await;
            set_password(&test, &user, RIGHT).await;
            let session = sign_in(&test, &upn).await.session().clone();
            assert!(is_signed_in(&test.app, &session).await);
            let (tenant, id) = (user.tenant, user.id);
            test.app
                .db()
                .write(async |mut tx| {
                    let tx = &mut tx;
                    let Some(act) = act else {
                        accounts::delete(tx, tenant, id).await?;
                        return Ok(());
                    };
                    let mut user = accounts::get(tx, tenant, id).await?.unwrap();
                    act(&mut user);
                    accounts::set_frozen(tx, tenant, id, user.frozen_at).await?;
                    accounts::set_enabled(tx, tenant, id, user.enabled).await?;
                    Ok::<_, StoreError>(())
                })
                .await
                .unwrap();
            assert!(!is_signed_in(&test.app, &session).await, "{name}");
            assert!(
                account::account(&test.app, &session)
                    .await
                    .unwrap()
                    .is_none(),
                "{name}"
            );
        }
    })
    .await;
}

/// Threats S9 and S35.
#[tokio::test(flavor = "multi_thread")]
async fn s35_a_reset_an_administrators_password_and_the_operator_end_every_session() {
    both(async |test| {
        let (contoso, ada) = ada(&test).await;
        let name = "ada@contoso.com";
        let ctx = admin::operator(&test.app);

        let sessions = [sign_in(&test, name).await, sign_in(&test, name).await];
        let ended = admin::user::sign_out(&test.app, &ctx, name).await.unwrap();
        assert_eq!(ended, 2);
        assert_eq!(
            admin::user::sign_out(&test.app, &ctx, name).await.unwrap(),
            0
        );
        for arrival in &sessions {
            assert!(!is_signed_in(&test.app, arrival.session()).await);
        }
        let ended = ("End session", String::new());
        assert!(events(&test, contoso.id()).await.contains(&ended));

        let session = sign_in(&test, name).await.session().clone();
        test.clock.advance(SECOND);
        set_password(&test, &ada, RIGHT).await;
        assert!(!is_signed_in(&test.app, &session).await);

        let session = sign_in(&test, name).await.session().clone();
        test.clock.advance(SECOND);
        let mut person = Person::start(&test, name).await;
        person.choose("email").await;
        let code = test.code_for("ada@home.example").await;
        person.code(&code).await;
        person.password("Tall-Ships-9", "Tall-Ships-9").await;
        assert!(!is_signed_in(&test.app, &session).await);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn signing_out_ends_this_session_and_no_other() {
    let test = TestApp::sqlite().await;
    let (contoso, _) = ada(&test).await;
    let one = sign_in(&test, "ada@contoso.com").await.session().clone();
    let other = sign_in(&test, "ada@contoso.com").await.session().clone();
    for _ in 0..2 {
        pages::sign_out(&test.app, &test.ctx(), &one).await.unwrap();
    }
    assert!(!is_signed_in(&test.app, &one).await);
    assert!(is_signed_in(&test.app, &other).await);
    let out = ("Sign out", String::new());
    let events = events(&test, contoso.id()).await;
    assert_eq!(events.iter().filter(|event| **event == out).count(), 1);
}

async fn devices(app: &App, cookie: &Secret<String>) -> Vec<account::Device> {
    account::devices(app, cookie).await.unwrap().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn people_see_where_they_are_signed_in_and_end_one_or_all_others() {
    both(async |test| {
        let (contoso, _) = ada(&test).await;
        let eve = contoso.person(&test, "eve@contoso.com", |_| {}).await;
        set_password(&test, &eve, RIGHT).await;
        let hers = sign_in(&test, "eve@contoso.com").await.session().clone();
        let mut cookies = Vec::new();
        for browser in ["Firefox, Windows", "Safari, iPhone", "Chrome, Android"] {
            let ctx = latchkey_app::Ctx {
                browser: browser.into(),
                ..at(&test, "198.51.100.9")
            };
            let mut arrival = Arrival::start_in(&test.app, ctx, "ada@contoso.com").await;
            arrival.password(RIGHT).await;
            cookies.push(arrival.session().clone());
            test.clock.advance(MINUTE);
        }
        let [here, second, third] = cookies.try_into().unwrap();
        let shown = devices(&test.app, &here).await;
        let seen: Vec<(&str, bool)> = shown
            .iter()
            .map(|device| (device.browser.as_str(), device.is_this))
            .collect();
        assert_eq!(
            seen,
            [
                ("Firefox, Windows", true),
                ("Chrome, Android", false),
                ("Safari, iPhone", false)
            ]
        );
        assert_eq!(shown[0].address, "198.51.100.9");
        let ctx = test.ctx();
        // Somebody else's session is none of hers to end.
        let foreign = devices(&test.app, &hers).await[0].id;
        let none = account::end_devices(&test.app, &ctx, &here, Which::One(foreign)).await;
        assert_eq!(none.unwrap(), Some(0));
        assert!(is_signed_in(&test.app, &hers).await);
        let one = account::end_devices(&test.app, &ctx, &here, Which::One(shown[2].id)).await;
        assert_eq!(one.unwrap(), Some(1));
        assert!(!is_signed_in(&test.app, &second).await);
        let rest = account::end_devices(&test.app, &ctx, &here, Which::Others).await;
        assert_eq!(rest.unwrap(), Some(1));
        assert!(!is_signed_in(&test.app, &third).await);
        assert!(is_signed_in(&test.app, &here).await);
        assert!(is_signed_in(&test.app, &hers).await);
        assert_eq!(devices(&test.app, &here).await.len(), 1);
        let ended = ("End session", String::new());
        let events = events(&test, contoso.id()).await;
        assert_eq!(events.iter().filter(|event| **event == ended).count(), 2);
        // What has ended ends nothing more.
        let gone = account::end_devices(&test.app, &ctx, &third, Which::Others).await;
        assert_eq!(gone.unwrap(), None);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_ran_out_is_not_shown_any_more() {
    let test = TestApp::sqlite().await;
    ada(&test).await;
    sign_in(&test, "ada@contoso.com").await;
    test.clock.advance(MINUTE * 30);
    let here = sign_in(&test, "ada@contoso.com").await.session().clone();
    assert_eq!(devices(&test.app, &here).await.len(), 2);
    test.clock.advance(MINUTE * 30);
    assert_eq!(devices(&test.app, &here).await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn my_account_shows_what_is_registered_masked_and_the_last_ten_events_about_me() {
    both(async |test| {
        let (contoso, _) = ada(&test).await;
        let eve = contoso.person(&test, "eve@contoso.com", |_| {}).await;
        set_password(&test, &eve, RIGHT).await;
        for _ in 0..3 {
            sign_in(&test, "eve@contoso.com").await;
        }
        let mut arrival = Arrival::start(&test, "ada@contoso.com").await;
        arrival.password("wrong").await;
        arrival.password(RIGHT).await;
        let cookie = arrival.session().clone();
        let shown = account::account(&test.app, &cookie).await.unwrap().unwrap();
        let kinds: Vec<Kind> = shown.methods.iter().map(|method| method.kind).collect();
        assert_eq!(kinds, [Kind::Email, Kind::Phone]);
        let masked = shown.methods[0].destination.as_ref().unwrap().to_string();
        assert!(!masked.contains("ada@"), "{masked}");
        let events: Vec<(Activity, bool)> = shown
            .events
            .iter()
            .map(|event| (event.activity, event.succeeded))
            .collect();
        assert_eq!(
            events,
            [
                (Activity::SignIn, true),
                (Activity::SignIn, false),
                (Activity::ResetByAdmin, true)
            ]
        );
        assert_eq!(shown.events[0].address, "203.0.113.7");
        for _ in 0..12 {
            sign_in(&test, "ada@contoso.com").await;
        }
        let shown = account::account(&test.app, &cookie).await.unwrap().unwrap();
        assert_eq!(shown.events.len(), 10);
        assert_eq!(shown.devices, 13);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_administrators_session_with_a_password_alone_has_a_duty() {
    let test = TestApp::sqlite().await;
    root(&test).await;
    let arrival = sign_in(&test, "root@contoso.com").await;
    let me = pages::signed_in(&test.app, arrival.session()).await;
    let me = me.unwrap().unwrap();
    assert_eq!(me.todo, Some(pages::Todo::RegisterSecondFactor));
}
