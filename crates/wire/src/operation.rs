//! What an agent can be asked to do, and what can come of it.

use latchkey_types::{OperationId, Secret, TenantId, Timestamp, UserId};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

/// What is to be done to one account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verb {
    /// Set a new password, for somebody who proved who they are; lifts a lock too.
    Reset,
    /// The same, by an administrator.
    ResetByAdministrator,
    /// Set a new password with the old one, as the person themselves.
    Change,
    /// Lift a lock, keep the password.
    Unlock,
    /// See whether a password is the right one.
    Verify,
    /// Read the account's state and the policy that applies to it.
    State,
}

impl Verb {
    /// Every verb.
    pub const ALL: [Self; 6] = [
        Self::Reset,
        Self::ResetByAdministrator,
        Self::Change,
        Self::Unlock,
        Self::Verify,
        Self::State,
    ];

    /// Its name in messages, logs and the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Reset => "reset",
            Self::ResetByAdministrator => "reset_by_administrator",
            Self::Change => "change",
            Self::Unlock => "unlock",
            Self::Verify => "verify",
            Self::State => "state",
        }
    }

    /// Reads that name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|verb| verb.as_str() == name)
    }

    /// Whether it changes the directory, so that it must not be done twice.
    pub const fn writes(self) -> bool {
        !matches!(self, Self::Verify | Self::State)
    }

    /// Whether it sets a password.
    pub const fn sets_password(self) -> bool {
        matches!(
            self,
            Self::Reset | Self::ResetByAdministrator | Self::Change
        )
    }
}

/// What an operation is bound to. All of it is authenticated with what is sealed; nothing in it is
/// secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Context {
    /// The operation; both sides log it.
    pub id: OperationId,
    /// Whose it is.
    pub tenant: TenantId,
    /// The user, as the service knows them.
    pub user: UserId,
    /// What is to be done.
    pub verb: Verb,
    /// Until when it may be begun, by the service's clock.
    pub expires_at: Timestamp,
}

/// What is sealed: whom it is about, and with which passwords, which are wiped when dropped.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Contents {
    /// The immutable id in the directory (objectGUID, entryUUID), hyphenated.
    pub anchor: String,
    /// The user principal name, for logs within the organisation.
    pub upn: String,
    /// The new password, or the one to verify.
    pub password: Option<Secret<String>>,
    /// The present password, for a change.
    pub old_password: Option<Secret<String>>,
    /// Whether the password has to be changed at the next sign-in.
    pub must_change: bool,
}

impl std::fmt::Debug for Contents {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Contents")
            .field("anchor", &self.anchor)
            .field("upn", &self.upn)
            .finish_non_exhaustive()
    }
}

/// Length of contents as they are sealed, in bytes: always the same, so that the length of a password
/// does not show. Two passwords of 256 characters of four bytes fit.
pub const CONTENTS_LENGTH: usize = 4096;

const VERSION: u8 = 1;

impl Contents {
    /// As bytes of [`CONTENTS_LENGTH`]; `None` if they do not fit.
    pub fn to_bytes(&self) -> Option<Zeroizing<Vec<u8>>> {
        let mut bytes = Zeroizing::new(Vec::with_capacity(CONTENTS_LENGTH));
        bytes.push(VERSION);
        bytes.push(u8::from(self.must_change));
        let none = Secret::new(String::new());
        for (present, field) in [
            (true, self.anchor.as_str()),
            (true, self.upn.as_str()),
            (
                self.password.is_some(),
                self.password.as_ref().unwrap_or(&none).expose(),
            ),
            (
                self.old_password.is_some(),
                self.old_password.as_ref().unwrap_or(&none).expose(),
            ),
        ] {
            bytes.push(u8::from(present));
            bytes.extend_from_slice(&u16::try_from(field.len()).ok()?.to_be_bytes());
            if bytes.len() + field.len() > CONTENTS_LENGTH {
                return None;
            }
            bytes.extend_from_slice(field.as_bytes());
        }
        if bytes.len() > CONTENTS_LENGTH {
            return None;
        }
        bytes.resize(CONTENTS_LENGTH, 0);
        Some(bytes)
    }

    /// Reads those bytes.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        if bytes.len() != CONTENTS_LENGTH {
            return None;
        }
        let ([VERSION, must_change @ (0 | 1)], mut rest) = bytes.split_first_chunk::<2>()? else {
            return None;
        };
        let mut next = || -> Option<Option<String>> {
            let ([present @ (0 | 1), length @ ..], after) = rest.split_first_chunk::<3>()? else {
                return None;
            };
            let length = usize::from(u16::from_be_bytes(*length));
            let (field, after) = after.split_at_checked(length)?;
            rest = after;
            let field = std::str::from_utf8(field).ok()?.to_owned();
            Some((*present == 1).then_some(field))
        };
        let (anchor, upn) = (next()??, next()??);
        let (password, old_password) = (next()?.map(Secret::new), next()?.map(Secret::new));
        if rest.iter().any(|byte| *byte != 0) {
            return None;
        }
        Some(Self {
            anchor,
            upn,
            password,
            old_password,
            must_change: *must_change == 1,
        })
    }
}

