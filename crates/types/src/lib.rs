//! Words that every other crate speaks: ids, time, names, addresses, secrets.
//!
//! A value of one of these types is already checked: parsing happens at the door, and inside, the
//! type is the proof. Nothing here does I/O, reads a clock or draws a random number: [`Clock`] and
//! [`Entropy`] are handed in.

mod country;
mod email;
mod entropy;
mod fold;
mod id;
mod locale;
mod masked;
mod phone;
mod secret;
mod time;
mod upn;

pub use country::CountryCode;
pub use email::EmailAddress;
pub use entropy::{Entropy, random_bytes};
pub use fold::fold;
pub use id::{
    AgentId, ChallengeId, DomainId, EventId, FederationId, GroupId, MessageId, MethodId,
    OperationId, PendingMethodId, RequestId, SessionId, SignInFlowId, SignInSessionId, SyncRunId,
    TenantId, UserId,
};
pub use locale::{Direction, Locale};
pub use masked::Masked;
pub use phone::{PhoneNumber, TypedPhone};
pub use secret::{Password, Secret};
pub use time::{Clock, Timestamp};
pub use upn::{DomainName, Upn};

/// A text that was refused at the door, with the reason in words for an administrator or a log.
///
/// It never repeats the input: what was typed may be a secret in the wrong field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Malformed(pub &'static str);

impl std::fmt::Display for Malformed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.0)
    }
}

impl std::error::Error for Malformed {}
