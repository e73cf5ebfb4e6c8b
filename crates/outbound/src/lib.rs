//! Requests to addresses that somebody configured: providers of texts and calls, identity providers.
//!
//! Who may write such an address must not be able to reach what this machine can reach. So there is
//! one client for all of them: HTTPS to public addresses only, checked where a name becomes an
//! address; no redirects, no proxies, no second tries; limits on time and on what is read.

mod guard;

use std::error::Error as _;
use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use reqwest::Client;
use reqwest::header::HeaderMap;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use thiserror::Error;

pub use reqwest::{RequestBuilder, StatusCode, Url, header};

pub use guard::is_public;

use guard::{NotPublic, PublicOnly};

/// How far requests may go. Whoever may change this can reach whatever this machine can.
#[derive(Debug, Clone)]
pub struct Options {
    /// The longest time for a request, from the first packet to the end of the answer.
    pub timeout: Duration,
    /// Certificates (PEM file) of authorities to trust besides those of the operating system.
    pub extra_ca_file: Option<PathBuf>,
    /// Lets the other side be on this machine or in a private network.
    pub allow_private: bool,
    /// Lets the other side be on this machine without TLS; only together with `allow_private`.
    pub allow_plain_loopback: bool,
}

/// The client; cheap to clone.
#[derive(Debug, Clone)]
pub struct Outbound {
    client: Client,
    allow_private: bool,
    allow_plain_loopback: bool,
}

/// The client cannot be made as it is configured.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum SetupError {
    /// The file of certificates.
    #[error("extra_ca_file {} cannot be read", .0.display())]
    Authorities(PathBuf),
    /// The operating system's certificates, or TLS.
    #[error("TLS cannot be set up: {0}")]
    Tls(String),
}

/// An address that is never requested.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum BadAddress {
    /// Not `https://` and a host.
    #[error("not an https address")]
    NotHttps,
    /// `https://name:password@…`.
    #[error("an address with a name or a password in it")]
    Credentials,
    /// A number of this machine, a private network or a reserved one.
    #[error("not a public address")]
    NotPublic,
}

/// Why there is no whole answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Failure {
    /// The name has no public address.
    #[error("not a public address")]
    NotPublic,
    /// Nothing was sent: no such name, nobody there, or TLS that cannot be trusted.
    #[error("no connection")]
    NoConnection,
    /// There was a connection; what was sent may have been acted upon.
    #[error("no answer in time")]
    TimedOut,
    /// As before, and the connection ended early.
    #[error("the connection broke")]
    Broken,
}

/// What came back.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The status, whatever it is; a redirect too.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body, or its beginning.
    pub body: Vec<u8>,
    /// Whether the body is whole; what comes after the limit is not read.
    pub whole: bool,
}

impl Outbound {
    /// Prepares the client; connects to nothing.
    pub fn new(options: &Options) -> Result<Self, SetupError> {
        Ok(Self {
            client: client(options)?,
            allow_private: options.allow_private,
            allow_plain_loopback: options.allow_private && options.allow_plain_loopback,
        })
    }

    /// Reads an address and says whether it may be requested. What a name stands for is checked
    /// again by each request.
    pub fn address(&self, text: &str) -> Result<Url, BadAddress> {
        let url = Url::parse(text)
            .ok()
            .filter(Url::has_host)
            .ok_or(BadAddress::NotHttps)?;
        // A number in place of a name is never resolved, so the resolver's guard would not see it.
        let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
        let number = host.parse::<IpAddr>().ok();
        let loopback = host == "localhost" || number.is_some_and(|address| address.is_loopback());
        match url.scheme() {
            "https" => {}
            "http" if loopback && self.allow_plain_loopback => {}
            _ => return Err(BadAddress::NotHttps),
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(BadAddress::Credentials);
        }
        if number.is_some_and(|address| !is_public(address)) && !self.allow_private {
            return Err(BadAddress::NotPublic);
        }
        Ok(url)
    }

    /// A request that reads, to an address from [`Self::address`].
    pub fn get(&self, url: Url) -> RequestBuilder {
        self.client.get(url)
    }

    /// A request that acts, to an address from [`Self::address`].
    pub fn post(&self, url: Url) -> RequestBuilder {
        self.client.post(url)
    }

    /// Sends a request of this client, and reads at most so many bytes of the answer's body.
    pub async fn send(&self, request: RequestBuilder, longest: usize) -> Result<Answer, Failure> {
        let failed = |error: reqwest::Error| Failure::of(&error);
        let mut response = request.send().await.map_err(failed)?;
        let mut body = Vec::new();
        let mut whole = true;
        while let Some(piece) = response.chunk().await.map_err(failed)? {
            let room = longest.saturating_sub(body.len());
            body.extend_from_slice(piece.get(..room.min(piece.len())).unwrap_or_default());
            if room < piece.len() {
                whole = false;
                break;
            }
        }
        Ok(Answer {
            status: response.status(),
            headers: std::mem::take(response.headers_mut()),
            body,
            whole,
        })
    }
}

