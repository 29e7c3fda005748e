//! From text to cells. Nothing is replaced: a character that the charset does not have is an error.

use encoding_rs::SHIFT_JIS;

use super::text::Charset;

/// A character that the charset does not have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{character} (U+{:04X}) is not in the charset", u32::from(*.character))]
pub struct Unwritable {
    /// The character.
    pub character: char,
}

/// Writes a cell in quotes, which every reader understands whatever is in it.
///
/// # Errors
/// [`Unwritable`]; then `out` has a part of the cell.
pub fn write_cell(out: &mut Vec<u8>, text: &str, charset: Charset) -> Result<(), Unwritable> {
    out.push(b'"');
    for (index, part) in text.split('"').enumerate() {
        if index > 0 {
            out.extend(b"\"\"");
        }
        write_plain(out, part, charset)?;
    }
    out.push(b'"');
    Ok(())
}

/// Writes text as it is, with no quotes.
pub(crate) fn write_plain(
    out: &mut Vec<u8>,
    text: &str,
    charset: Charset,
) -> Result<(), Unwritable> {
    match charset {
        Charset::Utf8 => out.extend(text.as_bytes()),
        Charset::Ms932 => write_ms932(out, text)?,
    }
    Ok(())
}

fn write_ms932(out: &mut Vec<u8>, text: &str) -> Result<(), Unwritable> {
    for character in text.chars() {
        match character {
            '\0'..='\u{7f}' => out.extend(character.to_string().as_bytes()),
            '\u{e000}'..='\u{e757}' => out.extend(own_character(character)),
            _ => {
                let text = character.to_string();
                let (bytes, _, failed) = SHIFT_JIS.encode(&text);
                // The encoder of the web writes ¥ and ‾ as \ and ~, which come back as something else.
                let back = SHIFT_JIS.decode_without_bom_handling(&bytes).0;
                if failed || back != text {
                    return Err(Unwritable { character });
                }
                out.extend(bytes.as_ref());
            }
        }
    }
    Ok(())
}

/// 外字: rows F0–F9 of 188 characters each, second bytes 40–7E and 80–FC. The encoder of the web does not
/// write them.
fn own_character(character: char) -> [u8; 2] {
    let number = u32::from(character) - 0xE000;
    let byte = |number: u32| u8::try_from(number).unwrap_or(u8::MAX);
    let second = number % 188;
    let gap = u32::from(second >= 0x3F);
    [byte(0xF0 + number / 188), byte(0x40 + second + gap)]
}
