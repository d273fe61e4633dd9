//! Messages for programs.

use super::{Identifier, Program, ProgramResult, body, find, page, pagination};
use crate::App;
use axum::extract::{Path, Request, State};
use ism_domain::content::{Attachment, AttachmentKind, Content, Template};
use ism_domain::message::{Message, SenderSource};
use ism_domain::{ChannelId, MessageId, Refusal};
use ism_services::messages::Draft;
use ism_services::{Error, Services, views};
use ism_store::tables::messages as table;
use serde_json::{Value, json};

/// Largest file fetched for a program: 25 MiB.
const MAX_FETCH: u64 = 25 * 1024 * 1024;

/// A message in the API's form.
pub fn message(services: &Services, row: &Message) -> Value {
    let workspace = row.workspace_id;
    let body = views::content(&row.content, &|id, name| services.signed_file_url(workspace, id, name));
    let mut body = serde_json::to_value(body).unwrap_or_default();
    if let Some(attachment) = body.pointer_mut("/attachment").and_then(Value::as_object_mut) {
        let kind = attachment.get("kind").cloned().unwrap_or_else(|| json!("file"));
        let state = attachment.get("state").cloned().unwrap_or_default();
        attachment.insert("type".to_owned(), kind);
        attachment.insert(
            "fileName".to_owned(),
            attachment.get("file_name").cloned().unwrap_or_default(),
        );
        attachment.insert("isPending".to_owned(), json!(state == "pending"));
    }
    let status: Vec<Value> = row
        .history
        .iter()
        .map(|step| {
            let mut entry = json!({ "value": step.status, "timestamp": step.at.as_seconds() });
            if let (Some(text), Some(entry)) = (&step.text, entry.as_object_mut()) {
                entry.insert("message".to_owned(), json!(text));
            }
            entry
        })
        .collect();
    let mut sender = json!({ "source": row.sender_source });
    if let (SenderSource::User, Some(id), Some(sender)) = (row.sender_source, row.sender_id, sender.as_object_mut()) {
        sender.insert("userId".to_owned(), json!(id));
    }
    let mut view = json!({
        "messageId": row.id, "channelMessageId": row.external_id, "contactId": row.contact_id,
        "channelId": row.channel_id, "traffic": row.direction, "message": body, "status": status,
    });
    if let (Some(view), true) = (view.as_object_mut(), row.sender_source != SenderSource::Contact) {
        view.insert("sender".to_owned(), sender);
    }
    view
}

/// `POST /v2/contact/{identifier}/message`
pub async fn send(
    State(app): State<App>,
    program: Program,
    Path(identifier): Path<String>,
    request: Request,
) -> ProgramResult {
    let identifier: Identifier = identifier.parse()?;
    let body: Value = body(request).await?;
    let workspace = program.workspace;
    let contact = app
        .services
        .store
        .snapshot(workspace, move |tx| find(tx, &identifier))
        .await?;
    let channel_id = match body.get("channelId") {
        None | Some(Value::Null) => None,
        Some(value) => Some(ChannelId(number(value).ok_or_else(|| {
            Refusal::field("channelId", "Use the number of one of the contact's channels, or null.")
        })?)),
    };
    let wanted = body
        .get("message")
        .ok_or_else(|| Refusal::field("message", "Say what to send."))?;
    let content = content(&app.services, &program, wanted).await?;
    let draft = Draft {
        client_id: None,
        channel_id,
        content,
        reply_to: None,
    };
    let sent = app
        .services
        .send(workspace, contact.id, draft, program.actor, SenderSource::Api)
        .await?;
    Ok(program.answer(&json!({ "messageId": sent.id, "contactId": contact.id })))
}

/// What a program wants to say, as content.
async fn content(services: &Services, program: &Program, wanted: &Value) -> Result<Content, super::ProgramError> {
    let text = |key: &str| wanted.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    let kind = wanted.get("type").and_then(Value::as_str).unwrap_or_default();
    Ok(match kind {
        "text" => Content::Text { text: text("text") },
        "quick_reply" => Content::QuickReply {
            title: text("title"),
            replies: wanted
                .get("replies")
                .and_then(Value::as_array)
                .map(|list| list.iter().filter_map(Value::as_str).map(str::to_owned).collect())
                .unwrap_or_default(),
        },
        "custom_payload" => Content::CustomPayload {
            payload: wanted.get("payload").cloned().unwrap_or_default(),
        },
        "whatsapp_template" => {
            let template: Template = serde_json::from_value(wanted.get("template").cloned().unwrap_or_default())
                .map_err(|_| Refusal::field("template", "A template has name, languageCode and components."))?;
            Content::WhatsappTemplate { template }
        }
        "attachment" => {
            let file = wanted.get("attachment").cloned().unwrap_or_default();
            let url = file.get("url").and_then(Value::as_str).unwrap_or_default();
            let row = fetch(services, program, url).await?;
            let asked = file.get("type").and_then(Value::as_str);
            let kind = if asked == Some("file") {
                AttachmentKind::File
            } else {
                AttachmentKind::of_mime(&row.mime)
            };
            Content::Attachment {
                attachment: Attachment {
                    id: Some(row.id),
                    ..Attachment::new(kind)
                },
            }
        }
        _ => {
            return Err(Refusal::field(
                "message.type",
                "Use text, attachment, quick_reply, custom_payload or whatsapp_template.",
            )
            .into());
        }
    })
}

