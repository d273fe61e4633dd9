//! The inbox: lists, counters, timelines, and what agents do with conversations.

use crate::ingest::open;
use crate::views::{self, ContactChannelView, ContactView, ConversationView, TimelineItem};
use crate::{Error, Member, Result, Services};
use ism_domain::access::Action;
use ism_domain::contact::fold;
use ism_domain::conversation::{
    self, CloseSource, ClosingNote, ClosingNoteMode, ConversationStatus, Opening, WakeReason, open_source_of,
};
use ism_domain::event::{Actor, EventKind, NewEvent};
use ism_domain::{CategoryId, ContactId, MessageId, Refusal, Timestamp, UserId, WorkspaceId};
use ism_store::tables::contacts::{Inbox, ListQuery, Sort};
use ism_store::tables::{accounts, channels, comments, contacts, conversations, messages};
use ism_store::unit::Unit;
use ism_store::{Event, Tx, log};
use serde::Serialize;
use serde_json::json;
use std::collections::HashMap;
use utoipa::ToSchema;

/// Rows of a list page, unless asked otherwise.
pub const PAGE: u64 = 50;
/// Most rows of a page.
pub const MAX_PAGE: u64 = 100;
/// Most words of a search that are looked at.
const MAX_WORDS: usize = 8;

/// Which list.
#[derive(Debug, Clone)]
pub struct ListRequest {
    pub inbox: InboxName,
    pub status: Option<ConversationStatus>,
    pub sort: Sort,
    pub unreplied: bool,
    /// Words in name, e-mail or phone number.
    pub search: String,
    pub cursor: Option<String>,
    pub limit: u64,
}

/// The standard inboxes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InboxName {
    All,
    Mine,
    Unassigned,
}

/// A page of the list.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct InboxPage {
    pub items: Vec<ContactView>,
    /// Give it back for the next page; absent on the last.
    pub next_cursor: Option<String>,
    /// The log's number at the time of reading: resume realtime from here.
    pub seq: i64,
}

/// Counts of one inbox.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
pub struct CountView {
    /// Contacts with an open conversation.
    pub open: i64,
    /// Of these, those with unread messages.
    pub unread: i64,
}

/// Counts of the standard inboxes.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
pub struct Counters {
    pub all: CountView,
    pub mine: CountView,
    pub unassigned: CountView,
}

/// Everything a conversation's screen needs besides the timeline.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ContactDetail {
    pub contact: ContactView,
    pub channels: Vec<ContactChannelView>,
    /// The open or snoozed conversation.
    pub conversation: Option<ConversationView>,
    pub seq: i64,
}

/// A page of a timeline.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct TimelinePage {
    /// Oldest first.
    pub items: Vec<TimelineItem>,
    /// Give it as `before` for older entries; absent at the beginning.
    pub next_before: Option<i64>,
    pub seq: i64,
}

/// Splits a search into lower-case words; a phone number with spaces becomes one.
#[must_use]
pub fn words(search: &str) -> Vec<String> {
    let digits: String = search.chars().filter(char::is_ascii_digit).collect();
    let phone = digits.len() >= 4 && search.chars().all(|c| c.is_ascii_digit() || " +-().".contains(c));
    if phone {
        return vec![digits];
    }
    search.split_whitespace().take(MAX_WORDS).map(fold).collect()
}

impl Services {
    /// A page of the inbox list.
    ///
    /// # Errors
    /// When the cursor is not one of ours, or the database cannot be read.
    pub async fn list_inbox(&self, member: Member, request: ListRequest) -> Result<InboxPage> {
        member.require(Action::InboxView)?;
        let workspace = member.workspace;
        let after = request
            .cursor
            .as_deref()
            .filter(|cursor| !cursor.is_empty())
            .map(parse_cursor)
            .transpose()?;
        let query = ListQuery {
            inbox: inbox(request.inbox, member.user),
            status: request.status,
            sort: request.sort,
            unreplied: request.unreplied,
            words: words(&request.search),
            after,
            limit: request.limit.clamp(1, MAX_PAGE),
        };
        self.store
            .snapshot(workspace, move |tx| {
                let seq = log::head(tx, workspace)?;
                let rows = contacts::list(tx, workspace, &query)?;
                let full = rows.len() as u64 == query.limit;
                let next_cursor = rows.last().filter(|_| full).map(|row| {
                    let at = if query.sort == Sort::LongestOpen {
                        row.opened_at.unwrap_or_default()
                    } else {
                        row.sort_at
                    };
                    format!("{}-{}", at.0, row.id)
                });
                Ok(InboxPage {
                    items: rows.iter().map(views::contact).collect(),
                    next_cursor,
                    seq,
                })
            })
            .await
    }

