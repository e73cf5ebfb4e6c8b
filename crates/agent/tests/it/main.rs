//! An agent against a scripted service and a directory with faults.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a helper that fails ends the test, as it should"
)]

mod connection;
mod enrolment;
mod killed;
mod operations;
mod roll_over;
mod support;
mod sync;
