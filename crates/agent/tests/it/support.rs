//! A scripted service, a directory double with faults, and a watch that can hold an agent between
//! any two steps.

#[path = "support/runs.rs"]
mod runs;

use std::collections::{HashMap, VecDeque};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use async_trait::async_trait;
use futures_util::{SinkExt as _, StreamExt as _};
use latchkey_agent::agent::{self, Parts, RunError, Step, Timing, Watch};
use latchkey_agent::backend::Backend;
use latchkey_agent::keys::{Identity, KeyPair};
use latchkey_agent::network::Network;
use latchkey_agent::system::{SystemEntropy, SystemTimes, Time};
use latchkey_crypto::hpke::SealingKey;
use latchkey_crypto::sign::{SigningKey, VerifyingKey};
use latchkey_directory::{
    Anchor, Bind, Done, Failure, Health, Policy, PolicySource, Right, Rights, State, Verdict,
};
use latchkey_types::{AgentId, Clock, OperationId, Password, Secret, TenantId, Timestamp, UserId};
use latchkey_wire::envelope::{self, Recipient};
use latchkey_wire::operation::{Answer, Contents, Context, Outcome, Verb};
use latchkey_wire::v1::{Agent, Health as Told, Service as Say};
use latchkey_wire::{SUBPROTOCOL, decode, encode, journal, proof};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, Semaphore};
use tokio::task::JoinHandle;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::server::{Request, Response};
use tokio_util::sync::CancellationToken;

pub(crate) use runs::*;

pub(crate) const OLD: &str = "the-old-password-hunter1";
pub(crate) const NEW: &str = "the-new-password-hunter2";
pub(crate) const AGENT: AgentId = AgentId(uuid::Uuid::from_u128(11));
pub(crate) const TENANT: TenantId = TenantId(uuid::Uuid::from_u128(12));

pub(crate) fn anchor(number: u128) -> Anchor {
    Anchor::new(uuid::Uuid::from_u128(0xada0_0000 + number))
}

pub(crate) fn operation(number: u128) -> OperationId {
    OperationId(uuid::Uuid::from_u128(0x1000 + number))
}

/// A test that hangs fails instead.
pub(crate) async fn within<T>(work: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(60), work)
        .await
        .expect("it hangs")
}

/// What the directory does with the next request that writes.
pub(crate) enum Fault {
    /// It does it and does not answer.
    DoneWithoutAnswer,
    /// It does not answer, and did nothing.
    NothingWithoutAnswer,
    /// It refuses.
    Refuses(Failure),
    /// It does it when it gets a permit.
    Waits(Arc<Semaphore>),
    /// The driver panics after it was done.
    Panics,
}

#[derive(Default)]
pub(crate) struct World {
    pub(crate) passwords: HashMap<Anchor, String>,
    pub(crate) locked: Vec<Anchor>,
    /// Every change, in order.
    pub(crate) writes: Vec<(Anchor, &'static str)>,
    pub(crate) reads: usize,
    pub(crate) faults: VecDeque<Fault>,
    /// What tests of passwords say instead of the truth.
    pub(crate) verdicts: VecDeque<Result<Verdict, Failure>>,
    pub(crate) health: Option<Health>,
}

/// A directory in memory.
#[derive(Default)]
pub(crate) struct Fake {
    pub(crate) world: Mutex<World>,
    /// A request that writes has arrived.
    pub(crate) arrived: Notify,
}

pub(crate) fn well() -> Health {
    Health {
        bind: Bind::Ok,
        server: Some("dc1:636".into()),
        server_name: None,
        kind_as_configured: Some(true),
        base_readable: Some(true),
        policy_hints: Some(true),
        clock_ahead_us: None,
        certificate_expires: None,
    }
}

impl Fake {
    pub(crate) fn fault(&self, fault: Fault) {
        self.world.lock().unwrap().faults.push_back(fault);
    }

    pub(crate) fn writes(&self) -> usize {
        self.world.lock().unwrap().writes.len()
    }

    pub(crate) fn untouched(&self) -> bool {
        let world = self.world.lock().unwrap();
        world.writes.is_empty() && world.reads == 0
    }

    pub(crate) fn password(&self, of: u128) -> Option<String> {
        self.world
            .lock()
            .unwrap()
            .passwords
            .get(&anchor(of))
            .cloned()
    }

