//! The compiled plan of one message: what the mapping walks over.

use renkei_model::lists::{Category, Sensitivity};
use renkei_wire::Format;
use serde_json::{Map, Value};

use crate::convert::Convert;
use crate::element::Step;
use crate::mistake::Place;
use crate::native::{Group, NativePath};

/// A message's plan. Numbers of resources, rows and groups are positions in its lists.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) kind: String,
    pub(crate) title: String,
    pub(crate) path: String,
    pub(crate) format: Format,
    /// By what the format's own head names this message among the network's.
    pub(crate) layout: Option<String>,
    pub(crate) resources: Vec<Resource>,
    pub(crate) groups: Vec<Group>,
    pub(crate) rows: Vec<Row>,
    pub(crate) unmapped: Vec<Unmapped>,
    pub(crate) at_least_one: Vec<AtLeastOne>,
    pub(crate) ordered: Vec<Ordered>,
    pub(crate) ages: Vec<Age>,
    pub(crate) roles: RolePlan,
}

/// A FHIR resource that the message makes: one, or one for each item of a group.
#[derive(Debug)]
pub(crate) struct Resource {
    pub(crate) key: String,
    pub(crate) place: Place,
    pub(crate) resource_type: String,
    pub(crate) category: Category,
    pub(crate) sensitivity: Sensitivity,
    /// The one answer that is not sensitive when nothing else is said: field and value.
    pub(crate) normal_when: Option<(NativePath, String)>,
    /// The group whose items make one each.
    pub(crate) each: Option<usize>,
    /// Made also when no row has a value for it; with `each`, for every item. The first resource of a
    /// group, its anchor, is made so too: by it the items are counted on the way back.
    pub(crate) always: bool,
    /// What is the same every time, with `key:` references and `copy:` values.
    pub(crate) fixed: Value,
    /// By what the resource is known in a document: `fixed` without references, copies, displays and meta.
    pub(crate) known_by: Value,
}

/// A path to an element of one of the message's resources.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Target {
    pub(crate) resource: usize,
    pub(crate) steps: Vec<Step>,
    /// As it is written.
    pub(crate) text: String,
}

/// Which ways a row goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Direction {
    Both,
    In,
    Out,
}

/// This field of theirs ⇄ this element of FHIR.
#[derive(Debug)]
pub(crate) struct Row {
    /// File and line, as lineage names it.
    pub(crate) source: String,
    pub(crate) places: RowPlaces,
    pub(crate) native: NativePath,
    pub(crate) target: Target,
    pub(crate) convert: Convert,
    /// Several values in one field, each an element of its own.
    pub(crate) split: bool,
    pub(crate) direction: Direction,
    pub(crate) required: bool,
    /// Most characters of the native text; no bound of its own when absent.
    pub(crate) max: Option<usize>,
    /// Why it goes one way only, if it does.
    pub(crate) why: Option<String>,
    /// Fields that must be filled when this one is.
    pub(crate) requires: Vec<NativePath>,
    /// The field that must be filled for this row to count.
    pub(crate) when: Option<NativePath>,
    /// The field that must be empty for this row to count.
    pub(crate) unless: Option<NativePath>,
    /// The one value of the field for which this row counts.
    pub(crate) only: Option<String>,
    /// What goes into the object around the element.
    pub(crate) beside: Option<Map<String, Value>>,
}

/// Where a row and its two ends are written.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct RowPlaces {
    pub(crate) row: Place,
    pub(crate) native: Place,
    pub(crate) fhir: Place,
    /// The converter or the code map; the row, where neither is named.
    pub(crate) convert: Place,
}

/// A field that has no place in FHIR, and why.
#[derive(Debug)]
pub(crate) struct Unmapped {
    pub(crate) native: NativePath,
    pub(crate) why: String,
}

/// Fields of which one must be filled.
#[derive(Debug)]
pub(crate) struct AtLeastOne {
    pub(crate) natives: Vec<NativePath>,
    pub(crate) rule: String,
}

/// Two days of which one cannot be after the other. Numbers are rows.
#[derive(Debug)]
pub(crate) struct Ordered {
    pub(crate) earlier: usize,
    pub(crate) later: usize,
    pub(crate) rule: String,
}

/// An age that must fit a birth date. Numbers are rows.
#[derive(Debug)]
pub(crate) struct Age {
    pub(crate) age: NativePath,
    pub(crate) birth: usize,
    /// The day for which the age is told.
    pub(crate) at: usize,
    /// Years that it may be off.
    pub(crate) within: u16,
    pub(crate) rule: String,
}

/// Where a message says who is who.
#[derive(Debug)]
pub(crate) struct RolePlan {
    /// Identifiers with their rank, lowest first.
    pub(crate) identifiers: Vec<(u8, Target)>,
    pub(crate) sender: Option<NativePath>,
    pub(crate) destination: Option<NativePath>,
    pub(crate) family_doctor: Option<NativePath>,
    /// The field and the value that means yes.
    pub(crate) consent: Option<(NativePath, String)>,
    pub(crate) event_date: Option<Target>,
    pub(crate) kana: Option<Target>,
    pub(crate) birth_date: Option<Target>,
    /// The Composition.
    pub(crate) document: usize,
}

impl Plan {
    /// The first resource of a group.
    pub(crate) fn anchor(&self, group: usize) -> Option<usize> {
        self.resources
            .iter()
            .position(|resource| resource.each == Some(group))
    }

    /// The resource of a number, if it is made for each item of a group: that group.
    pub(crate) fn each_of(&self, resource: usize) -> Option<usize> {
        self.resources.get(resource)?.each
    }
}

impl Row {
    /// Whether the way in uses the row.
    pub(crate) const fn goes_in(&self) -> bool {
        !matches!(self.direction, Direction::Out)
    }

    /// Whether the way out uses the row.
    pub(crate) const fn goes_out(&self) -> bool {
        !matches!(self.direction, Direction::In)
    }
}
