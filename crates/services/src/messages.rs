//! Sending messages, and trying again.

use crate::ingest::{apply_status, open};
use crate::views::{self, MessageView};
use crate::{Error, Member, Result, Services};
use ism_channels::adapter;
use ism_domain::access::Action;
use ism_domain::channel::Capabilities;
use ism_domain::contact::{ContactChannel, window_closes_at};
use ism_domain::content::{Attachment, AttachmentKind, AttachmentState, Content, clean_text};
use ism_domain::conversation::{self, Opening, open_source_of};
use ism_domain::event::{Actor, ActorKind, EventKind, NewEvent};
use ism_domain::message::{Direction, Failure, FailureReason, Message, Provenance, SenderSource, Status, StatusChange};
use ism_domain::{ChannelId, ContactId, MessageId, Refusal, Timestamp, WorkspaceId};
use ism_store::Tx;
use ism_store::tables::channels::Channel;
use ism_store::tables::outbox::OutboxRow;
use ism_store::tables::{attachments, channels, contacts, messages, outbox};
use ism_store::unit::Unit;
use serde_json::json;

/// Longest id a client may make up.
const MAX_CLIENT_ID: usize = 64;

/// A message somebody wants to send.
#[derive(Debug, Clone)]
pub struct Draft {
    /// Made up by the client; the same id never sends twice.
    pub client_id: Option<String>,
    /// The channel last used, when absent.
    pub channel_id: Option<ChannelId>,
    pub content: Content,
    pub reply_to: Option<MessageId>,
}

impl Services {
    /// Sends a message as a person.
    ///
    /// # Errors
    /// When the contact cannot be written to like this; the sentence says why.
    pub async fn send_message(&self, member: Member, contact: ContactId, draft: Draft) -> Result<MessageView> {
        member.require(Action::InboxReply)?;
        self.send(member.workspace, contact, draft, member.actor(), SenderSource::User)
            .await
    }

    /// Sends a message for anyone.
    ///
    /// # Errors
    /// When the contact cannot be written to like this; the sentence says why.
    pub async fn send(
        &self,
        workspace: WorkspaceId,
        contact: ContactId,
        draft: Draft,
        actor: Actor,
        source: SenderSource,
    ) -> Result<MessageView> {
        if draft
            .client_id
            .as_deref()
            .is_some_and(|id| id.is_empty() || id.len() > MAX_CLIENT_ID)
        {
            return Err(Refusal::field("client_id", "Use an id of 1 to 64 characters, such as a UUID.").into());
        }
        self.store
            .write(workspace, move |tx| send(tx, contact, &draft, actor, source))
            .await
    }

    /// Puts a failed message in line again.
    ///
    /// # Errors
    /// When it has not failed, or its channel is gone.
    pub async fn retry_message(&self, member: Member, id: MessageId) -> Result<MessageView> {
        member.require(Action::InboxReply)?;
        self.store
            .write(member.workspace, move |tx| retry(tx, id, member.actor()))
            .await
    }

    /// Fails everything that waits on a channel that is gone.
    pub(crate) async fn fail_outbox_of(
        &self,
        workspace: WorkspaceId,
        channel: ChannelId,
        why: &'static str,
    ) -> Result<()> {
        self.store
            .write(workspace, move |tx| {
                let rows = outbox::of_channel(tx, workspace, channel)?;
                let ids: Vec<MessageId> = rows
                    .iter()
                    .filter(|row| row.state == "queued")
                    .map(|row| row.message_id)
                    .collect();
                let mut unit = Unit::new(tx);
                unit.load_messages(tx, &ids)?;
                let now = tx.now();
                for id in &ids {
                    let failure = Failure::new(FailureReason::ChannelDisconnected, why);
                    apply_status(&mut unit, *id, Status::Failed, now, Some(failure), Provenance::System);
                }
                outbox::remove(tx, workspace, &ids)?;
                unit.save(tx).map_err(Error::from)
            })
            .await
    }
}

