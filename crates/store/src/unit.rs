//! A unit of work: entities loaded as a set, changed in memory by the rules of the domain, saved in a few statements.
//!
//! Every use case that changes conversations goes through it, the single click of an agent as well as a batch of a
//! thousand webhooks, so that there is one way in which changes, versions and events reach the disk.

use crate::clock::Ids;
use crate::error::Result;
use crate::record::{Existing, Record};
use crate::tables::attachments::AttachmentRow;
use crate::tables::contacts::IdentityRow;
use crate::tables::jobs::Job;
use crate::tables::ledger::{LedgerRow, RawRow};
use crate::tables::messages::ParkedStatus;
use crate::tables::outbox::OutboxRow;
use crate::tables::{contacts, conversations, ledger, messages};
use crate::tx::{Hint, Tx};
use ism_domain::comment::Comment;
use ism_domain::contact::{Contact, ContactChannel};
use ism_domain::conversation::Conversation;
use ism_domain::event::NewEvent;
use ism_domain::message::Message;
use ism_domain::{ChannelId, ContactChannelId, ContactId, ConversationId, MessageId, Timestamp, WorkspaceId};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

/// An entity in memory, and what has to happen to its row.
struct Tracked<T> {
    value: T,
    new: bool,
    dirty: bool,
}

impl<T> Tracked<T> {
    const fn loaded(value: T) -> Self {
        Self {
            value,
            new: false,
            dirty: false,
        }
    }
    const fn added(value: T) -> Self {
        Self {
            value,
            new: true,
            dirty: true,
        }
    }
}

/// See the module's documentation.
pub struct Unit {
    workspace: WorkspaceId,
    now: Timestamp,
    ids: Arc<Ids>,
    contacts: BTreeMap<ContactId, Tracked<Contact>>,
    contact_channels: BTreeMap<ContactChannelId, Tracked<ContactChannel>>,
    identities: HashMap<(ChannelId, String), ContactChannelId>,
    new_identities: Vec<IdentityRow>,
    conversations: BTreeMap<ConversationId, Tracked<Conversation>>,
    open: HashMap<ContactId, ConversationId>,
    returning: HashSet<ContactId>,
    messages: BTreeMap<MessageId, Tracked<Message>>,
    external: HashMap<(ChannelId, String), MessageId>,
    events: Vec<(Timestamp, NewEvent)>,
    /// Rows that are only ever added.
    pub comments: Vec<Comment>,
    pub attachments: Vec<AttachmentRow>,
    pub outbox: Vec<OutboxRow>,
    pub jobs: Vec<Job>,
    pub parked: Vec<ParkedStatus>,
    pub raw: Vec<RawRow>,
    counts: BTreeMap<(ChannelId, Timestamp, String), i64>,
}

impl Unit {
    /// An empty unit for the transaction's workspace.
    #[must_use]
    pub fn new(tx: &Tx<'_>) -> Self {
        Self {
            workspace: tx.workspace(),
            now: tx.now(),
            ids: tx.ids().clone(),
            contacts: BTreeMap::new(),
            contact_channels: BTreeMap::new(),
            identities: HashMap::new(),
            new_identities: Vec::new(),
            conversations: BTreeMap::new(),
            open: HashMap::new(),
            returning: HashSet::new(),
            messages: BTreeMap::new(),
            external: HashMap::new(),
            events: Vec::new(),
            comments: Vec::new(),
            attachments: Vec::new(),
            outbox: Vec::new(),
            jobs: Vec::new(),
            parked: Vec::new(),
            raw: Vec::new(),
            counts: BTreeMap::new(),
        }
    }

    /// The workspace.
    #[must_use]
    pub const fn workspace(&self) -> WorkspaceId {
        self.workspace
    }

    /// When the transaction began.
    #[must_use]
    pub const fn now(&self) -> Timestamp {
        self.now
    }

    /// A new id.
    #[must_use]
    pub fn id<T: From<i64>>(&self) -> T {
        self.ids.next().into()
    }

    // Loading

