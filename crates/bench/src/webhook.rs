//! Webhooks as Telegram (core.telegram.org/bots/api#update) and Meta (WhatsApp Cloud API, webhooks) send them.

use crate::subject::Channels;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::json;
use std::time::{SystemTime, UNIX_EPOCH};

/// What signs the WhatsApp webhooks.
pub const APP_SECRET: &str = "bench-app-secret";
/// Stands before the number of a message in its text, so that it is found again in frames.
pub const MARK: &str = "bench-message-";

pub struct Webhook {
    pub path: String,
    pub headers: Vec<(&'static str, String)>,
    pub body: String,
}

/// The message `number`, written by one of `customers`. The same number is the same message.
pub fn message(channels: &Channels, number: u64, customers: u32) -> Webhook {
    // A step that shares no factor with usual counts spreads the writers.
    let customer = number.wrapping_mul(7919) % u64::from(customers);
    let text = format!("{MARK}{number} Is the order on its way? I would need it before Friday, if that is possible.");
    if number.is_multiple_of(2) {
        telegram(channels, number, customer, &text)
    } else {
        whatsapp(channels, number, customer, &text)
    }
}

fn telegram(channels: &Channels, number: u64, customer: u64, text: &str) -> Webhook {
    let chat = 5_000_000_000 + customer;
    let name = format!("Customer {customer}");
    let body = json!({
        "update_id": number + 1,
        "message": {
            "message_id": number + 1, "date": now(), "text": text,
            "from": { "id": chat, "is_bot": false, "first_name": name, "language_code": "en" },
            "chat": { "id": chat, "type": "private", "first_name": name },
        },
    });
    Webhook {
        path: channels.telegram_path.clone(),
        headers: vec![("x-telegram-bot-api-secret-token", channels.telegram_secret.clone())],
        body: body.to_string(),
    }
}

fn whatsapp(channels: &Channels, number: u64, customer: u64, text: &str) -> Webhook {
    let phone = (447_700_000_000 + customer).to_string();
    let body = json!({
        "object": "whatsapp_business_account",
        "entry": [{ "id": "304400000000011", "changes": [{ "field": "messages", "value": {
            "messaging_product": "whatsapp",
            "metadata": { "display_phone_number": "15550100", "phone_number_id": "204400000000011" },
            "contacts": [{ "profile": { "name": format!("Customer {customer}") }, "wa_id": phone }],
            "messages": [{ "from": phone, "id": format!("wamid.BENCH{number}"), "timestamp": now().to_string(), "type": "text", "text": { "body": text } }],
        }}]}],
    })
    .to_string();
    Webhook {
        path: channels.whatsapp_path.clone(),
        headers: vec![("x-hub-signature-256", signature(body.as_bytes()))],
        body,
    }
}

#[expect(clippy::expect_used, reason = "HMAC takes keys of any length")]
fn signature(body: &[u8]) -> String {
    let mut mac = Hmac::<sha2::Sha256>::new_from_slice(APP_SECRET.as_bytes()).expect("any length");
    mac.update(body);
    format!("sha256={}", hex::encode(mac.finalize().into_bytes()))
}

/// Seconds since 1970.
#[expect(clippy::disallowed_methods, reason = "a provider has its own clock")]
fn now() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_secs())
}

/// The number in a text with a mark.
pub fn number(text: &str) -> Option<u64> {
    let digits = &text[text.find(MARK)? + MARK.len()..];
    let end = digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len());
    digits[..end].parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_found_where_its_mark_is() {
        for (text, found) in [
            ("{\"text\":\"bench-message-17 Is\"}", Some(17)),
            ("bench-message-0", Some(0)),
            ("bench-message-x", None),
            ("no mark 5", None),
        ] {
            assert_eq!(number(text), found, "{text}");
        }
    }
}
