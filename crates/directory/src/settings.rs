use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use latchkey_types::{Clock, Secret};

/// Which rules a directory follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Active Directory or Samba AD: `unicodePwd`, `objectGUID`.
    ActiveDirectory,
    /// OpenLDAP or 389-ds: the password modify operation (RFC 3062), `entryUUID`, ppolicy.
    Ldap,
}

/// How the connection to a server is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Security {
    /// TLS from the first byte; usually port 636.
    Ldaps,
    /// Plain at first, then TLS by the `StartTLS` operation (RFC 4511, 4.14), which is required;
    /// usually port 389.
    StartTls,
    /// No TLS. Ugly on purpose: whoever listens on the way reads every password.
    PlainTextWhereAnybodyCanReadPasswords,
}

/// One server of the directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    /// The name, which the server's certificate must hold; or an IP address, likewise.
    pub host: String,
    /// The port: usually 636 with LDAPS, 389 with `StartTLS`.
    pub port: u16,
    /// Where to connect instead of looking the name up. The certificate is still checked for `host`.
    pub ip: Option<IpAddr>,
}

/// A directory and how to use it.
#[derive(Clone)]
pub struct Settings {
    /// Which rules it follows.
    pub kind: Kind,
    /// Its servers, the preferred one first. All must hold the same data.
    pub servers: Vec<Address>,
    /// How connections are protected.
    pub security: Security,
    /// Certificates (PEM) of the only authorities to trust. Without them, those of the operating
    /// system.
    pub ca_pem: Option<Vec<u8>>,
    /// The service account: its DN, or on Active Directory also its UPN.
    pub bind_as: String,
    /// The service account's password.
    pub password: Secret<String>,
    /// The DN at the top of the directory's data: `DC=corp,DC=example`.
    pub base: String,
    /// The DNs below which users are in scope. Empty: the whole of `base`.
    pub user_bases: Vec<String>,
    /// A filter (RFC 4515) that users in scope also fit.
    pub user_filter: Option<String>,
    /// The longest time for connecting to one server with TLS, and again for signing in there.
    pub connect_timeout: Duration,
    /// The longest time for the answer to one request.
    pub operation_timeout: Duration,
    /// Whether a reset, too, obeys the password history and the minimum age. Active Directory does
    /// that only if asked by the policy-hints control; [`Done::history_enforced`] tells whether this
    /// server can.
    ///
    /// [`Done::history_enforced`]: crate::Done::history_enforced
    pub apply_history_on_reset: bool,
    /// LDAP: the DN of the policy entry for accounts that name none (OpenLDAP's `ppolicy_default`,
    /// which no client can find out). Only for [`State::policy`] and the meaning of refusals; the
    /// server applies its own anyway.
    ///
    /// [`State::policy`]: crate::State::policy
    pub default_policy: Option<String>,
    /// What time it is: for expiry where a server does not work it out itself, and to compare clocks.
    pub clock: Arc<dyn Clock>,
}

impl std::fmt::Debug for Settings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Settings")
            .field("kind", &self.kind)
            .field("servers", &self.servers)
            .field("security", &self.security)
            .field("bind_as", &self.bind_as)
            .field("base", &self.base)
            .field("user_bases", &self.user_bases)
            .field("user_filter", &self.user_filter)
            .finish_non_exhaustive()
    }
}
