//! Connecting, disconnecting and finding files.

use super::{PROVIDER, call};
use crate::adapter::{Channel, Connected, Media};
use crate::dialogue::{Body, Call, Dialogue, Immediate, Request, Response};
use crate::flow::Flow;
use crate::{json, words};
use ism_domain::message::{Failure, FailureReason};
use serde_json::{Map, Value, json};

/// Files up to this size can be fetched from Telegram's own server.
const PUBLIC_FILE_CAP: usize = 20 * 1024 * 1024;
/// A Bot API server of one's own has no such limit; this one keeps a single file from filling the disk.
const PRIVATE_FILE_CAP: usize = 100 * 1024 * 1024;

/// What is subscribed to. Reactions have to be named to be sent at all.
const UPDATES: &[&str] = &[
    "message",
    "edited_message",
    "callback_query",
    "my_chat_member",
    "message_reaction",
];

type Connecting = Flow<Result<Connected, Failure>>;

pub(super) fn connect(channel: &Channel) -> Box<dyn Dialogue<Result<Connected, Failure>>> {
    let channel = channel.clone();
    Flow::call(call(&channel, "getMe", Body::Empty), move |answer| {
        match result(&channel, answer) {
            Ok(bot) => set_webhook(channel, &bot),
            Err(failure) => Flow::Done(Err(failure)),
        }
    })
    .dialogue()
}

fn set_webhook(channel: Channel, bot: &Value) -> Connecting {
    let Some(id) = json::id(bot, "/id") else {
        let text = "The server answered, but not like Telegram's Bot API. Check the provider address.";
        return Flow::Done(Err(Failure::new(FailureReason::Unknown, text)));
    };
    let username = json::filled(bot, "/username").unwrap_or_default();
    let name = json::filled(bot, "/first_name").unwrap_or_else(|| "Telegram bot".to_owned());
    let mut facts = Map::new();
    facts.insert("bot_id".into(), id.into());
    facts.insert("username".into(), username.clone().into());
    for key in [
        "can_join_groups",
        "can_read_all_group_messages",
        "can_connect_to_business",
    ] {
        if let Some(value @ Value::Bool(_)) = bot.get(key) {
            facts.insert(key.into(), value.clone());
        }
    }
    let connected = Connected {
        name,
        address: format!("@{username}"),
        facts,
        warning: None,
    };
    if channel.webhook_url.is_empty() {
        return Flow::Done(Ok(connected));
    }
    let body = json!({
        "url": channel.webhook_url,
        "secret_token": channel.secret,
        "allowed_updates": UPDATES,
        "max_connections": 40,
    });
    Flow::call(
        call(&channel, "setWebhook", Body::Json(body)),
        move |answer| match result(&channel, answer) {
            Ok(_) => check_webhook(channel, connected),
            Err(failure) => {
                let text = words::with_detail(
                    "The bot can send, but Telegram does not deliver its messages here yet, because the webhook could not be set",
                    failure.text.trim_end_matches('.'),
                );
                let warning = format!(
                    "{text}. Telegram needs a public address that starts with https://; set it, then reconnect."
                );
                Flow::Done(Ok(Connected {
                    warning: Some(warning),
                    ..connected
                }))
            }
        },
    )
}

fn check_webhook(channel: Channel, connected: Connected) -> Connecting {
    Flow::call(call(&channel, "getWebhookInfo", Body::Empty), move |answer| {
        let warning = match result(&channel, answer) {
            Ok(info) if info.get("url").and_then(Value::as_str) == Some(&channel.webhook_url) => None,
            Ok(_) => Some(
                "Another program took over this bot's webhook while it was being connected. \
                 Disconnect the bot there, then reconnect."
                    .to_owned(),
            ),
            Err(_) => Some(
                "The webhook was set, but Telegram could not confirm it. Send the bot a message to check.".to_owned(),
            ),
        };
        Flow::Done(Ok(Connected { warning, ..connected }))
    })
}

pub(super) fn disconnect(channel: &Channel) -> Box<dyn Dialogue<()>> {
    let channel = channel.clone();
    // Only our own webhook is removed: another program may have taken the bot over since.
    Flow::call(
        call(&channel, "getWebhookInfo", Body::Empty),
        move |answer| match result(&channel, answer) {
            Ok(info) if info.get("url").and_then(Value::as_str) == Some(&channel.webhook_url) => {
                Flow::call(call(&channel, "deleteWebhook", Body::Empty), |_| Flow::Done(()))
            }
            _ => Flow::Done(()),
        },
    )
    .dialogue()
}

