//! What the outside sees: the shapes of the web app's API and of realtime frames.

use ism_channels::adapter;
use ism_domain::access::Role;
use ism_domain::channel::{Capabilities, ChannelStatus};
use ism_domain::comment::Comment;
use ism_domain::contact::{Contact, ContactChannel, preview, window_closes_at};
use ism_domain::content::{AttachmentState, Content};
use ism_domain::conversation::{CloseSource, Conversation, ConversationStatus, OpenSource};
use ism_domain::event::{Actor, EventKind};
use ism_domain::message::{Direction, Failure, Message, Reaction, SenderSource, Status, StatusChange};
use ism_domain::{
    AttachmentId, CategoryId, ChannelId, CommentId, ContactChannelId, ContactId, ConversationId, InvitationId,
    MessageId, Timestamp, UserId, WorkspaceId,
};
use ism_store::Event;
use ism_store::tables::channels::Channel;
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

/// A contact as its list row and header show it.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct ContactView {
    pub id: ContactId,
    /// What to call the contact.
    pub name: String,
    pub first_name: String,
    pub last_name: String,
    pub phone: Option<String>,
    pub email: Option<String>,
    pub language: Option<String>,
    pub country_code: Option<String>,
    pub picture: Option<String>,
    pub assignee_id: Option<UserId>,
    pub is_blocked: bool,
    pub status: ConversationStatus,
    pub opened_at: Option<Timestamp>,
    pub snoozed_until: Option<Timestamp>,
    pub unread_count: i64,
    pub last_message: Option<LastMessage>,
    pub last_channel_id: Option<ChannelId>,
    pub last_incoming_at: Option<Timestamp>,
    pub sort_at: Timestamp,
    pub created_at: Timestamp,
    /// Grows with every change.
    pub version: i64,
}

/// The newest message of a contact, in one line.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct LastMessage {
    pub id: MessageId,
    pub direction: Direction,
    #[serde(rename = "type")]
    pub kind: String,
    pub preview: String,
    pub status: Option<Status>,
    pub at: Timestamp,
}

/// A contact for the web app.
#[must_use]
pub fn contact(row: &Contact) -> ContactView {
    let last_message = match (row.last_message_id, row.last_message_direction, row.last_message_at) {
        (Some(id), Some(direction), Some(at)) => Some(LastMessage {
            id,
            direction,
            kind: row.last_message_type.clone().unwrap_or_default(),
            preview: row.last_message_preview.clone().unwrap_or_default(),
            status: row.last_message_status,
            at,
        }),
        _ => None,
    };
    ContactView {
        id: row.id,
        name: row.display_name(),
        first_name: row.first_name.clone(),
        last_name: row.last_name.clone(),
        phone: row.phone.clone(),
        email: row.email.clone(),
        language: row.language.clone(),
        country_code: row.country_code.clone(),
        picture: row.picture.clone(),
        assignee_id: row.assignee_id,
        is_blocked: row.is_blocked,
        status: row.status,
        opened_at: row.opened_at,
        snoozed_until: row.snoozed_until,
        unread_count: row.unread_count,
        last_message,
        last_channel_id: row.last_channel_id,
        last_incoming_at: row.last_incoming_at,
        sort_at: row.sort_at,
        created_at: row.created_at,
        version: row.version,
    }
}

/// A contact's identity on one channel.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct ContactChannelView {
    pub id: ContactChannelId,
    pub contact_id: ContactId,
    pub channel_id: ChannelId,
    pub source: String,
    pub channel_name: String,
    /// The identity in a form people read.
    pub address: String,
    pub last_incoming_at: Option<Timestamp>,
    pub last_message_at: Option<Timestamp>,
    /// When free-form replies are no longer allowed; absent where there is no such rule.
    pub window_closes_at: Option<Timestamp>,
    /// Whether anything can be sent here at all.
    pub can_send: bool,
    pub blocked_reason: Option<String>,
    /// Newest message the customer has seen, where the channel tells.
    pub read_up_to: Option<MessageId>,
}

/// A contact's channel for the web app. `channel` is absent when it was removed for good.
#[must_use]
pub fn contact_channel(row: &ContactChannel, channel: Option<&Channel>) -> ContactChannelView {
    let capabilities = channel
        .and_then(|channel| adapter(&channel.source))
        .map(|known| &known.descriptor().capabilities);
    let blocked_reason = match channel {
        None => Some("This channel is no longer connected."),
        Some(channel) if channel.deleted_at.is_some() => Some("This channel is no longer connected."),
        Some(_) if row.stopped_at.is_some() => Some("The contact has blocked this channel."),
        Some(_) => None,
    };
    let address = row.identities.first().map(|identity| match identity.scheme.as_str() {
        "wa_phone" => format!("+{}", identity.value),
        "visitor" => "Website visitor".to_owned(),
        _ => identity.value.clone(),
    });
    ContactChannelView {
        id: row.id,
        contact_id: row.contact_id,
        channel_id: row.channel_id,
        source: channel.map(|channel| channel.source.clone()).unwrap_or_default(),
        channel_name: channel.map(|channel| channel.name.clone()).unwrap_or_default(),
        address: address.unwrap_or_default(),
        last_incoming_at: row.last_incoming_at,
        last_message_at: row.last_message_at,
        window_closes_at: window_closes_at(capabilities.and_then(|known| known.window_hours), row.last_incoming_at),
        can_send: blocked_reason.is_none(),
        blocked_reason: blocked_reason.map(str::to_owned),
        read_up_to: row.read_up_to,
    }
}

