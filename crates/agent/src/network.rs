//! The way to the service: straight or through an HTTP proxy, then TLS.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use http::Uri;
use latchkey_types::Secret;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use zeroize::Zeroizing;

/// A connection, whatever it goes through.
pub(crate) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// The longest head of an answer.
const HEAD_MAX: usize = 16 << 10;
/// The longest body of an answer.
const BODY_MAX: usize = 64 << 10;

/// The address of the service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceUrl {
    tls: bool,
    /// In lower case, an IPv6 address without brackets.
    host: String,
    port: u16,
    /// Without a slash at the end.
    path: String,
}

impl ServiceUrl {
    /// Reads it: `https://…`; `http://…` only for this machine.
    pub fn parse(text: &str) -> Result<Self, String> {
        const SHOULD: &str = "the service's address looks like https://reset.contoso.com";
        let uri: Uri = text.trim().parse().map_err(|_| SHOULD.to_owned())?;
        let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority()) else {
            return Err(SHOULD.into());
        };
        if authority.as_str().contains('@') || uri.query().is_some() {
            return Err(SHOULD.into());
        }
        let host = authority.host().to_lowercase();
        let host = host
            .strip_prefix('[')
            .and_then(|host| host.strip_suffix(']'))
            .unwrap_or(&host)
            .to_owned();
        if host.is_empty() {
            return Err(SHOULD.into());
        }
        let tls = match scheme {
            "https" => true,
            "http" if is_loopback(&host) => false,
            "http" => {
                return Err("http is for this machine alone: use https".into());
            }
            _ => return Err(SHOULD.into()),
        };
        Ok(Self {
            tls,
            host,
            port: authority.port_u16().unwrap_or(if tls { 443 } else { 80 }),
            path: uri.path().trim_end_matches('/').to_owned(),
        })
    }

    /// The name that the service is known by, as both sides sign it.
    pub fn host(&self) -> &str {
        &self.host
    }

    fn bracketed(&self) -> String {
        if self.host.contains(':') {
            format!("[{}]", self.host)
        } else {
            self.host.clone()
        }
    }

    fn authority(&self) -> String {
        format!("{}:{}", self.bracketed(), self.port)
    }

    /// What a `Host` header says.
    pub(crate) fn host_header(&self) -> String {
        let usual = if self.tls { 443 } else { 80 };
        if self.port == usual {
            self.bracketed()
        } else {
            self.authority()
        }
    }

    /// The path of something below the address.
    pub(crate) fn path(&self, below: &str) -> String {
        format!("{}{below}", self.path)
    }

    /// The address of a WebSocket below it.
    pub(crate) fn web_socket(&self, below: &str) -> String {
        let scheme = if self.tls { "wss" } else { "ws" };
        format!("{scheme}://{}{}", self.authority(), self.path(below))
    }
}

impl std::fmt::Display for ServiceUrl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let scheme = if self.tls { "https" } else { "http" };
        write!(f, "{scheme}://{}{}", self.host_header(), self.path)
    }
}

fn is_loopback(host: &str) -> bool {
    host == "localhost"
        || host
            .parse::<std::net::IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}

/// An HTTP proxy.
#[derive(Debug, Clone)]
pub struct Proxy {
    /// Its host.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// Name and password, if it asks for them.
    pub credentials: Option<(String, Secret<String>)>,
    /// Hosts that are reached without it, each with those below it; `*`: all.
    pub not_for: Vec<String>,
}

impl Proxy {
    /// Reads its address: `http://proxy.corp.example:3128`.
    pub fn parse(text: &str) -> Result<Self, String> {
        const SHOULD: &str = "a proxy's address looks like http://proxy.corp.example:3128, and its \
                              password is in password_file";
        let uri: Uri = text.trim().parse().map_err(|_| SHOULD.to_owned())?;
        let authority = uri.authority().ok_or(SHOULD)?;
        if uri.scheme_str().is_some_and(|scheme| scheme != "http")
            || authority.as_str().contains('@')
        {
            return Err(SHOULD.into());
        }
        Ok(Self {
            host: authority.host().trim_matches(['[', ']']).to_owned(),
            port: authority.port_u16().ok_or(SHOULD)?,
            credentials: None,
            not_for: Vec::new(),
        })
    }

    fn is_for(&self, host: &str) -> bool {
        !self.not_for.iter().any(|other| {
            let other = other.to_lowercase();
            let name = other.strip_prefix('.').unwrap_or(&other);
            other == "*" || host == name || host.ends_with(&format!(".{name}"))
        })
    }
}

/// How the service is reached.
#[derive(Debug, Clone, Default)]
pub struct Network {
    /// Certificates (PEM) of the only authorities to trust; without them, those of the operating
    /// system.
    pub ca_pem: Option<String>,
    /// The proxy.
    pub proxy: Option<Proxy>,
}

