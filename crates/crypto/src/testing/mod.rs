//! What tests need: an authenticator made of software; for the tests of this crate also repeatable
//! entropy and keys. Other crates get it in their tests with the feature `testing`.

mod authenticator;
#[cfg(test)]
mod inputs;

pub use authenticator::{Authenticator, Twist};
#[cfg(test)]
pub(crate) use inputs::{Script, Seeded, Zeros, hasher, master};
