//! Taking a method away: asked for once, and twice where something is lost with it.

use latchkey_core::registration::{Kind, Loss, loss};
use latchkey_core::reset::Subject;
use latchkey_store::Tx;
use latchkey_store::methods::{self, Method, MethodKind};
use latchkey_types::{MethodId, Secret};

use super::enter::{Reply, Wish, enter, peek};
use super::overview::which;
use super::settle::{Change, How, Saved, settle};
use crate::reset::Case;
use crate::sign_in::Here;
use crate::{App, AppError, Ctx};

/// What would be taken away.
#[derive(Debug, Clone)]
pub struct Removal {
    /// Its kind.
    pub kind: Kind,
    /// The destination, masked, or its name.
    pub which: String,
    /// What would go with it.
    pub loss: Loss,
}

/// What came of taking it away.
enum Taken {
    Gone,
    /// It would cost an administrator the second factor.
    Refused(Removal),
    /// It has to be asked once more.
    Ask(Removal),
    Done(Box<Saved>),
}

/// What is to be removed: a method by its id, or all questions or recovery codes by their word.
fn chosen<'a>(rows: &'a [Method], typed: &str) -> Vec<&'a Method> {
    match typed {
        "questions" => of(rows, MethodKind::Question),
        "recovery-codes" => of(rows, MethodKind::RecoveryCode),
        id => {
            let id = MethodId::parse(id).ok();
            rows.iter()
                .filter(|row| Some(row.id) == id)
                .filter(|row| !matches!(row.kind, MethodKind::Question | MethodKind::RecoveryCode))
                .collect()
        }
    }
}

fn of(rows: &[Method], kind: MethodKind) -> Vec<&Method> {
    rows.iter().filter(|row| row.kind == kind).collect()
}

/// The kind of a row, as the portal lists it.
pub(super) const fn kind_of(kind: MethodKind) -> Kind {
    match kind {
        MethodKind::Email => Kind::Email,
        MethodKind::Phone | MethodKind::AlternatePhone => Kind::Phone,
        MethodKind::Question => Kind::Questions,
        MethodKind::Authenticator => Kind::Authenticator,
        MethodKind::Passkey => Kind::Passkey,
        MethodKind::RecoveryCode => Kind::RecoveryCodes,
    }
}

/// What removing would mean. `None`: there is no such method.
pub async fn removal(app: &App, cookie: &Secret<String>, typed: &str) -> Reply<Option<Removal>> {
    peek(app, cookie, Wish::Remove, async |mut tx, here| {
        weigh(&mut tx, app, &here, typed).await.map(Ok)
    })
    .await
}

async fn weigh(
    tx: &mut Tx,
    app: &App,
    here: &Here,
    typed: &str,
) -> Result<Option<Removal>, AppError> {
    let (tenant, user) = (here.row.tenant, here.row.user);
    let rows = methods::list_for_user(tx, tenant, user).await?;
    let chosen = chosen(&rows, typed);
    let Some(first) = chosen.first() else {
        return Ok(None);
    };
    let (kind, which) = (kind_of(first.kind), which(here, first)?);
    let ids: Vec<MethodId> = chosen.iter().map(|row| row.id).collect();
    let case = Case::gather(tx, app, tenant, Subject::Known, user, here.now)
        .await?
        .ok_or(AppError::NotFound)?;
    let left: Vec<Method> = rows
        .into_iter()
        .filter(|row| !ids.contains(&row.id))
        .collect();
    let after = case.with_methods(&left)?;
    let facts = here
        .case
        .registration(here.now)
        .ok_or(AppError::bug("somebody signed in has no account"))?;
    Ok(Some(Removal {
        kind,
        which,
        loss: loss(&facts, &after),
    }))
}

/// Removes it. `sure`: how often the person said so; twice is needed where something is lost.
pub async fn remove(
    app: &App,
    ctx: &Ctx,
    cookie: &Secret<String>,
    typed: &str,
    sure: u8,
) -> Reply<Option<Result<Saved, Removal>>> {
    let taken = enter(app, cookie, Wish::Remove, async |mut tx, here| {
        let tx = &mut tx;
        let Some(removal) = weigh(tx, app, &here, typed).await? else {
            return Ok(Ok(Taken::Gone));
        };
        if !removal.loss.is_allowed() {
            return Ok(Ok(Taken::Refused(removal)));
        }
        let needed = if removal.loss == Loss::default() {
            1
        } else {
            2
        };
        if sure < needed {
            return Ok(Ok(Taken::Ask(removal)));
        }
        let (tenant, user) = (here.row.tenant, here.row.user);
        match removal.kind {
            Kind::Questions => {
                methods::delete_kind(tx, tenant, user, MethodKind::Question).await?;
            }
            Kind::RecoveryCodes => {
                methods::delete_kind(tx, tenant, user, MethodKind::RecoveryCode).await?;
            }
            _ => {
                let Ok(id) = MethodId::parse(typed) else {
                    return Ok(Ok(Taken::Gone));
                };
                if !methods::delete(tx, tenant, user, id).await? {
                    return Ok(Ok(Taken::Gone));
                }
            }
        }
        let change = Change {
            kind: removal.kind,
            how: How::Removed,
            which: removal.which,
        };
        let saved = settle(tx, app, ctx, &here, cookie, change).await?;
        Ok(Ok(Taken::Done(Box::new(saved))))
    })
    .await?;
    Ok(taken.map(|taken| match taken {
        Taken::Gone => None,
        Taken::Refused(removal) | Taken::Ask(removal) => Some(Err(removal)),
        Taken::Done(saved) => Some(Ok(*saved)),
    }))
}
