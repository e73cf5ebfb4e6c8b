//! Whose name it is that somebody typed.

use latchkey_core::reset::Subject;
use latchkey_crypto::keys::Purpose;
use latchkey_store::names::NameKind;
use latchkey_store::{Tx, names};
use latchkey_types::{EmailAddress, TenantId, Timestamp, UserId, fold};

use super::Case;
use super::forms::owner;
use crate::{App, AppError};

/// The longest user ID that is looked at, in bytes: an e-mail address has at most 254.
pub(super) const LONGEST: usize = 254;

/// What was typed, as names are compared. `None`: it can be no user ID.
pub(crate) fn name_key(typed: &str) -> Option<String> {
    let typed = typed.trim();
    if typed.is_empty() || typed.len() > LONGEST || typed.chars().any(char::is_control) {
        return None;
    }
    let key = fold(typed);
    let is_name = key.contains('@')
        && (EmailAddress::parse(&key).is_ok() || latchkey_types::Upn::parse(&key).is_ok());
    is_name.then_some(key)
}

/// The tenant of a name, and the account, if there is one.
pub(super) struct Found {
    pub(super) tenant: TenantId,
    pub(super) user: Option<UserId>,
}

impl Found {
    /// Who it is to the rules: the account, or the decoy of the name.
    pub(super) fn subject(&self, decoy: UserId) -> (Subject, UserId) {
        match self.user {
            Some(user) => (Subject::Known, user),
            None => (Subject::Decoy, decoy),
        }
    }
}

/// Looks a name up. `brand`: the tenant whose page it was typed on.
pub(super) async fn resolve(
    tx: &mut Tx,
    key: &str,
    brand: Option<TenantId>,
) -> Result<Found, AppError> {
    let domain = key.rsplit_once('@').map_or("", |(_, domain)| domain);
    let known = names::resolve(tx, key).await?;
    let owner = owner(tx, domain).await?;
    // A user principal name wins; a mail address counts where it is unique.
    let upn = known.iter().find(|name| name.kind == NameKind::Upn);
    let found = match (upn, known.as_slice()) {
        (Some(name), _) => Some(name),
        (None, [only]) => Some(only),
        (None, _) => None,
    };
    Ok(match found {
        Some(name) => Found {
            tenant: name.tenant,
            user: Some(name.user),
        },
        None => Found {
            tenant: owner.or(brand).unwrap_or(TenantId::SERVICE),
            user: None,
        },
    })
}

/// The id under which everything is kept for a name that has no account, or may not know of it.
pub(super) fn decoy_id(app: &App, tenant: TenantId, key: &str) -> UserId {
    let parts: [&[u8]; 3] = [b"id", tenant.0.as_bytes(), key.as_bytes()];
    let tag = app.keys().tag(Purpose::Decoy, &parts);
    let mut bytes = [0; 16];
    for (to, from) in bytes.iter_mut().zip(tag.as_bytes()) {
        *to = *from;
    }
    // Version 8: made by a rule of our own (RFC 9562, 5.8).
    UserId(uuid::Builder::from_custom_bytes(bytes).into_uuid())
}

/// The facts about whoever has a name: the account, or its decoy. A tenant that is switched off has
/// no names: those in it are unknown like those of no tenant.
pub(crate) async fn case_of(
    tx: &mut Tx,
    app: &App,
    key: &str,
    brand: Option<TenantId>,
    now: Timestamp,
) -> Result<Case, AppError> {
    let found = resolve(tx, key, brand).await?;
    let (subject, id) = found.subject(decoy_id(app, found.tenant, key));
    if let Some(case) = Case::gather(tx, app, found.tenant, subject, id, now).await? {
        return Ok(case);
    }
    service_case(tx, app, key, now).await
}

/// The decoy of a name that is nobody's in no tenant.
pub(super) async fn service_case(
    tx: &mut Tx,
    app: &App,
    key: &str,
    now: Timestamp,
) -> Result<Case, AppError> {
    let service = TenantId::SERVICE;
    let decoy = decoy_id(app, service, key);
    Case::gather(tx, app, service, Subject::Decoy, decoy, now)
        .await?
        .ok_or_else(|| AppError::bug("the service's own tenant is not there"))
}
