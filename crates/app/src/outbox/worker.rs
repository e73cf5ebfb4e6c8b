use std::sync::Arc;
use std::time::Duration;

use latchkey_core::audit::{Activity, ActorKind};
use latchkey_core::settings::ClientAddressPrivacy;
use latchkey_notify::{Destination, MessageKind, Outgoing, Retry};
use latchkey_store::outbox::{self, ClaimedMessage, Outcome};
use latchkey_store::{Tx, tenants};
use latchkey_types::{Locale, RequestId, Timestamp};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use super::{Payload, VOID};
use crate::audit::{self, Entry};
use crate::keys::open;
use crate::{App, AppError, Ctx};

/// How many messages are claimed, and sent at once.
const BATCH: i64 = 32;

/// How long a worker may keep what it claimed; longer than any channel's own time-out.
const LEASE: Duration = Duration::from_secs(120);

/// How long the outbox waits when nothing wakes it: for messages of other processes and for retries.
const IDLE: Duration = Duration::from_secs(1);

/// Sends what is in the outbox. Any number of them may run, in any number of processes.
pub struct Worker {
    app: App,
    name: String,
}

/// What became of a message.
enum Fate {
    Done(Outcome),
    Later(Timestamp, String),
}

impl Worker {
    /// A worker; its name is unique among all processes.
    pub fn new(app: App) -> Self {
        let name = latchkey_types::MessageId::new(app.clock(), app.entropy()).to_string();
        Self { app, name }
    }

    /// Works until it is told to stop, and then finishes what it has in hand.
    pub async fn run(&self, stop: CancellationToken) {
        while !stop.is_cancelled() {
            match self.round().await {
                Ok(0) => {}
                Ok(_) => continue,
                Err(error) => warn!(error = %error.chain(), "the outbox could not be read"),
            }
            tokio::select! {
                () = stop.cancelled() => {}
                () = self.app.outbox().notified() => {}
                () = tokio::time::sleep(IDLE) => {}
            }
        }
    }

    /// Tells the tenant's log that somebody could not be written to.
    async fn record_failure(&self, tx: &mut Tx, message: &ClaimedMessage) -> Result<(), AppError> {
        let ctx = Ctx {
            request: RequestId::new(self.app.clock(), self.app.entropy()),
            address: None,
            browser: String::new(),
            locale: Locale::En,
            actor: ActorKind::System,
        };
        let entry = Entry::new(Activity::MessageFailed)
            .failed()
            .because("refused")
            .with("kind", message.kind.as_str())
            .with("channel", message.channel.as_str())
            .with("message", message.id.to_string());
        let privacy = ClientAddressPrivacy::Nothing;
        audit::record(tx, &self.app, &ctx, message.tenant, privacy, vec![entry]).await
    }

    /// Claims and sends one batch; how many there were.
    pub async fn round(&self) -> Result<usize, AppError> {
        let now = self.app.clock().now();
        let claimed = self
            .app
            .db()
            .write(async |mut tx| {
                outbox::claim(&mut tx, &self.name, now, LEASE, BATCH)
                    .await
                    .map_err(AppError::from)
            })
            .await?;
        let count = claimed.len();
        let mut sending = JoinSet::new();
        for message in claimed {
            let app = self.app.clone();
            sending.spawn(async move {
                let fate = send(&app, &message).await;
                (message, fate)
            });
        }
        let mut fates = Vec::new();
        while let Some(joined) = sending.join_next().await {
            fates.push(joined.map_err(|error| AppError::internal("send a message", error))?);
        }
        let fates = Arc::new(fates);
        self.app
            .db()
            .write(async |mut tx| {
                let tx = &mut tx;
                for (message, fate) in fates.iter() {
                    let now = self.app.clock().now();
                    match fate {
                        Fate::Done(outcome) => {
                            let (tenant, id) = (message.tenant, message.id);
                            outbox::done(tx, tenant, id, &self.name, *outcome, now).await?;
                            if *outcome == Outcome::Failed {
                                self.record_failure(tx, message).await?;
                            }
                        }
                        Fate::Later(due, error) => {
                            outbox::retry_later(
                                tx,
                                message.tenant,
                                message.id,
                                &self.name,
                                *due,
                                error,
                            )
                            .await?;
                        }
                    }
                }
                Ok::<_, AppError>(())
            })
            .await?;
        Ok(count)
    }
}

/// Sends everything that is due. For tests and for the end of the demonstration.
pub async fn drain(app: &App) -> Result<(), AppError> {
    let worker = Worker::new(app.clone());
    while worker.round().await? > 0 {}
    Ok(())
}

async fn send(app: &App, message: &ClaimedMessage) -> Fate {
    let now = app.clock().now();
    let label = message.kind.clone();
    let count = |outcome: &'static str| {
        metrics::counter!("latchkey_messages_total", "kind" => label.clone(), "outcome" => outcome)
            .increment(1);
    };
    if now >= message.expires_at {
        count("expired");
        return Fate::Done(Outcome::Expired);
    }
    let outgoing = match unpack(app, message).await {
        Ok(outgoing) => outgoing,
        Err(error) => {
            warn!(message = %message.id, error = %error.chain(), "a message cannot be read");
            return Fate::Later(
                now.plus(back_off(message.attempts)),
                String::from("unreadable"),
            );
        }
    };
    if message.channel == VOID {
        return Fate::Done(Outcome::Void);
    }
    match app.channel().send(&outgoing).await {
        Ok(_) => {
            info!(message = %message.id, kind = %message.kind, "sent");
            count("sent");
            Fate::Done(Outcome::Sent)
        }
        Err(error) => {
            let text = error.log_text().to_owned();
            warn!(message = %message.id, kind = %message.kind, error = %text, "not sent");
            match error.retry() {
                Retry::Never => {
                    count("failed");
                    Fate::Done(Outcome::Failed)
                }
                Retry::Later | Retry::Unknown => {
                    count("later");
                    Fate::Later(now.plus(back_off(message.attempts)), text)
                }
            }
        }
    }
}

/// 2, 4, 8 … seconds, at most 10 minutes.
fn back_off(attempts: i64) -> Duration {
    let power = u32::try_from(attempts.clamp(1, 12)).unwrap_or(1);
    Duration::from_secs(2_u64.saturating_pow(power)).min(Duration::from_secs(600))
}

async fn unpack(app: &App, message: &ClaimedMessage) -> Result<Outgoing, AppError> {
    let fault = |error| AppError::internal("read a message", error);
    let wrapped = app
        .db()
        .read(async |mut tx| {
            tenants::data_key(&mut tx, message.tenant)
                .await
                .map_err(AppError::from)
        })
        .await?
        .ok_or(AppError::NotFound)?;
    let key = app.keys().data_key(message.tenant, &wrapped)?;
    let plain = open(&key, "outbox", "payload", message.id.0, &message.payload)?;
    let payload: Payload = serde_json::from_slice(plain.expose())
        .map_err(|error| AppError::internal("read a message", error))?;
    Ok(Outgoing {
        id: message.id,
        created_at: message.created_at,
        kind: MessageKind::parse(&message.kind).map_err(fault)?,
        to: Destination::parse(&payload.channel, &payload.address).map_err(fault)?,
        locale: Locale::parse(&payload.locale).map_err(fault)?,
        content: payload.content,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waiting_doubles_up_to_ten_minutes() {
        let seconds: Vec<u64> = [0, 1, 2, 3, 8, 9, 10, 99]
            .map(|n| back_off(n).as_secs())
            .into();
        assert_eq!(seconds, [2, 2, 4, 8, 256, 512, 600, 600]);
    }
}
