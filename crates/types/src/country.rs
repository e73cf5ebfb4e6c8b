use crate::Malformed;

/// An ISO 3166-1 alpha-2 country code in upper case, such as `NL`.
///
/// Only the form is checked: whether a country exists is for the catalogue that uses it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CountryCode([u8; 2]);

impl CountryCode {
    /// Reads a code in either case.
    pub fn parse(text: &str) -> Result<Self, Malformed> {
        match text.trim().as_bytes() {
            [a, b] if a.is_ascii_alphabetic() && b.is_ascii_alphabetic() => {
                Ok(Self([a.to_ascii_uppercase(), b.to_ascii_uppercase()]))
            }
            _ => Err(Malformed("a country is two letters, such as NL")),
        }
    }

    /// The two letters.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or("??")
    }
}

impl std::fmt::Display for CountryCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_letters_in_either_case_are_a_country() {
        assert_eq!(CountryCode::parse(" nl ").unwrap().as_str(), "NL");
        for wrong in ["", "N", "NLD", "N1", "é"] {
            assert!(CountryCode::parse(wrong).is_err(), "{wrong}");
        }
    }
}
