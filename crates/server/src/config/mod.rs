//! What must be known before there is a database.
//!
//! A TOML file, overridden by variables (`LATCHKEY__DATABASE__URL`), and defaults for all of it.
//! Everything that is wrong is told at once, each with its place and its cure.

mod example;
mod show;
mod source;
#[cfg(test)]
mod tests;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use latchkey_app::{BaseAddress, Difficulty, HashParams};
use latchkey_federation::Options as FederationOptions;
use latchkey_http::{Network, Proxies, ProxyHeader};
use latchkey_notify::{ProviderConfig, SmtpConfig, SmtpSecurity};
use latchkey_types::{EmailAddress, Secret};
use serde::Deserialize as _;

pub(crate) use example::EXAMPLE;
pub(crate) use show::show;
pub(crate) use source::Problem;
use source::{Place, Section, Source};

/// The configuration, checked.
#[derive(Debug)]
pub(crate) struct Config {
    /// Where the portals listen.
    pub(crate) listen: SocketAddr,
    /// Where people reach the service.
    pub(crate) base: BaseAddress,
    /// Other hosts that are answered.
    pub(crate) extra_hosts: Vec<String>,
    /// The name where no tenant is known.
    pub(crate) service_name: String,
    /// The folder for everything that is kept.
    pub(crate) data: PathBuf,
    /// The file with the master key.
    pub(crate) key_file: PathBuf,
    /// The database.
    pub(crate) database: Database,
    /// Certificate and key, where the service speaks TLS itself.
    pub(crate) tls: Option<Tls>,
    /// The reverse proxies that are believed.
    pub(crate) proxies: Proxies,
    /// Where metrics can be read.
    pub(crate) metrics: Option<SocketAddr>,
    /// The mail relay.
    pub(crate) mail: Option<SmtpConfig>,
    /// The provider of text messages.
    pub(crate) text: Option<ProviderConfig>,
    /// The provider of calls.
    pub(crate) call: Option<ProviderConfig>,
    /// How the identity providers of tenants may be reached.
    pub(crate) federation: FederationOptions,
    /// The breached-password filter.
    pub(crate) breached: Option<PathBuf>,
    /// The work of one password hash.
    pub(crate) hash: HashParams,
    /// Hashing threads; 0: one for each core.
    pub(crate) hash_threads: u32,
    /// Hashes that may wait.
    pub(crate) hash_queue: u32,
    /// What strangers may do.
    pub(crate) limits: Limits,
    /// The log.
    pub(crate) log: Log,
    /// What works, but perhaps not as it is meant.
    pub(crate) warnings: Vec<String>,
}

/// The database.
#[derive(Debug)]
pub(crate) struct Database {
    /// `sqlite:PATH` or `postgres://…`; it may hold a password.
    pub(crate) url: Secret<String>,
    /// Connections.
    pub(crate) connections: u32,
    /// How long a transaction waits for one.
    pub(crate) wait: Duration,
    /// No setting: only the demonstration throws its database away.
    pub(crate) durable: bool,
}

/// TLS of our own.
#[derive(Debug)]
pub(crate) struct Tls {
    /// The certificate and those between it and the root, PEM.
    pub(crate) certificate: PathBuf,
    /// Its key, PEM.
    pub(crate) key: PathBuf,
}

/// What strangers may do.
#[derive(Debug)]
pub(crate) struct Limits {
    /// Connections at once.
    pub(crate) connections: u32,
    /// Connections at once from one address.
    pub(crate) connections_per_address: u32,
    /// Seconds for one request.
    pub(crate) request_seconds: u32,
    /// Attempts at step 1 from one network, at once.
    pub(crate) attempts: u32,
    /// Seconds until there is one more.
    pub(crate) attempt_seconds: u32,
    /// Bits of the proof of work.
    pub(crate) work: Difficulty,
}

