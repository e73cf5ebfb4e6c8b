//! What the service and an agent say to each other. No sockets, no clock, no disk: messages and
//! their bytes, the envelope that hides a password from everything between the two, the signatures
//! under answers, and the journal that makes sure that nothing is done twice.
//!
//! | module | what it is for |
//! |---|---|
//! | [`v1`] | version 1 of the messages; a version is never edited once an agent has shipped with it |
//! | [`operation`] | what an agent can be asked to do, and what can come of it |
//! | [`envelope`] | an operation sealed to one agent and signed by the service |
//! | [`proof`] | the statements that agents sign: who they are, their keys, their answers |
//! | [`journal`] | what an agent did and was asked to do, so that nothing is done twice |
//!
//! The connection is a WebSocket; each message is one text frame of JSON. Whatever is malformed,
//! too long or out of turn ends the connection; it never changes anything.

pub mod envelope;
pub mod journal;
pub mod operation;
pub mod proof;
pub mod v1;

mod encoding;

pub use encoding::{Base64, DecodeError, decode, encode};

/// The WebSocket subprotocol, which carries the version.
pub const SUBPROTOCOL: &str = "latchkey.agent.v1";
/// Where an agent connects, below the service's base address.
pub const CONNECT_PATH: &str = "/agent/connect";
/// Where an agent enrols, below the service's base address.
pub const ENROL_PATH: &str = "/agent/enrol";
/// The longest message, in bytes: a page of a synchronisation.
pub const MESSAGE_MAX: usize = 1 << 20;
/// The version of this program, which an agent tells the service.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");
