//! One pass through the reset portal, as a value.
//!
//! [`Session::apply`] takes what happened and says what is next; the caller stores the new value by
//! compare-and-swap on a version, so that two tabs, the back button and a replay are rows of one
//! table of (stage, event). Invariants, held by a property test:
//!
//! - no stage without the one before it;
//! - *new password* only with proofs of as many different factors as the policy of **now** asks;
//! - at most one completion, which consumes the proofs;
//! - a decoy never holds a proof;
//! - while an agent writes to a directory, nothing but what came of it moves the session.

use std::collections::BTreeSet;
use std::time::Duration;

use latchkey_types::{OperationId, SessionId, Timestamp, UserId};
use serde::{Deserialize, Serialize};

use super::{Detail, Eligible, Factor, Failure, Gate, GateProof, Ineligible};
use crate::password::DirectoryPolicy;

/// How long after a code was asked for another may be asked for.
pub const AGAIN_AFTER: Duration = Duration::from_secs(10);

/// Whether there is an account behind a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Subject {
    /// There is.
    Known,
    /// There is not, or it may not know that there is.
    Decoy,
}

/// The versions under which something was decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stamp {
    /// The version of the tenant's settings.
    pub settings: i64,
    /// The version of the user.
    pub user: i64,
}

/// Where a session stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Stage {
    /// Choosing a gate.
    Choosing,
    /// Typing the whole number to which the code is to go.
    Number {
        /// The gate.
        gate: Gate,
    },
    /// Typing a code that was sent.
    Code {
        /// The gate.
        gate: Gate,
        /// When it was asked for.
        asked_at: Timestamp,
    },
    /// Typing a code from an authenticator app.
    Authenticator,
    /// Using a passkey.
    Passkey,
    /// Typing a recovery code.
    RecoveryCode,
    /// Answering security questions.
    Questions {
        /// The draw, by the names of the questions.
        draw: Vec<String>,
    },
    /// Choosing between unlocking the account and a new password.
    Deed,
    /// Choosing a new password.
    NewPassword {
        /// Whether the page was shown.
        shown: bool,
    },
    /// An agent does it in a directory: nothing else happens until it is known what came of it.
    Writing {
        /// What the agent was asked.
        operation: OperationId,
        /// What it does.
        deed: Deed,
        /// Since when.
        since: Timestamp,
    },
    /// Over.
    Ended {
        /// How, as a code of the table.
        detail: String,
    },
}

/// What is done to the account of somebody who proved who they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Deed {
    /// A new password, which lifts a lock too.
    Reset,
    /// The lock is lifted, the password is kept.
    Unlock,
}

/// What came of writing to a directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Written {
    /// It was done.
    Done,
    /// The directory refused the password: another one may do.
    PasswordRefused,
    /// No agent took it, or the directory could not be reached: nothing was done, and it can be tried
    /// again.
    NotReached,
    /// The directory cannot do it for this account: nothing was done.
    Failed,
}

/// A proof in store. It is made from a [`GateProof`] only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Proof {
    gate: Gate,
    at: Timestamp,
}

/// One pass through the reset portal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Session {
    subject: Subject,
    stage: Stage,
    stamp: Stamp,
    proofs: Vec<Proof>,
    /// The gate that was last started.
    started: Option<Gate>,
    /// How it ends if the person leaves after the directory did not do it: a code of the table.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    setback: Option<String>,
    /// Why the directory did not do it the last time: a code of the agent's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    said: Option<String>,
    /// What the directory says of the account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    directory: Option<DirectoryState>,
}

/// What a directory says of an account whose owner proved who they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DirectoryState {
    /// Whether wrong passwords have locked it.
    pub locked: bool,
    /// The policy that applies to it.
    pub policy: DirectoryPolicy,
}

