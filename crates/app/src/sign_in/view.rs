//! What a page on the way in has to show: everything it needs and nothing else.

use latchkey_core::sign_in::Factor;
use latchkey_types::{Secret, SignInFlowId, Timestamp};

use super::Place;
use crate::reset::Brand;

/// A way in, as its page shows it.
#[derive(Debug, Clone)]
pub struct View {
    /// The tenant's face.
    pub brand: Brand,
    /// The flow; forms carry a token that is bound to it. Not secret, not shown.
    pub flow: SignInFlowId,
    /// The version of the flow; a form of another version is out of date.
    pub version: i64,
    /// The end of its time.
    pub expires_at: Timestamp,
    /// The user ID as it was typed; empty where a passkey tells who it is.
    pub user_id: String,
    /// The page.
    pub page: Page,
}

/// One page on the way in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Page {
    /// Type the password.
    Password,
    /// Choose the second factor.
    Choose {
        /// What there is to choose from, the best first.
        options: Vec<Factor>,
    },
    /// Type the code that the authenticator app shows.
    Code {
        /// Whether there is another second factor to choose.
        others: bool,
    },
    /// Use a passkey.
    Passkey {
        /// What the browser needs, as JSON.
        options: String,
        /// Whether it is the second factor, after the password.
        is_second: bool,
        /// Whether there is another second factor to choose.
        others: bool,
    },
    /// Go to the organisation's own sign-in page.
    Federated,
}

/// What came of a post.
#[derive(Debug)]
pub enum Outcome {
    /// The page to show now.
    Page(Shown),
    /// To the organisation's identity provider, at this address.
    Away(Secret<String>),
    /// Signed in.
    In(SignedInNow),
    /// The way in is over without being in: begin again.
    Over(Over),
}

/// A page after a post. Without a notice: redirect to it.
#[derive(Debug)]
pub struct Shown {
    /// The page.
    pub view: View,
    /// A new cookie for the browser, if it must change.
    pub cookie: Option<Secret<String>>,
    /// What to say on the page: show the page again, with this.
    pub notice: Option<Notice>,
}

/// Somebody came in.
#[derive(Debug)]
pub struct SignedInNow {
    /// The cookie of the new session.
    pub cookie: Secret<String>,
    /// Where to go.
    pub place: Place,
    /// Where they wanted to go.
    pub wanted: Place,
}

/// Why a way in is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Over {
    /// Its time was over, or the account changed in the meantime.
    Gone,
    /// Too many wrong codes.
    TooManyCodes,
}

/// What is said on a page after a post.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Notice {
    /// The form belonged to another step: here is where you are.
    OutOfDate,
    /// A field was left empty or cannot be what is asked for. It did not count as a try.
    Unreadable,
    /// Nothing was chosen, or nothing that is offered.
    ChooseOne,
    /// The user ID or the password is not right: all the same to a stranger.
    Wrong,
    /// Too many wrong passwords, of an account or of a name that nobody has.
    Locked {
        /// The end of the lock.
        until: Timestamp,
    },
    /// The password is kept in the organisation's directory, which does not answer (disclosure
    /// *standard* only).
    Directory,
    /// It is locked there (disclosure *standard* only).
    LockedThere,
    /// Too many from this network: try again later.
    Busy {
        /// Seconds to wait.
        seconds: u64,
    },
    /// The code is wrong or was used.
    WrongCode {
        /// Tries left.
        left: usize,
    },
    /// The passkey was not accepted, whatever the reason.
    PasskeyRefused,
    /// Nobody came in from the organisation's identity provider.
    Elsewhere(Elsewhere),
}

/// Why nobody came in from the organisation's identity provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Elsewhere {
    /// It does not answer.
    Down,
    /// It and this service do not understand one another, until somebody mends that.
    Faulty,
    /// It says that the person did not sign in, or did not want to.
    NotSignedIn,
    /// What the browser brought back is not of this way in, too old, or was used.
    Again,
    /// Somebody else signed in than the name that was typed, or somebody who may not be here.
    Refused,
}

/// What came of the first page.
#[derive(Debug)]
pub enum Started {
    /// A way in began.
    Begun {
        /// Its page.
        view: View,
        /// Its cookie.
        cookie: Secret<String>,
    },
    /// Show the first page again.
    Again(StartNotice),
}

/// Why the first page is shown again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StartNotice {
    /// Nothing was typed, or nothing that could be a user ID.
    Unreadable,
    /// Too many from this network: try again later.
    Busy {
        /// Seconds to wait.
        seconds: u64,
    },
    /// Passkeys cannot be used under the address of this service.
    NoPasskeys,
}