fn send(
    tx: &mut Tx<'_>,
    contact_id: ContactId,
    draft: &Draft,
    actor: Actor,
    source: SenderSource,
) -> Result<MessageView> {
    let workspace = tx.workspace();
    if let Some(client_id) = &draft.client_id
        && let Some(known) = messages::by_client_id(tx, workspace, contact_id, client_id)?
    {
        return view(tx, &known);
    }
    let mut unit = Unit::new(tx);
    unit.load_contacts(tx, &[contact_id])?;
    let contact = unit.contact(contact_id).ok_or_else(|| Refusal::not_found("Contact"))?;
    if contact.is_blocked {
        return Err(Refusal::conflict("contact_blocked", "This contact is blocked. Unblock it to write to it.").into());
    }
    let links = contacts::channels_of(tx, workspace, contact_id)?;
    let (link, channel) = choose(tx, workspace, &links, draft.channel_id)?;
    let capabilities = capabilities(&channel)?;
    let content = complete(tx, workspace, &draft.content)?;
    check_content(capabilities, &content)?;
    check_reachable(capabilities, &link, &content, tx.now())?;
    let quoted = match draft.reply_to {
        None => None,
        Some(id) => {
            let quoted = messages::get(tx, workspace, id)?
                .filter(|quoted| quoted.contact_id == contact_id)
                .ok_or_else(|| Refusal::field("reply_to", "The message to reply to is not there."))?;
            if !capabilities.reply_to || quoted.channel_id != channel.id {
                return Err(Refusal::field("reply_to", "This channel cannot quote that message.").into());
            }
            Some(quoted)
        }
    };

    let now = tx.now();
    unit.load_contact_channels(tx, &[link.id])?;
    open(
        &mut unit,
        contact_id,
        Opening {
            source: open_source_of(actor.kind),
            actor,
            channel_id: Some(channel.id),
            at: now,
        },
    );
    assign_to_first_responder(&mut unit, contact_id, actor, now);
    // The widget's visitors are our own clients: what is stored is sent.
    let delivered_by_us = channel.source == "website_chat";
    let status = if delivered_by_us { Status::Sent } else { Status::Pending };
    let message = Message {
        workspace_id: workspace,
        id: unit.id(),
        contact_id,
        conversation_id: unit.open_conversation(contact_id).map(|conversation| conversation.id),
        channel_id: channel.id,
        contact_channel_id: link.id,
        direction: Direction::Outgoing,
        content,
        external_id: None,
        client_id: draft.client_id.clone(),
        reply_to_id: quoted.as_ref().map(|quoted| quoted.id),
        sender_source: source,
        sender_id: actor.id,
        status: Some(status),
        failure: None,
        history: vec![StatusChange {
            status,
            at: now,
            provenance: Provenance::System,
            text: None,
        }],
        album: None,
        forwarded: false,
        referral: None,
        reactions: Vec::new(),
        revisions: Vec::new(),
        provider_at: None,
        created_at: now,
        edited_at: None,
        deleted_at: None,
        version: 0,
    };
    let id = message.id;
    if let Some((contact, conversation)) = unit.contact_and_conversation(contact_id) {
        contact.show_message(&message);
        // Whoever answers has read.
        if actor.kind == ActorKind::User {
            contact.unread_count = 0;
        }
        if let Some(conversation) = conversation {
            conversation.count(&message);
        }
    }
    if let Some(link) = unit.contact_channel_mut(link.id) {
        link.last_message_at = Some(now);
    }
    let payload = json!({ "message_id": id, "channel_id": channel.id });
    let event = NewEvent::contact(
        EventKind::MessageSent,
        actor,
        contact_id,
        message.conversation_id,
        payload,
    );
    unit.add_message(message);
    unit.emit(event);
    if !delivered_by_us {
        unit.outbox.push(OutboxRow {
            workspace_id: workspace,
            message_id: id,
            channel_id: channel.id,
            contact_channel_id: link.id,
            state: "queued".to_owned(),
            attempts: 0,
            due_at: now,
            lease_until: Timestamp(0),
            created_at: now,
        });
    }
    unit.save(tx)?;
    let stored = messages::get(tx, workspace, id)?.ok_or_else(|| Error::Internal("a message vanished".to_owned()))?;
    Ok(views::message(&stored, quoted.as_ref()))
}

