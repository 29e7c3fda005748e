//! Slips as the network's periodical export gives them: CSV, a line each.

use serde_json::Value;

use crate::harness::*;
use crate::slip::Slip;

/// An export that is being written: rows of cells, each still without quotes.
#[derive(Debug, Clone)]
pub struct Sheet {
    /// The header.
    pub columns: Vec<String>,
    /// The lines below it.
    pub lines: Vec<Vec<String>>,
}

impl Sheet {
    /// The export of some slips. The columns are those of all of them.
    pub fn of(slips: &[Slip]) -> Self {
        let records: Vec<Value> = slips.iter().map(|slip| slip.record().clone()).collect();
        Self::of_records(&records)
    }

    /// The export of records as the Data API gives them.
    pub fn of_records(records: &[Value]) -> Self {
        let cells: Vec<Vec<(String, String)>> = records.iter().map(cells).collect();
        let mut columns: Vec<String> = Vec::new();
        for (name, _) in cells.iter().flatten() {
            if !columns.contains(name) {
                columns.push(name.clone());
            }
        }
        let lines = cells.iter().map(|cells| {
            let cell = |name: &String| cells.iter().find(|(known, _)| known == name);
            let texts = columns
                .iter()
                .map(|name| cell(name).map(|(_, text)| text.clone()));
            texts.map(Option::unwrap_or_default).collect()
        });
        Self {
            lines: lines.collect(),
            columns,
        }
    }

    /// With another value in a line; lines count from 0.
    pub fn set(mut self, line: usize, column: &str, text: &str) -> Self {
        let at = self.columns.iter().position(|name| name == column);
        self.lines[line][at.unwrap_or_else(|| panic!("no column {column}"))] = text.to_owned();
        self
    }

    /// With one column more.
    pub fn and_column(mut self, column: &str, text: &str) -> Self {
        self.columns.push(column.to_owned());
        for line in &mut self.lines {
            line.push(text.to_owned());
        }
        self
    }

    /// A line as it is written, with its line end.
    pub fn line(&self, line: usize) -> String {
        row(&self.lines[line])
    }

    /// The file.
    pub fn text(&self) -> String {
        let lines = self.lines.iter().map(|line| row(line));
        std::iter::once(row(&self.columns)).chain(lines).collect()
    }
}

/// A row with every cell in quotes.
pub fn row(cells: &[String]) -> String {
    let cells: Vec<String> = cells
        .iter()
        .map(|cell| format!("\"{}\"", cell.replace('"', "\"\"").replace('\r', "\u{b}")))
        .collect();
    cells.join(",") + "\r\n"
}

/// A text in MS932. The wave dash, which MS932 has not, becomes the one that it has.
pub fn ms932(text: &str) -> Vec<u8> {
    let text = text.replace('〜', "～");
    let (bytes, _, failed) = encoding_rs::SHIFT_JIS.encode(&text);
    assert!(!failed, "not in MS932");
    bytes.into_owned()
}

fn cells(record: &Value) -> Vec<(String, String)> {
    let text = |value: &Value| match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let mut cells: Vec<(String, String)> = ["recordId", "modId"]
        .map(|name| (name.to_owned(), text(&record[name])))
        .into();
    for (name, value) in record["fieldData"].as_object().expect("fieldData") {
        cells.push((name.clone(), text(value)));
    }
    for (portal, rows) in record["portalData"].as_object().expect("portalData") {
        for (at, row) in rows.as_array().expect("rows").iter().enumerate() {
            for (name, value) in row.as_object().expect("a row") {
                let field = name.strip_prefix(&format!("{portal}::")).unwrap_or(name);
                cells.push((format!("{portal}[{}]::{field}", at + 1), text(value)));
            }
        }
    }
    cells
}

/// Posts a file by somebody, declared as `content_type`.
#[track_caller]
pub fn post(server: &Server, who: &Who, content_type: &str, body: impl Into<Vec<u8>>) -> Answer {
    let call = Call::post(&messages_path(), body).header("Content-Type", content_type);
    server.send(&call.token(server.token(who)))
}

/// Posts a file by the care manager; the file as a whole must be taken. Its answer.
#[track_caller]
pub fn load(server: &Server, content_type: &str, body: impl Into<Vec<u8>>) -> Value {
    post(server, &care_manager(), content_type, body)
        .expect(200)
        .json()
}

/// The fates of a file's answer.
pub fn fates(answer: &Value) -> &[Value] {
    assert_eq!(answer["status"], "batch", "{answer}");
    let fates = answer["fates"].as_array().expect("fates");
    assert_eq!(answer["lines"], fates.len(), "{answer}");
    for word in ["stored", "unchanged", "refused"] {
        let count = fates.iter().filter(|fate| fate["outcome"] == word).count();
        assert_eq!(answer[word], count, "{answer}");
    }
    fates
}

/// Line and outcome of each fate.
pub fn outcomes(answer: &Value) -> Vec<(u64, &str)> {
    let told = fates(answer).iter().map(|fate| {
        let line = fate["line"].as_u64().expect("a line");
        (line, fate["outcome"].as_str().expect("an outcome"))
    });
    told.collect()
}
