//! From the envelope's bytes to records.

use renkei_model::limits::Limits;
use renkei_model::message::{Fault, FaultKind, Span};

use super::{FIELD_DATA, MOD_ID, PORTAL_DATA, RECORD, RECORD_ID, ROW};
use crate::charset;
use crate::json::{self, Data, JsonError, JsonRule, Member, Value};
use crate::tree::{Content, Leaf, Node, Record};

/// Digits of a record id or modification number: what fits a signed 64-bit integer.
const DIGITS_MAX: usize = 18;

/// Faults that are reported at most.
pub(super) const FAULTS_MAX: usize = 100;

/// Whether a text is a record's key or version. One spelling for each number, so that one record has one
/// key.
pub(super) fn is_number(text: &str) -> bool {
    (1..=DIGITS_MAX).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_digit())
        && (text.len() == 1 || !text.starts_with('0'))
}

/// A message as it was posted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Posted {
    /// The layout that the records come from, `response.dataInfo.layout`; `None` where the sender names
    /// none.
    pub layout: Option<Leaf>,
    /// The records, at least one.
    pub records: Vec<Record>,
}

/// Reads the records of a message and nothing else: see [`read`].
///
/// # Errors
/// As [`read`].
pub fn decode(body: &[u8], content_type: &str, limits: &Limits) -> Result<Vec<Record>, Vec<Fault>> {
    read(body, content_type, limits).map(|posted| posted.records)
}

/// Reads a message. `content_type` is the declared media type, lower case; empty if none was declared.
///
/// # Errors
/// Everything that is wrong with the envelope, each with the field's name as the sender writes it.
/// A text that is not JSON gives one fault, with the byte at which it breaks.
pub fn read(body: &[u8], content_type: &str, limits: &Limits) -> Result<Posted, Vec<Fault>> {
    if body.len() > limits.body_bytes {
        let rule = format!(
            "大きすぎます(最大{0}バイト) / too big: at most {0} bytes",
            limits.body_bytes
        );
        return Err(vec![fault("", &rule, FaultKind::TooMuch, None)]);
    }
    let utf8 = charset::utf8(body, content_type).map_err(|fault| vec![fault])?;
    let value = json::parse(utf8.text, utf8.start, limits.depth)
        .map_err(|error| vec![syntax_fault(&error, limits.depth)])?;
    let mut reader = Reader {
        limits,
        layout: None,
        faults: Vec::new(),
    };
    let records = reader.envelope(value);
    if reader.faults.is_empty() {
        let layout = reader.layout;
        Ok(Posted { layout, records })
    } else {
        Err(reader.faults)
    }
}

fn fault(field: &str, rule: &str, kind: FaultKind, span: Option<Span>) -> Fault {
    Fault {
        field: field.to_owned(),
        rule: rule.to_owned(),
        span,
        kind,
    }
}

fn syntax_fault(error: &JsonError, depth: usize) -> Fault {
    let (rule, kind) = match error.rule {
        JsonRule::Truncated => (
            "JSONが途中で終わっています / the JSON ends too early".to_owned(),
            FaultKind::Structure,
        ),
        JsonRule::Unexpected => (
            "JSONとして読めません / not valid JSON".to_owned(),
            FaultKind::Structure,
        ),
        JsonRule::Control => (
            "文字列に制御文字があります / a control character inside a string".to_owned(),
            FaultKind::Structure,
        ),
        JsonRule::Escape => (
            "不正なエスケープです / not a valid escape in a string".to_owned(),
            FaultKind::Structure,
        ),
        JsonRule::Duplicate => (
            "同じ項目名が2回あります / the same name twice".to_owned(),
            FaultKind::Structure,
        ),
        JsonRule::Depth => (
            format!("入れ子が深すぎます(最大{depth}段) / nested too deep: at most {depth} levels"),
            FaultKind::TooMuch,
        ),
        JsonRule::Trailing => (
            "JSONの後に余分な文字があります / something follows the JSON value".to_owned(),
            FaultKind::Structure,
        ),
    };
    let path = error.path();
    let field = path
        .strip_prefix("response.")
        .filter(|rest| rest.starts_with("data["));
    Fault {
        field: field.unwrap_or(&path).to_owned(),
        rule: format!("{rule} (byte {})", error.at),
        span: Some(Span {
            start: error.at,
            end: error.at,
        }),
        kind,
    }
}

struct Reader<'l> {
    limits: &'l Limits,
    layout: Option<Leaf>,
    faults: Vec<Fault>,
}

/// What a record consists of, as far as it was found.
#[derive(Default)]
struct Parts {
    key: Option<Leaf>,
    version: Option<Leaf>,
    fields: Option<Node>,
    portals: Option<Node>,
    others: Vec<Node>,
}

