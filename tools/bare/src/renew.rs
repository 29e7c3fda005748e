//! New ids for a message's rows, so that they can be written again and again.
//!
//! Every cell that is a UUID gets a new one, the same one wherever it stands within the message; keys of
//! senders and identifiers get new digits; instants move to the present; leaves are numbered. Long texts
//! stay as they are, and are shared: their length is what writing them costs.

use std::collections::HashMap;
use std::sync::Arc;

use renkei_model::clock::{Clock as _, SystemClock};
use uuid::Uuid;

use crate::error::BareError;
use crate::schema::{Cell, Row, Schema};
use crate::template::Template;

/// Numbers between these are instants in microseconds: the years 2001 and 2286. What lies above is "never".
const INSTANT_US: i64 = 1_000_000_000_000_000;
const NEVER_US: i64 = 10 * INSTANT_US;
/// `01a1fef7-34a0-754f-aa47-3c00c53691fc`
const UUID_CHARS: usize = 36;

/// What a cell's column asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rule {
    /// Nothing special: UUIDs and instants are new.
    Plain,
    /// The next number of the chain.
    Number,
    /// A word that nobody used.
    Unique,
    /// Other digits.
    Digits,
    /// Other digits, if the row is an identifier of a patient.
    PatientDigits,
}

/// Makes copies of templates.
pub(crate) struct Renewer {
    rules: Vec<Vec<Rule>>,
    of_type: usize,
    of_param: usize,
    next: u64,
    leaves: i64,
}

impl Renewer {
    /// For rows of a schema.
    pub(crate) fn new(schema: &Schema) -> Result<Self, BareError> {
        let tables = schema.0.iter();
        let mut rules: Vec<Vec<Rule>> =
            tables.map(|t| vec![Rule::Plain; t.columns.len()]).collect();
        for (table, column, rule) in [
            ("leaf", "seq", Rule::Number),
            ("leaf_person", "pseudonym", Rule::Unique),
            ("dedup", "sender_key", Rule::Unique),
            ("origin", "native_key", Rule::Unique),
            ("identifier", "value", Rule::Digits),
            ("search_index", "value", Rule::PatientDigits),
        ] {
            rules[schema.table(table)?][schema.column(table, column)?] = rule;
        }
        Ok(Self {
            rules,
            of_type: schema.column("search_index", "type")?,
            of_param: schema.column("search_index", "param")?,
            next: 0,
            leaves: 0,
        })
    }

    /// Appends a copy with new ids to `rows`, table by table. Of the last table's place `leaf`, the
    /// numbers go on from copy to copy.
    pub(crate) fn renew(&mut self, template: &Template, rows: &mut [Vec<Row>]) {
        let later = SystemClock.now().0 - template.at;
        let mut ids = HashMap::new();
        for (table, (from, to)) in template.rows.iter().zip(rows).enumerate() {
            for row in from {
                let copy = (0..row.len()).map(|n| self.cell(table, row, n, later, &mut ids));
                let copy = copy.collect();
                to.push(copy);
            }
        }
    }

    fn cell(
        &mut self,
        table: usize,
        row: &Row,
        n: usize,
        later: i64,
        ids: &mut HashMap<Arc<str>, Arc<str>>,
    ) -> Cell {
        let rule = match self.rules[table][n] {
            Rule::PatientDigits => {
                let (kind, param) = (row[self.of_type].text(), row[self.of_param].text());
                let known = kind == "Patient" && param == "identifier";
                if known { Rule::Digits } else { Rule::Plain }
            }
            rule => rule,
        };
        match (rule, &row[n]) {
            (Rule::Number, _) => {
                self.leaves += 1;
                Cell::Integer(self.leaves - 1)
            }
            (Rule::Unique, Cell::Text(text)) => Cell::Text(self.unique(text.len()).into()),
            (Rule::Digits, Cell::Text(text)) => Cell::Text(self.digits(text).into()),
            (_, Cell::Integer(number)) if (INSTANT_US..NEVER_US).contains(number) => {
                Cell::Integer(number + later)
            }
            (_, Cell::Text(text)) if is_uuid(text) => {
                let new = ids.entry(Arc::clone(text));
                Cell::Text(Arc::clone(new.or_insert_with(new_id)))
            }
            (_, cell) => cell.clone(),
        }
    }

