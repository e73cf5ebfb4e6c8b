use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter, Read as _, Write};
use std::path::{Path, PathBuf};

use flate2::bufread::MultiGzDecoder;
use sha2::{Digest as _, Sha256};
use tempfile::{NamedTempFile, TempDir};
use xorf::{BinaryFuse16, DmaSerializable as _};

use super::format::{HEAD_LEN, MAGIC, SHARDS, Shard, VERSION, key, shard_of};

/// Longest line that is read, in bytes. A hash with its count has at most 61.
const MAX_LINE: u64 = 256;

/// First bytes of a gzip file (RFC 1952 §2.3.1).
const GZIP: [u8; 2] = [0x1F, 0x8B];

/// Buffer of each of the 256 temporary files, in bytes.
const SPOOL_BUFFER: usize = 32 * 1024;

/// What was imported.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Imported {
    /// How many different hashes.
    pub hashes: u64,
    /// Size of the file that was made, in bytes.
    pub bytes: u64,
}

/// Why nothing was imported. What was there before is still there.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The list cannot be opened.
    #[error("the list cannot be opened")]
    Open(#[source] io::Error),
    /// Reading the list failed.
    #[error("reading the list failed at line {line}")]
    Read {
        /// The line, from 1.
        line: u64,
        /// What the system, or gzip, says.
        source: io::Error,
    },
    /// A line is not a hash.
    #[error(
        "line {line} is not a SHA-1 hash of 40 hexadecimal digits, alone or followed by `:` and a count"
    )]
    BadLine {
        /// The line, from 1.
        line: u64,
    },
    /// There is no hash in the list.
    #[error("the list has no hashes")]
    Empty,
    /// The new file or a temporary file cannot be written.
    #[error("the breached-password file cannot be written")]
    Write(#[source] io::Error),
    /// The hashes that begin with one byte do not fit a filter.
    #[error("no filter could be built for the hashes that begin with {first_byte:02X}")]
    Build {
        /// The byte.
        first_byte: u8,
    },
}

/// Reads a list in the format of Pwned Passwords (a SHA-1 in hexadecimal on each line, `:` and a
/// count behind it or not, in any order and case, plain or gzip) and puts the filter at `target` in
/// one step, or leaves everything as it was.
///
/// Beside `target` it needs room for 8 bytes a hash while it works, and for the new file. Memory
/// stays under 300 MB for a list of a billion. It blocks: call it off the async threads.
pub fn import(list: &Path, target: &Path) -> Result<Imported, ImportError> {
    let folder = target
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new("."));
    let mut list = BufReader::new(File::open(list).map_err(ImportError::Open)?);
    let mut spool = Spool::new(folder).map_err(ImportError::Write)?;
    let start = list
        .fill_buf()
        .map_err(|source| ImportError::Read { line: 1, source })?;
    if start.starts_with(&GZIP) {
        spool_lines(&mut BufReader::new(MultiGzDecoder::new(list)), &mut spool)?;
    } else {
        spool_lines(&mut list, &mut spool)?;
    }
    build(spool, folder, target)
}

/// Keys sorted roughly, by shard, into temporary files, which are gone when this is dropped.
struct Spool {
    folder: TempDir,
    shards: Vec<BufWriter<File>>,
}

impl Spool {
    fn new(beside: &Path) -> io::Result<Self> {
        let folder = tempfile::Builder::new()
            .prefix(".breached-import-")
            .tempdir_in(beside)?;
        let shards = (0..SHARDS)
            .map(|shard| {
                let file = File::create_new(Self::path(&folder, shard))?;
                Ok(BufWriter::with_capacity(SPOOL_BUFFER, file))
            })
            .collect::<io::Result<_>>()?;
        Ok(Self { folder, shards })
    }

    fn path(folder: &TempDir, shard: usize) -> PathBuf {
        folder.path().join(format!("{shard:02x}"))
    }

    fn push(&mut self, key: u64) -> io::Result<()> {
        self.shards
            .get_mut(shard_of(key))
            .map_or(Ok(()), |file| file.write_all(&key.to_le_bytes()))
    }

    /// The different keys of one shard.
    fn take(folder: &TempDir, shard: usize) -> io::Result<Vec<u64>> {
        let path = Self::path(folder, shard);
        let bytes = std::fs::read(&path)?;
        std::fs::remove_file(&path)?;
        let (keys, _) = bytes.as_chunks::<8>();
        let mut keys: Vec<u64> = keys.iter().map(|key| u64::from_le_bytes(*key)).collect();
        keys.sort_unstable();
        keys.dedup();
        Ok(keys)
    }
}

