//! What every step shares: finding the session, claiming it, storing what is next.

use latchkey_core::audit::{Activity, Outcome as Result_};
use latchkey_core::reset::{
    Context, Detail, Effect, Event, Gate, Refusal, ResultKind, Session, Stage, Step, Subject,
};
use latchkey_crypto::codes;
use latchkey_crypto::keys::Purpose;
use latchkey_store::sessions::{self, SessionRow};
use latchkey_store::{Tx, challenges};
use latchkey_types::{Secret, Timestamp};

use super::passkey::{self, Asked};
use super::{Case, Outcome, View, notify, render};
use crate::audit::{self, Entry};
use crate::keys::open_text;
use crate::{App, AppError, Ctx};

/// A session and everything about its subject.
pub(crate) struct Open {
    pub row: SessionRow,
    pub session: Session,
    pub case: Case,
    /// The name as it was typed in step 1.
    pub typed: String,
    /// The challenge for a passkey that waits for its answer.
    pub asked: Option<Asked>,
    pub now: Timestamp,
}

/// What a step did.
pub(crate) struct Moved {
    pub open: Open,
    /// A new cookie, if the browser has to have one.
    pub cookie: Option<Secret<String>>,
}

pub(crate) fn cookie_tag(app: &App, cookie: &Secret<String>) -> [u8; 32] {
    let cookie = cookie.expose().as_bytes();
    *app.keys()
        .tag(Purpose::SessionCookie, &[b"reset", cookie])
        .as_bytes()
}

/// The page of a session, for a browser that has its cookie. `None`: there is no such session.
pub async fn view(app: &App, ctx: &Ctx, cookie: &Secret<String>) -> Result<Option<View>, AppError> {
    see(app, ctx, cookie, |open| Some((look(open)?, Vec::new()))).await
}

/// The page of a session that is about to be shown. That of the new password is on record as shown, so
/// that whoever leaves then left while choosing; that is a step of its own.
pub async fn shown(
    app: &App,
    ctx: &Ctx,
    cookie: &Secret<String>,
) -> Result<Option<View>, AppError> {
    see(app, ctx, cookie, |open| {
        if matches!(open.session.stage(), Stage::NewPassword { shown: false })
            && let Ok(step) = apply(open, Event::Shown)
        {
            return Some((step, vec![progress(open, "new password page")]));
        }
        Some((look(open)?, Vec::new()))
    })
    .await
}

/// Where a session stands, after a step that is taken only if it leads anywhere: mostly there is
/// nothing to write.
async fn see(
    app: &App,
    ctx: &Ctx,
    cookie: &Secret<String>,
    next: impl Fn(&Open) -> Option<(Step, Vec<Entry>)> + Sync,
) -> Result<Option<View>, AppError> {
    let tag = cookie_tag(app, cookie);
    let found = app
        .db()
        .read(async |mut tx| find(&mut tx, app, &tag).await)
        .await?;
    let Some(open) = found else { return Ok(None) };
    if next(&open).is_none_or(|(step, _)| step.next == open.session) {
        return Ok(Some(render::view(app, &open)));
    }
    // The page is shown for the first time, or the policy or the account changed, or time ran out.
    let next = &next;
    app.db()
        .write(async |mut tx| {
            let tx = &mut tx;
            let Some(open) = find(tx, app, &tag).await? else {
                return Ok(None);
            };
            let Some((step, entries)) = next(&open) else {
                return Ok(Some(render::view(app, &open)));
            };
            if step.next == open.session {
                return Ok(Some(render::view(app, &open)));
            }
            let moved = store(tx, app, ctx, open, step, entries).await?;
            Ok(Some(render::view(app, &moved.open)))
        })
        .await
}

/// Where a session stands if nothing but time passed. `None`: it is over.
fn look(open: &Open) -> Option<Step> {
    apply(open, Event::Look).ok()
}

/// Finds the session of a cookie and gathers the facts. A session whose subject is gone counts as
/// no session.
pub(crate) async fn find(tx: &mut Tx, app: &App, tag: &[u8; 32]) -> Result<Option<Open>, AppError> {
    match sessions::get_by_cookie(tx, tag).await? {
        Some(row) => open(tx, app, row).await,
        None => Ok(None),
    }
}

