//! Connections for reading, with some kept back for crews: whatever else is asked of the database, an
//! ambulance finds one free.

use std::future::Future;

use sqlx::AnyPool;

tokio::task_local! {
    /// Set while a request of a crew is answered.
    static URGENT: ();
}

/// Connections that only crews use.
pub(crate) const URGENT_CONNECTIONS: u32 = 2;

/// Both kinds of connection.
pub(crate) struct Readers {
    pub(crate) ordinary: AnyPool,
    pub(crate) urgent: AnyPool,
}

impl Readers {
    /// The connections for whoever asks in this task.
    pub(crate) fn of_task(&self) -> &AnyPool {
        if urgent() {
            &self.urgent
        } else {
            &self.ordinary
        }
    }

    pub(crate) async fn close(&self) {
        self.ordinary.close().await;
        self.urgent.close().await;
    }
}

/// Whether this task answers somebody for whom seconds count.
pub(crate) fn urgent() -> bool {
    URGENT.try_with(|()| ()).is_ok()
}

/// Answers somebody for whom seconds count: all reads of `work` use the connections kept back for it.
/// Holds for the task that runs `work`, not for tasks that it spawns.
pub async fn urgently<T>(work: impl Future<Output = T>) -> T {
    URGENT.scope((), work).await
}
