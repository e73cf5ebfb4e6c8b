//! What the person is told, at the old and the new address.

use std::collections::BTreeSet;

use latchkey_core::registration::Kind;
use latchkey_i18n::Texts;
use latchkey_notify::messages::{
    self, ChangedMethod, NotMe, Occasion, SecurityInfoChanged, security_info_changed,
};
use latchkey_notify::{Destination, MessageKind};
use latchkey_store::Tx;
use latchkey_types::{EmailAddress, Masked};

use super::settle::{Change, How};
use crate::not_me::Deed;
use crate::outbox::{Draft, NOTICE_LIFETIME, enqueue};
use crate::reset::{Case, NOT_ME_VALID, addresses, may_send, not_me_token};
use crate::sign_in::Here;
use crate::{App, AppError, Ctx};

/// Tells of a change. A value that was only found right is no change.
pub(super) async fn changed(
    tx: &mut Tx,
    app: &App,
    ctx: &Ctx,
    here: &Here,
    after: &Case,
    change: &Change,
) -> Result<(), AppError> {
    let (Some(user), Some((kind, method))) = (&after.user, words(change)) else {
        return Ok(());
    };
    tell_old_number(tx, app, ctx, here, change).await?;
    let mut seen = BTreeSet::new();
    let everyone: Vec<EmailAddress> = addresses(&here.case)
        .into_iter()
        .chain(addresses(after))
        .filter(|address| seen.insert(address.key()))
        .collect();
    if everyone.is_empty() {
        return Ok(());
    }
    let token = not_me_token(tx, app, after, user.id, Deed::SecurityInfo, here.now).await?;
    let address = ctx.stored_address(after.tenant.settings.client_address);
    let occasion = Occasion {
        when: here.now,
        address: &address,
        browser: &ctx.browser,
    };
    let locale = after.message_locale(ctx.locale);
    for to in &everyone {
        let told: Vec<Masked> = everyone
            .iter()
            .filter(|other| *other != to)
            .map(EmailAddress::masked)
            .collect();
        let content = security_info_changed(
            Texts::new(locale),
            &SecurityInfoChanged {
                tenant: &after.tenant.name,
                user: user.upn.as_str(),
                change: kind,
                method,
                which: &change.which,
                occasion,
                told: &told,
                not_me: NotMe {
                    base: app.options().base.url(),
                    token: token.expose(),
                    valid: NOT_ME_VALID,
                },
            },
        );
        let draft = Draft {
            kind: MessageKind::SecurityInfo,
            to: Destination::Mail(to.clone()),
            locale,
            content,
            expires_at: here.now.plus(NOTICE_LIFETIME),
            is_void: false,
        };
        enqueue(tx, app, &after.data_key, draft).await?;
    }
    Ok(())
}

/// Tells the number that was replaced or removed, whose owner may be somebody else than whoever did it
/// (threat S15). It costs money, and counts among all other texts.
async fn tell_old_number(
    tx: &mut Tx,
    app: &App,
    ctx: &Ctx,
    here: &Here,
    change: &Change,
) -> Result<(), AppError> {
    let case = &here.case;
    let old = case.methods.mobile.as_ref().map(|on| on.value.clone());
    let (Kind::Phone, How::Replaced | How::Removed, Some(number)) = (change.kind, change.how, old)
    else {
        return Ok(());
    };
    let to = Destination::Text(number);
    if !may_send(tx, app, ctx, case, &to).await? {
        return Ok(());
    }
    let locale = case.message_locale(ctx.locale);
    let draft = Draft {
        kind: MessageKind::SecurityInfo,
        to,
        locale,
        content: messages::number_changed(Texts::new(locale), &case.tenant.name),
        expires_at: here.now.plus(NOTICE_LIFETIME),
        is_void: false,
    };
    enqueue(tx, app, &case.data_key, draft).await?;
    Ok(())
}

fn words(change: &Change) -> Option<(messages::Change, ChangedMethod)> {
    let kind = match change.how {
        How::Added => messages::Change::Added,
        How::Replaced => messages::Change::Replaced,
        How::Removed => messages::Change::Removed,
        How::Confirmed => return None,
    };
    let method = match change.kind {
        Kind::Passkey => ChangedMethod::Passkey,
        Kind::Authenticator => ChangedMethod::Authenticator,
        Kind::Email => ChangedMethod::Email,
        Kind::Phone => ChangedMethod::Phone,
        Kind::Questions => ChangedMethod::Questions,
        Kind::RecoveryCodes => ChangedMethod::RecoveryCodes,
        Kind::OfficePhone => return None,
    };
    Some((kind, method))
}
