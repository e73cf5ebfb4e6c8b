//! Signing in at the organisation's identity provider, as a browser sees it.

use latchkey_core::model::{Managed, User};
use latchkey_testkit::provider::{Asked, Provider};
use latchkey_testkit::seed::{Organisation, open_settings};
use latchkey_testkit::{Browser, both};

use crate::indistinguishable::{assert_alike, shape};
use crate::support::{SIGNED_IN, Site};

const ADA: &str = "ada@contoso.com";
const WAY_IN: &str = "__Host-latchkey-sign-in";

async fn contoso(site: &Site) -> (Organisation, Provider) {
    let contoso = Organisation::create(&site.test, "contoso.com", open_settings(1)).await;
    let provider = Provider::start(&site.test).await;
    provider.set_for(&site.test, "contoso").await;
    let federated = |user: &mut User| user.managed = Managed::Federated;
    contoso.person(&site.test, ADA, federated).await;
    (contoso, provider)
}

async fn name(browser: &mut Browser, name: &str) {
    browser.open("/sign-in").await;
    browser.fill("/sign-in", &[("user_id", name)]).await;
}

/// A browser that was sent away, and with what.
async fn away(site: &Site, typed: &str) -> (Browser, Asked) {
    let mut browser = site.browser();
    name(&mut browser, typed).await;
    assert_eq!(browser.place(), "/sign-in/elsewhere");
    browser.submit("/sign-in/elsewhere", &[]).await;
    assert_eq!(browser.answer.status, 303);
    let asked = Asked::read(browser.answer.header("location"));
    (browser, asked)
}

