//! One-time codes and link tokens: making them, and reading what a person typed.
//!
//! Only their keyed hashes are stored ([`crate::keys::KeyedHasher::tag`]); what a person typed is
//! brought to the one written form first, so that the hash of both is the same.

use latchkey_types::{Entropy, Secret, random_bytes};

/// How long a numeric code is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Digits {
    /// Six: codes by text or call.
    Six,
    /// Eight: codes by mail.
    Eight,
}

impl Digits {
    /// How many.
    pub const fn count(self) -> usize {
        match self {
            Self::Six => 6,
            Self::Eight => 8,
        }
    }

    const fn codes(self) -> u32 {
        match self {
            Self::Six => 1_000_000,
            Self::Eight => 100_000_000,
        }
    }
}

/// A code of decimal digits, leading zeros included; every code is equally likely.
///
/// It draws until the number falls below the largest multiple of the number of codes: taking the
/// remainder of any number would favour the small codes.
pub fn numeric_code(entropy: &dyn Entropy, digits: Digits) -> Secret<String> {
    let codes = digits.codes();
    let limit = u32::MAX - u32::MAX % codes;
    loop {
        let drawn = u32::from_be_bytes(random_bytes(entropy));
        if drawn < limit {
            return Secret::new(format!("{:0width$}", drawn % codes, width = digits.count()));
        }
    }
}

/// Crockford's base 32: no I, L, O (they look like digits) and no U.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
/// 160 bits at five bits a character.
const TOKEN_LENGTH: usize = 32;

/// A token of 160 bits for a link or to be typed: 32 characters of Crockford's base 32.
pub fn token(entropy: &dyn Entropy) -> Secret<String> {
    drawn::<TOKEN_LENGTH>(entropy)
}

fn drawn<const LENGTH: usize>(entropy: &dyn Entropy) -> Secret<String> {
    // One byte, of which five bits are used, for each character: 256 is a multiple of 32.
    let bytes = zeroize::Zeroizing::new(random_bytes::<LENGTH>(entropy));
    let character = |byte: &u8| {
        ALPHABET
            .get(usize::from(byte % 32))
            .copied()
            .map(char::from)
    };
    let mut text = String::with_capacity(LENGTH);
    text.extend(bytes.iter().filter_map(character));
    Secret::new(text)
}

/// 120 bits at five bits a character: with 112 or more, a keyed hash is enough to keep it by, and no
/// slow one is needed (NIST SP 800-63B-4, section 3.1.2.2).
const RECOVERY_LENGTH: usize = 24;

/// A recovery code of 120 bits, as it is shown: six groups of four characters of Crockford's base
/// 32, with dashes between them. What is hashed is [`normalise_recovery_code`] of it.
pub fn recovery_code(entropy: &dyn Entropy) -> Secret<String> {
    grouped(drawn::<RECOVERY_LENGTH>(entropy).expose(), '-')
}

/// A recovery code as it is shown, from its written form.
pub fn grouped_recovery_code(normal: &Secret<String>) -> Secret<String> {
    grouped(normal.expose(), '-')
}

/// A text in groups of four characters, for people who read it or type it off.
pub(crate) fn grouped(text: &str, separator: char) -> Secret<String> {
    let mut groups = String::with_capacity(text.len() * 2);
    for (at, character) in text.chars().enumerate() {
        if at > 0 && at % 4 == 0 {
            groups.push(separator);
        }
        groups.push(character);
    }
    Secret::new(groups)
}

/// The longest input that is looked at, in bytes: a token with a separator after every character,
/// each of which takes up to three bytes, and some white space around it.
const LONGEST: usize = 160;

/// The written form of a typed or pasted token; `None` if it cannot be one.
///
/// Lower case, white space and dashes do not matter; O is read as 0, and I and L as 1.
pub fn normalise_token(typed: &str) -> Option<Secret<String>> {
    read_crockford(typed, TOKEN_LENGTH)
}

/// The written form of a typed recovery code: 24 characters without dashes; `None` if it cannot be
/// one. What may be typed differently is as for [`normalise_token`].
pub fn normalise_recovery_code(typed: &str) -> Option<Secret<String>> {
    read_crockford(typed, RECOVERY_LENGTH)
}

