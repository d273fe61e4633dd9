//! Invitations: made and taken back by colleagues, accepted by those invited.

use super::session::{user_agent, with_session};
use crate::App;
use crate::auth::{self, Address, Body, Id, In};
use crate::error::ApiResult;
use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::IntoResponse;
use ism_domain::InvitationId;
use ism_domain::access::Role;
use ism_services::accounts::{InvitationInfo, SessionView};
use ism_services::views::InvitationView;
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(info, accept))
        .routes(routes!(list, invite))
        .routes(routes!(revoke))
}

/// Who joins.
#[derive(Deserialize, ToSchema)]
struct Acceptance {
    #[serde(default)]
    first_name: String,
    #[serde(default)]
    last_name: String,
    password: String,
}

/// Who is invited.
#[derive(Deserialize, ToSchema)]
struct NewInvitation {
    email: String,
    role: Role,
}

/// What an invitation is for
#[utoipa::path(get, path = "/api/invitations/{token}", tag = "invitations", responses((status = 200, body = InvitationInfo)))]
async fn info(State(app): State<App>, Path(token): Path<String>) -> ApiResult<Json<InvitationInfo>> {
    Ok(Json(app.services.invitation_info(&token).await?))
}

/// Accept an invitation
#[utoipa::path(post, path = "/api/invitations/{token}", tag = "invitations", request_body = Acceptance, responses((status = 200, body = SessionView)))]
async fn accept(
    State(app): State<App>,
    Path(token): Path<String>,
    Address(address): Address,
    headers: HeaderMap,
    Body(body): Body<Acceptance>,
) -> ApiResult<impl IntoResponse> {
    auth::check_origin(&Method::POST, &headers)?;
    let names = (body.first_name, body.last_name);
    let session = app
        .services
        .accept_invitation(&token, names, &body.password, &address, user_agent(&headers))
        .await?;
    with_session(&app, &session).await
}

/// Open invitations
#[utoipa::path(get, path = "/api/workspaces/{workspace}/invitations", tag = "invitations", responses((status = 200, body = Vec<InvitationView>)))]
async fn list(State(app): State<App>, In(member): In) -> ApiResult<Json<Vec<InvitationView>>> {
    Ok(Json(app.services.invitations(member).await?))
}

/// Invite someone
#[utoipa::path(post, path = "/api/workspaces/{workspace}/invitations", tag = "invitations", request_body = NewInvitation, responses((status = 200, body = InvitationView)))]
async fn invite(
    State(app): State<App>,
    In(member): In,
    Body(body): Body<NewInvitation>,
) -> ApiResult<Json<InvitationView>> {
    Ok(Json(app.services.invite(member, &body.email, body.role).await?))
}

/// Take an invitation back
#[utoipa::path(delete, path = "/api/workspaces/{workspace}/invitations/{id}", tag = "invitations", responses((status = 204)))]
async fn revoke(State(app): State<App>, In(member): In, Id(id): Id<InvitationId>) -> ApiResult<StatusCode> {
    app.services.revoke_invitation(member, id).await?;
    Ok(StatusCode::NO_CONTENT)
}