/// A conversation.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct ConversationView {
    pub id: ConversationId,
    pub contact_id: ContactId,
    pub status: ConversationStatus,
    pub opened_at: Timestamp,
    pub opened_source: OpenSource,
    pub opened_by: Option<UserId>,
    pub opened_channel_id: Option<ChannelId>,
    pub closed_at: Option<Timestamp>,
    pub closed_by: Option<UserId>,
    pub closed_source: Option<CloseSource>,
    pub category: Option<String>,
    pub summary: Option<String>,
    pub snoozed_until: Option<Timestamp>,
    pub incoming_count: i64,
    pub outgoing_count: i64,
    pub first_response_at: Option<Timestamp>,
    pub version: i64,
}

/// A conversation for the web app.
#[must_use]
pub fn conversation(row: &Conversation) -> ConversationView {
    ConversationView {
        id: row.id,
        contact_id: row.contact_id,
        status: row.status,
        opened_at: row.opened_at,
        opened_source: row.opened_source,
        opened_by: row.opened_by,
        opened_channel_id: row.opened_channel_id,
        closed_at: row.closed_at,
        closed_by: row.closed_by,
        closed_source: row.closed_source,
        category: row.category.clone(),
        summary: row.summary.clone(),
        snoozed_until: row.snoozed_until,
        incoming_count: row.incoming_count,
        outgoing_count: row.outgoing_count,
        first_response_at: row.first_response_at,
        version: row.version,
    }
}

/// A message.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct MessageView {
    pub id: MessageId,
    pub contact_id: ContactId,
    pub conversation_id: Option<ConversationId>,
    pub channel_id: ChannelId,
    pub direction: Direction,
    /// As stored, with a `url` in attachments that are ready.
    pub content: Content,
    pub sender: SenderView,
    pub status: Option<Status>,
    pub failure: Option<FailureView>,
    pub history: Vec<StatusChange>,
    pub reply_to: Option<QuotedView>,
    pub album: Option<String>,
    pub forwarded: bool,
    pub referral: Option<Value>,
    pub reactions: Vec<Reaction>,
    pub client_id: Option<String>,
    pub provider_at: Option<Timestamp>,
    pub created_at: Timestamp,
    pub edited_at: Option<Timestamp>,
    pub deleted_at: Option<Timestamp>,
    pub version: i64,
}

/// Who wrote a message.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct SenderView {
    pub source: SenderSource,
    pub user_id: Option<i64>,
}

/// Why a message failed, and whether trying again makes sense.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct FailureView {
    #[serde(flatten)]
    pub failure: Failure,
    pub retryable: bool,
}

/// The message a message answers.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct QuotedView {
    pub id: MessageId,
    pub direction: Direction,
    pub preview: String,
}

/// How the address of an attachment's bytes is made: for agents, or signed for others.
pub type AttachmentUrl<'a> = &'a dyn Fn(AttachmentId, &str) -> String;

/// A content with the address of its file.
#[must_use]
pub fn content(content: &Content, url: AttachmentUrl<'_>) -> Content {
    let mut content = content.clone();
    if let Some(attachment) = content.attachment_mut() {
        attachment.url = match (attachment.id, attachment.state) {
            (Some(id), AttachmentState::Ready) => Some(url(id, attachment.file_name.as_deref().unwrap_or("file"))),
            _ => None,
        };
    }
    content
}

/// A message for the web app; `quoted` is the message it answers.
#[must_use]
pub fn message(row: &Message, quoted: Option<&Message>) -> MessageView {
    let workspace = row.workspace_id;
    MessageView {
        id: row.id,
        contact_id: row.contact_id,
        conversation_id: row.conversation_id,
        channel_id: row.channel_id,
        direction: row.direction,
        content: content(&row.content, &|id, name| attachment_url(workspace, id, name)),
        sender: SenderView {
            source: row.sender_source,
            user_id: if row.sender_source == SenderSource::User {
                row.sender_id
            } else {
                None
            },
        },
        status: row.status,
        failure: row.failure.clone().map(|failure| FailureView {
            retryable: failure.reason.can_pass_later(),
            failure,
        }),
        history: row.history.clone(),
        reply_to: quoted.map(|quoted| QuotedView {
            id: quoted.id,
            direction: quoted.direction,
            preview: match preview(&quoted.content) {
                empty if empty.is_empty() => ism_domain::contact::list_type(&quoted.content).replace('_', " "),
                line => line,
            },
        }),
        album: row.album.clone(),
        forwarded: row.forwarded,
        referral: row.referral.clone(),
        reactions: row.reactions.clone(),
        client_id: row.client_id.clone(),
        provider_at: row.provider_at,
        created_at: row.created_at,
        edited_at: row.edited_at,
        deleted_at: row.deleted_at,
        version: row.version,
    }
}

