//! Which group of its structure each segment of a message belongs to.
//!
//! Goes forward only, segment by segment: a segment goes into the innermost open group that can take it
//! without leaving out what is required; if there is none, into the innermost that can take it at all,
//! and what was left out is told. A group begins with its first required segment only. Z segments that the
//! structure does not name may stand anywhere and belong to the group in which they stand. What fits
//! nowhere is told and kept apart.

use super::message::Message;
use super::place::SegmentName;
use super::structures::{Item, What, members, structure_of};

/// A message fitted to its structure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fit {
    /// The structure's name in table 0354: `ADT_A01`.
    pub structure: &'static str,
    /// Whether MSH-9.3 names another structure than MSH-9.1 and MSH-9.2 mean.
    pub declared_otherwise: bool,
    /// The segments in their groups. The name of the outermost is that of the structure.
    pub root: Group,
    /// Index of each segment that does not fit, in order.
    pub misfits: Vec<usize>,
    /// What is required and missing.
    pub missing: Vec<Missing>,
}

/// A group of segments and groups.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// The group's name in the standard: `ORDER`.
    pub name: &'static str,
    /// What is in it, in order.
    pub members: Vec<Member>,
}

/// What a group has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Member {
    /// The index of a segment in the message.
    Segment(usize),
    /// A group.
    Group(Group),
}

/// A required segment or group that is not there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Missing {
    /// The group that lacks it.
    pub group: &'static str,
    /// Its name.
    pub name: String,
    /// Index of the segment before which it was expected; the number of segments for the end.
    pub before: usize,
}

/// A message whose type and event name no structure that we have.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("MSH-9の電文型は知られていません / no structure is known for the message type of MSH-9")]
pub struct NoStructure;

impl Message {
    /// Fits the message to the structure of its type and event, or to the one that MSH-9.3 names where
    /// those are not known.
    ///
    /// # Errors
    /// [`NoStructure`]: its segments can still be read one by one.
    pub fn fit(&self) -> Result<Fit, NoStructure> {
        let (kind, event, declared) = self.kind();
        let meant = structure_of(&kind, &event);
        let name = meant.unwrap_or(&declared);
        let (structure, items) = members(name).ok_or(NoStructure)?;
        let names = self.segments().map(|segment| segment.name()).collect();
        let mut fitting = Fitting {
            names,
            frames: vec![Frame::new(structure, items)],
            misfits: Vec::new(),
            missing: Vec::new(),
        };
        for index in 0..self.len() {
            fitting.place(index);
        }
        let root = fitting.finish();
        Ok(Fit {
            structure,
            declared_otherwise: !declared.is_empty() && declared != structure,
            root,
            misfits: fitting.misfits,
            missing: fitting.missing,
        })
    }
}

/// An open group.
struct Frame {
    name: &'static str,
    items: &'static [Item],
    /// The member that was placed last; `None` at the beginning.
    at: Option<usize>,
    members: Vec<Member>,
}

impl Frame {
    const fn new(name: &'static str, items: &'static [Item]) -> Self {
        Self {
            name,
            items,
            at: None,
            members: Vec::new(),
        }
    }

    /// The members behind the last one placed.
    fn ahead(&self) -> &'static [Item] {
        let from = self.at.map_or(0, |at| at + 1);
        self.items.get(from..).unwrap_or_default()
    }
}

struct Fitting {
    names: Vec<SegmentName>,
    frames: Vec<Frame>,
    misfits: Vec<usize>,
    missing: Vec<Missing>,
}

/// Where a segment goes: how many groups stay open, and the steps from the last of them.
struct Way {
    keep: usize,
    steps: Vec<usize>,
}

impl Fitting {
    fn place(&mut self, index: usize) {
        let Some(name) = self.names.get(index).copied() else {
            return;
        };
        let way = self
            .way(index, name, true)
            .or_else(|| self.way(index, name, false));
        match way {
            Some(way) => self.follow(&way, index),
            None if name.is_local() => self.put(Member::Segment(index)),
            None => self.misfits.push(index),
        }
    }

    /// Looks from the innermost open group outwards. `strict`: nothing required is left out.
    fn way(&self, index: usize, name: SegmentName, strict: bool) -> Option<Way> {
        for (depth, frame) in self.frames.iter().enumerate().rev() {
            if let Some(steps) = self.steps(frame, index, name, strict) {
                let keep = depth + 1;
                return Some(Way { keep, steps });
            }
            if strict && frame.ahead().iter().any(|item| item.required) {
                return None;
            }
        }
        None
    }

