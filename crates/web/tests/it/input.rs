//! Bad input, threats S14 and S29: a clear answer, nothing changed, nothing leaked, the event
//! recorded.

use std::time::Duration;

use latchkey_store::accounts;
use latchkey_testkit::browser::{Answer, FORM, encode};
use latchkey_testkit::{Browser, both};

use crate::support::{BASE, GOOD, SESSION, START, Site, type_password, wrong};

/// An answer that a person can do something with: a page that says what is wrong.
fn assert_clear(answer: &Answer, status: u16, what: &str) {
    assert_eq!(answer.status, status, "{what}");
    let page = answer.page();
    assert!(!page.heading().is_empty(), "{what}");
    if status >= 400 {
        assert!(page.words().contains("Support reference"), "{what}");
    } else {
        assert!(!page.alert().is_empty(), "{what}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn s14_arrays_duplicates_other_types_and_other_fields_are_refused() {
    both(async |test| {
        let site = Site::over(test);
        let (contoso, ada) = site.contoso(1).await;
        let mut browser = site.browser();
        browser.begin("ada@contoso.com").await;
        let form = browser.page().form("/reset/verify");
        let hidden: Vec<(&str, &str)> = form
            .hidden
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        let hidden = encode(&hidden);
        let before = site.state(&contoso, &ada).await;
        for extra in [
            "&method=email&method=email",
            "&method=email&method=eve%40evil.example",
            "&method=email&m%65thod=sms",
            "&method[]=email&method[]=sms",
            "&method%5B%5D=email",
            "&method[0]=email",
            "&method=email&email=eve%40evil.example",
            "&method=email&to=eve%40evil.example",
            "&method=email&user_id=eve%40contoso.com",
            "&method=email&session=1",
            "&method=email&new_password=x",
            "&method=email&__proto__=x",
            "&method=email&=x",
            "&method=%ff",
            "&method=%",
            "&method=email%00",
            "&method=email%0d%0aSet-Cookie:a",
        ] {
            browser
                .post("/reset/verify", FORM, format!("{hidden}{extra}"))
                .await;
            assert_clear(&browser.answer, 400, extra);
        }
        let plain = format!("{hidden}&method=email");
        let json = "{\"method\":[\"email\",\"eve@evil.example\"]}";
        let parts = "--x\r\nContent-Disposition: form-data; name=\"method\"\r\n\r\nemail\r\n--x--";
        for (kind, body) in [
            ("application/json", json),
            ("multipart/form-data; boundary=x", parts),
            ("text/plain", &plain),
            ("application/xml", "<method>email</method>"),
            ("application/x-www-form-urlencoded; charset=utf-16", &plain),
            ("application/x-www-form-urlencoded-x", &plain),
            ("", &plain),
        ] {
            browser.post("/reset/verify", kind, body.to_owned()).await;
            assert_clear(&browser.answer, 415, kind);
        }
        // Nothing of a form is ever read from the address.
        let target = "/reset/verify?method=email";
        browser.post(target, FORM, hidden.clone()).await;
        assert!(!browser.page().alert().is_empty());
        // An address is no method, nor is a method that is not offered.
        for method in [
            "eve@evil.example",
            "email,eve@evil.example",
            "email ",
            "EMAIL",
            "passkey",
            "office_call",
            "questions",
        ] {
            browser.open("/reset/verify").await;
            browser.submit("/reset/verify", &[("method", method)]).await;
            assert_clear(&browser.answer, 200, method);
            assert!(browser.page().error_at("method").is_some(), "{method}");
        }
        assert_eq!(site.state(&contoso, &ada).await, before, "nothing was done");
        assert!(site.test.messages().await.is_empty(), "nothing was sent");
        browser.open("/reset/verify").await;
        site.ask_for_mail(&mut browser).await;
        let sent = site.test.messages().await;
        assert_eq!(sent.len(), 1);
        assert_eq!(sent[0].to, "ada@home.example");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn s14_what_cannot_be_read_is_on_record_in_its_session_a_few_times_and_without_its_content() {
    both(async |test| {
        let site = Site::over(test);
        let (contoso, _) = site.contoso(1).await;
        let refused = async || -> Vec<String> {
            let events = site.events(contoso.id()).await.into_iter();
            events
                .map(|event| event.row.event.details)
                .filter(|details| details.contains("input refused"))
                .collect()
        };
        let long = format!("code={}", "7".repeat(70_000));
        let nonsense = [
            ("text/plain", "code=tell-nobody", "content_type"),
            (FORM, "code=tell-nobody&extra=1", "fields"),
            (FORM, "code=tell-nobody%00", "control_characters"),
            (FORM, long.as_str(), "too_large"),
        ];
        let mut browser = site.browser();
        for (kind, body, _) in nonsense {
            browser.post("/reset/code", kind, body.to_owned()).await;
        }
        assert!(refused().await.is_empty(), "nobody to record it for");

        browser.begin("ada@contoso.com").await;
        let mut said = Vec::new();
        for (kind, body, why) in nonsense {
            browser.post("/reset/code", kind, body.to_owned()).await;
            assert!(browser.answer.status >= 400);
            said.push(why);
            let events = refused().await;
            assert_eq!(events.len(), said.len().min(3), "three at once: {events:?}");
            for (event, why) in events.iter().zip(&said) {
                assert!(event.contains(&format!("\"why\":\"{why}\"")), "{event}");
                assert!(!event.contains("tell-nobody"), "{event}");
            }
        }
        for (seconds, events) in [(599, 3), (1, 4), (0, 4)] {
            site.test.clock.advance(Duration::from_secs(seconds));
            browser.post("/reset/code", FORM, long.clone()).await;
            assert_eq!(refused().await.len(), events, "after {seconds} s");
        }
        // The session goes on, and when it has ended nothing is recorded for it any more.
        browser.open("/reset/verify").await;
        browser.fill("/reset/cancel", &[]).await;
        assert_eq!(browser.place(), "/reset/end");
        site.test.clock.advance(Duration::from_secs(3600));
        browser.post("/reset/code", FORM, long.clone()).await;
        assert_eq!(refused().await.len(), 4);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn s29_passwords_that_break_things_are_refused_clearly_and_change_nothing() {
    both(async |test| {
        let site = Site::over(test);
        let (contoso, ada) = site.contoso(1).await;
        let mut browser = site.at_new_password().await;
        let before = site.password(&ada).await;
        let version = browser.hidden("version");
        let repeat = |bytes: usize| "Aa1!".repeat(bytes / 4);
        for (bytes, status) in [(256 * 1024, 413), (40 * 1024, 413), (16 * 1024 + 4, 413)] {
            browser.open("/reset/password").await;
            let long = repeat(bytes);
            let fields = [("new_password", &*long), ("confirm_password", &*long)];
            browser.submit("/reset/password", &fields).await;
            assert_clear(&browser.answer, status, &bytes.to_string());
            assert!(!browser.answer.text().contains("Aa1!"));
        }
        browser.open("/reset/password").await;
        assert_eq!(browser.hidden("version"), version, "the form is still good");
        for (name, password) in [
            ("16 KB", repeat(16 * 1024)),
            ("257 characters", format!("{}x", repeat(256))),
            ("NUL", "Tall\u{0}Ships-9".into()),
            ("NUL at the end", "Tall-Ships-9\u{0}".into()),
            ("CR LF", "Tall\r\nShips-9".into()),
            ("tab", "Tall\tShips-9".into()),
            ("escape", "Tall\u{1b}[31mShips-9".into()),
            ("delete", "Tall\u{7f}Ships-9".into()),
            ("C1", "Tall\u{85}Ships-9".into()),
            ("spaces", "            ".into()),
        ] {
            type_password(&mut browser, &password).await;
            assert_eq!(browser.place(), "/reset/password", "{name}");
            assert_clear(&browser.answer, 200, name);
            assert!(browser.page().error_at("new_password").is_some(), "{name}");
            assert!(!browser.answer.text().contains("Ships-9"), "{name}");
        }
        assert_eq!(site.password(&ada).await, before);
        let messages = site.test.messages().await.len();
        assert_eq!(messages, 1, "the code, and nothing since");
        let refused = site
            .events(contoso.id())
            .await
            .into_iter()
            .filter(|event| event.row.event.details.contains("password refused"))
            .count();
        assert!(refused >= 9, "each refusal is an event: {refused}");
        type_password(&mut browser, GOOD).await;
        assert_eq!(browser.place(), "/reset/end");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn s29_quotes_emoji_and_any_script_are_password_content_and_verify() {
    both(async |test| {
        let site = Site::over(test);
        let mut settings = latchkey_testkit::seed::open_settings(1);
        settings.password.history = 24;
        settings.password.history_at_reset = true;
        let (_, ada) = site.contoso_with(settings).await;
        for password in [
            "'; DROP TABLE account; -- 9A",
            "\"$(reboot)\" `id` %s%n 9A",
            "\u{1f40e}\u{1f50b}\u{1f4ce} Horse 9",
            "\u{5e9}\u{5dc}\u{5d5}\u{5dd} Shalom 99 \u{202e}",
            "\u{b6}\u{e5}\u{e4}\u{f6} <b>&amp; Fjord 9",
            "../../etc/passwd\\9A",
        ] {
            let mut browser = site.at_new_password().await;
            let hash = site.password(&ada).await;
            type_password(&mut browser, password).await;
            assert_eq!(browser.place(), "/reset/end", "{password}");
            assert_ne!(site.password(&ada).await, hash, "{password}");
            site.test.clock.advance(Duration::from_secs(3600));

            // That the very same one is known again is what its hash is for; a near one is not.
            let mut browser = site.at_new_password().await;
            type_password(&mut browser, password).await;
            assert_eq!(browser.place(), "/reset/password", "{password}");
            let said = browser.page().error_at("new_password").unwrap();
            assert!(said.contains("before"), "{said}");
            type_password(&mut browser, &format!("{password}.")).await;
            assert_eq!(browser.place(), "/reset/end", "{password}");
            site.test.clock.advance(Duration::from_secs(3600));
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_expired_and_used_codes_get_one_answer_and_an_event_that_says_which() {
    both(async |test| {
        let site = Site::over(test);
        let (contoso, ada) = site.contoso(1).await;
        let mut answers = Vec::new();
        for why in ["wrong", "expired", "used"] {
            let mut browser = site.browser();
            browser.begin("ada@contoso.com").await;
            site.ask_for_mail(&mut browser).await;
            let code = site.test.code_for("ada@home.example").await;
            let typed = match why {
                "wrong" => wrong(&code),
                "expired" => {
                    site.test.clock.advance(Duration::from_secs(600));
                    code
                }
                _ => {
                    // Void since there is a newer one.
                    site.test.clock.advance(Duration::from_secs(600));
                    browser.fill("/reset/again", &[]).await;
                    code
                }
            };
            browser.fill("/reset/code", &[("code", &typed)]).await;
            assert_clear(&browser.answer, 200, why);
            answers.push(browser.page().alert());
            let events = site.events(contoso.id()).await;
            let last = &events.last().unwrap().row.event.details;
            let says = if why == "used" { "wrong" } else { why };
            assert!(last.contains(&format!("\"why\":\"{says}\"")), "{last}");
            site.test.clock.advance(Duration::from_secs(3600));
        }
        assert_eq!(answers[0], answers[1]);
        assert_eq!(answers[0], answers[2]);

        // A code that did its work does none in the same session, whatever the form says.
        let mut browser = site.browser();
        browser.begin("ada@contoso.com").await;
        site.ask_for_mail(&mut browser).await;
        let page = browser.answer.clone();
        let code = site.test.code_for("ada@home.example").await;
        browser.fill("/reset/code", &[("code", &code)]).await;
        assert_eq!(browser.place(), "/reset/password");
        let before = site.state(&contoso, &ada).await;
        let now = (browser.hidden("form_token"), browser.hidden("version"));
        browser.answer = page;
        let (token, version) = (now.0.unwrap(), now.1.unwrap());
        let fields = [
            ("code", &*code),
            ("form_token", &*token),
            ("version", &*version),
        ];
        browser.submit("/reset/code", &fields).await;
        assert_clear(&browser.answer, 200, "used");
        assert_eq!(site.state(&contoso, &ada).await, before);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn fields_that_are_empty_huge_or_hold_control_characters_change_nothing() {
    both(async |test| {
        let site = Site::over(test);
        let (contoso, ada) = site.contoso(1).await;
        let huge = "9".repeat(256 * 1024);
        let long = "9".repeat(5 * 1024);
        let mut browser = site.browser();
        browser.open("/reset").await;
        let first = browser.answer.clone();
        for (value, status) in [
            ("", 200),
            (" ", 200),
            (&*huge, 413),
            (&*long, 413),
            ("ada\u{0}@contoso.com", 400),
            ("ada@contoso.com\r\nBcc: x", 400),
            ("ada@contoso.com\u{1b}", 400),
        ] {
            browser.answer = first.clone();
            browser.submit("/reset", &[("user_id", value)]).await;
            assert_clear(&browser.answer, status, &format!("user_id {value:.20}"));
            assert_eq!(browser.cookie(SESSION), None);
        }
        browser.begin("ada@contoso.com").await;
        site.ask_for_mail(&mut browser).await;
        let page = browser.answer.clone();
        let before = site.state(&contoso, &ada).await;
        for (value, status) in [
            ("", 200),
            ("\u{ff11}\u{ff12}\u{ff13}", 200),
            (&*huge, 413),
            (&*long, 413),
            ("1234\u{0}5678", 400),
            ("1234\n5678", 400),
        ] {
            browser.answer = page.clone();
            // Each post shows the form anew: the version goes on where it was read.
            if browser.hidden("version").is_some() {
                browser.open("/reset/code").await;
            }
            browser.submit("/reset/code", &[("code", value)]).await;
            assert_clear(&browser.answer, status, &format!("code {value:.20}"));
        }
        assert_eq!(site.state(&contoso, &ada).await, before);
        browser.open("/reset/code").await;
        site.type_code(&mut browser, "ada@home.example").await;
        assert_eq!(browser.place(), "/reset/password");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn get_on_the_address_of_a_post_is_405_and_says_what_is_allowed() {
    let site = Site::sqlite().await;
    site.contoso(1).await;
    let mut browser = site.browser();
    browser.begin("ada@contoso.com").await;
    for target in ["/reset/again", "/reset/other", "/reset/cancel"] {
        browser.get(target).await;
        assert_clear(&browser.answer, 405, target);
        assert_eq!(browser.answer.header("allow"), "POST");
    }
    for target in ["/reset/end", "/healthz", "/", "/assets/x"] {
        browser.post(target, FORM, "").await;
        assert_clear(&browser.answer, 405, target);
        assert!(browser.answer.header("allow").contains("GET"));
    }
    browser.open("/reset/verify").await;
    assert_eq!(browser.place(), "/reset/verify", "nothing happened");
}

#[tokio::test(flavor = "multi_thread")]
async fn forged_foreign_double_and_overlong_cookies_are_no_session() {
    both(async |test| {
        let site = Site::over(test);
        let (contoso, ada) = site.contoso(1).await;
        let browser = site.at_new_password().await;
        let right = browser.cookie(SESSION).unwrap().to_owned();
        let before = site.state(&contoso, &ada).await;
        let flipped = wrong_letter(&right);
        let double = format!("{SESSION}={right}; {SESSION}={right}");
        let lines = [
            format!("{SESSION}="),
            format!("{SESSION}={flipped}"),
            format!("{SESSION}={right}x"),
            format!("{SESSION}=\"{right}\""),
            format!("{SESSION}={}", right.to_lowercase()),
            format!("{SESSION}={}", "a".repeat(10_000)),
            format!("latchkey-reset={right}"),
            format!("reset={right}"),
            format!("__Secure-latchkey-reset={right}"),
            double,
        ];
        for line in lines {
            for target in ["/reset/password", "/reset/end", "/reset/code"] {
                let mut thief = Browser::new(&site.server, BASE).with_header("cookie", &line);
                thief.get(target).await;
                assert_eq!(thief.answer.status, 303, "{line:.60}");
                assert_eq!(thief.answer.header("location"), "/reset?e=gone");
                thief.answer = browser.answer.clone();
                thief
                    .submit(
                        "/reset/password",
                        &[("new_password", GOOD), ("confirm_password", GOOD)],
                    )
                    .await;
                assert_eq!(thief.answer.header("location"), "/reset?e=gone");
            }
        }
        assert_eq!(site.state(&contoso, &ada).await, before);
    })
    .await;
}

/// The same cookie with its last letter changed.
fn wrong_letter(cookie: &str) -> String {
    let (head, last) = cookie.split_at(cookie.len() - 1);
    format!("{head}{}", if last == "a" { 'b' } else { 'a' })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_without_cookies_is_told_so_and_it_is_on_record() {
    both(async |test| {
        let site = Site::over(test);
        let (contoso, ada) = site.contoso(1).await;
        let before = site.password(&ada).await;
        let mut browser = site.browser();
        browser.open("/reset").await;
        browser.cookies.clear();
        let nonce = browser.solve();
        let fields = [("user_id", "ada@contoso.com"), ("nonce", nonce.as_str())];
        browser.submit("/reset", &fields).await;
        assert_clear(&browser.answer, 200, "no cookies");
        let page = browser.page();
        assert_eq!(page.alert()[0], "Your browser accepts no cookies");
        assert_eq!(page.form("/reset").fields[0].value, "ada@contoso.com");
        assert_eq!(browser.cookie(SESSION), None);
        let reasons = site.reasons(contoso.id()).await;
        assert!(
            reasons.contains(&"failed.no_cookies".to_owned()),
            "{reasons:?}"
        );
        assert!(site.test.messages().await.is_empty());
        assert_eq!(site.password(&ada).await, before);
        // Now it accepts them, and goes on from that very page.
        assert!(browser.cookie(START).is_some());
        let nonce = browser.solve();
        let fields = [("user_id", "ada@contoso.com"), ("nonce", nonce.as_str())];
        browser.fill("/reset", &fields).await;
        assert_eq!(browser.place(), "/reset/verify");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_that_is_deleted_or_turned_off_in_mid_flow_ends_the_flow_clearly() {
    both(async |test| {
        let site = Site::over(test);
        let (contoso, _) = site.contoso(1).await;
        for (name, delete) in [("del", true), ("dis", false)] {
            let upn = format!("{name}@contoso.com");
            let user = contoso.person(&site.test, &upn, |_| {}).await;
            let mut browser = site.browser();
            browser.begin(&upn).await;
            site.ask_for_mail(&mut browser).await;
            site.type_code(&mut browser, &user.other_mails[0]).await;
            assert_eq!(browser.place(), "/reset/password");
            let (tenant, id) = (user.tenant, user.id);
            site.test
                .app
                .db()
                .write(async |mut tx| {
                    if delete {
                        accounts::delete(&mut tx, tenant, id).await
                    } else {
                        accounts::set_enabled(&mut tx, tenant, id, false).await
                    }
                })
                .await
                .unwrap();
            let sent = site.test.messages().await.len();
            type_password(&mut browser, GOOD).await;
            assert_eq!(browser.answer.status, 200, "{name}");
            let page = browser.page();
            assert_ne!(page.heading(), "Your password is reset", "{name}");
            assert!(
                matches!(browser.place(), "/reset/end" | "/reset"),
                "{name} {}: {}",
                browser.path,
                page.words()
            );
            let back = page.all("a").any(|a| a.attribute("href") == Some("/reset"));
            assert!(back || browser.place() == "/reset", "{name}: a way on");
            assert_eq!(
                site.test.messages().await.len(),
                sent,
                "nobody is written to"
            );
            let reasons = site.reasons(contoso.id()).await;
            let succeeded = |reason: &String| reason.starts_with("succeeded");
            assert!(!reasons.iter().any(succeeded), "{reasons:?}");
        }
    })
    .await;
}
