//! My account: what is registered, what happened, and where one is signed in.

use latchkey_core::audit::{Activity, Outcome};
use latchkey_core::registration::Kind;
use latchkey_core::sign_in::{AccountFacts, SessionFacts, is_live};
use latchkey_store::sign_in_sessions::{self as sessions, SessionRow};
use latchkey_store::{Tx, audit as events};
use latchkey_types::{Masked, PhoneNumber, Secret, SignInSessionId, Timestamp};

use crate::audit::{Entry, record_one};
use crate::reset::Case;
use crate::sign_in::{Here, limits};
use crate::{App, AppError, Ctx};

/// How many events are shown.
const EVENTS: i64 = 10;

/// What a person is shown of their own history; everything else is for administrators.
const SHOWN: [Activity; 14] = [
    Activity::SignIn,
    Activity::AccountLocked,
    Activity::SessionEnded,
    Activity::ResetSelfService,
    Activity::ResetByAdmin,
    Activity::ChangePassword,
    Activity::Unlock,
    Activity::Blocked,
    Activity::Registered,
    Activity::SecurityInfoChanged,
    Activity::SecurityInfoConfirmed,
    Activity::MethodsChanged,
    Activity::UserChanged,
    Activity::ReportedNotMe,
];

/// The first page of somebody who is signed in.
#[derive(Debug, Clone)]
pub struct Account {
    /// What is registered.
    pub methods: Vec<Registered>,
    /// What happened, the newest first.
    pub events: Vec<Happened>,
    /// In how many browsers they are signed in, this one included.
    pub devices: usize,
}

/// Something registered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Registered {
    /// What.
    pub kind: Kind,
    /// Where it leads, masked.
    pub destination: Option<Masked>,
    /// How many of them.
    pub count: usize,
}

/// Something that happened to the account.
#[derive(Debug, Clone)]
pub struct Happened {
    /// What.
    pub activity: Activity,
    /// Whether it went as it was meant to.
    pub succeeded: bool,
    /// When.
    pub at: Timestamp,
    /// From which address, as far as the tenant lets it be kept; may be empty.
    pub address: String,
    /// With what, such as `Firefox, Windows`; may be empty.
    pub browser: String,
}

/// A browser in which somebody is signed in.
#[derive(Debug, Clone)]
pub struct Device {
    /// The session; what the form names.
    pub id: SignInSessionId,
    /// Whether it is this one.
    pub is_this: bool,
    /// Such as `Firefox, Windows`; may be empty.
    pub browser: String,
    /// The address at the sign-in, as far as the tenant lets it be kept; may be empty.
    pub address: String,
    /// When they signed in.
    pub since: Timestamp,
    /// When it was last used, to the minute.
    pub used_at: Timestamp,
}

/// What the first page shows. `None`: nobody is signed in with this cookie.
pub async fn account(app: &App, cookie: &Secret<String>) -> Result<Option<Account>, AppError> {
    app.db()
        .read(async |mut tx| {
            let tx = &mut tx;
            let Some(here) = Here::find(tx, app, cookie).await? else {
                return Ok(None);
            };
            let devices = list(tx, &here).await?.len();
            let (tenant, user) = (here.row.tenant, here.row.user);
            let rows = events::newest_about(tx, tenant, user, &SHOWN, EVENTS).await?;
            let events = rows.into_iter().map(|stored| {
                let event = stored.row.event;
                Happened {
                    activity: event.activity,
                    succeeded: event.outcome == Outcome::Success,
                    at: event.at,
                    address: event.client_address.unwrap_or_default(),
                    browser: event.client_class.unwrap_or_default(),
                }
            });
            Ok(Some(Account {
                methods: registered(&here.case),
                events: events.collect(),
                devices,
            }))
        })
        .await
}

fn registered(case: &Case) -> Vec<Registered> {
    let methods = &case.methods;
    let mail = methods.email.as_ref().map(|on| on.value.masked());
    let phone =
        |on: Option<&latchkey_core::reset::OnFile<PhoneNumber>>| on.map(|on| on.value.masked());
    let one = |kind, destination: Option<Masked>| Registered {
        kind,
        count: usize::from(destination.is_some()),
        destination,
    };
    let many = |kind, count| Registered {
        kind,
        destination: None,
        count,
    };
    [
        many(Kind::Passkey, methods.passkeys),
        many(Kind::Authenticator, methods.authenticators),
        one(Kind::Email, mail),
        one(Kind::Phone, phone(methods.mobile.as_ref())),
        one(Kind::OfficePhone, phone(methods.office.as_ref())),
        many(Kind::Questions, methods.questions),
        many(Kind::RecoveryCodes, methods.recovery_codes),
    ]
    .into_iter()
    .filter(|registered| registered.count > 0)
    .collect()
}

/// Where somebody is signed in, this browser first. `None`: nobody is signed in with this cookie.
pub async fn devices(app: &App, cookie: &Secret<String>) -> Result<Option<Vec<Device>>, AppError> {
    app.db()
        .read(async |mut tx| {
            let tx = &mut tx;
            let Some(here) = Here::find(tx, app, cookie).await? else {
                return Ok(None);
            };
            let mut devices: Vec<Device> = list(tx, &here)
                .await?
                .into_iter()
                .map(|row| Device {
                    is_this: row.id == here.row.id,
                    id: row.id,
                    browser: row.client_class,
                    address: row.client_address,
                    since: row.created_at,
                    used_at: row.used_at,
                })
                .collect();
            devices.sort_by_key(|device| (!device.is_this, std::cmp::Reverse(device.used_at)));
            Ok(Some(devices))
        })
        .await
}

/// The sessions of somebody that are good now.
async fn list(tx: &mut Tx, here: &Here) -> Result<Vec<SessionRow>, AppError> {
    let rows = sessions::list_for_user(tx, here.row.tenant, here.row.user, here.now).await?;
    let limits = limits(&here.case);
    let live = rows.into_iter().filter(|row| {
        let facts = SessionFacts {
            created_at: row.created_at,
            used_at: row.used_at,
            expires_at: row.expires_at,
            ended_at: row.ended_at,
            proven_at: row.proven_at,
            proven_twice_at: row.proven_twice_at,
        };
        let account = AccountFacts {
            // Else this session would not be one.
            is_enabled: true,
            sessions_valid_from: row.valid_from,
        };
        is_live(&facts, &account, limits, here.now)
    });
    Ok(live.collect())
}

/// Which sessions to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which {
    /// One, which may be this one.
    One(SignInSessionId),
    /// All but this one.
    Others,
}

/// Ends sessions of one's own; how many there were. `None`: nobody is signed in with this cookie.
pub async fn end_devices(
    app: &App,
    ctx: &Ctx,
    cookie: &Secret<String>,
    which: Which,
) -> Result<Option<u64>, AppError> {
    app.db()
        .write(async |mut tx| {
            let tx = &mut tx;
            let Some(here) = Here::find(tx, app, cookie).await? else {
                return Ok(None);
            };
            let (tenant, user, now) = (here.row.tenant, here.row.user, here.now);
            let ended = match which {
                Which::One(id) => u64::from(sessions::end(tx, tenant, user, id, now).await?),
                Which::Others => {
                    sessions::end_others(tx, tenant, user, Some(here.row.id), now).await?
                }
            };
            if ended > 0 {
                let entry = Entry::new(Activity::SessionEnded)
                    .on(here.target())
                    .with("sessions", ended);
                record_one(tx, app, ctx, &here.case.tenant, entry).await?;
            }
            Ok(Some(ended))
        })
        .await
}
