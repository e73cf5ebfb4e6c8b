//! Answers that many people give, whatever is asked: the first guesses of a stranger.

/// Normalised, in English, Swedish and Dutch.
const COMMON: &[&str] = &[
    // Evasions.
    "answer",
    "antwoord",
    "svar",
    "none",
    "nothing",
    "no idea",
    "n/a",
    "not applicable",
    "unknown",
    "don't know",
    "dont know",
    "i don't know",
    "i dont know",
    "idk",
    "forgot",
    "secret",
    "password",
    "test",
    "testing",
    "geen",
    "geen idee",
    "niets",
    "niks",
    "onbekend",
    "weet niet",
    "weet ik niet",
    "geheim",
    "wachtwoord",
    "n.v.t.",
    "nvt",
    "ingen",
    "inget",
    "ingenting",
    "okänd",
    "okänt",
    "vet ej",
    "vet inte",
    "jag vet inte",
    "hemlig",
    "hemligt",
    "hemlighet",
    "lösenord",
    "yes",
    "nej",
    "nee",
    // The keyboard.
    "abc",
    "abcd",
    "abcde",
    "abc123",
    "qwe",
    "qwerty",
    "asd",
    "asdf",
    "zxc",
    "zxcv",
    "123",
    "1234",
    "12345",
    "123456",
    "1234567",
    "12345678",
    "123456789",
    "1234567890",
    "321",
    "4321",
    "54321",
    "654321",
    "007",
    // People.
    "mother",
    "father",
    "mom",
    "mum",
    "mama",
    "mamma",
    "dad",
    "daddy",
    "papa",
    "pappa",
    "moeder",
    "vader",
    "oma",
    "opa",
    "mormor",
    "morfar",
    "farmor",
    "farfar",
    "friend",
    "vriend",
    "vän",
    "john",
    "james",
    "mary",
    "maria",
    "anna",
    "eva",
    "peter",
    "jan",
    "johan",
    "lars",
    "erik",
    "karin",
    "emma",
    "anders",
    "kees",
    "piet",
    "smith",
    "jones",
    "johansson",
    "andersson",
    "de jong",
    "jansen",
    "de vries",
    // Places.
    "amsterdam",
    "rotterdam",
    "den haag",
    "the hague",
    "utrecht",
    "stockholm",
    "göteborg",
    "gothenburg",
    "malmö",
    "london",
    "new york",
    "paris",
    "berlin",
    "school",
    "skola",
    "home",
    "thuis",
    "hemma",
    "main street",
    "high street",
    "dorpsstraat",
    "kerkstraat",
    "schoolstraat",
    "hoofdstraat",
    "storgatan",
    "kyrkogatan",
    "skolgatan",
    "church street",
    // Toys, pets, tastes.
    "teddy",
    "teddy bear",
    "teddybear",
    "teddybeer",
    "nalle",
    "nallebjörn",
    "barbie",
    "lego",
    "doll",
    "pop",
    "docka",
    "dog",
    "cat",
    "hond",
    "kat",
    "hund",
    "katt",
    "pizza",
    "blue",
    "red",
    "green",
    "blauw",
    "rood",
    "blå",
    "röd",
    "football",
    "voetbal",
    "fotboll",
    "abba",
    "beatles",
    "the beatles",
    "u2",
    "metallica",
    "coldplay",
    "madonna",
];

/// Whether a normalised answer is one of them, or one character again and again.
pub(super) fn is_common(normal: &str) -> bool {
    let mut characters = normal.chars().filter(|c| !c.is_whitespace());
    let first = characters.next();
    characters.all(|c| Some(c) == first) || COMMON.contains(&normal)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::reset::questions::{ANSWER_MAX, ANSWER_MIN, normalise_answer};

    #[test]
    fn every_common_answer_is_in_the_form_that_is_compared() {
        for answer in COMMON {
            assert_eq!(normalise_answer(answer), *answer);
            assert!(answer.chars().count() <= ANSWER_MAX);
        }
        let all: BTreeSet<&&str> = COMMON.iter().collect();
        assert_eq!(all.len(), COMMON.len(), "one is there twice");
        assert!(
            COMMON
                .iter()
                .any(|answer| answer.chars().count() == ANSWER_MIN)
        );
    }

    #[test]
    fn one_character_again_and_again_is_no_answer() {
        for bad in ["aaa", "zzzzzz", "a a a", "---", "0000"] {
            assert!(is_common(bad), "{bad}");
        }
        for good in ["ada", "otto", "bob", "älvsborg", "a1a"] {
            assert!(!is_common(good), "{good}");
        }
    }
}
