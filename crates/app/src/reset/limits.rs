//! How many codes may go out: to one mailbox or number, to one country, for one tenant in a day.
//! Whoever sends codes asks here, so that one limit holds for all of them.

use std::time::Duration;

use latchkey_core::audit::Activity;
use latchkey_core::reset::Subject;
use latchkey_crypto::keys::Purpose;
use latchkey_i18n::Texts;
use latchkey_notify::messages::{self, SpendAlarm};
use latchkey_notify::{Destination, MessageKind};
use latchkey_store::{Tx, counts, rate};
use latchkey_types::{PhoneNumber, Timestamp};

use super::Case;
use super::notify::{administrators, portal, post};
use crate::audit::{self, Entry};
use crate::{App, AppError, Ctx};

/// Code mails to one mailbox: five at once, then one every two minutes.
const MAIL_BURST: u32 = 5;
const MAIL_INTERVAL: Duration = Duration::from_secs(120);

const HOUR: Duration = Duration::from_secs(60 * 60);
const DAY_US: i64 = 24 * 60 * 60 * 1_000_000;

fn is_known(case: &Case) -> bool {
    case.subject == Subject::Known
}

/// Whether a code may go out now: limits per mailbox or number, country and tenant. A decoy's
/// limits are kept for its own, made-up destination.
pub(crate) async fn may_send(
    tx: &mut Tx,
    app: &App,
    ctx: &Ctx,
    case: &Case,
    to: &Destination,
) -> Result<bool, AppError> {
    let tenant = case.tenant.id;
    let now = app.clock().now();
    // A decoy's destination is shared by many decoys: its id keeps them apart.
    let owner = if is_known(case) {
        String::new()
    } else {
        case.subject_id.to_string()
    };
    let parts: [&[u8]; 3] = [b"destination", owner.as_bytes(), to.address().as_bytes()];
    let tag = app.keys().tag(Purpose::SubjectName, &parts);
    let name = audit::hex(tag.as_bytes().get(..16).unwrap_or_default());
    match to {
        Destination::Mail(_) => {
            let bucket = format!("mail.{name}");
            Ok(rate::take(tx, &bucket, now, MAIL_INTERVAL, MAIL_BURST).await?)
        }
        Destination::Text(number) | Destination::Call(number) => {
            may_phone(tx, app, ctx, case, number, &name)
                .await
                .inspect(|may| {
                    if !may {
                        tracing::warn!(tenant = %tenant, "a limit for texts and calls was reached");
                    }
                })
        }
    }
}

async fn may_phone(
    tx: &mut Tx,
    app: &App,
    ctx: &Ctx,
    case: &Case,
    number: &PhoneNumber,
    name: &str,
) -> Result<bool, AppError> {
    let telephony = &case.tenant.settings.telephony;
    let tenant = case.tenant.id;
    let now = app.clock().now();
    let code = number.calling_code();
    if !telephony.calling_codes.is_empty() && !telephony.calling_codes.contains(&code) {
        return Ok(false);
    }
    let per = |count: u32| HOUR / count.max(1);
    let bucket = format!("phone.{name}");
    let most = telephony.per_number_hour;
    if !rate::take(tx, &bucket, now, per(most), most).await? {
        return Ok(false);
    }
    // A decoy sends nothing, and so takes nothing of what the tenant pays for.
    let real = if is_known(case) { "" } else { "decoy." };
    let bucket = format!("{real}prefix.{tenant}.{code}");
    let most = telephony.per_prefix_hour;
    if !rate::take(tx, &bucket, now, per(most), most).await? {
        alarm(tx, app, ctx, case, "country").await?;
        return Ok(false);
    }
    let day = now.0.div_euclid(DAY_US);
    let what = format!("{real}phone");
    let limit = i64::from(telephony.per_day);
    if counts::bump(tx, tenant, day, &what, limit).await?.is_none() {
        alarm(tx, app, ctx, case, "day").await?;
        return Ok(false);
    }
    Ok(true)
}

/// Tells the administrators, once a day, that texts and calls have reached a limit.
async fn alarm(
    tx: &mut Tx,
    app: &App,
    ctx: &Ctx,
    case: &Case,
    limit: &'static str,
) -> Result<(), AppError> {
    let tenant = &case.tenant;
    let now = app.clock().now();
    let bucket = format!("alarm.{limit}.{}", tenant.id);
    let day = Duration::from_secs(24 * 60 * 60);
    if !is_known(case) || !rate::take(tx, &bucket, now, day, 1).await? {
        return Ok(());
    }
    metrics::counter!("latchkey_spend_alarms_total", "limit" => limit).increment(1);
    let entry = Entry::new(Activity::SpendLimit).failed().because(limit);
    audit::record_one(tx, app, ctx, tenant, entry).await?;
    let today = now.0.div_euclid(DAY_US);
    let until = match limit {
        "day" => Timestamp((today + 1) * DAY_US),
        _ => now.plus(HOUR / tenant.settings.telephony.per_prefix_hour.max(1)),
    };
    let sent = counts::get(tx, tenant.id, today, "phone").await?;
    let sent = u32::try_from(sent).unwrap_or(u32::MAX);
    for admin in administrators(tx, case, None).await? {
        let texts = Texts::new(admin.locale);
        let content = messages::spend_alarm(
            texts,
            &SpendAlarm {
                tenant: &tenant.name,
                sent,
                limit: tenant.settings.telephony.per_day,
                until,
                portal: &portal(app),
            },
        );
        post(tx, app, case, MessageKind::Spend, admin, content).await?;
    }
    Ok(())
}
