//! An operation sealed to one agent and signed by the service.
//!
//! An envelope is `version (1) | sealed contents | signature (64)`. The contents are sealed to the
//! agent's key (HPKE) and bound to their [`Context`], to the agent and to the suite; the signature is
//! of all of that by the service's key for the tenant, which no database holds. Whoever can write to
//! the queue can therefore neither read an operation, nor make one, change one, or move one to another
//! user, agent or tenant.

use latchkey_crypto::canonical::Canonical;
use latchkey_crypto::hpke::{OVERHEAD, OpeningKey, SUITE, SealingKey};
use latchkey_crypto::keys::KeyError;
use latchkey_crypto::sign::{SIGNATURE_LENGTH, SigningKey, VerifyingKey};
use latchkey_types::{AgentId, Entropy};

use crate::operation::{CONTENTS_LENGTH, Contents, Context};

const VERSION: u8 = 1;
const INFO: &[u8] = b"latchkey operation v1";

/// Length of an envelope, in bytes: always the same.
pub const ENVELOPE_LENGTH: usize = 1 + CONTENTS_LENGTH + OVERHEAD + SIGNATURE_LENGTH;

/// Why an envelope could not be made or opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EnvelopeError {
    /// The contents are too long.
    #[error("the contents are longer than an envelope")]
    TooLong,
    /// It is not of the one length, or of another version.
    #[error("not an envelope of this version")]
    Malformed,
    /// The service did not sign it in this context.
    #[error("the service did not sign this in this context")]
    Unsigned,
    /// It is sealed to another key.
    #[error("sealed to another key")]
    WrongKey,
    /// A key could not be used.
    #[error("a key could not be used: {0}")]
    Key(#[from] KeyError),
}

/// Whom an envelope is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Recipient {
    /// The agent.
    pub agent: AgentId,
    /// The number of its keys: one more with each roll-over.
    pub key_number: u32,
}

/// Seals an operation to one agent.
pub fn seal(
    entropy: &dyn Entropy,
    service: &SigningKey,
    recipient: Recipient,
    key: &SealingKey,
    context: &Context,
    contents: &Contents,
) -> Result<Vec<u8>, EnvelopeError> {
    let plain = contents.to_bytes().ok_or(EnvelopeError::TooLong)?;
    let about = about(recipient, context);
    let sealed = key
        .seal(entropy, INFO, about.as_bytes(), &plain)
        .map_err(|_| EnvelopeError::WrongKey)?;
    let signature = service.sign(&statement(&about, &sealed))?;
    let mut envelope = Vec::with_capacity(ENVELOPE_LENGTH);
    envelope.push(VERSION);
    envelope.extend_from_slice(&sealed);
    envelope.extend_from_slice(&signature);
    Ok(envelope)
}

/// Opens an envelope, if the service signed it for this agent in this context.
pub fn open(
    service: &VerifyingKey,
    recipient: Recipient,
    key: &OpeningKey,
    context: &Context,
    envelope: &[u8],
) -> Result<Contents, EnvelopeError> {
    if envelope.len() != ENVELOPE_LENGTH {
        return Err(EnvelopeError::Malformed);
    }
    let Some((&VERSION, rest)) = envelope.split_first() else {
        return Err(EnvelopeError::Malformed);
    };
    let (sealed, signature) = rest
        .split_last_chunk::<SIGNATURE_LENGTH>()
        .ok_or(EnvelopeError::Malformed)?;
    let about = about(recipient, context);
    if !service.verifies(&statement(&about, sealed), signature) {
        return Err(EnvelopeError::Unsigned);
    }
    let plain = key
        .open(INFO, about.as_bytes(), sealed)
        .map_err(|_| EnvelopeError::WrongKey)?;
    Contents::from_bytes(plain.expose()).ok_or(EnvelopeError::Malformed)
}

fn about(recipient: Recipient, context: &Context) -> Canonical {
    SUITE
        .iter()
        .fold(Canonical::new("latchkey operation v1"), |to, part| {
            to.number((*part).into())
        })
        .bytes(recipient.agent.0.as_bytes())
        .number(recipient.key_number.into())
        .bytes(context.id.0.as_bytes())
        .bytes(context.tenant.0.as_bytes())
        .bytes(context.user.0.as_bytes())
        .text(context.verb.as_str())
        .number(context.expires_at.0)
}

fn statement(about: &Canonical, sealed: &[u8]) -> Canonical {
    Canonical::new("latchkey envelope v1")
        .bytes(about.as_bytes())
        .bytes(sealed)
}

#[cfg(test)]
#[path = "envelope_tests.rs"]
mod tests;
