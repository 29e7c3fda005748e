//! What bytes can be.

use crate::careplan::Table;

/// A format that is recognised.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// HL7 v2, one message or several, in MLLP frames or not.
    Hl7,
    /// 電子版お薬手帳.
    JahisNotebook,
    /// 院外処方箋2次元シンボル.
    JahisPrescription,
    /// XML, which is read as CDA R2.
    Cda,
    /// A table of the care plan's standard.
    CarePlan(Table),
    /// A file of the care plan's standard that is not read here, by the first part of its name.
    CarePlanOther(&'static str),
    /// LIFE.
    Life,
    /// JSON, which is read as records of the FileMaker Data API.
    FilemakerJson,
    /// An export of FileMaker.
    FilemakerCsv,
}

impl Kind {
    /// For people.
    #[must_use]
    pub fn text(self) -> String {
        match self {
            Self::Hl7 => "HL7 v2 電文 / HL7 v2".to_owned(),
            Self::JahisNotebook => "JAHIS 電子版お薬手帳 / JAHIS drug notebook".to_owned(),
            Self::JahisPrescription => {
                "JAHIS 処方箋2次元シンボル / JAHIS prescription symbol".to_owned()
            }
            Self::Cda => "CDA R2 文書 / CDA R2 document".to_owned(),
            Self::CarePlan(table) => {
                format!("ケアプランCSV {} / care-plan CSV", table.name())
            }
            Self::CarePlanOther(word) => {
                format!("ケアプランデータ連携 {word} / care-plan data, {word}")
            }
            Self::Life => "LIFE CSV".to_owned(),
            Self::FilemakerJson => "FileMaker JSON".to_owned(),
            Self::FilemakerCsv => "FileMaker CSV".to_owned(),
        }
    }

    /// For programs.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Hl7 => "hl7-v2",
            Self::JahisNotebook => "jahis-notebook",
            Self::JahisPrescription => "jahis-prescription",
            Self::Cda => "cda",
            Self::CarePlan(Table::Plan1) => "careplan-1",
            Self::CarePlan(Table::Plan2) => "careplan-2",
            Self::CarePlan(Table::Plan3) => "careplan-3",
            Self::CarePlan(Table::Supplement) => "careplan-supplement",
            Self::CarePlanOther(_) => "careplan-other",
            Self::Life => "life",
            Self::FilemakerJson => "filemaker-json",
            Self::FilemakerCsv => "filemaker-csv",
        }
    }

    /// How the paths of its values are written.
    pub(super) const fn manner(self) -> Manner {
        match self {
            Self::Hl7 => Manner::Hl7,
            Self::Cda => Manner::Slashes,
            Self::FilemakerJson | Self::FilemakerCsv => Manner::Filemaker,
            _ => Manner::Dots,
        }
    }
}

/// How a sender's people write a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Manner {
    /// `OBX[2]-5[1].1`, counted from 1 by segments of a name.
    Hl7,
    /// `ClinicalDocument/recordTarget[2]/…`, counted from 1.
    Slashes,
    /// `data[0].portalData.連絡先[0].連絡先::電話`, counted from 0.
    Filemaker,
    /// `調剤.処方[2].RP.201`, counted from 1, without the root.
    Dots,
}
