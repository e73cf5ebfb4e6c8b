//! What a running agent leaves for `latchkey-agent status`.

use std::path::Path;

use latchkey_types::Timestamp;
use serde::{Deserialize, Serialize};

use crate::files;
use crate::journal_file::{JournalFault, JournalFile};
use crate::keys::Identity;
use crate::sync::Place;
use crate::work::Shared;

/// How it is, as of its last change.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Status {
    /// Whether it is connected.
    pub connected: bool,
    /// When the service was heard last.
    pub last_contact: Option<Timestamp>,
    /// The newest version that the service knows.
    pub newest: Option<String>,
    /// How the directory is.
    pub directory: Option<String>,
}

fn path(folder: &Path) -> std::path::PathBuf {
    folder.join("status.json")
}

/// Reads it; without one, nothing is known.
pub fn read(folder: &Path) -> Status {
    std::fs::read(path(folder))
        .ok()
        .and_then(|bytes| serde_json::from_slice(&bytes).ok())
        .unwrap_or_default()
}

/// Changes it. That it cannot be written stops nothing.
pub(crate) fn note(shared: &Shared, change: impl FnOnce(&mut Status)) {
    let mut status = read(&shared.folder);
    let before = status.clone();
    change(&mut status);
    if status != before
        && let Ok(bytes) = serde_json::to_vec(&status)
        && let Err(error) = files::replace(&path(&shared.folder), &bytes)
    {
        tracing::warn!(%error, "the status cannot be written");
    }
}

/// Everything that can be said without asking anybody, as lines of a name and a value.
pub fn describe(folder: &Path) -> Result<Vec<(&'static str, String)>, String> {
    let identity = Identity::load(folder)?;
    let status = read(folder);
    let journal =
        JournalFile::open_to_read(folder).map_err(|error: JournalFault| error.to_string())?;
    let runs = crate::agent::is_claimed(folder);
    let maybe = |text: Option<String>| text.unwrap_or_else(|| "unknown".into());
    Ok(vec![
        ("agent", identity.agent.to_string()),
        ("domain", identity.domain.clone()),
        ("service", identity.service.clone()),
        ("version", latchkey_wire::VERSION.into()),
        ("newest version", maybe(status.newest)),
        ("running", if runs { "yes" } else { "no" }.into()),
        (
            "connected",
            if runs && status.connected {
                "yes"
            } else {
                "no"
            }
            .into(),
        ),
        (
            "last contact",
            maybe(status.last_contact.map(Timestamp::rfc3339)),
        ),
        ("directory", maybe(status.directory)),
        (
            "synchronised",
            Place::load(folder).map_or("never".into(), |place| place.ran_at.rfc3339()),
        ),
        ("keys", identity.current.number.to_string()),
        (
            "roll-over",
            if identity.next.is_some() {
                "under way"
            } else {
                "none"
            }
            .into(),
        ),
        (
            "answers not delivered",
            journal.undelivered().count().to_string(),
        ),
        (
            "operations not settled",
            journal.begun().count().to_string(),
        ),
    ])
}
