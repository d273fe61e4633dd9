//! The control API: the handle over HTTP, for tests in other languages and for the phone page.

use std::convert::Infallible;
use std::sync::Arc;

use axum::Json;
use axum::Router;
use axum::body::Body;
use axum::extract::{DefaultBodyLimit, Path, Query, Request, State};
use axum::http::{HeaderMap, Response, StatusCode, header};
use axum::middleware::{Next, from_fn};
use axum::response::IntoResponse;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::routing::{delete, get, post, put};
use bytes::Bytes;
use futures::Stream;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::broadcast::error::RecvError;

use crate::http::LARGEST;
use crate::setup::{Bot, Bridge, NewPhone, WhatsappAccount};
use crate::simulator::Simulator;
use crate::world::{Chat, Message, Phone, StatusChange, WINDOW_MS};
use crate::write::Write;
use crate::{Error, Result, custom, media, whatsapp};

/// `GET /sim/api`.
const GUIDE: &str = include_str!("page/control.txt");

pub fn routes() -> Router<Simulator> {
    Router::new()
        .route("/sim/api", get(|| async { GUIDE }))
        .route("/sim/api/accounts", get(accounts))
        .route("/sim/api/accounts/{account}", delete(remove_account))
        .route("/sim/api/accounts/{account}/knobs", get(knobs).put(set_knobs))
        .route("/sim/api/accounts/{account}/counters", get(counters))
        .route("/sim/api/telegram/bots", post(add_bot))
        .route("/sim/api/whatsapp/accounts", get(whatsapp_accounts).post(add_whatsapp))
        .route("/sim/api/custom/bridges", get(bridges).post(add_bridge))
        .route("/sim/api/phones", get(phones).post(add_phone))
        .route("/sim/api/chats/{account}", get(chats))
        .route("/sim/api/chats/{account}/{phone}", get(chat))
        .route("/sim/api/chats/{account}/{phone}/messages", get(messages))
        .route("/sim/api/chats/{account}/{phone}/write", post(write))
        .route("/sim/api/chats/{account}/{phone}/window", put(window))
        .route("/sim/api/chats/{account}/{phone}/read", post(read_all))
        .route(
            "/sim/api/chats/{account}/{phone}/messages/{message}/status",
            post(status),
        )
        .route("/sim/api/files", post(add_file))
        .route("/sim/api/counters", get(all_counters))
        .route("/sim/api/log", get(log))
        .route("/sim/api/events", get(events))
        .route("/sim/api/reset", post(reset))
        .route("/sim/files/{id}/{name}", get(file))
        .layer(DefaultBodyLimit::max(LARGEST))
        .layer(from_fn(own_pages_only))
}

/// A page of another site must not turn the knobs of a simulator on the developer's machine.
async fn own_pages_only(request: Request, next: Next) -> Response<Body> {
    if foreign(request.headers()) {
        let text = "Only the simulator's own page may do this from a browser.";
        return (StatusCode::FORBIDDEN, Json(json!({"error": {"message": text}}))).into_response();
    }
    next.run(request).await
}

fn foreign(headers: &HeaderMap) -> bool {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let origin = text(header::ORIGIN).map(|origin| origin.split_once("://").map_or(origin, |(_, host)| host));
    origin.is_some_and(|origin| text(header::HOST) != Some(origin))
}

impl IntoResponse for Error {
    fn into_response(self) -> Response<Body> {
        let status = match &self {
            Self::Refused(_) => StatusCode::BAD_REQUEST,
            Self::NotFound(_) => StatusCode::NOT_FOUND,
            Self::Late { .. } => StatusCode::REQUEST_TIMEOUT,
            _ => StatusCode::INTERNAL_SERVER_ERROR,
        };
        (status, Json(json!({"error": {"message": self.to_string()}}))).into_response()
    }
}

fn no_account(key: &str) -> Error {
    Error::NotFound(format!("There is no account {key}; see GET /sim/api/accounts."))
}

async fn accounts(State(sim): State<Simulator>) -> Json<Value> {
    let accounts: Vec<Value> = sim.accounts().await.iter().map(|a| a.public()).collect();
    Json(json!({"accounts": accounts}))
}

async fn of_kind(sim: &Simulator, kind: &str) -> Json<Value> {
    let all = sim.accounts().await;
    Json(json!({"accounts": all.iter().map(|a| a.public()).filter(|a| a["provider"] == kind).collect::<Vec<_>>()}))
}

