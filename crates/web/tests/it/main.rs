//! The portals as a browser, or somebody who is none, sees them: a router on a whole service,
//! without a network.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod cookies;
mod directory;
mod enumeration;
mod federated;
mod flow;
mod fuzz;
mod gates;
mod hosts;
mod indistinguishable;
mod input;
mod pages;
mod secrets;
mod security_info;
mod sign_in;
mod source;
mod stats;
mod support;
