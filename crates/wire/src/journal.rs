//! The journal that makes sure that nothing is done twice.
//!
//! A machine over bytes: whoever owns the file appends what it gives, makes it durable, and only then
//! goes on. The order is
//!
//! 1. [`Journal::begin`], append, sync;
//! 2. the directory;
//! 3. [`Journal::done`], append, sync;
//! 4. the answer is sent, as often as it takes;
//! 5. [`Journal::delivered`] when the service has kept it.
//!
//! What was begun and is not done after a crash is *unknown*: it is found out, never done again.
//!
//! # The file
//!
//! Records one after another: `length (4) | check of the length (4) | check (4) | JSON`. Numbers are
//! big-endian; the checks are CRC-32, and that of a record goes on from the one before it, so that a
//! record which is missing in the middle is noticed like one that was changed. A check is no
//! signature: the file is protected by its permissions.
//!
//! A crash can leave the last record torn: cut short, or followed by nothing but zeros. It was not
//! durable, so nobody went on because of it, and it is dropped. Anything else that is wrong is
//! [`JournalError::Damaged`].
//!
//! Each record has to be made durable before the next one is appended; then a crash can only tear
//! the last one.

use std::collections::BTreeMap;
use std::time::Duration;

use latchkey_types::{OperationId, Timestamp};
use serde::{Deserialize, Serialize};

use crate::Base64;
use crate::operation::Context;

const VERSION: u32 = 1;
const HEADER: usize = 12;
/// The longest record: an answer with its detail is far shorter.
const RECORD_MAX: usize = 1 << 16;

/// For how long after its expiry an operation is remembered, at least. Longer than any clock is
/// wrong between two looks at the service's.
pub const REMEMBERED: Duration = Duration::from_hours(24);

/// An answer as it was signed: it is sent as it is, however often.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signed {
    /// The operation.
    pub id: OperationId,
    /// A [`crate::operation::Answer`], as it was signed.
    pub answer: String,
    /// The number of the keys that signed it.
    pub key_number: u32,
    /// [`crate::proof::answer`], signed.
    pub signature: Vec<u8>,
}

/// What is to be done with a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Begin {
    /// It is new: append these bytes, make them durable, then do it.
    New(Vec<u8>),
    /// It was done: this is the answer.
    Done(Signed),
    /// It was begun: now, or before a crash. Do not do it.
    UnderWay,
    /// It is as old as what was forgotten already. It was done and its answer delivered, or it will
    /// never be done: find out which by testing, without noting it here.
    TooOld,
    /// There is another one with its id. Do not do it.
    Conflict,
}

/// Why a journal cannot be read or cannot go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum JournalError {
    /// Something in its middle is not as it was written.
    #[error("the journal is damaged at byte {at}")]
    Damaged {
        /// Where.
        at: usize,
    },
    /// It was written by a newer version.
    #[error("the journal is of version {0}, which this program does not know")]
    Version(u32),
    /// A step out of turn.
    #[error("the operation was not begun, or is done already")]
    OutOfTurn,
    /// A record longer than a journal holds.
    #[error("the record is too long")]
    TooLong,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "snake_case", deny_unknown_fields)]
enum Record {
    Head {
        version: u32,
        floor: Timestamp,
    },
    Begun {
        context: Context,
    },
    Done {
        id: OperationId,
        answer: String,
        key_number: u32,
        signature: Base64,
    },
    Delivered {
        id: OperationId,
    },
    Floor {
        floor: Timestamp,
    },
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum State {
    Begun,
    Done(Signed),
    Delivered(Signed),
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Entry {
    context: Context,
    state: State,
}

/// The journal in memory, as its file has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Journal {
    entries: BTreeMap<OperationId, Entry>,
    floor: Timestamp,
    check: u32,
    records: usize,
}

/// What a file said.
#[derive(Debug)]
pub struct Replay {
    /// The journal.
    pub journal: Journal,
    /// How many bytes of the file are good: cut it to that length before anything is appended. 0: it
    /// never held a whole record, and has to begin with [`Journal::create`] again.
    pub good: usize,
}

/// What a compacted journal is: append to nothing else.
#[derive(Debug)]
pub struct Compacted {
    /// The whole new file, to be put in the place of the old one at once.
    pub bytes: Vec<u8>,
    /// The journal that goes with it, to be used once the file is in place.
    pub journal: Journal,
}

impl Journal {
    /// A new one, and the first bytes of its file. Whatever expires at `floor` or before is refused.
    pub fn create(floor: Timestamp) -> (Self, Vec<u8>) {
        let mut journal = Self {
            entries: BTreeMap::new(),
            floor,
            check: 0,
            records: 0,
        };
        let bytes = journal.frame(&Record::Head {
            version: VERSION,
            floor,
        });
        (journal, bytes)
    }

