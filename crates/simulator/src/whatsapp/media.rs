//! Media: upload, look-up, and bytes behind an address that dies after five minutes.

use axum::body::Body;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, Response, header};
use serde::Deserialize;
use serde_json::json;
use sha2::Digest;

use super::graph;
use crate::http::{self, Answer, Params};
use crate::log;
use crate::simulator::Simulator;
use crate::world::{FileEntry, MediaKind};

const MB: usize = 1024 * 1024;
const ADDRESS_LIFE_MS: i64 = 5 * 60 * 1_000;

/// Kinds a message may carry, their MIME types and sizes; documents may be anything.
pub fn accepts(kind: MediaKind, mime: &str, size: usize) -> Result<(), String> {
    let mime = mime.split(';').next().unwrap_or_default().trim();
    let (mimes, limit): (&[&str], usize) = match kind {
        MediaKind::Image => (&["image/jpeg", "image/png"], 5 * MB),
        MediaKind::Video | MediaKind::Animation => (&["video/mp4", "video/3gpp"], 16 * MB),
        MediaKind::Audio | MediaKind::Voice => (
            &["audio/aac", "audio/mp4", "audio/mpeg", "audio/amr", "audio/ogg"],
            16 * MB,
        ),
        MediaKind::Sticker => (&["image/webp"], MB / 2),
        MediaKind::Document => (&[], 100 * MB),
    };
    if !mimes.is_empty() && !mimes.contains(&mime) {
        return Err(format!(
            "Media of type {mime} is not supported here. Use one of: {}.",
            mimes.join(", ")
        ));
    }
    if size > limit {
        return Err(format!("The file has {size} bytes; at most {limit} are allowed."));
    }
    Ok(())
}

pub fn upload(sim: &Simulator, account: &str, params: &Params) -> Answer {
    if params.text("messaging_product").as_deref() != Some("whatsapp") {
        return graph::invalid("The parameter messaging_product is required.");
    }
    let Some(file) = params.files.get("file") else {
        return graph::invalid("The parameter file is required.");
    };
    let mime = params.text("type").or_else(|| file.mime.clone()).unwrap_or_default();
    let bare = mime.split(';').next().unwrap_or_default().trim().to_owned();
    if bare.is_empty() || !bare.contains('/') {
        return graph::invalid("The parameter type must be a MIME type.");
    }
    if file.bytes.is_empty() {
        return graph::invalid("The file is empty.");
    }
    const NEVER: [&str; 6] = [
        "audio/webm",
        "audio/wav",
        "image/heic",
        "image/svg+xml",
        "image/gif",
        "video/webm",
    ];
    if NEVER.contains(&bare.as_str()) {
        let text =
            format!("Param file must be a file with one of the supported types; Received file of type '{bare}'.");
        return graph::error(400, 100, &text, &text);
    }
    let kind = match bare.split('/').next() {
        Some("image") if bare == "image/webp" => MediaKind::Sticker,
        Some("image") => MediaKind::Image,
        Some("video") => MediaKind::Video,
        // `audio/opus` passes here and fails when it is sent.
        Some("audio") if bare != "audio/opus" => MediaKind::Audio,
        _ => MediaKind::Document,
    };
    if let Err(reason) = accepts(kind, &bare, file.bytes.len()) {
        return graph::error(400, 100, &reason, &reason);
    }
    let stored = sim.store_file(file.bytes.clone(), &mime, file.name.clone(), Some(account.to_owned()));
    Answer::ok(json!({"id": stored.id}))
}

pub fn resolve(sim: &Simulator, account: &str, id: &str, base: &str, params: &Params) -> Answer {
    let file = sim.read(|world| world.files.get(id).cloned());
    let wrong_number = params
        .text("phone_number_id")
        .is_some_and(|number| number != super::account_id(account));
    match file {
        Some(file) if !wrong_number => Answer::ok(json!({
            "messaging_product": "whatsapp", "url": address(sim, base, &file), "mime_type": file.mime,
            "sha256": hex::encode(sha2::Sha256::digest(&file.bytes)), "file_size": file.size, "id": file.id,
        })),
        _ => graph::unknown_object(id),
    }
}

/// An address good for five minutes.
pub fn address(sim: &Simulator, base: &str, file: &FileEntry) -> String {
    let expires = sim.now() + ADDRESS_LIFE_MS;
    format!(
        "{base}/whatsapp/media/?mid={}&ext={expires}&hash={}",
        file.id,
        seal(&file.id, expires)
    )
}

fn seal(id: &str, expires: i64) -> String {
    super::webhook::signature("media-address", format!("{id}:{expires}").as_bytes())[..24].to_owned()
}

#[derive(Deserialize)]
pub struct Address {
    mid: String,
    ext: i64,
    hash: String,
}

/// The bytes. Needs the bearer token and a user agent, as Meta's host does.
pub async fn download(State(sim): State<Simulator>, Query(at): Query<Address>, headers: HeaderMap) -> Response<Body> {
    let file = sim.read(|world| world.files.get(&at.mid).cloned());
    let account = file.as_ref().and_then(|f| f.owner.clone()).unwrap_or_default();
    let known = sim.read(|world| world.whatsapp(&account).and_then(|n| n.access_token.clone()));
    let token = http::bearer(&headers, None);
    let status = match (&file, &token) {
        _ if !headers.contains_key(header::USER_AGENT) => 403,
        (_, None) => 401,
        (_, Some(token)) if known.is_some_and(|known| known != *token) => 401,
        (None, _) => 404,
        _ if at.ext < sim.now() || at.hash != seal(&at.mid, at.ext) => 404,
        _ => 200,
    };
    let failure = sim.write(|world| {
        let account = world.accounts.get_mut(&account)?;
        *account.counters.calls.entry("media.download".to_owned()).or_default() += 1;
        crate::faults::take(&mut account.knobs, "media.download", false)
    });
    let status = match failure.map(|f| f.status) {
        Some(crate::faults::Failure::Status(asked)) => asked,
        Some(_) => 502,
        None => status,
    };
    sim.log(log::Entry {
        account,
        what: "media.download".to_owned(),
        status,
        ..log::Entry::default()
    });
    match file {
        Some(file) if status == 200 => {
            let mut response = Response::new(Body::from(file.bytes));
            if let Ok(kind) = header::HeaderValue::from_str(&file.mime) {
                response.headers_mut().insert(header::CONTENT_TYPE, kind);
            }
            response
        }
        _ => http::json_response(status, &json!({"error": "Media not available"})),
    }
}
