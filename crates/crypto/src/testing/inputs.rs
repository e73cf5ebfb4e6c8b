//! Repeatable entropy for tests, and keys made from it.

use std::sync::atomic::{AtomicU64, Ordering};

use latchkey_types::Entropy;

use crate::keys::{KeyedHasher, MasterKey};

/// SplitMix64 from a seed: well spread, repeatable, and of no cryptographic worth.
pub(crate) struct Seeded(AtomicU64);

impl Seeded {
    pub(crate) fn new(seed: u64) -> Self {
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
            chunk.copy_from_slice(&x.to_le_bytes()[..chunk.len()]);
        }
    }
}

/// Broken: nothing but zeros.
pub(crate) struct Zeros;

impl Entropy for Zeros {
    fn fill(&self, buffer: &mut [u8]) {
        buffer.fill(0);
    }
}

/// Hands out the given bytes, in order, and panics when they run out.
pub(crate) struct Script(std::sync::Mutex<Vec<u8>>);

impl Script {
    pub(crate) fn new(bytes: &[u8]) -> Self {
        Self(std::sync::Mutex::new(bytes.to_vec()))
    }

    pub(crate) fn left(&self) -> usize {
        self.0.lock().unwrap().len()
    }
}

impl Entropy for Script {
    fn fill(&self, buffer: &mut [u8]) {
        let mut bytes = self.0.lock().unwrap();
        let rest = bytes.split_off(buffer.len());
        buffer.copy_from_slice(&bytes);
        *bytes = rest;
    }
}

pub(crate) fn master() -> MasterKey {
    MasterKey::generate(&Seeded::new(1)).unwrap()
}

pub(crate) fn hasher() -> KeyedHasher {
    master().keyed_hasher().unwrap()
}
