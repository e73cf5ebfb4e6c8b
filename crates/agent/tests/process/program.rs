//! The program as an administrator uses it.

use std::path::Path;
use std::process::Stdio;

use latchkey_agent::config;
use latchkey_wire::v1::{Agent, Denied, DirectoryHealth, Service as Say};
use rustix::process::{Pid, Signal, kill_process};
use tokio::io::AsyncReadExt as _;
use tokio::net::UnixDatagram;
use tokio::process::{Child, Command};

use crate::support::*;

pub(crate) fn program(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_latchkey-agent"));
    command
        .args(arguments)
        .env_clear()
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    command
}

pub(crate) async fn said(arguments: &[&str]) -> (i32, String, String) {
    let output = program(arguments).output().await.unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (
        output.status.code().unwrap(),
        text(output.stdout),
        text(output.stderr),
    )
}

/// A configuration whose directory is a port on which nobody listens, and nobody else can.
fn configure(folder: &Path) -> (String, tokio::net::TcpSocket) {
    use std::os::unix::fs::PermissionsExt as _;
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let password = folder.join("password");
    std::fs::write(&password, "bind-secret-hunter3").unwrap();
    std::fs::set_permissions(&password, std::fs::Permissions::from_mode(0o600)).unwrap();
    let path = folder.join("agent.toml");
    let text = format!(
        "[directory]\nkind = \"ldap\"\nservers = [\"{}\"]\nbind_as = \"cn=x\"\npassword_file = \
         \"{}\"\nbase = \"dc=corp,dc=example\"\n",
        socket.local_addr().unwrap(),
        password.display(),
    );
    std::fs::write(&path, text).unwrap();
    (path.display().to_string(), socket)
}

async fn ended(mut child: Child) -> (i32, String) {
    let mut log = String::new();
    let mut stderr = child.stderr.take().unwrap();
    stderr.read_to_string(&mut log).await.unwrap();
    (child.wait().await.unwrap().code().unwrap(), log)
}

#[tokio::test]
async fn it_runs_tells_systemd_logs_json_and_stops_when_it_is_told() {
    within(async {
        let bench = Bench::new().await;
        let (config, _taken) = configure(bench.path());
        let data = bench.path().display().to_string();
        let socket = bench.path().join("notify");
        let systemd = UnixDatagram::bind(&socket).unwrap();
        let child = program(&["run", "--config", &config, "--data", &data])
            .env("NOTIFY_SOCKET", &socket)
            .spawn()
            .unwrap();
        let mut notice = [0; 64];
        let length = systemd.recv(&mut notice).await.unwrap();
        assert!(notice[..length].starts_with(b"READY=1"));
        let mut line = bench.service.accept().await;
        let health = line.heartbeat().await;
        assert_eq!(health.directory, DirectoryHealth::Unreachable);
        let (code, status, _) = said(&["status", "--data", &data]).await;
        assert_eq!(code, 0);
        assert!(status.contains("running: yes\nconnected: yes"), "{status}");
        let process = Pid::from_raw(child.id().unwrap().cast_signed()).unwrap();
        kill_process(process, Signal::TERM).unwrap();
        assert_eq!(line.other().await, Some(Agent::Leaving { for_good: false }));
        let ended = tokio::join!(ended(child), line.other());
        let (code, log) = ended.0;
        assert_eq!(code, 0, "{log}");
        for line in log.lines() {
            let line: serde_json::Value = serde_json::from_str(line).unwrap();
            assert!(line["level"].is_string());
        }
        for code in ["\"code\":31015", "\"code\":31017", "\"code\":31016"] {
            assert!(log.contains(code), "{log}");
        }
        assert!(!log.contains("hunter3"));
    })
    .await;
}

#[tokio::test]
async fn one_that_was_revoked_ends_in_a_way_that_systemd_does_not_restart() {
    within(async {
        let bench = Bench::new().await;
        let (config, _taken) = configure(bench.path());
        let data = bench.path().display().to_string();
        let child = program(&["run", "--config", &config, "--data", &data])
            .spawn()
            .unwrap();
        let (mut line, _) = bench.service.hello().await;
        line.say(&Say::Refused {
            why: Denied::Revoked,
        })
        .await;
        let (code, log) = ended(child).await;
        assert_eq!(code, 3, "{log}");
        assert!(log.contains("\"code\":32009"), "{log}");
        let unit = include_str!("../../../../packaging/systemd/latchkey-agent.service");
        assert!(unit.contains("RestartPreventExitStatus=3"));
    })
    .await;
}

#[tokio::test]
async fn commands_say_what_is_wrong_and_how_to_mend_it() {
    within(async {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().display().to_string();
        let (code, example, _) = said(&["config", "example"]).await;
        assert_eq!((code, example.trim_end()), (0, config::EXAMPLE.trim_end()));
        let (code, _, error) = said(&["run", "--config", "/nowhere/agent.toml"]).await;
        assert_eq!(code, 1);
        assert!(error.contains("latchkey-agent config example"), "{error}");
        let (config, _taken) = configure(folder.path());
        let (code, output, _) = said(&["config", "check", "--config", &config]).await;
        assert_eq!((code, output.as_str()), (0, "the configuration is right\n"));
        let (code, _, error) = said(&["run", "--config", &config, "--data", &data]).await;
        assert_eq!(code, 1);
        assert!(error.contains("enrol first"), "{error}");
        let (code, output, _) = said(&["check", "--json", "--config", &config, "ada"]).await;
        assert_eq!(code, 1);
        let point: serde_json::Value = serde_json::from_str(output.trim_end()).unwrap();
        assert_eq!(point["subject"], "connection");
        assert!(point["cure"].as_str().unwrap().contains("firewall"));
    })
    .await;
}