fn back(provider: &Provider, asked: &Asked, code: &str) -> String {
    let state = asked.get("state");
    let issuer = &provider.issuer;
    format!("/sign-in/federated?code={code}&state={state}&iss={issuer}")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_goes_to_the_provider_and_comes_back_signed_in() {
    both(async |test| {
        let site = Site::over(test);
        let (_, provider) = contoso(&site).await;
        let mut browser = site.browser();
        name(&mut browser, ADA).await;
        let page = browser.page();
        assert_eq!(page.heading(), "Sign in at your organisation");
        let words = page.words();
        assert!(words.contains("Continue to contoso"), "{words}");
        // Chromium holds every address that a form is redirected to against the policy.
        let policy = browser.answer.header("content-security-policy");
        assert!(policy.contains("form-action 'self' https:;"), "{policy}");
        assert!(policy.contains("default-src 'none'"), "{policy}");
        browser.submit("/sign-in/elsewhere", &[]).await;
        let to = browser.answer.header("location").to_owned();
        let start = format!("{}/authorize?", provider.issuer);
        assert!(to.starts_with(&start), "{to}");
        let asked = Asked::read(&to);
        let code = provider.sign_in(&asked, "1", ADA);
        browser.get(&back(&provider, &asked, &code)).await;
        assert_eq!(
            (browser.answer.status, browser.answer.header("location")),
            (303, "/account")
        );
        assert!(browser.cookie(WAY_IN).is_none(), "the way in is over");
        browser.follow().await;
        assert!(browser.page().words().contains(ADA));
        // Once more, by the button that leads back in history.
        browser.open(&back(&provider, &asked, &code)).await;
        assert_eq!(browser.place(), "/account", "who is in is led on");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_that_comes_back_leads_anywhere_else_or_is_shown() {
    let site = Site::sqlite().await;
    let (_, provider) = contoso(&site).await;
    for evil in [
        "&to=https://evil.example",
        "&redirect_uri=https://evil.example",
        "&iss=https://evil.example",
        "&state=evil",
        "&code=evil",
        "&error=evil&error_description=evil&error_uri=https://evil.example",
    ] {
        let (mut browser, asked) = away(&site, ADA).await;
        let code = provider.sign_in(&asked, "1", ADA);
        let target = back(&provider, &asked, &code) + evil;
        browser.get(&target).await;
        let location = browser.answer.header("location");
        let ways = [
            "/account",
            "/sign-in/elsewhere?e=again",
            "/sign-in/elsewhere?e=faulty",
        ];
        assert!(ways.contains(&location), "{location}");
        browser.follow().await;
        assert!(!browser.answer.text().contains("evil"), "{evil}");
        let is_in = browser.cookie(SIGNED_IN).is_some();
        // What is unknown is not looked at; what is there twice counts as not there.
        let ignored = evil.starts_with("&to") || evil.starts_with("&redirect");
        assert_eq!(is_in, ignored, "{evil}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_failure_is_told_on_the_page_with_the_button() {
    let site = Site::sqlite().await;
    let (_, provider) = contoso(&site).await;
    let (mut browser, asked) = away(&site, ADA).await;
    let says = |browser: &Browser, text: &str| {
        let page = browser.page();
        assert_eq!(browser.answer.status, 200);
        assert_eq!(
            browser.place(),
            "/sign-in/elsewhere",
            "no code in the address"
        );
        assert_eq!(page.heading(), "Sign in at your organisation");
        assert!(page.words().contains(text), "{}", page.words());
        assert!(browser.cookie(SIGNED_IN).is_none());
    };
    browser.open("/sign-in/federated").await;
    says(&browser, "was not begun on this page");
    let state = asked.get("state");
    let cancelled = format!("/sign-in/federated?error=access_denied&state={state}");
    browser.open(&cancelled).await;
    says(&browser, "You did not sign in at contoso");
    browser.open(&cancelled).await;
    says(&browser, "was not begun on this page");
    // From that very page.
    browser.submit("/sign-in/elsewhere", &[]).await;
    let asked = Asked::read(browser.answer.header("location"));
    let code = provider.sign_in(&asked, "2", "bo@contoso.com");
    browser.open(&back(&provider, &asked, &code)).await;
    says(&browser, "signed in somebody other than this user ID");
    provider.set_down(true);
    browser.submit("/sign-in/elsewhere", &[]).await;
    says(&browser, "can't be reached right now");
    // A browser without a way in.
    let mut stranger = site.browser();
    stranger.open(&back(&provider, &asked, &code)).await;
    assert_eq!(stranger.path, "/sign-in?e=gone");
}

#[tokio::test(flavor = "multi_thread")]
async fn s17_a_name_that_nobody_has_sees_the_same_pages_on_the_way_there_and_back() {
    both(async |test| {
        let site = Site::over(test);
        let (_, provider) = contoso(&site).await;
        let mut nobody = None;
        for number in 10..74 {
            let typed = format!("e{number}@contoso.com");
            let mut browser = site.browser();
            name(&mut browser, &typed).await;
            if browser.place() == "/sign-in/elsewhere" {
                nobody = Some(typed);
                break;
            }
        }
        let mut shapes = Vec::new();
        for typed in [ADA, &nobody.unwrap()] {
            let mut browser = site.browser();
            name(&mut browser, typed).await;
            let mut seen = shape(&browser);
            browser.submit("/sign-in/elsewhere", &[]).await;
            let asked = Asked::read(browser.answer.header("location"));
            let names: Vec<&str> = asked.0.keys().map(String::as_str).collect();
            seen.push_str(&names.join(" "));
            let code = provider.sign_in(&asked, "9", "mallory@contoso.com");
            browser.get(&back(&provider, &asked, &code)).await;
            seen.push_str(&shape(&browser));
            browser.follow().await;
            seen.push_str(&shape(&browser));
            let lines: Vec<String> = seen
                .replace(typed, "NAME")
                .lines()
                .filter(|line| !line.starts_with("content-length"))
                .map(str::to_owned)
                .collect();
            shapes.push(lines.join("\n"));
        }
        assert_alike(&shapes[0], &shapes[1], "a name");
    })
    .await;
}
