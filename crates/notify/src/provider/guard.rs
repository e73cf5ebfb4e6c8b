use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

/// Whether an address is one of the public Internet: not this machine, not a private network, not
/// link-local (where clouds keep their metadata), not reserved (IANA special-purpose registries,
/// RFC 6890). An address that carries another one inside is judged by that.
pub fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => is_public_v4(v4),
        IpAddr::V6(v6) => is_public_v6(v6),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let special = matches!(
        (a, b, c),
        (0 | 10 | 127, _, _)
            | (100, 64..=127, _)
            | (169, 254, _)
            | (172, 16..=31, _)
            | (192, 0, 0 | 2)
            | (192, 31, 196)
            | (192, 52, 193)
            | (192, 88, 99)
            | (192, 168, _)
            | (192, 175, 48)
            | (198, 18..=19, _)
            | (198, 51, 100)
            | (203, 0, 113)
            | (224.., _, _)
    );
    !special
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let [a, b, c, d, e, f, g, h] = address.segments();
    let embedded = |high: u16, low: u16| {
        let [a, b] = high.to_be_bytes();
        let [c, d] = low.to_be_bytes();
        is_public_v4(Ipv4Addr::new(a, b, c, d))
    };
    match (a, b) {
        // IPv4-mapped, NAT64 and 6to4 lead to the IPv4 address inside.
        (0, 0) if (c, d, e, f) == (0, 0, 0, 0xffff) => embedded(g, h),
        (0x64, 0xff9b) if (c, d, e, f) == (0, 0, 0, 0) => embedded(g, h),
        (0x2002, _) => embedded(b, c),
        // Teredo, benchmarking, ORCHID, documentation.
        (0x2001, 0..=0x01ff | 0x0db8) | (0x3fff, 0..=0x0fff) => false,
        // Global unicast is 2000::/3; all else is special.
        _ => (0x2000..=0x3fff).contains(&a),
    }
}

/// Resolves names and lets only public addresses through. What it gives is what is connected to,
/// so that a name cannot be harmless when it is checked and harmful when it is used.
pub(super) struct PublicOnly {
    pub(super) allow_private: bool,
}

impl Resolve for PublicOnly {
    fn resolve(&self, name: Name) -> Resolving {
        let allow_private = self.allow_private;
        Box::pin(async move {
            let found: Vec<SocketAddr> =
                tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            let allowed: Vec<SocketAddr> = found
                .into_iter()
                .filter(|address| allow_private || is_public(address.ip()))
                .collect();
            if allowed.is_empty() {
                return Err(io::Error::other(NotPublic).into());
            }
            Ok(Box::new(allowed.into_iter()) as Addrs)
        })
    }
}

/// The name has no public address.
#[derive(Debug, thiserror::Error)]
#[error("the provider's address is not public")]
pub(super) struct NotPublic;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn special_addresses_are_not_public_and_their_neighbours_are() {
        for (special, public) in [
            ("0.0.0.0", "1.1.1.1"),
            ("10.255.255.255", "11.0.0.0"),
            ("100.64.0.0", "100.63.255.255"),
            ("100.127.255.255", "100.128.0.0"),
            ("127.0.0.1", "128.0.0.1"),
            ("169.254.169.254", "169.253.255.255"),
            ("172.16.0.1", "172.15.255.255"),
            ("172.31.255.255", "172.32.0.0"),
            ("192.168.1.1", "192.167.255.255"),
            ("198.18.0.1", "198.17.255.255"),
            ("198.19.255.255", "198.20.0.0"),
            ("224.0.0.1", "223.255.255.255"),
            ("255.255.255.255", "8.8.8.8"),
            ("::", "2606:4700::1111"),
            ("::1", "2a00:1450::1"),
            ("fe80::1", "2001:4860:4860::8888"),
            ("fc00::1", "2003::1"),
            ("fd12:3456::1", "3ffe::1"),
            ("ff02::1", "2001:200::1"),
            ("2001:db8::1", "2001:db9::1"),
            ("2001::1", "2400::1"),
            ("::ffff:127.0.0.1", "::ffff:8.8.8.8"),
            ("::ffff:10.0.0.1", "::ffff:11.0.0.1"),
            ("64:ff9b::a9fe:a9fe", "64:ff9b::808:808"),
            ("2002:7f00:1::", "2002:808:808::"),
            ("::7f00:1", "2002:0b00:1::"),
        ] {
            assert!(!is_public(special.parse().unwrap()), "{special}");
            assert!(is_public(public.parse().unwrap()), "{public}");
        }
    }
}