    /// Loads contacts with their open conversations.
    ///
    /// # Errors
    /// When a statement fails.
    pub fn load_contacts(&mut self, tx: &mut Tx<'_>, ids: &[ContactId]) -> Result<()> {
        let wanted: Vec<ContactId> = ids
            .iter()
            .copied()
            .filter(|id| !self.contacts.contains_key(id))
            .collect();
        if wanted.is_empty() {
            return Ok(());
        }
        for contact in contacts::get_many(tx, self.workspace, &wanted)? {
            self.contacts.insert(contact.id, Tracked::loaded(contact));
        }
        for conversation in conversations::open_of_many(tx, self.workspace, &wanted)? {
            self.open.insert(conversation.contact_id, conversation.id);
            self.conversations
                .insert(conversation.id, Tracked::loaded(conversation));
        }
        let closed: Vec<ContactId> = wanted.into_iter().filter(|id| !self.open.contains_key(id)).collect();
        self.returning
            .extend(conversations::returning_among(tx, self.workspace, &closed)?);
        Ok(())
    }

    /// Loads the contacts behind identities of a channel, with everything [`Unit::load_contacts`] loads.
    ///
    /// # Errors
    /// When a statement fails.
    pub fn load_identities(&mut self, tx: &mut Tx<'_>, channel: ChannelId, keys: Vec<String>) -> Result<()> {
        if keys.is_empty() {
            return Ok(());
        }
        let rows: Vec<IdentityRow> = tx.all(
            "WHERE workspace_id = ?1 AND channel_id = ?2 AND value = ANY(?3)",
            &[self.workspace.into(), channel.into(), keys.into()],
        )?;
        let mut links: Vec<ContactChannelId> = rows.iter().map(|row| row.contact_channel_id).collect();
        for row in rows {
            self.identities.insert((channel, row.value), row.contact_channel_id);
        }
        links.sort_unstable();
        links.dedup();
        self.load_contact_channels(tx, &links)
    }

    /// Loads contact channels and their contacts.
    ///
    /// # Errors
    /// When a statement fails.
    pub fn load_contact_channels(&mut self, tx: &mut Tx<'_>, ids: &[ContactChannelId]) -> Result<()> {
        let wanted: Vec<ContactChannelId> = ids
            .iter()
            .copied()
            .filter(|id| !self.contact_channels.contains_key(id))
            .collect();
        if wanted.is_empty() {
            return Ok(());
        }
        let links: Vec<ContactChannel> = tx.all(
            "WHERE workspace_id = ?1 AND id = ANY(?2)",
            &[self.workspace.into(), crate::ids(wanted.iter().copied())],
        )?;
        let owners: Vec<ContactId> = links.iter().map(|link| link.contact_id).collect();
        for link in links {
            self.contact_channels.insert(link.id, Tracked::loaded(link));
        }
        self.load_contacts(tx, &owners)
    }

    /// Loads messages by the provider's ids.
    ///
    /// # Errors
    /// When a statement fails.
    pub fn load_external(&mut self, tx: &mut Tx<'_>, channel: ChannelId, external_ids: Vec<String>) -> Result<()> {
        let found = messages::by_external(tx, self.workspace, channel, external_ids)?;
        self.remember_messages(tx, found)
    }

    /// Loads messages by our ids.
    ///
    /// # Errors
    /// When a statement fails.
    pub fn load_messages(&mut self, tx: &mut Tx<'_>, ids: &[MessageId]) -> Result<()> {
        let wanted: Vec<MessageId> = ids
            .iter()
            .copied()
            .filter(|id| !self.messages.contains_key(id))
            .collect();
        let found = messages::get_many(tx, self.workspace, &wanted)?;
        self.remember_messages(tx, found)
    }

    fn remember_messages(&mut self, tx: &mut Tx<'_>, found: Vec<Message>) -> Result<()> {
        let mut owners: Vec<ContactId> = found.iter().map(|message| message.contact_id).collect();
        for message in found {
            if let Some(external) = &message.external_id {
                self.external.insert((message.channel_id, external.clone()), message.id);
            }
            self.messages
                .entry(message.id)
                .or_insert_with(|| Tracked::loaded(message));
        }
        owners.sort_unstable();
        owners.dedup();
        self.load_contacts(tx, &owners)
    }

