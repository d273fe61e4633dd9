//! The writer: a thread that runs many closures in one commit.
//!
//! It drains its queue, runs each closure, numbers the events, commits once, and only then answers everyone. An unlucky
//! closure fails alone: a batch is first run without savepoints; when a closure that has already written fails, the
//! whole batch is undone and run again with a savepoint around each. Nothing is answered before the commit is on disk.

use crate::clock::{Clock, Ids};
use crate::engine::Engine;
use crate::error::{Error, Result};
use crate::log;
use crate::tx::{Hint, Pending, Tx};
use crossbeam_channel::Receiver;
use ism_domain::WorkspaceId;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::oneshot;

/// Most closures in one commit.
const BATCH: usize = 256;

/// What a commit changed, for those who follow the log.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Committed {
    /// The newest event of each workspace that has new ones.
    pub events: Vec<(WorkspaceId, i64)>,
    /// Loops to wake.
    pub hints: Vec<Hint>,
}

/// Called after every commit that changed something, on the writer's thread: it must not block.
pub type OnCommit = Arc<dyn Fn(Committed) + Send + Sync>;

/// How a run of one closure ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ran {
    Fine,
    /// It returned an error.
    Refused,
}

/// A closure waiting for its turn.
pub(crate) trait Job: Send {
    fn workspace(&self) -> WorkspaceId;
    fn run(&mut self, tx: &mut Tx<'_>) -> Ran;
    /// Its work was undone although it returned a success: the caller is told `error` instead.
    fn undone(&mut self, error: Error);
    /// Gives the caller the result of the last run, or `error` instead of a success that did not reach the disk.
    fn answer(self: Box<Self>, committed: Result<()>);
}

pub(crate) struct Closure<F, T, E> {
    pub workspace: WorkspaceId,
    pub work: F,
    pub result: Option<Result<T, E>>,
    pub reply: oneshot::Sender<Result<T, E>>,
}

impl<F, T, E> Job for Closure<F, T, E>
where
    F: FnMut(&mut Tx<'_>) -> Result<T, E> + Send,
    T: Send,
    E: From<Error> + Send,
{
    fn workspace(&self) -> WorkspaceId {
        self.workspace
    }

    fn run(&mut self, tx: &mut Tx<'_>) -> Ran {
        let work = &mut self.work;
        let result = catch_unwind(AssertUnwindSafe(|| work(tx))).unwrap_or_else(|_| {
            tracing::error!("a write operation panicked");
            // Whatever it wrote must go.
            tx.wrote = true;
            Err(Error::Panicked.into())
        });
        let ran = if result.is_ok() { Ran::Fine } else { Ran::Refused };
        self.result = Some(result);
        ran
    }

    fn undone(&mut self, error: Error) {
        if matches!(self.result, Some(Ok(_))) {
            self.result = Some(Err(error.into()));
        }
    }

    fn answer(self: Box<Self>, committed: Result<()>) {
        let result = match (self.result, committed) {
            (Some(Err(error)), _) => Err(error),
            (Some(Ok(value)), Ok(())) => Ok(value),
            (_, Err(error)) => Err(error.into()),
            (None, Ok(())) => Err(Error::Panicked.into()),
        };
        // The caller may have gone away; the work is done all the same.
        drop(self.reply.send(result));
    }
}

/// A batch could not be finished this way.
enum Trouble {
    /// A closure failed after writing: run again, each within a savepoint.
    Isolate,
    /// The connection broke before the commit was asked for: nothing happened.
    Lost(Error),
    /// The commit itself failed, or its answer did not come.
    Commit(Error),
}

pub(crate) struct Writer {
    pub engine: Engine,
    pub ids: Arc<Ids>,
    pub clock: Arc<dyn Clock>,
    pub on_commit: OnCommit,
    /// Greatest id that the node's row promises to newcomers; see [`crate::node`].
    pub ids_promised: i64,
}

impl Writer {
    /// Runs until every sender is gone.
    pub fn run(mut self, queue: &Receiver<Box<dyn Job>>) {
        let mut batch = Vec::with_capacity(BATCH);
        while let Ok(first) = queue.recv() {
            batch.push(first);
            while batch.len() < BATCH {
                let Ok(next) = queue.try_recv() else { break };
                batch.push(next);
            }
            metrics::gauge!("ism_store_write_queue").set(queue.len() as f64);
            self.commit(std::mem::take(&mut batch));
        }
    }

    fn commit(&mut self, mut batch: Vec<Box<dyn Job>>) {
        let begun = Instant::now();
        metrics::histogram!("ism_store_batch_size").record(batch.len() as f64);
        let mut isolate = false;
        let mut retried = false;
        let outcome = loop {
            match self.attempt(&mut batch, isolate) {
                Ok(committed) => break Ok(committed),
                Err(Trouble::Isolate) => isolate = true,
                Err(Trouble::Lost(error)) if !retried && !matches!(error, Error::NoRoom(_)) => {
                    tracing::warn!(%error, "the database connection broke, reconnecting");
                    retried = true;
                    if let Err(error) = self.engine.reconnect() {
                        break Err(error);
                    }
                }
                Err(Trouble::Lost(error) | Trouble::Commit(error)) => break Err(error),
            }
        };
        metrics::histogram!("ism_store_commit_seconds").record(begun.elapsed().as_secs_f64());
        match outcome {
            Ok(committed) => {
                for job in batch {
                    job.answer(Ok(()));
                }
                if committed != Committed::default() {
                    (self.on_commit)(committed);
                }
            }
            Err(error) => {
                metrics::counter!("ism_store_commit_errors").increment(1);
                tracing::error!(%error, "a batch of writes failed");
                for job in batch {
                    job.answer(Err(error.clone()));
                }
                if self.engine.is_closed() && self.engine.reconnect().is_err() {
                    // The next batch tries again; do not spin meanwhile.
                    std::thread::sleep(Duration::from_millis(200));
                }
            }
        }
    }

    fn attempt(&mut self, batch: &mut [Box<dyn Job>], isolate: bool) -> Result<Committed, Trouble> {
        let result = self.run_all(batch, isolate);
        if result.is_err() {
            // On a broken connection there is nothing to undo.
            drop(self.engine.batch("ROLLBACK"));
        }
        result
    }

    fn run_all(&mut self, batch: &mut [Box<dyn Job>], isolate: bool) -> Result<Committed, Trouble> {
        let lost = Trouble::Lost;
        let begin = if self.engine.is_postgres() {
            "BEGIN"
        } else {
            "BEGIN IMMEDIATE"
        };
        self.engine.batch(begin).map_err(lost)?;
        self.lock(batch).map_err(lost)?;
        let mut pending = Pending::default();
        for job in batch.iter_mut() {
            if isolate {
                self.engine.batch("SAVEPOINT job").map_err(lost)?;
            }
            let (events, hints) = (pending.events.len(), pending.hints.len());
            let now = self.clock.now();
            let mut tx = Tx::new(&mut self.engine, &self.ids, &mut pending, job.workspace(), now);
            let ran = job.run(&mut tx);
            let (wrote, failed) = (tx.wrote, tx.failed.take());
            if let Some(error) = failed.as_ref().filter(|error| error.is_lost_connection()) {
                return Err(Trouble::Lost(error.clone()));
            }
            if ran == Ran::Refused || failed.is_some() {
                if !wrote && failed.is_none() {
                    continue;
                }
                if !isolate {
                    return Err(Trouble::Isolate);
                }
                self.engine.batch("ROLLBACK TO SAVEPOINT job").map_err(lost)?;
                pending.events.truncate(events);
                pending.hints.truncate(hints);
                if let Some(error) = failed {
                    job.undone(error);
                }
            }
            if isolate {
                self.engine.batch("RELEASE SAVEPOINT job").map_err(lost)?;
            }
        }
        let events = log::append(&mut self.engine, &pending.events).map_err(lost)?;
        self.promise_ids().map_err(lost)?;
        self.engine.batch("COMMIT").map_err(Trouble::Commit)?;
        Ok(Committed {
            events,
            hints: pending.hints,
        })
    }

    /// Locks the rows of the batch's workspaces, in order, so that writers of several nodes take turns.
    fn lock(&mut self, batch: &[Box<dyn Job>]) -> Result<()> {
        if !self.engine.is_postgres() {
            return Ok(());
        }
        let mut workspaces: Vec<i64> = batch
            .iter()
            .map(|job| job.workspace().0)
            .filter(|id| *id != 0)
            .collect();
        workspaces.sort_unstable();
        workspaces.dedup();
        if !workspaces.is_empty() {
            let sql = "SELECT id FROM workspace WHERE id = ANY(?1) ORDER BY id FOR UPDATE";
            self.engine.rows(sql, &[crate::value::ids(workspaces)])?;
        }
        Ok(())
    }

    /// Raises the mark below which no restarted node makes ids, so that a clock set back never repeats one.
    fn promise_ids(&mut self) -> Result<()> {
        if self.ids.last() + crate::node::MARGIN / 2 > self.ids_promised {
            let promised = self.ids.last() + crate::node::MARGIN;
            crate::node::promise(&mut self.engine, self.ids.node(), promised)?;
            self.ids_promised = promised;
        }
        Ok(())
    }
}
