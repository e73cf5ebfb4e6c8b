//! Saying that what is on file is right, and putting that off.

use latchkey_core::audit::Activity;
use latchkey_core::registration::{State, state};
use latchkey_store::{registration, sign_in_sessions};
use latchkey_types::Secret;

use super::enter::{Bar, Reply, Wish, enter};
use super::settle::on_file;
use crate::audit::{Entry, record_one};
use crate::sign_in::Here;
use crate::{App, AppError, Ctx};

/// How far somebody's registration is.
pub(super) fn state_of(here: &Here) -> Option<State> {
    here.case.registration(here.now).map(|facts| state(&facts))
}

/// Whether somebody who has just signed in is led to this portal first: they have to register or to
/// confirm, and did not put it off.
pub async fn must_look(app: &App, cookie: &Secret<String>) -> Result<bool, AppError> {
    let here = app
        .db()
        .read(async |mut tx| Here::find(&mut tx, app, cookie).await)
        .await?;
    Ok(here.is_some_and(|here| is_asked(&here)))
}

/// The same for a session that is at hand.
pub(crate) fn is_asked(here: &Here) -> bool {
    !here.row.put_off
        && state_of(here).is_some_and(|state| state.must_register || state.must_reconfirm)
}

/// *Not now*: it is asked again at the next sign-in.
pub async fn put_off(app: &App, cookie: &Secret<String>) -> Reply<()> {
    enter(app, cookie, Wish::Look, async |mut tx, here| {
        sign_in_sessions::put_off(&mut tx, here.row.tenant, here.row.id).await?;
        Ok(Ok(()))
    })
    .await
}

/// Says that all that is on file is right. Whoever is not registered has nothing to confirm.
pub async fn confirm_all(app: &App, ctx: &Ctx, cookie: &Secret<String>) -> Reply<()> {
    enter(app, cookie, Wish::Look, async |mut tx, here| {
        let tx = &mut tx;
        let is_registered = state_of(&here).is_some_and(|state| state.is_registered);
        if !is_registered || here.todo().is_some() {
            return Ok(Err(Bar::Closed));
        }
        registration::confirm(tx, here.row.tenant, here.row.user, here.now).await?;
        let entry = Entry::new(Activity::SecurityInfoConfirmed)
            .on(here.target())
            .with("registered", on_file(&here.case));
        record_one(tx, app, ctx, &here.case.tenant, entry).await?;
        Ok(Ok(()))
    })
    .await
}
