//! What can go wrong in a use case that is nobody's decision.

use std::time::Duration;

use latchkey_store::StoreError;

/// A failure of the service, not a refusal: refusals are part of each use case's answer.
#[derive(Debug, thiserror::Error)]
pub enum AppError {
    /// There is no such thing, or not for this caller.
    #[error("not found")]
    NotFound,
    /// The input cannot be what is asked for; the text is for whoever typed it.
    #[error("{0}")]
    Invalid(String),
    /// It exists already.
    #[error("{0}")]
    Conflict(String),
    /// Too busy: try again after that time. Nothing was changed.
    #[error("too busy")]
    Busy {
        /// How long to wait.
        retry_after: Duration,
    },
    /// The database is away. Nothing was changed.
    #[error("the database is not available")]
    Unavailable(#[source] StoreError),
    /// A fault of Latchkey itself. What is shown says so and no more.
    #[error("{context}")]
    Internal {
        /// What was being done, for the log.
        context: &'static str,
        /// The cause.
        #[source]
        source: Option<Box<dyn std::error::Error + Send + Sync>>,
    },
}

impl AppError {
    /// A fault with its cause.
    pub fn internal(
        context: &'static str,
        source: impl std::error::Error + Send + Sync + 'static,
    ) -> Self {
        Self::Internal {
            context,
            source: Some(Box::new(source)),
        }
    }

    /// A fault that has no cause but itself.
    pub const fn bug(context: &'static str) -> Self {
        Self::Internal {
            context,
            source: None,
        }
    }

    /// The whole chain of causes on one line, for the log.
    pub fn chain(&self) -> String {
        let mut text = self.to_string();
        let mut cause = std::error::Error::source(self);
        while let Some(error) = cause {
            text.push_str(": ");
            text.push_str(&error.to_string());
            cause = error.source();
        }
        text
    }
}

impl From<StoreError> for AppError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Busy { .. } => Self::Busy {
                retry_after: Duration::from_secs(1),
            },
            StoreError::Unavailable { .. } => Self::Unavailable(error),
            other => Self::internal("the database", other),
        }
    }
}
