//! Wake-ups between the parts of one node and between nodes, and the fan-out of what is not worth storing.
//!
//! Nothing on the bus is the truth: the database is. A [`Wake`] only says where to look, and a consumer that was not
//! woken finds the work in its next sweep; so a lost wake costs seconds, never data. Whoever cannot be told what it missed
//! is told [`Wake::Lagged`], and sweeps. Ephemeral frames (typing, presence) may be lost without a word.
//!
//! Alone, a node needs only [`Bus::local`]. Several share NATS through [`Bus::nats`]: see `cluster`.

mod cluster;
mod local;
mod wake;

pub use cluster::BusError;
pub use local::{EphemeralStream, WakeStream};
pub use wake::Wake;

use bytes::Bytes;
use cluster::Cluster;
use local::Local;
use std::sync::Arc;

/// The bus. Cheap to clone; it ends when the last clone is dropped.
#[derive(Clone)]
pub struct Bus {
    local: Arc<Local>,
    cluster: Option<Arc<Cluster>>,
}

impl Bus {
    /// A bus within this process.
    #[must_use]
    pub fn local() -> Self {
        Self {
            local: Arc::new(Local::new()),
            cluster: None,
        }
    }

    /// A bus among all nodes that name the same NATS servers (one URL, or several with commas between) and the same
    /// `prefix`. Waits a few seconds for the connection; a server that is down then does not keep the node from starting.
    ///
    /// # Errors
    /// When an address or the prefix cannot be used.
    pub async fn nats(url: &str, prefix: &str) -> Result<Self, BusError> {
        let local = Arc::new(Local::new());
        let cluster = Cluster::join(url, prefix, local.clone()).await?;
        Ok(Self {
            local,
            cluster: Some(Arc::new(cluster)),
        })
    }

    /// Wakes this node at once, and the others soon. Never blocks, never fails.
    pub fn publish_wake(&self, wake: Wake) {
        self.local.wake(wake);
        if let Some(cluster) = &self.cluster {
            cluster.wake(wake);
        }
    }

    /// Wakes from now on, of all nodes, each once.
    #[must_use]
    pub fn subscribe_wakes(&self) -> WakeStream {
        self.local.wakes()
    }

    /// Shows `frame` to whoever follows the workspace now, on any node. Never blocks, never fails.
    pub fn publish_ephemeral(&self, workspace_id: i64, frame: Bytes) {
        self.local.show(workspace_id, frame.clone());
        if let Some(cluster) = &self.cluster {
            cluster.show(workspace_id, frame);
        }
    }

    /// Ephemeral frames from now on, of all workspaces and nodes, each once.
    #[must_use]
    pub fn subscribe_ephemeral(&self) -> EphemeralStream {
        self.local.ephemeral()
    }

    /// Whether other nodes can be heard. A node alone always hears itself.
    #[must_use]
    pub fn healthy(&self) -> bool {
        self.cluster.as_ref().is_none_or(|cluster| cluster.healthy())
    }
}
