//! What is wrong with a message, and what was odd about one that was read.

use renkei_model::message::{Fault, FaultKind, Span};

use super::place::Place;
use crate::charset::{CharsetFault, CharsetNote, LabelError, Lacking};

/// Why a message is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{rule}")]
pub struct DecodeError {
    /// The place in the sender's terms; `None` where the message is not split yet.
    pub place: Option<Box<Place>>,
    /// The bytes in the original message.
    pub span: Span,
    /// The rule that was broken.
    pub rule: Rule,
}

/// The rules whose breach refuses a message.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Rule {
    /// No bytes, or nothing but frame bytes and line ends.
    #[error("電文が空です / the message is empty")]
    Empty,
    /// Longer than the limit.
    #[error("電文は{0}バイトまでです / a message has at most {0} bytes")]
    TooBig(usize),
    /// More segments than the limit.
    #[error("セグメントは{0}個までです / a message has at most {0} segments")]
    TooManySegments(usize),
    /// More values than the limit.
    #[error("値は{0}個までです / a message has at most {0} values")]
    TooManyValues(usize),
    /// The first segment is another.
    #[error("電文はMSHセグメントで始まります({0}) / a message begins with MSH, not with {0}")]
    MshNotFirst(&'static str),
    /// MSH-1 and MSH-2 do not say how to split.
    #[error(
        "MSH-1・MSH-2の区切り文字が使えません / the separators of MSH-1 and MSH-2 are unusable: one to five different ASCII punctuation marks"
    )]
    Delimiters,
    /// MSH-18 or MSH-20.
    #[error(transparent)]
    Label(#[from] LabelError),
    /// MSH-18 is another field once the header is read in the charset that it names.
    #[error(
        "MSH-18が指定する文字コードで読むとMSHの項目がずれます / read in the charset that MSH-18 names, the header's fields are others"
    )]
    LabelMoved,
    /// Bytes that are not of the charset.
    #[error(transparent)]
    Charset(#[from] CharsetFault),
    /// A second MSH with fields: several messages, each of which has to be sent by itself.
    #[error(
        "MSHが2つあります。電文は1つずつ送ってください / a second MSH: send messages one by one"
    )]
    SecondHeader,
    /// A line that does not begin with a segment's name.
    #[error(
        "セグメントは英大文字・数字3文字の名前で始まります / a segment begins with a name of three capital letters or digits"
    )]
    SegmentName,
    /// A field that every message has.
    #[error("{0}は必須です / {0} is required")]
    Required(&'static str),
}

impl DecodeError {
    /// The refusal as the corridors tell it.
    #[must_use]
    pub fn fault(&self) -> Fault {
        let kind = match self.rule {
            Rule::TooBig(_) | Rule::TooManySegments(_) | Rule::TooManyValues(_) => {
                FaultKind::TooMuch
            }
            Rule::Required(_) => FaultKind::Required,
            Rule::Label(_) => FaultKind::Code,
            _ => FaultKind::Structure,
        };
        Fault {
            field: self
                .place
                .as_ref()
                .map(ToString::to_string)
                .unwrap_or_default(),
            rule: format!("{} (byte {})", self.rule, self.span.start),
            span: Some(self.span),
            kind,
        }
    }
}

/// Something odd that was read without guessing. What is written again has it in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Note {
    /// What.
    pub kind: NoteKind,
    /// Where it stands first, in the original message.
    pub span: Span,
}

/// The oddities; also the list of what re-encoding changes (`docs/wire.md`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum NoteKind {
    /// About the charset.
    Charset(CharsetNote),
    /// A byte order mark of UTF-8 before MSH; left out.
    ByteOrderMark,
    /// Bytes of an MLLP frame around the message (0B before, 1C behind); left out. SS-MIX2 files end so.
    FrameBytes,
    /// Segments end in LF or CR LF; written as CR.
    LineFeed,
    /// Lines without a segment; left out.
    BlankLine,
    /// The last segment is not ended; written with its CR.
    NoLastReturn,
    /// An escape character that opens no escape; kept as it stands.
    LoneEscape,
    /// An escape of no known kind; kept as it stands.
    UnknownEscape,
    /// A control character other than tab inside a value; kept, written as it stands.
    ControlCharacter,
}