/// The log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Log {
    /// Which events.
    pub(crate) level: String,
    /// JSON, or lines for people.
    pub(crate) json: bool,
}

/// What the command line says of the configuration.
#[derive(Debug, Clone, Default)]
pub(crate) struct Given {
    /// The file.
    pub(crate) file: Option<PathBuf>,
    /// The data folder.
    pub(crate) data: Option<PathBuf>,
}

/// Reads the configuration of this process.
pub(crate) fn load(given: &Given) -> Result<Config, Vec<Problem>> {
    let text = match &given.file {
        None => None,
        Some(path) => match std::fs::read_to_string(path) {
            Ok(text) => Some((path.as_path(), text)),
            Err(error) => {
                return Err(vec![Problem {
                    place: Place::Nowhere,
                    what: format!("{} cannot be read: {error}", path.display()),
                }]);
            }
        },
    };
    let file = text.as_ref().map(|(path, text)| (*path, text.as_str()));
    let mut unreadable = Vec::new();
    let environment: Vec<(String, String)> = std::env::vars_os()
        .filter_map(|(name, value)| {
            let name = name.into_string().ok()?;
            match value.into_string() {
                Ok(value) => Some((name, value)),
                Err(_) if name.starts_with(source::PREFIX) => {
                    unreadable.push(Problem {
                        place: Place::Environment(name),
                        what: "it is not in UTF-8".into(),
                    });
                    None
                }
                // Somebody else's; no text needs to be in it.
                Err(_) => None,
            }
        })
        .collect();
    match read(file, environment, given.data.as_deref()) {
        Ok(config) if unreadable.is_empty() => Ok(config),
        Ok(_) => Err(unreadable),
        Err(mut problems) => {
            problems.extend(unreadable);
            Err(problems)
        }
    }
}

/// Reads a configuration from a text and variables.
pub(crate) fn read(
    file: Option<(&Path, &str)>,
    environment: impl IntoIterator<Item = (String, String)>,
    data: Option<&Path>,
) -> Result<Config, Vec<Problem>> {
    let source = Source::read(file, environment);
    let config = build(&source, data);
    let problems = source.into_problems();
    match config {
        Some(config) if problems.is_empty() => Ok(config),
        _ => Err(problems),
    }
}

/// A sign-in asks its provider up to four times, one after the other, within one request of ours.
const PROVIDER_SECONDS: u32 = 5;

const DEFAULT_LISTEN: SocketAddr =
    SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 8480);

fn build(source: &Source, data: Option<&Path>) -> Option<Config> {
    let mut top = source.top();
    let mut warnings = Vec::new();
    let listen_place = top.place_of("listen");
    let listen = top.parse("listen", address).unwrap_or(DEFAULT_LISTEN);
    let proxies = top.section("proxy").map(proxy).unwrap_or_default();
    let tls = top.section("tls").and_then(|section| tls(source, section));
    let base = base(source, &mut top, listen, &listen_place);
    if let Some(base) = &base
        && base.is_secure()
        && tls.is_none()
        && proxies.networks.is_empty()
    {
        warnings.push(
            "base_address is https, but there is neither [tls] nor [proxy] trusted: behind a \
             reverse proxy all clients count as one"
                .into(),
        );
    }
    let extra_hosts = top.parse_list("extra_hosts", |host| {
        BaseAddress::parse(&format!("https://{host}"))
            .map(|parsed| parsed.host().to_owned())
            .map_err(|_| "a host looks like reset.contoso.com or localhost:8480".into())
    });
    let service_name = top.parse("service_name", |name| match name.trim() {
        name if (1..=100).contains(&name.chars().count()) => Ok(name.to_owned()),
        _ => Err("1 to 100 characters".into()),
    });
    let from_file = top.text("data").map(PathBuf::from);
    let data = data
        .map(Path::to_owned)
        .or(from_file)
        .unwrap_or_else(|| PathBuf::from("data"));
    let key_file = top
        .text("key_file")
        .map_or_else(|| data.join("master.key"), PathBuf::from);
    let database = database(source, top.section("database"), &data);
    let metrics = top.section("metrics").and_then(|mut section| {
        let listen = section.parse("listen", address);
        section.finish();
        listen
    });
    let host = base.as_ref().map_or("localhost", BaseAddress::name);
    let mail = top
        .section("mail")
        .and_then(|section| mail(source, section, host));
    if mail.is_none() {
        warnings.push("there is no [mail]: messages wait in the outbox until there is".into());
    }
    let text = top
        .section("text")
        .and_then(|section| provider(source, section, "text"));
    let call = top
        .section("call")
        .and_then(|section| provider(source, section, "call"));
    let federation = federation(top.section("federation"));
    let mut passwords = Passwords::default();
    if let Some(section) = top.section("passwords") {
        passwords = Passwords::read(source, section);
    }
    let limits = limits(top.section("limits"));
    let log = log(top.section("log"));
    top.finish();
    Some(Config {
        listen,
        base: base?,
        extra_hosts,
        service_name: service_name.unwrap_or_else(|| "Latchkey".into()),
        data,
        key_file,
        database: database?,
        tls,
        proxies,
        metrics,
        mail,
        text,
        call,
        federation,
        breached: passwords.breached,
        hash: passwords.hash,
        hash_threads: passwords.threads,
        hash_queue: passwords.queue,
        limits,
        log,
        warnings,
    })
}

