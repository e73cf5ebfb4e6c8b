//! Whether the service lives, for whoever watches it.

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::StatusCode;

use crate::portal::Portal;

pub(crate) fn routes() -> Router<Portal> {
    Router::new()
        .route("/healthz", get(|| async { "ok" }))
        .route("/readyz", get(ready))
}

/// Whether the database answers. Why it does not is in the log.
async fn ready(State(portal): State<Portal>) -> Response {
    match portal.ready().await {
        Ok(()) => "ready".into_response(),
        Err(error) => {
            tracing::warn!(error = error.chain(), "not ready");
            (StatusCode::SERVICE_UNAVAILABLE, "not ready").into_response()
        }
    }
}
