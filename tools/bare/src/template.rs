//! What a message left: all its rows, read from a database that Renkei filled.
//!
//! Taken are messages that made new sheets only, for residents of whom either all are new or all were
//! known before, and that opened their lanes. What happened to the rows later (a receipt, a delivery
//! that is done) is taken back.

use std::str::FromStr as _;
use std::sync::Arc;

use sqlx::any::{AnyConnectOptions, AnyRow};
use sqlx::{AnyConnection, AssertSqlSafe, ConnectOptions as _, Row as _};

use crate::error::BareError;
use crate::schema::{Cell, Kind, Row, Schema};

/// How long after its arrival a message's leaf may have been made, in microseconds.
const LEAF_US: i64 = 60_000_000;
/// How many leaves after a message's arrival are looked through for its own.
const LEAVES: usize = 2_000;

/// The rows that one message left.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Template {
    /// How many records the message held.
    pub(crate) records: usize,
    /// Whether its residents were new: then their records, persons and links are its rows, too.
    pub(crate) new: bool,
    /// When it came, in microseconds.
    pub(crate) at: i64,
    /// By table, in the order of writing.
    pub(crate) rows: Vec<Vec<Row>>,
}

/// The database that is read from.
pub(crate) struct Source {
    connection: AnyConnection,
    pub(crate) schema: Schema,
}

impl Source {
    /// Connects and reads the schema.
    pub(crate) async fn open(url: &str) -> Result<Self, BareError> {
        sqlx::any::install_default_drivers();
        let mut connection = AnyConnectOptions::from_str(url)?.connect().await?;
        let schema = Schema::read(&mut connection, url.starts_with("sqlite:")).await?;
        Ok(Self { connection, schema })
    }

    /// The newest messages of a kind that can serve, at most `most`.
    pub(crate) async fn templates(
        &mut self,
        kind: &str,
        most: usize,
    ) -> Result<Vec<Template>, BareError> {
        plain(kind)?;
        let newest = format!(
            "kind = '{kind}' AND body IS NOT NULL ORDER BY id DESC LIMIT {}",
            2 * most
        );
        let messages = self.rows("message", &newest).await?;
        let ids = self.texts("message", "id", &messages)?;
        let answers = self
            .rows("dedup", &format!("message IN {}", list(&ids)?))
            .await?;
        let of_answer = self.schema.column("dedup", "message")?;
        let mut templates = Vec::new();
        for (message, id) in messages.into_iter().zip(ids) {
            if templates.len() == most {
                break;
            }
            let own = answers.iter().filter(|row| row[of_answer].text() == id);
            let own: Vec<Row> = own.cloned().collect();
            templates.extend(self.template(message, own).await?);
        }
        Ok(templates)
    }

    /// The rows of one message, or `None` if it cannot serve.
    async fn template(
        &mut self,
        message: Row,
        answers: Vec<Row>,
    ) -> Result<Option<Template>, BareError> {
        let id = self.text("message", "id", &message)?;
        let at = message[self.schema.column("message", "received_at")?].number();
        let records = self.records(&answers)?;
        let (in_message, in_records) = (format!("'{id}'"), list(&records)?);
        let mut template = Template {
            records: 0,
            new: false,
            at,
            rows: vec![Vec::new(); self.schema.0.len()],
        };
        let resources = format!("record IN {in_records} AND source_message = {in_message}");
        let resources = self.take(&mut template, "resource", &resources).await?;
        let in_resources = list(&self.texts("resource", "id", &resources)?)?;
        for (table, column) in [
            ("version", "resource"),
            ("search_index", "resource"),
            ("lineage", "resource"),
            ("origin", "sheet"),
            ("origin_part", "sheet"),
            ("face", "sheet"),
            ("face_term", "sheet"),
        ] {
            let rows = format!("{column} IN {in_resources}");
            self.take(&mut template, table, &rows).await?;
        }
        template.records = template.rows[self.schema.table("origin")?].len();
        for (table, column) in [
            ("identifier", "message"),
            ("relation", "source_message"),
            ("enrolment", "source_message"),
        ] {
            let rows = format!("record IN {in_records} AND {column} = {in_message}");
            self.take(&mut template, table, &rows).await?;
        }
        self.leaf(&mut template, &message).await?;
        self.put(&mut template, "message", vec![message])?;
        self.put(&mut template, "dedup", answers)?;
        let serves = self.who(&mut template, &in_records).await?
            && self.lanes(&mut template, &in_message, &in_records).await?;
        // A sheet that came again made no new one.
        let new = template.records > 0 && template.records == records.len();
        Ok((serves && new).then_some(template))
    }

    /// The records that a message's answer names.
    fn records(&self, answers: &[Row]) -> Result<Vec<String>, BareError> {
        let [answer] = answers else {
            return Ok(Vec::new());
        };
        let records = self.text("dedup", "records", answer)?;
        Ok(records.split(',').map(str::to_owned).collect())
    }

    /// Record, person and link, and whether the message made them.
    async fn who(&mut self, template: &mut Template, in_records: &str) -> Result<bool, BareError> {
        let records = format!("id IN {in_records}");
        let records = self.take(template, "record", &records).await?;
        let links = format!("record IN {in_records} AND until IS NULL AND change IS NULL");
        let links = self.take(template, "link", &links).await?;
        let persons = self.texts("link", "person", &links)?;
        let persons = format!("id IN {}", list(&persons)?);
        self.take(template, "person", &persons).await?;
        let created = self.schema.column("record", "created_at")?;
        let new = records
            .iter()
            .filter(|row| row[created].number() == template.at);
        let new = new.count();
        template.new = new > 0;
        Ok(links.len() == records.len() && (new == 0 || new == records.len()))
    }

