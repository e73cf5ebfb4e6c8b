//! The program as an administrator uses it. Apart from the tests within one process: a process that
//! forks holds the locks of all its files for a moment longer.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a helper that fails ends the test, as it should"
)]

mod program;
mod real;
#[expect(dead_code, reason = "what is for agents within one process")]
#[path = "../it/support.rs"]
mod support;
mod synchronised;
