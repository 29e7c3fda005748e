//! What holds for every message: out and in again is the same, spans are exact, and damage is survived.

use encoding_rs::SHIFT_JIS;
use proptest::prelude::*;
use renkei_model::limits::Limits;
use renkei_model::message::Fault;

use super::layout::{Standard, item_name};
use super::{
    CATEGORY, DISPENSING, DRUG, PRESCRIBER, PRESCRIPTION, RP, VERSION, encode, join, read,
};
use crate::mutants;
use crate::tree::{Content, Leaf, Node, Record};

pub(super) const NOTEBOOK: &str = "JAHISTC08,1\r\n1,架空 太郎,1,19480405,,,,,,,カクウ タロウ\r\n2,1,ペニシリン,1\r\n3,架空胃散,20260301,20260307,1,1,\r\n31,1,ソーダ,1,,1\r\n4,能書きは表,20260310,1\r\n5,20260310,1\r\n11,架空薬局,01,4,1234567,090-0000,北海道架空市1,0157-00-0000,1\r\n15,薬剤 花子,,1\r\n51,架空病院,01,1,7654321,1\r\n55,医師 一郎,内科,1\r\n201,1,架空錠５ｍｇ,1,錠,2,610000001,1\r\n281,1,一包化,1\r\n301,1,毎食後服用,3,日分,1,1,,1\r\n201,2,架空散,2.5,ｇ,1,,1\r\n301,2,就寝前,3,日分,1,1,,1\r\n411,退院後の注意,31,1\r\n701,薬剤 花子,架空薬局,0157-00-0000,20260101,,1\r\n";

pub(super) const SYMBOL: &str = "JAHIS10\r\n1,1,1234567,01,架空病院\r\n5,,ｲｼ ｲﾁﾛｳ,医師 一郎\r\n11,,架空 太郎,ｶｸｳ ﾀﾛｳ\r\n12,1\r\n13,19480405\r\n22,12345678\r\n23,記号,番号,1,01\r\n51,20260310\r\n81,1,,備考\r\n82,1,1234567890123456\r\n101,1,1,,14\r\n111,1,1,,毎食後,3\r\n201,1,1,1,2,610000001,,3,1,錠\r\n281,1,1,1,2,粉砕,\r\n201,1,2,1,1,,架空散,2,1,ｇ\r\n";

pub(super) fn ms932(text: &str) -> Vec<u8> {
    let (bytes, _, failed) = SHIFT_JIS.encode(text);
    assert!(!failed);
    bytes.into_owned()
}

/// The notebook in `of` parts, each with its version line and the patient, as the standard divides: by records.
pub(super) fn parts(text: &str, of: usize) -> Vec<Vec<u8>> {
    let lines: Vec<&str> = text.split_inclusive("\r\n").collect();
    let (head, rest) = lines.split_at(2);
    let size = rest.len().div_ceil(of);
    let pieces = rest.chunks(size).enumerate().map(|(at, piece)| {
        let text = format!(
            "{}{}911,12345678901234,{of},{}\r\n",
            head.concat(),
            piece.concat(),
            at + 1
        );
        ms932(&text)
    });
    pieces.collect()
}

fn texts() -> impl Strategy<Value = String> {
    prop_oneof![
        3 => "[ -+\\--~]{0,10}",
        3 => "[ぁ-んァ-ヶ亜唖愛架空表能十予貼竹瘡髙﨑纊ｱ-ﾝｦ-ﾟ表ソ能十～■①Ⅱ　]{0,10}",
        1 => Just(String::new()),
    ]
}

/// A record with as many items as it likes, known ones and beyond; the first are given.
fn record(
    standard: Standard,
    number: &'static str,
    first: Vec<String>,
) -> impl Strategy<Value = Node> {
    prop::collection::vec(texts(), 0..9).prop_map(move |rest| {
        let items = first.clone().into_iter().chain(rest).enumerate();
        let layout = standard.layout(number);
        let items = items.map(|(at, text)| Node::of_text(item_name(layout, at), text));
        Node::of_branch(number, items.collect())
    })
}

fn some(strategy: impl Strategy<Value = Node> + 'static) -> BoxedStrategy<Vec<Node>> {
    prop::collection::vec(strategy, 0..3).boxed()
}

fn group(name: &'static str, parts: Vec<BoxedStrategy<Vec<Node>>>) -> BoxedStrategy<Node> {
    parts
        .prop_map(move |parts| Node::of_branch(name, parts.concat()))
        .boxed()
}

fn one(strategy: impl Strategy<Value = Node> + 'static) -> BoxedStrategy<Vec<Node>> {
    strategy.prop_map(|node| vec![node]).boxed()
}

