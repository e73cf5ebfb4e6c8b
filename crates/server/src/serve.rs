//! `latchkey serve`.

use std::time::Duration;

use latchkey_gateway::Gateway;
use latchkey_http::Limits;
use latchkey_web::{WebOptions, router_with};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::ParseError;

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
    let gateway = Gateway::new(app.clone(), stop.clone());
    let service = Service {
        router: router_with(app.clone(), &options, gateway.routes()),
        gateway,
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
    let filter = filter(&log.level).map_err(|error| format!("log.level: {error}"))?;
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        // Where nobody reads the log any more, saying so there would panic.
        .log_internal_errors(false)
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

/// What is logged. The check of passkeys writes what strangers send it, as it came, even as errors;
/// that it failed is logged here and audited. Only whoever names it gets it.
fn filter(level: &str) -> Result<EnvFilter, ParseError> {
    EnvFilter::try_new(format!("webauthn_rs_core=off,{level}"))
}

#[cfg(test)]
mod tests {
    use std::io::{self, Write};
    use std::sync::{Arc, Mutex};

    use super::*;

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

    fn logged(level: &str) -> String {
        let kept = Kept::default();
        let writer = kept.clone();
        let subscriber = tracing_subscriber::fmt()
            .with_env_filter(filter(level).unwrap())
            .with_writer(move || writer.clone())
            .finish();
        tracing::subscriber::with_default(subscriber, || {
            tracing::error!(target: "webauthn_rs_core::internals", "what a stranger sent");
            tracing::info!(target: "latchkey_app", "what we say");
        });
        let bytes = kept.0.lock().unwrap().clone();
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn what_strangers_send_as_a_passkey_is_logged_only_on_demand() {
        let info = logged("info");
        assert!(info.contains("what we say"), "{info}");
        assert!(!info.contains("what a stranger sent"), "{info}");
        let asked = logged("warn,webauthn_rs_core=error");
        assert!(asked.contains("what a stranger sent"), "{asked}");
        assert!(!asked.contains("what we say"), "{asked}");
    }
}
