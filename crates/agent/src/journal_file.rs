use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use latchkey_types::{OperationId, Timestamp};
use latchkey_wire::journal::{Begin, Journal, JournalError, Signed};
use latchkey_wire::operation::Context;

use crate::files;

/// Why the journal cannot go on. The process ends: whatever was under way is found out afterwards.
#[derive(Debug, thiserror::Error)]
pub enum JournalFault {
    /// It is not as it was written.
    #[error("the journal {0}: {1}")]
    Journal(PathBuf, JournalError),
    /// The disk.
    #[error("the journal {0} cannot be written: {1}")]
    Disk(PathBuf, io::Error),
}

/// The journal and its file, always in step: a method returns when its record is on the disk.
pub(crate) struct JournalFile {
    path: PathBuf,
    file: File,
    journal: Journal,
}

impl JournalFile {
    /// Where it is in a folder.
    pub(crate) fn path(folder: &Path) -> PathBuf {
        folder.join("journal")
    }

    /// Makes a new one, for a new agent.
    pub(crate) fn create(folder: &Path, floor: Timestamp) -> Result<(), JournalFault> {
        let path = Self::path(folder);
        let (_, bytes) = Journal::create(floor);
        files::replace(&path, &bytes).map_err(|error| JournalFault::Disk(path, error))
    }

    /// Opens it, and cuts off what a crash has torn.
    pub(crate) fn open(folder: &Path) -> Result<Self, JournalFault> {
        let path = Self::path(folder);
        let disk = |error| JournalFault::Disk(path.clone(), error);
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .open(&path)
            .map_err(disk)?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).map_err(disk)?;
        let replay =
            Journal::replay(&bytes).map_err(|error| JournalFault::Journal(path.clone(), error))?;
        if replay.good == 0 {
            // It is put in its place whole, so this is damage.
            let error = JournalError::Damaged { at: 0 };
            return Err(JournalFault::Journal(path, error));
        }
        if replay.good < bytes.len() {
            tracing::warn!(
                bytes = bytes.len() - replay.good,
                "a torn record of the journal is dropped"
            );
            file.set_len(replay.good as u64).map_err(disk)?;
            file.sync_all().map_err(disk)?;
        }
        file.seek(SeekFrom::Start(replay.good as u64))
            .map_err(disk)?;
        Ok(Self {
            path,
            file,
            journal: replay.journal,
        })
    }

    /// Reads it, beside whoever owns it.
    pub(crate) fn open_to_read(folder: &Path) -> Result<Journal, JournalFault> {
        let path = Self::path(folder);
        let bytes =
            std::fs::read(&path).map_err(|error| JournalFault::Disk(path.clone(), error))?;
        match Journal::replay(&bytes) {
            Ok(replay) => Ok(replay.journal),
            Err(error) => Err(JournalFault::Journal(path, error)),
        }
    }

    pub(crate) const fn journal(&self) -> &Journal {
        &self.journal
    }

    pub(crate) fn begin(&mut self, context: &Context) -> Result<Begin, JournalFault> {
        let begin = self.journal.begin(context);
        if let Begin::New(record) = &begin {
            self.append(record)?;
        }
        Ok(begin)
    }

    pub(crate) fn done(&mut self, signed: Signed) -> Result<(), JournalFault> {
        let record = self
            .journal
            .done(signed)
            .map_err(|error| JournalFault::Journal(self.path.clone(), error))?;
        self.append(&record)
    }

    pub(crate) fn delivered(&mut self, id: OperationId) -> Result<bool, JournalFault> {
        match self.journal.delivered(id) {
            Some(record) => self.append(&record).map(|()| true),
            None => Ok(false),
        }
    }

    /// Forgets what was delivered long ago, if that is worth it.
    pub(crate) fn tidy(&mut self, now: Timestamp) -> Result<(), JournalFault> {
        if !self.journal.is_worth_compacting(now) {
            return Ok(());
        }
        let compacted = self.journal.compact(now);
        let disk = |error| JournalFault::Disk(self.path.clone(), error);
        files::replace(&self.path, &compacted.bytes).map_err(disk)?;
        let mut file = OpenOptions::new()
            .write(true)
            .open(&self.path)
            .map_err(disk)?;
        file.seek(SeekFrom::End(0)).map_err(disk)?;
        self.file = file;
        self.journal = compacted.journal;
        Ok(())
    }

    /// In the thread that asks: two small writes per operation, and nothing of it may go on before.
    fn append(&mut self, record: &[u8]) -> Result<(), JournalFault> {
        self.file
            .write_all(record)
            .and_then(|()| self.file.sync_data())
            .map_err(|error| JournalFault::Disk(self.path.clone(), error))
    }
}

#[cfg(test)]
mod tests {
    use latchkey_types::{TenantId, UserId};
    use latchkey_wire::operation::Verb;

    use super::*;

    fn context(number: u128) -> Context {
        Context {
            id: OperationId(uuid::Uuid::from_u128(number)),
            tenant: TenantId(uuid::Uuid::from_u128(1)),
            user: UserId(uuid::Uuid::from_u128(2)),
            verb: Verb::Reset,
            expires_at: Timestamp(number as i64),
        }
    }

    fn signed(number: u128) -> Signed {
        Signed {
            id: context(number).id,
            answer: format!("answer {number}"),
            key_number: 1,
            signature: vec![1; 64],
        }
    }

    #[test]
    fn a_file_that_was_tidied_is_short_and_goes_on() {
        let folder = tempfile::tempdir().unwrap();
        JournalFile::create(folder.path(), Timestamp(0)).unwrap();
        let length = || {
            std::fs::metadata(folder.path().join("journal"))
                .unwrap()
                .len()
        };
        let mut file = JournalFile::open(folder.path()).unwrap();
        for number in 1..=30 {
            assert!(matches!(
                file.begin(&context(number)).unwrap(),
                Begin::New(_)
            ));
            file.done(signed(number)).unwrap();
            assert!(file.delivered(context(number).id).unwrap());
            assert!(!file.delivered(context(number).id).unwrap());
        }
        file.begin(&context(50)).unwrap();
        let before = length();
        let year = Timestamp::from_seconds(31_000_000);
        file.tidy(Timestamp(0)).unwrap();
        assert_eq!(length(), before, "nothing is old");
        file.tidy(year).unwrap();
        assert!(length() * 10 < before);
        // What comes afterwards is in the new file.
        file.done(signed(50)).unwrap();
        drop(file);
        let mut file = JournalFile::open(folder.path()).unwrap();
        assert_eq!(file.begin(&context(50)).unwrap(), Begin::Done(signed(50)));
        assert_eq!(file.begin(&context(30)).unwrap(), Begin::TooOld);
        assert_eq!(file.journal().undelivered().count(), 1);
        assert_eq!(
            JournalFile::open_to_read(folder.path()).unwrap(),
            *file.journal()
        );
    }
}