/// The `result` of an answer, or why there is none.
fn result(channel: &Channel, answer: Call) -> Result<Value, Failure> {
    let response = match answer {
        Call::Answered(response) => response,
        Call::NotSent(why) | Call::Broken(why) => {
            let text = words::with_detail("Telegram could not be reached", &words::shown(channel, &why));
            return Err(Failure::new(FailureReason::Unavailable, text));
        }
    };
    let Some(body) = response.json() else {
        return Err(unreadable(&response));
    };
    if body.get("ok") == Some(&Value::Bool(true)) {
        return Ok(body.get("result").cloned().unwrap_or_default());
    }
    let code = json::integer(&body, "/error_code").unwrap_or_else(|| response.status.into());
    let description = words::shown(channel, &json::text(&body, "/description").unwrap_or_default());
    let failure = match code {
        401 | 404 => Failure::new(
            FailureReason::ChannelDisconnected,
            "Telegram does not accept this bot token. Copy the current token from @BotFather.",
        ),
        429 => Failure::new(
            FailureReason::RateLimited,
            "Telegram asks to wait a moment. Try again in a minute.",
        ),
        500.. => Failure::new(
            FailureReason::Unavailable,
            words::with_detail("Telegram has a fault at the moment", &description),
        ),
        _ => Failure::new(
            FailureReason::Unknown,
            words::with_detail("Telegram refused", &description),
        ),
    };
    Err(failure.with_code(code))
}

fn unreadable(response: &Response) -> Failure {
    let status = response.status;
    let text = format!("The answer (HTTP {status}) is not one of Telegram's Bot API. Check the provider address.");
    Failure::new(FailureReason::Unavailable, text).with_code(status)
}

pub(super) fn media(channel: &Channel, media: &Value) -> Box<dyn Dialogue<Media>> {
    let cap = if channel.base_url(PROVIDER) == PROVIDER {
        PUBLIC_FILE_CAP
    } else {
        PRIVATE_FILE_CAP
    };
    let Some(file_id) = json::filled(media, "/file_id") else {
        return Box::new(Immediate::new(Media::Gone(
            "Telegram did not say where this file is.".into(),
        )));
    };
    let too_large = format!(
        "This file is larger than the {} MB that Telegram hands over to bots.",
        cap / 1024 / 1024
    );
    if fits(media, "/size", cap) == Some(false) {
        return Box::new(Immediate::new(Media::Gone(too_large)));
    }
    let (mime, file_name) = (json::filled(media, "/mime"), json::filled(media, "/file_name"));
    let channel = channel.clone();
    Flow::call(
        call(&channel, "getFile", Body::Json(json!({ "file_id": file_id }))),
        move |answer| {
            Flow::Done(match result(&channel, answer) {
                Ok(file) if fits(&file, "/file_size", cap) == Some(false) => Media::Gone(too_large),
                Ok(file) => match file_address(&channel, &file) {
                    Some(address) => {
                        let mut request = Request::get(address);
                        request.timeout = std::time::Duration::from_secs(120);
                        request.max_response = cap;
                        Media::Download {
                            request,
                            mime,
                            file_name,
                        }
                    }
                    None => Media::Gone("Telegram named no path for this file.".into()),
                },
                Err(failure) => missing(&failure, too_large),
            })
        },
    )
    .dialogue()
}

fn fits(value: &Value, pointer: &str, cap: usize) -> Option<bool> {
    json::integer(value, pointer).map(|size| usize::try_from(size).is_ok_and(|size| size <= cap))
}

fn missing(failure: &Failure, too_large: String) -> Media {
    let said = failure.text.to_ascii_lowercase();
    if said.contains("file is too big") {
        Media::Gone(too_large)
    } else if failure.reason == FailureReason::Unknown && !said.contains("temporarily unavailable") {
        Media::Gone(failure.text.clone())
    } else {
        Media::Later(failure.text.clone())
    }
}

/// The address of a file's bytes. It holds the token, so it lives no longer than the download.
fn file_address(channel: &Channel, file: &Value) -> Option<String> {
    let path = json::filled(file, "/file_path")?;
    // A server in local mode answers with a path on its own disk.
    if path.starts_with('/') || path.contains('\\') {
        return None;
    }
    let token = channel.text("bot_token").trim();
    let mut url = url::Url::parse(&format!("{}/file/bot{token}", channel.base_url(PROVIDER))).ok()?;
    url.path_segments_mut()
        .ok()?
        .extend(path.split('/').filter(|segment| !matches!(*segment, "" | "." | "..")));
    Some(url.into())
}
