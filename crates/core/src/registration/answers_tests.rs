use super::*;
use crate::model::sample_user;
use crate::reset::questions::{PREDEFINED, own_name};

const TEXT: &str = "What was the name of your first teacher?";

fn one(typed: &str) -> Answer<'_> {
    Answer {
        question: PREDEFINED[0],
        text: TEXT,
        typed,
    }
}

/// What is wrong with one answer.
fn problems(typed: &str) -> Vec<AnswerProblem> {
    let user = sample_user();
    check_answers(&[one(typed)], 1, &answer_names(&user), &[])
        .into_iter()
        .map(|problem| match problem {
            SetProblem::Answer { place: 0, problem } => problem,
            other => panic!("{other:?}"),
        })
        .collect()
}

#[test]
fn an_answer_has_3_to_40_characters() {
    assert_eq!(problems("Kö"), [AnswerProblem::TooShort]);
    assert_eq!(problems("Köp"), []);
    let of = |n: usize| "boomgaard".chars().cycle().take(n).collect::<String>();
    assert_eq!(problems(&of(40)), []);
    assert_eq!(problems(&of(41)), [AnswerProblem::TooLong]);
    assert_eq!(problems(""), [AnswerProblem::TooShort]);
}

#[test]
fn characters_are_counted_after_normalisation() {
    assert_eq!(problems("  a   b  "), []);
    assert_eq!(problems("  a    "), [AnswerProblem::TooShort]);
    assert_eq!(problems("ko\u{308}"), [AnswerProblem::TooShort]);
    let spaced = format!("{}{}x", "boom ".repeat(7), " ".repeat(100));
    assert_eq!(problems(&spaced), []);
}

#[test]
fn a_common_answer_is_refused_however_it_is_written() {
    for typed in [
        "Amsterdam",
        "  NEW   york ",
        "ｑｗｅｒｔｙ",
        "Okänd",
        "aaaa",
        "1234",
    ] {
        assert_eq!(problems(typed), [AnswerProblem::Common], "{typed}");
    }
}

#[test]
fn an_answer_is_not_a_part_of_its_question_or_of_a_name() {
    assert_eq!(problems("First Teacher"), [AnswerProblem::InQuestion]);
    for name in ["Ada", "LOVELACE", "ada lovelace", "ada.lovelace", "love"] {
        assert_eq!(problems(name), [AnswerProblem::InName], "{name}");
    }
    assert_eq!(problems("Ada Byron King"), []);
}

#[test]
fn each_question_and_each_answer_is_there_once() {
    let own = vec!["Which was your first desk?".to_owned()];
    let named = own_name(&own[0]);
    let answer = |question, typed| Answer {
        question,
        text: TEXT,
        typed,
    };
    let set = [
        answer(PREDEFINED[0], "Boomgaard"),
        answer(PREDEFINED[1], " boomgaard "),
        answer(PREDEFINED[0], "Älvsborg"),
        answer(&named, "By the window"),
        answer("own:Gone", "Merweplein"),
    ];
    let at = |place, problem| SetProblem::Answer { place, problem };
    assert_eq!(
        check_answers(&set, 5, &[], &own),
        [
            at(1, AnswerProblem::Repeated),
            at(2, AnswerProblem::QuestionTwice),
            at(4, AnswerProblem::UnknownQuestion),
        ]
    );
}

#[test]
fn as_many_as_the_policy_says_or_more() {
    let typed = [
        "Boomgaard",
        "Älvsborg",
        "Merweplein",
        "Vasagatan",
        "Tolsteeg",
    ];
    let set: Vec<Answer<'_>> = PREDEFINED
        .iter()
        .zip(typed)
        .map(|(question, typed)| Answer {
            question,
            text: TEXT,
            typed,
        })
        .collect();
    for needed in 3..=5 {
        let count = usize::from(needed);
        assert_eq!(check_answers(&set[..count], needed, &[], &[]), []);
        assert_eq!(
            check_answers(&set[..count - 1], needed, &[], &[]),
            [SetProblem::TooFew { needed }]
        );
    }
    assert_eq!(check_answers(&set, 3, &[], &[]), []);
}

#[test]
fn a_name_that_is_not_known_refuses_nothing() {
    assert_eq!(check_answers(&[one("Boomgaard")], 1, &["", " "], &[]), []);
}
