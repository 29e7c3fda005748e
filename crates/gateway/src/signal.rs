//! When to stop: SIGTERM from a service manager, SIGINT from a terminal.

use tokio::signal::unix::{SignalKind, signal};

/// Resolves at the first of the two signals that came after this call.
///
/// # Errors
/// When the handlers cannot be installed.
pub fn stop() -> std::io::Result<impl Future<Output = ()> + Send + 'static> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => tracing::info!(signal = "SIGTERM", "stopping"),
            _ = interrupt.recv() => tracing::info!(signal = "SIGINT", "stopping"),
        }
    })
}