impl Reader<'_> {
    fn refuse(&mut self, field: &str, rule: &str, kind: FaultKind, span: Span) {
        // One fault refuses the message; beyond this many nobody reads them.
        if self.faults.len() < FAULTS_MAX {
            self.faults.push(fault(field, rule, kind, Some(span)));
        }
    }

    fn missing(&mut self, field: &str, span: Span) {
        self.refuse(
            field,
            "必須の項目がありません / missing",
            FaultKind::Required,
            span,
        );
    }

    fn object<'a>(&mut self, field: &str, value: Value<'a>) -> Option<Vec<Member<'a>>> {
        if let Data::Object(members) = value.data {
            return Some(members);
        }
        let rule = "オブジェクト { } が必要です / must be an object { }";
        self.refuse(field, rule, FaultKind::Structure, value.span);
        None
    }

    fn array<'a>(&mut self, field: &str, value: Value<'a>) -> Option<Vec<Value<'a>>> {
        if let Data::Array(values) = value.data {
            return Some(values);
        }
        let rule = "配列 [ ] が必要です / must be an array [ ]";
        self.refuse(field, rule, FaultKind::Structure, value.span);
        None
    }

    fn too_many(&mut self, field: &str, span: Span) {
        let rule = format!(
            "件数が多すぎます(最大{0}件) / too many: at most {0}",
            self.limits.entries
        );
        self.refuse(field, &rule, FaultKind::TooMuch, span);
    }

    fn envelope(&mut self, value: Value<'_>) -> Vec<Record> {
        let whole = value.span;
        let Some(members) = self.object("", value) else {
            return Vec::new();
        };
        let mut records = None;
        for member in members {
            match member.name.as_ref() {
                "response" => records = Some(self.response(member.value)),
                "messages" => self.messages(&member.value),
                // The envelope's other members describe the answer, not the records.
                _ => {}
            }
        }
        if records.is_none() {
            self.missing("response", whole);
        }
        records.unwrap_or_default()
    }

    /// An answer that reports an error has no records to give, whatever it carries.
    fn messages(&mut self, value: &Value<'_>) {
        let ok = match &value.data {
            Data::Array(messages) => messages.iter().all(|message| {
                let code = message
                    .members()
                    .and_then(|m| m.iter().find(|m| m.name == "code"));
                matches!(code.map(|m| &m.value.data), Some(Data::Text(code)) if code == "0")
            }),
            _ => false,
        };
        if !ok {
            let rule = "FileMakerのエラー応答です(codeが\"0\"ではない) / an answer whose code is not \"0\"";
            self.refuse("messages", rule, FaultKind::Value, value.span);
        }
    }

    fn response(&mut self, value: Value<'_>) -> Vec<Record> {
        let whole = value.span;
        let Some(members) = self.object("response", value) else {
            return Vec::new();
        };
        let mut data = None;
        for member in members {
            match member.name.as_ref() {
                "data" => data = Some(member),
                "dataInfo" => self.layout = self.layout_of(&member.value),
                _ => {}
            }
        }
        let Some(data) = data else {
            self.missing("response.data", whole);
            return Vec::new();
        };
        let span = data.value.span;
        let Some(values) = self.array("response.data", data.value) else {
            return Vec::new();
        };
        if values.is_empty() {
            let rule = "レコードがありません / holds no record";
            self.refuse("response.data", rule, FaultKind::Required, span);
        } else if values.len() > self.limits.entries {
            self.too_many("response.data", span);
            return Vec::new();
        }
        values
            .into_iter()
            .enumerate()
            .filter_map(|(i, value)| self.record(i, value))
            .collect()
    }

    /// `dataInfo` describes the answer; of it, only the layout says what the records are.
    fn layout_of(&mut self, info: &Value<'_>) -> Option<Leaf> {
        const FIELD: &str = "response.dataInfo.layout";
        let layout = info.members()?.iter().find(|m| m.name == "layout")?;
        match &layout.value.data {
            Data::Text(text) => Some(Leaf {
                field: FIELD.to_owned(),
                text: text.clone().into_owned(),
                span: layout.value.span,
            }),
            Data::Null => None,
            _ => {
                let rule = "文字列が必要です / must be a string";
                self.refuse(FIELD, rule, FaultKind::Structure, layout.value.span);
                None
            }
        }
    }

    fn record(&mut self, index: usize, value: Value<'_>) -> Option<Record> {
        let span = value.span;
        let path = format!("data[{index}]");
        let members = self.object(&path, value)?;
        let mut parts = Parts::default();
        for member in members {
            let field = format!("{path}.{}", member.name);
            match member.name.as_ref() {
                FIELD_DATA => parts.fields = self.fields(&field, member.value),
                PORTAL_DATA => parts.portals = self.portals(&field, member.value),
                RECORD_ID => parts.key = self.digits(&field, &member.value),
                MOD_ID => parts.version = self.digits(&field, &member.value),
                "portalDataInfo" => {}
                _ => parts
                    .others
                    .push(any(member.name.into_owned(), member.value)),
            }
        }
        self.assemble(&path, index, span, parts)
    }

    fn assemble(&mut self, path: &str, index: usize, span: Span, parts: Parts) -> Option<Record> {
        // A part that was there but wrong has a fault of its own; it is not also missing.
        let told =
            |faults: &[Fault], field: &str| faults.iter().any(|f| f.field.starts_with(field));
        for (name, absent) in [
            (RECORD_ID, parts.key.is_none()),
            (MOD_ID, parts.version.is_none()),
            (FIELD_DATA, parts.fields.is_none()),
        ] {
            let field = format!("{path}.{name}");
            if absent && !told(&self.faults, &field) {
                self.missing(&field, span);
            }
        }
        let mut children = vec![parts.fields?];
        children.push(
            parts
                .portals
                .unwrap_or_else(|| Node::of_branch(PORTAL_DATA, Vec::new())),
        );
        children.extend(parts.others);
        let root = Node {
            name: RECORD.to_owned(),
            span,
            content: Content::Branch(children),
        };
        Some(Record {
            index,
            key: parts.key?,
            version: parts.version?,
            span,
            root,
        })
    }

    /// A record's key or version.
    fn digits(&mut self, field: &str, value: &Value<'_>) -> Option<Leaf> {
        if let Data::Text(text) = &value.data
            && is_number(text)
        {
            return Some(Leaf {
                field: field.to_owned(),
                text: text.clone().into_owned(),
                span: value.span,
            });
        }
        let rule = "数字の文字列が必要です / must be a string of digits, such as \"12\"";
        self.refuse(field, rule, FaultKind::Value, value.span);
        None
    }

    fn fields(&mut self, field: &str, value: Value<'_>) -> Option<Node> {
        let span = value.span;
        let members = self.object(field, value)?;
        let leaves = members
            .into_iter()
            .filter_map(|member| self.leaf(field, member))
            .collect();
        Some(Node {
            name: FIELD_DATA.to_owned(),
            span,
            content: Content::Branch(leaves),
        })
    }

    fn leaf(&mut self, parent: &str, member: Member<'_>) -> Option<Node> {
        let Member { name, value } = member;
        let span = value.span;
        let content = match value.data {
            Data::Text(text) if text.contains('\0') => {
                let rule = "使えない文字 U+0000 があります / holds the character U+0000";
                self.refuse(&format!("{parent}.{name}"), rule, FaultKind::Value, span);
                return None;
            }
            Data::Array(_) | Data::Object(_) => {
                let rule = "値が必要です(配列やオブジェクトは不可) / must be a value, not an array or object";
                self.refuse(
                    &format!("{parent}.{name}"),
                    rule,
                    FaultKind::Structure,
                    span,
                );
                return None;
            }
            data => scalar(data),
        };
        Some(Node {
            name: name.into_owned(),
            span,
            content,
        })
    }

    fn portals(&mut self, field: &str, value: Value<'_>) -> Option<Node> {
        let span = value.span;
        let mut portals = Vec::new();
        for Member { name, value } in self.object(field, value)? {
            let path = format!("{field}.{name}");
            let span = value.span;
            let Some(rows) = self.array(&path, value) else {
                continue;
            };
            if rows.len() > self.limits.entries {
                self.too_many(&path, span);
                continue;
            }
            let rows = rows.into_iter().enumerate();
            let rows = rows
                .filter_map(|(i, row)| self.row(&format!("{path}[{i}]"), row))
                .collect();
            portals.push(Node {
                name: name.into_owned(),
                span,
                content: Content::Branch(rows),
            });
        }
        Some(Node {
            name: PORTAL_DATA.to_owned(),
            span,
            content: Content::Branch(portals),
        })
    }

    fn row(&mut self, field: &str, value: Value<'_>) -> Option<Node> {
        let span = value.span;
        let members = self.object(field, value)?;
        let leaves = members
            .into_iter()
            .filter_map(|member| self.leaf(field, member))
            .collect();
        Some(Node {
            name: ROW.to_owned(),
            span,
            content: Content::Branch(leaves),
        })
    }
}

/// A value without inner values; arrays and objects are handled by whoever calls.
fn scalar(data: Data<'_>) -> Content {
    match data {
        Data::Bool(truth) => Content::Bool(truth),
        Data::Number(number) => Content::Number(number.to_owned()),
        Data::Text(text) => Content::Text(text.into_owned()),
        Data::Null | Data::Array(_) | Data::Object(_) => Content::Null,
    }
}

/// Anything the envelope does not define, kept in the tree so that it can be named as unknown.
fn any(name: String, value: Value<'_>) -> Node {
    let content = match value.data {
        Data::Object(members) => Content::Branch(
            members
                .into_iter()
                .map(|m| any(m.name.into_owned(), m.value))
                .collect(),
        ),
        Data::Array(values) => Content::Branch(
            values
                .into_iter()
                .map(|value| any(ROW.to_owned(), value))
                .collect(),
        ),
        data => scalar(data),
    };
    Node {
        name,
        span: value.span,
        content,
    }
}
