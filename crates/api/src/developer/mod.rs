//! The Developer API, version 2: contacts, messages and conversations for other programs.
//!
//! Errors have the form `{"code":404,"message":"…"}`; timestamps are seconds; lists page by `cursorId`.

mod contacts;
mod conversations;
mod messages;

use crate::App;
use crate::error::ApiError;
use axum::extract::{FromRef, FromRequestParts, MatchedPath, Request};
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware;
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get, post};
use axum::{Json, Router};
use governor::clock::{Clock, DefaultClock};
use ism_domain::contact::Contact;
use ism_domain::event::{Actor, ActorKind};
use ism_domain::refusal::RefusalKind;
use ism_domain::{ContactId, Refusal, WorkspaceId, phone};
use ism_services::Error;
use ism_store::Tx;
use ism_store::tables::contacts as table;
use serde_json::json;

pub fn router() -> Router<App> {
    Router::new()
        .route("/v2/contact/list", post(contacts::list))
        .route("/v2/contact/{identifier}", get(contacts::show))
        .route("/v2/contact/{identifier}/message", post(messages::send))
        .route("/v2/contact/{identifier}/message/list", get(messages::list))
        .route("/v2/contact/{identifier}/message/{message}", get(messages::show))
        .route(
            "/v2/contact/{identifier}/conversation/assignee",
            post(conversations::assign),
        )
        .route(
            "/v2/contact/{identifier}/conversation/status",
            post(conversations::status),
        )
        .route("/v2/{*path}", any(nowhere))
        .layer(middleware::map_response(only_json))
}

/// Programs read JSON, also where there is nothing.
async fn nowhere() -> ProgramError {
    Refusal::new(RefusalKind::NotFound, "not_found", "There is nothing at this address.").into()
}

/// A program with a token.
pub struct Program {
    pub workspace: WorkspaceId,
    pub actor: Actor,
    limit: u32,
    remaining: u32,
}

impl Program {
    /// An answer with the headers that every answer carries.
    pub fn answer(&self, body: &serde_json::Value) -> Response {
        let mut response = Json(body).into_response();
        let headers = response.headers_mut();
        headers.insert("x-ratelimit-limit", self.limit.into());
        headers.insert("x-ratelimit-remaining", self.remaining.into());
        response
    }
}

/// What a program is told when it cannot have what it asked for.
pub struct ProgramError {
    status: StatusCode,
    message: String,
    retry_after: Option<u64>,
}

/// The result of a handler of this API.
pub type ProgramResult = Result<Response, ProgramError>;

impl From<Refusal> for ProgramError {
    fn from(refusal: Refusal) -> Self {
        let status = ApiError::from(refusal.clone()).status();
        Self {
            status,
            message: refusal.to_string(),
            retry_after: None,
        }
    }
}

impl From<Error> for ProgramError {
    fn from(error: Error) -> Self {
        if let Some(refusal) = error.refusal() {
            let retry_after = (refusal.kind == RefusalKind::Busy).then_some(2);
            return Self {
                retry_after,
                ..refusal.into()
            };
        }
        tracing::error!(%error, "a request of the Developer API failed");
        Self {
            status: StatusCode::INTERNAL_SERVER_ERROR,
            message: "Something went wrong on our side.".to_owned(),
            retry_after: None,
        }
    }
}

impl From<ism_store::Error> for ProgramError {
    fn from(error: ism_store::Error) -> Self {
        Error::from(error).into()
    }
}

impl IntoResponse for ProgramError {
    fn into_response(self) -> Response {
        let body = json!({ "code": self.status.as_u16(), "message": self.message });
        let mut response = (self.status, Json(body)).into_response();
        if let Some(seconds) = self.retry_after {
            response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
        }
        response
    }
}

/// Gives errors of the framework (unknown method, oversized body) the same form.
async fn only_json(response: Response) -> Response {
    let status = response.status();
    let json = response
        .headers()
        .get(header::CONTENT_TYPE)
        .is_some_and(|kind| kind.as_bytes().starts_with(b"application/json"));
    if status.is_success() || json {
        return response;
    }
    let message = status
        .canonical_reason()
        .unwrap_or("The request cannot be used.")
        .to_owned();
    ProgramError {
        status,
        message,
        retry_after: None,
    }
    .into_response()
}

impl<S> FromRequestParts<S> for Program
where
    App: FromRef<S>,
    S: Send + Sync,
{
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Response> {
        let app = App::from_ref(state);
        let unauthorized = || ProgramError {
            status: StatusCode::UNAUTHORIZED,
            message: "UN_AUTHORIZED".to_owned(),
            retry_after: None,
        };
        let token = parts
            .headers
            .get(header::AUTHORIZATION)
            .and_then(|value| value.to_str().ok())
            .and_then(|value| value.strip_prefix("Bearer "))
            .ok_or_else(|| unauthorized().into_response())?;
        let known = app
            .services
            .api_token(token.trim())
            .await
            .map_err(|error| ProgramError::from(error).into_response())?;
        let (workspace, id) = known.ok_or_else(|| unauthorized().into_response())?;
        let route = parts.extensions.get::<MatchedPath>().map_or("", MatchedPath::as_str);
        let key = (workspace.0, format!("{} {route}", parts.method));
        let limit = crate::API_RATE;
        if let Err(later) = app.api_limits.check_key(&key) {
            let wait = later.wait_time_from(DefaultClock::default().now()).as_secs().max(1);
            let mut response = ProgramError {
                status: StatusCode::TOO_MANY_REQUESTS,
                message: "Too many requests".to_owned(),
                retry_after: Some(wait),
            }
            .into_response();
            response.headers_mut().insert("x-ratelimit-limit", limit.into());
            response
                .headers_mut()
                .insert("x-ratelimit-remaining", HeaderValue::from_static("0"));
            return Err(response);
        }
        let actor = Actor {
            kind: ActorKind::Api,
            id: Some(id.0),
        };
        Ok(Self {
            workspace,
            actor,
            limit,
            remaining: limit.saturating_sub(1),
        })
    }
}

