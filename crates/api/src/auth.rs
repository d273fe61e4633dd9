//! Who is asking: cookies, tokens, addresses.

use crate::App;
use crate::body::{NoBody, collect};
use crate::error::ApiError;
use axum::extract::{ConnectInfo, FromRef, FromRequest, FromRequestParts, Path, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, header};
use ism_domain::refusal::RefusalKind;
use ism_domain::{Refusal, WorkspaceId};
use ism_services::Member;
use ism_services::accounts::SignedIn;
use serde::de::DeserializeOwned;
use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};

/// Largest JSON body: 1 MiB.
const BODY: usize = 1024 * 1024;
/// The session cookie.
pub const COOKIE: &str = "ism_session";
/// Every changing request of the web app carries this header: other sites cannot set it without asking first (CORS), which
/// together with `SameSite=Lax` keeps them from acting in a user's name.
const CLIENT_HEADER: &str = "x-ism-client";
/// How long the cookie lives: as long as a session does without use.
const COOKIE_SECONDS: i64 = 30 * 24 * 3600;

/// A signed-in person.
pub struct Me(pub SignedIn);

/// A signed-in person in the workspace of the path.
pub struct In(pub Member);

/// The `id` of the path.
pub struct Id<T>(pub T);

/// The address a request comes from, for rate limits.
pub struct Address(pub String);

/// A JSON body; mistakes in it are told in our own form.
pub struct Body<T>(pub T);

fn unauthorized() -> Refusal {
    Refusal::new(RefusalKind::Unauthorized, "signed_out", "Sign in first.")
}

/// The session token of a request's cookies.
pub fn session_token(headers: &HeaderMap) -> Option<&str> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(name, _)| *name == COOKIE)
        .map(|(_, token)| token)
}

/// A `Set-Cookie` value that keeps, or with an empty token removes, the session.
pub fn cookie(app: &App, token: &str) -> HeaderValue {
    let secure = if app.services.settings.public_url.starts_with("https://") {
        "; Secure"
    } else {
        ""
    };
    let age = if token.is_empty() { 0 } else { COOKIE_SECONDS };
    HeaderValue::from_str(&format!(
        "{COOKIE}={token}; Path=/; HttpOnly; SameSite=Lax; Max-Age={age}{secure}"
    ))
    .unwrap_or(HeaderValue::from_static(""))
}

/// Refuses changing requests that a foreign page could have made a browser send.
pub fn check_origin(method: &Method, headers: &HeaderMap) -> Result<(), Refusal> {
    if matches!(*method, Method::GET | Method::HEAD) {
        return Ok(());
    }
    let foreign = Refusal::new(
        RefusalKind::Forbidden,
        "foreign_request",
        "This request did not come from the web app.",
    );
    if headers.get(CLIENT_HEADER).is_none() || !same_origin(headers) {
        return Err(foreign);
    }
    Ok(())
}

/// Whether a request with an `Origin` comes from a page of ours. Requests without one do not come from a page.
pub fn same_origin(headers: &HeaderMap) -> bool {
    let Some(origin) = headers.get(header::ORIGIN).and_then(|origin| origin.to_str().ok()) else {
        return true;
    };
    let host = headers
        .get(header::HOST)
        .and_then(|host| host.to_str().ok())
        .unwrap_or_default();
    origin
        .split_once("://")
        .is_some_and(|(_, authority)| authority.eq_ignore_ascii_case(host))
}

impl<S> FromRequestParts<S> for Me
where
    App: FromRef<S>,
    S: Send + Sync,
{
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        check_origin(&parts.method, &parts.headers)?;
        let app = App::from_ref(state);
        let token = session_token(&parts.headers).ok_or_else(unauthorized)?;
        let signed_in = app.services.session(token).await?.ok_or_else(unauthorized)?;
        Ok(Self(signed_in))
    }
}

impl<S> FromRequestParts<S> for In
where
    App: FromRef<S>,
    S: Send + Sync,
{
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let Me(signed_in) = Me::from_request_parts(parts, state).await?;
        let Path(path) = Path::<HashMap<String, String>>::from_request_parts(parts, state)
            .await
            .map_err(|_| Refusal::not_found("Workspace"))?;
        let workspace: WorkspaceId = path
            .get("workspace")
            .and_then(|id| id.parse().ok())
            .ok_or_else(|| Refusal::not_found("Workspace"))?;
        let member = App::from_ref(state).services.member(signed_in.user, workspace).await?;
        Ok(Self(member))
    }
}

