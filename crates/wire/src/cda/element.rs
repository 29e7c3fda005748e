//! From XML to nodes: one pass, no recursion, everything counted.

use quick_xml::Reader;
use quick_xml::errors::{Error, IllFormedError};
use quick_xml::events::{BytesStart, Event};
use renkei_model::message::Span;

use super::TEXT;
use super::error::{CdaError, Notice};
use super::names::{Names, Unnamed};
use super::reference::{attribute, is_xml, resolve};
use crate::charset::is_own;
use crate::tree::{Content, Node};

/// Attributes of an element.
const ATTRIBUTES_MAX: usize = 64;
/// Elements, attributes and texts of a document.
const NODES_MAX: usize = 200_000;
/// Notices that are kept.
pub(super) const NOTICES_MAX: usize = 100;

/// An element whose end has not come.
struct Open {
    name: String,
    start: usize,
    children: Vec<Node>,
    elements: usize,
    attributes: usize,
    /// Declarations that held outside.
    names: usize,
}

/// An attribute's name as it is written, its value, and where that stands.
type Raw = (String, String, Span);

/// Text that may go on behind a comment or a reference.
#[derive(Default)]
struct Pending {
    text: String,
    span: Option<Span>,
}

pub(super) struct Builder<'x> {
    xml: &'x str,
    /// Bytes of the message before `xml`: a byte order mark.
    offset: usize,
    depth_max: usize,
    open: Vec<Open>,
    pending: Pending,
    names: Names,
    nodes: usize,
    root: Option<Node>,
    notices: Vec<Notice>,
}

impl<'x> Builder<'x> {
    pub(super) fn new(xml: &'x str, offset: usize, depth_max: usize) -> Self {
        Self {
            xml,
            offset,
            depth_max,
            open: Vec::new(),
            pending: Pending::default(),
            names: Names::default(),
            nodes: 0,
            root: None,
            notices: Vec::new(),
        }
    }

    /// Reads the document element, and everything to the end.
    pub(super) fn build(mut self) -> Result<(Node, Vec<Notice>), CdaError> {
        let mut reader = Reader::from_str(self.xml);
        loop {
            let start = position(reader.buffer_position());
            let event = reader.read_event();
            let span = self.span(start, position(reader.buffer_position()));
            match event {
                Ok(Event::Eof) => break,
                Ok(event) => self.event(event, span)?,
                Err(error) => {
                    let at = position(reader.error_position());
                    return Err(self.broken(&error, start, at));
                }
            }
        }
        let end = self.span(self.xml.len(), self.xml.len());
        if !self.open.is_empty() {
            return Err(self.wrong("終了タグがありません / an element is never closed", end));
        }
        match self.root.take() {
            Some(root) => Ok((root, self.notices)),
            None => Err(self.wrong("要素がありません / no element", end)),
        }
    }

    fn event(&mut self, event: Event<'x>, span: Span) -> Result<(), CdaError> {
        match event {
            Event::Start(tag) => self.start(&tag, span),
            Event::Empty(tag) => {
                self.start(&tag, span)?;
                self.end(span)
            }
            Event::End(_) => self.end(span),
            Event::Text(text) => self.text(&text.xml10_content(), span),
            Event::CData(text) => self.text(&text.xml10_content(), span),
            Event::GeneralRef(name) => match resolve(&name) {
                Some(character) => self.text(character.encode_utf8(&mut [0; 4]), span),
                None => Err(CdaError::Entity {
                    path: self.path(),
                    span,
                }),
            },
            Event::DocType(_) => Err(CdaError::Doctype { span }),
            Event::Decl(declaration) => {
                let outside = span.start > self.offset;
                match declaration.encoding() {
                    _ if outside => Err(self.wrong("XML宣言が先頭にありません / an XML declaration that is not at the beginning", span)),
                    None => Ok(()),
                    Some(Ok(name)) if name.eq_ignore_ascii_case("utf-8") || name.eq_ignore_ascii_case("us-ascii") => Ok(()),
                    Some(_) => Err(CdaError::Charset { found: "encoding=の宣言 / the declared encoding".to_owned(), span }),
                }
            }
            Event::PI(_) => {
                self.remark(Notice::Instruction { span });
                Ok(())
            }
            Event::Comment(_) | Event::Eof => Ok(()),
        }
    }

