//! The gates: where proofs are minted, and nowhere else.
//!
//! A [`GateProof`] cannot be made outside this module. Each function here is one gate's own
//! verification; all of them do the same work for a decoy and then refuse.

use latchkey_types::{PhoneNumber, Secret, SessionId, Timestamp, TypedPhone, UserId};

use super::session::Subject;
use super::{Gate, Stamp};

/// Evidence that one gate was passed, in this session, by this user, under this version of policy
/// and account.
#[derive(Debug, PartialEq, Eq)]
pub struct GateProof {
    gate: Gate,
    session: SessionId,
    user: UserId,
    stamp: Stamp,
}

impl GateProof {
    /// The gate that was passed.
    pub const fn gate(&self) -> Gate {
        self.gate
    }

    pub(super) const fn session(&self) -> SessionId {
        self.session
    }

    pub(super) const fn user(&self) -> UserId {
        self.user
    }

    pub(super) const fn stamp(&self) -> Stamp {
        self.stamp
    }
}

/// Who is proving something, and in which session.
#[derive(Debug, Clone, Copy)]
pub struct Claimant {
    /// The session.
    pub session: SessionId,
    /// The user, or the decoy's id.
    pub user: UserId,
    /// Whether there is an account behind it.
    pub subject: Subject,
    /// The versions of now.
    pub stamp: Stamp,
}

/// Why a gate stayed shut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shut {
    /// What was typed is not right.
    Wrong,
    /// It was right once: its time is over.
    Expired,
    /// It was used, or a newer one took its place.
    Used,
}

/// A code that was sent.
#[derive(Debug, Clone)]
pub struct AskedCode {
    /// The session that asked for it.
    pub session: SessionId,
    /// The gate it is for.
    pub gate: Gate,
    /// The keyed hash of the code, bound to session, gate and destination.
    pub tag: Secret<[u8; 32]>,
    /// The end of its time.
    pub expires_at: Timestamp,
    /// Whether it was used or replaced.
    pub is_spent: bool,
}

/// How long a code is valid: 10 minutes for mail, text and call.
pub const CODE_VALID: std::time::Duration = std::time::Duration::from_secs(600);

/// E-mail, text and call: the typed code's keyed hash equals that of the one that was sent.
pub fn one_time_code(
    claimant: Claimant,
    asked: &AskedCode,
    typed: &Secret<[u8; 32]>,
    now: Timestamp,
) -> Result<GateProof, Shut> {
    let right = asked.tag == *typed;
    if !right || asked.session != claimant.session || !asked.gate.sends_a_code() {
        return Err(Shut::Wrong);
    }
    if asked.is_spent {
        return Err(Shut::Used);
    }
    if now >= asked.expires_at {
        return Err(Shut::Expired);
    }
    mint(claimant, asked.gate)
}

/// Authenticator code: `matched_step` is the time step whose code was typed, if one was, and was
/// not used before (RFC 6238, 5.2).
pub fn authenticator_code(
    claimant: Claimant,
    matched_step: Option<u64>,
) -> Result<GateProof, Shut> {
    match matched_step {
        Some(_) => mint(claimant, Gate::AuthenticatorCode),
        None => Err(Shut::Wrong),
    }
}

/// Passkey: the assertion verified, for the challenge of this session, by a credential of this user,
/// and its authenticator verified the user.
pub fn passkey(claimant: Claimant, is_verified: bool) -> Result<GateProof, Shut> {
    if is_verified {
        mint(claimant, Gate::Passkey)
    } else {
        Err(Shut::Wrong)
    }
}

/// Recovery code: the code that was typed was one of this user's, and is used up now.
pub fn recovery_code(claimant: Claimant, is_used_up: bool) -> Result<GateProof, Shut> {
    if is_used_up {
        mint(claimant, Gate::RecoveryCode)
    } else {
        Err(Shut::Wrong)
    }
}

/// Security questions: every question of the draw was answered right, and there were as many as the
/// policy asks for.
pub fn questions(claimant: Claimant, required: u8, right: &[bool]) -> Result<GateProof, Shut> {
    // No short cut on the first wrong answer: the time tells nothing.
    #[expect(clippy::needless_bitwise_bool, reason = "every answer is looked at")]
    let all = right.iter().fold(true, |all, one| all & *one);
    if all && right.len() == usize::from(required.max(3)) {
        mint(claimant, Gate::Questions)
    } else {
        Err(Shut::Wrong)
    }
}

/// Whether the number that was typed is the one on file. This opens no gate: it only lets a code be
/// sent there.
pub fn number_matches(claimant: Claimant, on_file: &PhoneNumber, typed: &TypedPhone) -> bool {
    let same = Secret::new(on_file.as_str().as_bytes().to_vec())
        == Secret::new(typed.number().as_str().as_bytes().to_vec());
    same && claimant.subject == Subject::Known
}

fn mint(claimant: Claimant, gate: Gate) -> Result<GateProof, Shut> {
    match claimant.subject {
        Subject::Known => Ok(GateProof {
            gate,
            session: claimant.session,
            user: claimant.user,
            stamp: claimant.stamp,
        }),
        Subject::Decoy => Err(Shut::Wrong),
    }
}

#[cfg(test)]
#[path = "gates_tests.rs"]
mod tests;
