//! One connection of one agent.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade, close_code};
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, StatusCode, header};
use latchkey_app::AppError;
use latchkey_app::sync::{self, Reply};
use latchkey_app::writeback::{self, HEARTBEAT, Handed, Identity, Shown};
use latchkey_http::Incoming;
use latchkey_types::{OperationId, random_bytes};
use latchkey_wire::operation::Answer;
use latchkey_wire::v1::{Agent, Denied, Service, Stop};
use latchkey_wire::{MESSAGE_MAX, SUBPROTOCOL, VERSION, decode, encode};
use tokio::sync::OwnedSemaphorePermit;
use tokio::task::{JoinError, JoinSet};
use tokio::time::{Instant, MissedTickBehavior, interval, timeout};

use crate::Gateway;
use crate::enrol::word;

/// How long an agent has to say who it is.
const TO_IDENTIFY: Duration = Duration::from_secs(10);

/// After how much silence a connection is given up: heartbeats come far more often.
const SILENCE: Duration = writeback::FRESH;

/// How often the database is looked at for operations of other processes.
const LOOK: Duration = Duration::from_millis(250);

/// How often what was taken and not answered is found out.
const FIND_OUT: Duration = Duration::from_secs(5);

/// Operations that an agent has in hand at once.
const IN_HAND: usize = 16;

/// Answers that are kept at once; the next ones wait on the line.
const ANSWERS: usize = 2 * IN_HAND;

/// How long one message may take to be sent.
const TO_SEND: Duration = Duration::from_secs(10);

/// Lets an agent connect.
pub(crate) async fn get(
    State(gateway): State<Gateway>,
    incoming: Incoming,
    headers: HeaderMap,
    upgrade: WebSocketUpgrade,
) -> Response {
    // No browser has any business here (ASVS 4.4.2).
    if headers.contains_key(header::ORIGIN) {
        return StatusCode::FORBIDDEN.into_response();
    }
    match writeback::may_try(&gateway.app, &incoming.ctx).await {
        Ok(true) => {}
        Ok(false) => return StatusCode::TOO_MANY_REQUESTS.into_response(),
        Err(_) => return StatusCode::SERVICE_UNAVAILABLE.into_response(),
    }
    let Ok(stranger) = Arc::clone(&gateway.strangers).try_acquire_owned() else {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    };
    // As the agent has it in its configuration: the front knows the host by now.
    let host = headers
        .get(header::HOST)
        .and_then(|host| host.to_str().ok())
        .map(host_name)
        .unwrap_or_default();
    let upgrade = upgrade
        .protocols([SUBPROTOCOL])
        .max_message_size(MESSAGE_MAX)
        .max_frame_size(MESSAGE_MAX);
    if upgrade.selected_protocol().is_none() {
        return StatusCode::BAD_REQUEST.into_response();
    }
    let tasks = gateway.tasks.clone();
    upgrade.on_upgrade(move |socket| {
        tasks.track_future(async move {
            let mut line = Line { gateway, socket };
            line.run(&host, stranger).await;
        })
    })
}

/// A connection.
struct Line {
    gateway: Gateway,
    socket: WebSocket,
}

/// What is done beside a connection, so that nothing waits for anything else.
#[derive(Default)]
struct Beside {
    /// Operations that the agent has in hand.
    in_hand: BTreeSet<OperationId>,
    /// Answers that are being kept. Those that are not when the connection ends, the agent sends again.
    answers: JoinSet<Result<Option<Answer>, AppError>>,
    page: Option<Applying>,
}

/// A page that is being applied.
type Applying = tokio::task::JoinHandle<Result<Reply, AppError>>;

/// What became of a page, once there is one.
async fn answered(page: Option<&mut Applying>) -> Result<Reply, AppError> {
    match page {
        Some(page) => page
            .await
            .unwrap_or_else(|error| Err(AppError::internal("apply a page", error))),
        None => std::future::pending().await,
    }
}

/// What an agent is told of a page.
fn word_of(reply: Result<Reply, AppError>) -> Result<Service, AppError> {
    match reply {
        Ok(Reply::Kept { page }) => Ok(Service::PageKept { page }),
        Ok(Reply::Stop(why)) => Ok(Service::SyncStop { why }),
        // Nothing of the page was kept, and it can come again: no reason to hang up.
        Err(error @ (AppError::Busy { .. } | AppError::Unavailable(_))) => {
            tracing::warn!(error = error.chain(), "a page could not be kept");
            let why = Stop::Unavailable;
            Ok(Service::SyncStop { why })
        }
        Err(error) => Err(error),
    }
}

/// Why a connection ends.
enum End {
    /// The other side went away, or said something that nobody may say.
    Gone,
    /// The agent is not let in, or not any more.
    Refused(Denied),
    /// This process stops.
    Stop,
    /// The database does not answer.
    Failed(AppError),
}

impl From<AppError> for End {
    fn from(error: AppError) -> Self {
        Self::Failed(error)
    }
}

