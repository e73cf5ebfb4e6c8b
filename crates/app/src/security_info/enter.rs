use latchkey_core::model::UserType;
use latchkey_core::registration::{Kind, Needs, Proven, may_change, registrable, state};
use latchkey_store::{Tx, accounts};
use latchkey_types::Secret;

use crate::sign_in::{Here, Todo};
use crate::{App, AppError};

/// Why something is not done, other than because of what was typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bar {
    /// Nobody is signed in here.
    SignIn,
    /// The person proves once more who they are.
    Prove,
    /// There is no such thing to do now.
    Closed,
}

/// What a use case of this portal answers.
pub type Reply<T> = Result<Result<T, Bar>, AppError>;

/// What somebody wants to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wish {
    /// Register or replace a method of a kind.
    Register(Kind),
    /// Remove a method.
    Remove,
    /// Look, and say that it is right.
    Look,
}

/// Runs one request of somebody who is signed in, in one transaction, if they may do what they want
/// to do.
pub(super) async fn enter<T, F, Fut>(
    app: &App,
    cookie: &Secret<String>,
    wish: Wish,
    work: F,
) -> Reply<T>
where
    // Not AsyncFn(&mut Tx, …): the compiler cannot show that such a future is Send.
    F: Fn(Tx, Here) -> Fut,
    Fut: Future<Output = Reply<T>>,
{
    app.db()
        .write(async |mut tx| {
            let Some(mut here) = Here::find(&mut tx, app, cookie).await? else {
                return Ok(Err(Bar::SignIn));
            };
            if wish != Wish::Look {
                // Of two changes at once, the second one sees what the first one left.
                let version = accounts::hold(&mut tx, here.row.tenant, here.row.user).await?;
                if version != Some(here.case.stamp.user) {
                    match Here::find(&mut tx, app, cookie).await? {
                        Some(now) => here = now,
                        None => return Ok(Err(Bar::SignIn)),
                    }
                }
            }
            match may(&here, wish) {
                Ok(()) => work(tx, here).await,
                Err(bar) => Ok(Err(bar)),
            }
        })
        .await
}

/// The same for a page that shows what is on its way: nothing is written.
pub(super) async fn peek<T, F, Fut>(
    app: &App,
    cookie: &Secret<String>,
    wish: Wish,
    work: F,
) -> Reply<T>
where
    F: Fn(Tx, Here) -> Fut,
    Fut: Future<Output = Reply<T>>,
{
    app.db()
        .read(async |mut tx| {
            let Some(here) = Here::find(&mut tx, app, cookie).await? else {
                return Ok(Err(Bar::SignIn));
            };
            match may(&here, wish) {
                Ok(()) => work(tx, here).await,
                Err(bar) => Ok(Err(bar)),
            }
        })
        .await
}

/// The same for a page that shows what is on file.
pub(super) async fn look<T>(
    app: &App,
    cookie: &Secret<String>,
    wish: Wish,
    view: impl Fn(&Here) -> T,
) -> Reply<T> {
    let here = app
        .db()
        .read(async |mut tx| Here::find(&mut tx, app, cookie).await)
        .await?;
    let Some(here) = here else {
        return Ok(Err(Bar::SignIn));
    };
    Ok(may(&here, wish).map(|()| view(&here)))
}

/// Whether somebody may do that now.
pub(super) fn may(here: &Here, wish: Wish) -> Result<(), Bar> {
    let is_guest = here
        .case
        .user
        .as_ref()
        .is_none_or(|user| user.user_type == UserType::ExternalGuest);
    if is_guest {
        return Err(Bar::Closed);
    }
    match (here.todo(), wish) {
        (Some(Todo::ProveSecondFactor), Wish::Register(_) | Wish::Remove) => {
            return Err(Bar::Prove);
        }
        (Some(Todo::RegisterSecondFactor), Wish::Register(Kind::Passkey | Kind::Authenticator))
        | (None, _)
        | (Some(Todo::ProveSecondFactor), Wish::Look) => {}
        (Some(Todo::Change(_) | Todo::RegisterSecondFactor), _) => return Err(Bar::Closed),
    }
    match wish {
        Wish::Look => Ok(()),
        Wish::Register(kind) if !kind.is_theirs() || !offered(here).contains(&kind) => {
            Err(Bar::Closed)
        }
        Wish::Remove | Wish::Register(_) => fresh(here),
    }
}

fn fresh(here: &Here) -> Result<(), Bar> {
    needs(here).map_err(|_| Bar::Prove)
}

/// What is needed before anything may be changed.
pub(super) fn needs(here: &Here) -> Result<(), Needs> {
    let proven = Proven {
        at: here.row.proven_at,
        twice_at: here.row.proven_twice_at,
    };
    let reset_at = here.case.user.as_ref().and_then(|user| user.reset_at);
    let hold_hours = here.case.tenant.settings.reset.hold_hours;
    may_change(proven, reset_at, hold_hours, here.now)
}

/// The kinds of methods that the policy enables for this person. Where self-service is off there is
/// nothing to register, except that an administrator always needs a second factor.
pub(super) fn offered(here: &Here) -> Vec<Kind> {
    let Some(facts) = here.case.registration(here.now) else {
        return Vec::new();
    };
    let administrator = facts.user.is_administrator;
    let required = u8::try_from(here.case.gates_required(here.now)).unwrap_or(2);
    let mut kinds = registrable(&facts.settings.reset, administrator, required);
    if !state(&facts).is_enabled {
        let second = [Kind::Passkey, Kind::Authenticator];
        kinds.retain(|kind| administrator && second.contains(kind));
    }
    kinds
}
