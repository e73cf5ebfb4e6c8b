//! Where the last complete run ended, on the disk.

use std::path::{Path, PathBuf};

use latchkey_directory::Cursor;
use latchkey_types::Timestamp;
use serde::{Deserialize, Serialize};

use crate::files;

/// What a run leaves for the next one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Place {
    /// For whom and with which settings it was.
    pub(crate) mark: String,
    /// The directory's cursor.
    pub(crate) cursor: String,
    /// When the last whole run began.
    pub(crate) whole_at: Timestamp,
    /// When the last run ended.
    pub(crate) ran_at: Timestamp,
}

impl Place {
    pub(crate) fn path(folder: &Path) -> PathBuf {
        folder.join("sync.json")
    }

    /// Reads it. Whatever is wrong with it costs a whole run and no more.
    pub(crate) fn load(folder: &Path) -> Option<Self> {
        let path = Self::path(folder);
        let bytes = match std::fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return None,
            Err(error) => {
                tracing::warn!(%error, path = %path.display(), "cannot be read: everything is synchronised again");
                return None;
            }
        };
        let read = serde_json::from_slice(&bytes);
        read.inspect_err(|error| {
            tracing::warn!(%error, path = %path.display(), "makes no sense: everything is synchronised again");
        })
        .ok()
    }

    pub(crate) fn cursor(&self) -> Option<Cursor> {
        self.cursor.parse().ok()
    }

    pub(crate) fn save(&self, folder: &Path) -> Result<(), String> {
        let path = Self::path(folder);
        let failed = |error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
        let bytes = serde_json::to_vec(self).map_err(|error| failed(&error))?;
        files::replace(&path, &bytes).map_err(|error| failed(&error))
    }
}
