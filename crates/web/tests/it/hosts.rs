//! Threat S21: no header of a request chooses where a link leads, and no host that was not
//! configured is answered.

use http_body_util::Full;
use latchkey_testkit::both;

use crate::support::{BASE, GOOD, Site, type_password};

const HOSTILE: [(&str, &str); 10] = [
    ("x-forwarded-host", "evil.example"),
    ("x-forwarded-proto", "http"),
    ("x-forwarded-port", "8666"),
    ("x-forwarded-for", "192.0.2.66"),
    ("x-forwarded-prefix", "//evil.example"),
    ("x-original-host", "evil.example"),
    ("x-original-url", "/not-me"),
    ("x-rewrite-url", "/not-me"),
    ("x-http-method-override", "DELETE"),
    ("forwarded", "for=192.0.2.66;host=evil.example;proto=http"),
];

#[tokio::test(flavor = "multi_thread")]
async fn s21_forwarded_headers_of_a_stranger_change_no_link_redirect_or_cookie() {
    both(async |test| {
        let site = Site::over(test);
        let (contoso, _) = site.contoso(1).await;
        let mut browser = site.browser();
        for (name, value) in HOSTILE {
            browser = browser.with_header(name, value);
        }
        browser.begin("ada@contoso.com").await;
        site.ask_for_mail(&mut browser).await;
        site.type_code(&mut browser, "ada@home.example").await;
        type_password(&mut browser, GOOD).await;
        assert_eq!(browser.page().heading(), "Your password is reset");
        for visit in &browser.trail {
            let location = visit.answer.header("location");
            let stays = location.is_empty() || location.starts_with("/reset");
            assert!(stays, "{} leads to {location}", visit.target);
            let all = format!("{:?}{}", visit.answer.headers, visit.answer.text());
            assert!(!all.contains("evil"), "{}", visit.target);
            assert!(!all.contains("8666"), "{}", visit.target);
        }
        let mut links = 0;
        for message in site.test.messages().await {
            for text in [&message.text, &message.html] {
                assert!(!text.contains("evil"), "{text}");
                for (at, _) in text.match_indices("://") {
                    let scheme = text[..at].chars().rev();
                    let scheme = scheme.take_while(char::is_ascii_alphabetic).count();
                    let link = &text[at - scheme..];
                    assert!(link.starts_with(&format!("{BASE}/")), "{link:.60}");
                    links += 1;
                }
            }
        }
        assert!(links >= 2, "the notice has its link in text and HTML");
        // Who asked is who connected.
        for event in site.events(contoso.id()).await {
            let address = event.row.event.client_address.unwrap_or_default();
            assert!(!address.contains("192.0.2.66"), "{address}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn s21_an_unknown_host_is_refused_on_every_path_and_gets_no_cookie() {
    let site = Site::sqlite().await;
    let (contoso, ada) = site.contoso(1).await;
    let mut browser = site.at_new_password().await;
    let before = site.state(&contoso, &ada).await;
    for host in [
        "evil.example",
        "reset.contoso.com.evil.example",
        "reset.contoso.com:8666",
        "reset.contoso.com@evil.example",
        "evil.example:443",
        "127.0.0.1",
        "localhost",
        "[::1]",
        "",
    ] {
        for (method, target) in [
            ("GET", "/reset"),
            ("GET", "/reset?mkt=sv"),
            ("GET", "/reset/password"),
            ("GET", "/not-me"),
            ("GET", "/nothing"),
            ("POST", "/reset/password"),
        ] {
            let mut request = browser
                .request(method, target)
                .header("content-type", latchkey_testkit::browser::FORM)
                .body(Full::default())
                .unwrap();
            let headers = request.headers_mut();
            headers.insert("host", host.parse().unwrap());
            let answer = site.server.answer(request).await;
            assert_eq!(answer.status, 421, "{host} {target}");
            assert_eq!(answer.header("set-cookie"), "", "{host} {target}");
            assert_eq!(answer.header("location"), "", "{host} {target}");
            assert!(!answer.text().contains("evil"), "{host} {target}");
            let page = answer.page();
            assert!(!page.heading().is_empty(), "{host}");
        }
    }
    // No host at all, and two of them.
    for count in [0, 2] {
        let mut request = browser
            .request("GET", "/reset")
            .body(Full::default())
            .unwrap();
        let headers = request.headers_mut();
        headers.remove("host");
        for host in ["reset.contoso.com", "evil.example"].iter().take(count) {
            headers.append("host", host.parse().unwrap());
        }
        assert_eq!(site.server.answer(request).await.status, 421, "{count}");
    }
    assert_eq!(site.state(&contoso, &ada).await, before);
    type_password(&mut browser, GOOD).await;
    assert_eq!(browser.place(), "/reset/end");
}

#[tokio::test(flavor = "multi_thread")]
async fn s21_an_absolute_target_is_answered_only_if_it_names_us() {
    let site = Site::sqlite().await;
    let browser = site.browser();
    for (target, status) in [
        ("https://reset.contoso.com/reset", 200),
        ("https://reset.contoso.com:443/reset", 200),
        ("https://evil.example/reset", 421),
        ("http://evil.example:443/reset", 421),
        ("https://reset.contoso.com@evil.example/reset", 421),
    ] {
        let request = browser.request("GET", target);
        let request = request.body(Full::default()).unwrap();
        let answer = site.server.answer(request).await;
        assert_eq!(answer.status, status, "{target}");
        assert!(!answer.text().contains("evil"), "{target}");
    }
}
