//! Threads that answer crews and nobody else.
//!
//! A look-up is a handful of short steps between journeys to the database. On the threads that answer everybody, each of
//! them stands in line behind whatever else is ready to go on, hundreds of requests in a full house; on threads of their
//! own, crews wait for a processor alone, and the system gives that first to whoever has slept.

use std::future::Future;
use std::io;
use std::panic::resume_unwind;
use std::sync::OnceLock;
use std::thread::available_parallelism;

use tokio::runtime::{Builder, Handle, Runtime};
use tokio::task::JoinSet;

/// Stack of a thread, bytes: as the program's other threads have. Only what is used costs memory.
const STACK_BYTES: usize = 16 << 20;

/// One for the program, like its other threads: connections to a database that were opened on them can be closed on any,
/// as long as they are there.
static RUNTIME: OnceLock<Runtime> = OnceLock::new();

/// The threads.
#[derive(Debug, Clone)]
pub struct Crews(Handle);

impl Crews {
    /// Starts as many as there are processors, where nobody has.
    ///
    /// # Errors
    /// When the system gives no threads.
    pub fn start() -> io::Result<Self> {
        if let Some(runtime) = RUNTIME.get() {
            return Ok(Self(runtime.handle().clone()));
        }
        let runtime = Builder::new_multi_thread()
            .worker_threads(available_parallelism().map_or(1, usize::from))
            .thread_name("crew")
            .thread_stack_size(STACK_BYTES)
            .enable_all()
            .build()?;
        if let Err(second) = RUNTIME.set(runtime) {
            // Somebody else was first.
            second.shutdown_background();
        }
        let runtime = RUNTIME.get().ok_or(io::ErrorKind::Other)?;
        Ok(Self(runtime.handle().clone()))
    }

    /// What the work gives; `None` when the program ends before it is done. Whoever no longer waits for it ends it. A
    /// panic of the work comes out here.
    pub async fn run<T: Send + 'static>(
        &self,
        work: impl Future<Output = T> + Send + 'static,
    ) -> Option<T> {
        // Dropped with this future, the set ends what is in it.
        let mut task = JoinSet::new();
        task.spawn_on(work, &self.0);
        match task.join_next().await? {
            Ok(done) => Some(done),
            Err(failed) => match failed.try_into_panic() {
                Ok(panic) => resume_unwind(panic),
                Err(_) => None,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::time::Duration;

    use tokio::sync::oneshot;

    use super::*;

    #[tokio::test]
    async fn work_is_done_on_a_thread_of_the_crews() {
        let crews = Crews::start().unwrap();
        let name = || std::thread::current().name().map(str::to_owned);
        assert_eq!(
            crews.run(async move { name() }).await.flatten().as_deref(),
            Some("crew")
        );
    }

    #[tokio::test]
    async fn who_goes_away_ends_the_work() {
        struct Seen(Arc<AtomicBool>);
        impl Drop for Seen {
            fn drop(&mut self) {
                self.0.store(true, Ordering::SeqCst);
            }
        }
        let crews = Crews::start().unwrap();
        let ended = Arc::new(AtomicBool::new(false));
        let seen = Seen(Arc::clone(&ended));
        let (begin, begun) = oneshot::channel();
        let work = crews.run(async move {
            let _seen = seen;
            let _ = begin.send(());
            std::future::pending::<()>().await;
        });
        tokio::select! {
            _ = work => panic!("it never ends by itself"),
            _ = begun => {}
        }
        while !ended.load(Ordering::SeqCst) {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }

    #[tokio::test]
    async fn a_panic_comes_out_and_the_threads_go_on() {
        let crews = Arc::new(Crews::start().unwrap());
        let other = Arc::clone(&crews);
        let broken = tokio::spawn(async move { other.run(async { assert_eq!(1, 2) }).await });
        assert!(broken.await.unwrap_err().is_panic());
        assert_eq!(crews.run(async { 3 }).await, Some(3));
    }
}
