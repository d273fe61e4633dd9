//! Whole-system stories: what the product promises, told through its HTTP and WebSocket doors and the simulator.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]
#![expect(clippy::print_stdout, reason = "what was not run, and what a run has counted")]

mod access;
mod conversation;
#[expect(dead_code, reason = "shared with the faults")]
mod database;
mod developer;
mod hostile;
mod media;
mod outgoing;
#[expect(dead_code, reason = "shared with the faults")]
mod people;
mod policy;
#[expect(dead_code, reason = "shared with the faults")]
mod program;
mod realtime;
mod sending;
mod sessions;
mod support;
mod sweeps;
mod webhooks;
mod widget;
mod wire;
