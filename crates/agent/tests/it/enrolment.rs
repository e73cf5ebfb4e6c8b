//! Becoming an agent, and ceasing to be one.

use std::sync::Arc;

use latchkey_agent::enrolment::{Enrolment, enrol, remove};
use latchkey_agent::keys::Identity;
use latchkey_agent::network::Network;
use latchkey_agent::status;
use latchkey_agent::system::{SystemEntropy, SystemTimes, install_provider};
use latchkey_crypto::sign::{SigningKey, VerifyingKey};
use latchkey_types::Secret;
use latchkey_wire::v1::{Agent, Denial, Denied, Enrol, Enrolled};
use latchkey_wire::{decode, encode, proof};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::pki_types::PrivateKeyDer;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use crate::support::*;

const TOKEN: &str = "one-time-token-4711";

/// A service with a certificate of its own authority, and that authority.
async fn https() -> (TcpListener, TlsAcceptor, String) {
    install_provider();
    let ca_key = KeyPair::generate().unwrap();
    let mut ca = CertificateParams::default();
    ca.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let ca_pem = ca.self_signed(&ca_key).unwrap().pem();
    let key = KeyPair::generate().unwrap();
    let leaf = CertificateParams::new(vec!["localhost".into()]).unwrap();
    let leaf = leaf.signed_by(&key, &Issuer::new(ca, ca_key)).unwrap();
    let private = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
    let config = rustls::ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(vec![leaf.der().clone()], private)
        .unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    (listener, TlsAcceptor::from(Arc::new(config)), ca_pem)
}

/// Answers one request, and says what it was.
async fn answer(
    listener: &TcpListener,
    acceptor: &TlsAcceptor,
    head: &str,
    body: &str,
) -> Option<String> {
    let (stream, _) = listener.accept().await.unwrap();
    let mut stream = acceptor.accept(stream).await.ok()?;
    let mut request = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&request).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head
                .lines()
                .find_map(|line| line.strip_prefix("Content-Length: "))
                .unwrap();
            if body.len() == length.parse::<usize>().unwrap() {
                break;
            }
        }
        request.push(stream.read_u8().await.unwrap());
    }
    stream
        .write_all(format!("{head}\r\n\r\n{body}").as_bytes())
        .await
        .unwrap();
    stream.shutdown().await.unwrap();
    Some(String::from_utf8(request).unwrap())
}

fn enrolment(folder: &std::path::Path, port: u16, ca: Option<&str>) -> Enrolment {
    Enrolment {
        folder: folder.to_owned(),
        service: format!("https://localhost:{port}/"),
        token: Secret::new(format!("{TOKEN}\n")),
        name: "dc1".into(),
        network: Network {
            ca_pem: ca.map(str::to_owned),
            proxy: None,
        },
    }
}

#[tokio::test]
async fn an_agent_makes_its_keys_itself_and_keeps_them_for_itself() {
    within(async {
        let (listener, acceptor, ca) = https().await;
        let port = listener.local_addr().unwrap().port();
        let temp = tempfile::tempdir().unwrap();
        let folder = temp.path().join("agent");
        let service = SigningKey::generate(&SystemEntropy).unwrap();
        let enrolled = encode(&Enrolled {
            agent: AGENT,
            tenant: TENANT,
            domain: "corp.example".into(),
            service: (*service.public().unwrap().as_bytes()).into(),
        });
        // As a reverse proxy may send it.
        let (first, rest) = enrolled.split_at(10);
        let chunks = format!(
            "a\r\n{first}\r\n{:x};x=y\r\n{rest}\r\n0\r\n\r\n",
            rest.len()
        );
        let head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked";
        let (request, identity) = tokio::join!(
            answer(&listener, &acceptor, head, &chunks),
            enrol(enrolment(&folder, port, Some(&ca)), &SystemEntropy),
        );
        let (request, identity) = (request.unwrap(), identity.unwrap());
        assert!(
            request.starts_with("POST /agent/enrol HTTP/1.1\r\n"),
            "{request}"
        );
        assert!(request.contains(&format!("Host: localhost:{port}\r\n")));
        let sent: Enrol = decode(request.split_once("\r\n\r\n").unwrap().1).unwrap();
        assert_eq!((sent.token.as_str(), sent.name.as_str()), (TOKEN, "dc1"));
        let statement = proof::enrolment(TOKEN, &sent.sign.0, &sent.seal.0);
        let key = VerifyingKey::from_bytes(&sent.sign.0).unwrap();
        assert!(key.verifies(&statement, &sent.signature.0));
        for seed in [identity.current.sign.seed(), identity.current.seal.seed()] {
            let seed = encode(&latchkey_wire::Base64(seed.expose().to_vec()));
            assert!(
                !request.contains(seed.trim_matches('"')),
                "a private half left the machine"
            );
        }
        let kept = Identity::load(&folder).unwrap();
        assert_eq!(kept.agent, AGENT);
        assert_eq!(
            kept.ca_pem.as_deref(),
            Some(ca.as_str()),
            "the authority is pinned"
        );
        assert!(!String::from_utf8_lossy(&bytes_of(&folder)).contains(TOKEN));
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let mode = |path: &std::path::Path| {
                std::fs::metadata(path).unwrap().permissions().mode() & 0o777
            };
            assert_eq!(mode(&folder), 0o700);
            assert_eq!(mode(&folder.join("keys.json")), 0o600);
            assert_eq!(mode(&folder.join("journal")), 0o600);
        }
        let again = enrol(enrolment(&folder, port, Some(&ca)), &SystemEntropy).await;
        assert!(again.unwrap_err().contains("remove first"));
        let status = status::describe(&folder).unwrap();
        assert!(
            status.contains(&("domain", "corp.example".into())),
            "{status:?}"
        );
    })
    .await;
}