    // Looking

    /// A loaded contact.
    #[must_use]
    pub fn contact(&self, id: ContactId) -> Option<&Contact> {
        self.contacts.get(&id).map(|tracked| &tracked.value)
    }

    /// The open conversation of a loaded contact.
    #[must_use]
    pub fn open_conversation(&self, contact: ContactId) -> Option<&Conversation> {
        self.open
            .get(&contact)
            .and_then(|id| self.conversations.get(id))
            .map(|tracked| &tracked.value)
    }

    /// Whether a loaded contact had a conversation before.
    #[must_use]
    pub fn is_returning(&self, contact: ContactId) -> bool {
        self.returning.contains(&contact)
    }

    /// The contact channel that an identity leads to.
    #[must_use]
    pub fn contact_channel_of(&self, channel: ChannelId, key: &str) -> Option<ContactChannelId> {
        self.identities.get(&(channel, key.to_owned())).copied()
    }

    /// A loaded contact channel.
    #[must_use]
    pub fn contact_channel(&self, id: ContactChannelId) -> Option<&ContactChannel> {
        self.contact_channels.get(&id).map(|tracked| &tracked.value)
    }

    /// A loaded message.
    #[must_use]
    pub fn message(&self, id: MessageId) -> Option<&Message> {
        self.messages.get(&id).map(|tracked| &tracked.value)
    }

    /// A loaded message by the provider's id.
    #[must_use]
    pub fn message_by_external(&self, channel: ChannelId, external: &str) -> Option<MessageId> {
        self.external.get(&(channel, external.to_owned())).copied()
    }

    // Changing

    /// A loaded contact, to be changed.
    pub fn contact_mut(&mut self, id: ContactId) -> Option<&mut Contact> {
        self.contacts.get_mut(&id).map(|tracked| {
            tracked.dirty = true;
            &mut tracked.value
        })
    }

    /// Gives a loaded contact a new version without changing it, when something its screen shows has changed.
    pub fn touch_contact(&mut self, id: ContactId) {
        if let Some(tracked) = self.contacts.get_mut(&id) {
            tracked.dirty = true;
        }
    }

    /// A loaded contact and its open conversation, both to be changed.
    pub fn contact_and_conversation(&mut self, id: ContactId) -> Option<(&mut Contact, Option<&mut Conversation>)> {
        let contact = self.contacts.get_mut(&id)?;
        contact.dirty = true;
        let conversation = self
            .open
            .get(&id)
            .and_then(|open| self.conversations.get_mut(open))
            .map(|tracked| {
                tracked.dirty = true;
                &mut tracked.value
            });
        Some((&mut contact.value, conversation))
    }

    /// A loaded contact channel, to be changed.
    pub fn contact_channel_mut(&mut self, id: ContactChannelId) -> Option<&mut ContactChannel> {
        self.contact_channels.get_mut(&id).map(|tracked| {
            tracked.dirty = true;
            &mut tracked.value
        })
    }

    /// A loaded message, to be changed.
    pub fn message_mut(&mut self, id: MessageId) -> Option<&mut Message> {
        self.messages.get_mut(&id).map(|tracked| {
            tracked.dirty = true;
            &mut tracked.value
        })
    }

    /// Adds a contact.
    pub fn add_contact(&mut self, contact: Contact) {
        self.contacts.insert(contact.id, Tracked::added(contact));
    }

    /// Adds a contact channel and its identities.
    pub fn add_contact_channel(&mut self, link: ContactChannel) {
        for identity in link.identities.clone() {
            self.add_identity(link.channel_id, identity.key(), link.id);
        }
        self.contact_channels.insert(link.id, Tracked::added(link));
    }

    /// Lets an identity lead to a contact channel, unless it is taken.
    pub fn add_identity(&mut self, channel: ChannelId, key: String, link: ContactChannelId) {
        if self.identities.contains_key(&(channel, key.clone())) {
            return;
        }
        self.identities.insert((channel, key.clone()), link);
        self.new_identities.push(IdentityRow {
            workspace_id: self.workspace,
            channel_id: channel,
            value: key,
            contact_channel_id: link,
        });
    }

