//! The client's address, as far as it can be trusted.

use std::net::{IpAddr, Ipv6Addr};

use http::HeaderMap;
use latchkey_types::Malformed;

/// More hops than anybody has; what is said further left is not looked at.
const MOST_HOPS: usize = 32;

/// A network in CIDR form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network {
    base: u128,
    mask: u128,
}

impl Network {
    /// Reads `10.0.0.0/8`, `2001:db8::/32` or a single address.
    pub fn parse(text: &str) -> Result<Self, Malformed> {
        const WRONG: Malformed =
            Malformed("a network looks like 10.0.0.0/8 or 2001:db8::/32, or is one address");
        let (address, length) = match text.trim().split_once('/') {
            Some((address, length)) => (address, Some(length)),
            None => (text.trim(), None),
        };
        let address: IpAddr = address.parse().map_err(|_| WRONG)?;
        let most: u8 = if address.is_ipv4() { 32 } else { 128 };
        let length = match length {
            None => most,
            Some(digits) if digits.bytes().all(|byte| byte.is_ascii_digit()) => digits
                .parse()
                .ok()
                .filter(|length| *length <= most)
                .ok_or(WRONG)?,
            Some(_) => return Err(WRONG),
        };
        // IPv4 is kept as mapped into IPv6 (RFC 4291, 2.5.5.2).
        let length = u32::from(length) + if address.is_ipv4() { 96 } else { 0 };
        let mask = u128::MAX.checked_shl(128 - length).unwrap_or(0);
        Ok(Self {
            base: bits(address) & mask,
            mask,
        })
    }

    /// Whether an address is in it. An IPv4 address mapped into IPv6 counts as the IPv4 address.
    pub fn contains(self, address: IpAddr) -> bool {
        bits(address) & self.mask == self.base
    }
}

fn bits(address: IpAddr) -> u128 {
    let v6: Ipv6Addr = match address {
        IpAddr::V4(v4) => v4.to_ipv6_mapped(),
        IpAddr::V6(v6) => v6,
    };
    v6.to_bits()
}

/// Which header the proxy writes. Only that one is read: a proxy that writes one passes the other
/// on as the client made it up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ProxyHeader {
    /// `X-Forwarded-For`.
    #[default]
    XForwardedFor,
    /// `Forwarded` (RFC 7239).
    Forwarded,
}

/// The reverse proxies that are believed.
#[derive(Debug, Clone, Default)]
pub struct Proxies {
    /// Where they are. Empty: none is.
    pub networks: Vec<Network>,
    /// The header they write.
    pub header: ProxyHeader,
}

impl Proxies {
    /// Whether an address is one of theirs.
    pub fn trusts(&self, address: IpAddr) -> bool {
        self.networks
            .iter()
            .any(|network| network.contains(address))
    }

    /// The client's address: the peer's, unless that is a proxy; then the rightmost address in the
    /// header that is no proxy. An entry that cannot be read ends the search.
    pub fn client(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let mut client = peer.to_canonical();
        if !self.trusts(client) {
            return client;
        }
        let (name, read): (_, fn(&str) -> Option<IpAddr>) = match self.header {
            ProxyHeader::XForwardedFor => ("x-forwarded-for", address),
            ProxyHeader::Forwarded => ("forwarded", forwarded),
        };
        // In bytes: what a client put to the left of the proxy's word need not be text, and must not
        // take that word with it.
        let hops = headers
            .get_all(name)
            .iter()
            .flat_map(|line| line.as_bytes().split(|byte| *byte == b','));
        let hops: Vec<&[u8]> = hops.collect();
        for hop in hops.into_iter().rev().take(MOST_HOPS) {
            let hop = std::str::from_utf8(hop).ok();
            let Some(address) = hop.and_then(read) else {
                break;
            };
            client = address;
            if !self.trusts(client) {
                break;
            }
        }
        client
    }
}

/// The `for` of one element of `Forwarded`.
fn forwarded(element: &str) -> Option<IpAddr> {
    element
        .split(';')
        .find_map(|pair| {
            let (name, value) = pair.split_once('=')?;
            name.trim()
                .eq_ignore_ascii_case("for")
                .then_some(value.trim().trim_matches('"'))
        })
        .and_then(address)
}

/// `192.0.2.1`, `192.0.2.1:4711`, `2001:db8::1`, `[2001:db8::1]`, `[2001:db8::1]:4711`.
fn address(text: &str) -> Option<IpAddr> {
    let text = text.trim();
    let host = if let Some(rest) = text.strip_prefix('[') {
        let (host, port) = rest.split_once(']')?;
        if !port.is_empty() && !is_port(port.strip_prefix(':')?) {
            return None;
        }
        host
    } else {
        match text.split_once(':') {
            Some((host, port)) if is_port(port) && host.contains('.') => host,
            _ => text,
        }
    };
    host.parse()
        .ok()
        .map(|address: IpAddr| address.to_canonical())
}

