//! Logs and metrics.

use crate::config::{Config, LogFormat};
use crate::failure::Failure;
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use tracing_subscriber::EnvFilter;

/// Seconds: from a cache hit to a provider that takes its time.
const SECONDS: &[f64] = &[
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0,
];
/// How many share something.
const SIZES: &[f64] = &[1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0];
/// How often old samples are folded together.
const UPKEEP: Duration = Duration::from_secs(5);

/// Sends logs to standard error. `level` counts when none is configured.
pub fn start_logs(config: &Config, level: &str) {
    let filter = EnvFilter::new(config.log.as_deref().unwrap_or(level));
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr);
    // Only a second start in one process fails, and then logs work already.
    drop(match config.log_format {
        LogFormat::Json => builder
            .json()
            .flatten_event(true)
            .with_current_span(true)
            .with_span_list(false)
            .try_init(),
        LogFormat::Text => builder.with_target(false).try_init(),
    });
    // A panic is caught where work is done for somebody; here it becomes a line of the log like any other.
    std::panic::set_hook(Box::new(|info| {
        let place = info.location().map(ToString::to_string).unwrap_or_default();
        let what = info.payload_as_str().unwrap_or("without a message");
        tracing::error!(place, "internal error: {what}");
    }));
}

/// Collects metrics from now on; the handle renders them for `/metrics`.
///
/// # Errors
/// When metrics are collected already.
pub fn start_metrics() -> Result<PrometheusHandle, Failure> {
    let failed = |error: metrics_exporter_prometheus::BuildError| {
        Failure::new("metrics", format!("Metrics cannot be collected: {error}."))
    };
    PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), SECONDS)
        .and_then(|builder| builder.set_buckets_for_metric(Matcher::Suffix("_size".to_owned()), SIZES))
        .map_err(failed)?
        .install_recorder()
        .map_err(failed)
}

/// Keeps the memory of metrics bounded between scrapes.
pub async fn keep_up(handle: PrometheusHandle, stop: CancellationToken) {
    let mut tick = tokio::time::interval(UPKEEP);
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            _ = tick.tick() => handle.run_upkeep(),
        }
    }
}
