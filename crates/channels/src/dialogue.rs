//! Outgoing calls as values: an adapter says what to request next and is told how it went.

use bytes::Bytes;
use ism_domain::AttachmentId;
use serde_json::Value;
use std::time::Duration;

/// A state machine that makes zero or more HTTP calls and ends with a `T`.
pub trait Dialogue<T>: Send {
    /// The next step. `last` is `None` at the start, later what became of the call of the previous step.
    fn next(&mut self, last: Option<Call>) -> Step<T>;
}

/// What to do next.
#[derive(Debug)]
pub enum Step<T> {
    /// Make this request and come back with the result.
    Call(Request),
    /// Finished.
    Done(T),
}

/// What became of a request.
#[derive(Debug, Clone)]
pub enum Call {
    /// An answer came, whatever its status.
    Answered(Response),
    /// It certainly did not reach the provider: no connection, refused address, unreadable attachment.
    NotSent(String),
    /// The connection broke or timed out after the request was (or may have been) written.
    Broken(String),
}

/// An HTTP request to be made. Secrets may stand in `url` and `headers`, so it has no `Display`, and its `Debug` hides
/// them.
#[derive(Clone)]
pub struct Request {
    pub method: Method,
    pub url: String,
    pub headers: Vec<(&'static str, String)>,
    pub body: Body,
    pub timeout: Duration,
    /// Most bytes of an answer to read; more is an error.
    pub max_response: usize,
}

/// HTTP methods in use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    Get,
    Post,
    Delete,
}

/// The body of a request.
#[derive(Debug, Clone, PartialEq)]
pub enum Body {
    Empty,
    Json(Value),
    /// `multipart/form-data`.
    Multipart(Vec<Part>),
}

/// One part of a multipart body.
#[derive(Debug, Clone, PartialEq)]
pub struct Part {
    pub name: String,
    pub content: PartContent,
}

/// What a part holds. Files are named, not carried: the shell streams their bytes from storage.
#[derive(Debug, Clone, PartialEq)]
pub enum PartContent {
    Text(String),
    File {
        attachment: AttachmentId,
        file_name: String,
        mime: String,
    },
}

/// An HTTP answer.
#[derive(Debug, Clone)]
pub struct Response {
    pub status: u16,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    pub body: Bytes,
}

impl Request {
    /// Time-out for ordinary provider calls.
    pub const TIMEOUT: Duration = Duration::from_secs(20);
    /// Cap on ordinary answers: 1 MiB.
    pub const MAX_RESPONSE: usize = 1024 * 1024;

    /// A GET.
    #[must_use]
    pub fn get(url: impl Into<String>) -> Self {
        Self::new(Method::Get, url, Body::Empty)
    }

    /// A POST with a JSON body.
    #[must_use]
    pub fn post(url: impl Into<String>, body: Value) -> Self {
        Self::new(Method::Post, url, Body::Json(body))
    }

    /// Any request.
    #[must_use]
    pub fn new(method: Method, url: impl Into<String>, body: Body) -> Self {
        Self {
            method,
            url: url.into(),
            headers: Vec::new(),
            body,
            timeout: Self::TIMEOUT,
            max_response: Self::MAX_RESPONSE,
        }
    }

    /// The same with one more header.
    #[must_use]
    pub fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// The same with `Authorization: Bearer …`.
    #[must_use]
    pub fn bearer(self, token: &str) -> Self {
        self.header("authorization", format!("Bearer {token}"))
    }
}

impl std::fmt::Debug for Request {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let host = url::Url::parse(&self.url)
            .ok()
            .and_then(|url| url.host_str().map(str::to_owned));
        f.debug_struct("Request")
            .field("method", &self.method)
            .field("host", &host)
            .finish_non_exhaustive()
    }
}

impl Response {
    /// The body as JSON, if it is.
    #[must_use]
    pub fn json(&self) -> Option<Value> {
        serde_json::from_slice(&self.body).ok()
    }

    /// A header, by its lower-case name.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }

    /// Whether the status is 2xx.
    #[must_use]
    pub const fn is_success(&self) -> bool {
        self.status >= 200 && self.status < 300
    }
}

/// A dialogue that needs no call at all.
pub struct Immediate<T>(Option<T>);

impl<T> Immediate<T> {
    /// Ends at once with `value`.
    pub const fn new(value: T) -> Self {
        Self(Some(value))
    }
}

impl<T: Send> Dialogue<T> for Immediate<T> {
    fn next(&mut self, _last: Option<Call>) -> Step<T> {
        Step::Done(self.0.take().expect("a dialogue is not continued after its end"))
    }
}
