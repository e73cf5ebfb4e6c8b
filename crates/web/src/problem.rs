//! Pages for what is no page.

use askama::Template;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use latchkey_app::reset;
use latchkey_http::{Incoming, Problem};
use latchkey_i18n::Texts;

use crate::layout::{Layout, page};
use crate::portal::Portal;

#[derive(Template)]
#[template(path = "problem.html")]
struct ProblemTemplate {
    l: Layout,
    what: String,
    reference: String,
    start: bool,
}

/// Says what happened and what to do, with the support reference.
pub(crate) fn problem_page(portal: &Portal, incoming: &Incoming, problem: &Problem) -> Response {
    let brand = reset::service_brand(portal);
    let incoming = incoming.clone().within(brand.locale);
    let t = Texts::new(incoming.ctx.locale);
    let (heading, what) = match problem {
        Problem::UnknownHost => ("problem-host", "problem-host-what"),
        Problem::BadRequest => ("problem-request", "problem-request-what"),
        Problem::ControlCharacters => ("problem-request", "problem-characters-what"),
        Problem::CrossOrigin => ("problem-request", "problem-origin-what"),
        Problem::NotFound => ("problem-not-found", "problem-not-found-what"),
        Problem::MethodNotAllowed => ("problem-not-found", "problem-method-what"),
        Problem::Conflict => ("problem-request", "problem-conflict-what"),
        Problem::TooLarge => ("problem-too-large", "problem-too-large-what"),
        Problem::NotAForm => ("problem-request", "problem-not-a-form-what"),
        Problem::Busy(_) => ("problem-busy", "problem-busy-what"),
        Problem::Unavailable | Problem::TooSlow => ("problem-busy", "problem-away-what"),
        Problem::Internal => ("problem-internal", "problem-internal-what"),
    };
    // Under a name that is not ours, no link of ours would work.
    let ours = *problem != Problem::UnknownHost;
    let mut l = portal.layout(&incoming, &brand, "/reset", t.get(heading));
    l.help = false;
    let template = ProblemTemplate {
        l,
        what: t.get(what),
        reference: incoming.ctx.request.to_string(),
        start: ours,
    };
    match page(problem.status(), incoming.ctx.locale, &template) {
        Ok(page) => page,
        Err(_) => (StatusCode::INTERNAL_SERVER_ERROR, t.get(heading)).into_response(),
    }
}
