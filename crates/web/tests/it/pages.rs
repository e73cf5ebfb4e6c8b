//! Threats S22, S23, S24 and S45: what pages are made of, and what their addresses hold.

use http::Request;
use http_body_util::Full;
use latchkey_core::model::Role;
use latchkey_core::settings::Contact;
use latchkey_store::tenants;
use latchkey_testkit::browser::Answer;
use latchkey_testkit::html::Page;
use latchkey_testkit::seed::{Organisation, open_settings};
use latchkey_testkit::{Browser, TestApp};
use latchkey_types::{CountryCode, Locale};

use crate::support::{BASE, GETS, GOOD, POSTS, Site, type_password};

/// The headers of every answer, errors too.
const HEADERS: [(&str, &str); 6] = [
    ("cache-control", "no-store"),
    ("referrer-policy", "no-referrer"),
    ("x-content-type-options", "nosniff"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
    ("x-robots-tag", "noindex, nofollow"),
];

fn check_headers(answer: &Answer, what: &str) {
    for (name, value) in HEADERS {
        assert_eq!(answer.header(name), value, "{what}: {name}");
    }
    let policy = answer.header("content-security-policy");
    let directives: Vec<&str> = policy.split(';').map(str::trim).collect();
    for wanted in [
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "frame-ancestors 'none'",
        "form-action 'self'",
        "base-uri 'none'",
    ] {
        assert!(directives.contains(&wanted), "{what}: {policy}");
    }
    assert!(!policy.contains("unsafe"), "{what}: {policy}");
    let transport = answer.header("strict-transport-security");
    assert!(transport.starts_with("max-age=63072000"), "{what}");
    for telling in ["server", "x-powered-by", "via"] {
        assert_eq!(answer.header(telling), "", "{what}: {telling}");
    }
}

/// Nothing inline, nothing from elsewhere. `links`: addresses elsewhere that a person may choose.
fn check_page(page: &Page, links: &[&str], what: &str) {
    for element in page.elements() {
        for (name, value) in &element.attributes {
            assert!(!name.starts_with("on"), "{what}: {name}={value}");
            assert_ne!(name, "style", "{what}: {value}");
            let loads = matches!(
                name.as_str(),
                "src" | "href" | "action" | "formaction" | "srcset" | "data" | "poster"
            );
            let here = value.starts_with(['/', '#']) && !value.starts_with("//");
            let icon = element.name == "link" && value.starts_with("data:image/svg+xml,");
            let chosen = element.name == "a" && links.contains(&value.as_str());
            assert!(
                !loads || here || icon || chosen,
                "{what}: {} {name}={value}",
                element.name
            );
        }
        assert!(
            !matches!(
                element.name.as_str(),
                "style" | "iframe" | "object" | "embed" | "base" | "img"
            ),
            "{what}: {}",
            element.name
        );
        if element.name == "script" {
            assert_eq!(element.text, "", "{what}");
            assert!(element.attribute("src").is_some(), "{what}");
        }
        if element.attribute("target") == Some("_blank") {
            assert_eq!(element.attribute("rel"), Some("noopener noreferrer"));
        }
    }
}

/// A whole reset with two gates, wrong turns and all.
async fn whole_reset(site: &Site, browser: &mut Browser) {
    browser.begin("not a name").await;
    browser.begin("ada@contoso.com").await;
    browser.open("/reset/help").await;
    browser.open("/reset/verify").await;
    browser.fill("/reset/verify", &[]).await;
    browser.fill("/reset/verify", &[("method", "sms")]).await;
    let wrong = [("phone", "+31600000000")];
    browser.fill("/reset/number", &wrong).await;
    let phone = [("phone", "+31612345678")];
    browser.fill("/reset/number", &phone).await;
    browser.fill("/reset/again", &[]).await;
    browser.fill("/reset/code", &[("code", "x")]).await;
    site.type_code(browser, "+31612345678").await;
    site.ask_for_mail(browser).await;
    site.type_code(browser, "ada@home.example").await;
    type_password(browser, "short").await;
    type_password(browser, GOOD).await;
    assert_eq!(browser.place(), "/reset/end");
    browser.open("/not-me").await;
    browser.fill("/not-me", &[("token", "wrong")]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn s22_every_answer_has_its_headers_and_every_page_only_what_is_ours() {
    let site = Site::sqlite().await;
    site.contoso(2).await;
    let mut browser = site.browser();
    whole_reset(&site, &mut browser).await;
    for target in GETS {
        browser.get(target).await;
        for method in ["HEAD", "OPTIONS", "PUT", "DELETE", "TRACE", "BREW"] {
            let request = browser.request(method, target);
            browser.send(request.body(Full::default()).unwrap()).await;
        }
    }
    for target in POSTS {
        for kind in [
            "text/plain",
            "application/json",
            latchkey_testkit::browser::FORM,
        ] {
            browser.post(target, kind, "user_id=a&user_id=b").await;
        }
        let long = "x".repeat(256 * 1024);
        browser
            .post(target, latchkey_testkit::browser::FORM, long)
            .await;
    }
    let mut statuses = std::collections::BTreeSet::new();
    for visit in &browser.trail {
        let what = format!("{} {}", visit.method, visit.target);
        check_headers(&visit.answer, &what);
        statuses.insert(visit.answer.status);
        let is_page = visit.answer.header("content-type").starts_with("text/html");
        if is_page && !visit.answer.body.is_empty() {
            check_page(&visit.answer.page(), &[], &what);
        }
    }
    for status in [200, 303, 400, 404, 405, 413, 415] {
        assert!(statuses.contains(&status), "never {status}: {statuses:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn s22_styles_and_scripts_load_nothing_from_elsewhere() {
    let site = Site::sqlite().await;
    let mut browser = site.browser();
    browser.open("/reset").await;
    let page = browser.page();
    let mut found = 0;
    for element in page.elements() {
        let address = element.attribute("src").or(element.attribute("href"));
        let Some(address) = address.filter(|a| a.starts_with("/assets/")) else {
            continue;
        };
        browser.get(address).await;
        assert_eq!(browser.answer.status, 200, "{address}");
        let text = browser.answer.text();
        found += 1;
        for foreign in ["http:", "https:", "@import", "url(//", "eval(", "innerHTML"] {
            assert!(!text.contains(foreign), "{address} has {foreign}");
        }
    }
    assert_eq!(found, 2, "a stylesheet and a script");
}

#[tokio::test(flavor = "multi_thread")]
async fn s23_no_secret_name_or_token_is_in_any_address() {
    let site = Site::sqlite().await;
    site.contoso(2).await;
    let mut browser = site.browser();
    whole_reset(&site, &mut browser).await;
    let mut addresses: Vec<String> = Vec::new();
    for visit in &browser.trail {
        addresses.push(visit.target.clone());
        addresses.push(visit.answer.header("location").to_owned());
        if visit.answer.header("content-type").starts_with("text/html") {
            for element in visit.answer.page().elements() {
                for name in ["href", "src", "action"] {
                    addresses.extend(element.attribute(name).map(str::to_owned));
                }
            }
        }
    }
    assert!(addresses.len() > 100);
    addresses.sort();
    addresses.dedup();
    for address in addresses {
        if address.starts_with("data:image/svg+xml,") || address.starts_with("/assets/") {
            continue;
        }
        let (path, query) = address.split_once('?').unwrap_or((&address, ""));
        assert!(!path.chars().any(|c| c.is_ascii_digit()), "{address}");
        for word in ["ada", "contoso", "@", "%40", "token", "code=", "password="] {
            assert!(!query.contains(word), "{address}");
        }
        // A language, a notice: nothing long enough to be a secret.
        assert!(query.len() <= 12, "{address}");
    }
}

/// Names that have run as script, broken out of an attribute, begun a header, turned text around.
const HOSTILE: [&str; 6] = [
    "<script>alert(1)</script>",
    "\" onmouseover=\"alert(1)",
    "'><img src=x onerror=alert(1)>",
    "Ada\u{202e}gpj.exe",
    "{{7*7}}${7*7}&lt;b&gt;",
    "javascript:alert(1)//",
];

async fn rename(test: &TestApp, organisation: &Organisation, name: &str) {
    let id = organisation.id();
    let profile = tenants::Profile {
        name,
        country: CountryCode::parse("NL").unwrap(),
        locale: Locale::En,
        enabled: true,
    };
    let done: bool = test
        .app
        .db()
        .write(async |mut tx| tenants::set_profile(&mut tx, id, &profile).await)
        .await
        .unwrap();
    assert!(done);
}

#[tokio::test(flavor = "multi_thread")]
async fn s24_hostile_names_of_people_and_tenants_stay_text_in_pages_and_mails() {
    for hostile in HOSTILE {
        let site = Site::sqlite().await;
        let contoso = Organisation::create(&site.test, "contoso.com", open_settings(2)).await;
        contoso
            .person(&site.test, "ada@contoso.com", |user| {
                user.display_name = hostile.to_owned();
                user.given_name = hostile.to_owned();
                user.family_name = hostile.to_owned();
                user.mail = Some("ada@contoso.com".into());
            })
            .await;
        contoso
            .person(&site.test, "root@contoso.com", |user| {
                user.display_name = hostile.to_owned();
                user.roles = vec![Role::GlobalAdministrator];
                user.mail = Some("root@contoso.com".into());
            })
            .await;
        rename(&site.test, &contoso, hostile).await;
        let mut browser = site.browser();
        whole_reset(&site, &mut browser).await;
        browser.begin("ada@contoso.com").await;
        browser.open("/reset/help").await;
        browser.fill("/reset/help", &[]).await;
        let mut shown = 0;
        for visit in &browser.trail {
            if visit.answer.header("content-type").starts_with("text/html") {
                // The reader of the page is strict: what breaks out of its place ends the test.
                let page = visit.answer.page();
                check_page(&page, &[], &visit.target);
                let brand = page
                    .elements()
                    .iter()
                    .find(|e| e.attribute("class") == Some("wordmark"))
                    .unwrap();
                assert_eq!(brand.name, "bdi", "a name cannot turn its surroundings");
                shown += usize::from(brand.text == hostile);
            }
        }
        assert!(shown > 5, "{hostile}: the name is on pages, as it is");
        let messages = site.test.messages().await;
        assert!(messages.len() >= 4);
        for message in messages {
            let breaks = |c: char| c.is_control();
            assert!(!message.subject.chars().any(breaks), "{}", message.subject);
            if message.channel == "mail" {
                let html = message.html.to_ascii_lowercase();
                for live in [
                    "<script",
                    "<img",
                    "\" onmouseover=",
                    "javascript:alert(1)//\"",
                ] {
                    assert!(!html.contains(live), "{hostile}: {html}");
                }
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn s24_a_name_with_line_ends_begins_no_header_of_a_mail() {
    let site = Site::sqlite().await;
    let contoso = Organisation::create(&site.test, "contoso.com", open_settings(2)).await;
    contoso
        .person(&site.test, "ada@contoso.com", |user| {
            user.display_name = "Ada\r\nBcc: eve@evil.example\r\n\r\n<b>".into();
        })
        .await;
    rename(&site.test, &contoso, "Contoso\r\nBcc: eve@evil.example").await;
    let mut browser = site.browser();
    whole_reset(&site, &mut browser).await;
    for visit in &browser.trail {
        let headers = format!("{:?}", visit.answer.headers);
        assert!(!headers.contains("Bcc"), "{headers}");
    }
    for message in site.test.messages().await {
        assert!(
            !message.subject.contains(['\r', '\n']),
            "{:?}",
            message.subject
        );
        assert!(!message.to.contains("evil"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn s24_a_help_link_is_https_or_mail_or_it_is_none() {
    for (contact, href) in [
        (
            Contact::Url("https://help.contoso.com/x?a=1&b=%22".into()),
            Some("https://help.contoso.com/x?a=1&b=%22"),
        ),
        (
            Contact::Url("https://help.contoso.com/\" onmouseover=\"alert(1)".into()),
            Some("https://help.contoso.com/\" onmouseover=\"alert(1)"),
        ),
        (Contact::Url("javascript:alert(1)".into()), None),
        (Contact::Url("JAVASCRIPT:alert(1)//https://".into()), None),
        (Contact::Url("data:text/html,<script>".into()), None),
        (Contact::Url("//evil.example/".into()), None),
        (
            Contact::Mail("help@contoso.com".into()),
            Some("mailto:help@contoso.com"),
        ),
        (Contact::Mail("javascript:alert(1)@x".into()), None),
    ] {
        let site = Site::sqlite().await;
        let mut settings = open_settings(1);
        settings.contact = contact.clone();
        site.contoso_with(settings).await;
        let mut browser = site.browser();
        browser.begin("ada@contoso.com").await;
        browser.open("/reset/help").await;
        let page = browser.page();
        check_page(&page, href.as_slice(), &format!("{contact:?}"));
        let elsewhere: Vec<&str> = page
            .all("a")
            .filter_map(|a| a.attribute("href"))
            .filter(|href| !href.starts_with(['/', '#']))
            .collect();
        assert_eq!(elsewhere, href.as_slice(), "{contact:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn s45_the_human_check_is_no_puzzle_and_has_a_way_without_script() {
    let site = Site::sqlite().await;
    site.contoso(1).await;
    let mut browser = site.browser();
    browser.open("/reset").await;
    let page = browser.page();
    let form = page.form("/reset");
    assert_eq!(form.fields.len(), 1, "nothing to type but the user ID");
    for element in page.elements() {
        assert!(
            !matches!(
                element.name.as_str(),
                "img" | "canvas" | "audio" | "video" | "noscript"
            ),
            "{}",
            element.name
        );
    }
    let words = page.words().to_lowercase();
    for puzzle in ["captcha", "robot", "letters you see", "pictures"] {
        assert!(!words.contains(puzzle), "{words}");
    }
    // The form as it stands, with no script run, after the time that a person takes to type.
    site.test.clock.advance(std::time::Duration::from_secs(2));
    let user = [("user_id", "ada@contoso.com")];
    browser.fill("/reset", &user).await;
    assert_eq!(browser.place(), "/reset/verify");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_under_no_base_of_ours_is_never_framed_cached_or_sniffed() {
    // Even an answer to what is no path at all.
    let site = Site::sqlite().await;
    for target in [
        "*",
        "/%00",
        "/%ff",
        "/..%2f..%2fetc%2fpasswd",
        "//evil.example/",
    ] {
        let request = Request::builder()
            .uri(target)
            .header("host", BASE.strip_prefix("https://").unwrap())
            .body(Full::default())
            .unwrap();
        let answer = site.server.answer(request).await;
        assert!((300..500).contains(&answer.status), "{target}");
        assert!(!answer.header("location").contains("evil"), "{target}");
        check_headers(&answer, target);
    }
}
