use crate::{DomainName, Malformed, Masked, fold};

/// An e-mail address that a mail can be sent to: `local@domain`, at most 254 characters
/// (RFC 5321, 4.5.3.1), one `@`, no quotes, no white space, no control characters.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EmailAddress(String);

impl EmailAddress {
    /// Reads an address; surrounding white space is dropped.
    pub fn parse(text: &str) -> Result<Self, Malformed> {
        const WRONG: Malformed = Malformed("an e-mail address looks like name@example.com");
        let text = text.trim();
        let (local, domain) = text.rsplit_once('@').ok_or(WRONG)?;
        let fits = text.len() <= 254 && !local.is_empty() && local.len() <= 64;
        let plain = local
            .chars()
            .all(|c| c.is_ascii_graphic() && !"@\"(),:;<>[]\\".contains(c))
            && !local.starts_with('.')
            && !local.ends_with('.')
            && !local.contains("..");
        if !fits || !plain || !domain.contains('.') {
            return Err(WRONG);
        }
        let domain = DomainName::parse(domain).map_err(|_| WRONG)?;
        Ok(Self(format!("{local}@{domain}")))
    }

    /// The address as it is sent to: the local part as typed, the domain in lower case.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The key by which addresses are compared: all in lower case.
    pub fn key(&self) -> String {
        fold(&self.0)
    }

    /// The part after the `@`.
    pub fn domain(&self) -> &str {
        self.0.rsplit_once('@').map_or("", |(_, domain)| domain)
    }

    /// First letter of the name, first letter of the domain, and the last label: `a•••@c•••.com`.
    pub fn masked(&self) -> Masked {
        let first = |text: &str| text.chars().next().unwrap_or('•');
        let local = self.0.rsplit_once('@').map_or("", |(local, _)| local);
        let last = self.domain().rsplit_once('.').map_or("", |(_, last)| last);
        Masked(format!(
            "{}•••@{}•••.{last}",
            first(local),
            first(self.domain())
        ))
    }
}

impl std::fmt::Debug for EmailAddress {
    /// Masked: an address is private data and `Debug` ends up in logs.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.masked())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_that_cannot_carry_a_header_or_a_second_recipient() {
        for good in ["ada@contoso.com", "a.b+c@x.example", " o'neil@contoso.com "] {
            assert!(EmailAddress::parse(good).is_ok(), "{good}");
        }
        for bad in [
            "",
            "ada",
            "@contoso.com",
            "ada@",
            "ada@contoso",
            "a b@contoso.com",
            "a@b@c.com",
            "ada@contoso.com, eve@evil.example",
            "ada@contoso.com\r\nBcc: eve@evil.example",
            "\"ada\"@contoso.com",
            ".ada@contoso.com",
            "ada.@contoso.com",
            "a..b@contoso.com",
            "ada@-contoso.com",
            "ada@con\0toso.com",
            "<ada@contoso.com>",
        ] {
            assert!(EmailAddress::parse(bad).is_err(), "{bad:?}");
        }
        let long = format!("{}@contoso.com", "a".repeat(64));
        assert!(EmailAddress::parse(&long).is_ok());
        assert!(EmailAddress::parse(&format!("a{long}")).is_err());
    }

    #[test]
    fn a_mask_tells_neither_name_nor_length() {
        let mask = |text: &str| EmailAddress::parse(text).unwrap().masked().to_string();
        assert_eq!(mask("ada@contoso.com"), "a•••@c•••.com");
        assert_eq!(mask("ada.lovelace.the.first@contoso.co.uk"), "a•••@c•••.uk");
        assert_eq!(
            format!("{:?}", EmailAddress::parse("ada@contoso.com").unwrap()),
            "a•••@c•••.com"
        );
    }
}
