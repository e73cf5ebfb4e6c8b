//! The use cases, on both databases.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod flow;
mod gates;
mod integrity;
mod notices;
mod outbox;
mod privacy;
mod purge;
mod retention;
mod sign_in;
mod throttles;
