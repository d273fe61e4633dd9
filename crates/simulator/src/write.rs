//! What a customer does on the phone, and what the provider tells the business about it.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::Digest;

use crate::simulator::Simulator;
use crate::telegram::object;
use crate::whatsapp::{self, webhook};
use crate::world::{Button, Card, Content, FileEntry, MediaKind, Message, Phone, Side, World};
use crate::{Error, Result, custom, media};

/// One thing a customer does.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Write {
    #[serde(flatten)]
    pub what: What,
    /// Quote this message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reply_to: Option<String>,
    /// Marked as forwarded.
    #[serde(default)]
    pub forwarded: bool,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum What {
    Text {
        text: String,
    },
    /// A file: one uploaded before (`file`), given in Base64 (`data`), or a sample of the kind.
    Media {
        media: MediaKind,
        #[serde(default)]
        file: Option<String>,
        #[serde(default)]
        data: Option<String>,
        #[serde(default)]
        mime: Option<String>,
        #[serde(default)]
        name: Option<String>,
        #[serde(default)]
        caption: Option<String>,
    },
    /// Several sample photos at once; the caption is on the first.
    Album {
        count: usize,
        #[serde(default)]
        caption: Option<String>,
    },
    Location {
        latitude: f64,
        longitude: f64,
        #[serde(default)]
        name: Option<String>,
        #[serde(default)]
        address: Option<String>,
    },
    /// A contact card; without a name, the customer's own.
    Contact {
        #[serde(default)]
        name: Option<String>,
        #[serde(default)]
        phone: Option<String>,
    },
    /// `emoji: null` takes it back.
    Reaction {
        message: String,
        emoji: Option<String>,
    },
    Edit {
        message: String,
        text: String,
    },
    Delete {
        message: String,
    },
    /// Press a button of a received message, by its id or title; without a message, one of the keyboard.
    Press {
        #[serde(default)]
        message: Option<String>,
        button: String,
    },
    Block,
    Unblock,
    /// Telegram's Start button, perhaps from a deep link.
    Start {
        #[serde(default)]
        payload: Option<String>,
    },
    /// WhatsApp: a cart.
    Order {
        #[serde(default)]
        text: Option<String>,
        #[serde(default)]
        items: Option<Value>,
    },
    /// WhatsApp: the answer to a flow.
    Flow {
        #[serde(default)]
        message: Option<String>,
        #[serde(default)]
        response: Option<Value>,
    },
    /// Something the provider does not pass on, such as a poll.
    Unsupported {
        #[serde(default)]
        what: Option<String>,
    },
    /// WhatsApp: a first message from an advertisement.
    Referral {
        text: String,
        #[serde(default)]
        referral: Option<Value>,
    },
    /// Any JSON in the place of the event: a Telegram update without its number, an entry of WhatsApp's `messages`, a
    /// bridge's event.
    Raw {
        event: Value,
    },
}

impl Write {
    pub fn text(text: impl Into<String>) -> Self {
        What::Text { text: text.into() }.into()
    }

    /// A sample file of the kind.
    pub fn sample(media: MediaKind, caption: Option<&str>) -> Self {
        let caption = caption.map(str::to_owned);
        What::Media {
            media,
            file: None,
            data: None,
            mime: None,
            name: None,
            caption,
        }
        .into()
    }

    pub fn replying_to(mut self, message: &str) -> Self {
        self.reply_to = Some(message.to_owned());
        self
    }
}

impl From<What> for Write {
    fn from(what: What) -> Self {
        Self {
            what,
            reply_to: None,
            forwarded: false,
        }
    }
}

/// A message of the customer that is about to be written down, with what only its webhook says.
struct Draft {
    content: Content,
    album: Option<String>,
    /// Extra fields of the provider's message object.
    extra: Value,
}

impl Draft {
    fn new(content: Content) -> Self {
        Self {
            content,
            album: None,
            extra: Value::Null,
        }
    }

