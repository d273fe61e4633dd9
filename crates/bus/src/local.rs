//! Fan-out within one process.

use crate::Wake;
use bytes::Bytes;
use tokio::sync::broadcast::{self, error::RecvError};

/// Wakes a slow consumer may be behind before it is told to sweep instead.
const WAKES: usize = 4096;
/// Ephemeral frames a slow consumer may be behind before it misses some.
const FRAMES: usize = 1024;

pub(crate) struct Local {
    wakes: broadcast::Sender<Wake>,
    frames: broadcast::Sender<(i64, Bytes)>,
}

/// Wakes, in the order in which this node learned of them.
pub struct WakeStream(broadcast::Receiver<Wake>);

/// Ephemeral frames with the workspace they belong to.
pub struct EphemeralStream(broadcast::Receiver<(i64, Bytes)>);

impl Local {
    pub(crate) fn new() -> Self {
        Self {
            wakes: broadcast::channel(WAKES).0,
            frames: broadcast::channel(FRAMES).0,
        }
    }

    // Sending fails when nobody listens, which is as good as being heard.
    pub(crate) fn wake(&self, wake: Wake) {
        let _ = self.wakes.send(wake);
    }

    pub(crate) fn show(&self, workspace_id: i64, frame: Bytes) {
        let _ = self.frames.send((workspace_id, frame));
    }

    pub(crate) fn wakes(&self) -> WakeStream {
        WakeStream(self.wakes.subscribe())
    }

    pub(crate) fn ephemeral(&self) -> EphemeralStream {
        EphemeralStream(self.frames.subscribe())
    }
}

impl WakeStream {
    /// The next wake; [`Wake::Lagged`] stands for those missed. `None` when the bus has ended. May be cancelled.
    pub async fn next(&mut self) -> Option<Wake> {
        match self.0.recv().await {
            Ok(wake) => Some(wake),
            Err(RecvError::Lagged(_)) => Some(Wake::Lagged),
            Err(RecvError::Closed) => None,
        }
    }
}

impl EphemeralStream {
    /// The next frame; one that comes too late is left out. `None` when the bus has ended. May be cancelled.
    pub async fn next(&mut self) -> Option<(i64, Bytes)> {
        loop {
            match self.0.recv().await {
                Ok(frame) => return Some(frame),
                Err(RecvError::Lagged(missed)) => {
                    metrics::counter!("ism_bus_dropped_total", "kind" => "ephemeral_local").increment(missed);
                }
                Err(RecvError::Closed) => return None,
            }
        }
    }
}
