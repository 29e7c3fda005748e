//! Faces: who each sheet says that somebody is, and the terms by which that is found.
//!
//! Matching, inside the transaction of a message, sees every face of its network. Callers see a face
//! only through `visible`: where they may read the Patient that the sheet made.

use std::collections::{HashMap, HashSet};

use renkei_model::id::{FacilityCode, NetworkName, RecordId, ResourceId};
use renkei_model::{Face, Instant, Permit};
use serde_json::json;
use sqlx::any::AnyRow;

use crate::candidate::TermRange;
use crate::fault::{StoreError, inconsistent};
use crate::permit::write_permit;
use crate::script::Kind::{Number, Text};
use crate::script::{Argument, Rows};
use crate::sql::{Reader, Sql, query};
use crate::store::Store;
use crate::tx::Tx;
use crate::visible::{look, visible};

/// A longer term is cut: a database index takes rows of some 2,700 bytes, and a search asks for the
/// beginning.
const TERM_BYTES: usize = 512;

/// The kind of the terms that are numbers of cards.
const CARD: &str = "card";

/// Who the newest version of a sheet says that somebody is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewFace {
    /// The sheet.
    pub sheet: ResourceId,
    /// The Patient that it made: who may read that, may find the face.
    pub patient: ResourceId,
    /// The record's network.
    pub network: NetworkName,
    /// The record.
    pub record: RecordId,
    /// The facility that wrote the sheet.
    pub owner: FacilityCode,
    /// The profile's kind of message.
    pub kind: String,
    /// The face.
    pub face: Face,
    /// Kind and folded value of what it is found by.
    pub terms: Vec<(String, String)>,
    /// When the version was stored.
    pub at: Instant,
}

/// A face, for matching.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownFace {
    /// The record.
    pub record: RecordId,
    /// Its network.
    pub network: NetworkName,
    /// The face.
    pub face: Face,
}

/// A face whose Patient the caller may read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VisibleFace {
    /// The record.
    pub record: RecordId,
    /// Its network.
    pub network: NetworkName,
    /// The sheet.
    pub sheet: ResourceId,
    /// The Patient.
    pub patient: ResourceId,
    /// The profile's kind of message.
    pub kind: String,
    /// The facility that wrote it.
    pub owner: FacilityCode,
    /// The face.
    pub face: Face,
    /// When the version was stored.
    pub at: Instant,
}

/// What a range of terms brought.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VisibleRange {
    /// The faces, in the order of their terms, each once.
    pub faces: Vec<VisibleFace>,
    /// Whether the limit was reached in a network: there may be more.
    pub cut: bool,
}

const UNTERM: Rows = Rows {
    head: "-- store.face_put\nDELETE FROM face_term WHERE (sheet, network) IN (SELECT column1, column2",
    kinds: &[Text, Text],
    tail: ")",
    beside: true,
};
const UNFACE: Rows = Rows {
    head: "-- store.face_put\nDELETE FROM face WHERE (sheet, network) IN (SELECT column1, column2",
    kinds: &[Text, Text],
    tail: ")",
    beside: true,
};
const FACES: Rows = Rows {
    head: "-- store.face_put\nINSERT INTO face (sheet, patient, network, record, owner, kind, name, kana, \
           birth_date, sex, address, district, postal_code, phones, deceased, moved, at) \
           SELECT column1, column2, column3, column4, column5, column6, column7, column8, column9, \
           column10, column11, column12, column13, column14, column15, column16, column17",
    kinds: &[
        Text, Text, Text, Text, Text, Text, Text, Text, Text, Text, Text, Text, Text, Text, Text,
        Text, Number,
    ],
    tail: "",
    beside: false,
};
const TERMS: Rows = Rows {
    head: "-- store.face_put\nINSERT INTO face_term (network, kind, value, sheet) \
           SELECT ?, column1, column2, ?",
    kinds: &[Text; 2],
    tail: "ON CONFLICT DO NOTHING",
    beside: true,
};

const BY_BIRTH: &str = "-- store.faces_by_birth\nSELECT f.* FROM face f \
                        WHERE f.network = $1 AND f.birth_date = $2 ORDER BY f.at DESC, f.sheet DESC LIMIT ($3 + 0)";
const BY_TERM: &str = "-- store.faces_by_term\nSELECT f.* FROM face_term t JOIN face f ON f.sheet = t.sheet \
                       WHERE t.network = $1 AND t.kind = $2 AND t.value = $3 \
                       ORDER BY f.at DESC, f.sheet DESC LIMIT ($4 + 0)";
const OF_RECORD: &str = "-- store.faces_of\nSELECT f.* FROM face f WHERE f.record = $1 \
                         ORDER BY f.at DESC, f.sheet DESC";

