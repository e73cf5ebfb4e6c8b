//! The names under which the service answers.

use http::{HeaderMap, Uri, header};

/// The hosts that requests may name; all others are refused, so that no link, cookie or cache entry
/// is ever made for a name that the operator did not configure.
#[derive(Debug, Clone)]
pub struct Hosts(Vec<String>);

impl Hosts {
    /// The host of the base address (`host[:port]`, as browsers send it) and any others.
    pub fn new<'a>(hosts: impl IntoIterator<Item = &'a str>) -> Self {
        Self(hosts.into_iter().map(normal).collect())
    }

    /// Whether a request names one of them: by `:authority` or an absolute target, by `Host`, or by
    /// both if they agree (RFC 9112, 3.2; RFC 9113, 8.3.1).
    pub fn knows(&self, uri: &Uri, headers: &HeaderMap) -> bool {
        let mut lines = headers.get_all(header::HOST).iter();
        let line = lines.next();
        if lines.next().is_some() {
            return false;
        }
        let host = match line.map(|line| line.to_str()) {
            None => None,
            Some(Ok(host)) => Some(normal(host)),
            Some(Err(_)) => return false,
        };
        let target = uri.authority().map(|authority| normal(authority.as_str()));
        match (target, host) {
            (Some(target), Some(host)) => target == host && self.0.contains(&target),
            (Some(name), None) | (None, Some(name)) => self.0.contains(&name),
            (None, None) => false,
        }
    }
}

/// Lower case, without the default port of https, which some clients send.
fn normal(host: &str) -> String {
    let host = host.to_ascii_lowercase();
    match host.strip_suffix(":443") {
        Some(name) => name.to_owned(),
        None => host,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn knows(uri: &str, lines: &[&str]) -> bool {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(header::HOST, line.parse().unwrap());
        }
        Hosts::new(["reset.contoso.com", "localhost:8480"]).knows(&uri.parse().unwrap(), &headers)
    }

    #[test]
    fn only_configured_hosts_are_answered() {
        for (uri, lines, known) in [
            ("/reset", &["reset.contoso.com"][..], true),
            ("/reset", &["Reset.Contoso.COM"], true),
            ("/reset", &["reset.contoso.com:443"], true),
            ("/reset", &["localhost:8480"], true),
            ("/reset", &["localhost"], false),
            ("/reset", &["localhost:8481"], false),
            ("/reset", &["reset.contoso.com:80"], false),
            ("/reset", &["evil.example"], false),
            ("/reset", &["reset.contoso.com.evil.example"], false),
            ("/reset", &["reset.contoso.com@evil.example"], false),
            ("/reset", &["reset.contoso.com", "evil.example"], false),
            ("/reset", &[], false),
            ("/reset", &[""], false),
            ("https://reset.contoso.com/reset", &[], true),
            (
                "https://reset.contoso.com/reset",
                &["reset.contoso.com"],
                true,
            ),
            ("https://reset.contoso.com/reset", &["evil.example"], false),
            ("https://evil.example/reset", &["reset.contoso.com"], false),
            ("https://evil.example/reset", &[], false),
        ] {
            assert_eq!(knows(uri, lines), known, "{uri} {lines:?}");
        }
    }
}
