//! One function for each command.

mod agent;
mod audit;
mod breached;
mod config;
mod directory;
mod federation;
mod policy;
mod registration;
mod sync;
mod user;

use latchkey_app::App;

use crate::cli::{Cli, Command};
use crate::config::{Config, Given, load};
use crate::failure::Failure;
use crate::output::Output;
use crate::{demo, serve, start, tls};

/// What a command needs.
pub(crate) struct Console {
    pub(crate) app: App,
    pub(crate) out: Output,
}

/// Runs a command; the exit code.
pub(crate) fn run(cli: Cli) -> Result<u8, Failure> {
    let given = Given {
        file: cli.config,
        data: cli.data,
    };
    let out = Output::new(cli.json);
    tls::install_provider();
    let command = match cli.command {
        Command::Demo {
            listen,
            with_directory,
        } => {
            return many_threads()?
                .block_on(demo::run(listen, given.data, with_directory))
                .map(|()| 0);
        }
        Command::Serve => {
            return many_threads()?.block_on(serve::run(&given)).map(|()| 0);
        }
        Command::Config(command) => return config::run(&command, &given, &out).map(|()| 0),
        Command::Breached(command) => {
            return breached::run(command, &configuration(&given)?, &out).map(|()| 0);
        }
        other => other,
    };
    let config = configuration(&given)?;
    one_thread()?.block_on(async {
        if matches!(command, Command::Migrate) {
            let db = start::database(&config).await?;
            db.close().await;
            out.say("the database is up to date")?;
            return Ok(0);
        }
        let app = start::app(&config, Some(1)).await?;
        let console = Console { app, out };
        let result = console.run(command).await;
        console.app.db().close().await;
        result
    })
}

impl Console {
    async fn run(&self, command: Command) -> Result<u8, Failure> {
        match command {
            Command::Tenant(command) => self.tenant(command).await.map(|()| 0),
            Command::Domain(command) => self.domain(command).await.map(|()| 0),
            Command::Federation(command) => self.federation(command).await.map(|()| 0),
            Command::Agent(command) => self.agent(command).await.map(|()| 0),
            Command::Sync(command) => self.sync(command).await.map(|()| 0),
            Command::Group(command) => self.group(command).await.map(|()| 0),
            Command::User(command) => self.user(*command).await,
            Command::Policy(command) => self.policy(command).await.map(|()| 0),
            Command::Explain { user } => self.explain(&user).await.map(|()| 0),
            Command::Registration(command) => self.registration(command).await.map(|()| 0),
            Command::Audit(command) => self.audit(command).await,
            Command::Demo { .. }
            | Command::Serve
            | Command::Migrate
            | Command::Breached(_)
            | Command::Config(_) => Err("this command needs no open service".into()),
        }
    }
}

/// The configuration, or everything that is wrong with it.
fn configuration(given: &Given) -> Result<Config, Failure> {
    load(given).map_err(|problems| Failure::config(&problems))
}

fn many_threads() -> Result<tokio::runtime::Runtime, Failure> {
    Ok(tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?)
}

fn one_thread() -> Result<tokio::runtime::Runtime, Failure> {
    Ok(tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?)
}
