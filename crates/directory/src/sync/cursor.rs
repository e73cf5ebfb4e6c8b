use std::collections::BTreeSet;
use std::str::FromStr;

use latchkey_types::{Malformed, Timestamp};

use super::SyncSettings;
use crate::Anchor;

/// Where a run ended, as a text to keep. Only this crate understands it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cursor {
    /// The settings that it belongs to.
    pub(super) what: u64,
    pub(super) place: Place,
}

/// A version of an LDAP object: its anchor and its `entryCSN`.
pub(super) type Version = (Anchor, String);

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Place {
    /// The cookie of DirSync.
    DirSync(Vec<u8>),
    /// The highest `uSNChanged` of one server, and which incarnation of its database that is.
    Usn { database: Vec<u8>, highest: i64 },
    /// Everything before this moment was read, and of what is later, these versions.
    Time {
        from: Timestamp,
        seen: BTreeSet<Version>,
    },
}

impl Cursor {
    pub(super) fn new(what: &SyncSettings, place: Place) -> Self {
        Self {
            what: fingerprint(what),
            place,
        }
    }

    pub(super) fn fits(&self, what: &SyncSettings) -> bool {
        self.what == fingerprint(what)
    }
}

/// Tells settings apart (FNV-1a); after a change of them everything is read again.
fn fingerprint(what: &SyncSettings) -> u64 {
    let SyncSettings {
        bases,
        user_filter,
        group_filter,
        attributes,
        ..
    } = what;
    format!("{bases:?}{user_filter:?}{group_filter:?}{attributes:?}")
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        })
}

impl std::fmt::Display for Cursor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "1;{:016x};", self.what)?;
        match &self.place {
            Place::DirSync(cookie) => write!(f, "dirsync;{}", Hex(cookie)),
            Place::Usn { database, highest } => write!(f, "usn;{};{highest}", Hex(database)),
            Place::Time { from, seen } => {
                write!(f, "time;{};", from.0)?;
                for (anchor, version) in seen {
                    write!(f, "{anchor}={};", Hex(version.as_bytes()))?;
                }
                Ok(())
            }
        }
    }
}

impl FromStr for Cursor {
    type Err = Malformed;

    fn from_str(text: &str) -> Result<Self, Malformed> {
        parse(text).ok_or(Malformed("not a cursor of a synchronisation"))
    }
}

fn parse(text: &str) -> Option<Cursor> {
    let mut parts = text.split(';');
    if parts.next()? != "1" {
        return None;
    }
    let what = u64::from_str_radix(parts.next()?, 16).ok()?;
    let place = match parts.next()? {
        "dirsync" => Place::DirSync(unhex(parts.next()?)?),
        "usn" => Place::Usn {
            database: unhex(parts.next()?)?,
            highest: parts.next()?.parse().ok()?,
        },
        "time" => {
            let from = Timestamp(parts.next()?.parse().ok()?);
            let mut seen = BTreeSet::new();
            for part in parts.by_ref().take_while(|part| !part.is_empty()) {
                let (anchor, version) = part.split_once('=')?;
                let version = String::from_utf8(unhex(version)?).ok()?;
                seen.insert((anchor.parse().ok()?, version));
            }
            Place::Time { from, seen }
        }
        _ => return None,
    };
    parts.next().is_none().then_some(Cursor { what, place })
}

struct Hex<'a>(&'a [u8]);

impl std::fmt::Display for Hex<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    if !text.len().is_multiple_of(2) || !text.bytes().all(|b| b.is_ascii_hexdigit()) {
        return None;
    }
    (0..text.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(text.get(at..at + 2)?, 16).ok())
        .collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_cursor_is_kept_as_text() {
        let anchor: Anchor = "0b68d111-9ac3-4b5f-8f21-0123456789ab".parse().unwrap();
        for place in [
            Place::DirSync(vec![0, 255, 7]),
            Place::Usn {
                database: vec![1, 2],
                highest: 4711,
            },
            Place::Time {
                from: Timestamp(5),
                seen: BTreeSet::new(),
            },
            Place::Time {
                from: Timestamp(-5),
                seen: BTreeSet::from([(anchor, "2026#0;=1".to_owned()), (anchor, String::new())]),
            },
        ] {
            let cursor = Cursor { what: 42, place };
            assert_eq!(cursor.to_string().parse(), Ok(cursor));
        }
    }

    proptest! {
        #[test]
        fn no_text_is_too_odd(text in "1;[0-9a-f]{0,16};(dirsync|usn|time);[0-9a-f;=-]{0,60}|\\PC{0,40}") {
            if let Ok(cursor) = text.parse::<Cursor>() {
                prop_assert_eq!(cursor.to_string().parse(), Ok(cursor));
            }
        }
    }
}
