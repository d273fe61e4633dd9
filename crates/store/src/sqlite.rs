//! A connection to SQLite.

use crate::error::{Error, Result};
use crate::value::{Row, Val};
use crate::{dialect, value};
use rusqlite::types::{ToSqlOutput, Value, ValueRef};
use rusqlite::{Connection, ErrorCode, OpenFlags, ToSql};
use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// How long a statement waits for another process (a command beside the server) to finish writing.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);
/// Prepared statements kept per connection.
const STATEMENTS: usize = 256;

pub struct Sqlite {
    conn: Connection,
    translated: HashMap<String, Arc<str>>,
}

impl Sqlite {
    /// Opens the file; `write` decides who makes it and may change it.
    pub fn open(path: &Path, write: bool) -> Result<Self> {
        let flags = if write {
            OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE
        } else {
            OpenFlags::SQLITE_OPEN_READ_WRITE
        };
        let conn = Connection::open_with_flags(path, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX)
            .map_err(|error| Error::Setup(format!("cannot open {}: {error}", path.display())))?;
        let setup = || -> rusqlite::Result<()> {
            conn.busy_timeout(BUSY_TIMEOUT)?;
            conn.set_prepared_statement_cache_capacity(STATEMENTS);
            conn.pragma_update(None, "journal_mode", "WAL")?;
            // Never acknowledge before the commit is on disk: FULL syncs the log at every commit.
            conn.pragma_update(None, "synchronous", "FULL")?;
            conn.pragma_update(None, "temp_store", "MEMORY")?;
            conn.pragma_update(None, "cache_size", if write { -16_384 } else { -4_096 })?;
            conn.pragma_update(None, "mmap_size", 268_435_456_i64)?;
            conn.pragma_update(None, "journal_size_limit", 67_108_864_i64)?;
            if !write {
                conn.pragma_update(None, "query_only", true)?;
            }
            Ok(())
        };
        setup().map_err(|error| Error::Setup(format!("cannot set up {}: {error}", path.display())))?;
        Ok(Self {
            conn,
            translated: HashMap::new(),
        })
    }

    /// The connection, for migrations.
    pub fn raw(&mut self) -> &mut Connection {
        &mut self.conn
    }

    pub fn batch(&mut self, sql: &str) -> Result<()> {
        self.conn.execute_batch(sql).map_err(map)
    }

    pub fn rows(&mut self, sql: &str, params: &[Val]) -> Result<Vec<Row>> {
        let sql = self.translate(sql);
        let mut statement = self.conn.prepare_cached(&sql).map_err(map)?;
        let width = statement.column_count();
        let mut rows = statement.query(rusqlite::params_from_iter(params)).map_err(map)?;
        let mut out = Vec::new();
        while let Some(row) = rows.next().map_err(map)? {
            let mut values = Vec::with_capacity(width);
            for at in 0..width {
                values.push(read(row.get_ref(at).map_err(map)?)?);
            }
            out.push(Row::new(values));
        }
        Ok(out)
    }

    pub fn execute(&mut self, sql: &str, params: &[Val]) -> Result<u64> {
        let sql = self.translate(sql);
        let mut statement = self.conn.prepare_cached(&sql).map_err(map)?;
        let changed = statement.execute(rusqlite::params_from_iter(params)).map_err(map)?;
        Ok(changed as u64)
    }

    fn translate(&mut self, sql: &str) -> Arc<str> {
        if let Some(known) = self.translated.get(sql) {
            return known.clone();
        }
        let translated: Arc<str> = dialect::sqlite(sql).into();
        if self.translated.len() >= 4 * STATEMENTS {
            self.translated.clear();
        }
        self.translated.insert(sql.to_owned(), translated.clone());
        translated
    }
}

impl ToSql for Val {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(match self {
            Self::Null => ToSqlOutput::Owned(Value::Null),
            Self::Bool(flag) => ToSqlOutput::Owned(Value::Integer(i64::from(*flag))),
            Self::Int(number) => ToSqlOutput::Owned(Value::Integer(*number)),
            Self::Real(number) => ToSqlOutput::Owned(Value::Real(*number)),
            Self::Text(text) => ToSqlOutput::Borrowed(ValueRef::Text(text.as_bytes())),
            Self::Bytes(bytes) => ToSqlOutput::Borrowed(ValueRef::Blob(bytes)),
            Self::Ints(list) => ToSqlOutput::Owned(Value::Text(value::to_json(list))),
            Self::Texts(list) => ToSqlOutput::Owned(Value::Text(value::to_json(list))),
            Self::Column(..) => {
                let message = "columns of values are written row by row on SQLite".into();
                return Err(rusqlite::Error::ToSqlConversionFailure(message));
            }
        })
    }
}

fn read(value: ValueRef<'_>) -> Result<Val> {
    Ok(match value {
        ValueRef::Null => Val::Null,
        ValueRef::Integer(number) => Val::Int(number),
        ValueRef::Real(number) => Val::Real(number),
        ValueRef::Text(bytes) => Val::Text(
            std::str::from_utf8(bytes)
                .map_err(|error| Error::Value {
                    column: 0,
                    message: error.to_string(),
                })?
                .to_owned(),
        ),
        ValueRef::Blob(bytes) => Val::Bytes(bytes.to_vec()),
    })
}

fn map(error: rusqlite::Error) -> Error {
    match &error {
        rusqlite::Error::SqliteFailure(code, message) => {
            let text = message.clone().unwrap_or_else(|| code.to_string());
            match code.code {
                ErrorCode::ConstraintViolation => Error::Conflict { constraint: text },
                ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => {
                    Error::Unavailable("another process is writing to the database".to_owned())
                }
                ErrorCode::DiskFull | ErrorCode::ReadOnly => Error::NoRoom(text),
                ErrorCode::SystemIoFailure
                | ErrorCode::CannotOpen
                | ErrorCode::DatabaseCorrupt
                | ErrorCode::NotADatabase => Error::Unavailable(text),
                _ => Error::Sql { message: text },
            }
        }
        _ => Error::Sql {
            message: error.to_string(),
        },
    }
}
