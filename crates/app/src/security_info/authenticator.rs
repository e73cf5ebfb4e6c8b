//! Authenticator apps: the secret counts only after a code that was made with it came back.

use latchkey_core::model::Origin;
use latchkey_core::registration::Kind;
use latchkey_crypto::qr::qr_svg;
use latchkey_crypto::{codes, totp};
use latchkey_store::methods::{MethodKind, NewMethod};
use latchkey_store::{Tx, methods};
use latchkey_types::{MethodId, Secret};
use serde::{Deserialize, Serialize};

use super::destination::Tried;
use super::enter::{Reply, Wish, enter, peek};
use super::pending::{self, LIFETIME, Way};
use super::settle::{Change, How, settle};
use crate::keys::seal;
use crate::sign_in::Here;
use crate::{App as Service, AppError, Ctx};

/// The longest name of an app or a passkey, in characters.
pub(super) const LONGEST_NAME: usize = 60;

/// The most apps or passkeys of one person.
pub(super) const MOST: usize = 20;

/// Whether a name was taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Named {
    /// It was: go on.
    Begun,
    /// It is empty, longer than 60 characters, or holds what cannot be shown.
    Malformed,
    /// Another one has this name.
    Taken,
    /// There are as many as there may be.
    TooMany,
    /// This service cannot do it.
    Impossible,
}

/// An app that is being set up.
pub struct App {
    /// The name that the person gave it.
    pub name: String,
    /// The QR code for the app, as SVG. It holds the secret.
    pub qr: Secret<String>,
    /// The secret for typing.
    pub typed: Secret<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Proposal {
    name: String,
    secret: Vec<u8>,
}

/// The name that somebody types for an app or a passkey.
pub(super) fn read_name(typed: &str) -> Option<String> {
    let name = typed.split_whitespace().collect::<Vec<_>>().join(" ");
    let hidden = |c: char| {
        c.is_control()
            || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    let fits =
        !name.is_empty() && name.chars().count() <= LONGEST_NAME && !name.chars().any(hidden);
    fits.then_some(name)
}

/// Begins with an app of this name.
pub async fn begin_app(app: &Service, cookie: &Secret<String>, typed: &str) -> Reply<Named> {
    let name = read_name(typed);
    enter(
        app,
        cookie,
        Wish::Register(Kind::Authenticator),
        async |mut tx, here| {
            let tx = &mut tx;
            let Some(name) = name.clone() else {
                return Ok(Ok(Named::Malformed));
            };
            if let Some(refused) = refuse(tx, &here, MethodKind::Authenticator, &name).await? {
                return Ok(Ok(refused));
            }
            let secret = totp::new_secret(app.entropy()).expose().clone();
            let proposal = Proposal { name, secret };
            pending::put(
                tx,
                app,
                &here,
                Way::Authenticator,
                LIFETIME,
                &proposal,
                None,
            )
            .await?;
            Ok(Ok(Named::Begun))
        },
    )
    .await
}

/// Whether a name is somebody else's, or there are too many already.
pub(super) async fn refuse(
    tx: &mut Tx,
    here: &Here,
    kind: MethodKind,
    name: &str,
) -> Result<Option<Named>, AppError> {
    let rows = methods::list_for_user(tx, here.row.tenant, here.row.user).await?;
    let mut names = rows
        .iter()
        .filter(|row| row.kind == kind)
        .map(|row| match kind {
            MethodKind::Authenticator => row.slot.to_lowercase(),
            _ => row.name.to_lowercase(),
        });
    if names.clone().count() >= MOST {
        return Ok(Some(Named::TooMany));
    }
    let wanted = name.to_lowercase();
    Ok(names.any(|name| name == wanted).then_some(Named::Taken))
}

/// The app that is being set up. `None`: none is, or its time is over.
pub async fn pending_app(app: &Service, cookie: &Secret<String>) -> Reply<Option<App>> {
    peek(
        app,
        cookie,
        Wish::Register(Kind::Authenticator),
        async |mut tx, here| {
            let found = pending::get::<Proposal>(&mut tx, &here, Way::Authenticator).await?;
            let Some((_, proposal)) = found else {
                return Ok(Ok(None));
            };
            shown(&here, proposal).map(|app| Ok(Some(app)))
        },
    )
    .await
}

fn shown(here: &Here, proposal: Proposal) -> Result<App, AppError> {
    let Some(user) = &here.case.user else {
        return Err(AppError::bug("somebody signed in has no account"));
    };
    let secret = Secret::new(proposal.secret);
    let tenant = &here.case.tenant.name;
    let fault = |error| AppError::internal("show an authenticator's secret", error);
    let uri = totp::provisioning_uri(tenant, user.upn.as_str(), secret.expose()).map_err(fault)?;
    Ok(App {
        name: proposal.name,
        qr: qr_svg(uri.expose()).map_err(fault)?,
        typed: totp::typed_secret(secret.expose()),
    })
}

/// Tries the code that the new app shows. The right one puts it on file.
pub async fn confirm_app(
    app: &Service,
    ctx: &Ctx,
    cookie: &Secret<String>,
    typed: &str,
) -> Reply<Tried> {
    let typed = (typed.len() <= 64)
        .then(|| codes::normalise_code(typed))
        .flatten()
        .filter(|code| code.expose().len() == 6);
    enter(
        app,
        cookie,
        Wish::Register(Kind::Authenticator),
        async |mut tx, here| {
            let tx = &mut tx;
            let found = pending::get::<Proposal>(tx, &here, Way::Authenticator).await?;
            let Some((row, proposal)) = found else {
                return Ok(Ok(Tried::Over));
            };
            let Some(typed) = &typed else {
                return Ok(Ok(Tried::Unreadable));
            };
            let Some(left) = pending::count(tx, &here, row.id).await? else {
                return Ok(Ok(Tried::Over));
            };
            let Some(step) = totp::verify(&proposal.secret, typed.expose(), here.now, None) else {
                return Ok(Ok(if left == 0 {
                    Tried::Over
                } else {
                    Tried::Wrong { left }
                }));
            };
            if !pending::spend(tx, &here, row.id).await? {
                return Ok(Ok(Tried::Over));
            }
            // Another window may have taken the name meanwhile: its secret stays.
            if refuse(tx, &here, MethodKind::Authenticator, &proposal.name)
                .await?
                .is_some()
            {
                return Ok(Ok(Tried::Over));
            }
            let id = MethodId::new(app.clock(), app.entropy());
            let key = &here.case.data_key;
            let value = seal(
                key,
                app.entropy(),
                "method",
                "value",
                id.0,
                &proposal.secret,
            )?;
            let new = NewMethod {
                id,
                kind: MethodKind::Authenticator,
                slot: &proposal.name,
                name: "",
                value: &value,
                origin: Origin::Person,
            };
            let (tenant, user) = (here.row.tenant, here.row.user);
            if !methods::upsert(tx, tenant, user, &new, here.now).await? {
                return Err(AppError::NotFound);
            }
            // The code that was typed here proves nothing a second time.
            methods::advance_step(tx, tenant, id, i64::try_from(step).unwrap_or(0)).await?;
            let change = Change {
                kind: Kind::Authenticator,
                how: How::Added,
                which: proposal.name.clone(),
            };
            let saved = settle(tx, app, ctx, &here, cookie, change).await?;
            Ok(Ok(Tried::Saved(Box::new(saved))))
        },
    )
    .await
}
