//! Messages: put into the database in the transaction of the act, sent by workers.
//!
//! Nothing is lost: a message is claimed with a lease, and stays until it is delivered, has
//! expired, or was refused for good. After a crash a message can go out again only if the relay had
//! accepted it in the instant before that was recorded, and then with the same Message-ID.

mod worker;

use std::time::Duration;

use latchkey_crypto::seal::DataKey;
use latchkey_notify::{Content, Destination, MessageKind};
use latchkey_store::Tx;
use latchkey_store::outbox::{self, NewMessage};
use latchkey_types::{Locale, MessageId, Timestamp};
use serde::{Deserialize, Serialize};

use crate::keys::seal;
use crate::{App, AppError};

pub use worker::{Worker, drain};

/// How long a notice is tried for.
pub(crate) const NOTICE_LIFETIME: Duration = Duration::from_secs(3 * 24 * 60 * 60);

/// The channel of messages for decoys: claimed, opened and thrown away like any other.
pub(crate) const VOID: &str = "void";

/// A message as it is sealed.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Payload {
    channel: String,
    address: String,
    locale: String,
    content: Content,
}

/// A message to be sent.
pub(crate) struct Draft {
    pub kind: MessageKind,
    pub to: Destination,
    pub locale: Locale,
    pub content: Content,
    /// After this it is of no use to anyone.
    pub expires_at: Timestamp,
    /// For a decoy: all is done but the sending.
    pub is_void: bool,
}

/// Puts a message into the outbox.
pub(crate) async fn enqueue(
    tx: &mut Tx,
    app: &App,
    key: &DataKey,
    draft: Draft,
) -> Result<MessageId, AppError> {
    let id = MessageId::new(app.clock(), app.entropy());
    let now = app.clock().now();
    let payload = Payload {
        channel: draft.to.channel().to_owned(),
        address: draft.to.address().to_owned(),
        locale: draft.locale.tag().to_owned(),
        content: draft.content,
    };
    let plain = zeroize::Zeroizing::new(
        serde_json::to_vec(&payload)
            .map_err(|error| AppError::internal("write a message", error))?,
    );
    let payload = seal(key, app.entropy(), "outbox", "payload", id.0, &plain)?;
    let channel = if draft.is_void {
        VOID
    } else {
        draft.to.channel()
    };
    let new = NewMessage {
        id,
        kind: draft.kind.as_str(),
        channel,
        payload: &payload,
        created_at: now,
        due_at: now,
        expires_at: draft.expires_at,
    };
    outbox::insert(tx, key.tenant(), &new).await?;
    Ok(id)
}