    fn with(mut self, extra: Value) -> Self {
        self.extra = extra;
        self
    }
}

fn refused<T>(text: &str) -> Result<T> {
    Err(Error::Refused(text.to_owned()))
}

impl Simulator {
    /// Does something as a customer. Returns the messages that appeared or changed on the phone; the business hears of
    /// it by webhook.
    pub async fn customer_writes(&self, account: &str, phone: &str, write: impl Into<Write>) -> Result<Vec<Message>> {
        let write = write.into();
        let Some(kind) = self.kind_of(account) else {
            return Err(Error::NotFound(format!(
                "There is no account {account}; see GET /sim/api/accounts."
            )));
        };
        let Some(person) = self.read(|world| world.phones.get(phone).cloned()) else {
            return Err(Error::NotFound(format!(
                "There is no phone {phone}; see GET /sim/api/phones."
            )));
        };
        let act = Act {
            sim: self,
            account,
            kind,
            phone: &person,
            reply_to: write.reply_to.clone(),
            forwarded: write.forwarded,
        };
        act.run(write.what)
    }
}

struct Act<'a> {
    sim: &'a Simulator,
    account: &'a str,
    kind: &'static str,
    phone: &'a Phone,
    reply_to: Option<String>,
    forwarded: bool,
}

impl Act<'_> {
    fn run(&self, what: What) -> Result<Vec<Message>> {
        match what {
            What::Text { text } if text.is_empty() => refused("The text is empty."),
            What::Text { text } => self.say(vec![Draft::new(Content::plain(text))]),
            What::Media {
                media,
                file,
                data,
                mime,
                name,
                caption,
            } => {
                let entry = self.file(media, file, data, mime, name)?;
                self.say(vec![Draft::new(Simulator::media(media, &entry, caption))])
            }
            What::Album { count, caption } => self.album(count, caption),
            What::Location {
                latitude,
                longitude,
                name,
                address,
            } => {
                if !(-90.0..=90.0).contains(&latitude) || !(-180.0..=180.0).contains(&longitude) {
                    return refused("These are no coordinates.");
                }
                self.say(vec![Draft::new(Content::Location {
                    latitude,
                    longitude,
                    name,
                    address,
                })])
            }
            What::Contact { name, phone } => {
                let name = name.unwrap_or_else(|| self.phone.name());
                let phones = vec![phone.unwrap_or_else(|| format!("+{}", self.phone.phone))];
                self.say(vec![Draft::new(Content::Contacts {
                    contacts: vec![Card { name, phones }],
                })])
            }
            What::Reaction { message, emoji } => self.react(&message, emoji.filter(|e| !e.is_empty())),
            What::Edit { message, text } => self.edit(&message, text),
            What::Delete { message } => self.delete(&message),
            What::Press { message, button } => self.press(message.as_deref(), &button),
            What::Block => self.block(true),
            What::Unblock => self.block(false),
            What::Start { payload } => self.start(payload.as_deref()),
            What::Order { text, items } => {
                self.only("whatsapp", "Orders")?;
                let items = items.unwrap_or_else(
                    || json!([{"product_retailer_id": "MUG-2", "quantity": 2, "item_price": 11.5, "currency": "GBP"}]),
                );
                let shown = items.as_array().map_or(0, Vec::len);
                let order =
                    json!({"catalog_id": "9001", "text": text.clone().unwrap_or_default(), "product_items": items});
                let words = text.unwrap_or_else(|| {
                    if shown == 1 {
                        "1 product".to_owned()
                    } else {
                        format!("{shown} products")
                    }
                });
                self.say(vec![
                    Draft::new(Content::labelled("order", words)).with(json!({"type": "order", "order": order})),
                ])
            }
            What::Flow { message, response } => self.flow(message, response),
            What::Unsupported { what } => self.unsupported(what),
            What::Referral { text, referral } => {
                self.only("whatsapp", "Referrals")?;
                let referral = referral.unwrap_or_else(|| json!({
                    "source_url": "https://fb.example/ad/1", "source_id": "120001", "source_type": "ad", "headline": "Mugs",
                    "body": "Two for one", "media_type": "image", "image_url": "https://cdn.example/ad.jpg", "ctwa_clid": "CLID-77",
                }));
                let content = Content::labelled("from an advertisement", text.clone());
                self.say(vec![
                    Draft::new(content).with(json!({"type": "text", "text": {"body": text}, "referral": referral})),
                ])
            }
            What::Raw { event } => self.raw(event),
        }
    }

    fn only(&self, kind: &str, what: &str) -> Result<()> {
        if self.kind == kind {
            Ok(())
        } else {
            refused(&format!("{what} exist on {kind} only."))
        }
    }

    fn file(
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

    fn album(&self, count: usize, caption: Option<String>) -> Result<Vec<Message>> {
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
    fn say(&self, drafts: Vec<Draft>) -> Result<Vec<Message>> {
        let mut said = Vec::new();
        for draft in drafts {
            let (message, event) = self.write_down(draft)?;
            self.sim.tell_message(self.account, &self.phone.id, &message);
            self.sim.send_webhook(self.account, &self.phone.id, event);
            said.push(message);
        }
        Ok(said)
    }

    fn write_down(&self, draft: Draft) -> Result<(Message, Value)> {
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
                        let mut event = custom::message_event(self.sim_for_links(), &message);
                        merge(&mut event, draft.extra);
                        custom::envelope(bridge, self.phone, event)
                    }
                    None => Value::Null,
                },
            };
            Ok((message, event))
        })
    }

    /// Only for addresses of files; does not lock the world.
    fn sim_for_links(&self) -> &Simulator {
        self.sim
    }

    /// A Telegram update with its number.
    fn update(&self, world: &mut World, kind: &str, object: Value) -> Value {
        let Some(bot) = world.telegram_mut(self.account) else {
            return Value::Null;
        };
        bot.next_update_id += 1;
        json!({"update_id": bot.next_update_id, kind: object})
    }

    fn whatsapp_change(&self, world: &World, object: Value) -> Value {
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
    fn whatsapp_head(&self, id: &str, at: i64, kind: &str) -> Value {
        let mut head =
            json!({"from_user_id": self.phone.bsuid, "id": id, "timestamp": (at / 1_000).to_string(), "type": kind});
        if !self.phone.hides_phone {
            head["from"] = json!(self.phone.phone);
        }
        head
    }

    fn whatsapp_message(&self, world: &World, message: &Message, base: &str) -> Value {
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

    fn context(&self, world: &World, quoted: &str) -> Value {
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

    /// Changes a message of the chat and sends what the provider says about it.
    fn change(
        &self,
        id: &str,
        alter: impl FnOnce(&mut Message) -> Result<()>,
        event: impl FnOnce(&Self, &mut World, &Message) -> Option<Value>,
    ) -> Result<Vec<Message>> {
        let now = self.sim.now();
        let (message, event) = self.sim.write(|world| {
            let chat = world.chat_mut(self.account, &self.phone.id);
            let Some(message) = chat.message_mut(id) else {
                return refused("This message is not in this chat.");
            };
            alter(message)?;
            let message = message.clone();
            chat.last_inbound_at = Some(now);
            let event = event(self, world, &message);
            Ok((message, event))
        })?;
        self.sim.tell_message(self.account, &self.phone.id, &message);
        if let Some(event) = event {
            self.sim.send_webhook(self.account, &self.phone.id, event);
        }
        Ok(vec![message])
    }

    fn react(&self, id: &str, emoji: Option<String>) -> Result<Vec<Message>> {
        if self.kind == "custom" {
            return refused("A custom channel has no reactions.");
        }
        let now = self.sim.now();
        let before = self.sim.read(|world| {
            world
                .chat(self.account, &self.phone.id)
                .and_then(|c| c.message(id))
                .and_then(|m| m.customer_reaction.clone())
        });
        let set = emoji.clone();
        let alter = move |message: &mut Message| {
            message.customer_reaction = set;
            Ok(())
        };
        self.change(id, alter, |act, world, message| {
            if act.kind == "telegram" {
                let list = |emoji: &Option<String>| {
                    emoji
                        .iter()
                        .map(|e| json!({"type": "emoji", "emoji": e}))
                        .collect::<Vec<_>>()
                };
                let object = json!({
                    "chat": object::chat(act.phone), "message_id": message.id.parse::<i64>().unwrap_or_default(),
                    "user": object::user(act.phone), "date": now / 1_000,
                    "old_reaction": list(&before), "new_reaction": list(&emoji),
                });
                return Some(act.update(world, "message_reaction", object));
            }
            let mut object = act.whatsapp_head(&whatsapp::messages::new_id(), now, "reaction");
            object["reaction"] = json!({"message_id": message.id});
            if let Some(emoji) = emoji {
                object["reaction"]["emoji"] = json!(emoji);
            }
            Some(act.whatsapp_change(world, object))
        })
    }

    fn edit(&self, id: &str, text: String) -> Result<Vec<Message>> {
        if self.kind == "custom" {
            return refused("A custom channel has no edits.");
        }
        if text.is_empty() {
            return refused("The text is empty.");
        }
        let now = self.sim.now();
        let alter = |message: &mut Message| {
            if message.from != Side::Customer || message.deleted {
                return refused("A customer can only edit an own message that is still there.");
            }
            match &mut message.content {
                Content::Text { text: old, .. } => *old = text,
                Content::Media { caption, .. } => *caption = Some(text),
                _ => return refused("Only texts and captions can be edited."),
            }
            message.edited_at = Some(now);
            Ok(())
        };
        self.change(id, alter, |act, world, message| {
            if act.kind == "telegram" {
                let object = object::message(world, act.account, act.phone, message, true);
                return Some(act.update(world, "edited_message", object));
            }
            let mut object = act.whatsapp_head(&whatsapp::messages::new_id(), now, "edit");
            let inner = json!({"context": {"id": "M0"}, "type": "text", "text": {"body": message.text()}});
            object["edit"] = json!({"original_message_id": message.id, "message": inner});
            Some(act.whatsapp_change(world, object))
        })
    }

    fn delete(&self, id: &str) -> Result<Vec<Message>> {
        let now = self.sim.now();
        let alter = |message: &mut Message| {
            if message.from != Side::Customer {
                return refused("A customer can only delete an own message.");
            }
            message.deleted = true;
            Ok(())
        };
        // Neither Telegram nor a bridge says anything about it.
        self.change(id, alter, |act, world, message| {
            if act.kind != "whatsapp" {
                return None;
            }
            let mut object = act.whatsapp_head(&whatsapp::messages::new_id(), now, "revoke");
            object["revoke"] = json!({"original_message_id": message.id});
            Some(act.whatsapp_change(world, object))
        })
    }

    fn press(&self, message: Option<&str>, wanted: &str) -> Result<Vec<Message>> {
        let chat = self
            .sim
            .read(|world| world.chat(self.account, &self.phone.id).cloned())
            .unwrap_or_default();
        let (origin, buttons) = match message {
            Some(id) => match chat.message(id) {
                Some(message) => (Some(message.clone()), message.buttons.clone()),
                None => return refused("This message is not in this chat."),
            },
            None => (None, chat.keyboard.clone()),
        };
        let found = buttons
            .iter()
            .find(|b| b.id == wanted)
            .or_else(|| buttons.iter().find(|b| b.title == wanted))
            .cloned();
        let Some(button) = found else {
            return refused("There is no such button.");
        };
        match (self.kind, button.kind.as_str()) {
            (_, "url") => refused("This button opens a web page; the business hears nothing of it."),
            (_, "other") => refused("This button does something inside the app that the business hears nothing of."),
            (_, "share_phone") => self.run(What::Contact {
                name: None,
                phone: None,
            }),
            (_, "share_location") => self.run(What::Location {
                latitude: 51.5033,
                longitude: -0.1196,
                name: None,
                address: None,
            }),
            (_, "flow") => self.flow(origin.map(|m| m.id), None),
            ("telegram", "callback") => self.callback(origin, &button),
            ("telegram" | "custom", _) => self.run(What::Text { text: button.title }),
            (_, kind) => {
                let Some(origin) = origin else {
                    return refused("There is no such button.");
                };
                self.whatsapp_press(&origin, &button, kind)
            }
        }
    }

    fn callback(&self, origin: Option<Message>, button: &Button) -> Result<Vec<Message>> {
        let Some(origin) = origin else {
            return refused("There is no such button.");
        };
        if self
            .sim
            .read(|world| world.chat(self.account, &self.phone.id).is_some_and(|c| c.blocked))
        {
            return refused("You have blocked this business. Unblock it first.");
        }
        let update = self.sim.write(|world| {
            let id = (771_200_000_000_000_000 + world.tick()).to_string();
            if let Some(bot) = world.telegram_mut(self.account) {
                bot.open_queries.push(id.clone());
                if bot.open_queries.len() > 500 {
                    bot.open_queries.remove(0);
                }
            }
            let query = json!({
                "id": id, "from": object::user(self.phone), "message": origin.raw,
                "chat_instance": format!("-{}", self.phone.telegram_id), "data": button.id,
            });
            self.update(world, "callback_query", query)
        });
        self.sim.send_webhook(self.account, &self.phone.id, update);
        Ok(vec![origin])
    }

    fn whatsapp_press(&self, origin: &Message, button: &Button, kind: &str) -> Result<Vec<Message>> {
        let extra = match kind {
            "quick_reply" => json!({"type": "button", "button": {"payload": button.id, "text": button.title}}),
            "row" => {
                let mut row = json!({"id": button.id, "title": button.title});
                if let Some(description) = &button.description {
                    row["description"] = json!(description);
                }
                json!({"type": "interactive", "interactive": {"type": "list_reply", "list_reply": row}})
            }
            _ => json!({"type": "interactive", "interactive": {"type": "button_reply",
                "button_reply": {"id": button.id, "title": button.title}}}),
        };
        let act = Act {
            reply_to: Some(origin.id.clone()),
            ..*self
        };
        act.say(vec![
            Draft::new(Content::labelled("pressed", &button.title)).with(extra),
        ])
    }

    fn flow(&self, message: Option<String>, response: Option<Value>) -> Result<Vec<Message>> {
        self.only("whatsapp", "Flow answers")?;
        let token = self.sim.read(|world| {
            let chat = world.chat(self.account, &self.phone.id)?;
            let button = chat
                .message(message.as_deref()?)?
                .buttons
                .iter()
                .find(|b| b.kind == "flow")?;
            Some(button.id.clone())
        });
        let mut answer = response.unwrap_or_else(|| json!({"size": "M"}));
        if let (Some(token), Some(answer)) = (token, answer.as_object_mut()) {
            answer.entry("flow_token").or_insert(json!(token));
        }
        let reply = json!({"name": "flow", "body": "Sent", "response_json": answer.to_string()});
        let extra = json!({"type": "interactive", "interactive": {"type": "nfm_reply", "nfm_reply": reply}});
        let act = Act {
            reply_to: message.or_else(|| self.reply_to.clone()),
            ..*self
        };
        act.say(vec![
            Draft::new(Content::labelled("flow answer", answer.to_string())).with(extra),
        ])
    }

    fn unsupported(&self, what: Option<String>) -> Result<Vec<Message>> {
        match self.kind {
            "whatsapp" => {
                let kind = what.unwrap_or_else(|| "poll_creation".to_owned());
                let text = "Message type unknown";
                let extra = json!({
                    "type": "unsupported", "unsupported": {"type": kind},
                    "errors": [{"code": 131_051, "title": text, "message": text,
                        "error_data": {"details": "Message type is currently not supported."}}],
                });
                self.say(vec![Draft::new(Content::labelled("unsupported", kind)).with(extra)])
            }
            "telegram" => {
                let dice = json!({"dice": {"emoji": "🎲", "value": 4}});
                self.say(vec![Draft::new(Content::labelled("unsupported", "dice")).with(dice)])
            }
            _ => {
                let event = json!({"message": {"type": "hologram"}});
                self.say(vec![
                    Draft::new(Content::labelled("unsupported", "hologram")).with(event),
                ])
            }
        }
    }

    fn block(&self, blocked: bool) -> Result<Vec<Message>> {
        let now = self.sim.now();
        let update = self.sim.write(|world| {
            let chat = world.chat_mut(self.account, &self.phone.id);
            if chat.blocked == blocked || self.kind != "telegram" {
                chat.blocked = blocked;
                return None;
            }
            chat.blocked = blocked;
            let bot = world.telegram(self.account).map(|bot| object::bot_user(bot, "bot"))?;
            let member = |status: &str| json!({"user": bot, "status": status});
            let (old, new) = if blocked {
                ("member", "kicked")
            } else {
                ("kicked", "member")
            };
            let mut change = json!({
                "chat": object::chat(self.phone), "from": object::user(self.phone), "date": now / 1_000,
                "old_chat_member": member(old), "new_chat_member": member(new),
            });
            let restricted = if blocked { "new_chat_member" } else { "old_chat_member" };
            change[restricted]["until_date"] = json!(0);
            Some(self.update(world, "my_chat_member", change))
        });
        self.sim.tell_chat(self.account, &self.phone.id);
        if let Some(update) = update {
            self.sim.send_webhook(self.account, &self.phone.id, update);
        }
        Ok(Vec::new())
    }

    fn start(&self, payload: Option<&str>) -> Result<Vec<Message>> {
        self.only("telegram", "Start buttons")?;
        let text = match payload.filter(|p| !p.is_empty()) {
            Some(payload) => {
                let allowed = payload.len() <= 64
                    && payload
                        .chars()
                        .all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-');
                if !allowed {
                    return refused("A start payload has at most 64 letters, digits, _ and -.");
                }
                format!("/start {payload}")
            }
            None => "/start".to_owned(),
        };
        self.say(vec![Draft::new(Content::plain(text))])
    }

    fn raw(&self, event: Value) -> Result<Vec<Message>> {
        let now = self.sim.now();
        let body = self.sim.write(|world| {
            let chat = world.chat_mut(self.account, &self.phone.id);
            chat.started = true;
            chat.last_inbound_at = Some(now);
            match self.kind {
                "telegram" => {
                    let mut update = json!({"update_id": 0});
                    merge(&mut update, event);
                    if let Some(bot) = world.telegram_mut(self.account) {
                        bot.next_update_id += 1;
                        if update["update_id"] == 0 {
                            update["update_id"] = json!(bot.next_update_id);
                        }
                    }
                    update
                }
                "whatsapp" => {
                    let mut object = self.whatsapp_head(&whatsapp::messages::new_id(), now, "unknown");
                    merge(&mut object, event);
                    self.whatsapp_change(world, object)
                }
                _ => world
                    .bridge(self.account)
                    .map(|b| custom::envelope(b, self.phone, event))
                    .unwrap_or_default(),
            }
        });
        self.sim.send_webhook(self.account, &self.phone.id, body);
        Ok(Vec::new())
    }
}

/// Lays the fields of `extra` over an object. A WhatsApp message that changes its type loses the part of the old one.
fn merge(object: &mut Value, extra: Value) {
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
