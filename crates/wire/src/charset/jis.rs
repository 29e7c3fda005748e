//! The double-byte sets JIS X 0208 and JIS X 0212, as tables of 94 rows of 94 cells.
//!
//! The tables are those of `encoding_rs`, read out once through EUC-JP, which has both sets. Its JIS X 0208
//! has more than the standard: NEC's characters in row 13 and NEC's copy of IBM's in rows 89–92, which
//! Japanese systems send and read. [`is_vendor_row`] tells them apart.

use std::sync::LazyLock;

use encoding_rs::EUC_JP;

const CELLS: usize = 94;
const FIRST: u8 = 0x21;
const LAST: u8 = 0x7e;

/// JIS X 0208 (ISO IR87), with the rows of the vendors.
pub static KANJI: LazyLock<Table> = LazyLock::new(|| Table::read(&[]));
/// JIS X 0212 (ISO IR159), the supplementary kanji (補助漢字).
pub static SUPPLEMENT: LazyLock<Table> = LazyLock::new(|| Table::read(&[0x8f]));

/// A double-byte set, both ways.
#[derive(Debug)]
pub struct Table {
    /// By row and cell; 0 where there is no character. All characters are below U+10000.
    chars: Vec<u16>,
    /// Code of each character below U+10000 in rows of 256, empty rows left out; 0 where there is none.
    codes: Vec<Option<Box<[u16; 256]>>>,
}

impl Table {
    fn read(prefix: &[u8]) -> Self {
        let mut table = Self {
            chars: Vec::with_capacity(CELLS * CELLS),
            codes: (0..256).map(|_| None).collect(),
        };
        for (row, cell) in
            (FIRST..=LAST).flat_map(|row| (FIRST..=LAST).map(move |cell| (row, cell)))
        {
            let bytes = [prefix, &[row | 0x80, cell | 0x80]].concat();
            let c = EUC_JP
                .decode_without_bom_handling_and_without_replacement(&bytes)
                .and_then(|text| text.chars().next())
                .and_then(|c| u16::try_from(u32::from(c)).ok());
            table.chars.push(c.unwrap_or(0));
            if let Some(c) = c {
                table.note_code(c, u16::from_be_bytes([row, cell]));
            }
        }
        table
    }

    /// The first code of a character is the standard's; the vendors' copies come later.
    fn note_code(&mut self, c: u16, code: u16) {
        let [high, low] = c.to_be_bytes();
        if let Some(row) = self.codes.get_mut(usize::from(high)) {
            let row = row.get_or_insert_with(|| Box::new([0; 256]));
            if let Some(slot) = row.get_mut(usize::from(low))
                && *slot == 0
            {
                *slot = code;
            }
        }
    }

    /// The character of two bytes in 7-bit form; `None` where the set has none.
    #[inline]
    #[must_use]
    pub fn decode(&self, first: u8, second: u8) -> Option<char> {
        let (row, cell) = (first.wrapping_sub(FIRST), second.wrapping_sub(FIRST));
        if usize::from(cell) >= CELLS {
            return None;
        }
        let at = usize::from(row) * CELLS + usize::from(cell);
        match self.chars.get(at).copied() {
            None | Some(0) => None,
            Some(c) => char::from_u32(u32::from(c)),
        }
    }

    /// The two bytes of a character in 7-bit form; `None` where the set has it not.
    #[must_use]
    pub fn encode(&self, c: char) -> Option<[u8; 2]> {
        let [high, low] = u16::try_from(u32::from(c)).ok()?.to_be_bytes();
        let row = self.codes.get(usize::from(high))?.as_ref()?;
        match row.get(usize::from(low)).copied() {
            None | Some(0) => None,
            Some(code) => Some(code.to_be_bytes()),
        }
    }
}

/// Whether a row of the table [`KANJI`] is none of JIS X 0208: 9–15 and 85–94.
#[must_use]
pub const fn is_vendor_row(first: u8) -> bool {
    matches!(first, 0x29..=0x2f | 0x75..)
}

/// The code that the table has for a character which Unicode writes in two ways. JIS's own mapping and
/// that of Windows differ in seven characters; both name the same code.
#[must_use]
pub const fn same_code(c: char) -> char {
    match c {
        '\u{301c}' => '\u{ff5e}',
        '\u{2016}' => '\u{2225}',
        '\u{2212}' => '\u{ff0d}',
        '\u{2014}' => '\u{2015}',
        '\u{a2}' => '\u{ffe0}',
        '\u{a3}' => '\u{ffe1}',
        '\u{ac}' => '\u{ffe2}',
        _ => c,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tables_are_those_of_the_standards() {
        let count = |table: &Table, standard: bool| {
            let rows = (FIRST..=LAST).filter(|row| !standard || !is_vendor_row(*row));
            rows.flat_map(|row| (FIRST..=LAST).map(move |cell| (row, cell)))
                .filter(|(row, cell)| table.decode(*row, *cell).is_some())
                .count()
        };
        // JIS X 0208:1997: 6,879 characters. JIS X 0212:1990: 6,067.
        assert_eq!(count(&KANJI, true), 6_879);
        assert_eq!(count(&SUPPLEMENT, false), 6_067);
        assert_eq!(KANJI.decode(0x30, 0x21), Some('亜'));
        assert_eq!(KANJI.decode(0x2d, 0x21), Some('①'));
        assert_eq!(SUPPLEMENT.decode(0x30, 0x21), Some('丂'));
        for (first, second) in [
            (0x20, 0x21),
            (0x21, 0x20),
            (0x7f, 0x21),
            (0x21, 0x7f),
            (0xff, 0xff),
        ] {
            assert_eq!(KANJI.decode(first, second), None);
        }
    }

    #[test]
    fn no_character_of_the_tables_is_ascii_and_each_comes_back() {
        for table in [&*KANJI, &*SUPPLEMENT] {
            for (row, cell) in
                (FIRST..=LAST).flat_map(|row| (FIRST..=LAST).map(move |cell| (row, cell)))
            {
                let Some(c) = table.decode(row, cell) else {
                    continue;
                };
                assert!(!c.is_ascii());
                let [first, second] = table.encode(c).unwrap();
                assert_eq!(table.decode(first, second), Some(c));
                assert!(is_vendor_row(row) || [first, second] == [row, cell], "{c}");
            }
        }
    }
}
