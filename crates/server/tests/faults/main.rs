//! The real program, and what is done to it: killed, cut off, starved, flooded, lied to. The scripts in `tests/faults` run
//! these for longer; `cargo test` runs them briefly.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]
#![expect(clippy::print_stdout, reason = "what was not run, and what a run has counted")]

mod bodies;
mod clock;
mod disk;
mod kill;
mod order;
mod outage;
mod provider;
mod slow;
mod stop;
mod storm;
mod traffic;

// What the scenarios also use; each uses a part.
#[path = "../scenarios/database.rs"]
mod database;
#[path = "../scenarios/people.rs"]
#[expect(dead_code, reason = "shared with the scenarios")]
mod people;
#[path = "../scenarios/program.rs"]
mod program;
#[path = "../scenarios/support.rs"]
#[expect(dead_code, reason = "shared with the scenarios")]
mod support;
#[path = "../scenarios/wire.rs"]
#[expect(dead_code, reason = "shared with the scenarios")]
mod wire;
