//! Resetting or unlocking where the password is in a directory: an agent does it, and the person sees
//! what the directory says.

use std::sync::Arc;
use std::time::Duration;

use latchkey_core::audit::Activity;
use latchkey_core::password::DirectoryPolicy;
use latchkey_core::reset::{
    Deed, Detail, DirectoryState, Effect, Event, Stage, Writeback, Written,
};
use latchkey_store::{Tx, operations, sessions};
use latchkey_types::{OperationId, Password, Secret, SessionId, TenantId};
use latchkey_wire::operation::{AccountState, Outcome as Came, Refusal as Said, Verb};

use super::methods::{goes, in_step};
use super::step::{
    Open, advance, answer, apply, cookie_tag, end_entry, find, open, progress, refused, say, store,
    target,
};
use super::{Notice, Outcome, View, notify, render};
use crate::audit::Entry;
use crate::writeback::{
    self, Ask, PATIENCE, Pending, STATE_PATIENCE, TIME_TO_BEGIN, ask, question, wait,
};
use crate::{App, AppError, Ctx, audit};

/// From when on the page says that it takes longer than it should.
pub(super) const SLOW: Duration = Duration::from_secs(45);

/// How long a session is kept for an answer after its time was over.
const KEPT_FOR_AN_ANSWER: Duration = Duration::from_secs(24 * 60 * 60);

/// How long it is put off at a time.
const PUT_OFF: Duration = Duration::from_secs(5 * 60);

/// Lifts the lock and keeps the password.
pub async fn unlock(
    app: &App,
    ctx: &Ctx,
    cookie: &Secret<String>,
    version: i64,
) -> Result<Option<Outcome>, AppError> {
    write(app, ctx, cookie, version, Deed::Unlock, None, None).await
}

/// Goes on to a new password, where unlocking would have been possible.
pub async fn choose_reset(
    app: &App,
    ctx: &Ctx,
    cookie: &Secret<String>,
    version: i64,
) -> Result<Option<Outcome>, AppError> {
    goes(app, ctx, cookie, version, || Event::ChooseReset).await
}

/// Has an agent set the new password.
pub(super) async fn set(
    app: &App,
    ctx: &Ctx,
    cookie: &Secret<String>,
    version: i64,
    new: &Password,
    hash: Option<String>,
) -> Result<Option<Outcome>, AppError> {
    write(app, ctx, cookie, version, Deed::Reset, Some(new), hash).await
}

/// Asks an agent, waits, and shows what came of it.
async fn write(
    app: &App,
    ctx: &Ctx,
    cookie: &Secret<String>,
    version: i64,
    deed: Deed,
    new: Option<&Password>,
    hash: Option<String>,
) -> Result<Option<Outcome>, AppError> {
    let pending = Pending::of(ctx, hash, false);
    let outcome = in_step(app, ctx, cookie, version, async |mut tx, mut open| {
        let tx = &mut tx;
        let is_away = matches!(
            open.case.writeback,
            Writeback::Unreachable | Writeback::ActionRequired
        );
        if is_away {
            // Known before anything is asked: nobody has to wait for it.
            return away(tx, app, ctx, &open).await;
        }
        let operation = OperationId::new(app.clock(), app.entropy());
        let step = match apply(&open, Event::Write { operation, deed }) {
            Ok(step) => step,
            Err(refusal) => return Ok(say(app, &open, refused(refusal))),
        };
        if !matches!(step.effects.as_slice(), [Effect::Ask(_)]) {
            // The account or the policy changed under the person's hands.
            let moved = store(tx, app, ctx, open, step, Vec::new()).await?;
            return Ok(answer(app, moved, None));
        }
        let Some(user) = &open.case.user else {
            return Err(AppError::bug("an authorisation without an account"));
        };
        let what = Ask {
            session: Some(open.row.id),
            password: new,
            pending: Some(&pending),
            ..Ask::new(verb(deed), user, TIME_TO_BEGIN)
        };
        let (key, agents) = (&open.case.data_key, &open.case.agents);
        if !ask(tx, app, key, agents, operation, &what).await? {
            return away(tx, app, ctx, &open).await;
        }
        open.session = step.next;
        advance(tx, app, &mut open, None, None).await?;
        let entry = progress(&open, "directory asked")
            .with("operation", operation.to_string())
            .with("verb", verb(deed).as_str());
        audit::record_one(tx, app, ctx, &open.case.tenant, entry).await?;
        let moved = super::step::Moved { open, cookie: None };
        Ok(answer(app, moved, None))
    })
    .await?;
    let tag = cookie_tag(app, cookie);
    let asked = match &outcome {
        Some(outcome) if outcome.notice.is_none() => {
            app.db()
                .read(async |mut tx| find(&mut tx, app, &tag).await)
                .await?
        }
        _ => None,
    };
    let Some((open, (operation, _))) =
        asked.and_then(|open| open.session.writing().map(|at| (open, at)))
    else {
        return Ok(outcome);
    };
    let until = app.clock().now().plus(PATIENCE);
    wait(app, open.row.tenant, operation, until).await?;
    settle(app, ctx, open.row.tenant, open.row.id).await?;
    Ok(view_of(app, &tag).await?.map(|view| Outcome {
        view,
        cookie: None,
        notice: None,
    }))
}

