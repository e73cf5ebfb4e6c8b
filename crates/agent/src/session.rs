//! One connection, from Hello to its end.

use std::collections::{HashSet, VecDeque};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _};
use http::HeaderValue;
use latchkey_directory::{Bind, Health as Directory};
use latchkey_types::OperationId;
use latchkey_wire::journal::Signed;
use latchkey_wire::v1::{Agent, Denied, DirectoryHealth, Health, Service};
use latchkey_wire::{Base64, CONNECT_PATH, MESSAGE_MAX, SUBPROTOCOL, proof};
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Error as WsError, Message};
use tokio_util::sync::CancellationToken;

use crate::agent::{Step, Timing, reap};
use crate::clock::ServiceClock;
use crate::events::{Event, say};
use crate::journal_file::JournalFault;
use crate::keys::{Identity, KeyPair};
use crate::network::{Network, ServiceUrl, Stream};
use crate::status::Status;
use crate::sync::Reply;
use crate::work::{Request, Shared, cut};
use crate::{lock, status};

/// How a connection ended.
pub(crate) enum End {
    /// The agent was told to stop.
    Stopped,
    /// The service does not let it in.
    Denied(Denied),
    /// There was none.
    NotReached(String),
    /// The service said something that makes no sense.
    Invalid(String),
    /// It broke.
    Lost(String),
    /// The journal cannot go on.
    Fault(JournalFault),
}

impl From<JournalFault> for End {
    fn from(fault: JournalFault) -> Self {
        Self::Fault(fault)
    }
}

pub(crate) const fn denied(why: Denied) -> &'static str {
    match why {
        Denied::Token => "the token is unknown, used or too old",
        Denied::Proof => "the service does not accept this agent's keys",
        Denied::Revoked => "the agent was revoked",
        Denied::TooOld => "the agent is too old: update it",
        Denied::Busy => "the service is busy",
        Denied::Unavailable => "the service cannot answer now",
    }
}

/// A detail of a heartbeat, in bytes.
const DETAIL_MAX: usize = 300;
/// For a look at the directory before a heartbeat.
const HEALTH: Duration = Duration::from_secs(20);
/// What a service asks for as a heartbeat is taken within these.
const HEARTBEAT: (u32, u32) = (1, 300);
/// For the service to keep the last answers of an agent that stops.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// Who connects.
pub(crate) struct Caller<'a> {
    pub(crate) identity: &'a Mutex<Identity>,
    pub(crate) clock: &'a ServiceClock,
    pub(crate) timing: &'a Timing,
}

/// A connection whose first messages are said.
pub(crate) struct Connection {
    socket: WebSocketStream<Box<dyn Stream>>,
    send_within: Duration,
    pub(crate) heartbeat: Duration,
    pub(crate) newest: String,
    pub(crate) roll_over: bool,
}

enum Heard {
    Said(Service),
    /// A frame that says nothing but that somebody is there.
    Alive,
}

impl Connection {
    /// Connects and proves who this is.
    pub(crate) async fn open(
        shared: &Caller<'_>,
        network: &Network,
        url: &ServiceUrl,
        with_next: bool,
    ) -> Result<Self, End> {
        let within = shared.timing.connect;
        tokio::time::timeout(within, Self::open_now(shared, network, url, with_next))
            .await
            .unwrap_or_else(|_| Err(End::NotReached(format!("no answer from {url} in time"))))
    }

