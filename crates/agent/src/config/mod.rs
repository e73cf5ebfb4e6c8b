//! The file that an administrator writes: `agent.toml`. Everything that is wrong with it is told at
//! once, each with its line and its cure.

mod source;
mod sync;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use latchkey_directory::{Address, Kind, Security, Settings, SyncSettings};
use latchkey_types::{Clock, Secret};

pub use source::Problem;
use source::{Section, Source};
pub use sync::Sync;

use crate::files;
use crate::network::{Network, Proxy};

/// A configuration with its comments.
pub const EXAMPLE: &str = include_str!("example.toml");

/// The configuration, checked.
#[derive(Debug)]
pub struct Config {
    /// The directory.
    pub directory: Directory,
    /// The way to the service.
    pub network: Network,
    /// The synchronisation.
    pub sync: Sync,
    /// The log.
    pub log: Log,
    /// What works, but perhaps not as it is meant.
    pub warnings: Vec<String>,
}

/// The directory, all but the clock.
#[derive(Debug)]
pub struct Directory {
    kind: Kind,
    servers: Vec<Address>,
    security: Security,
    ca_pem: Option<Vec<u8>>,
    bind_as: String,
    password: Secret<String>,
    base: String,
    user_bases: Vec<String>,
    user_filter: Option<String>,
    history_on_reset: bool,
    default_policy: Option<String>,
    connect: Duration,
    operation: Duration,
}

impl Directory {
    /// As the directory wants it.
    pub fn settings(&self, clock: Arc<dyn Clock>) -> Settings {
        Settings {
            kind: self.kind,
            servers: self.servers.clone(),
            security: self.security,
            ca_pem: self.ca_pem.clone(),
            bind_as: self.bind_as.clone(),
            password: self.password.clone(),
            base: self.base.clone(),
            user_bases: self.user_bases.clone(),
            user_filter: self.user_filter.clone(),
            connect_timeout: self.connect,
            operation_timeout: self.operation,
            apply_history_on_reset: self.history_on_reset,
            default_policy: self.default_policy.clone(),
            clock,
        }
    }

    /// Everybody in scope, for a list of them.
    pub fn everybody(&self) -> SyncSettings {
        SyncSettings {
            bases: self.user_bases.clone(),
            user_filter: self.user_filter.clone(),
            group_filter: None,
            attributes: ["userPrincipalName", "mail", "uid"]
                .map(str::to_owned)
                .into(),
            page_size: 500,
            dirsync: false,
        }
    }

    /// Which kind it is.
    pub const fn kind(&self) -> Kind {
        self.kind
    }

    /// The service account.
    pub fn bind_as(&self) -> &str {
        &self.bind_as
    }

    /// Where users are.
    pub fn user_bases(&self) -> &[String] {
        if self.user_bases.is_empty() {
            std::slice::from_ref(&self.base)
        } else {
            &self.user_bases
        }
    }
}

/// The log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Log {
    /// Which events.
    pub level: String,
    /// JSON, or lines for people.
    pub json: bool,
}

impl Default for Log {
    fn default() -> Self {
        Self {
            level: "info".into(),
            json: true,
        }
    }
}

/// Reads the file, and the variables of proxies.
pub fn load(path: &Path) -> Result<Config, Vec<Problem>> {
    let text = std::fs::read_to_string(path).map_err(|error| {
        vec![Problem::nowhere(format!(
            "{} cannot be read: {error} (latchkey-agent config example shows one)",
            path.display()
        ))]
    })?;
    read(path, &text, &environment_proxy())
}

/// `HTTPS_PROXY` and `NO_PROXY`, in either case.
pub fn environment_proxy() -> Vec<(String, String)> {
    std::env::vars_os()
        .filter_map(|(name, value)| {
            let name = name.into_string().ok()?.to_uppercase();
            let wanted = ["HTTPS_PROXY", "NO_PROXY"].contains(&name.as_str());
            wanted.then_some((name, value.into_string().ok()?))
        })
        .filter(|(_, value)| !value.trim().is_empty())
        .collect()
}

/// The proxy of the variables.
pub fn proxy_of(environment: &[(String, String)]) -> Result<Option<Proxy>, String> {
    let find = |wanted: &str| environment.iter().find(|(name, _)| name == wanted);
    let Some((_, address)) = find("HTTPS_PROXY") else {
        return Ok(None);
    };
    let mut proxy = Proxy::parse(address).map_err(|error| format!("HTTPS_PROXY: {error}"))?;
    if let Some((_, hosts)) = find("NO_PROXY") {
        let hosts = hosts.split(',').map(|host| host.trim().to_owned());
        proxy.not_for = hosts.filter(|host| !host.is_empty()).collect();
    }
    Ok(Some(proxy))
}

