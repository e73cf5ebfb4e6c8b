//! An installation of the program: its folder, its configuration, its processes.

use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use latchkey_store::{Db, Options};
use tokio::sync::oneshot;
use tokio::time::timeout;

/// Nothing here takes this long; a test that waits longer waits in vain.
pub(crate) const PATIENCE: Duration = Duration::from_secs(120);

/// A data folder and a configuration, which several processes may share.
pub(crate) struct Installation {
    folder: tempfile::TempDir,
    /// The URL of its database.
    pub(crate) database: String,
    /// The address under which everybody reaches it.
    pub(crate) base: String,
    /// Lines of the configuration besides listeners and database.
    settings: String,
}

impl Installation {
    /// On SQLite in a folder of its own, or on the database of a URL. `mail`: the lines of `[mail]`.
    pub(crate) fn new(database: Option<&str>, mail: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let sqlite = || format!("sqlite:{}", folder.path().join("latchkey.db").display());
        let database = database.map_or_else(sqlite, str::to_owned);
        // No time is measured here, and nobody else is kept out: the human check is cheap, and one
        // address may begin as often as it likes.
        let settings = format!(
            "[database]\nurl = {database:?}\n\
             [limits]\nwork_bits = 8\nattempts = 100000\nconnections_per_address = 1000\n\
             [log]\nlevel = \"info\"\n[mail]\nfrom = \"reset@contoso.com\"\n{mail}\n"
        );
        Self {
            folder,
            database,
            base: "http://localhost".into(),
            settings,
        }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn config(&self, port: u16) -> PathBuf {
        let path = self.path(&format!("{port}.toml"));
        let data = self.path("data");
        // Every process is reached under the same name, as behind one proxy.
        let text = format!(
            "listen = \"127.0.0.1:{port}\"\nbase_address = {:?}\ndata = {:?}\n{}",
            self.base,
            data.display().to_string(),
            self.settings
        );
        std::fs::write(&path, text).unwrap();
        path
    }

    fn command(&self, port: u16) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_latchkey"));
        for (name, _) in std::env::vars() {
            if name.starts_with("LATCHKEY_") || name == "NOTIFY_SOCKET" {
                command.env_remove(name);
            }
        }
        command
            .current_dir(self.folder.path())
            .arg("--config")
            .arg(self.config(port))
            .stdin(Stdio::null());
        command
    }

    /// Runs a command of the operator's to its end; what it said.
    pub(crate) fn run(&self, arguments: &[&str]) -> String {
        let done = self.command(0).args(arguments).output().unwrap();
        let (out, err) = (
            String::from_utf8_lossy(&done.stdout),
            String::from_utf8_lossy(&done.stderr),
        );
        assert!(done.status.success(), "{arguments:?}: {out}{err}");
        out.into_owned()
    }

    /// Contoso, where one code by mail is enough, with `users` people: `uN@contoso.com`, who read
    /// their mail at `uN@home.example`, and Ada, who reads hers at `ada@contoso.example`.
    pub(crate) fn contoso(&self, users: usize) {
        self.run(&["tenant", "create", "Contoso", "--country", "NL"]);
        self.run(&["domain", "add", "Contoso", "contoso.com"]);
        self.run(&["domain", "verify", "contoso.com"]);
        let mut csv = String::from(
            "user_principal_name,authentication_email\nada@contoso.com,ada@contoso.example\n",
        );
        for number in 0..users {
            writeln!(csv, "u{number}@contoso.com,u{number}@home.example").unwrap();
        }
        let file = self.path("users.csv");
        std::fs::write(&file, csv).unwrap();
        self.run(&["user", "import", "Contoso", file.to_str().unwrap()]);
        self.run(&[
            "policy",
            "set",
            "Contoso",
            "reset.scope=all",
            "reset.gates_required=1",
            "reset.methods=email",
        ]);
    }

    /// Opens the database beside the service.
    pub(crate) async fn open(&self) -> Db {
        Db::open(&self.database, &Options::default()).await.unwrap()
    }

    /// Starts a process and waits until it says that it is ready.
    pub(crate) async fn serve(&self, port: u16) -> Process {
        let mut child = self
            .command(port)
            .arg("serve")
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let log: Log = Arc::default();
        let (ready, is_ready) = oneshot::channel();
        let stderr = BufReader::new(child.stderr.take().unwrap());
        let lines = Arc::clone(&log);
        std::thread::spawn(move || {
            let mut ready = Some(ready);
            for line in stderr.lines().map_while(Result::ok) {
                if line.contains("\"message\":\"ready\"")
                    && let Some(ready) = ready.take()
                {
                    let _ = ready.send(());
                }
                lines.lock().unwrap().push(line);
            }
        });
        let process = Process { child, port, log };
        let told = timeout(PATIENCE, is_ready).await;
        assert!(matches!(told, Ok(Ok(()))), "not ready: {}", process.said());
        process
    }
}

type Log = Arc<Mutex<Vec<String>>>;

/// A process of the service.
pub(crate) struct Process {
    child: Child,
    port: u16,
    log: Log,
}

impl Process {
    pub(crate) fn address(&self) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], self.port))
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Everything it logged.
    pub(crate) fn said(&self) -> String {
        self.log.lock().unwrap().join("\n")
    }

    /// SIGTERM, at once; the exit code and everything it logged, when it has ended.
    pub(crate) fn stop(mut self) -> impl Future<Output = (Option<i32>, String)> {
        let pid = self.pid().to_string();
        let told = Command::new("kill").args(["-TERM", &pid]).status().unwrap();
        assert!(told.success());
        async move {
            let ended = tokio::task::spawn_blocking(move || {
                let code = self.child.wait().unwrap().code();
                (code, self.said())
            });
            timeout(PATIENCE, ended).await.expect("it ends").unwrap()
        }
    }

    /// SIGKILL.
    pub(crate) fn kill(mut self) -> String {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        self.said()
    }

    /// Its lines in the log that an operator would be woken for.
    pub(crate) fn errors(said: &str) -> Vec<String> {
        said.lines()
            .filter(|line| line.contains("\"level\":\"ERROR\"") || line.contains("panicked"))
            .map(str::to_owned)
            .collect()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A port that nobody else gets while the tests run: a socket that does not listen keeps it, and on
/// Linux a server may listen there all the same.
pub(crate) fn free_port() -> u16 {
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.set_reuseaddr(true).unwrap();
    socket.bind(([127, 0, 0, 1], 0).into()).unwrap();
    let port = socket.local_addr().unwrap().port();
    if cfg!(target_os = "linux") {
        std::mem::forget(socket);
    }
    port
}
