//! Visitors of websites: sessions, messages, and what they may see.
//!
//! A visitor is a contact channel with the identity `visitor:<random>`, or `user:<id>` when the website vouches for its user
//! with a hash. The session token names the channel and the identity and is signed; it is never put into an address.

use crate::channels::Live;
use crate::files::Upload;
use crate::ingest::Taken;
use crate::secrets::token;
use crate::views;
use crate::{Error, Result, Services};
use ism_domain::contact::ContactChannel;
use ism_domain::content::{Attachment, AttachmentState, Content};
use ism_domain::event::{Actor, EventKind, NewEvent};
use ism_domain::inbound::{Identity, Inbound, InboundMessage, Profile};
use ism_domain::message::{Direction, Message, Provenance, SenderSource, Status};
use ism_domain::refusal::RefusalKind;
use ism_domain::{AttachmentId, ContactId, MessageId, Refusal, Timestamp, UserId, WorkspaceId};
use ism_store::tables::attachments::AttachmentRow;
use ism_store::tables::{accounts, attachments, contacts, messages};
use ism_store::unit::Unit;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::sync::Arc;
use utoipa::ToSchema;

/// How long a session lives; renewing it at every visit makes that sliding.
const SESSION: i64 = 60 * Timestamp::DAY;
/// Most characters of a visitor's message.
const MAX_TEXT: usize = 7_000;
/// Most characters of a website's id of a user.
const MAX_USER_ID: usize = 200;
/// Largest file of a visitor: 20 MiB.
pub const MAX_UPLOAD: u64 = 20 * 1024 * 1024;

/// Who a session token stands for.
#[derive(Clone)]
pub struct Visitor {
    pub live: Arc<Live>,
    pub identity: Identity,
}

/// What a website says about its signed-in user.
#[derive(Debug, Clone, Deserialize, ToSchema)]
pub struct KnownUser {
    /// The website's id of the user.
    pub id: String,
    /// hex(HMAC-SHA256(channel secret, id)).
    pub hash: Option<String>,
    pub name: Option<String>,
    pub email: Option<String>,
    pub phone: Option<String>,
}

/// How the widget looks and behaves.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct WidgetConfig {
    pub name: String,
    pub color: String,
    pub greeting: String,
    pub locale: Option<String>,
    pub position: String,
    pub require_identity: bool,
}

/// A visitor's session.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct WidgetSession {
    /// Give it as `Authorization: Bearer`, never in an address.
    pub token: String,
    pub visitor_id: String,
    pub config: WidgetConfig,
    /// The log's number: resume the socket from here.
    pub seq: i64,
    pub unread: i64,
}

/// A message as the visitor sees it.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct WidgetMessage {
    pub id: MessageId,
    pub client_id: Option<String>,
    /// `visitor` or `agent`.
    pub from: &'static str,
    pub agent_name: Option<String>,
    /// Absent when it was deleted.
    pub content: Option<Content>,
    pub at: Timestamp,
    /// `sent`, `delivered` or `read`.
    pub status: &'static str,
    pub edited: bool,
    pub deleted: bool,
}

/// A page of a visitor's messages.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct WidgetPage {
    /// Oldest first.
    pub items: Vec<WidgetMessage>,
    pub next_before: Option<MessageId>,
    pub seq: i64,
    pub read_up_to: Option<MessageId>,
}

/// How the widget of a channel looks.
#[must_use]
pub fn config(live: &Live) -> WidgetConfig {
    let or = |key: &str, default: &str| match live.wire.text(key) {
        "" => default.to_owned(),
        text => text.to_owned(),
    };
    WidgetConfig {
        name: live.row.name.clone(),
        color: or("color", "#2563eb"),
        greeting: or("greeting", "Hello! How can we help?"),
        locale: Some(live.wire.text("locale"))
            .filter(|locale| !locale.is_empty())
            .map(str::to_owned),
        position: or("position", "right"),
        require_identity: live
            .wire
            .config
            .get("require_identity")
            .and_then(Value::as_bool)
            .unwrap_or(false),
    }
}

impl Services {
    /// The website channel of a widget key.
    ///
    /// # Errors
    /// When there is none.
    pub async fn widget_channel(&self, key: &str) -> Result<Arc<Live>> {
        let live = self.live_channel_by_public_id(key).await?;
        if live.row.source == "website_chat" {
            Ok(live)
        } else {
            Err(Refusal::not_found("Widget").into())
        }
    }

