//! Signing in with a passkey: instead of everything else, or as the second factor.

use latchkey_core::reset::Subject;
use latchkey_core::sign_in::{Flow, Next, proofs};
use latchkey_crypto::passkey::{LIFETIME, Passkeys};
use latchkey_crypto::seal::DataKey;
use latchkey_store::{Tx, methods};
use latchkey_types::{Secret, SignInFlowId, Timestamp};
use serde::{Deserialize, Serialize};

use super::flow::{Open, Stage, facts, go_to, in_step, say, throttled};
use super::password::{enter, refuse};
use super::second::finish;
use super::{Notice, Outcome};
use crate::keys::{open as unseal, seal};
use crate::reset::Case;
use crate::{App, AppError, Ctx};

/// What is kept between asking the browser and its answer, sealed.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Ceremony {
    /// For the page.
    pub options: String,
    state: Vec<u8>,
    begun_at: i64,
}

impl Ceremony {
    pub(super) fn begin(app: &App, passkeys: &Passkeys, now: Timestamp) -> Result<Self, AppError> {
        let begun = passkeys
            .begin(app.entropy())
            .map_err(|error| AppError::internal("begin with a passkey", error))?;
        Ok(Self {
            options: begun.options,
            state: begun.state.expose().clone(),
            begun_at: now.0,
        })
    }

    pub(super) fn sealed(
        &self,
        app: &App,
        key: &DataKey,
        id: SignInFlowId,
    ) -> Result<Vec<u8>, AppError> {
        let text = serde_json::to_vec(self)
            .map_err(|error| AppError::internal("write a ceremony", error))?;
        seal(key, app.entropy(), "sign_in_flow", "secret", id.0, &text)
    }

    /// Whether the browser may still answer.
    fn is_open(&self, now: Timestamp) -> bool {
        now < Timestamp(self.begun_at).plus(LIFETIME)
    }
}

/// A passkey that answered rightly, and its owner.
struct Proven {
    owner: Case,
}

/// From the page for the password: a passkey instead of it.
pub async fn use_passkey(
    app: &App,
    cookie: &Secret<String>,
    version: i64,
) -> Result<Option<Outcome>, AppError> {
    in_step(app, cookie, version, async |mut tx, mut open| {
        let Some(passkeys) = app.passkeys() else {
            return say(app, &open, Notice::PasskeyRefused);
        };
        if open.state.stage != Stage::Password {
            return say(app, &open, Notice::OutOfDate);
        }
        open.state.stage = Stage::Passkey;
        let ceremony = Ceremony::begin(app, passkeys, open.now)?;
        go_to(&mut tx, app, open, Some(&ceremony), false, None).await
    })
    .await
}

/// Takes the browser's answer. A challenge is used once, whatever comes of it.
pub async fn passkey(
    app: &App,
    ctx: &Ctx,
    cookie: &Secret<String>,
    version: i64,
    response: &str,
) -> Result<Option<Outcome>, AppError> {
    in_step(app, cookie, version, async |mut tx, open| {
        let tx = &mut tx;
        let Some(passkeys) = app
            .passkeys()
            .filter(|_| open.state.stage == Stage::Passkey)
        else {
            return say(app, &open, Notice::OutOfDate);
        };
        // Nothing can be guessed here, but each answer is an event, and the log is not a stranger's
        // to fill.
        if let Some(seconds) = throttled(tx, app, ctx, "passkey", open.now).await? {
            return say(app, &open, Notice::Busy { seconds });
        }
        match prove(tx, app, passkeys, &open, response).await? {
            Ok(proven) => accept(tx, app, ctx, open, proven).await,
            Err(why) => again(tx, app, ctx, passkeys, open, why).await,
        }
    })
    .await
}

/// Another challenge in place of the one that came to nothing.
async fn again(
    tx: &mut Tx,
    app: &App,
    ctx: &Ctx,
    passkeys: &Passkeys,
    open: Open,
    why: &'static str,
) -> Result<Outcome, AppError> {
    refuse(tx, app, ctx, &open, why).await?;
    let ceremony = Ceremony::begin(app, passkeys, open.now)?;
    let notice = Some(Notice::PasskeyRefused);
    go_to(tx, app, open, Some(&ceremony), false, notice).await
}

