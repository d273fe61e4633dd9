//! Webhooks in: how many a second are on disk before they are answered, and how soon.

use crate::http::Connection;
use crate::load::{Timetable, histogram, record};
use crate::report::{Report, tenths};
use crate::subject::{Channels, Subject};
use crate::{Ingest, Result, webhook};
use hdrhistogram::Histogram;
use hyper::Method;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Instant;

/// Every fifth webhook is one that was delivered before.
const REPEATED: u64 = 5;

fn count(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}

/// Which message arrival `number` brings: itself, or one shortly before it.
fn message_of(number: u64) -> u64 {
    if number % REPEATED == REPEATED - 1 {
        number - 3
    } else {
        number
    }
}

/// What the senders of webhooks share.
pub struct Delivery {
    pub timetable: Timetable,
    channels: Channels,
    address: SocketAddr,
    customers: u32,
    /// Whether some webhooks are repeated.
    repeat: bool,
    acknowledged: Vec<AtomicBool>,
    refused: AtomicU64,
    failed: AtomicU64,
}

impl Delivery {
    pub fn new(timetable: Timetable, channels: Channels, address: SocketAddr, customers: u32, repeat: bool) -> Self {
        let acknowledged = (0..timetable.total()).map(|_| AtomicBool::new(false)).collect();
        Self {
            timetable,
            channels,
            address,
            customers,
            repeat,
            acknowledged,
            refused: AtomicU64::new(0),
            failed: AtomicU64::new(0),
        }
    }

    /// Messages that were acknowledged at least once.
    pub fn acknowledged(&self) -> u64 {
        self.acknowledged
            .iter()
            .filter(|one| one.load(Ordering::Relaxed))
            .count() as u64
    }

    /// Answers other than 2xx, and requests without an answer.
    pub fn unanswered(&self) -> (u64, u64) {
        (
            self.refused.load(Ordering::Relaxed),
            self.failed.load(Ordering::Relaxed),
        )
    }

    /// Delivers what is due over so many connections; returns the time each took from when it was due.
    pub async fn deliver(self: &Arc<Self>, connections: u32) -> Histogram<u64> {
        let senders: Vec<_> = (0..connections)
            .map(|_| tokio::spawn(Arc::clone(self).over_one_connection()))
            .collect();
        let mut took = histogram();
        for sender in senders {
            if let Ok(own) = sender.await {
                took += own;
            }
        }
        took
    }

    async fn over_one_connection(self: Arc<Self>) -> Histogram<u64> {
        let mut took = histogram();
        let mut connection = Connection::to(self.address);
        while let Some(arrival) = self.timetable.next().await {
            let number = if self.repeat {
                message_of(arrival.number)
            } else {
                arrival.number
            };
            let one = webhook::message(&self.channels, number, self.customers);
            match connection.send(Method::POST, &one.path, &one.headers, one.body).await {
                Ok(answer) if answer.status.is_success() => {
                    if let Some(mark) = usize::try_from(number).ok().and_then(|at| self.acknowledged.get(at)) {
                        mark.store(true, Ordering::Relaxed);
                    }
                    if arrival.counts {
                        record(&mut took, arrival.due);
                    }
                }
                Ok(_) => count(&self.refused),
                Err(_) => count(&self.failed),
            }
        }
        took
    }
}

/// Stops the server and compares what it acknowledged with what it has.
pub async fn settle(subject: &mut Subject, delivery: &Delivery, report: &mut Report) -> Result<()> {
    subject.stop().await?;
    let (whole, stored) = subject.recount()?;
    let (refused, failed) = delivery.unanswered();
    let acknowledged = delivery.acknowledged();
    report.add("refused", refused);
    report.add("without_answer", failed);
    report.add("acknowledged_messages", acknowledged);
    report.add("stored_messages", stored);
    report.add("invariants", if whole { "hold" } else { "broken" });
    // What was not answered may or may not be stored; everything else must be there, and no more.
    report.sound = whole && stored >= acknowledged && stored - acknowledged <= failed;
    Ok(())
}

pub async fn run(arguments: &Ingest) -> Result<Report> {
    let mut subject = Subject::new(&arguments.place)?;
    let channels = subject.set_up().await?;
    subject.start().await?;
    let timetable = Timetable::new(arguments.rate, arguments.seconds);
    let delivery = Arc::new(Delivery::new(
        timetable,
        channels,
        subject.address,
        arguments.customers,
        true,
    ));
    let took = delivery.deliver(arguments.connections).await;
    let lasted = Instant::now().saturating_duration_since(delivery.timetable.measured_from());
    let memory = subject.memory()?;
    let mut report = Report::new("ingest");
    report.add("database", subject.database_name());
    report.add("wanted_per_second", arguments.rate);
    report.add("answered_per_second", tenths(took.len() as f64 / lasted.as_secs_f64()));
    report.latency(&took);
    report.add("server_memory_mb", tenths(memory.now_mb));
    report.add("server_memory_peak_mb", tenths(memory.peak_mb));
    settle(&mut subject, &delivery, &mut report).await?;
    Ok(report)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fifth_arrival_repeats_a_message_that_went_out() {
        let brought: Vec<u64> = (0..1000).map(message_of).collect();
        let distinct: std::collections::BTreeSet<_> = brought.iter().collect();
        assert_eq!(distinct.len(), 800);
        for (number, message) in brought.iter().enumerate() {
            assert!(*message <= number as u64);
        }
    }
}
