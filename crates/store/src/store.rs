//! The store as everyone above it sees it.

use crate::clock::{Clock, Ids, SystemClock};
use crate::engine::Engine;
use crate::error::{Error, Result};
use crate::node::{self, Claim};
use crate::postgres::Postgres;
use crate::sqlite::Sqlite;
use crate::tx::{Pending, Tx};
use crate::writer::{Closure, Job, OnCommit, Writer};
use crate::{Committed, migrate};
use crossbeam_channel::{Receiver, Sender, TrySendError, bounded};
use ism_domain::{Timestamp, WorkspaceId};
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::{Arc, RwLock};
use std::time::Duration;
use tokio::sync::oneshot;

/// Closures that may wait for a writer; more are refused as [`Error::Busy`].
const WRITE_QUEUE: usize = 8_192;
/// Closures that may wait for a reader.
const READ_QUEUE: usize = 4_096;
/// How often a node says that it lives.
const HEARTBEAT: Duration = Duration::from_secs(10);
/// The workspace of transactions that belong to none (users, sessions).
pub const NO_WORKSPACE: WorkspaceId = WorkspaceId(0);

/// Where the data is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Database {
    /// One file, `is-messenger.sqlite`, in this directory.
    Sqlite(PathBuf),
    /// `postgres://user:password@host/database`.
    Postgres(String),
}

/// How to open a store.
pub struct Options {
    pub database: Database,
    pub clock: Arc<dyn Clock>,
    /// Threads that read.
    pub readers: usize,
    /// Threads that write (PostgreSQL; SQLite has one).
    pub writers: usize,
    /// Names this process in the table of nodes. The same name takes the same number back.
    pub holder: String,
}

impl Options {
    /// Ordinary options for a database.
    #[must_use]
    pub fn new(database: Database) -> Self {
        Self {
            database,
            clock: Arc::new(SystemClock),
            readers: 4,
            writers: 4,
            holder: "server".to_owned(),
        }
    }
}

type ReadJob = Box<dyn FnOnce(&mut Engine) + Send>;

struct Inner {
    writers: Vec<Sender<Box<dyn Job>>>,
    readers: Sender<(bool, ReadJob)>,
    ids: Arc<Ids>,
    clock: Arc<dyn Clock>,
    hook: Arc<RwLock<OnCommit>>,
    postgres: bool,
}

/// The database, whichever runs. Cheap to clone.
#[derive(Clone)]
pub struct Store {
    inner: Arc<Inner>,
}

impl Store {
    /// Opens the database, brings its schema up to date and starts the writer and reader threads. They end when the last
    /// clone is dropped.
    ///
    /// Must be called within a tokio runtime.
    ///
    /// # Errors
    /// When the database cannot be reached or its schema cannot be used.
    pub async fn open(options: Options) -> Result<Self> {
        let handle = tokio::runtime::Handle::current();
        tokio::task::spawn_blocking(move || Self::open_blocking(&options, &handle))
            .await
            .map_err(|_| Error::Panicked)?
    }

