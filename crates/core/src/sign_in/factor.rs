use serde::{Deserialize, Serialize};

/// What somebody signs in with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Factor {
    /// The password.
    Password,
    /// A code from an authenticator app.
    Authenticator,
    /// A passkey that verified its user: something one has, opened by what one knows or is.
    Passkey,
    /// The word of the tenant's identity provider.
    Federated,
}

impl Factor {
    /// Every factor.
    pub const ALL: [Self; 4] = [
        Self::Password,
        Self::Authenticator,
        Self::Passkey,
        Self::Federated,
    ];

    /// Its name in forms, events and the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Password => "password",
            Self::Authenticator => "authenticator",
            Self::Passkey => "passkey",
            Self::Federated => "federated",
        }
    }

    /// Reads that name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|factor| factor.as_str() == text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_back_and_are_those_of_serde() {
        for factor in Factor::ALL {
            assert_eq!(Factor::parse(factor.as_str()), Some(factor));
            assert_eq!(
                serde_json::to_string(&factor).unwrap(),
                format!("\"{}\"", factor.as_str())
            );
        }
        assert_eq!(Factor::parse("fingerprint"), None);
    }
}
