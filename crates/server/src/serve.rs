//! `latchkey serve`.

use std::time::Duration;

use latchkey_http::Limits;
use latchkey_web::{WebOptions, router};

use crate::config::{Config, Given, Log, load};
use crate::failure::Failure;
use crate::service::{self, DRAIN, Service};
use crate::{start, system, tls};

/// Runs until it is told to stop.
pub(crate) async fn run(given: &Given) -> Result<(), Failure> {
    let config = load(given).map_err(|problems| Failure::config(&problems))?;
    log(&config.log)?;
    system::harden();
    for warning in &config.warnings {
        tracing::warn!("{warning}");
    }
    let stop = service::stop_on_signals()?;
    let handle = service::record_metrics()?;
    let tls = config.tls.as_ref().map(tls::acceptor).transpose()?;
    let app = start::app(&config, None).await?;
    let listener = service::listen(config.listen).await?;
    let metrics = match config.metrics {
        Some(address) => Some((service::listen(address).await?, handle)),
        None => None,
    };
    let options = WebOptions {
        proxies: config.proxies.clone(),
        extra_hosts: config.extra_hosts.clone(),
        request_timeout: Duration::from_secs(config.limits.request_seconds.into()),
    };
    let service = Service {
        router: router(app.clone(), &options),
        app,
        listener,
        tls,
        limits: limits(&config),
        metrics,
    };
    tracing::info!(listen = %config.listen, base = config.base.url(), "ready");
    service.run(stop).await
}

fn limits(config: &Config) -> Limits {
    Limits {
        connections: config.limits.connections as usize,
        per_address: config.limits.connections_per_address as usize,
        drain: DRAIN,
        proxies: config.proxies.clone(),
        ..Limits::default()
    }
}

/// Begins to log, on standard error.
pub(crate) fn log(log: &Log) -> Result<(), Failure> {
    let filter = tracing_subscriber::EnvFilter::try_new(&log.level)
        .map_err(|error| format!("log.level: {error}"))?;
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr);
    let started = if log.json {
        builder
            .json()
            .flatten_event(true)
            .with_span_list(false)
            .try_init()
    } else {
        builder.try_init()
    };
    started.map_err(|error| format!("the log cannot begin: {error}").into())
}