fn notebook() -> BoxedStrategy<Node> {
    let line = |number| record(Standard::Notebook, number, Vec::new());
    let rp = |number: usize| {
        let line =
            |record_number| record(Standard::Notebook, record_number, vec![number.to_string()]);
        one(group(
            RP,
            vec![
                one(line("201")),
                some(line("281")),
                one(line("301")),
                some(line("391")),
            ],
        ))
    };
    let prescriber = move || group(PRESCRIBER, vec![one(line("55")), rp(1), rp(2)]);
    let prescription = move || {
        group(
            PRESCRIPTION,
            vec![one(line("51")), one(prescriber()), one(prescriber())],
        )
    };
    let dispensing = group(
        DISPENSING,
        vec![
            one(line("5")),
            some(line("11")),
            one(prescription()),
            one(prescription()),
            some(line("401")),
            some(line("411")),
        ],
    );
    let version = Node::of_text(VERSION, "JAHISTC08");
    let category =
        prop::sample::select(vec!["1", "2"]).prop_map(|text| Node::of_text(CATEGORY, text));
    group(
        "JAHISTC",
        vec![
            one(Just(version)),
            one(category),
            one(line("1")),
            some(line("2")),
            some(line("4")),
            some(dispensing),
            some(line("701")),
        ],
    )
}

fn symbol() -> BoxedStrategy<Node> {
    let line = |number| record(Standard::Prescription, number, Vec::new());
    let drug = |rp: usize, drug: usize| {
        let line = move |number| {
            record(
                Standard::Prescription,
                number,
                vec![rp.to_string(), drug.to_string()],
            )
        };
        one(group(DRUG, vec![one(line("201")), some(line("281"))]))
    };
    let rp = move |number: usize| {
        let line = move |record_number| {
            record(
                Standard::Prescription,
                record_number,
                vec![number.to_string()],
            )
        };
        one(group(
            RP,
            vec![
                one(line("101")),
                one(line("111")),
                some(line("181")),
                drug(number, 1),
                drug(number, 2),
            ],
        ))
    };
    let version = Node::of_text(VERSION, "JAHIS10");
    group(
        "JAHIS",
        vec![
            one(Just(version)),
            one(line("1")),
            one(line("11")),
            some(line("81")),
            rp(1),
            rp(2),
        ],
    )
}

fn of_root(root: Node) -> Record {
    let empty = || Leaf::new("");
    Record {
        index: 0,
        key: empty(),
        version: empty(),
        span: Default::default(),
        root,
    }
}

/// The bytes under a text's span are the text; those of a record are its line.
fn spans_hold(bytes: &[u8], node: &Node) {
    let own = SHIFT_JIS
        .decode_without_bom_handling(&bytes[node.span.start..node.span.end])
        .0;
    match &node.content {
        Content::Text(text) => assert_eq!(own, *text),
        Content::Branch(children) => {
            if node.name.bytes().all(|byte| byte.is_ascii_digit()) {
                assert!(own.starts_with(&node.name) && !own.contains('\n'));
            }
            children.iter().for_each(|child| spans_hold(bytes, child));
        }
        _ => panic!("neither text nor branch"),
    }
}

fn comes_back(root: Node) {
    let bytes = encode(&of_root(root.clone())).unwrap();
    let message = read(&bytes, &Limits::default()).unwrap();
    spans_hold(&bytes, &message.record.root);
    assert_eq!(message.record.root.clone().without_spans(), root);
    assert_eq!(encode(&message.record).unwrap(), bytes);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]
    #[test]
    fn a_notebook_comes_back(root in notebook()) {
        comes_back(root);
    }

    #[test]
    fn a_symbol_comes_back(root in symbol()) {
        comes_back(root);
    }

    /// In however many parts and in whatever order: the same notebook.
    #[test]
    fn parts_come_together(of in 1..9_usize, turn in 0..9_usize) {
        let mut parts = parts(NOTEBOOK, of);
        let count = parts.len();
        prop_assume!(count == of);
        parts.rotate_left(turn % count);
        let parts: Vec<&[u8]> = parts.iter().map(Vec::as_slice).collect();
        let bytes = join(&parts, &Limits::default()).unwrap();
        let joined = read(&bytes, &Limits::default()).unwrap();
        spans_hold(&bytes, &joined.record.root);
        let whole = read(&ms932(NOTEBOOK), &Limits::default()).unwrap();
        prop_assert_eq!(&joined.record.key.text, "12345678901234");
        prop_assert_eq!(joined.record.root.without_spans(), whole.record.root.without_spans());
    }
}

