//! Events of the connected system.
//!
//! The whole request is refused when one of its events is wrong, so that whoever writes the other side learns it at
//! once, and nothing is half stored.

use super::SCHEME;
use crate::adapter::Channel;
use crate::webhook::{Received, Rejection, Webhook};
use crate::{json, words};
use ism_domain::Timestamp;
use ism_domain::content::{Attachment, AttachmentKind, Content, Location};
use ism_domain::inbound::{Identity, Inbound, InboundMessage, InboundStatus, Profile};
use ism_domain::message::{Failure, FailureReason, Status};
use serde_json::{Value, json};

/// Longest accepted `mId`. 50 are documented, but systems pass on the longer ids of their own providers.
const LONGEST_ID: usize = 255;

type Checked<T> = Result<T, Rejection>;

fn malformed<T>(sentence: &'static str) -> Checked<T> {
    Err(Rejection::Malformed(sentence))
}

pub(super) fn receive(channel: &Channel, webhook: &Webhook, now: Timestamp) -> Checked<Received> {
    let Some(body) = json::parse(&webhook.body) else {
        return malformed("The body is not JSON.");
    };
    if !body.is_object() {
        return malformed("The body must be a JSON object.");
    }
    match json::id(&body, "/channelId") {
        None => return malformed("channelId is required; it is the channel ID shown in the channel's settings."),
        Some(id) if id == channel.public_id || id == channel.id.to_string() => {}
        Some(_) => return Err(Rejection::Wrong { status: 404 }),
    }
    let profile = profile(channel, &body)?;
    let Some(events) = body.get("events").and_then(Value::as_array) else {
        return malformed("events is required and must be an array.");
    };
    let events = events
        .iter()
        .map(|event| read(event, &profile, now))
        .collect::<Checked<Vec<_>>>()?;
    Ok(Received {
        events,
        follow_ups: Vec::new(),
    })
}

fn profile(channel: &Channel, body: &Value) -> Checked<Profile> {
    let Some(id) = json::id(body, "/contactId") else {
        return malformed("contactId is required and must be text of at most 50 characters.");
    };
    if id.chars().count() > 50 {
        return malformed("contactId is longer than 50 characters.");
    }
    let get = |key: &str| json::filled(body, &format!("/contact/{key}"));
    let mut profile = Profile {
        identities: vec![Identity::new(SCHEME, &id)],
        first_name: get("firstName"),
        last_name: get("lastName"),
        phone: json::id(body, "/contact/phone").and_then(|given| words::phone(&given)),
        email: get("email").filter(|email| email.contains('@')),
        language: get("language")
            .map(|language| language.to_lowercase())
            .filter(|language| language.len() == 2),
        country_code: get("countryCode")
            .map(|code| code.to_uppercase())
            .filter(|code| code.len() == 2),
        picture: get("profilePic").filter(|url| is_web_address(url)),
        ..Profile::default()
    };
    if channel.text("id_type") == "custom" {
        if !is_custom_id(&id) {
            return malformed("contactId may only contain letters, digits and the characters _ = + / @ - . :");
        }
    } else {
        let Some(number) = words::phone(&id) else {
            return malformed("contactId must be a phone number such as +60177872890.");
        };
        // The answer goes to the spelling the system used; it may know the person under the other one, too.
        profile.aliases = spellings(&number)
            .into_iter()
            .filter(|alias| alias.value != id)
            .collect();
        profile.phone = Some(number);
    }
    Ok(profile)
}

/// Letters, digits and the documented signs; `- . :` are also taken, because UUIDs and JIDs contain them.
pub(super) fn is_custom_id(id: &str) -> bool {
    (1..=50).contains(&id.len())
        && id
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"_=+/@-.:".contains(&byte))
}

/// With and without `+`.
pub(super) fn spellings(phone: &str) -> Vec<Identity> {
    vec![
        Identity::new(SCHEME, phone),
        Identity::new(SCHEME, phone.trim_start_matches('+')),
    ]
}

pub(super) fn is_web_address(text: &str) -> bool {
    url::Url::parse(text).is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
}

fn read(event: &Value, profile: &Profile, now: Timestamp) -> Checked<Inbound> {
    if !event.is_object() {
        return malformed("events[] must hold objects.");
    }
    let Some(external_id) = json::id(event, "/mId").filter(|id| id.len() <= LONGEST_ID) else {
        return malformed("events[].mId is required and must be text of at most 50 characters.");
    };
    let at = time(event, now)?;
    match event.get("type").and_then(Value::as_str) {
        Some("message") => Ok(Inbound::Message(Box::new(message(event, external_id, profile, at)?))),
        Some("message_echo") => Ok(Inbound::Echo(Box::new(message(event, external_id, profile, at)?))),
        Some("message_status") => status(event, external_id, at),
        _ => malformed("events[].type must be message, message_echo or message_status."),
    }
}

