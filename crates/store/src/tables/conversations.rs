//! Conversations.

use crate::error::Result;
use crate::record;
use crate::tx::Tx;
use ism_domain::conversation::Conversation;
use ism_domain::{CategoryId, ContactId, ConversationId, Timestamp, WorkspaceId};

record!(Conversation: conversation(workspace_id, id) {
    workspace_id, id, contact_id, status, opened_at, opened_source, opened_by, opened_channel_id, contact_type,
    first_incoming_message_id, first_incoming_channel_id, closed_at, closed_by, closed_source, category, summary,
    snoozed_until, incoming_count, outgoing_count, first_assignee_id, first_assigned_at, last_assignee_id,
    last_assigned_at, assignment_count, first_response_at, first_response_by, version,
});

/// A closing-note category.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClosingCategory {
    pub workspace_id: WorkspaceId,
    pub id: CategoryId,
    pub name: String,
    pub description: String,
    pub position: i64,
}
record!(ClosingCategory: closing_category(workspace_id, id) { workspace_id, id, name, description, position });

/// A conversation.
///
/// # Errors
/// When the statement fails.
pub fn get(tx: &mut Tx<'_>, workspace: WorkspaceId, id: ConversationId) -> Result<Option<Conversation>> {
    tx.first("WHERE workspace_id = ?1 AND id = ?2", &[workspace.into(), id.into()])
}

/// The open (or snoozed) conversation of a contact.
///
/// # Errors
/// When the statement fails.
pub fn open_of(tx: &mut Tx<'_>, workspace: WorkspaceId, contact: ContactId) -> Result<Option<Conversation>> {
    tx.first(
        "WHERE workspace_id = ?1 AND contact_id = ?2 AND closed_at IS NULL",
        &[workspace.into(), contact.into()],
    )
}

/// The open conversations of several contacts.
///
/// # Errors
/// When the statement fails.
pub fn open_of_many(tx: &mut Tx<'_>, workspace: WorkspaceId, contacts: &[ContactId]) -> Result<Vec<Conversation>> {
    if contacts.is_empty() {
        return Ok(Vec::new());
    }
    tx.all(
        "WHERE workspace_id = ?1 AND contact_id = ANY(?2) AND closed_at IS NULL",
        &[workspace.into(), super::contacts::id_list(contacts)],
    )
}

/// Several conversations.
///
/// # Errors
/// When the statement fails.
pub fn get_many(tx: &mut Tx<'_>, workspace: WorkspaceId, ids: &[ConversationId]) -> Result<Vec<Conversation>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    tx.all(
        "WHERE workspace_id = ?1 AND id = ANY(?2)",
        &[workspace.into(), crate::ids(ids.iter().copied())],
    )
}

/// Which of these contacts have had a conversation.
///
/// # Errors
/// When the statement fails.
pub fn returning_among(tx: &mut Tx<'_>, workspace: WorkspaceId, contacts: &[ContactId]) -> Result<Vec<ContactId>> {
    if contacts.is_empty() {
        return Ok(Vec::new());
    }
    let sql = "SELECT DISTINCT contact_id FROM conversation WHERE workspace_id = ?1 AND contact_id = ANY(?2)";
    tx.rows(sql, &[workspace.into(), super::contacts::id_list(contacts)])?
        .iter_mut()
        .map(crate::Row::take)
        .collect()
}

/// Snoozed conversations of all workspaces whose time has come.
///
/// # Errors
/// When the statement fails.
pub fn due_to_wake(tx: &mut Tx<'_>, now: Timestamp, limit: i64) -> Result<Vec<(WorkspaceId, ContactId)>> {
    let sql = "SELECT workspace_id, contact_id FROM conversation WHERE snoozed_until IS NOT NULL AND snoozed_until <= ?1 \
               ORDER BY snoozed_until LIMIT ?2";
    tx.rows(sql, &[now.into(), limit.into()])?
        .iter_mut()
        .map(|row| Ok((row.take()?, row.take()?)))
        .collect()
}

/// The categories of a workspace, in their order.
///
/// # Errors
/// When the statement fails.
pub fn categories(tx: &mut Tx<'_>, workspace: WorkspaceId) -> Result<Vec<ClosingCategory>> {
    tx.all("WHERE workspace_id = ?1 ORDER BY position, id", &[workspace.into()])
}

/// Removes a category; past conversations keep its name. `false` when there was none.
///
/// # Errors
/// When the statement fails.
pub fn delete_category(tx: &mut Tx<'_>, workspace: WorkspaceId, id: CategoryId) -> Result<bool> {
    let sql = "DELETE FROM closing_category WHERE workspace_id = ?1 AND id = ?2";
    Ok(tx.execute(sql, &[workspace.into(), id.into()])? == 1)
}
