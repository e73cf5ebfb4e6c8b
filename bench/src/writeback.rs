//! Changing a password that is in a directory: what the way there and back adds to the directory's own
//! time, and how many a second with more agents.
//!
//! Everything is real: `latchkey serve`, `latchkey-agent run`, slapd and Samba. A *change* is one form,
//! from being sent to its answer: two transactions before the agent is asked, the journal, the directory,
//! one transaction after, with its mails.

use std::cell::Cell;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use latchkey_directory::{Address, Anchor, Directory, Kind, Security, Settings};
use latchkey_testdir::{Samba, Slapd};
use latchkey_testkit::Browser;
use latchkey_types::{Clock, Secret, Timestamp};

use crate::crowd;
use crate::service::{Installation, Running, step_aside};

const TENANT: &str = "t0";
const DOMAIN: &str = "t0.example";
const CORP: &str = "corp.example";
/// People; each may change a password thirty times in ten minutes.
const PEOPLE: usize = 48;
/// Changes of one person for the latency, one after the other.
const CHANGES: usize = 10;
/// People of the latency; the others are those of the rate.
const PATIENT: usize = 16;
/// How long a rate is measured.
const TIME: Duration = Duration::from_secs(15);

/// A person of the directory.
struct Person {
    upn: String,
    password: String,
    anchor: Anchor,
}

struct Now;

impl Clock for Now {
    fn now(&self) -> Timestamp {
        let since = std::time::SystemTime::now()
            .duration_since(std::time::UNIX_EPOCH)
            .unwrap();
        Timestamp(since.as_micros() as i64)
    }
}

/// A directory under measurement.
enum Site {
    Slapd(Slapd),
    Samba(Samba),
}

impl Site {
    fn name(&self) -> &'static str {
        match self {
            Self::Slapd(_) => "slapd",
            Self::Samba(_) => "Samba",
        }
    }

    fn settings(&self) -> Settings {
        let (kind, host, port, ip, ca, bind_as, password, base) = match self {
            Self::Slapd(slapd) => (
                Kind::Ldap,
                "localhost",
                slapd.tls_port(),
                [127, 0, 0, 1].into(),
                slapd.authority(),
                Slapd::SERVICE,
                Slapd::SERVICE_PASSWORD,
                Slapd::BASE,
            ),
            Self::Samba(samba) => (
                Kind::ActiveDirectory,
                Samba::HOST,
                636,
                samba.address(),
                samba.authority(),
                Samba::SERVICE,
                Samba::SERVICE_PASSWORD,
                Samba::BASE,
            ),
        };
        Settings {
            kind,
            servers: vec![Address {
                host: host.into(),
                port,
                ip: Some(std::net::Ipv4Addr::into(ip)),
            }],
            security: Security::Ldaps,
            ca_pem: Some(ca),
            bind_as: bind_as.into(),
            password: Secret::new(password.into()),
            base: base.into(),
            user_bases: Vec::new(),
            user_filter: None,
            connect_timeout: Duration::from_secs(10),
            operation_timeout: Duration::from_secs(20),
            apply_history_on_reset: true,
            default_policy: match self {
                Self::Slapd(_) => Some(Slapd::DEFAULT_POLICY.into()),
                Self::Samba(_) => None,
            },
            clock: Arc::new(Now),
        }
    }

    /// The directory section of an agent.
    fn section(&self, ca: &str, password: &str) -> String {
        let settings = self.settings();
        // By the address that the certificate holds too.
        let (kind, server) = match self {
            Self::Slapd(slapd) => ("ldap", format!("localhost:{}", slapd.tls_port())),
            Self::Samba(samba) => ("active_directory", samba.address().to_string()),
        };
        let policy = settings.default_policy.map_or_else(String::new, |policy| {
            format!("default_policy = {policy:?}\n")
        });
        format!(
            "[directory]\nkind = {kind:?}\nservers = [{server:?}]\nca_file = {ca:?}\n\
             bind_as = {:?}\npassword_file = {password:?}\nbase = {:?}\n{policy}",
            settings.bind_as, settings.base
        )
    }

    async fn person(&self, directory: &Directory, number: usize) -> Person {
        let (name, password) = match self {
            Self::Slapd(slapd) => {
                let user = slapd.user("ou=People");
                (user.mail, user.password)
            }
            Self::Samba(samba) => {
                let user = samba.user("OU=People");
                (user.upn, user.password)
            }
        };
        Person {
            upn: format!("w{number}@{DOMAIN}"),
            password,
            anchor: directory.find(&name).await.unwrap(),
        }
    }
}

pub(crate) async fn run() {
    step_aside();
    let Some(slapd) = latchkey_testdir::slapd() else {
        return;
    };
    one(Site::Slapd(slapd), &[1, 2, 4]).await;
    if let Some(samba) = latchkey_testdir::samba() {
        one(Site::Samba(samba), &[1]).await;
    }
}

