//! The face of a person, read from a Patient: what people are searched and compared by.

use renkei_model::Face;
use serde_json::Value;

use crate::read::{each, text};

/// Says in what script a name is written: JP Core's way to tell kanji from kana.
const REPRESENTATION: &str = "http://hl7.org/fhir/StructureDefinition/iso21090-EN-representation";
/// Says that an address is the one that the person moved to.
const MOVED_TO: &str = "https://renkei.example/fhir/StructureDefinition/moved-to";
/// Says whether the person lives in the region, has moved away or has died.
const RESIDENCE: &str = "https://renkei.example/fhir/StructureDefinition/residence";

/// The face of a Patient, values as they stand: nothing is folded, what is missing stays missing.
///
/// The address is the last one in the region, also of somebody who has moved away. `deceased` and
/// `moved` are empty texts where the fact is known and the day is not.
#[must_use]
pub fn face(patient: &Value) -> Face {
    let home = each(patient.get("address"))
        .iter()
        .find(|address| extension(address, MOVED_TO).is_none());
    let residence = extension(patient, RESIDENCE)
        .and_then(|extension| text(extension, "/valueCodeableConcept/coding/0/code"));
    let is = |state: &str| (residence.as_deref() == Some(state)).then(String::new);
    let phones = each(patient.get("telecom")).iter();
    Face {
        name: name(patient, "IDE").or_else(|| unmarked_name(patient)),
        kana: name(patient, "SYL"),
        birth_date: text(patient, "/birthDate"),
        sex: text(patient, "/gender"),
        address: home.and_then(|home| text(home, "/text")),
        district: home.and_then(|home| text(home, "/district")),
        postal_code: home.and_then(|home| text(home, "/postalCode")),
        phones: phones
            .filter(|telecom| telecom.get("system").and_then(Value::as_str) == Some("phone"))
            .filter_map(|telecom| text(telecom, "/value"))
            .collect(),
        deceased: text(patient, "/deceasedDateTime")
            .or_else(|| {
                let died = patient.get("deceasedBoolean").and_then(Value::as_bool);
                (died == Some(true)).then(String::new)
            })
            .or_else(|| is("deceased")),
        moved: home
            .and_then(|home| text(home, "/period/end"))
            .or_else(|| is("moved")),
    }
}

/// The extension of this URL.
fn extension<'v>(value: &'v Value, url: &str) -> Option<&'v Value> {
    let mut extensions = each(value.get("extension")).iter();
    extensions.find(|extension| extension.get("url").and_then(Value::as_str) == Some(url))
}

/// The name in this script: `IDE` kanji, `SYL` kana.
fn name(patient: &Value, script: &str) -> Option<String> {
    let mut names = each(patient.get("name")).iter();
    let said = |name: &&Value| {
        extension(name, REPRESENTATION)
            .and_then(|extension| extension.get("valueCode"))
            .and_then(Value::as_str)
            == Some(script)
    };
    names.find(said).and_then(whole_name)
}

/// A name that does not say its script.
fn unmarked_name(patient: &Value) -> Option<String> {
    let mut names = each(patient.get("name")).iter();
    let unmarked = names.find(|name| extension(name, REPRESENTATION).is_none());
    unmarked.and_then(whole_name)
}

/// The name as one text, put together from its parts where it is not written out.
fn whole_name(name: &Value) -> Option<String> {
    text(name, "/text").or_else(|| {
        let given = each(name.get("given")).iter().filter_map(Value::as_str);
        let family = name.get("family").and_then(Value::as_str);
        let parts: Vec<&str> = family.into_iter().chain(given).collect();
        (!parts.is_empty()).then(|| parts.join(" "))
    })
}
