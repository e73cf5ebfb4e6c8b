//! What happens to every request before its handler and to every answer after it.

use std::any::Any;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{MatchedPath, Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, Method, header};
use latchkey_types::RequestId;
use tokio::time::Instant;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::csrf::{CsrfLayer, ProtectionError};
use tracing::Instrument;

use crate::serve::Peer;
use crate::{Hosts, Incoming, LANGUAGE_COOKIE, Problem, Proxies, SetCookie, headers};

/// Makes the body of an answer that is a problem: a page or JSON.
pub type ProblemPage = dyn Fn(&Incoming, &Problem) -> Response + Send + Sync;

/// What is in front of a router.
pub struct Front {
    /// The names under which it answers.
    pub hosts: Hosts,
    /// The reverse proxies that are believed.
    pub proxies: Proxies,
    /// Whether browsers reach it by https.
    pub secure: bool,
    /// Longest time for one request, its body included.
    pub request_timeout: Duration,
    /// Gives each request its id.
    pub new_id: Box<dyn Fn() -> RequestId + Send + Sync>,
    /// Makes error pages.
    pub problem_page: Box<ProblemPage>,
}

/// Paths that watchers of the service ask for by whatever name they know it: the answers are fixed
/// words without links, and are counted but not logged.
const PROBES: [&str; 2] = ["/healthz", "/readyz"];

/// How long a browser keeps the language that was chosen: a year.
const LANGUAGE_KEPT: u32 = 365 * 24 * 3600;

/// Puts a router behind all of it: request id, host check, context, cross-origin check, time-out,
/// panics, error pages, headers, log and counters.
pub fn protect(router: Router, front: Front) -> Router {
    let cross_origin = CsrfLayer::new()
        .with_rejection_response(|_: ProtectionError| Problem::CrossOrigin.into_response());
    router
        .layer(CatchPanicLayer::custom(panicked))
        .layer(cross_origin)
        .layer(from_fn_with_state(Arc::new(front), around))
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "this is the signature that the layer wants"
)]
fn panicked(cause: Box<dyn Any + Send + 'static>) -> Response {
    let text = cause
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| cause.downcast_ref::<&str>().copied())
        .unwrap_or("no text");
    tracing::error!(panic = text, "a handler panicked");
    Problem::Internal.into_response()
}

async fn around(State(front): State<Arc<Front>>, mut request: Request, next: Next) -> Response {
    let started = Instant::now();
    let id = (front.new_id)();
    let method = known_method(request.method());
    let route = request
        .extensions()
        .get::<MatchedPath>()
        .map_or_else(|| String::from("none"), |path| path.as_str().to_owned());
    let peer = request.extensions().get::<Peer>().map(|peer| peer.0);
    let address = peer.map(|peer| front.proxies.client(peer, request.headers()));
    let incoming = Incoming::read(id, address, request.uri(), request.headers(), front.secure);
    let is_probe = PROBES.contains(&request.uri().path());
    let is_known = is_probe || front.hosts.knows(request.uri(), request.headers());
    request.extensions_mut().insert(incoming.clone());

    // Never the query, the body or a cookie: they hold names and secrets.
    let span = tracing::info_span!("request", id = %id, method, route = route.as_str());
    let answer = async {
        if !is_known {
            return Problem::UnknownHost.into_response();
        }
        tokio::time::timeout(front.request_timeout, next.run(request))
            .await
            .unwrap_or_else(|_| {
                tracing::error!("took too long");
                Problem::TooSlow.into_response()
            })
    };
    let mut response = answer.instrument(span.clone()).await;

    response = with_page(&front, &incoming, response);
    if let Some(locale) = incoming.chosen_language()
        && is_known
    {
        let cookie = SetCookie {
            name: LANGUAGE_COOKIE,
            value: locale.tag(),
            max_age: Some(LANGUAGE_KEPT),
        };
        cookie.add(front.secure, response.headers_mut());
    }
    headers::add(response.headers_mut(), front.secure);
    let status = response.status().as_u16();
    let time = started.elapsed();
    metrics::counter!(
        "latchkey_http_requests_total",
        "method" => method, "route" => route.clone(), "status" => status.to_string()
    )
    .increment(1);
    metrics::histogram!("latchkey_http_request_seconds", "method" => method, "route" => route)
        .record(time);
    if !is_probe {
        let milliseconds = time.as_millis() as u64;
        span.in_scope(|| tracing::info!(status, milliseconds, "answered"));
    }
    response
}

/// Gives an answer that is a problem its body. A bare status is the router's own: no such route, no
/// such method.
fn with_page(front: &Front, incoming: &Incoming, response: Response) -> Response {
    let bare = !response.headers().contains_key(header::CONTENT_TYPE);
    let problem = response.extensions().get::<Problem>().cloned().or_else(|| {
        if bare {
            Problem::of_status(response.status())
        } else {
            None
        }
    });
    let Some(problem) = problem else {
        return response;
    };
    let (parts, _) = response.into_parts();
    let mut page = (front.problem_page)(incoming, &problem);
    *page.status_mut() = parts.status;
    for name in [header::ALLOW, header::RETRY_AFTER] {
        if let Some(value) = parts.headers.get(&name) {
            page.headers_mut().insert(name, value.clone());
        }
    }
    if matches!(
        problem,
        Problem::TooLarge | Problem::TooSlow | Problem::UnknownHost
    ) {
        // What is left of the request is not worth reading.
        page.headers_mut()
            .insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    page
}

/// A method as a label: a stranger's word would make endless series.
fn known_method(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    }
}

impl Front {
    /// An address as a peer, for tests of routers without connections.
    #[doc(hidden)]
    pub fn peer(address: IpAddr) -> impl Clone + Send + Sync + 'static {
        Peer(address)
    }
}

#[cfg(test)]
#[path = "front_tests.rs"]
mod tests;
