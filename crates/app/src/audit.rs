//! Events, in the transaction of the act they describe.

use latchkey_core::audit::{Activity, Outcome};
use latchkey_core::model::{Tenant, User};
use latchkey_core::settings::ClientAddressPrivacy;
use latchkey_crypto::canonical::Canonical;
use latchkey_crypto::chain;
use latchkey_store::audit::{EventRow, NewEvent, StoredEvent};
use latchkey_store::{Tx, audit, tenants};
use latchkey_types::{EventId, SessionId, TenantId, UserId};
use serde_json::{Map, Value};

use crate::{App, AppError, Ctx};

/// What happened, without the circumstances, which are the request's.
#[derive(Clone)]
pub(crate) struct Entry {
    pub activity: Activity,
    pub outcome: Outcome,
    pub reason: Option<String>,
    pub target: Option<Target>,
    pub session: Option<SessionId>,
    pub details: Map<String, Value>,
}

/// Whom or what it happened to.
#[derive(Debug, Clone)]
pub(crate) struct Target {
    pub kind: &'static str,
    pub id: Option<uuid::Uuid>,
    pub name: String,
}

impl Target {
    /// A user.
    pub(crate) fn user(user: &User) -> Self {
        Self {
            kind: "user",
            id: Some(user.id.0),
            name: user.upn.as_str().to_owned(),
        }
    }

    /// Something else of the tenant's.
    pub(crate) fn thing(kind: &'static str, id: uuid::Uuid, name: &str) -> Self {
        Self {
            kind,
            id: Some(id),
            name: name.to_owned(),
        }
    }
}

impl Entry {
    /// A success without more.
    pub(crate) fn new(activity: Activity) -> Self {
        Self {
            activity,
            outcome: Outcome::Success,
            reason: None,
            target: None,
            session: None,
            details: Map::new(),
        }
    }

    pub(crate) fn failed(mut self) -> Self {
        self.outcome = Outcome::Failure;
        self
    }

    pub(crate) fn because(mut self, reason: impl Into<String>) -> Self {
        self.reason = Some(reason.into());
        self
    }

    pub(crate) fn on(mut self, target: Option<Target>) -> Self {
        self.target = target;
        self
    }

    pub(crate) const fn in_session(mut self, session: SessionId) -> Self {
        self.session = Some(session);
        self
    }

    pub(crate) fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.details.insert(name.to_owned(), value.into());
        self
    }
}

/// Writes events into a tenant's chain.
pub(crate) async fn record(
    tx: &mut Tx,
    app: &App,
    ctx: &Ctx,
    tenant: TenantId,
    privacy: ClientAddressPrivacy,
    entries: Vec<Entry>,
) -> Result<(), AppError> {
    let at = app.clock().now();
    let events = entries
        .into_iter()
        .map(|entry| NewEvent {
            id: EventId::new(app.clock(), app.entropy()),
            at,
            activity: entry.activity,
            outcome: entry.outcome,
            reason: entry.reason,
            actor_kind: ctx.actor,
            actor_id: None,
            target_kind: entry.target.as_ref().map(|target| target.kind.to_owned()),
            target_id: entry.target.as_ref().and_then(|target| target.id),
            target_name: entry.target.map(|target| target.name),
            request: ctx.request,
            session: entry.session,
            client_address: Some(ctx.stored_address(privacy)).filter(|text| !text.is_empty()),
            client_class: Some(ctx.browser.clone()).filter(|text| !text.is_empty()),
            details: Value::Object(entry.details).to_string(),
        })
        .collect();
    audit::append(tx, tenant, events, &|previous, event| {
        link(app, previous, event)
    })
    .await?;
    Ok(())
}

/// Writes one event of a tenant whose settings are at hand.
pub(crate) async fn record_one(
    tx: &mut Tx,
    app: &App,
    ctx: &Ctx,
    tenant: &Tenant,
    entry: Entry,
) -> Result<(), AppError> {
    record(
        tx,
        app,
        ctx,
        tenant.id,
        tenant.settings.client_address,
        vec![entry],
    )
    .await
}

/// An event as the chain sees it: every field, each with its length.
pub(crate) fn canonical(row: &EventRow) -> Vec<u8> {
    let event = &row.event;
    Canonical::new("latchkey audit event v1")
        .number(row.seq)
        .bytes(event.id.0.as_bytes())
        .number(event.at.0)
        .text(event.activity.name())
        .text(event.activity.category().name())
        .text(event.outcome.name())
        .maybe_text(event.reason.as_deref())
        .text(event.actor_kind.name())
        .maybe_text(event.actor_id.as_deref())
        .maybe_text(event.target_kind.as_deref())
        .maybe_bytes(event.target_id.as_ref().map(|id| id.as_bytes().as_slice()))
        .maybe_text(event.target_name.as_deref())
        .bytes(event.request.0.as_bytes())
        .maybe_bytes(event.session.as_ref().map(|id| id.0.as_bytes().as_slice()))
        .maybe_text(event.client_address.as_deref())
        .maybe_text(event.client_class.as_deref())
        .text(&event.details)
        .as_bytes()
        .to_vec()
}

