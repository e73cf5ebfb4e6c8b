//! The agent's program beside the test's own.

use std::ffi::OsString;
use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use crate::directory::Directory;
use crate::installation::PATIENCE;
use crate::network::Network;

/// The program, or nothing if it was not built and need not be.
pub(crate) fn program() -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_BIN_EXE_latchkey")).parent().unwrap();
    let path = folder.join("latchkey-agent");
    if path.is_file() {
        return Some(path);
    }
    let why = format!(
        "{} is not there; build it first: cargo build -p latchkey-agent",
        path.display()
    );
    #[expect(
        clippy::disallowed_methods,
        reason = "tests have no configuration file"
    )]
    let is_required = std::env::var("CI").is_ok_and(|value| value == "true");
    assert!(!is_required, "{why}");
    // Past the capture of the test harness: a skip that nobody sees is no skip.
    let _ = writeln!(std::io::stderr(), "SKIPPED a test with a real agent: {why}");
    None
}

#[derive(Default)]
struct Log {
    lines: Mutex<Vec<String>>,
    is_new: Condvar,
}

/// An agent's folder and its process, while it runs.
pub(crate) struct Agent {
    /// The program, and what it is started with.
    program: Vec<OsString>,
    folder: tempfile::TempDir,
    child: Option<Child>,
    log: Arc<Log>,
}

impl Agent {
    /// One that is configured for a directory, and not enrolled.
    pub(crate) fn configured(
        program: PathBuf,
        directory: &Directory,
        network: Option<&Network>,
    ) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str, bytes: &[u8]| {
            let path = folder.path().join(name);
            std::fs::write(&path, bytes).unwrap();
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
            path.display().to_string()
        };
        let ca = file("ca.pem", &directory.authority());
        let password = file("password", directory.service_password().as_bytes());
        let mut settings = directory.settings(&ca, &password);
        let mut program = vec![program.into_os_string()];
        if let Some(network) = network {
            let ca = file("service-ca.pem", network.authority().as_bytes());
            write!(settings, "[service]\nca_file = {ca:?}\n").unwrap();
            program.splice(0..0, network.prefix().into_iter().map(OsString::from));
        }
        file("agent.toml", settings.as_bytes());
        Self {
            program,
            folder,
            child: None,
            log: Arc::default(),
        }
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    fn command(&self, verb: &str) -> Command {
        let (first, rest) = self.program.split_first().unwrap();
        let mut command = Command::new(first);
        command
            .env_clear()
            .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
            .args(rest)
            .arg(verb)
            .arg("--config")
            .arg(self.folder.path().join("agent.toml"))
            .arg("--data")
            .arg(self.folder.path().join("data"));
        command
    }

    /// `latchkey-agent enrol`, with the token typed in.
    pub(crate) fn enrol(&self, token: &str, service: &str) {
        let mut child = self
            .command("enrol")
            .args(["--service", service, "--name", "dc1"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut input = child.stdin.take().unwrap();
        input.write_all(format!("{token}\n").as_bytes()).unwrap();
        drop(input);
        let done = child.wait_with_output().unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let (out, err) = (text(&done.stdout), text(&done.stderr));
        assert!(done.status.success(), "{out}{err}");
        assert!(out.contains("enrolled as"), "{out}");
    }

    /// `latchkey-agent run`.
    pub(crate) fn start(&mut self) {
        assert!(self.child.is_none());
        let mut child = self
            .command("run")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let stderr = BufReader::new(child.stderr.take().unwrap());
        let log = Arc::clone(&self.log);
        std::thread::spawn(move || {
            for line in stderr.lines().map_while(Result::ok) {
                log.lines.lock().unwrap().push(line);
                log.is_new.notify_all();
            }
        });
        self.child = Some(child);
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.as_ref().unwrap().id()
    }

    /// SIGKILL.
    pub(crate) fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }

    /// SIGTERM, and its end.
    pub(crate) fn stop(&mut self) {
        let mut child = self.child.take().unwrap();
        let pid = child.id().to_string();
        assert!(
            Command::new("kill")
                .args(["-TERM", &pid])
                .status()
                .unwrap()
                .success()
        );
        let code = child.wait().unwrap().code();
        assert_eq!(code, Some(0), "{}", self.said());
    }

    /// Everything it logged, in all its lives.
    pub(crate) fn said(&self) -> String {
        self.log.lines.lock().unwrap().join("\n")
    }

    /// Waits until an event is in its log more often than that.
    pub(crate) fn wait_for(&self, code: u32, more_than: usize, patience: Duration) -> bool {
        let mark = format!("\"code\":{code},");
        let lines = self.log.lines.lock().unwrap();
        let (lines, waited) = self
            .log
            .is_new
            .wait_timeout_while(lines, patience, |lines| {
                lines.iter().filter(|line| line.contains(&mark)).count() <= more_than
            })
            .unwrap();
        drop(lines);
        !waited.timed_out()
    }

    /// Waits until the service let it in once more.
    pub(crate) fn wait_until_let_in(&self, before: usize) {
        assert!(
            self.wait_for(31017, before, PATIENCE),
            "not let in: {}",
            self.said()
        );
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        self.kill();
    }
}
