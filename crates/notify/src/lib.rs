//! Messages to people: what they say, and the channels on which they leave.
//!
//! [`messages`] writes a message in the recipient's language; the outbox keeps it; a worker hands it
//! to a [`Channel`]: [`SmtpChannel`] for mail, [`HttpsProvider`] for texts and calls,
//! [`DemoOutbox`] for the demo. A channel says what became of the message: accepted, or a
//! [`SendError`] whose [`Retry`] tells whether to try again.

mod channel;
mod demo;
mod error;
pub mod messages;
mod mime;
mod outgoing;
mod provider;
mod sms;
mod smtp;

pub use channel::{Channel, Channels, Receipt};
pub use demo::{DemoMessage, DemoOutbox};
pub use error::{Retry, SendError, SetupError};
pub use outgoing::{Content, Destination, MessageKind, Outgoing};
pub use provider::{BodyFormat, HttpsProvider, ProviderConfig};
pub use sms::{Alphabet, segments};
pub use smtp::{SmtpChannel, SmtpConfig, SmtpSecurity};
