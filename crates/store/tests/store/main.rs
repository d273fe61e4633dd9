//! The store, on both databases.

#![expect(clippy::unwrap_used, reason = "a test that cannot be set up fails")]

mod broken;
mod commits;
mod constraints;
mod ids;
mod lists;
mod log;
mod migrations;
mod support;
mod unit;
mod values;
