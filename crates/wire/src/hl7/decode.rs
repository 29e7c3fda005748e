//! Bytes to a message: charset first, then segments and fields.

use memchr::{memchr, memchr_iter, memchr3, memchr3_iter};
use renkei_model::limits::Limits;
use renkei_model::message::Span;

use super::delimiter::Delimiters;
use super::error::{DecodeError, Note, NoteKind, Rule};
use super::escape::{is_body, is_known};
use super::head::{self, Head};
use super::message::{Line, Message, Segment};
use super::place::{Place, SegmentName};
use super::site;
use crate::charset::{self, CharsetFault, Decoded, Encoding, Marks};

/// Begins an MLLP frame.
const VT: u8 = 0x0b;
/// Ends an MLLP frame, before a CR.
const FS: u8 = 0x1c;
const BOM: &[u8] = charset::BOM;
/// A message has at most so many segments.
pub(super) const SEGMENTS: usize = 100_000;

/// Reads one message.
///
/// # Errors
/// The first thing that cannot be read without guessing, with its place and its bytes.
pub fn decode(bytes: &[u8], limits: &Limits) -> Result<Message, DecodeError> {
    let whole = Span {
        start: 0,
        end: bytes.len(),
    };
    if bytes.len() > limits.body_bytes {
        return Err(refuse(whole, Rule::TooBig(limits.body_bytes)));
    }
    let mut notes = Vec::new();
    let inner = without_frame(bytes, &mut notes);
    let content = bytes.get(inner.start..inner.end).unwrap_or_default();
    if content.is_empty() {
        return Err(refuse(whole, Rule::Empty));
    }
    check_first(content, inner.start)?;
    if let Some(at) = memchr3(0, VT, FS, content) {
        let byte = content.get(at).copied().unwrap_or_default();
        return Err(charset_error(
            bytes,
            inner,
            None,
            span(inner.start + at, 1),
            CharsetFault::Control(byte),
        ));
    }
    let Head {
        delimiters,
        encoding,
    } = head::read(content, inner.start)?;
    let separators = delimiters.separators();
    let marks = Marks {
        delimiters: &separators,
        escape: delimiters.escape,
    };
    let (decoded, encoding) = charset::decode(content, inner.start, encoding, marks)
        .map_err(|error| charset_error(bytes, inner, Some(delimiters), error.span, error.kind))?;
    let Decoded {
        text,
        offsets,
        notes: charset_notes,
        ..
    } = decoded;
    notes.extend(charset_notes.into_iter().map(|(kind, span)| Note {
        kind: NoteKind::Charset(kind),
        span,
    }));
    let mut message = Message {
        text,
        offsets,
        delimiters,
        encoding,
        lines: Vec::new(),
        fields: Vec::new(),
        notes,
    };
    split(&mut message)?;
    refuse_second_header(&message)?;
    check_label(&message)?;
    look_over(&mut message);
    for field in [9, 10] {
        require(&message, field)?;
    }
    Ok(message)
}

fn refuse(span: Span, rule: Rule) -> DecodeError {
    DecodeError {
        place: None,
        span,
        rule,
    }
}

const fn span(start: usize, len: usize) -> Span {
    Span {
        start,
        end: start + len,
    }
}

/// The message without a byte order mark, blank lines before it, and what is left of an MLLP frame.
fn without_frame(bytes: &[u8], notes: &mut Vec<Note>) -> Span {
    let (mut start, mut end) = (0, bytes.len());
    if bytes.starts_with(BOM) {
        start = BOM.len();
        let kind = NoteKind::ByteOrderMark;
        notes.push(Note {
            kind,
            span: span(0, start),
        });
    }
    if bytes.get(start) == Some(&VT) {
        notes.push(Note {
            kind: NoteKind::FrameBytes,
            span: span(start, 1),
        });
        start += 1;
    }
    while let Some(b'\r' | b'\n') = bytes.get(start) {
        note_blank(notes, start);
        start += 1;
    }
    let tail = bytes.get(start..).unwrap_or_default();
    let ended = tail.trim_ascii_end_of_returns();
    if ended.last() == Some(&FS) {
        let at = start + ended.len() - 1;
        if notes.iter().all(|note| note.kind != NoteKind::FrameBytes) {
            let frame = Span {
                start: at,
                end: bytes.len(),
            };
            notes.push(Note {
                kind: NoteKind::FrameBytes,
                span: frame,
            });
        }
        end = at;
    }
    Span {
        start: start.min(end),
        end,
    }
}

fn note_blank(notes: &mut Vec<Note>, at: usize) {
    if notes.iter().all(|note| note.kind != NoteKind::BlankLine) {
        notes.push(Note {
            kind: NoteKind::BlankLine,
            span: span(at, 1),
        });
    }
}

/// Bytes without the line ends at their end.
trait TrimReturns {
    fn trim_ascii_end_of_returns(&self) -> &[u8];
}

