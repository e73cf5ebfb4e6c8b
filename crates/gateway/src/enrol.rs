//! Enrolling.

use axum::body::Bytes;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, StatusCode, header};
use latchkey_app::writeback::{self, Enrolment, Refused};
use latchkey_http::Incoming;
use latchkey_wire::v1::{Denial, Denied, Enrol};
use latchkey_wire::{decode, encode};

use crate::Gateway;

/// The longest request to enrol, in bytes.
pub(crate) const LONGEST: usize = 16 * 1024;

/// Takes a token and the agent's public keys, and says who the agent is from now on.
pub(crate) async fn post(
    State(gateway): State<Gateway>,
    incoming: Incoming,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    // No browser has any business here.
    if headers.contains_key(header::ORIGIN) {
        return denied(StatusCode::BAD_REQUEST, Denied::Proof);
    }
    let app = &gateway.app;
    match writeback::may_try(app, &incoming.ctx).await {
        Ok(true) => {}
        Ok(false) => return denied(StatusCode::TOO_MANY_REQUESTS, Denied::Busy),
        Err(error) => return failed(&error),
    }
    let says = std::str::from_utf8(&body).ok().map(decode::<Enrol>);
    let Some(Ok(says)) = says else {
        return denied(StatusCode::BAD_REQUEST, Denied::Proof);
    };
    match writeback::enrol(app, &says).await {
        Ok(Enrolment::Done(enrolled)) => json(StatusCode::OK, encode(&enrolled)),
        Ok(Enrolment::Refused(refused)) => denied(StatusCode::FORBIDDEN, word(refused)),
        Err(error) => failed(&error),
    }
}

/// The word for a refusal.
pub(crate) const fn word(refused: Refused) -> Denied {
    match refused {
        Refused::Token => Denied::Token,
        Refused::Proof => Denied::Proof,
        Refused::Revoked => Denied::Revoked,
        Refused::Elsewhere => Denied::Busy,
    }
}

fn failed(error: &latchkey_app::AppError) -> Response {
    tracing::warn!(error = error.chain(), "an agent could not be enrolled");
    denied(StatusCode::SERVICE_UNAVAILABLE, Denied::Unavailable)
}

fn denied(status: StatusCode, why: Denied) -> Response {
    json(status, encode(&Denial { denied: why }))
}

fn json(status: StatusCode, body: String) -> Response {
    (status, [(header::CONTENT_TYPE, "application/json")], body).into_response()
}
