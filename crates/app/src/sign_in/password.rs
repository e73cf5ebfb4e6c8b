//! The password.
//!
//! Two transactions with the hash between them, since nothing but SQL is awaited inside one: the
//! first claims the step and counts the try, the second claims it again and says what came of it.
//! An account and a name that nobody has issue the same statements and cost the same work.

use std::sync::Arc;

use latchkey_core::audit::Activity;
use latchkey_core::model::{Managed, User, UserType};
use latchkey_core::password::{DIRECTORY_MAX, normalise};
use latchkey_core::reset::Writeback;
use latchkey_core::settings::Disclosure;
use latchkey_core::sign_in::lockout::{Rule, Verdict as Lock, familiar_since};
use latchkey_core::sign_in::{Admission, Claimant, Factor, Flow, Next, proofs};
use latchkey_crypto::argon::Verdict;
use latchkey_crypto::keys::Purpose;
use latchkey_crypto::seal::DataKey;
use latchkey_store::lockout::{self, Counter};
use latchkey_store::{Tx, accounts, networks};
use latchkey_types::{OperationId, Password, Secret, TenantId, Timestamp};
use latchkey_wire::operation::{Outcome as Came, Refusal, Verb};

use super::flow::{Open, Stage, claim_first, end, go_to, say, throttled};
use super::passkey::Ceremony;
use super::session::todo;
use super::{Notice, Outcome, SignedInNow, begin, landing};
use crate::reset::{Case, locked};
use crate::writeback::{self, Ask, PATIENCE, ask};
use crate::{App, AppError, Ctx, audit};

/// A try that is counted and has yet to be compared.
struct Counted {
    /// The version of the flow.
    version: i64,
    /// The version of the user whose hash it is.
    user: i64,
    counter: Counter,
    hash: String,
    wrong_tag: Secret<[u8; 32]>,
    /// The directory was asked whether it is right.
    asked: Option<Asked>,
}

/// A directory that was asked.
struct Asked {
    tenant: TenantId,
    operation: OperationId,
    key: Arc<DataKey>,
    /// Whether a copy of the hash here counts while the directory is away.
    keeps_copy: bool,
}

/// What a directory said of a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Directory {
    /// The password is not there.
    NotAsked,
    Right {
        must_change: bool,
    },
    Wrong,
    Locked,
    /// Disabled, expired, or not what this agent serves.
    Refused(Refusal),
    Away,
}

/// What is known once the password was compared.
struct Compared {
    is_right: bool,
    /// The same password, hashed with the work of now.
    rehashed: Option<String>,
    /// A copy of it, for when the directory is away.
    copied: Option<String>,
    /// It is that of the copy that is kept here, and the directory says that it is wrong.
    is_outdated: bool,
    directory: Directory,
}

/// Tries a password. `None`: there is no way in, or it is over.
pub async fn password(
    app: &App,
    ctx: &Ctx,
    cookie: &Secret<String>,
    version: i64,
    typed: &Password,
) -> Result<Option<Outcome>, AppError> {
    // As it was typed for the directory, which compares what it was given; in one form for our own hash.
    let (raw, typed) = (typed, normalise(typed));
    let counted = app
        .db()
        .write(async |mut tx| {
            let tx = &mut tx;
            let open = match claim_first(tx, app, cookie, version).await? {
                Ok(open) => open,
                Err(at_once) => return Ok(Err(at_once)),
            };
            Ok::<_, AppError>(match count(tx, app, ctx, &open, &typed, raw).await? {
                Ok(counted) => Ok(counted),
                Err(notice) => Err(Some(say(app, &open, notice)?)),
            })
        })
        .await;
    let counted = match counted? {
        Ok(counted) => counted,
        Err(at_once) => return Ok(at_once),
    };
    let copy = Secret::new(typed.expose().clone());
    let verdict = app.hashing().verify(copy, counted.hash.clone()).await?;
    let is_here = matches!(verdict, Verdict::Right { .. });
    let (directory, keeps_copy) = match &counted.asked {
        Some(asked) => (said(app, asked).await?, asked.keeps_copy),
        None => (Directory::NotAsked, false),
    };
    let is_right = match directory {
        Directory::NotAsked => is_here,
        Directory::Right { .. } => true,
        // The copy of a hash lets people in while the agent is away, and then only.
        Directory::Away => is_here && keeps_copy,
        Directory::Wrong | Directory::Locked | Directory::Refused(_) => false,
    };
    let is_new = keeps_copy && !is_here && matches!(directory, Directory::Right { .. });
    let is_old = is_right && matches!(verdict, Verdict::Right { rehash: true });
    let hash = if is_new || is_old {
        Some(app.hashing().hash(app.entropy(), typed).await?)
    } else {
        None
    };
    let compared = Compared {
        is_right,
        rehashed: hash.clone().filter(|_| is_old),
        copied: hash.filter(|_| is_new),
        is_outdated: keeps_copy && is_here && directory == Directory::Wrong,
        directory,
    };
    super::flow::in_step(app, cookie, counted.version, async |mut tx, open| {
        settle(&mut tx, app, ctx, open, &counted, &compared).await
    })
    .await
}