/// How a path names a contact: `id:`, `email:` or `phone:`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Identifier {
    Id(ContactId),
    Email(String),
    Phone(String),
}

impl std::str::FromStr for Identifier {
    type Err = Refusal;

    fn from_str(text: &str) -> Result<Self, Refusal> {
        let wrong = || {
            Refusal::invalid(
                "invalid_identifier",
                "Name the contact as id:123, email:a@b.c or phone:+60123456789.",
            )
        };
        let (kind, value) = text.split_once(':').ok_or_else(wrong)?;
        let value = value.trim();
        match kind.to_ascii_lowercase().as_str() {
            "id" => value.parse().map(Self::Id).map_err(|_| wrong()),
            "email" => ism_domain::contact::check_email(value)
                .map(Self::Email)
                .map_err(|_| wrong()),
            "phone" => {
                let digits = value.trim_start_matches('+');
                phone::normalise(&format!("+{digits}"))
                    .map(Self::Phone)
                    .ok_or_else(wrong)
            }
            _ => Err(wrong()),
        }
    }
}

/// The contact of an identifier.
pub fn find(tx: &mut Tx<'_>, identifier: &Identifier) -> Result<Contact, Error> {
    let workspace = tx.workspace();
    let found = match identifier {
        Identifier::Id(id) => table::get(tx, workspace, *id)?,
        Identifier::Email(email) => table::by_email(tx, workspace, email)?,
        Identifier::Phone(phone) => table::by_phone(tx, workspace, phone)?,
    };
    found.ok_or_else(|| Refusal::not_found("Contact").into())
}

/// A page's size and cursor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Page {
    pub limit: u64,
    /// Absent at the start; negative to go back.
    pub cursor: Option<i64>,
}

/// Reads `limit` and `cursorId` of a query.
pub fn page(query: Option<&str>, default_limit: u64) -> Result<Page, Refusal> {
    let mut page = Page {
        limit: default_limit,
        cursor: None,
    };
    for (name, value) in url::form_urlencoded::parse(query.unwrap_or_default().as_bytes()) {
        match name.as_ref() {
            "limit" => {
                let limit: i64 = value
                    .parse()
                    .map_err(|_| Refusal::field("limit", "Use a number from 1 to 100."))?;
                if limit < 1 {
                    return Err(Refusal::field("limit", "Use a number from 1 to 100."));
                }
                page.limit = u64::try_from(limit).unwrap_or(100).min(100);
            }
            "cursorId" if !value.is_empty() => {
                let cursor = value
                    .parse()
                    .map_err(|_| Refusal::field("cursorId", "Use the cursorId of the page before."))?;
                page.cursor = Some(cursor).filter(|cursor| *cursor != 0);
            }
            _ => {}
        }
    }
    Ok(page)
}

/// `pagination` with absolute addresses; empty where there is no page.
pub fn pagination(app: &App, path: &str, limit: u64, next: Option<i64>, previous: Option<i64>) -> serde_json::Value {
    let address = |cursor: Option<i64>| {
        cursor.map_or_else(String::new, |cursor| {
            format!(
                "{}{path}?limit={limit}&cursorId={cursor}",
                app.services.settings.public_url
            )
        })
    };
    json!({ "next": address(next), "previous": address(previous.map(|cursor| -cursor.abs())) })
}

/// A JSON body; an empty one is an empty object, and `null` is allowed where the type allows it.
pub async fn body<T: serde::de::DeserializeOwned>(request: Request) -> Result<T, Refusal> {
    crate::auth::parse(&crate::auth::read(request).await?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_in_every_spelling_clients_use() {
        assert_eq!("id:50211".parse(), Ok(Identifier::Id(ContactId(50211))));
        assert_eq!(
            "Email: Mia@Shop.Test ".parse(),
            Ok(Identifier::Email("mia@shop.test".into()))
        );
        for spelling in ["phone:+60123456789", "phone:60123456789", "phone:+60 12-345 6789"] {
            assert_eq!(
                spelling.parse(),
                Ok(Identifier::Phone("+60123456789".into())),
                "{spelling}"
            );
        }
        for wrong in ["50211", "name:mia", "id:x", "email:mia", "phone:0", ""] {
            assert!(wrong.parse::<Identifier>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn pages_are_clamped_and_nonsense_is_refused() {
        assert_eq!(
            page(None, 10).unwrap(),
            Page {
                limit: 10,
                cursor: None
            }
        );
        assert_eq!(
            page(Some("limit=500&cursorId=0"), 10).unwrap(),
            Page {
                limit: 100,
                cursor: None
            }
        );
        assert_eq!(
            page(Some("limit=5&cursorId=-77"), 10).unwrap(),
            Page {
                limit: 5,
                cursor: Some(-77)
            }
        );
        for wrong in ["limit=0", "limit=-1", "limit=x", "cursorId=x"] {
            assert!(page(Some(wrong), 10).is_err(), "{wrong}");
        }
    }
}
