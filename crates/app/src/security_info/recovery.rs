//! Recovery codes: ten, shown once; only their keyed hashes are kept.

use latchkey_core::registration::Kind;
use latchkey_crypto::codes;
use latchkey_store::methods;
use latchkey_types::{MethodId, Secret};

use super::enter::{Reply, Wish, enter, look};
use super::settle::{Change, How, Saved, settle};
use crate::reset::recovery_code_slot;
use crate::{App, AppError, Ctx};

/// How many there are on a sheet.
const CODES: usize = 10;

/// How many codes are left of the last sheet.
pub async fn recovery_page(app: &App, cookie: &Secret<String>) -> Reply<usize> {
    look(app, cookie, Wish::Register(Kind::RecoveryCodes), |here| {
        here.case.methods.recovery_codes
    })
    .await
}

/// Makes a new sheet in place of the one before. It is shown once.
pub async fn recovery_codes(
    app: &App,
    ctx: &Ctx,
    cookie: &Secret<String>,
) -> Reply<(Vec<Secret<String>>, Saved)> {
    enter(
        app,
        cookie,
        Wish::Register(Kind::RecoveryCodes),
        async |mut tx, here| {
            let tx = &mut tx;
            let (tenant, user) = (here.row.tenant, here.row.user);
            let sheet: Vec<Secret<String>> = (0..CODES)
                .map(|_| codes::recovery_code(app.entropy()))
                .collect();
            let slots: Vec<(MethodId, String)> = sheet
                .iter()
                .filter_map(|code| codes::normalise_recovery_code(code.expose()))
                .map(|normal| {
                    let id = MethodId::new(app.clock(), app.entropy());
                    (id, recovery_code_slot(app, tenant, user, &normal))
                })
                .collect();
            if slots.len() != CODES {
                return Err(AppError::bug("a recovery code that was made is none"));
            }
            if !methods::replace_recovery_codes(tx, tenant, user, &slots, here.now).await? {
                return Err(AppError::NotFound);
            }
            let had = here.case.methods.recovery_codes > 0;
            let change = Change {
                kind: Kind::RecoveryCodes,
                how: if had { How::Replaced } else { How::Added },
                which: String::new(),
            };
            let saved = settle(tx, app, ctx, &here, cookie, change).await?;
            Ok(Ok((sheet, saved)))
        },
    )
    .await
}

/// The lines of a sheet that a page gives back to be downloaded, in their written form. `None`: it is
/// none. The service keeps nothing with which it could compare them.
pub fn sheet(lines: &str) -> Option<Vec<Secret<String>>> {
    let mut sheet = Vec::new();
    for line in lines.split_whitespace() {
        let normal = codes::normalise_recovery_code(line)?;
        sheet.push(codes::grouped_recovery_code(&normal));
    }
    (sheet.len() == CODES).then_some(sheet)
}
