//! Files for agents. Uploading is in [`crate::upload`], where bodies may be large.

use crate::App;
use crate::auth::{Id, In};
use crate::error::ApiResult;
use crate::upload;
use axum::extract::{Request, State};
use axum::response::Response;
use ism_domain::AttachmentId;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(show))
}

/// A file's bytes
#[utoipa::path(get, path = "/api/workspaces/{workspace}/attachments/{id}/{file_name}", tag = "attachments", responses((status = 200, description = "The bytes", content_type = "application/octet-stream")))]
async fn show(
    State(app): State<App>,
    In(member): In,
    Id(id): Id<AttachmentId>,
    request: Request,
) -> ApiResult<Response> {
    let download = app.services.download(member, id).await?;
    upload::serve(download, request, "private, max-age=86400").await
}
