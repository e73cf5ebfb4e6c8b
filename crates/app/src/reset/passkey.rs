//! Using a passkey: the browser answers a challenge that this session asked, once.
//!
//! The page asks for any passkey of the site, and so is the same for everybody. Whether the one
//! that answers is this user's is seen here, after the try was counted.

use latchkey_core::reset::{Block, Event, Gate, Session, Stage, gates};
use latchkey_crypto::passkey::{Claim, LIFETIME, Passkeys};
use latchkey_store::challenges::{self, NewChallenge};
use latchkey_store::sessions::SessionRow;
use latchkey_store::{Tx, methods};
use latchkey_types::{ChallengeId, Secret, Timestamp};
use serde::{Deserialize, Serialize};

use super::code::{Count, Try, count, settle};
use super::methods::{claimant, end_blocked, in_step};
use super::step::{Open, answer, apply, refused, say, store, unusable};
use super::{Case, Notice, Outcome};
use crate::keys::{open as unseal, seal};
use crate::{App, AppError, Ctx};

/// The tag of a challenge that no typed code answers.
const NO_CODE: &[u8] = b"";

/// A challenge that a session asked.
pub(crate) struct Asked {
    id: ChallengeId,
    expires_at: Timestamp,
    ceremony: Ceremony,
}

/// What is kept between asking the browser and its answer, sealed.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Ceremony {
    /// For the page.
    options: String,
    state: Vec<u8>,
}

impl Asked {
    /// JSON for the page.
    pub(super) fn options(&self) -> &str {
        &self.ceremony.options
    }
}

/// The challenge of a session that waits for its answer.
pub(super) async fn asked(
    tx: &mut Tx,
    row: &SessionRow,
    session: &Session,
    case: &Case,
) -> Result<Option<Asked>, AppError> {
    if *session.stage() != Stage::Passkey {
        return Ok(None);
    }
    let found = challenges::latest(tx, row.tenant, row.id, Gate::Passkey).await?;
    let Some((found, sealed)) = found.and_then(|mut found| {
        let sealed = found.state.take()?;
        Some((found, sealed))
    }) else {
        return Ok(None);
    };
    let plain = unseal(&case.data_key, "challenge", "state", found.id.0, &sealed)?;
    let ceremony = serde_json::from_slice(plain.expose())
        .map_err(|error| AppError::internal("read a ceremony", error))?;
    Ok(Some(Asked {
        id: found.id,
        expires_at: found.expires_at,
        ceremony,
    }))
}

/// Makes a challenge in place of the last one of this session.
pub(super) async fn challenge(tx: &mut Tx, app: &App, open: &mut Open) -> Result<(), AppError> {
    let begun = app
        .passkeys()
        .ok_or_else(|| AppError::bug("a passkey was offered where there are none"))?
        .begin(app.entropy())
        .map_err(|error| AppError::internal("begin with a passkey", error))?;
    let ceremony = Ceremony {
        options: begun.options,
        state: begun.state.expose().clone(),
    };
    let plain = serde_json::to_vec(&ceremony)
        .map(Secret::new)
        .map_err(|error| AppError::internal("write a ceremony", error))?;
    let id = ChallengeId::new(app.clock(), app.entropy());
    let key = &open.case.data_key;
    let sealed = seal(
        key,
        app.entropy(),
        "challenge",
        "state",
        id.0,
        plain.expose(),
    )?;
    let expires_at = open.now.plus(LIFETIME);
    let new = NewChallenge {
        id,
        session: open.row.id,
        gate: Gate::Passkey,
        tag: NO_CODE,
        state: Some(&sealed),
        created_at: open.now,
        expires_at,
    };
    challenges::insert(tx, open.row.tenant, &new).await?;
    open.asked = Some(Asked {
        id,
        expires_at,
        ceremony,
    });
    Ok(())
}

/// Takes the browser's answer.
pub async fn passkey(
    app: &App,
    ctx: &Ctx,
    cookie: &Secret<String>,
    version: i64,
    response: &str,
) -> Result<Option<Outcome>, AppError> {
    let claim = Passkeys::whose(response).ok();
    in_step(app, ctx, cookie, version, async |mut tx, open| {
        let tx = &mut tx;
        if *open.session.stage() != Stage::Passkey {
            return Ok(say(app, &open, Notice::OutOfDate));
        }
        let Some(passkeys) = app.passkeys() else {
            return Ok(say(app, &open, Notice::OutOfDate));
        };
        // What cannot be an answer tells a stranger nothing, and is no try.
        let Some(claim) = &claim else {
            return unusable(tx, app, ctx, &open, Notice::Unreadable).await;
        };
        // Nor is one that is too late, whatever it is: nothing is compared.
        let Some(asked) = open.asked.as_ref().filter(|a| open.now < a.expires_at) else {
            return match apply(&open, Event::Again) {
                Ok(step) => {
                    let moved = store(tx, app, ctx, open, step, Vec::new()).await?;
                    Ok(answer(app, moved, Some(Notice::PasskeyTooLate)))
                }
                Err(refusal) => Ok(say(app, &open, refused(refusal))),
            };
        };
        let gate = Gate::Passkey;
        let left = match count(tx, &open, gate).await? {
            Count::Pass(left) => left,
            Count::Blocked(until, begins) => {
                let block = Block::Gate(gate);
                let moved = end_blocked(tx, app, ctx, open, block, until, begins).await?;
                return Ok(answer(app, moved, None));
            }
        };
        let checked = check(tx, app, passkeys, &open, asked, claim, response).await?;
        let tried = Try {
            gate,
            left,
            verdict: gates::passkey(claimant(&open), checked.is_ok()),
            anew: Some(Event::Again),
            why: checked.err(),
        };
        settle(tx, app, ctx, open, tried).await
    })
    .await
}

/// Uses the challenge up, and checks the answer to it; or why it is refused, for the audit log.
///
/// Whose passkey it is decides before anything is verified: only its owner has one that gets
/// further here, so that the work of a refusal is that of a decoy's.
async fn check(
    tx: &mut Tx,
    app: &App,
    passkeys: &Passkeys,
    open: &Open,
    asked: &Asked,
    claim: &Claim,
    response: &str,
) -> Result<Result<(), String>, AppError> {
    let (tenant, subject) = (open.row.tenant, open.row.subject);
    let is_ours = challenges::consume(tx, tenant, asked.id, NO_CODE, open.now).await?;
    let found = methods::find_passkey(tx, &claim.credential_id).await?;
    let Some((_, _, row)) = found.filter(|(of, user, _)| (*of, *user) == (tenant, subject)) else {
        return Ok(Err("the passkey is not one of this user".into()));
    };
    if !is_ours {
        return Ok(Err("the challenge was used".into()));
    }
    let key = &open.case.data_key;
    let data = unseal(key, "method", "value", row.id.0, &row.value)?;
    let state = &asked.ceremony.state;
    let renewed = match passkeys.finish(state, response, subject, data.expose()) {
        Ok(renewed) => renewed,
        Err(error) => return Ok(Err(error.to_string())),
    };
    // In this transaction: an answer with the same counter is never right twice.
    let sealed = renewed
        .map(|data| seal(key, app.entropy(), "method", "value", row.id.0, &data))
        .transpose()?;
    let value = sealed.as_deref().map(|to| methods::Move {
        from: &row.value,
        to,
    });
    if !methods::note_use(tx, tenant, row.id, value, open.now).await? {
        return Ok(Err("another answer was first".into()));
    }
    Ok(Ok(()))
}
