//! `access.csv`: a region's table of rights, read and checked word by word.

use std::collections::{BTreeMap, BTreeSet};
use std::str::FromStr;

use renkei_model::id::NetworkName;
use renkei_model::lists::{Category, Profession, Purpose, Relation, Sensitivity, View};

use crate::error::AccessError;
use crate::question::Action;

/// The columns of the contracts, in their order.
const COLUMNS: [&str; 7] = [
    "network",
    "profession",
    "category",
    "relation",
    "view",
    "write",
    "send",
];

/// What a row is about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Cell {
    pub(crate) network: NetworkName,
    pub(crate) profession: Profession,
    pub(crate) relation: Relation,
    pub(crate) sensitivity: Sensitivity,
    pub(crate) category: Category,
    /// Counts under break-glass only; every other row counts under every other purpose only.
    pub(crate) emergency: bool,
}

impl Cell {
    /// Whether the row counts under a purpose.
    pub(crate) const fn counts_under(&self, purpose: Purpose) -> bool {
        matches!(purpose, Purpose::Emergency) == self.emergency
    }
}

/// What a row gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Grant {
    pub(crate) view: View,
    pub(crate) write: bool,
    pub(crate) send: bool,
}

impl Grant {
    /// Whether the row gives the action. Exists and masked count as none until they are built.
    pub(crate) const fn gives(self, action: Action) -> bool {
        match action {
            Action::ReadFull => matches!(self.view, View::Full),
            Action::Write => self.write,
            Action::Send => self.send,
        }
    }
}

/// A table whose every word was checked. What is not in it is none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    pub(crate) file: String,
    pub(crate) cells: BTreeMap<Cell, Grant>,
}

impl Table {
    /// The file it was read from, as it was named.
    #[must_use]
    pub fn file(&self) -> &str {
        &self.file
    }

    /// The networks that it speaks for.
    #[must_use]
    pub fn networks(&self) -> BTreeSet<&NetworkName> {
        self.cells.keys().map(|cell| &cell.network).collect()
    }
}

/// Reads `access.csv`. `file` is only for naming mistakes. A UTF-8 byte order mark is accepted,
/// because spreadsheets write one.
///
/// # Errors
///
/// All mistakes at once, each with its line: a wrong header, a word that is not on its list, a cell
/// given twice, and rows that give what cannot be given (anything to a blocked facility, writing to
/// a former member, the directory by a relation to a patient).
pub fn read_table(file: &str, text: &str) -> Result<Table, Vec<AccessError>> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .from_reader(text.as_bytes());
    let mut table = Table {
        file: file.to_owned(),
        cells: BTreeMap::new(),
    };
    let mut lines: BTreeMap<Cell, u64> = BTreeMap::new();
    let mut mistakes = Vec::new();
    let mut header_seen = false;
    for record in reader.records() {
        let record = match record {
            Ok(record) => record,
            Err(error) => {
                let line = error.position().map_or(0, csv::Position::line);
                mistakes.push(mistake(file, line, None, csv_rule(error.kind())));
                continue;
            }
        };
        let line = record.position().map_or(0, csv::Position::line);
        if !header_seen {
            header_seen = true;
            if record.iter().ne(COLUMNS) {
                let rule = format!("the header must be {}", COLUMNS.join(","));
                return Err(vec![mistake(file, line, None, rule)]);
            }
            continue;
        }
        match read_row(file, line, &record) {
            Err(found) => mistakes.extend(found),
            Ok((cell, grant)) => {
                if let Some(first) = lines.insert(cell.clone(), line) {
                    let rule = format!("the same cell was already given in line {first}");
                    mistakes.push(mistake(file, line, None, rule));
                }
                table.cells.insert(cell, grant);
            }
        }
    }
    if !header_seen {
        mistakes.push(mistake(
            file,
            1,
            None,
            format!("the header {} is missing", COLUMNS.join(",")),
        ));
    }
    if mistakes.is_empty() {
        Ok(table)
    } else {
        Err(mistakes)
    }
}

fn csv_rule(kind: &csv::ErrorKind) -> String {
    match kind {
        csv::ErrorKind::UnequalLengths { len, .. } => {
            format!("a row has {} cells, this one has {len}", COLUMNS.len())
        }
        _ => "not readable as CSV".to_owned(),
    }
}

fn mistake(file: &str, line: u64, column: Option<&str>, rule: impl Into<String>) -> AccessError {
    AccessError::Row {
        file: file.to_owned(),
        line,
        column: column.map(str::to_owned),
        rule: rule.into(),
    }
}

