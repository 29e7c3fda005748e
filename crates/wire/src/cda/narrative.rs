//! The narrative block as text (CDA R2, 4.3.5): what a reader sees, without its layout.

use super::TEXT;
use super::header::attribute;
use crate::tree::{Content, Node};

/// Elements that begin a line of their own.
const BLOCKS: [&str; 8] = [
    "paragraph",
    "list",
    "item",
    "table",
    "tr",
    "caption",
    "title",
    "text",
];
const CELLS: [&str; 2] = ["td", "th"];

/// The text of a narrative: a line for each paragraph, item and row, tabs between cells. Text that a revision took away is
/// marked, since it must not be read as said; what is shown from elsewhere is named in brackets.
pub(super) fn text(node: &Node) -> String {
    let mut out = String::new();
    write(node, &mut out);
    let lines = out.lines().map(|line| line.trim_matches([' ', '\t']));
    let lines: Vec<&str> = lines.filter(|line| !line.is_empty()).collect();
    lines.join("\n")
}

/// All text of a node in one line.
pub(super) fn inline(node: &Node) -> String {
    let text = text(node);
    text.split_whitespace_of_xml().collect::<Vec<_>>().join(" ")
}

/// Splitting that keeps the full-width space, which is a character of a name.
trait Spaces {
    fn split_whitespace_of_xml(&self) -> impl Iterator<Item = &str>;
}

impl Spaces for str {
    fn split_whitespace_of_xml(&self) -> impl Iterator<Item = &str> {
        self.split([' ', '\t', '\r', '\n'])
            .filter(|word| !word.is_empty())
    }
}

/// As deep as the document, which [`renkei_model::limits::Limits::depth`] bounds.
fn write(node: &Node, out: &mut String) {
    let children = match &node.content {
        Content::Text(text) => return words(text, out),
        Content::Branch(children) => children,
        _ if node.name == "br" => return out.push('\n'),
        _ => return,
    };
    for child in children.iter().filter(|child| !child.name.starts_with('@')) {
        let name = child.name.as_str();
        let deleted = attribute(child, "@revised") == Some("delete");
        let block = BLOCKS.contains(&name);
        if block {
            out.push('\n');
        }
        if deleted {
            out.push_str("[削除: ");
        }
        match name {
            TEXT => words(child.text().unwrap_or_default(), out),
            "br" => out.push('\n'),
            "renderMultiMedia" => {
                out.push('[');
                out.push_str(attribute(child, "@referencedObject").unwrap_or("renderMultiMedia"));
                out.push(']');
            }
            _ => write(child, out),
        }
        if deleted {
            out.push(']');
        }
        if block {
            out.push('\n');
        }
        if CELLS.contains(&name) {
            out.push('\t');
        }
    }
}

/// Words with one space where there was any.
fn words(text: &str, out: &mut String) {
    let mut space = text.starts_with([' ', '\t', '\n']);
    for word in text.split_whitespace_of_xml() {
        if space && !out.is_empty() && !out.ends_with([' ', '\n', '\t']) {
            out.push(' ');
        }
        out.push_str(word);
        space = true;
    }
    if text.ends_with([' ', '\t', '\n']) && !out.ends_with([' ', '\n', '\t']) {
        out.push(' ');
    }
}
