//! The pages for a passkey and for a recovery code, as a browser sees them.

use latchkey_app::admin;
use latchkey_core::model::User;
use latchkey_core::reset::Gate;
use latchkey_crypto::passkey::Passkeys;
use latchkey_crypto::testing::{Authenticator, Twist};
use latchkey_testkit::seed::open_settings;
use latchkey_testkit::{Browser, both};

use crate::indistinguishable::{assert_alike, shape};
use crate::support::{BASE, GOOD, Site, type_password};

const CODE: &str = "0A1B-2C3D-4E5F-6G7H-8J9K-MNPQ";
const NO_CODE: &str = "7777-7777-7777-7777-7777-7777";

/// Contoso, where a passkey, a recovery code or a mail will do; Ada has them all.
async fn contoso(site: &Site) -> (User, Authenticator) {
    let mut settings = open_settings(1);
    settings.reset.methods = [Gate::Email, Gate::Passkey, Gate::RecoveryCode].into();
    let (_, ada) = site.contoso_with(settings).await;
    admin::seed::give_recovery_codes(&site.test.app, ada.upn.as_str(), &[CODE])
        .await
        .unwrap();
    let device = device_of(site, &ada).await;
    (ada, device)
}

async fn device_of(site: &Site, user: &User) -> Authenticator {
    let ours = Passkeys::new("reset.contoso.com", BASE, "Latchkey").unwrap();
    let mut device = Authenticator::new(BASE);
    let (app, upn) = (&site.test.app, user.upn.as_str());
    let begun = ours
        .begin_registration(app.entropy(), user.id, upn, upn, &[])
        .unwrap();
    let answer = device.create(&begun.options);
    let passkey = ours
        .finish_registration(begun.state.expose(), &answer)
        .unwrap();
    admin::seed::give_passkey(app, upn, "laptop", &passkey)
        .await
        .unwrap();
    device
}

async fn choose(browser: &mut Browser, user_id: &str, method: &str) {
    browser.begin(user_id).await;
    browser.fill("/reset/verify", &[("method", method)]).await;
    assert_eq!(browser.answer.status, 200);
}