impl<S, T> FromRequestParts<S> for Id<T>
where
    T: std::str::FromStr,
    S: Send + Sync,
{
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let missing = || {
            ApiError::from(Refusal::new(
                RefusalKind::NotFound,
                "not_found",
                "There is nothing with this id.",
            ))
        };
        let Path(path) = Path::<HashMap<String, String>>::from_request_parts(parts, state)
            .await
            .map_err(|_| missing())?;
        path.get("id")
            .and_then(|id| id.parse().ok())
            .map(Self)
            .ok_or_else(missing)
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Address {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        let peer = parts
            .extensions
            .get::<ConnectInfo<SocketAddr>>()
            .map(|info| info.0.ip());
        Ok(Self(client_address(peer, &parts.headers)))
    }
}

/// The peer's address; behind a proxy on this machine or in a private network, the one it reports.
fn client_address(peer: Option<IpAddr>, headers: &HeaderMap) -> String {
    let behind_proxy = match peer {
        Some(IpAddr::V4(ip)) => ip.is_loopback() || ip.is_private(),
        Some(IpAddr::V6(ip)) => ip.is_loopback() || (ip.segments()[0] & 0xfe00) == 0xfc00,
        None => false,
    };
    // The last entry is the one our own proxy wrote; earlier ones are the client's word.
    let reported = headers
        .get("x-forwarded-for")
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.rsplit(',').next())
        .and_then(|ip| ip.trim().parse::<IpAddr>().ok());
    match (behind_proxy, reported, peer) {
        (true, Some(ip), _) | (_, _, Some(ip)) => ip.to_string(),
        _ => String::new(),
    }
}

impl<S, T> FromRequest<S> for Body<T>
where
    T: DeserializeOwned,
    S: Send + Sync,
{
    type Rejection = ApiError;

    async fn from_request(request: Request, _: &S) -> Result<Self, ApiError> {
        let bytes = read(request).await?;
        parse(&bytes).map(Body).map_err(Into::into)
    }
}

/// Reads a body of ordinary size.
pub async fn read(request: Request) -> Result<bytes::Bytes, Refusal> {
    collect(request, BODY).await.map_err(|missing| match missing {
        NoBody::TooLarge => Refusal::new(RefusalKind::TooLarge, "too_large", "The request is too large."),
        NoBody::TooSlow => Refusal::invalid("too_slow", "The request came too slowly."),
        NoBody::Unreadable => Refusal::invalid("unreadable", "The request could not be read."),
    })
}

/// Reads JSON; an empty body is an empty object.
pub fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Refusal> {
    let bytes = if bytes.is_empty() { b"{}" } else { bytes };
    serde_json::from_slice(bytes)
        .map_err(|error| Refusal::invalid("invalid_json", format!("The request's JSON cannot be used: {error}.")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(name, value)| (name.parse().unwrap(), HeaderValue::from_static(value)))
            .collect()
    }

    #[test]
    fn foreign_pages_cannot_change_anything() {
        let get = Method::GET;
        let post = Method::POST;
        assert!(check_origin(&get, &headers(&[])).is_ok());
        assert!(check_origin(&post, &headers(&[])).is_err());
        assert!(check_origin(&post, &headers(&[("x-ism-client", "web")])).is_ok());
        let own = [
            ("x-ism-client", "web"),
            ("origin", "https://chat.example"),
            ("host", "chat.example"),
        ];
        assert!(check_origin(&post, &headers(&own)).is_ok());
        let foreign = [
            ("x-ism-client", "web"),
            ("origin", "https://evil.example"),
            ("host", "chat.example"),
        ];
        assert!(check_origin(&post, &headers(&foreign)).is_err());
        let null = [("x-ism-client", "web"), ("origin", "null"), ("host", "chat.example")];
        assert!(check_origin(&post, &headers(&null)).is_err());
    }

    #[test]
    fn the_session_is_found_among_other_cookies() {
        let map = headers(&[("cookie", "a=1; ism_session=abc; ism_session2=x")]);
        assert_eq!(session_token(&map), Some("abc"));
        assert_eq!(session_token(&headers(&[("cookie", "ism_session2=x")])), None);
    }

    #[test]
    fn a_proxy_is_believed_only_when_it_is_near() {
        let forwarded = headers(&[("x-forwarded-for", "9.9.9.9, 203.0.113.7")]);
        assert_eq!(client_address("127.0.0.1".parse().ok(), &forwarded), "203.0.113.7");
        assert_eq!(client_address("198.51.100.1".parse().ok(), &forwarded), "198.51.100.1");
        assert_eq!(client_address(None, &forwarded), "");
    }
}
