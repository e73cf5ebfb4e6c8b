//! Signing in at a tenant's identity provider, rightly and in every wrong way.

use std::time::Duration;

use latchkey_app::admin;
use latchkey_app::sign_in::{self, Back, Elsewhere, Notice, Over, Page, Place};
use latchkey_core::model::{Managed, Role, User};
use latchkey_store::{StoreError, accounts, federation};
use latchkey_testkit::provider::{Asked, CLIENT, Provider};
use latchkey_testkit::seed::{Organisation, open_settings, set_password};
use latchkey_testkit::{Arrival, TestApp, both};
use latchkey_types::Secret;
use serde_json::{Value, json};

use crate::second_factor::register;
use crate::sign_in::{RIGHT, events, is_signed_in};

const ADA: &str = "ada@contoso.com";
const SUBJECT: &str = "7f1c0a52";

/// Contoso, which has a provider, and Ada, who signs in there.
async fn contoso(test: &TestApp) -> (Organisation, Provider, User) {
    let contoso = Organisation::create(test, "contoso.com", open_settings(1)).await;
    let provider = Provider::start(test).await;
    provider.set_for(test, "contoso").await;
    let ada = person(test, &contoso, ADA).await;
    (contoso, provider, ada)
}

async fn person(test: &TestApp, contoso: &Organisation, upn: &str) -> User {
    let federated = |user: &mut User| user.managed = Managed::Federated;
    contoso.person(test, upn, federated).await
}

/// A browser that was sent away.
async fn away(test: &TestApp, typed: &str) -> (Arrival, Asked) {
    let mut arrival = Arrival::start(test, typed).await;
    assert_eq!(arrival.view.page, Page::Federated, "{typed}");
    arrival.go_elsewhere().await;
    let url = arrival.away.clone().expect("an address");
    (arrival, Asked::read(url.expose()))
}

fn with(provider: &Provider, asked: &Asked, code: &str) -> Back {
    Back {
        state: Some(Secret::new(asked.get("state").to_owned())),
        code: Some(Secret::new(code.to_owned())),
        iss: Some(provider.issuer.clone()),
        error: None,
    }
}

/// The whole way of somebody whom the provider knows under a subject and a name.
async fn through(
    test: &TestApp,
    provider: &Provider,
    typed: &str,
    subject: &str,
    name: &str,
    extra: Value,
) -> Arrival {
    let (mut arrival, asked) = away(test, typed).await;
    let code = provider.sign_in_with(&asked, subject, name, &extra);
    arrival.come_back(&with(provider, &asked, &code)).await;
    arrival
}

fn refused(arrival: &Arrival, what: Elsewhere) {
    assert_eq!(arrival.notice, Some(Notice::Elsewhere(what)));
    assert!(!arrival.is_in());
    assert_eq!(arrival.view.page, Page::Federated);
}

async fn last(test: &TestApp, contoso: &Organisation) -> String {
    events(test, contoso.id()).await.pop().expect("an event").1
}

async fn bound_to(test: &TestApp, provider: &Provider, user: &User, subject: &str) -> bool {
    let tenant = user.tenant;
    let found = test
        .app
        .db()
        .read(async |mut tx| federation::user_of(&mut tx, tenant, &provider.issuer, subject).await)
        .await
        .unwrap();
    found == Some(user.id)
}

async fn change(test: &TestApp, user: &User, change: impl Fn(&mut User) + Send + Sync) {
    let (tenant, id) = (user.tenant, user.id);
    test.app
        .db()
        .write(async |mut tx| {
            let mut user = accounts::get(&mut tx, tenant, id).await?.unwrap();
            change(&mut user);
            accounts::set_frozen(&mut tx, tenant, id, user.frozen_at).await?;
            let version = accounts::get(&mut tx, tenant, id).await?.unwrap().version;
            assert!(accounts::set_attributes(&mut tx, tenant, id, version, &user).await?);
            Ok::<_, StoreError>(())
        })
        .await
        .unwrap();
}

