//! My account, and where one is signed in.

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::routing::get;
use http::StatusCode;
use latchkey_app::account::{self, Happened, Registered, Which};
use latchkey_core::audit::Activity;
use latchkey_core::registration::Kind;
use latchkey_http::{Incoming, Posted};
use latchkey_i18n::Texts;
use latchkey_types::SignInSessionId;

use crate::layout::{Alert, Layout, page};
use crate::portal::Portal;
use crate::reset::{Answer, see_other};
use crate::signed_in::{Here, Place};

pub(crate) fn routes() -> Router<Portal> {
    Router::new()
        .route("/account", get(show))
        .route("/account/devices", get(devices).post(end))
}

#[derive(Template)]
#[template(path = "account/index.html")]
struct AccountPage {
    l: Layout,
    name: String,
    user_id: String,
    methods: Vec<Line>,
    devices: String,
    events: Vec<Event>,
}

/// A line about something registered.
struct Line {
    name: String,
    destination: Option<String>,
    detail: Option<String>,
}

/// A line about something that happened.
struct Event {
    what: String,
    when: String,
    moment: String,
    place: String,
}

#[derive(Template)]
#[template(path = "account/devices.html")]
struct DevicesPage {
    l: Layout,
    devices: Vec<Device>,
    others: bool,
}

struct Device {
    id: String,
    name: String,
    is_this: bool,
    address: String,
    since: Moment,
    used: Moment,
}

struct Moment {
    text: String,
    moment: String,
}

/// The first page.
async fn show(State(portal): State<Portal>, incoming: Incoming) -> Answer {
    let here = Here::require(&portal, &incoming, Place::Account).await?;
    let Some(found) = account::account(&portal, &here.cookie).await? else {
        return Ok(see_other(Place::Account.sign_in()));
    };
    let t = here.texts();
    let mut l = here.layout("/account", t.get("account-heading"));
    l.wide = true;
    let template = AccountPage {
        l,
        name: here.me.name.clone(),
        user_id: here.me.user_id.clone(),
        methods: found.methods.iter().map(|m| line(t, m)).collect(),
        devices: t.with("account-devices-count", &[("count", found.devices.into())]),
        events: found
            .events
            .iter()
            .map(|event| happened(t, event))
            .collect(),
    };
    Ok(page(StatusCode::OK, t.locale(), &template)?)
}

fn line(t: Texts, registered: &Registered) -> Line {
    let name = t.get(match registered.kind {
        Kind::Passkey => "account-method-passkey",
        Kind::Authenticator => "account-method-authenticator",
        Kind::Email => "account-method-email",
        Kind::Phone => "account-method-phone",
        Kind::OfficePhone => "account-method-office",
        Kind::Questions => "account-method-questions",
        Kind::RecoveryCodes => "account-method-recovery-codes",
    });
    let is_many = registered.destination.is_none();
    Line {
        name,
        destination: registered.destination.as_ref().map(ToString::to_string),
        detail: is_many.then(|| {
            t.with(
                "account-method-count",
                &[("count", registered.count.into())],
            )
        }),
    }
}

fn happened(t: Texts, event: &Happened) -> Event {
    let what = match (event.activity, event.succeeded) {
        (Activity::SignIn, true) => "account-event-sign-in",
        (Activity::SignIn, false) => "account-event-sign-in-failed",
        (Activity::AccountLocked, _) => "account-event-locked",
        (Activity::SessionEnded, _) => "account-event-session-ended",
        (Activity::ResetSelfService, true) => "account-event-reset",
        (Activity::ResetSelfService, false) => "account-event-reset-failed",
        (Activity::ResetByAdmin, _) => "account-event-reset-by-admin",
        (Activity::ChangePassword, true) => "account-event-change",
        (Activity::ChangePassword, false) => "account-event-change-failed",
        (Activity::Unlock, _) => "account-event-unlock",
        (Activity::Blocked, _) => "account-event-blocked",
        (Activity::Registered | Activity::SecurityInfoChanged, _) => "account-event-registered",
        (Activity::SecurityInfoConfirmed, _) => "account-event-confirmed",
        (Activity::MethodsChanged, _) => "account-event-methods",
        (Activity::ReportedNotMe, _) => "account-event-not-me",
        _ => "account-event-changed",
    };
    let place = [event.address.as_str(), event.browser.as_str()]
        .into_iter()
        .filter(|part| !part.is_empty())
        .collect::<Vec<_>>()
        .join(", ");
    Event {
        what: t.get(what),
        when: t.date_time(event.at),
        moment: event.at.rfc3339(),
        place,
    }
}

/// Where they are signed in.
async fn devices(State(portal): State<Portal>, incoming: Incoming) -> Answer {
    let here = Here::require(&portal, &incoming, Place::Account).await?;
    let note = incoming.query("n").is_some_and(|note| note == "ended");
    let alert = note.then(|| Alert::info(here.texts().get("devices-ended")));
    show_devices(&portal, &here, alert).await
}

async fn show_devices(portal: &Portal, here: &Here, alert: Option<Alert>) -> Answer {
    let Some(found) = account::devices(portal, &here.cookie).await? else {
        return Ok(see_other(Place::Account.sign_in()));
    };
    let t = here.texts();
    let moment = |at: latchkey_types::Timestamp| Moment {
        text: t.date_time(at),
        moment: at.rfc3339(),
    };
    let devices: Vec<Device> = found
        .into_iter()
        .map(|device| Device {
            id: device.id.to_string(),
            name: if device.browser.is_empty() {
                t.get("devices-unknown")
            } else {
                device.browser
            },
            is_this: device.is_this,
            address: device.address,
            since: moment(device.since),
            used: moment(device.used_at),
        })
        .collect();
    let mut l = here.layout("/account/devices", t.get("devices-heading"));
    l.alert = alert;
    l.wide = true;
    let template = DevicesPage {
        others: devices.len() > 1,
        devices,
        l,
    };
    Ok(page(StatusCode::OK, t.locale(), &template)?)
}

/// Ends one session, or all but this one.
async fn end(State(portal): State<Portal>, incoming: Incoming, posted: Posted) -> Answer {
    let names = ["id", "all"];
    let (here, fields) =
        Here::posted(&portal, &incoming, Place::Account, &posted, &names, &[]).await?;
    let which = if fields.text("all") == "yes" {
        Which::Others
    } else if let Ok(id) = SignInSessionId::parse(fields.text("id")) {
        Which::One(id)
    } else {
        return Ok(see_other("/account/devices"));
    };
    account::end_devices(&portal, here.ctx(), &here.cookie, which).await?;
    Ok(see_other("/account/devices?n=ended"))
}
