//! Who is told of a change.

use latchkey_i18n::Texts;
use latchkey_notify::MessageKind;
use latchkey_notify::messages::{self, NotMe, Occasion, PasswordReset};
use latchkey_store::Tx;
use latchkey_types::{Masked, Timestamp};

use crate::reset::{Case, NOT_ME_VALID, not_me_token, post, recipients};
use crate::{App, AppError, Ctx};

/// Tells the owner at every address; masked, who was told.
pub(crate) async fn was_changed(
    tx: &mut Tx,
    app: &App,
    ctx: &Ctx,
    case: &Case,
    now: Timestamp,
) -> Result<Vec<Masked>, AppError> {
    if !case.tenant.settings.notifications.users {
        return Ok(Vec::new());
    }
    let address = ctx.stored_address(case.tenant.settings.client_address);
    let occasion = Occasion {
        when: now,
        address: &address,
        browser: &ctx.browser,
    };
    let token = not_me_token(
        tx,
        app,
        case,
        case.subject_id,
        crate::not_me::Deed::Change,
        now,
    )
    .await?;
    let everyone = recipients(case, ctx.locale);
    let masks: Vec<Masked> = everyone.iter().map(|r| r.to.masked()).collect();
    for (place, recipient) in everyone.into_iter().enumerate() {
        let others: Vec<Masked> = masks
            .iter()
            .enumerate()
            .filter(|(other, _)| *other != place)
            .map(|(_, mask)| mask.clone())
            .collect();
        let content = messages::password_changed(
            Texts::new(recipient.locale),
            &PasswordReset {
                tenant: &case.tenant.name,
                user: case.user.as_ref().map_or("", |user| user.upn.as_str()),
                occasion,
                told: &others,
                not_me: NotMe {
                    base: app.options().base.url(),
                    token: token.expose(),
                    valid: NOT_ME_VALID,
                },
            },
        );
        let kind = MessageKind::PasswordChanged;
        post(tx, app, case, kind, recipient, content).await?;
    }
    Ok(masks)
}
