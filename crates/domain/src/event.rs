//! Events: the facts in a workspace's log.

use crate::ids::{ContactId, ConversationId, UserId};
use crate::message::named;
use serde::{Deserialize, Serialize};
use serde_json::Value;

named! {
    /// Who made something happen.
    ActorKind {
        User = "user", Contact = "contact", Workflow = "workflow", Api = "api", Integration = "integration", System = "system",
    }
}

/// Who made something happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Actor {
    pub kind: ActorKind,
    /// The user's, contact's or token's id; absent for the system.
    pub id: Option<i64>,
}

impl Actor {
    /// The product itself.
    pub const SYSTEM: Self = Self {
        kind: ActorKind::System,
        id: None,
    };

    /// A signed-in person.
    #[must_use]
    pub const fn user(id: UserId) -> Self {
        Self {
            kind: ActorKind::User,
            id: Some(id.0),
        }
    }

    /// The customer.
    #[must_use]
    pub const fn contact(id: ContactId) -> Self {
        Self {
            kind: ActorKind::Contact,
            id: Some(id.0),
        }
    }

    /// The user behind it, if a person did it.
    #[must_use]
    pub const fn user_id(self) -> Option<UserId> {
        match (self.kind, self.id) {
            (ActorKind::User, Some(id)) => Some(UserId(id)),
            _ => None,
        }
    }
}

named! {
    /// What happened. Names follow the outgoing webhooks where those exist.
    EventKind {
        MessageReceived = "message.received",
        MessageSent = "message.sent",
        MessageUpdated = "message.updated",
        MessageStatus = "message.status",
        CommentCreated = "comment.created",
        ConversationOpened = "conversation.opened",
        ConversationClosed = "conversation.closed",
        ConversationSnoozed = "conversation.snoozed",
        ConversationUnsnoozed = "conversation.unsnoozed",
        ContactCreated = "contact.created",
        ContactUpdated = "contact.updated",
        AssigneeUpdated = "contact.assignee.updated",
        ContactRead = "contact.read",
        ContactUnread = "contact.unread",
        ContactChannelAdded = "contact.channel.added",
        ContactChannelStopped = "contact.channel.stopped",
        ContactChannelResumed = "contact.channel.resumed",
        ContactChannelUpdated = "contact.channel.updated",
        ChannelConnected = "channel.connected",
        ChannelUpdated = "channel.updated",
        ChannelDeleted = "channel.deleted",
        UserJoined = "user.joined",
        UserUpdated = "user.updated",
        UserRemoved = "user.removed",
        UserInvited = "user.invited",
        InvitationRevoked = "invitation.revoked",
        WorkspaceCreated = "workspace.created",
        WorkspaceUpdated = "workspace.updated",
        ClosingCategoryUpdated = "closing_category.updated",
        TokenCreated = "token.created",
    }
}

impl EventKind {
    /// Whether the event is drawn as a line of its own in the contact's timeline.
    #[must_use]
    pub const fn in_timeline(self) -> bool {
        matches!(
            self,
            Self::ConversationOpened
                | Self::ConversationClosed
                | Self::ConversationSnoozed
                | Self::ConversationUnsnoozed
                | Self::ContactCreated
                | Self::ContactUpdated
                | Self::AssigneeUpdated
                | Self::ContactChannelAdded
                | Self::ContactChannelStopped
                | Self::ContactChannelResumed
        )
    }
}

/// An event before the log has numbered it. The payload names what changed by id and small values; it never repeats
/// what a message says, so that erasing a person does not mean rewriting the log.
#[derive(Debug, Clone, PartialEq)]
pub struct NewEvent {
    pub kind: EventKind,
    pub actor: Actor,
    pub contact_id: Option<ContactId>,
    pub conversation_id: Option<ConversationId>,
    pub payload: Value,
}

impl NewEvent {
    /// An event about the workspace as a whole.
    #[must_use]
    pub const fn workspace(kind: EventKind, actor: Actor, payload: Value) -> Self {
        Self {
            kind,
            actor,
            contact_id: None,
            conversation_id: None,
            payload,
        }
    }

    /// An event about a contact.
    #[must_use]
    pub const fn contact(
        kind: EventKind,
        actor: Actor,
        contact_id: ContactId,
        conversation_id: Option<ConversationId>,
        payload: Value,
    ) -> Self {
        Self {
            kind,
            actor,
            contact_id: Some(contact_id),
            conversation_id,
            payload,
        }
    }
}
