//! The bytes that a finding is about, as a line of hexadecimal digits with a caret below each.

use std::ops::Range;

use renkei_model::message::Span;

/// Bytes on a line.
const WIDTH: usize = 16;
/// So many bytes are shown before the first one that is meant.
const BEFORE: usize = 6;

/// A line of bytes and the line that marks those that are meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct HexLines {
    /// `000000d0  50 49 44 …  |PID…|`
    pub bytes: String,
    /// `               ^^ ^^`
    pub marks: String,
}

/// The bytes around the start of a span. An empty span marks the byte that it stands before; at the end of the
/// file, the place behind the last one. `None` for an empty file.
pub(super) fn lines(bytes: &[u8], span: Span) -> Option<HexLines> {
    let at = span.start.min(bytes.len());
    line(bytes, at.saturating_sub(BEFORE), at..span.end.max(at + 1))
}

fn line(bytes: &[u8], start: usize, meant: Range<usize>) -> Option<HexLines> {
    let window = bytes.get(start..).filter(|window| !window.is_empty())?;
    let (mut digits, mut marks, mut text) = (String::new(), String::new(), String::new());
    for place in start..start + WIDTH {
        let byte = window.get(place - start);
        // The end of the file is meant by a span that begins there.
        let is_marked = meant.contains(&place) && (byte.is_some() || place == meant.start);
        marks.push_str(if is_marked { "^^ " } else { "   " });
        match byte {
            Some(byte) => {
                digits.push_str(&format!("{byte:02x} "));
                let plain = matches!(byte, b' '..=b'~');
                text.push(if plain { char::from(*byte) } else { '.' });
            }
            None => digits.push_str("   "),
        }
    }
    let head = format!("{start:08x}  ");
    Some(HexLines {
        bytes: format!("{head}{digits} |{text}|"),
        marks: format!("{}{}", " ".repeat(head.len()), marks.trim_end()),
    })
}

/// The first bytes of a file.
pub(super) fn head(bytes: &[u8], most: usize) -> Vec<String> {
    let shown = bytes.get(..most).unwrap_or(bytes);
    let rows = (0..shown.len()).step_by(WIDTH);
    let rows = rows.filter_map(|start| line(bytes, start, start..start));
    rows.map(|line| line.bytes).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(bytes: &[u8], start: usize, end: usize) -> String {
        let lines = lines(bytes, Span { start, end }).unwrap();
        format!("{}\n{}", lines.bytes, lines.marks)
    }

    #[test]
    fn carets_stand_below_what_is_meant() {
        assert_eq!(
            shown(b"MSH|^~\\&|HIS|\x1b$B2M\x1b(B|", 9, 12),
            "00000003  7c 5e 7e 5c 26 7c 48 49 53 7c 1b 24 42 32 4d 1b  ||^~\\&|HIS|.$B2M.|\n\
             \x20                           ^^ ^^ ^^"
        );
        assert_eq!(
            shown(b"ab", 2, 2),
            "00000000  61 62                                            |ab|\n\
             \x20               ^^"
        );
        assert_eq!(shown(b"ab", 0, 0).lines().nth(1), Some("          ^^"));
        assert_eq!(
            shown(b"ab", 900, 901).lines().nth(1),
            Some("                ^^")
        );
        assert_eq!(lines(b"", Span::default()), None);
    }
}
