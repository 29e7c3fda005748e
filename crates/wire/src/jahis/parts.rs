//! Records 911: a notebook in several symbols, brought together.

use renkei_model::limits::Limits;
use renkei_model::message::Span;

use super::error::{JahisError, Notice};
use super::layout::Standard;
use super::line::{Line, lines};
use crate::tree::Leaf;

/// Parts of a set; a sheet of paper has not room for more.
const PARTS_MAX: usize = 999;
/// Missing parts that are named.
const MISSING_MAX: usize = 20;
const CONTROL: &str = "911";
const PATIENT: &str = "1";

/// Lines that were one symbol.
struct Part {
    version: Line,
    lines: Vec<Line>,
    control: Option<Control>,
}

struct Control {
    id: Leaf,
    of: usize,
    number: usize,
    line: Line,
}

/// A whole notebook: its version line, its other lines, and the id of its set.
pub(super) struct Whole {
    pub(super) version: Line,
    pub(super) lines: Vec<Line>,
    pub(super) id: Option<Leaf>,
}

/// Brings the parts of a set in their order, one behind the other, as [`super::read`] takes them. One symbol alone is a
/// set of one.
///
/// # Errors
/// What is wrong with a part, and which parts are missing or come twice. Lines and bytes are those of the parts
/// one behind the other as they are given.
pub fn join(parts: &[&[u8]], limits: &Limits) -> Result<Vec<u8>, Vec<JahisError>> {
    let all = concatenated(parts.iter().copied());
    let mut notices = Vec::new();
    let found = split(lines(&all, limits, &mut notices)?)?;
    whole(found, &mut notices)?;
    // Each has one number by now.
    let mut numbered: Vec<(usize, &[u8])> = Vec::new();
    for part in parts {
        let mut found = split(lines(part, limits, &mut notices)?)?;
        let number = found
            .pop()
            .and_then(|part| part.control)
            .map_or(1, |control| control.number);
        numbered.push((number, part));
    }
    numbered.sort_by_key(|(number, _)| *number);
    Ok(concatenated(numbered.into_iter().map(|(_, part)| part)))
}

fn concatenated<'p>(parts: impl Iterator<Item = &'p [u8]>) -> Vec<u8> {
    let mut all = Vec::new();
    for part in parts {
        if !all.is_empty() && !all.ends_with(b"\n") {
            all.extend(b"\r\n");
        }
        all.extend(part);
    }
    all
}

/// The lines of a notebook without those that only held its parts together.
pub(super) fn notebook(
    lines: Vec<Line>,
    notices: &mut Vec<Notice>,
) -> Result<Whole, Vec<JahisError>> {
    whole(split(lines)?, notices)
}

fn split(lines: Vec<Line>) -> Result<Vec<Part>, Vec<JahisError>> {
    let mut parts: Vec<Part> = Vec::new();
    for line in lines {
        if Standard::of_version(&line.head.text).is_some() {
            parts.push(Part {
                version: line,
                lines: Vec::new(),
                control: None,
            });
            continue;
        }
        let Some(part) = parts.last_mut() else {
            return Err(vec![JahisError::NoVersion { span: line.span }]);
        };
        if line.head.text != CONTROL {
            part.lines.push(line);
            continue;
        }
        if part.control.is_some() {
            return Err(vec![JahisError::Doubled {
                place: line.place(),
            }]);
        }
        part.control = Some(control(line)?);
    }
    Ok(parts)
}

fn control(line: Line) -> Result<Control, Vec<JahisError>> {
    let id = line.items.first().map(|item| Leaf {
        field: "911.データID".to_owned(),
        text: item.text.clone(),
        span: item.span,
    });
    let is_id =
        |id: &Leaf| id.text.len() == 14 && id.text.bytes().all(|byte| byte.is_ascii_digit());
    let (of, number) = (
        line.number_at(1).map(usize::from),
        line.number_at(2).map(usize::from),
    );
    match (id.filter(is_id), of, number) {
        (Some(id), Some(of), Some(number))
            if (1..=PARTS_MAX).contains(&of) && (1..=of).contains(&number) =>
        {
            Ok(Control {
                id,
                of,
                number,
                line,
            })
        }
        _ => Err(vec![JahisError::Control911 {
            place: line.place(),
        }]),
    }
}

