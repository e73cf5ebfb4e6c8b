//! One operation, from its envelope to its signed answer.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use latchkey_directory::{Anchor, Done, Failure, State};
use latchkey_types::{Entropy, OperationId, Password};
use latchkey_wire::envelope::{self, EnvelopeError, Recipient};
use latchkey_wire::journal::{Begin, Signed};
use latchkey_wire::operation::{
    AccountState, Answer, Contents, Context, DETAIL_MAX, DirectoryPolicy, Outcome, Refusal, Verb,
};
use latchkey_wire::proof;
use tokio::sync::{Notify, Semaphore};

use crate::agent::{Parts, Step, Timing, Watch};
use crate::backend::Backend;
use crate::clock::ServiceClock;
use crate::events::{About, Event, log};
use crate::journal_file::{JournalFault, JournalFile};
use crate::keys::Identity;
use crate::lock;
use crate::probe::{Found, probe, refusal, verdict};
use crate::sync::Desk;
use crate::system::Time;

/// An operation that would live longer is not believed: what the journal forgets leaves its expiry behind,
/// below which nothing is begun any more. Three minutes are the most that the service gives one; the rest
/// is for clocks that differ.
const LIFETIME_MAX: Duration = Duration::from_mins(10);
/// How many answers to requests that change nothing are remembered.
const REMEMBERED: usize = 1_024;

/// What the service sent.
pub(crate) struct Request {
    pub(crate) context: Context,
    pub(crate) key_number: u32,
    pub(crate) envelope: Vec<u8>,
    /// Do not do it; say what came of it.
    pub(crate) find_out: bool,
}

/// All that connections and operations of one agent share.
pub(crate) struct Shared {
    pub(crate) folder: PathBuf,
    pub(crate) backend: Arc<dyn Backend>,
    pub(crate) time: Arc<dyn Time>,
    pub(crate) entropy: Arc<dyn Entropy>,
    pub(crate) clock: ServiceClock,
    pub(crate) timing: Timing,
    pub(crate) watch: Arc<dyn Watch>,
    pub(crate) identity: Mutex<Identity>,
    pub(crate) journal: Mutex<JournalFile>,
    /// Whether a reset obeys the history, as the directory said last.
    pub(crate) history_on_reset: AtomicBool,
    /// There is something to send.
    pub(crate) news: Notify,
    /// Pages of the synchronisation on their way.
    pub(crate) desk: Desk,
    /// Whether this agent synchronises.
    pub(crate) synchronises: bool,
    /// Answers that the journal does not hold. Lost with the connection: the service asks again.
    passing: Mutex<VecDeque<Signed>>,
    running: Mutex<HashSet<OperationId>>,
    lanes: Mutex<HashMap<String, Arc<tokio::sync::Mutex<()>>>>,
    gate: Semaphore,
    /// Answers to what changes nothing, and to what could not be opened: the same id gets the same
    /// answer while this process lives.
    recent: Mutex<BTreeMap<OperationId, Signed>>,
}

/// An id that is being worked on.
struct Running<'a>(&'a Shared, OperationId);

impl Drop for Running<'_> {
    fn drop(&mut self) {
        lock(&self.0.running).remove(&self.1);
    }
}

/// What came of it, and what the directory said.
struct Came {
    outcome: Outcome,
    detail: Option<String>,
}

impl Came {
    fn of(outcome: Outcome) -> Self {
        Self {
            outcome,
            detail: None,
        }
    }

    fn refused(why: Refusal) -> Self {
        Self::of(Outcome::Refused { why })
    }

    fn failed(why: Refusal, failure: &Failure) -> Self {
        Self {
            outcome: Outcome::Refused { why },
            detail: Some(failure.detail().unwrap_or_default().to_owned()),
        }
    }
}

