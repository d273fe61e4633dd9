//! People at the product's doors: browsers, agents with their sockets, answers to read.

use crate::support::DEADLINE;
use futures::{SinkExt, StreamExt};
use reqwest::Method;
use reqwest::header::HeaderMap;
use serde_json::{Value, json};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{Error as WsError, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

/// A browser without a session.
#[derive(Clone)]
pub struct Browser {
    pub http: reqwest::Client,
    pub url: String,
}

/// A browser with a session, in a workspace.
#[derive(Clone)]
pub struct Agent {
    pub browser: Browser,
    pub cookie: String,
    pub workspace: i64,
    pub user: i64,
}

/// What the server answered.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub bytes: Vec<u8>,
}

impl Answer {
    pub async fn of(response: reqwest::Response) -> Self {
        Self {
            status: response.status().as_u16(),
            headers: response.headers().clone(),
            bytes: response.bytes().await.unwrap().to_vec(),
        }
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.bytes).unwrap_or(Value::Null)
    }

    /// The JSON of an answer that must be good.
    #[track_caller]
    pub fn ok(&self) -> Value {
        assert!((200..300).contains(&self.status), "{}: {}", self.status, self.text());
        self.json()
    }

    /// A refusal with this status; returns its code.
    #[track_caller]
    pub fn refused(&self, status: u16) -> String {
        assert_eq!(self.status, status, "{}", self.text());
        self.json()["error"]["code"].as_str().unwrap_or_default().to_owned()
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    }

    /// The session this answer began.
    #[track_caller]
    pub fn signed_in(&self, browser: &Browser) -> Agent {
        let session = self.ok();
        let cookie = self.header("set-cookie").split(';').next().unwrap().to_owned();
        assert!(
            cookie.starts_with("ism_session=") && cookie.len() > 40,
            "{:?}",
            self.headers
        );
        Agent {
            browser: browser.clone(),
            cookie,
            workspace: session["workspaces"][0]["id"].as_i64().unwrap(),
            user: session["user"]["id"].as_i64().unwrap(),
        }
    }
}

impl Browser {
    pub fn new(url: &str) -> Self {
        let http = reqwest::Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(Duration::from_secs(60))
            .build()
            .unwrap();
        Self {
            http,
            url: url.to_owned(),
        }
    }

    /// A request as a page of ours makes it, by path or whole address.
    pub fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        let url = if path.starts_with("http") {
            path.to_owned()
        } else {
            format!("{}{path}", self.url)
        };
        self.http.request(method, url).header("x-ism-client", "web")
    }

    pub async fn get(&self, path: &str) -> Answer {
        send(self.request(Method::GET, path)).await
    }

    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        send(self.request(Method::POST, path).json(body)).await
    }

    pub async fn sign_in(&self, email: &str, password: &str) -> Agent {
        let answer = self
            .post("/api/session", &json!({ "email": email, "password": password }))
            .await;
        answer.signed_in(self)
    }
}

pub async fn send(request: reqwest::RequestBuilder) -> Answer {
    Answer::of(request.send().await.unwrap()).await
}

impl Agent {
    /// A request with the session. A path that is not absolute in the API is one of the workspace.
    pub fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        let path = if path.starts_with("/api/") || path.starts_with("http") {
            path.to_owned()
        } else {
            format!("/api/workspaces/{}{path}", self.workspace)
        };
        self.browser.request(method, &path).header("cookie", &self.cookie)
    }

    pub async fn get(&self, path: &str) -> Answer {
        send(self.request(Method::GET, path)).await
    }

    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        send(self.request(Method::POST, path).json(body)).await
    }

    pub async fn patch(&self, path: &str, body: &Value) -> Answer {
        send(self.request(Method::PATCH, path).json(body)).await
    }

    pub async fn delete(&self, path: &str) -> Answer {
        send(self.request(Method::DELETE, path)).await
    }

    /// Sends a text to a contact, under a client id of its own.
    pub async fn replies(&self, contact: i64, text: &str) -> Value {
        self.says(contact, &client_id(), json!({ "type": "text", "text": text }))
            .await
            .ok()
    }

    /// Sends content to a contact.
    pub async fn says(&self, contact: i64, client_id: &str, content: Value) -> Answer {
        let body = json!({ "client_id": client_id, "content": content });
        self.post(&format!("/contacts/{contact}/messages"), &body).await
    }

    /// Uploads a file; the answer describes it.
    pub async fn uploads(&self, name: &str, mime: &str, bytes: &[u8]) -> Answer {
        send(
            self.request(Method::POST, "/attachments")
                .multipart(file(name, mime, bytes)),
        )
        .await
    }

    /// Opens a socket that holds everything up to `seq`.
    pub async fn socket(&self, seq: i64) -> Socket {
        let mut socket = self.try_socket(&[]).await.unwrap();
        socket.seq = seq;
        socket.say(&json!({ "type": "resume", "seq": seq })).await;
        socket
    }

    /// Opens a socket at the log's head.
    pub async fn live(&self) -> Socket {
        let seq = self.get("").await.ok()["seq"].as_i64().unwrap();
        let mut socket = self.socket(seq).await;
        socket
            .wait("to be caught up", |frame| frame["type"] == "caught_up")
            .await;
        socket
    }

    /// Opens a socket with more headers, without saying anything; a refusal is the HTTP status.
    pub async fn try_socket(&self, headers: &[(&str, &str)]) -> Result<Socket, u16> {
        let path = format!("/realtime?workspace={}", self.workspace);
        let mut all = vec![("cookie", self.cookie.as_str())];
        all.extend(headers);
        Socket::open(&self.browser.url, &path, &all).await
    }
}

