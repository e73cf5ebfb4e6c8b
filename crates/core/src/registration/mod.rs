//! Registering security info, as rules. Specification: *The registration portal*.
//!
//! - [`state`]: whether somebody is registered, capable, and made to register or confirm;
//! - [`registrable`], [`loss`]: which methods there are to register, and what goes with one;
//! - [`may_change`]: whether security info may be changed now;
//! - [`check_answers`]: what a good answer to a security question is;
//! - [`is_own_mailbox`]: mailboxes that open with the password they would reset.

mod answers;
mod change;
mod common;
mod email;
mod methods;
mod state;

pub use answers::{Answer, AnswerProblem, SetProblem, answer_names, check_answers};
pub use change::{Needs, Proven, may_change};
pub use email::is_own_mailbox;
pub use methods::{Kind, Loss, loss, registrable};
pub use state::{Facts, Progress, State, progress, state};
