//! Who asks, from where, in which language.

use std::net::IpAddr;

use latchkey_core::audit::ActorKind;
use latchkey_core::settings::ClientAddressPrivacy;
use latchkey_types::{Locale, RequestId};

/// The circumstances of one request.
#[derive(Debug, Clone)]
pub struct Ctx {
    /// The request; shown to people as the support reference.
    pub request: RequestId,
    /// The client's address as far as it can be trusted; `None` on the command line.
    pub address: Option<IpAddr>,
    /// The class of browser and system, such as `Firefox, Windows`. At most 60 characters of plain
    /// text, made by us, never the header itself.
    pub browser: String,
    /// The language of the answer.
    pub locale: Locale,
    /// Who acts.
    pub actor: ActorKind,
}

impl Ctx {
    /// The client's address as a tenant's privacy setting lets it be kept.
    pub fn stored_address(&self, privacy: ClientAddressPrivacy) -> String {
        match (self.address, privacy) {
            (None, _) | (_, ClientAddressPrivacy::Nothing) => String::new(),
            (Some(address), ClientAddressPrivacy::Full) => address.to_string(),
            (Some(address), ClientAddressPrivacy::Network) => network(address),
        }
    }

    /// The client's network, by which it is throttled: /24 of IPv4, /64 of IPv6.
    pub fn network(&self) -> String {
        match self.address {
            None => String::from("-"),
            Some(IpAddr::V4(address)) => {
                let [a, b, c, _] = address.octets();
                format!("{a}.{b}.{c}.0/24")
            }
            Some(IpAddr::V6(address)) => {
                let [a, b, c, d, ..] = address.segments();
                format!("{a:x}:{b:x}:{c:x}:{d:x}::/64")
            }
        }
    }
}

fn network(address: IpAddr) -> String {
    match address {
        IpAddr::V4(address) => {
            let [a, b, c, _] = address.octets();
            format!("{a}.{b}.{c}.0/24")
        }
        IpAddr::V6(address) => {
            let [a, b, c, ..] = address.segments();
            format!("{a:x}:{b:x}:{c:x}::/48")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ctx(address: &str) -> Ctx {
        Ctx {
            request: RequestId(uuid::Uuid::nil()),
            address: address.parse().ok(),
            browser: String::new(),
            locale: Locale::En,
            actor: ActorKind::User,
        }
    }

    #[test]
    fn addresses_are_kept_as_the_tenant_wants() {
        use ClientAddressPrivacy::{Full, Network, Nothing};
        let v4 = ctx("203.0.113.7");
        assert_eq!(v4.stored_address(Full), "203.0.113.7");
        assert_eq!(v4.stored_address(Network), "203.0.113.0/24");
        assert_eq!(v4.stored_address(Nothing), "");
        let v6 = ctx("2001:db8:1:2:3:4:5:6");
        assert_eq!(v6.stored_address(Network), "2001:db8:1::/48");
        assert_eq!(v6.network(), "2001:db8:1:2::/64");
    }
}
