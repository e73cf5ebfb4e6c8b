use std::collections::BTreeSet;

use latchkey_types::Timestamp;

use super::{Factor, Gate, Methods};
use crate::model::{Managed, TRIAL};
use crate::settings::{ResetSettings, Scope};

/// Everything that decides whether a user may reset now.
#[derive(Debug, Clone)]
pub struct Facts<'a> {
    /// Now.
    pub now: Timestamp,
    /// The tenant's settings.
    pub settings: &'a ResetSettings,
    /// About the tenant.
    pub tenant: TenantFacts,
    /// About the user.
    pub user: UserFacts,
    /// About the way to the user's directory.
    pub writeback: Writeback,
    /// What the user has on file.
    pub methods: &'a Methods,
}

/// About the tenant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TenantFacts {
    /// When it was created.
    pub created_at: Timestamp,
    /// Whether it has a paid licence, so that it is no trial.
    pub has_paid_licence: bool,
    /// Whether a custom domain is verified.
    pub has_custom_domain: bool,
    /// Whether a directory is synchronised into it.
    pub has_directory_sync: bool,
}

/// About the user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UserFacts {
    /// Not disabled and not frozen.
    pub is_enabled: bool,
    /// Holds an administrator role.
    pub is_administrator: bool,
    /// Where the password lives.
    pub managed: Managed,
    /// A member, directly or not, of a group that the scope selects.
    pub is_in_scope: bool,
    /// Covered by the tenant's tier.
    pub is_licensed: bool,
}

/// The way to an on-premises directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Writeback {
    /// Switched off, or no agent is enrolled.
    Off,
    /// No agent for the user's domain answers now.
    Unreachable,
    /// An agent answers and reports a fault of configuration or rights.
    ActionRequired,
    /// An agent answers.
    Ready,
}

/// Why a user may not reset now, in the order in which the rules are checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Reason {
    /// Self-service password reset is set to None.
    TenantSsprDisabled,
    /// No method is enabled in the policy.
    PolicyNotDefined,
    /// It is set to Selected and the user is not in a group.
    NotMemberOfScopedGroup,
    /// The tier does not cover this user.
    NotLicensed,
    /// The password is on-premises and writeback is off.
    WritebackNotEnabled,
    /// Fewer usable methods than gates required.
    NotProperlyConfigured,
    /// No agent for the user's domain answers now.
    OnPremisesConnectivity,
    /// An agent answers but reports a fault.
    OnPremisesAdminActionRequired,
    /// The account is disabled.
    AccountDisabled,
}

impl Reason {
    /// Every reason, in the order of the rules.
    pub const ALL: [Self; 9] = [
        Self::TenantSsprDisabled,
        Self::PolicyNotDefined,
        Self::NotMemberOfScopedGroup,
        Self::NotLicensed,
        Self::WritebackNotEnabled,
        Self::NotProperlyConfigured,
        Self::OnPremisesConnectivity,
        Self::OnPremisesAdminActionRequired,
        Self::AccountDisabled,
    ];

    /// The code that is shown, audited and searched for.
    pub const fn code(self) -> &'static str {
        match self {
            Self::TenantSsprDisabled => "SSPR_0009",
            Self::PolicyNotDefined => "SSPR_0011",
            Self::NotMemberOfScopedGroup => "SSPR_0013",
            Self::NotLicensed => "SSPR_0012",
            Self::WritebackNotEnabled => "SSPR_0010",
            Self::NotProperlyConfigured => "SSPR_0014",
            Self::OnPremisesConnectivity => "SSPR_0030",
            Self::OnPremisesAdminActionRequired => "SSPR_0029",
            Self::AccountDisabled => "SSPR_0031",
        }
    }

    /// The name of the code.
    pub const fn name(self) -> &'static str {
        match self {
            Self::TenantSsprDisabled => "TenantSsprDisabled",
            Self::PolicyNotDefined => "PolicyNotDefined",
            Self::NotMemberOfScopedGroup => "NotMemberOfScopedGroup",
            Self::NotLicensed => "NotLicensed",
            Self::WritebackNotEnabled => "WritebackNotEnabled",
            Self::NotProperlyConfigured => "NotProperlyConfigured",
            Self::OnPremisesConnectivity => "OnPremisesConnectivity",
            Self::OnPremisesAdminActionRequired => "OnPremisesAdminActionRequired",
            Self::AccountDisabled => "AccountDisabled",
        }
    }
}

/// A user may reset.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Eligible {
    /// How many gates, each of another factor, have to be passed.
    pub required: u8,
    /// The gates that can be used, in the order in which they are offered.
    pub gates: Vec<Gate>,
    /// Whether security questions may come first.
    pub questions_first: bool,
}

