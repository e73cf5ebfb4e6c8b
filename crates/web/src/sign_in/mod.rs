//! Signing in. Specification: *Sign-in*.
//!
//! One file for each page, as in the reset portal. A GET shows the page if it is where the way in
//! stands, and leads there if not; it changes nothing. A POST calls one use case.

mod elsewhere;
mod flow;
mod out;
mod passkey;
mod password;
mod second;
mod start;

use axum::Router;
use axum::routing::{get, post};

use crate::portal::Portal;

pub(crate) use flow::COOKIE;

pub(crate) fn routes() -> Router<Portal> {
    Router::new()
        .route("/sign-in", get(start::get).post(start::post))
        .route("/sign-in/password", get(flow::show).post(password::post))
        .route("/sign-in/second", get(flow::show).post(second::post))
        .route("/sign-in/passkey", get(flow::show).post(passkey::begin))
        .route("/sign-in/passkey/answer", post(passkey::answer))
        .route("/sign-in/elsewhere", get(flow::show).post(elsewhere::post))
        .route("/sign-in/federated", get(elsewhere::back))
        .route("/sign-in/other", post(second::other))
        .route("/sign-in/forgot", post(start::forgot))
        .route("/sign-in/cancel", post(start::cancel))
        .route("/sign-out", get(out::get).post(out::post))
}
