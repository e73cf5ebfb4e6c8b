use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use latchkey_types::{Clock, Timestamp};
use ldap3::controls::RawControl;
use ldap3::exop::Exop;
use ldap3::{Ldap, LdapConnAsync, LdapConnSettings, LdapResult, Mod, Scope, StdStream};
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, UnixStream};
use tokio::time::{Instant, timeout};
use tokio_rustls::TlsConnector;

use crate::answer::{PPOLICY, Refusal};
use crate::entry::Entry;
use crate::settings::{Address, Security, Settings};
use crate::{Failure, certificate, guard};

/// The connection is of no more use; whether the request arrived, nobody knows.
#[derive(Debug)]
pub(crate) enum Broken {
    /// No answer in time.
    TimedOut,
    /// Closed, or an answer that is none.
    Closed(String),
    /// The server's certificate is not trusted, so that nothing was said to it.
    Untrusted(String),
}

impl From<std::io::Error> for Broken {
    fn from(error: std::io::Error) -> Self {
        let cause = error.get_ref().and_then(|cause| cause.downcast_ref());
        match cause {
            Some(rustls::Error::InvalidCertificate(_)) => Self::Untrusted(error.to_string()),
            _ => Self::Closed(error.to_string()),
        }
    }
}

impl Broken {
    /// The same of a server.
    fn of(self, label: &str) -> Self {
        let of = |why: String| format!("{label}: {why}");
        match self {
            Self::TimedOut => Self::TimedOut,
            Self::Closed(why) => Self::Closed(of(why)),
            Self::Untrusted(why) => Self::Untrusted(of(why)),
        }
    }
}

impl std::fmt::Display for Broken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::TimedOut => f.write_str("no answer in time"),
            Self::Closed(why) => write!(f, "the connection broke: {why}"),
            Self::Untrusted(why) => write!(f, "not trusted: {why}"),
        }
    }
}

/// Why a question that changes nothing has no answer.
#[derive(Debug)]
pub(crate) enum Unanswered {
    /// Another connection may do better.
    Broken(Broken),
    /// This is the answer.
    Failed(Failure),
}

impl From<Broken> for Unanswered {
    fn from(broken: Broken) -> Self {
        Self::Broken(broken)
    }
}

impl From<Failure> for Unanswered {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

impl From<Unanswered> for Failure {
    fn from(unanswered: Unanswered) -> Self {
        match unanswered {
            Unanswered::Broken(Broken::Untrusted(why)) => Self::Untrusted(why),
            Unanswered::Broken(broken) => Self::Unreachable(broken.to_string()),
            Unanswered::Failed(failure) => failure,
        }
    }
}

/// What a server says about itself (its root DSE).
#[derive(Debug, Clone, Default)]
pub(crate) struct Root {
    pub(crate) active_directory: bool,
    /// The policy-hints control that it knows, the newer one first.
    pub(crate) policy_hints: Option<&'static str>,
    pub(crate) dirsync: bool,
    pub(crate) ppolicy: bool,
    pub(crate) domain: Option<String>,
    pub(crate) name: Option<String>,
    /// Its clock less ours, in microseconds.
    pub(crate) clock_ahead_us: Option<i64>,
}

/// `LDAP_SERVER_POLICY_HINTS_OID` and the older `…_DEPRECATED_OID` ([MS-ADTS] 3.1.1.3.4.1.27).
const POLICY_HINTS: [&str; 2] = ["1.2.840.113556.1.4.2239", "1.2.840.113556.1.4.2066"];

/// The capability by which Active Directory shows itself ([MS-ADTS] 3.1.1.3.4.3.1).
const ACTIVE_DIRECTORY: &str = "1.2.840.113556.1.4.800";

/// `LDAP_SERVER_DIRSYNC_OID`.
pub(crate) const DIRSYNC: &str = "1.2.840.113556.1.4.841";

/// One connection to one server.
///
/// The library's half of it runs in tasks of its own: the driver, and each operation, so that a panic
/// over a malformed answer is the end of a task, which is an error here.
pub(crate) struct Connection {
    ldap: Ldap,
    /// Which of the settings' servers.
    pub(crate) server: usize,
    /// Name and port of the server, as configured.
    pub(crate) label: String,
    pub(crate) root: Root,
    pub(crate) certificate_expires: Option<Timestamp>,
    pub(crate) last_used: Instant,
    limit: Duration,
    tasks: Vec<tokio::task::AbortHandle>,
}

impl Drop for Connection {
    fn drop(&mut self) {
        for task in &self.tasks {
            task.abort();
        }
    }
}

impl Connection {
    /// Connects, with TLS as configured, without signing in.
    pub(crate) async fn open(
        settings: &Settings,
        tls: &Arc<ClientConfig>,
        server: usize,
        address: &Address,
    ) -> Result<Self, Broken> {
        let label = format!("{}:{}", address.host, address.port);
        let connect = async {
            let tcp = match address.ip {
                Some(ip) => TcpStream::connect((ip, address.port)).await,
                None => TcpStream::connect((bare(&address.host), address.port)).await,
            }?;
            // The library waits for each answer: a delayed acknowledgement would cost 40 ms.
            tcp.set_nodelay(true)?;
            match settings.security {
                Security::Ldaps => Self::over_tls(tcp, tls, address).await,
                Security::StartTls => {
                    let mut tcp = tcp;
                    guard::start_tls(&mut tcp).await?;
                    Self::over_tls(tcp, tls, address).await
                }
                Security::PlainTextWhereAnybodyCanReadPasswords => {
                    Ok((Self::over(tcp).await?, None))
                }
            }
        };
        let ((ldap, tasks), certificate_expires) = timeout(settings.connect_timeout, connect)
            .await
            .map_err(|_| Broken::Closed(format!("{label}: no connection in time")))?
            .map_err(|broken: Broken| broken.of(&label))?;
        Ok(Self {
            ldap,
            server,
            label,
            root: Root::default(),
            certificate_expires,
            last_used: Instant::now(),
            limit: settings.operation_timeout,
            tasks,
        })
    }

