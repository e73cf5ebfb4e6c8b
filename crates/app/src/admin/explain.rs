//! Whether a user can reset and sign in now, which rule decides, and what would mend it.

use std::collections::BTreeSet;

use latchkey_core::audit::Activity;
use latchkey_core::model::{Tenant, User, UserType};
use latchkey_core::reset::throttle::Bucket;
use latchkey_core::reset::{Gate, Reason, Subject, usable_gates};
use latchkey_core::settings::Scope;
use latchkey_store::{audit as log, tenants};
use latchkey_types::{EmailAddress, PhoneNumber, Timestamp};
use serde::Serialize;

use super::explain_sign_in::{self as signing_in, Finding, Kept, SignInView};
use super::registration::{StateView, state_of};
use super::{PAGE, find};
use crate::reset::Case;
use crate::{App, AppError};

/// How far back results are looked for.
const RECENT: std::time::Duration = std::time::Duration::from_secs(90 * 24 * 60 * 60);

/// How many results are shown.
const RESULTS: usize = 5;

/// Everything that decides about one user.
#[derive(Debug, Clone, Serialize)]
pub struct Explanation {
    /// The user.
    pub user: String,
    /// Its tenant.
    pub tenant: String,
    /// Whether the user can reset now.
    pub can_reset: bool,
    /// The reason that decides, with its code; none for a user who can.
    pub decided_by: Option<String>,
    /// Every reason, the deciding one first, each with what would mend it.
    pub reasons: Vec<Because>,
    /// How many gates the user has to pass.
    pub gates_required: u32,
    /// Why so many.
    pub because: String,
    /// The gates that can be used under the policy of now.
    pub usable_gates: Vec<&'static str>,
    /// What stands in the way of a gate that the policy has.
    pub unusable_gates: Vec<String>,
    /// What is blocked now, and until when.
    pub blocked: Vec<String>,
    /// How far the registration of methods is; none while the tenant is off.
    pub registration: Option<StateView>,
    /// What it lacks.
    pub registration_lacks: Vec<Finding>,
    /// Signing in; none while the tenant is off.
    pub sign_in: Option<SignInView>,
    /// How the last resets ended, the newest first.
    pub last_results: Vec<String>,
}

/// A reason and its cure.
#[derive(Debug, Clone, Serialize)]
pub struct Because {
    /// Its code.
    pub code: &'static str,
    /// The name of the code.
    pub name: &'static str,
    /// What would mend it.
    pub cure: String,
}

/// Explains, with the same function that decides in the portal.
pub async fn explain(app: &App, typed: &str) -> Result<Explanation, AppError> {
    let now = app.clock().now();
    let found = app
        .db()
        .read(async |mut tx| {
            let tx = &mut tx;
            let user = find::user_in(tx, typed).await?;
            let tenant = tenants::get(tx, user.tenant)
                .await?
                .ok_or(AppError::NotFound)?;
            if !tenant.enabled {
                return Ok(Found::Off(Box::new((user, tenant))));
            }
            let case = Case::gather(tx, app, user.tenant, Subject::Known, user.id, now).await?;
            let case = case.ok_or(AppError::NotFound)?;
            let filter = log::Filter {
                activity: Some(Activity::ResetSelfService),
                user: Some(user.id),
                from: Some(now.minus(RECENT)),
                ..log::Filter::default()
            };
            let mut results = Vec::new();
            let mut after = 0;
            loop {
                let page = log::list(tx, user.tenant, &filter, after, PAGE).await?;
                let Some(last) = page.last() else { break };
                after = last.row.seq;
                results.extend(page.into_iter().map(|stored| {
                    let event = stored.row.event;
                    format!(
                        "{} {}",
                        event.at.rfc3339(),
                        event.reason.unwrap_or_default()
                    )
                }));
                // Only the end is shown.
                let surplus = results.len().saturating_sub(RESULTS);
                results.drain(..surplus);
            }
            results.reverse();
            let kept = Kept::read(tx, &user, now).await?;
            Ok::<_, AppError>(Found::Case(Box::new((case, user, kept)), results))
        })
        .await?;
    let ((case, user, kept), results) = match found {
        Found::Case(of, results) => (*of, results),
        Found::Off(of) => return Ok(switched_off(&of.0, &of.1)),
    };
    let (reasons, usable) = match &case.eligibility {
        Ok(eligible) => (Vec::new(), eligible.gates.clone()),
        Err(ineligible) => {
            let settings = &case.tenant.settings.reset;
            let required = u8::try_from(case.gates_required(now)).unwrap_or(2);
            let administrator = user.is_administrator();
            let usable = usable_gates(&case.methods, settings, administrator, required, now);
            (ineligible.reasons.clone(), usable)
        }
    };
    let required = case.gates_required(now);
    let reasons: Vec<Because> = reasons
        .into_iter()
        .map(|reason| Because {
            code: reason.code(),
            name: reason.name(),
            cure: cure(reason, &case.tenant, &user, required),
        })
        .collect();
    let hindrance = hindrance(&case, &usable, required);
    let registration = state_of(&case, now);
    let sign_in = signing_in::view(&case, &user, kept, registration.as_ref(), now);
    Ok(Explanation {
        user: user.upn.to_string(),
        tenant: case.tenant.name.clone(),
        can_reset: case.eligibility.is_ok() && hindrance.is_none(),
        decided_by: reasons
            .first()
            .map(|first| format!("{} {}", first.code, first.name))
            .or(hindrance),
        reasons,
        gates_required: required,
        because: why_required(&case.tenant, &user, required, now),
        unusable_gates: unusable(&case, &user, &usable, now),
        usable_gates: usable.into_iter().map(Gate::as_str).collect(),
        blocked: case
            .blocked_until
            .iter()
            .map(|(bucket, until)| format!("{} until {}", bucket.key(), until.rfc3339()))
            .collect(),
        registration_lacks: registration
            .as_ref()
            .map(|state| signing_in::incomplete(&case, &user, state))
            .unwrap_or_default(),
        registration,
        sign_in: Some(sign_in),
        last_results: results,
    })
}

