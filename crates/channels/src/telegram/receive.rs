//! Updates of the Bot API, one to a request.
//!
//! An update that is refused blocks its whole chat for a day, so everything authentic is taken, whatever its shape.

use super::{SCHEME, call, content};
use crate::adapter::Channel;
use crate::dialogue::Body;
use crate::webhook::{Received, Rejection, Webhook};
use crate::{json, words};
use ism_domain::Timestamp;
use ism_domain::content::Content;
use ism_domain::inbound::{Identity, Inbound, InboundMessage, Profile};
use serde_json::{Value, json};

/// Kinds of updates that have no consequence here, and what the ledger calls them.
const IGNORED: &[(&str, &str)] = &[
    ("channel_post", "channel_post"),
    ("edited_channel_post", "channel_post"),
    ("business_connection", "business_account"),
    ("business_message", "business_account"),
    ("edited_business_message", "business_account"),
    ("deleted_business_messages", "business_account"),
    ("guest_message", "guest_message"),
    ("message_reaction_count", "anonymous_reactions"),
    ("inline_query", "inline_query"),
    ("chosen_inline_result", "inline_query"),
    ("shipping_query", "payment"),
    ("pre_checkout_query", "payment"),
    ("purchased_paid_media", "payment"),
    ("poll", "poll"),
    ("poll_answer", "poll"),
    ("chat_member", "group_membership"),
    ("chat_join_request", "group_membership"),
    ("chat_boost", "chat_boost"),
    ("removed_chat_boost", "chat_boost"),
    ("managed_bot", "managed_bot"),
];

/// Parts of a private chat that say something about the chat, not something the customer says.
const SERVICE: &[&str] = &[
    "pinned_message",
    "message_auto_delete_timer_changed",
    "chat_background_set",
    "write_access_allowed",
    "connected_website",
    "proximity_alert_triggered",
    "new_chat_title",
    "new_chat_photo",
    "delete_chat_photo",
    "new_chat_members",
    "left_chat_member",
    "group_chat_created",
    "migrate_to_chat_id",
    "migrate_from_chat_id",
];

pub(super) fn receive(channel: &Channel, webhook: &Webhook, now: Timestamp) -> Result<Received, Rejection> {
    let update = json::parse(&webhook.body).ok_or(Rejection::Malformed("The body is not JSON."))?;
    if !update.is_object() {
        return Err(Rejection::Malformed(
            "The body is not an update: it must be a JSON object.",
        ));
    }
    let mut received = Received::default();
    if let Some(query) = update.get("callback_query") {
        // The button shows a spinner until it is answered, even where the press means nothing to us.
        if let Some(id) = json::id(query, "/id") {
            let body = Body::Json(json!({ "callback_query_id": id }));
            received.follow_ups.push(call(channel, "answerCallbackQuery", body));
        }
    }
    received.events.push(event(&update, now));
    Ok(received)
}

fn event(update: &Value, now: Timestamp) -> Inbound {
    let unreadable = |reason| Inbound::Unrecognised {
        reason,
        raw: update.clone(),
    };
    if let Some(message) = update.get("message") {
        return on_message(message, now).unwrap_or_else(|| unreadable("message_shape"));
    }
    if let Some(message) = update.get("edited_message") {
        return on_edit(message, now).unwrap_or_else(|| unreadable("message_shape"));
    }
    if let Some(query) = update.get("callback_query") {
        return on_button(query, now).unwrap_or_else(|| unreadable("callback_query_shape"));
    }
    if let Some(change) = update.get("my_chat_member") {
        return on_membership(change, now).unwrap_or_else(|| unreadable("my_chat_member_shape"));
    }
    if let Some(reaction) = update.get("message_reaction") {
        return on_reaction(reaction, now).unwrap_or_else(|| unreadable("message_reaction_shape"));
    }
    match IGNORED.iter().find(|(kind, _)| update.get(kind).is_some()) {
        Some((_, reason)) => Inbound::Ignored { reason },
        None => unreadable("update_kind"),
    }
}

