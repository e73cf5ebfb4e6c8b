//! An agent in the test, beside a directory that is a map: it opens envelopes and signs answers as the
//! real one does, without a socket.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use latchkey_app::admin;
use latchkey_app::writeback::{self, Enrolment, Handed, Identity, Shown};
use latchkey_crypto::hpke::OpeningKey;
use latchkey_crypto::sign::{SigningKey, VerifyingKey};
use latchkey_types::{AgentId, OperationId, TenantId};
use latchkey_wire::envelope::{self, Recipient};
use latchkey_wire::operation::{
    AccountState, Answer, Contents, Context, DirectoryPolicy, Outcome, Refusal, Verb,
};
use latchkey_wire::v1::{DirectoryHealth, Enrol, Health};
use latchkey_wire::{encode, proof};
use tokio::task::JoinHandle;

use crate::{Seeded, TestApp};

/// How many operations it has in hand at once.
const IN_HAND: usize = 16;

/// An account in the directory.
#[derive(Debug, Clone, Default)]
pub struct Account {
    /// Its password.
    pub password: String,
    /// Locked by wrong ones.
    pub locked: bool,
    /// In a protected group.
    pub protected: bool,
    /// The password has to be changed.
    pub must_change: bool,
    /// It cannot be made to be: its password never expires.
    pub never_expires: bool,
    /// How often a password was set.
    pub sets: u32,
}

/// The directory: accounts by anchor, and what it refuses.
#[derive(Debug, Default)]
pub struct Directory {
    /// By anchor.
    pub accounts: BTreeMap<String, Account>,
    /// Whether it can be reached.
    pub is_away: bool,
    /// Passwords shorter than this are refused.
    pub min_length: usize,
    /// What is answered whatever is asked.
    pub always: Option<Outcome>,
}

/// An agent.
#[derive(Clone)]
pub struct Agent {
    /// Who it is on its connection.
    pub who: Identity,
    /// The key that signs.
    pub sign: SigningKey,
    /// The key that opens.
    pub seal: OpeningKey,
    /// The number of the keys.
    pub key_number: u32,
    /// Whose envelopes it opens.
    pub service: VerifyingKey,
    /// The directory beside it.
    pub directory: Arc<Mutex<Directory>>,
}

/// The host name that agents of tests connect to.
pub const HOST: &str = "reset.contoso.com";

/// How a directory is that has no trouble.
pub const WELL: Health = Health {
    directory: DirectoryHealth::Well,
    detail: None,
    history_on_reset: true,
    clock_ahead: 0,
};

impl Agent {
    /// Enrols and connects an agent, whose directory is well.
    ///
    /// # Panics
    /// If that is refused.
    pub async fn connect(test: &TestApp, tenant: TenantId, domain: &str, seed: u64) -> Self {
        let (tenant, operator) = (tenant.to_string(), admin::operator(&test.app));
        let made = admin::agent::enrol(&test.app, &operator, &tenant, domain)
            .await
            .expect("a token");
        let entropy = Seeded::new(seed);
        let sign = SigningKey::generate(&entropy).expect("a key");
        let seal = OpeningKey::generate(&entropy).expect("a key");
        let says = enrolment(made.token.expose(), &sign, &seal);
        let enrolled = match writeback::enrol(&test.app, &says)
            .await
            .expect("no failure")
        {
            Enrolment::Done(enrolled) => enrolled,
            Enrolment::Refused(why) => unreachable!("not enrolled: {why:?}"),
        };
        let (agent, key_number) = (enrolled.agent, 1);
        let who = connect(test, agent, key_number, &sign, seed).await;
        writeback::heard(&test.app, &who, &WELL)
            .await
            .expect("no failure")
            .expect("known");
        Self {
            who,
            sign,
            seal,
            key_number,
            service: VerifyingKey::from_bytes(&enrolled.service.0).expect("a key"),
            directory: Arc::default(),
        }
    }

    /// Says how the directory is.
    ///
    /// # Panics
    /// If the agent is not known any more.
    pub async fn says(&self, test: &TestApp, directory: DirectoryHealth) {
        let health = Health { directory, ..WELL };
        let heard = writeback::heard(&test.app, &self.who, &health).await;
        heard.expect("no failure").expect("known");
    }

    /// Puts an account into the directory.
    pub fn has(&self, anchor: &str, password: &str) {
        let account = Account {
            password: password.to_owned(),
            ..Account::default()
        };
        self.with(|directory| directory.accounts.insert(anchor.to_owned(), account));
    }

    /// Looks at the directory, or changes it.
    pub fn with<T>(&self, work: impl FnOnce(&mut Directory) -> T) -> T {
        work(
            &mut self
                .directory
                .lock()
                .unwrap_or_else(PoisonError::into_inner),
        )
    }

    /// The account of an anchor.
    ///
    /// # Panics
    /// If there is none.
    pub fn account(&self, anchor: &str) -> Account {
        self.with(|directory| directory.accounts.get(anchor).cloned())
            .expect("an account")
    }

    /// Opens what was handed out.
    ///
    /// # Errors
    /// If it is not for this agent in this context.
    pub fn open(&self, handed: &Handed) -> Result<Contents, envelope::EnvelopeError> {
        let to = Recipient {
            agent: self.who.agent,
            key_number: handed.key_number,
        };
        envelope::open(
            &self.service,
            to,
            &self.seal,
            &handed.context,
            &handed.envelope,
        )
    }

