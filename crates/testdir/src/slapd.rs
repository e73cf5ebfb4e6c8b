use std::fs::{self, File};
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

use crate::authority::{Authority, Validity};
use crate::ldif::{Administrator, lines};
use crate::place;
use crate::server::Server;

const ROOT: &str = "cn=admin,dc=corp,dc=example";
const ROOT_PASSWORD: &str = "Admin-Passw0rd-1!";

/// A private OpenLDAP server with ppolicy, on free ports of 127.0.0.1.
///
/// Default policy: at least 10 characters, history 3, locked after 3 wrong passwords until somebody
/// unlocks. Others are entries of `ou=Policies`: `minage`, `expire`, `safe`, `fixed`.
pub struct Slapd {
    server: Server,
    ports: [u16; 2],
    authority: Authority,
    next: AtomicU32,
    _number_lock: File,
}

/// A user that was made for a test.
#[derive(Debug, Clone)]
pub struct SlapdUser {
    /// `uid`.
    pub name: String,
    /// Where it is, or was made.
    pub dn: String,
    /// `mail`.
    pub mail: String,
    /// The password it was made with.
    pub password: String,
}

impl Slapd {
    /// The top of the data.
    pub const BASE: &str = "dc=corp,dc=example";
    /// The service account, which may set passwords except in `ou=Protected`, and unlock in
    /// `ou=People`.
    pub const SERVICE: &str = "cn=svc-writeback,ou=Service,dc=corp,dc=example";
    /// Its password.
    pub const SERVICE_PASSWORD: &str = "Svc-Writeback-1!";
    /// The policy of users that name none.
    pub const DEFAULT_POLICY: &str = "cn=default,ou=Policies,dc=corp,dc=example";

