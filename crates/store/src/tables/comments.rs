//! Comments.

use crate::error::Result;
use crate::record;
use crate::tx::Tx;
use ism_domain::comment::Comment;
use ism_domain::{CommentId, ContactId, WorkspaceId};

record!(Comment: comment(workspace_id, id) {
    workspace_id, id, contact_id, conversation_id, author_id, author_source, text, mentions, client_id, created_at, version,
});

/// A page of a contact's comments before an id, newest first.
///
/// # Errors
/// When the statement fails.
pub fn before(
    tx: &mut Tx<'_>,
    workspace: WorkspaceId,
    contact: ContactId,
    before: i64,
    limit: i64,
) -> Result<Vec<Comment>> {
    tx.all(
        "WHERE workspace_id = ?1 AND contact_id = ?2 AND id < ?3 ORDER BY id DESC LIMIT ?4",
        &[workspace.into(), contact.into(), before.into(), limit.into()],
    )
}

/// Several comments, in no order.
///
/// # Errors
/// When the statement fails.
pub fn get_many(tx: &mut Tx<'_>, workspace: WorkspaceId, ids: &[CommentId]) -> Result<Vec<Comment>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    tx.all(
        "WHERE workspace_id = ?1 AND id = ANY(?2)",
        &[workspace.into(), crate::ids(ids.iter().copied())],
    )
}

/// The comment a client has already made under this id.
///
/// # Errors
/// When the statement fails.
pub fn by_client_id(
    tx: &mut Tx<'_>,
    workspace: WorkspaceId,
    contact: ContactId,
    client_id: &str,
) -> Result<Option<Comment>> {
    tx.first(
        "WHERE workspace_id = ?1 AND contact_id = ?2 AND client_id = ?3",
        &[workspace.into(), contact.into(), client_id.into()],
    )
}