fn retry(tx: &mut Tx<'_>, id: MessageId, actor: Actor) -> Result<MessageView> {
    let workspace = tx.workspace();
    let mut unit = Unit::new(tx);
    unit.load_messages(tx, &[id])?;
    let message = unit.message(id).ok_or_else(|| Refusal::not_found("Message"))?;
    if message.status != Some(Status::Failed) {
        return Err(Refusal::conflict("not_failed", "Only a failed message can be sent again.").into());
    }
    // The provider told of the failure before it answered the call.
    if outbox::holds(tx, workspace, id)? {
        return Err(Refusal::conflict(
            "still_sending",
            "This message is still being sent. Try again in a moment.",
        )
        .into());
    }
    let (channel_id, link_id, contact_id) = (message.channel_id, message.contact_channel_id, message.contact_id);
    if unit.contact(contact_id).is_some_and(|contact| contact.is_blocked) {
        return Err(Refusal::conflict("contact_blocked", "This contact is blocked. Unblock it to write to it.").into());
    }
    let content = message.content.clone();
    let channel = channels::get(tx, workspace, channel_id)?
        .filter(|channel| channel.deleted_at.is_none())
        .ok_or_else(|| Refusal::conflict("channel_gone", "The channel of this message is no longer connected."))?;
    unit.load_contact_channels(tx, &[link_id])?;
    let link = unit
        .contact_channel(link_id)
        .ok_or_else(|| Refusal::not_found("Contact channel"))?;
    check_reachable(capabilities(&channel)?, link, &content, tx.now())?;
    let now = tx.now();
    if let Some(message) = unit.message_mut(id) {
        message.requeue(now);
    }
    let conversation_id = unit.message(id).and_then(|message| message.conversation_id);
    if unit
        .contact(contact_id)
        .is_some_and(|contact| contact.last_message_id == Some(id))
        && let Some(contact) = unit.contact_mut(contact_id)
    {
        contact.last_message_status = Some(Status::Pending);
    }
    unit.outbox.push(OutboxRow {
        workspace_id: workspace,
        message_id: id,
        channel_id,
        contact_channel_id: link_id,
        state: "queued".to_owned(),
        attempts: 0,
        due_at: now,
        lease_until: Timestamp(0),
        created_at: now,
    });
    let payload = json!({ "message_id": id, "change": "retried" });
    unit.emit(NewEvent::contact(
        EventKind::MessageUpdated,
        actor,
        contact_id,
        conversation_id,
        payload,
    ));
    unit.save(tx)?;
    let stored = messages::get(tx, workspace, id)?.ok_or_else(|| Error::Internal("a message vanished".to_owned()))?;
    view(tx, &stored)
}

/// A message with what it quotes.
pub(crate) fn view(tx: &mut Tx<'_>, message: &Message) -> Result<MessageView> {
    let quoted = match message.reply_to_id {
        Some(id) => messages::get(tx, message.workspace_id, id)?,
        None => None,
    };
    Ok(views::message(message, quoted.as_ref()))
}

/// The first person who answers an unassigned contact becomes its assignee.
fn assign_to_first_responder(unit: &mut Unit, contact_id: ContactId, actor: Actor, now: Timestamp) {
    let Some(user) = actor.user_id() else { return };
    let event = unit
        .contact_and_conversation(contact_id)
        .and_then(|(contact, conversation)| {
            if contact.assignee_id.is_some() {
                return None;
            }
            conversation::assign(contact, conversation, Some(user), actor, now)
        });
    if let Some(event) = event {
        unit.emit(event);
    }
}

