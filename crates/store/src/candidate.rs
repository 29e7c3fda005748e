//! Faces to which the terms of an emergency search lead, before anybody is asked who may see them.
//!
//! Judging costs more than ranking, and of hundreds who share a name ten are shown: so all are ranked, and the
//! best are judged, in order. A [`Candidate`] is for ranking alone. What reaches a caller is a [`VisibleFace`], and
//! [`Store::visible_among`] makes one of a candidate only where the caller may read the Patient.

use std::collections::HashMap;

use renkei_model::id::{RecordId, ResourceId};
use renkei_model::{Face, Permit};
use serde_json::{Value, json};
use sqlx::any::AnyRow;

use crate::face::{VisibleFace, count, kept, visible_of, without_nul};
use crate::fault::{StoreError, inconsistent};
use crate::permit::look_permit;
use crate::sql::{Reader, Sql, query};
use crate::store::Store;
use crate::visible::{look, visible};

/// Terms of one kind from `low` on and below `high`, compared byte by byte.
#[derive(Debug, Clone, Copy)]
pub struct TermRange<'a> {
    /// `kana`, `phone`, …
    pub kind: &'a str,
    /// The first value.
    pub low: &'a str,
    /// The value after the last.
    pub high: &'a str,
}

/// A face that nobody has been asked about: for ranking, never for an answer. Of the face only what ranking looks
/// at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// The sheet.
    pub sheet: ResourceId,
    /// The record.
    pub record: RecordId,
    /// Name, kana, birth date, sex, address, district and telephone numbers.
    pub face: Face,
}

/// Sheets to which a range leads.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Lead {
    /// Whether the range holds more than was asked for.
    pub cut: bool,
    /// Each sheet's id, a tab and the value, in lines, as they came from the database; a text each network.
    told: Vec<String>,
    /// How many.
    size: usize,
}

impl Lead {
    /// How many sheets; one whose terms fit twice counts twice.
    #[must_use]
    pub const fn size(&self) -> usize {
        self.size
    }

    /// The sheets, network by network in the order of the values, each with the value that fits; one whose terms fit
    /// twice is there twice.
    ///
    /// # Errors
    /// [`StoreError::Inconsistent`] if an id is none.
    pub fn sheets(&self) -> Result<Vec<(ResourceId, &str)>, StoreError> {
        let lines = self.told.iter().flat_map(|told| told.lines());
        let mut sheets = Vec::with_capacity(self.size);
        for line in lines {
            let read = line
                .split_once('\t')
                .and_then(|(sheet, value)| Some((sheet.parse().ok()?, value)));
            sheets.push(read.ok_or(inconsistent("face_term", "sheet"))?);
        }
        Ok(sheets)
    }
}

/// Each range by itself, in the order of the key. `$1` ranges as `[[network, kind, low, high], …]`, `$2` how many of each.
const LEAD: Sql = Sql {
    sqlite: "-- store.lead\nSELECT n.key AS nth, (SELECT group_concat(x.told, char(10)) FROM (SELECT t.sheet || char(9) || t.value AS told \
             FROM face_term t WHERE t.network = n.value ->> 0 AND t.kind = n.value ->> 1 \
             AND t.value >= n.value ->> 2 AND t.value < n.value ->> 3 \
             ORDER BY t.value, t.sheet LIMIT ($2 + 0)) x) AS sheets FROM json_each($1) n ORDER BY n.key",
    postgres: "-- store.lead\nSELECT n.nth, (SELECT string_agg(x.told, chr(10)) FROM (SELECT t.sheet || chr(9) || t.value AS told \
               FROM face_term t WHERE t.network = n.value ->> 0 AND t.kind = n.value ->> 1 \
               AND t.value >= n.value ->> 2 AND t.value < n.value ->> 3 \
               ORDER BY t.value, t.sheet LIMIT ($2 + 0)) x) AS sheets \
               FROM json_array_elements($1::json) WITH ORDINALITY n(value, nth) ORDER BY n.nth",
};
/// As one text: a driver that hands over a thousand rows of nine columns costs more than finding them.
const FACES: Sql = Sql {
    sqlite: "-- store.candidates\nSELECT json_group_array(json_array(f.sheet, f.record, f.name, f.kana, \
             f.birth_date, f.sex, f.address, f.district, f.phones)) AS faces \
             FROM json_each($1) n CROSS JOIN face f ON f.sheet = n.value",
    postgres: "-- store.candidates\nSELECT coalesce(json_agg(json_build_array(f.sheet, f.record, f.name, f.kana, \
               f.birth_date, f.sex, f.address, f.district, f.phones)), '[]')::text AS faces \
               FROM json_array_elements_text($1::json) n(sheet) JOIN face f ON f.sheet = n.sheet",
};
const AMONG: Sql = Sql {
    sqlite: visible!(
        "visible_among",
        "SELECT f.* FROM json_each($8) n CROSS JOIN face f ON f.sheet = n.value
         JOIN resource r ON r.id = f.patient
         JOIN visible c ON c.resource = r.id AND c.version = r.current WHERE c.deleted = 0"
    ),
    postgres: visible!(
        "visible_among",
        "SELECT f.* FROM json_array_elements_text($8::json) n(sheet) JOIN face f ON f.sheet = n.sheet
         JOIN resource r ON r.id = f.patient
         JOIN visible c ON c.resource = r.id AND c.version = r.current WHERE c.deleted = 0"
    ),
};

