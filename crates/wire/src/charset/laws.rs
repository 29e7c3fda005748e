//! What holds for every text and for any bytes: what was written is read again, every span leads back to
//! the bytes of its character, and nothing panics.

use proptest::prelude::*;
use renkei_model::message::Span;

use super::jis::{KANJI, SUPPLEMENT, is_vendor_row, same_code};
use super::{CharsetFault, Decoded, Encoding, Marks, Sets, Switch, decode, encode};

const ALL: Sets = Sets {
    kanji: true,
    vendor_rows: true,
    supplement: true,
    kana: true,
    roman: false,
    switch: Switch::Escape,
};

fn written(text: &str, encoding: Encoding) -> Vec<u8> {
    let mut out = Vec::new();
    encode(text, encoding, Marks::USUAL, &mut out).unwrap();
    out
}

fn read(bytes: &[u8], encoding: Encoding) -> Decoded {
    decode(bytes, 0, encoding, Marks::USUAL).unwrap().0
}

/// All characters that the sets have.
fn repertoire(sets: Sets) -> Vec<char> {
    let mut chars: Vec<char> = (' '..='~').collect();
    for row in 0x21..=0x7e_u8 {
        for cell in 0x21..=0x7e_u8 {
            if sets.kanji && (sets.vendor_rows || !is_vendor_row(row)) {
                chars.extend(KANJI.decode(row, cell));
            }
            if sets.supplement {
                chars.extend(SUPPLEMENT.decode(row, cell));
            }
        }
    }
    if sets.kana {
        chars.extend('｡'..='ﾟ');
    }
    chars
}

/// The bytes under the span of each character are the character's, with no other's.
fn spans_hold(bytes: &[u8], decoded: &Decoded, encoding: Encoding) {
    let mut next = 0;
    for (at, c) in decoded.text.char_indices() {
        let span = decoded.offsets.span(&decoded.text, at, at + c.len_utf8());
        let byte = decoded.offsets.byte(&decoded.text, at);
        assert!(span.start <= byte && byte < span.end && next <= byte, "{c}");
        next = byte + 1;
        // Inside a run the switches stand elsewhere: the character's own bytes are found by its width.
        let own = written(&c.to_string(), encoding);
        let bare: Vec<u8> = match encoding {
            Encoding::Iso2022(_) => read_bare(&own),
            _ => own,
        };
        assert_eq!(&bytes[byte..byte + bare.len()], &bare[..], "{c}");
    }
    let whole = decoded.offsets.span(&decoded.text, 0, decoded.text.len());
    assert_eq!(
        whole,
        Span {
            start: 0,
            end: bytes.len()
        }
    );
}

/// A character's bytes without the switches around it.
fn read_bare(own: &[u8]) -> Vec<u8> {
    match own {
        [0x1b, b'$', b'(', _, first, second, ..] => vec![*first, *second],
        [0x1b, b'$', _, first, second, ..] => vec![*first, *second],
        [0x1b, b'(', _, kana, ..] => vec![*kana],
        _ => own.to_vec(),
    }
}

#[test]
fn every_character_of_the_sets_comes_back() {
    for switch in [Switch::Escape, Switch::Hl7] {
        let sets = Sets { switch, ..ALL };
        let text: String = repertoire(sets)
            .into_iter()
            .filter(|c| *c != '\\')
            .collect();
        let encoding = Encoding::Iso2022(sets);
        let bytes = written(&text, encoding);
        let decoded = read(&bytes, encoding);
        assert!(decoded.text == text);
        assert_eq!(
            decoded
                .notes
                .iter()
                .map(|(note, _)| *note)
                .collect::<Vec<_>>(),
            [super::CharsetNote::VendorRow]
        );
    }
}

/// `encoding_rs` reads what we write, as far as it has the sets.
#[test]
fn a_library_reads_what_is_written() {
    let sets = Sets {
        supplement: false,
        ..ALL
    };
    let text: String = repertoire(sets).into_iter().collect();
    let bytes = written(&text, Encoding::Iso2022(sets));
    let (read, _, wrong) = encoding_rs::ISO_2022_JP.decode(&bytes);
    assert!(!wrong && read == text);
    let without_kana = text.replace(|c| ('｡'..='ﾟ').contains(&c), "");
    let written_by_library = encoding_rs::ISO_2022_JP.encode(&without_kana).0;
    let ours = super::iso2022::decode(&written_by_library, 0, sets, Marks::USUAL).unwrap();
    assert_eq!(
        ours.text,
        encoding_rs::ISO_2022_JP.decode(&written_by_library).0
    );
}

#[test]
fn characters_that_unicode_writes_twice_have_one_code() {
    for (jis, windows) in [
        ('〜', '～'),
        ('−', '－'),
        ('‖', '∥'),
        ('—', '―'),
        ('¢', '￠'),
        ('£', '￡'),
        ('¬', '￢'),
    ] {
        assert_eq!(same_code(jis), windows);
        let as_jis = written(&jis.to_string(), Encoding::SSMIX2);
        assert_eq!(as_jis, written(&windows.to_string(), Encoding::SSMIX2));
        assert_eq!(read(&as_jis, Encoding::SSMIX2).text, windows.to_string());
    }
}

fn text(sets: Sets) -> impl Strategy<Value = String> {
    let chars = repertoire(sets);
    prop::collection::vec(
        prop_oneof![
            prop::sample::select(chars),
            prop::char::range(' ', '~'),
            Just('\t'),
        ],
        0..40,
    )
    .prop_map(|chars| chars.into_iter().collect())
}