/// Reads a configuration from a text and variables.
pub fn read(
    path: &Path,
    text: &str,
    environment: &[(String, String)],
) -> Result<Config, Vec<Problem>> {
    let source = Source::read(path, text);
    let config = build(&source, environment);
    let problems = source.into_problems();
    match config {
        Some(config) if problems.is_empty() => Ok(config),
        _ => Err(problems),
    }
}

fn build(source: &Source, environment: &[(String, String)]) -> Option<Config> {
    let mut top = source.top();
    let mut warnings = Vec::new();
    let directory = match top.section("directory") {
        Some(section) => directory(source, section, &mut warnings),
        None => {
            source.problem(
                None,
                "there is no [directory]: latchkey-agent config example shows one",
            );
            None
        }
    };
    let mut network = Network::default();
    if let Some(mut service) = top.section("service") {
        network.ca_pem = service.parse("ca_file", pem);
        service.finish();
    }
    network.proxy = match top.section("proxy") {
        Some(section) => proxy(source, section),
        None => proxy_of(environment).unwrap_or_else(|error| {
            source.problem(None, error);
            None
        }),
    };
    let sync = match (top.section("sync"), &directory) {
        (Some(section), Some(directory)) => Some(sync::sync(source, section, directory)),
        (None, Some(directory)) => Some(Sync::usual(directory)),
        // What it would mean is not known.
        (_, None) => None,
    };
    let mut log = Log::default();
    if let Some(mut section) = top.section("log") {
        log.level = section.text("level").unwrap_or(log.level);
        log.json = section
            .parse("format", |format| match format {
                "json" => Ok(true),
                "text" => Ok(false),
                _ => Err("json or text".into()),
            })
            .unwrap_or(true);
        section.finish();
    }
    top.finish();
    Some(Config {
        directory: directory?,
        network,
        sync: sync?,
        log,
        warnings,
    })
}

fn directory(
    source: &Source,
    mut section: Section<'_>,
    warnings: &mut Vec<String>,
) -> Option<Directory> {
    let kind = section.needed("kind", |kind| match kind {
        "active_directory" => Ok(Kind::ActiveDirectory),
        "ldap" => Ok(Kind::Ldap),
        _ => Err("active_directory or ldap".into()),
    });
    let security = section
        .parse("security", |security| match security {
            "ldaps" => Ok(Security::Ldaps),
            "starttls" => Ok(Security::StartTls),
            "plain_text_where_anybody_can_read_passwords" => {
                Ok(Security::PlainTextWhereAnybodyCanReadPasswords)
            }
            _ => Err("ldaps or starttls".into()),
        })
        .unwrap_or(Security::Ldaps);
    if security == Security::PlainTextWhereAnybodyCanReadPasswords {
        warnings.push("directory.security: passwords go to the directory in plain text".into());
    }
    let usual = if security == Security::Ldaps {
        636
    } else {
        389
    };
    let servers = section.list("servers", |server| address(server, usual));
    if servers.is_empty() && !section.is_wrong("servers") {
        source.problem(
            section.line(),
            "directory.servers is missing: the names of the directory's servers",
        );
    }
    let ca_pem = section.parse("ca_file", pem).map(String::into_bytes);
    let bind_as = section.needed("bind_as", some);
    let password = section.needed("password_file", secret);
    let base = section.needed("base", some);
    let user_bases = section.list("user_bases", some);
    let user_filter = section.parse("user_filter", filter);
    let history_on_reset = section.flag("history_on_reset", true);
    let default_policy = section.parse("default_policy", some);
    let connect = section.seconds("connect_seconds", 1, 60, 5);
    let operation = section.seconds("operation_seconds", 1, 120, 20);
    section.finish();
    Some(Directory {
        kind: kind?,
        servers,
        security,
        ca_pem,
        bind_as: bind_as?,
        password: password?,
        base: base?,
        user_bases,
        user_filter,
        history_on_reset,
        default_policy,
        connect,
        operation,
    })
}

fn some(text: &str) -> Result<String, String> {
    match text.trim() {
        "" => Err("must not be empty".into()),
        text => Ok(text.to_owned()),
    }
}

fn filter(text: &str) -> Result<String, String> {
    let whole = text.starts_with('(') && text.ends_with(')');
    whole
        .then(|| text.to_owned())
        .ok_or_else(|| "a filter begins and ends with a parenthesis".into())
}

