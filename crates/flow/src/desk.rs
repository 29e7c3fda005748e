//! Desks: where a room computes for long, on a thread of its own that gives way to everybody else's.
//!
//! On two cores a computation of milliseconds keeps a processor for a whole time slice, while the database's threads
//! and those that answer, which have work of microseconds, stand behind it. So it runs at a lower priority
//! (docs/decisions/0015-long-computations-give-way.md).

use std::sync::LazyLock;
use std::thread::available_parallelism;

use rayon_core::{ThreadPool, ThreadPoolBuilder};
use tokio::runtime::{Handle, RuntimeFlavor};
use tokio::sync::Semaphore;

/// As many desks as processors: whoever sits at one gives way.
static COUNT: LazyLock<usize> = LazyLock::new(|| available_parallelism().map_or(1, usize::from));

/// Who waits for a desk holds a place of the door, of a file or of an HL7 connection, and there are only so many of those.
static PLACES: LazyLock<Semaphore> = LazyLock::new(|| Semaphore::new(*COUNT));

/// The desks' threads. They stay: a thread for each computation would leave the allocator's arenas behind.
static DESKS: LazyLock<Option<ThreadPool>> = LazyLock::new(|| {
    let desks = ThreadPoolBuilder::new()
        .num_threads(*COUNT)
        .thread_name(|_| "desk".to_owned())
        .stack_size(STACK_BYTES)
        .start_handler(|_| give_way())
        .build();
    desks
        .inspect_err(|error| tracing::debug!(%error, "no threads for desks: computing without"))
        .ok()
});

/// How much further down than its process a desk's thread stands: next to a thread of ours that wants the same
/// processor it gets a tenth of it, and it is interrupted as soon as that one has something to do.
#[cfg(target_os = "linux")]
const NICE: i32 = 10;

/// Stack of a desk's thread, bytes: as the program's other threads have. Only what is used costs memory.
const STACK_BYTES: usize = 16 << 20;

/// Computes at a desk, as soon as one is free; the thread's other tasks go on elsewhere meanwhile. A panic of the work
/// comes out here.
pub async fn at_desk<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    // The semaphore is never closed.
    let _place = PLACES.acquire().await.ok();
    let many = |handle: Handle| handle.runtime_flavor() == RuntimeFlavor::MultiThread;
    if Handle::try_current().is_ok_and(many) {
        tokio::task::block_in_place(|| apart(work))
    } else {
        apart(work)
    }
}

/// Computes on a desk's thread and waits for it: only whoever waits may hand over what the corridor has borrowed.
fn apart<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    match &*DESKS {
        Some(desks) => desks.install(work),
        None => work(),
    }
}

/// Lowers the priority of this thread, and of no other: on Linux each thread has its own.
#[cfg(target_os = "linux")]
fn give_way() {
    if let Err(error) = rustix::process::nice(NICE) {
        tracing::debug!(%error, "this computation does not give way");
    }
}

/// Elsewhere a priority is the whole process's.
#[cfg(not(target_os = "linux"))]
fn give_way() {
    tracing::debug!("this computation does not give way");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_was_borrowed_comes_back_as_a_result_or_an_error() {
        let words = ["入院".to_owned(), "退院".to_owned()];
        let longest = at_desk(|| words.iter().max()).await;
        assert_eq!(longest, words.last());
        let error = at_desk(|| words[0].parse::<u32>()).await;
        assert!(error.is_err());
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_panic_comes_out_and_the_desk_is_free_again() {
        let many = available_parallelism().map_or(1, usize::from) + 1;
        for _ in 0..many {
            let broken = tokio::spawn(at_desk(|| assert_eq!(1, 2, "as it is said")));
            let panic = broken.await.unwrap_err().into_panic();
            let text = panic.downcast_ref::<String>().unwrap();
            assert!(text.contains("as it is said"), "{text}");
        }
        assert_eq!(at_desk(|| 3).await, 3, "all desks are free");
    }

    #[cfg(target_os = "linux")]
    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_desk_gives_way_and_nobody_else_does() {
        let before = niceness();
        let (name, nice) = at_desk(|| {
            let name = std::thread::current().name().map(str::to_owned);
            (name, niceness())
        })
        .await;
        assert_eq!(name.as_deref(), Some("desk"));
        assert_eq!(nice, (before + NICE).min(19));
        assert_ne!(nice, before);
        assert_eq!(niceness(), before, "who asked stays as it was");
        assert_eq!(tokio::spawn(async { niceness() }).await.unwrap(), before);
    }

    /// systemd ends a program at a call that its unit does not allow.
    #[test]
    fn the_unit_allows_what_a_desk_asks_of_the_system() {
        let unit = include_str!("../../../deploy/renkei.service");
        let line = |wanted: &str| unit.lines().position(|line| line == wanted);
        let refused = line("SystemCallFilter=~@privileged @resources").unwrap();
        let allowed = line("SystemCallFilter=setpriority");
        assert!(allowed.is_some_and(|allowed| allowed > refused), "{unit}");
    }

    /// Of this thread, as the kernel says: field 19 of its `stat`, the 17th behind the name in brackets.
    #[cfg(target_os = "linux")]
    fn niceness() -> i32 {
        let stat = std::fs::read_to_string("/proc/thread-self/stat").unwrap();
        let behind = stat.rsplit_once(')').unwrap().1;
        behind.split_whitespace().nth(16).unwrap().parse().unwrap()
    }
}
