//! The way between an agent and the service: it remembers every byte, and can be cut, or swallow what
//! is sent until it is let go.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// From where to where bytes go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    ToService,
    ToAgent,
}

/// What the way does with bytes and connections.
#[derive(Debug, Clone, Copy, Default)]
struct State {
    /// Nothing gets through for now; it is kept.
    holds: [bool; 2],
    /// Nobody gets a connection.
    refuses: bool,
    /// How often everything was cut.
    cuts: usize,
}

/// What one connection brought, each way.
type Record = Arc<Mutex<[Vec<u8>; 2]>>;

/// The way.
pub(crate) struct Wire {
    port: u16,
    state: watch::Sender<State>,
    records: Arc<Mutex<Vec<Record>>>,
}

impl Wire {
    pub(crate) async fn to(service: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let state = watch::Sender::new(State::default());
        let records: Arc<Mutex<Vec<Record>>> = Arc::default();
        let (seen, all) = (state.subscribe(), Arc::clone(&records));
        tokio::spawn(async move {
            while let Ok((agent, _)) = listener.accept().await {
                if seen.borrow().refuses {
                    continue;
                }
                let Ok(service) = TcpStream::connect(service).await else {
                    continue;
                };
                let _ = (agent.set_nodelay(true), service.set_nodelay(true));
                let record = Record::default();
                all.lock().unwrap().push(Arc::clone(&record));
                let (from_agent, to_agent) = agent.into_split();
                let (from_service, to_service) = service.into_split();
                let out = pump(Way::ToService, from_agent, to_service, &seen, &record);
                let back = pump(Way::ToAgent, from_service, to_agent, &seen, &record);
                tokio::spawn(out);
                tokio::spawn(back);
            }
        });
        Self {
            port,
            state,
            records,
        }
    }

    /// The address that agents connect to.
    pub(crate) fn address(&self) -> String {
        format!("http://localhost:{}", self.port)
    }

    /// Ends all connections; what is on the way is lost.
    pub(crate) fn cut(&self) {
        self.state.send_modify(|state| state.cuts += 1);
    }

    /// Whether connections are refused from now on.
    pub(crate) fn refuse(&self, refuses: bool) {
        self.state.send_modify(|state| state.refuses = refuses);
    }

    /// Whether bytes are kept back that way. What was kept arrives when they are not any more.
    pub(crate) fn hold(&self, way: Way, holds: bool) {
        self.state
            .send_modify(|state| state.holds[way as usize] = holds);
    }

    /// Every byte of each connection that way.
    pub(crate) fn bytes(&self, way: Way) -> Vec<Vec<u8>> {
        let records = self.records.lock().unwrap();
        records
            .iter()
            .map(|record| record.lock().unwrap()[way as usize].clone())
            .collect()
    }
}

fn pump(
    way: Way,
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    seen: &watch::Receiver<State>,
    record: &Record,
) -> impl Future<Output = ()> + use<> {
    let (mut seen, record) = (seen.clone(), Arc::clone(record));
    let mut cut = seen.clone();
    let before = seen.borrow().cuts;
    async move {
        let is_cut = async move {
            let _ = cut.wait_for(|state| state.cuts != before).await;
        };
        let pumping = async {
            let mut buffer = vec![0; 16 * 1024];
            while let Ok(count @ 1..) = from.read(&mut buffer).await {
                let passes = seen.wait_for(|state| !state.holds[way as usize]);
                if passes.await.is_err() {
                    return;
                }
                record.lock().unwrap()[way as usize].extend_from_slice(&buffer[..count]);
                if to.write_all(&buffer[..count]).await.is_err() {
                    return;
                }
            }
            // Whoever hung up, hung up behind what is kept back.
            let _ = seen.wait_for(|state| !state.holds[way as usize]).await;
        };
        tokio::select! {
            () = is_cut => {}
            () = pumping => {}
        }
    }
}

/// The texts in the frames of a WebSocket's one direction, unmasked (RFC 6455, 5.2), behind the head
/// of HTTP; nothing, where it is a request that has no WebSocket.
pub(crate) fn texts(bytes: &[u8]) -> String {
    let Some(head) = bytes.windows(4).position(|four| four == b"\r\n\r\n") else {
        return String::new();
    };
    let is_upgrade = String::from_utf8_lossy(&bytes[..head]).to_ascii_lowercase();
    if !is_upgrade.contains("upgrade: websocket") {
        return String::new();
    }
    let (mut rest, mut all) = (&bytes[head + 4..], Vec::new());
    while let [first, second, tail @ ..] = rest {
        // No extension was agreed upon, so nothing is compressed.
        assert_eq!(first & 0x70, 0, "a frame that this test cannot read");
        let (length, tail) = match second & 0x7f {
            126 => (
                usize::from(u16::from_be_bytes([tail[0], tail[1]])),
                &tail[2..],
            ),
            127 => {
                let (length, tail) = tail.split_first_chunk::<8>().unwrap();
                (usize::try_from(u64::from_be_bytes(*length)).unwrap(), tail)
            }
            length => (usize::from(length), tail),
        };
        let (mask, tail) = if second & 0x80 == 0 {
            ([0; 4], tail)
        } else {
            let (mask, tail) = tail.split_first_chunk::<4>().unwrap();
            (*mask, tail)
        };
        let (payload, tail) = tail.split_at(length.min(tail.len()));
        all.extend(
            payload
                .iter()
                .enumerate()
                .map(|(at, byte)| byte ^ mask[at % 4]),
        );
        all.push(b'\n');
        rest = tail;
    }
    String::from_utf8_lossy(&all).into_owned()
}
