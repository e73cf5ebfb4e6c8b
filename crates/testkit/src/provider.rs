//! An identity provider within the test: HTTP on this machine, by the test's clock. People sign in
//! there as fast as they are named, and it lies where it is told to.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use latchkey_app::admin::federation::{self, NAME_CLAIM, NewProvider};
use latchkey_app::admin::operator;
use latchkey_types::{Clock as _, Secret};
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};

use crate::{TestApp, TestClock};

/// Who the service is to it.
pub const CLIENT: &str = "latchkey";
/// The secret between them.
pub const SECRET: &str = "between-the-two-of-them";

/// The provider.
pub struct Provider {
    /// Its issuer.
    pub issuer: String,
    shared: Arc<Shared>,
}

struct Shared {
    issuer: String,
    key: Ed25519KeyPair,
    clock: Arc<TestClock>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    is_down: bool,
    codes: BTreeMap<String, Code>,
    count: usize,
}

/// A code that waits to be exchanged.
struct Code {
    redirect_uri: String,
    challenge: String,
    claims: Map<String, Value>,
}

/// What a browser is sent away with: the parameters of the authorization request.
#[derive(Debug, Clone)]
pub struct Asked(pub BTreeMap<String, String>);

impl Asked {
    /// Reads the address.
    ///
    /// # Panics
    /// If it has no query.
    pub fn read(url: &str) -> Self {
        let (_, query) = url.split_once('?').expect("a query");
        Self(pairs(query))
    }

    /// A parameter; empty if it is not there.
    pub fn get(&self, name: &str) -> &str {
        self.0.get(name).map_or("", String::as_str)
    }
}

impl Provider {
    /// Starts it.
    ///
    /// # Panics
    /// If there is no port.
    pub async fn start(test: &TestApp) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let shared = Arc::new(Shared {
            issuer: format!("http://127.0.0.1:{port}"),
            key: Ed25519KeyPair::generate().expect("a key"),
            clock: Arc::clone(&test.clock),
            state: Mutex::default(),
        });
        let serving = Arc::clone(&shared);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, Arc::clone(&serving)));
            }
        });
        Self {
            issuer: shared.issuer.clone(),
            shared,
        }
    }

    /// Makes it the provider of a tenant.
    ///
    /// # Panics
    /// If it is refused.
    pub async fn set_for(&self, test: &TestApp, tenant: &str) {
        let new = NewProvider {
            issuer: &self.issuer,
            client_id: CLIENT,
            secret: &Secret::new(SECRET.to_owned()),
            name_claim: NAME_CLAIM,
            is_checked: true,
        };
        federation::set(&test.app, &operator(&test.app), tenant, &new)
            .await
            .expect("a provider");
    }

    /// From now on it says that it is out of order; or is in order again.
    pub fn set_down(&self, is_down: bool) {
        self.shared.state().is_down = is_down;
    }

    /// Somebody signs in there; the code.
    pub fn sign_in(&self, asked: &Asked, subject: &str, name: &str) -> String {
        self.sign_in_with(asked, subject, name, &Value::Null)
    }

    /// The same with claims that go over those that would be right.
    pub fn sign_in_with(&self, asked: &Asked, subject: &str, name: &str, extra: &Value) -> String {
        let now = self.shared.clock.now().0 / 1_000_000;
        let mut claims = Map::new();
        for (claim, value) in [
            ("iss", json!(self.issuer)),
            ("aud", json!(asked.get("client_id"))),
            ("nonce", json!(asked.get("nonce"))),
            ("sub", json!(subject)),
            (NAME_CLAIM, json!(name)),
            ("iat", json!(now)),
            ("exp", json!(now + 300)),
        ] {
            claims.insert(claim.to_owned(), value);
        }
        claims.extend(extra.as_object().cloned().unwrap_or_default());
        let mut state = self.shared.state();
        state.count += 1;
        let code = format!("code-{}", state.count);
        let waiting = Code {
            redirect_uri: asked.get("redirect_uri").to_owned(),
            challenge: asked.get("code_challenge").to_owned(),
            claims,
        };
        state.codes.insert(code.clone(), waiting);
        code
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("the provider's state")
    }

    fn answer(&self, path: &str, head: &str, body: &str) -> (u16, Value) {
        let issuer = &self.issuer;
        if self.state().is_down {
            return (503, json!({}));
        }
        match path {
            "/.well-known/openid-configuration" => {
                let metadata = json!({
                    "issuer": issuer,
                    "authorization_endpoint": format!("{issuer}/authorize"),
                    "token_endpoint": format!("{issuer}/token"),
                    "jwks_uri": format!("{issuer}/jwks"),
                    "response_types_supported": ["code"],
                    "id_token_signing_alg_values_supported": ["EdDSA"],
                    "code_challenge_methods_supported": ["S256"],
                    "authorization_response_iss_parameter_supported": true,
                });
                (200, metadata)
            }
            "/jwks" => {
                let x = URL_SAFE_NO_PAD.encode(self.key.public_key());
                let key = json!({"kty": "OKP", "kid": "d", "crv": "Ed25519", "x": x});
                (200, json!({"keys": [key]}))
            }
            "/token" => self.exchange(head, body),
            _ => (404, json!({})),
        }
    }

    fn exchange(&self, head: &str, body: &str) -> (u16, Value) {
        let basic = STANDARD.encode(format!("{CLIENT}:{SECRET}"));
        if !head.contains(&format!("Basic {basic}")) {
            return (401, json!({"error": "invalid_client"}));
        }
        let form = pairs(body);
        let get = |name: &str| form.get(name).map_or("", String::as_str);
        // Whatever comes of it, a code is used once.
        let code = self.state().codes.remove(get("code"));
        let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(get("code_verifier")));
        let Some(code) = code
            .filter(|code| code.challenge == challenge && code.redirect_uri == get("redirect_uri"))
        else {
            return (400, json!({"error": "invalid_grant"}));
        };
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let header = part(&json!({"alg": "EdDSA", "kid": "d"}));
        let text = format!("{header}.{}", part(&Value::Object(code.claims)));
        let signature = URL_SAFE_NO_PAD.encode(self.key.sign(text.as_bytes()));
        let token = format!("{text}.{signature}");
        (200, json!({"id_token": token, "token_type": "Bearer"}))
    }
}

async fn serve(stream: TcpStream, shared: Arc<Shared>) -> Option<()> {
    let mut stream = BufReader::new(stream);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if stream.read_line(&mut head).await.ok()? == 0 {
            return None;
        }
    }
    let length = head.lines().find_map(|line| {
        let line = line.to_ascii_lowercase();
        line.strip_prefix("content-length: ")?.parse().ok()
    });
    let mut body = vec![0; length.unwrap_or(0)];
    stream.read_exact(&mut body).await.ok()?;
    let body = String::from_utf8(body).ok()?;
    let path = head.split(' ').nth(1)?.to_owned();
    let (status, answer) = shared.answer(&path, &head, &body);
    let answer = answer.to_string();
    let head = format!(
        "HTTP/1.1 {status} X\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        answer.len()
    );
    stream.write_all(head.as_bytes()).await.ok()?;
    stream.write_all(answer.as_bytes()).await.ok()?;
    stream.shutdown().await.ok()
}

fn pairs(text: &str) -> BTreeMap<String, String> {
    form_urlencoded::parse(text.as_bytes())
        .into_owned()
        .collect()
}