/// What is known when an event happens.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    /// Now.
    pub now: Timestamp,
    /// This session.
    pub session: SessionId,
    /// The user, or the decoy's id.
    pub user: UserId,
    /// The versions of now.
    pub stamp: Stamp,
    /// Whether the user may reset now.
    pub eligibility: &'a Result<Eligible, Ineligible>,
    /// Gates that are blocked for this user now.
    pub blocked: &'a BTreeSet<Gate>,
    /// Where the password is, and so who sets it.
    pub home: Home,
}

/// Where a password is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Home {
    /// Here.
    Here,
    /// In a directory, to which an agent writes.
    Directory {
        /// Whether the account may be unlocked and the password kept.
        may_unlock: bool,
    },
}

/// A limit that ends a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Block {
    /// Too many telephone numbers.
    PhoneNumber,
    /// Too many tries of a gate.
    Gate(Gate),
}

/// What happened.
#[derive(Debug)]
pub enum Event {
    /// A gate was chosen. For questions, with the draw.
    Choose(Gate, Vec<String>),
    /// The number that was typed is the one on file.
    NumberRight,
    /// Another code was asked for; for a passkey, another challenge.
    Again,
    /// The person wants another gate after all.
    Other,
    /// A gate was passed.
    Proved(GateProof),
    /// The answers were wrong: here is a new draw.
    Redraw(Vec<String>),
    /// A limit was reached.
    Blocked(Block),
    /// The page for the new password was shown.
    Shown,
    /// The new password was found good.
    PasswordAccepted,
    /// Unlock is not all that is wanted: on to a new password.
    ChooseReset,
    /// An agent is asked to do it.
    Write {
        /// The operation.
        operation: OperationId,
        /// What it does.
        deed: Deed,
    },
    /// It is known what came of that.
    Written {
        /// The operation.
        operation: OperationId,
        /// What came of it.
        written: Written,
        /// Why it was not done, as a code.
        why: Option<String>,
    },
    /// The directory said how the account is.
    DirectoryRead(DirectoryState),
    /// *Cancel*.
    Cancel,
    /// *Contact your administrator*.
    Contact,
    /// Its time is over.
    Expire,
    /// Nothing but time passed: see whether it may go on.
    Look,
}

/// What has to be done, in the same transaction.
#[derive(Debug, PartialEq, Eq)]
pub enum Effect {
    /// Make a code, void the one before, send it.
    SendCode(Gate),
    /// Make a challenge for a passkey, void the one before.
    Challenge,
    /// Give the browser a new cookie.
    RotateCookie,
    /// Set the password.
    SetPassword(Authorisation),
    /// Ask an agent to do it.
    Ask(Authorisation),
    /// Record the result.
    End(Detail),
}

/// The right to set one password once. It comes from [`Session::apply`] alone.
#[derive(Debug, PartialEq, Eq)]
pub struct Authorisation {
    user: UserId,
    session: SessionId,
    gates: Vec<Gate>,
}

impl Authorisation {
    /// Whose password.
    pub const fn user(&self) -> UserId {
        self.user
    }

    /// The session that earned it.
    pub const fn session(&self) -> SessionId {
        self.session
    }

    /// The gates that were passed for it.
    pub fn gates(&self) -> &[Gate] {
        &self.gates
    }
}

/// What is next.
#[derive(Debug, PartialEq, Eq)]
pub struct Step {
    /// The session from now on.
    pub next: Session,
    /// What has to be done.
    pub effects: Vec<Effect>,
}

/// Why an event changes nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// The session is over.
    Ended,
    /// It is not the time for this: the page is out of date.
    OutOfOrder,
    /// The gate is not one of those offered.
    NotOffered,
    /// Asked for another code too early.
    TooSoon,
    /// A proof of another session, user or version.
    ForeignProof,
    /// An agent is at it, and nobody knows yet what came of it.
    UnderWay,
}

impl Session {
    /// A new session, past step 1.
    pub const fn begin(subject: Subject, stamp: Stamp) -> Self {
        Self {
            subject,
            stage: Stage::Choosing,
            stamp,
            proofs: Vec::new(),
            started: None,
            setback: None,
            said: None,
            directory: None,
        }
    }

