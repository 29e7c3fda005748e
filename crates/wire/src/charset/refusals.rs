//! Bad bytes, each refused with what is wrong and where; and odd ones that are read and told.

use renkei_model::message::Span;

use super::{CharsetFault, CharsetNote, Encoding, Marks, Sets, Switch, decode, lacking};

const KANA: Encoding = Encoding::Iso2022(Sets {
    kanji: true,
    vendor_rows: false,
    supplement: false,
    kana: true,
    roman: true,
    switch: Switch::Escape,
});

fn refused(bytes: &[u8], encoding: Encoding) -> (CharsetFault, usize, usize) {
    let error = decode(bytes, 0, encoding, Marks::USUAL).unwrap_err();
    (error.kind, error.span.start, error.span.end)
}

fn read(bytes: &[u8], encoding: Encoding) -> (String, Vec<(CharsetNote, Span)>) {
    let (decoded, _) = decode(bytes, 0, encoding, Marks::USUAL).unwrap();
    (decoded.text, decoded.notes)
}

fn notes(bytes: &[u8], encoding: Encoding) -> Vec<(CharsetNote, usize)> {
    let found = read(bytes, encoding).1;
    found
        .into_iter()
        .map(|(note, span)| (note, span.start))
        .collect()
}

#[test]
fn escapes_that_are_never_taken_back_are_refused() {
    use CharsetFault::NotClosed;
    for bytes in [
        &b"PID|\x1b$B4?<T\rPV1"[..],
        b"PID|\x1b$B4?<T",
        b"PID|\x1b$B4?<T|\rPV1",
        b"PID|\x1b(I1|",
        b"PID|\x1b(I12\r",
        b"PID|\x1b(I1",
    ] {
        assert_eq!(refused(bytes, KANA), (NotClosed, 4, 7), "{bytes:?}");
    }
    let hl7 = b"PID|\\M2442\\4?<T\r";
    assert_eq!(refused(hl7, Encoding::SSMIX2), (NotClosed, 4, 11));
}

#[test]
fn bytes_that_are_no_characters_are_refused() {
    assert_eq!(refused(b"a\x1b$B4?\x80a\x1b(B", KANA).1, 6);
    assert_eq!(
        refused(b"a\x1b$B4?<\x1b(B", KANA),
        (CharsetFault::Half, 6, 7)
    );
    let gap = CharsetFault::Unassigned {
        set: "JIS X 0208",
        row: 85,
        cell: 1,
    };
    assert_eq!(refused(b"a\x1b$B4?\x75\x21\x1b(B", KANA), (gap, 6, 8));
    for unknown in [&b"\x1b$(O"[..], b"\x1b(A", b"\x1b", b"\x1b.A", b"\x1b$C"] {
        let bytes = [b"MSH|", unknown].concat();
        let (fault, start, _) = refused(&bytes, KANA);
        assert_eq!(
            (fault, start),
            (CharsetFault::UnknownEscape, 4),
            "{unknown:?}"
        );
    }
    let (fault, start, _) = refused(b"a\\M2450\\", KANA);
    assert_eq!((fault, start), (CharsetFault::UnknownEscape, 1));
}

#[test]
fn wrong_labels_are_told_from_the_bytes() {
    let text = "PID|患者^太郎";
    let found = |bytes: &[u8], encoding| match refused(bytes, encoding) {
        (CharsetFault::Contradicted { declared, found }, at, _) => (declared, found, at),
        other => panic!("{other:?}"),
    };
    let ms932 = encoding_rs::SHIFT_JIS.encode(text).0;
    let euc = encoding_rs::EUC_JP.encode(text).0;
    let jis = encoding_rs::ISO_2022_JP.encode(text).0;
    let (iso, shift) = ("ISO-2022-JP", "MS932 (Shift_JIS)");
    assert_eq!(found(text.as_bytes(), Encoding::SSMIX2), (iso, "UTF-8", 4));
    assert_eq!(
        found(text.as_bytes(), Encoding::ASCII),
        ("ASCII", "UTF-8", 4)
    );
    assert_eq!(found(&ms932, Encoding::SSMIX2), (iso, shift, 4));
    assert_eq!(found(&euc, Encoding::SSMIX2), (iso, "EUC-JP", 4));
    assert_eq!(found(&ms932, Encoding::Utf8), ("UTF-8", shift, 4));
    assert_eq!(found(&jis, Encoding::Utf8), ("UTF-8", iso, 4));
    assert_eq!(found(text.as_bytes(), Encoding::Ms932), (shift, "UTF-8", 4));
    assert_eq!(found(&jis, Encoding::Ms932), (shift, iso, 4));
    assert_eq!(found(b"PID|\xfd", Encoding::Ms932).2, 4);
    // Two half-width kana that happen to be UTF-8.
    assert_eq!(read(b"PID|\xc4\xb1", Encoding::Ms932).0, "PID|ﾄｱ");
}

