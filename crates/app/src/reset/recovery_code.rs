//! Typing a recovery code: each opens the gate once, and is used up even if nothing comes of the
//! reset.

use latchkey_core::reset::{Block, Gate, Stage, gates};
use latchkey_crypto::codes;
use latchkey_crypto::keys::Purpose;
use latchkey_i18n::Texts;
use latchkey_notify::MessageKind;
use latchkey_notify::messages::{self, Occasion};
use latchkey_store::{Tx, methods};
use latchkey_types::{Secret, TenantId, UserId};

use super::code::{Count, Try, count, settle};
use super::methods::{claimant, end_blocked, in_step};
use super::step::{Open, answer, say, unusable};
use super::{Notice, Outcome, post, recipients};
use crate::audit::hex;
use crate::{App, AppError, Ctx};

/// How a recovery code is stored: a keyed hash, bound to its owner. `normalised` is what
/// [`codes::normalise_recovery_code`] makes of it.
pub(crate) fn slot(
    app: &App,
    tenant: TenantId,
    user: UserId,
    normalised: &Secret<String>,
) -> String {
    let parts: [&[u8]; 3] = [
        tenant.0.as_bytes(),
        user.0.as_bytes(),
        normalised.expose().as_bytes(),
    ];
    hex(app.keys().tag(Purpose::RecoveryCode, &parts).as_bytes())
}

/// Tries a recovery code.
pub async fn recovery_code(
    app: &App,
    ctx: &Ctx,
    cookie: &Secret<String>,
    version: i64,
    typed: &str,
) -> Result<Option<Outcome>, AppError> {
    let typed = codes::normalise_recovery_code(typed);
    in_step(app, ctx, cookie, version, async |mut tx, open| {
        let tx = &mut tx;
        if *open.session.stage() != Stage::RecoveryCode {
            return Ok(say(app, &open, Notice::OutOfDate));
        }
        // What cannot be a code tells a stranger nothing, and is no try.
        let Some(typed) = &typed else {
            return unusable(tx, app, ctx, &open, Notice::Unreadable).await;
        };
        let gate = Gate::RecoveryCode;
        let left = match count(tx, &open, gate).await? {
            Count::Pass(left) => left,
            Count::Blocked(until, begins) => {
                let block = Block::Gate(gate);
                let moved = end_blocked(tx, app, ctx, open, block, until, begins).await?;
                return Ok(answer(app, moved, None));
            }
        };
        // One statement finds it and uses it up, for right and wrong, account and decoy. What is
        // compared is a keyed hash: the time that takes tells nothing about any code.
        let (tenant, subject) = (open.row.tenant, open.row.subject);
        let slot = slot(app, tenant, subject, typed);
        let is_used_up = methods::use_recovery_code(tx, tenant, subject, &slot).await?;
        let verdict = gates::recovery_code(claimant(&open), is_used_up);
        if verdict.is_ok() {
            tell(tx, app, ctx, &open).await?;
        }
        let tried = Try {
            gate,
            left,
            verdict,
            anew: None,
            why: None,
        };
        settle(tx, app, ctx, open, tried).await
    })
    .await
}

/// Tells the owner at every address that a code was used.
async fn tell(tx: &mut Tx, app: &App, ctx: &Ctx, open: &Open) -> Result<(), AppError> {
    let case = &open.case;
    let Some(user) = &case.user else {
        return Ok(());
    };
    let address = ctx.stored_address(case.tenant.settings.client_address);
    // As many as there were, without this one.
    let left = case.methods.recovery_codes.saturating_sub(1);
    for recipient in recipients(case, ctx.locale) {
        let content = messages::recovery_code_used(
            Texts::new(recipient.locale),
            &messages::RecoveryCodeUsed {
                tenant: &case.tenant.name,
                user: user.upn.as_str(),
                occasion: Occasion {
                    when: open.now,
                    address: &address,
                    browser: &ctx.browser,
                },
                left: u32::try_from(left).unwrap_or(u32::MAX),
            },
        );
        let kind = MessageKind::RecoveryCodeUsed;
        post(tx, app, case, kind, recipient, content).await?;
    }
    Ok(())
}
