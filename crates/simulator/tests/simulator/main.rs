//! The simulator over real sockets.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

mod custom;
mod support;
mod telegram;
mod whatsapp;
