//! Contacts: added, looked at, edited.

use crate::App;
use crate::auth::{Body, Id, In};
use crate::error::{ApiError, ApiResult};
use axum::Json;
use axum::extract::State;
use ism_domain::contact::ProfileChange;
use ism_domain::{ContactId, Refusal};
use ism_services::contacts::Added;
use ism_services::inbox::ContactDetail;
use ism_services::views::ContactView;
use serde::{Deserialize, Deserializer};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(add)).routes(routes!(show, change))
}

/// A profile. Absent members stay as they are; null clears.
#[derive(Deserialize, ToSchema)]
pub struct ProfileBody {
    first_name: Option<String>,
    last_name: Option<String>,
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>)]
    phone: Option<Option<String>>,
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>)]
    email: Option<Option<String>>,
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>)]
    language: Option<Option<String>>,
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>)]
    country_code: Option<Option<String>>,
}

/// Tells a null from an absent member.
fn given<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Option<String>>, D::Error> {
    Option::<String>::deserialize(deserializer).map(Some)
}

impl From<ProfileBody> for ProfileChange {
    fn from(body: ProfileBody) -> Self {
        Self {
            first_name: body.first_name,
            last_name: body.last_name,
            phone: body.phone,
            email: body.email,
            language: body.language,
            country_code: body.country_code,
        }
    }
}

/// Add a contact
#[utoipa::path(post, path = "/api/workspaces/{workspace}/contacts", tag = "contacts", request_body = ProfileBody, responses((status = 200, body = ContactView)))]
async fn add(State(app): State<App>, In(member): In, Body(body): Body<ProfileBody>) -> ApiResult<Json<ContactView>> {
    match app.services.add_contact(member, body.into()).await? {
        Added::New(contact) => Ok(Json(*contact)),
        Added::Known(id) => {
            let refusal = Refusal::conflict(
                "contact_exists",
                "There is a contact with this phone number or e-mail address.",
            );
            Err(ApiError::from(refusal).with("contact_id", id.0))
        }
    }
}

/// A contact with its channels and open conversation
#[utoipa::path(get, path = "/api/workspaces/{workspace}/contacts/{id}", tag = "contacts", responses((status = 200, body = ContactDetail)))]
async fn show(State(app): State<App>, In(member): In, Id(id): Id<ContactId>) -> ApiResult<Json<ContactDetail>> {
    Ok(Json(app.services.contact_detail(member, id).await?))
}

/// Change a contact's profile
#[utoipa::path(patch, path = "/api/workspaces/{workspace}/contacts/{id}", tag = "contacts", request_body = ProfileBody, responses((status = 200, body = ContactView)))]
async fn change(
    State(app): State<App>,
    In(member): In,
    Id(id): Id<ContactId>,
    Body(body): Body<ProfileBody>,
) -> ApiResult<Json<ContactView>> {
    Ok(Json(app.services.edit_contact(member, id, body.into()).await?))
}
