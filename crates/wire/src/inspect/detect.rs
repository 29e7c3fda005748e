//! Which format bytes are in, and why we think so.

use memchr::memmem;

use super::kind::Kind;
use super::name::Named;
use crate::careplan::{FileKind, Table};
use crate::charset::{BOM, utf16};
use crate::csv::Text;
use crate::hl7;

/// So many bytes are looked at.
const HEAD: usize = 65_536;

/// A format and the reasons for it.
pub(super) struct Detected {
    pub kind: Option<Kind>,
    pub because: Vec<String>,
}

fn by(kind: Kind, because: &str) -> Detected {
    Detected {
        kind: Some(kind),
        because: vec![because.to_owned()],
    }
}

/// The content decides; the name says what the content leaves open.
pub(super) fn detect(bytes: &[u8], named: &Named) -> Detected {
    let mut found = of_content(bytes, named);
    if let Some(text) = named.text() {
        found
            .because
            .push(format!("ファイル名 / file name: {text}"));
    }
    let kind = match named {
        Named::Storage(_) => Some(Kind::Hl7),
        Named::CarePlan(kind) => Some(of_file(*kind)),
        Named::Nothing => None,
    };
    if found.kind.is_none() {
        found.kind = kind;
    }
    found
}

const fn of_file(kind: FileKind) -> Kind {
    match kind {
        FileKind::Table(table) => Kind::CarePlan(table),
        FileKind::Other(word) => Kind::CarePlanOther(word),
    }
}

fn of_content(bytes: &[u8], named: &Named) -> Detected {
    let content = bytes.strip_prefix(BOM).unwrap_or(bytes);
    let head = content.get(..HEAD).unwrap_or(content);
    let trimmed = head.trim_ascii_start();
    if let Some(found) = hl7_by(bytes, head).or_else(|| jahis_by(trimmed)) {
        return found;
    }
    match trimmed {
        [b'<', ..] => return by(Kind::Cda, "先頭が<(XML) / begins with <: XML"),
        [b'{', ..] => return by(Kind::FilemakerJson, "先頭が{(JSON) / begins with {: JSON"),
        _ => {}
    }
    let found = table_by(head, named);
    if found.kind.is_some() {
        return found;
    }
    let because = foreign(bytes).map(|(what, _)| what.to_owned());
    Detected {
        kind: None,
        because: because.into_iter().collect(),
    }
}

fn hl7_by(bytes: &[u8], head: &[u8]) -> Option<Detected> {
    if head.first() == Some(&crate::mllp::START) {
        return Some(by(
            Kind::Hl7,
            "先頭が0B(MLLPの枠) / begins with 0B: an MLLP frame",
        ));
    }
    if hl7::looks_like(bytes) {
        return Some(by(Kind::Hl7, "先頭がMSH / begins with MSH"));
    }
    let name = hl7::SegmentName::read(head)?;
    let is_batch = matches!(name.as_str(), "FHS" | "BHS");
    if is_batch && head.get(3).is_some_and(u8::is_ascii_punctuation) {
        let because = "先頭がFHS・BHS(バッチ) / begins with FHS or BHS: a batch";
        return Some(by(Kind::Hl7, because));
    }
    let is_line =
        |line: &&[u8]| hl7::SegmentName::read(line).is_some() && line.get(3) == head.get(3);
    let is_field = head.get(3) == Some(&b'|');
    let lines = head.split(|byte| matches!(byte, b'\r' | b'\n'));
    let segments = lines.filter(is_line).take(2).count();
    let because = "MSHで始まらないが、行がセグメントの形(ABC|) / not MSH first, but lines like segments (ABC|)";
    (is_field && segments == 2).then(|| by(Kind::Hl7, because))
}

fn jahis_by(head: &[u8]) -> Option<Detected> {
    let rest = head.strip_prefix(b"JAHIS")?;
    if rest.starts_with(b"TC") {
        return Some(by(
            Kind::JahisNotebook,
            "先頭がJAHISTC / begins with JAHISTC",
        ));
    }
    Some(by(
        Kind::JahisPrescription,
        "先頭がJAHIS / begins with JAHIS",
    ))
}