    async fn over_tls(
        tcp: TcpStream,
        tls: &Arc<ClientConfig>,
        address: &Address,
    ) -> Result<(Opened, Option<Timestamp>), Broken> {
        let name = ServerName::try_from(bare(&address.host).to_owned())
            .map_err(|_| Broken::Closed("the server's name can be in no certificate".into()))?;
        let stream = TlsConnector::from(Arc::clone(tls))
            .connect(name, tcp)
            .await?;
        let expires = stream
            .get_ref()
            .1
            .peer_certificates()
            .and_then(|chain| certificate::expires(chain.first()?));
        Ok((Self::over(stream).await?, expires))
    }

    /// Puts the library at one end of a pair of sockets and the guard between it and the server.
    async fn over<S>(server: S) -> Result<Opened, Broken>
    where
        S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let pair = || -> std::io::Result<_> {
            let (library, ours) = std::os::unix::net::UnixStream::pair()?;
            ours.set_nonblocking(true)?;
            Ok((library, UnixStream::from_std(ours)?))
        };
        let (library, ours) = pair()?;
        let settings = LdapConnSettings::new().set_std_stream(StdStream::Unix(library));
        let (driver, ldap) = LdapConnAsync::with_settings(settings, "ldapi:///")
            .await
            .map_err(|error| Broken::Closed(error.to_string()))?;
        let tasks = vec![
            tokio::spawn(guard::relay(server, ours)).abort_handle(),
            tokio::spawn(async move {
                let _ = driver.drive().await;
            })
            .abort_handle(),
        ];
        Ok((ldap, tasks))
    }

    /// Whether it can no longer be used, as far as is known without asking.
    pub(crate) fn is_closed(&mut self) -> bool {
        self.ldap.is_closed()
    }

    /// Runs an operation of the library in a task of its own.
    async fn run<T, F>(&mut self, operation: impl FnOnce(Ldap) -> F) -> Result<T, Broken>
    where
        T: Send + 'static,
        F: Future<Output = ldap3::result::Result<T>> + Send + 'static,
    {
        self.last_used = Instant::now();
        let mut task = tokio::spawn(operation(self.ldap.clone()));
        match timeout(self.limit, &mut task).await {
            Ok(Ok(Ok(answer))) => Ok(answer),
            Ok(Ok(Err(error))) => Err(Broken::Closed(error.to_string())),
            Ok(Err(_)) => Err(Broken::Closed("an answer that is none".into())),
            Err(_) => {
                task.abort();
                Err(Broken::TimedOut)
            }
        }
    }

