//! The store: hides which database runs, SQLite or PostgreSQL.
//!
//! Everything above it writes `store.write(workspace, |tx| …).await` and `store.snapshot(workspace, |tx| …).await`. The
//! closures are synchronous and run on writer and reader threads; many writes share one commit ([`writer`]), and nothing is
//! answered before that commit is on disk. Each commit numbers its events without gaps ([`log`]).
//!
//! | module | what it holds |
//! | --- | --- |
//! | [`tables`] | records and queries, one file per noun |
//! | [`unit`] | a unit of work: entities loaded as a set, changed in memory, saved in a few statements |
//! | [`log`] | the event log and consumers' cursors |
//! | [`migrate`] | the schema |
//! | [`record`], [`value`], [`dialect`] | rows as structs, and the differences between the databases |

pub mod clock;
pub mod log;
pub mod record;
pub mod tables;
pub mod unit;
pub mod value;
pub mod writer;

mod dialect;
mod engine;
mod error;
mod migrate;
mod node;
mod postgres;
mod sqlite;
mod store;
mod tx;

pub use clock::{Clock, Ids, SystemClock};
pub use error::{Error, Result};
pub use log::Event;
pub use record::{Existing, Record, Table};
pub use store::{Database, NO_WORKSPACE, Options, Store, sqlite_file};
pub use tx::{Hint, Tx};
pub use value::{Column, Row, Val, ids};
pub use writer::{Committed, OnCommit};
