//! Bytes gone wrong, read in every charset: text or a refusal, each with a place that is in the bytes, and in time.

use super::{Encoding, Marks, Sets, Switch, decode, encode};
use crate::mutants;

const ALL: Sets = Sets {
    kanji: true,
    vendor_rows: true,
    supplement: true,
    kana: true,
    roman: true,
    switch: Switch::Escape,
};
const TEXT: &str = "PID|1||K1||架空^太郎~ｶｸｳ^ﾀﾛｳ|表\\T\\能\rOBX|1|ST|髙①||丂a b 漢\r";

#[test]
fn damaged_text_is_read_or_refused_in_every_charset() {
    let hl7 = Sets {
        switch: Switch::Hl7,
        ..ALL
    };
    let encodings = [
        Encoding::Iso2022(ALL),
        Encoding::Iso2022(hl7),
        Encoding::SSMIX2,
        Encoding::Utf8,
        Encoding::Ms932,
    ];
    let mut seeds: Vec<Vec<u8>> = Vec::new();
    for encoding in encodings {
        // MS932 has not the character of JIS X 0212, SS-MIX2 none of the vendors' rows and no half-width kana.
        let text = match encoding {
            Encoding::Ms932 => TEXT.replace('丂', ""),
            Encoding::Iso2022(sets) if !sets.kana => {
                TEXT.replace(|c| matches!(c, '丂' | '髙' | '①' | '｡'..='ﾟ'), "")
            }
            _ => TEXT.to_owned(),
        };
        let mut bytes = Vec::new();
        encode(&text, encoding, Marks::USUAL, &mut bytes).unwrap();
        assert_eq!(
            decode(&bytes, 0, encoding, Marks::USUAL).unwrap().0.text,
            text
        );
        seeds.push(bytes);
    }
    let (mut read, mut refused) = (0, 0);
    mutants::survive(&seeds, |bytes| {
        for encoding in encodings {
            let inside = 7..=7 + bytes.len();
            match decode(bytes, 7, encoding, Marks::USUAL) {
                Ok((decoded, _)) => {
                    read += 1;
                    let span = decoded.offsets.span(&decoded.text, 0, decoded.text.len());
                    let is_empty = decoded.text.is_empty();
                    assert!(
                        is_empty || (inside.contains(&span.start) && inside.contains(&span.end))
                    );
                }
                Err(error) => {
                    refused += 1;
                    let span = error.span;
                    assert!(inside.contains(&span.start) && inside.contains(&span.end));
                    assert!(span.start < span.end, "{error:?}");
                }
            }
        }
    });
    assert!(read > 5_000 && refused > 5_000, "{read} {refused}");
}