    /// Counts for the sidebar.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn counters(&self, member: Member) -> Result<Counters> {
        member.require(Action::InboxView)?;
        let workspace = member.workspace;
        self.store
            .snapshot(workspace, move |tx| {
                let mut count = |name| {
                    contacts::count(tx, workspace, inbox(name, member.user)).map(|count| CountView {
                        open: count.open,
                        unread: count.unread,
                    })
                };
                Ok(Counters {
                    all: count(InboxName::All)?,
                    mine: count(InboxName::Mine)?,
                    unassigned: count(InboxName::Unassigned)?,
                })
            })
            .await
    }

    /// A contact with its channels and open conversation.
    ///
    /// # Errors
    /// When there is no such contact.
    pub async fn contact_detail(&self, member: Member, id: ContactId) -> Result<ContactDetail> {
        member.require(Action::InboxView)?;
        self.store.snapshot(member.workspace, move |tx| detail(tx, id)).await
    }

    /// A page of a contact's timeline, the newest first, or what lies before `before`.
    ///
    /// # Errors
    /// When there is no such contact.
    pub async fn timeline(
        &self,
        member: Member,
        id: ContactId,
        before: Option<i64>,
        limit: i64,
    ) -> Result<TimelinePage> {
        member.require(Action::InboxView)?;
        let limit = limit.clamp(1, 200);
        self.store
            .snapshot(member.workspace, move |tx| {
                timeline(tx, id, before.unwrap_or(i64::MAX), limit)
            })
            .await
    }

    /// Hands a contact to a user, or to nobody.
    ///
    /// # Errors
    /// When there is no such contact or user.
    pub async fn assign(&self, member: Member, contact: ContactId, to: Option<UserId>) -> Result<ContactView> {
        member.require(Action::InboxReply)?;
        let actor = member.actor();
        self.store
            .write(member.workspace, move |tx| assign(tx, contact, to, actor))
            .await
    }

    /// Opens a conversation; a no-op when one is open.
    ///
    /// # Errors
    /// When there is no such contact, or it is blocked.
    pub async fn open_conversation(&self, member: Member, contact: ContactId) -> Result<ContactView> {
        member.require(Action::InboxReply)?;
        let actor = member.actor();
        self.store
            .write(member.workspace, move |tx| open_by(tx, contact, actor))
            .await
    }

    /// Closes the open conversation with a note.
    ///
    /// # Errors
    /// When none is open, or the workspace asks for a closing note that is missing.
    pub async fn close_conversation(
        &self,
        member: Member,
        contact: ContactId,
        category: Option<CategoryId>,
        summary: Option<String>,
    ) -> Result<ContactView> {
        member.require(Action::InboxReply)?;
        let actor = member.actor();
        self.store
            .write(member.workspace, move |tx| {
                let workspace = tx.workspace();
                let category = match category {
                    None => None,
                    Some(id) => Some(
                        conversations::categories(tx, workspace)?
                            .into_iter()
                            .find(|known| known.id == id)
                            .ok_or_else(|| {
                                Refusal::field("category_id", "This category no longer exists. Choose another.")
                            })?
                            .name,
                    ),
                };
                let note = ClosingNote {
                    category,
                    summary: summary.clone(),
                };
                let closed = close(tx, contact, note, CloseSource::User, actor)?;
                closed.ok_or_else(|| Refusal::conflict("not_open", "This contact has no open conversation.").into())
            })
            .await
    }

    /// Opens a conversation for a program; a no-op when one is open.
    ///
    /// # Errors
    /// When there is no such contact, or it is blocked.
    pub async fn open_conversation_as(&self, workspace: WorkspaceId, contact: ContactId, actor: Actor) -> Result<()> {
        self.store
            .write(workspace, move |tx| open_by(tx, contact, actor).map(drop))
            .await
    }

    /// Closes a conversation for a program; a no-op when none is open.
    ///
    /// # Errors
    /// When the workspace asks for a closing note that is missing.
    pub async fn close_conversation_as(
        &self,
        workspace: WorkspaceId,
        contact: ContactId,
        note: ClosingNote,
        actor: Actor,
    ) -> Result<()> {
        self.store
            .write(workspace, move |tx| {
                close(tx, contact, note.clone(), CloseSource::Api, actor).map(drop)
            })
            .await
    }

    /// Assigns for a program, by a user's id or e-mail address.
    ///
    /// # Errors
    /// When there is no such contact or user.
    pub async fn assign_as(
        &self,
        workspace: WorkspaceId,
        contact: ContactId,
        assignee: Option<String>,
        actor: Actor,
    ) -> Result<()> {
        self.store
            .write(workspace, move |tx| {
                let to = match &assignee {
                    None => None,
                    Some(name) => Some(match name.parse::<UserId>() {
                        Ok(id) => id,
                        Err(_) => {
                            accounts::user_by_email(tx, &name.to_lowercase())?
                                .ok_or_else(|| Refusal::not_found("User"))?
                                .id
                        }
                    }),
                };
                assign(tx, contact, to, actor).map(drop)
            })
            .await
    }

    /// Puts the open conversation aside until a time.
    ///
    /// # Errors
    /// When none is open, or the time cannot be used.
    pub async fn snooze(&self, member: Member, contact: ContactId, until: Timestamp) -> Result<ContactView> {
        member.require(Action::InboxReply)?;
        let actor = member.actor();
        self.store
            .write(member.workspace, move |tx| {
                let mut unit = load(tx, contact)?;
                let now = tx.now();
                let (contact_row, conversation) = both(&mut unit, contact)?;
                let conversation = conversation
                    .ok_or_else(|| Refusal::conflict("not_open", "This contact has no open conversation to snooze."))?;
                let event = conversation.snooze(contact_row, until, actor, now)?;
                unit.emit(event);
                finish(tx, unit, contact)
            })
            .await
    }

    /// Ends a snooze by hand; a no-op when there is none.
    ///
    /// # Errors
    /// When there is no such contact.
    pub async fn unsnooze(&self, member: Member, contact: ContactId) -> Result<ContactView> {
        member.require(Action::InboxReply)?;
        let actor = member.actor();
        self.store
            .write(member.workspace, move |tx| {
                let mut unit = load(tx, contact)?;
                wake(&mut unit, contact, WakeReason::User, actor);
                finish(tx, unit, contact)
            })
            .await
    }

    /// Marks everything of a contact as read, or as unread.
    ///
    /// # Errors
    /// When there is no such contact.
    pub async fn mark_read(&self, member: Member, contact: ContactId, read: bool) -> Result<ContactView> {
        member.require(Action::InboxView)?;
        let actor = member.actor();
        self.store
            .write(member.workspace, move |tx| {
                let mut unit = load(tx, contact)?;
                let row = unit.contact(contact).ok_or_else(|| Refusal::not_found("Contact"))?;
                if (row.unread_count == 0) == read {
                    return Ok(views::contact(row));
                }
                // Only the contact: a conversation that is touched needs an event that names it.
                let row = unit.contact_mut(contact).ok_or_else(|| Refusal::not_found("Contact"))?;
                row.unread_count = i64::from(!read);
                let kind = if read {
                    EventKind::ContactRead
                } else {
                    EventKind::ContactUnread
                };
                unit.emit(NewEvent::contact(kind, actor, contact, None, json!({})));
                finish(tx, unit, contact)
            })
            .await
    }
}

