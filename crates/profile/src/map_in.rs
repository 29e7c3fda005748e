//! Native → FHIR.

use std::collections::HashSet;

use renkei_model::message::{Fault, FaultKind, Loss, Span};
use renkei_wire::{Content, Format, Node, Record};

use crate::convert::Unfit;
use crate::make::{Write, claims, make, text_of};
use crate::mapped::{Consent, Demography, Mapped, Named, Roles};
use crate::native::{self, NativePath};
use crate::plan::{Plan, Row, Target};

/// A value that was found in the record.
#[derive(Clone, Copy)]
struct Found<'r> {
    node: &'r Node,
    text: &'r str,
    /// The item's position in the message, for a group's field.
    at: usize,
}

/// The mapping of one record.
pub(crate) struct Inward<'p, 'r> {
    pub(crate) plan: &'p Plan,
    pub(crate) record: &'r Record,
    pub(crate) writes: Vec<Write<'p>>,
    pub(crate) faults: Vec<Fault>,
    /// Faults of rows that derive something: told only where no other row told of the same field.
    derived: Vec<Fault>,
    loss: Vec<Loss>,
    /// What the loss report names already.
    told: HashSet<Loss>,
    /// For each group, the items that have values, with their position in the message.
    pub(crate) items: Vec<Vec<(usize, &'r Node)>>,
}

/// Maps a record.
pub(crate) fn map_in(plan: &Plan, record: &Record) -> Result<Mapped, Vec<Fault>> {
    let mut inward = Inward {
        plan,
        record,
        writes: Vec::new(),
        faults: Vec::new(),
        derived: Vec::new(),
        loss: Vec::new(),
        told: HashSet::new(),
        items: Vec::new(),
    };
    inward.find_items();
    for row in plan.rows.iter().filter(|row| row.goes_in()) {
        inward.read_row(row);
    }
    inward.tell_derived();
    inward.check_rules();
    inward.name_losses();
    let native_version = inward.version();
    let roles = inward.native_roles();
    match native_version {
        Some(native_version) if inward.faults.is_empty() => {
            Ok(inward.finish(native_version, roles))
        }
        _ => Err(inward.faults),
    }
}

impl<'p, 'r> Inward<'p, 'r> {
    fn format(&self) -> Format {
        self.plan.format
    }

    /// Items of groups that have a value; empty rows of a portal have no place and are named.
    fn find_items(&mut self) {
        for group in &self.plan.groups {
            let all = group.items(&self.record.root);
            let mut filled = Vec::new();
            for (at, item) in all.into_iter().enumerate() {
                if item.branch().iter().any(|leaf| !is_blank(leaf)) {
                    filled.push((at, item));
                } else {
                    let field = self
                        .format()
                        .item_field(self.record, &group.branch, at, &[]);
                    let why = "空の行です。除きました / an empty row, left out".to_owned();
                    self.loss.push(Loss { field, why });
                }
            }
            self.items.push(filled);
        }
    }

    /// A field's name in the sender's terms.
    pub(crate) fn field(&self, native: &NativePath, item: usize) -> String {
        let format = self.format();
        match native {
            NativePath::Key => format.key_fields(self.record).0,
            NativePath::Version => format.key_fields(self.record).1,
            NativePath::Field(steps) => format.field(self.record, steps),
            NativePath::Item { group, steps } => self
                .plan
                .groups
                .get(*group)
                .map_or_else(String::new, |group| {
                    format.item_field(self.record, &group.branch, item, steps)
                }),
        }
    }

