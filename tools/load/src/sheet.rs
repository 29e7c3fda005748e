//! A file of slips, as the network's system exports them.

use crate::caller::Caller;
use crate::slip::{Form, Values};
use crate::target::Person;

/// The media type of [`csv`].
pub const CONTENT_TYPE: &str = "text/csv; charset=utf-8";

/// A header and `lines` slips of one sender, every cell in quotes.
pub fn csv(form: &Form, people: &[Person], sender: &Caller, first: u64, lines: u64) -> Vec<u8> {
    let mut file = Vec::new();
    row(&form.columns(), &mut file);
    for serial in 0..lines {
        row(
            &form.cells(&Values::of(people, sender, first, serial)),
            &mut file,
        );
    }
    file
}

fn row(cells: &[String], file: &mut Vec<u8>) {
    for (at, cell) in cells.iter().enumerate() {
        file.extend_from_slice(if at == 0 { b"\"" } else { b",\"" });
        // Within a cell, FileMaker writes a line break as a vertical tab.
        let cell = cell.replace('"', "\"\"").replace('\r', "\u{b}");
        file.extend_from_slice(cell.as_bytes());
        file.push(b'"');
    }
    file.extend_from_slice(b"\r\n");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_quoted() {
        let mut file = Vec::new();
        row(&["a".to_owned(), "b\"c\rd".to_owned()], &mut file);
        assert_eq!(file, "\"a\",\"b\"\"c\u{b}d\"\r\n".as_bytes());
    }
}
