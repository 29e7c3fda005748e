//! The data type of each field, for the segments that SS-MIX2 uses (HL7 v2.5; ZPR by the JAHIS standard on
//! diagnoses, JAHIS病名情報データ交換規約).

use super::message::Segment;
use super::place::SegmentName;

/// A segment and the types of its fields from the first one. MSH-22 to MSH-25 are those of v2.6, which the
/// maps of SS-MIX2 name.
const SEGMENTS: [(&str, &str); 30] = [
    (
        "MSH",
        "ST ST HD HD HD HD TS ST MSG ST PT VID NM ST ID ID ID ID CE ID EI XON XON HD HD",
    ),
    ("EVN", "ID TS TS IS XCN TS HD"),
    (
        "PID",
        "SI CX CX CX XPN XPN TS IS XPN CE XAD IS XTN XTN CE CE CE CX ST DLN CX CE ST ID NM CE CE CE TS ID ID IS \
         TS HD CE CE ST CE CWE",
    ),
    (
        "NK1",
        "SI XPN CE XAD XTN XTN CE DT DT ST JCC CX XON CE IS TS IS IS CE CE IS CE ID IS CE XPN CE CE CE XPN XTN XAD \
         CX IS CE IS ST ST IS",
    ),
    (
        "PV1",
        "SI IS PL IS CX PL XCN XCN XCN IS PL IS IS IS IS IS XCN IS CX FC IS IS IS IS DT NM NM IS IS DT IS NM NM IS \
         DT IS DLD CE IS IS IS PL PL TS TS NM NM NM NM CX IS XCN",
    ),
    (
        "PV2",
        "PL CE CE CE ST ST IS TS TS NM NM ST XCN DT ID IS DT IS ID NM IS ID XON IS IS DT IS DT DT CE IS ID TS ID ID \
         ID ID CE CE CE CE CE IS IS CE DT TS TS IS",
    ),
    ("DB1", "SI IS CX ID DT DT DT DT"),
    (
        "OBX",
        "SI ID CE ST varies CE ST IS NM ID ID TS ST TS CE XCN CE EI TS",
    ),
    ("AL1", "SI CE CE CE ST DT"),
    (
        "IAM",
        "SI CE CE CE ST CNE EI ST CE CE DT ST TS XPN CE CE CE XCN XON TS",
    ),
    (
        "IN1",
        "SI CE CX XON XAD XPN XTN ST XON CX XON DT DT AUI IS XPN CE TS XAD IS IS ST ID DT ID DT IS ST TS XCN IS IS \
         NM NM IS ST CP CP NM CP CP CE IS XAD ST IS IS IS CX IS DT ST IS",
    ),
    (
        "ORC",
        "ID EI EI EI ID ID TQ EIP TS XCN XCN XCN PL XTN TS CE CE CE XCN CE XON XAD XTN XAD CWE CWE TS CWE CWE CNE",
    ),
    (
        "RXE",
        "TQ CE NM NM CE CE CE LA1 ID NM CE NM XCN XCN ST NM NM TS CQ ID CE ST ST CE NM CE CE NM CE ID CE TS NM CWE \
         CWE ID CWE CWE NM CWE XAD PL XAD ID",
    ),
    (
        "RXA",
        "NM NM TS TS CE NM CE CE CE XCN LA2 ST NM CE ST TS CE CE CE ID ID TS NM CWE CWE ID",
    ),
    ("RXR", "CE CWE CE CWE CE CWE"),
    ("RXC", "ID CE NM CE NM CE CE NM CWE"),
    ("TQ1", "SI CQ RPT TM CQ CQ TS TS CWE TX TX ID CQ NM"),
    (
        "SPM",
        "SI EIP EIP CWE CWE CWE CWE CWE CWE CWE CWE CQ NM ST CWE CWE DR TS TS ID CWE CWE CWE CWE CQ NM CWE CWE CWE",
    ),
    (
        "OBR",
        "SI EI EI CE ID TS TS TS CQ XCN ID CE ST TS SPS XCN XTN ST ST ST ST TS MOC ID ID PRL TQ XCN EIP ID CE NDL NDL \
         NDL NDL TS NM CE CE CE ID ID CE CE CE CE CE CWE IS",
    ),
    (
        "PRB",
        "ID TS CE EI EI NM TS TS TS CE CE CE CE CE TS TS ST CE CE NM CE CE CE ST CE",
    ),
    ("ZPR", "CWE CWE CWE CWE CWE CWE ST"),
    ("ODS", "ID CE CE ST"),
    ("MRG", "CX CX CX CX CX CX XPN"),
    ("NTE", "SI ID FT CE"),
    ("IPC", "EI EI EI EI CE CE EI CE ST"),
    (
        "SCH",
        "EI EI NM EI CE CE CE CE NM CE TQ XCN XTN XAD PL XCN XTN XAD PL XCN XTN PL EI EI CE EI EI",
    ),
    (
        "TXA",
        "SI IS ID TS XCN TS TS TS XCN XCN XCN EI EI EI EI ST ID ID ID ID ST PPN XCN",
    ),
    ("MSA", "ID ST ST NM ID CE"),
    ("ERR", "ELD ERL CWE ID CWE ST TX TX IS CWE CWE XTN"),
    ("SFT", "XON ST ST ST TX TS"),
];

/// The data type of a field by the standard: `XPN`; `varies` for OBX-5. `None` for segments and fields that
/// are not in the table.
#[must_use]
pub fn data_type(segment: SegmentName, field: usize) -> Option<&'static str> {
    let (_, types) = SEGMENTS
        .iter()
        .find(|(name, _)| *name == segment.as_str())?;
    types.split_ascii_whitespace().nth(field.checked_sub(1)?)
}

impl Segment<'_> {
    /// The data type of a field; of OBX-5 what OBX-2 says.
    #[must_use]
    pub fn data_type(&self, field: usize) -> Option<&'static str> {
        match data_type(self.name(), field)? {
            "varies" => {
                let said = self.field(2)?;
                let mut known = SEGMENTS
                    .iter()
                    .flat_map(|(_, types)| types.split_ascii_whitespace());
                known.find(|own| *own == said.raw() && *own != "varies")
            }
            own => Some(own),
        }
    }
}