/// Checks an answer; or the reason code of why it is refused.
async fn prove(
    tx: &mut Tx,
    app: &App,
    passkeys: &Passkeys,
    open: &Open,
    response: &str,
) -> Result<Result<Proven, &'static str>, AppError> {
    let Some(ceremony) = open.ceremony()?.filter(|c| c.is_open(open.now)) else {
        return Ok(Err("passkey_too_late"));
    };
    let Ok(claim) = Passkeys::whose(response) else {
        return Ok(Err("passkey_malformed"));
    };
    let Some((tenant, user, row)) = methods::find_passkey(tx, &claim.credential_id).await? else {
        return Ok(Err("passkey_unknown"));
    };
    // As the second factor, it is that of whoever typed the password.
    if open.is_second() && (tenant, user) != (open.row.tenant, open.row.subject) {
        return Ok(Err("passkey_of_another"));
    }
    let owner = Case::gather(tx, app, tenant, Subject::Known, user, open.now).await?;
    let Some(owner) = owner else {
        return Ok(Err("passkey_unknown"));
    };
    let data = unseal(&owner.data_key, "method", "value", row.id.0, &row.value)?;
    let Ok(renewed) = passkeys.finish(&ceremony.state, response, user, data.expose()) else {
        return Ok(Err("passkey_wrong"));
    };
    let sealed = renewed
        .map(|data| {
            seal(
                &owner.data_key,
                app.entropy(),
                "method",
                "value",
                row.id.0,
                &data,
            )
        })
        .transpose()?;
    let value = sealed.as_deref().map(|to| methods::Move {
        from: &row.value,
        to,
    });
    if !methods::note_use(tx, tenant, row.id, value, open.now).await? {
        return Ok(Err("passkey_wrong"));
    }
    Ok(Ok(Proven { owner }))
}

async fn accept(
    tx: &mut Tx,
    app: &App,
    ctx: &Ctx,
    mut open: Open,
    proven: Proven,
) -> Result<Outcome, AppError> {
    let id = open.row.id;
    if open.is_second() {
        let claimant = open.state.flow.claimant(id);
        return match proofs::passkey(claimant, true) {
            Some(proof) => finish(tx, app, ctx, open, &proof).await,
            None => Err(AppError::bug("a decoy has a passkey")),
        };
    }
    // Only now is it known who it is.
    let owner = proven.owner;
    let flow = Flow::begin(Subject::Known, owner.subject_id, owner.stamp.user);
    let flow = proofs::passkey(flow.claimant(id), true)
        .and_then(|proof| flow.clone().with(id, &proof).ok())
        .ok_or_else(|| AppError::bug("a passkey proves nothing"))?;
    let next = flow.next(id, &facts(app, &owner, &flow, id));
    match next {
        Next::In(admission) => enter(tx, app, ctx, open, Some(owner), &admission).await,
        Next::Second { .. } | Next::ToRegister(_) | Next::Refused(_) => {
            // Disabled or frozen: the event is about the owner, and the page says no more.
            let passkeys = app
                .passkeys()
                .ok_or_else(|| AppError::bug("there are no passkeys"))?;
            let why = match &owner.user {
                Some(user) if !user.enabled => "disabled",
                _ => "frozen",
            };
            let entry = crate::audit::Entry::new(latchkey_core::audit::Activity::SignIn)
                .failed()
                .because(why)
                .on(owner.user.as_ref().map(crate::audit::Target::user))
                .with("factors", vec!["passkey"]);
            crate::audit::record_one(tx, app, ctx, &owner.tenant, entry).await?;
            let ceremony = Ceremony::begin(app, passkeys, open.now)?;
            open.state.stage = Stage::Passkey;
            let notice = Some(Notice::PasskeyRefused);
            go_to(tx, app, open, Some(&ceremony), false, notice).await
        }
    }
}