/// A place in a tenant's chain that does not fit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Broken {
    /// The sequence number of the event, or where one is missing.
    pub seq: i64,
    /// What is wrong.
    pub what: &'static str,
}

/// What verifying a chain found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// How many events there are.
    pub events: i64,
    /// The hash of the last one, to be kept elsewhere as an anchor.
    pub anchor: [u8; 32],
    /// The first place that does not fit.
    pub broken: Option<Broken>,
}

/// Proves that no event of a tenant was changed, removed or inserted.
pub async fn verify(app: &App, tenant: TenantId) -> Result<Verified, AppError> {
    const PAGE: i64 = 1_000;
    let base = app
        .db()
        .read(async |mut tx| audit::base(&mut tx, tenant).await.map_err(AppError::from))
        .await?;
    let (mut seq, mut hash) = base.unwrap_or((0, chain::genesis(tenant)));
    // The chain itself has to tell that its beginning was removed.
    let mut told = base.is_none();
    let broken = |seq, what| Some(Broken { seq, what });
    loop {
        let page = page(app, tenant, seq, PAGE).await?;
        if page.is_empty() {
            break;
        }
        for event in page {
            if event.row.seq != seq + 1 {
                let broken = broken(seq + 1, "an event is missing");
                return Ok(Verified {
                    events: seq,
                    anchor: hash,
                    broken,
                });
            }
            let next = link(app, &hash, &event.row);
            if next != event.hash {
                let broken = broken(event.row.seq, "the event was changed");
                return Ok(Verified {
                    events: seq,
                    anchor: hash,
                    broken,
                });
            }
            hash = next;
            seq = event.row.seq;
            told = told || tells_of(&event.row.event, base);
        }
    }
    if !told {
        let broken = broken(
            base.map_or(0, |base| base.0),
            "the beginning was removed unrecorded",
        );
        return Ok(Verified {
            events: seq,
            anchor: hash,
            broken,
        });
    }
    let head = app
        .db()
        .read(async |mut tx| audit::head(&mut tx, tenant).await.map_err(AppError::from))
        .await?
        .ok_or(AppError::NotFound)?;
    // Events may have been added since the last page was read: then the head is further on.
    let broken = if head.0 < seq || (head.0 == seq && head.1 != hash) {
        broken(seq, "the head of the chain does not fit")
    } else {
        None
    };
    let cut = head.0 > seq && page(app, tenant, seq, 1).await?.is_empty();
    let broken = if cut {
        Some(Broken {
            seq: seq + 1,
            what: "events are missing at the end",
        })
    } else {
        broken
    };
    Ok(Verified {
        events: seq,
        anchor: hash,
        broken,
    })
}

/// The link of an event.
fn link(app: &App, previous: &[u8; 32], event: &EventRow) -> [u8; 32] {
    chain::link(app.keys().hasher(), previous, &canonical(event))
}

/// Whether an event records that the chain begins after a place.
fn tells_of(event: &NewEvent, base: Option<(i64, [u8; 32])>) -> bool {
    let Some((seq, _)) = base else { return true };
    event.activity == Activity::EventsExpired
        && serde_json::from_str::<Value>(&event.details)
            .is_ok_and(|details| details.get("up_to").and_then(Value::as_i64) == Some(seq))
}

/// Removes a tenant's events that are older than its retention, whole days at a time. The chain goes
/// on from the last of them, and an event in it says so.
pub(crate) async fn expire(app: &App, ctx: &Ctx, tenant: TenantId) -> Result<u64, AppError> {
    app.db()
        .write(async |mut tx| {
            let tx = &mut tx;
            let Some(found) = tenants::get(tx, tenant).await? else {
                return Ok(0);
            };
            let before = found.settings.audit.kept_from(app.clock().now());
            let Some(expired) = audit::expire(tx, tenant, before).await? else {
                return Ok(0);
            };
            let entry = Entry::new(Activity::EventsExpired)
                .with("removed", expired.count)
                .with("up_to", expired.seq)
                .with("link", hex(&expired.hash))
                .with("before", before.rfc3339());
            record_one(tx, app, ctx, &found, entry).await?;
            Ok::<_, AppError>(expired.count)
        })
        .await
}

async fn page(
    app: &App,
    tenant: TenantId,
    after: i64,
    limit: i64,
) -> Result<Vec<StoredEvent>, AppError> {
    app.db()
        .read(async |mut tx| {
            let filter = audit::Filter::default();
            audit::list(&mut tx, tenant, &filter, after, limit)
                .await
                .map_err(AppError::from)
        })
        .await
}

/// The target of an event about a subject that may be a decoy: the account, or the name as typed.
pub(crate) fn subject(user: Option<&User>, subject: UserId, typed: &str) -> Target {
    match user {
        Some(user) => Target::user(user),
        None => Target {
            kind: "unknown user",
            id: Some(subject.0),
            name: typed.to_owned(),
        },
    }
}

/// Bytes as hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes
        .iter()
        .fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        })
}
