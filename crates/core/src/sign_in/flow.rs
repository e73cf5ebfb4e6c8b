use std::time::Duration;

use latchkey_types::{SignInFlowId, UserId};
use serde::{Deserialize, Serialize};

use super::decide::{Facts, Next, decide};
use super::proofs::{Claimant, Proof};
use super::{Factor, Subject};

/// How long the way to a session may take.
pub const FLOW_TIME: Duration = Duration::from_mins(15);

/// The way to a session, as it is stored between its pages: who, and what was proven so far.
///
/// The factors in it came out of a [`Proof`], and count only for the user and version that they
/// were proven for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Flow {
    subject: Subject,
    user: UserId,
    version: i64,
    factors: Vec<Factor>,
}

/// A proof of another flow, user or version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Foreign;

impl Flow {
    /// A new way in, for a user or a decoy at a version.
    pub const fn begin(subject: Subject, user: UserId, version: i64) -> Self {
        Self {
            subject,
            user,
            version,
            factors: Vec::new(),
        }
    }

    /// Whether there is an account behind it.
    pub const fn subject(&self) -> Subject {
        self.subject
    }

    /// The user, or the decoy's id.
    pub const fn user(&self) -> UserId {
        self.user
    }

    /// What was proven so far, in order.
    pub fn factors(&self) -> &[Factor] {
        &self.factors
    }

    /// Who proves something on this way in. `flow` is the id under which it is stored.
    pub const fn claimant(&self, flow: SignInFlowId) -> Claimant {
        Claimant {
            flow,
            user: self.user,
            subject: self.subject,
            version: self.version,
        }
    }

    /// This flow with one more proof.
    pub fn with(mut self, flow: SignInFlowId, proof: &Proof) -> Result<Self, Foreign> {
        if !proof.is_of(self.claimant(flow)) {
            return Err(Foreign);
        }
        if !self.factors.contains(&proof.factor()) {
            self.factors.push(proof.factor());
        }
        Ok(self)
    }

    /// What is next, under the facts of now.
    pub fn next(&self, flow: SignInFlowId, facts: &Facts) -> Next {
        let claimant = self.claimant(flow);
        let proofs: Vec<Proof> = self
            .factors
            .iter()
            .map(|factor| Proof::stored(*factor, claimant))
            .collect();
        decide(facts, &proofs)
    }
}