/// Whether the directory is asked about a password, and the question.
async fn question(
    tx: &mut Tx,
    app: &App,
    open: &Open,
    typed: &Password,
) -> Result<Option<Asked>, AppError> {
    let case = &open.case;
    let Some(user) = case
        .user
        .as_ref()
        .filter(|user| user.is_checked_in_directory())
    else {
        return Ok(None);
    };
    // A longer one is in no directory: it is as wrong as any, and is not sent.
    let is_too_long = typed.expose().chars().count() > usize::from(DIRECTORY_MAX);
    if case.writeback != Writeback::Ready || is_too_long {
        return Ok(None);
    }
    let operation = OperationId::new(app.clock(), app.entropy());
    let what = Ask {
        password: Some(typed),
        ..Ask::new(Verb::Verify, user, PATIENCE)
    };
    let asked = ask(tx, app, &case.data_key, &case.agents, operation, &what).await?;
    Ok(asked.then(|| Asked {
        tenant: case.tenant.id,
        operation,
        key: Arc::clone(&case.data_key),
        keeps_copy: case.keeps_copy(),
    }))
}

/// Waits for what the directory says.
async fn said(app: &App, asked: &Asked) -> Result<Directory, AppError> {
    let Asked {
        tenant,
        operation,
        key,
        ..
    } = asked;
    let outcome = writeback::question(app, key, *tenant, *operation, PATIENCE).await?;
    Ok(match outcome {
        Came::Done { must_change, .. } => Directory::Right { must_change },
        Came::Refused { why } => match why {
            Refusal::WrongPassword => Directory::Wrong,
            Refusal::Locked => Directory::Locked,
            // Said only of the right one: it lets in to the page where it is changed.
            Refusal::PasswordExpired => Directory::Right { must_change: true },
            // The agent or its directory is out of order: nothing is known of the password.
            Refusal::Unreachable
            | Refusal::Expired
            | Refusal::NotConfigured
            | Refusal::NoPermission
            | Refusal::Malformed
            | Refusal::Unexpected => Directory::Away,
            why => Directory::Refused(why),
        },
        Came::State(_) | Came::Unknown => Directory::Away,
    })
}

/// Counts the try before it is compared; or says why there is nothing to compare.
async fn count(
    tx: &mut Tx,
    app: &App,
    ctx: &Ctx,
    open: &Open,
    typed: &Password,
    raw: &Password,
) -> Result<Result<Counted, Notice>, AppError> {
    if open.state.stage != Stage::Password {
        return Ok(Err(Notice::OutOfDate));
    }
    if typed.expose().is_empty() {
        return Ok(Err(Notice::Unreadable));
    }
    if let Some(seconds) = throttled(tx, app, ctx, "password", open.now).await? {
        return Ok(Err(Notice::Busy { seconds }));
    }
    let (tenant, subject) = (open.row.tenant, open.row.subject);
    let network = network_tag(app, ctx, &open.case);
    let since = familiar_since(open.now);
    let counter = Counter {
        tenant,
        subject,
        familiar: networks::is_familiar(tx, tenant, subject, &network, since).await?,
    };
    let stored = accounts::password(tx, tenant, subject).await?;
    let rule = Rule::from(&open.case.tenant.settings.sign_in);
    if let Lock::Locked { until, begins } = lockout::hit(tx, counter, rule, open.now).await? {
        if begins {
            lock(tx, app, ctx, open, counter, until).await?;
        }
        refuse(tx, app, ctx, open, "locked").await?;
        return Ok(Err(Notice::Locked { until }));
    }
    let is_here = open
        .case
        .user
        .as_ref()
        .is_some_and(|user| is_kept_here(user) || open.case.keeps_copy());
    let asked = question(tx, app, open, raw).await?;
    let parts: [&[u8]; 3] = [
        tenant.0.as_bytes(),
        subject.0.as_bytes(),
        typed.expose().as_bytes(),
    ];
    Ok(Ok(Counted {
        version: open.row.version,
        user: open.case.stamp.user,
        counter,
        hash: stored
            .filter(|_| is_here)
            .unwrap_or_else(|| app.unmatchable()),
        wrong_tag: Secret::new(*app.keys().tag(Purpose::WrongPassword, &parts).as_bytes()),
        asked,
    }))
}

/// Whether a password is compared with a hash that is kept here. What is left of the time before an
/// account moved to a directory counts for nothing.
pub(crate) fn is_kept_here(user: &User) -> bool {
    user.managed == Managed::Cloud && user.user_type != UserType::ExternalGuest
}

