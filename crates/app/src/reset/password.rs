//! The new password.

use latchkey_core::password::{Occasion, Violation, normalise};
use latchkey_core::reset::{Authorisation, Effect, Event, Stage};
use latchkey_store::{accounts, history, links, lockout, registration};
use latchkey_types::{Password, Secret};

use super::methods::in_step;
use super::step::{Open, advance, answer, apply, end_entry, find, progress, refused, say, stale};
use super::{Notice, Outcome, notify};
use crate::password::violations;
use crate::{App, AppError, Ctx, audit};

/// Sets the new password, if it is a good one.
pub async fn password(
    app: &App,
    ctx: &Ctx,
    cookie: &Secret<String>,
    version: i64,
    new: &Password,
    confirm: &Password,
) -> Result<Option<Outcome>, AppError> {
    let tag = super::step::cookie_tag(app, cookie);
    let found = app
        .db()
        .read(async |mut tx| {
            let tx = &mut tx;
            let Some(open) = find(tx, app, &tag).await? else {
                return Ok(None);
            };
            let keep = i64::from(open.case.tenant.settings.password.history);
            let old = history::list(tx, open.row.tenant, open.row.subject, keep).await?;
            Ok::<_, AppError>(Some((open, old)))
        })
        .await?;
    let Some((open, old)) = found else {
        return Ok(None);
    };
    if open.session.is_over()
        || open.row.version != version
        || !matches!(open.session.stage(), Stage::NewPassword { .. })
    {
        return Ok(Some(stale(app, &open)));
    }
    if new.expose().is_empty() {
        return Ok(Some(say(app, &open, Notice::Unreadable)));
    }
    if new != confirm {
        return Ok(Some(say(app, &open, Notice::PasswordsDiffer)));
    }
    let violations = violations(app, &open.case, Occasion::Reset, new, old).await?;
    if !violations.is_empty() {
        return refuse(app, ctx, cookie, version, violations).await;
    }
    if open.case.who.managed.is_on_premises() {
        let hash = if open.case.keeps_copy() {
            Some(app.hashing().hash(app.entropy(), normalise(new)).await?)
        } else {
            None
        };
        return super::writeback::set(app, ctx, cookie, version, new, hash).await;
    }
    // Hashed before the transaction, in which the right to set it is looked at again.
    let hash = app.hashing().hash(app.entropy(), normalise(new)).await?;
    in_step(app, ctx, cookie, version, async |mut tx, mut open| {
        let tx = &mut tx;
        let step = match apply(&open, Event::PasswordAccepted) {
            Ok(step) => step,
            Err(refusal) => return Ok(say(app, &open, refused(refusal))),
        };
        let mut right = None;
        let mut ended = None;
        for effect in step.effects {
            match effect {
                Effect::SetPassword(authorisation) => right = Some(authorisation),
                Effect::End(detail) => ended = Some(detail),
                Effect::SendCode(_) | Effect::Challenge | Effect::RotateCookie | Effect::Ask(_) => {
                }
            }
        }
        let before = std::mem::replace(&mut open.session, step.next);
        let Some(detail) = ended else {
            return Err(AppError::bug(
                "a password was accepted and the session goes on",
            ));
        };
        let mut entry = end_entry(&open, detail);
        if let Some(right) = right {
            let unlocked = set(tx, app, &open, &right, &hash).await?;
            let told = notify::was_reset(tx, app, ctx, &open).await?;
            let gates: Vec<&str> = right.gates().iter().map(|gate| gate.as_str()).collect();
            entry = entry
                .with("methods", gates)
                .with("told", told)
                .with("unlocked", unlocked);
        } else {
            // The account or the policy changed under the person's hands.
            entry = entry.with("methods", {
                let gates: Vec<&str> = before.passed().iter().map(|gate| gate.as_str()).collect();
                gates
            });
        }
        advance(tx, app, &mut open, None, Some(detail)).await?;
        audit::record_one(tx, app, ctx, &open.case.tenant, entry).await?;
        let moved = super::step::Moved { open, cookie: None };
        Ok(answer(app, moved, None))
    })
    .await
}

/// Sets the password under an authorisation, ends everything that the old one gave, lifts the locks
/// that wrong ones began, and voids what could still act on the account. Whether there was a lock.
async fn set(
    tx: &mut latchkey_store::Tx,
    app: &App,
    open: &Open,
    right: &Authorisation,
    hash: &str,
) -> Result<bool, AppError> {
    let tenant = open.row.tenant;
    let keep = i64::from(open.case.tenant.settings.password.history);
    let now = app.clock().now();
    let version = open.case.stamp.user;
    if !accounts::set_password(tx, tenant, right.user(), version, hash, now, keep).await? {
        return Err(AppError::Busy {
            retry_after: std::time::Duration::from_secs(1),
        });
    }
    links::void_for_user(tx, tenant, right.user(), now).await?;
    registration::note_reset(tx, tenant, right.user(), now).await?;
    Ok(lockout::clear(tx, tenant, right.user(), now).await?)
}

async fn refuse(
    app: &App,
    ctx: &Ctx,
    cookie: &Secret<String>,
    version: i64,
    violations: Vec<Violation>,
) -> Result<Option<Outcome>, AppError> {
    let codes: Vec<&str> = violations
        .iter()
        .map(|violation| violation.code())
        .collect();
    in_step(app, ctx, cookie, version, async |mut tx, open| {
        let tx = &mut tx;
        let entry = progress(&open, "password refused")
            .failed()
            .with("why", codes.clone());
        audit::record_one(tx, app, ctx, &open.case.tenant, entry).await?;
        Ok(say(app, &open, Notice::PasswordRefused(violations.clone())))
    })
    .await
}
