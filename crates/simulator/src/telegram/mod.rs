//! Telegram's Bot API as a bot's owner sees it.
//!
//! Lenient in one place: `setWebhook` also takes `http://` and `localhost` addresses, where Telegram insists on HTTPS.

mod format;
mod markup;
pub(crate) mod object;
mod send;

use axum::Router;
use axum::body::Body;
use axum::extract::{DefaultBodyLimit, Path, Request, State};
use axum::http::{Response, StatusCode, header};
use axum::routing::{any, get};
use reqwest::header::{HeaderMap, HeaderValue};
use serde_json::{Value, json};

use crate::dispatch::{Request as Webhook, Target};
use crate::http::{self, Answer, Call, Params};
use crate::setup::{self, Bot};
use crate::simulator::Simulator;
use crate::world::{FileEntry, TelegramBot, TelegramWebhook};
use crate::{log, media};

pub fn routes() -> Router<Simulator> {
    Router::new()
        .route("/telegram/file/{*rest}", get(download))
        .route("/telegram/{*rest}", any(call))
        .layer(DefaultBodyLimit::max(http::LARGEST))
}

fn ok(result: Value) -> Answer {
    Answer::ok(json!({"ok": true, "result": result}))
}

/// An error in Telegram's words.
pub(crate) fn error(code: u16, description: &str) -> Answer {
    Answer::new(
        code,
        json!({"ok": false, "error_code": code, "description": description}),
    )
}

fn bad(reason: &str) -> Answer {
    error(400, &format!("Bad Request: {reason}"))
}

fn refuse(status: u16, code: Option<i64>, retry_after: Option<u64>) -> Answer {
    if status == 429 {
        let seconds = retry_after.unwrap_or(1);
        let body = json!({"ok": false, "error_code": 429, "description": format!("Too Many Requests: retry after {seconds}"),
            "parameters": {"retry_after": seconds}});
        return Answer {
            status,
            body,
            retry_after: Some(seconds),
        };
    }
    let description = match status {
        401 => "Unauthorized",
        403 => "Forbidden: bot was blocked by the user",
        404 => "Not Found",
        409 => "Conflict: terminated by other getUpdates request",
        500 => "Internal Server Error",
        502 => "Bad Gateway",
        _ => "Bad Request: refused on request",
    };
    Answer {
        retry_after,
        ..error(code.and_then(|c| u16::try_from(c).ok()).unwrap_or(status), description)
    }
}

/// The bot of a token; made on first sight, so a token can be invented. `Err` is Telegram's refusal.
fn authorise(sim: &Simulator, token: &str) -> Result<String, Answer> {
    let Some(id) = setup::bot_id(token) else {
        return Err(error(404, "Not Found"));
    };
    let key = format!("telegram:{id}");
    match sim.read(|world| world.telegram(&key).map(|bot| bot.token == token)) {
        Some(true) => Ok(key),
        Some(false) => Err(error(401, "Unauthorized")),
        None => {
            let bot = Bot {
                token: token.to_owned(),
                ..Bot::default()
            };
            sim.write(|world| world.add_bot(id, &bot));
            sim.tell_accounts();
            Ok(key)
        }
    }
}

async fn call(State(sim): State<Simulator>, Path(rest): Path<String>, request: Request) -> Response<Body> {
    let not_found = || http::json_response(404, &error(404, "Not Found").body);
    let Some((token, method)) = rest.strip_prefix("bot").and_then(|rest| rest.split_once('/')) else {
        return not_found();
    };
    let account = match authorise(&sim, token) {
        Ok(account) => account,
        Err(refusal) => return http::json_response(refusal.status, &refusal.body),
    };
    let params = match http::params(request).await {
        Ok(params) => params,
        Err(http::Unreadable::TooLarge) => {
            return http::json_response(413, &error(413, "Request Entity Too Large").body);
        }
        Err(_) => return http::json_response(400, &bad("can't parse the request").body),
    };
    let lower = method.to_ascii_lowercase();
    let sends = lower.starts_with("send") && lower != "sendchataction";
    let files: Vec<&String> = params.files.keys().collect();
    let mut shown = Value::Object(params.values.clone());
    if !files.is_empty() {
        shown["files"] = json!(files);
    }
    let call = Call {
        account: &account,
        method,
        sends,
        shown,
    };
    http::answer(&sim, call, refuse, run(&sim, &account, &lower, &params)).await
}

