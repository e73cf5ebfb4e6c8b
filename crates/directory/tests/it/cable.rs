//! A wire between the code under test and a real server, which can be cut at a chosen moment.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// What happens to the answer of the turn at which the cable is cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cut {
    /// It never comes, and the connection stays open.
    Silence,
    /// The connection ends instead.
    End,
}

/// Counts turns: times that our side speaks after the other one did.
#[derive(Clone)]
pub(crate) struct Cable {
    pub(crate) port: u16,
    turns: Arc<AtomicUsize>,
    cut_at: Arc<AtomicUsize>,
    cut: Cut,
}

impl Cable {
    pub(crate) async fn to(server: SocketAddr, cut: Cut) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let cable = Self {
            port: listener.local_addr().unwrap().port(),
            turns: Arc::default(),
            cut_at: Arc::new(AtomicUsize::new(usize::MAX)),
            cut,
        };
        let ours = cable.clone();
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                client.set_nodelay(true).unwrap();
                let far = TcpStream::connect(server).await.unwrap();
                far.set_nodelay(true).unwrap();
                tokio::spawn(ours.clone().carry(client, far));
            }
        });
        cable
    }

    /// How many turns there were since the last question.
    pub(crate) fn turns(&self) -> usize {
        self.turns.swap(0, Ordering::SeqCst)
    }

    /// From here on the answer to this turn, counted from 1, is lost.
    pub(crate) fn cut_at(&self, turn: usize) {
        self.turns.store(0, Ordering::SeqCst);
        self.cut_at.store(turn, Ordering::SeqCst);
    }

    async fn carry(self, client: TcpStream, server: TcpStream) {
        let (mut from_client, mut to_client) = client.into_split();
        let (mut from_server, mut to_server) = server.into_split();
        let (mut out, mut back) = (vec![0; 65536], vec![0; 65536]);
        let mut server_spoke = true;
        loop {
            tokio::select! {
                read = from_client.read(&mut out) => {
                    let Ok(count @ 1..) = read else { return };
                    if server_spoke {
                        self.turns.fetch_add(1, Ordering::SeqCst);
                        server_spoke = false;
                    }
                    if to_server.write_all(&out[..count]).await.is_err() {
                        return;
                    }
                }
                read = from_server.read(&mut back) => {
                    let Ok(count @ 1..) = read else { return };
                    server_spoke = true;
                    if self.turns.load(Ordering::SeqCst) >= self.cut_at.load(Ordering::SeqCst) {
                        match self.cut {
                            Cut::End => return,
                            Cut::Silence => continue,
                        }
                    }
                    if to_client.write_all(&back[..count]).await.is_err() {
                        return;
                    }
                }
            }
        }
    }
}
