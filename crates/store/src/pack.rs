//! Long texts are kept small: LZ4 block with its length before it. What is read is what was written, to
//! the letter. Short ones stay text, and so do the rows of older schemas.

use crate::fault::{StoreError, inconsistent};
use crate::sql::Reader;

/// Documents are packed, single resources are not: they are read one by one, and hardly get smaller.
const DOCUMENT_BYTES: usize = 4 * 1024;
/// Answers and lineage are read seldom.
const SELDOM_BYTES: usize = 1024;

/// The most that a packed text can have been. Whoever damages a row does not make us ask for more.
const UNPACKED_MAX: usize = 256 * 1024 * 1024;

/// A text as two columns hold it: as it is, or empty and packed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Kept {
    pub(crate) text: String,
    pub(crate) packed: Option<Vec<u8>>,
}

impl Kept {
    /// A resource's text.
    #[must_use]
    pub fn resource(text: String) -> Self {
        pack(text, DOCUMENT_BYTES)
    }

    /// A text that is hardly ever read again.
    #[must_use]
    pub fn seldom_read(text: String) -> Self {
        pack(text, SELDOM_BYTES)
    }
}

/// A text of at least so many bytes is packed, if that makes it shorter.
fn pack(text: String, from: usize) -> Kept {
    if text.len() >= from && text.len() <= UNPACKED_MAX {
        let packed = lz4_flex::compress_prepend_size(text.as_bytes());
        if packed.len() < text.len() {
            return Kept {
                text: String::new(),
                packed: Some(packed),
            };
        }
    }
    Kept { text, packed: None }
}

/// A text that may have been packed: `packed` is the column beside it.
pub(crate) fn text_of(
    row: &Reader<'_>,
    text: &'static str,
    packed: &'static str,
) -> Result<String, StoreError> {
    match row.bytes_or_null(packed)? {
        None => row.text(text),
        Some(bytes) => unpack(&bytes).ok_or_else(|| inconsistent("packed", text)),
    }
}

fn unpack(packed: &[u8]) -> Option<String> {
    let length = packed
        .first_chunk()
        .map(|length| u32::from_le_bytes(*length))?;
    if usize::try_from(length).ok()? > UNPACKED_MAX {
        return None;
    }
    String::from_utf8(lz4_flex::decompress_size_prepended(packed).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_is_packed_is_found_to_the_letter(text in "(\\PC|[\\x00-\\x20]|\"|人|名){0,400}", times in 1..40_usize) {
            let text = text.repeat(times);
            let kept = pack(text.clone(), 64);
            match &kept.packed {
                None => prop_assert_eq!(&kept.text, &text),
                Some(packed) => {
                    prop_assert!(packed.len() < text.len() && kept.text.is_empty());
                    prop_assert_eq!(unpack(packed), Some(text));
                }
            }
        }

        #[test]
        fn damage_is_an_error_and_no_more(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            // Whatever comes out, nothing panics and nothing large is asked for.
            let _ = unpack(&bytes);
        }
    }

    #[test]
    fn short_texts_and_those_that_do_not_shrink_stay_text() {
        assert_eq!(pack("short".to_owned(), 1024).text, "short");
        assert_eq!(pack(String::new(), 0).text, "");
        assert_eq!(pack("ab".to_owned(), 0).text, "ab");
        let long = "a".repeat(1024);
        assert!(pack(long.clone(), 1024).packed.is_some());
        assert!(pack(long, 1025).packed.is_none());
        let huge = [255, 255, 255, 255, 0];
        assert_eq!(unpack(&huge), None, "four gigabytes are not asked for");
    }
}
