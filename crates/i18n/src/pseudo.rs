use std::borrow::Cow;

/// U+200F, a right-to-left letter that has no shape.
const MARK: char = '\u{200f}';

/// What makes a text longer and gives it a right-to-left word of its own: Hebrew letters.
const FILLER: [char; 10] = ['ל', 'ו', 'ר', 'ם', 'א', 'י', 'פ', 'ס', 'ו', 'ם'];

/// Turns a piece of English into the pseudo-language: letters with accents, so that a text that was
/// not translated stands out, about 40 % longer, so that a layout without room for it breaks, and
/// from right to left, yet legible. Variables are no part of a piece.
pub(crate) fn transform(english: &str) -> Cow<'_, str> {
    let letters = english.chars().filter(|c| c.is_alphabetic()).count();
    if letters == 0 {
        return Cow::Borrowed(english);
    }
    let body = english.trim();
    let (before, after) = english.split_once(body).unwrap_or_default();
    let mut text = String::with_capacity(english.len() * 3);
    text.push_str(before);
    text.push(MARK);
    text.extend(body.chars().map(accented));
    text.push(' ');
    // Words of six letters, so that lines can break.
    for (index, letter) in FILLER
        .iter()
        .cycle()
        .take((letters * 2).div_ceil(5))
        .enumerate()
    {
        if index > 0 && index % 6 == 0 {
            text.push(' ');
        }
        text.push(*letter);
    }
    text.push(MARK);
    text.push_str(after);
    Cow::Owned(text)
}

const fn accented(letter: char) -> char {
    match letter {
        'a' => 'å',
        'c' => 'ç',
        'd' => 'ð',
        'e' => 'é',
        'g' => 'ğ',
        'i' => 'î',
        'n' => 'ñ',
        'o' => 'ö',
        's' => 'š',
        'u' => 'û',
        'y' => 'ý',
        'z' => 'ž',
        'A' => 'Å',
        'C' => 'Ç',
        'E' => 'É',
        'I' => 'Î',
        'N' => 'Ñ',
        'O' => 'Ö',
        'S' => 'Š',
        'U' => 'Û',
        'W' => 'Ŵ',
        'Y' => 'Ý',
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_gets_accents_length_and_right_to_left_letters() {
        let text = transform(" Choose a new password. ");
        assert!(
            text.starts_with(" \u{200f}Çhööšé å ñéw påššwörð. "),
            "{text}"
        );
        assert!(text.ends_with("\u{200f} "));
        let letters = text.chars().filter(|c| c.is_alphabetic()).count();
        assert_eq!(letters, 18 + 8);
    }

    #[test]
    fn what_has_no_letters_stays() {
        assert_eq!(transform(" – "), " – ");
        assert_eq!(transform(""), "");
    }
}
