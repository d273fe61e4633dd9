//! Signing in and out, and one's own account.

use crate::App;
use crate::auth::{self, Address, Body, Me};
use crate::error::ApiResult;
use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::response::{AppendHeaders, IntoResponse};
use ism_domain::Refusal;
use ism_services::accounts::SessionView;
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(sign_in, show, sign_out))
        .routes(routes!(change_me))
}

/// E-mail address and password.
#[derive(Deserialize, ToSchema)]
struct Credentials {
    email: String,
    password: String,
}

/// Changes to one's own account.
#[derive(Deserialize, ToSchema)]
struct MyChange {
    first_name: Option<String>,
    last_name: Option<String>,
    current_password: Option<String>,
    new_password: Option<String>,
}

/// The browser a request comes from, for the list of sessions.
pub fn user_agent(headers: &HeaderMap) -> &str {
    headers
        .get(header::USER_AGENT)
        .and_then(|agent| agent.to_str().ok())
        .unwrap_or_default()
}

/// An answer that starts a session.
pub async fn with_session(app: &App, token: &str) -> ApiResult<impl IntoResponse + use<>> {
    let signed_in = app
        .services
        .session(token)
        .await?
        .ok_or_else(|| Refusal::conflict("session_gone", "The session ended at once. Sign in again."))?;
    let view = app.services.session_view(signed_in.user).await?;
    Ok((
        AppendHeaders([(header::SET_COOKIE, auth::cookie(app, token))]),
        Json(view),
    ))
}

/// Sign in
#[utoipa::path(post, path = "/api/session", tag = "session", request_body = Credentials, responses((status = 200, body = SessionView)))]
async fn sign_in(
    State(app): State<App>,
    Address(address): Address,
    headers: HeaderMap,
    Body(credentials): Body<Credentials>,
) -> ApiResult<impl IntoResponse> {
    auth::check_origin(&Method::POST, &headers)?;
    let agent = user_agent(&headers);
    let token = app
        .services
        .sign_in(&credentials.email, &credentials.password, &address, agent)
        .await?;
    with_session(&app, &token).await
}

/// Who is signed in
#[utoipa::path(get, path = "/api/session", tag = "session", responses((status = 200, body = SessionView)))]
async fn show(State(app): State<App>, Me(me): Me) -> ApiResult<Json<SessionView>> {
    Ok(Json(app.services.session_view(me.user).await?))
}

/// Sign out
#[utoipa::path(delete, path = "/api/session", tag = "session", responses((status = 204)))]
async fn sign_out(State(app): State<App>, Me(me): Me) -> ApiResult<impl IntoResponse> {
    app.services.sign_out(&me).await?;
    Ok((
        StatusCode::NO_CONTENT,
        AppendHeaders([(header::SET_COOKIE, auth::cookie(&app, ""))]),
    ))
}

/// Change one's own name or password
#[utoipa::path(patch, path = "/api/me", tag = "session", request_body = MyChange, responses((status = 200, body = SessionView)))]
async fn change_me(State(app): State<App>, Me(me): Me, Body(change): Body<MyChange>) -> ApiResult<Json<SessionView>> {
    let passwords = match (change.current_password, change.new_password) {
        (present, Some(new)) => Some((present.unwrap_or_default(), new)),
        _ => None,
    };
    Ok(Json(
        app.services
            .change_me(&me, change.first_name, change.last_name, passwords)
            .await?,
    ))
}
