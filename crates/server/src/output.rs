//! What commands print. Results go to standard output, everything else to standard error.

use crate::failure::Failure;
use serde_json::Value;
use std::io::Write;

/// One line of a result. A reader that has gone away (`| head`) is no mistake.
pub fn line(text: impl AsRef<str>) {
    let mut out = std::io::stdout().lock();
    drop(writeln!(out, "{}", text.as_ref()).and_then(|()| out.flush()));
}

/// A result for programs: one line of JSON.
pub fn json(value: &Value) {
    line(value.to_string());
}

/// A failure for people, and for programs if they asked.
pub fn failure(failure: &Failure, for_programs: bool) {
    drop(writeln!(std::io::stderr().lock(), "{}", failure.message));
    if for_programs {
        json(&failure.json());
    }
}

/// Columns as wide as their widest cell; the last one as it is.
#[must_use]
pub fn table(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| {
        rows.iter()
            .filter_map(|row| row.get(column))
            .map(|cell| cell.chars().count())
            .max()
            .unwrap_or(0)
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let lines: Vec<String> = rows
        .iter()
        .map(|row| {
            let cells: Vec<String> = row
                .iter()
                .zip(&widths)
                .map(|(cell, width)| format!("{cell:<width$}"))
                .collect();
            cells.join("  ").trim_end().to_owned()
        })
        .collect();
    lines.join("\n")
}