fn address(text: &str) -> Result<SocketAddr, String> {
    text.parse()
        .map_err(|_| "an address and port, such as 127.0.0.1:8480 or [::]:8480".into())
}

/// No link is ever made of what a request says: without a base address that can be used, nothing
/// starts that would send one.
fn base(
    source: &Source,
    top: &mut Section<'_>,
    listen: SocketAddr,
    listen_place: &Place,
) -> Option<BaseAddress> {
    let place = top.place_of("base_address");
    let is_given = place != Place::Nowhere;
    let parsed = top.parse("base_address", |text| {
        BaseAddress::parse(text).map_err(|error| error.to_string())
    });
    match parsed {
        Some(base) if base.is_secure() || listen.ip().is_loopback() => Some(base),
        Some(_) => {
            source.problem(
                &place,
                "base_address is http, which is only for a service that listens on this machine \
                 alone: use https",
            );
            None
        }
        None if is_given => None,
        None if listen.ip().is_loopback() => {
            BaseAddress::parse(&format!("http://localhost:{}", listen.port())).ok()
        }
        None => {
            source.problem(
                listen_place,
                "base_address is missing: give the address under which people reach the service, \
                 such as base_address = \"https://reset.contoso.com\"",
            );
            None
        }
    }
}

fn proxy(mut section: Section<'_>) -> Proxies {
    let networks = section.parse_list("trusted", |text| {
        Network::parse(text).map_err(|error| error.to_string())
    });
    let header = section.parse("header", |text| match text {
        "x-forwarded-for" => Ok(ProxyHeader::XForwardedFor),
        "forwarded" => Ok(ProxyHeader::Forwarded),
        _ => Err("x-forwarded-for or forwarded: the one that the proxy writes".into()),
    });
    section.finish();
    Proxies {
        networks,
        header: header.unwrap_or_default(),
    }
}

fn tls(source: &Source, mut section: Section<'_>) -> Option<Tls> {
    let place = section.place.clone();
    let certificate = section.text("certificate").map(PathBuf::from);
    let key = section.text("key").map(PathBuf::from);
    section.finish();
    if let (Some(certificate), Some(key)) = (certificate, key) {
        return Some(Tls { certificate, key });
    }
    source.problem(
        &place,
        "[tls] needs certificate and key, the paths of two PEM files",
    );
    None
}

