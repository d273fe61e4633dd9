//! Telegram's objects as JSON: users, chats, messages, updates.

use serde_json::{Map, Value, json};

use crate::media;
use crate::world::{Content, FileEntry, MediaKind, Message, Phone, Side, TelegramBot, World};

pub fn user(phone: &Phone) -> Value {
    let mut user = json!({
        "id": phone.telegram_id, "is_bot": false, "first_name": phone.first_name, "language_code": phone.language,
    });
    if !phone.last_name.is_empty() {
        user["last_name"] = json!(phone.last_name);
    }
    if let Some(username) = &phone.username {
        user["username"] = json!(username);
    }
    user
}

pub fn bot_user(bot: &TelegramBot, name: &str) -> Value {
    json!({"id": bot.id, "is_bot": true, "first_name": name, "username": bot.username})
}

pub fn chat(phone: &Phone) -> Value {
    let mut chat = user(phone);
    if let Some(chat) = chat.as_object_mut() {
        chat.remove("is_bot");
        chat.remove("language_code");
        chat.insert("type".to_owned(), json!("private"));
    }
    chat
}

/// What `getChat` adds to a chat.
pub fn full_chat(phone: &Phone) -> Value {
    let mut chat = chat(phone);
    chat["accent_color_id"] = json!(0);
    chat["max_reaction_count"] = json!(11);
    chat["accepted_gift_types"] = json!({
        "unlimited_gifts": true, "limited_gifts": true, "unique_gifts": true, "premium_subscription": true,
        "gifts_from_channels": true,
    });
    chat
}

/// The part of a message that says what it contains.
pub fn content(world: &World, content: &Content, into: &mut Map<String, Value>) {
    match content {
        Content::Text { text, .. } => {
            into.insert("text".to_owned(), json!(text));
            let entities = super::format::detect(text);
            if !entities.is_empty() {
                into.insert("entities".to_owned(), json!(entities));
            }
        }
        Content::Media {
            kind, file, caption, ..
        } => {
            if let Some(entry) = world.files.get(file) {
                media_object(*kind, entry, into);
            }
            if let Some(caption) = caption {
                into.insert("caption".to_owned(), json!(caption));
            }
        }
        Content::Location {
            latitude,
            longitude,
            name,
            address,
        } => {
            let location = json!({"latitude": latitude, "longitude": longitude});
            if let Some(title) = name {
                let address = address.as_deref().unwrap_or_default();
                into.insert(
                    "venue".to_owned(),
                    json!({"location": location, "title": title, "address": address}),
                );
            }
            into.insert("location".to_owned(), location);
        }
        Content::Contacts { contacts } => {
            if let Some(card) = contacts.first() {
                let (first, last) = card.name.split_once(' ').unwrap_or((&card.name, ""));
                let phone = card.phones.first().map(String::as_str).unwrap_or_default();
                let mut object = json!({"phone_number": phone, "first_name": first});
                if !last.is_empty() {
                    object["last_name"] = json!(last);
                }
                if let Some(owner) = world.phone_by(|p| p.phone == crate::setup::digits(phone)) {
                    object["user_id"] = json!(owner.telegram_id);
                }
                into.insert("contact".to_owned(), object);
            }
        }
    }
}

/// `file_id` and friends. The unique id stays the same for the same bytes.
fn file_ids(entry: &FileEntry) -> Map<String, Value> {
    let mut ids = Map::new();
    ids.insert("file_id".to_owned(), json!(file_id(&entry.id)));
    ids.insert("file_unique_id".to_owned(), json!(format!("AQAD{}", unique(entry))));
    ids.insert("file_size".to_owned(), json!(entry.size));
    ids
}

pub fn file_id(id: &str) -> String {
    format!("AgACAgIAAxkBAAI{id}")
}

pub fn stored_id(file_id: &str) -> Option<&str> {
    file_id.strip_prefix("AgACAgIAAxkBAAI")
}

