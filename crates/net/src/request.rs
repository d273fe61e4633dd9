//! What is asked, and what is answered.

use crate::CallError;
use bytes::Bytes;
use reqwest::{
    header::{HeaderMap, HeaderName, HeaderValue},
    multipart,
};
use std::{path::PathBuf, time::Duration};
use tokio::io::AsyncReadExt;
use tokio_util::io::ReaderStream;
use url::Url;

/// HTTP methods in use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    Get,
    Post,
    Put,
    Delete,
}

/// A request to be made. `url` and `headers` may hold secrets, so `Debug` shows only the host.
#[derive(Clone)]
pub struct Request {
    pub method: Method,
    pub url: String,
    pub headers: Vec<(String, String)>,
    pub body: Body,
    /// For the whole exchange, from resolving the name to the last byte of the answer.
    pub timeout: Duration,
    /// Most bytes of an answer to keep in memory, after decompression.
    pub max_response: usize,
}

/// The body of a request.
#[derive(Debug, Clone, Default)]
pub enum Body {
    #[default]
    Empty,
    Bytes {
        content_type: String,
        data: Bytes,
    },
    /// `multipart/form-data`.
    Multipart(Vec<Part>),
}

/// One part of a multipart body.
#[derive(Debug, Clone)]
pub struct Part {
    pub name: String,
    pub file_name: Option<String>,
    pub content_type: Option<String>,
    pub data: PartData,
}

/// The bytes of a part. A file is streamed and must have the length that is promised.
#[derive(Debug, Clone)]
pub enum PartData {
    Bytes(Bytes),
    File { path: PathBuf, len: u64 },
}

/// An HTTP answer, whatever its status.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    pub status: u16,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    pub body: Bytes,
}

impl Request {
    /// A GET with the usual limits: 20 seconds, 1 MiB.
    #[must_use]
    pub fn get(url: impl Into<String>) -> Self {
        Self {
            method: Method::Get,
            url: url.into(),
            headers: Vec::new(),
            body: Body::Empty,
            timeout: Duration::from_secs(20),
            max_response: 1024 * 1024,
        }
    }

    /// A POST of a JSON document, with the usual limits.
    #[must_use]
    pub fn post_json(url: impl Into<String>, json: impl Into<Bytes>) -> Self {
        let body = Body::Bytes {
            content_type: "application/json".to_owned(),
            data: json.into(),
        };
        Self {
            method: Method::Post,
            body,
            ..Self::get(url)
        }
    }
}

impl std::fmt::Debug for Request {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let host = Url::parse(&self.url)
            .ok()
            .and_then(|url| url.host_str().map(str::to_owned));
        f.debug_struct("Request")
            .field("method", &self.method)
            .field("host", &host)
            .finish_non_exhaustive()
    }
}

impl Answer {
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

impl Method {
    pub(crate) const fn wire(self) -> reqwest::Method {
        match self {
            Self::Get => reqwest::Method::GET,
            Self::Post => reqwest::Method::POST,
            Self::Put => reqwest::Method::PUT,
            Self::Delete => reqwest::Method::DELETE,
        }
    }
}

/// Headers as they go over the wire. A header that cannot be written is the caller's mistake, and stays unsent.
pub(crate) fn wire_headers(headers: &[(String, String)]) -> Result<HeaderMap, CallError> {
    let mut map = HeaderMap::with_capacity(headers.len());
    for (name, value) in headers {
        let key = HeaderName::try_from(name.as_str())
            .map_err(|_| CallError::Blocked("a header has a name that HTTP does not allow".to_owned()))?;
        let mut value = HeaderValue::try_from(value.as_str()).map_err(|_| {
            CallError::Blocked(format!(
                "the value of the header {key} has characters that HTTP does not allow"
            ))
        })?;
        // Most of our own headers carry credentials: keep them all out of HTTP/2's compression tables and debug output.
        value.set_sensitive(true);
        map.append(key, value);
    }
    Ok(map)
}

/// Headers as callers read them.
pub(crate) fn read_headers(headers: &HeaderMap) -> Vec<(String, String)> {
    let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    headers
        .iter()
        .map(|(name, value)| (name.as_str().to_owned(), text(value)))
        .collect()
}

impl Body {
    /// Puts the body on the request; opens the files.
    pub(crate) async fn attach(self, request: reqwest::RequestBuilder) -> Result<reqwest::RequestBuilder, CallError> {
        Ok(match self {
            Self::Empty => request,
            Self::Bytes { content_type, data } => {
                request.header(reqwest::header::CONTENT_TYPE, content_type).body(data)
            }
            Self::Multipart(parts) => {
                let mut form = multipart::Form::new();
                for part in parts {
                    let name = part.name.clone();
                    form = form.part(name, part.wire().await?);
                }
                request.multipart(form)
            }
        })
    }
}

impl Part {
    /// A plain form field.
    #[must_use]
    pub fn text(name: impl Into<String>, value: impl Into<String>) -> Self {
        let data = PartData::Bytes(Bytes::from(value.into()));
        Self {
            name: name.into(),
            file_name: None,
            content_type: None,
            data,
        }
    }

    async fn wire(self) -> Result<multipart::Part, CallError> {
        let (body, len) = match self.data {
            PartData::Bytes(bytes) => {
                let len = bytes.len() as u64;
                (reqwest::Body::from(bytes), len)
            }
            PartData::File { path, len } => {
                let unreadable = |_| CallError::NotSent("the file to be sent cannot be read".to_owned());
                let file = tokio::fs::File::open(path).await.map_err(unreadable)?;
                // A body that ends early would break the connection half-way, where nobody knows what was accepted.
                if file.metadata().await.map_err(unreadable)?.len() != len {
                    return Err(CallError::NotSent(
                        "the file to be sent is not as long as recorded".to_owned(),
                    ));
                }
                (
                    reqwest::Body::wrap_stream(ReaderStream::with_capacity(file.take(len), 64 * 1024)),
                    len,
                )
            }
        };
        let mut part = multipart::Part::stream_with_length(body, len);
        if let Some(file_name) = self.file_name {
            part = part.file_name(file_name);
        }
        if let Some(content_type) = self.content_type {
            part = part
                .mime_str(&content_type)
                .map_err(|_| CallError::Blocked("a part has an invalid content type".to_owned()))?;
        }
        Ok(part)
    }
}
