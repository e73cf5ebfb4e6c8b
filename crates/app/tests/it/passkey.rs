//! The gate that asks for a passkey: one answer to one challenge, from the user's own.

use std::time::Duration;

use latchkey_app::admin;
use latchkey_app::reset::{Ended, Notice, Page};
use latchkey_app::{BaseAddress, reset};
use latchkey_core::model::{Role, User};
use latchkey_core::reset::Gate;
use latchkey_core::settings::Settings;
use latchkey_crypto::passkey::Passkeys;
use latchkey_crypto::testing::{Authenticator, Twist};
use latchkey_store::methods::{self, Method, MethodKind};
use latchkey_testkit::seed::{Organisation, open_settings};
use latchkey_testkit::{Person, TestApp, both};
use latchkey_types::Clock;

use crate::flow::{decoy_that_offers, reasons, stored_password};

const GOOD: &str = "a brand new Passw0rt!";
const ORIGIN: &str = "https://reset.contoso.com";

fn only_passkeys() -> Settings {
    let mut settings = open_settings(1);
    settings.reset.methods = [Gate::Passkey].into();
    settings
}

/// A device with a passkey that the user registered.
pub(crate) async fn device_of(test: &TestApp, user: &User) -> Authenticator {
    let mut device = Authenticator::new(ORIGIN);
    register(test, user, &mut device).await;
    device
}

async fn register(test: &TestApp, user: &User, device: &mut Authenticator) {
    let site = Passkeys::new("reset.contoso.com", ORIGIN, "Latchkey").unwrap();
    let upn = user.upn.as_str();
    let begun = site
        .begin_registration(test.app.entropy(), user.id, upn, upn, &[])
        .unwrap();
    let answer = device.create(&begun.options);
    let passkey = site
        .finish_registration(begun.state.expose(), &answer)
        .unwrap();
    admin::seed::give_passkey(&test.app, upn, "laptop", &passkey)
        .await
        .unwrap();
}

async fn at_gate(test: &TestApp, upn: &str) -> Person {
    let mut person = Person::start(test, upn).await;
    person.choose("passkey").await;
    assert!(matches!(person.view.page, Page::Passkey { .. }));
    person
}

async fn passkey_on_file(test: &TestApp, user: &User) -> Method {
    let (tenant, id) = (user.tenant, user.id);
    let rows = test
        .app
        .db()
        .read(async |mut tx| methods::list_for_user(&mut tx, tenant, id).await)
        .await
        .unwrap();
    rows.into_iter()
        .find(|row| row.kind == MethodKind::Passkey)
        .expect("a passkey")
}

