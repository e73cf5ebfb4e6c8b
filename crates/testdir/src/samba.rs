use std::fs::{self, File};
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

use crate::authority::{Authority, Validity};
use crate::ldif::{Administrator, base64, lines};
use crate::place;
use crate::server::Server;

const SEED: &str = include_str!("../scripts/samba_seed.py");
const VERB: &str = include_str!("../scripts/samba_verb.py");
const PORTS: [u16; 4] = [389, 636, 3268, 3269];
const ADMINISTRATOR: &str = "Adm1n-Passw0rd!";

/// A private domain `corp.example` on a loopback address of its own.
///
/// Policy: at least 10 characters, complex, history 5, no ages, locked for 30 minutes after 3 wrong
/// passwords. The former password is refused at once (Samba's default lets it live for an hour).
pub struct Samba {
    server: Server,
    address: Ipv4Addr,
    authority: Authority,
    next: AtomicU32,
    _number_lock: File,
}

/// A user that was made for a test.
#[derive(Debug, Clone)]
pub struct SambaUser {
    /// `sAMAccountName` and `cn`.
    pub name: String,
    /// Where it is, or was made.
    pub dn: String,
    /// `userPrincipalName`.
    pub upn: String,
    /// The password it was made with.
    pub password: String,
}

impl Samba {
    /// The top of the domain.
    pub const BASE: &str = "DC=corp,DC=example";
    /// What is delegated to the service account.
    pub const PEOPLE: &str = "OU=People,DC=corp,DC=example";
    /// The server's name, which its certificate holds.
    pub const HOST: &str = "dc1.corp.example";
    /// The service account, which may reset, unlock and require a change in `PEOPLE`.
    pub const SERVICE: &str = "svc-writeback@corp.example";
    /// Its password.
    pub const SERVICE_PASSWORD: &str = "Svc-Writeback-1!";
    /// An account that may replicate changes and read deleted objects.
    pub const SYNC: &str = "svc-sync@corp.example";
    /// Its password.
    pub const SYNC_PASSWORD: &str = "Svc-Sync-Pass-1!";
    /// An account that may do what everybody may.
    pub const PLAIN: &str = "svc-plain@corp.example";
    /// Its password.
    pub const PLAIN_PASSWORD: &str = "Svc-Plain-Pass-1!";

    /// Starts a copy of the machine's template.
    pub(crate) fn start() -> Self {
        let name = format!(
            "samba-{}",
            place::fingerprint(&[SEED, &configuration(Path::new(""), Ipv4Addr::LOCALHOST)])
        );
        let template = place::once(&name, provision);
        let folder = place::folder("samba-");
        run(Command::new("cp")
            .arg("-a")
            .arg(template.join("."))
            .arg(&folder));
        let at = |number| Ipv4Addr::new(127, 0, 0, number);
        let (number, lock) =
            place::number(|number| PORTS.iter().all(|port| place::is_free(at(number), *port)));
        let address = at(number);
        fs::write(folder.join("etc/smb.conf"), configuration(&folder, address)).unwrap();
        fs::write(folder.join("verb.py"), VERB).unwrap();
        let command = [
            "/usr/sbin/samba".to_owned(),
            "-F".to_owned(),
            "--no-process-group".to_owned(),
            "-M".to_owned(),
            "standard".to_owned(),
            "-s".to_owned(),
            folder.join("etc/smb.conf").display().to_string(),
        ];
        let mut samba = Self {
            server: Server::new(folder, command.to_vec()),
            address,
            authority: Authority::new("testdir Samba"),
            next: AtomicU32::new(1),
            _number_lock: lock,
        };
        samba.write_certificate(Validity::Good);
        samba.start_again();
        samba
    }

