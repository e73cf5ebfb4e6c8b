//! A peer that answers as a test tells it, right or wrong: for what Windows does and Samba does not,
//! and for servers that mean ill.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use latchkey_directory::{Anchor, Directory, Kind, Security, Settings};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::support::{Now, address, password};

pub(crate) const BIND: u8 = 0x60;
pub(crate) const SEARCH: u8 = 0x63;
pub(crate) const MODIFY: u8 = 0x66;

pub(crate) const ANCHOR: &str = "0b68d111-9ac3-4b5f-8f21-0123456789ab";
pub(crate) const USER_DN: &str = "CN=Anna,OU=People,DC=corp,DC=example";

/// A value of BER: tag, length, content.
pub(crate) fn tlv(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut bytes = vec![tag, 0x84];
    bytes.extend((content.len() as u32).to_be_bytes());
    bytes.extend(content);
    bytes
}

pub(crate) fn message(id: u8, operation: &[u8]) -> Vec<u8> {
    tlv(0x30, &[&tlv(2, &[id])[..], operation].concat())
}

/// The result of an operation: `tag` is that of the answer.
pub(crate) fn result(id: u8, tag: u8, code: u8, text: &[u8]) -> Vec<u8> {
    let parts = [tlv(10, &[code]), tlv(4, b""), tlv(4, text)].concat();
    message(id, &tlv(tag, &parts))
}

pub(crate) fn entry(id: u8, dn: &str, attributes: &[(&str, Vec<Vec<u8>>)]) -> Vec<u8> {
    let attributes: Vec<u8> = attributes
        .iter()
        .flat_map(|(name, values)| {
            let values: Vec<u8> = values.iter().flat_map(|value| tlv(4, value)).collect();
            tlv(
                0x30,
                &[tlv(4, name.as_bytes()), tlv(0x31, &values)].concat(),
            )
        })
        .collect();
    message(
        id,
        &tlv(
            0x64,
            &[tlv(4, dn.as_bytes()), tlv(0x30, &attributes)].concat(),
        ),
    )
}

/// A request as it came.
#[derive(Clone)]
pub(crate) struct Request {
    pub(crate) id: u8,
    pub(crate) operation: u8,
    pub(crate) bytes: Vec<u8>,
}

impl Request {
    pub(crate) fn holds(&self, bytes: &[u8]) -> bool {
        self.bytes
            .windows(bytes.len())
            .any(|window| window == bytes)
    }
}

/// What a peer says to a request; nothing: it ends the connection.
pub(crate) type Script = dyn Fn(&Request) -> Option<Vec<u8>> + Send + Sync;

pub(crate) struct Peer {
    pub(crate) port: u16,
    seen: Arc<Mutex<Vec<Request>>>,
}

impl Peer {
    pub(crate) async fn new(
        script: impl Fn(&Request) -> Option<Vec<u8>> + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let seen = Arc::<Mutex<Vec<Request>>>::default();
        let (script, log): (Arc<Script>, _) = (Arc::new(script), Arc::clone(&seen));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, Arc::clone(&script), Arc::clone(&log)));
            }
        });
        Self { port, seen }
    }

    pub(crate) fn seen(&self, operation: u8) -> Vec<Request> {
        let seen = self.seen.lock().unwrap();
        seen.iter()
            .filter(|request| request.operation == operation)
            .cloned()
            .collect()
    }

    pub(crate) fn settings(&self) -> Settings {
        Settings {
            kind: Kind::ActiveDirectory,
            servers: vec![address("peer.example", self.port, [127, 0, 0, 1])],
            security: Security::PlainTextWhereAnybodyCanReadPasswords,
            ca_pem: None,
            bind_as: "svc@corp.example".into(),
            password: password("Svc-Pass-1!"),
            base: "DC=corp,DC=example".into(),
            user_bases: vec![],
            user_filter: None,
            connect_timeout: Duration::from_secs(5),
            operation_timeout: Duration::from_secs(5),
            apply_history_on_reset: true,
            default_policy: None,
            clock: Arc::new(Now),
        }
    }

    pub(crate) fn directory(&self) -> Directory {
        Directory::new(self.settings()).unwrap()
    }
}