async fn run(sim: &Simulator, account: &str, method: &str, params: &Params) -> Answer {
    match method {
        "getme" => sim.read(|world| {
            let (Some(bot), Some(of)) = (world.telegram(account), world.accounts.get(account)) else {
                return error(401, "Unauthorized");
            };
            let mut user = object::bot_user(bot, &of.name);
            for (key, value) in [
                ("can_join_groups", true),
                ("can_read_all_group_messages", false),
                ("supports_inline_queries", false),
                ("can_connect_to_business", false),
                ("has_main_web_app", false),
            ] {
                user[key] = json!(value);
            }
            ok(user)
        }),
        "setwebhook" => set_webhook(sim, account, params),
        "getwebhookinfo" => webhook_info(sim, account),
        "deletewebhook" => {
            sim.write(|world| world.telegram_mut(account).map(|bot| bot.webhook = None));
            if params.flag("drop_pending_updates") {
                sim.inner.queues().forget(Some(account));
            }
            sim.tell_accounts();
            ok(json!(true))
        }
        "setmycommands" => {
            let Ok(Some(Value::Array(commands))) = params.json("commands") else {
                return bad("can't parse commands");
            };
            if commands.len() > 100 || !commands.iter().all(is_command) {
                return bad("BOT_COMMAND_INVALID");
            }
            sim.write(|world| world.telegram_mut(account).map(|bot| bot.commands = json!(commands)));
            ok(json!(true))
        }
        "getmycommands" => sim.read(|world| match world.telegram(account).map(|bot| bot.commands.clone()) {
            Some(Value::Array(commands)) => ok(json!(commands)),
            _ => ok(json!([])),
        }),
        "deletemycommands" => {
            sim.write(|world| world.telegram_mut(account).map(|bot| bot.commands = json!([])));
            ok(json!(true))
        }
        "getfile" => get_file(sim, params),
        "answercallbackquery" => answer_callback(sim, account, params),
        "getuserprofilephotos" => ok(json!({"total_count": 0, "photos": []})),
        "getupdates" => error(
            409,
            "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first",
        ),
        _ => send::run(sim, account, method, params).await,
    }
}

fn is_command(command: &Value) -> bool {
    let name = command.get("command").and_then(Value::as_str).unwrap_or_default();
    let description = command.get("description").and_then(Value::as_str).unwrap_or_default();
    (1..=32).contains(&name.len())
        && name
            .chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
        && (1..=256).contains(&description.chars().count())
}

fn set_webhook(sim: &Simulator, account: &str, params: &Params) -> Answer {
    let url = params.text("url").unwrap_or_default();
    if url.is_empty() {
        sim.write(|world| world.telegram_mut(account).map(|bot| bot.webhook = None));
        sim.tell_accounts();
        return Answer::ok(json!({"ok": true, "result": true, "description": "Webhook was deleted"}));
    }
    let valid = url::Url::parse(&url).is_ok_and(|u| matches!(u.scheme(), "http" | "https") && u.host().is_some());
    if !valid {
        return bad("bad webhook: invalid webhook URL specified");
    }
    let secret_token = params.text("secret_token").filter(|s| !s.is_empty());
    if let Some(secret) = &secret_token {
        if secret.len() > 256 {
            return bad("secret token is too long");
        }
        if !secret
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-')
        {
            return bad("secret token contains unallowed characters");
        }
    }
    let max_connections = params.int("max_connections").unwrap_or(40).clamp(1, 100);
    let max_connections = usize::try_from(max_connections).unwrap_or(40);
    let Ok(allowed) = params.json("allowed_updates") else {
        return bad("can't parse allowed_updates JSON object");
    };
    let allowed = allowed.as_ref().and_then(Value::as_array).map(|kinds| {
        kinds
            .iter()
            .filter_map(|kind| kind.as_str().map(str::to_owned))
            .collect::<Vec<_>>()
    });
    if params.flag("drop_pending_updates") {
        sim.inner.queues().forget(Some(account));
    }
    sim.inner.queues().set_connections(account, max_connections);
    sim.write(|world| {
        let Some(bot) = world.telegram_mut(account) else { return };
        // Left out means: as before.
        let before = bot.webhook.take().map(|w| w.allowed_updates);
        let allowed_updates = allowed.or(before).unwrap_or_default();
        bot.webhook = Some(TelegramWebhook {
            url,
            secret_token,
            max_connections,
            allowed_updates,
        });
        bot.last_error = None;
    });
    sim.tell_accounts();
    Answer::ok(json!({"ok": true, "result": true, "description": "Webhook was set"}))
}

fn webhook_info(sim: &Simulator, account: &str) -> Answer {
    let pending = sim.inner.queues().pending(account);
    sim.read(|world| {
        let Some(bot) = world.telegram(account) else {
            return error(401, "Unauthorized");
        };
        let mut info = json!({"url": "", "has_custom_certificate": false, "pending_update_count": pending});
        if let Some(webhook) = &bot.webhook {
            info["url"] = json!(webhook.url);
            info["max_connections"] = json!(webhook.max_connections);
            info["ip_address"] = json!("127.0.0.1");
            if !webhook.allowed_updates.is_empty() {
                info["allowed_updates"] = json!(webhook.allowed_updates);
            }
        }
        if let Some((at, text)) = &bot.last_error {
            info["last_error_date"] = json!(at);
            info["last_error_message"] = json!(text);
        }
        ok(info)
    })
}

