//! Errors on the wire: `{"error":{"code","message","field"?}}` with a fitting status.

use axum::Json;
use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use ism_domain::Refusal;
use ism_domain::refusal::RefusalKind;
use ism_services::Error;
use serde::Serialize;
use serde_json::{Map, Value, json};
use utoipa::ToSchema;

/// What a handler returns when it cannot do what was asked.
#[derive(Debug)]
pub struct ApiError {
    pub refusal: Refusal,
    /// More members of the error object.
    pub extra: Map<String, Value>,
    /// Logged, never told.
    source: Option<Error>,
}

/// The result of a handler.
pub type ApiResult<T> = Result<T, ApiError>;

/// The body of every answer that is not 2xx.
#[derive(Debug, Serialize, ToSchema)]
pub struct ErrorBody {
    pub error: ErrorDetail,
}

/// What went wrong.
#[derive(Debug, Serialize, ToSchema)]
pub struct ErrorDetail {
    /// Stable snake_case name for programs.
    pub code: String,
    /// A sentence that says what to do.
    pub message: String,
    /// The offending field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
}

impl ApiError {
    /// The same with one more member in the error object.
    pub fn with(mut self, key: &str, value: impl Into<Value>) -> Self {
        self.extra.insert(key.to_owned(), value.into());
        self
    }

    /// The HTTP status.
    pub const fn status(&self) -> StatusCode {
        status(self.refusal.kind, self.source.is_some())
    }
}

const fn status(kind: RefusalKind, internal: bool) -> StatusCode {
    if internal {
        return StatusCode::INTERNAL_SERVER_ERROR;
    }
    match kind {
        RefusalKind::Invalid => StatusCode::BAD_REQUEST,
        RefusalKind::Unauthorized => StatusCode::UNAUTHORIZED,
        RefusalKind::Forbidden => StatusCode::FORBIDDEN,
        RefusalKind::NotFound => StatusCode::NOT_FOUND,
        RefusalKind::Conflict => StatusCode::CONFLICT,
        RefusalKind::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        RefusalKind::Limited => StatusCode::TOO_MANY_REQUESTS,
        RefusalKind::Upstream => StatusCode::BAD_GATEWAY,
        RefusalKind::Busy => StatusCode::SERVICE_UNAVAILABLE,
    }
}

impl From<Refusal> for ApiError {
    fn from(refusal: Refusal) -> Self {
        Self {
            refusal,
            extra: Map::new(),
            source: None,
        }
    }
}

impl From<Error> for ApiError {
    fn from(error: Error) -> Self {
        match error.refusal() {
            Some(refusal) => {
                if let Error::File { .. } = &error {
                    tracing::error!(%error, "a file could not be kept");
                }
                refusal.into()
            }
            None => Self {
                refusal: Refusal::new(
                    RefusalKind::Busy,
                    "internal",
                    "Something went wrong on our side. Try again; if it stays, tell the operator the time and what you did.",
                ),
                extra: Map::new(),
                source: Some(error),
            },
        }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let status = self.status();
        if let Some(source) = &self.source {
            tracing::error!(error = %source, "a request failed");
        }
        let mut detail = Map::new();
        detail.insert("code".to_owned(), json!(self.refusal.code));
        detail.insert("message".to_owned(), json!(self.refusal.message));
        if let Some(field) = &self.refusal.field {
            detail.insert("field".to_owned(), json!(field));
        }
        detail.extend(self.extra);
        let mut response = (status, Json(json!({ "error": detail }))).into_response();
        let wait = match status {
            StatusCode::SERVICE_UNAVAILABLE => Some("2"),
            StatusCode::TOO_MANY_REQUESTS if self.refusal.code == "too_many_attempts" => Some("900"),
            StatusCode::TOO_MANY_REQUESTS => Some("60"),
            _ => None,
        };
        if let Some(wait) = wait {
            response
                .headers_mut()
                .insert(header::RETRY_AFTER, HeaderValue::from_static(wait));
        }
        response
    }
}

/// The answer when a handler panicked.
pub fn unexpected() -> axum::http::Response<Body> {
    metrics::counter!("ism_http_panics").increment(1);
    ApiError::from(Error::Internal("a handler panicked".to_owned())).into_response()
}
