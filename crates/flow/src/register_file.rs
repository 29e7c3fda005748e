//! Reads a file of staff changes: a header of known columns, then a line for each employment. Faults name
//! line and column. What the lines mean is in [`crate::register_change`].

use renkei_fhir::instant::day_start;
use renkei_model::clock::Instant;
use renkei_model::day;
use renkei_model::message::{Fault, FaultKind};
use renkei_wire::csv::Text;

use crate::register_change::Entry;
use crate::register_words::profession;

/// Lines that one file may have. A region's whole staff is fewer.
pub const LINES: usize = 5_000;

const DAY_MICROS: i64 = 86_400_000_000;

/// A column: its Japanese and English name.
const ID: (&str, &str) = ("職員番号", "id");
const NAME: (&str, &str) = ("氏名", "name");
const PROFESSION: (&str, &str) = ("職種", "profession");
const FACILITY: (&str, &str) = ("施設コード", "facility");
const SINCE: (&str, &str) = ("開始日", "since");
const UNTIL: (&str, &str) = ("終了日", "until");

/// All columns.
const COLUMNS: [(&str, &str); 6] = [ID, NAME, PROFESSION, FACILITY, SINCE, UNTIL];

/// Columns that every file has.
const REQUIRED: [(&str, &str); 4] = [ID, NAME, PROFESSION, FACILITY];

/// A line of the file.
struct Line {
    /// Its number, from 1 for the header; line ends inside quotes count.
    number: usize,
    cells: Vec<String>,
}

/// Something wrong at a line, and at a column if it is about one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LineFault {
    /// The line.
    pub line: usize,
    /// The column as the header writes it.
    pub column: Option<String>,
    /// The rule.
    pub rule: String,
    /// Its kind.
    pub kind: FaultKind,
}

/// A file that was read.
#[derive(Debug, Default)]
pub struct File {
    /// Lines that say something.
    pub entries: Vec<Entry>,
    /// The header's names for columns of ours, by our English name.
    columns: Vec<(&'static str, usize, String)>,
    /// What is wrong.
    pub faults: Vec<LineFault>,
}

impl File {
    /// What the header calls one of our columns; our Japanese name if it has none.
    #[must_use]
    pub fn column(&self, english: &str) -> String {
        let own = self.columns.iter().find(|(known, ..)| *known == english);
        own.map_or_else(
            || {
                let ours = COLUMNS.iter().find(|(_, known)| *known == english);
                ours.map_or(english, |(japanese, _)| japanese).to_owned()
            },
            |(_, _, name)| name.clone(),
        )
    }

    /// Notes what is wrong with a value.
    pub fn refuse(&mut self, line: usize, english: &str, rule: &str) {
        self.note(line, Some(self.column(english)), rule, FaultKind::Value);
    }