    async fn write(
        &self,
        user: &Anchor,
        verb: &'static str,
        change: impl FnOnce(&mut World),
    ) -> Result<Done, Failure> {
        self.arrived.notify_one();
        let fault = self.world.lock().unwrap().faults.pop_front();
        let silent = || Err(Failure::OutcomeUnknown("the connection broke".into()));
        match &fault {
            Some(Fault::Refuses(failure)) => return Err(failure.clone()),
            Some(Fault::NothingWithoutAnswer) => return silent(),
            Some(Fault::Waits(permits)) => permits.acquire().await.unwrap().forget(),
            _ => {}
        }
        {
            let mut world = self.world.lock().unwrap();
            change(&mut world);
            world.writes.push((*user, verb));
        }
        match fault {
            Some(Fault::DoneWithoutAnswer) => silent(),
            Some(Fault::Panics) => panic!("the driver panics"),
            _ => Ok(Done {
                was_locked: verb == "unlock",
                must_change: false,
                history_enforced: Some(true),
                server: "dc1:636".into(),
            }),
        }
    }
}

#[async_trait]
impl Backend for Fake {
    async fn health(&self) -> Health {
        let health = self.world.lock().unwrap().health.clone();
        health.unwrap_or_else(well)
    }

    async fn state(&self, user: &Anchor) -> Result<State, Failure> {
        let mut world = self.world.lock().unwrap();
        world.reads += 1;
        Ok(State {
            dn: "CN=ada".into(),
            locked: world.locked.contains(user),
            disabled: false,
            password_expired: false,
            account_expired: false,
            must_change: false,
            may_not_change: false,
            protected: false,
            password_set_at: None,
            policy: Policy {
                source: PolicySource::Domain,
                min_length: Some(12),
                complexity: true,
                history: Some(24),
                max_age: None,
                min_age: None,
                may_change_from: None,
                lockout_threshold: None,
                lockout_duration: None,
                lockout_window: None,
            },
        })
    }

    async fn reset(&self, user: &Anchor, new: &Password, _: bool) -> Result<Done, Failure> {
        self.write(user, "reset", |world| {
            world.passwords.insert(*user, new.expose().clone());
        })
        .await
    }

    async fn change(&self, user: &Anchor, _: &Password, new: &Password) -> Result<Done, Failure> {
        self.write(user, "change", |world| {
            world.passwords.insert(*user, new.expose().clone());
        })
        .await
    }

    async fn unlock(&self, user: &Anchor) -> Result<Done, Failure> {
        self.write(user, "unlock", |world| {
            world.locked.retain(|other| other != user);
        })
        .await
    }

    async fn verify(&self, user: &Anchor, password: &Password) -> Result<Verdict, Failure> {
        let mut world = self.world.lock().unwrap();
        world.reads += 1;
        if let Some(verdict) = world.verdicts.pop_front() {
            return verdict;
        }
        let right = world.passwords.get(user) == Some(password.expose());
        Ok(if right {
            Verdict::Right
        } else {
            Verdict::Wrong
        })
    }

    async fn find(&self, name: &str) -> Result<Anchor, Failure> {
        name.parse().map(anchor).map_err(|_| Failure::NotFound)
    }

    async fn rights(&self, user: &Anchor) -> Result<Rights, Failure> {
        let may = if *user == anchor(13) {
            Right::No
        } else {
            Right::Yes
        };
        Ok(Rights {
            reset: may,
            unlock: may,
            must_change: Right::Unknown,
            inheritance_off: Right::No,
            admin_count: false,
            protected: *user == anchor(14),
        })
    }
}

/// Which step an agent is held at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Hold {
    Opened,
    Begun,
    Applied,
    Recorded,
    Sent,
    Delivered,
    KeysMade,
    KeysSwitched,
    PageRead(u64),
    PageSent(u64),
    PageKept(u64),
    CursorKept,
}

/// Holds an agent at a step, for ever: it is killed there.
#[derive(Default)]
pub(crate) struct Holder {
    pub(crate) at: Mutex<Option<Hold>>,
    pub(crate) held: Notify,
    /// It was told to stop, and knows.
    pub(crate) stopping: Notify,
    /// The cursor of a run is on the disk.
    pub(crate) cursor_kept: Notify,
}

