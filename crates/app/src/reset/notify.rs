//! What the reset portal tells people, and how often it may.

use std::time::Duration;

use latchkey_core::model::{Role, User};
use latchkey_core::reset::{Deed as What, Gate, Ineligible, Reason, gates};
use latchkey_core::settings::Contact;
use latchkey_crypto::codes::{self, Digits};
use latchkey_crypto::keys::Purpose;
use latchkey_i18n::Texts;
use latchkey_notify::messages::{
    self, AdministratorReset, BlockedScope, CodeCall, CodeMail, CodeText, Help, Missing,
    MissingReason, NotMe, Occasion, PasswordReset,
};
use latchkey_notify::{Content, Destination, MessageKind};
use latchkey_store::challenges::NewChallenge;
use latchkey_store::links::NewLink;
use latchkey_store::{Tx, accounts, challenges, links, rate};
use latchkey_types::{ChallengeId, EmailAddress, Locale, Masked, MessageId, Timestamp};

use super::Case;
use super::code::code_tag;
use super::limits;
use super::step::{Open, is_known};
use crate::not_me::Deed;
use crate::outbox::{Draft, NOTICE_LIFETIME, enqueue};
use crate::{App, AppError, Ctx};

/// How long *this was not me* works.
pub(crate) const NOT_ME_VALID: Duration = Duration::from_secs(72 * 60 * 60);

/// Recipients of a mail to administrators.
const ADMINISTRATORS: i64 = 100;

const HOUR: Duration = Duration::from_secs(60 * 60);

/// Whether a code may go out now: limits per mailbox or number, country and tenant. A decoy's
/// limits are kept for its own, made-up destination.
pub(super) async fn may_send(
    tx: &mut Tx,
    app: &App,
    ctx: &Ctx,
    open: &Open,
    gate: Gate,
) -> Result<bool, AppError> {
    let Some(to) = open.case.destination(gate) else {
        return Ok(true);
    };
    limits::may_send(tx, app, ctx, &open.case, &to).await
}

/// Makes a code, in place of the last one of this session and gate, and sends it.
pub(super) async fn send_code(
    tx: &mut Tx,
    app: &App,
    open: &Open,
    gate: Gate,
) -> Result<(), AppError> {
    let Some(to) = open.case.destination(gate) else {
        return Err(AppError::bug("a gate without a destination was started"));
    };
    let digits = if gate == Gate::Email {
        Digits::Eight
    } else {
        Digits::Six
    };
    let code = codes::numeric_code(app.entropy(), digits);
    let expires_at = open.now.plus(gates::CODE_VALID);
    let tag = code_tag(app, open, gate, &code);
    let new = NewChallenge {
        id: ChallengeId::new(app.clock(), app.entropy()),
        session: open.row.id,
        gate,
        tag: tag.expose(),
        state: None,
        created_at: open.now,
        expires_at,
    };
    challenges::insert(tx, open.row.tenant, &new).await?;
    let locale = open.case.message_locale(open.row.locale);
    let texts = Texts::new(locale);
    let tenant = open.case.tenant.name.as_str();
    let (kind, content) = match to {
        Destination::Mail(_) => {
            let mail = CodeMail {
                tenant,
                code: code.expose(),
                valid: gates::CODE_VALID,
            };
            (MessageKind::Code, messages::code_mail(texts, &mail))
        }
        Destination::Text(_) => {
            let host = app.options().base.name();
            let text = CodeText {
                tenant,
                code: code.expose(),
                host,
            };
            (MessageKind::Code, messages::code_text(texts, &text))
        }
        Destination::Call(_) => {
            let call = CodeCall {
                tenant,
                code: code.expose(),
            };
            (MessageKind::Code, messages::code_call(texts, &call))
        }
    };
    let is_void = !is_known(open);
    let draft = Draft {
        kind,
        to,
        locale,
        content,
        expires_at,
        is_void,
    };
    enqueue(tx, app, &open.case.data_key, draft).await?;
    Ok(())
}

