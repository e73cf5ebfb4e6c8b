//! The present password: it is asked for although there is a session, and a wrong one counts like
//! one at the sign-in page.

use latchkey_core::audit::Activity;
use latchkey_core::password::normalise;
use latchkey_core::sign_in::lockout::{Rule, Verdict as Lock, familiar_since};
use latchkey_crypto::argon::Verdict;
use latchkey_crypto::keys::Purpose;
use latchkey_store::lockout::{self, Counter};
use latchkey_store::{Tx, accounts, networks};
use latchkey_types::{Password, Secret, Timestamp};

use super::failed;
use crate::audit::{Entry, record, record_one};
use crate::reset::locked;
use crate::sign_in::{Here, Pace, network_tag};
use crate::{App, AppError, Ctx};

/// What came of a try.
pub(super) enum Attempt {
    /// It is the password.
    Right,
    /// It is another one.
    Wrong,
    /// Not looked at: there were too many wrong ones.
    Locked {
        /// The end of the lock.
        until: Timestamp,
    },
}

/// Compares the present password. The try is counted first.
pub(super) async fn compare(
    app: &App,
    ctx: &Ctx,
    here: &Here,
    typed: &Password,
) -> Result<Attempt, AppError> {
    let typed = normalise(typed);
    let (tenant, user) = (here.row.tenant, here.row.user);
    let parts: [&[u8]; 3] = [
        tenant.0.as_bytes(),
        user.0.as_bytes(),
        typed.expose().as_bytes(),
    ];
    let tag = Secret::new(*app.keys().tag(Purpose::WrongPassword, &parts).as_bytes());
    let counted = app
        .db()
        .write(async |mut tx| count(&mut tx, app, ctx, here).await)
        .await?;
    let (counter, hash) = match counted {
        Ok(counted) => counted,
        Err(until) => return Ok(Attempt::Locked { until }),
    };
    let verdict = app.hashing().verify(typed, hash).await?;
    let is_right = matches!(verdict, Verdict::Right { .. });
    app.db()
        .write(async |mut tx| {
            let tx = &mut tx;
            if is_right {
                lockout::right(tx, counter).await?;
                return Ok(Attempt::Right);
            }
            let rule = Rule::from(&here.case.tenant.settings.sign_in);
            let began = lockout::wrong(tx, counter, rule, &tag, here.now).await?;
            let entry = failed(here, "wrong_password");
            record_one(tx, app, ctx, &here.case.tenant, entry).await?;
            match began {
                Some(until) => {
                    lock(tx, app, ctx, here, counter, until).await?;
                    Ok(Attempt::Locked { until })
                }
                None => Ok(Attempt::Wrong),
            }
        })
        .await
}

/// Counts a try; `Err`: the end of the lock that is in force.
async fn count(
    tx: &mut Tx,
    app: &App,
    ctx: &Ctx,
    here: &Here,
) -> Result<Result<(Counter, String), Timestamp>, AppError> {
    let (tenant, subject) = (here.row.tenant, here.row.user);
    let network = network_tag(app, ctx, &here.case);
    let since = familiar_since(here.now);
    let counter = Counter {
        tenant,
        subject,
        familiar: networks::is_familiar(tx, tenant, subject, &network, since).await?,
    };
    // Also the right one costs hashes: of those used before, and of the new one.
    here.pace(tx, "change", Pace::OF_HASHES).await?;
    let rule = Rule::from(&here.case.tenant.settings.sign_in);
    if let Lock::Locked { until, begins } = lockout::hit(tx, counter, rule, here.now).await? {
        if begins {
            lock(tx, app, ctx, here, counter, until).await?;
        }
        let entry = failed(here, "locked");
        record_one(tx, app, ctx, &here.case.tenant, entry).await?;
        return Ok(Err(until));
    }
    let stored = accounts::password(tx, tenant, subject).await?;
    Ok(Ok((counter, stored.unwrap_or_else(|| app.unmatchable()))))
}

/// Records that a lock began and tells the owner, once for each lock.
async fn lock(
    tx: &mut Tx,
    app: &App,
    ctx: &Ctx,
    here: &Here,
    counter: Counter,
    until: Timestamp,
) -> Result<(), AppError> {
    let typed = here.user_id();
    locked(tx, app, ctx, &here.case, typed, until).await?;
    let entry = Entry::new(Activity::AccountLocked)
        .on(here.target())
        .with("until", until.rfc3339())
        .with("familiar_network", counter.familiar);
    let tenant = &here.case.tenant;
    let privacy = tenant.settings.client_address;
    record(tx, app, ctx, tenant.id, privacy, vec![entry]).await
}
