//! The portals that people see: handlers, pages, styles and scripts.
//!
//! Handlers read a form, call one use case and show what came of it. Nothing is decided here.

mod account;
mod assets;
mod change;
#[cfg(test)]
mod contrast_tests;
mod demo;
mod health;
mod landing;
mod layout;
mod not_me;
mod portal;
mod problem;
mod reset;
mod rules;
mod security_info;
mod sign_in;
mod signed_in;
mod words;

use std::time::Duration;

use axum::Router;
use axum::extract::{Path, State};
use axum::routing::get;
use http::HeaderMap;
use latchkey_app::App;
use latchkey_http::{Front, Hosts, Proxies, protect};
use latchkey_types::RequestId;

pub use demo::{DemoLink, DemoPages, DemoUser, demo_router};
use portal::Portal;

/// What the operator decides about the portals.
#[derive(Debug, Clone)]
pub struct WebOptions {
    /// The reverse proxies that are believed about a client's address.
    pub proxies: Proxies,
    /// Hosts that are answered besides that of the base address, as browsers send them
    /// (`host[:port]`).
    pub extra_hosts: Vec<String>,
    /// Longest time for one request.
    pub request_timeout: Duration,
}

impl Default for WebOptions {
    fn default() -> Self {
        Self {
            proxies: Proxies::default(),
            extra_hosts: Vec::new(),
            request_timeout: Duration::from_secs(30),
        }
    }
}

/// The portals under `app`, with everything in front of them. Serve it with
/// [`latchkey_http::serve()`].
pub fn router(app: App, options: &WebOptions) -> Router {
    router_with(app, options, Router::new())
}

/// The same with more routes behind the same front: where agents connect.
pub fn router_with(app: App, options: &WebOptions, more: Router) -> Router {
    let portal = Portal::new(app);
    let routes = Router::new()
        .route("/assets/{name}", get(asset))
        .route("/favicon.ico", get(icon))
        .merge(landing::routes())
        .merge(reset::routes(&portal))
        .merge(sign_in::routes())
        .merge(security_info::routes())
        .merge(change::routes())
        .merge(account::routes())
        .merge(not_me::routes())
        .merge(health::routes())
        .with_state(portal.clone())
        .merge(more);
    protected(routes, portal, options)
}

fn protected(routes: Router, portal: Portal, options: &WebOptions) -> Router {
    let base = &portal.options().base;
    let hosts = Hosts::new(
        std::iter::once(base.host()).chain(options.extra_hosts.iter().map(String::as_str)),
    );
    let front = Front {
        hosts,
        proxies: options.proxies.clone(),
        secure: base.is_secure(),
        request_timeout: options.request_timeout,
        new_id: {
            let portal = portal.clone();
            Box::new(move || RequestId::new(portal.clock(), portal.entropy()))
        },
        problem_page: Box::new(move |incoming, problem| {
            problem::problem_page(&portal, incoming, problem)
        }),
    };
    protect(routes, front)
}

async fn asset(
    State(portal): State<Portal>,
    Path(name): Path<String>,
    headers: HeaderMap,
) -> Result<axum::response::Response, latchkey_http::Problem> {
    portal.assets.answer(&name, &headers)
}

async fn icon(State(portal): State<Portal>, headers: HeaderMap) -> axum::response::Response {
    portal.assets.icon(&headers)
}
