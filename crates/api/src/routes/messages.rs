//! Sending messages.

use crate::App;
use crate::auth::{Body, Id, In};
use crate::error::ApiResult;
use axum::Json;
use axum::extract::State;
use ism_domain::content::Content;
use ism_domain::{ChannelId, ContactId, MessageId};
use ism_services::messages::Draft;
use ism_services::views::MessageView;
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(send)).routes(routes!(retry))
}

/// A message to send.
#[derive(Deserialize, ToSchema)]
struct NewMessage {
    /// Made up by the client, such as a UUID; the same id never sends twice.
    client_id: String,
    /// The channel last used, when absent.
    channel_id: Option<ChannelId>,
    content: Content,
    /// The message to quote.
    reply_to: Option<MessageId>,
}

/// Send a message
#[utoipa::path(post, path = "/api/workspaces/{workspace}/contacts/{id}/messages", tag = "messages", request_body = NewMessage, responses((status = 200, body = MessageView)))]
async fn send(
    State(app): State<App>,
    In(member): In,
    Id(id): Id<ContactId>,
    Body(body): Body<NewMessage>,
) -> ApiResult<Json<MessageView>> {
    let draft = Draft {
        client_id: Some(body.client_id),
        channel_id: body.channel_id,
        content: body.content,
        reply_to: body.reply_to,
    };
    Ok(Json(app.services.send_message(member, id, draft).await?))
}

/// Send a failed message again
#[utoipa::path(post, path = "/api/workspaces/{workspace}/messages/{id}/retry", tag = "messages", responses((status = 200, body = MessageView)))]
async fn retry(State(app): State<App>, In(member): In, Id(id): Id<MessageId>) -> ApiResult<Json<MessageView>> {
    Ok(Json(app.services.retry_message(member, id).await?))
}
