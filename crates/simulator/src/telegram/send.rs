//! Methods about chats and messages, with the refusals Telegram is known for.

use serde_json::{Map, Value, json};

use super::{bad, error, format, markup, object, ok};
use crate::http::{Answer, Params, Upload};
use crate::media;
use crate::simulator::Simulator;
use crate::world::{Card, Content, FileEntry, MediaKind, Message, Phone, Side, StatusChange};

const MB: usize = 1024 * 1024;

/// Where a message goes, after the checks every method has in common.
struct Target {
    phone: Phone,
    reply_to: Option<String>,
    markup: markup::Markup,
    raw_markup: Option<Value>,
}

pub async fn run(sim: &Simulator, account: &str, method: &str, params: &Params) -> Answer {
    let result = match method {
        "sendmessage" => send_message(sim, account, params),
        "sendphoto" => send_media(sim, account, params, "photo", MediaKind::Image).await,
        "senddocument" => send_media(sim, account, params, "document", MediaKind::Document).await,
        "sendvideo" => send_media(sim, account, params, "video", MediaKind::Video).await,
        "sendaudio" => send_media(sim, account, params, "audio", MediaKind::Audio).await,
        "sendvoice" => send_media(sim, account, params, "voice", MediaKind::Voice).await,
        "sendsticker" => send_media(sim, account, params, "sticker", MediaKind::Sticker).await,
        "sendanimation" => send_media(sim, account, params, "animation", MediaKind::Animation).await,
        "sendlocation" | "sendvenue" => send_location(sim, account, params, method == "sendvenue"),
        "sendcontact" => send_contact(sim, account, params),
        "sendmediagroup" => send_group(sim, account, params).await,
        "sendchataction" => chat_action(sim, account, params),
        "getchat" => find_chat(sim, account, params).map(|phone| ok(object::full_chat(&phone))),
        "editmessagetext" => edit(sim, account, params),
        "deletemessage" => delete(sim, account, params),
        "setmessagereaction" => react(sim, account, params),
        _ => Err(error(404, "Not Found")),
    };
    result.unwrap_or_else(|refusal| refusal)
}

/// A chat exists once the customer has written, and only as long as they did not block the bot.
fn find_chat(sim: &Simulator, account: &str, params: &Params) -> Result<Phone, Answer> {
    let Some(given) = params.text("chat_id").filter(|id| !id.is_empty()) else {
        return Err(bad("chat_id is empty"));
    };
    let id = given.trim().parse::<i64>().map_err(|_| bad("chat not found"))?;
    sim.read(|world| {
        let phone = world
            .phone_by(|p| p.telegram_id == id)
            .ok_or_else(|| bad("chat not found"))?;
        let chat = world
            .chat(account, &phone.id)
            .filter(|c| c.started)
            .ok_or_else(|| bad("chat not found"))?;
        if chat.blocked {
            Err(error(403, "Forbidden: bot was blocked by the user"))
        } else {
            Ok(phone.clone())
        }
    })
}

fn target(sim: &Simulator, account: &str, params: &Params) -> Result<Target, Answer> {
    let phone = find_chat(sim, account, params)?;
    let reply = params
        .json("reply_parameters")
        .map_err(|()| bad("can't parse reply parameters JSON object"))?;
    let wanted = match &reply {
        Some(reply) => reply.get("message_id").and_then(Value::as_i64),
        None => params.int("reply_to_message_id"),
    };
    let lenient = params.flag("allow_sending_without_reply")
        || reply
            .as_ref()
            .and_then(|r| r.get("allow_sending_without_reply"))
            .and_then(Value::as_bool)
            == Some(true);
    let mut reply_to = None;
    if let Some(id) = wanted.map(|id| id.to_string()) {
        let known = sim.read(|world| {
            world
                .chat(account, &phone.id)
                .is_some_and(|c| c.message(&id).is_some_and(|m| !m.deleted))
        });
        match (known, lenient) {
            (true, _) => reply_to = Some(id),
            (false, true) => {}
            (false, false) => return Err(bad("message to be replied not found")),
        }
    }
    let raw_markup = params
        .json("reply_markup")
        .map_err(|()| bad("can't parse reply keyboard markup JSON object"))?;
    let markup = markup::parse(raw_markup.as_ref()).map_err(|reason| bad(&reason))?;
    Ok(Target {
        phone,
        reply_to,
        markup,
        raw_markup,
    })
}