    fn open_blocking(options: &Options, handle: &tokio::runtime::Handle) -> Result<Self> {
        let connect = |write: bool| connect(&options.database, write, handle);
        let mut first = connect(true)?;
        migrate::run(&mut first)?;
        let claim = node::claim(&mut first, &*options.clock, &options.holder)?;
        let ids = Arc::new(Ids::new(options.clock.clone(), claim.number, claim.id_high));
        let hook: Arc<RwLock<OnCommit>> = Arc::new(RwLock::new(Arc::new(|_| {})));
        let postgres = first.is_postgres();
        let count = if postgres { options.writers.max(1) } else { 1 };
        let mut writers = Vec::with_capacity(count);
        let mut first = Some(first);
        for number in 0..count {
            let engine = match first.take() {
                Some(engine) => engine,
                None => connect(true)?,
            };
            let (sender, queue) = bounded::<Box<dyn Job>>(WRITE_QUEUE);
            let on_commit = hook.clone();
            let writer = Writer {
                engine,
                ids: ids.clone(),
                clock: options.clock.clone(),
                on_commit: Arc::new(move |committed: Committed| {
                    let hook = on_commit
                        .read()
                        .unwrap_or_else(std::sync::PoisonError::into_inner)
                        .clone();
                    hook(committed);
                }),
                ids_promised: 0,
            };
            spawn(&format!("store-write-{number}"), move || writer.run(&queue))?;
            writers.push(sender);
        }
        let (readers, queue) = bounded::<(bool, ReadJob)>(READ_QUEUE);
        for number in 0..options.readers.max(1) {
            let engine = connect(false)?;
            let queue = queue.clone();
            spawn(&format!("store-read-{number}"), move || read_loop(engine, &queue))?;
        }
        heartbeat(connect(true)?, claim, options.clock.clone(), Arc::downgrade(&ids))?;
        let inner = Inner {
            writers,
            readers,
            ids,
            clock: options.clock.clone(),
            hook,
            postgres,
        };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// Calls `hook` after every commit that changed something, on a writer's thread.
    pub fn on_commit(&self, hook: OnCommit) {
        *self
            .inner
            .hook
            .write()
            .unwrap_or_else(std::sync::PoisonError::into_inner) = hook;
    }

    /// Runs `work` in a write transaction of a workspace, together with others in one commit. Returns once the commit is on
    /// disk. `work` may be run again, so it must do nothing but use its transaction.
    ///
    /// # Errors
    /// What `work` returned; or [`Error::Busy`] (nothing happened), or [`Error::Unavailable`] (when the connection broke
    /// during the commit it may have happened: repeat only what is idempotent).
    pub async fn write<T, E, F>(&self, workspace: WorkspaceId, work: F) -> Result<T, E>
    where
        F: FnMut(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let job = Box::new(Closure {
            workspace,
            work,
            result: None,
            reply,
        });
        let writers = &self.inner.writers;
        let writer = &writers[(workspace.0 >> ism_domain::NODE_BITS).unsigned_abs() as usize % writers.len()];
        match writer.try_send(job) {
            Ok(()) => {}
            Err(TrySendError::Full(_)) => return Err(Error::Busy.into()),
            Err(TrySendError::Disconnected(_)) => return Err(Error::Panicked.into()),
        }
        answer.await.unwrap_or_else(|_| Err(Error::Panicked.into()))
    }

    /// Runs `work` on a reader, without a transaction around it: for a single statement.
    ///
    /// # Errors
    /// What `work` returned, or that the store is busy or unreachable.
    pub async fn read<T, E, F>(&self, workspace: WorkspaceId, work: F) -> Result<T, E>
    where
        F: FnOnce(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        self.dispatch(false, workspace, work).await
    }

    /// Runs `work` on a reader that sees one unchanging state throughout.
    ///
    /// # Errors
    /// What `work` returned, or that the store is busy or unreachable.
    pub async fn snapshot<T, E, F>(&self, workspace: WorkspaceId, work: F) -> Result<T, E>
    where
        F: FnOnce(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        self.dispatch(true, workspace, work).await
    }

    async fn dispatch<T, E, F>(&self, snapshot: bool, workspace: WorkspaceId, work: F) -> Result<T, E>
    where
        F: FnOnce(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let (ids, now) = (self.inner.ids.clone(), self.inner.clock.now());
        let job: ReadJob = Box::new(move |engine| {
            let mut pending = Pending::default();
            let mut tx = Tx::new(engine, &ids, &mut pending, workspace, now);
            let run = std::panic::AssertUnwindSafe(|| work(&mut tx));
            let result = std::panic::catch_unwind(run).unwrap_or_else(|_| {
                tracing::error!("a read operation panicked");
                Err(Error::Panicked.into())
            });
            drop(reply.send(result));
        });
        match self.inner.readers.try_send((snapshot, job)) {
            Ok(()) => {}
            Err(TrySendError::Full(_)) => return Err(Error::Busy.into()),
            Err(TrySendError::Disconnected(_)) => return Err(Error::Panicked.into()),
        }
        // A reader whose connection is gone drops the job.
        answer
            .await
            .unwrap_or_else(|_| Err(Error::Unavailable("no connection".to_owned()).into()))
    }

    /// A new id.
    pub fn id<T: From<i64>>(&self) -> T {
        self.inner.ids.next().into()
    }

    /// The time by this store's clock.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.inner.clock.now()
    }

