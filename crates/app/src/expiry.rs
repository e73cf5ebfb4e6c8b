//! Passwords that expire: their owners are told by mail, on the first day of the notice and at 7, 3
//! and 1 days, once each. Specification: *Password policy*.

use std::time::Duration;

use latchkey_core::audit::{Activity, ActorKind};
use latchkey_core::model::Tenant;
use latchkey_core::reset::Subject;
use latchkey_core::sign_in::{notice_days, password_expires_at, set_before};
use latchkey_i18n::Texts;
use latchkey_notify::MessageKind;
use latchkey_notify::messages::{self, PasswordExpires};
use latchkey_store::registration::{self, Expiring};
use latchkey_store::{Tx, tenants};
use latchkey_types::{RequestId, TenantId, Timestamp, UserId};

use crate::audit::{Entry, Target, record};
use crate::reset::{Case, post, recipients};
use crate::{App, AppError, Ctx};

/// How many people one transaction tells: short, so that nobody waits long for the database.
const BATCH: i64 = 100;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Tells whoever has to be told now; how many. Any number of processes may do it, at any time and
/// again: what was told is recorded in the transaction that writes the mail.
pub async fn tell(app: &App) -> Result<u64, AppError> {
    let mut told = 0;
    let mut after: Option<TenantId> = None;
    loop {
        let page = app
            .db()
            .read(async |mut tx| {
                let page = tenants::list(&mut tx, after, 100).await;
                page.map_err(AppError::from)
            })
            .await?;
        let Some(last) = page.last() else { break };
        after = Some(last.id);
        for tenant in page.iter().filter(|tenant| tenant.enabled) {
            told += of_tenant(app, tenant).await?;
        }
    }
    Ok(told)
}

async fn of_tenant(app: &App, tenant: &Tenant) -> Result<u64, AppError> {
    let policy = &tenant.settings.password;
    let now = app.clock().now();
    let days = notice_days(policy);
    let mut told = 0;
    for (place, first) in days.iter().enumerate() {
        // Those who have reached this notice and not yet the next one, or the expiry.
        let next = days.get(place + 1).copied().unwrap_or(0);
        let (Some(to), Some(from)) = (
            set_before(policy, *first, now),
            set_before(policy, next, now),
        ) else {
            continue;
        };
        let mut after = None;
        loop {
            let (count, last) = batch(app, tenant, (from, to), *first, after).await?;
            told += count;
            match last {
                Some(last) => after = Some(last),
                None => break,
            }
        }
    }
    Ok(told)
}

/// Tells some; how many, and after whom to go on.
async fn batch(
    app: &App,
    tenant: &Tenant,
    span: (Timestamp, Timestamp),
    days: u8,
    after: Option<(Timestamp, UserId)>,
) -> Result<(u64, Option<(Timestamp, UserId)>), AppError> {
    let ctx = Ctx {
        request: RequestId::new(app.clock(), app.entropy()),
        address: None,
        browser: String::new(),
        locale: tenant.locale,
        actor: ActorKind::System,
    };
    // Found in a transaction that only reads: where all were told, nobody waits while the index is
    // looked through.
    let found = app
        .db()
        .read(async |mut tx| {
            registration::expiring(&mut tx, tenant.id, span, i64::from(days), after, BATCH)
                .await
                .map_err(AppError::from)
        })
        .await?;
    let Some(last) = found.last().map(|last| (last.set_at, last.user)) else {
        return Ok((0, None));
    };
    app.db()
        .write(async |mut tx| {
            let tx = &mut tx;
            let mut entries = Vec::new();
            for expiring in &found {
                entries.extend(one(tx, app, tenant, *expiring, days).await?);
            }
            let count = entries.len() as u64;
            if count > 0 {
                let privacy = tenant.settings.client_address;
                record(tx, app, &ctx, tenant.id, privacy, entries).await?;
            }
            Ok::<_, AppError>((count, Some(last)))
        })
        .await
}

async fn one(
    tx: &mut Tx,
    app: &App,
    tenant: &Tenant,
    expiring: Expiring,
    days: u8,
) -> Result<Option<Entry>, AppError> {
    let now = app.clock().now();
    let case = Case::gather(tx, app, tenant.id, Subject::Known, expiring.user, now).await?;
    let Some(case) = case else { return Ok(None) };
    let Some(user) = case.user.as_ref().filter(|user| user.enabled) else {
        return Ok(None);
    };
    let Some(when) = password_expires_at(user, &case.tenant.settings.password) else {
        return Ok(None);
    };
    let told = i64::from(days);
    if !registration::tell_expiry(tx, tenant.id, user.id, expiring.set_at, told).await? {
        return Ok(None);
    }
    let entry = Entry::new(Activity::PasswordExpiryNotice)
        .on(Some(Target::user(user)))
        .with("days", days);
    let Some(recipient) = recipients(&case, tenant.locale).into_iter().next() else {
        // Nowhere to write to; the page says it at the next sign-in.
        return Ok(Some(entry.failed().because("no_address")));
    };
    let left = when.since(now);
    let whole = u32::try_from(left.as_secs().div_ceil(DAY.as_secs())).unwrap_or(u32::MAX);
    let page = format!("{}/change-password", app.options().base.url());
    let content = messages::password_expires(
        Texts::new(recipient.locale),
        &PasswordExpires {
            tenant: &case.tenant.name,
            user: user.upn.as_str(),
            when,
            days: whole,
            page: &page,
        },
    );
    post(
        tx,
        app,
        &case,
        MessageKind::PasswordExpires,
        recipient,
        content,
    )
    .await?;
    Ok(Some(entry))
}
