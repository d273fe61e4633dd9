//! Stored files of messages.

use crate::error::Result;
use crate::record;
use crate::tx::Tx;
use ism_domain::{AttachmentId, Timestamp, WorkspaceId};

/// A stored file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttachmentRow {
    pub workspace_id: WorkspaceId,
    pub id: AttachmentId,
    /// `image`, `video`, `audio`, `file` or `sticker`.
    pub kind: String,
    /// `pending`, `ready` or `failed`.
    pub state: String,
    /// What the bytes are, found by looking at them.
    pub mime: String,
    pub file_name: String,
    /// Bytes.
    pub size: i64,
    pub width: Option<i64>,
    pub height: Option<i64>,
    /// Hex; names the stored bytes.
    pub sha256: Option<String>,
    /// `user:ID`, `contact:ID`, `api`: who may use it in a message.
    pub uploaded_by: String,
    pub created_at: Timestamp,
}
record!(AttachmentRow: attachment(workspace_id, id) {
    workspace_id, id, kind, state, mime, file_name, size, width, height, sha256, uploaded_by, created_at,
});

/// A file.
///
/// # Errors
/// When the statement fails.
pub fn get(tx: &mut Tx<'_>, workspace: WorkspaceId, id: AttachmentId) -> Result<Option<AttachmentRow>> {
    tx.first("WHERE workspace_id = ?1 AND id = ?2", &[workspace.into(), id.into()])
}
