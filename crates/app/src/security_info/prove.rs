//! Proving once more who one is, before security info is changed.
//!
//! The same rules decide as at the sign-in, and wrong passwords count against the same limit. What
//! was proven gives the session another cookie.

use latchkey_core::audit::Activity;
use latchkey_core::model::{Managed, User};
use latchkey_core::registration::Needs;
use latchkey_core::reset::Subject;
use latchkey_core::reset::throttle::{self, Bucket};
use latchkey_core::sign_in::lockout::{Rule, Verdict as Lock, familiar_since};
use latchkey_core::sign_in::{Facts, Flow, Next, proofs};
use latchkey_crypto::argon::Verdict;
use latchkey_crypto::codes;
use latchkey_crypto::keys::Purpose;
use latchkey_crypto::passkey::{LIFETIME, Passkeys};
use latchkey_store::lockout::{self, Counter};
use latchkey_store::methods::MethodKind;
use latchkey_store::{Tx, accounts, methods, networks, throttle as throttles};
use latchkey_types::{Password, Secret, SignInFlowId, Timestamp};

use super::enter::{Reply, Wish, enter, look, needs, peek};
use super::passkey::Ceremony;
use super::pending::{self, Way};
use crate::audit::{Entry, record_one};
use crate::keys::{open, seal};
use crate::reset;
use crate::reset::matched_step;
use crate::sign_in::{Here, Pace, is_kept_here, network_tag, renew};
use crate::{App, AppError, Ctx};

/// How somebody can prove it once more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ways {
    /// With the password.
    pub password: bool,
    /// With a code of an authenticator app beside it.
    pub code: bool,
    /// With a passkey.
    pub passkey: bool,
    /// The password is at the tenant's identity provider: signing in again is the way.
    pub is_elsewhere: bool,
    /// Two factors are asked for, since the password was reset, until then.
    pub held_until: Option<Timestamp>,
}

impl Ways {
    /// Whether there is no way now.
    pub const fn is_none(self) -> bool {
        !self.password && !self.passkey && !self.is_elsewhere
    }
}

/// What came of it.
#[derive(Debug, Clone)]
pub enum Proved {
    /// It is proven; the browser's next cookie.
    Yes(Secret<String>),
    /// It is not. Which part was wrong is not said.
    No,
    /// There were too many wrong passwords.
    Locked {
        /// Until when.
        until: Timestamp,
    },
}

/// How somebody can prove it once more.
pub async fn ways(app: &App, cookie: &Secret<String>) -> Reply<Ways> {
    let can_passkeys = app.passkeys().is_some();
    look(app, cookie, Wish::Look, |here| ways_of(here, can_passkeys)).await
}

fn ways_of(here: &Here, can_passkeys: bool) -> Ways {
    let held_until = match needs(here) {
        Err(Needs::FreshTwice { held_until }) => Some(held_until),
        Err(Needs::Fresh) | Ok(()) => None,
    };
    let user = here.case.user.as_ref();
    let is_elsewhere = user.is_some_and(|user| user.managed == Managed::Federated);
    let has_authenticator = here.case.methods.authenticators > 0;
    let wants_two = held_until.is_some() || asks_two(here);
    Ways {
        password: !is_elsewhere && (!wants_two || has_authenticator),
        code: wants_two && has_authenticator,
        passkey: can_passkeys && here.case.methods.passkeys > 0,
        is_elsewhere,
        held_until,
    }
}

/// Whether this person always proves two, once there are two.
fn asks_two(here: &Here) -> bool {
    let is_administrator = here.case.user.as_ref().is_some_and(User::is_administrator);
    let methods = &here.case.methods;
    is_administrator && (methods.authenticators > 0 || methods.passkeys > 0)
}

fn facts(here: &Here, flow: &Flow, id: SignInFlowId) -> Option<Facts> {
    let user = here.case.user.as_ref()?;
    Some(Facts {
        claimant: flow.claimant(id),
        is_enabled: user.enabled && user.frozen_at.is_none(),
        is_administrator: user.is_administrator(),
        managed: user.managed,
        has_authenticator: here.case.methods.authenticators > 0,
        has_passkey: here.case.methods.passkeys > 0,
        wants_two: matches!(needs(here), Err(Needs::FreshTwice { .. })),
    })
}

