//! What holds for every file: out and in again is the same, and damage is survived.

use encoding_rs::SHIFT_JIS;
use proptest::prelude::*;
use renkei_model::limits::Limits;
use renkei_model::message::Fault;

use super::layout::{INSURED, INSURER};
use super::{FileKind, FileName, ROW, Table, encode, read};
use crate::mutants;
use crate::tree::{Leaf, Node, Record};

pub(super) fn ms932(text: &str) -> Vec<u8> {
    let (bytes, _, failed) = SHIFT_JIS.encode(text);
    assert!(!failed);
    bytes.into_owned()
}

/// A row of a table: numbers and date, all other cells empty but one of free text.
pub(super) fn row(table: Table, insured: &str, said: &str) -> Vec<String> {
    let columns = table.columns();
    let mut cells = vec![String::new(); columns.len()];
    cells[0] = "202306".to_owned();
    cells[INSURER] = "010000".to_owned();
    cells[INSURED] = insured.to_owned();
    cells[table.plan_date()] = "20260401".to_owned();
    let free = columns.iter().position(|column| column.free).unwrap();
    cells[free] = format!("\"{said}\"");
    cells
}

pub(super) fn file(rows: &[Vec<String>]) -> Vec<u8> {
    let lines: String = rows.iter().map(|row| row.join(",") + "\r\n").collect();
    ms932(&lines)
}

fn cell() -> impl Strategy<Value = String> {
    prop_oneof![
        "[0-9]{0,8}",
        "[a-z0-9,\"\r\n\t;| ]{0,8}",
        "[ぁ-んァ-ヶ亜唖愛架空表能十予貼竹瘡髙﨑纊ｱ-ﾝｦ-ﾟソ①Ⅱ～,\"\r\n]{0,8}",
    ]
}

fn plans(table: Table) -> impl Strategy<Value = Vec<Record>> {
    let extra = if table.is_closed() { 0..1_usize } else { 0..3 };
    let rows = if table.has_one_row() {
        1..2_usize
    } else {
        1..4
    };
    extra.prop_flat_map(move |extra| {
        let width = table.columns().len() + extra;
        let cells = prop::collection::vec(cell(), width);
        let plan = prop::collection::vec(cells, rows.clone());
        prop::collection::vec(plan, 1..4).prop_map(move |plans| {
            let plans = plans.into_iter().enumerate().map(|(index, rows)| {
                let (insurer, insured) = ("010000".to_owned(), format!("{index:010}"));
                let rows = rows.into_iter().map(|mut cells| {
                    cells[0] = "202306".to_owned();
                    cells[INSURER] = insurer.clone();
                    cells[INSURED] = insured.clone();
                    cells[table.plan_date()] = "20260401".to_owned();
                    let cells = cells.into_iter().enumerate();
                    Node::of_branch(
                        ROW,
                        cells
                            .map(|(at, text)| Node::of_text(table.column_name(at), text))
                            .collect(),
                    )
                });
                let root = Node::of_branch(table.name(), rows.collect());
                let (key, version) = (
                    Leaf::new(format!("{insurer}-{insured}")),
                    Leaf::new("20260401"),
                );
                Record {
                    index,
                    key,
                    version,
                    span: Default::default(),
                    root,
                }
            });
            plans.collect()
        })
    })
}

fn comes_back(table: Table, records: Vec<Record>) {
    let bytes = encode(table, &records).unwrap();
    let back = read(table, &bytes, "", &Limits::default()).unwrap();
    for cell in back
        .records
        .iter()
        .flat_map(|record| record.root.branch())
        .flat_map(Node::branch)
    {
        let own = SHIFT_JIS
            .decode_without_bom_handling(&bytes[cell.span.start..cell.span.end])
            .0;
        let bare = own.strip_prefix('"').and_then(|own| own.strip_suffix('"'));
        let said = bare.map_or_else(|| own.to_string(), |bare| bare.replace("\"\"", "\""));
        assert_eq!(cell.text(), Some(said.as_str()));
    }
    assert_eq!(encode(table, &back.records).unwrap(), bytes);
    let back: Vec<Record> = back
        .records
        .into_iter()
        .map(Record::without_spans)
        .collect();
    assert_eq!(back, records);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn plans_come_back((table, records) in prop::sample::select(Table::ALL.to_vec()).prop_flat_map(|table| (Just(table), plans(table)))) {
        comes_back(table, records);
    }

    #[test]
    fn file_names_come_back(kind in 0..4_usize, from in "[0-9]{10}", to in "[0-9]{10}", stamp in "[0-9]{14}", month in "[0-9]{6}") {
        let table = Table::ALL[kind];
        let month = (table == Table::Supplement).then_some(month);
        let name = FileName { kind: FileKind::Table(table), month, from, to, stamp };
        prop_assert_eq!(FileName::decode(&name.encode()), Ok(name));
    }
}

/// Rows of two plans that are mixed belong to two records; the key is what both sides match by.
#[test]
fn rows_of_one_plan_are_one_record() {
    let table = Table::Plan2;
    let rows = [
        row(table, "0000000001", "一"),
        row(table, "0000000002", "二"),
        row(table, "0000000001", "三"),
    ];
    let plans = read(
        table,
        &file(&rows),
        "text/csv; charset=shift_jis",
        &Limits::default(),
    )
    .unwrap();
    assert_eq!((plans.version.as_str(), plans.notices.len()), ("202306", 0));
    let keys: Vec<(&str, &str, usize)> = plans
        .records
        .iter()
        .map(|record| {
            (
                record.key.text.as_str(),
                record.version.text.as_str(),
                record.root.branch().len(),
            )
        })
        .collect();
    assert_eq!(
        keys,
        [
            ("010000-0000000001", "20260401", 2),
            ("010000-0000000002", "20260401", 1)
        ]
    );
    assert_eq!(
        plans.records[0].root.branch()[1]
            .child("課題")
            .and_then(Node::text),
        Some("三")
    );
}

#[test]
fn ten_thousand_broken_files_are_survived() {
    let mut seeds = Vec::new();
    for table in Table::ALL {
        seeds.push(file(&[
            row(table, "0000000001", "架空の表能"),
            row(table, "0000000002", "\r\n改行"),
        ]));
    }
    mutants::survive(&seeds, |bytes| {
        for table in Table::ALL {
            match read(table, bytes, "", &Limits::default()) {
                Ok(plans) => {
                    if let Ok(normal) = encode(table, &plans.records) {
                        let again = read(table, &normal, "", &Limits::default()).unwrap();
                        assert_eq!(encode(table, &again.records).unwrap(), normal);
                    }
                }
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
            }
        }
    });
}
