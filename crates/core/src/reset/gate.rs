use serde::{Deserialize, Serialize};

use crate::settings::Scope;

/// One way to prove who one is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Gate {
    /// A code by e-mail.
    Email,
    /// A code by text message to the mobile phone.
    Sms,
    /// A code by a call to the mobile phone.
    MobileCall,
    /// A code by a call to the office phone.
    OfficeCall,
    /// Security questions.
    Questions,
    /// A code from an authenticator app.
    AuthenticatorCode,
    /// Approval in a paired app.
    AuthenticatorPush,
    /// A WebAuthn assertion.
    Passkey,
    /// One of ten codes given at registration.
    RecoveryCode,
    /// A temporary pass from an administrator.
    HelpdeskCode,
}

/// What a gate proves the possession of. Two gates count as two only if these differ: a text and a
/// call to one telephone are one proof.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Factor {
    /// The mailbox.
    Mailbox,
    /// The mobile telephone.
    MobilePhone,
    /// The office telephone.
    OfficePhone,
    /// What only the person knows.
    Knowledge,
    /// The authenticator app.
    Authenticator,
    /// The passkey.
    Passkey,
    /// The sheet of recovery codes.
    RecoveryCodes,
    /// An administrator who knows the person.
    Helpdesk,
}

impl Gate {
    /// Every gate, in the order in which they are offered.
    pub const ALL: [Self; 10] = [
        Self::Passkey,
        Self::AuthenticatorCode,
        Self::AuthenticatorPush,
        Self::Email,
        Self::Sms,
        Self::MobileCall,
        Self::OfficeCall,
        Self::Questions,
        Self::RecoveryCode,
        Self::HelpdeskCode,
    ];

    /// Its name in forms, settings, the database and detail codes.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::Sms => "sms",
            Self::MobileCall => "mobile_call",
            Self::OfficeCall => "office_call",
            Self::Questions => "questions",
            Self::AuthenticatorCode => "authenticator_code",
            Self::AuthenticatorPush => "authenticator_push",
            Self::Passkey => "passkey",
            Self::RecoveryCode => "recovery_code",
            Self::HelpdeskCode => "helpdesk_code",
        }
    }

    /// Reads that name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|gate| gate.as_str() == text)
    }

    /// What it proves.
    pub const fn factor(self) -> Factor {
        match self {
            Self::Email => Factor::Mailbox,
            Self::Sms | Self::MobileCall => Factor::MobilePhone,
            Self::OfficeCall => Factor::OfficePhone,
            Self::Questions => Factor::Knowledge,
            Self::AuthenticatorCode | Self::AuthenticatorPush => Factor::Authenticator,
            Self::Passkey => Factor::Passkey,
            Self::RecoveryCode => Factor::RecoveryCodes,
            Self::HelpdeskCode => Factor::Helpdesk,
        }
    }

    /// Whether Latchkey sends a code to a destination for it.
    pub const fn sends_a_code(self) -> bool {
        matches!(
            self,
            Self::Email | Self::Sms | Self::MobileCall | Self::OfficeCall
        )
    }

    /// Whether the person types the whole number first, so that a stranger costs nobody money.
    pub const fn asks_for_the_number(self) -> bool {
        matches!(self, Self::Sms | Self::MobileCall | Self::OfficeCall)
    }

    /// How many digits its code has; 0 where Latchkey sends none.
    pub const fn code_digits(self) -> u8 {
        match self {
            Self::Email => 8,
            Self::Sms | Self::MobileCall | Self::OfficeCall => 6,
            _ => 0,
        }
    }

    /// Whether an administrator may use it: e-mail, phone, authenticator, passkey, never questions.
    pub const fn is_for_administrators(self) -> bool {
        !matches!(
            self,
            Self::Questions | Self::RecoveryCode | Self::HelpdeskCode
        )
    }
}

impl Scope {
    /// Its name on the command line.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Selected(_) => "selected",
            Self::All => "all",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_back_and_are_those_of_serde() {
        for gate in Gate::ALL {
            assert_eq!(Gate::parse(gate.as_str()), Some(gate));
            assert_eq!(
                serde_json::to_string(&gate).unwrap(),
                format!("\"{}\"", gate.as_str())
            );
        }
        assert_eq!(Gate::parse("fax"), None);
    }

    #[test]
    fn codes_have_the_lengths_of_the_table() {
        assert_eq!(Gate::Email.code_digits(), 8);
        for gate in [Gate::Sms, Gate::MobileCall, Gate::OfficeCall] {
            assert_eq!(gate.code_digits(), 6);
        }
        for gate in Gate::ALL {
            assert_eq!(gate.code_digits() > 0, gate.sends_a_code());
        }
    }
}
