//! Writes that go to the database together.
//!
//! On SQLite every statement is a journey to the connection's thread and back, and everybody else waits
//! for the writer meanwhile. So a function that writes makes [`Step`]s; a transaction that gathers runs
//! them in one journey when it reads again or commits. On PostgreSQL they run one after the other.
//!
//! Rows of one table go in a few fixed numbers, filled up with nulls that no table ever sees: so the
//! texts are few, and each is prepared once a connection.

use std::fmt::Write as _;
use std::sync::Arc;

use sqlx::Arguments as _;
use sqlx::any::AnyArguments;
use sqlx::query::Query;
use sqlx::{Any, AssertSqlSafe};

use crate::sql::Dialect;

/// How many rows a statement takes.
const SIZES: [usize; 7] = [8, 16, 32, 48, 64, 96, 128];

/// The type of a column, the same word for both databases.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Text,
    Number,
    Bytes,
}

/// A value with its type: PostgreSQL wants to know the type of a null too.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Argument {
    Text(Option<String>),
    Number(Option<i64>),
    Bytes(Option<Vec<u8>>),
}

impl Argument {
    const fn null(kind: Kind) -> Self {
        match kind {
            Kind::Text => Self::Text(None),
            Kind::Number => Self::Number(None),
            Kind::Bytes => Self::Bytes(None),
        }
    }
}

impl From<String> for Argument {
    fn from(text: String) -> Self {
        Self::Text(Some(text))
    }
}

impl From<&str> for Argument {
    fn from(text: &str) -> Self {
        Self::Text(Some(text.to_owned()))
    }
}

impl From<Option<String>> for Argument {
    fn from(text: Option<String>) -> Self {
        Self::Text(text)
    }
}

impl From<i64> for Argument {
    fn from(number: i64) -> Self {
        Self::Number(Some(number))
    }
}

impl From<Option<i64>> for Argument {
    fn from(number: Option<i64>) -> Self {
        Self::Number(number)
    }
}

impl From<&[u8]> for Argument {
    fn from(bytes: &[u8]) -> Self {
        Self::Bytes(Some(bytes.to_owned()))
    }
}

impl From<Option<Vec<u8>>> for Argument {
    fn from(bytes: Option<Vec<u8>>) -> Self {
        Self::Bytes(bytes)
    }
}

/// One statement with its arguments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Step {
    /// Each argument is a `?`, in their order; no `?` stands for anything else. Begins with
    /// `-- store.<function>`.
    sql: String,
    arguments: Vec<Argument>,
    /// How many rows it must touch. Another number is a conflict.
    pub(crate) touches: Option<u64>,
    /// It looks at nothing that the step before it writes: PostgreSQL may run them as one statement.
    beside: bool,
}

impl Step {
    pub(crate) fn new(sql: &'static str) -> Self {
        debug_assert!(
            sql.starts_with("-- store."),
            "a statement begins with its function's name"
        );
        Self {
            sql: sql.to_owned(),
            arguments: Vec::new(),
            touches: None,
            beside: false,
        }
    }

    /// A statement put together from constant pieces.
    pub(crate) fn composed(sql: String) -> Self {
        Self {
            sql,
            arguments: Vec::new(),
            touches: None,
            beside: false,
        }
    }

    pub(crate) fn bind(mut self, argument: impl Into<Argument>) -> Self {
        self.arguments.push(argument.into());
        self
    }

    /// Looks at nothing that the step before it, and those that it is beside, write.
    pub(crate) fn beside(mut self) -> Self {
        self.beside = true;
        self
    }

    /// Anything but one row is a conflict.
    pub(crate) fn of_one_row(mut self) -> Self {
        self.touches = Some(1);
        self
    }
}

/// A table that many rows go into, or a statement over many rows.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rows {
    /// Up to the rows: `-- store.f\nINSERT INTO t (a, b) SELECT column1, column2`. What follows is
    /// `FROM (VALUES …) AS v WHERE column1 IS NOT NULL`.
    pub(crate) head: &'static str,
    pub(crate) kinds: &'static [Kind],
    pub(crate) tail: &'static str,
    /// See [`Step::beside`].
    pub(crate) beside: bool,
}

