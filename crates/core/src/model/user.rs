use latchkey_types::{CountryCode, Locale, TenantId, Timestamp, Upn, UserId};

use super::Role;

macro_rules! text_enum {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $text:literal,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum $name { $($(#[$vdoc])* $variant,)* }

        impl $name {
            /// Every case.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// Its form in the database and on the command line.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)* }
            }

            /// Reads that form.
            pub fn parse(text: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|case| case.as_str() == text)
            }
        }
    };
}

text_enum! {
    /// Where a user comes from.
    Source {
        /// Made here.
        Cloud = "cloud",
        /// Read from a directory by an agent.
        Synchronised = "synchronised",
    }
}

text_enum! {
    /// Where a user's password lives.
    Managed {
        /// Here.
        Cloud = "cloud",
        /// In a directory, with a copy of the hash here.
        PasswordHashSync = "password hash sync",
        /// In a directory.
        PassThrough = "pass-through",
        /// At the tenant's own identity provider.
        Federated = "federated",
    }
}

text_enum! {
    /// What a user is to the tenant.
    UserType {
        /// One of its own.
        Member = "member",
        /// A guest who was invited by mail and has a password here.
        Guest = "guest",
        /// A guest whose identity is kept by a consumer or external provider.
        ExternalGuest = "external guest",
    }
}

text_enum! {
    /// Who put a value on file.
    Origin {
        /// The person, who proved it.
        Person = "person",
        /// An administrator.
        Administrator = "administrator",
        /// The directory.
        Directory = "directory",
    }
}

impl Managed {
    /// Whether a new password has to be written back to a directory. Of a federated account too: its
    /// provider checks passwords, and the directory behind that keeps them.
    pub const fn is_on_premises(self) -> bool {
        !matches!(self, Self::Cloud)
    }
}

/// A person's account.
#[derive(Debug, Clone)]
pub struct User {
    /// Never reused.
    pub id: UserId,
    /// Whose it is.
    pub tenant: TenantId,
    /// Unique in the deployment.
    pub upn: Upn,
    /// The name that others see.
    pub display_name: String,
    /// Also used by the check for banned passwords.
    pub given_name: String,
    /// Also used by the check for banned passwords.
    pub family_name: String,
    /// Primary e-mail address, as the directory has it.
    pub mail: Option<String>,
    /// Further addresses, as the directory has them, in order.
    pub other_mails: Vec<String>,
    /// As the directory has it; it may be malformed.
    pub mobile_phone: Option<String>,
    /// As the directory has it; it may be malformed.
    pub office_phone: Option<String>,
    /// When one of the directory's contact values was last replaced by another.
    pub contact_changed_at: Option<Timestamp>,
    /// Needed for a licence.
    pub usage_location: Option<CountryCode>,
    /// The language for messages to this person.
    pub locale: Option<Locale>,
    /// A disabled account may not sign in, register or reset.
    pub enabled: bool,
    /// Where it comes from.
    pub source: Source,
    /// The immutable id in the directory (objectGUID, entryUUID) of a synchronised user.
    pub anchor: Option<String>,
    /// The on-premises domain whose agents answer for a synchronised user.
    pub agent_domain: Option<String>,
    /// Where the password lives.
    pub managed: Managed,
    /// Member or guest.
    pub user_type: UserType,
    /// Roles held.
    pub roles: Vec<Role>,
    /// When the password was last set; `None` if there is none.
    pub password_set_at: Option<Timestamp>,
    /// The next sign-in leads to the change portal.
    pub must_change_password: bool,
    /// The tenant's expiry does not touch this password.
    pub password_never_expires: bool,
    /// Set by *this was not me*: no self-service until an administrator lifts it.
    pub frozen_at: Option<Timestamp>,
    /// When the person last registered or confirmed their security info.
    pub confirmed_at: Option<Timestamp>,
    /// When an administrator asked for that once more.
    pub register_again_at: Option<Timestamp>,
    /// When the password was last reset by somebody who had forgotten it.
    pub reset_at: Option<Timestamp>,
    /// Grows by one with every change of password, methods, roles or state. A reset that began
    /// under another version does not go on.
    pub version: i64,
    /// When it was created.
    pub created_at: Timestamp,
}

impl User {
    /// Whether an agent compares and changes the password, because a directory keeps it and nobody
    /// else checks it.
    pub fn is_checked_in_directory(&self) -> bool {
        matches!(
            self.managed,
            Managed::PassThrough | Managed::PasswordHashSync
        ) && self.user_type != UserType::ExternalGuest
    }

    /// A member with nothing but a name, made here, without a password.
    pub fn new(id: UserId, tenant: TenantId, upn: Upn, created_at: Timestamp) -> Self {
        Self {
            id,
            tenant,
            display_name: upn.local().to_owned(),
            upn,
            given_name: String::new(),
            family_name: String::new(),
            mail: None,
            other_mails: Vec::new(),
            mobile_phone: None,
            office_phone: None,
            contact_changed_at: None,
            usage_location: None,
            locale: None,
            enabled: true,
            source: Source::Cloud,
            anchor: None,
            agent_domain: None,
            managed: Managed::Cloud,
            user_type: UserType::Member,
            roles: Vec::new(),
            password_set_at: None,
            must_change_password: false,
            password_never_expires: false,
            frozen_at: None,
            confirmed_at: None,
            register_again_at: None,
            reset_at: None,
            version: 1,
            created_at,
        }
    }

    /// Whether a role makes this user an administrator for the reset policy.
    pub fn is_administrator(&self) -> bool {
        self.roles.iter().any(|role| role.is_administrator())
    }
}

/// Somebody, for tests.
#[cfg(test)]
pub(crate) fn sample_user() -> User {
    User {
        display_name: "Ada Lovelace".into(),
        given_name: "Ada".into(),
        family_name: "Lovelace".into(),
        ..User::new(
            UserId(uuid::Uuid::from_u128(2)),
            TenantId(uuid::Uuid::from_u128(1)),
            Upn::parse("ada.lovelace@contoso.com").unwrap(),
            Timestamp(0),
        )
    }
}
