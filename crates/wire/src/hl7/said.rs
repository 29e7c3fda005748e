//! What a message says, as its record has it: its kind, its content, its private-use characters.

use super::place::Place;
use crate::charset::is_own;
use crate::tree::{Content, Leaf, Node, Record};

/// Message type and trigger event (MSH-9), `ADT^A08`; empty where there is none.
#[must_use]
pub fn kind_of(record: &Record) -> Leaf {
    let place = Place::header(9).to_string();
    let field = record.root.at(&["MSH", &place]);
    let words = field.into_iter().flat_map(Node::branch).take(2);
    let words: Vec<&str> = words.filter_map(Node::text).collect();
    Leaf {
        text: words.join("^"),
        span: field.map(|field| field.span).unwrap_or_default(),
        field: place,
    }
}

/// The same bytes for the same content: every node's name and value, in the message's order. What the
/// header says of the transport (times, ids, charset: MSH) does not count.
#[must_use]
pub fn canonical(record: &Record) -> Vec<u8> {
    let mut said = Vec::new();
    let nodes = record.root.branch().iter();
    for node in nodes.filter(|node| node.name != "MSH") {
        say(node, &mut said);
    }
    said.extend(kind_of(record).text.into_bytes());
    said
}

/// Name and value with lengths before them, so that no two contents are written alike.
fn say(node: &Node, said: &mut Vec<u8>) {
    let mut word = |kind: u8, text: &str| {
        said.push(kind);
        said.extend(text.len().to_le_bytes());
        said.extend(text.as_bytes());
    };
    word(b'n', &node.name);
    match &node.content {
        Content::Text(text) | Content::Number(text) => word(b't', text),
        Content::Bool(value) => word(b'b', if *value { "1" } else { "0" }),
        Content::Null => word(b'0', ""),
        Content::Branch(children) => {
            word(b'(', "");
            children.iter().for_each(|child| say(child, said));
            said.push(b')');
        }
    }
}

/// The places whose text has private-use characters (外字): `PID-5.1`. They are kept; what they look like
/// only their sender's system knows.
#[must_use]
pub fn private_use(record: &Record) -> Vec<String> {
    let mut found = Vec::new();
    search(&record.root, &mut found);
    found
}

fn search(node: &Node, found: &mut Vec<String>) {
    if node.text().is_some_and(|text| text.contains(is_own)) {
        found.push(node.name.clone());
    }
    node.branch().iter().for_each(|child| search(child, found));
}

#[cfg(test)]
mod tests {
    use renkei_model::limits::Limits;

    use super::super::read;
    use super::*;

    fn record(text: &str) -> Record {
        read(text.as_bytes(), &Limits::default()).unwrap()
    }

    #[test]
    fn the_header_does_not_count_and_every_value_does() {
        let one = |id: &str, name: &str| {
            let text = format!("MSH|^~\\&|A|B|||20260401||ADT^A08|{id}|P|2.5\rPID|||{name}\r");
            record(&text)
        };
        let first = canonical(&one("1", "a^b"));
        assert_eq!(first, canonical(&one("2", "a^b")));
        for other in ["a^c", "a^^b", "ab", "a&b", "a~b", "a^\"\""] {
            assert_ne!(first, canonical(&one("1", other)), "{other}");
        }
        assert_eq!(kind_of(&one("1", "a")).text, "ADT^A08");
    }

    #[test]
    fn private_use_characters_are_found() {
        let text =
            "MSH|^~\\&|||||||ADT^A08|1|P|2.5||||||UNICODE UTF-8\rPID|||1||吉\u{e757}田^花子\r";
        assert_eq!(private_use(&record(text)), ["PID-5.1"]);
        assert_eq!(private_use(&record(&text.replace('\u{e757}', ""))), [""; 0]);
    }
}
