//! Breached passwords (password specification, *Breached passwords*): a file that an operator makes
//! once from a list of SHA-1 hashes, and that every new password is looked up in. No password and
//! no part of its hash leaves the machine.
//!
//! The file is a set of binary fuse filters, which answer *surely not* or *almost surely*: one
//! password in 65,536 that was in no breach is taken for one that was (the specification allows
//! one in 1000). It takes 18 bits for each hash, so 2.3 GB for a billion.

mod filter;
mod format;
mod import;

#[cfg(test)]
mod tests;

pub use filter::{BreachedFilter, OpenError};
pub use import::{ImportError, Imported, import};
