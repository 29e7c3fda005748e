//! What is wrong with a message's bytes as text.

use renkei_model::message::Span;

/// Bytes that are not of the declared charset, or not readable without guessing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{kind}")]
pub struct CharsetError {
    /// The bytes in the original message.
    pub span: Span,
    /// What is wrong.
    pub kind: CharsetFault,
}

/// What can be wrong with bytes as text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CharsetFault {
    /// Bytes of another charset than declared.
    #[error(
        "文字コードは{declared}ですが、内容は{found}です / declared as {declared}, but the bytes are {found}"
    )]
    Contradicted {
        /// What MSH-18 says.
        declared: &'static str,
        /// What the bytes read as.
        found: &'static str,
    },
    /// An escape sequence of a set that we do not read, or of none.
    #[error("読めないエスケープシーケンスです / an escape sequence of no charset that we read")]
    UnknownEscape,
    /// A segment, or a delimiter, inside a set in which it cannot stand: the way back to ASCII is missing.
    #[error(
        "ASCIIに戻らないままセグメントまたは項目が終わっています(ESC ( B がありません) / a segment or field ends without the escape sequence back to ASCII"
    )]
    NotClosed,
    /// A double-byte character of which a byte is missing or out of range.
    #[error("2バイト文字の片方が欠けています / half of a double-byte character")]
    Half,
    /// Two bytes in a row and cell (区点) where the set has no character.
    #[error(
        "区点{row:02}-{cell:02}の文字は{set}にありません(外字) / row {row}, cell {cell} is no character of {set}"
    )]
    Unassigned {
        /// The set.
        set: &'static str,
        /// Row (区), from 1.
        row: u8,
        /// Cell (点), from 1.
        cell: u8,
    },
    /// A byte that no text has: NUL, or one of MLLP's frame bytes.
    #[error("制御文字{0:02X}は送れません / a control byte {0:02X} inside the message")]
    Control(u8),
}

/// Something odd about the charset that was read without guessing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum CharsetNote {
    /// An escape sequence of a set that MSH-18 does not name.
    Undeclared,
    /// A character of the vendors' rows of JIS X 0208.
    VendorRow,
    /// `ESC $ @`: the set of 1978, read by the table of 1983.
    Set1978,
    /// `ESC ( J`: JIS X 0201 Roman.
    Roman,
    /// Half-width kana as bytes above 7F.
    EightBitKana,
    /// An escape sequence that changes nothing.
    IdleEscape,
    /// A space between double-byte characters.
    SpaceBetween,
    /// A character that the sender made itself (外字, MS932 F040–F9FC), read as U+E000–U+E757.
    OwnCharacter,
}

/// A character that the charset does not have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("この文字は{charset}にありません / U+{:04X} is not in {charset}", u32::from(*.character))]
pub struct Lacking {
    /// The character.
    pub character: char,
    /// Where it stands: byte of the text that was to be written.
    pub at: usize,
    /// The charset.
    pub charset: &'static str,
}
