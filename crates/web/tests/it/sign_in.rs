//! Signing in, my account and the way out, as a browser sees them.

use std::time::Duration;

use http_body_util::Full;
use latchkey_core::model::User;
use latchkey_testkit::seed::set_password;
use latchkey_testkit::{Browser, both};
use latchkey_types::Locale;

use crate::indistinguishable::{assert_alike, shape};
use crate::support::{BASE, POSTS, Site, type_password};

const RIGHT: &str = "Sunny-Harbour-7";
const ADA: &str = "ada@contoso.com";
const WAY_IN: &str = "__Host-latchkey-sign-in";
const SIGNED_IN: &str = "__Host-latchkey-session";

async fn site_with_ada(site: &Site) -> User {
    let (_, ada) = site.contoso(1).await;
    set_password(&site.test, &ada, RIGHT).await;
    ada
}

/// At the page for the password.
async fn name(browser: &mut Browser, name: &str) {
    browser.open("/sign-in").await;
    browser.fill("/sign-in", &[("user_id", name)]).await;
}

async fn sign_in(site: &Site) -> Browser {
    let mut browser = site.browser();
    name(&mut browser, ADA).await;
    let fields = [("password", RIGHT)];
    browser.fill("/sign-in/password", &fields).await;
    assert_eq!((browser.place(), browser.answer.status), ("/account", 200));
    browser
}

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_signs_in_sees_its_account_and_signs_out() {
    both(async |test| {
        let site = Site::over(test);
        site_with_ada(&site).await;
        let mut browser = sign_in(&site).await;
        assert!(browser.cookie(SIGNED_IN).is_some());
        assert!(browser.cookie(WAY_IN).is_none(), "the way in is over");
        let page = browser.page();
        assert_eq!(page.heading(), "My account");
        assert!(page.words().contains(ADA), "{}", page.words());
        assert!(!page.words().contains("ada@home.example"), "masked");
        browser.open("/sign-in?to=security-info").await;
        assert_eq!(browser.place(), "/security-info", "whoever is in is led on");
        browser.open("/account").await;
        browser.submit("/sign-out", &[]).await;
        assert_eq!(browser.page().heading(), "You are signed out");
        assert!(browser.cookie(SIGNED_IN).is_none());
        browser.open("/account").await;
        assert_eq!(browser.place(), "/sign-in");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_wants_to_go_somewhere_gets_there_and_nowhere_else() {
    let site = Site::sqlite().await;
    site_with_ada(&site).await;
    for (to, place) in [
        ("security-info", "/security-info"),
        ("change-password", "/change-password"),
        ("account", "/account"),
        ("//evil.example", "/account"),
        ("https:%2f%2fevil.example", "/account"),
    ] {
        let mut browser = site.browser();
        browser.open(&format!("/sign-in?to={to}")).await;
        browser.fill("/sign-in", &[("user_id", ADA)]).await;
        let fields = [("password", RIGHT)];
        browser.submit("/sign-in/password", &fields).await;
        assert_eq!(browser.answer.header("location"), place, "{to}");
    }
    for (asked, sign_in) in [("/account", "/sign-in"), ("/account/devices", "/sign-in")] {
        let mut browser = site.browser();
        browser.get(asked).await;
        assert_eq!(browser.answer.header("location"), sign_in, "{asked}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_password_is_asked_for_as_password_managers_expect_and_never_given_back() {
    let site = Site::sqlite().await;
    site_with_ada(&site).await;
    let mut browser = site.browser();
    name(&mut browser, ADA).await;
    assert_eq!(browser.place(), "/sign-in/password");
    let page = browser.page();
    let field = page.by_id("password").unwrap();
    assert_eq!(field.attribute("type"), Some("password"));
    assert_eq!(field.attribute("autocomplete"), Some("current-password"));
    let user = page.by_id("username").unwrap();
    assert_eq!(user.attribute("autocomplete"), Some("username"));
    assert_eq!(user.attribute("value"), Some(ADA));
    let wrong = [("password", "a wrong one &<\"")];
    browser.submit("/sign-in/password", &wrong).await;
    assert_eq!(browser.answer.status, 200);
    let page = browser.page();
    let error = page.error_at("password").unwrap();
    assert!(error.contains("isn't right"), "{error}");
    assert!(!browser.answer.text().contains("a wrong one"));
}

#[tokio::test(flavor = "multi_thread")]
async fn s17_every_name_sees_the_same_pages() {
    both(async |test| {
        let site = Site::over(test);
        let (contoso, ada) = site.contoso(1).await;
        set_password(&site.test, &ada, RIGHT).await;
        contoso
            .person(&site.test, "off@contoso.com", |user| user.enabled = false)
            .await;
        let mut shapes = Vec::new();
        // As long as one another: the name is on the page.
        for typed in [ADA, "off@contoso.com", "eve@contoso.com"] {
            let mut browser = site.browser();
            browser.open("/sign-in").await;
            browser.submit("/sign-in", &[("user_id", typed)]).await;
            let mut seen = shape(&browser);
            browser.follow().await;
            seen.push_str(&shape(&browser));
            for n in 0..11 {
                let guess = format!("guess {n}");
                browser
                    .submit("/sign-in/password", &[("password", &guess)])
                    .await;
                seen.push_str(&shape(&browser));
            }
            assert!(browser.answer.text().contains("too many failed tries"));
            shapes.push(seen.replace(typed, "NAME"));
        }
        for other in &shapes[1..] {
            let length = |shape: &str| {
                let shape: String = shape
                    .lines()
                    .filter(|line| !line.starts_with("content-length"))
                    .fold(String::new(), |all, line| all + line + "\n");
                shape
            };
            assert_alike(&length(&shapes[0]), &length(other), "a name");
        }
    })
    .await;
}

/// Threat S4: neither a session that was planted nor the way in becomes the session.
#[tokio::test(flavor = "multi_thread")]
async fn s04_signing_in_makes_a_new_session_and_ends_the_one_before() {
    let site = Site::sqlite().await;
    site_with_ada(&site).await;
    let mut thief = site.browser();
    thief.open("/sign-in").await;
    let mut browser = site.browser();
    browser.cookies.clone_from(&thief.cookies);
    browser.set_cookie(SIGNED_IN, "planted");
    name(&mut browser, ADA).await;
    let way_in = browser.cookie(WAY_IN).unwrap().to_owned();
    thief.set_cookie(WAY_IN, &way_in);
    let fields = [("password", RIGHT)];
    browser.fill("/sign-in/password", &fields).await;
    let session = browser.cookie(SIGNED_IN).unwrap().to_owned();
    assert!(session != "planted" && session != way_in);
    thief.set_cookie(SIGNED_IN, &way_in);
    thief.open("/account").await;
    assert_eq!(thief.place(), "/sign-in");
    thief.open("/sign-in/password").await;
    assert_eq!(thief.place(), "/sign-in");

    // Once more in the same browser, by somebody who forgot to sign out.
    let mut again = site.browser();
    name(&mut again, ADA).await;
    again.set_cookie(SIGNED_IN, &session);
    again.fill("/sign-in/password", &fields).await;
    assert_eq!(again.place(), "/account");
    assert_ne!(again.cookie(SIGNED_IN), Some(session.as_str()));
    browser.open("/account").await;
    assert_eq!(browser.place(), "/sign-in", "the session before has ended");
}

#[tokio::test(flavor = "multi_thread")]
async fn s04_cookies_belong_to_this_host_and_to_no_script_and_the_way_in_lasts_15_minutes() {
    let site = Site::sqlite().await;
    site_with_ada(&site).await;
    let browser = sign_in(&site).await;
    let lines: Vec<String> = browser
        .trail
        .iter()
        .flat_map(|visit| visit.answer.headers.get_all("set-cookie"))
        .map(|line| line.to_str().unwrap().to_owned())
        .collect();
    for line in &lines {
        assert!(line.starts_with("__Host-latchkey-"), "{line}");
        for wanted in ["Path=/", "Secure", "HttpOnly", "SameSite=Lax"] {
            assert!(line.contains(wanted), "{line} lacks {wanted}");
        }
    }
    let of = |name: &str| lines.iter().find(|line| line.starts_with(name)).unwrap();
    assert!(of(WAY_IN).contains("Max-Age=900"), "{}", of(WAY_IN));
    assert!(!of(SIGNED_IN).contains("Max-Age"), "{}", of(SIGNED_IN));
}

/// Threat S25: a form that is not from a page of this session does nothing.
#[tokio::test(flavor = "multi_thread")]
async fn s25_no_form_of_another_site_or_session_signs_out_or_ends_a_session() {
    both(async |test| {
        let site = Site::over(test);
        site_with_ada(&site).await;
        let mut other = sign_in(&site).await;
        let mut browser = sign_in(&site).await;
        let foreign = other.hidden("form_token").unwrap();
        browser.open("/account/devices").await;
        let id = browser.hidden("id").unwrap();
        for token in [None, Some(""), Some("0"), Some(foreign.as_str())] {
            let token: Vec<(&str, &str)> = token.map(|t| ("form_token", t)).into_iter().collect();
            browser.post_fields("/sign-out", &token).await;
            assert!(browser.cookie(SIGNED_IN).is_some());
            for what in [("id", id.as_str()), ("all", "yes")] {
                let mut fields = token.clone();
                fields.push(what);
                browser.post_fields("/account/devices", &fields).await;
                assert_eq!(browser.answer.header("location"), "/account");
            }
        }
        // A page of another origin: refused before anything is read.
        let own = browser.open("/account/devices").await.hidden("form_token");
        let own = own.unwrap();
        for target in POSTS {
            let request = browser
                .request("POST", target)
                .header("origin", "https://evil.example")
                .header("content-type", latchkey_testkit::browser::FORM)
                .body(Full::from(format!("form_token={own}&all=yes")));
            browser.send(request.unwrap()).await;
            assert_eq!(browser.answer.status, 403, "{target}");
        }
        for signed_in in [&mut browser, &mut other] {
            signed_in.open("/account").await;
            assert_eq!(signed_in.place(), "/account", "nothing happened");
        }
        browser.open("/account/devices").await;
        let fields = [("form_token", own.as_str()), ("all", "yes")];
        browser.post_fields("/account/devices", &fields).await;
        browser.follow().await;
        assert_eq!(browser.place(), "/account/devices");
        other.open("/account").await;
        assert_eq!(other.place(), "/sign-in", "with the right token it did");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_get_signs_nobody_out_and_ends_nothing() {
    let site = Site::sqlite().await;
    site_with_ada(&site).await;
    let mut browser = sign_in(&site).await;
    for target in crate::support::GETS {
        browser.get(target).await;
        assert!(browser.answer.status < 500, "{target}");
    }
    browser.open("/account").await;
    assert_eq!(browser.place(), "/account");
    browser.open("/sign-out").await;
    assert_eq!(browser.page().heading(), "Do you want to sign out?");
    browser.submit("/sign-out", &[]).await;
    assert_eq!(browser.page().heading(), "You are signed out");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_forgotten_password_takes_the_name_along_and_never_in_an_address() {
    let site = Site::sqlite().await;
    site_with_ada(&site).await;
    // From the page for the password.
    let mut browser = site.browser();
    name(&mut browser, ADA).await;
    browser.open("/reset").await;
    assert_eq!(
        prefilled(&browser),
        "",
        "not before it is said to be forgotten"
    );
    browser.open("/sign-in/password").await;
    browser.fill("/sign-in/forgot", &[]).await;
    assert_eq!(
        (browser.path.as_str(), prefilled(&browser).as_str()),
        ("/reset", ADA)
    );
    // From the first page, with what was typed so far.
    let mut browser = site.browser();
    browser.open("/sign-in?whr=contoso.com").await;
    let token = browser.hidden("form_token").unwrap();
    let fields = [
        ("form_token", token.as_str()),
        ("to", "account"),
        ("whr", "contoso.com"),
        ("user_id", "bo@contoso.com"),
    ];
    browser.post_fields("/sign-in/forgot", &fields).await;
    browser.follow().await;
    assert_eq!(browser.path, "/reset?whr=contoso.com");
    assert_eq!(prefilled(&browser), "bo@contoso.com");
    let nonce = browser.solve();
    let fields = [("user_id", "bo@contoso.com"), ("nonce", nonce.as_str())];
    browser.fill("/reset", &fields).await;
    assert_eq!(browser.place(), "/reset/verify");
    // With nothing that can be a name.
    let mut browser = site.browser();
    browser.open("/sign-in").await;
    let token = browser.hidden("form_token").unwrap();
    let fields = [("form_token", token.as_str()), ("user_id", "nonsense")];
    browser.post_fields("/sign-in/forgot", &fields).await;
    browser.follow().await;
    assert_eq!(
        (browser.path.as_str(), prefilled(&browser).as_str()),
        ("/reset", "")
    );
    for visit in &browser.trail {
        assert!(!visit.target.contains("contoso"), "{}", visit.target);
    }
}

fn prefilled(browser: &Browser) -> String {
    let page = browser.page();
    let field = page.by_id("user_id").unwrap();
    field.attribute("value").unwrap_or_default().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_without_cookies_or_with_an_old_page_is_told() {
    let site = Site::sqlite().await;
    site_with_ada(&site).await;
    let mut browser = site.browser();
    browser
        .post_fields("/sign-in", &[("user_id", ADA), ("form_token", "x")])
        .await;
    let words = browser.page().words();
    assert!(words.contains("Your browser accepts no cookies"), "{words}");
    browser
        .post_fields("/sign-in", &[("user_id", ADA), ("form_token", "x")])
        .await;
    let words = browser.page().words();
    assert!(words.contains("That page was out of date"), "{words}");
    assert_eq!(prefilled(&browser), ADA, "what was typed is kept");
    name(&mut browser, ADA).await;
    let old = browser.page().form("/sign-in/password").hidden.clone();
    browser
        .submit("/sign-in/password", &[("password", "wrong")])
        .await;
    let fields: Vec<(&str, &str)> = old
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .chain([("password", RIGHT)])
        .collect();
    browser.post_fields("/sign-in/password", &fields).await;
    assert!(browser.page().words().contains("That page was out of date"));
    site.test.clock.advance(Duration::from_secs(15 * 60));
    browser
        .fill("/sign-in/password", &[("password", RIGHT)])
        .await;
    assert_eq!(browser.path, "/sign-in?e=gone");
    assert!(browser.page().words().contains("Start here."));
}

#[tokio::test(flavor = "multi_thread")]
async fn cancel_forgets_who_it_was() {
    let site = Site::sqlite().await;
    site_with_ada(&site).await;
    let mut browser = site.browser();
    name(&mut browser, ADA).await;
    let way_in = browser.cookie(WAY_IN).unwrap().to_owned();
    browser.fill("/sign-in/cancel", &[]).await;
    assert_eq!(
        (browser.path.as_str(), prefilled(&browser).as_str()),
        ("/sign-in", "")
    );
    browser.set_cookie(WAY_IN, &way_in);
    browser.open("/sign-in/password").await;
    assert_eq!(browser.place(), "/sign-in");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_passkey_page_carries_options_for_nobody_in_particular() {
    let site = Site::sqlite().await;
    site_with_ada(&site).await;
    let mut options = Vec::new();
    for from in ["first", "password", "nobody"] {
        let mut browser = site.browser();
        match from {
            "first" => drop(browser.open("/sign-in").await),
            "password" => name(&mut browser, ADA).await,
            _ => name(&mut browser, "nobody@contoso.com").await,
        }
        browser.fill("/sign-in/passkey", &[]).await;
        assert_eq!(browser.place(), "/sign-in/passkey");
        let page = browser.page();
        let form = page
            .all("form")
            .find(|form| form.attribute("data-passkey") == Some("get"))
            .unwrap();
        let text = form.attribute("data-options").unwrap().to_owned();
        assert!(text.contains("\"userVerification\":\"required\""), "{text}");
        assert!(!text.contains("\"id\""), "an empty list: {text}");
        options.push(text.len());
        let fields = [("credential", "{\"not\":\"ours\"}")];
        browser.submit("/sign-in/passkey/answer", &fields).await;
        assert_eq!(browser.answer.status, 200);
        assert!(browser.page().words().contains("was not accepted"));
        assert!(browser.cookie(SIGNED_IN).is_none());
    }
    assert!(options.iter().all(|length| *length == options[0]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reset_ends_the_sessions_of_every_browser() {
    let site = Site::sqlite().await;
    site_with_ada(&site).await;
    let mut browser = sign_in(&site).await;
    site.test.clock.advance(Duration::from_secs(1));
    let mut forgetful = site.at_new_password().await;
    type_password(&mut forgetful, "Tall-Ships-9").await;
    browser.open("/account").await;
    assert_eq!(browser.place(), "/sign-in");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_page_has_the_tenants_face_and_leads_by_whether_somebody_is_in() {
    let site = Site::sqlite().await;
    site_with_ada(&site).await;
    let mut browser = site.browser();
    browser.open("/?whr=contoso.com").await;
    assert!(browser.answer.text().contains("contoso</bdi>"));
    let hrefs = |browser: &Browser| -> Vec<String> {
        browser
            .page()
            .all("a")
            .filter(|a| a.attribute("class") == Some("way"))
            .filter_map(|a| a.attribute("href").map(str::to_owned))
            .collect()
    };
    assert_eq!(
        hrefs(&browser),
        [
            "/reset?whr=contoso.com",
            "/sign-in?to=security-info&whr=contoso.com",
            "/sign-in?to=change-password&whr=contoso.com",
            "/sign-in?whr=contoso.com"
        ]
    );
    let mut browser = sign_in(&site).await;
    browser.open("/").await;
    assert!(
        browser.answer.text().contains("contoso</bdi>"),
        "by the session"
    );
    assert_eq!(
        hrefs(&browser),
        ["/reset", "/security-info", "/change-password", "/account"]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn every_page_is_there_in_every_language() {
    let site = Site::sqlite().await;
    site_with_ada(&site).await;
    for locale in Locale::ALL {
        let mut browser = sign_in(&site).await;
        let mkt = locale.tag();
        for path in ["/", "/account", "/account/devices", "/sign-out"] {
            browser.open(&format!("{path}?mkt={mkt}")).await;
            assert_eq!(browser.answer.status, 200, "{path}");
            assert_eq!(browser.answer.header("content-language"), mkt, "{path}");
        }
    }
    assert!(BASE.starts_with("https://"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_manager_finds_where_a_password_is_changed() {
    let site = Site::over(latchkey_testkit::TestApp::sqlite().await);
    site_with_ada(&site).await;
    let mut browser = site.browser();
    browser.get("/.well-known/change-password").await;
    assert_eq!(browser.answer.status, 303);
    assert_eq!(browser.answer.header("location"), "/change-password");
    browser.follow().await;
    assert_eq!(browser.place(), "/sign-in");
    browser.fill("/sign-in", &[("user_id", ADA)]).await;
    let fields = [("password", RIGHT)];
    browser.fill("/sign-in/password", &fields).await;
    assert_eq!(browser.place(), "/change-password");
    // By this it sees that addresses which are not there are not there (W3C, Detecting the
    // reliability of HTTP status codes).
    for missing in [
        "/.well-known/resource-that-should-not-exist-whose-status-code-should-not-be-200",
        "/.well-known/change-password/",
        "/.well-known/",
    ] {
        browser.get(missing).await;
        assert_eq!(browser.answer.status, 404, "{missing}");
    }
}
