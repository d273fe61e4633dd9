//! An HTTP peer on this machine that plays a provider: it records every request and answers as told.

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::Response;
use bytes::Bytes;
use serde_json::{Value, json};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use tokio::sync::Semaphore;

/// A request as it came.
#[derive(Debug, Clone)]
pub struct Asked {
    pub method: String,
    pub path: String,
    pub body: Value,
}

impl Asked {
    /// The text of a message, wherever the provider has it.
    #[must_use]
    pub fn text(&self) -> &str {
        ["/message/text", "/text/body", "/text"]
            .into_iter()
            .find_map(|path| self.body.pointer(path).and_then(Value::as_str))
            .unwrap_or_default()
    }

    /// Whether it sends a message to a customer.
    #[must_use]
    pub fn is_send(&self) -> bool {
        let name = self.path.rsplit('/').next().unwrap_or_default();
        name == "message" || name == "messages" || name.starts_with("send")
    }
}

/// What the provider answers.
#[derive(Debug, Clone)]
pub struct Reply {
    status: u16,
    headers: Vec<(&'static str, String)>,
    body: Bytes,
    broken: bool,
    gate: Option<Arc<Semaphore>>,
}

impl Reply {
    /// JSON with a status.
    #[must_use]
    pub fn json(status: u16, body: &Value) -> Self {
        Self::bytes(status, "application/json", body.to_string())
    }

    /// Bytes of a type with a status.
    #[must_use]
    pub fn bytes(status: u16, mime: &str, body: impl Into<Bytes>) -> Self {
        let headers = vec![("content-type", mime.to_owned())];
        Self {
            status,
            headers,
            body: body.into(),
            broken: false,
            gate: None,
        }
    }

    /// With one more header.
    #[must_use]
    pub fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// The connection breaks instead of an answer.
    #[must_use]
    pub fn broken() -> Self {
        Self {
            broken: true,
            ..Self::json(200, &Value::Null)
        }
    }

    /// The answer waits for a permit of the gate.
    #[must_use]
    pub fn held(mut self, gate: &Arc<Semaphore>) -> Self {
        self.gate = Some(gate.clone());
        self
    }
}

type Script = Box<dyn FnMut(&Asked) -> Option<Reply> + Send>;

struct Inner {
    asked: Mutex<Vec<Asked>>,
    script: Mutex<Script>,
    number: AtomicI64,
}

/// See the module's documentation.
#[derive(Clone)]
pub struct FakeProvider {
    inner: Arc<Inner>,
    /// Without a trailing slash.
    pub url: String,
}

impl FakeProvider {
    /// Starts it. It takes everything until told otherwise.
    pub async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let inner = Arc::new(Inner {
            asked: Mutex::default(),
            script: Mutex::new(Box::new(|_| None)),
            number: AtomicI64::new(1_000),
        });
        let router = Router::new().fallback(answer).with_state(inner.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { inner, url }
    }

    /// From now on `script` answers; what it leaves (`None`) is answered as a provider does that takes everything.
    pub fn answers(&self, script: impl FnMut(&Asked) -> Option<Reply> + Send + 'static) {
        *self.inner.script.lock().unwrap() = Box::new(script);
    }

    /// From now on `script` answers sends.
    pub fn answers_sends(&self, mut script: impl FnMut(&Asked) -> Reply + Send + 'static) {
        self.answers(move |asked| asked.is_send().then(|| script(asked)));
    }

    /// Takes everything again.
    pub fn takes_everything(&self) {
        self.answers(|_| None);
    }

    /// Every request so far.
    #[must_use]
    pub fn asked(&self) -> Vec<Asked> {
        self.inner.asked.lock().unwrap().clone()
    }

    /// Every send so far.
    #[must_use]
    pub fn sends(&self) -> Vec<Asked> {
        self.asked().into_iter().filter(Asked::is_send).collect()
    }

    /// The texts of all sends so far.
    #[must_use]
    pub fn sent_texts(&self) -> Vec<String> {
        self.sends().iter().map(|asked| asked.text().to_owned()).collect()
    }
}

async fn answer(State(inner): State<Arc<Inner>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let body = axum::body::to_bytes(body, 64 << 20).await.unwrap_or_default();
    let asked = Asked {
        method: parts.method.to_string(),
        path: parts.uri.path().to_owned(),
        body: serde_json::from_slice(&body).unwrap_or(Value::Null),
    };
    inner.asked.lock().unwrap().push(asked.clone());
    let told = (inner.script.lock().unwrap())(&asked);
    let reply = told.unwrap_or_else(|| willing(&asked, inner.number.fetch_add(1, Ordering::SeqCst)));
    if let Some(gate) = &reply.gate {
        gate.acquire().await.unwrap().forget();
    }
    let mut response = Response::builder().status(reply.status);
    for (name, value) in reply.headers {
        response = response.header(name, value);
    }
    let body = if reply.broken {
        let cut = std::io::Error::other("cut off");
        Body::from_stream(futures::stream::iter([Err::<Bytes, _>(cut)]))
    } else {
        Body::from(reply.body)
    };
    response.body(body).unwrap()
}

/// The answer of a provider that takes everything.
fn willing(asked: &Asked, number: i64) -> Reply {
    let name = asked.path.rsplit('/').next().unwrap_or_default();
    let body = match name {
        "message" => json!({ "mId": format!("m{number}") }),
        "messages" => json!({
            "messaging_product": "whatsapp",
            "contacts": [{ "input": asked.body["to"], "wa_id": asked.body["to"] }],
            "messages": [{ "id": format!("wamid.{number}") }],
        }),
        "getMe" => {
            json!({ "ok": true, "result": { "id": 4711, "is_bot": true, "first_name": "Bot", "username": "test_bot" } })
        }
        name if name.starts_with("send") => {
            json!({ "ok": true, "result": { "message_id": number, "date": 0, "chat": { "id": asked.body["chat_id"] } } })
        }
        _ if asked.path.contains("/bot") => json!({ "ok": true, "result": true }),
        _ => json!({
            "id": "2000", "name": "Business", "success": true, "display_phone_number": "+1 555 0100",
            "verified_name": "Business", "data": [],
        }),
    };
    Reply::json(200, &body)
}