/// Why the service was not reached.
#[derive(Debug, thiserror::Error)]
pub enum NetworkError {
    /// No connection.
    #[error("{0} cannot be reached: {1}")]
    Connect(String, std::io::Error),
    /// It took too long.
    #[error("no answer from {0} in time")]
    TimedOut(String),
    /// The proxy said no.
    #[error("the proxy answered {0}")]
    Proxy(String),
    /// No TLS.
    #[error("TLS with {0}: {1}")]
    Tls(String, std::io::Error),
    /// The authorities cannot be used.
    #[error("{0}")]
    Authorities(String),
    /// Not HTTP.
    #[error("not an answer in HTTP")]
    Http,
}

impl Network {
    /// Connects.
    pub(crate) async fn connect(
        &self,
        to: &ServiceUrl,
        within: Duration,
    ) -> Result<Box<dyn Stream>, NetworkError> {
        tokio::time::timeout(within, self.connect_now(to))
            .await
            .unwrap_or_else(|_| Err(NetworkError::TimedOut(to.to_string())))
    }

    async fn connect_now(&self, to: &ServiceUrl) -> Result<Box<dyn Stream>, NetworkError> {
        let proxy = self.proxy.as_ref().filter(|proxy| proxy.is_for(&to.host));
        let (host, port) = match proxy {
            Some(proxy) => (proxy.host.as_str(), proxy.port),
            None => (to.host.as_str(), to.port),
        };
        let mut stream = TcpStream::connect((host, port))
            .await
            .map_err(|error| NetworkError::Connect(format!("{host}:{port}"), error))?;
        // A request is one short message, and a person waits for it.
        let _ = stream.set_nodelay(true);
        if let Some(proxy) = proxy {
            tunnel(&mut stream, proxy, &to.authority()).await?;
        }
        if !to.tls {
            return Ok(Box::new(stream));
        }
        let name = ServerName::try_from(to.host.clone())
            .map_err(|_| NetworkError::Authorities(format!("{} is no host name", to.host)))?;
        let stream = TlsConnector::from(Arc::new(self.tls()?))
            .connect(name, stream)
            .await
            .map_err(|error| NetworkError::Tls(to.to_string(), error))?;
        Ok(Box::new(stream))
    }

    fn tls(&self) -> Result<rustls::ClientConfig, NetworkError> {
        let wrong = |what: &dyn std::fmt::Display| {
            NetworkError::Authorities(format!("the authorities cannot be used: {what}"))
        };
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let builder = rustls::ClientConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .map_err(|error| wrong(&error))?;
        let mut config = if let Some(pem) = &self.ca_pem {
            let mut roots = rustls::RootCertStore::empty();
            for certificate in CertificateDer::pem_slice_iter(pem.as_bytes()) {
                let certificate = certificate.map_err(|error| wrong(&error))?;
                roots.add(certificate).map_err(|error| wrong(&error))?;
            }
            if roots.is_empty() {
                return Err(wrong(&"there is no certificate"));
            }
            builder.with_root_certificates(roots).with_no_client_auth()
        } else {
            let verifier =
                rustls_platform_verifier::Verifier::new(provider).map_err(|error| wrong(&error))?;
            builder
                .dangerous()
                .with_custom_certificate_verifier(Arc::new(verifier))
                .with_no_client_auth()
        };
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(config)
    }
}

/// Asks a proxy for a way through.
async fn tunnel(stream: &mut TcpStream, proxy: &Proxy, to: &str) -> Result<(), NetworkError> {
    let broken = |error| NetworkError::Connect(format!("{}:{}", proxy.host, proxy.port), error);
    let mut request = Zeroizing::new(format!("CONNECT {to} HTTP/1.1\r\nHost: {to}\r\n"));
    if let Some((name, password)) = &proxy.credentials {
        let pair = Zeroizing::new(format!("{name}:{}", password.expose()));
        let pair = Zeroizing::new(base64::engine::general_purpose::STANDARD.encode(&*pair));
        request.push_str("Proxy-Authorization: Basic ");
        request.push_str(&pair);
        request.push_str("\r\n");
    }
    request.push_str("\r\n");
    stream.write_all(request.as_bytes()).await.map_err(broken)?;
    let head = head(stream).await.map_err(broken)?;
    match status(&head).ok_or(NetworkError::Http)? {
        200..=299 => Ok(()),
        status => Err(NetworkError::Proxy(status.to_string())),
    }
}

/// Reads until the empty line, and not a byte further: what follows belongs to somebody else.
async fn head(stream: &mut (impl AsyncRead + Unpin + ?Sized)) -> std::io::Result<Vec<u8>> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        if head.len() >= HEAD_MAX {
            return Err(std::io::ErrorKind::InvalidData.into());
        }
        head.push(stream.read_u8().await?);
    }
    Ok(head)
}

fn status(head: &[u8]) -> Option<u16> {
    let line = head.split(|byte| *byte == b'\r').next()?;
    let line = std::str::from_utf8(line).ok()?;
    let mut words = line.split(' ');
    words.next()?.strip_prefix("HTTP/1.")?;
    words.next()?.parse().ok()
}

fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    head.lines()
        .filter_map(|line| line.split_once(':'))
        .find(|(key, _)| key.trim().eq_ignore_ascii_case(name))
        .map(|(_, value)| value.trim())
}

