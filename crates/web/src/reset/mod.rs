//! The password reset portal. Specification: *The password reset portal*.
//!
//! One file for each page: its struct, its GET and its POST. A GET shows the page if it is the
//! session's step and leads to that step if not; it changes nothing. A POST calls one use case.

mod code;
mod directory;
mod end;
mod flow;
mod help;
mod new_password;
mod number;
mod passkey;
mod questions;
mod recovery_code;
mod refused;
mod start;
mod verify;

use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::routing::{get, post};

use crate::portal::Portal;

pub(crate) use flow::{Answer, Stop, see_other};
pub(crate) use start::{Home, PRE_COOKIE, fresh};

pub(crate) fn routes(portal: &Portal) -> Router<Portal> {
    Router::new()
        .route("/reset", get(start::get).post(start::post))
        .route("/reset/verify", get(flow::show).post(verify::post))
        .route("/reset/number", get(flow::show).post(number::post))
        .route("/reset/code", get(flow::show).post(code::post))
        .route("/reset/passkey", get(flow::show).post(passkey::post))
        .route(
            "/reset/recovery-code",
            get(flow::show).post(recovery_code::post),
        )
        .route("/reset/questions", get(flow::show).post(questions::post))
        .route(
            "/reset/password",
            get(new_password::get).post(new_password::post),
        )
        .route(
            "/reset/what",
            get(directory::get_what).post(directory::post_what),
        )
        .route("/reset/working", get(directory::get_working))
        .route("/reset/end", get(flow::show))
        .route("/reset/again", post(code::again))
        .route("/reset/other", post(verify::other))
        .route("/reset/cancel", post(end::cancel))
        .route("/reset/help", get(help::get).post(help::post))
        .route_layer(from_fn_with_state(portal.clone(), refused::note))
}