/// A user may not reset, for every one of these reasons; the first decides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ineligible {
    /// The reason that is shown.
    pub deciding: Reason,
    /// All reasons, the deciding one first, so that all can be mended at once.
    pub reasons: Vec<Reason>,
}

/// How many gates a user has to pass, and whether the administrator policy is why.
///
/// Administrators pass two always; one is enough only in the first 30 days of a trial, or while the
/// tenant has neither a custom domain nor directory synchronisation (specification:
/// *Administrators*).
pub fn gates_required(
    settings: &ResetSettings,
    tenant: TenantFacts,
    is_administrator: bool,
    now: Timestamp,
) -> u8 {
    if !is_administrator {
        return settings.gates_required.clamp(1, 2);
    }
    let in_trial = !tenant.has_paid_licence && now < tenant.created_at.plus(TRIAL);
    let unattached = !tenant.has_custom_domain && !tenant.has_directory_sync;
    if in_trial || unattached { 1 } else { 2 }
}

/// Whether a user may reset now.
pub fn decide_eligibility(facts: &Facts<'_>) -> Result<Eligible, Ineligible> {
    let settings = facts.settings;
    let user = facts.user;
    let required = gates_required(settings, facts.tenant, user.is_administrator, facts.now);
    let gates = usable_gates(
        facts.methods,
        settings,
        user.is_administrator,
        required,
        facts.now,
    );
    let factors: BTreeSet<Factor> = gates.iter().map(|gate| gate.factor()).collect();

    let on_premises = user.managed.is_on_premises();
    let holds = |reason: Reason| match reason {
        Reason::TenantSsprDisabled => settings.scope == Scope::None,
        Reason::PolicyNotDefined => !user.is_administrator && settings.methods.is_empty(),
        Reason::NotMemberOfScopedGroup => {
            matches!(settings.scope, Scope::Selected(_)) && !user.is_in_scope
        }
        Reason::NotLicensed => !user.is_licensed,
        Reason::WritebackNotEnabled => on_premises && facts.writeback == Writeback::Off,
        Reason::NotProperlyConfigured => factors.len() < usize::from(required),
        Reason::OnPremisesConnectivity => on_premises && facts.writeback == Writeback::Unreachable,
        Reason::OnPremisesAdminActionRequired => {
            on_premises && facts.writeback == Writeback::ActionRequired
        }
        Reason::AccountDisabled => !user.is_enabled,
    };
    let reasons: Vec<Reason> = Reason::ALL
        .into_iter()
        .filter(|reason| holds(*reason))
        .collect();
    match reasons.first() {
        Some(deciding) => Err(Ineligible {
            deciding: *deciding,
            reasons,
        }),
        None => Ok(Eligible {
            required,
            gates,
            questions_first: required == 1 && settings.questions.may_be_only_gate,
        }),
    }
}

/// The gates that a user has usable data for and that the policy allows, in the order in which they
/// are offered.
pub fn usable_gates(
    methods: &Methods,
    settings: &ResetSettings,
    is_administrator: bool,
    required: u8,
    now: Timestamp,
) -> Vec<Gate> {
    allowed(
        methods.usable(settings, Some(now)),
        settings,
        is_administrator,
        required,
    )
}

/// The same, with what cannot be used yet because it was changed a short while ago.
pub fn gates_on_file(
    methods: &Methods,
    settings: &ResetSettings,
    is_administrator: bool,
    required: u8,
) -> Vec<Gate> {
    allowed(
        methods.usable(settings, None),
        settings,
        is_administrator,
        required,
    )
}

fn allowed(
    mut gates: Vec<Gate>,
    settings: &ResetSettings,
    is_administrator: bool,
    required: u8,
) -> Vec<Gate> {
    gates.retain(|gate| is_allowed(*gate, settings, is_administrator, required));
    gates
}

/// Whether the policy lets somebody use a gate.
pub(crate) fn is_allowed(
    gate: Gate,
    settings: &ResetSettings,
    is_administrator: bool,
    required: u8,
) -> bool {
    if is_administrator {
        return gate.is_for_administrators() && (gate != Gate::AuthenticatorPush || required == 2);
    }
    settings.methods.contains(&gate)
        && match gate {
            // Approving is too easily talked out of people to be the only proof.
            Gate::AuthenticatorPush => required == 2,
            Gate::Questions => required == 2 || settings.questions.may_be_only_gate,
            _ => true,
        }
}

#[cfg(test)]
#[path = "eligibility_tests.rs"]
mod tests;
