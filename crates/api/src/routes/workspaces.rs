//! The workspace's settings.

use crate::App;
use crate::auth::{Body, In};
use crate::error::ApiResult;
use axum::Json;
use axum::extract::State;
use ism_domain::conversation::ClosingNoteMode;
use ism_services::accounts::{WorkspaceChange, WorkspaceView};
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(show, change))
}

/// What to change.
#[derive(Deserialize, ToSchema)]
struct SettingsChange {
    name: Option<String>,
    timezone: Option<String>,
    closing_note_mode: Option<ClosingNoteMode>,
    activities_open_conversations: Option<bool>,
}

/// The workspace and what one may do in it
#[utoipa::path(get, path = "/api/workspaces/{workspace}", tag = "workspaces", responses((status = 200, body = WorkspaceView)))]
async fn show(State(app): State<App>, In(member): In) -> ApiResult<Json<WorkspaceView>> {
    Ok(Json(app.services.workspace(member).await?))
}

/// Change the workspace's settings
#[utoipa::path(patch, path = "/api/workspaces/{workspace}", tag = "workspaces", request_body = SettingsChange, responses((status = 200, body = WorkspaceView)))]
async fn change(
    State(app): State<App>,
    In(member): In,
    Body(body): Body<SettingsChange>,
) -> ApiResult<Json<WorkspaceView>> {
    let change = WorkspaceChange {
        name: body.name,
        timezone: body.timezone,
        closing_note_mode: body.closing_note_mode,
        activities_open_conversations: body.activities_open_conversations,
    };
    Ok(Json(app.services.change_workspace(member, change).await?))
}