    /// Begins or renews a visitor's session.
    ///
    /// # Errors
    /// When the channel asks for a proven identity and there is none, or the proof is wrong.
    pub async fn widget_session(
        &self,
        key: &str,
        existing: Option<&str>,
        user: Option<KnownUser>,
        locale: Option<&str>,
    ) -> Result<WidgetSession> {
        let live = self.widget_channel(key).await?;
        let config = config(&live);
        let previous = match existing {
            Some(token) => self
                .visitor(token)
                .await
                .ok()
                .filter(|visitor| visitor.live.row.id == live.row.id),
            None => None,
        };
        let identity = match &user {
            Some(user) => {
                // Cut short, two users could become one.
                if user.id.chars().count() > MAX_USER_ID {
                    return Err(
                        Refusal::field("user", format!("Keep the user's id to {MAX_USER_ID} characters.")).into(),
                    );
                }
                let hash = user.hash.as_deref().unwrap_or_default();
                if !ism_channels::user_hash_matches(&live.wire, &user.id, hash) {
                    return Err(Refusal::new(
                        RefusalKind::Forbidden,
                        "identity_not_proven",
                        "The user's hash is wrong: it must be hex(HMAC-SHA256(secret, user id)), computed on your server.",
                    )
                    .into());
                }
                Identity::new("user", user.id.clone())
            }
            // Whoever was identified stays so until the website resets the widget.
            None => match &previous {
                Some(visitor) if visitor.identity.scheme == "user" || !config.require_identity => {
                    visitor.identity.clone()
                }
                _ if config.require_identity => {
                    return Err(Refusal::new(
                        RefusalKind::Forbidden,
                        "identity_required",
                        "This chat is for signed-in users: call identify with the user's id and hash.",
                    )
                    .into());
                }
                _ => Identity::new("visitor", token()[..32].to_owned()),
            },
        };
        let visitor = Visitor {
            live: live.clone(),
            identity,
        };
        if let Some(user) = &user {
            self.know_user(&visitor, user, previous.as_ref(), locale).await?;
        }
        let workspace = live.row.workspace_id;
        let link = self.visitor_link(&visitor).await?;
        let unread = match &link {
            None => 0,
            Some(link) => {
                let (contact, id, seen) = (link.contact_id, link.id, link.read_up_to.map_or(0, |id| id.0));
                self.store
                    .read(workspace, move |tx| messages::unseen(tx, workspace, contact, id, seen))
                    .await?
            }
        };
        Ok(WidgetSession {
            token: self.visitor_token(&visitor),
            visitor_id: visitor.identity.key(),
            config,
            seq: self.log_head(workspace).await?,
            unread,
        })
    }

    fn visitor_token(&self, visitor: &Visitor) -> String {
        let expires = self.store.now().plus(SESSION).as_seconds();
        let claims = format!(
            "{}.{expires}.{}",
            visitor.live.row.id,
            hex::encode(visitor.identity.key())
        );
        let signature = self.secrets.sign("visitor", &claims);
        format!("{claims}.{signature}")
    }

    /// Who a token stands for.
    ///
    /// # Errors
    /// When it is not one of ours or has expired.
    pub async fn visitor(&self, token: &str) -> Result<Visitor> {
        let refused = || {
            Refusal::new(
                RefusalKind::Unauthorized,
                "session_expired",
                "This chat session has expired.",
            )
        };
        let (claims, signature) = token.rsplit_once('.').ok_or_else(refused)?;
        if !self.secrets.verify("visitor", claims, signature) {
            return Err(refused().into());
        }
        let mut parts = claims.splitn(3, '.');
        let mut part = || parts.next().ok_or_else(refused);
        let (channel, expires, key) = (part()?, part()?, part()?);
        if expires.parse::<i64>().map_err(|_| refused())? < self.store.now().as_seconds() {
            return Err(refused().into());
        }
        let key = hex::decode(key)
            .ok()
            .and_then(|bytes| String::from_utf8(bytes).ok())
            .ok_or_else(refused)?;
        let (scheme, value) = key.split_once(':').ok_or_else(refused)?;
        let live = self.live_channel(channel.parse().map_err(|_| refused())?).await?;
        Ok(Visitor {
            live,
            identity: Identity::new(scheme, value),
        })
    }

    /// The visitor's contact channel, once they have written.
    async fn visitor_link(&self, visitor: &Visitor) -> Result<Option<ContactChannel>> {
        let (workspace, channel, key) = (
            visitor.live.row.workspace_id,
            visitor.live.row.id,
            visitor.identity.key(),
        );
        Ok(self
            .store
            .read(workspace, move |tx| {
                contacts::channel_by_identity(tx, workspace, channel, &key)
            })
            .await?)
    }

