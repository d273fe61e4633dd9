//! Connecting, disconnecting and finding files.

use super::{PROVIDER, access_token, node, phone_number_id, verify_token};
use crate::adapter::{Channel, Connected, Media};
use crate::dialogue::{Body, Call, Dialogue, Immediate, Method, Request};
use crate::flow::Flow;
use crate::{json, words};
use ism_domain::message::{Failure, FailureReason};
use serde_json::{Map, Value, json};
use std::time::Duration;

/// The largest file that WhatsApp carries.
const FILE_CAP: usize = 100 * 1024 * 1024;
const PHONE_FIELDS: &str = "verified_name,display_phone_number,quality_rating,code_verification_status,name_status,status,throughput,platform_type";

type Connecting = Flow<Result<Connected, Failure>>;

fn get(channel: &Channel, path: &str) -> Request {
    Request::get(node(channel, path)).bearer(access_token(channel))
}

fn post(channel: &Channel, path: &str, body: Body) -> Request {
    Request::new(Method::Post, node(channel, path), body).bearer(access_token(channel))
}

pub(super) fn connect(channel: &Channel) -> Box<dyn Dialogue<Result<Connected, Failure>>> {
    let channel = channel.clone();
    let request = get(
        &channel,
        &format!("{}?fields={PHONE_FIELDS}", phone_number_id(&channel)),
    );
    Flow::call(request, move |answer| match result(&channel, answer, "phone number ID") {
        Ok(number) => match json::filled(&number, "/display_phone_number") {
            Some(shown) => account(channel, number, shown),
            None => Flow::Done(Err(Failure::new(
                FailureReason::Unknown,
                "This ID is not the one of a WhatsApp phone number. Copy the phone number ID from WhatsApp → API setup.",
            ))),
        },
        Err(failure) => Flow::Done(Err(failure)),
    })
    .dialogue()
}

fn waba(channel: &Channel) -> String {
    channel.text("waba_id").trim().to_owned()
}

fn account(channel: Channel, number: Value, address: String) -> Connecting {
    let request = get(&channel, &format!("{}?fields=id,name", waba(&channel)));
    Flow::call(request, move |answer| {
        match result(&channel, answer, "WhatsApp Business account ID") {
            Ok(account) => subscribe(channel, connected(&number, &account, address)),
            Err(failure) => Flow::Done(Err(failure)),
        }
    })
}

fn connected(number: &Value, account: &Value, address: String) -> Connected {
    let mut facts = Map::new();
    for (key, pointer) in [
        ("display_phone_number", "/display_phone_number"),
        ("verified_name", "/verified_name"),
        ("quality_rating", "/quality_rating"),
        ("throughput", "/throughput/level"),
        ("number_status", "/status"),
    ] {
        if let Some(fact) = json::filled(number, pointer) {
            facts.insert(key.into(), fact.into());
        }
    }
    if let Some(name) = json::filled(account, "/name") {
        facts.insert("account_name".into(), name.into());
    }
    // A display name in review (`name_status`) does not keep messages from flowing; these do.
    let warning = match json::filled(number, "/status").as_deref() {
        Some("PENDING") => Some(
            "This number is not registered with the Cloud API yet. Register it at Meta under WhatsApp → API setup."
                .to_owned(),
        ),
        Some(status @ ("BANNED" | "RESTRICTED" | "DISCONNECTED" | "UNVERIFIED" | "FLAGGED" | "RATE_LIMITED")) => {
            Some(format!(
                "WhatsApp lists this number as {}. Look it up in WhatsApp Manager.",
                status.to_lowercase().replace('_', " ")
            ))
        }
        _ => None,
    };
    let name = json::filled(number, "/verified_name").unwrap_or_else(|| address.clone());
    Connected {
        name,
        address,
        facts,
        warning,
    }
}

/// Subscribes the app to the account, then points this number's webhook at us. In this order: the second step is
/// refused before the first.
fn subscribe(channel: Channel, connected: Connected) -> Connecting {
    if channel.webhook_url.is_empty() {
        return Flow::Done(Ok(connected));
    }
    let request = post(&channel, &format!("{}/subscribed_apps", waba(&channel)), Body::Empty);
    Flow::call(request, move |answer| {
        match result(&channel, answer, "WhatsApp Business account ID") {
            Ok(_) => point_number(channel, connected),
            Err(failure) => Flow::Done(Ok(not_subscribed(&channel, connected, &failure))),
        }
    })
}

/// The override of the number rather than of the account: two numbers of one account are two channels, and the account
/// has one webhook only.
fn point_number(channel: Channel, connected: Connected) -> Connecting {
    let body = json!({ "webhook_configuration": override_of(&channel) });
    Flow::call(
        post(&channel, phone_number_id(&channel), Body::Json(body)),
        move |answer| match result(&channel, answer, "phone number ID") {
            Ok(_) => Flow::Done(Ok(connected)),
            Err(_) => point_account(channel, connected),
        },
    )
}

fn point_account(channel: Channel, connected: Connected) -> Connecting {
    let body = Body::Json(override_of(&channel));
    Flow::call(
        post(&channel, &format!("{}/subscribed_apps", waba(&channel)), body),
        move |answer| {
            Flow::Done(Ok(match result(&channel, answer, "WhatsApp Business account ID") {
                Ok(_) => connected,
                Err(failure) => not_subscribed(&channel, connected, &failure),
            }))
        },
    )
}

fn override_of(channel: &Channel) -> Value {
    json!({ "override_callback_uri": channel.webhook_url, "verify_token": verify_token(channel) })
}

