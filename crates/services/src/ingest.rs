//! What providers deliver becomes contacts, conversations and messages.
//!
//! Requests are collected while the commit before them is in flight; what has gathered is the next batch. A batch of a
//! workspace is one transaction: known people and messages are loaded as sets, every event is decided in memory, and the
//! result is written in a handful of statements. Nobody is answered before that is on disk.

mod apply;

pub(crate) use apply::{apply_status, open};

use crate::channels::Live;
use crate::{Error, Result, Services};
use ism_domain::inbound::Inbound;
use ism_domain::refusal::RefusalKind;
use ism_domain::{MessageId, NODE_BITS, Refusal, WorkspaceId};
use ism_store::Tx;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio::sync::{mpsc, oneshot};

/// Queues; a workspace is always on the same one.
const SHARDS: usize = 4;
/// Requests that may wait in a queue; more are answered with 503, which providers retry.
const WAITING: usize = 2_048;
/// Most requests in one batch.
const BATCH: usize = 256;

/// What one request became.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Taken {
    /// The message each event led to, new or known; in the order of the request.
    pub messages: Vec<Option<MessageId>>,
    /// Events that were known already.
    pub duplicates: usize,
}

/// An authentic request on its way to the disk.
pub struct Delivery {
    live: Arc<Live>,
    events: Arc<Vec<Inbound>>,
    since: Instant,
    reply: oneshot::Sender<Result<Taken>>,
}

/// Where requests wait.
pub struct Queue {
    shards: Mutex<Option<Vec<mpsc::Sender<Delivery>>>>,
    rejected: Mutex<BTreeMap<(WorkspaceId, ism_domain::ChannelId, &'static str), i64>>,
}

impl Queue {
    pub(crate) fn new() -> (Self, Vec<mpsc::Receiver<Delivery>>) {
        let (senders, receivers) = (0..SHARDS).map(|_| mpsc::channel(WAITING)).unzip();
        (
            Self {
                shards: Mutex::new(Some(senders)),
                rejected: Mutex::new(BTreeMap::new()),
            },
            receivers,
        )
    }

    /// Takes nothing more; what waits is still written.
    pub(crate) fn close(&self) {
        self.shards
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
            .take();
    }

    fn shard(&self, workspace: WorkspaceId) -> Option<mpsc::Sender<Delivery>> {
        let shards = self.shards.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let shards = shards.as_ref()?;
        shards
            .get((workspace.0 >> NODE_BITS).unsigned_abs() as usize % shards.len())
            .cloned()
    }
}

impl Services {
    /// Takes in what a channel received. Returns once it is on disk.
    ///
    /// # Errors
    /// When the queue is full or the database cannot be written: the provider should try again.
    pub async fn deliver(&self, live: Arc<Live>, events: Vec<Inbound>) -> Result<Taken> {
        if events.is_empty() {
            return Ok(Taken::default());
        }
        let busy = || {
            Refusal::new(
                RefusalKind::Busy,
                "busy",
                "Too much is arriving at once. Try again in a moment.",
            )
        };
        let shard = self.ingest.shard(live.row.workspace_id).ok_or_else(busy)?;
        let (reply, answer) = oneshot::channel();
        let events = Arc::new(events.into_iter().map(Inbound::without_nul).collect());
        let delivery = Delivery {
            live,
            events,
            since: Instant::now(),
            reply,
        };
        if shard.try_send(delivery).is_err() {
            metrics::counter!("ism_ingest_refused_busy").increment(1);
            return Err(busy().into());
        }
        answer.await.unwrap_or_else(|_| Err(busy().into()))
    }

    /// Notes a request that was not authentic, or not what the provider sends. Written with the next housekeeping, so that
    /// a flood of them costs no commits.
    pub fn note_rejected(&self, live: &Live, reason: &'static str) {
        metrics::counter!("ism_ingest_rejected", "source" => live.row.source.clone(), "reason" => reason).increment(1);
        let mut rejected = self
            .ingest
            .rejected
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        *rejected
            .entry((live.row.workspace_id, live.row.id, reason))
            .or_default() += 1;
    }

