//! Ways out: cancel, ask for help, or just go away.

use latchkey_core::reset::Event;
use latchkey_store::sessions;
use latchkey_types::Secret;

use super::step::{Claim, answer, apply, claim, cookie_tag, find, open, refused, say, store};
use super::{Outcome, notify};
use crate::{App, AppError, Ctx};

/// Ends the session because the person says so.
pub async fn cancel(
    app: &App,
    ctx: &Ctx,
    cookie: &Secret<String>,
) -> Result<Option<Outcome>, AppError> {
    leave(app, ctx, cookie, false).await
}

/// Ends the session and asks the administrators for help.
pub async fn contact(
    app: &App,
    ctx: &Ctx,
    cookie: &Secret<String>,
) -> Result<Option<Outcome>, AppError> {
    leave(app, ctx, cookie, true).await
}

async fn leave(
    app: &App,
    ctx: &Ctx,
    cookie: &Secret<String>,
    for_help: bool,
) -> Result<Option<Outcome>, AppError> {
    let tag = cookie_tag(app, cookie);
    app.db()
        .write(async |mut tx| {
            let tx = &mut tx;
            // Leaving is right from any page of the session, also from one that is out of date.
            let Some(open) = find(tx, app, &tag).await? else {
                return Ok(None);
            };
            let open = match claim(tx, app, ctx, cookie, open.row.version).await? {
                Claim::Ours(open) => *open,
                Claim::Stale(outcome) => return Ok(Some(*outcome)),
                Claim::Gone => return Ok(None),
            };
            let event = if for_help {
                Event::Contact
            } else {
                Event::Cancel
            };
            let step = match apply(&open, event) {
                Ok(step) => step,
                Err(refusal) => return Ok(Some(say(app, &open, refused(refusal)))),
            };
            if for_help {
                notify::help(tx, app, ctx, &open).await?;
            }
            let moved = store(tx, app, ctx, open, step, Vec::new()).await?;
            Ok(Some(answer(app, moved, None)))
        })
        .await
}

/// Ends sessions whose time is over, as *abandoned* with the last thing that was done. Returns how
/// many there were; call it again while there are any.
pub async fn expire(app: &App, ctx: &Ctx) -> Result<usize, AppError> {
    const BATCH: i64 = 50;
    let now = app.clock().now();
    app.db()
        .write(async |mut tx| {
            let tx = &mut tx;
            let rows = sessions::list_expired(tx, now, BATCH).await?;
            let count = rows.len();
            for row in rows {
                let (tenant, id) = (row.tenant, row.id);
                let Some(mut open) = open(tx, app, row).await? else {
                    // The account is gone, and with it all that could be said of the session.
                    sessions::delete(tx, tenant, id).await?;
                    continue;
                };
                if super::writeback::put_off(tx, &open).await? {
                    continue;
                }
                if open.session.is_over()
                    || !sessions::claim(tx, open.row.tenant, open.row.id, open.row.version).await?
                {
                    continue;
                }
                open.row.version += 1;
                if open.session.writing().is_some() {
                    // Put off for long enough: nobody will ever say what came of it.
                    super::writeback::lost(tx, app, ctx, open).await?;
                    continue;
                }
                let step = apply(&open, Event::Expire)
                    .map_err(|_| AppError::bug("an open session is over"))?;
                store(tx, app, ctx, open, step, Vec::new()).await?;
            }
            Ok(count)
        })
        .await
}
