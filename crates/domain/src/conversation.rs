//! Conversations: bounded interactions, at most one open per contact.

use crate::contact::Contact;
use crate::event::{Actor, ActorKind, EventKind, NewEvent};
use crate::ids::{ChannelId, ContactId, ConversationId, MessageId, UserId, WorkspaceId};
use crate::message::{Direction, Message, SenderSource, named};
use crate::refusal::Refusal;
use crate::time::Timestamp;
use serde_json::json;

/// Most characters of a closing-note category.
pub const MAX_CATEGORY: usize = 128;
/// Most characters of a closing-note summary.
pub const MAX_SUMMARY: usize = 512;
/// Longest snooze.
pub const MAX_SNOOZE: i64 = 366 * Timestamp::DAY;

named! {
    /// State of a conversation; snoozed is a kind of open.
    ConversationStatus { Open = "open", Snoozed = "snoozed", Closed = "closed" }
}

named! {
    /// What opened a conversation.
    OpenSource {
        User = "user", Contact = "contact", Workflow = "workflow", Api = "api", Zapier = "zapier", Make = "make",
        CtcAds = "ctc_ads", GrowthWidget = "growth_widget",
    }
}

named! {
    /// What closed a conversation.
    CloseSource {
        User = "user", Workflow = "workflow", Api = "api", Zapier = "zapier", Bot = "bot", Make = "make", N8n = "n8n",
        AiAgent = "ai_agent", AutoClose = "auto_close", Merge = "merge",
    }
}

named! {
    /// Whether the contact was new when the conversation opened.
    ContactType { New = "new", Returning = "returning" }
}

named! {
    /// What a person has to fill in when closing.
    ClosingNoteMode {
        /// Closing is immediate, there is no dialog.
        Disabled = "disabled",
        /// Category and summary may be given.
        Optional = "optional",
        /// The category has to be given.
        CategoryRequired = "category_required",
        /// Both have to be given.
        BothRequired = "both_required",
    }
}

named! {
    /// Why a snooze ended.
    WakeReason { Time = "time", Message = "message", User = "user" }
}

/// A bounded interaction from open to close.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conversation {
    pub workspace_id: WorkspaceId,
    pub id: ConversationId,
    pub contact_id: ContactId,
    pub status: ConversationStatus,
    pub opened_at: Timestamp,
    pub opened_source: OpenSource,
    pub opened_by: Option<UserId>,
    pub opened_channel_id: Option<ChannelId>,
    pub contact_type: ContactType,
    pub first_incoming_message_id: Option<MessageId>,
    pub first_incoming_channel_id: Option<ChannelId>,
    pub closed_at: Option<Timestamp>,
    pub closed_by: Option<UserId>,
    pub closed_source: Option<CloseSource>,
    pub category: Option<String>,
    pub summary: Option<String>,
    pub snoozed_until: Option<Timestamp>,
    pub incoming_count: i64,
    pub outgoing_count: i64,
    pub first_assignee_id: Option<UserId>,
    pub first_assigned_at: Option<Timestamp>,
    pub last_assignee_id: Option<UserId>,
    pub last_assigned_at: Option<Timestamp>,
    pub assignment_count: i64,
    pub first_response_at: Option<Timestamp>,
    pub first_response_by: Option<UserId>,
    pub version: i64,
}

/// A closing note as given by whoever closes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ClosingNote {
    /// The category's name, kept as text so that deleting the category does not change the past.
    pub category: Option<String>,
    pub summary: Option<String>,
}

