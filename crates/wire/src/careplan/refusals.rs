//! Bad files: each with its line and its column.

use renkei_model::limits::Limits;

use super::laws::{file, ms932, row};
use super::{
    CarePlanError, EncodeError, FileKind, FileName, FileNameError, Notice, Table, encode, read,
};
use crate::tree::Content;

fn errors(table: Table, bytes: &[u8]) -> Vec<CarePlanError> {
    read(table, bytes, "", &Limits::default()).unwrap_err()
}

fn good(table: Table) -> Vec<u8> {
    file(&[
        row(table, "0000000001", "架空"),
        row(table, "0000000002", "空想"),
    ])
}

#[test]
fn csv_with_own_characters() {
    let mut bytes = good(Table::Plan1);
    let at = bytes.windows(2).position(|two| two == ms932("架")).unwrap();
    bytes.splice(at..at + 2, *b"\xF0\x40");
    let plans = read(Table::Plan1, &bytes, "", &Limits::default()).unwrap();
    let [Notice::OwnCharacter { place }] = &plans.notices[..] else {
        panic!("{:?}", plans.notices)
    };
    assert_eq!((place.line, place.column.as_str()), (1, "利用者住所1"));
    assert!(
        bytes[place.span.start..place.span.end]
            .windows(2)
            .any(|two| two == b"\xF0\x40")
    );
    let refused = encode(Table::Plan1, &plans.records).unwrap_err();
    assert_eq!(
        refused,
        EncodeError::Forbidden {
            record: 0,
            column: "利用者住所1".into()
        }
    );
}

#[test]
fn ragged_rows() {
    for table in Table::ALL {
        for more in [true, false] {
            let mut rows = [
                row(table, "0000000001", "架空"),
                row(table, "0000000002", "空想"),
            ];
            if more {
                rows[1].push(String::new())
            } else {
                drop(rows[1].pop())
            }
            let errors = errors(table, &file(&rows));
            let expected = table.columns().len();
            assert!(
                matches!(&errors[..], [CarePlanError::Ragged { place, expected: wanted, .. }] if place.line == 2 && *wanted == expected),
                "{errors:?}"
            );
        }
    }
    // A table whose columns are all known takes no more, even if all rows have them.
    let mut rows = [row(Table::Plan1, "0000000001", "架空")];
    rows[0].push(String::new());
    assert!(matches!(
        &errors(Table::Plan1, &file(&rows))[..],
        [CarePlanError::Ragged {
            found: 29,
            expected: 28,
            ..
        }]
    ));
    // A later version of an open table may have more.
    let mut rows = [
        row(Table::Plan3, "0000000001", "架空"),
        row(Table::Plan3, "0000000002", "空想"),
    ];
    rows.iter_mut().for_each(|row| row.push("new".to_owned()));
    let plans = read(Table::Plan3, &file(&rows), "", &Limits::default()).unwrap();
    assert_eq!(
        plans.records[0]
            .root
            .at(&["行", "項目14"])
            .and_then(crate::tree::Node::text),
        Some("new")
    );
}

#[test]
fn byte_order_marks_and_other_charsets() {
    let limits = Limits::default();
    let marked = [b"\xEF\xBB\xBF", &good(Table::Plan1)[..]].concat();
    let error = &errors(Table::Plan1, &marked)[0];
    assert!(error.to_string().contains("UTF-8 (byte 0)"), "{error}");
    let utf8 = encoding_rs::SHIFT_JIS
        .decode(&good(Table::Plan1))
        .0
        .into_owned();
    assert!(
        errors(Table::Plan1, utf8.as_bytes())[0]
            .to_string()
            .contains("the bytes are UTF-8")
    );
    let labelled = read(
        Table::Plan1,
        &good(Table::Plan1),
        "text/csv; charset=utf-8",
        &limits,
    )
    .unwrap_err();
    assert!(labelled[0].to_string().contains("MS932 only"));
    let mut broken = good(Table::Plan1);
    let at = broken
        .windows(2)
        .position(|two| two == ms932("想"))
        .unwrap();
    broken[at] = 0xfd;
    assert!(
        errors(Table::Plan1, &broken)[0]
            .to_string()
            .contains("not readable as")
    );
}

#[test]
fn versions_keys_and_control_characters() {
    let table = Table::Plan2;
    let with = |at: usize, text: &str| {
        let mut rows = [
            row(table, "0000000001", "架空"),
            row(table, "0000000002", "空想"),
        ];
        rows[1][at] = text.to_owned();
        errors(table, &file(&rows)).remove(0).to_string()
    };
    assert_eq!(
        with(0, "見出し"),
        "2行目 / line 2, CSVバージョン: CSVバージョン(YYYYMM)ではありません / not a version as YYYYMM"
    );
    assert!(with(0, "202313").contains("not a version"));
    assert!(with(1, "").contains("保険者番号: 必須の項目が空です"));
    assert!(with(1, "01-000").contains("保険者番号: 半角英数字です"));
    assert!(with(2, "０").contains("被保険者番号: 半角英数字です"));
    assert!(with(2, "").contains("被保険者番号"));
    assert!(with(4, "").contains("居宅サービス計画作成(変更)日"));
    assert!(with(6, "\"架空\0\"").contains("課題: 制御文字があります"));
    assert!(with(6, "\"架空").contains("a quote is never closed"));
    for text in [with(6, "\"架空"), with(6, "\"架空\0\"")] {
        assert!(!text.contains("架空"), "{text}");
    }
}

