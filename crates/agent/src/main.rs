//! `latchkey-agent`: runs beside a directory and connects outwards only.

use std::io::{IsTerminal as _, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use async_trait::async_trait;
use clap::{Parser, Subcommand};
use latchkey_agent::agent::{Parts, RunError, Step, Timing, Watch};
use latchkey_agent::check::{self, Point, Setup, Verdict};
use latchkey_agent::config::{self, Config, Log};
use latchkey_agent::enrolment::{self, Enrolment};
use latchkey_agent::events::{Event, say};
use latchkey_agent::network::Network;
use latchkey_agent::system::{self, SystemEntropy, SystemTimes};
use latchkey_agent::{agent, status, sync};
use latchkey_directory::{Class, Directory};
use latchkey_types::{Clock as _, Secret};
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;
use tracing_subscriber::EnvFilter;

/// Sets passwords in a directory for Latchkey, from within the organisation.
#[derive(Parser)]
#[command(name = "latchkey-agent", version)]
struct Cli {
    /// The configuration.
    #[arg(
        long,
        global = true,
        env = "LATCHKEY_AGENT_CONFIG",
        default_value = "/etc/latchkey-agent/agent.toml"
    )]
    config: PathBuf,
    /// The folder with keys and journal.
    #[arg(
        long,
        global = true,
        env = "LATCHKEY_AGENT_DATA",
        default_value = "/var/lib/latchkey-agent"
    )]
    data: PathBuf,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Make this machine an agent. The one-time token is read from standard input.
    Enrol {
        /// The address of the service: `https://reset.contoso.com`
        #[arg(long)]
        service: String,
        /// A file with the token, instead of standard input.
        #[arg(long)]
        token_file: Option<PathBuf>,
        /// Authorities (PEM) that the service's certificate must come from, from now on.
        #[arg(long)]
        ca: Option<PathBuf>,
        /// What administrators call this agent, instead of the host's name.
        #[arg(long)]
        name: Option<String>,
    },
    /// Do what the service asks, until stopped.
    Run,
    /// See whether the directory can be used: connection, rights, policy, clocks.
    Check {
        /// A sample of users, by their UPN (Active Directory) or mail or uid (LDAP).
        users: Vec<String>,
        /// One line of JSON for each point.
        #[arg(long)]
        json: bool,
    },
    /// Say by name who would fail today, and why.
    Doctor {
        /// Users; without any, everybody whom the agent may touch.
        users: Vec<String>,
        /// A file with users, one a line.
        #[arg(long)]
        users_file: Option<PathBuf>,
        /// One line of JSON for each point.
        #[arg(long)]
        json: bool,
    },
    /// Show what a synchronisation would send. The real one is a part of `run`.
    Sync {
        /// Send nothing.
        #[arg(long, required = true)]
        dry_run: bool,
        /// Read everything, instead of what changed since the last run.
        #[arg(long)]
        whole: bool,
        /// One line of JSON for each problem, and one for the counts.
        #[arg(long)]
        json: bool,
    },
    /// Say how this agent is.
    Status,
    /// Tell the service that this agent is gone for good, and wipe its keys.
    Remove {
        /// Wipe the keys even if the service cannot be told.
        #[arg(long)]
        force: bool,
    },
    /// The configuration.
    #[command(subcommand)]
    Config(ConfigCommand),
}

#[derive(Subcommand)]
enum ConfigCommand {
    /// Show one with its comments.
    Example,
    /// Say everything that is wrong with it.
    Check,
}

/// The exit code of an agent that the service has revoked: starting it again does not help.
const REVOKED: u8 = 3;

fn main() -> ExitCode {
    let cli = Cli::parse();
    system::install_provider();
    system::harden();
    let runtime = match tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => return fail(&error.to_string()),
    };
    match runtime.block_on(command(&cli)) {
        Ok(code) => ExitCode::from(code),
        Err(text) => fail(&text),
    }
}

fn fail(text: &str) -> ExitCode {
    eprintln!("latchkey-agent: {text}");
    ExitCode::FAILURE
}

async fn command(cli: &Cli) -> Result<u8, String> {
    match &cli.command {
        Command::Enrol {
            service,
            token_file,
            ca,
            name,
        } => {
            enrol(
                cli,
                service,
                token_file.as_deref(),
                ca.as_deref(),
                name.clone(),
            )
            .await
        }
        Command::Run => run(cli).await,
        Command::Check { users, json } => look(cli, users, *json, false).await,
        Command::Doctor {
            users,
            users_file,
            json,
        } => {
            let mut users = users.clone();
            if let Some(path) = users_file {
                let text = read(path)?;
                users.extend(
                    text.lines()
                        .map(str::trim)
                        .filter(|line| !line.is_empty())
                        .map(str::to_owned),
                );
            }
            look(cli, &users, *json, true).await
        }
        Command::Sync { whole, json, .. } => dry_run(cli, *whole, *json).await,
        Command::Status => {
            for (name, value) in status::describe(&cli.data)? {
                line(&format!("{name}: {value}"))?;
            }
            Ok(0)
        }
        Command::Remove { force } => {
            log(&Log::default())?;
            let network = network(cli)?;
            enrolment::remove(&cli.data, &network, Arc::new(SystemTimes), *force).await?;
            line("removed: the keys of this agent are wiped")?;
            Ok(0)
        }
        Command::Config(ConfigCommand::Example) => {
            line(config::EXAMPLE.trim_end())?;
            Ok(0)
        }
        Command::Config(ConfigCommand::Check) => {
            let config = load(&cli.config)?;
            for warning in &config.warnings {
                line(&format!("warning: {warning}"))?;
            }
            line("the configuration is right")?;
            Ok(0)
        }
    }
}

