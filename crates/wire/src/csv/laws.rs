//! What holds for every file: cells come back, in both charsets, and their bytes are the right ones.

use proptest::prelude::*;

use super::{Charset, Row, Text, WHOLE_LINE, write_cell};

const BOTH: [Charset; 2] = [Charset::Utf8, Charset::Ms932];

fn content_type(charset: Charset) -> String {
    format!("text/csv; charset={}", charset.label())
}

fn written(rows: &[Vec<String>], charset: Charset) -> Vec<u8> {
    let mut out = Vec::new();
    for row in rows {
        for (index, cell) in row.iter().enumerate() {
            if index > 0 {
                out.push(b',');
            }
            write_cell(&mut out, cell, charset).unwrap();
        }
        out.extend(b"\r\n");
    }
    out
}

fn rows(bytes: &[u8], charset: Charset) -> Vec<Row> {
    let text = Text::read(bytes, &content_type(charset)).unwrap();
    text.rows().collect()
}

fn texts(rows: &[Row]) -> Vec<Vec<String>> {
    let cells = rows.iter().map(|row| row.cells.as_ref().unwrap());
    cells
        .map(|cells| cells.iter().map(|cell| cell.text.clone()).collect())
        .collect()
}

/// The bytes under each span say the same as the cell.
fn spans_hold(bytes: &[u8], rows: &[Row], charset: Charset) {
    let decode = |own: &[u8]| match charset {
        Charset::Utf8 => String::from_utf8(own.to_vec()).unwrap(),
        Charset::Ms932 => encoding_rs::SHIFT_JIS.decode(own).0.into_owned(),
    };
    for row in rows {
        for cell in row.cells.as_ref().unwrap() {
            assert!(row.span.start <= cell.span.start && cell.span.end <= row.span.end);
            let own = decode(&bytes[cell.span.start..cell.span.end]);
            let bare = own.strip_prefix('"').and_then(|own| own.strip_suffix('"'));
            let bare = bare.map_or_else(|| own.clone(), |bare| bare.replace("\"\"", "\""));
            assert_eq!(bare, cell.text);
        }
    }
}

fn cell() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z0-9,\"\r\n\t;| ]{0,8}",
        "[ぁ-んァ-ヶ亜唖愛架空表能十予貼竹瘡髙﨑纊ｱ-ﾝ表ソ能十～\u{e000}-\u{e757},\"\r\n\\\\|]{0,8}",
        "[0-9/]{0,10}",
    ]
}

/// Rows under a header, so that the charset shows in the first line.
fn sheet() -> impl Strategy<Value = Vec<Vec<String>>> {
    (2..6_usize).prop_flat_map(|width| {
        let row = prop::collection::vec(cell(), width);
        prop::collection::vec(row, 1..5).prop_map(move |mut rows| {
            rows.insert(0, vec!["氏名".to_owned(); width]);
            rows
        })
    })
}

proptest! {
    #[test]
    fn cells_come_back(sheet in sheet(), bom in any::<bool>()) {
        for charset in BOTH {
            let mut bytes = if bom && charset == Charset::Utf8 { "\u{feff}".as_bytes().to_vec() } else { Vec::new() };
            bytes.extend(written(&sheet, charset));
            let rows = rows(&bytes, charset);
            prop_assert_eq!(texts(&rows), sheet.clone());
            spans_hold(&bytes, &rows, charset);
            let ends: Vec<usize> = rows.iter().map(|row| row.span.end).collect();
            let starts: Vec<usize> = rows.iter().skip(1).map(|row| row.span.start).collect();
            prop_assert_eq!(&ends[..ends.len() - 1], &starts[..]);
            prop_assert_eq!(ends.last(), Some(&bytes.len()));
        }
    }

    #[test]
    fn agrees_with_the_library_on_well_formed_files(sheet in sheet(), quoted in any::<bool>()) {
        let mut writer = csv::WriterBuilder::new()
            .quote_style(if quoted { csv::QuoteStyle::Always } else { csv::QuoteStyle::Necessary })
            .from_writer(Vec::new());
        for row in &sheet {
            writer.write_record(row).unwrap();
        }
        let bytes = writer.into_inner().unwrap();
        let rows = rows(&bytes, Charset::Utf8);
        prop_assert_eq!(texts(&rows), sheet);
        spans_hold(&bytes, &rows, Charset::Utf8);
    }

    #[test]
    fn never_panics(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        for declared in ["", "text/csv; charset=utf-8", "text/csv; charset=windows-31j"] {
            if let Ok(text) = Text::read(&bytes, declared) {
                for row in text.rows() {
                    prop_assert!(row.span.end <= bytes.len());
                }
            }
        }
    }

    /// Damage to one byte costs the lines around it, and the rest stays.
    #[test]
    fn damage_stays_where_it_is(at in 0..18_usize, byte: u8) {
        let mut bytes = "名,b\r\n1,2\r\n3,4\r\n5,6\r\n7,8\r\n".as_bytes().to_vec();
        let place = 12 + at % 5;
        bytes[place] = byte;
        let rows = rows(&bytes, Charset::Utf8);
        let last = rows.last().unwrap().cells.as_ref().unwrap();
        prop_assert_eq!(last[0].text.as_str(), "7");
    }
}

