//! Between the queue and an agent on its connection: for the gateway.

use std::time::Duration;

use latchkey_store::agents;
use latchkey_store::operations::{self, Answer as Signed};
use latchkey_store::{rate, tenants};
use latchkey_types::Timestamp;
use latchkey_wire::operation::{Answer, Context, Outcome, Verb};
use latchkey_wire::{decode, proof};

use super::keys::PublicKeys;
use super::{FRESH, Identity};
use crate::{App, AppError, Ctx};

/// An operation for one agent.
#[derive(Debug, Clone)]
pub struct Handed {
    /// What it is bound to.
    pub context: Context,
    /// The number of the keys that it is sealed to.
    pub key_number: u32,
    /// The sealed contents.
    pub envelope: Vec<u8>,
}

/// How long after the end of its time to begin, whoever took an operation is asked what came of it.
const ASK_AGAIN: Duration = Duration::from_secs(5);

/// How long after that another agent may find out: what was begun at the last moment has ended by
/// then, however slow the directory is.
const ASK_OTHERS: Duration = Duration::from_secs(60);

/// How long one who finds out is left alone.
const FINDING: Duration = Duration::from_secs(30);

/// How many outcomes an agent is asked for at once.
const AT_ONCE: i64 = 16;

/// Attempts to enrol or to connect from one client network: that many at once, ...
const TRIES: u32 = 60;
/// ... then one each.
const TRY_INTERVAL: Duration = Duration::from_secs(2);

/// Whether somebody from this network may try to enrol or to connect.
pub async fn may_try(app: &App, ctx: &Ctx) -> Result<bool, AppError> {
    let bucket = format!("agent.{}", ctx.network());
    app.db()
        .write(async |mut tx| {
            let now = app.clock().now();
            rate::take(&mut tx, &bucket, now, TRY_INTERVAL, TRIES)
                .await
                .map_err(AppError::from)
        })
        .await
}

/// Whether something may wait for an agent: to be asked often.
pub async fn is_waiting(app: &App, who: &Identity) -> Result<bool, AppError> {
    app.db()
        .read(async |mut tx| {
            operations::is_waiting(&mut tx, who.tenant, &who.domain)
                .await
                .map_err(AppError::from)
        })
        .await
}

/// Takes what waits for an agent, up to as many; nobody else gets it. One whose directory is not well
/// leaves it to others of its domain, if there is one whose is.
pub async fn take(app: &App, who: &Identity, most: usize) -> Result<Vec<Handed>, AppError> {
    app.db()
        .write(async |mut tx| {
            let now = app.clock().now();
            let taker = operations::Taker {
                domain: &who.domain,
                agent: who.agent,
                // Of whom nothing was heard since then there is nobody to leave it to.
                there_since: now.minus(FRESH),
            };
            let most = i64::try_from(most).unwrap_or(i64::MAX);
            let taken = operations::take(&mut tx, who.tenant, taker, now, most).await?;
            Ok(handed(who, taken))
        })
        .await
}

/// Takes over finding out what came of operations that were taken and not answered.
pub async fn find_out(app: &App, who: &Identity) -> Result<Vec<Handed>, AppError> {
    app.db()
        .write(async |mut tx| {
            let now = app.clock().now();
            let after = (ASK_AGAIN, ASK_OTHERS);
            let (tenant, domain, agent) = (who.tenant, &who.domain, who.agent);
            let found =
                operations::find_out(&mut tx, tenant, domain, agent, now, after, FINDING, AT_ONCE)
                    .await?;
            Ok(handed(who, found))
        })
        .await
}

fn handed(who: &Identity, taken: Vec<operations::Handed>) -> Vec<Handed> {
    taken
        .into_iter()
        .filter_map(|one| {
            Some(Handed {
                context: Context {
                    id: one.id,
                    tenant: who.tenant,
                    user: one.user,
                    verb: Verb::parse(&one.verb)?,
                    expires_at: one.expires_at,
                },
                key_number: one.key_number,
                envelope: one.envelope,
            })
        })
        .collect()
}

/// Keeps an answer, if the agent signed it. `None`: it is none, or not signed. `Some`: which operation
/// it is of; the agent may forget it. An outcome that is not known is not kept: it will be found out.
pub async fn answer(
    app: &App,
    who: &Identity,
    text: &str,
    key_number: u32,
    signature: &[u8],
) -> Result<Option<Answer>, AppError> {
    let Ok(answer) = decode::<Answer>(text) else {
        return Ok(None);
    };
    let statement = proof::answer(who.tenant, who.agent, key_number, text);
    app.db()
        .write(async |mut tx| {
            let tx = &mut tx;
            let found = agents::find(tx, who.agent).await?;
            // Of one that was revoked meanwhile nothing counts: others find out.
            let Some(agent) = found.filter(|agent| agent.revoked_at.is_none()) else {
                return Ok(None);
            };
            let Some((_, wrapped)) = tenants::get_with_key(tx, who.tenant).await? else {
                return Ok(None);
            };
            let key = app.keys().data_key(who.tenant, &wrapped)?;
            let keys = PublicKeys::of(&key, &agent, key_number)?;
            if !keys.is_some_and(|keys| keys.sign.verifies(&statement, signature)) {
                return Ok(None);
            }
            if answer.outcome != Outcome::Unknown {
                let signed = Signed {
                    agent: who.agent,
                    text: text.to_owned(),
                    key_number,
                    signature: signature.to_vec(),
                };
                let now: Timestamp = app.clock().now();
                // Whether or not it is the first: what was kept once is kept.
                operations::answer(tx, who.tenant, answer.id, &signed, now).await?;
            }
            Ok(Some(answer.clone()))
        })
        .await
}