impl TrimReturns for [u8] {
    fn trim_ascii_end_of_returns(&self) -> &[u8] {
        let len = self
            .iter()
            .rposition(|byte| !matches!(byte, b'\r' | b'\n'))
            .map_or(0, |last| last + 1);
        self.get(..len).unwrap_or_default()
    }
}

fn check_first(content: &[u8], base: usize) -> Result<(), DecodeError> {
    if content.starts_with(b"MSH") {
        return Ok(());
    }
    let found = match *content {
        [b'F', b'H', b'S', ..] | [b'B', b'H', b'S', ..] => {
            "FHS/BHS (a batch: send its messages one by one)"
        }
        _ if charset::utf16(content).is_some() => "UTF-16",
        [b'{', ..] | [b'[', ..] => "JSON",
        [b'<', ..] => "XML",
        [b'A'..=b'Z', _, _, b'|', ..] => "another segment",
        _ => "something else",
    };
    let len = content.len().min(3);
    Err(refuse(span(base, len), Rule::MshNotFirst(found)))
}

fn charset_error(
    bytes: &[u8],
    inner: Span,
    delimiters: Option<Delimiters>,
    span: Span,
    fault: CharsetFault,
) -> DecodeError {
    let content = bytes.get(inner.start..inner.end).unwrap_or_default();
    DecodeError {
        place: site::of(content, span.start.saturating_sub(inner.start), delimiters).map(Box::new),
        span,
        rule: fault.into(),
    }
}

/// Cuts the text into lines and fields, in one pass.
fn split(message: &mut Message) -> Result<(), DecodeError> {
    let text = std::mem::take(&mut message.text);
    let bytes = text.as_bytes();
    let separator = message.delimiters.field;
    message.fields.reserve(bytes.len() / 8);
    let mut line = OpenLine::default();
    let mut after_return = false;
    let mut odd = Odd::default();
    let mut result = Ok(());
    for at in memchr3_iter(b'\r', b'\n', separator, bytes) {
        let byte = bytes.get(at).copied().unwrap_or_default();
        if byte == separator {
            if line.fields == message.fields.len() && line.start + 3 != at && result.is_ok() {
                result = name(bytes, line.start, at).map(|_| ());
            }
            message.fields.push(small(at + 1));
            continue;
        }
        let crlf = byte == b'\n' && after_return && line.start == at;
        after_return = byte == b'\r';
        if byte == b'\n' {
            odd.line_feed.get_or_insert(at);
        }
        if crlf {
            line.start = at + 1;
        } else if line.start == at {
            odd.blank.get_or_insert(at);
            line.start = at + 1;
        } else {
            line = close(message, bytes, line, at).unwrap_or_else(|error| {
                result = Err(error);
                line
            });
        }
        if result.is_err() {
            break;
        }
    }
    if result.is_ok() && line.start < bytes.len() {
        odd.unended = Some(bytes.len());
        result = close(message, bytes, line, bytes.len()).map(|_| ());
    }
    message.text = text;
    odd.note(message);
    result.map_err(|error| in_bytes(message, error))
}

#[derive(Debug, Clone, Copy, Default)]
struct OpenLine {
    /// First byte of the text.
    start: usize,
    /// Index of its first field.
    fields: usize,
}

/// Oddities of line ends, at their first place in the text.
#[derive(Default)]
struct Odd {
    line_feed: Option<usize>,
    blank: Option<usize>,
    unended: Option<usize>,
}

impl Odd {
    fn note(self, message: &mut Message) {
        for (at, kind) in [
            (self.line_feed, NoteKind::LineFeed),
            (self.blank, NoteKind::BlankLine),
            (self.unended, NoteKind::NoLastReturn),
        ] {
            if let Some(at) = at {
                message.note(kind, at, at + 1);
            }
        }
    }
}

fn name(text: &[u8], start: usize, end: usize) -> Result<SegmentName, DecodeError> {
    let own = text.get(start..end).unwrap_or_default();
    let head = own.get(..3).filter(|_| own.len() == 3);
    head.and_then(SegmentName::read)
        .ok_or_else(|| refuse(span(start, own.len().min(3)), Rule::SegmentName))
}

fn close(
    message: &mut Message,
    text: &[u8],
    line: OpenLine,
    end: usize,
) -> Result<OpenLine, DecodeError> {
    let first = message.fields.get(line.fields).copied();
    let head_end = first.map_or(end, |first| first as usize - 1);
    let name = name(text, line.start, head_end)?;
    if message.lines.len() >= SEGMENTS {
        let at = span(line.start, 3);
        return Err(refuse(at, Rule::TooManySegments(SEGMENTS)));
    }
    message.lines.push(Line {
        name,
        start: small(line.start),
        end: small(end),
        first_field: small(line.fields),
        fields: small(message.fields.len() - line.fields),
    });
    Ok(OpenLine {
        start: end + 1,
        fields: message.fields.len(),
    })
}