fn is_port(text: &str) -> bool {
    (1..=5).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proxies(header: ProxyHeader) -> Proxies {
        let networks = ["10.0.0.0/8", "2001:db8:ffff::/48"];
        Proxies {
            networks: networks.map(|n| Network::parse(n).unwrap()).to_vec(),
            header,
        }
    }

    fn client(header: ProxyHeader, peer: &str, lines: &[(&'static str, &str)]) -> String {
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            headers.append(*name, value.parse().unwrap());
        }
        proxies(header)
            .client(peer.parse().unwrap(), &headers)
            .to_string()
    }

    #[test]
    fn networks_hold_their_addresses_and_no_others() {
        for (network, inside, outside) in [
            ("10.0.0.0/8", "10.255.0.1", "11.0.0.0"),
            ("192.0.2.7", "192.0.2.7", "192.0.2.8"),
            ("2001:db8::/32", "2001:db8:1::1", "2001:db9::"),
            ("10.0.0.0/8", "::ffff:10.1.1.1", "::10.1.1.1"),
            ("0.0.0.0/0", "8.8.8.8", "2001:db8::1"),
        ] {
            let network = Network::parse(network).unwrap();
            assert!(network.contains(inside.parse().unwrap()), "{inside}");
            assert!(!network.contains(outside.parse().unwrap()), "{outside}");
        }
        assert!(
            Network::parse("::/0")
                .unwrap()
                .contains("8.8.8.8".parse().unwrap())
        );
        for wrong in [
            "",
            "10.0.0.0/33",
            "::/129",
            "10.0.0.0/",
            "10.0.0.0/+8",
            "a/8",
            "10.0.0",
        ] {
            assert!(Network::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_stranger_cannot_choose_an_address() {
        use ProxyHeader::{Forwarded, XForwardedFor};
        let xff = "x-forwarded-for";
        for (header, peer, lines, expected) in [
            (
                XForwardedFor,
                "203.0.113.9",
                vec![(xff, "192.0.2.1")],
                "203.0.113.9",
            ),
            (XForwardedFor, "10.0.0.1", vec![], "10.0.0.1"),
            (
                XForwardedFor,
                "10.0.0.1",
                vec![(xff, "192.0.2.1")],
                "192.0.2.1",
            ),
            (
                XForwardedFor,
                "10.0.0.1",
                vec![(xff, "1.1.1.1, 192.0.2.1")],
                "192.0.2.1",
            ),
            (
                XForwardedFor,
                "10.0.0.1",
                vec![(xff, "1.1.1.1"), (xff, "192.0.2.1, 10.2.0.1")],
                "192.0.2.1",
            ),
            (
                XForwardedFor,
                "10.0.0.1",
                vec![(xff, "192.0.2.1, nonsense")],
                "10.0.0.1",
            ),
            (
                XForwardedFor,
                "10.0.0.1",
                vec![(xff, "10.0.0.3, 10.0.0.2")],
                "10.0.0.3",
            ),
            (
                XForwardedFor,
                "::ffff:10.0.0.1",
                vec![(xff, "2001:db8::5")],
                "2001:db8::5",
            ),
            (
                XForwardedFor,
                "10.0.0.1",
                vec![(xff, "192.0.2.1:1234")],
                "192.0.2.1",
            ),
            // The header that the proxy does not write is the client's own.
            (
                XForwardedFor,
                "10.0.0.1",
                vec![("forwarded", "for=1.1.1.1")],
                "10.0.0.1",
            ),
            (Forwarded, "10.0.0.1", vec![(xff, "1.1.1.1")], "10.0.0.1"),
            (
                Forwarded,
                "10.0.0.1",
                vec![("forwarded", "for=1.1.1.1, for=192.0.2.1;proto=https")],
                "192.0.2.1",
            ),
            (
                Forwarded,
                "10.0.0.1",
                vec![("forwarded", "proto=https;For=\"[2001:db8::5]:47\"")],
                "2001:db8::5",
            ),
            (
                Forwarded,
                "10.0.0.1",
                vec![("forwarded", "for=1.1.1.1, for=unknown")],
                "10.0.0.1",
            ),
            (
                Forwarded,
                "10.0.0.1",
                vec![("forwarded", "for=_hidden")],
                "10.0.0.1",
            ),
        ] {
            assert_eq!(client(header, peer, &lines), expected, "{peer} {lines:?}");
        }
    }

    #[test]
    fn bytes_that_are_no_text_do_not_hide_whoever_sent_them() {
        for (header, name, line) in [
            (
                ProxyHeader::XForwardedFor,
                "x-forwarded-for",
                &b"\xff\xe9, 192.0.2.1"[..],
            ),
            (
                ProxyHeader::Forwarded,
                "forwarded",
                b"for=\xff, for=192.0.2.1",
            ),
        ] {
            let mut headers = HeaderMap::new();
            headers.append(name, http::HeaderValue::from_bytes(line).unwrap());
            let client = proxies(header).client("10.0.0.1".parse().unwrap(), &headers);
            assert_eq!(client.to_string(), "192.0.2.1", "{name}");
        }
    }

    #[test]
    fn nobody_is_believed_by_default() {
        let mut headers = HeaderMap::new();
        headers.insert("x-forwarded-for", "1.1.1.1".parse().unwrap());
        let peer: IpAddr = "127.0.0.1".parse().unwrap();
        assert_eq!(Proxies::default().client(peer, &headers), peer);
    }
}
