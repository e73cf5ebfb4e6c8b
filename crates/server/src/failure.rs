//! How a command fails: in one sentence.

use latchkey_app::AppError;
use latchkey_store::StoreError;

use crate::config::Problem;

/// What is said on standard error, and the exit code.
#[derive(Debug)]
pub(crate) struct Failure {
    /// One sentence, or one line for each problem.
    pub(crate) text: String,
    /// 1: it failed; 2: it was asked for wrongly.
    pub(crate) code: u8,
}

impl Failure {
    /// Wrong arguments.
    pub(crate) fn usage(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            code: 2,
        }
    }

    /// The database, with everything that is known of the cause.
    pub(crate) fn store(what: &str, error: &StoreError) -> Self {
        let mut text = format!("{what}: {error}");
        let mut cause = std::error::Error::source(error);
        while let Some(error) = cause {
            text.push_str(": ");
            text.push_str(&error.to_string());
            cause = error.source();
        }
        text.into()
    }

    /// Everything that is wrong with the configuration.
    pub(crate) fn config(problems: &[Problem]) -> Self {
        let lines: Vec<String> = problems.iter().map(ToString::to_string).collect();
        Self {
            text: lines.join("\n"),
            code: 1,
        }
    }
}

impl From<String> for Failure {
    fn from(text: String) -> Self {
        Self { text, code: 1 }
    }
}

impl From<&str> for Failure {
    fn from(text: &str) -> Self {
        Self::from(text.to_owned())
    }
}

impl From<AppError> for Failure {
    fn from(error: AppError) -> Self {
        match &error {
            AppError::Invalid(text) | AppError::Conflict(text) => text.clone().into(),
            AppError::NotFound => "it is not there any more".into(),
            AppError::Busy { .. } | AppError::Unavailable(_) | AppError::Internal { .. } => {
                error.chain().into()
            }
        }
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        error.to_string().into()
    }
}
