//! HTTP and WebSocket: thin layers over `ism-services`. A handler takes its input apart, calls one use case and wraps the
//! answer.
//!
//! | module | who talks to it |
//! | --- | --- |
//! | [`routes`] | the agent web app, under `/api` |
//! | [`realtime`] | its WebSocket, `/realtime` |
//! | [`webhooks`] | providers, `/webhooks/…`, and custom channels |
//! | [`widget`] | visitors of websites, `/widget/…` |
//! | [`developer`] | the Developer API, `/v2/…` |
//! | [`operators`] | `/healthz`, `/readyz`, `/metrics` |
//! | [`assets`] | the web app's and the widget's files |

#[doc(hidden)]
pub mod fuzzing;
pub mod openapi;

mod assets;
mod auth;
mod body;
mod developer;
mod error;
mod operators;
mod realtime;
mod routes;
mod upload;
mod webhooks;
mod widget;

use axum::Router;
use axum::extract::{MatchedPath, Request};
use axum::http::{HeaderName, HeaderValue, header};
use axum::middleware::{self, Next};
use axum::response::Response;
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use ism_services::Services;
use metrics_exporter_prometheus::PrometheusHandle;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Instant;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use tower_http::request_id::{MakeRequestUuid, PropagateRequestIdLayer, SetRequestIdLayer};
use tower_http::set_header::SetResponseHeaderLayer;
use tower_http::trace::TraceLayer;

/// Requests of one token to one endpoint per second, and at once. The API has no paid tiers: this only keeps one client from
/// starving the others.
const API_RATE: u32 = 100;

/// What the handlers share.
#[derive(Clone)]
pub struct App {
    pub services: Services,
    pub metrics: PrometheusHandle,
    pub(crate) api_limits: Arc<DefaultKeyedRateLimiter<(i64, String)>>,
    pub(crate) widget_limits: Arc<DefaultKeyedRateLimiter<String>>,
}

impl App {
    /// The state of a router.
    #[must_use]
    pub fn new(services: Services, metrics: PrometheusHandle) -> Self {
        let per_second = |count| Quota::per_second(NonZeroU32::new(count).unwrap_or(NonZeroU32::MIN));
        Self {
            services,
            metrics,
            api_limits: Arc::new(RateLimiter::keyed(per_second(API_RATE))),
            widget_limits: Arc::new(RateLimiter::keyed(per_second(20))),
        }
    }
}

/// Everything the server answers.
pub fn router(app: App) -> Router {
    let (web, _) = routes::router().split_for_parts();
    let described = Arc::new(openapi::description());
    let request_id = HeaderName::from_static("x-request-id");
    let web = web
        .layer(SetResponseHeaderLayer::if_not_present(
            header::CACHE_CONTROL,
            HeaderValue::from_static("no-store"),
        ))
        .layer(SetResponseHeaderLayer::if_not_present(
            header::CONTENT_SECURITY_POLICY,
            HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'"),
        ));
    Router::new()
        .merge(web)
        .route(
            "/api/openapi.json",
            axum::routing::get(move || {
                let described = described.clone();
                async move { axum::Json((*described).clone()) }
            }),
        )
        .merge(developer::router())
        .merge(webhooks::router())
        .merge(widget::router())
        .merge(upload::router())
        .merge(realtime::router())
        .merge(operators::router())
        .fallback(assets::web)
        .with_state(app)
        .layer(middleware::from_fn(body::paced))
        .layer(CompressionLayer::new())
        .layer(CatchPanicLayer::custom(|_| error::unexpected()))
        .layer(middleware::from_fn(measure))
        .layer(SetResponseHeaderLayer::if_not_present(
            header::X_CONTENT_TYPE_OPTIONS,
            HeaderValue::from_static("nosniff"),
        ))
        .layer(SetResponseHeaderLayer::if_not_present(
            header::REFERRER_POLICY,
            HeaderValue::from_static("same-origin"),
        ))
        .layer(PropagateRequestIdLayer::new(request_id.clone()))
        .layer(TraceLayer::new_for_http().make_span_with(|request: &Request| {
            // The path only: a query may hold something private.
            let id = request
                .headers()
                .get("x-request-id")
                .and_then(|id| id.to_str().ok())
                .unwrap_or_default();
            tracing::info_span!("request", method = %request.method(), path = %path_for_log(request.uri().path()), id)
        }))
        .layer(SetRequestIdLayer::new(request_id, MakeRequestUuid))
}

/// A path without what opens something: links of invitations and files carry their secret in it.
fn path_for_log(path: &str) -> &str {
    for secret in ["/api/invitations/", "/invite/", "/files/"] {
        if path.starts_with(secret) {
            return secret;
        }
    }
    path
}

async fn measure(request: Request, next: Next) -> Response {
    let begun = Instant::now();
    let route = request
        .extensions()
        .get::<MatchedPath>()
        .map_or_else(|| "other".to_owned(), |path| path.as_str().to_owned());
    let method = request.method().to_string();
    let response = next.run(request).await;
    let status = response.status().as_u16().to_string();
    metrics::histogram!("ism_http_seconds", "method" => method, "route" => route, "status" => status)
        .record(begun.elapsed().as_secs_f64());
    response
}
