//! A person without JavaScript resets a password, from the first page to the last.
#![expect(
    clippy::unwrap_used,
    reason = "the helpers of these tests fail where they stand"
)]

use std::time::Duration;

use axum::body::{Body, to_bytes};
use http::{Request, header};
use latchkey_testkit::{TestApp, seed};
use tower::ServiceExt;

/// A browser without JavaScript: keeps cookies, follows redirects, posts the form of its page.
struct Browser<'a> {
    test: &'a TestApp,
    router: axum::Router,
    cookies: Vec<(String, String)>,
    path: String,
    status: u16,
    body: String,
}

impl<'a> Browser<'a> {
    fn new(test: &'a TestApp) -> Self {
        let router = latchkey_web::router(test.app.clone(), &latchkey_web::WebOptions::default());
        Self {
            test,
            router,
            cookies: Vec::new(),
            path: String::new(),
            status: 0,
            body: String::new(),
        }
    }

    async fn ask(&mut self, method: &str, path: &str, form: String) {
        let (mut method, mut path, mut form) = (method.to_owned(), path.to_owned(), form);
        loop {
            let cookies: Vec<String> = self
                .cookies
                .iter()
                .map(|(name, value)| format!("{name}={value}"))
                .collect();
            let request = Request::builder()
                .method(method.as_str())
                .uri(&path)
                .header("host", self.test.app.options().base.host())
                .header("cookie", cookies.join("; "))
                .header("content-type", "application/x-www-form-urlencoded")
                .body(Body::from(std::mem::take(&mut form)))
                .unwrap();
            let response = self.router.clone().oneshot(request).await.unwrap();
            for line in response.headers().get_all(header::SET_COOKIE) {
                let pair = line.to_str().unwrap().split(';').next().unwrap();
                let (name, value) = pair.split_once('=').unwrap();
                self.cookies.retain(|(known, _)| known != name);
                if !value.is_empty() {
                    self.cookies.push((name.to_owned(), value.to_owned()));
                }
            }
            self.status = response.status().as_u16();
            if self.status == 303 {
                path = response.headers()[header::LOCATION]
                    .to_str()
                    .unwrap()
                    .to_owned();
                "GET".clone_into(&mut method);
                continue;
            }
            let bytes = to_bytes(response.into_body(), 1 << 20).await.unwrap();
            self.body = String::from_utf8(bytes.to_vec()).unwrap();
            self.path = path;
            return;
        }
    }

    async fn open(&mut self, path: &str) {
        self.ask("GET", path, String::new()).await;
    }

    /// Posts to an address with the hidden fields of the page's own form to it.
    async fn post(&mut self, action: &str, fields: &[(&str, &str)]) {
        let start = format!("action=\"{action}\"");
        let (_, form) = self.body.split_once(&start).unwrap();
        let form = form.split_once("</form>").unwrap().0;
        let mut pairs: Vec<String> = form
            .split("<input type=\"hidden\" name=\"")
            .skip(1)
            .map(|input| {
                let (name, rest) = input.split_once("\" value=\"").unwrap();
                format!("{name}={}", rest.split_once('"').unwrap().0)
            })
            .collect();
        pairs.extend(
            fields
                .iter()
                .map(|(name, value)| format!("{name}={}", value.replace('@', "%40"))),
        );
        self.ask("POST", action, pairs.join("&")).await;
    }

    async fn begin(&mut self, user_id: &str) {
        self.open("/reset").await;
        self.test.clock.advance(Duration::from_secs(10));
        self.post("/reset", &[("user_id", user_id)]).await;
    }
}

async fn organisation() -> TestApp {
    let test = TestApp::sqlite().await;
    let contoso = seed::Organisation::create(&test, "contoso.com", seed::open_settings(1)).await;
    contoso.person(&test, "ada@contoso.com", |_| {}).await;
    test
}

