//! The main job, page by page: somebody who forgot their password gets back in.

use std::time::Duration;

use http_body_util::Full;
use latchkey_app::admin;
use latchkey_app::admin::methods::Answer;
use latchkey_core::reset::{Gate, questions::PREDEFINED};
use latchkey_testkit::both;
use latchkey_testkit::html::Page;
use latchkey_testkit::seed::open_settings;
use latchkey_types::Secret;

use crate::support::{BASE, GETS, GOOD, SESSION, Site, type_password, wrong};

fn labels(page: &Page, action: &str) -> Vec<(String, String)> {
    page.form(action)
        .fields
        .into_iter()
        .map(|field| (field.name, field.label))
        .collect()
}

fn pair(name: &str, label: &str) -> (String, String) {
    (name.to_owned(), label.to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn one_gate_leads_to_a_new_password_and_fields_have_their_names() {
    both(async |test| {
        let site = Site::over(test);
        let (contoso, ada) = site.contoso(1).await;
        let mut browser = site.browser();
        browser.open("/reset").await;
        assert_eq!(
            labels(&browser.page(), "/reset"),
            [pair("user_id", "User ID")]
        );
        browser.begin("Ada@Contoso.com").await;
        assert_eq!(browser.place(), "/reset/verify");
        assert!(browser.page().words().contains("Step 2 of 3"));
        site.ask_for_mail(&mut browser).await;
        assert_eq!(
            labels(&browser.page(), "/reset/code"),
            [pair("code", "Code")]
        );
        site.type_code(&mut browser, "ada@home.example").await;
        assert_eq!(
            (browser.place(), browser.answer.status),
            ("/reset/password", 200)
        );
        assert_eq!(
            labels(&browser.page(), "/reset/password"),
            [
                pair("new_password", "New password"),
                pair("confirm_password", "Confirm new password"),
            ]
        );
        assert_eq!(site.password(&ada).await, None);
        type_password(&mut browser, GOOD).await;
        assert_eq!(
            (browser.place(), browser.answer.status),
            ("/reset/end", 200)
        );
        assert_eq!(browser.page().heading(), "Your password is reset");
        assert!(site.password(&ada).await.is_some());
        let reasons = site.reasons(contoso.id()).await;
        assert!(reasons.contains(&"succeeded.reset".to_owned()));
        let verified = latchkey_app::audit::verify(&site.test.app, contoso.id())
            .await
            .unwrap();
        assert_eq!(verified.broken, None);
        browser.open("/reset/password").await;
        assert_eq!(browser.place(), "/reset/end", "there is no way back in");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_gates_of_different_kinds_lead_to_a_new_password() {
    both(async |test| {
        let site = Site::over(test);
        let (_, ada) = site.contoso(2).await;
        let mut browser = site.browser();
        browser.begin("ada@contoso.com").await;
        assert!(browser.page().words().contains("Step 2 of 4"));
        browser.fill("/reset/verify", &[("method", "sms")]).await;
        assert_eq!(browser.place(), "/reset/number");
        let typed = "06 1234 56 78";
        browser.fill("/reset/number", &[("phone", typed)]).await;
        assert_eq!(browser.place(), "/reset/code");
        site.type_code(&mut browser, "+31612345678").await;
        assert_eq!(browser.place(), "/reset/verify");
        let offered: Vec<String> = browser
            .page()
            .form("/reset/verify")
            .fields
            .into_iter()
            .map(|field| field.value)
            .collect();
        assert_eq!(offered, ["email"], "one telephone is one gate");
        assert_eq!(site.password(&ada).await, None);
        site.ask_for_mail(&mut browser).await;
        site.type_code(&mut browser, "ada@home.example").await;
        type_password(&mut browser, GOOD).await;
        assert_eq!(browser.page().heading(), "Your password is reset");
        assert!(site.password(&ada).await.is_some());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_code_says_so_at_the_field_and_in_the_summary_and_is_not_shown_again() {
    both(async |test| {
        let site = Site::over(test);
        site.contoso(1).await;
        let mut browser = site.browser();
        browser.begin("ada@contoso.com").await;
        site.ask_for_mail(&mut browser).await;
        let code = site.test.code_for("ada@home.example").await;
        let wrong = wrong(&code);
        for (left, typed) in [(4, wrong.as_str()), (3, &wrong)] {
            browser.fill("/reset/code", &[("code", typed)]).await;
            assert_eq!(browser.answer.status, 200);
            let page = browser.page();
            let said = format!("That code isn't right. You have {left} more tries.");
            assert!(page.error_at("code").unwrap().starts_with(&said));
            assert!(page.alert()[1].starts_with(&said), "{:?}", page.alert());
            assert!(!browser.answer.text().contains(typed));
        }
        // What cannot be a code is no try.
        for typed in ["", "letters", "123", "\u{1f511}\u{1f511}"] {
            browser.fill("/reset/code", &[("code", typed)]).await;
            let said = "Type the 8 digits of the code.";
            assert_eq!(browser.page().error_at("code").as_deref(), Some(said));
        }
        browser.fill("/reset/code", &[("code", &code)]).await;
        assert_eq!(browser.place(), "/reset/password");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_fifth_wrong_code_ends_the_reset_and_blocks_the_way() {
    both(async |test| {
        let site = Site::over(test);
        let (contoso, ada) = site.contoso(1).await;
        let mut browser = site.browser();
        browser.begin("ada@contoso.com").await;
        site.ask_for_mail(&mut browser).await;
        let code = site.test.code_for("ada@home.example").await;
        for _ in 0..5 {
            assert_eq!(browser.place(), "/reset/code");
            let wrong = wrong(&code);
            browser.fill("/reset/code", &[("code", &wrong)]).await;
        }
        assert_eq!(browser.place(), "/reset/end");
        assert!(browser.page().words().contains("Support reference"));
        browser.post_fields("/reset/code", &[("code", &code)]).await;
        assert_eq!(site.password(&ada).await, None);
        let reasons = site.reasons(contoso.id()).await;
        assert!(reasons.contains(&"blocked.email".to_owned()), "{reasons:?}");
        let mail = site.test.newest_to("ada@home.example").await.unwrap();
        assert!(mail.subject.contains("blocked"), "{}", mail.subject);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_password_has_every_reason_at_the_field_and_in_the_summary() {
    both(async |test| {
        let site = Site::over(test);
        let (_, ada) = site.contoso(1).await;
        let mut browser = site.at_new_password().await;
        type_password(&mut browser, "abc").await;
        assert_eq!(
            (browser.place(), browser.answer.status),
            ("/reset/password", 200)
        );
        let page = browser.page();
        let alert = page.alert();
        assert_eq!(alert.len(), 4, "{alert:?}");
        let field = page.error_at("new_password").unwrap();
        for reason in &alert[1..] {
            assert!(field.contains(reason), "{field} lacks {reason}");
        }
        let unmet = page
            .all("li")
            .filter(|li| li.attribute("class") == Some("rule unmet"))
            .count();
        assert_eq!(unmet, 3, "each broken rule is marked in the list");
        assert!(page.all("title").next().unwrap().text.starts_with("Error"));
        // What was typed is gone, the user ID stays.
        assert!(!browser.answer.text().contains("\"abc\""));
        for field in page.form("/reset/password").fields {
            assert_eq!(field.value, "", "{}", field.name);
        }
        let account = page.by_id("username").unwrap();
        assert_eq!(account.attribute("value"), Some("ada@contoso.com"));

        let fields = [("new_password", GOOD), ("confirm_password", "Tall-Ships-8")];
        browser.fill("/reset/password", &fields).await;
        assert_eq!(browser.answer.status, 200);
        assert!(browser.page().error_at("confirm_password").is_some());
        assert!(!browser.answer.text().contains("Tall-Ships"));
        type_password(&mut browser, "").await;
        assert!(browser.page().error_at("new_password").is_some());
        assert_eq!(site.password(&ada).await, None);
        type_password(&mut browser, GOOD).await;
        assert_eq!(browser.place(), "/reset/end");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_user_id_stays_in_its_field() {
    let site = Site::sqlite().await;
    for typed in ["", "ada", "<b>@x", "a b@contoso.com \"'"] {
        let mut browser = site.browser();
        browser.begin(typed).await;
        assert_eq!((browser.place(), browser.answer.status), ("/reset", 200));
        let page = browser.page();
        assert!(page.error_at("user_id").is_some());
        assert_eq!(page.form("/reset").fields[0].value, typed);
    }
}

/// Goes to a step, where cancel and help must be.
async fn go_to(site: &Site, step: &str) -> latchkey_testkit::Browser {
    let mut browser = site.browser();
    browser.begin("ada@contoso.com").await;
    match step {
        "verify" => {}
        "number" => {
            browser.fill("/reset/verify", &[("method", "sms")]).await;
        }
        "code" => site.ask_for_mail(&mut browser).await,
        _ => {
            site.ask_for_mail(&mut browser).await;
            site.type_code(&mut browser, "ada@home.example").await;
        }
    }
    if step == "questions" {
        let gate = [("method", "questions")];
        browser.fill("/reset/verify", &gate).await;
    }
    assert_eq!(browser.place(), format!("/reset/{step}"));
    browser
}

async fn register_questions(site: &Site) {
    let ctx = admin::operator(&site.test.app);
    let answers: Vec<Answer> = PREDEFINED
        .iter()
        .take(5)
        .map(|question| Answer {
            question: (*question).to_owned(),
            answer: Secret::new(format!("answer to {question}")),
        })
        .collect();
    admin::methods::set_questions(&site.test.app, &ctx, "ada@contoso.com", &answers)
        .await
        .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_may_cancel_and_ask_for_help_at_every_step() {
    for (required, steps) in [
        (1, &["verify", "number", "code", "password"][..]),
        (2, &["questions"]),
    ] {
        for step in steps {
            let site = Site::sqlite().await;
            let (contoso, ada) = site.contoso(required).await;
            if required == 2 {
                register_questions(&site).await;
            }
            let mut browser = go_to(&site, step).await;
            browser.fill("/reset/cancel", &[]).await;
            assert_eq!(browser.place(), "/reset/end", "{step}");
            assert_eq!(browser.page().heading(), "You canceled", "{step}");
            let reasons = site.reasons(contoso.id()).await;
            assert!(
                reasons.last().unwrap().starts_with("canceled."),
                "{step}: {reasons:?}"
            );

            let mut browser = go_to(&site, step).await;
            let link = browser
                .page()
                .all("a")
                .find(|a| a.attribute("href") == Some("/reset/help"))
                .is_some();
            assert!(link, "{step}");
            browser.open("/reset/help").await;
            assert_eq!(browser.answer.status, 200);
            browser.open(&format!("/reset/{step}")).await;
            assert_eq!(browser.place(), format!("/reset/{step}"), "nothing ended");
            browser.open("/reset/help").await;
            browser.fill("/reset/help", &[]).await;
            assert_eq!(browser.place(), "/reset/end", "{step}");
            assert!(browser.page().words().contains("Support reference"));
            let reasons = site.reasons(contoso.id()).await;
            assert!(
                reasons.last().unwrap().starts_with("contacted_admin."),
                "{step}: {reasons:?}"
            );
            assert_eq!(site.password(&ada).await, None);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_is_gone_or_over_leads_back_to_the_beginning() {
    both(async |test| {
        let site = Site::over(test);
        site.contoso(1).await;
        let mut browser = site.browser();
        browser.begin("ada@contoso.com").await;
        site.ask_for_mail(&mut browser).await;
        let mut other = site.browser();
        other.cookies.clone_from(&browser.cookies);
        other.set_cookie(SESSION, "forged");
        other.open("/reset/code").await;
        assert_eq!(other.place(), "/reset");
        assert!(other.page().alert()[0].starts_with("Start here."));
        assert_eq!(other.cookie(SESSION), None, "a dead cookie is taken away");

        site.test.clock.advance(Duration::from_secs(105 * 60));
        let code = [("code", "12345678")];
        browser.fill("/reset/code", &code).await;
        assert_eq!(browser.place(), "/reset/end");
        let page = browser.page();
        assert!(page.all("a").any(|a| a.attribute("href") == Some("/reset")));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_is_out_of_date_does_nothing_and_shows_the_page_of_now() {
    both(async |test| {
        let site = Site::over(test);
        let (contoso, ada) = site.contoso(1).await;
        let mut browser = site.browser();
        browser.begin("ada@contoso.com").await;
        let verify = browser.answer.clone();
        site.ask_for_mail(&mut browser).await;
        let before = site.state(&contoso, &ada).await;
        // The other tab still shows the choice.
        browser.answer = verify;
        browser.submit("/reset/verify", &[("method", "sms")]).await;
        assert_eq!(browser.answer.status, 200);
        let page = browser.page();
        assert!(page.alert()[0].starts_with("That page was out of date"));
        assert!(page.by_id("code").is_some(), "the page of now");
        assert_eq!(site.state(&contoso, &ada).await, before);
        site.type_code(&mut browser, "ada@home.example").await;
        assert_eq!(browser.place(), "/reset/password");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_that_comes_after_the_end_is_told_that_it_was_late_and_changed_nothing() {
    both(async |test| {
        let site = Site::over(test);
        let (contoso, ada) = site.contoso(1).await;
        let mut browser = site.at_new_password().await;
        let open = browser.answer.clone();
        type_password(&mut browser, GOOD).await;
        assert_eq!(browser.place(), "/reset/end");
        assert!(browser.page().alert().is_empty(), "it was in time");
        let before = site.state(&contoso, &ada).await;
        let other = [
            ("new_password", "Another-Horse-43"),
            ("confirm_password", "Another-Horse-43"),
        ];
        for (action, fields) in [("/reset/password", &other[..]), ("/reset/cancel", &[])] {
            // The other tab still shows the page for the new password.
            browser.answer = open.clone();
            browser.fill(action, fields).await;
            assert_eq!(browser.path, "/reset/end?n=late", "{action}");
            let page = browser.page();
            assert_eq!(page.heading(), "Your password is reset", "{action}");
            assert!(
                page.alert()[0].starts_with("Your password was already reset"),
                "{action}: {:?}",
                page.alert()
            );
            assert_eq!(site.state(&contoso, &ada).await, before, "{action}");
        }
        // Ended in another way, and with the form of an earlier cookie.
        let mut browser = site.browser();
        browser.begin("ada@contoso.com").await;
        let open = browser.answer.clone();
        browser.fill("/reset/cancel", &[]).await;
        assert!(browser.page().alert().is_empty());
        browser.answer = open;
        browser.fill("/reset/verify", &[("method", "email")]).await;
        assert_eq!(browser.path, "/reset/end?n=late");
        let said = browser.page().alert().join(" ");
        assert!(said.starts_with("The reset had ended before"), "{said}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_page_is_in_the_readers_language_and_direction() {
    for (tag, dir, heading) in [
        ("en", "ltr", "Your password is reset"),
        ("sv", "ltr", ""),
        ("nl", "ltr", ""),
        ("ar-XB", "rtl", ""),
    ] {
        let site = Site::sqlite().await;
        site.contoso(2).await;
        let mut browser = site.browser().with_header("accept-language", tag);
        browser.open(&format!("/reset?mkt={tag}")).await;
        browser.headers.clear();
        browser.begin("ada@contoso.com").await;
        browser.fill("/reset/verify", &[("method", "sms")]).await;
        browser.fill("/reset/number", &[("phone", "1")]).await;
        let phone = [("phone", "+31612345678")];
        browser.fill("/reset/number", &phone).await;
        browser.fill("/reset/code", &[("code", "1")]).await;
        site.type_code(&mut browser, "+31612345678").await;
        site.ask_for_mail(&mut browser).await;
        site.type_code(&mut browser, "ada@home.example").await;
        type_password(&mut browser, "abc").await;
        browser.open("/reset/help").await;
        browser.open("/reset/password").await;
        type_password(&mut browser, GOOD).await;
        assert_eq!(browser.place(), "/reset/end");
        if !heading.is_empty() {
            assert_eq!(browser.page().heading(), heading);
        }
        browser.open("/not-me").await;
        browser.open("/nothing").await;
        let pages: Vec<_> = browser
            .trail
            .iter()
            .filter(|visit| visit.answer.header("content-type").starts_with("text/html"))
            .collect();
        assert!(pages.len() > 15, "{}", pages.len());
        for visit in pages {
            let page = visit.answer.page();
            assert_eq!(
                (page.root("lang"), page.root("dir")),
                (tag, dir),
                "{}",
                visit.target
            );
            assert_eq!(visit.answer.header("content-language"), tag);
        }
        if tag != "en" && tag != "ar-XB" {
            let words = browser.page().words();
            assert!(!words.contains("administrator"), "{words}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_javascript_the_form_takes_time_instead_of_work() {
    both(async |test| {
        let site = Site::over(test);
        let (_, ada) = site.contoso(1).await;
        let user = [("user_id", "ada@contoso.com")];
        let mut browser = site.browser();
        browser.open("/reset").await;
        browser.fill("/reset", &user).await;
        assert_eq!((browser.place(), browser.answer.status), ("/reset", 200));
        assert!(browser.page().alert()[1].starts_with("That was faster"));
        // The same form, two seconds later.
        site.test.clock.advance(Duration::from_secs(2));
        browser.fill("/reset", &user).await;
        site.ask_for_mail(&mut browser).await;
        site.type_code(&mut browser, "ada@home.example").await;
        type_password(&mut browser, GOOD).await;
        assert_eq!(browser.page().heading(), "Your password is reset");
        assert!(site.password(&ada).await.is_some());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn get_and_head_change_nothing_at_any_step() {
    both(async |test| {
        let site = Site::over(test);
        let (contoso, ada) = site.contoso(1).await;
        for step in ["start", "verify", "number", "code", "password", "end"] {
            let mut browser = match step {
                "start" => site.browser(),
                "end" => {
                    let mut browser = go_to(&site, "verify").await;
                    browser.fill("/reset/cancel", &[]).await;
                    browser
                }
                step => go_to(&site, step).await,
            };
            // The page for the new password has been shown by now: the only GET that leaves a mark.
            let cookies = browser.cookies.clone();
            let version = browser.hidden_of_session();
            let before = site.state(&contoso, &ada).await;
            let bytes = site.test.file.is_some().then(|| site.database());
            for target in GETS {
                for method in ["GET", "HEAD"] {
                    let request = browser.request(method, target);
                    browser.send(request.body(Full::default()).unwrap()).await;
                    assert!(browser.answer.status < 500, "{method} {target}");
                    // What is left of the body of an error the connection does not send.
                    if method == "HEAD" && browser.answer.status < 400 {
                        assert!(browser.answer.body.is_empty(), "{target}");
                    }
                    browser.cookies.clone_from(&cookies);
                }
            }
            if let Some(bytes) = bytes {
                assert!(bytes == site.database(), "{step}: a byte was written");
            }
            assert_eq!(site.state(&contoso, &ada).await, before, "{step}");
            if step != "start" {
                browser.open(&format!("/reset/{step}")).await;
                assert_eq!(browser.hidden_of_session(), version, "{step}");
            }
            site.test.clock.advance(Duration::from_secs(3600));
        }
    })
    .await;
}

trait SessionOf {
    fn hidden_of_session(&self) -> Option<(Option<String>, Option<String>)>;
}

impl SessionOf for latchkey_testkit::Browser {
    /// The form token and version of the page, which are those of its session.
    fn hidden_of_session(&self) -> Option<(Option<String>, Option<String>)> {
        if self.answer.status != 200 {
            return None;
        }
        Some((self.hidden("form_token"), self.hidden("version")))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn questions_are_answered_on_one_page() {
    let site = Site::sqlite().await;
    let mut settings = open_settings(1);
    settings.reset.methods = [Gate::Questions].into();
    settings.reset.questions.may_be_only_gate = true;
    let (_, ada) = site.contoso_with(settings).await;
    register_questions(&site).await;
    let mut browser = site.browser();
    browser.begin("ada@contoso.com").await;
    let gate = [("method", "questions")];
    browser.fill("/reset/verify", &gate).await;
    assert_eq!(browser.place(), "/reset/questions");
    let typed = "an answer that is wrong";
    let fields = ["answer_1", "answer_2", "answer_3"].map(|name| (name, typed));
    browser.fill("/reset/questions", &fields).await;
    assert_eq!(browser.answer.status, 200);
    assert!(browser.page().error_at("answer_1").is_some());
    assert!(!browser.answer.text().contains(typed));
    browser.fill("/reset/questions", &[("answer_1", "x")]).await;
    assert_eq!(browser.answer.status, 200);
    // The label of each field is its question: find the answer by it.
    let texts = latchkey_i18n::Texts::new(latchkey_types::Locale::En);
    let form = browser.page().form("/reset/questions");
    let right: Vec<(String, String)> = form
        .fields
        .iter()
        .map(|field| {
            let question = PREDEFINED
                .iter()
                .find(|id| texts.get(id) == field.label)
                .unwrap_or_else(|| panic!("no question is “{}”", field.label));
            (field.name.clone(), format!("  ANSWER to {question}"))
        })
        .collect();
    let right: Vec<(&str, &str)> = right
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    browser.fill("/reset/questions", &right).await;
    assert_eq!(browser.place(), "/reset/password");
    assert_eq!(site.password(&ada).await, None);
}

/// S10: a mail carries a code to type, and no link that could be passed on; and the code is right only in
/// the browser that asked for it.
#[tokio::test(flavor = "multi_thread")]
async fn s10_a_code_opens_nothing_in_another_browser_and_no_link_stands_in_for_it() {
    both(async |test| {
        let site = Site::over(test);
        site.contoso(1).await;
        let (mut hers, mut theirs) = (site.browser(), site.browser());
        for browser in [&mut hers, &mut theirs] {
            browser.begin("ada@contoso.com").await;
        }
        site.ask_for_mail(&mut hers).await;
        let mail = site.test.newest_to("ada@home.example").await.unwrap();
        let code = site.test.code_for("ada@home.example").await;
        let of_a_reset = |text: &str| text.contains(&format!("{BASE}/reset/"));
        assert!(
            !of_a_reset(&mail.text) && !of_a_reset(&mail.html),
            "{}",
            mail.text
        );
        // Somebody who has a session of their own for the same account, and talks the code out of her.
        site.ask_for_mail(&mut theirs).await;
        theirs.fill("/reset/code", &[("code", &code)]).await;
        assert_eq!(theirs.place(), "/reset/code");
        assert!(theirs.page().words().contains("isn't right"));
        hers.fill("/reset/code", &[("code", &code)]).await;
        assert_eq!(hers.place(), "/reset/password");
    })
    .await;
}