impl Shared {
    pub(crate) fn new(
        parts: Parts,
        identity: Identity,
        journal: JournalFile,
        synchronises: bool,
    ) -> Self {
        Self {
            clock: ServiceClock::new(Arc::clone(&parts.time)),
            folder: parts.folder,
            backend: parts.backend,
            time: parts.time,
            entropy: parts.entropy,
            gate: Semaphore::new(parts.timing.at_once),
            timing: parts.timing,
            watch: parts.watch,
            identity: Mutex::new(identity),
            journal: Mutex::new(journal),
            history_on_reset: AtomicBool::new(false),
            news: Notify::new(),
            desk: Desk::default(),
            synchronises,
            passing: Mutex::default(),
            running: Mutex::default(),
            lanes: Mutex::default(),
            recent: Mutex::default(),
        }
    }

    /// The next answer that the journal does not hold.
    pub(crate) fn next_passing(&self) -> Option<Signed> {
        lock(&self.passing).pop_front()
    }

    /// Does, or finds out, what was asked, and has the answer ready.
    pub(crate) async fn handle(&self, request: Request) -> Result<(), JournalFault> {
        let id = request.context.id;
        if !lock(&self.running).insert(id) {
            // Its answer is on its way.
            return Ok(());
        }
        let _running = Running(self, id);
        let contents = match self.open(&request) {
            Ok(contents) => contents,
            Err(error) => {
                self.cannot_open(&request, error);
                return Ok(());
            }
        };
        let about = About {
            operation: Some(id),
            user: Some(&contents.upn),
        };
        if let Some([arrived, ..]) = events_of(request.context.verb) {
            log(
                arrived,
                about,
                if request.find_out {
                    "to be found out"
                } else {
                    ""
                },
            );
        }
        self.watch.at(Step::Opened(id)).await;
        if request.context.verb.writes() {
            self.write(&request, &contents, about).await
        } else {
            self.read(&request, &contents, about).await;
            Ok(())
        }
    }

    fn open(&self, request: &Request) -> Result<Contents, EnvelopeError> {
        let (context, now) = (&request.context, self.clock.now());
        let identity = lock(&self.identity);
        if context.tenant != identity.tenant || context.expires_at > now.plus(LIFETIME_MAX) {
            return Err(EnvelopeError::Unsigned);
        }
        let keys = identity.keys(request.key_number, now);
        let keys = keys.unwrap_or(&identity.current);
        let recipient = Recipient {
            agent: identity.agent,
            key_number: request.key_number,
        };
        envelope::open(
            &identity.service_key,
            recipient,
            &keys.seal,
            context,
            &request.envelope,
        )
    }

    /// It changes nothing: neither the directory nor the journal. If the service did not sign it,
    /// something else with this id may be under way or done, which has its own answer. If it did, but
    /// the keys that it was sealed to are gone, the journal may still have the answer.
    fn cannot_open(&self, request: &Request, error: EnvelopeError) {
        let id = request.context.id;
        let is_signed = error == EnvelopeError::WrongKey;
        let event = if is_signed || matches!(error, EnvelopeError::Key(_)) {
            Event::DecryptionError
        } else {
            Event::InputValidationError
        };
        let about = About {
            operation: Some(id),
            user: None,
        };
        log(event, about, &error.to_string());
        let (is_known, noted) = {
            let journal = lock(&self.journal);
            let journal = journal.journal();
            (journal.knows(id), journal.answer(id).cloned())
        };
        if is_known {
            let unknown = || self.sign(id, Came::of(Outcome::Unknown), 0);
            if is_signed && let Some(signed) = noted.or_else(unknown) {
                self.pass(signed);
            }
            return;
        }
        let answered = lock(&self.recent).get(&id).cloned();
        match answered {
            Some(signed) => self.pass(signed),
            // It may have been done, and be forgotten: nothing is guessed.
            None if request.find_out => {
                if let Some(signed) = self.sign(id, Came::of(Outcome::Unknown), 0) {
                    self.pass(signed);
                }
            }
            None => self.remember(id, Came::refused(Refusal::Malformed), 0),
        }
    }