    /// Signs in. The password is not empty: an empty one would sign in as nobody and succeed.
    pub(crate) async fn bind(
        &mut self,
        name: &str,
        password: &str,
        controls: Vec<RawControl>,
    ) -> Result<LdapResult, Broken> {
        if password.is_empty() {
            return Err(Broken::Closed("an empty password is never sent".into()));
        }
        let (name, password) = (
            name.to_owned(),
            zeroize::Zeroizing::new(password.to_owned()),
        );
        self.run(|mut ldap| async move {
            ldap.with_controls(controls)
                .simple_bind(&name, &password)
                .await
        })
        .await
    }

    /// Searches, without following references to other servers.
    pub(crate) async fn search(
        &mut self,
        base: &str,
        scope: Scope,
        filter: &str,
        attributes: &[&str],
        controls: Vec<RawControl>,
    ) -> Result<(Vec<Entry>, LdapResult), Broken> {
        let (base, filter) = (base.to_owned(), filter.to_owned());
        let attributes: Vec<String> = attributes.iter().map(|&name| name.to_owned()).collect();
        self.run(|mut ldap| async move {
            let answer = ldap
                .with_controls(controls)
                .search(&base, scope, &filter, attributes)
                .await?;
            Ok((answer.0.into_iter().map(Entry::read).collect(), answer.1))
        })
        .await
    }

    /// Reads one object. None: it is not there, or not for this account.
    pub(crate) async fn read(
        &mut self,
        dn: &str,
        attributes: &[&str],
    ) -> Result<Option<Entry>, Unanswered> {
        let (entries, result) = self
            .search(dn, Scope::Base, "(objectClass=*)", attributes, vec![])
            .await?;
        match result.rc {
            0 => Ok(entries.into_iter().next()),
            _ => match Refusal::new(&result, &[]).of_a_search() {
                Failure::NotFound => Ok(None),
                other => Err(other.into()),
            },
        }
    }

    /// Writes.
    pub(crate) async fn modify(
        &mut self,
        dn: &str,
        changes: Vec<Mod<Vec<u8>>>,
        controls: Vec<RawControl>,
    ) -> Result<LdapResult, Broken> {
        let dn = dn.to_owned();
        self.run(|mut ldap| async move { ldap.with_controls(controls).modify(&dn, changes).await })
            .await
    }

    /// Runs an extended operation.
    pub(crate) async fn extended(
        &mut self,
        operation: Exop,
        controls: Vec<RawControl>,
    ) -> Result<LdapResult, Broken> {
        self.run(|mut ldap| async move {
            let answer = ldap.with_controls(controls).extended(operation).await?;
            Ok(answer.1)
        })
        .await
    }

    /// Asks the server about itself.
    pub(crate) async fn read_root(&mut self, clock: &dyn Clock) -> Result<(), Unanswered> {
        let entry = self
            .read(
                "",
                &[
                    "supportedControl",
                    "supportedCapabilities",
                    "defaultNamingContext",
                    "dnsHostName",
                    "currentTime",
                ],
            )
            .await?
            .unwrap_or_default();
        let control = |oid: &str| entry.holds("supportedControl", oid);
        self.root = Root {
            active_directory: entry.holds("supportedCapabilities", ACTIVE_DIRECTORY),
            policy_hints: POLICY_HINTS.into_iter().find(|oid| control(oid)),
            dirsync: control(DIRSYNC),
            ppolicy: control(PPOLICY),
            domain: entry.text("defaultNamingContext").map(str::to_owned),
            name: entry.text("dnsHostName").map(str::to_owned),
            clock_ahead_us: entry
                .text("currentTime")
                .and_then(certificate::generalized)
                .map(|time| time.0.saturating_sub(clock.now().0)),
        };
        Ok(())
    }
}

type Opened = (Ldap, Vec<tokio::task::AbortHandle>);

/// A host without the brackets that an IPv6 address has in addresses of the web.
fn bare(host: &str) -> &str {
    host.strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'))
        .unwrap_or(host)
}

/// A change that leaves an attribute with exactly these values. The library takes them as plain
/// vectors, which nobody wipes: the one copy of a password that is beyond our reach.
pub(crate) fn replace(name: &str, values: &[&[u8]]) -> Mod<Vec<u8>> {
    Mod::Replace(
        name.as_bytes().to_vec(),
        values
            .iter()
            .map(|value| value.to_vec())
            .collect::<HashSet<_>>(),
    )
}

/// A control of a request.
pub(crate) fn control(oid: &str, critical: bool, value: Option<Vec<u8>>) -> RawControl {
    RawControl {
        ctype: oid.into(),
        crit: critical,
        val: value,
    }
}
