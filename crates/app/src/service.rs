//! The service as a value: everything that a use case needs, handed in once.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use latchkey_core::password::TermList;
use latchkey_core::settings::Settings;
use latchkey_crypto::argon::{Hasher, Params};
use latchkey_crypto::keys::MasterKey;
use latchkey_crypto::passkey::Passkeys;
use latchkey_crypto::pow::Difficulty;
use latchkey_federation::Client;
use latchkey_notify::Channel;
use latchkey_store::Db;
use latchkey_types::{Clock, Entropy, TenantId};

use crate::breached::BreachedFilter;
use crate::hashing::HashPool;
use crate::keys::Keys;
use crate::{AppError, BaseAddress};

/// What the operator decides about the whole deployment.
#[derive(Debug, Clone)]
pub struct Options {
    /// Where people reach the service.
    pub base: BaseAddress,
    /// The name on pages and in messages where no tenant is known.
    pub service_name: String,
    /// Leading zero bits of the proof of work; 16 take a telephone about a second.
    pub work_bits: Difficulty,
    /// How long a form without a proof of work has to have been on the screen.
    pub form_min_age: Duration,
    /// Attempts at step 1 from one client network: that many at once, ...
    pub network_burst: u32,
    /// ... then one each.
    pub network_interval: Duration,
    /// Work of one password hash.
    pub hash: Params,
    /// Hashing threads.
    pub hash_workers: usize,
    /// Hashes that may wait.
    pub hash_queue: usize,
}

impl Options {
    /// The defaults under a base address.
    pub fn new(base: BaseAddress) -> Self {
        Self {
            base,
            service_name: String::from("Latchkey"),
            work_bits: Difficulty::DEFAULT,
            form_min_age: Duration::from_secs(2),
            network_burst: 60,
            network_interval: Duration::from_secs(5),
            hash: Params::default(),
            hash_workers: std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
            hash_queue: 256,
        }
    }
}

/// What a service is made of.
pub struct Parts {
    /// The database, migrated.
    pub db: Db,
    /// The key from which all others come.
    pub master: MasterKey,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// Draws random bytes.
    pub entropy: Arc<dyn Entropy>,
    /// Where messages leave.
    pub channel: Arc<dyn Channel>,
    /// Known passwords, if the operator has a filter.
    pub breached: Option<BreachedFilter>,
    /// Speaks to the identity providers of tenants.
    pub federation: Client,
    /// What the operator decided.
    pub options: Options,
}

/// The service. Clones share everything.
#[derive(Clone)]
pub struct App(Arc<Inner>);

struct Inner {
    db: Db,
    keys: Keys,
    hashing: HashPool,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    channel: Arc<dyn Channel>,
    breached: Option<BreachedFilter>,
    federation: Client,
    options: Options,
    /// Custom banned lists as they are matched, by tenant and version of its settings.
    banned: RwLock<HashMap<TenantId, (i64, Arc<TermList>)>>,
    /// A hash that no password matches.
    unmatchable: String,
    /// Passkeys, unless the base address is one that they cannot be bound to.
    passkeys: Option<Passkeys>,
}

impl App {
    /// Puts a service together and prepares the database: the service's own tenant, and the check
    /// that the database was made with these keys.
    pub async fn start(parts: Parts) -> Result<Self, AppError> {
        let keys = Keys::new(&parts.master)?;
        let hasher = Hasher::new(parts.options.hash, keys.peppers().clone());
        let hashing = HashPool::start(
            &hasher,
            parts.options.hash_workers,
            parts.options.hash_queue,
        )?;
        let unmatchable = hasher
            .unmatchable(&*parts.entropy)
            .map_err(|error| AppError::internal("make a hash for decoys", error))?;
        let base = &parts.options.base;
        let passkeys = Passkeys::new(base.name(), base.url(), &parts.options.service_name).ok();
        let app = Self(Arc::new(Inner {
            passkeys,
            unmatchable,
            db: parts.db,
            keys,
            hashing,
            clock: parts.clock,
            entropy: parts.entropy,
            channel: parts.channel,
            breached: parts.breached,
            federation: parts.federation,
            options: parts.options,
            banned: RwLock::default(),
        }));
        crate::tenant::prepare_service(&app).await?;
        Ok(app)
    }

    /// What the operator decided.
    pub fn options(&self) -> &Options {
        &self.0.options
    }

    /// Tells the time.
    pub fn clock(&self) -> &dyn Clock {
        &*self.0.clock
    }

    /// Draws random bytes.
    pub fn entropy(&self) -> &dyn Entropy {
        &*self.0.entropy
    }

    /// The database.
    pub fn db(&self) -> &Db {
        &self.0.db
    }

    /// Whether requests can be served: the database answers.
    pub async fn ready(&self) -> Result<(), AppError> {
        Ok(self.0.db.ping().await?)
    }

    pub(crate) fn keys(&self) -> &Keys {
        &self.0.keys
    }

    pub(crate) fn hashing(&self) -> &HashPool {
        &self.0.hashing
    }

    pub(crate) fn channel(&self) -> &dyn Channel {
        &*self.0.channel
    }

    pub(crate) fn breached(&self) -> Option<&BreachedFilter> {
        self.0.breached.as_ref()
    }

    /// Speaks to the identity providers of tenants.
    pub(crate) fn federation(&self) -> &Client {
        &self.0.federation
    }

    /// A hash that no password matches, for questions that nobody registered.
    pub(crate) fn unmatchable(&self) -> String {
        self.0.unmatchable.clone()
    }

    /// Passkeys. `None`: the base address is a number, or plain http elsewhere than on localhost, and
    /// browsers bind none to it.
    pub(crate) fn passkeys(&self) -> Option<&Passkeys> {
        self.0.passkeys.as_ref()
    }

    /// A tenant's custom banned list, ready to match.
    pub(crate) fn custom_banned(
        &self,
        tenant: TenantId,
        version: i64,
        settings: &Settings,
    ) -> Result<Arc<TermList>, AppError> {
        let read = self.0.banned.read().unwrap_or_else(PoisonError::into_inner);
        if let Some((known, list)) = read.get(&tenant)
            && *known == version
        {
            return Ok(Arc::clone(list));
        }
        drop(read);
        let list = TermList::new(&settings.password.custom_banned)
            .map_err(|error| AppError::internal("a custom banned list", error))?;
        let list = Arc::new(list);
        self.0
            .banned
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(tenant, (version, Arc::clone(&list)));
        Ok(list)
    }
}