    pub(crate) fn start() -> Self {
        let folder = place::folder("slapd-");
        for name in ["db", "tls"] {
            fs::create_dir_all(folder.join(name)).unwrap();
        }
        let authority = Authority::new("testdir slapd");
        write_certificate(&folder, &authority, Validity::Good);
        let configuration_file = folder.join("slapd.conf");
        fs::write(&configuration_file, configuration(&folder)).unwrap();
        let seed_file = folder.join("seed.ldif");
        fs::write(&seed_file, seed()).unwrap();
        let output = Command::new(place::find_program("slapadd").unwrap())
            .args(["-q", "-w", "-f"])
            .arg(&configuration_file)
            .arg("-l")
            .arg(&seed_file)
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "slapadd: {text}");
        // Below the ports that are given to whoever asks for any.
        let ports_of = |number: u8| [20_000, 20_300].map(|first| first + u16::from(number));
        let (number, lock) = place::number(|number| {
            ports_of(number)
                .iter()
                .all(|port| place::is_free(Ipv4Addr::LOCALHOST, *port))
        });
        let ports = ports_of(number);
        let command = [
            place::find_program("slapd").unwrap().display().to_string(),
            "-f".into(),
            configuration_file.display().to_string(),
            "-h".into(),
            format!(
                "ldap://127.0.0.1:{} ldaps://127.0.0.1:{}",
                ports[0], ports[1]
            ),
            "-d".into(),
            "0".into(),
        ];
        let mut slapd = Self {
            server: Server::new(folder, command.to_vec()),
            ports,
            authority,
            next: AtomicU32::new(1),
            _number_lock: lock,
        };
        slapd.start_again();
        slapd
    }

    /// The port of plain LDAP and StartTLS.
    pub const fn plain_port(&self) -> u16 {
        self.ports[0]
    }

    /// The port of LDAPS.
    pub const fn tls_port(&self) -> u16 {
        self.ports[1]
    }

    /// The authority of its certificate, PEM. The certificate is for `localhost` and 127.0.0.1.
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
        let url = self.url();
        self.server.start(|| {
            let output = Command::new("ldapsearch")
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
        write_certificate(self.server.folder(), &self.authority, Validity::Expired);
        self.start_again();
    }

    fn url(&self) -> String {
        format!("ldaps://127.0.0.1:{}", self.ports[1])
    }

    fn ca(&self) -> PathBuf {
        self.server.folder().join("tls/ca.pem")
    }

    fn as_root<T>(&self, what: impl FnOnce(&Administrator<'_>) -> T) -> T {
        what(&Administrator {
            url: self.url(),
            authority: &self.ca(),
            name: ROOT,
            password: ROOT_PASSWORD,
        })
    }

    /// Applies a change file as the directory's root.
    pub fn apply(&self, ldif: &str) {
        self.as_root(|root| root.apply(ldif));
    }

    /// What a search by the directory's root prints.
    pub fn search(&self, base: &str, filter: &str, attributes: &[&str]) -> String {
        self.as_root(|root| root.search(base, filter, attributes))
    }

    /// Whether a real sign-in with this password succeeds.
    pub fn may_sign_in(&self, user: &SlapdUser, password: &str) -> bool {
        Administrator {
            url: self.url(),
            authority: &self.ca(),
            name: &user.dn,
            password,
        }
        .may_sign_in()
    }

    /// A new user in a container below the top, `ou=People` for instance, with the default policy.
    pub fn user(&self, container: &str) -> SlapdUser {
        self.user_with_policy(container, None)
    }

    /// A new user under one of the policies in `ou=Policies`.
    pub fn user_with_policy(&self, container: &str, policy: Option<&str>) -> SlapdUser {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let name = format!("user{number}");
        let user = SlapdUser {
            dn: format!("uid={name},{container},{}", Self::BASE),
            mail: format!("{name}@corp.example"),
            password: "Initial-Pass-1!".into(),
            name,
        };
        let policy = policy.map_or_else(String::new, |policy| {
            format!(
                "pwdPolicySubentry: cn={policy},ou=Policies,{}\n",
                Self::BASE
            )
        });
        self.apply(&format!(
            "dn: {}\nchangetype: add\nobjectClass: inetOrgPerson\nuid: {name}\ncn: {name}\n\
             sn: {name}\nmail: {}\nuserPassword: {}\n{policy}",
            user.dn,
            user.mail,
            user.password,
            name = user.name,
        ));
        user
    }

    /// Leaves an attribute of an object with this value.
    pub fn set(&self, dn: &str, attribute: &str, value: &str) {
        self.apply(&format!(
            "dn: {dn}\nchangetype: modify\nreplace: {attribute}\n{attribute}: {value}\n"
        ));
    }

    /// Locks a user by real sign-ins with a wrong password.
    pub fn lock(&self, user: &SlapdUser) {
        for _ in 0..4 {
            assert!(!self.may_sign_in(user, "Wrong-Wrong-1!"));
        }
    }

    /// A new group in `ou=Groups` with these members; its DN.
    pub fn group(&self, name: &str, members: &[&str]) -> String {
        let dn = format!("cn={name},ou=Groups,{}", Self::BASE);
        let lines = lines(members.iter().map(|&member| ("member", member)));
        self.apply(&format!(
            "dn: {dn}\nchangetype: add\nobjectClass: groupOfNames\ncn: {name}\n{lines}"
        ));
        dn
    }

    /// Adds a member to a group.
    pub fn add_member(&self, group: &str, member: &str) {
        self.apply(&format!(
            "dn: {group}\nchangetype: modify\nadd: member\nmember: {member}\n"
        ));
    }

    /// Gives a user another name and another container below the top.
    pub fn move_to(&self, user: &mut SlapdUser, new_name: &str, container: &str) {
        let parent = format!("{container},{}", Self::BASE);
        self.apply(&format!(
            "dn: {}\nchangetype: modrdn\nnewrdn: uid={new_name}\ndeleteoldrdn: 1\nnewsuperior: {parent}\n",
            user.dn
        ));
        user.dn = format!("uid={new_name},{parent}");
    }

    /// Deletes an object.
    pub fn delete(&self, dn: &str) {
        self.apply(&format!("dn: {dn}\nchangetype: delete\n"));
    }

    /// Users below `ou=Bulk`, without passwords.
    pub fn bulk(&self, count: u32) {
        let mut ldif = String::new();
        for number in 0..count {
            let name = format!("bulk{number:06}");
            ldif.extend([format!(
                "dn: uid={name},ou=Bulk,{}\nchangetype: add\nobjectClass: inetOrgPerson\n\
                 uid: {name}\ncn: {name}\nsn: {name}\nmail: {name}@corp.example\n\n",
                Self::BASE
            )]);
        }
        self.apply(&ldif);
    }
}

fn write_certificate(folder: &Path, authority: &Authority, validity: Validity) {
    let (certificate, key) = authority.issue(&["localhost"], Ipv4Addr::LOCALHOST.into(), validity);
    let tls = folder.join("tls");
    fs::write(tls.join("ca.pem"), authority.pem()).unwrap();
    fs::write(tls.join("cert.pem"), certificate).unwrap();
    fs::write(tls.join("key.pem"), key).unwrap();
}

fn configuration(folder: &Path) -> String {
    let folder = folder.display();
    let base = Slapd::BASE;
    let service = Slapd::SERVICE;
    format!(
        "include /etc/ldap/schema/core.schema\ninclude /etc/ldap/schema/cosine.schema\n\
         include /etc/ldap/schema/inetorgperson.schema\nmodulepath /usr/lib/ldap\n\
         moduleload back_mdb\nmoduleload ppolicy\nmoduleload syncprov\nmoduleload memberof\n\
         pidfile {folder}/slapd.pid\n\
         TLSCACertificateFile {folder}/tls/ca.pem\nTLSCertificateFile {folder}/tls/cert.pem\n\
         TLSCertificateKeyFile {folder}/tls/key.pem\nsecurity simple_bind=128\n\
         password-hash {{SSHA}}\n\
         database mdb\nmaxsize 268435456\nsuffix \"{base}\"\nrootdn \"{ROOT}\"\n\
         rootpw {ROOT_PASSWORD}\ndirectory {folder}/db\ndbnosync\n\
         index objectClass,uid,cn,mail,entryUUID,member,modifyTimestamp eq\n\
         access to dn.subtree=\"ou=Protected,{base}\" attrs=userPassword\n\
         \x20 by self =xw\n  by anonymous auth\n  by * none\n\
         access to attrs=userPassword\n  by dn.exact=\"{service}\" =xw\n  by self =xw\n\
         \x20 by anonymous auth\n  by * none\n\
         access to dn.subtree=\"ou=People,{base}\" attrs=pwdAccountLockedTime,pwdFailureTime,pwdReset\n\
         \x20 by dn.exact=\"{service}\" write\n  by * read\n\
         access to dn.subtree=\"ou=Service,{base}\" by self read by anonymous auth by * none\n\
         access to * by users read by anonymous auth\n\
         limits dn.exact=\"{service}\" size.soft=500 size.hard=500 size.pr=unlimited size.prtotal=unlimited\n\
         overlay memberof\noverlay syncprov\nsyncprov-sessionlog 10000\n\
         overlay ppolicy\nppolicy_default \"{}\"\nppolicy_use_lockout\nppolicy_hash_cleartext\n",
        Slapd::DEFAULT_POLICY
    )
}

fn seed() -> String {
    let base = Slapd::BASE;
    let mut ldif = format!(
        "dn: {base}\nobjectClass: dcObject\nobjectClass: organization\no: corp\ndc: corp\n\n"
    );
    for path in [
        "ou=People",
        "ou=Berlin,ou=People",
        "ou=Outside",
        "ou=Groups",
        "ou=Bulk",
        "ou=Service",
        "ou=Policies",
        "ou=Protected",
    ] {
        ldif.extend([format!(
            "dn: {path},{base}\nobjectClass: organizationalUnit\n\n"
        )]);
    }
    let policies = [
        (
            "default",
            "pwdInHistory: 3\npwdLockout: TRUE\npwdMaxFailure: 3\npwdLockoutDuration: 0\n",
        ),
        ("minage", "pwdMinAge: 86400\n"),
        ("expire", "pwdMaxAge: 1\npwdGraceAuthNLimit: 0\n"),
        ("safe", "pwdSafeModify: TRUE\n"),
        ("fixed", "pwdAllowUserChange: FALSE\n"),
    ];
    for (name, rules) in policies {
        ldif.extend([format!(
            "dn: cn={name},ou=Policies,{base}\nobjectClass: device\nobjectClass: pwdPolicy\n\
             cn: {name}\npwdAttribute: userPassword\npwdMinLength: 10\npwdCheckQuality: 2\n\
             pwdMustChange: TRUE\n{rules}\n"
        )]);
    }
    ldif.extend([format!(
        "dn: {}\nobjectClass: applicationProcess\nobjectClass: simpleSecurityObject\n\
         cn: svc-writeback\nuserPassword: {}\n\n",
        Slapd::SERVICE,
        Slapd::SERVICE_PASSWORD
    )]);
    ldif
}
