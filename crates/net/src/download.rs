//! Downloads: streamed to a sink, bounded, hashed on the way.

use crate::{
    Body, CallError, Client, Method, Request,
    request::{read_headers, wire_headers},
    target,
};
use bytes::{Bytes, BytesMut};
use reqwest::header::{self, HeaderMap};
use sha2::{Digest, Sha256};
use std::time::Duration;
use tokio::{
    io::{AsyncWrite, AsyncWriteExt},
    time::Instant,
};
use url::Url;

/// Redirects followed before giving up.
const MAX_REDIRECTS: usize = 3;

/// What came of a download.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Downloaded {
    pub status: u16,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    /// Bytes written to the sink; none unless the status is 2xx.
    pub len: u64,
    /// Of the bytes written.
    pub sha256: [u8; 32],
    /// With any other status: the beginning of the answer, at most the request's `max_response`.
    pub refusal: Bytes,
}

impl Downloaded {
    /// Whether the status is 2xx, so that the sink holds the file.
    #[must_use]
    pub const fn is_success(&self) -> bool {
        self.status >= 200 && self.status < 300
    }
}

impl Client {
    /// Streams an answer into `sink`, at most `limit` bytes after decompression. A GET follows up to three redirects;
    /// each hop is judged like a new request, and one that leaves the origin goes without credentials.
    ///
    /// # Errors
    /// See [`CallError`]. The sink may then hold a part of the file.
    pub async fn download<S: AsyncWrite + Unpin>(
        &self,
        request: Request,
        sink: &mut S,
        limit: u64,
    ) -> Result<Downloaded, CallError> {
        let timeout = request.timeout;
        let whole = async {
            let max_refusal = request.max_response;
            let response = self.follow(request).await?;
            let status = response.status();
            let headers = read_headers(response.headers());
            let (len, sha256, refusal) = if status.is_success() {
                let (len, sha256) = store(response, sink, limit).await?;
                (len, sha256, Bytes::new())
            } else {
                (
                    0,
                    Sha256::digest(b"").into(),
                    read_beginning(response, max_refusal).await?,
                )
            };
            Ok(Downloaded {
                status: status.as_u16(),
                headers,
                len,
                sha256,
                refusal,
            })
        };
        // The request's own time-out also covers this; here it bounds a slow sink and the sum of all hops.
        tokio::time::timeout(timeout, whole)
            .await
            .unwrap_or_else(|_| Err(CallError::Broken("it took too long".to_owned())))
    }

    async fn follow(&self, request: Request) -> Result<reqwest::Response, CallError> {
        let deadline = Instant::now() + request.timeout;
        let mut url = target::parse(&request.url)?;
        let mut headers = wire_headers(&request.headers)?;
        let follows = request.method == Method::Get && matches!(request.body, Body::Empty);
        let mut body = request.body;
        for _ in 0..=MAX_REDIRECTS {
            let left = deadline
                .saturating_duration_since(Instant::now())
                .max(Duration::from_millis(1));
            let sent = self.send(
                request.method,
                url.clone(),
                headers.clone(),
                std::mem::take(&mut body),
                left,
            );
            let response = sent.await?;
            let Some(next) = redirect(&url, &response).filter(|_| follows) else {
                return Ok(response);
            };
            let next = target::parse(&next)?;
            if next.origin() != url.origin() {
                headers = without_credentials(headers);
            }
            url = next;
        }
        Err(CallError::blocked("it redirects too many times"))
    }
}

/// Where a redirect leads, as an absolute URL.
fn redirect(from: &Url, response: &reqwest::Response) -> Option<String> {
    if !matches!(response.status().as_u16(), 301 | 302 | 303 | 307 | 308) {
        return None;
    }
    let location = response.headers().get(header::LOCATION)?.to_str().ok()?;
    from.join(location).ok().map(String::from)
}

/// Keys travel in headers of many names, so only those known to be harmless go to another origin.
fn without_credentials(headers: HeaderMap) -> HeaderMap {
    let harmless = [
        header::ACCEPT,
        header::ACCEPT_LANGUAGE,
        header::RANGE,
        header::USER_AGENT,
    ];
    let mut kept = HeaderMap::new();
    for name in harmless {
        if let Some(value) = headers.get(&name) {
            kept.insert(name, value.clone());
        }
    }
    kept
}

async fn store<S: AsyncWrite + Unpin>(
    mut response: reqwest::Response,
    sink: &mut S,
    limit: u64,
) -> Result<(u64, [u8; 32]), CallError> {
    if response.content_length().is_some_and(|len| len > limit) {
        return Err(CallError::TooLarge);
    }
    let unwritable = |error: std::io::Error| CallError::Broken(format!("the file could not be stored: {error}"));
    let mut len = 0;
    let mut hash = Sha256::new();
    while let Some(chunk) = response.chunk().await.map_err(CallError::of)? {
        len += chunk.len() as u64;
        if len > limit {
            return Err(CallError::TooLarge);
        }
        hash.update(&chunk);
        sink.write_all(&chunk).await.map_err(unwritable)?;
    }
    sink.flush().await.map_err(unwritable)?;
    Ok((len, hash.finalize().into()))
}

async fn read_beginning(mut response: reqwest::Response, limit: usize) -> Result<Bytes, CallError> {
    let mut body = BytesMut::new();
    while body.len() < limit {
        let Some(chunk) = response.chunk().await.map_err(CallError::of)? else {
            break;
        };
        body.extend_from_slice(&chunk[..chunk.len().min(limit - body.len())]);
    }
    Ok(body.freeze())
}