    fn write_certificate(&self, validity: Validity) {
        let folder = self.server.folder().join("private/tls");
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).unwrap();
        let (certificate, key) =
            self.authority
                .issue(&[Self::HOST, "localhost"], self.address.into(), validity);
        fs::write(folder.join("ca.pem"), self.authority.pem()).unwrap();
        fs::write(folder.join("cert.pem"), certificate).unwrap();
        // Samba refuses a key that others can read.
        let key_file = folder.join("key.pem");
        fs::write(&key_file, "").unwrap();
        let only_owner = std::os::unix::fs::PermissionsExt::from_mode(0o600);
        fs::set_permissions(&key_file, only_owner).unwrap();
        fs::write(&key_file, key).unwrap();
    }

    /// The loopback address; LDAPS is on 636, StartTLS on 389.
    pub const fn address(&self) -> Ipv4Addr {
        self.address
    }

    /// The authority of its certificate, PEM.
    pub fn authority(&self) -> Vec<u8> {
        self.authority.pem().into_bytes()
    }

    /// Stops it politely.
    pub fn stop(&mut self) {
        self.server.stop();
    }

    /// Ends it as a loss of power would.
    pub fn kill(&mut self) {
        self.server.kill();
    }

    /// Starts it after a stop, and waits until it answers.
    pub fn start_again(&mut self) {
        let authority = self.server.folder().join("private/tls/ca.pem");
        let url = self.url();
        self.server.start(|| {
            let output = Command::new("ldapsearch")
                .env("LDAPTLS_CACERT", &authority)
                .env("LDAPTLS_REQCERT", "never")
                .args(["-x", "-H", &url, "-s", "base", "-b", "", "1.1"])
                .output()
                .unwrap();
            output.status.success()
        });
    }

    /// Stops every process of it where it is.
    pub fn freeze(&self) {
        self.server.freeze();
    }

    /// Lets it go on.
    pub fn thaw(&self) {
        self.server.thaw();
    }

    /// Starts it anew with a certificate that expired in 2001.
    pub fn with_expired_certificate(&mut self) {
        self.stop();
        self.write_certificate(Validity::Expired);
        self.start_again();
    }

    fn url(&self) -> String {
        format!("ldaps://{}", self.address)
    }

    fn ca(&self) -> PathBuf {
        self.server.folder().join("private/tls/ca.pem")
    }

    fn verb(&self, arguments: &[&str]) -> String {
        let output = Command::new("/usr/bin/python3")
            .env("PYTHONWARNINGS", "ignore")
            .arg(self.server.folder().join("verb.py"))
            .arg(self.server.folder())
            .args(arguments)
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{arguments:?}: {text}");
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    /// Applies a change file as the domain's administrator.
    pub fn apply(&self, ldif: &str) {
        Administrator {
            url: self.url(),
            authority: &self.ca(),
            name: "administrator@corp.example",
            password: ADMINISTRATOR,
        }
        .apply(ldif);
    }

    /// What a search by the domain's administrator prints.
    pub fn search(&self, base: &str, filter: &str, attributes: &[&str]) -> String {
        Administrator {
            url: self.url(),
            authority: &self.ca(),
            name: "administrator@corp.example",
            password: ADMINISTRATOR,
        }
        .search(base, filter, attributes)
    }

    /// Whether a real sign-in with this password succeeds.
    pub fn may_sign_in(&self, user: &SambaUser, password: &str) -> bool {
        Administrator {
            url: self.url(),
            authority: &self.ca(),
            name: &user.upn,
            password,
        }
        .may_sign_in()
    }

    /// A new enabled user in a container below the top, `OU=People` for instance.
    pub fn user(&self, container: &str) -> SambaUser {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let name = format!("user{number}");
        let user = SambaUser {
            dn: format!("CN={name},{container},{}", Self::BASE),
            upn: format!("{name}@corp.example"),
            password: "Initial-Pass-1!".into(),
            name,
        };
        let unicode: Vec<u8> = format!("\"{}\"", user.password)
            .encode_utf16()
            .flat_map(u16::to_le_bytes)
            .collect();
        self.apply(&format!(
            "dn: {}\nchangetype: add\nobjectClass: user\nsAMAccountName: {}\n\
             userPrincipalName: {}\ndisplayName: Person {number}\nmail: {}\n\
             userAccountControl: 512\nunicodePwd:: {}\n",
            user.dn,
            user.name,
            user.upn,
            user.upn,
            base64(&unicode)
        ));
        user
    }

    /// Leaves an attribute of an object with this value.
    pub fn set(&self, dn: &str, attribute: &str, value: &str) {
        self.apply(&format!(
            "dn: {dn}\nchangetype: modify\nreplace: {attribute}\n{attribute}: {value}\n"
        ));
    }

    /// Sets a value of the domain's policy, as the attribute of the domain's head.
    pub fn policy(&self, attribute: &str, value: &str) {
        self.set(Self::BASE, attribute, value);
    }

    /// A fine-grained policy for one user: strict where `rules` (lines of LDIF) do not say more.
    pub fn fine_grained_policy(&self, user: &SambaUser, rules: &[(&str, &str)]) {
        let mut values = vec![
            ("msDS-PasswordSettingsPrecedence", "10"),
            ("msDS-PasswordReversibleEncryptionEnabled", "FALSE"),
            ("msDS-PasswordHistoryLength", "5"),
            ("msDS-PasswordComplexityEnabled", "TRUE"),
            ("msDS-MinimumPasswordLength", "10"),
            ("msDS-MinimumPasswordAge", "0"),
            ("msDS-MaximumPasswordAge", "-9223372036854775808"),
            ("msDS-LockoutThreshold", "3"),
            ("msDS-LockoutObservationWindow", "-18000000000"),
            ("msDS-LockoutDuration", "-18000000000"),
        ];
        for (name, value) in &mut values {
            if let Some((_, other)) = rules.iter().find(|(rule, _)| rule == name) {
                *value = other;
            }
        }
        let lines = lines(values);
        self.apply(&format!(
            "dn: CN=pso-{},CN=Password Settings Container,CN=System,{}\nchangetype: add\n\
             objectClass: msDS-PasswordSettings\n{lines}msDS-PSOAppliesTo: {}\n",
            user.name,
            Self::BASE,
            user.dn
        ));
    }

    /// Locks a user by real sign-ins with a wrong password.
    pub fn lock(&self, user: &SambaUser) {
        for _ in 0..4 {
            assert!(!self.may_sign_in(user, "Wrong-Wrong-1!"));
        }
    }

    /// Disables a user.
    pub fn disable(&self, user: &SambaUser) {
        self.set(&user.dn, "userAccountControl", "514");
    }

    /// Lets the account end in 2016.
    pub fn expire(&self, user: &SambaUser) {
        self.set(&user.dn, "accountExpires", "131000000000000000");
    }

    /// Requires a change at the next sign-in.
    pub fn must_change(&self, user: &SambaUser) {
        self.set(&user.dn, "pwdLastSet", "0");
    }

    /// Does to a user what Windows does every hour to members of protected groups.
    pub fn protect(&self, user: &SambaUser) {
        self.verb(&["protect", &user.dn]);
    }

    /// Moves the last change of the password into the past.
    pub fn age(&self, user: &SambaUser, seconds: u32) {
        self.verb(&["age", &user.dn, &seconds.to_string()]);
    }

    /// The user's `objectGUID` as Samba's own code writes it.
    pub fn guid(&self, user: &SambaUser) -> String {
        self.verb(&["guid", &user.dn])
    }

    /// Users without passwords below `OU=Bulk`.
    pub fn bulk(&self, count: u32) {
        self.verb(&["bulk", &count.to_string()]);
    }

    /// A new group in `OU=People` with these members; its DN.
    pub fn group(&self, name: &str, members: &[&str]) -> String {
        let dn = format!("CN={name},{}", Self::PEOPLE);
        let lines = lines(members.iter().map(|&member| ("member", member)));
        self.apply(&format!(
            "dn: {dn}\nchangetype: add\nobjectClass: group\nsAMAccountName: {name}\n{lines}"
        ));
        dn
    }

    /// Adds a member to a group.
    pub fn add_member(&self, group: &str, member: &str) {
        self.apply(&format!(
            "dn: {group}\nchangetype: modify\nadd: member\nmember: {member}\n"
        ));
    }

    /// Takes a member out of a group.
    pub fn remove_member(&self, group: &str, member: &str) {
        self.apply(&format!(
            "dn: {group}\nchangetype: modify\ndelete: member\nmember: {member}\n"
        ));
    }

    /// Gives an object another name and another container below the top.
    pub fn move_to(&self, user: &mut SambaUser, new_name: &str, container: &str) {
        let parent = format!("{container},{}", Self::BASE);
        self.apply(&format!(
            "dn: {}\nchangetype: modrdn\nnewrdn: CN={new_name}\ndeleteoldrdn: 1\nnewsuperior: {parent}\n",
            user.dn
        ));
        user.dn = format!("CN={new_name},{parent}");
    }

    /// Deletes an object.
    pub fn delete(&self, dn: &str) {
        self.apply(&format!("dn: {dn}\nchangetype: delete\n"));
    }
}

