use latchkey_types::Timestamp;
use ldap3::{Scope, ldap_escape};

use super::Directory;
use crate::answer::Refusal;
use crate::connection::{Connection, Unanswered};
use crate::entry::Entry;
use crate::pool::{Lease, MOST};
use crate::protected::{self, Sid};
use crate::settings::Kind;
use crate::{Anchor, Failure, certificate};

/// What is read about an account of Active Directory.
const ACTIVE_DIRECTORY: &[&str] = &[
    "objectSid",
    "sAMAccountName",
    "displayName",
    "userAccountControl",
    "msDS-User-Account-Control-Computed",
    "msDS-ResultantPSO",
    "accountExpires",
    "pwdLastSet",
    "adminCount",
    "primaryGroupID",
    "tokenGroups",
];

/// What is read about an account of an LDAP server: ppolicy's, and those of 389-ds.
const LDAP: &[&str] = &[
    "entryUUID",
    "pwdAccountLockedTime",
    "pwdChangedTime",
    "pwdReset",
    "pwdPolicySubentry",
    "pwdEndTime",
    "nsAccountLock",
    "accountUnlockTime",
    "passwordExpirationTime",
];

/// `ACCOUNTDISABLE`, `DONT_EXPIRE_PASSWORD`, `LOCKOUT`, `PASSWORD_EXPIRED` of userAccountControl and
/// its computed half ([MS-ADTS] 2.2.16 and 3.1.1.4.5.17).
const DISABLED: i64 = 0x2;
const NEVER_EXPIRES: i64 = 0x1_0000;
const LOCKED: i64 = 0x10;
const EXPIRED: i64 = 0x80_0000;

/// ppolicy's word for a lock that only an administrator ends: it is set to disable an account.
const FOR_EVER: &str = "000001010000Z";

/// An account as it was found, and the connection that found it.
pub(super) struct Found {
    pub(super) lease: Lease,
    pub(super) account: Account,
}

/// An account as it was found.
pub(super) struct Account {
    pub(super) kind: Kind,
    pub(super) dn: String,
    /// How requests name it: by its anchor where the server can.
    pub(super) address: String,
    pub(super) entry: Entry,
    pub(super) protected: bool,
    /// What the server's clock says now, as far as known.
    pub(super) now: Timestamp,
}

impl Directory {
    /// Finds a user in scope and reads what is known, on a connection that works.
    pub(super) async fn locate(&self, user: Anchor) -> Result<Found, Failure> {
        for attempt in 0.. {
            let mut lease = self.pool.take().await?;
            match self.locate_on(&mut lease, user).await {
                Ok(account) => return Ok(Found { lease, account }),
                Err(unanswered) => self.may_ask_again(lease, unanswered, attempt)?,
            }
        }
        Err(Failure::NotFound)
    }

    /// Whether a question that changes nothing is worth another connection; if not, its failure.
    pub(super) fn may_ask_again(
        &self,
        lease: Lease,
        unanswered: Unanswered,
        attempt: usize,
    ) -> Result<(), Failure> {
        let broken = match unanswered {
            Unanswered::Failed(failure) => {
                lease.keep();
                return Err(failure);
            }
            Unanswered::Broken(broken) => broken,
        };
        let servers = self.pool.settings.servers.len();
        // Idle connections may all be stale. After those comes each server once.
        let is_last = attempt >= MOST + servers || (!lease.used_before && servers == 1);
        let text = format!("{}: {broken}", lease.label);
        lease.discard(&broken);
        if is_last {
            return Err(Failure::Unreachable(text));
        }
        Ok(())
    }

    async fn locate_on(
        &self,
        connection: &mut Connection,
        user: Anchor,
    ) -> Result<Account, Unanswered> {
        let settings = &self.pool.settings;
        let mut now = settings.clock.now();
        if let Some(ahead) = connection.root.clock_ahead_us {
            now = Timestamp(now.0.saturating_add(ahead));
        }
        let filter = self.filter(&user.filter(settings.kind));
        match settings.kind {
            Kind::ActiveDirectory => {
                self.one(connection, &filter, &["1.1"]).await?;
                // The rest can be read from the object itself only, and nobody renames a GUID.
                let address = user.guid_dn();
                let entry = connection
                    .read(&address, ACTIVE_DIRECTORY)
                    .await?
                    .ok_or(Failure::NotFound)?;
                let protected = match protected::is_protected(&entry) {
                    Some(protected) => protected,
                    None => self.in_protected_group(connection, &entry).await?,
                };
                Ok(Account {
                    kind: settings.kind,
                    dn: entry.dn.clone(),
                    address,
                    entry,
                    protected,
                    now,
                })
            }
            Kind::Ldap => {
                let entry = self.one(connection, &filter, LDAP).await?;
                Ok(Account {
                    kind: settings.kind,
                    dn: entry.dn.clone(),
                    address: entry.dn.clone(),
                    entry,
                    protected: false,
                    now,
                })
            }
        }
    }

