//! A real directory, of either kind.

use latchkey_testdir::{Samba, SambaUser, Slapd, SlapdUser};
use latchkey_types::Timestamp;

/// The directory.
pub(crate) enum Directory {
    Slapd(Slapd),
    Samba(Samba),
}

/// Somebody in it.
#[derive(Debug, Clone)]
pub(crate) enum Account {
    Slapd(SlapdUser),
    Samba(SambaUser),
}

impl Account {
    pub(crate) fn name(&self) -> &str {
        match self {
            Self::Slapd(user) => &user.name,
            Self::Samba(user) => &user.name,
        }
    }

    /// The password that it was made with.
    pub(crate) fn first_password(&self) -> &str {
        match self {
            Self::Slapd(user) => &user.password,
            Self::Samba(user) => &user.password,
        }
    }
}

/// A policy under which nobody is locked, and which remembers every password.
const MEMORY: &str = "dn: cn=memory,ou=Policies,dc=corp,dc=example\nchangetype: add\n\
    objectClass: device\nobjectClass: pwdPolicy\ncn: memory\npwdAttribute: userPassword\n\
    pwdMinLength: 10\npwdCheckQuality: 2\npwdInHistory: 50\n";

impl Directory {
    pub(crate) fn slapd() -> Option<Self> {
        let slapd = latchkey_testdir::slapd()?;
        slapd.apply(MEMORY);
        Some(Self::Slapd(slapd))
    }

    pub(crate) fn samba() -> Option<Self> {
        latchkey_testdir::samba().map(Self::Samba)
    }

    /// The port that the agent uses, on this machine.
    pub(crate) const fn port(&self) -> u16 {
        match self {
            Self::Slapd(slapd) => slapd.tls_port(),
            Self::Samba(_) => 636,
        }
    }

    pub(crate) fn authority(&self) -> Vec<u8> {
        match self {
            Self::Slapd(slapd) => slapd.authority(),
            Self::Samba(samba) => samba.authority(),
        }
    }

    pub(crate) const fn service_password(&self) -> &'static str {
        match self {
            Self::Slapd(_) => Slapd::SERVICE_PASSWORD,
            Self::Samba(_) => Samba::SERVICE_PASSWORD,
        }
    }

    /// The agent's configuration. It waits for the directory for a shorter time than it would, so that
    /// tests do, too.
    pub(crate) fn settings(&self, ca: &str, password: &str) -> String {
        let own = match self {
            Self::Slapd(slapd) => format!(
                "kind = \"ldap\"\nservers = [\"localhost:{}\"]\nbind_as = {:?}\nbase = {:?}\n\
                 default_policy = {:?}\n",
                slapd.tls_port(),
                Slapd::SERVICE,
                Slapd::BASE,
                Slapd::DEFAULT_POLICY
            ),
            Self::Samba(samba) => format!(
                "kind = \"active_directory\"\nservers = [\"{}\"]\nbind_as = {:?}\nbase = {:?}\n\
                 user_bases = [{:?}]\n",
                samba.address(),
                Samba::SERVICE,
                Samba::BASE,
                Samba::PEOPLE
            ),
        };
        format!(
            "[directory]\n{own}ca_file = {ca:?}\npassword_file = {password:?}\n\
             connect_seconds = 2\noperation_seconds = 3\n"
        )
    }

    /// Somebody new, under the default policy.
    pub(crate) fn account(&self) -> Account {
        match self {
            Self::Slapd(slapd) => Account::Slapd(slapd.user("ou=People")),
            Self::Samba(samba) => Account::Samba(samba.user("OU=People")),
        }
    }

    /// Somebody new whom wrong passwords do not lock, and all of whose passwords are remembered.
    pub(crate) fn patient_account(&self) -> Account {
        match self {
            Self::Slapd(slapd) => {
                Account::Slapd(slapd.user_with_policy("ou=People", Some("memory")))
            }
            Self::Samba(_) => self.account(),
        }
    }

    /// The id that never changes.
    pub(crate) fn anchor(&self, account: &Account) -> String {
        match (self, account) {
            (Self::Slapd(slapd), Account::Slapd(user)) => {
                let found = slapd.search(&user.dn, "(objectClass=*)", &["entryUUID"]);
                let line = found
                    .lines()
                    .find_map(|line| line.strip_prefix("entryUUID: "));
                line.expect("an entry").to_owned()
            }
            (Self::Samba(samba), Account::Samba(user)) => samba.guid(user),
            _ => panic!("somebody of another directory"),
        }
    }

    /// A real bind with this password.
    pub(crate) fn lets_in(&self, account: &Account, password: &str) -> bool {
        match (self, account) {
            (Self::Slapd(slapd), Account::Slapd(user)) => slapd.may_sign_in(user, password),
            (Self::Samba(samba), Account::Samba(user)) => samba.may_sign_in(user, password),
            _ => panic!("somebody of another directory"),
        }
    }

    /// Locks somebody by real binds.
    pub(crate) fn lock(&self, account: &Account) {
        match (self, account) {
            (Self::Slapd(slapd), Account::Slapd(user)) => slapd.lock(user),
            (Self::Samba(samba), Account::Samba(user)) => samba.lock(user),
            _ => panic!("somebody of another directory"),
        }
    }

    /// How often a password was set over an earlier one, where the directory remembers them all.
    pub(crate) fn times_set(&self, account: &Account) -> usize {
        match (self, account) {
            (Self::Slapd(slapd), Account::Slapd(user)) => slapd
                .search(&user.dn, "(objectClass=*)", &["pwdHistory"])
                .lines()
                .filter(|line| line.starts_with("pwdHistory:"))
                .count(),
            _ => panic!("this one does not tell"),
        }
    }

    /// When the password was set, to the second at least.
    pub(crate) fn set_at(&self, account: &Account) -> Timestamp {
        match (self, account) {
            (Self::Slapd(slapd), Account::Slapd(user)) => {
                let found = slapd.search(&user.dn, "(objectClass=*)", &["pwdChangedTime"]);
                let time = found
                    .lines()
                    .find_map(|line| line.strip_prefix("pwdChangedTime: "))
                    .expect("a time");
                let (date, time) = time.split_at(8);
                let (day, clock) = ((&date[..4], &date[4..6], &date[6..]), time);
                let text = format!(
                    "{}-{}-{}T{}:{}:{}",
                    day.0,
                    day.1,
                    day.2,
                    &clock[..2],
                    &clock[2..4],
                    &clock[4..]
                );
                Timestamp::parse(&text).unwrap()
            }
            _ => panic!("this one does not tell"),
        }
    }

    pub(crate) fn freeze(&self) {
        match self {
            Self::Slapd(slapd) => slapd.freeze(),
            Self::Samba(samba) => samba.freeze(),
        }
    }

    pub(crate) fn thaw(&self) {
        match self {
            Self::Slapd(slapd) => slapd.thaw(),
            Self::Samba(samba) => samba.thaw(),
        }
    }

    /// Ends it as a loss of power would.
    pub(crate) fn kill(&mut self) {
        match self {
            Self::Slapd(slapd) => slapd.kill(),
            Self::Samba(samba) => samba.kill(),
        }
    }

    pub(crate) fn start_again(&mut self) {
        match self {
            Self::Slapd(slapd) => slapd.start_again(),
            Self::Samba(samba) => samba.start_again(),
        }
    }
}
