//! The password policy: what may be set, kept and used again (specification *Password policy*).
//!
//! [`check()`] lists every rule that a candidate breaks; what needs hashes, files or the clock comes
//! in as [`Facts`]. [`rules`] is the same list before anything is typed. Nothing is ever truncated.

mod age;
mod banned;
mod check;
mod directory;
mod normalise;
mod policy;
mod rules;
#[cfg(test)]
mod shipped_list_tests;
mod substitution;
mod terms;

pub use age::{expires_at, may_change_from, notice_dates};
pub use banned::{BannedLists, NEEDED_POINTS, NameKind, Names};
pub use check::{Facts, Violation, check, points};
pub use directory::{
    DIRECTORY_MAX, DirectoryPolicy, counts_for_directory, directory_rules, held_here,
};
pub use normalise::normalise;
pub use policy::{Composition, Matching, PasswordPolicy, PolicyProblem};
pub use rules::{Occasion, Rule, RuleState, rules, states};
pub use terms::{BadTerm, MAX_TERM_CHARS, MIN_TERM_CHARS, TermList};