fn sets() -> impl Strategy<Value = Sets> {
    any::<[bool; 5]>().prop_map(|[kanji, vendor_rows, supplement, kana, hl7]| Sets {
        kanji,
        vendor_rows: vendor_rows && kanji,
        supplement,
        kana,
        roman: false,
        switch: if hl7 { Switch::Hl7 } else { Switch::Escape },
    })
}

proptest! {
    #[test]
    fn what_the_sets_have_comes_back((sets, text) in sets().prop_flat_map(|sets| (Just(sets), text(sets)))) {
        let encoding = Encoding::Iso2022(sets);
        let bytes = written(&text, encoding);
        let decoded = read(&bytes, encoding);
        prop_assert_eq!(&decoded.text, &text);
        if sets.switch == Switch::Escape {
            spans_hold(&bytes, &decoded, encoding);
        }
    }

    #[test]
    fn ms932_and_utf8_come_back(text in "[ -~ァ-ヶ亜唖愛架空表能十予貼竹瘡髙﨑纊ｱ-ﾝソ～\u{e000}-\u{e757}\\|]{0,40}") {
        for encoding in [Encoding::Utf8, Encoding::Ms932] {
            // So that the text is no ASCII: ASCII is UTF-8 as well.
            let text = format!("氏名{text}");
            let bytes = written(&text, encoding);
            let decoded = read(&bytes, encoding);
            prop_assert_eq!(&decoded.text, &text);
            spans_hold(&bytes, &decoded, encoding);
        }
    }

    #[test]
    fn what_the_charset_lacks_is_told_and_nothing_else(text in "[a-zあ-ん亜ｱ-ﾝ①髙丂한é😀¥]{0,20}", sets in sets()) {
        let mut out = Vec::new();
        let encoding = Encoding::Iso2022(Sets { switch: Switch::Escape, ..sets });
        let lacking = encode(&text, encoding, Marks::USUAL, &mut out).err().unwrap_or_default();
        let kept: String = text.char_indices().filter(|(at, _)| lacking.iter().all(|one| one.at != *at)).map(|(_, c)| c).collect();
        prop_assert_eq!(read(&out, encoding).text, kept);
        for one in lacking {
            prop_assert_eq!(text[one.at..].chars().next(), Some(one.character));
        }
    }
}

/// The table test of the bars: every double-byte character that has the code of a delimiter in it, in a
/// field of its own, between others, doubled, at the beginning and at the end.
#[test]
fn no_byte_of_a_double_byte_character_delimits() {
    let delimiters = *b"|^~\\&\r\n";
    let holds = |bytes: &[u8]| bytes.iter().any(|byte| delimiters.contains(byte));
    let plain = Sets {
        switch: Switch::Escape,
        ..ALL
    };
    let mut tried = 0;
    for encoding in [Encoding::Iso2022(plain), Encoding::Ms932] {
        for c in repertoire(Sets {
            supplement: encoding != Encoding::Ms932,
            ..plain
        }) {
            let mut own = Vec::new();
            if c.is_ascii()
                || encode(&c.to_string(), encoding, Marks::USUAL, &mut own).is_err()
                || !holds(&read_bare(&own))
            {
                continue;
            }
            tried += 1;
            for text in [
                format!("|{c}|"),
                format!("a{c}^{c}b"),
                format!("{c}{c}~漢{c}字"),
                format!("x&{c}"),
                format!("漢\\T\\{c}"),
            ] {
                assert_eq!(read(&written(&text, encoding), encoding).text, text, "{c}");
            }
        }
    }
    assert!(tried > 1_400, "{tried}");
}

#[test]
fn any_bytes_are_read_or_refused_with_their_place() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let token = prop_oneof![
        Just(b"\x1b$B".to_vec()),
        Just(b"\x1b(B".to_vec()),
        Just(b"\x1b(I".to_vec()),
        Just(b"\x1b(J".to_vec()),
        Just(b"\x1b$(D".to_vec()),
        Just(b"\\M2442\\".to_vec()),
        Just(b"\\C2842\\".to_vec()),
        Just(b"|".to_vec()),
        Just(b"\r".to_vec()),
        prop::collection::vec(any::<u8>(), 1..4),
        prop::collection::vec(0x20_u8..0x7f, 1..6),
    ];
    let bytes = prop::collection::vec(token, 0..12).prop_map(|parts| parts.concat());
    let strategy = (bytes, sets());
    runner
        .run(&strategy, |(bytes, sets)| {
            for encoding in [Encoding::Iso2022(sets), Encoding::Utf8, Encoding::Ms932] {
                match decode(&bytes, 7, encoding, Marks::USUAL) {
                    Ok((decoded, used)) => {
                        let end = decoded.text.len();
                        let span = decoded.offsets.span(&decoded.text, 0, end);
                        prop_assert!(end == 0 || (span.start >= 7 && span.end <= bytes.len() + 7));
                        let mut out = Vec::new();
                        prop_assert!(encode(&decoded.text, used, Marks::USUAL, &mut out).is_ok());
                        let (again, _) = decode(&out, 7, used, Marks::USUAL).unwrap();
                        prop_assert_eq!(again.text, decoded.text);
                    }
                    Err(error) => {
                        prop_assert!(
                            error.span.start >= 7 && error.span.end <= bytes.len() + 7,
                            "{:?}",
                            error
                        );
                        prop_assert!(error.span.start < error.span.end, "{:?}", error);
                        prop_assert!(error.kind != CharsetFault::Control(0));
                    }
                }
            }
            Ok(())
        })
        .unwrap();
}
