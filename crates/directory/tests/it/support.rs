use std::net::IpAddr;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use latchkey_directory::{Address, Anchor, Directory, Failure, Kind, Security, Settings};
use latchkey_testdir::{Samba, SambaUser, Slapd, SlapdUser};
use latchkey_types::{Clock, Password, Secret, Timestamp};

/// The system's clock: a server's lock and expiry follow no other.
pub(crate) struct Now;

impl Clock for Now {
    #[expect(clippy::disallowed_methods, reason = "beside real servers")]
    fn now(&self) -> Timestamp {
        let since = std::time::SystemTime::now()
            .duration_since(std::time::UNIX_EPOCH)
            .unwrap();
        Timestamp(since.as_micros() as i64)
    }
}

/// The Samba domain that most tests share: each makes its own users.
pub(crate) fn samba() -> Option<&'static Samba> {
    static SHARED: LazyLock<Option<Samba>> = LazyLock::new(latchkey_testdir::samba);
    SHARED.as_ref()
}

/// The slapd that most tests share.
pub(crate) fn slapd() -> Option<&'static Slapd> {
    static SHARED: LazyLock<Option<Slapd>> = LazyLock::new(latchkey_testdir::slapd);
    SHARED.as_ref()
}

pub(crate) fn password(text: &str) -> Password {
    Secret::new(text.to_owned())
}

pub(crate) fn address(host: &str, port: u16, ip: impl Into<IpAddr>) -> Address {
    Address {
        host: host.into(),
        port,
        ip: Some(ip.into()),
    }
}

/// How the service account uses a Samba domain, with the whole domain in scope.
pub(crate) fn samba_settings(samba: &Samba) -> Settings {
    Settings {
        kind: Kind::ActiveDirectory,
        servers: vec![address(Samba::HOST, 636, samba.address())],
        security: Security::Ldaps,
        ca_pem: Some(samba.authority()),
        bind_as: Samba::SERVICE.into(),
        password: password(Samba::SERVICE_PASSWORD),
        base: Samba::BASE.into(),
        user_bases: vec![],
        user_filter: None,
        connect_timeout: Duration::from_secs(10),
        operation_timeout: Duration::from_secs(20),
        apply_history_on_reset: true,
        default_policy: None,
        clock: Arc::new(Now),
    }
}

pub(crate) fn slapd_settings(slapd: &Slapd) -> Settings {
    Settings {
        kind: Kind::Ldap,
        servers: vec![address("localhost", slapd.tls_port(), [127, 0, 0, 1])],
        security: Security::Ldaps,
        ca_pem: Some(slapd.authority()),
        bind_as: Slapd::SERVICE.into(),
        password: password(Slapd::SERVICE_PASSWORD),
        base: Slapd::BASE.into(),
        user_bases: vec![],
        user_filter: None,
        connect_timeout: Duration::from_secs(10),
        operation_timeout: Duration::from_secs(20),
        apply_history_on_reset: true,
        default_policy: Some(Slapd::DEFAULT_POLICY.into()),
        clock: Arc::new(Now),
    }
}

pub(crate) fn directory(settings: Settings) -> Directory {
    Directory::new(settings).unwrap()
}

pub(crate) async fn anchor(directory: &Directory, user: &SambaUser) -> Anchor {
    directory.find(&user.upn).await.unwrap()
}

pub(crate) async fn ldap_anchor(directory: &Directory, user: &SlapdUser) -> Anchor {
    directory.find(&user.mail).await.unwrap()
}

/// The code of a failure, with that of its breach.
pub(crate) fn code<T: std::fmt::Debug>(outcome: Result<T, Failure>) -> String {
    match outcome.unwrap_err() {
        Failure::Policy(breach, _) => format!("policy/{}", breach.code()),
        other => other.code().into(),
    }
}
