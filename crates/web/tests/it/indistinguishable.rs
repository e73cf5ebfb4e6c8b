//! An account and a name that nobody has: what a stranger gets to see of them, compared over
//! thousands of requests. Specification: *What a stranger learns*; threats S17 and S18.
//!
//! Step 1, the choice of a gate, and a wrong code, as a browser does them: the page of each step is
//! asked for and its form posted. Each round does both, one after the other in random order, and
//! every post is timed and its statements counted. An account and a decoy that offer the same gates
//! are compared, since what a name offers is a stranger's to see and says nothing about whether
//! somebody has it. The one thing in which pages of the two may vary is the masked destination,
//! which varies among accounts just as well.

use std::time::Duration;

use latchkey_core::reset::Gate;
use latchkey_testkit::seed::open_settings;
use latchkey_testkit::{Browser, TestApp};
use tokio::time::Instant;

use crate::stats::{Dice, compare};
use crate::support::Site;

/// Pairs of each step. Three steps: 2,100 timed requests to each of the two.
const ROUNDS: usize = 700;

const STEPS: [&str; 3] = ["step 1", "choose", "wrong code"];

/// What one post showed.
struct Seen {
    micros: f64,
    statements: u64,
    shape: String,
}

/// Sends the page's form, timed, and then goes where the answer leads.
async fn post(site: &Site, browser: &mut Browser, action: &str, fields: &[(&str, &str)]) -> Seen {
    let before = site.test.app.db().statements();
    let started = Instant::now();
    browser.submit(action, fields).await;
    let time = started.elapsed();
    let mut shape = shape(browser);
    browser.follow().await;
    shape.push_str(&self::shape(browser));
    Seen {
        micros: time.as_secs_f64() * 1e6,
        statements: site.test.app.db().statements() - before,
        shape,
    }
}

/// Everything about an answer that a stranger could compare: status, headers, cookies' names and
/// attributes, and the page with what is drawn anew each time, and the masked destination, removed.
/// What is removed has the same length each time, so that this compares lengths too.
pub(crate) fn shape(browser: &Browser) -> String {
    let answer = &browser.answer;
    let mut lines: Vec<String> = answer
        .headers
        .iter()
        .map(|(name, value)| {
            let value = value.to_str().unwrap();
            let value = match value.split_once('=') {
                Some((cookie, rest)) if name == "set-cookie" => {
                    let (value, attributes) = rest.split_once(';').unwrap_or((rest, ""));
                    format!("{cookie}=({} bytes);{attributes}", value.len())
                }
                _ => value.to_owned(),
            };
            format!("{name}: {value}")
        })
        .collect();
    lines.sort();
    format!(
        "{}\n{}\n{}\n",
        answer.status,
        lines.join("\n"),
        body(answer.text())
    )
}

fn body(page: &str) -> String {
    const BLANKS: [(&str, &str); 5] = [
        ("name=\"form_token\" value=\"", "\""),
        ("name=\"challenge\" value=\"", "\""),
        ("name=\"timed\" value=\"", "\""),
        ("data-challenge=\"", "\""),
        ("<bdi class=\"to\" dir=\"ltr\">", "</bdi>"),
    ];
    let mut page = page.to_owned();
    for (begin, end) in BLANKS {
        let mut out = String::new();
        let mut rest = page.as_str();
        while let Some((before, after)) = rest.split_once(begin) {
            out.push_str(before);
            out.push_str(begin);
            let (blank, after) = after.split_once(end).unwrap();
            if end == "\"" {
                out.push_str(&"?".repeat(blank.len()));
            }
            out.push_str(end);
            rest = after;
        }
        out.push_str(rest);
        page = out;
    }
    page
}

/// Compares two shapes; says the first line that differs.
pub(crate) fn assert_alike(one: &str, other: &str, what: &str) {
    for (a, b) in one.lines().zip(other.lines()) {
        assert_eq!(a, b, "{what}");
    }
    assert_eq!(one.lines().count(), other.lines().count(), "{what}");
}