    /// The steps to a member of a group that takes the segment, from where the group stands.
    fn steps(
        &self,
        frame: &Frame,
        index: usize,
        name: SegmentName,
        strict: bool,
    ) -> Option<Vec<usize>> {
        let from = match frame.at {
            Some(at) if frame.items.get(at).is_some_and(|item| item.many) => at,
            Some(at) => at + 1,
            None => 0,
        };
        for (position, item) in frame.items.iter().enumerate().skip(from) {
            if let Some(mut steps) = self.enter(item, index, name) {
                steps.push(position);
                steps.reverse();
                return Some(steps);
            }
            if strict && item.required && frame.at != Some(position) {
                return None;
            }
        }
        None
    }

    /// The steps into a member, last first; `None` if it does not begin with the segment.
    fn enter(&self, item: &Item, index: usize, name: SegmentName) -> Option<Vec<usize>> {
        let items = match &item.what {
            What::Segment(own) => return (*own == name).then(Vec::new),
            What::Group(_, items) => items,
        };
        for (position, inner) in items.iter().enumerate() {
            if let Some(mut steps) = self.enter(inner, index, name) {
                let other = item.unless;
                if other.is_some_and(|unless| self.follows(index, name, unless)) {
                    return None;
                }
                steps.push(position);
                return Some(steps);
            }
            if inner.required {
                return None;
            }
        }
        None
    }

    /// Whether a segment comes before the next of the same name as this one.
    fn follows(&self, index: usize, name: SegmentName, wanted: SegmentName) -> bool {
        let rest = self.names.iter().skip(index + 1);
        rest.take_while(|next| **next != name)
            .any(|next| *next == wanted)
    }

    fn follow(&mut self, way: &Way, index: usize) {
        while self.frames.len() > way.keep {
            self.close(index);
        }
        let mut steps = way.steps.iter().peekable();
        while let Some(position) = steps.next() {
            let Some(frame) = self.frames.last_mut() else {
                return;
            };
            let first = frame.at.map_or(0, |at| at + 1);
            for (at, item) in frame.items.iter().enumerate().take(*position).skip(first) {
                if item.required {
                    self.missing.push(Missing {
                        group: frame.name,
                        name: item.name(),
                        before: index,
                    });
                }
                frame.at = Some(at);
            }
            frame.at = Some(*position);
            let what = frame.items.get(*position).map(|item| &item.what);
            match (what, steps.peek()) {
                (Some(What::Group(name, items)), Some(_)) => {
                    self.frames.push(Frame::new(name, items));
                }
                _ => frame.members.push(Member::Segment(index)),
            }
        }
    }

    fn put(&mut self, member: Member) {
        if let Some(frame) = self.frames.last_mut() {
            frame.members.push(member);
        }
    }

    /// Closes the innermost group and puts it into the one around it.
    fn close(&mut self, before: usize) -> Option<Group> {
        let frame = self.frames.pop()?;
        for item in frame.ahead().iter().filter(|item| item.required) {
            self.missing.push(Missing {
                group: frame.name,
                name: item.name(),
                before,
            });
        }
        let group = Group {
            name: frame.name,
            members: frame.members,
        };
        match self.frames.last_mut() {
            Some(outer) => {
                outer.members.push(Member::Group(group));
                None
            }
            None => Some(group),
        }
    }

    fn finish(&mut self) -> Group {
        let end = self.names.len();
        loop {
            if let Some(root) = self.close(end) {
                return root;
            }
            if self.frames.is_empty() {
                return Group {
                    name: "",
                    members: Vec::new(),
                };
            }
        }
    }
}

impl Group {
    /// The indices of all segments in the group and the groups in it, in order.
    #[must_use]
    pub fn segments(&self) -> Vec<usize> {
        let mut found = Vec::new();
        for member in &self.members {
            match member {
                Member::Segment(index) => found.push(*index),
                Member::Group(group) => found.extend(group.segments()),
            }
        }
        found
    }

    /// The groups of a name directly in this one.
    pub fn groups<'g>(&'g self, name: &'g str) -> impl Iterator<Item = &'g Self> {
        self.members.iter().filter_map(move |member| match member {
            Member::Group(group) if group.name == name => Some(group),
            _ => None,
        })
    }
}

#[cfg(test)]
mod tests {
    use renkei_model::limits::Limits;

    use super::*;
    use crate::hl7::decode;

    /// A message of a type, its further segments empty; and what it becomes, in brackets.
    fn fitted(kind: &str, segments: &str) -> (String, Fit) {
        let body: String = segments
            .split(' ')
            .map(|name| format!("{name}|1\r"))
            .collect();
        let text = format!("MSH|^~\\&|||||||{kind}|1|P|2.5\r{body}");
        let message = decode(text.as_bytes(), &Limits::default()).unwrap();
        let fit = message.fit().unwrap();
        (shown(&message, &fit.root), fit)
    }

