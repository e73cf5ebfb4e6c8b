//! The service while it runs: listeners, workers, jobs, and how they end.

use std::future::Future;
use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::routing::get;
use latchkey_app::{App, admin, expiry, outbox, reset, writeback};
use latchkey_gateway::Gateway;
use latchkey_http::{Limits, serve};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use sd_notify::NotifyState;
use tokio::net::TcpListener;
use tokio::time::MissedTickBehavior;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::failure::Failure;

/// How long requests and the batch in the outbox's hands may take to end.
pub(crate) const DRAIN: Duration = Duration::from_secs(10);

/// How often resets are looked for whose time is over.
const EXPIRE_EVERY: Duration = Duration::from_secs(15);

/// How often what is of no use any more is deleted.
const PURGE_EVERY: Duration = Duration::from_secs(60 * 60);

/// How often people are told whose passwords expire soon.
const TELL_EVERY: Duration = Duration::from_secs(15 * 60);

/// How often answers of agents are looked for that nobody waits for any more.
const SETTLE_EVERY: Duration = Duration::from_secs(5);

/// How often the exporter of metrics tidies up.
const UPKEEP_EVERY: Duration = Duration::from_secs(5);

/// What runs.
pub(crate) struct Service {
    pub(crate) app: App,
    pub(crate) router: Router,
    /// Whose connections are part of the router, and end before the database does.
    pub(crate) gateway: Gateway,
    pub(crate) listener: TcpListener,
    pub(crate) tls: Option<TlsAcceptor>,
    pub(crate) limits: Limits,
    pub(crate) metrics: Option<(TcpListener, PrometheusHandle)>,
}

/// Listens, with words for the operator where that fails.
pub(crate) async fn listen(address: SocketAddr) -> Result<TcpListener, Failure> {
    TcpListener::bind(address)
        .await
        .map_err(|error| format!("cannot listen on {address}: {error}").into())
}

/// Begins to count. Once in a process.
pub(crate) fn record_metrics() -> Result<PrometheusHandle, Failure> {
    const SECONDS: [f64; 12] = [
        0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0,
    ];
    PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Suffix("_seconds".into()), &SECONDS)
        .and_then(PrometheusBuilder::install_recorder)
        .map_err(|error| format!("metrics: {error}").into())
}

impl Service {
    /// Runs until `stop`, then ends in order: no new connections, running requests, the outbox's
    /// batch, the database.
    pub(crate) async fn run(self, stop: CancellationToken) -> Result<(), Failure> {
        let tasks = TaskTracker::new();
        let app = &self.app;
        let worker = outbox::Worker::new(app.clone());
        let (stopped, expiring, purging) = (stop.clone(), app.clone(), app.clone());
        let (telling, settling) = (app.clone(), app.clone());
        tasks.spawn(async move { worker.run(stopped).await });
        tasks.spawn(every(EXPIRE_EVERY, stop.clone(), move || {
            expire(expiring.clone())
        }));
        tasks.spawn(every(PURGE_EVERY, stop.clone(), move || {
            purge(purging.clone())
        }));
        tasks.spawn(every(TELL_EVERY, stop.clone(), move || {
            tell(telling.clone())
        }));
        tasks.spawn(every(SETTLE_EVERY, stop.clone(), move || {
            settle(settling.clone())
        }));
        if let Some((listener, handle)) = self.metrics {
            let page = handle.clone();
            tasks.spawn(every(UPKEEP_EVERY, stop.clone(), move || {
                let handle = handle.clone();
                async move { handle.run_upkeep() }
            }));
            let router = Router::new().route(
                "/metrics",
                get(move || {
                    let text = page.render();
                    async move {
                        (
                            [(http::header::CONTENT_TYPE, "text/plain; version=0.0.4")],
                            text,
                        )
                    }
                }),
            );
            let limits = Limits {
                connections: 16,
                drain: DRAIN,
                ..Limits::default()
            };
            let stop = stop.clone();
            tasks.spawn(async move {
                if let Err(error) = serve(listener, router, None, limits, stop).await {
                    tracing::error!(%error, "the metrics listener ended");
                }
            });
        }
        if let Some(limit) = sd_notify::watchdog_enabled() {
            tasks.spawn(every(limit / 2, stop.clone(), || async {
                tell_systemd(&[NotifyState::Watchdog]);
            }));
        }
        tell_systemd(&[NotifyState::Ready]);
        let limits = Limits {
            drain: DRAIN,
            ..self.limits
        };
        let served = serve(self.listener, self.router, self.tls, limits, stop.clone()).await;
        stop.cancel();
        tell_systemd(&[NotifyState::Stopping]);
        tasks.close();
        if tokio::time::timeout(DRAIN, self.gateway.ended())
            .await
            .is_err()
        {
            tracing::warn!("some connections of agents did not end in time");
        }
        if tokio::time::timeout(DRAIN, tasks.wait()).await.is_err() {
            // What a worker had claimed is free again when its lease ends.
            tracing::warn!(left = tasks.len(), "some work did not end in time");
        }
        self.app.db().close().await;
        served.map_err(|error| format!("the listener failed: {error}").into())
    }
}

