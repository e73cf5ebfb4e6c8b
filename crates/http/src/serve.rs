//! Connections: how many, how long, and how they end.

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, Ipv6Addr};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use http::Request;
use hyper::body::Incoming as HyperBody;
use hyper::server::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::ServiceExt;

use crate::Proxies;

/// What a listener allows.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Connections at once; further ones wait in the system's queue.
    pub connections: usize,
    /// Connections at once from one IPv4 address or IPv6 /64, except trusted proxies; further ones
    /// are closed.
    pub per_address: usize,
    /// Longest time for the head of a request, and for a connection without one.
    pub header_timeout: Duration,
    /// Longest time for a TLS handshake.
    pub handshake_timeout: Duration,
    /// Longest life of a connection; then it ends after the request it is in.
    pub max_age: Duration,
    /// Longest time for requests to end when the service stops.
    pub drain: Duration,
    /// The reverse proxies, which have no limit of their own.
    pub proxies: Proxies,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 1024,
            per_address: 64,
            header_timeout: Duration::from_secs(10),
            handshake_timeout: Duration::from_secs(10),
            max_age: Duration::from_secs(600),
            drain: Duration::from_secs(30),
            proxies: Proxies::default(),
        }
    }
}

/// The address at the other end of the connection, in the request's extensions.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Peer(pub(crate) IpAddr);

/// Answers connections with a router until `stop`, then lets running requests end.
///
/// `tls`: the listener speaks TLS; the application protocols of its configuration decide between
/// HTTP/2 and HTTP/1.1. Without TLS it speaks HTTP/1.1.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    tls: Option<TlsAcceptor>,
    limits: Limits,
    stop: CancellationToken,
) -> io::Result<()> {
    let slots = Arc::new(Semaphore::new(limits.connections.max(1)));
    let tasks = TaskTracker::new();
    let server = Arc::new(Server {
        router,
        tls,
        addresses: Mutex::default(),
        stop,
        kill: CancellationToken::new(),
        limits,
    });
    loop {
        let slot = tokio::select! {
            () = server.stop.cancelled() => break,
            // Never closed, so that there is always a slot to wait for.
            slot = Arc::clone(&slots).acquire_owned() => slot.map_err(io::Error::other)?,
        };
        let accepted = tokio::select! {
            () = server.stop.cancelled() => break,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, address)) => {
                let Some(ticket) = Ticket::take(&server, address.ip().to_canonical()) else {
                    metrics::counter!("latchkey_http_connections_refused_total").increment(1);
                    continue;
                };
                let server = Arc::clone(&server);
                tasks.spawn(async move {
                    metrics::gauge!("latchkey_http_connections").increment(1);
                    tokio::select! {
                        () = server.kill.cancelled() => {}
                        () = server.connection(stream, ticket.peer) => {}
                    }
                    metrics::gauge!("latchkey_http_connections").decrement(1);
                    drop((ticket, slot));
                });
            }
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                // Out of file descriptors: some will be free soon.
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
    drop(listener);
    tasks.close();
    if tokio::time::timeout(server.limits.drain, tasks.wait())
        .await
        .is_err()
    {
        tracing::warn!(left = tasks.len(), "some requests did not end in time");
        server.kill.cancel();
        tasks.wait().await;
    }
    Ok(())
}

struct Server {
    router: Router,
    tls: Option<TlsAcceptor>,
    limits: Limits,
    addresses: Mutex<HashMap<IpAddr, usize>>,
    stop: CancellationToken,
    /// Ends connections at once.
    kill: CancellationToken,
}

impl Server {
    async fn connection(&self, stream: TcpStream, peer: IpAddr) {
        // Answers are written in one piece; waiting to fill packets would only delay them.
        let _ = stream.set_nodelay(true);
        let Some(tls) = &self.tls else {
            self.answer(stream, peer, false).await;
            return;
        };
        match tokio::time::timeout(self.limits.handshake_timeout, tls.accept(stream)).await {
            Ok(Ok(stream)) => {
                let is_http2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
                self.answer(stream, peer, is_http2).await;
            }
            Ok(Err(error)) => tracing::debug!(%error, "TLS handshake failed"),
            Err(_) => tracing::debug!("TLS handshake took too long"),
        }
    }

