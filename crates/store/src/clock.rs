//! The wall clock and the source of ids.

use ism_domain::{Timestamp, next_id};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

/// Where the time comes from; tests pass their own.
pub trait Clock: Send + Sync + 'static {
    /// The present instant.
    fn now(&self) -> Timestamp;
}

/// The machine's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the clock that everything else is given"
    )]
    fn now(&self) -> Timestamp {
        let since = std::time::SystemTime::now()
            .duration_since(std::time::UNIX_EPOCH)
            .unwrap_or_default();
        Timestamp(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
    }
}

/// Makes ids: strictly increasing on this node, whatever the clock does.
pub struct Ids {
    clock: Arc<dyn Clock>,
    node: i64,
    last: AtomicI64,
}

impl Ids {
    /// A source for a node; every id will be greater than `floor`.
    pub fn new(clock: Arc<dyn Clock>, node: i64, floor: i64) -> Self {
        Self {
            clock,
            node,
            last: AtomicI64::new(floor),
        }
    }

    /// The next id.
    pub fn next(&self) -> i64 {
        let now = self.clock.now().0;
        let mut last = self.last.load(Ordering::Relaxed);
        loop {
            let next = next_id(last, now, self.node);
            match self
                .last
                .compare_exchange_weak(last, next, Ordering::Relaxed, Ordering::Relaxed)
            {
                Ok(_) => return next,
                Err(seen) => last = seen,
            }
        }
    }

    /// The greatest id made so far.
    pub fn last(&self) -> i64 {
        self.last.load(Ordering::Relaxed)
    }

    /// This node's number.
    pub const fn node(&self) -> i64 {
        self.node
    }
}