    /// Answers what the journal does not hold, and the same when it comes again.
    fn remember(&self, id: OperationId, came: Came, took: u64) {
        if let Some(signed) = self.sign(id, came, took) {
            let mut recent = lock(&self.recent);
            recent.insert(id, signed.clone());
            while recent.len() > REMEMBERED {
                // Ids are in the order of time.
                recent.pop_first();
            }
            drop(recent);
            self.pass(signed);
        }
    }

    fn pass(&self, signed: Signed) {
        lock(&self.passing).push_back(signed);
        self.news.notify_one();
    }

    async fn write(
        &self,
        request: &Request,
        contents: &Contents,
        about: About<'_>,
    ) -> Result<(), JournalFault> {
        let context = &request.context;
        let id = context.id;
        // What was called malformed once stays so.
        let answered = lock(&self.recent).get(&id).cloned();
        if let Some(signed) = answered {
            self.pass(signed);
            return Ok(());
        }
        let lane = self.lane(&contents.anchor);
        let _turn = lane.lock().await;
        let _place = self.gate.acquire().await;
        let begin = lock(&self.journal).begin(context)?;
        self.watch.at(Step::Begun(id)).await;
        let started = self.time.ticks();
        let too_old = begin == Begin::TooOld;
        let came = match begin {
            Begin::New(_) if request.find_out => self.find_out(context, contents, about, &[]).await,
            Begin::New(_) if self.clock.now() >= context.expires_at => {
                Came::refused(Refusal::Expired)
            }
            Begin::New(_) => self.execute(context, contents, about).await,
            Begin::UnderWay | Begin::TooOld => self.find_out(context, contents, about, &[]).await,
            Begin::Done(signed) => {
                self.pass(signed);
                return Ok(());
            }
            Begin::Conflict => {
                log(
                    Event::InputValidationError,
                    about,
                    "another operation has this id",
                );
                return Ok(());
            }
        };
        finished(context.verb, about, &came);
        let took = micros(self.time.ticks().saturating_sub(started));
        let settled = came.outcome != Outcome::Unknown;
        let Some(signed) = self.sign(id, came, took) else {
            return Ok(());
        };
        if settled && !too_old {
            lock(&self.journal).done(signed)?;
            self.watch.at(Step::Recorded(id)).await;
            self.news.notify_one();
        } else {
            self.pass(signed);
        }
        Ok(())
    }

    async fn execute(&self, context: &Context, contents: &Contents, about: About<'_>) -> Came {
        let Ok(anchor) = Anchor::parse(&contents.anchor) else {
            return Came::refused(Refusal::Malformed);
        };
        let new = contents
            .password
            .as_ref()
            .filter(|new| !new.expose().is_empty());
        let old = contents
            .old_password
            .as_ref()
            .filter(|old| !old.expose().is_empty());
        let result = match (context.verb, new, old) {
            (Verb::Reset | Verb::ResetByAdministrator, Some(new), _) => {
                self.backend.reset(&anchor, new, contents.must_change).await
            }
            (Verb::Change, Some(new), Some(old)) => self.backend.change(&anchor, old, new).await,
            (Verb::Unlock, ..) => self.backend.unlock(&anchor).await,
            _ => return Came::refused(Refusal::Malformed),
        };
        self.watch.at(Step::Applied(context.id)).await;
        match result {
            Ok(done) => done_came(&done, contents),
            Err(failure) => match refusal(&failure) {
                Some(why) => {
                    log_failure(&failure, about);
                    Came::failed(why, &failure)
                }
                None => {
                    log_failure(&failure, about);
                    let pauses = self.timing.probe_pauses.clone();
                    self.find_out(context, contents, about, &pauses).await
                }
            },
        }
    }

