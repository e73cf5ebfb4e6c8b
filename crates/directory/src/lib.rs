//! The directories that passwords live in: Active Directory (and Samba AD) and LDAP (OpenLDAP,
//! 389-ds), behind one set of verbs.
//!
//! [`Directory`] resets, changes and verifies passwords, unlocks accounts and reads what there is to
//! know before. A person waits for each answer, so the directory's own meaning is kept: [`Failure`]
//! names the rule that was broken, and [`Failure::retry`] tells *surely not done* from *nobody
//! knows*.
//!
//! A user is addressed by an [`Anchor`], the object's own id, which renames and moves leave alone.
//! What is outside the configured scope does not exist for this crate, and accounts of protected
//! groups are refused here, before anything is written, whatever the caller says.
//!
//! A server is not trusted with this program's life: whatever it answers, the worst is an error.

mod anchor;
mod answer;
mod ber;
mod certificate;
mod connection;
mod directory;
mod entry;
mod failure;
#[cfg(fuzzing)]
pub mod fuzz;
mod guard;
mod ldap_password;
mod pool;
mod protected;
mod security;
mod settings;
mod state;
mod sync;

pub use anchor::Anchor;
pub use directory::Directory;
pub use failure::{Breach, Failure, Retry, SetupError};
pub use settings::{Address, Kind, Security, Settings};
pub use state::{Bind, Done, Health, Policy, PolicySource, Right, Rights, State, Verdict};
pub use sync::{Changes, Class, Cursor, Object, Page, SyncSettings};
