//! Where the synchronisation and the connection meet. The connection never waits here.

use std::sync::Mutex;

use latchkey_wire::v1::{Page, Stop};
use tokio::sync::Notify;
use tokio::time::Instant;

use crate::lock;

/// What the service said of a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reply {
    Kept(u64),
    Stopped(Stop),
}

/// What became of a page that was put here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Came {
    Reply(Reply),
    /// The connection that had it is gone: nobody knows.
    Lost,
}

#[derive(Default)]
struct State {
    /// The number of the connection, if there is one.
    connection: Option<u64>,
    connections: u64,
    out: Option<Page>,
    reply: Option<Reply>,
    /// The service asked for a run; whether for a whole one.
    asked: Option<bool>,
}

/// One page on its way at a time, and its answer.
#[derive(Default)]
pub(crate) struct Desk {
    state: Mutex<State>,
    news: Notify,
}

impl Desk {
    /// There is a connection.
    pub(crate) fn connected(&self) {
        let mut state = lock(&self.state);
        state.connections += 1;
        state.connection = Some(state.connections);
        // What an earlier connection carried is asked for again.
        state.out = None;
        state.reply = None;
        self.news.notify_one();
    }

    /// There is none.
    pub(crate) fn disconnected(&self) {
        let mut state = lock(&self.state);
        state.connection = None;
        state.out = None;
        state.reply = None;
        self.news.notify_one();
    }

    /// The connection takes the page that is to be sent.
    pub(crate) fn take(&self) -> Option<Page> {
        lock(&self.state).out.take()
    }

    /// The service answered a page.
    pub(crate) fn answered(&self, reply: Reply) {
        lock(&self.state).reply = Some(reply);
        self.news.notify_one();
    }

    /// The service wants a run.
    pub(crate) fn ask(&self, whole: bool) {
        let mut state = lock(&self.state);
        state.asked = Some(whole || state.asked == Some(true));
        self.news.notify_one();
    }

    /// Waits for something in the state. For one waiter.
    async fn until<T>(&self, mut look: impl FnMut(&mut State) -> Option<T>) -> T {
        loop {
            // A permit that came before is not lost.
            let news = self.news.notified();
            if let Some(found) = look(&mut lock(&self.state)) {
                return found;
            }
            news.await;
        }
    }

    /// Waits for a connection; its number.
    pub(crate) async fn connection(&self) -> u64 {
        self.until(|state| state.connection).await
    }

    /// Waits for a connection, and then until the service asks for a run (whether for a whole one) or
    /// it is time.
    pub(crate) async fn turn(&self, due: Option<Instant>) -> Option<bool> {
        let time = async {
            match due {
                Some(due) => tokio::time::sleep_until(due).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            whole = self.until(|state| state.connection.and_then(|_| state.asked.take())) => {
                return Some(whole);
            }
            () = time => {}
        }
        self.until(|state| state.connection.map(|_| state.asked.take()))
            .await
    }

    /// Puts a page for a connection.
    pub(crate) fn put(&self, connection: u64, page: Page) {
        let mut state = lock(&self.state);
        if state.connection == Some(connection) {
            state.out = Some(page);
            state.reply = None;
        }
    }

    /// Waits for what becomes of it.
    pub(crate) async fn reply(&self, connection: u64) -> Came {
        self.until(|state| {
            if state.connection == Some(connection) {
                state.reply.take().map(Came::Reply)
            } else {
                Some(Came::Lost)
            }
        })
        .await
    }
}
