//! What the suites share: a database of their own, a clock that stands still, an installation without a server, and a
//! provider that answers as told.
//!
//! | module | what it holds |
//! | --- | --- |
//! | [`database`] | SQLite in a folder of its own, PostgreSQL in a database of its own |
//! | [`clock`] | the time, moved by hand |
//! | [`world`] | services over a store, with an owner, a workspace, colleagues and channels |
//! | [`provider`] | an HTTP peer that records what it is asked and answers as told |
//! | [`customer`] | what customers do, as adapters would report it |
//! | [`timeline`] | a timeline as text |
//! | [`wait`] | waiting for a condition |

#![expect(clippy::print_stdout, reason = "tests say on which databases they ran")]
#![expect(clippy::unwrap_used, reason = "a test that cannot be set up fails")]

pub mod clock;
pub mod customer;
pub mod database;
pub mod provider;
pub mod timeline;
pub mod wait;
pub mod world;

pub use clock::FrozenClock;
pub use customer::Customer;
pub use database::{TestDatabase, on_each_database};
pub use provider::{FakeProvider, Reply};
pub use wait::wait_for;
pub use world::World;