pub fn unique(entry: &FileEntry) -> String {
    use sha2::Digest;
    hex::encode(&sha2::Sha256::digest(&entry.bytes)[..6])
}

fn media_object(kind: MediaKind, entry: &FileEntry, into: &mut Map<String, Value>) {
    let mut object = file_ids(entry);
    let mut put = |key: &str, value: Value| {
        object.insert(key.to_owned(), value);
    };
    let (width, height) = media::dimensions(&entry.bytes).unwrap_or((240, 180));
    match kind {
        MediaKind::Image => {
            // Telegram lists smaller sizes first; the last one is the whole picture.
            put("width", json!(width));
            put("height", json!(height));
            let mut small = object.clone();
            small.insert("file_id".to_owned(), json!(format!("{}s", file_id(&entry.id))));
            small.insert("file_unique_id".to_owned(), json!(format!("AQADs{}", unique(entry))));
            small.insert("width".to_owned(), json!(width.div_ceil(4)));
            small.insert("height".to_owned(), json!(height.div_ceil(4)));
            into.insert("photo".to_owned(), json!([small, object]));
            return;
        }
        MediaKind::Video | MediaKind::Animation => {
            put("width", json!(width));
            put("height", json!(height));
            put("duration", json!(2));
        }
        MediaKind::Voice => put("duration", json!(3)),
        MediaKind::Audio => {
            put("duration", json!(3));
            put("title", json!(entry.name.as_deref().unwrap_or("audio")));
        }
        MediaKind::Sticker => {
            put("width", json!(width));
            put("height", json!(height));
            put("type", json!("regular"));
            put("is_animated", json!(false));
            put("is_video", json!(entry.mime == "video/webm"));
            put("emoji", json!("🙂"));
            put("set_name", json!("SimulatedStickers"));
        }
        MediaKind::Document => {}
    }
    if !matches!(kind, MediaKind::Sticker) {
        put("mime_type", json!(entry.mime));
    }
    if let (Some(name), MediaKind::Document | MediaKind::Video | MediaKind::Audio | MediaKind::Animation) =
        (&entry.name, kind)
    {
        put("file_name", json!(name));
    }
    let key = match kind {
        MediaKind::Video => "video",
        MediaKind::Animation => "animation",
        MediaKind::Voice => "voice",
        MediaKind::Audio => "audio",
        MediaKind::Sticker => "sticker",
        _ => "document",
    };
    if kind == MediaKind::Animation {
        // The older key goes along, as Telegram still does.
        into.insert("document".to_owned(), json!(object));
    }
    into.insert(key.to_owned(), json!(object));
}

/// A message as the Bot API shows it. A message of the bot is kept as it was answered.
pub fn message(world: &World, account: &str, phone: &Phone, message: &Message, with_reply: bool) -> Value {
    if message.from == Side::Business && message.raw.is_object() {
        return message.raw.clone();
    }
    let mut object = Map::new();
    object.insert(
        "message_id".to_owned(),
        json!(message.id.parse::<i64>().unwrap_or_default()),
    );
    object.insert("from".to_owned(), user(phone));
    object.insert("chat".to_owned(), chat(phone));
    object.insert("date".to_owned(), json!(message.at / 1_000));
    if let Some(edited) = message.edited_at {
        object.insert("edit_date".to_owned(), json!(edited / 1_000));
    }
    if let Some(album) = &message.album {
        object.insert("media_group_id".to_owned(), json!(album));
    }
    if with_reply
        && let Some(quoted) = message.reply_to.as_deref()
        && let Some(quoted) = world.chat(account, &phone.id).and_then(|c| c.message(quoted))
    {
        let mut quoted = self::message(world, account, phone, quoted, false);
        if let Some(quoted) = quoted.as_object_mut() {
            quoted.remove("reply_to_message");
        }
        object.insert("reply_to_message".to_owned(), quoted);
    }
    content(world, &message.content, &mut object);
    Value::Object(object)
}
