//! Reading users and groups: everything at first, afterwards what changed.
//!
//! A run first finds out *which* objects may have changed, by DirSync or `uSNChanged` in Active
//! Directory and by `modifyTimestamp` in LDAP, and then reads those as they are now, in scope. So an
//! object that moved out of scope looks like one that was deleted, one that moved in like a new one,
//! and a change that is reported twice does no harm. The cursor is taken before anything is read:
//! what changes during a run is part of the next.

mod cursor;
pub(crate) mod detect;
mod object;
mod pages;

use std::collections::BTreeMap;

pub use cursor::Cursor;
pub use pages::Changes;

use crate::directory::is_filter;
use crate::{Anchor, Directory, SetupError};

/// What to read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SyncSettings {
    /// The DNs below which to read. Empty: the whole of the directory's base.
    pub bases: Vec<String>,
    /// A filter (RFC 4515) that users also fit.
    pub user_filter: Option<String>,
    /// A filter that groups also fit.
    pub group_filter: Option<String>,
    /// The attributes to read, as the schema names them. Values that are no text are left out.
    pub attributes: Vec<String>,
    /// The most objects in a page, from 1 to 1000, which is what Active Directory gives at most.
    pub page_size: u32,
    /// Active Directory: prefer DirSync, whose cursor is good at every domain controller, to
    /// `uSNChanged`, whose cursor is good at one.
    pub dirsync: bool,
}

/// What an object is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Class {
    /// A person's account.
    User,
    /// A group.
    Group,
}

/// An object as it is now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Object {
    /// Its id.
    pub anchor: Anchor,
    /// What it is; none if it is gone.
    pub class: Option<Class>,
    /// Where it is, for people; empty if it is gone.
    pub dn: String,
    /// The attributes that were asked for and that it has.
    pub attributes: BTreeMap<String, Vec<String>>,
    /// The direct members of a group that exist, in scope or not.
    pub members: Vec<Anchor>,
    /// A user that an administrator disabled.
    pub disabled: bool,
    /// Deleted, or no longer in scope. May be said of objects that were never reported.
    pub deleted: bool,
}

/// Some of the objects of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// The objects. One may come again in another page of the same run.
    pub objects: Vec<Object>,
    /// The DNs of what was found and has no id: it cannot be told from anything else.
    pub without_anchor: Vec<String>,
    /// The run reads everything: whatever none of its pages has is gone.
    pub full: bool,
    /// Only with the last page: where the next run begins.
    pub cursor: Option<Cursor>,
    /// Whether deletions are reported. If not (LDAP; or an account that may not read deleted
    /// objects), compare with a full run from time to time.
    pub deletions_reported: bool,
}

impl Directory {
    /// Begins a run: with a cursor, what changed since; without, or with one that does not fit these
    /// settings or this server any more, everything.
    pub fn changes(
        &self,
        cursor: Option<Cursor>,
        what: &SyncSettings,
    ) -> Result<Changes, SetupError> {
        for filter in [&what.user_filter, &what.group_filter]
            .into_iter()
            .flatten()
        {
            if !is_filter(filter) {
                return Err(SetupError(
                    "a filter of the synchronisation is not one in parentheses (RFC 4515)".into(),
                ));
            }
        }
        if !(1..=1000).contains(&what.page_size) {
            return Err(SetupError("a page has 1 to 1000 objects".into()));
        }
        if what.bases.iter().any(String::is_empty) {
            return Err(SetupError("a base of the synchronisation is empty".into()));
        }
        Ok(Changes::new(self.clone(), cursor, what.clone()))
    }
}
