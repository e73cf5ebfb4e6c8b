use std::collections::VecDeque;
use std::sync::Mutex;

use async_trait::async_trait;
use serde::Serialize;

use crate::{Channel, Content, Outgoing, Receipt, SendError};

/// A channel for the demo and for tests: takes everything and shows it.
pub struct DemoOutbox {
    most: usize,
    messages: Mutex<VecDeque<DemoMessage>>,
}

/// A message in the demo's outbox, as `/demo/outbox.json` gives it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DemoMessage {
    /// The message's id.
    pub id: String,
    /// `mail`, `text` or `call`.
    pub channel: &'static str,
    /// The address or number.
    pub to: String,
    /// The subject of a mail; empty for a text or a call.
    pub subject: String,
    /// The plain text; what is read aloud in a call.
    pub text: String,
    /// The HTML of a mail; empty for a text or a call.
    pub html: String,
    /// RFC 3339.
    pub created_at: String,
}

impl DemoOutbox {
    /// Keeps the newest `most` messages.
    pub const fn new(most: usize) -> Self {
        Self {
            most,
            messages: Mutex::new(VecDeque::new()),
        }
    }

    /// What is kept, the newest first.
    pub fn list(&self) -> Vec<DemoMessage> {
        let messages = self
            .messages
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        messages.iter().cloned().collect()
    }
}

#[async_trait]
impl Channel for DemoOutbox {
    async fn send(&self, message: &Outgoing) -> Result<Receipt, SendError> {
        let (subject, text, html) = match &message.content {
            Content::Mail {
                subject,
                text,
                html,
                ..
            } => (subject.as_str(), text, html.as_str()),
            Content::Text { text } => ("", text, ""),
            Content::Call { spoken } => ("", spoken, ""),
        };
        let shown = DemoMessage {
            id: message.id.to_string(),
            channel: message.to.channel(),
            to: message.to.address().to_owned(),
            subject: subject.to_owned(),
            text: text.clone(),
            html: html.to_owned(),
            created_at: message.created_at.rfc3339(),
        };
        let mut messages = self
            .messages
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        messages.push_front(shown);
        messages.truncate(self.most);
        Ok(Receipt::default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Destination, MessageKind};
    use latchkey_types::{Locale, MessageId, Timestamp};

    #[tokio::test]
    async fn the_newest_is_first_and_the_oldest_goes() {
        let outbox = DemoOutbox::new(2);
        for n in 0..3 {
            let message = Outgoing {
                id: MessageId(uuid::Uuid::from_u128(n)),
                created_at: Timestamp::from_seconds(0),
                kind: MessageKind::Code,
                to: Destination::parse("text", "+31612345678").unwrap(),
                locale: Locale::En,
                content: Content::Text {
                    text: n.to_string(),
                },
            };
            outbox.send(&message).await.unwrap();
        }
        let texts: Vec<String> = outbox
            .list()
            .into_iter()
            .map(|message| message.text)
            .collect();
        assert_eq!(texts, ["2", "1"]);
        let json = serde_json::to_value(outbox.list()).unwrap();
        assert_eq!(json[0]["channel"], "text");
        assert_eq!(json[0]["to"], "+31612345678");
        assert_eq!(json[0]["created_at"], "1970-01-01T00:00:00.000Z");
    }
}
