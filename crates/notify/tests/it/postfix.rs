//! A postfix of our own: its configuration, queue, log and mailbox are in a temporary folder.

use std::fs;
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

use crate::fixture::{Certificates, closed_port, eventually, missing};

/// `nobody`, who owns the mailbox.
const NOBODY: u32 = 65_534;

/// What postfix is made of here: TLS is required, one mailbox takes all of contoso.example.
const MASTER: &str = "\
127.0.0.1:PORT inet n - n - - smtpd
127.0.0.1:TLSPORT inet n - n - - smtpd -o smtpd_tls_wrappermode=yes
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
proxymap unix - - n - - proxymap
error unix - - n - - error
retry unix - - n - - error
virtual unix - n n - - virtual
anvil unix - - n - 1 anvil
postlog unix-dgram n - n - 1 postlogd
";

pub(crate) struct Postfix {
    folder: TempDir,
    master: Child,
    pub(crate) port: u16,
    /// TLS from the first byte.
    pub(crate) tls_port: u16,
}

impl Postfix {
    /// Starts; none if this machine has no postfix or does not let us start it.
    pub(crate) async fn start(certificates: &Certificates) -> Option<Self> {
        Self::start_at(certificates, free_ports().0).await
    }

    /// The same, listening on a port of the caller's.
    pub(crate) async fn start_at(certificates: &Certificates, port: u16) -> Option<Self> {
        let Some(daemons) = output("postconf", &["-d", "-h", "daemon_directory"]) else {
            missing("postfix");
            return None;
        };
        if output("id", &["-u"]).as_deref() != Some("0") {
            missing("the right to start postfix (root)");
            return None;
        }
        let folder = tempfile::tempdir().expect("a folder");
        let tls_port = free_ports().1;
        configure(folder.path(), certificates, port, tls_port);
        let config = folder.path().join("config");
        let checked = Command::new("postfix")
            .arg("-c")
            .arg(&config)
            .arg("check")
            .output()
            .expect("postfix check");
        assert!(
            checked.status.success(),
            "{}",
            String::from_utf8_lossy(&checked.stderr)
        );
        let master = Command::new(Path::new(&daemons).join("master"))
            .arg("-c")
            .arg(&config)
            // Should this process die without a word, postfix ends by itself.
            .args(["-e", "300"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("postfix");
        let mut postfix = Self {
            folder,
            master,
            port,
            tls_port,
        };
        eventually("postfix to listen", || {
            let ended = postfix.master.try_wait().expect("its state");
            assert!(ended.is_none(), "postfix ended: {}", postfix.log());
            std::net::TcpStream::connect(("127.0.0.1", port)).ok()
        })
        .await;
        Some(postfix)
    }

    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log/mail.log")).unwrap_or_default()
    }

    /// Every mail that was delivered and holds the text.
    pub(crate) fn delivered(&self, text: &str) -> Vec<String> {
        let inbox: PathBuf = self.folder.path().join("mail/inbox/new");
        let Ok(files) = fs::read_dir(inbox) else {
            return Vec::new();
        };
        files
            .flatten()
            .filter_map(|file| fs::read_to_string(file.path()).ok())
            .filter(|mail| mail.contains(text))
            .collect()
    }
}

impl Drop for Postfix {
    fn drop(&mut self) {
        // Its children end with it on SIGTERM, not on SIGKILL.
        let _ = Command::new("kill")
            .args(["-TERM", &self.master.id().to_string()])
            .status();
        let _ = self.master.wait();
    }
}

fn output(program: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program).args(arguments).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| text.trim().to_owned())
}

/// Two ports that nobody else gets while the tests run: sockets that do not listen keep them, and on
/// Linux a relay may listen there all the same.
fn free_ports() -> (u16, u16) {
    let [one, two] = [closed_port(), closed_port()].map(|socket| {
        let port = socket.local_addr().expect("an address").port();
        if cfg!(target_os = "linux") {
            std::mem::forget(socket);
        }
        port
    });
    (one, two)
}

fn configure(folder: &Path, certificates: &Certificates, port: u16, tls_port: u16) {
    fs::set_permissions(folder, fs::Permissions::from_mode(0o755)).expect("permissions");
    for name in ["config", "queue", "data", "mail", "log"] {
        fs::create_dir(folder.join(name)).expect("a folder");
    }
    chown(folder.join("mail"), Some(NOBODY), Some(NOBODY)).expect("an owner");
    let owner = output("id", &["-u", "postfix"])
        .and_then(|id| id.parse().ok())
        .expect("an id");
    chown(folder.join("data"), Some(owner), None).expect("an owner");
    let key = folder.join("config/key.pem");
    fs::write(&key, &certificates.key_pem).expect("a file");
    fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).expect("permissions");
    fs::write(folder.join("config/cert.pem"), &certificates.pem).expect("a file");
    let main = "\
compatibility_level = 3.6
queue_directory = FOLDER/queue
data_directory = FOLDER/data
maillog_file = FOLDER/log/mail.log
maillog_file_prefixes = FOLDER
myhostname = relay.contoso.example
mydestination =
mynetworks = 127.0.0.0/8
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
smtpd_tls_security_level = encrypt
smtpd_tls_cert_file = FOLDER/config/cert.pem
smtpd_tls_key_file = FOLDER/config/key.pem
smtpd_tls_loglevel = 1
smtpd_recipient_restrictions =
    check_recipient_access inline:{
        { full@contoso.example = 450 4.2.2 the mailbox is full }
        { gone@contoso.example = 550 5.1.1 nobody has this name } },
    reject_unauth_destination
virtual_mailbox_domains = contoso.example
virtual_mailbox_base = FOLDER/mail
virtual_mailbox_maps = static:inbox/
virtual_uid_maps = static:65534
virtual_gid_maps = static:65534
alias_maps =
alias_database =
";
    let main = main.replace("FOLDER", &folder.display().to_string());
    fs::write(folder.join("config/main.cf"), main).expect("a file");
    let master = MASTER
        .replace("TLSPORT", &tls_port.to_string())
        .replace("PORT", &port.to_string());
    fs::write(folder.join("config/master.cf"), master).expect("a file");
}
