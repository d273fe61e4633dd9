//! Sending through the Cloud API. It has no idempotency key: what may have been taken is never sent again. Our message
//! id goes along as `biz_opaque_callback_data`, so a status finds its message even when the answer was lost.

use super::{BSUID, PHONE, access_token, errors, node, people, phone_number_id, template};
use crate::adapter::{Channel, Outcome, Outgoing};
use crate::dialogue::{Body, Call, Dialogue, Immediate, Method, Part, PartContent, Request, Response};
use crate::flow::Flow;
use crate::json;
use ism_domain::content::{Attachment, AttachmentKind, ContactCard, Content};
use ism_domain::inbound::Identity;
use ism_domain::message::{Failure, FailureReason};
use serde_json::{Value, json};
use std::time::Duration;

pub(super) fn send(channel: &Channel, message: &Outgoing) -> Box<dyn Dialogue<Outcome>> {
    match start(channel, message) {
        Ok(flow) => flow.dialogue(),
        Err(failure) => Box::new(Immediate::new(Outcome::Failed(failure))),
    }
}

fn start(channel: &Channel, message: &Outgoing) -> Result<Flow<Outcome>, Failure> {
    let mut body = addressed(message)?;
    match &message.content {
        Content::Attachment { attachment } => upload(channel.clone(), body, attachment, message.to.clone()),
        content => {
            let (kind, value) = said(content)?;
            merge(&mut body, kind, value);
            Ok(post(channel.clone(), body, message.to.clone()))
        }
    }
}

/// The members that every message has.
fn addressed(message: &Outgoing) -> Result<Value, Failure> {
    let to = message
        .to
        .iter()
        .find(|identity| identity.scheme == PHONE || identity.scheme == BSUID);
    let to = to.ok_or_else(|| {
        Failure::new(
            FailureReason::Unreachable,
            "This contact has neither a WhatsApp number nor a WhatsApp id to send to.",
        )
    })?;
    // An id in place of a number would be answered with success and lost.
    let field = if to.scheme == BSUID { "recipient" } else { "to" };
    let mut body = json!({
        "messaging_product": "whatsapp",
        "recipient_type": "individual",
        field: to.value,
        "biz_opaque_callback_data": message.message_id.to_string(),
    });
    if let Some(quoted) = &message.reply_to {
        body["context"] = json!({ "message_id": quoted });
    }
    Ok(body)
}

fn merge(body: &mut Value, kind: &str, value: Value) {
    body["type"] = kind.into();
    body[kind] = value;
}

fn said(content: &Content) -> Result<(&str, Value), Failure> {
    Ok(match content {
        Content::Text { text } => ("text", json!({ "body": text, "preview_url": has_link(text) })),
        Content::Location(place) => {
            let mut value = json!({ "latitude": place.latitude.to_string(), "longitude": place.longitude.to_string() });
            for (key, given) in [("name", &place.name), ("address", &place.address)] {
                if let Some(given) = given {
                    value[key] = given.as_str().into();
                }
            }
            ("location", value)
        }
        Content::Contacts { contacts } => ("contacts", contacts.iter().map(card).collect()),
        Content::QuickReply { title, replies } => quick_reply(title, replies),
        Content::WhatsappInteractive { interactive } if interactive.is_object() => ("interactive", interactive.clone()),
        Content::WhatsappTemplate { template } => ("template", template::to_cloud(template)),
        Content::CustomPayload { payload } => custom(payload)?,
        other => {
            let text = format!(
                "WhatsApp has no message of the kind “{}”.",
                other.type_name().replace('_', " ")
            );
            return Err(Failure::new(FailureReason::Content, text));
        }
    })
}

fn has_link(text: &str) -> bool {
    text.contains("https://") || text.contains("http://")
}

