//! The parser against `serde_json`, and against bytes that nobody meant to send.

use proptest::prelude::*;
use serde_json::Value as Tree;

use crate::json::{Data, JsonRule, Value, parse};

/// What the parser read, as `serde_json` holds it (numbers keep their text there too).
fn tree(value: &Value<'_>) -> Tree {
    match &value.data {
        Data::Null => Tree::Null,
        Data::Bool(truth) => Tree::Bool(*truth),
        Data::Number(number) => serde_json::from_str(number).unwrap(),
        Data::Text(text) => Tree::String(text.to_string()),
        Data::Array(values) => values.iter().map(tree).collect(),
        Data::Object(members) => Tree::Object(
            members
                .iter()
                .map(|m| (m.name.to_string(), tree(&m.value)))
                .collect(),
        ),
    }
}

/// Every span must be exactly the value's own JSON text.
fn spans_hold(text: &str, value: &Value<'_>) {
    let own: Tree = serde_json::from_str(&text[value.span.start..value.span.end]).unwrap();
    assert_eq!(own, tree(value));
    match &value.data {
        Data::Array(values) => values.iter().for_each(|inner| spans_hold(text, inner)),
        Data::Object(members) => members.iter().for_each(|m| spans_hold(text, &m.value)),
        _ => {}
    }
}

fn any_tree() -> impl Strategy<Value = Tree> {
    let number = prop_oneof![
        any::<i64>().prop_map(Tree::from),
        r"-?(0|[1-9][0-9]{0,3})(\.[0-9]{1,4})?([eE][+-]?[0-9]{1,2})?"
            .prop_map(|text| serde_json::from_str(&text).unwrap()),
    ];
    let leaf = prop_oneof![
        Just(Tree::Null),
        any::<bool>().prop_map(Tree::Bool),
        number,
        any::<String>().prop_map(Tree::String),
        "[ぁ-ん氏名\"\\\\\n\u{1}😀]{0,8}".prop_map(Tree::String),
    ];
    leaf.prop_recursive(4, 64, 8, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Tree::Array),
            prop::collection::vec((any::<String>(), inner), 0..20)
                .prop_map(|members| Tree::Object(members.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn agrees_with_serde_json_on_what_it_writes(value in any_tree(), pretty in any::<bool>()) {
        let text = if pretty {
            serde_json::to_string_pretty(&value).unwrap()
        } else {
            value.to_string()
        };
        let parsed = parse(&text, 0, 64).unwrap();
        prop_assert_eq!(tree(&parsed), value);
        spans_hold(&text, &parsed);
    }

    /// Text made of JSON's own pieces: mostly broken, sometimes valid. Both must agree on which.
    #[test]
    fn agrees_with_serde_json_on_what_is_valid(
        text in r#"([\[\]{},:]|"a"|"b\\u00e9"|"\\ud83d\\ude00"|"\\ud800"|-?[0-9]{1,2}|1\.|1e|true|null| ){0,12}"#
    ) {
        let ours = parse(&text, 0, 64);
        let theirs = serde_json::from_str::<Tree>(&text);
        match (&ours, &theirs) {
            (Ok(ours), Ok(theirs)) => prop_assert_eq!(&tree(ours), theirs),
            (Err(error), Ok(_)) => prop_assert_eq!(error.rule, JsonRule::Duplicate),
            (Ok(_), Err(_)) => prop_assert!(false, "taken, although serde_json refuses"),
            (Err(_), Err(_)) => {}
        }
    }

    #[test]
    fn never_panics(text in any::<String>(), depth in 0_usize..9) {
        let _ = parse(&text, 0, depth);
    }

    /// Cut anywhere, a valid text is refused, and the fault lies at or before the cut.
    #[test]
    fn a_cut_text_is_refused(value in any_tree(), cut in any::<prop::sample::Index>()) {
        let text = Tree::Array(vec![value]).to_string();
        let mut at = cut.index(text.len());
        while !text.is_char_boundary(at) {
            at -= 1;
        }
        let error = parse(&text[..at], 0, 64).unwrap_err();
        prop_assert!(error.at <= at);
        prop_assert_eq!(error.rule, JsonRule::Truncated);
    }
}

#[test]
fn depth_is_checked_before_descending() {
    let nested = |levels: usize| "[".repeat(levels) + &"]".repeat(levels);
    assert!(parse(&nested(64), 0, 64).is_ok());
    let error = parse(&nested(65), 0, 64).unwrap_err();
    assert_eq!((error.rule, error.at), (JsonRule::Depth, 64));
    let bomb = "[".repeat(1_000_000);
    assert_eq!(
        parse(&bomb, 0, usize::MAX).unwrap_err().rule,
        JsonRule::Depth
    );
}

#[test]
fn names_the_place() {
    let error = parse(r#"{"a":[1,{"氏名":1,"x":2,"氏名":3}]}"#, 0, 64).unwrap_err();
    assert_eq!(
        (error.rule, error.path().as_str()),
        (JsonRule::Duplicate, "a[1].氏名")
    );
    let error = parse(r#"{"a":[1,{"氏名":tru}]}"#, 0, 64).unwrap_err();
    assert_eq!(
        (error.rule, error.path().as_str()),
        (JsonRule::Unexpected, "a[1].氏名")
    );
    assert_eq!(parse("1 2", 0, 64).unwrap_err().rule, JsonRule::Trailing);
    assert_eq!(
        parse("\"a\nb\"", 0, 64).unwrap_err().rule,
        JsonRule::Control
    );
    assert_eq!(parse(r#""\x""#, 0, 64).unwrap_err().rule, JsonRule::Escape);
}

#[test]
fn equal_names_are_found_in_large_objects_and_through_escapes() {
    let members: Vec<String> = (0..50_000).map(|n| format!("\"k{n}\":{n}")).collect();
    let large = format!("{{{}}}", members.join(","));
    assert!(parse(&large, 0, 64).is_ok());
    let twice = format!("{{{},\"\\u006b7\":0}}", members.join(","));
    let error = parse(&twice, 0, 64).unwrap_err();
    assert_eq!(
        (error.rule, error.path().as_str()),
        (JsonRule::Duplicate, "k7")
    );
}