/// Every character of two bytes, among them those whose second byte is a backslash, a bar or a letter:
/// first, in the middle and last, with quotes and without.
#[test]
fn every_character_of_two_bytes_stays_whole() {
    let mut characters = 0;
    for first in (0x81..=0x9f_u8).chain(0xe0..=0xfc) {
        for second in (0x40..=0x7e_u8).chain(0x80..=0xfc) {
            let pair = [first, second];
            let Some(text) =
                encoding_rs::SHIFT_JIS.decode_without_bom_handling_and_without_replacement(&pair)
            else {
                continue;
            };
            characters += 1;
            let mut bytes = vec![0x8e, 0x81, b'\n'];
            for part in [
                &pair[..],
                b",a",
                &pair,
                b"a,",
                &pair,
                &pair,
                b",\"",
                &pair,
                b"\"\n",
                &pair,
            ] {
                bytes.extend(part);
            }
            let rows = rows(&bytes, Charset::Ms932);
            let expected: Vec<String> = ["", "a.a", "..", "."]
                .iter()
                .map(|form| {
                    if form.is_empty() {
                        text.to_string()
                    } else {
                        form.replace('.', &text)
                    }
                })
                .collect();
            assert_eq!(texts(&rows[1..2])[0], expected, "{first:02X}{second:02X}");
            assert_eq!(texts(&rows[2..])[0], [text.to_string()]);
            spans_hold(&bytes, &rows, Charset::Ms932);
        }
    }
    assert!(characters > 9_000, "{characters}");
}

/// 外字 are written as they were read; what MS932 does not have is refused by name.
#[test]
fn nothing_is_replaced_on_the_way_out() {
    for number in 0xE000..=0xE757_u32 {
        let text = char::from_u32(number).unwrap().to_string();
        let mut out = Vec::new();
        write_cell(&mut out, &text, Charset::Ms932).unwrap();
        assert_eq!(
            rows(&[b"\x8e\x81\n", &out[..]].concat(), Charset::Ms932)[1]
                .cells
                .as_ref()
                .unwrap()[0]
                .text,
            text
        );
    }
    for character in [
        '〜',
        '¥',
        '‾',
        '−',
        '😀',
        '\u{20bb7}',
        '\u{e758}',
        'é',
        '鷗',
    ] {
        let mut out = Vec::new();
        let error = write_cell(&mut out, &format!("架空{character}"), Charset::Ms932).unwrap_err();
        assert_eq!(error.character, character);
    }
    for text in ["髙", "﨑", "①", "Ⅱ", "～", "－", "ｶﾞ", "\\", "纊"] {
        let mut out = Vec::new();
        assert!(write_cell(&mut out, text, Charset::Ms932).is_ok(), "{text}");
    }
}

#[test]
fn lines_are_counted_as_an_editor_counts_them() {
    let bytes = "氏名,b\r\n\r\n\"1\r\n\r\n1\",2\r\n3,\"a\rb\"\r\n5,6".as_bytes();
    let numbers: Vec<usize> = rows(bytes, Charset::Utf8)
        .iter()
        .map(|row| row.number)
        .collect();
    assert_eq!(numbers, [1, 3, 6, 7]);
    let old = "氏名,b\r1,2\r3,4\r".as_bytes();
    let numbers: Vec<usize> = rows(old, Charset::Utf8)
        .iter()
        .map(|row| row.number)
        .collect();
    assert_eq!(numbers, [1, 2, 3]);
}