/// Gathers the facts about a session. `None`: its subject is gone.
pub(crate) async fn open(
    tx: &mut Tx,
    app: &App,
    row: SessionRow,
) -> Result<Option<Open>, AppError> {
    let session: Session = serde_json::from_str(&row.state)
        .map_err(|error| AppError::internal("read a reset session", error))?;
    let now = app.clock().now();
    let case = Case::gather(tx, app, row.tenant, session.subject(), row.subject, now).await?;
    let Some(mut case) = case else {
        return Ok(None);
    };
    case.bear_with_directory(now);
    if session.passed().contains(&Gate::RecoveryCode) {
        case.keep_last_code(now);
    }
    let typed = open_text(&case.data_key, "reset_session", "name", row.id.0, &row.name)?;
    let typed = typed.expose().clone();
    let asked = passkey::asked(tx, &row, &session, &case).await?;
    Ok(Some(Open {
        row,
        session,
        case,
        typed,
        asked,
        now,
    }))
}

/// What a post finds: its session, claimed; or an answer at once.
pub(crate) enum Claim {
    /// The step is this request's, and no other's.
    Ours(Box<Open>),
    /// No such session.
    Gone,
    /// The session is over, or its page is out of date: the answer shows where it stands.
    Stale(Box<Outcome>),
}

/// Claims the session's version for one post. Where the policy or the account changed since its page
/// was shown, or time ran out, that comes first, and the page is out of date.
pub(crate) async fn claim(
    tx: &mut Tx,
    app: &App,
    ctx: &Ctx,
    cookie: &Secret<String>,
    version: i64,
) -> Result<Claim, AppError> {
    let tag = cookie_tag(app, cookie);
    let claimed = sessions::claim_by_cookie(tx, &tag, version).await?;
    let is_ours = claimed.is_some();
    let found = match claimed {
        Some(row) => open(tx, app, row).await?,
        None => find(tx, app, &tag).await?,
    };
    let Some(open) = found else {
        return Ok(Claim::Gone);
    };
    if let Some(step) = look(&open)
        && step.next != open.session
    {
        let moved = store(tx, app, ctx, open, step, Vec::new()).await?;
        let mut outcome = stale(app, &moved.open);
        outcome.cookie = moved.cookie;
        return Ok(Claim::Stale(Box::new(outcome)));
    }
    if is_ours && !open.session.is_over() {
        Ok(Claim::Ours(Box::new(open)))
    } else {
        Ok(Claim::Stale(Box::new(stale(app, &open))))
    }
}

pub(crate) fn apply(open: &Open, event: Event) -> Result<Step, Refusal> {
    let context = Context {
        now: open.now,
        session: open.row.id,
        user: open.row.subject,
        stamp: open.case.stamp,
        eligibility: &open.case.eligibility,
        blocked: &open.case.blocked,
        home: open.case.home(),
    };
    // A session whose time is over does nothing more than end; but not while an agent is at it.
    let event = if open.now >= open.row.expires_at && open.session.writing().is_none() {
        Event::Expire
    } else {
        event
    };
    open.session.apply(event, &context)
}

/// Stores what is next and does what has to be done, in this transaction.
pub(crate) async fn store(
    tx: &mut Tx,
    app: &App,
    ctx: &Ctx,
    mut open: Open,
    step: Step,
    mut entries: Vec<Entry>,
) -> Result<Moved, AppError> {
    let mut cookie = None;
    let mut ended = None;
    for effect in step.effects {
        match effect {
            Effect::SendCode(gate) => {
                notify::send_code(tx, app, &open, gate).await?;
                entries.push(progress(&open, "code sent").with("gate", gate.as_str()));
            }
            Effect::Challenge => passkey::challenge(tx, app, &mut open).await?,
            Effect::RotateCookie => cookie = Some(codes::token(app.entropy())),
            Effect::End(detail) => {
                ended = Some(detail);
                challenges::void_for_session(tx, open.row.tenant, open.row.id, open.now).await?;
                entries.push(end_entry(&open, detail));
            }
            Effect::SetPassword(_) | Effect::Ask(_) => {
                return Err(AppError::bug("a password is set by its own step"));
            }
        }
    }
    open.session = step.next;
    advance(tx, app, &mut open, cookie.as_ref(), ended).await?;
    audit::record(
        tx,
        app,
        ctx,
        open.row.tenant,
        open.case.tenant.settings.client_address,
        entries,
    )
    .await?;
    Ok(Moved { open, cookie })
}

