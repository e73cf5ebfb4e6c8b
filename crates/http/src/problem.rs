//! What an answer can be instead of a page.

use std::time::Duration;

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use latchkey_app::AppError;

/// A request that got no page. It travels in the answer's extensions to [`crate::protect`], which
/// has a body made for it: a page for people, JSON for programs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Problem {
    /// The request names a host that is not ours.
    UnknownHost,
    /// The request cannot be understood: a form with unknown, double or undecodable fields.
    BadRequest,
    /// What was typed has characters that nothing can be typed with.
    ControlCharacters,
    /// A form that was sent from another site's page.
    CrossOrigin,
    /// Nothing is there.
    NotFound,
    /// Something is there, but not for this method.
    MethodNotAllowed,
    /// It changed in the meantime.
    Conflict,
    /// The body, or a field of it, is too long.
    TooLarge,
    /// The body is no form.
    NotAForm,
    /// Too much to do right now.
    Busy(Duration),
    /// Something that is needed is away.
    Unavailable,
    /// It took too long.
    TooSlow,
    /// A fault of ours.
    Internal,
}

impl Problem {
    /// The status of the answer.
    pub const fn status(&self) -> StatusCode {
        match self {
            Self::UnknownHost => StatusCode::MISDIRECTED_REQUEST,
            Self::BadRequest | Self::ControlCharacters => StatusCode::BAD_REQUEST,
            Self::CrossOrigin => StatusCode::FORBIDDEN,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::Conflict => StatusCode::CONFLICT,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::NotAForm => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::Busy(_) | Self::Unavailable | Self::TooSlow => StatusCode::SERVICE_UNAVAILABLE,
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// How long a client should wait before it tries again, in whole seconds.
    pub fn retry_after(&self) -> Option<u64> {
        match self {
            Self::Busy(wait) => Some(wait.as_millis().div_ceil(1000).max(1) as u64),
            Self::Unavailable | Self::TooSlow => Some(5),
            Self::UnknownHost
            | Self::BadRequest
            | Self::ControlCharacters
            | Self::CrossOrigin
            | Self::NotFound
            | Self::MethodNotAllowed
            | Self::Conflict
            | Self::TooLarge
            | Self::NotAForm
            | Self::Internal => None,
        }
    }

    /// The problem behind a bare status that the router itself gave.
    pub(crate) const fn of_status(status: StatusCode) -> Option<Self> {
        match status {
            StatusCode::BAD_REQUEST => Some(Self::BadRequest),
            StatusCode::FORBIDDEN => Some(Self::CrossOrigin),
            StatusCode::NOT_FOUND => Some(Self::NotFound),
            StatusCode::METHOD_NOT_ALLOWED => Some(Self::MethodNotAllowed),
            StatusCode::PAYLOAD_TOO_LARGE => Some(Self::TooLarge),
            StatusCode::UNSUPPORTED_MEDIA_TYPE => Some(Self::NotAForm),
            StatusCode::INTERNAL_SERVER_ERROR => Some(Self::Internal),
            _ => None,
        }
    }
}

/// Logs it, once and with its causes, and gives what may be told.
impl From<AppError> for Problem {
    fn from(error: AppError) -> Self {
        match error {
            AppError::NotFound => Self::NotFound,
            AppError::Invalid(_) => Self::BadRequest,
            AppError::Conflict(_) => Self::Conflict,
            AppError::Busy { retry_after } => {
                tracing::warn!("too busy");
                Self::Busy(retry_after)
            }
            AppError::Unavailable(_) => {
                tracing::error!(error = error.chain(), "unavailable");
                Self::Unavailable
            }
            AppError::Internal { .. } => {
                tracing::error!(error = error.chain(), "internal error");
                Self::Internal
            }
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = self.status();
        if let Some(seconds) = self.retry_after() {
            response
                .headers_mut()
                .insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response.extensions_mut().insert(self);
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_of_the_service_have_their_status() {
        for (error, status, retry) in [
            (AppError::NotFound, 404, None),
            (AppError::Invalid("x".into()), 400, None),
            (AppError::Conflict("x".into()), 409, None),
            (
                AppError::Busy {
                    retry_after: Duration::from_millis(1500),
                },
                503,
                Some(2),
            ),
            (
                AppError::Busy {
                    retry_after: Duration::ZERO,
                },
                503,
                Some(1),
            ),
            (AppError::bug("x"), 500, None),
        ] {
            let problem = Problem::from(error);
            assert_eq!(problem.status().as_u16(), status);
            assert_eq!(problem.retry_after(), retry);
        }
    }
}
