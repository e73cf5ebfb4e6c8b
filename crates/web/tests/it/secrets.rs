//! Threat S13: after a whole run, no code, token, password, answer or cookie is in any line of the
//! log, in any address or header, or in the database.

use std::io::Write;
use std::sync::{Arc, Mutex};

use latchkey_app::admin;
use latchkey_app::admin::methods::Answer;
use latchkey_core::reset::questions::PREDEFINED;
use latchkey_testkit::Browser;
use latchkey_testkit::seed::open_settings;
use latchkey_types::Secret;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;

use crate::support::{SESSION, START, Site, type_password, wrong};

const REFUSED: &str = "zebra7";
const PASSWORD: &str = "Quarrel-Lantern-84";
const MISTYPED: &str = "Quarrel-Lantern-85";
const ANSWER: &str = "Vermiljoen Zeepaardje";
const WRONG_ANSWER: &str = "Paarse Kameleon";

/// What was logged, in memory.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

/// Whether bytes hold a secret. A code of digits is looked for as a word of its own, since long
/// numbers hold any six digits sooner or later.
fn holds(bytes: &[u8], secret: &str) -> bool {
    let is_code = secret.bytes().all(|byte| byte.is_ascii_digit());
    bytes
        .windows(secret.len())
        .enumerate()
        .filter(|(_, window)| window.eq_ignore_ascii_case(secret.as_bytes()))
        .any(|(at, _)| {
            let neighbour = |at: Option<usize>| {
                at.and_then(|at| bytes.get(at))
                    .is_some_and(u8::is_ascii_alphanumeric)
            };
            // 0.000123 s is no code either.
            let is_decimal = bytes.get(..at).is_some_and(
                |before| matches!(before, [.., digit, b'.'] if digit.is_ascii_digit()),
            );
            let is_word = !neighbour(at.checked_sub(1)) && !neighbour(Some(at + secret.len()));
            !is_code || is_word && !is_decimal
        })
}

async fn with_questions(site: &Site) {
    let ctx = admin::operator(&site.test.app);
    let answers: Vec<Answer> = PREDEFINED
        .iter()
        .take(5)
        .enumerate()
        .map(|(n, question)| Answer {
            question: (*question).to_owned(),
            answer: Secret::new(format!("{ANSWER} {}", "\u{b7}".repeat(n))),
        })
        .collect();
    admin::methods::set_questions(&site.test.app, &ctx, "ada@contoso.com", &answers)
        .await
        .unwrap();
}

