//! A message as the neutral record tree, so that a profile can name its values; and back.
//!
//! ```text
//! message
//!   MSH            segment; its fields, each a branch
//!     MSH-9        field; repeats where the field repeats
//!       MSH-9.1    component: text, `""` as null; a branch where it has sub-components
//!   PATIENT        group of the structure; repeats where the group repeats
//!     PID
//!       PID-3
//!         PID-3.4
//!           PID-3.4.1
//!   UNPLACED       segments that do not fit the structure
//! ```
//!
//! What is empty has no node. Line breaks (`\.br\`) are line feeds in the text; other formatting stays in it
//! as it stands in the message.

use renkei_model::limits::Limits;
use renkei_model::message::{Fault, Span};

use super::decode::decode;
use super::delimiter::Delimiters;
use super::draft::{Draft, DraftSegment, Value};
use super::error::{DecodeError, EncodeError, Rule};
use super::message::{Message, Piece, Segment};
use super::place::{Place, SegmentName};
use super::structure::{Group, Member};
use crate::charset::Encoding;
use crate::tree::{Content, Leaf, Node, Record};

/// Name of a record's root.
pub const MESSAGE: &str = "message";
/// Name of the branch of segments that do not fit the structure.
pub const UNPLACED: &str = "UNPLACED";
/// A record has at most so many values: a tree is larger than its message.
const VALUES: usize = 200_000;

/// Reads a message as a record.
///
/// # Errors
/// What is wrong with it.
pub fn read(bytes: &[u8], limits: &Limits) -> Result<Record, Vec<Fault>> {
    let message = decode(bytes, limits).map_err(|error| vec![error.fault()])?;
    message.record().map_err(|error| vec![error.fault()])
}

impl Message {
    /// The message as a record: its key is MSH-10, its version the moment of MSH-7 as a number.
    ///
    /// # Errors
    /// More than 200,000 values.
    pub fn record(&self) -> Result<Record, DecodeError> {
        let mut writer = Writer {
            message: self,
            values: 0,
        };
        let children = match self.fit() {
            Ok(fit) => {
                let mut children = writer.group(&fit.root)?;
                if !fit.misfits.is_empty() {
                    let rest = fit
                        .misfits
                        .iter()
                        .map(|index| Member::Segment(*index))
                        .collect();
                    let rest = Group {
                        name: UNPLACED,
                        members: rest,
                    };
                    children.push(writer.branch(&rest)?);
                }
                children
            }
            Err(_) => {
                let indices = (0..self.len()).map(Member::Segment).collect();
                let all = Group {
                    name: MESSAGE,
                    members: indices,
                };
                writer.group(&all)?
            }
        };
        let span = self.span_of(0, self.text().len());
        Ok(Record {
            index: 0,
            key: self.leaf(10),
            version: self.version(),
            span,
            root: Node {
                name: MESSAGE.to_owned(),
                span,
                content: Content::Branch(children),
            },
        })
    }

    /// A field of the header outside the tree.
    fn leaf(&self, number: usize) -> Leaf {
        let place = Place::header(number);
        let piece = self.at(place);
        Leaf {
            field: place.to_string(),
            text: piece
                .map(|piece| piece.text().into_owned())
                .unwrap_or_default(),
            span: piece.map(|piece| piece.span()).unwrap_or_default(),
        }
    }
}

impl Message {
    /// MSH-7 to the tenth of a millisecond, as digits: moments of one sender, however exactly it writes them,
    /// compare as numbers. What is no moment stays as it is and is refused where a version is needed.
    fn version(&self) -> Leaf {
        let mut leaf = self.leaf(7);
        let end = leaf.text.find(['+', '-']).unwrap_or(leaf.text.len());
        let (whole, fraction) = leaf.text.get(..end).map_or(("", ""), |moment| {
            moment.split_once('.').unwrap_or((moment, ""))
        });
        let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        let known = matches!(whole.len(), 4..=14) && fraction.len() <= 4;
        if known && digits(whole) && digits(fraction) {
            leaf.text = format!("{whole:0<14}{fraction:0<4}");
        }
        leaf
    }
}

struct Writer<'m> {
    message: &'m Message,
    values: usize,
}

impl<'m> Writer<'m> {
    fn group(&mut self, group: &Group) -> Result<Vec<Node>, DecodeError> {
        let nodes = group.members.iter().map(|member| match member {
            Member::Segment(index) => Ok(self
                .message
                .segment(*index)
                .map(|segment| self.segment(segment))
                .transpose()?),
            Member::Group(group) => self.branch(group).map(Some),
        });
        nodes.filter_map(Result::transpose).collect()
    }

    fn branch(&mut self, group: &Group) -> Result<Node, DecodeError> {
        let children = self.group(group)?;
        let span = Span {
            start: children.first().map_or(0, |first| first.span.start),
            end: children.last().map_or(0, |last| last.span.end),
        };
        Ok(Node {
            name: group.name.to_owned(),
            span,
            content: Content::Branch(children),
        })
    }