fn line(text: &str) -> Result<(), String> {
    let mut out = std::io::stdout().lock();
    // A terminal takes no orders from what a directory says.
    let tame: String = text
        .chars()
        .map(|c| {
            if c.is_control() && c != '\n' {
                '\u{fffd}'
            } else {
                c
            }
        })
        .collect();
    match writeln!(out, "{tame}") {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(error.to_string()),
        _ => Ok(()),
    }
}

fn read(path: &Path) -> Result<String, String> {
    std::fs::read_to_string(path)
        .map_err(|error| format!("{} cannot be read: {error}", path.display()))
}

fn load(path: &Path) -> Result<Config, String> {
    config::load(path).map_err(|problems| {
        let lines: Vec<String> = problems.iter().map(ToString::to_string).collect();
        lines.join("\n")
    })
}

/// The way to the service where the directory does not matter: enrolment comes before configuration.
fn network(cli: &Cli) -> Result<Network, String> {
    if cli.config.exists() {
        return Ok(load(&cli.config)?.network);
    }
    Ok(Network {
        ca_pem: None,
        proxy: config::proxy_of(&config::environment_proxy())?,
    })
}

async fn enrol(
    cli: &Cli,
    service: &str,
    token_file: Option<&Path>,
    ca: Option<&Path>,
    name: Option<String>,
) -> Result<u8, String> {
    log(&Log::default())?;
    let mut network = network(cli)?;
    if let Some(ca) = ca {
        network.ca_pem = Some(read(ca)?);
    }
    let token = match token_file {
        Some(path) => Secret::new(read(path)?),
        None => {
            if std::io::stdin().is_terminal() {
                eprintln!("Paste the one-time token and press Enter, then Ctrl-D.");
            }
            let mut token = String::new();
            let mut stdin = std::io::stdin().lock().take(4_096);
            stdin
                .read_to_string(&mut token)
                .map_err(|error| error.to_string())?;
            Secret::new(token)
        }
    };
    let enrolment = Enrolment {
        folder: cli.data.clone(),
        service: service.to_owned(),
        token,
        name: name.unwrap_or_else(host_name),
        network,
    };
    let identity = enrolment::enrol(enrolment, &SystemEntropy).await?;
    line(&format!(
        "enrolled as {} for {}. Next: latchkey-agent check USER, then start the service.",
        identity.agent, identity.domain
    ))?;
    Ok(0)
}

fn host_name() -> String {
    let name = rustix::system::uname();
    name.nodename().to_string_lossy().into_owned()
}

/// Tells systemd.
struct Systemd;

#[async_trait]
impl Watch for Systemd {
    async fn at(&self, step: Step) {
        use sd_notify::NotifyState;
        let states: &[NotifyState<'_>] = match step {
            Step::Ready => &[NotifyState::Ready, NotifyState::Status("connecting")],
            Step::Welcomed => &[NotifyState::Status("connected")],
            Step::Disconnected => &[NotifyState::Status("not connected")],
            Step::Stopping => &[NotifyState::Stopping],
            _ => return,
        };
        let _ = sd_notify::notify(states);
    }
}

async fn run(cli: &Cli) -> Result<u8, String> {
    let config = match load(&cli.config) {
        Ok(config) => config,
        Err(problems) => {
            log(&Log::default())?;
            say(Event::ConfigurationError, &problems);
            return Err(problems);
        }
    };
    log(&config.log)?;
    for warning in &config.warnings {
        tracing::warn!("{warning}");
    }
    let stop = CancellationToken::new();
    stop_on_signals(stop.clone())?;
    let times = Arc::new(SystemTimes);
    let directory = Directory::new(config.directory.settings(times.clone()))
        .map_err(|error| error.to_string())?;
    let synchronisation = if config.sync.enabled {
        let made = config
            .sync
            .synchronisation(&config.directory, times.clone());
        Some(made.map_err(|error| error.to_string())?)
    } else {
        None
    };
    let parts = Parts {
        folder: cli.data.clone(),
        backend: Arc::new(directory),
        network: config.network,
        synchronisation,
        time: times,
        entropy: Arc::new(SystemEntropy),
        timing: Timing::default(),
        watch: Arc::new(Systemd),
    };
    match agent::run(parts, stop).await {
        Ok(()) => Ok(0),
        Err(error @ RunError::Revoked) => {
            eprintln!("latchkey-agent: {error}");
            Ok(REVOKED)
        }
        Err(error) => Err(error.to_string()),
    }
}