/// Loads one contact for a change.
pub(crate) fn load(tx: &mut Tx<'_>, contact: ContactId) -> Result<Unit> {
    let mut unit = Unit::new(tx);
    unit.load_contacts(tx, &[contact])?;
    if unit.contact(contact).is_none() {
        return Err(Refusal::not_found("Contact").into());
    }
    Ok(unit)
}

fn both(
    unit: &mut Unit,
    contact: ContactId,
) -> Result<(
    &mut ism_domain::contact::Contact,
    Option<&mut conversation::Conversation>,
)> {
    unit.contact_and_conversation(contact)
        .ok_or_else(|| Refusal::not_found("Contact").into())
}

/// Saves, and returns the contact as it is now.
pub(crate) fn finish(tx: &mut Tx<'_>, unit: Unit, contact: ContactId) -> Result<ContactView> {
    let workspace = unit.workspace();
    unit.save(tx)?;
    let row = contacts::get(tx, workspace, contact)?.ok_or_else(|| Error::Internal("a contact vanished".to_owned()))?;
    Ok(views::contact(&row))
}

/// Hands a contact to a present member of the workspace.
pub(crate) fn assign(tx: &mut Tx<'_>, contact: ContactId, to: Option<UserId>, actor: Actor) -> Result<ContactView> {
    let workspace = tx.workspace();
    if let Some(user) = to
        && accounts::member(tx, workspace, user)?.is_none()
    {
        return Err(Refusal::not_found("User").into());
    }
    let mut unit = load(tx, contact)?;
    if unit.contact(contact).is_some_and(|row| row.assignee_id == to) {
        return unit
            .contact(contact)
            .map(views::contact)
            .ok_or_else(|| Refusal::not_found("Contact").into());
    }
    let now = tx.now();
    let (row, conversation) = both(&mut unit, contact)?;
    if let Some(event) = conversation::assign(row, conversation, to, actor, now) {
        unit.emit(event);
    }
    finish(tx, unit, contact)
}