fn time(event: &Value, now: Timestamp) -> Checked<Timestamp> {
    let sentence = "events[].timestamp is required: milliseconds since 1970, as a whole number.";
    let number = event
        .get("timestamp")
        .and_then(Value::as_f64)
        .filter(|number| number.fract() == 0.0)
        .map(|number| number as i64);
    let Some(number) = json::integer(event, "/timestamp")
        .or(number)
        .filter(|number| *number > 0)
    else {
        return malformed(sentence);
    };
    // Nobody sends messages of the year 1973: such small numbers are seconds.
    let at = if number < 100_000_000_000 {
        Timestamp::from_provider_seconds(number)
    } else {
        Timestamp::from_millis(number)
    };
    // A clock that runs ahead must not keep its messages at the end of the timeline.
    Ok(at.min(now.plus(Timestamp::MINUTE)))
}

fn message(event: &Value, external_id: String, profile: &Profile, at: Timestamp) -> Checked<InboundMessage> {
    let Some(message) = event.get("message").filter(|message| message.is_object()) else {
        return malformed("events[].message is required for message and message_echo.");
    };
    let (content, media) = content(message)?;
    Ok(InboundMessage {
        external_id,
        profile: profile.clone(),
        content,
        media,
        at,
        reply_to: None,
        album: None,
        forwarded: false,
        referral: None,
    })
}

fn content(message: &Value) -> Checked<(Content, Option<Value>)> {
    let content = match message.get("type").and_then(Value::as_str) {
        Some("text") => match json::text(message, "/text").filter(|text| !text.trim().is_empty()) {
            Some(text) => Content::Text { text },
            None => return malformed("events[].message.text is required for a text message."),
        },
        Some("attachment") => return attachment(message),
        Some("location") => match json::position(message, "/latitude", "/longitude") {
            Some((latitude, longitude)) => Content::Location(Location {
                latitude,
                longitude,
                name: json::filled(message, "/name"),
                address: json::filled(message, "/address"),
                live: false,
            }),
            None => return malformed("events[].message.latitude and longitude must be numbers within ±90 and ±180."),
        },
        Some("quick_reply") => {
            let replies = json::items(message, "/replies").iter().filter_map(|reply| {
                json::filled(reply, "")
                    .or_else(|| json::filled(reply, "/text"))
                    .or_else(|| json::filled(reply, "/title"))
            });
            let replies: Vec<String> = replies.collect();
            match json::filled(message, "/title").or_else(|| json::filled(message, "/text")) {
                Some(title) => Content::QuickReply { title, replies },
                None => return malformed("events[].message.title is required for a quick reply."),
            }
        }
        Some(kind) => Content::Unsupported {
            kind: kind.chars().take(60).collect(),
            reason: None,
        },
        None => return malformed("events[].message.type is required: text, attachment, location or quick_reply."),
    };
    Ok((content, None))
}

fn attachment(message: &Value) -> Checked<(Content, Option<Value>)> {
    let file = message.get("attachment").unwrap_or(&Value::Null);
    let Some(url) = json::filled(file, "/url").filter(|url| is_web_address(url)) else {
        return malformed("events[].message.attachment.url must be an address that starts with https:// or http://.");
    };
    let mime = json::filled(file, "/mimeType").or_else(|| json::filled(file, "/mime"));
    let kind = match file.get("type").and_then(Value::as_str) {
        Some("image") => AttachmentKind::Image,
        Some("video") => AttachmentKind::Video,
        Some("audio") => AttachmentKind::Audio,
        Some("sticker") => AttachmentKind::Sticker,
        _ => mime.as_deref().map_or(AttachmentKind::File, AttachmentKind::of_mime),
    };
    let file_name = json::filled(file, "/fileName");
    let mut media = json!({ "url": url });
    for (key, value) in [("mime", &mime), ("file_name", &file_name)] {
        if let Some(value) = value {
            media[key] = value.as_str().into();
        }
    }
    let caption = ["/description", "/caption"]
        .iter()
        .find_map(|at| json::filled(file, at));
    let attachment = Attachment {
        mime,
        file_name,
        caption,
        ..Attachment::new(kind)
    };
    Ok((Content::Attachment { attachment }, Some(media)))
}

fn status(event: &Value, external_id: String, at: Timestamp) -> Checked<Inbound> {
    let status = match event.pointer("/status/value").and_then(Value::as_str) {
        Some("sent") => Status::Sent,
        Some("delivered") => Status::Delivered,
        Some("read") => Status::Read,
        Some("failed") => Status::Failed,
        _ => return malformed("events[].status.value must be sent, delivered, read or failed."),
    };
    let failure = (status == Status::Failed).then(|| {
        let said = json::filled(event, "/status/message")
            .unwrap_or_else(|| "The channel reported a failure without a reason.".to_owned());
        Failure::new(FailureReason::Unknown, said.chars().take(300).collect::<String>())
    });
    Ok(Inbound::Status(InboundStatus {
        external_id,
        reference: None,
        status,
        at,
        failure,
    }))
}
