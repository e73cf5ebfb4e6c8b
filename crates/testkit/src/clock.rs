use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use latchkey_types::{Clock, Entropy, Timestamp};

/// A clock that stands still until it is moved.
#[derive(Debug)]
pub struct TestClock(AtomicI64);

impl TestClock {
    /// A clock that shows 2026-11-21, 09:30 UTC.
    pub fn new() -> Self {
        Self(AtomicI64::new(1_795_253_400_000_000))
    }

    /// Moves it on.
    pub fn advance(&self, time: Duration) {
        let micros = i64::try_from(time.as_micros()).unwrap_or(i64::MAX);
        self.0.fetch_add(micros, Ordering::SeqCst);
    }
}

impl Default for TestClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.load(Ordering::SeqCst))
    }
}

/// SplitMix64 from a seed: well spread, repeatable, and of no cryptographic worth.
#[derive(Debug)]
pub struct Seeded(AtomicU64);

impl Seeded {
    /// Entropy that begins at a seed.
    pub const fn new(seed: u64) -> Self {
        Self(AtomicU64::new(seed))
    }
}

impl Entropy for Seeded {
    fn fill(&self, buffer: &mut [u8]) {
        for chunk in buffer.chunks_mut(8) {
            let mut x = self.0.fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::Relaxed);
            x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            x ^= x >> 31;
            let length = chunk.len();
            chunk.copy_from_slice(&x.to_le_bytes()[..length]);
        }
    }
}