    fn start(&mut self, tag: &BytesStart<'x>, span: Span) -> Result<(), CdaError> {
        self.flush()?;
        if self.root.is_some() {
            return Err(self.wrong("文書の要素が2つあります / a second document element", span));
        }
        if self.open.len() >= self.depth_max {
            let max = self.depth_max;
            return Err(self.too_much("階層 / levels", max, span));
        }
        self.count(span)?;
        let names = self.names.len();
        let raw = self.attributes(tag, span)?;
        let name = self
            .names
            .element(tag.name().into_inner())
            .map_err(|unnamed| self.unnamed(&unnamed, span))?;
        let mut children: Vec<Node> = Vec::with_capacity(raw.len());
        for (key, value, place) in raw {
            let name = self
                .names
                .attribute(&key)
                .map_err(|unnamed| self.unnamed(&unnamed, place))?;
            if children.iter().any(|known| known.name == name) {
                let rule = "同じ属性が2回あります / the same attribute twice";
                return Err(self.wrong(rule, place));
            }
            self.count(place)?;
            self.own_character(&value, place);
            children.push(Node {
                name,
                span: place,
                content: Content::Text(value),
            });
        }
        let attributes = children.len();
        self.open.push(Open {
            name,
            start: span.start,
            children,
            elements: 0,
            attributes,
            names,
        });
        Ok(())
    }

    /// The attributes of a tag with their values and places, and none of the declarations, which hold from here on.
    fn attributes(&mut self, tag: &BytesStart<'x>, span: Span) -> Result<Vec<Raw>, CdaError> {
        let (mut raw, mut declared) = (Vec::new(), 0_usize);
        for found in tag.attributes().with_checks(false) {
            let Ok(found) = found else {
                let rule = "属性の書き方が正しくありません / an attribute that is none";
                return Err(self.wrong(rule, span));
            };
            if raw.len() + declared >= ATTRIBUTES_MAX {
                return Err(self.too_much("属性 / attributes", ATTRIBUTES_MAX, span));
            }
            // The value is a piece of the document: where, its address says.
            let at = found.value.as_ptr().addr();
            let at = at.checked_sub(self.xml.as_ptr().addr());
            let place = at.map_or(span, |at| self.span(at, at + found.value.len()));
            let value = attribute(&found.value).map_err(|at| {
                let (start, end) = (place.start + at, place.end);
                let (path, span) = (self.path(), Span { start, end });
                CdaError::Entity { path, span }
            })?;
            if found.value.contains('<') || !value.chars().all(is_xml) {
                let rule = "属性に使えない文字があります / a character that no attribute may have";
                return Err(self.wrong(rule, place));
            }
            let key = found.key.into_inner();
            match self.names.declare(key, &value) {
                Ok(true) => declared += 1,
                Ok(false) => raw.push((key.to_owned(), value, place)),
                Err(unnamed) => return Err(self.unnamed(&unnamed, place)),
            }
        }
        Ok(raw)
    }

    fn end(&mut self, span: Span) -> Result<(), CdaError> {
        let blank = self.pending.text.chars().all(is_space);
        // Blanks are all that a leaf says, or only the layout between elements.
        let is_leaf = self
            .open
            .last()
            .is_some_and(|open| open.children.is_empty());
        if is_leaf && blank && !self.pending.text.is_empty() {
            self.keep_text()?;
        } else {
            self.flush()?;
        }
        let Some(mut open) = self.open.pop() else {
            return Err(self.wrong(
                "開始タグのない終了タグがあります / an end without a beginning",
                span,
            ));
        };
        self.names.leave(open.names);
        let only_text = open.attributes == 0 && open.elements == 0;
        let content = match open.children.len() {
            0 => Content::Null,
            1 if only_text => open
                .children
                .pop()
                .map_or(Content::Null, |text| text.content),
            _ => Content::Branch(open.children),
        };
        let span = Span {
            start: open.start,
            end: span.end,
        };
        let node = Node {
            name: open.name,
            span,
            content,
        };
        match self.open.last_mut() {
            Some(parent) => {
                parent.elements += 1;
                parent.children.push(node);
            }
            None => self.root = Some(node),
        }
        Ok(())
    }

