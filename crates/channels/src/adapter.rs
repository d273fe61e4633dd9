//! The contract of a channel adapter.

use crate::dialogue::{Dialogue, Request};
use crate::webhook::{Received, Rejection, Webhook, WebhookReply};
use ism_domain::channel::Capabilities;
use ism_domain::content::Content;
use ism_domain::inbound::{Identity, Profile};
use ism_domain::message::Failure;
use ism_domain::{ChannelId, MessageId, Refusal, Timestamp};
use serde::Serialize;
use serde_json::{Map, Value};
use std::time::Duration;

/// A channel as an adapter sees it: its credentials and addresses.
#[derive(Clone)]
pub struct Channel {
    pub id: ChannelId,
    /// The opaque id shown to the outside (custom channels, widgets), about 14 characters.
    pub public_id: String,
    /// Public settings and credentials by key of the descriptor's fields; text, number or boolean.
    pub config: Map<String, Value>,
    /// A random secret of 32 bytes in hex, made by us for this channel: Telegram's secret token, a custom channel's
    /// bearer token, a widget's identity secret.
    pub secret: String,
    /// Where the provider calls us. Empty while credentials are only tried: `connect` then changes nothing at the provider, as
    /// an account may be in use elsewhere.
    pub webhook_url: String,
}

impl std::fmt::Debug for Channel {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Channel").field("id", &self.id).finish_non_exhaustive()
    }
}

impl Channel {
    /// A text setting; empty when absent.
    #[must_use]
    pub fn text(&self, key: &str) -> &str {
        self.config.get(key).and_then(Value::as_str).unwrap_or_default()
    }

    /// The configured `base_url` without a trailing slash, or the provider's own.
    #[must_use]
    pub fn base_url<'a>(&'a self, default: &'a str) -> &'a str {
        let own = self.text("base_url").trim().trim_end_matches('/');
        if own.is_empty() { default } else { own }
    }
}

/// One field of a channel's settings form.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct Field {
    /// Key in [`Channel::config`].
    pub key: &'static str,
    pub label: &'static str,
    /// Where to find it, in one sentence.
    pub help: &'static str,
    pub kind: FieldKind,
    pub required: bool,
    /// Encrypted at rest and never shown again.
    pub secret: bool,
    /// Only behind "advanced".
    pub advanced: bool,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    #[schema(value_type = Vec<FieldOption>)]
    pub options: &'static [FieldOption],
}

/// How a field is drawn and checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum FieldKind {
    Text,
    Url,
    Select,
    Color,
    /// One entry per line.
    Lines,
    Toggle,
}

/// A choice of a `select`.
#[derive(Debug, Clone, Copy, Serialize, utoipa::ToSchema)]
pub struct FieldOption {
    pub value: &'static str,
    pub label: &'static str,
}

/// What a channel is; the settings form, the composer and the catalogue are drawn from it.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct Descriptor {
    /// Name in the database and the API, such as `whatsapp_cloud`.
    pub source: &'static str,
    pub label: &'static str,
    /// One sentence for the catalogue.
    pub summary: &'static str,
    /// What to do at the provider before filling in the form, one step an entry.
    pub steps: &'static [&'static str],
    pub fields: Vec<Field>,
    pub capabilities: Capabilities,
    /// Whether the simulator can play the provider.
    pub simulated: bool,
}

/// What connecting found out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Connected {
    /// A name for the channel, if the user gave none.
    pub name: String,
    /// What the customer sees: `@bot`, a phone number.
    pub address: String,
    /// Public facts to keep in the channel's config, such as `username`.
    pub facts: Map<String, Value>,
    /// Something to know although it works, such as a webhook that could not be set.
    pub warning: Option<String>,
}

/// A message to be sent, with everything the adapter needs to build the request.
#[derive(Debug, Clone)]
pub struct Outgoing {
    pub message_id: MessageId,
    /// All identities of the recipient on this channel, the preferred one first.
    pub to: Vec<Identity>,
    pub content: Content,
    /// External id of the message to quote.
    pub reply_to: Option<String>,
    /// A public address of the attachment's bytes, unguessable and long-lived, for providers that fetch files themselves.
    pub attachment_url: Option<String>,
}