fn card(card: &ContactCard) -> Value {
    let first = card.name.split_whitespace().next().unwrap_or("Contact");
    let name = if card.name.is_empty() { "Contact" } else { &card.name };
    let mut value = json!({
        "name": { "formatted_name": name, "first_name": first },
        "phones": card.phones.iter().map(|phone| json!({ "phone": phone })).collect::<Vec<_>>(),
        "emails": card.emails.iter().map(|email| json!({ "email": email })).collect::<Vec<_>>(),
    });
    if let Some(organization) = &card.organization {
        value["org"] = json!({ "company": organization });
    }
    value
}

/// Up to three buttons, up to ten rows of a list, else a numbered text: whatever still shows every answer in full.
fn quick_reply(title: &str, replies: &[String]) -> (&'static str, Value) {
    let fits = |most: usize| {
        replies
            .iter()
            .all(|reply| !reply.trim().is_empty() && reply.chars().count() <= most)
    };
    let distinct = replies
        .iter()
        .enumerate()
        .all(|(index, reply)| !replies[..index].contains(reply));
    let has_body = !title.trim().is_empty() && title.chars().count() <= 1024;
    if has_body && distinct && (1..=3).contains(&replies.len()) && fits(20) {
        let buttons: Vec<Value> = replies
            .iter()
            .map(|reply| json!({ "type": "reply", "reply": { "id": reply, "title": reply } }))
            .collect();
        let value = json!({ "type": "button", "body": { "text": title }, "action": { "buttons": buttons } });
        return ("interactive", value);
    }
    if has_body && distinct && (1..=10).contains(&replies.len()) && fits(24) {
        let rows: Vec<Value> = replies
            .iter()
            .map(|reply| json!({ "id": reply, "title": reply }))
            .collect();
        let action = json!({ "button": "☰", "sections": [{ "rows": rows }] });
        return (
            "interactive",
            json!({ "type": "list", "body": { "text": title }, "action": action }),
        );
    }
    let numbered = replies
        .iter()
        .enumerate()
        .map(|(index, reply)| format!("{}. {reply}", index + 1));
    let lines: Vec<String> = std::iter::once(title.to_owned())
        .filter(|title| !title.is_empty())
        .chain(numbered)
        .collect();
    (
        "text",
        json!({ "body": lines.join("\n"), "preview_url": has_link(title) }),
    )
}

/// A message in the Cloud API's own words: `type` and the member of that name. Address and reference stay ours.
fn custom(payload: &Value) -> Result<(&str, Value), Failure> {
    let kind = payload.get("type").and_then(Value::as_str);
    let value = kind.and_then(|kind| payload.get(kind));
    kind.zip(value.cloned()).ok_or_else(|| {
        let text = "A custom payload for WhatsApp is a JSON object with “type” and a member of that name, as in Meta’s documentation.";
        Failure::new(FailureReason::Content, text)
    })
}

/// Uploads the file, then sends it by its id: so a bad file fails at once, and our storage stays unseen.
fn upload(channel: Channel, body: Value, attachment: &Attachment, to: Vec<Identity>) -> Result<Flow<Outcome>, Failure> {
    let id = attachment.id.ok_or_else(|| {
        Failure::new(
            FailureReason::Media,
            "The attached file was not stored. Attach it again.",
        )
    })?;
    let mime = attachment
        .mime
        .clone()
        .unwrap_or_else(|| "application/octet-stream".to_owned());
    let file_name = attachment.file_name.clone().unwrap_or_else(|| "file".to_owned());
    let text = |name: &str, value: &str| Part {
        name: name.to_owned(),
        content: PartContent::Text(value.to_owned()),
    };
    let parts = vec![
        text("messaging_product", "whatsapp"),
        text("type", &mime),
        Part {
            name: "file".to_owned(),
            content: PartContent::File {
                attachment: id,
                file_name: file_name.clone(),
                mime: mime.clone(),
            },
        },
    ];
    let (kind, value) = shown_as(attachment, &mime, file_name);
    let path = format!("{}/media", phone_number_id(&channel));
    let mut request =
        Request::new(Method::Post, node(&channel, &path), Body::Multipart(parts)).bearer(access_token(&channel));
    request.timeout = Duration::from_secs(120);
    Ok(Flow::call(request, move |answer| {
        let response = match answer {
            Call::Answered(response) => response,
            // Nothing has been sent to anybody yet, so trying again is safe.
            Call::NotSent(why) | Call::Broken(why) => return Flow::Done(errors::not_sent(&channel, &why)),
        };
        let media = response
            .json()
            .filter(|_| response.is_success())
            .and_then(|answer| json::id(&answer, "/id"));
        let Some(media) = media else {
            return Flow::Done(match response.status {
                200..=299 | 504 => errors::not_sent(&channel, "the upload of the file was not confirmed"),
                _ => errors::outcome(&channel, &response),
            });
        };
        let (mut body, mut value) = (body, value);
        value["id"] = media.into();
        merge(&mut body, kind, value);
        post(channel, body, to)
    }))
}