/// In the order of the key, so that the first ones are found without finding all; no text of a version
/// is read.
pub(crate) const IN_RANGE: &str = visible!(
    "visible_faces",
    "SELECT f.* FROM face_term t JOIN face f ON f.sheet = t.sheet
     JOIN resource r ON r.id = f.patient
     JOIN visible c ON c.resource = r.id AND c.version = r.current
     WHERE t.network = $8 AND t.kind = $9 AND t.value >= $10 AND t.value < $11 AND c.deleted = 0
     ORDER BY t.value, t.sheet LIMIT ($12 + 0)"
);
const OF_VISIBLE_RECORD: &str = visible!(
    "visible_faces_of",
    "SELECT f.* FROM face f JOIN resource r ON r.id = f.patient
     JOIN visible c ON c.resource = r.id AND c.version = r.current
     WHERE f.record = $8 AND c.deleted = 0
     ORDER BY f.at DESC, f.sheet DESC"
);
const CARDS: Sql = Sql {
    sqlite: "-- store.card_numbers\nSELECT t.sheet, t.value FROM json_each($1) n CROSS JOIN face_term t \
             ON t.sheet = n.value AND t.kind = $2 ORDER BY t.sheet, t.value",
    postgres: "-- store.card_numbers\nSELECT t.sheet, t.value FROM face_term t \
               WHERE t.sheet IN (SELECT json_array_elements_text($1::json)) AND t.kind = $2 \
               ORDER BY t.sheet, t.value",
};

/// For the test that looks at their plans.
#[cfg(test)]
pub(crate) const STATEMENTS: &[&str] = &[BY_BIRTH, BY_TERM, OF_RECORD, IN_RANGE, OF_VISIBLE_RECORD];

impl Tx {
    /// Keeps who these sheets say that somebody is, instead of what they said before. Their resources
    /// must be stored already.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] if a sheet is given twice or is another network's.
    pub async fn face_put(&mut self, permit: &Permit, faces: &[NewFace]) -> Result<(), StoreError> {
        for new in faces {
            write_permit(permit, &new.network, "face")?;
        }
        let key = |new: &NewFace| vec![new.sheet.to_string().into(), new.network.as_str().into()];
        let mut steps = UNTERM.steps(faces.iter().map(key).collect());
        steps.extend(UNFACE.steps(faces.iter().map(key).collect()));
        steps.extend(FACES.steps(faces.iter().map(face_row).collect()));
        for new in faces {
            let shared = [new.network.as_str().into(), new.sheet.to_string().into()];
            steps.extend(TERMS.steps_of(&shared, term_rows(new).collect()));
        }
        self.put(steps).await
    }

    /// Forgets who these sheets said that somebody is: their newest version no longer says it.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn face_drop(
        &mut self,
        permit: &Permit,
        sheets: &[ResourceId],
    ) -> Result<(), StoreError> {
        let [network] = permit.networks() else {
            return Err(inconsistent("face", "the permit is not for one network"));
        };
        write_permit(permit, network, "face")?;
        let key = |sheet: &ResourceId| vec![sheet.to_string().into(), network.as_str().into()];
        let mut steps = UNTERM.steps(sheets.iter().map(key).collect());
        steps.extend(UNFACE.steps(sheets.iter().map(key).collect()));
        self.put(steps).await
    }

    /// Faces of the network with this date of birth, newest first. For matching only: what it finds must
    /// never reach a caller.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn faces_by_birth(
        &mut self,
        network: &NetworkName,
        birth_date: &str,
        limit: usize,
    ) -> Result<Vec<KnownFace>, StoreError> {
        let query = query(BY_BIRTH)
            .bind(network.as_str())
            .bind(birth_date.to_owned())
            .bind(count(limit));
        self.all(query).await?.iter().map(known_of).collect()
    }

    /// Faces of the network with exactly this term, newest first. For matching only.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn faces_by_term(
        &mut self,
        network: &NetworkName,
        kind: &str,
        value: &str,
        limit: usize,
    ) -> Result<Vec<KnownFace>, StoreError> {
        let query = query(BY_TERM)
            .bind(network.as_str())
            .bind(kind.to_owned())
            .bind(kept(value))
            .bind(count(limit));
        self.all(query).await?.iter().map(known_of).collect()
    }

    /// Every face of a record, newest first. For matching only.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn faces_of(&mut self, record: RecordId) -> Result<Vec<KnownFace>, StoreError> {
        let query = query(OF_RECORD).bind(record.to_string());
        self.all(query).await?.iter().map(known_of).collect()
    }
}

