//! The write: the rows of real messages in groups, without HTTP and mapping.
//!
//! Copies with new ids are made beforehand, some groups at a time, while the clock stands still. The
//! first round is not counted: it prepares the statements.

use std::time::{Duration, Instant};

use clap::Args;
use serde_json::{Value, json};

use crate::database::Database;
use crate::error::BareError;
use crate::figures::{Times, cpu_us};
use crate::renew::Renewer;
use crate::schema::{Row, WHO};
use crate::scratch::Scratch;
use crate::template::{Source, Template};

/// How many messages serve as templates at most.
const TEMPLATES: usize = 128;
/// Groups that are made at a time: some tens of megabytes.
const ROUND: usize = 8;

/// What `write` is told.
#[derive(Debug, Args)]
pub(crate) struct Write {
    /// Renkei's database, filled. It is only read.
    #[arg(long)]
    database_url: String,
    /// The kind of message whose rows are written.
    #[arg(long, default_value = "admission-slip")]
    kind: String,
    /// At most as many records.
    #[arg(long, default_value_t = 1_000_000)]
    records: usize,
    /// Records in a group: a transaction.
    #[arg(long, default_value_t = 64)]
    group: usize,
    /// At most as long, writing alone.
    #[arg(long, default_value_t = 10)]
    seconds: u64,
    /// The output is JSON in any case.
    #[arg(long)]
    json: bool,
}

/// Copies of messages that are written in one transaction.
struct Group {
    records: usize,
    /// By table. The first ones are empty when residents were known before.
    rows: Vec<Vec<Row>>,
}

/// What was measured.
#[derive(Default)]
struct Measured {
    records: usize,
    times: Times,
    own_us: u64,
    server_us: u64,
}

impl Write {
    /// Writes until there are enough records or the time is over.
    ///
    /// # Errors
    /// When the database cannot be read or the scratch database not be written, and when no message of the
    /// kind can serve.
    pub(crate) async fn run(self) -> Result<Value, BareError> {
        let database = Database::of_url(&self.database_url)?;
        let mut source = Source::open(&self.database_url).await?;
        let templates = source.templates(&self.kind, TEMPLATES).await?;
        if templates.is_empty() {
            let told = format!("no {} in the database can serve as a template", self.kind);
            return Err(BareError::Argument(told));
        }
        let mut scratch = Scratch::open(&database, source.schema.clone()).await?;
        let renewer = Renewer::new(&source.schema)?;
        let measured = self.measure(&templates, renewer, &mut scratch).await;
        scratch.close().await?;
        let measured = measured?;
        let seconds = measured.times.sum().as_secs_f64();
        let records = measured.records.max(1);
        let each = |us: u64| (us as f64 / records as f64).round();
        let new = templates.iter().filter(|template| template.new).count();
        Ok(json!({
            "what": "write",
            "database": database.name(),
            "kind": self.kind,
            "templates": { "messages": templates.len(), "of_new_residents": new },
            "rows_per_record": mean(&templates, |rows| rows.len()),
            "bytes_per_record": mean(&templates, |rows| rows.iter().map(bytes).sum()),
            "group": self.group,
            "groups": measured.times.count(),
            "records": measured.records,
            "records_per_s": (measured.records as f64 / seconds.max(0.000_001)).round(),
            "group_ms": measured.times.to_json(),
            "cpu_us_per_record": each(measured.own_us + measured.server_us),
            "cpu_us_per_record_of": { "tool": each(measured.own_us), "server": each(measured.server_us) },
        }))
    }

    async fn measure(
        &self,
        templates: &[Template],
        mut renewer: Renewer,
        scratch: &mut Scratch,
    ) -> Result<Measured, BareError> {
        let mut measured = Measured::default();
        let mut endless = templates.iter().cycle();
        let time = Duration::from_secs(self.seconds);
        let mut warm = false;
        while measured.records < self.records && measured.times.sum() < time {
            let (mut known, mut groups) = (Vec::new(), Vec::new());
            for _ in 0..ROUND {
                let (before, group) = self.group(&mut endless, &mut renewer);
                known.push(before);
                groups.push(group);
            }
            for before in &known {
                scratch.write(before).await?;
            }
            let (own, server) = (cpu_us(None), scratch.server().map(|id| cpu_us(Some(id))));
            for group in &groups {
                let began = Instant::now();
                scratch.write(&group.rows).await?;
                if warm {
                    measured.times.add(began.elapsed());
                    measured.records += group.records;
                }
            }
            if warm {
                measured.own_us += cpu_us(None).saturating_sub(own);
                let now = scratch.server().map(|id| cpu_us(Some(id)));
                measured.server_us += now
                    .zip(server)
                    .map_or(0, |(now, then)| now.saturating_sub(then));
            }
            warm = true;
        }
        Ok(measured)
    }

