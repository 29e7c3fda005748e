//! The message structures of HL7 v2.5 chapters 2, 3, 4, 7, 9, 10 and 12 that Japanese hospitals send, and
//! those of the JAHIS standards (PPR^ZD1, OMI^Z23), as a table.
//!
//! `PV1` stands once, `PV2?` once or not, `NK1*` any number, `RXR+` one or more; `NAME+(…)` is a group;
//! `$NAME` is a part that stands below. `NAME!ODT+(…)` is a group that does not begin at a segment behind
//! which an ODT comes before the next segment of its kind: how ORDER_DIET and ORDER_TRAY, which both begin
//! with ORC, are told apart.
//!
//! One thing is stricter than the standard: PRIOR_RESULT begins with its PID, since without it every
//! further order would read as a result of an earlier one.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::place::SegmentName;

/// A structure's or group's member.
#[derive(Debug)]
pub(super) struct Item {
    pub what: What,
    /// At least one.
    pub required: bool,
    /// More than one.
    pub many: bool,
    /// The segment that must not follow where the group begins.
    pub unless: Option<SegmentName>,
}

#[derive(Debug)]
pub(super) enum What {
    Segment(SegmentName),
    Group(&'static str, Vec<Item>),
}

impl Item {
    pub(super) fn name(&self) -> String {
        match &self.what {
            What::Segment(name) => name.to_string(),
            What::Group(name, _) => (*name).to_owned(),
        }
    }
}

/// Parts that several structures have.
const PARTS: [(&str, &str); 9] = [
    ("HEAD", "MSH SFT*"),
    ("EVENT", "MSH SFT* EVN PID PD1?"),
    ("TIMING", "TIMING*(TQ1 TQ2*)"),
    ("VISIT", "PATIENT_VISIT?(PV1 PV2?)"),
    ("COVERED", "INSURANCE*(IN1 IN2? IN3?) GT1? AL1*"),
    ("INSURED", "GT1* INSURANCE*(IN1 IN2? IN3* ROL*) ACC?"),
    ("PROCEDURES", "PROCEDURE*(PR1 ROL*)"),
    ("OBSERVED", "OBSERVATION*(OBX NTE*)"),
    (
        "PRIOR",
        "PATIENT_PRIOR(PID PD1?) PATIENT_VISIT_PRIOR?(PV1 PV2?) AL1*",
    ),
];

/// The structures by the names of table 0354.
const STRUCTURES: [(&str, &str); 26] = [
    ("ACK", "$HEAD MSA ERR*"),
    (
        "ADT_A01",
        "$EVENT ROL* NK1* PV1 PV2? ROL* DB1* OBX* AL1* DG1* DRG? $PROCEDURES $INSURED UB1? UB2? PDA?",
    ),
    ("ADT_A02", "$EVENT ROL* PV1 PV2? ROL* DB1* OBX* PDA?"),
    (
        "ADT_A03",
        "$EVENT ROL* NK1* PV1 PV2? ROL* DB1* AL1* DG1* DRG? $PROCEDURES OBX* $INSURED PDA?",
    ),
    (
        "ADT_A05",
        "$EVENT ROL* NK1* PV1 PV2? ROL* DB1* OBX* AL1* DG1* DRG? $PROCEDURES $INSURED UB1? UB2?",
    ),
    ("ADT_A09", "$EVENT PV1 PV2? DB1* OBX* DG1*"),
    ("ADT_A12", "$EVENT PV1 PV2? DB1* OBX* DG1?"),
    ("ADT_A15", "$EVENT ROL* PV1 PV2? ROL* DB1* OBX* DG1*"),
    (
        "ADT_A16",
        "$EVENT ROL* NK1* PV1 PV2? ROL* DB1* OBX* AL1* DG1* DRG? $PROCEDURES $INSURED",
    ),
    ("ADT_A21", "$EVENT PV1 PV2? DB1* OBX*"),
    ("ADT_A39", "$HEAD EVN PATIENT+(PID PD1? MRG PV1?)"),
    ("ADT_A52", "$EVENT PV1 PV2?"),
    ("ADT_A54", "$EVENT ROL* PV1 PV2? ROL*"),
    ("ADT_A60", "$HEAD EVN PID PV1? PV2? IAM*"),
    (
        "MDM_T02",
        "$HEAD EVN PID PV1 COMMON_ORDER*(ORC $TIMING OBR NTE*) TXA OBSERVATION+(OBX NTE*)",
    ),
    (
        "OMD_O03",
        "$HEAD NTE* PATIENT?(PID PD1? NTE* $VISIT $COVERED) \
         ORDER_DIET!ODT+(ORC TIMING_DIET*(TQ1 TQ2*) DIET?(ODS+ NTE* $OBSERVED)) \
         ORDER_TRAY*(ORC TIMING_TRAY*(TQ1 TQ2*) ODT+ NTE*)",
    ),
    (
        "OMG_O19",
        "$HEAD NTE* PATIENT?(PID PD1? NTE* NK1* $VISIT $COVERED) \
         ORDER+(ORC $TIMING OBR NTE* CTD? DG1* $OBSERVED SPECIMEN*(SPM OBX* CONTAINER*(SAC OBX*)) \
         PRIOR_RESULT*($PRIOR ORDER_PRIOR+(ORC? OBR NTE* TIMING_PRIOR*(TQ1 TQ2*) CTD? OBSERVATION_PRIOR+(OBX NTE*))) \
         FT1* CTI* BLG?)",
    ),
    (
        "OMI_Z23",
        "$HEAD NTE* PATIENT?(PID PD1? NTE* $VISIT $COVERED) \
         ORDER+(ORC $TIMING OBR NTE* CTD? DG1* $OBSERVED PERFORMED*(ZE1 ZE2* $OBSERVED) IPC+)",
    ),
    (
        "OML_O33",
        "$HEAD NTE* PATIENT?(PID PD1? NTE* NK1* $VISIT $COVERED) \
         SPECIMEN+(SPM OBX* SAC* ORDER+(ORC $TIMING \
         OBSERVATION_REQUEST?(OBR TCD? NTE* DG1* OBSERVATION*(OBX TCD? NTE*) \
         PRIOR_RESULT*($PRIOR ORDER_PRIOR+(ORC? OBR NTE* TIMING_PRIOR*(TQ1 TQ2*) OBSERVATION_PRIOR+(OBX NTE*)))) \
         FT1* CTI* BLG?))",
    ),
    (
        "ORU_R01",
        "$HEAD PATIENT_RESULT+(PATIENT?(PID PD1? NTE* NK1* VISIT?(PV1 PV2?)) \
         ORDER_OBSERVATION+(ORC? OBR NTE* TIMING_QTY*(TQ1 TQ2*) CTD? $OBSERVED FT1* CTI* SPECIMEN*(SPM OBX*))) DSC?",
    ),
    (
        "ORU_R30",
        "$HEAD PID PD1? VISIT?(PV1 PV2?) ORC OBR NTE* TIMING_QTY*(TQ1 TQ2*) OBSERVATION+(OBX NTE*)",
    ),
    (
        "OUL_R22",
        "$HEAD NTE? PATIENT?(PID PD1? NTE*) VISIT?(PV1 PV2?) \
         SPECIMEN+(SPM OBX* CONTAINER*(SAC INV?) \
         ORDER+(OBR ORC? NTE* TIMING_QTY*(TQ1 TQ2*) RESULT*(OBX TCD? SID* NTE*) CTI*)) DSC?",
    ),
    (
        "PPR_ZD1",
        "$HEAD PID PV1? PV2? PROBLEM+(PRB ZPR? ZPD* ZI1* ORC*)",
    ),
    (
        "RAS_O17",
        "$HEAD NTE* PATIENT?(PID PD1? NTE* AL1* $VISIT) \
         ORDER+(ORC $TIMING ORDER_DETAIL?(RXO ORDER_DETAIL_SUPPLEMENT?(NTE+ RXR+ COMPONENTS*(RXC NTE*))) \
         ENCODING?(RXE NTE* TIMING_ENCODED+(TQ1 TQ2*) RXR+ RXC*) ADMINISTRATION+(RXA+ RXR $OBSERVED) CTI*)",
    ),
    (
        "RDE_O11",
        "$HEAD NTE* PATIENT?(PID PD1? NTE* $VISIT $COVERED) \
         ORDER+(ORC $TIMING ORDER_DETAIL?(RXO NTE* RXR+ COMPONENT*(RXC NTE*)) \
         RXE NTE* TIMING_ENCODED+(TQ1 TQ2*) RXR+ RXC* $OBSERVED FT1* BLG? CTI*)",
    ),
    (
        "SIU_S12",
        "MSH SCH TQ1* NTE* PATIENT*(PID PD1? PV1? PV2? OBX* DG1*) \
         RESOURCES+(RGS SERVICE*(AIS NTE*) GENERAL_RESOURCE*(AIG NTE*) LOCATION_RESOURCE*(AIL NTE*) \
         PERSONNEL_RESOURCE*(AIP NTE*))",
    ),
];

/// Which structure a message type (MSH-9.1) and its events (MSH-9.2) have.
const EVENTS: [(&str, &str, &str); 25] = [
    ("ACK", "", "ACK"),
    ("ADT", "A01 A04 A08 A13", "ADT_A01"),
    ("ADT", "A02", "ADT_A02"),
    ("ADT", "A03", "ADT_A03"),
    ("ADT", "A14", "ADT_A05"),
    ("ADT", "A11", "ADT_A09"),
    ("ADT", "A12", "ADT_A12"),
    ("ADT", "A15", "ADT_A15"),
    ("ADT", "A16", "ADT_A16"),
    ("ADT", "A21 A22 A23 A25 A26 A27", "ADT_A21"),
    ("ADT", "A40", "ADT_A39"),
    ("ADT", "A52 A53 A55", "ADT_A52"),
    ("ADT", "A54", "ADT_A54"),
    ("ADT", "A60", "ADT_A60"),
    ("MDM", "T02", "MDM_T02"),
    ("OMD", "O03", "OMD_O03"),
    ("OMG", "O19", "OMG_O19"),
    ("OMI", "Z23", "OMI_Z23"),
    ("OML", "O33", "OML_O33"),
    ("ORU", "R01", "ORU_R01"),
    ("ORU", "R30", "ORU_R30"),
    ("OUL", "R22", "OUL_R22"),
    ("PPR", "ZD1", "PPR_ZD1"),
    ("RAS", "O17", "RAS_O17"),
    ("RDE", "O11", "RDE_O11"),
];
/// Appointments share one structure: notification of a new, a moved, a changed, a cancelled one.
const APPOINTMENTS: &str = "S12 S13 S14 S15";

static TABLE: LazyLock<HashMap<&'static str, Vec<Item>>> = LazyLock::new(|| {
    let structures = STRUCTURES.into_iter();
    structures
        .map(|(name, text)| (name, items(&mut tokens(text).into_iter().peekable())))
        .collect()
});

