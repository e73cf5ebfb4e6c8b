use std::time::Duration;

use latchkey_core::audit::{Activity, ActorKind};
use latchkey_core::settings::ClientAddressPrivacy;
use latchkey_notify::{Destination, MessageKind, Outgoing, Retry};
use latchkey_store::outbox::{self, ClaimedMessage, Outcome};
use latchkey_store::{Tx, tenants};
use latchkey_types::{Locale, RequestId, Timestamp};
use tokio::task::JoinSet;
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use super::{Payload, VOID};
use crate::audit::{self, Entry};
use crate::keys::open;
use crate::{App, AppError, Ctx};

/// How many messages a worker has in hand at once.
const HANDS: usize = 32;

/// How long what a worker claimed is nobody else's. It is renewed while the worker lives, however
/// slow a relay is; when it dies, others wait no longer than this.
const LEASE: Duration = Duration::from_secs(30);

/// How often the lease is renewed.
const RENEW: Duration = Duration::from_secs(10);

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

    /// Works until it is told to stop, and then finishes what it has in hand. What became of a
    /// message is recorded at once, not when the slowest of them is through.
    pub async fn run(&self, stop: CancellationToken) {
        let mut hands = JoinSet::new();
        let mut sent = Vec::new();
        let mut is_due = true;
        let mut renew = tokio::time::interval_at(tokio::time::Instant::now() + RENEW, RENEW);
        renew.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let stopping = stop.is_cancelled();
            if stopping && hands.is_empty() && sent.is_empty() {
                return;
            }
            let room = HANDS.saturating_sub(hands.len() + sent.len());
            if is_due && !stopping && room > 0 {
                match self.claim(room, &mut hands).await {
                    // Where there was no room for more, there may be more.
                    Ok(count) => is_due = count == room,
                    Err(error) => {
                        is_due = false;
                        warn!(error = %error.chain(), "the outbox could not be read");
                    }
                }
            }
            tokio::select! {
                Some(one) = hands.join_next() => {
                    sent.extend(joined(one));
                    while let Some(one) = hands.try_join_next() {
                        sent.extend(joined(one));
                    }
                    self.settle_or_keep(&mut sent).await;
                }
                () = self.app.db().posted().notified(), if !stopping => is_due = true,
                () = stop.cancelled(), if !stopping => {}
                _ = renew.tick(), if !hands.is_empty() => self.renew().await,
                () = tokio::time::sleep(IDLE) => {
                    is_due = true;
                    self.settle_or_keep(&mut sent).await;
                }
            }
        }
    }

    /// Records what became of messages. If the database does not take it, it is tried again: what was
    /// sent must not be forgotten.
    async fn settle_or_keep(&self, sent: &mut Vec<(ClaimedMessage, Fate)>) {
        if sent.is_empty() {
            return;
        }
        match self.settle(sent).await {
            Ok(()) => sent.clear(),
            Err(error) => warn!(error = %error.chain(), "the outbox could not be written"),
        }
    }

    async fn renew(&self) {
        let until = self.app.clock().now().plus(LEASE);
        let renewed = self
            .app
            .db()
            .write(async |mut tx| {
                outbox::renew(&mut tx, &self.name, until)
                    .await
                    .map_err(AppError::from)
            })
            .await;
        if let Err(error) = renewed {
            warn!(error = %error.chain(), "a lease could not be renewed");
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

    /// Claims and sends as much as fits the hands; how many messages there were.
    async fn round(&self) -> Result<usize, AppError> {
        let mut hands = JoinSet::new();
        let count = self.claim(HANDS, &mut hands).await?;
        let mut sent = Vec::new();
        while let Some(one) = hands.join_next().await {
            sent.extend(joined(one));
        }
        self.settle(&sent).await?;
        Ok(count)
    }

    /// Claims up to `room` messages and begins to send them; how many.
    async fn claim(
        &self,
        room: usize,
        hands: &mut JoinSet<(ClaimedMessage, Fate)>,
    ) -> Result<usize, AppError> {
        let now = self.app.clock().now();
        let limit = i64::try_from(room).unwrap_or(i64::MAX);
        let claimed = self
            .app
            .db()
            .write(async |mut tx| {
                outbox::claim(&mut tx, &self.name, now, LEASE, limit)
                    .await
                    .map_err(AppError::from)
            })
            .await?;
        let count = claimed.len();
        for message in claimed {
            let app = self.app.clone();
            hands.spawn(async move {
                let fate = send(&app, &message).await;
                (message, fate)
            });
        }
        Ok(count)
    }

    /// Records what became of messages, all in one transaction.
    async fn settle(&self, sent: &[(ClaimedMessage, Fate)]) -> Result<(), AppError> {
        self.app
            .db()
            .write(async |mut tx| {
                let tx = &mut tx;
                let now = self.app.clock().now();
                for outcome in [
                    Outcome::Sent,
                    Outcome::Void,
                    Outcome::Expired,
                    Outcome::Failed,
                ] {
                    let ids: Vec<_> = sent
                        .iter()
                        .filter(|(_, fate)| matches!(fate, Fate::Done(done) if *done == outcome))
                        .map(|(message, _)| (message.tenant, message.id))
                        .collect();
                    outbox::done_many(tx, &self.name, &ids, outcome, now).await?;
                }
                for (message, fate) in sent {
                    let (tenant, id, name) = (message.tenant, message.id, &self.name);
                    match fate {
                        Fate::Done(Outcome::Failed) => self.record_failure(tx, message).await?,
                        Fate::Done(_) => {}
                        Fate::Later(due, error) => {
                            outbox::retry_later(tx, tenant, id, name, *due, error).await?;
                        }
                    }
                }
                Ok::<_, AppError>(())
            })
            .await
    }
}

/// What a sending task came to. One that died leaves its message to the end of the lease.
fn joined(
    one: Result<(ClaimedMessage, Fate), tokio::task::JoinError>,
) -> Option<(ClaimedMessage, Fate)> {
    one.inspect_err(|error| tracing::error!(%error, "sending a message ended in the middle"))
        .ok()
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
    let key = match app.keys().known(message.tenant) {
        Some(key) => key,
        None => {
            let wrapped = app
                .db()
                .read(async |mut tx| {
                    tenants::data_key(&mut tx, message.tenant)
                        .await
                        .map_err(AppError::from)
                })
                .await?
                .ok_or(AppError::NotFound)?;
            app.keys().data_key(message.tenant, &wrapped)?
        }
    };
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
