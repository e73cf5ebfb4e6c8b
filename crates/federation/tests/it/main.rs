//! The relying party against two providers: a double that can lie in every way, and
//! node-oidc-provider, which is not ours.

mod discovery;
mod double;
mod keys;
mod provider;
mod refusals;

use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use latchkey_federation::{Client, Options};
use latchkey_types::Entropy;

/// A client that reaches this machine.
pub(crate) fn client(timeout: Duration) -> Client {
    Client::new(&Options {
        timeout,
        extra_ca_file: None,
        allow_private: true,
    })
    .expect("a client")
}

/// Bytes that never come twice.
#[derive(Default)]
pub(crate) struct Counting(AtomicU8);

impl Entropy for Counting {
    fn fill(&self, buffer: &mut [u8]) {
        buffer.fill(self.0.fetch_add(1, Ordering::Relaxed));
    }
}