/// Places fit into 32 bits: a body has at most [`Limits::body_bytes`], and what is longer than 1 GB is cut
/// nowhere.
fn small(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}

/// An error in the text, told in bytes of the original, with its line.
fn in_bytes(message: &Message, error: DecodeError) -> DecodeError {
    let own = message.span_of(error.span.start, error.span.end);
    DecodeError { span: own, ..error }
}

/// Notes what is odd about escapes and control characters.
fn look_over(message: &mut Message) {
    let mut found: Vec<(NoteKind, usize, usize)> = Vec::new();
    let mut first = |kind: NoteKind, start: usize, end: usize| {
        if found.iter().all(|(known, ..)| *known != kind) {
            found.push((kind, start, end));
        }
    };
    let text = message.text.as_bytes();
    let body = message
        .fields
        .get(1)
        .map_or(text.len(), |start| *start as usize);
    let marks = message.delimiters.separators();
    if let Some(escape) = message.delimiters.escape {
        let mut open: Option<usize> = None;
        for at in memchr_iter(escape, text.get(body..).unwrap_or_default()).map(|at| at + body) {
            let Some(start) = open.replace(at) else {
                continue;
            };
            let inside = message.text.get(start + 1..at).unwrap_or_default();
            if !is_body(inside) || inside.bytes().any(|byte| marks.contains(&byte)) {
                first(NoteKind::LoneEscape, start, start + 1);
                continue;
            }
            open = None;
            if !is_known(inside, &message.delimiters) {
                first(NoteKind::UnknownEscape, start, at + 1);
            }
        }
        if let Some(start) = open {
            first(NoteKind::LoneEscape, start, start + 1);
        }
    }
    if let Some(at) = first_control(text) {
        first(NoteKind::ControlCharacter, at, at + 1);
    }
    for (kind, start, end) in found {
        message.note(kind, start, end);
    }
}

/// The first control character that is neither a tab nor a line end. Looks at blocks, which is several times
/// faster than byte by byte.
fn first_control(text: &[u8]) -> Option<usize> {
    const BLOCK: usize = 64;
    let odd = |byte: &u8| {
        (*byte < 0x20) & (*byte != b'\t') & (*byte != b'\r') & (*byte != b'\n') | (*byte == 0x7f)
    };
    let any = |block: &[u8]| block.iter().fold(false, |found, byte| found | odd(byte));
    let block = text.chunks(BLOCK).position(any)?;
    let start = block * BLOCK;
    let inside = text.get(start..)?.iter().position(odd)?;
    Some(start + inside)
}

/// Two messages in one would mix two patients. A header without fields is only out of place.
fn refuse_second_header(message: &Message) -> Result<(), DecodeError> {
    let second =
        |segment: &Segment<'_>| segment.name() == SegmentName::MSH && segment.last_field() > 0;
    match message.segments().skip(1).find(second) {
        None => Ok(()),
        Some(segment) => Err(DecodeError {
            place: Some(Box::new(Place::segment(
                SegmentName::MSH,
                segment.sequence(),
            ))),
            span: segment.span(),
            rule: Rule::SecondHeader,
        }),
    }
}

/// The label was read before the charset was known. Read as text it has to say the same: half a kanji before
/// it may have hidden a separator.
fn check_label(message: &Message) -> Result<(), DecodeError> {
    let field = |number| message.at(Place::header(number));
    let raw = |number| field(number).map(|field| field.raw()).unwrap_or_default();
    let labels = field(18).into_iter().flat_map(|field| field.repetitions());
    let said = Encoding::of_labels(labels.map(|label| label.raw()), raw(20));
    if said.is_ok_and(|said| said.is_like(message.encoding)) {
        return Ok(());
    }
    Err(DecodeError {
        place: Some(Box::new(Place::header(18))),
        span: message
            .segment(0)
            .map(|head| head.span())
            .unwrap_or_default(),
        rule: Rule::LabelMoved,
    })
}

fn require(message: &Message, field: usize) -> Result<(), DecodeError> {
    let found = message.segment(0).and_then(|head| head.field(field));
    if found.is_some_and(|field| !field.raw().is_empty()) {
        return Ok(());
    }
    let place = Place::header(field);
    let span = match (found, message.segment(0)) {
        (Some(found), _) => found.span(),
        (None, Some(head)) => head.span(),
        (None, None) => Span::default(),
    };
    Err(DecodeError {
        place: Some(Box::new(place)),
        span,
        rule: Rule::Required(if field == 9 { "MSH-9" } else { "MSH-10" }),
    })
}

/// Whether these bytes look like an HL7 message: for those who detect formats.
#[must_use]
pub fn looks_like(bytes: &[u8]) -> bool {
    let mut notes = Vec::new();
    let inner = without_frame(bytes, &mut notes);
    let content = bytes.get(inner.start..inner.end).unwrap_or_default();
    content.starts_with(b"MSH") && memchr(b'\r', content.get(..8).unwrap_or_default()).is_none()
}