async fn whatsapp_accounts(State(sim): State<Simulator>) -> Json<Value> {
    of_kind(&sim, "whatsapp").await
}

async fn bridges(State(sim): State<Simulator>) -> Json<Value> {
    of_kind(&sim, "custom").await
}

async fn remove_account(State(sim): State<Simulator>, Path(key): Path<String>) -> Result<Json<Value>> {
    if sim.remove_account(&key).await {
        Ok(Json(json!({"removed": key})))
    } else {
        Err(no_account(&key))
    }
}

async fn add_bot(State(sim): State<Simulator>, Json(bot): Json<Bot>) -> Result<Json<Value>> {
    Ok(Json(json!({"key": sim.register_bot(bot).await?})))
}

async fn add_whatsapp(State(sim): State<Simulator>, Json(account): Json<WhatsappAccount>) -> Result<Json<Value>> {
    Ok(Json(json!({"key": sim.register_whatsapp(account).await?})))
}

async fn add_bridge(State(sim): State<Simulator>, Json(bridge): Json<Bridge>) -> Result<Json<Value>> {
    Ok(Json(json!({"key": sim.register_bridge(bridge).await?})))
}

async fn phones(State(sim): State<Simulator>) -> Json<Value> {
    Json(json!({"phones": sim.phones().await}))
}

async fn add_phone(State(sim): State<Simulator>, Json(phone): Json<NewPhone>) -> Result<Json<Phone>> {
    Ok(Json(sim.add_phone(phone).await?))
}

async fn knobs(State(sim): State<Simulator>, Path(key): Path<String>) -> Result<Json<Value>> {
    sim.kind_of(&key).ok_or_else(|| no_account(&key))?;
    Ok(Json(json!(sim.knobs(&key))))
}

/// Lays the given fields over the current ones.
async fn set_knobs(
    State(sim): State<Simulator>,
    Path(key): Path<String>,
    Json(change): Json<Value>,
) -> Result<Json<Value>> {
    sim.kind_of(&key).ok_or_else(|| no_account(&key))?;
    let mut merged = json!(sim.knobs(&key));
    let (Some(merged_fields), Value::Object(change)) = (merged.as_object_mut(), change) else {
        return Err(Error::Refused("Give an object with the knobs to change.".to_owned()));
    };
    merged_fields.extend(change);
    let knobs: crate::Knobs =
        serde_json::from_value(merged).map_err(|e| Error::Refused(format!("These knobs make no sense: {e}.")))?;
    if !(0.0..=1.0).contains(&knobs.duplicate_rate) {
        return Err(Error::Refused("duplicate_rate is between 0 and 1.".to_owned()));
    }
    let knobs = sim.set_knobs(&key, |current| *current = knobs).await?;
    Ok(Json(json!(knobs)))
}

async fn counters(State(sim): State<Simulator>, Path(key): Path<String>) -> Result<Json<Value>> {
    let counters = sim.counters(&key).await?;
    Ok(Json(
        json!({"counters": counters, "pending_webhooks": sim.pending_webhooks(&key).await}),
    ))
}

async fn all_counters(State(sim): State<Simulator>) -> Json<Value> {
    let mut all = serde_json::Map::new();
    for account in sim.accounts().await {
        let pending = sim.pending_webhooks(&account.key).await;
        all.insert(
            account.key,
            json!({"counters": account.counters, "pending_webhooks": pending}),
        );
    }
    Json(json!({"accounts": all}))
}

/// A chat without its messages.
fn summary(chat: &Chat, now: i64) -> Value {
    json!({
        "account": chat.account, "phone": chat.phone, "started": chat.started, "blocked": chat.blocked,
        "last_inbound_at": chat.last_inbound_at, "window_open": chat.window_open(now), "typing_until": chat.typing_until,
        "keyboard": chat.keyboard, "messages": chat.messages.len(), "last_message": chat.messages.back(),
    })
}

async fn chats(State(sim): State<Simulator>, Path(account): Path<String>) -> Result<Json<Value>> {
    sim.kind_of(&account).ok_or_else(|| no_account(&account))?;
    let now = sim.now();
    let chats = sim.read(|world| {
        world
            .chats
            .get(&account)
            .into_iter()
            .flat_map(|chats| chats.values())
            .map(|chat| summary(chat, now))
            .collect::<Vec<_>>()
    });
    Ok(Json(json!({"chats": chats})))
}

