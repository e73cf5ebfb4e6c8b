//! The program as processes that run, are killed, are stopped and share a database, with people in
//! the middle of their resets and a relay that takes their mail.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a helper that fails ends the test, as it should"
)]

mod books;
mod cluster;
mod crash;
#[path = "../../../notify/tests/it/fixture.rs"]
#[expect(dead_code, reason = "the relay's own tests use the rest")]
mod fixture;
mod installation;
#[path = "../../../notify/tests/it/postfix.rs"]
#[expect(dead_code, reason = "the relay's own tests use the rest")]
mod postfix;
mod relay;
mod smtp;
mod stop;
mod walker;

// For the two modules that are another crate's.
use rcgen as _;
use uuid as _;