/// What there is to explain.
enum Found {
    Case(Box<(Case, User, Kept)>, Vec<String>),
    /// The portal does not know the tenant, so that there is no case.
    Off(Box<(User, Tenant)>),
}

fn switched_off(user: &User, tenant: &Tenant) -> Explanation {
    Explanation {
        user: user.upn.to_string(),
        tenant: tenant.name.clone(),
        can_reset: false,
        decided_by: Some(format!(
            "the operator switched {} off: `latchkey tenant set` enabled=yes switches it on",
            tenant.name
        )),
        reasons: Vec::new(),
        gates_required: 0,
        because: "nobody can reset while the tenant is off".into(),
        usable_gates: Vec::new(),
        unusable_gates: Vec::new(),
        blocked: Vec::new(),
        registration: None,
        registration_lacks: Vec::new(),
        sign_in: None,
        last_results: Vec::new(),
    }
}

/// What keeps somebody out who could reset otherwise: blocks leave too few gates.
fn hindrance(case: &Case, usable: &[Gate], required: u32) -> Option<String> {
    if let Some(until) = case.blocked_until.get(&Bucket::Attempts) {
        return Some(format!("blocked.attempts until {}", until.rfc3339()));
    }
    let is_open = |gate: &&Gate| !case.blocked.contains(gate);
    let left: BTreeSet<_> = usable
        .iter()
        .filter(is_open)
        .map(|gate| gate.factor())
        .collect();
    if u32::try_from(left.len()).unwrap_or(u32::MAX) >= required {
        return None;
    }
    let blamed = usable.iter().find(|gate| case.blocked.contains(gate))?;
    let until = case.blocked_until.get(&Bucket::Gate(*blamed))?;
    Some(format!(
        "blocked.{} until {}",
        blamed.as_str(),
        until.rfc3339()
    ))
}

fn cure(reason: Reason, tenant: &Tenant, user: &User, required: u32) -> String {
    match reason {
        Reason::TenantSsprDisabled => format!(
            "turn self-service password reset on for {}: policy set reset.scope=all, or \
             selected:GROUP",
            tenant.name
        ),
        Reason::PolicyNotDefined => "enable a method: policy set reset.methods=email,sms".into(),
        Reason::NotMemberOfScopedGroup => {
            let count = match &tenant.settings.reset.scope {
                Scope::Selected(groups) => groups.len(),
                Scope::None | Scope::All => 0,
            };
            format!(
                "add the user to {} that may reset, directly or through a group in it",
                if count == 1 {
                    "the group".into()
                } else {
                    format!("one of the {count} groups")
                }
            )
        }
        Reason::NotLicensed => "give the user a licence that covers password reset".into(),
        Reason::WritebackNotEnabled => format!(
            "the password is on-premises ({}): enrol an agent for {} and turn writeback on",
            user.managed.as_str(),
            user.agent_domain.as_deref().unwrap_or("its domain")
        ),
        Reason::NotProperlyConfigured if user.user_type == UserType::ExternalGuest => {
            "this guest's identity is kept elsewhere: the password is recovered there".into()
        }
        Reason::NotProperlyConfigured => format!(
            "the user needs {} that the policy allows; see what stands in the way of each gate",
            if required == 1 {
                "a method".into()
            } else {
                format!("{required} different methods")
            }
        ),
        Reason::OnPremisesConnectivity => {
            "no agent for the user's domain answers: see that one runs and reaches the service"
                .into()
        }
        Reason::OnPremisesAdminActionRequired => {
            "the agent reports a fault of configuration or rights: run its doctor".into()
        }
        Reason::AccountDisabled => match (user.frozen_at, user.enabled) {
            (Some(_), true) => "the owner reported a reset as not theirs: look into it, then \
                                `latchkey user unfreeze`"
                .into(),
            (Some(_), false) => "enable the account and, after looking into the report of its \
                                 owner, unfreeze it"
                .into(),
            (None, _) => "enable the account: user set enabled=yes".into(),
        },
    }
}