/// Tries the password, with a code of an authenticator app where two factors are asked for.
///
/// Two transactions with the hash between them: the first counts the try, the second says what came
/// of it.
pub async fn prove(
    app: &App,
    ctx: &Ctx,
    cookie: &Secret<String>,
    password: &Password,
    code: &str,
) -> Reply<Proved> {
    let counted = enter(app, cookie, Wish::Look, async |mut tx, here| {
        let tx = &mut tx;
        here.pace(tx, "prove", Pace::OF_HASHES).await?;
        let counter = counter(tx, app, ctx, &here).await?;
        let rule = Rule::from(&here.case.tenant.settings.sign_in);
        match lockout::hit(tx, counter, rule, here.now).await? {
            Lock::Locked { until, begins } => {
                if begins {
                    locked(tx, app, ctx, &here, until).await?;
                }
                Ok(Ok(Err(until)))
            }
            Lock::Try => {
                let stored = accounts::password(tx, here.row.tenant, here.row.user).await?;
                let is_here = here.case.user.as_ref().is_some_and(is_kept_here);
                let hash = stored.filter(|_| is_here);
                let version = here.case.stamp.user;
                Ok(Ok(Ok((hash, version))))
            }
        }
    })
    .await?;
    let (hash, version) = match counted {
        Ok(Ok(counted)) => counted,
        Ok(Err(until)) => return Ok(Ok(Proved::Locked { until })),
        Err(bar) => return Ok(Err(bar)),
    };
    let hash = hash.unwrap_or_else(|| app.unmatchable());
    let typed = latchkey_core::password::normalise(password);
    let verdict = app.hashing().verify(typed, hash).await?;
    let is_right = matches!(verdict, Verdict::Right { .. });
    let code = (code.len() <= 64)
        .then(|| codes::normalise_code(code))
        .flatten();
    enter(app, cookie, Wish::Look, async |mut tx, here| {
        let tx = &mut tx;
        let counter = counter(tx, app, ctx, &here).await?;
        let rule = Rule::from(&here.case.tenant.settings.sign_in);
        // The hash was that of this version.
        let is_right = is_right && here.case.stamp.user == version;
        if !is_right {
            let tag = wrong_tag(app, &here, password);
            let began = lockout::wrong(tx, counter, rule, &tag, here.now).await?;
            failed(tx, app, ctx, &here).await?;
            if let Some(until) = began {
                locked(tx, app, ctx, &here, until).await?;
                return Ok(Ok(Proved::Locked { until }));
            }
            return Ok(Ok(Proved::No));
        }
        let id = SignInFlowId::new(app.clock(), app.entropy());
        let mut flow = Flow::begin(Subject::Known, here.row.user, here.case.stamp.user);
        let claimant = flow.claimant(id);
        let step = match &code {
            Some(code) => {
                // Counted where the sign-in counts them, whatever becomes of the password's counter.
                let (tenant, user) = (here.row.tenant, here.row.user);
                let bucket = Bucket::SecondFactor;
                let hits = throttles::hit(tx, tenant, user, bucket, here.now).await?;
                if let throttle::Verdict::Blocked { .. } = hits.verdict(here.now) {
                    return blocked(tx, app, ctx, &here).await.map(Ok);
                }
                let apps = &here.case.authenticators;
                let found = matched_step(tx, here.row.tenant, apps, code, here.now).await?;
                if let Some((app, _)) = found {
                    methods::note_use(tx, here.row.tenant, app, None, here.now).await?;
                    throttles::take_back(tx, tenant, user, bucket, here.now).await?;
                } else if let throttle::Verdict::Pass { left: 0 } = hits.verdict(here.now) {
                    return blocked(tx, app, ctx, &here).await.map(Ok);
                }
                found.map(|(_, step)| step)
            }
            None => None,
        };
        let proofs = [
            proofs::password(claimant, is_right),
            proofs::authenticator(claimant, step),
        ];
        for proof in proofs.iter().flatten() {
            flow = flow
                .with(id, proof)
                .map_err(|_| AppError::bug("a proof is of another flow"))?;
        }
        let proved = decide(tx, app, ctx, &here, cookie, &flow, id).await?;
        if matches!(proved, Proved::Yes(_)) {
            lockout::right(tx, counter).await?;
        }
        Ok(Ok(proved))
    })
    .await
}