    /// The one object in scope that fits.
    pub(super) async fn one(
        &self,
        connection: &mut Connection,
        filter: &str,
        attributes: &[&str],
    ) -> Result<Entry, Unanswered> {
        let mut found: Option<Entry> = None;
        for base in self.bases() {
            let (entries, result) = connection
                .search(base, Scope::Subtree, filter, attributes, vec![])
                .await?;
            if result.rc != 0 {
                return Err(match Refusal::new(&result, &[]).of_a_search() {
                    Failure::NotFound => Failure::NotConfigured(format!("{base} is not there")),
                    other => other,
                }
                .into());
            }
            for entry in entries {
                match &found {
                    // Bases may overlap.
                    Some(other) if other.dn == entry.dn => {}
                    Some(_) => return Err(Failure::SeveralMatch.into()),
                    None => found = Some(entry),
                }
            }
        }
        Ok(found.ok_or(Failure::NotFound)?)
    }

    /// Asks the server for protected groups that an account is in, directly or through others, where
    /// its own `tokenGroups` cannot be read.
    async fn in_protected_group(
        &self,
        connection: &mut Connection,
        user: &Entry,
    ) -> Result<bool, Unanswered> {
        let unseen = || Failure::NotConfigured("the groups of users cannot be read".into());
        let own = user
            .bytes("objectSid")
            .and_then(Sid::parse)
            .ok_or_else(unseen)?;
        let groups: Vec<String> = protected::groups(&own)
            .iter()
            .map(|group| format!("(objectSid={group})"))
            .collect();
        // LDAP_MATCHING_RULE_IN_CHAIN ([MS-ADTS] 3.1.1.3.4.4.3).
        let filter = format!(
            "(&(member:1.2.840.113556.1.4.1941:={})(|(adminCount=1){}))",
            ldap_escape(user.dn.as_str()),
            groups.concat()
        );
        let base = &self.pool.settings.base;
        let (entries, result) = connection
            .search(base, Scope::Subtree, &filter, &["1.1"], vec![])
            .await?;
        if result.rc != 0 {
            return Err(unseen().into());
        }
        Ok(!entries.is_empty())
    }
}

impl Account {
    pub(super) fn disabled(&self) -> bool {
        match self.kind {
            Kind::ActiveDirectory => self.flag("userAccountControl", DISABLED),
            Kind::Ldap => {
                self.entry.is_true("nsAccountLock")
                    || self.entry.text("pwdAccountLockedTime") == Some(FOR_EVER)
            }
        }
    }

    pub(super) fn expired(&self) -> bool {
        let end = match self.kind {
            Kind::ActiveDirectory => self.entry.number("accountExpires").and_then(filetime),
            Kind::Ldap => self.time("pwdEndTime"),
        };
        end.is_some_and(|end| end <= self.now)
    }

    /// Locked. With LDAP a lock may have run out, if it does so after `duration`.
    pub(super) fn locked(&self, duration: Option<std::time::Duration>) -> bool {
        match self.kind {
            Kind::ActiveDirectory => self.flag("msDS-User-Account-Control-Computed", LOCKED),
            Kind::Ldap => {
                let since = self.time("pwdAccountLockedTime");
                let ends = self.time("accountUnlockTime");
                since.is_some_and(|since| duration.is_none_or(|time| since.plus(time) > self.now))
                    || ends.is_some_and(|end| end > self.now)
            }
        }
    }

    pub(super) fn must_change(&self) -> bool {
        match self.kind {
            Kind::ActiveDirectory => {
                self.entry.number("pwdLastSet") == Some(0)
                    && !self.flag("userAccountControl", NEVER_EXPIRES)
            }
            Kind::Ldap => self.entry.is_true("pwdReset"),
        }
    }

    pub(super) fn password_expired(&self, max_age: Option<std::time::Duration>) -> bool {
        match self.kind {
            // A password that must be changed counts as expired there, too.
            Kind::ActiveDirectory => {
                self.flag("msDS-User-Account-Control-Computed", EXPIRED) && !self.must_change()
            }
            Kind::Ldap => {
                let end = self
                    .time("passwordExpirationTime")
                    .or_else(|| Some(self.time("pwdChangedTime")?.plus(max_age?)));
                end.is_some_and(|end| end <= self.now)
            }
        }
    }

