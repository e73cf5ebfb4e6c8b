use thiserror::Error;

/// The settings cannot work, whatever the servers say; the text says what to change.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{0}")]
pub struct SetupError(pub(crate) String);

/// Whether what failed may be done again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retry {
    /// The same request fails again until the person, or an administrator, changes something.
    Never,
    /// Surely nothing was done; what stands in the way may pass.
    Later,
    /// It may have been done. Find out, by [`verify`] with the new password, before trying again.
    ///
    /// [`verify`]: crate::Directory::verify
    Unknown,
}

/// Which rule a new password breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Breach {
    /// Fewer characters than the policy's minimum; none if the directory does not tell it.
    TooShort {
        /// The fewest characters.
        min: Option<u32>,
    },
    /// Not enough kinds of characters, or a part of the name.
    NotComplex,
    /// One of the remembered ones, or the one in use.
    UsedBefore,
    /// Not the password: the last change is too recent. [`State`] has the earliest time of the next.
    ///
    /// [`State`]: crate::State
    TooYoung,
    /// The directory does not say which; Active Directory never does in words that can be relied on.
    Unspecified,
}

impl Breach {
    /// The stable name, for logs and the wire.
    pub const fn code(self) -> &'static str {
        match self {
            Self::TooShort { .. } => "too_short",
            Self::NotComplex => "not_complex",
            Self::UsedBefore => "used_before",
            Self::TooYoung => "too_young",
            Self::Unspecified => "unspecified",
        }
    }
}

/// Why an operation was not surely done.
///
/// The text in some variants is the server's own, cut to 500 characters, for the audit's detail and
/// never for a page. It never holds a password: this crate keeps none in it, and one that a server
/// repeats is taken out.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Failure {
    /// No such object, or not in scope.
    #[error("no such user in scope")]
    NotFound,
    /// Two objects have this anchor, or this name.
    #[error("several objects match")]
    SeveralMatch,
    /// The service account may not do this to this object.
    #[error("the service account has no right to do this")]
    NoPermission(Option<String>),
    /// A member of a protected group, directly or through others, or a built-in account: refused
    /// here, nothing was asked of the server.
    #[error("a protected account")]
    Protected,
    /// The account is disabled.
    #[error("the account is disabled")]
    Disabled,
    /// The account is locked after wrong passwords.
    #[error("the account is locked")]
    Locked,
    /// The account, not its password, has expired.
    #[error("the account has expired")]
    AccountExpired,
    /// The old password of a change is wrong.
    #[error("the old password is wrong")]
    WrongPassword,
    /// The new password breaks a rule of the directory.
    #[error("the directory's policy refuses the password")]
    Policy(Breach, Option<String>),
    /// The settings and the directory do not fit: a base that is not there, a wrong password of the
    /// service account, a kind that it is not.
    #[error("not configured: {0}")]
    NotConfigured(String),
    /// No server could be asked. Surely nothing was done.
    #[error("no server can be reached: {0}")]
    Unreachable(String),
    /// The servers that answered have certificates that are not trusted. Surely nothing was done.
    #[error("no server can be trusted: {0}")]
    Untrusted(String),
    /// The request was sent and no answer came. It may have been done.
    #[error("outcome unknown: {0}")]
    OutcomeUnknown(String),
    /// The server refused with a meaning that is not known here. Nothing was done.
    #[error("unexpected answer {code}: {text}")]
    Unexpected {
        /// The LDAP result code (RFC 4511, appendix A), or the Win32 code if the server gave one.
        code: u32,
        /// What the server wrote.
        text: String,
    },
}

impl Failure {
    /// The stable name, for logs and the wire. A breach has one more: [`Breach::code`].
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NotFound => "not_found",
            Self::SeveralMatch => "several_match",
            Self::NoPermission(_) => "no_permission",
            Self::Protected => "protected",
            Self::Disabled => "disabled",
            Self::Locked => "locked",
            Self::AccountExpired => "account_expired",
            Self::WrongPassword => "wrong_password",
            Self::Policy(..) => "policy",
            Self::NotConfigured(_) => "not_configured",
            Self::Unreachable(_) => "unreachable",
            Self::Untrusted(_) => "untrusted",
            Self::OutcomeUnknown(_) => "outcome_unknown",
            Self::Unexpected { .. } => "unexpected",
        }
    }

    /// Whether it may be done again. No arm catches all, so that a new variant has to say it.
    pub const fn retry(&self) -> Retry {
        match self {
            Self::NotFound
            | Self::SeveralMatch
            | Self::NoPermission(_)
            | Self::Protected
            | Self::Disabled
            | Self::Locked
            | Self::AccountExpired
            | Self::WrongPassword
            | Self::Policy(..)
            | Self::NotConfigured(_)
            | Self::Unexpected { .. } => Retry::Never,
            Self::Unreachable(_) | Self::Untrusted(_) => Retry::Later,
            Self::OutcomeUnknown(_) => Retry::Unknown,
        }
    }

    /// What the server or the network said, for the audit's detail.
    pub fn detail(&self) -> Option<&str> {
        match self {
            Self::NoPermission(text) | Self::Policy(_, text) => text.as_deref(),
            Self::NotConfigured(text)
            | Self::Unreachable(text)
            | Self::Untrusted(text)
            | Self::OutcomeUnknown(text)
            | Self::Unexpected { text, .. } => Some(text),
            Self::NotFound
            | Self::SeveralMatch
            | Self::Protected
            | Self::Disabled
            | Self::Locked
            | Self::AccountExpired
            | Self::WrongPassword => None,
        }
    }
}
