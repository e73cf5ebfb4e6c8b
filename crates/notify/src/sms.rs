use unicode_normalization::UnicodeNormalization;

/// The alphabet in which a text message is sent (3GPP TS 23.038).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Alphabet {
    /// The default alphabet of 7 bits: 160 letters in one segment, some counting double.
    Gsm7,
    /// UTF-16, for everything else: 70 code units in one segment.
    Ucs2,
}

/// The basic table (6.2.1), without the escape itself.
const BASIC: &str = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?\
    ¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà";

/// The extension table (6.2.1.1): an escape comes before each, so that they count double.
const EXTENSION: &str = "\u{c}^{}\\[~]|€";

/// The alphabet that a text needs and the number of segments that it takes.
pub fn segments(text: &str) -> (Alphabet, usize) {
    let (alphabet, length, single, part) = match septets(text) {
        Some(length) => (Alphabet::Gsm7, length, 160, 153),
        None => (Alphabet::Ucs2, text.encode_utf16().count(), 70, 67),
    };
    (
        alphabet,
        if length <= single {
            1
        } else {
            length.div_ceil(part)
        },
    )
}

/// The length in 7-bit units; none if a letter is not in the alphabet.
pub(crate) fn septets(text: &str) -> Option<usize> {
    text.chars().map(weight).sum()
}

fn weight(letter: char) -> Option<usize> {
    if BASIC.contains(letter) {
        Some(1)
    } else if EXTENSION.contains(letter) {
        Some(2)
    } else {
        None
    }
}

/// A name in letters of one septet: letters outside the alphabet lose their accents, and what is
/// then still outside is left out. One foreign letter would halve the room of the whole message.
pub(crate) fn simplified(name: &str) -> String {
    let mut plain = String::with_capacity(name.len());
    for letter in name.nfc() {
        if weight(letter) == Some(1) && !letter.is_control() {
            plain.push(letter);
        } else if letter.is_whitespace() {
            plain.push(' ');
        } else if matches!(letter, '‘' | '’') {
            plain.push('\'');
        } else if matches!(letter, '–' | '—') {
            plain.push('-');
        } else {
            let base = std::iter::once(letter).nfkd();
            plain.extend(base.filter(|c| weight(*c) == Some(1) && !c.is_control()));
        }
    }
    plain.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The longest beginning of a name in 7-bit letters that takes at most `room` septets, ending at a
/// word where one ends in its second half.
pub(crate) fn shortened(name: &str, room: usize) -> &str {
    let Some((end, _)) = name.char_indices().nth(room) else {
        return name;
    };
    let head = name.get(..end).unwrap_or_default();
    if name.get(end..).is_some_and(|rest| rest.starts_with(' ')) {
        return head;
    }
    let at_word = head
        .rfind(' ')
        .filter(|at| *at * 2 >= end)
        .and_then(|at| head.get(..at));
    at_word.unwrap_or(head).trim_end()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_has_every_letter_of_the_standard() {
        assert_eq!(BASIC.chars().count(), 127);
        assert_eq!(EXTENSION.chars().count(), 10);
    }

    #[test]
    fn one_segment_ends_at_160_letters_and_at_70_with_a_foreign_one() {
        assert_eq!(segments(&"a".repeat(160)), (Alphabet::Gsm7, 1));
        assert_eq!(segments(&"a".repeat(161)), (Alphabet::Gsm7, 2));
        assert_eq!(segments(&"a".repeat(307)), (Alphabet::Gsm7, 3));
        assert_eq!(segments(&"€".repeat(80)), (Alphabet::Gsm7, 1));
        assert_eq!(segments(&"€".repeat(81)), (Alphabet::Gsm7, 2));
        assert_eq!(segments(&"š".repeat(70)), (Alphabet::Ucs2, 1));
        assert_eq!(segments(&"š".repeat(71)), (Alphabet::Ucs2, 2));
        assert_eq!(segments(&"😀".repeat(35)), (Alphabet::Ucs2, 1));
        assert_eq!(segments(&"😀".repeat(36)), (Alphabet::Ucs2, 2));
    }

    #[test]
    fn names_keep_their_letters_where_the_alphabet_has_them() {
        assert_eq!(
            simplified("Kommunförbundet Ångström"),
            "Kommunförbundet Ångström"
        );
        assert_eq!(
            simplified("Škoda {Café} Crédit l’Été"),
            "Skoda Café Crédit l'Été"
        );
        assert_eq!(simplified("A\r\nB\u{202e}\u{a0}C"), "A B C");
        assert_eq!(simplified("株式会社"), "");
    }

    #[test]
    fn names_are_cut_at_a_word() {
        assert_eq!(shortened("Contoso", 7), "Contoso");
        assert_eq!(shortened("Contoso", 6), "Contos");
        assert_eq!(shortened("Contoso Netherlands", 12), "Contoso");
        assert_eq!(shortened("A Contosonetherlands", 12), "A Contosonet");
        assert_eq!(shortened("Contoso", 0), "");
    }
}
