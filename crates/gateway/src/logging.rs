//! Logs: JSON lines on stderr, so that stdout keeps what a command was asked for.
//!
//! Nothing personal is logged: rooms log ids, counts and rules, and errors hold no stored values.

use tracing_subscriber::EnvFilter;

/// Starts logging with a filter that was checked with the settings.
pub fn start(filter: &str) {
    let filter = EnvFilter::try_new(filter).unwrap_or_else(|_| EnvFilter::new("info"));
    let started = tracing_subscriber::fmt()
        .json()
        .flatten_event(true)
        .with_current_span(true)
        .with_span_list(false)
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .try_init();
    // Only a second start in one process can fail; the first one keeps logging.
    drop(started);
}
