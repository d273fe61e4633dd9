//! Installation-wide values by name.

use crate::error::Result;
use crate::tx::Tx;

/// Reads a value.
///
/// # Errors
/// When the statement fails.
pub fn get(tx: &mut Tx<'_>, name: &str) -> Result<Option<String>> {
    tx.rows("SELECT value FROM setting WHERE name = ?1", &[name.into()])?
        .first_mut()
        .map(crate::Row::take)
        .transpose()
}

/// Writes a value.
///
/// # Errors
/// When the statement fails.
pub fn set(tx: &mut Tx<'_>, name: &str, value: &str) -> Result<()> {
    let sql =
        "INSERT INTO setting (name, value) VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET value = excluded.value";
    tx.execute(sql, &[name.into(), value.into()]).map(drop)
}
