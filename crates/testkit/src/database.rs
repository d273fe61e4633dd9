//! A database for one test.

use futures::FutureExt;
use ism_store::{Database, Options, Store};
use std::future::Future;
use std::panic::{AssertUnwindSafe, resume_unwind};
use std::sync::Arc;
use tempfile::TempDir;
use tokio_postgres::NoTls;

/// Where the PostgreSQL server for tests is; `scripts/with-services.sh` sets it.
const SERVER: &str = "ISM_TEST_POSTGRES";

/// A database nobody else uses. Clones are the same one.
#[derive(Clone)]
pub struct TestDatabase(Arc<Place>);

struct Place {
    database: Database,
    /// The server and the database's name, for PostgreSQL.
    server: Option<(String, String)>,
    folder: TempDir,
}

impl TestDatabase {
    /// An SQLite file in a folder of its own.
    #[must_use]
    pub fn sqlite() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self(Arc::new(Place {
            database: Database::Sqlite(folder.path().join("data")),
            server: None,
            folder,
        }))
    }

    /// A new database on a PostgreSQL server.
    pub async fn postgres(server: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let unique = folder.path().file_name().unwrap().to_string_lossy().to_lowercase();
        let name = format!("test_{}", unique.replace(|c: char| !c.is_ascii_alphanumeric(), ""));
        // Names in lower case may meet where those of folders do not.
        let name = format!("{name}_{}", std::process::id());
        administer(server, &format!("CREATE DATABASE {name}")).await;
        let (address, _) = server.rsplit_once('/').unwrap();
        let database = Database::Postgres(format!("{address}/{name}"));
        Self(Arc::new(Place {
            database,
            server: Some((server.to_owned(), name)),
            folder,
        }))
    }

    /// For [`Options`].
    #[must_use]
    pub fn database(&self) -> Database {
        self.0.database.clone()
    }

    /// A folder that lives as long as the database.
    #[must_use]
    pub fn folder(&self) -> &std::path::Path {
        self.0.folder.path()
    }

    /// Whether this is PostgreSQL.
    #[must_use]
    pub fn is_postgres(&self) -> bool {
        self.0.server.is_some()
    }

    /// Ordinary options, with few threads.
    #[must_use]
    pub fn options(&self) -> Options {
        Options {
            readers: 2,
            writers: 2,
            holder: "test".to_owned(),
            ..Options::new(self.database())
        }
    }

    /// Opens a store on it.
    pub async fn open(&self) -> Store {
        Store::open(self.options()).await.unwrap()
    }

    /// Opens a store on it whose time is this clock's.
    pub async fn open_at(&self, clock: &crate::FrozenClock) -> Store {
        Store::open(Options {
            clock: Arc::new(clock.clone()),
            ..self.options()
        })
        .await
        .unwrap()
    }

    /// Runs SQL past the store, on a connection of its own (PostgreSQL only).
    pub async fn execute(&self, sql: &str) {
        let Database::Postgres(url) = &self.0.database else {
            panic!("this is not PostgreSQL")
        };
        administer(url, sql).await;
    }

    async fn remove(&self) {
        if let Some((server, name)) = &self.0.server {
            administer(server, &format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")).await;
        }
    }
}

async fn administer(url: &str, sql: &str) {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.unwrap();
    let task = tokio::spawn(connection);
    client.batch_execute(sql).await.unwrap();
    drop(client);
    drop(task.await);
}

/// Runs a test on SQLite and, where a server is at hand, on PostgreSQL.
///
/// # Panics
/// When the test does, after saying on which database.
pub fn on_each_database<F, Fut>(test: F)
where
    F: Fn(TestDatabase) -> Fut,
    Fut: Future<Output = ()>,
{
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        run("SQLite", TestDatabase::sqlite(), &test).await;
        match server() {
            Some(server) => run("PostgreSQL", TestDatabase::postgres(&server).await, &test).await,
            None => println!("not run on PostgreSQL: {SERVER} is not set (scripts/with-services.sh sets it)"),
        }
    });
    // The store's threads end a moment after the store; they must not find their runtime gone.
    std::mem::forget(runtime);
}

/// Runs a test on PostgreSQL only, where a server is at hand.
///
/// # Panics
/// When the test does.
pub fn on_postgres<F, Fut>(test: F)
where
    F: Fn(TestDatabase) -> Fut,
    Fut: Future<Output = ()>,
{
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        match server() {
            Some(server) => run("PostgreSQL", TestDatabase::postgres(&server).await, &test).await,
            None => println!("not run: {SERVER} is not set (scripts/with-services.sh sets it)"),
        }
    });
    std::mem::forget(runtime);
}

async fn run<F, Fut>(name: &str, database: TestDatabase, test: &F)
where
    F: Fn(TestDatabase) -> Fut,
    Fut: Future<Output = ()>,
{
    let outcome = AssertUnwindSafe(test(database.clone())).catch_unwind().await;
    database.remove().await;
    if let Err(panic) = outcome {
        println!("failed on {name}");
        resume_unwind(panic);
    }
}

#[expect(clippy::disallowed_methods, reason = "tests have no configuration file")]
fn server() -> Option<String> {
    std::env::var(SERVER).ok().filter(|server| !server.is_empty())
}