/// Somebody to be told by mail.
pub(crate) struct Recipient {
    pub to: EmailAddress,
    pub locale: Locale,
}

/// Every mail address on file for an account, each once.
pub(crate) fn addresses(case: &Case) -> Vec<EmailAddress> {
    let Some(user) = &case.user else {
        return Vec::new();
    };
    let private = case
        .methods
        .email
        .as_ref()
        .map(|on_file| on_file.value.clone());
    let mut seen = std::collections::BTreeSet::new();
    user.mail
        .iter()
        .chain(&user.other_mails)
        .filter_map(|text| EmailAddress::parse(text).ok())
        .chain(private)
        .filter(|address| seen.insert(address.key()))
        .collect()
}

/// Who is told of a reset, masked, as the last page says.
pub(super) fn told(case: &Case) -> Vec<Masked> {
    if !case.tenant.settings.notifications.users {
        return Vec::new();
    }
    addresses(case).iter().map(EmailAddress::masked).collect()
}

/// The owner, at every address on file.
pub(crate) fn recipients(case: &Case, page: Locale) -> Vec<Recipient> {
    let locale = case.message_locale(page);
    addresses(case)
        .into_iter()
        .map(|to| Recipient { to, locale })
        .collect()
}

pub(super) async fn administrators(
    tx: &mut Tx,
    case: &Case,
    except: Option<&User>,
) -> Result<Vec<Recipient>, AppError> {
    let roles: Vec<Role> = Role::ALL
        .iter()
        .copied()
        .filter(|role| role.is_administrator())
        .collect();
    by_roles(tx, case, &roles, except).await
}

async fn by_roles(
    tx: &mut Tx,
    case: &Case,
    roles: &[Role],
    except: Option<&User>,
) -> Result<Vec<Recipient>, AppError> {
    let mut users: Vec<User> = Vec::new();
    for role in roles {
        let filter = accounts::Filter {
            role: Some(*role),
            enabled: Some(true),
            ..Default::default()
        };
        users.extend(accounts::list(tx, case.tenant.id, &filter, None, ADMINISTRATORS).await?);
    }
    users.sort_by_key(|user| user.id);
    users.dedup_by_key(|user| user.id);
    users.truncate(usize::try_from(ADMINISTRATORS).unwrap_or_default());
    Ok(users
        .into_iter()
        .filter(|user| except.is_none_or(|except| except.id != user.id))
        .filter_map(|user| {
            let to = user.mail.as_deref().or(Some(user.upn.as_str()));
            let to = to.and_then(|text| EmailAddress::parse(text).ok())?;
            Some(Recipient {
                to,
                locale: user.locale.unwrap_or(case.tenant.locale),
            })
        })
        .collect())
}

/// Puts a notice into the outbox.
pub(crate) async fn post(
    tx: &mut Tx,
    app: &App,
    case: &Case,
    kind: MessageKind,
    recipient: Recipient,
    content: Content,
) -> Result<MessageId, AppError> {
    post_if(tx, app, case, true, kind, recipient, content).await
}

/// Puts a mail into the outbox; not `real`: to be thrown away.
async fn post_if(
    tx: &mut Tx,
    app: &App,
    case: &Case,
    real: bool,
    kind: MessageKind,
    recipient: Recipient,
    content: Content,
) -> Result<MessageId, AppError> {
    let draft = Draft {
        kind,
        to: Destination::Mail(recipient.to),
        locale: recipient.locale,
        content,
        expires_at: app.clock().now().plus(NOTICE_LIFETIME),
        is_void: !real,
    };
    enqueue(tx, app, &case.data_key, draft).await
}