/// An empty chat for two that never talked, so that the page can open it.
async fn chat(State(sim): State<Simulator>, Path((account, phone)): Path<(String, String)>) -> Result<Json<Value>> {
    find(&sim, &account, &phone)?;
    let now = sim.now();
    let chat = sim.chat(&account, &phone).await.unwrap_or_else(|| Chat {
        account,
        phone,
        ..Chat::default()
    });
    let mut answer = summary(&chat, now);
    answer["messages"] = json!(chat.messages);
    Ok(Json(answer))
}

fn find(sim: &Simulator, account: &str, phone: &str) -> Result<Phone> {
    sim.kind_of(account).ok_or_else(|| no_account(account))?;
    sim.read(|world| world.phones.get(phone).cloned())
        .ok_or_else(|| Error::NotFound(format!("There is no phone {phone}; see GET /sim/api/phones.")))
}

#[derive(Deserialize)]
struct Since {
    /// Only messages after this `seq`.
    since: Option<u64>,
}

async fn messages(
    State(sim): State<Simulator>,
    Path((account, phone)): Path<(String, String)>,
    Query(query): Query<Since>,
) -> Result<Json<Value>> {
    find(&sim, &account, &phone)?;
    let since = query.since.unwrap_or_default();
    let messages: Vec<Message> = sim
        .messages(&account, &phone)
        .await
        .into_iter()
        .filter(|m| m.seq > since)
        .collect();
    Ok(Json(json!({"messages": messages})))
}

async fn write(
    State(sim): State<Simulator>,
    Path((account, phone)): Path<(String, String)>,
    Json(write): Json<Value>,
) -> Result<Json<Value>> {
    let several = match write {
        Value::Array(list) => list,
        one => vec![one],
    };
    let mut messages = Vec::new();
    for one in several {
        let write: Write = serde_json::from_value(one)
            .map_err(|e| Error::Refused(format!("This is nothing a customer can do: {e}. See GET /sim/api.")))?;
        messages.extend(sim.customer_writes(&account, &phone, write).await?);
    }
    Ok(Json(json!({"messages": messages})))
}

#[derive(Deserialize)]
struct Window {
    open: bool,
}

async fn window(
    State(sim): State<Simulator>,
    Path((account, phone)): Path<(String, String)>,
    Json(window): Json<Window>,
) -> Result<Json<Value>> {
    find(&sim, &account, &phone)?;
    sim.set_window(&account, &phone, window.open).await;
    Ok(Json(json!({"window_open": window.open})))
}

#[derive(Deserialize)]
struct Status {
    status: String,
    #[serde(default)]
    code: Option<i64>,
    #[serde(default)]
    reason: Option<String>,
}

async fn status(
    State(sim): State<Simulator>,
    Path((account, phone, message)): Path<(String, String, String)>,
    Json(status): Json<Status>,
) -> Result<Json<Value>> {
    sim.set_status(&account, &phone, &message, &status.status, status.code, status.reason)
        .await?;
    Ok(Json(json!({"status": status.status})))
}

async fn read_all(State(sim): State<Simulator>, Path((account, phone)): Path<(String, String)>) -> Result<Json<Value>> {
    let read = sim.customer_reads(&account, &phone).await?;
    Ok(Json(json!({"read": read})))
}

impl Simulator {
    /// Opens WhatsApp's 24-hour window of a chat, or closes it as if the last message were a day old.
    pub async fn set_window(&self, account: &str, phone: &str, open: bool) {
        let now = self.now();
        self.write(|world| {
            let at = if open { now } else { now - WINDOW_MS - 60_000 };
            world.chat_mut(account, phone).last_inbound_at = Some(at);
        });
        self.tell_chat(account, phone);
    }