/// For the test that looks at their plans.
#[cfg(test)]
pub(crate) const STATEMENTS: &[&str] = &[LEAD.sqlite, FACES.sqlite, AMONG.sqlite];

impl Store {
    /// The sheets to which each of these ranges leads on the permit's networks, at most `limit` of a range and a
    /// network. What it finds must never reach a caller: see [`Store::visible_among`].
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn lead(
        &self,
        permit: &Permit,
        ranges: &[TermRange<'_>],
        limit: usize,
    ) -> Result<Vec<Lead>, StoreError> {
        look_permit(permit, "face_term")?;
        let networks = permit.networks();
        let rows: Vec<Value> = ranges
            .iter()
            .flat_map(|range| {
                let (low, high) = (kept(range.low), without_nul(range.high));
                let each = networks.iter();
                each.map(move |network| json!([network.as_str(), range.kind, low, high]))
            })
            .collect();
        if rows.is_empty() {
            return Ok(vec![Lead::default(); ranges.len()]);
        }
        let asked = query(LEAD.of(self.dialect()))
            .bind(Value::Array(rows).to_string())
            .bind(count(limit));
        let rows = self.all(asked).await?;
        rows.chunks(networks.len())
            .map(|rows| led(rows, limit))
            .collect()
    }

    /// The faces of these sheets, in any order, for ranking. What it finds must never reach a caller.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn candidates(
        &self,
        permit: &Permit,
        sheets: &[ResourceId],
    ) -> Result<Vec<Candidate>, StoreError> {
        look_permit(permit, "face")?;
        if sheets.is_empty() {
            return Ok(Vec::new());
        }
        let asked = query(FACES.of(self.dialect())).bind(list(sheets));
        let row = self.find(asked).await?;
        let row = row.ok_or(inconsistent("face", "an aggregate without a row"))?;
        let faces = Reader::new("face", &row).text("faces")?;
        let faces: Vec<Told> =
            serde_json::from_str(&faces).map_err(|_| inconsistent("face", "faces"))?;
        faces.into_iter().map(candidate).collect()
    }

    /// Of these sheets, the faces whose Patient the caller may read and which is not deleted.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn visible_among(
        &self,
        permit: &Permit,
        sheets: &[ResourceId],
    ) -> Result<HashMap<ResourceId, VisibleFace>, StoreError> {
        if sheets.is_empty() {
            return Ok(HashMap::new());
        }
        let asked = look(permit, AMONG.of(self.dialect()))?.bind(list(sheets));
        let rows = self.all(asked).await?;
        let faces = rows.iter().map(visible_of);
        faces
            .map(|face| face.map(|face| (face.sheet, face)))
            .collect()
    }
}

/// One range's rows, a network each.
fn led(rows: &[AnyRow], limit: usize) -> Result<Lead, StoreError> {
    let mut lead = Lead::default();
    for row in rows {
        let told = Reader::new("face_term", row).text_or_null("sheets")?;
        let told = told.unwrap_or_default();
        let size = told.lines().count();
        lead.size += size;
        lead.cut |= size >= limit;
        lead.told.push(told);
    }
    Ok(lead)
}

fn list(sheets: &[ResourceId]) -> String {
    let sheets: Vec<String> = sheets.iter().map(ToString::to_string).collect();
    json!(sheets).to_string()
}

/// Sheet, record, name, kana, birth date, sex, address, district, telephone numbers as a JSON array's text.
type Told = (
    String,
    String,
    Option<String>,
    Option<String>,
    Option<String>,
    Option<String>,
    Option<String>,
    Option<String>,
    String,
);

fn candidate(told: Told) -> Result<Candidate, StoreError> {
    let (sheet, record, name, kana, birth_date, sex, address, district, phones) = told;
    Ok(Candidate {
        sheet: sheet.parse().map_err(|_| inconsistent("face", "sheet"))?,
        record: record.parse().map_err(|_| inconsistent("face", "record"))?,
        face: Face {
            name,
            kana,
            birth_date,
            sex,
            address,
            district,
            phones: serde_json::from_str(&phones).map_err(|_| inconsistent("face", "phones"))?,
            ..Face::default()
        },
    })
}
