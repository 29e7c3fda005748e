//! Questions that a transaction is going to ask, asked in one journey. On SQLite everybody else waits for the writer
//! while a transaction waits for answers; between one answer and the next question nobody else writes, so that answers
//! hold until the transaction itself writes. On PostgreSQL others do, and names are held first: there each question is
//! asked when its time comes.

use futures_util::TryStreamExt as _;
use renkei_model::id::{FacilityCode, NetworkName};
use renkei_model::message::DedupKey;
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Either, Executor as _};

use crate::fault::StoreError;
use crate::near::Asked;
use crate::script::{Bound, Step, joined, single};
use crate::sql::Dialect;
use crate::tx::Tx;
use crate::{facility, message, near};

/// A question that is going to be asked.
#[derive(Debug, Clone, Copy)]
pub enum Question<'q> {
    /// By [`Tx::dedup_find`].
    Dedup(&'q DedupKey),
    /// By [`Tx::near`].
    Near(&'q Asked<'q>),
    /// By [`Tx::facility_find`].
    Facility(&'q NetworkName, &'q FacilityCode),
}

impl Question<'_> {
    fn step(self) -> Step {
        match self {
            Self::Dedup(key) => message::dedup(key),
            Self::Near(asked) => near::first(asked),
            Self::Facility(network, code) => facility::question(network, code),
        }
    }
}

/// A question, and what the database said.
pub(crate) type Foreseen = (Step, Vec<AnyRow>);

impl Tx {
    /// Asks now, in one journey, what is going to be asked.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn foresee(&mut self, questions: &[Question<'_>]) -> Result<(), StoreError> {
        if self.dialect() == Dialect::Postgres {
            return Ok(());
        }
        let steps: Vec<Step> = questions.iter().map(|question| question.step()).collect();
        let query = joined(steps.clone());
        let answers = self.all_apart(query).await?;
        self.foreseen = steps.into_iter().zip(answers).collect();
        Ok(())
    }

    /// What a question finds; asked only if it was not foreseen.
    pub(crate) async fn ask(&mut self, step: Step) -> Result<Vec<AnyRow>, StoreError> {
        // What waits to be written may change the answer.
        self.flush().await?;
        self.ask_apart(step).await
    }

    /// The same of a table into which nothing that waits to be written goes.
    pub(crate) async fn ask_apart(&mut self, step: Step) -> Result<Vec<AnyRow>, StoreError> {
        let known = self.foreseen.iter().position(|(known, _)| *known == step);
        match known {
            Some(known) => Ok(self.foreseen.swap_remove(known).1),
            None => {
                let query = single(step, self.dialect());
                let answers = self.all_apart(query).await?;
                Ok(answers.into_iter().next().unwrap_or_default())
            }
        }
    }
}

/// The rows of each statement of a text.
pub(crate) async fn answers(
    connection: &mut AnyConnection,
    query: Bound,
) -> Result<Vec<Vec<AnyRow>>, sqlx::Error> {
    let (mut answers, mut rows) = (Vec::new(), Vec::new());
    let mut results = connection.fetch_many(query);
    while let Some(result) = results.try_next().await? {
        match result {
            Either::Left(_) => answers.push(std::mem::take(&mut rows)),
            Either::Right(row) => rows.push(row),
        }
    }
    Ok(answers)
}