    /// The node of a path; for a group's field, in one of its items.
    pub(crate) fn node(&self, native: &NativePath, item: Option<&'r Node>) -> Option<&'r Node> {
        match native {
            NativePath::Key | NativePath::Version => None,
            NativePath::Field(steps) => native::node_at(&self.record.root, steps),
            NativePath::Item { steps, .. } => native::node_at(item?, steps),
        }
    }

    /// Whether a field holds something.
    pub(crate) fn is_filled(&self, native: &NativePath, item: Option<&'r Node>) -> bool {
        match native {
            NativePath::Key => !self.record.key.text.is_empty(),
            NativePath::Version => !self.record.version.text.is_empty(),
            _ => self.node(native, item).is_some_and(|node| !is_blank(node)),
        }
    }

    fn read_row(&mut self, row: &'p Row) {
        match &row.native {
            NativePath::Key => self.read_leaf(row, &self.record.key.text, self.record.key.span),
            NativePath::Version => {
                self.read_leaf(row, &self.record.version.text, self.record.version.span)
            }
            NativePath::Field(_) => self.read_node(row, None, 0, 0),
            NativePath::Item { group, .. } => {
                let items = self.items.get(*group).cloned().unwrap_or_default();
                for (count, (at, item)) in items.into_iter().enumerate() {
                    self.read_node(row, Some(item), at, count);
                }
            }
        }
    }

    fn read_leaf(&mut self, row: &'p Row, text: &str, span: Span) {
        match row.convert.to_fhir(text) {
            Ok(converted) => self.writes.push(Write {
                row,
                quiet: false,
                instance: 0,
                each: 0,
                value: converted.value,
                span,
            }),
            Err(unfit) => self.fault(
                self.field(&row.native, 0),
                unfit.rule,
                Some(span),
                FaultKind::Value,
            ),
        }
    }

    /// Reads a row's field; `at` is the item's position in the message, `count` among the filled ones.
    fn read_node(&mut self, row: &'p Row, item: Option<&'r Node>, at: usize, count: usize) {
        let node = self.node(&row.native, item);
        let Some(node) = node.filter(|node| !is_blank(node)) else {
            if let Some(node) = node.filter(|node| !node.is_empty()) {
                let why =
                    "空白だけです。空欄として扱いました / only blanks: treated as empty".to_owned();
                self.lose_once(self.field(&row.native, at), why);
                self.require(row, at, Some(node.span));
            } else {
                self.require(row, at, item.map(|item| item.span));
            }
            return;
        };
        for other in &row.requires {
            if !self.is_filled(other, item) {
                let rule =
                    "この項目を記入するときは必須です / required together with the other field"
                        .to_owned();
                let named = self.field(other, at);
                self.fault(named, rule, item.map(|item| item.span), FaultKind::Required);
            }
        }
        if !self.counts(row, node, item) {
            return;
        }
        let Some(text) = node.text() else {
            let rule = "文字列か数値で記入してください / must be a text or a number".to_owned();
            let field = self.field(&row.native, at);
            return self.fault(field, rule, Some(node.span), FaultKind::Value);
        };
        let (instance, each) = match self.plan.each_of(row.target.resource) {
            Some(_) => (count, 0),
            None => (0, count),
        };
        self.convert(row, Found { node, text, at }, (instance, each));
    }

    /// Whether what the row depends on is so.
    fn counts(&self, row: &Row, node: &Node, item: Option<&'r Node>) -> bool {
        let filled = |native: &NativePath| self.is_filled(native, item);
        row.when.as_ref().is_none_or(filled)
            && !row.unless.as_ref().is_some_and(filled)
            && row
                .only
                .as_ref()
                .is_none_or(|only| node.text() == Some(only))
    }

    fn require(&mut self, row: &Row, at: usize, span: Option<Span>) {
        if row.required {
            self.fault(
                self.field(&row.native, at),
                "必須項目です / required".to_owned(),
                span,
                FaultKind::Required,
            );
        }
    }

    fn convert(&mut self, row: &'p Row, found: Found<'r>, (instance, each): (usize, usize)) {
        if let Some(max) = row.max.filter(|max| found.text.chars().nth(*max).is_some()) {
            let rule = format!("{max}文字以内で記入してください / at most {max} characters");
            return self.refuse(row, found, Unfit::value(rule));
        }
        let separator = self.format().value_separator();
        let quiet = self.is_quiet(row, found.text);
        let mut back = Vec::new();
        for (at, piece) in pieces(found.text, separator, row.split)
            .into_iter()
            .enumerate()
        {
            let converted = match row.convert.to_fhir(piece) {
                Ok(converted) => converted,
                Err(unfit) => return self.refuse(row, found, unfit),
            };
            if let Some(why) = converted.loss {
                self.lose_once(self.field(&row.native, found.at), why.to_owned());
            }
            if converted.value == "" {
                // A name without a space has no given name: an element is never empty.
                continue;
            }
            if row.goes_out() {
                back.push(row.convert.to_native(&converted.value));
            }
            let each = if row.split { at } else { each };
            let (value, span) = (converted.value, found.node.span);
            self.writes.push(Write {
                row,
                quiet,
                instance,
                each,
                value,
                span,
            });
        }
        let back = join(back, separator, row.split);
        if row.goes_out() && back.as_ref() != Some(&found.node.content) {
            let why = "表記をそろえました。返送時は元の表記になりません / spelling normalised: it does not come back as it was";
            self.lose_once(self.field(&row.native, found.at), why.to_owned());
        }
    }

    /// Whether this is the one answer that is not sensitive.
    fn is_quiet(&self, row: &Row, text: &str) -> bool {
        let resource = self.plan.resources.get(row.target.resource);
        let quiet = resource.and_then(|resource| resource.normal_when.as_ref());
        quiet.is_some_and(|(native, answer)| *native == row.native && answer == text)
    }

    fn refuse(&mut self, row: &Row, found: Found<'r>, unfit: Unfit) {
        let kind = if unfit.code {
            FaultKind::Code
        } else {
            FaultKind::Value
        };
        let field = self.field(&row.native, found.at);
        let (rule, span) = (unfit.rule, Some(found.node.span));
        if row.goes_out() {
            self.fault(field, rule, span, kind);
        } else {
            self.derived.push(Fault {
                field,
                rule,
                span,
                kind,
            });
        }
    }

    pub(crate) fn fault(
        &mut self,
        field: String,
        rule: String,
        span: Option<Span>,
        kind: FaultKind,
    ) {
        let known = self
            .faults
            .iter()
            .any(|fault| fault.field == field && fault.rule == rule);
        if !known {
            self.faults.push(Fault {
                field,
                rule,
                span,
                kind,
            });
        }
    }

    fn tell_derived(&mut self) {
        for fault in std::mem::take(&mut self.derived) {
            if !self.faults.iter().any(|told| told.field == fault.field) {
                self.faults.push(fault);
            }
        }
    }

    pub(crate) fn lose_once(&mut self, field: String, why: String) {
        let loss = Loss { field, why };
        if self.told.insert(loss.clone()) {
            self.loss.push(loss);
        }
    }

    fn version(&mut self) -> Option<i64> {
        let text = &self.record.version.text;
        let version = text.parse::<i64>().ok().filter(|version| *version >= 0);
        if version.is_none() {
            let rule = "版番号は0以上の整数です / must be a whole number from 0".to_owned();
            let field = self.field(&NativePath::Version, 0);
            self.fault(
                field,
                rule,
                Some(self.record.version.span),
                FaultKind::Value,
            );
        }
        version
    }

    /// A facility that the record names.
    fn named(&self, native: Option<&NativePath>) -> Option<Named> {
        let native = native?;
        let node = self.node(native, None).filter(|node| !is_blank(node))?;
        Some(Named {
            code: node.text()?.to_owned(),
            field: self.field(native, 0),
            span: node.span,
        })
    }

    fn native_roles(&self) -> Roles {
        let roles = &self.plan.roles;
        let consent = roles.consent.as_ref().and_then(|(native, yes)| {
            let said = self.named(Some(native))?;
            Some(Consent {
                given: said.code == *yes,
                field: said.field,
                span: said.span,
            })
        });
        Roles {
            sender: self.named(roles.sender.as_ref()),
            destination: self.named(roles.destination.as_ref()),
            family_doctor: self.named(roles.family_doctor.as_ref()),
            consent,
            ..Roles::default()
        }
    }

    fn finish(self, native_version: i64, mut roles: Roles) -> Mapped {
        let plan = self.plan;
        let resources = make(plan, &self.writes);
        let text =
            |target: Option<&Target>| target.and_then(|target| text_of(plan, &resources, target));
        roles.event_date = text(plan.roles.event_date.as_ref());
        roles.identifiers = claims(plan, &resources);
        roles.document = plan
            .resources
            .get(plan.roles.document)
            .map(|document| document.key.clone())
            .unwrap_or_default();
        let demography = Demography {
            kana: text(plan.roles.kana.as_ref()),
            birth_date: text(plan.roles.birth_date.as_ref()),
        };
        Mapped {
            kind: plan.kind.clone(),
            native_key: self.record.key.text.clone(),
            native_version,
            resources,
            roles,
            loss: self.loss,
            demography,
        }
    }
}

/// Nothing, or only blanks. A branch is blank when all in it is.
pub(crate) fn is_blank(node: &Node) -> bool {
    match &node.content {
        Content::Text(text) => text.trim().is_empty(),
        Content::Null => true,
        Content::Branch(children) => children.iter().all(is_blank),
        Content::Number(_) | Content::Bool(_) => false,
    }
}

/// The values of a field.
fn pieces(text: &str, separator: char, split: bool) -> Vec<&str> {
    if !split {
        return vec![text];
    }
    text.split([separator, '\n'])
        .filter(|piece| !piece.is_empty())
        .collect()
}

/// The native value that would come back.
fn join(back: Vec<Option<Content>>, separator: char, split: bool) -> Option<Content> {
    if !split {
        return back.into_iter().next().flatten();
    }
    let pieces: Option<Vec<String>> = back
        .into_iter()
        .map(|content| match content {
            Some(Content::Text(text) | Content::Number(text)) => Some(text),
            _ => None,
        })
        .collect();
    pieces.map(|pieces| Content::Text(pieces.join(&separator.to_string())))
}
