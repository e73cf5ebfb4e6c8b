use crate::{Malformed, fold};

/// A domain name in lower case: labels of letters, digits and hyphens (RFC 1123), internationalised
/// names in their `xn--` form.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DomainName(String);

impl DomainName {
    /// Reads a domain name of at most 253 characters.
    pub fn parse(text: &str) -> Result<Self, Malformed> {
        let name = fold(text);
        let label = |label: &str| {
            !label.is_empty()
                && label.len() <= 63
                && !label.starts_with('-')
                && !label.ends_with('-')
                && label
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || b == b'-')
        };
        if name.len() <= 253 && name.split('.').all(label) {
            Ok(Self(name))
        } else {
            Err(Malformed("a domain looks like contoso.com"))
        }
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Display for DomainName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// A user principal name, `local@domain`: unique in the deployment, compared without case.
///
/// Specification: the model, *User*. Local part `A-Z a-z 0-9 ' . - _ ! # ^ ~`, at most 64
/// characters, no dot right before the `@`; domain at most 48; whole at most 113.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Upn(String);

impl Upn {
    /// Reads a name; surrounding white space is dropped, the case of the local part is kept.
    pub fn parse(text: &str) -> Result<Self, Malformed> {
        const WRONG: Malformed = Malformed(
            "a user principal name looks like name@contoso.com: letters, digits and '.-_!#^~ \
             (64 at most, no dot before the @), then a domain (48 at most)",
        );
        let text = text.trim();
        let (local, domain) = text.split_once('@').ok_or(WRONG)?;
        let allowed = |b: u8| b.is_ascii_alphanumeric() || b"'.-_!#^~".contains(&b);
        if local.is_empty()
            || local.len() > 64
            || local.ends_with('.')
            || !local.bytes().all(allowed)
            || domain.len() > 48
            || text.len() > 113
        {
            return Err(WRONG);
        }
        let domain = DomainName::parse(domain).map_err(|_| WRONG)?;
        Ok(Self(format!("{local}@{domain}")))
    }

    /// The name as it is shown.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The key by which names are compared: all in lower case.
    pub fn key(&self) -> String {
        fold(&self.0)
    }

    /// The part before the `@`.
    pub fn local(&self) -> &str {
        self.0.split_once('@').map_or("", |(local, _)| local)
    }

    /// The part after the `@`, in lower case.
    pub fn domain(&self) -> &str {
        self.0.split_once('@').map_or("", |(_, domain)| domain)
    }
}

impl std::fmt::Debug for Upn {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::fmt::Display for Upn {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_allowed_character_is_allowed_and_no_other() {
        for c in (0_u8..128).map(char::from) {
            let allowed = c.is_ascii_alphanumeric() || "'.-_!#^~".contains(c);
            let name = format!("a{c}b@contoso.com");
            assert_eq!(Upn::parse(&name).is_ok(), allowed, "{name:?}");
        }
        assert!(Upn::parse("åsa@contoso.com").is_err());
    }

    #[test]
    fn lengths_on_both_sides() {
        let upn = |local: usize, domain: usize| {
            let domain = format!("{}.com", "d".repeat(domain - 4));
            Upn::parse(&format!("{}@{domain}", "a".repeat(local))).is_ok()
        };
        assert!(upn(64, 48));
        assert!(!upn(65, 10));
        assert!(!upn(10, 49));
        assert!(upn(1, 5));
    }

    #[test]
    fn a_dot_may_not_stand_before_the_at_sign() {
        assert!(Upn::parse("ada.@contoso.com").is_err());
        assert!(Upn::parse("a.da@contoso.com").is_ok());
        assert!(Upn::parse("@contoso.com").is_err());
        assert!(Upn::parse("ada@@contoso.com").is_err());
    }

    #[test]
    fn case_is_kept_but_not_compared() {
        let upn = Upn::parse("Ada.L@Contoso.COM").unwrap();
        assert_eq!(upn.as_str(), "Ada.L@contoso.com");
        assert_eq!(upn.key(), "ada.l@contoso.com");
        assert_eq!((upn.local(), upn.domain()), ("Ada.L", "contoso.com"));
    }
}
