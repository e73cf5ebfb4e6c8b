//! The reset of a forgotten password, as rules. Specification: *The password reset portal*.
//!
//! Nothing here does I/O or knows the time. `app` gathers the facts, asks, and stores the answer:
//!
//! - [`decide_eligibility`]: may this user reset now, and with which gates;
//! - [`Session`]: one pass through the portal, a value that [`Session::apply`] moves on;
//! - [`gates`]: the only places where a [`GateProof`] is minted;
//! - [`throttle`]: how often is too often;
//! - [`decoy`]: what an account looks like that is not there.

pub mod decoy;
mod detail;
mod eligibility;
mod gate;
pub mod gates;
mod methods;
pub mod questions;
mod session;
pub mod throttle;

pub use detail::{Detail, Failure, ResultKind};
pub(crate) use eligibility::is_allowed;
pub use eligibility::{
    Eligible, Facts, Ineligible, Reason, TenantFacts, UserFacts, Writeback, decide_eligibility,
    gates_on_file, gates_required, usable_gates,
};
pub use gate::{Factor, Gate};
pub use gates::GateProof;
pub use methods::{Methods, OnFile};
pub use session::{
    AGAIN_AFTER, Authorisation, Block, Context, Deed, DirectoryState, Effect, Event, Home, Refusal,
    Session, Stage, Stamp, Step, Subject, Written,
};