/// Asks the rules, and gives the session what was proven.
async fn decide(
    tx: &mut Tx,
    app: &App,
    ctx: &Ctx,
    here: &Here,
    cookie: &Secret<String>,
    flow: &Flow,
    id: SignInFlowId,
) -> Result<Proved, AppError> {
    let facts = facts(here, flow, id).ok_or(AppError::NotFound)?;
    let admission = match flow.next(id, &facts) {
        Next::In(admission) | Next::ToRegister(admission) => admission,
        Next::Second { .. } | Next::Refused(_) => {
            failed(tx, app, ctx, here).await?;
            return Ok(Proved::No);
        }
    };
    let cookie = renew(
        tx,
        app,
        here,
        cookie,
        admission.factors(),
        admission.is_twice(),
    )
    .await?;
    let names: Vec<&str> = admission.factors().iter().map(|f| f.as_str()).collect();
    let entry = Entry::new(Activity::SignIn)
        .on(here.target())
        .with("once_more", true)
        .with("factors", names);
    record_one(tx, app, ctx, &here.case.tenant, entry).await?;
    Ok(Proved::Yes(cookie))
}

async fn failed(tx: &mut Tx, app: &App, ctx: &Ctx, here: &Here) -> Result<(), AppError> {
    let entry = Entry::new(Activity::SignIn)
        .failed()
        .on(here.target())
        .with("once_more", true);
    record_one(tx, app, ctx, &here.case.tenant, entry).await
}

/// Too many wrong codes of an app. The owner is told when the block begins: whoever gets here knows
/// the password.
async fn blocked(tx: &mut Tx, app: &App, ctx: &Ctx, here: &Here) -> Result<Proved, AppError> {
    let (tenant, user) = (here.row.tenant, here.row.user);
    let until = here.now.plus(throttle::BLOCK);
    let bucket = Bucket::SecondFactor;
    if throttles::block(tx, tenant, user, bucket, until, here.now).await? {
        locked(tx, app, ctx, here, until).await?;
    }
    failed(tx, app, ctx, here).await?;
    Ok(Proved::Locked { until })
}

/// A lock began: its owner is told, once for each.
async fn locked(
    tx: &mut Tx,
    app: &App,
    ctx: &Ctx,
    here: &Here,
    until: Timestamp,
) -> Result<(), AppError> {
    let typed = here.user_id();
    reset::locked(tx, app, ctx, &here.case, typed, until).await?;
    let entry = Entry::new(Activity::AccountLocked)
        .on(here.target())
        .with("until", until.rfc3339())
        .with("once_more", true);
    record_one(tx, app, ctx, &here.case.tenant, entry).await
}

/// The counter of wrong passwords for this person on this network.
async fn counter(tx: &mut Tx, app: &App, ctx: &Ctx, here: &Here) -> Result<Counter, AppError> {
    let (tenant, subject) = (here.row.tenant, here.row.user);
    let network = network_tag(app, ctx, &here.case);
    let since = familiar_since(here.now);
    Ok(Counter {
        tenant,
        subject,
        familiar: networks::is_familiar(tx, tenant, subject, &network, since).await?,
    })
}

/// The keyed hash of a wrong password, to see whether the same one is tried again.
fn wrong_tag(app: &App, here: &Here, password: &Password) -> Secret<[u8; 32]> {
    let normal = latchkey_core::password::normalise(password);
    let parts: [&[u8]; 3] = [
        here.row.tenant.0.as_bytes(),
        here.row.user.0.as_bytes(),
        normal.expose().as_bytes(),
    ];
    Secret::new(*app.keys().tag(Purpose::WrongPassword, &parts).as_bytes())
}

