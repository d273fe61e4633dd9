//! Rows as structs: a table, its columns, and how a value of it is written and read.

use crate::error::Result;
use crate::value::{Column, Kind, Row, Val};

/// A table as its record type sees it.
#[derive(Debug)]
pub struct Table {
    pub name: &'static str,
    pub columns: &'static [&'static str],
    pub kinds: &'static [Kind],
    /// The primary key.
    pub key: &'static [&'static str],
}

/// A struct that is a row of a table.
pub trait Record: Sized {
    /// The table.
    const TABLE: Table;
    /// The values in the order of the table's columns.
    fn values(&self) -> Vec<Val>;
    /// From a row with the table's columns, in order.
    ///
    /// # Errors
    /// When a column holds something else than its field.
    fn from_row(row: &mut Row) -> Result<Self>;

    /// The select list.
    #[must_use]
    fn columns() -> String {
        Self::TABLE.columns.join(", ")
    }

    /// `SELECT <columns> FROM <table> <rest>`.
    #[must_use]
    fn select(rest: &str) -> String {
        format!("SELECT {} FROM {} {rest}", Self::columns(), Self::TABLE.name)
    }
}

/// The column type of a field, found through a projection so that [`record!`](crate::record) need not repeat types.
pub const fn kind_of<S, T: Column>(_: fn(&S) -> &T) -> Kind {
    T::KIND
}

/// Makes a struct a [`Record`]: `record!(Contact: contact(workspace_id, id) { workspace_id, id, first_name })`.
#[macro_export]
macro_rules! record {
    ($type:ty : $table:ident ($($key:ident),+) { $($field:ident),+ $(,)? }) => {
        impl $crate::Record for $type {
            const TABLE: $crate::Table = $crate::Table {
                name: stringify!($table),
                columns: &[$(stringify!($field)),+],
                kinds: &[$($crate::record::kind_of(|row: &$type| &row.$field)),+],
                key: &[$(stringify!($key)),+],
            };
            fn values(&self) -> Vec<$crate::Val> {
                vec![$($crate::Column::to_val(&self.$field)),+]
            }
            fn from_row(row: &mut $crate::Row) -> $crate::Result<Self> {
                Ok(Self { $($field: row.take()?),+ })
            }
        }
    };
}

/// What to do with a row whose key, or another unique value, exists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Existing {
    /// Fail with [`Error::Conflict`](crate::Error::Conflict).
    Refuse,
    /// Leave the existing row as it is.
    Keep,
    /// Replace every column of the row with the same key.
    Replace,
}

impl Table {
    /// The end of an insert statement for `existing`.
    fn conflict_clause(&self, existing: Existing) -> String {
        match existing {
            Existing::Refuse => String::new(),
            Existing::Keep => " ON CONFLICT DO NOTHING".to_owned(),
            Existing::Replace => {
                let set: Vec<String> = self
                    .columns
                    .iter()
                    .filter(|column| !self.key.contains(column))
                    .map(|column| format!("{column} = excluded.{column}"))
                    .collect();
                format!(
                    " ON CONFLICT ({}) DO UPDATE SET {}",
                    self.key.join(", "),
                    set.join(", ")
                )
            }
        }
    }

    /// One row with one placeholder per column.
    pub(crate) fn insert_one(&self, existing: Existing) -> String {
        let marks: Vec<String> = (1..=self.columns.len()).map(|n| format!("?{n}")).collect();
        format!(
            "INSERT INTO {} ({}) VALUES ({}){}",
            self.name,
            self.columns.join(", "),
            marks.join(", "),
            self.conflict_clause(existing)
        )
    }

    /// Any number of rows with one array per column (PostgreSQL).
    pub(crate) fn insert_arrays(&self, existing: Existing) -> String {
        let arrays: Vec<String> = self
            .kinds
            .iter()
            .enumerate()
            .map(|(at, kind)| format!("?{}::{}", at + 1, kind.array()))
            .collect();
        format!(
            "INSERT INTO {} ({}) SELECT * FROM unnest({}){}",
            self.name,
            self.columns.join(", "),
            arrays.join(", "),
            self.conflict_clause(existing)
        )
    }
}
