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

/// A counted try.
pub(super) struct Try {
    counter: Counter,
    tag: Secret<[u8; 32]>,
}

/// Compares the present password. The try is counted first.
pub(super) async fn compare(
    app: &App,
    ctx: &Ctx,
    here: &Here,
    typed: &Password,
) -> Result<Attempt, AppError> {
    let (tenant, user) = (here.row.tenant, here.row.user);
    let begun = app
        .db()
        .write(async |mut tx| {
            let tx = &mut tx;
            Ok::<_, AppError>(match begin(tx, app, ctx, here, typed).await? {
                Ok(tried) => Ok((tried, accounts::password(tx, tenant, user).await?)),
                Err(until) => Err(until),
            })
        })
        .await?;
    let (tried, hash) = match begun {
        Ok((tried, stored)) => (tried, stored.unwrap_or_else(|| app.unmatchable())),
        Err(until) => return Ok(Attempt::Locked { until }),
    };
    let verdict = app.hashing().verify(normalise(typed), hash).await?;
    let is_right = matches!(verdict, Verdict::Right { .. });
    app.db()
        .write(async |mut tx| {
            let tx = &mut tx;
            if is_right {
                lockout::right(tx, tried.counter).await?;
                return Ok(Attempt::Right);
            }
            let entry = failed(here, "wrong_password");
            let began = tried.failed(tx, app, ctx, here, entry).await?;
            Ok(began.map_or(Attempt::Wrong, |until| Attempt::Locked { until }))
        })
        .await
}

/// Counts a try; `Err`: the end of the lock that is in force.
pub(super) async fn begin(
    tx: &mut Tx,
    app: &App,
    ctx: &Ctx,
    here: &Here,
    typed: &Password,
) -> Result<Result<Try, Timestamp>, AppError> {
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
    let typed = normalise(typed);
    let parts: [&[u8]; 3] = [
        tenant.0.as_bytes(),
        subject.0.as_bytes(),
        typed.expose().as_bytes(),
    ];
    let tag = Secret::new(*app.keys().tag(Purpose::WrongPassword, &parts).as_bytes());
    Ok(Ok(Try { counter, tag }))
}

impl Try {
    /// The same try, unlike any before: it counts though the same password was tried lately.
    pub(super) fn unlike_any(&self, app: &App) -> Self {
        Self {
            tag: Secret::new(latchkey_types::random_bytes::<32>(app.entropy())),
            counter: self.counter,
        }
    }

    /// It came to nothing; one of the last three does not count again. Gives the end of the lock, if
    /// this began one.
    pub(super) async fn failed(
        &self,
        tx: &mut Tx,
        app: &App,
        ctx: &Ctx,
        here: &Here,
        entry: Entry,
    ) -> Result<Option<Timestamp>, AppError> {
        let rule = Rule::from(&here.case.tenant.settings.sign_in);
        let began = lockout::wrong(tx, self.counter, rule, &self.tag, here.now).await?;
        record_one(tx, app, ctx, &here.case.tenant, entry).await?;
        if let Some(until) = began {
            lock(tx, app, ctx, here, self.counter, until).await?;
        }
        Ok(began)
    }
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
