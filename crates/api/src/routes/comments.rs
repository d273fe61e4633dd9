//! Comments.

use crate::App;
use crate::auth::{Body, Id, In};
use crate::error::ApiResult;
use axum::Json;
use axum::extract::State;
use ism_domain::ContactId;
use ism_services::views::CommentView;
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(add))
}

/// A comment to write.
#[derive(Deserialize, ToSchema)]
struct NewComment {
    /// Made up by the client; the same id never writes twice.
    client_id: Option<String>,
    /// Mentions stand in it as `{{@user.ID}}`.
    text: String,
}

/// Write a comment
#[utoipa::path(post, path = "/api/workspaces/{workspace}/contacts/{id}/comments", tag = "comments", request_body = NewComment, responses((status = 200, body = CommentView)))]
async fn add(
    State(app): State<App>,
    In(member): In,
    Id(id): Id<ContactId>,
    Body(body): Body<NewComment>,
) -> ApiResult<Json<CommentView>> {
    Ok(Json(app.services.comment(member, id, body.text, body.client_id).await?))
}