#[test]
fn the_notebook_reads_as_it_is_written() {
    let bytes = ms932(NOTEBOOK);
    let message = read(&bytes, &Limits::default()).unwrap();
    assert_eq!(message.notices, []);
    let root = &message.record.root;
    let rps: Vec<&Node> = root
        .at(&[DISPENSING, PRESCRIPTION, PRESCRIBER])
        .unwrap()
        .children(RP)
        .collect();
    let drug = |rp: &Node| {
        (
            rp.at(&["201", "薬品名称"])
                .and_then(Node::text)
                .map(str::to_owned),
            rp.at(&["301", "用法名称"])
                .and_then(Node::text)
                .map(str::to_owned),
        )
    };
    assert_eq!(drug(rps[1]), (Some("架空散".into()), Some("就寝前".into())));
    assert_eq!(
        root.at(&[DISPENSING, "411", "提供情報種別"])
            .and_then(Node::text),
        Some("31")
    );
    assert_eq!(encode(&message.record).unwrap(), bytes);
}

#[test]
fn the_symbol_reads_as_it_is_written() {
    let bytes = ms932(SYMBOL);
    let message = read(&bytes, &Limits::default()).unwrap();
    assert_eq!(message.notices, []);
    assert_eq!(message.record.key.text, "1234567890123456");
    let rp = message.record.root.child(RP).unwrap();
    assert_eq!(rp.children(DRUG).count(), 2);
    assert_eq!(encode(&message.record).unwrap(), bytes);
}

/// Drugs first and their directions behind, as some senders do it: joined by RP番号 all the same.
#[test]
fn what_is_interleaved_is_joined() {
    let text = "JAHISTC08,1\r\n1,架空,1,19500607\r\n5,20260310,1\r\n201,1,甲,1,錠,1,,1\r\n201,2,乙,1,錠,1,,1\r\n301,1,朝,3,日分,1,1,,1\r\n301,02,夕,3,日分,1,1,,1\r\n";
    let message = read(&ms932(text), &Limits::default()).unwrap();
    assert_eq!(message.notices, []);
    let normal = encode(&message.record).unwrap();
    let lines = SHIFT_JIS.decode(&normal).0.into_owned();
    let numbers: Vec<&str> = lines
        .lines()
        .map(|line| line.split(',').next().unwrap())
        .collect();
    assert_eq!(numbers, ["JAHISTC08", "1", "5", "201", "301", "201", "301"]);
    let again = read(&normal, &Limits::default()).unwrap();
    assert_eq!(
        again.record.root.without_spans(),
        message.record.root.without_spans()
    );
}

#[test]
fn ten_thousand_broken_messages_are_survived() {
    let mut seeds = vec![ms932(NOTEBOOK), ms932(SYMBOL)];
    seeds.push(parts(NOTEBOOK, 3).concat());
    mutants::survive(&seeds, |bytes| match read(bytes, &Limits::default()) {
        Ok(message) => {
            spans_hold(bytes, &message.record.root);
            if let Ok(normal) = encode(&message.record) {
                let again = read(&normal, &Limits::default()).unwrap();
                assert_eq!(
                    again.record.root.clone().without_spans(),
                    message.record.root.without_spans()
                );
                assert_eq!(encode(&again.record).unwrap(), normal);
            }
        }
        Err(errors) => {
            assert!(!errors.is_empty() && errors.len() <= 101);
            for error in errors {
                let fault = Fault::from(error);
                let span = fault.span.unwrap();
                assert!(
                    span.start <= span.end && span.end <= bytes.len() && fault.rule.contains(" / "),
                    "{fault:?}"
                );
            }
        }
    });
}

/// Every character of two bytes, first, in the middle and last in an item.
#[test]
fn every_character_of_two_bytes_stays_whole() {
    let mut characters = String::new();
    for first in (0x81..=0x9f_u8).chain(0xe0..=0xef).chain(0xfa..=0xfc) {
        for second in (0x40..=0x7e_u8).chain(0x80..=0xfc) {
            let pair = [first, second];
            let found = SHIFT_JIS.decode_without_bom_handling_and_without_replacement(&pair);
            // Some characters have two places; one of them is never written.
            if found.is_some_and(|text| SHIFT_JIS.encode(&text).0[..] == pair) {
                characters.push_str(&SHIFT_JIS.decode(&pair).0);
            }
        }
    }
    assert!(characters.chars().count() > 7_000);
    let lines = characters
        .chars()
        .map(|c| format!("4,{c},{c}a{c},a{c}\r\n"));
    let text = format!("JAHISTC08,1\r\n1,架空,1,1\r\n{}", lines.collect::<String>());
    let bytes = ms932(&text);
    let message = read(&bytes, &Limits::default()).unwrap();
    spans_hold(&bytes, &message.record.root);
    let memos = message.record.root.children("4").zip(characters.chars());
    for (memo, c) in memos {
        let items: Vec<Option<&str>> = memo.branch().iter().map(Node::text).collect();
        let (inside, last) = (format!("{c}a{c}"), format!("a{c}"));
        assert_eq!(items, [Some(&*c.to_string()), Some(&*inside), Some(&*last)]);
    }
    assert_eq!(encode(&message.record).unwrap(), bytes);
}