/// Text and entities after `parse_mode`.
fn formatted(params: &Params, field: &str, entities_field: &str) -> Result<(String, Vec<Value>), Answer> {
    let source = params.text(field).unwrap_or_default();
    let mode = params.text("parse_mode").unwrap_or_default().to_ascii_lowercase();
    let parsed = match mode.as_str() {
        "html" => format::html(&source),
        "markdown" | "markdownv2" => format::markdown(&source),
        "" => {
            let given = params
                .json(entities_field)
                .ok()
                .flatten()
                .and_then(|v| v.as_array().cloned());
            Ok((source.clone(), given.unwrap_or_else(|| format::detect(&source))))
        }
        _ => return Err(bad("unsupported parse_mode")),
    };
    parsed.map_err(|reason| bad(&format!("can't parse entities: {reason}")))
}

/// Makes the message, answers with its object and keeps it.
fn deliver(
    sim: &Simulator,
    account: &str,
    target: &Target,
    content: Content,
    entities: Vec<Value>,
    album: Option<String>,
) -> Value {
    let now = sim.now();
    let (message, raw) = sim.write(|world| {
        let seq = world.tick();
        let mut raw = Map::new();
        let chat = world.chat_mut(account, &target.phone.id);
        chat.next_message_id += 1;
        let id = chat.next_message_id;
        if let Some(keyboard) = &target.markup.keyboard {
            chat.keyboard.clone_from(keyboard);
        }
        raw.insert("message_id".to_owned(), json!(id));
        if let (Some(bot), Some(of)) = (world.telegram(account), world.accounts.get(account)) {
            raw.insert("from".to_owned(), object::bot_user(bot, &of.name));
        }
        raw.insert("chat".to_owned(), object::chat(&target.phone));
        raw.insert("date".to_owned(), json!(now / 1_000));
        if let Some(album) = &album {
            raw.insert("media_group_id".to_owned(), json!(album));
        }
        object::content(world, &content, &mut raw);
        if !entities.is_empty() {
            let key = if matches!(content, Content::Text { .. }) {
                "entities"
            } else {
                "caption_entities"
            };
            raw.insert(key.to_owned(), json!(entities));
        } else {
            raw.remove("entities");
        }
        if let Some(quoted) = &target.reply_to
            && let Some(quoted) = world.chat(account, &target.phone.id).and_then(|c| c.message(quoted))
        {
            raw.insert(
                "reply_to_message".to_owned(),
                object::message(world, account, &target.phone, quoted, false),
            );
        }
        // Only inline keyboards are part of the message.
        if let Some(markup) = target
            .raw_markup
            .as_ref()
            .filter(|m| m.get("inline_keyboard").is_some())
        {
            raw.insert("reply_markup".to_owned(), markup.clone());
        }
        let raw = Value::Object(raw);
        let message = Message {
            id: id.to_string(),
            seq,
            from: Side::Business,
            at: now,
            content,
            reply_to: target.reply_to.clone(),
            album,
            buttons: target.markup.inline.clone(),
            edited_at: None,
            deleted: false,
            customer_reaction: None,
            business_reaction: None,
            read_by_business: false,
            statuses: vec![StatusChange {
                status: "sent".to_owned(),
                at: now,
                code: None,
                reason: None,
            }],
            opaque: None,
            category: None,
            raw: raw.clone(),
        };
        (message, raw)
    });
    sim.receive(account, &target.phone.id, message);
    if target.markup.keyboard.is_some() {
        sim.tell_chat(account, &target.phone.id);
    }
    raw
}

fn send_message(sim: &Simulator, account: &str, params: &Params) -> Result<Answer, Answer> {
    let target = target(sim, account, params)?;
    let (text, entities) = formatted(params, "text", "entities")?;
    if text.trim().is_empty() {
        return Err(bad("message text is empty"));
    }
    if text.chars().count() > 4096 {
        return Err(bad("message is too long"));
    }
    Ok(ok(deliver(sim, account, &target, Content::plain(text), entities, None)))
}

