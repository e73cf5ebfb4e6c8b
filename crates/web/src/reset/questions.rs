//! Security questions.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use latchkey_app::reset::{self, Notice, Page, Question};
use latchkey_http::{Incoming, Posted, Problem};

use super::flow::{Answer, Form, Open};
use crate::layout::{self, Layout};
use crate::portal::Portal;
use crate::words;

/// As many as a policy may ask for.
const ANSWERS: [&str; 5] = ["answer_1", "answer_2", "answer_3", "answer_4", "answer_5"];

#[derive(Template)]
#[template(path = "reset/questions.html")]
struct QuestionsPage {
    l: Layout,
    questions: Vec<String>,
    error: Option<String>,
}

pub(super) fn page(
    open: &Open,
    status: StatusCode,
    notice: Option<&Notice>,
) -> Result<Response, Problem> {
    let Page::Questions { questions } = &open.view.page else {
        return Err(Problem::Internal);
    };
    let t = open.texts();
    let l = open.layout(t.get("questions-heading"), notice);
    let template = QuestionsPage {
        questions: questions
            .iter()
            .map(|question| match question {
                Question::Predefined(name) => words::question(t, name),
                Question::Own(text) => text.clone(),
            })
            .collect(),
        error: l.alert.as_ref().and_then(|alert| alert.at("answer_1")),
        l,
    };
    layout::page(status, t.locale(), &template)
}

/// Tries the answers, all in one go.
pub(super) async fn post(
    State(portal): State<Portal>,
    incoming: Incoming,
    posted: Posted,
) -> Answer {
    let form = Form::read(&portal, &incoming, &posted, &ANSWERS, &[]).await?;
    let typed: Vec<String> = ANSWERS
        .iter()
        .map(|name| form.fields.text(name).to_owned())
        .collect();
    let outcome = reset::answers(&portal, form.ctx(), &form.cookie, form.version, &typed).await?;
    form.go_on(outcome, "")
}
