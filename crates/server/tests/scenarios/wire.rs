//! Requests of providers, written down as their documents have them.

use crate::support::Channel;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use std::time::{SystemTime, UNIX_EPOCH};

/// Seconds since 1970.
#[expect(clippy::disallowed_methods, reason = "a provider has its own clock")]
pub fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

/// Lower-case hex HMAC-SHA256.
pub fn hmac_hex(secret: &str, bytes: &[u8]) -> String {
    let mut mac = Hmac::<sha2::Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(bytes);
    hex::encode(mac.finalize().into_bytes())
}

/// `X-Hub-Signature-256`.
pub fn meta_signature(secret: &str, body: &[u8]) -> String {
    format!("sha256={}", hmac_hex(secret, body))
}

/// A text update of a private chat.
pub fn telegram_text(update: i64, chat: i64, message: i64, text: &str) -> Value {
    json!({ "update_id": update, "message": telegram_message(chat, message, json!({ "text": text })) })
}

/// A photo of an album.
pub fn telegram_photo(update: i64, chat: i64, message: i64, album: &str) -> Value {
    let photo = json!({
        "media_group_id": album,
        "photo": [{ "file_id": format!("file-{message}"), "file_unique_id": format!("u{message}"), "width": 90, "height": 67, "file_size": 1200 }],
    });
    json!({ "update_id": update, "message": telegram_message(chat, message, photo) })
}

fn telegram_message(chat: i64, message: i64, more: Value) -> Value {
    let mut whole = json!({
        "message_id": message, "date": now(),
        "from": { "id": chat, "is_bot": false, "first_name": "Priya", "last_name": "Nair", "language_code": "en" },
        "chat": { "id": chat, "type": "private", "first_name": "Priya", "last_name": "Nair" },
    });
    whole.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    whole
}

/// A request of Meta with entries.
pub fn whatsapp(channel: &Channel, values: Vec<Value>) -> Value {
    let waba = &channel.config["waba_id"];
    let entries: Vec<Value> = values
        .into_iter()
        .map(|value| json!({ "id": waba, "changes": [{ "field": "messages", "value": value }] }))
        .collect();
    json!({ "object": "whatsapp_business_account", "entry": entries })
}

/// A change's value: `messages` or `statuses` with the number's metadata and the customer's card.
pub fn whatsapp_value(channel: &Channel, key: &str, phone: &str, items: Value) -> Value {
    json!({
        "messaging_product": "whatsapp",
        "metadata": { "display_phone_number": "15550100", "phone_number_id": channel.config["phone_number_id"] },
        "contacts": [{ "profile": { "name": "Priya Nair" }, "wa_id": phone }],
        key: items,
    })
}

/// A text message of a customer.
pub fn whatsapp_text(phone: &str, id: &str, text: &str) -> Value {
    json!({ "from": phone, "id": id, "timestamp": now().to_string(), "type": "text", "text": { "body": text } })
}

/// An image of a customer.
pub fn whatsapp_image(phone: &str, id: &str, media: &str) -> Value {
    json!({
        "from": phone, "id": id, "timestamp": now().to_string(), "type": "image",
        "image": { "mime_type": "image/jpeg", "sha256": "vFyZ", "id": media },
    })
}

/// A bridge's request with events.
pub fn custom(channel_id: &Value, contact: &str, events: Vec<Value>) -> Value {
    json!({
        "channelId": channel_id, "contactId": contact, "events": events,
        "contact": { "firstName": "Mia", "lastName": "Okafor", "profilePic": "", "countryCode": "MY", "language": "en" },
    })
}

/// A bridge's event with a text.
pub fn custom_text(id: &str, text: &str) -> Value {
    json!({ "type": "message", "mId": id, "timestamp": now() * 1000, "message": { "type": "text", "text": text } })
}
