use fluent_bundle::{FluentArgs, FluentValue};
use latchkey_types::Locale;

use crate::bundles::{Bundle, Bundles, bundles};

/// A language to write in. Cheap to copy; the texts are parsed once per process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Texts(Locale);

/// The value of a variable in a text.
#[derive(Debug, Clone, Copy)]
pub enum Arg<'a> {
    /// Any text, also a hostile one: control characters and marks that turn text around are left
    /// out. It is not escaped for HTML; the template does that.
    Text(&'a str),
    /// A whole number: chooses the plural form and is written with the language's separators.
    Number(i64),
}

impl<'a> From<&'a str> for Arg<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(text)
    }
}

impl<'a> From<&'a String> for Arg<'a> {
    fn from(text: &'a String) -> Self {
        Self::Text(text)
    }
}

macro_rules! numbers {
    ($($number:ty),*) => {$(
        impl From<$number> for Arg<'_> {
            fn from(number: $number) -> Self {
                Self::Number(i64::try_from(number).unwrap_or(i64::MAX))
            }
        }
    )*};
}

numbers!(u8, u16, u32, u64, usize, i32, i64);

impl Texts {
    /// The texts of a language.
    pub const fn new(locale: Locale) -> Self {
        Self(locale)
    }

    /// The language.
    pub const fn locale(self) -> Locale {
        self.0
    }

    /// A text without variables. `id` may name an attribute: `user-id.label`.
    ///
    /// A text that the language lacks is given in English. An id that English lacks is a fault in
    /// the program: the answer is the id itself, after a debug assertion.
    pub fn get(self, id: &str) -> String {
        self.write(id, &[], |texts| &texts.plain)
    }

    /// A text with variables, for HTML: each is wrapped in the marks U+2068 and U+2069, so that it
    /// keeps its own direction. Ids as in [`Self::get`].
    pub fn with(self, id: &str, args: &[(&str, Arg<'_>)]) -> String {
        self.write(id, args, |texts| &texts.isolating)
    }

    /// A text with variables and without invisible marks, for text messages, subjects, plain text
    /// and logs. Ids as in [`Self::get`].
    pub fn plain(self, id: &str, args: &[(&str, Arg<'_>)]) -> String {
        self.write(id, args, |texts| &texts.plain)
    }

    fn write(self, id: &str, args: &[(&str, Arg<'_>)], kind: fn(&Bundles) -> &Bundle) -> String {
        let own = resolve(kind(bundles(self.0)), id, args);
        let text = own.or_else(|| resolve(kind(bundles(Locale::En)), id, args));
        debug_assert!(text.is_some(), "there is no text {id:?}");
        text.unwrap_or_else(|| id.to_owned())
    }
}

fn resolve(bundle: &Bundle, id: &str, args: &[(&str, Arg<'_>)]) -> Option<String> {
    let (id, attribute) = id
        .split_once('.')
        .map_or((id, None), |(id, name)| (id, Some(name)));
    let message = bundle.get_message(id)?;
    let pattern = match attribute {
        Some(name) => message.get_attribute(name)?.value(),
        None => message.value()?,
    };
    let values: FluentArgs<'_> = args
        .iter()
        .map(|(name, arg)| (*name, value(*arg)))
        .collect();
    let mut faults = Vec::new();
    let text = bundle.format_pattern(pattern, Some(&values), &mut faults);
    debug_assert!(faults.is_empty(), "{id}: {faults:?}");
    Some(text.into_owned())
}

fn value(arg: Arg<'_>) -> FluentValue<'_> {
    match arg {
        Arg::Number(number) => FluentValue::from(number),
        Arg::Text(text) if text.contains(turns_around) => {
            FluentValue::String(text.replace(turns_around, "").into())
        }
        Arg::Text(text) => FluentValue::String(text.into()),
    }
}

/// Control characters and Unicode's explicit direction controls (UAX 9, 2): with them, a name could
/// break out of its isolation and rewrite how the sentence around it reads.
fn turns_around(letter: char) -> bool {
    letter.is_control() || matches!(letter, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_are_isolated_in_html_and_bare_in_plain_text() {
        let texts = Texts::new(Locale::En);
        let args = [("minutes", Arg::from(1_200))];
        assert_eq!(
            texts.with("duration-minutes", &args),
            "\u{2068}1,200\u{2069} minutes"
        );
        assert_eq!(texts.plain("duration-minutes", &args), "1,200 minutes");
    }

    #[test]
    fn a_hostile_name_cannot_leave_its_isolation() {
        let hostile = "\u{2069}\u{202e}evil\r\n\0\u{2066}";
        let args = [
            ("day", Arg::from(hostile)),
            ("month", "m".into()),
            ("year", "y".into()),
            ("time", "t".into()),
        ];
        assert_eq!(
            Texts::new(Locale::En).plain("date-time", &args),
            "evil m y at t UTC"
        );
    }

    #[test]
    fn the_pseudo_language_changes_the_words_and_keeps_the_variables() {
        let text =
            Texts::new(Locale::Pseudo).with("duration-minutes", &[("minutes", 1_200.into())]);
        assert!(text.contains("\u{2068}1,200\u{2069}"), "{text}");
        assert!(text.contains("mîñûtéš"), "{text}");
    }

    #[test]
    #[should_panic(expected = "there is no text")]
    fn an_unknown_id_is_noticed() {
        let _ = Texts::new(Locale::Sv).get("no-such-text");
    }
}
