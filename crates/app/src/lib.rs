//! The use cases: one verb each, one transaction each, its audit event inside.
//!
//! A use case gathers the facts, asks `core`, and writes state, audit event and messages in one
//! transaction. Hashing happens before or after it; mail leaves later, through [`outbox`].

pub mod account;
pub mod admin;
pub mod audit;
mod base;
pub mod breached;
pub mod change;
mod ctx;
mod error;
pub mod expiry;
mod hashing;
mod keys;
pub mod not_me;
pub mod outbox;
mod password;
pub mod reset;
pub mod security_info;
mod service;
pub mod sign_in;
pub mod sync;
mod tenant;
pub mod writeback;

pub use base::BaseAddress;
pub use ctx::Ctx;
pub use error::AppError;
pub use latchkey_crypto::argon::Params as HashParams;
pub use latchkey_crypto::keys::MasterKey;
pub use latchkey_crypto::pow::Difficulty;
pub use latchkey_notify::DemoOutbox;
pub use service::{App, Options, Parts};
