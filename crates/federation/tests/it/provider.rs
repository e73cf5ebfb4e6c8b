//! The whole flow against node-oidc-provider, which `e2e/provider.mjs` starts.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use latchkey_federation::{
    Begun, Callback, Claims, Client, Expected, FederationError, Metadata, Registration, Request,
    Retry, begin,
};
use latchkey_outbound::header::{CONTENT_TYPE, COOKIE, LOCATION, SET_COOKIE};
use latchkey_outbound::{Options, Outbound, Url};
use latchkey_types::{Secret, Timestamp};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

use crate::{Counting, client};

const BACK: &str = "http://127.0.0.1:1/sign-in/federated";

/// The provider as a process; it ends with its standard input.
struct Provider {
    _process: Child,
    issuer: String,
    clients: Vec<Value>,
}

impl Provider {
    /// `None`, visibly, if Node.js or its packages are not there; in CI that is a failure.
    #[expect(
        clippy::disallowed_methods,
        reason = "whether this is CI is no configuration of the program"
    )]
    async fn start() -> Option<Self> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../e2e");
        let packages = folder.join("node_modules/oidc-provider").is_dir();
        let node = Command::new("node").arg("--version").output().await.is_ok();
        if !packages || !node {
            assert!(
                std::env::var("CI").is_err(),
                "Node.js, or `npm ci` in e2e, is missing"
            );
            // Past the capture of the test harness: a skip that nobody sees is no skip.
            let _ = writeln!(
                std::io::stderr(),
                "\nSKIPPED: tests against an identity provider: they need Node.js and `npm ci` in e2e\n"
            );
            return None;
        }
        let mut process = Command::new("node")
            .arg("provider.mjs")
            .arg(BACK)
            .current_dir(folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .expect("a process");
        let mut line = String::new();
        BufReader::new(process.stdout.take().expect("its output"))
            .read_line(&mut line)
            .await
            .expect("a line");
        let ready: Value = serde_json::from_str(&line).expect("a line of JSON");
        Some(Self {
            _process: process,
            issuer: ready["issuer"].as_str().expect("an issuer").to_owned(),
            clients: ready["clients"].as_array().expect("clients").clone(),
        })
    }

    fn registration(&self, at: usize, name_claim: &str) -> Registration {
        let text = |name: &str| self.clients[at][name].as_str().expect("text").to_owned();
        Registration {
            client_id: text("id"),
            secret: Secret::new(text("secret")),
            redirect_uri: BACK.into(),
            name_claim: name_claim.into(),
        }
    }
}

/// A browser, as far as this provider's pages need one.
struct Browser {
    outbound: Outbound,
    cookies: BTreeMap<String, String>,
}

impl Browser {
    fn new() -> Self {
        Self {
            outbound: Outbound::new(&Options {
                timeout: Duration::from_secs(10),
                extra_ca_file: None,
                allow_private: true,
                allow_plain_loopback: true,
            })
            .expect("a client"),
            cookies: BTreeMap::new(),
        }
    }

    /// Loads a page, or sends a form; follows redirects until there is a page (`Err`), or until the
    /// browser is sent back to us (`Ok`).
    async fn go(&mut self, url: Url, form: Option<String>) -> Result<Url, String> {
        let (mut url, mut form) = (url, form);
        loop {
            let request = match form.take() {
                None => self.outbound.get(url.clone()),
                Some(form) => self
                    .outbound
                    .post(url.clone())
                    .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
                    .body(form),
            };
            let cookies: Vec<String> = self
                .cookies
                .iter()
                .map(|(name, value)| format!("{name}={value}"))
                .collect();
            let request = request.header(COOKIE, cookies.join("; "));
            let answer = self.outbound.send(request, 1 << 20).await.expect("a page");
            for cookie in answer.headers.get_all(SET_COOKIE) {
                let pair = cookie.to_str().expect("text").split(';').next();
                let (name, value) = pair
                    .and_then(|pair| pair.split_once('='))
                    .expect("a cookie");
                if value.is_empty() {
                    self.cookies.remove(name);
                } else {
                    self.cookies.insert(name.to_owned(), value.to_owned());
                }
            }
            let Some(to) = answer.headers.get(LOCATION) else {
                return Err(String::from_utf8(answer.body).expect("UTF-8"));
            };
            url = url.join(to.to_str().expect("text")).expect("an address");
            if url.as_str().starts_with(BACK) {
                return Ok(url);
            }
        }
    }

