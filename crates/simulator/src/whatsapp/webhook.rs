//! Webhooks of WhatsApp: envelope, Meta's way of writing JSON, signatures, the handshake.

use hmac::{Hmac, KeyInit, Mac};
use reqwest::header::{HeaderMap, HeaderValue};
use serde_json::{Value, json};

use crate::dispatch::{Request, Target};
use crate::simulator::Simulator;
use crate::world::{Message, Phone, StatusChange, WhatsappNumber, World};

use super::graph;

/// JSON as Meta's serialiser writes it: ASCII only, and every slash escaped. The signature covers these bytes.
pub fn meta_json(value: &Value) -> String {
    let plain = value.to_string();
    let mut out = String::with_capacity(plain.len() + plain.len() / 8);
    for c in plain.chars() {
        match c {
            '/' => out.push_str("\\/"),
            c if c.is_ascii() => out.push(c),
            c => {
                for unit in c.encode_utf16(&mut [0; 2]) {
                    out.push_str(&format!("\\u{unit:04x}"));
                }
            }
        }
    }
    out
}

/// Lower-case hex HMAC-SHA256 over the raw bytes.
pub fn signature(secret: &str, body: &[u8]) -> String {
    match Hmac::<sha2::Sha256>::new_from_slice(secret.as_bytes()) {
        Ok(mut mac) => {
            mac.update(body);
            hex::encode(mac.finalize().into_bytes())
        }
        // HMAC takes keys of every length.
        Err(_) => String::new(),
    }
}

fn legacy_signature(secret: &str, body: &[u8]) -> String {
    match Hmac::<sha1::Sha1>::new_from_slice(secret.as_bytes()) {
        Ok(mut mac) => {
            mac.update(body);
            hex::encode(mac.finalize().into_bytes())
        }
        Err(_) => String::new(),
    }
}

/// One signed request for one or many changes.
pub fn request(number: &WhatsappNumber, bodies: &[Value]) -> Target {
    let Some(url) = number.callback() else {
        return Target::Unwanted;
    };
    let entries: Vec<Value> = bodies
        .iter()
        .map(|change| json!({"id": number.waba_id, "changes": [change]}))
        .collect();
    let body = meta_json(&json!({"object": "whatsapp_business_account", "entry": entries})).into_bytes();
    let mut headers = HeaderMap::new();
    for (name, value) in [
        (
            "x-hub-signature-256",
            format!("sha256={}", signature(&number.app_secret, &body)),
        ),
        (
            "x-hub-signature",
            format!("sha1={}", legacy_signature(&number.app_secret, &body)),
        ),
        ("user-agent", "facebookexternalua".to_owned()),
    ] {
        if let Ok(value) = HeaderValue::from_str(&value) {
            headers.insert(name, value);
        }
    }
    Target::Request(Request {
        url: url.to_owned(),
        headers,
        body,
    })
}

/// A change of the `messages` field with the number's metadata.
pub fn change(number: &WhatsappNumber, key: &str, items: Value, contacts: Option<Value>) -> Value {
    let mut value = json!({
        "messaging_product": "whatsapp",
        "metadata": {"display_phone_number": number.display_phone_number, "phone_number_id": number.phone_number_id},
    });
    if let Some(contacts) = contacts {
        value["contacts"] = contacts;
    }
    value[key] = items;
    json!({"field": "messages", "value": value})
}

/// The `contacts` entry of a customer.
pub fn contact(phone: &Phone) -> Value {
    let mut profile = json!({"name": phone.name()});
    if let Some(username) = &phone.username {
        profile["username"] = json!(username);
    }
    let mut contact = json!({"profile": profile, "user_id": phone.bsuid});
    if !phone.hides_phone {
        contact["wa_id"] = json!(phone.phone);
    }
    contact
}

/// A status of a message of the business.
pub fn status(world: &World, account: &str, phone: &Phone, message: &Message, change_: &StatusChange) -> Option<Value> {
    let number = world.whatsapp(account)?;
    let mut status = json!({
        "id": message.id, "status": change_.status, "timestamp": (change_.at / 1_000).to_string(),
        "recipient_user_id": phone.bsuid,
    });
    if !phone.hides_phone {
        status["recipient_id"] = json!(phone.phone);
    }
    if let Some(opaque) = &message.opaque {
        status["biz_opaque_callback_data"] = json!(opaque);
    }
    if let Some(code) = change_.code {
        status["errors"] = json!([{
            "code": code, "title": graph::title(code), "message": graph::title(code),
            "error_data": {"details": change_.reason.as_deref().unwrap_or(graph::details(code))},
            "href": "https://developers.facebook.com/docs/whatsapp/cloud-api/support/error-codes/",
        }]);
    } else if matches!(change_.status.as_str(), "sent" | "delivered" | "read") {
        let category = message.category.as_deref().unwrap_or("service");
        let kind = if category == "service" {
            "free_customer_service"
        } else {
            "regular"
        };
        status["pricing"] =
            json!({"billable": kind == "regular", "pricing_model": "PMP", "category": category, "type": kind});
    }
    Some(change(
        number,
        "statuses",
        json!([status]),
        Some(json!([contact(phone)])),
    ))
}

/// Meta's GET on a callback: the reason it is not accepted, if it is not.
pub async fn handshake(sim: &Simulator, url: &str, verify_token: &str) -> Result<(), String> {
    let challenge = rand::random::<u32>().to_string();
    let mut address = url::Url::parse(url).map_err(|_| "The callback URL is not a valid URL".to_owned())?;
    address
        .query_pairs_mut()
        .append_pair("hub.mode", "subscribe")
        .append_pair("hub.challenge", &challenge)
        .append_pair("hub.verify_token", verify_token);
    let response = sim
        .inner
        .http
        .get(address)
        .send()
        .await
        .map_err(|_| "The callback could not be reached".to_owned())?;
    let status = response.status();
    let body = response.text().await.unwrap_or_default();
    match () {
        () if !status.is_success() => Err(format!(
            "HTTP Status Code = {}; HTTP Message = {}",
            status.as_u16(),
            status.canonical_reason().unwrap_or_default()
        )),
        () if body != challenge => Err("The response does not match the challenge".to_owned()),
        () => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// channels-meta 1.3.
    #[test]
    fn signatures_match_the_published_vectors() {
        let vectors = [
            (
                r#"{"object":"page","entry":[]}"#,
                "f9f4b40c3c0559e8bb2a6cae376292042ef3974cae544e573c80093ea2c7e800",
            ),
            (
                r#"{"t":"caf\u00e9 \ud83d\ude00 a\/b"}"#,
                "d2b7d7b814f15d310e8be1286b3a971d54760b64ec5d92f9a291f7feb6774721",
            ),
            (
                r#"{"t":"café 😀 a/b"}"#,
                "0eda43742813dce1189967d1083079ebf4a70a9e0c5a2728474efecb43989923",
            ),
        ];
        for (body, mac) in vectors {
            assert_eq!(signature("omni-app-secret-0001", body.as_bytes()), mac, "{body}");
        }
    }

    #[test]
    fn json_is_escaped_as_meta_escapes_it() {
        assert_eq!(
            meta_json(&json!({"t": "café 😀 a/b"})),
            r#"{"t":"caf\u00e9 \ud83d\ude00 a\/b"}"#
        );
    }
}
