//! The binary as an operator uses it.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a helper that fails ends the test, as it should"
)]

mod admin;
mod demo;
mod federation;
mod postgres;
mod process;
mod settings;