fn provision(folder: &Path) {
    for name in [
        "etc", "run", "ncalrpc", "log", "cache", "private", "state", "bind-dns",
    ] {
        fs::create_dir_all(folder.join(name)).unwrap();
    }
    run(Command::new("samba-tool")
        .env("PYTHONWARNINGS", "ignore")
        .args(["domain", "provision", "-s", "/dev/null", "--quiet"])
        .args(["--realm=CORP.EXAMPLE", "--domain=CORP", "--server-role=dc"])
        .args([
            "--dns-backend=NONE",
            "--host-name=dc1",
            "--host-ip=127.0.0.1",
        ])
        .arg(format!("--adminpass={ADMINISTRATOR}"))
        .arg(format!("--targetdir={}", folder.display()))
        .args([
            "--option=interfaces=127.0.0.1/8",
            "--option=bind interfaces only=yes",
        ]));
    fs::write(
        folder.join("etc/smb.conf"),
        configuration(folder, Ipv4Addr::LOCALHOST),
    )
    .unwrap();
    let script = folder.join("seed.py");
    fs::write(&script, SEED).unwrap();
    run(Command::new("/usr/bin/python3")
        .env("PYTHONWARNINGS", "ignore")
        .arg(script)
        .arg(folder));
}

/// LDAP and nothing else, on one address, with everything below one folder.
fn configuration(folder: &Path, address: Ipv4Addr) -> String {
    let folder = folder.display();
    format!(
        "[global]\n\
         netbios name = DC1\nworkgroup = CORP\nrealm = CORP.EXAMPLE\n\
         server role = active directory domain controller\n\
         server services = ldap\ndcerpc endpoint servers = -\n\
         interfaces = {address}/8\nbind interfaces only = yes\n\
         private dir = {folder}/private\nlock directory = {folder}\n\
         state directory = {folder}/state\ncache directory = {folder}/cache\n\
         binddns dir = {folder}/bind-dns\npid directory = {folder}/run\n\
         ncalrpc dir = {folder}/ncalrpc\nwinbindd socket directory = {folder}/winbindd\n\
         ntp signd socket directory = {folder}/ntp_signd\n\
         tls enabled = yes\ntls cafile = {folder}/private/tls/ca.pem\n\
         tls certfile = {folder}/private/tls/cert.pem\ntls keyfile = {folder}/private/tls/key.pem\n\
         ldap server require strong auth = yes\n\
         logging = file\nlog file = {folder}/log/samba.log\nlog level = 1\n\
         ldb:nosync = true\nold password allowed period = 0\nidmap_ldb:use rfc2307 = no\n\
         [sysvol]\npath = {folder}/state/sysvol\nread only = No\n"
    )
}

fn run(command: &mut Command) {
    let output = command.output().unwrap();
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {text}");
}
