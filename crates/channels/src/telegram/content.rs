//! What a Telegram message says.

use crate::{card, json};
use ism_domain::content::{Attachment, AttachmentKind, AttachmentState, ContactCard, Content, Location};
use serde_json::{Value, json};

/// Members of a message that describe it. Whatever else is there is what it says.
const ENVELOPE: &[&str] = &[
    "message_id",
    "message_thread_id",
    "direct_messages_topic",
    "from",
    "sender_chat",
    "sender_boost_count",
    "sender_business_bot",
    "sender_tag",
    "date",
    "business_connection_id",
    "chat",
    "forward_origin",
    "forward_from",
    "forward_from_chat",
    "forward_from_message_id",
    "forward_signature",
    "forward_sender_name",
    "forward_date",
    "is_topic_message",
    "is_automatic_forward",
    "reply_to_message",
    "external_reply",
    "quote",
    "reply_to_story",
    "reply_to_checklist_task_id",
    "via_bot",
    "edit_date",
    "has_protected_content",
    "is_from_offline",
    "is_paid_post",
    "media_group_id",
    "author_signature",
    "paid_star_count",
    "effect_id",
    "link_preview_options",
    "entities",
    "caption",
    "caption_entities",
    "show_caption_above_media",
    "has_media_spoiler",
    "reply_markup",
    "suggested_post_info",
];

/// The content of a message and how to fetch its file, if it has one.
pub(super) fn read(message: &Value) -> (Content, Option<Value>) {
    if let Some(text) = json::text(message, "/text") {
        return (Content::text(text), None);
    }
    if let Some((attachment, media)) = attachment(message) {
        return (Content::Attachment { attachment }, media);
    }
    (
        place(message)
            .or_else(|| contact(message))
            .or_else(|| form(message))
            .unwrap_or_else(|| unsupported(message)),
        None,
    )
}

fn attachment(message: &Value) -> Option<(Attachment, Option<Value>)> {
    let (mut attachment, media) = if let Some(sticker) = message.get("sticker") {
        sticker_of(sticker)?
    } else {
        let (kind, file) = file(message)?;
        let attachment = describe(kind, file);
        let media = media(file, attachment.mime.as_deref(), attachment.file_name.as_deref())?;
        (attachment, Some(media))
    };
    attachment.caption = json::filled(message, "/caption");
    Some((attachment, media))
}

/// The one file of a message and its key. An animation also comes as a document, so it is looked for first.
fn file(message: &Value) -> Option<(&'static str, &Value)> {
    let largest = json::items(message, "/photo").last().map(|photo| ("photo", photo));
    largest.or_else(|| {
        let kinds = ["animation", "video", "video_note", "voice", "audio", "document"];
        kinds.into_iter().find_map(|kind| {
            message
                .get(kind)
                .filter(|file| file.is_object())
                .map(|file| (kind, file))
        })
    })
}

fn describe(kind: &str, file: &Value) -> Attachment {
    let usual = match kind {
        "photo" => Some("image/jpeg"),
        "animation" | "video" | "video_note" => Some("video/mp4"),
        "voice" => Some("audio/ogg"),
        "audio" => Some("audio/mpeg"),
        _ => None,
    };
    let mime = json::filled(file, "/mime_type").or_else(|| usual.map(str::to_owned));
    let kind_of_file = match kind {
        "photo" => AttachmentKind::Image,
        "video" | "video_note" => AttachmentKind::Video,
        "voice" | "audio" => AttachmentKind::Audio,
        _ => AttachmentKind::of_mime(mime.as_deref().unwrap_or_default()),
    };
    let song = || {
        let parts = [json::filled(file, "/performer"), json::filled(file, "/title")];
        let name = parts.into_iter().flatten().collect::<Vec<_>>().join(" – ");
        (!name.is_empty()).then_some(name)
    };
    Attachment {
        mime,
        file_name: json::filled(file, "/file_name").or_else(song),
        size: json::integer(file, "/file_size"),
        width: json::integer(file, "/width").or_else(|| json::integer(file, "/length")),
        height: json::integer(file, "/height").or_else(|| json::integer(file, "/length")),
        duration_ms: json::integer(file, "/duration").map(|seconds| seconds.saturating_mul(1000)),
        voice: kind == "voice",
        ..Attachment::new(kind_of_file)
    }
}

