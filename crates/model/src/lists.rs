//! The lists of the contracts: professions, categories, relations, views, sensitivities, purposes, and the
//! reasons for which an emergency card is opened.
//!
//! Nothing else defines them. The database, tokens, `access.csv` and Cedar use the words below.
//! Positions are stored as bits in grant masks: append at the end, never reorder.

use std::fmt;
use std::str::FromStr;

/// A word that is not on the list.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("\"{word}\" is not a {list}")]
pub struct ListError {
    /// The list's name, for example `profession`.
    pub list: &'static str,
    /// The word as it was written, cut to 64 characters.
    pub word: String,
}

macro_rules! list {
    ($(#[$doc:meta])* $name:ident, $label:literal { $($(#[$item_doc:meta])* $item:ident = $word:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum $name { $($(#[$item_doc])* $item),+ }

        impl $name {
            /// Every item, in the order of the contracts.
            pub const ALL: &'static [Self] = &[$(Self::$item),+];

            /// The word used in tokens, tables and profiles.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$item => $word),+ }
            }

            /// The item's bit in a mask.
            #[must_use]
            pub const fn bit(self) -> i64 {
                1 << (self as i64)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl FromStr for $name {
            type Err = ListError;

            fn from_str(text: &str) -> Result<Self, ListError> {
                match text {
                    $($word => Ok(Self::$item),)+
                    _ => Err(ListError { list: $label, word: text.chars().take(64).collect() }),
                }
            }
        }
    };
}

list! {
    /// Who somebody is by training and duty (職種).
    Profession, "profession" {
        /// 医師
        Physician = "physician",
        /// 歯科医師
        Dentist = "dentist",
        /// 薬剤師
        Pharmacist = "pharmacist",
        /// 看護師
        Nurse = "nurse",
        /// 訪問看護師
        VisitingNurse = "visiting_nurse",
        /// 保健師
        PublicHealthNurse = "public_health_nurse",
        /// 介護支援専門員(ケアマネジャー)
        CareManager = "care_manager",
        /// 医療ソーシャルワーカー
        MedicalSocialWorker = "medical_social_worker",
        /// 地域包括支援センター職員
        CommunitySupportCentre = "community_support_centre",
        /// 理学療法士・作業療法士・言語聴覚士
        Therapist = "therapist",
        /// 管理栄養士
        Dietitian = "dietitian",
        /// 歯科衛生士
        DentalHygienist = "dental_hygienist",
        /// 訪問介護員
        HomeHelper = "home_helper",
        /// 救急隊員
        AmbulanceCrew = "ambulance_crew",
        /// 市町村職員
        MunicipalOfficer = "municipal_officer",
        /// 施設管理者
        FacilityAdministrator = "facility_administrator",
        /// 事務局(医師会・協議会)
        NetworkOffice = "network_office",
        /// 監査担当
        Auditor = "auditor",
        /// ベンダーのシステム
        VendorSystem = "vendor_system",
    }
}

list! {
    /// What a piece of information is about; one resource has one category.
    Category, "category" {
        /// 基本情報
        Demographics = "demographics",
        /// 連絡先
        Contacts = "contacts",
        /// 救急医療情報
        Emergency = "emergency",
        /// 病名
        Diagnosis = "diagnosis",
        /// アレルギー
        Allergy = "allergy",
        /// 処方
        Prescription = "prescription",
        /// 注射
        Injection = "injection",
        /// 検体検査
        Lab = "lab",
        /// 画像
        Imaging = "imaging",
        /// バイタル
        Vitals = "vitals",
        /// 診療記録
        Notes = "notes",
        /// 介護
        Care = "care",
        /// 人生会議・事前指示
        Acp = "acp",
        /// 予約
        Appointment = "appointment",
        /// 連絡票・情報提供書
        Sheet = "sheet",
        /// 同意
        Consent = "consent",
        /// 施設・職員(患者に属さない)
        Directory = "directory",
    }
}

list! {
    /// How a caller's facility (or the caller) stands to a shelf.
    Relation, "relation" {
        /// The caller is named in the record's team.
        TeamMember = "team_member",
        /// The caller's facility is in the record's team.
        FacilityInTeam = "facility_in_team",
        /// The caller's facility wrote the shelf: follows from the shelf's owner, never from a row.
        AuthorFacility = "author_facility",
        /// Recipient of a sheet, for the shelves of the one who sent it.
        Exchange = "exchange",
        /// Was in the team, until a date.
        Former = "former",
        /// No relation.
        None = "none",
        /// The resident does not want this facility to see anything. Wins over every other relation.
        Blocked = "blocked",
    }
}

list! {
    /// How much of a shelf somebody sees. Exists and masked count as none until they are built.
    View, "view" {
        /// Nothing, not even that it exists.
        None = "none",
        /// Category, date and facility, nothing else.
        Exists = "exists",
        /// Everything but the elements of `mask.csv`.
        Masked = "masked",
        /// Everything.
        Full = "full",
    }
}

list! {
    /// What is not normal is visible only to the professions that the table names for it.
    Sensitivity, "sensitivity" {
        /// Ordinary.
        Normal = "normal",
        /// 精神科
        Psychiatric = "psychiatric",
        /// 感染症
        Infectious = "infectious",
        /// 虐待
        Abuse = "abuse",
    }
}

list! {
    /// Why somebody looks. Comes from our own records, never from the client.
    Purpose, "purpose" {
        /// 診療・ケア
        Treatment = "treatment",
        /// 救急(break-glass)
        Emergency = "emergency",
        /// 運用
        Operation = "operation",
        /// 監査
        Audit = "audit",
    }
}

list! {
    /// What a facility is (施設種別).
    FacilityKind, "kind of facility" {
        /// 病院
        Hospital = "hospital",
        /// 診療所
        Clinic = "clinic",
        /// 歯科
        Dental = "dental",
        /// 薬局
        Pharmacy = "pharmacy",
        /// 居宅介護支援事業所
        CareOffice = "care_office",
        /// 訪問看護ステーション
        VisitingNursing = "visiting_nursing",
        /// 地域包括支援センター
        SupportCentre = "support_centre",
        /// 消防
        FireDepartment = "fire_department",
        /// 公的機関
        PublicBody = "public_body",
        /// 事務局
        Office = "office",
        /// その他
        Other = "other",
    }
}

list! {
    /// Why a crew opens an emergency card (break-glass). Stored with the opening and shown to auditors.
    EmergencyReason, "reason for opening a card" {
        /// 意識がない
        Unconscious = "unconscious",
        /// 話せない
        CannotSpeak = "cannot-speak",
        /// 付き添いがいない
        NoCompany = "no-company",
        /// 既往・服薬の確認が必要
        HistoryNeeded = "history-needed",
        /// 搬送先の選定
        HospitalChoice = "hospital-choice",
        /// その他(説明が必要)
        Other = "other",
    }
}

impl EmergencyReason {
    /// What crews and auditors call it.
    #[must_use]
    pub const fn japanese(self) -> &'static str {
        match self {
            Self::Unconscious => "意識がない",
            Self::CannotSpeak => "話せない",
            Self::NoCompany => "付き添いがいない",
            Self::HistoryNeeded => "既往・服薬の確認が必要",
            Self::HospitalChoice => "搬送先の選定",
            Self::Other => "その他(説明が必要)",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lists_have_the_lengths_of_the_contracts() {
        assert_eq!(Profession::ALL.len(), 19);
        assert_eq!(Category::ALL.len(), 17, "sixteen and directory");
        assert_eq!(Relation::ALL.len(), 7);
        assert_eq!(View::ALL.len(), 4);
        assert_eq!(Sensitivity::ALL.len(), 4);
        assert_eq!(Purpose::ALL.len(), 4);
    }

    #[test]
    fn words_read_back() {
        for profession in Profession::ALL {
            assert_eq!(profession.as_str().parse(), Ok(*profession));
        }
        assert!("Physician".parse::<Profession>().is_err());
    }

    #[test]
    fn the_page_in_the_docs_has_every_word() {
        let page = include_str!("../../../docs/lists.md");
        let words = Profession::ALL.iter().map(|item| item.as_str());
        let words = words.chain(Category::ALL.iter().map(|item| item.as_str()));
        let words = words.chain(Relation::ALL.iter().map(|item| item.as_str()));
        let words = words.chain(FacilityKind::ALL.iter().map(|item| item.as_str()));
        for word in words {
            assert!(page.contains(&format!("| `{word}` |")), "{word}");
        }
    }
}
