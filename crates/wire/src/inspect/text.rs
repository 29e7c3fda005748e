//! What was found out, as text for people.

use renkei_model::message::Span;

use super::hex;
use super::lines::Lines;
use super::rows::{Row, Shown};
use super::show::{guessed, padded, printable, width};
use super::{Finding, Findings, Inspection, Kind, Message, Severity, Verdict};

/// Whether ANSI colours are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Colour {
    /// For terminals.
    Always,
    /// For files and pipes.
    Never,
}

/// How much is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct View {
    /// Colours.
    pub colour: Colour,
    /// Rows of the trees, all messages together.
    pub rows: usize,
    /// Findings of each severity, of each message.
    pub findings: usize,
    /// Characters of a value.
    pub width: usize,
}

impl Default for View {
    fn default() -> Self {
        Self {
            colour: Colour::Never,
            rows: 1_000,
            findings: 20,
            width: 120,
        }
    }
}

/// The paths' column is at most so wide; longer ones push their values to the right.
const PATH_WIDTH: usize = 44;
/// Bytes of an unknown file that are shown.
const HEAD_BYTES: usize = 64;
/// Messages of a batch that have a section of their own.
const SECTIONS: usize = 500;

/// The first line says what it is and whether it is sound; then why, faults, notices, the tree.
#[must_use]
pub fn text(inspection: &Inspection<'_>, view: &View) -> String {
    let mut page = Page {
        out: String::new(),
        view,
        bytes: inspection.bytes,
        lines: Lines::of(inspection.bytes),
        rows: 0,
        rows_cut: 0,
    };
    page.head(inspection);
    match inspection.messages.as_slice() {
        [message] => {
            page.findings(&[&inspection.findings, &message.findings]);
            page.content(message);
        }
        messages => {
            page.findings(&[&inspection.findings]);
            page.sections(messages);
        }
    }
    page.attempts(inspection);
    page.cut(inspection);
    page.out
}

/// A text that is being written.
struct Page<'p> {
    out: String,
    view: &'p View,
    bytes: &'p [u8],
    lines: Lines<'p>,
    rows: usize,
    rows_cut: usize,
}

#[derive(Clone, Copy)]
enum Paint {
    Red,
    Yellow,
    Green,
    Bold,
    Dim,
}

impl Paint {
    const fn code(self) -> &'static str {
        match self {
            Self::Red => "1;31",
            Self::Yellow => "33",
            Self::Green => "1;32",
            Self::Bold => "1",
            Self::Dim => "2",
        }
    }
}

const fn of_verdict(verdict: Verdict) -> (&'static str, Paint, &'static str) {
    match verdict {
        Verdict::Sound => ("✓", Paint::Green, "問題なし / sound"),
        Verdict::Odd => (
            "✓",
            Paint::Green,
            "問題なし、注意あり / sound, with notices",
        ),
        Verdict::Faulty => (
            "!",
            Paint::Yellow,
            "読めますが誤りがあります / readable, with faults",
        ),
        Verdict::Refused => ("✗", Paint::Red, "読めません / refused"),
        Verdict::Unknown => ("?", Paint::Red, "形式が分かりません / unknown format"),
    }
}