/// A wrong answer that is an answer: to the challenge on the page, of nobody who was verified.
fn unverified(person: &Person, device: &mut Authenticator) -> String {
    device.get_twisted(person.options(), Twist::Unverified)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_users_own_passkey_leads_to_a_new_password_and_its_use_is_noted() {
    both(async |test| {
        let contoso = Organisation::create(&test, "contoso.com", only_passkeys()).await;
        let ada = contoso.person(&test, "ada@contoso.com", |_| {}).await;
        let mut device = device_of(&test, &ada).await;
        let before = passkey_on_file(&test, &ada).await;
        let mut person = at_gate(&test, "ada@contoso.com").await;
        // The page can be loaded again: it is the same challenge.
        let options = person.options().to_owned();
        assert_eq!(person.reload().await.options(), options);
        assert!(options.contains("\"allowCredentials\":[]"), "{options}");
        person.passkey(&device.get(&options)).await;
        assert!(matches!(person.view.page, Page::NewPassword { .. }));
        let after = passkey_on_file(&test, &ada).await;
        assert_eq!(after.used_at, Some(test.clock.now()));
        assert_ne!(after.value, before.value, "the counter went up");
        person.password(GOOD, GOOD).await;
        assert!(stored_password(&test, &ada).await.is_some());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_passkey_is_offered_first_and_is_one_of_two_gates() {
    let test = TestApp::sqlite().await;
    let mut settings = open_settings(2);
    settings.reset.methods.insert(Gate::Passkey);
    let contoso = Organisation::create(&test, "contoso.com", settings).await;
    let ada = contoso.person(&test, "ada@contoso.com", |_| {}).await;
    let mut device = device_of(&test, &ada).await;
    let mut person = Person::start(&test, "ada@contoso.com").await;
    assert_eq!(person.offered()[0], "passkey");
    person.choose("passkey").await;
    let answer = device.get(person.options());
    person.passkey(&answer).await;
    assert!(matches!(person.view.page, Page::Choose { .. }));
    assert!(!person.offered().contains(&"passkey"));
}

#[tokio::test(flavor = "multi_thread")]
async fn s02_an_administrators_passkey_is_a_gate_whatever_the_tenant_says() {
    let test = TestApp::sqlite().await;
    let contoso = Organisation::create(&test, "contoso.com", open_settings(1)).await;
    let root = contoso
        .administrator(&test, "root@contoso.com", Role::GlobalAdministrator)
        .await;
    let mut device = device_of(&test, &root).await;
    let mut person = at_gate(&test, "root@contoso.com").await;
    let answer = device.get(person.options());
    person.passkey(&answer).await;
    assert!(
        matches!(person.view.page, Page::Choose { .. }),
        "one of two"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn s01_the_passkey_of_another_user_or_tenant_opens_nothing() {
    both(async |test| {
        let contoso = Organisation::create(&test, "contoso.com", only_passkeys()).await;
        let fabrikam = Organisation::create(&test, "fabrikam.com", only_passkeys()).await;
        let ada = contoso.person(&test, "ada@contoso.com", |_| {}).await;
        let eve = contoso.person(&test, "eve@contoso.com", |_| {}).await;
        let mal = fabrikam.person(&test, "mal@fabrikam.com", |_| {}).await;
        device_of(&test, &ada).await;
        let mut person = at_gate(&test, "ada@contoso.com").await;
        for (owner, left) in [(&eve, 4), (&mal, 3)] {
            let mut device = device_of(&test, owner).await;
            let answer = device.get(person.options());
            person.passkey(&answer).await;
            assert_eq!(person.notice, Some(Notice::WrongCode { left }));
            assert_eq!(passkey_on_file(&test, owner).await.used_at, None);
        }
        // Nor one that nobody registered, or that says it is Ada's.
        let mut device = device_of(&test, &eve).await;
        let handle = base64_of(ada.id.0.as_bytes());
        let answer = device.get_twisted(person.options(), Twist::UserHandle(&handle));
        person.passkey(&answer).await;
        assert_eq!(person.notice, Some(Notice::WrongCode { left: 2 }));
    })
    .await;
}

/// In base64url, as authenticators write ids.
fn base64_of(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let bits = bytes.iter().fold(String::new(), |mut bits, byte| {
        use std::fmt::Write as _;
        write!(bits, "{byte:08b}").unwrap();
        bits
    });
    bits.as_bytes()
        .chunks(6)
        .map(|six| {
            let six = format!("{:0<6}", std::str::from_utf8(six).unwrap());
            char::from(DIGITS[usize::from_str_radix(&six, 2).unwrap()])
        })
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_challenge_is_used_once_is_that_of_this_session_and_void_after_a_new_one() {
    both(async |test| {
        let contoso = Organisation::create(&test, "contoso.com", only_passkeys()).await;
        let ada = contoso.person(&test, "ada@contoso.com", |_| {}).await;
        let mut device = device_of(&test, &ada).await;
        // The challenge of another session.
        let other = at_gate(&test, "ada@contoso.com").await;
        let mut person = at_gate(&test, "ada@contoso.com").await;
        person.passkey(&device.get(other.options())).await;
        assert_eq!(person.notice, Some(Notice::WrongCode { left: 4 }));
        // One that was used, even for nothing.
        let first = person.options().to_owned();
        let wrong = unverified(&person, &mut device);
        person.passkey(&wrong).await;
        assert_eq!(person.notice, Some(Notice::WrongCode { left: 3 }));
        assert_ne!(person.options(), first, "a fresh challenge is on the page");
        person.passkey(&device.get(&first)).await;
        assert_eq!(person.notice, Some(Notice::WrongCode { left: 2 }));
        // One that another took the place of.
        let second = person.options().to_owned();
        person.other().await;
        person.choose("passkey").await;
        person.passkey(&device.get(&second)).await;
        assert_eq!(person.notice, Some(Notice::WrongCode { left: 1 }));
        let answer = device.get(person.options());
        person.passkey(&answer).await;
        assert!(matches!(person.view.page, Page::NewPassword { .. }));
        // And a right answer is right once.
        let mut again = at_gate(&test, "ada@contoso.com").await;
        again.passkey(&answer).await;
        assert!(matches!(
            again.view.page,
            Page::Ended(Ended::Blocked { .. })
        ));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_challenge_is_good_for_five_minutes_and_too_late_is_no_try() {
    both(async |test| {
        let contoso = Organisation::create(&test, "contoso.com", only_passkeys()).await;
        let ada = contoso.person(&test, "ada@contoso.com", |_| {}).await;
        let mut device = device_of(&test, &ada).await;
        let mut person = at_gate(&test, "ada@contoso.com").await;
        let late = device.get(person.options());
        for _ in 0..6 {
            test.clock.advance(Duration::from_secs(5 * 60));
            person.passkey(&late).await;
            assert_eq!(person.notice, Some(Notice::PasskeyTooLate));
        }
        test.clock.advance(Duration::from_secs(5 * 60 - 1));
        let wrong = unverified(&person, &mut device);
        person.passkey(&wrong).await;
        assert_eq!(person.notice, Some(Notice::WrongCode { left: 4 }));
        let answer = device.get(person.options());
        test.clock.advance(Duration::from_secs(5 * 60 - 1));
        person.passkey(&answer).await;
        assert!(matches!(person.view.page, Page::NewPassword { .. }));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn s11_the_fifth_wrong_answer_blocks_the_passkey_for_24_hours() {
    both(async |test| {
        let contoso = Organisation::create(&test, "contoso.com", only_passkeys()).await;
        let ada = contoso.person(&test, "ada@contoso.com", |_| {}).await;
        let mut device = device_of(&test, &ada).await;
        let mut person = at_gate(&test, "ada@contoso.com").await;
        for typed in ["", "{}", "null", "[1]", "no JSON"] {
            person.passkey(typed).await;
            assert_eq!(person.notice, Some(Notice::Unreadable), "{typed} is no try");
        }
        for left in [4, 3, 2, 1] {
            let wrong = unverified(&person, &mut device);
            person.passkey(&wrong).await;
            assert_eq!(person.notice, Some(Notice::WrongCode { left }));
        }
        let wrong = unverified(&person, &mut device);
        person.passkey(&wrong).await;
        assert!(matches!(
            person.view.page,
            Page::Ended(Ended::Blocked {
                gate: Some(Gate::Passkey),
                ..
            })
        ));
        assert!(
            reasons(&test, &contoso)
                .await
                .contains(&"blocked.passkey".to_owned())
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
        let answer = device.get(person.options());
        person.passkey(&answer).await;
        assert!(matches!(person.view.page, Page::NewPassword { .. }));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn s11_four_wrong_answers_of_every_kind_and_a_right_one_pass() {
    let test = TestApp::sqlite().await;
    let contoso = Organisation::create(&test, "contoso.com", only_passkeys()).await;
    let ada = contoso.person(&test, "ada@contoso.com", |_| {}).await;
    let mut device = device_of(&test, &ada).await;
    let mut person = at_gate(&test, "ada@contoso.com").await;
    for twist in [
        Twist::Unverified,
        Twist::Origin("https://reset.contoso.evil.example"),
        Twist::Signature,
        Twist::RpId("contoso.com"),
    ] {
        let answer = device.get_twisted(person.options(), twist);
        person.passkey(&answer).await;
        assert!(
            matches!(person.notice, Some(Notice::WrongCode { .. })),
            "{twist:?}"
        );
        assert_eq!(
            passkey_on_file(&test, &ada).await.used_at,
            None,
            "{twist:?}"
        );
    }
    let answer = device.get(person.options());
    person.passkey(&answer).await;
    assert!(matches!(person.view.page, Page::NewPassword { .. }));
    // A copy of the device, whose counter has fallen behind.
    let mut next = at_gate(&test, "ada@contoso.com").await;
    let answer = device.get_twisted(next.options(), Twist::Counter(1));
    next.passkey(&answer).await;
    assert!(matches!(next.view.page, Page::Ended(Ended::Blocked { .. })));
}

#[tokio::test(flavor = "multi_thread")]
async fn s07_of_many_submissions_of_one_answer_at_once_one_passes() {
    both(async |test| {
        let contoso = Organisation::create(&test, "contoso.com", only_passkeys()).await;
        let ada = contoso.person(&test, "ada@contoso.com", |_| {}).await;
        let mut device = device_of(&test, &ada).await;
        let person = at_gate(&test, "ada@contoso.com").await;
        let answer = device.get(person.options());
        let mut tasks = tokio::task::JoinSet::new();
        for _ in 0..50 {
            let (app, ctx, answer) = (test.app.clone(), person.ctx.clone(), answer.clone());
            let (cookie, version) = (person.cookie.clone(), person.view.version);
            tasks.spawn(async move { reset::passkey(&app, &ctx, &cookie, version, &answer).await });
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
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn s17_a_decoy_is_asked_for_a_passkey_like_an_account_and_none_is_right() {
    both(async |test| {
        let mut settings = open_settings(1);
        settings.reset.methods = [Gate::Email, Gate::Passkey].into();
        let contoso = Organisation::create(&test, "contoso.com", settings).await;
        let ada = contoso.person(&test, "ada@contoso.com", |_| {}).await;
        device_of(&test, &ada).await;
        // A stranger has a passkey of their own here.
        let eve = contoso.person(&test, "eve@contoso.com", |_| {}).await;
        let mut device = device_of(&test, &eve).await;
        let decoy = decoy_that_offers(&test, &["passkey", "email"]).await;
        let mut seen = Vec::new();
        for name in ["ada@contoso.com", decoy.as_str()] {
            let mut lines = Vec::new();
            let mut before = test.app.db().statements();
            let mut note = |person: &Person| {
                let now = test.app.db().statements();
                let page = match &person.view.page {
                    // The challenge is drawn anew each time; what may differ is its words alone.
                    Page::Passkey { options } => {
                        let mut options: String = options.clone();
                        let (a, rest) = options.split_once("\"challenge\":\"").unwrap();
                        let (challenge, b) = rest.split_once('"').unwrap();
                        options = format!("{a}{}{b}", challenge.len());
                        options
                    }
                    Page::Ended(Ended::Blocked { gate, .. }) => format!("{gate:?}"),
                    // Masks are of different people.
                    Page::Choose { options, .. } => format!("{:?}", options.len()),
                    other => format!("{other:?}"),
                };
                lines.push((now - before, page, person.notice.clone()));
                before = now;
            };
            let mut person = Person::start(&test, name).await;
            note(&person);
            person.choose("passkey").await;
            note(&person);
            person.reload().await;
            note(&person);
            person.passkey("{}").await;
            note(&person);
            for _ in 0..3 {
                let answer = device.get(person.options());
                person.passkey(&answer).await;
                note(&person);
            }
            test.clock.advance(Duration::from_secs(5 * 60));
            let answer = device.get(person.options());
            person.passkey(&answer).await;
            note(&person);
            for _ in 0..2 {
                let answer = device.get(person.options());
                person.passkey(&answer).await;
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

#[tokio::test(flavor = "multi_thread")]
async fn under_an_address_without_passkeys_they_are_offered_to_nobody_and_do_not_count() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", folder.path().join("latchkey.db").display());
    let test = TestApp::on(&url, |options| {
        options.base = BaseAddress::parse("http://127.0.0.1:8480").unwrap();
    })
    .await;
    let mut settings = open_settings(1);
    settings.reset.methods = [Gate::Email, Gate::Passkey].into();
    let contoso = Organisation::create(&test, "contoso.com", settings).await;
    let ada = contoso.person(&test, "ada@contoso.com", |_| {}).await;
    let bo = contoso
        .person(&test, "bo@contoso.com", |user| {
            user.other_mails = Vec::new();
        })
        .await;
    device_of(&test, &ada).await;
    device_of(&test, &bo).await;
    let mut person = Person::start(&test, "ada@contoso.com").await;
    assert_eq!(person.offered(), ["email"]);
    person.choose("passkey").await;
    assert_eq!(person.notice, Some(Notice::ChooseOne));
    let person = Person::start(&test, "bo@contoso.com").await;
    assert!(matches!(
        person.view.page,
        Page::Ended(Ended::Failed { .. })
    ));
    for n in 0..40 {
        let person = Person::start(&test, &format!("nobody{n}@contoso.com")).await;
        assert!(!person.offered().is_empty());
        assert!(!person.offered().contains(&"passkey"));
    }
    let why = admin::explain::explain(&test.app, "bo@contoso.com")
        .await
        .unwrap();
    assert!(
        why.unusable_gates
            .iter()
            .any(|line| line.starts_with("passkey") && line.contains("address")),
        "{:?}",
        why.unusable_gates
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn explain_and_the_preview_of_a_policy_know_both_gates() {
    let test = TestApp::sqlite().await;
    let mut settings = open_settings(1);
    settings.reset.methods = [Gate::Passkey, Gate::RecoveryCode].into();
    let contoso = Organisation::create(&test, "contoso.com", settings).await;
    let ada = contoso.person(&test, "ada@contoso.com", |_| {}).await;
    contoso.person(&test, "bo@contoso.com", |_| {}).await;
    device_of(&test, &ada).await;
    let codes = ["0A1B-2C3D-4E5F-6G7H-8J9K-MNPQ"];
    admin::seed::give_recovery_codes(&test.app, "ada@contoso.com", &codes)
        .await
        .unwrap();
    let ada = admin::explain::explain(&test.app, "ada@contoso.com")
        .await
        .unwrap();
    assert!(ada.can_reset);
    assert_eq!(ada.usable_gates, ["passkey", "recovery_code"]);
    let bo = admin::explain::explain(&test.app, "bo@contoso.com")
        .await
        .unwrap();
    assert!(!bo.can_reset);
    for part in ["no passkey", "no recovery codes"] {
        assert!(
            bo.unusable_gates.iter().any(|line| line.contains(part)),
            "{:?}",
            bo.unusable_gates
        );
    }
    let ctx = admin::operator(&test.app);
    let change = [("reset.methods".to_owned(), "email".to_owned())];
    let saved = admin::policy::set(&test.app, &ctx, "contoso", &change, true)
        .await
        .unwrap();
    assert_eq!(saved.effect.newly_able, 1, "Bo has a mailbox");
    assert_eq!(saved.effect.no_longer_able, 0);
    let change = [("reset.methods".to_owned(), "sms,recovery_code".to_owned())];
    let saved = admin::policy::set(&test.app, &ctx, "contoso", &change, true)
        .await
        .unwrap();
    assert_eq!(saved.effect.newly_able, 1, "and a telephone");
}
