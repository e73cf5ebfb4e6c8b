//! A provider of text messages and calls: HTTPS on this machine, one answer for every request.

use std::sync::{Arc, Mutex};

use latchkey_notify::ProviderConfig;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

use crate::faulty::hang;
use crate::fixture::Certificates;

/// What the double answers.
#[derive(Clone)]
pub(crate) enum Answer {
    /// A status, a header line and a body.
    With(u16, &'static str, String),
    /// 200 and a body without an end.
    Endless,
    /// Nothing, and the connection stays.
    Hang,
    /// Nothing, and the connection ends.
    Drop,
}

/// A request as it came.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) head: String,
    pub(crate) body: String,
}

pub(crate) struct Double {
    pub(crate) port: u16,
    folder: TempDir,
    certificates: Certificates,
    seen: Arc<Mutex<Vec<Request>>>,
    connections: Arc<Mutex<usize>>,
}

impl Double {
    pub(crate) async fn start(answer: Answer) -> Self {
        let certificates = Certificates::new();
        let acceptor = certificates.acceptor();
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
        let double = Self {
            port: listener.local_addr().expect("an address").port(),
            folder: tempfile::tempdir().expect("a folder"),
            certificates,
            seen: Arc::default(),
            connections: Arc::default(),
        };
        let (seen, connections) = (Arc::clone(&double.seen), Arc::clone(&double.connections));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                *connections.lock().expect("a number") += 1;
                tokio::spawn(serve(
                    stream,
                    acceptor.clone(),
                    answer.clone(),
                    Arc::clone(&seen),
                ));
            }
        });
        double
    }

    /// A configuration that reaches the double, with more lines of TOML before and after `[headers]`.
    pub(crate) fn config(&self, more: &str) -> ProviderConfig {
        let authority = self.certificates.authority_file(&self.folder);
        let toml = format!(
            "url = \"https://localhost:{}/v1/send?channel=sms\"\n\
             extra_ca_file = \"{}\"\ntimeout_seconds = 30\n\
             dangerously_allow_private_addresses = true\n{more}",
            self.port,
            authority.display()
        );
        toml::from_str(&toml).expect("a configuration")
    }

    pub(crate) fn requests(&self) -> Vec<Request> {
        self.seen.lock().expect("the requests").clone()
    }

    pub(crate) fn connections(&self) -> usize {
        *self.connections.lock().expect("a number")
    }
}

async fn serve(
    stream: TcpStream,
    acceptor: TlsAcceptor,
    answer: Answer,
    seen: Arc<Mutex<Vec<Request>>>,
) -> Option<()> {
    let mut stream = BufReader::new(acceptor.accept(stream).await.ok()?);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if stream.read_line(&mut head).await.ok()? == 0 {
            return None;
        }
    }
    let length = head
        .lines()
        .find_map(|line| {
            line.to_ascii_lowercase()
                .strip_prefix("content-length: ")?
                .parse()
                .ok()
        })
        .unwrap_or(0);
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await.ok()?;
    let body = String::from_utf8(body).expect("UTF-8");
    seen.lock()
        .expect("the requests")
        .push(Request { head, body });
    match answer {
        Answer::With(status, header, body) => {
            let answer = format!(
                "HTTP/1.1 {status} X\r\n{header}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
                body.len()
            );
            stream.write_all(answer.as_bytes()).await.ok()?;
            stream.shutdown().await.ok()
        }
        Answer::Endless => {
            stream
                .write_all(b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n")
                .await
                .ok()?;
            loop {
                stream.write_all(&[b'x'; 4096]).await.ok()?;
            }
        }
        Answer::Hang => hang().await,
        Answer::Drop => None,
    }
}