async fn one(site: Site, crews: &[usize]) {
    let relay = crowd::relay().await;
    let installation = Installation::new(&relay.settings(), 1);
    let directory = Directory::new(site.settings()).unwrap();
    let optional = "registration.required_at_sign_in=no";
    installation.operator(&["policy", "set", TENANT, optional], "");
    let mut people = Vec::new();
    for number in 0..PEOPLE {
        let person = site.person(&directory, number).await;
        let anchor = format!("anchor={}", person.anchor);
        let domain = format!("agent_domain={CORP}");
        installation.operator(
            &[
                "user",
                "create",
                TENANT,
                &person.upn,
                "source=synchronised",
                "password_managed=pass-through",
                &anchor,
                &domain,
            ],
            "",
        );
        people.push(person);
    }
    let service = installation.serve();
    let mut agents = vec![agent(&installation, &site, 0)];
    installation.await_agents(TENANT, 1);

    let mut direct = Vec::new();
    let mut whole = Vec::new();
    for person in people.iter_mut().take(PATIENT) {
        let mut browser = signed_in(&installation, person).await;
        for change in 0..CHANGES {
            // In turn, so that whatever else the machine does is in both.
            let new = format!("Tall-Ships-{}-{change}", person.upn.len() * 7919);
            let began = Instant::now();
            set(&directory, person, &new).await;
            direct.push(began.elapsed());
            let new = format!("Broad-Rivers-{}-{change}", person.upn.len() * 7919);
            browser.open("/change-password").await;
            let began = Instant::now();
            submit(&mut browser, person, &new).await;
            whole.push(began.elapsed());
        }
    }
    report(site.name(), direct, whole);

    let rest = Rc::new(std::cell::RefCell::new(people.split_off(PATIENT)));
    for crew in crews {
        while agents.len() < *crew {
            agents.push(agent(&installation, &site, agents.len()));
        }
        installation.await_agents(TENANT, *crew);
        let rate = crowd_of(&installation, &rest).await;
        let memory: Vec<String> = agents
            .iter()
            .map(|agent| format!("{:.1}", agent.resident()))
            .collect();
        println!(
            "{}: {crew} agent(s): {rate:.1} changes/s; an agent holds {} MiB, the service {:.1} MiB",
            site.name(),
            memory.join(", "),
            service.resident()
        );
    }
}

/// Eight people at once who change their passwords until the time is over.
async fn crowd_of(
    installation: &Installation,
    people: &Rc<std::cell::RefCell<Vec<Person>>>,
) -> f64 {
    let local = tokio::task::LocalSet::new();
    let done = Rc::new(Cell::new(0_usize));
    let began = Instant::now();
    for _ in 0..8 {
        let mut person = people.borrow_mut().pop().unwrap();
        let mut browser = signed_in(installation, &person).await;
        let (done, people) = (Rc::clone(&done), Rc::clone(people));
        local.spawn_local(async move {
            // The pace of one person is no limit: thirty at once.
            for change in 0..28 {
                if began.elapsed() > TIME {
                    break;
                }
                browser.open("/change-password").await;
                let new = format!("Wide-Meadows-{}-{change}-{}", done.get(), person.upn.len());
                submit(&mut browser, &mut person, &new).await;
                done.set(done.get() + 1);
            }
            people.borrow_mut().insert(0, person);
        });
    }
    let began = Instant::now();
    local.await;
    done.get() as f64 / began.elapsed().as_secs_f64()
}

async fn set(directory: &Directory, person: &mut Person, new: &str) {
    let old = Secret::new(std::mem::replace(&mut person.password, new.to_owned()));
    let new = Secret::new(new.to_owned());
    directory.change(&person.anchor, &old, &new).await.unwrap();
}

async fn signed_in(installation: &Installation, person: &Person) -> Browser {
    let mut browser = crowd::browser(installation.address);
    browser.open("/sign-in").await;
    browser.fill("/sign-in", &[("user_id", &person.upn)]).await;
    let fields = [("password", person.password.as_str())];
    browser.fill("/sign-in/password", &fields).await;
    assert_eq!(browser.place(), "/account", "{}", browser.page().words());
    browser
}

async fn submit(browser: &mut Browser, person: &mut Person, new: &str) {
    let fields = [
        ("current_password", person.password.as_str()),
        ("new_password", new),
        ("confirm_password", new),
    ];
    browser.submit("/change-password", &fields).await;
    assert!(
        browser.answer.text().contains("class=\"tick\""),
        "{}",
        browser.page().words()
    );
    new.clone_into(&mut person.password);
}

fn report(what: &str, mut direct: Vec<Duration>, mut whole: Vec<Duration>) {
    direct.sort();
    whole.sort();
    let at = |times: &[Duration], hundredths: usize| {
        times[(times.len() - 1) * hundredths / 100].as_secs_f64() * 1_000.0
    };
    for hundredths in [50, 99] {
        let (limit, ours) = (at(&direct, hundredths), at(&whole, hundredths));
        println!(
            "{what}: change, {hundredths} of 100 in {ours:.1} ms; the directory asked by itself \
             {limit:.1} ms; {:.1} ms added",
            ours - limit
        );
    }
}

/// Enrols an agent and runs it.
fn agent(installation: &Installation, site: &Site, number: usize) -> Running {
    let folder = installation
        .folder()
        .join(format!("{}-{number}", site.name()));
    std::fs::create_dir(&folder).unwrap();
    let file = |name: &str, bytes: &[u8]| {
        let path = folder.join(name);
        std::fs::write(&path, bytes).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        path.display().to_string()
    };
    let settings = site.settings();
    let ca = file("ca.pem", settings.ca_pem.as_deref().unwrap_or_default());
    let password = file("password", settings.password.expose().as_bytes());
    let config = file("agent.toml", site.section(&ca, &password).as_bytes());
    let data = folder.join("data");
    let command = |verb: &str| {
        let mut command = Command::new(program());
        command
            .arg(verb)
            .args(["--config", &config, "--data"])
            .arg(&data);
        command
    };
    let token = installation.token(TENANT, CORP);
    let base = format!("http://localhost:{}", installation.address.port());
    let name = format!("dc{number}");
    let mut enrol = command("enrol");
    enrol.args(["--service", &base, "--name", &name]);
    crate::service::feed(enrol, &token);
    let mut run = command("run");
    run.stderr(Stdio::null());
    Running::start(run)
}

/// The agent beside this program.
fn program() -> PathBuf {
    let program = std::env::current_exe()
        .unwrap()
        .with_file_name("latchkey-agent");
    assert!(
        program.is_file(),
        "build it first: cargo build --release --workspace"
    );
    program
}
