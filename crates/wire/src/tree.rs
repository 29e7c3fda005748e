//! The neutral record tree: names, values and where they stood. Every format decodes into it.

use renkei_model::message::Span;

/// One named value of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// The name as the sender writes it: `生年月日`, `緊急連絡先::電話`.
    pub name: String,
    /// The value's bytes in the original message, with its quotes or brackets where the format has any.
    pub span: Span,
    /// The value.
    pub content: Content,
}

/// What a node holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// Text, decoded: no escapes, no quotes.
    Text(String),
    /// A number as it was written, so that `1.0` stays `1.0`.
    Number(String),
    /// True or false.
    Bool(bool),
    /// Present without a value.
    Null,
    /// More nodes, in the order of the message. Names may repeat where the format repeats.
    Branch(Vec<Node>),
}

/// A piece of text outside the tree: a record's key, its version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leaf {
    /// The field as the sender knows it: `data[0].modId`; empty for a leaf that comes from no message.
    pub field: String,
    /// The text.
    pub text: String,
    /// Its bytes in the original message.
    pub span: Span,
}

/// One record of a message; a message holds one or more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Position in the message, from 0.
    pub index: usize,
    /// The sender's own key of the record.
    pub key: Leaf,
    /// The sender's version of it.
    pub version: Leaf,
    /// The whole record's bytes.
    pub span: Span,
    /// The values.
    pub root: Node,
}

impl Node {
    /// A node that comes from no message, as the way back to a native form makes them.
    #[must_use]
    pub fn new(name: impl Into<String>, content: Content) -> Self {
        Self {
            name: name.into(),
            span: Span::default(),
            content,
        }
    }

    /// A text node that comes from no message.
    #[must_use]
    pub fn of_text(name: impl Into<String>, text: impl Into<String>) -> Self {
        Self::new(name, Content::Text(text.into()))
    }

    /// A branch that comes from no message.
    #[must_use]
    pub fn of_branch(name: impl Into<String>, children: Vec<Self>) -> Self {
        Self::new(name, Content::Branch(children))
    }

    /// All children in order; none for a value.
    #[must_use]
    pub fn branch(&self) -> &[Self] {
        match &self.content {
            Content::Branch(children) => children,
            _ => &[],
        }
    }

    /// The children to change; `None` for a value.
    pub const fn branch_mut(&mut self) -> Option<&mut Vec<Self>> {
        match &mut self.content {
            Content::Branch(children) => Some(children),
            _ => None,
        }
    }

    /// The first child of this name.
    #[must_use]
    pub fn child(&self, name: &str) -> Option<&Self> {
        self.branch().iter().find(|child| child.name == name)
    }

    /// All children of this name, in order.
    pub fn children<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Self> {
        self.branch().iter().filter(move |child| child.name == name)
    }

    /// The node at the end of a path of names.
    #[must_use]
    pub fn at(&self, path: &[&str]) -> Option<&Self> {
        path.iter().try_fold(self, |node, name| node.child(name))
    }

    /// The text of a text or a number as it was written; `None` for everything else.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        match &self.content {
            Content::Text(text) | Content::Number(text) => Some(text),
            Content::Bool(_) | Content::Null | Content::Branch(_) => None,
        }
    }

    /// Whether nothing was said: no value, empty text, or a branch without children.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        match &self.content {
            Content::Text(text) => text.is_empty(),
            Content::Null => true,
            Content::Branch(children) => children.is_empty(),
            Content::Number(_) | Content::Bool(_) => false,
        }
    }

    /// The same node with every span zero, for comparing values that stood in different places.
    #[must_use]
    pub fn without_spans(mut self) -> Self {
        self.span = Span::default();
        if let Content::Branch(children) = self.content {
            self.content = Content::Branch(children.into_iter().map(Self::without_spans).collect());
        }
        self
    }
}

impl Leaf {
    /// A leaf that comes from no message.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self {
            field: String::new(),
            text: text.into(),
            span: Span::default(),
        }
    }
}

impl Record {
    /// The same record with every span zero.
    #[must_use]
    pub fn without_spans(self) -> Self {
        Self {
            index: self.index,
            key: Leaf::new(self.key.text),
            version: Leaf::new(self.version.text),
            span: Span::default(),
            root: self.root.without_spans(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_by_name_and_by_path() {
        let row = |text: &str| Node::of_branch("row", vec![Node::of_text("連絡先::電話", text)]);
        let portal = Node::of_branch("連絡先", vec![row("1"), row("2")]);
        let root = Node::of_branch("record", vec![Node::of_branch("portalData", vec![portal])]);
        let rows = root
            .at(&["portalData", "連絡先"])
            .map(|p| p.children("row").count());
        assert_eq!(rows, Some(2));
        let first = root.at(&["portalData", "連絡先", "row", "連絡先::電話"]);
        assert_eq!(first.and_then(Node::text), Some("1"));
        assert!(root.at(&["fieldData"]).is_none());
        assert_eq!(root.text(), None);
    }

    #[test]
    fn emptiness_is_about_what_was_said() {
        assert!(Node::of_text("a", "").is_empty());
        assert!(Node::new("a", Content::Null).is_empty());
        assert!(!Node::new("a", Content::Number("0".into())).is_empty());
        assert!(!Node::new("a", Content::Bool(false)).is_empty());
    }
}
