//! A timetable of arrivals that waits for nobody.

use hdrhistogram::Histogram;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Arrivals at a constant rate. Connections take the next due one when they are free; one that is late keeps the time it
/// was due at, so that waiting for a connection counts.
pub struct Timetable {
    begin: Instant,
    rate: f64,
    warm_up: u64,
    total: u64,
    next: AtomicU64,
}

/// One request to be made.
#[derive(Clone, Copy)]
pub struct Arrival {
    pub number: u64,
    pub due: Instant,
    /// Whether the warm-up is over.
    pub counts: bool,
}

impl Timetable {
    /// `rate` a second for `seconds`, after a warm-up of a fifth of that. Begins shortly after now.
    pub fn new(rate: u32, seconds: u32) -> Self {
        let measured = u64::from(rate) * u64::from(seconds);
        let warm_up = measured / 5;
        Self {
            begin: Instant::now() + Duration::from_millis(100),
            rate: f64::from(rate),
            warm_up,
            total: measured + warm_up,
            next: AtomicU64::new(0),
        }
    }

    pub fn total(&self) -> u64 {
        self.total
    }

    /// Waits until the next one is due; `None` at the end.
    pub async fn next(&self) -> Option<Arrival> {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        if number >= self.total {
            return None;
        }
        let due = self.due(number);
        tokio::time::sleep_until(due.into()).await;
        Some(Arrival {
            number,
            due,
            counts: number >= self.warm_up,
        })
    }

    pub fn due(&self, number: u64) -> Instant {
        self.begin + Duration::from_secs_f64(number as f64 / self.rate)
    }

    pub fn measured_from(&self) -> Instant {
        self.due(self.warm_up)
    }

    pub fn counts(&self, number: u64) -> bool {
        number >= self.warm_up
    }
}

/// The longest time that is told apart: an hour, in microseconds.
const LONGEST: u64 = 3_600_000_000;

/// A histogram of microseconds, to three digits.
#[expect(clippy::expect_used, reason = "constants that are in range")]
pub fn histogram() -> Histogram<u64> {
    Histogram::new_with_max(LONGEST, 3).expect("three digits are allowed")
}

pub fn record(histogram: &mut Histogram<u64>, due: Instant) {
    let micros = u64::try_from(due.elapsed().as_micros()).unwrap_or(u64::MAX);
    histogram.saturating_record(micros.max(1));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_late_answer_counts_from_when_it_was_due() {
        let mut took = histogram();
        record(&mut took, Instant::now() - Duration::from_millis(250));
        assert!(
            (249_000..300_000).contains(&took.value_at_quantile(0.5)),
            "{}",
            took.max()
        );
    }

    #[tokio::test(start_paused = true)]
    async fn arrivals_keep_their_time_whoever_is_late() {
        let timetable = Timetable::new(100, 1);
        assert_eq!(timetable.total(), 120);
        let first = timetable.next().await.unwrap();
        assert!(!first.counts);
        let mut last = first;
        while let Some(arrival) = timetable.next().await {
            assert_eq!(arrival.number, last.number + 1);
            last = arrival;
        }
        assert!(last.counts);
        assert_eq!(last.due - first.due, Duration::from_millis(1190));
    }
}
