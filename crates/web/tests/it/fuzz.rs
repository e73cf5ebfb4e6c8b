//! Threats S1, S2 and S41: whatever is sent, in whatever order, no password is set without its
//! gates, and nothing falls over. Random, and the same each time.

use std::time::Duration;

use bytes::Bytes;
use http::HeaderMap;
use http_body_util::Full;
use latchkey_testkit::Browser;
use latchkey_testkit::browser::{FORM, encode};

use crate::stats::Dice;
use crate::support::{GETS, GOOD, POSTS, SESSION, START, Site};

/// Names of fields: ours, and some that others have tripped over.
const FIELDS: [&str; 24] = [
    "user_id",
    "code",
    "new_password",
    "confirm_password",
    "method",
    "phone",
    "answer_1",
    "answer_2",
    "answer_3",
    "answer_4",
    "answer_5",
    "form_token",
    "version",
    "challenge",
    "nonce",
    "timed",
    "whr",
    "token",
    "confirm",
    "user_id[]",
    "code[]",
    "email",
    "step",
    "state",
];

/// Values that have broken others.
fn value(dice: &mut Dice) -> String {
    const VALUES: [&str; 30] = [
        "",
        "0",
        "-1",
        "1",
        "2",
        "3",
        "9223372036854775807",
        "9223372036854775808",
        "1e9",
        "NaN",
        "true",
        "yes",
        "email",
        "sms",
        "mobile_call",
        "questions",
        "passkey",
        "ada@contoso.com",
        "eve@contoso.com",
        "nobody@contoso.com",
        "ada@contoso.com,eve@evil.example",
        "00000000",
        "000000",
        "+31612345678",
        GOOD,
        "' OR 1=1 --",
        "<script>alert(1)</script>",
        "\u{0}",
        "\r\nSet-Cookie: a=b",
        "\u{202e}\u{1f511}",
    ];
    match dice.below(20) {
        0 => "a".repeat(dice.below(20_000)),
        1 => (0..dice.below(40))
            .filter_map(|_| char::from_u32((dice.next() % 0x11_0000) as u32))
            .collect(),
        _ => (*dice.pick(&VALUES)).to_owned(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn s01_s02_a_walk_of_2000_posts_out_of_order_never_sets_a_password() {
    let site = Site::sqlite().await;
    let (contoso, ada) = site.contoso(2).await;
    let eve = contoso
        .person(&site.test, "eve@contoso.com", |user| {
            user.mobile_phone = Some("+31687654321".into());
        })
        .await;
    // Eve reads her own mail, and nothing else: she passes one gate of two of her own account.
    let names = ["eve@contoso.com", "ada@contoso.com", "nobody@contoso.com"];
    let mut dice = Dice::new(1);
    let mut browsers: Vec<Browser> = Vec::new();
    for _ in 0..4 {
        let mut browser = site.browser();
        browser.keeps_trail = false;
        browsers.push(browser);
    }
    // What was ever seen, to be sent where it does not belong.
    let mut tokens = vec![String::from("x")];
    let mut cookies = vec![String::from("forged")];
    let mut passed = 0;
    for n in 0..2_000 {
        let at = dice.below(browsers.len());
        let lent = browsers[dice.below(4)].cookies.clone();
        let browser = &mut browsers[at];
        match dice.below(20) {
            // Begin, or begin again.
            0 => {
                let name = *dice.pick(&names);
                browser.begin(name).await;
            }
            // The next step of an honest walk.
            1..=8 => match browser.place() {
                "/reset/verify" if browser.answer.status == 200 => {
                    if browser
                        .page()
                        .forms()
                        .iter()
                        .any(|form| form.action == "/reset/verify")
                    {
                        let gate = *dice.pick(&["email", "sms"]);
                        browser.fill("/reset/verify", &[("method", gate)]).await;
                    }
                }
                "/reset/code" if browser.answer.status == 200 => {
                    if site.test.newest_to("eve@home.example").await.is_some() {
                        let code = site.test.code_for("eve@home.example").await;
                        let forms = browser.page().forms();
                        if forms.iter().any(|form| form.action == "/reset/code") {
                            browser.fill("/reset/code", &[("code", &code)]).await;
                            passed += usize::from(browser.place() == "/reset/verify");
                        }
                    }
                }
                _ => {
                    browser.open("/reset/verify").await;
                }
            },
            // Another browser's cookies.
            9 => browser.cookies = lent,
            10 => {
                let cookie = dice.pick(&cookies).clone();
                browser.set_cookie(SESSION, &cookie);
            }
            // Anything anywhere, with the right or a wrong token, the right or an old version.
            _ => {
                let action = *dice.pick(&POSTS);
                let mut fields: Vec<(&str, String)> = Vec::new();
                if dice.below(4) > 0 {
                    fields.push(("form_token", dice.pick(&tokens).clone()));
                }
                if dice.below(4) > 0 {
                    let version = dice.below(8);
                    fields.push(("version", version.to_string()));
                }
                match action {
                    "/reset/password" if dice.below(4) > 0 => {
                        fields.push(("new_password", GOOD.into()));
                        fields.push(("confirm_password", GOOD.into()));
                    }
                    "/reset/code" => fields.push(("code", value(&mut dice))),
                    "/reset/verify" => fields.push(("method", value(&mut dice))),
                    "/reset/number" => fields.push(("phone", value(&mut dice))),
                    _ => {}
                }
                if dice.below(8) == 0 {
                    fields.push((*dice.pick(&FIELDS), value(&mut dice)));
                }
                let fields: Vec<(&str, &str)> = fields
                    .iter()
                    .map(|(name, value)| (*name, value.as_str()))
                    .collect();
                browser.post_fields(action, &fields).await;
                let status = browser.answer.status;
                assert!(status < 500, "{n}: {action} {fields:?}: {status}");
                browser.follow().await;
            }
        }
        let browser = &browsers[at];
        if browser.answer.status == 200 && browser.answer.text().contains("form_token") {
            tokens.extend(browser.hidden("form_token"));
        }
        cookies.extend(browser.cookie(SESSION).map(str::to_owned));
        assert!(
            !browser.answer.text().contains("id=\"new_password\""),
            "{n}: the page for a new password was reached"
        );
        assert_eq!(site.password(&ada).await, None, "after {n}");
        assert_eq!(site.password(&eve).await, None, "after {n}");
        // Blocks last a day, codes ten minutes.
        let seconds = if dice.below(60) == 0 {
            90_000
        } else {
            dice.below(20) as u64
        };
        site.test.clock.advance(Duration::from_secs(seconds));
        if tokens.len() > 40 {
            tokens.drain(..20);
            cookies.drain(..cookies.len() / 2);
        }
    }
    assert!(passed > 0, "the walk got as far as it may");
    let reasons = site.reasons(contoso.id()).await;
    assert!(
        reasons
            .iter()
            .all(|reason| !reason.starts_with("succeeded"))
    );
    let verified = latchkey_app::audit::verify(&site.test.app, contoso.id())
        .await
        .unwrap();
    assert_eq!(verified.broken, None);
}

/// A body of one of several kinds, some of them forms.
fn body(dice: &mut Dice, token: &str) -> (String, Vec<u8>) {
    let mut fields: Vec<(&str, String)> = Vec::new();
    if dice.below(2) == 0 {
        fields.push(("form_token", token.to_owned()));
        fields.push(("version", dice.below(6).to_string()));
    }
    for _ in 0..dice.below(5) {
        fields.push((*dice.pick(&FIELDS), value(dice)));
    }
    let fields: Vec<(&str, &str)> = fields
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    let form = encode(&fields).into_bytes();
    match dice.below(10) {
        0 => {
            let bytes = (0..dice.below(3_000)).map(|_| dice.next() as u8).collect();
            (FORM.into(), bytes)
        }
        1 => (
            "application/json".into(),
            b"{\"user_id\":[\"a\",\"b\"]}".to_vec(),
        ),
        2 => (
            "multipart/form-data; boundary=x".into(),
            b"--x\r\ncontent-disposition: form-data; name=\"user_id\"\r\n\r\na\r\n--x--".to_vec(),
        ),
        3 => (
            format!("{FORM}; charset={}", dice.pick(&["utf-7", "utf-8", ""])),
            form,
        ),
        4 => ("text/plain".into(), form),
        6 => (FORM.into(), vec![b'a'; 60_000 + dice.below(10_000)]),
        5 => {
            let mut broken = form;
            broken.extend_from_slice(b"&%zz=%&=&&a%");
            (FORM.into(), broken)
        }
        _ => (FORM.into(), form),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn s41_every_handler_survives_3000_random_requests() {
    const METHODS: [&str; 10] = [
        "GET", "HEAD", "POST", "POST", "POST", "POST", "PUT", "DELETE", "OPTIONS", "BREW",
    ];
    const HEADERS: [(&str, &str); 14] = [
        ("accept-language", "sv;q=x,,;;"),
        ("accept-language", "*"),
        ("user-agent", "\u{7f}"),
        ("accept-encoding", "gzip;q=9;q,,"),
        ("if-none-match", "*, W/\"\", \""),
        ("x-forwarded-for", "unknown, ,1"),
        ("forwarded", "for=\"[::1\";;=,"),
        ("origin", "null"),
        ("origin", "https://reset.contoso.com"),
        ("sec-fetch-site", "same-origin"),
        ("sec-fetch-site", "cross-site"),
        ("content-length", "0"),
        ("range", "bytes=0-"),
        ("cookie", "=;;=; __Host-latchkey-reset"),
    ];
    let site = Site::sqlite().await;
    let (_, ada) = site.contoso(1).await;
    let mut dice = Dice::new(2);
    let mut browser = site.browser();
    browser.keeps_trail = false;
    let mut token = String::from("x");
    let mut seen = std::collections::BTreeSet::new();
    for n in 0..3_000 {
        if n % 10 == 0 {
            // A live session at one step or another, so that handlers get past their first lines.
            site.test.clock.advance(Duration::from_secs(1_000));
            browser.begin("ada@contoso.com").await;
            let step = dice.below(3);
            if step > 0 && browser.place() == "/reset/verify" {
                let gate = *dice.pick(&["email", "sms"]);
                browser.fill("/reset/verify", &[("method", gate)]).await;
            }
            if browser.answer.status == 200 {
                token = browser.hidden("form_token").unwrap_or_default();
            }
        }
        let method = *dice.pick(&METHODS);
        let mut target = if dice.below(2) == 0 {
            (*dice.pick(&POSTS)).to_owned()
        } else {
            (*dice.pick(&GETS)).to_owned()
        };
        if dice.below(4) == 0 {
            let field = [(
                *dice.pick(&["mkt", "whr", "e", "n", "token"]),
                value(&mut dice),
            )];
            let field: Vec<_> = field.iter().map(|(n, v)| (*n, v.as_str())).collect();
            let mark = if target.contains('?') { '&' } else { '?' };
            let query = encode(&field);
            target = format!("{target}{mark}{}", &query[..query.len().min(2_000)]);
        }
        let (kind, bytes) = body(&mut dice, &token);
        let mut request = browser.request(method, &target);
        if dice.below(10) > 0 {
            request = request.header("content-type", kind);
        }
        for _ in 0..dice.below(3) {
            let (name, value) = *dice.pick(&HEADERS);
            request = request.header(name, value.as_bytes());
        }
        if dice.below(10) == 0 {
            let junk: Vec<u8> = (0..20).map(|_| 128 | dice.next() as u8).collect();
            request = request.header("cookie", junk);
        }
        let Ok(request) = request.body(Full::new(Bytes::from(bytes))) else {
            continue;
        };
        let what = format!("{n}: {method} {target}");
        let cookies = browser.cookies.clone();
        browser.send(request).await;
        let status = browser.answer.status;
        seen.insert(status);
        assert!((200..500).contains(&status), "{what}: {status}");
        check_headers(&browser.answer.headers, &what);
        if browser.cookie(SESSION).is_none() {
            browser.cookies = cookies;
        }
        browser
            .cookies
            .retain(|(name, _)| name == SESSION || name == START);
    }
    for status in [200, 303, 400, 403, 404, 405, 413, 415] {
        assert!(seen.contains(&status), "never {status}: {seen:?}");
    }
    assert_eq!(site.password(&ada).await, None);
}

fn check_headers(headers: &HeaderMap, what: &str) {
    for name in [
        "content-security-policy",
        "cache-control",
        "referrer-policy",
    ] {
        assert!(headers.contains_key(name), "{what}: no {name}");
    }
}