    /// Reads a file.
    pub fn replay(file: &[u8]) -> Result<Replay, JournalError> {
        let mut journal = Self {
            entries: BTreeMap::new(),
            floor: Timestamp(i64::MIN),
            check: 0,
            records: 0,
        };
        let mut at = 0;
        while let Some((record, next)) = journal.read(file, at)? {
            journal
                .apply(record, at == 0)
                .map_err(|error| match error {
                    JournalError::Version(_) => error,
                    _ => JournalError::Damaged { at },
                })?;
            journal.records += 1;
            at = next;
        }
        Ok(Replay { journal, good: at })
    }

    /// The record at a place and where the next one is; `None` at the end or where it is torn.
    fn read(&mut self, file: &[u8], at: usize) -> Result<Option<(Record, usize)>, JournalError> {
        let rest = file.get(at..).unwrap_or_default();
        let damaged = Err(JournalError::Damaged { at });
        let Some((header, after)) = rest.split_first_chunk::<HEADER>() else {
            // Cut within a header, or the end.
            return Ok(None);
        };
        let ([length, of_length, of_body], []) = header.as_chunks::<4>() else {
            return damaged;
        };
        if crc(0, length) != u32::from_be_bytes(*of_length) {
            // Zeros from within the header to the end are what a crash leaves of a longer file.
            let torn = of_body.last() == Some(&0) && after.iter().all(|byte| *byte == 0);
            return if torn { Ok(None) } else { damaged };
        }
        let length = u32::from_be_bytes(*length) as usize;
        if length > RECORD_MAX {
            return damaged;
        }
        let Some((body, behind)) = after.split_at_checked(length) else {
            return Ok(None);
        };
        let check = crc(self.check, body);
        if check != u32::from_be_bytes(*of_body) {
            let last = behind.iter().all(|byte| *byte == 0);
            return if last { Ok(None) } else { damaged };
        }
        let Ok(record) = serde_json::from_slice(body) else {
            return damaged;
        };
        self.check = check;
        Ok(Some((record, at + HEADER + length)))
    }

    fn apply(&mut self, record: Record, first: bool) -> Result<(), JournalError> {
        match record {
            Record::Head { version, floor } if first => {
                if version != VERSION {
                    return Err(JournalError::Version(version));
                }
                self.floor = floor;
            }
            _ if first => return Err(JournalError::OutOfTurn),
            Record::Head { .. } => return Err(JournalError::OutOfTurn),
            Record::Floor { floor } => self.floor = self.floor.max(floor),
            Record::Begun { context } => {
                let entry = Entry {
                    context,
                    state: State::Begun,
                };
                let id = entry.context.id;
                if self.entries.insert(id, entry).is_some() {
                    return Err(JournalError::OutOfTurn);
                }
            }
            Record::Done {
                id,
                answer,
                key_number,
                signature,
            } => {
                let entry = self.entries.get_mut(&id).ok_or(JournalError::OutOfTurn)?;
                if entry.state != State::Begun {
                    return Err(JournalError::OutOfTurn);
                }
                entry.state = State::Done(Signed {
                    id,
                    answer,
                    key_number,
                    signature: signature.0,
                });
            }
            Record::Delivered { id } => {
                let entry = self.entries.get_mut(&id).ok_or(JournalError::OutOfTurn)?;
                let State::Done(signed) = &entry.state else {
                    return Err(JournalError::OutOfTurn);
                };
                entry.state = State::Delivered(signed.clone());
            }
        }
        Ok(())
    }

    fn frame(&mut self, record: &Record) -> Vec<u8> {
        let body = crate::encode(record);
        self.check = crc(self.check, body.as_bytes());
        self.records += 1;
        let length = u32::try_from(body.len()).unwrap_or(u32::MAX).to_be_bytes();
        let mut bytes = Vec::with_capacity(HEADER + body.len());
        bytes.extend_from_slice(&length);
        bytes.extend_from_slice(&crc(0, &length).to_be_bytes());
        bytes.extend_from_slice(&self.check.to_be_bytes());
        bytes.extend_from_slice(body.as_bytes());
        bytes
    }

    /// Asks whether an operation may be done. Of the verbs only those that write belong here.
    pub fn begin(&mut self, context: &Context) -> Begin {
        match self.entries.get(&context.id) {
            Some(entry) if entry.context != *context => Begin::Conflict,
            Some(Entry {
                state: State::Begun,
                ..
            }) => Begin::UnderWay,
            Some(Entry {
                state: State::Done(signed) | State::Delivered(signed),
                ..
            }) => Begin::Done(signed.clone()),
            None if context.expires_at <= self.floor => Begin::TooOld,
            None => {
                let context = context.clone();
                let entry = Entry {
                    context: context.clone(),
                    state: State::Begun,
                };
                self.entries.insert(context.id, entry);
                Begin::New(self.frame(&Record::Begun { context }))
            }
        }
    }

