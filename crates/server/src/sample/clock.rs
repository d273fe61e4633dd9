//! A clock that can be set back while sample data are made.

use ism_domain::Timestamp;
use ism_store::{Clock, SystemClock};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

/// The machine's clock, minus an offset that is zero except while sample data are made. Store and simulator share it, so
/// that both date the sample conversations alike, to the days before.
#[derive(Debug, Clone, Default)]
pub struct TimeMachine {
    behind: Arc<AtomicI64>,
}

impl TimeMachine {
    /// Goes on from `ago` microseconds before the present. Each call must come nearer to the present than the one before:
    /// ids and events only ever grow.
    pub fn set_back(&self, ago: i64) {
        self.behind.store(ago.max(0), Ordering::SeqCst);
    }

    /// Back to the present, for good.
    pub fn arrive(&self) {
        self.set_back(0);
    }
}

impl Clock for TimeMachine {
    fn now(&self) -> Timestamp {
        SystemClock.now().plus(-self.behind.load(Ordering::SeqCst))
    }
}
