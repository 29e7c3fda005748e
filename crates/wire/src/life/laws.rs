//! What holds for every file: cells come as they were written, and damage is survived.

use proptest::prelude::*;
use renkei_model::limits::Limits;
use renkei_model::message::Fault;

use super::layout::NUMBER;
use super::{Life, read};
use crate::csv::{Charset, write_cell};
use crate::mutants;
use crate::tree::{Content, Node};

pub(super) const MEDICATION: &str = "FORM_0002_2021\r\ncare_facility_id,service_code,insurer_no,insured_no,external_system_management_number,external_system_management_detail_number,drug_name,dose\r\n0170000001,15,010000,0000000001,A-1,1,架空錠５ｍｇ,1.5\r\n0170000001,15,010000,0000000001,A-1,2, ,\r\n";

fn cell() -> impl Strategy<Value = String> {
    prop_oneof![
        "[0-9]{0,8}",
        Just(" ".to_owned()),
        Just("  ".to_owned()),
        Just("　".to_owned()),
        "[ぁ-んァ-ヶ亜架空表能ｱ-ﾝソ①,\"\r\n]{0,8}",
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]
    #[test]
    fn cells_come_as_they_were_written(rows in prop::collection::vec(prop::collection::vec(cell(), 3), 1..6), utf8: bool, bom: bool) {
        let charset = if utf8 { Charset::Utf8 } else { Charset::Ms932 };
        let mut bytes = if utf8 && bom { "\u{feff}".as_bytes().to_vec() } else { Vec::new() };
        bytes.extend(format!("FORM_9999_2021\r\n{NUMBER},a,b,c\r\n").as_bytes());
        for (index, row) in rows.iter().enumerate() {
            bytes.extend(index.to_string().as_bytes());
            for cell in row {
                bytes.push(b',');
                write_cell(&mut bytes, cell, charset).unwrap();
            }
            bytes.extend(b"\r\n");
        }
        let declared = format!("text/csv; charset={}", charset.label());
        let life = read(&bytes, &declared, &Limits::default()).unwrap();
        prop_assert_eq!(life.records.len(), rows.len());
        for (record, row) in life.records.iter().zip(&rows) {
            for (node, cell) in record.root.branch().iter().skip(1).zip(row) {
                let expected = if cell == " " { Content::Null } else { Content::Text(cell.clone()) };
                prop_assert_eq!(&node.content, &expected);
            }
        }
    }
}

#[test]
fn a_form_reads_as_it_is_written() {
    for (bytes, charset) in [
        (MEDICATION.as_bytes().to_vec(), Charset::Utf8),
        (format!("\u{feff}{MEDICATION}").into_bytes(), Charset::Utf8),
        (
            encoding_rs::SHIFT_JIS.encode(MEDICATION).0.into_owned(),
            Charset::Ms932,
        ),
        (MEDICATION.replace("\r\n", "\r").into_bytes(), Charset::Utf8),
    ] {
        let life: Life = read(&bytes, "", &Limits::default()).unwrap();
        assert_eq!(
            (
                life.data_type.text.as_str(),
                life.charset,
                life.notices.len()
            ),
            ("FORM_0002_2021", charset, 0)
        );
        let keys: Vec<&str> = life
            .records
            .iter()
            .map(|record| record.key.text.as_str())
            .collect();
        assert_eq!(keys, ["A-1#1", "A-1#2"]);
        let drug = |at: usize, name: &str| life.records[at].root.child(name).cloned().unwrap();
        assert_eq!(drug(0, "drug_name").text(), Some("架空錠５ｍｇ"));
        assert_eq!(drug(1, "drug_name").content, Content::Null);
        assert_eq!(drug(1, "dose").content, Content::Text(String::new()));
        let Node { span, .. } = drug(0, "dose");
        assert_eq!(&bytes[span.start..span.end], b"1.5");
    }
}

#[test]
fn ten_thousand_broken_files_are_survived() {
    let seeds = [
        MEDICATION.as_bytes().to_vec(),
        encoding_rs::SHIFT_JIS.encode(MEDICATION).0.into_owned(),
    ];
    mutants::survive(&seeds, |bytes| match read(bytes, "", &Limits::default()) {
        Ok(life) => assert!(
            life.records
                .iter()
                .all(|record| record.span.end <= bytes.len())
        ),
        Err(errors) => {
            assert!(!errors.is_empty() && errors.len() <= 100);
            for error in errors {
                let fault = Fault::from(error);
                assert!(
                    fault.rule.contains(" / ") && fault.span.unwrap().end <= bytes.len(),
                    "{fault:?}"
                );
            }
        }
    });
}
