//! The event log: one per workspace, numbered without gaps.

use crate::engine::Engine;
use crate::error::Result;
use crate::record::Existing;
use crate::tx::Tx;
use ism_domain::event::{ActorKind, EventKind, NewEvent};
use ism_domain::{ContactId, ConversationId, Timestamp, WorkspaceId};
use serde_json::Value;
use std::collections::BTreeMap;

/// An event as it stands in the log.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    pub workspace_id: WorkspaceId,
    pub seq: i64,
    /// When; strictly increasing per node, so it also orders a timeline.
    pub at: Timestamp,
    pub kind: EventKind,
    pub actor_kind: ActorKind,
    pub actor_id: Option<i64>,
    pub contact_id: Option<ContactId>,
    pub conversation_id: Option<ConversationId>,
    pub payload: Value,
    pub in_timeline: bool,
}

crate::record!(Event: event(workspace_id, seq) {
    workspace_id, seq, at, kind, actor_kind, actor_id, contact_id, conversation_id, payload, in_timeline,
});

/// Numbers the events of a commit and writes them. Returns the newest number of each workspace.
pub(crate) fn append(
    engine: &mut Engine,
    events: &[(WorkspaceId, Timestamp, NewEvent)],
) -> Result<Vec<(WorkspaceId, i64)>> {
    let mut counts: BTreeMap<WorkspaceId, i64> = BTreeMap::new();
    for (workspace, ..) in events {
        *counts.entry(*workspace).or_default() += 1;
    }
    let mut last = Vec::with_capacity(counts.len());
    let mut next: BTreeMap<WorkspaceId, i64> = BTreeMap::new();
    for (workspace, count) in counts {
        let sql = "UPDATE workspace SET seq = seq + ?1 WHERE id = ?2 RETURNING seq";
        let mut rows = engine.rows(sql, &[count.into(), workspace.into()])?;
        let Some(row) = rows.first_mut() else { continue };
        let seq: i64 = row.take()?;
        next.insert(workspace, seq - count + 1);
        last.push((workspace, seq));
    }
    let mut rows = Vec::with_capacity(events.len());
    for (workspace_id, at, event) in events {
        let Some(seq) = next.get_mut(workspace_id) else {
            continue;
        };
        rows.push(Event {
            workspace_id: *workspace_id,
            seq: *seq,
            at: *at,
            kind: event.kind,
            actor_kind: event.actor.kind,
            actor_id: event.actor.id,
            contact_id: event.contact_id,
            conversation_id: event.conversation_id,
            payload: event.payload.clone(),
            in_timeline: event.kind.in_timeline(),
        });
        *seq += 1;
    }
    engine.insert(rows.iter(), Existing::Refuse)?;
    Ok(last)
}

/// Events after `seq`, oldest first.
///
/// # Errors
/// When the statement fails.
pub fn after(tx: &mut Tx<'_>, workspace: WorkspaceId, seq: i64, limit: i64) -> Result<Vec<Event>> {
    tx.all(
        "WHERE workspace_id = ?1 AND seq > ?2 ORDER BY seq LIMIT ?3",
        &[workspace.into(), seq.into(), limit.into()],
    )
}

/// The number of the newest event.
///
/// # Errors
/// When the statement fails.
pub fn head(tx: &mut Tx<'_>, workspace: WorkspaceId) -> Result<i64> {
    match tx
        .rows("SELECT seq FROM workspace WHERE id = ?1", &[workspace.into()])?
        .first_mut()
    {
        Some(row) => row.take(),
        None => Ok(0),
    }
}

/// Where a consumer stands.
///
/// # Errors
/// When the statement fails.
pub fn cursor(tx: &mut Tx<'_>, consumer: &str, workspace: WorkspaceId) -> Result<i64> {
    let sql = "SELECT seq FROM consumer_cursor WHERE consumer = ?1 AND workspace_id = ?2";
    match tx.rows(sql, &[consumer.into(), workspace.into()])?.first_mut() {
        Some(row) => row.take(),
        None => Ok(0),
    }
}

/// Moves a consumer from `from` to `to`, in the transaction of its effects. `false` when someone else has moved it: the
/// effects must then be undone.
///
/// # Errors
/// When the statement fails.
pub fn advance(tx: &mut Tx<'_>, consumer: &str, workspace: WorkspaceId, from: i64, to: i64) -> Result<bool> {
    let insert = "INSERT INTO consumer_cursor (consumer, workspace_id, seq) VALUES (?1, ?2, 0) ON CONFLICT DO NOTHING";
    tx.execute(insert, &[consumer.into(), workspace.into()])?;
    let update = "UPDATE consumer_cursor SET seq = ?1 WHERE consumer = ?2 AND workspace_id = ?3 AND seq = ?4";
    Ok(tx.execute(update, &[to.into(), consumer.into(), workspace.into(), from.into()])? == 1)
}
