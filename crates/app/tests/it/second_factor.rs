//! Second factors and passkeys.

use std::time::Duration;

use latchkey_app::sign_in::{Notice, Over, Page, Place};
use latchkey_app::{MasterKey, admin};
use latchkey_core::model::{Origin, Role, User};
use latchkey_core::sign_in::Factor;
use latchkey_crypto::passkey::{LIFETIME, Passkeys};
use latchkey_crypto::seal::Place as Cell;
use latchkey_crypto::testing::{Authenticator, Twist};
use latchkey_store::methods::{self, MethodKind, NewMethod};
use latchkey_store::{StoreError, accounts, tenants};
use latchkey_testkit::seed::{Organisation, open_settings, set_password};
use latchkey_testkit::{Arrival, Person, Seeded, TestApp, both, totp};
use latchkey_types::MethodId;

use crate::sign_in::{RIGHT, ada, events, sign_in};

const SITE: &str = "https://reset.contoso.com";
const APP: &[u8] = b"a secret of twenty b";

/// Registers a passkey as the security info page will, and gives the device that has it.
pub(crate) async fn register(test: &TestApp, user: &User) -> Authenticator {
    let mut device = Authenticator::new(SITE);
    add_passkey(test, user, &mut device).await;
    device
}

async fn add_passkey(test: &TestApp, user: &User, device: &mut Authenticator) {
    let passkeys = Passkeys::new("reset.contoso.com", SITE, "Latchkey").unwrap();
    let begun = passkeys
        .begin_registration(test.app.entropy(), user.id, "name", "Name", &[])
        .unwrap();
    let answer = device.create(&begun.options);
    let new = passkeys
        .finish_registration(begun.state.expose(), &answer)
        .unwrap();
    put(
        test,
        user,
        MethodKind::Passkey,
        &new.credential_id,
        &new.data,
    )
    .await;
}

/// Puts a sealed value on file, with the keys of every test.
async fn put(test: &TestApp, user: &User, kind: MethodKind, slot: &str, value: &[u8]) {
    let master = MasterKey::generate(&Seeded::new(42)).unwrap();
    let kek = master.kek(1).unwrap();
    let id = MethodId::new(test.app.clock(), test.app.entropy());
    let now = test.app.clock().now();
    let (tenant, user) = (user.tenant, user.id);
    test.app
        .db()
        .write(async |mut tx| {
            let (_, wrapped) = tenants::get_with_key(&mut tx, tenant).await?.unwrap();
            let key = kek.unwrap(tenant, 1, &wrapped).unwrap();
            let cell = Cell {
                table: "method",
                column: "value",
                row: id.0.as_bytes(),
            };
            let new = NewMethod {
                id,
                kind,
                slot,
                name: "",
                value: &key.seal(test.app.entropy(), &cell, value).unwrap(),
                origin: Origin::Person,
            };
            assert!(methods::upsert(&mut tx, tenant, user, &new, now).await?);
            Ok::<_, StoreError>(())
        })
        .await
        .unwrap();
}

/// An administrator with a password and an app.
async fn root(test: &TestApp) -> (Organisation, User) {
    let contoso = Organisation::create(test, "contoso.com", open_settings(1)).await;
    let root = contoso
        .person(test, "root@contoso.com", |user| {
            user.roles = vec![Role::GlobalAdministrator];
        })
        .await;
    set_password(test, &root, RIGHT).await;
    put(test, &root, MethodKind::Authenticator, "App", APP).await;
    (contoso, root)
}

fn code(test: &TestApp) -> String {
    let now = test.app.clock().now().seconds();
    totp(APP, u64::try_from(now).unwrap())
}

fn wrong(code: &str) -> String {
    let first = if code.starts_with('0') { '1' } else { '0' };
    format!("{first}{}", &code[1..])
}

async fn at_code(test: &TestApp) -> Arrival {
    let mut arrival = Arrival::start(test, "root@contoso.com").await;
    arrival.password(RIGHT).await;
    assert_eq!(arrival.view.page, Page::Code { others: false });
    assert!(!arrival.is_in());
    arrival
}

