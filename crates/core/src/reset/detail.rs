//! How a reset ended: one result, one detail code, those of `spec/data/reset-details.csv`.

use super::{Gate, Reason};

/// How a reset ended, in one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ResultKind {
    /// The password was reset or the account unlocked.
    Succeeded,
    /// The account may not be reset.
    Failed,
    /// A limit was reached.
    Blocked,
    /// The person said stop.
    Canceled,
    /// The person asked for help.
    ContactedAdministrator,
    /// The person left without a word.
    Abandoned,
}

impl ResultKind {
    /// Its name in events, reports and the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Blocked => "blocked",
            Self::Canceled => "canceled",
            Self::ContactedAdministrator => "contacted administrator",
            Self::Abandoned => "abandoned",
        }
    }
}

/// Why a reset failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Failure {
    /// Password reset is off for the tenant.
    TenantDisabled,
    /// The tenant has enabled no method.
    PolicyNotDefined,
    /// The user is not in the group that may reset.
    NotInGroup,
    /// No licence covers this user.
    NotLicensed,
    /// The password is on-premises and writeback is off.
    WritebackNotEnabled,
    /// The account has too few usable methods.
    InsufficientMethods,
    /// No on-premises agent answered.
    OnPremisesUnreachable,
    /// The on-premises directory could not set the password.
    OnPremisesError,
    /// The on-premises directory refused every password that was offered.
    OnPremisesPolicy,
    /// The account is disabled.
    AccountDisabled,
    /// The browser accepts no cookies.
    NoCookies,
    /// No account has this user ID.
    UnknownUser,
}

/// How a reset ended, in full.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Detail {
    /// Left after entering the user ID.
    AbandonedUserId,
    /// Left after starting a gate.
    AbandonedStarted(Gate),
    /// Left after passing a gate.
    AbandonedCompleted(Gate),
    /// Left with all gates passed, before the new-password page.
    AbandonedBeforePassword,
    /// Left while choosing a new password.
    AbandonedChoosingPassword,
    /// Too many attempts.
    BlockedAttempts,
    /// Too many phone numbers tried.
    BlockedPhoneNumber,
    /// Too many tries of a gate.
    BlockedGate(Gate),
    /// Canceled before all gates were passed.
    CanceledBeforeGates,
    /// Canceled before a new password was submitted.
    CanceledBeforePassword,
    /// Asked for help before any gate.
    ContactedUserId,
    /// Asked for help after trying a gate.
    ContactedGate(Gate),
    /// The account may not be reset.
    Failed(Failure),
    /// The password was reset.
    SucceededReset,
    /// The account was unlocked, the password kept.
    SucceededUnlock,
}

impl Failure {
    /// Every failure.
    pub const ALL: [Self; 12] = [
        Self::TenantDisabled,
        Self::PolicyNotDefined,
        Self::NotInGroup,
        Self::NotLicensed,
        Self::WritebackNotEnabled,
        Self::InsufficientMethods,
        Self::OnPremisesUnreachable,
        Self::OnPremisesError,
        Self::OnPremisesPolicy,
        Self::AccountDisabled,
        Self::NoCookies,
        Self::UnknownUser,
    ];

    const fn name(self) -> &'static str {
        match self {
            Self::TenantDisabled => "tenant_disabled",
            Self::PolicyNotDefined => "policy_not_defined",
            Self::NotInGroup => "not_in_group",
            Self::NotLicensed => "not_licensed",
            Self::WritebackNotEnabled => "writeback_not_enabled",
            Self::InsufficientMethods => "insufficient_methods",
            Self::OnPremisesUnreachable => "on_premises_unreachable",
            Self::OnPremisesError => "on_premises_error",
            Self::OnPremisesPolicy => "on_premises_policy",
            Self::AccountDisabled => "account_disabled",
            Self::NoCookies => "no_cookies",
            Self::UnknownUser => "unknown_user",
        }
    }
}

impl From<Reason> for Failure {
    fn from(reason: Reason) -> Self {
        match reason {
            Reason::TenantSsprDisabled => Self::TenantDisabled,
            Reason::PolicyNotDefined => Self::PolicyNotDefined,
            Reason::NotMemberOfScopedGroup => Self::NotInGroup,
            Reason::NotLicensed => Self::NotLicensed,
            Reason::WritebackNotEnabled => Self::WritebackNotEnabled,
            Reason::NotProperlyConfigured => Self::InsufficientMethods,
            Reason::OnPremisesConnectivity => Self::OnPremisesUnreachable,
            Reason::OnPremisesAdminActionRequired => Self::OnPremisesError,
            Reason::AccountDisabled => Self::AccountDisabled,
        }
    }
}

