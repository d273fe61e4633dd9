//! Messages on their way to providers.

use crate::error::Result;
use crate::record;
use crate::tx::Tx;
use ism_domain::{ChannelId, ContactChannelId, MessageId, Timestamp, WorkspaceId};

/// A message that the provider has not taken yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutboxRow {
    pub workspace_id: WorkspaceId,
    pub message_id: MessageId,
    pub channel_id: ChannelId,
    pub contact_channel_id: ContactChannelId,
    /// `queued`, or `sending` while a request may be on the wire.
    pub state: String,
    pub attempts: i64,
    pub due_at: Timestamp,
    pub lease_until: Timestamp,
    pub created_at: Timestamp,
}
record!(OutboxRow: outbox(workspace_id, message_id) {
    workspace_id, message_id, channel_id, contact_channel_id, state, attempts, due_at, lease_until, created_at,
});

/// Due messages that are next in line for their recipient, with none of it on the wire, oldest first; of all workspaces, without the channels in
/// `resting`.
///
/// # Errors
/// When the statement fails.
pub fn due(tx: &mut Tx<'_>, now: Timestamp, resting: &[i64], limit: i64) -> Result<Vec<OutboxRow>> {
    tx.all(
        "WHERE due_at <= ?1 AND state = 'queued' AND NOT (channel_id = ANY(?2)) AND NOT EXISTS (SELECT 1 FROM outbox ahead \
         WHERE ahead.workspace_id = outbox.workspace_id AND ahead.contact_channel_id = outbox.contact_channel_id \
         AND (ahead.message_id < outbox.message_id OR ahead.state = 'sending' AND ahead.message_id <> outbox.message_id)) ORDER BY due_at, message_id LIMIT ?3",
        &[now.into(), crate::ids(resting.iter().copied()), limit.into()],
    )
}

/// Whether a message is still in line or on the wire.
///
/// # Errors
/// When the statement fails.
pub fn holds(tx: &mut Tx<'_>, workspace: WorkspaceId, id: MessageId) -> Result<bool> {
    let row: Option<OutboxRow> = tx.first(
        "WHERE workspace_id = ?1 AND message_id = ?2",
        &[workspace.into(), id.into()],
    )?;
    Ok(row.is_some())
}

/// The rows of these messages, as far as they have one.
///
/// # Errors
/// When the statement fails.
pub fn of_messages(tx: &mut Tx<'_>, workspace: WorkspaceId, ids: &[MessageId]) -> Result<Vec<OutboxRow>> {
    tx.all(
        "WHERE workspace_id = ?1 AND message_id = ANY(?2)",
        &[workspace.into(), crate::ids(ids.iter().copied())],
    )
}

/// Lets a queued message wait until `due_at`.
///
/// # Errors
/// When the statement fails.
pub fn postpone(tx: &mut Tx<'_>, workspace: WorkspaceId, id: MessageId, due_at: Timestamp) -> Result<()> {
    let sql = "UPDATE outbox SET due_at = ?1 WHERE workspace_id = ?2 AND message_id = ?3 AND state = 'queued'";
    tx.execute(sql, &[due_at.into(), workspace.into(), id.into()]).map(drop)
}

/// When the next message becomes due.
///
/// # Errors
/// When the statement fails.
pub fn next_due(tx: &mut Tx<'_>) -> Result<Option<Timestamp>> {
    let sql = "SELECT min(due_at) FROM outbox WHERE state = 'queued'";
    tx.rows(sql, &[])?.first_mut().map_or(Ok(None), crate::Row::take)
}

/// Marks messages as being sent, those of `ids` that are still queued. Returns the ids it got.
///
/// # Errors
/// When the statement fails.
pub fn claim(
    tx: &mut Tx<'_>,
    workspace: WorkspaceId,
    ids: &[MessageId],
    lease_until: Timestamp,
) -> Result<Vec<MessageId>> {
    let sql = "UPDATE outbox SET state = 'sending', lease_until = ?1, attempts = attempts + 1 \
               WHERE workspace_id = ?2 AND message_id = ANY(?3) AND state = 'queued' RETURNING message_id";
    let params = [lease_until.into(), workspace.into(), crate::ids(ids.iter().copied())];
    tx.returning(sql, &params)?.iter_mut().map(crate::Row::take).collect()
}

/// Keeps messages marked as being sent for another while.
///
/// # Errors
/// When the statement fails.
pub fn renew(tx: &mut Tx<'_>, workspace: WorkspaceId, ids: &[MessageId], lease_until: Timestamp) -> Result<u64> {
    let sql =
        "UPDATE outbox SET lease_until = ?1 WHERE workspace_id = ?2 AND message_id = ANY(?3) AND state = 'sending'";
    tx.execute(
        sql,
        &[lease_until.into(), workspace.into(), crate::ids(ids.iter().copied())],
    )
}