fn stop_on_signals(stop: CancellationToken) -> Result<(), String> {
    let failed = |error: std::io::Error| error.to_string();
    let mut terminate = signal(SignalKind::terminate()).map_err(failed)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(failed)?;
    tokio::spawn(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        stop.cancel();
    });
    Ok(())
}

async fn dry_run(cli: &Cli, whole: bool, json: bool) -> Result<u8, String> {
    let config = load(&cli.config)?;
    let times = Arc::new(SystemTimes);
    let setup = config.sync.synchronisation(&config.directory, times);
    let setup = setup.map_err(|error| error.to_string())?;
    let report = sync::dry_run(&setup, &cli.data, whole, |problem| {
        if json {
            line(&serde_json::to_string(problem).map_err(|error| error.to_string())?)
        } else {
            line(&format!("problem  {}: {}", problem.code, problem.detail))
        }
    })
    .await?;
    if json {
        line(&serde_json::to_string(&report).map_err(|error| error.to_string())?)?;
        return Ok(0);
    }
    line(if report.whole {
        "everything was read; this would be sent:"
    } else {
        "this changed since the last run, and would be sent:"
    })?;
    for (name, count) in [
        ("users", report.users),
        ("of them disabled", report.disabled),
        ("groups", report.groups),
        ("members of groups", report.members),
        ("gone", report.deleted),
        ("pages", report.pages),
        ("problems", report.problems),
    ] {
        line(&format!("{name}: {count}"))?;
    }
    if !config.sync.enabled {
        line("the synchronisation is not on: enabled in [sync]")?;
    }
    Ok(0)
}

async fn look(cli: &Cli, users: &[String], json: bool, only_bad: bool) -> Result<u8, String> {
    let config = load(&cli.config)?;
    let times = Arc::new(SystemTimes);
    let setup = Setup {
        kind: config.directory.kind(),
        bind_as: config.directory.bind_as(),
        user_bases: config.directory.user_bases(),
    };
    let directory = Directory::new(config.directory.settings(times.clone()))
        .map_err(|error| error.to_string())?;
    let now = times.now();
    let health = directory.health().await;
    let mut points = check::directory(&health, setup, now);
    if !check::is_bad(&points) {
        points.extend(check::users(&directory, setup, users, now).await);
        if only_bad && users.is_empty() {
            let everybody = config.directory.everybody();
            let mut pages = directory
                .changes(None, &everybody)
                .map_err(|error| error.to_string())?;
            while let Some(page) = pages.next().await.map_err(|error| error.to_string())? {
                for object in page.objects {
                    if object.class != Some(Class::User) || object.deleted {
                        continue;
                    }
                    let name = everybody.attributes.iter();
                    let name = name.filter_map(|name| object.attributes.get(name)?.first());
                    let name = name.chain([&object.dn]).next().cloned().unwrap_or_default();
                    points.extend(check::user(&directory, setup, &name, &object.anchor, now).await);
                }
            }
            points.extend(values(&config).await?);
        }
    }
    for point in &points {
        if !only_bad || point.verdict != Verdict::Good {
            show(point, json)?;
        }
    }
    if only_bad && points.iter().all(|point| point.verdict == Verdict::Good) && !json {
        line("nobody would fail today")?;
    }
    Ok(u8::from(check::is_bad(&points)))
}

/// What of those who are, or would be, synchronised is not as it should be.
async fn values(config: &Config) -> Result<Vec<Point>, String> {
    let setup = config
        .sync
        .synchronisation(&config.directory, Arc::new(SystemTimes));
    let setup = setup.map_err(|error| error.to_string())?;
    let mut pages = setup
        .source
        .changes(None)
        .map_err(|error| error.to_string())?;
    let mut values = check::Values::new(&setup.flow);
    let mut points = Vec::new();
    while let Some(page) = pages.next().await.map_err(|error| error.to_string())? {
        for object in &page.objects {
            points.extend(values.look(object));
        }
    }
    Ok(points)
}

fn show(point: &Point, json: bool) -> Result<(), String> {
    if json {
        return line(&serde_json::to_string(point).map_err(|error| error.to_string())?);
    }
    let mark = match point.verdict {
        Verdict::Good => "good",
        Verdict::Warning => "warning",
        Verdict::Bad => "BAD",
    };
    line(&format!("{mark:7}  {}: {}", point.subject, point.finding))?;
    match &point.cure {
        Some(cure) => line(&format!("         cure: {cure}")),
        None => Ok(()),
    }
}

/// Begins to log, on standard error.
fn log(log: &Log) -> Result<(), String> {
    let filter = EnvFilter::try_new(&log.level).map_err(|error| format!("log.level: {error}"))?;
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        // Where nobody reads the log any more, saying so there would panic.
        .log_internal_errors(false)
        .with_writer(std::io::stderr);
    let begun = if log.json {
        builder
            .json()
            .flatten_event(true)
            .with_span_list(false)
            .try_init()
    } else {
        builder.try_init()
    };
    begun.map_err(|error| format!("the log cannot begin: {error}"))
}
