use std::sync::Arc;

use async_trait::async_trait;

use crate::{Destination, Outgoing, Retry, SendError};

/// A way out of the house.
#[async_trait]
pub trait Channel: Send + Sync {
    /// Hands the message over and waits for the answer, at most as long as the channel's time-out.
    /// `Ok` means that the other side took it on.
    async fn send(&self, message: &Outgoing) -> Result<Receipt, SendError>;
}

/// What the other side said when it took a message on.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Receipt {
    /// A reference to find the message in the other side's logs, such as a queue id: printable
    /// ASCII, at most 80 characters, without the destination.
    pub reference: Option<String>,
}

impl Receipt {
    /// A receipt from whatever the other side said.
    pub(crate) fn quoting(answer: &str, message: &Outgoing) -> Self {
        let line = answer.lines().next().unwrap_or_default();
        let reference: String = line
            .chars()
            .filter(|c| matches!(c, ' '..='~'))
            .take(80)
            .collect();
        let address = message.to.address().to_ascii_lowercase();
        let tells = reference.is_empty() || line.to_ascii_lowercase().contains(&address);
        Self {
            reference: (!tells).then_some(reference),
        }
    }
}

/// The channels of an installation, chosen by destination.
pub struct Channels {
    /// For mails; none where no relay is configured.
    pub mail: Option<Arc<dyn Channel>>,
    /// For text messages; none where no provider is configured.
    pub text: Option<Arc<dyn Channel>>,
    /// For calls; none where no provider is configured.
    pub call: Option<Arc<dyn Channel>>,
}

#[async_trait]
impl Channel for Channels {
    async fn send(&self, message: &Outgoing) -> Result<Receipt, SendError> {
        let channel = match message.to {
            Destination::Mail(_) => self.mail.as_ref(),
            Destination::Text(_) => self.text.as_ref(),
            Destination::Call(_) => self.call.as_ref(),
        };
        match channel {
            Some(channel) => channel.send(message).await,
            None => Err(SendError::new(
                Retry::Later,
                format!(
                    "nothing is configured that takes a {}",
                    message.to.channel()
                ),
            )),
        }
    }
}
