//! Channels: the catalogue, and what is connected.

use crate::App;
use crate::auth::{Body, Id, In, Me};
use crate::error::ApiResult;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use ism_channels::{ADAPTERS, Descriptor};
use ism_domain::ChannelId;
use ism_services::channels::{ConnectedView, Connection};
use ism_services::views::ChannelView;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(sources))
        .routes(routes!(list, connect))
        .routes(routes!(check))
        .routes(routes!(change, delete))
        .routes(routes!(reconnect))
        .routes(routes!(secret))
}

/// What to connect.
#[derive(Deserialize, ToSchema)]
struct NewChannel {
    source: String,
    name: Option<String>,
    #[serde(default)]
    config: Map<String, Value>,
    /// Let the simulator play the provider.
    #[serde(default)]
    simulated: bool,
}

/// What to change.
#[derive(Deserialize, ToSchema)]
struct ChannelChange {
    name: Option<String>,
    config: Option<Map<String, Value>>,
}

/// What the provider said.
#[derive(Serialize, ToSchema)]
struct CheckResult {
    ok: bool,
    name: String,
    address: String,
    warning: Option<String>,
}

/// A channel's secret.
#[derive(Serialize, ToSchema)]
struct SecretView {
    secret: String,
}

impl From<NewChannel> for Connection {
    fn from(body: NewChannel) -> Self {
        Self {
            source: body.source,
            name: body.name,
            config: body.config,
            simulated: body.simulated,
            trusted_base: false,
        }
    }
}

/// Every kind of channel, with its form
#[utoipa::path(get, path = "/api/channel-sources", tag = "channels", responses((status = 200, body = Vec<Descriptor>)))]
async fn sources(_: Me) -> Json<Vec<&'static Descriptor>> {
    Json(ADAPTERS.iter().map(|adapter| adapter.descriptor()).collect())
}

/// Connected channels
#[utoipa::path(get, path = "/api/workspaces/{workspace}/channels", tag = "channels", responses((status = 200, body = Vec<ChannelView>)))]
async fn list(State(app): State<App>, In(member): In) -> ApiResult<Json<Vec<ChannelView>>> {
    Ok(Json(app.services.list_channels(member).await?))
}

/// Try credentials without keeping them
#[utoipa::path(post, path = "/api/workspaces/{workspace}/channels/check", tag = "channels", request_body = NewChannel, responses((status = 200, body = CheckResult)))]
async fn check(State(app): State<App>, In(member): In, Body(body): Body<NewChannel>) -> ApiResult<Json<CheckResult>> {
    let found = app.services.check_channel(member, body.into()).await?;
    Ok(Json(CheckResult {
        ok: true,
        name: found.name,
        address: found.address,
        warning: found.warning,
    }))
}

/// Connect a channel
#[utoipa::path(post, path = "/api/workspaces/{workspace}/channels", tag = "channels", request_body = NewChannel, responses((status = 200, body = ConnectedView)))]
async fn connect(
    State(app): State<App>,
    In(member): In,
    Body(body): Body<NewChannel>,
) -> ApiResult<Json<ConnectedView>> {
    Ok(Json(app.services.connect_channel(member, body.into()).await?))
}

/// Change a channel's name or settings
#[utoipa::path(patch, path = "/api/workspaces/{workspace}/channels/{id}", tag = "channels", request_body = ChannelChange, responses((status = 200, body = ChannelView)))]
async fn change(
    State(app): State<App>,
    In(member): In,
    Id(id): Id<ChannelId>,
    Body(body): Body<ChannelChange>,
) -> ApiResult<Json<ChannelView>> {
    Ok(Json(
        app.services.update_channel(member, id, body.name, body.config).await?,
    ))
}

/// Connect again, with new credentials if given
#[utoipa::path(post, path = "/api/workspaces/{workspace}/channels/{id}/reconnect", tag = "channels", request_body = ChannelChange, responses((status = 200, body = ConnectedView)))]
async fn reconnect(
    State(app): State<App>,
    In(member): In,
    Id(id): Id<ChannelId>,
    Body(body): Body<ChannelChange>,
) -> ApiResult<Json<ConnectedView>> {
    Ok(Json(app.services.reconnect_channel(member, id, body.config).await?))
}

/// The secret made for a channel
#[utoipa::path(get, path = "/api/workspaces/{workspace}/channels/{id}/secret", tag = "channels", responses((status = 200, body = SecretView)))]
async fn secret(State(app): State<App>, In(member): In, Id(id): Id<ChannelId>) -> ApiResult<Json<SecretView>> {
    Ok(Json(SecretView {
        secret: app.services.channel_secret(member, id).await?,
    }))
}

/// Disconnect a channel
#[utoipa::path(delete, path = "/api/workspaces/{workspace}/channels/{id}", tag = "channels", responses((status = 204)))]
async fn delete(State(app): State<App>, In(member): In, Id(id): Id<ChannelId>) -> ApiResult<StatusCode> {
    app.services.delete_channel(member, id).await?;
    Ok(StatusCode::NO_CONTENT)
}