    /// Hexadecimal digits as a hash has them; never twice the same, so at least sixteen.
    fn unique(&mut self, length: usize) -> String {
        let mut text = format!("{:016x}", self.random());
        while text.len() < length {
            text += &format!("{:016x}", self.random());
        }
        text.truncate(length.max(16));
        text
    }

    fn digits(&mut self, text: &str) -> String {
        let mut random = self.random();
        let other = |c: char| {
            if !c.is_ascii_digit() {
                return c;
            }
            let digit = random % 10;
            random = random.rotate_right(3).wrapping_mul(0x9e37_79b9_7f4a_7c15);
            char::from(b'0' + u8::try_from(digit).unwrap_or(0))
        };
        text.chars().map(other).collect()
    }

    /// SplitMix64: a different number every time, for 2^64 times.
    fn random(&mut self) -> u64 {
        self.next = self.next.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.next;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
}

fn new_id() -> Arc<str> {
    Uuid::now_v7().to_string().into()
}

fn is_uuid(text: &str) -> bool {
    text.len() == UUID_CHARS && Uuid::try_parse(text).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::{Column, Kind, Table};

    fn schema() -> Schema {
        let table = |name, columns: &[&str]| Table {
            name,
            columns: columns
                .iter()
                .map(|name| Column {
                    name: (*name).to_owned(),
                    kind: Kind::Text,
                })
                .collect(),
        };
        Schema(vec![
            table("origin", &["native_key", "sheet"]),
            table("search_index", &["resource", "type", "param", "value"]),
            table("identifier", &["value"]),
            table("dedup", &["sender_key", "x"]),
            table("leaf", &["id", "seq", "at"]),
            table("leaf_person", &["leaf", "pseudonym"]),
        ])
    }

    fn text(text: &str) -> Cell {
        Cell::Text(text.into())
    }

    #[test]
    fn ids_are_new_and_hang_together_and_the_rest_stays() {
        const ID: &str = "01a1fef7-34a0-754f-aa47-3c00c53691fc";
        let template = Template {
            records: 1,
            new: true,
            at: 2 * INSTANT_US,
            rows: vec![
                vec![vec![text("1002"), text(ID)]],
                vec![
                    vec![
                        text(ID),
                        text("Patient"),
                        text("identifier"),
                        text("KT-000102"),
                    ],
                    vec![text(ID), text("Patient"), text("name"), text("北見 7")],
                    vec![
                        text(ID),
                        text("Organization"),
                        text("identifier"),
                        text("0110100011"),
                    ],
                ],
                vec![vec![text("KT-000102")]],
                vec![vec![text("9c40"), Cell::Integer(i64::MAX)]],
                vec![vec![
                    text(ID),
                    Cell::Null,
                    Cell::Integer(2 * INSTANT_US + 5),
                ]],
                vec![vec![text(ID), text("5a0e62c58b36abf5e3d2e03ba019e399")]],
            ],
        };
        let mut renewer = Renewer::new(&schema()).unwrap();
        let mut rows = vec![Vec::new(); 6];
        renewer.renew(&template, &mut rows);
        renewer.renew(&template, &mut rows);
        let (first, second) = (rows[0][0][1].text(), rows[0][1][1].text());
        assert!(is_uuid(first) && is_uuid(second), "{first} {second}");
        assert!(first != ID && second != ID && first != second);
        assert_eq!(rows[1][0][0].text(), first, "one message, one id");
        assert_eq!(rows[4][1][0].text(), second);
        assert_eq!(rows[1][1][3], text("北見 7"));
        assert_eq!(rows[1][2][3], text("0110100011"), "a facility stays");
        let known = rows[1][0][3].text();
        assert!(known.starts_with("KT-") && known.len() == 9 && known != "KT-000102");
        let numbers = [&rows[4][0][1], &rows[4][1][1]];
        assert_eq!(numbers, [&Cell::Integer(0), &Cell::Integer(1)]);
        let passed = rows[4][0][2].number() - SystemClock.now().0;
        assert!((-60_000_000..=5).contains(&passed), "now: {passed}");
        for (table, column) in [(0, 0), (3, 0), (5, 1)] {
            assert_ne!(rows[table][0][column], rows[table][1][column]);
        }
        assert_eq!(rows[5][0][1].text().len(), 32);
        assert_eq!(rows[3][1][1], Cell::Integer(i64::MAX), "never stays never");
    }
}
