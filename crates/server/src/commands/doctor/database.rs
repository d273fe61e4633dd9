//! The database: reachable, its schema current, its promises kept, its clock ours.

use super::{Finding, fail, ok, warn};
use crate::config::{Config, DatabaseChoice, mask_url};
use crate::failure::Failure;
use crate::installation;
use ism_domain::Timestamp;
use ism_store::{Clock, NO_WORKSPACE, Row, Store, SystemClock, Tx};

/// Clocks further apart than this disturb leases and the order of what happens.
const MOST_SKEW: i64 = 5 * Timestamp::SECOND;
/// When this was written; a clock before it is wrong.
const WRITTEN: Timestamp = Timestamp(1_790_000_000 * Timestamp::SECOND);
/// Connections one server needs.
const CONNECTIONS: i64 = 12;

/// Everything about the database.
pub(super) async fn check(config: &Config) -> Vec<Finding> {
    let name = match &config.database {
        DatabaseChoice::Sqlite => "SQLite".to_owned(),
        DatabaseChoice::Postgres(url) => mask_url(url),
    };
    if !installation::exists(config) {
        return vec![
            warn("database", format!("{name}: there is none yet; init or serve makes it")),
            machine_clock(SystemClock.now()),
        ];
    }
    let outstanding = match Store::outstanding_migrations(config.store_database()).await {
        Ok(outstanding) => outstanding,
        Err(error) => {
            let text = Failure::from(error).message;
            return vec![fail(
                "database",
                format!("{name}: {text} Is it running, and is the address right?"),
            )];
        }
    };
    let mut findings = vec![ok("database", format!("{name}, reachable"))];
    if !outstanding.is_empty() {
        findings.push(warn(
            "schema",
            format!(
                "missing {}; serve brings it up to date, or: is-messenger migrate",
                outstanding.join(", ")
            ),
        ));
        findings.push(machine_clock(SystemClock.now()));
        return findings;
    }
    findings.push(ok("schema", "up to date"));
    match inside(config).await {
        Ok(found) => findings.extend(found),
        Err(failure) => findings.push(fail("database", failure.message)),
    }
    findings
}

async fn inside(config: &Config) -> Result<Vec<Finding>, Failure> {
    let store = installation::open_for_command(config).await?;
    let postgres = store.is_postgres();
    let found = store
        .read(NO_WORKSPACE, move |tx| {
            let mut findings = if postgres {
                promises_of_postgres(tx)?
            } else {
                promises_of_sqlite(tx)?
            };
            findings.push(clocks(tx, postgres)?);
            Ok::<_, ism_store::Error>(findings)
        })
        .await?;
    Ok(found)
}

fn first<T: ism_store::Column>(tx: &mut Tx<'_>, sql: &str) -> ism_store::Result<Option<T>> {
    tx.rows(sql, &[])?.first_mut().map(Row::take).transpose()
}

fn promises_of_sqlite(tx: &mut Tx<'_>) -> ism_store::Result<Vec<Finding>> {
    let journal: String = first(tx, "PRAGMA journal_mode")?.unwrap_or_default();
    let synchronous: i64 = first(tx, "PRAGMA synchronous")?.unwrap_or_default();
    Ok(vec![if journal == "wal" && synchronous >= 2 {
        ok(
            "durability",
            "every commit is on disk before it is acknowledged (WAL, synchronous=FULL)",
        )
    } else {
        fail(
            "durability",
            format!(
                "journal_mode is {journal}, synchronous is {synchronous}: the file system does not allow WAL. Use a local disk."
            ),
        )
    }])
}

fn promises_of_postgres(tx: &mut Tx<'_>) -> ism_store::Result<Vec<Finding>> {
    let mut setting = |name: &str| -> ism_store::Result<String> {
        Ok(first(tx, &format!("SELECT current_setting('{name}')"))?.unwrap_or_default())
    };
    let off: Vec<String> = ["fsync", "synchronous_commit", "full_page_writes"]
        .into_iter()
        .filter_map(|name| match setting(name) {
            Ok(value) if value == "off" || (name == "synchronous_commit" && value == "local") => {
                Some(Ok(format!("{name}={value}")))
            }
            Ok(_) => None,
            Err(error) => Some(Err(error)),
        })
        .collect::<ism_store::Result<_>>()?;
    let durability = if off.is_empty() {
        ok("durability", "every commit is on disk before it is acknowledged")
    } else {
        fail(
            "durability",
            format!(
                "{}: acknowledged messages can be lost when the machine fails. Set to on in postgresql.conf.",
                off.join(", ")
            ),
        )
    };
    let version = setting("server_version")?;
    let number: i64 = setting("server_version_num")?.parse().unwrap_or(0);
    let most: i64 = setting("max_connections")?.parse().unwrap_or(0);
    let version = if number >= 130_000 {
        ok("version", format!("PostgreSQL {version}"))
    } else {
        fail("version", format!("PostgreSQL {version} is too old; use 13 or newer."))
    };
    let connections = if most >= 3 * CONNECTIONS {
        ok(
            "connections",
            format!("{most} allowed; each server takes {CONNECTIONS}"),
        )
    } else {
        warn(
            "connections",
            format!("{most} allowed, and each server takes {CONNECTIONS}. Raise max_connections in postgresql.conf."),
        )
    };
    Ok(vec![durability, version, connections])
}

fn clocks(tx: &mut Tx<'_>, postgres: bool) -> ism_store::Result<Finding> {
    const NAME: &str = "clock";
    let now = SystemClock.now();
    if postgres {
        let sql = "SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint";
        let theirs: i64 = first(tx, sql)?.unwrap_or(now.0);
        let apart = (SystemClock.now().0 - theirs).abs();
        if apart > MOST_SKEW {
            let seconds = apart / Timestamp::SECOND;
            return Ok(fail(
                NAME,
                format!(
                    "this machine and the database are {seconds} s apart. Run a time service such as chrony on both."
                ),
            ));
        }
    }
    // Ids carry the time: a node that has made ids of the future had a wrong clock, or this machine has one now.
    let ahead: i64 = first(tx, "SELECT coalesce(max(id_high), 0) FROM node")?.unwrap_or(0) - now.0;
    if ahead > 10 * Timestamp::MINUTE {
        let minutes = ahead / Timestamp::MINUTE;
        return Ok(warn(
            NAME,
            format!("the data were last written {minutes} minutes in the future. Check this machine's clock."),
        ));
    }
    Ok(machine_clock(now))
}

fn machine_clock(now: Timestamp) -> Finding {
    if now < WRITTEN {
        fail(
            "clock",
            "this machine's clock is years behind. Set it, and run a time service such as chrony.",
        )
    } else {
        ok("clock", "plausible")
    }
}
