//! Whole-system stories: what the product promises, told through its HTTP and WebSocket doors and the simulator.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]
#![expect(clippy::print_stdout, reason = "what was not run, and what a run has counted")]

mod access;
mod conversation;
mod database;
mod developer;
mod media;
mod people;
mod program;
mod rate;
mod realtime;
mod sending;
mod support;
mod webhooks;
mod widget;
mod wire;
