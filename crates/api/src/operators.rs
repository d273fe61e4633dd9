//! For those who run the server.

use crate::App;
use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::get;
use std::time::Duration;

pub fn router() -> Router<App> {
    Router::new()
        .route("/healthz", get(alive))
        .route("/readyz", get(ready))
        .route("/metrics", get(metrics))
}

/// The process runs.
async fn alive() -> &'static str {
    "ok\n"
}

/// Requests can be served: the database answers, and we are not stopping.
async fn ready(State(app): State<App>) -> (StatusCode, String) {
    if app.services.stopping.is_cancelled() {
        return (StatusCode::SERVICE_UNAVAILABLE, "stopping\n".to_owned());
    }
    let probe = tokio::time::timeout(Duration::from_secs(2), app.services.is_initialised()).await;
    match probe {
        Ok(Ok(_)) if app.services.bus.healthy() => (StatusCode::OK, "ok\n".to_owned()),
        Ok(Ok(_)) => (
            StatusCode::OK,
            "ok, but NATS is not connected: other nodes hear of changes late\n".to_owned(),
        ),
        Ok(Err(error)) => {
            tracing::warn!(%error, "not ready");
            (
                StatusCode::SERVICE_UNAVAILABLE,
                "the database does not answer\n".to_owned(),
            )
        }
        Err(_) => (
            StatusCode::SERVICE_UNAVAILABLE,
            "the database does not answer in time\n".to_owned(),
        ),
    }
}

async fn metrics(State(app): State<App>) -> impl IntoResponse {
    (
        [(header::CONTENT_TYPE, "text/plain; version=0.0.4")],
        app.metrics.render(),
    )
}