fn database(source: &Source, section: Option<Section<'_>>, data: &Path) -> Option<Database> {
    let default = || Secret::new(format!("sqlite:{}", data.join("latchkey.db").display()));
    let Some(mut section) = section else {
        return Some(Database {
            url: default(),
            connections: 4,
            wait: Duration::from_secs(10),
            durable: true,
        });
    };
    let place = section.place_of("url");
    let url = section.secret("url", "url_file").unwrap_or_else(default);
    let known = ["sqlite:", "postgres:", "postgresql:"];
    let is_known = known.iter().any(|scheme| url.expose().starts_with(scheme));
    if !is_known {
        source.problem(
            &place,
            "database.url begins with sqlite: (sqlite:/var/lib/latchkey/latchkey.db) or postgres: \
             (postgres://latchkey@host/latchkey)",
        );
    }
    let database = Database {
        url,
        connections: section.number("connections", 1, 200, 4),
        wait: Duration::from_secs(section.number("wait_seconds", 1, 120, 10).into()),
        durable: true,
    };
    section.finish();
    is_known.then_some(database)
}

fn mail(source: &Source, mut section: Section<'_>, message_id_host: &str) -> Option<SmtpConfig> {
    let place = section.place.clone();
    let host = section.text("host").filter(|host| !host.trim().is_empty());
    let tls_place = section.place_of("tls");
    let security = section.parse("tls", |text| match text {
        "required" => Ok(SmtpSecurity::StartTls),
        "wrapper" => Ok(SmtpSecurity::Implicit),
        "none" => Ok(SmtpSecurity::None),
        _ => Err(
            "required (STARTTLS), wrapper (TLS from the first byte), or none for a relay on \
                  this machine"
                .into(),
        ),
    });
    let security = security.unwrap_or(SmtpSecurity::StartTls);
    let is_local = host.as_deref().is_some_and(|host| {
        host == "localhost"
            || host
                .trim_matches(['[', ']'])
                .parse()
                .is_ok_and(|ip: std::net::IpAddr| ip.is_loopback())
    });
    if security == SmtpSecurity::None && !is_local {
        source.problem(
            &tls_place,
            "mail.tls = \"none\" is only for a relay on this machine",
        );
    }
    let usual_port = if security == SmtpSecurity::Implicit {
        465
    } else {
        587
    };
    let port = section.number("port", 1, 65_535, usual_port);
    let username = section.text("username");
    let password = section.secret("password", "password_file");
    if username.is_some() != password.is_some() {
        source.problem(
            &place,
            "mail.username and mail.password (or password_file) go together",
        );
    }
    let has_from = section.has("from");
    let from = section.parse("from", |text| {
        EmailAddress::parse(text).map_err(|error| error.to_string())
    });
    let extra_ca_pem = section.parse("ca_file", |path| {
        std::fs::read(path).map_err(|error| format!("{path} cannot be read: {error}"))
    });
    let seconds = section.number("timeout_seconds", 1, 300, 30);
    let connections = section.number("connections", 1, 64, 8);
    section.finish();
    if host.is_none() || !has_from {
        source.problem(
            &place,
            "[mail] needs host, the relay's name, and from, the sender's address",
        );
    }
    let (host, from) = (host?, from?);
    Some(SmtpConfig {
        host,
        port: u16::try_from(port).ok()?,
        security,
        username,
        password,
        from,
        message_id_host: message_id_host.to_owned(),
        extra_ca_pem,
        timeout: Duration::from_secs(seconds.into()),
        max_connections: usize::try_from(connections).ok()?,
    })
}

fn provider(source: &Source, section: Section<'_>, name: &str) -> Option<ProviderConfig> {
    let place = section.place.clone();
    let table = section.rest(&["timeout_seconds", "dangerously_allow_private_addresses"]);
    match ProviderConfig::deserialize(table) {
        Ok(config) => Some(config),
        Err(error) => {
            source.problem(
                &place,
                format!("[{name}]: {}", without_value(error.message())),
            );
            None
        }
    }
}

