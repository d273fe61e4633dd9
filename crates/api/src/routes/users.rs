//! Colleagues.

use crate::App;
use crate::auth::{Body, Id, In};
use crate::error::ApiResult;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use ism_domain::UserId;
use ism_domain::access::Role;
use ism_services::views::UserView;
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(change, remove))
}

/// The new access level.
#[derive(Deserialize, ToSchema)]
struct RoleChange {
    role: Role,
}

/// Everyone in the workspace; former members too, marked
#[utoipa::path(get, path = "/api/workspaces/{workspace}/users", tag = "users", responses((status = 200, body = Vec<UserView>)))]
async fn list(State(app): State<App>, In(member): In) -> ApiResult<Json<Vec<UserView>>> {
    Ok(Json(app.services.users(member).await?))
}

/// Change an access level
#[utoipa::path(patch, path = "/api/workspaces/{workspace}/users/{id}", tag = "users", request_body = RoleChange, responses((status = 200, body = UserView)))]
async fn change(
    State(app): State<App>,
    In(member): In,
    Id(id): Id<UserId>,
    Body(body): Body<RoleChange>,
) -> ApiResult<Json<UserView>> {
    Ok(Json(app.services.change_role(member, id, body.role).await?))
}

/// Remove someone from the workspace
#[utoipa::path(delete, path = "/api/workspaces/{workspace}/users/{id}", tag = "users", responses((status = 204)))]
async fn remove(State(app): State<App>, In(member): In, Id(id): Id<UserId>) -> ApiResult<StatusCode> {
    app.services.remove_user(member, id).await?;
    Ok(StatusCode::NO_CONTENT)
}