/// Where agents fetch an attachment.
#[must_use]
pub fn attachment_url(workspace: WorkspaceId, id: AttachmentId, name: &str) -> String {
    let name: String = url::form_urlencoded::byte_serialize(name.as_bytes())
        .collect::<String>()
        .replace('+', "%20");
    format!("/api/workspaces/{workspace}/attachments/{id}/{name}")
}

/// A comment.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct CommentView {
    pub id: CommentId,
    pub contact_id: ContactId,
    pub conversation_id: Option<ConversationId>,
    pub author_id: Option<UserId>,
    pub author_source: SenderSource,
    pub text: String,
    pub mentions: Vec<UserId>,
    pub client_id: Option<String>,
    pub created_at: Timestamp,
    pub version: i64,
}

/// A comment for the web app.
#[must_use]
pub fn comment(row: &Comment) -> CommentView {
    CommentView {
        id: row.id,
        contact_id: row.contact_id,
        conversation_id: row.conversation_id,
        author_id: row.author_id,
        author_source: row.author_source,
        text: row.text.clone(),
        mentions: row.mentions.clone(),
        client_id: row.client_id.clone(),
        created_at: row.created_at,
        version: row.version,
    }
}

/// An event of the log.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct EventView {
    pub seq: i64,
    pub at: Timestamp,
    pub kind: EventKind,
    pub actor: Actor,
    pub contact_id: Option<ContactId>,
    pub conversation_id: Option<ConversationId>,
    pub payload: Value,
}

/// An event for the web app.
#[must_use]
pub fn event(row: &Event) -> EventView {
    EventView {
        seq: row.seq,
        at: row.at,
        kind: row.kind,
        actor: Actor {
            kind: row.actor_kind,
            id: row.actor_id,
        },
        contact_id: row.contact_id,
        conversation_id: row.conversation_id,
        payload: row.payload.clone(),
    }
}

/// One entry of a contact's timeline; `key` orders them.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum TimelineItem {
    Message { key: i64, message: Box<MessageView> },
    Comment { key: i64, comment: CommentView },
    Event { key: i64, event: EventView },
}

impl TimelineItem {
    /// What orders the timeline.
    #[must_use]
    pub const fn key(&self) -> i64 {
        match self {
            Self::Message { key, .. } | Self::Comment { key, .. } | Self::Event { key, .. } => *key,
        }
    }
}

/// A connected channel.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct ChannelView {
    pub id: ChannelId,
    pub source: String,
    pub name: String,
    pub address: String,
    pub status: ChannelStatus,
    pub status_text: Option<String>,
    pub webhook_url: String,
    pub public_id: String,
    /// Settings that are not secret.
    pub config: Map<String, Value>,
    pub simulated: bool,
    pub created_at: Timestamp,
    pub capabilities: Capabilities,
    pub version: i64,
}

/// A channel for the web app.
#[must_use]
pub fn channel(row: Channel, webhook_url: String) -> ChannelView {
    ChannelView {
        capabilities: adapter(&row.source)
            .map_or_else(Capabilities::nothing, |known| known.descriptor().capabilities.clone()),
        id: row.id,
        source: row.source,
        name: row.name,
        address: row.address,
        status: row.status,
        status_text: row.status_text,
        webhook_url,
        public_id: row.public_id,
        config: row.config,
        simulated: row.simulated,
        created_at: row.created_at,
        version: row.version,
    }
}

/// A user as colleagues see them.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct UserView {
    pub id: UserId,
    pub first_name: String,
    pub last_name: String,
    pub email: String,
    pub role: Role,
    pub last_active_at: Option<Timestamp>,
    pub online: bool,
    /// No longer in the workspace; kept so that history can name them.
    pub removed: bool,
}

/// A pending invitation.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct InvitationView {
    pub id: InvitationId,
    pub email: String,
    pub role: Role,
    /// The link to send; only in the answer that made it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    pub invited_by: UserId,
    pub created_at: Timestamp,
    pub expires_at: Timestamp,
}

/// A closing-note category.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct ClosingCategoryView {
    pub id: CategoryId,
    pub name: String,
    pub description: String,
    pub position: i64,
}