/// Fetches a program's file into our own storage.
async fn fetch(
    services: &Services,
    program: &Program,
    url: &str,
) -> Result<ism_store::tables::attachments::AttachmentRow, super::ProgramError> {
    let invalid = || Refusal::field("attachment", "attachment url is not valid");
    if url.is_empty() {
        return Err(invalid().into());
    }
    let mut upload = services.files.begin().await?;
    let request = ism_net::Request::get(url);
    let done = services
        .net
        .download(request, &mut upload, MAX_FETCH)
        .await
        .map_err(|error| Refusal::field("attachment", format!("attachment url is not valid: {error}")))?;
    if !done.is_success() {
        return Err(Refusal::field(
            "attachment",
            format!("attachment url is not valid: it answers {}", done.status),
        )
        .into());
    }
    let declared = done
        .headers
        .iter()
        .find(|(name, _)| name == "content-type")
        .map(|(_, value)| value.as_str());
    let name = url::Url::parse(url)
        .ok()
        .and_then(|url| {
            url.path_segments()
                .and_then(|mut parts| parts.next_back().map(str::to_owned))
        })
        .unwrap_or_default();
    Ok(services
        .keep(program.workspace, upload, &name, declared, "api".to_owned())
        .await?)
}

fn number(value: &Value) -> Option<i64> {
    value
        .as_i64()
        .or_else(|| value.as_str().and_then(|text| text.parse().ok()))
}

/// `GET /v2/contact/{identifier}/message/{messageId}`
pub async fn show(
    State(app): State<App>,
    program: Program,
    Path((identifier, id)): Path<(String, String)>,
) -> ProgramResult {
    let identifier: Identifier = identifier.parse()?;
    let id: MessageId = id.parse().map_err(|_| Refusal::not_found("Message"))?;
    let workspace = program.workspace;
    let row = app
        .services
        .store
        .snapshot(workspace, move |tx| {
            let contact = find(tx, &identifier)?;
            table::get(tx, workspace, id)?
                .filter(|row| row.contact_id == contact.id)
                .ok_or_else(|| Error::from(Refusal::not_found("Message")))
        })
        .await?;
    Ok(program.answer(&message(&app.services, &row)))
}

/// `GET /v2/contact/{identifier}/message/list`: newest first; a negative cursor goes on to newer ones, oldest first.
pub async fn list(
    State(app): State<App>,
    program: Program,
    Path(identifier): Path<String>,
    request: Request,
) -> ProgramResult {
    let page = page(request.uri().query(), 10)?;
    let path = request.uri().path().to_owned();
    let identifier: Identifier = identifier.parse()?;
    let workspace = program.workspace;
    let limit = i64::try_from(page.limit).unwrap_or(100);
    let back = page.cursor.is_some_and(|cursor| cursor < 0);
    let rows = app
        .services
        .store
        .snapshot(workspace, move |tx| {
            let contact = find(tx, &identifier)?.id;
            let rows = match page.cursor {
                Some(cursor) if back => table::after(tx, workspace, contact, -cursor, limit)?,
                cursor => table::before(tx, workspace, contact, cursor.unwrap_or(i64::MAX), limit)?,
            };
            Ok::<_, Error>(rows)
        })
        .await?;
    let full = rows.len() as u64 == page.limit;
    let next = rows
        .last()
        .filter(|_| full)
        .map(|row| if back { -row.id.0 } else { row.id.0 });
    let previous = rows.first().filter(|_| page.cursor.is_some()).map(|row| row.id.0);
    let items: Vec<Value> = rows.iter().map(|row| message(&app.services, row)).collect();
    let pages = pagination(&app, &path, page.limit, next, previous);
    Ok(program.answer(&json!({ "items": items, "pagination": pages })))
}