fn why_required(tenant: &Tenant, user: &User, required: u32, now: Timestamp) -> String {
    if !user.is_administrator() {
        return format!("the tenant's policy (reset.gates_required) asks for {required}");
    }
    if required > 1 {
        return "administrators always pass two gates and never security questions".into();
    }
    if tenant.is_in_trial(now) {
        return "administrators pass two gates, but one in the first 30 days of a trial".into();
    }
    "administrators pass two gates, but one while the tenant has neither a verified custom domain \
     nor directory synchronisation"
        .into()
}

/// For each gate of the policy that cannot be used: why.
fn unusable(case: &Case, user: &User, usable: &[Gate], now: Timestamp) -> Vec<String> {
    let settings = &case.tenant.settings.reset;
    let administrator = user.is_administrator();
    Gate::ALL
        .into_iter()
        .filter(|gate| {
            administrator && gate.is_for_administrators() || settings.methods.contains(gate)
        })
        .filter(|gate| !usable.contains(gate))
        .map(|gate| format!("{}: {}", gate.as_str(), obstacle(case, user, gate, now)))
        .collect()
}

fn obstacle(case: &Case, user: &User, gate: Gate, now: Timestamp) -> String {
    let settings = &case.tenant.settings.reset;
    if user.user_type == UserType::ExternalGuest {
        return "the identity is kept elsewhere".into();
    }
    if user.is_administrator() && !gate.is_for_administrators() {
        return "not for administrators".into();
    }
    let resting = |changed: Option<Timestamp>| {
        let until = changed?.plus(settings.rest());
        (now < until).then(|| format!("it was changed lately and rests until {}", until.rfc3339()))
    };
    let on_file = |changed, malformed: bool, missing: &str| {
        resting(changed).unwrap_or_else(|| {
            if malformed {
                "what the directory has cannot be read".into()
            } else {
                missing.to_owned()
            }
        })
    };
    let bad_phone = |phone: &Option<String>| {
        phone
            .as_deref()
            .is_some_and(|text| PhoneNumber::parse(text).is_err())
    };
    match gate {
        Gate::Email => match &case.methods.email {
            Some(email) => on_file(
                email.changed_at,
                false,
                "its source is not trusted by the policy",
            ),
            None => {
                let malformed = user
                    .other_mails
                    .iter()
                    .any(|text| EmailAddress::parse(text).is_err());
                on_file(None, malformed, "no authentication email and no other mail")
            }
        },
        Gate::Sms | Gate::MobileCall => match &case.methods.mobile {
            Some(mobile) => on_file(
                mobile.changed_at,
                false,
                "its source is not trusted by the policy",
            ),
            None => on_file(
                None,
                bad_phone(&user.mobile_phone),
                "no authentication phone and no mobile phone",
            ),
        },
        Gate::OfficeCall => match &case.methods.office {
            Some(office) => {
                let same = case
                    .methods
                    .mobile
                    .as_ref()
                    .is_some_and(|mobile| mobile.value == office.value);
                let missing = if same {
                    "the same number as the mobile phone"
                } else {
                    "its source is not trusted by the policy"
                };
                on_file(office.changed_at, false, missing)
            }
            None => on_file(None, bad_phone(&user.office_phone), "no office phone"),
        },
        Gate::Questions if case.methods.questions < usize::from(settings.questions.to_reset) => {
            format!(
                "{} of {} questions answered",
                case.methods.questions, settings.questions.to_reset
            )
        }
        Gate::Questions => "questions may not be the only gate".into(),
        Gate::AuthenticatorCode => "no authenticator app".into(),
        Gate::AuthenticatorPush => "no paired app, or only one gate is required".into(),
        Gate::Passkey if !case.has_passkeys => {
            "no passkey can be bound to the base address of this deployment".into()
        }
        Gate::Passkey => "no passkey".into(),
        Gate::RecoveryCode => "no recovery codes".into(),
        Gate::HelpdeskCode => "no pass from the helpdesk".into(),
    }
}
