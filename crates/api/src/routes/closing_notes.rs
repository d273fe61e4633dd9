//! Closing-note categories.

use crate::App;
use crate::auth::{Body, Id, In};
use crate::error::ApiResult;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use ism_domain::CategoryId;
use ism_services::views::ClosingCategoryView;
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list, add))
        .routes(routes!(change, remove))
}

/// A new category.
#[derive(Deserialize, ToSchema)]
struct NewCategory {
    name: String,
    #[serde(default)]
    description: String,
}

/// What to change.
#[derive(Deserialize, ToSchema)]
struct CategoryChange {
    name: Option<String>,
    description: Option<String>,
    /// Place in the list, from 1.
    position: Option<i64>,
}

/// The categories, in their order
#[utoipa::path(get, path = "/api/workspaces/{workspace}/closing-categories", tag = "closing notes", responses((status = 200, body = Vec<ClosingCategoryView>)))]
async fn list(State(app): State<App>, In(member): In) -> ApiResult<Json<Vec<ClosingCategoryView>>> {
    Ok(Json(app.services.closing_categories(member).await?))
}

/// Add a category
#[utoipa::path(post, path = "/api/workspaces/{workspace}/closing-categories", tag = "closing notes", request_body = NewCategory, responses((status = 200, body = ClosingCategoryView)))]
async fn add(
    State(app): State<App>,
    In(member): In,
    Body(body): Body<NewCategory>,
) -> ApiResult<Json<ClosingCategoryView>> {
    Ok(Json(
        app.services
            .add_closing_category(member, body.name, body.description)
            .await?,
    ))
}

/// Change a category
#[utoipa::path(patch, path = "/api/workspaces/{workspace}/closing-categories/{id}", tag = "closing notes", request_body = CategoryChange, responses((status = 200, body = ClosingCategoryView)))]
async fn change(
    State(app): State<App>,
    In(member): In,
    Id(id): Id<CategoryId>,
    Body(body): Body<CategoryChange>,
) -> ApiResult<Json<ClosingCategoryView>> {
    Ok(Json(
        app.services
            .edit_closing_category(member, id, body.name, body.description, body.position)
            .await?,
    ))
}

/// Remove a category
#[utoipa::path(delete, path = "/api/workspaces/{workspace}/closing-categories/{id}", tag = "closing notes", responses((status = 204)))]
async fn remove(State(app): State<App>, In(member): In, Id(id): Id<CategoryId>) -> ApiResult<StatusCode> {
    app.services.delete_closing_category(member, id).await?;
    Ok(StatusCode::NO_CONTENT)
}
