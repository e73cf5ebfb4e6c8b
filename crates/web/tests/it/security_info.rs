//! The registration portal as a browser sees it. The names carry the numbers of the threat list in
//! `docs/security.md`.

use latchkey_app::admin;
use latchkey_core::model::User;
use latchkey_core::reset::Gate;
use latchkey_core::settings::Settings;
use latchkey_crypto::testing::Authenticator;
use latchkey_store::methods;
use latchkey_testkit::browser::FORM;
use latchkey_testkit::seed::open_settings;
use latchkey_testkit::{Browser, both, session, totp};
use latchkey_types::{Clock as _, Secret};

use crate::support::{BASE, GETS, GOOD, POSTS, SIGNED_IN, Site, wrong};

fn policy(required: u8) -> Settings {
    let mut settings = open_settings(required);
    let methods = &mut settings.reset.methods;
    methods.extend([Gate::Passkey, Gate::RecoveryCode]);
    settings.reset.questions.to_register = 3;
    settings
}

/// Somebody with nothing on file, signed in.
async fn ada(site: &Site, required: u8) -> (User, Browser) {
    let (contoso, _) = site.contoso_with(policy(required)).await;
    let cleo = contoso.person(&site.test, "cleo@contoso.com", |user| {
        user.other_mails = Vec::new();
        user.mobile_phone = None;
    });
    let cleo = cleo.await;
    let ctx = admin::operator(&site.test.app);
    let password = Secret::new(GOOD.to_owned());
    admin::user::set_password(
        &site.test.app,
        &ctx,
        "cleo@contoso.com",
        &password,
        false,
        true,
    )
    .await
    .unwrap();
    let browser = signed_in(site, &cleo).await;
    (cleo, browser)
}

async fn signed_in(site: &Site, user: &User) -> Browser {
    let cookie = session(&site.test, user, &["password"]).await;
    let mut browser = site.browser();
    browser.set_cookie(SIGNED_IN, cookie.expose());
    browser
}

async fn count(site: &Site, user: &User) -> usize {
    let (tenant, id) = (user.tenant, user.id);
    let rows = site
        .test
        .app
        .db()
        .read(async |mut tx| methods::list_for_user(&mut tx, tenant, id).await)
        .await
        .unwrap();
    rows.len()
}

/// The secret on the page, and the code of it now.
fn code_on(site: &Site, browser: &Browser) -> String {
    let page = browser.page();
    let base32 = page
        .all("bdi")
        .find(|element| element.attribute("class") == Some("to"))
        .unwrap()
        .words();
    let mut bytes = Vec::new();
    let (mut bits, mut count) = (0_u32, 0);
    for c in base32.chars().filter(|c| !c.is_whitespace()) {
        let value = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".find(c).unwrap();
        bits = (bits << 5 | u32::try_from(value).unwrap()) & 0xfff;
        count += 5;
        if count >= 8 {
            count -= 8;
            bytes.push(u8::try_from((bits >> count) & 0xff).unwrap());
        }
    }
    let seconds = site.test.clock.now().seconds();
    totp(&bytes, u64::try_from(seconds).unwrap())
}

