//! The files of the web app and of the widget, built into the program.

use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use rust_embed::{EmbeddedFile, RustEmbed};

#[derive(RustEmbed)]
#[folder = "../../web/build"]
struct Web;

#[derive(RustEmbed)]
#[folder = "../../widget/dist"]
struct Widget;

/// What the web app's pages may load. Inline scripts are allowed by hash only; `style-src` needs inline for positions that
/// libraries set.
const WEB_POLICY: &str = "default-src 'self'; img-src 'self' data: blob: https:; media-src 'self' blob:; \
    style-src 'self' 'unsafe-inline'; connect-src 'self'; frame-ancestors 'none'; base-uri 'self'; \
    form-action 'self'; object-src 'none'";

/// A page or file of the web app. Addresses without a file belong to the app's own router.
pub async fn web(method: Method, uri: Uri, headers: HeaderMap) -> Response {
    if !matches!(method, Method::GET | Method::HEAD) {
        return (StatusCode::NOT_FOUND, "There is nothing at this address.\n").into_response();
    }
    let path = uri.path().trim_start_matches('/');
    if let Some(file) = Web::get(path).filter(|_| !path.is_empty()) {
        let forever = path.starts_with("_app/immutable/");
        return respond(
            path,
            file,
            &headers,
            if forever { Caching::Forever } else { Caching::Check },
        );
    }
    let api = [
        "api/",
        "v2/",
        "widget/",
        "webhooks/",
        "custom/",
        "files/",
        "integration/",
    ];
    let last = path.rsplit('/').next().unwrap_or_default();
    if api.iter().any(|prefix| path.starts_with(prefix)) || last.contains('.') {
        return (StatusCode::NOT_FOUND, "There is nothing at this address.\n").into_response();
    }
    let Some(page) = Web::get("index.html") else {
        return (
            StatusCode::NOT_FOUND,
            "The web app is not built into this server. Build it with: make run\n",
        )
            .into_response();
    };
    let scripts = inline_script_hashes(&page.data);
    let mut response = respond("index.html", page, &headers, Caching::Check);
    let policy = format!("{WEB_POLICY}; script-src 'self'{scripts}");
    if let Ok(policy) = HeaderValue::from_str(&policy) {
        response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    let headers = response.headers_mut();
    // For browsers that do not know frame-ancestors.
    headers.insert(header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    headers.insert("cross-origin-opener-policy", HeaderValue::from_static("same-origin"));
    if path.starts_with("invite/") {
        // The address is the secret.
        headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    }
    response
}

/// A file of the widget; `None` when there is no such file.
pub fn widget(path: &str, headers: &HeaderMap) -> Option<Response> {
    Widget::get(path).map(|file| respond(path, file, headers, Caching::Shortly))
}

/// The widget's page.
pub fn widget_page() -> Option<Vec<u8>> {
    Widget::get("frame.html").map(|file| file.data.into_owned())
}

enum Caching {
    /// The name changes with the content.
    Forever,
    /// Ask every time whether it changed.
    Check,
    /// Other sites' pages ask often.
    Shortly,
}

fn respond(path: &str, file: EmbeddedFile, headers: &HeaderMap, caching: Caching) -> Response {
    let tag = format!("\"{}\"", hex::encode(&file.metadata.sha256_hash()[..16]));
    let cache = match caching {
        Caching::Forever => "public, max-age=31536000, immutable",
        Caching::Check => "no-cache",
        Caching::Shortly => "public, max-age=300",
    };
    let unchanged = headers
        .get(header::IF_NONE_MATCH)
        .is_some_and(|known| known.as_bytes() == tag.as_bytes());
    let mut builder = Response::builder()
        .header(header::CACHE_CONTROL, cache)
        .header(header::ETAG, tag);
    if unchanged {
        builder = builder.status(StatusCode::NOT_MODIFIED);
        return builder.body(Body::empty()).unwrap_or_default();
    }
    let kind = match path.rsplit('.').next() {
        Some("js" | "mjs") => "text/javascript; charset=utf-8".to_owned(),
        Some("html") => "text/html; charset=utf-8".to_owned(),
        _ => file.metadata.mimetype().to_owned(),
    };
    builder
        .header(header::CONTENT_TYPE, kind)
        .body(Body::from(file.data))
        .unwrap_or_default()
}

/// `'sha256-…'` of every inline script of a page, so that only these may run.
fn inline_script_hashes(page: &[u8]) -> String {
    use base64::Engine as _;
    use sha2::{Digest, Sha256};
    let page = String::from_utf8_lossy(page);
    let mut hashes = String::new();
    let mut rest = page.as_ref();
    while let Some(at) = rest.find("<script") {
        let Some(open_end) = rest[at..].find('>') else { break };
        let attributes = &rest[at..at + open_end];
        let body = &rest[at + open_end + 1..];
        let Some(close) = body.find("</script>") else { break };
        if !attributes.contains("src=") {
            let digest = Sha256::digest(&body.as_bytes()[..close]);
            hashes.push_str(&format!(
                " 'sha256-{}'",
                base64::engine::general_purpose::STANDARD.encode(digest)
            ));
        }
        rest = &body[close..];
    }
    hashes
}
