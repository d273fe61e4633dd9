//! Files in and out: uploads are streamed to disk, downloads answer ranges and never let a browser run anything.

use crate::App;
use crate::auth::{Address, In};
use crate::error::{ApiError, ApiResult};
use axum::extract::multipart::Multipart;
use axum::extract::{DefaultBodyLimit, FromRequest, Path, Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use ism_domain::refusal::RefusalKind;
use ism_domain::{AttachmentId, Refusal, WorkspaceId};
use ism_services::Services;
use ism_services::attachments::{Download, UploadedView};
use ism_services::files::{MAX_BYTES, Upload};
use tower::ServiceExt;
use tower_http::services::ServeFile;

/// What an upload may weigh beyond the file itself.
const ENVELOPE: usize = 64 * 1024;

pub fn router() -> Router<App> {
    Router::new()
        .route("/api/workspaces/{workspace}/attachments", post(keep))
        .layer(DefaultBodyLimit::max(
            usize::try_from(MAX_BYTES)
                .unwrap_or(usize::MAX)
                .saturating_add(ENVELOPE),
        ))
        .route("/files/{workspace}/{id}/{signature}/{file_name}", get(signed))
}

/// A file read from a request.
pub struct Incoming {
    pub upload: Upload,
    pub file_name: String,
    pub declared: Option<String>,
}

/// Reads the part `file` of a multipart body to disk.
pub async fn receive(services: &Services, request: Request, limit: u64) -> Result<Incoming, ApiError> {
    let too_large = || {
        let size = limit / (1024 * 1024);
        Refusal::new(
            RefusalKind::TooLarge,
            "too_large",
            format!("The file is larger than {size} MB."),
        )
    };
    let unreadable = || {
        Refusal::invalid(
            "unreadable_upload",
            "The upload could not be read. Send it as multipart/form-data.",
        )
    };
    let mut parts = Multipart::from_request(request, &()).await.map_err(|_| unreadable())?;
    loop {
        let part = parts.next_field().await.map_err(|error| match error.status() {
            StatusCode::PAYLOAD_TOO_LARGE => too_large(),
            _ => unreadable(),
        })?;
        let Some(mut part) = part else {
            return Err(Refusal::field("file", "Send the file as the part named file.").into());
        };
        if part.name() != Some("file") {
            continue;
        }
        let file_name = part.file_name().unwrap_or_default().to_owned();
        let declared = part.content_type().map(str::to_owned);
        let mut upload = services.files.begin().await?;
        loop {
            let chunk = part.chunk().await.map_err(|error| match error.status() {
                StatusCode::PAYLOAD_TOO_LARGE => too_large(),
                _ => unreadable(),
            })?;
            let Some(chunk) = chunk else { break };
            if upload.write(&chunk).await? > limit {
                return Err(too_large().into());
            }
        }
        return Ok(Incoming {
            upload,
            file_name,
            declared,
        });
    }
}

async fn keep(State(app): State<App>, In(member): In, request: Request) -> ApiResult<Json<UploadedView>> {
    let incoming = receive(&app.services, request, MAX_BYTES).await?;
    let kept = app
        .services
        .keep_upload(
            member,
            incoming.upload,
            &incoming.file_name,
            incoming.declared.as_deref(),
        )
        .await?;
    Ok(Json(kept))
}

/// A file by its signed address: for providers, bridges and visitors.
async fn signed(
    State(app): State<App>,
    Address(_): Address,
    Path((workspace, id, signature, _)): Path<(WorkspaceId, AttachmentId, String, String)>,
    request: Request,
) -> ApiResult<Response> {
    let download = app.services.signed_download(workspace, id, &signature).await?;
    let mut response = serve(download, request, "public, max-age=31536000, immutable").await?;
    // Pages of other sites embed the widget, which shows these.
    response
        .headers_mut()
        .insert("cross-origin-resource-policy", HeaderValue::from_static("cross-origin"));
    Ok(response)
}

/// Answers with a file. Only types that cannot run are shown in place.
pub async fn serve(download: Download, request: Request, caching: &'static str) -> ApiResult<Response> {
    let mime = download.mime.parse().unwrap_or(mime::APPLICATION_OCTET_STREAM);
    let answer = ServeFile::new_with_mime(&download.path, &mime).oneshot(request).await;
    let mut response = match answer {
        Ok(response) if response.status() != StatusCode::NOT_FOUND => response.into_response(),
        _ => return Err(Refusal::not_found("File").into()),
    };
    let name: String = url::form_urlencoded::byte_serialize(download.file_name.as_bytes())
        .collect::<String>()
        .replace('+', "%20");
    let how = if download.inline { "inline" } else { "attachment" };
    let headers = response.headers_mut();
    if let Ok(value) = HeaderValue::from_str(&format!("{how}; filename*=UTF-8''{name}")) {
        headers.insert(header::CONTENT_DISPOSITION, value);
    }
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(caching));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static("default-src 'none'; sandbox"),
    );
    Ok(response)
}
