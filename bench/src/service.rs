//! The program under measurement.

use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

/// The processor of what is measured, and that of whoever measures.
pub(crate) const MEASURED: &str = "0";
const MEASURING: &str = "1";

/// Users of each tenant: a tenant takes ten beginnings a second, and 600 at once.
pub(crate) const USERS: usize = 500;

/// Moves this process out of the way of what it measures.
pub(crate) fn step_aside() {
    let pid = std::process::id().to_string();
    let moved = Command::new("taskset")
        .args(["-a", "-c", "-p", MEASURING, &pid])
        .stdout(Stdio::null())
        .status();
    if !moved.is_ok_and(|status| status.success()) {
        println!("(taskset failed: the service and the benchmark share processors)");
    }
}

/// The program beside this one.
fn program() -> PathBuf {
    let program = std::env::current_exe().unwrap().with_file_name("latchkey");
    assert!(program.is_file(), "build it first: cargo build --release");
    program
}

/// A command on the measured processor.
pub(crate) fn pinned(program: PathBuf) -> Command {
    let mut command = Command::new("taskset");
    command.args(["-c", MEASURED]).arg(program);
    command
}

/// A configuration with its data folder.
pub(crate) struct Installation {
    folder: tempfile::TempDir,
    config: PathBuf,
    pub(crate) address: SocketAddr,
}

impl Installation {
    /// `mail`: the lines of `[mail]`; `tenants`: how many, with [`USERS`] people each.
    pub(crate) fn new(mail: &str, tenants: usize) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let port = TcpListener::bind("127.0.0.1:0")
            .and_then(|listener| listener.local_addr())
            .unwrap()
            .port();
        let config = folder.path().join("latchkey.toml");
        let data = folder.path().display().to_string();
        let text = format!(
            "listen = \"127.0.0.1:{port}\"\nbase_address = \"http://localhost:{port}\"\n\
             data = {data:?}\n\
             [limits]\nwork_bits = 8\nattempts = 100000\nconnections_per_address = 1000\n\
             [log]\nlevel = \"warn\"\n[mail]\nfrom = \"reset@contoso.com\"\n{mail}"
        );
        std::fs::write(&config, text).unwrap();
        let this = Self {
            folder,
            config,
            address: SocketAddr::from(([127, 0, 0, 1], port)),
        };
        for tenant in 0..tenants {
            this.tenant(tenant);
        }
        this
    }

    fn tenant(&self, number: usize) {
        let (name, domain) = (format!("t{number}"), format!("t{number}.example"));
        let mut csv = String::from("user_principal_name,authentication_email\n");
        for user in 0..USERS {
            writeln!(csv, "u{user}@{domain},u{user}@mail.{domain}").unwrap();
        }
        let file = self.folder.path().join("users.csv");
        std::fs::write(&file, csv).unwrap();
        let file = file.display().to_string();
        for arguments in [
            &["tenant", "create", &name, "--country", "NL"] as &[&str],
            &["domain", "add", &name, &domain],
            &["domain", "verify", &domain],
            &["user", "import", &name, &file],
            &[
                "policy",
                "set",
                &name,
                "reset.scope=all",
                "reset.gates_required=1",
                "reset.methods=email",
            ],
        ] {
            self.operator(arguments, "");
        }
    }

    /// A command of the operator, with something on standard input.
    pub(crate) fn operator(&self, arguments: &[&str], input: &str) {
        self.asked(arguments, input);
    }

    fn asked(&self, arguments: &[&str], input: &str) -> String {
        let mut command = Command::new(program());
        command.arg("--config").arg(&self.config).args(arguments);
        feed(command, input)
    }

    /// Where things of this installation may be kept.
    pub(crate) fn folder(&self) -> &std::path::Path {
        self.folder.path()
    }

    /// A token that enrols an agent.
    pub(crate) fn token(&self, tenant: &str, domain: &str) -> String {
        let said = self.asked(&["agent", "enrol", tenant, domain, "--json"], "");
        let token = said.split("\"token\":\"").nth(1).unwrap();
        token.split('"').next().unwrap().to_owned()
    }

    /// Waits until so many agents of a tenant run and their directories are well.
    pub(crate) fn await_agents(&self, tenant: &str, count: usize) {
        let began = std::time::Instant::now();
        let running = || {
            let said = self.asked(&["agent", "status", tenant, "--json"], "");
            said.matches("\"status\":\"running\"").count()
        };
        while running() < count {
            assert!(began.elapsed().as_secs() < 60, "no {count} agents run");
        }
    }

    /// `latchkey serve` on the measured processor, ready.
    pub(crate) fn serve(&self) -> Running {
        let mut command = pinned(program());
        command.arg("--config").arg(&self.config).arg("serve");
        let running = Running(command.spawn().unwrap());
        running.await_port(self.address);
        running
    }
}

/// Runs a command with something on standard input; what it says.
pub(crate) fn feed(mut command: Command, input: &str) -> String {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // One that reads nothing may have gone.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    let done = child.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success(), "{command:?}: {said}");
    String::from_utf8(done.stdout).unwrap()
}

/// A process; it is ended when this is dropped.
pub(crate) struct Running(Child);

impl Running {
    /// A process.
    pub(crate) fn start(mut command: Command) -> Self {
        Self(command.spawn().unwrap())
    }

    /// A process that says one line when it is ready; the line.
    pub(crate) fn ready(mut command: Command) -> (Self, String) {
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        let stdout = child.stdout.take().unwrap();
        BufReader::new(stdout).read_line(&mut line).unwrap();
        (Self(child), line.trim().to_owned())
    }

    /// The demo on any port, on any processor; where it listens.
    pub(crate) fn demo() -> (Self, SocketAddr) {
        let mut command = Command::new(program());
        command.args(["demo", "--listen", "127.0.0.1:0"]);
        let (running, line) = Self::ready(command);
        let port = line
            .trim_end_matches("/demo")
            .rsplit(':')
            .next()
            .and_then(|port| port.parse().ok())
            .unwrap_or_else(|| panic!("{line}"));
        (running, SocketAddr::from(([127, 0, 0, 1], port)))
    }

    fn await_port(&self, address: SocketAddr) {
        let began = std::time::Instant::now();
        while std::net::TcpStream::connect(address).is_err() {
            assert!(began.elapsed().as_secs() < 20, "{} is not up", self.0.id());
            std::thread::yield_now();
        }
    }

    /// Processor time that it has used, in seconds.
    pub(crate) fn processor_time(&self) -> f64 {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.0.id())).unwrap();
        let fields: Vec<&str> = stat
            .rsplit(')')
            .next()
            .unwrap()
            .split_whitespace()
            .collect();
        // utime and stime, in ticks of a hundredth of a second (proc(5)).
        let ticks = |field: usize| fields[field].parse::<f64>().unwrap();
        (ticks(11) + ticks(12)) / 100.0
    }

    /// Resident memory in MiB.
    pub(crate) fn resident(&self) -> f64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.0.id())).unwrap();
        let line = status
            .lines()
            .find_map(|line| line.strip_prefix("VmRSS:"))
            .unwrap();
        let kib: f64 = line.trim().trim_end_matches(" kB").parse().unwrap();
        kib / 1024.0
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