    /// Does what was asked, as a directory would.
    pub fn operate(&self, context: &Context, contents: &Contents) -> Outcome {
        let refused = |why| Outcome::Refused { why };
        self.with(|directory| {
            if let Some(always) = &directory.always {
                return always.clone();
            }
            if directory.is_away {
                return refused(Refusal::Unreachable);
            }
            let min_length = directory.min_length;
            let Some(account) = directory.accounts.get_mut(&contents.anchor) else {
                return refused(Refusal::NotFound);
            };
            let new = contents.password.as_ref().map(|p| p.expose().clone());
            let old = contents.old_password.as_ref().map(|p| p.expose().clone());
            let is_short = new
                .as_ref()
                .is_some_and(|new| new.chars().count() < min_length);
            match context.verb {
                Verb::State => Outcome::State(AccountState {
                    locked: account.locked,
                    protected: account.protected,
                    policy: DirectoryPolicy {
                        min_length: u32::try_from(min_length).ok(),
                        ..DirectoryPolicy::default()
                    },
                    ..AccountState::default()
                }),
                Verb::Verify if account.locked => refused(Refusal::Locked),
                Verb::Verify if new.as_ref() == Some(&account.password) => Outcome::Done {
                    unlocked: false,
                    must_change: account.must_change,
                },
                Verb::Verify => refused(Refusal::WrongPassword),
                Verb::Reset | Verb::ResetByAdministrator | Verb::Unlock if account.protected => {
                    refused(Refusal::Protected)
                }
                Verb::Change if old.as_ref() != Some(&account.password) => {
                    refused(Refusal::WrongPassword)
                }
                Verb::Change | Verb::Reset | Verb::ResetByAdministrator if is_short => {
                    refused(Refusal::TooShort)
                }
                Verb::Change | Verb::Reset | Verb::ResetByAdministrator => {
                    account.password = new.unwrap_or_default();
                    account.sets += 1;
                    account.must_change = contents.must_change && !account.never_expires;
                    let unlocked = std::mem::take(&mut account.locked);
                    Outcome::Done {
                        unlocked,
                        must_change: account.must_change,
                    }
                }
                Verb::Unlock => Outcome::Done {
                    unlocked: std::mem::take(&mut account.locked),
                    must_change: false,
                },
            }
        })
    }

    /// An answer, as it is signed: the text and the signature.
    ///
    /// # Panics
    /// If it cannot be signed.
    pub fn signed(&self, id: OperationId, outcome: Outcome) -> (String, Vec<u8>) {
        let text = encode(&Answer {
            id,
            outcome,
            detail: Some("what the directory said".into()),
            took: 1,
        });
        let statement = proof::answer(self.who.tenant, self.who.agent, self.key_number, &text);
        let signature = self.sign.sign(&statement).expect("a signature");
        (text, signature.to_vec())
    }

    /// Answers one operation.
    ///
    /// # Panics
    /// If the answer is not taken.
    pub async fn answer(&self, test: &TestApp, id: OperationId, outcome: Outcome) {
        let (text, signature) = self.signed(id, outcome);
        let kept =
            writeback::answer(&test.app, &self.who, &text, self.key_number, &signature).await;
        kept.expect("no failure").expect("signed");
    }

    /// What waits for it, taken.
    ///
    /// # Panics
    /// If the service fails.
    pub async fn take(&self, test: &TestApp) -> Vec<Handed> {
        writeback::take(&test.app, &self.who, IN_HAND)
            .await
            .expect("no failure")
    }

    /// Works in the background until the handle is aborted.
    ///
    /// # Panics
    /// In the background, if an envelope does not open.
    pub fn work(&self, test: &TestApp) -> Working {
        let (agent, app) = (self.clone(), test.app.clone());
        Working(tokio::spawn(async move {
            loop {
                let woken = app.db().asked().notified();
                let taken = writeback::take(&app, &agent.who, IN_HAND)
                    .await
                    .expect("no failure");
                for handed in &taken {
                    let contents = agent.open(handed).expect("an envelope");
                    let outcome = agent.operate(&handed.context, &contents);
                    let (text, signature) = agent.signed(handed.context.id, outcome);
                    let number = agent.key_number;
                    writeback::answer(&app, &agent.who, &text, number, &signature)
                        .await
                        .expect("no failure");
                }
                if taken.is_empty() {
                    let limit = std::time::Duration::from_millis(20);
                    let _ = tokio::time::timeout(limit, woken).await;
                }
            }
        }))
    }
}

/// An agent that works until this is dropped.
pub struct Working(JoinHandle<()>);

impl Drop for Working {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// A request to enrol.
///
/// # Panics
/// If it cannot be signed.
pub fn enrolment(token: &str, sign: &SigningKey, seal: &OpeningKey) -> Enrol {
    let (public, sealing) = (sign.public().expect("a key"), seal.public());
    let statement = proof::enrolment(token, public.as_bytes(), sealing.as_bytes());
    Enrol {
        token: token.to_owned(),
        name: "dc1.corp.example".into(),
        version: latchkey_wire::VERSION.into(),
        sign: (*public.as_bytes()).into(),
        seal: (*sealing.as_bytes()).into(),
        signature: sign.sign(&statement).expect("a signature").into(),
    }
}

/// Connects an agent.
///
/// # Panics
/// If it is not let in.
pub async fn connect(
    test: &TestApp,
    agent: AgentId,
    key_number: u32,
    sign: &SigningKey,
    number: u64,
) -> Identity {
    let nonce = [7; 32];
    let statement = proof::connection(&nonce, HOST, agent, key_number);
    let signature = sign.sign(&statement).expect("a signature");
    let shown = Shown {
        agent,
        key_number,
        version: latchkey_wire::VERSION,
        nonce: &nonce,
        host: HOST,
        signature: &signature,
    };
    let (who, _) = writeback::connected(&test.app, &format!("connection {number}"), shown)
        .await
        .expect("no failure")
        .expect("let in");
    who
}