/// A network as it is kept: of this account alone, and unreadable.
pub(crate) fn network_tag(app: &App, ctx: &Ctx, case: &Case) -> [u8; 32] {
    let network = ctx.network();
    let parts: [&[u8]; 3] = [
        case.tenant.id.0.as_bytes(),
        case.subject_id.0.as_bytes(),
        network.as_bytes(),
    ];
    *app.keys().tag(Purpose::FamiliarNetwork, &parts).as_bytes()
}

/// Says what came of a try.
async fn settle(
    tx: &mut Tx,
    app: &App,
    ctx: &Ctx,
    mut open: Open,
    counted: &Counted,
    compared: &Compared,
) -> Result<Outcome, AppError> {
    if open.state.stage != Stage::Password {
        return say(app, &open, Notice::OutOfDate);
    }
    // Nothing was proven before: the account may have changed since the name was typed, but not
    // since its hash was read.
    let (subject, user, id) = (open.case.subject, open.row.subject, open.row.id);
    let claimant = Claimant {
        flow: id,
        user,
        subject,
        version: counted.user,
    };
    let flow = Flow::begin(subject, user, counted.user);
    let proven = proofs::password(claimant, compared.is_right)
        .and_then(|proof| flow.clone().with(id, &proof).ok());
    let next = proven
        .as_ref()
        .map(|flow| flow.next(id, &super::flow::facts(app, &open.case, flow, id)));
    let (Some(flow), Some(next)) = (proven, next) else {
        return wrong(tx, app, ctx, &open, counted, compared).await;
    };
    open.state.flow = flow;
    if let (Directory::Right { must_change }, Some(user)) =
        (compared.directory, &mut open.case.user)
    {
        user.must_change_password = must_change;
    }
    match next {
        Next::Refused(_) => wrong(tx, app, ctx, &open, counted, compared).await,
        Next::In(admission) | Next::ToRegister(admission) => {
            right(tx, &open, counted, compared).await?;
            enter(tx, app, ctx, open, None, &admission).await
        }
        Next::Second { options } => {
            right(tx, &open, counted, compared).await?;
            second(tx, app, open, &options).await
        }
    }
}

/// The password was right: its counter is forgotten, and the hash is renewed if it has to be.
async fn right(
    tx: &mut Tx,
    open: &Open,
    counted: &Counted,
    compared: &Compared,
) -> Result<(), AppError> {
    lockout::right(tx, counted.counter).await?;
    if let Some(new) = &compared.rehashed {
        let (tenant, user) = (open.row.tenant, open.row.subject);
        accounts::rehash(tx, tenant, user, &counted.hash, new).await?;
    }
    if let Some(copy) = &compared.copied {
        accounts::keep_copy(tx, open.row.tenant, open.row.subject, copy).await?;
    }
    if let Directory::Right { must_change } = compared.directory {
        accounts::note_must_change(tx, open.row.tenant, open.row.subject, must_change).await?;
    }
    Ok(())
}

/// Goes on to the second factor: the only one, or the choice.
pub(super) async fn second(
    tx: &mut Tx,
    app: &App,
    mut open: Open,
    options: &[Factor],
) -> Result<Outcome, AppError> {
    open.state.stage = match options {
        [Factor::Passkey] => Stage::Passkey,
        [Factor::Authenticator] => Stage::Code,
        _ => Stage::Choose,
    };
    let ceremony = match (open.state.stage, app.passkeys()) {
        (Stage::Passkey, Some(passkeys)) => Some(Ceremony::begin(app, passkeys, open.now)?),
        _ => None,
    };
    go_to(tx, app, open, ceremony.as_ref(), true, None).await
}

/// The password was wrong, or there is nobody whom it would let in: the same for both.
async fn wrong(
    tx: &mut Tx,
    app: &App,
    ctx: &Ctx,
    open: &Open,
    counted: &Counted,
    compared: &Compared,
) -> Result<Outcome, AppError> {
    if compared.is_outdated {
        // The directory has another one by now: this copy must not let anybody in at the next outage.
        accounts::drop_copy(tx, open.row.tenant, open.row.subject, &counted.hash).await?;
    }
    let rule = Rule::from(&open.case.tenant.settings.sign_in);
    let (counter, tag) = (counted.counter, &counted.wrong_tag);
    let why = why(open, compared);
    // Where the directory compared it, the directory counted it, the same one as often as it comes: so
    // do we, or our lock would not come before the directory's (threat S37).
    let unlike_any = Secret::new(latchkey_types::random_bytes::<32>(app.entropy()));
    let tag = match compared.directory {
        Directory::NotAsked | Directory::Away => tag,
        _ => &unlike_any,
    };
    let began = lockout::wrong(tx, counter, rule, tag, open.now).await?;
    if let Some(until) = began {
        lock(tx, app, ctx, open, counter, until).await?;
    }
    refuse(tx, app, ctx, open, why).await?;
    let disclosure = open.case.tenant.settings.reset.disclosure;
    let notice = match began {
        Some(until) => Notice::Locked { until },
        None if why == DIRECTORY && disclosure == Disclosure::Standard => Notice::Directory,
        None if why == LOCKED_THERE && disclosure == Disclosure::Standard => Notice::LockedThere,
        None => Notice::Wrong,
    };
    say(app, open, notice)
}