    fn note(&mut self, line: usize, column: Option<String>, rule: &str, kind: FaultKind) {
        self.faults.push(LineFault {
            line,
            column,
            rule: rule.to_owned(),
            kind,
        });
    }
}

/// Reads a file in UTF-8 or MS932. The first line is the header; lines without any text are left out.
/// `content_type`: as declared, lower case.
///
/// # Errors
/// One fault with the byte, when the bytes are no text of their charset.
pub fn read(body: &[u8], content_type: &str) -> Result<File, Fault> {
    let text = Text::read(body, content_type)?;
    let mut file = File::default();
    let mut header: Option<Line> = None;
    let mut count = 0;
    for row in text.rows() {
        let cells = match row.cells {
            Ok(cells) => cells.into_iter().map(|cell| cell.text).collect(),
            Err(fault) => {
                file.note(row.number, None, &fault.rule, FaultKind::Structure);
                continue;
            }
        };
        let line = Line {
            number: row.number,
            cells,
        };
        let Some(header) = &header else {
            head(&mut file, &line);
            header = Some(line);
            continue;
        };
        // Without its columns no line can be read.
        if file.columns.len() != header.cells.len() {
            break;
        }
        if line.cells.iter().all(|cell| cell.trim().is_empty()) {
            continue;
        }
        count += 1;
        if count > LINES {
            let rule = format!(
                "一度に{LINES}行までです。分けてください / more than {LINES} lines; split it"
            );
            file.note(line.number, None, &rule, FaultKind::TooMuch);
            break;
        }
        said(&mut file, &line, header.cells.len());
    }
    if header.is_none() && file.faults.is_empty() {
        let rule = "見出し行がありません / there is no header";
        file.note(1, None, rule, FaultKind::Structure);
    }
    Ok(file)
}

/// A line with something in it.
fn said(file: &mut File, line: &Line, columns: usize) {
    let cells = line.cells.len();
    if cells == columns {
        let entry = entry(file, line);
        file.entries.extend(entry);
    } else {
        let rule = format!(
            "列の数が見出し行と違います({cells}列、見出しは{columns}列) / {cells} cells, the header has {columns}"
        );
        file.note(line.number, None, &rule, FaultKind::Structure);
    }
}

fn head(file: &mut File, header: &Line) {
    for (position, cell) in header.cells.iter().enumerate() {
        let name = cell.trim();
        let known = COLUMNS
            .iter()
            .find(|(japanese, english)| *japanese == name || english.eq_ignore_ascii_case(name));
        let shown: String = name.chars().take(64).collect();
        match known {
            None => {
                let rule = "この列はありません。職員番号・氏名・職種・施設コード・開始日・終了日のどれかにしてください / not a known column: id, name, profession, facility, since, until";
                file.note(header.number, Some(shown), rule, FaultKind::Structure);
            }
            Some((_, english)) if file.columns.iter().any(|(seen, ..)| seen == english) => {
                let rule = "同じ列が二度あります / the same column twice";
                file.note(header.number, Some(shown), rule, FaultKind::Structure);
            }
            Some((_, english)) => file.columns.push((english, position, shown)),
        }
    }
    for (japanese, english) in REQUIRED {
        if !file.columns.iter().any(|(seen, ..)| *seen == english) {
            let rule = "この列が必要です / this column is required";
            let column = Some(format!("{japanese} ({english})"));
            file.note(header.number, column, rule, FaultKind::Structure);
        }
    }
}

fn entry(file: &mut File, line: &Line) -> Option<Entry> {
    let number = line.number;
    let before = file.faults.len();
    let id = file.parsed(line, ID.1);
    let name = file.text(line, NAME.1);
    let profession = file.text(line, PROFESSION.1).and_then(|text| {
        let found = profession(&text);
        if found.is_none() {
            let rule = "職種の一覧にありません / not on the list of professions (docs/lists.md)";
            file.refuse(number, PROFESSION.1, rule);
        }
        found
    });
    let facility = file.parsed(line, FACILITY.1);
    let since = file.day(line, SINCE.1);
    let until = file.day(line, UNTIL.1).map(after);
    if until.is_some() && until <= since {
        let rule = "開始日より前です / before its beginning";
        file.refuse(number, UNTIL.1, rule);
    }
    // A line that is half read says something else.
    if file.faults.len() > before {
        return None;
    }
    Some(Entry {
        place: number,
        id: id?,
        name: name?,
        profession: profession?,
        facility: facility?,
        since,
        until,
    })
}

/// The first instant that is no longer of a day in Japan, which has no summer time.
#[must_use]
pub const fn after(day: Instant) -> Instant {
    Instant(day.0.saturating_add(DAY_MICROS))
}

impl File {
    fn cell<'l>(&self, line: &'l Line, english: &str) -> Option<&'l str> {
        let (_, position, _) = self.columns.iter().find(|(known, ..)| *known == english)?;
        let text = line.cells.get(*position)?.trim();
        (!text.is_empty()).then_some(text)
    }

    fn text(&mut self, line: &Line, english: &str) -> Option<String> {
        match self.cell(line, english) {
            Some(text) if text.chars().count() <= 200 && !text.chars().any(char::is_control) => {
                Some(text.to_owned())
            }
            _ => {
                let rule =
                    "1〜200文字の文字列が必要です / a text of 1 to 200 characters is required";
                self.refuse(line.number, english, rule);
                None
            }
        }
    }

    fn parsed<T: std::str::FromStr>(&mut self, line: &Line, english: &str) -> Option<T> {
        let parsed = self.text(line, english)?.parse().ok();
        if parsed.is_none() {
            let rule = "値の形式が正しくありません / not a valid value";
            self.refuse(line.number, english, rule);
        }
        parsed
    }

    /// An optional day, in any form that spreadsheets and people write it: its first instant in Japan.
    fn day(&mut self, line: &Line, english: &str) -> Option<Instant> {
        let text = self.cell(line, english)?;
        let instant = day_start(text).or_else(|| {
            let (day, _) = day::parse(text).ok()?;
            day_start(&day.iso())
        });
        if instant.is_none() {
            let rule = "実在する日付が必要です(2026-04-01, 2026/4/1, 令和8年4月1日) / must be a day that exists (2026-04-01)";
            self.refuse(line.number, english, rule);
        }
        instant
    }
}