#[async_trait]
impl Watch for Holder {
    async fn at(&self, step: Step) {
        let step = match step {
            Step::Opened(_) => Hold::Opened,
            Step::Begun(_) => Hold::Begun,
            Step::Applied(_) => Hold::Applied,
            Step::Recorded(_) => Hold::Recorded,
            Step::Sent(_) => Hold::Sent,
            Step::Delivered(_) => Hold::Delivered,
            Step::KeysMade => Hold::KeysMade,
            Step::KeysSwitched => Hold::KeysSwitched,
            Step::PageRead(page) => Hold::PageRead(page),
            Step::PageSent(page) => Hold::PageSent(page),
            Step::PageKept(page) => Hold::PageKept(page),
            Step::CursorKept => {
                self.cursor_kept.notify_one();
                Hold::CursorKept
            }
            Step::Stopping => return self.stopping.notify_one(),
            Step::Ready | Step::Welcomed | Step::Disconnected => return,
        };
        let held = *self.at.lock().unwrap() == Some(step);
        if held {
            self.held.notify_one();
            std::future::pending::<()>().await;
        }
    }
}

/// This machine's clocks, of which the one that people set is wrong by some seconds.
pub(crate) struct Skewed(pub(crate) i64);

impl Clock for Skewed {
    fn now(&self) -> Timestamp {
        Timestamp(SystemTimes.now().0 + self.0 * 1_000_000)
    }
}

impl Time for Skewed {
    fn ticks(&self) -> Duration {
        SystemTimes.ticks()
    }
}

/// A running agent.
pub(crate) struct Running {
    pub(crate) task: JoinHandle<Result<(), RunError>>,
    pub(crate) stop: CancellationToken,
}

impl Running {
    /// The process dies.
    pub(crate) async fn kill(self) {
        self.task.abort();
        let _ = self.task.await;
    }

    /// It is told to stop, and does.
    pub(crate) async fn stop(self) {
        self.stop.cancel();
        self.task.await.unwrap().unwrap();
    }
}

/// Everything around one agent.
pub(crate) struct Bench {
    pub(crate) folder: tempfile::TempDir,
    pub(crate) fake: Arc<Fake>,
    pub(crate) holder: Arc<Holder>,
    pub(crate) service: Service,
    pub(crate) network: Network,
    pub(crate) skew: i64,
    /// Silence that ends a connection, beyond two heartbeats.
    pub(crate) silence: Duration,
    /// The synchronisation, if it is on.
    pub(crate) sync: Option<Synced>,
}

impl Bench {
    /// An enrolled agent beside a directory in which Ada has the old password.
    pub(crate) async fn new() -> Self {
        keep_log();
        let folder = tempfile::tempdir().unwrap();
        let service = Service::new().await;
        let keys = KeyPair::generate(1, &SystemEntropy).unwrap();
        service.learn(1, &keys.public().unwrap());
        let identity = Identity {
            service: service.url(),
            ca_pem: None,
            agent: AGENT,
            tenant: TENANT,
            domain: "corp.example".into(),
            service_key: service.key.public().unwrap(),
            current: keys,
            next: None,
            old: None,
        };
        identity.save(folder.path()).unwrap();
        let (_, bytes) = journal::Journal::create(Timestamp(i64::MIN));
        std::fs::write(folder.path().join("journal"), bytes).unwrap();
        let fake = Arc::new(Fake::default());
        for user in 0..8 {
            let mut world = fake.world.lock().unwrap();
            world.passwords.insert(anchor(user), OLD.into());
        }
        Self {
            folder,
            fake,
            holder: Arc::default(),
            service,
            network: Network::default(),
            skew: 0,
            silence: Timing::default().silence,
            sync: None,
        }
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Starts the agent, or starts it again.
    pub(crate) fn start(&self) -> Running {
        let stop = CancellationToken::new();
        let parts = Parts {
            folder: self.path().to_owned(),
            backend: Arc::clone(&self.fake) as Arc<dyn Backend>,
            network: self.network.clone(),
            time: Arc::new(Skewed(self.skew)),
            entropy: Arc::new(SystemEntropy),
            timing: Timing {
                backoff_first: Duration::from_millis(1),
                backoff_most: Duration::from_millis(2),
                probe_pauses: vec![Duration::ZERO; 3],
                silence: self.silence,
                ..Timing::default()
            },
            watch: Arc::clone(&self.holder) as Arc<dyn Watch>,
            synchronisation: self.sync.as_ref().map(Synced::setup),
        };
        Running {
            task: tokio::spawn(agent::run(parts, stop.clone())),
            stop,
        }
    }

    pub(crate) fn hold(&self, at: Option<Hold>) {
        *self.holder.at.lock().unwrap() = at;
    }

    /// A request about one of the users, sealed to the keys of a number.
    pub(crate) fn request(&self, id: u128, verb: Verb, user: u128) -> Asked {
        let context = Context {
            id: operation(id),
            tenant: TENANT,
            user: UserId(uuid::Uuid::from_u128(user)),
            verb,
            expires_at: self.service.now().plus(Duration::from_secs(30)),
        };
        self.seal(context, &contents(user), 1)
    }

    pub(crate) fn seal(&self, context: Context, contents: &Contents, key_number: u32) -> Asked {
        let recipient = Recipient {
            agent: AGENT,
            key_number,
        };
        let keys = self.service.keys.lock().unwrap();
        let (_, key) = keys[&key_number];
        let key = SealingKey::from_bytes(&key).unwrap();
        let sealed = envelope::seal(
            &SystemEntropy,
            &self.service.key,
            recipient,
            &key,
            &context,
            contents,
        );
        Asked {
            context,
            key_number,
            envelope: sealed.unwrap(),
        }
    }
}

pub(crate) fn contents(user: u128) -> Contents {
    Contents {
        anchor: anchor(user).to_string(),
        upn: format!("user{user}@corp.example"),
        password: Some(Secret::new(NEW.into())),
        old_password: Some(Secret::new(OLD.into())),
        must_change: false,
    }
}

/// What is asked, again and again if need be.
#[derive(Clone)]
pub(crate) struct Asked {
    pub(crate) context: Context,
    pub(crate) key_number: u32,
    pub(crate) envelope: Vec<u8>,
}

impl Asked {
    pub(crate) fn operate(&self) -> Say {
        Say::Operate {
            context: self.context.clone(),
            key_number: self.key_number,
            envelope: self.envelope.as_slice().into(),
        }
    }