fn proxy(source: &Source, mut section: Section<'_>) -> Option<Proxy> {
    let proxy = section.needed("address", Proxy::parse);
    let line = section.line();
    let username = section.text("username");
    let password = section.parse("password_file", secret);
    let not_for = section.list("not_for", |host| Ok(host.to_owned()));
    section.finish();
    let credentials = match (username, password) {
        (Some(username), Some(password)) if !username.contains(':') => Some((username, password)),
        (None, None) => None,
        (Some(username), Some(_)) => {
            source.problem(
                line,
                format!("proxy.username: {username} must not hold a colon"),
            );
            None
        }
        _ => {
            source.problem(line, "proxy: username and password_file belong together");
            None
        }
    };
    Some(Proxy {
        credentials,
        not_for,
        ..proxy?
    })
}

fn address(text: &str, usual: u16) -> Result<Address, String> {
    const SHOULD: &str = "a server looks like dc1.corp.example or dc1.corp.example:636";
    let (host, port) = match text.rsplit_once(':') {
        Some((host, port)) if !host.contains(':') => {
            (host, port.parse().map_err(|_| SHOULD.to_owned())?)
        }
        _ => (text, usual),
    };
    if host.is_empty() || host.contains(['/', ' ', '@']) {
        return Err(SHOULD.into());
    }
    Ok(Address {
        host: host.to_owned(),
        port,
        ip: None,
    })
}

fn pem(path: &str) -> Result<String, String> {
    let text =
        std::fs::read_to_string(path).map_err(|error| format!("{path} cannot be read: {error}"))?;
    if text.contains("-----BEGIN CERTIFICATE-----") {
        Ok(text)
    } else {
        Err(format!("{path} holds no certificate in PEM"))
    }
}

