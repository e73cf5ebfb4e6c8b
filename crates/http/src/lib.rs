//! What the portals and the API share: connections, the request's context, cookies, forms, headers.
//!
//! [`protect`] puts a router behind everything that holds for each request; [`serve`] answers
//! connections with it. A failure is a [`Problem`]: the router's owner decides what one looks like.

mod address;
mod browser;
mod cookies;
mod form;
mod front;
mod headers;
mod hosts;
mod incoming;
mod problem;
mod serve;
mod urlencoded;

pub use address::{Network, Proxies, ProxyHeader};
pub use browser::browser_class;
pub use cookies::{Cookies, SetCookie};
pub use form::{Fields, MAX_BODY, MAX_FIELD, MAX_PASSWORD, Posted};
pub use front::{Front, ProblemPage, protect};
pub use headers::{CONTENT_SECURITY_POLICY, IMMUTABLE, LEADS_AWAY};
pub use hosts::Hosts;
pub use incoming::{Incoming, LANGUAGE_COOKIE};
pub use problem::Problem;
pub use serve::{Limits, serve};
