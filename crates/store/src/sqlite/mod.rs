//! SQLite, in the thread that asks.
//!
//! sqlx runs each connection to SQLite in a thread of its own, so that every statement, also one of
//! ten microseconds, costs two changes of thread. Here statements run where they are asked for: what
//! is read is in memory, and nobody else holds a lock that a reader would wait for. Only what may
//! truly wait, for a disk or for another process that writes, goes to a thread for such things.
//!
//! [`driver`] tells sqlx how to speak to it, so that the same SQL body is compiled for both databases;
//! [`pool`] has the connections.

mod driver;
mod pool;
mod session;

pub(crate) use driver::SqliteError;
pub(crate) use pool::{Pool, Transaction};
