//! Sending through the Bot API. It has no idempotency key: what may have arrived is never sent again.

use super::{SCHEME, call};
use crate::adapter::{Channel, Outcome, Outgoing, Scope};
use crate::dialogue::{Body, Call, Dialogue, Immediate, Part, PartContent, Response};
use crate::flow::Flow;
use crate::{json, words};
use ism_domain::content::{Attachment, AttachmentKind, Content, Location};
use ism_domain::message::{Failure, FailureReason};
use serde_json::{Map, Value, json};
use std::time::Duration;

/// Starts the data of a quick reply whose text does not fit into the 64 bytes of a button's data.
pub(super) const NUMBERED: &str = "qr:";
const BUTTON_BYTES: usize = 64;

/// A call of a `send…` method; kept to be changed and repeated where Telegram says how to mend it.
#[derive(Clone)]
struct Draft {
    method: String,
    fields: Map<String, Value>,
    file: Option<File>,
}

#[derive(Clone)]
struct File {
    /// The method's parameter for it, such as `photo`.
    field: &'static str,
    content: PartContent,
}

/// Which mendings were tried; each is tried once.
#[derive(Default)]
struct Tried {
    migration: bool,
    reply: bool,
    formatting: bool,
    document: bool,
}

pub(super) fn send(channel: &Channel, message: &Outgoing) -> Box<dyn Dialogue<Outcome>> {
    match draft(message) {
        Ok(draft) => attempt(channel.clone(), draft, Tried::default()).dialogue(),
        Err(failure) => Box::new(Immediate::new(Outcome::Failed(failure))),
    }
}

fn draft(message: &Outgoing) -> Result<Draft, Failure> {
    let chat = message
        .to
        .iter()
        .find(|identity| identity.scheme == SCHEME)
        .ok_or_else(|| {
            Failure::new(
                FailureReason::Unreachable,
                "This contact has not written to the Telegram bot, so it has no chat to send to.",
            )
        })?;
    let mut draft = body(&message.content)?;
    draft.fields.insert("chat_id".into(), number_or_text(&chat.value));
    let quoted = message.reply_to.as_deref().and_then(|quoted| quoted.split_once(':'));
    if let Some((of, number)) = quoted
        && of == chat.value
        && let Ok(number) = number.parse::<i64>()
    {
        let reply = json!({ "message_id": number, "allow_sending_without_reply": true });
        draft.fields.insert("reply_parameters".into(), reply);
    }
    Ok(draft)
}

fn number_or_text(id: &str) -> Value {
    id.parse::<i64>().map_or_else(|_| id.into(), Value::from)
}

fn body(content: &Content) -> Result<Draft, Failure> {
    Ok(match content {
        Content::Text { text } => plain("sendMessage", json!({ "text": text })),
        Content::Attachment { attachment } => with_file(attachment)?,
        Content::Location(place) => location(place),
        Content::Contacts { contacts } => match contacts.as_slice() {
            [card] if !card.phones.is_empty() => plain(
                "sendContact",
                json!({ "phone_number": card.phones[0], "first_name": card.name }),
            ),
            cards => {
                let lines = cards.iter().map(|card| {
                    let details = card.phones.iter().chain(&card.emails);
                    std::iter::once(&card.name)
                        .chain(details)
                        .map(String::as_str)
                        .collect::<Vec<_>>()
                        .join(" · ")
                });
                plain("sendMessage", json!({ "text": lines.collect::<Vec<_>>().join("\n") }))
            }
        },
        Content::QuickReply { title, replies } => {
            let rows: Vec<Value> = replies
                .iter()
                .enumerate()
                .map(|(index, reply)| json!([button(index, reply)]))
                .collect();
            plain(
                "sendMessage",
                json!({ "text": title, "reply_markup": { "inline_keyboard": rows } }),
            )
        }
        Content::CustomPayload { payload } => custom(payload)?,
        other => {
            let text = format!(
                "Telegram has no message of the kind “{}”.",
                other.type_name().replace('_', " ")
            );
            return Err(Failure::new(FailureReason::Content, text));
        }
    })
}

fn plain(method: &str, fields: Value) -> Draft {
    Draft {
        method: method.to_owned(),
        fields: fields.as_object().cloned().unwrap_or_default(),
        file: None,
    }
}

fn button(index: usize, reply: &str) -> Value {
    let data = if reply.len() <= BUTTON_BYTES {
        reply.to_owned()
    } else {
        format!("{NUMBERED}{index}")
    };
    json!({ "text": reply, "callback_data": data })
}