impl Detail {
    /// Every detail, one for each row of the table.
    pub fn all() -> Vec<Self> {
        let mut all = vec![
            Self::AbandonedUserId,
            Self::AbandonedBeforePassword,
            Self::AbandonedChoosingPassword,
            Self::BlockedAttempts,
            Self::BlockedPhoneNumber,
            Self::CanceledBeforeGates,
            Self::CanceledBeforePassword,
            Self::ContactedUserId,
            Self::SucceededReset,
            Self::SucceededUnlock,
        ];
        for gate in Gate::ALL {
            all.extend([
                Self::AbandonedStarted(gate),
                Self::AbandonedCompleted(gate),
                Self::BlockedGate(gate),
                Self::ContactedGate(gate),
            ]);
        }
        all.extend(Failure::ALL.map(Self::Failed));
        all
    }

    /// Its code in the table.
    pub fn code(self) -> String {
        match self {
            Self::AbandonedUserId => "abandoned.user_id".into(),
            Self::AbandonedStarted(gate) => format!("abandoned.started.{}", gate.as_str()),
            Self::AbandonedCompleted(gate) => format!("abandoned.completed.{}", gate.as_str()),
            Self::AbandonedBeforePassword => "abandoned.before_password".into(),
            Self::AbandonedChoosingPassword => "abandoned.choosing_password".into(),
            Self::BlockedAttempts => "blocked.attempts".into(),
            Self::BlockedPhoneNumber => "blocked.phone_number".into(),
            Self::BlockedGate(gate) => format!("blocked.{}", gate.as_str()),
            Self::CanceledBeforeGates => "canceled.before_gates".into(),
            Self::CanceledBeforePassword => "canceled.before_password".into(),
            Self::ContactedUserId => "contacted_admin.user_id".into(),
            Self::ContactedGate(gate) => format!("contacted_admin.{}", gate.as_str()),
            Self::Failed(failure) => format!("failed.{}", failure.name()),
            Self::SucceededReset => "succeeded.reset".into(),
            Self::SucceededUnlock => "succeeded.unlock".into(),
        }
    }

    /// Reads a code of the table.
    pub fn parse(code: &str) -> Option<Self> {
        Self::all().into_iter().find(|detail| detail.code() == code)
    }

    /// The result that it belongs to.
    pub const fn result(self) -> ResultKind {
        match self {
            Self::AbandonedUserId
            | Self::AbandonedStarted(_)
            | Self::AbandonedCompleted(_)
            | Self::AbandonedBeforePassword
            | Self::AbandonedChoosingPassword => ResultKind::Abandoned,
            Self::BlockedAttempts | Self::BlockedPhoneNumber | Self::BlockedGate(_) => {
                ResultKind::Blocked
            }
            Self::CanceledBeforeGates | Self::CanceledBeforePassword => ResultKind::Canceled,
            Self::ContactedUserId | Self::ContactedGate(_) => ResultKind::ContactedAdministrator,
            Self::Failed(_) => ResultKind::Failed,
            Self::SucceededReset | Self::SucceededUnlock => ResultKind::Succeeded,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn details_and_the_table_are_equal_as_sets() {
        let table = include_str!("../../../../spec/data/reset-details.csv");
        let rows: BTreeSet<(String, String)> = table
            .lines()
            .skip(1)
            .map(|line| {
                let mut cells = line.split(',');
                (cells.next().unwrap().into(), cells.next().unwrap().into())
            })
            .collect();
        let ours: BTreeSet<(String, String)> = Detail::all()
            .into_iter()
            .map(|detail| (detail.code(), detail.result().as_str().into()))
            .collect();
        assert_eq!(ours, rows);
        assert_eq!(ours.len(), Detail::all().len());
    }

    #[test]
    fn codes_are_read_back() {
        for detail in Detail::all() {
            assert_eq!(Detail::parse(&detail.code()), Some(detail));
        }
        assert_eq!(Detail::parse("abandoned.by_all"), None);
    }
}
