//! Security questions. A new set of answers takes the place of the one before; nobody can read one
//! back, so that changing one means answering all.

use latchkey_core::model::Origin;
use latchkey_core::registration::{
    Answer, AnswerProblem, Kind, SetProblem, answer_names, check_answers,
};
use latchkey_core::reset::questions::{PREDEFINED, normalise_answer, own_name};
use latchkey_store::methods;
use latchkey_store::methods::{MethodKind, NewMethod};
use latchkey_types::{MethodId, Secret};

use super::enter::{Bar, Reply, Wish, enter, look};
use super::settle::{Change, How, Saved, settle};
use crate::keys::seal;
use crate::sign_in::Pace;
use crate::{App, AppError, Ctx};

/// The most questions of one person.
const MOST: usize = 10;

/// What the page needs.
#[derive(Debug, Clone)]
pub struct QuestionForm {
    /// How many have to be answered.
    pub needed: u8,
    /// How many are answered.
    pub registered: usize,
    /// How many can be answered: not more than there are questions.
    pub most: usize,
    /// The tenant's own questions, in their words.
    pub own: Vec<String>,
}

/// What came of a set of answers.
#[derive(Debug, Clone)]
pub enum AnswersSaid {
    /// They are on file.
    Saved(Box<Saved>),
    /// Everything that is wrong with them.
    Refused(Vec<SetProblem>),
}

/// What the page needs.
pub async fn question_form(app: &App, cookie: &Secret<String>) -> Reply<QuestionForm> {
    look(app, cookie, Wish::Register(Kind::Questions), |here| {
        let questions = &here.case.tenant.settings.reset.questions;
        QuestionForm {
            needed: questions.to_register,
            registered: here.case.methods.questions,
            most: (PREDEFINED.len() + questions.own.len()).min(MOST),
            own: questions.own.clone(),
        }
    })
    .await
}

/// The name under which an answer is kept, and the words of the question, which are given for the
/// predefined ones.
fn named(own: &[String], question: &str) -> String {
    if own.iter().any(|text| text == question) {
        own_name(question)
    } else {
        question.to_owned()
    }
}

/// Replaces all answers. Each is a question (a predefined one by its id, or one of the tenant's own
/// by its words), the words in which it was shown, and what was typed.
pub async fn set_questions(
    app: &App,
    ctx: &Ctx,
    cookie: &Secret<String>,
    answers: &[(String, String, Secret<String>)],
) -> Reply<AnswersSaid> {
    let wish = Wish::Register(Kind::Questions);
    let checked = look(app, cookie, wish, |here| {
        let questions = &here.case.tenant.settings.reset.questions;
        let names: Vec<String> = answers
            .iter()
            .map(|(question, ..)| named(&questions.own, question))
            .collect();
        let set: Vec<Answer<'_>> = answers
            .iter()
            .zip(&names)
            .map(|((_, text, typed), question)| Answer {
                question,
                text,
                typed: typed.expose(),
            })
            .collect();
        let persons = here.case.user.as_ref().map(answer_names);
        let persons: &[&str] = persons.as_ref().map_or(&[], |names| names);
        let mut problems = check_answers(&set, questions.to_register, persons, &questions.own);
        if answers.len() > MOST {
            problems.push(SetProblem::Answer {
                place: MOST,
                problem: AnswerProblem::UnknownQuestion,
            });
        }
        (names, problems)
    })
    .await?;
    let names = match checked {
        Ok((names, problems)) if problems.is_empty() => names,
        Ok((_, problems)) => return Ok(Ok(AnswersSaid::Refused(problems))),
        Err(bar) => return Ok(Err(bar)),
    };
    let paced = enter(app, cookie, wish, async |mut tx, here| {
        here.pace(&mut tx, "questions", Pace::OF_HASHES).await?;
        Ok(Ok(()))
    })
    .await?;
    if let Err(bar) = paced {
        return Ok(Err(bar));
    }
    // Hashed before the transaction, in which everything else is looked at again.
    let mut hashing = tokio::task::JoinSet::new();
    for (name, (_, _, typed)) in names.into_iter().zip(answers) {
        let app = app.clone();
        let answer = Secret::new(normalise_answer(typed.expose()));
        hashing.spawn(async move {
            let hash = app.hashing().hash(app.entropy(), answer).await?;
            Ok::<_, AppError>((name, hash))
        });
    }
    let hashed: Vec<(String, String)> = hashing
        .join_all()
        .await
        .into_iter()
        .collect::<Result<_, _>>()?;
    enter(app, cookie, wish, async |mut tx, here| {
        let tx = &mut tx;
        let (tenant, user) = (here.row.tenant, here.row.user);
        let questions = &here.case.tenant.settings.reset.questions;
        let is_asked = |name: &String| {
            PREDEFINED.contains(&name.as_str())
                || questions.own.iter().any(|text| own_name(text) == *name)
        };
        if !hashed.iter().all(|(name, _)| is_asked(name))
            || hashed.len() < usize::from(questions.to_register)
        {
            // The policy changed in the meantime.
            return Ok(Err(Bar::Closed));
        }
        let before = methods::delete_kind(tx, tenant, user, MethodKind::Question).await?;
        for (name, hash) in &hashed {
            let id = MethodId::new(app.clock(), app.entropy());
            let key = &here.case.data_key;
            let value = seal(key, app.entropy(), "method", "value", id.0, hash.as_bytes())?;
            let new = NewMethod {
                id,
                kind: MethodKind::Question,
                slot: name,
                name: "",
                value: &value,
                origin: Origin::Person,
            };
            if !methods::upsert(tx, tenant, user, &new, here.now).await? {
                return Err(AppError::NotFound);
            }
        }
        let change = Change {
            kind: Kind::Questions,
            how: if before == 0 {
                How::Added
            } else {
                How::Replaced
            },
            which: String::new(),
        };
        let saved = settle(tx, app, ctx, &here, cookie, change).await?;
        Ok(Ok(AnswersSaid::Saved(Box::new(saved))))
    })
    .await
}