/// Remembers the cookies and the form token of the page.
fn note(browser: &Browser, secrets: &mut Vec<String>) {
    for name in [SESSION, START] {
        secrets.extend(browser.cookie(name).map(str::to_owned));
    }
    if browser.answer.status == 200 {
        secrets.extend(browser.hidden("form_token"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn s13_no_secret_of_a_whole_run_is_in_the_log_an_address_a_header_or_the_database() {
    // For the whole process: hashing and database threads log too. What other tests log in the
    // meantime does no harm.
    let log = Log::default();
    let filter = "info,latchkey_types=trace,latchkey_core=trace,latchkey_crypto=trace,\
                  latchkey_i18n=trace,latchkey_store=trace,latchkey_notify=trace,\
                  latchkey_app=trace,latchkey_http=trace,latchkey_web=trace,sqlx=trace,hyper=trace";
    tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::new(filter))
        .with_writer(log.clone())
        .with_ansi(false)
        .with_span_events(tracing_subscriber::fmt::format::FmtSpan::FULL)
        .try_init()
        .unwrap();

    let site = Site::sqlite().await;
    let (contoso, _) = site.contoso_with(open_settings(2)).await;
    with_questions(&site).await;
    let mut secrets: Vec<String> = [REFUSED, PASSWORD, MISTYPED, ANSWER, WRONG_ANSWER]
        .map(str::to_owned)
        .into();
    let mut browser = site.browser();
    browser.open("/reset").await;
    note(&browser, &mut secrets);
    browser.begin("ada@contoso.com").await;
    note(&browser, &mut secrets);
    site.ask_for_mail(&mut browser).await;
    let code = site.test.code_for("ada@home.example").await;
    for typed in [wrong(&code), code] {
        browser.fill("/reset/code", &[("code", &typed)]).await;
        secrets.push(typed);
    }
    note(&browser, &mut secrets);
    let gate = [("method", "questions")];
    browser.fill("/reset/verify", &gate).await;
    note(&browser, &mut secrets);
    let fields = ["answer_1", "answer_2", "answer_3"].map(|name| (name, WRONG_ANSWER));
    browser.fill("/reset/questions", &fields).await;
    browser.fill("/reset/other", &[]).await;
    browser.fill("/reset/verify", &[("method", "sms")]).await;
    let phone = [("phone", "+31612345678")];
    browser.fill("/reset/number", &phone).await;
    let code = site.test.code_for("+31612345678").await;
    browser.fill("/reset/code", &[("code", &code)]).await;
    secrets.push(code);
    assert_eq!(browser.place(), "/reset/password");
    note(&browser, &mut secrets);
    type_password(&mut browser, REFUSED).await;
    let fields = [("new_password", PASSWORD), ("confirm_password", MISTYPED)];
    browser.fill("/reset/password", &fields).await;
    type_password(&mut browser, PASSWORD).await;
    assert_eq!(browser.place(), "/reset/end");
    let mail = site.test.newest_to("ada@home.example").await.unwrap();
    let (_, token) = mail.text.split_once("/not-me#").unwrap();
    let token: String = token
        .chars()
        .take_while(char::is_ascii_alphanumeric)
        .collect();
    browser.open("/not-me").await;
    browser.fill("/not-me", &[("token", &token)]).await;
    browser.fill("/not-me", &[]).await;
    secrets.push(token);
    // Requests that are refused are logged too.
    for secret in secrets.clone() {
        let body = format!("code={secret}&nothing={secret}");
        let form = latchkey_testkit::browser::FORM;
        browser.post("/reset/code", form, body.clone()).await;
        browser.post("/reset/code", "application/json", body).await;
    }

    secrets.sort();
    secrets.dedup();
    assert!(secrets.len() > 15, "{}", secrets.len());
    let mut places: Vec<(&str, Vec<u8>)> = Vec::new();
    let mut addresses = Vec::new();
    let mut headers = Vec::new();
    for visit in &browser.trail {
        writeln!(addresses, "{} {}", visit.method, visit.target).unwrap();
        for (name, value) in &visit.answer.headers {
            // Where a cookie belongs.
            if name != "set-cookie" {
                writeln!(headers, "{name}: {}", value.to_str().unwrap()).unwrap();
            }
        }
    }
    let events = site.events(contoso.id()).await;
    places.push(("addresses", addresses));
    places.push(("headers", headers));
    places.push(("events", format!("{events:?}").into_bytes()));
    places.push(("database", site.database()));
    let logged = log.0.lock().unwrap().clone();
    assert!(holds(&logged, "answered"), "requests are logged");
    assert!(logged.len() > 10_000, "{}", logged.len());
    assert!(holds(&places[3].1, "ada@contoso.com"), "the search finds");
    places.push(("log", logged));
    for (place, bytes) in places {
        for secret in &secrets {
            assert!(!holds(&bytes, secret), "{secret} is in the {place}");
        }
    }
}

#[test]
fn the_search_finds_what_is_there_and_no_digits_of_longer_numbers() {
    assert!(holds(b"x code=123456 y", "123456"));
    assert!(holds(b"123456", "123456"));
    assert!(!holds(b"1795123456000", "123456"));
    assert!(!holds(b"elapsed_secs=0.123456", "123456"));
    assert!(holds(b"The code is.123456", "123456"));
    assert!(holds(b"...QUARREL-lantern-84...", PASSWORD));
    assert!(!holds(b"", PASSWORD));
}
