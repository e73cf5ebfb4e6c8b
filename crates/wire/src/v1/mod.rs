//! Version 1 of the messages.
//!
//! 1. The service says [`Service::Hello`] with a nonce.
//! 2. The agent proves who it is: [`Agent::Identify`].
//! 3. The service says [`Service::Welcome`], or [`Service::Refused`] and closes.
//! 4. From then on both speak when they have something to say. A message that the other does not know
//!    is [`Service::Other`] or [`Agent::Other`], and is passed over: a newer one may say more.

mod sync;

use latchkey_types::{AgentId, OperationId, TenantId, Timestamp};
use serde::{Deserialize, Serialize};

use crate::Base64;
use crate::operation::Context;

pub use sync::{Class, Object, Page, Problem, Stop};

/// What an agent sends to enrol; a request of its own, before there is a connection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Enrol {
    /// The one-time token.
    pub token: String,
    /// What administrators call it: the host's name.
    pub name: String,
    /// The agent's version.
    pub version: String,
    /// Its first public signing key.
    pub sign: Base64,
    /// Its first public sealing key.
    pub seal: Base64,
    /// [`crate::proof::enrolment`], signed.
    pub signature: Base64,
}

/// What it gets for that.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Enrolled {
    /// Who it is from now on.
    pub agent: AgentId,
    /// Whose it is.
    pub tenant: TenantId,
    /// The on-premises domain that it answers for.
    pub domain: String,
    /// The key that signs what it is asked to do.
    pub service: Base64,
}

/// Why an enrolment or a connection was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Denied {
    /// The token is unknown, used or too old.
    Token,
    /// The signature or a key is not right.
    Proof,
    /// The agent was revoked.
    Revoked,
    /// The agent is too old to be understood.
    TooOld,
    /// Too many attempts: later.
    Busy,
    /// The service cannot answer now: later.
    Unavailable,
}

/// The body of a refused enrolment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Denial {
    /// Why.
    pub denied: Denied,
}

/// What the service says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "say", rename_all = "snake_case")]
pub enum Service {
    /// The first message.
    Hello {
        /// Random, 32 bytes.
        nonce: Base64,
        /// The service's clock.
        now: Timestamp,
    },
    /// The agent is let in.
    Welcome {
        /// How often it reports its health, in seconds.
        heartbeat: u32,
        /// The newest version that the service knows.
        newest: String,
        /// Whether it has to make new keys now.
        roll_over: bool,
        /// The service's clock.
        now: Timestamp,
    },
    /// It is not; the connection ends.
    Refused {
        /// Why.
        why: Denied,
    },
    /// The answer to a heartbeat.
    Heard {
        /// The service's clock.
        now: Timestamp,
        /// Whether it has to make new keys now.
        roll_over: bool,
    },
    /// Do this.
    Operate {
        /// What it is bound to.
        context: Context,
        /// The number of the agent's keys that it is sealed to.
        key_number: u32,
        /// The sealed contents.
        envelope: Base64,
    },
    /// Find out what came of this: from the journal, else by testing the password. Do not do it.
    FindOut {
        /// What it was bound to.
        context: Context,
        /// The number of the agent's keys that it is sealed to.
        key_number: u32,
        /// The sealed contents.
        envelope: Base64,
    },
    /// An answer is safe.
    Kept {
        /// Which one.
        id: OperationId,
    },
    /// The new keys are in force.
    KeysKept {
        /// Their number.
        key_number: u32,
    },
    /// A page of the synchronisation is safe.
    PageKept {
        /// Its number in the run.
        page: u64,
    },
    /// The synchronisation stops.
    SyncStop {
        /// Why.
        why: Stop,
    },
    /// Begin a synchronisation now.
    SyncNow {
        /// Whether everything has to be read again.
        whole: bool,
    },
    /// Something that this version does not know.
    #[serde(other)]
    Other,
}

/// What an agent says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "say", rename_all = "snake_case")]
pub enum Agent {
    /// Who it is.
    Identify {
        /// Its id.
        agent: AgentId,
        /// The number of the keys that it signs with.
        key_number: u32,
        /// Its version.
        version: String,
        /// [`crate::proof::connection`], signed.
        signature: Base64,
    },
    /// It lives, and so does its directory, or not.
    Heartbeat {
        /// How the directory is.
        health: Health,
    },
    /// What came of an operation.
    Answered {
        /// An [`crate::operation::Answer`], as it was signed.
        answer: String,
        /// The number of the keys that signed it.
        key_number: u32,
        /// [`crate::proof::answer`], signed.
        signature: Base64,
    },
    /// It made new keys.
    NewKeys {
        /// Their number.
        key_number: u32,
        /// The public signing key.
        sign: Base64,
        /// The public sealing key.
        seal: Base64,
        /// [`crate::proof::roll_over`], signed with the old key.
        old_signature: Base64,
        /// The same, signed with the new key.
        new_signature: Base64,
    },
    /// A page of a synchronisation.
    Page(Page),
    /// It goes away on purpose.
    Leaving {
        /// Whether for good: it was removed.
        for_good: bool,
    },
    /// Something that this version does not know.
    #[serde(other)]
    Other,
}

/// How a directory is, as its agent sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DirectoryHealth {
    /// It answers, and the service account can bind.
    Well,
    /// It cannot be reached.
    Unreachable,
    /// It refuses the service account.
    BindRefused,
    /// Its certificate cannot be trusted or has expired.
    Certificate,
    /// It is not what the configuration says.
    Misconfigured,
}

impl DirectoryHealth {
    /// Every case.
    pub const ALL: [Self; 5] = [
        Self::Well,
        Self::Unreachable,
        Self::BindRefused,
        Self::Certificate,
        Self::Misconfigured,
    ];

    /// Its code in messages and in the database.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Well => "well",
            Self::Unreachable => "unreachable",
            Self::BindRefused => "bind_refused",
            Self::Certificate => "certificate",
            Self::Misconfigured => "misconfigured",
        }
    }

    /// Reads that code.
    pub fn parse(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|health| health.code() == code)
    }
}

/// What a heartbeat tells.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Health {
    /// The directory.
    pub directory: DirectoryHealth,
    /// What is wrong, in words for administrators. At most 300 bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// Whether a reset respects the directory's history of passwords.
    #[serde(default)]
    pub history_on_reset: bool,
    /// By how much the agent's clock is ahead of the service's, in milliseconds.
    #[serde(default)]
    pub clock_ahead: i64,
}