fn location(place: &Location) -> Draft {
    let mut fields = json!({ "latitude": place.latitude, "longitude": place.longitude });
    if place.name.is_none() && place.address.is_none() {
        return plain("sendLocation", fields);
    }
    let name = place.name.clone().or_else(|| place.address.clone());
    fields["title"] = json!(name);
    fields["address"] = json!(place.address.clone().or(name));
    plain("sendVenue", fields)
}

fn with_file(attachment: &Attachment) -> Result<Draft, Failure> {
    let id = attachment.id.ok_or_else(|| {
        Failure::new(
            FailureReason::Media,
            "The attached file was not stored. Attach it again.",
        )
    })?;
    let mime = attachment.mime.as_deref().unwrap_or("application/octet-stream");
    let bare = mime.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let caption = attachment.caption.as_deref().filter(|caption| !caption.is_empty());
    let (method, field) = method_for(attachment, &bare, caption.is_some());
    let mut fields = Map::new();
    if let Some(caption) = caption {
        fields.insert("caption".into(), caption.into());
    }
    if method == "sendVideo" {
        fields.insert("supports_streaming".into(), true.into());
    }
    let file_name = attachment.file_name.clone().unwrap_or_else(|| "file".to_owned());
    let content = PartContent::File {
        attachment: id,
        file_name,
        mime: mime.to_owned(),
    };
    Ok(Draft {
        method: method.to_owned(),
        fields,
        file: Some(File { field, content }),
    })
}

/// The method whose presentation fits, as long as Telegram takes the file there; else it goes as a document.
fn method_for(attachment: &Attachment, mime: &str, captioned: bool) -> (&'static str, &'static str) {
    let within = |bytes: i64| attachment.size.is_none_or(|size| size <= bytes);
    match (attachment.kind, mime) {
        // Stickers have no caption, and Telegram drops what it does not know.
        (AttachmentKind::Sticker, "image/webp" | "video/webm") if !captioned => ("sendSticker", "sticker"),
        (AttachmentKind::Image | AttachmentKind::Sticker, "image/jpeg" | "image/png" | "image/webp")
            if within(10 * super::MB) =>
        {
            ("sendPhoto", "photo")
        }
        (AttachmentKind::Image, "image/gif") => ("sendAnimation", "animation"),
        (AttachmentKind::Video, "video/mp4") => ("sendVideo", "video"),
        (AttachmentKind::Audio, "audio/ogg" | "audio/opus") => ("sendVoice", "voice"),
        (AttachmentKind::Audio, "audio/mpeg" | "audio/mp3" | "audio/mp4" | "audio/x-m4a") => ("sendAudio", "audio"),
        _ => ("sendDocument", "document"),
    }
}

/// A call in the Bot API's own words: its fields, and `method` where it isn't `sendMessage`.
fn custom(payload: &Value) -> Result<Draft, Failure> {
    let method = payload
        .get("method")
        .map_or(Some("sendMessage"), Value::as_str)
        .filter(|method| {
            method.starts_with("send") && method.len() <= 40 && method.bytes().all(|byte| byte.is_ascii_alphabetic())
        });
    let (Value::Object(fields), Some(method)) = (payload, method) else {
        let text = "A custom payload for Telegram is a JSON object with the fields of a send… method and, except for sendMessage, its name in “method”.";
        return Err(Failure::new(FailureReason::Content, text));
    };
    let mut fields = fields.clone();
    fields.remove("method");
    Ok(Draft {
        method: method.to_owned(),
        fields,
        file: None,
    })
}

impl Draft {
    fn body(&self) -> Body {
        let Some(file) = &self.file else {
            return Body::Json(Value::Object(self.fields.clone()));
        };
        let mut parts: Vec<Part> = self
            .fields
            .iter()
            .map(|(name, value)| {
                let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                Part {
                    name: name.clone(),
                    content: PartContent::Text(text),
                }
            })
            .collect();
        parts.push(Part {
            name: file.field.to_owned(),
            content: file.content.clone(),
        });
        Body::Multipart(parts)
    }
}

