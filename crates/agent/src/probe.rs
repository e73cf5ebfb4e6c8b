use latchkey_directory::{Anchor, Failure, Verdict};
use latchkey_wire::operation::{Contents, Outcome, Refusal, Verb};

use crate::backend::Backend;

/// What testing says of an operation whose outcome nobody noted.
pub(crate) enum Found {
    /// The directory is as the operation would have it.
    Applied(Outcome),
    /// It is not, so that it was not done.
    NotApplied,
    /// The directory does not say.
    Unknown(String),
}

/// Finds out whether an operation that writes was done, and changes nothing.
///
/// A password is tested by signing in with it. Where that says neither right nor wrong (the account is
/// locked, say), nothing is guessed.
pub(crate) async fn probe(
    backend: &dyn Backend,
    verb: Verb,
    anchor: &Anchor,
    contents: &Contents,
) -> Found {
    let done = |unlocked, must_change| {
        Found::Applied(Outcome::Done {
            unlocked,
            must_change,
        })
    };
    let unknown = |what: &str| Found::Unknown(what.to_owned());
    if !verb.sets_password() {
        return match backend.state(anchor).await {
            Ok(state) if state.locked => Found::NotApplied,
            Ok(_) => done(true, false),
            Err(failure) => failed(&failure),
        };
    }
    let Some(password) = &contents.password else {
        return Found::NotApplied;
    };
    match backend.verify(anchor, password).await {
        Ok(Verdict::RightButMustChange) => done(false, contents.must_change),
        // Not at this hour or not from here: said only to the right password.
        Ok(Verdict::Right | Verdict::RightButExpired | Verdict::NotNow) => done(false, false),
        Ok(Verdict::Wrong) => Found::NotApplied,
        Ok(Verdict::Locked) => unknown("the account is locked, so that no password can be tested"),
        Ok(Verdict::Disabled) => {
            unknown("the account is disabled, so that no password can be tested")
        }
        Ok(Verdict::AccountExpired) => {
            unknown("the account has expired, so that no password can be tested")
        }
        Err(failure) => failed(&failure),
    }
}

fn failed(failure: &Failure) -> Found {
    match failure {
        // Whoever is not there has no new password.
        Failure::NotFound => Found::NotApplied,
        other => Found::Unknown(other.to_string()),
    }
}

/// What a failure means to whoever asked; `None`: nobody knows whether it was done.
pub(crate) const fn refusal(failure: &Failure) -> Option<Refusal> {
    use latchkey_directory::Breach;
    Some(match failure {
        Failure::NotFound => Refusal::NotFound,
        Failure::SeveralMatch => Refusal::SeveralMatch,
        Failure::NoPermission(_) => Refusal::NoPermission,
        Failure::Protected => Refusal::Protected,
        Failure::Disabled => Refusal::Disabled,
        Failure::Locked => Refusal::Locked,
        Failure::AccountExpired => Refusal::AccountExpired,
        Failure::WrongPassword => Refusal::WrongPassword,
        Failure::Policy(breach, _) => match breach {
            Breach::TooShort { .. } => Refusal::TooShort,
            Breach::NotComplex => Refusal::NotComplex,
            Breach::UsedBefore => Refusal::UsedBefore,
            Breach::TooYoung => Refusal::TooYoung,
            Breach::Unspecified => Refusal::Policy,
        },
        Failure::NotConfigured(_) => Refusal::NotConfigured,
        Failure::Unreachable(_) | Failure::Untrusted(_) => Refusal::Unreachable,
        Failure::OutcomeUnknown(_) => return None,
        Failure::Unexpected { .. } => Refusal::Unexpected,
    })
}

/// The same of a verified password: whether it has to be changed, or why it does not count.
pub(crate) const fn verdict(verdict: Verdict) -> Result<bool, Refusal> {
    Err(match verdict {
        Verdict::Right => return Ok(false),
        Verdict::RightButMustChange => return Ok(true),
        Verdict::RightButExpired => Refusal::PasswordExpired,
        Verdict::Wrong => Refusal::WrongPassword,
        Verdict::Locked => Refusal::Locked,
        Verdict::Disabled | Verdict::NotNow => Refusal::Disabled,
        Verdict::AccountExpired => Refusal::AccountExpired,
    })
}