    /// Writes the counts of [`Services::note_rejected`].
    pub(crate) async fn flush_rejected(&self) -> Result<()> {
        let counts = {
            let mut rejected = self
                .ingest
                .rejected
                .lock()
                .unwrap_or_else(std::sync::PoisonError::into_inner);
            std::mem::take(&mut *rejected)
        };
        for ((workspace, channel, reason), count) in counts {
            let result: Result<()> = self
                .store
                .write(workspace, move |tx| {
                    let mut unit = ism_store::unit::Unit::new(tx);
                    unit.count(channel, "received", count);
                    unit.count(channel, &format!("rejected:{reason}"), count);
                    unit.save(tx).map_err(Error::from)
                })
                .await;
            if let Err(error) = result {
                let mut rejected = self
                    .ingest
                    .rejected
                    .lock()
                    .unwrap_or_else(std::sync::PoisonError::into_inner);
                *rejected.entry((workspace, channel, reason)).or_default() += count;
                return Err(error);
            }
        }
        Ok(())
    }
}

/// Runs one queue until it is closed and empty.
pub(crate) async fn run(services: Services, mut queue: mpsc::Receiver<Delivery>) {
    let mut waiting = Vec::with_capacity(BATCH);
    while queue.recv_many(&mut waiting, BATCH).await > 0 {
        metrics::gauge!("ism_ingest_queue").set(queue.len() as f64);
        let mut by_workspace: BTreeMap<WorkspaceId, Vec<Delivery>> = BTreeMap::new();
        for delivery in waiting.drain(..) {
            by_workspace
                .entry(delivery.live.row.workspace_id)
                .or_default()
                .push(delivery);
        }
        let batches = by_workspace
            .into_iter()
            .map(|(workspace, batch)| take(&services, workspace, batch));
        futures::future::join_all(batches).await;
    }
}

/// Writes a batch; if that fails, each request alone, so that one that cannot be written does not hold up the others.
async fn take(services: &Services, workspace: WorkspaceId, batch: Vec<Delivery>) {
    let requests: Vec<apply::Request> = batch
        .iter()
        .map(|delivery| (delivery.live.clone(), delivery.events.clone()))
        .collect();
    match write(services, workspace, requests).await {
        Ok(taken) => {
            for (delivery, taken) in batch.into_iter().zip(taken) {
                record(&delivery, &taken);
                drop(delivery.reply.send(Ok(taken)));
            }
        }
        Err(error) if batch.len() == 1 || error.refusal().is_some() => {
            tracing::error!(%error, %workspace, requests = batch.len(), "received events could not be written");
            metrics::counter!("ism_ingest_errors").increment(batch.len() as u64);
            for delivery in batch {
                let refusal = error.refusal().unwrap_or_else(|| {
                    Refusal::new(
                        RefusalKind::Busy,
                        "not_stored",
                        "The events could not be stored. Send them again.",
                    )
                });
                drop(delivery.reply.send(Err(refusal.into())));
            }
        }
        Err(error) => {
            tracing::warn!(%error, %workspace, "a batch failed, trying its requests one by one");
            for delivery in batch {
                Box::pin(take(services, workspace, vec![delivery])).await;
            }
        }
    }
}

async fn write(services: &Services, workspace: WorkspaceId, requests: Vec<apply::Request>) -> Result<Vec<Taken>> {
    services
        .store
        .write(workspace, move |tx: &mut Tx<'_>| apply::apply(tx, &requests))
        .await
}

fn record(delivery: &Delivery, taken: &Taken) {
    let source = delivery.live.row.source.clone();
    metrics::counter!("ism_ingest_events", "source" => source.clone()).increment(delivery.events.len() as u64);
    metrics::counter!("ism_ingest_duplicates", "source" => source).increment(taken.duplicates as u64);
    metrics::histogram!("ism_ingest_seconds").record(delivery.since.elapsed().as_secs_f64());
}

/// How often counts of rejected requests reach the ledger.
pub(crate) const FLUSH: Duration = Duration::from_secs(5);
