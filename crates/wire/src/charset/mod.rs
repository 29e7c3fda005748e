//! Which charset the bytes are in: for formats that demand UTF-8 ([`utf8`]), and the Japanese charsets of
//! HL7, by label, both ways ([`decode`], [`encode`]). CSV has [`crate::csv::Text`].

#[cfg(test)]
mod damage_tests;
mod decode;
mod encode;
mod encoding;
mod error;
mod iso2022;
mod jis;
mod kana;
#[cfg(test)]
mod laws;
mod offsets;
#[cfg(test)]
mod refusals;

pub use decode::decode;
pub use encode::{encode, lacking};
pub use encoding::{Encoding, LabelError, Sets, Switch};
pub use error::{CharsetError, CharsetFault, CharsetNote, Lacking};
pub(crate) use iso2022::hl7_switch;
pub use iso2022::{Decoded, Marks};
pub use kana::full_width;
pub use offsets::Offsets;

use encoding_rs::{EUC_JP, SHIFT_JIS};
use renkei_model::message::{Fault, FaultKind, Span};

/// The byte order mark of UTF-8.
pub(crate) const BOM: &[u8] = b"\xEF\xBB\xBF";

/// A message's text. Offsets into it are offsets into the message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Utf8<'a> {
    /// The whole message, a byte order mark included.
    pub text: &'a str,
    /// Where the content begins: behind the byte order mark, if there is one.
    pub start: usize,
}

/// Takes bytes that are UTF-8 and JSON by their declaration, with or without a byte order mark.
///
/// # Errors
/// Says which charset was found instead, as far as that can be told, and at which byte.
pub fn utf8<'a>(body: &'a [u8], content_type: &str) -> Result<Utf8<'a>, Fault> {
    check_declared(content_type)?;
    if body.is_empty() {
        return Err(refuse("本文が空です / the body is empty", 0));
    }
    if let Some(name) = utf16(body) {
        return Err(refuse_charset(name, 0));
    }
    let text = std::str::from_utf8(body).map_err(|error| {
        let at = error.valid_up_to();
        if error.error_len().is_none() {
            // The last character is incomplete: the message was cut, its charset is right.
            let rule = format!("文字の途中で終わっています / ends inside a character (byte {at})");
            return refuse(&rule, at);
        }
        refuse_charset(guess(&body[at..]), at)
    })?;
    if let Some(at) = text.find("\u{1b}$") {
        return Err(refuse_charset("ISO-2022-JP", at));
    }
    let start = if body.starts_with(BOM) { BOM.len() } else { 0 };
    Ok(Utf8 { text, start })
}

fn refuse(rule: &str, at: usize) -> Fault {
    Fault {
        field: String::new(),
        rule: rule.to_owned(),
        span: Some(Span { start: at, end: at }),
        kind: FaultKind::Structure,
    }
}

fn refuse_charset(found: &str, at: usize) -> Fault {
    refuse(
        &format!("UTF-8で送ってください({found}) / send UTF-8, not {found} (byte {at})"),
        at,
    )
}

/// A declaration that names another charset or format is believed before the bytes are.
fn check_declared(content_type: &str) -> Result<(), Fault> {
    let media = content_type.split(';').next().unwrap_or_default().trim();
    let json = media.is_empty()
        || matches!(media, "application/json" | "text/json")
        || (media.starts_with("application/") && media.ends_with("+json"));
    if !json {
        return Err(refuse(
            "JSONで送ってください / send Content-Type: application/json",
            0,
        ));
    }
    match declared(content_type) {
        Some(name)
            if !["utf-8", "utf8", "us-ascii"]
                .iter()
                .any(|k| k.eq_ignore_ascii_case(name)) =>
        {
            Err(refuse("UTF-8で送ってください / send charset=utf-8", 0))
        }
        _ => Ok(()),
    }
}

/// The charset that a media type declares.
pub(crate) fn declared(content_type: &str) -> Option<&str> {
    let parameters = content_type.split(';').skip(1);
    parameters
        .filter_map(|part| part.split_once('='))
        .find_map(|(name, value)| {
            name.trim()
                .eq_ignore_ascii_case("charset")
                .then(|| value.trim().trim_matches('"'))
        })
}

/// UTF-16 by its mark, or by the zero byte that one of the first two bytes of an ASCII text then is.
pub(crate) fn utf16(body: &[u8]) -> Option<&'static str> {
    let utf16 = matches!(
        body,
        [0xFE, 0xFF, ..] | [0xFF, 0xFE, ..] | [0, _, ..] | [_, 0, ..]
    );
    utf16.then_some("UTF-16")
}

/// In which charset bytes can be read that are no UTF-8.
pub(crate) fn guess(rest: &[u8]) -> &'static str {
    let reads = |encoding: &'static encoding_rs::Encoding| {
        encoding
            .decode_without_bom_handling_and_without_replacement(rest)
            .is_some()
    };
    // EUC-JP first: its bytes often read as half-width kana in MS932, hardly ever the other way.
    if reads(EUC_JP) {
        "EUC-JP"
    } else if reads(SHIFT_JIS) {
        "MS932 (Shift_JIS)"
    } else {
        "別の文字コード (another charset)"
    }
}

/// 外字: characters that a sender made itself. Unicode has none for them, and only the sender's system can show
/// them.
pub(crate) const fn is_own(character: char) -> bool {
    matches!(character, '\u{e000}'..='\u{f8ff}')
}