fn caption(params: &Params) -> Result<(Option<String>, Vec<Value>), Answer> {
    let (text, entities) = formatted(params, "caption", "caption_entities")?;
    if text.chars().count() > 1024 {
        return Err(bad("message caption is too long"));
    }
    Ok((Some(text).filter(|t| !t.is_empty()), entities))
}

async fn send_media(
    sim: &Simulator,
    account: &str,
    params: &Params,
    field: &str,
    kind: MediaKind,
) -> Result<Answer, Answer> {
    let target = target(sim, account, params)?;
    let (caption, entities) = caption(params)?;
    let given = params.text(field);
    let file = resolve(sim, params, field, given.as_deref(), kind).await?;
    let caption = if kind == MediaKind::Sticker { None } else { caption };
    let content = Simulator::media(kind, &file, caption);
    Ok(ok(deliver(sim, account, &target, content, entities, None)))
}

/// A media argument: an upload under the field's own name, `attach://name`, an address to fetch, or a known `file_id`.
async fn resolve(
    sim: &Simulator,
    params: &Params,
    field: &str,
    given: Option<&str>,
    kind: MediaKind,
) -> Result<FileEntry, Answer> {
    let attached = given.and_then(|g| g.strip_prefix("attach://")).unwrap_or(field);
    if let Some(upload) = params.files.get(attached) {
        return store(sim, upload.clone(), kind, false);
    }
    match given {
        Some(url) if url.starts_with("http://") || url.starts_with("https://") => {
            let failed = || bad("failed to get HTTP URL content");
            let response = sim.inner.http.get(url).send().await.map_err(|_| failed())?;
            if !response.status().is_success() {
                return Err(failed());
            }
            let mime = response
                .headers()
                .get("content-type")
                .and_then(|v| v.to_str().ok())
                .map(str::to_owned);
            let bytes = response.bytes().await.map_err(|_| failed())?;
            let name = url::Url::parse(url)
                .ok()
                .and_then(|u| u.path_segments()?.next_back().map(str::to_owned));
            let mime = mime.map(|m| m.split(';').next().unwrap_or_default().trim().to_owned());
            let wrong = kind == MediaKind::Document
                && !matches!(
                    media::sniff(&bytes),
                    Some("application/pdf" | "application/zip" | "image/gif")
                );
            if wrong || mime.as_deref() == Some("text/html") {
                return Err(bad("wrong type of the web page content"));
            }
            store(sim, Upload { bytes, mime, name }, kind, true)
        }
        Some(id) if !id.is_empty() && !id.starts_with("attach://") => {
            super::find_file(sim, id).ok_or_else(|| bad("wrong file identifier/HTTP URL specified"))
        }
        _ => Err(bad(&format!("there is no {field} in the request"))),
    }
}

fn store(sim: &Simulator, upload: Upload, kind: MediaKind, by_url: bool) -> Result<FileEntry, Answer> {
    let size = upload.bytes.len();
    if size == 0 {
        return Err(bad("file must be non-empty"));
    }
    let limit = match (kind, by_url) {
        (MediaKind::Image, false) => 10,
        (MediaKind::Image, true) => 5,
        (_, false) => 50,
        (_, true) => 20,
    };
    if size > limit * MB {
        return Err(if by_url {
            bad("failed to get HTTP URL content")
        } else {
            error(413, "Request Entity Too Large")
        });
    }
    let seen = media::sniff(&upload.bytes);
    if kind == MediaKind::Image {
        if !seen.is_some_and(|mime| mime.starts_with("image/")) {
            return Err(bad("IMAGE_PROCESS_FAILED"));
        }
        let (width, height) = media::dimensions(&upload.bytes).ok_or_else(|| bad("IMAGE_PROCESS_FAILED"))?;
        if width + height > 10_000 || width.max(height) > 20 * width.min(height) {
            return Err(bad("PHOTO_INVALID_DIMENSIONS"));
        }
    }
    let mime = match (seen, upload.mime) {
        (Some(seen), None) => seen.to_owned(),
        (Some(seen), Some(said)) if said == "application/octet-stream" => seen.to_owned(),
        (_, Some(said)) => said,
        (None, None) => "application/octet-stream".to_owned(),
    };
    Ok(sim.store_file(upload.bytes, &mime, upload.name, None))
}

