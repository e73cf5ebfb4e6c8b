//! Passwords in directories, with every part as it is in production: processes of the service, an
//! agent's process that was enrolled as an administrator does it, and real directories. People walk
//! through the portals, and parts are killed, frozen and cut off under their hands.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a helper that fails ends the test, as it should"
)]

mod agent;
mod cluster;
mod directory;
mod faults;
#[path = "../process/installation.rs"]
#[expect(dead_code, reason = "the tests of processes use the rest")]
mod installation;
mod network;
mod person;
mod portals;
#[path = "../process/relay.rs"]
#[expect(dead_code, reason = "the tests of processes use the rest")]
mod relay;
mod secrets;
mod site;
mod wire;

// For the tests of processes.
use uuid as _;