/// CSV of any kind, by its first rows.
fn table_by(head: &[u8], named: &Named) -> Detected {
    let nothing = Detected {
        kind: None,
        because: Vec::new(),
    };
    // A row that is cut in the middle says nothing about its width.
    let end = if head.len() < HEAD {
        head.len()
    } else {
        memchr::memrchr(b'\n', head).unwrap_or(head.len())
    };
    let Ok(text) = Text::read(head.get(..end).unwrap_or(head), "") else {
        return nothing;
    };
    let rows = text.rows().take(2).map(|row| {
        let cells = row.cells.unwrap_or_default();
        cells.into_iter().map(|cell| cell.text).collect::<Vec<_>>()
    });
    let rows: Vec<Vec<String>> = rows.collect();
    let [first, rest @ ..] = rows.as_slice() else {
        return nothing;
    };
    let second = rest.first();
    let has = |row: &[String], name: &str| row.iter().any(|cell| cell == name);
    if has(first, "recordId") && has(first, "modId") {
        let because = "1行目にrecordIdとmodId / line 1 names recordId and modId";
        return by(Kind::FilemakerCsv, because);
    }
    let number = "external_system_management_number";
    if is_data_type(first) && second.is_some_and(|row| has(row, number)) {
        let because = "1行目がデータ種別、2行目に外部システム管理番号 / line 1 is a data type, line 2 names external_system_management_number";
        return by(Kind::Life, because);
    }
    if matches!(first.as_slice(), [one, ..] if is_data_type(first) && (one == "SERVICE_USER_INFO" || one.starts_with("FORM_")))
    {
        return by(
            Kind::Life,
            "1行目がLIFEのデータ種別 / line 1 is a data type of LIFE",
        );
    }
    care_plan_by(first, second, named).unwrap_or(nothing)
}

/// A row that begins with a version, or a row of headings before it. Which table: by the name, or by the width.
fn care_plan_by(first: &[String], second: Option<&Vec<String>>, named: &Named) -> Option<Detected> {
    let is_heading = first.first().is_some_and(|cell| cell == "CSVバージョン");
    let row = if is_heading { second? } else { first };
    let [version, insurer, insured, ..] = row else {
        return None;
    };
    let digits = |text: &str, length: usize| {
        text.len() == length && text.bytes().all(|byte| byte.is_ascii_digit())
    };
    let letters = !insured.is_empty() && insured.bytes().all(|byte| byte.is_ascii_alphanumeric());
    if !(is_heading || digits(version, 6) && digits(insurer, 6) && letters) {
        return None;
    }
    let because = "1列目がCSVバージョン、2・3列目が保険者番号・被保険者番号 / cell 1 is a version as YYYYMM, then the insurer's and the insured's number";
    if let Named::CarePlan(kind) = named {
        return Some(by(of_file(*kind), because));
    }
    let (table, width) = (Table::of_width(row.len()), row.len());
    let mut found = by(Kind::CarePlan(table), because);
    found.because.push(format!(
        "ファイル名がないので列の数({width})で{0}とみる / by its {width} cells {0}: no file name says so",
        table.name()
    ));
    Some(found)
}

fn is_data_type(row: &[String]) -> bool {
    let [first, rest @ ..] = row else {
        return false;
    };
    let is_name = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_';
    first.starts_with(|c: char| c.is_ascii_uppercase())
        && first.bytes().all(is_name)
        && rest.iter().all(String::is_empty)
}

/// What the first bytes say of files that are sent by mistake; the second text is their usual cause.
pub(super) fn foreign(bytes: &[u8]) -> Option<(&'static str, &'static str)> {
    let known: [(&[u8], &str, &str); 7] = [
        (
            b"%PDF",
            "PDF",
            "原本でなく印刷物です / a print, not the data",
        ),
        (
            b"PK\x03\x04",
            "ZIP",
            "Excelや圧縮ファイルは展開してCSVなどで / unpack it, or save the sheet as CSV",
        ),
        (b"\x1f\x8b", "gzip", "展開してください / unpack it"),
        (
            b"\x89PNG",
            "PNG",
            "QRコードの画像は読み取った文字で / a picture: send the text of the QR symbol",
        ),
        (
            b"\xff\xd8\xff",
            "JPEG",
            "QRコードの画像は読み取った文字で / a picture: send the text of the QR symbol",
        ),
        (
            b"\xd0\xcf\x11\xe0",
            "OLE (xls, doc)",
            "CSVで保存してください / save it as CSV",
        ),
        (b"DICM", "DICOM", "画像は扱いません / no pictures here"),
    ];
    let found = known.iter().find(|(head, ..)| bytes.starts_with(head));
    if let Some((_, what, cause)) = found {
        return Some((what, cause));
    }
    if bytes.get(128..132) == Some(b"DICM") {
        return Some(("DICOM", "画像は扱いません / no pictures here"));
    }
    let cause = "UTF-8かMS932で保存してください / save it as UTF-8 or MS932";
    if utf16(bytes).is_some() && memmem::find(bytes.get(..64).unwrap_or(bytes), b"\0\0\0").is_none()
    {
        return Some(("UTF-16", cause));
    }
    None
}