fn get_file(sim: &Simulator, params: &Params) -> Answer {
    let id = params.text("file_id").unwrap_or_default();
    let entry = find_file(sim, &id);
    let Some(entry) = entry else {
        return bad("invalid file_id");
    };
    if entry.size > 20 * 1024 * 1024 {
        return bad("file is too big");
    }
    let folder = match entry.mime.split('/').next() {
        Some("image") => "photos",
        Some("video") => "videos",
        Some("audio") => "voice",
        _ => "documents",
    };
    let path = format!("{folder}/file_{}.{}", entry.id, media::extension(&entry.mime));
    ok(json!({
        "file_id": id, "file_unique_id": format!("AQAD{}", object::unique(&entry)), "file_size": entry.size, "file_path": path,
    }))
}

/// A file by its `file_id`; the small size of a photo is the same file.
fn find_file(sim: &Simulator, file_id: &str) -> Option<FileEntry> {
    let id = object::stored_id(file_id)?.trim_end_matches('s');
    sim.read(|world| world.files.get(id).cloned())
}

fn answer_callback(sim: &Simulator, account: &str, params: &Params) -> Answer {
    let id = params.text("callback_query_id").unwrap_or_default();
    if params.text("text").is_some_and(|text| text.chars().count() > 200) {
        return bad("MESSAGE_TOO_LONG");
    }
    let open = sim.write(|world| {
        let queries = &mut world.telegram_mut(account)?.open_queries;
        let at = queries.iter().position(|open| *open == id)?;
        queries.remove(at);
        Some(())
    });
    match open {
        Some(()) => {
            sim.tell(&json!({"type": "callback_answered", "account": account, "text": params.text("text")}));
            ok(json!(true))
        }
        None => bad("query is too old and response timeout expired or query ID is invalid"),
    }
}

async fn download(State(sim): State<Simulator>, Path(rest): Path<String>) -> Response<Body> {
    let not_found = || http::json_response(404, &error(404, "Not Found").body);
    let Some((token, path)) = rest.strip_prefix("bot").and_then(|rest| rest.split_once('/')) else {
        return not_found();
    };
    let account = match authorise(&sim, token) {
        Ok(account) => account,
        Err(refusal) => return http::json_response(refusal.status, &refusal.body),
    };
    let id = path
        .rsplit_once("file_")
        .and_then(|(_, name)| name.split_once('.'))
        .map(|(id, _)| id.to_owned());
    let found = id.and_then(|id| sim.read(|world| world.files.get(&id).cloned()));
    sim.write(|world| {
        if let Some(counters) = world.counters(&account) {
            *counters.calls.entry("download".to_owned()).or_default() += 1;
        }
    });
    sim.log(log::Entry {
        account,
        what: format!("download {path}"),
        status: if found.is_some() { 200 } else { 404 },
        ..log::Entry::default()
    });
    let Some(file) = found else { return not_found() };
    let mut response = Response::new(Body::from(file.bytes));
    *response.status_mut() = StatusCode::OK;
    // Telegram says this for every kind, so the caller must look at the bytes.
    let kind = HeaderValue::from_static("application/octet-stream");
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    response
}

/// The request for an update, which is always alone.
pub(crate) fn request(bot: &TelegramBot, bodies: &[Value]) -> Target {
    let Some(webhook) = &bot.webhook else {
        return Target::Nowhere;
    };
    let Some(update) = bodies.first() else {
        return Target::Unwanted;
    };
    let kind = update
        .as_object()
        .and_then(|u| u.keys().find(|key| *key != "update_id"))
        .cloned()
        .unwrap_or_default();
    let allowed = if webhook.allowed_updates.is_empty() {
        !matches!(
            kind.as_str(),
            "message_reaction" | "message_reaction_count" | "chat_member"
        )
    } else {
        webhook.allowed_updates.contains(&kind)
    };
    if !allowed {
        return Target::Unwanted;
    }
    let mut headers = HeaderMap::new();
    if let Some(secret) = webhook
        .secret_token
        .as_deref()
        .and_then(|s| HeaderValue::from_str(s).ok())
    {
        headers.insert("x-telegram-bot-api-secret-token", secret);
    }
    Target::Request(Webhook {
        url: webhook.url.clone(),
        headers,
        body: update.to_string().into_bytes(),
    })
}
