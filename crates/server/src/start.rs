//! From a configuration to a service that can be asked.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use latchkey_app::breached::BreachedFilter;
use latchkey_app::{App, Options, Parts};
use latchkey_federation::Client;
use latchkey_notify::{Channel, Channels, HttpsProvider, ProviderConfig, SmtpChannel};
use latchkey_store::Db;

use crate::config::Config;
use crate::failure::Failure;
use crate::key_file;
use crate::system::{SystemClock, SystemEntropy};

/// Opens the database, brings it up to date and puts the service together.
///
/// `hashing`: threads for passwords; `None`: as configured.
pub(crate) async fn app(config: &Config, hashing: Option<usize>) -> Result<App, Failure> {
    let channel = channels(config)?;
    with_channel(config, hashing, channel).await
}

/// The same with a channel of the caller's.
pub(crate) async fn with_channel(
    config: &Config,
    hashing: Option<usize>,
    channel: Arc<dyn Channel>,
) -> Result<App, Failure> {
    let db = database(config).await?;
    let master = key_file::load(&config.key_file, &SystemEntropy)?;
    let breached = config.breached.as_deref().map(breached).transpose()?;
    let mut options = Options::new(config.base.clone());
    options.service_name.clone_from(&config.service_name);
    options.work_bits = config.limits.work;
    options.network_burst = config.limits.attempts;
    options.network_interval = Duration::from_secs(config.limits.attempt_seconds.into());
    options.hash = config.hash;
    options.hash_queue = config.hash_queue as usize;
    match (hashing, config.hash_threads) {
        (Some(threads), _) => options.hash_workers = threads,
        (None, 0) => {}
        (None, threads) => options.hash_workers = threads as usize,
    }
    let parts = Parts {
        db,
        master,
        clock: Arc::new(SystemClock),
        entropy: Arc::new(SystemEntropy),
        channel,
        breached,
        federation: federation(config)?,
        options,
    };
    Ok(App::start(parts).await?)
}

/// Opens the database and brings it up to date.
pub(crate) async fn database(config: &Config) -> Result<Db, Failure> {
    private_folder(&config.data)?;
    let options = latchkey_store::Options {
        connections: config.database.connections,
        wait: config.database.wait,
        durable: config.database.durable,
    };
    let db = Db::open(config.database.url.expose(), &options)
        .await
        .map_err(|error| Failure::store("the database cannot be opened", &error))?;
    db.migrate()
        .await
        .map_err(|error| Failure::store("the database cannot be brought up to date", &error))?;
    Ok(db)
}

fn private_folder(folder: &Path) -> Result<(), Failure> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt as _;
        builder.mode(0o700);
    }
    builder
        .create(folder)
        .map_err(|error| format!("the folder {} cannot be made: {error}", folder.display()).into())
}

/// What speaks to the identity providers of tenants.
pub(crate) fn federation(config: &Config) -> Result<Client, String> {
    Client::new(&config.federation).map_err(|error| format!("[federation]: {error}"))
}

/// Opens the breached-password filter.
pub(crate) fn breached(path: &Path) -> Result<BreachedFilter, String> {
    BreachedFilter::open(path).map_err(|error| format!("{}: {error}", path.display()))
}

/// Where messages leave.
pub(crate) fn channels(config: &Config) -> Result<Arc<dyn Channel>, Failure> {
    let mail: Option<Arc<dyn Channel>> = match &config.mail {
        Some(relay) => {
            let relay = SmtpChannel::new(relay.clone()).map_err(|error| error.to_string())?;
            Some(Arc::new(relay))
        }
        None => None,
    };
    let provider = |config: &Option<ProviderConfig>| -> Result<Option<Arc<dyn Channel>>, Failure> {
        let Some(config) = config else {
            return Ok(None);
        };
        let provider = HttpsProvider::new(config.clone()).map_err(|error| error.to_string())?;
        Ok(Some(Arc::new(provider)))
    };
    Ok(Arc::new(Channels {
        mail,
        text: provider(&config.text)?,
        call: provider(&config.call)?,
    }))
}
