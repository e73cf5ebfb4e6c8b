//! Passkeys: what the device answers to a challenge of this session is put on file.

use latchkey_core::model::Origin;
use latchkey_core::registration::Kind;
use latchkey_crypto::passkey::LIFETIME;
use latchkey_store::methods::{MethodKind, NewMethod};
use latchkey_store::{Tx, methods};
use latchkey_types::{MethodId, Secret};
use serde::{Deserialize, Serialize};

use super::authenticator::{Named, read_name, refuse};
use super::destination::Tried;
use super::enter::{Reply, Wish, enter, peek};
use super::pending::{self, Way};
use super::settle::{Change, How, settle};
use crate::keys::seal;
use crate::sign_in::Here;
use crate::{App, AppError, Ctx};

/// Half of a ceremony with a device.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Ceremony {
    /// The name that the person gives the passkey; empty where one is only used.
    pub name: String,
    /// For the page.
    pub options: String,
    /// For the other half.
    pub state: Vec<u8>,
}

/// Begins with a passkey of this name.
pub async fn begin_passkey(app: &App, cookie: &Secret<String>, typed: &str) -> Reply<Named> {
    let name = read_name(typed);
    enter(
        app,
        cookie,
        Wish::Register(Kind::Passkey),
        async |mut tx, here| {
            let tx = &mut tx;
            let Some(passkeys) = app.passkeys() else {
                return Ok(Ok(Named::Impossible));
            };
            let Some(name) = name.clone() else {
                return Ok(Ok(Named::Malformed));
            };
            if let Some(refused) = refuse(tx, &here, MethodKind::Passkey, &name).await? {
                return Ok(Ok(refused));
            }
            let Some(user) = &here.case.user else {
                return Err(AppError::bug("somebody signed in has no account"));
            };
            let known = credentials(tx, &here).await?;
            let begun = passkeys
                .begin_registration(
                    app.entropy(),
                    user.id,
                    user.upn.as_str(),
                    &user.display_name,
                    &known,
                )
                .map_err(|error| AppError::internal("begin a passkey", error))?;
            let ceremony = Ceremony {
                name,
                options: begun.options,
                state: begun.state.expose().clone(),
            };
            pending::put(tx, app, &here, Way::Passkey, LIFETIME, &ceremony, None).await?;
            Ok(Ok(Named::Begun))
        },
    )
    .await
}

/// The credential ids that the person has.
async fn credentials(tx: &mut Tx, here: &Here) -> Result<Vec<String>, AppError> {
    let rows = methods::list_for_user(tx, here.row.tenant, here.row.user).await?;
    Ok(rows
        .into_iter()
        .filter(|row| row.kind == MethodKind::Passkey)
        .map(|row| row.slot)
        .collect())
}

/// Name and options of the passkey that is being made. `None`: none is, or its time is over.
pub async fn passkey_options(
    app: &App,
    cookie: &Secret<String>,
) -> Reply<Option<(String, String)>> {
    peek(
        app,
        cookie,
        Wish::Register(Kind::Passkey),
        async |mut tx, here| {
            let found = pending::get::<Ceremony>(&mut tx, &here, Way::Passkey).await?;
            Ok(Ok(
                found.map(|(_, ceremony)| (ceremony.name, ceremony.options))
            ))
        },
    )
    .await
}

/// What the device answered. A good answer puts the passkey on file; after a bad one the ceremony is
/// over, because a challenge is used once.
pub async fn finish_passkey(
    app: &App,
    ctx: &Ctx,
    cookie: &Secret<String>,
    credential: &str,
) -> Reply<Tried> {
    enter(
        app,
        cookie,
        Wish::Register(Kind::Passkey),
        async |mut tx, here| {
            let tx = &mut tx;
            let found = pending::get::<Ceremony>(tx, &here, Way::Passkey).await?;
            let (Some((row, ceremony)), Some(passkeys)) = (found, app.passkeys()) else {
                return Ok(Ok(Tried::Over));
            };
            if credential.is_empty() {
                // A browser without scripts sends the form as it is.
                return Ok(Ok(Tried::Unreadable));
            }
            if !pending::spend(tx, &here, row.id).await? {
                return Ok(Ok(Tried::Over));
            }
            let new = match passkeys.finish_registration(&ceremony.state, credential) {
                Ok(new) => new,
                Err(error) => {
                    tracing::info!(%error, "a new passkey was refused");
                    return Ok(Ok(Tried::Over));
                }
            };
            let id = MethodId::new(app.clock(), app.entropy());
            let key = &here.case.data_key;
            let value = seal(key, app.entropy(), "method", "value", id.0, &new.data)?;
            let method = NewMethod {
                id,
                kind: MethodKind::Passkey,
                slot: &new.credential_id,
                name: &ceremony.name,
                value: &value,
                origin: Origin::Person,
            };
            let (tenant, user) = (here.row.tenant, here.row.user);
            if !methods::add_passkey(tx, tenant, user, &method, here.now).await? {
                return Ok(Ok(Tried::Over));
            }
            let change = Change {
                kind: Kind::Passkey,
                how: How::Added,
                which: ceremony.name.clone(),
            };
            let saved = settle(tx, app, ctx, &here, cookie, change).await?;
            Ok(Ok(Tried::Saved(Box::new(saved))))
        },
    )
    .await
}