/// Collects the mistakes of one row while its words are read.
struct RowReader<'a> {
    file: &'a str,
    line: u64,
    row: &'a csv::StringRecord,
    mistakes: Vec<AccessError>,
}

impl RowReader<'_> {
    fn text(&self, column: usize) -> &str {
        self.row.get(column).unwrap_or_default()
    }

    fn refuse(&mut self, column: usize, rule: impl Into<String>) {
        self.mistakes.push(mistake(
            self.file,
            self.line,
            COLUMNS.get(column).copied(),
            rule,
        ));
    }

    fn word<T>(&mut self, column: usize) -> Option<T>
    where
        T: FromStr,
        T::Err: std::fmt::Display,
    {
        let read = self.text(column).parse::<T>();
        read.map_err(|error| self.refuse(column, error.to_string()))
            .ok()
    }

    fn yes_or_no(&mut self, column: usize) -> Option<bool> {
        match self.text(column) {
            "yes" => Some(true),
            "no" => Some(false),
            _ => {
                self.refuse(column, "must be yes or no");
                None
            }
        }
    }

    /// `none`, or `none+emergency` for what opens under break-glass and never otherwise.
    fn relation(&mut self, column: usize) -> Option<(Relation, bool)> {
        let text = self.text(column).to_owned();
        let (word, emergency) = text
            .strip_suffix("+emergency")
            .map_or((text.as_str(), false), |word| (word, true));
        let relation = word
            .parse()
            .map_err(|error: renkei_model::lists::ListError| {
                self.refuse(column, error.to_string());
            });
        relation.ok().map(|relation| (relation, emergency))
    }

    /// `diagnosis`, or `diagnosis+psychiatric` for a sensitivity that is not normal.
    fn category(&mut self, column: usize) -> Option<(Category, Sensitivity)> {
        let text = self.text(column).to_owned();
        let (category, sensitivity) = text.split_once('+').unwrap_or((&text, "normal"));
        if text.ends_with("+normal") {
            self.refuse(column, "normal sensitivity is written without \"+normal\"");
            return None;
        }
        let category = category
            .parse()
            .map_err(|error: renkei_model::lists::ListError| {
                self.refuse(column, error.to_string());
            });
        let sensitivity = sensitivity
            .parse()
            .map_err(|error: renkei_model::lists::ListError| {
                self.refuse(column, error.to_string());
            });
        category.ok().zip(sensitivity.ok())
    }
}

fn read_row(
    file: &str,
    line: u64,
    row: &csv::StringRecord,
) -> Result<(Cell, Grant), Vec<AccessError>> {
    let mut reader = RowReader {
        file,
        line,
        row,
        mistakes: Vec::new(),
    };
    let network = reader.word::<NetworkName>(0);
    let profession = reader.word::<Profession>(1);
    let category = reader.category(2);
    let relation = reader.relation(3);
    let view = reader.word::<View>(4);
    let write = reader.yes_or_no(5);
    let send = reader.yes_or_no(6);
    let words = (network, profession, category, relation, view, write, send);
    let (
        Some(network),
        Some(profession),
        Some((category, sensitivity)),
        Some((relation, emergency)),
        Some(view),
        Some(write),
        Some(send),
    ) = words
    else {
        return Err(reader.mistakes);
    };
    let cell = Cell {
        network,
        profession,
        relation,
        sensitivity,
        category,
        emergency,
    };
    let grant = Grant { view, write, send };
    check_sense(&mut reader, &cell, grant);
    if reader.mistakes.is_empty() {
        Ok((cell, grant))
    } else {
        Err(reader.mistakes)
    }
}

