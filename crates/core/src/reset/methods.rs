use latchkey_types::{EmailAddress, PhoneNumber, Timestamp};

use super::Gate;
use crate::model::Origin;
use crate::settings::ResetSettings;

/// An address or number on file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OnFile<T> {
    /// Where a code would go.
    pub value: T,
    /// Who put it there.
    pub origin: Origin,
    /// When it last replaced another value; `None` if it is the first.
    pub changed_at: Option<Timestamp>,
}

/// What a user has to prove who they are with. Values that cannot be parsed are not here.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Methods {
    /// Authentication email, else the first other mail.
    pub email: Option<OnFile<EmailAddress>>,
    /// Authentication phone, else mobile phone.
    pub mobile: Option<OnFile<PhoneNumber>>,
    /// Office phone.
    pub office: Option<OnFile<PhoneNumber>>,
    /// Security questions registered that the policy still has.
    pub questions: usize,
    /// Authenticator apps that show codes.
    pub authenticators: usize,
    /// Paired apps that approve.
    pub approvers: usize,
    /// Passkeys.
    pub passkeys: usize,
    /// Recovery codes not yet used.
    pub recovery_codes: usize,
    /// Passes from the helpdesk that are valid now.
    pub helpdesk_codes: usize,
}

impl Methods {
    /// The gates that there is usable data for, whatever the policy enables. Without a time, what
    /// rests after a change is usable too.
    pub(super) fn usable(&self, settings: &ResetSettings, now: Option<Timestamp>) -> Vec<Gate> {
        let mobile = is_usable(self.mobile.as_ref(), settings, now);
        // The same telephone twice is one telephone.
        let other_phone = match (&self.office, &self.mobile) {
            (Some(office), Some(mobile)) => office.value != mobile.value,
            _ => true,
        };
        let office = other_phone && is_usable(self.office.as_ref(), settings, now);
        Gate::ALL
            .into_iter()
            .filter(|gate| match gate {
                Gate::Email => is_usable(self.email.as_ref(), settings, now),
                Gate::Sms | Gate::MobileCall => mobile,
                Gate::OfficeCall => office,
                Gate::Questions => self.questions >= usize::from(settings.questions.to_reset),
                Gate::AuthenticatorCode => self.authenticators > 0,
                Gate::AuthenticatorPush => self.approvers > 0,
                Gate::Passkey => self.passkeys > 0,
                Gate::RecoveryCode => self.recovery_codes > 0,
                Gate::HelpdeskCode => self.helpdesk_codes > 0,
            })
            .collect()
    }
}

/// Whether a destination may be used: its source is trusted, and it has rested since it was changed
/// (specification: *Destinations*).
fn is_usable<T>(
    on_file: Option<&OnFile<T>>,
    settings: &ResetSettings,
    now: Option<Timestamp>,
) -> bool {
    on_file.is_some_and(|value| {
        let trusted = match value.origin {
            Origin::Person => true,
            Origin::Administrator => settings.trust_administrator_values,
            Origin::Directory => settings.trust_directory_values,
        };
        let rests = value
            .changed_at
            .zip(now)
            .is_some_and(|(changed, now)| now < changed.plus(settings.rest()));
        trusted && !rests
    })
}
