use latchkey_types::{DomainName, EmailAddress};

use crate::model::{User, UserType};

/// Whether an address is a mailbox that opens with the password which it would reset: one on a
/// verified domain of the tenant, or the user ID itself. It cannot be the authentication email.
///
/// Guests are excepted: their mailboxes are elsewhere.
pub fn is_own_mailbox(address: &EmailAddress, user: &User, verified: &[DomainName]) -> bool {
    let is_own = verified
        .iter()
        .any(|domain| domain.as_str() == address.domain());
    user.user_type == UserType::Member && (is_own || address.key() == user.upn.key())
}

#[cfg(test)]
#[path = "email_tests.rs"]
mod tests;