impl Page<'_> {
    fn painted(&self, paint: Paint, text: &str) -> String {
        match self.view.colour {
            Colour::Always => format!("\u{1b}[{}m{text}\u{1b}[0m", paint.code()),
            Colour::Never => text.to_owned(),
        }
    }

    fn line(&mut self, text: &str) {
        self.out.push_str(text.trim_end());
        self.out.push('\n');
    }

    fn paint_line(&mut self, paint: Paint, text: &str) {
        let text = self.painted(paint, text);
        self.line(&text);
    }

    fn head(&mut self, inspection: &Inspection<'_>) {
        let (sign, paint, mut verdict) = of_verdict(inspection.verdict());
        let some = inspection.messages.iter().any(|message| message.readable);
        if inspection.verdict() == Verdict::Refused && some {
            verdict = "読めない電文があります / some messages are refused";
        }
        let title = match inspection.messages.as_slice() {
            [message] if inspection.kind == Some(Kind::Hl7) => message.facts.first(),
            _ => None,
        };
        let title = title.map_or_else(String::new, |fact| {
            printable(&format!(" {}", fact.value), 40)
        });
        let kind = inspection
            .kind
            .map_or_else(String::new, |kind| format!("{}{title}: ", kind.text()));
        let counts = counts(
            inspection.count(Severity::Fault),
            inspection.count(Severity::Notice),
        );
        self.paint_line(paint, &format!("{sign} {kind}{verdict}{counts}"));
        let size = inspection.bytes.len();
        let mut facts = Vec::new();
        for because in &inspection.because {
            facts.push(("根拠 / because", because.clone()));
        }
        facts.push(("大きさ / size", format!("{size}バイト / bytes")));
        match inspection.messages.as_slice() {
            [message] => facts.extend(
                message
                    .facts
                    .iter()
                    .map(|fact| (fact.name, fact.value.clone())),
            ),
            [] => {}
            messages => {
                let (all, good) = (messages.len() + inspection.left_out, messages.iter());
                let good = good
                    .filter(|message| message.verdict() <= Verdict::Odd)
                    .count();
                let text = format!("{all}件、うち問題なし{good}件 / {all}, {good} of them sound");
                facts.push(("電文 / messages", text));
            }
        }
        self.facts(&facts);
    }

    fn facts(&mut self, facts: &[(&str, String)]) {
        let columns = facts.iter().map(|(name, _)| width(name)).max().unwrap_or(0);
        for (name, value) in facts {
            let name = self.painted(Paint::Dim, &padded(name, columns));
            let value = printable(value, 400);
            self.line(&format!("  {name}  {value}"));
        }
    }

    fn findings(&mut self, lists: &[&Findings]) {
        for (severity, title, paint) in [
            (Severity::Fault, "誤り / faults", Paint::Red),
            (Severity::Notice, "注意 / notices", Paint::Yellow),
        ] {
            let all: usize = lists.iter().map(|list| list.count(severity)).sum();
            if all == 0 {
                continue;
            }
            self.line("");
            self.paint_line(paint, &format!("{title}: {all}"));
            let shown = lists.iter().flat_map(|list| list.of(severity));
            let mut count = 0;
            for finding in shown.take(self.view.findings) {
                count += 1;
                self.finding(count, finding, paint);
            }
            if count < all {
                let more = all - count;
                self.line(&format!("  …他{more}件 / and {more} more"));
            }
        }
    }

    fn finding(&mut self, number: usize, finding: &Finding, paint: Paint) {
        let mut place = Vec::new();
        if !finding.place.is_empty() {
            place.push(self.painted(Paint::Bold, &printable(&finding.place, 200)));
        }
        if let Some(span) = finding.span {
            place.push(self.position(span));
        }
        let text = self.painted(paint, &printable(&finding.text, 1_000));
        if place.is_empty() {
            self.line(&format!("  {number}) {text}"));
            return;
        }
        self.line(&format!("  {number}) {}", place.join("  ")));
        self.line(&format!("     {text}"));
        let hex = finding.span.and_then(|span| hex::lines(self.bytes, span));
        if let Some(hex) = hex {
            self.line(&format!("     {}", hex.bytes));
            let marks = self.painted(paint, &hex.marks);
            self.line(&format!("     {marks}"));
        }
    }

    fn position(&self, span: Span) -> String {
        let line = self.lines.of_byte(span.start);
        let bytes = match span.end.saturating_sub(span.start) {
            0 | 1 => format!("バイト / byte {}", span.start),
            _ => format!("バイト / bytes {}..{}", span.start, span.end),
        };
        format!("{line}行目 / line {line}, {bytes}")
    }

    fn sections(&mut self, messages: &[Message]) {
        let all = messages.len();
        for (index, message) in messages.iter().enumerate().take(SECTIONS) {
            let number = index + 1;
            let (sign, paint, verdict) = of_verdict(message.verdict());
            let title = message.facts.first().map_or("", |fact| &fact.value);
            let Span { start, end } = message.span;
            let title = printable(title, 100);
            let text = format!(
                "── {sign} 電文 / message {number}/{all}  {title}  バイト / bytes {start}..{end}: {verdict}"
            );
            self.line("");
            self.paint_line(paint, &text);
            self.findings(&[&message.findings]);
            self.content(message);
        }
        if all > SECTIONS {
            let more = all - SECTIONS;
            self.line(&format!(
                "…他{more}件の電文は省略 / {more} more messages, not shown"
            ));
        }
    }

    fn content(&mut self, message: &Message) {
        if message.left_out > 0 {
            let text =
                "…内容は省略(量が多いため) / the content is left out: there is too much of it";
            self.line(text);
        }
        if message.readable {
            self.tree(message);
        } else {
            self.as_it_stands(message);
        }
    }

    fn tree(&mut self, message: &Message) {
        let room = self.view.rows.saturating_sub(self.rows);
        let mut kept: Vec<Cells> = Vec::new();
        let mut all = 0;
        message.rows(|row| {
            all += 1;
            if kept.len() < room {
                kept.push(self.cells(row));
            }
            true
        });
        self.rows += kept.len();
        self.rows_cut += all - kept.len();
        if kept.is_empty() {
            return;
        }
        self.title("内容(行、バイト、パス、値) / content: line, bytes, path, value");
        let longest = |of: fn(&Cells) -> &str, most: usize| {
            let widths = kept.iter().map(|cells| width(of(cells)));
            widths.filter(|width| *width <= most).max().unwrap_or(0)
        };
        let line = longest(|cells| &cells.line, usize::MAX);
        let bytes = longest(|cells| &cells.bytes, usize::MAX);
        let path = longest(|cells| &cells.path, PATH_WIDTH);
        let mut before = String::new();
        for cells in kept {
            let value = match cells.is_group {
                true => String::new(),
                false => format!("  {}", cells.value),
            };
            let name = self.path(&cells, &before, path);
            let place = format!("{:>line$}  {:>bytes$}", cells.line, cells.bytes,);
            let place = self.painted(Paint::Dim, &place);
            self.line(&format!("  {place}  {name}{value}"));
            before = cells.path;
        }
    }

    fn cells(&self, row: &Row<'_>) -> Cells {
        let is_group = row.value == Shown::Group;
        let indent = if is_group { row.depth.min(8) * 2 } else { 0 };
        let value = match row.value {
            Shown::Group => String::new(),
            Shown::Text(text) => format!("\"{}\"", printable(text, self.view.width)),
            Shown::Number(text) => printable(text, self.view.width),
            Shown::Bool(value) => value.to_string(),
            Shown::Null => "null".to_owned(),
        };
        Cells {
            line: self.lines.of_byte(row.span.start).to_string(),
            bytes: format!("{}..{}", row.span.start, row.span.end),
            path: format!("{}{}", " ".repeat(indent), printable(row.path, 400)),
            value,
            is_group,
        }
    }

    /// The path; what it shares with the one above is dimmed, so that the tree is seen.
    fn path(&self, cells: &Cells, before: &str, columns: usize) -> String {
        if cells.is_group {
            return self.painted(Paint::Bold, &cells.path);
        }
        let shared = shared(before, &cells.path);
        let (old, new) = cells.path.split_at(shared);
        let old = match old {
            "" => String::new(),
            old => self.painted(Paint::Dim, old),
        };
        format!(
            "{old}{}",
            padded(new, columns.saturating_sub(width(&cells.path) - width(new)))
        )
    }

    fn title(&mut self, text: &str) {
        self.line("");
        self.paint_line(Paint::Bold, text);
    }

    fn as_it_stands(&mut self, message: &Message) {
        let room = self.view.rows.saturating_sub(self.rows);
        if room > 0 && !message.lines.is_empty() {
            self.title("原文(文字コードは推定) / as it stands, its charset guessed");
        }
        for span in message.lines.iter().take(room) {
            let most = span.end.min(span.start + self.view.width * 4);
            let bytes = self.bytes.get(span.start..most).unwrap_or_default();
            let text = printable(&guessed(bytes), self.view.width);
            let more = if most < span.end { "…" } else { "" };
            let line = self.lines.of_byte(span.start);
            let place = format!("{line:>4}  {}..{}", span.start, span.end);
            let place = self.painted(Paint::Dim, &place);
            self.line(&format!("  {place}  {text}{more}"));
        }
        self.rows += message.lines.len().min(room);
        self.rows_cut += message.lines.len().saturating_sub(room);
    }

    fn attempts(&mut self, inspection: &Inspection<'_>) {
        if inspection.attempts.is_empty() {
            return;
        }
        self.title("試した形式と、止まったところ / what was tried, and where it stopped");
        for (kind, stop) in &inspection.attempts {
            let kind = self.painted(Paint::Bold, &kind.text());
            self.line(&format!("  {kind}"));
            let place = stop
                .span
                .map_or_else(String::new, |span| self.position(span));
            let text = printable(&stop.text, 400);
            let field = match stop.place.as_str() {
                "" => String::new(),
                field => format!("{}: ", printable(field, 100)),
            };
            self.line(&format!("     {place}  {field}{text}"));
        }
        self.title("先頭のバイト / the first bytes");
        for line in hex::head(self.bytes, HEAD_BYTES) {
            self.line(&format!("  {line}"));
        }
        let head = self.bytes.get(..HEAD_BYTES).unwrap_or(self.bytes);
        let text = printable(&guessed(head), HEAD_BYTES);
        self.line(&format!("  {text}"));
    }

    fn cut(&mut self, inspection: &Inspection<'_>) {
        if self.rows_cut > 0 {
            let more = self.rows_cut;
            self.line(&format!("…他{more}行は省略 / {more} more rows, not shown"));
        }
        if inspection.left_out > 0 {
            let more = inspection.left_out;
            self.line(&format!(
                "…他{more}件の電文は見ていません / {more} more messages, not looked at"
            ));
        }
    }
}

/// A row of a table.
struct Cells {
    line: String,
    bytes: String,
    path: String,
    value: String,
    is_group: bool,
}

fn counts(faults: usize, notices: usize) -> String {
    match (faults, notices) {
        (0, 0) => String::new(),
        (0, notices) => format!(" (注意{notices}件 / notices {notices})"),
        (faults, 0) => format!(" (誤り{faults}件 / faults {faults})"),
        (faults, notices) => {
            format!(" (誤り{faults}件、注意{notices}件 / faults {faults}, notices {notices})")
        }
    }
}

/// How much of a path is that of the path above, up to a separator.
fn shared(before: &str, path: &str) -> usize {
    let same = before
        .chars()
        .zip(path.char_indices())
        .take_while(|(old, (_, new))| old == new);
    let ends = same.filter(|(old, _)| matches!(old, '.' | '/' | '-'));
    ends.last().map_or(0, |(_, (at, c))| at + c.len_utf8())
}