/// One reset up to a wrong code.
async fn round(site: &Site, name: &str) -> [Seen; 3] {
    let mut browser = site.browser();
    browser.keeps_trail = false;
    browser.open("/reset").await;
    let nonce = browser.solve();
    let fields = [("user_id", name), ("nonce", nonce.as_str())];
    let first = post(site, &mut browser, "/reset", &fields).await;
    assert_eq!(browser.place(), "/reset/verify", "{name}");
    let gate = [("method", "email")];
    let second = post(site, &mut browser, "/reset/verify", &gate).await;
    assert_eq!(browser.place(), "/reset/code", "{name}");
    let code = [("code", "00000000")];
    let third = post(site, &mut browser, "/reset/code", &code).await;
    assert_eq!(browser.place(), "/reset/code", "{name}");
    [first, second, third]
}

/// A name that nobody has, and that offers what the account offers.
async fn decoy(site: &Site) -> String {
    let offers = async |name: &str| {
        let mut browser = site.browser();
        browser.begin(name).await;
        let form = browser.page().form("/reset/verify");
        let gates: Vec<String> = form.fields.into_iter().map(|field| field.value).collect();
        gates
    };
    let real = offers("user00@contoso.com").await;
    for n in 10..99 {
        // As long as the account's: a page echoes what was typed.
        let name = format!("user{n}@contoso.com");
        if offers(&name).await == real {
            return name;
        }
    }
    unreachable!("no decoy among 89 names offers {real:?}")
}

#[expect(
    clippy::print_stdout,
    reason = "the figures are of interest when the test is run with --nocapture"
)]
async fn compare_both(test: TestApp) {
    let site = Site::over(test);
    let mut settings = open_settings(1);
    settings.reset.methods = [Gate::Email, Gate::Sms].into();
    let (contoso, _) = site.contoso_with(settings).await;
    let account = "user00@contoso.com";
    contoso
        .person(&site.test, account, |user| {
            // Decoys have addresses under .com, so that a masked one is as long.
            user.other_mails = vec!["user00@home.com".into()];
        })
        .await;
    let decoy = decoy(&site).await;
    let mut dice = Dice::new(20_261_121);
    let mut times: [Vec<(f64, f64)>; 3] = Default::default();
    for n in 0..ROUNDS {
        // Five attempts and five tries an hour: the clock moves on, for both.
        site.test.clock.advance(Duration::from_secs(15 * 60));
        let (real, unreal);
        if dice.below(2) == 0 {
            real = round(&site, account).await;
            unreal = round(&site, &decoy).await;
        } else {
            unreal = round(&site, &decoy).await;
            real = round(&site, account).await;
        }
        for (step, (real, unreal)) in real.iter().zip(&unreal).enumerate() {
            let name = STEPS[step];
            assert_alike(&real.shape, &unreal.shape, &format!("{name}, round {n}"));
            assert_eq!(real.statements, unreal.statements, "{name}, round {n}");
            times[step].push((real.micros, unreal.micros));
        }
        // The messages of both leave the outbox, as they would.
        if n % 20 == 0 {
            latchkey_app::outbox::drain(&site.test.app).await.unwrap();
        }
    }
    for (name, pairs) in STEPS.iter().zip(&times) {
        let verdict = compare(pairs);
        println!("{:?} {name}: {verdict}", site.test.app.db().engine());
        assert!(!verdict.differs(), "{name}: {verdict}");
    }
}

#[tokio::test]
async fn s18_an_account_and_a_decoy_are_alike_in_status_headers_size_statements_and_time_on_sqlite()
{
    compare_both(TestApp::sqlite().await).await;
}

#[tokio::test]
async fn s18_an_account_and_a_decoy_are_alike_in_status_headers_size_statements_and_time_on_postgres()
 {
    if let Some(test) = TestApp::postgres().await {
        compare_both(test).await;
    }
}

/// The comparison sees what it has to see: an account whose page or work differs is told apart.
#[tokio::test]
async fn s18_the_comparison_finds_a_name_that_is_handled_otherwise() {
    let site = Site::sqlite().await;
    let mut settings = open_settings(1);
    settings.reset.methods = [Gate::Email, Gate::Sms].into();
    let (contoso, _) = site.contoso_with(settings).await;
    contoso
        .person(&site.test, "user00@contoso.com", |_| {})
        .await;
    contoso
        .person(&site.test, "user01@contoso.com", |user| {
            user.mobile_phone = None;
        })
        .await;
    let [one, other] = ["user00@contoso.com", "user01@contoso.com"];
    let (one, other) = (round(&site, one).await, round(&site, other).await);
    assert_ne!(one[0].shape, other[0].shape, "another gate is offered");
}