/// Writes the session's new state, by compare-and-swap.
pub(crate) async fn advance(
    tx: &mut Tx,
    app: &App,
    open: &mut Open,
    cookie: Option<&Secret<String>>,
    ended: Option<Detail>,
) -> Result<(), AppError> {
    let state = serde_json::to_string(&open.session)
        .map_err(|error| AppError::internal("write a reset session", error))?;
    let tag = cookie.map(|cookie| cookie_tag(app, cookie));
    let end = ended.map(|detail| (true_detail(&open.row, detail), open.now));
    let step = sessions::Advance {
        state: &state,
        cookie_tag: tag.as_ref().map(<[u8; 32]>::as_slice),
        ended: end.as_ref().map(|(detail, at)| (detail.as_str(), *at)),
    };
    let (tenant, id, version) = (open.row.tenant, open.row.id, open.row.version);
    if !sessions::advance(tx, tenant, id, version, step).await? {
        return Err(AppError::bug("a claimed session moved"));
    }
    open.row.version += 1;
    if let Some((detail, at)) = end {
        open.row.detail = Some(detail);
        open.row.ended_at = Some(at);
    }
    Ok(())
}

/// How a session truly ended: a decoy's was settled when it began.
fn true_detail(row: &SessionRow, seen: Detail) -> String {
    row.detail.clone().unwrap_or_else(|| seen.code())
}

/// The event of a session's end, with its result and the true detail.
pub(crate) fn end_entry(open: &Open, seen: Detail) -> Entry {
    let detail = true_detail(&open.row, seen);
    let kind = Detail::parse(&detail).unwrap_or(seen).result();
    let activity = match kind {
        ResultKind::Blocked => Activity::Blocked,
        _ => Activity::ResetSelfService,
    };
    metrics::counter!("latchkey_resets_total", "result" => kind.as_str()).increment(1);
    let entry = Entry::new(activity)
        .because(detail)
        .on(target(open))
        .in_session(open.row.id)
        .with("result", kind.as_str())
        .with("methods", gates(&open.session));
    match kind {
        ResultKind::Succeeded => entry,
        _ => Entry {
            outcome: Result_::Failure,
            ..entry
        },
    }
}

/// The event of a step or gate.
pub(crate) fn progress(open: &Open, what: &str) -> Entry {
    Entry::new(Activity::Progress)
        .on(target(open))
        .in_session(open.row.id)
        .with("step", what)
}

pub(crate) fn target(open: &Open) -> Option<audit::Target> {
    let user = open.case.user.as_ref();
    Some(audit::subject(user, open.row.subject, &open.typed))
}

fn gates(session: &Session) -> Vec<String> {
    session
        .passed()
        .into_iter()
        .map(|gate| gate.as_str().to_owned())
        .collect()
}

/// The answer to a post: the page as it is now, and what to say on it.
pub(crate) fn answer(app: &App, moved: Moved, notice: Option<super::Notice>) -> Outcome {
    Outcome {
        view: render::view(app, &moved.open),
        cookie: moved.cookie,
        notice,
    }
}

/// The answer to a post that came too late or to a session that is over.
pub(crate) fn stale(app: &App, open: &Open) -> Outcome {
    let notice = if open.session.is_over() {
        super::Notice::TooLate
    } else {
        super::Notice::OutOfDate
    };
    say(app, open, notice)
}

/// The answer to a post that changes nothing but was claimed, with something to say.
pub(crate) fn say(app: &App, open: &Open, notice: super::Notice) -> Outcome {
    Outcome {
        view: render::view(app, open),
        cookie: None,
        notice: Some(notice),
    }
}

/// The answer to a post that asked for nothing that there is, such as a code of letters: no try, but
/// on record.
pub(crate) async fn unusable(
    tx: &mut Tx,
    app: &App,
    ctx: &Ctx,
    open: &Open,
    notice: super::Notice,
) -> Result<Outcome, AppError> {
    let gate = open
        .session
        .active_gate()
        .map(latchkey_core::reset::Gate::as_str);
    let entry = progress(open, "input refused")
        .failed()
        .with("gate", gate.map(String::from));
    audit::record_one(tx, app, ctx, &open.case.tenant, entry).await?;
    Ok(say(app, open, notice))
}

/// What to say to a refusal of the rules.
pub(crate) const fn refused(refusal: Refusal) -> super::Notice {
    match refusal {
        Refusal::Ended => super::Notice::TooLate,
        Refusal::OutOfOrder | Refusal::ForeignProof => super::Notice::OutOfDate,
        Refusal::NotOffered => super::Notice::ChooseOne,
        Refusal::TooSoon => super::Notice::TooSoon,
        Refusal::UnderWay => super::Notice::UnderWay,
    }
}

/// Whether a session's subject is real.
pub(crate) fn is_known(open: &Open) -> bool {
    open.session.subject() == Subject::Known
}