/// A secret in a file of its own. A line break at its end does not belong to it.
pub fn secret(path: &str) -> Result<Secret<String>, String> {
    let bytes = files::read_secret(&PathBuf::from(path))?;
    let text = std::str::from_utf8(&bytes).map_err(|_| format!("{path} is not in UTF-8"))?;
    match text.trim_end_matches(['\r', '\n']) {
        "" => Err(format!("{path} is empty")),
        text => Ok(Secret::new(text.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn password(folder: &Path, mode: u32) -> String {
        let path = folder.join(format!("password-{mode:o}"));
        std::fs::write(&path, "bind-secret\n").unwrap();
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        }
        path.display().to_string()
    }

    fn problems(text: &str) -> Vec<String> {
        let problems = read(Path::new("agent.toml"), text, &[]).unwrap_err();
        problems.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn the_example_is_right_when_its_files_are_there_with_or_without_its_comments() {
        let folder = tempfile::tempdir().unwrap();
        let own = password(folder.path(), 0o600);
        let ca = folder.path().join("ca.pem");
        std::fs::write(&ca, "-----BEGIN CERTIFICATE-----\n").unwrap();
        let filled = |text: &str| {
            text.replace("/etc/latchkey-agent/directory-password", &own)
                .replace("/etc/latchkey-agent/proxy-password", &own)
                .replace("/etc/latchkey-agent/sync-password", &own)
                .replace(
                    "/etc/latchkey-agent/directory-ca.pem",
                    &ca.display().to_string(),
                )
                .replace(
                    "/etc/latchkey-agent/service-ca.pem",
                    &ca.display().to_string(),
                )
        };
        let short = read(Path::new("x"), &filled(EXAMPLE), &[]).unwrap();
        let settings = short
            .directory
            .settings(Arc::new(crate::system::SystemTimes));
        assert_eq!(settings.servers[1].host, "dc2.corp.example");
        assert_eq!(settings.servers[1].port, 636);
        assert_eq!(settings.password.expose(), "bind-secret");
        assert!(settings.apply_history_on_reset);
        let long: String = EXAMPLE
            .lines()
            .map(|line| match line.strip_prefix('#') {
                Some(rest) if !rest.starts_with(' ') => format!("{rest}\n"),
                _ => format!("{line}\n"),
            })
            .collect();
        let long = read(Path::new("x"), &filled(&long), &[]).unwrap();
        assert_eq!(long.network.proxy.unwrap().port, 3128);
        assert!(long.sync.enabled && !short.sync.enabled);
        let mut usual = crate::sync::Flow::usual(Kind::ActiveDirectory);
        assert_eq!(*short.sync.flow(), usual);
        for (name, attribute) in [
            ("authentication_email", "otherMailbox"),
            ("authentication_phone", "mobile"),
        ] {
            usual.users.insert(name, vec![attribute.into()]);
        }
        let upn = ["userPrincipalName", "mail"].map(str::to_owned);
        usual.users.insert("upn", upn.into());
        assert_eq!(*long.sync.flow(), usual);
        assert!(!format!("{:?}", long.sync).contains("bind-secret"));
        assert!(!format!("{:?}", long.directory).contains("bind-secret"));
    }

    #[test]
    fn everything_that_is_wrong_is_told_at_once_with_its_line_and_its_cure() {
        let folder = tempfile::tempdir().unwrap();
        let open = password(folder.path(), 0o644);
        let text = format!(
            "colour = 1\n[directory]\nkind = \"nis\"\nservers = [\"a:b\", 5]\nsecurity = \"none\"\n\
             password_file = \"{open}\"\nconnect_seconds = 0\nuser_filter = \"x\"\n[proxy]\n\
             address = \"proxy\"\nusername = \"me\"\n[log]\nformat = \"xml\"\n"
        );
        let problems = problems(&text);
        for expected in [
            "agent.toml:1: there is no setting colour",
            "agent.toml:2: directory.bind_as is missing",
            "agent.toml:2: directory.base is missing",
            "agent.toml:3: directory.kind: active_directory or ldap",
            "agent.toml:4: directory.servers: a server looks like",
            "agent.toml:4: directory.servers must be a list of texts",
            "agent.toml:5: directory.security: ldaps or starttls",
            "agent.toml:6: directory.password_file: ",
            "agent.toml:7: directory.connect_seconds must be a number from 1 to 60",
            "agent.toml:8: directory.user_filter: a filter begins",
            "agent.toml:9: proxy: username and password_file belong together",
            "agent.toml:10: proxy.address: a proxy's address looks like",
            "agent.toml:13: log.format: json or text",
        ] {
            assert!(
                problems.iter().any(|problem| problem.starts_with(expected)),
                "{expected}\n{problems:#?}"
            );
        }
        assert_eq!(problems.len(), 13, "{problems:#?}");
        assert!(problems.iter().any(|problem| problem.contains("chmod 600")));
    }

    #[test]
    fn a_synchronisation_that_cannot_be_meant_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let own = password(folder.path(), 0o600);
        let text = format!(
            "[directory]\nkind = \"ldap\"\nservers = [\"a\"]\nbind_as = \"cn=a\"\nbase = \"dc=a\"\n\
             password_file = \"{own}\"\n[sync]\nbind_as = \"cn=b\"\npage_size = 1001\n\
             group_filter = \"x\"\n[sync.flow]\nupn = \"\"\nmail = \"unicodePwd\"\n\
             mobile_phone = [\"mobile phone\"]\noffice_phone = 7\nname = \"cn\"\n"
        );
        let problems = problems(&text);
        for expected in [
            "agent.toml:7: sync: bind_as and password_file belong together",
            "agent.toml:9: sync.page_size must be a number from 1 to 1000",
            "agent.toml:10: sync.group_filter: a filter begins",
            "agent.toml:11: sync.flow.upn cannot be left out",
            "agent.toml:13: sync.flow.mail: a secret is not synchronised",
            "agent.toml:14: sync.flow.mobile_phone: an attribute's name looks like",
            "agent.toml:15: sync.flow.office_phone must be a text in quotes, or a list",
            "agent.toml:16: there is no setting sync.flow.name",
        ] {
            assert!(
                problems.iter().any(|problem| problem.starts_with(expected)),
                "{expected}\n{problems:#?}"
            );
        }
        assert_eq!(problems.len(), 8, "{problems:#?}");
    }

    #[test]
    fn a_file_that_is_not_toml_or_empty_is_told() {
        assert!(problems("[directory\n")[0].starts_with("agent.toml:1: not TOML"));
        assert!(problems("")[0].contains("there is no [directory]"));
    }

    #[test]
    fn the_proxy_of_the_environment_counts_where_there_is_no_section() {
        let given = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let both = [
            given("HTTPS_PROXY", "http://p:1"),
            given("NO_PROXY", "a, .b"),
        ];
        let proxy = proxy_of(&both).unwrap().unwrap();
        assert_eq!((proxy.host.as_str(), proxy.port), ("p", 1));
        assert_eq!(proxy.not_for, ["a", ".b"]);
        assert!(proxy_of(&[]).unwrap().is_none());
        assert!(
            proxy_of(&[given("HTTPS_PROXY", "http://u:hunter2@p:1")])
                .is_err_and(|error| !error.contains("hunter2"))
        );
    }
}