    async fn open_now(
        shared: &Caller<'_>,
        network: &Network,
        url: &ServiceUrl,
        with_next: bool,
    ) -> Result<Self, End> {
        let within = shared.timing.connect;
        let asked = shared.clock.ticks();
        let stream = network.connect(url, within).await;
        let stream = stream.map_err(|error| End::NotReached(error.to_string()))?;
        let socket = handshake(stream, url).await?;
        let mut connection = Self {
            socket,
            send_within: shared.timing.send,
            heartbeat: Duration::ZERO,
            newest: String::new(),
            roll_over: false,
        };
        let Service::Hello { nonce, now } = connection.first().await? else {
            return Err(End::Invalid("it did not begin with hello".into()));
        };
        shared.clock.heard(now, asked);
        let identify = {
            let identity = lock(shared.identity);
            let keys = identity.next.as_ref().filter(|_| with_next);
            let keys = keys.unwrap_or(&identity.current);
            let statement = proof::connection(&nonce.0, url.host(), identity.agent, keys.number);
            let signature = keys.sign.sign(&statement).map_err(|error| {
                say(Event::CryptoError, &error.to_string());
                End::Invalid(error.to_string())
            })?;
            Agent::Identify {
                agent: identity.agent,
                key_number: keys.number,
                version: latchkey_wire::VERSION.into(),
                signature: signature.into(),
            }
        };
        let asked = shared.clock.ticks();
        connection.say(&identify).await?;
        match connection.first().await? {
            Service::Welcome {
                heartbeat,
                newest,
                roll_over,
                now,
            } => {
                shared.clock.heard(now, asked);
                let (least, most) = HEARTBEAT;
                connection.heartbeat = Duration::from_secs(heartbeat.clamp(least, most).into());
                connection.newest = newest;
                connection.roll_over = roll_over;
                Ok(connection)
            }
            Service::Refused { why } => Err(End::Denied(why)),
            _ => Err(End::Invalid("it said neither welcome nor refused".into())),
        }
    }

    /// The next message that is one, before there is anything else to do.
    async fn first(&mut self) -> Result<Service, End> {
        loop {
            let frame = self.socket.next().await;
            if let Heard::Said(message) = heard(frame)? {
                return Ok(message);
            }
        }
    }

    /// Says something.
    pub(crate) async fn say(&mut self, message: &Agent) -> Result<(), End> {
        self.send(Message::text(latchkey_wire::encode(message)))
            .await
    }

    async fn send(&mut self, message: Message) -> Result<(), End> {
        match tokio::time::timeout(self.send_within, self.socket.send(message)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(End::Lost(error.to_string())),
            Err(_) => Err(End::Lost("the service takes nothing".into())),
        }
    }

    /// Waits until the service ends it. Whether it did in time.
    pub(crate) async fn wait_for_the_end(&mut self, within: Duration) -> bool {
        let ending = async { while heard(self.socket.next().await).is_ok() {} };
        tokio::time::timeout(within, ending).await.is_ok()
    }

    /// Ends it in peace, and reads what is still coming until the service ends it, too.
    pub(crate) async fn close(mut self, within: Duration) {
        let closing = async {
            if self.socket.close(None).await.is_ok() {
                while let Some(Ok(frame)) = self.socket.next().await
                    && !frame.is_close()
                {}
            }
        };
        let _ = tokio::time::timeout(within, closing).await;
    }
}

async fn handshake(
    stream: Box<dyn Stream>,
    url: &ServiceUrl,
) -> Result<WebSocketStream<Box<dyn Stream>>, End> {
    let invalid = |error: &dyn std::fmt::Display| End::Invalid(error.to_string());
    let request = url.web_socket(CONNECT_PATH).into_client_request();
    let mut request = request.map_err(|error| invalid(&error))?;
    let host = HeaderValue::try_from(url.host_header()).map_err(|error| invalid(&error))?;
    let headers = request.headers_mut();
    headers.insert(http::header::HOST, host);
    headers.insert(
        http::header::SEC_WEBSOCKET_PROTOCOL,
        HeaderValue::from_static(SUBPROTOCOL),
    );
    let config = WebSocketConfig::default()
        .max_message_size(Some(MESSAGE_MAX))
        .max_frame_size(Some(MESSAGE_MAX));
    match tokio_tungstenite::client_async_with_config(request, stream, Some(config)).await {
        Ok((socket, _)) => Ok(socket),
        Err(WsError::Http(response)) => Err(End::NotReached(format!(
            "{url} answered {}",
            response.status()
        ))),
        Err(WsError::Io(error)) => Err(End::NotReached(error.to_string())),
        Err(error) => Err(invalid(&error)),
    }
}

fn heard(frame: Option<Result<Message, WsError>>) -> Result<Heard, End> {
    match frame {
        Some(Ok(Message::Text(text))) => latchkey_wire::decode(&text)
            .map(Heard::Said)
            .map_err(|error| End::Invalid(error.to_string())),
        Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => Ok(Heard::Alive),
        Some(Ok(Message::Binary(_))) => {
            Err(End::Invalid("it sent something that is no text".into()))
        }
        Some(Ok(Message::Close(_))) | None => {
            Err(End::Lost("the service ended the connection".into()))
        }
        Some(Err(error)) => Err(End::Lost(error.to_string())),
    }
}