impl Rows {
    /// The steps that write these rows, each with a value for every kind; the first value is never null.
    pub(crate) fn steps(self, rows: Vec<Vec<Argument>>) -> Vec<Step> {
        self.steps_of(&[], rows)
    }

    /// The same, where the head has a `?` for each value that all rows share.
    pub(crate) fn steps_of(self, shared: &[Argument], rows: Vec<Vec<Argument>>) -> Vec<Step> {
        let mut steps = Vec::new();
        let mut rows = rows.into_iter().peekable();
        while rows.peek().is_some() {
            let left = rows.len();
            let size = SIZES.into_iter().find(|size| left <= *size);
            let size = size.unwrap_or(SIZES[SIZES.len() - 1]);
            let whole = shared.len() + size * self.kinds.len();
            let mut arguments = Vec::with_capacity(whole);
            arguments.extend_from_slice(shared);
            arguments.extend(rows.by_ref().take(size).flatten());
            while arguments.len() < whole {
                arguments.extend(self.kinds.iter().map(|kind| Argument::null(*kind)));
            }
            steps.push(Step {
                sql: self.text(size),
                arguments,
                touches: None,
                beside: self.beside,
            });
        }
        steps
    }

    /// The same, where each row must touch one.
    pub(crate) fn counted(self, rows: Vec<Vec<Argument>>) -> Vec<Step> {
        let largest = SIZES[SIZES.len() - 1];
        let count = rows.len();
        let mut steps = self.steps(rows);
        for (nth, step) in steps.iter_mut().enumerate() {
            step.touches = Some((count - nth * largest).min(largest) as u64);
        }
        steps
    }

    fn text(self, size: usize) -> String {
        let row = format!("({})", vec!["?"; self.kinds.len()].join(","));
        let length = self.head.len() + self.tail.len() + size * (row.len() + 1) + 50;
        let mut sql = String::with_capacity(length);
        sql.push_str(self.head);
        sql.push_str(" FROM (VALUES ");
        for nth in 0..size {
            if nth > 0 {
                sql.push(',');
            }
            sql.push_str(&row);
        }
        sql.push_str(") AS v WHERE column1 IS NOT NULL ");
        sql.push_str(self.tail);
        sql
    }
}

/// A statement ready to run.
pub(crate) type Bound = Query<'static, Any, AnyArguments>;

/// All steps as one text, for SQLite. `?` counts on from statement to statement.
pub(crate) fn joined(steps: Vec<Step>) -> Bound {
    let mut sql = String::with_capacity(steps.iter().map(|step| step.sql.len() + 2).sum());
    let mut arguments = Vec::with_capacity(steps.iter().map(|step| step.arguments.len()).sum());
    for step in steps {
        sql.push_str(&step.sql);
        sql.push_str(";\n");
        arguments.extend(step.arguments);
    }
    bound(sql, arguments)
}

/// Steps as few statements, for PostgreSQL, each with the number of its steps. Of several steps in one
/// statement all see what was there before it, and references are checked at its end; only the last one
/// tells how many rows it touched.
pub(crate) fn grouped(steps: Vec<Step>) -> Vec<(Bound, usize)> {
    let mut groups: Vec<Vec<Step>> = Vec::new();
    for step in steps {
        match groups.last_mut() {
            Some(group) if step.beside && group.iter().all(|one| one.touches.is_none()) => {
                group.push(step);
            }
            _ => groups.push(vec![step]),
        }
    }
    groups
        .into_iter()
        .map(|group| {
            let count = group.len();
            (together(group), count)
        })
        .collect()
}

fn together(mut steps: Vec<Step>) -> Bound {
    let last = steps.pop();
    let mut sql = String::new();
    let mut arguments = Vec::new();
    for (nth, step) in steps.into_iter().enumerate() {
        let before = if nth == 0 {
            "-- store.flush\nWITH"
        } else {
            ","
        };
        // Writing to a string does not fail.
        let _ = write!(sql, "{before} s{nth} AS (\n{})", step.sql);
        arguments.extend(step.arguments);
    }
    if let Some(last) = last {
        if !sql.is_empty() {
            sql.push('\n');
        }
        sql.push_str(&last.sql);
        arguments.extend(last.arguments);
    }
    bound(numbered(&sql), arguments)
}