    /// Ends a session that is not let in at all: blocked, not eligible, unknown.
    pub fn end_at_once(&self, detail: Detail) -> Step {
        self.ended(detail)
    }

    /// Whether there is an account behind it.
    pub const fn subject(&self) -> Subject {
        self.subject
    }

    /// Where it stands.
    pub const fn stage(&self) -> &Stage {
        &self.stage
    }

    /// The gates passed so far, in order.
    pub fn passed(&self) -> Vec<Gate> {
        self.proofs.iter().map(|proof| proof.gate).collect()
    }

    /// Why the directory did not do it the last time: a code of the agent's.
    pub fn said(&self) -> Option<&str> {
        self.said.as_deref()
    }

    /// What the directory says of the account, if it was asked.
    pub const fn directory(&self) -> Option<&DirectoryState> {
        self.directory.as_ref()
    }

    /// What an agent is asked now.
    pub const fn writing(&self) -> Option<(OperationId, Deed)> {
        match self.stage {
            Stage::Writing {
                operation, deed, ..
            } => Some((operation, deed)),
            _ => None,
        }
    }

    /// Whether it is over.
    pub const fn is_over(&self) -> bool {
        matches!(self.stage, Stage::Ended { .. })
    }

    /// The gates that may be chosen now.
    pub fn offered(&self, eligible: &Eligible, blocked: &BTreeSet<Gate>) -> Vec<Gate> {
        let had: BTreeSet<Factor> = self
            .proofs
            .iter()
            .map(|proof| proof.gate.factor())
            .collect();
        eligible
            .gates
            .iter()
            .copied()
            .filter(|gate| {
                !had.contains(&gate.factor())
                    && !blocked.contains(gate)
                    && (*gate != Gate::Questions || eligible.questions_first || !had.is_empty())
            })
            .collect()
    }

    /// Whether masked destinations may be shown: after one gate was passed, or where there is no
    /// second gate to keep them for.
    pub fn may_show_destinations(&self, eligible: &Eligible) -> bool {
        eligible.required == 1 || !self.proofs.is_empty()
    }

    /// How many proofs of different factors count now.
    fn counted(&self, eligible: &Eligible) -> usize {
        let factors: BTreeSet<Factor> = self
            .proofs
            .iter()
            .filter(|proof| eligible.gates.contains(&proof.gate))
            .map(|proof| proof.gate.factor())
            .collect();
        factors.len()
    }

    /// Moves the session on. `Err`: nothing changes.
    pub fn apply(&self, event: Event, context: &Context<'_>) -> Result<Step, Refusal> {
        if self.is_over() {
            return Err(Refusal::Ended);
        }
        if let Stage::Writing {
            operation, deed, ..
        } = self.stage
        {
            return self.written(&event, operation, deed);
        }
        match event {
            // Whoever leaves needs no permission.
            Event::Cancel => return Ok(self.ended(self.canceled())),
            Event::Expire => return Ok(self.ended(self.abandoned())),
            Event::Contact => return Ok(self.ended(self.contacted())),
            Event::Blocked(Block::PhoneNumber) => {
                return Ok(self.ended(Detail::BlockedPhoneNumber));
            }
            Event::Blocked(Block::Gate(gate)) => return Ok(self.ended(Detail::BlockedGate(gate))),
            _ => {}
        }
        // The account changed: codes, proofs and the right to go on went with it.
        if self.stamp.user != context.stamp.user {
            return Ok(self.ended(self.abandoned()));
        }
        let eligible = match context.eligibility {
            Ok(eligible) => eligible,
            Err(ineligible) => return Ok(self.ended(Detail::Failed(ineligible.deciding.into()))),
        };
        let session = self.under(eligible, context);
        session.go(event, eligible, context)
    }

