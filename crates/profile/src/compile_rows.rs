//! Rows of a message's YAML, and what must hold between them.

use std::collections::HashMap;

use serde_json::{Map, Value};

use crate::compile::Compiler;
use crate::convert::{self, Convert, Shape};
use crate::element::{Pick, Step};
use crate::fields::Fields;
use crate::mistake::Place;
use crate::native::NativePath;
use crate::plan::{AtLeastOne, Direction, Ordered, Row, Target, Unmapped};
use crate::template;
use crate::yaml::Yaml;

const ROW_KEYS: [&str; 12] = [
    "native",
    "fhir",
    "convert",
    "codes",
    "as",
    "split",
    "direction",
    "why",
    "required",
    "requires",
    "when",
    "beside",
];

/// Reads all rows.
pub(crate) fn rows(compiler: &mut Compiler<'_>, fields: &Fields<'_>) -> Vec<Row> {
    let items = fields.list("rows", &mut compiler.mistakes);
    items
        .iter()
        .filter_map(|item| row(compiler, item))
        .collect()
}

fn row(compiler: &mut Compiler<'_>, item: &Yaml) -> Option<Row> {
    let inner = Fields::of(item, &ROW_KEYS, &mut compiler.mistakes)?;
    let native = needed_native(compiler, &inner);
    let target = inner.need_text("fhir", &mut compiler.mistakes);
    let target = target.and_then(|(text, place)| compiler.target(text, place));
    let convert = read_convert(compiler, &inner);
    let direction = read_direction(compiler, &inner);
    let split = inner.flag("split", &mut compiler.mistakes);
    let required = inner.flag("required", &mut compiler.mistakes);
    let requires = natives(compiler, &inner, "requires");
    let when = inner.text("when", &mut compiler.mistakes);
    let when_place = when.map(|(_, place)| place);
    let when = when.and_then(|(text, place)| compiler.native(text, place));
    let beside = read_beside(compiler, &inner);
    if let (Some(place), false) = (when_place, direction == Some(Direction::In)) {
        compiler.mistakes.add(
            place,
            "\"when\" stands in rows with direction: in, others would lose their way back",
        );
    }
    let row = Row {
        source: format!("{}:{}", compiler.source, inner.place.line),
        line: inner.place.line,
        native: native?,
        target: target?,
        convert: convert?,
        split,
        direction: direction?,
        required,
        requires,
        when,
        beside,
    };
    if row.convert.is_one_way() && row.goes_out() {
        compiler.mistakes.add(
            inner.place,
            "this converter has no inverse: it stands in rows with direction: in",
        );
    }
    check_shape(compiler, &row, inner.place);
    Some(row)
}

fn needed_native(compiler: &mut Compiler<'_>, inner: &Fields<'_>) -> Option<NativePath> {
    let (text, place) = inner.need_text("native", &mut compiler.mistakes)?;
    compiler.native(text, place)
}

fn natives(compiler: &mut Compiler<'_>, inner: &Fields<'_>, key: &str) -> Vec<NativePath> {
    let items = inner.list(key, &mut compiler.mistakes);
    let mut found = Vec::new();
    for item in items {
        match item.text() {
            Some(text) => found.extend(compiler.native(text, item.place)),
            None => compiler.mistakes.add(item.place, "must be a native path"),
        }
    }
    found
}

fn read_beside(compiler: &mut Compiler<'_>, inner: &Fields<'_>) -> Option<Map<String, Value>> {
    let value = inner.get("beside")?;
    match value.to_json() {
        Value::Object(map) => Some(map),
        _ => {
            compiler
                .mistakes
                .add(value.place, "\"beside\" must be a map");
            None
        }
    }
}

fn read_convert(compiler: &mut Compiler<'_>, inner: &Fields<'_>) -> Option<Convert> {
    let written = inner.text("convert", &mut compiler.mistakes);
    let codes = inner.text("codes", &mut compiler.mistakes);
    let shape = inner.text("as", &mut compiler.mistakes);
    match (written, codes) {
        (Some((_, place)), Some(_)) => {
            compiler
                .mistakes
                .add(place, "a row has \"convert\" or \"codes\", not both");
            None
        }
        (None, None) => Some(Convert::Text),
        (Some((written, place)), None) => {
            if let Some((_, place)) = shape {
                compiler.mistakes.add(place, "\"as\" goes with \"codes\"");
            }
            convert::parse(written)
                .map_err(|rule| compiler.mistakes.add(place, rule))
                .ok()
        }
        (None, Some((codes, place))) => {
            let shape = match shape {
                None | Some(("concept", _)) => Shape::Concept,
                Some(("coding", _)) => Shape::Coding,
                Some(("code", _)) => Shape::Code,
                Some((_, place)) => {
                    compiler
                        .mistakes
                        .add(place, "\"as\" is concept, coding or code");
                    return None;
                }
            };
            Some(Convert::Codes(compiler.code_map(codes, place)?, shape))
        }
    }
}

