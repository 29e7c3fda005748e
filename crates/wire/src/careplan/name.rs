//! File names: `UP1KYO_送信元事業所番号_送信先事業所番号_YYYYMMDDHHMMSS.CSV`.

use super::layout::Table;

/// What a file is, by the first part of its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileKind {
    /// A table that is read here.
    Table(Table),
    /// A file of the standard that is not read here: 第6表, 第7表, results and deletions.
    Other(&'static str),
}

/// A file's name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileName {
    /// What it is.
    pub kind: FileKind,
    /// 対象年月 `YYYYMM`, or `000000`, where the kind has one.
    pub month: Option<String>,
    /// 送信元事業所番号.
    pub from: String,
    /// 送信先事業所番号.
    pub to: String,
    /// 連番: `YYYYMMDDHHMMSS`. Files of one sending have the same; they are taken in its order.
    pub stamp: String,
}

/// Why a name is none of the standard.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FileNameError {
    /// It does not end in `.CSV`.
    #[error("ファイル名 / file name: 拡張子が.CSVではありません / does not end in .CSV")]
    Ending,
    /// Its first part is none that the standard has.
    #[error(
        "ファイル名 / file name: ファイル種別(UP1KYOなど)が正しくありません / an unknown kind of file"
    )]
    Kind,
    /// It has not the parts of its kind.
    #[error(
        "ファイル名 / file name: _で区切られた部分が{found}個です({expected}個のはず) / {found} parts between underscores, not {expected}"
    )]
    Parts {
        /// How many it has.
        found: usize,
        /// How many its kind has.
        expected: usize,
    },
    /// A part breaks its rule.
    #[error("ファイル名 / file name: {part}が正しくありません / {part} is wrong")]
    Part {
        /// Which.
        part: &'static str,
    },
}

/// The kinds: what the name begins with, the kind, and whether a month follows.
const KINDS: [(&str, FileKind, bool); 9] = [
    ("UP1KYO", FileKind::Table(Table::Plan1), false),
    ("UP2KYO", FileKind::Table(Table::Plan2), false),
    ("UP3KYO", FileKind::Table(Table::Plan3), false),
    ("UPHOSOKU", FileKind::Table(Table::Supplement), true),
    ("UPPLAN", FileKind::Other("UPPLAN"), true),
    ("UPJSK", FileKind::Other("UPJSK"), true),
    ("DLT1KYO", FileKind::Other("DLT1KYO"), false),
    ("DLTPLAN", FileKind::Other("DLTPLAN"), true),
    ("DLTJSK", FileKind::Other("DLTJSK"), true),
];

impl FileKind {
    /// The kind that a name's first part says, whatever is wrong with its other parts.
    #[must_use]
    pub fn of_name(name: &str) -> Option<Self> {
        let (first, _) = name.split_once('_')?;
        let kind = KINDS.iter().find(|(word, ..)| *word == first);
        kind.map(|(_, kind, _)| *kind)
    }
}

impl FileName {
    /// Reads a name.
    ///
    /// # Errors
    /// The first part that is wrong.
    pub fn decode(name: &str) -> Result<Self, FileNameError> {
        let stem = name.split_at_checked(name.len().saturating_sub(4));
        let stem = stem.filter(|(_, ending)| ending.eq_ignore_ascii_case(".csv"));
        let (stem, _) = stem.ok_or(FileNameError::Ending)?;
        let parts: Vec<&str> = stem.split('_').collect();
        let first = parts.first().copied().unwrap_or_default();
        let kind = KINDS.iter().find(|(word, ..)| *word == first);
        let (_, kind, has_month) = kind.ok_or(FileNameError::Kind)?;
        let expected = if *has_month { 5 } else { 4 };
        if parts.len() != expected {
            let found = parts.len();
            return Err(FileNameError::Parts { found, expected });
        }
        let digits = |text: &str, length: usize| {
            text.len() == length && text.bytes().all(|byte| byte.is_ascii_digit())
        };
        let office =
            |text: &str| text.len() == 10 && text.bytes().all(|byte| byte.is_ascii_alphanumeric());
        let mut rest = parts.into_iter().skip(1);
        let mut take = |part: &'static str, fits: &dyn Fn(&str) -> bool| {
            let text = rest.next().filter(|text| fits(text));
            text.map(str::to_owned).ok_or(FileNameError::Part { part })
        };
        let month = match has_month {
            true => Some(take("対象年月", &|text| digits(text, 6))?),
            false => None,
        };
        Ok(Self {
            kind: *kind,
            month,
            from: take("送信元事業所番号", &office)?,
            to: take("送信先事業所番号", &office)?,
            stamp: take("日時(14桁)", &|text| digits(text, 14))?,
        })
    }

    /// The name.
    #[must_use]
    pub fn encode(&self) -> String {
        let word = KINDS
            .iter()
            .find(|(_, kind, _)| *kind == self.kind)
            .map_or("", |(word, ..)| word);
        let month = self
            .month
            .as_ref()
            .map_or_else(String::new, |month| format!("{month}_"));
        format!("{word}_{month}{}_{}_{}.CSV", self.from, self.to, self.stamp)
    }

    /// Whether both are parts of one sending.
    #[must_use]
    pub fn is_sent_with(&self, other: &Self) -> bool {
        self.from == other.from && self.to == other.to && self.stamp == other.stamp
    }
}