impl Line {
    async fn run(&mut self, host: &str, stranger: OwnedSemaphorePermit) {
        let identified = self.identify(host).await;
        drop(stranger);
        let slot = Arc::clone(&self.gateway.slots).try_acquire_owned();
        let end = match identified {
            Ok(_) if slot.is_err() => End::Refused(Denied::Busy),
            Ok(who) => {
                tracing::info!(agent = %who.agent, domain = who.domain, "an agent is connected");
                let end = match self.talk(&who).await {
                    Ok(never) => match never {},
                    Err(end) => end,
                };
                if let Err(error) = writeback::disconnected(&self.gateway.app, &who).await {
                    tracing::warn!(
                        error = error.chain(),
                        "that an agent left could not be kept"
                    );
                }
                tracing::info!(agent = %who.agent, "an agent is not connected any more");
                end
            }
            Err(end) => end,
        };
        let code = match end {
            End::Gone => return,
            End::Refused(why) => {
                let _ = self.say(&Service::Refused { why }).await;
                close_code::POLICY
            }
            End::Stop => close_code::RESTART,
            End::Failed(error) => {
                tracing::warn!(error = error.chain(), "an agent could not be served");
                close_code::AGAIN
            }
        };
        let frame = CloseFrame {
            code,
            reason: "".into(),
        };
        let _ = timeout(TO_SEND, self.socket.send(Message::Close(Some(frame)))).await;
    }

    async fn say(&mut self, message: &Service) -> Result<(), End> {
        let text = Message::Text(encode(message).into());
        match timeout(TO_SEND, self.socket.send(text)).await {
            Ok(Ok(())) => Ok(()),
            _ => Err(End::Gone),
        }
    }

    /// The next message. Whatever is malformed ends the connection.
    async fn hear(&mut self) -> Result<Agent, End> {
        loop {
            match self.socket.recv().await {
                Some(Ok(Message::Text(text))) => {
                    return decode(&text).map_err(|error| {
                        tracing::warn!(%error, "an agent cannot be understood");
                        End::Gone
                    });
                }
                // Answered by the library.
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                Some(Ok(Message::Binary(_) | Message::Close(_)) | Err(_)) | None => {
                    return Err(End::Gone);
                }
            }
        }
    }

    async fn identify(&mut self, host: &str) -> Result<Identity, End> {
        let (clock, entropy) = (self.gateway.app.clock(), self.gateway.app.entropy());
        let nonce = random_bytes::<32>(entropy);
        let hello = Service::Hello {
            nonce: nonce.into(),
            now: clock.now(),
        };
        let connection = OperationId::new(clock, entropy).to_string();
        self.say(&hello).await?;
        let stop = self.gateway.stop.clone();
        let said = tokio::select! {
            () = stop.cancelled() => return Err(End::Stop),
            said = timeout(TO_IDENTIFY, self.hear()) => said.map_err(|_| End::Gone)??,
        };
        let Agent::Identify {
            agent,
            key_number,
            version,
            signature,
        } = said
        else {
            return Err(End::Refused(Denied::Proof));
        };
        let shown = Shown {
            agent,
            key_number,
            version: &version,
            nonce: &nonce,
            host,
            signature: &signature.0,
        };
        let let_in = writeback::connected(&self.gateway.app, &connection, shown).await?;
        let (who, roll_over) = let_in.map_err(|refused| End::Refused(word(refused)))?;
        let welcome = Service::Welcome {
            heartbeat: u32::try_from(HEARTBEAT.as_secs()).unwrap_or(30),
            newest: VERSION.to_owned(),
            roll_over,
            now: self.gateway.app.clock().now(),
        };
        self.say(&welcome).await?;
        Ok(who)
    }

    async fn talk(&mut self, who: &Identity) -> Result<std::convert::Infallible, End> {
        let app = self.gateway.app.clone();
        let stop = self.gateway.stop.clone();
        let mut look = interval(LOOK);
        look.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut find_out = interval(FIND_OUT);
        find_out.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut beside = Beside::default();
        let mut heard = Instant::now();
        loop {
            let woken = app.db().asked().notified();
            tokio::pin!(woken);
            // Before looking, so that nothing is missed between looking and waiting.
            woken.as_mut().enable();
            let room = IN_HAND.saturating_sub(beside.in_hand.len());
            if room > 0 && writeback::is_waiting(&app, who).await? {
                for handed in writeback::take(&app, who, room).await? {
                    beside.in_hand.insert(handed.context.id);
                    self.say(&operate(handed)).await?;
                }
            }
            if let Some(whole) = sync::asked(&app, who).await? {
                self.say(&Service::SyncNow { whole }).await?;
            }
            tokio::select! {
                () = stop.cancelled() => return Err(End::Stop),
                () = tokio::time::sleep_until(heard + SILENCE) => return Err(End::Gone),
                () = woken => {}
                _ = look.tick() => {}
                _ = find_out.tick() => {
                    // Also of one that says nothing of its health: it may have been revoked, or be on
                    // another connection.
                    if let Some(refused) = writeback::is_over(&app, who).await? {
                        return Err(End::Refused(word(refused)));
                    }
                    for handed in writeback::find_out(&app, who).await? {
                        let Handed { context, key_number, envelope } = handed;
                        let envelope = envelope.as_slice().into();
                        self.say(&Service::FindOut { context, key_number, envelope }).await?;
                    }
                }
                reply = answered(beside.page.as_mut()) => {
                    beside.page = None;
                    self.say(&word_of(reply)?).await?;
                }
                Some(kept) = beside.answers.join_next() => {
                    self.kept(who, &mut beside.in_hand, kept).await?;
                }
                said = self.hear(), if beside.answers.len() < ANSWERS => {
                    heard = Instant::now();
                    self.told(who, said?, &mut beside).await?;
                }
            }
        }
    }