fn spool_lines(list: &mut impl BufRead, spool: &mut Spool) -> Result<(), ImportError> {
    let mut bytes = Vec::new();
    let mut hashes = 0_u64;
    for line in 1.. {
        bytes.clear();
        let read = list.by_ref().take(MAX_LINE).read_until(b'\n', &mut bytes);
        if read.map_err(|source| ImportError::Read { line, source })? == 0 {
            break;
        }
        let text = bytes.trim_ascii();
        if text.is_empty() && bytes.len() < MAX_LINE as usize {
            continue;
        }
        let key = parse(text).ok_or(ImportError::BadLine { line })?;
        spool.push(key).map_err(ImportError::Write)?;
        hashes += 1;
    }
    if hashes == 0 {
        Err(ImportError::Empty)
    } else {
        Ok(())
    }
}

/// The key of a line.
fn parse(line: &[u8]) -> Option<u64> {
    let (hex, rest) = line.split_at_checked(40)?;
    let counted = match rest {
        [] => true,
        [b':', count @ ..] => !count.is_empty() && count.iter().all(u8::is_ascii_digit),
        _ => false,
    };
    let mut sha1 = [0_u8; 20];
    let (pairs, _) = hex.as_chunks::<2>();
    for (byte, [high, low]) in sha1.iter_mut().zip(pairs) {
        let digit = |c: u8| char::from(c).to_digit(16);
        *byte = (digit(*high)? << 4 | digit(*low)?) as u8;
    }
    counted.then(|| key(&sha1))
}

/// Writes, and hashes and counts what it writes.
struct Hashing<W> {
    inner: W,
    hash: Sha256,
    written: u64,
}

impl<W: Write> Hashing<W> {
    fn put(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.hash.update(bytes);
        self.written += bytes.len() as u64;
        self.inner.write_all(bytes)
    }
}

fn build(spool: Spool, folder: &Path, target: &Path) -> Result<Imported, ImportError> {
    let Spool {
        folder: spool,
        shards,
    } = spool;
    for file in shards {
        file.into_inner()
            .map_err(|error| ImportError::Write(error.into_error()))?;
    }
    let temp = NamedTempFile::new_in(folder).map_err(ImportError::Write)?;
    let mut out = Hashing {
        inner: BufWriter::new(temp),
        hash: Sha256::new(),
        written: 0,
    };
    let mut put = |bytes: &[u8]| {
        out.put(bytes).map_err(ImportError::Write)?;
        Ok(out.written)
    };
    put(&MAGIC)?;
    put(&VERSION.to_ne_bytes())?;

    let mut hashes = 0_u64;
    let mut offset = HEAD_LEN as u64;
    let mut table = Vec::with_capacity(SHARDS * Shard::LEN);
    for first_byte in 0..=u8::MAX {
        let keys = Spool::take(&spool, usize::from(first_byte)).map_err(ImportError::Write)?;
        let mut shard = Shard {
            offset,
            length: 0,
            descriptor: [0; 20],
        };
        if !keys.is_empty() {
            hashes += keys.len() as u64;
            let filter = BinaryFuse16::try_from(keys.as_slice())
                .map_err(|_| ImportError::Build { first_byte })?;
            filter.dma_copy_descriptor_to(&mut shard.descriptor);
            offset = put(filter.dma_fingerprints())?;
            shard.length = offset - shard.offset;
        }
        table.extend(shard.to_bytes());
    }
    put(&table)?;
    put(&hashes.to_le_bytes())?;
    let checksum = out.hash.finalize();
    let bytes = out.written + checksum.len() as u64;
    out.inner.write_all(&checksum).map_err(ImportError::Write)?;
    let temp = out
        .inner
        .into_inner()
        .map_err(|error| ImportError::Write(error.into_error()))?;
    put_in_place(temp, folder, target).map_err(ImportError::Write)?;
    Ok(Imported { hashes, bytes })
}

/// Makes the new file last, then gives it its name: a crash leaves the old file or the new one.
fn put_in_place(temp: NamedTempFile, folder: &Path, target: &Path) -> io::Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        // Nothing in it is secret, and the service may run as another user than who imports.
        temp.as_file()
            .set_permissions(std::fs::Permissions::from_mode(0o644))?;
    }
    temp.as_file().sync_all()?;
    temp.persist(target).map_err(|error| error.error)?;
    #[cfg(unix)]
    File::open(folder)?.sync_all()?;
    Ok(())
}
