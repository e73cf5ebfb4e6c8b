use axum::body::{Body, to_bytes};
use axum::routing::{get, post};
use http::StatusCode;
use tower::ServiceExt;

use super::*;
use crate::{IMMUTABLE, Posted};

fn router(secure: bool) -> Router {
    let routes = Router::new()
        .route("/page", get(|| async { "a page" }))
        .route(
            "/language",
            get(|incoming: Incoming| async move { incoming.ctx.locale.tag() }),
        )
        .route("/form", post(|_: Posted| async { "done" }))
        .route(
            "/asset",
            get(|| async { ([(header::CACHE_CONTROL, IMMUTABLE)], "body") }),
        )
        .route("/healthz", get(|| async { "ok" }))
        .route("/slow", get(std::future::pending::<&'static str>))
        .route(
            "/panic",
            get(|| async { panic!("a secret") as &'static str }),
        );
    let front = Front {
        hosts: Hosts::new(["reset.contoso.com"]),
        proxies: Proxies::default(),
        secure,
        request_timeout: Duration::from_secs(30),
        new_id: Box::new(|| RequestId(uuid::Uuid::from_u128(7))),
        problem_page: Box::new(|incoming, problem| {
            format!("{problem:?} {}", incoming.ctx.request).into_response()
        }),
    };
    protect(routes, front)
}

struct Answer {
    status: StatusCode,
    headers: http::HeaderMap,
    body: String,
}

impl Answer {
    fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }
}

async fn ask(method: &str, uri: &str, lines: &[(&str, &str)], body: Body) -> Answer {
    let mut request = Request::builder().method(method).uri(uri);
    if !lines.iter().any(|(name, _)| *name == "host") {
        request = request.header("host", "reset.contoso.com");
    }
    for (name, value) in lines {
        request = request.header(*name, *value);
    }
    let response = router(true)
        .oneshot(request.body(body).unwrap())
        .await
        .unwrap();
    let (parts, body) = response.into_parts();
    let body = to_bytes(body, 1 << 20).await.unwrap();
    Answer {
        status: parts.status,
        headers: parts.headers,
        body: String::from_utf8(body.to_vec()).unwrap(),
    }
}

async fn visit(uri: &str) -> Answer {
    ask("GET", uri, &[], Body::empty()).await
}

const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");

#[tokio::test]
async fn every_answer_has_the_headers_errors_too() {
    for (method, uri, host, status) in [
        ("GET", "/page", "reset.contoso.com", 200),
        ("GET", "/nothing", "reset.contoso.com", 404),
        ("POST", "/page", "reset.contoso.com", 405),
        ("GET", "/form", "reset.contoso.com", 405),
        ("POST", "/form", "reset.contoso.com", 415),
        ("GET", "/panic", "reset.contoso.com", 500),
        ("GET", "/page", "evil.example", 421),
        ("GET", "/nothing", "evil.example", 421),
    ] {
        let answer = ask(method, uri, &[("host", host)], Body::empty()).await;
        assert_eq!(answer.status.as_u16(), status, "{method} {uri}");
        assert_eq!(
            answer.header("content-security-policy"),
            headers::CONTENT_SECURITY_POLICY
        );
        assert_eq!(answer.header("referrer-policy"), "no-referrer");
        assert_eq!(answer.header("cache-control"), "no-store");
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
        assert_eq!(answer.header("cross-origin-opener-policy"), "same-origin");
        assert_eq!(answer.header("cross-origin-resource-policy"), "same-origin");
        assert!(answer.header("permissions-policy").contains("camera=()"));
        assert!(
            answer
                .header("strict-transport-security")
                .contains("max-age=")
        );
        assert!(answer.header("vary").contains("Accept-Language"));
        assert_eq!(answer.headers.get_all("cache-control").iter().count(), 1);
    }
}

#[tokio::test]
async fn nothing_inline_and_nothing_foreign_is_allowed() {
    let policy = headers::CONTENT_SECURITY_POLICY;
    assert!(policy.starts_with("default-src 'none';"));
    assert!(policy.contains("frame-ancestors 'none'"));
    assert!(policy.contains("base-uri 'none'"));
    for hole in ["unsafe", "http", "*", "blob:"] {
        assert!(!policy.contains(hole), "{hole}");
    }
    // The one page that leads away differs in where its form may lead, and in nothing else.
    let away = headers::LEADS_AWAY;
    let same = away
        .to_str()
        .unwrap()
        .replace("form-action 'self' https:;", "form-action 'self';");
    assert_eq!(same, policy);
}

#[tokio::test]
async fn https_is_only_promised_where_there_is_https() {
    let request = Request::builder()
        .uri("/page")
        .header("host", "reset.contoso.com");
    let request = request.body(Body::empty()).unwrap();
    let response = router(false).oneshot(request).await.unwrap();
    assert!(!response.headers().contains_key("strict-transport-security"));
}

#[tokio::test]
async fn assets_keep_their_own_caching() {
    let answer = visit("/asset").await;
    assert_eq!(
        answer.header("cache-control"),
        "public, max-age=31536000, immutable"
    );
}

#[tokio::test]
async fn a_wrong_method_names_the_right_ones() {
    let answer = visit("/form").await;
    assert_eq!(
        (answer.status.as_u16(), answer.header("allow")),
        (405, "POST")
    );
    assert!(
        answer.body.starts_with("MethodNotAllowed"),
        "{}",
        answer.body
    );
}

#[tokio::test]
async fn a_problem_shows_the_reference_and_never_the_cause() {
    let answer = visit("/panic").await;
    assert_eq!(answer.body, "Internal 00000000-0000-0000-0000-000000000007");
}

#[tokio::test(start_paused = true)]
async fn a_handler_that_never_ends_is_ended() {
    let answer = visit("/slow").await;
    assert_eq!(
        (answer.status.as_u16(), answer.header("retry-after")),
        (503, "5")
    );
}

#[tokio::test]
async fn forms_of_other_sites_are_refused() {
    for (site, origin, status) in [
        ("same-origin", "https://reset.contoso.com", 200),
        // What browsers send under `no-referrer`.
        ("same-origin", "null", 200),
        ("none", "null", 200),
        ("cross-site", "https://evil.example", 403),
        ("same-site", "https://other.contoso.com", 403),
        ("cross-site", "null", 403),
    ] {
        let lines = [FORM, ("sec-fetch-site", site), ("origin", origin)];
        let answer = ask("POST", "/form", &lines, Body::empty()).await;
        assert_eq!(answer.status.as_u16(), status, "{site} {origin}");
    }
    let old = [FORM, ("origin", "https://evil.example")];
    assert_eq!(
        ask("POST", "/form", &old, Body::empty())
            .await
            .status
            .as_u16(),
        403
    );
}

#[tokio::test]
async fn forwarded_hosts_are_never_believed() {
    for (name, value) in [
        ("x-forwarded-host", "reset.contoso.com"),
        ("forwarded", "host=reset.contoso.com"),
        ("x-forwarded-proto", "https"),
    ] {
        let lines = [("host", "evil.example"), (name, value)];
        assert_eq!(
            ask("GET", "/page", &lines, Body::empty())
                .await
                .status
                .as_u16(),
            421,
            "{name}"
        );
    }
    assert_eq!(
        visit("https://reset.contoso.com/page")
            .await
            .status
            .as_u16(),
        200
    );
    assert_eq!(
        visit("https://evil.example/page").await.status.as_u16(),
        421
    );
}

#[tokio::test]
async fn watchers_may_ask_by_any_name() {
    let answer = ask(
        "GET",
        "/healthz",
        &[("host", "10.0.0.7:8480")],
        Body::empty(),
    )
    .await;
    assert_eq!((answer.status.as_u16(), answer.body.as_str()), (200, "ok"));
}

#[tokio::test]
async fn a_big_form_gets_an_answer() {
    let body = Body::from(vec![b'a'; 256 * 1024]);
    let answer = ask("POST", "/form", &[FORM], body).await;
    assert_eq!(answer.status.as_u16(), 413);
    assert!(answer.body.starts_with("TooLarge"), "{}", answer.body);
}

#[tokio::test]
async fn a_chosen_language_is_remembered() {
    let answer = visit("/language?mkt=sv").await;
    assert_eq!(answer.body, "sv");
    let cookie = answer.header("set-cookie");
    assert!(cookie.starts_with("__Host-latchkey-lang=sv; Path=/; HttpOnly; SameSite=Lax; Secure"));
    let lines = [
        ("cookie", "__Host-latchkey-lang=sv"),
        ("accept-language", "nl"),
    ];
    let answer = ask("GET", "/language", &lines, Body::empty()).await;
    assert_eq!(
        (answer.body.as_str(), answer.header("set-cookie")),
        ("sv", "")
    );
    let hostile = [("cookie", "__Host-latchkey-lang=../../x")];
    assert_eq!(
        ask("GET", "/language", &hostile, Body::empty()).await.body,
        "en"
    );
}
