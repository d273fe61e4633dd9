//! Load on the real program, from outside, at a constant rate of arrivals.
//!
//! Each workload starts `is-messenger serve` (this very binary) in a temporary folder, or on an empty PostgreSQL
//! database, and drives it over HTTP and WebSocket. Arrivals follow a timetable that does not wait for answers, and a
//! latency counts from the time an arrival was due: a server that stalls is charged for everyone who had to queue.
//! Afterwards the server is stopped, and counted: what was acknowledged must be stored exactly once, and
//! `is-messenger verify` must find every invariant whole.
//!
//! | file | what it does |
//! | --- | --- |
//! | `ingest` | signed webhooks of Telegram and WhatsApp, a fifth of them repeated |
//! | `sockets` | webhooks, and how soon their events are on every agent's socket |
//! | `start` | from the start to ready, and memory at rest |
//! | `subject` | the server under test |
//! | `webhook` | the requests, as the providers send them |
//! | `load` | the timetable and the histogram |

mod http;
mod ingest;
mod load;
mod report;
mod sockets;
mod start;
mod subject;
mod webhook;

pub use report::Report;

use clap::{Args, Subcommand};

/// What to measure.
#[derive(Subcommand)]
pub enum Workload {
    /// Signed webhooks of Telegram and WhatsApp from many customers, a fifth of them delivered twice
    Ingest(Ingest),
    /// Webhooks, and how soon each is on the socket of every agent
    Sockets(Sockets),
    /// Starting cold: time until ready, memory at rest, size of the program
    Start(Start),
}

/// Where the server under test keeps its data.
#[derive(Args)]
pub struct Place {
    /// An empty PostgreSQL database instead of SQLite in a temporary folder. (Not --database: that names an installation)
    #[arg(long, value_name = "URL")]
    pub on: Option<String>,
}

#[derive(Args)]
pub struct Ingest {
    #[command(flatten)]
    pub place: Place,
    /// Webhooks a second, one message in each
    #[arg(long, default_value_t = 1000, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub rate: u32,
    /// Seconds that are measured, after a warm-up of a fifth of that
    #[arg(long, default_value_t = 15, value_parser = clap::value_parser!(u32).range(1..=86_400))]
    pub seconds: u32,
    /// Connections kept open
    #[arg(long, default_value_t = 128, value_parser = clap::value_parser!(u32).range(1..=4096))]
    pub connections: u32,
    /// Customers who write
    #[arg(long, default_value_t = 5000, value_parser = clap::value_parser!(u32).range(1..=10_000_000))]
    pub customers: u32,
}

#[derive(Args)]
pub struct Sockets {
    #[command(flatten)]
    pub place: Place,
    /// Webhooks a second
    #[arg(long, default_value_t = 500, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub rate: u32,
    /// Sockets of agents; each gets every event
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=15_000))]
    pub sockets: u32,
    /// Seconds that are measured, after a warm-up of a fifth of that
    #[arg(long, default_value_t = 15, value_parser = clap::value_parser!(u32).range(1..=86_400))]
    pub seconds: u32,
}

#[derive(Args)]
pub struct Start {
    #[command(flatten)]
    pub place: Place,
    /// How often to start
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub rounds: u32,
}

/// What keeps a measurement from being made.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("The server under test {0}.")]
    Subject(String),
    #[error("Cannot {what}: {source}.")]
    Io { what: &'static str, source: std::io::Error },
    #[error("A request failed: {0}.")]
    Http(String),
}

pub(crate) type Result<T, E = Error> = std::result::Result<T, E>;

/// Runs a workload to its end.
///
/// # Errors
/// When the server under test cannot be set up or reached.
pub async fn run(workload: &Workload) -> Result<Report> {
    match workload {
        Workload::Ingest(arguments) => ingest::run(arguments).await,
        Workload::Sockets(arguments) => sockets::run(arguments).await,
        Workload::Start(arguments) => start::run(arguments).await,
    }
}
