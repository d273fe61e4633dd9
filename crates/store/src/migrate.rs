//! Schema migrations, the same steps for both databases, run by refinery.

use crate::engine::Engine;
use crate::error::{Error, Result};
use refinery::{Migration, Runner, Target};

/// Every step, in order. A released step never changes; refinery checks.
const STEPS: &[(&str, &str)] = &[("V1__core", include_str!("../migrations/V1__core.sql"))];

/// Number taken for the lock that keeps two nodes from migrating at once (PostgreSQL).
const LOCK: i64 = 0x49_534d;

fn steps(postgres: bool) -> Result<Vec<Migration>> {
    let blob = if postgres { "BYTEA" } else { "BLOB" };
    STEPS
        .iter()
        .map(|(name, sql)| {
            Migration::unapplied(name, &sql.replace("BLOB_TYPE", blob)).map_err(|error| Error::Setup(error.to_string()))
        })
        .collect()
}

/// Brings the schema up to date. Returns the names of the steps it took.
pub fn run(engine: &mut Engine) -> Result<Vec<String>> {
    // Grouped: a step and the note that it was taken are one transaction, else a process that dies between them leaves a
    // database on which the step fails for ever.
    let runner = Runner::new(&steps(engine.is_postgres())?)
        .set_target(Target::Latest)
        .set_grouped(true);
    let failed = |error: refinery::Error| Error::Setup(format!("migration failed: {error}: {}", innermost(&error)));
    let report = match engine {
        Engine::Sqlite(conn) => runner.run(conn.raw()).map_err(failed)?,
        Engine::Postgres(_) => {
            engine.batch(&format!("SELECT pg_advisory_lock({LOCK})"))?;
            let result = match engine {
                Engine::Postgres(conn) => {
                    let (client, handle) = conn.raw();
                    handle.block_on(runner.run_async(client)).map_err(failed)
                }
                Engine::Sqlite(_) => unreachable!("the engine does not change"),
            };
            engine.batch(&format!("SELECT pg_advisory_unlock({LOCK})"))?;
            result?
        }
    };
    Ok(report.applied_migrations().iter().map(ToString::to_string).collect())
}

/// Names of the steps that the database still needs.
pub fn outstanding(engine: &mut Engine) -> Result<Vec<String>> {
    let failed = |error: refinery::Error| {
        Error::Setup(format!(
            "cannot read the schema's version: {error}: {}",
            innermost(&error)
        ))
    };
    let runner = Runner::new(&steps(engine.is_postgres())?);
    let exists = if engine.is_postgres() {
        "SELECT table_name::text FROM information_schema.tables WHERE table_name = 'refinery_schema_history'"
    } else {
        "SELECT name FROM sqlite_master WHERE name = 'refinery_schema_history'"
    };
    if engine.rows(exists, &[])?.is_empty() {
        return Ok(STEPS.iter().map(|(name, _)| (*name).to_owned()).collect());
    }
    let applied = match engine {
        Engine::Sqlite(conn) => runner.get_applied_migrations(conn.raw()).map_err(failed)?,
        Engine::Postgres(conn) => {
            let (client, handle) = conn.raw();
            handle
                .block_on(runner.get_applied_migrations_async(client))
                .map_err(failed)?
        }
    };
    let known: Vec<String> = applied
        .iter()
        .map(|step| format!("V{}__{}", step.version(), step.name()))
        .collect();
    Ok(STEPS
        .iter()
        .map(|(name, _)| (*name).to_owned())
        .filter(|name| !known.contains(name))
        .collect())
}

/// The cause at the bottom says what the database minds; those above only that something failed.
fn innermost(error: &refinery::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(next) = cause.source() {
        cause = next;
    }
    cause.to_string()
}