fn read_direction(compiler: &mut Compiler<'_>, inner: &Fields<'_>) -> Option<Direction> {
    let direction = match inner.text("direction", &mut compiler.mistakes) {
        None | Some(("both", _)) => Direction::Both,
        Some(("in", _)) => Direction::In,
        Some(("out", _)) => Direction::Out,
        Some((_, place)) => {
            compiler
                .mistakes
                .add(place, "\"direction\" is both, in or out");
            return None;
        }
    };
    let why = inner.text("why", &mut compiler.mistakes);
    if direction != Direction::Both && why.is_none() {
        compiler
            .mistakes
            .add(inner.place, "a one-way row says why: \"why\" is missing");
    }
    Some(direction)
}

/// Repetition on one side must be repetition on the other.
fn check_shape(compiler: &mut Compiler<'_>, row: &Row, place: Place) {
    let Some(resource) = compiler.resources.get(row.target.resource) else {
        return;
    };
    let group = match &row.native {
        NativePath::Item { group, .. } => Some(*group),
        _ => None,
    };
    let repeats = row
        .target
        .steps
        .iter()
        .any(|step| matches!(step.pick, Pick::Each(_)));
    let from_group = group.is_some() && resource.each.is_none();
    let rule = if resource.each.is_some() && resource.each != group {
        Some(format!(
            "{} is made for each item of a group: only fields of that group go there",
            resource.key
        ))
    } else if from_group && row.split {
        Some("a split field of a group needs a resource for each item".to_owned())
    } else if repeats != (row.split || from_group) {
        Some("repetition on one side only: [*] in the path goes with \"split: true\" or with a group's field".to_owned())
    } else {
        None
    };
    if let Some(rule) = rule {
        compiler.mistakes.add(place, rule);
    }
}

/// Reads the fields that have no place in FHIR.
pub(crate) fn unmapped(
    compiler: &mut Compiler<'_>,
    fields: &Fields<'_>,
    rows: &[Row],
) -> Vec<Unmapped> {
    let mut found = Vec::new();
    for item in fields.list("unmapped", &mut compiler.mistakes) {
        let Some(inner) = Fields::of(item, &["native", "why"], &mut compiler.mistakes) else {
            continue;
        };
        let native = needed_native(compiler, &inner);
        let why = inner.need_text("why", &mut compiler.mistakes);
        if let (Some(native), Some((why, _))) = (native, why) {
            if let Some(row) = rows.iter().find(|row| row.native == native) {
                compiler.mistakes.add(
                    inner.place,
                    format!("the row of line {} maps this field", row.line),
                );
            }
            found.push(Unmapped {
                native,
                why: why.to_owned(),
            });
        }
    }
    found
}

/// Reads the alternatives of which one must be filled.
pub(crate) fn at_least_one(compiler: &mut Compiler<'_>, fields: &Fields<'_>) -> Vec<AtLeastOne> {
    let mut found = Vec::new();
    for item in fields.list("at-least-one", &mut compiler.mistakes) {
        let Some(inner) = Fields::of(item, &["of", "rule"], &mut compiler.mistakes) else {
            continue;
        };
        let natives = natives(compiler, &inner, "of");
        if natives.len() < 2 {
            compiler
                .mistakes
                .add(inner.place, "\"of\" lists two fields or more");
        }
        if let Some((rule, _)) = inner.need_text("rule", &mut compiler.mistakes) {
            found.push(AtLeastOne {
                natives,
                rule: rule.to_owned(),
            });
        }
    }
    found
}

/// Reads the days that have an order.
pub(crate) fn ordered(
    compiler: &mut Compiler<'_>,
    fields: &Fields<'_>,
    rows: &[Row],
) -> Vec<Ordered> {
    let mut found = Vec::new();
    for item in fields.list("ordered", &mut compiler.mistakes) {
        let keys = ["earlier", "later", "rule"];
        let Some(inner) = Fields::of(item, &keys, &mut compiler.mistakes) else {
            continue;
        };
        let mut day = |key: &str| {
            let (text, place) = inner.need_text(key, &mut compiler.mistakes)?;
            let native = compiler.native(text, place)?;
            let is_day =
                |row: &&Row| row.native == native && matches!(row.convert, Convert::Date(_));
            let number = rows.iter().position(|row| is_day(&row) && is_single(row));
            if number.is_none() {
                compiler
                    .mistakes
                    .add(place, "no row reads a day from this field");
            }
            number
        };
        let (earlier, later) = (day("earlier"), day("later"));
        let rule = inner.need_text("rule", &mut compiler.mistakes);
        if let (Some(earlier), Some(later), Some((rule, _))) = (earlier, later, rule) {
            found.push(Ordered {
                earlier,
                later,
                rule: rule.to_owned(),
            });
        }
    }
    found
}

