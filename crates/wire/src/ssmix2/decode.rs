//! From a path to what it says.

use renkei_model::message::Span;

use super::entry::{Condition, Entry, Key};
use super::kind::DataKind;
use super::part::{NameError, Part};

/// Longest path that is looked at: the guideline's index has 260 for folder and for name.
const PATH_BYTES: usize = 520;

const FOLDERS: [Part; 5] = [
    Part::PatientHead,
    Part::PatientMiddle,
    Part::PatientFolder,
    Part::DateFolder,
    Part::KindFolder,
];

/// A piece of the path and where it stands.
#[derive(Clone, Copy)]
struct Piece<'p> {
    text: &'p str,
    at: usize,
}

impl Piece<'_> {
    const fn span(&self) -> Span {
        Span {
            start: self.at,
            end: self.at + self.text.len(),
        }
    }

    const fn wrong(&self, part: Part, rule: &'static str) -> NameError {
        NameError::Rule {
            part,
            rule,
            span: self.span(),
        }
    }
}

/// Reads a path below the root, its parts divided by `/`.
///
/// # Errors
/// The first part that is wrong, by the guideline's name for it. Refused are a path that leads out of the root
/// or that another system would read so, another depth, a name of other parts, and folders that say
/// something else than the name.
pub fn decode_path(path: &str) -> Result<Entry, NameError> {
    stays_inside(path)?;
    let pieces = split(Piece { text: path, at: 0 }, '/');
    let [head, middle, patient, date, kind, name] = pieces.as_slice() else {
        let span = Span {
            start: 0,
            end: path.len(),
        };
        return Err(NameError::Depth {
            found: pieces.len(),
            span,
        });
    };
    let entry = named(*name)?;
    let folder = entry.folder();
    for ((said, part), meant) in [head, middle, patient, date, kind]
        .into_iter()
        .zip(FOLDERS)
        .zip(folder.split('/'))
    {
        if said.text != meant {
            return Err(NameError::Disagrees {
                part,
                span: said.span(),
            });
        }
    }
    Ok(entry)
}

/// Reads a file's name alone.
///
/// # Errors
/// As [`decode_path`].
pub fn decode_name(name: &str) -> Result<Entry, NameError> {
    stays_inside(name)?;
    if let Some(at) = name.find('/') {
        let span = Span {
            start: at,
            end: at + 1,
        };
        return Err(NameError::Rule {
            part: Part::FileName,
            rule: "フォルダの区切りがあります / a folder inside a name",
            span,
        });
    }
    named(Piece { text: name, at: 0 })
}

/// Nothing that Linux or Windows would follow out of the root.
fn stays_inside(path: &str) -> Result<(), NameError> {
    let outside = |what, start, end| NameError::Outside {
        part: Part::Path,
        what,
        span: Span { start, end },
    };
    if path.len() > PATH_BYTES {
        let span = Span {
            start: PATH_BYTES,
            end: path.len(),
        };
        return Err(NameError::Rule {
            part: Part::Path,
            rule: "長すぎます(最大520バイト) / longer than 520 bytes",
            span,
        });
    }
    if path.starts_with('/') {
        return Err(outside("/", 0, 1));
    }
    if let Some((at, c)) = path
        .char_indices()
        .find(|(_, c)| c.is_control() || matches!(c, '\\' | ':'))
    {
        let what = match c {
            '\\' => "\\",
            ':' => ":",
            _ => "制御文字 / a control character",
        };
        return Err(outside(what, at, at + c.len_utf8()));
    }
    let whole = Piece { text: path, at: 0 };
    for piece in split(whole, '/') {
        match piece.text {
            ".." => return Err(outside("..", piece.at, piece.at + 2)),
            "." => return Err(outside(".", piece.at, piece.at + 1)),
            "" => return Err(outside("空の階層 / an empty level", piece.at, piece.at)),
            _ => {}
        }
    }
    Ok(())
}