/// One step, for either database.
pub(crate) fn single(step: Step, dialect: Dialect) -> Bound {
    let sql = match dialect {
        Dialect::Sqlite => step.sql,
        Dialect::Postgres => numbered(&step.sql),
    };
    bound(sql, step.arguments)
}

/// PostgreSQL counts its arguments.
fn numbered(sql: &str) -> String {
    let mut text = String::with_capacity(sql.len() * 2);
    for (index, piece) in sql.split('?').enumerate() {
        if index > 0 {
            // Writing to a string does not fail.
            let _ = write!(text, "${index}");
        }
        text.push_str(piece);
    }
    text
}

fn bound(sql: String, arguments: Vec<Argument>) -> Bound {
    let mut values = AnyArguments::default();
    // Not bound by the query one by one: that would move it a thousand times.
    values.reserve(arguments.len(), 0);
    let added = arguments
        .into_iter()
        .try_for_each(|argument| match argument {
            Argument::Text(text) => values.add(text),
            Argument::Number(number) => values.add(number),
            Argument::Bytes(bytes) => values.add(bytes),
        });
    // Shared, not copied, when it is kept.
    let sql = AssertSqlSafe(Arc::<str>::from(sql));
    // Public, though sqlx does not document it: a value that cannot be taken fails the statement.
    sqlx::__query_with_result(sql, added.map(|()| values))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_go_in_few_sizes_and_arguments_are_numbered() {
        let rows = Rows {
            head: "-- store.test\nINSERT INTO t (a, b) SELECT column1, column2",
            kinds: &[Kind::Text, Kind::Number],
            tail: "",
            beside: true,
        };
        let row = |_| vec![Argument::from("a"), Argument::from(1)];
        let steps = rows.steps((0..161).map(row).collect());
        let sizes: Vec<usize> = steps.iter().map(|step| step.arguments.len() / 2).collect();
        assert_eq!(sizes, [128, 48]);
        let last = steps[1].arguments.last();
        assert_eq!(last, Some(&Argument::Number(None)), "filled up with nulls");
        assert!(rows.steps(Vec::new()).is_empty());
        let sizes = |count| {
            let steps = rows.steps((0..count).map(row).collect());
            steps
                .iter()
                .map(|step| step.arguments.len() / 2)
                .collect::<Vec<_>>()
        };
        assert_eq!((sizes(1), sizes(8), sizes(9)), (vec![8], vec![8], vec![16]));
        let shared = rows.steps_of(&[Argument::from("x")], (0..129).map(row).collect());
        let counts: Vec<usize> = shared.iter().map(|step| step.arguments.len()).collect();
        assert_eq!(counts, [1 + 128 * 2, 1 + 8 * 2]);
        assert_eq!(shared[1].arguments[0], Argument::from("x"));
        assert_eq!(numbered("a ? b ?"), "a $1 b $2");
    }

    #[test]
    fn steps_that_do_not_look_at_each_other_are_one_statement() {
        let step = |sql| Step::new(sql).bind(1);
        let steps = vec![
            step("-- store.a\nA ?").beside(),
            step("-- store.b\nB ?").beside().of_one_row(),
            step("-- store.c\nC ?").beside(),
            step("-- store.d\nD ?"),
            step("-- store.e\nE ?").beside(),
        ];
        let groups = grouped(steps);
        let counts: Vec<usize> = groups.iter().map(|(_, count)| *count).collect();
        assert_eq!(counts, [2, 1, 2], "one that is counted is the last");
        let first = groups.into_iter().next().unwrap().0;
        assert_eq!(
            sqlx::Execute::sql(first).as_str(),
            "-- store.flush\nWITH s0 AS (\n-- store.a\nA $1)\n-- store.b\nB $2"
        );
    }
}
