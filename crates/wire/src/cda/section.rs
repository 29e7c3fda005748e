//! The sections of a document's body.

use super::header::{Code, code};
use super::narrative;
use crate::tree::Node;

/// A section, as it stands in the tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Section<'n> {
    /// How deep it stands, from 0.
    pub level: usize,
    /// What it is about (LOINC, JMIX).
    pub code: Option<Code>,
    /// Its title, in one line; empty if it has none.
    pub title: String,
    /// What a reader sees, line by line; the narrative itself is in the node.
    pub text: String,
    /// `entry` elements: what machines read.
    pub entries: Vec<&'n Node>,
    /// The `section` element.
    pub node: &'n Node,
}

/// The sections in the order of the document, sections in sections behind the one that they belong to. None for a body that
/// is no XML ([`non_xml`]).
#[must_use]
pub fn sections(root: &Node) -> Vec<Section<'_>> {
    let mut found = Vec::new();
    let bodies = root.branch().iter().filter(|node| node.name == "component");
    for body in bodies
        .flat_map(|node| node.branch())
        .filter(|node| node.name == "structuredBody")
    {
        below(body, 0, &mut found);
    }
    found
}

fn below<'n>(node: &'n Node, level: usize, found: &mut Vec<Section<'n>>) {
    let components = node
        .branch()
        .iter()
        .filter(|child| child.name == "component");
    for section in components
        .flat_map(|child| child.branch())
        .filter(|child| child.name == "section")
    {
        found.push(Section {
            level,
            code: section.child("code").and_then(code),
            title: section
                .child("title")
                .map_or_else(String::new, narrative::inline),
            text: section
                .child("text")
                .map_or_else(String::new, narrative::text),
            entries: section
                .branch()
                .iter()
                .filter(|child| child.name == "entry")
                .collect(),
            node: section,
        });
        below(section, level + 1, found);
    }
}

/// The text of a body that is no XML (`nonXMLBody`): mostly base64 of a PDF.
#[must_use]
pub fn non_xml(root: &Node) -> Option<&Node> {
    root.at(&["component", "nonXMLBody", "text"])
}