fn attempt(channel: Channel, draft: Draft, tried: Tried) -> Flow<Outcome> {
    let mut request = call(&channel, &draft.method, draft.body());
    if draft.file.is_some() {
        request.timeout = Duration::from_secs(120);
    }
    Flow::call(request, move |answer| {
        let response = match answer {
            Call::Answered(response) => response,
            Call::NotSent(why) => return Flow::Done(not_sent(&channel, &why)),
            Call::Broken(_) => return Flow::Done(uncertain()),
        };
        match mended(&draft, tried, &response) {
            Some((draft, tried)) => attempt(channel, draft, tried),
            None => Flow::Done(outcome(&channel, &response)),
        }
    })
}

fn not_sent(channel: &Channel, why: &str) -> Outcome {
    let text = words::with_detail("Telegram could not be reached", &words::shown(channel, why));
    retry(
        None,
        Scope::Message,
        true,
        Failure::new(FailureReason::Unavailable, text),
    )
}

fn uncertain() -> Outcome {
    Outcome::Uncertain(Failure::new(
        FailureReason::Uncertain,
        "The connection to Telegram broke while the message was being sent. It may have arrived; check before sending it again.",
    ))
}

fn retry(after: Option<Duration>, scope: Scope, counts: bool, failure: Failure) -> Outcome {
    Outcome::Retry {
        after,
        scope,
        counts,
        failure,
    }
}

/// The same call with the fault that Telegram named taken out, if it can be.
fn mended(draft: &Draft, mut tried: Tried, response: &Response) -> Option<(Draft, Tried)> {
    let answer = response.json()?;
    if answer.get("ok") == Some(&Value::Bool(true)) {
        return None;
    }
    let said = json::text(&answer, "/description")?.to_ascii_lowercase();
    let mut draft = draft.clone();
    if let Some(chat) = json::integer(&answer, "/parameters/migrate_to_chat_id")
        && !std::mem::replace(&mut tried.migration, true)
    {
        draft.fields.insert("chat_id".into(), chat.into());
        return Some((draft, tried));
    }
    let has_reply = draft.fields.contains_key("reply_parameters");
    let no_quoted = said.contains("message to be replied not found") || said.contains("message to reply not found");
    if no_quoted && has_reply && !std::mem::replace(&mut tried.reply, true) {
        draft.fields.remove("reply_parameters");
        return Some((draft, tried));
    }
    if said.contains("can't parse entities") && !std::mem::replace(&mut tried.formatting, true) {
        draft
            .fields
            .remove("parse_mode")
            .or_else(|| draft.fields.remove("entities"))?;
        return Some((draft, tried));
    }
    let not_a_photo = [
        "photo_invalid_dimensions",
        "image_process_failed",
        "photo_save_file_invalid",
    ];
    let refused_as_voice = said.contains("voice_messages_forbidden");
    if (refused_as_voice || not_a_photo.iter().any(|fault| said.contains(fault)))
        && let Some(file) = draft.file.as_mut()
        && !std::mem::replace(&mut tried.document, true)
    {
        file.field = "document";
        draft.method = "sendDocument".to_owned();
        return Some((draft, tried));
    }
    None
}

fn outcome(channel: &Channel, response: &Response) -> Outcome {
    let Some(answer) = response.json().filter(Value::is_object) else {
        return unreadable(response);
    };
    if answer.get("ok") == Some(&Value::Bool(true)) {
        // An album answers with an array; its first message stands for it.
        let sent = answer
            .pointer("/result/0")
            .or_else(|| answer.get("result"))
            .unwrap_or(&Value::Null);
        let external_id = json::id(sent, "/chat/id")
            .zip(json::id(sent, "/message_id"))
            .map(|(chat, number)| format!("{chat}:{number}"));
        return Outcome::Sent {
            external_id,
            aliases: Vec::new(),
        };
    }
    if response.is_success() && answer.get("ok").is_none() {
        return uncertain();
    }
    let code = json::integer(&answer, "/error_code").unwrap_or_else(|| response.status.into());
    let said = words::shown(channel, &json::text(&answer, "/description").unwrap_or_default());
    let after = json::integer(&answer, "/parameters/retry_after").and_then(words::seconds);
    refusal(code, &said, after.or_else(|| words::retry_after(response)))
}

