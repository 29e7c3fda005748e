//! The table of ratios: what the bars ask, what was measured, whether it is met.
//!
//! Every result stands in a line of JSON with a label and a database; where a label stands several times,
//! the median counts. Only ratios are promises: figures in brackets are those of one machine.

mod bars;
pub mod figure;
mod results;

use std::path::PathBuf;

use crate::error::LoadError;
use crate::say::say;
use bars::{Cell, Rule, rows};
use results::Results;

/// Arguments of `table`.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// Files of results
    #[arg(required = true)]
    files: Vec<PathBuf>,
}

/// Prints the table.
///
/// # Errors
/// When a file cannot be read, or is something else.
pub fn run(arguments: &Arguments) -> Result<(), LoadError> {
    let results = Results::read(&arguments.files)?;
    say(markdown(&results).trim_end())
}

fn markdown(results: &Results) -> String {
    let databases = results.databases();
    let mut text = "| bar | asked |".to_owned();
    for database in &databases {
        text.push_str(&format!(" {database} | met |"));
    }
    text.push_str("\n|---|---|");
    text.push_str(&"---|---|".repeat(databases.len()));
    text.push('\n');
    let columns: Vec<_> = databases
        .iter()
        .map(|database| rows(&results.of(database)))
        .collect();
    for (at, first) in columns.first().into_iter().flatten().enumerate() {
        text.push_str(&format!("| {} | {} |", first.bar, asked(first.rule)));
        for column in &columns {
            let cell = column.get(at).and_then(|row| row.cell.as_ref());
            text.push_str(&match cell {
                Some(cell) => format!(" {} | {} |", shown(cell), met(first.rule, cell.value)),
                None => " – | – |".to_owned(),
            });
        }
        text.push('\n');
    }
    text
}

fn asked(rule: Rule) -> String {
    match rule {
        Rule::AtLeast(bound) => format!("≥ {bound}"),
        Rule::AtMost(bound) => format!("≤ {bound}"),
        Rule::Below(bound) => format!("< {bound}"),
        Rule::Stated => "stated".to_owned(),
    }
}

fn met(rule: Rule, value: f64) -> &'static str {
    let holds = match rule {
        Rule::AtLeast(bound) => value >= bound,
        Rule::AtMost(bound) => value <= bound,
        Rule::Below(bound) => value < bound,
        Rule::Stated => return "",
    };
    if holds { "yes" } else { "**no**" }
}

fn shown(cell: &Cell) -> String {
    let digits = if cell.value.abs() >= 100.0 { 0 } else { 2 };
    let figure = if cell.value.is_finite() {
        format!("{:.digits$}", cell.value)
    } else {
        "∞".to_owned()
    };
    if cell.figures.is_empty() {
        figure
    } else {
        format!("{figure} ({})", cell.figures)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(database: &str, label: &str, per_s: f64) -> String {
        format!(
            r#"{{"database":"{database}","label":"{label}","what":"run","per_s":{per_s},"ms":{{"p50":1.5,"p99":4.0}}}}"#
        )
    }

    #[test]
    fn the_median_of_the_rounds_is_compared() {
        let lines = [
            line("SQLite", "read-64", 4_000.0),
            line("SQLite", "row-64", 10_000.0),
            line("SQLite", "read-64", 6_000.0),
            line("SQLite", "row-64", 9_000.0),
            line("SQLite", "read-64", 7_000.0),
            line("SQLite", "row-64", 20_000.0),
            line("PostgreSQL", "read-64", 3_000.0),
            line("PostgreSQL", "row-64", 10_000.0),
        ];
        let results = Results::parse(&lines.join("\n")).unwrap();
        let table = markdown(&results);
        let row = table
            .lines()
            .find(|line| line.starts_with("| Read by id, 64"))
            .unwrap();
        assert_eq!(
            row,
            "| Read by id, 64 connections ÷ (b) | ≥ 0.5 | 0.60 (6000/s : 10000/s) | yes | 0.30 (3000/s : 10000/s) | **no** |"
        );
        let missing = table
            .lines()
            .find(|line| line.starts_with("| Slip intake"))
            .unwrap();
        assert!(missing.ends_with("| – | – | – | – |"), "{missing}");
    }

    #[test]
    fn bounds_are_kept_exactly() {
        assert_eq!(met(Rule::AtLeast(0.5), 0.5), "yes");
        assert_eq!(met(Rule::AtLeast(0.5), 0.499), "**no**");
        assert_eq!(met(Rule::AtMost(5.0), 5.0), "yes");
        assert_eq!(met(Rule::Below(1.5), 1.5), "**no**");
        assert_eq!(met(Rule::Stated, 9.0), "");
    }
}
