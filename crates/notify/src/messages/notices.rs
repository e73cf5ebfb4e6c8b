use latchkey_i18n::Texts;
use latchkey_types::{Masked, Timestamp};

use super::letter::Letter;
use super::{NotMe, Occasion, listed};
use crate::Content;

/// The facts of "your password was reset".
#[derive(Clone, Copy)]
pub struct PasswordReset<'a> {
    /// The tenant's name.
    pub tenant: &'a str,
    /// The account's user ID.
    pub user: &'a str,
    /// When and from where.
    pub occasion: Occasion<'a>,
    /// Every other destination that was told.
    pub told: &'a [Masked],
    /// How to say that it was somebody else.
    pub not_me: NotMe<'a>,
}

/// The mail to the owner of a password that was reset.
pub fn password_reset(texts: Texts, mail: &PasswordReset<'_>) -> Content {
    new_password(texts, mail, "mail-reset-subject", "mail-reset-intro")
}

/// The mail to the owner of an account that was unlocked, and whose password was kept.
pub fn account_unlocked(texts: Texts, mail: &PasswordReset<'_>) -> Content {
    new_password(texts, mail, "mail-unlocked-subject", "mail-unlocked-intro")
}

/// The mail to the owner of a password that was changed.
pub fn password_changed(texts: Texts, mail: &PasswordReset<'_>) -> Content {
    new_password(texts, mail, "mail-changed-subject", "mail-changed-intro")
}

fn new_password(texts: Texts, mail: &PasswordReset<'_>, subject: &str, intro: &str) -> Content {
    let subject = texts.plain(subject, &[("tenant", mail.tenant.into())]);
    let page = format!("{}/not-me", mail.not_me.base);
    let link = format!("{page}#{}", mail.not_me.token);
    let duration = texts.duration(mail.not_me.valid);
    Letter::new(texts, mail.tenant, subject)
        .say(intro, &[("user", mail.user.into())])
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

/// The facts of "your password expires".
#[derive(Clone, Copy)]
pub struct PasswordExpires<'a> {
    /// The tenant's name.
    pub tenant: &'a str,
    /// The account's user ID.
    pub user: &'a str,
    /// When it expires.
    pub when: Timestamp,
    /// How many days that is from now, rounded up.
    pub days: u32,
    /// The page where it is changed; it asks to sign in.
    pub page: &'a str,
}

/// The mail to the owner of a password that expires soon.
pub fn password_expires(texts: Texts, mail: &PasswordExpires<'_>) -> Content {
    let args = [("tenant", mail.tenant.into()), ("days", mail.days.into())];
    let subject = texts.plain("mail-expires-subject", &args);
    let args = [("user", mail.user.into()), ("days", mail.days.into())];
    Letter::new(texts, mail.tenant, subject)
        .say("mail-expires-intro", &args)
        .time("mail-expires-when", mail.when)
        .say("mail-expires-what", &[])
        .link("mail-expires-link", mail.page)
        .finish()
}

/// The facts of "an administrator reset their own password".
#[derive(Clone, Copy)]
pub struct AdministratorReset<'a> {
    /// The tenant's name.
    pub tenant: &'a str,
    /// The administrator's user ID.
    pub user: &'a str,
    /// When and from where.
    pub occasion: Occasion<'a>,
}

/// The mail to the other administrators.
pub fn administrator_reset(texts: Texts, mail: &AdministratorReset<'_>) -> Content {
    let subject = texts.plain(
        "mail-admin-reset-subject",
        &[("tenant", mail.tenant.into())],
    );
    Letter::new(texts, mail.tenant, subject)
        .say("mail-admin-reset-intro", &[("user", mail.user.into())])
        .time("mail-when", mail.occasion.when)
        .fact("mail-where", &mail.occasion.origin())
        .say("mail-admin-reset-check", &[])
        .finish()
}

/// What is blocked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BlockedScope {
    /// Self-service as a whole.
    Everything,
    /// One gate; the others still work.
    OneMethod,
}

/// The facts of "resetting your password is blocked".
#[derive(Clone, Copy)]
pub struct Blocked<'a> {
    /// The tenant's name.
    pub tenant: &'a str,
    /// The account's user ID.
    pub user: &'a str,
    /// What is blocked.
    pub scope: BlockedScope,
    /// When and from where the last try was made.
    pub occasion: Occasion<'a>,
    /// When the block ends.
    pub until: Timestamp,
}

/// The mail to the owner of an account whose self-service is blocked.
pub fn blocked(texts: Texts, mail: &Blocked<'_>) -> Content {
    let subject = texts.plain("mail-blocked-subject", &[("tenant", mail.tenant.into())]);
    let what = match mail.scope {
        BlockedScope::Everything => "mail-blocked-all",
        BlockedScope::OneMethod => "mail-blocked-method",
    };
    Letter::new(texts, mail.tenant, subject)
        .say(what, &[("user", mail.user.into())])
        .time("mail-when", mail.occasion.when)
        .fact("mail-where", &mail.occasion.origin())
        .time("mail-blocked-until", mail.until)
        .say("mail-blocked-still", &[])
        .say("mail-not-you-ask", &[])
        .finish()
}