#[tokio::test(flavor = "multi_thread")]
async fn an_administrator_is_in_with_password_and_code_and_with_neither_alone() {
    both(async |test| {
        let (contoso, _) = root(&test).await;
        let mut arrival = at_code(&test).await;
        for typed in ["", "12345", "1234567", "abcdef"] {
            arrival.code(typed).await;
            assert_eq!(arrival.notice, Some(Notice::Unreadable), "{typed}");
        }
        arrival.code(&wrong(&code(&test))).await;
        assert_eq!(arrival.notice, Some(Notice::WrongCode { left: 4 }));
        let spaced = code(&test);
        arrival
            .code(&format!(" {} {} ", &spaced[..3], &spaced[3..]))
            .await;
        assert!(arrival.is_in());
        assert_eq!(arrival.place, Some(Place::Account));
        // The code alone is no way in: the page for the password takes none.
        test.clock.advance(Duration::from_secs(30));
        let mut arrival = Arrival::start(&test, "root@contoso.com").await;
        arrival.code(&code(&test)).await;
        assert_eq!(arrival.notice, Some(Notice::OutOfDate));
        let wrong = ("Sign in", String::from("second_factor_wrong"));
        assert!(events(&test, contoso.id()).await.contains(&wrong));
    })
    .await;
}

/// Threat S4: another step, another cookie.
#[tokio::test(flavor = "multi_thread")]
async fn s04_the_cookie_changes_with_each_proof_and_the_old_ones_are_worth_nothing() {
    both(async |test| {
        root(&test).await;
        let mut arrival = Arrival::start(&test, "root@contoso.com").await;
        let first = arrival.cookie.clone();
        arrival.password(RIGHT).await;
        let second = arrival.cookie.clone();
        assert_ne!(first, second);
        let view = latchkey_app::sign_in::view(&test.app, &first).await;
        assert!(view.unwrap().is_none(), "whoever planted it sees nothing");
        arrival.code(&code(&test)).await;
        let session = arrival.session().clone();
        assert!(session != first && session != second);
        for old in [&first, &second] {
            assert!(!crate::sign_in::is_signed_in(&test.app, old).await);
            let view = latchkey_app::sign_in::view(&test.app, old).await.unwrap();
            assert!(view.is_none());
        }
    })
    .await;
}

