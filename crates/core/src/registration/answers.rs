use crate::model::User;
use crate::reset::questions::{ANSWER_MAX, ANSWER_MIN, normalise_answer};

use super::common::is_common;

/// A question and what was typed for it.
#[derive(Debug, Clone, Copy)]
pub struct Answer<'a> {
    /// The name of the question: of a predefined one, or `own:` and the text.
    pub question: &'a str,
    /// The text of the question, as it was shown.
    pub text: &'a str,
    /// What was typed.
    pub typed: &'a str,
}

/// Why an answer is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AnswerProblem {
    /// Fewer than 3 characters.
    TooShort,
    /// More than 40 characters.
    TooLong,
    /// One of those that many people give.
    Common,
    /// A part of its question.
    InQuestion,
    /// A part of the person's own name.
    InName,
    /// Another question has the same answer.
    Repeated,
    /// The question was chosen before.
    QuestionTwice,
    /// The question is none of those that the tenant has.
    UnknownQuestion,
}

/// Why a set of answers is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SetProblem {
    /// There are too few.
    TooFew {
        /// How many are needed.
        needed: u8,
    },
    /// One of them is not good.
    Answer {
        /// Its place in the set, from 0.
        place: usize,
        /// Why.
        problem: AnswerProblem,
    },
}

/// The names of a person that are no answers.
pub fn answer_names(user: &User) -> [&str; 4] {
    [
        &user.given_name,
        &user.family_name,
        &user.display_name,
        user.upn.local(),
    ]
}

/// Everything that is wrong with a set of answers, which replaces what is registered; nothing, if
/// it is good. `names`: of the person. `own`: the tenant's own questions.
pub fn check_answers(
    answers: &[Answer<'_>],
    needed: u8,
    names: &[&str],
    own: &[String],
) -> Vec<SetProblem> {
    use crate::reset::questions::{PREDEFINED, own_name};

    let names: Vec<String> = names.iter().map(|name| normalise_answer(name)).collect();
    let normal: Vec<String> = answers
        .iter()
        .map(|answer| normalise_answer(answer.typed))
        .collect();
    let mut found = Vec::new();
    if answers.len() < usize::from(needed) {
        found.push(SetProblem::TooFew { needed });
    }
    for (place, (given, text)) in answers.iter().zip(&normal).enumerate() {
        let mut say = |problem| found.push(SetProblem::Answer { place, problem });
        let is_known = PREDEFINED.contains(&given.question)
            || own.iter().any(|text| own_name(text) == given.question);
        if !is_known {
            say(AnswerProblem::UnknownQuestion);
        }
        let mut before = answers.iter().take(place);
        if before.any(|other| other.question == given.question) {
            say(AnswerProblem::QuestionTwice);
        }
        let length = text.chars().count();
        if length < ANSWER_MIN {
            say(AnswerProblem::TooShort);
            continue;
        }
        if length > ANSWER_MAX {
            say(AnswerProblem::TooLong);
            continue;
        }
        if is_common(text) {
            say(AnswerProblem::Common);
        }
        if normalise_answer(given.text).contains(text.as_str()) {
            say(AnswerProblem::InQuestion);
        }
        if names.iter().any(|name| name.contains(text.as_str())) {
            say(AnswerProblem::InName);
        }
        if normal.iter().take(place).any(|other| other == text) {
            say(AnswerProblem::Repeated);
        }
    }
    found
}

#[cfg(test)]
#[path = "answers_tests.rs"]
mod tests;
