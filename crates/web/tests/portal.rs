//! What a browser, and somebody who is none, gets from the portal's addresses.
#![expect(
    clippy::unwrap_used,
    reason = "the helpers of these tests fail where they stand"
)]

use axum::body::{Body, to_bytes};
use http::{HeaderMap, Request, StatusCode, header};
use latchkey_testkit::TestApp;
use latchkey_web::{DemoPages, DemoUser, WebOptions};
use tower::ServiceExt;

const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");

struct Portal {
    test: TestApp,
    router: axum::Router,
}

struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: String,
}

impl Answer {
    fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }

    /// The cookie that was set under a short name, as a browser sends it back.
    fn cookie(&self, name: &str) -> Option<String> {
        self.headers
            .get_all(header::SET_COOKIE)
            .iter()
            .filter_map(|line| line.to_str().unwrap().split(';').next())
            .find(|pair| pair.contains(&format!("latchkey-{name}=")))
            .map(str::to_owned)
    }

    /// The value of a hidden field.
    fn hidden(&self, name: &str) -> &str {
        let (_, rest) = self
            .body
            .split_once(&format!("name=\"{name}\" value=\""))
            .unwrap();
        rest.split_once('"').unwrap().0
    }
}

impl Portal {
    async fn new() -> Self {
        let test = TestApp::sqlite().await;
        let demo = DemoPages {
            outbox: test.outbox.clone(),
            users: vec![DemoUser {
                user_id: "ada@contoso.example".into(),
                name: "<b>Ada</b>".into(),
                what_it_is_for: "One code by e-mail.".into(),
            }],
            password: "Sunny-Harbour-7".into(),
            links: Vec::new(),
        };
        let router = latchkey_web::router(test.app.clone(), &WebOptions::default()).merge(
            latchkey_web::demo_router(test.app.clone(), &latchkey_web::WebOptions::default(), demo),
        );
        Self { test, router }
    }

    async fn ask(&self, method: &str, uri: &str, lines: &[(&str, &str)], body: &str) -> Answer {
        let mut request = Request::builder().method(method).uri(uri);
        if !lines.iter().any(|(name, _)| *name == "host") {
            request = request.header("host", self.test.app.options().base.host());
        }
        for (name, value) in lines {
            request = request.header(*name, *value);
        }
        let request = request.body(Body::from(body.to_owned())).unwrap();
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = to_bytes(body, 1 << 20).await.unwrap();
        let body = String::from_utf8_lossy(&body).into_owned();
        Answer {
            status: parts.status,
            headers: parts.headers,
            body,
        }
    }

    async fn get(&self, uri: &str) -> Answer {
        self.ask("GET", uri, &[], "").await
    }
}

#[tokio::test]
async fn the_first_page_asks_for_the_user_id() {
    let portal = Portal::new().await;
    let first = portal.get("/").await;
    assert_eq!(first.status, StatusCode::OK);
    for href in [
        "/reset",
        "/sign-in?to=security-info",
        "/sign-in?to=change-password",
        "/sign-in",
    ] {
        assert!(first.body.contains(&format!("href=\"{href}\"")), "{href}");
    }
    let page = portal.get("/reset").await;
    assert_eq!(page.status, StatusCode::OK);
    assert_eq!(page.header("content-language"), "en");
    assert!(page.body.contains("<html lang=\"en\" dir=\"ltr\">"));
    assert!(page.body.contains("<label for=\"user_id\">User ID</label>"));
    assert!(page.body.contains("autocomplete=\"username\""));
    assert!(page.cookie("start").is_some());
}

