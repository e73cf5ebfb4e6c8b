//! The file: magic, version, the fingerprints of 256 filters one after the other, a table of the
//! filters, how many hashes there are, and a SHA-256 of all that goes before it. What is known last
//! comes last, so that the file is written in one pass.
//!
//! Numbers are little-endian, but for the version and the fingerprints, which are in the order of
//! the machine: a file from a machine of the other order is refused for its version.

/// First bytes of the file.
pub(super) const MAGIC: [u8; 8] = *b"LKbreach";
/// Version of the format.
pub(super) const VERSION: u32 = 1;
/// Magic and version; a multiple of four, so the fingerprints behind it are aligned.
pub(super) const HEAD_LEN: usize = MAGIC.len() + size_of::<u32>();
/// One filter for each first byte of a hash, which bounds the memory that building one takes.
pub(super) const SHARDS: usize = 256;
/// Length of the SHA-256 at the end.
pub(super) const CHECKSUM_LEN: usize = 32;
/// Table, number of hashes, checksum.
pub(super) const TAIL_LEN: usize = SHARDS * Shard::LEN + size_of::<u64>() + CHECKSUM_LEN;

const DESCRIPTOR_LEN: usize = 20;

/// Where one filter is, and its numbers.
#[derive(Clone, Copy)]
pub(super) struct Shard {
    /// First byte of its fingerprints in the file.
    pub(super) offset: u64,
    /// How many bytes its fingerprints take; 0 if it has no hash.
    pub(super) length: u64,
    /// The filter's own numbers, as the library writes them.
    pub(super) descriptor: [u8; DESCRIPTOR_LEN],
}

impl Shard {
    pub(super) const LEN: usize = 16 + DESCRIPTOR_LEN;

    pub(super) fn to_bytes(self) -> [u8; Self::LEN] {
        let mut bytes = [0; Self::LEN];
        bytes[..8].copy_from_slice(&self.offset.to_le_bytes());
        bytes[8..16].copy_from_slice(&self.length.to_le_bytes());
        bytes[16..].copy_from_slice(&self.descriptor);
        bytes
    }

    /// Reads an entry of the table. None, if its filter could ask for a fingerprint that it does
    /// not have: the library does not check, it panics.
    pub(super) fn from_bytes(bytes: &[u8], body: std::ops::Range<u64>) -> Option<Self> {
        let (offset, rest) = bytes.split_first_chunk::<8>()?;
        let (length, rest) = rest.split_first_chunk::<8>()?;
        let shard = Self {
            offset: u64::from_le_bytes(*offset),
            length: u64::from_le_bytes(*length),
            descriptor: rest.try_into().ok()?,
        };
        let end = shard.offset.checked_add(shard.length)?;
        let inside =
            shard.offset >= body.start && end <= body.end && shard.offset.is_multiple_of(2);
        (inside && (shard.length == 0 || shard.is_sound())).then_some(shard)
    }

    /// Whether every hash leads to fingerprints that are there: a hash asks one in each of three
    /// neighbouring segments of a power of two.
    fn is_sound(&self) -> bool {
        let number = |at: usize| {
            let bytes = self
                .descriptor
                .get(at..at + 4)
                .and_then(|b| b.try_into().ok());
            u64::from(bytes.map_or(0, u32::from_le_bytes))
        };
        let (segment, mask, segments) = (number(8), number(12), number(16));
        segment.is_power_of_two()
            && mask == segment - 1
            && segments > 0
            && segments.is_multiple_of(segment)
            && self.length.is_multiple_of(2)
            && segments + 2 * segment == self.length / 2
            && u32::try_from(self.length / 2).is_ok()
    }
}

/// The key of a hash in the filters: its first eight bytes.
pub(super) fn key(sha1: &[u8]) -> u64 {
    sha1.first_chunk::<8>()
        .map_or(0, |bytes| u64::from_be_bytes(*bytes))
}

/// The filter that a key belongs to: the first byte of the hash.
pub(super) const fn shard_of(key: u64) -> usize {
    (key >> 56) as usize
}
