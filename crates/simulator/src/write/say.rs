//! New messages of a customer, and their webhooks.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde_json::{Value, json};
use sha2::Digest;

use super::{Act, Draft, refused};
use crate::simulator::Simulator;
use crate::telegram::object;
use crate::whatsapp::{self, webhook};
use crate::world::{Card, Content, FileEntry, MediaKind, Message, Side, World};
use crate::{Error, Result, custom, media};

impl Act<'_> {
    pub(super) fn only(&self, kind: &str, what: &str) -> Result<()> {
        if self.kind == kind {
            Ok(())
        } else {
            refused(&format!("{what} exist on {kind} only."))
        }
    }

    pub(super) fn file(
        &self,
        kind: MediaKind,
        file: Option<String>,
        data: Option<String>,
        mime: Option<String>,
        name: Option<String>,
    ) -> Result<FileEntry> {
        let owner = (self.kind == "whatsapp").then(|| self.account.to_owned());
        if let Some(id) = file {
            let Some(entry) = self.sim.read(|world| world.files.get(&id).cloned()) else {
                return Err(Error::NotFound(format!(
                    "There is no file {id}; upload it to /sim/api/files first."
                )));
            };
            // A copy of its own, as media ids belong to one number.
            return Ok(self
                .sim
                .store_file(entry.bytes, &entry.mime, name.or(entry.name), owner));
        }
        let (bytes, sample_mime, sample_name) = match data {
            Some(data) => match STANDARD.decode(data.trim()) {
                Ok(bytes) => {
                    let seen = media::sniff(&bytes).unwrap_or("application/octet-stream");
                    (Bytes::from(bytes), seen, None)
                }
                Err(_) => return refused("data is not Base64."),
            },
            None => {
                let number = self.sim.write(World::tick);
                let (bytes, mime, name) = media::sample(kind, number);
                (bytes, mime, Some(name))
            }
        };
        let mut mime = mime.unwrap_or_else(|| sample_mime.to_owned());
        if self.kind == "whatsapp" && kind == MediaKind::Voice && mime == "audio/ogg" {
            mime = "audio/ogg; codecs=opus".to_owned();
        }
        Ok(self.sim.store_file(bytes, &mime, name.or(sample_name), owner))
    }

    pub(super) fn album(&self, count: usize, caption: Option<String>) -> Result<Vec<Message>> {
        if !(2..=30).contains(&count) {
            return refused("An album has 2 to 30 photos.");
        }
        let album = (13_000_000_000_000_000 + self.sim.write(World::tick)).to_string();
        let mut drafts = Vec::new();
        for index in 0..count {
            let entry = self.file(MediaKind::Image, None, None, None, None)?;
            let caption = caption.clone().filter(|_| index == 0);
            let draft = Draft::new(Simulator::media(MediaKind::Image, &entry, caption));
            drafts.push(Draft {
                album: Some(album.clone()),
                ..draft
            });
        }
        self.say(drafts)
    }

    /// Writes messages down and sends their webhooks.
    pub(super) fn say(&self, drafts: Vec<Draft>) -> Result<Vec<Message>> {
        let mut said = Vec::new();
        for draft in drafts {
            let (message, event) = self.write_down(draft)?;
            self.sim.tell_message(self.account, &self.phone.id, &message);
            self.sim.send_webhook(self.account, &self.phone.id, event);
            said.push(message);
        }
        Ok(said)
    }

    pub(super) fn write_down(&self, draft: Draft) -> Result<(Message, Value)> {
        let now = self.sim.now();
        let base = self.sim.base_url();
        self.sim.write(|world| {
            let seq = world.tick();
            let chat = world.chat_mut(self.account, &self.phone.id);
            if chat.blocked {
                return refused("You have blocked this business. Unblock it first.");
            }
            if let Some(quoted) = &self.reply_to
                && chat.message(quoted).is_none()
            {
                return refused("The message to reply to is not in this chat.");
            }
            chat.started = true;
            chat.last_inbound_at = Some(now);
            chat.next_message_id += 1;
            let id = match self.kind {
                "telegram" => chat.next_message_id.to_string(),
                "whatsapp" => whatsapp::messages::new_id(),
                _ => format!("in-{seq}"),
            };
            let message = Message {
                id,
                seq,
                from: Side::Customer,
                at: now,
                content: draft.content,
                reply_to: self.reply_to.clone(),
                album: draft.album,
                buttons: Vec::new(),
                edited_at: None,
                deleted: false,
                customer_reaction: None,
                business_reaction: None,
                read_by_business: false,
                statuses: Vec::new(),
                opaque: None,
                category: None,
                raw: Value::Null,
            };
            chat.push(message.clone());
            let event = match self.kind {
                "telegram" => {
                    let mut object = object::message(world, self.account, self.phone, &message, true);
                    if self.forwarded {
                        let origin =
                            json!({"type": "hidden_user", "sender_user_name": "Somebody", "date": now / 1_000});
                        object["forward_origin"] = origin;
                    }
                    merge(&mut object, draft.extra);
                    self.update(world, "message", object)
                }
                "whatsapp" => {
                    let mut object = self.whatsapp_message(world, &message, &base);
                    merge(&mut object, draft.extra);
                    self.whatsapp_change(world, object)
                }
                _ => match world.bridge(self.account) {
                    Some(bridge) => {
                        let mut event = custom::message_event(self.sim, &message);
                        merge(&mut event, draft.extra);
                        custom::envelope(bridge, self.phone, event)
                    }
                    None => Value::Null,
                },
            };
            Ok((message, event))
        })
    }

    /// A Telegram update with its number.
    pub(super) fn update(&self, world: &mut World, kind: &str, object: Value) -> Value {
        let Some(bot) = world.telegram_mut(self.account) else {
            return Value::Null;
        };
        bot.next_update_id += 1;
        json!({"update_id": bot.next_update_id, kind: object})
    }

    pub(super) fn whatsapp_change(&self, world: &World, object: Value) -> Value {
        let Some(number) = world.whatsapp(self.account) else {
            return Value::Null;
        };
        webhook::change(
            number,
            "messages",
            json!([object]),
            Some(json!([webhook::contact(self.phone)])),
        )
    }

    /// The head every WhatsApp message has.
    pub(super) fn whatsapp_head(&self, id: &str, at: i64, kind: &str) -> Value {
        let mut head =
            json!({"from_user_id": self.phone.bsuid, "id": id, "timestamp": (at / 1_000).to_string(), "type": kind});
        if !self.phone.hides_phone {
            head["from"] = json!(self.phone.phone);
        }
        head
    }

    pub(super) fn whatsapp_message(&self, world: &World, message: &Message, base: &str) -> Value {
        let (kind, part) = match &message.content {
            Content::Text { text, .. } => ("text", json!({"body": text})),
            Content::Location {
                latitude,
                longitude,
                name,
                address,
            } => {
                let mut part = json!({"latitude": latitude, "longitude": longitude});
                for (key, value) in [("name", name), ("address", address)] {
                    if let Some(value) = value {
                        part[key] = json!(value);
                    }
                }
                ("location", part)
            }
            Content::Contacts { contacts } => {
                let card = |card: &Card| {
                    let phones: Vec<Value> = card
                        .phones
                        .iter()
                        .map(|p| json!({"phone": p, "wa_id": crate::setup::digits(p), "type": "CELL"}))
                        .collect();
                    let first = card.name.split(' ').next().unwrap_or_default();
                    json!({"name": {"formatted_name": card.name, "first_name": first}, "phones": phones})
                };
                ("contacts", contacts.iter().map(card).collect())
            }
            Content::Media {
                kind,
                file,
                mime,
                caption,
                ..
            } => {
                let name = match kind {
                    MediaKind::Image => "image",
                    MediaKind::Video | MediaKind::Animation => "video",
                    MediaKind::Audio | MediaKind::Voice => "audio",
                    MediaKind::Document => "document",
                    MediaKind::Sticker => "sticker",
                };
                let mut part = json!({"id": file, "mime_type": mime});
                if let Some(entry) = world.files.get(file) {
                    part["sha256"] = json!(STANDARD.encode(sha2::Sha256::digest(&entry.bytes)));
                    part["url"] = json!(whatsapp::media::address(self.sim, base, entry));
                    if *kind == MediaKind::Document {
                        part["filename"] = json!(entry.name.as_deref().unwrap_or("document"));
                    }
                }
                match kind {
                    MediaKind::Voice | MediaKind::Audio => part["voice"] = json!(*kind == MediaKind::Voice),
                    MediaKind::Sticker => part["animated"] = json!(false),
                    _ => {}
                }
                if let Some(caption) = caption {
                    part["caption"] = json!(caption);
                }
                (name, part)
            }
        };
        let mut object = self.whatsapp_head(&message.id, message.at, kind);
        object[kind] = part;
        if let Some(quoted) = &message.reply_to {
            object["context"] = self.context(world, quoted);
        }
        if self.forwarded {
            object["context"]["forwarded"] = json!(true);
        }
        object
    }

    pub(super) fn context(&self, world: &World, quoted: &str) -> Value {
        let by_us = world
            .chat(self.account, &self.phone.id)
            .and_then(|c| c.message(quoted))
            .is_none_or(|m| m.from == Side::Business);
        let number = world
            .whatsapp(self.account)
            .map(|n| n.display_phone_number.clone())
            .unwrap_or_default();
        let from = if by_us { number } else { self.phone.phone.clone() };
        json!({"from": from, "id": quoted})
    }
}

/// Lays the fields of `extra` over an object. A WhatsApp message that changes its type loses the part of the old one.
pub(super) fn merge(object: &mut Value, extra: Value) {
    let (Some(object), Value::Object(extra)) = (object.as_object_mut(), extra) else {
        return;
    };
    if let (Some(old), Some(new)) = (
        object.get("type").and_then(Value::as_str),
        extra.get("type").and_then(Value::as_str),
    ) && old != new
    {
        let old = old.to_owned();
        object.remove(&old);
    }
    if extra.contains_key("dice") {
        object.remove("text");
        object.remove("entities");
    }
    object.extend(extra);
}
