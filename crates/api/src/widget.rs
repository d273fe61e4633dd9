//! The website widget: its script and page, sessions, messages, files and socket.
//!
//! Nothing here uses cookies: the session's token comes in a header, or in the socket's first frame. The page is embedded by
//! other sites, so it says itself who may (`frame-ancestors`).

pub(crate) mod socket;

use crate::auth::{Address, Body, parse, read};
use crate::error::{ApiError, ApiResult};
use crate::{App, assets, upload};
use axum::extract::{DefaultBodyLimit, FromRef, FromRequestParts, Path, Query, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use ism_domain::content::Content;
use ism_domain::message::Status;
use ism_domain::refusal::RefusalKind;
use ism_domain::{MessageId, Refusal};
use ism_services::attachments::{UploadedView, uploaded};
use ism_services::channels::Live;
use ism_services::widget::{
    self, KnownUser, MAX_UPLOAD, Visitor, WidgetConfig, WidgetMessage, WidgetPage, WidgetSession,
};
use serde::Deserialize;

/// What an upload may weigh beyond the file itself.
const ENVELOPE: usize = 64 * 1024;

pub fn router() -> Router<App> {
    let uploads = Router::new()
        .route("/widget/v1/attachments", post(keep))
        .layer(DefaultBodyLimit::max(
            usize::try_from(MAX_UPLOAD).unwrap_or(usize::MAX) + ENVELOPE,
        ));
    Router::new()
        .route("/widget/v1/config", get(config))
        .route("/widget/v1/sessions", post(begin))
        .route("/widget/v1/messages", get(messages).post(write))
        .route("/widget/v1/read", post(saw))
        .merge(uploads)
        .layer(middleware::from_fn(cross_origin))
        .route("/widget/v1/socket", get(socket::connect))
        .route("/widget/frame", get(frame))
        .route("/widget/{*path}", get(file))
}

/// Pages of other sites may call these: they carry no cookies, and the token proves the visitor.
async fn cross_origin(request: Request, next: Next) -> Response {
    let origin = request.headers().get(header::ORIGIN).cloned();
    let preflight = request.method() == Method::OPTIONS;
    let mut response = if preflight {
        StatusCode::NO_CONTENT.into_response()
    } else {
        next.run(request).await
    };
    if let Some(origin) = origin {
        let headers = response.headers_mut();
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        headers.insert(header::VARY, HeaderValue::from_static("Origin"));
        if preflight {
            headers.insert(
                header::ACCESS_CONTROL_ALLOW_METHODS,
                HeaderValue::from_static("GET, POST"),
            );
            headers.insert(
                header::ACCESS_CONTROL_ALLOW_HEADERS,
                HeaderValue::from_static("authorization, content-type"),
            );
            headers.insert(header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("3600"));
        }
    }
    response
}

/// The visitor of a request's token.
struct Caller(Visitor);

impl<S> FromRequestParts<S> for Caller
where
    App: FromRef<S>,
    S: Send + Sync,
{
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let token = parts
            .headers
            .get(header::AUTHORIZATION)
            .and_then(|value| value.to_str().ok())
            .and_then(|value| value.strip_prefix("Bearer "))
            .ok_or_else(|| {
                Refusal::new(
                    RefusalKind::Unauthorized,
                    "session_missing",
                    "The chat session is missing.",
                )
            })?;
        let app = App::from_ref(state);
        let visitor = app.services.visitor(token).await?;
        check_origin(&app, &visitor.live, &parts.headers)?;
        Ok(Self(visitor))
    }
}

/// The widget's own page comes from us; anything else must be on the channel's list.
fn check_origin(app: &App, live: &Live, headers: &HeaderMap) -> Result<(), Refusal> {
    let Some(origin) = headers.get(header::ORIGIN).and_then(|origin| origin.to_str().ok()) else {
        return Ok(());
    };
    let own = url::Url::parse(&app.services.settings.public_url).map(|url| url.origin().ascii_serialization());
    let same_host = crate::auth::same_origin(headers);
    if same_host || own.is_ok_and(|own| own == origin) || ism_channels::origin_allowed(&live.wire, origin) {
        return Ok(());
    }
    Err(Refusal::new(
        RefusalKind::Forbidden,
        "origin_not_allowed",
        "This website is not on the channel's list of allowed websites.",
    ))
}

#[derive(Deserialize)]
struct Key {
    key: String,
}

#[derive(Deserialize)]
struct NewSession {
    key: String,
    /// The session so far, to be renewed.
    token: Option<String>,
    locale: Option<String>,
    user: Option<KnownUser>,
}

#[derive(Deserialize)]
struct PageParams {
    before: Option<i64>,
    limit: Option<i64>,
}

#[derive(Deserialize)]
struct NewMessage {
    client_id: String,
    content: Content,
    locale: Option<String>,
}

#[derive(Deserialize)]
struct Seen {
    up_to: MessageId,
}

