//! Where proofs of signing in are minted, and nowhere else.
//!
//! A [`Proof`] cannot be made outside this module. Each function here is one factor's own
//! verification; all of them refuse a decoy after the same work.

use latchkey_types::{SignInFlowId, UserId};

use super::{Factor, Subject};

/// Evidence of one factor: of this user at this version, in this flow.
#[derive(Debug, PartialEq, Eq)]
pub struct Proof {
    factor: Factor,
    flow: SignInFlowId,
    user: UserId,
    version: i64,
}

impl Proof {
    /// What was proven.
    pub const fn factor(&self) -> Factor {
        self.factor
    }

    /// Whether it was made for this claimant.
    pub(super) fn is_of(&self, claimant: Claimant) -> bool {
        self.flow == claimant.flow
            && self.user == claimant.user
            && self.version == claimant.version
            && claimant.subject == Subject::Known
    }

    /// A proof that was stored with its flow.
    pub(super) const fn stored(factor: Factor, claimant: Claimant) -> Self {
        Self {
            factor,
            flow: claimant.flow,
            user: claimant.user,
            version: claimant.version,
        }
    }
}

/// Who is proving something, and on which way in. To prove it once more in a session, the flow is
/// one of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Claimant {
    /// The flow.
    pub flow: SignInFlowId,
    /// The user, or the decoy's id.
    pub user: UserId,
    /// Whether there is an account behind it.
    pub subject: Subject,
    /// The version of the user now.
    pub version: i64,
}

/// Password: the hash of the account, or the one that nothing matches, was compared.
pub fn password(claimant: Claimant, is_right: bool) -> Option<Proof> {
    mint(claimant, Factor::Password, is_right)
}

/// Authenticator: `matched_step` is the time step whose code was typed, if one was and it was not
/// used before (RFC 6238, 5.2).
pub fn authenticator(claimant: Claimant, matched_step: Option<u64>) -> Option<Proof> {
    mint(claimant, Factor::Authenticator, matched_step.is_some())
}

/// Passkey: the assertion verified, for this flow's challenge, by a credential of this user, and
/// its authenticator verified the user.
pub fn passkey(claimant: Claimant, is_verified: bool) -> Option<Proof> {
    mint(claimant, Factor::Passkey, is_verified)
}

/// Federated: the tenant's identity provider answered this flow, and the identity that it named is
/// bound to this user.
pub fn federated(claimant: Claimant, is_bound: bool) -> Option<Proof> {
    mint(claimant, Factor::Federated, is_bound)
}

fn mint(claimant: Claimant, factor: Factor, is_right: bool) -> Option<Proof> {
    let is_known = claimant.subject == Subject::Known;
    (is_right && is_known).then(|| Proof::stored(factor, claimant))
}