/// Begins to prove it with a passkey. `false`: passkeys cannot be used here, or there is none.
pub async fn begin_proof(app: &App, cookie: &Secret<String>) -> Reply<bool> {
    enter(app, cookie, Wish::Look, async |mut tx, here| {
        let Some(passkeys) = app.passkeys().filter(|_| here.case.methods.passkeys > 0) else {
            return Ok(Ok(false));
        };
        here.pace(&mut tx, "prove", Pace::OF_HASHES).await?;
        let begun = passkeys
            .begin(app.entropy())
            .map_err(|error| AppError::internal("begin a proof with a passkey", error))?;
        let ceremony = Ceremony {
            name: String::new(),
            options: begun.options,
            state: begun.state.expose().clone(),
        };
        pending::put(&mut tx, app, &here, Way::Proof, LIFETIME, &ceremony, None).await?;
        Ok(Ok(true))
    })
    .await
}

/// The options of the proof that was begun. `None`: none was, or its time is over.
pub async fn proof_options(app: &App, cookie: &Secret<String>) -> Reply<Option<String>> {
    peek(app, cookie, Wish::Look, async |mut tx, here| {
        let found = pending::get::<Ceremony>(&mut tx, &here, Way::Proof).await?;
        Ok(Ok(found.map(|(_, ceremony)| ceremony.options)))
    })
    .await
}

/// What the device answered. A challenge is used once, whatever comes of it.
pub async fn finish_proof(
    app: &App,
    ctx: &Ctx,
    cookie: &Secret<String>,
    credential: &str,
) -> Reply<Proved> {
    enter(app, cookie, Wish::Look, async |mut tx, here| {
        let tx = &mut tx;
        let found = pending::get::<Ceremony>(tx, &here, Way::Proof).await?;
        let (Some((row, ceremony)), Some(passkeys)) = (found, app.passkeys()) else {
            return Ok(Ok(Proved::No));
        };
        if !pending::spend(tx, &here, row.id).await? {
            return Ok(Ok(Proved::No));
        }
        let is_verified = verify(tx, app, passkeys, &here, &ceremony, credential).await?;
        let id = SignInFlowId::new(app.clock(), app.entropy());
        let mut flow = Flow::begin(Subject::Known, here.row.user, here.case.stamp.user);
        if let Some(proof) = proofs::passkey(flow.claimant(id), is_verified) {
            flow = flow
                .with(id, &proof)
                .map_err(|_| AppError::bug("a proof is of another flow"))?;
        }
        decide(tx, app, ctx, &here, cookie, &flow, id).await.map(Ok)
    })
    .await
}

async fn verify(
    tx: &mut Tx,
    app: &App,
    passkeys: &Passkeys,
    here: &Here,
    ceremony: &Ceremony,
    credential: &str,
) -> Result<bool, AppError> {
    let Ok(claim) = Passkeys::whose(credential) else {
        return Ok(false);
    };
    let found = methods::find_passkey(tx, &claim.credential_id).await?;
    let Some((_, user, method)) = found.filter(|(tenant, user, method)| {
        (*tenant, *user) == (here.row.tenant, here.row.user) && method.kind == MethodKind::Passkey
    }) else {
        return Ok(false);
    };
    let key = &here.case.data_key;
    let data = open(key, "method", "value", method.id.0, &method.value)?;
    let new = match passkeys.finish(&ceremony.state, credential, user, data.expose()) {
        Ok(new) => new,
        Err(error) => {
            tracing::info!(%error, "a passkey was refused");
            return Ok(false);
        }
    };
    let new = new
        .map(|new| seal(key, app.entropy(), "method", "value", method.id.0, &new))
        .transpose()?;
    let value = new.as_deref().map(|to| methods::Move {
        from: &method.value,
        to,
    });
    // Not if another answer was first.
    Ok(methods::note_use(tx, here.row.tenant, method.id, value, here.now).await?)
}
