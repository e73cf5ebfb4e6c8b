//! The second factor of those who need one: choosing it, and the authenticator's code.

use latchkey_core::audit::Activity;
use latchkey_core::reset::throttle::{self, Bucket};
use latchkey_core::sign_in::{Factor, Next, proofs};
use latchkey_crypto::codes;
use latchkey_store::{Tx, methods, throttle as throttles};
use latchkey_types::Secret;

use super::flow::{Open, Stage, end, go_to, in_step, say};
use super::passkey::Ceremony;
use super::password::{enter, refuse};
use super::{Notice, Outcome, Over};
use crate::reset::{locked, matched_step};
use crate::{App, AppError, Ctx, audit};

/// The longest code that is looked at, with spaces.
const LONGEST_CODE: usize = 64;

/// Codes that may be tried on one way in.
const TRIES: u8 = 5;

/// Chooses a second factor by the name that the page gave it.
pub async fn choose(
    app: &App,
    cookie: &Secret<String>,
    version: i64,
    factor: &str,
) -> Result<Option<Outcome>, AppError> {
    let factor = Factor::parse(factor);
    in_step(app, cookie, version, async |mut tx, mut open| {
        let tx = &mut tx;
        if open.state.stage != Stage::Choose {
            return say(app, &open, Notice::OutOfDate);
        }
        let Some(factor) = factor.filter(|factor| open.options(app).contains(factor)) else {
            return say(app, &open, Notice::ChooseOne);
        };
        let mut ceremony = None;
        match (factor, app.passkeys()) {
            (Factor::Passkey, Some(passkeys)) => {
                open.state.stage = Stage::Passkey;
                ceremony = Some(Ceremony::begin(app, passkeys, open.now)?);
            }
            _ => open.state.stage = Stage::Code,
        }
        go_to(tx, app, open, ceremony.as_ref(), false, None).await
    })
    .await
}

/// Back: to the choice of a second factor, or from a passkey to the password.
pub async fn other(
    app: &App,
    cookie: &Secret<String>,
    version: i64,
) -> Result<Option<Outcome>, AppError> {
    in_step(app, cookie, version, async |mut tx, mut open| {
        let is_second = open.is_second();
        open.state.stage = match open.state.stage {
            Stage::Code | Stage::Passkey if is_second && open.options(app).len() > 1 => {
                Stage::Choose
            }
            Stage::Passkey if !is_second && !open.typed.is_empty() => Stage::Password,
            _ => return say(app, &open, Notice::OutOfDate),
        };
        go_to(&mut tx, app, open, None, false, None).await
    })
    .await
}

/// Tries a code of the authenticator app.
pub async fn second_code(
    app: &App,
    ctx: &Ctx,
    cookie: &Secret<String>,
    version: i64,
    typed: &str,
) -> Result<Option<Outcome>, AppError> {
    let typed = (typed.len() <= LONGEST_CODE)
        .then(|| codes::normalise_code(typed))
        .flatten()
        .filter(|code| code.expose().len() == 6);
    in_step(app, cookie, version, async |mut tx, open| {
        let tx = &mut tx;
        if open.state.stage != Stage::Code {
            return say(app, &open, Notice::OutOfDate);
        }
        // What cannot be a code tells a stranger nothing, and is no try.
        let Some(typed) = &typed else {
            return say(app, &open, Notice::Unreadable);
        };
        try_code(tx, app, ctx, open, typed).await
    })
    .await
}

/// Counted before it is compared: on this way in, and for the account, in a bucket of its own, so
/// that failing here blocks no reset (threat S37).
async fn try_code(
    tx: &mut Tx,
    app: &App,
    ctx: &Ctx,
    mut open: Open,
    typed: &Secret<String>,
) -> Result<Outcome, AppError> {
    let (tenant, subject, now) = (open.row.tenant, open.row.subject, open.now);
    open.state.tries = open.state.tries.saturating_add(1);
    let bucket = Bucket::SecondFactor;
    let hits = throttles::hit(tx, tenant, subject, bucket, now).await?;
    let left = match hits.verdict(now) {
        throttle::Verdict::Blocked { .. } => return blocked(tx, app, ctx, open).await,
        throttle::Verdict::Pass { left } => {
            left.min(usize::from(TRIES.saturating_sub(open.state.tries)))
        }
    };
    let matched = matched_step(tx, tenant, &open.case.authenticators, typed, now).await?;
    let claimant = open.state.flow.claimant(open.row.id);
    let Some(proof) = proofs::authenticator(claimant, matched.map(|(_, step)| step)) else {
        if left == 0 {
            return blocked(tx, app, ctx, open).await;
        }
        refuse(tx, app, ctx, &open, "second_factor_wrong").await?;
        let notice = Some(Notice::WrongCode { left });
        return go_to(tx, app, open, None, false, notice).await;
    };
    throttles::take_back(tx, tenant, subject, bucket, now).await?;
    if let Some((method, _)) = matched {
        methods::note_use(tx, tenant, method, None, now).await?;
    }
    finish(tx, app, ctx, open, &proof).await
}

/// Something more was proven: in, if that is enough under the policy of now.
pub(super) async fn finish(
    tx: &mut Tx,
    app: &App,
    ctx: &Ctx,
    mut open: Open,
    proof: &latchkey_core::sign_in::Proof,
) -> Result<Outcome, AppError> {
    let id = open.row.id;
    if let Ok(flow) = open.state.flow.clone().with(id, proof) {
        open.state.flow = flow;
    }
    match open.state.flow.next(id, &open.facts(app)) {
        Next::In(admission) | Next::ToRegister(admission) => {
            enter(tx, app, ctx, open, None, &admission).await
        }
        Next::Second { options } => super::password::second(tx, app, open, &options).await,
        Next::Refused(_) => {
            // The account changed since the password was typed, or was disabled.
            refuse(tx, app, ctx, &open, "changed_meanwhile").await?;
            end(tx, &mut open).await?;
            Ok(Outcome::Over(Over::Gone))
        }
    }
}

/// Too many wrong codes: the way in is over. Whoever gets here knows the password, so the owner is
/// told when a block begins.
async fn blocked(tx: &mut Tx, app: &App, ctx: &Ctx, mut open: Open) -> Result<Outcome, AppError> {
    let until = open.now.plus(throttle::BLOCK);
    let (tenant, subject) = (open.row.tenant, open.row.subject);
    let bucket = Bucket::SecondFactor;
    if throttles::block(tx, tenant, subject, bucket, until, open.now).await? {
        locked(tx, app, ctx, &open.case, &open.typed, until).await?;
        let entry = open
            .entry(Activity::AccountLocked)
            .because("second_factor_wrong")
            .with("until", until.rfc3339());
        audit::record_one(tx, app, ctx, &open.case.tenant, entry).await?;
    }
    refuse(tx, app, ctx, &open, "second_factor_blocked").await?;
    end(tx, &mut open).await?;
    Ok(Outcome::Over(Over::TooManyCodes))
}
