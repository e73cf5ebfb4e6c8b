use std::time::Duration;

use latchkey_types::Timestamp;

/// What there is to know about an account before its password is touched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct State {
    /// Where the object is now, for people; never an address.
    pub dn: String,
    /// Locked after wrong passwords, as the server works it out: a lock that ran out is none.
    pub locked: bool,
    /// Disabled by an administrator.
    pub disabled: bool,
    /// The password is too old to sign in with.
    pub password_expired: bool,
    /// The account, not its password, is past its end.
    pub account_expired: bool,
    /// The password has to be changed at the next sign-in.
    pub must_change: bool,
    /// The person may not change the password (Active Directory's `PASSWD_CANT_CHANGE` is an access
    /// rule there; only LDAP's `pwdAllowUserChange` shows).
    pub may_not_change: bool,
    /// A reset and an unlock are refused: a protected group or a built-in account.
    pub protected: bool,
    /// When the password was last set, if ever.
    pub password_set_at: Option<Timestamp>,
    /// The rules that apply to this account.
    pub policy: Policy,
}

/// Where a policy comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PolicySource {
    /// The domain's own: the attributes of its head.
    Domain,
    /// A fine-grained policy object of Active Directory (`msDS-ResultantPSO`).
    FineGrained,
    /// A policy entry of OpenLDAP's ppolicy or of 389-ds, named by the account or the default one.
    Entry,
    /// There is one, or may be, that the service account cannot read. Nothing is known.
    Unreadable,
    /// None applies.
    None,
}

/// The directory's rules for one account's password. A field without a value: the rule is off, or
/// cannot be read ([`Policy::source`] tells).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// Where it comes from.
    pub source: PolicySource,
    /// The fewest characters.
    pub min_length: Option<u32>,
    /// Active Directory's rule: three of five kinds of characters, no part of the name. In LDAP: some
    /// quality check is on.
    pub complexity: bool,
    /// How many former passwords are refused.
    pub history: Option<u32>,
    /// How long a password is good.
    pub max_age: Option<Duration>,
    /// How long a password must be kept.
    pub min_age: Option<Duration>,
    /// When the person may change the password next; none: at once.
    pub may_change_from: Option<Timestamp>,
    /// After how many wrong passwords the account is locked.
    pub lockout_threshold: Option<u32>,
    /// How long it stays locked; none: until somebody unlocks it.
    pub lockout_duration: Option<Duration>,
    /// How long a wrong password counts.
    pub lockout_window: Option<Duration>,
}

impl Policy {
    /// A policy without a rule.
    pub(crate) const fn without_rules(source: PolicySource) -> Self {
        Self {
            source,
            min_length: None,
            complexity: false,
            history: None,
            max_age: None,
            min_age: None,
            may_change_from: None,
            lockout_threshold: None,
            lockout_duration: None,
            lockout_window: None,
        }
    }
}

/// What was done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Done {
    /// The account was locked before.
    pub was_locked: bool,
    /// The password must be changed at the next sign-in. False although it was asked: the password
    /// was set, and the directory refused this, or the account's password never expires.
    pub must_change: bool,
    /// Whether the password history was applied. False for a reset on a server without the
    /// policy-hints control, or when that was not asked for; none where no password was set.
    pub history_enforced: Option<bool>,
    /// The server that did it: name and port.
    pub server: String,
}

/// What a user's password is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// The password is right.
    Right,
    /// Right, and has to be changed first.
    RightButMustChange,
    /// Right, and too old.
    RightButExpired,
    /// Wrong. The directory counts it.
    Wrong,
    /// The account is locked; nobody says whether the password is right.
    Locked,
    /// The account is disabled. Active Directory says so only to the right password.
    Disabled,
    /// The account has expired. Active Directory says so only to the right password.
    AccountExpired,
    /// Not at this hour or not from here; said only to the right password.
    NotNow,
}

impl Verdict {
    /// The stable name, for logs and the wire.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Right => "right",
            Self::RightButMustChange => "right_but_must_change",
            Self::RightButExpired => "right_but_expired",
            Self::Wrong => "wrong",
            Self::Locked => "locked",
            Self::Disabled => "disabled",
            Self::AccountExpired => "account_expired",
            Self::NotNow => "not_now",
        }
    }

    /// Whether the directory confirmed the password.
    pub const fn is_right(self) -> bool {
        match self {
            Self::Right | Self::RightButMustChange | Self::RightButExpired => true,
            Self::Wrong | Self::Locked | Self::Disabled | Self::AccountExpired | Self::NotNow => {
                false
            }
        }
    }
}

/// How signing in as the service account went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Bind {
    /// No server could be asked; the text says why, of each.
    NotReached(String),
    /// The certificates of those that answered are not trusted; the text says why.
    Untrusted(String),
    /// Refused; the server's text.
    Refused(String),
    /// Signed in.
    Ok,
}

/// What a directory is like from here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Health {
    /// How signing in went.
    pub bind: Bind,
    /// The server that answered: name and port, as configured.
    pub server: Option<String>,
    /// What that server calls itself (`dnsHostName`).
    pub server_name: Option<String>,
    /// It is of the kind that the settings say; none if it could not be asked.
    pub kind_as_configured: Option<bool>,
    /// `base` is there and can be read.
    pub base_readable: Option<bool>,
    /// Active Directory: the history can apply to resets.
    pub policy_hints: Option<bool>,
    /// The server's clock less this one, in microseconds, if the server tells the time.
    pub clock_ahead_us: Option<i64>,
    /// When the server's certificate expires.
    pub certificate_expires: Option<Timestamp>,
}

impl Health {
    /// Nothing is known but how signing in went.
    pub const fn of(bind: Bind) -> Self {
        Self {
            bind,
            server: None,
            server_name: None,
            kind_as_configured: None,
            base_readable: None,
            policy_hints: None,
            clock_ahead_us: None,
            certificate_expires: None,
        }
    }
}

impl Health {
    /// Whether operations can succeed.
    pub fn is_good(&self) -> bool {
        self.bind == Bind::Ok
            && self.kind_as_configured != Some(false)
            && self.base_readable != Some(false)
    }
}

/// Whether the service account may do something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Right {
    /// It may.
    Yes,
    /// It may not.
    No,
    /// The directory does not tell before it is tried.
    Unknown,
}

/// What the service account may do to one object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rights {
    /// Set a new password (Active Directory: the extended right *Reset Password*).
    pub reset: Right,
    /// Unlock (Active Directory: write `lockoutTime`).
    pub unlock: Right,
    /// Require a change at the next sign-in (Active Directory: write `pwdLastSet`).
    pub must_change: Right,
    /// The object does not inherit rights from its container.
    pub inheritance_off: Right,
    /// `adminCount` is 1: rights are taken away again every hour.
    pub admin_count: bool,
    /// A reset and an unlock are refused here.
    pub protected: bool,
}