    /// Gives a message of the business a status by hand and sends the webhook. Telegram has none.
    pub async fn set_status(
        &self,
        account: &str,
        phone: &str,
        message: &str,
        status: &str,
        code: Option<i64>,
        reason: Option<String>,
    ) -> Result<()> {
        let person = find(self, account, phone)?;
        if !["sent", "delivered", "read", "played", "failed"].contains(&status) {
            return Err(Error::Refused(
                "A status is sent, delivered, read, played or failed.".to_owned(),
            ));
        }
        let found = self.read(|world| world.chat(account, phone).and_then(|c| c.message(message)).cloned());
        let Some(found) = found.filter(|m| m.from == crate::world::Side::Business) else {
            return Err(Error::NotFound(
                "There is no such message of the business in this chat.".to_owned(),
            ));
        };
        let failed = status == "failed";
        let change = StatusChange {
            status: status.to_owned(),
            at: self.now(),
            code: failed.then(|| code.unwrap_or(131_000)),
            reason,
        };
        match self.kind_of(account) {
            Some("whatsapp") => whatsapp::set_status(self, account, &person, &found, change),
            Some("custom") => custom::set_status(self, account, &person, message, change),
            _ => return Err(Error::Refused("Telegram tells bots nothing about delivery.".to_owned())),
        }
        Ok(())
    }

    /// The customer looks at the chat: everything delivered becomes read. Returns how many messages that were.
    pub async fn customer_reads(&self, account: &str, phone: &str) -> Result<usize> {
        find(self, account, phone)?;
        let unread: Vec<String> = self.read(|world| {
            let chat = world.chat(account, phone);
            let unread = |m: &&Message| !matches!(m.status(), Some("read" | "played" | "failed") | None);
            chat.into_iter()
                .flat_map(|c| c.received())
                .filter(unread)
                .map(|m| m.id.clone())
                .collect()
        });
        for id in &unread {
            self.set_status(account, phone, id, "read", None, None).await?;
        }
        Ok(unread.len())
    }
}

#[derive(Deserialize)]
struct FileName {
    name: Option<String>,
}

async fn add_file(
    State(sim): State<Simulator>,
    Query(query): Query<FileName>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Json<Value>> {
    if body.is_empty() {
        return Err(Error::Refused("The file is empty.".to_owned()));
    }
    let said = headers
        .get(header::CONTENT_TYPE)
        .and_then(|v| v.to_str().ok())
        .filter(|m| *m != "application/octet-stream");
    let mime = said
        .map(str::to_owned)
        .unwrap_or_else(|| media::sniff(&body).unwrap_or("application/octet-stream").to_owned());
    let file = sim.store_file(body, &mime, query.name, None);
    Ok(Json(json!({"file": file.id, "mime": file.mime, "size": file.size})))
}

/// Files for the page and for custom channels. Only harmless kinds are shown in place.
async fn file(State(sim): State<Simulator>, Path((id, _name)): Path<(String, String)>) -> Response<Body> {
    let Some(file) = sim.read(|world| world.files.get(&id).cloned()) else {
        return Error::NotFound("There is no such file any more.".to_owned()).into_response();
    };
    let bare = file.mime.split(';').next().unwrap_or_default().trim().to_owned();
    let shown = matches!(bare.split('/').next(), Some("image" | "video" | "audio")) && bare != "image/svg+xml";
    let mut response = Response::new(Body::from(file.bytes));
    let headers = response.headers_mut();
    let kind = if shown || bare == "application/pdf" {
        bare.as_str()
    } else {
        "application/octet-stream"
    };
    for (name, value) in [
        (header::CONTENT_TYPE, kind),
        (header::CONTENT_DISPOSITION, if shown { "inline" } else { "attachment" }),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::CONTENT_SECURITY_POLICY, "sandbox; default-src 'none'"),
    ] {
        if let Ok(value) = header::HeaderValue::from_str(value) {
            headers.insert(name, value);
        }
    }
    response
}

async fn log(State(sim): State<Simulator>) -> Json<Value> {
    Json(json!({"entries": sim.logged()}))
}

async fn reset(State(sim): State<Simulator>) -> Json<Value> {
    sim.reset().await;
    Json(json!({"reset": true}))
}

/// Everything that happens, as it happens. A page that was too slow is told to load afresh.
async fn events(State(sim): State<Simulator>) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let receiver = sim.subscribe();
    let stream = futures::stream::unfold((sim, receiver), |(sim, mut receiver)| async move {
        let text: Arc<str> = tokio::select! {
            () = sim.closed() => return None,
            received = receiver.recv() => match received {
                Ok(text) => text,
                Err(RecvError::Lagged(_)) => Arc::from(r#"{"type":"resync"}"#),
                Err(RecvError::Closed) => return None,
            },
        };
        Some((Ok(Event::default().data(&*text)), (sim, receiver)))
    });
    Sse::new(stream).keep_alive(KeepAlive::default())
}