impl Failure {
    fn of(error: &reqwest::Error) -> Self {
        let mut cause = error.source();
        while let Some(inner) = cause {
            let boxed = inner
                .downcast_ref::<std::io::Error>()
                .and_then(std::io::Error::get_ref);
            if inner.is::<NotPublic>()
                || boxed
                    .and_then(|inner| inner.downcast_ref::<NotPublic>())
                    .is_some()
            {
                return Self::NotPublic;
            }
            cause = inner.source();
        }
        // Nothing was sent before there was a connection.
        if error.is_connect() {
            Self::NoConnection
        } else if error.is_timeout() {
            Self::TimedOut
        } else {
            Self::Broken
        }
    }
}

fn client(options: &Options) -> Result<Client, SetupError> {
    let authorities = match &options.extra_ca_file {
        None => Vec::new(),
        Some(path) => CertificateDer::pem_file_iter(path)
            .and_then(Iterator::collect::<Result<Vec<_>, _>>)
            .map_err(|_| SetupError::Authorities(path.clone()))?,
    };
    let wrong = |error: rustls::Error| SetupError::Tls(error.to_string());
    let crypto = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let verifier =
        rustls_platform_verifier::Verifier::new_with_extra_roots(authorities, Arc::clone(&crypto))
            .map_err(wrong)?;
    let mut tls = rustls::ClientConfig::builder_with_provider(crypto)
        .with_safe_default_protocol_versions()
        .map_err(wrong)?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_no_client_auth();
    tls.alpn_protocols = vec![b"http/1.1".to_vec()];
    Client::builder()
        .tls_backend_preconfigured(tls)
        .http1_only()
        .https_only(!(options.allow_private && options.allow_plain_loopback))
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        // A proxy from the environment would connect past the guard.
        .no_proxy()
        .referer(false)
        .dns_resolver(PublicOnly {
            allow_private: options.allow_private,
        })
        .connect_timeout(options.timeout.min(Duration::from_secs(5)))
        .timeout(options.timeout)
        .user_agent("latchkey")
        .build()
        .map_err(|error| SetupError::Tls(error.without_url().to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outbound(allow_private: bool, allow_plain_loopback: bool) -> Outbound {
        Outbound::new(&Options {
            timeout: Duration::from_secs(2),
            extra_ca_file: None,
            allow_private,
            allow_plain_loopback,
        })
        .unwrap()
    }

    #[test]
    fn only_https_to_public_addresses_is_accepted() {
        let strict = outbound(false, true);
        for (address, wrong) in [
            ("http://id.example", BadAddress::NotHttps),
            ("http://localhost", BadAddress::NotHttps),
            ("http://127.0.0.1:8080", BadAddress::NotHttps),
            ("ftp://id.example", BadAddress::NotHttps),
            ("file:///etc/passwd", BadAddress::NotHttps),
            ("id.example", BadAddress::NotHttps),
            ("", BadAddress::NotHttps),
            ("https://a:b@id.example", BadAddress::Credentials),
            ("https://a@id.example", BadAddress::Credentials),
            ("https://127.0.0.1", BadAddress::NotPublic),
            // Other ways to write the same.
            ("https://2130706433", BadAddress::NotPublic),
            ("https://0x7f.1", BadAddress::NotPublic),
            ("https://[::1]", BadAddress::NotPublic),
            ("https://[::ffff:10.0.0.1]", BadAddress::NotPublic),
            ("https://169.254.169.254/latest", BadAddress::NotPublic),
        ] {
            assert_eq!(strict.address(address), Err(wrong), "{address}");
        }
        for address in ["https://id.example/tenant", "https://8.8.8.8"] {
            assert!(strict.address(address).is_ok(), "{address}");
        }
    }

    #[test]
    fn private_addresses_are_the_operator_s_choice_and_plain_http_stays_on_this_machine() {
        let private = outbound(true, false);
        assert!(private.address("https://10.0.0.1").is_ok());
        assert!(private.address("http://127.0.0.1").is_err());
        let plain = outbound(true, true);
        assert!(plain.address("http://127.0.0.1:1").is_ok());
        assert!(plain.address("http://[::1]:1").is_ok());
        assert!(plain.address("http://localhost:1").is_ok());
        assert!(plain.address("http://10.0.0.1").is_err());
        assert!(plain.address("http://localhost.example").is_err());
        assert!(plain.address("http://id.example").is_err());
    }

    #[tokio::test]
    async fn a_name_of_a_private_address_is_never_connected_to() {
        let strict = outbound(false, false);
        let url = strict.address("https://localhost:1/").unwrap();
        let failure = strict.send(strict.get(url), 1).await.unwrap_err();
        assert_eq!(failure, Failure::NotPublic);
    }
}
