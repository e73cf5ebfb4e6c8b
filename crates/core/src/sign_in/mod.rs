//! Signing in, as rules. Specification: *Sign-in, password change, lockout and unlock*.
//!
//! Nothing here does I/O or knows the time:
//!
//! - [`lockout`]: how many wrong passwords lock an account, and for how long;
//! - [`proofs`]: the only places where a [`Proof`] is minted;
//! - [`Flow`]: the way to a session, with the proofs so far; [`decide`] says what is next;
//! - [`is_live`]: whether a session still is one;
//! - [`why_must_change`] and [`notice_due`]: passwords that end.

mod decide;
mod expiry;
mod factor;
mod flow;
pub mod lockout;
pub mod proofs;
mod session;

pub use decide::{Admission, Duty, Facts, Next, Why, decide, second_factor_duty, second_factors};
pub use expiry::{
    MustChange, notice_days, notice_due, password_expires_at, set_before, why_must_change,
};
pub use factor::Factor;
pub use flow::{FLOW_TIME, Flow, Foreign};
pub use proofs::{Claimant, Proof};
pub use session::{
    AccountFacts, FRESH, SessionFacts, SessionLimits, is_fresh, is_live, session_limits,
};

/// Whether there is an account behind a way in; the same as in a reset.
pub use crate::reset::Subject;
