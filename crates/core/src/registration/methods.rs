use super::state::{Facts, state};
use crate::reset::{Gate, Methods, is_allowed};
use crate::settings::ResetSettings;

/// A kind of method, as the registration portal lists them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// Passkeys.
    Passkey,
    /// Authenticator apps.
    Authenticator,
    /// The authentication email.
    Email,
    /// The authentication phone.
    Phone,
    /// The office phone: shown, and set by an administrator or the directory only.
    OfficePhone,
    /// Security questions.
    Questions,
    /// Recovery codes.
    RecoveryCodes,
}

impl Kind {
    /// Every kind, in the order in which they are listed.
    pub const ALL: [Self; 7] = [
        Self::Passkey,
        Self::Authenticator,
        Self::Email,
        Self::Phone,
        Self::OfficePhone,
        Self::Questions,
        Self::RecoveryCodes,
    ];

    /// The gates that it opens.
    pub const fn gates(self) -> &'static [Gate] {
        match self {
            Self::Passkey => &[Gate::Passkey],
            Self::Authenticator => &[Gate::AuthenticatorCode],
            Self::Email => &[Gate::Email],
            Self::Phone => &[Gate::Sms, Gate::MobileCall],
            Self::OfficePhone => &[Gate::OfficeCall],
            Self::Questions => &[Gate::Questions],
            Self::RecoveryCodes => &[Gate::RecoveryCode],
        }
    }

    /// Whether the person sets it.
    pub const fn is_theirs(self) -> bool {
        !matches!(self, Self::OfficePhone)
    }

    /// Whether a person can have several.
    pub const fn is_many(self) -> bool {
        matches!(self, Self::Passkey | Self::Authenticator)
    }
}

/// The kinds that the policy enables for somebody, of whom so many gates are required, in order.
/// Administrators have theirs whatever the policy says, and never questions or recovery codes.
///
/// Not for external guests: their password is kept elsewhere.
pub fn registrable(settings: &ResetSettings, is_administrator: bool, required: u8) -> Vec<Kind> {
    let is_open = |gate: &Gate| is_allowed(*gate, settings, is_administrator, required);
    Kind::ALL
        .into_iter()
        .filter(|kind| kind.gates().iter().any(is_open))
        .collect()
}

/// What goes when a method is removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Loss {
    /// They would be registered no more.
    pub registered: bool,
    /// They would be capable no more.
    pub capable: bool,
    /// An administrator would have no second factor to sign in with: refused.
    pub second_factor: bool,
}

impl Loss {
    /// Whether the method may be removed, after a warning.
    pub const fn is_allowed(self) -> bool {
        !self.second_factor
    }
}

/// What would go with a method. `after` is what would be on file without it: a directory's value
/// may count again.
pub fn loss(facts: &Facts<'_>, after: &Methods) -> Loss {
    let now = state(facts);
    let then = state(&Facts {
        methods: after,
        ..*facts
    });
    let second = |methods: &Methods| methods.authenticators + methods.passkeys > 0;
    Loss {
        registered: now.is_registered && !then.is_registered,
        capable: now.is_capable && !then.is_capable,
        second_factor: facts.user.is_administrator && second(facts.methods) && !second(after),
    }
}

#[cfg(test)]
#[path = "methods_tests.rs"]
mod tests;
