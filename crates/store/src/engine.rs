//! One connection to whichever database runs.

use crate::error::Result;
use crate::postgres::Postgres;
use crate::record::{Existing, Record};
use crate::sqlite::Sqlite;
use crate::value::{Row, Val};

pub enum Engine {
    Sqlite(Sqlite),
    Postgres(Box<Postgres>),
}

impl Engine {
    pub fn batch(&mut self, sql: &str) -> Result<()> {
        match self {
            Self::Sqlite(conn) => conn.batch(sql),
            Self::Postgres(conn) => conn.batch(sql),
        }
    }

    pub fn rows(&mut self, sql: &str, params: &[Val]) -> Result<Vec<Row>> {
        match self {
            Self::Sqlite(conn) => conn.rows(sql, params),
            Self::Postgres(conn) => conn.rows(sql, params),
        }
    }

    pub fn execute(&mut self, sql: &str, params: &[Val]) -> Result<u64> {
        match self {
            Self::Sqlite(conn) => conn.execute(sql, params),
            Self::Postgres(conn) => conn.execute(sql, params),
        }
    }

    /// Writes rows of one table: a prepared statement per row on SQLite, one statement with an array per column on
    /// PostgreSQL, where round trips are what costs.
    pub fn insert<'r, R: Record + 'r>(&mut self, rows: impl Iterator<Item = &'r R>, existing: Existing) -> Result<u64> {
        let table = R::TABLE;
        match self {
            Self::Sqlite(conn) => {
                let sql = table.insert_one(existing);
                let mut changed = 0;
                for row in rows {
                    changed += conn.execute(&sql, &row.values())?;
                }
                Ok(changed)
            }
            Self::Postgres(conn) => {
                let mut columns: Vec<Vec<Val>> = table.columns.iter().map(|_| Vec::new()).collect();
                for row in rows {
                    for (column, value) in columns.iter_mut().zip(row.values()) {
                        column.push(value);
                    }
                }
                if columns.first().is_none_or(Vec::is_empty) {
                    return Ok(0);
                }
                let params: Vec<Val> = table
                    .kinds
                    .iter()
                    .zip(columns)
                    .map(|(kind, values)| Val::Column(*kind, values))
                    .collect();
                conn.execute(&table.insert_arrays(existing), &params)
            }
        }
    }

    pub fn is_postgres(&self) -> bool {
        matches!(self, Self::Postgres(_))
    }

    /// Replaces a broken connection; SQLite has none to break.
    pub fn reconnect(&mut self) -> Result<()> {
        match self {
            Self::Sqlite(_) => Ok(()),
            Self::Postgres(conn) => conn.reconnect(),
        }
    }

    /// Whether the connection is known to be gone.
    pub fn is_closed(&self) -> bool {
        match self {
            Self::Sqlite(_) => false,
            Self::Postgres(conn) => conn.is_closed(),
        }
    }
}