/// How a file is shown: in its own way where WhatsApp takes it so, else as a document.
fn shown_as(attachment: &Attachment, mime: &str, file_name: String) -> (&'static str, Value) {
    let bare = mime.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let within = |bytes: i64| attachment.size.is_none_or(|size| size <= bytes);
    let caption = attachment.caption.as_deref().filter(|caption| !caption.is_empty());
    let kind = match (attachment.kind, bare.as_str()) {
        (AttachmentKind::Image | AttachmentKind::Sticker, "image/jpeg" | "image/png") if within(5 * super::MB) => {
            "image"
        }
        (AttachmentKind::Video, "video/mp4" | "video/3gpp") if within(16 * super::MB) => "video",
        // A caption is refused under audio and stickers; as documents they keep it.
        (AttachmentKind::Audio, "audio/aac" | "audio/mp4" | "audio/mpeg" | "audio/amr" | "audio/ogg")
            if caption.is_none() && within(16 * super::MB) =>
        {
            "audio"
        }
        (AttachmentKind::Sticker, "image/webp") if caption.is_none() && within(500 * 1024) => "sticker",
        _ => "document",
    };
    let mut value = json!({});
    if let Some(caption) = caption {
        value["caption"] = caption.into();
    }
    if kind == "document" {
        value["filename"] = file_name.into();
    }
    if kind == "audio" && attachment.voice && bare == "audio/ogg" {
        value["voice"] = true.into();
    }
    (kind, value)
}

fn post(channel: Channel, body: Value, to: Vec<Identity>) -> Flow<Outcome> {
    let path = format!("{}/messages", phone_number_id(&channel));
    let request = Request::post(node(&channel, &path), body).bearer(access_token(&channel));
    Flow::call(request, move |answer| {
        Flow::Done(match answer {
            Call::Answered(response) => outcome(&channel, &response, &to),
            Call::NotSent(why) => errors::not_sent(&channel, &why),
            Call::Broken(_) => errors::uncertain(),
        })
    })
}

fn outcome(channel: &Channel, response: &Response, to: &[Identity]) -> Outcome {
    if !response.is_success() {
        return errors::outcome(channel, response);
    }
    let Some(answer) = response.json() else {
        return errors::uncertain();
    };
    let Some(id) = json::filled(&answer, "/messages/0/id") else {
        let is_error = answer.get("error").is_some_and(Value::is_object);
        return if is_error {
            errors::outcome(channel, response)
        } else {
            errors::uncertain()
        };
    };
    let mut aliases: Vec<Identity> = Vec::new();
    for at in ["/contacts/0/wa_id", "/contacts/0/user_id"] {
        let found = json::id(&answer, at).and_then(|id| people::identity(&id));
        aliases.extend(
            found
                .filter(|id| !to.contains(id) && !aliases.contains(id))
                .into_iter()
                .collect::<Vec<_>>(),
        );
    }
    Outcome::Sent {
        external_id: Some(id),
        aliases,
    }
}
