//! Passwords that live in a directory of the organisation: agents, what they are asked, and what came
//! of it. Specification: *Password writeback and synchronisation*.
//!
//! 1. A use case [`ask`]s within its own transaction: the operation is durable, sealed to every agent
//!    that could take it, before anybody waits for it.
//! 2. A gateway, in this process or another, [`take`]s it for the agent on its connection, and
//!    [`answer`]s when the agent does.
//! 3. Whoever asked [`wait`]s, and does what follows from the answer in one transaction, once
//!    ([`latchkey_store::operations::settle`]). If that process died, [`settle_left_over`] does it.
//!
//! An operation that no agent took in time is taken away: nothing was done. One that an agent took and
//! did not answer is *not known* until it is found out; nobody is told that it failed.

mod after;
mod agents;
mod ask;
mod hand_out;
mod keys;
mod settle;
mod wait;

pub(crate) use after::done;
pub use agents::{
    Enrolment, Identity, Refused, Shown, connected, disconnected, enrol, heard, is_over, new_keys,
    removed,
};
pub(crate) use agents::{ctx_of, fresh, key_of, line, normal_domain, reach};
pub(crate) use ask::{Ask, Pending, ask};
pub use hand_out::{Handed, answer, find_out, is_waiting, may_try, take};
pub use settle::settle_left_over;
pub(crate) use wait::{came, question, reason, wait};

use std::time::Duration;

/// How long an operation may wait for an agent to begin it.
pub(crate) const TIME_TO_BEGIN: Duration = Duration::from_secs(30);

/// How long somebody waits for a directory, before they are shown that it is still at work.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);

/// How long a page waits for what a directory says of an account.
pub(crate) const STATE_PATIENCE: Duration = Duration::from_secs(2);

/// How often an agent says that it lives.
pub const HEARTBEAT: Duration = Duration::from_secs(30);

/// For how long it counts as there after it last said something: two heartbeats that were lost, and
/// some time on the way.
pub const FRESH: Duration = Duration::from_secs(75);

/// How long an agent's keys are used.
pub const KEYS_LAST: Duration = Duration::from_secs(180 * 24 * 60 * 60);

/// How long a token that enrols an agent works.
pub const TOKEN_LASTS: Duration = Duration::from_secs(15 * 60);
