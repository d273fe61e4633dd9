//! What an adapter hands over after reading a provider's request, the same for every channel.

use crate::content::Content;
use crate::message::{Failure, Status};
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// One way a provider names a person. Unique within a channel.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Identity {
    /// `telegram`, `wa_phone`, `wa_bsuid`, `custom`, `visitor`…
    pub scheme: String,
    /// The provider's value, as text (ids exceed 53 bits).
    pub value: String,
}

impl Identity {
    /// An identity from its two parts.
    #[must_use]
    pub fn new(scheme: &str, value: impl Into<String>) -> Self {
        Self {
            scheme: scheme.to_owned(),
            value: value.into(),
        }
    }

    /// The one-line form stored in the database: `scheme:value`.
    #[must_use]
    pub fn key(&self) -> String {
        format!("{}:{}", self.scheme, self.value)
    }
}

/// What the provider says about the person who wrote.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Profile {
    /// Every identity known from this event; the first is the address to send to. Never empty.
    pub identities: Vec<Identity>,
    /// Other spellings under which the person may already be known (Brazilian ninth digit and the like): looked up
    /// after `identities`, stored as aliases.
    #[serde(default)]
    pub aliases: Vec<Identity>,
    #[serde(default)]
    pub first_name: Option<String>,
    #[serde(default)]
    pub last_name: Option<String>,
    /// Used when there is no name.
    #[serde(default)]
    pub username: Option<String>,
    /// E.164 with `+`; only where the channel proves it belongs to the person.
    #[serde(default)]
    pub phone: Option<String>,
    #[serde(default)]
    pub email: Option<String>,
    /// ISO 639-1.
    #[serde(default)]
    pub language: Option<String>,
    /// ISO 3166-1 alpha-2.
    #[serde(default)]
    pub country_code: Option<String>,
    /// A URL that needs no credentials.
    #[serde(default)]
    pub picture: Option<String>,
}

/// A message as the adapter read it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct InboundMessage {
    /// Unique within the channel, over both directions.
    pub external_id: String,
    pub profile: Profile,
    pub content: Content,
    /// How to fetch the bytes of an attachment; opaque to everyone but the adapter. Holds no credential.
    #[serde(default)]
    pub media: Option<Value>,
    /// The provider's time.
    pub at: Timestamp,
    /// External id of the quoted message.
    #[serde(default)]
    pub reply_to: Option<String>,
    /// Items of one album share this.
    #[serde(default)]
    pub album: Option<String>,
    #[serde(default)]
    pub forwarded: bool,
    /// The ad, link or page that led here, as the provider described it. `{"kind":"ad",…}` opens with source
    /// `ctc_ads`.
    #[serde(default)]
    pub referral: Option<Value>,
}

/// A provider's word on one of our messages.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct InboundStatus {
    /// The provider's message id.
    pub external_id: String,
    /// The reference we gave when sending, if the provider repeats it: matches even before the send answered.
    #[serde(default)]
    pub reference: Option<String>,
    pub status: Status,
    pub at: Timestamp,
    /// For `failed`.
    #[serde(default)]
    pub failure: Option<Failure>,
}

/// One thing that happened at the provider. An adapter returns these in the order of the request.
#[derive(Debug, Clone, PartialEq)]
pub enum Inbound {
    /// The customer wrote, or pressed a button.
    Message(Box<InboundMessage>),
    /// The business wrote from outside our product. The profile is the customer's.
    Echo(Box<InboundMessage>),
    /// New content of a message; may name one we never saw, and is then stored as a message.
    Edited(Box<InboundMessage>),
    /// The customer withdrew a message.
    Deleted {
        external_id: String,
        at: Timestamp,
    },
    /// A reaction was set, or removed (`emoji: None`).
    Reaction {
        profile: Profile,
        target: String,
        emoji: Option<String>,
        at: Timestamp,
    },
    Status(InboundStatus),
    /// The customer started the chat without writing (deep link, first opening of the chat).
    Opened {
        profile: Profile,
        payload: Option<String>,
        at: Timestamp,
    },
    /// The customer blocked us or unsubscribed.
    Stopped {
        profile: Profile,
        at: Timestamp,
    },
    /// The customer came back after [`Inbound::Stopped`].
    Resumed {
        profile: Profile,
        at: Timestamp,
    },
    /// The provider renamed a person.
    IdentityChanged {
        from: Identity,
        to: Vec<Identity>,
        at: Timestamp,
    },
    /// Something about the account: quality, ban, token. Shown on the channel.
    ChannelAlert {
        code: String,
        text: String,
        at: Timestamp,
    },
    /// Understood, and deliberately of no consequence.
    Ignored {
        reason: &'static str,
    },
    /// Authentic, but not understood: kept raw and counted.
    Unrecognised {
        reason: &'static str,
        raw: Value,
    },
}
