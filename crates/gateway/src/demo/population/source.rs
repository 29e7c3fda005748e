//! What a region's people are like: `profiles/<network>/population/`. All words of the region stand there.

use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;

use super::settings::Settings;
use super::tables::{
    Admission, AgeClass, Allergy, CareLevel, Device, Drug, Facility, GivenName, Illness, Infection,
    Kin, Member, Remark, Surname, Town, Wish,
};
use super::template::Template;

/// What is wrong with a population's files.
#[derive(Debug, thiserror::Error)]
pub enum PopulationError {
    /// A file cannot be read.
    #[error("{}: 読めません / cannot be read", .path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// A table is not of the expected form.
    #[error("{}: 形式が違います / not of the expected form", .path.display())]
    Table {
        /// The file.
        path: PathBuf,
        /// Why, with the line.
        #[source]
        source: csv::Error,
    },
    /// A JSON file is not of the expected form.
    #[error("{}: 形式が違います / not of the expected form", .path.display())]
    Form {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: serde_json::Error,
    },
    /// A word that means nothing here.
    #[error("{}: {what}", .path.display())]
    Word {
        /// The file.
        path: PathBuf,
        /// Which word, and what is wrong with it.
        what: String,
    },
}

/// All tables of one region.
#[derive(Debug)]
pub struct Source {
    /// `population.json`
    pub settings: Settings,
    /// `surnames.csv`
    pub surnames: Vec<Surname>,
    /// `given-names.csv`
    pub given_names: Vec<GivenName>,
    /// `ages.csv`
    pub ages: Vec<AgeClass>,
    /// `towns.csv`
    pub towns: Vec<Town>,
    /// `facilities.csv`
    pub facilities: Vec<Facility>,
    /// `staff.csv`
    pub staff: Vec<Member>,
    /// `kinship.csv`
    pub kinship: Vec<Kin>,
    /// `care-levels.csv`
    pub care_levels: Vec<CareLevel>,
    /// `diagnoses.csv`
    pub diagnoses: Vec<Illness>,
    /// `history.csv`
    pub history: Vec<Illness>,
    /// `drugs.csv`
    pub drugs: Vec<Drug>,
    /// `allergies.csv`
    pub allergies: Vec<Allergy>,
    /// `devices.csv`
    pub devices: Vec<Device>,
    /// `infections.csv`
    pub infections: Vec<Infection>,
    /// `acp.csv`: what people wish for the end of their lives.
    pub wishes: Vec<Wish>,
    /// `remarks.csv`: for the crew.
    pub remarks: Vec<Remark>,
    /// `admissions.csv`: why people come to hospital.
    pub admissions: Vec<Admission>,
    /// `emergency-record.template.json`
    pub record: Template,
    /// `admission-slip.template.json`
    pub slip: Template,
    /// `emergency-export.template.json`: records as the lines of a table.
    pub export: Template,
}

/// Reads everything below `folder`.
///
/// # Errors
/// The first file that is not as it should be.
pub fn read(folder: &Path) -> Result<Source, PopulationError> {
    let source = Source {
        settings: json(&folder.join("population.json"))?,
        surnames: table(&folder.join("surnames.csv"))?,
        given_names: table(&folder.join("given-names.csv"))?,
        ages: table(&folder.join("ages.csv"))?,
        towns: table(&folder.join("towns.csv"))?,
        facilities: table(&folder.join("facilities.csv"))?,
        staff: table(&folder.join("staff.csv"))?,
        kinship: table(&folder.join("kinship.csv"))?,
        care_levels: table(&folder.join("care-levels.csv"))?,
        diagnoses: table(&folder.join("diagnoses.csv"))?,
        history: table(&folder.join("history.csv"))?,
        drugs: table(&folder.join("drugs.csv"))?,
        allergies: table(&folder.join("allergies.csv"))?,
        devices: table(&folder.join("devices.csv"))?,
        infections: table(&folder.join("infections.csv"))?,
        wishes: table(&folder.join("acp.csv"))?,
        remarks: table(&folder.join("remarks.csv"))?,
        admissions: table(&folder.join("admissions.csv"))?,
        record: template(&folder.join("emergency-record.template.json"))?,
        slip: template(&folder.join("admission-slip.template.json"))?,
        export: template(&folder.join("emergency-export.template.json"))?,
    };
    check(folder, &source)?;
    Ok(source)
}

/// What could not be noticed while generating: a place that no number is invented for, nobody to work
/// somewhere.
fn check(folder: &Path, source: &Source) -> Result<(), PopulationError> {
    let word = |file: &str, what: String| PopulationError::Word {
        path: folder.join(file),
        what,
    };
    let phones = &source.settings.phones;
    let places = source.towns.iter().map(|town| town.district.as_str());
    for place in places.chain(["mobile", "contact"]) {
        if !phones.contains_key(place) {
            let what = format!("phones: {place:?} がありません / is missing");
            return Err(word("population.json", what));
        }
    }
    for member in &source.staff {
        if source.facility(&member.facility).is_none() {
            let what = format!("{}: 施設がありません / no such facility", member.facility);
            return Err(word("staff.csv", what));
        }
    }
    for drug in &source.drugs {
        let same = source.drugs.iter().find(|other| other.code == drug.code);
        if drug.class.is_empty() || same.is_some_and(|same| same.class != drug.class) {
            let what = format!(
                "{}: class: 一つだけ必要です / exactly one is needed",
                drug.code
            );
            return Err(word("drugs.csv", what));
        }
    }
    for facility in &source.facilities {
        if facility.registers() && source.staff_of(&facility.code).next().is_none() {
            let what = format!("{}: 職員がいません / nobody works there", facility.code);
            return Err(word("staff.csv", what));
        }
    }
    Ok(())
}

fn bytes(path: &Path) -> Result<Vec<u8>, PopulationError> {
    std::fs::read(path).map_err(|source| PopulationError::Read {
        path: path.to_owned(),
        source,
    })
}

fn json<T: DeserializeOwned>(path: &Path) -> Result<T, PopulationError> {
    serde_json::from_slice(&bytes(path)?).map_err(|source| PopulationError::Form {
        path: path.to_owned(),
        source,
    })
}

fn table<T: DeserializeOwned>(path: &Path) -> Result<Vec<T>, PopulationError> {
    let text = bytes(path)?;
    let mut reader = csv::Reader::from_reader(text.as_slice());
    let rows: Result<Vec<T>, csv::Error> = reader.deserialize().collect();
    let rows = rows.map_err(|source| PopulationError::Table {
        path: path.to_owned(),
        source,
    })?;
    if rows.is_empty() {
        return Err(PopulationError::Word {
            path: path.to_owned(),
            what: "行がありません / no lines".to_owned(),
        });
    }
    Ok(rows)
}

fn template(path: &Path) -> Result<Template, PopulationError> {
    let template: Template = json(path)?;
    template.check().map_err(|what| PopulationError::Word {
        path: path.to_owned(),
        what,
    })?;
    Ok(template)
}
