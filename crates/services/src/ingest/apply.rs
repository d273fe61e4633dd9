//! The decisions of ingest: a batch of events, applied in memory to the entities they concern.

use super::Taken;
use crate::channels::Live;
use crate::inbox::wake;
use crate::{Result, attachments};
use ism_domain::contact::{Contact, ContactChannel};
use ism_domain::content::{Attachment, AttachmentState, Content};
use ism_domain::conversation::{Conversation, OpenSource, Opening, WakeReason};
use ism_domain::event::{Actor, EventKind, NewEvent};
use ism_domain::inbound::{Identity, Inbound, InboundMessage, InboundStatus, Profile};
use ism_domain::message::{Direction, Message, Provenance, SenderSource, Side, Status, StatusChange};
use ism_domain::{ChannelId, ContactChannelId, ContactId, MessageId, Timestamp};
use ism_store::Tx;
use ism_store::tables::jobs::Job;
use ism_store::tables::ledger::RawRow;
use ism_store::tables::messages::ParkedStatus;
use ism_store::unit::Unit;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// One request: the channel, and what it said.
pub type Request = (Arc<Live>, Arc<Vec<Inbound>>);

/// How far ahead of ours a provider's clock may be before its time is not believed.
const CLOCK_SKEW: i64 = 5 * Timestamp::MINUTE;

/// Applies a batch of one workspace.
pub fn apply(tx: &mut Tx<'_>, batch: &[Request]) -> Result<Vec<Taken>> {
    let mut unit = Unit::new(tx);
    load(tx, &mut unit, batch)?;
    let activities_open = opens_on_activity(tx, batch)?;
    let mut results = Vec::with_capacity(batch.len());
    for (live, events) in batch {
        let mut step = Step {
            unit: &mut unit,
            live,
            activities_open,
            alerts: Vec::new(),
        };
        let mut taken = Taken::default();
        for event in events.iter() {
            let (outcome, message) = step.take(event);
            if outcome == "duplicate" {
                taken.duplicates += 1;
            }
            taken.messages.push(message);
            step.unit.count(live.row.id, "received", 1);
            step.unit.count(live.row.id, &outcome, 1);
        }
        let alerts = step.alerts;
        for (code, text) in alerts {
            alert(tx, &mut unit, live, &code, &text)?;
        }
        results.push(taken);
    }
    unit.save(tx)?;
    Ok(results)
}

/// Whether things like opening the chat open a conversation in this workspace.
fn opens_on_activity(tx: &mut Tx<'_>, batch: &[Request]) -> Result<bool> {
    let concerned = batch
        .iter()
        .flat_map(|(_, events)| events.iter())
        .any(|event| matches!(event, Inbound::Opened { .. }));
    if !concerned {
        return Ok(true);
    }
    let workspace = tx.workspace();
    let row = ism_store::tables::accounts::workspace(tx, workspace)?;
    Ok(row
        .and_then(|row| {
            row.settings
                .get("activities_open_conversations")
                .and_then(Value::as_bool)
        })
        .unwrap_or(true))
}

