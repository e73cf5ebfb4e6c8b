//! `demo --with-directory`: a private Active Directory (Samba) on this machine and an agent beside it,
//! so that passwords are written back as they would be in an organisation.
//!
//! The agent is the real one, in this process: it enrols with a token, connects to the service by the
//! address that people use, and opens what was sealed to it.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use latchkey_agent::agent::{self, Parts, Timing, Unwatched};
use latchkey_agent::enrolment::{Enrolment, enrol};
use latchkey_agent::network::Network;
use latchkey_agent::system::{SystemEntropy, SystemTimes};
use latchkey_app::admin::seed::{SeedTenant, SeedUser, seed};
use latchkey_app::admin::user::Field;
use latchkey_app::{App, admin};
use latchkey_core::reset::Gate;
use latchkey_core::settings::{Disclosure, Scope, Settings};
use latchkey_directory::{Address, Directory, Kind, Security, Settings as DirectorySettings};
use latchkey_testdir::{Samba, SambaUser, base64};
use latchkey_types::Secret;
use latchkey_web::DemoUser;
use tokio_util::sync::CancellationToken;

use crate::failure::Failure;

/// The organisation whose passwords are in the directory.
const TENANT: &str = "Proseware";
const DOMAIN: &str = "corp.example";
/// The password of everybody in the directory, at first.
const PASSWORD: &str = "Sunny-Harbour-7";

/// Older than a trial.
const AGE: Duration = Duration::from_secs(400 * 24 * 60 * 60);

/// How long starting a domain for the first time may take; afterwards it is a copy.
const DIRECTORY_STARTS: Duration = Duration::from_secs(120);

struct Person {
    name: &'static str,
    display: &'static str,
    upn: &'static str,
    managed: &'static str,
    what: &'static str,
}

const PEOPLE: [Person; 4] = [
    Person {
        name: "lidia",
        display: "Lidia Holloway",
        upn: "lidia@corp.example",
        managed: "pass-through",
        what: "The password is in a real Active Directory (Samba) on this machine, and is reset, changed \
               and checked there by an agent. It wants at least 10 characters of three kinds. Mail \
               lidia@home.example.",
    },
    Person {
        name: "nestor",
        display: "Nestor Wilke",
        upn: "nestor@corp.example",
        managed: "pass-through",
        what: "Wrong passwords locked the account in the directory: it can be unlocked and the password \
               kept. Mail nestor@home.example.",
    },
    Person {
        name: "irvin",
        display: "Irvin Sayers",
        upn: "irvin@corp.example",
        managed: "password hash sync",
        what: "The password is in the directory, and a copy of its hash here, once Irvin has signed in. \
               Mail irvin@home.example.",
    },
    Person {
        name: "enrico",
        display: "Enrico Cattaneo",
        upn: "enrico@corp.example",
        managed: "pass-through",
        what: "In a protected group of the directory: the agent refuses to reset it, whatever the \
               service says. Mail enrico@home.example.",
    },
];

/// The directory while the demonstration runs.
pub(super) struct Beside {
    samba: Samba,
    anchors: Vec<String>,
}

/// Starts the directory, or says what is missing.
pub(super) async fn start() -> Result<Beside, Failure> {
    if let Some(why) = latchkey_testdir::lacks_samba() {
        return Err(Failure::usage(format!(
            "--with-directory starts a private Samba domain on a loopback address, and {why}. On Debian, \
             as root: apt-get install -y --no-install-recommends samba samba-ad-dc \
             samba-ad-provision winbind python3-samba ldb-tools ldap-utils. Then run this as root."
        )));
    }
    let made = tokio::task::spawn_blocking(make);
    match tokio::time::timeout(DIRECTORY_STARTS, made).await {
        Ok(Ok(Some(beside))) => Ok(beside),
        Ok(Ok(None)) => Err("the directory could not be started".into()),
        Ok(Err(error)) => Err(format!("the directory could not be started: {error}").into()),
        Err(_) => Err("the directory did not start in two minutes".into()),
    }
}

fn make() -> Option<Beside> {
    let samba = latchkey_testdir::samba()?;
    let mut anchors = Vec::new();
    for person in &PEOPLE {
        let user = SambaUser {
            name: person.name.into(),
            dn: format!("CN={},{}", person.name, Samba::PEOPLE),
            upn: person.upn.into(),
            password: PASSWORD.into(),
        };
        samba.apply(&ldif(person, &user));
        match person.name {
            "nestor" => samba.lock(&user),
            "enrico" => samba.protect(&user),
            _ => {}
        }
        anchors.push(samba.guid(&user));
    }
    Some(Beside { samba, anchors })
}

fn ldif(person: &Person, user: &SambaUser) -> String {
    let password: Vec<u8> = format!("\"{PASSWORD}\"")
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    let mut text = format!(
        "dn: {}\nchangetype: add\nobjectClass: user\nsAMAccountName: {}\n",
        user.dn, user.name
    );
    for (name, value) in [
        ("userPrincipalName: ", person.upn),
        ("displayName: ", person.display),
        ("mail: ", person.upn),
        ("userAccountControl: ", "512"),
        ("unicodePwd:: ", &base64(&password)),
    ] {
        let _ = writeln!(text, "{name}{value}");
    }
    text
}