    /// This session under the policy of now: proofs of gates that are no longer enabled do not
    /// count, and a stage that needs more proofs than there are falls back to choosing.
    fn under(&self, eligible: &Eligible, context: &Context<'_>) -> Self {
        let mut session = self.clone();
        if session.stamp == context.stamp {
            return session;
        }
        session.stamp = context.stamp;
        session
            .proofs
            .retain(|proof| eligible.gates.contains(&proof.gate));
        let enough = session.counted(eligible) >= usize::from(eligible.required);
        let gate_gone = session
            .active_gate()
            .is_some_and(|gate| !eligible.gates.contains(&gate));
        match session.stage {
            Stage::NewPassword { .. } | Stage::Deed if !enough => session.stage = Stage::Choosing,
            Stage::Deed => session.stage = after_gates(context.home),
            Stage::NewPassword { .. } | Stage::Writing { .. } | Stage::Ended { .. } => {}
            _ if enough => session.stage = after_gates(context.home),
            _ if gate_gone => session.stage = Stage::Choosing,
            _ => {}
        }
        session
    }

    fn go(self, event: Event, eligible: &Eligible, context: &Context<'_>) -> Result<Step, Refusal> {
        let offered = self.offered(eligible, context.blocked);
        match (event, self.stage.clone()) {
            (Event::Look, _) => Ok(self.step(Vec::new())),
            (
                Event::Choose(gate, draw),
                Stage::Choosing
                | Stage::Number { .. }
                | Stage::Code { .. }
                | Stage::Authenticator
                | Stage::Passkey
                | Stage::RecoveryCode
                | Stage::Questions { .. },
            ) => {
                if !offered.contains(&gate) {
                    return Err(Refusal::NotOffered);
                }
                self.start(gate, draw, context.now)
            }
            (
                Event::Other,
                Stage::Choosing
                | Stage::Number { .. }
                | Stage::Code { .. }
                | Stage::Authenticator
                | Stage::Passkey
                | Stage::RecoveryCode
                | Stage::Questions { .. },
            ) => Ok(self.at(Stage::Choosing).step(Vec::new())),
            (Event::NumberRight, Stage::Number { gate }) => Ok(self
                .at(Stage::Code {
                    gate,
                    asked_at: context.now,
                })
                .step(vec![Effect::SendCode(gate)])),
            (Event::Again, Stage::Code { gate, asked_at }) => {
                if context.now < asked_at.plus(AGAIN_AFTER) {
                    return Err(Refusal::TooSoon);
                }
                Ok(self
                    .at(Stage::Code {
                        gate,
                        asked_at: context.now,
                    })
                    .step(vec![Effect::SendCode(gate)]))
            }
            // It costs nobody anything: no time to wait.
            (Event::Again, Stage::Passkey) => Ok(self.step(vec![Effect::Challenge])),
            (Event::Redraw(draw), Stage::Questions { .. }) => {
                Ok(self.at(Stage::Questions { draw }).step(Vec::new()))
            }
            (Event::Proved(proof), _) => self.proved(&proof, eligible, context),
            (Event::Shown, Stage::NewPassword { .. }) => {
                Ok(self.at(Stage::NewPassword { shown: true }).step(Vec::new()))
            }
            (Event::DirectoryRead(state), Stage::Deed | Stage::NewPassword { .. })
                if context.home != Home::Here =>
            {
                let mut next = self;
                next.directory = Some(state);
                Ok(next.step(Vec::new()))
            }
            (Event::ChooseReset, Stage::Deed) => Ok(self
                .at(Stage::NewPassword { shown: false })
                .step(Vec::new())),
            (Event::Other, Stage::NewPassword { .. })
                if context.home == (Home::Directory { may_unlock: true }) =>
            {
                Ok(self.at(Stage::Deed).step(Vec::new()))
            }
            (Event::Write { operation, deed }, stage) => {
                let may = match (deed, stage, context.home) {
                    (Deed::Reset, Stage::NewPassword { .. }, Home::Directory { .. }) => true,
                    (Deed::Unlock, Stage::Deed, Home::Directory { may_unlock }) => may_unlock,
                    _ => false,
                };
                if !may {
                    return Err(Refusal::OutOfOrder);
                }
                let right = self.authorise(eligible, context)?;
                let mut next = self.at(Stage::Writing {
                    operation,
                    deed,
                    since: context.now,
                });
                next.said = None;
                Ok(next.step(vec![Effect::Ask(right)]))
            }
            (Event::PasswordAccepted, Stage::NewPassword { .. }) => {
                if context.home != Home::Here {
                    return Err(Refusal::OutOfOrder);
                }
                let authorisation = self.authorise(eligible, context)?;
                let mut step = self.ended(Detail::SucceededReset);
                // Consumed: what is stored holds no proof any more.
                step.next.proofs.clear();
                step.effects.insert(0, Effect::SetPassword(authorisation));
                Ok(step)
            }
            _ => Err(Refusal::OutOfOrder),
        }
    }