#[test]
fn a_wrong_line_costs_itself_only() {
    for (wrong, rule, at) in [
        ("\"3,4", "a quote is never closed", 13),
        ("\"3\"x,4", "something follows a closing quote", 16),
        ("3\"x,4", "a quote inside a cell", 14),
        ("\"3\n x", "a quote is never closed", 13),
    ] {
        let bytes = format!("氏名,b\n1,2\n{wrong}\n5,6\n7,8\n").into_bytes();
        let rows = rows(&bytes, Charset::Utf8);
        let fault = rows[2].cells.as_ref().unwrap_err();
        assert!(fault.rule.contains(rule), "{fault:?}");
        assert_eq!(fault.field, WHOLE_LINE);
        assert_eq!(fault.span.unwrap().start, at, "{wrong}");
        let last = rows.last().unwrap().cells.as_ref().unwrap();
        assert_eq!(last[0].text, "7");
    }
    // A line that cannot be decoded, in either charset.
    let mut utf8 = "氏名,b\n1,2\n3,x\n5,6\n".as_bytes().to_vec();
    utf8[15] = 0x8e;
    let mut ms932 = b"\x8e\x81\x96\xbc,b\n1,2\n3,x\n5,6\n".to_vec();
    ms932[13] = 0xfd;
    for (bytes, charset, at) in [(utf8, Charset::Utf8, 15), (ms932, Charset::Ms932, 13)] {
        let rows = rows(&bytes, charset);
        let fault = rows[2].cells.as_ref().unwrap_err();
        assert!(fault.rule.contains("not readable as"), "{fault:?}");
        assert_eq!(fault.span.unwrap().start, at);
        assert_eq!(texts(&rows[3..])[0], ["5", "6"]);
        spans_hold(&bytes, &rows[3..], charset);
    }
}

#[test]
fn charsets_are_declared_or_found() {
    let utf8 = "recordId,氏名\n1,架空\n".as_bytes();
    let ms932 = &encoding_rs::SHIFT_JIS.encode("recordId,氏名\n1,架空\n").0[..];
    let read = |bytes: &[u8], declared: &str| {
        Text::read(bytes, declared).map(|text| (text.charset(), text.as_str().to_owned()))
    };
    for declared in [
        "",
        "text/csv",
        "text/csv; charset=utf-8",
        "text/csv; charset=\"utf8\"",
    ] {
        let (charset, text) = read(utf8, declared).unwrap();
        assert_eq!((charset, text.as_bytes()), (Charset::Utf8, utf8));
    }
    for declared in [
        "",
        "text/csv;charset=shift_jis",
        "text/csv; charset=windows-31j",
        "text/csv; charset=ms932",
    ] {
        let (charset, text) = read(ms932, declared).unwrap();
        assert_eq!((charset, text.as_bytes()), (Charset::Ms932, utf8));
    }
    let marked = [&b"\xEF\xBB\xBF"[..], utf8].concat();
    assert_eq!(read(&marked, "").unwrap().1.as_bytes(), utf8);
    // Half-width kana in MS932 that would read as UTF-8: what was declared holds.
    for said in ["ﾂｱ,1\n", "瘡ｱ,1\n"] {
        let bytes = encoding_rs::SHIFT_JIS.encode(said).0;
        assert!(std::str::from_utf8(&bytes).is_ok());
        let (charset, text) = read(&bytes, "text/csv; charset=windows-31j").unwrap();
        assert_eq!((charset, text.as_str()), (Charset::Ms932, said));
    }
    let wide: Vec<u8> = "氏名".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let euc = encoding_rs::EUC_JP.encode("recordId,氏名\n").0;
    let jis = encoding_rs::ISO_2022_JP.encode("氏名\n").0;
    for (bytes, declared, rule) in [
        (ms932, "text/csv; charset=utf-8", "(byte 9)"),
        (
            utf8,
            "text/csv; charset=windows-31j",
            "the bytes are UTF-8 (byte 9)",
        ),
        (
            &marked,
            "text/csv; charset=shift_jis",
            "the bytes are UTF-8 (byte 0)",
        ),
        (&[&b"\xff\xfe"[..], &wide].concat(), "", "not UTF-16"),
        (&euc, "", "not EUC-JP (byte 9)"),
        (&jis, "", "ISO-2022-JP"),
        (b"recordId,\xff\n", "", "(byte 9)"),
        (
            utf8,
            "text/csv; charset=latin1",
            "charset=utf-8 or charset=windows-31j",
        ),
        (b"", "", "empty"),
    ] {
        let fault = read(bytes, declared).unwrap_err();
        assert!(
            fault.rule.contains(rule) && fault.rule.contains(" / "),
            "{fault:?}"
        );
    }
}
