//! Waiting for an answer.

use std::time::Duration;

use latchkey_store::operations::{self, Operation, State};
use latchkey_store::{Tx, agents};
use latchkey_types::{OperationId, TenantId, Timestamp};
use latchkey_wire::operation::{Answer, DETAIL_MAX, Outcome, Refusal};
use latchkey_wire::{decode, proof};

use super::agents::line;
use super::keys::PublicKeys;
use crate::{App, AppError};
use latchkey_crypto::seal::DataKey;

/// How often the database is asked, for answers that another process kept.
const POLL: Duration = Duration::from_millis(100);

/// What came of an operation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Came {
    /// An agent answered, and signed it.
    Answer(Answer),
    /// No agent took it in time: nothing was done.
    NotTaken,
    /// Nobody knows yet.
    NotKnown,
}

impl Came {
    /// The outcome; *unreachable* where no agent took it.
    pub(crate) fn outcome(&self) -> Outcome {
        match self {
            Self::Answer(answer) => answer.outcome.clone(),
            Self::NotTaken => Outcome::Refused {
                why: Refusal::Unreachable,
            },
            Self::NotKnown => Outcome::Unknown,
        }
    }

    /// What the directory said, for administrators: one line, no longer than an agent may say it.
    pub(crate) fn detail(&self) -> Option<String> {
        match self {
            Self::Answer(answer) => {
                let detail = answer.detail.as_deref()?;
                Some(line(detail, DETAIL_MAX))
            }
            Self::NotTaken | Self::NotKnown => None,
        }
    }
}

/// What is known of an operation now. An answer that the agent did not sign, or that is another
/// operation's, is none: whoever can write to the database learns nothing and changes nothing by it.
pub(crate) async fn came(
    tx: &mut Tx,
    key: &DataKey,
    operation: &Operation,
) -> Result<Came, AppError> {
    match (&operation.state, &operation.answer) {
        (State::Expired, _) => Ok(Came::NotTaken),
        (State::Answered, Some(signed)) => {
            let Some(agent) = agents::find(tx, signed.agent).await? else {
                return Ok(Came::NotKnown);
            };
            let tenant = operation.tenant;
            let statement = proof::answer(tenant, agent.id, signed.key_number, &signed.text);
            let keys = if agent.tenant == tenant {
                PublicKeys::of(key, &agent, signed.key_number)?
            } else {
                None
            };
            let is_signed =
                keys.is_some_and(|keys| keys.sign.verifies(&statement, &signed.signature));
            let said = decode::<Answer>(&signed.text).ok();
            match said.filter(|said| is_signed && said.id == operation.id) {
                Some(answer) => Ok(Came::Answer(answer)),
                None => {
                    tracing::error!(operation = %operation.id, "an answer was not signed by its agent");
                    Ok(Came::NotKnown)
                }
            }
        }
        _ => Ok(Came::NotKnown),
    }
}

/// Waits until an operation is answered, or was not taken in time, or until a moment.
pub(crate) async fn wait(
    app: &App,
    tenant: TenantId,
    id: OperationId,
    until: Timestamp,
) -> Result<(), AppError> {
    let answered = app.db().answered();
    loop {
        let woken = answered.notified();
        tokio::pin!(woken);
        // From here on nothing is missed, whatever happens between looking and waiting.
        woken.as_mut().enable();
        let operation = app
            .db()
            .read(async |mut tx| {
                operations::get(&mut tx, tenant, id)
                    .await
                    .map_err(AppError::from)
            })
            .await?;
        let now = app.clock().now();
        match operation.map(|operation| (operation.state, operation.expires_at)) {
            None | Some((State::Answered | State::Expired, _)) => return Ok(()),
            Some((State::Waiting, expires_at)) if now >= expires_at => {
                app.db()
                    .write(async |mut tx| {
                        operations::expire(&mut tx, tenant, id, now)
                            .await
                            .map_err(AppError::from)
                    })
                    .await?;
                continue;
            }
            Some(_) if now >= until => return Ok(()),
            Some(_) => {}
        }
        tokio::select! {
            () = woken => {}
            () = tokio::time::sleep(POLL) => {}
        }
    }
}

/// Waits for the answer to a question that changes nothing, and forgets the question.
pub(crate) async fn question(
    app: &App,
    key: &DataKey,
    tenant: TenantId,
    id: OperationId,
    patience: Duration,
) -> Result<Outcome, AppError> {
    wait(app, tenant, id, app.clock().now().plus(patience)).await?;
    app.db()
        .write(async |mut tx| {
            let tx = &mut tx;
            let Some(operation) = operations::get(tx, tenant, id).await? else {
                return Ok(Outcome::Unknown);
            };
            let outcome = came(tx, key, &operation).await?.outcome();
            operations::drop_question(tx, tenant, id).await?;
            Ok(outcome)
        })
        .await
}

/// What the audit log calls a refusal.
pub(crate) const fn reason(why: Refusal) -> &'static str {
    match why {
        Refusal::WrongPassword => "wrong_password",
        Refusal::Locked => "locked",
        Refusal::Unreachable | Refusal::Expired => "directory_unavailable",
        why if why.is_about_the_password() => "password_refused",
        _ => "directory_refused",
    }
}