    /// The right to do it, if enough was proven.
    fn authorise(
        &self,
        eligible: &Eligible,
        context: &Context<'_>,
    ) -> Result<Authorisation, Refusal> {
        if self.counted(eligible) < usize::from(eligible.required) || self.subject != Subject::Known
        {
            return Err(Refusal::OutOfOrder);
        }
        Ok(Authorisation {
            user: context.user,
            session: context.session,
            gates: self.passed(),
        })
    }

    /// While an agent is at it, nothing but what came of it moves the session: neither the person nor
    /// its time, since a session that had ended could not tell any more what was done.
    fn written(&self, event: &Event, operation: OperationId, deed: Deed) -> Result<Step, Refusal> {
        let written = match event {
            Event::Look => return Ok(self.clone().step(Vec::new())),
            Event::Written {
                operation: of,
                written,
                why,
            } if *of == operation => (*written, why.clone()),
            _ => return Err(Refusal::UnderWay),
        };
        let (written, why) = written;
        let again = |setback: Failure| {
            let mut next = self.clone().at(match deed {
                Deed::Reset => Stage::NewPassword { shown: true },
                Deed::Unlock => Stage::Deed,
            });
            next.setback = Some(Detail::Failed(setback).code());
            next.said.clone_from(&why);
            Ok(next.step(Vec::new()))
        };
        match written {
            Written::PasswordRefused => again(Failure::OnPremisesPolicy),
            Written::NotReached => again(Failure::OnPremisesUnreachable),
            Written::Failed => {
                let mut step = self.ended(Detail::Failed(Failure::OnPremisesError));
                step.next.said = why;
                Ok(step)
            }
            Written::Done => {
                let mut step = self.ended(match deed {
                    Deed::Reset => Detail::SucceededReset,
                    Deed::Unlock => Detail::SucceededUnlock,
                });
                // Consumed: what is stored holds no proof any more.
                step.next.proofs.clear();
                Ok(step)
            }
        }
    }

    fn start(mut self, gate: Gate, draw: Vec<String>, now: Timestamp) -> Result<Step, Refusal> {
        self.started = Some(gate);
        match gate {
            Gate::Email => Ok(self
                .at(Stage::Code {
                    gate,
                    asked_at: now,
                })
                .step(vec![Effect::SendCode(gate)])),
            Gate::Sms | Gate::MobileCall | Gate::OfficeCall => {
                Ok(self.at(Stage::Number { gate }).step(Vec::new()))
            }
            Gate::AuthenticatorCode => Ok(self.at(Stage::Authenticator).step(Vec::new())),
            Gate::Questions => Ok(self.at(Stage::Questions { draw }).step(Vec::new())),
            Gate::Passkey => Ok(self.at(Stage::Passkey).step(vec![Effect::Challenge])),
            Gate::RecoveryCode => Ok(self.at(Stage::RecoveryCode).step(Vec::new())),
            // Nobody has data for these yet, so that they are never offered.
            Gate::AuthenticatorPush | Gate::HelpdeskCode => Err(Refusal::NotOffered),
        }
    }

