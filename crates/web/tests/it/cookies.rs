//! Threats S4 and S8: what binds a reset to its browser, and links that do nothing by themselves.

use http_body_util::Full;
use latchkey_testkit::{Browser, both};

use crate::support::{GOOD, SESSION, START, Site, type_password};

fn lines(browser: &Browser, name: &str) -> Vec<String> {
    browser
        .trail
        .iter()
        .flat_map(|visit| visit.answer.headers.get_all("set-cookie"))
        .map(|line| line.to_str().unwrap().to_owned())
        .filter(|line| line.starts_with(name))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn s04_every_cookie_belongs_to_this_host_alone_and_to_no_script() {
    let site = Site::sqlite().await;
    site.contoso(1).await;
    let mut browser = site.browser();
    browser.open("/reset?mkt=en").await;
    browser.begin("ada@contoso.com").await;
    site.ask_for_mail(&mut browser).await;
    site.type_code(&mut browser, "ada@home.example").await;
    type_password(&mut browser, GOOD).await;
    browser.set_cookie(SESSION, "forged");
    browser.open("/reset/code").await;
    let all = lines(&browser, "");
    assert!(all.len() >= 4, "{all:?}");
    for line in all {
        let (pair, attributes) = line.split_once("; ").unwrap();
        assert!(pair.starts_with("__Host-latchkey-"), "{line}");
        let attributes: Vec<&str> = attributes.split("; ").collect();
        for wanted in ["Path=/", "Secure", "HttpOnly", "SameSite=Lax"] {
            assert!(attributes.contains(&wanted), "{line} lacks {wanted}");
        }
        assert!(!line.to_ascii_lowercase().contains("domain"), "{line}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn s04_the_session_changes_at_every_trust_step_and_the_old_cookie_is_dead() {
    both(async |test| {
        let site = Site::over(test);
        let (_, ada) = site.contoso(2).await;
        let mut browser = site.browser();
        browser.begin("ada@contoso.com").await;
        let mut cookies = vec![browser.cookie(SESSION).unwrap().to_owned()];
        site.ask_for_mail(&mut browser).await;
        site.type_code(&mut browser, "ada@home.example").await;
        cookies.push(browser.cookie(SESSION).unwrap().to_owned());
        browser.fill("/reset/verify", &[("method", "sms")]).await;
        let phone = [("phone", "+31612345678")];
        browser.fill("/reset/number", &phone).await;
        site.type_code(&mut browser, "+31612345678").await;
        cookies.push(browser.cookie(SESSION).unwrap().to_owned());
        assert_ne!(cookies[0], cookies[1]);
        assert_ne!(cookies[1], cookies[2]);
        // Somebody who planted or saw an earlier cookie has nothing, with the form of now even.
        for old in &cookies[..2] {
            let mut thief = site.browser();
            thief.cookies.clone_from(&browser.cookies);
            thief.set_cookie(SESSION, old);
            thief.answer = browser.answer.clone();
            type_password(&mut thief, GOOD).await;
            assert_eq!(thief.place(), "/reset", "{old}");
        }
        assert_eq!(site.password(&ada).await, None);
        type_password(&mut browser, GOOD).await;
        assert!(site.password(&ada).await.is_some());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn s04_a_cookie_that_was_planted_before_step_1_is_not_the_sessions() {
    let site = Site::sqlite().await;
    site.contoso(1).await;
    let planted = "a".repeat(32);
    let mut victim = site.browser();
    victim.set_cookie(SESSION, &planted);
    victim.begin("ada@contoso.com").await;
    assert_eq!(victim.place(), "/reset/verify");
    assert_ne!(victim.cookie(SESSION), Some(planted.as_str()));
    let mut thief = site.browser();
    thief.set_cookie(SESSION, &planted);
    thief.open("/reset/verify").await;
    assert_eq!(thief.place(), "/reset");
    // Nor is the cookie of a browser without a session one.
    let start = victim.cookie(START).unwrap().to_owned();
    thief.set_cookie(SESSION, &start);
    thief.open("/reset/verify").await;
    assert_eq!(thief.place(), "/reset");
}

#[tokio::test(flavor = "multi_thread")]
async fn s04_a_form_of_another_session_does_nothing() {
    both(async |test| {
        let site = Site::over(test);
        let (contoso, ada) = site.contoso(1).await;
        contoso.person(&site.test, "eve@contoso.com", |_| {}).await;
        let mut browser = site.at_new_password().await;
        let mut eve = site.browser();
        eve.begin("eve@contoso.com").await;
        site.ask_for_mail(&mut eve).await;
        site.type_code(&mut eve, "eve@home.example").await;
        let token = eve.hidden("form_token").unwrap();
        let before = site.state(&contoso, &ada).await;
        // As a page of another site would have the victim's browser send it.
        let fields = [
            ("form_token", token.as_str()),
            ("new_password", GOOD),
            ("confirm_password", GOOD),
        ];
        let all = ["", "x", &"0".repeat(64)];
        for token in all.into_iter().chain([token.as_str()]) {
            let mut fields = fields;
            fields[0].1 = token;
            browser.submit("/reset/password", &fields).await;
            assert!(!browser.answer.text().contains("is reset"));
        }
        // A post that another site's page sends is refused before anything looks at it.
        let mut foreign = Browser::new(&site.server, crate::support::BASE)
            .with_header("sec-fetch-site", "cross-site")
            .with_header("origin", "https://evil.example");
        foreign.cookies.clone_from(&browser.cookies);
        foreign.answer = browser.answer.clone();
        type_password(&mut foreign, GOOD).await;
        assert_eq!(foreign.answer.status, 403);
        assert_eq!(site.state(&contoso, &ada).await, before);
    })
    .await;
}

/// The token of the newest link in a mail to Ada.
async fn not_me_token(site: &Site) -> String {
    let mail = site.test.newest_to("ada@home.example").await.unwrap();
    let (_, token) = mail.text.split_once("/not-me#").unwrap();
    token
        .chars()
        .take_while(char::is_ascii_alphanumeric)
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn s08_opening_this_was_not_me_consumes_nothing_and_the_button_works_once() {
    both(async |test| {
        let site = Site::over(test);
        let (contoso, ada) = site.contoso(1).await;
        let mut browser = site.at_new_password().await;
        type_password(&mut browser, GOOD).await;
        let token = not_me_token(&site).await;
        let before = site.state(&contoso, &ada).await;
        let mut scanner = site.browser();
        for method in ["GET", "HEAD", "OPTIONS"] {
            for target in [
                "/not-me".into(),
                format!("/not-me?token={token}&confirm=yes"),
            ] {
                let request = scanner.request(method, &target);
                scanner.send(request.body(Full::default()).unwrap()).await;
                assert!(!scanner.answer.text().contains(&token), "{method} {target}");
            }
        }
        assert_eq!(site.state(&contoso, &ada).await, before);

        // A post without the button shows what the token is for, and does nothing either.
        let mut owner = site.browser();
        owner.open("/not-me").await;
        owner.fill("/not-me", &[("token", &token)]).await;
        assert!(owner.page().words().contains("ada@contoso.com"));
        assert_eq!(site.state(&contoso, &ada).await, before);
        owner.fill("/not-me", &[]).await;
        assert_eq!(owner.answer.status, 200);
        assert_ne!(site.state(&contoso, &ada).await, before);
        let mut again = site.browser();
        again.open("/not-me").await;
        again.fill("/not-me", &[("token", &token)]).await;
        assert!(again.page().error_at("token").is_some(), "used once");

        // Locked means locked: no reset until an administrator says so.
        let mut browser = site.browser();
        browser.begin("ada@contoso.com").await;
        assert_eq!(browser.place(), "/reset/end");
    })
    .await;
}