fn split(whole: Piece<'_>, by: char) -> Vec<Piece<'_>> {
    let mut at = whole.at;
    let mut pieces = Vec::new();
    for text in whole.text.split(by) {
        pieces.push(Piece { text, at });
        at += text.len() + by.len_utf8();
    }
    pieces
}

fn named(name: Piece<'_>) -> Result<Entry, NameError> {
    let temporary = name.text.starts_with(['.', '~'])
        || [".tmp", ".part", ".partial", ".filepart", "~"]
            .iter()
            .any(|end| name.text.ends_with(end));
    if temporary {
        return Err(NameError::Temporary { span: name.span() });
    }
    let parts = split(name, '_');
    let [patient, date, kind, order, stamp, department, condition] = parts.as_slice() else {
        return Err(NameError::Parts {
            found: parts.len(),
            span: name.span(),
        });
    };
    let rule = "データ種別表にない種別です / not a kind of the standardised storage";
    Ok(Entry {
        key: Key {
            patient: letters(
                *patient,
                Part::Patient,
                6..=15,
                "半角英数字6～15桁です / 6 to 15 letters or digits",
            )?,
            date: day(*date)?,
            kind: DataKind::of(kind.text).ok_or_else(|| kind.wrong(Part::Kind, rule))?,
            order: letters(
                *order,
                Part::Order,
                1..=15,
                "半角英数字15桁までです / 1 to 15 letters or digits",
            )?,
        },
        stamp: time(*stamp)?,
        department: unit(*department)?,
        condition: Condition::of(condition.text)
            .ok_or_else(|| condition.wrong(Part::Condition, "0か1か2です / 0, 1 or 2"))?,
    })
}

fn letters(
    piece: Piece<'_>,
    part: Part,
    length: std::ops::RangeInclusive<usize>,
    rule: &'static str,
) -> Result<String, NameError> {
    let fits = length.contains(&piece.text.len())
        && piece.text.bytes().all(|byte| byte.is_ascii_alphanumeric());
    if fits {
        Ok(piece.text.to_owned())
    } else {
        Err(piece.wrong(part, rule))
    }
}

fn unit(piece: Piece<'_>) -> Result<Option<String>, NameError> {
    if piece.text == "-" {
        return Ok(None);
    }
    let rule = "半角英数字5桁までか-です / 1 to 5 letters or digits, or -";
    letters(piece, Part::Department, 1..=5, rule).map(Some)
}

fn day(piece: Piece<'_>) -> Result<Option<String>, NameError> {
    if piece.text == "-" {
        return Ok(None);
    }
    if is_digits(piece.text, 8) && is_day(piece.text) {
        return Ok(Some(piece.text.to_owned()));
    }
    Err(piece.wrong(
        Part::Date,
        "実在する日付YYYYMMDDか-です / a day as YYYYMMDD, or -",
    ))
}

fn time(piece: Piece<'_>) -> Result<String, NameError> {
    let number = |from: usize, to: usize| {
        piece
            .text
            .get(from..to)
            .and_then(|text| text.parse::<u8>().ok())
    };
    let fits = is_digits(piece.text, 17)
        && is_day(piece.text)
        && number(8, 10).is_some_and(|hour| hour < 24)
        && number(10, 12).is_some_and(|minute| minute < 60)
        && number(12, 14).is_some_and(|second| second < 60);
    if fits {
        return Ok(piece.text.to_owned());
    }
    Err(piece.wrong(
        Part::Stamp,
        "実在する日時YYYYMMDDHHMMSSfff(17桁)です / a time as YYYYMMDDHHMMSSfff, 17 digits",
    ))
}

fn is_digits(text: &str, length: usize) -> bool {
    text.len() == length && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Whether the first eight digits are a day of the calendar.
fn is_day(text: &str) -> bool {
    let number =
        |from: usize, to: usize| text.get(from..to).and_then(|text| text.parse::<u16>().ok());
    let (Some(year), Some(month), Some(day)) = (number(0, 4), number(4, 6), number(6, 8)) else {
        return false;
    };
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days = match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        _ => return false,
    };
    year >= 1868 && (1..=days).contains(&day)
}