    fn proved(
        mut self,
        proof: &GateProof,
        eligible: &Eligible,
        context: &Context<'_>,
    ) -> Result<Step, Refusal> {
        if proof.session() != context.session
            || proof.user() != context.user
            || proof.stamp() != context.stamp
            || self.subject != Subject::Known
        {
            return Err(Refusal::ForeignProof);
        }
        let gate = proof.gate();
        let had = self
            .proofs
            .iter()
            .any(|had| had.gate.factor() == gate.factor());
        if self.active_gate() != Some(gate) || had || !eligible.gates.contains(&gate) {
            return Err(Refusal::OutOfOrder);
        }
        self.proofs.push(Proof {
            gate,
            at: context.now,
        });
        let enough = self.counted(eligible) >= usize::from(eligible.required);
        let stage = if enough {
            after_gates(context.home)
        } else {
            Stage::Choosing
        };
        Ok(self.at(stage).step(vec![Effect::RotateCookie]))
    }

    /// The gate whose page is open.
    pub const fn active_gate(&self) -> Option<Gate> {
        match self.stage {
            Stage::Number { gate } | Stage::Code { gate, .. } => Some(gate),
            Stage::Authenticator => Some(Gate::AuthenticatorCode),
            Stage::Passkey => Some(Gate::Passkey),
            Stage::RecoveryCode => Some(Gate::RecoveryCode),
            Stage::Questions { .. } => Some(Gate::Questions),
            Stage::Choosing
            | Stage::Deed
            | Stage::NewPassword { .. }
            | Stage::Writing { .. }
            | Stage::Ended { .. } => None,
        }
    }

    fn at(mut self, stage: Stage) -> Self {
        self.stage = stage;
        self
    }

    const fn step(self, effects: Vec<Effect>) -> Step {
        Step {
            next: self,
            effects,
        }
    }

    fn ended(&self, detail: Detail) -> Step {
        let next = self.clone().at(Stage::Ended {
            detail: detail.code(),
        });
        Step {
            next,
            effects: vec![Effect::End(detail)],
        }
    }

    /// The detail of a session that stops without a word.
    fn abandoned(&self) -> Detail {
        if let Some(setback) = self.setback.as_deref().and_then(Detail::parse) {
            return setback;
        }
        match (&self.stage, self.active_gate(), self.proofs.last()) {
            (Stage::NewPassword { shown: true }, _, _) => Detail::AbandonedChoosingPassword,
            (Stage::NewPassword { shown: false } | Stage::Deed, _, _) => {
                Detail::AbandonedBeforePassword
            }
            (_, Some(gate), _) => Detail::AbandonedStarted(gate),
            (_, None, Some(proof)) => Detail::AbandonedCompleted(proof.gate),
            (_, None, None) => self
                .started
                .map_or(Detail::AbandonedUserId, Detail::AbandonedStarted),
        }
    }

    const fn canceled(&self) -> Detail {
        match self.stage {
            Stage::NewPassword { .. } | Stage::Deed => Detail::CanceledBeforePassword,
            _ => Detail::CanceledBeforeGates,
        }
    }

    fn contacted(&self) -> Detail {
        self.started
            .map_or(Detail::ContactedUserId, Detail::ContactedGate)
    }
}

/// Where somebody stands who has proven enough.
const fn after_gates(home: Home) -> Stage {
    match home {
        Home::Directory { may_unlock: true } => Stage::Deed,
        Home::Here | Home::Directory { may_unlock: false } => Stage::NewPassword { shown: false },
    }
}

#[cfg(test)]
#[path = "writing_tests.rs"]
mod writing_tests;

#[cfg(test)]
#[path = "session_tests.rs"]
mod tests;