/// Connects and serves until the connection ends.
pub(crate) async fn run(
    shared: &Arc<Shared>,
    network: &Network,
    url: &ServiceUrl,
    tasks: &mut JoinSet<Result<(), JournalFault>>,
    stop: &CancellationToken,
    with_next: bool,
) -> End {
    let caller = Caller {
        identity: &shared.identity,
        clock: &shared.clock,
        timing: &shared.timing,
    };
    let connection = tokio::select! {
        connection = Connection::open(&caller, network, url, with_next) => connection,
        () = stop.cancelled() => return End::Stopped,
    };
    let connection = match connection {
        Ok(connection) => connection,
        Err(end) => return end,
    };
    say(Event::AuthTokenSuccess, &url.to_string());
    if with_next {
        // That it let the new keys in says that they are in force.
        let number = lock(&shared.identity).next.as_ref().map(|keys| keys.number);
        if let Some(number) = number {
            switch(shared, number).await;
        }
    }
    shared.watch.at(Step::Welcomed).await;
    shared.desk.connected();
    let mut serving = Serving {
        shared,
        connection,
        sent: HashSet::new(),
        beats: VecDeque::new(),
        stopping: None,
    };
    let end = match serving.serve(tasks, stop).await {
        Ok(()) => End::Stopped,
        Err(end) => end,
    };
    shared.desk.disconnected();
    status::note(shared, |status| status.connected = false);
    if matches!(end, End::Stopped) {
        serving.connection.close(LAST_WORDS).await;
    }
    end
}

struct Serving<'a> {
    shared: &'a Arc<Shared>,
    connection: Connection,
    /// Answers of the journal that went over this connection.
    sent: HashSet<OperationId>,
    /// When the heartbeats were sent that are not answered.
    beats: VecDeque<Duration>,
    /// When it ends at the latest.
    stopping: Option<Instant>,
}

