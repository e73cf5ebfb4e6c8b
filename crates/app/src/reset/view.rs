//! What a page of the reset portal has to show: everything it needs and nothing else.

use latchkey_core::password::{Rule, Violation};
use latchkey_core::reset::{Deed, Gate, Reason};
use latchkey_core::settings::Contact;
use latchkey_types::{Locale, Masked, RequestId, Secret, SessionId, Timestamp};
use latchkey_wire::operation::Refusal;

/// A reset as its page shows it.
#[derive(Debug, Clone)]
pub struct View {
    /// The tenant's face.
    pub brand: Brand,
    /// The session. Not secret, not shown.
    pub session: SessionId,
    /// The version of the session; a form of another version is out of date.
    pub version: i64,
    /// The end of the session.
    pub expires_at: Timestamp,
    /// *Step 2 of 3*: the step that this page is, from 1 (who are you).
    pub step: u8,
    /// How many steps there are: who, one for each gate, the new password.
    pub steps: u8,
    /// The page.
    pub page: Page,
}

/// A tenant's face. The service's own when no tenant is known.
#[derive(Debug, Clone)]
pub struct Brand {
    /// The name that pages and messages begin with.
    pub name: String,
    /// The language of last resort before English.
    pub locale: Locale,
    /// Where *contact your administrator* leads.
    pub contact: Contact,
}

/// One page of the reset portal.
#[derive(Debug, Clone)]
pub enum Page {
    /// Choose how to prove who you are.
    Choose {
        /// What there is to choose from; never empty.
        options: Vec<Choice>,
        /// The gates passed so far.
        passed: Vec<Gate>,
    },
    /// Type the whole number.
    Number {
        /// The gate: a text or a call.
        gate: Gate,
        /// The number on file, masked, where it may be shown.
        destination: Option<Masked>,
    },
    /// Type the code that was sent.
    Code {
        /// The gate.
        gate: Gate,
        /// Where it went, masked, where it may be shown.
        destination: Option<Masked>,
        /// How many digits it has.
        digits: u8,
        /// From when another code may be asked for: ten seconds after this one.
        again_from: Timestamp,
    },
    /// Type the code that the authenticator app shows.
    Authenticator,
    /// Use a passkey, any of this site: whose it is shows in the answer.
    Passkey {
        /// What the browser needs to ask for it: JSON, no secret.
        options: String,
    },
    /// Type one of the recovery codes.
    RecoveryCode,
    /// Answer the questions.
    Questions {
        /// In the order in which the answers are expected.
        questions: Vec<Question>,
    },
    /// Choose a new password.
    NewPassword {
        /// The user ID as it was typed, for password managers.
        user_id: String,
        /// What the password must meet.
        rules: Vec<Rule>,
        /// Whether it is in a directory of the organisation, whose answer counts.
        in_directory: bool,
        /// Whether unlocking is possible instead.
        may_unlock: bool,
        /// Why the directory did not take the last one.
        said: Option<Refusal>,
    },
    /// Choose between unlocking the account and a new password.
    Deed {
        /// Whether the directory says that it is locked; `None`: it was not asked.
        locked: Option<bool>,
        /// Why the last try did not work.
        said: Option<Refusal>,
    },
    /// An agent is at it.
    Working {
        /// What it does.
        deed: Deed,
        /// Whether it takes longer than it should.
        is_slow: bool,
    },
    /// Over.
    Ended(Ended),
}

/// One gate to choose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// The gate; its name is the opaque value that the form sends.
    pub gate: Gate,
    /// Where a code would go, masked, where it may be shown.
    pub destination: Option<Masked>,
}

/// A security question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Question {
    /// One of the predefined ones: the id of its text.
    Predefined(String),
    /// One of the tenant's own, in its own words.
    Own(String),
}

