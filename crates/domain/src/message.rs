//! Messages: direction, sender, statuses and why they fail.

use crate::content::Content;
use crate::ids::{ChannelId, ContactChannelId, ContactId, ConversationId, MessageId, WorkspaceId};
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};

/// Declares an enum with one snake_case name per variant, used in JSON and in the database alike.
macro_rules! named {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $text:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
        pub enum $name { $($(#[$vdoc])* #[serde(rename = $text)] $variant),+ }

        impl $name {
            /// Every variant, in order.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The name used in JSON and in the database.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text),+ }
            }
        }

        // By hand: the derive does not see names that come from a macro.
        impl utoipa::PartialSchema for $name {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::Schema> {
                utoipa::openapi::ObjectBuilder::new()
                    .schema_type(utoipa::openapi::schema::Type::String)
                    .enum_values(Some([$($text),+]))
                    .into()
            }
        }

        impl utoipa::ToSchema for $name {
            fn name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::message::UnknownName;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                match text {
                    $($text => Ok(Self::$variant),)+
                    other => Err($crate::message::UnknownName { of: stringify!($name), name: other.to_owned() }),
                }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}
pub(crate) use named;

/// A name that is none of an enum's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{name}` is not a {of}")]
pub struct UnknownName {
    pub of: &'static str,
    pub name: String,
}

named! {
    /// Which way a message went.
    Direction { Incoming = "incoming", Outgoing = "outgoing" }
}

named! {
    /// How far an outgoing message has come.
    Status {
        /// Accepted by us, on disk, not yet taken by the provider.
        Pending = "pending",
        /// Taken by the provider.
        Sent = "sent",
        /// On the customer's device.
        Delivered = "delivered",
        /// Seen (or, for voice, listened to) by the customer.
        Read = "read",
        /// Will not arrive; see the reason.
        Failed = "failed",
    }
}

impl Status {
    /// Progress; [`Status::Failed`] has none of its own.
    const fn rank(self) -> u8 {
        match self {
            Self::Pending | Self::Failed => 0,
            Self::Sent => 1,
            Self::Delivered => 2,
            Self::Read => 3,
        }
    }

    /// Where a status stands in a message's history.
    const fn place(self) -> u8 {
        match self {
            Self::Pending => 0,
            Self::Sent => 1,
            Self::Failed => 2,
            Self::Delivered => 3,
            Self::Read => 4,
        }
    }

    /// Whether a message whose status is `self` shows `incoming` from now on.
    ///
    /// Statuses never go back. `Failed` replaces only what had not yet reached the customer. A late `Delivered` or
    /// `Read` does replace `Failed`, because providers report the failure of one device before the success of
    /// another.
    #[must_use]
    pub const fn is_superseded_by(self, incoming: Self) -> bool {
        match (self, incoming) {
            (Self::Failed, Self::Delivered | Self::Read) => true,
            (Self::Failed, _) => false,
            (current, Self::Failed) => current.rank() <= 1,
            (current, next) => next.rank() > current.rank(),
        }
    }
}

named! {
    /// Who or what wrote a message.
    SenderSource {
        Contact = "contact", User = "user", Workflow = "workflow", Broadcast = "broadcast", Api = "api",
        Bot = "bot", AiAgent = "ai_agent", Zapier = "zapier", Make = "make", N8n = "n8n",
        /// Sent by the business outside our product, for example from the phone.
        Echo = "echo",
    }
}

named! {
    /// Why a message failed, in the groups the user can act on.
    FailureReason {
        /// The reply window is closed; a template is needed.
        WindowClosed = "window_closed",
        /// Not on the channel, or the address does not exist.
        Unreachable = "unreachable",
        /// The customer blocked or unsubscribed.
        Stopped = "stopped",
        /// The channel's credentials no longer work.
        ChannelDisconnected = "channel_disconnected",
        /// The provider's rate or tier limit.
        RateLimited = "rate_limited",
        /// The template is missing, paused or has other parameters.
        Template = "template",
        /// The file is too large, of the wrong type or could not be fetched.
        Media = "media",
        /// The provider refuses what the message says.
        Content = "content",
        /// The provider's policy for this recipient, such as a marketing cap.
        Policy = "policy",
        /// The provider wants to be paid.
        Billing = "billing",
        /// The provider had a passing fault that lasted too long.
        Unavailable = "unavailable",
        /// The connection broke after the request was written: it may have arrived.
        Uncertain = "uncertain",
        /// None of the above; see the code.
        Unknown = "unknown",
    }
}

impl FailureReason {
    /// Whether trying the same message again can succeed.
    #[must_use]
    pub const fn can_pass_later(self) -> bool {
        matches!(
            self,
            Self::ChannelDisconnected
                | Self::RateLimited
                | Self::Media
                | Self::Billing
                | Self::Unavailable
                | Self::Uncertain
                | Self::Unknown
        )
    }
}

/// Why a message failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Failure {
    pub reason: FailureReason,
    /// The provider's own code, if it gave one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// A sentence for the agent. Never contains a credential.
    pub text: String,
}

impl Failure {
    /// A failure without a provider's code.
    #[must_use]
    pub fn new(reason: FailureReason, text: impl Into<String>) -> Self {
        Self {
            reason,
            code: None,
            text: text.into(),
        }
    }

    /// The same with the provider's code.
    #[must_use]
    pub fn with_code(mut self, code: impl ToString) -> Self {
        self.code = Some(code.to_string());
        self
    }
}

named! {
    /// How we know a status.
    Provenance {
        /// The provider said so.
        Provider = "provider",
        /// Concluded from something else, such as a read of a later message.
        Inferred = "inferred",
        /// We decided it.
        System = "system",
    }
}

/// One unit sent or received on a channel.
#[derive(Debug, Clone, PartialEq)]
pub struct Message {
    pub workspace_id: WorkspaceId,
    pub id: MessageId,
    pub contact_id: ContactId,
    pub conversation_id: Option<ConversationId>,
    pub channel_id: ChannelId,
    pub contact_channel_id: ContactChannelId,
    pub direction: Direction,
    pub content: Content,
    /// The provider's id, unique within the channel.
    pub external_id: Option<String>,
    /// The id the sending client made up, unique within the contact.
    pub client_id: Option<String>,
    pub reply_to_id: Option<MessageId>,
    pub sender_source: SenderSource,
    /// The user's or token's id.
    pub sender_id: Option<i64>,
    /// Of outgoing messages.
    pub status: Option<Status>,
    pub failure: Option<Failure>,
    /// When and how the status was reached, oldest first.
    pub history: Vec<StatusChange>,
    pub album: Option<String>,
    pub forwarded: bool,
    /// The ad or link that led here, as the provider described it.
    pub referral: Option<serde_json::Value>,
    pub reactions: Vec<Reaction>,
    /// Earlier contents, oldest first.
    pub revisions: Vec<Revision>,
    /// The provider's time of an incoming message.
    pub provider_at: Option<Timestamp>,
    pub created_at: Timestamp,
    pub edited_at: Option<Timestamp>,
    pub deleted_at: Option<Timestamp>,
    pub version: i64,
}

/// One step of a message's status.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct StatusChange {
    pub status: Status,
    pub at: Timestamp,
    pub provenance: Provenance,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
}

named! {
    /// One of the two sides of a conversation.
    Side { Contact = "contact", User = "user" }
}

/// A reaction on a message; one per side.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Reaction {
    pub emoji: String,
    pub from: Side,
}