fn sticker_of(sticker: &Value) -> Option<(Attachment, Option<Value>)> {
    let flag = |key: &str| sticker.get(key) == Some(&Value::Bool(true));
    let mut attachment = Attachment {
        emoji: json::filled(sticker, "/emoji"),
        width: json::integer(sticker, "/width"),
        height: json::integer(sticker, "/height"),
        ..Attachment::new(AttachmentKind::Sticker)
    };
    if flag("is_animated") {
        // A gzipped Lottie animation, which no browser draws: its still picture stands in.
        let preview = ["thumbnail", "thumb"].iter().find_map(|key| sticker.get(key));
        let media = preview.and_then(|preview| media(preview, None, None));
        if media.is_none() {
            attachment.state = AttachmentState::Failed;
            attachment.error = Some("Telegram gave no picture of this animated sticker.".to_owned());
        }
        return Some((attachment, media));
    }
    attachment.mime = Some(if flag("is_video") { "video/webm" } else { "image/webp" }.to_owned());
    attachment.size = json::integer(sticker, "/file_size");
    let media = media(sticker, attachment.mime.as_deref(), None)?;
    Some((attachment, Some(media)))
}

fn media(file: &Value, mime: Option<&str>, file_name: Option<&str>) -> Option<Value> {
    let mut media = json!({ "file_id": json::filled(file, "/file_id")? });
    let more = [
        ("file_unique_id", json::filled(file, "/file_unique_id").map(Value::from)),
        ("mime", mime.map(Value::from)),
        ("file_name", file_name.map(Value::from)),
        ("size", json::integer(file, "/file_size").map(Value::from)),
    ];
    for (key, value) in more {
        if let Some(value) = value {
            media[key] = value;
        }
    }
    Some(media)
}

/// A venue carries its position twice, so it is looked for first.
fn place(message: &Value) -> Option<Content> {
    let (point, venue) = match message.get("venue") {
        Some(venue) => (venue.get("location").or_else(|| message.get("location"))?, Some(venue)),
        None => (message.get("location")?, None),
    };
    let (latitude, longitude) = json::position(point, "/latitude", "/longitude")?;
    Some(Content::Location(Location {
        latitude,
        longitude,
        name: venue.and_then(|venue| json::filled(venue, "/title")),
        address: venue.and_then(|venue| json::filled(venue, "/address")),
        live: point.get("live_period").is_some(),
    }))
}

fn contact(message: &Value) -> Option<Content> {
    let shared = message.get("contact").filter(|shared| shared.is_object())?;
    let names = [json::filled(shared, "/first_name"), json::filled(shared, "/last_name")];
    let mut found = ContactCard {
        name: names.into_iter().flatten().collect::<Vec<_>>().join(" "),
        phones: json::id(shared, "/phone_number").into_iter().collect(),
        ..ContactCard::default()
    };
    if let Some(vcard) = json::text(shared, "/vcard") {
        card::add_vcard(&mut found, &vcard);
    }
    Some(Content::Contacts { contacts: vec![found] })
}

/// What a web app inside Telegram sent back.
fn form(message: &Value) -> Option<Content> {
    let data = json::text(message, "/web_app_data/data")?;
    let name = json::filled(message, "/web_app_data/button_text").unwrap_or_else(|| "Web app".to_owned());
    let response = json::parse(data.as_bytes()).unwrap_or(Value::String(data));
    Some(Content::Form { name, response })
}

fn unsupported(message: &Value) -> Content {
    let mut kinds = message.as_object().into_iter().flatten().map(|(key, _)| key.as_str());
    let kind = kinds.find(|key| !ENVELOPE.contains(key)).unwrap_or("empty");
    Content::Unsupported {
        kind: kind.chars().take(60).collect(),
        reason: None,
    }
}