fn choose(
    tx: &mut Tx<'_>,
    workspace: WorkspaceId,
    links: &[ContactChannel],
    wanted: Option<ChannelId>,
) -> Result<(ContactChannel, Channel)> {
    let none = || Refusal::conflict("no_channel", "This contact has no channel that can be written to.");
    if let Some(wanted) = wanted {
        let link = links
            .iter()
            .find(|link| link.channel_id == wanted)
            .ok_or_else(|| Refusal::field("channel_id", "The contact is not known on this channel."))?;
        let channel = channels::get(tx, workspace, wanted)?.filter(|channel| channel.deleted_at.is_none());
        return Ok((
            link.clone(),
            channel.ok_or_else(|| Refusal::conflict("channel_gone", "This channel is no longer connected."))?,
        ));
    }
    for link in links {
        if let Some(channel) = channels::get(tx, workspace, link.channel_id)?
            && channel.deleted_at.is_none()
        {
            return Ok((link.clone(), channel));
        }
    }
    Err(none().into())
}

fn capabilities(channel: &Channel) -> Result<&'static Capabilities> {
    adapter(&channel.source)
        .map(|known| &known.descriptor().capabilities)
        .ok_or_else(|| Error::Internal(format!("there is no adapter for {}", channel.source)))
}

/// Fills in what is known of an attachment, so that a client only needs to name it.
fn complete(tx: &mut Tx<'_>, workspace: WorkspaceId, content: &Content) -> Result<Content> {
    let mut content = content.clone();
    match &mut content {
        Content::Text { text } => *text = clean_text(text.trim_end()),
        Content::Attachment { attachment } => {
            let missing = || Refusal::field("content", "Upload the file first, then send it by its id.");
            let id = attachment.id.ok_or_else(missing)?;
            let row = attachments::get(tx, workspace, id)?
                .filter(|row| row.state == "ready")
                .ok_or_else(|| Refusal::field("content", "This file is not there. Upload it again."))?;
            let natural = AttachmentKind::of_mime(&row.mime);
            // A client may ask for an image as a plain file or a sticker; it may not call a PDF an image.
            let kind = match attachment.kind {
                AttachmentKind::File => AttachmentKind::File,
                AttachmentKind::Sticker if natural == AttachmentKind::Image => AttachmentKind::Sticker,
                _ => natural,
            };
            *attachment = Attachment {
                id: Some(id),
                kind,
                state: AttachmentState::Ready,
                mime: Some(row.mime),
                file_name: Some(row.file_name),
                size: Some(row.size),
                caption: attachment
                    .caption
                    .as_deref()
                    .map(|text| clean_text(text.trim()))
                    .filter(|text| !text.is_empty()),
                width: row.width,
                height: row.height,
                duration_ms: attachment.duration_ms,
                voice: attachment.voice && natural == AttachmentKind::Audio,
                emoji: None,
                error: None,
                url: None,
            };
        }
        _ => {}
    }
    Ok(content)
}

