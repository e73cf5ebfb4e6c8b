//! Whether a user can sign in now, what they are led to after that, and what would mend each.

use latchkey_core::model::{Managed, User, UserType};
use latchkey_core::password::PasswordPolicy;
use latchkey_core::reset::Writeback;
use latchkey_core::sign_in::{
    Duty, Factor, MustChange, password_expires_at, second_factor_duty, second_factors,
    why_must_change,
};
use latchkey_store::lockout::{self, Counter};
use latchkey_store::{Tx, federation};
use latchkey_types::Timestamp;
use serde::Serialize;

use super::registration::StateView;
use crate::AppError;
use crate::reset::Case;
use crate::sign_in::is_kept_here;

/// Signing in, as it is for one user now.
#[derive(Debug, Clone, Serialize)]
pub struct SignInView {
    /// Whether one way in is open, if only from some networks.
    pub can_sign_in: bool,
    /// The first factors that would let the user in now.
    pub ways_in: Vec<&'static str>,
    /// What closes a way in.
    pub in_the_way: Vec<Finding>,
    /// What the user is led to before anything else, once signed in.
    pub led_to: Vec<Finding>,
    /// When the password expires; none, if never.
    pub password_expires_at: Option<String>,
    /// Why then, or why never.
    pub password_expiry: String,
    /// Whether a second factor is asked, and which there are.
    pub second_factor: String,
}

/// Something that is as it should not be, or that a person has to do; and its cure.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// Its name.
    pub code: &'static str,
    /// What is the case.
    pub what: String,
    /// What would mend it.
    pub cure: String,
}

impl Finding {
    fn new(code: &'static str, what: impl Into<String>, cure: impl Into<String>) -> Self {
        Self {
            code,
            what: what.into(),
            cure: cure.into(),
        }
    }
}

/// What only the database knows.
#[derive(Debug, Clone, Copy)]
pub(super) struct Kept {
    /// The ends of the locks in force: of networks that the owner uses, and of all others.
    locks: [Option<Timestamp>; 2],
    /// The tenant has an identity provider.
    has_provider: bool,
}

impl Kept {
    pub(super) async fn read(tx: &mut Tx, user: &User, now: Timestamp) -> Result<Self, AppError> {
        let mut locks = [None; 2];
        for (lock, familiar) in locks.iter_mut().zip([true, false]) {
            let of = Counter {
                tenant: user.tenant,
                subject: user.id,
                familiar,
            };
            *lock = lockout::locked(tx, of, now).await?;
        }
        let has_provider = federation::get(tx, user.tenant).await?.is_some();
        Ok(Self {
            locks,
            has_provider,
        })
    }
}

/// Signing in, with the rules that decide there.
pub(super) fn view(
    case: &Case,
    user: &User,
    kept: Kept,
    registration: Option<&StateView>,
    now: Timestamp,
) -> SignInView {
    let ways_in = ways_in(case, user, kept);
    let policy = &case.tenant.settings.password;
    SignInView {
        can_sign_in: !ways_in.is_empty(),
        in_the_way: in_the_way(case, user, kept),
        led_to: led_to(case, user, &ways_in, registration, now),
        ways_in: ways_in.into_iter().map(Factor::as_str).collect(),
        password_expires_at: password_expires_at(user, policy).map(Timestamp::rfc3339),
        password_expiry: expiry(user, policy, now),
        second_factor: second_factor(case, user),
    }
}

fn ways_in(case: &Case, user: &User, kept: Kept) -> Vec<Factor> {
    if !user.enabled || user.frozen_at.is_some() {
        return Vec::new();
    }
    let has_password = if is_kept_here(user) {
        user.password_set_at.is_some()
    } else {
        case.writeback == Writeback::Ready && user.is_checked_in_directory()
    };
    let is_locked = kept.locks.iter().all(Option::is_some);
    [
        (has_password && !is_locked, Factor::Password),
        (
            user.managed == Managed::Federated && kept.has_provider,
            Factor::Federated,
        ),
        (case.methods.passkeys > 0, Factor::Passkey),
    ]
    .into_iter()
    .filter_map(|(is_open, factor)| is_open.then_some(factor))
    .collect()
}

fn in_the_way(case: &Case, user: &User, kept: Kept) -> Vec<Finding> {
    let mut found = Vec::new();
    if !user.enabled {
        let cure = "enable the account: user set enabled=yes";
        found.push(Finding::new("disabled", "the account is disabled", cure));
    }
    if let Some(at) = user.frozen_at {
        let what = format!(
            "frozen since {}: a reset was reported as not theirs",
            at.rfc3339()
        );
        let cure = "look into the report, then `latchkey user unfreeze`";
        found.push(Finding::new("frozen", what, cure));
    }
    let counters = ["that the owner uses", "that the owner does not use"];
    for (until, networks) in kept.locks.into_iter().zip(counters) {
        let Some(until) = until else { continue };
        let what = format!(
            "wrong passwords from networks {networks} locked the password there until {}",
            until.rfc3339()
        );
        let cure = "wait, reset the password, or `latchkey user unlock`";
        found.push(Finding::new("locked", what, cure));
    }
    found.extend(no_password_here(case, user, kept));
    found
}