impl ClosingNote {
    /// Trims, drops empty parts and checks lengths and what `mode` requires of people.
    ///
    /// # Errors
    /// Says which part is missing or too long.
    pub fn check(self, mode: ClosingNoteMode, source: CloseSource) -> Result<Self, Refusal> {
        let tidy = |part: Option<String>| {
            part.map(|text| crate::content::clean_text(text.trim()))
                .filter(|text| !text.is_empty())
        };
        let note = Self {
            category: tidy(self.category),
            summary: tidy(self.summary),
        };
        if note
            .category
            .as_deref()
            .is_some_and(|text| text.chars().count() > MAX_CATEGORY)
        {
            return Err(Refusal::field(
                "category",
                format!("Keep the category to {MAX_CATEGORY} characters."),
            ));
        }
        if note
            .summary
            .as_deref()
            .is_some_and(|text| text.chars().count() > MAX_SUMMARY)
        {
            return Err(Refusal::field(
                "summary",
                format!("Keep the summary to {MAX_SUMMARY} characters."),
            ));
        }
        let by_person = matches!(source, CloseSource::User | CloseSource::Api);
        let missing = |field: &str, what: &str| {
            Err(Refusal {
                field: Some(field.to_owned()),
                ..Refusal::invalid(
                    "closing_note_required",
                    format!("Choose {what} before closing the conversation."),
                )
            })
        };
        let (category, summary) = match mode {
            ClosingNoteMode::Disabled | ClosingNoteMode::Optional => (false, false),
            ClosingNoteMode::CategoryRequired => (true, false),
            ClosingNoteMode::BothRequired => (true, true),
        };
        if by_person && category && note.category.is_none() {
            return missing("category", "a category");
        }
        if by_person && summary && note.summary.is_none() {
            return missing("summary", "a category and write a summary");
        }
        Ok(note)
    }
}

/// How a conversation comes to be opened.
#[derive(Debug, Clone, Copy)]
pub struct Opening {
    pub source: OpenSource,
    pub actor: Actor,
    pub channel_id: Option<ChannelId>,
    pub at: Timestamp,
}

impl Conversation {
    /// Opens a conversation for a contact that has none open, and shows it on the contact.
    #[must_use]
    pub fn open(id: ConversationId, contact: &mut Contact, opening: Opening, had_one_before: bool) -> (Self, NewEvent) {
        contact.status = ConversationStatus::Open;
        contact.opened_at = Some(opening.at);
        contact.snoozed_until = None;
        let conversation = Self {
            workspace_id: contact.workspace_id,
            id,
            contact_id: contact.id,
            status: ConversationStatus::Open,
            opened_at: opening.at,
            opened_source: opening.source,
            opened_by: opening.actor.user_id(),
            opened_channel_id: opening.channel_id,
            contact_type: if had_one_before {
                ContactType::Returning
            } else {
                ContactType::New
            },
            first_incoming_message_id: None,
            first_incoming_channel_id: None,
            closed_at: None,
            closed_by: None,
            closed_source: None,
            category: None,
            summary: None,
            snoozed_until: None,
            incoming_count: 0,
            outgoing_count: 0,
            first_assignee_id: contact.assignee_id,
            first_assigned_at: contact.assignee_id.map(|_| opening.at),
            last_assignee_id: contact.assignee_id,
            last_assigned_at: contact.assignee_id.map(|_| opening.at),
            assignment_count: i64::from(contact.assignee_id.is_some()),
            first_response_at: None,
            first_response_by: None,
            version: 0,
        };
        let payload = json!({ "source": opening.source, "channel_id": opening.channel_id });
        let event = NewEvent::contact(
            EventKind::ConversationOpened,
            opening.actor,
            contact.id,
            Some(id),
            payload,
        );
        (conversation, event)
    }

    /// Closes it, and shows that on the contact. The note has been checked.
    pub fn close(
        &mut self,
        contact: &mut Contact,
        note: ClosingNote,
        source: CloseSource,
        actor: Actor,
        at: Timestamp,
    ) -> NewEvent {
        self.status = ConversationStatus::Closed;
        self.closed_at = Some(at.max(self.opened_at));
        self.closed_by = actor.user_id();
        self.closed_source = Some(source);
        self.snoozed_until = None;
        contact.status = ConversationStatus::Closed;
        contact.opened_at = None;
        contact.snoozed_until = None;
        let payload = json!({ "source": source, "category": note.category, "summary": note.summary });
        self.category = note.category;
        self.summary = note.summary;
        NewEvent::contact(EventKind::ConversationClosed, actor, contact.id, Some(self.id), payload)
    }

