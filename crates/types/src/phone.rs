use rlibphonenumber::enums::Region;
use rlibphonenumber::{PHONE_NUMBER_UTIL, PhoneNumberFormat};

use crate::{CountryCode, Malformed, Masked};

const WRONG: Malformed =
    Malformed("a phone number looks like +31 6 12345678: a plus sign, country code, number");

/// A telephone number in E.164, such as `+31612345678`, without an extension.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PhoneNumber(String);

/// A number as a person typed it into a form; it may lack the country code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TypedPhone(PhoneNumber);

impl PhoneNumber {
    /// Reads `+CountryCode Number` with spaces, dots, dashes, parentheses; an extension (`x1234`,
    /// `ext. 1234`) is dropped. Only lengths that exist in the country are accepted; whether the
    /// number is in use is not known here.
    pub fn parse(text: &str) -> Result<Self, Malformed> {
        let text = text.trim();
        if !text.starts_with(['+', '＋']) {
            return Err(WRONG);
        }
        read(text, None)
    }

    /// E.164: a plus sign and 2 to 15 digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The country calling code, such as 31.
    pub fn calling_code(&self) -> u16 {
        PHONE_NUMBER_UTIL
            .parse(self.0.as_str(), None)
            .ok()
            .and_then(|number| u16::try_from(number.country_code).ok())
            .unwrap_or(0)
    }

    /// In groups, as it is shown to people: `+31 6 12345678`.
    pub fn grouped(&self) -> String {
        PHONE_NUMBER_UTIL.parse(self.0.as_str(), None).map_or_else(
            |_| self.0.clone(),
            |number| {
                number
                    .format_as(PhoneNumberFormat::International)
                    .to_string()
            },
        )
    }

    /// The last two digits, as they may be shown: `+•• ••• ••• •42`.
    pub fn masked(&self) -> Masked {
        let last = self
            .0
            .get(self.0.len().saturating_sub(2)..)
            .unwrap_or_default();
        Masked(format!("+•• ••• ••• •{last}"))
    }
}

impl TypedPhone {
    /// Reads what a person typed. `00` counts as `+`, and a number without either is read as one
    /// of `country`, the tenant's own.
    pub fn parse(text: &str, country: Option<CountryCode>) -> Result<Self, Malformed> {
        let text = text.trim();
        if let Some(rest) = text.strip_prefix("00") {
            return read(&format!("+{rest}"), None).map(Self);
        }
        let region = country.and_then(|c| c.as_str().parse::<Region>().ok());
        read(text, region).map(Self)
    }

    /// The number.
    pub const fn number(&self) -> &PhoneNumber {
        &self.0
    }
}

fn read(text: &str, region: Option<Region>) -> Result<PhoneNumber, Malformed> {
    // Longer input than any number with its decoration is not worth a regular expression.
    if text.len() > 64 || text.chars().any(char::is_control) {
        return Err(WRONG);
    }
    let mut number = PHONE_NUMBER_UTIL.parse(text, region).map_err(|_| WRONG)?;
    number.extension = None;
    if !PHONE_NUMBER_UTIL.is_possible_number(&number) {
        return Err(WRONG);
    }
    Ok(PhoneNumber(
        number.format_as(PhoneNumberFormat::E164).to_string(),
    ))
}

impl std::fmt::Debug for PhoneNumber {
    /// Masked: a number is private data and `Debug` ends up in logs.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.masked())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn e164(text: &str) -> Option<String> {
        PhoneNumber::parse(text)
            .ok()
            .map(|number| number.as_str().to_owned())
    }

    #[test]
    fn decoration_and_extension_are_dropped() {
        for text in [
            "+31612345678",
            "+31 6 12345678",
            "+31 6-1234.5678",
            " +31 (6) 12 34 56 78 ",
            "+31 612345678x1234",
            "+31 612345678 ext. 1234",
        ] {
            assert_eq!(e164(text).as_deref(), Some("+31612345678"), "{text}");
        }
    }

    #[test]
    fn what_is_no_number_is_refused() {
        for text in [
            "",
            "0612345678",
            "+31",
            "+31 6 123",
            "+999 12345678",
            "extension 12",
            "+31 6 1234567890123456",
        ] {
            assert_eq!(e164(text), None, "{text}");
        }
        assert!(PhoneNumber::parse(&format!("+31{}", "6".repeat(100_000))).is_err());
    }

    #[test]
    fn a_mask_shows_two_digits() {
        let number = PhoneNumber::parse("+46 70 174 06 42").unwrap();
        assert_eq!(number.masked().as_str(), "+•• ••• ••• •42");
        assert_eq!(format!("{number:?}"), "+•• ••• ••• •42");
        assert_eq!(number.calling_code(), 46);
        assert_eq!(number.grouped(), "+46 70 174 06 42");
    }

    #[test]
    fn people_may_leave_the_country_out() {
        let country = CountryCode::parse("NL").ok();
        for text in ["+31 6 12345678", "0031 6 12345678", "06-12345678"] {
            let typed = TypedPhone::parse(text, country).unwrap();
            assert_eq!(typed.number().as_str(), "+31612345678", "{text}");
        }
        assert!(TypedPhone::parse("06-12345678", None).is_err());
    }
}