/// Posts a document and reads the answer: its status and its body.
pub(crate) async fn post(
    network: &Network,
    to: &ServiceUrl,
    path: &str,
    body: &str,
    within: Duration,
) -> Result<(u16, Vec<u8>), NetworkError> {
    let request = async {
        let mut stream = network.connect_now(to).await?;
        let broken = |error| NetworkError::Connect(to.to_string(), error);
        let request = Zeroizing::new(format!(
            "POST {} HTTP/1.1\r\nHost: {}\r\nContent-Type: application/json\r\nContent-Length: \
             {}\r\nAccept: application/json\r\nConnection: close\r\n\r\n{body}",
            to.path(path),
            to.host_header(),
            body.len(),
        ));
        stream.write_all(request.as_bytes()).await.map_err(broken)?;
        stream.flush().await.map_err(broken)?;
        let head = head(&mut stream).await.map_err(broken)?;
        let status = status(&head).ok_or(NetworkError::Http)?;
        let head = String::from_utf8(head).map_err(|_| NetworkError::Http)?;
        let body = if header(&head, "transfer-encoding").is_some() {
            chunked(&mut stream).await?
        } else {
            let length = header(&head, "content-length").and_then(|length| length.parse().ok());
            let length: usize = length.ok_or(NetworkError::Http)?;
            take(&mut stream, length).await?
        };
        Ok((status, body))
    };
    tokio::time::timeout(within, request)
        .await
        .unwrap_or_else(|_| Err(NetworkError::TimedOut(to.to_string())))
}

async fn take(stream: &mut Box<dyn Stream>, length: usize) -> Result<Vec<u8>, NetworkError> {
    if length > BODY_MAX {
        return Err(NetworkError::Http);
    }
    let mut body = vec![0; length];
    let read = stream.read_exact(&mut body).await;
    read.map_err(|_| NetworkError::Http)?;
    Ok(body)
}

/// A body in chunks (RFC 9112, 7.1), as a reverse proxy may make it.
async fn chunked(stream: &mut Box<dyn Stream>) -> Result<Vec<u8>, NetworkError> {
    let mut body = Vec::new();
    loop {
        let mut line = Vec::new();
        while !line.ends_with(b"\r\n") {
            if line.len() > 64 {
                return Err(NetworkError::Http);
            }
            line.push(stream.read_u8().await.map_err(|_| NetworkError::Http)?);
        }
        let line = std::str::from_utf8(&line).map_err(|_| NetworkError::Http)?;
        let length = line.split(';').next().unwrap_or_default().trim();
        let length = usize::from_str_radix(length, 16).map_err(|_| NetworkError::Http)?;
        if length == 0 {
            return Ok(body);
        }
        if length > BODY_MAX || body.len() + length > BODY_MAX {
            return Err(NetworkError::Http);
        }
        body.extend(take(stream, length).await?);
        take(stream, 2).await?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_https_or_on_this_machine() {
        let url = ServiceUrl::parse("https://Reset.Contoso.com/sspr/").unwrap();
        assert_eq!(url.host(), "reset.contoso.com");
        assert_eq!(url.host_header(), "reset.contoso.com");
        assert_eq!(url.path("/agent/enrol"), "/sspr/agent/enrol");
        assert_eq!(
            url.web_socket("/agent/connect"),
            "wss://reset.contoso.com:443/sspr/agent/connect"
        );
        assert_eq!(url.to_string(), "https://reset.contoso.com/sspr");
        let local = ServiceUrl::parse("http://[::1]:8480").unwrap();
        assert_eq!(local.host(), "::1");
        assert_eq!(local.host_header(), "[::1]:8480");
        assert!(ServiceUrl::parse("http://127.0.0.1:1").is_ok());
        assert!(ServiceUrl::parse("http://localhost").is_ok());
        for wrong in [
            "http://reset.contoso.com",
            "reset.contoso.com",
            "https://",
            "https://a:b@reset.contoso.com",
            "https://reset.contoso.com/?x=1",
            "ftp://localhost",
            "",
        ] {
            assert!(ServiceUrl::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn some_hosts_are_reached_without_the_proxy() {
        let mut proxy = Proxy::parse("http://proxy.corp.example:3128").unwrap();
        assert!(proxy.is_for("reset.contoso.com"));
        proxy.not_for = vec!["contoso.com".into(), ".corp.example".into()];
        assert!(!proxy.is_for("reset.contoso.com"));
        assert!(!proxy.is_for("reset.corp.example"));
        assert!(proxy.is_for("notcontoso.com"));
        for wrong in [
            "proxy",
            "https://proxy:1",
            "http://u:p@proxy:1",
            "http://proxy",
        ] {
            assert!(Proxy::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_head_is_read_as_it_is() {
        assert_eq!(status(b"HTTP/1.1 200 OK\r\n\r\n"), Some(200));
        assert_eq!(status(b"HTTP/1.0 407 No\r\n\r\n"), Some(407));
        assert_eq!(status(b"SSH-2.0\r\n\r\n"), None);
        assert_eq!(
            header(
                "HTTP/1.1 200 OK\r\nContent-length:  5\r\n",
                "Content-Length"
            ),
            Some("5")
        );
    }
}