/// Why a chat is not a customer's, if it isn't. `None` also when there is no telling.
fn not_private(chat: &Value) -> Option<Inbound> {
    let reason = match chat.get("type").and_then(Value::as_str)? {
        "private" => return None,
        "channel" => "channel_post",
        _ => "group_chat",
    };
    Some(Inbound::Ignored { reason })
}

fn on_message(message: &Value, now: Timestamp) -> Option<Inbound> {
    if let Some(ignored) = message.get("chat").and_then(not_private) {
        return Some(ignored);
    }
    if let Some(payload) = start_payload(message) {
        let profile = profile(message)?;
        return Some(Inbound::Opened {
            profile,
            payload,
            at: time(message, "/date", now),
        });
    }
    if SERVICE.iter().any(|kind| message.get(kind).is_some()) {
        return Some(Inbound::Ignored {
            reason: "service_message",
        });
    }
    Some(Inbound::Message(Box::new(inbound(message, now)?)))
}

fn on_edit(message: &Value, now: Timestamp) -> Option<Inbound> {
    if let Some(ignored) = message.get("chat").and_then(not_private) {
        return Some(ignored);
    }
    // A shared position moves hundreds of times; the last update, without a period, is kept.
    if message.pointer("/location/live_period").is_some() {
        return Some(Inbound::Ignored {
            reason: "live_location_update",
        });
    }
    let mut edited = inbound(message, now)?;
    edited.at = time(message, "/edit_date", edited.at);
    Some(Inbound::Edited(Box::new(edited)))
}

fn inbound(message: &Value, now: Timestamp) -> Option<InboundMessage> {
    let chat = json::id(message, "/chat/id")?;
    let number = json::id(message, "/message_id")?;
    let (content, media) = content::read(message);
    let mut profile = profile(message)?;
    profile.phone = own_phone(message);
    let reply_to = json::id(message, "/reply_to_message/message_id")
        .filter(|_| json::id(message, "/reply_to_message/chat/id").is_none_or(|of| of == chat))
        .map(|quoted| format!("{chat}:{quoted}"));
    Some(InboundMessage {
        external_id: format!("{chat}:{number}"),
        profile,
        content,
        media,
        at: time(message, "/date", now),
        reply_to,
        album: json::id(message, "/media_group_id"),
        forwarded: ["forward_origin", "forward_date", "forward_from"]
            .iter()
            .any(|key| message.get(key).is_some()),
        referral: None,
    })
}

/// The parameter of a deep link, which Telegram delivers as the text `/start <parameter>`. What a person typed
/// behind the word is a sentence, not a parameter.
fn start_payload(message: &Value) -> Option<Option<String>> {
    let rest = message.get("text").and_then(Value::as_str)?.strip_prefix("/start")?;
    if rest.is_empty() {
        return Some(None);
    }
    let payload = rest.strip_prefix(' ')?.trim();
    let is_parameter = payload.len() <= 64
        && payload
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-');
    is_parameter.then(|| Some(payload.to_owned()).filter(|payload| !payload.is_empty()))
}

/// A phone number is proven only by sharing one's own contact card.
fn own_phone(message: &Value) -> Option<String> {
    let owner = json::id(message, "/contact/user_id")?;
    if json::id(message, "/from/id")? != owner {
        return None;
    }
    words::phone(&json::id(message, "/contact/phone_number")?)
}

/// The customer: in a private chat the chat's id and the user's are the same, and the former is where we send to.
fn profile(event: &Value) -> Option<Profile> {
    let user = ["from", "user", "chat"]
        .iter()
        .find_map(|key| event.get(key).filter(|user| user.is_object()))?;
    let id = json::id(event, "/chat/id").or_else(|| json::id(user, "/id"))?;
    Some(person(&id, user))
}