    /// Adds an open conversation.
    pub fn add_conversation(&mut self, conversation: Conversation) {
        self.open.insert(conversation.contact_id, conversation.id);
        self.conversations.insert(conversation.id, Tracked::added(conversation));
    }

    /// Forgets that a conversation is open, after it was closed.
    pub fn mark_closed(&mut self, contact: ContactId) {
        self.open.remove(&contact);
        self.returning.insert(contact);
    }

    /// Adds a message.
    pub fn add_message(&mut self, message: Message) {
        if let Some(external) = &message.external_id {
            self.external.insert((message.channel_id, external.clone()), message.id);
        }
        self.messages.insert(message.id, Tracked::added(message));
    }

    /// Notes the provider's id of a message.
    pub fn set_external(&mut self, id: MessageId, external: String) {
        if let Some(message) = self.message_mut(id) {
            message.external_id = Some(external.clone());
            let channel = message.channel_id;
            self.external.insert((channel, external), id);
        }
    }

    /// Appends an event. Its place in the timeline is here: after everything that has an id so far.
    pub fn emit(&mut self, event: NewEvent) {
        self.events.push((Timestamp(self.ids.next()), event));
    }

    /// Counts what became of something a channel received.
    pub fn count(&mut self, channel: ChannelId, outcome: &str, count: i64) {
        let hour = Timestamp(self.now.0 - self.now.0.rem_euclid(Timestamp::HOUR));
        *self.counts.entry((channel, hour, outcome.to_owned())).or_default() += count;
    }

    // Saving

    /// Writes everything that changed, in a fixed order of tables.
    ///
    /// # Errors
    /// When a statement fails; the transaction is then undone.
    pub fn save(mut self, tx: &mut Tx<'_>) -> Result<()> {
        for contact in self.contacts.values_mut().filter(|tracked| tracked.dirty) {
            contact.value.version = self.ids.next();
        }
        for conversation in self.conversations.values_mut().filter(|tracked| tracked.dirty) {
            conversation.value.version = self.ids.next();
        }
        for message in self.messages.values_mut().filter(|tracked| tracked.dirty) {
            message.value.version = self.ids.next();
        }
        write(tx, self.contacts.values())?;
        write(tx, self.contact_channels.values())?;
        add(tx, &self.new_identities)?;
        write(tx, self.conversations.values())?;
        write(tx, self.messages.values())?;
        add(tx, &self.comments)?;
        add(tx, &self.attachments)?;
        add(tx, &self.outbox)?;
        add(tx, &self.jobs)?;
        add(tx, &self.parked)?;
        add(tx, &self.raw)?;
        let ledger: Vec<LedgerRow> = self
            .counts
            .into_iter()
            .map(|((channel_id, hour, outcome), count)| LedgerRow {
                workspace_id: self.workspace,
                channel_id,
                hour,
                outcome,
                count,
            })
            .collect();
        ledger::add(tx, &ledger)?;
        if !self.outbox.is_empty() {
            tx.hint(Hint::Outbox);
        }
        if !self.jobs.is_empty() {
            tx.hint(Hint::Jobs);
        }
        for (at, event) in self.events {
            tx.emit_at(at, event);
        }
        Ok(())
    }
}

/// New rows are inserted, changed ones replaced.
fn write<'t, T: Record + 't>(tx: &mut Tx<'_>, rows: impl Iterator<Item = &'t Tracked<T>> + Clone) -> Result<()> {
    if rows.clone().any(|tracked| tracked.new) {
        tx.insert(
            rows.clone().filter(|tracked| tracked.new).map(|tracked| &tracked.value),
            Existing::Refuse,
        )?;
    }
    if rows.clone().any(|tracked| tracked.dirty && !tracked.new) {
        let changed = rows
            .filter(|tracked| tracked.dirty && !tracked.new)
            .map(|tracked| &tracked.value);
        tx.insert(changed, Existing::Replace)?;
    }
    Ok(())
}

fn add<R: Record>(tx: &mut Tx<'_>, rows: &[R]) -> Result<()> {
    if !rows.is_empty() {
        tx.insert(rows, Existing::Refuse)?;
    }
    Ok(())
}
