//! Contacts for programs.

use super::{Identifier, Program, ProgramResult, body, find, page, pagination};
use crate::App;
use axum::extract::{Path, Request, State};
use ism_domain::Refusal;
use ism_domain::contact::Contact;
use ism_domain::conversation::ConversationStatus;
use ism_services::Error;
use ism_services::inbox::words;
use ism_store::Tx;
use ism_store::tables::accounts::{self, User};
use ism_store::tables::contacts as table;
use serde_json::{Value, json};
use std::collections::HashMap;

/// A contact in the API's form.
pub fn contact(row: &Contact, assignees: &HashMap<i64, User>) -> Value {
    let assignee = row.assignee_id.and_then(|id| assignees.get(&id.0)).map(
        |user| json!({ "id": user.id, "firstName": user.first_name, "lastName": user.last_name, "email": user.email }),
    );
    json!({
        "id": row.id, "firstName": row.first_name, "lastName": some(&row.last_name), "phone": row.phone,
        "email": row.email, "language": row.language, "profilePic": row.picture, "countryCode": row.country_code,
        "locale": null, "custom_fields": null, "tags": [], "lifecycle": null,
        "status": if row.status == ConversationStatus::Closed { "close" } else { "open" },
        "isBlocked": row.is_blocked, "assignee": assignee, "created_at": row.created_at.as_seconds(),
    })
}

fn some(text: &str) -> Option<&str> {
    Some(text).filter(|text| !text.is_empty())
}

fn assignees(tx: &mut Tx<'_>, rows: &[Contact]) -> Result<HashMap<i64, User>, ism_store::Error> {
    if rows.iter().all(|row| row.assignee_id.is_none()) {
        return Ok(HashMap::new());
    }
    let workspace = tx.workspace();
    Ok(accounts::members(tx, workspace)?
        .into_iter()
        .map(|(_, user)| (user.id.0, user))
        .collect())
}

/// `GET /v2/contact/{identifier}`
pub async fn show(State(app): State<App>, program: Program, Path(identifier): Path<String>) -> ProgramResult {
    let identifier: Identifier = identifier.parse()?;
    let view = app
        .services
        .store
        .snapshot(program.workspace, move |tx| {
            let row = find(tx, &identifier)?;
            let people = assignees(tx, std::slice::from_ref(&row))?;
            Ok::<_, Error>(contact(&row, &people))
        })
        .await?;
    Ok(program.answer(&view))
}

/// `POST /v2/contact/list`
pub async fn list(State(app): State<App>, program: Program, request: Request) -> ProgramResult {
    let page = page(request.uri().query(), 10)?;
    let filter: Value = body(request).await?;
    let search = filter
        .get("search")
        .and_then(Value::as_str)
        .unwrap_or_default()
        .to_owned();
    let conditions = filter.get("filter").and_then(Value::as_object).is_some_and(|filter| {
        filter
            .values()
            .any(|list| list.as_array().is_some_and(|list| !list.is_empty()))
    });
    if conditions {
        return Err(Refusal::field(
            "filter",
            "Conditions are not supported yet. Use search, or an empty filter.",
        )
        .into());
    }
    let workspace = program.workspace;
    let back = page.cursor.is_some_and(|cursor| cursor < 0);
    let (rows, people) = app
        .services
        .store
        .snapshot(workspace, move |tx| {
            let after = page.cursor.map(i64::abs);
            let rows = table::page_by_id(tx, workspace, &words(&search), after, !back, page.limit)?;
            let people = assignees(tx, &rows)?;
            Ok::<_, ism_store::Error>((rows, people))
        })
        .await?;
    let full = rows.len() as u64 == page.limit;
    let next = rows
        .last()
        .filter(|_| full)
        .map(|row| if back { -row.id.0 } else { row.id.0 });
    let previous = rows.first().filter(|_| page.cursor.is_some()).map(|row| row.id.0);
    let items: Vec<Value> = rows.iter().map(|row| contact(row, &people)).collect();
    let pages = pagination(&app, "/v2/contact/list", page.limit, next, previous);
    Ok(program.answer(&json!({ "items": items, "pagination": pages })))
}