/// What the agent is asked.
const fn verb(deed: Deed) -> Verb {
    match deed {
        Deed::Reset => Verb::Reset,
        Deed::Unlock => Verb::Unlock,
    }
}

/// The directory cannot be asked: nothing was done.
async fn away(tx: &mut Tx, app: &App, ctx: &Ctx, open: &Open) -> Result<Outcome, AppError> {
    let entry = progress(open, "directory not reached").failed();
    audit::record_one(tx, app, ctx, &open.case.tenant, entry).await?;
    Ok(say(app, open, Notice::DirectoryAway))
}

async fn view_of(app: &App, tag: &[u8; 32]) -> Result<Option<View>, AppError> {
    let found = app
        .db()
        .read(async |mut tx| find(&mut tx, app, tag).await)
        .await?;
    Ok(found.map(|open| render::view(app, &open)))
}

/// The page of a session at which an agent may be: what came of it is settled first.
pub async fn working(
    app: &App,
    ctx: &Ctx,
    cookie: &Secret<String>,
) -> Result<Option<View>, AppError> {
    let tag = cookie_tag(app, cookie);
    let found = app
        .db()
        .read(async |mut tx| find(&mut tx, app, &tag).await)
        .await?;
    let Some(open) = found else { return Ok(None) };
    let Some((operation, _)) = open.session.writing() else {
        return Ok(Some(render::view(app, &open)));
    };
    // Also takes an operation away that nobody took in time.
    wait(app, open.row.tenant, operation, open.now).await?;
    settle(app, ctx, open.row.tenant, open.row.id).await?;
    view_of(app, &tag).await
}

/// What came of settling.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Settled {
    /// It is done, by this caller.
    Here,
    /// Not known yet, or somebody else does it.
    NotYet,
    /// The session is gone, or does not wait for an operation any more.
    NoSession,
}

/// Does what follows from an answer, once, whoever gets here first. Nothing, while it is not known.
pub(crate) async fn settle(
    app: &App,
    ctx: &Ctx,
    tenant: TenantId,
    id: SessionId,
) -> Result<Settled, AppError> {
    app.db()
        .write(async |mut tx| {
            let tx = &mut tx;
            let Some(row) = sessions::get(tx, tenant, id).await? else {
                return Ok(Settled::NoSession);
            };
            let Some(mut open) = open(tx, app, row).await? else {
                return Ok(Settled::NoSession);
            };
            let Some((operation, deed)) = open.session.writing() else {
                return Ok(Settled::NoSession);
            };
            let Some(operation) = operations::get(tx, tenant, operation).await? else {
                if !sessions::claim(tx, tenant, id, open.row.version).await? {
                    return Ok(Settled::NotYet);
                }
                open.row.version += 1;
                lost(tx, app, ctx, open).await?;
                return Ok(Settled::Here);
            };
            let came = writeback::came(tx, &open.case.data_key, &operation).await?;
            let Some((written, why)) = written(&came.outcome()) else {
                return Ok(Settled::NotYet);
            };
            if !sessions::claim(tx, tenant, id, open.row.version).await? {
                return Ok(Settled::NotYet);
            }
            open.row.version += 1;
            let event = Event::Written {
                operation: operation.id,
                written,
                why: why.map(|why| why.code().to_owned()),
            };
            let gates: Vec<&str> = open.session.passed().iter().map(|g| g.as_str()).collect();
            let step = apply(&open, event)
                .map_err(|_| AppError::bug("what came of an operation has no place"))?;
            let ended = step.effects.iter().find_map(|effect| match effect {
                Effect::End(detail) => Some(*detail),
                _ => None,
            });
            let pending = Pending::read(&open.case.data_key, &operation)?;
            // Whoever asked did it, whoever gets to say so.
            let ctx = &pending.by(ctx);
            if written == Written::Done {
                writeback::done(tx, &open.case, verb(deed), &pending, false, open.now).await?;
            }
            open.session = step.next;
            advance(tx, app, &mut open, None, ended).await?;
            let mut entry = match ended {
                Some(detail) => end_entry(&open, detail).with("methods", gates),
                None => progress(&open, "directory refused").failed(),
            };
            if deed == Deed::Unlock && written == Written::Done {
                entry.activity = Activity::Unlock;
            }
            entry = entry.with("operation", operation.id.to_string());
            if let Some(why) = why {
                entry = entry.with("why", why.code());
            }
            if let Some(detail) = came.detail() {
                entry = entry.with("directory", detail);
            }
            if written == Written::Done {
                let told = notify::was_written(tx, app, ctx, &open.case, open.now, deed).await?;
                entry = entry.with("told", told);
            }
            audit::record_one(tx, app, ctx, &open.case.tenant, entry).await?;
            operations::settle(tx, tenant, operation.id, open.now).await?;
            Ok(Settled::Here)
        })
        .await
}

