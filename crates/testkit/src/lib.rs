//! What tests of several crates need: a whole service with a clock that is moved by hand, entropy
//! that repeats, messages that can be read, on both databases; and a person who walks through it.

pub mod agent;
mod app;
mod arrival;
pub mod browser;
mod clock;
pub mod html;
mod person;
pub mod pg;
pub mod provider;
pub mod seed;
mod session;
pub mod wire;

pub use app::{TestApp, both};
pub use arrival::Arrival;
pub use browser::{Browser, Server};
pub use clock::{Seeded, TestClock};
pub use person::{Person, solve, totp};
pub use session::session;
