//! `latchkey demo`: made-up organisations and people, every message shown, nothing leaves.

mod cast;
mod directory;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use latchkey_app::admin::seed::{authenticator_address, seed};
use latchkey_app::{App, admin};
use latchkey_gateway::Gateway;
use latchkey_http::Limits;
use latchkey_notify::DemoOutbox;
use latchkey_web::{DemoLink, DemoPages, DemoUser, WebOptions, demo_router, router_with};

use crate::config::{self, Log};
use crate::failure::Failure;
use crate::output::Output;
use crate::service::{self, DRAIN, Service};
use crate::{start, system};

/// How many messages the demonstration keeps.
const MESSAGES: usize = 1_000;

/// Runs the demonstration on loopback until it is told to stop.
pub(crate) async fn run(
    listen: SocketAddr,
    data: Option<PathBuf>,
    with_directory: bool,
) -> Result<(), Failure> {
    if !listen.ip().is_loopback() {
        return Err(Failure::usage(format!(
            "the demo shows every code and secret to whoever asks, so it listens on this machine \
             alone: {} is not a loopback address",
            listen.ip()
        )));
    }
    crate::serve::log(&Log {
        level: "warn".into(),
        json: false,
    })?;
    system::harden();
    let stop = service::stop_on_signals()?;
    let listener = service::listen(listen).await?;
    let address = listener.local_addr()?;
    // Removed when it is dropped, at the end.
    let (folder, temporary) = match data {
        Some(folder) => (folder, None),
        None => {
            let folder = tempfile::Builder::new()
                .prefix("latchkey-demo-")
                .tempdir()?;
            (folder.path().to_owned(), Some(folder))
        }
    };
    let variables = [("LATCHKEY__LISTEN".to_owned(), address.to_string())];
    let mut config = config::read(None, variables, Some(&folder))
        .map_err(|problems| Failure::config(&problems))?;
    // What is thrown away needs no disk that waits.
    config.database.durable = temporary.is_none();
    // An identity provider to try this with is on this machine, too.
    config.federation.allow_private = true;
    let outbox = Arc::new(DemoOutbox::new(MESSAGES));
    let app = start::with_channel(&config, None, outbox.clone()).await?;
    let options = WebOptions {
        extra_hosts: vec![address.to_string()],
        ..WebOptions::default()
    };
    let beside = if with_directory {
        Some(directory::start().await?)
    } else {
        None
    };
    let mut users = people(&app).await?;
    if let Some(beside) = &beside {
        // First, since they are why somebody asked for a directory.
        users.splice(0..0, directory::people(&app, beside).await?);
    }
    let pages = DemoPages {
        outbox,
        users,
        password: cast::PASSWORD.to_owned(),
        links: [
            "/",
            "/sign-in",
            "/reset",
            "/demo/outbox",
            "/demo/outbox.json",
        ]
        .into_iter()
        .zip([
            "The first page",
            "Sign in",
            "Reset a password",
            "Every mail, text and call",
            "The same as JSON",
        ])
        .map(|(href, text)| DemoLink {
            href: href.into(),
            text: text.into(),
        })
        .collect(),
    };
    let gateway = Gateway::new(app.clone(), stop.clone());
    let router = router_with(app.clone(), &options, gateway.routes()).merge(demo_router(
        app.clone(),
        &options,
        pages,
    ));
    let limits = Limits {
        drain: DRAIN,
        per_address: 1024,
        ..Limits::default()
    };
    let (service_app, agent_stop) = (app.clone(), stop.clone());
    let service = Service {
        app,
        router,
        gateway,
        listener,
        tls: None,
        limits,
        metrics: None,
    };
    let agent = beside.map(|beside| {
        let keys = folder.join("agent");
        let service = config.base.url().to_owned();
        tokio::spawn(directory::run_agent(
            service_app,
            beside,
            keys,
            service,
            agent_stop,
        ))
    });
    Output::new(false).line(&format!("Latchkey demo ready: {}/demo", config.base.url()))?;
    let ran = service.run(stop.clone()).await;
    stop.cancel();
    if let Some(agent) = agent {
        let _ = agent.await;
    }
    ran
}

/// Creates everybody, unless they are in the data folder already, and tells what each is for.
async fn people(app: &App) -> Result<Vec<DemoUser>, Failure> {
    let (tenants, roles) = cast::cast();
    let is_new = admin::tenant::list(app, None).await?.is_empty();
    if is_new {
        seed(app, &admin::operator(app), &tenants).await?;
    }
    let mut people = Vec::new();
    for role in roles {
        let mut what_it_is_for = role.what_it_is_for;
        if role.has_authenticator
            && let Some(address) = authenticator_address(app, role.upn).await?
        {
            let address = address.expose();
            let secret = address
                .split(['?', '&'])
                .find_map(|part| part.strip_prefix("secret="))
                .unwrap_or_default();
            what_it_is_for += &[" Secret for an app: ", secret, ". Or: ", address].concat();
        }
        people.push(DemoUser {
            user_id: role.upn.into(),
            name: role.name.into(),
            what_it_is_for,
        });
    }
    Ok(people)
}
