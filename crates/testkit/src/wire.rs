//! A browser's way to a service that runs somewhere else: one kept connection, HTTP/1.1.

use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, Request};
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::sync::Mutex;

use crate::Server;
use crate::browser::Answer;

/// The status of an answer that never came: the connection was refused, or broke.
pub const NO_ANSWER: u16 = 0;

type Kept = Option<SendRequest<Full<Bytes>>>;

impl Server {
    /// A service at an address, over plain HTTP. Requests share one connection, one at a time. Where
    /// none comes about or it breaks, the answer has the status [`NO_ANSWER`]; what was sent may or
    /// may not have arrived.
    pub fn at(address: SocketAddr) -> Self {
        let kept: Arc<Mutex<Kept>> = Arc::default();
        Self::answering(move |request| {
            let kept = Arc::clone(&kept);
            async move {
                let mut kept = kept.lock().await;
                match exchange(address, &mut kept, request).await {
                    Ok(answer) => answer,
                    Err(()) => {
                        *kept = None;
                        Answer {
                            status: NO_ANSWER,
                            headers: HeaderMap::new(),
                            body: Bytes::new(),
                        }
                    }
                }
            }
        })
    }
}

async fn exchange(
    address: SocketAddr,
    kept: &mut Kept,
    request: Request<Full<Bytes>>,
) -> Result<Answer, ()> {
    // One that the service closed meanwhile is not used: nothing is lost with it.
    let mut usable = None;
    if let Some(mut connection) = kept.take() {
        usable = connection.ready().await.is_ok().then_some(connection);
    }
    let mut connection = match usable {
        Some(connection) => connection,
        None => connect(address).await?,
    };
    let response = connection.send_request(request).await.map_err(drop)?;
    let (parts, body) = response.into_parts();
    let body = body.collect().await.map_err(drop)?.to_bytes();
    *kept = Some(connection);
    Ok(Answer {
        status: parts.status.as_u16(),
        headers: parts.headers,
        body,
    })
}

async fn connect(address: SocketAddr) -> Result<SendRequest<Full<Bytes>>, ()> {
    let stream = TcpStream::connect(address).await.map_err(drop)?;
    stream.set_nodelay(true).map_err(drop)?;
    let (sender, connection) = handshake(TokioIo::new(stream)).await.map_err(drop)?;
    tokio::spawn(async move {
        // How it ended is seen by whoever waits for an answer.
        let _ = connection.await;
    });
    Ok(sender)
}