/// Nobody can tell any more what came of it. The claimed session ends without saying that it failed or
/// succeeded, and an administrator has to look.
pub(super) async fn lost(
    tx: &mut Tx,
    app: &App,
    ctx: &Ctx,
    mut open: Open,
) -> Result<(), AppError> {
    let detail = Detail::AbandonedChoosingPassword;
    let step = open.session.end_at_once(detail);
    open.session = step.next;
    advance(tx, app, &mut open, None, Some(detail)).await?;
    let alarm = Entry::new(Activity::WritebackUnknown)
        .failed()
        .on(target(&open))
        .in_session(open.row.id);
    let tenant = &open.case.tenant;
    let entries = vec![end_entry(&open, detail), alarm];
    audit::record(
        tx,
        app,
        ctx,
        tenant.id,
        tenant.settings.client_address,
        entries,
    )
    .await
}

/// What an outcome is to a session, and why. `None`: not known yet.
fn written(came: &Came) -> Option<(Written, Option<Said>)> {
    Some(match came {
        Came::Done { .. } => (Written::Done, None),
        Came::Unknown => return None,
        Came::State(_) => (Written::Failed, Some(Said::Unexpected)),
        Came::Refused { why } => (
            match why {
                Said::TooYoung => Written::PasswordRefused,
                why if why.is_about_the_password() => Written::PasswordRefused,
                // The agent or its directory is out of order, and perhaps another one's is not.
                Said::Unreachable | Said::Expired | Said::NotConfigured | Said::Malformed => {
                    Written::NotReached
                }
                _ => Written::Failed,
            },
            Some(*why),
        ),
    })
}

/// A session whose time is over while an agent is at it is put off, since only then it can still tell
/// what was done. `false`: it has been for long enough.
pub(super) async fn put_off(tx: &mut Tx, open: &Open) -> Result<bool, AppError> {
    let last = open.row.created_at.plus(KEPT_FOR_AN_ANSWER);
    if open.session.writing().is_none() || open.now >= last {
        return Ok(false);
    }
    let until = open.now.plus(PUT_OFF).min(last);
    Ok(sessions::postpone(tx, open.row.tenant, open.row.id, until).await?)
}

/// Has the directory asked how the account is and which policy applies, if it was not: for the pages
/// that choose. It costs a moment at most; without an answer the page shows what is known.
pub async fn read_directory(app: &App, ctx: &Ctx, cookie: &Secret<String>) -> Result<(), AppError> {
    let tag = cookie_tag(app, cookie);
    let operation = OperationId::new(app.clock(), app.entropy());
    let found = app
        .db()
        .read(async |mut tx| find(&mut tx, app, &tag).await)
        .await?;
    if !found.is_some_and(|open| wants_directory(&open)) {
        return Ok(());
    }
    let asked = app
        .db()
        .write(async |mut tx| {
            let tx = &mut tx;
            let Some(open) = find(tx, app, &tag).await? else {
                return Ok(None);
            };
            let Some(user) = open.case.user.as_ref().filter(|_| wants_directory(&open)) else {
                return Ok(None);
            };
            let what = Ask::new(Verb::State, user, STATE_PATIENCE);
            let (key, agents) = (&open.case.data_key, &open.case.agents);
            let asked = ask(tx, app, key, agents, operation, &what).await?;
            Ok::<_, AppError>(asked.then(|| (open.row.tenant, Arc::clone(key))))
        })
        .await?;
    let Some((tenant, key)) = asked else {
        return Ok(());
    };
    let Came::State(state) = question(app, &key, tenant, operation, STATE_PATIENCE).await? else {
        return Ok(());
    };
    app.db()
        .write(async |mut tx| {
            let tx = &mut tx;
            let Some(mut open) = find(tx, app, &tag).await? else {
                return Ok(());
            };
            let (row, event) = (&open.row, Event::DirectoryRead(state_read(&state)));
            let Ok(step) = apply(&open, event) else {
                return Ok(());
            };
            if !sessions::claim(tx, row.tenant, row.id, row.version).await? {
                return Ok(());
            }
            open.row.version += 1;
            store(tx, app, ctx, open, step, Vec::new()).await?;
            Ok(())
        })
        .await
}

fn wants_directory(open: &Open) -> bool {
    matches!(
        open.session.stage(),
        Stage::Deed | Stage::NewPassword { .. }
    ) && open.session.directory().is_none()
        && open.case.who.managed.is_on_premises()
        && open.case.writeback == Writeback::Ready
}

/// What the pages need of the answer.
pub(crate) fn state_read(state: &AccountState) -> DirectoryState {
    let policy = &state.policy;
    let short = |number: u32| u16::try_from(number).unwrap_or(u16::MAX);
    DirectoryState {
        locked: state.locked,
        policy: DirectoryPolicy {
            min_length: policy.min_length.map(short).filter(|min| *min > 0),
            complexity: policy.complexity,
            history: policy
                .history
                .map_or(0, |history| u8::try_from(history).unwrap_or(u8::MAX)),
            history_on_reset: policy.history_on_reset,
            may_change_from: policy.may_change_from,
        },
    }
}
