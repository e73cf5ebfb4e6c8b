//! Running the binary.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// An installation of its own: a data folder that is gone afterwards.
pub(crate) struct Installation {
    folder: tempfile::TempDir,
}

/// What a run of the binary gave.
pub(crate) struct Run {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Run {
    /// The output of a run that went well.
    #[track_caller]
    pub(crate) fn ok(self) -> String {
        assert_eq!(self.code, 0, "{}{}", self.out, self.err);
        self.out
    }

    /// What was said of a run that failed: one sentence, no innards.
    #[track_caller]
    pub(crate) fn refused(self) -> String {
        assert_eq!(self.code, 1, "{}{}", self.out, self.err);
        assert!(self.err.starts_with("latchkey: "), "{}", self.err);
        for innards in ["Error {", "Some(", "panicked", "Invalid("] {
            assert!(!self.err.contains(innards), "{}", self.err);
        }
        self.err
    }
}

fn latchkey() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_latchkey"));
    for (name, _) in std::env::vars() {
        if name.starts_with("LATCHKEY_") || name == "NOTIFY_SOCKET" {
            command.env_remove(name);
        }
    }
    command
}

impl Installation {
    pub(crate) fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
        }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, text: &str) -> String {
        let path = self.path(name);
        std::fs::write(&path, text).unwrap();
        path.display().to_string()
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Run {
        self.run_with(arguments, "")
    }

    pub(crate) fn run_with(&self, arguments: &[&str], stdin: &str) -> Run {
        let mut child = latchkey()
            .current_dir(self.folder.path())
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // A command that reads nothing may be gone by now.
        let _ = child.stdin.take().unwrap().write_all(stdin.as_bytes());
        let done = child.wait_with_output().unwrap();
        Run {
            code: done.status.code().unwrap_or(-1),
            out: String::from_utf8(done.stdout).unwrap(),
            err: String::from_utf8(done.stderr).unwrap(),
        }
    }
}

/// A binary that goes on running; it is ended with the test.
pub(crate) struct Running {
    child: Child,
    lines: BufReader<std::process::ChildStdout>,
}

impl Running {
    pub(crate) fn start(folder: &Path, arguments: &[&str]) -> Self {
        let mut child = latchkey()
            .current_dir(folder)
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap());
        Self { child, lines }
    }

    /// The next line on standard output.
    pub(crate) fn line(&mut self) -> String {
        let mut line = String::new();
        self.lines.read_line(&mut line).unwrap();
        line
    }

    /// The next line of its log that holds a text.
    pub(crate) fn log_line(&mut self, part: &str) -> String {
        let log = BufReader::new(self.child.stderr.as_mut().unwrap());
        log.lines()
            .map(Result::unwrap)
            .find(|line| line.contains(part))
            .unwrap_or_default()
    }

    /// Asks it to stop, and waits; the exit code.
    #[cfg(unix)]
    pub(crate) fn stop(mut self) -> Option<i32> {
        let pid = self.child.id().to_string();
        Command::new("kill").args(["-TERM", &pid]).status().unwrap();
        self.child.wait().unwrap().code()
    }

    /// The same where nobody reads its log any more. `None`: it did not end in 20 seconds.
    #[cfg(unix)]
    pub(crate) fn stop_unread(mut self) -> Option<i32> {
        use std::sync::mpsc::{RecvTimeoutError, channel};
        drop(self.child.stderr.take());
        let signal = |signal: &str, pid: &str| {
            Command::new("kill").args([signal, pid]).status().unwrap();
        };
        let pid = self.child.id().to_string();
        signal("-TERM", &pid);
        let (ended, is_over) = channel::<()>();
        let watch = std::thread::spawn(move || {
            let patience = std::time::Duration::from_secs(20);
            if is_over.recv_timeout(patience) == Err(RecvTimeoutError::Timeout) {
                signal("-KILL", &pid);
            }
        });
        let code = self.child.wait().unwrap().code();
        drop(ended);
        watch.join().unwrap();
        code
    }

    /// Waits for it to end by itself: the exit code and what it said.
    pub(crate) fn end(mut self) -> (Option<i32>, String) {
        let mut said = String::new();
        self.child
            .stderr
            .take()
            .unwrap()
            .read_to_string(&mut said)
            .unwrap();
        (self.child.wait().unwrap().code(), said)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The status line and body that an address answers a path with.
pub(crate) fn get(address: SocketAddr, host: &str, path: &str) -> (String, String) {
    let mut stream = TcpStream::connect(address).unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
    (
        head.lines().next().unwrap_or_default().to_owned(),
        body.to_owned(),
    )
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
