use latchkey_types::Password;
use ldap3::exop::Exop;
use zeroize::Zeroizing;

use crate::ber;

/// The password modify operation (RFC 3062): `SEQUENCE { [0] user, [1] old OPTIONAL, [2] new }`.
///
/// The library keeps its own copy of the value, which nobody wipes; the ones here are.
pub(crate) fn modify(user: &str, old: Option<&Password>, new: &Password) -> Exop {
    let mut content = Zeroizing::new(Vec::new());
    ber::put(&mut content, 0x80, user.as_bytes());
    if let Some(old) = old {
        ber::put(&mut content, 0x81, old.expose().as_bytes());
    }
    ber::put(&mut content, 0x82, new.expose().as_bytes());
    let mut value = Zeroizing::new(Vec::new());
    ber::put(&mut value, ber::SEQUENCE, &content);
    Exop {
        name: Some("1.3.6.1.4.1.4203.1.11.1".into()),
        val: Some(value.to_vec()),
    }
}

#[cfg(test)]
mod tests {
    use latchkey_types::Secret;

    use super::*;

    #[test]
    fn the_request_is_that_of_the_standard() {
        let password = |text: &str| Secret::new(text.to_owned());
        let request = modify("u=1", Some(&password("ab")), &password("c"));
        assert_eq!(
            request.val.unwrap(),
            b"\x30\x0c\x80\x03u=1\x81\x02ab\x82\x01c"
        );
        assert_eq!(
            modify("u", None, &password("c")).val.unwrap(),
            b"\x30\x06\x80\x01u\x82\x01c"
        );
    }
}