/// Opens a conversation for whoever asks.
pub(crate) fn open_by(tx: &mut Tx<'_>, contact: ContactId, actor: Actor) -> Result<ContactView> {
    let mut unit = load(tx, contact)?;
    if unit.contact(contact).is_some_and(|row| row.is_blocked) {
        return Err(Refusal::conflict("contact_blocked", "This contact is blocked.").into());
    }
    if unit.open_conversation(contact).is_some() {
        return unit
            .contact(contact)
            .map(views::contact)
            .ok_or_else(|| Refusal::not_found("Contact").into());
    }
    let opening = Opening {
        source: open_source_of(actor.kind),
        actor,
        channel_id: None,
        at: tx.now(),
    };
    open(&mut unit, contact, opening);
    finish(tx, unit, contact)
}

/// Closes the open conversation; `None` when there is none.
pub(crate) fn close(
    tx: &mut Tx<'_>,
    contact: ContactId,
    note: ClosingNote,
    source: CloseSource,
    actor: Actor,
) -> Result<Option<ContactView>> {
    let workspace = tx.workspace();
    let mut unit = load(tx, contact)?;
    if unit.open_conversation(contact).is_none() {
        return Ok(None);
    }
    let mode = closing_note_mode(tx)?;
    let note = note.check(mode, source)?;
    let now = tx.now();
    let (row, conversation) = both(&mut unit, contact)?;
    let Some(conversation) = conversation else {
        return Ok(None);
    };
    let event = conversation.close(row, note, source, actor, now);
    unit.mark_closed(contact);
    unit.emit(event);
    debug_assert_eq!(workspace, unit.workspace());
    finish(tx, unit, contact).map(Some)
}

/// Ends a snooze, if there is one.
pub(crate) fn wake(unit: &mut Unit, contact: ContactId, reason: WakeReason, actor: Actor) -> bool {
    let snoozed = unit
        .open_conversation(contact)
        .is_some_and(|open| open.status == ConversationStatus::Snoozed);
    if !snoozed {
        return false;
    }
    let event = unit
        .contact_and_conversation(contact)
        .and_then(|(row, conversation)| conversation?.wake(row, reason, actor));
    match event {
        Some(event) => {
            unit.emit(event);
            true
        }
        None => false,
    }
}