/// How a send ended.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// The provider took it.
    Sent {
        /// The provider's message id; `None` where it gives none.
        external_id: Option<String>,
        /// New identities of the recipient that the answer revealed.
        aliases: Vec<Identity>,
    },
    /// Certainly not accepted; try again.
    Retry {
        /// Wait at least this long, if the provider said so.
        after: Option<Duration>,
        scope: Scope,
        /// Whether it counts against the number of tries (rate limits do not).
        counts: bool,
        /// What to show if there are no tries left.
        failure: Failure,
    },
    /// It can never go.
    Failed(Failure),
    /// The recipient blocked us or opted out: failed, and remembered.
    Stopped(Failure),
    /// The channel's credentials are dead: the channel needs attention, the queue waits.
    ChannelDown(Failure),
    /// It may have arrived; never send it again by ourselves.
    Uncertain(Failure),
}

/// What a wait applies to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    Message,
    /// All messages to this recipient on this channel.
    Contact,
    Channel,
}

/// How the bytes of an inbound attachment are to be had.
#[derive(Debug)]
pub enum Media {
    /// Make this request and store its body. The adapter has set the size cap.
    Download {
        request: Request,
        mime: Option<String>,
        file_name: Option<String>,
    },
    /// Gone for good; the sentence is shown in its place.
    Gone(String),
    /// Try again later.
    Later(String),
}

/// The speed a provider allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    /// Messages per second over the whole channel.
    pub per_second: u32,
    /// Shortest mean distance between two messages to one recipient, after `contact_burst` in a row.
    pub contact_interval: Duration,
    pub contact_burst: u32,
}

/// A channel's translations. All functions are pure; see the crate's documentation.
pub trait Adapter: Send + Sync {
    /// What this channel is.
    fn descriptor(&self) -> &'static Descriptor;

    /// Checks the form's values for shape (not against the provider) and returns what identifies the account, so that the
    /// same account is not connected twice: a bot id, a phone number id. `None` where accounts can't collide.
    fn account(&self, config: &Map<String, Value>) -> Result<Option<String>, Refusal>;

    /// Checks the credentials with the provider and points its webhook at us.
    fn connect(&self, channel: &Channel) -> Box<dyn Dialogue<Result<Connected, Failure>>>;

    /// Undoes what `connect` set up at the provider, best effort.
    fn disconnect(&self, channel: &Channel) -> Box<dyn Dialogue<()>>;

    /// The answer to a GET on the webhook address, where the provider makes one.
    fn handshake(&self, channel: &Channel, webhook: &Webhook) -> Option<WebhookReply>;

    /// Whether the request really comes from the provider.
    fn verify(&self, channel: &Channel, webhook: &Webhook) -> Result<(), Rejection>;

    /// Everything the request says. Never fails on content: what is not understood is `Inbound::Unrecognised`.
    /// `Err` only for bodies that cannot come from the provider.
    fn receive(&self, channel: &Channel, webhook: &Webhook, now: Timestamp) -> Result<Received, Rejection>;

    /// The body of the 2xx once everything is on disk.
    fn accepted(&self) -> WebhookReply {
        WebhookReply::json(200, &serde_json::json!({}))
    }

    /// Sends one message.
    fn send(&self, channel: &Channel, message: &Outgoing) -> Box<dyn Dialogue<Outcome>>;

    /// Finds the bytes behind [`ism_domain::inbound::InboundMessage::media`].
    fn media(&self, channel: &Channel, media: &Value) -> Box<dyn Dialogue<Media>>;

    /// The speed the provider allows.
    fn pace(&self, channel: &Channel) -> Pace;

    /// A profile for someone the agent wants to write to first, if this channel can start from a phone number or
    /// identifier.
    fn start(&self, _channel: &Channel, _identifier: &str) -> Option<Profile> {
        None
    }
}
