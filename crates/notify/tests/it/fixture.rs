//! What the tests share: messages, certificates, waiting, and missing parts.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use latchkey_notify::{Content, Destination, MessageKind, Outgoing};
use latchkey_types::{Locale, MessageId, Timestamp};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use tokio::net::TcpSocket;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::aws_lc_rs::default_provider;
use tokio_rustls::rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};

/// Says that a part of the machine is missing; on a build server that is a failure.
pub(crate) fn missing(part: &str) {
    assert!(
        std::env::var_os("CI").is_none(),
        "{part} is missing; CI must have it"
    );
    eprintln!("SKIPPED: {part} is missing");
}

/// Asks again and again until there is an answer; fails after 20 seconds.
pub(crate) async fn eventually<T>(what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    let asked = async {
        loop {
            if let Some(answer) = ask() {
                return answer;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), asked)
        .await
        .unwrap_or_else(|_| unreachable!("waited in vain for {what}"))
}

/// A port at which nobody listens, and nobody else will while the socket is there.
pub(crate) fn closed_port() -> TcpSocket {
    let socket = TcpSocket::new_v4().expect("a socket");
    socket.set_reuseaddr(true).expect("an option");
    socket.bind(([127, 0, 0, 1], 0).into()).expect("a port");
    socket
}

/// An authority made for this test, and a certificate of it for this machine.
pub(crate) struct Certificates {
    pub(crate) authority_pem: String,
    pub(crate) pem: String,
    pub(crate) key_pem: String,
    key_der: Vec<u8>,
    der: Vec<u8>,
}

impl Certificates {
    pub(crate) fn new() -> Self {
        let mut authority = CertificateParams::default();
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let authority =
            CertifiedIssuer::self_signed(authority, KeyPair::generate().expect("a key"))
                .expect("an authority");
        let names = vec!["localhost".to_owned(), "127.0.0.1".to_owned()];
        let key = KeyPair::generate().expect("a key");
        let certificate = CertificateParams::new(names)
            .expect("names")
            .signed_by(&key, &authority)
            .expect("a certificate");
        Self {
            authority_pem: authority.pem(),
            pem: certificate.pem(),
            key_pem: key.serialize_pem(),
            key_der: key.serialize_der(),
            der: certificate.der().to_vec(),
        }
    }

    pub(crate) fn acceptor(&self) -> TlsAcceptor {
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(self.key_der.clone()));
        let config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_no_client_auth()
            .with_single_cert(vec![self.der.clone().into()], key)
            .expect("a certificate");
        TlsAcceptor::from(Arc::new(config))
    }

    /// The authority in a file of its own.
    pub(crate) fn authority_file(&self, folder: &tempfile::TempDir) -> PathBuf {
        let path = folder.path().join("authority.pem");
        std::fs::write(&path, &self.authority_pem).expect("a file");
        path
    }
}

/// A message with a number of its own.
fn outgoing(number: u128, to: Destination, content: Content) -> Outgoing {
    Outgoing {
        id: MessageId(uuid::Uuid::from_u128(number)),
        created_at: Timestamp(1_795_253_400_000_000),
        kind: MessageKind::Code,
        to,
        locale: Locale::Sv,
        content,
    }
}

pub(crate) fn mail(number: u128, to: &str) -> Outgoing {
    let content = Content::Mail {
        from_name: "Contoso".into(),
        subject: "Contoso: your code".into(),
        text: "Contoso\n\n.\n48151623\n".into(),
        html: "<p>48151623</p>".into(),
    };
    outgoing(
        number,
        Destination::parse("mail", to).expect("an address"),
        content,
    )
}

pub(crate) fn text(number: u128, words: &str) -> Outgoing {
    let to = Destination::parse("text", "+31612345678").expect("a number");
    outgoing(number, to, Content::Text { text: words.into() })
}

pub(crate) fn call(number: u128, words: &str) -> Outgoing {
    let to = Destination::parse("call", "+31612345678").expect("a number");
    outgoing(
        number,
        to,
        Content::Call {
            spoken: words.into(),
        },
    )
}
