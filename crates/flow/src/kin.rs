//! Who else may be the same human being. Not a room: identify asks it.
//!
//! Links join records; they never rewrite them. Beyond doubt: linked. In doubt: apart, and the network's
//! office decides. A link can be undone, a wrong merge in an ambulance cannot.

use renkei_identity::{Score, Verdict, compare};
use renkei_model::Face;
use renkei_model::id::RecordId;
use renkei_store::KnownFace;
use serde_json::json;

use crate::identify::IdentifiedItem;

/// Candidates that are compared at most, for each way of finding them. A date of birth has a handful, a
/// common name some dozens.
pub const CANDIDATES: usize = 200;

/// Two records that may be one human being.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Doubt {
    /// The other record.
    pub other: RecordId,
    /// The score of `docs/identity.md`.
    pub points: i64,
    /// JSON: why it is a question at all, and what agrees and what differs. Words, never values.
    pub grounds: String,
}

impl Doubt {
    /// A doubt. `raised_by`: `identifier`, or `person` where name, date and so on suggest it.
    #[must_use]
    pub fn new(other: RecordId, score: Option<Score>, raised_by: &str) -> Self {
        let points = score.as_ref().map_or(0, |score| i64::from(score.points));
        let grounds: Vec<&str> = score
            .iter()
            .flat_map(|score| score.grounds.iter().map(|ground| ground.as_str()))
            .collect();
        Self {
            other,
            points,
            grounds: json!({ "raisedBy": raised_by, "grounds": grounds }).to_string(),
        }
    }
}

/// What comparing with everybody near found.
#[derive(Debug, Default)]
pub struct Kin {
    /// The same human being, beyond doubt.
    pub same: Vec<RecordId>,
    /// Perhaps.
    pub doubts: Vec<Doubt>,
}

/// Compares a face with those that are like it: of the network, and of the same message. `own`: the faces
/// that its record has already; who is known by this very face has been compared before.
#[must_use]
pub fn kin(
    (record, face): (RecordId, &Face),
    own: &[Face],
    alike: Vec<KnownFace>,
    before: &[IdentifiedItem],
) -> Kin {
    if own.contains(face) {
        return Kin::default();
    }
    let alike = alike.into_iter().map(|known| (known.record, known.face));
    let before = before.iter();
    let before = before.map(|earlier| (earlier.record, earlier.face.clone()));
    let mut near: Vec<(RecordId, Face)> = alike.chain(before).collect();
    near.retain(|(other, _)| *other != record);
    judged(face, near)
}

/// One verdict a record: of several faces of one record the one that agrees best counts.
fn judged(face: &Face, near: Vec<(RecordId, Face)>) -> Kin {
    let mut verdicts: Vec<(RecordId, Verdict, Score)> = Vec::new();
    for (other, known) in near {
        let (verdict, score) = compare(face, &known);
        match verdicts.iter_mut().find(|(record, ..)| *record == other) {
            Some(best) if best.2.points >= score.points => {}
            Some(best) => *best = (other, verdict, score),
            None => verdicts.push((other, verdict, score)),
        }
    }
    verdicts.sort_by_key(|(record, ..)| *record);
    let mut kin = Kin::default();
    for (record, verdict, score) in verdicts {
        match verdict {
            Verdict::Same => kin.same.push(record),
            Verdict::Doubtful => kin.doubts.push(Doubt::new(record, Some(score), "person")),
            Verdict::Different => {}
        }
    }
    kin
}
