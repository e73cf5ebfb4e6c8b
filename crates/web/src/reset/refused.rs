//! Forms that cannot be read: on record where there is a session. Without one, the log of requests
//! and its counter, by route and status, say it.

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use http::Method;
use latchkey_app::reset;
use latchkey_http::{Incoming, Problem};

use super::flow::COOKIE;
use crate::portal::Portal;

/// The word for a request that cannot be read; `None` for what says nothing of the request.
const fn kind(problem: &Problem) -> Option<&'static str> {
    match problem {
        Problem::BadRequest => Some("fields"),
        Problem::ControlCharacters => Some("control_characters"),
        Problem::TooLarge => Some("too_large"),
        Problem::NotAForm => Some("content_type"),
        Problem::UnknownHost
        | Problem::CrossOrigin
        | Problem::NotFound
        | Problem::MethodNotAllowed
        | Problem::Conflict
        | Problem::Busy(_)
        | Problem::Unavailable
        | Problem::TooSlow
        | Problem::Internal => None,
    }
}

/// After every answer of the portal.
pub(super) async fn note(
    State(portal): State<Portal>,
    incoming: Incoming,
    request: Request,
    next: Next,
) -> Response {
    let is_post = request.method() == Method::POST;
    let response = next.run(request).await;
    let refused = response.extensions().get::<Problem>().and_then(kind);
    let Some(kind) = refused.filter(|_| is_post) else {
        return response;
    };
    if let Some(cookie) = incoming.cookies.get(COOKIE) {
        let recorded = reset::refused_input(&portal, &incoming.ctx, &cookie, kind).await;
        // The answer stays what it is; making a problem of the error logs it.
        let _ = recorded.map_err(Problem::from);
    }
    response
}