/// What the workspace asks of people who close.
pub(crate) fn closing_note_mode(tx: &mut Tx<'_>) -> Result<ClosingNoteMode> {
    let workspace = tx.workspace();
    let row = accounts::workspace(tx, workspace)?.ok_or_else(|| Refusal::not_found("Workspace"))?;
    Ok(row
        .settings
        .get("closing_note_mode")
        .and_then(|mode| mode.as_str())
        .and_then(|mode| mode.parse().ok())
        .unwrap_or(ClosingNoteMode::Optional))
}

fn detail(tx: &mut Tx<'_>, id: ContactId) -> Result<ContactDetail> {
    let workspace = tx.workspace();
    let seq = log::head(tx, workspace)?;
    let row = contacts::get(tx, workspace, id)?.ok_or_else(|| Refusal::not_found("Contact"))?;
    let known: HashMap<_, _> = channels::list_all(tx, workspace)?
        .into_iter()
        .map(|channel| (channel.id, channel))
        .collect();
    let links = contacts::channels_of(tx, workspace, id)?;
    let conversation = conversations::open_of(tx, workspace, id)?;
    Ok(ContactDetail {
        contact: views::contact(&row),
        channels: links
            .iter()
            .map(|link| views::contact_channel(link, known.get(&link.channel_id)))
            .collect(),
        conversation: conversation.as_ref().map(views::conversation),
        seq,
    })
}

fn timeline(tx: &mut Tx<'_>, id: ContactId, before: i64, limit: i64) -> Result<TimelinePage> {
    let workspace = tx.workspace();
    let seq = log::head(tx, workspace)?;
    contacts::get(tx, workspace, id)?.ok_or_else(|| Refusal::not_found("Contact"))?;
    let found = messages::before(tx, workspace, id, before, limit)?;
    let notes = comments::before(tx, workspace, id, before, limit)?;
    let events: Vec<Event> = tx.all(
        "WHERE workspace_id = ?1 AND contact_id = ?2 AND at < ?3 AND in_timeline ORDER BY at DESC LIMIT ?4",
        &[workspace.into(), id.into(), before.into(), limit.into()],
    )?;
    let quoted_ids: Vec<MessageId> = found.iter().filter_map(|message| message.reply_to_id).collect();
    let quoted: HashMap<MessageId, _> = messages::get_many(tx, workspace, &quoted_ids)?
        .into_iter()
        .map(|message| (message.id, message))
        .collect();
    let mut items: Vec<TimelineItem> = found
        .iter()
        .map(|message| TimelineItem::Message {
            key: message.id.0,
            message: Box::new(views::message(
                message,
                message.reply_to_id.and_then(|id| quoted.get(&id)),
            )),
        })
        .chain(notes.iter().map(|note| TimelineItem::Comment {
            key: note.id.0,
            comment: views::comment(note),
        }))
        .chain(events.iter().map(|event| TimelineItem::Event {
            key: event.at.0,
            event: views::event(event),
        }))
        .collect();
    items.sort_unstable_by_key(|item| std::cmp::Reverse(item.key()));
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let more = items.len() >= limit;
    items.truncate(limit);
    items.reverse();
    let next_before = items.first().filter(|_| more).map(TimelineItem::key);
    Ok(TimelinePage {
        items,
        next_before,
        seq,
    })
}

const fn inbox(name: InboxName, user: UserId) -> Inbox {
    match name {
        InboxName::All => Inbox::All,
        InboxName::Mine => Inbox::Mine(user),
        InboxName::Unassigned => Inbox::Unassigned,
    }
}

fn parse_cursor(cursor: &str) -> Result<(Timestamp, ContactId), Refusal> {
    cursor
        .split_once('-')
        .and_then(|(at, id)| Some((Timestamp(at.parse().ok()?), ContactId(id.parse().ok()?))))
        .ok_or_else(|| Refusal::field("cursor", "Give back the next_cursor of the page before, unchanged."))
}

#[cfg(test)]
mod tests {
    use super::words;

    #[test]
    fn a_phone_number_is_searched_by_its_digits() {
        assert_eq!(words("+60 12-345"), ["6012345"]);
        assert_eq!(words("Mia  OKAFOR"), ["mia", "okafor"]);
        assert_eq!(words("12"), ["12"]);
    }
}