async fn every<F, Fut>(period: Duration, stop: CancellationToken, work: F)
where
    F: Fn() -> Fut,
    Fut: Future<Output = ()>,
{
    let mut ticks = tokio::time::interval(period.max(Duration::from_millis(1)));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            _ = ticks.tick() => work().await,
        }
    }
}

async fn expire(app: App) {
    let mut ctx = admin::operator(&app);
    ctx.actor = latchkey_core::audit::ActorKind::System;
    loop {
        match reset::expire(&app, &ctx).await {
            Ok(0) => return,
            Ok(count) => tracing::info!(count, "resets were abandoned"),
            Err(error) => {
                tracing::warn!(error = error.chain(), "abandoned resets could not be ended");
                return;
            }
        }
    }
}

/// Does what follows from answers of agents that nobody waits for any more.
async fn settle(app: App) {
    let mut ctx = admin::operator(&app);
    ctx.actor = latchkey_core::audit::ActorKind::System;
    match writeback::settle_left_over(&app, &ctx).await {
        Ok(0) => {}
        Ok(count) => tracing::info!(count, "answers of agents were settled late"),
        Err(error) => {
            tracing::warn!(
                error = error.chain(),
                "answers of agents could not be settled"
            );
        }
    }
}

/// Tells people whose passwords expire soon.
async fn tell(app: App) {
    match expiry::tell(&app).await {
        Ok(0) => {}
        Ok(count) => tracing::info!(count, "people were told that their passwords expire"),
        Err(error) => {
            tracing::warn!(
                error = error.chain(),
                "people could not be told that their passwords expire"
            );
        }
    }
}

async fn purge(app: App) {
    match admin::agent::roll_over(&app).await {
        Ok(0) => {}
        Ok(count) => tracing::info!(count, "agents are asked for new keys"),
        Err(error) => tracing::warn!(
            error = error.chain(),
            "agents could not be asked for new keys"
        ),
    }
    match admin::purge(&app).await {
        Ok(count) => tracing::debug!(count, "deleted what is over"),
        Err(error) => tracing::warn!(error = error.chain(), "what is over could not be deleted"),
    }
}

fn tell_systemd(state: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(state) {
        tracing::debug!(%error, "systemd could not be told");
    }
}

/// Is cancelled at SIGTERM or SIGINT. A second one ends the process at once.
pub(crate) fn stop_on_signals() -> Result<CancellationToken, Failure> {
    let stop = CancellationToken::new();
    let told = stop.clone();
    let mut wait = signals()?;
    tokio::spawn(async move {
        wait.next().await;
        tracing::info!("stopping");
        told.cancel();
        wait.next().await;
        std::process::exit(130);
    });
    Ok(stop)
}

#[cfg(unix)]
struct Signals {
    term: tokio::signal::unix::Signal,
    interrupt: tokio::signal::unix::Signal,
}

#[cfg(unix)]
fn signals() -> Result<Signals, Failure> {
    use tokio::signal::unix::{SignalKind, signal};
    Ok(Signals {
        term: signal(SignalKind::terminate())?,
        interrupt: signal(SignalKind::interrupt())?,
    })
}

#[cfg(unix)]
impl Signals {
    async fn next(&mut self) {
        tokio::select! {
            _ = self.term.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
fn signals() -> Result<Signals, Failure> {
    Ok(Signals)
}

#[cfg(not(unix))]
impl Signals {
    async fn next(&mut self) {
        let _ = tokio::signal::ctrl_c().await;
    }
}