/// A new single-use token for *this was not me*.
pub(crate) async fn not_me_token(
    tx: &mut Tx,
    app: &App,
    case: &Case,
    user: latchkey_types::UserId,
    deed: Deed,
    now: latchkey_types::Timestamp,
) -> Result<latchkey_types::Secret<String>, AppError> {
    let token = codes::token(app.entropy());
    let tag = app
        .keys()
        .tag(Purpose::LinkToken, &[b"not me", token.expose().as_bytes()]);
    let new = NewLink {
        id: ChallengeId::new(app.clock(), app.entropy()).0,
        purpose: deed.purpose(),
        tag: tag.as_bytes(),
        user,
        created_at: now,
        expires_at: now.plus(NOT_ME_VALID),
    };
    links::insert(tx, case.tenant.id, &new).await?;
    Ok(token)
}

/// Tells the owner at every address, and the other administrators if the owner is one. Returns how
/// many were told.
pub(super) async fn was_reset(
    tx: &mut Tx,
    app: &App,
    ctx: &Ctx,
    open: &Open,
) -> Result<usize, AppError> {
    was_written(tx, app, ctx, &open.case, open.now, What::Reset).await
}

/// The same of what was done in a directory.
pub(crate) async fn was_written(
    tx: &mut Tx,
    app: &App,
    ctx: &Ctx,
    case: &Case,
    now: Timestamp,
    what: What,
) -> Result<usize, AppError> {
    let (kind, letter): (_, fn(Texts, &PasswordReset<'_>) -> Content) = match what {
        What::Reset => (MessageKind::PasswordReset, messages::password_reset),
        What::Unlock => (MessageKind::AccountUnlocked, messages::account_unlocked),
    };
    let Some(user) = &case.user else { return Ok(0) };
    let address = ctx.stored_address(case.tenant.settings.client_address);
    let occasion = Occasion {
        when: now,
        address: &address,
        browser: &ctx.browser,
    };
    let mut count = 0;
    if case.tenant.settings.notifications.users {
        let token = not_me_token(tx, app, case, case.subject_id, Deed::Reset, now).await?;
        let everyone = recipients(case, ctx.locale);
        let masks: Vec<(EmailAddress, Masked)> = everyone
            .iter()
            .map(|r| (r.to.clone(), r.to.masked()))
            .collect();
        for recipient in everyone {
            let others: Vec<Masked> = masks
                .iter()
                .filter(|(to, _)| *to != recipient.to)
                .map(|(_, mask)| mask.clone())
                .collect();
            let content = letter(
                Texts::new(recipient.locale),
                &PasswordReset {
                    tenant: &case.tenant.name,
                    user: user.upn.as_str(),
                    occasion,
                    told: &others,
                    not_me: NotMe {
                        base: app.options().base.url(),
                        token: token.expose(),
                        valid: NOT_ME_VALID,
                    },
                },
            );
            post(tx, app, case, kind, recipient, content).await?;
            count += 1;
        }
    }
    if what == What::Reset
        && user.is_administrator()
        && case.tenant.settings.notifications.administrators
    {
        for recipient in administrators(tx, case, Some(user)).await? {
            let content = messages::administrator_reset(
                Texts::new(recipient.locale),
                &AdministratorReset {
                    tenant: &case.tenant.name,
                    user: user.upn.as_str(),
                    occasion,
                },
            );
            post(
                tx,
                app,
                case,
                MessageKind::AdministratorReset,
                recipient,
                content,
            )
            .await?;
            count += 1;
        }
    }
    Ok(count)
}

/// Tells the owner, once, that self-service or one gate is blocked. For a decoy the same is written,
/// and thrown away.
pub(super) async fn blocked(
    tx: &mut Tx,
    app: &App,
    ctx: &Ctx,
    open: &Open,
    gate: Option<Gate>,
    until: Timestamp,
) -> Result<(), AppError> {
    let case = &open.case;
    let address = ctx.stored_address(case.tenant.settings.client_address);
    let occasion = Occasion {
        when: open.now,
        address: &address,
        browser: &ctx.browser,
    };
    let scope = if gate.is_some() {
        BlockedScope::OneMethod
    } else {
        BlockedScope::Everything
    };
    let everyone = if is_known(open) {
        recipients(case, ctx.locale)
    } else {
        case.methods
            .email
            .iter()
            .map(|on_file| Recipient {
                to: on_file.value.clone(),
                locale: ctx.locale,
            })
            .collect()
    };
    for recipient in everyone {
        let content = messages::blocked(
            Texts::new(recipient.locale),
            &messages::Blocked {
                tenant: &case.tenant.name,
                user: user_name(open),
                scope,
                occasion,
                until,
            },
        );
        let kind = MessageKind::Blocked;
        post_if(tx, app, case, is_known(open), kind, recipient, content).await?;
    }
    Ok(())
}

/// Tells the owner, once for each lock, that wrong passwords or codes locked the account. For a decoy
/// the same is written, and thrown away.
pub(crate) async fn locked(
    tx: &mut Tx,
    app: &App,
    ctx: &Ctx,
    case: &Case,
    typed: &str,
    until: Timestamp,
) -> Result<(), AppError> {
    let address = ctx.stored_address(case.tenant.settings.client_address);
    let occasion = Occasion {
        when: app.clock().now(),
        address: &address,
        browser: &ctx.browser,
    };
    let is_real = case.user.is_some();
    for recipient in owners(case, ctx.locale) {
        let content = messages::account_locked(
            Texts::new(recipient.locale),
            &messages::AccountLocked {
                tenant: &case.tenant.name,
                user: case.user.as_ref().map_or(typed, |user| user.upn.as_str()),
                occasion,
                until,
            },
        );
        let kind = MessageKind::AccountLocked;
        post_if(tx, app, case, is_real, kind, recipient, content).await?;
    }
    Ok(())
}

/// Whom to tell about an account; for a decoy, the mailbox that it seems to have.
fn owners(case: &Case, page: Locale) -> Vec<Recipient> {
    if case.user.is_some() {
        return recipients(case, page);
    }
    let mailbox = case.methods.email.iter();
    mailbox
        .map(|on_file| Recipient {
            to: on_file.value.clone(),
            locale: page,
        })
        .collect()
}

/// The user principal name of the account; of a decoy, the name as it was typed.
fn user_name(open: &Open) -> &str {
    let user = open.case.user.as_ref().filter(|_| is_known(open));
    user.map_or(open.typed.as_str(), |user| user.upn.as_str())
}

/// Tells the owner by mail what the page does not say. One message for every name, void where there
/// is nothing to tell.
pub(super) async fn missing(
    tx: &mut Tx,
    app: &App,
    ctx: &Ctx,
    case: &Case,
    typed: &str,
    hidden: Option<&Ineligible>,
) -> Result<(), AppError> {
    let now = app.clock().now();
    let address = ctx.stored_address(case.tenant.settings.client_address);
    let occasion = Occasion {
        when: now,
        address: &address,
        browser: &ctx.browser,
    };
    let reason = match hidden.map_or(Reason::AccountDisabled, |no| no.deciding) {
        Reason::TenantSsprDisabled => MissingReason::TurnedOff,
        Reason::PolicyNotDefined => MissingReason::NoMethodEnabled,
        Reason::NotMemberOfScopedGroup => MissingReason::NotInGroup,
        Reason::NotLicensed => MissingReason::NotLicensed,
        Reason::WritebackNotEnabled => MissingReason::WritebackOff,
        Reason::NotProperlyConfigured => MissingReason::TooFewMethods {
            usable: case.usable_factors(now),
            needed: case.gates_required(now),
        },
        Reason::OnPremisesConnectivity => MissingReason::DirectoryUnreachable,
        Reason::OnPremisesAdminActionRequired => MissingReason::DirectoryFault,
        Reason::AccountDisabled => MissingReason::AccountDisabled,
    };
    let reference = ctx.request.to_string();
    let recipient = recipients(case, ctx.locale).into_iter().next();
    let is_void = hidden.is_none() || recipient.is_none();
    let nobody = || EmailAddress::parse("nobody@invalid.example").ok();
    let locale = recipient
        .as_ref()
        .map_or(ctx.locale, |recipient| recipient.locale);
    let Some(to) = recipient.map(|recipient| recipient.to).or_else(nobody) else {
        return Err(AppError::bug("an address for nobody is malformed"));
    };
    let content = messages::missing(
        Texts::new(locale),
        &Missing {
            tenant: &case.tenant.name,
            user: case.user.as_ref().map_or(typed, |user| user.upn.as_str()),
            reason,
            occasion,
            reference: &reference,
        },
    );
    let draft = Draft {
        kind: MessageKind::Missing,
        to: Destination::Mail(to),
        locale,
        content,
        expires_at: now.plus(NOTICE_LIFETIME),
        is_void,
    };
    enqueue(tx, app, &case.data_key, draft).await?;
    Ok(())
}

/// Asks the administrators for help: Password Administrators, else User Administrators, else Global
/// Administrators; once an hour per user. For a decoy the same is written, and thrown away.
pub(super) async fn help(tx: &mut Tx, app: &App, ctx: &Ctx, open: &Open) -> Result<(), AppError> {
    let case = &open.case;
    if case.tenant.settings.contact != Contact::Off {
        // The page has led to the tenant's own way.
        return Ok(());
    }
    let bucket = format!("help.{}.{}", case.tenant.id, open.row.subject);
    if !rate::take(tx, &bucket, open.now, HOUR, 1).await? {
        return Ok(());
    }
    let mut asked = Vec::new();
    for role in [
        Role::PasswordAdministrator,
        Role::UserAdministrator,
        Role::GlobalAdministrator,
    ] {
        if asked.is_empty() {
            asked = by_roles(tx, case, &[role], None).await?;
        }
    }
    let address = ctx.stored_address(case.tenant.settings.client_address);
    let occasion = Occasion {
        when: open.now,
        address: &address,
        browser: &ctx.browser,
    };
    let reference = open.row.request.to_string();
    for recipient in asked {
        let content = messages::help(
            Texts::new(recipient.locale),
            &Help {
                tenant: &case.tenant.name,
                user: user_name(open),
                reference: &reference,
                occasion,
                portal: &portal(app),
            },
        );
        let kind = MessageKind::Help;
        post_if(tx, app, case, is_known(open), kind, recipient, content).await?;
    }
    Ok(())
}

/// The administrators' portal; it asks to sign in.
pub(crate) fn portal(app: &App) -> String {
    format!("{}/admin", app.options().base.url())
}

/// Tells the owner and the administrators that the account is locked.
pub(crate) async fn frozen(tx: &mut Tx, app: &App, ctx: &Ctx, case: &Case) -> Result<(), AppError> {
    let Some(user) = &case.user else {
        return Ok(());
    };
    let address = ctx.stored_address(case.tenant.settings.client_address);
    let occasion = Occasion {
        when: app.clock().now(),
        address: &address,
        browser: &ctx.browser,
    };
    for recipient in recipients(case, ctx.locale) {
        let content = messages::frozen_for_user(
            Texts::new(recipient.locale),
            &messages::FrozenForUser {
                tenant: &case.tenant.name,
                user: user.upn.as_str(),
                occasion,
            },
        );
        post(tx, app, case, MessageKind::Frozen, recipient, content).await?;
    }
    let roles: Vec<Role> = Role::ALL
        .iter()
        .copied()
        .filter(|role| role.is_administrator())
        .collect();
    for recipient in by_roles(tx, case, &roles, Some(user)).await? {
        let content = messages::frozen_for_administrators(
            Texts::new(recipient.locale),
            &messages::FrozenForAdministrators {
                tenant: &case.tenant.name,
                user: user.upn.as_str(),
                occasion,
                portal: &portal(app),
            },
        );
        post(tx, app, case, MessageKind::Frozen, recipient, content).await?;
    }
    Ok(())
}
