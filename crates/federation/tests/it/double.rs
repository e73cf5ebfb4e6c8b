//! A double of a provider: HTTP on this machine, with an answer for each path.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

use crate::keys::Keys;

/// What the double answers.
#[derive(Clone)]
pub(crate) enum Answer {
    /// A status, header lines and a body.
    With(u16, String, Vec<u8>),
    /// 200 and a body that comes one byte at a time and has no end.
    Slow,
    /// Nothing, and the connection stays.
    Hang,
    /// Nothing, and the connection ends.
    Drop,
}

impl Answer {
    pub(crate) fn json(status: u16, body: &Value) -> Self {
        Self::With(status, String::new(), body.to_string().into_bytes())
    }
}

/// A request as it came.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) path: String,
    pub(crate) head: String,
    pub(crate) body: String,
}

#[derive(Default)]
struct Shared {
    answers: Mutex<BTreeMap<String, Answer>>,
    seen: Mutex<Vec<Request>>,
}

pub(crate) struct Double {
    pub(crate) issuer: String,
    shared: Arc<Shared>,
}

pub(crate) const METADATA: &str = "/.well-known/openid-configuration";

impl Double {
    /// A provider with metadata and keys that are right; nobody has signed in yet.
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let double = Self {
            issuer: format!("http://127.0.0.1:{port}"),
            shared: Arc::default(),
        };
        let keys = Keys::right();
        let all =
            json!({"keys": [keys.rsa_jwk(), keys.ec_jwk(), keys.ed_jwk(), {"kty": "new"}, 1]});
        double.answer("/jwks", Answer::json(200, &all));
        double.answer(METADATA, Answer::json(200, &double.metadata()));
        let shared = Arc::clone(&double.shared);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, Arc::clone(&shared)));
            }
        });
        double
    }

    /// The metadata as they are right.
    pub(crate) fn metadata(&self) -> Value {
        let issuer = &self.issuer;
        json!({
            "issuer": issuer,
            "authorization_endpoint": format!("{issuer}/authorize?tenant=1"),
            "token_endpoint": format!("{issuer}/token"),
            "jwks_uri": format!("{issuer}/jwks"),
            "response_types_supported": ["code"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "unknown": {"what": "ever"},
        })
    }

    pub(crate) fn answer(&self, path: &str, answer: Answer) {
        self.shared
            .answers
            .lock()
            .expect("the answers")
            .insert(path.to_owned(), answer);
    }

    pub(crate) fn requests(&self, path: &str) -> Vec<Request> {
        let seen = self.shared.seen.lock().expect("the requests");
        seen.iter()
            .filter(|request| request.path == path)
            .cloned()
            .collect()
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
    let header = |name: &str| {
        head.lines()
            .find_map(|line| line.to_ascii_lowercase().strip_prefix(name)?.parse().ok())
    };
    let mut body = vec![0; header("content-length: ").unwrap_or(0)];
    stream.read_exact(&mut body).await.ok()?;
    let body = String::from_utf8(body).expect("UTF-8");
    let path = head.split(' ').nth(1).expect("a path").to_owned();
    let answer = shared
        .answers
        .lock()
        .expect("the answers")
        .get(&path)
        .cloned();
    shared
        .seen
        .lock()
        .expect("the requests")
        .push(Request { path, head, body });
    match answer.unwrap_or_else(|| Answer::With(404, String::new(), Vec::new())) {
        Answer::With(status, headers, body) => {
            let head = format!(
                "HTTP/1.1 {status} X\r\n{headers}content-length: {}\r\nconnection: close\r\n\r\n",
                body.len()
            );
            stream.write_all(head.as_bytes()).await.ok()?;
            stream.write_all(&body).await.ok()?;
            stream.shutdown().await.ok()
        }
        Answer::Slow => {
            let head = b"HTTP/1.1 200 X\r\nconnection: close\r\n\r\n";
            stream.write_all(head).await.ok()?;
            let mut pace = tokio::time::interval(Duration::from_millis(50));
            loop {
                pace.tick().await;
                stream.write_all(b" ").await.ok()?;
                stream.flush().await.ok()?;
            }
        }
        Answer::Hang => std::future::pending().await,
        Answer::Drop => None,
    }
}