#[test]
fn headings_are_passed_over_once_and_said() {
    let table = Table::Supplement;
    let headings: Vec<String> = (0..14).map(|at| table.column_name(at)).collect();
    let rows = [headings.clone(), row(table, "0000000001", "カクウ")];
    let plans = read(table, &file(&rows), "", &Limits::default()).unwrap();
    assert!(matches!(&plans.notices[..], [Notice::Headings { place }] if place.line == 1));
    assert_eq!(plans.records.len(), 1);
    assert_eq!(
        errors(table, &file(std::slice::from_ref(&headings))),
        [CarePlanError::Empty]
    );
    let twice = file(&[
        headings.clone(),
        headings,
        row(table, "0000000001", "カクウ"),
    ]);
    assert!(
        matches!(&errors(table, &twice)[..], [CarePlanError::Version { place }] if place.line == 2)
    );
}

#[test]
fn a_plan_twice_and_rows_of_other_versions() {
    for table in [Table::Plan1, Table::Supplement] {
        let rows = [
            row(table, "0000000001", "架空"),
            row(table, "0000000001", "空想"),
        ];
        assert!(
            matches!(&errors(table, &file(&rows))[..], [CarePlanError::Doubled { place }] if place.line == 2)
        );
    }
    let mut rows = [
        row(Table::Plan1, "0000000001", "架空"),
        row(Table::Plan1, "0000000002", "空想"),
    ];
    rows[1][0] = "202404".to_owned();
    let plans = read(Table::Plan1, &file(&rows), "", &Limits::default()).unwrap();
    assert!(matches!(&plans.notices[..], [Notice::OtherVersion { place }] if place.line == 2));
}

#[test]
fn sizes_are_limited() {
    let rows: Vec<Vec<String>> = (0..20)
        .map(|number| row(Table::Plan3, &number.to_string(), "架空"))
        .collect();
    let bytes = file(&rows);
    let limits = Limits {
        batch_lines: 10,
        ..Limits::default()
    };
    let errors = read(Table::Plan3, &bytes, "", &limits).unwrap_err();
    assert!(matches!(errors[0], CarePlanError::TooMuch { max: 10, .. }));
    let limits = Limits {
        batch_bytes: 100,
        ..Limits::default()
    };
    assert!(matches!(
        read(Table::Plan3, &bytes, "", &limits).unwrap_err()[0],
        CarePlanError::TooMuch { max: 100, .. }
    ));
    let wrong = file(&vec![vec!["x".to_owned()]; 3_000]);
    assert_eq!(
        read(Table::Plan3, &wrong, "", &Limits::default())
            .unwrap_err()
            .len(),
        100
    );
}

#[test]
fn file_names() {
    let name =
        FileName::decode("UPHOSOKU_202606_0300000100_0300000005_20260601200201.csv").unwrap();
    assert_eq!(
        (name.kind, name.month.as_deref()),
        (FileKind::Table(Table::Supplement), Some("202606"))
    );
    let plan = FileName::decode("UP1KYO_0300000100_0300000005_20260601200201.CSV").unwrap();
    assert!(plan.is_sent_with(&name));
    let result = FileName::decode("UPJSK_202606_0300000005_0300000100_20260601200201.CSV").unwrap();
    assert!(result.kind == FileKind::Other("UPJSK") && !plan.is_sent_with(&result));
    for (name, error) in [
        (
            "UP1KYO_0300000100_0300000005_20260601200201.txt",
            FileNameError::Ending,
        ),
        ("表", FileNameError::Ending),
        ("", FileNameError::Ending),
        (
            "UP9KYO_0300000100_0300000005_20260601200201.CSV",
            FileNameError::Kind,
        ),
        (
            "../UP1KYO_0300000100_0300000005_20260601200201.CSV",
            FileNameError::Kind,
        ),
        (
            "UP1KYO_0300000100_20260601200201.CSV",
            FileNameError::Parts {
                found: 3,
                expected: 4,
            },
        ),
        (
            "UP1KYO_0300000100_../../../_20260601200201.CSV",
            FileNameError::Part {
                part: "送信先事業所番号",
            },
        ),
        (
            "UP1KYO_030000010_0300000005_20260601200201.CSV",
            FileNameError::Part {
                part: "送信元事業所番号",
            },
        ),
        (
            "UP1KYO_0300000100_0300000005_2026060120020.CSV",
            FileNameError::Part {
                part: "日時(14桁)"
            },
        ),
    ] {
        assert_eq!(FileName::decode(name), Err(error), "{name}");
    }
}

#[test]
fn what_cannot_be_written_is_refused_by_its_place() {
    let plans = read(Table::Plan1, &good(Table::Plan1), "", &Limits::default()).unwrap();
    let with = |at: usize, text: &str| {
        let mut records = plans.records.clone();
        let row = &mut records[1].root.branch_mut().unwrap()[0];
        row.branch_mut().unwrap()[at].content = Content::Text(text.to_owned());
        encode(Table::Plan1, &records).unwrap_err()
    };
    assert_eq!(with(0, "2023"), EncodeError::Version { record: 1 });
    assert!(
        matches!(with(5, "鷗"), EncodeError::Unwritable { record: 1, column, .. } if column == "利用者住所1")
    );
    assert!(matches!(
        with(5, "\0"),
        EncodeError::Forbidden { record: 1, .. }
    ));
    assert!(matches!(
        encode(Table::Plan2, &plans.records),
        Err(EncodeError::NotOfTable { record: 0, .. })
    ));
    let mut records = plans.records.clone();
    records[0].root.branch_mut().unwrap()[0]
        .branch_mut()
        .unwrap()
        .swap(5, 6);
    assert!(matches!(
        encode(Table::Plan1, &records),
        Err(EncodeError::Column { record: 0, .. })
    ));
}
