//! The phone page: static files, no build step, nothing from elsewhere.

use axum::Router;
use axum::http::header;
use axum::response::IntoResponse;
use axum::routing::get;

use crate::simulator::Simulator;

const HTML: &str = include_str!("page/index.html");
const STYLE: &str = include_str!("page/style.css");
const SCRIPTS: [(&str, &str); 5] = [
    ("/sim/app.js", include_str!("page/app.js")),
    ("/sim/dom.js", include_str!("page/dom.js")),
    ("/sim/messages.js", include_str!("page/messages.js")),
    ("/sim/controls.js", include_str!("page/controls.js")),
    ("/sim/dialogs.js", include_str!("page/dialogs.js")),
];

/// Nothing may run or load that is not ours.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; media-src 'self'; \
    connect-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'";

pub fn routes() -> Router<Simulator> {
    let routes = Router::new()
        .route("/", get(|| async { file("text/html; charset=utf-8", HTML) }))
        .route(
            "/sim/style.css",
            get(|| async { file("text/css; charset=utf-8", STYLE) }),
        );
    SCRIPTS.into_iter().fold(routes, |routes, (path, script)| {
        routes.route(
            path,
            get(move || async move { file("text/javascript; charset=utf-8", script) }),
        )
    })
}

fn file(kind: &'static str, content: &'static str) -> impl IntoResponse {
    let headers = [
        (header::CONTENT_TYPE, kind),
        (header::CACHE_CONTROL, "no-cache"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::CONTENT_SECURITY_POLICY, POLICY),
    ];
    (headers, content)
}