    /// Finds out what came of it: at once, or after each of the pauses until it is known.
    async fn find_out(
        &self,
        context: &Context,
        contents: &Contents,
        about: About<'_>,
        pauses: &[Duration],
    ) -> Came {
        let Ok(anchor) = Anchor::parse(&contents.anchor) else {
            return Came::refused(Refusal::Malformed);
        };
        let at_once = [Duration::ZERO];
        let (pauses, why) = if pauses.is_empty() {
            (&at_once[..], Refusal::Expired)
        } else {
            (pauses, Refusal::Unreachable)
        };
        let mut detail = None;
        for pause in pauses {
            // A server that did not answer may still be at it.
            tokio::time::sleep(*pause).await;
            match probe(&*self.backend, context.verb, &anchor, contents).await {
                Found::Applied(outcome) => return Came::of(outcome),
                Found::NotApplied => return Came::refused(why),
                Found::Unknown(what) => {
                    log(
                        Event::ADUnknownError,
                        about,
                        &format!("not found out yet: {what}"),
                    );
                    detail = Some(what);
                }
            }
        }
        Came {
            outcome: Outcome::Unknown,
            detail,
        }
    }

    async fn read(&self, request: &Request, contents: &Contents, about: About<'_>) {
        let context = &request.context;
        let answered = lock(&self.recent).get(&context.id).cloned();
        if let Some(signed) = answered {
            self.pass(signed);
            return;
        }
        let lane = self.lane(&contents.anchor);
        let _turn = lane.lock().await;
        let _place = self.gate.acquire().await;
        let started = self.time.ticks();
        let came = if self.clock.now() >= context.expires_at {
            Came::refused(Refusal::Expired)
        } else {
            self.look(context.verb, contents, about).await
        };
        let took = micros(self.time.ticks().saturating_sub(started));
        self.remember(context.id, came, took);
    }

    async fn look(&self, verb: Verb, contents: &Contents, about: About<'_>) -> Came {
        let Ok(anchor) = Anchor::parse(&contents.anchor) else {
            return Came::refused(Refusal::Malformed);
        };
        let password = contents.password.as_ref();
        let password: Option<&Password> = password.filter(|text| !text.expose().is_empty());
        let result = match (verb, password) {
            (Verb::Verify, Some(password)) => {
                let checked = self.backend.verify(&anchor, password).await;
                checked.map(|checked| match verdict(checked) {
                    Ok(must_change) => Came::of(Outcome::Done {
                        unlocked: false,
                        must_change,
                    }),
                    Err(why) => Came::refused(why),
                })
            }
            (Verb::State, _) => {
                let state = self.backend.state(&anchor).await;
                let history = self.history_on_reset.load(Ordering::Relaxed);
                state.map(|state| Came::of(Outcome::State(account(&state, history))))
            }
            _ => return Came::refused(Refusal::Malformed),
        };
        result.unwrap_or_else(|failure| {
            log_failure(&failure, about);
            let why = refusal(&failure).unwrap_or(Refusal::Unreachable);
            Came::failed(why, &failure)
        })
    }

    /// The lane of an account: what is asked of it is done one after the other.
    fn lane(&self, anchor: &str) -> Arc<tokio::sync::Mutex<()>> {
        let mut lanes = lock(&self.lanes);
        if lanes.len() >= REMEMBERED {
            lanes.retain(|_, lane| Arc::strong_count(lane) > 1);
        }
        Arc::clone(lanes.entry(anchor.to_lowercase()).or_default())
    }

    fn sign(&self, id: OperationId, came: Came, took: u64) -> Option<Signed> {
        let identity = lock(&self.identity);
        let detail = came.detail.filter(|detail| !detail.is_empty());
        let answer = latchkey_wire::encode(&Answer {
            id,
            outcome: came.outcome,
            detail: detail.map(|detail| cut(&detail, DETAIL_MAX).to_owned()),
            took,
        });
        let keys = &identity.current;
        let statement = proof::answer(identity.tenant, identity.agent, keys.number, &answer);
        match keys.sign.sign(&statement) {
            Ok(signature) => Some(Signed {
                id,
                answer,
                key_number: keys.number,
                signature: signature.to_vec(),
            }),
            Err(error) => {
                crate::events::say(Event::CryptoError, &error.to_string());
                None
            }
        }
    }
}