/// Loads everyone and everything the batch names, one query per kind and channel.
fn load(tx: &mut Tx<'_>, unit: &mut Unit, batch: &[Request]) -> Result<()> {
    let mut keys: BTreeMap<ChannelId, BTreeSet<String>> = BTreeMap::new();
    let mut externals: BTreeMap<ChannelId, BTreeSet<String>> = BTreeMap::new();
    let mut references: BTreeSet<MessageId> = BTreeSet::new();
    for (live, events) in batch {
        let channel = live.row.id;
        let keys = keys.entry(channel).or_default();
        let externals = externals.entry(channel).or_default();
        for event in events.iter() {
            match event {
                Inbound::Message(message) | Inbound::Echo(message) | Inbound::Edited(message) => {
                    keys.extend(names(&message.profile));
                    externals.insert(message.external_id.clone());
                    externals.extend(message.reply_to.clone());
                }
                Inbound::Deleted { external_id, .. } => drop(externals.insert(external_id.clone())),
                Inbound::Reaction { profile, target, .. } => {
                    keys.extend(names(profile));
                    externals.insert(target.clone());
                }
                Inbound::Status(status) => {
                    externals.insert(status.external_id.clone());
                    references.extend(status.reference.as_deref().and_then(|id| id.parse::<MessageId>().ok()));
                }
                Inbound::Opened { profile, .. }
                | Inbound::Stopped { profile, .. }
                | Inbound::Resumed { profile, .. } => {
                    keys.extend(names(profile));
                }
                Inbound::IdentityChanged { from, to, .. } => {
                    keys.insert(from.key());
                    keys.extend(to.iter().map(Identity::key));
                }
                Inbound::ChannelAlert { .. } | Inbound::Ignored { .. } | Inbound::Unrecognised { .. } => {}
            }
        }
    }
    for (channel, keys) in keys {
        unit.load_identities(tx, channel, keys.into_iter().collect())?;
    }
    for (channel, externals) in externals {
        unit.load_external(tx, channel, externals.into_iter().collect())?;
    }
    let references: Vec<MessageId> = references.into_iter().collect();
    if !references.is_empty() {
        unit.load_messages(tx, &references)?;
    }
    Ok(())
}

/// Every name a profile can be found by.
fn names(profile: &Profile) -> impl Iterator<Item = String> {
    profile.identities.iter().chain(&profile.aliases).map(Identity::key)
}

struct Step<'u> {
    unit: &'u mut Unit,
    live: &'u Live,
    activities_open: bool,
    alerts: Vec<(String, String)>,
}