/// Why there is no password that could be compared.
fn no_password_here(case: &Case, user: &User, kept: Kept) -> Option<Finding> {
    if user.user_type == UserType::ExternalGuest {
        let what = "this guest's identity is kept elsewhere";
        let cure = "they sign in there, or with a passkey here";
        return Some(Finding::new("kept_elsewhere", what, cure));
    }
    match user.managed {
        Managed::Federated if kept.has_provider => None,
        Managed::Federated => Some(Finding::new(
            "no_provider",
            "the password is at an identity provider, and the tenant has none",
            "`latchkey federation set`, or user set password_managed=cloud",
        )),
        Managed::PassThrough | Managed::PasswordHashSync if case.writeback == Writeback::Ready => {
            None
        }
        Managed::PassThrough | Managed::PasswordHashSync => Some(Finding::new(
            "directory_unavailable",
            "the password is in a directory, and no agent that is well compares it",
            "`latchkey agent status` says why; a passkey works",
        )),
        Managed::Cloud if user.password_set_at.is_none() => Some(Finding::new(
            "no_password",
            "the account has no password",
            "the user resets it, or `latchkey user set-password`",
        )),
        Managed::Cloud => None,
    }
}

fn led_to(
    case: &Case,
    user: &User,
    ways_in: &[Factor],
    registration: Option<&StateView>,
    now: Timestamp,
) -> Vec<Finding> {
    let mut found = Vec::new();
    match why_must_change(user, &case.tenant.settings.password, now) {
        Some(MustChange::ByAdministrator) => found.push(Finding::new(
            "must_change_password",
            "an administrator asked for another password, or gave a temporary one",
            "the user changes it after signing in, or resets it",
        )),
        Some(MustChange::Expired) => found.push(Finding::new(
            "password_expired",
            "the password has expired",
            "the user changes it after signing in, or resets it",
        )),
        None => {}
    }
    // With the weakest way in; whoever came with a passkey has proven two factors.
    let proven = ways_in.first().copied().unwrap_or(Factor::Password);
    let methods = &case.methods;
    let (authenticator, passkey) = (methods.authenticators > 0, methods.passkeys > 0);
    let administrator = user.is_administrator();
    if second_factor_duty(administrator, &[proven], authenticator, passkey) == Some(Duty::Register)
    {
        found.push(Finding::new(
            "register_second_factor",
            "administrators sign in with two factors, and this one has no second",
            "the user registers an authenticator app or a passkey after signing in",
        ));
    }
    let Some(state) = registration else {
        return found;
    };
    let short = !state.is_registered;
    if state.must_register {
        let what = if short {
            format!("{} of {} methods are registered", state.done, state.needed)
        } else {
            "an administrator asked for registering once more".into()
        };
        let cure = if short {
            "the user registers after signing in, or `latchkey user set-methods`"
        } else {
            "the user goes through it after signing in"
        };
        found.push(Finding::new("must_register", what, cure));
    } else if state.must_reconfirm {
        let since = state.confirmed_at.as_deref().unwrap_or("never");
        let what = format!("last confirmed: {since}");
        let cure = "the user confirms after signing in; policy set registration.reconfirm_days";
        found.push(Finding::new("must_reconfirm", what, cure));
    }
    found
}

fn expiry(user: &User, policy: &PasswordPolicy, now: Timestamp) -> String {
    if let Some(at) = password_expires_at(user, policy) {
        let days = policy.expires_after_days.unwrap_or_default();
        let verb = if now >= at { "expired" } else { "expires" };
        return format!(
            "{verb} {days} days after it was set (password.expires_after_days); \
             user set password_never_expires=yes exempts the user"
        );
    }
    if user.managed != Managed::Cloud {
        return "never here: the password is kept elsewhere, and so is its expiry".into();
    }
    if user.password_set_at.is_none() {
        return "never: there is no password".into();
    }
    if policy.expires_after_days.is_none() {
        return "never: the tenant's policy (password.expires_after_days)".into();
    }
    "never: the user is exempt (password_never_expires)".into()
}

fn second_factor(case: &Case, user: &User) -> String {
    let methods = &case.methods;
    let there = second_factors(methods.authenticators > 0, methods.passkeys > 0);
    let there: Vec<&str> = there.into_iter().map(Factor::as_str).collect();
    let registered = if there.is_empty() {
        "none is registered".to_owned()
    } else {
        format!("registered: {}", there.join(", "))
    };
    if user.is_administrator() {
        format!("asked, as of every administrator; {registered}")
    } else {
        format!("not asked; {registered}")
    }
}

/// What keeps a registration from being complete, beside what the user is led to.
pub(super) fn incomplete(case: &Case, user: &User, state: &StateView) -> Vec<Finding> {
    let mut found = Vec::new();
    if !state.is_enabled {
        let (what, cure) = if !user.enabled || user.frozen_at.is_some() {
            (
                "the account is disabled or frozen",
                "user set enabled=yes; `latchkey user unfreeze`",
            )
        } else if case.tenant.settings.reset.scope == latchkey_core::settings::Scope::None {
            (
                "self-service is off for the tenant",
                "policy set reset.scope=all, or selected:GROUP",
            )
        } else {
            (
                "the user is in no group that the policy selects",
                "add the user to one: `latchkey group add`",
            )
        };
        found.push(Finding::new("not_enabled", what, cure));
    }
    if !state.is_registered {
        found.push(Finding::new(
            "not_registered",
            format!("{} of {} methods are registered", state.done, state.needed),
            "the user registers after signing in, or `latchkey user set-methods`",
        ));
    }
    found
}