const DIRECTORY: &str = "directory_unavailable";
const LOCKED_THERE: &str = "locked_in_directory";

/// Why somebody is not let in, for the audit log.
fn why(open: &Open, compared: &Compared) -> &'static str {
    let Some(user) = &open.case.user else {
        return "unknown_user";
    };
    match compared.directory {
        // Of a copy that could be compared it is known.
        Directory::Away if open.case.keeps_copy() => {}
        Directory::Away => return DIRECTORY,
        Directory::Locked => return LOCKED_THERE,
        Directory::Refused(why) => return why.code(),
        Directory::NotAsked | Directory::Right { .. } | Directory::Wrong => {}
    }
    match (user.managed, user.user_type) {
        (Managed::PassThrough, _) if compared.directory == Directory::NotAsked => DIRECTORY,
        (Managed::Federated, _) => "federated",
        (_, UserType::ExternalGuest) => "kept_elsewhere",
        _ if !user.enabled => "disabled",
        _ if user.frozen_at.is_some() => "frozen",
        // The account changed between the two halves of this try.
        _ if compared.is_right => "changed_meanwhile",
        _ => "wrong_password",
    }
}

/// Records that somebody was not let in.
pub(super) async fn refuse(
    tx: &mut Tx,
    app: &App,
    ctx: &Ctx,
    open: &Open,
    why: &'static str,
) -> Result<(), AppError> {
    refuse_with(tx, app, ctx, open, why, None).await
}

/// The same with what an administrator has to know to mend it.
pub(super) async fn refuse_with(
    tx: &mut Tx,
    app: &App,
    ctx: &Ctx,
    open: &Open,
    why: &'static str,
    problem: Option<String>,
) -> Result<(), AppError> {
    metrics::counter!("latchkey_sign_ins_total", "result" => "failure").increment(1);
    let mut entry = open
        .entry(Activity::SignIn)
        .failed()
        .because(why)
        .with("factors", names(open.state.flow.factors()));
    if let Some(problem) = problem {
        entry = entry.with("problem", problem);
    }
    audit::record_one(tx, app, ctx, &open.case.tenant, entry).await
}

fn names(factors: &[Factor]) -> Vec<&'static str> {
    factors.iter().map(|factor| factor.as_str()).collect()
}

/// Records that a lock began and tells the owner, once for each lock.
async fn lock(
    tx: &mut Tx,
    app: &App,
    ctx: &Ctx,
    open: &Open,
    counter: Counter,
    until: Timestamp,
) -> Result<(), AppError> {
    locked(tx, app, ctx, &open.case, &open.typed, until).await?;
    let entry = open
        .entry(Activity::AccountLocked)
        .with("until", until.rfc3339())
        .with("familiar_network", counter.familiar);
    audit::record_one(tx, app, ctx, &open.case.tenant, entry).await
}

/// Lets somebody in: a session of its own, never one that the browser brought along (threat S4).
/// `owner`: whose passkey it was, where only that told who it is.
pub(super) async fn enter(
    tx: &mut Tx,
    app: &App,
    ctx: &Ctx,
    mut open: Open,
    owner: Option<Case>,
    admission: &Admission,
) -> Result<Outcome, AppError> {
    end(tx, &mut open).await?;
    let to = open.state.to;
    let now = open.now;
    let case = owner.unwrap_or(open.case);
    let user = case
        .user
        .as_ref()
        .ok_or_else(|| AppError::bug("nobody was let in"))?;
    let network = network_tag(app, ctx, &case);
    networks::remember(tx, case.tenant.id, user.id, &network, now).await?;
    let begun = begin(tx, app, ctx, &case, admission).await?;
    metrics::counter!("latchkey_sign_ins_total", "result" => "success").increment(1);
    let entry = audit::Entry::new(Activity::SignIn)
        .on(Some(audit::Target::user(user)))
        .with("factors", names(admission.factors()));
    audit::record_one(tx, app, ctx, &case.tenant, entry).await?;
    let todo = todo(&case, admission.factors(), now);
    Ok(Outcome::In(SignedInNow {
        cookie: begun.cookie,
        place: landing(&case, todo, to, now),
        wanted: to,
    }))
}
