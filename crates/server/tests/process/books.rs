//! Keeps the books of a tenant from its audit log, and compares them with its accounts, with what
//! people were told, and with the mail that arrived.

use std::collections::{BTreeSet, HashMap};

use latchkey_core::audit::{Activity, Outcome};
use latchkey_crypto::argon::{Hasher, Params, Peppers, Verdict, Worker};
use latchkey_crypto::keys::MasterKey;
use latchkey_store::audit::StoredEvent;
use latchkey_store::{Db, StoreError, accounts, audit, names};
use latchkey_types::{Secret, SessionId, TenantId, UserId};

use crate::installation::Installation;
use crate::relay::Relay;
use crate::walker::Entry;

/// What the log says of a user.
#[derive(Default)]
struct Account {
    /// Resets that set a password.
    resets: i64,
    /// Codes that were sent.
    codes: usize,
    /// Notices of resets that were sent.
    notices: usize,
}

/// The books.
pub(crate) struct Books {
    tenant: TenantId,
    seq: i64,
    users: HashMap<usize, (UserId, i64)>,
    accounts: HashMap<UserId, Account>,
    /// Sessions in which a code was accepted, and those that ended.
    passed: BTreeSet<SessionId>,
    ended: BTreeSet<SessionId>,
    hasher: Worker,
    /// Hashes that were found to be of a password that was sent.
    known: HashMap<String, String>,
}

impl Books {
    /// Opens the books before anything has happened.
    pub(crate) async fn open(installation: &Installation, users: usize) -> Self {
        let key = std::fs::read_to_string(installation.path("data/master.key")).unwrap();
        let pepper = MasterKey::from_text(&key).unwrap().pepper(1).unwrap();
        let hasher = Hasher::new(Params::default(), Peppers::new(pepper, Vec::new())).worker();
        let db = installation.open().await;
        let (tenant, users) = db
            .read(async |mut tx| {
                let mut tenant = None;
                let mut all = HashMap::new();
                for number in 0..users {
                    let found = names::resolve(&mut tx, &format!("u{number}@contoso.com")).await?;
                    let found = found.first().expect("an imported user");
                    let user = accounts::get(&mut tx, found.tenant, found.user).await?;
                    let version = user.expect("an imported user").version;
                    all.insert(number, (found.user, version));
                    tenant = Some(found.tenant);
                }
                Ok::<_, StoreError>((tenant.expect("users"), all))
            })
            .await
            .unwrap();
        db.close().await;
        let mut books = Self {
            tenant,
            seq: 0,
            users,
            accounts: HashMap::new(),
            passed: BTreeSet::new(),
            ended: BTreeSet::new(),
            hasher,
            known: HashMap::new(),
        };
        let db = installation.open().await;
        books.read(&db, &[]).await;
        db.close().await;
        books
    }

    /// Reads what is new, and the accounts of these people, from one state of the database.
    async fn read(&mut self, db: &Db, numbers: &[usize]) -> HashMap<usize, (i64, Option<String>)> {
        let (tenant, seq, users) = (self.tenant, self.seq, &self.users);
        let (events, found) = db
            .read(async |mut tx| {
                let filter = audit::Filter::default();
                let mut after = seq;
                let mut events = Vec::new();
                loop {
                    let page = audit::list(&mut tx, tenant, &filter, after, 1_000).await?;
                    let Some(last) = page.last() else { break };
                    after = last.row.seq;
                    events.extend(page);
                }
                let mut found = HashMap::new();
                for number in numbers {
                    let id = users[number].0;
                    let user = accounts::get(&mut tx, tenant, id).await?;
                    let version = user.expect("nobody is deleted").version;
                    let hash = accounts::password(&mut tx, tenant, id).await?;
                    found.insert(*number, (version, hash));
                }
                Ok::<_, StoreError>((events, found))
            })
            .await
            .unwrap();
        for event in events {
            self.enter(&event);
        }
        found
    }