/// How it ended, as the person is told.
#[derive(Debug, Clone)]
pub enum Ended {
    /// The password was reset, or the account unlocked.
    Succeeded {
        /// Which of them.
        deed: Deed,
        /// Whether it was done in a directory of the organisation.
        in_directory: bool,
        /// Who was told, masked; empty if nobody had to be.
        told: Vec<Masked>,
    },
    /// This account may not be reset.
    Failed {
        /// Why, with its code.
        reason: Reason,
        /// What the directory said.
        said: Option<Refusal>,
        /// The support reference.
        reference: RequestId,
    },
    /// No account has this user ID (disclosure *standard* only).
    UnknownUser {
        /// The support reference.
        reference: RequestId,
    },
    /// Too many tries.
    Blocked {
        /// The end of the block.
        until: Timestamp,
        /// The gate that is blocked; `None`: self-service as a whole.
        gate: Option<Gate>,
        /// The support reference.
        reference: RequestId,
    },
    /// The person canceled.
    Canceled,
    /// The administrators were asked for help.
    Contacted {
        /// The support reference, which the administrators have too.
        reference: RequestId,
    },
    /// Its time was over, or the account changed in the meantime.
    Expired,
}

/// What came of a post. Without a notice: redirect to the page that the view shows.
#[derive(Debug)]
pub struct Outcome {
    /// The page to show now.
    pub view: View,
    /// A new cookie for the browser, if it must change.
    pub cookie: Option<Secret<String>>,
    /// What to say on the page: show the page again, with this.
    pub notice: Option<Notice>,
}

/// What is said on a page after a post.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Notice {
    /// The form belonged to another step: here is where you are.
    OutOfDate,
    /// The form came when the reset was over: here is how it ended.
    TooLate,
    /// Nothing was chosen, or nothing that is offered.
    ChooseOne,
    /// A field was left empty or cannot be what is asked for (a number that is none, a code with
    /// letters). It did not count as a try.
    Unreadable,
    /// The number is not the one on file.
    WrongNumber {
        /// Tries left.
        left: usize,
    },
    /// The code or the passkey is wrong, was used, or its time is over: all the same to a stranger.
    WrongCode {
        /// Tries left.
        left: usize,
    },
    /// The answer of the passkey came after its challenge was over: here is another challenge.
    PasskeyTooLate,
    /// Not all answers are right; here are other questions.
    WrongAnswers {
        /// Tries left.
        left: usize,
    },
    /// A new code was sent.
    SentAgain,
    /// Asked for another code before ten seconds were over.
    TooSoon,
    /// The two passwords differ.
    PasswordsDiffer,
    /// The password breaks these rules.
    PasswordRefused(Vec<Violation>),
    /// The directory of the organisation cannot be reached now; nothing was changed.
    DirectoryAway,
    /// An agent is at it: it cannot be stopped any more.
    UnderWay,
    /// No more texts or calls to this number, country or for this tenant for now.
    NoMessages,
}

/// Why step 1 did not begin a reset. The page is shown again, what was typed is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StartNotice {
    /// Nothing was typed, or nothing that could be a user ID.
    Unreadable,
    /// The human check failed or is too old: a new one is on the page.
    CheckFailed,
    /// The form came back faster than a person types.
    TooFast,
    /// Too many from this network or for this tenant: try again later.
    Busy {
        /// Seconds to wait.
        seconds: u64,
    },
}

/// What came of step 1.
#[derive(Debug)]
pub enum Started {
    /// A reset began; or it ended at once, and the page says why.
    Begun(Outcome),
    /// Show step 1 again.
    Again(StartNotice),
}

/// The human check as the page for step 1 carries it.
#[derive(Debug, Clone)]
pub struct HumanCheck {
    /// A challenge for browsers with JavaScript: find `nonce` so that SHA-256 of
    /// `challenge:nonce` begins with `bits` zero bits.
    pub challenge: String,
    /// How many.
    pub bits: u8,
    /// A timed token for browsers without.
    pub timed: String,
}

/// How a browser passed the human check.
#[derive(Debug, Clone)]
pub enum HumanProof {
    /// By work.
    Work {
        /// The challenge.
        challenge: String,
        /// The solution.
        nonce: String,
    },
    /// By time, without JavaScript.
    Time {
        /// The timed token.
        token: String,
    },
}
