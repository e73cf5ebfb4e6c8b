//! Security questions.

use askama::Template;
use axum::extract::State;
use http::StatusCode;
use latchkey_app::security_info::{self, AnswersSaid, QuestionForm};
use latchkey_core::registration::{AnswerProblem, SetProblem};
use latchkey_core::reset::questions::PREDEFINED;
use latchkey_http::{Fields, Incoming, Posted};
use latchkey_i18n::Texts;
use latchkey_types::Secret;

use super::{pass, posted, require, saved};
use crate::layout::{self, Alert, Layout};
use crate::portal::Portal;
use crate::reset::Answer;
use crate::signed_in::Here;
use crate::words;

const PATH: &str = "/security-info/questions";

/// Names of the fields: question and answer.
const FIELDS: [(&str, &str); 10] = [
    ("question_1", "answer_1"),
    ("question_2", "answer_2"),
    ("question_3", "answer_3"),
    ("question_4", "answer_4"),
    ("question_5", "answer_5"),
    ("question_6", "answer_6"),
    ("question_7", "answer_7"),
    ("question_8", "answer_8"),
    ("question_9", "answer_9"),
    ("question_10", "answer_10"),
];

#[derive(Template)]
#[template(path = "security_info/questions.html")]
struct QuestionsPage {
    l: Layout,
    lead: String,
    replaces: Option<String>,
    rows: Vec<Row>,
}

struct Row {
    question: &'static str,
    answer: &'static str,
    question_label: String,
    answer_label: String,
    /// Value, words, chosen.
    choices: Vec<(String, String, bool)>,
    /// Whether it may stay empty.
    is_optional: bool,
    error: Option<String>,
}

pub(super) async fn get(State(portal): State<Portal>, incoming: Incoming) -> Answer {
    let here = require(&portal, &incoming).await?;
    let form = pass(
        security_info::question_form(&portal, &here.cookie).await?,
        PATH,
    )?;
    show(&here, &form, &[], &[])
}

/// How many questions a page asks for: two more than are needed, if there are so many.
fn shown(form: &QuestionForm) -> usize {
    (usize::from(form.needed) + 2)
        .min(form.most)
        .min(FIELDS.len())
}

fn show(here: &Here, form: &QuestionForm, chosen: &[String], problems: &[SetProblem]) -> Answer {
    let t = here.texts();
    let all: Vec<(String, String)> = PREDEFINED
        .into_iter()
        .map(|id| (id.to_owned(), words::question(t, id)))
        .chain(form.own.iter().map(|text| (text.clone(), text.clone())))
        .collect();
    let rows: Vec<Row> = FIELDS
        .into_iter()
        .take(shown(form))
        .enumerate()
        .map(|(place, (question, answer))| {
            let is_optional = place >= usize::from(form.needed);
            // Each question once, without having to look for it: the next one is chosen already.
            let first = all.get(place).map(|(value, _)| value.as_str());
            let is_chosen = match chosen.get(place) {
                Some(chosen) => Some(chosen.as_str()),
                None if is_optional => None,
                None => first,
            };
            let number = place + 1;
            let args = [("number", number.into())];
            Row {
                question,
                answer,
                question_label: t.with("ask-question", &args),
                answer_label: t.with("ask-answer", &args),
                choices: all
                    .iter()
                    .map(|(value, text)| {
                        (
                            value.clone(),
                            text.clone(),
                            is_chosen == Some(value.as_str()),
                        )
                    })
                    .collect(),
                is_optional,
                error: said(t, problems, place),
            }
        })
        .collect();
    let mut l = here.layout(PATH, t.get("ask-heading"));
    l.alert = alert(t, form, problems);
    let needed = [("needed", form.needed.into())];
    let template = QuestionsPage {
        lead: t.with("ask-lead", &needed),
        replaces: (form.registered > 0).then(|| t.get("ask-replaces")),
        rows,
        l,
    };
    Ok(layout::page(StatusCode::OK, t.locale(), &template)?)
}

