//! Where providers deliver.
//!
//! `bytes → verify → receive → ingest (on disk) → 2xx`. Whatever is answered before the last step is a refusal.

use crate::App;
use crate::body::{NoBody, collect};
use axum::Router;
use axum::body::Body;
use axum::extract::{Path, Query, Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, post};
use bytes::Bytes;
use ism_channels::{Call, Webhook, WebhookReply};
use ism_domain::ChannelId;
use ism_domain::refusal::RefusalKind;
use ism_services::Error;
use ism_services::channels::Live;
use serde_json::{Value, json};
use std::sync::Arc;

/// Largest request of a provider: Meta documents 3 MB; the rest is room for others.
const BODY: usize = 8 * 1024 * 1024;

pub fn router() -> Router<App> {
    Router::new()
        .route("/webhooks/{source}/{channel}", any(provider))
        .route("/custom/channel/webhook", post(custom))
        .route("/custom/channel/webhook/", post(custom))
        .route("/custom/webhook", post(custom))
        .route("/custom/webhook/", post(custom))
}

fn refuse(status: StatusCode, message: &str) -> Response {
    let body = json!({ "error": { "message": message } });
    let mut response = (status, axum::Json(body)).into_response();
    if status == StatusCode::SERVICE_UNAVAILABLE {
        response
            .headers_mut()
            .insert(header::RETRY_AFTER, HeaderValue::from_static("2"));
    }
    response
}

fn failed(error: &Error) -> Response {
    match error.refusal() {
        Some(refusal) if refusal.kind == RefusalKind::NotFound => {
            refuse(StatusCode::NOT_FOUND, "There is no such channel.")
        }
        Some(refusal) => refuse(StatusCode::SERVICE_UNAVAILABLE, &refusal.message),
        None => {
            tracing::error!(%error, "a webhook could not be served");
            refuse(
                StatusCode::SERVICE_UNAVAILABLE,
                "The events could not be stored. Send them again.",
            )
        }
    }
}

fn reply(reply: WebhookReply) -> Response {
    Response::builder()
        .status(reply.status)
        .header(header::CONTENT_TYPE, reply.content_type)
        .body(Body::from(reply.body))
        .unwrap_or_default()
}

async fn body(request: Request) -> Result<Bytes, Response> {
    collect(request, BODY).await.map_err(|missing| match missing {
        NoBody::TooLarge => refuse(StatusCode::PAYLOAD_TOO_LARGE, "The request is too large."),
        NoBody::TooSlow => refuse(StatusCode::REQUEST_TIMEOUT, "The request came too slowly."),
        NoBody::Unreadable => refuse(StatusCode::BAD_REQUEST, "The request could not be read."),
    })
}

fn lower(headers: &HeaderMap) -> Vec<(String, String)> {
    headers
        .iter()
        .map(|(name, value)| {
            (
                name.as_str().to_owned(),
                String::from_utf8_lossy(value.as_bytes()).into_owned(),
            )
        })
        .collect()
}

/// A provider with an address of its own per channel.
async fn provider(
    State(app): State<App>,
    Path((source, channel)): Path<(String, String)>,
    Query(query): Query<Vec<(String, String)>>,
    request: Request,
) -> Response {
    let Ok(id) = channel.parse::<ChannelId>() else {
        return refuse(StatusCode::NOT_FOUND, "There is no such channel.");
    };
    let live = match app.services.live_channel(id).await {
        Ok(live) if live.row.source == source => live,
        Ok(_) => return refuse(StatusCode::NOT_FOUND, "There is no such channel."),
        Err(error) => return failed(&error),
    };
    let method = request.method().clone();
    let headers = lower(request.headers());
    if method == axum::http::Method::GET {
        let webhook = Webhook {
            headers,
            query,
            body: Bytes::new(),
        };
        return match live.adapter.handshake(&live.wire, &webhook) {
            Some(answer) => reply(answer),
            None => refuse(
                StatusCode::METHOD_NOT_ALLOWED,
                "This address takes POST requests of the provider.",
            ),
        };
    }
    if method != axum::http::Method::POST {
        return refuse(
            StatusCode::METHOD_NOT_ALLOWED,
            "This address takes POST requests of the provider.",
        );
    }
    let body = match body(request).await {
        Ok(body) => body,
        Err(response) => {
            app.services.note_rejected(&live, "unreadable");
            return response;
        }
    };
    take(&app, live, Webhook { headers, query, body }).await
}

/// Custom channels share one address; the body says which channel it is for.
async fn custom(State(app): State<App>, Query(query): Query<Vec<(String, String)>>, request: Request) -> Response {
    let headers = lower(request.headers());
    if !headers.iter().any(|(name, _)| name == "authorization") {
        return refuse(
            StatusCode::UNAUTHORIZED,
            "Send the channel's token as Authorization: Bearer.",
        );
    }
    let body = match body(request).await {
        Ok(body) => body,
        Err(response) => return response,
    };
    let Ok(parsed) = serde_json::from_slice::<Value>(&body) else {
        return refuse(StatusCode::BAD_REQUEST, "The body is not JSON.");
    };
    let found = match parsed.get("channelId") {
        Some(Value::String(public)) => match app.services.live_channel_by_public_id(public).await {
            Err(Error::Refused(_)) => match public.parse::<ChannelId>() {
                Ok(id) => app.services.live_channel(id).await,
                Err(_) => return refuse(StatusCode::NOT_FOUND, "There is no channel with this channelId."),
            },
            found => found,
        },
        Some(Value::Number(number)) => match number.as_i64() {
            Some(id) => app.services.live_channel(ChannelId(id)).await,
            None => return refuse(StatusCode::NOT_FOUND, "There is no channel with this channelId."),
        },
        _ => return refuse(StatusCode::BAD_REQUEST, "channelId is missing."),
    };
    match found {
        Ok(live) if live.row.source == "custom_channel" => take(&app, live, Webhook { headers, query, body }).await,
        Ok(_) => refuse(StatusCode::NOT_FOUND, "There is no channel with this channelId."),
        Err(error) => failed(&error),
    }
}

/// Verifies, reads and stores a request, then answers it.
async fn take(app: &App, live: Arc<Live>, webhook: Webhook) -> Response {
    if let Err(rejection) = live.adapter.verify(&live.wire, &webhook) {
        app.services.note_rejected(&live, rejection.reason());
        let status = StatusCode::from_u16(rejection.status()).unwrap_or(StatusCode::FORBIDDEN);
        return refuse(
            status,
            "The request is not authentic: check the secret configured at the provider.",
        );
    }
    let received = match live.adapter.receive(&live.wire, &webhook, app.services.store.now()) {
        Ok(received) => received,
        Err(rejection) => {
            app.services.note_rejected(&live, rejection.reason());
            let status = StatusCode::from_u16(rejection.status()).unwrap_or(StatusCode::BAD_REQUEST);
            let why = match rejection {
                ism_channels::Rejection::Malformed(why) => why,
                _ => "The request cannot be used.",
            };
            return refuse(status, why);
        }
    };
    let workspace = live.row.workspace_id;
    let accepted = live.adapter.accepted();
    if let Err(error) = app.services.deliver(live, received.events).await {
        return failed(&error);
    }
    if !received.follow_ups.is_empty() {
        let services = app.services.clone();
        app.services.tasks.spawn(async move {
            for request in received.follow_ups {
                match services.call(workspace, request).await {
                    Call::Answered(_) => {}
                    Call::NotSent(reason) | Call::Broken(reason) => {
                        tracing::debug!(%reason, "a courtesy call to a provider failed");
                    }
                }
            }
        });
    }
    reply(accepted)
}