fn done_came(done: &Done, contents: &Contents) -> Came {
    let forgotten = contents.must_change && !done.must_change;
    let detail = if forgotten {
        format!(
            "{}; a change at the next sign-in could not be required",
            done.server
        )
    } else {
        done.server.clone()
    };
    Came {
        outcome: Outcome::Done {
            unlocked: done.was_locked,
            must_change: contents.must_change && done.must_change,
        },
        detail: Some(detail),
    }
}

fn account(state: &State, history_on_reset: bool) -> AccountState {
    AccountState {
        locked: state.locked,
        disabled: state.disabled,
        account_expired: state.account_expired,
        password_expired: state.password_expired,
        must_change: state.must_change,
        protected: state.protected,
        policy: DirectoryPolicy {
            min_length: state.policy.min_length,
            complexity: state.policy.complexity,
            history: state.policy.history,
            history_on_reset,
            may_change_from: state.policy.may_change_from,
        },
    }
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

/// The beginning of a text, in whole characters.
pub(crate) fn cut(text: &str, most: usize) -> &str {
    text.get(..text.floor_char_boundary(most)).unwrap_or(text)
}

/// The events of a verb: it arrived, it was done, it was refused. What changes nothing has none.
const fn events_of(verb: Verb) -> Option<[Event; 3]> {
    Some(match verb {
        Verb::Reset => [
            Event::PasswordResetStart,
            Event::PasswordResetSuccess,
            Event::PasswordResetFail,
        ],
        Verb::ResetByAdministrator => [
            Event::ResetUserPasswordByAdminStart,
            Event::ResetUserPasswordByAdminSuccess,
            Event::ResetUserPasswordByAdminFail,
        ],
        Verb::Change => [
            Event::ChangePasswordStart,
            Event::ChangePasswordSuccess,
            Event::ChangePasswordFail,
        ],
        Verb::Unlock => [Event::UnlockStart, Event::UnlockSuccess, Event::UnlockFail],
        Verb::Verify | Verb::State => return None,
    })
}

fn finished(verb: Verb, about: About<'_>, came: &Came) {
    let Some([_, well, badly]) = events_of(verb) else {
        return;
    };
    match &came.outcome {
        Outcome::Done { .. } | Outcome::State(_) => {
            log(well, about, came.detail.as_deref().unwrap_or_default());
        }
        Outcome::Refused { why } => log(badly, about, why.code()),
        Outcome::Unknown => log(badly, about, "nobody can say yet whether it was done"),
    }
}

fn log_failure(failure: &Failure, about: About<'_>) {
    let event = match failure {
        Failure::NotFound => Event::ADUserNotFoundError,
        Failure::SeveralMatch => Event::ADMultiMatchError,
        Failure::NoPermission(_) | Failure::Protected => Event::ADPermissionsError,
        Failure::Disabled | Failure::AccountExpired => Event::ADUserAccountDisabled,
        Failure::Locked => Event::ADUserAccountLockedOut,
        Failure::WrongPassword => Event::ADUserIncorrectPassword,
        Failure::Policy(..) => Event::ADPasswordPolicyError,
        Failure::NotConfigured(_) | Failure::Untrusted(_) => Event::ADConfigurationError,
        Failure::Unreachable(_) | Failure::OutcomeUnknown(_) | Failure::Unexpected { .. } => {
            Event::ADUnknownError
        }
    };
    let mut text = failure.to_string();
    if let Some(detail) = failure.detail().filter(|detail| !text.contains(*detail)) {
        text.push_str(": ");
        text.push_str(detail);
    }
    log(event, about, &text);
}