    pub(crate) fn find_out(&self) -> Say {
        Say::FindOut {
            context: self.context.clone(),
            key_number: self.key_number,
            envelope: self.envelope.as_slice().into(),
        }
    }
}

/// The public halves of an agent's keys: signing, sealing.
pub(crate) type Halves = ([u8; 32], [u8; 32]);

/// A service that does what a test says, and checks whatever an agent says.
pub(crate) struct Service {
    listener: TcpListener,
    pub(crate) key: SigningKey,
    /// By number: those that verify, those that are sealed to.
    pub(crate) keys: Mutex<HashMap<u32, Halves>>,
    pub(crate) roll_over: Mutex<bool>,
    /// Its clock is ahead of this machine's by as many seconds.
    pub(crate) ahead: Mutex<i64>,
}

const NONCE: [u8; 32] = [0x5a; 32];

impl Service {
    async fn new() -> Self {
        Self {
            listener: TcpListener::bind("127.0.0.1:0").await.unwrap(),
            key: SigningKey::generate(&SystemEntropy).unwrap(),
            keys: Mutex::default(),
            roll_over: Mutex::new(false),
            ahead: Mutex::new(0),
        }
    }

    pub(crate) fn port(&self) -> u16 {
        self.listener.local_addr().unwrap().port()
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port())
    }

    pub(crate) fn now(&self) -> Timestamp {
        Timestamp(SystemTimes.now().0 + *self.ahead.lock().unwrap() * 1_000_000)
    }

    pub(crate) fn learn(&self, number: u32, keys: &Halves) {
        self.keys.lock().unwrap().insert(number, *keys);
    }

    fn verifying(&self, number: u32) -> VerifyingKey {
        let (key, _) = self.keys.lock().unwrap()[&number];
        VerifyingKey::from_bytes(&key).unwrap()
    }

    /// A connection, and who it says it is, which is not answered yet.
    pub(crate) async fn hello(&self) -> (Line<'_>, u32) {
        let (stream, _) = self.listener.accept().await.unwrap();
        self.hello_over(stream).await
    }

    #[expect(clippy::result_large_err, reason = "the callback's type is given")]
    pub(crate) async fn hello_over(&self, stream: TcpStream) -> (Line<'_>, u32) {
        let subprotocol = |request: &Request, mut response: Response| {
            assert_eq!(request.uri().path(), "/agent/connect");
            let asked = &request.headers()["sec-websocket-protocol"];
            assert_eq!(asked, SUBPROTOCOL);
            response
                .headers_mut()
                .insert("sec-websocket-protocol", asked.clone());
            Ok(response)
        };
        let socket = tokio_tungstenite::accept_hdr_async(stream, subprotocol)
            .await
            .unwrap();
        let mut line = Line {
            service: self,
            socket,
        };
        let nonce = NONCE.into();
        line.say(&Say::Hello {
            nonce,
            now: self.now(),
        })
        .await;
        let Some(Agent::Identify {
            agent,
            key_number,
            signature,
            ..
        }) = line.next().await
        else {
            panic!("it does not say who it is");
        };
        assert_eq!(agent, AGENT);
        let statement = proof::connection(&NONCE, "127.0.0.1", agent, key_number);
        let verifies = self
            .verifying(key_number)
            .verifies(&statement, &signature.0);
        assert!(verifies, "the proof is wrong");
        (line, key_number)
    }