impl Step<'_> {
    /// Applies one event. Returns the ledger's name for what became of it, and the message it led to.
    fn take(&mut self, event: &Inbound) -> (String, Option<MessageId>) {
        let simple = |name: &str| (name.to_owned(), None);
        match event {
            Inbound::Message(message) => self.message(message),
            Inbound::Echo(message) => self.echo(message),
            Inbound::Edited(message) => self.edited(message),
            Inbound::Deleted { external_id, at } => {
                let (channel, at) = (self.live.row.id, self.believable(*at));
                match self.unit.message_by_external(channel, external_id) {
                    Some(id) => {
                        if let Some(message) = self.unit.message_mut(id) {
                            message.deleted_at.get_or_insert(at);
                        }
                        // What was withdrawn is not to be read in the list either.
                        let shown = self
                            .unit
                            .message(id)
                            .map(|message| message.contact_id)
                            .filter(|contact| {
                                self.unit
                                    .contact(*contact)
                                    .is_some_and(|contact| contact.last_message_id == Some(id))
                            });
                        if let Some(contact) = shown.and_then(|contact| self.unit.contact_mut(contact)) {
                            contact.last_message_preview = Some(String::new());
                        }
                        self.message_changed(id, "deleted");
                        ("deleted".to_owned(), Some(id))
                    }
                    None => simple("ignored:unknown_message"),
                }
            }
            Inbound::Reaction {
                profile,
                target,
                emoji,
                at,
            } => self.reaction(profile, target, emoji.as_deref(), *at),
            Inbound::Status(status) => self.status(status),
            Inbound::Opened { profile, payload, at } => {
                let (contact, link) = self.person(profile);
                if self.activities_open {
                    self.open(contact, OpenSource::Contact);
                }
                let at = self.believable(*at);
                if self
                    .unit
                    .contact_channel(link)
                    .is_some_and(|link| link.last_incoming_at < Some(at))
                {
                    if let Some(link) = self.unit.contact_channel_mut(link) {
                        link.last_incoming_at = Some(at);
                    }
                    self.link_changed(contact, link);
                }
                tracing::debug!(has_payload = payload.is_some(), "a customer opened the chat");
                simple("opened")
            }
            Inbound::Stopped { profile, at } => simple(self.reachable(profile, Some(self.believable(*at)))),
            Inbound::Resumed { profile, .. } => simple(self.reachable(profile, None)),
            Inbound::IdentityChanged { from, to, .. } => simple(self.identity_changed(from, to)),
            Inbound::ChannelAlert { code, text, .. } => {
                self.alerts.push((code.clone(), text.clone()));
                simple("alert")
            }
            Inbound::Ignored { reason } => (format!("ignored:{reason}"), None),
            Inbound::Unrecognised { reason, raw } => {
                let id = self.unit.id();
                self.unit.raw.push(RawRow {
                    workspace_id: self.unit.workspace(),
                    channel_id: self.live.row.id,
                    id,
                    reason: (*reason).to_owned(),
                    body: ism_domain::content::clean_text(&raw.to_string()),
                    received_at: self.unit.now(),
                });
                simple("unrecognised")
            }
        }
    }

    fn message(&mut self, inbound: &InboundMessage) -> (String, Option<MessageId>) {
        let channel = self.live.row.id;
        if let Some(known) = self.unit.message_by_external(channel, &inbound.external_id) {
            return ("duplicate".to_owned(), Some(known));
        }
        let (contact_id, link_id) = self.person(&inbound.profile);
        let at = self.believable(inbound.at);
        let now = self.unit.now();
        if let Some(link) = self.unit.contact_channel_mut(link_id) {
            link.last_incoming_at = link.last_incoming_at.max(Some(at));
            link.last_message_at = Some(now);
            link.stopped_at = None;
        }
        let blocked = self.unit.contact(contact_id).is_some_and(|contact| contact.is_blocked);
        if !blocked {
            let from_ad = inbound
                .referral
                .as_ref()
                .is_some_and(|referral| referral["kind"] == "ad");
            self.open(
                contact_id,
                if from_ad {
                    OpenSource::CtcAds
                } else {
                    OpenSource::Contact
                },
            );
        }
        let message = self.build(inbound, contact_id, link_id, Direction::Incoming);
        let id = message.id;
        self.show(&message, blocked);
        let payload = json!({ "message_id": id, "channel_id": channel });
        let event = NewEvent::contact(
            EventKind::MessageReceived,
            Actor::contact(contact_id),
            contact_id,
            message.conversation_id,
            payload,
        );
        self.unit.add_message(message);
        self.unit.emit(event);
        (if blocked { "stored_blocked" } else { "stored" }.to_owned(), Some(id))
    }

    fn echo(&mut self, inbound: &InboundMessage) -> (String, Option<MessageId>) {
        let channel = self.live.row.id;
        if let Some(known) = self.unit.message_by_external(channel, &inbound.external_id) {
            return ("duplicate".to_owned(), Some(known));
        }
        let (contact_id, link_id) = self.person(&inbound.profile);
        let mut message = self.build(inbound, contact_id, link_id, Direction::Outgoing);
        message.sender_source = SenderSource::Echo;
        message.sender_id = None;
        message.status = Some(Status::Sent);
        message.history = vec![StatusChange {
            status: Status::Sent,
            at: self.believable(inbound.at),
            provenance: Provenance::Provider,
            text: None,
        }];
        let id = message.id;
        self.show(&message, false);
        let payload = json!({ "message_id": id, "channel_id": channel });
        let event = NewEvent::contact(
            EventKind::MessageSent,
            Actor::SYSTEM,
            contact_id,
            message.conversation_id,
            payload,
        );
        self.unit.add_message(message);
        self.unit.emit(event);
        ("stored_echo".to_owned(), Some(id))
    }

    fn edited(&mut self, inbound: &InboundMessage) -> (String, Option<MessageId>) {
        let Some(id) = self.unit.message_by_external(self.live.row.id, &inbound.external_id) else {
            // An edit of something we never saw is the message itself.
            return self.message(inbound);
        };
        let at = self.believable(inbound.at);
        let content = self.adopt(
            inbound,
            id,
            self.unit.message(id).map(|message| message.content.clone()),
        );
        let mut edited = self.unit.message(id).cloned();
        if !edited.as_mut().is_some_and(|message| message.edit(content, at)) {
            return ("duplicate".to_owned(), Some(id));
        }
        if let (Some(message), Some(edited)) = (self.unit.message_mut(id), edited) {
            *message = edited;
        }
        let shown = self
            .unit
            .message(id)
            .map(|message| (message.contact_id, message.content.clone()));
        if let Some((contact_id, content)) = shown {
            let latest = self
                .unit
                .contact(contact_id)
                .is_some_and(|contact| contact.last_message_id == Some(id));
            if let Some(contact) = self.unit.contact_mut(contact_id).filter(|_| latest) {
                contact.last_message_preview = Some(ism_domain::contact::preview(&content));
                contact.last_message_type = Some(ism_domain::contact::list_type(&content).to_owned());
            }
        }
        self.message_changed(id, "edited");
        ("edited".to_owned(), Some(id))
    }

    fn reaction(
        &mut self,
        profile: &Profile,
        target: &str,
        emoji: Option<&str>,
        at: Timestamp,
    ) -> (String, Option<MessageId>) {
        let Some(id) = self.unit.message_by_external(self.live.row.id, target) else {
            return ("ignored:unknown_message".to_owned(), None);
        };
        let at = self.believable(at);
        let mut reacted = self.unit.message(id).cloned();
        if !reacted
            .as_mut()
            .is_some_and(|message| message.react(Side::Contact, emoji))
        {
            return ("duplicate".to_owned(), Some(id));
        }
        if let (Some(message), Some(reacted)) = (self.unit.message_mut(id), reacted) {
            *message = reacted;
        }
        let link = profile
            .identities
            .iter()
            .find_map(|identity| self.unit.contact_channel_of(self.live.row.id, &identity.key()));
        if let Some(link) = link.and_then(|link| self.unit.contact_channel_mut(link)) {
            link.last_incoming_at = link.last_incoming_at.max(Some(at));
        }
        self.message_changed(id, "reaction");
        ("reaction".to_owned(), Some(id))
    }

    fn status(&mut self, status: &InboundStatus) -> (String, Option<MessageId>) {
        let channel = self.live.row.id;
        let by_reference = || {
            let id = status.reference.as_deref()?.parse::<MessageId>().ok()?;
            self.unit
                .message(id)
                .filter(|message| message.channel_id == channel)
                .map(|message| message.id)
        };
        let Some(id) = self
            .unit
            .message_by_external(channel, &status.external_id)
            .or_else(by_reference)
        else {
            let id = self.unit.id();
            self.unit.parked.push(ParkedStatus {
                workspace_id: self.unit.workspace(),
                channel_id: channel,
                id,
                external_id: status.external_id.clone(),
                status: status.status,
                failure: status.failure.clone(),
                at: status.at,
                received_at: self.unit.now(),
            });
            return ("status_parked".to_owned(), None);
        };
        if self
            .unit
            .message(id)
            .is_some_and(|message| message.external_id.is_none())
        {
            self.unit.set_external(id, status.external_id.clone());
        }
        let applied = apply_status(
            self.unit,
            id,
            status.status,
            status.at,
            status.failure.clone(),
            Provenance::Provider,
        );
        (if applied { "status" } else { "duplicate" }.to_owned(), Some(id))
    }

    /// Finds or makes the contact behind a profile.
    fn person(&mut self, profile: &Profile) -> (ContactId, ContactChannelId) {
        let channel = self.live.row.id;
        let known = profile
            .identities
            .iter()
            .chain(&profile.aliases)
            .find_map(|identity| self.unit.contact_channel_of(channel, &identity.key()))
            .and_then(|link| self.unit.contact_channel(link).map(|found| (found.contact_id, link)));
        let (contact_id, link_id) = known.unwrap_or_else(|| self.newcomer(profile));
        if let Some(link) = self.unit.contact_channel(link_id) {
            let missing: Vec<Identity> = profile
                .identities
                .iter()
                .filter(|identity| !link.identities.contains(identity))
                .cloned()
                .collect();
            if !missing.is_empty()
                && let Some(link) = self.unit.contact_channel_mut(link_id)
            {
                link.add_identities(&missing);
            }
            for identity in missing.iter().chain(&profile.aliases) {
                self.unit.add_identity(channel, identity.key(), link_id);
            }
        }
        if known.is_some() {
            let mut learned = self.unit.contact(contact_id).cloned();
            let changes = learned
                .as_mut()
                .map(|contact| contact.learn(profile))
                .unwrap_or_default();
            let picture = learned.as_ref().map(|contact| contact.picture.clone());
            let changed_picture = self.unit.contact(contact_id).map(|contact| contact.picture.clone()) != picture;
            if let (Some(learned), true) = (learned, !changes.is_empty() || changed_picture) {
                if let Some(contact) = self.unit.contact_mut(contact_id) {
                    *contact = learned;
                }
                let payload = json!({ "changes": changes });
                let actor = Actor::contact(contact_id);
                self.unit.emit(NewEvent::contact(
                    EventKind::ContactUpdated,
                    actor,
                    contact_id,
                    None,
                    payload,
                ));
            }
        }
        (contact_id, link_id)
    }

    fn newcomer(&mut self, profile: &Profile) -> (ContactId, ContactChannelId) {
        let now = self.unit.now();
        let workspace = self.unit.workspace();
        let mut contact = Contact::new(workspace, self.unit.id(), now);
        contact.learn(profile);
        contact.last_channel_id = Some(self.live.row.id);
        let contact_id = contact.id;
        let link = ContactChannel {
            workspace_id: workspace,
            id: self.unit.id(),
            contact_id,
            channel_id: self.live.row.id,
            identities: profile.identities.clone(),
            last_incoming_at: None,
            last_message_at: None,
            stopped_at: None,
            read_up_to: None,
            created_at: now,
        };
        let link_id = link.id;
        self.unit.add_contact(contact);
        self.unit.add_contact_channel(link);
        let payload =
            json!({ "channel_id": self.live.row.id, "contact_channel_id": link_id, "source": self.live.row.source });
        let actor = Actor::contact(contact_id);
        self.unit.emit(NewEvent::contact(
            EventKind::ContactCreated,
            actor,
            contact_id,
            None,
            payload,
        ));
        (contact_id, link_id)
    }

    /// Sees to it that the contact's conversation is open and awake.
    fn open(&mut self, contact_id: ContactId, source: OpenSource) {
        let actor = Actor::contact(contact_id);
        let opening = Opening {
            source,
            actor,
            channel_id: Some(self.live.row.id),
            at: self.unit.now(),
        };
        open(self.unit, contact_id, opening);
        wake(self.unit, contact_id, WakeReason::Message, actor);
    }

    fn build(
        &mut self,
        inbound: &InboundMessage,
        contact_id: ContactId,
        contact_channel_id: ContactChannelId,
        direction: Direction,
    ) -> Message {
        let id: MessageId = self.unit.id();
        let content = self.adopt(inbound, id, None);
        Message {
            workspace_id: self.unit.workspace(),
            id,
            contact_id,
            conversation_id: self
                .unit
                .open_conversation(contact_id)
                .map(|conversation| conversation.id),
            channel_id: self.live.row.id,
            contact_channel_id,
            direction,
            content,
            external_id: Some(inbound.external_id.clone()),
            client_id: None,
            reply_to_id: inbound
                .reply_to
                .as_deref()
                .and_then(|quoted| self.unit.message_by_external(self.live.row.id, quoted)),
            sender_source: SenderSource::Contact,
            sender_id: Some(contact_id.0),
            status: None,
            failure: None,
            history: Vec::new(),
            album: inbound.album.clone(),
            forwarded: inbound.forwarded,
            referral: inbound.referral.clone(),
            reactions: Vec::new(),
            revisions: Vec::new(),
            provider_at: Some(self.believable(inbound.at)),
            created_at: self.unit.now(),
            edited_at: None,
            deleted_at: None,
            version: 0,
        }
    }

    /// The content as it is stored: with a row and a job for a file that is yet to be fetched. `before` is what
    /// the message says so far, when this is an edit.
    fn adopt(&mut self, inbound: &InboundMessage, message_id: MessageId, before: Option<Content>) -> Content {
        let mut content = inbound.content.clone();
        let (Some(attachment), Some(media)) = (content.attachment_mut(), &inbound.media) else {
            return content;
        };
        // Files the widget has uploaded are there already.
        if attachment.id.is_some() {
            return content;
        }
        // An edit that changes only the caption keeps the file.
        if let Some(old) = before.as_ref().and_then(Content::attachment) {
            let same =
                (&old.kind, &old.size, &old.file_name) == (&attachment.kind, &attachment.size, &attachment.file_name);
            if same || old.state == AttachmentState::Ready && old.kind == attachment.kind && attachment.size.is_none() {
                let caption = attachment.caption.clone();
                *attachment = Attachment { caption, ..old.clone() };
                return content;
            }
        }
        let row = attachments::pending(self.unit.workspace(), self.unit.id(), attachment, self.unit.now());
        attachment.id = Some(row.id);
        attachment.state = AttachmentState::Pending;
        let payload = json!({
            "attachment_id": row.id, "message_id": message_id, "channel_id": self.live.row.id, "media": media,
        });
        self.unit.attachments.push(row);
        let now = self.unit.now();
        let job = Job {
            workspace_id: self.unit.workspace(),
            id: self.unit.id(),
            kind: "media".to_owned(),
            payload,
            attempts: 0,
            run_at: now,
            lease_until: Timestamp(0),
            last_error: None,
            created_at: now,
            failed_at: None,
        };
        self.unit.jobs.push(job);
        content
    }

    /// Shows a message on its contact and counts it in its conversation.
    fn show(&mut self, message: &Message, blocked: bool) {
        if let Some((contact, conversation)) = self.unit.contact_and_conversation(message.contact_id) {
            let unread = contact.unread_count;
            contact.show_message(message);
            if blocked {
                contact.unread_count = unread;
            }
            if let Some(conversation) = conversation {
                conversation.count(message);
            }
        }
        let at = message.created_at;
        if let Some(link) = self.unit.contact_channel_mut(message.contact_channel_id) {
            link.last_message_at = Some(at);
        }
    }

    fn reachable(&mut self, profile: &Profile, stopped_at: Option<Timestamp>) -> &'static str {
        let channel = self.live.row.id;
        let Some(link_id) = profile
            .identities
            .iter()
            .find_map(|identity| self.unit.contact_channel_of(channel, &identity.key()))
        else {
            return "ignored:unknown_person";
        };
        let Some(link) = self.unit.contact_channel_mut(link_id) else {
            return "ignored:unknown_person";
        };
        if link.stopped_at.is_some() == stopped_at.is_some() {
            return "duplicate";
        }
        link.stopped_at = stopped_at;
        let contact = link.contact_id;
        let (kind, outcome) = if stopped_at.is_some() {
            (EventKind::ContactChannelStopped, "stopped")
        } else {
            (EventKind::ContactChannelResumed, "resumed")
        };
        let payload = json!({ "channel_id": channel, "contact_channel_id": link_id });
        self.unit
            .emit(NewEvent::contact(kind, Actor::contact(contact), contact, None, payload));
        // Touching the contact gives its row a new version, so that screens notice.
        self.unit.touch_contact(contact);
        outcome
    }

    fn identity_changed(&mut self, from: &Identity, to: &[Identity]) -> &'static str {
        let channel = self.live.row.id;
        let Some(link_id) = self.unit.contact_channel_of(channel, &from.key()) else {
            return "ignored:unknown_person";
        };
        // A new address that already belongs to someone stays theirs: two people are never merged unasked.
        let free: Vec<Identity> = to
            .iter()
            .filter(|identity| {
                self.unit
                    .contact_channel_of(channel, &identity.key())
                    .is_none_or(|link| link == link_id)
            })
            .cloned()
            .collect();
        if free.is_empty() {
            return "ignored:identity_taken";
        }
        let Some(link) = self.unit.contact_channel_mut(link_id) else {
            return "ignored:unknown_person";
        };
        link.identities.retain(|identity| !free.contains(identity));
        link.identities.splice(0..0, free.iter().cloned());
        let contact = link.contact_id;
        for identity in &free {
            self.unit.add_identity(channel, identity.key(), link_id);
        }
        self.link_changed(contact, link_id);
        "identity_changed"
    }

    fn link_changed(&mut self, contact: ContactId, link: ContactChannelId) {
        let payload = json!({ "channel_id": self.live.row.id, "contact_channel_id": link });
        let actor = Actor::contact(contact);
        self.unit.emit(NewEvent::contact(
            EventKind::ContactChannelUpdated,
            actor,
            contact,
            None,
            payload,
        ));
    }

    fn message_changed(&mut self, id: MessageId, change: &str) {
        let Some(message) = self.unit.message(id) else { return };
        let (contact, conversation) = (message.contact_id, message.conversation_id);
        let payload = json!({ "message_id": id, "change": change });
        let actor = Actor::contact(contact);
        self.unit.emit(NewEvent::contact(
            EventKind::MessageUpdated,
            actor,
            contact,
            conversation,
            payload,
        ));
    }

    /// A provider's time, unless it lies in our future.
    fn believable(&self, at: Timestamp) -> Timestamp {
        let now = self.unit.now();
        if at > now.plus(CLOCK_SKEW) { now } else { at }
    }
}