    fn segment(&mut self, segment: Segment<'m>) -> Result<Node, DecodeError> {
        let mut fields = Vec::new();
        for (number, field) in segment.fields() {
            let name = numbered(segment.name().as_str(), '-', number);
            for repetition in field.repetitions().filter(|own| !own.is_empty()) {
                let mut components = Vec::new();
                for (index, component) in repetition.components().enumerate() {
                    if !component.is_empty() {
                        components
                            .push(self.component(numbered(&name, '.', index + 1), component)?);
                    }
                }
                fields.push(Node {
                    name: name.clone(),
                    span: repetition.span(),
                    content: Content::Branch(components),
                });
            }
        }
        Ok(Node {
            name: segment.name().to_string(),
            span: segment.span(),
            content: Content::Branch(fields),
        })
    }

    fn component(&mut self, name: String, component: Piece<'m>) -> Result<Node, DecodeError> {
        let content = if component.sub_components().nth(1).is_some() {
            let mut parts = Vec::new();
            for (index, sub) in component.sub_components().enumerate() {
                if !sub.is_empty() {
                    parts.push(Node {
                        name: numbered(&name, '.', index + 1),
                        span: sub.span(),
                        content: self.content(sub)?,
                    });
                }
            }
            Content::Branch(parts)
        } else {
            self.content(component)?
        };
        Ok(Node {
            name,
            span: component.span(),
            content,
        })
    }

    fn content(&mut self, value: Piece<'m>) -> Result<Content, DecodeError> {
        self.values += 1;
        if self.values > VALUES {
            return Err(DecodeError {
                place: None,
                span: value.span(),
                rule: Rule::TooManyValues(VALUES),
            });
        }
        Ok(if value.is_null() {
            Content::Null
        } else {
            Content::Text(value.text().into_owned())
        })
    }
}

/// `PID-3` and `PID-3.1`: most of what a record costs is its names.
fn numbered(head: &str, mark: char, number: usize) -> String {
    let mut name = String::with_capacity(head.len() + 4);
    name.push_str(head);
    name.push(mark);
    let mut digits = [0_u8; 20];
    let mut rest = number;
    let mut used = 0;
    for slot in digits.iter_mut().rev() {
        *slot = b'0' + u8::try_from(rest % 10).unwrap_or(0);
        rest /= 10;
        used += 1;
        if rest == 0 {
            break;
        }
    }
    let shown = digits.get(digits.len() - used..).map(std::str::from_utf8);
    name.push_str(shown.and_then(Result::ok).unwrap_or_default());
    name
}

/// A record's bytes: the separators by its MSH-1 and MSH-2, the charset by MSH-18 and MSH-20. Names that
/// are neither segments nor places in them are groups.
///
/// # Errors
/// What cannot be written.
pub fn encode(record: &Record) -> Result<Vec<u8>, EncodeError> {
    let mut segments = Vec::new();
    collect(&record.root, &mut segments)?;
    let header = segments.first().ok_or(EncodeError::MshNotFirst)?;
    let text = |number: usize, repetition: usize| {
        let field = header.fields.get(number - 1)?.get(repetition)?;
        match field.first()?.first()? {
            Value::Parts(parts) => match parts.as_slice() {
                [super::escape::Part::Text(text)] => Some(text.as_str()),
                _ => None,
            },
            Value::Null => None,
        }
    };
    let separators = text(1, 0).and_then(|field| field.bytes().next());
    let delimiters = separators
        .and_then(|field| Delimiters::read(field, text(2, 0)?.as_bytes()))
        .unwrap_or_default();
    let repetitions = header.fields.get(17).map_or(0, Vec::len);
    let labels = (0..repetitions).map(|at| text(18, at).unwrap_or_default());
    let encoding = Encoding::of_labels(labels, text(20, 0).unwrap_or_default());
    Draft {
        delimiters,
        encoding: encoding.map_err(|_| EncodeError::Label)?,
        segments,
    }
    .encode()
}

/// The segments below a node, groups opened.
fn collect(node: &Node, segments: &mut Vec<DraftSegment>) -> Result<(), EncodeError> {
    for child in node.branch() {
        match SegmentName::read(child.name.as_bytes()).filter(|_| child.name.len() == 3) {
            Some(name) => segments.push(segment(name, child)?),
            None => collect(child, segments)?,
        }
    }
    Ok(())
}

fn segment(name: SegmentName, node: &Node) -> Result<DraftSegment, EncodeError> {
    let mut segment = DraftSegment {
        name,
        fields: Vec::new(),
    };
    let mut repetitions = std::collections::HashMap::new();
    for field in node.branch() {
        let repetition: &mut usize = repetitions.entry(&field.name).or_insert(0);
        *repetition += 1;
        for leaf in leaves(field) {
            let place: Result<Place, _> = leaf.name.parse();
            let mut place = place.map_err(|_| EncodeError::Name(leaf.name.clone()))?;
            place.repetition = Some(*repetition);
            let value = match &leaf.content {
                Content::Text(text) | Content::Number(text) => Value::text(text),
                Content::Bool(true) => Value::text("Y"),
                Content::Bool(false) => Value::text("N"),
                Content::Null => Value::Null,
                Content::Branch(_) => continue,
            };
            segment
                .set(place, value)
                .map_err(|_| EncodeError::Name(leaf.name.clone()))?;
        }
    }
    Ok(segment)
}

/// The nodes of a field that hold values.
fn leaves(field: &Node) -> Vec<&Node> {
    match &field.content {
        Content::Branch(children) => children.iter().flat_map(leaves).collect(),
        _ => vec![field],
    }
}