#[tokio::test]
async fn a_password_is_reset_with_a_code_by_mail() {
    let test = organisation().await;
    let mut browser = Browser::new(&test);
    browser.begin("ada@contoso.com").await;
    assert_eq!(
        (browser.path.as_str(), browser.status),
        ("/reset/verify", 200)
    );
    assert!(browser.body.contains("Step 2 of 3") || browser.body.contains('\u{2068}'));

    browser.post("/reset/verify", &[]).await;
    assert_eq!(browser.status, 200);
    assert!(browser.body.contains("Choose one of the ways below."));

    browser.post("/reset/verify", &[("method", "email")]).await;
    assert_eq!(
        (browser.path.as_str(), browser.status),
        ("/reset/code", 200)
    );
    browser.post("/reset/again", &[]).await;
    assert_eq!(browser.status, 200, "ten seconds are not over");
    assert!(browser.body.contains("Wait until ten seconds"));

    let code = test.code_for("ada@home.example").await;
    let wrong = if code == "00000000" {
        "11111111"
    } else {
        "00000000"
    };
    browser.post("/reset/code", &[("code", wrong)]).await;
    assert_eq!(browser.status, 200);
    assert!(
        browser.body.contains("That code isn&#39;t right."),
        "{}",
        browser.body
    );
    assert!(
        !browser.body.contains(wrong),
        "a code that was typed is not shown again"
    );

    browser.open("/reset/password").await;
    assert_eq!(browser.path, "/reset/code", "no step is skipped");

    browser.post("/reset/code", &[("code", &code)]).await;
    assert_eq!(
        (browser.path.as_str(), browser.status),
        ("/reset/password", 200)
    );
    assert!(browser.body.contains("autocomplete=\"new-password\""));
    assert!(browser.body.contains("value=\"ada@contoso.com\""));

    let short = [("new_password", "short"), ("confirm_password", "short")];
    browser.post("/reset/password", &short).await;
    assert_eq!(browser.status, 200);
    assert!(
        browser.body.contains("class=\"rule unmet\""),
        "{}",
        browser.body
    );
    assert!(
        !browser.body.contains("\"short\""),
        "a password is not shown again"
    );

    let differ = [
        ("new_password", "Tall-Ships-9"),
        ("confirm_password", "Tall-Ships-8"),
    ];
    browser.post("/reset/password", &differ).await;
    assert!(browser.body.contains("href=\"#confirm_password\""));

    let good = [
        ("new_password", "Tall-Ships-9"),
        ("confirm_password", "Tall-Ships-9"),
    ];
    browser.post("/reset/password", &good).await;
    assert_eq!((browser.path.as_str(), browser.status), ("/reset/end", 200));
    assert!(
        browser.body.contains("Your password is reset"),
        "{}",
        browser.body
    );
    browser.open("/reset/password").await;
    assert_eq!(browser.path, "/reset/end", "there is no way back in");
}

#[tokio::test]
async fn a_person_may_cancel_and_ask_for_help() {
    let test = organisation().await;
    let mut browser = Browser::new(&test);
    browser.begin("ada@contoso.com").await;
    browser.post("/reset/cancel", &[]).await;
    assert!(browser.body.contains("You canceled"), "{}", browser.body);

    let mut browser = Browser::new(&test);
    browser.begin("ada@contoso.com").await;
    browser.open("/reset/help").await;
    assert!(browser.body.contains("Contact your administrator?"));
    browser.open("/reset/verify").await;
    assert_eq!(browser.path, "/reset/verify", "to look at it ends nothing");
    browser.open("/reset/help").await;
    browser.post("/reset/help", &[]).await;
    assert_eq!(browser.path, "/reset/end");
    assert!(browser.body.contains("Support reference"));
}

#[tokio::test]
async fn nobody_and_somebody_get_pages_of_one_kind() {
    let test = organisation().await;
    let mut somebody = Browser::new(&test);
    somebody.begin("ada@contoso.com").await;
    let mut nobody = Browser::new(&test);
    nobody.begin("nobody@contoso.com").await;
    assert_eq!(
        (somebody.path, somebody.status),
        (nobody.path, nobody.status)
    );
    assert_eq!(somebody.cookies.len(), nobody.cookies.len());
    nobody.body.clear();
}
