//! What is on its way to being registered.

use std::time::Duration;

use latchkey_crypto::keys::Purpose;
use latchkey_store::Tx;
use latchkey_store::pending::{self, NewPending, PendingRow, TRIES};
use latchkey_types::{PendingMethodId, Secret};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::keys::{open, seal};
use crate::sign_in::Here;
use crate::{App, AppError};

/// How long something may be on its way.
pub(super) const LIFETIME: Duration = Duration::from_mins(10);

/// What is on its way, in a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    Email,
    Phone,
    Authenticator,
    Passkey,
    /// A passkey that is used to prove who somebody is.
    Proof,
}

impl Way {
    const fn name(self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::Phone => "phone",
            Self::Authenticator => "authenticator",
            Self::Passkey => "passkey",
            Self::Proof => "proof",
        }
    }
}

/// A code that was sent, with what it was sent to.
pub(super) struct Code<'a> {
    pub value: &'a str,
    pub code: &'a Secret<String>,
}

/// Puts something on its way; what was there of the same kind in this session is void.
pub(super) async fn put(
    tx: &mut Tx,
    app: &App,
    here: &Here,
    way: Way,
    lifetime: Duration,
    value: &impl Serialize,
    code: Option<Code<'_>>,
) -> Result<(), AppError> {
    let id = PendingMethodId::new(app.clock(), app.entropy());
    let plain = zeroize::Zeroizing::new(
        serde_json::to_vec(value)
            .map_err(|error| AppError::internal("write a pending method", error))?,
    );
    let key = &here.case.data_key;
    let value = seal(key, app.entropy(), "pending_method", "value", id.0, &plain)?;
    let tag = code.map(|code| tag(app, here, way, &code));
    let new = NewPending {
        id,
        session: here.row.id,
        kind: way.name(),
        value: &value,
        tag: tag.as_ref().map(<[u8; 32]>::as_slice),
        created_at: here.now,
        expires_at: here.now.plus(lifetime),
    };
    Ok(pending::insert(tx, here.row.tenant, &new).await?)
}

/// What is on its way of a kind in this session.
pub(super) async fn get<T: DeserializeOwned>(
    tx: &mut Tx,
    here: &Here,
    way: Way,
) -> Result<Option<(PendingRow, T)>, AppError> {
    let (tenant, session) = (here.row.tenant, here.row.id);
    let Some(row) = pending::latest(tx, tenant, session, way.name(), here.now).await? else {
        return Ok(None);
    };
    let key = &here.case.data_key;
    let plain = open(key, "pending_method", "value", row.id.0, &row.value)?;
    let value = serde_json::from_slice(plain.expose())
        .map_err(|error| AppError::internal("read a pending method", error))?;
    Ok(Some((row, value)))
}

/// Counts a try, before it is compared; how many are left. `None`: there are no more.
pub(super) async fn count(
    tx: &mut Tx,
    here: &Here,
    id: PendingMethodId,
) -> Result<Option<usize>, AppError> {
    let tries = pending::count_try(tx, here.row.tenant, id, here.now).await?;
    Ok(tries.map(|tries| usize::try_from(TRIES - tries).unwrap_or(0)))
}

/// Uses it up: of any number of requests, one does.
pub(super) async fn spend(tx: &mut Tx, here: &Here, id: PendingMethodId) -> Result<bool, AppError> {
    Ok(pending::spend(tx, here.row.tenant, id, here.now).await?)
}

/// Whether a typed code is the one that was sent, in constant time.
pub(super) fn matches(app: &App, here: &Here, way: Way, code: &Code<'_>, stored: &[u8]) -> bool {
    let parts = parts(here, way, code);
    app.keys().tag(Purpose::OneTimeCode, &parts).matches(stored)
}

/// A code as it is stored: bound to the tenant, the user, the session, the kind and the value.
fn tag(app: &App, here: &Here, way: Way, code: &Code<'_>) -> [u8; 32] {
    let parts = parts(here, way, code);
    *app.keys().tag(Purpose::OneTimeCode, &parts).as_bytes()
}

fn parts<'a>(here: &'a Here, way: Way, code: &'a Code<'_>) -> [&'a [u8]; 7] {
    [
        b"register",
        here.row.tenant.0.as_bytes(),
        here.row.user.0.as_bytes(),
        here.row.id.0.as_bytes(),
        way.name().as_bytes(),
        code.value.as_bytes(),
        code.code.expose().as_bytes(),
    ]
}
