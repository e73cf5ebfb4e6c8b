//! The agent: runs beside a directory, connects outwards only, and does there what the service asks,
//! at most once.
//!
//! | module | what it is for |
//! |---|---|
//! | [`agent`] | one running agent: connects, again and again, until it is stopped |
//! | [`enrolment`] | becoming one, and ceasing to be one |
//! | [`backend`] | what an agent needs of a directory |
//! | [`keys`] | the file with its keys and who it is |
//! | [`config`] | the file that an administrator writes |
//! | [`network`] | the way to the service: proxy, TLS |
//! | [`check`] | what would not work, by name, and the cure |
//! | [`sync`] | users and groups, page by page, to the service |
//! | [`events`] | the numbered events of its log |
//! | [`system`] | clock, randomness, protection of memory |
//!
//! Whoever embeds an agent, as tests do, fills [`agent::Parts`] and calls [`agent::run`].

pub mod agent;
pub mod backend;
pub mod check;
pub mod config;
pub mod enrolment;
pub mod events;
pub mod keys;
pub mod network;
pub mod status;
pub mod sync;
pub mod system;

mod clock;
mod files;
mod journal_file;
mod probe;
mod session;
mod work;

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Whoever held a lock and panicked left what it guards whole: it is written in one step.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