    fn text(&mut self, text: &str, span: Span) -> Result<(), CdaError> {
        if !text.chars().all(is_xml) {
            return Err(self.wrong(
                "XMLに使えない文字があります / a character that XML does not have",
                span,
            ));
        }
        if self.open.is_empty() {
            if text.chars().all(is_space) {
                return Ok(());
            }
            return Err(self.wrong(
                "要素の外に文字があります / text outside of the document element",
                span,
            ));
        }
        self.pending.text.push_str(text);
        let whole = self.pending.span.get_or_insert(span);
        whole.end = span.end;
        Ok(())
    }

    /// Ends a text, unless it was only the layout between elements.
    fn flush(&mut self) -> Result<(), CdaError> {
        if self.pending.text.chars().all(is_space) {
            self.pending = Pending::default();
            return Ok(());
        }
        self.keep_text()
    }

    fn keep_text(&mut self) -> Result<(), CdaError> {
        let Pending { text, span } = std::mem::take(&mut self.pending);
        let span = span.unwrap_or_default();
        self.count(span)?;
        self.own_character(&text, span);
        if let Some(open) = self.open.last_mut() {
            open.children.push(Node {
                name: TEXT.to_owned(),
                span,
                content: Content::Text(text),
            });
        }
        Ok(())
    }

    fn count(&mut self, span: Span) -> Result<(), CdaError> {
        self.nodes += 1;
        if self.nodes > NODES_MAX {
            return Err(self.too_much(
                "要素・属性・文字 / elements, attributes and texts",
                NODES_MAX,
                span,
            ));
        }
        Ok(())
    }

    fn own_character(&mut self, text: &str, span: Span) {
        if self.notices.len() < NOTICES_MAX && text.contains(is_own) {
            let path = self.path();
            self.remark(Notice::OwnCharacter { path, span });
        }
    }

    fn remark(&mut self, notice: Notice) {
        if self.notices.len() < NOTICES_MAX {
            self.notices.push(notice);
        }
    }

    fn span(&self, start: usize, end: usize) -> Span {
        Span {
            start: self.offset + start,
            end: self.offset + end,
        }
    }

    /// The elements that are open: `ClinicalDocument/recordTarget`.
    fn path(&self) -> String {
        let names: Vec<&str> = self.open.iter().map(|open| open.name.as_str()).collect();
        if names.is_empty() {
            "文書 / the document".to_owned()
        } else {
            names.join("/")
        }
    }

    fn wrong(&self, rule: &'static str, span: Span) -> CdaError {
        CdaError::Syntax {
            path: self.path(),
            rule,
            span,
        }
    }

    fn too_much(&self, what: &'static str, max: usize, span: Span) -> CdaError {
        CdaError::TooMuch {
            path: self.path(),
            what,
            max,
            span,
        }
    }

    fn unnamed(&self, unnamed: &Unnamed, span: Span) -> CdaError {
        match unnamed {
            Unnamed::Wrong => self.wrong("名前が正しくないか、接頭辞が宣言されていません / not a name, or a prefix that is not declared", span),
            Unnamed::TooMany(max) => self.too_much("名前空間の宣言 / declarations of namespaces", *max, span),
        }
    }

    /// What the library says, in words of ours: its own quote the document.
    fn broken(&self, error: &Error, start: usize, at: usize) -> CdaError {
        let rest = self.xml.as_bytes().get(start..).unwrap_or_default();
        let at = at.max(start).min(self.xml.len());
        let span = self.span(at, at);
        if rest
            .get(..3)
            .is_some_and(|head| head.eq_ignore_ascii_case(b"<!D"))
        {
            return CdaError::Doctype { span };
        }
        let rule = match error {
            Error::IllFormed(
                IllFormedError::MismatchedEndTag { .. } | IllFormedError::UnmatchedEndTag(_),
            ) => "終了タグが開始タグと合いません / an end that does not fit its beginning",
            Error::IllFormed(IllFormedError::UnclosedReference) => {
                "&の後に;がありません / & without ;"
            }
            _ => "XMLとして読めません / not well-formed XML",
        };
        self.wrong(rule, span)
    }
}

const fn is_space(character: char) -> bool {
    matches!(character, ' ' | '\t' | '\r' | '\n')
}

fn position(at: u64) -> usize {
    usize::try_from(at).unwrap_or(usize::MAX)
}