#[tokio::test]
async fn every_answer_is_guarded_errors_too() {
    let portal = Portal::new().await;
    for (method, uri, lines, body, status) in [
        ("GET", "/reset", &[][..], "", 200),
        ("GET", "/demo", &[], "", 200),
        ("GET", "/demo/outbox.json", &[], "", 200),
        ("GET", "/nothing", &[], "", 404),
        ("GET", "/assets/latchkey.css", &[], "", 404),
        ("GET", "/reset/again", &[], "", 405),
        ("GET", "/reset/other", &[], "", 405),
        ("GET", "/reset/cancel", &[], "", 405),
        ("POST", "/reset/end", &[FORM], "", 405),
        ("POST", "/reset", &[], "user_id=a", 415),
        (
            "POST",
            "/reset",
            &[("content-type", "application/json")],
            "{}",
            415,
        ),
        ("POST", "/reset", &[FORM], "user_id=a&user_id=b", 400),
        ("POST", "/reset", &[FORM], "user_id[]=a", 400),
        ("POST", "/reset", &[FORM], "user_id=a%00b", 400),
        (
            "POST",
            "/reset",
            &[FORM, ("sec-fetch-site", "cross-site")],
            "user_id=a",
            403,
        ),
        ("GET", "/reset", &[("host", "evil.example")], "", 421),
    ] {
        let answer = portal.ask(method, uri, lines, body).await;
        assert_eq!(answer.status.as_u16(), status, "{method} {uri} {body}");
        assert!(
            answer
                .header("content-security-policy")
                .starts_with("default-src 'none'")
        );
        assert_eq!(answer.header("cache-control"), "no-store", "{uri}");
        assert_eq!(answer.header("referrer-policy"), "no-referrer");
        if status >= 400 {
            assert!(
                answer.body.contains("Support reference"),
                "{uri}: {}",
                answer.body
            );
        }
        if status == 405 {
            assert!(!answer.header("allow").is_empty());
        }
    }
    let long = format!("user_id={}", "a".repeat(256 * 1024));
    assert_eq!(
        portal
            .ask("POST", "/reset", &[FORM], &long)
            .await
            .status
            .as_u16(),
        413
    );
}

#[tokio::test]
async fn pages_load_two_files_of_our_own_and_nothing_inline() {
    let portal = Portal::new().await;
    for uri in [
        "/reset",
        "/not-me",
        "/reset/help",
        "/demo",
        "/demo/outbox",
        "/nothing",
    ] {
        let page = portal.get(uri).await.body;
        assert_eq!(page.matches("<script").count(), 1, "{uri}");
        assert!(page.contains("<script src=\"/assets/latchkey."), "{uri}");
        assert!(
            !page.contains(" style=") && !page.contains("<style"),
            "{uri}"
        );
        assert!(
            !page.contains(" onclick") && !page.contains("javascript:"),
            "{uri}"
        );
        for (at, _) in page
            .match_indices("src=\"")
            .chain(page.match_indices("action=\""))
        {
            let address = page[at..].split_once('"').unwrap().1;
            assert!(
                address.starts_with('/') && !address.starts_with("//"),
                "{uri}: {address:.40}"
            );
        }
    }
}

#[tokio::test]
async fn a_page_weighs_less_than_sixty_kilobytes() {
    let portal = Portal::new().await;
    let page = portal.get("/reset").await;
    let mut bytes = page.body.len();
    for (at, _) in page.body.match_indices("\"/assets/") {
        let address = page.body[at + 1..].split_once('"').unwrap().0;
        let asset = portal
            .ask("GET", address, &[("accept-encoding", "gzip")], "")
            .await;
        assert_eq!(asset.header("content-encoding"), "gzip");
        assert_eq!(
            asset.header("cache-control"),
            "public, max-age=31536000, immutable"
        );
        bytes += asset
            .header("content-length")
            .parse::<usize>()
            .unwrap_or(asset.body.len());
    }
    assert!(bytes < 60_000, "{bytes}");
}

#[tokio::test]
async fn hostile_names_stay_text() {
    let portal = Portal::new().await;
    let page = portal.get("/demo").await.body;
    assert!(
        !page.contains("<b>Ada") && page.contains("&#60;b&#62;Ada"),
        "{page}"
    );
}

#[tokio::test]
async fn a_step_without_a_session_leads_to_the_beginning() {
    let portal = Portal::new().await;
    for step in ["verify", "number", "code", "questions", "password", "end"] {
        let uri = format!("/reset/{step}");
        for lines in [
            vec![],
            vec![
                ("cookie", "__Host-latchkey-reset=forged"),
                ("cookie", "latchkey-reset=forged"),
            ],
        ] {
            let answer = portal.ask("GET", &uri, &lines, "").await;
            assert_eq!(answer.status.as_u16(), 303, "{uri}");
            assert_eq!(answer.header("location"), "/reset?e=gone");
        }
    }
    for step in [
        "verify",
        "number",
        "code",
        "questions",
        "password",
        "again",
        "other",
        "cancel",
        "help",
    ] {
        let uri = format!("/reset/{step}");
        let answer = portal
            .ask("POST", &uri, &[FORM], "form_token=x&version=1")
            .await;
        assert_eq!(answer.status.as_u16(), 303, "{uri}");
        assert_eq!(answer.header("location"), "/reset?e=gone");
    }
    assert!(
        portal
            .get("/reset?e=gone")
            .await
            .body
            .contains("Start here.")
    );
}

