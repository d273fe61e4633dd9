//! Recounts the invariants, for `is-messenger verify` and the fault tests.

use crate::{Result, Services};
use ism_domain::WorkspaceId;
use ism_store::tables::accounts;
use ism_store::{NO_WORKSPACE, Row, Tx, Val};
use serde::Serialize;

/// One invariant of one workspace.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Check {
    pub workspace_id: WorkspaceId,
    /// The invariant's number, as in the documentation.
    pub id: &'static str,
    pub name: &'static str,
    /// How many rows were counted.
    pub counted: i64,
    /// How many of them break the invariant.
    pub broken: i64,
}

/// The outcome of a recount.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Report {
    pub ok: bool,
    pub checks: Vec<Check>,
}

/// Invariant, name, what is counted, what is broken. Each statement takes the workspace as `?1`.
const CHECKS: &[(&str, &str, &str, &str)] = &[
    (
        "I1",
        "ledger balances: what was received equals what became of it",
        "SELECT count(*) FROM ingest_ledger WHERE workspace_id = ?1 AND outcome = 'received'",
        "SELECT count(*) FROM (SELECT channel_id, hour, sum(CASE WHEN outcome = 'received' THEN count ELSE -count END) AS rest \
         FROM ingest_ledger WHERE workspace_id = ?1 GROUP BY channel_id, hour) balance WHERE rest <> 0",
    ),
    (
        "I1",
        "every stored incoming event is a message, and every incoming message is in the ledger",
        "SELECT count(*) FROM message WHERE workspace_id = ?1 AND (direction = 'incoming' OR sender_source = 'echo')",
        "SELECT count(*) FROM (SELECT channel_id, sum(n) AS rest FROM (\
           SELECT channel_id, -count AS n FROM ingest_ledger WHERE workspace_id = ?1 AND outcome IN ('stored', 'stored_blocked', 'stored_echo') \
           UNION ALL SELECT channel_id, 1 AS n FROM message WHERE workspace_id = ?1 AND (direction = 'incoming' OR sender_source = 'echo')\
         ) both_sides GROUP BY channel_id) balance WHERE rest <> 0",
    ),
    (
        "I1",
        "no provider's id stands on two messages of a channel",
        "SELECT count(*) FROM message WHERE workspace_id = ?1 AND external_id IS NOT NULL",
        "SELECT count(*) FROM (SELECT 1 AS one FROM message WHERE workspace_id = ?1 AND external_id IS NOT NULL \
         GROUP BY channel_id, external_id HAVING count(*) > 1) doubled",
    ),
    (
        "I2",
        "a contact has at most one open conversation",
        "SELECT count(*) FROM conversation WHERE workspace_id = ?1 AND closed_at IS NULL",
        "SELECT count(*) FROM (SELECT 1 AS one FROM conversation WHERE workspace_id = ?1 AND closed_at IS NULL \
         GROUP BY contact_id HAVING count(*) > 1) doubled",
    ),
    (
        "I2",
        "contacts show the state of their conversation",
        "SELECT count(*) FROM contact WHERE workspace_id = ?1",
        "SELECT count(*) FROM contact c LEFT JOIN conversation v ON v.workspace_id = c.workspace_id AND v.contact_id = c.id \
         AND v.closed_at IS NULL WHERE c.workspace_id = ?1 AND c.status <> coalesce(v.status, 'closed')",
    ),
    (
        "I3",
        "conversations count their messages",
        "SELECT count(*) FROM conversation WHERE workspace_id = ?1",
        "SELECT count(*) FROM conversation v WHERE v.workspace_id = ?1 AND v.incoming_count + v.outgoing_count <> \
         (SELECT count(*) FROM message m WHERE m.workspace_id = v.workspace_id AND m.contact_id = v.contact_id AND m.conversation_id = v.id)",
    ),
    (
        "I4",
        "every message on its way has a row in the outbox, and no other has",
        "SELECT count(*) FROM message WHERE workspace_id = ?1 AND direction = 'outgoing'",
        "SELECT (SELECT count(*) FROM message m WHERE m.workspace_id = ?1 AND m.status = 'pending' AND NOT EXISTS \
           (SELECT 1 FROM outbox o WHERE o.workspace_id = m.workspace_id AND o.message_id = m.id)) \
         + (SELECT count(*) FROM outbox o WHERE o.workspace_id = ?1 AND NOT EXISTS \
           (SELECT 1 FROM message m WHERE m.workspace_id = o.workspace_id AND m.id = o.message_id AND m.direction = 'outgoing'))",
    ),
    (
        "I5",
        "the log has no gaps",
        "SELECT count(*) FROM event WHERE workspace_id = ?1",
        "SELECT (SELECT seq FROM workspace WHERE id = ?1) - count(*) FROM event WHERE workspace_id = ?1 AND seq BETWEEN 1 AND (SELECT seq FROM workspace WHERE id = ?1)",
    ),
    (
        "I5",
        "every message has its event",
        "SELECT count(*) FROM event WHERE workspace_id = ?1 AND kind IN ('message.received', 'message.sent')",
        "SELECT (SELECT count(*) FROM message WHERE workspace_id = ?1) \
         - (SELECT count(*) FROM event WHERE workspace_id = ?1 AND kind IN ('message.received', 'message.sent'))",
    ),
    (
        "I7",
        "rows refer only to rows of their own workspace",
        "SELECT count(*) FROM message WHERE workspace_id = ?1",
        "SELECT (SELECT count(*) FROM message m WHERE m.workspace_id = ?1 AND NOT EXISTS \
           (SELECT 1 FROM contact c WHERE c.workspace_id = m.workspace_id AND c.id = m.contact_id)) \
         + (SELECT count(*) FROM contact_channel l WHERE l.workspace_id = ?1 AND NOT EXISTS \
           (SELECT 1 FROM contact c WHERE c.workspace_id = l.workspace_id AND c.id = l.contact_id))",
    ),
];

impl Services {
    /// Recounts everything.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn verify(&self) -> Result<Report> {
        self.flush_rejected().await?;
        let workspaces = self.store.read(NO_WORKSPACE, accounts::workspaces).await?;
        let mut checks = Vec::new();
        for workspace in workspaces {
            let found = self
                .store
                .snapshot(workspace.id, move |tx| recount(tx, workspace.id))
                .await?;
            checks.extend(found);
        }
        Ok(Report {
            ok: checks.iter().all(|check| check.broken == 0),
            checks,
        })
    }
}

fn recount(tx: &mut Tx<'_>, workspace: WorkspaceId) -> Result<Vec<Check>> {
    CHECKS
        .iter()
        .map(|(id, name, counted, broken)| {
            let mut number = |sql: &str| -> Result<i64> {
                let params: [Val; 1] = [workspace.into()];
                Ok(tx.rows(sql, &params)?.first_mut().map_or(Ok(0), Row::take)?)
            };
            Ok(Check {
                workspace_id: workspace,
                id,
                name,
                counted: number(counted)?,
                broken: number(broken)?.abs(),
            })
        })
        .collect()
}