/// Opens a conversation for a contact that has none, and says so in the log.
pub fn open(unit: &mut Unit, contact_id: ContactId, opening: Opening) -> bool {
    if unit.open_conversation(contact_id).is_some() {
        return false;
    }
    let returning = unit.is_returning(contact_id);
    let id = unit.id();
    let Some(contact) = unit.contact_mut(contact_id) else {
        return false;
    };
    let (conversation, event) = Conversation::open(id, contact, opening, returning);
    unit.add_conversation(conversation);
    unit.emit(event);
    true
}

/// Applies a status to a loaded message, shows it in the list row and says so in the log. `false` when it was known.
pub fn apply_status(
    unit: &mut Unit,
    id: MessageId,
    status: Status,
    at: Timestamp,
    failure: Option<ism_domain::message::Failure>,
    provenance: Provenance,
) -> bool {
    let text = failure.as_ref().map(|failure| failure.text.clone());
    let Some(message) = unit.message(id) else { return false };
    if message.direction == Direction::Incoming || message.history.iter().any(|step| step.status == status) {
        return false;
    }
    let Some(message) = unit.message_mut(id) else {
        return false;
    };
    message.apply_status(
        StatusChange {
            status,
            at,
            provenance,
            text,
        },
        failure,
    );
    let (contact_id, conversation_id, shown) = (message.contact_id, message.conversation_id, message.status);
    let reason = message.failure.as_ref().map(|failure| failure.reason);
    if unit
        .contact(contact_id)
        .is_some_and(|contact| contact.last_message_id == Some(id))
        && let Some(contact) = unit.contact_mut(contact_id)
    {
        contact.last_message_status = shown;
    }
    let payload = json!({ "message_id": id, "status": status, "at": at, "reason": reason });
    unit.emit(NewEvent::contact(
        EventKind::MessageStatus,
        Actor::SYSTEM,
        contact_id,
        conversation_id,
        payload,
    ));
    true
}

/// Shows a provider's alert on the channel.
fn alert(tx: &mut Tx<'_>, unit: &mut Unit, live: &Live, code: &str, text: &str) -> Result<()> {
    let version: i64 = unit.id();
    let sql = "UPDATE channel SET status_text = ?1, version = ?2 WHERE workspace_id = ?3 AND id = ?4";
    tx.execute(
        sql,
        &[text.into(), version.into(), unit.workspace().into(), live.row.id.into()],
    )?;
    let payload = json!({ "channel_id": live.row.id, "alert": code, "text": text });
    unit.emit(NewEvent::workspace(EventKind::ChannelUpdated, Actor::SYSTEM, payload));
    Ok(())
}