/// The structure of a message type and event, by its name in table 0354.
#[must_use]
pub fn structure_of(kind: &str, event: &str) -> Option<&'static str> {
    if kind == "SIU" && APPOINTMENTS.split(' ').any(|known| known == event) {
        return Some("SIU_S12");
    }
    let found = EVENTS.into_iter().find(|(own, events, _)| {
        *own == kind && (events.is_empty() || events.split(' ').any(|known| known == event))
    });
    found.map(|(.., structure)| structure)
}

/// The members of a structure.
pub(super) fn members(structure: &str) -> Option<(&'static str, &'static [Item])> {
    let (name, items) = TABLE.get_key_value(structure)?;
    Some((name, items))
}

/// Words and brackets, the parts put in.
fn tokens(text: &'static str) -> Vec<&'static str> {
    let mut found = Vec::new();
    for word in text.split_ascii_whitespace() {
        let mut rest = word;
        while let Some(at) = rest.find(['(', ')']) {
            let (head, tail) = rest.split_at(at);
            let (bracket, tail) = tail.split_at(1);
            push(&mut found, head);
            found.push(bracket);
            rest = tail;
        }
        push(&mut found, rest);
    }
    found
}

fn push(found: &mut Vec<&'static str>, word: &'static str) {
    match word.strip_prefix('$') {
        Some(part) => {
            let text = PARTS.into_iter().find(|(name, _)| *name == part);
            found.extend(text.map(|(_, text)| tokens(text)).unwrap_or_default());
        }
        None if word.is_empty() => {}
        None => found.push(word),
    }
}

/// Members up to the closing bracket or the end.
fn items(tokens: &mut std::iter::Peekable<std::vec::IntoIter<&'static str>>) -> Vec<Item> {
    let mut found = Vec::new();
    while let Some(word) = tokens.next() {
        if word == ")" {
            break;
        }
        let bare = word.trim_end_matches(['?', '*', '+']);
        let count = word.get(bare.len()..).unwrap_or_default();
        let (name, unless) = match bare.split_once('!') {
            Some((name, unless)) => (name, SegmentName::read(unless.as_bytes())),
            None => (bare, None),
        };
        let what = if tokens.next_if_eq(&"(").is_some() {
            Some(What::Group(name, items(tokens)))
        } else {
            SegmentName::read(name.as_bytes()).map(What::Segment)
        };
        found.extend(what.map(|what| Item {
            what,
            required: matches!(count, "" | "+"),
            many: matches!(count, "*" | "+"),
            unless,
        }));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(items: &[Item]) -> String {
        let one = |item: &Item| {
            let count = match (item.required, item.many) {
                (true, false) => "",
                (false, false) => "?",
                (false, true) => "*",
                (true, true) => "+",
            };
            let unless = item.unless.map(|name| format!("!{name}"));
            let inner = match &item.what {
                What::Segment(_) => String::new(),
                What::Group(_, items) => format!("({})", written(items)),
            };
            format!(
                "{}{}{count}{inner}",
                item.name(),
                unless.unwrap_or_default()
            )
        };
        items.iter().map(one).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn every_line_of_the_table_reads_as_it_is_written() {
        for (name, text) in STRUCTURES {
            let mut whole = text.to_owned();
            while let Some((part, inner)) = PARTS
                .into_iter()
                .find(|(part, _)| whole.contains(&format!("${part}")))
            {
                whole = whole.replace(&format!("${part}"), inner);
            }
            let (_, items) = members(name).unwrap();
            assert_eq!(written(items), whole, "{name}");
            assert!(!whole.contains('$'), "{name}: {whole}");
        }
    }

    #[test]
    fn every_message_of_the_issue_has_a_structure() {
        let adt = "A01 A02 A03 A04 A08 A11 A12 A13 A14 A15 A16 A21 A22 A23 A25 A26 A27 A40 A52 A53 A54 A55 A60";
        for event in adt.split(' ') {
            let name = structure_of("ADT", event).unwrap();
            assert!(members(name).is_some(), "{event}");
        }
        let others = "PPR^ZD1 RDE^O11 RAS^O17 OML^O33 OMI^Z23 OUL^R22 ORU^R01 ORU^R30 OMG^O19 OMD^O03 \
             SIU^S12 SIU^S13 SIU^S14 SIU^S15 MDM^T02 ACK^A01";
        for message in others.split_ascii_whitespace() {
            let (kind, event) = message.split_once('^').unwrap();
            let name = structure_of(kind, event).unwrap();
            assert!(members(name).is_some(), "{message}");
        }
        for (.., name) in EVENTS {
            assert!(members(name).is_some(), "{name}");
        }
        assert_eq!(structure_of("ADT", "A99"), None);
        assert_eq!(structure_of("QBP", "Q21"), None);
    }
}
