//! The verbs: one file for each, and what they share here.
//!
//! Every verb begins by finding the object in scope and reading what is known about it. That changes
//! nothing, so a connection that turns out to be broken is replaced, and another server asked. Only
//! then comes the one request that writes, on a connection that answered a moment ago; if no answer
//! comes to that one, the outcome is unknown, and it is never sent twice.

mod account;
mod change;
mod find;
mod health;
mod password;
mod policy;
mod reset;
mod rights;
mod unlock;
mod verify;

use std::sync::Arc;

use latchkey_types::Password;

use crate::pool::Pool;
use crate::settings::{Address, Kind, Settings};
use crate::state::{Done, Health, Rights, State, Verdict};
use crate::{Anchor, Failure, SetupError};

/// A directory, over connections that are kept. A clone is another handle to the same.
#[derive(Clone)]
pub struct Directory {
    pub(crate) pool: Arc<Pool>,
}

impl std::fmt::Debug for Directory {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Directory")
            .field(&self.pool.settings)
            .finish()
    }
}

impl Directory {
    /// A directory with these settings. Connects when something is asked.
    pub fn new(settings: Settings) -> Result<Self, SetupError> {
        check(&settings)?;
        Ok(Self {
            pool: Pool::new(settings)?,
        })
    }

    /// Asks a server who it is, signs in, and looks at what the settings say.
    pub async fn health(&self) -> Health {
        health::health(self).await
    }

    /// The same, of every server of the settings by itself.
    pub async fn health_of_each(&self) -> Vec<(Address, Health)> {
        health::of_each(self).await
    }

    /// Reads what there is to know before a password is touched.
    pub async fn state(&self, user: &Anchor) -> Result<State, Failure> {
        policy::state(self, *user).await
    }

    /// Sets a new password without the old one, and unlocks the account.
    ///
    /// A protected, a disabled and an expired account are refused before anything is written.
    pub async fn reset(
        &self,
        user: &Anchor,
        new: &Password,
        must_change: bool,
    ) -> Result<Done, Failure> {
        reset::reset(self, *user, new, must_change).await
    }

    /// Sets a new password for somebody who knows the old one. Protected accounts may.
    ///
    /// A wrong old password counts as one towards the lock, as in a sign-in.
    pub async fn change(
        &self,
        user: &Anchor,
        old: &Password,
        new: &Password,
    ) -> Result<Done, Failure> {
        change::change(self, *user, old, new).await
    }

    /// Unlocks the account. One that is not locked stays so, and that is no failure. A protected
    /// account is refused before anything is written.
    pub async fn unlock(&self, user: &Anchor) -> Result<Done, Failure> {
        unlock::unlock(self, *user).await
    }

    /// Tries a password, by signing in as the user on a connection of its own.
    ///
    /// Of several servers it may be another than the one that was written to. Windows asks the one
    /// that knows every change before it calls a password wrong; servers of LDAP do not.
    pub async fn verify(&self, user: &Anchor, password: &Password) -> Result<Verdict, Failure> {
        verify::verify(self, *user, password).await
    }

    /// Finds a user in scope by UPN (Active Directory) or by `mail` or `uid` (LDAP).
    pub async fn find(&self, name: &str) -> Result<Anchor, Failure> {
        find::find(self, name).await
    }

    /// What the service account may do to this object.
    pub async fn rights(&self, user: &Anchor) -> Result<Rights, Failure> {
        rights::rights(self, *user).await
    }

    pub(crate) fn kind(&self) -> Kind {
        self.pool.settings.kind
    }

    /// The DNs below which users are in scope.
    pub(crate) fn bases(&self) -> &[String] {
        let settings = &self.pool.settings;
        if settings.user_bases.is_empty() {
            std::slice::from_ref(&settings.base)
        } else {
            &settings.user_bases
        }
    }

    /// A filter for users in scope that also fit this one.
    fn filter(&self, one: &str) -> String {
        let class = match self.kind() {
            Kind::ActiveDirectory => "(objectCategory=person)(objectClass=user)",
            Kind::Ldap => "",
        };
        // Checked to be one whole filter when the settings were taken.
        let more = self.pool.settings.user_filter.as_deref().unwrap_or("");
        format!("(&{one}{class}{more})")
    }
}

fn check(settings: &Settings) -> Result<(), SetupError> {
    let wrong = |what: &str| Err(SetupError(what.into()));
    if settings.servers.is_empty() {
        return wrong("a directory needs at least one server");
    }
    if settings.servers.iter().any(|server| server.host.is_empty()) {
        return wrong("a server of the directory has no name");
    }
    if settings.bind_as.is_empty() || settings.password.expose().is_empty() {
        return wrong("the service account needs a name and a password");
    }
    if settings.base.is_empty() || settings.user_bases.iter().any(String::is_empty) {
        return wrong("a base of the directory is empty");
    }
    if settings.connect_timeout.is_zero() || settings.operation_timeout.is_zero() {
        return wrong("a time limit of zero lets nothing succeed");
    }
    if let Some(filter) = &settings.user_filter
        && !is_filter(filter)
    {
        return wrong("the filter of users is not one in parentheses (RFC 4515)");
    }
    Ok(())
}

/// Whether a text is one whole filter, so that it can stand inside another.
pub(crate) fn is_filter(text: &str) -> bool {
    text.starts_with('(') && text.ends_with(')') && ldap3::parse_filter(text).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_one_whole_filter_is_one() {
        for right in ["(uid=*)", "(&(a=b)(!(c=d)))", r"(cn=a\29)"] {
            assert!(is_filter(right), "{right}");
        }
        for wrong in ["", "uid=*", "(a=b)(c=d)", "(a=b))(|(c=d)", "(a=b", "(a=b))"] {
            assert!(!is_filter(wrong), "{wrong}");
        }
    }
}