    /// Waits for a page that is being applied, if there is one.
    async fn turn_page(&mut self, applying: &mut Option<Applying>) -> Result<(), End> {
        if applying.is_some() {
            let reply = answered(applying.as_mut()).await;
            *applying = None;
            self.say(&word_of(reply)?).await?;
        }
        Ok(())
    }

    /// Says of an answer that it is kept.
    async fn kept(
        &mut self,
        who: &Identity,
        in_hand: &mut BTreeSet<OperationId>,
        kept: Result<Result<Option<Answer>, AppError>, JoinError>,
    ) -> Result<(), End> {
        let kept = kept.map_err(|error| AppError::internal("keep an answer", error))??;
        let Some(answer) = kept else {
            tracing::warn!(agent = %who.agent, "an answer was not signed by its agent");
            return Err(End::Refused(Denied::Proof));
        };
        in_hand.remove(&answer.id);
        self.say(&Service::Kept { id: answer.id }).await
    }

    /// Does what an agent says.
    async fn told(&mut self, who: &Identity, said: Agent, beside: &mut Beside) -> Result<(), End> {
        let app = self.gateway.app.clone();
        match said {
            Agent::Answered {
                answer,
                key_number,
                signature,
            } => {
                let who = who.clone();
                // Many at once, so that they share a commit.
                beside.answers.spawn(async move {
                    writeback::answer(&app, &who, &answer, key_number, &signature.0).await
                });
            }
            Agent::Heartbeat { health } => {
                let now = app.clock().now();
                match writeback::heard(&app, who, &health).await? {
                    Some(roll_over) => self.say(&Service::Heard { now, roll_over }).await?,
                    None => {
                        let refused = writeback::is_over(&app, who).await?;
                        return Err(End::Refused(refused.map_or(Denied::Busy, word)));
                    }
                }
            }
            keys @ Agent::NewKeys { .. } => match writeback::new_keys(&app, who, &keys).await? {
                Some(key_number) => self.say(&Service::KeysKept { key_number }).await?,
                None => return Err(End::Refused(Denied::Proof)),
            },
            Agent::Leaving { for_good } => {
                while let Some(kept) = beside.answers.join_next().await {
                    self.kept(who, &mut beside.in_hand, kept).await?;
                }
                if for_good {
                    writeback::removed(&app, who).await?;
                }
                return Err(End::Gone);
            }
            Agent::Identify { .. } => return Err(End::Refused(Denied::Proof)),
            Agent::Page(page) => {
                // An agent waits for the answer to a page before it sends the next one.
                self.turn_page(&mut beside.page).await?;
                let who = who.clone();
                // Beside the connection, on which somebody may wait for a password meanwhile.
                let task = async move { sync::page(&app, &who, &page).await };
                beside.page = Some(tokio::spawn(self.gateway.tasks.track_future(task)));
            }
            Agent::Other => {}
        }
        Ok(())
    }
}

/// The name in a `Host` header, as the agent signs it: lower case, without port and brackets.
fn host_name(host: &str) -> String {
    let name = match host.strip_prefix('[') {
        Some(address) => address.split_once(']').map_or(address, |(name, _)| name),
        None => host.split_once(':').map_or(host, |(name, _)| name),
    };
    name.to_ascii_lowercase()
}

fn operate(handed: Handed) -> Service {
    Service::Operate {
        context: handed.context,
        key_number: handed.key_number,
        envelope: handed.envelope.as_slice().into(),
    }
}

#[cfg(test)]
mod tests {
    use super::host_name;

    #[test]
    fn a_host_is_named_without_port_and_brackets() {
        for (host, name) in [
            ("Reset.Contoso.com", "reset.contoso.com"),
            ("reset.contoso.com:8443", "reset.contoso.com"),
            ("[::1]:8480", "::1"),
            ("[::1]", "::1"),
            ("127.0.0.1:1", "127.0.0.1"),
        ] {
            assert_eq!(host_name(host), name);
        }
    }
}
