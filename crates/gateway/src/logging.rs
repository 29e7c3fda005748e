//! Logs: JSON lines on stderr, so that stdout keeps what a command was asked for.
//!
//! Nothing personal is logged: rooms log ids, counts and rules, and errors hold no stored values. Of
//! libraries that cannot be promised, so below a warning they are silent, whatever the settings say.

use tracing::{Level, Metadata};
use tracing_subscriber::filter::{FilterExt as _, filter_fn};
use tracing_subscriber::layer::{Layer as _, SubscriberExt as _};
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, fmt, registry};

/// Starts logging with a filter that was checked with the settings.
pub fn start(filter: &str) {
    let filter = EnvFilter::try_new(filter).unwrap_or_else(|_| EnvFilter::new("info"));
    let lines = fmt::layer()
        .json()
        .flatten_event(true)
        .with_current_span(true)
        .with_span_list(false)
        .with_writer(std::io::stderr);
    let started = registry()
        .with(lines.with_filter(filter.and(filter_fn(may_speak))))
        .try_init();
    // Only a second start in one process can fail; the first one keeps logging.
    drop(started);
}

/// Whether a line may be written at all. A library at its most talkative writes down bytes that it read.
fn may_speak(of: &Metadata<'_>) -> bool {
    of.target().starts_with("renkei") || *of.level() <= Level::WARN
}