/// What the page gives to the browser's authenticator.
fn options(browser: &Browser) -> String {
    let page = browser.page();
    let form = page.all("form").find_map(|form| {
        assert_ne!(form.attribute("data-passkey"), Some("create"));
        form.attribute("data-options")
    });
    form.expect("a form for a passkey").to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_passkey_leads_to_a_new_password() {
    both(async |test| {
        let site = Site::over(test);
        let (ada, mut device) = contoso(&site).await;
        let mut browser = site.browser();
        browser.begin("ada@contoso.com").await;
        let choices = browser.page().form("/reset/verify").fields;
        assert_eq!(choices[0].value, "passkey", "it is offered first");
        assert!(
            browser
                .page()
                .words()
                .contains("If your passkey is on this device, that is quickest and safest.")
        );
        browser
            .fill("/reset/verify", &[("method", "passkey")])
            .await;
        assert_eq!(browser.place(), "/reset/passkey");
        assert_eq!(browser.page().heading(), "Use your passkey");
        // Nothing is typed, and no script ran: nothing happens, and it is no try.
        browser.fill("/reset/passkey", &[("credential", "")]).await;
        assert!(browser.page().alert().join(" ").contains("sent no passkey"));
        let wrong = device.get_twisted(&options(&browser), Twist::Unverified);
        browser
            .fill("/reset/passkey", &[("credential", &wrong)])
            .await;
        let alert = browser.page().alert().join(" ");
        assert!(alert.contains("You have 4 more tries"), "{alert}");
        assert!(!browser.answer.text().contains(&wrong), "it is not shown");
        let right = device.get(&options(&browser));
        browser
            .fill("/reset/passkey", &[("credential", &right)])
            .await;
        assert_eq!(browser.place(), "/reset/password");
        type_password(&mut browser, GOOD).await;
        assert_eq!(browser.place(), "/reset/end");
        assert!(site.password(&ada).await.is_some());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_after_five_minutes_gets_another_challenge() {
    let site = Site::sqlite().await;
    let (_, mut device) = contoso(&site).await;
    let mut browser = site.browser();
    choose(&mut browser, "ada@contoso.com", "passkey").await;
    let late = device.get(&options(&browser));
    site.test
        .clock
        .advance(std::time::Duration::from_secs(5 * 60));
    browser
        .fill("/reset/passkey", &[("credential", &late)])
        .await;
    let alert = browser.page().alert().join(" ");
    assert!(alert.contains("longer than 5 minutes"), "{alert}");
    let right = device.get(&options(&browser));
    browser
        .fill("/reset/passkey", &[("credential", &right)])
        .await;
    assert_eq!(browser.place(), "/reset/password");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_script_the_page_says_so_and_leads_to_another_way() {
    for (language, words) in [
        (
            "en",
            "A passkey needs JavaScript, which is off in this browser.",
        ),
        ("sv", "En passkey behöver JavaScript, som är avstängt"),
        ("nl", "Een passkey heeft JavaScript nodig"),
    ] {
        let site = Site::sqlite().await;
        contoso(&site).await;
        let mut browser = site.browser().with_header("accept-language", language);
        choose(&mut browser, "ada@contoso.com", "passkey").await;
        let page = browser.page();
        let inside: Vec<String> = page
            .all("noscript")
            .map(latchkey_testkit::html::Element::words)
            .collect();
        assert!(inside.join(" ").contains(words), "{language}: {inside:?}");
        browser.fill("/reset/other", &[]).await;
        assert_eq!(browser.place(), "/reset/verify");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recovery_code_is_one_field_and_leads_to_a_new_password() {
    both(async |test| {
        let site = Site::over(test);
        let (ada, _) = contoso(&site).await;
        let mut browser = site.browser();
        choose(&mut browser, "ada@contoso.com", "recovery_code").await;
        assert_eq!(browser.place(), "/reset/recovery-code");
        let form = browser.page().form("/reset/recovery-code");
        let fields: Vec<(&str, &str)> = form
            .fields
            .iter()
            .map(|field| (field.name.as_str(), field.label.as_str()))
            .collect();
        assert_eq!(fields, [("code", "Code")]);
        let mut typed = async |code: &str| {
            browser
                .fill("/reset/recovery-code", &[("code", code)])
                .await;
            assert!(!browser.answer.text().contains(code), "it is not kept");
            (
                browser.place().to_owned(),
                browser.page().error_at("code").unwrap_or_default(),
            )
        };
        let (_, error) = typed("12345678").await;
        assert_eq!(error, "Type the whole code: 24 letters and digits.");
        let (_, error) = typed(NO_CODE).await;
        assert!(error.contains("You have 4 more tries"), "{error}");
        let (place, _) = typed("0a1b 2c3d 4e5f 6g7h 8j9k mnpq").await;
        assert_eq!(place, "/reset/password");
        type_password(&mut browser, GOOD).await;
        assert!(site.password(&ada).await.is_some());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn s17_both_pages_are_the_same_for_a_name_that_nobody_has() {
    both(async |test| {
        let site = Site::over(test);
        contoso(&site).await;
        let all = ["passkey", "email", "recovery_code"];
        let mut decoy = None;
        for n in 0..200 {
            let name = format!("x{n:02}@contoso.com");
            let mut browser = site.browser();
            browser.begin(&name).await;
            let gates = browser.page().form("/reset/verify").fields;
            if gates.iter().map(|gate| gate.value.as_str()).eq(all) {
                decoy = Some(name);
                break;
            }
        }
        let decoy = decoy.expect("a decoy with all three");
        let mut seen = Vec::new();
        for name in ["ada@contoso.com", &decoy] {
            let mut shapes = Vec::new();
            let mut browser = site.browser();
            browser.keeps_trail = false;
            choose(&mut browser, name, "recovery_code").await;
            shapes.push(shape(&browser));
            for code in ["1", NO_CODE, NO_CODE] {
                browser
                    .submit("/reset/recovery-code", &[("code", code)])
                    .await;
                shapes.push(shape(&browser));
            }
            browser.fill("/reset/other", &[]).await;
            browser
                .fill("/reset/verify", &[("method", "passkey")])
                .await;
            shapes.push(without_challenge(&shape(&browser)));
            // What a stranger can send: an answer of a passkey that nobody registered.
            let mut stranger = Authenticator::new(BASE);
            let ours = Passkeys::new("reset.contoso.com", BASE, "Latchkey").unwrap();
            let begun = ours
                .begin_registration(
                    site.test.app.entropy(),
                    latchkey_types::UserId::new(site.test.app.clock(), site.test.app.entropy()),
                    "x",
                    "x",
                    &[],
                )
                .unwrap();
            stranger.create(&begun.options);
            for _ in 0..5 {
                let answer = stranger.get(&options(&browser));
                browser
                    .submit("/reset/passkey", &[("credential", &answer)])
                    .await;
                shapes.push(without_challenge(&shape(&browser)));
            }
            assert_eq!(browser.answer.status, 303, "blocked");
            seen.push(shapes);
        }
        for (n, (one, other)) in seen[0].iter().zip(&seen[1]).enumerate() {
            assert_alike(one, other, &format!("answer {n}"));
        }
    })
    .await;
}

/// A page without the challenge that is drawn anew for each.
fn without_challenge(page: &str) -> String {
    let mark = "&#34;challenge&#34;:&#34;";
    match page.split_once(mark) {
        Some((before, rest)) => {
            let (challenge, after) = rest.split_once("&#34;").unwrap();
            format!("{before}{mark}{}{after}", challenge.len())
        }
        None => page.to_owned(),
    }
}
