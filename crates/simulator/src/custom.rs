//! The other side of a custom channel: takes messages at `{base}/message`, posts customers' messages to the webhook.

use axum::Router;
use axum::body::Body;
use axum::extract::{DefaultBodyLimit, Path, Request, State};
use axum::http::{HeaderMap, Response};
use axum::routing::post;
use reqwest::header::HeaderValue;
use serde_json::{Value, json};

use crate::dispatch::{Request as Webhook, Target};
use crate::http::{self, Answer, Call, Params};
use crate::media;
use crate::setup::{NewPhone, digits};
use crate::simulator::Simulator;
use crate::world::{BridgeState, Button, Content, MediaKind, Message, Phone, Side, StatusChange};

pub fn routes() -> Router<Simulator> {
    Router::new()
        .route("/custom/{bridge}/message", post(message))
        .layer(DefaultBodyLimit::max(http::LARGEST))
}

fn error(status: u16, text: &str) -> Answer {
    Answer::new(status, json!({"error": {"message": text}}))
}

fn refuse(status: u16, _code: Option<i64>, retry_after: Option<u64>) -> Answer {
    let text = match status {
        401 => "The token is not valid.",
        429 => "Too many requests; slow down.",
        500.. => "The bridge has a problem.",
        _ => "The bridge refused the message.",
    };
    Answer {
        retry_after,
        ..error(status, text)
    }
}

async fn message(
    State(sim): State<Simulator>,
    Path(name): Path<String>,
    headers: HeaderMap,
    request: Request,
) -> Response<Body> {
    let account = format!("custom:{name}");
    let reply = |answer: Answer| http::json_response(answer.status, &answer.body);
    let Some(bridge) = sim.read(|world| world.bridge(&account).cloned()) else {
        return reply(error(
            404,
            &format!("There is no bridge {name}; register it at /sim/api/custom/bridges."),
        ));
    };
    if http::bearer(&headers, None).as_deref() != Some(bridge.token.as_str()) {
        return reply(error(401, "The token is not valid."));
    }
    let params = match http::params(request).await {
        Ok(params) => params,
        Err(_) => return reply(error(400, "The body is not a JSON object.")),
    };
    let shown = Value::Object(params.values.clone());
    let call = Call {
        account: &account,
        method: "message",
        sends: true,
        shown,
    };
    http::answer(&sim, call, refuse, take(&sim, &account, &bridge, &params)).await
}

async fn take(sim: &Simulator, account: &str, bridge: &BridgeState, params: &Params) -> Answer {
    if params.text("channelId").is_some_and(|id| id != bridge.channel_id) {
        return error(404, "channelId is not this bridge's channel.");
    }
    let contact = params.text("contactId").unwrap_or_default();
    if contact.is_empty() || contact.len() > 50 {
        return error(400, "contactId is required, with at most 50 characters.");
    }
    let body = Value::Object(params.values.clone());
    let (content, buttons) = match content(sim, &body["message"]).await {
        Ok(content) => content,
        Err(text) => return error(400, &text),
    };
    let phone = match recipient(sim, bridge, &contact) {
        Ok(phone) => phone,
        Err(text) => return error(400, &text),
    };
    if sim.read(|world| world.chat(account, &phone.id).is_some_and(|c| c.blocked)) {
        return error(403, "The customer has blocked this business.");
    }
    let now = sim.now();
    let seq = sim.write(crate::world::World::tick);
    let id = format!("sim-{seq}");
    let message = Message {
        id: id.clone(),
        seq,
        from: Side::Business,
        at: now,
        content,
        reply_to: None,
        album: None,
        buttons,
        edited_at: None,
        deleted: false,
        customer_reaction: None,
        business_reaction: None,
        read_by_business: false,
        statuses: Vec::new(),
        opaque: None,
        category: None,
        raw: body,
    };
    sim.receive(account, &phone.id, message);
    play(sim, account, bridge, &phone, &id).await;
    Answer::ok(json!({"mId": id}))
}

