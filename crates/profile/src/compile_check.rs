//! What must hold between rows and resources, before anything is mapped.

use std::collections::HashMap;

use crate::compile::Compiler;
use crate::compile_rules::is_single;
use crate::element::{Pick, Step};
use crate::mistake::Place;
use crate::native::NativePath;
use crate::plan::{Resource, Row, Target};
use crate::template::{COPY, KEY};
use crate::yaml::{Kind, Yaml};

/// A reference or a copy that the fixed content of a resource makes.
#[derive(Debug, Clone)]
pub(crate) struct Mention {
    /// `patient`, or the path of a copy.
    what: String,
    kind: MentionKind,
    place: Place,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum MentionKind {
    /// A reference in an element that holds one.
    One,
    /// A reference in a list, or in an element of one.
    Many,
    Copy,
}

/// The references and copies of fixed content.
pub(crate) fn mentions(yaml: &Yaml, in_list: bool, found: &mut Vec<Mention>) {
    match &yaml.kind {
        Kind::Scalar { text, .. } => {
            if let Some(path) = text.strip_prefix(COPY) {
                found.push(Mention {
                    what: path.to_owned(),
                    kind: MentionKind::Copy,
                    place: yaml.place,
                });
            }
        }
        Kind::List(items) => items.iter().for_each(|item| mentions(item, true, found)),
        Kind::Map(entries) => {
            for (name, _, value) in entries {
                let key = value.text().and_then(|text| text.strip_prefix(KEY));
                match key.filter(|_| name == "reference") {
                    Some(key) => found.push(Mention {
                        what: key.to_owned(),
                        kind: if in_list {
                            MentionKind::Many
                        } else {
                            MentionKind::One
                        },
                        place: value.place,
                    }),
                    // An element of a list multiplies with what it refers to.
                    None => mentions(value, in_list && matches!(value.kind, Kind::Map(_)), found),
                }
            }
        }
    }
}

type Wrong = Vec<(Place, String)>;

/// What must hold between rows and resources.
pub(crate) fn check(compiler: &mut Compiler<'_>, rows: &[Row], document: Option<usize>) {
    let mut wrong = Wrong::new();
    check_doubles(rows, &mut wrong);
    check_groups(&compiler.resources, rows, &mut wrong);
    check_links(compiler, &mut wrong);
    check_mentions(compiler, rows, &mut wrong);
    if compiler.has_all_rows {
        check_use(compiler, rows, document, &mut wrong);
    }
    for (place, rule) in wrong {
        compiler.mistakes.add(place, rule);
    }
}

/// Every resource is filled by a row, and what makes it normal is a value that a row takes.
fn check_use(compiler: &Compiler<'_>, rows: &[Row], document: Option<usize>, wrong: &mut Wrong) {
    for (number, resource) in compiler.resources.iter().enumerate() {
        let used = rows.iter().any(|row| row.target.resource == number);
        if !used && !resource.always && document != Some(number) {
            wrong.push((resource.place, format!("no row fills {}", resource.key)));
        }
        let answer = resource.normal_when.as_ref();
        let taken = |row: &Row, native: &NativePath, word: &str| {
            row.native == *native && row.convert.to_fhir(word).is_ok()
        };
        if let Some((native, word)) = answer
            && !rows.iter().any(|row| taken(row, native, word))
        {
            let rule = format!("no row takes the value \"{word}\" of \"normal-when\"");
            wrong.push((resource.place, rule));
        }
    }
}

/// Every reference names a resource, every copy the target of a row; one reference holds one resource.
fn check_mentions(compiler: &Compiler<'_>, rows: &[Row], wrong: &mut Wrong) {
    for (number, mention) in &compiler.mentions {
        let Some(from) = compiler.resources.get(*number) else {
            continue;
        };
        let what = &mention.what;
        if mention.kind == MentionKind::Copy {
            let group = |row: &Row| compiler.resources.get(row.target.resource)?.each;
            let source = |row: &&Row| {
                let same_item = group(row).is_some() && group(row) == from.each && !row.split;
                row.target.text == *what && row.goes_in() && (is_single(row) || same_item)
            };
            if compiler.has_all_rows && !rows.iter().any(|row| source(&row)) {
                wrong.push((
                    mention.place,
                    format!("\"copy:{what}\" is not the target of a row without repetition"),
                ));
            }
            continue;
        }
        let to = compiler.resources.iter().find(|other| other.key == *what);
        match to {
            None => wrong.push((
                mention.place,
                format!("unknown resource \"{what}\" in a reference"),
            )),
            Some(to)
                if mention.kind == MentionKind::One
                    && to.each.is_some()
                    && to.each != from.each =>
            {
                wrong.push((
                    mention.place,
                    format!("{what} is made for each item of a group, but this element holds one reference: write a list"),
                ));
            }
            Some(_) => {}
        }
    }
}

/// The resources of one item of a group are linked by references: by these they are paired on the way back.
fn check_links(compiler: &Compiler<'_>, wrong: &mut Wrong) {
    let resources = &compiler.resources;
    for group in 0..compiler.groups.len() {
        let mut members = resources
            .iter()
            .filter(|resource| resource.each == Some(group));
        let Some(anchor) = members.next() else {
            continue;
        };
        let mut linked: Vec<&str> = vec![&anchor.key];
        let mut waiting: Vec<&Resource> = members.collect();
        loop {
            let before = waiting.len();
            waiting.retain(|resource| {
                let is_linked = linked.iter().any(|other| {
                    refers(compiler, &resource.key, other) || refers(compiler, other, &resource.key)
                });
                if is_linked {
                    linked.push(&resource.key);
                }
                !is_linked
            });
            if waiting.len() == before {
                break;
            }
        }
        for resource in waiting {
            wrong.push((
                resource.place,
                format!(
                    "nothing tells which {} belongs to which {}: resources of one group need a reference between them",
                    resource.key, anchor.key
                ),
            ));
        }
    }
}

fn refers(compiler: &Compiler<'_>, from: &str, to: &str) -> bool {
    compiler.mentions.iter().any(|(number, mention)| {
        let own = compiler.resources.get(*number);
        own.is_some_and(|own| own.key == from)
            && mention.what == to
            && mention.kind != MentionKind::Copy
    })
}

/// One field has one way out, one element has one row.
fn check_doubles(rows: &[Row], wrong: &mut Wrong) {
    for (at, row) in rows.iter().enumerate() {
        let earlier = rows.get(..at).unwrap_or_default();
        let way_out = |other: &&Row| other.goes_out() && other.native == row.native;
        if let Some(other) = earlier.iter().find(way_out).filter(|_| row.goes_out()) {
            let rule = format!(
                "ambiguous inverse: the row of line {} fills the same native field",
                other.places.row.line
            );
            wrong.push((row.places.native, rule));
        }
        let same = earlier.iter().find(|other| {
            other.target.resource == row.target.resource
                && other.target.steps == row.target.steps
                && (other.goes_in() && row.goes_in())
        });
        if let Some(other) = same {
            let rule = format!(
                "the row of line {} fills the same element",
                other.places.row.line
            );
            wrong.push((row.places.fhir, rule));
        }
        let depends = row.when.is_some() || row.unless.is_some() || row.only.is_some();
        if !row.goes_out() && depends && !rows.iter().any(|other| way_out(&other)) {
            let rule = "a row with \"when\", \"unless\" or \"only\" needs another row that carries the field both ways";
            wrong.push((row.places.row, rule.to_owned()));
        }
    }
}

/// All fields of a group go to resources that are made for its items, or all to one list, so that its
/// items keep their order and number on the way back.
fn check_groups(resources: &[Resource], rows: &[Row], wrong: &mut Wrong) {
    let mut places: HashMap<usize, &Row> = HashMap::new();
    for row in rows.iter().filter(|row| row.goes_in()) {
        let NativePath::Item { group, .. } = &row.native else {
            continue;
        };
        let first = *places.entry(*group).or_insert(row);
        let each = |row: &Row| {
            let resource = resources.get(row.target.resource);
            resource.is_some_and(|resource| resource.each.is_some())
        };
        let same = if each(row) || each(first) {
            each(row) && each(first)
        } else {
            row.target.resource == first.target.resource
                && repeated(&row.target) == repeated(&first.target)
        };
        if !same {
            let rule = format!(
                "the fields of a group go to one place; the row of line {} goes elsewhere",
                first.places.row.line
            );
            wrong.push((row.places.fhir, rule));
        }
    }
}

/// The path up to and with its repeated step.
fn repeated(target: &Target) -> Option<&[Step]> {
    let at = target
        .steps
        .iter()
        .position(|step| matches!(step.pick, Pick::Each(_)))?;
    target.steps.get(..=at)
}