    /// Deliveries and what belongs to them, as they were when the message was stored; whether the message
    /// opened their lanes.
    async fn lanes(
        &mut self,
        template: &mut Template,
        in_message: &str,
        in_records: &str,
    ) -> Result<bool, BareError> {
        let deliveries = format!("message = {in_message}");
        let deliveries = self.take(template, "delivery", &deliveries).await?;
        let ids = list(&self.texts("delivery", "id", &deliveries)?)?;
        let places = list(&self.texts("delivery", "destination", &deliveries)?)?;
        let lanes = format!("record IN {in_records} AND destination IN {places}");
        self.take(template, "lane", &lanes).await?;
        let stored = format!("delivery IN {ids} AND kind = 'stored'");
        self.take(template, "receipt", &stored).await?;
        for table in ["delivery", "lane"] {
            let state = self.schema.column(table, "state")?;
            let due = self.schema.column(table, "due_at")?;
            let at = template.at;
            for row in &mut template.rows[self.schema.table(table)?] {
                row[state] = Cell::Text(Arc::from("open"));
                row[due] = Cell::Integer(at);
            }
        }
        let accepted = self.schema.column("delivery", "accepted_token")?;
        for row in &mut template.rows[self.schema.table("delivery")?] {
            row[accepted] = Cell::Null;
        }
        let number = self.schema.column("delivery", "lane_seq")?;
        Ok(deliveries.iter().all(|row| row[number].number() == 1))
    }

    /// The message's leaf: the one that names its request.
    async fn leaf(&mut self, template: &mut Template, message: &Row) -> Result<(), BareError> {
        let id = self.text("message", "id", message)?;
        let request = self.text("message", "request", message)?;
        let later = format!(
            "id > '{id}' AND at <= {} ORDER BY id LIMIT {LEAVES}",
            template.at + LEAF_US
        );
        let canonical = self.schema.column("leaf", "canonical")?;
        let mut leaves = self.rows("leaf", &later).await?;
        leaves.retain(|row| {
            let bytes = row[canonical].as_bytes().unwrap_or_default();
            let mut parts = bytes.windows(request.len().max(1));
            parts.any(|part| part == request.as_bytes())
        });
        let ids = list(&self.texts("leaf", "id", &leaves)?)?;
        self.put(template, "leaf", leaves)?;
        for table in ["leaf_detail", "leaf_person"] {
            self.take(template, table, &format!("leaf IN {ids}"))
                .await?;
        }
        Ok(())
    }

    async fn take(
        &mut self,
        template: &mut Template,
        table: &str,
        condition: &str,
    ) -> Result<Vec<Row>, BareError> {
        let rows = self.rows(table, condition).await?;
        self.put(template, table, rows.clone())?;
        Ok(rows)
    }

    fn put(&self, template: &mut Template, table: &str, rows: Vec<Row>) -> Result<(), BareError> {
        template.rows[self.schema.table(table)?] = rows;
        Ok(())
    }

    fn text(&self, table: &str, column: &str, row: &Row) -> Result<String, BareError> {
        Ok(row[self.schema.column(table, column)?].text().to_owned())
    }

    fn texts(&self, table: &str, column: &str, rows: &[Row]) -> Result<Vec<String>, BareError> {
        rows.iter()
            .map(|row| self.text(table, column, row))
            .collect()
    }

    async fn rows(&mut self, table: &str, condition: &str) -> Result<Vec<Row>, BareError> {
        let place = self.schema.table(table)?;
        let columns = &self.schema.0[place].columns;
        let names: Vec<&str> = columns.iter().map(|column| &*column.name).collect();
        let sql = format!("SELECT {} FROM {table} WHERE {condition}", names.join(", "));
        let found = sqlx::query(AssertSqlSafe(sql))
            .fetch_all(&mut self.connection)
            .await?;
        let kinds = columns.iter().map(|column| column.kind);
        let cells = |row: &AnyRow| {
            let numbered = kinds.clone().enumerate();
            numbered.map(|(n, kind)| cell(row, n, kind)).collect()
        };
        Ok(found
            .iter()
            .map(cells)
            .collect::<Result<_, sqlx::Error>>()?)
    }
}

fn cell(row: &AnyRow, n: usize, kind: Kind) -> Result<Cell, sqlx::Error> {
    Ok(match kind {
        Kind::Text => row
            .try_get::<Option<String>, _>(n)?
            .map_or(Cell::Null, |text| Cell::Text(text.into())),
        Kind::Integer => row
            .try_get::<Option<i64>, _>(n)?
            .map_or(Cell::Null, Cell::Integer),
        Kind::Blob => row
            .try_get::<Option<Vec<u8>>, _>(n)?
            .map_or(Cell::Null, |bytes| Cell::Blob(bytes.into())),
    })
}

/// `('a','b')`
fn list(ids: &[String]) -> Result<String, BareError> {
    for id in ids {
        plain(id)?;
    }
    Ok(format!("('{}')", ids.join("','")))
}

/// Ids and kinds stand in SQL as they are: they must hold nothing that ends a string.
fn plain(word: &str) -> Result<(), BareError> {
    let good = |c: char| c.is_ascii_alphanumeric() || "-_.:/".contains(c);
    if word.chars().all(good) {
        Ok(())
    } else {
        Err(BareError::Argument(format!("{word}: not an id")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_ends_a_list_of_ids() {
        let ids = ["a-1".to_owned(), "b".to_owned()];
        assert_eq!(list(&ids).unwrap(), "('a-1','b')");
        assert_eq!(list(&[]).unwrap(), "('')", "which no id is");
        assert!(list(&["x'); DROP TABLE y".to_owned()]).is_err());
    }
}
