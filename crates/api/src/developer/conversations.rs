//! Conversations for programs: open, close, assign.

use super::{Identifier, Program, ProgramResult, body, find};
use crate::App;
use axum::extract::{Path, Request, State};
use ism_domain::Refusal;
use ism_domain::conversation::ClosingNote;
use serde::Deserialize;
use serde_json::{Value, json};

#[derive(Deserialize)]
struct StatusBody {
    status: String,
    category: Option<String>,
    summary: Option<String>,
}

/// `POST /v2/contact/{identifier}/conversation/status`
pub async fn status(
    State(app): State<App>,
    program: Program,
    Path(identifier): Path<String>,
    request: Request,
) -> ProgramResult {
    let identifier: Identifier = identifier.parse()?;
    let wanted: StatusBody = body(request).await?;
    let workspace = program.workspace;
    let contact = app
        .services
        .store
        .snapshot(workspace, move |tx| find(tx, &identifier))
        .await?
        .id;
    match wanted.status.as_str() {
        "open" => {
            app.services
                .open_conversation_as(workspace, contact, program.actor)
                .await?
        }
        "close" | "closed" => {
            let note = ClosingNote {
                category: wanted.category,
                summary: wanted.summary,
            };
            app.services
                .close_conversation_as(workspace, contact, note, program.actor)
                .await?;
        }
        _ => return Err(Refusal::field("status", "Use open or close.").into()),
    }
    Ok(program.answer(&json!({ "contactId": contact })))
}

/// `POST /v2/contact/{identifier}/conversation/assignee`
pub async fn assign(
    State(app): State<App>,
    program: Program,
    Path(identifier): Path<String>,
    request: Request,
) -> ProgramResult {
    let identifier: Identifier = identifier.parse()?;
    let wanted: Value = body(request).await?;
    let workspace = program.workspace;
    let contact = app
        .services
        .store
        .snapshot(workspace, move |tx| find(tx, &identifier))
        .await?
        .id;
    let assignee = match wanted.get("assignee") {
        Some(Value::Null) => None,
        Some(Value::String(text)) if text == "null" => None,
        Some(Value::Number(id)) => Some(id.to_string()),
        Some(Value::String(text)) => Some(text.trim().to_owned()),
        _ => return Err(Refusal::field("assignee", "Use a user's id or e-mail address, or null.").into()),
    };
    app.services
        .assign_as(workspace, contact, assignee, program.actor)
        .await?;
    Ok(program.answer(&json!({ "contactId": contact })))
}
