use latchkey_types::{EmailAddress, Locale, Malformed, MessageId, PhoneNumber, Timestamp};
use serde::{Deserialize, Serialize};

/// A message on its way to one destination.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outgoing {
    /// The same at every try; the Message-ID is made of it.
    pub id: MessageId,
    /// When the message was written; the `Date` of a mail.
    pub created_at: Timestamp,
    /// What it is about.
    pub kind: MessageKind,
    /// Where it goes.
    pub to: Destination,
    /// The language it is written in; a provider reads a call aloud in it.
    pub locale: Locale,
    /// What it says. Its kind fits the destination.
    pub content: Content,
}

/// Where a message goes, and on which channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Destination {
    /// A mail.
    Mail(EmailAddress),
    /// A text message.
    Text(PhoneNumber),
    /// A voice call.
    Call(PhoneNumber),
}

impl Destination {
    /// `mail`, `text` or `call`.
    pub const fn channel(&self) -> &'static str {
        match self {
            Self::Mail(_) => "mail",
            Self::Text(_) => "text",
            Self::Call(_) => "call",
        }
    }

    /// The address or number.
    pub fn address(&self) -> &str {
        match self {
            Self::Mail(address) => address.as_str(),
            Self::Text(number) | Self::Call(number) => number.as_str(),
        }
    }

    /// Reads back what [`Self::channel`] and [`Self::address`] gave.
    pub fn parse(channel: &str, address: &str) -> Result<Self, Malformed> {
        match channel {
            "mail" => EmailAddress::parse(address).map(Self::Mail),
            "text" => PhoneNumber::parse(address).map(Self::Text),
            "call" => PhoneNumber::parse(address).map(Self::Call),
            _ => Err(Malformed("a channel is one of mail, text, call")),
        }
    }
}

/// What a message says. The outbox keeps it sealed, as JSON: it may hold a code.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "channel", rename_all = "snake_case", deny_unknown_fields)]
pub enum Content {
    /// A mail, the same in plain text and in HTML.
    Mail {
        /// The sender's name: the tenant's.
        from_name: String,
        /// One line, without a code or token.
        subject: String,
        /// The plain part.
        text: String,
        /// The HTML part: a whole document.
        html: String,
    },
    /// A text message.
    Text {
        /// As it is sent.
        text: String,
    },
    /// A voice call.
    Call {
        /// What is read aloud.
        spoken: String,
    },
}

impl std::fmt::Debug for Content {
    /// The kind alone: a content may hold a code.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Mail { .. } => "[mail]",
            Self::Text { .. } => "[text]",
            Self::Call { .. } => "[call]",
        })
    }
}

macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident = $text:literal;)*) => {
        /// What a message is about; the word in the outbox, in logs and in metrics.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum MessageKind {
            $($(#[$doc])* $name,)*
        }

        impl MessageKind {
            /// Every kind.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// The word for it.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => $text,)*
                }
            }

            /// Reads the word back.
            pub fn parse(text: &str) -> Result<Self, Malformed> {
                match text {
                    $($text => Ok(Self::$name),)*
                    _ => Err(Malformed("there is no such kind of message")),
                }
            }
        }
    };
}

kinds! {
    /// A code to prove who one is.
    Code = "code";
    /// A password was reset, to its owner.
    PasswordReset = "password_reset";
    /// An account was unlocked, to its owner.
    AccountUnlocked = "account_unlocked";
    /// A password was changed, to its owner.
    PasswordChanged = "password_changed";
    /// A password expires soon, to its owner.
    PasswordExpires = "password_expires";
    /// An administrator reset their own password, to the other administrators.
    AdministratorReset = "administrator_reset";
    /// Self-service is blocked, to its owner.
    Blocked = "blocked";
    /// A recovery code was used, to its owner.
    RecoveryCodeUsed = "recovery_code_used";
    /// A reset is not possible and why, to the account's owner.
    Missing = "missing";
    /// A user asks for help, to the administrators.
    Help = "help";
    /// An account was locked after "this was not me", to its owner and the administrators.
    Frozen = "frozen";
    /// A person's security info was changed, to the person.
    SecurityInfo = "security_info";
    /// Wrong passwords locked an account, to its owner.
    AccountLocked = "account_locked";
    /// The limit for texts and calls was reached, to the administrators.
    Spend = "spend";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_stored_is_read_back() {
        for kind in MessageKind::ALL {
            assert_eq!(MessageKind::parse(kind.as_str()), Ok(*kind));
        }
        assert!(MessageKind::parse("spam").is_err());
        for (channel, address) in [
            ("mail", "ada@contoso.com"),
            ("text", "+31612345678"),
            ("call", "+46701740642"),
        ] {
            let to = Destination::parse(channel, address).unwrap();
            assert_eq!((to.channel(), to.address()), (channel, address));
        }
        assert!(Destination::parse("fax", "+31612345678").is_err());
        let content = Content::Text {
            text: "123456".into(),
        };
        let stored = serde_json::to_vec(&content).unwrap();
        assert_eq!(serde_json::from_slice::<Content>(&stored).unwrap(), content);
    }

    #[test]
    fn debug_shows_neither_code_nor_destination() {
        let content = Content::Text {
            text: "123456".into(),
        };
        let to = Destination::parse("text", "+31612345678").unwrap();
        let shown = format!("{content:?} {to:?}");
        assert!(!shown.contains("123456"), "{shown}");
        assert!(!shown.contains("612345"), "{shown}");
    }
}