/// What must hold between rows and resources.
pub(crate) fn check(compiler: &mut Compiler<'_>, rows: &[Row], document: Option<usize>) {
    check_doubles(compiler, rows);
    check_groups(compiler, rows);
    let at = |line: usize| Place { line, column: 0 };
    let mut wrong: Vec<(usize, String)> = Vec::new();
    for (number, resource) in compiler.resources.iter().enumerate() {
        let used = rows.iter().any(|row| row.target.resource == number);
        if !used && !resource.always && document != Some(number) {
            wrong.push((resource.line, format!("no row fills {}", resource.key)));
        }
        if resource.always && resource.each.is_some() {
            wrong.push((
                resource.line,
                "\"always\" and \"each\" exclude each other".to_owned(),
            ));
        }
        let mut copies = Vec::new();
        template::mentions(&resource.fixed, &mut Vec::new(), &mut copies);
        let source = |path: &&str| {
            rows.iter()
                .any(|row| row.target.text == *path && row.goes_in() && is_single(row))
        };
        for path in copies.iter().filter(|path| !source(path)) {
            wrong.push((
                resource.line,
                format!("\"copy:{path}\" is not the target of a row without repetition"),
            ));
        }
    }
    wrong
        .into_iter()
        .for_each(|(line, rule)| compiler.mistakes.add(at(line), rule));
}

fn is_single(row: &Row) -> bool {
    !row.split && !matches!(row.native, NativePath::Item { .. })
}

/// One field has one way out, one element has one row.
fn check_doubles(compiler: &mut Compiler<'_>, rows: &[Row]) {
    let mut wrong: Vec<(usize, String)> = Vec::new();
    for (at, row) in rows.iter().enumerate() {
        let earlier = rows.get(..at).unwrap_or_default();
        if row.goes_out() {
            let same = earlier
                .iter()
                .find(|other| other.goes_out() && other.native == row.native);
            if let Some(other) = same {
                wrong.push((
                    row.line,
                    format!("the row of line {} fills the same native field", other.line),
                ));
            }
        }
        let same = earlier.iter().find(|other| {
            other.target.resource == row.target.resource
                && other.target.steps == row.target.steps
                && (other.goes_in() && row.goes_in())
        });
        if let Some(other) = same {
            wrong.push((
                row.line,
                format!("the row of line {} fills the same element", other.line),
            ));
        }
        if !row.goes_out() {
            let back = rows
                .iter()
                .any(|other| other.goes_out() && other.native == row.native);
            if row.when.is_some() && !back {
                wrong.push((
                    row.line,
                    "a row with \"when\" needs another row that carries the field both ways"
                        .to_owned(),
                ));
            }
        }
    }
    wrong
        .into_iter()
        .for_each(|(line, rule)| compiler.mistakes.add(Place { line, column: 0 }, rule));
}

/// All fields of a group go to one place, so that its items keep their order and number on the way back.
fn check_groups(compiler: &mut Compiler<'_>, rows: &[Row]) {
    let mut places: HashMap<usize, (usize, &Row)> = HashMap::new();
    let mut wrong: Vec<(usize, String)> = Vec::new();
    for row in rows.iter().filter(|row| row.goes_in()) {
        let NativePath::Item { group, .. } = &row.native else {
            continue;
        };
        let (_, first) = places.entry(*group).or_insert((row.target.resource, row));
        let each = compiler
            .resources
            .get(row.target.resource)
            .is_some_and(|resource| resource.each.is_some());
        let same = row.target.resource == first.target.resource
            && (each || repeated(&row.target) == repeated(&first.target));
        if !same {
            wrong.push((
                row.line,
                format!(
                    "the fields of a group go to one place; the row of line {} goes elsewhere",
                    first.line
                ),
            ));
        }
    }
    wrong
        .into_iter()
        .for_each(|(line, rule)| compiler.mistakes.add(Place { line, column: 0 }, rule));
}

/// The path up to and with its repeated step.
fn repeated(target: &Target) -> Option<&[Step]> {
    let at = target
        .steps
        .iter()
        .position(|step| matches!(step.pick, Pick::Each(_)))?;
    target.steps.get(..=at)
}
