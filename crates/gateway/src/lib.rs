//! Where agents connect: an agent enrols with one request, and then keeps one WebSocket open. What is
//! said there is [`latchkey_wire::v1`]; what is done, [`latchkey_app::writeback`].
//!
//! Nothing that matters is kept here: an operation is in the database before it is sent, and so is its
//! answer before the agent may forget it. A connection that ends, on either side, loses nothing.

mod connection;
mod enrol;

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::{get, post};
use latchkey_app::App;
use latchkey_wire::{CONNECT_PATH, ENROL_PATH};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Connections of agents that one process holds.
const CONNECTIONS: usize = 1_000;

/// Connections whose agent has not said who it is: apart, so that strangers keep no agent out.
const STRANGERS: usize = 200;

/// The gateway of one process. Clones share everything.
#[derive(Clone)]
pub struct Gateway {
    app: App,
    stop: CancellationToken,
    tasks: TaskTracker,
    slots: Arc<Semaphore>,
    strangers: Arc<Semaphore>,
}

impl Gateway {
    /// A gateway that ends its connections at `stop`.
    pub fn new(app: App, stop: CancellationToken) -> Self {
        Self {
            app,
            stop,
            tasks: TaskTracker::new(),
            slots: Arc::new(Semaphore::new(CONNECTIONS)),
            strangers: Arc::new(Semaphore::new(STRANGERS)),
        }
    }

    /// Its routes, to be put behind the front that all requests pass.
    pub fn routes(&self) -> Router {
        Router::new()
            .route(
                ENROL_PATH,
                // Before anything is known of who asks.
                post(enrol::post).layer(DefaultBodyLimit::max(enrol::LONGEST)),
            )
            .route(CONNECT_PATH, get(connection::get))
            .with_state(self.clone())
    }

    /// Waits until the connections have ended, after `stop`.
    pub async fn ended(&self) {
        self.tasks.close();
        self.tasks.wait().await;
    }
}
