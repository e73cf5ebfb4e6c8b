//! Step 1: who are you, and are you human.

use std::time::Duration;

use latchkey_core::audit::Activity;
use latchkey_core::reset::{Detail, Event, Failure, Ineligible, Session, Subject, throttle};
use latchkey_core::settings::Disclosure;
use latchkey_crypto::{codes, pow};
use latchkey_store::sessions::{self, NewSession};
use latchkey_store::{Tx, rate, spent_work, throttle as throttles};
use latchkey_types::{SessionId, TenantId, Timestamp, fold};

use super::forms::owner;
use super::step::{Open, apply, progress, store};
use super::who::{Found, LONGEST, decoy_id, name_key, resolve, service_case};
use super::{Case, HumanProof, Outcome, StartNotice, Started, notify, render};
use crate::audit::{self, Entry};
use crate::keys::seal;
use crate::{App, AppError, Ctx};

/// A form without proof of work is good for ten minutes, like a challenge.
const FORM_MAX_AGE: Duration = Duration::from_secs(600);

/// Forms without proof of work get a quarter of the attempts.
const FORM_COST: u32 = 4;

/// Attempts at step 1 for one tenant: 600 at once, ten a second after that.
const TENANT_BURST: u32 = 600;
const TENANT_INTERVAL: Duration = Duration::from_millis(100);

/// Begins a reset for whatever was typed. What comes of it tells a stranger no more than the
/// tenant's disclosure allows.
pub async fn start(
    app: &App,
    ctx: &Ctx,
    typed: &str,
    proof: HumanProof,
    brand: Option<TenantId>,
) -> Result<Started, AppError> {
    let typed = typed.trim();
    let Some(key) = name_key(typed) else {
        return Ok(Started::Again(StartNotice::Unreadable));
    };
    let now = app.clock().now();
    let by_time = matches!(proof, HumanProof::Time { .. });
    let once = match check(app, &proof, now) {
        Ok(once) => once,
        Err(notice) => return Ok(Started::Again(notice)),
    };
    app.db()
        .write(async |mut tx| {
            let tx = &mut tx;
            if !spent_work::spend(tx, &once.id, once.expires).await? {
                return Ok(Started::Again(StartNotice::CheckFailed));
            }
            if let Some(seconds) = throttled(tx, app, ctx, by_time, now).await? {
                return Ok(Started::Again(StartNotice::Busy { seconds }));
            }
            begin(tx, app, ctx, typed, &key, brand, now).await
        })
        .await
}

fn check(app: &App, proof: &HumanProof, now: Timestamp) -> Result<pow::OnceId, StartNotice> {
    match proof {
        HumanProof::Work { challenge, nonce } => {
            pow::check(app.keys().hasher(), challenge, nonce, now)
                .map_err(|_| StartNotice::CheckFailed)
        }
        HumanProof::Time { token } => {
            let min_age = app.options().form_min_age;
            pow::check_timed(app.keys().hasher(), token, now, min_age, FORM_MAX_AGE).map_err(|no| {
                match no {
                    pow::TimedRefusal::TooSoon => StartNotice::TooFast,
                    _ => StartNotice::CheckFailed,
                }
            })
        }
    }
}

/// Seconds to wait, if this network has made too many attempts.
async fn throttled(
    tx: &mut Tx,
    app: &App,
    ctx: &Ctx,
    by_time: bool,
    now: Timestamp,
) -> Result<Option<u64>, AppError> {
    let options = app.options();
    let cost = if by_time { FORM_COST } else { 1 };
    let interval = options.network_interval * cost;
    let burst = (options.network_burst / cost).max(1);
    let bucket = format!("start.network.{cost}.{}", ctx.network());
    let free = rate::take(tx, &bucket, now, interval, burst).await?;
    Ok((!free).then(|| interval.as_secs().max(1)))
}