    /// Puts it aside until a time.
    ///
    /// # Errors
    /// When the time is not in the future, or more than a year away.
    pub fn snooze(
        &mut self,
        contact: &mut Contact,
        until: Timestamp,
        actor: Actor,
        now: Timestamp,
    ) -> Result<NewEvent, Refusal> {
        if until <= now {
            return Err(Refusal::field("until", "Choose a time in the future."));
        }
        if until.0 - now.0 > MAX_SNOOZE {
            return Err(Refusal::field("until", "Choose a time within a year."));
        }
        self.status = ConversationStatus::Snoozed;
        self.snoozed_until = Some(until);
        contact.status = ConversationStatus::Snoozed;
        contact.snoozed_until = Some(until);
        let payload = json!({ "until": until });
        Ok(NewEvent::contact(
            EventKind::ConversationSnoozed,
            actor,
            contact.id,
            Some(self.id),
            payload,
        ))
    }

    /// Brings it back, if it is snoozed.
    pub fn wake(&mut self, contact: &mut Contact, reason: WakeReason, actor: Actor) -> Option<NewEvent> {
        if self.status != ConversationStatus::Snoozed {
            return None;
        }
        self.status = ConversationStatus::Open;
        self.snoozed_until = None;
        contact.status = ConversationStatus::Open;
        contact.snoozed_until = None;
        let payload = json!({ "reason": reason });
        Some(NewEvent::contact(
            EventKind::ConversationUnsnoozed,
            actor,
            contact.id,
            Some(self.id),
            payload,
        ))
    }

    /// Counts a message of this conversation.
    pub fn count(&mut self, message: &Message) {
        match message.direction {
            Direction::Incoming => {
                self.incoming_count += 1;
                if self.first_incoming_message_id.is_none() {
                    self.first_incoming_message_id = Some(message.id);
                    self.first_incoming_channel_id = Some(message.channel_id);
                }
            }
            Direction::Outgoing => {
                self.outgoing_count += 1;
                if message.sender_source == SenderSource::User && self.first_response_at.is_none() {
                    self.first_response_at = Some(message.created_at.max(self.opened_at));
                    self.first_response_by = message.sender_id.map(UserId);
                }
            }
        }
    }
}

/// Hands a contact to a user, or to nobody. `None` when nothing changes.
pub fn assign(
    contact: &mut Contact,
    conversation: Option<&mut Conversation>,
    to: Option<UserId>,
    actor: Actor,
    at: Timestamp,
) -> Option<NewEvent> {
    if contact.assignee_id == to {
        return None;
    }
    let payload = json!({ "from": contact.assignee_id, "to": to });
    contact.assignee_id = to;
    let conversation_id = conversation.as_ref().map(|conversation| conversation.id);
    if let (Some(conversation), Some(user)) = (conversation, to) {
        conversation.assignment_count += 1;
        conversation.last_assignee_id = Some(user);
        conversation.last_assigned_at = Some(at);
        if conversation.first_assignee_id.is_none() {
            conversation.first_assignee_id = Some(user);
            conversation.first_assigned_at = Some(at.max(conversation.opened_at));
        }
    }
    Some(NewEvent::contact(
        EventKind::AssigneeUpdated,
        actor,
        contact.id,
        conversation_id,
        payload,
    ))
}

