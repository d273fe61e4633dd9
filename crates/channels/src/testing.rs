//! What the tests of all channels share.

use crate::adapter::{Adapter, Channel, Outcome, Outgoing};
use crate::dialogue::{Body, Call, Dialogue, PartContent, Request, Response, Step};
use crate::webhook::{Received, Webhook};
use ism_domain::content::{Attachment, AttachmentKind, Content};
use ism_domain::inbound::{Identity, Inbound};
use ism_domain::{AttachmentId, ChannelId, MessageId, Timestamp};
use serde_json::{Value, json};

pub(crate) const NOW: Timestamp = Timestamp(1_790_000_500_000_000);
pub(crate) const SECRET: &str = "0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a69788796a5b4c3d2e1f0";

/// A channel with these settings.
pub(crate) fn channel(config: Value) -> Channel {
    Channel {
        id: ChannelId(1_790_000_000_000_064),
        public_id: "k3j9c0wq71xz".to_owned(),
        config: config.as_object().cloned().unwrap_or_default(),
        secret: SECRET.to_owned(),
        webhook_url: "https://chat.example/webhooks/source/1790000000000064".to_owned(),
    }
}

/// The settings with which each source is tested.
pub(crate) fn channel_of(source: &str) -> Channel {
    channel(match source {
        "telegram" => json!({ "bot_token": "4242:AAEexample_token-000" }),
        "whatsapp_cloud" => json!({
            "access_token": "EAAGexampletoken", "phone_number_id": "204400000000011", "waba_id": "309900000000021",
            "app_secret": "omni-app-secret-0001", "verify_token": "our-verify-token",
        }),
        "custom_channel" => json!({ "base_url": "https://bridge.example/k3/", "id_type": "phone" }),
        _ => json!({}),
    })
}

/// A request with this JSON body and no headers.
pub(crate) fn webhook(body: &Value) -> Webhook {
    Webhook {
        headers: Vec::new(),
        query: Vec::new(),
        body: body.to_string().into_bytes().into(),
    }
}

/// A request with these headers.
pub(crate) fn with_headers(headers: &[(&str, &str)], body: &[u8]) -> Webhook {
    let headers = headers
        .iter()
        .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
        .collect();
    Webhook {
        headers,
        query: Vec::new(),
        body: body.to_vec().into(),
    }
}

pub(crate) fn receive(adapter: &dyn Adapter, body: &Value) -> Received {
    let channel = channel_of(adapter.descriptor().source);
    adapter.receive(&channel, &webhook(body), NOW).unwrap()
}

/// An answer with a JSON body.
pub(crate) fn answer(status: u16, body: Value) -> Call {
    raw_answer(status, body.to_string().as_bytes())
}

pub(crate) fn raw_answer(status: u16, body: &[u8]) -> Call {
    Call::Answered(Response {
        status,
        headers: Vec::new(),
        body: body.to_vec().into(),
    })
}

/// Plays a dialogue to its end against these answers, which must be exactly as many as it needs.
pub(crate) fn play<T>(mut dialogue: Box<dyn Dialogue<T>>, answers: Vec<Call>) -> (Vec<Request>, T) {
    let mut requests = Vec::new();
    let mut answers = answers.into_iter();
    let mut last = None;
    loop {
        match dialogue.next(last.take()) {
            Step::Done(value) => {
                assert_eq!(answers.count(), 0, "the dialogue ended before all answers were used");
                return (requests, value);
            }
            Step::Call(request) => {
                requests.push(request);
                last = Some(
                    answers
                        .next()
                        .unwrap_or_else(|| panic!("no answer is left for request {}", requests.len())),
                );
            }
        }
    }
}

/// A message to the person that the tests of this source write to.
pub(crate) fn outgoing(source: &str, content: Content) -> Outgoing {
    let to = match source {
        "telegram" => vec![Identity::new("telegram", "5012345678")],
        "whatsapp_cloud" => vec![Identity::new("wa_phone", "447700900123")],
        "custom_channel" => vec![Identity::new("custom", "+60123456789")],
        _ => vec![Identity::new("visitor", "v1")],
    };
    Outgoing {
        message_id: MessageId(1_790_000_000_001_024),
        to,
        content,
        reply_to: None,
        attachment_url: Some("https://chat.example/files/abc/mug.jpg".to_owned()),
    }
}

/// A stored file.
pub(crate) fn file(kind: AttachmentKind, mime: &str, caption: Option<&str>) -> Content {
    Content::Attachment {
        attachment: Attachment {
            id: Some(AttachmentId(77)),
            mime: Some(mime.to_owned()),
            file_name: Some("mug.bin".to_owned()),
            size: Some(1000),
            caption: caption.map(str::to_owned),
            ..Attachment::new(kind)
        },
    }
}