macro_rules! codes {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $text:literal,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        pub enum $name { $($(#[$vdoc])* #[serde(rename = $text)] $variant,)* }

        impl $name {
            /// Every case.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// Its code in messages, logs and the audit trail.
            pub const fn code(self) -> &'static str {
                match self { $(Self::$variant => $text,)* }
            }
        }
    };
}

codes! {
    /// Why the directory, or the agent on its behalf, did not do it. Nothing was changed.
    Refusal {
        /// The new password is too short for the directory.
        TooShort = "too_short",
        /// It has too few kinds of characters, or holds a name.
        NotComplex = "not_complex",
        /// It was used before.
        UsedBefore = "used_before",
        /// The present one is too young to be changed.
        TooYoung = "too_young",
        /// It breaks the directory's policy, which does not say how.
        Policy = "policy",
        /// The present password is wrong.
        WrongPassword = "wrong_password",
        /// The account is locked.
        Locked = "locked",
        /// The account is disabled.
        Disabled = "disabled",
        /// The account has expired.
        AccountExpired = "account_expired",
        /// The password has expired; it was right.
        PasswordExpired = "password_expired",
        /// The account is not in the directory, or not among those that the agent serves.
        NotFound = "not_found",
        /// Two objects have the anchor.
        SeveralMatch = "several_match",
        /// The service account lacks a right on this account.
        NoPermission = "no_permission",
        /// The account is in a protected group: it is not reset or unlocked from outside.
        Protected = "protected",
        /// The directory is not set up for this.
        NotConfigured = "not_configured",
        /// The directory could not be reached; nothing was sent to it.
        Unreachable = "unreachable",
        /// The operation came too late, or had been done before and forgotten.
        Expired = "expired",
        /// The envelope could not be opened or is not for this agent.
        Malformed = "malformed",
        /// The directory gave an error that means nothing known.
        Unexpected = "unexpected",
    }
}

impl Refusal {
    /// Whether another password might be accepted.
    pub const fn is_about_the_password(self) -> bool {
        matches!(
            self,
            Self::TooShort | Self::NotComplex | Self::UsedBefore | Self::Policy
        )
    }
}

/// What came of an operation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "snake_case", deny_unknown_fields)]
pub enum Outcome {
    /// It was done.
    Done {
        /// Whether a lock was lifted.
        #[serde(default)]
        unlocked: bool,
        /// For a verified password: whether it has to be changed at once. For one that was set: whether
        /// the directory requires that, as was asked.
        #[serde(default)]
        must_change: bool,
    },
    /// The state that was asked for.
    State(AccountState),
    /// It was not done, and nothing was changed.
    Refused {
        /// Why.
        why: Refusal,
    },
    /// Nobody can say yet whether it was done: it has to be found out.
    Unknown,
}

/// The state of an account in its directory, and the policy that applies to it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AccountState {
    /// Locked by wrong passwords.
    pub locked: bool,
    /// Disabled by an administrator.
    pub disabled: bool,
    /// The account has expired.
    pub account_expired: bool,
    /// The password has expired.
    pub password_expired: bool,
    /// The password has to be changed at the next sign-in.
    pub must_change: bool,
    /// In a protected group.
    pub protected: bool,
    /// The effective policy.
    pub policy: DirectoryPolicy,
}

/// The password policy that a directory applies to one account; `None`: it has none or hides it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DirectoryPolicy {
    /// Shortest password, in characters.
    pub min_length: Option<u32>,
    /// Whether three of four kinds of characters are asked for.
    pub complexity: bool,
    /// How many former passwords cannot be used again.
    pub history: Option<u32>,
    /// Whether that counts for a reset as well.
    pub history_on_reset: bool,
    /// From when the password can be changed.
    pub may_change_from: Option<Timestamp>,
}

/// An answer: what came of an operation, with the raw words of the directory for the audit trail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Answer {
    /// Which operation.
    pub id: OperationId,
    /// What came of it.
    pub outcome: Outcome,
    /// What the directory said, for administrators; never a password. At most [`DETAIL_MAX`] bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// How long the directory took, in microseconds.
    #[serde(default)]
    pub took: u64,
}

/// The longest detail of an answer, in bytes.
pub const DETAIL_MAX: usize = 1024;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn secret() -> impl Strategy<Value = Option<Secret<String>>> {
        prop::option::of("\\PC{0,80}".prop_map(Secret::new))
    }

    proptest! {
        #[test]
        fn contents_survive_and_their_length_tells_nothing(
            anchor in "[0-9a-f-]{0,36}", upn in "\\PC{0,40}",
            password in secret(), old_password in secret(), must_change: bool,
        ) {
            let contents = Contents { anchor, upn, password, old_password, must_change };
            let bytes = contents.to_bytes().unwrap();
            prop_assert_eq!(bytes.len(), CONTENTS_LENGTH);
            prop_assert_eq!(Contents::from_bytes(&bytes), Some(contents));
        }

        #[test]
        fn arbitrary_contents_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
            let mut padded = bytes.clone();
            padded.resize(CONTENTS_LENGTH, 0);
            let _ = Contents::from_bytes(&padded);
            prop_assert_eq!(Contents::from_bytes(&bytes), None);
        }
    }

    #[test]
    fn two_of_the_longest_passwords_fit_and_no_longer_ones() {
        let long = Some(Secret::new("\u{1f511}".repeat(256)));
        let mut contents = Contents {
            anchor: "0b68d111-0000-0000-0000-000000000000".into(),
            upn: "a".repeat(113),
            password: long.clone(),
            old_password: long,
            must_change: false,
        };
        assert!(contents.to_bytes().is_some());
        contents.password = Some(Secret::new("x".repeat(CONTENTS_LENGTH)));
        assert!(contents.to_bytes().is_none());
        contents.password = Some(Secret::new("x".repeat(70_000)));
        assert!(contents.to_bytes().is_none());
    }

    #[test]
    fn contents_do_not_print_passwords() {
        let contents = Contents {
            password: Some(Secret::new("hunter2".into())),
            ..Contents::default()
        };
        assert!(!format!("{contents:?}").contains("hunter2"));
    }
}