    fn enter(&mut self, stored: &StoredEvent) {
        assert_eq!(stored.row.seq, self.seq + 1, "no event is missing");
        self.seq += 1;
        let event = &stored.row.event;
        let Some(session) = event.session else { return };
        let user = UserId(event.target_id.expect("a session is somebody's"));
        let account = self.accounts.entry(user).or_default();
        let details: serde_json::Value = serde_json::from_str(&event.details).unwrap();
        match (event.activity, event.outcome) {
            (Activity::ResetSelfService, outcome) => {
                assert!(self.ended.insert(session), "{session} ended twice");
                if outcome == Outcome::Success {
                    assert!(self.passed.contains(&session), "{session} proved nothing");
                    account.resets += 1;
                    let told = details["told"].as_u64().expect("how many were told");
                    account.notices += usize::try_from(told).unwrap();
                }
            }
            (Activity::Progress, Outcome::Success) => match details["step"].as_str() {
                Some("code sent") => account.codes += 1,
                Some("gate passed") => {
                    assert!(
                        self.passed.insert(session),
                        "{session}: a code counted twice"
                    );
                }
                _ => {}
            },
            _ => {}
        }
    }

    /// Compares accounts with events and with what people were told. `before` and `after`: what
    /// people knew before and after the database was read.
    pub(crate) async fn check(
        &mut self,
        db: &Db,
        before: &HashMap<usize, Entry>,
        after: impl FnOnce() -> HashMap<usize, Entry>,
    ) {
        // An account that was found to be right once, and nobody uses, is looked at again at the end.
        let numbers: Vec<usize> = before.keys().copied().collect();
        let found = self.read(db, &numbers).await;
        let after = after();
        for (number, (version, hash)) in found {
            let (id, first) = self.users[&number];
            let resets = self.accounts.get(&id).map_or(0, |account| account.resets);
            assert_eq!(version - first, resets, "u{number}: acts and events differ");
            assert_eq!(
                hash.is_some(),
                resets > 0,
                "u{number}: a password is half set"
            );
            let told = before[&number].told;
            assert!(
                !told || hash.is_some(),
                "u{number} was told of a password that is not set"
            );
            let Some(hash) = hash else { continue };
            let sent = &after[&number].sent;
            let password = self.password(&hash, sent);
            let password =
                password.unwrap_or_else(|| panic!("u{number}: nobody sent that password"));
            if told {
                assert_eq!(
                    Some(&password),
                    sent.last(),
                    "u{number} was told of another password"
                );
            }
        }
    }

    /// Which of these passwords a hash is of.
    fn password(&mut self, hash: &str, sent: &[String]) -> Option<String> {
        if let Some(known) = self.known.get(hash) {
            return Some(known.clone());
        }
        let worker = &mut self.hasher;
        let password = sent.iter().rev().find(|password| {
            let typed = Secret::new((*password).clone());
            matches!(worker.verify(&typed, hash), Ok(Verdict::Right { .. }))
        })?;
        self.known.insert(hash.to_owned(), password.clone());
        Some(password.clone())
    }

    /// Compares the log with the mail: every message of a committed act arrived, no other did, and
    /// one that came twice came with the same Message-ID. How many arrived, and how many again.
    pub(crate) fn check_mail(&self, relay: &Relay) -> (usize, usize) {
        let (mut arrived, mut again) = (0, 0);
        for (number, (id, _)) in &self.users {
            let mails = relay.to(&format!("u{number}@home.example"));
            let mut codes: HashMap<&str, &str> = HashMap::new();
            let mut notices: BTreeSet<&str> = BTreeSet::new();
            for mail in &mails {
                let is_new = match &mail.code {
                    None => notices.insert(&mail.id),
                    Some(code) => match codes.insert(&mail.id, code) {
                        None => true,
                        Some(before) => {
                            assert_eq!(before, code, "{} came with two texts", mail.id);
                            false
                        }
                    },
                };
                arrived += usize::from(is_new);
                again += usize::from(!is_new);
            }
            let distinct: BTreeSet<&&str> = codes.values().collect();
            assert_eq!(
                distinct.len(),
                codes.len(),
                "u{number}: a code with two Message-IDs"
            );
            let empty = Account::default();
            let account = self.accounts.get(id).unwrap_or(&empty);
            assert_eq!(
                codes.len(),
                account.codes,
                "u{number}: codes sent and arrived"
            );
            assert_eq!(
                notices.len(),
                account.notices,
                "u{number}: notices sent and arrived"
            );
        }
        assert!(
            relay
                .everyone()
                .iter()
                .all(|to| to.ends_with("@home.example")),
            "somebody else got mail"
        );
        (arrived, again)
    }

    /// Events, resets and codes that were accepted.
    pub(crate) fn totals(&self) -> (i64, i64, usize) {
        let resets = self.accounts.values().map(|account| account.resets).sum();
        (self.seq, resets, self.passed.len())
    }
}