#[tokio::test]
async fn a_browser_without_cookies_is_told_so() {
    let portal = Portal::new().await;
    let page = portal
        .ask("POST", "/reset", &[FORM], "user_id=ada%40contoso.example")
        .await;
    assert_eq!(page.status.as_u16(), 200);
    assert!(page.body.contains("accepts no cookies"));
    assert!(
        page.body.contains("value=\"ada@contoso.example\""),
        "what was typed is kept"
    );
}

#[tokio::test]
async fn a_form_of_another_browser_begins_nothing() {
    let portal = Portal::new().await;
    let mine = portal.get("/reset").await.cookie("start").unwrap();
    let theirs = portal.get("/reset").await;
    let body = format!("user_id=ada&form_token={}", theirs.hidden("form_token"));
    let answer = portal
        .ask("POST", "/reset", &[FORM, ("cookie", &mine)], &body)
        .await;
    assert_eq!(answer.status.as_u16(), 200);
    assert!(answer.cookie("reset").is_none());
}

#[tokio::test]
async fn an_empty_user_id_is_an_error_at_its_field() {
    let portal = Portal::new().await;
    let page = portal.get("/reset").await;
    let cookie = page.cookie("start").unwrap();
    let body = format!(
        "user_id=&challenge=&nonce=&form_token={}&timed={}",
        page.hidden("form_token"),
        page.hidden("timed")
    );
    let answer = portal
        .ask("POST", "/reset", &[FORM, ("cookie", &cookie)], &body)
        .await;
    assert_eq!(answer.status.as_u16(), 200);
    assert!(answer.body.contains("<title>Error: "), "{}", answer.body);
    assert!(answer.body.contains("href=\"#user_id\""));
    assert!(answer.body.contains("aria-invalid=\"true\""));
    assert!(answer.body.contains("id=\"user_id-error\""));
}

#[tokio::test]
async fn the_language_is_the_readers_choice() {
    let portal = Portal::new().await;
    let page = portal
        .ask("GET", "/reset", &[("accept-language", "sv-SE")], "")
        .await;
    assert_eq!(page.header("content-language"), "sv");
    let page = portal
        .ask("GET", "/reset?mkt=nl", &[("accept-language", "sv")], "")
        .await;
    assert_eq!(page.header("content-language"), "nl");
    let cookie = page.cookie("lang").unwrap();
    let page = portal
        .ask("GET", "/nothing", &[("cookie", &cookie)], "")
        .await;
    assert_eq!(page.header("content-language"), "nl");
    let page = portal.get("/reset?mkt=ar-XB").await;
    assert!(page.body.contains("<html lang=\"ar-XB\" dir=\"rtl\">"));
}

#[tokio::test]
async fn opening_this_was_not_me_shows_a_form_and_a_wrong_code_says_what_to_do() {
    let portal = Portal::new().await;
    let page = portal.get("/not-me").await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(page.body.contains("data-from-fragment=\"token\""));
    for body in ["token=wrong", "token=wrong&confirm=yes", "token="] {
        let answer = portal.ask("POST", "/not-me", &[FORM], body).await;
        assert_eq!(answer.status.as_u16(), 200, "{body}");
        assert!(answer.body.contains("Contact your administrator now"));
    }
}

#[tokio::test]
async fn watchers_learn_whether_it_lives() {
    let portal = Portal::new().await;
    assert_eq!(portal.get("/healthz").await.body, "ok");
    assert_eq!(portal.get("/readyz").await.body, "ready");
}

#[tokio::test]
async fn an_empty_outbox_says_what_to_do() {
    let portal = Portal::new().await;
    assert!(
        portal
            .get("/demo/outbox")
            .await
            .body
            .contains("Nothing was sent yet")
    );
    assert_eq!(portal.get("/demo/outbox.json").await.body, "[]");
}
