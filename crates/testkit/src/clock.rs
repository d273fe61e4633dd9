//! The time, moved by hand.

use ism_domain::Timestamp;
use ism_store::Clock;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

/// 2026-03-02T09:00:00Z, a Monday.
pub const START: Timestamp = Timestamp(1_772_442_000_000_000);

/// A clock that stands still until it is moved. Clones show the same time.
#[derive(Debug, Clone)]
pub struct FrozenClock(Arc<AtomicI64>);

impl Default for FrozenClock {
    fn default() -> Self {
        Self::at(START)
    }
}

impl FrozenClock {
    /// Stands at this time.
    #[must_use]
    pub fn at(start: Timestamp) -> Self {
        Self(Arc::new(AtomicI64::new(start.0)))
    }

    /// Moves by so many microseconds, back when negative.
    pub fn advance(&self, micros: i64) {
        self.0.fetch_add(micros, Ordering::SeqCst);
    }

    /// Moves to a time, which may lie in the past.
    pub fn set(&self, to: Timestamp) {
        self.0.store(to.0, Ordering::SeqCst);
    }
}

impl Clock for FrozenClock {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.load(Ordering::SeqCst))
    }
}
