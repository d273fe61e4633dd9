//! Whole-system stories: what the product promises, told through its HTTP and WebSocket doors and the simulator.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

mod access;
mod conversation;
mod database;
mod kill;
mod people;
mod realtime;
mod sending;
mod support;
mod webhooks;
mod wire;