pub(crate) fn user() -> Anchor {
    ANCHOR.parse().unwrap()
}

async fn serve(mut stream: TcpStream, script: Arc<Script>, log: Arc<Mutex<Vec<Request>>>) {
    let mut buffer = Vec::new();
    loop {
        while let Some(request) = take_request(&mut buffer) {
            log.lock().unwrap().push(request.clone());
            let Some(answer) = script(&request) else {
                return;
            };
            if stream.write_all(&answer).await.is_err() {
                return;
            }
        }
        let mut more = [0; 4096];
        match stream.read(&mut more).await {
            Ok(count @ 1..) => buffer.extend(&more[..count]),
            _ => return,
        }
    }
}

/// Takes the first whole request out of the buffer. The library under test writes short lengths.
fn take_request(buffer: &mut Vec<u8>) -> Option<Request> {
    let (head, length) = match *buffer.get(1)? {
        short @ 0..=0x7f => (2, usize::from(short)),
        0x81 => (3, usize::from(*buffer.get(2)?)),
        _ => (
            4,
            usize::from(*buffer.get(2)?) << 8 | usize::from(*buffer.get(3)?),
        ),
    };
    if buffer.len() < head + length {
        return None;
    }
    let rest = buffer.split_off(head + length);
    let bytes = std::mem::replace(buffer, rest);
    Some(Request {
        id: bytes[head + 2],
        operation: bytes[head + 3],
        bytes,
    })
}

/// What a Windows server with policy hints says, up to the write.
pub(crate) fn windows(request: &Request) -> Option<Vec<u8>> {
    windows_with(request, Some(vec![sid(&[21, 1, 2, 3, 513])]))
}

/// The same, with these groups of the user, or none that can be read.
pub(crate) fn windows_with(request: &Request, groups: Option<Vec<Vec<u8>>>) -> Option<Vec<u8>> {
    let id = request.id;
    let done = result(id, 0x65, 0, b"");
    let text = |text: &str| vec![text.as_bytes().to_vec()];
    match request.operation {
        BIND => Some(result(id, 0x61, 0, b"")),
        SEARCH if request.holds(b"supportedControl") => {
            let root = entry(
                id,
                "",
                &[
                    ("supportedCapabilities", text("1.2.840.113556.1.4.800")),
                    ("supportedControl", text("1.2.840.113556.1.4.2239")),
                    ("defaultNamingContext", text("DC=corp,DC=example")),
                ],
            );
            Some([root, done].concat())
        }
        SEARCH if request.holds(b"userAccountControl") => {
            let mut attributes = vec![
                ("userAccountControl", text("512")),
                ("objectSid", vec![sid(&[21, 1, 2, 3, 1104])]),
                ("primaryGroupID", text("513")),
                ("pwdLastSet", text("131000000000000000")),
            ];
            if let Some(groups) = groups {
                attributes.push(("tokenGroups", groups));
            }
            Some([entry(id, USER_DN, &attributes), done].concat())
        }
        SEARCH if request.holds(b"minPwdLength") => {
            let head = entry(
                id,
                "DC=corp,DC=example",
                &[("minPwdLength", text("8")), ("pwdProperties", text("1"))],
            );
            Some([head, done].concat())
        }
        SEARCH if request.holds(b"objectGUID") => {
            // A search from the top of a domain always brings references to its other parts.
            let elsewhere = tlv(4, b"ldap://DomainDnsZones.corp.example/DC=DomainDnsZones");
            let reference = message(id, &tlv(0x73, &elsewhere));
            Some([entry(id, USER_DN, &[]), reference, done].concat())
        }
        SEARCH => Some(done),
        MODIFY => Some(result(id, 0x67, 0, b"")),
        _ => None,
    }
}

pub(crate) fn sid(parts: &[u32]) -> Vec<u8> {
    let mut bytes = vec![1, parts.len() as u8, 0, 0, 0, 0, 0, 5];
    for part in parts {
        bytes.extend(part.to_le_bytes());
    }
    bytes
}
