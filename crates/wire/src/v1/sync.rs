use std::collections::BTreeMap;

use latchkey_types::SyncRunId;
use serde::{Deserialize, Serialize};

/// What an object is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Class {
    /// A person.
    User,
    /// A group.
    Group,
}

/// An object as the directory has it, after the attribute flow: the names are those of the service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Object {
    /// The immutable id, hyphenated.
    pub anchor: String,
    /// What it is.
    pub class: Class,
    /// Gone from the directory, or out of what is synchronised. Agents do not know what it was, so
    /// that `class` is a guess then.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub deleted: bool,
    /// Values by the service's names: `upn`, `display_name`, `given_name`, `family_name`, `mail`,
    /// `other_mails`, `mobile_phone`, `office_phone`, `usage_location`, `enabled`,
    /// `authentication_email`, `authentication_phone`; of a group `name`. An empty list clears one;
    /// one that is not named is left as it is.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub values: BTreeMap<String, Vec<String>>,
    /// All members of a group by their anchors, as far as they are synchronised; `None`: unchanged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub members: Option<Vec<String>>,
}

/// A page of a run. Pages are applied in order, each in one transaction; one that was applied before
/// is acknowledged again and changes nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Page {
    /// The run.
    pub run: SyncRunId,
    /// Its number in the run, from 0.
    pub page: u64,
    /// Whether the run reads everything, so that whatever it does not name is gone.
    pub whole: bool,
    /// Whether it is the last page.
    pub last: bool,
    /// The objects.
    pub objects: Vec<Object>,
    /// What the agent could not make sense of; also of objects of this page, which are named all the
    /// same, with what is right about them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub problems: Vec<Problem>,
}

/// An object that could not be synchronised.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Problem {
    /// Its immutable id, if it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub anchor: Option<String>,
    /// A code.
    pub code: String,
    /// In words for administrators.
    pub detail: String,
}

/// Why a run stops.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stop {
    /// It would delete too much: an administrator has to say yes.
    TooManyDeletions,
    /// Another agent of the domain synchronises.
    AnotherAgent,
    /// The page is not the next one: begin again.
    OutOfOrder,
    /// The service could not keep the page: later.
    Unavailable,
    /// Synchronisation is off.
    Off,
}
