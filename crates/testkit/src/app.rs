use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use latchkey_app::{App, BaseAddress, Ctx, HashParams, MasterKey, Options, Parts, outbox};
use latchkey_core::audit::ActorKind;
use latchkey_notify::{DemoMessage, DemoOutbox};
use latchkey_store::Db;
use latchkey_types::{Clock, Locale, RequestId};

use crate::clock::{Seeded, TestClock};
use crate::pg;

/// A whole service, without a network.
pub struct TestApp {
    /// The service.
    pub app: App,
    /// Its clock.
    pub clock: Arc<TestClock>,
    /// What it sent.
    pub outbox: Arc<DemoOutbox>,
    /// Where its SQLite database is, if it is on SQLite.
    pub file: Option<PathBuf>,
    seed: u64,
    // Kept because the database lives there as long as they do.
    folder: Option<tempfile::TempDir>,
    database: Option<pg::Database>,
}

/// Runs a test on SQLite and then on PostgreSQL. Without PostgreSQL the second half is skipped, and
/// says so; with `CI` set that is a failure.
pub async fn both<F, Fut>(test: F)
where
    F: Fn(TestApp) -> Fut,
    Fut: Future<Output = ()>,
{
    test(TestApp::sqlite().await).await;
    if let Some(app) = TestApp::postgres().await {
        test(app).await;
    }
}

impl TestApp {
    /// A service on an SQLite database of its own.
    pub async fn sqlite() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let file = folder.path().join("latchkey.db");
        let url = format!("sqlite:{}", file.display());
        let mut app = Self::on(&url, |_| {}).await;
        app.file = Some(file);
        app.folder = Some(folder);
        app
    }

    /// A service on a PostgreSQL database of its own. `None`: there is no PostgreSQL here.
    pub async fn postgres() -> Option<Self> {
        let database = pg::database().expect("PostgreSQL for tests")?;
        let mut app = Self::on(&database.url, |_| {}).await;
        app.database = Some(database);
        Some(app)
    }

    /// The address of its database, if the database is one of its own.
    pub fn url(&self) -> Option<String> {
        match (&self.file, &self.database) {
            (Some(file), _) => Some(format!("sqlite:{}", file.display())),
            (None, Some(database)) => Some(database.url.clone()),
            (None, None) => None,
        }
    }

    /// Another process of the same service, on the same database.
    pub async fn another(&self, url: &str) -> App {
        let parts = parts(url, self.seed, &self.clock, &self.outbox, |_| {}).await;
        App::start(parts).await.expect("another process")
    }

    /// Another process on the same SQLite file, whose messages leave by another channel.
    ///
    /// # Panics
    /// If this one is not on SQLite.
    pub async fn with_channel(&self, channel: Arc<dyn latchkey_notify::Channel>) -> App {
        let file = self.file.as_ref().expect("a service on SQLite");
        let url = format!("sqlite:{}", file.display());
        let mut parts = parts(&url, self.seed ^ 1, &self.clock, &self.outbox, |_| {}).await;
        parts.channel = channel;
        App::start(parts).await.expect("another process")
    }

    /// A service on a database that is there.
    pub async fn on(url: &str, change: impl FnOnce(&mut Options)) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        let seed = NEXT.fetch_add(1, Ordering::Relaxed) << 32;
        let clock = Arc::new(TestClock::new());
        let outbox = Arc::new(DemoOutbox::new(10_000));
        let parts = parts(url, seed, &clock, &outbox, change).await;
        let app = App::start(parts).await.expect("a service");
        Self {
            app,
            clock,
            outbox,
            file: None,
            seed,
            folder: None,
            database: None,
        }
    }

    /// The circumstances of a request from a browser at an address of the documentation range.
    pub fn ctx(&self) -> Ctx {
        Ctx {
            request: RequestId::new(self.app.clock(), self.app.entropy()),
            address: "203.0.113.7".parse().ok(),
            browser: String::from("Firefox, Windows"),
            locale: Locale::En,
            actor: ActorKind::User,
        }
    }

    /// Sends everything that is due, and gives what was sent so far, newest first.
    pub async fn messages(&self) -> Vec<DemoMessage> {
        outbox::drain(&self.app).await.expect("the outbox");
        self.outbox.list()
    }

    /// The newest message to an address or number, once everything due is sent.
    pub async fn newest_to(&self, address: &str) -> Option<DemoMessage> {
        self.messages()
            .await
            .into_iter()
            .find(|message| message.to == address)
    }

    /// The code in the newest message to an address or number.
    pub async fn code_for(&self, address: &str) -> String {
        let message = self
            .newest_to(address)
            .await
            .expect("a message with a code");
        let digits: String = message
            .text
            .chars()
            .filter(|c| c.is_ascii_digit() || c.is_whitespace())
            .collect();
        digits
            .split_whitespace()
            .find(|word| word.len() == 6 || word.len() == 8)
            .map_or_else(
                || digits.split_whitespace().take(6).collect(),
                str::to_owned,
            )
    }
}

async fn parts(
    url: &str,
    seed: u64,
    clock: &Arc<TestClock>,
    outbox: &Arc<DemoOutbox>,
    change: impl FnOnce(&mut Options),
) -> Parts {
    let db = Db::open(url, &latchkey_store::Options::default())
        .await
        .expect("a database");
    db.migrate().await.expect("migrations");
    let base = BaseAddress::parse("https://reset.contoso.com").expect("an address");
    let mut options = Options::new(base);
    options.hash = HashParams::insecure_for_tests();
    options.hash_workers = 2;
    options.network_burst = 1_000_000;
    options.work_bits = latchkey_app::Difficulty::new(1).expect("a difficulty");
    change(&mut options);
    Parts {
        db,
        master: MasterKey::generate(&Seeded::new(42)).expect("a key"),
        clock: Arc::clone(clock) as Arc<dyn Clock>,
        entropy: Arc::new(Seeded::new(
            seed ^ u64::try_from(clock.now().0).unwrap_or(1),
        )),
        channel: Arc::clone(outbox) as Arc<dyn latchkey_notify::Channel>,
        breached: None,
        federation: latchkey_federation::Client::new(&latchkey_federation::Options {
            allow_private: true,
            ..latchkey_federation::Options::default()
        })
        .expect("a client"),
        options,
    }
}
