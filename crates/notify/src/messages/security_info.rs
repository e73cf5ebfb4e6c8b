use latchkey_i18n::Texts;
use latchkey_types::Masked;

use super::letter::Letter;
use super::{NotMe, Occasion, listed};
use crate::Content;

/// What became of a method.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// It is new.
    Added,
    /// It took the place of another one.
    Replaced,
    /// It is gone.
    Removed,
}

/// What was changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChangedMethod {
    /// The authentication email.
    Email,
    /// The authentication phone.
    Phone,
    /// The security questions.
    Questions,
    /// An authenticator app.
    Authenticator,
    /// A passkey.
    Passkey,
    /// The recovery codes.
    RecoveryCodes,
}

/// The facts of "your security info was changed".
#[derive(Clone, Copy)]
pub struct SecurityInfoChanged<'a> {
    /// The tenant's name.
    pub tenant: &'a str,
    /// The account's user ID.
    pub user: &'a str,
    /// What became of it.
    pub change: Change,
    /// Of what.
    pub method: ChangedMethod,
    /// The destination, masked, or the name that the person gave it; may be empty.
    pub which: &'a str,
    /// When and from where.
    pub occasion: Occasion<'a>,
    /// Every other destination that was told.
    pub told: &'a [Masked],
    /// How to say that it was somebody else.
    pub not_me: NotMe<'a>,
}

/// The text to a telephone number that the account no longer sends codes to.
pub fn number_changed(texts: Texts, tenant: &str) -> Content {
    super::code::from_tenant(tenant, texts.plain("text-number-changed", &[]))
}

/// The mail to the owner of security info that was changed, at the old and the new address.
pub fn security_info_changed(texts: Texts, mail: &SecurityInfoChanged<'_>) -> Content {
    let subject = texts.plain("mail-info-subject", &[("tenant", mail.tenant.into())]);
    let page = format!("{}/not-me", mail.not_me.base);
    let link = format!("{page}#{}", mail.not_me.token);
    let duration = texts.duration(mail.not_me.valid);
    let method = texts.get(match mail.method {
        ChangedMethod::Email => "mail-info-email",
        ChangedMethod::Phone => "mail-info-phone",
        ChangedMethod::Questions => "mail-info-questions",
        ChangedMethod::Authenticator => "mail-info-authenticator",
        ChangedMethod::Passkey => "mail-info-passkey",
        ChangedMethod::RecoveryCodes => "mail-info-recovery-codes",
    });
    let label = match mail.change {
        Change::Added => "mail-info-added",
        Change::Replaced => "mail-info-replaced",
        Change::Removed => "mail-info-removed",
    };
    let what = if mail.which.is_empty() {
        method
    } else {
        format!("{method}, {}", mail.which.replace(' ', "\u{a0}"))
    };
    Letter::new(texts, mail.tenant, subject)
        .say("mail-info-intro", &[("user", mail.user.into())])
        .fact(label, &what)
        .time("mail-when", mail.occasion.when)
        .fact("mail-where", &mail.occasion.origin())
        .fact("mail-reset-told", &listed(mail.told))
        .say("mail-reset-not-you", &[])
        .link("mail-reset-link", &link)
        .say("mail-reset-typed", &[("page", (&page).into())])
        .code(mail.not_me.token)
        .say("mail-reset-valid", &[("duration", (&duration).into())])
        .finish()
}
