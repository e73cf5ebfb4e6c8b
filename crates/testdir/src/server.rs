use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};

/// A server's process, its folder, and what ends both.
pub(crate) struct Server {
    folder: PathBuf,
    command: Vec<String>,
    guard: Option<Child>,
}

impl Server {
    /// A server that is not running yet. The folder is this one's from now on.
    pub(crate) const fn new(folder: PathBuf, command: Vec<String>) -> Self {
        Self {
            folder,
            command,
            guard: None,
        }
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Starts it, and waits until it answers.
    pub(crate) fn start(&mut self, answers: impl Fn() -> bool) {
        let script = self.folder.join("run.sh");
        fs::write(&script, include_str!("../scripts/run.sh")).unwrap();
        let _ = fs::remove_file(self.folder.join("server.pid"));
        let mut guard = Command::new("/bin/sh")
            .arg(&script)
            .arg(&self.folder)
            .args(&self.command)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        for _ in 0..600 {
            if answers() {
                self.guard = Some(guard);
                return;
            }
            let ended = self
                .pid()
                .is_some_and(|pid| !Path::new(&format!("/proc/{}", pid.as_raw_nonzero())).exists());
            if ended {
                break;
            }
            pause(Duration::from_millis(25));
        }
        let said = fs::read_to_string(self.folder.join("out.log")).unwrap_or_default();
        drop(guard.stdin.take());
        let _ = guard.wait();
        panic!("{:?} does not answer: {said}", self.command);
    }

    fn pid(&self) -> Option<Pid> {
        let text = fs::read_to_string(self.folder.join("server.pid")).ok()?;
        Pid::from_raw(text.trim().parse().ok()?)
    }

    fn signal(&self, signal: Signal) {
        if let Some(pid) = self.pid() {
            let _ = kill_process_group(pid, signal);
        }
    }

    /// Stops it politely; the folder stays.
    pub(crate) fn stop(&mut self) {
        if let Some(mut guard) = self.guard.take() {
            if let Some(mut input) = guard.stdin.take() {
                let _ = input.write_all(b"stop\n");
            }
            let _ = guard.wait();
        }
    }

    /// Ends it at once, as a loss of power would; the folder stays.
    pub(crate) fn kill(&mut self) {
        self.signal(Signal::KILL);
        self.stop();
    }

    /// Stops all its processes where they are: connections stay open, nothing is answered.
    pub(crate) fn freeze(&self) {
        self.signal(Signal::STOP);
    }

    /// Lets them go on.
    pub(crate) fn thaw(&self) {
        self.signal(Signal::CONT);
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.signal(Signal::KILL);
        if let Some(mut guard) = self.guard.take() {
            drop(guard.stdin.take());
            let _ = guard.wait();
        }
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// Waits between two looks at another program, which cannot be told to call.
pub(crate) fn pause(time: Duration) {
    let (_keep, never) = mpsc::channel::<()>();
    let _ = never.recv_timeout(time);
}
