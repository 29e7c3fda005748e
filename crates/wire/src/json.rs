//! JSON with the place of every value: RFC 8259, strict, borrowed from the text where it can.
//!
//! Why our own: parsers that are fast drop the places, the last of two equal names wins in
//! `serde_json`, and others overflow the stack on deep nesting. Here depth is checked before
//! descending, equal names are refused, and a number keeps the text it was written with.

use std::borrow::Cow;
use std::collections::HashSet;

use renkei_model::message::Span;

/// Deeper than this is refused whatever the settings say: the parser uses the stack.
pub const DEPTH_MAX: usize = 256;

/// Objects with more members look for equal names in a set, smaller ones by comparing.
const MEMBERS_COMPARED: usize = 12;

/// A value and its bytes, quotes and brackets included.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Value<'a> {
    /// Where it stands in the text.
    pub span: Span,
    /// What it is.
    pub data: Data<'a>,
}

/// The kinds of JSON value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Data<'a> {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A number as it was written.
    Number(&'a str),
    /// A string, unescaped.
    Text(Cow<'a, str>),
    /// An array.
    Array(Vec<Value<'a>>),
    /// An object in the order of the text; names are unique.
    Object(Vec<Member<'a>>),
}

/// A name and its value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member<'a> {
    /// The name, unescaped.
    pub name: Cow<'a, str>,
    /// The value.
    pub value: Value<'a>,
}

/// Why a text is not taken. Quotes no value, only names on the way to the place.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not acceptable JSON at byte {at}: {rule:?}")]
pub struct JsonError {
    /// The byte at which it was noticed.
    pub at: usize,
    /// The broken rule.
    pub rule: JsonRule,
    /// The way to the place, innermost step first: `[0]`, `fieldData`.
    steps: Vec<Step>,
}

/// The rules that a text can break.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JsonRule {
    /// The text ends in the middle of a value.
    Truncated,
    /// A byte that cannot stand here.
    Unexpected,
    /// A control character inside a string.
    Control,
    /// An escape that does not exist, or half of a surrogate pair.
    Escape,
    /// The same name twice in one object.
    Duplicate,
    /// Nested too deep.
    Depth,
    /// Something follows the value.
    Trailing,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Step {
    Name(String),
    Index(usize),
}

impl JsonError {
    /// The way to the place as a sender would write it, `response.data[0].fieldData`; empty at the top.
    #[must_use]
    pub fn path(&self) -> String {
        let mut path = String::new();
        for step in self.steps.iter().rev() {
            match step {
                Step::Name(name) if path.is_empty() => path.push_str(name),
                Step::Name(name) => {
                    path.push('.');
                    path.push_str(name);
                }
                Step::Index(index) => path.push_str(&format!("[{index}]")),
            }
        }
        path
    }

    fn inside(mut self, step: Step) -> Self {
        self.steps.push(step);
        self
    }
}

impl<'a> Value<'a> {
    /// The members of an object.
    #[must_use]
    pub fn members(&self) -> Option<&[Member<'a>]> {
        match &self.data {
            Data::Object(members) => Some(members),
            _ => None,
        }
    }
}

/// Reads one JSON value from `text`, beginning at byte `start` (which must be a character's first
/// byte). Spans count from the beginning of `text`.
///
/// # Errors
/// The first broken rule, with its place.
pub fn parse(text: &str, start: usize, depth: usize) -> Result<Value<'_>, JsonError> {
    let mut parser = Parser {
        text,
        bytes: text.as_bytes(),
        at: start,
    };
    let value = parser.value(depth.min(DEPTH_MAX))?;
    parser.blank();
    if parser.at < parser.bytes.len() {
        return Err(parser.broken(JsonRule::Trailing));
    }
    Ok(value)
}

struct Parser<'a> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Parser<'a> {
    fn broken(&self, rule: JsonRule) -> JsonError {
        let at = self.at.min(self.bytes.len());
        let ended = at == self.bytes.len() && rule == JsonRule::Unexpected;
        JsonError {
            at,
            rule: if ended { JsonRule::Truncated } else { rule },
            steps: Vec::new(),
        }
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn blank(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    /// Takes the byte if it is the next one.
    fn take(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    fn demand(&mut self, byte: u8) -> Result<(), JsonError> {
        if self.take(byte) {
            Ok(())
        } else {
            Err(self.broken(JsonRule::Unexpected))
        }
    }

    /// `depth` is how many more levels may be opened.
    fn value(&mut self, depth: usize) -> Result<Value<'a>, JsonError> {
        self.blank();
        let start = self.at;
        let data = match self.peek() {
            Some(b'"') => Data::Text(self.string()?),
            Some(b'{') => Data::Object(self.object(depth)?),
            Some(b'[') => Data::Array(self.array(depth)?),
            Some(b'-' | b'0'..=b'9') => Data::Number(self.number()?),
            Some(b't') => self.word(b"true", Data::Bool(true))?,
            Some(b'f') => self.word(b"false", Data::Bool(false))?,
            Some(b'n') => self.word(b"null", Data::Null)?,
            _ => return Err(self.broken(JsonRule::Unexpected)),
        };
        Ok(Value {
            span: Span {
                start,
                end: self.at,
            },
            data,
        })
    }

    fn word(&mut self, word: &[u8], data: Data<'a>) -> Result<Data<'a>, JsonError> {
        for byte in word {
            self.demand(*byte)?;
        }
        Ok(data)
    }

    fn object(&mut self, depth: usize) -> Result<Vec<Member<'a>>, JsonError> {
        let Some(depth) = depth.checked_sub(1) else {
            return Err(self.broken(JsonRule::Depth));
        };
        self.at += 1;
        let mut members: Vec<Member<'a>> = Vec::new();
        let mut names: HashSet<Cow<'a, str>> = HashSet::new();
        self.blank();
        if self.take(b'}') {
            return Ok(members);
        }
        loop {
            self.blank();
            if self.peek() != Some(b'"') {
                return Err(self.broken(JsonRule::Unexpected));
            }
            let name_at = self.at;
            let name = self.string()?;
            if repeats(name.clone(), &members, &mut names) {
                self.at = name_at;
                let error = self.broken(JsonRule::Duplicate);
                return Err(error.inside(Step::Name(name.into_owned())));
            }
            self.blank();
            self.demand(b':')?;
            match self.value(depth) {
                Ok(value) => members.push(Member { name, value }),
                Err(error) => return Err(error.inside(Step::Name(name.into_owned()))),
            }
            self.blank();
            if self.take(b'}') {
                return Ok(members);
            }
            self.demand(b',')?;
        }
    }

    fn array(&mut self, depth: usize) -> Result<Vec<Value<'a>>, JsonError> {
        let Some(depth) = depth.checked_sub(1) else {
            return Err(self.broken(JsonRule::Depth));
        };
        self.at += 1;
        let mut values = Vec::new();
        self.blank();
        if self.take(b']') {
            return Ok(values);
        }
        loop {
            let value = self.value(depth);
            values.push(value.map_err(|error| error.inside(Step::Index(values.len())))?);
            self.blank();
            if self.take(b']') {
                return Ok(values);
            }
            self.demand(b',')?;
        }
    }

    fn digits(&mut self) -> Result<(), JsonError> {
        if !matches!(self.peek(), Some(b'0'..=b'9')) {
            return Err(self.broken(JsonRule::Unexpected));
        }
        while matches!(self.peek(), Some(b'0'..=b'9')) {
            self.at += 1;
        }
        Ok(())
    }

    fn number(&mut self) -> Result<&'a str, JsonError> {
        let start = self.at;
        self.take(b'-');
        if !self.take(b'0') {
            self.digits()?;
        }
        if self.take(b'.') {
            self.digits()?;
        }
        if self.take(b'e') || self.take(b'E') {
            let _ = self.take(b'+') || self.take(b'-');
            self.digits()?;
        }
        Ok(&self.text[start..self.at])
    }

    /// Moves to the next byte of a string that is not plain, and hands back what was passed.
    fn plain(&mut self) -> &'a str {
        let rest = &self.bytes[self.at..];
        let special = |byte: &u8| *byte < 0x20 || *byte == b'"' || *byte == b'\\';
        let length = rest.iter().position(special).unwrap_or(rest.len());
        let start = self.at;
        self.at += length;
        &self.text[start..self.at]
    }

    fn string(&mut self) -> Result<Cow<'a, str>, JsonError> {
        self.at += 1;
        let first = self.plain();
        if self.take(b'"') {
            return Ok(Cow::Borrowed(first));
        }
        let mut text = first.to_owned();
        loop {
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(Cow::Owned(text));
                }
                Some(b'\\') => text.push(self.escape()?),
                Some(_) => return Err(self.broken(JsonRule::Control)),
                None => return Err(self.broken(JsonRule::Truncated)),
            }
            text.push_str(self.plain());
        }
    }

    fn escape(&mut self) -> Result<char, JsonError> {
        let start = self.at;
        self.at += 1;
        let Some(letter) = self.peek() else {
            return Err(self.broken(JsonRule::Truncated));
        };
        self.at += 1;
        let plain = match letter {
            b'"' | b'\\' | b'/' => char::from(letter),
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => return self.unicode(start),
            _ => {
                self.at = start;
                return Err(self.broken(JsonRule::Escape));
            }
        };
        Ok(plain)
    }

    /// `\uXXXX`, or two of them that make one character; `start` is the backslash.
    fn unicode(&mut self, start: usize) -> Result<char, JsonError> {
        let high = self.hex4(start)?;
        let code = if (0xD800..0xDC00).contains(&high) {
            let second = self.at;
            self.demand(b'\\')
                .and_then(|()| self.demand(b'u'))
                .map_err(|error| JsonError {
                    rule: if error.rule == JsonRule::Truncated {
                        error.rule
                    } else {
                        JsonRule::Escape
                    },
                    ..error
                })?;
            let low = self.hex4(second)?;
            if !(0xDC00..0xE000).contains(&low) {
                self.at = start;
                return Err(self.broken(JsonRule::Escape));
            }
            0x1_0000 + ((high - 0xD800) << 10) + (low - 0xDC00)
        } else {
            high
        };
        char::from_u32(code).ok_or_else(|| {
            self.at = start;
            self.broken(JsonRule::Escape)
        })
    }

    fn hex4(&mut self, start: usize) -> Result<u32, JsonError> {
        let mut code = 0;
        for _ in 0..4 {
            let Some(byte) = self.peek() else {
                return Err(self.broken(JsonRule::Truncated));
            };
            let Some(digit) = char::from(byte).to_digit(16) else {
                self.at = start;
                return Err(self.broken(JsonRule::Escape));
            };
            code = code * 16 + digit;
            self.at += 1;
        }
        Ok(code)
    }
}

/// Whether the object has this name already. The set is filled when the object grows large, so that
/// an object of many names costs no quadratic time.
fn repeats<'a>(
    name: Cow<'a, str>,
    members: &[Member<'a>],
    names: &mut HashSet<Cow<'a, str>>,
) -> bool {
    if members.len() < MEMBERS_COMPARED {
        return members.iter().any(|member| member.name == name);
    }
    if names.is_empty() {
        names.extend(members.iter().map(|member| member.name.clone()));
    }
    !names.insert(name)
}
