//! Figures for Prometheus: one recorder for the process, rendered by the door's `/metrics`.

use std::time::Duration;

use metrics_exporter_prometheus::{BuildError, PrometheusBuilder, PrometheusHandle};

/// Upper bounds of the time histograms in seconds: from one warm read to the time limit of a request.
const SECONDS: &[f64] = &[
    0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0,
];
/// How often the histograms give back what they no longer need.
const UPKEEP_S: u64 = 5;

/// Installs the recorder.
///
/// # Errors
/// When the process already has one.
pub fn start() -> Result<PrometheusHandle, BuildError> {
    PrometheusBuilder::new()
        .set_buckets(SECONDS)?
        .install_recorder()
}

/// Keeps the recorder's memory bounded, for as long as the process runs.
pub async fn keep(handle: PrometheusHandle) {
    let mut tick = tokio::time::interval(Duration::from_secs(UPKEEP_S));
    loop {
        tick.tick().await;
        handle.run_upkeep();
    }
}