/// What a message said before an edit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Revision {
    pub content: Content,
    /// Until when it said so.
    pub until: Timestamp,
}

/// Most steps of history kept on a message; providers do repeat themselves.
const MAX_HISTORY: usize = 20;

impl Message {
    /// Records a status. It is kept in the history even when it is late; it is shown only when it is progress.
    /// Returns whether anything is new: the exact repetition of a known status is not.
    pub fn apply_status(&mut self, change: StatusChange, failure: Option<Failure>) -> bool {
        if self.direction == Direction::Incoming || self.history.iter().any(|known| known.status == change.status) {
            return false;
        }
        let current = self.status.unwrap_or(Status::Pending);
        if current.is_superseded_by(change.status) {
            self.status = Some(change.status);
            self.failure = if change.status == Status::Failed {
                failure.or_else(|| Some(Failure::new(FailureReason::Unknown, "The provider gave no reason.")))
            } else {
                None
            };
        }
        if self.history.len() < MAX_HISTORY {
            // Providers' times are rounded down to seconds: nothing happened before we had the message.
            let at = change.at.max(self.created_at);
            self.history.push(StatusChange { at, ..change });
            self.history.sort_by_key(|step| (step.status.place(), step.at));
        }
        true
    }

    /// Starts over after a failure, for a retry by hand.
    pub fn requeue(&mut self, at: Timestamp) {
        self.status = Some(Status::Pending);
        self.failure = None;
        self.external_id = None;
        self.history.retain(|step| step.status == Status::Pending);
        self.history.push(StatusChange {
            status: Status::Pending,
            at,
            provenance: Provenance::System,
            text: Some("tried again".to_owned()),
        });
    }

