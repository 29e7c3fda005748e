//! Rows of a message's YAML. What must hold between them is next door.

use serde_json::{Map, Value};

use crate::compile::Compiler;
use crate::convert::{Convert, Shape};
use crate::convert_parse;
use crate::element::Pick;
use crate::fields::Fields;
use crate::mistake::Place;
use crate::native::NativePath;
use crate::plan::{Direction, Row, RowPlaces};
use crate::yaml::Yaml;

const ROW_KEYS: [&str; 16] = [
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
    "unless",
    "only",
    "beside",
    "max",
    "values",
];

/// Reads all rows.
pub(crate) fn rows(compiler: &mut Compiler<'_>, fields: &Fields<'_>) -> Vec<Row> {
    let items = fields.list("rows", &mut compiler.mistakes);
    let rows: Vec<Row> = items
        .iter()
        .filter_map(|item| row(compiler, item))
        .collect();
    compiler.has_all_rows = rows.len() == items.len();
    rows
}

fn row(compiler: &mut Compiler<'_>, item: &Yaml) -> Option<Row> {
    let inner = Fields::of(item, &ROW_KEYS, &mut compiler.mistakes)?;
    let places = read_places(&inner);
    let native = needed_native(compiler, &inner);
    let target = inner.need_text("fhir", &mut compiler.mistakes);
    let target = target.and_then(|(text, place)| compiler.target(text, place));
    let convert = read_convert(compiler, &inner);
    let max = read_max(compiler, &inner, convert.as_ref());
    let why = inner.text("why", &mut compiler.mistakes);
    let direction = read_direction(compiler, &inner);
    let split = inner.flag("split", &mut compiler.mistakes);
    let required = inner.flag("required", &mut compiler.mistakes);
    let requires = natives(compiler, &inner, "requires");
    let when = condition(compiler, &inner, "when", direction);
    let when = when.and_then(|(text, place)| compiler.native(text, place));
    let unless = condition(compiler, &inner, "unless", direction);
    let unless = unless.and_then(|(text, place)| compiler.native(text, place));
    let only = condition(compiler, &inner, "only", direction);
    let beside = read_beside(compiler, &inner);
    let row = Row {
        source: format!("{}:{}", compiler.source, inner.place.line),
        places,
        native: native?,
        target: target?,
        convert: convert?,
        split,
        direction: direction?,
        required,
        max,
        why: why.map(|(text, _)| text.to_owned()),
        requires,
        when,
        unless,
        only: only.map(|(text, _)| text.to_owned()),
        beside,
    };
    if row.convert.is_one_way() && row.goes_out() {
        compiler.mistakes.add(
            places.convert,
            "this converter has no inverse: it stands in rows with direction: in",
        );
    }
    check_shape(compiler, &row);
    check_selectors(compiler, &row);
    check_values(compiler, &inner, &row);
    Some(row)
}

fn read_places(inner: &Fields<'_>) -> RowPlaces {
    let place = |key: &str| inner.get(key).map(|value| value.place);
    let row = inner.place;
    RowPlaces {
        row,
        native: place("native").unwrap_or(row),
        fhir: place("fhir").unwrap_or(row),
        convert: place("convert").or_else(|| place("codes")).unwrap_or(row),
    }
}

/// The most characters that a field may have: of texts, whose converters have no bound to speak of.
fn read_max(
    compiler: &mut Compiler<'_>,
    inner: &Fields<'_>,
    convert: Option<&Convert>,
) -> Option<usize> {
    let (text, place) = inner.text("max", &mut compiler.mistakes)?;
    let max = text.parse::<usize>().ok().filter(|max| *max >= 10);
    if max.is_none() {
        compiler
            .mistakes
            .add(place, "\"max\" is a number of characters, 10 at least");
    }
    if convert.is_some_and(|convert| !convert.is_free_text()) {
        compiler.mistakes.add(
            place,
            "\"max\" goes with free text: this converter has its own bounds",
        );
    }
    max
}

/// All values that the sender's list has: each needs a line of the code map, and the other way round.
fn check_values(compiler: &mut Compiler<'_>, inner: &Fields<'_>, row: &Row) {
    let items = inner.list("values", &mut compiler.mistakes);
    let mut listed: Vec<&str> = Vec::new();
    for item in items {
        let value = item.text().unwrap_or_default();
        listed.push(value);
        if let Err(unfit) = row.convert.to_fhir(value) {
            compiler.mistakes.add(
                item.place,
                format!("no line for the value \"{value}\": {}", unfit.rule),
            );
        }
    }
    if items.is_empty() {
        return;
    }
    for native in row.convert.natives() {
        if !listed.contains(&native) {
            compiler.mistakes.add(
                row.places.convert,
                format!("\"{native}\" is not among the values that the sender has"),
            );
        }
    }
}

/// On what a row depends. Only a row that goes in may: another would lose its way back.
fn condition<'y>(
    compiler: &mut Compiler<'_>,
    inner: &Fields<'y>,
    key: &str,
    direction: Option<Direction>,
) -> Option<(&'y str, Place)> {
    let (text, place) = inner.text(key, &mut compiler.mistakes)?;
    if direction != Some(Direction::In) {
        compiler.mistakes.add(
            place,
            format!(
                "\"{key}\" stands in rows with direction: in, others would lose their way back"
            ),
        );
    }
    Some((text, place))
}

pub(crate) fn needed_native(compiler: &mut Compiler<'_>, inner: &Fields<'_>) -> Option<NativePath> {
    let (text, place) = inner.need_text("native", &mut compiler.mistakes)?;
    compiler.native(text, place)
}

pub(crate) fn natives(
    compiler: &mut Compiler<'_>,
    inner: &Fields<'_>,
    key: &str,
) -> Vec<NativePath> {
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
            convert_parse::parse(written)
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

/// Codes of ours in selectors that are written in the path: `[system=…,code=…]`.
fn check_selectors(compiler: &mut Compiler<'_>, row: &Row) {
    for step in &row.target.steps {
        let (Pick::One(pattern) | Pick::Each(pattern)) = &step.pick else {
            continue;
        };
        let text = |name: &str| pattern.create.get(name).and_then(Value::as_str);
        if let (Some(system), Some(code)) = (text("system"), text("code"))
            && let Some(rule) = compiler.published.check(system, code, None)
        {
            compiler.mistakes.add(row.places.fhir, rule);
        }
    }
}

/// Repetition on one side must be repetition on the other.
fn check_shape(compiler: &mut Compiler<'_>, row: &Row) {
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
        compiler.mistakes.add(row.places.fhir, rule);
    }
}
