//! A task beside the store that ends when it is told to, and not before its work is done.

use std::future::Future;
use std::sync::Mutex;

use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// The running task. Dropped, it tells the task to end and does not wait.
pub(crate) struct Errand {
    stop: Mutex<Option<oneshot::Sender<()>>>,
    stopped: tokio::sync::Mutex<Option<JoinHandle<()>>>,
}

impl Errand {
    /// Starts a task. What it is given answers when it is to end.
    pub(crate) fn start<F>(task: impl FnOnce(oneshot::Receiver<()>) -> F) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let (stop, asked) = oneshot::channel();
        Self {
            stop: Some(stop).into(),
            stopped: Some(tokio::spawn(task(asked))).into(),
        }
    }

    /// Tells the task to end, and waits until it has.
    pub(crate) async fn stop(&self) {
        let stop = self.stop.lock().ok().and_then(|mut stop| stop.take());
        drop(stop);
        if let Some(handle) = self.stopped.lock().await.take() {
            drop(handle.await);
        }
    }
}