/// The source of an opening or closing that follows from who does it.
#[must_use]
pub const fn open_source_of(actor: ActorKind) -> OpenSource {
    match actor {
        ActorKind::User => OpenSource::User,
        ActorKind::Contact => OpenSource::Contact,
        ActorKind::Workflow | ActorKind::System => OpenSource::Workflow,
        ActorKind::Api | ActorKind::Integration => OpenSource::Api,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp(1_790_000_000_000_000);

    fn opened() -> (Contact, Conversation) {
        let mut contact = Contact::new(WorkspaceId(1), ContactId(64), NOW);
        let opening = Opening {
            source: OpenSource::Contact,
            actor: Actor::contact(contact.id),
            channel_id: None,
            at: NOW,
        };
        let (conversation, event) = Conversation::open(ConversationId(128), &mut contact, opening, false);
        assert_eq!(event.kind, EventKind::ConversationOpened);
        assert_eq!(contact.status, ConversationStatus::Open);
        (contact, conversation)
    }

    #[test]
    fn closing_notes_follow_the_mode_for_people_only() {
        let note = |category: &str, summary: &str| ClosingNote {
            category: Some(category.into()),
            summary: Some(summary.into()),
        };
        let table = [
            (ClosingNoteMode::Disabled, "", "", CloseSource::User, true),
            (ClosingNoteMode::Optional, "", "", CloseSource::User, true),
            (ClosingNoteMode::CategoryRequired, " ", "x", CloseSource::User, false),
            (ClosingNoteMode::CategoryRequired, "Sale", "", CloseSource::User, true),
            (ClosingNoteMode::BothRequired, "Sale", "", CloseSource::Api, false),
            (ClosingNoteMode::BothRequired, "Sale", "Won", CloseSource::Api, true),
            (ClosingNoteMode::BothRequired, "", "", CloseSource::AutoClose, true),
        ];
        for (mode, category, summary, source, fine) in table {
            assert_eq!(
                note(category, summary).check(mode, source).is_ok(),
                fine,
                "{mode} {category:?} {summary:?} {source}"
            );
        }
        assert!(
            note(&"x".repeat(MAX_CATEGORY + 1), "")
                .check(ClosingNoteMode::Optional, CloseSource::User)
                .is_err()
        );
        assert!(
            note("", &"x".repeat(MAX_SUMMARY + 1))
                .check(ClosingNoteMode::Optional, CloseSource::User)
                .is_err()
        );
    }

    #[test]
    fn snooze_and_wake() {
        let (mut contact, mut conversation) = opened();
        let me = Actor::user(UserId(7));
        assert!(conversation.snooze(&mut contact, NOW, me, NOW).is_err());
        assert!(
            conversation
                .snooze(&mut contact, NOW.plus(2 * MAX_SNOOZE), me, NOW)
                .is_err()
        );
        let until = NOW.plus(Timestamp::HOUR);
        conversation.snooze(&mut contact, until, me, NOW).unwrap();
        assert_eq!(
            (contact.status, contact.snoozed_until),
            (ConversationStatus::Snoozed, Some(until))
        );
        let customer = Actor::contact(contact.id);
        assert!(conversation.wake(&mut contact, WakeReason::Message, customer).is_some());
        assert!(
            conversation
                .wake(&mut contact, WakeReason::Time, Actor::SYSTEM)
                .is_none()
        );
        assert_eq!(contact.status, ConversationStatus::Open);
    }

    #[test]
    fn the_assignee_stays_when_the_conversation_closes() {
        let (mut contact, mut conversation) = opened();
        assert!(
            assign(
                &mut contact,
                Some(&mut conversation),
                Some(UserId(7)),
                Actor::user(UserId(7)),
                NOW
            )
            .is_some()
        );
        assert!(
            assign(
                &mut contact,
                Some(&mut conversation),
                Some(UserId(7)),
                Actor::user(UserId(7)),
                NOW
            )
            .is_none()
        );
        conversation.close(
            &mut contact,
            ClosingNote::default(),
            CloseSource::User,
            Actor::user(UserId(7)),
            NOW,
        );
        assert_eq!(contact.assignee_id, Some(UserId(7)));
        assert_eq!(contact.status, ConversationStatus::Closed);
        assert_eq!(conversation.first_assignee_id, Some(UserId(7)));
    }
}