fn of_portal(addresses: &[&'static str]) -> Vec<&'static str> {
    let of = |address: &&&str| address.starts_with("/security-info");
    addresses.iter().filter(of).copied().collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_not_signed_in_is_led_to_the_sign_in_page() {
    let site = Site::sqlite().await;
    site.contoso_with(policy(1)).await;
    for cookie in [None, Some("f".repeat(32))] {
        let mut browser = site.browser();
        if let Some(cookie) = &cookie {
            browser.set_cookie(SIGNED_IN, cookie);
        }
        for target in of_portal(&GETS) {
            browser.get(target).await;
            if browser.answer.status == 405 {
                continue;
            }
            assert_eq!(browser.answer.status, 303, "{target}");
            let to = browser.answer.header("location");
            assert_eq!(to, "/sign-in?to=security-info", "{target}");
        }
        for target in of_portal(&POSTS) {
            browser.post(target, FORM, "form_token=x").await;
            let to = browser.answer.header("location");
            assert_eq!(to, "/sign-in?to=security-info", "{target}");
        }
    }
}

/// An account's pages take words and no files: what could run when it is shown again never gets in.
#[tokio::test(flavor = "multi_thread")]
async fn s26_no_page_takes_a_picture_or_any_other_file() {
    let site = Site::sqlite().await;
    let (_, mut browser) = ada(&site, 1).await;
    let token = browser.open("/security-info").await.hidden("form_token");
    let token = token.unwrap();
    let svg = "<svg xmlns=\"http://www.w3.org/2000/svg\"><script>alert(1)</script></svg>";
    let parts = format!(
        "--x\r\nContent-Disposition: form-data; name=\"form_token\"\r\n\r\n{token}\r\n--x\r\n\
         Content-Disposition: form-data; name=\"picture\"; filename=\"me.svg\"\r\n\
         Content-Type: image/svg+xml\r\n\r\n{svg}\r\n--x--"
    );
    for target in POSTS {
        for (kind, body) in [
            ("multipart/form-data; boundary=x", parts.as_str()),
            ("image/svg+xml", svg),
        ] {
            browser.post(target, kind, body.to_owned()).await;
            assert_eq!(browser.answer.status, 415, "{target}, {kind}");
            assert!(!browser.answer.text().contains("alert(1)"), "{target}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn s25_a_form_from_elsewhere_changes_nothing() {
    both(async |test| {
        let site = Site::over(test);
        let (cleo, mut browser) = ada(&site, 1).await;
        let (_, other) = {
            let cookie = session(&site.test, &cleo, &["password"]).await;
            let mut other = site.browser();
            other.set_cookie(SIGNED_IN, cookie.expose());
            other.open("/security-info").await;
            let token = other.hidden("form_token").unwrap();
            (cookie, token)
        };
        for token in ["", "x", &other] {
            for target in of_portal(&POSTS) {
                // All that could do something, had it the right token.
                let value = match target {
                    "/security-info/email" => "&email=eve%40evil.example",
                    "/security-info/phone" => "&phone=%2B31612345678&by=text",
                    "/security-info/authenticator" | "/security-info/passkey" => "&name=x",
                    "/security-info/remove" => "&id=questions&sure=2",
                    "/security-info/confirm-it-is-you" => "&password=x",
                    _ => "",
                };
                let body = format!("form_token={token}{value}");
                browser.post(target, FORM, body).await;
                assert_eq!(browser.answer.status, 303, "{target}");
                assert_eq!(browser.answer.header("location"), "/security-info");
            }
        }
        assert_eq!(count(&site, &cleo).await, 0);
        assert!(site.test.messages().await.is_empty());
        browser.open("/security-info/email/code").await;
        assert_eq!(
            browser.place(),
            "/security-info/email",
            "nothing is on its way"
        );
        browser.open("/security-info").await;
        assert!(browser.page().words().contains("Not now"), "not put off");
        // A post of another origin does not get that far.
        let token = browser.hidden("form_token").unwrap();
        let mut elsewhere = site.browser().with_header("origin", "https://evil.example");
        elsewhere.cookies.clone_from(&browser.cookies);
        let body = format!("form_token={token}");
        elsewhere
            .post("/security-info/recovery-codes", FORM, body)
            .await;
        assert_eq!(elsewhere.answer.status, 403);
        assert_eq!(count(&site, &cleo).await, 0);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_and_a_number_are_registered_page_by_page() {
    let site = Site::sqlite().await;
    let (cleo, mut browser) = ada(&site, 2).await;
    browser.open("/security-info").await;
    assert!(browser.page().words().contains("0 of 2 done"));
    browser.open("/security-info/email").await;
    for (typed, said) in [
        ("nobody", "Type an address like"),
        ("cleo@contoso.com", "You would need your password"),
    ] {
        browser
            .fill("/security-info/email", &[("email", typed)])
            .await;
        assert_eq!(browser.answer.status, 200);
        let error = browser.page().error_at("email").unwrap();
        assert!(error.contains(said), "{error}");
        let kept = browser.page().form("/security-info/email").fields;
        assert_eq!(kept[0].value, typed, "what was typed stays");
    }
    let email = [("email", "cleo@home.example")];
    browser.fill("/security-info/email", &email).await;
    assert_eq!(browser.place(), "/security-info/email/code");
    assert!(browser.page().words().contains("cleo@home.example"));
    let code = site.test.code_for("cleo@home.example").await;
    let field = [("code", wrong(&code))];
    let field = [(field[0].0, field[0].1.as_str())];
    browser.fill("/security-info/email/code", &field).await;
    let error = browser.page().error_at("code").unwrap();
    assert!(error.contains("4 more tries"), "{error}");
    browser
        .fill("/security-info/email/code", &[("code", &code)])
        .await;
    assert_eq!(browser.path, "/security-info?n=added");
    let words = browser.page().words();
    assert!(words.contains("1 of 2 done"), "{words}");
    assert!(!words.contains("cleo@home.example"), "masked from now on");
    browser.open("/security-info/phone").await;
    let phone = [("phone", "06 12345678"), ("by", "call")];
    browser.fill("/security-info/phone", &phone).await;
    assert_eq!(browser.place(), "/security-info/phone/code");
    let code = site.test.code_for("+31612345678").await;
    browser
        .fill("/security-info/phone/code", &[("code", &code)])
        .await;
    assert_eq!(browser.path, "/security-info?n=registered");
    assert!(browser.page().alert()[0].contains("You're all set"));
    assert_eq!(count(&site, &cleo).await, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_app_a_passkey_questions_and_codes_are_registered_and_removed() {
    let site = Site::sqlite().await;
    let (cleo, mut browser) = ada(&site, 2).await;
    browser.open("/security-info/authenticator").await;
    browser
        .fill("/security-info/authenticator", &[("name", "My phone")])
        .await;
    assert_eq!(browser.place(), "/security-info/authenticator/code");
    let page = browser.page();
    assert_eq!(page.all("svg").count(), 1);
    let code = code_on(&site, &browser);
    browser
        .fill("/security-info/authenticator/code", &[("code", &code)])
        .await;
    assert_eq!(browser.path, "/security-info?n=added");

    browser.open("/security-info/passkey").await;
    browser
        .fill("/security-info/passkey", &[("name", "Laptop")])
        .await;
    assert_eq!(browser.place(), "/security-info/passkey/create");
    let page = browser.page();
    let form = page
        .all("form")
        .find(|form| form.attribute("data-passkey") == Some("create"))
        .unwrap();
    let options = form.attribute("data-options").unwrap().to_owned();
    let answer = Authenticator::new(BASE).create(&options);
    let field = [("credential", answer.as_str())];
    browser.fill("/security-info/passkey/create", &field).await;
    assert_eq!(browser.path, "/security-info?n=registered");

    browser.open("/security-info/questions").await;
    let mut set = vec![
        ("question_1", "question-first-manager"),
        ("answer_1", "Pat Coleman"),
        ("question_2", "question-first-street"),
        ("answer_2", "Rose Lane"),
        ("question_3", "question-first-concert"),
        ("answer_3", "rose lane"),
    ];
    browser.fill("/security-info/questions", &set).await;
    let error = browser.page().error_at("answer_3").unwrap();
    assert!(error.contains("another question has the same"), "{error}");
    assert!(!browser.answer.text().contains("Rose Lane"), "not kept");
    set[5].1 = "Blue Notes";
    browser.fill("/security-info/questions", &set).await;
    assert_eq!(browser.path, "/security-info?n=added");

    browser.open("/security-info/recovery-codes").await;
    browser.submit("/security-info/recovery-codes", &[]).await;
    let codes = browser.hidden("codes").unwrap();
    assert_eq!(codes.split(' ').count(), 10);
    browser
        .submit("/security-info/recovery-codes/download", &[])
        .await;
    let answer = &browser.answer;
    assert_eq!(answer.header("content-type"), "text/plain; charset=utf-8");
    let disposition = answer.header("content-disposition");
    assert_eq!(disposition, "attachment; filename=\"recovery-codes.txt\"");
    assert_eq!(answer.header("cache-control"), "no-store");
    for code in codes.split(' ') {
        assert!(answer.text().contains(code));
    }
    assert_eq!(count(&site, &cleo).await, 15);

    browser.open("/security-info").await;
    for _ in 0..4 {
        browser.open("/security-info").await;
        browser.fill("/security-info/remove", &[]).await;
        assert_eq!(browser.page().heading(), "Remove this?");
        browser.fill("/security-info/remove", &[]).await;
        if browser.page().heading().contains("without this") {
            browser.fill("/security-info/remove", &[]).await;
        }
        assert_eq!(browser.path, "/security-info?n=removed");
    }
    assert_eq!(count(&site, &cleo).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_old_sign_in_is_proven_again_and_leads_back() {
    let site = Site::sqlite().await;
    let (_, mut browser) = ada(&site, 1).await;
    browser.open("/security-info").await;
    site.test.clock.advance(std::time::Duration::from_secs(600));
    browser.open("/security-info/email").await;
    assert_eq!(browser.path, "/security-info/confirm-it-is-you?for=email");
    let path = "/security-info/confirm-it-is-you";
    browser.fill(path, &[("password", "wrong")]).await;
    assert!(browser.page().error_at("password").is_some());
    assert!(!browser.answer.text().contains("value=\"wrong\""));
    let before = browser.cookie(SIGNED_IN).unwrap().to_owned();
    browser.fill(path, &[("password", GOOD)]).await;
    assert_eq!(browser.place(), "/security-info/email");
    assert_ne!(browser.cookie(SIGNED_IN).unwrap(), before, "another cookie");
    let mut thief = site.browser();
    thief.set_cookie(SIGNED_IN, &before);
    thief.get("/security-info").await;
    assert_eq!(thief.answer.status, 303);
    // A word that is not in the list leads home.
    browser
        .open("/security-info/confirm-it-is-you?for=//evil.example")
        .await;
    browser.fill(path, &[("password", GOOD)]).await;
    assert_eq!(browser.path, "/security-info?n=proven");
}

#[tokio::test(flavor = "multi_thread")]
async fn confirming_and_putting_off_are_posts() {
    let site = Site::sqlite().await;
    let (contoso, ada) = site.contoso_with(policy(1)).await;
    let ctx = admin::operator(&site.test.app);
    site.test
        .clock
        .advance(std::time::Duration::from_secs(180 * 24 * 60 * 60));
    let mut browser = signed_in(&site, &ada).await;
    browser.open("/security-info/confirm").await;
    let words = browser.page().words();
    assert!(words.contains("Entered by your organisation"), "{words}");
    assert!(words.contains("Not now"));
    browser.fill("/security-info/confirm", &[]).await;
    assert_eq!(browser.path, "/security-info?n=confirmed");
    assert!(!browser.page().words().contains("Not now"));
    site.test.clock.advance(std::time::Duration::from_secs(1));
    admin::registration::require(
        &site.test.app,
        &ctx,
        &contoso.id().to_string(),
        admin::registration::Whom::All,
    )
    .await
    .unwrap();
    browser.open("/security-info").await;
    browser.submit("/security-info/not-now", &[]).await;
    assert_eq!(browser.answer.header("location"), "/account");
    browser.open("/security-info").await;
    assert!(!browser.page().words().contains("Not now"));
}

#[tokio::test(flavor = "multi_thread")]
async fn get_and_head_change_nothing_with_everything_on_its_way() {
    let site = Site::sqlite().await;
    let (_, mut browser) = ada(&site, 1).await;
    browser.open("/security-info/email").await;
    let email = [("email", "cleo@home.example")];
    browser.fill("/security-info/email", &email).await;
    browser.open("/security-info/authenticator").await;
    browser
        .fill("/security-info/authenticator", &[("name", "x")])
        .await;
    browser.open("/security-info/passkey").await;
    browser
        .fill("/security-info/passkey", &[("name", "x")])
        .await;
    site.test.messages().await;
    let before = site.database();
    for target in of_portal(&GETS) {
        browser.get(target).await;
        assert!(browser.answer.status < 500, "{target}");
    }
    assert!(before == site.database(), "a byte was written");
    browser.open("/security-info/email/code").await;
    let code = site.test.code_for("cleo@home.example").await;
    browser
        .fill("/security-info/email/code", &[("code", &code)])
        .await;
    assert_eq!(browser.path, "/security-info?n=registered");
}