    /// Signs in with the provider's own forms.
    async fn sign_in(
        &mut self,
        begun: &Begun,
        expected: &str,
        login: &str,
    ) -> BTreeMap<String, String> {
        let start = Url::parse(begun.url.expose()).expect("an address");
        let mut arrived = self.go(start, None).await;
        for _ in 0..2 {
            let Err(page) = &arrived else { break };
            let action = page.split("action=\"").nth(1).expect("a form");
            let action = action.split('"').next().expect("an address");
            let form = if page.contains("name=\"login\"") {
                assert!(page.contains(expected), "the hint is filled in: {page}");
                format!("prompt=login&login={login}&password=any")
            } else {
                "prompt=consent".to_owned()
            };
            let action = Url::parse(begun.url.expose())
                .and_then(|base| base.join(action))
                .expect("an address");
            arrived = self.go(action, Some(form)).await;
        }
        let back = arrived.expect("sent back");
        back.query_pairs().into_owned().collect()
    }
}

/// One sign-in.
struct Flow<'a> {
    client: &'a Client,
    metadata: &'a Metadata,
    registration: Registration,
    begun: Begun,
    expected: Expected,
}

impl<'a> Flow<'a> {
    fn new(client: &'a Client, metadata: &'a Metadata, registration: Registration) -> Self {
        let max_age = Some(Duration::from_secs(600));
        let request = Request {
            client_id: &registration.client_id,
            redirect_uri: BACK,
            login_hint: Some("ada@contoso.example"),
            max_age,
        };
        let begun = begin(metadata, &request, &Counting::default());
        Self {
            expected: Expected {
                nonce: begun.nonce.clone(),
                verifier: begun.verifier.clone(),
                max_age,
            },
            client,
            metadata,
            registration,
            begun,
        }
    }

    /// The browser's part: gives what it brings back.
    async fn arrive(&self, login: &str) -> Callback {
        let back = Browser::new()
            .sign_in(&self.begun, "value=\"ada@contoso.example\"", login)
            .await;
        assert_eq!(back["state"], *self.begun.state.expose());
        Callback {
            code: Secret::new(back["code"].clone()),
            iss: back.get("iss").cloned(),
        }
    }

    async fn finish(&self, callback: &Callback) -> Result<Claims, FederationError> {
        let now = now();
        self.client
            .finish(
                self.metadata,
                &self.registration,
                callback,
                &self.expected,
                now,
            )
            .await
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the provider has a clock of its own"
)]
fn now() -> Timestamp {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    Timestamp::from_seconds(since.expect("after 1970").as_secs() as i64)
}

#[tokio::test]
async fn a_person_signs_in_at_a_provider_that_is_not_ours_by_each_algorithm() {
    let Some(provider) = Provider::start().await else {
        return;
    };
    let client = client(Duration::from_secs(10));
    let metadata = client.discover(&provider.issuer).await.expect("metadata");
    // `upn` is in the ID token, the others only at the userinfo endpoint.
    for (at, claim, login, name) in [
        (0, "upn", "ada@contoso.example", Some("ada@contoso.example")),
        (
            1,
            "preferred_username",
            "bo@contoso.example",
            Some("bo@contoso.example"),
        ),
        (
            2,
            "email",
            "ada@contoso.example",
            Some("ada.lovelace@mail.example"),
        ),
        // Not verified.
        (0, "email", "bo@contoso.example", None),
    ] {
        let flow = Flow::new(&client, &metadata, provider.registration(at, claim));
        let callback = flow.arrive(login).await;
        assert_eq!(callback.iss.as_ref(), Some(&provider.issuer));
        let claims = flow.finish(&callback).await.expect("claims");
        assert_eq!(claims.name.as_deref(), name, "{claim}");
        assert_eq!(claims.issuer, provider.issuer);
        let subject = if login.starts_with("ada") {
            "7f1c0a52"
        } else {
            "91d3be08"
        };
        assert_eq!(claims.subject, subject);
        assert!(claims.auth_time.is_some());
    }
}

#[tokio::test]
async fn a_code_works_once_and_only_for_who_asked_for_it() {
    let Some(provider) = Provider::start().await else {
        return;
    };
    let client = client(Duration::from_secs(10));
    let metadata = client.discover(&provider.issuer).await.expect("metadata");
    let flow = Flow::new(&client, &metadata, provider.registration(0, "upn"));
    let callback = flow.arrive("ada@contoso.example").await;
    flow.finish(&callback).await.expect("claims");
    let again = flow.finish(&callback).await.expect_err("used");
    assert_eq!(again, FederationError::CodeRefused);
    assert_eq!(again.retry(), Retry::Again);

    // With the verifier of another flow.
    let mut flow = Flow::new(&client, &metadata, provider.registration(0, "upn"));
    let callback = flow.arrive("ada@contoso.example").await;
    flow.expected.verifier = flow.begun.state.clone();
    let outcome = flow.finish(&callback).await;
    assert_eq!(outcome, Err(FederationError::CodeRefused));

    // With a wrong secret.
    let mut flow = Flow::new(&client, &metadata, provider.registration(0, "upn"));
    let callback = flow.arrive("ada@contoso.example").await;
    flow.registration.secret = Secret::new("another".into());
    let outcome = flow.finish(&callback).await;
    assert_eq!(outcome, Err(FederationError::ClientRefused));
}