/// A name that nobody has and that goes to the provider all the same.
async fn decoy(test: &TestApp) -> String {
    for number in 0..64 {
        let name = format!("e{number:02}@contoso.com");
        if Arrival::start(test, &name).await.view.page == Page::Federated {
            return name;
        }
    }
    panic!("every name that nobody has goes to the page for the password");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_federated_person_signs_in_at_the_provider_and_is_known_by_subject_after() {
    both(async |test| {
        let (contoso, provider, ada) = contoso(&test).await;
        let (mut arrival, asked) = away(&test, ADA).await;
        for (name, value) in [
            ("response_type", "code"),
            ("client_id", CLIENT),
            (
                "redirect_uri",
                "https://reset.contoso.com/sign-in/federated",
            ),
            ("code_challenge_method", "S256"),
            // Nothing of the name goes away.
            ("login_hint", ""),
        ] {
            assert_eq!(asked.get(name), value, "{name}");
        }
        assert!(asked.0.values().all(|value| !value.contains("ada")));
        // Names are compared as everywhere, without case.
        let code = provider.sign_in(&asked, SUBJECT, "Ada@Contoso.com");
        arrival.come_back(&with(&provider, &asked, &code)).await;
        assert_eq!(arrival.place, Some(Place::Account));
        let me = sign_in::signed_in(&test.app, arrival.session()).await;
        assert_eq!(me.unwrap().unwrap().user_id, ADA);
        assert!(bound_to(&test, &provider, &ada, SUBJECT).await);
        assert_eq!(
            events(&test, contoso.id()).await,
            [("Sign in", String::new())]
        );
        // The name counted once: it may change there, and may then be somebody else's.
        let again = through(
            &test,
            &provider,
            ADA,
            SUBJECT,
            "ada.married@x.nl",
            json!({}),
        )
        .await;
        assert!(again.is_in());
        let heir = through(&test, &provider, ADA, "another", ADA, json!({})).await;
        refused(&heir, Elsewhere::Refused);
        assert_eq!(last(&test, &contoso).await, "provider_other_person");
        assert!(!bound_to(&test, &provider, &ada, "another").await);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_expiry_or_an_order_to_change_says_nothing_of_a_password_kept_elsewhere() {
    let test = TestApp::sqlite().await;
    let (_, provider, ada) = contoso(&test).await;
    change(&test, &ada, |user| user.must_change_password = true).await;
    let arrival = through(&test, &provider, ADA, SUBJECT, ADA, json!({})).await;
    assert_eq!(arrival.place, Some(Place::Account));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_administrator_proves_a_second_factor_of_their_own_after_it() {
    both(async |test| {
        let (contoso, provider, _) = contoso(&test).await;
        let bo = contoso
            .person(&test, "bo@contoso.com", |user| {
                user.managed = Managed::Federated;
                user.roles = vec![Role::HelpdeskAdministrator];
            })
            .await;
        let extra = json!({"acr": "urn:mfa", "amr": ["mfa", "otp"]});
        // Without one that is registered here: in, to register it and nothing else.
        let upn = bo.upn.as_str();
        let first = through(&test, &provider, upn, "bo", upn, extra.clone()).await;
        let me = sign_in::signed_in(&test.app, first.session())
            .await
            .unwrap();
        assert_eq!(me.unwrap().todo, Some(sign_in::Todo::RegisterSecondFactor));
        let mut device = register(&test, &bo).await;
        let (mut arrival, asked) = away(&test, upn).await;
        let before = arrival.cookie.clone();
        let code = provider.sign_in_with(&asked, "bo", upn, &extra);
        arrival.come_back(&with(&provider, &asked, &code)).await;
        let Page::Passkey {
            options, is_second, ..
        } = arrival.view.page.clone()
        else {
            panic!("{:?}", arrival.view.page);
        };
        assert!(is_second && !arrival.is_in());
        assert_ne!(arrival.cookie, before, "another cookie after a proof");
        arrival.passkey(&device.get(&options)).await;
        assert!(arrival.is_in());
        let me = sign_in::signed_in(&test.app, arrival.session()).await;
        assert_eq!(me.unwrap().unwrap().todo, None);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_came_back_is_taken_once_and_only_in_the_browser_that_was_sent() {
    both(async |test| {
        let (contoso, provider, ada) = contoso(&test).await;
        person(&test, &contoso, "bo@contoso.com").await;
        let (mut arrival, asked) = away(&test, ADA).await;
        let (mut thief, thiefs) = away(&test, "bo@contoso.com").await;
        let code = provider.sign_in(&asked, SUBJECT, ADA);
        let right = with(&provider, &asked, &code);
        // In another browser, with a way in of its own or without one.
        thief.come_back(&right).await;
        refused(&thief, Elsewhere::Again);
        assert_eq!(last(&test, &contoso).await, "provider_state");
        let nowhere = Secret::new("nowhere".to_owned());
        let outcome = sign_in::come_back(&test.app, &test.ctx(), &nowhere, &right).await;
        assert!(outcome.unwrap().is_none());
        // With the state of another way in, or none: that ends nothing which is on its way.
        for state in [Some(thiefs.get("state")), Some(""), None] {
            let mut wrong = right.clone();
            wrong.state = state.map(|state| Secret::new(state.to_owned()));
            arrival.come_back(&wrong).await;
            refused(&arrival, Elsewhere::Again);
        }
        // The code of another way in: this one's verifier and nonce do not fit.
        let theirs = provider.sign_in(&thiefs, "bo", "bo@contoso.com");
        thief.come_back(&with(&provider, &thiefs, &code)).await;
        refused(&thief, Elsewhere::Again);
        assert_eq!(last(&test, &contoso).await, "provider_code");
        thief.come_back(&with(&provider, &thiefs, &theirs)).await;
        refused(&thief, Elsewhere::Again);
        // Begun anew, the state before counts no more.
        let (mut arrival, old) = away(&test, ADA).await;
        let page = sign_in::view(&test.app, &arrival.cookie).await.unwrap();
        arrival.view = page.unwrap();
        arrival.go_elsewhere().await;
        let asked = Asked::read(arrival.away.as_ref().unwrap().expose());
        let code = provider.sign_in(&old, SUBJECT, ADA);
        arrival.come_back(&with(&provider, &old, &code)).await;
        refused(&arrival, Elsewhere::Again);
        let code = provider.sign_in(&asked, SUBJECT, ADA);
        let right = with(&provider, &asked, &code);
        let cookie = arrival.cookie.clone();
        arrival.come_back(&right).await;
        assert!(arrival.is_in());
        assert!(is_signed_in(&test.app, arrival.session()).await);
        // Once more.
        let outcome = sign_in::come_back(&test.app, &test.ctx(), &cookie, &right).await;
        assert!(outcome.unwrap().is_none());
        assert!(bound_to(&test, &provider, &ada, SUBJECT).await);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_that_come_back_at_once_one_is_let_in() {
    both(async |test| {
        let (_, provider, _) = contoso(&test).await;
        let (arrival, asked) = away(&test, ADA).await;
        let code = provider.sign_in(&asked, SUBJECT, ADA);
        let back = with(&provider, &asked, &code);
        let ctx = test.ctx();
        let come = || sign_in::come_back(&test.app, &ctx, &arrival.cookie, &back);
        let (one, two) = tokio::join!(come(), come());
        let is_in =
            |outcome: &Option<sign_in::Outcome>| matches!(outcome, Some(sign_in::Outcome::In(_)));
        let (one, two) = (one.unwrap(), two.unwrap());
        // Whoever was too late may have ended the other's way by then, but is never let in.
        assert_eq!(usize::from(is_in(&one)) + usize::from(is_in(&two)), 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_way_in_is_over_after_its_quarter_of_an_hour_also_there() {
    let test = TestApp::sqlite().await;
    let (_, provider, _) = contoso(&test).await;
    for (seconds, is_in) in [(15 * 60 - 1, true), (15 * 60, false)] {
        let (mut arrival, asked) = away(&test, ADA).await;
        test.clock.advance(Duration::from_secs(seconds));
        let code = provider.sign_in(&asked, SUBJECT, ADA);
        arrival.come_back(&with(&provider, &asked, &code)).await;
        assert_eq!(arrival.is_in(), is_in, "{seconds}");
        assert_eq!(arrival.over, (!is_in).then_some(Over::Gone));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_may_not_sign_in_is_told_the_same_as_a_stranger_and_is_bound_to_nothing() {
    both(async |test| {
        type Change = fn(&mut User);
        let (contoso, provider, _) = contoso(&test).await;
        let cases: [(&str, Change, &str); 3] = [
            ("disabled", |u| u.enabled = false, "disabled"),
            ("frozen", |u| u.frozen_at = Some(u.created_at), "frozen"),
            // Moved away from the provider while somebody was on the way.
            ("moved", |u| u.managed = Managed::Cloud, "not_federated"),
        ];
        for (name, with_change, why) in cases {
            let upn = format!("{name}@contoso.com");
            let user = person(&test, &contoso, &upn).await;
            let (mut arrival, asked) = away(&test, &upn).await;
            change(&test, &user, with_change).await;
            let code = provider.sign_in(&asked, name, &upn);
            arrival.come_back(&with(&provider, &asked, &code)).await;
            refused(&arrival, Elsewhere::Refused);
            assert_eq!(last(&test, &contoso).await, why);
            assert!(!bound_to(&test, &provider, &user, name).await);
        }
        let nobody = decoy(&test).await;
        let arrival = through(&test, &provider, &nobody, "x", &nobody, json!({})).await;
        refused(&arrival, Elsewhere::Refused);
        assert_eq!(last(&test, &contoso).await, "unknown_user");
        // Somebody else of the same organisation, and nobody in particular.
        for name in ["bo@contoso.com", "", "ada", "ada@contoso.com.evil.example"] {
            let arrival = through(&test, &provider, ADA, "bo", name, json!({})).await;
            refused(&arrival, Elsewhere::Refused);
            assert_eq!(last(&test, &contoso).await, "provider_other_person");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_of_a_cloud_password_is_never_signed_in_by_the_provider() {
    both(async |test| {
        let (contoso, provider, _) = contoso(&test).await;
        let cloud = contoso.person(&test, "cleo@contoso.com", |_| {}).await;
        set_password(&test, &cloud, RIGHT).await;
        let mut arrival = Arrival::start(&test, "cleo@contoso.com").await;
        assert_eq!(arrival.view.page, Page::Password);
        arrival.go_elsewhere().await;
        assert_eq!(arrival.notice, Some(Notice::OutOfDate));
        assert!(arrival.away.is_none());
        // Under a name that goes there, the provider names her.
        let other = through(&test, &provider, ADA, "cleo", "cleo@contoso.com", json!({})).await;
        refused(&other, Elsewhere::Refused);
        assert!(!bound_to(&test, &provider, &cloud, "cleo").await);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_speaks_for_its_own_tenant_alone() {
    both(async |test| {
        let (contoso, provider, ada) = contoso(&test).await;
        let fabrikam = Organisation::create(&test, "fabrikam.com", open_settings(1)).await;
        let own = Provider::start(&test).await;
        own.set_for(&test, "fabrikam").await;
        let eve = person(&test, &fabrikam, "eve@fabrikam.com").await;
        // Eve's provider names Ada; then the subject that Ada has at hers.
        assert!(
            through(&test, &provider, ADA, SUBJECT, ADA, json!({}))
                .await
                .is_in()
        );
        let upn = "eve@fabrikam.com";
        for (subject, name) in [("eve", ADA), (SUBJECT, ADA)] {
            let arrival = through(&test, &own, upn, subject, name, json!({})).await;
            refused(&arrival, Elsewhere::Refused);
        }
        assert!(bound_to(&test, &provider, &ada, SUBJECT).await);
        assert!(!bound_to(&test, &own, &eve, SUBJECT).await);
        // A code of the other provider, as in a mix-up (RFC 9207): its issuer is another.
        let (mut arrival, asked) = away(&test, ADA).await;
        let code = own.sign_in(&asked, SUBJECT, ADA);
        arrival.come_back(&with(&own, &asked, &code)).await;
        refused(&arrival, Elsewhere::Again);
        assert_eq!(last(&test, &contoso).await, "provider_issuer");
        // And without saying who answers.
        let (mut arrival, asked) = away(&test, ADA).await;
        let code = provider.sign_in(&asked, SUBJECT, ADA);
        let mut silent = with(&provider, &asked, &code);
        silent.iss = None;
        arrival.come_back(&silent).await;
        refused(&arrival, Elsewhere::Again);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_goes_wrong_there_is_told_apart_and_can_be_tried_again() {
    both(async |test| {
        let (contoso, provider, _) = contoso(&test).await;
        // Down before, and down after.
        provider.set_down(true);
        let mut arrival = Arrival::start(&test, ADA).await;
        arrival.go_elsewhere().await;
        refused(&arrival, Elsewhere::Down);
        assert_eq!(last(&test, &contoso).await, "provider_unreachable");
        provider.set_down(false);
        arrival.go_elsewhere().await;
        let asked = Asked::read(arrival.away.as_ref().unwrap().expose());
        let code = provider.sign_in(&asked, SUBJECT, ADA);
        provider.set_down(true);
        arrival.come_back(&with(&provider, &asked, &code)).await;
        refused(&arrival, Elsewhere::Down);
        provider.set_down(false);
        // What it says in place of a code.
        for (error, what, why) in [
            (
                "access_denied",
                Elsewhere::NotSignedIn,
                "provider_not_signed_in",
            ),
            (
                "login_required",
                Elsewhere::NotSignedIn,
                "provider_not_signed_in",
            ),
            (
                "temporarily_unavailable",
                Elsewhere::Down,
                "provider_unreachable",
            ),
            ("invalid_scope", Elsewhere::Faulty, "provider_answer"),
            ("<script>", Elsewhere::Faulty, "provider_answer"),
        ] {
            arrival.go_elsewhere().await;
            let asked = Asked::read(arrival.away.as_ref().unwrap().expose());
            let code = provider.sign_in(&asked, SUBJECT, ADA);
            let mut back = with(&provider, &asked, &code);
            back.error = Some(error.into());
            arrival.come_back(&back).await;
            refused(&arrival, what);
            assert_eq!(last(&test, &contoso).await, why);
        }
        // An ID token that is not one for this sign-in.
        for (extra, what) in [
            (json!({"nonce": "another"}), Elsewhere::Again),
            (json!({"aud": "another"}), Elsewhere::Faulty),
            (json!({"iss": "https://evil.example"}), Elsewhere::Faulty),
            (json!({"exp": 1}), Elsewhere::Faulty),
        ] {
            let arrival = through(&test, &provider, ADA, SUBJECT, ADA, extra).await;
            refused(&arrival, what);
            assert_eq!(last(&test, &contoso).await, "provider_token");
        }
        arrival.go_elsewhere().await;
        let asked = Asked::read(arrival.away.as_ref().unwrap().expose());
        let code = provider.sign_in(&asked, SUBJECT, ADA);
        arrival.come_back(&with(&provider, &asked, &code)).await;
        assert!(arrival.is_in(), "after all of that");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_that_was_set_anew_or_removed_meanwhile_signs_nobody_in() {
    both(async |test| {
        let (contoso, provider, _) = contoso(&test).await;
        let (mut arrival, asked) = away(&test, ADA).await;
        provider.set_for(&test, "contoso").await;
        let code = provider.sign_in(&asked, SUBJECT, ADA);
        arrival.come_back(&with(&provider, &asked, &code)).await;
        refused(&arrival, Elsewhere::Again);
        assert_eq!(last(&test, &contoso).await, "changed_meanwhile");
        let (mut arrival, asked) = away(&test, ADA).await;
        let ctx = admin::operator(&test.app);
        let removed = admin::federation::remove(&test.app, &ctx, "contoso").await;
        assert!(removed.unwrap());
        let code = provider.sign_in(&asked, SUBJECT, ADA);
        arrival.come_back(&with(&provider, &asked, &code)).await;
        refused(&arrival, Elsewhere::Faulty);
        arrival.go_elsewhere().await;
        refused(&arrival, Elsewhere::Faulty);
        assert_eq!(last(&test, &contoso).await, "provider_removed");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn s17_a_name_that_nobody_has_issues_the_same_statements_on_the_way_there_and_back() {
    let test = TestApp::sqlite().await;
    let (_, provider, _) = contoso(&test).await;
    let nobody = decoy(&test).await;
    let mut counts = Vec::new();
    for typed in [ADA, &nobody] {
        let mut arrival = Arrival::start(&test, typed).await;
        let mut steps = Vec::new();
        let before = test.app.db().statements();
        arrival.go_elsewhere().await;
        steps.push(test.app.db().statements() - before);
        let asked = Asked::read(arrival.away.as_ref().unwrap().expose());
        let code = provider.sign_in(&asked, "mallory", "mallory@contoso.com");
        let before = test.app.db().statements();
        arrival.come_back(&with(&provider, &asked, &code)).await;
        refused(&arrival, Elsewhere::Refused);
        steps.push(test.app.db().statements() - before);
        counts.push(steps);
    }
    assert_eq!(counts[0], counts[1]);
}

/// What is kept between the two is sealed, and so is the client's secret.
#[tokio::test(flavor = "multi_thread")]
async fn s13_neither_the_trip_nor_the_clients_secret_can_be_read_in_the_database() {
    let test = TestApp::sqlite().await;
    let (_, provider, _) = contoso(&test).await;
    let (_, asked) = away(&test, ADA).await;
    let file = test.file.as_ref().unwrap();
    let mut bytes = std::fs::read(file).unwrap();
    bytes.extend(std::fs::read(file.with_extension("db-wal")).unwrap_or_default());
    let holds = |text: &str| {
        bytes
            .windows(text.len())
            .any(|window| window == text.as_bytes())
    };
    assert!(
        holds(&provider.issuer),
        "it is looked for in the right place"
    );
    for secret in [
        latchkey_testkit::provider::SECRET,
        asked.get("state"),
        asked.get("nonce"),
    ] {
        assert!(!holds(secret), "{secret}");
    }
}
