//! Background jobs: rows with a due time, claimed with a lease, retried with back-off.

use crate::error::Result;
use crate::record;
use crate::tx::Tx;
use ism_domain::{Timestamp, WorkspaceId};
use serde_json::Value;

/// Work to be done outside a request.
#[derive(Debug, Clone, PartialEq)]
pub struct Job {
    pub workspace_id: WorkspaceId,
    pub id: i64,
    pub kind: String,
    pub payload: Value,
    pub attempts: i64,
    pub run_at: Timestamp,
    pub lease_until: Timestamp,
    pub last_error: Option<String>,
    pub created_at: Timestamp,
    /// Given up.
    pub failed_at: Option<Timestamp>,
}
record!(Job: job(workspace_id, id) {
    workspace_id, id, kind, payload, attempts, run_at, lease_until, last_error, created_at, failed_at,
});

/// Due jobs nobody works on, oldest first; of all workspaces.
///
/// # Errors
/// When the statement fails.
pub fn due(tx: &mut Tx<'_>, now: Timestamp, limit: i64) -> Result<Vec<Job>> {
    tx.all(
        "WHERE run_at <= ?1 AND failed_at IS NULL AND lease_until < ?1 ORDER BY run_at, id LIMIT ?2",
        &[now.into(), limit.into()],
    )
}

/// When the next job becomes due.
///
/// # Errors
/// When the statement fails.
pub fn next_due(tx: &mut Tx<'_>) -> Result<Option<Timestamp>> {
    let sql =
        "SELECT min(CASE WHEN lease_until > run_at THEN lease_until ELSE run_at END) FROM job WHERE failed_at IS NULL";
    tx.rows(sql, &[])?.first_mut().map_or(Ok(None), crate::Row::take)
}

/// Takes jobs for a while. Returns the ids it got.
///
/// # Errors
/// When the statement fails.
pub fn claim(
    tx: &mut Tx<'_>,
    workspace: WorkspaceId,
    ids: &[i64],
    now: Timestamp,
    lease_until: Timestamp,
) -> Result<Vec<i64>> {
    let sql = "UPDATE job SET lease_until = ?1, attempts = attempts + 1 \
               WHERE workspace_id = ?2 AND id = ANY(?3) AND lease_until < ?4 RETURNING id";
    let params = [
        lease_until.into(),
        workspace.into(),
        crate::ids(ids.iter().copied()),
        now.into(),
    ];
    tx.returning(sql, &params)?.iter_mut().map(crate::Row::take).collect()
}

/// A job is done.
///
/// # Errors
/// When the statement fails.
pub fn remove(tx: &mut Tx<'_>, workspace: WorkspaceId, id: i64) -> Result<()> {
    tx.execute(
        "DELETE FROM job WHERE workspace_id = ?1 AND id = ?2",
        &[workspace.into(), id.into()],
    )
    .map(drop)
}

/// A job failed and is tried again at `run_at`, or given up when that is `None`.
///
/// # Errors
/// When the statement fails.
pub fn fail(
    tx: &mut Tx<'_>,
    workspace: WorkspaceId,
    id: i64,
    error: &str,
    run_at: Option<Timestamp>,
    now: Timestamp,
) -> Result<()> {
    let sql = "UPDATE job SET last_error = ?1, run_at = ?2, failed_at = ?3, lease_until = 0 WHERE workspace_id = ?4 AND id = ?5";
    let given_up = if run_at.is_none() { Some(now) } else { None };
    let params = [
        error.into(),
        run_at.unwrap_or(now).into(),
        given_up.into(),
        workspace.into(),
        id.into(),
    ];
    tx.execute(sql, &params).map(drop)
}

/// How many jobs wait, and since when the oldest does.
///
/// # Errors
/// When the statement fails.
pub fn depth(tx: &mut Tx<'_>) -> Result<(i64, Option<Timestamp>)> {
    match tx
        .rows("SELECT count(*), min(created_at) FROM job WHERE failed_at IS NULL", &[])?
        .first_mut()
    {
        Some(row) => Ok((row.take()?, row.take()?)),
        None => Ok((0, None)),
    }
}