async fn config(State(app): State<App>, Query(params): Query<Key>) -> ApiResult<Json<WidgetConfig>> {
    let live = app.services.widget_channel(&params.key).await?;
    Ok(Json(widget::config(&live)))
}

async fn begin(
    State(app): State<App>,
    Address(address): Address,
    headers: HeaderMap,
    Body(body): Body<NewSession>,
) -> ApiResult<Json<WidgetSession>> {
    limit(&app, address)?;
    let live = app.services.widget_channel(&body.key).await?;
    check_origin(&app, &live, &headers)?;
    let locale = body.locale.as_deref();
    Ok(Json(
        app.services
            .widget_session(&body.key, body.token.as_deref(), body.user, locale)
            .await?,
    ))
}

async fn messages(
    State(app): State<App>,
    Caller(visitor): Caller,
    Query(params): Query<PageParams>,
) -> ApiResult<Json<WidgetPage>> {
    Ok(Json(
        app.services
            .visitor_messages(&visitor, params.before, params.limit.unwrap_or(30))
            .await?,
    ))
}

async fn write(
    State(app): State<App>,
    Address(address): Address,
    Caller(visitor): Caller,
    request: Request,
) -> ApiResult<Json<WidgetMessage>> {
    limit(&app, address)?;
    let body: NewMessage = parse(&read(request).await?)?;
    let written = app
        .services
        .visitor_writes(&visitor, &body.client_id, body.content, body.locale.as_deref())
        .await?;
    Ok(Json(written))
}

async fn keep(
    State(app): State<App>,
    Address(address): Address,
    Caller(visitor): Caller,
    request: Request,
) -> ApiResult<Json<UploadedView>> {
    limit(&app, address)?;
    let incoming = upload::receive(&app.services, request, MAX_UPLOAD).await?;
    let row = app
        .services
        .visitor_uploads(
            &visitor,
            incoming.upload,
            &incoming.file_name,
            incoming.declared.as_deref(),
        )
        .await?;
    let url = app.services.signed_file_path(row.workspace_id, row.id, &row.file_name);
    Ok(Json(uploaded(row, url)))
}

async fn saw(State(app): State<App>, Caller(visitor): Caller, Body(seen): Body<Seen>) -> ApiResult<StatusCode> {
    app.services.visitor_saw(&visitor, seen.up_to, Status::Read).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Keeps one address from flooding a workspace.
fn limit(app: &App, address: String) -> Result<(), Refusal> {
    if app.widget_limits.len() > 50_000 {
        app.widget_limits.retain_recent();
    }
    app.widget_limits.check_key(&address).map_err(|_| {
        Refusal::new(
            RefusalKind::Limited,
            "too_fast",
            "Too many messages at once. Wait a moment.",
        )
    })
}

/// The page inside the iframe.
async fn frame(State(app): State<App>, Query(params): Query<Key>) -> ApiResult<Response> {
    let live = app.services.widget_channel(&params.key).await?;
    let page =
        assets::widget_page().ok_or_else(|| Refusal::not_found("The widget is not built into this server. It"))?;
    let allowed = live.wire.text("allowed_origins");
    let listed: Vec<&str> = allowed.split_whitespace().filter(|origin| is_source(origin)).collect();
    // A list of which nothing can be used allows nobody, rather than everybody.
    let ancestors = if allowed.trim().is_empty() {
        "*".to_owned()
    } else {
        format!("'self' {}", listed.join(" ")).trim_end().to_owned()
    };
    let policy = format!(
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; media-src 'self' blob:; \
         connect-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors {ancestors}"
    );
    let mut response = page.into_response();
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("text/html; charset=utf-8"),
    );
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert("cross-origin-resource-policy", HeaderValue::from_static("cross-origin"));
    headers.insert("cross-origin-embedder-policy", HeaderValue::from_static("require-corp"));
    if let Ok(policy) = HeaderValue::from_str(&policy) {
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    Ok(response)
}

/// Whether an entry of the list can stand in a policy without adding directives of its own.
fn is_source(origin: &str) -> bool {
    origin
        .chars()
        .all(|c| c.is_ascii_alphanumeric() || matches!(c, ':' | '/' | '.' | '-' | '*' | '[' | ']'))
}

/// `loader.js`, and `assets/…` of the page.
async fn file(Path(path): Path<String>, headers: HeaderMap) -> Response {
    let name = path.strip_prefix("assets/").unwrap_or(&path);
    match assets::widget(name, &headers).or_else(|| assets::widget(&path, &headers)) {
        Some(mut response) => {
            response
                .headers_mut()
                .insert("cross-origin-resource-policy", HeaderValue::from_static("cross-origin"));
            response
                .headers_mut()
                .insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
            response
        }
        None => (StatusCode::NOT_FOUND, "There is nothing at this address.\n").into_response(),
    }
}
