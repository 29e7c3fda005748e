//! The resource types that are served.

use std::fmt;
use std::str::FromStr;

/// Not one of the types that are served. Holds nothing of the text: it came from outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a resource type of this server")]
pub struct UnknownType;

macro_rules! resource_types {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {
        /// A FHIR resource type that is served.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum ResourceType {
            $($(#[$doc])* $name),+
        }

        /// All of them, in the order of the capability statement.
        pub const TYPES: &[ResourceType] = &[$(ResourceType::$name),+];

        impl ResourceType {
            /// The type's name as FHIR writes it.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => stringify!($name)),+
                }
            }
        }
    };
}

resource_types! {
    /// 患者
    Patient,
    /// 入院・外来
    Encounter,
    /// 病名・主症状
    Condition,
    /// アレルギー
    AllergyIntolerance,
    /// 内服薬
    MedicationStatement,
    /// 医療機器
    Device,
    /// 医療機器の使用
    DeviceUseStatement,
    /// 感染対策・救急隊への伝達事項
    Flag,
    /// 医師・ケアマネジャーなど
    Practitioner,
    /// 医療機関での役割・診療科
    PractitionerRole,
    /// 医療機関・事業所
    Organization,
    /// かかりつけの体制
    CareTeam,
    /// 家族・緊急連絡先
    RelatedPerson,
    /// 保険
    Coverage,
    /// 文書の表紙と章立て
    Composition,
    /// ADLなどの観察
    Observation,
    /// 書面の所在
    DocumentReference,
    /// 文書の全体
    Bundle,
}

impl ResourceType {
    /// The type that a resource's JSON claims.
    #[must_use]
    pub fn of(resource: &serde_json::Value) -> Option<Self> {
        resource.get("resourceType")?.as_str()?.parse().ok()
    }
}

impl fmt::Display for ResourceType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for ResourceType {
    type Err = UnknownType;

    fn from_str(text: &str) -> Result<Self, UnknownType> {
        TYPES
            .iter()
            .copied()
            .find(|kind| kind.as_str() == text)
            .ok_or(UnknownType)
    }
}