    /// A connection that is let in.
    pub(crate) async fn accept(&self) -> Line<'_> {
        let (mut line, _) = self.hello().await;
        line.welcome().await;
        line
    }
}

/// A connection, from the service's side.
pub(crate) struct Line<'a> {
    service: &'a Service,
    pub(crate) socket: WebSocketStream<TcpStream>,
}

impl Line<'_> {
    pub(crate) async fn say(&mut self, message: &Say) {
        self.raw(Message::text(encode(message))).await;
    }

    pub(crate) async fn raw(&mut self, message: Message) {
        self.socket.send(message).await.unwrap();
    }

    pub(crate) async fn welcome(&mut self) {
        self.welcome_with(30).await;
    }

    pub(crate) async fn welcome_with(&mut self, heartbeat: u32) {
        let roll_over = *self.service.roll_over.lock().unwrap();
        let now = self.service.now();
        self.say(&Say::Welcome {
            heartbeat,
            newest: "9.9.9".into(),
            roll_over,
            now,
        })
        .await;
    }

    /// The next message, heartbeats included; `None` at the end.
    pub(crate) async fn next(&mut self) -> Option<Agent> {
        loop {
            match self.socket.next().await {
                Some(Ok(Message::Text(text))) => return Some(decode(&text).unwrap()),
                // After a farewell comes the end.
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return None,
            }
        }
    }

    pub(crate) async fn heartbeat(&mut self) -> Told {
        loop {
            match self.next().await {
                Some(Agent::Heartbeat { health }) => return health,
                Some(_) => {}
                None => panic!("it has gone"),
            }
        }
    }

    /// The next message that is no heartbeat.
    pub(crate) async fn other(&mut self) -> Option<Agent> {
        loop {
            match self.next().await {
                Some(Agent::Heartbeat { .. }) => {}
                other => return other,
            }
        }
    }

    /// The next answer as it was signed.
    pub(crate) async fn signed(&mut self) -> (String, u32) {
        let Some(Agent::Answered {
            answer,
            key_number,
            signature,
        }) = self.other().await
        else {
            panic!("no answer");
        };
        let statement = proof::answer(TENANT, AGENT, key_number, &answer);
        let key = self.service.verifying(key_number);
        assert!(
            key.verifies(&statement, &signature.0),
            "the signature is wrong"
        );
        (answer, key_number)
    }

    pub(crate) async fn answer(&mut self) -> Answer {
        decode(&self.signed().await.0).unwrap()
    }

    /// Asks and hears the outcome.
    pub(crate) async fn ask(&mut self, message: &Say) -> Outcome {
        let id = match message {
            Say::Operate { context, .. } | Say::FindOut { context, .. } => context.id,
            _ => panic!("not a request"),
        };
        self.say(message).await;
        let answer = self.answer().await;
        assert_eq!(answer.id, id);
        answer.outcome
    }

    pub(crate) async fn keep(&mut self, asked: &Asked) {
        let id = asked.context.id;
        self.say(&Say::Kept { id }).await;
    }
}

pub(crate) const DONE: Outcome = Outcome::Done {
    unlocked: false,
    must_change: false,
};

pub(crate) const fn refused(why: latchkey_wire::operation::Refusal) -> Outcome {
    Outcome::Refused { why }
}

/// All files of a folder, one after the other.
pub(crate) fn bytes_of(folder: &Path) -> Vec<u8> {
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    files
        .iter()
        .flat_map(|file| std::fs::read(file).unwrap())
        .collect()
}

#[derive(Clone, Default)]
struct Kept(Arc<Mutex<Vec<u8>>>);

impl Write for Kept {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

static LOG: OnceLock<Kept> = OnceLock::new();

/// Keeps what all tests of this process log, at every level.
fn keep_log() -> &'static Kept {
    LOG.get_or_init(|| {
        let kept = Kept::default();
        let writer = kept.clone();
        let subscriber = tracing_subscriber::fmt()
            .json()
            .flatten_event(true)
            .with_max_level(tracing::Level::TRACE)
            .with_writer(move || writer.clone())
            .finish();
        tracing::subscriber::set_global_default(subscriber).unwrap();
        kept
    })
}

/// What was logged.
pub(crate) fn logged() -> String {
    String::from_utf8_lossy(&keep_log().0.lock().unwrap()).into_owned()
}