/// Creates the organisation, unless it is in the data folder already, and tells what everybody is for.
pub(super) async fn people(app: &App, beside: &Beside) -> Result<Vec<DemoUser>, Failure> {
    let known = admin::tenant::list(app, None).await?;
    let operator = admin::operator(app);
    if known.iter().any(|tenant| tenant.name == TENANT) {
        // The directory is a new one each time, and so are the ids in it.
        for (person, anchor) in PEOPLE.iter().zip(&beside.anchors) {
            let values = [(Field::Anchor, anchor.clone())];
            admin::user::set(app, &operator, person.upn, &values).await?;
        }
    } else {
        seed(app, &operator, &[organisation(&beside.anchors)]).await?;
    }
    Ok(PEOPLE
        .iter()
        .map(|person| DemoUser {
            user_id: person.upn.into(),
            name: person.display.into(),
            what_it_is_for: person.what.into(),
        })
        .collect())
}

fn organisation(anchors: &[String]) -> SeedTenant {
    let mut settings = Settings::default();
    settings.reset.scope = Scope::All;
    settings.reset.disclosure = Disclosure::Standard;
    settings.reset.gates_required = 1;
    settings.reset.methods = [Gate::Email].into();
    settings.reset.unlock_without_reset = true;
    SeedTenant {
        name: TENANT,
        country: "NL",
        initial_domain: "proseware.localhost",
        custom_domains: &[DOMAIN],
        age: AGE,
        settings,
        only_group: None,
        users: PEOPLE
            .iter()
            .zip(anchors)
            .map(|(person, anchor)| user(person, anchor))
            .collect(),
    }
}

fn user(person: &Person, anchor: &str) -> SeedUser {
    let (given, family) = person.display.split_once(' ').unwrap_or_default();
    let mails = format!("{}@home.example", person.name);
    let fields = [
        (Field::DisplayName, person.display),
        (Field::GivenName, given),
        (Field::FamilyName, family),
        (Field::Mail, person.upn),
        (Field::OtherMails, &mails),
        (Field::Source, "synchronised"),
        (Field::Anchor, anchor),
        (Field::AgentDomain, DOMAIN),
        (Field::PasswordManaged, person.managed),
    ];
    SeedUser {
        upn: person.upn,
        fields: fields
            .into_iter()
            .map(|(field, value)| (field, value.to_owned()))
            .collect(),
        ..SeedUser::default()
    }
}

/// Enrols an agent as soon as the service answers, and runs it until `stop`.
pub(super) async fn run_agent(
    app: App,
    beside: Beside,
    folder: PathBuf,
    service: String,
    stop: CancellationToken,
) {
    if let Err(error) = agent(&app, &beside, &folder, service, stop).await {
        tracing::error!(error, "the agent of the demonstration ended");
    }
    // Stopping the directory waits for its processes.
    let _ = tokio::task::spawn_blocking(move || drop(beside)).await;
}

async fn agent(
    app: &App,
    beside: &Beside,
    folder: &Path,
    service: String,
    stop: CancellationToken,
) -> Result<(), String> {
    let network = Network::default();
    if !folder.exists() {
        let made = admin::agent::enrol(app, &admin::operator(app), TENANT, DOMAIN)
            .await
            .map_err(|error| error.to_string())?;
        let enrolment = Enrolment {
            folder: folder.to_owned(),
            service,
            token: Secret::new(made.token.expose().clone()),
            name: Samba::HOST.into(),
            network: network.clone(),
        };
        enrol(enrolment, &SystemEntropy).await?;
    }
    let directory = Directory::new(settings(beside)).map_err(|error| error.to_string())?;
    let parts = Parts {
        folder: folder.to_owned(),
        backend: Arc::new(directory),
        synchronisation: None,
        network,
        time: Arc::new(SystemTimes),
        entropy: Arc::new(SystemEntropy),
        timing: Timing::default(),
        watch: Arc::new(Unwatched),
    };
    agent::run(parts, stop)
        .await
        .map_err(|error| error.to_string())
}

fn settings(beside: &Beside) -> DirectorySettings {
    DirectorySettings {
        kind: Kind::ActiveDirectory,
        servers: vec![Address {
            host: Samba::HOST.into(),
            port: 636,
            ip: Some(beside.samba.address().into()),
        }],
        security: Security::Ldaps,
        ca_pem: Some(beside.samba.authority()),
        bind_as: Samba::SERVICE.into(),
        password: Secret::new(Samba::SERVICE_PASSWORD.into()),
        base: Samba::BASE.into(),
        user_bases: vec![Samba::PEOPLE.into()],
        user_filter: None,
        connect_timeout: Duration::from_secs(5),
        operation_timeout: Duration::from_secs(10),
        apply_history_on_reset: true,
        default_policy: None,
        clock: Arc::new(SystemTimes),
    }
}
