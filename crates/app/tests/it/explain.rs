//! What an operator is told about somebody's way in, and of a policy before it is saved.

use std::time::Duration;

use latchkey_app::admin::explain::{Explanation, explain};
use latchkey_app::admin::{self, Effect, SignInView, policy};
use latchkey_core::model::{Managed, Role};
use latchkey_testkit::seed::{Organisation, open_settings, set_password};
use latchkey_testkit::{Arrival, TestApp, both};

use crate::change::{contoso, update};
use crate::passkey::device_of;
use crate::sign_in::{RIGHT, ada, sign_in};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

async fn explained(test: &TestApp) -> Explanation {
    explain(&test.app, "ada@contoso.com").await.unwrap()
}

async fn signing_in(test: &TestApp) -> SignInView {
    explained(test).await.sign_in.expect("the tenant is on")
}

/// The codes of what closes a way in, and of what a user is led to.
fn codes(view: &SignInView) -> (Vec<&'static str>, Vec<&'static str>) {
    let of = |found: &[admin::Finding]| found.iter().map(|one| one.code).collect();
    (of(&view.in_the_way), of(&view.led_to))
}

async fn preview(test: &TestApp, values: &[&str]) -> Effect {
    let values: Vec<(String, String)> = values
        .iter()
        .filter_map(|value| value.split_once('='))
        .map(|(path, text)| (path.to_owned(), text.to_owned()))
        .collect();
    let ctx = admin::operator(&test.app);
    policy::set(&test.app, &ctx, "contoso", &values, true)
        .await
        .unwrap()
        .effect
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_can_sign_in_is_said_to_and_how() {
    both(async |test| {
        let (_, ada) = ada(&test).await;
        let view = signing_in(&test).await;
        assert!(view.can_sign_in);
        assert_eq!(view.ways_in, ["password"]);
        assert_eq!(codes(&view), (vec![], vec![]));
        assert_eq!(view.password_expires_at, None);
        assert!(
            view.password_expiry.contains("the tenant's policy"),
            "{}",
            view.password_expiry
        );
        assert_eq!(view.second_factor, "not asked; none is registered");
        device_of(&test, &ada).await;
        let view = signing_in(&test).await;
        assert_eq!(view.ways_in, ["password", "passkey"]);
        assert_eq!(view.second_factor, "not asked; registered: passkey");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lock_is_told_with_its_end_and_the_networks_it_is_for() {
    both(async |test| {
        ada(&test).await;
        sign_in(&test, "ada@contoso.com").await;
        for (address, networks, is_open) in [
            ("198.51.100.9", "that the owner does not use", true),
            ("", "that the owner uses", false),
        ] {
            let ctx = if address.is_empty() {
                test.ctx()
            } else {
                crate::sign_in::at(&test, address)
            };
            let mut arrival = Arrival::start_in(&test.app, ctx, "ada@contoso.com").await;
            for n in 0..10 {
                arrival.password(&format!("wrong {n}")).await;
            }
            let view = signing_in(&test).await;
            let until = test.app.clock().now().plus(Duration::from_secs(60));
            let lock = view
                .in_the_way
                .iter()
                .find(|one| one.what.contains(networks))
                .expect("the lock");
            assert_eq!(lock.code, "locked");
            assert!(lock.what.ends_with(&until.rfc3339()), "{}", lock.what);
            assert!(lock.cure.contains("user unlock"), "{}", lock.cure);
            assert_eq!(view.can_sign_in, is_open, "the other networks");
        }
        test.clock.advance(Duration::from_secs(60));
        assert_eq!(codes(&signing_in(&test).await), (vec![], vec![]));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_closes_the_way_in_is_told_with_its_cure() {
    both(async |test| {
        let (_, ada) = ada(&test).await;
        update(&test, &ada, |user| user.enabled = false).await;
        let view = signing_in(&test).await;
        assert!(!view.can_sign_in);
        assert_eq!(codes(&view).0, ["disabled"]);
        assert!(view.in_the_way[0].cure.contains("enabled=yes"));
        update(&test, &ada, |user| {
            user.enabled = true;
            user.managed = Managed::Federated;
        })
        .await;
        let view = signing_in(&test).await;
        assert_eq!(
            (view.can_sign_in, codes(&view).0),
            (false, vec!["no_provider"])
        );
        assert!(view.password_expiry.starts_with("never here"));
        update(&test, &ada, |user| user.managed = Managed::PassThrough).await;
        let view = signing_in(&test).await;
        assert_eq!(codes(&view).0, ["directory_unavailable"]);
        device_of(&test, &ada).await;
        let view = signing_in(&test).await;
        assert_eq!(view.ways_in, ["passkey"], "which is nobody's but hers");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_without_a_password_or_who_is_frozen_is_told_apart() {
    let test = TestApp::sqlite().await;
    let contoso = Organisation::create(&test, "contoso.com", open_settings(1)).await;
    let ada = contoso.person(&test, "ada@contoso.com", |_| {}).await;
    assert_eq!(codes(&signing_in(&test).await).0, ["no_password"]);
    set_password(&test, &ada, RIGHT).await;
    let now = test.app.clock().now();
    test.app
        .db()
        .write(async |mut tx| {
            latchkey_store::accounts::set_frozen(&mut tx, ada.tenant, ada.id, Some(now)).await
        })
        .await
        .unwrap();
    let view = signing_in(&test).await;
    assert_eq!(codes(&view).0, ["frozen"]);
    assert!(view.in_the_way[0].cure.contains("user unfreeze"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_user_is_led_to_is_told() {
    both(async |test| {
        let (_, ada) = contoso(&test, |s| s.password.expires_after_days = Some(90)).await;
        let view = signing_in(&test).await;
        assert_eq!(codes(&view), (vec![], vec![]));
        let expires = test.app.clock().now().plus(90 * DAY).rfc3339();
        assert_eq!(view.password_expires_at.as_deref(), Some(expires.as_str()));
        update(&test, &ada, |user| user.password_never_expires = true).await;
        let view = signing_in(&test).await;
        assert_eq!(view.password_expires_at, None);
        assert!(view.password_expiry.contains("the user is exempt"));
        update(&test, &ada, |user| user.password_never_expires = false).await;
        test.clock.advance(90 * DAY);
        let view = signing_in(&test).await;
        assert!(view.can_sign_in, "to change it");
        assert_eq!(codes(&view).1, ["password_expired"]);
        assert!(view.password_expiry.starts_with("expired 90 days"));
        update(&test, &ada, |user| user.must_change_password = true).await;
        assert_eq!(codes(&signing_in(&test).await).1, ["must_change_password"]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_administrator_without_a_second_factor_is_led_to_registering_one() {
    let test = TestApp::sqlite().await;
    let contoso = Organisation::create(&test, "contoso.com", open_settings(1)).await;
    let ada = contoso
        .administrator(&test, "ada@contoso.com", Role::GlobalAdministrator)
        .await;
    set_password(&test, &ada, RIGHT).await;
    let view = signing_in(&test).await;
    assert_eq!(codes(&view).1, ["register_second_factor"]);
    assert_eq!(
        view.second_factor,
        "asked, as of every administrator; none is registered"
    );
    // Whoever signs in at a provider proves it here, too.
    update(&test, &ada, |user| user.managed = Managed::Federated).await;
    let federated = signing_in(&test).await;
    assert_eq!(federated.second_factor, view.second_factor);
    assert_eq!(codes(&federated).1, ["register_second_factor"]);
    update(&test, &ada, |user| user.managed = Managed::Cloud).await;
    device_of(&test, &ada).await;
    let view = signing_in(&test).await;
    assert_eq!(codes(&view), (vec![], vec![]));
    assert!(view.second_factor.ends_with("registered: passkey"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_registration_lacks_is_told() {
    let test = TestApp::sqlite().await;
    let contoso = Organisation::create(&test, "contoso.com", open_settings(2)).await;
    let ada = contoso
        .person(&test, "ada@contoso.com", |user| user.mobile_phone = None)
        .await;
    set_password(&test, &ada, RIGHT).await;
    let lacks = async || {
        let found = explained(&test).await.registration_lacks;
        found.into_iter().map(|one| one.code).collect::<Vec<_>>()
    };
    assert_eq!(lacks().await, ["not_registered"]);
    assert_eq!(codes(&signing_in(&test).await).1, ["must_register"]);
    update(&test, &ada, |user| {
        user.mobile_phone = Some("+31612345678".into());
    })
    .await;
    assert_eq!(lacks().await, [""; 0]);
    test.clock.advance(180 * DAY);
    let view = signing_in(&test).await;
    assert_eq!(codes(&view).1, ["must_reconfirm"]);
    assert!(view.led_to[0].cure.contains("registration.reconfirm_days"));
    let mut settings = open_settings(2);
    settings.reset.scope = latchkey_core::settings::Scope::None;
    contoso.set(&test, settings).await;
    assert_eq!(lacks().await, ["not_enabled"]);
    assert_eq!(codes(&signing_in(&test).await).1, [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_said_of_signing_in_while_the_tenant_is_off() {
    let test = TestApp::sqlite().await;
    ada(&test).await;
    let ctx = admin::operator(&test.app);
    let off = [("enabled".to_owned(), "no".to_owned())];
    admin::tenant::set(&test.app, &ctx, "contoso", &off)
        .await
        .unwrap();
    assert!(explained(&test).await.sign_in.is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_preview_counts_passwords_that_would_expire() {
    both(async |test| {
        let (contoso, _) = contoso(&test, |_| {}).await;
        for (name, days) in [("old", 89), ("older", 1)] {
            let upn = format!("{name}@contoso.com");
            let user = contoso.person(&test, &upn, |_| {}).await;
            set_password(&test, &user, RIGHT).await;
            if name == "older" {
                update(&test, &user, |user| user.password_never_expires = true).await;
            }
            test.clock.advance(days * DAY);
        }
        // Ada's and the first are 90 days old; of these the third never expires.
        let none = Effect::default();
        let days = |days: u32| format!("password.expires_after_days={days}");
        let expired = Effect {
            newly_expired: 2,
            ..none
        };
        let soon = Effect {
            expire_soon: 2,
            ..none
        };
        assert_eq!(preview(&test, &[&days(90)]).await, expired);
        assert_eq!(preview(&test, &[&days(91)]).await, soon);
        assert_eq!(preview(&test, &[&days(104)]).await, soon);
        assert_eq!(preview(&test, &[&days(105)]).await, none);
        let shorter = ["password.notice_days=13", &days(104)];
        assert_eq!(preview(&test, &shorter).await, none);
        let user = "old@contoso.com";
        let ctx = admin::operator(&test.app);
        let off = [(admin::user::Field::parse("enabled").unwrap(), "no".into())];
        admin::user::set(&test.app, &ctx, user, &off).await.unwrap();
        let one = Effect {
            newly_expired: 1,
            ..none
        };
        assert_eq!(preview(&test, &[&days(90)]).await, one, "who can sign in");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_preview_counts_who_would_have_to_register_or_confirm() {
    both(async |test| {
        ada(&test).await;
        test.clock.advance(100 * DAY);
        let none = Effect::default();
        let two = Effect {
            no_longer_able: 1,
            must_register: 1,
            ..none
        };
        let more = ["reset.gates_required=2", "reset.methods=email"];
        assert_eq!(preview(&test, &more).await, two);
        let optional = [more[0], more[1], "registration.required_at_sign_in=no"];
        let led = Effect {
            must_register: 0,
            ..two
        };
        assert_eq!(preview(&test, &optional).await, led);
        let confirm = Effect {
            must_reconfirm: 1,
            ..none
        };
        let days = |days: u32| format!("registration.reconfirm_days={days}");
        assert_eq!(preview(&test, &[&days(100)]).await, confirm);
        assert_eq!(preview(&test, &[&days(101)]).await, none);
        assert_eq!(preview(&test, &["sign_in.idle_minutes=5"]).await, none);
    })
    .await;
}
