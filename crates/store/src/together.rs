//! Short reads go together on SQLite: those that wait with the same statement are asked in one journey to a connection's
//! thread and in one transaction.
//!
//! Every commit makes a connection forget the pages that it knows, and leaves of reads are committed all the time: what
//! several readers need, the inner pages of every index, is read once for all of them. A transaction begins after
//! everybody in it came, so each sees what was committed before they asked.

use std::collections::VecDeque;
use std::num::NonZero;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::TryStreamExt as _;
use quick_cache::sync::Cache;
use sqlx::any::{AnyArguments, AnyRow};
use sqlx::{
    AnyConnection, AssertSqlSafe, Connection as _, Either, Execute as _, Executor as _, SqlStr,
};
use tokio::sync::{Notify, oneshot};

use crate::errand::Errand;
use crate::fault::StoreError;
use crate::open;
use crate::sql::Query;
use crate::store::Settings;

/// How many are asked at once, the most first. Each number is a text of its own, prepared once a connection.
const SIZES: [usize; 4] = [8, 4, 2, 1];
/// Texts remembered at most. A search has as many as it has forms.
const TEXTS: usize = 256;

/// Connections, at least two: one may stand at the disk. More than there are processors only make smaller batches.
fn connections(settings: &Settings) -> usize {
    let processors = std::thread::available_parallelism().map_or(1, NonZero::get);
    let at_most = usize::try_from(settings.read_connections).unwrap_or(usize::MAX);
    (processors + 1).min(at_most.max(2))
}

/// Who asks, and what.
struct Job {
    sql: SqlStr,
    arguments: AnyArguments,
    answer: oneshot::Sender<Result<Vec<AnyRow>, StoreError>>,
}

struct Queue {
    waiting: Mutex<Waiting>,
    came: Notify,
    texts: Cache<(String, usize), Arc<str>>,
}

#[derive(Default)]
struct Waiting {
    jobs: VecDeque<Job>,
    /// Tasks that take jobs. Without any, nobody waits here.
    tasks: usize,
}

/// The way in, and the tasks behind it.
pub(crate) struct Together {
    queue: Arc<Queue>,
    tasks: Vec<Errand>,
}

impl Together {
    /// Starts the tasks, each with a connection of its own that it opens when it first needs it.
    pub(crate) fn start(settings: &Settings) -> Self {
        let queue = Arc::new(Queue {
            waiting: Mutex::default(),
            came: Notify::new(),
            texts: Cache::new(TEXTS),
        });
        let tasks = (0..connections(settings)).map(|_| {
            let task = Task {
                present: Present::new(&queue),
                settings: settings.clone(),
                connection: None,
            };
            Errand::start(|asked| task.run(asked))
        });
        let tasks = tasks.collect();
        Self { queue, tasks }
    }

    /// What a statement finds.
    pub(crate) async fn all(&self, mut query: Query) -> Result<Vec<AnyRow>, StoreError> {
        let arguments = query.take_arguments().map_err(sqlx::Error::Encode)?;
        let (answer, answered) = oneshot::channel();
        self.queue.put(Job {
            sql: query.sql(),
            arguments: arguments.unwrap_or_default(),
            answer,
        })?;
        answered.await.unwrap_or(Err(StoreError::Unavailable))
    }

    /// Waits until the tasks have ended; who waits is told that nobody answers.
    pub(crate) async fn close(&self) {
        for task in &self.tasks {
            task.stop().await;
        }
    }
}

impl Queue {
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn put(&self, job: Job) -> Result<(), StoreError> {
        let mut waiting = self.lock();
        if waiting.tasks == 0 {
            return Err(StoreError::Unavailable);
        }
        waiting.jobs.push_back(job);
        drop(waiting);
        self.came.notify_one();
        Ok(())
    }

    /// The first that waits and others with the same statement, as many as a text is for. Whoever has gone is left out.
    fn take(&self) -> Vec<Job> {
        let mut waiting = self.lock();
        waiting.jobs.retain(|job| !job.answer.is_closed());
        let Some(first) = waiting.jobs.front() else {
            return Vec::new();
        };
        let (sql, arguments) = (first.sql.clone(), first.arguments.values.0.len());
        let same = |job: &Job| {
            job.sql.as_str() == sql.as_str() && job.arguments.values.0.len() == arguments
        };
        let fit = waiting.jobs.iter().filter(|job| same(job)).count();
        let size = SIZES.into_iter().find(|size| *size <= fit).unwrap_or(1);
        let mut batch = Vec::with_capacity(size);
        let mut at = 0;
        while batch.len() < size
            && let Some(job) = waiting.jobs.get(at)
        {
            if same(job) {
                batch.extend(waiting.jobs.remove(at));
            } else {
                at += 1;
            }
        }
        if !waiting.jobs.is_empty() {
            drop(waiting);
            self.came.notify_one();
        }
        batch
    }

