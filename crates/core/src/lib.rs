//! Every rule of Latchkey: facts in, decision out.
//!
//! No I/O, no async, no clock, no random numbers: `app` gathers the facts, asks here, and stores
//! the answer. What is decided here is the same for portals, command line and interfaces.

pub mod audit;
pub mod model;
pub mod password;
pub mod registration;
pub mod reset;
pub mod settings;
pub mod sign_in;