    /// The contact behind a visitor, once they have written.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn visitor_contact(&self, visitor: &Visitor) -> Result<Option<ContactId>> {
        Ok(self.visitor_link(visitor).await?.map(|link| link.contact_id))
    }

    /// Notes what the website says about a user it vouches for, and hands over what they wrote before signing in, once.
    async fn know_user(
        &self,
        visitor: &Visitor,
        user: &KnownUser,
        previous: Option<&Visitor>,
        locale: Option<&str>,
    ) -> Result<()> {
        let workspace = visitor.live.row.workspace_id;
        let channel = visitor.live.row.id;
        let mut profile = profile(visitor, locale);
        if let Some(name) = &user.name {
            let (first, last) = name.trim().split_once(' ').unwrap_or((name.trim(), ""));
            profile.first_name = Some(first.to_owned());
            profile.last_name = Some(last.to_owned());
        }
        profile.email.clone_from(&user.email);
        profile.phone.clone_from(&user.phone);
        let anonymous = previous
            .filter(|previous| previous.identity.scheme == "visitor")
            .map(|previous| previous.identity.clone());
        let identity = visitor.identity.clone();
        self.store
            .write(workspace, move |tx| {
                let mut unit = Unit::new(tx);
                let mut keys = vec![identity.key()];
                keys.extend(anonymous.as_ref().map(Identity::key));
                unit.load_identities(tx, channel, keys)?;
                let known = unit.contact_channel_of(channel, &identity.key());
                let before = anonymous
                    .as_ref()
                    .and_then(|anonymous| unit.contact_channel_of(channel, &anonymous.key()))
                    // Once: the next person at the same computer must not get what is another user's by now.
                    .filter(|link| {
                        let taken = |row: &ContactChannel| row.identities.iter().any(|known| known.scheme == "user");
                        !unit.contact_channel(*link).is_some_and(taken)
                    });
                let link = match (known, before) {
                    (Some(link), _) => Some(link),
                    (None, Some(link)) => {
                        // The conversation begun anonymously becomes the user's.
                        let contact = unit.contact_channel_mut(link).map(|row| {
                            row.identities.insert(0, identity.clone());
                            row.contact_id
                        });
                        unit.add_identity(channel, identity.key(), link);
                        if let Some(contact) = contact {
                            let payload = json!({ "channel_id": channel, "contact_channel_id": link });
                            let actor = Actor::contact(contact);
                            unit.emit(NewEvent::contact(
                                EventKind::ContactChannelUpdated,
                                actor,
                                contact,
                                None,
                                payload,
                            ));
                        }
                        Some(link)
                    }
                    (None, None) => None,
                };
                if let Some(contact_id) = link
                    .and_then(|link| unit.contact_channel(link))
                    .map(|link| link.contact_id)
                    && let Some(mut contact) = unit.contact(contact_id).cloned()
                {
                    let changes = contact.learn(&profile);
                    if !changes.is_empty() {
                        if let Some(row) = unit.contact_mut(contact_id) {
                            *row = contact;
                        }
                        let payload = json!({ "changes": changes });
                        let actor = Actor::contact(contact_id);
                        unit.emit(NewEvent::contact(
                            EventKind::ContactUpdated,
                            actor,
                            contact_id,
                            None,
                            payload,
                        ));
                    }
                }
                unit.save(tx).map_err(Error::from)
            })
            .await
    }

    /// Takes a visitor's message. The same client id never makes a second one.
    ///
    /// # Errors
    /// When it is empty, too long, or of a kind visitors cannot send.
    pub async fn visitor_writes(
        &self,
        visitor: &Visitor,
        client_id: &str,
        content: Content,
        locale: Option<&str>,
    ) -> Result<WidgetMessage> {
        let workspace = visitor.live.row.workspace_id;
        // No colon: it parts the visitor's name from the client's id below, and no two visitors may meet there.
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
        if client_id.is_empty() || client_id.len() > 64 || !client_id.bytes().all(plain) {
            return Err(Refusal::field(
                "client_id",
                "Use an id of 1 to 64 letters, digits and dashes, such as a UUID.",
            )
            .into());
        }
        let content = match content {
            Content::Text { text } => {
                let text = ism_domain::content::clean_text(text.trim());
                if text.is_empty() {
                    return Err(Refusal::field("content", "Write something first.").into());
                }
                if text.chars().count() > MAX_TEXT {
                    return Err(
                        Refusal::field("content", format!("Keep the message to {MAX_TEXT} characters.")).into(),
                    );
                }
                Content::Text { text }
            }
            Content::Attachment { attachment } => self.visitor_attachment(visitor, &attachment).await?,
            Content::Postback { title, payload, .. } if title.chars().count() <= 1_000 && payload.len() <= 1_000 => {
                Content::Postback {
                    title,
                    payload,
                    origin: Some("quick_reply".to_owned()),
                }
            }
            _ => return Err(Refusal::field("content", "Visitors can send text, files and quick replies.").into()),
        };
        // The dedupe key is the visitor's own: nobody can name another visitor's message.
        let external_id = format!("{}:{client_id}", visitor.identity.key());
        let inbound = InboundMessage {
            external_id,
            profile: profile(visitor, locale),
            content,
            media: None,
            at: self.store.now(),
            reply_to: None,
            album: None,
            forwarded: false,
            referral: None,
        };
        let Taken { messages: taken, .. } = self
            .deliver(visitor.live.clone(), vec![Inbound::Message(Box::new(inbound))])
            .await?;
        let id = taken
            .into_iter()
            .flatten()
            .next()
            .ok_or_else(|| Error::Internal("a visitor's message was not stored".to_owned()))?;
        let row = self
            .store
            .read(workspace, move |tx| messages::get(tx, workspace, id))
            .await?;
        let row = row.ok_or_else(|| Error::Internal("a message vanished".to_owned()))?;
        Ok(self.widget_message(&row, &HashMap::new()))
    }

    async fn visitor_attachment(&self, visitor: &Visitor, wanted: &Attachment) -> Result<Content> {
        let workspace = visitor.live.row.workspace_id;
        let missing = || Refusal::field("content", "Upload the file first, then send it by its id.");
        let id = wanted.id.ok_or_else(missing)?;
        let row = self
            .store
            .read(workspace, move |tx| attachments::get(tx, workspace, id))
            .await?;
        // Only one's own uploads: ids can be guessed.
        let row = row
            .filter(|row| row.uploaded_by == uploader(visitor))
            .ok_or_else(missing)?;
        let kind = ism_domain::content::AttachmentKind::of_mime(&row.mime);
        Ok(Content::Attachment {
            attachment: Attachment {
                id: Some(id),
                state: AttachmentState::Ready,
                mime: Some(row.mime),
                file_name: Some(row.file_name),
                size: Some(row.size),
                caption: wanted.caption.as_deref().map(ism_domain::content::clean_text),
                width: row.width,
                height: row.height,
                ..Attachment::new(kind)
            },
        })
    }

    /// Keeps a visitor's upload.
    ///
    /// # Errors
    /// When it is empty or the disk refuses.
    pub async fn visitor_uploads(
        &self,
        visitor: &Visitor,
        upload: Upload,
        file_name: &str,
        declared: Option<&str>,
    ) -> Result<AttachmentRow> {
        self.keep(
            visitor.live.row.workspace_id,
            upload,
            file_name,
            declared,
            uploader(visitor),
        )
        .await
    }

    /// A page of what was said, the newest first, or what lies before `before`.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn visitor_messages(&self, visitor: &Visitor, before: Option<i64>, limit: i64) -> Result<WidgetPage> {
        let workspace = visitor.live.row.workspace_id;
        let limit = limit.clamp(1, 100);
        let Some(link) = self.visitor_link(visitor).await? else {
            let seq = self.log_head(workspace).await?;
            return Ok(WidgetPage {
                items: Vec::new(),
                next_before: None,
                seq,
                read_up_to: None,
            });
        };
        let read_up_to = link.read_up_to;
        let (contact, id) = (link.contact_id, link.id);
        let before = before.unwrap_or(i64::MAX);
        let (seq, mut rows, names) = self
            .store
            .snapshot(workspace, move |tx| {
                let seq = ism_store::log::head(tx, workspace)?;
                let rows = messages::on_channel_before(tx, workspace, contact, id, before, limit)?;
                Ok::<_, Error>((seq, rows, agent_names(accounts::members(tx, workspace)?)))
            })
            .await?;
        let next_before = rows.last().filter(|_| rows.len() as i64 == limit).map(|row| row.id);
        rows.reverse();
        let items = rows.iter().map(|row| self.widget_message(row, &names)).collect();
        Ok(WidgetPage {
            items,
            next_before,
            seq,
            read_up_to,
        })
    }

    /// The names visitors see of a workspace's agents.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn agent_names(&self, workspace: WorkspaceId) -> Result<HashMap<UserId, String>> {
        let members = self
            .store
            .snapshot(workspace, move |tx| accounts::members(tx, workspace))
            .await?;
        Ok(agent_names(members))
    }

    /// A message as the visitor sees it.
    #[must_use]
    pub fn widget_message(&self, row: &Message, names: &HashMap<UserId, String>) -> WidgetMessage {
        let workspace = row.workspace_id;
        let by_agent = row.direction == Direction::Outgoing;
        let agent = row
            .sender_id
            .filter(|_| by_agent && row.sender_source == SenderSource::User);
        WidgetMessage {
            id: row.id,
            client_id: row
                .external_id
                .as_deref()
                .filter(|_| !by_agent)
                .and_then(|external| external.rsplit_once(':'))
                .map(|(_, client)| client.to_owned()),
            from: if by_agent { "agent" } else { "visitor" },
            agent_name: agent.and_then(|id| names.get(&UserId(id)).cloned()),
            content: if row.deleted_at.is_some() {
                None
            } else {
                Some(views::content(&row.content, &|id, name| {
                    self.signed_file_path(workspace, id, name)
                }))
            },
            at: row.created_at,
            status: match row.status {
                Some(Status::Read) => "read",
                Some(Status::Delivered) => "delivered",
                _ => "sent",
            },
            edited: row.edited_at.is_some(),
            deleted: row.deleted_at.is_some(),
        }
    }

    /// The visitor has received, or seen, everything up to a message.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn visitor_saw(&self, visitor: &Visitor, up_to: MessageId, status: Status) -> Result<()> {
        let workspace = visitor.live.row.workspace_id;
        let Some(link) = self.visitor_link(visitor).await? else {
            return Ok(());
        };
        if status == Status::Read && link.read_up_to >= Some(up_to) {
            return Ok(());
        }
        self.store
            .write(workspace, move |tx| {
                let now = tx.now();
                let behind = match status {
                    Status::Read => "status IN ('sent', 'delivered')",
                    _ => "status = 'sent'",
                };
                let sql = format!(
                    "SELECT id FROM message WHERE workspace_id = ?1 AND contact_id = ?2 AND contact_channel_id = ?3 \
                     AND id <= ?4 AND direction = 'outgoing' AND {behind} ORDER BY id DESC LIMIT 500"
                );
                let params = [workspace.into(), link.contact_id.into(), link.id.into(), up_to.into()];
                let ids: Vec<MessageId> = tx
                    .rows(&sql, &params)?
                    .iter_mut()
                    .map(ism_store::Row::take)
                    .collect::<Result<_, _>>()?;
                let mut unit = Unit::new(tx);
                unit.load_messages(tx, &ids)?;
                unit.load_contact_channels(tx, &[link.id])?;
                for id in ids.into_iter().rev() {
                    crate::ingest::apply_status(&mut unit, id, status, now, None, Provenance::Provider);
                }
                if status == Status::Read {
                    let contact = unit.contact_channel_mut(link.id).map(|link| {
                        link.read_up_to = link.read_up_to.max(Some(up_to));
                        link.contact_id
                    });
                    if let Some(contact) = contact {
                        let payload = json!({ "channel_id": link.channel_id, "contact_channel_id": link.id });
                        let actor = Actor::contact(contact);
                        unit.emit(NewEvent::contact(
                            EventKind::ContactChannelUpdated,
                            actor,
                            contact,
                            None,
                            payload,
                        ));
                    }
                }
                unit.save(tx).map_err(Error::from)
            })
            .await
    }

    /// Whether a visitor may fetch a file: one of their own uploads, or one in a message to or from them. Checked through the
    /// signature in its address.
    ///
    /// # Errors
    /// When the signature is wrong or the file is not there.
    pub async fn signed_download(
        &self,
        workspace: WorkspaceId,
        id: AttachmentId,
        signature: &str,
    ) -> Result<crate::attachments::Download> {
        if !self.signed_file_fits(workspace, id, signature) {
            return Err(Refusal::not_found("File").into());
        }
        self.download_of(workspace, id).await
    }
}

fn uploader(visitor: &Visitor) -> String {
    format!("visitor:{}:{}", visitor.live.row.id, visitor.identity.key())
}

fn agent_names(members: Vec<(accounts::Member, accounts::User)>) -> HashMap<UserId, String> {
    members
        .into_iter()
        .map(|(_, user)| (user.id, user.first_name))
        .collect()
}

fn profile(visitor: &Visitor, locale: Option<&str>) -> Profile {
    Profile {
        identities: vec![visitor.identity.clone()],
        language: locale.map(str::to_owned),
        ..Profile::default()
    }
}