#[tokio::test]
async fn a_refused_enrolment_says_why_and_leaves_no_keys() {
    within(async {
        let (listener, acceptor, ca) = https().await;
        let port = listener.local_addr().unwrap().port();
        let temp = tempfile::tempdir().unwrap();
        let refusal = encode(&Denial {
            denied: Denied::Token,
        });
        let cases = [
            (
                "HTTP/1.1 403 Forbidden",
                refusal.as_str(),
                "the token is unknown, used or too old",
            ),
            ("HTTP/1.1 404 Not Found", "<html>", "answered 404"),
            ("HTTP/1.1 200 OK", "{}", "makes no sense"),
            ("nonsense", "", "not an answer in HTTP"),
        ];
        for (head, body, expected) in cases {
            let head = format!("{head}\r\nContent-Length: {}", body.len());
            let (_, refused) = tokio::join!(
                answer(&listener, &acceptor, &head, body),
                enrol(enrolment(temp.path(), port, Some(&ca)), &SystemEntropy),
            );
            let error = refused.unwrap_err();
            assert!(error.contains(expected), "{error}");
            assert!(!error.contains(TOKEN));
            assert!(!Identity::path(temp.path()).exists());
        }
    })
    .await;
}

#[tokio::test]
async fn a_service_of_another_authority_gets_no_token() {
    within(async {
        let (listener, acceptor, _) = https().await;
        let (_, _, other) = https().await;
        let port = listener.local_addr().unwrap().port();
        let temp = tempfile::tempdir().unwrap();
        for ca in [Some(other.as_str()), None] {
            let (request, refused) = tokio::join!(
                answer(&listener, &acceptor, "", ""),
                enrol(enrolment(temp.path(), port, ca), &SystemEntropy),
            );
            assert!(request.is_none());
            assert!(refused.unwrap_err().contains("TLS with"));
        }
    })
    .await;
}

#[tokio::test]
async fn a_removed_agent_has_told_the_service_and_has_no_keys() {
    within(async {
        let bench = Bench::new().await;
        let network = Network::default();
        let leaving = async {
            let mut line = bench.service.accept().await;
            assert_eq!(line.other().await, Some(Agent::Leaving { for_good: true }));
        };
        let (removed, ()) = tokio::join!(
            remove(bench.path(), &network, Arc::new(SystemTimes), false),
            leaving,
        );
        removed.unwrap();
        assert!(!Identity::path(bench.path()).exists());
        assert!(!bench.path().join("journal").exists());
    })
    .await;
}

#[tokio::test]
async fn keys_are_kept_when_the_service_cannot_be_told_unless_it_is_forced() {
    within(async {
        let bench = Bench::new().await;
        let mut identity = Identity::load(bench.path()).unwrap();
        // A port on which nobody listens, and nobody else can.
        let socket = tokio::net::TcpSocket::new_v4().unwrap();
        socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        identity.service = format!("http://{}", socket.local_addr().unwrap());
        identity.save(bench.path()).unwrap();
        let network = Network::default();
        let error = remove(bench.path(), &network, Arc::new(SystemTimes), false).await;
        assert!(error.unwrap_err().contains("nothing was wiped"));
        assert!(Identity::path(bench.path()).exists());
        remove(bench.path(), &network, Arc::new(SystemTimes), true)
            .await
            .unwrap();
        assert!(!Identity::path(bench.path()).exists());
    })
    .await;
}