impl NoteKind {
    /// In plain Japanese and English.
    #[must_use]
    pub const fn text(self) -> &'static str {
        match self {
            Self::Charset(note) => charset_text(note),
            Self::ByteOrderMark => "先頭にBOMがあります / a byte order mark before MSH",
            Self::FrameBytes => {
                "電文の前後にMLLPの枠(0B・1C)が残っています / bytes of an MLLP frame (0B, 1C) around the message"
            }
            Self::LineFeed => {
                "セグメントの終わりがCRではありません / segments end in LF or CR LF instead of CR"
            }
            Self::BlankLine => "空行があります / blank lines",
            Self::NoLastReturn => {
                "最後のセグメントがCRで終わっていません / the last segment does not end in CR"
            }
            Self::LoneEscape => {
                "対になっていないエスケープ文字があります / an escape character that opens no escape"
            }
            Self::UnknownEscape => {
                "知られていないエスケープがあります / an escape of no known kind"
            }
            Self::ControlCharacter => "値に制御文字があります / a control character inside a value",
        }
    }
}

const fn charset_text(note: CharsetNote) -> &'static str {
    match note {
        CharsetNote::Undeclared => {
            "MSH-18・MSH-20にない文字集合への切り替えがあります / a switch to a charset that MSH-18 and MSH-20 do not name"
        }
        CharsetNote::VendorRow => {
            "JIS X 0208にない機種依存文字があります(NEC・IBM拡張) / characters of the vendors' rows, not in JIS X 0208"
        }
        CharsetNote::Set1978 => {
            "ESC $ @(JIS C 6226-1978)があります / ESC $ @, the set of 1978, read as that of 1983"
        }
        CharsetNote::Roman => "ESC ( J(JIS X 0201ローマ字)があります / ESC ( J, JIS X 0201 Roman",
        CharsetNote::EightBitKana => {
            "8ビットの半角カナがあります / half-width kana as bytes above 7F"
        }
        CharsetNote::IdleEscape => {
            "何も変えないエスケープシーケンスがあります / an escape sequence that changes nothing"
        }
        CharsetNote::SpaceBetween => {
            "2バイト文字の間に1バイトの空白があります / a single-byte space between double-byte characters"
        }
        CharsetNote::OwnCharacter => "外字があります / characters that the sender made itself",
    }
}

/// Why a message cannot be written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EncodeError {
    /// Characters that the charset lacks.
    #[error("{}: {}", .0.first().map(|(place, _)| place.to_string()).unwrap_or_default(), .0.first().map(|(_, lacking)| lacking.to_string()).unwrap_or_default())]
    Lacking(Vec<(Place, Lacking)>),
    /// A value needs a separator that the message does not declare.
    #[error("{0}: MSH-2に必要な区切り文字がありません / MSH-2 declares too few separators")]
    NoSeparator(Place),
    /// A value needs an escape that MSH-2 gives no character for.
    #[error("{0}: MSH-2にエスケープ文字がありません / MSH-2 declares no escape character")]
    NoEscape(Place),
    /// The first segment is not MSH, or there is none.
    #[error("電文はMSHセグメントで始まります / a message begins with MSH")]
    MshNotFirst,
    /// MSH-18 and MSH-20 name another charset than the message is written in.
    #[error("MSH-18・MSH-20が文字コードと合いません / MSH-18 and MSH-20 name another charset")]
    Label,
    /// A node of a record that names no place of a segment.
    #[error("{0}: PID-3.1のような名前ではありません / no name such as PID-3.1")]
    Name(String),
    /// A formatting command that cannot stand in an escape.
    #[error(
        "{0}: エスケープに使えない文字です / a formatting command with a separator or control character in it"
    )]
    Command(Place),
}
