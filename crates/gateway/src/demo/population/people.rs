//! `renkei demo people`: who would be in the demo, for tests that look for them.

use serde_json::{Map, Value, json};

use super::household::{Fate, Resident};
use super::{Crowd, Population};

impl Population {
    /// One line of JSON a resident, in order. Names and kana have a space between family and given name.
    pub fn people(&self, network: &str, crowd: Crowd) -> impl Iterator<Item = String> {
        self.households(crowd)
            .flatten()
            .map(move |one| self.line(network, &one).to_string())
    }

    fn line(&self, network: &str, one: &Resident) -> Value {
        let settings = &self.source.settings;
        let name = &one.name;
        let mut line = Map::new();
        let mut put = |key: &str, value: Value| {
            line.insert(key.to_owned(), value);
        };
        put("network", json!(network));
        put("recordId", json!(settings.record_id.of(one.number)));
        put("name", json!(format!("{} {}", name.family, name.given)));
        put(
            "kana",
            json!(format!("{} {}", name.family_kana, name.given_kana)),
        );
        put("birth_date", json!(one.birth.to_string()));
        put("sex", json!(one.sex.as_str()));
        put("district", json!(one.place.district));
        put("town", json!(one.place.town));
        put("postal_code", json!(one.place.postal_code));
        put("address", json!(one.place.address));
        let phones = [&one.home_phone, &one.mobile];
        put(
            "phones",
            json!(phones.into_iter().flatten().collect::<Vec<_>>()),
        );
        put("region_id", json!(settings.region_id.of(one.number)));
        put("household", json!(one.household));
        if let Some((tie, other)) = one.tie {
            put(tie.as_str(), json!(settings.record_id.of(other)));
        }
        match &one.fate {
            Fate::Here => {}
            Fate::Moved(day, _) => put("moved", json!(day.to_string())),
            Fate::Died(day) => put("deceased", json!(day.to_string())),
        }
        Value::Object(line)
    }
}
