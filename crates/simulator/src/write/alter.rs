//! What a customer does to messages that are there: reactions, edits, buttons; and to the chat itself.

use serde_json::{Value, json};

use super::say::merge;
use super::{Act, Draft, What, refused};
use crate::telegram::object;
use crate::whatsapp;
use crate::world::{Button, Content, Message, Side, World};
use crate::{Result, custom};

impl Act<'_> {
    /// Changes a message of the chat and sends what the provider says about it.
    pub(super) fn change(
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

    pub(super) fn react(&self, id: &str, emoji: Option<String>) -> Result<Vec<Message>> {
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

    pub(super) fn edit(&self, id: &str, text: String) -> Result<Vec<Message>> {
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

    pub(super) fn delete(&self, id: &str) -> Result<Vec<Message>> {
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

    pub(super) fn press(&self, message: Option<&str>, wanted: &str) -> Result<Vec<Message>> {
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

    pub(super) fn callback(&self, origin: Option<Message>, button: &Button) -> Result<Vec<Message>> {
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

    pub(super) fn whatsapp_press(&self, origin: &Message, button: &Button, kind: &str) -> Result<Vec<Message>> {
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

    pub(super) fn flow(&self, message: Option<String>, response: Option<Value>) -> Result<Vec<Message>> {
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

    pub(super) fn unsupported(&self, what: Option<String>) -> Result<Vec<Message>> {
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

    pub(super) fn block(&self, blocked: bool) -> Result<Vec<Message>> {
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

    pub(super) fn start(&self, payload: Option<&str>) -> Result<Vec<Message>> {
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

    pub(super) fn raw(&self, event: Value) -> Result<Vec<Message>> {
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
