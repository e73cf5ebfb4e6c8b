//! Security questions: the predefined ones, the draw, and what counts as the same answer.

use unicode_normalization::UnicodeNormalization as _;

/// The predefined questions, by the ids of their texts. They ask for what does not change and is
/// not to be found in a profile.
pub const PREDEFINED: [&str; 12] = [
    "question-first-manager",
    "question-first-street",
    "question-first-concert",
    "question-childhood-friend",
    "question-first-school-city",
    "question-parents-met",
    "question-childhood-nickname",
    "question-first-job-city",
    "question-oldest-cousin",
    "question-first-teacher",
    "question-childhood-toy",
    "question-grandmother-street",
];

/// The fewest characters of an answer.
pub const ANSWER_MIN: usize = 3;

/// The most characters of an answer.
pub const ANSWER_MAX: usize = 40;

/// The form of an answer that is hashed and compared: NFKC, case-folded, trimmed, inner white space
/// collapsed (specification: *Registration*).
pub fn normalise_answer(typed: &str) -> String {
    let folded: String = typed
        .nfkc()
        .collect::<String>()
        .to_lowercase()
        .nfkc()
        .collect();
    folded.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The name under which an answer to one of the tenant's own questions is kept: `own:` and the
/// question, so that a question that is changed is another question.
pub fn own_name(text: &str) -> String {
    format!("own:{text}")
}

/// Draws `count` of the registered questions at random, each at most once. `random` gives four
/// bytes for each of them.
pub fn draw(registered: &[String], count: usize, random: &[u8]) -> Vec<String> {
    let mut left: Vec<String> = registered.to_vec();
    let mut drawn = Vec::new();
    for chunk in random.chunks_exact(4).take(count.min(registered.len())) {
        let number = chunk
            .iter()
            .fold(0_u32, |all, byte| (all << 8) | u32::from(*byte));
        let place = usize::try_from(number).unwrap_or_default() % left.len().max(1);
        if place < left.len() {
            drawn.push(left.remove(place));
        }
    }
    drawn
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn answers_that_a_person_would_call_the_same_are() {
        for typed in [
            "Main Street",
            "  main   street ",
            "MAIN\tSTREET",
            "Ｍａｉｎ street",
        ] {
            assert_eq!(normalise_answer(typed), "main street", "{typed:?}");
        }
        assert_eq!(
            normalise_answer("Göteborg"),
            normalise_answer("GO\u{308}TEBORG")
        );
        assert_ne!(
            normalise_answer("Main Street"),
            normalise_answer("Mainstreet")
        );
    }

    #[test]
    fn a_draw_has_each_question_once_and_reaches_them_all() {
        let registered: Vec<String> = PREDEFINED.iter().take(5).map(|q| (*q).to_owned()).collect();
        let mut seen = BTreeSet::new();
        for n in 0_u8..100 {
            let random: Vec<u8> = (0_u8..12)
                .map(|i| n.wrapping_mul(37).wrapping_add(i * 11))
                .collect();
            let drawn = draw(&registered, 3, &random);
            assert_eq!(drawn.len(), 3);
            assert_eq!(drawn.iter().collect::<BTreeSet<_>>().len(), 3);
            seen.extend(drawn);
        }
        assert_eq!(seen.len(), 5);
        assert_eq!(draw(&registered[..2], 3, &[0; 12]).len(), 2);
        assert!(draw(&[], 3, &[0; 12]).is_empty());
    }
}
