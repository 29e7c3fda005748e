//! What was found out, as JSON for programs.

use renkei_model::message::Span;

use super::lines::Lines;
use super::rows::{Row, Shown};
use super::{Finding, Findings, Inspection, Message, Severity, Verdict};

/// One JSON object:
///
/// ```text
/// {"format":"hl7-v2","verdict":"odd","bytes":1234,"because":["…"],"findings":[…],
///  "messages":[{"verdict":"odd","span":[0,1234],"facts":{"…":"…"},
///    "findings":[{"severity":"notice","place":"PID-7","text":"…","line":3,"span":[211,219]}],
///    "records":[{"key":"…","version":"…","span":[…]}],
///    "rows":[{"path":"PID-5.1","line":3,"span":[200,205],"value":"…"}]}],
///  "tried":[{"format":"cda",…}],"rowsNotShown":0,"messagesNotRead":0}
/// ```
///
/// `rows`: how many rows of all messages are written at most. A group's row has no `value`; a `number` is a string as it was
/// written, marked with `"number":true`.
#[must_use]
pub fn json(inspection: &Inspection<'_>, rows: usize) -> String {
    let mut writer = Writer {
        out: String::new(),
        lines: Lines::of(inspection.bytes),
        room: rows,
        cut: 0,
    };
    writer.inspection(inspection);
    writer.out
}

struct Writer<'b> {
    out: String,
    lines: Lines<'b>,
    room: usize,
    cut: usize,
}

const fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Sound => "sound",
        Verdict::Odd => "odd",
        Verdict::Faulty => "faulty",
        Verdict::Refused => "refused",
        Verdict::Unknown => "unknown",
    }
}

impl Writer<'_> {
    fn inspection(&mut self, inspection: &Inspection<'_>) {
        self.out.push_str("{\"format\":");
        match inspection.kind {
            Some(kind) => self.text(kind.word()),
            None => self.out.push_str("null"),
        }
        self.member("verdict");
        self.text(word(inspection.verdict()));
        self.member("bytes");
        self.number(inspection.bytes.len());
        self.member("because");
        self.list(&inspection.because, |writer, because| writer.text(because));
        self.member("findings");
        self.findings(&inspection.findings);
        self.member("messages");
        self.list(&inspection.messages, Self::message);
        self.member("tried");
        self.list(&inspection.attempts, |writer, (kind, stop)| {
            writer.out.push_str("{\"format\":");
            writer.text(kind.word());
            writer.out.push(',');
            writer.finding(stop);
            writer.out.push('}');
        });
        self.member("rowsNotShown");
        self.number(self.cut);
        self.member("messagesNotRead");
        self.number(inspection.left_out);
        self.out.push('}');
    }

    fn message(&mut self, message: &Message) {
        self.out.push_str("{\"verdict\":");
        self.text(word(message.verdict()));
        self.member("span");
        self.span(message.span);
        self.member("facts");
        self.out.push('{');
        for (index, fact) in message.facts.iter().enumerate() {
            self.comma(index);
            self.text(fact.name);
            self.out.push(':');
            self.text(&fact.value);
        }
        self.out.push('}');
        self.member("findings");
        self.findings(&message.findings);
        self.member("recordsNotKept");
        self.number(message.left_out);
        self.member("records");
        self.list(&message.records, |writer, record| {
            writer.out.push_str("{\"key\":");
            writer.text(&record.key.text);
            writer.member("version");
            writer.text(&record.version.text);
            writer.member("span");
            writer.span(record.span);
            writer.out.push('}');
        });
        self.member("rows");
        self.out.push('[');
        let mut index = 0;
        message.rows(|row| {
            if self.room == 0 {
                self.cut += 1;
                return true;
            }
            self.room -= 1;
            self.comma(index);
            index += 1;
            self.row(row);
            true
        });
        self.out.push_str("]}");
    }

    fn row(&mut self, row: &Row<'_>) {
        self.out.push_str("{\"path\":");
        self.text(row.path);
        self.place(row.span);
        match row.value {
            Shown::Group => {}
            Shown::Text(text) => {
                self.member("value");
                self.text(text);
            }
            Shown::Number(text) => {
                self.member("value");
                self.text(text);
                self.member("number");
                self.out.push_str("true");
            }
            Shown::Bool(value) => {
                self.member("value");
                self.out.push_str(if value { "true" } else { "false" });
            }
            Shown::Null => {
                self.member("value");
                self.out.push_str("null");
            }
        }
        self.out.push('}');
    }

    /// How many there are, and those that were kept.
    fn findings(&mut self, findings: &Findings) {
        let kept: Vec<&Finding> = findings.iter().collect();
        self.list(&kept, |writer, finding| {
            writer.out.push_str("{\"severity\":");
            writer.text(match finding.severity {
                Severity::Fault => "fault",
                Severity::Notice => "notice",
            });
            writer.out.push(',');
            writer.finding(finding);
            writer.out.push('}');
        });
        self.member("findingsNotKept");
        self.number(findings.faults() + findings.notices() - kept.len());
    }

    fn finding(&mut self, finding: &Finding) {
        self.out.push_str("\"place\":");
        self.text(&finding.place);
        self.member("text");
        self.text(&finding.text);
        if let Some(span) = finding.span {
            self.place(span);
        }
    }

    fn place(&mut self, span: Span) {
        self.member("line");
        self.number(self.lines.of_byte(span.start));
        self.member("span");
        self.span(span);
    }

    fn list<T>(&mut self, items: &[T], write: impl Fn(&mut Self, &T)) {
        self.out.push('[');
        for (index, item) in items.iter().enumerate() {
            self.comma(index);
            write(self, item);
        }
        self.out.push(']');
    }

    fn member(&mut self, name: &str) {
        self.out.push(',');
        self.text(name);
        self.out.push(':');
    }

    fn comma(&mut self, index: usize) {
        if index > 0 {
            self.out.push(',');
        }
    }

    fn number(&mut self, number: usize) {
        self.out.push_str(&number.to_string());
    }

    fn span(&mut self, span: Span) {
        self.out.push_str(&format!("[{},{}]", span.start, span.end));
    }

    fn text(&mut self, text: &str) {
        self.out.push('"');
        for c in text.chars() {
            match c {
                '"' => self.out.push_str("\\\""),
                '\\' => self.out.push_str("\\\\"),
                '\u{20}'..='\u{7e}' | '\u{a0}'.. => self.out.push(c),
                // C1 controls, too: they move cursors where somebody prints this.
                control => self.out.push_str(&format!("\\u{:04x}", u32::from(control))),
            }
        }
        self.out.push('"');
    }
}
