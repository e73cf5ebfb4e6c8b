use std::fs::File;
use std::io;
use std::path::Path;

use latchkey_core::password::normalise;
use latchkey_types::Password;
use memmap2::Mmap;
use sha1::Sha1;
use sha2::{Digest as _, Sha256};
use xorf::{BinaryFuse16Ref, Filter as _, FilterRef as _};

use super::format::{
    CHECKSUM_LEN, HEAD_LEN, MAGIC, SHARDS, Shard, TAIL_LEN, VERSION, key, shard_of,
};

/// The breached passwords that an operator imported, mapped into memory.
pub struct BreachedFilter {
    file: Mmap,
    shards: Vec<Shard>,
    hashes: u64,
}

/// Why a file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// It cannot be read.
    #[error("the breached-password file cannot be read")]
    Io(#[from] io::Error),
    /// It is something else.
    #[error("this is not a breached-password file; make one with `latchkey breached import`")]
    NotAFilter,
    /// It was made by another version, or on a machine of another byte order.
    #[error(
        "the breached-password file has a format that this version cannot read; import the list again"
    )]
    Version,
    /// It is incomplete or was changed.
    #[error("the breached-password file is damaged or incomplete; import the list again")]
    Damaged,
}

impl BreachedFilter {
    /// Opens a file that [`super::import()`] made. All of it is read once to verify its checksum,
    /// which takes about a second for each gigabyte; afterwards the system keeps in memory what is
    /// used.
    ///
    /// The file must not be changed in place while it is open; importing again replaces it, and an
    /// open filter goes on with what it had.
    pub fn open(path: &Path) -> Result<Self, OpenError> {
        let file = File::open(path)?;
        if file.metadata()?.len() < (HEAD_LEN + TAIL_LEN) as u64 {
            // Too short for a mapping to be worth it, and an empty file cannot be mapped.
            let torn = std::fs::read(path)?.starts_with(&MAGIC);
            return Err(if torn {
                OpenError::Damaged
            } else {
                OpenError::NotAFilter
            });
        }
        #[expect(
            unsafe_code,
            reason = "a mapping is only sound while nobody truncates or rewrites the file; import \
                      never does, it puts a new file in the place of the old one"
        )]
        // SAFETY: as the reason above says; the mapping is read-only.
        let file = unsafe { Mmap::map(&file) }?;
        let (shards, hashes) = read(&file)?;
        Ok(Self {
            file,
            shards,
            hashes,
        })
    }

    /// Whether the password is in the list that was imported. True for one in 65,536 that is not.
    pub fn contains(&self, password: &Password) -> bool {
        let sha1 = Sha1::digest(normalise(password).expose().as_bytes());
        self.contains_key(key(&sha1))
    }

    /// How many different hashes were imported.
    pub fn hashes(&self) -> u64 {
        self.hashes
    }

    fn contains_key(&self, key: u64) -> bool {
        let Some(shard) = self
            .shards
            .get(shard_of(key))
            .filter(|shard| shard.length > 0)
        else {
            return false;
        };
        let (offset, length) = (shard.offset as usize, shard.length as usize);
        self.file
            .get(offset..offset + length)
            .is_some_and(|fingerprints| {
                BinaryFuse16Ref::from_dma(&shard.descriptor, fingerprints).contains(&key)
            })
    }
}

impl std::fmt::Debug for BreachedFilter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "BreachedFilter({} hashes)", self.hashes)
    }
}

/// The table and the number of hashes, if every byte is as it was written.
fn read(file: &[u8]) -> Result<(Vec<Shard>, u64), OpenError> {
    let (magic, rest) = file.split_first_chunk().ok_or(OpenError::Damaged)?;
    if *magic != MAGIC {
        return Err(OpenError::NotAFilter);
    }
    let (version, _) = rest.split_first_chunk().ok_or(OpenError::Damaged)?;
    if u32::from_ne_bytes(*version) != VERSION {
        return Err(OpenError::Version);
    }
    let (content, checksum) = file
        .split_last_chunk::<CHECKSUM_LEN>()
        .ok_or(OpenError::Damaged)?;
    if Sha256::digest(content).as_slice() != checksum {
        return Err(OpenError::Damaged);
    }
    let (content, hashes) = content.split_last_chunk().ok_or(OpenError::Damaged)?;
    let body_end = content
        .len()
        .checked_sub(SHARDS * Shard::LEN)
        .ok_or(OpenError::Damaged)?;
    let table = content.get(body_end..).ok_or(OpenError::Damaged)?;
    let shards = table
        .chunks_exact(Shard::LEN)
        .map(|entry| Shard::from_bytes(entry, HEAD_LEN as u64..body_end as u64))
        .collect::<Option<Vec<_>>>()
        .ok_or(OpenError::Damaged)?;
    Ok((shards, u64::from_le_bytes(*hashes)))
}