/// The facts of "signing in to your account is locked for a while".
#[derive(Clone, Copy)]
pub struct AccountLocked<'a> {
    /// The tenant's name.
    pub tenant: &'a str,
    /// The account's user ID.
    pub user: &'a str,
    /// When and from where the last try was made.
    pub occasion: Occasion<'a>,
    /// When the lock ends.
    pub until: Timestamp,
}

/// The mail to the owner of an account that wrong passwords locked.
pub fn account_locked(texts: Texts, mail: &AccountLocked<'_>) -> Content {
    let subject = texts.plain("mail-locked-subject", &[("tenant", mail.tenant.into())]);
    Letter::new(texts, mail.tenant, subject)
        .say("mail-locked-intro", &[("user", mail.user.into())])
        .time("mail-when", mail.occasion.when)
        .fact("mail-where", &mail.occasion.origin())
        .time("mail-locked-until", mail.until)
        .say("mail-locked-still", &[])
        .say("mail-locked-not-you", &[])
        .finish()
}

/// The facts of "a recovery code was used".
#[derive(Clone, Copy)]
pub struct RecoveryCodeUsed<'a> {
    /// The tenant's name.
    pub tenant: &'a str,
    /// The account's user ID.
    pub user: &'a str,
    /// When and from where.
    pub occasion: Occasion<'a>,
    /// How many are left.
    pub left: u32,
}

/// The mail to the owner of a recovery code that was used.
pub fn recovery_code_used(texts: Texts, mail: &RecoveryCodeUsed<'_>) -> Content {
    let subject = texts.plain(
        "mail-recovery-code-subject",
        &[("tenant", mail.tenant.into())],
    );
    Letter::new(texts, mail.tenant, subject)
        .say("mail-recovery-code-intro", &[("user", mail.user.into())])
        .time("mail-when", mail.occasion.when)
        .fact("mail-where", &mail.occasion.origin())
        .say("mail-recovery-code-left", &[("left", mail.left.into())])
        .say("mail-recovery-code-not-you", &[])
        .finish()
}

/// Why a reset is not possible: the codes of specification 20, *Eligibility*.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MissingReason {
    /// SSPR_0009: self-service is set to None.
    TurnedOff,
    /// SSPR_0011: no method is enabled.
    NoMethodEnabled,
    /// SSPR_0013: the user is not in the group.
    NotInGroup,
    /// SSPR_0012: the tier does not cover the user.
    NotLicensed,
    /// SSPR_0010: the password is on-premises and writeback is off.
    WritebackOff,
    /// SSPR_0014: fewer usable methods than gates.
    TooFewMethods {
        /// The usable ones.
        usable: u32,
        /// The gates that the policy asks for.
        needed: u32,
    },
    /// SSPR_0030: no agent answers.
    DirectoryUnreachable,
    /// SSPR_0029: an agent reports a fault.
    DirectoryFault,
    /// SSPR_0031: the account is disabled.
    AccountDisabled,
}

/// The facts of "why you can't reset your password".
#[derive(Clone, Copy)]
pub struct Missing<'a> {
    /// The tenant's name.
    pub tenant: &'a str,
    /// The account's user ID.
    pub user: &'a str,
    /// Why.
    pub reason: MissingReason,
    /// When and from where it was asked for.
    pub occasion: Occasion<'a>,
    /// The support reference.
    pub reference: &'a str,
}

/// The mail to the owner of an account that may not reset, where the pages do not say so
/// (specification 20: account disclosure `strict`).
pub fn missing(texts: Texts, mail: &Missing<'_>) -> Content {
    let subject = texts.plain("mail-missing-subject", &[("tenant", mail.tenant.into())]);
    let letter = Letter::new(texts, mail.tenant, subject)
        .say("mail-missing-intro", &[("user", mail.user.into())]);
    let letter = match mail.reason {
        MissingReason::TurnedOff => letter.say("mail-missing-turned-off", &[]),
        MissingReason::NoMethodEnabled => letter.say("mail-missing-no-methods", &[]),
        MissingReason::NotInGroup => letter.say("mail-missing-not-in-group", &[]),
        MissingReason::NotLicensed => letter.say("mail-missing-not-licensed", &[]),
        MissingReason::WritebackOff => letter.say("mail-missing-on-premises", &[]),
        MissingReason::TooFewMethods { usable, needed } => letter.say(
            "mail-missing-methods",
            &[("needed", needed.into()), ("usable", usable.into())],
        ),
        MissingReason::DirectoryUnreachable => letter.say("mail-missing-directory", &[]),
        MissingReason::DirectoryFault => letter.say("mail-missing-directory-fault", &[]),
        MissingReason::AccountDisabled => letter.say("mail-missing-disabled", &[]),
    };
    let mend = match mail.reason {
        MissingReason::TooFewMethods { .. } => "mail-missing-mend-methods",
        MissingReason::DirectoryUnreachable => "mail-missing-mend-later",
        _ => "mail-missing-mend-admin",
    };
    letter
        .say(mend, &[])
        .time("mail-when", mail.occasion.when)
        .fact("mail-where", &mail.occasion.origin())
        .fact("mail-reference", mail.reference)
        .say("mail-not-you-ask", &[])
        .finish()
}

