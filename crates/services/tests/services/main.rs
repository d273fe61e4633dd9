//! The use cases and their loops, on both databases.

#![expect(clippy::unwrap_used, reason = "a test that cannot be set up fails")]

mod accounts;
mod conversations;
mod ingest;
mod media;
mod nul;
mod realtime;
mod sending;
mod statuses;
mod tenants;
mod widget;

use ism_services::Error;

/// The code of a refusal.
fn code<T: std::fmt::Debug>(outcome: Result<T, Error>) -> &'static str {
    match outcome {
        Err(Error::Refused(refusal)) => refusal.code,
        other => panic!("expected a refusal, got {other:?}"),
    }
}
