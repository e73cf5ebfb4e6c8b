//! The use cases, on both databases.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod abuse;
mod change;
mod explain;
mod federated;
mod flow;
mod gates;
mod integrity;
mod lockout;
mod notices;
mod outbox;
mod passkey;
mod privacy;
mod recovery_code;
mod retention;
mod second_factor;
mod security_info;
mod security_info_methods;
mod sign_in;
mod signed_in;
mod sync;
mod throttles;
mod writeback;
mod writeback_agents;
mod writeback_faults;
