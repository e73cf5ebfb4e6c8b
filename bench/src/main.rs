//! What Latchkey costs, each figure beside its limit, measured in the same run.
//!
//! `cargo build --release --workspace && cargo run --release -p latchkey-bench -- resets|sign-ins|pages|look-up|expiry|synchronise|writeback|start|memory|weight`
//!
//! The service is the real program, pinned to processor 0; whoever asks is on processor 1. `look-up`,
//! `expiry` and `synchronise` are use cases alone, without a server around them. Method and
//! results: `docs/performance.md`.
#![expect(
    clippy::print_stdout,
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::panic,
    reason = "a benchmark asks the clock, prints, and ends when something is wrong"
)]

mod bare;
mod crowd;
mod expiry;
mod look_up;
mod memory;
mod pages;
#[path = "../../crates/server/tests/process/relay.rs"]
#[expect(dead_code, reason = "the tests use the rest")]
mod relay;
mod resets;
mod service;
mod sign_ins;
mod start;
mod synchronise;
mod weight;
mod writeback;

use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    match arguments.as_slice() {
        ["resets"] => runtime.block_on(resets::run()),
        ["sign-ins"] => runtime.block_on(sign_ins::run()),
        ["look-up"] => runtime.block_on(look_up::run()),
        ["expiry"] => runtime.block_on(expiry::run(1_000_000)),
        ["expiry", users] => runtime.block_on(expiry::run(users.parse().unwrap())),
        ["synchronise"] => synchronise::run(100_000),
        ["synchronise", users] => synchronise::run(users.parse().unwrap()),
        ["writeback"] => runtime.block_on(writeback::run()),
        ["pages"] => runtime.block_on(pages::run()),
        ["start"] => runtime.block_on(start::run()),
        ["memory"] => runtime.block_on(memory::run()),
        ["weight"] => runtime.block_on(weight::run()),
        // Limits, as processes of their own on the service's processor.
        ["raw"] => resets::raw(),
        ["tell", database, days] => runtime.block_on(expiry::tell(database, days.parse().unwrap())),
        ["mark", database, days] => runtime.block_on(expiry::mark(database, days.parse().unwrap())),
        ["synchronise-part", part, users] => {
            runtime.block_on(synchronise::part(part, users.parse().unwrap()));
        }
        ["bare", bytes] => runtime.block_on(bare::serve(bytes.parse().unwrap())),
        _ => {
            println!(
                "usage: latchkey-bench resets|sign-ins|pages|look-up|expiry|synchronise|writeback|start|memory|weight"
            );
            return ExitCode::from(2);
        }
    }
    ExitCode::SUCCESS
}
