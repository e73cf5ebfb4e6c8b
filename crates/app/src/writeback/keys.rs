//! The public keys of an agent, as they are kept: sealed, so that whoever can only write to the
//! database cannot have passwords sealed to a key of their own.

use latchkey_crypto::hpke::SealingKey;
use latchkey_crypto::seal::DataKey;
use latchkey_crypto::sign::VerifyingKey;
use latchkey_store::agents::Agent;
use latchkey_types::AgentId;

use crate::keys::{open, seal};
use crate::{App, AppError};

/// A pair of public keys.
#[derive(Debug, Clone, Copy)]
pub(super) struct PublicKeys {
    pub(super) sign: VerifyingKey,
    pub(super) seal: SealingKey,
}

impl PublicKeys {
    /// Takes what an agent says are its keys. `None`: they are none.
    pub(super) fn read(sign: &[u8], seal: &[u8]) -> Option<Self> {
        Some(Self {
            sign: VerifyingKey::from_bytes(sign).ok()?,
            seal: SealingKey::from_bytes(seal).ok()?,
        })
    }

    /// As they are kept under a number.
    pub(super) fn keep(
        &self,
        app: &App,
        key: &DataKey,
        agent: AgentId,
        number: u32,
    ) -> Result<Vec<u8>, AppError> {
        let mut plain = number.to_be_bytes().to_vec();
        plain.extend_from_slice(self.sign.as_bytes());
        plain.extend_from_slice(self.seal.as_bytes());
        seal(key, app.entropy(), "agent", "keys", agent.0, &plain)
    }

    /// The keys of an agent with a number: its present ones or those before. `None`: others.
    pub(super) fn of(key: &DataKey, agent: &Agent, number: u32) -> Result<Option<Self>, AppError> {
        let sealed = if number == agent.key_number {
            Some(&agent.keys)
        } else {
            agent.old_keys.as_ref()
        };
        let Some(sealed) = sealed else {
            return Ok(None);
        };
        let plain = open(key, "agent", "keys", agent.id.0, sealed)?;
        let fault = || AppError::bug("the keys of an agent cannot be read");
        let (kept, rest) = plain.expose().split_first_chunk::<4>().ok_or_else(fault)?;
        if u32::from_be_bytes(*kept) != number {
            return Ok(None);
        }
        let (sign, seal) = rest.split_at_checked(32).ok_or_else(fault)?;
        Self::read(sign, seal).ok_or_else(fault).map(Some)
    }
}