    /// The rows that are there before, and the rows of a group.
    fn group<'t>(
        &self,
        templates: &mut impl Iterator<Item = &'t Template>,
        renewer: &mut Renewer,
    ) -> (Vec<Vec<Row>>, Group) {
        let mut known: Vec<Vec<Row>> = vec![Vec::new(); WHO];
        let mut group = Group {
            records: 0,
            rows: Vec::new(),
        };
        while group.records < self.group.max(1) {
            let Some(template) = templates.next() else {
                break;
            };
            let mut copy = vec![Vec::new(); template.rows.len()];
            renewer.renew(template, &mut copy);
            group.rows.resize(copy.len(), Vec::new());
            for (n, rows) in copy.into_iter().enumerate() {
                let before = n < WHO && !template.new;
                let to = if before {
                    &mut known[n]
                } else {
                    &mut group.rows[n]
                };
                to.extend(rows);
            }
            group.records += template.records;
        }
        (known, group)
    }
}

/// The mean over records of something that is counted in the rows that are measured.
fn mean(templates: &[Template], count: impl Fn(&[Row]) -> usize) -> f64 {
    let records: usize = templates.iter().map(|template| template.records).sum();
    let measured = templates.iter().flat_map(|template| {
        let first = if template.new { 0 } else { WHO };
        template.rows.iter().skip(first)
    });
    let total: usize = measured.map(|rows| count(rows)).sum();
    (total as f64 / records.max(1) as f64).round()
}

fn bytes(row: &Row) -> usize {
    use crate::schema::Cell;
    row.iter()
        .map(|cell| match cell {
            Cell::Null => 0,
            Cell::Integer(_) => 8,
            Cell::Text(text) => text.len(),
            Cell::Blob(bytes) => bytes.len(),
        })
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::example;

    #[tokio::test(flavor = "multi_thread")]
    async fn a_group_leaves_the_rows_that_its_messages_left() {
        let folder = tempfile::tempdir().unwrap();
        let url = example::database(&folder).await;
        let mut source = Source::open(&url).await.unwrap();
        let templates = source.templates("admission-slip", 10).await.unwrap();
        let [slip] = templates.as_slice() else {
            panic!("{} templates", templates.len());
        };
        assert_eq!((slip.records, slip.new), (1, true));
        assert_eq!(source.templates("letter", 10).await.unwrap(), []);
        let schema = source.schema.clone();
        let state = schema.column("delivery", "state").unwrap();
        let delivery = &slip.rows[schema.table("delivery").unwrap()][0];
        assert_eq!(
            delivery[state].text(),
            "open",
            "as it was when it was stored"
        );
        let database = Database::of_url(&url).unwrap();
        let mut scratch = Scratch::open(&database, schema.clone()).await.unwrap();
        let mut renewer = Renewer::new(&schema).unwrap();
        let mut rows = vec![Vec::new(); schema.0.len()];
        for _ in 0..300 {
            renewer.renew(slip, &mut rows);
        }
        scratch.write(&rows).await.unwrap();
        for (table, count) in [
            ("record", 1),
            ("resource", 2),
            ("version", 2),
            ("search_index", 1),
            ("origin", 1),
            ("face_term", 1),
            ("dedup", 1),
            ("lane", 1),
            ("delivery", 1),
            ("receipt", 1),
            ("leaf", 1),
            ("leaf_person", 1),
        ] {
            assert_eq!(scratch.count(table).await, 300 * count, "{table}");
        }
        assert!(
            scratch.write(&rows).await.is_err(),
            "the schema's keys hold"
        );
        scratch.close().await.unwrap();
        let left = std::fs::read_dir(folder.path()).unwrap();
        let left = left.filter(|entry| {
            let name = entry.as_ref().unwrap().file_name();
            name.to_string_lossy().starts_with("renkei_bare")
        });
        assert_eq!(left.count(), 0, "the scratch database is gone");
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn what_is_told_is_what_was_written() {
        let folder = tempfile::tempdir().unwrap();
        let write = |kind: &str, url: String| Write {
            database_url: url,
            kind: kind.to_owned(),
            records: 64,
            group: 16,
            seconds: 60,
            json: true,
        };
        let url = example::database(&folder).await;
        let line = write("admission-slip", url.clone()).run().await.unwrap();
        // A round is eight groups, and is finished.
        assert_eq!(
            (&line["records"], &line["groups"]),
            (&json!(128), &json!(8))
        );
        assert_eq!(line["rows_per_record"], 22.0, "{line}");
        assert!(line["records_per_s"].as_f64() > Some(0.0), "{line}");
        let nothing = write("letter", url).run().await;
        assert!(nothing.is_err(), "no such message");
    }
}