async fn begin(
    tx: &mut Tx,
    app: &App,
    ctx: &Ctx,
    typed: &str,
    key: &str,
    brand: Option<TenantId>,
    now: Timestamp,
) -> Result<Started, AppError> {
    let mut found = resolve(tx, key, brand).await?;
    let bucket = format!("start.tenant.{}", found.tenant);
    if !rate::take(tx, &bucket, now, TENANT_INTERVAL, TENANT_BURST).await? {
        return Ok(Started::Again(StartNotice::Busy { seconds: 1 }));
    }
    let mut decoy = decoy_id(app, found.tenant, key);
    let (subject, id) = found.subject(decoy);
    let gathered = Case::gather(tx, app, found.tenant, subject, id, now).await?;
    let mut case = match gathered {
        Some(case) => case,
        None => {
            // The tenant is switched off: its names are unknown like those of no tenant.
            found = Found {
                tenant: TenantId::SERVICE,
                user: None,
            };
            decoy = decoy_id(app, found.tenant, key);
            service_case(tx, app, key, now).await?
        }
    };
    let (subject, id) = found.subject(decoy);
    let hits = throttles::hit(tx, found.tenant, id, throttle::Bucket::Attempts, now).await?;
    let verdict = hits.verdict(now);

    // How a session for a decoy truly ends is settled now.
    let mut truth = None;
    let mut at_once = None;
    if subject == Subject::Decoy {
        truth = Some(Detail::Failed(Failure::UnknownUser));
    }
    match case.tenant.settings.reset.disclosure {
        Disclosure::Standard => at_once = truth,
        Disclosure::Private => {}
        Disclosure::Strict => {
            // The same for every name: what is shown, and a mail that is void unless its owner has
            // something to learn from it.
            let shown = Case::gather(tx, app, found.tenant, Subject::Decoy, decoy, now).await?;
            let shown = shown.ok_or(AppError::NotFound)?;
            // What holds for everybody in the tenant is no secret about anybody.
            let hidden = match (&case.eligibility, subject) {
                (Err(no), Subject::Known) if shown.eligibility.is_ok() => Some(no.clone()),
                _ => None,
            };
            tell_what_is_missing(tx, app, ctx, &case, typed, hidden.as_ref(), now).await?;
            if let Some(no) = hidden {
                truth = Some(Detail::Failed(no.deciding.into()));
                let user = case.user.take();
                case = Case { user, ..shown };
            }
        }
    }
    let subject = case.subject;
    let subject_id = case.subject_id;

    let session_id = SessionId::new(app.clock(), app.entropy());
    let cookie = codes::token(app.entropy());
    let session = Session::begin(subject, case.stamp);
    let expires_at = now.plus(case.tenant.settings.reset.session_time());
    let state = serde_json::to_string(&session)
        .map_err(|error| AppError::internal("write a reset session", error))?;
    let name = seal(
        &case.data_key,
        app.entropy(),
        "reset_session",
        "name",
        session_id.0,
        typed.as_bytes(),
    )?;
    let truth = truth.map(Detail::code);
    let new = NewSession {
        id: session_id,
        subject: subject_id,
        cookie_tag: &super::step::cookie_tag(app, &cookie),
        state: &state,
        name: &name,
        locale: ctx.locale,
        client_address: &ctx.stored_address(case.tenant.settings.client_address),
        client_class: &ctx.browser,
        request: ctx.request,
        detail: truth.as_deref(),
        created_at: now,
        expires_at,
    };
    let row = sessions::insert(tx, found.tenant, &new).await?;
    let open = Open {
        row,
        session,
        case,
        typed: typed.to_owned(),
        asked: None,
        now,
    };
    let entries = vec![progress(&open, "user ID entered")];

    // A block or a refusal ends the session at once.
    let end = match verdict {
        throttle::Verdict::Blocked { until, begins } => {
            if begins {
                let bucket = throttle::Bucket::Attempts;
                if throttles::block(tx, found.tenant, id, bucket, until, now).await? {
                    notify::blocked(tx, app, ctx, &open, None, until).await?;
                }
            }
            Some(Detail::BlockedAttempts)
        }
        throttle::Verdict::Pass { .. } => match (at_once, &open.case.eligibility) {
            (Some(detail), _) => Some(detail),
            (None, Err(no)) => Some(Detail::Failed(no.deciding.into())),
            (None, Ok(eligible)) => all_blocked(&open, eligible),
        },
    };
    let step = match end {
        Some(detail) => open.session.end_at_once(detail),
        None => apply(&open, Event::Look).map_err(|_| AppError::bug("a new session is over"))?,
    };
    let moved = store(tx, app, ctx, open, step, entries).await?;
    Ok(Started::Begun(Outcome {
        view: render::view(app, &moved.open),
        cookie: Some(cookie),
        notice: None,
    }))
}

/// The gate that is to blame, if blocks leave too few gates to ever finish.
fn all_blocked(open: &Open, eligible: &latchkey_core::reset::Eligible) -> Option<Detail> {
    let left: std::collections::BTreeSet<_> = eligible
        .gates
        .iter()
        .filter(|gate| !open.case.blocked.contains(gate))
        .map(|gate| gate.factor())
        .collect();
    let offered = open.session.offered(eligible, &open.case.blocked);
    if left.len() >= usize::from(eligible.required) && !offered.is_empty() {
        return None;
    }
    eligible
        .gates
        .iter()
        .copied()
        .find(|gate| open.case.blocked.contains(gate))
        .map(Detail::BlockedGate)
}

/// In `strict`, the owner learns by mail what the page does not say; once a day.
async fn tell_what_is_missing(
    tx: &mut Tx,
    app: &App,
    ctx: &Ctx,
    case: &Case,
    typed: &str,
    hidden: Option<&Ineligible>,
    now: Timestamp,
) -> Result<(), AppError> {
    let bucket = format!("missing.{}.{}", case.tenant.id, case.subject_id);
    let day = Duration::from_secs(24 * 60 * 60);
    if rate::take(tx, &bucket, now, day, 1).await? {
        notify::missing(tx, app, ctx, case, typed, hidden).await?;
    }
    Ok(())
}

/// Records that a browser accepts no cookies, under the tenant of what was typed.
pub async fn no_cookies(app: &App, ctx: &Ctx, typed: &str) -> Result<(), AppError> {
    let key = fold(typed.get(..LONGEST.min(typed.len())).unwrap_or_default());
    app.db()
        .write(async |mut tx| {
            let tx = &mut tx;
            let bucket = format!("no-cookies.{}", ctx.network());
            let interval = app.options().network_interval;
            let now = app.clock().now();
            if !rate::take(tx, &bucket, now, interval, app.options().network_burst).await? {
                return Ok(());
            }
            let domain = key.rsplit_once('@').map_or("", |(_, domain)| domain);
            let tenant = owner(tx, domain).await?.unwrap_or(TenantId::SERVICE);
            let detail = Detail::Failed(Failure::NoCookies);
            let entry = Entry::new(Activity::ResetSelfService)
                .failed()
                .because(detail.code())
                .with("result", detail.result().as_str());
            let privacy = latchkey_store::tenants::get(tx, tenant)
                .await?
                .map(|tenant| tenant.settings.client_address)
                .unwrap_or_default();
            audit::record(tx, app, ctx, tenant, privacy, vec![entry]).await
        })
        .await
}
