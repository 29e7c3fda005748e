//! What ranges of terms lead to, before anybody is asked who may see it.

use renkei_model::Face;
use renkei_model::id::ResourceId;

use super::case::granted;
use super::face::{face, range, seen};
use super::world::{HOSPITAL, look};
use crate::Lead;

#[tokio::test]
async fn ranges_lead_to_sheets_and_a_candidate_is_what_ranking_looks_at() {
    for world in granted().await {
        let (one, two) = (seen(&world).await, seen(&world).await);
        let store = &world.store;
        let permit = look(HOSPITAL);
        let ranges = [
            range("name", "見", "覧"),
            range("kana", "", "\u{10ffff}"),
            range("phone", "", "~"),
        ];
        let lead = store.lead(&permit, &ranges, 9).await.unwrap();
        let [name, kana, phone] = lead.as_slice() else {
            panic!("{} ranges on {}", lead.len(), world.name)
        };
        let sorted = |lead: &Lead| {
            let mut sheets = led(lead);
            assert_eq!(sheets.len(), lead.size());
            sheets.sort_unstable();
            sheets
        };
        let mut both = vec![one.id, two.id];
        both.sort_unstable();
        assert_eq!(sorted(name), both, "{}", world.name);
        both.extend(both.clone());
        both.sort_unstable();
        assert_eq!(sorted(kana), both, "two terms each");
        assert_eq!((led(phone), phone.size()), (vec![], 0));
        assert!(lead.iter().all(|lead| !lead.cut));
        let cut = store.lead(&permit, &ranges, 2).await.unwrap();
        let cut: Vec<bool> = cut.iter().map(|lead| lead.cut).collect();
        assert_eq!(cut, [true, true, false]);
        assert_eq!(store.lead(&permit, &[], 9).await, Ok(vec![]));
        let mut known = store.candidates(&permit, &[one.id]).await.unwrap();
        let Some(candidate) = known.pop() else {
            panic!("no candidate on {}", world.name)
        };
        assert_eq!((candidate.sheet, candidate.record), (one.id, one.record));
        let ranked = Face {
            postal_code: None,
            moved: None,
            ..face()
        };
        assert_eq!(candidate.face, ranked);
        let nobody = store.candidates(&permit, &[ResourceId::new()]).await;
        assert_eq!(nobody, Ok(vec![]));
    }
}

/// The sheets that a range leads to.
pub(super) fn led(lead: &Lead) -> Vec<ResourceId> {
    let found = lead.sheets().unwrap();
    found.into_iter().map(|(sheet, _)| sheet).collect()
}
