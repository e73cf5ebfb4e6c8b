use axum::routing::get;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::*;

const GET: &[u8] = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n";

struct Running {
    address: std::net::SocketAddr,
    stop: CancellationToken,
    end: tokio::task::JoinHandle<io::Result<()>>,
}

async fn start(limits: Limits) -> Running {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let stop = CancellationToken::new();
    let router = Router::new().route(
        "/",
        get(|request: Request<Body>| async move {
            request
                .extensions()
                .get::<Peer>()
                .map_or_else(String::new, |peer| peer.0.to_string())
        }),
    );
    let end = tokio::spawn(serve(listener, router, None, limits, stop.clone()));
    Running { address, stop, end }
}

async fn ask(stream: &mut TcpStream) -> String {
    stream.write_all(GET).await.unwrap();
    let mut buffer = vec![0; 4096];
    let length = stream.read(&mut buffer).await.unwrap();
    String::from_utf8_lossy(&buffer[..length]).into_owned()
}

#[tokio::test]
async fn the_peer_is_known_and_stopping_ends_it() {
    let running = start(Limits::default()).await;
    let mut stream = TcpStream::connect(running.address).await.unwrap();
    let answer = ask(&mut stream).await;
    assert!(
        answer.starts_with("HTTP/1.1 200") && answer.ends_with("127.0.0.1"),
        "{answer}"
    );
    running.stop.cancel();
    running.end.await.unwrap().unwrap();
    assert_eq!(
        stream.read(&mut [0; 16]).await.unwrap(),
        0,
        "the idle connection is closed"
    );
    assert!(TcpStream::connect(running.address).await.is_err());
}

#[tokio::test]
async fn an_address_has_so_many_connections_and_no_more() {
    let running = start(Limits {
        per_address: 2,
        ..Limits::default()
    })
    .await;
    let mut first = TcpStream::connect(running.address).await.unwrap();
    let mut second = TcpStream::connect(running.address).await.unwrap();
    assert!(ask(&mut first).await.starts_with("HTTP/1.1 200"));
    assert!(ask(&mut second).await.starts_with("HTTP/1.1 200"));
    let mut third = TcpStream::connect(running.address).await.unwrap();
    assert_eq!(
        third.read(&mut [0; 16]).await.unwrap_or(0),
        0,
        "the third is closed"
    );
    assert!(
        ask(&mut first).await.starts_with("HTTP/1.1 200"),
        "the others go on"
    );
    running.stop.cancel();
    running.end.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_head_that_does_not_come_ends_the_connection() {
    let limits = Limits {
        header_timeout: Duration::from_millis(50),
        ..Limits::default()
    };
    let running = start(limits).await;
    for sent in [&b""[..], b"GET / HTT", b"GET / HTTP/1.1\r\nHost: x\r\n"] {
        let mut stream = TcpStream::connect(running.address).await.unwrap();
        stream.write_all(sent).await.unwrap();
        let mut rest = Vec::new();
        let _ = stream.read_to_end(&mut rest).await;
        assert!(!rest.starts_with(b"HTTP/1.1 200"));
    }
    running.stop.cancel();
    running.end.await.unwrap().unwrap();
}

#[test]
fn an_ipv6_network_counts_as_one() {
    let address = |text: &str| network(text.parse().unwrap());
    assert_eq!(address("2001:db8::1"), address("2001:db8::ffff:1"));
    assert_ne!(address("2001:db8::1"), address("2001:db8:0:1::1"));
    assert_ne!(address("192.0.2.1"), address("192.0.2.2"));
}
