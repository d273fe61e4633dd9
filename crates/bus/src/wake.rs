//! What the parts of the system tell each other.

use serde::{Deserialize, Serialize};

/// A hint that there is something to do, or that something known has changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "wake", rename_all = "snake_case")]
pub enum Wake {
    /// The log of a workspace has grown to `seq`.
    Events { workspace_id: i64, seq: i64 },
    /// There are messages to send.
    Outbox,
    /// There are jobs to do.
    Jobs,
    /// A channel was connected, changed or deleted.
    ChannelChanged { workspace_id: i64, channel_id: i64 },
    /// A session ended: its sockets must close.
    SessionEnded { session_id: i64, user_id: i64 },
    /// What a user may see or do has changed.
    AccessChanged { workspace_id: i64, user_id: i64 },
    /// Wakes may have been missed: look everywhere.
    Lagged,
}