impl Serving<'_> {
    async fn serve(
        &mut self,
        tasks: &mut JoinSet<Result<(), JournalFault>>,
        stop: &CancellationToken,
    ) -> Result<(), End> {
        let shared = Arc::clone(self.shared);
        let silence = self.connection.heartbeat * 2 + shared.timing.silence;
        let mut beat = tokio::time::interval(self.connection.heartbeat);
        beat.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut looks: JoinSet<Directory> = JoinSet::new();
        let mut silent_until = Instant::now() + silence;
        self.contact();
        if self.connection.roll_over {
            self.roll_over().await?;
        }
        loop {
            self.answer().await?;
            if self.is_over(tasks) {
                return self
                    .connection
                    .say(&Agent::Leaving { for_good: false })
                    .await;
            }
            // Without a stop this never comes.
            let last = self.stopping.unwrap_or(silent_until);
            tokio::select! {
                frame = self.connection.socket.next() => {
                    silent_until = Instant::now() + silence;
                    if let Heard::Said(message) = heard(frame)? {
                        self.hear(message, tasks).await?;
                    }
                }
                () = shared.news.notified() => {}
                Some(done) = tasks.join_next() => reap(done)?,
                _ = beat.tick() => {
                    self.connection.send(Message::Ping(Vec::new().into())).await?;
                    if looks.is_empty() {
                        let backend = Arc::clone(&shared.backend);
                        looks.spawn(async move { look(&*backend).await });
                    }
                }
                Some(look) = looks.join_next() => {
                    if let Ok(directory) = look {
                        self.beat(&directory).await?;
                    }
                }
                () = tokio::time::sleep_until(silent_until) => {
                    return Err(End::Lost("the service is silent".into()));
                }
                () = tokio::time::sleep_until(last), if self.stopping.is_some() => {}
                () = stop.cancelled(), if self.stopping.is_none() => {
                    self.stopping = Some(Instant::now() + shared.timing.drain);
                    shared.watch.at(Step::Stopping).await;
                }
            }
        }
    }

    /// Whether an agent that was told to stop may go.
    fn is_over(&mut self, tasks: &JoinSet<Result<(), JournalFault>>) -> bool {
        let Some(last) = self.stopping else {
            return false;
        };
        let now = Instant::now();
        if now >= last {
            return true;
        }
        if !tasks.is_empty() {
            return false;
        }
        if lock(&self.shared.journal)
            .journal()
            .undelivered()
            .next()
            .is_none()
        {
            return true;
        }
        // What is not kept by then is sent again after the next start.
        self.stopping = Some(last.min(now + LAST_WORDS));
        false
    }

    /// Sends every answer that this connection has not carried.
    async fn answer(&mut self) -> Result<(), End> {
        while let Some(signed) = self.shared.next_passing() {
            self.tell(&signed).await?;
        }
        let fresh: Vec<Signed> = {
            let journal = lock(&self.shared.journal);
            let undelivered = journal.journal().undelivered();
            let fresh = undelivered.filter(|signed| !self.sent.contains(&signed.id));
            fresh.cloned().collect()
        };
        for signed in fresh {
            self.tell(&signed).await?;
            self.sent.insert(signed.id);
        }
        self.page().await
    }

    /// Sends the page of the synchronisation that waits, after every answer.
    async fn page(&mut self) -> Result<(), End> {
        let page = self.shared.desk.take();
        let Some(page) = page.filter(|_| self.stopping.is_none()) else {
            return Ok(());
        };
        let number = page.page;
        self.connection.say(&Agent::Page(page)).await?;
        self.shared.watch.at(Step::PageSent(number)).await;
        Ok(())
    }

    async fn tell(&mut self, signed: &Signed) -> Result<(), End> {
        let message = Agent::Answered {
            answer: signed.answer.clone(),
            key_number: signed.key_number,
            signature: Base64(signed.signature.clone()),
        };
        self.connection.say(&message).await?;
        self.shared.watch.at(Step::Sent(signed.id)).await;
        Ok(())
    }

    async fn hear(
        &mut self,
        message: Service,
        tasks: &mut JoinSet<Result<(), JournalFault>>,
    ) -> Result<(), End> {
        let shared = self.shared;
        match message {
            Service::Operate {
                context,
                key_number,
                envelope,
            } => self.take(
                Request {
                    context,
                    key_number,
                    envelope: envelope.0,
                    find_out: false,
                },
                tasks,
            ),
            Service::FindOut {
                context,
                key_number,
                envelope,
            } => self.take(
                Request {
                    context,
                    key_number,
                    envelope: envelope.0,
                    find_out: true,
                },
                tasks,
            ),
            Service::Kept { id } => {
                let was_new = lock(&shared.journal).delivered(id)?;
                if was_new {
                    self.sent.remove(&id);
                    lock(&shared.journal).tidy(shared.clock.now())?;
                    shared.watch.at(Step::Delivered(id)).await;
                }
            }
            Service::Heard { now, roll_over } => {
                // Heartbeats are answered in their order; an answer to none says nothing of the time.
                if let Some(asked) = self.beats.pop_front() {
                    shared.clock.heard(now, asked);
                }
                self.contact();
                if roll_over {
                    self.roll_over().await?;
                }
            }
            Service::KeysKept { key_number } => switch(shared, key_number).await,
            Service::Refused { why } => return Err(End::Denied(why)),
            Service::Hello { .. } | Service::Welcome { .. } => {
                return Err(End::Invalid("it said hello or welcome again".into()));
            }
            Service::PageKept { page } => shared.desk.answered(Reply::Kept(page)),
            Service::SyncStop { why } => shared.desk.answered(Reply::Stopped(why)),
            Service::SyncNow { whole } if shared.synchronises => shared.desk.ask(whole),
            Service::SyncNow { .. } => {
                tracing::warn!("the service asks for a synchronisation, which is not configured");
            }
            Service::Other => {}
        }
        Ok(())
    }

    fn take(&self, request: Request, tasks: &mut JoinSet<Result<(), JournalFault>>) {
        if self.stopping.is_some() {
            // The service finds out later: it was not begun.
            return;
        }
        if tasks.len() >= self.shared.timing.waiting {
            say(
                Event::RelayWarning,
                "too many operations wait: one was passed over",
            );
            return;
        }
        let shared = Arc::clone(self.shared);
        tasks.spawn(async move { shared.handle(request).await });
    }

    /// The service was heard: notes it, and destroys keys whose time is over.
    fn contact(&self) {
        let shared = self.shared;
        let now = shared.clock.now();
        let mut identity = lock(&shared.identity);
        if identity.expire(now)
            && let Err(error) = identity.save(&shared.folder)
        {
            say(Event::ConfigurationError, &error);
        }
        drop(identity);
        let newest = self.connection.newest.clone();
        status::note(shared, |status| {
            *status = Status {
                connected: true,
                last_contact: Some(shared.time.now()),
                newest: Some(newest),
                directory: status.directory.take(),
            }
        });
    }

    async fn beat(&mut self, directory: &Directory) -> Result<(), End> {
        let shared = self.shared;
        let mut health = health(directory);
        health.clock_ahead = shared.clock.ahead_millis();
        let history = health.history_on_reset;
        shared.history_on_reset.store(history, Ordering::Relaxed);
        let code = health.directory.code();
        status::note(shared, |status| status.directory = Some(code.into()));
        self.beats.push_back(shared.clock.ticks());
        let said = self.connection.say(&Agent::Heartbeat { health }).await;
        if said.is_err() {
            say(Event::ReportServiceHealthError, "");
        }
        said
    }

    /// Makes new keys, or takes those that were made before a crash, and tells the service.
    async fn roll_over(&mut self) -> Result<(), End> {
        match new_keys(self.shared) {
            Ok((message, made)) => {
                if made {
                    self.shared.watch.at(Step::KeysMade).await;
                }
                self.connection.say(&message).await
            }
            Err(error) => {
                say(Event::CryptoError, &error);
                Ok(())
            }
        }
    }
}

