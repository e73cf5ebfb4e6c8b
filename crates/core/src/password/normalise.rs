//! The two normal forms of a password: NFC, which is hashed, and the folded form, which is compared
//! with banned terms and names.

use latchkey_types::{Password, Secret};
use unicode_normalization::char::{decompose_compatible, is_combining_mark};
use unicode_normalization::{IsNormalized, UnicodeNormalization as _, is_nfc_quick};

use super::substitution::{L_OR_I, substitute};

/// The form of a password that is hashed: Unicode normalisation form C (NIST SP 800-63B-4
/// §3.1.1.2), so that one keyboard's `é` is another's. Nothing is trimmed or truncated.
pub fn normalise(password: &Password) -> Password {
    compose(password.expose())
}

pub(crate) fn compose(text: &str) -> Password {
    if is_nfc_quick(text.chars()) == IsNormalized::Yes {
        return Secret::new(text.to_owned());
    }
    // Composing never makes UTF-8 more than three times as long (Unicode, UAX #15), and reserving
    // it means that no half-written copy is left behind by a growing buffer.
    let mut composed = String::with_capacity(text.len().saturating_mul(3));
    composed.extend(text.nfc());
    Secret::new(composed)
}

/// A password or term as it is compared: in NFC, lower case, without diacritics, and with the
/// usual substitutions undone. One symbol for each character, so that points can be counted.
pub(crate) fn fold(nfc: &str) -> Secret<Vec<char>> {
    let mut symbols = Vec::with_capacity(nfc.chars().count());
    symbols.extend(nfc.chars().map(fold_char));
    Secret::new(symbols)
}

/// A term of a banned list, or a name, from whatever form it was typed in.
pub(crate) fn fold_term(term: &str) -> Vec<char> {
    term.nfc().map(fold_char).collect()
}

fn fold_char(c: char) -> char {
    if c.is_ascii() {
        return substitute(c.to_ascii_lowercase());
    }
    let base = if is_hangul_syllable(c) { c } else { base_of(c) };
    substitute(base.to_lowercase().next().unwrap_or(base))
}

/// The letter below the diacritics: `é` is `e`, a full-width `Ａ` is `A`.
fn base_of(c: char) -> char {
    let mut base = None;
    decompose_compatible(c, |part| {
        if base.is_none() && !is_combining_mark(part) {
            base = Some(part);
        }
    });
    base.unwrap_or(c)
}

/// These decompose too, but into letters that are all part of the word.
const fn is_hangul_syllable(c: char) -> bool {
    matches!(c, '\u{AC00}'..='\u{D7A3}')
}

/// The symbols of a term that a symbol of a password may stand for: itself, and where either has
/// two readings, the other.
pub(crate) fn readings(symbol: char) -> impl Iterator<Item = char> {
    let (others, count) = match symbol {
        L_OR_I => (['l', 'i'], 2),
        'l' | 'i' => ([L_OR_I, L_OR_I], 1),
        _ => ([symbol, symbol], 0),
    };
    std::iter::once(symbol).chain(others.into_iter().take(count))
}

/// Whether one symbol of a password may stand for one symbol of a term or name.
pub(crate) const fn same(a: char, b: char) -> bool {
    a as u32 == b as u32 || matches!((a, b), (L_OR_I, 'l' | 'i') | ('l' | 'i', L_OR_I))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folded(text: &str) -> String {
        fold_term(text).into_iter().collect()
    }

    #[test]
    fn composed_and_decomposed_accents_hash_alike_and_nothing_else_changes() {
        let nfc = |text: &str| normalise(&Secret::new(text.to_owned())).expose().clone();
        assert_eq!(nfc("cafe\u{301}"), nfc("caf\u{e9}"));
        assert_eq!(
            nfc("  Tab and trailing space "),
            "  Tab and trailing space "
        );
        // NFKC would fold these; a password is only composed.
        assert_ne!(nfc("\u{ff21}"), "A");
        assert_eq!(nfc(&"x".repeat(5000)).len(), 5000);
    }

    #[test]
    fn case_substitutions_and_diacritics_are_folded_one_symbol_a_character() {
        assert_eq!(folded("P@$$W0RD"), "password");
        assert_eq!(folded("C0nt0s0"), "contoso");
        assert_eq!(folded("7357"), "test");
        assert_eq!(folded("Ｐässwörd"), "password");
        assert_eq!(folded("pa\u{301}ss"), "pass");
        assert_eq!(folded("한국"), "한국");
        assert_eq!(folded("t1ger!"), "t1ger1");
    }

    #[test]
    fn characters_with_two_readings_match_both_and_plain_letters_do_not_match_each_other() {
        for (a, b) in [
            ('1', 'l'),
            ('1', 'i'),
            ('l', '1'),
            ('i', '1'),
            ('1', '1'),
            ('x', 'x'),
        ] {
            assert!(same(a, b), "{a} {b}");
            assert!(readings(a).any(|reading| reading == b), "{a} {b}");
        }
        for (a, b) in [('l', 'i'), ('i', 'l'), ('1', 'x'), ('x', 'y')] {
            assert!(!same(a, b), "{a} {b}");
            assert!(!readings(a).any(|reading| reading == b), "{a} {b}");
        }
    }
}
