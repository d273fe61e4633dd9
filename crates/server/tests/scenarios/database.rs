//! A database for one story.

use futures::FutureExt;
use ism_domain::access::Role;
use ism_domain::{OrganizationId, UserId, WorkspaceId};
use ism_store::tables::accounts::{self, Member, Organization, OrganizationMember, User, Workspace};
use ism_store::{Database, NO_WORKSPACE, Store};
use std::panic::{AssertUnwindSafe, resume_unwind};
use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};
use tempfile::TempDir;
use tokio_postgres::NoTls;

/// Where the PostgreSQL server for tests is; `scripts/with-services.sh` sets it.
const SERVER: &str = "ISM_TEST_POSTGRES";

/// A database nobody else uses, and a folder beside it.
pub struct Place {
    /// The database's address on PostgreSQL.
    pub postgres: Option<String>,
    folder: TempDir,
}

impl Place {
    /// For [`ism_store::Options`].
    pub fn database(&self) -> Database {
        match &self.postgres {
            Some(url) => Database::Postgres(url.clone()),
            None => Database::Sqlite(self.folder().to_owned()),
        }
    }

    /// Where files go, and the database too on SQLite.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }
}

impl Place {
    /// One with a folder of its own.
    pub fn on(postgres: Option<String>) -> Self {
        Self {
            postgres,
            folder: tempfile::tempdir().unwrap(),
        }
    }

    /// Throws away everything in it.
    pub async fn empty(&self) {
        for entry in std::fs::read_dir(self.folder()).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                std::fs::remove_dir_all(path).unwrap();
            } else {
                std::fs::remove_file(path).unwrap();
            }
        }
        if let Some(url) = &self.postgres {
            administer(url, "DROP SCHEMA public CASCADE; CREATE SCHEMA public").await;
        }
    }
}

/// Runs a test on SQLite and, where a server is at hand, on PostgreSQL at the same time.
///
/// # Panics
/// When the test does, after saying on which database.
pub fn on_each(test: impl AsyncFn(Place)) {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let folder = || tempfile::tempdir().unwrap();
        let on = |postgres, folder| AssertUnwindSafe(test(Place { postgres, folder })).catch_unwind();
        let sqlite = on(None, folder());
        let outcomes = match server() {
            Some(server) => {
                let (url, name) = create(&server).await;
                let (sqlite, postgres) = tokio::join!(sqlite, on(Some(url), folder()));
                administer(&server, &format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")).await;
                vec![("SQLite", sqlite), ("PostgreSQL", postgres)]
            }
            None => {
                println!("not run on PostgreSQL: {SERVER} is not set (scripts/with-services.sh sets it)");
                vec![("SQLite", sqlite.await)]
            }
        };
        for (database, outcome) in outcomes {
            if let Err(panic) = outcome {
                println!("failed on {database}");
                resume_unwind(panic);
            }
        }
    });
    // The store's threads end a moment after the store; they must not find their runtime gone.
    std::mem::forget(runtime);
}

/// As [`on_each`], but one database after the other, for measurements.
pub fn one_after_the_other(test: impl AsyncFn(Place)) {
    let turn = tokio::sync::Mutex::new(());
    on_each(async |place| {
        let _mine = turn.lock().await;
        test(place).await;
    });
}

#[expect(clippy::disallowed_methods, reason = "tests have no configuration file")]
fn server() -> Option<String> {
    std::env::var(SERVER).ok().filter(|server| !server.is_empty())
}

async fn create(server: &str) -> (String, String) {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let name = format!("story_{}_{number}", std::process::id());
    administer(server, &format!("CREATE DATABASE {name}")).await;
    let (address, _) = server.rsplit_once('/').unwrap();
    (format!("{address}/{name}"), name)
}

pub async fn administer(url: &str, sql: &str) {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.unwrap();
    let task = tokio::spawn(connection);
    client.batch_execute(sql).await.unwrap();
    drop(client);
    drop(task.await);
}

/// A second organization with a workspace and an owner, whom nothing connects to the first. There is no way to make one
/// from outside yet, so its rows are written; the owner has the first owner's password.
pub async fn add_workspace(store: &Store) {
    let (user, workspace): (UserId, WorkspaceId) = (store.id(), store.id());
    let organization: OrganizationId = store.id();
    store
        .write(NO_WORKSPACE, move |tx| {
            let now = tx.now();
            let first = accounts::user_by_email(tx, "owner@example.com")?.unwrap();
            accounts::insert(
                tx,
                &User {
                    id: user,
                    email: "stranger@example.com".to_owned(),
                    first_name: "Stranger".to_owned(),
                    last_name: String::new(),
                    password_hash: first.password_hash,
                    created_at: now,
                },
            )?;
            let company = Organization {
                id: organization,
                name: "Another company".to_owned(),
                created_at: now,
            };
            accounts::insert(tx, &company)?;
            accounts::insert(
                tx,
                &OrganizationMember {
                    organization_id: organization,
                    user_id: user,
                    role: "admin".to_owned(),
                },
            )?;
            accounts::insert(
                tx,
                &Workspace {
                    id: workspace,
                    organization_id: organization,
                    name: "Another company".to_owned(),
                    timezone: "UTC".to_owned(),
                    settings: serde_json::Map::new(),
                    seq: 0,
                    created_at: now,
                },
            )?;
            accounts::insert(
                tx,
                &Member {
                    workspace_id: workspace,
                    user_id: user,
                    role: Role::Owner,
                    last_active_at: None,
                    created_at: now,
                    removed_at: None,
                },
            )
        })
        .await
        .unwrap();
}
