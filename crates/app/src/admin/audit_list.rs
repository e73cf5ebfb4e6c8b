//! Reading the audit log.

use latchkey_core::audit::{Activity, Outcome};
use latchkey_store::audit::{self as log, StoredEvent};
use latchkey_types::{RequestId, TenantId, Timestamp, UserId};
use serde_json::{Value, json};

use super::{PAGE, find};
use crate::{App, AppError};

/// Which events. All that is given must hold.
#[derive(Debug, Clone, Default)]
pub struct EventFilter<'a> {
    /// The name of an activity.
    pub activity: Option<&'a str>,
    /// A user, by name or id, whom it is about or who did it. One who was deleted by id.
    pub user: Option<&'a str>,
    /// `success` or `failure`.
    pub result: Option<&'a str>,
    /// Not before that moment or day.
    pub from: Option<&'a str>,
    /// Before that moment or day.
    pub to: Option<&'a str>,
    /// The request, which people see as the support reference.
    pub request: Option<&'a str>,
}

/// A filter that is understood.
pub struct Query(log::Filter);

/// Reads a filter.
pub async fn query(app: &App, filter: &EventFilter<'_>) -> Result<Query, AppError> {
    let said = |error: latchkey_types::Malformed| AppError::Invalid(error.to_string());
    let activity = |name: &str| {
        Activity::parse(name).ok_or_else(|| {
            let names: Vec<&str> = Activity::ALL
                .iter()
                .map(|activity| activity.name())
                .collect();
            AppError::Invalid(format!(
                "there is no activity {name:?}; there are: {}",
                names.join("; ")
            ))
        })
    };
    let outcome = |text: &str| match text {
        "success" => Ok(Outcome::Success),
        "failure" => Ok(Outcome::Failure),
        _ => Err(AppError::Invalid("a result is success or failure".into())),
    };
    let user = match filter.user {
        None => None,
        Some(typed) => Some(match UserId::parse(typed) {
            Ok(id) => id,
            Err(_) => find::user(app, typed).await?.id,
        }),
    };
    Ok(Query(log::Filter {
        activity: filter.activity.map(activity).transpose()?,
        category: None,
        user,
        outcome: filter.result.map(outcome).transpose()?,
        from: filter
            .from
            .map(|text| Timestamp::parse(text).map_err(said))
            .transpose()?,
        to: filter
            .to
            .map(|text| Timestamp::parse(text).map_err(said))
            .transpose()?,
        request: filter
            .request
            .map(|text| RequestId::parse(text).map_err(said))
            .transpose()?,
    }))
}

/// Events in their order after a place (0 for the first page), each with its place. The last page
/// is empty.
pub async fn page(
    app: &App,
    tenant: TenantId,
    query: &Query,
    after: i64,
) -> Result<Vec<(i64, Value)>, AppError> {
    let events = app
        .db()
        .read(async |mut tx| {
            log::list(&mut tx, tenant, &query.0, after, PAGE)
                .await
                .map_err(AppError::from)
        })
        .await?;
    Ok(events
        .iter()
        .map(|stored| (stored.row.seq, event(stored)))
        .collect())
}

/// An event as a line of JSON Lines.
fn event(stored: &StoredEvent) -> Value {
    let row = &stored.row;
    let event = &row.event;
    let details: Value = serde_json::from_str(&event.details).unwrap_or(Value::Null);
    json!({
        "tenant": row.tenant.to_string(),
        "seq": row.seq,
        "id": event.id.to_string(),
        "time": event.at.rfc3339(),
        "activity": event.activity.name(),
        "category": event.activity.category().name(),
        "result": event.outcome.name(),
        "reason": event.reason,
        "actor": {"kind": event.actor_kind.name(), "id": event.actor_id},
        "target": {
            "kind": event.target_kind,
            "id": event.target_id.map(|id| id.to_string()),
            "name": event.target_name,
        },
        "request": event.request.to_string(),
        "session": event.session.map(|session| session.to_string()),
        "client": {"address": event.client_address, "class": event.client_class},
        "details": details,
        "hash": hex(&stored.hash),
    })
}

/// Bytes in hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
