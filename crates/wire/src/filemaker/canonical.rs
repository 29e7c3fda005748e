//! What a record says, apart from how it was written.

use super::{FIELD_DATA, PORTAL_DATA, encode};
use crate::tree::{Content, Node, Record};

/// The bytes of a record's content, the same for the same content whether it came as JSON or as CSV: fields
/// by name, numbers as they are written, without fields that say nothing.
#[must_use]
pub fn canonical(record: &Record) -> Vec<u8> {
    let mut record = record.clone();
    plain(&mut record.root);
    encode(std::slice::from_ref(&record))
}

fn plain(node: &mut Node) {
    match &mut node.content {
        // A cell of CSV does not say whether it is a number.
        Content::Number(number) => node.content = Content::Text(std::mem::take(number)),
        Content::Branch(children) => {
            children.iter_mut().for_each(plain);
            children.retain(|child| !child.is_empty());
            // Stable: rows of a portal have one name and keep their order.
            children.sort_by(|a, b| a.name.cmp(&b.name));
        }
        Content::Text(_) | Content::Bool(_) | Content::Null => {}
    }
}

/// The fields with private-use characters (外字) in them, each as a message names it. They are kept; what
/// they look like only their sender's system knows.
#[must_use]
pub fn private_use(record: &Record) -> Vec<String> {
    let mut found = Vec::new();
    let path = format!("data[{}]", record.index);
    for branch in record.root.branch() {
        let path = format!("{path}.{}", branch.name);
        match branch.name.as_str() {
            FIELD_DATA => search(branch, &path, &mut found),
            PORTAL_DATA => {
                for portal in branch.branch() {
                    for (index, row) in portal.branch().iter().enumerate() {
                        search(row, &format!("{path}.{}[{index}]", portal.name), &mut found);
                    }
                }
            }
            _ => {}
        }
    }
    found
}

fn search(branch: &Node, path: &str, found: &mut Vec<String>) {
    let leaves = branch.branch().iter();
    let has = |leaf: &&Node| {
        leaf.text()
            .is_some_and(|text| text.contains(is_private_use))
    };
    found.extend(
        leaves
            .filter(has)
            .map(|leaf| format!("{path}.{}", leaf.name)),
    );
}

/// Unicode's private-use area and the two private-use planes.
const fn is_private_use(c: char) -> bool {
    matches!(c, '\u{e000}'..='\u{f8ff}' | '\u{f0000}'..='\u{ffffd}' | '\u{100000}'..='\u{10fffd}')
}

#[cfg(test)]
mod tests {
    use super::super::decode;
    use super::*;
    use renkei_model::limits::Limits;

    fn record(fields: &str) -> Record {
        let body = format!(
            r#"{{"response":{{"data":[{{"fieldData":{{{fields}}},"portalData":{{"連絡先":[{{"連絡先::氏名":"甲\ue000"}},{{"連絡先::氏名":""}}]}},"recordId":"1","modId":"0"}}]}}}}"#
        );
        decode(body.as_bytes(), "", &Limits::default())
            .unwrap()
            .remove(0)
    }

    #[test]
    fn order_and_empty_fields_do_not_count() {
        let one = canonical(&record(r#""b":"2","a":"1","c":"""#));
        assert_eq!(one, canonical(&record(r#""a":"1","b":"2""#)));
        assert_eq!(one, canonical(&record(r#""a":1,"b":2"#)));
        assert_ne!(one, canonical(&record(r#""a":"1.0","b":"2""#)));
        assert_ne!(one, canonical(&record(r#""a":"1","b":"3""#)));
    }

    #[test]
    fn private_use_characters_are_found() {
        let found = private_use(&record(r#""a":"吉\ue757田","b":"吉田""#));
        let expected = [
            "data[0].fieldData.a",
            "data[0].portalData.連絡先[0].連絡先::氏名",
        ];
        assert_eq!(found, expected);
    }
}
