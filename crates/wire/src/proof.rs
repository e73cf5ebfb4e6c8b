//! The statements that agents sign. Each begins with its own label, so that a signature under one is
//! worthless under another.

use latchkey_crypto::canonical::Canonical;
use latchkey_types::{AgentId, TenantId};

/// *I am this agent, on this connection*: over the service's nonce and the host name that the agent
/// connected to, so that another service cannot pass it on.
pub fn connection(nonce: &[u8], host: &str, agent: AgentId, key_number: u32) -> Canonical {
    Canonical::new("latchkey agent connection v1")
        .bytes(nonce)
        .text(host)
        .bytes(agent.0.as_bytes())
        .number(key_number.into())
}

/// *These are my keys, and I was given this token*: signed by the first signing key.
pub fn enrolment(token: &str, sign: &[u8], seal: &[u8]) -> Canonical {
    Canonical::new("latchkey agent enrolment v1")
        .text(token)
        .bytes(sign)
        .bytes(seal)
}

/// *From now on these are my keys*: signed by the old signing key and by the new one.
pub fn roll_over(agent: AgentId, key_number: u32, sign: &[u8], seal: &[u8]) -> Canonical {
    Canonical::new("latchkey agent keys v1")
        .bytes(agent.0.as_bytes())
        .number(key_number.into())
        .bytes(sign)
        .bytes(seal)
}

/// *This came of it*: over the answer exactly as it was sent.
pub fn answer(tenant: TenantId, agent: AgentId, key_number: u32, answer: &str) -> Canonical {
    Canonical::new("latchkey agent answer v1")
        .bytes(tenant.0.as_bytes())
        .bytes(agent.0.as_bytes())
        .number(key_number.into())
        .text(answer)
}