/// A phone number in `contactId` is a customer's phone; any other id is one too, made on first sight.
fn recipient(sim: &Simulator, bridge: &BridgeState, contact: &str) -> Result<Phone, String> {
    let number = digits(contact);
    let by_phone = bridge.id_type == "phone";
    let known = sim.read(|world| {
        world
            .phone_by(|p| {
                if by_phone {
                    p.phone == number
                } else {
                    p.custom_id == contact
                }
            })
            .cloned()
    });
    if let Some(phone) = known {
        return Ok(phone);
    }
    if by_phone && !(7..=15).contains(&number.len()) {
        return Err("contactId must be a phone number with its country code.".to_owned());
    }
    let new = NewPhone {
        phone: by_phone.then_some(number),
        custom_id: (!by_phone).then(|| contact.to_owned()),
        ..NewPhone::default()
    };
    let made = sim.write(|world| world.add_phone(new)).map_err(|e| e.to_string());
    sim.tell(&json!({"type": "phones"}));
    made
}

async fn content(sim: &Simulator, message: &Value) -> Result<(Content, Vec<Button>), String> {
    let text = |key: &str| {
        message[key]
            .as_str()
            .filter(|t| !t.trim().is_empty())
            .map(str::to_owned)
    };
    match message["type"].as_str() {
        Some("text") => Ok((
            Content::plain(text("text").ok_or("message.text is required.")?),
            Vec::new(),
        )),
        Some("quick_reply") => {
            let title = text("title").ok_or("message.title is required.")?;
            let replies = message["replies"]
                .as_array()
                .filter(|r| !r.is_empty())
                .ok_or("message.replies is required.")?;
            let button = |(row, reply): (usize, &Value)| {
                let title = reply.as_str().unwrap_or_default().to_owned();
                Button {
                    id: title.clone(),
                    title,
                    kind: "quick_reply".to_owned(),
                    row,
                    description: None,
                }
            };
            Ok((Content::plain(title), replies.iter().enumerate().map(button).collect()))
        }
        Some("location") => {
            let number = |key: &str| {
                message[key]
                    .as_f64()
                    .ok_or_else(|| format!("message.{key} must be a number."))
            };
            let (latitude, longitude) = (number("latitude")?, number("longitude")?);
            Ok((
                Content::Location {
                    latitude,
                    longitude,
                    name: None,
                    address: text("address"),
                },
                Vec::new(),
            ))
        }
        Some("attachment") => {
            let attachment = &message["attachment"];
            let kind = match attachment["type"].as_str() {
                Some("image") => MediaKind::Image,
                Some("video") => MediaKind::Video,
                Some("audio") => MediaKind::Audio,
                Some("file") => MediaKind::Document,
                _ => return Err("message.attachment.type must be image, video, audio or file.".to_owned()),
            };
            let url = attachment["url"]
                .as_str()
                .ok_or("message.attachment.url is required.")?;
            let name = attachment["fileName"].as_str().map(str::to_owned);
            let caption = attachment["description"].as_str().map(str::to_owned);
            let unreachable = || "message.attachment.url could not be fetched.".to_owned();
            let response = sim.inner.http.get(url).send().await.map_err(|_| unreachable())?;
            if !response.status().is_success() {
                return Err(unreachable());
            }
            let declared = response
                .headers()
                .get("content-type")
                .and_then(|v| v.to_str().ok())
                .map(str::to_owned);
            let bytes = response.bytes().await.map_err(|_| unreachable())?;
            let mime = attachment["mimeType"].as_str().map(str::to_owned).or(declared);
            let mime = mime.unwrap_or_else(|| media::sniff(&bytes).unwrap_or("application/octet-stream").to_owned());
            let file = sim.store_file(bytes, &mime, name, None);
            Ok((Simulator::media(kind, &file, caption), Vec::new()))
        }
        other => Err(format!(
            "message.type {} is not supported.",
            other.unwrap_or("(missing)")
        )),
    }
}

/// `sent`, `delivered` and `read`, as the knobs say.
async fn play(sim: &Simulator, account: &str, bridge: &BridgeState, phone: &Phone, id: &str) {
    let knobs = sim.knobs(account);
    let pause = std::time::Duration::from_millis(knobs.status_delay_ms);
    if knobs.status_before_answer {
        let status = StatusChange {
            status: "sent".to_owned(),
            at: sim.now(),
            code: None,
            reason: None,
        };
        let body = status_event(sim, bridge, phone, id, &status);
        sim.note_status(account, &phone.id, id, status);
        sim.send_webhook_and_wait(account, &phone.id, body).await;
    }
    let (sim, account, bridge, phone, id) = (
        sim.clone(),
        account.to_owned(),
        bridge.clone(),
        phone.clone(),
        id.to_owned(),
    );
    let inner = sim.inner.clone();
    inner.spawn(async move {
        let steps = [
            (!knobs.status_before_answer, "sent"),
            (knobs.auto_delivered, "delivered"),
            (knobs.auto_delivered && knobs.auto_read, "read"),
        ];
        for (_, name) in steps.iter().filter(|(wanted, _)| *wanted) {
            tokio::time::sleep(pause).await;
            let status = StatusChange {
                status: (*name).to_owned(),
                at: sim.now(),
                code: None,
                reason: None,
            };
            let body = status_event(&sim, &bridge, &phone, &id, &status);
            sim.note_status(&account, &phone.id, &id, status);
            sim.send_webhook(&account, &phone.id, body);
        }
    });
}

