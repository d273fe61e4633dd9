//! The parsers of this crate, for the fuzz targets in `fuzz/`.

use crate::developer::{Identifier, page};
use axum::body::Body;
use axum::extract::multipart::Multipart;
use axum::extract::{FromRequest, Request};
use axum::http::{HeaderMap, HeaderValue, header};

/// How a program names a contact.
#[must_use]
pub fn identifier(text: &str) -> bool {
    text.parse::<Identifier>().is_ok()
}

/// A program's page and cursor; their limits hold for whatever is asked.
#[must_use]
pub fn page_is_within_limits(query: &str) -> bool {
    page(Some(query), 10).is_ok_and(|page| (1..=100).contains(&page.limit))
}

/// A frame of the web app's socket.
#[must_use]
pub fn realtime_frame(text: &str) -> bool {
    crate::realtime::understands(text)
}

/// A frame of a visitor's socket.
#[must_use]
pub fn widget_frame(text: &str) -> bool {
    crate::widget::socket::understands(text)
}

/// The session of a cookie header.
#[must_use]
pub fn session_token(cookie: &[u8]) -> Option<String> {
    let mut headers = HeaderMap::new();
    headers.insert(header::COOKIE, HeaderValue::from_bytes(cookie).ok()?);
    crate::auth::session_token(&headers).map(str::to_owned)
}

/// Reads a whole multipart body; returns how many bytes its parts have.
pub async fn multipart(content_type: &str, body: Vec<u8>) -> Option<usize> {
    let request = Request::builder()
        .header(header::CONTENT_TYPE, content_type)
        .body(Body::from(body))
        .ok()?;
    let mut parts = Multipart::from_request(request, &()).await.ok()?;
    let mut total = 0;
    while let Ok(Some(mut part)) = parts.next_field().await {
        total += part.name().map_or(0, str::len) + part.file_name().map_or(0, str::len);
        while let Ok(Some(chunk)) = part.chunk().await {
            total += chunk.len();
        }
    }
    Some(total)
}