fn person(id: &str, user: &Value) -> Profile {
    let language = json::filled(user, "/language_code")
        .and_then(|code| code.split(['-', '_']).next().map(str::to_ascii_lowercase))
        .filter(|code| code.len() == 2 && code.bytes().all(|byte| byte.is_ascii_lowercase()));
    Profile {
        identities: vec![Identity::new(SCHEME, id)],
        first_name: json::filled(user, "/first_name"),
        last_name: json::filled(user, "/last_name"),
        username: json::filled(user, "/username"),
        language,
        ..Profile::default()
    }
}

fn on_button(query: &Value, now: Timestamp) -> Option<Inbound> {
    if let Some(ignored) = query.pointer("/message/chat").and_then(not_private) {
        return Some(ignored);
    }
    if query.get("message").is_none() && query.get("inline_message_id").is_some() {
        return Some(Inbound::Ignored {
            reason: "inline_message",
        });
    }
    if query.get("data").is_none() && query.get("game_short_name").is_some() {
        return Some(Inbound::Ignored { reason: "game" });
    }
    let id = json::id(query, "/id")?;
    let chat = json::id(query, "/message/chat/id").or_else(|| json::id(query, "/from/id"))?;
    let data = json::text(query, "/data").unwrap_or_default();
    let rows = json::items(query, "/message/reply_markup/inline_keyboard").iter();
    let title = rows
        .filter_map(Value::as_array)
        .flatten()
        .find(|button| button.get("callback_data").and_then(Value::as_str) == Some(&data))
        .and_then(|button| json::filled(button, "/text"));
    // Our own quick replies carry their text, or their number where the text is too long for a button.
    let numbered = data
        .strip_prefix(super::send::NUMBERED)
        .is_some_and(|number| number.parse::<usize>().is_ok());
    let (payload, origin) = match &title {
        Some(title) if numbered => (title.clone(), "quick_reply"),
        Some(title) if *title == data => (data.clone(), "quick_reply"),
        _ => (data.clone(), "button"),
    };
    Some(Inbound::Message(Box::new(InboundMessage {
        external_id: format!("cb:{id}"),
        profile: person(&chat, query.get("from")?),
        content: Content::Postback {
            title: title.unwrap_or(data),
            payload,
            origin: Some(origin.to_owned()),
        },
        media: None,
        at: now,
        reply_to: json::id(query, "/message/message_id").map(|number| format!("{chat}:{number}")),
        album: None,
        forwarded: false,
        referral: None,
    })))
}

fn on_membership(change: &Value, now: Timestamp) -> Option<Inbound> {
    if change.get("chat").and_then(not_private).is_some() {
        return Some(Inbound::Ignored {
            reason: "group_membership",
        });
    }
    let status = |key: &str| change.pointer(&format!("/{key}/status")).and_then(Value::as_str);
    let (before, after) = (status("old_chat_member"), status("new_chat_member")?);
    let (profile, at) = (profile(change)?, time(change, "/date", now));
    Some(match (before, after) {
        (_, "kicked") => Inbound::Stopped { profile, at },
        (Some("kicked"), "member") => Inbound::Resumed { profile, at },
        _ => Inbound::Ignored {
            reason: "membership_unchanged",
        },
    })
}

fn on_reaction(reaction: &Value, now: Timestamp) -> Option<Inbound> {
    if let Some(ignored) = reaction.get("chat").and_then(not_private) {
        return Some(ignored);
    }
    let chat = json::id(reaction, "/chat/id")?;
    let number = json::id(reaction, "/message_id")?;
    // The last one is the newest. Custom and paid reactions are pictures without a character of their own.
    let emoji = json::items(reaction, "/new_reaction")
        .last()
        .map(|newest| json::filled(newest, "/emoji").unwrap_or_else(|| "⭐".to_owned()));
    Some(Inbound::Reaction {
        profile: profile(reaction)?,
        target: format!("{chat}:{number}"),
        emoji,
        at: time(reaction, "/date", now),
    })
}

fn time(event: &Value, pointer: &str, otherwise: Timestamp) -> Timestamp {
    json::integer(event, pointer)
        .filter(|seconds| *seconds > 0)
        .map_or(otherwise, Timestamp::from_provider_seconds)
}