/// Messages whose sender died with a request possibly on the wire.
///
/// # Errors
/// When the statement fails.
pub fn abandoned(tx: &mut Tx<'_>, now: Timestamp, limit: i64) -> Result<Vec<OutboxRow>> {
    tx.all(
        "WHERE state = 'sending' AND lease_until < ?1 ORDER BY message_id LIMIT ?2",
        &[now.into(), limit.into()],
    )
}

/// Puts a message back in line, from `due_at`. `count` says whether the attempt counts.
///
/// # Errors
/// When the statement fails.
pub fn requeue(tx: &mut Tx<'_>, workspace: WorkspaceId, id: MessageId, due_at: Timestamp, count: bool) -> Result<()> {
    let sql = "UPDATE outbox SET state = 'queued', due_at = ?1, lease_until = 0, attempts = attempts - ?2 \
               WHERE workspace_id = ?3 AND message_id = ?4";
    tx.execute(
        sql,
        &[due_at.into(), i64::from(!count).into(), workspace.into(), id.into()],
    )
    .map(drop)
}

/// Brings what waits forward by `micros`, after the clock was set back by as much: it was to wait for a time, not for an
/// hour on the clock. `now` is the time after that.
///
/// # Errors
/// When the statement fails.
pub fn clock_set_back(tx: &mut Tx<'_>, workspace: WorkspaceId, now: Timestamp, micros: i64) -> Result<()> {
    let sql = "UPDATE outbox SET due_at = due_at - ?1 WHERE workspace_id = ?2 AND state = 'queued' AND due_at > ?3";
    tx.execute(sql, &[micros.into(), workspace.into(), now.into()])
        .map(drop)
}

/// Workspaces with messages that are not due yet.
///
/// # Errors
/// When the statement fails.
pub fn waiting(tx: &mut Tx<'_>, now: Timestamp) -> Result<Vec<WorkspaceId>> {
    let sql = "SELECT DISTINCT workspace_id FROM outbox WHERE state = 'queued' AND due_at > ?1";
    tx.rows(sql, &[now.into()])?.iter_mut().map(crate::Row::take).collect()
}

/// Holds back everything queued on a channel until a time.
///
/// # Errors
/// When the statement fails.
pub fn hold_channel(tx: &mut Tx<'_>, workspace: WorkspaceId, channel: ChannelId, until: Timestamp) -> Result<()> {
    let sql = "UPDATE outbox SET due_at = ?1 WHERE workspace_id = ?2 AND channel_id = ?3 AND state = 'queued' AND due_at < ?1";
    tx.execute(sql, &[until.into(), workspace.into(), channel.into()])
        .map(drop)
}

/// Lets everything queued on a channel go now, after it was reconnected.
///
/// # Errors
/// When the statement fails.
pub fn release_channel(tx: &mut Tx<'_>, workspace: WorkspaceId, channel: ChannelId, now: Timestamp) -> Result<()> {
    let sql = "UPDATE outbox SET due_at = ?1 WHERE workspace_id = ?2 AND channel_id = ?3 AND state = 'queued' AND due_at > ?1";
    tx.execute(sql, &[now.into(), workspace.into(), channel.into()])
        .map(drop)
}

/// Takes messages out: they were sent, or never will be.
///
/// # Errors
/// When the statement fails.
pub fn remove(tx: &mut Tx<'_>, workspace: WorkspaceId, ids: &[MessageId]) -> Result<()> {
    let sql = "DELETE FROM outbox WHERE workspace_id = ?1 AND message_id = ANY(?2)";
    tx.execute(sql, &[workspace.into(), crate::ids(ids.iter().copied())])
        .map(drop)
}

/// Everything still in line on a channel.
///
/// # Errors
/// When the statement fails.
pub fn of_channel(tx: &mut Tx<'_>, workspace: WorkspaceId, channel: ChannelId) -> Result<Vec<OutboxRow>> {
    tx.all(
        "WHERE workspace_id = ?1 AND channel_id = ?2 ORDER BY message_id",
        &[workspace.into(), channel.into()],
    )
}

/// How many messages wait, and since when the oldest does.
///
/// # Errors
/// When the statement fails.
pub fn depth(tx: &mut Tx<'_>) -> Result<(i64, Option<Timestamp>)> {
    match tx
        .rows("SELECT count(*), min(created_at) FROM outbox", &[])?
        .first_mut()
    {
        Some(row) => Ok((row.take()?, row.take()?)),
        None => Ok((0, None)),
    }
}