fn send_location(sim: &Simulator, account: &str, params: &Params, venue: bool) -> Result<Answer, Answer> {
    let target = target(sim, account, params)?;
    let (Some(latitude), Some(longitude)) = (params.float("latitude"), params.float("longitude")) else {
        return Err(bad("can't parse location: latitude and longitude must be numbers"));
    };
    if !(-90.0..=90.0).contains(&latitude) || !(-180.0..=180.0).contains(&longitude) {
        return Err(bad("wrong location specified"));
    }
    let name = params.text("title").filter(|t| venue && !t.is_empty());
    if venue && name.is_none() {
        return Err(bad("VENUE_TITLE_EMPTY"));
    }
    let address = params.text("address").filter(|_| venue);
    let content = Content::Location {
        latitude,
        longitude,
        name,
        address,
    };
    Ok(ok(deliver(sim, account, &target, content, Vec::new(), None)))
}

fn send_contact(sim: &Simulator, account: &str, params: &Params) -> Result<Answer, Answer> {
    let target = target(sim, account, params)?;
    let phone = params
        .text("phone_number")
        .filter(|p| !p.is_empty())
        .ok_or_else(|| bad("PHONE_NUMBER_INVALID"))?;
    let first = params
        .text("first_name")
        .filter(|p| !p.is_empty())
        .ok_or_else(|| bad("field \"first_name\" must be non-empty"))?;
    let name = format!("{first} {}", params.text("last_name").unwrap_or_default())
        .trim()
        .to_owned();
    let content = Content::Contacts {
        contacts: vec![Card {
            name,
            phones: vec![phone],
        }],
    };
    Ok(ok(deliver(sim, account, &target, content, Vec::new(), None)))
}

async fn send_group(sim: &Simulator, account: &str, params: &Params) -> Result<Answer, Answer> {
    let target = target(sim, account, params)?;
    let Ok(Some(Value::Array(items))) = params.json("media") else {
        return Err(bad("can't parse media JSON object"));
    };
    if !(2..=10).contains(&items.len()) {
        return Err(bad(
            "group send failed: there must be from 2 to 10 messages in the group",
        ));
    }
    let kinds: Vec<&str> = items
        .iter()
        .filter_map(|i| i.get("type").and_then(Value::as_str))
        .collect();
    let pure = |kind: &str| !kinds.contains(&kind) || kinds.iter().all(|k| *k == kind);
    if kinds.len() != items.len() || !pure("audio") || !pure("document") {
        return Err(bad("media of these types can't be mixed in one group"));
    }
    let mut contents = Vec::new();
    for item in &items {
        let kind = match item.get("type").and_then(Value::as_str) {
            Some("photo") => MediaKind::Image,
            Some("video") => MediaKind::Video,
            Some("audio") => MediaKind::Audio,
            Some("document") => MediaKind::Document,
            _ => return Err(bad("can't parse InputMedia: Field \"type\" is unknown")),
        };
        let fields = Params {
            values: item.as_object().cloned().unwrap_or_default(),
            ..Params::default()
        };
        let (caption, entities) = caption(&fields)?;
        let given = item.get("media").and_then(Value::as_str);
        let file = resolve(sim, params, "media", given, kind).await?;
        contents.push((Simulator::media(kind, &file, caption), entities));
    }
    let album = sim.write(crate::world::World::tick);
    let album = (13_000_000_000_000_000 + album).to_string();
    let messages: Vec<Value> = contents
        .into_iter()
        .map(|(content, entities)| deliver(sim, account, &target, content, entities, Some(album.clone())))
        .collect();
    Ok(ok(json!(messages)))
}

fn chat_action(sim: &Simulator, account: &str, params: &Params) -> Result<Answer, Answer> {
    let phone = find_chat(sim, account, params)?;
    let action = params.text("action").unwrap_or_default();
    let known = action == "typing"
        || action.starts_with("upload_")
        || action.starts_with("record_")
        || action == "choose_sticker"
        || action == "find_location";
    if !known {
        return Err(bad("wrong parameter action in request"));
    }
    let until = sim.now() + 5_000;
    sim.write(|world| world.chat_mut(account, &phone.id).typing_until = until);
    sim.tell(&json!({"type": "typing", "account": account, "phone": phone.id, "until": until}));
    Ok(ok(json!(true)))
}