fn new_keys(shared: &Shared) -> Result<(Agent, bool), String> {
    let mut identity = lock(&shared.identity);
    let made = identity.next.is_none();
    if made {
        let number = identity.current.number.saturating_add(1);
        identity.next = Some(KeyPair::generate(number, &*shared.entropy)?);
        if let Err(error) = identity.save(&shared.folder) {
            identity.next = None;
            return Err(error);
        }
        say(Event::KeyPairCreationSuccess, &format!("number {number}"));
    }
    let next = identity.next.as_ref().ok_or("there are no new keys")?;
    let (sign, seal) = next.public()?;
    let statement = proof::roll_over(identity.agent, next.number, &sign, &seal);
    let signed = |keys: &KeyPair| {
        keys.sign
            .sign(&statement)
            .map_err(|error| error.to_string())
    };
    let message = Agent::NewKeys {
        key_number: next.number,
        sign: sign.into(),
        seal: seal.into(),
        old_signature: signed(&identity.current)?.into(),
        new_signature: signed(next)?.into(),
    };
    Ok((message, made))
}

/// New keys are in force.
async fn switch(shared: &Shared, number: u32) {
    let switched = {
        let mut identity = lock(&shared.identity);
        let switched = identity.switch(number, shared.clock.now());
        if switched && let Err(error) = identity.save(&shared.folder) {
            // The file has both; after a crash the service says again which are in force.
            say(Event::ConfigurationError, &error);
        }
        switched
    };
    if switched {
        shared.watch.at(Step::KeysSwitched).await;
    }
}

async fn look(backend: &dyn crate::backend::Backend) -> Directory {
    let late = || Directory::of(Bind::NotReached("no answer in time".into()));
    tokio::time::timeout(HEALTH, backend.health())
        .await
        .unwrap_or_else(|_| late())
}

/// What a heartbeat says of a directory.
pub(crate) fn health(directory: &Directory) -> Health {
    let (code, detail) = match &directory.bind {
        Bind::Untrusted(why) => (DirectoryHealth::Certificate, Some(why.clone())),
        Bind::NotReached(why) => (DirectoryHealth::Unreachable, Some(why.clone())),
        Bind::Refused(why) => (DirectoryHealth::BindRefused, Some(why.clone())),
        Bind::Ok if directory.kind_as_configured == Some(false) => (
            DirectoryHealth::Misconfigured,
            Some("it is of another kind than configured".into()),
        ),
        Bind::Ok if directory.base_readable == Some(false) => (
            DirectoryHealth::Misconfigured,
            Some("its base is not there or cannot be read".into()),
        ),
        Bind::Ok => (DirectoryHealth::Well, None),
    };
    Health {
        directory: code,
        detail: detail.map(|detail| cut(&detail, DETAIL_MAX).to_owned()),
        history_on_reset: directory.policy_hints == Some(true),
        clock_ahead: 0,
    }
}