    async fn answer<S>(&self, stream: S, peer: IpAddr, is_http2: bool)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let router = self
            .router
            .clone()
            .map_request(move |request: Request<HyperBody>| {
                let mut request = request.map(Body::new);
                request.extensions_mut().insert(Peer(peer));
                request
            });
        let (stream, service) = (TokioIo::new(stream), TowerToHyperService::new(router));
        // The version is always known here: hyper-util's own guess waits for the first bytes
        // without a time-out.
        if is_http2 {
            let mut builder = http2::Builder::new(TokioExecutor::new());
            builder
                .timer(TokioTimer::new())
                .keep_alive_interval(self.limits.header_timeout)
                .keep_alive_timeout(self.limits.header_timeout)
                .max_concurrent_streams(32)
                .max_pending_accept_reset_streams(16)
                .max_local_error_reset_streams(64)
                .max_header_list_size(16 * 1024)
                .initial_stream_window_size(64 * 1024)
                .initial_connection_window_size(256 * 1024)
                .max_send_buf_size(256 * 1024);
            let connection = std::pin::pin!(builder.serve_connection(stream, service));
            self.hold(connection, http2::Connection::graceful_shutdown)
                .await;
        } else {
            let mut builder = http1::Builder::new();
            builder
                .timer(TokioTimer::new())
                .header_read_timeout(self.limits.header_timeout)
                .max_headers(64)
                .max_buf_size(32 * 1024);
            // With upgrades, for agents: what comes after one is the gateway's.
            let connection = builder.serve_connection(stream, service).with_upgrades();
            let connection = std::pin::pin!(connection);
            self.hold(connection, http1::UpgradeableConnection::graceful_shutdown)
                .await;
        }
    }

    /// Lets a connection go on until it ends, or has to.
    async fn hold<C>(&self, mut connection: Pin<&mut C>, shut_down: impl Fn(Pin<&mut C>))
    where
        C: Future<Output = Result<(), hyper::Error>>,
    {
        tokio::select! {
            end = connection.as_mut() => {
                note(end);
                return;
            }
            () = self.stop.cancelled() => {}
            () = tokio::time::sleep(self.limits.max_age) => {}
        }
        shut_down(connection.as_mut());
        if let Ok(end) = tokio::time::timeout(self.limits.drain, connection).await {
            note(end);
        }
    }
}

fn note(end: Result<(), hyper::Error>) {
    if let Err(error) = end {
        tracing::debug!(%error, "a connection ended with an error");
    }
}

/// The right to one connection from an address.
struct Ticket {
    server: Arc<Server>,
    peer: IpAddr,
}

impl Ticket {
    /// `None`: that address has its connections.
    fn take(server: &Arc<Server>, peer: IpAddr) -> Option<Self> {
        if !server.limits.proxies.trusts(peer) {
            let mut addresses = server
                .addresses
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            let count = addresses.entry(network(peer)).or_default();
            if *count >= server.limits.per_address {
                return None;
            }
            *count += 1;
        }
        Some(Self {
            server: Arc::clone(server),
            peer,
        })
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        if self.server.limits.proxies.trusts(self.peer) {
            return;
        }
        let mut addresses = self
            .server
            .addresses
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = addresses.get_mut(&network(self.peer)) {
            *count -= 1;
            if *count == 0 {
                addresses.remove(&network(self.peer));
            }
        }
    }
}

/// An IPv6 client has a /64 to choose from.
fn network(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() & (u128::MAX << 64))),
    }
}

#[cfg(test)]
#[path = "serve_tests.rs"]
mod tests;