fn edit(sim: &Simulator, account: &str, params: &Params) -> Result<Answer, Answer> {
    let phone = find_chat(sim, account, params)?;
    let (text, entities) = formatted(params, "text", "entities")?;
    let raw_markup = params
        .json("reply_markup")
        .map_err(|()| bad("can't parse inline keyboard"))?;
    let markup = markup::parse(raw_markup.as_ref()).map_err(|reason| bad(&reason))?;
    if text.trim().is_empty() {
        return Err(bad("message text is empty"));
    }
    if text.chars().count() > 4096 {
        return Err(bad("message is too long"));
    }
    let id = params.text("message_id").unwrap_or_default();
    let now = sim.now();
    let edited = sim.write(|world| {
        let message = world.chat_mut(account, &phone.id).message_mut(&id).filter(|m| m.from == Side::Business && !m.deleted);
        let Some(message) = message else { return Err(bad("message to edit not found")) };
        let Content::Text { text: old, .. } = &message.content else {
            return Err(bad("there is no text in the message to edit"));
        };
        if *old == text && message.buttons == markup.inline {
            return Err(bad("message is not modified: specified new message content and reply markup are exactly the same as a current content and reply markup of the message"));
        }
        message.content = Content::plain(&text);
        message.buttons = markup.inline;
        message.edited_at = Some(now);
        message.raw["text"] = json!(text);
        message.raw["edit_date"] = json!(now / 1_000);
        message.raw["entities"] = json!(entities);
        Ok(message.clone())
    })?;
    sim.tell_message(account, &phone.id, &edited);
    Ok(ok(edited.raw))
}

fn delete(sim: &Simulator, account: &str, params: &Params) -> Result<Answer, Answer> {
    let phone = find_chat(sim, account, params)?;
    let id = params.text("message_id").unwrap_or_default();
    let now = sim.now();
    let deleted = sim.write(|world| {
        let message = world
            .chat_mut(account, &phone.id)
            .message_mut(&id)
            .filter(|m| !m.deleted);
        let Some(message) = message else {
            return Err(bad("message to delete not found"));
        };
        if now - message.at > 48 * 3_600_000 {
            return Err(bad("message can't be deleted for everyone"));
        }
        message.deleted = true;
        Ok(message.clone())
    })?;
    sim.tell_message(account, &phone.id, &deleted);
    Ok(ok(json!(true)))
}

fn react(sim: &Simulator, account: &str, params: &Params) -> Result<Answer, Answer> {
    const EMOJI: &str = "👍👎❤🔥🥰👏😁🤔🤯😱🤬😢🎉🤩🤮💩🙏👌🕊🤡🥱🥴😍🐳🌚🌭💯🤣⚡🍌🏆💔🤨😐🍓🍾💋🖕😈😴😭🤓👻👨👀🎃🙈😇😨🤝✍🤗🫡🎅🎄☃💅🤪🗿🆒💘🙉🦄😘💊🙊😎👾🤷😡";
    let phone = find_chat(sim, account, params)?;
    let reaction = params
        .json("reaction")
        .map_err(|()| bad("can't parse reaction types JSON object"))?;
    let reaction = reaction
        .as_ref()
        .and_then(|r| r.get(0))
        .and_then(|r| r.get("emoji"))
        .and_then(Value::as_str)
        .map(str::to_owned);
    if let Some(emoji) = &reaction
        && !emoji.chars().next().is_some_and(|c| EMOJI.contains(c))
    {
        return Err(bad("REACTION_INVALID"));
    }
    let id = params.text("message_id").unwrap_or_default();
    let reacted = sim.write(|world| {
        let message = world
            .chat_mut(account, &phone.id)
            .message_mut(&id)
            .filter(|m| !m.deleted);
        let Some(message) = message else {
            return Err(bad("message to react not found"));
        };
        message.business_reaction = reaction;
        Ok(message.clone())
    })?;
    sim.tell_message(account, &phone.id, &reacted);
    Ok(ok(json!(true)))
}