/// One of each kind of content.
pub(crate) fn every_content() -> Vec<Content> {
    let mut all: Vec<Content> = [
        json!({ "type": "text", "text": "Hello Mia" }),
        json!({ "type": "location", "latitude": 51.5, "longitude": -0.12, "name": "Shop" }),
        json!({ "type": "contacts", "contacts": [{ "name": "Sam", "phones": ["+44 1"] }] }),
        json!({ "type": "quick_reply", "title": "Which?", "replies": ["Red", "Blue"] }),
        json!({ "type": "postback", "title": "Red", "payload": "r" }),
        json!({ "type": "whatsapp_template", "template": { "name": "hi", "languageCode": "en", "components": [] } }),
        json!({ "type": "whatsapp_interactive", "interactive": { "type": "cta_url" } }),
        json!({ "type": "whatsapp_order", "order": { "catalog_id": "1", "items": [] } }),
        json!({ "type": "form", "name": "flow", "response": {} }),
        json!({ "type": "custom_payload", "payload": { "type": "text", "text": { "body": "raw" } } }),
        json!({ "type": "unsupported", "kind": "poll" }),
    ]
    .into_iter()
    .map(|content| serde_json::from_value(content).unwrap())
    .collect();
    for (kind, mime) in [
        (AttachmentKind::Image, "image/jpeg"),
        (AttachmentKind::Video, "video/mp4"),
        (AttachmentKind::Audio, "audio/ogg; codecs=opus"),
        (AttachmentKind::File, "application/pdf"),
        (AttachmentKind::Sticker, "image/webp"),
    ] {
        all.push(file(kind, mime, None));
        all.push(file(kind, mime, Some("caption")));
    }
    all
}

/// A request's body as JSON; a multipart body as an object of its parts.
pub(crate) fn body(request: &Request) -> Value {
    match &request.body {
        Body::Empty => Value::Null,
        Body::Json(value) => value.clone(),
        Body::Multipart(parts) => parts
            .iter()
            .map(|part| {
                let value = match &part.content {
                    PartContent::Text(text) => json!(text),
                    PartContent::File {
                        attachment,
                        file_name,
                        mime,
                    } => {
                        json!({ "attachment": attachment, "file_name": file_name, "mime": mime })
                    }
                };
                (part.name.clone(), value)
            })
            .collect::<serde_json::Map<_, _>>()
            .into(),
    }
}

/// An event as JSON, for comparison with fixtures.
pub(crate) fn shown(event: &Inbound) -> Value {
    match event {
        Inbound::Message(message) => json!({ "message": message }),
        Inbound::Echo(message) => json!({ "echo": message }),
        Inbound::Edited(message) => json!({ "edited": message }),
        Inbound::Deleted { external_id, at } => json!({ "deleted": { "external_id": external_id, "at": at } }),
        Inbound::Reaction {
            profile,
            target,
            emoji,
            at,
        } => {
            json!({ "reaction": { "profile": profile, "target": target, "emoji": emoji, "at": at } })
        }
        Inbound::Status(status) => json!({ "status": status }),
        Inbound::Opened { profile, payload, at } => {
            json!({ "opened": { "profile": profile, "payload": payload, "at": at } })
        }
        Inbound::Stopped { profile, at } => json!({ "stopped": { "profile": profile, "at": at } }),
        Inbound::Resumed { profile, at } => json!({ "resumed": { "profile": profile, "at": at } }),
        Inbound::IdentityChanged { from, to, at } => {
            json!({ "identity_changed": { "from": from, "to": to, "at": at } })
        }
        Inbound::ChannelAlert { code, text, at } => json!({ "alert": { "code": code, "text": text, "at": at } }),
        Inbound::Ignored { reason } => json!({ "ignored": reason }),
        Inbound::Unrecognised { reason, .. } => json!({ "unrecognised": reason }),
    }
}

/// Whether `actual` has everything that `expected` names; an expected `null` stands for absent.
pub(crate) fn contains(actual: &Value, expected: &Value) -> bool {
    match (actual, expected) {
        (Value::Object(actual), Value::Object(expected)) => expected
            .iter()
            .all(|(key, value)| contains(actual.get(key).unwrap_or(&Value::Null), value)),
        (Value::Array(actual), Value::Array(expected)) => {
            actual.len() == expected.len() && actual.iter().zip(expected).all(|(a, b)| contains(a, b))
        }
        _ => actual == expected,
    }
}

/// Fails unless `actual` has everything that `expected` names.
#[track_caller]
pub(crate) fn assert_contains(actual: &Value, expected: &Value) {
    assert!(
        contains(actual, expected),
        "expected at least\n{expected:#}\nbut got\n{actual:#}"
    );
}

/// The sentence an agent sees for an outcome, if any.
pub(crate) fn sentence(outcome: &Outcome) -> Option<&str> {
    match outcome {
        Outcome::Sent { .. } => None,
        Outcome::Retry { failure, .. }
        | Outcome::Failed(failure)
        | Outcome::Stopped(failure)
        | Outcome::ChannelDown(failure)
        | Outcome::Uncertain(failure) => Some(&failure.text),
    }
}
