/// A source of unpredictable bytes. In production it is the operating system's generator; in a test
/// it is seeded, so that a run can be repeated.
pub trait Entropy: Send + Sync {
    /// Fills the whole buffer. An implementation that cannot must end the process rather than
    /// return weak bytes.
    fn fill(&self, buffer: &mut [u8]);
}

/// `N` fresh bytes.
pub fn random_bytes<const N: usize>(entropy: &dyn Entropy) -> [u8; N] {
    let mut bytes = [0; N];
    entropy.fill(&mut bytes);
    bytes
}