/// Whether a channel can carry a content at all.
fn check_content(capabilities: &Capabilities, content: &Content) -> Result<(), Refusal> {
    let wrong = |message: String| Err(Refusal::field("content", message));
    match content {
        Content::Text { text } => {
            let length = text.chars().count();
            if text.trim().is_empty() {
                return wrong("Write something first.".to_owned());
            }
            if length > capabilities.max_text {
                return wrong(format!(
                    "The message has {length} characters; this channel takes {}. Split it.",
                    capabilities.max_text
                ));
            }
        }
        Content::Attachment { attachment } => {
            let mime = attachment.mime.as_deref().unwrap_or("application/octet-stream");
            let rule = capabilities
                .attachments
                .iter()
                .filter(|rule| rule.kind == attachment.kind)
                .find(|rule| {
                    rule.mimes
                        .iter()
                        .any(|pattern| ism_domain::channel::mime_matches(pattern, mime))
                })
                .or_else(|| capabilities.rule_for(mime));
            let Some(rule) = rule else {
                return wrong(format!("This channel does not take files of type {mime}."));
            };
            let size = attachment.size.unwrap_or_default();
            if size > rule.max_bytes {
                return wrong(format!(
                    "The file has {:.1} MB; this channel takes {:.0} MB.",
                    size as f64 / 1e6,
                    rule.max_bytes as f64 / 1e6
                ));
            }
            let caption = attachment.caption.as_deref().unwrap_or_default().chars().count();
            if caption > capabilities.max_caption {
                return wrong(if capabilities.max_caption == 0 {
                    "Files have no caption on this channel. Send the text as a message of its own.".to_owned()
                } else {
                    format!(
                        "The caption has {caption} characters; this channel takes {}.",
                        capabilities.max_caption
                    )
                });
            }
        }
        Content::QuickReply { title, replies } => {
            let Some(rule) = &capabilities.quick_replies else {
                return wrong("This channel has no quick replies.".to_owned());
            };
            if title.trim().is_empty() || replies.is_empty() || replies.iter().any(|reply| reply.trim().is_empty()) {
                return wrong("Quick replies need a question and at least one answer, none of them empty.".to_owned());
            }
            if replies.len() > rule.max_replies {
                return wrong(format!("This channel takes {} quick replies.", rule.max_replies));
            }
            if title.chars().count() > capabilities.max_text {
                return wrong(format!(
                    "The question is too long; this channel takes {} characters.",
                    capabilities.max_text
                ));
            }
            if replies.iter().any(|reply| reply.chars().count() > rule.max_chars) {
                return wrong(format!("A quick reply may have {} characters.", rule.max_chars));
            }
        }
        Content::Location(place) => {
            if !capabilities.location {
                return wrong("This channel cannot send a location.".to_owned());
            }
            if !(-90.0..=90.0).contains(&place.latitude) || !(-180.0..=180.0).contains(&place.longitude) {
                return wrong("Latitude goes from -90 to 90, longitude from -180 to 180.".to_owned());
            }
        }
        Content::WhatsappTemplate { template } => {
            if !capabilities.templates {
                return wrong("This channel has no templates.".to_owned());
            }
            if template.name.is_empty() || template.language_code.is_empty() {
                return wrong("A template needs a name and a languageCode.".to_owned());
            }
        }
        Content::WhatsappInteractive { interactive } => {
            if !capabilities.templates {
                return wrong("This channel has no interactive messages.".to_owned());
            }
            if !interactive.is_object() {
                return wrong("An interactive message is an object.".to_owned());
            }
        }
        Content::CustomPayload { .. } => {
            if !capabilities.custom_payload {
                return Err(Refusal::forbidden("This channel does not take custom payloads."));
            }
        }
        Content::Contacts { .. }
        | Content::Postback { .. }
        | Content::WhatsappOrder { .. }
        | Content::Form { .. }
        | Content::Unsupported { .. } => {
            return wrong(format!("Messages of type {} only come in.", content.type_name()));
        }
    }
    Ok(())
}

/// Whether the contact can be written to on this channel now.
fn check_reachable(
    capabilities: &Capabilities,
    link: &ContactChannel,
    content: &Content,
    now: Timestamp,
) -> Result<(), Refusal> {
    if link.stopped_at.is_some() {
        return Err(Refusal::conflict(
            "contact_stopped",
            "The contact has blocked this channel.",
        ));
    }
    let closes = window_closes_at(capabilities.window_hours, link.last_incoming_at);
    let template = matches!(content, Content::WhatsappTemplate { .. });
    if closes.is_some_and(|closes| closes <= now) && !template {
        return Err(Refusal::conflict(
            "window_closed",
            "The reply window is closed: the contact's last message is too old. Send a template, or wait for a message.",
        ));
    }
    Ok(())
}