/// What an answer that isn't Telegram's means: some machine in between answered.
fn unreadable(response: &Response) -> Outcome {
    let status = response.status;
    let failure = |reason, text: &str| Failure::new(reason, text).with_code(status);
    match status {
        200..=299 | 504 => uncertain(),
        413 => Outcome::Failed(failure(
            FailureReason::Media,
            "The file is larger than Telegram takes from bots (50 MB).",
        )),
        429 => {
            let failure = failure(FailureReason::RateLimited, "Telegram asks to send more slowly.");
            retry(words::retry_after(response), Scope::Contact, false, failure)
        }
        408 | 500.. => {
            let failure = failure(FailureReason::Unavailable, "Telegram has a fault at the moment.");
            retry(words::retry_after(response), Scope::Message, true, failure)
        }
        _ => Outcome::Failed(failure(
            FailureReason::Unknown,
            &format!(
                "Telegram’s address answered with HTTP {status}, but not like the Bot API. Check the channel’s provider address."
            ),
        )),
    }
}

/// A part of a refusal's description, what it means for the message, and a sentence for the agent.
#[rustfmt::skip]
const REFUSALS: &[(&str, FailureReason, &str)] = &[
    ("chat not found", FailureReason::Unreachable, "Telegram does not know this chat; the person has to write to the bot first."),
    ("peer_id_invalid", FailureReason::Unreachable, "Telegram does not know this chat; the person has to write to the bot first."),
    ("message is too long", FailureReason::Content, "The text is longer than Telegram allows (4096 characters)."),
    ("caption is too long", FailureReason::Content, "The caption is longer than Telegram allows (1024 characters)."),
    ("text is empty", FailureReason::Content, "Telegram does not send empty messages."),
    ("button_data_invalid", FailureReason::Content, "Telegram refused the data of a button."),
    ("button_url_invalid", FailureReason::Content, "Telegram refused the address of a button."),
    ("file is too big", FailureReason::Media, "The file is larger than Telegram takes from bots (50 MB)."),
    ("request entity too large", FailureReason::Media, "The file is larger than Telegram takes from bots (50 MB)."),
    ("photo_invalid_dimensions", FailureReason::Media, "Telegram refused the picture’s proportions."),
    ("wrong file identifier", FailureReason::Media, "Telegram could not read the file."),
    ("wrong type of the web page content", FailureReason::Media, "Telegram could not read the file."),
    ("failed to get http url content", FailureReason::Media, "Telegram could not fetch the file."),
    ("image_process_failed", FailureReason::Media, "Telegram could not read the picture."),
    ("file must be non-empty", FailureReason::Media, "The file is empty."),
    ("voice_messages_forbidden", FailureReason::Policy, "This person does not accept voice messages."),
];

/// Parts of a 403 that mean that the person is gone, for now or for good.
const GONE: &[&str] = &[
    "blocked by the user",
    "user is deactivated",
    "can't initiate conversation",
    "bot was kicked",
    "bot can't send messages to bots",
];

fn refusal(code: i64, said: &str, after: Option<Duration>) -> Outcome {
    let lower = said.to_ascii_lowercase();
    let failure = |reason, text: String| Failure::new(reason, text).with_code(code);
    let other = || {
        failure(
            FailureReason::Unknown,
            words::with_detail("Telegram refused the message", said),
        )
    };
    match code {
        429 => {
            let failure = failure(
                FailureReason::RateLimited,
                "Telegram asks to send more slowly.".to_owned(),
            );
            retry(after, Scope::Contact, false, failure)
        }
        403 if GONE.iter().any(|part| lower.contains(part)) => {
            let text = if lower.contains("deactivated") {
                "This person’s Telegram account no longer exists."
            } else {
                "This person blocked the bot or has never started it."
            };
            Outcome::Stopped(failure(FailureReason::Stopped, text.to_owned()))
        }
        404 if lower.contains("method not found") => Outcome::Failed(other()),
        401 | 404 => Outcome::ChannelDown(failure(
            FailureReason::ChannelDisconnected,
            "Telegram no longer accepts the bot’s token. Reconnect the channel with the current token from @BotFather."
                .to_owned(),
        )),
        409 => Outcome::ChannelDown(failure(
            FailureReason::ChannelDisconnected,
            "Another program uses this bot. Disconnect it there, then reconnect the channel.".to_owned(),
        )),
        504 => uncertain(),
        500.. => {
            let text = words::with_detail("Telegram has a fault at the moment", said);
            retry(after, Scope::Message, true, failure(FailureReason::Unavailable, text))
        }
        _ => Outcome::Failed(
            REFUSALS
                .iter()
                .find(|(part, ..)| lower.contains(part))
                .map_or_else(other, |(_, reason, text)| failure(*reason, (*text).to_owned())),
        ),
    }
}
