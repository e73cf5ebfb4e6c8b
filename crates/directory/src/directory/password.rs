use latchkey_types::Password;
use zeroize::Zeroizing;

use crate::{Breach, Failure};

/// The most characters of a new password: what Windows takes.
const LONGEST_NEW: usize = 256;

/// A password longer than this in bytes is nobody's, and is not sent anywhere.
const LONGEST: usize = 4096;

/// Refuses a new password that no directory should be asked to take.
pub(super) fn acceptable(new: &Password) -> Result<(), Failure> {
    let new = new.expose();
    if new.is_empty() {
        return Err(Failure::Policy(Breach::TooShort { min: None }, None));
    }
    if new.chars().count() > LONGEST_NEW {
        let text = format!("longer than {LONGEST_NEW} characters");
        return Err(Failure::Policy(Breach::Unspecified, Some(text)));
    }
    if new.contains('\0') {
        let text = String::from("a NUL character, at which some programs stop reading");
        return Err(Failure::Policy(Breach::Unspecified, Some(text)));
    }
    Ok(())
}

/// Whether a password may be sent to be tried. An empty one would sign in as nobody and succeed
/// (RFC 4513, 5.1.2), and a NUL may end it early in a server's eyes.
pub(super) fn may_be_right(password: &Password) -> bool {
    let password = password.expose();
    !password.is_empty() && password.len() <= LONGEST && !password.contains('\0')
}

/// The form that `unicodePwd` takes: in quotes, UTF-16, little-endian ([MS-ADTS] 3.1.1.3.1.5).
pub(super) fn unicode(password: &Password) -> Zeroizing<Vec<u8>> {
    let password = password.expose();
    let mut bytes = Zeroizing::new(Vec::with_capacity(password.len() * 2 + 4));
    bytes.extend_from_slice(b"\"\0");
    for unit in password.encode_utf16() {
        bytes.extend_from_slice(&unit.to_le_bytes());
    }
    bytes.extend_from_slice(b"\"\0");
    bytes
}

#[cfg(test)]
mod tests {
    use latchkey_types::Secret;

    use super::*;

    #[test]
    fn s28_an_empty_password_is_never_sent() {
        assert!(acceptable(&Secret::new(String::new())).is_err());
        assert!(!may_be_right(&Secret::new(String::new())));
    }

    #[test]
    fn s29_what_no_directory_should_see_is_refused() {
        for hostile in ["x".repeat(256 * 1024), "ß".repeat(257), "abc\0def".into()] {
            assert!(matches!(
                acceptable(&Secret::new(hostile)),
                Err(Failure::Policy(Breach::Unspecified, Some(_)))
            ));
        }
        assert!(!may_be_right(&Secret::new("right\0".into())));
        assert!(!may_be_right(&Secret::new("x".repeat(256 * 1024))));
        assert!(acceptable(&Secret::new("🦀".repeat(256))).is_ok());
    }

    #[test]
    fn the_form_of_windows_is_quoted_utf_16() {
        let bytes = unicode(&Secret::new("a\"🦀".into()));
        assert_eq!(
            *bytes,
            [0x22, 0, 0x61, 0, 0x22, 0, 0x3e, 0xd8, 0x80, 0xdd, 0x22, 0]
        );
    }
}
