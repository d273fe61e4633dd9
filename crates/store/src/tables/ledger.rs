//! The ingest ledger and what was kept raw.

use crate::error::Result;
use crate::record;
use crate::tx::Tx;
use ism_domain::{ChannelId, Timestamp, WorkspaceId};

/// One count of a channel's hour.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LedgerRow {
    pub workspace_id: WorkspaceId,
    pub channel_id: ChannelId,
    /// Start of the hour.
    pub hour: Timestamp,
    /// `received`, or one of the outcomes that add up to it: `stored`, `status`, `duplicate`, `ignored:…`,
    /// `rejected:…`, `unrecognised`…
    pub outcome: String,
    pub count: i64,
}
record!(LedgerRow: ingest_ledger(workspace_id, channel_id, hour, outcome) { workspace_id, channel_id, hour, outcome, count });

/// An authentic event we did not understand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawRow {
    pub workspace_id: WorkspaceId,
    pub channel_id: ChannelId,
    pub id: i64,
    pub reason: String,
    pub body: String,
    pub received_at: Timestamp,
}
record!(RawRow: inbound_raw(workspace_id, channel_id, id) { workspace_id, channel_id, id, reason, body, received_at });

/// Adds to the counts.
///
/// # Errors
/// When the statement fails.
pub fn add(tx: &mut Tx<'_>, rows: &[LedgerRow]) -> Result<()> {
    let sql = "INSERT INTO ingest_ledger (workspace_id, channel_id, hour, outcome, count) VALUES (?1, ?2, ?3, ?4, ?5) \
               ON CONFLICT (workspace_id, channel_id, hour, outcome) DO UPDATE SET count = ingest_ledger.count + excluded.count";
    for row in rows {
        let params = [
            row.workspace_id.into(),
            row.channel_id.into(),
            row.hour.into(),
            row.outcome.as_str().into(),
            row.count.into(),
        ];
        tx.execute(sql, &params)?;
    }
    Ok(())
}