/// The facts of "a user needs help".
#[derive(Clone, Copy)]
pub struct Help<'a> {
    /// The tenant's name.
    pub tenant: &'a str,
    /// The user ID of who asks.
    pub user: &'a str,
    /// The support reference.
    pub reference: &'a str,
    /// When and from where.
    pub occasion: Occasion<'a>,
    /// The user's page in the administrators' portal. It asks to sign in.
    pub portal: &'a str,
}

/// The mail to the administrators (specification 20, *Contact your administrator*).
pub fn help(texts: Texts, mail: &Help<'_>) -> Content {
    let args = [("tenant", mail.tenant.into()), ("user", mail.user.into())];
    let subject = texts.plain("mail-help-subject", &args);
    Letter::new(texts, mail.tenant, subject)
        .say("mail-help-intro", &[("user", mail.user.into())])
        .time("mail-when", mail.occasion.when)
        .fact("mail-where", &mail.occasion.origin())
        .fact("mail-reference", mail.reference)
        .say("mail-help-check", &[])
        .link("mail-help-link", mail.portal)
        .finish()
}

/// The facts of "an account was locked after this was not me", to the administrators.
#[derive(Clone, Copy)]
pub struct FrozenForAdministrators<'a> {
    /// The tenant's name.
    pub tenant: &'a str,
    /// The account's user ID.
    pub user: &'a str,
    /// When and from where it was reported.
    pub occasion: Occasion<'a>,
    /// The user's page in the administrators' portal. It asks to sign in.
    pub portal: &'a str,
}

/// The mail to the administrators about a locked account.
pub fn frozen_for_administrators(texts: Texts, mail: &FrozenForAdministrators<'_>) -> Content {
    let args = [("tenant", mail.tenant.into()), ("user", mail.user.into())];
    let subject = texts.plain("mail-frozen-admin-subject", &args);
    Letter::new(texts, mail.tenant, subject)
        .say("mail-frozen-admin-intro", &[("user", mail.user.into())])
        .time("mail-when", mail.occasion.when)
        .fact("mail-where", &mail.occasion.origin())
        .say("mail-frozen-admin-check", &[])
        .link("mail-frozen-admin-link", mail.portal)
        .finish()
}

/// The facts of "your account is locked", to its owner.
#[derive(Clone, Copy)]
pub struct FrozenForUser<'a> {
    /// The tenant's name.
    pub tenant: &'a str,
    /// The account's user ID.
    pub user: &'a str,
    /// When and from where it was reported.
    pub occasion: Occasion<'a>,
}

/// The mail to the owner of a locked account.
pub fn frozen_for_user(texts: Texts, mail: &FrozenForUser<'_>) -> Content {
    let subject = texts.plain(
        "mail-frozen-user-subject",
        &[("tenant", mail.tenant.into())],
    );
    Letter::new(texts, mail.tenant, subject)
        .say("mail-frozen-user-intro", &[("user", mail.user.into())])
        .time("mail-when", mail.occasion.when)
        .fact("mail-where", &mail.occasion.origin())
        .say("mail-frozen-user-next", &[])
        .say("mail-frozen-user-not-you", &[])
        .finish()
}

/// The facts of "the limit for texts and calls was reached".
#[derive(Clone, Copy)]
pub struct SpendAlarm<'a> {
    /// The tenant's name.
    pub tenant: &'a str,
    /// Texts and calls of the day.
    pub sent: u32,
    /// The limit for a day.
    pub limit: u32,
    /// When texts and calls go out again.
    pub until: Timestamp,
    /// The administrators' portal. It asks to sign in.
    pub portal: &'a str,
}

/// The mail to the administrators about what texts and calls cost (specification 20, *Throttles*).
pub fn spend_alarm(texts: Texts, mail: &SpendAlarm<'_>) -> Content {
    let subject = texts.plain("mail-spend-subject", &[("tenant", mail.tenant.into())]);
    Letter::new(texts, mail.tenant, subject)
        .say(
            "mail-spend-intro",
            &[("sent", mail.sent.into()), ("limit", mail.limit.into())],
        )
        .time("mail-spend-until", mail.until)
        .say("mail-spend-still", &[])
        .say("mail-spend-check", &[])
        .link("mail-spend-link", mail.portal)
        .finish()
}