/// Threat S12: a code works once, on whatever process, here or in a reset.
#[tokio::test(flavor = "multi_thread")]
async fn s12_a_code_that_was_used_is_refused_on_another_process_and_in_a_reset() {
    both(async |test| {
        root(&test).await;
        let Some(url) = test.url() else { return };
        let other = test.another(&url).await;
        let mut first = at_code(&test).await;
        let mut second = at_code(&test).await.on(&other);
        let used = code(&test);
        first.code(&used).await;
        assert!(first.is_in());
        second.code(&used).await;
        assert_eq!(second.notice, Some(Notice::WrongCode { left: 4 }));
        let mut person = Person::start(&test, "root@contoso.com").await;
        person.choose("authenticator_code").await;
        person.code(&used).await;
        let refused = latchkey_app::reset::Notice::WrongCode { left: 4 };
        assert_eq!(person.notice, Some(refused));
        test.clock.advance(Duration::from_secs(30));
        second.code(&code(&test)).await;
        assert!(second.is_in());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_fifth_wrong_code_ends_the_way_in_and_blocks_codes_for_a_day_but_no_reset() {
    both(async |test| {
        let (contoso, _) = root(&test).await;
        let mut arrival = at_code(&test).await;
        let bad = wrong(&code(&test));
        for left in [4, 3, 2, 1] {
            arrival.code(&bad).await;
            assert_eq!(arrival.notice, Some(Notice::WrongCode { left }));
        }
        arrival.code(&bad).await;
        assert_eq!(arrival.over, Some(Over::TooManyCodes));
        let mut again = at_code(&test).await;
        again.code(&code(&test)).await;
        assert_eq!(again.over, Some(Over::TooManyCodes), "also a right one");
        let told = test.newest_to("root@home.example").await.unwrap();
        assert!(told.subject.contains("locked"), "{}", told.subject);
        let reason = ("Lock account after failed sign-ins", "second_factor_wrong");
        let events = events(&test, contoso.id()).await;
        assert!(events.iter().any(|(a, r)| (*a, r.as_str()) == reason));
        // S37: the gate of a reset has a counter of its own.
        let mut person = Person::start(&test, "root@contoso.com").await;
        person.choose("authenticator_code").await;
        person.code(&code(&test)).await;
        assert_eq!(person.notice, None);
        for (seconds, is_in) in [(86_400 - 60, false), (60, true)] {
            test.clock.advance(Duration::from_secs(seconds));
            let mut arrival = at_code(&test).await;
            arrival.code(&code(&test)).await;
            assert_eq!(arrival.is_in(), is_in, "{seconds}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_operator_lifts_the_block_of_codes() {
    let test = TestApp::sqlite().await;
    root(&test).await;
    let mut arrival = at_code(&test).await;
    for _ in 0..5 {
        arrival.code(&wrong(&code(&test))).await;
    }
    let ctx = admin::operator(&test.app);
    assert!(
        admin::user::unlock(&test.app, &ctx, "root@contoso.com")
            .await
            .unwrap()
    );
    let mut arrival = at_code(&test).await;
    arrival.code(&code(&test)).await;
    assert!(arrival.is_in());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_administrator_without_a_second_factor_is_led_to_registering_one() {
    let test = TestApp::sqlite().await;
    let contoso = Organisation::create(&test, "contoso.com", open_settings(1)).await;
    let root = contoso
        .administrator(&test, "root@contoso.com", Role::UserAdministrator)
        .await;
    set_password(&test, &root, RIGHT).await;
    let arrival = sign_in(&test, "root@contoso.com").await;
    assert_eq!(arrival.place, Some(Place::SecurityInfo));
    let me = latchkey_app::sign_in::signed_in(&test.app, arrival.session()).await;
    let todo = me.unwrap().unwrap().todo;
    assert_eq!(
        todo,
        Some(latchkey_app::sign_in::Todo::RegisterSecondFactor)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_that_changes_between_password_and_code_begins_again() {
    let test = TestApp::sqlite().await;
    let (_, root) = root(&test).await;
    let mut arrival = at_code(&test).await;
    set_password(&test, &root, "Another 0ne!").await;
    arrival.code(&code(&test)).await;
    assert_eq!((arrival.is_in(), arrival.over), (false, Some(Over::Gone)));
}

fn options(arrival: &Arrival) -> String {
    match &arrival.view.page {
        Page::Passkey { options, .. } => options.clone(),
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_passkey_alone_signs_anybody_in_and_tells_who_it_is() {
    both(async |test| {
        let (_, ada) = ada(&test).await;
        let (_, root) = {
            let fabrikam = Organisation::create(&test, "fabrikam.com", open_settings(1)).await;
            let root = fabrikam
                .administrator(&test, "root@fabrikam.com", Role::GlobalAdministrator)
                .await;
            (fabrikam, root)
        };
        for user in [&ada, &root] {
            let mut device = register(&test, user).await;
            for _ in 0..2 {
                let mut arrival = Arrival::with_passkey(&test.app, test.ctx()).await;
                let answer = device.get(&options(&arrival));
                arrival.passkey(&answer).await;
                assert_eq!(arrival.place, Some(Place::Account), "{:?}", arrival.notice);
                let me = latchkey_app::sign_in::signed_in(&test.app, arrival.session()).await;
                let me = me.unwrap().unwrap();
                assert_eq!((me.user_id.as_str(), me.todo), (user.upn.as_str(), None));
            }
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_passkey_in_place_of_the_password_and_back() {
    let test = TestApp::sqlite().await;
    let (_, ada) = ada(&test).await;
    let mut device = register(&test, &ada).await;
    let mut arrival = Arrival::start(&test, "ada@contoso.com").await;
    arrival.use_passkey().await;
    assert!(matches!(
        arrival.view.page,
        Page::Passkey {
            is_second: false,
            others: true,
            ..
        }
    ));
    arrival.other().await;
    assert_eq!(arrival.view.page, Page::Password);
    arrival.use_passkey().await;
    let answer = device.get(&options(&arrival));
    arrival.passkey(&answer).await;
    assert!(arrival.is_in());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_is_good_once_for_its_own_challenge_and_for_five_minutes() {
    both(async |test| {
        let (contoso, ada) = ada(&test).await;
        let mut device = register(&test, &ada).await;
        let mut one = Arrival::with_passkey(&test.app, test.ctx()).await;
        let mut other = Arrival::with_passkey(&test.app, test.ctx()).await;
        let first = options(&one);
        let answer = device.get(&first);
        other.passkey(&answer).await;
        assert_eq!(
            other.notice,
            Some(Notice::PasskeyRefused),
            "of another browser"
        );
        one.passkey("{}").await;
        assert_eq!(one.notice, Some(Notice::PasskeyRefused));
        assert_ne!(options(&one), first, "another challenge after each try");
        one.passkey(&answer).await;
        assert_eq!(
            one.notice,
            Some(Notice::PasskeyRefused),
            "of the one before"
        );
        for (late, is_in) in [(Duration::ZERO, false), (Duration::from_secs(1), true)] {
            let mut arrival = Arrival::with_passkey(&test.app, test.ctx()).await;
            let answer = device.get(&options(&arrival));
            test.clock.advance(LIFETIME - late);
            arrival.passkey(&answer).await;
            assert_eq!(arrival.is_in(), is_in, "{late:?}");
        }
        let reasons: Vec<String> = events(&test, contoso.id())
            .await
            .into_iter()
            .map(|(_, reason)| reason)
            .collect();
        assert_eq!(
            reasons,
            [""],
            "a try with a passkey is nobody's until it is right"
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_passkey_of_nobody_of_another_or_that_did_not_ask_is_refused() {
    both(async |test| {
        let (_, root) = root(&test).await;
        let mut device = register(&test, &root).await;
        let mut stranger = Authenticator::new(SITE);
        let passkeys = Passkeys::new("reset.contoso.com", SITE, "Latchkey").unwrap();
        let begun = passkeys
            .begin_registration(test.app.entropy(), root.id, "n", "N", &[])
            .unwrap();
        stranger.create(&begun.options);
        let mut arrival = Arrival::with_passkey(&test.app, test.ctx()).await;
        for answer in [
            stranger.get(&options(&arrival)),
            String::new(),
            "x".repeat(20_000),
        ] {
            arrival.passkey(&answer).await;
            assert_eq!(arrival.notice, Some(Notice::PasskeyRefused));
        }
        let answer = device.get_twisted(&options(&arrival), Twist::Unverified);
        arrival.passkey(&answer).await;
        assert_eq!(arrival.notice, Some(Notice::PasskeyRefused));
        // As a second factor, it is that of whoever typed the password.
        let eve = {
            let tenant = root.tenant;
            let eve = User {
                id: latchkey_types::UserId::new(test.app.clock(), test.app.entropy()),
                upn: latchkey_types::Upn::parse("eve@contoso.com").unwrap(),
                tenant,
                ..root.clone()
            };
            test.app
                .db()
                .write(async |mut tx| accounts::insert(&mut tx, &eve, None).await)
                .await
                .unwrap();
            eve
        };
        let mut hers = register(&test, &eve).await;
        let mut arrival = Arrival::start(&test, "root@contoso.com").await;
        arrival.password(RIGHT).await;
        let expected = vec![Factor::Passkey, Factor::Authenticator];
        assert_eq!(arrival.view.page, Page::Choose { options: expected });
        arrival.choose("telepathy").await;
        assert_eq!(arrival.notice, Some(Notice::ChooseOne));
        arrival.choose("passkey").await;
        let answer = hers.get(&options(&arrival));
        arrival.passkey(&answer).await;
        assert_eq!(arrival.notice, Some(Notice::PasskeyRefused));
        let answer = device.get(&options(&arrival));
        arrival.passkey(&answer).await;
        assert!(arrival.is_in());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_passkey_of_a_disabled_or_frozen_account_signs_nobody_in() {
    let test = TestApp::sqlite().await;
    let (contoso, ada) = ada(&test).await;
    let mut device = register(&test, &ada).await;
    let (tenant, id) = (ada.tenant, ada.id);
    for (frozen, why) in [(true, "frozen"), (false, "disabled")] {
        let now = test.app.clock().now();
        test.app
            .db()
            .write(async |mut tx| {
                accounts::set_frozen(&mut tx, tenant, id, frozen.then_some(now)).await?;
                accounts::set_enabled(&mut tx, tenant, id, frozen).await
            })
            .await
            .unwrap();
        let mut arrival = Arrival::with_passkey(&test.app, test.ctx()).await;
        let answer = device.get(&options(&arrival));
        arrival.passkey(&answer).await;
        assert_eq!(arrival.notice, Some(Notice::PasskeyRefused), "{why}");
        let last = events(&test, contoso.id()).await.pop().unwrap();
        assert_eq!(last, ("Sign in", why.to_owned()));
    }
}

/// What is stored signs nobody in: only keyed hashes and sealed values, and the keys are elsewhere.
#[tokio::test(flavor = "multi_thread")]
async fn a_stolen_database_signs_nobody_in() {
    let test = TestApp::sqlite().await;
    let (_, root) = root(&test).await;
    let mut device = register(&test, &root).await;
    let mut arrival = Arrival::start(&test, "root@contoso.com").await;
    arrival.password("a wrong guess 123").await;
    arrival.password(RIGHT).await;
    let way_in = arrival.cookie.clone();
    arrival.choose("passkey").await;
    let challenge = options(&arrival);
    let answer = device.get(&challenge);
    arrival.passkey(&answer).await;
    let session = arrival.session().clone();
    let file = test.file.as_ref().unwrap();
    let mut bytes = std::fs::read(file).unwrap();
    bytes.extend(std::fs::read(file.with_extension("db-wal")).unwrap_or_default());
    let has = |secret: &[u8]| bytes.windows(secret.len()).any(|part| part == secret);
    assert!(has(b"root@contoso.com"), "this is how it would be found");
    for (what, secret) in [
        ("the password", RIGHT.as_bytes()),
        ("a wrong one", b"a wrong guess 123"),
        ("the session", session.expose().as_bytes()),
        ("the way in", way_in.expose().as_bytes()),
        ("the app's secret", APP),
    ] {
        assert!(!has(secret), "{what}");
    }
}