fn federation(section: Option<Section<'_>>) -> FederationOptions {
    let mut options = FederationOptions {
        timeout: Duration::from_secs(PROVIDER_SECONDS.into()),
        ..FederationOptions::default()
    };
    let Some(mut section) = section else {
        return options;
    };
    options.allow_private = section.flag("allow_private");
    options.extra_ca_file = section.text("extra_ca_file").map(PathBuf::from);
    let seconds = section.number("timeout_seconds", 1, 60, PROVIDER_SECONDS);
    options.timeout = Duration::from_secs(seconds.into());
    section.finish();
    options
}

/// What is wrong, without quoting a value: it may be the secret itself, typed without quotes.
fn without_value(message: &str) -> String {
    let wrong = ["invalid type: ", "invalid value: ", "invalid length "];
    match message.split_once(", expected ") {
        Some((_, expected)) if wrong.iter().any(|begin| message.starts_with(begin)) => {
            format!("a value is of the wrong kind: expected {expected}")
        }
        _ => message.to_owned(),
    }
}

struct Passwords {
    breached: Option<PathBuf>,
    hash: HashParams,
    threads: u32,
    queue: u32,
}

impl Default for Passwords {
    fn default() -> Self {
        Self {
            breached: None,
            hash: HashParams::default(),
            threads: 0,
            queue: 256,
        }
    }
}

impl Passwords {
    fn read(source: &Source, mut section: Section<'_>) -> Self {
        let default = HashParams::default();
        let place = section.place.clone();
        let breached = section.text("breached_filter").map(PathBuf::from);
        let (least, most) = (HashParams::MIN_MEMORY, HashParams::MAX_MEMORY);
        let memory = section.number("memory_kib", least, most, default.memory());
        let (least, most) = (HashParams::MIN_PASSES, HashParams::MAX_PASSES);
        let passes = section.number("passes", least, most, default.passes());
        let lanes = section.number("lanes", 1, HashParams::MAX_LANES, default.lanes());
        let hash = HashParams::new(memory, passes, lanes).unwrap_or_else(|error| {
            source.problem(&place, format!("[passwords]: {error}"));
            default
        });
        let read = Self {
            breached,
            hash,
            threads: section.number("threads", 0, 256, 0),
            queue: section.number("queue", 1, 100_000, 256),
        };
        section.finish();
        read
    }
}

fn limits(section: Option<Section<'_>>) -> Limits {
    let default = Difficulty::DEFAULT;
    let Some(mut section) = section else {
        return Limits {
            connections: 1024,
            connections_per_address: 64,
            request_seconds: 30,
            attempts: 60,
            attempt_seconds: 5,
            work: default,
        };
    };
    let limits = Limits {
        connections: section.number("connections", 16, 100_000, 1024),
        connections_per_address: section.number("connections_per_address", 1, 100_000, 64),
        request_seconds: section.number("request_seconds", 5, 300, 30),
        attempts: section.number("attempts", 1, 100_000, 60),
        attempt_seconds: section.number("attempt_seconds", 1, 3600, 5),
        work: Difficulty::new(section.number("work_bits", 8, 32, default.bits().into()) as u8)
            .unwrap_or(default),
    };
    section.finish();
    limits
}

fn log(section: Option<Section<'_>>) -> Log {
    let mut log = Log {
        level: "info".into(),
        json: true,
    };
    let Some(mut section) = section else {
        return log;
    };
    let level = section.parse("level", |text| {
        tracing_subscriber::EnvFilter::try_new(text)
            .map(|_| text.to_owned())
            .map_err(|_| "error, warn, info, debug, or target=level pairs with commas".into())
    });
    if let Some(level) = level {
        log.level = level;
    }
    let json = section.parse("format", |text| match text {
        "json" => Ok(true),
        "text" => Ok(false),
        _ => Err("json or text".into()),
    });
    log.json = json.unwrap_or(true);
    section.finish();
    log
}
