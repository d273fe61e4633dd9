//! A transaction as use cases see it.

use crate::clock::Ids;
use crate::engine::Engine;
use crate::error::{Error, Result};
use crate::record::{Existing, Record};
use crate::value::{Row, Val};
use ism_domain::event::NewEvent;
use ism_domain::{Timestamp, WorkspaceId};
use sea_query::{PostgresQueryBuilder, SelectStatement, SqliteQueryBuilder, Value};
use std::sync::Arc;

/// Something waits in the database for a loop of the services; a wake-up after the commit saves it the wait for the next
/// sweep.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Hint {
    /// Rows in the outbox.
    Outbox,
    /// Rows in the job table.
    Jobs,
}

/// What the closures of one commit want done with it.
#[derive(Default)]
pub(crate) struct Pending {
    pub events: Vec<(WorkspaceId, Timestamp, NewEvent)>,
    pub hints: Vec<Hint>,
}

/// A transaction. All functions are synchronous; a closure given one may be run again and does nothing else.
pub struct Tx<'a> {
    engine: &'a mut Engine,
    ids: &'a Arc<Ids>,
    pending: &'a mut Pending,
    workspace: WorkspaceId,
    now: Timestamp,
    /// Something was written, so the transaction has to be undone if the closure fails.
    pub(crate) wrote: bool,
    /// A statement failed; PostgreSQL accepts nothing more until it is undone.
    pub(crate) failed: Option<Error>,
}

impl<'a> Tx<'a> {
    pub(crate) const fn new(
        engine: &'a mut Engine,
        ids: &'a Arc<Ids>,
        pending: &'a mut Pending,
        workspace: WorkspaceId,
        now: Timestamp,
    ) -> Self {
        Self {
            engine,
            ids,
            pending,
            workspace,
            now,
            wrote: false,
            failed: None,
        }
    }

    /// The workspace this transaction was opened for.
    #[must_use]
    pub const fn workspace(&self) -> WorkspaceId {
        self.workspace
    }

    /// The time at which the closure began.
    #[must_use]
    pub const fn now(&self) -> Timestamp {
        self.now
    }

    /// A new id, of whatever type is asked for.
    pub fn id<T: From<i64>>(&self) -> T {
        self.ids.next().into()
    }

    /// Rows of any shape.
    ///
    /// # Errors
    /// When the statement fails.
    pub fn rows(&mut self, sql: &str, params: &[Val]) -> Result<Vec<Row>> {
        let result = self.engine.rows(sql, params);
        self.note(result)
    }

    /// Records. The statement begins with [`Record::select`].
    ///
    /// # Errors
    /// When the statement fails or a row does not fit.
    pub fn all<R: Record>(&mut self, rest: &str, params: &[Val]) -> Result<Vec<R>> {
        self.rows(&R::select(rest), params)?
            .iter_mut()
            .map(R::from_row)
            .collect()
    }

    /// The first record, if there is one.
    ///
    /// # Errors
    /// When the statement fails or the row does not fit.
    pub fn first<R: Record>(&mut self, rest: &str, params: &[Val]) -> Result<Option<R>> {
        Ok(self.all(rest, params)?.into_iter().next())
    }

    /// A dynamic select, built by sea-query.
    ///
    /// # Errors
    /// When the statement fails.
    pub fn built(&mut self, statement: &SelectStatement) -> Result<Vec<Row>> {
        let (sql, values) = if self.engine.is_postgres() {
            statement.build(PostgresQueryBuilder)
        } else {
            statement.build(SqliteQueryBuilder)
        };
        let params = values.into_iter().map(bind).collect::<Result<Vec<Val>>>()?;
        self.rows(&sql, &params)
    }

    /// A statement that writes. Returns how many rows it changed.
    ///
    /// # Errors
    /// When the statement fails.
    pub fn execute(&mut self, sql: &str, params: &[Val]) -> Result<u64> {
        self.wrote = true;
        let result = self.engine.execute(sql, params);
        self.note(result)
    }

    /// A statement that writes and returns rows.
    ///
    /// # Errors
    /// When the statement fails.
    pub fn returning(&mut self, sql: &str, params: &[Val]) -> Result<Vec<Row>> {
        self.wrote = true;
        self.rows(sql, params)
    }

    /// Writes rows of one table in as few statements as the database allows.
    ///
    /// # Errors
    /// When the statement fails; with [`Existing::Refuse`] also when a row exists.
    pub fn insert<'r, R: Record + 'r>(
        &mut self,
        rows: impl IntoIterator<Item = &'r R>,
        existing: Existing,
    ) -> Result<u64> {
        self.wrote = true;
        let result = self.engine.insert(rows.into_iter(), existing);
        self.note(result)
    }

    /// Appends an event to the workspace's log. It gets its number just before the commit.
    pub fn emit(&mut self, event: NewEvent) {
        self.wrote = true;
        let at = Timestamp(self.ids.next());
        self.pending.events.push((self.workspace, at, event));
    }

    /// Appends an event whose place in the timeline was taken earlier, with an id of [`Tx::ids`].
    pub(crate) fn emit_at(&mut self, at: Timestamp, event: NewEvent) {
        self.wrote = true;
        self.pending.events.push((self.workspace, at, event));
    }

    /// The source of ids.
    pub(crate) const fn ids(&self) -> &Arc<Ids> {
        self.ids
    }

    /// Wakes a loop of the services once the commit is done.
    pub fn hint(&mut self, hint: Hint) {
        if !self.pending.hints.contains(&hint) {
            self.pending.hints.push(hint);
        }
    }

    /// Whether this is PostgreSQL: only for statements that one of the two cannot express.
    #[must_use]
    pub fn is_postgres(&self) -> bool {
        self.engine.is_postgres()
    }

    fn note<T>(&mut self, result: Result<T>) -> Result<T> {
        if let Err(error) = &result {
            self.failed = Some(error.clone());
        }
        result
    }
}

/// A value of a built statement.
fn bind(value: Value) -> Result<Val> {
    Ok(match value {
        Value::Bool(flag) => flag.into(),
        Value::BigInt(number) => number.into(),
        Value::Int(number) => number.map(i64::from).into(),
        Value::SmallInt(number) => number.map(i64::from).into(),
        Value::BigUnsigned(number) => match number.map(i64::try_from).transpose() {
            Ok(number) => number.into(),
            Err(_) => {
                return Err(Error::Sql {
                    message: "a number is too large".to_owned(),
                });
            }
        },
        Value::Double(number) => number.map_or(Val::Null, Val::Real),
        Value::String(text) => text.into(),
        Value::Bytes(bytes) => bytes.into(),
        other => {
            return Err(Error::Sql {
                message: format!("cannot bind {other:?}"),
            });
        }
    })
}