fn words_for(t: Texts, place: usize, problem: AnswerProblem) -> String {
    let id = match problem {
        AnswerProblem::TooShort => "ask-error-short",
        AnswerProblem::TooLong => "ask-error-long",
        AnswerProblem::Common => "ask-error-common",
        AnswerProblem::InQuestion => "ask-error-in-question",
        AnswerProblem::InName => "ask-error-name",
        AnswerProblem::Repeated => "ask-error-repeated",
        AnswerProblem::QuestionTwice => "ask-error-twice",
        AnswerProblem::UnknownQuestion => "ask-error-unknown",
    };
    t.with(id, &[("number", (place + 1).into())])
}

/// What is wrong at one place.
fn said(t: Texts, problems: &[SetProblem], at: usize) -> Option<String> {
    let found: Vec<String> = problems
        .iter()
        .filter_map(|problem| match problem {
            SetProblem::Answer { place, problem } if *place == at => {
                Some(words_for(t, at, *problem))
            }
            _ => None,
        })
        .collect();
    (!found.is_empty()).then(|| found.join(" "))
}

fn alert(t: Texts, form: &QuestionForm, problems: &[SetProblem]) -> Option<Alert> {
    let items: Vec<String> = problems
        .iter()
        .map(|problem| match problem {
            SetProblem::TooFew { needed } => {
                t.with("ask-error-few", &[("needed", (*needed).into())])
            }
            SetProblem::Answer { place, problem } => words_for(t, *place, *problem),
        })
        .collect();
    let first = problems.iter().find_map(|problem| match problem {
        SetProblem::Answer { place, .. } => FIELDS.get(*place).map(|(_, answer)| *answer),
        SetProblem::TooFew { .. } => FIELDS.get(shown(form).saturating_sub(1)).map(|(_, a)| *a),
    });
    (!items.is_empty()).then(|| Alert::error(t, first.unwrap_or("answer_1"), items))
}

pub(super) async fn post(State(portal): State<Portal>, incoming: Incoming, form: Posted) -> Answer {
    let names: Vec<&'static str> = FIELDS.into_iter().flat_map(|(q, a)| [q, a]).collect();
    let (here, fields) = posted(&portal, &incoming, &form, &names, &[]).await?;
    let t = here.texts();
    let form = pass(
        security_info::question_form(&portal, &here.cookie).await?,
        PATH,
    )?;
    let (set, places, chosen) = typed(t, &fields, &form);
    let said = security_info::set_questions(&portal, here.ctx(), &here.cookie, &set).await?;
    match pass(said, PATH)? {
        AnswersSaid::Saved(done) => saved(&here, &done),
        AnswersSaid::Refused(problems) => {
            // A row that was left empty does not count: back to the places on the page.
            let problems: Vec<SetProblem> = problems
                .into_iter()
                .map(|problem| match problem {
                    SetProblem::Answer { place, problem } => SetProblem::Answer {
                        place: places.get(place).copied().unwrap_or(place),
                        problem,
                    },
                    few @ SetProblem::TooFew { .. } => few,
                })
                .collect();
            show(&here, &form, &chosen, &problems)
        }
    }
}

/// The question, its words, and what was typed.
type Row3 = (String, String, Secret<String>);

/// What was typed: each row that is not empty, with its place; and every choice, to show it again.
fn typed(t: Texts, fields: &Fields, form: &QuestionForm) -> (Vec<Row3>, Vec<usize>, Vec<String>) {
    let (mut set, mut places, mut chosen) = (Vec::new(), Vec::new(), Vec::new());
    for (place, (question, answer)) in FIELDS.into_iter().take(shown(form)).enumerate() {
        let question = fields.text(question).to_owned();
        let answer = fields.secret(answer);
        chosen.push(question.clone());
        let is_empty = answer.expose().trim().is_empty();
        let is_optional = place >= usize::from(form.needed);
        if is_empty && (question.is_empty() || is_optional) {
            continue;
        }
        let text = words::question(t, &question);
        set.push((question, text, answer));
        places.push(place);
    }
    (set, places, chosen)
}
