//! The words for what the rules know as values.

use latchkey_core::password::{NameKind, Rule, Violation};
use latchkey_core::reset::questions::PREDEFINED;
use latchkey_core::reset::{Gate, Reason};
use latchkey_i18n::Texts;
use latchkey_wire::operation::Refusal;

/// The name of a way to prove who one is.
pub(crate) fn gate_name(texts: Texts, gate: Gate) -> String {
    texts.get(match gate {
        Gate::Email => "gate-email",
        Gate::Sms => "gate-sms",
        Gate::MobileCall => "gate-mobile-call",
        Gate::OfficeCall => "gate-office-call",
        Gate::Questions => "gate-questions",
        Gate::AuthenticatorCode => "gate-authenticator-code",
        Gate::AuthenticatorPush => "gate-authenticator-push",
        Gate::Passkey => "gate-passkey",
        Gate::RecoveryCode => "gate-recovery-code",
        Gate::HelpdeskCode => "gate-helpdesk-code",
    })
}

/// What happens when it is chosen.
pub(crate) fn gate_detail(texts: Texts, gate: Gate) -> String {
    texts.get(match gate {
        Gate::Email => "gate-email-detail",
        Gate::Sms => "gate-sms-detail",
        Gate::MobileCall => "gate-mobile-call-detail",
        Gate::OfficeCall => "gate-office-call-detail",
        Gate::Questions => "gate-questions-detail",
        Gate::AuthenticatorCode => "gate-authenticator-code-detail",
        Gate::AuthenticatorPush => "gate-authenticator-push-detail",
        Gate::Passkey => "gate-passkey-detail",
        Gate::RecoveryCode => "gate-recovery-code-detail",
        Gate::HelpdeskCode => "gate-helpdesk-code-detail",
    })
}

/// Why an account cannot be reset, and what the person can do about it.
pub(crate) fn reason(texts: Texts, reason: Reason) -> [String; 2] {
    let (why, cure) = match reason {
        Reason::TenantSsprDisabled => ("reason-turned-off", "cure-ask"),
        Reason::PolicyNotDefined => ("reason-no-methods", "cure-ask"),
        Reason::NotMemberOfScopedGroup => ("reason-not-in-group", "cure-ask"),
        Reason::NotLicensed => ("reason-not-licensed", "cure-ask"),
        Reason::WritebackNotEnabled => ("reason-on-premises", "cure-ask"),
        Reason::NotProperlyConfigured => ("reason-too-few-methods", "cure-methods"),
        Reason::OnPremisesConnectivity => ("reason-directory-away", "cure-later"),
        Reason::OnPremisesAdminActionRequired => ("reason-directory-fault", "cure-ask"),
        Reason::AccountDisabled => ("reason-disabled", "cure-ask"),
    };
    [texts.get(why), texts.get(cure)]
}

/// What a directory said, and what the person can do about it.
pub(crate) fn directory(t: Texts, said: Refusal) -> String {
    t.get(match said {
        Refusal::TooShort => "directory-too-short",
        Refusal::NotComplex => "directory-not-complex",
        Refusal::UsedBefore => "directory-used-before",
        Refusal::TooYoung => "directory-too-young",
        Refusal::Policy => "directory-policy",
        Refusal::WrongPassword => "directory-wrong-password",
        Refusal::Locked => "directory-locked",
        Refusal::Disabled => "directory-disabled",
        Refusal::AccountExpired => "directory-account-expired",
        Refusal::PasswordExpired => "directory-password-expired",
        Refusal::NotFound | Refusal::SeveralMatch => "directory-not-found",
        Refusal::NoPermission => "directory-no-permission",
        Refusal::Protected => "directory-protected",
        Refusal::Unreachable | Refusal::Expired => "directory-unreachable",
        Refusal::NotConfigured | Refusal::Malformed | Refusal::Unexpected => "directory-fault",
    })
}

/// A rule of the password policy, before anything is typed.
pub(crate) fn rule(t: Texts, rule: Rule) -> String {
    match rule {
        Rule::MinLength { min } => t.with("rule-min-length", &[("min", min.into())]),
        Rule::MaxLength { max } => t.with("rule-max-length", &[("max", max.into())]),
        Rule::Classes { min } => t.with("rule-classes", &[("min", min.into())]),
        Rule::NoControlCharacters => t.get("rule-no-control-characters"),
        Rule::PrintableAscii => t.get("rule-printable-ascii"),
        Rule::NoNames => t.get("rule-no-names"),
        Rule::NotBanned => t.get("rule-not-banned"),
        Rule::NotReused { last } => t.with("rule-not-reused", &[("last", last.into())]),
        Rule::NotBreached => t.get("rule-not-breached"),
        Rule::MinAge { days } => t.with("rule-min-age", &[("days", days.into())]),
    }
}

/// What is wrong with a password, and what would mend it.
pub(crate) fn violation(t: Texts, violation: Violation) -> String {
    match violation {
        Violation::TooShort { min, actual } => t.with(
            "violation-too-short",
            &[("min", min.into()), ("actual", actual.into())],
        ),
        Violation::TooLong { max, actual } => t.with(
            "violation-too-long",
            &[("max", max.into()), ("actual", actual.into())],
        ),
        Violation::TooFewClasses { min, actual } => t.with(
            "violation-too-few-classes",
            &[("min", min.into()), ("actual", actual.into())],
        ),
        Violation::ControlCharacter => t.get("violation-control-character"),
        Violation::NotPrintableAscii => t.get("violation-not-printable-ascii"),
        Violation::ContainsName { name } => t.get(match name {
            NameKind::Given => "violation-given-name",
            NameKind::Family => "violation-family-name",
            NameKind::LocalPart => "violation-user-id",
            NameKind::Tenant => "violation-tenant-name",
        }),
        Violation::Banned { .. } => t.get("violation-banned"),
        Violation::Reused => t.get("violation-reused"),
        Violation::Breached => t.get("violation-breached"),
        Violation::TooRecent { until } => t.with(
            "violation-too-recent",
            &[("until", (&t.date_time(until)).into())],
        ),
    }
}

/// A predefined security question: its name is the id of its text. One that is not known is asked
/// by its name.
pub(crate) fn question(texts: Texts, name: &str) -> String {
    if PREDEFINED.contains(&name) {
        texts.get(name)
    } else {
        name.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use latchkey_types::Locale;

    use super::*;

    #[test]
    fn every_predefined_question_has_words_in_every_language() {
        for locale in Locale::ALL {
            for name in PREDEFINED {
                assert_ne!(question(Texts::new(locale), name), name);
            }
        }
    }

    #[test]
    fn every_reason_says_why_and_what_to_do() {
        for locale in Locale::ALL {
            for value in Reason::ALL {
                let [why, cure] = reason(Texts::new(locale), value);
                assert!(!why.is_empty() && !cure.is_empty() && why != cure);
            }
        }
    }
}