fn whole(mut parts: Vec<Part>, notices: &mut Vec<Notice>) -> Result<Whole, Vec<JahisError>> {
    let alone = parts.len() == 1;
    if alone && parts.iter().all(|part| part.control.is_none()) {
        let part = parts.pop().ok_or_else(no_part)?;
        return Ok(Whole {
            version: part.version,
            lines: part.lines,
            id: None,
        });
    }
    let errors = foreign(&parts);
    if !errors.is_empty() {
        return Err(errors);
    }
    complete(&parts)?;
    let number = |part: &Part| part.control.as_ref().map_or(0, |control| control.number);
    parts.sort_by_key(number);
    let id = parts
        .first()
        .and_then(|part| part.control.as_ref())
        .map(|control| control.id.clone());
    let mut all = parts.into_iter();
    let first = all.next().ok_or_else(no_part)?;
    let patient = first
        .lines
        .iter()
        .find(|line| line.head.text == PATIENT)
        .cloned();
    let mut lines = first.lines;
    for part in all {
        for line in part.lines {
            match &patient {
                Some(patient) if line.head.text == PATIENT => {
                    if !line.says_the_same(patient) {
                        return Err(vec![JahisError::ForeignPart {
                            place: line.place(),
                        }]);
                    }
                    notices.push(Notice::Repeated {
                        place: line.place(),
                    });
                }
                _ => lines.push(line),
            }
        }
    }
    Ok(Whole {
        version: first.version,
        lines,
        id,
    })
}

fn no_part() -> Vec<JahisError> {
    vec![JahisError::NoVersion {
        span: Span::default(),
    }]
}

/// Parts without a number, and parts that belong to another set than the first.
fn foreign(parts: &[Part]) -> Vec<JahisError> {
    let mut errors = Vec::new();
    let first = parts
        .iter()
        .find_map(|part| part.control.as_ref().map(|control| (part, control)));
    for part in parts {
        match (&part.control, first) {
            (None, _) => errors.push(JahisError::PartWithoutControl {
                place: part.version.place(),
            }),
            (Some(control), Some((head, first))) => {
                let same_set = control.id.text == first.id.text && control.of == first.of;
                if !same_set {
                    errors.push(JahisError::ForeignPart {
                        place: control.line.place(),
                    });
                } else if !part.version.says_the_same(&head.version) {
                    errors.push(JahisError::ForeignPart {
                        place: part.version.place(),
                    });
                }
            }
            (Some(_), None) => {}
        }
    }
    errors.truncate(super::line::NAMED_MAX);
    errors
}

/// Each number once, and all of them.
fn complete(parts: &[Part]) -> Result<(), Vec<JahisError>> {
    let controls: Vec<&Control> = parts
        .iter()
        .filter_map(|part| part.control.as_ref())
        .collect();
    let of = controls
        .iter()
        .map(|control| control.of)
        .max()
        .unwrap_or_default();
    let mut seen = vec![false; of + 1];
    let mut errors = Vec::new();
    for control in &controls {
        let number = control.number;
        match seen.get_mut(number) {
            Some(seen) if !*seen => *seen = true,
            _ => errors.push(JahisError::DoubledPart {
                place: control.line.place(),
                number,
            }),
        }
    }
    let missing: Vec<usize> = (1..=of)
        .filter(|number| seen.get(*number) == Some(&false))
        .take(MISSING_MAX)
        .collect();
    if !missing.is_empty() {
        let span = controls
            .first()
            .map_or_else(Span::default, |control| control.line.span);
        errors.push(JahisError::MissingParts { missing, of, span });
    }
    errors.truncate(super::line::NAMED_MAX);
    if errors.is_empty() {
        Ok(())
    } else {
        Err(errors)
    }
}
