use thiserror::Error;

/// Whether a message that was not surely sent may be sent again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retry {
    /// The other side refused this message for good.
    Never,
    /// The message was surely not taken; what stands in the way may pass.
    Later,
    /// The message may have been taken: the connection broke before the answer came. Sending it
    /// again, with the same id, may show it twice.
    Unknown,
}

/// Why a message was not surely sent.
///
/// The text is for logs and administrators. It holds neither the content nor the destination: what
/// a relay or a provider says is cut down to its numbers, because relays quote addresses.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{log}")]
pub struct SendError {
    retry: Retry,
    log: String,
}

impl SendError {
    /// An error with its class and its text for the log, which names neither content nor destination.
    pub fn new(retry: Retry, log: impl Into<String>) -> Self {
        Self {
            retry,
            log: log.into(),
        }
    }

    /// Whether to try again.
    pub const fn retry(&self) -> Retry {
        self.retry
    }

    /// What happened, for a log.
    pub fn log_text(&self) -> &str {
        &self.log
    }
}

/// A channel cannot be set up as it is configured; the text says what to change.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{0}")]
pub struct SetupError(pub(crate) String);
