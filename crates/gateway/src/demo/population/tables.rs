//! The rows of a population's tables, one type a file.

use serde::Deserialize;

use super::source::Source;

/// A person's sex, in the words of FHIR.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sex {
    /// A man or a boy.
    Male,
    /// A woman or a girl.
    Female,
}

impl Sex {
    /// `male` or `female`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Male => "male",
            Self::Female => "female",
        }
    }

    /// The other one.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::Male => Self::Female,
            Self::Female => Self::Male,
        }
    }
}

/// `yes` or `no`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Flag {
    /// Yes.
    Yes,
    /// No.
    No,
}

/// A family name (`surnames.csv`).
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Surname {
    /// As written.
    pub kanji: String,
    /// As read, katakana.
    pub kana: String,
    /// How often.
    pub weight: u32,
}

/// A given name (`given-names.csv`).
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GivenName {
    /// As written.
    pub kanji: String,
    /// As read, katakana.
    pub kana: String,
    /// Whose.
    pub sex: Sex,
    /// Given from this year of birth on.
    pub from: i16,
    /// Given until this year of birth.
    pub to: i16,
    /// How often.
    pub weight: u32,
}

/// How old people are (`ages.csv`).
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AgeClass {
    /// The youngest, in years.
    pub from: i64,
    /// The oldest.
    pub to: i64,
    /// How often.
    pub weight: u32,
    /// Women in a hundred.
    pub female_percent: u32,
}

/// A part of a district (`towns.csv`); no real one.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Town {
    /// The district.
    pub district: String,
    /// Its name, with what stands before it in an address.
    pub town: String,
    /// Its postal code, invented.
    pub postal_code: String,
    /// Numbered blocks; 0: plain numbers.
    pub chome_max: i64,
    /// How many live there.
    pub weight: u32,
}

/// A facility (`facilities.csv`).
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Facility {
    /// Its code.
    pub code: String,
    /// Its name.
    pub name: String,
    /// A word of the list of kinds.
    pub kind: String,
    /// Takes deliveries.
    pub mailbox: Flag,
    /// Its telephone.
    pub phone: String,
    /// Where it is.
    pub district: String,
    /// How many residents have their doctor here.
    pub doctor_weight: u32,
    /// Registers residents.
    pub registers: Flag,
    /// Residents are admitted here.
    pub receives_slips: Flag,
}

/// A member of staff (`staff.csv`).
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Member {
    /// The staff id.
    pub id: String,
    /// The name.
    pub name: String,
    /// A word of the list of professions.
    pub profession: String,
    /// The facility.
    pub facility: String,
    /// The department, of physicians.
    pub department: String,
}

/// Whom one calls (`kinship.csv`).
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Kin {
    /// The region's word.
    pub word: String,
    /// Of the contact.
    pub sex: Sex,
    /// Has the resident's family name, in a hundred.
    pub same_surname_percent: u32,
    /// Years born after the resident, about.
    pub years_younger: i16,
    /// For residents from this age on.
    pub from_age: i64,
    /// For residents up to this age.
    pub to_age: i64,
    /// How often.
    pub weight: u32,
}

/// A result of the certification for care (`care-levels.csv`).
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CareLevel {
    /// The region's word, or nothing.
    pub level: String,
    /// The state of the certification, or nothing.
    pub certification: String,
    /// Goes with a care manager.
    pub managed: Flag,
    /// From this age on.
    pub from_age: i64,
    /// How often.
    pub weight: u32,
    /// How well one moves.
    pub mobility: String,
    /// How well one makes oneself understood.
    pub communication: String,
}

/// A diagnosis or something of the past (`diagnoses.csv`, `history.csv`).
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Illness {
    /// Its name.
    pub name: String,
    /// Of one sex only.
    pub sex: Option<Sex>,
    /// From this age on.
    pub from_age: i64,
    /// Up to this age.
    pub to_age: i64,
    /// Of a thousand people of that age.
    pub per_mille: u32,
    /// Began at least so many years ago.
    pub years_min: i64,
    /// Began at most so many years ago.
    pub years_max: i64,
    /// How it is now; of the past, a note.
    #[serde(alias = "note")]
    pub state: String,
}

/// A drug (`drugs.csv`); the codes are invented.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Drug {
    /// For which diagnosis.
    pub diagnosis: String,
    /// Its name.
    pub name: String,
    /// What it is of: nobody takes two drugs of a class.
    pub class: String,
    /// Its code.
    pub code: String,
    /// How much at a time.
    pub amount: String,
    /// When and how.
    pub usage: String,
    /// How often.
    pub weight: u32,
}

/// An allergy (`allergies.csv`).
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Allergy {
    /// Drug, food or something else.
    pub kind: String,
    /// To what.
    pub substance: String,
    /// What happens.
    pub reaction: String,
    /// How bad.
    pub severity: String,
    /// Of a thousand people.
    pub per_mille: u32,
}

/// A device or a treatment that goes on at home (`devices.csv`).
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Device {
    /// Which.
    pub kind: String,
    /// In words.
    pub detail: String,
    /// With which diagnosis; empty: with any.
    pub diagnosis: String,
    /// From this age on.
    pub from_age: i64,
    /// Of a thousand of those.
    pub per_mille: u32,
    /// Had for so many years at most.
    pub years_max: i64,
}

/// An infection that helpers should know of (`infections.csv`).
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Infection {
    /// Which.
    pub kind: String,
    /// What to do.
    pub precaution: String,
    /// Of a thousand people.
    pub per_mille: u32,
}

/// A wish for the end of life (`acp.csv`).
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wish {
    /// The region's word.
    pub kind: String,
    /// In words.
    pub text: String,
    /// From this age on.
    pub from_age: i64,
    /// How often.
    pub weight: u32,
    /// Whether a physician signed.
    pub signed: String,
    /// For the crew, or nothing.
    pub remark: String,
}

/// What a crew should know (`remarks.csv`).
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Remark {
    /// In words.
    pub text: String,
    /// From this age on.
    pub from_age: i64,
    /// How often.
    pub weight: u32,
}

/// Why somebody comes to hospital (`admissions.csv`).
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Admission {
    /// The diagnosis.
    pub diagnosis: String,
    /// What hurts.
    pub symptom: String,
    /// What happened.
    pub course: String,
    /// What was known before.
    pub history: String,
    /// How often.
    pub weight: u32,
}

impl Facility {
    /// Registers residents.
    #[must_use]
    pub fn registers(&self) -> bool {
        self.registers == Flag::Yes
    }
}

impl Source {
    /// The facility with this code.
    #[must_use]
    pub fn facility(&self, code: &str) -> Option<&Facility> {
        self.facilities.iter().find(|one| one.code == code)
    }

    /// Who works there.
    pub fn staff_of<'a, 'b>(
        &'a self,
        facility: &'b str,
    ) -> impl Iterator<Item = &'a Member> + Clone + use<'a, 'b> {
        self.staff
            .iter()
            .filter(move |one| one.facility == facility)
    }
}
