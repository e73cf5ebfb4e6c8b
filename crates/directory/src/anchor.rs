use std::str::FromStr;

use latchkey_types::Malformed;
use uuid::Uuid;

use crate::settings::Kind;

/// The id of an object that no rename and no move changes: `objectGUID` in Active Directory,
/// `entryUUID` (RFC 4530) in LDAP.
///
/// Its text is the canonical one, lower case with hyphens, as both kinds of tools show it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Anchor(Uuid);

impl Anchor {
    /// The anchor with this id.
    pub const fn new(id: Uuid) -> Self {
        Self(id)
    }

    /// The id.
    pub const fn uuid(self) -> Uuid {
        self.0
    }

    /// Reads the canonical text, and nothing else: 36 characters, in upper or lower case, no braces.
    pub fn parse(text: &str) -> Result<Self, Malformed> {
        const WRONG: Malformed =
            Malformed("an anchor is 32 hexadecimal digits in groups of 8-4-4-4-12");
        if text.len() != 36 {
            return Err(WRONG);
        }
        Uuid::try_parse(text).map(Self).map_err(|_| WRONG)
    }

    /// Reads the 16 bytes of `objectGUID`, whose first three fields are little-endian
    /// ([MS-DTYP] 2.3.4.2).
    pub(crate) fn from_object_guid(bytes: &[u8]) -> Option<Self> {
        Some(Self(Uuid::from_bytes_le(bytes.try_into().ok()?)))
    }

    /// A filter that the object alone fits. Only hexadecimal digits and hyphens go in.
    pub(crate) fn filter(self, kind: Kind) -> String {
        match kind {
            Kind::ActiveDirectory => {
                use std::fmt::Write as _;
                let mut filter = String::from("(objectGUID=");
                for byte in self.0.to_bytes_le() {
                    // Writing to a string cannot fail.
                    let _ = write!(filter, "\\{byte:02x}");
                }
                filter.push(')');
                filter
            }
            Kind::Ldap => format!("(entryUUID={})", self.0.hyphenated()),
        }
    }

    /// The name by which Active Directory finds the object wherever it is ([MS-ADTS] 3.1.1.3.1.2.4).
    pub(crate) fn guid_dn(self) -> String {
        format!("<GUID={}>", self.0.hyphenated())
    }
}

impl FromStr for Anchor {
    type Err = Malformed;

    fn from_str(text: &str) -> Result<Self, Malformed> {
        Self::parse(text)
    }
}

impl std::fmt::Display for Anchor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.hyphenated().fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const TEXT: &str = "0b68d111-9ac3-4b5f-8f21-0123456789ab";

    #[test]
    fn the_text_of_an_object_guid_is_that_of_windows_tools() {
        let bytes = [
            0x11, 0xd1, 0x68, 0x0b, 0xc3, 0x9a, 0x5f, 0x4b, 0x8f, 0x21, 0x01, 0x23, 0x45, 0x67,
            0x89, 0xab,
        ];
        let anchor = Anchor::from_object_guid(&bytes).unwrap();
        assert_eq!(anchor.to_string(), TEXT);
        assert_eq!(
            anchor.filter(Kind::ActiveDirectory),
            r"(objectGUID=\11\d1\68\0b\c3\9a\5f\4b\8f\21\01\23\45\67\89\ab)"
        );
        assert_eq!(anchor.filter(Kind::Ldap), format!("(entryUUID={TEXT})"));
        assert_eq!(anchor.guid_dn(), format!("<GUID={TEXT}>"));
        assert!(Anchor::from_object_guid(&bytes[..15]).is_none());
    }

    #[test]
    fn s27_only_the_canonical_text_is_an_anchor() {
        assert!(Anchor::parse(TEXT).is_ok());
        assert_eq!(Anchor::parse(&TEXT.to_uppercase()), Anchor::parse(TEXT));
        for wrong in [
            "",
            "*",
            "0b68d111-9ac3-4b5f-8f21-0123456789a*",
            "0b68d111-9ac3-4b5f-8f21-0123456789a\0",
            "0b68d1119ac34b5f8f210123456789ab",
            "{0b68d111-9ac3-4b5f-8f21-0123456789ab}",
            "urn:uuid:0b68d111-9ac3-4b5f-8f21-0123456789ab",
            "0b68d111-9ac3-4b5f-8f21-0123456789ab)(uid=*",
            "0b68d111-9ac3-4b5f-8f21-0123456789ab>",
            "0b68d111-9ac3-4b5f-8f21-0123456789aß",
            " b68d111-9ac3-4b5f-8f21-0123456789ab",
        ] {
            assert!(Anchor::parse(wrong).is_err(), "{wrong:?}");
        }
    }

    proptest! {
        #[test]
        fn s27_no_text_makes_anything_but_hexadecimal_digits(text in "\\PC{0,40}|[0-9a-f*()\\\\\\x00>-]{36}") {
            if let Ok(anchor) = Anchor::parse(&text) {
                prop_assert_eq!(anchor.to_string(), text.to_lowercase());
                for kind in [Kind::ActiveDirectory, Kind::Ldap] {
                    let filter = anchor.filter(kind);
                    let value = filter.split_once('=').unwrap().1.strip_suffix(')').unwrap();
                    prop_assert!(value.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-' || b == b'\\'));
                    prop_assert!(ldap3::parse_filter(&filter).is_ok());
                }
            }
        }
    }
}
