//! Bytes to lines: what a vendor's engineer has open in his editor counts lines.

/// A line count is kept for every so many bytes.
const BLOCK: usize = 512;

/// Where lines begin; a line ends in CR, LF or CR LF. For HL7 a line is a segment.
pub(super) struct Lines<'b> {
    bytes: &'b [u8],
    /// How many line ends stand before each block.
    before: Vec<usize>,
}

impl<'b> Lines<'b> {
    pub(super) fn of(bytes: &'b [u8]) -> Self {
        let mut before = vec![0];
        let mut count = 0;
        for (at, block) in bytes.chunks(BLOCK).enumerate() {
            count += ends(bytes, at * BLOCK, at * BLOCK + block.len());
            before.push(count);
        }
        Self { bytes, before }
    }

    /// The line of a byte, from 1.
    pub(super) fn of_byte(&self, at: usize) -> usize {
        let at = at.min(self.bytes.len());
        let block = at / BLOCK;
        let before = self.before.get(block).copied().unwrap_or_default();
        1 + before + ends(self.bytes, block * BLOCK, at)
    }
}

/// Line ends whose last byte stands in a range.
fn ends(bytes: &[u8], start: usize, end: usize) -> usize {
    let is_end = |at: &usize| match bytes.get(*at) {
        Some(b'\n') => true,
        Some(b'\r') => bytes.get(*at + 1) != Some(&b'\n'),
        _ => false,
    };
    (start..end).filter(is_end).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_counted_as_editors_do() {
        let lines = Lines::of(b"a\r\nb\rc\n\nd");
        let numbers: Vec<usize> = (0..=9).map(|at| lines.of_byte(at)).collect();
        assert_eq!(numbers, [1, 1, 1, 2, 2, 3, 3, 4, 5, 5]);
        let long = b"x\r\n".repeat(5_000);
        let lines = Lines::of(&long);
        for at in (0..long.len()).step_by(997) {
            assert_eq!(lines.of_byte(at), 1 + at / 3);
        }
        assert_eq!(lines.of_byte(usize::MAX), 5_001);
    }
}