    /// Replaces the content, keeping what it was. Returns whether it differs.
    pub fn edit(&mut self, content: Content, at: Timestamp) -> bool {
        if self.content == content || self.edited_at.is_some_and(|last| last > at) {
            return false;
        }
        let before = std::mem::replace(&mut self.content, content);
        self.revisions.push(Revision {
            content: before,
            until: at,
        });
        self.edited_at = Some(at);
        true
    }

    /// Sets or removes one side's reaction. Returns whether anything changed.
    pub fn react(&mut self, from: Side, emoji: Option<&str>) -> bool {
        let before = self.reactions.clone();
        self.reactions.retain(|reaction| reaction.from != from);
        if let Some(emoji) = emoji.filter(|emoji| !emoji.is_empty()) {
            self.reactions.push(Reaction {
                emoji: emoji.chars().take(16).collect(),
                from: from.to_owned(),
            });
        }
        self.reactions != before
    }
}

#[cfg(test)]
mod tests {
    use super::Status::{self, Delivered, Failed, Pending, Read, Sent};
    use proptest::prelude::*;

    #[test]
    fn statuses_only_move_forward() {
        let table = [
            (Pending, Sent, true),
            (Sent, Pending, false),
            (Sent, Read, true),
            (Read, Delivered, false),
            (Delivered, Sent, false),
            (Sent, Sent, false),
            (Pending, Failed, true),
            (Sent, Failed, true),
            (Delivered, Failed, false),
            (Failed, Sent, false),
            (Failed, Delivered, true),
            (Failed, Read, true),
            (Failed, Failed, false),
        ];
        for (current, incoming, expected) in table {
            assert_eq!(
                current.is_superseded_by(incoming),
                expected,
                "{current} then {incoming}"
            );
        }
    }

    fn statuses() -> impl Strategy<Value = Status> {
        prop::sample::select(Status::ALL)
    }

    proptest! {
        #[test]
        fn any_order_of_arrival_ends_at_the_furthest_delivery(mut arrivals in prop::collection::vec(statuses(), 1..8)) {
            let settle = |order: &[Status]| order.iter().fold(Pending, |now, next| if now.is_superseded_by(*next) { *next } else { now });
            let end = settle(&arrivals);
            if let Some(best) = arrivals.iter().filter(|status| matches!(status, Delivered | Read)).max().copied() {
                prop_assert_eq!(end, best);
                arrivals.reverse();
                prop_assert_eq!(settle(&arrivals), best);
            }
        }
    }
}