#[test]
fn what_is_odd_is_read_and_told() {
    use CharsetNote::*;
    let kanji = |bytes: &[u8]| notes(bytes, Encoding::SSMIX2);
    assert_eq!(kanji(b"|\x1b$B4?<T\x1b(B^\x1b$B4?\x1b(B|"), []);
    assert_eq!(
        notes(b"|\x1b$B4?\x1b(B|", Encoding::ASCII),
        [(Undeclared, 1)]
    );
    assert_eq!(kanji(b"|\x1b$@4?\x1b(B|"), [(Set1978, 1)]);
    assert_eq!(kanji(b"|\x1b$B4?\x1b(J|"), [(Roman, 6), (Undeclared, 6)]);
    assert_eq!(kanji(b"|\x1b$B4?\x1b(B\x1b(B|"), [(IdleEscape, 9)]);
    assert_eq!(kanji(b"|\x1b$B4? <T\x1b(B|"), [(SpaceBetween, 6)]);
    assert_eq!(kanji(b"|\x1b$B-!\x1b(B|"), [(VendorRow, 4)]);
    assert_eq!(kanji(b"|\x1b$(D0!\x1b(B|"), [(Undeclared, 1)]);
    assert_eq!(notes(b"|\xb1\xb2|", KANA), [(EightBitKana, 1)]);
    assert_eq!(
        notes(b"\x8e\x81|\xf0\x40|", Encoding::Ms932),
        [(OwnCharacter, 3)]
    );
    assert_eq!(kanji(b"|\\M2442\\4?\\C2842\\|"), [(Undeclared, 1)]);
}

/// What `docs/hl7.md` says of re-encoding.
#[test]
fn odd_bytes_are_written_in_order() {
    for (odd, plain) in [
        (&b"|\x1b$@4?\x1b(B|"[..], &b"|\x1b$B4?\x1b(B|"[..]),
        (b"|\x1b$(B4?\x1b(B|", b"|\x1b$B4?\x1b(B|"),
        (b"|\x1b&@\x1b$B4?\x1b(B|", b"|\x1b$B4?\x1b(B|"),
        (b"|\x1b$B4?\x1b(J|", b"|\x1b$B4?\x1b(B|"),
        (b"|\x1b$B4? <T\x1b(B|", b"|\x1b$B4?\x1b(B \x1b$B<T\x1b(B|"),
        (b"|\x1b$B4?\x1b(B\x1b$B<T\x1b(B|", b"|\x1b$B4?<T\x1b(B|"),
        (b"|\xb6\xdd|", b"|\x1b(I6]\x1b(B|"),
        (b"|\x1b$B-p\x1b(B|", b"|\x1b$B\"b\x1b(B|"),
        (b"|\x1b$B-!\x1b(B|", b"|\x1b$B-!\x1b(B|"),
    ] {
        let (decoded, encoding) = decode(odd, 0, KANA, Marks::USUAL).unwrap();
        let mut out = Vec::new();
        super::encode(&decoded.text, encoding, Marks::USUAL, &mut out).unwrap();
        assert_eq!(out, plain, "{}", odd.escape_ascii());
    }
}

#[test]
fn kana_and_roman_are_kept() {
    assert_eq!(read(b"|\x1b(I6]<^,\x1b(B|", KANA).0, "|ｶﾝｼﾞｬ|");
    assert_eq!(read(b"|\xb6\xdd|", KANA).0, "|ｶﾝ|");
    // The escape character and the separators stay what they are in Roman; the text behind the next
    // separator is ASCII again.
    let yen = Marks {
        delimiters: b"|^",
        escape: None,
    };
    let (decoded, _) = decode(b"|\x1b(J\\~^\\~|", 0, KANA, yen).unwrap();
    assert_eq!(decoded.text, "|¥‾^\\~|");
    assert_eq!(read(b"|\x1b(J\\T\\~a|", KANA).0, "|\\T\\~a|");
    let mut out = Vec::new();
    super::encode("|¥‾^\\~|", KANA, yen, &mut out).unwrap();
    assert_eq!(out, b"|\x1b(J\\~\x1b(B^\\~|");
}

#[test]
fn what_a_charset_lacks_is_never_replaced() {
    let told = |text: &str, encoding| -> Vec<(char, usize)> {
        let found = lacking(text, encoding);
        found
            .into_iter()
            .map(|one| (one.character, one.at))
            .collect()
    };
    assert_eq!(
        told("患者ｶﾅ髙①한", Encoding::SSMIX2),
        [('ｶ', 6), ('ﾅ', 9), ('髙', 12), ('①', 15), ('한', 18)]
    );
    assert_eq!(told("患", Encoding::ASCII), [('患', 0)]);
    assert_eq!(
        told("髙①¥‾😀é", Encoding::Ms932),
        [('¥', 6), ('‾', 8), ('😀', 11), ('é', 15)]
    );
    assert_eq!(told("한😀", Encoding::Utf8), []);
    assert_eq!(told(&"한".repeat(500), Encoding::SSMIX2).len(), 100);
    assert_eq!(told("a\u{1b}$B", Encoding::SSMIX2), [('\u{1b}', 1)]);
}
