//! Bad files: each with its line and its column.

use renkei_model::limits::Limits;

use super::laws::MEDICATION;
use super::{LifeError, Notice, read};

fn errors(text: &str) -> Vec<LifeError> {
    read(text.as_bytes(), "", &Limits::default()).unwrap_err()
}

fn changed(from: &str, to: &str) -> String {
    assert!(MEDICATION.contains(from), "{from}");
    MEDICATION.replacen(from, to, 1)
}

fn first(from: &str, to: &str) -> String {
    errors(&changed(from, to)).remove(0).to_string()
}

#[test]
fn heads_that_are_none() {
    assert!(first("FORM_0002_2021", "form").contains("line 1 is no data type"));
    assert!(first("FORM_0002_2021", "FORM_0002_2021,x").contains("line 1 is no data type"));
    assert!(first("FORM_0002_2021\r\n", "").contains("line 1 is no data type"));
    assert!(
        read(
            changed("FORM_0002_2021", "FORM_0002_2021,,,").as_bytes(),
            "",
            &Limits::default()
        )
        .is_ok()
    );
    assert!(first("insurer_no", "dose").contains("line 2, column 8: not a name, or twice"));
    assert!(first("insurer_no", "保険者").contains("line 2, column 3"));
    assert!(first("insurer_no", "insurer").contains("insurer_no: 必須の列がありません"));
    assert!(
        errors("FORM_0000_2021\r\n")[0]
            .to_string()
            .contains("external_system_management_number")
    );
    assert_eq!(
        errors("FORM_0000_2021\r\nexternal_system_management_number\r\n"),
        [LifeError::Empty]
    );
}

#[test]
fn ragged_rows_missing_keys_and_control_characters() {
    assert!(
        first(",1.5\r\n", ",1.5,\r\n")
            .starts_with("3行目 / line 3: 列の数が見出しと違います(9列、8列のはず)")
    );
    assert!(first("A-1,2", ",2").contains("line 4, external_system_management_number"));
    assert!(first("A-1,2", "A-1, ").contains("line 4, external_system_management_detail_number"));
    let text = first("架空錠", "架空\0錠");
    assert!(
        text.contains("line 3, drug_name: 制御文字") && !text.contains("架空"),
        "{text}"
    );
    assert!(first("架空錠", "架空\"錠").contains("a quote inside a cell"));
}

#[test]
fn charsets_are_named() {
    let ms932 = encoding_rs::SHIFT_JIS.encode(MEDICATION).0;
    let wrong = read(&ms932, "text/csv; charset=utf-8", &Limits::default()).unwrap_err();
    assert!(
        wrong[0].to_string().contains("declared as UTF-8"),
        "{wrong:?}"
    );
    assert!(matches!(errors("")[0], LifeError::Charset { .. }));
}

#[test]
fn what_is_remarkable_is_said_and_kept() {
    let notice = |text: &str| {
        let mut life = read(text.as_bytes(), "", &Limits::default()).unwrap();
        assert_eq!(life.notices.len(), 1);
        let notice = life.notices.remove(0);
        let span = notice.span();
        (notice, text[span.start..span.end].to_owned())
    };
    let (unknown, place) = notice(&changed("drug_name", "new_column"));
    assert!(matches!(unknown, Notice::UnknownColumn { column, .. } if column == place));
    assert_eq!(place, "new_column");
    let (again, place) = notice(&changed("A-1,2", "A-1,1"));
    assert!(matches!(again, Notice::Again { line: 4, .. }), "{again}");
    assert_eq!(place, "A-1");
    // Other numbers that read alike are others.
    let alike = changed("A-1,1", "A,1#1").replace("A-1,2", "A#1,1");
    let life = read(alike.as_bytes(), "", &Limits::default()).unwrap();
    assert_ne!(life.records[0].key.text, life.records[1].key.text);
    let (own, place) = notice(&changed("架空錠", "架\u{e000}錠"));
    assert!(matches!(own, Notice::OwnCharacter { line: 3, column, .. } if column == "drug_name"));
    assert!(place.contains('\u{e000}'));
}

#[test]
fn sizes_are_limited() {
    let limits = Limits {
        batch_lines: 1,
        ..Limits::default()
    };
    let errors = read(MEDICATION.as_bytes(), "", &limits).unwrap_err();
    assert!(
        matches!(errors[..], [LifeError::TooMuch { max: 1, .. }]),
        "{errors:?}"
    );
    let limits = Limits {
        batch_bytes: 10,
        ..Limits::default()
    };
    assert!(matches!(
        read(MEDICATION.as_bytes(), "", &limits).unwrap_err()[0],
        LifeError::TooMuch { max: 10, .. }
    ));
    let wide = format!("FORM_0000_2021\r\n{}\r\n", vec!["a"; 501].join(","));
    assert!(matches!(
        read(wide.as_bytes(), "", &Limits::default()).unwrap_err()[0],
        LifeError::TooMuch { max: 500, .. }
    ));
}