    fn shown(message: &Message, group: &Group) -> String {
        let members = group.members.iter().map(|member| match member {
            Member::Segment(index) => message.segment(*index).unwrap().name().to_string(),
            Member::Group(group) => format!("{}({})", group.name, shown(message, group)),
        });
        members.collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn orders_are_told_apart() {
        let (text, fit) = fitted(
            "RDE^O11",
            "PID PV1 AL1 ORC RXE TQ1 RXR ORC RXE TQ1 TQ1 RXR RXC RXC",
        );
        assert_eq!(
            text,
            "MSH PATIENT(PID PATIENT_VISIT(PV1) AL1) ORDER(ORC RXE TIMING_ENCODED(TQ1) RXR) \
             ORDER(ORC RXE TIMING_ENCODED(TQ1) TIMING_ENCODED(TQ1) RXR RXC RXC)"
        );
        assert_eq!((fit.misfits, fit.missing), (vec![], vec![]));
        let (text, fit) = fitted(
            "OUL^R22",
            "PID PV1 SPM OBR ORC OBX OBX NTE SPM OBR OBX OBR OBX",
        );
        assert_eq!(
            text,
            "MSH PATIENT(PID) VISIT(PV1) SPECIMEN(SPM ORDER(OBR ORC RESULT(OBX) RESULT(OBX NTE))) \
             SPECIMEN(SPM ORDER(OBR RESULT(OBX)) ORDER(OBR RESULT(OBX)))"
        );
        assert_eq!((fit.misfits, fit.missing), (vec![], vec![]));
        let (text, fit) = fitted("OMG^O19", "PID ORC TQ1 OBR ORC OBR OBX PID ORC OBR OBX");
        assert_eq!(
            text,
            "MSH PATIENT(PID) ORDER(ORC TIMING(TQ1) OBR) ORDER(ORC OBR OBSERVATION(OBX) \
             PRIOR_RESULT(PATIENT_PRIOR(PID) ORDER_PRIOR(ORC OBR OBSERVATION_PRIOR(OBX))))"
        );
        assert_eq!((fit.misfits, fit.missing), (vec![], vec![]));
    }

    #[test]
    fn diets_and_trays_both_begin_with_orc() {
        let (text, fit) = fitted("OMD^O03", "PID ORC TQ1 ODS ORC ODS ORC TQ1 ODT ORC ODT");
        assert_eq!(
            text,
            "MSH PATIENT(PID) ORDER_DIET(ORC TIMING_DIET(TQ1) DIET(ODS)) ORDER_DIET(ORC DIET(ODS)) \
             ORDER_TRAY(ORC TIMING_TRAY(TQ1) ODT) ORDER_TRAY(ORC ODT)"
        );
        assert_eq!((fit.misfits, fit.missing), (vec![], vec![]));
    }

    #[test]
    fn what_does_not_fit_is_told_and_what_is_missing_too() {
        let (text, fit) = fitted("ADT^A08", "EVN PID ORC PV1 ZZ9 OBX EVN AL1");
        assert_eq!(text, "MSH EVN PID PV1 ZZ9 OBX AL1");
        assert_eq!((fit.misfits, fit.missing), (vec![3, 7], vec![]));
        let (text, fit) = fitted("ADT^A01", "PID OBX");
        assert_eq!(text, "MSH PID OBX");
        assert_eq!(fit.misfits, Vec::<usize>::new());
        let missing = |name: &str, before| Missing {
            group: "ADT_A01",
            name: name.to_owned(),
            before,
        };
        assert_eq!(fit.missing, [missing("EVN", 1), missing("PV1", 2)]);
        let (text, fit) = fitted("RAS^O17", "PID ORC RXA RXA ORC RXR");
        assert_eq!(
            text,
            "MSH PATIENT(PID) ORDER(ORC ADMINISTRATION(RXA RXA)) ORDER(ORC)"
        );
        assert_eq!(fit.misfits, [6]);
        let names: Vec<_> = fit
            .missing
            .iter()
            .map(|m| (m.name.as_str(), m.before))
            .collect();
        assert_eq!(names, [("RXR", 5), ("ADMINISTRATION", 7)]);
    }

    #[test]
    fn a_structure_of_another_name_is_told() {
        assert!(
            !fitted("ADT^A08^ADT_A01", "EVN PID PV1")
                .1
                .declared_otherwise
        );
        assert!(!fitted("ADT^A08", "EVN PID PV1").1.declared_otherwise);
        assert!(
            fitted("ADT^A08^ADT_A08", "EVN PID PV1")
                .1
                .declared_otherwise
        );
        assert_eq!(
            fitted("ADT^A31^ADT_A05", "EVN PID PV1").1.structure,
            "ADT_A05"
        );
        let unknown = b"MSH|^~\\&|||||||QBP^Q21|1|P|2.5\r";
        let message = decode(unknown, &Limits::default()).unwrap();
        assert_eq!(message.fit(), Err(NoStructure));
    }
}