fn read_crockford(typed: &str, length: usize) -> Option<Secret<String>> {
    read(typed, length, |character| {
        let upper = character.to_ascii_uppercase();
        let meant = match upper {
            'O' => '0',
            'I' | 'L' => '1',
            other => other,
        };
        u8::try_from(meant)
            .is_ok_and(|byte| ALPHABET.contains(&byte))
            .then_some(meant)
    })
    .filter(|token| token.expose().len() == length)
}

/// The longest numeric code that is accepted from a person.
const LONGEST_CODE: usize = 12;

/// The digits of a typed or pasted code in ASCII, 1 to 12 of them; `None` if it holds anything else.
///
/// White space, dashes and invisible marks do not matter, and digits may be of any script: a code
/// that was typed on an Arabic keyboard, or pasted full width, is right.
pub fn normalise_code(typed: &str) -> Option<Secret<String>> {
    read(typed, LONGEST_CODE, ascii_digit).filter(|code| !code.expose().is_empty())
}

fn read(
    typed: &str,
    longest: usize,
    meant: impl Fn(char) -> Option<char>,
) -> Option<Secret<String>> {
    if typed.len() > LONGEST {
        return None;
    }
    // With its full size from the start, or growing would leave a copy behind in freed memory.
    let mut read = zeroize::Zeroizing::new(String::with_capacity(longest));
    for character in typed.chars().filter(|character| !is_separator(*character)) {
        if read.len() == longest {
            return None;
        }
        read.push(meant(character)?);
    }
    Some(Secret::new(std::mem::take(&mut *read)))
}

/// White space, dashes of every kind, and the invisible marks that come along when text is copied
/// out of a mail in a right-to-left language.
fn is_separator(character: char) -> bool {
    character.is_whitespace()
        || matches!(
            character,
            '-' | '\u{00ad}' | '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{fe58}' | '\u{fe63}'
                | '\u{ff0d}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'
                | '\u{2066}'..='\u{2069}' | '\u{061c}' | '\u{feff}'
        )
}

fn ascii_digit(character: char) -> Option<char> {
    let code = u32::from(character);
    let before = ZEROS.partition_point(|zero| *zero <= code).checked_sub(1)?;
    char::from_digit(code - ZEROS.get(before)?, 10)
}

