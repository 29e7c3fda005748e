//! Where in a message a byte stands, by reading its bytes as far as they can be read: for errors that
//! come before splitting, and for answers to messages that cannot be split.

use super::delimiter::Delimiters;
use super::place::{Place, SegmentName};

const ESC: u8 = 0x1b;

/// The segment and field of the byte `at`. Double-byte characters of ISO 2022 are stepped over; in other
/// charsets a byte of a kanji may count as a separator.
pub(super) fn of(content: &[u8], at: usize, delimiters: Option<Delimiters>) -> Option<Place> {
    let before = content.get(..at.min(content.len()))?;
    let start = before
        .iter()
        .rposition(|byte| matches!(byte, b'\r' | b'\n'))
        .map_or(0, |end| end + 1);
    let name = SegmentName::read(content.get(start..)?)?;
    let lines = before.split(|byte| matches!(byte, b'\r' | b'\n'));
    let same = lines
        .filter(|line| SegmentName::read(line) == Some(name))
        .count();
    // The line of the byte itself is among them once it is three bytes long.
    let sequence = same + usize::from(at < start + 3);
    let mut place = Place::segment(name, sequence.max(1));
    let field = match delimiters {
        Some(delimiters) => delimiters.field,
        None => content.get(3).copied()?,
    };
    let own = before.get(start..).unwrap_or_default();
    let passed = separators(own, field);
    if passed > 0 {
        let header = usize::from(name == SegmentName::MSH);
        place.field = Some(passed + header);
    }
    Some(place)
}

/// How many separators stand in a line, those inside double-byte characters not counted.
fn separators(line: &[u8], separator: u8) -> usize {
    let (mut count, mut double, mut at) = (0, false, 0);
    while let Some(&byte) = line.get(at) {
        if byte == ESC {
            double = line.get(at + 1) == Some(&b'$');
        } else if byte == separator && !double {
            count += 1;
        }
        at += 1;
    }
    count
}
