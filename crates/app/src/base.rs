//! The address under which people reach the service. It comes from the configuration alone: no link
//! is ever made from what a request says about itself.

use latchkey_types::Malformed;

/// `https://host[:port]`, or `http://` on loopback for demonstrations and development.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BaseAddress {
    url: String,
    host: String,
}

impl BaseAddress {
    /// Reads an address; a slash at the end is dropped, a path is refused.
    pub fn parse(text: &str) -> Result<Self, Malformed> {
        const WRONG: Malformed = Malformed(
            "a base address looks like https://reset.contoso.com: https, a host name, no path",
        );
        let text = text.trim().trim_end_matches('/');
        let (scheme, host) = text.split_once("://").ok_or(WRONG)?;
        let (name, port) = match host.rsplit_once(':') {
            Some((name, port)) => (name, Some(port)),
            None => (host, None),
        };
        let plain = !name.is_empty()
            && name
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"-.".contains(&b))
            && port.is_none_or(|port| port.parse::<u16>().is_ok_and(|port| port > 0));
        let local = matches!(name, "localhost" | "127.0.0.1");
        if !plain || !(scheme == "https" || scheme == "http" && local) {
            return Err(WRONG);
        }
        let host = host.to_ascii_lowercase();
        Ok(Self {
            url: format!("{scheme}://{host}"),
            host,
        })
    }

    /// Without a slash at the end.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// As the `Host` header has it: with the port, if the address has one.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The host without the port.
    pub fn name(&self) -> &str {
        self.host.split(':').next().unwrap_or_default()
    }

    /// Whether browsers reach it by https.
    pub fn is_secure(&self) -> bool {
        self.url.starts_with("https://")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_https_unless_it_is_loopback() {
        for (text, url) in [
            ("https://Reset.Contoso.com/", "https://reset.contoso.com"),
            (
                "https://reset.contoso.com:8443",
                "https://reset.contoso.com:8443",
            ),
            ("http://localhost:8480", "http://localhost:8480"),
        ] {
            assert_eq!(BaseAddress::parse(text).unwrap().url(), url);
        }
        for text in [
            "http://reset.contoso.com",
            "https://",
            "reset.contoso.com",
            "https://a/b",
            "https://user@host",
            "https://host:0",
            "https://host:x",
            "javascript://x",
            "https://host\r\nx",
        ] {
            assert!(BaseAddress::parse(text).is_err(), "{text}");
        }
    }
}