    pub(super) fn password_set_at(&self) -> Option<Timestamp> {
        match self.kind {
            Kind::ActiveDirectory => self.entry.number("pwdLastSet").and_then(filetime),
            Kind::Ldap => self.time("pwdChangedTime"),
        }
    }

    pub(super) fn password_never_expires(&self) -> bool {
        self.kind == Kind::ActiveDirectory && self.flag("userAccountControl", NEVER_EXPIRES)
    }

    /// Refuses what no new password helps.
    pub(super) fn usable(&self) -> Result<(), Failure> {
        if self.disabled() {
            return Err(Failure::Disabled);
        }
        if self.expired() {
            return Err(Failure::AccountExpired);
        }
        Ok(())
    }

    /// Refuses a protected account.
    pub(super) const fn unprotected(&self) -> Result<(), Failure> {
        if self.protected {
            Err(Failure::Protected)
        } else {
            Ok(())
        }
    }

    fn flag(&self, name: &str, bit: i64) -> bool {
        self.entry
            .number(name)
            .is_some_and(|flags| flags & bit != 0)
    }

    fn time(&self, name: &str) -> Option<Timestamp> {
        self.entry.text(name).and_then(certificate::generalized)
    }
}

/// A moment in hundreds of nanoseconds since 1601; none for "never" ([MS-DTYP] 2.3.3).
pub(super) fn filetime(value: i64) -> Option<Timestamp> {
    const UNTIL_1970: i64 = 11_644_473_600_000_000;
    (value != 0 && value != i64::MAX).then(|| Timestamp(value / 10 - UNTIL_1970))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account(kind: Kind, attributes: &[(&str, &[&[u8]])]) -> Account {
        Account {
            kind,
            dn: String::new(),
            address: String::new(),
            entry: Entry::made(attributes),
            protected: false,
            now: Timestamp::parse("2026-11-28T09:00:00Z").unwrap(),
        }
    }

    #[test]
    fn times_of_windows_begin_in_1601() {
        assert_eq!(
            filetime(131_000_000_000_000_000).unwrap().rfc3339(),
            "2016-02-15T08:53:20.000Z"
        );
        assert_eq!(filetime(0), None);
        assert_eq!(filetime(i64::MAX), None);
    }

    #[test]
    fn the_computed_bits_decide_about_lock_and_expiry() {
        let made = |control: &[u8], computed: &[u8], set: &[u8]| {
            account(
                Kind::ActiveDirectory,
                &[
                    ("userAccountControl", &[control]),
                    ("msDS-User-Account-Control-Computed", &[computed]),
                    ("pwdLastSet", &[set]),
                    ("lockoutTime", &[b"131000000000000000"]),
                ],
            )
        };
        assert!(!made(b"512", b"0", b"1").locked(None));
        assert!(made(b"512", b"16", b"1").locked(None));
        assert!(made(b"514", b"0", b"1").disabled());
        assert!(made(b"512", b"8388608", b"1").password_expired(None));
        let must = made(b"512", b"8388608", b"0");
        assert!(must.must_change() && !must.password_expired(None));
        assert!(!made(b"66048", b"0", b"0").must_change());
    }

    #[test]
    fn the_attributes_of_ppolicy_decide_in_ldap() {
        let one_hour = Some(std::time::Duration::from_secs(3600));
        let locked = account(
            Kind::Ldap,
            &[("pwdAccountLockedTime", &[b"20261128085000Z"])],
        );
        assert!(locked.locked(None) && locked.locked(one_hour) && !locked.disabled());
        let over = account(
            Kind::Ldap,
            &[("pwdAccountLockedTime", &[b"20261128075000Z"])],
        );
        assert!(over.locked(None) && !over.locked(one_hour));
        let for_ever = account(Kind::Ldap, &[("pwdAccountLockedTime", &[b"000001010000Z"])]);
        assert!(for_ever.disabled() && !for_ever.locked(None));
        let old = account(Kind::Ldap, &[("pwdChangedTime", &[b"20261128075000Z"])]);
        assert!(old.password_expired(one_hour) && !old.password_expired(None));
        let ended = account(Kind::Ldap, &[("pwdEndTime", &[b"20261128075000Z"])]);
        assert_eq!(ended.usable(), Err(Failure::AccountExpired));
    }
}