/// A status set by hand.
pub fn set_status(sim: &Simulator, account: &str, phone: &Phone, id: &str, status: StatusChange) {
    let Some(bridge) = sim.read(|world| world.bridge(account).cloned()) else {
        return;
    };
    let body = status_event(sim, &bridge, phone, id, &status);
    sim.note_status(account, &phone.id, id, status);
    sim.send_webhook(account, &phone.id, body);
}

fn status_event(sim: &Simulator, bridge: &BridgeState, phone: &Phone, id: &str, status: &StatusChange) -> Value {
    let mut value = json!({"value": status.status});
    if let Some(reason) = &status.reason {
        value["message"] = json!(reason);
    }
    envelope(
        bridge,
        phone,
        json!({"type": "message_status", "mId": id, "timestamp": sim.now(), "status": value}),
    )
}

/// The body with one event.
pub fn envelope(bridge: &BridgeState, phone: &Phone, event: Value) -> Value {
    let contact_id = if bridge.id_type == "phone" {
        format!("+{}", phone.phone)
    } else {
        phone.custom_id.clone()
    };
    let mut contact = json!({
        "firstName": phone.first_name, "lastName": phone.last_name, "profilePic": "", "countryCode": phone.country,
        "phone": format!("+{}", phone.phone), "language": phone.language,
    });
    if let Some(email) = &phone.email {
        contact["email"] = json!(email);
    }
    json!({"channelId": bridge.channel_id, "contactId": contact_id, "events": [event], "contact": contact})
}

/// A message of a customer as an event.
pub fn message_event(sim: &Simulator, message: &Message) -> Value {
    let body = match &message.content {
        Content::Text { text, .. } => json!({"type": "text", "text": text}),
        Content::Location {
            latitude,
            longitude,
            address,
            ..
        } => {
            json!({"type": "location", "latitude": latitude, "longitude": longitude, "address": address})
        }
        Content::Contacts { contacts } => {
            let lines: Vec<String> = contacts
                .iter()
                .map(|c| format!("{} {}", c.name, c.phones.join(", ")))
                .collect();
            json!({"type": "text", "text": lines.join("\n")})
        }
        Content::Media {
            kind, file, mime, name, ..
        } => {
            let kind = match kind {
                MediaKind::Image | MediaKind::Sticker => "image",
                MediaKind::Video | MediaKind::Animation => "video",
                MediaKind::Audio | MediaKind::Voice => "audio",
                MediaKind::Document => "file",
            };
            let name = name
                .clone()
                .unwrap_or_else(|| format!("{kind}.{}", media::extension(mime)));
            let encoded: String = url::form_urlencoded::byte_serialize(name.as_bytes()).collect();
            let url = format!("{}/sim/files/{file}/{}", sim.base_url(), encoded.replace('+', "%20"));
            json!({"type": "attachment", "attachment": {"type": kind, "url": url, "mimeType": mime, "fileName": name}})
        }
    };
    json!({"type": "message", "mId": message.id, "timestamp": message.at, "message": body})
}

/// One request: all events are of one contact.
pub fn request(bridge: &BridgeState, bodies: &[Value]) -> Target {
    let Some(mut body) = bodies.first().cloned() else {
        return Target::Unwanted;
    };
    let events: Vec<Value> = bodies
        .iter()
        .flat_map(|b| b["events"].as_array().cloned().unwrap_or_default())
        .collect();
    body["events"] = json!(events);
    let mut headers = HeaderMap::new();
    if let Ok(value) = HeaderValue::from_str(&format!("Bearer {}", bridge.token)) {
        headers.insert("authorization", value);
    }
    Target::Request(Webhook {
        url: bridge.webhook_url.clone(),
        headers,
        body: body.to_string().into_bytes(),
    })
}