fn not_subscribed(_channel: &Channel, connected: Connected, failure: &Failure) -> Connected {
    let text = format!(
        "The number can send, but its messages do not arrive here yet, because the webhook could not be set ({}). \
         This server needs a public address that starts with https://; then reconnect, or enter the webhook address \
         and the verify token at Meta under WhatsApp → Configuration.",
        failure.text.trim_end_matches('.')
    );
    let warning = connected
        .warning
        .map_or(text.clone(), |earlier| format!("{earlier} {text}"));
    Connected {
        warning: Some(warning),
        ..connected
    }
}

pub(super) fn disconnect(channel: &Channel) -> Box<dyn Dialogue<()>> {
    // The app stays subscribed to the account: another of its numbers may be another channel.
    let body = json!({ "webhook_configuration": { "override_callback_uri": "" } });
    Flow::call(post(channel, phone_number_id(channel), Body::Json(body)), |_| {
        Flow::Done(())
    })
    .dialogue()
}

/// The object of an answer, or why there is none. `what` is the field that is wrong if the object does not exist.
fn result(channel: &Channel, answer: Call, what: &str) -> Result<Value, Failure> {
    let response = match answer {
        Call::Answered(response) => response,
        Call::NotSent(why) | Call::Broken(why) => {
            let text = words::with_detail("WhatsApp could not be reached", &words::shown(channel, &why));
            return Err(Failure::new(FailureReason::Unavailable, text));
        }
    };
    let status = response.status;
    let Some(body) = response.json() else {
        let text = format!("The answer (HTTP {status}) is not one of the Graph API. Check the provider address.");
        return Err(Failure::new(FailureReason::Unavailable, text).with_code(status));
    };
    let Some(error) = body.get("error").filter(|error| error.is_object()) else {
        return if response.is_success() {
            Ok(body)
        } else {
            Err(
                Failure::new(FailureReason::Unknown, format!("WhatsApp answered with HTTP {status}."))
                    .with_code(status),
            )
        };
    };
    let said = words::shown(channel, &json::text(error, "/message").unwrap_or_default());
    let code = json::integer(error, "/code").unwrap_or_else(|| status.into());
    let failure = match code {
        0 | 190 => Failure::new(
            FailureReason::ChannelDisconnected,
            "Meta does not accept this access token. Generate a new one for the system user and paste the whole token.",
        ),
        33 | 100 => {
            let sentence = format!("There is nothing with this {what}, or the access token may not use it");
            Failure::new(FailureReason::ChannelDisconnected, words::with_detail(&sentence, &said))
        }
        3 | 10 | 200..=299 => Failure::new(
            FailureReason::ChannelDisconnected,
            words::with_detail(
                "The access token lacks a permission (whatsapp_business_messaging and whatsapp_business_management are needed)",
                &said,
            ),
        ),
        _ => super::errors::failure(channel, error),
    };
    Err(failure.with_code(code))
}

pub(super) fn media(channel: &Channel, media: &Value) -> Box<dyn Dialogue<Media>> {
    let (id, url) = (json::id(media, "/id"), json::filled(media, "/url"));
    let (mime, file_name) = (json::filled(media, "/mime"), json::filled(media, "/file_name"));
    let Some(id) = id.filter(|id| {
        id.bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-')
    }) else {
        return Box::new(Immediate::new(match url {
            Some(url) => Media::Download {
                request: download(channel, url),
                mime,
                file_name,
            },
            None => Media::Gone("WhatsApp did not say where this file is.".to_owned()),
        }));
    };
    // The link in the webhook lives five minutes, so a fresh one is asked for whenever there is an id.
    let request = get(channel, &format!("{id}?phone_number_id={}", phone_number_id(channel)));
    let channel = channel.clone();
    Flow::call(request, move |answer| {
        Flow::Done(match result(&channel, answer, "file") {
            Ok(found) => match json::filled(&found, "/url") {
                Some(url) => Media::Download {
                    request: download(&channel, url),
                    mime: json::filled(&found, "/mime_type").or(mime),
                    file_name,
                },
                None => Media::Gone("WhatsApp named no address for this file.".to_owned()),
            },
            Err(failure) => missing(&failure),
        })
    })
    .dialogue()
}

fn missing(failure: &Failure) -> Media {
    let gone = matches!(failure.code.as_deref(), Some("33" | "100" | "404" | "410" | "131052"));
    if gone {
        Media::Gone("WhatsApp no longer has this file; it keeps files for some days only.".to_owned())
    } else {
        Media::Later(failure.text.clone())
    }
}

fn download(channel: &Channel, url: String) -> Request {
    let trusted = is_meta(channel, &url);
    // Without a User-Agent the file server answers with an error page.
    let mut request = Request::get(url).header("user-agent", "is-messenger");
    if trusted {
        request = request.bearer(access_token(channel));
    }
    request.timeout = Duration::from_secs(120);
    request.max_response = FILE_CAP;
    request
}

/// Whether an address may be shown the access token: one of Meta's own over https, or one on the configured server.
fn is_meta(channel: &Channel, url: &str) -> bool {
    let Ok(url) = url::Url::parse(url) else { return false };
    if url::Url::parse(channel.base_url(PROVIDER)).is_ok_and(|base| base.origin() == url.origin()) {
        return true;
    }
    const FAMILIES: &[&str] = &["facebook.com", "fbsbx.com", "fbcdn.net", "whatsapp.net", "whatsapp.com"];
    url.scheme() == "https"
        && url.host_str().is_some_and(|host| {
            FAMILIES.iter().any(|family| {
                host.strip_suffix(family)
                    .is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
            })
        })
}