impl Store {
    /// Faces with a term in this range whose Patient the caller may read and which is not deleted: at most `limit` of each of the permit's networks, in the order of the
    /// value. A face is there once, however many of its terms fit.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn visible_faces(
        &self,
        permit: &Permit,
        range: TermRange<'_>,
        limit: usize,
    ) -> Result<VisibleRange, StoreError> {
        let (mut found, mut seen) = (Vec::new(), HashSet::new());
        let mut cut = false;
        for network in permit.networks() {
            let query = look(permit, IN_RANGE)?
                .bind(network.to_string())
                .bind(range.kind.to_owned())
                .bind(kept(range.low))
                .bind(without_nul(range.high))
                .bind(count(limit));
            let rows = self.all(query).await?;
            cut |= rows.len() >= limit;
            for row in &rows {
                let face = visible_of(row)?;
                if seen.insert(face.sheet) {
                    found.push(face);
                }
            }
        }
        Ok(VisibleRange { faces: found, cut })
    }

    /// The faces of a record whose Patient the caller may read and which is not deleted, newest first.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn visible_faces_of(
        &self,
        permit: &Permit,
        record: RecordId,
    ) -> Result<Vec<VisibleFace>, StoreError> {
        let query = look(permit, OF_VISIBLE_RECORD)?.bind(record.to_string());
        self.all(query).await?.iter().map(visible_of).collect()
    }

    /// The numbers of the cards in these sheets, folded, each sheet's in order. For sheets that the caller may see,
    /// and for ranking.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn card_numbers(
        &self,
        sheets: &[ResourceId],
    ) -> Result<HashMap<ResourceId, Vec<String>>, StoreError> {
        let mut cards: HashMap<ResourceId, Vec<String>> = HashMap::new();
        if sheets.is_empty() {
            return Ok(cards);
        }
        let sheets: Vec<String> = sheets.iter().map(ToString::to_string).collect();
        let asked = query(CARDS.of(self.dialect()))
            .bind(json!(sheets).to_string())
            .bind(CARD);
        for row in &self.all(asked).await? {
            let row = Reader::new("face_term", row);
            let sheet = cards.entry(row.parsed("sheet")?).or_default();
            sheet.push(row.text("value")?);
        }
        Ok(cards)
    }
}

pub(crate) fn count(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}

/// A term as it is kept and asked for: its beginning, whole characters of it.
pub(crate) fn kept(value: &str) -> String {
    without_nul(&value[..value.floor_char_boundary(TERM_BYTES)])
}

/// PostgreSQL takes no NUL. Folded values have neither a NUL nor the character after it, so the order
/// stays, and a range that ends with a NUL is still "this value and no longer one".
pub(crate) fn without_nul(value: &str) -> String {
    value.replace('\0', "\u{1}")
}

fn face_row(new: &NewFace) -> Vec<Argument> {
    let face = &new.face;
    vec![
        new.sheet.to_string().into(),
        new.patient.to_string().into(),
        new.network.as_str().into(),
        new.record.to_string().into(),
        new.owner.as_str().into(),
        new.kind.as_str().into(),
        face.name.clone().into(),
        face.kana.clone().into(),
        face.birth_date.clone().into(),
        face.sex.clone().into(),
        face.address.clone().into(),
        face.district.clone().into(),
        face.postal_code.clone().into(),
        json!(face.phones).to_string().into(),
        face.deceased.clone().into(),
        face.moved.clone().into(),
        new.at.0.into(),
    ]
}

fn term_rows(new: &NewFace) -> impl Iterator<Item = Vec<Argument>> {
    let terms = new.terms.iter().filter(|(_, value)| !value.is_empty());
    terms.map(|(kind, value)| vec![kind.as_str().into(), kept(value).into()])
}

/// The columns of a face.
pub(crate) fn face_of(row: &Reader<'_>) -> Result<Face, StoreError> {
    let phones = row.text("phones")?;
    Ok(Face {
        name: row.text_or_null("name")?,
        kana: row.text_or_null("kana")?,
        birth_date: row.text_or_null("birth_date")?,
        sex: row.text_or_null("sex")?,
        address: row.text_or_null("address")?,
        district: row.text_or_null("district")?,
        postal_code: row.text_or_null("postal_code")?,
        phones: serde_json::from_str(&phones).map_err(|_| inconsistent("face", "phones"))?,
        deceased: row.text_or_null("deceased")?,
        moved: row.text_or_null("moved")?,
    })
}

fn known_of(row: &AnyRow) -> Result<KnownFace, StoreError> {
    let row = Reader::new("face", row);
    Ok(KnownFace {
        record: row.parsed("record")?,
        network: row.parsed("network")?,
        face: face_of(&row)?,
    })
}

pub(crate) fn visible_of(row: &AnyRow) -> Result<VisibleFace, StoreError> {
    let row = Reader::new("face", row);
    Ok(VisibleFace {
        record: row.parsed("record")?,
        network: row.parsed("network")?,
        sheet: row.parsed("sheet")?,
        patient: row.parsed("patient")?,
        kind: row.text("kind")?,
        owner: row.parsed("owner")?,
        face: face_of(&row)?,
        at: row.instant("at")?,
    })
}