    /// The text that asks the same so many times, each with arguments of its own.
    fn text(&self, sql: &SqlStr, arguments: usize, times: usize) -> Arc<str> {
        let key = (sql.as_str().to_owned(), times);
        let made = self.texts.get_or_insert_with(&key, || {
            Ok::<_, std::convert::Infallible>(repeated(sql.as_str(), arguments, times).into())
        });
        match made {
            Ok(text) => text,
        }
    }
}

/// A task that is there as long as this is.
struct Present(Arc<Queue>);

impl Present {
    fn new(queue: &Arc<Queue>) -> Self {
        queue.lock().tasks += 1;
        Self(Arc::clone(queue))
    }
}

impl Drop for Present {
    fn drop(&mut self) {
        let mut waiting = self.0.lock();
        waiting.tasks -= 1;
        if waiting.tasks == 0 {
            waiting.jobs.clear();
        }
    }
}

struct Task {
    present: Present,
    settings: Settings,
    connection: Option<AnyConnection>,
}

impl Task {
    async fn run(mut self, mut asked: oneshot::Receiver<()>) {
        loop {
            tokio::select! {
                biased;
                _ = &mut asked => break,
                () = self.present.0.came.notified() => {}
            }
            // Others who are ready come first, and bring what can go along.
            tokio::task::yield_now().await;
            let batch = self.present.0.take();
            if !batch.is_empty() {
                self.answer(batch).await;
            }
        }
        if let Some(connection) = self.connection.take() {
            drop(connection.close().await);
        }
    }

    async fn answer(&mut self, batch: Vec<Job>) {
        match self.ask(&batch).await {
            Ok(found) => {
                for (job, rows) in batch.into_iter().zip(found) {
                    drop(job.answer.send(Ok(rows)));
                }
            }
            Err(error) if batch.len() == 1 => {
                for job in batch {
                    drop(job.answer.send(Err(error.clone())));
                }
            }
            // Perhaps the fault of one of them.
            Err(_) => {
                for job in batch {
                    let found = self.ask(std::slice::from_ref(&job)).await;
                    let rows = found.map(|found| found.into_iter().flatten().collect());
                    drop(job.answer.send(rows));
                }
            }
        }
    }

    /// What each of them finds.
    async fn ask(&mut self, batch: &[Job]) -> Result<Vec<Vec<AnyRow>>, StoreError> {
        // Taken out: whatever fails may leave a transaction open, and then nobody uses it again.
        let mut connection = match self.connection.take() {
            Some(connection) => connection,
            None => open::connect_reading(&self.settings).await?,
        };
        let found = ask_on(&mut connection, &self.present.0, batch).await?;
        self.connection = Some(connection);
        Ok(found)
    }
}

async fn ask_on(
    connection: &mut AnyConnection,
    queue: &Queue,
    batch: &[Job],
) -> Result<Vec<Vec<AnyRow>>, StoreError> {
    let Some(first) = batch.first() else {
        return Ok(Vec::new());
    };
    let mut arguments = AnyArguments::default();
    for job in batch {
        arguments
            .values
            .0
            .extend_from_slice(&job.arguments.values.0);
    }
    let alone = batch.len() == 1;
    let query = if alone {
        sqlx::query_with(first.sql.clone(), arguments)
    } else {
        let each = first.arguments.values.0.len();
        let text = queue.text(&first.sql, each, batch.len());
        sqlx::query_with(AssertSqlSafe(text), arguments)
    };
    let mut found: Vec<Vec<AnyRow>> = batch.iter().map(|_| Vec::new()).collect();
    // BEGIN is done first.
    let mut done = usize::from(alone);
    let mut results = connection.fetch_many(query);
    while let Some(result) = results.try_next().await? {
        match result {
            Either::Left(_) => done += 1,
            Either::Right(row) => {
                if let Some(rows) = found.get_mut(done - 1) {
                    rows.push(row);
                }
            }
        }
    }
    Ok(found)
}

/// A statement several times in one transaction, `$1` of each behind the last argument of the one before it.
fn repeated(sql: &str, arguments: usize, times: usize) -> String {
    let mut text = String::from("-- store.together\nBEGIN");
    for time in 0..times {
        text.push_str(";\n");
        let mut pieces = sql.split('$');
        text.push_str(pieces.next().unwrap_or_default());
        for piece in pieces {
            let digits = piece.bytes().take_while(u8::is_ascii_digit).count();
            let (number, rest) = piece.split_at(digits);
            text.push('$');
            match number.parse::<usize>() {
                Ok(number) => text.push_str(&(number + time * arguments).to_string()),
                Err(_) => text.push_str(number),
            }
            text.push_str(rest);
        }
    }
    text.push_str(";\nCOMMIT");
    text
}