/// The zeros of all scripts with decimal digits (general category Nd); the other nine follow each.
/// Unicode Character Database 14, DerivedGeneralCategory.
#[rustfmt::skip]
const ZEROS: &[u32] = &[
    0x30, 0x660, 0x6f0, 0x7c0, 0x966, 0x9e6, 0xa66, 0xae6, 0xb66, 0xbe6,
    0xc66, 0xce6, 0xd66, 0xde6, 0xe50, 0xed0, 0xf20, 0x1040, 0x1090, 0x17e0,
    0x1810, 0x1946, 0x19d0, 0x1a80, 0x1a90, 0x1b50, 0x1bb0, 0x1c40, 0x1c50, 0xa620,
    0xa8d0, 0xa900, 0xa9d0, 0xa9f0, 0xaa50, 0xabf0, 0xff10, 0x104a0, 0x10d30, 0x11066,
    0x110f0, 0x11136, 0x111d0, 0x112f0, 0x11450, 0x114d0, 0x11650, 0x116c0, 0x11730, 0x118e0,
    0x11950, 0x11c50, 0x11d50, 0x11da0, 0x16a60, 0x16ac0, 0x16b50, 0x1d7ce, 0x1d7d8, 0x1d7e2,
    0x1d7ec, 0x1d7f6, 0x1e140, 0x1e2f0, 0x1e950, 0x1fbf0,
];

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use proptest::prelude::*;

    use super::*;
    use crate::testing::{Script, Seeded};

    fn typed_code(typed: &str) -> Option<String> {
        normalise_code(typed).map(|code| code.expose().clone())
    }

    fn typed_token(typed: &str) -> Option<String> {
        normalise_token(typed).map(|token| token.expose().clone())
    }

    fn typed_recovery(typed: &str) -> Option<String> {
        normalise_recovery_code(typed).map(|code| code.expose().clone())
    }

    fn numbers(numbers: &[u32], digits: Digits) -> (String, usize) {
        let bytes: Vec<u8> = numbers.iter().flat_map(|n| n.to_be_bytes()).collect();
        let script = Script::new(&bytes);
        (
            numeric_code(&script, digits).expose().clone(),
            script.left() / 4,
        )
    }

    #[test]
    fn a_code_keeps_its_leading_zeros() {
        assert_eq!(numbers(&[0], Digits::Six).0, "000000");
        assert_eq!(numbers(&[42], Digits::Eight).0, "00000042");
        assert_eq!(numbers(&[999_999], Digits::Six).0, "999999");
        assert_eq!(numbers(&[1_000_000], Digits::Six).0, "000000");
        assert_eq!(numbers(&[99_999_999], Digits::Eight).0, "99999999");
    }

    #[test]
    fn numbers_that_would_favour_small_codes_are_drawn_again() {
        // 2^32 - 1 = 4294 * 10^6 + 967295, and 42 * 10^8 + 94967295.
        assert_eq!(
            numbers(&[4_293_999_999, 5], Digits::Six),
            ("999999".into(), 1)
        );
        assert_eq!(
            numbers(&[4_294_000_000, 5], Digits::Six),
            ("000005".into(), 0)
        );
        assert_eq!(
            numbers(&[u32::MAX, 4_294_000_000, 6, 7], Digits::Six),
            ("000006".into(), 1)
        );
        assert_eq!(
            numbers(&[4_199_999_999, 5], Digits::Eight),
            ("99999999".into(), 1)
        );
        assert_eq!(
            numbers(&[4_200_000_000, 5], Digits::Eight),
            ("00000005".into(), 0)
        );
    }

    #[test]
    fn codes_spread_over_all_first_and_last_digits() {
        let entropy = Seeded::new(3);
        let mut first = [0u32; 10];
        let mut last = [0u32; 10];
        for _ in 0..10_000 {
            let code = numeric_code(&entropy, Digits::Eight);
            let code = code.expose().as_bytes();
            assert_eq!(code.len(), 8);
            first[usize::from(code[0] - b'0')] += 1;
            last[usize::from(code[7] - b'0')] += 1;
        }
        // 1000 expected each; ten standard deviations are 300.
        assert!(
            first.iter().chain(&last).all(|n| (700..1300).contains(n)),
            "{first:?} {last:?}"
        );
    }

    #[test]
    fn a_token_is_32_characters_of_the_alphabet_and_never_the_same() {
        let entropy = Seeded::new(3);
        let mut seen = HashSet::new();
        let mut characters = HashSet::new();
        for _ in 0..200 {
            let token = token(&entropy).expose().clone();
            assert_eq!(token.len(), 32);
            characters.extend(token.bytes());
            assert_eq!(typed_token(&token), Some(token.clone()));
            assert!(seen.insert(token));
        }
        assert_eq!(characters, ALPHABET.iter().copied().collect());
    }

    #[test]
    fn a_token_can_be_typed_by_hand() {
        let written = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
        for typed in [
            "0123456789abcdefghjkmnpqrstvwxyz",
            "oI23456789ABCDEFGHJKMNPQRSTVWXYZ",
            "Ol23-4567-89AB-CDEF-GHJK-MNPQ-RSTV-WXYZ",
            "  0123 4567\u{a0}89AB\u{2013}CDEFGHJK\tMNPQRSTVWXYZ\r\n",
        ] {
            assert_eq!(typed_token(typed).as_deref(), Some(written), "{typed}");
        }
    }

    #[test]
    fn what_cannot_be_a_token_is_refused() {
        let good = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
        assert_eq!(typed_token(""), None);
        assert_eq!(typed_token(&good[..31]), None);
        assert_eq!(typed_token(&format!("{good}0")), None);
        assert_eq!(typed_token(&good.replace('Z', "U")), None);
        assert_eq!(typed_token(&good.replace('Z', "é")), None);
        assert_eq!(typed_token(&good.replace('Z', "\0")), None);
        assert_eq!(typed_token(&good.replace('Z', "Ｚ")), None);
    }

    #[test]
    fn a_recovery_code_is_six_groups_of_four_and_never_the_same() {
        let entropy = Seeded::new(3);
        let mut seen = HashSet::new();
        for _ in 0..200 {
            let code = recovery_code(&entropy).expose().clone();
            let groups: Vec<&str> = code.split('-').collect();
            assert_eq!(groups.iter().map(|g| g.len()).collect::<Vec<_>>(), [4; 6]);
            assert_eq!(typed_recovery(&code), Some(groups.concat()));
            assert!(seen.insert(code));
        }
    }

    #[test]
    fn a_recovery_code_uses_all_of_its_120_bits() {
        let last = |byte| {
            let mut bytes = [0; 24];
            bytes[23] = byte;
            recovery_code(&Script::new(&bytes)).expose().clone()
        };
        let codes: HashSet<String> = (0..32).map(last).collect();
        assert_eq!(codes.len(), 32);
        assert_eq!(last(31), "0000-0000-0000-0000-0000-000Z");
        assert_eq!(last(255), last(31));
    }

    #[test]
    fn a_recovery_code_can_be_typed_by_hand_and_has_24_characters() {
        let written = "0123456789ABCDEFGHJKMNPQ";
        for typed in [
            "0123-4567-89AB-CDEF-GHJK-MNPQ",
            "oi23 4567 89ab cdef ghjk mnpq",
            " Ol23456789abcdefghjkmnpq\r\n",
        ] {
            assert_eq!(typed_recovery(typed).as_deref(), Some(written), "{typed}");
        }
        assert_eq!(typed_recovery(&written[..23]), None);
        assert_eq!(typed_recovery(&format!("{written}0")), None);
        assert_eq!(typed_recovery(&written.replace('Q', "U")), None);
        assert_eq!(typed_recovery(""), None);
    }

    #[test]
    fn input_is_read_up_to_160_bytes_and_no_further() {
        let code = "12345678";
        assert_eq!(
            typed_code(&format!("{code}{}", " ".repeat(152))).as_deref(),
            Some(code)
        );
        assert_eq!(typed_code(&format!("{code}{}", " ".repeat(153))), None);
        assert_eq!(typed_code(&"1".repeat(256 * 1024)), None);
        assert_eq!(typed_token(&" ".repeat(256 * 1024)), None);
    }

    #[test]
    fn a_code_is_read_in_any_script_and_with_any_separators() {
        for typed in [
            "123456",
            " 123 456 ",
            "123-456",
            "123\u{2011}456",
            "١٢٣٤٥٦",
            "۱۲۳۴۵۶",
            "१२३४५६",
            "１２３４５６",
            "\u{200f}١٢٣\u{a0}٤٥٦\u{200f}",
            "𝟏𝟐𝟑𝟜𝟝𝟞",
        ] {
            assert_eq!(typed_code(typed).as_deref(), Some("123456"), "{typed}");
        }
    }

    #[test]
    fn what_is_not_all_digits_is_refused() {
        for typed in [
            "",
            "  ",
            "12345a",
            "12,345",
            "+123456",
            "½",
            "一二三",
            "12\u{0}34",
            "1²",
        ] {
            assert_eq!(typed_code(typed), None, "{typed:?}");
        }
        assert_eq!(typed_code("123456789012").as_deref(), Some("123456789012"));
        assert_eq!(typed_code("1234567890123"), None);
    }

    #[test]
    fn every_zero_begins_a_row_of_ten_digits() {
        for zero in ZEROS {
            for digit in 0..10u32 {
                let character = char::from_u32(zero + digit).unwrap();
                assert!(character.is_numeric(), "{zero:x}+{digit}");
                assert_eq!(ascii_digit(character), char::from_digit(digit, 10));
            }
        }
        assert!(ZEROS.is_sorted());
        assert_eq!(ascii_digit('/'), None);
        assert_eq!(ascii_digit(':'), None);
        assert_eq!(ascii_digit('\0'), None);
    }

    proptest! {
        #[test]
        fn no_input_panics_and_the_written_form_is_stable(typed in ".{0,60}") {
            if let Some(code) = typed_code(&typed) {
                prop_assert_eq!(typed_code(&code), Some(code.clone()));
            }
            if let Some(token) = typed_token(&typed) {
                prop_assert_eq!(typed_token(&token), Some(token.clone()));
            }
        }
    }
}