/// Refuses rows whose words are all on their lists but that no table may say.
fn check_sense(reader: &mut RowReader<'_>, cell: &Cell, grant: Grant) {
    let gives_nothing = grant.view == View::None && !grant.write && !grant.send;
    if cell.relation == Relation::Blocked && !gives_nothing {
        reader.refuse(3, "a blocked facility can be given nothing");
    }
    if cell.relation == Relation::Former && (grant.write || grant.send) {
        reader.refuse(3, "a former member may look back, not write or send");
    }
    if cell.emergency {
        if cell.relation != Relation::None {
            reader.refuse(3, "break-glass is for who has no relation: none+emergency");
        }
        if grant.write || grant.send {
            reader.refuse(3, "nothing is written or sent under break-glass");
        }
        if cell.category == Category::Directory {
            reader.refuse(2, "the directory needs no break-glass");
        }
    }
    if cell.category == Category::Directory {
        if !matches!(cell.relation, Relation::None | Relation::Blocked) {
            reader.refuse(
                3,
                "the directory belongs to no patient: its relation is none",
            );
        }
        if cell.sensitivity != Sensitivity::Normal {
            reader.refuse(2, "the directory has no sensitivity");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mistakes(rows: &str) -> Vec<String> {
        let text = format!("{}\n{rows}", COLUMNS.join(","));
        let found = read_table("access.csv", &text).err().unwrap_or_default();
        found.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_good_table_reads() {
        let text = "\u{feff}network,profession,category,relation,view,write,send\r\n\
                    n,nurse,diagnosis+psychiatric,team_member,full,yes,no\r\n";
        let table = read_table("access.csv", text).unwrap();
        let (cell, grant) = table.cells.iter().next().unwrap();
        assert_eq!(cell.category, Category::Diagnosis);
        assert_eq!(cell.sensitivity, Sensitivity::Psychiatric);
        assert!(grant.gives(Action::ReadFull) && grant.gives(Action::Write));
        assert!(!grant.gives(Action::Send));
    }

    #[test]
    fn every_wrong_word_is_named_with_line_and_column() {
        let cases = [
            (
                "N,nurse,lab,none,full,no,no",
                "access.csv:2:network: not a valid network name",
            ),
            (
                "n,Nurse,lab,none,full,no,no",
                "access.csv:2:profession: \"Nurse\" is not a profession",
            ),
            (
                "n,nurse,labs,none,full,no,no",
                "access.csv:2:category: \"labs\" is not a category",
            ),
            (
                "n,nurse,lab+x,none,full,no,no",
                "access.csv:2:category: \"x\" is not a sensitivity",
            ),
            (
                "n,nurse,lab+normal,none,full,no,no",
                "access.csv:2:category: normal sensitivity is written without \"+normal\"",
            ),
            (
                "n,nurse,lab,,full,no,no",
                "access.csv:2:relation: \"\" is not a relation",
            ),
            (
                "n,nurse,lab,none+treatment,full,no,no",
                "access.csv:2:relation: \"none+treatment\" is not a relation",
            ),
            (
                "n,nurse,lab,none, full,no,no",
                "access.csv:2:view: \" full\" is not a view",
            ),
            (
                "n,nurse,lab,none,full,Yes,no",
                "access.csv:2:write: must be yes or no",
            ),
            (
                "n,nurse,lab,none,full,no,",
                "access.csv:2:send: must be yes or no",
            ),
            (
                "n,nurse,lab,none,full,no",
                "access.csv:2:row: a row has 7 cells, this one has 6",
            ),
        ];
        for (row, expected) in cases {
            assert_eq!(mistakes(row), [expected], "{row}");
        }
    }

    #[test]
    fn all_mistakes_are_told_at_once() {
        let rows = "n,x,y,none,full,no,no\nn,nurse,lab,none,full,no,no\nn,nurse,lab,z,full,no,no\n";
        assert_eq!(mistakes(rows).len(), 3);
    }

    #[test]
    fn a_cell_given_twice_is_refused() {
        let row = "n,nurse,lab,none,full,no,no\n";
        let found = mistakes(&format!("{row}{}", row.replace("full", "none")));
        assert_eq!(
            found,
            ["access.csv:3:row: the same cell was already given in line 2"]
        );
    }

    #[test]
    fn what_no_table_may_say_is_refused() {
        for row in [
            "n,nurse,lab,blocked,full,no,no",
            "n,nurse,lab,blocked,exists,no,no",
            "n,nurse,lab,blocked,none,yes,no",
            "n,nurse,lab,former,full,yes,no",
            "n,nurse,directory,team_member,full,no,no",
            "n,nurse,directory+abuse,none,full,no,no",
            "n,nurse,lab,team_member+emergency,full,no,no",
            "n,nurse,lab,none+emergency,full,yes,no",
            "n,nurse,directory,none+emergency,full,no,no",
        ] {
            assert_eq!(mistakes(row).len(), 1, "{row}");
        }
        assert!(
            mistakes("n,nurse,lab,blocked,none,no,no").is_empty(),
            "saying none is allowed"
        );
    }

    #[test]
    fn the_header_must_be_there() {
        for text in ["", "n,nurse,lab,none,full,no,no\n", "network,profession\n"] {
            assert_eq!(
                read_table("access.csv", text).unwrap_err().len(),
                1,
                "{text}"
            );
        }
    }
}
