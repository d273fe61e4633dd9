//! Messages and statuses that wait for theirs.

use crate::error::Result;
use crate::record;
use crate::tx::Tx;
use ism_domain::message::{Failure, Message, Status};
use ism_domain::{ChannelId, ContactChannelId, ContactId, MessageId, Timestamp, WorkspaceId};

record!(Message: message(workspace_id, id) {
    workspace_id, id, contact_id, conversation_id, channel_id, contact_channel_id, direction, content, external_id,
    client_id, reply_to_id, sender_source, sender_id, status, failure, history, album, forwarded, referral, reactions,
    revisions, provider_at, created_at, edited_at, deleted_at, version,
});

/// A status that came before we knew the provider's id of its message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParkedStatus {
    pub workspace_id: WorkspaceId,
    pub channel_id: ChannelId,
    pub id: i64,
    pub external_id: String,
    pub status: Status,
    pub failure: Option<Failure>,
    pub at: Timestamp,
    pub received_at: Timestamp,
}
record!(ParkedStatus: status_parked(workspace_id, channel_id, id) {
    workspace_id, channel_id, id, external_id, status, failure, at, received_at,
});

/// A message.
///
/// # Errors
/// When the statement fails.
pub fn get(tx: &mut Tx<'_>, workspace: WorkspaceId, id: MessageId) -> Result<Option<Message>> {
    tx.first("WHERE workspace_id = ?1 AND id = ?2", &[workspace.into(), id.into()])
}

/// Several messages, in no order.
///
/// # Errors
/// When the statement fails.
pub fn get_many(tx: &mut Tx<'_>, workspace: WorkspaceId, ids: &[MessageId]) -> Result<Vec<Message>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    tx.all(
        "WHERE workspace_id = ?1 AND id = ANY(?2)",
        &[workspace.into(), crate::ids(ids.iter().copied())],
    )
}

/// Messages by the providers' ids.
///
/// # Errors
/// When the statement fails.
pub fn by_external(
    tx: &mut Tx<'_>,
    workspace: WorkspaceId,
    channel: ChannelId,
    external_ids: Vec<String>,
) -> Result<Vec<Message>> {
    if external_ids.is_empty() {
        return Ok(Vec::new());
    }
    tx.all(
        "WHERE workspace_id = ?1 AND channel_id = ?2 AND external_id = ANY(?3)",
        &[workspace.into(), channel.into(), external_ids.into()],
    )
}

/// The message a client has already sent under this id.
///
/// # Errors
/// When the statement fails.
pub fn by_client_id(
    tx: &mut Tx<'_>,
    workspace: WorkspaceId,
    contact: ContactId,
    client_id: &str,
) -> Result<Option<Message>> {
    tx.first(
        "WHERE workspace_id = ?1 AND contact_id = ?2 AND client_id = ?3",
        &[workspace.into(), contact.into(), client_id.into()],
    )
}

/// A page of a contact's messages before an id, newest first.
///
/// # Errors
/// When the statement fails.
pub fn before(
    tx: &mut Tx<'_>,
    workspace: WorkspaceId,
    contact: ContactId,
    before: i64,
    limit: i64,
) -> Result<Vec<Message>> {
    tx.all(
        "WHERE workspace_id = ?1 AND contact_id = ?2 AND id < ?3 ORDER BY id DESC LIMIT ?4",
        &[workspace.into(), contact.into(), before.into(), limit.into()],
    )
}

/// A page of a contact's messages after an id, oldest first.
///
/// # Errors
/// When the statement fails.
pub fn after(
    tx: &mut Tx<'_>,
    workspace: WorkspaceId,
    contact: ContactId,
    after: i64,
    limit: i64,
) -> Result<Vec<Message>> {
    tx.all(
        "WHERE workspace_id = ?1 AND contact_id = ?2 AND id > ?3 ORDER BY id LIMIT ?4",
        &[workspace.into(), contact.into(), after.into(), limit.into()],
    )
}

/// A page of what a visitor may see of the messages on one of a contact's channels, newest first.
///
/// # Errors
/// When the statement fails.
pub fn on_channel_before(
    tx: &mut Tx<'_>,
    workspace: WorkspaceId,
    contact: ContactId,
    contact_channel: ContactChannelId,
    before: i64,
    limit: i64,
) -> Result<Vec<Message>> {
    tx.all(
        "WHERE workspace_id = ?1 AND contact_id = ?2 AND contact_channel_id = ?3 AND id < ?4 ORDER BY id DESC LIMIT ?5",
        &[
            workspace.into(),
            contact.into(),
            contact_channel.into(),
            before.into(),
            limit.into(),
        ],
    )
}

/// How many messages from the team a visitor has not seen.
///
/// # Errors
/// When the statement fails.
pub fn unseen(
    tx: &mut Tx<'_>,
    workspace: WorkspaceId,
    contact: ContactId,
    contact_channel: ContactChannelId,
    read_up_to: i64,
) -> Result<i64> {
    let sql = "SELECT count(*) FROM message WHERE workspace_id = ?1 AND contact_id = ?2 AND contact_channel_id = ?3 \
               AND direction = 'outgoing' AND id > ?4";
    let params = [
        workspace.into(),
        contact.into(),
        contact_channel.into(),
        read_up_to.into(),
    ];
    tx.rows(sql, &params)?.first_mut().map_or(Ok(0), crate::Row::take)
}

/// Parked statuses of these messages.
///
/// # Errors
/// When the statement fails.
pub fn parked(
    tx: &mut Tx<'_>,
    workspace: WorkspaceId,
    channel: ChannelId,
    external_ids: Vec<String>,
) -> Result<Vec<ParkedStatus>> {
    if external_ids.is_empty() {
        return Ok(Vec::new());
    }
    tx.all(
        "WHERE workspace_id = ?1 AND channel_id = ?2 AND external_id = ANY(?3) ORDER BY id",
        &[workspace.into(), channel.into(), external_ids.into()],
    )
}

/// Forgets parked statuses that have found their messages.
///
/// # Errors
/// When the statement fails.
pub fn unpark(tx: &mut Tx<'_>, workspace: WorkspaceId, channel: ChannelId, external_ids: Vec<String>) -> Result<()> {
    let sql = "DELETE FROM status_parked WHERE workspace_id = ?1 AND channel_id = ?2 AND external_id = ANY(?3)";
    tx.execute(sql, &[workspace.into(), channel.into(), external_ids.into()])
        .map(drop)
}

/// Forgets parked statuses of messages that were never ours.
///
/// # Errors
/// When the statement fails.
pub fn drop_parked_before(tx: &mut Tx<'_>, received_before: Timestamp) -> Result<u64> {
    tx.execute(
        "DELETE FROM status_parked WHERE received_at < ?1",
        &[received_before.into()],
    )
}