/// A multipart body with a file.
pub fn file(name: &str, mime: &str, bytes: &[u8]) -> reqwest::multipart::Form {
    let part = reqwest::multipart::Part::bytes(bytes.to_vec()).file_name(name.to_owned());
    reqwest::multipart::Form::new().part("file", part.mime_str(mime).unwrap())
}

/// An id like those of the web app.
pub fn client_id() -> String {
    static NUMBER: AtomicU64 = AtomicU64::new(1);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    format!("{number:08x}-0000-4000-8000-{:012x}", std::process::id())
}

/// A socket that remembers every frame, and fails when the chain of the log breaks.
pub struct Socket {
    ws: WebSocketStream<MaybeTlsStream<TcpStream>>,
    /// The newest event this client holds.
    pub seq: i64,
    pub frames: Vec<Value>,
    /// The close code, once the server has ended it.
    pub closed: Option<u16>,
}

impl Socket {
    pub async fn open(url: &str, path: &str, headers: &[(&str, &str)]) -> Result<Self, u16> {
        let mut request = format!("{}{path}", url.replacen("http", "ws", 1))
            .into_client_request()
            .unwrap();
        for (name, value) in headers {
            let name: tokio_tungstenite::tungstenite::http::HeaderName = name.parse().unwrap();
            request.headers_mut().insert(name, value.parse().unwrap());
        }
        match tokio_tungstenite::connect_async(request).await {
            Ok((ws, _)) => Ok(Self {
                ws,
                seq: 0,
                frames: Vec::new(),
                closed: None,
            }),
            Err(WsError::Http(response)) => Err(response.status().as_u16()),
            Err(_) => Err(0),
        }
    }

    pub async fn say(&mut self, frame: &Value) {
        self.ws.send(Message::text(frame.to_string())).await.unwrap();
    }

    /// As [`Self::say`], on a connection that may be gone.
    pub async fn try_say(&mut self, frame: &Value) -> bool {
        self.ws.send(Message::text(frame.to_string())).await.is_ok()
    }

    /// The next frame, or nothing when the socket has ended.
    pub async fn next(&mut self) -> Option<Value> {
        loop {
            match self.ws.next().await {
                Some(Ok(Message::Text(text))) => {
                    let frame: Value = serde_json::from_str(&text).unwrap();
                    if frame["type"] == "event" && frame["prev"].is_i64() {
                        assert_eq!(frame["prev"], self.seq, "the chain is broken: {frame}");
                        assert_eq!(frame["seq"], self.seq + 1, "an event is missing: {frame}");
                        self.seq += 1;
                    }
                    if frame["type"] == "reload" && frame["seq"].is_i64() {
                        self.seq = frame["seq"].as_i64().unwrap();
                    }
                    self.frames.push(frame.clone());
                    return Some(frame);
                }
                Some(Ok(Message::Close(frame))) => self.closed = frame.map(|frame| frame.code.into()),
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return None,
            }
        }
    }

    /// The next frame as it came, for those who only follow: neither read nor remembered.
    pub async fn next_text(&mut self) -> Option<String> {
        loop {
            match self.ws.next().await? {
                Ok(Message::Text(text)) => return Some(text.as_str().to_owned()),
                Ok(_) => {}
                Err(_) => return None,
            }
        }
    }

    /// Waits for a frame that came or comes.
    ///
    /// # Panics
    /// When it does not come.
    pub async fn wait(&mut self, what: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        if let Some(known) = self.frames.iter().find(|frame| wanted(frame)) {
            return known.clone();
        }
        let waiting = async {
            while let Some(frame) = self.next().await {
                if wanted(&frame) {
                    return frame;
                }
            }
            panic!("the socket ended ({:?}) before: {what}", self.closed)
        };
        match tokio::time::timeout(DEADLINE, waiting).await {
            Ok(frame) => frame,
            Err(_) => panic!(
                "waited in vain for: {what}; the last frames: {:#?}",
                self.frames.iter().rev().take(5).collect::<Vec<_>>()
            ),
        }
    }

    /// Waits for an event of the log.
    pub async fn event(&mut self, kind: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        self.wait(kind, |frame| frame["event"]["kind"] == kind && wanted(frame))
            .await
    }

    /// Waits for the end; returns the close code.
    pub async fn end(&mut self) -> Option<u16> {
        let waiting = async { while self.next().await.is_some() {} };
        assert!(
            tokio::time::timeout(DEADLINE, waiting).await.is_ok(),
            "the socket stays open"
        );
        self.closed
    }
}
