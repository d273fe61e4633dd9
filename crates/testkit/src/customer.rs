//! What customers do, as an adapter would report it.

use ism_domain::Timestamp;
use ism_domain::content::Content;
use ism_domain::inbound::{Identity, Inbound, InboundMessage, InboundStatus, Profile};
use ism_domain::message::Status;
use std::sync::atomic::{AtomicI64, Ordering};

static NUMBER: AtomicI64 = AtomicI64::new(1);

/// A person on a channel.
#[derive(Debug, Clone)]
pub struct Customer {
    pub profile: Profile,
}

impl Customer {
    /// Someone the channel knows by `scheme:value` and calls `name`.
    #[must_use]
    pub fn new(scheme: &str, value: &str, name: &str) -> Self {
        let (first, last) = name.split_once(' ').unwrap_or((name, ""));
        Self {
            profile: Profile {
                identities: vec![Identity::new(scheme, value)],
                first_name: Some(first.to_owned()),
                last_name: Some(last.to_owned()).filter(|name| !name.is_empty()),
                ..Profile::default()
            },
        }
    }

    /// Someone on a custom channel.
    #[must_use]
    pub fn custom(value: &str, name: &str) -> Self {
        Self::new("custom", value, name)
    }

    /// A message under an id of its own.
    #[must_use]
    pub fn says(&self, text: &str) -> InboundMessage {
        self.says_as(&format!("in-{}", NUMBER.fetch_add(1, Ordering::SeqCst)), text)
    }

    /// A message under the provider's id.
    #[must_use]
    pub fn says_as(&self, external_id: &str, text: &str) -> InboundMessage {
        InboundMessage {
            external_id: external_id.to_owned(),
            profile: self.profile.clone(),
            content: Content::text(text),
            media: None,
            at: crate::clock::START,
            reply_to: None,
            album: None,
            forwarded: false,
            referral: None,
        }
    }

    /// A message as an event.
    #[must_use]
    pub fn writes(&self, text: &str) -> Inbound {
        Inbound::Message(Box::new(self.says(text)))
    }

    /// A message under the provider's id, as an event.
    #[must_use]
    pub fn writes_as(&self, external_id: &str, text: &str) -> Inbound {
        Inbound::Message(Box::new(self.says_as(external_id, text)))
    }

    /// A new text of a message.
    #[must_use]
    pub fn edits(&self, external_id: &str, text: &str, at: Timestamp) -> Inbound {
        Inbound::Edited(Box::new(InboundMessage {
            at,
            ..self.says_as(external_id, text)
        }))
    }

    /// A reaction, or none any more.
    #[must_use]
    pub fn reacts(&self, target: &str, emoji: Option<&str>) -> Inbound {
        Inbound::Reaction {
            profile: self.profile.clone(),
            target: target.to_owned(),
            emoji: emoji.map(str::to_owned),
            at: crate::clock::START,
        }
    }
}

/// A provider's word on one of our messages.
#[must_use]
pub fn status(external_id: &str, status: Status, at: Timestamp) -> Inbound {
    Inbound::Status(InboundStatus {
        external_id: external_id.to_owned(),
        reference: None,
        status,
        at,
        failure: None,
    })
}
