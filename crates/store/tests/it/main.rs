//! The contract of the store: every repository function, on both databases.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "helpers of tests may fail like tests"
)]

// The file alone: the whole test kit is made of crates that stand on this one.
#[expect(unreachable_pub, reason = "public where it lives")]
#[path = "../../../testkit/src/pg.rs"]
mod pg;
mod support;

mod accounts;
mod audit;
mod db;
mod deployment;
mod groups;
mod isolation;
mod lockout;
mod messages;
mod portal;
mod races;
mod registration;
mod schema;
mod security_info;
mod sign_in;
mod sync;