    /// Whether this is PostgreSQL.
    #[must_use]
    pub fn is_postgres(&self) -> bool {
        self.inner.postgres
    }

    /// Steps the database still needs, without taking them.
    ///
    /// # Errors
    /// When the database cannot be reached.
    pub async fn outstanding_migrations(database: Database) -> Result<Vec<String>> {
        let handle = tokio::runtime::Handle::current();
        tokio::task::spawn_blocking(move || migrate::outstanding(&mut connect(&database, true, &handle)?))
            .await
            .map_err(|_| Error::Panicked)?
    }

    /// Brings the schema up to date and returns the steps taken.
    ///
    /// # Errors
    /// When the database cannot be reached or a step fails.
    pub async fn migrate(database: Database) -> Result<Vec<String>> {
        let handle = tokio::runtime::Handle::current();
        tokio::task::spawn_blocking(move || migrate::run(&mut connect(&database, true, &handle)?))
            .await
            .map_err(|_| Error::Panicked)?
    }
}

/// The database file in a data directory.
#[must_use]
pub fn sqlite_file(directory: &Path) -> PathBuf {
    directory.join("is-messenger.sqlite")
}

fn connect(database: &Database, write: bool, handle: &tokio::runtime::Handle) -> Result<Engine> {
    match database {
        Database::Sqlite(directory) => {
            if write {
                std::fs::create_dir_all(directory)
                    .map_err(|error| Error::Setup(format!("cannot create {}: {error}", directory.display())))?;
            }
            Sqlite::open(&sqlite_file(directory), write).map(Engine::Sqlite)
        }
        Database::Postgres(url) => {
            // The parser's error may repeat the address, password and all.
            let config = tokio_postgres::Config::from_str(url).map_err(|_| {
                Error::Setup(
                    "the database address is not of the form postgres://user:password@host/database".to_owned(),
                )
            })?;
            Postgres::connect(&config, handle).map(|conn| Engine::Postgres(Box::new(conn)))
        }
    }
}

fn spawn(name: &str, work: impl FnOnce() + Send + 'static) -> Result<()> {
    std::thread::Builder::new()
        .name(name.to_owned())
        .spawn(work)
        .map(drop)
        .map_err(|error| Error::Setup(format!("cannot start a thread: {error}")))
}

fn read_loop(mut engine: Engine, queue: &Receiver<(bool, ReadJob)>) {
    while let Ok((snapshot, job)) = queue.recv() {
        metrics::gauge!("ism_store_read_queue").set(queue.len() as f64);
        if engine.is_closed() && engine.reconnect().is_err() {
            // Dropping the job answers its caller.
            drop(job);
            std::thread::sleep(Duration::from_millis(50));
            continue;
        }
        if !snapshot {
            job(&mut engine);
            continue;
        }
        let begin = if engine.is_postgres() {
            "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
        } else {
            "BEGIN"
        };
        let mut begun = engine.batch(begin);
        if begun.is_err() && engine.reconnect().is_ok() {
            // The connection broke while nobody used it.
            begun = engine.batch(begin);
        }
        if begun.is_ok() {
            job(&mut engine);
            drop(engine.batch("ROLLBACK"));
        }
    }
}

/// Renews the node's number until the store is gone, then gives it back.
fn heartbeat(mut engine: Engine, claim: Claim, clock: Arc<dyn Clock>, ids: std::sync::Weak<Ids>) -> Result<()> {
    spawn("store-heartbeat", move || {
        let mut waited = Duration::ZERO;
        while ids.strong_count() > 0 {
            std::thread::sleep(Duration::from_millis(100));
            waited += Duration::from_millis(100);
            if waited >= HEARTBEAT {
                waited = Duration::ZERO;
                match node::renew(&mut engine, &claim, clock.now()) {
                    Ok(true) => {}
                    Ok(false) => tracing::error!("another process took node number {}: stop one of them", claim.number),
                    Err(error) => {
                        tracing::warn!(%error, "could not renew the node number");
                        drop(engine.reconnect());
                    }
                }
            }
        }
        drop(node::release(&mut engine, &claim));
    })
}