    /// Notes what came of an operation that was begun: append these bytes and make them durable
    /// before the answer leaves.
    pub fn done(&mut self, signed: Signed) -> Result<Vec<u8>, JournalError> {
        let entry = self
            .entries
            .get_mut(&signed.id)
            .filter(|entry| entry.state == State::Begun)
            .ok_or(JournalError::OutOfTurn)?;
        if signed.answer.len() > RECORD_MAX / 8 {
            return Err(JournalError::TooLong);
        }
        entry.state = State::Done(signed.clone());
        Ok(self.frame(&Record::Done {
            id: signed.id,
            answer: signed.answer,
            key_number: signed.key_number,
            signature: Base64(signed.signature),
        }))
    }

    /// Notes that the service has kept an answer. `None`: there is none, or it was noted before.
    pub fn delivered(&mut self, id: OperationId) -> Option<Vec<u8>> {
        let entry = self.entries.get_mut(&id)?;
        let State::Done(signed) = &entry.state else {
            return None;
        };
        entry.state = State::Delivered(signed.clone());
        Some(self.frame(&Record::Delivered { id }))
    }

    /// From now on refuses what expires at this moment or before and is not in here.
    pub fn raise_floor(&mut self, floor: Timestamp) -> Option<Vec<u8>> {
        (floor > self.floor).then(|| {
            self.floor = floor;
            self.frame(&Record::Floor { floor })
        })
    }

    /// Answers that the service has not kept yet.
    pub fn undelivered(&self) -> impl Iterator<Item = &Signed> {
        self.entries
            .values()
            .filter_map(|entry| match &entry.state {
                State::Done(signed) => Some(signed),
                State::Begun | State::Delivered(_) => None,
            })
    }

    /// Operations that were begun and are not done.
    pub fn begun(&self) -> impl Iterator<Item = &Context> {
        self.entries
            .values()
            .filter(|entry| entry.state == State::Begun)
            .map(|entry| &entry.context)
    }

    /// What came of an operation, if that is known.
    pub fn answer(&self, id: OperationId) -> Option<&Signed> {
        match &self.entries.get(&id)?.state {
            State::Done(signed) | State::Delivered(signed) => Some(signed),
            State::Begun => None,
        }
    }

    /// Whether there is anything with this id.
    pub fn knows(&self, id: OperationId) -> bool {
        self.entries.contains_key(&id)
    }

    /// Whatever expires here or before and is unknown is refused.
    pub const fn floor(&self) -> Timestamp {
        self.floor
    }

    /// Whether compaction would save more than half of the file.
    pub fn is_worth_compacting(&self, now: Timestamp) -> bool {
        let kept = self.entries.values().filter(|entry| keeps(entry, now));
        self.records > 64 && self.records > 2 * (1 + 3 * kept.count())
    }

    /// The journal without what was delivered and has expired long ago. Of what is forgotten, the
    /// latest expiry becomes the floor, so that it stays refused whatever a clock says.
    pub fn compact(&self, now: Timestamp) -> Compacted {
        let (kept, forgotten): (Vec<&Entry>, Vec<&Entry>) =
            self.entries.values().partition(|entry| keeps(entry, now));
        let floor = forgotten
            .iter()
            .map(|entry| entry.context.expires_at)
            .fold(self.floor, Ord::max);
        let (mut journal, mut bytes) = Self::create(floor);
        for entry in kept {
            let id = entry.context.id;
            bytes.extend(journal.frame(&Record::Begun {
                context: entry.context.clone(),
            }));
            if let State::Done(signed) | State::Delivered(signed) = &entry.state {
                bytes.extend(journal.frame(&Record::Done {
                    id,
                    answer: signed.answer.clone(),
                    key_number: signed.key_number,
                    signature: Base64(signed.signature.clone()),
                }));
            }
            if matches!(entry.state, State::Delivered(_)) {
                bytes.extend(journal.frame(&Record::Delivered { id }));
            }
            journal.entries.insert(id, entry.clone());
        }
        Compacted { bytes, journal }
    }
}

fn keeps(entry: &Entry, now: Timestamp) -> bool {
    !matches!(entry.state, State::Delivered(_)) || entry.context.expires_at.plus(REMEMBERED) > now
}

/// CRC-32 (ISO-HDLC, as in gzip), going on from another one.
fn crc(before: u32, bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!before, |crc, byte| {
        let [low, ..] = crc.to_le_bytes();
        // A byte always finds its row: the table has 256.
        let row = TABLE.get(usize::from(low ^ byte)).copied().unwrap_or(0);
        (crc >> 8) ^ row
    })
}

const TABLE: [u32; 256] = table();

const fn table() -> [u32; 256] {
    let mut table = [0; 256];
    let mut row = 0;
    while row < table.len() {
        let mut value = row as u32;
        let mut bit = 0;
        while bit < 8 {
            value = (value >> 1) ^ if value & 1 == 1 { 0xedb8_8320 } else { 0 };
            bit += 1;
        }
        table[row] = value;
        row += 1;
    }
    table
}

#[cfg(test)]
#[path = "journal_tests.rs"]
mod tests;
