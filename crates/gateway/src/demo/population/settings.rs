//! `population.json`: what of a population is not a table.

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::Deserialize;
use serde::de::{Deserializer, Error as _};

/// `population.json`: what is not a table.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// The day on which all records were made. Not today: the same seed makes the same bytes tomorrow.
    #[serde(deserialize_with = "day")]
    pub as_of: Date,
    /// How every address begins.
    pub municipality: String,
    /// How a place's number is written; names in braces are filled in.
    pub address: Address,
    /// Family and given name together.
    pub name_characters_at_most: usize,
    /// The region's own number of a resident.
    pub region_id: Numbering,
    /// The record's number in the network's system.
    pub record_id: Numbering,
    /// The number of an admission slip there.
    pub slip_id: Numbering,
    /// By district, and `mobile` and `contact`: invented numbers, `#` for a digit.
    pub phones: BTreeMap<String, String>,
    /// Insurers' numbers, invented.
    pub insurers: Insurers,
    /// Names of houses with several flats.
    pub buildings: Vec<String>,
    /// Where the paper of somebody's wishes lies.
    pub papers: Vec<String>,
    /// The words for a male and a female spouse.
    pub spouse: Spouses,
    /// Which households there are.
    pub households: Households,
    /// Chances in a thousand.
    pub per_mille: Chances,
    /// Where people move to.
    pub moved_to: Vec<String>,
    /// Who tells of the wishes.
    pub acp_speakers: Vec<Speaker>,
    /// Who consented to the registration.
    pub consent_by: Vec<Speaker>,
    /// ABO groups.
    pub blood_groups: Vec<BloodGroup>,
    /// Admission slips.
    pub slips: Slips,
}

/// How a place's number is written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Address {
    /// `{chome}`, `{block}`, `{house}`
    pub chome: String,
    /// `{number}`
    pub plain: String,
    /// `{building}`, `{room}`
    pub room: String,
}

/// A row of numbers.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Numbering {
    /// What stands before the number.
    #[serde(default)]
    pub prefix: String,
    /// The first one's.
    pub first: u64,
}

impl Numbering {
    /// The number of the `position`-th, from 0.
    #[must_use]
    pub fn of(&self, position: u64) -> String {
        format!("{}{}", self.prefix, self.first + position)
    }
}

/// Insurers' numbers.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Insurers {
    /// Long-term care.
    pub care: String,
    /// Health, from 75 years on.
    pub elderly: String,
    /// Health, below.
    pub national: String,
    /// The symbol that goes with it.
    pub national_symbol: String,
}

/// Words for spouses.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Spouses {
    /// A man.
    pub male: String,
    /// A woman.
    pub female: String,
}

/// What kinds of households there are.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Households {
    /// The first ones, in order, so that a small population has some of each.
    pub first: Vec<Kind>,
    /// The others, by weight.
    pub weights: Vec<(Kind, u32)>,
}

/// A kind of household.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Somebody alone.
    Single,
    /// Two spouses.
    Couple,
    /// Twins who live together.
    Twins,
    /// Brothers or sisters who live together.
    Siblings,
    /// Somebody of the same name as somebody in the same town.
    Neighbour,
    /// Somebody registered before, who has moved house: the same name, another address, another phone.
    Doubtful,
    /// Somebody registered before by another facility, with the same address and phone.
    Twice,
}

/// Chances in a thousand.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Chances {
    /// Lives in a flat.
    pub apartment: u32,
    /// Has a telephone at home.
    pub home_phone: u32,
    /// Has a mobile phone.
    pub mobile: u32,
    /// Knows the blood group.
    pub blood_group: u32,
    /// Has died.
    pub deceased: u32,
    /// Has moved away.
    pub moved: u32,
    /// Nobody asked for allergies.
    pub allergy_unknown: u32,
    /// Has told his or her wishes.
    pub acp: u32,
    /// A visiting nurse comes.
    pub nursing: u32,
    /// Of those with a care level: has a care manager.
    pub certified_manager: u32,
    /// Goes to a second doctor.
    pub second_doctor: u32,
    /// There is something to tell the crew.
    pub remark: u32,
}

/// Who speaks.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Speaker {
    /// The region's word.
    pub word: String,
    /// The resident in person; otherwise the first contact.
    pub own: bool,
    /// How often.
    pub weight: u32,
}

/// A blood group.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BloodGroup {
    /// The region's word.
    pub word: String,
    /// How often.
    pub weight: u32,
}

/// How many admission slips, and when.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Slips {
    /// Of a thousand residents.
    pub per_mille: u32,
    /// In all.
    pub at_most: u64,
    /// The earliest admission, days before today.
    pub days_before_today: i64,
}

/// `YYYY-MM-DD`
fn day<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Date, D::Error> {
    String::deserialize(deserializer)?
        .parse()
        .map_err(D::Error::custom)
}
